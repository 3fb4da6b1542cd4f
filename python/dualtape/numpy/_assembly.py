"""Entries put in, taken out and repeated: insert, delete, resize and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import asarray
from ._arguments import along, as_array, axis_of, known
from ._dispatch import composite
from ._shaping import split as _split


def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """As numpy.ascontiguousarray, for traced values too: one axis or more.

    How a traced value lies in memory is no concern of its own, so asfortranarray is the same.
    """
    return np.atleast_1d(asarray(a, dtype))


@composite(np.dsplit, arrays=1)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    if np.ndim(ary) < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return _split(ary, indices_or_sections, 2)


@composite(np.unstack, arrays=1)
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    x = as_array(x)
    if x.ndim == 0:
        raise ValueError("Input array must be at least 1-d.")
    k = axis_of(axis, x.ndim)
    return tuple(x[along(k, i)] for i in range(x.shape[k]))


@composite(np.rollaxis, arrays=1)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    n = a.ndim
    axis = axis_of(axis, n)
    if not -n <= start <= n:
        raise np.exceptions.AxisError(start, n + 1)
    start = start + n if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


@composite(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    arrays = [as_array(x) for x in args]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(np.broadcast_to(x, shape) for x in arrays)


@composite(np.resize, arrays=1)
def resize(a: Any, new_shape: Any) -> Any:
    shape = (int(new_shape),) if np.ndim(new_shape) == 0 else tuple(int(n) for n in new_shape)
    if any(n < 0 for n in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    flat = np.ravel(as_array(a))
    size = int(np.prod(shape))
    if size == 0 or flat.size == 0:
        return np.zeros(shape, flat.dtype)
    times = -(-size // flat.size)
    repeated = flat if times == 1 else np.tile(flat, times)
    return repeated[:size].reshape(shape).copy()


@composite(np.vander, arrays=1)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    n = x.shape[0] if N is None else N
    x = x.astype(np.promote_types(x.dtype, int))
    powers = [np.ones_like(x), *(x**k for k in range(1, n))][:n]
    table = np.stack(powers, axis=1) if n else np.zeros((x.shape[0], 0), x.dtype)
    return table if increasing else table[:, ::-1]


def _chosen(index: Any, n: int, axis: int) -> Any:
    """The positions a deletion names, as a mask of what stays."""
    stays = np.ones(n, bool)
    if isinstance(index, slice):
        stays[index] = False
        return stays
    index = np.asarray(index)
    if index.dtype == bool:
        if index.shape != (n,):
            raise ValueError(
                f"boolean array argument obj to delete must be one dimensional and match the axis "
                f"length of {n}"
            )
        return ~index
    index = index.astype(np.int64) if index.size == 0 else index
    outside = index[(index < -n) | (index >= n)]
    if outside.size:
        raise IndexError(
            f"index {outside.ravel()[0]} is out of bounds for axis {axis} with size {n}"
        )
    stays[index] = False
    return stays


@composite(np.delete, arrays=1)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    a = as_array(arr)
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = axis_of(axis, a.ndim)
    if not isinstance(obj, slice):
        obj = known(obj, "delete", "use np.where to mask entries")
    return a[along(axis, np.flatnonzero(_chosen(obj, a.shape[axis], axis)))]


@composite(np.insert, arrays=3)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    a, v = as_array(arr), as_array(values)
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = axis_of(axis, a.ndim)
    n = a.shape[axis]
    if isinstance(obj, slice):
        index: Any = np.arange(n + 1)[slice(*obj.indices(n))]
    else:
        index = known(obj, "insert", "positions decide the order of the entries")
        index = np.flatnonzero(index) if index.dtype == bool else index.astype(np.int64)
    single = index.ndim == 0 or index.size == 1
    if np.any((index < -n) | (index > n)):
        raise IndexError(f"index {index.ravel()[0]} is out of bounds for axis {axis} with size {n}")
    index = np.where(index < 0, index + n, index)
    lead, tail = a.shape[:axis], a.shape[axis + 1 :]
    if single:
        if index.ndim == 0:  # As a[..., i, ...] = v: v lacks the axis.
            v = np.reshape(v, (1,) * max(a.ndim - v.ndim, 0) + v.shape)
            v = np.moveaxis(v, 0, axis)
        length = v.shape[axis - a.ndim] if v.ndim >= a.ndim - axis else 1
        v = np.broadcast_to(v, (*lead, length, *tail))
        positions = np.full(length, int(index.ravel()[0]))
    else:
        v = np.broadcast_to(v, (*lead, index.size, *tail))
        positions = index
    order = np.argsort(positions, kind="stable")
    places = positions[order] + np.arange(len(order))
    total = n + len(order)
    source = np.empty(total, np.int64)
    is_new = np.zeros(total, bool)
    is_new[places] = True
    source[is_new], source[~is_new] = n + order, np.arange(n)
    joined = np.concatenate([a, v.astype(a.dtype)], axis=axis)
    return joined[along(axis, source)]


@composite(np.trim_zeros, arrays=1)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    a = as_array(filt)
    values = known(a, "trim_zeros", "its result's length depends on the values")
    nonzero = np.argwhere(values)
    axes = range(a.ndim) if axis is None else [axis_of(axis, a.ndim)]
    key = [slice(None)] * a.ndim
    for k in axes:
        if not len(nonzero):
            key[k] = slice(0, 0)
            continue
        first = int(nonzero[:, k].min()) if "f" in trim.lower() else 0
        last = int(nonzero[:, k].max()) + 1 if "b" in trim.lower() else a.shape[k]
        key[k] = slice(first, last)
    return a[tuple(key)] if key else a
