"""Rows of the table of functions: products, linear algebra, polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np
from table_rows import Table, cell, grid, own, row

V, W = cell(5), cell(5, seed=1)
A, B, C, S = cell(3, 4), cell(4, 3, seed=2), cell(2, 3, 4, seed=3), grid(3)
STACK = np.stack([grid(3), grid(3, 1)])

PRODUCTS: Table = {
    "dot": row(lambda np, a, b: np.dot(a, b), C, B, ulps=800),
    "dot method": row(lambda np, a, b: own(np, a).dot(b), A, B),
    "vdot": row(lambda np, a, b: np.vdot(a, b), A, B),
    "inner": row(lambda np, a, b: np.inner(a, b), A, B.T),
    "outer": row(lambda np, a, b: np.outer(a, b), A, V),
    "matmul": row(lambda np, a, b: np.matmul(a, b), C, B, ulps=800),
    "vecdot": row(lambda np, a, b: np.vecdot(a, b), C, A, ulps=800),
    "vecdot axis": row(lambda np, a, b: np.vecdot(a, b, axis=0), A, A * A),
    "matvec": row(lambda np, a, b: np.matvec(a, b), C, B[:, 0]),
    "vecmat": row(lambda np, a, b: np.vecmat(a, b), B.T[:2, :3], C),
    "tensordot": row(lambda np, a, b: np.tensordot(a, b, axes=([2, 1], [0, 1])), C, B, ulps=800),
    "tensordot zero": row(lambda np, a, b: np.tensordot(a, b, 0), V, W),
    "einsum": row(lambda np, a, b: np.einsum("...ij,jk->...ik", a, b), C, B, ulps=800),
    "einsum three": row(
        lambda np, a, b, c: np.einsum("ij,jk,kl->il", a, b, c, optimize=True), A, B, A, ulps=2000
    ),
    "einsum diagonal": row(lambda np, a: np.einsum("ii->i", a), S),
    "kron": row(lambda np, a, b: np.kron(a, b), A, S),
    "cross": row(lambda np, a, b: np.cross(a, b), B, B[::-1] ** 2),
    "cross axis": row(lambda np, a, b: np.cross(a, b, axis=0), A, A**2),
    "convolve": row(lambda np, a, b: np.convolve(a, b[:3]), V, W),
    "convolve same": row(lambda np, a, b: np.convolve(a[:2], b, "same"), V, W),
    "convolve valid": row(lambda np, a, b: np.convolve(a, b[:4], "valid"), V, W),
    "correlate": row(lambda np, a, b: np.correlate(a, b[:3]), V, W),
    "correlate full": row(lambda np, a, b: np.correlate(a[:2], b, "full"), V, W),
    "correlate same": row(lambda np, a, b: np.correlate(a, b[:2], "same"), V, W),
    "polyval": row(lambda np, p, x: np.polyval(p, x), V, A, ulps=800),
    "polyder": row(lambda np, p: np.polyder(p, 2), V),
    "polyint": row(lambda np, p, k: np.polyint(p, 2, k[:2]), V, W),
    "polyadd": row(lambda np, p, q: np.polyadd(p, q[:3]), V, W),
    "polysub": row(lambda np, p, q: np.polysub(p[:2], q), V, W),
    "polymul": row(lambda np, p, q: np.polymul(p, q[:3]), V, W),
    "polydiv": row(lambda np, p, q: np.polydiv(p, q[:3])[0], V, W, batch=False, ulps=2000),
    "poly": row(lambda np, z: np.poly(z), V, ulps=2000),
    "poly matrix": row(lambda np, a: np.poly(a), cell(3, 3, seed=8), ulps=4000),
}

LINALG: Table = {
    "norm": row(lambda np, a: np.linalg.norm(a), A),
    "norm axis": row(lambda np, a: np.linalg.norm(a, axis=1, keepdims=True), A),
    "norm 1": row(lambda np, a: np.linalg.norm(a, 1), V),
    "norm 3": row(lambda np, a: np.linalg.norm(a, 3, axis=0), A),
    "norm half": row(lambda np, a: np.linalg.norm(a, 0.5), V, ulps=2000),
    "norm negative": row(lambda np, a: np.linalg.norm(a, -2), V),
    "norm zero": row(lambda np, a: np.linalg.norm(a, 0) * a, V),
    "norm inf": row(lambda np, a: np.linalg.norm(a, np.inf), V),
    "norm minus-inf": row(lambda np, a: np.linalg.norm(a, -np.inf), V),
    "norm fro": row(lambda np, a: np.linalg.norm(a, "fro", axis=(0, 2)), C),
    "norm matrix-1": row(lambda np, a: np.linalg.norm(a, 1), A),
    "norm matrix-minus-1": row(lambda np, a: np.linalg.norm(a, -1), A),
    "norm matrix-inf": row(lambda np, a: np.linalg.norm(a, np.inf, axis=(1, 2)), C),
    "vector_norm": row(lambda np, a: np.linalg.vector_norm(a, axis=(0, 1), ord=3), C),
    "matrix_norm": row(lambda np, a: np.linalg.matrix_norm(a), C),
    "matrix_power": row(lambda np, a: np.linalg.matrix_power(a, 5), S, ulps=2000),
    "matrix_power inverse": row(lambda np, a: np.linalg.matrix_power(a, -2), S, ulps=2000),
    "multi_dot": row(lambda np, a, b: np.linalg.multi_dot([a, b, a]), A, B, ulps=2000),
    "solve": row(lambda np, a, b: np.linalg.solve(a, b), S, B.T, ulps=2000),
    "inv": row(lambda np, a: np.linalg.inv(a), STACK, ulps=2000),
    "det": row(lambda np, a: np.linalg.det(a), STACK, ulps=2000),
    "tensorsolve": row(
        lambda np, a, b: np.linalg.tensorsolve(a, b), grid(6).reshape(2, 3, 6), cell(2, 3),
        ulps=4000,
    ),
    "tensorsolve axes": row(
        lambda np, a, b: np.linalg.tensorsolve(a, b, axes=(0,)), grid(4).reshape(4, 2, 2),
        cell(2, 2), ulps=4000,
    ),
    "tensorinv": row(lambda np, a: np.linalg.tensorinv(a), grid(4).reshape(2, 2, 4), ulps=4000),
    "cross": row(lambda np, a, b: np.linalg.cross(a, b, axis=0), A, A**2),
    "outer": row(lambda np, a, b: np.linalg.outer(a, b), V, W),
    "tensordot": row(lambda np, a, b: np.linalg.tensordot(a, b, axes=1), A, B),
    "vecdot": row(lambda np, a, b: np.linalg.vecdot(a, b, axis=0), A, A * A),
    "matmul": row(lambda np, a, b: np.linalg.matmul(a, b), A, B),
    "trace": row(lambda np, a: np.linalg.trace(a, offset=1), C),
    "diagonal": row(lambda np, a: np.linalg.diagonal(a, offset=-1), C),
    "matrix_transpose": row(lambda np, a: np.linalg.matrix_transpose(a), C),
}  # fmt: skip


def _series() -> Table:
    """Of each basis of numpy.polynomial the same uses."""
    made: Table = {}
    for module, prefix in (
        ("polynomial", "poly"), ("chebyshev", "cheb"), ("legendre", "leg"), ("hermite", "herm"),
        ("hermite_e", "herme"), ("laguerre", "lag"),
    ):  # fmt: skip

        def add(kind: str, f: Any, *args: Any, module: str = module, prefix: str = prefix) -> None:
            made[f"{module}.{prefix}{kind}"] = row(
                lambda p, *x: f(getattr(getattr(p, module), prefix + kind), *x), *args,
                plain=False, ulps=4000,
            )  # fmt: skip

        add("val", lambda f, x, c: f(x, c), SERIES_X, SERIES_C)
        add("vander", lambda f, x: f(x, 3), SERIES_X)
        add("der", lambda f, c: f(c, 2), SERIES_C)
        add("int", lambda f, c: f(c), SERIES_C)
        add("add", lambda f, a, b: f(a, b), SERIES_C, SERIES_X[:3])
        add("sub", lambda f, a, b: f(a, b), SERIES_X[:3], SERIES_C)
        add("mul", lambda f, a, b: f(a, b), SERIES_C, SERIES_X[:3])
        add("fit", lambda f, x, y: f(x, y, 2), SERIES_X, SERIES_X[::-1] ** 2)
    return made


SERIES_X, SERIES_C = cell(6, low=-0.9, high=0.8), cell(5, seed=1)
SERIES: Table = _series()
