"""sort, max and their kin of complex arrays, which NumPy orders by real, then imaginary part.

The engine calls these for complex traced values; arguments are NumPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import asarray, stop_gradient
from ._arguments import as_array, axis_of, is_given, keeps
from ._dispatch import composite


def _reordered(order: Any, key: Any, axis: int) -> Any:
    """order sorted by a key once more, equal keys as they stand."""
    keys = np.take_along_axis(key, order, axis)
    return np.take_along_axis(order, np.argsort(keys, axis=axis, stable=True), axis)


def argsort(a: Any, axis: Any = -1, **_: Any) -> Any:
    a = stop_gradient(asarray(a))
    if axis is None or a.ndim == 0:
        a, axis = np.reshape(a, (-1,)), 0
    axis = axis_of(axis, a.ndim)
    # From the least of three keys to the first. NaN stands at the end: in the imaginary part, in
    # the real one, in both.
    order = np.argsort(a.imag, axis=axis, stable=True)
    order = _reordered(order, a.real, axis)
    unknown = 2.0 * np.isnan(a.real) + 1.0 * np.isnan(a.imag)
    return _reordered(order, unknown, axis)


def sort(a: Any, axis: Any = -1, **_: Any) -> Any:
    a = asarray(a)
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    axis = axis_of(axis, a.ndim)
    return np.take_along_axis(a, argsort(a, axis), axis)


@composite(np.sort_complex)
def sort_complex(a: Any) -> Any:
    a = asarray(a)
    kind = np.result_type(a.dtype, np.complex64)
    return np.sort(a, axis=-1).astype(kind)


def partition(a: Any, kth: Any, axis: Any = -1, **_: Any) -> Any:
    return sort(a, axis)  # a sort is a partition at every kth


def argpartition(a: Any, kth: Any, axis: Any = -1, **_: Any) -> Any:
    return argsort(a, axis)


def _lines(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """The reduced axes as one in front; the shape that keepdims= leaves."""
    axes = list(range(a.ndim)) if axis is None else axis
    axes = [axis_of(k, a.ndim) for k in (axes if isinstance(axes, list | tuple) else [axes])]
    rest = [k for k in range(a.ndim) if k not in axes]
    kept = tuple(1 if k in axes else n for k, n in enumerate(a.shape))
    moved = np.transpose(a, [*axes, *rest])
    return np.reshape(moved, (-1, *(a.shape[k] for k in rest))), kept


def _place(lines: Any, last: bool, name: str) -> Any:
    """Where the first of the largest or smallest entries stands; NaN, where there is one."""
    if lines.shape[0] == 0:
        raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
    lines = stop_gradient(lines)
    unknown = np.isnan(lines)
    edge = np.take_along_axis(lines, argsort(lines, 0)[-1:] if last else argsort(lines, 0)[:1], 0)
    some = np.any(unknown, axis=0, keepdims=True)
    return np.argmax(np.where(some, unknown, lines == edge), axis=0)


def _extreme(a: Any, axis: Any, options: dict[str, Any], last: bool) -> Any:
    name = "max" if last else "min"
    a, initial = asarray(a), options.get("initial")
    where: Any = options.get("where")
    if is_given(where):
        if not is_given(initial):
            raise ValueError(f"where= of the reduction operation {name} which has no identity; "
                             "give initial=")  # fmt: skip
        a = np.where(where, a, initial)
    lines, kept = _lines(a, axis)
    if is_given(initial):
        first = np.full((1, *lines.shape[1:]), initial, lines.dtype)
        lines = np.concatenate([lines, first])
    place = np.reshape(_place(lines, last, name), (1, *lines.shape[1:]))
    value = np.take_along_axis(lines, place, 0)[0]
    return np.reshape(value, kept) if keeps(options.get("keepdims")) else value[()]


def max(a: Any, axis: Any = None, **options: Any) -> Any:
    return _extreme(a, axis, options, True)


def min(a: Any, axis: Any = None, **options: Any) -> Any:
    return _extreme(a, axis, options, False)


def _position(a: Any, axis: Any, options: dict[str, Any], last: bool) -> Any:
    a = as_array(a)
    lines, kept = _lines(a, axis)
    place = _place(lines, last, "argmax" if last else "argmin")
    return np.reshape(place, kept) if keeps(options.get("keepdims")) else place[()]


def argmax(a: Any, axis: Any = None, **options: Any) -> Any:
    return _position(a, axis, options, True)


def argmin(a: Any, axis: Any = None, **options: Any) -> Any:
    return _position(a, axis, options, False)
