"""pad, one axis after the other: corners follow from the edges as in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import Tracer, full
from ._arguments import along, as_array, axis_of
from ._dispatch import composite, has_tracer

Widths = list[tuple[int, int]]


def _pairs(value: Any, ndim: int, name: str) -> list[tuple[Any, Any]]:
    """(before, after) of each axis from a number, (number,), (before, after), or one per axis."""
    if isinstance(value, dict):
        pairs = [(0, 0)] * ndim
        for axis, width in value.items():
            pairs[axis_of(axis, ndim)] = (width, width) if np.ndim(width) == 0 else tuple(width)
        return pairs
    if has_tracer(value) and not isinstance(value, Tracer):
        value = as_array(value)
    if np.ndim(value) == 0:
        return [(value, value)] * ndim
    shape = np.shape(value)
    value = value if isinstance(value, Tracer) else np.asarray(value).tolist()
    if shape in ((1,), (2,)):
        return [(value[0], value[-1])] * ndim
    if len(shape) == 2 and shape[0] in (1, ndim) and shape[1] in (1, 2):
        rows = list(value) * (ndim if shape[0] == 1 else 1)
        return [(row[0], row[-1]) for row in rows]
    raise ValueError(f"pad: {name} must broadcast to shape ({ndim}, 2), got shape {shape}")


def _constant(a: Any, k: int, n: int, after: bool, value: Any) -> Any:
    return full((*a.shape[:k], n, *a.shape[k + 1 :]), value, a.dtype)


def _edge(a: Any, k: int, after: bool) -> Any:
    return a[along(k, slice(-1, None) if after else slice(0, 1))]


def _ramp(a: Any, k: int, n: int, after: bool, value: Any) -> Any:
    """From the end value to the edge, the edge itself left out."""
    steps = np.arange(n).reshape([-1 if j == k else 1 for j in range(a.ndim)]) / max(n, 1)
    edge = _edge(a, k, after)
    if a.dtype.kind in "fc":
        steps = steps.astype(a.dtype)
    ramp = value + (edge - value) * steps
    ramp = np.floor(ramp).astype(a.dtype) if a.dtype.kind in "iu" else ramp
    return ramp[along(k, slice(None, None, -1))] if after else ramp


def _statistic(
    function: Callable[..., Any], a: Any, k: int, n: int, after: bool, length: Any
) -> Any:
    if length is not None and length < 1 and function in (np.max, np.min):
        raise ValueError("stat_length of 0 yields no value for padding")
    m = a.shape[k] if length is None else min(int(length), a.shape[k])
    part = a[along(k, slice(a.shape[k] - m, None) if after else slice(0, m))]
    value = function(part, axis=k, keepdims=True)
    if a.dtype.kind in "iu":
        value = np.rint(value).astype(a.dtype)
    return np.broadcast_to(value, (*a.shape[:k], n, *a.shape[k + 1 :]))


def _positions(mode: str, size: int, before: int, after: int) -> Any:
    """Positions on the axis that its padded form shows."""
    place = np.arange(-before, size + after)
    if mode == "edge":
        return np.clip(place, 0, size - 1)
    if mode == "wrap":
        return place % size
    period = 2 * size if mode == "symmetric" else max(2 * size - 2, 1)
    place = place % period
    mirror = period - 1 - place if mode == "symmetric" else period - place
    return np.where(place < size, place, mirror)


def _odd(a: Any, k: int, place: Any, before: int, mode: str) -> Any:
    """reflect_type='odd': the mirror image through the edge entry, turn after turn."""
    size = a.shape[k]
    n = len(place)
    period = size if mode == "symmetric" else max(size - 1, 1)
    turn = np.floor_divide(np.arange(n) - before, period)
    column = [-1 if j == k else 1 for j in range(a.ndim)]
    sign = np.where(turn % 2 == 0, 1, -1).reshape(column).astype(a.dtype)
    first, last = _edge(a, k, False), _edge(a, k, True)
    # Each turn mirrors the one before at twice its end: even ones are a + t (last - first).
    of_last = np.where(turn % 2 == 0, turn, turn + 1).reshape(column).astype(a.dtype)
    of_first = np.where(turn % 2 == 0, -turn, 1 - turn).reshape(column).astype(a.dtype)
    return sign * a[along(k, place)] + of_first * first + of_last * last


_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": np.max,
    "minimum": np.min,
    "mean": np.mean,
    "median": np.median,
}
_OPTIONS = {
    "constant": "constant_values", "linear_ramp": "end_values", "reflect": "reflect_type",
    "symmetric": "reflect_type", "edge": None, "wrap": None, "empty": None,
    **dict.fromkeys(_STATISTICS, "stat_length"),
}  # fmt: skip


@composite(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    a = as_array(array).copy()
    widths = [(int(p), int(q)) for p, q in _pairs(pad_width, a.ndim, "pad_width")]
    if any(p < 0 or q < 0 for p, q in widths):
        raise ValueError("index can't contain negative values")
    if callable(mode):
        raise TypeError("pad: a function as mode cannot be recorded; pad with np.concatenate")
    if mode not in _OPTIONS:
        raise ValueError(f"pad: mode {mode!r} is not supported")
    unknown = set(kwargs) - {_OPTIONS[mode]}
    if unknown:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unknown}")
    if mode in _STATISTICS or mode in ("constant", "linear_ramp", "empty"):
        return _pad_beside(a, widths, mode, kwargs)
    return _pad_by_position(a, widths, mode, kwargs.get("reflect_type", "even"))


def _pad_beside(a: Any, widths: Widths, mode: str, options: dict[str, Any]) -> Any:
    """Modes that put computed entries beside the array."""
    name = _OPTIONS[mode] or "constant_values"
    given = options.get(name, None if mode in _STATISTICS else 0)
    values = [(None, None)] * a.ndim if given is None else _pairs(given, a.ndim, name)
    for k, (ends, choices) in enumerate(zip(widths, values, strict=True)):
        if not any(ends):
            continue
        if a.shape[k] == 0 and mode not in ("constant", "empty"):
            raise ValueError(
                f"can't extend empty axis {k} using modes other than 'constant' or 'empty'"
            )
        sides = []
        for after, (n, value) in enumerate(zip(ends, choices, strict=True)):
            if mode in _STATISTICS:
                sides.append(_statistic(_STATISTICS[mode], a, k, n, bool(after), value))
            else:
                make = _ramp if mode == "linear_ramp" else _constant
                sides.append(make(a, k, n, bool(after), value))
        a = np.concatenate([sides[0], a, sides[1]], axis=k)
    return a


def _pad_by_position(a: Any, widths: Widths, mode: str, reflect_type: str) -> Any:
    """Modes that repeat entries of the array."""
    for k, (before, after) in enumerate(widths):
        if before == after == 0:
            continue
        if a.shape[k] == 0:
            raise ValueError(f"can't extend empty axis {k} using modes other than 'constant' or "
                             "'empty'")  # fmt: skip
        place = _positions(mode, a.shape[k], before, after)
        is_odd = reflect_type == "odd" and mode in ("reflect", "symmetric")
        a = _odd(a, k, place, before, mode) if is_odd else a[along(k, place)]
    return a
