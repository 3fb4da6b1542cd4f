"""Ufuncs the engine has no opcode for, and ufuncs' options and methods, as compositions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import Tracer, UnsupportedFunctionError, add_at, register_function
from .._late import import_scipy
from ._arguments import (
    along,
    as_array,
    axes_of,
    axis_of,
    is_given,
    keeps,
    no_out,
    own,
    unsupported,
)

# Traced forms of ufuncs by name: SciPy's are registered without importing SciPy.
_COMPOSITIONS: dict[str, Callable[..., Any]] = {}
_OPTIONS = {"casting", "order", "subok", "signature", "dtype"}


def ufunc_composition(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a composition as the traced form of NumPy's or SciPy's ufunc of this name."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        _COMPOSITIONS[name] = function
        return function

    return decorate


def _composition(ufunc: np.ufunc) -> Callable[..., Any] | None:
    name = ufunc.__name__
    if name not in _COMPOSITIONS and getattr(np, name, None) is not ufunc:
        import_scipy()
    return _COMPOSITIONS.get(name)


def _full_name(ufunc: np.ufunc) -> str:
    name = ufunc.__name__
    return f"numpy.{name}" if hasattr(np, name) else f"the ufunc {name}"


# ---------------------------------------------------------------- calls


def _plain(ufunc: np.ufunc, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The ufunc without where= and out=."""
    composition = _composition(ufunc)
    if composition is not None:
        return composition(*inputs, **options)
    if options:
        raise UnsupportedFunctionError(
            f"{_full_name(ufunc)}: {', '.join(options)}= cannot be recorded"
        )
    return ufunc(*inputs)


def _call(ufunc: np.ufunc, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    out = options.pop("out", None)
    out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    where = options.pop("where", True)
    dtype = options.pop("dtype", None)
    for word in _OPTIONS:
        options.pop(word, None)
    if dtype is not None:
        inputs = tuple(as_array(x).astype(dtype) for x in inputs)
    if out is None and where is not True:
        raise UnsupportedFunctionError(
            f"{_full_name(ufunc)}: where= without out= leaves entries without a value; write "
            "np.where(condition, f(x), other), or give out= an array of the recording"
        )
    if out is not None:
        own(out, _full_name(ufunc))
    known = where is not True or dtype is not None or _composition(ufunc) is not None
    if not known:
        return _on_numbers(ufunc, inputs)
    result = _plain(ufunc, inputs, options)
    if out is None:
        return result
    if where is not True:
        result = np.where(where, result, out)
    return np.positive(result, out=out)  # Checked and cast as NumPy's in-place operations.


def _on_numbers(ufunc: np.ufunc, inputs: tuple[Any, ...]) -> Any:
    """Functions of integers have no derivative: their numbers are enough, where they are known."""
    integers = all(as_array(x).dtype.kind in "iub" for x in inputs)
    if not integers:
        raise UnsupportedFunctionError(
            f"{_full_name(ufunc)} cannot be recorded; write it with recorded functions (see "
            "dualtape.numpy), or give it a rule with dualtape.custom_jvp"
        )
    values = []
    for x in inputs:
        if not isinstance(x, Tracer):
            values.append(x)
            continue
        try:
            values.append(x.value)
        except TypeError as error:
            raise unsupported(
                _full_name(ufunc), "integers are known outside of jit and vmap only"
            ) from error
    return ufunc(*values)


# ---------------------------------------------------------------- methods


def _reduce(
    ufunc: np.ufunc,
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = np._NoValue,
    where: Any = True,
) -> Any:
    target = out[0] if isinstance(out, tuple) else out
    options = {} if where is True else {"where": where}
    if is_given(initial):
        options["initial"] = initial
    function = _REDUCTIONS.get(ufunc.__name__)
    if dtype is not None:
        a = as_array(a).astype(dtype)
    if function is not None:
        result = function(a, axis=axis, keepdims=keeps(keepdims), **options)
    elif options:
        raise UnsupportedFunctionError(
            f"{_full_name(ufunc)}.reduce: {', '.join(options)}= cannot be recorded"
        )
    else:
        result = _fold(ufunc, a, axis, keeps(keepdims))
    if target is None:
        return result
    if not isinstance(target, Tracer):
        no_out(f"{_full_name(ufunc)}.reduce", target)
    target[...] = result
    return target


def _fold(ufunc: np.ufunc, a: Any, axis: Any, keepdims: bool) -> Any:
    """One application after another, as NumPy; halving the axis where the order does not count."""
    a = _with_type_of(ufunc, as_array(a))
    # As NumPy, a number has an axis to reduce along.
    axes = axes_of(axis, a.ndim) if a.ndim else axes_of(axis, 1)[:0]
    if len(axes) > 1 and ufunc.__name__ not in _ASSOCIATIVE:
        raise ValueError(
            f"{_full_name(ufunc)}.reduce is not reorderable, so at most one axis may be specified"
        )
    shape = a.shape
    if ufunc.identity is not None and all(shape[k] == 1 for k in axes):
        a = ufunc(ufunc.identity, a)  # hypot(0, x) is |x|.
    for k in axes:
        if a.shape[k] == 0:
            if ufunc.identity is None:
                raise ValueError(
                    f"zero-size array to reduction operation {ufunc.__name__} which has no identity"
                )
            a = np.full((*a.shape[:k], 1, *a.shape[k + 1 :]), ufunc.identity, a.dtype)
        elif ufunc.__name__ in _ASSOCIATIVE:
            while (n := a.shape[k]) > 1:
                half = n // 2
                paired = ufunc(a[along(k, slice(0, half))], a[along(k, slice(half, 2 * half))])
                a = np.concatenate([paired, a[along(k, slice(2 * half, n))]], axis=k)
        else:
            total = a[along(k, slice(0, 1))]
            for i in range(1, a.shape[k]):
                total = ufunc(total, a[along(k, slice(i, i + 1))])
            a = total
    if keepdims:
        return a
    return np.reshape(a, tuple(n for k, n in enumerate(shape) if k not in axes))[()]


def _with_type_of(ufunc: np.ufunc, a: Any) -> Any:
    """Integers in the type that the results have."""
    if a.dtype.kind not in "iub":
        return a
    kind = ufunc.resolve_dtypes((None, a.dtype, None), reduction=True)[0]
    return a.astype(kind)


def _accumulate(ufunc: np.ufunc, a: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    no_out(f"{_full_name(ufunc)}.accumulate", out)
    a = as_array(a)
    if a.ndim == 0:
        raise TypeError("cannot accumulate on a scalar")
    a = _with_type_of(ufunc, a) if dtype is None else a.astype(dtype)
    axis = axis_of(axis, a.ndim)
    name = ufunc.__name__
    if name == "add":
        return np.cumsum(a, axis=axis)
    if name in _ASSOCIATIVE:
        return scan(ufunc, a, axis)
    if a.shape[axis] == 0:
        return a
    entries = [a[along(axis, slice(0, 1))]]
    for k in range(1, a.shape[axis]):
        entries.append(ufunc(entries[-1], a[along(axis, slice(k, k + 1))]))
    return np.concatenate(entries, axis=axis)


def scan(operation: Callable[[Any, Any], Any], a: Any, axis: int) -> Any:
    """Running results of an associative operation, in log2(n) steps over the whole axis.

    Source: Hillis and Steele (1986), Data parallel algorithms.
    """
    n, step = a.shape[axis], 1
    while step < n:
        later, earlier = a[along(axis, slice(step, n))], a[along(axis, slice(0, n - step))]
        head = a[along(axis, slice(0, step))]
        a = np.concatenate([head, operation(earlier, later)], axis=axis)
        step *= 2
    return a.copy() if n < 2 else a


def _reduceat(
    ufunc: np.ufunc, a: Any, indices: Any, axis: Any = 0, dtype: Any = None, out: Any = None
) -> Any:
    no_out(f"{_full_name(ufunc)}.reduceat", out)
    a = as_array(a)
    axis = axis_of(axis, a.ndim)
    starts = [int(k) for k in np.asarray(indices)]
    if not starts:
        return a[along(axis, slice(0, 0))]
    lengths = np.diff([*starts, a.shape[axis]])
    if ufunc is np.add and starts[0] >= 0 and lengths.min() > 0:
        # Sums of neighbouring segments: one operation, however many they are.
        a = _with_type_of(ufunc, a) if dtype is None else a.astype(dtype)
        shape = (*a.shape[:axis], len(starts), *a.shape[axis + 1 :])
        totals: Any = np.zeros(shape, a.dtype, like=a)
        segments = np.repeat(np.arange(len(starts)), lengths)
        add_at(totals, along(axis, segments), a[along(axis, slice(starts[0], None))])
        return totals
    parts = []
    for start, stop in zip(starts, [*starts[1:], a.shape[axis]], strict=True):
        if not 0 <= start < a.shape[axis]:
            raise IndexError(f"index {start} out-of-bounds in {ufunc.__name__}.reduceat")
        part = a[along(axis, slice(start, max(stop, start + 1)))]
        parts.append(_reduce(ufunc, part, axis, dtype, keepdims=True))
    return np.concatenate(parts, axis=axis)


def _outer(ufunc: np.ufunc, a: Any, b: Any, **options: Any) -> Any:
    a = as_array(a)
    left = np.reshape(a, (*a.shape, *(1,) * np.ndim(b)))
    return ufunc(left, b, **options)


def _at(ufunc: np.ufunc, a: Any, indices: Any, *values: Any) -> None:
    name = f"{_full_name(ufunc)}.at"
    own(a, name)
    if ufunc.__name__ in ("add", "subtract"):
        value = as_array(values[0])
        if not np.can_cast(value.dtype, a.dtype, "same_kind"):
            raise TypeError(
                f"{name}: cannot cast values of {value.dtype} to {a.dtype} with casting rule "
                "'same_kind'"
            )
        add_at(a, indices, value if ufunc.__name__ == "add" else -value)
        return
    # Where no entry is named twice, one assignment does it; else one for each repetition.
    places = np.arange(a.size).reshape(a.shape)[indices]
    flat, chosen = a.flat, np.ravel(places)
    value_list = [np.ravel(np.broadcast_to(v, places.shape)) for v in values]
    for turn in _turns(chosen):
        here = chosen[turn]
        flat[here] = ufunc(flat[here], *(v[turn] for v in value_list))


def _turns(places: Any) -> list[Any]:
    """Positions of the first, the second, ... mention of each place."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    first = np.searchsorted(ordered, ordered, side="left")
    count = np.arange(len(places)) - first
    return [np.sort(order[count == k]) for k in range(int(count.max(initial=-1)) + 1)]


_ASSOCIATIVE = {
    "add", "multiply", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2",
    "hypot", "logical_and", "logical_or", "logical_xor",
}  # fmt: skip
_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "add": np.sum,
    "multiply": np.prod,
    "maximum": np.max,
    "minimum": np.min,
    "logical_and": np.all,
    "logical_or": np.any,
}
_METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "reduceat": _reduceat,
    "outer": _outer,
    "at": _at,
}


def _array_ufunc(ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """What the engine hands on: NumPy's __array_ufunc__ without its first argument."""
    if method == "__call__":
        return _call(ufunc, inputs, options)
    return _METHODS[method](ufunc, *inputs, **options)


register_function(np.ufunc, _array_ufunc)
