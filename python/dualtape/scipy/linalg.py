"""scipy.linalg for traced values.

Without a traced argument each function is SciPy's own. `overwrite_*` and `check_finite` have no
effect.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import (
    ShapeError,
    UnsupportedFunctionError,
    _eigh,
    _expm,
    _expm_frechet,
    _logm,
    _lu,
    _lu_pivots,
    _pinv,
    _sqrtm,
    _sylvester,
    _triangular_solve,
)
from .._core import cholesky as _cholesky
from ..numpy import linalg as _linalg
from ..numpy._decompositions import eps_of, matrix_shape
from ..numpy._dispatch import has_tracer
from ._dispatch import composite, hand_on
from ._matrices import block_diag as block_diag
from ._matrices import circulant as circulant
from ._matrices import companion as companion
from ._matrices import fiedler as fiedler
from ._matrices import hankel as hankel
from ._matrices import khatri_rao as khatri_rao
from ._matrices import leslie as leslie
from ._matrices import solve_banded as solve_banded
from ._matrices import solve_circulant as solve_circulant
from ._matrices import solve_toeplitz as solve_toeplitz
from ._matrices import toeplitz as toeplitz


def _is_transposed(trans: Any, name: str) -> bool:
    if trans in (0, "N"):
        return False
    if trans in (1, 2, "T", "C"):
        return True
    raise ValueError(f"{name}: trans must be 0, 1, 2, 'N', 'T' or 'C', got {trans!r}")


@composite("linalg")
def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """As scipy.linalg.solve_triangular: x with a x = b for the triangle of a that `lower` names.

    Args:
      a: (..., n, n); the other triangle is not read.
      b: (n,) or (..., n, k).
      trans: 1 or 'T' for a^T x = b.
      unit_diagonal: the diagonal of a is taken as ones.
    Raises: LinAlgError on a zero on the diagonal.
    Cost: n^2 multiplications for each column of b, as each of the derivatives.

    >>> a = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> f = lambda a: dt.scipy.linalg.solve_triangular(a, np.ones(2), lower=True)
    >>> dt.jvp(f, (a,), (np.eye(2),))[1]
    array([-0.25   ,  0.03125])
    """
    return _triangular_solve(a, b, lower, _is_transposed(trans, "solve_triangular"), unit_diagonal)


@composite("linalg")
def cholesky(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    return _cholesky(a, not lower)


@composite("linalg")
def cho_factor(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """As scipy.linalg.cho_factor; the triangle that SciPy leaves undefined is zero."""
    return _cholesky(a, not lower), lower


@composite("linalg")
def cho_solve(
    c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """As scipy.linalg.cho_solve: x with A x = b from the factor of A.

    >>> a = np.array([[4.0, 2.0], [2.0, 3.0]])
    >>> f = lambda a: dt.scipy.linalg.cho_solve(dt.scipy.linalg.cho_factor(a), np.ones(2)).sum()
    >>> dt.grad(f)(a)
    array([[-0.015625, -0.0625  ],
           [ 0.      , -0.0625  ]])
    """
    c, lower = c_and_lower
    half = _triangular_solve(c, b, lower, not lower)
    return _triangular_solve(c, half, lower, lower)


@composite("linalg")
def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> Any:
    """As scipy.linalg.lu, of square matrices."""
    packed, rows = _lu(a)
    n = packed.shape[-1]
    lower = np.tril(packed, -1) + np.eye(n, dtype=packed.dtype)
    upper = np.triu(packed)
    places = np.argsort(rows, axis=-1)
    if permute_l:
        return np.take_along_axis(lower, places[..., None], axis=-2), upper
    if p_indices:
        return places, lower, upper
    permutation = np.equal(places[..., None], np.arange(n)).astype(packed.dtype)
    return permutation, lower, upper


@composite("linalg")
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    packed, rows = _lu(a)
    return packed, _lu_pivots(rows, False)


@composite("linalg")
def lu_solve(
    lu_and_piv: Any,
    b: Any,
    trans: Any = 0,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """As scipy.linalg.lu_solve, of one matrix."""
    packed, pivots = lu_and_piv
    if np.ndim(packed) != 2:
        raise ShapeError(f"lu_solve: lu must be (n, n), got {np.shape(packed)}")
    rows = _lu_pivots(pivots, True) if has_tracer(pivots) else _rows_of(np.asarray(pivots))
    if not _is_transposed(trans, "lu_solve"):
        half = _triangular_solve(packed, _rows(b, rows), True, False, True)
        return _triangular_solve(packed, half, False)
    half = _triangular_solve(packed, b, False, True)
    whole = _triangular_solve(packed, half, True, True, True)
    return _rows(whole, np.argsort(rows))


def _rows(x: Any, rows: Any) -> Any:
    from ..numpy import take

    return take(x, rows, axis=0)


def _rows_of(pivots: Any) -> Any:
    rows = np.arange(pivots.size)
    for i, k in enumerate(pivots):
        rows[[i, k]] = rows[[k, i]]
    return rows


@composite("linalg")
def expm(A: Any) -> Any:
    """As scipy.linalg.expm: the exponential of matrices (..., n, n).

    Cost: a gradient takes the exponential of a matrix of twice the size.

    >>> a = np.array([[0.0, 1.0], [0.0, 0.0]])
    >>> dt.grad(lambda a: dt.scipy.linalg.expm(a).sum())(a)
    array([[1.5       , 1.        ],
           [2.16666667, 1.5       ]])
    """
    return _expm(A)


@composite("linalg")
def expm_frechet(
    A: Any, E: Any, method: Any = None, compute_expm: bool = True, check_finite: bool = True
) -> Any:
    derivative = _expm_frechet(A, E)
    return (_expm(A) if has_tracer(A) else expm(A), derivative) if compute_expm else derivative


@composite("linalg")
def logm(A: Any, disp: Any = True) -> Any:
    """As scipy.linalg.logm, where the result is real; LinAlgError where it is complex."""
    return _logm(A)


@composite("linalg")
def sqrtm(A: Any, disp: Any = True, blocksize: Any = 64) -> Any:
    """As scipy.linalg.sqrtm, where the result is real; LinAlgError where it is complex."""
    return _sqrtm(A)


@composite("linalg")
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """As scipy.linalg.solve_sylvester: x with a x + x b = q."""
    return _sylvester(a, b, q)


@composite("linalg")
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    return _sylvester(a, np.swapaxes(a, -1, -2), q)


@composite("linalg")
def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    m, n = matrix_shape(a, "qr")
    if pivoting or mode not in ("full", "r", "economic"):
        raise UnsupportedFunctionError(
            "qr: mode must be 'full', 'r' or 'economic', without pivoting, for traced values, got "
            f"{mode!r}, pivoting={pivoting}"
        )
    if mode == "r":
        r = _linalg.qr(a, mode="r")
        return (r if m <= n else np.concatenate([r, np.zeros((m - n, n), r.dtype)]),)
    return tuple(_linalg.qr(a, mode="complete" if mode == "full" else "reduced"))


@composite("linalg")
def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    factors = _linalg.svd(a, full_matrices, compute_uv)
    return tuple(factors) if compute_uv else factors


@composite("linalg")
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return _linalg.svdvals(a)


def _completed(a: Any, lower: bool) -> Any:
    """The symmetric matrix that a triangle stands for."""
    if not lower:
        a = np.swapaxes(a, -1, -2)
    return np.tril(a) + np.swapaxes(np.tril(a, -1), -1, -2)


@composite("linalg")
def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """As scipy.linalg.eigh; with `b` the generalised problem a v = w b v (type 1)."""
    if subset_by_value is not None or type != 1:
        raise UnsupportedFunctionError(
            "eigh: subset_by_value and type cannot be recorded; choose from all eigenvalues"
        )
    if b is None:
        w, v = _eigh(a, "L" if lower else "U")
    else:
        # b = L L^T: the eigenvalues of L^-1 a L^-T.
        factor = np.linalg.cholesky(_completed(b, lower))
        half = solve_triangular(factor, _completed(a, lower), lower=True)
        w, v = np.linalg.eigh(solve_triangular(factor, np.swapaxes(half, -1, -2), lower=True), "L")
        v = solve_triangular(factor, v, trans=1, lower=True)
    if subset_by_index is not None:
        first, last = subset_by_index
        w, v = w[first : last + 1], v[:, first : last + 1]
    return w if eigvals_only else (w, v)


@composite("linalg")
def eigvalsh(a: Any, b: Any = None, **options: Any) -> Any:
    return eigh(a, b, eigvals_only=True, **options)


@composite("linalg")
def pinv(
    a: Any,
    *,
    atol: Any = None,
    rtol: Any = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    if atol:
        raise UnsupportedFunctionError("pinv: atol cannot be recorded; give rtol")
    m, n = matrix_shape(a, "pinv")
    cutoff = float(max(m, n) * eps_of(a) if rtol is None else rtol)
    inverse = _pinv(a, cutoff)
    if not return_rank:
        return inverse
    s = _linalg.svdvals(a)
    return inverse, np.sum(s > cutoff * np.max(s))


@composite("linalg")
def lstsq(
    a: Any,
    b: Any,
    cond: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: Any = None,
) -> Any:
    x, rest, rank, s = _linalg.lstsq(a, b, eps_of(a) if cond is None else cond)
    return x, rest[0] if rest.size and np.ndim(b) == 1 else rest, rank, s


@composite("linalg")
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return np.linalg.det(a).astype(np.float64)  # As SciPy, also of float32.


@composite("linalg")
def inv(
    a: Any,
    overwrite_a: bool = False,
    check_finite: bool = True,
    *,
    assume_a: Any = None,
    lower: bool = False,
) -> Any:
    if assume_a in ("pos", "sym", "her", "positive definite", "symmetric", "hermitian"):
        a = _completed(a, lower)
    return np.linalg.inv(a)


@composite("linalg")
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: Any = None,
    transposed: bool = False,
) -> Any:
    if assume_a in ("pos", "positive definite"):
        return (
            cho_solve((_cholesky(a, not lower), lower), b)
            if has_tracer(a)
            else cho_solve(cho_factor(a, lower), b)
        )
    if assume_a in ("sym", "her", "symmetric", "hermitian"):
        a = _completed(a, lower)
    return np.linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)


@composite("linalg")
def norm(
    a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True
) -> Any:
    return _linalg.norm(a, ord, axis, keepdims)


__getattr__ = hand_on("linalg")
