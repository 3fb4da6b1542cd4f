"""Order statistics: medians and quantiles, from sorted entries."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .._core import Tracer
from ._arguments import as_array, axes_of, indexable_by, is_given, keeps, no_out
from ._dispatch import composite


def _in_front(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """The axes as one in front, and the shape that keepdims= gives a result without it."""
    axes = axes_of(axis, a.ndim)
    rest = [k for k in range(a.ndim) if k not in axes]
    shape = tuple(1 if k in axes else n for k, n in enumerate(a.shape))
    moved = np.transpose(a, [*axes, *rest])
    front = prod(a.shape[k] for k in axes)
    return np.reshape(moved, (front, *(a.shape[k] for k in rest))), shape


# Plotting positions alpha and beta of the continuous methods. Source: Hyndman and Fan (1996).
_PLOTTING = {
    "linear": (1.0, 1.0), "hazen": (0.5, 0.5), "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3), "normal_unbiased": (3 / 8, 3 / 8),
    "interpolated_inverted_cdf": (0.0, 1.0),
}  # fmt: skip


def _position(q: Any, n: Any, method: str, name: str) -> Any:
    """Where quantile q lies among n sorted entries, between two of them as a fraction."""
    if not isinstance(q, Tracer) and not isinstance(n, Tracer):
        # NumPy's own rule, read off the quantiles of 0, 1, ..., n - 1.
        return np.quantile(np.arange(float(n)), q, method=method)  # type: ignore[call-overload]
    if method in _PLOTTING:
        alpha, beta = _PLOTTING[method]
        place = n * q + (alpha + q * (1 - alpha - beta)) - 1
        return np.clip(place, 0, np.maximum(n - 1, 0))
    place = np.maximum(q * (n - 1), 0)
    roundings = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}
    if method in roundings:
        return roundings[method](place)
    if method == "midpoint":
        return 0.5 * (np.floor(place) + np.ceil(place))
    raise TypeError(f"{name}: method={method!r} cannot be recorded here; 'linear' can")


def _between(a: Any, place: Any, kind: Any) -> Any:
    """Sorted a at a place between two entries, the places' axes in front."""
    below = np.floor(place)
    part = (place - below).astype(kind)
    low = below.astype(np.int64)
    high = np.minimum(low + 1, a.shape[0] - 1)
    a = indexable_by(a, low)
    if np.ndim(place) and a.ndim > 1 and np.shape(place)[1:] == a.shape[1:]:
        columns = np.indices(a.shape[1:], sparse=True)
        x, y = a[(low, *columns)], a[(high, *columns)]
    else:
        x, y = a[low], a[high]
        part = np.reshape(part, (*np.shape(part), *(1,) * (a.ndim - 1)))
    return x + (y - x) * part


# Methods that give entries of the array as they are.
_ENTRIES = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")


def _kind(a: Any, q: Any, method: str = "linear") -> Any:
    """The type of the result: a Python number takes that of the array."""
    # Not isinstance: np.float64 is a float, and a type of its own.
    if a.dtype.kind == "f" and (type(q) in (bool, int, float) or method in _ENTRIES):
        return a.dtype
    return np.result_type(a.dtype, as_array(q).dtype, *([] if a.dtype.kind == "f" else [1.0]))


def _middle(a: Any) -> Any:
    """The type of a median, which is a mean."""
    return a.dtype if a.dtype.kind in "fc" else np.dtype(np.float64)


def _nothing(a: Any, q: Any, kind: Any, shape: tuple[int, ...]) -> Any:
    """NaN: the quantiles of no entries."""
    return (np.full((*np.shape(q), *shape), np.nan, kind) + 0 * np.sum(a).astype(kind))[()]


def _quantile(name: str, a: Any, q: Any, kind: Any, axis: Any, method: str, keepdims: Any) -> Any:
    a, kept = _in_front(as_array(a), axis)
    n = a.shape[0]
    if not n and name != "median":
        raise IndexError(f"{name}: a must have entries along axis {axis}, got shape {kept}")
    if not n:
        return _nothing(a, q, kind, kept if keeps(keepdims) else a.shape[1:])
    ordered = np.sort(a, axis=0)
    q = q if isinstance(q, Tracer) else np.asarray(q, np.float64)
    place = _position(q, n, method, name)
    flat = np.reshape(place, (-1,))
    result = _between(ordered, flat, kind).astype(kind)
    if a.dtype.kind == "f":  # A NaN anywhere is one in the last place.
        last = ordered[-1]
        result = np.where(np.isnan(last), last.astype(kind), result)
    shape = (*np.shape(q), *(kept if keeps(keepdims) else a.shape[1:]))
    return np.reshape(result, shape)[()]


def _nan_quantile(
    name: str, a: Any, q: Any, kind: Any, axis: Any, method: str, keepdims: Any
) -> Any:
    a, kept = _in_front(as_array(a), axis)
    q = as_array(q)
    if not a.size:
        # As NumPy's, which does not look at q then.
        return _nothing(a, 0.5, kind, kept if keeps(keepdims) else a.shape[1:])
    present = np.sum(np.logical_not(np.isnan(a)), axis=0)
    column = np.reshape(q, (-1,) + (1,) * np.ndim(present))
    place = _position(column, present.astype(np.float64), method, name)
    result = _between(np.sort(a, axis=0), place, kind).astype(kind)
    shape = (*np.shape(q), *(kept if keeps(keepdims) else a.shape[1:]))
    return np.reshape(result, shape)[()]


def _weighted(
    name: str, a: Any, q: Any, axis: Any, method: str, keepdims: Any, weights: Any
) -> Any:
    """The first sorted entry up to which the weights sum to the part q of them all."""
    if method != "inverted_cdf":
        raise ValueError("Only method 'inverted_cdf' supports weights.")
    w = as_array(weights)
    if w.shape != a.shape:
        if axis is None or w.ndim != 1:
            raise TypeError("Shape of weights must be consistent with shape of a along axis.")
        w = np.reshape(w, [n if k == axis % a.ndim else 1 for k, n in enumerate(a.shape)])
    w = np.broadcast_to(w, a.shape) + 0 * (a if isinstance(a, Tracer) else 0)
    (a, kept), (w, _) = _in_front(a, axis), _in_front(w, axis)
    order = np.argsort(a, axis=0, stable=True)
    total = np.cumsum(np.take_along_axis(w, order, 0), axis=0)
    q = np.reshape(q, (-1, *(1,) * a.ndim))
    # Rounding must not push q past the last entry.
    reached = total >= np.minimum(q, 1) * total[-1]
    reached = reached & (total > 0)
    place = np.argmax(reached, axis=1)
    value = np.take_along_axis(a, np.take_along_axis(order, place, 0), 0)
    if name.startswith("nan"):
        raise TypeError(f"{name}: weights= cannot be recorded; leave out the NaN, and use quantile")
    value = np.where(np.any(np.isnan(a), axis=0), np.nan, value).astype(a.dtype)
    return value, kept


def _refuse(name: str, out: Any) -> None:
    no_out(name, out)


def _traced_form(name: str, quantiles: Callable[..., Any], whole: int) -> Callable[..., Any]:
    """The traced form of one of NumPy's four, which count q as parts of `whole`."""

    def function(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Any:
        _refuse(name, out)
        a, q = as_array(a), q if isinstance(q, int | float) else as_array(q)
        kind = _kind(a, q, method)
        q = q if whole == 1 else q / whole
        if is_given(weights):
            value, kept = _weighted(name, a, q, axis, method, keepdims, weights)
            shape = (*np.shape(q), *(kept if keeps(keepdims) else value.shape[1:]))
            return np.reshape(value, shape)
        return quantiles(name, a, q, kind, axis, method, keepdims)

    return composite(getattr(np, name))(function)


quantile = _traced_form("quantile", _quantile, 1)
percentile = _traced_form("percentile", _quantile, 100)
nanquantile = _traced_form("nanquantile", _nan_quantile, 1)
nanpercentile = _traced_form("nanpercentile", _nan_quantile, 100)


@composite(np.median)
def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    _refuse("median", out)
    a = as_array(a)
    return _quantile("median", a, 0.5, _middle(a), axis, "linear", keepdims)


@composite(np.nanmedian)
def nanmedian(
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: Any = np._NoValue,
) -> Any:
    _refuse("nanmedian", out)
    a = as_array(a)
    return _nan_quantile("nanmedian", a, 0.5, _middle(a), axis, "linear", keepdims)
