"""Products of constant matrices of scipy.sparse with traced values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import ShapeError, zeros
from ..numpy._arguments import as_array
from ..numpy._dispatch import has_tracer
from ._dispatch import hand_on


def matmul(a: Any, b: Any) -> Any:
    """a @ b where one of them is a matrix of scipy.sparse, the other an array of one or two axes.

    Args:
      a, b: a sparse matrix (m, n), not traced, and an array (n,) or (n, k); or the other way.
    Returns: the product, dense.
    Raises: ShapeError where they do not fit; TypeError where both are sparse or dense.
    Cost: one multiplication and addition for each stored entry and column; so is its gradient.

    >>> from scipy.sparse import csr_array
    >>> matrix = csr_array(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]))
    >>> dt.jacobian(lambda x: dt.scipy.sparse.matmul(matrix, x**2))(np.ones(3))
    array([[2., 0., 4.],
           [0., 6., 0.]])
    """
    is_left, is_right = hasattr(a, "tocoo"), hasattr(b, "tocoo")
    if is_left == is_right:
        raise TypeError("matmul: one of the two must be a matrix of scipy.sparse, one an array")
    if is_right:
        turned = matmul(b.T, np.transpose(as_array(a)))
        return np.transpose(turned)
    if not has_tracer(b):
        return a @ np.asarray(b)
    b = as_array(b)
    if b.ndim not in (1, 2) or b.shape[0] != a.shape[1]:
        raise ShapeError(f"matmul: {a.shape} times {b.shape} does not fit")
    entries = a.tocoo()
    kind = np.result_type(entries.data.dtype, b.dtype)
    data = entries.data.astype(kind)
    terms = (data if b.ndim == 1 else data[:, None]) * b[entries.col]
    total = zeros((a.shape[0], *b.shape[1:]), dtype=kind)
    np.add.at(total, entries.row, terms)
    return total


__getattr__ = hand_on("sparse")
