"""Reading and writing entries by index arrays, masks and conditions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import ShapeError, Tracer
from ._arguments import along, as_array, axis_of, indexable_by, known, no_out, own
from ._dispatch import composite


def _grid(shape: Sequence[int], indices: Any, axis: int) -> tuple[Any, ...]:
    """Index arrays that go through all axes beside `axis`, where `indices` choose."""
    n = len(shape)
    column = np.eye(n, dtype=int) * -2 + 1  # row k is -1 at k and 1 elsewhere
    return tuple(indices if k == axis else np.arange(shape[k]).reshape(column[k]) for k in range(n))


def _aligned(a: Any, indices: Any, axis: Any, name: str) -> tuple[Any, Any, int]:
    """The array, the indices and the axis of take_along_axis and put_along_axis."""
    indices = as_array(indices)
    if indices.dtype.kind not in "iu":
        raise IndexError(f"{name}: indices must be an array of integers, got {indices.dtype}")
    if axis is None:
        if indices.ndim != 1:
            raise ValueError(f"{name}: indices must have one axis for axis=None, got shape "
                             f"{indices.shape}")  # fmt: skip
        a, axis = a.flat if isinstance(a, Tracer) else np.ravel(a), 0
    if a.ndim != indices.ndim:
        raise ValueError(
            f"{name}: indices and arr must have the same number of axes, got shapes "
            f"{indices.shape} and {a.shape}"
        )
    return a, indices, axis_of(axis, a.ndim)


@composite(np.take_along_axis, arrays=1)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    a = indexable_by(arr, indices)
    a, indices, axis = _aligned(a, indices, axis, "take_along_axis")
    return a[_grid(a.shape, indices, axis)]


@composite(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    a, indices, axis = _aligned(own(arr, "put_along_axis"), indices, axis, "put_along_axis")
    a[_grid(a.shape, indices, axis)] = values


def _bounded(indices: Any, n: int, mode: str, name: str) -> Any:
    """Indices that are in range, by the rule of mode=; 'raise' leaves that to the indexing."""
    if mode == "wrap":
        return indices % n
    if mode == "clip":
        return np.clip(indices, 0, n - 1)
    if mode != "raise":
        raise ValueError(f"{name}: mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    return indices


@composite(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    no_out("choose", out)
    a = as_array(a)
    if a.dtype.kind not in "iub":
        raise TypeError(f"choose: a must be an array of integers, got {a.dtype}")
    index = _bounded(a, len(choices), mode, "choose")
    arrays = list(choices) if not isinstance(choices, Tracer) else [c for c in choices]
    shape = np.broadcast_shapes(a.shape, *(np.shape(c) for c in arrays))
    stacked = np.stack([np.broadcast_to(as_array(c), shape) for c in arrays])
    stacked = indexable_by(stacked, index)
    if a.dtype.kind == "b":
        index = index.astype(np.int64)
    # Negative indices are none here.
    if mode == "raise" and not isinstance(index, Tracer) and np.any(index < 0):
        raise ValueError("invalid entry in choice array")
    index = np.broadcast_to(index, shape)
    return stacked[_grid((len(arrays), *shape), index[None], 0)][0]


@composite(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    no_out("compress", out)
    a = as_array(a)
    mask = known(condition, "compress", "use np.where(condition, a, other)")
    if mask.ndim != 1:
        raise ValueError(f"compress: condition must have one axis, got shape {mask.shape}")
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = axis_of(axis, a.ndim)
    return a[along(axis, np.flatnonzero(mask))]


@composite(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    mask = known(condition, "extract", "use np.where(condition, arr, other)")
    return np.ravel(as_array(arr))[np.flatnonzero(np.ravel(mask))]


def _nonzero(a: Any, name: str) -> Any:
    return known(
        a, name, "compute with masks: np.where(condition, x, y), np.sum(x, where=condition)"
    )


@composite(np.nonzero, arrays=1)
def nonzero(a: Any) -> tuple[Any, ...]:
    return np.nonzero(_nonzero(a, "nonzero"))


@composite(np.flatnonzero, arrays=1)
def flatnonzero(a: Any) -> Any:
    return np.flatnonzero(_nonzero(a, "flatnonzero"))


@composite(np.argwhere, arrays=1)
def argwhere(a: Any) -> Any:
    return np.argwhere(_nonzero(a, "argwhere"))


@composite(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """Index arrays that form a grid; masks among them must be known."""
    n = len(args)
    grid = []
    for k, x in enumerate(args):
        x = as_array(x)
        if x.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if x.dtype.kind == "b":
            x = np.flatnonzero(x)
        grid.append(np.reshape(x, [-1 if j == k else 1 for j in range(n)]))
    return tuple(grid)


@composite(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    a = own(arr, "place")
    chosen = np.flatnonzero(known(mask, "place", "use np.where(mask, vals, arr)"))
    if chosen.size and not np.size(vals):
        raise ValueError("place: cannot insert from an empty array")
    if chosen.size:
        a.flat[chosen] = np.resize(vals, chosen.size)


@composite(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    target = own(a, "putmask")
    mask = as_array(mask)
    if mask.shape != target.shape:
        raise ShapeError(f"putmask: mask must have shape {target.shape}, got {mask.shape}")
    if np.size(values):  # NumPy writes nothing of nothing.
        target[...] = np.where(mask.astype(bool), np.resize(values, target.shape), target)


@composite(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    target = own(a, "put")
    index = np.ravel(_bounded(as_array(ind), target.size, mode, "put"))
    if index.size and np.size(v):
        target.flat[index] = np.resize(v, index.size)


@composite(np.copyto)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    target = own(dst, "copyto")
    value = as_array(src)
    if not np.can_cast(value.dtype, target.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"copyto: cannot cast from {value.dtype} to {target.dtype} with casting rule "
            f"{casting!r}"
        )
    target[...] = value if where is True else np.where(where, value, target)


@composite(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    target = own(a, "fill_diagonal")
    if target.ndim < 2:
        raise ValueError(f"fill_diagonal: a must have two axes or more, got {target.ndim}")
    if target.ndim == 2:
        step = target.shape[1] + 1
        # Of a tall matrix the diagonal starts anew below the square, if it may.
        end = None if wrap else target.shape[1] * target.shape[1]
    else:
        if len(set(target.shape)) > 1:
            raise ValueError("fill_diagonal: all axes of a must have one length")
        step, end = 1 + sum(np.cumprod(target.shape[:-1]).tolist()), None
    n = len(range(*slice(None, end, step).indices(target.size)))
    target.flat[:end:step] = np.resize(val, n) if np.ndim(val) else val


@composite(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    x, bins = as_array(x), as_array(bins)
    edges = known(bins, "digitize", "use np.searchsorted with increasing bins")
    if edges.ndim != 1:
        raise ValueError("object of too small depth for desired array")
    steps = np.diff(edges)
    if np.any(steps < 0) and np.any(steps > 0):
        raise ValueError("bins must be monotonically increasing or decreasing")
    side: Any = "left" if right else "right"
    if np.any(steps < 0):
        # Of falling bins, count the ones above: >= is still with the bin below.
        return len(edges) - np.searchsorted(bins[::-1], x, side)
    return np.searchsorted(bins, x, side)


def distinct(ar: Any, name: str, axis: Any, equal_nan: bool) -> tuple[Any, tuple[Any, ...]]:
    """The values and NumPy's (index, inverse, counts)."""
    a = as_array(ar)
    values = known(a, name, "the number of distinct values is part of the shape")
    _, *rest = np.unique(values, True, True, True, axis=axis, equal_nan=equal_nan)
    if axis is None:
        return np.ravel(a)[rest[0]], tuple(rest)
    return a[along(axis_of(axis, a.ndim), rest[0])], tuple(rest)


@composite(np.unique, arrays=1)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    values, rest = distinct(ar, "unique", axis, equal_nan)
    wanted = (return_index, return_inverse, return_counts)
    extra = [x for x, given in zip(rest, wanted, strict=True) if given]
    return (values, *extra) if extra else values


@composite(np.unique_values, arrays=1)
def unique_values(x: Any, /) -> Any:
    return distinct(x, "unique_values", None, False)[0]


@composite(np.tril_indices_from)
def tril_indices_from(arr: Any, k: int = 0) -> Any:
    return np.tril_indices(_matrix_shape(arr)[0], k, _matrix_shape(arr)[1])


@composite(np.triu_indices_from)
def triu_indices_from(arr: Any, k: int = 0) -> Any:
    return np.triu_indices(_matrix_shape(arr)[0], k, _matrix_shape(arr)[1])


@composite(np.diag_indices_from)
def diag_indices_from(arr: Any) -> Any:
    shape = np.shape(arr)
    if len(shape) < 2 or len(set(shape)) > 1:
        raise ValueError(f"diag_indices_from: arr must be square, got shape {shape}")
    return np.diag_indices(shape[0], len(shape))


def _matrix_shape(arr: Any) -> tuple[int, int]:
    if np.ndim(arr) != 2:
        raise ValueError(f"input array must be 2-d, got shape {np.shape(arr)}")
    return np.shape(arr)[0], np.shape(arr)[1]
