"""numpy.linalg for traced values: solve, inv, det and what is built from them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .._core import ShapeError
from .._core import cholesky as cholesky
from .._core import det as det
from .._core import eigvals as eigvals
from .._core import eigvalsh as eigvalsh
from .._core import inv as inv
from .._core import matmul as matmul
from .._core import matrix_transpose as matrix_transpose
from .._core import solve as solve
from .._core import svdvals as svdvals
from . import _products
from ._arguments import as_array, axis_of, root
from ._arguments import squared_size as squared_size
from ._decompositions import cond as cond
from ._decompositions import eig as eig
from ._decompositions import eigh as eigh
from ._decompositions import lstsq as lstsq
from ._decompositions import matrix_rank as matrix_rank
from ._decompositions import pinv as pinv
from ._decompositions import qr as qr
from ._decompositions import slogdet as slogdet
from ._decompositions import spectral_norm
from ._decompositions import svd as svd
from ._dispatch import composite


def _floating(x: Any) -> Any:
    return x if x.dtype.kind in "fc" else x.astype(float)


def _vector_norm(x: Any, order: Any, axis: int | tuple[int, ...] | None, keepdims: bool) -> Any:
    if order is None or order == 2:
        return root(np.sum(squared_size(x), axis=axis, keepdims=keepdims), 0.5)
    if isinstance(order, str):
        raise ValueError(f"norm: ord must be a number for vectors, got {order!r}")
    size = np.abs(x)
    if order == np.inf:
        return np.max(size, axis=axis, keepdims=keepdims, initial=0)
    if order == -np.inf:
        return np.min(size, axis=axis, keepdims=keepdims)
    if order == 0:
        return np.sum((x != 0).astype(x.real.dtype), axis=axis, keepdims=keepdims)
    if order == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    total = np.sum(size**order, axis=axis, keepdims=keepdims)
    return root(total, 1 / order) if order > 0 else total ** (1 / order)


def _matrix_norm(x: Any, order: Any, axis: tuple[int, int], keepdims: bool) -> Any:
    rows, columns = (k % x.ndim for k in axis)
    if rows == columns:
        raise ValueError(f"norm: axis must name two axes, got {axis}")
    if order in (None, "fro", "f"):
        return root(np.sum(squared_size(x), axis=axis, keepdims=keepdims), 0.5)
    if order in (2, -2, "nuc"):
        return spectral_norm(x, order, (rows, columns), keepdims)
    if order not in (1, -1, np.inf, -np.inf):
        raise ValueError(
            f"norm: ord must be fro, nuc, 1, -1, 2, -2, inf or -inf for matrices, got {order!r}"
        )
    along, over = (rows, columns) if abs(order) == 1 else (columns, rows)
    sums = np.sum(np.abs(x), axis=along, keepdims=keepdims)
    if not keepdims and over > along:
        over -= 1
    if order > 0:
        return np.max(sums, axis=over, keepdims=keepdims, initial=0)
    return np.min(sums, axis=over, keepdims=keepdims)


@composite(np.linalg.norm, arrays=1)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = _floating(x)
    if axis is None:
        if ord is None or x.ndim == 1:
            return _vector_norm(x, ord, None, keepdims)
        if x.ndim != 2:
            raise ValueError(f"norm: ord={ord!r} needs a vector, a matrix or axis, got {x.shape}")
        return _matrix_norm(x, ord, (0, 1), keepdims)
    if isinstance(axis, int | np.integer):
        return _vector_norm(x, ord, axis_of(axis, x.ndim), keepdims)
    axes = tuple(axis)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: axis must name one or two axes, got {axes}")
    return _matrix_norm(x, ord, axes, keepdims)


@composite(np.linalg.vector_norm, arrays=1)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return _vector_norm(_floating(x), ord, axis, keepdims)


@composite(np.linalg.matrix_norm, arrays=1)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return _matrix_norm(_floating(x), ord, (-2, -1), keepdims)


@composite(np.linalg.matrix_power, arrays=1)
def matrix_power(a: Any, n: int) -> Any:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"matrix_power: a must be (n, n), got {a.shape}")
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape) + 0 * a
    result = None
    while True:  # Squares of a, multiplied where n has a bit.
        if n & 1:
            result = a if result is None else np.matmul(result, a)
        n >>= 1
        if not n:
            return result
        a = np.matmul(a, a)


@composite(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: None = None) -> Any:
    if out is not None:
        raise TypeError("multi_dot: out has no meaning for traced values")
    product = arrays[0]
    for x in arrays[1:]:
        product = np.dot(product, x)
    return product


@composite(np.linalg.vecdot, arrays=2)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return np.vecdot(as_array(x1), as_array(x2), axis=axis)  # type: ignore[call-overload]


@composite(np.linalg.cross, arrays=2)
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    if np.shape(x1)[axis] != 3 or np.shape(x2)[axis] != 3:
        raise ShapeError(
            f"cross: vectors must have 3 entries, got shapes {np.shape(x1)} and {np.shape(x2)}"
        )
    return _products.cross(x1, x2, axis=axis)


@composite(np.linalg.tensordot, arrays=2)
def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return _products.tensordot(x1, x2, axes)


@composite(np.linalg.trace, arrays=1)
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return np.trace(x, offset, -2, -1, dtype=dtype)


@composite(np.linalg.diagonal, arrays=1)
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(x, offset, -2, -1)


@composite(np.linalg.outer, arrays=2)
def outer(x1: Any, x2: Any, /) -> Any:
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(
            f"outer: arrays must have one axis, got shapes {np.shape(x1)} and {np.shape(x2)}"
        )
    return np.outer(x1, x2)


@composite(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = as_array(a), as_array(b)
    if axes is not None:
        last = [axis_of(k, a.ndim) for k in axes]
        a = np.transpose(a, [*(k for k in range(a.ndim) if k not in last), *last])
    shape = a.shape[b.ndim :]
    n = prod(shape)
    if n * n != a.size:
        raise np.linalg.LinAlgError(
            "Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == "
            f"prod(a.shape[:b.ndim]), got shapes {a.shape} and {b.shape}"
        )
    return np.linalg.solve(a.reshape(n, n), b.ravel()).reshape(shape)


@composite(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    a = as_array(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    rows, columns = a.shape[:ind], a.shape[ind:]
    return np.linalg.inv(a.reshape(prod(rows), -1)).reshape((*columns, *rows))
