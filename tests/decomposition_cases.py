"""Rows of the array-operation table: decompositions and functions of matrices.

Results that are known up to signs or turns are compared through what is not: V f(w) V^T.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from array_case import Case, args_of, matrices

import dualtape.scipy.linalg as dsl


def _positive(x: Any) -> Any:
    """A positive definite matrix made of any, its eigenvalues apart."""
    n = x.shape[-1]
    return np.matmul(x, np.swapaxes(x, -1, -2)) + np.diag(np.arange(1.0, n + 1).astype(x.dtype))


def _row(name: str, f: Callable[..., Any], *args: Any, analytic: bool = False) -> Case:
    return Case(name, f, args, analytic)


def factorisations() -> Iterator[Case]:
    a, stack, one = matrices(3, 3), matrices(2, 2, 2), np.array([[2.5]])
    positive, spd_stack = _positive(a), _positive(stack)
    b, columns = args_of((3,), (3, 2))
    yield _row("cholesky", np.linalg.cholesky, positive)
    yield _row("cholesky-of-product", lambda x: np.linalg.cholesky(_positive(x)), a)
    yield _row("cholesky-stack", np.linalg.cholesky, spd_stack)
    yield _row("cholesky-upper", lambda x: np.linalg.cholesky(x, upper=True), positive)
    yield _row("cholesky-1x1", np.linalg.cholesky, one)
    yield _row("cholesky-0x0", lambda x: np.linalg.cholesky(x) * 1.0, np.zeros((0, 0)))
    for lower in (False, True):
        for trans in (0, 1):
            for unit in (False, True):
                yield _row(
                    f"solve_triangular-{lower}-{trans}-{unit}",
                    lambda a, b, lower=lower, t=trans, u=unit: dsl.solve_triangular(
                        a, b, t, lower, u
                    ),
                    a,
                    columns,
                    analytic=True,
                )
    yield _row("solve_triangular-vector", dsl.solve_triangular, a, b, analytic=True)
    yield _row("solve_triangular-1x1", dsl.solve_triangular, one, one, analytic=True)
    yield _row("cho_solve", lambda a, b: dsl.cho_solve(dsl.cho_factor(a), b), positive, columns)
    yield _row(
        "cho_solve-lower",
        lambda a, b: dsl.cho_solve(dsl.cho_factor(a, lower=True), b),
        positive,
        b,
    )
    yield _row("scipy-solve-pos", lambda a, b: dsl.solve(a, b, assume_a="pos"), positive, b)
    for part in range(3):
        yield _row(f"lu-{part}", lambda x, k=part: dsl.lu(x)[k] * x, a[::-1], analytic=True)
    yield _row("lu-permuted", lambda x: dsl.lu(x, permute_l=True)[0], a[::-1], analytic=True)
    for trans in (0, 1):
        yield _row(
            f"lu_solve-{trans}",
            lambda a, b, t=trans: dsl.lu_solve(dsl.lu_factor(a), b, t),
            a[::-1],
            columns,
            analytic=True,
        )
    yield _row("lu_factor-pivots", lambda x: x * dsl.lu_factor(x)[1], a[::-1], analytic=True)
    yield _row("slogdet", lambda x: np.linalg.slogdet(x)[1], a[::-1])
    yield _row("slogdet-sign", lambda x: np.linalg.slogdet(x).sign * x, a[::-1])
    yield _row("slogdet-stack", lambda x: np.linalg.slogdet(x).logabsdet, stack)
    tall, wide = args_of((4, 2), (2, 4))
    for name, x in {"square": a, "tall": tall, "wide": wide, "stack": stack}.items():
        yield _row(f"qr-q-{name}", lambda x: np.linalg.qr(x).Q, x)
        yield _row(f"qr-r-{name}", lambda x: np.linalg.qr(x)[1], x)
    yield _row("qr-mode-r", lambda x: np.linalg.qr(x, mode="r"), tall)
    yield _row("qr-complete", lambda x: np.linalg.qr(x, mode="complete")[0], wide)
    yield _row("qr-scipy", lambda x: dsl.qr(x, mode="economic")[0], tall)
    yield _row("qr-scipy-r", lambda x: dsl.qr(x, mode="r")[0], tall)
    yield _row("qr-empty", lambda x: np.linalg.qr(x)[1], np.zeros((3, 0)))


def _spectral(x: Any, uplo: str = "L") -> Any:
    w, v = np.linalg.eigh(x, uplo)
    return np.matmul(v * np.sin(w)[..., None, :], np.swapaxes(v, -1, -2))


def _signed(v: Any) -> Any:
    """Eigenvectors whose first entries are positive."""
    return v * np.sign(v[..., :1, :])


def _svd_product(x: Any) -> Any:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return np.matmul(u * np.exp(s)[..., None, :], vh)


def _svd_projections(x: Any) -> Any:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    weights = np.arange(1.0, s.shape[-1] + 1).astype(x.dtype)
    left = np.matmul(u * weights, np.swapaxes(u, -1, -2))
    right = np.matmul(np.swapaxes(vh, -1, -2) * weights, vh)
    return np.matmul(np.matmul(left, x), right)


def spectra() -> Iterator[Case]:
    a, stack, one = matrices(3, 3), matrices(2, 2, 2), np.array([[2.5]])
    positive, spd_stack = _positive(a), _positive(stack)
    yield _row("eigvalsh", np.linalg.eigvalsh, positive)
    yield _row("eigvalsh-upper", lambda x: np.linalg.eigvalsh(x, UPLO="U"), a)
    yield _row("eigvalsh-stack", np.linalg.eigvalsh, spd_stack)
    yield _row("eigh-1x1", lambda x: np.linalg.eigh(x).eigenvalues, one)
    yield _row("eigh-0x0", lambda x: np.linalg.eigh(x)[1] * 1.0, np.zeros((0, 0)))
    yield _row("eigh-vectors", lambda x: _signed(np.linalg.eigh(x)[1]), positive)
    yield _row("eigh-function", _spectral, positive)
    yield _row("eigh-function-upper", lambda x: _spectral(x, "U"), a)
    yield _row("eigh-function-stack", _spectral, spd_stack)
    yield _row("eigh-generalised", lambda x, y: dsl.eigh(x, y)[0], a + a.T, positive)
    yield _row(
        "eigh-generalised-vectors", lambda x, y: _signed(dsl.eigh(x, y)[1]), a + a.T, positive
    )
    yield _row(
        "eigh-subset", lambda x: dsl.eigh(x, eigvals_only=True, subset_by_index=[1, 2]), positive
    )
    tall, wide = args_of((4, 2), (2, 4))
    for name, x in {"square": a, "tall": tall, "wide": wide, "stack": stack}.items():
        yield _row(f"svdvals-{name}", lambda x: np.linalg.svd(x, compute_uv=False), x)
        yield _row(f"svd-product-{name}", _svd_product, x)
        yield _row(f"svd-projections-{name}", _svd_projections, x)
    yield _row("svd-full-square", lambda x: np.abs(np.linalg.svd(x)[0]), a)
    yield _row("svdvals-empty", np.linalg.svdvals, np.zeros((0, 3)))
    for order in (2, -2, "nuc"):
        yield _row(f"norm-{order}-matrix", lambda x, o=order: np.linalg.norm(x, o), tall)
    yield _row("norm-2-axes", lambda x: np.linalg.norm(x, 2, axis=(2, 0), keepdims=True), stack)
    for order in (None, 2, -2, 1, "fro"):
        yield _row(f"cond-{order}", lambda x, p=order: np.linalg.cond(x, p), a)
    yield _row("matrix_rank", lambda x: x * np.linalg.matrix_rank(x), wide)
    yield _row("pinv-square", np.linalg.pinv, a)
    yield _row("pinv-tall", np.linalg.pinv, tall)
    yield _row("pinv-wide", lambda x: np.linalg.pinv(x, rtol=None), wide)
    yield _row(
        "pinv-rank-deficient",
        lambda x, y: np.linalg.pinv(np.matmul(x, y), rcond=1e-4),
        tall,
        wide,
    )
    b, columns = args_of((4,), (4, 3))
    yield _row("lstsq", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], tall, b)
    yield _row("lstsq-columns", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], tall, columns)
    yield _row("lstsq-residuals", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[1], tall, columns)
    yield _row("lstsq-wide", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], wide, b[:2])
    yield _row("lstsq-scipy", lambda a, b: dsl.lstsq(a, b)[1], tall, b)


def functions() -> Iterator[Case]:
    a, one = matrices(3, 3), np.array([[2.5]])
    two = matrices(2, 2)
    for scale in (0.01, 0.1, 0.3, 1.0, 5.0):
        yield _row(f"expm-{scale}", lambda x, s=scale: dsl.expm(x * s), two - 2, analytic=True)
    yield _row("expm-3x3", dsl.expm, (a - 1) / 2, analytic=True)
    yield _row("expm-stack", dsl.expm, matrices(2, 2, 2), analytic=True)
    yield _row("expm-1x1", dsl.expm, one, analytic=True)
    yield _row("expm_frechet", lambda a, e: dsl.expm_frechet(a, e)[1].astype(a.dtype), two, two.T)
    # The complex step drowns in the rounding of a complex Schur form; of float32 SciPy gives other
    # types.
    yield _row("logm", lambda x: np.real(dsl.logm(x)).astype(x.dtype), a)
    yield _row("logm-of-far", lambda x: np.real(dsl.logm(x * x * 30)).astype(x.dtype), two)
    yield _row("sqrtm", dsl.sqrtm, a)
    yield _row("sqrtm-1x1", dsl.sqrtm, one)
    yield _row("solve_sylvester", dsl.solve_sylvester, a, two, args_of((3, 2))[0])
    yield _row("lyapunov", dsl.solve_continuous_lyapunov, two, two.T)


def decompositions() -> Iterator[Case]:
    yield from factorisations()
    yield from spectra()
    yield from functions()
