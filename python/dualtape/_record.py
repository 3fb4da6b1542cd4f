"""What every transform does first: choose and check the arguments, record the function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ._core import (
    DerivativeError,
    Recorder,
    Recording,
    ShapeError,
    Tracer,
    all_differentiable,
    is_tracer,
)
from ._pytree import (
    LEAF_TYPES,
    NAMESPACE,
    Function,
    PyTree,
    TreeDef,
    flatten,
    leaf_name,
    unflatten,
)

ABSENT: Any = object()  # Of a decorator that only got its options; None is no function.
ARRAY_LIKE = (Tracer, np.ndarray, np.generic, bool, int, float, complex)


def name_of(fun: Function) -> str:
    """What errors call the function."""
    return getattr(fun, "__name__", None) or type(fun).__name__


def wraps(fun: Function, wrapper: Function, what: str) -> Function:
    """Give a derived function the name of the first one (functools.wraps costs ten times more)."""
    wrapper.__name__ = what + "_" + name_of(fun)
    wrapper.__doc__ = getattr(fun, "__doc__", None)
    wrapper.__wrapped__ = fun  # type: ignore[attr-defined]
    return wrapper


# ---------------------------------------------------------------- arguments


def check_callable(what: str, fun: object) -> None:
    if not callable(fun):
        raise TypeError(f"{what}: fun must be callable, got {type(fun).__name__}")


def check_argnums(what: str, argnums: int | Sequence[int]) -> int | tuple[int, ...]:
    """An int, or a tuple of ints."""
    if type(argnums) is int:
        return argnums
    if isinstance(argnums, int) and not isinstance(argnums, bool):
        return argnums
    if isinstance(argnums, Sequence) and all(
        isinstance(n, int) and not isinstance(n, bool) for n in argnums
    ):
        return tuple(argnums)
    raise TypeError(f"{what}: argnums must be an int or a tuple of ints, got {argnums!r}")


def positions(what: str, argnums: int | tuple[int, ...], n_args: int) -> list[int]:
    """The chosen positions of the positional arguments, from zero."""
    found = []
    for n in (argnums,) if isinstance(argnums, int) else argnums:
        if not -n_args <= n < n_args:
            raise ValueError(
                f"{what}: argnums must name one of the {n_args} positional arguments given, got {n}"
            )
        found.append(n % n_args)
    if len(set(found)) < len(found):
        raise ValueError(f"{what}: argnums must name each argument once, got {argnums}")
    return found


def check_floating(what: str, name: str, leaves: Sequence[Any], treedef: TreeDef) -> None:
    """Every leaf has a derivative: an array or a number, floating or complex."""
    if all_differentiable(leaves):
        return
    for position, leaf in enumerate(leaves):
        if type(leaf) in (float, complex):
            continue
        dtype = getattr(leaf, "dtype", None)
        if dtype is not None and dtype.char in "fdFD":
            continue
        given = type(leaf).__name__ if dtype is None else str(dtype)
        path = leaf_name(treedef, position)
        cure = ""
        if isinstance(leaf, bool | int) or (dtype is not None and dtype.kind in "iub"):
            cure = "; make it floating, or differentiate in the other arguments only"
        elif dtype is not None and dtype.kind == "f":
            cure = "; convert it by astype(np.float64)"
        elif dtype is None and type(leaf).__module__ != "builtins":
            cure = (
                "; for a container of your own: optree.register_pytree_node"
                f"({given}, flatten, unflatten, namespace={NAMESPACE!r})"
            )
        raise DerivativeError(
            f"{what}: {name}{path} must be float32 or float64, or complex, got {given}{cure}"
        )


def check_complex(what: str, wanted: str, dtype: np.dtype[Any]) -> None:
    """Of a holomorphic function: its arguments and results are complex."""
    if dtype.kind != "c":
        raise DerivativeError(f"{what}: the function must {wanted}, got {dtype}")


def check_real(what: str, leaves: Iterable[Any]) -> None:
    """A matrix of derivatives in complex arguments has no entries of its own: it acts on pairs."""
    for leaf in leaves:
        if dtype_of(leaf).kind == "c":
            raise DerivativeError(
                f"{what}: the arguments must be float32 or float64, got {dtype_of(leaf)}; jacfwd, "
                "jacrev and jacobian take complex ones of holomorphic functions with "
                "holomorphic=True, jvp and vjp of any function"
            )


# ---------------------------------------------------------------- outputs


def check_arrays(what: str, leaves: Iterable[Any], treedef: TreeDef) -> None:
    """Every result is a traced value, an array or a number."""
    for position, leaf in enumerate(leaves):
        if not isinstance(leaf, ARRAY_LIKE):
            path = leaf_name(treedef, position)
            raise TypeError(
                f"{what}: result{path} must be an array or a number, got {type(leaf).__name__}"
            )


def check_kind(what: str, dtype: np.dtype[Any], kinds: str) -> None:
    """A result that has a derivative: floating or complex, as `kinds` has it."""
    if dtype.kind in kinds:
        return
    wanted = "complex values with holomorphic=True" if kinds == "c" else "float32 or float64"
    raise DerivativeError(f"{what}: the function must return {wanted}, got {dtype}")


def check_result(what: str, result: PyTree, kinds: str = "") -> None:
    """Every leaf is an array or a number, of these kinds if any are told."""
    leaves, treedef = flatten(result)
    check_arrays(what, leaves, treedef)
    if kinds:
        for leaf in leaves:
            check_kind(what, dtype_of(leaf), kinds)


def dtype_of(x: Any) -> np.dtype[Any]:
    """The dtype NumPy gives an array, a traced value or a number."""
    dtype = getattr(x, "dtype", None)
    return dtype if dtype is not None else np.asarray(x).dtype


def floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a tangent: those of integers are float64 zeros."""
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


class Aux:
    """What a function returns beside the differentiated result: traced leaves are computed along,
    everything else passes as it is.
    """

    def __init__(self, tree: PyTree) -> None:
        self._leaves, self._treedef = flatten(tree)
        self._traced = [k for k, leaf in enumerate(self._leaves) if is_tracer(leaf)]

    def outputs(self) -> list[Any]:
        """The traced leaves: outputs beside the result, whole for derivatives taken outside."""
        return [self._leaves[k] for k in self._traced]

    def fill(self, values: Sequence[Any]) -> PyTree:
        leaves = list(self._leaves)
        for k, value in zip(self._traced, values, strict=True):
            leaves[k] = value
        return unflatten(self._treedef, leaves)


def split_aux(what: str, result: Any) -> tuple[Any, Aux]:
    if not isinstance(result, tuple) or len(result) != 2:
        given = f"{len(result)} entries" if isinstance(result, tuple) else type(result).__name__
        raise TypeError(
            f"{what}: with has_aux=True the function must return (result, aux), got {given}"
        )
    return result[0], Aux(result[1])


# ---------------------------------------------------------------- recording


class Point(NamedTuple):
    """The arguments in which a function is differentiated: their leaves, and the whole call."""

    what: str
    fun: Function
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    positions: list[int]
    leaves: list[Any]
    treedefs: list[TreeDef]
    single: bool

    @property
    def wrt(self) -> range:
        """Input positions of the leaves in the recording."""
        return range(len(self.leaves))

    def call(self, tracers: Sequence[Any]) -> Any:
        """The function with traced values in place of the leaves."""
        args = list(self.args)
        start = 0
        for position, treedef in zip(self.positions, self.treedefs, strict=True):
            stop = start + treedef.num_leaves
            args[position] = unflatten(treedef, tracers[start:stop])
            start = stop
        return self.fun(*args, **self.kwargs)

    def structured(self, values: Sequence[Any]) -> PyTree:
        """Values for the leaves, structured like the chosen argument or the tuple of them."""
        if self.single:
            return unflatten(self.treedefs[0], values)
        trees = []
        start = 0
        for treedef in self.treedefs:
            stop = start + treedef.num_leaves
            trees.append(unflatten(treedef, values[start:stop]))
            start = stop
        return tuple(trees)


# Transformations that complex arguments may be given to as they are.
COMPLEX = frozenset({"grad", "value_and_grad", "jvp", "vjp", "linearize", "hvp", "vhp"})


def point(
    transform: str,
    fun: Function,
    argnums: int | tuple[int, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    holomorphic: bool = False,
) -> Point:
    what = f"{transform} of {name_of(fun)}"
    chosen = positions(what, argnums, len(args))
    leaves: list[Any] = []
    treedefs = []
    for position in chosen:
        part, treedef = flatten(args[position])
        check_floating(what, f"argument {position}", part, treedef)
        if holomorphic:
            for leaf in part:
                wanted = "take complex arguments with holomorphic=True"
                check_complex(what, wanted, dtype_of(leaf))
        elif transform not in COMPLEX:
            check_real(what, part)
        leaves += part
        treedefs.append(treedef)
    return Point(what, fun, args, kwargs, chosen, leaves, treedefs, isinstance(argnums, int))


def primal_point(transform: str, fun: Function, primals: Sequence[Any]) -> Point:
    """All arguments are differentiated."""
    args = tuple(primals)
    return point(transform, fun, tuple(range(len(args))), args, {})


class Traced(NamedTuple):
    """A recorded function: its program and how its results are structured."""

    recording: Recording
    treedef: TreeDef
    aux: Aux | None

    def split(self, values: Sequence[Any]) -> tuple[PyTree, PyTree]:
        """Outputs of the recording as (result, aux)."""
        n = self.treedef.num_leaves
        result = unflatten(self.treedef, values[:n])
        return result, None if self.aux is None else self.aux.fill(values[n:])


def trace(at: Point, has_aux: bool = False) -> Traced:
    """Record the function; its outputs are the leaves of the result, then those of aux."""
    with Recorder(at.what) as recorder:
        result = at.call([recorder.input(leaf) for leaf in at.leaves])
        aux = None
        if has_aux:
            result, aux = split_aux(at.what, result)
        leaves, treedef = flatten(result)
        check_arrays(at.what, leaves, treedef)
        extra = aux.outputs() if aux is not None else []
        return Traced(recorder.finish([*leaves, *extra]), treedef, aux)


# ---------------------------------------------------------------- tangents and cotangents


def check_tangents(
    what: str,
    word: str,
    given: PyTree,
    treedef: TreeDef,
    types: Sequence[tuple[tuple[int, ...], np.dtype[Any]]],
) -> list[Any]:
    """Leaves of tangents or cotangents, of the structure, shapes and dtypes they belong to."""
    leaves, structure = flatten(given)
    if structure != treedef:
        raise TypeError(f"{what}: {word} must be structured as {treedef}, got {structure}")
    checked = []
    for position, (leaf, (shape, dtype)) in enumerate(zip(leaves, types, strict=True)):
        if dtype.kind not in "fc":  # Integers and booleans have no derivative: nothing to carry.
            checked.append(np.zeros(shape, dtype))
            continue
        if type(leaf) in (float, int) or (type(leaf) is complex and dtype.kind == "c"):
            leaf = dtype.type(leaf)
        elif hasattr(leaf, "dtype") and leaf.dtype.kind in "iub":
            leaf = leaf.astype(dtype)  # SciPy tries its operators on integers first.
        path = leaf_name(treedef, position)
        if not hasattr(leaf, "dtype"):
            wanted = f"an array {shape} of {dtype}"
            raise TypeError(f"{what}: {word}{path} must be {wanted}, got {type(leaf).__name__}")
        if leaf.shape != shape:
            raise ShapeError(f"{what}: {word}{path} must have shape {shape}, got {leaf.shape}")
        if leaf.dtype != dtype:
            raise TypeError(f"{what}: {word}{path} must have dtype {dtype}, got {leaf.dtype}")
        checked.append(leaf)
    return checked


def types_of(leaves: Iterable[Any]) -> list[tuple[tuple[int, ...], np.dtype[Any]]]:
    return [
        (leaf.shape, leaf.dtype)
        if type(leaf) in LEAF_TYPES and type(leaf) is not float
        else (np.shape(leaf), dtype_of(leaf))
        for leaf in leaves
    ]
