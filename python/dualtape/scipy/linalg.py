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
    _expm,
    _expm_frechet,
    _logm,
    _lu,
    _lu_pivots,
    _sqrtm,
    _sylvester,
    _triangular_solve,
)
from .._core import cholesky as _cholesky
from ..numpy import linalg as _linalg
from ..numpy._decompositions import eps_of, matrix_shape
from ..numpy._dispatch import has_tracer
from ._dispatch import composite, hand_on
from ._eigen import adjoint, completed
from ._eigen import eig as eig
from ._eigen import eigh as eigh
from ._eigen import eigvals as eigvals
from ._eigen import eigvalsh as eigvalsh
from ._matrices import block_diag as block_diag
from ._matrices import cho_solve_banded as cho_solve_banded
from ._matrices import cholesky_banded as cholesky_banded
from ._matrices import circulant as circulant
from ._matrices import companion as companion
from ._matrices import convolution_matrix as convolution_matrix
from ._matrices import diagsvd as diagsvd
from ._matrices import eig_banded as eig_banded
from ._matrices import eigh_tridiagonal as eigh_tridiagonal
from ._matrices import eigvals_banded as eigvals_banded
from ._matrices import eigvalsh_tridiagonal as eigvalsh_tridiagonal
from ._matrices import fiedler as fiedler
from ._matrices import fiedler_companion as fiedler_companion
from ._matrices import hankel as hankel
from ._matrices import khatri_rao as khatri_rao
from ._matrices import leslie as leslie
from ._matrices import matmul_toeplitz as matmul_toeplitz
from ._matrices import solve_banded as solve_banded
from ._matrices import solve_circulant as solve_circulant
from ._matrices import solve_toeplitz as solve_toeplitz
from ._matrices import solveh_banded as solveh_banded
from ._matrices import toeplitz as toeplitz
from ._matrix_functions import coshm as coshm
from ._matrix_functions import cosm as cosm
from ._matrix_functions import fractional_matrix_power as fractional_matrix_power
from ._matrix_functions import inverse_and_rank
from ._matrix_functions import orthogonal_procrustes as orthogonal_procrustes
from ._matrix_functions import pinvh as pinvh
from ._matrix_functions import polar as polar
from ._matrix_functions import qr_multiply as qr_multiply
from ._matrix_functions import rq as rq
from ._matrix_functions import signm as signm
from ._matrix_functions import sinhm as sinhm
from ._matrix_functions import sinm as sinm
from ._matrix_functions import solve_continuous_are as solve_continuous_are
from ._matrix_functions import solve_discrete_lyapunov as solve_discrete_lyapunov
from ._matrix_functions import solve_lyapunov as solve_lyapunov
from ._matrix_functions import subspace_angles as subspace_angles
from ._matrix_functions import tanhm as tanhm
from ._matrix_functions import tanm as tanm


def _solve_triangle(a: Any, b: Any, trans: Any, lower: bool, unit: bool, name: str) -> Any:
    """x with T x = b, T^T x = b (trans=1) or T^H x = b (trans=2)."""
    if trans in (0, "N"):
        return _triangular_solve(a, b, lower, False, unit)
    if trans not in (1, 2, "T", "C"):
        raise ValueError(f"{name}: trans must be 0, 1, 2, 'N', 'T' or 'C', got {trans!r}")
    if trans in (1, "T"):
        return _triangular_solve(a, b, lower, True, unit)
    return _triangular_solve(np.conjugate(a), b, lower, True, unit)


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
      trans: 1 or 'T' for a^T x = b, 2 or 'C' for a^H x = b.
      unit_diagonal: the diagonal of a is taken as ones.
    Raises: LinAlgError on a zero on the diagonal.
    Cost: n^2 multiplications for each column of b, as each of the derivatives.

    >>> a = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> f = lambda a: dt.scipy.linalg.solve_triangular(a, np.ones(2), lower=True)
    >>> dt.jvp(f, (a,), (np.eye(2),))[1]
    array([-0.25   ,  0.03125])
    """
    return _solve_triangle(a, b, trans, lower, unit_diagonal, "solve_triangular")


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
    first, second = (0, 2) if lower else (2, 0)
    half = _solve_triangle(c, b, first, lower, False, "cho_solve")
    return _solve_triangle(c, half, second, lower, False, "cho_solve")


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
    return packed, _lu_pivots(rows, False).astype(np.int32)


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
    rows = (
        _lu_pivots(pivots.astype(np.int64), True)
        if has_tracer(pivots)
        else _rows_of(np.asarray(pivots))
    )
    if trans == 0:
        half = _triangular_solve(packed, _rows(b, rows), True, False, True)
        return _triangular_solve(packed, half, False)
    half = _solve_triangle(packed, b, trans, False, False, "lu_solve")
    whole = _solve_triangle(packed, half, trans, True, True, "lu_solve")
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
    """As scipy.linalg.logm; LinAlgError where a real A has a complex result: pass a complex A."""
    return _logm(A)


@composite("linalg")
def sqrtm(A: Any, disp: Any = True, blocksize: Any = 64) -> Any:
    """As scipy.linalg.sqrtm; LinAlgError where a real A has a complex result: pass a complex A."""
    return _sqrtm(A)


@composite("linalg")
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """As scipy.linalg.solve_sylvester: x with a x + x b = q."""
    return _sylvester(a, b, q)


@composite("linalg")
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    return _sylvester(a, adjoint(a), q)


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


@composite("linalg")
def pinv(
    a: Any,
    *,
    atol: Any = None,
    rtol: Any = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    return inverse_and_rank("pinv", a, atol, rtol, return_rank)


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
    rank = rank if isinstance(rank, int) else rank.astype(np.int64)
    return x, rest[0] if rest.size and np.ndim(b) == 1 else rest, rank, s


@composite("linalg")
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    # As SciPy, also of single precision.
    return np.linalg.det(a).astype(np.complex128 if a.dtype.kind == "c" else np.float64)


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
        a = completed(a, lower, assume_a not in ("sym", "symmetric"))
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
        a = completed(a, lower, assume_a not in ("sym", "symmetric"))
    return np.linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)


@composite("linalg")
def norm(
    a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True
) -> Any:
    return _linalg.norm(a, ord, axis, keepdims)


__getattr__ = hand_on("linalg")
