"""Products built from matmul and broadcasting: tensordot, kron, cross and their kin."""

from __future__ import annotations

import operator
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from .._core import ShapeError
from ._arguments import as_array
from ._dispatch import composite
from ._ufuncs import ufunc_composition


def _axis_pairs(axes: Any, a_ndim: int, b_ndim: int) -> tuple[list[int], list[int]]:
    if isinstance(axes, int | np.integer):
        n = int(axes)
        return list(range(a_ndim - n, a_ndim)), list(range(n))
    a_axes, b_axes = axes
    a_list = [a_axes] if isinstance(a_axes, int | np.integer) else list(a_axes)
    b_list = [b_axes] if isinstance(b_axes, int | np.integer) else list(b_axes)
    return [int(k) % a_ndim for k in a_list], [int(k) % b_ndim for k in b_list]


@composite(np.tensordot, arrays=2)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a_shape, b_shape = np.shape(a), np.shape(b)
    a_axes, b_axes = _axis_pairs(axes, len(a_shape), len(b_shape))
    a_lengths = [a_shape[k] for k in a_axes]
    if len(a_axes) != len(b_axes) or a_lengths != [b_shape[k] for k in b_axes]:
        raise ShapeError(
            f"tensordot: contracted axes must agree, got {a_shape} along {a_axes} "
            f"and {b_shape} along {b_axes}"
        )
    a_free = [k for k in range(len(a_shape)) if k not in a_axes]
    b_free = [k for k in range(len(b_shape)) if k not in b_axes]
    inner = prod(a_lengths)
    rows = [a_shape[k] for k in a_free]
    columns = [b_shape[k] for k in b_free]
    matrix_a = np.reshape(np.transpose(a, a_free + a_axes), (prod(rows), inner))
    matrix_b = np.reshape(np.transpose(b, b_axes + b_free), (inner, prod(columns)))
    return np.reshape(np.matmul(matrix_a, matrix_b), (*rows, *columns))


@composite(np.kron, arrays=2)
def kron(a: Any, b: Any) -> Any:
    n = max(np.ndim(a), np.ndim(b))
    a_shape = (1,) * (n - np.ndim(a)) + tuple(np.shape(a))
    b_shape = (1,) * (n - np.ndim(b)) + tuple(np.shape(b))
    left = np.reshape(a, [m for k in a_shape for m in (k, 1)])
    right = np.reshape(b, [m for k in b_shape for m in (1, k)])
    return np.reshape(left * right, [p * q for p, q in zip(a_shape, b_shape, strict=True)])[()]


@composite(np.cross, arrays=2)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = as_array(a), as_array(b)
    if a.ndim < 1 or b.ndim < 1:
        raise ValueError("At least one array has zero dimension")
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    lengths = (a.shape[-1], b.shape[-1])
    if not set(lengths) <= {2, 3}:
        raise ShapeError(
            f"cross: vectors must have 2 or 3 entries, got shapes {a.shape} and {b.shape}"
        )
    a0, a1 = a[..., 0], a[..., 1]
    b0, b1 = b[..., 0], b[..., 1]
    last = a0 * b1 - a1 * b0
    if lengths == (2, 2):
        return last
    if lengths == (3, 3):
        a2, b2 = a[..., 2], b[..., 2]
        entries = [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, last]
    elif lengths == (3, 2):  # The missing third entry is zero.
        a2 = a[..., 2]
        entries = [-(a2 * b1), a2 * b0, last]
    else:
        b2 = b[..., 2]
        entries = [a1 * b2, -(a0 * b2), last]
    return np.moveaxis(np.stack(entries, axis=-1), -1, axisc)


def dot_windows(a: Any, v: Any) -> Any:
    """sum_j v[j] a[i + j]: products of v with every window of its length along a's first axis.

    One scaled slice for each entry of v, or one product for each window where these are fewer: no
    window is gathered, and an entry that is NaN stays in the windows that hold it.
    """
    m = v.shape[0]
    count = a.shape[0] - m + 1
    if m <= count or a.ndim > 1:
        return reduce(operator.add, (v[j] * a[j : j + count] for j in range(m)))
    return np.stack([np.dot(a[i : i + m], v) for i in range(count)])


def correlated(a: Any, v: Any, mode: str) -> Any:
    """The correlation of two vectors, a the longer one, as NumPy's modes cut it."""
    n, m = a.shape[0], v.shape[0]
    before = {"full": m - 1, "same": m // 2, "valid": 0}.get(mode)
    if before is None:
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full', got {mode!r}")
    count = {"full": n + m - 1, "same": n, "valid": n - m + 1}[mode]
    after = count + m - 1 - before - n
    if before or after:
        a = np.concatenate([np.zeros(before, a.dtype), a, np.zeros(after, a.dtype)])
    return dot_windows(a, v)


def _vectors(name: str, a_axes: int, b_axes: int, function: Any) -> Any:
    """vecdot, matvec and vecmat on the last axes, with axis= or axes= as NumPy's."""

    def traced(a: Any, b: Any, *, axis: int = -1, **options: Any) -> Any:
        if options:
            raise TypeError(f"{name}: {', '.join(options)}= cannot be recorded")
        a, b = as_array(a), as_array(b)
        if a.ndim < a_axes or b.ndim < b_axes:
            raise ValueError(
                f"{name}: operands must have {a_axes} and {b_axes} axes or more, got shapes "
                f"{a.shape} and {b.shape}"
            )
        if name == "vecdot" and axis != -1:
            a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
        if a.shape[-1] != b.shape[-b_axes]:
            raise ValueError(
                f"{name}: operands must have one length of the summed axis, got shapes "
                f"{a.shape} and {b.shape}"
            )
        return function(a, b)

    ufunc_composition(name)(traced)
    return traced


def _vecdot(terms: Any) -> Any:
    # Unlike a sum, a product of small integers keeps their type.
    return np.any(terms, -1) if terms.dtype == bool else np.sum(terms, -1, dtype=terms.dtype)


def _conjugated(a: Any) -> Any:
    return np.conjugate(a) if a.dtype.kind == "c" else a


_vectors("vecdot", 1, 1, lambda a, b: _vecdot(_conjugated(a) * b))
_vectors("matvec", 2, 1, lambda a, b: np.matmul(a, b[..., None])[..., 0])
_vectors("vecmat", 1, 2, lambda a, b: np.matmul(_conjugated(a)[..., None, :], b)[..., 0, :])
