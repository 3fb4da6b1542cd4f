"""Functions of matrices where eigenvalues are equal, or where a matrix is singular or zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import dualtape.scipy as dsp

inf, nan = np.inf, np.nan

Rows = tuple[tuple[float, ...], ...]


class MatrixEdge(NamedTuple):
    """A function of one matrix to a number, and its gradient or the error of it."""

    text: str
    f: Callable[[Any], Any]
    a: Rows
    gradient: Rows | str
    why: str


ONE, ZERO = ((1.0, 0.0), (0.0, 1.0)), ((0.0, 0.0), (0.0, 0.0))
SINGULAR, RANK_ONE = ((2.0, 0.0), (0.0, 0.0)), ((1.0, 1.0), (1.0, 1.0))
HALF, HALVES, NANS = ((0.5, 0.0), (0.0, 0.5)), ((0.5, 0.5), (0.5, 0.5)), ((nan, nan), (nan, nan))
ONES = ((1.0, 1.0), (1.0, 1.0))
PLACES = np.arange(4.0).reshape(2, 2)
FREE = "equal eigenvalues: the vectors may turn in their plane"


def _with_vectors(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return np.sum((v * np.exp(w)) @ v.T)


def _product(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    return np.sum((u * s) @ vh)


def _least_squares(a: Any) -> Any:
    return np.sum(np.linalg.lstsq(a, np.array([1.0, 1.0]), rcond=None)[0])


MATRIX_EDGES: list[MatrixEdge] = [
    MatrixEdge("sum(eigvalsh(a)**2)", lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), ONE,
               ((2, 0), (0, 2)), "a function of the whole spectrum is smooth"),
    MatrixEdge("max(eigvalsh(a))", lambda a: np.max(np.linalg.eigvalsh(a)), ONE, HALF,
               "ties share"),
    MatrixEdge("sum(p * eigh(a)[1])", lambda a: np.sum(PLACES * np.linalg.eigh(a)[1]), ONE, NANS,
               FREE),
    MatrixEdge("sum(V exp(w) V^T) by eigh", _with_vectors, ONE, NANS, FREE + "; use expm"),
    MatrixEdge("sum(expm(a))", lambda a: np.sum(dsp.linalg.expm(a)), ZERO, ONES, "smooth"),
    MatrixEdge("sum(logm(a))", lambda a: np.sum(dsp.linalg.logm(a)), ONE, ONES, "smooth"),
    MatrixEdge("sum(sqrtm(a))", lambda a: np.sum(dsp.linalg.sqrtm(a)), ONE, HALVES, "smooth"),
    MatrixEdge("sum(sqrtm(a))", lambda a: np.sum(dsp.linalg.sqrtm(a)), SINGULAR, NANS,
               "a root at zero"),
    MatrixEdge("sum(svdvals(a))", lambda a: np.sum(np.linalg.svdvals(a)), ONE, ONE,
               "equal singular values: their sum is smooth"),
    MatrixEdge("norm(a, 'nuc')", lambda a: np.linalg.norm(a, "nuc"), RANK_ONE, HALVES,
               "a singular value at zero is flat, as abs"),
    MatrixEdge("norm(a, 'nuc')", lambda a: np.linalg.norm(a, "nuc"), ZERO, ZERO, "as abs"),
    MatrixEdge("norm(a, 2)", lambda a: np.linalg.norm(a, 2), ONE, HALF, "ties share"),
    MatrixEdge("norm(a, -2)", lambda a: np.linalg.norm(a, -2), SINGULAR, ZERO, "as abs"),
    MatrixEdge("norm(a)", lambda a: np.linalg.norm(a), ZERO, ZERO, "as norm"),
    MatrixEdge("sum(U s Vh) by svd", _product, SINGULAR, ONES,
               "beside its vectors a singular value goes on smoothly through zero"),
    MatrixEdge("sum(U s Vh) by svd", _product, ONE, NANS, FREE),
    MatrixEdge("sum(U s Vh) by svd", _product, ZERO, NANS, FREE),
    MatrixEdge("det(a)", lambda a: np.linalg.det(a), RANK_ONE, ((1, -1), (-1, 1)), "a polynomial"),
    MatrixEdge("det(a)", lambda a: np.linalg.det(a), ZERO, ZERO, "a polynomial"),
    MatrixEdge("slogdet(a)[1]", lambda a: np.linalg.slogdet(a)[1], SINGULAR, "LinAlgError",
               "a pole"),
    MatrixEdge("sum(inv(a))", lambda a: np.sum(np.linalg.inv(a)), SINGULAR, "LinAlgError",
               "a pole"),
    MatrixEdge("sum(solve(a, 1))", lambda a: np.sum(np.linalg.solve(a, np.ones(2))), RANK_ONE,
               "LinAlgError", "a pole"),
    MatrixEdge("sum(pinv(a))", lambda a: np.sum(np.linalg.pinv(a)), SINGULAR,
               ((-0.25, 0.25), (0.25, 0)), "among matrices of this rank"),
    MatrixEdge("sum(pinv(a))", lambda a: np.sum(np.linalg.pinv(a)), ZERO, ZERO,
               "among matrices of this rank"),
    MatrixEdge("sum(lstsq(a, 1)[0])", _least_squares, SINGULAR, ((-0.25, 0.25), (0.25, 0)),
               "as pinv"),
    MatrixEdge("sum(cholesky(a))", lambda a: np.sum(np.linalg.cholesky(a)), SINGULAR,
               "LinAlgError", "not positive definite"),
    MatrixEdge("max(real(eigvals(a)))", lambda a: np.max(np.real(np.linalg.eigvals(a))), ONE, HALF,
               "ties share"),
    MatrixEdge("sum(p * eig(a)[1])", lambda a: np.real(np.sum(PLACES * np.linalg.eig(a)[1])), ONE,
               NANS, FREE),
    MatrixEdge("matrix_rank(a)", lambda a: np.linalg.matrix_rank(a) + 0 * np.sum(a), SINGULAR,
               ZERO, "a step"),
    MatrixEdge("cond(a)", lambda a: np.linalg.cond(a), SINGULAR, ((inf, nan), (nan, nan)),
               "a pole"),
    MatrixEdge("sum(qr(a).R)", lambda a: np.sum(np.linalg.qr(a)[1]), SINGULAR, "LinAlgError",
               "the columns of Q may turn"),
]  # fmt: skip
