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
}

SCIPY_DECOMPOSITIONS: Table = {key: made._replace(plain=False) for key, made in _SCIPY.items()}
