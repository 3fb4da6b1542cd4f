"""external: a Python function that is called with plain arrays, not recorded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, overload

import numpy as np

from ._core import ConcreteValueError, DerivativeError, ShapeError, is_tracer, python_model
from ._external import Model, Parts, Prepared, Shapes, flat, parts_of, taken_apart
from ._pytree import Function
from ._record import ABSENT, check_callable, name_of
from ._reduce import reduced


class _Rules(NamedTuple):
    """What is called, at fixed shapes. It does not know the function it belongs to: the engine
    holds it, out of reach of Python's collector of cycles.
    """

    name: str
    fun: Function
    jvp: Function | None
    vjp: Function | None
    arguments: Parts
    results: Parts
    is_tuple: bool

    def numbers(self, word: str, x: np.ndarray, rows: np.ndarray | None) -> Any:
        """The result, or for each row the product that the word names, as flat numbers."""
        args = tuple(taken_apart(x, self.arguments))
        if rows is None:
            return self.checked("the result", _listed(self.fun(*args)), self.results)
        product = self.jvp_product if word == "jvp" else self.vjp_product
        return np.stack([product(args, row) for row in rows])

    def jvp_product(self, args: tuple[Any, ...], row: np.ndarray) -> Any:
        if self.jvp is None:
            raise DerivativeError(
                f"{self.name}: forward mode needs the rule jvp= (jacrev and grad do without)"
            )
        given = self.jvp(args, tuple(taken_apart(row, self.arguments)))
        return self.checked("the product of jvp", _listed(given), self.results)

    def vjp_product(self, args: tuple[Any, ...], row: np.ndarray) -> Any:
        if self.vjp is None:
            raise DerivativeError(
                f"{self.name}: reverse mode needs the rule vjp= (jacfwd and jvp do without)"
            )
        y_bar = taken_apart(row, self.results)
        given = _listed(self.vjp(args, tuple(y_bar) if self.is_tuple else y_bar[0]))
        if len(given) == len(args):
            parts = zip(given, self.arguments, strict=True)
            given = [np.zeros(shape) if x is None else x for x, (_, _, shape) in parts]
        return self.checked("the cotangents of vjp", given, self.arguments)

    def checked(self, what: str, given: Sequence[Any], parts: Parts) -> Any:
        arrays = [np.asarray(x) for x in given]
        shapes, wanted = [x.shape for x in arrays], [shape for _, _, shape in parts]
        if shapes != wanted:
            raise ShapeError(f"{self.name}: {what} must have shapes {wanted}, got {shapes}")
        for x in arrays:
            if x.dtype.kind not in "fiub":
                raise TypeError(f"{self.name}: {what} must be of real numbers, got {x.dtype}")
        return flat(arrays)


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, tuple) else [given]


class External(Model):
    """A function made by `external`."""

    def __init__(
        self, fun: Function, jvp: Function | None, vjp: Function | None, shape: Any
    ) -> None:
        super().__init__("external " + name_of(fun))
        self._fun, self._jvp, self._vjp, self._shape = fun, jvp, vjp, shape
        self.__wrapped__ = fun

    def __reduce__(self) -> Any:
        return reduced(self)

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __call__(self, *args: Any) -> Any:
        return super().__call__(*args) if any(map(is_tracer, args)) else self._fun(*args)

    def _prepare(self, shapes: Shapes, arrays: Sequence[Any]) -> Prepared:
        arguments = parts_of(shapes)
        if self._shape is None:
            found = self._probe(arguments, arrays)
            is_tuple = isinstance(found, tuple)
            results = parts_of([np.shape(y) for y in _listed(found)])
        else:
            is_tuple = isinstance(self._shape, list)
            results = parts_of(self._shape if is_tuple else [self._shape])
        rules = _Rules(self.__name__, self._fun, self._jvp, self._vjp, arguments, results, is_tuple)
        size_in, size_out = (parts[-1][1] if parts else 0 for parts in (arguments, results))
        max_order = 0 if self._jvp is None and self._vjp is None else 1
        model = python_model(rules.numbers, size_in, size_out, max_order, self.__name__)
        return Prepared(model, results, is_tuple)

    def _probe(self, arguments: Parts, arrays: Sequence[Any]) -> Any:
        """The result at the arguments, or at ones where they have no numbers yet."""
        try:
            x = flat([np.asarray(x.value if is_tracer(x) else x) for x in arrays])
        except ConcreteValueError:
            x = np.ones(arguments[-1][1])
        try:
            return self._fun(*taken_apart(x, arguments))
        except Exception as error:
            error.add_note(
                f"{self.__name__} was evaluated to find the shape of its result: shape= tells it"
            )
            raise


@overload
def external(
    fun: Function,
    *,
    jvp: Function | None = None,
    vjp: Function | None = None,
    shape: Sequence[Any] | None = None,
) -> External: ...


@overload
def external(
    *,
    jvp: Function | None = None,
    vjp: Function | None = None,
    shape: Sequence[Any] | None = None,
) -> Callable[[Function], External]: ...


def external(
    fun: Any = ABSENT,
    *,
    jvp: Function | None = None,
    vjp: Function | None = None,
    shape: Sequence[Any] | None = None,
) -> External | Callable[[Function], External]:
    """A function that is called with plain arrays and not recorded: a solver of SciPy, a simulator.

    With `jvp` and `vjp` it has first derivatives in both modes. Of any order they are where the
    function has none of its own and stands inside of a `custom_vjp` or `custom_jvp`, whose rule
    calls another external function.

    Args:
      fun: maps float64 arrays to one array or a tuple of arrays, of real numbers. Equal arguments
        must give equal results: calls may be shared, left out, or made in another order.
      jvp: jvp(primals, tangents) -> the product, structured like the result.
      vjp: vjp(primals, cotangents) -> a tuple of cotangents, None for zero.
      shape: of the result, a tuple of ints; a list of shapes for a tuple of results. Without it
        `fun` is evaluated once more for each new combination of argument shapes: at the arguments,
        at ones inside of `jit` and `vmap`.
    Returns: a function of the same arguments, arrays and numbers by position. Of plain ones it is
      `fun` itself; else results are float64, float32 where all arguments are. Make it once, not at
      each call: programs that call it are kept.
    Raises: what `fun` and the rules raise; ShapeError if their results do not fit; DerivativeError
      where a rule is missing.
    Cost: a call into Python, at each run, also of `jit`; under `vmap` one for each example.

    >>> from scipy.sparse import diags_array
    >>> from scipy.sparse.linalg import spsolve
    >>> def matrix(k):
    ...     return diags_array([-np.ones(3), k, -np.ones(3)], offsets=[-1, 0, 1], format="csc")
    >>> solve = dt.external(lambda k, f: spsolve(matrix(k), f))
    >>> @dt.custom_vjp
    ... def state(k, f):
    ...     return solve(k, f)
    >>> def pull(residuals, u_bar):
    ...     k, u = residuals
    ...     adjoint = state(k, u_bar)  # the matrix is symmetric
    ...     return -adjoint * u, adjoint
    >>> state.defvjp(lambda k, f: ((u := state(k, f)), (k, u)), pull)
    >>> misfit = lambda k: np.sum((state(k, np.ones(4)) - 1.0) ** 2)
    >>> dt.grad(misfit)(np.full(4, 3.0)).round(6)
    array([0.24, 0.32, 0.32, 0.24])
    """
    if fun is ABSENT:
        return functools.partial(external, jvp=jvp, vjp=vjp, shape=shape)
    for function in (fun, *(rule for rule in (jvp, vjp) if rule is not None)):
        check_callable("external", function)
    return External(fun, jvp, vjp, shape)
