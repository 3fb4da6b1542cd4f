"""Decompositions of matrices under NumPy's names and with its named results.

What is not defined has no derivative: eigenvectors of equal eigenvalues and singular vectors of
equal (or zero) singular values have NaN tangents, unless nothing couples them; their values stay
right. The phase of complex vectors is not defined: derivatives are those of functions that do not
depend on it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import ShapeError, UnsupportedFunctionError, _eig, _eigh, _pinv, _qr, _slogdet, _svd
from .._core import cholesky as cholesky
from .._core import eigvals as eigvals
from .._core import eigvalsh as eigvalsh
from .._core import svdvals as svdvals
from ._arguments import as_array, squared_size
from ._dispatch import composite

_EigResult: Any = type(np.linalg.eig(np.eye(1)))
_EighResult: Any = type(np.linalg.eigh(np.eye(1)))
_SVDResult: Any = type(np.linalg.svd(np.eye(1)))
_QRResult: Any = type(np.linalg.qr(np.eye(1)))
_SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))


def eps_of(a: Any) -> float:
    return float(np.finfo(a.dtype if a.dtype.kind in "fc" else np.float64).eps)


def matrix_shape(a: Any, name: str) -> tuple[int, int]:
    if a.ndim < 2:
        raise ShapeError(f"{name}: a must be (..., m, n), got {a.shape}")
    return a.shape[-2], a.shape[-1]


@composite(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    return _EighResult(*_eigh(a, UPLO))


@composite(np.linalg.eig)
def eig(a: Any) -> Any:
    """As numpy.linalg.eig, but of traced values always complex: NumPy's type depends on values."""
    return _EigResult(*_eig(a))


@composite(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    a = as_array(a)
    m, n = matrix_shape(a, "svd")
    if not compute_uv:
        return svdvals(a)
    if hermitian:
        w, v = _eigh(a, "L")
        order = np.argsort(np.abs(w), axis=-1)[..., ::-1]
        w = np.take_along_axis(w, order, axis=-1)
        v = np.take_along_axis(v, order[..., None, :], axis=-1)
        right = np.conjugate(np.swapaxes(v * np.sign(w)[..., None, :], -1, -2))
        return _SVDResult(v, np.abs(w), right)
    if full_matrices and m != n:
        raise UnsupportedFunctionError(
            f"svd: the vectors that full_matrices=True adds for a {m} x {n} matrix have no "
            "derivative; pass full_matrices=False"
        )
    return _SVDResult(*_svd(a))


@composite(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    a = as_array(a)
    m, n = matrix_shape(a, "qr")
    if mode not in ("reduced", "complete", "r"):
        raise UnsupportedFunctionError(
            f"qr: mode must be 'reduced', 'complete' or 'r' for traced values, got {mode!r}"
        )
    if mode == "complete" and m > n:
        raise UnsupportedFunctionError(
            f"qr: the columns that mode='complete' adds for a {m} x {n} matrix have no "
            "derivative; pass mode='reduced'"
        )
    q, r = _qr(a)
    return r if mode == "r" else _QRResult(q, r)


@composite(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    return _SlogdetResult(*_slogdet(a))


@composite(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Any:
    a = as_array(a)
    m, n = matrix_shape(a, "pinv")
    if rcond is None:
        # NumPy's default is 1e-15, and only rtol=None asks for the one that follows the size.
        rcond = 1e-15 if rtol is np._NoValue else rtol
        if rcond is None:
            rcond = max(m, n) * eps_of(a)
    return _pinv(a, float(rcond))


@composite(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    A = as_array(A)
    if A.ndim < 2:
        return np.any(A != 0).astype(int)
    s = svdvals(A)
    if tol is None:
        relative = max(matrix_shape(A, "matrix_rank")) * eps_of(A) if rtol is None else rtol
        tol = np.max(s, axis=-1, keepdims=True, initial=0) * np.asarray(relative)[..., None]
    else:
        tol = np.asarray(tol)[..., None]
    return np.sum(s > tol, axis=-1)


@composite(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    x = as_array(x)
    matrix_shape(x, "cond")
    if p not in (None, 2, -2):
        inverse = np.linalg.inv(x)
        axes = (-2, -1)
        return np.linalg.norm(x, ord=p, axis=axes) * np.linalg.norm(inverse, ord=p, axis=axes)
    s = svdvals(x)
    return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]


@composite(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = as_array(a), as_array(b)
    m, n = matrix_shape(a, "lstsq")
    if a.ndim != 2 or b.ndim not in (1, 2) or b.shape[0] != m:
        raise ShapeError(
            f"lstsq: a must be (m, n) and b (m,) or (m, k), got {a.shape} and {b.shape}"
        )
    if rcond is None:
        rcond = max(m, n) * eps_of(a)
    elif rcond == -1:
        rcond = eps_of(a)
    x = np.matmul(np.linalg.pinv(a, rcond=float(rcond)), b)
    s = svdvals(a)
    rank = np.sum(s > rcond * np.max(s)).astype(np.int32) if min(m, n) else 0
    rest = np.atleast_1d(np.sum(squared_size(b - np.matmul(a, x)), axis=0))
    # NumPy leaves the residuals out where the rank is not full: a value, not a shape.
    return x, rest if m > n else rest[:0], rank, s


def spectral_norm(x: Any, order: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    """The norms of a matrix that are made of its singular values: 2, -2 and 'nuc'."""
    s = svdvals(np.moveaxis(x, axes, (-2, -1)))
    if order == 2:
        norm = np.max(s, axis=-1, initial=0)
    else:
        norm = np.sum(s, axis=-1) if order == "nuc" else np.min(s, axis=-1)
    return np.expand_dims(norm, tuple(sorted(axes))) if keepdims else norm
