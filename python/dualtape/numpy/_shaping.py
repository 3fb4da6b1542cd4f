"""Joining, splitting and rearranging, built from the recorded views and concatenate."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import ShapeError, Tracer
from ._dispatch import composite


def _array(x: Any) -> Any:
    """x with a shape: traced values stay what they are."""
    return x if isinstance(x, Tracer) else np.asarray(x)


def _at_least(x: Any, ndim: int) -> Any:
    x = _array(x)
    if x.ndim >= ndim:
        return x
    shapes = {
        (0, 1): (1,),
        (0, 2): (1, 1),
        (1, 2): (1, *x.shape),
        (0, 3): (1, 1, 1),
        (1, 3): (1, *x.shape, 1),
        (2, 3): (*x.shape, 1),
    }
    return x.reshape(shapes[x.ndim, ndim])


@composite(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    made = tuple(_at_least(x, 1) for x in arys)
    return made[0] if len(made) == 1 else made


@composite(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    made = tuple(_at_least(x, 2) for x in arys)
    return made[0] if len(made) == 1 else made


@composite(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    made = tuple(_at_least(x, 3) for x in arys)
    return made[0] if len(made) == 1 else made


@composite(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    parts = [_at_least(x, 2) for x in tup]
    return np.concatenate(parts, axis=0, dtype=dtype, casting=casting)


@composite(np.hstack)
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    parts = [_at_least(x, 1) for x in tup]
    axis = 0 if parts[0].ndim == 1 else 1
    return np.concatenate(parts, axis=axis, dtype=dtype, casting=casting)


@composite(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    return np.concatenate([_at_least(x, 3) for x in tup], axis=2)


@composite(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    parts = [_array(x) for x in tup]
    return np.concatenate([x.reshape(-1, 1) if x.ndim < 2 else x for x in parts], axis=1)


@composite(np.append, arrays=2)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.concatenate([np.ravel(arr), np.ravel(values)])
    return np.concatenate([_array(arr), _array(values)], axis=axis)


def _cut(x: Any, stops: Sequence[int], axis: int) -> list[Any]:
    """Pieces of x between these positions of an axis."""
    if not -x.ndim <= axis < x.ndim:
        raise np.exceptions.AxisError(axis, x.ndim)
    lead = (slice(None),) * (axis % x.ndim)
    edges = [0, *stops, x.shape[axis]]
    return [x[(*lead, slice(a, b))] for a, b in itertools.pairwise(edges)]


def _array_split(x: Any, sections: Any, axis: int, equal: bool) -> list[Any]:
    x = _array(x)
    if np.ndim(sections):
        return _cut(x, [int(k) for k in sections], axis)
    n, length = int(sections), x.shape[axis]
    if n <= 0:
        raise ValueError(f"split: number of sections must be positive, got {n}")
    size, longer = divmod(length, n)
    if equal and longer:
        raise ValueError(f"split: axis of length {length} must divide into {n} equal parts")
    stops = [k * size + min(k, longer) for k in range(1, n)]
    return _cut(x, stops, axis)


@composite(np.split, arrays=1)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    return _array_split(ary, indices_or_sections, axis, equal=True)


@composite(np.array_split, arrays=1)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    return _array_split(ary, indices_or_sections, axis, equal=False)


@composite(np.vsplit, arrays=1)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return _array_split(ary, indices_or_sections, 0, equal=True)


@composite(np.hsplit, arrays=1)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return _array_split(ary, indices_or_sections, 0 if np.ndim(ary) == 1 else 1, equal=True)


def _axes(axis: Any, ndim: int) -> list[int]:
    if axis is None:
        return list(range(ndim))
    chosen = [axis] if isinstance(axis, int | np.integer) else list(axis)
    for k in chosen:
        if not -ndim <= k < ndim:
            raise np.exceptions.AxisError(int(k), ndim)
    return [int(k) % ndim for k in chosen]


@composite(np.flipud, arrays=1)
def flipud(m: Any) -> Any:
    return m[::-1]


@composite(np.fliplr, arrays=1)
def fliplr(m: Any) -> Any:
    return m[:, ::-1]


@composite(np.rot90, arrays=1)
def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    first, second = _axes(axes, m.ndim)
    turns = k % 4
    if turns == 2:
        return np.flip(m, (first, second))
    if turns == 1:
        return np.swapaxes(np.flip(m, second), first, second)
    return np.flip(np.swapaxes(m, first, second), second) if turns == 3 else m[...]


@composite(np.roll, arrays=1)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return roll(np.ravel(a), shift, 0).reshape(a.shape)
    chosen, shifts = np.broadcast_arrays(_axes(axis, a.ndim), shift)
    for k, step in zip(chosen.ravel().tolist(), shifts.ravel().tolist(), strict=True):
        n = a.shape[k]
        if n:
            parts = _cut(a, [n - step % n], k)
            a = np.concatenate([parts[1], parts[0]], axis=k)
    return a


@composite(np.repeat, arrays=1)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), 0
    a = np.ravel(a) if a.ndim == 0 else a
    (axis,) = _axes(axis, a.ndim)
    lead = (slice(None),) * axis
    return a[(*lead, np.repeat(np.arange(a.shape[axis]), repeats))]


@composite(np.tile, arrays=1)
def tile(A: Any, reps: Any) -> Any:
    counts = [int(reps)] if np.ndim(reps) == 0 else [int(k) for k in reps]
    x = _array(A)
    ndim = max(x.ndim, len(counts))
    counts = [1] * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - x.ndim) + tuple(x.shape)
    spread = x.reshape([m for n in shape for m in (1, n)])
    full = np.broadcast_to(spread, [m for pair in zip(counts, shape, strict=True) for m in pair])
    return full.reshape([c * n for c, n in zip(counts, shape, strict=True)]).copy()


@composite(np.tril, arrays=1)
def tril(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*_matrix_shape(m, "tril"), k=k, dtype=bool), m, m.dtype.type(0))


@composite(np.triu, arrays=1)
def triu(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*_matrix_shape(m, "triu"), k=k - 1, dtype=bool), m.dtype.type(0), m)


def _matrix_shape(m: Any, name: str) -> tuple[int, int]:
    if m.ndim < 1:
        raise ShapeError(f"{name}: m must have an axis or more, got shape {m.shape}")
    return m.shape[-2:] if m.ndim > 1 else (m.shape[0], m.shape[0])


@composite(np.diagflat, arrays=1)
def diagflat(v: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(v), k)


@composite(np.meshgrid, arrays=32)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    n = len(xi)
    order = list(range(n))
    if indexing == "xy" and n > 1:
        order[:2] = [1, 0]
    vectors = [np.ravel(_array(x)) for x in xi]
    shape = [0] * n
    grids = []
    for x, place in zip(vectors, order, strict=True):
        shape[place] = x.size
        grids.append(x.reshape([-1 if k == place else 1 for k in range(n)]))
    if not sparse:
        grids = [g if list(g.shape) == shape else np.broadcast_to(g, shape) for g in grids]
    return tuple(g.copy() if copy else g for g in grids)


@composite(np.block)
def block(arrays: Any) -> Any:
    def depth(x: Any) -> int:
        return 1 + max(map(depth, x)) if isinstance(x, list) else 0

    def leaves(x: Any) -> list[Any]:
        return [leaf for part in x for leaf in leaves(part)] if isinstance(x, list) else [x]

    levels = depth(arrays)
    ndim = max(levels, *(np.ndim(x) for x in leaves(arrays)))

    def join(x: Any, level: int) -> Any:
        if isinstance(x, list):
            return np.concatenate([join(part, level - 1) for part in x], axis=ndim - level)
        x = _array(x)
        return x.reshape((1,) * (ndim - x.ndim) + tuple(x.shape)).copy()

    return join(arrays, levels)
