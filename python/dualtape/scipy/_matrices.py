"""scipy.linalg for traced values: matrices built from vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import UnsupportedFunctionError, _triangular_solve
from .._core import cholesky as _cholesky
from ..numpy import linalg as _linalg
from ..numpy._arguments import as_array
from ._dispatch import composite
from ._eigen import adjoint, completed


@composite("linalg")
def block_diag(*arrs: Any) -> Any:
    blocks = [np.atleast_2d(as_array(x)) for x in arrs] or [np.zeros((1, 0))]
    width = sum(b.shape[-1] for b in blocks)
    rows, before = [], 0
    for block in blocks:
        if block.ndim != 2:
            raise ValueError(f"block_diag: blocks must be matrices, got shape {block.shape}")
        after = width - before - block.shape[1]
        rows.append(np.pad(block, ((0, 0), (before, after))))
        before += block.shape[1]
    return np.concatenate(rows)


@composite("linalg")
def toeplitz(c: Any, r: Any = None) -> Any:
    c = np.ravel(as_array(c))
    row = (np.conjugate(c) if c.dtype.kind == "c" else c) if r is None else np.ravel(as_array(r))
    n, m = c.shape[0], row.shape[0]
    line = np.concatenate([c[::-1], row[1:]])
    return line[(n - 1) - np.arange(n)[:, None] + np.arange(m)]


@composite("linalg")
def circulant(c: Any) -> Any:
    c = as_array(c)
    n = c.shape[-1]
    return c[..., (np.arange(n)[:, None] - np.arange(n)) % n]


@composite("linalg")
def hankel(c: Any, r: Any = None) -> Any:
    c = np.ravel(as_array(c))
    row = np.zeros_like(c) if r is None else np.ravel(as_array(r))
    line = np.concatenate([c, row[1:]])
    return line[np.arange(c.shape[0])[:, None] + np.arange(row.shape[0])]


@composite("linalg")
def companion(a: Any) -> Any:
    a = as_array(a)
    n = a.shape[-1]
    first = -a[..., 1:] / a[..., :1]
    below = np.broadcast_to(np.eye(n - 2, n - 1, dtype=a.dtype), (*a.shape[:-1], n - 2, n - 1))
    return np.concatenate([first[..., None, :], below], axis=-2)


@composite("linalg")
def leslie(f: Any, s: Any) -> Any:
    f, s = as_array(f), as_array(s)
    return np.concatenate([f[None, :], np.pad(np.diag(s), ((0, 0), (0, 1)))])


@composite("linalg")
def fiedler(a: Any) -> Any:
    a = as_array(a)
    return np.absolute(a[..., :, None] - a[..., None, :])


@composite("linalg")
def khatri_rao(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    return np.reshape(a[..., :, None, :] * b[..., None, :, :],
                      (*a.shape[:-2], a.shape[-2] * b.shape[-2], a.shape[-1]))  # fmt: skip


@composite("linalg")
def solve_banded(l_and_u: Any, ab: Any, b: Any, **options: Any) -> Any:
    below, above = (int(k) for k in l_and_u)
    ab = as_array(ab)
    n = ab.shape[-1]
    if ab.shape[-2] != below + above + 1:
        raise ValueError(
            f"solve_banded: ab must have {below + above + 1} rows, got shape {ab.shape}"
        )
    i, j = np.arange(n)[:, None], np.arange(n)
    band = above + i - j
    inside = (band >= 0) & (band < below + above + 1)
    full = np.where(inside, ab[..., np.clip(band, 0, below + above), j], 0)
    return _linalg.solve(full, b)


@composite("linalg")
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    return _linalg.solve(toeplitz(c, r).astype(np.float64), b)


@composite("linalg")
def solve_circulant(c: Any, b: Any, **options: Any) -> Any:
    return _linalg.solve(circulant(c), b)


@composite("linalg")
def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Any:
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    return np.matmul(toeplitz(c, r), as_array(x))


@composite("linalg")
def diagsvd(s: Any, M: int, N: int) -> Any:
    s = as_array(s)
    if s.shape[0] != min(M, N):
        raise ValueError(f"diagsvd: s must have {min(M, N)} entries, got {s.shape[0]}")
    return np.pad(np.diag(s), ((0, M - s.shape[0]), (0, N - s.shape[0])))


@composite("linalg")
def fiedler_companion(a: Any) -> Any:
    a = as_array(a)
    if a.ndim != 1 or a.shape[0] < 3:
        raise ValueError(f"fiedler_companion: a must have three entries or more, got {a.shape}")
    a = a / a[0]
    n = a.shape[0] - 1
    rows = [
        [1.0 if (i % 2 and j == i - 2) or (not i % 2 and j == i + 2) else 0.0 for j in range(n)]
        for i in range(n)
    ]
    rows[1][0] = 1.0
    c: Any = np.array(rows, a.dtype)
    places = [(2 * (k // 2), 2 * ((k + 1) // 2) - 1 if k else 0) for k in range(n)]
    for k, (i, j) in enumerate(places):
        unit = np.zeros((n, n), a.dtype)
        unit[i, j] = 1
        c = c * (1 - unit) - a[k + 1] * unit
    return c


@composite("linalg")
def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    a = as_array(a)
    m = a.shape[-1]
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"convolution_matrix: mode must be full, same or valid, got {mode!r}")
    shift = np.arange(m + n - 1)[:, None] - np.arange(n)
    full = np.where((shift >= 0) & (shift < m), a[..., np.clip(shift, 0, m - 1)], 0)
    first, count = 0, m + n - 1
    if mode == "same":
        first, count = (min(m, n) - 1) // 2, max(m, n)
    elif mode == "valid":
        first, count = min(m, n) - 1, abs(m - n) + 1
    return full[..., first : first + count, :]


def _of_bands(ab: Any, lower: bool) -> Any:
    """The triangle that the rows of `ab` are the diagonals of."""
    ab = as_array(ab)
    width, n = ab.shape[-2:]
    i, j = np.arange(n)[:, None], np.arange(n)
    band = i - j if lower else width - 1 + i - j
    inside = (band >= 0) & (band < width) & ((i >= j) if lower else (i <= j))
    return np.where(inside, ab[..., np.clip(band, 0, width - 1), j], 0)


@composite("linalg")
def cholesky_banded(
    ab: Any, overwrite_ab: bool = False, lower: bool = False, check_finite: bool = True
) -> Any:
    ab = as_array(ab)
    factor = _cholesky(_of_bands(ab, lower), not lower)
    width, n = ab.shape[-2:]
    j = np.arange(n)
    row = j + np.arange(width)[:, None] - (0 if lower else width - 1)
    # The corners, which are no part of the matrix, stay as they were.
    return np.where((row >= 0) & (row < n), factor[..., np.clip(row, 0, n - 1), j], ab)


@composite("linalg")
def cho_solve_banded(
    cb_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    cb, lower = cb_and_lower
    factor = _of_bands(cb, lower)
    if not lower:
        factor = adjoint(factor)
    half = _triangular_solve(factor, b, True)
    return _triangular_solve(np.conjugate(factor), half, True, True)


@composite("linalg")
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """As scipy.linalg.solveh_banded, by the dense matrix: n^3 / 3 operations."""
    factor = _cholesky(completed(_of_bands(ab, lower), lower))
    half = _triangular_solve(factor, as_array(b), True)
    return _triangular_solve(np.conjugate(factor), half, True, True)


@composite("linalg")
def eig_banded(
    a_band: Any,
    lower: bool = False,
    eigvals_only: bool = False,
    overwrite_a_band: bool = False,
    select: Any = "a",
    select_range: Any = None,
    max_ev: int = 0,
    check_finite: bool = True,
) -> Any:
    return _of_dense(completed(_of_bands(a_band, lower), lower), eigvals_only, select, select_range)


@composite("linalg")
def eigvals_banded(
    a_band: Any,
    lower: bool = False,
    overwrite_a_band: bool = False,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
) -> Any:
    return _of_dense(completed(_of_bands(a_band, lower), lower), True, select, select_range)


@composite("linalg")
def eigh_tridiagonal(
    d: Any,
    e: Any,
    eigvals_only: bool = False,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    d, e = as_array(d), as_array(e)
    return _of_dense(np.diag(d) + np.diag(e, -1), eigvals_only, select, select_range)


@composite("linalg")
def eigvalsh_tridiagonal(
    d: Any,
    e: Any,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    return eigh_tridiagonal(d, e, True, select, select_range)


def _of_dense(a: Any, eigvals_only: bool, select: Any, select_range: Any) -> Any:
    """Eigenvalues, and vectors, of a's lower triangle."""
    if select not in ("a", "all", 0, "i", "index", 2):
        raise UnsupportedFunctionError(
            f"select must be 'a' or 'i' for traced values, got {select!r}: how many eigenvalues "
            "lie in a range is no shape that could be recorded"
        )
    first, last = (0, a.shape[-1] - 1) if select in ("a", "all", 0) else select_range
    if eigvals_only:
        return np.linalg.eigvalsh(a)[first : last + 1]
    w, v = np.linalg.eigh(a)
    return w[first : last + 1], v[:, first : last + 1]
