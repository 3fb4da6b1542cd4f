"""Rows of the table of functions: decompositions and functions of matrices.

Vectors that are known up to signs or phases are compared through what is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from table_rows import Row, Table, cell, grid, row

S, OTHER = grid(3), grid(3, seed=1)
POSITIVE = S @ S.T + np.diag([1.0, 2.0, 3.0])
TALL, B = cell(4, 2), cell(4, seed=1)
SMALL, PAIR = grid(2, seed=2) / 2, cell(3, 2, seed=3)
BANDS = np.stack([np.linspace(3.0, 4.5, 4), cell(4, seed=2) / 2])  # the diagonal, one below


def _matrix(f: Any, *args: Any, **options: Any) -> Row:
    return row(f, *args, ulps=4000, **options)


def _real_part(y: Any) -> Any:
    """SciPy has other types for single precision."""
    return np.real(y)


def _spectral(w: Any, v: Any) -> Any:
    return np.matmul(v * np.sin(w), v.T)


def _of_eig(linalg: Any, a: Any) -> Any:
    w, v = linalg.eig(a)
    return _real_part((v * np.exp(w)) @ np.linalg.inv(v))


def _power_sum(w: Any) -> Any:
    """Of eigenvalues, which have no order."""
    return _real_part((w**3).sum(axis=-1))


def _svd_product(linalg: Any, a: Any) -> Any:
    u, s, vh = linalg.svd(a, full_matrices=False)
    return (u * s**2) @ vh


DECOMPOSITIONS: Table = {
    "cholesky": _matrix(lambda np, a: np.linalg.cholesky(a), POSITIVE),
    "cholesky upper": _matrix(lambda np, a: np.linalg.cholesky(a, upper=True), POSITIVE),
    "eigh": _matrix(lambda np, a: _spectral(*np.linalg.eigh(a)), POSITIVE),
    "eigvalsh": _matrix(lambda np, a: np.linalg.eigvalsh(a), POSITIVE),
    "eig": _matrix(lambda np, a: _of_eig(np.linalg, a), OTHER),
    "eigvals": _matrix(lambda np, a: _power_sum(np.linalg.eigvals(a)), OTHER),
    "svd": _matrix(lambda np, a: _svd_product(np.linalg, a), TALL),
    "svd hermitian": _matrix(
        lambda np, a: (lambda u, s, vh: (u * s**2) @ vh)(*np.linalg.svd(a, hermitian=True)),
        POSITIVE,
    ),
    "svdvals": _matrix(lambda np, a: np.linalg.svdvals(a), TALL),
    "qr": _matrix(lambda np, a: np.linalg.qr(a)[0] * 2 + np.linalg.qr(a)[1][0], TALL),
    "slogdet": _matrix(lambda np, a: np.linalg.slogdet(a)[1], S),
    "pinv": _matrix(lambda np, a: np.linalg.pinv(a), TALL),
    "lstsq": _matrix(lambda np, a, b: np.linalg.lstsq(a, b, rcond=None)[0], TALL, B),
    "cond": _matrix(lambda np, a: np.linalg.cond(a), S),
    "matrix_rank": _matrix(lambda np, a: np.linalg.matrix_rank(a) * a, S),
    "norm 2": _matrix(lambda np, a: np.linalg.norm(a, 2), S),
    "norm nuc": _matrix(lambda np, a: np.linalg.norm(a, "nuc"), S),
}

_SCIPY: Table = {
    "cholesky": _matrix(lambda sp, a: sp.cholesky(a), POSITIVE),
    "cho_factor": _matrix(lambda sp, a: np.triu(sp.cho_factor(a)[0]), POSITIVE),
    "cho_solve": _matrix(lambda sp, a, b: sp.cho_solve(sp.cho_factor(a), b), POSITIVE, B[:3]),
    "solve_triangular": _matrix(lambda sp, a, b: sp.solve_triangular(a, b), S, B[:3]),
    "lu": _matrix(lambda sp, a: sp.lu(a)[1] + sp.lu(a)[2], S),
    "lu_factor": _matrix(lambda sp, a: sp.lu_factor(a)[0], S),
    "lu_solve": _matrix(lambda sp, a, b: sp.lu_solve(sp.lu_factor(a), b), S, B[:3]),
    "qr": _matrix(lambda sp, a: sp.qr(a, mode="economic")[0], TALL),
    "svd": _matrix(lambda sp, a: _svd_product(sp, a), TALL),
    "svdvals": _matrix(lambda sp, a: sp.svdvals(a), TALL),
    "eigh": _matrix(lambda sp, a: _spectral(*sp.eigh(a)), POSITIVE),
    "eigh generalised": _matrix(lambda sp, a, b: sp.eigh(a, b)[0], S + S.T, POSITIVE),
    "eigvalsh": _matrix(lambda sp, a: sp.eigvalsh(a), POSITIVE),
    "eig": _matrix(lambda sp, a: _of_eig(sp, a), OTHER),
    "eig generalised": _matrix(lambda sp, a, b: _power_sum(sp.eig(a, b)[0]), OTHER, POSITIVE),
    "eigvals": _matrix(lambda sp, a: _power_sum(sp.eigvals(a)), OTHER),
    "pinv": _matrix(lambda sp, a: sp.pinv(a), TALL),
    "lstsq": _matrix(lambda sp, a, b: sp.lstsq(a, b)[0], TALL, B),
    "expm": _matrix(lambda sp, a: sp.expm(a), SMALL),
    "expm_frechet": _matrix(
        lambda sp, a, e: sp.expm_frechet(a, e)[1].astype(a.dtype), SMALL, SMALL.T
    ),
    "logm": _matrix(lambda sp, a: sp.logm(a).astype(a.dtype), POSITIVE),
    "sqrtm": _matrix(lambda sp, a: sp.sqrtm(a).astype(a.dtype), POSITIVE),
    "solve_sylvester": _matrix(lambda sp, a, b, q: sp.solve_sylvester(a, b, q), S, SMALL, PAIR),
    "solve_continuous_lyapunov": _matrix(
        lambda sp, a, q: sp.solve_continuous_lyapunov(a, q), SMALL, SMALL.T
    ),
    "solve_lyapunov": _matrix(lambda sp, a, q: sp.solve_lyapunov(a, q), SMALL, SMALL.T),
    "solve_discrete_lyapunov": _matrix(
        lambda sp, a, q: sp.solve_discrete_lyapunov(a, q).astype(a.dtype), SMALL / 3, SMALL.T
    ),
    "solve_continuous_are": _matrix(
        lambda sp, a, b, q: sp.solve_continuous_are(a, b, q + q.T, np.eye(2, dtype=a.dtype)).astype(
            a.dtype
        ),
        SMALL,
        PAIR[:2],
        POSITIVE[:2, :2],
        twice=False,
        plain=False,
    ),
    "cosm": _matrix(lambda sp, a: sp.cosm(a), SMALL),
    "sinm": _matrix(lambda sp, a: sp.sinm(a), SMALL),
    "tanm": _matrix(lambda sp, a: sp.tanm(a), SMALL),
    "coshm": _matrix(lambda sp, a: sp.coshm(a), SMALL),
    "sinhm": _matrix(lambda sp, a: sp.sinhm(a), SMALL),
    "tanhm": _matrix(lambda sp, a: sp.tanhm(a), SMALL),
    "signm": _matrix(lambda sp, a: sp.signm(a).astype(a.dtype), S - 2 * np.diag([0.0, 3.0, 0.0])),
    "fractional_matrix_power": _matrix(
        lambda sp, a: sp.fractional_matrix_power(a, 0.3).astype(a.dtype), POSITIVE
    ),
    "polar": _matrix(lambda sp, a: sp.polar(a)[0] + 2 * sp.polar(a, side="left")[1], S),
    "polar tall": _matrix(lambda sp, a: sp.polar(a)[0] @ sp.polar(a)[1] + sp.polar(a)[0], TALL),
    "orthogonal_procrustes": _matrix(
        lambda sp, a, b: sp.orthogonal_procrustes(a, b)[0] * sp.orthogonal_procrustes(a, b)[1],
        S,
        OTHER,
    ),
    "subspace_angles": _matrix(lambda sp, a, b: sp.subspace_angles(a, b), TALL, cell(4, 1, seed=4)),
    "pinvh": _matrix(lambda sp, a: sp.pinvh(a), POSITIVE),
    "rq": _matrix(lambda sp, a: sp.rq(a)[0] + 2 * sp.rq(a)[1], S),
    "rq wide": _matrix(lambda sp, a: sp.rq(a, mode="economic")[1], TALL.T),
    "qr_multiply": _matrix(lambda sp, a, c: sp.qr_multiply(a, c)[0], TALL, cell(3, 4, seed=5)),
    "cholesky_banded": _matrix(lambda sp, a: sp.cholesky_banded(a, lower=True), BANDS),
    "cho_solve_banded": _matrix(
        lambda sp, a, b: sp.cho_solve_banded((sp.cholesky_banded(a), False), b), BANDS[::-1], B
    ),
    "solveh_banded": _matrix(lambda sp, a, b: sp.solveh_banded(a, b, lower=True), BANDS, B),
    "eig_banded": _matrix(lambda sp, a: _spectral(*sp.eig_banded(a, lower=True)), BANDS),
    "eigvals_banded": _matrix(lambda sp, a: sp.eigvals_banded(a), BANDS),
    "eigh_tridiagonal": _matrix(lambda sp, d, e: _spectral(*sp.eigh_tridiagonal(d, e)), B, B[:3]),
    "eigvalsh_tridiagonal": _matrix(lambda sp, d, e: sp.eigvalsh_tridiagonal(d, e), B, B[:3]),
    "matmul_toeplitz": _matrix(
        lambda sp, c, x: sp.matmul_toeplitz(c, x).astype(c.dtype), B, cell(4, 2, seed=6)
    ),
    "diagsvd": _matrix(lambda sp, s: sp.diagsvd(s, 4, 5), B),
    "fiedler_companion": _matrix(lambda sp, a: sp.fiedler_companion(a), cell(5)),
    "convolution_matrix": _matrix(lambda sp, a: sp.convolution_matrix(a, 3, "same"), B),
}

SCIPY_DECOMPOSITIONS: Table = {key: made._replace(plain=False) for key, made in _SCIPY.items()}
