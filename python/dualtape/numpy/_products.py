"""Products built from matmul and broadcasting: tensordot, kron, cross and their kin."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .._core import ShapeError
from ._dispatch import composite


def _axis_pairs(axes: Any, a_ndim: int, b_ndim: int) -> tuple[list[int], list[int]]:
    if isinstance(axes, int | np.integer):
        n = int(axes)
        return list(range(a_ndim - n, a_ndim)), list(range(n))
    a_axes, b_axes = axes
    a_list = [a_axes] if isinstance(a_axes, int | np.integer) else list(a_axes)
    b_list = [b_axes] if isinstance(b_axes, int | np.integer) else list(b_axes)
    return [int(k) % a_ndim for k in a_list], [int(k) % b_ndim for k in b_list]


@composite(np.tensordot)
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


@composite(np.kron)
def kron(a: Any, b: Any) -> Any:
    n = max(np.ndim(a), np.ndim(b))
    a_shape = (1,) * (n - np.ndim(a)) + tuple(np.shape(a))
    b_shape = (1,) * (n - np.ndim(b)) + tuple(np.shape(b))
    left = np.reshape(a, [m for k in a_shape for m in (k, 1)])
    right = np.reshape(b, [m for k in b_shape for m in (1, k)])
    return np.reshape(left * right, [p * q for p, q in zip(a_shape, b_shape, strict=True)])


@composite(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a = np.moveaxis(a, axisa, -1)
    b = np.moveaxis(b, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(f"cross: vectors must have 3 entries, got shapes {a.shape} and {b.shape}")
    a0, a1, a2 = (a[..., k] for k in range(3))
    b0, b1, b2 = (b[..., k] for k in range(3))
    product = np.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)
    return np.moveaxis(product, -1, axisc)
