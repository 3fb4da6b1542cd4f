"""custom_jvp, custom_vjp: functions that bring their own derivative."""

from __future__ import annotations

import abc
import contextlib
import functools
import inspect
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from . import _core
from ._core import Recorder, Recording, ShapeError, is_tracer
from ._pytree import Function, PyTree, TreeDef, flatten, leaf_name, unflatten
from ._record import check_arrays, check_callable, dtype_of, floating, name_of
from ._reduce import reduced

# A rule that calls its own function is recorded inside itself, this often: derivatives up to order
# five go by the rule. Deeper inside, the function's own operations are differentiated.
MAX_NESTED = 4


_Types = Sequence[tuple[tuple[int, ...], np.dtype[Any]]]  # shapes and dtypes


class _Call(NamedTuple):
    """One call of a custom function, its differentiable arguments flattened."""

    what: str
    fixed: tuple[Any, ...]
    leaves: list[Any]
    treedef: TreeDef


class _Custom(abc.ABC):
    """What both kinds share: arguments by position, some of them not differentiated."""

    kind: Literal["jvp", "vjp"]  # of the rule

    def __init__(self, fun: Function, nondiff_argnums: Sequence[int] = ()) -> None:
        check_callable(f"custom_{self.kind}", fun)
        self.fun = fun
        self.nondiff_argnums = tuple(nondiff_argnums)
        self._rules: tuple[Function, ...] = ()
        self._nested = threading.local()
        try:
            self._signature: inspect.Signature | None = inspect.signature(fun)
        except ValueError:  # A builtin without a signature.
            self._signature = None
        functools.update_wrapper(self, fun, updated=())

    def __reduce__(self) -> Any:
        return reduced(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._rules:
            raise TypeError(f"{self._name}: has no rule yet, call def{self.kind} first")
        call = self._split(self._positional(args, kwargs))
        if self._is_plain(call):
            return self.fun(*args, **kwargs)
        function, treedef = self._record_function(call)
        with self._inside_rule():
            rules = self._record_rules(call, _types(function), treedef)
        return unflatten(treedef, _core.custom_call(self.kind, function, rules, call.leaves))

    @abc.abstractmethod
    def _record_rules(self, call: _Call, types: _Types, treedef: TreeDef) -> tuple[Recording, ...]:
        """The programs of the rules, for results of these types."""

    @property
    def _name(self) -> str:
        return f"custom_{self.kind} {name_of(self.fun)}"

    def _positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Keyword arguments and defaults put in their places: rules see positions only."""
        if self._signature is None:
            if kwargs:
                raise TypeError(
                    f"custom_{self.kind} {name_of(self.fun)}: takes positional arguments only"
                )
            return args
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(
                f"{self._name}: keyword-only arguments have no place in a rule, "
                f"got {sorted(bound.kwargs)}"
            )
        return bound.args

    def _split(self, args: tuple[Any, ...]) -> _Call:
        what = self._name
        n = len(args)
        for k in self.nondiff_argnums:
            if not -n <= k < n:
                raise ValueError(f"{what}: nondiff_argnums must name one of {n} arguments, got {k}")
        fixed = [k % n for k in self.nondiff_argnums]
        free = tuple(arg for k, arg in enumerate(args) if k not in fixed)
        leaves, treedef = flatten(free)
        return _Call(what, tuple(args[k] for k in fixed), leaves, treedef)

    def _full(self, call: _Call, leaves: Sequence[Any]) -> tuple[Any, ...]:
        """All positional arguments again."""
        free = iter(unflatten(call.treedef, leaves))
        n = len(call.fixed) + call.treedef.num_children
        fixed = dict(zip([k % n for k in self.nondiff_argnums], call.fixed, strict=True))
        return tuple(fixed[k] if k in fixed else next(free) for k in range(n))

    @contextlib.contextmanager
    def _inside_rule(self) -> Iterator[None]:
        self._nested.depth = self._depth() + 1
        try:
            yield
        finally:
            self._nested.depth -= 1

    def _depth(self) -> int:
        return getattr(self._nested, "depth", 0)

    def _is_plain(self, call: _Call) -> bool:
        """Whether the function just runs: nothing is traced, or its rule is nested too deep."""
        return self._depth() >= MAX_NESTED or not any(map(is_tracer, call.leaves))

    def _record_function(self, call: _Call) -> tuple[Recording, TreeDef]:
        check_arrays_in(call)
        with Recorder(call.what) as recorder:
            inputs = [recorder.input(leaf) for leaf in call.leaves]
            leaves, treedef = flatten(self.fun(*self._full(call, inputs)))
            check_arrays(call.what, leaves, treedef)
            return recorder.finish(leaves), treedef


def check_arrays_in(call: _Call) -> None:
    for position, leaf in enumerate(call.leaves):
        if not (is_tracer(leaf) or isinstance(leaf, np.ndarray | np.generic | bool | int | float)):
            path = leaf_name(call.treedef, position)
            raise TypeError(
                f"{call.what}: argument{path} must be an array or a number, got "
                f"{type(leaf).__name__}; name other arguments in nondiff_argnums"
            )


def _types(recording: Recording) -> _Types:
    return [recording.output_type(k) for k in range(recording.n_outputs)]


def _fit(
    what: str,
    word: str,
    tree: PyTree,
    treedef: TreeDef,
    types: _Types,
) -> list[Any]:
    """Leaves of what a rule returned, which must have these types; numbers take the dtype."""
    leaves, structure = flatten(tree)
    if structure != treedef:
        raise TypeError(f"{what}: {word} must be structured as {treedef}, got {structure}")
    fitted = []
    for position, (leaf, (shape, dtype)) in enumerate(zip(leaves, types, strict=True)):
        path = word + leaf_name(treedef, position)
        given = leaf.shape if is_tracer(leaf) else np.shape(leaf)
        if given != shape:
            raise ShapeError(f"{what}: {path} must have shape {shape}, got {given}")
        if type(leaf) in (float, int):
            leaf = dtype.type(leaf)
        if dtype_of(leaf) != dtype:
            raise TypeError(f"{what}: {path} must have dtype {dtype}, got {dtype_of(leaf)}")
        fitted.append(leaf)
    return fitted


def _fit_linear(
    what: str,
    word: str,
    tree: PyTree,
    treedef: TreeDef,
    types: _Types,
) -> list[Any]:
    """As _fit, for tangents and cotangents: those of integers are zeros, whatever was given."""
    leaves, structure = flatten(tree)
    if structure == treedef:
        leaves = [
            leaf if dtype.kind in "fc" else np.zeros(shape)
            for leaf, (shape, dtype) in zip(leaves, types, strict=True)
        ]
        tree = unflatten(treedef, leaves)
    return _fit(what, word, tree, treedef, [(shape, floating(dtype)) for shape, dtype in types])


class custom_jvp(_Custom):
    """A function with its own forward rule, from which every derivative of it is made.

    Args:
      fun: maps arrays to arrays; pytrees everywhere.
      nondiff_argnums: positions of arguments that are no arrays, or are not differentiated; the
        rule gets their values first.
    Returns: the function; give it a rule by `defjvp` or `defjvps`.
    Raises: TypeError or ShapeError if the rule's results do not fit those of `fun`; an error if
      `fun` or the rule closes over a traced value: pass it as an argument.
    Cost: `fun` and the rule are recorded at each call that an enclosing recording sees.

    >>> @dt.custom_jvp
    ... def log1pexp(x):
    ...     return np.log(1.0 + np.exp(x))
    >>> @log1pexp.defjvp
    ... def log1pexp_jvp(primals, tangents):
    ...     (x,), (x_dot,) = primals, tangents
    ...     return log1pexp(x), x_dot / (1.0 + np.exp(-x))
    >>> dt.grad(log1pexp)(100.0)
    np.float64(1.0)
    """

    kind = "jvp"

    def defjvp(self, jvp: Function) -> Function:
        """Set the rule: jvp(*nondiff, primals, tangents) -> (result, product)."""
        check_callable("defjvp", jvp)
        self._rules = (jvp,)
        return jvp

    def defjvps(self, *jvps: Function | None) -> None:
        """Set one rule per argument: jvp(tangent, result, *primals) -> its part of the product.

        None stands for an argument without influence. Not for functions with nondiff_argnums.
        """
        if self.nondiff_argnums:
            raise TypeError("defjvps: needs a function without nondiff_argnums; use defjvp")

        def jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
            if len(jvps) != len(primals):
                raise TypeError(
                    f"defjvps of {name_of(self.fun)}: needs {len(primals)} rules, got {len(jvps)}"
                )
            result = self(*primals)
            leaves, treedef = flatten(result)
            total: list[Any] = [np.zeros(x.shape, floating(dtype_of(x))) for x in leaves]
            for rule, tangent in zip(jvps, tangents, strict=True):
                if rule is not None:
                    parts, _ = flatten(rule(tangent, result, *primals))
                    total = [a + b for a, b in zip(total, parts, strict=True)]
            return result, unflatten(treedef, total)

        self._rules = (jvp,)

    def _record_rules(self, call: _Call, types: _Types, treedef: TreeDef) -> tuple[Recording, ...]:
        """The program of the rule: primals and tangents -> results and products."""
        what = f"rule of {call.what}"
        with Recorder(what) as recorder:
            primals = [recorder.input(leaf) for leaf in call.leaves]
            tangents = [recorder.abstract(x.shape, floating(x.dtype)) for x in primals]
            pair = self._rules[0](
                *call.fixed, unflatten(call.treedef, primals), unflatten(call.treedef, tangents)
            )
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise TypeError(f"{what}: must return (result, product), got {pair!r}")
            result = _fit(what, "result", pair[0], treedef, types)
            products = _fit_linear(what, "product", pair[1], treedef, types)
            return (recorder.finish([*result, *products]),)


class custom_vjp(_Custom):
    """A function with its own reverse rule.

    Args:
      fun: maps arrays to arrays; pytrees everywhere.
      nondiff_argnums: positions of arguments that are no arrays, or are not differentiated; `fwd`
        gets them in their places, `bwd` gets their values first.
    Returns: the function; give it its rules by `defvjp`.
    Raises: TypeError or ShapeError if the rules' results do not fit; DerivativeError under forward
      mode, which needs a `custom_jvp`; an error if a rule closes over a traced value.
    Cost: `fun` and its rules are recorded at each call that an enclosing recording sees.

    >>> @dt.custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda _, x_bar: (np.clip(x_bar, -1.0, 1.0),))
    >>> dt.grad(lambda x: 10.0 * clipped(x))(2.0)
    np.float64(1.0)
    """

    kind = "vjp"

    def defvjp(self, fwd: Function, bwd: Function) -> None:
        """Set the rules.

        fwd(*args) -> (result, residuals); bwd(*nondiff, residuals, cotangents) -> a tuple with the
        cotangent of each differentiable argument, None for zero.
        """
        check_callable("defvjp", fwd)
        check_callable("defvjp", bwd)
        self._rules = (fwd, bwd)

    def _record_rules(self, call: _Call, types: _Types, treedef: TreeDef) -> tuple[Recording, ...]:
        """Programs: arguments -> results and residuals; residuals and cotangents -> cotangents."""
        fwd, bwd = self._rules
        what = f"fwd of {call.what}"
        with Recorder(what) as recorder:
            primals = [recorder.input(leaf) for leaf in call.leaves]
            argument_types = [(x.shape, x.dtype) for x in primals]
            pair = fwd(*self._full(call, primals))
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise TypeError(f"{what}: must return (result, residuals), got {pair!r}")
            result = _fit(what, "result", pair[0], treedef, types)
            residuals, residual_treedef = flatten(pair[1])
            traced = [k for k, leaf in enumerate(residuals) if is_tracer(leaf)]
            forward = recorder.finish([*result, *(residuals[k] for k in traced)])
        what = f"bwd of {call.what}"
        with Recorder(what) as recorder:
            for k, (shape, dtype) in zip(traced, _types(forward)[len(types) :], strict=True):
                residuals[k] = recorder.abstract(shape, dtype)
            y_bar = [recorder.abstract(shape, floating(dtype)) for shape, dtype in types]
            x_bar = bwd(
                *call.fixed, unflatten(residual_treedef, residuals), unflatten(treedef, y_bar)
            )
            return forward, recorder.finish(_cotangents(what, call, x_bar, argument_types))


def _cotangents(
    what: str,
    call: _Call,
    x_bar: Any,
    types: _Types,
) -> list[Any]:
    """Leaves of what bwd returned, one for each leaf of the arguments."""
    children = call.treedef.children()
    if not isinstance(x_bar, tuple | list) or len(x_bar) != len(children):
        given = len(x_bar) if isinstance(x_bar, tuple | list) else type(x_bar).__name__
        raise TypeError(f"{what}: must return a tuple of {len(children)} cotangents, got {given}")
    leaves: list[Any] = []
    for k, (treedef, cotangent) in enumerate(zip(children, x_bar, strict=True)):
        start = len(leaves)
        part = types[start : start + treedef.num_leaves]
        if cotangent is None:
            leaves += [np.zeros(shape, floating(dtype)) for shape, dtype in part]
        else:
            leaves += _fit_linear(what, f"cotangent {k}", cotangent, treedef, part)
    return leaves
