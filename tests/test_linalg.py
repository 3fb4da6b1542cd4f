"""Linear algebra beyond the table: large matrices, memory layouts, edge points, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg as sl
from numpy.typing import NDArray

import dualtape as dt
import dualtape.numpy as dnp
import dualtape.scipy.linalg as dsl

# Below, at and above the size from which Eigen's blocks take over, and past a cache.
SIZES = [1, 2, 5, 8, 9, 17, 64, 65, 200]


def matrix(n: int, m: int | None = None, seed: int = 0) -> NDArray[Any]:
    return np.random.default_rng(seed).uniform(-1, 1, (n, m or n))


def positive(n: int) -> NDArray[Any]:
    a = matrix(n)
    return a @ a.T / n + np.eye(n)


def close(actual: Any, wanted: Any, rtol: float = 1e-12) -> None:
    scale = np.max(np.abs(wanted), initial=1e-300)
    np.testing.assert_allclose(actual, wanted, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("n", SIZES)
def test_cholesky_of_every_size_and_layout(n: int) -> None:
    a = positive(n)
    wanted = np.linalg.cholesky(a)
    factor = dt.jit(np.linalg.cholesky)
    close(factor(a), wanted)
    close(dt.jit(lambda a: np.linalg.cholesky(a.T))(a), wanted)
    close(dt.jit(lambda a: np.linalg.cholesky(a[::2, ::2]))(np.kron(a, np.ones((2, 2)))), wanted)
    close(factor(np.tril(a)), wanted)  # the other triangle is not read
    assert not np.triu(factor(a), 1).any()
    close(factor(a.astype(np.float32)), wanted, 2e-5)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("transposed_memory", [False, True])
def test_triangular_solves_of_every_size_and_form(n: int, transposed_memory: bool) -> None:
    t, b = matrix(n) / n + 2 * np.eye(n), matrix(n, 3, seed=1)
    for k in (1, 3):
        for lower in (False, True):
            for trans in (0, 1):
                for unit in (False, True):
                    wanted = sl.solve_triangular(t, b[:, :k], trans, lower, unit)

                    def solve(
                        t: Any, b: Any, trans: Any = trans, lower: Any = lower, unit: Any = unit
                    ) -> Any:
                        if transposed_memory:
                            t = t.T.copy().T
                        return dsl.solve_triangular(t, b, trans, lower, unit)

                    close(dt.jit(solve)(t, b[:, :k]), wanted)
    close(
        dt.jit(lambda t: dsl.solve_triangular(t.T, b, lower=True))(t),
        np.linalg.solve(np.tril(t.T), b),
    )


@pytest.mark.parametrize("n", [3, 70])
def test_gradient_of_a_log_likelihood_is_the_closed_form(n: int) -> None:
    a, y = positive(n), matrix(n, 1, seed=2)[:, 0]

    def misfit(a: Any) -> Any:
        factor = np.linalg.cholesky(a)
        z = dsl.solve_triangular(factor, y, lower=True)
        return 0.5 * z @ z + np.sum(np.log(np.diag(factor)))

    inverse = np.linalg.inv(a)
    whole = 0.5 * (inverse - np.outer(inverse @ y, inverse @ y))
    # Of the lower triangle, each entry of which stands for two.
    wanted = np.tril(whole + whole.T) - np.diag(np.diag(whole))
    close(dt.grad(misfit)(a), wanted, 1e-11)
    close(dt.grad(lambda a: np.linalg.slogdet(a).logabsdet)(a), inverse.T, 1e-11)


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (60, 20), (20, 60), (100, 100)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_factors_multiply_to_the_matrix(shape: tuple[int, int], dtype: Any) -> None:
    a = matrix(*shape).astype(dtype)
    eps = 60 * max(shape) * float(np.finfo(dtype).eps)
    u, s, vh = dt.jit(lambda a: tuple(np.linalg.svd(a, full_matrices=False)))(a)
    q, r = dt.jit(lambda a: tuple(np.linalg.qr(a)))(a)
    k = min(shape)
    assert u.dtype == s.dtype == q.dtype == dtype
    for product in (u * s @ vh, q @ r):
        np.testing.assert_allclose(product, a, atol=eps)
    for orthogonal in (u.T @ u, vh @ vh.T, q.T @ q):
        np.testing.assert_allclose(orthogonal, np.eye(k), atol=eps)
    np.testing.assert_allclose(s, np.linalg.svdvals(a), atol=eps)
    np.testing.assert_allclose(r, np.linalg.qr(a).R, atol=eps)  # signs included
    w, v = dt.jit(lambda a: tuple(np.linalg.eigh(a @ a.T)))(a)
    np.testing.assert_allclose(v * w @ v.T, a @ a.T, atol=eps * k)
    np.testing.assert_allclose(v.T @ v, np.eye(shape[0]), atol=eps)


def test_results_are_named_as_numpys() -> None:
    kinds = {}

    def f(a: Any) -> Any:
        kinds["eigh"] = type(np.linalg.eigh(a))
        kinds["svd"] = type(dnp.linalg.svd(a))
        kinds["qr"] = type(np.linalg.qr(a))
        kinds["slogdet"] = type(np.linalg.slogdet(a))
        return np.linalg.eigh(a).eigenvalues.sum() + np.linalg.svd(a).S[0] + np.linalg.qr(a).R[0, 0]

    dt.grad(f)(positive(3))
    plain = np.eye(2)
    assert kinds["eigh"] is type(np.linalg.eigh(plain))
    assert kinds["svd"] is type(np.linalg.svd(plain))
    assert kinds["qr"] is type(np.linalg.qr(plain))
    assert kinds["slogdet"] is type(np.linalg.slogdet(plain))


def test_slogdet_neither_overflows_nor_minds_singular_matrices() -> None:
    a = 40 * matrix(300)
    with np.errstate(over="ignore"):
        assert not np.isfinite(np.linalg.det(a))
    sign, logarithm = dt.jit(lambda a: tuple(np.linalg.slogdet(a)))(a)
    assert sign == np.linalg.slogdet(a)[0]
    close(logarithm, np.linalg.slogdet(a)[1])
    singular = np.ones((2, 2))
    assert dt.jit(lambda a: tuple(np.linalg.slogdet(a)))(singular) == (0.0, -np.inf)
    with pytest.raises(np.linalg.LinAlgError):
        dt.grad(lambda a: np.linalg.slogdet(a)[1])(singular)
    for order in ([1, 0, 2], [1, 2, 0], [2, 1, 0]):
        p = np.eye(3)[order]
        assert dt.jit(lambda a: np.linalg.slogdet(a)[0])(p) == np.linalg.slogdet(p)[0]


def test_pivots_are_lapacks() -> None:
    a = matrix(9)
    packed, pivots = dt.jit(dsl.lu_factor)(a)
    wanted = sl.lu_factor(a)
    close(packed, wanted[0])
    assert np.array_equal(pivots, wanted[1])
    b = matrix(9, 1)[:, 0]
    # Factors of SciPy's, a traced right-hand side.
    close(dt.jacobian(lambda b: dsl.lu_solve(wanted, b, 1))(b), np.linalg.inv(a.T), 1e-11)


REPEATED = {"identity": np.eye(3), "pair": np.diag([2.0, 2.0, 5.0]), "zero": np.zeros((3, 3))}


@pytest.mark.parametrize("name", REPEATED)
def test_functions_of_all_eigenvalues_are_right_where_some_are_equal(name: str) -> None:
    a = REPEATED[name]
    actual = dt.grad(lambda a: np.sum(np.exp(np.linalg.eigvalsh(a))))(a)
    close(actual, sl.expm(a))
    a_dot = positive(3)
    y_dot = dt.jvp(lambda a: np.sum(np.exp(np.linalg.eigvalsh(a))), (a,), (a_dot,))[1]
    close(y_dot, np.trace(sl.expm(a) @ a_dot))


def test_vectors_of_equal_eigenvalues_have_no_derivative() -> None:
    a, a_dot = REPEATED["pair"], positive(3)
    v_dot = dt.jvp(lambda a: np.linalg.eigh(a)[1], (a,), (a_dot,))[1]
    assert np.isnan(v_dot[:, :2]).all()
    assert np.isfinite(v_dot[:, 2]).all()  # that of the single one is as defined as ever

    def product(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return (v * np.sin(w)) @ v.T

    # It would be cos(2) a_dot in the plane of the equal ones, which no tangent of w and v gives.
    assert np.isnan(dt.jvp(product, (a,), (a_dot,))[1]).any()
    # A tangent that does not couple them passes, and so does a cotangent.
    diagonal = np.diag([1.0, -1.0, 3.0])
    close(dt.jvp(product, (a,), (diagonal,))[1], np.cos(a) * diagonal)

    def alone(a: Any) -> Any:
        return np.linalg.eigh(a)[1][1, 2] ** 2 + np.linalg.eigh(a)[1][0, 2]

    assert np.isfinite(dt.grad(alone)(a)).all()


def test_singular_values_at_zero_and_at_ties() -> None:
    rank_one = np.outer([3.0, 4.0], [1.0, 0.0, 0.0])
    nuclear = dt.grad(lambda a: np.linalg.norm(a, "nuc"))(rank_one)
    close(nuclear[:, 0], [0.6, 0.8])
    assert np.isfinite(nuclear).all()
    close(dt.grad(lambda a: np.linalg.norm(a, "nuc"))(np.zeros((2, 3))), np.zeros((2, 3)))
    rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    close(dt.grad(lambda a: np.sum(np.linalg.svdvals(a) ** 3))(rotation), 3 * rotation)
    left = dt.jvp(lambda a: np.linalg.svd(a)[0], (rotation,), (matrix(2),))[1]
    assert np.isnan(left).all()


def test_pseudo_inverse_of_constant_rank() -> None:
    a, b = matrix(5, 2), matrix(2, 4, seed=1)
    a_dot, h = matrix(5, 2, seed=2), 1e-3

    def inverse(a: Any) -> Any:
        return np.linalg.pinv(a @ b, rcond=1e-8)

    differences = [inverse(a + k * h * a_dot) - inverse(a - k * h * a_dot) for k in (1, 2, 3)]
    wanted = (45 * differences[0] - 9 * differences[1] + differences[2]) / (60 * h)
    close(dt.jvp(inverse, (a,), (a_dot,))[1], wanted, 1e-7)


@pytest.mark.parametrize("n", [2, 12, 40])
def test_functions_of_large_matrices(n: int) -> None:
    a = matrix(n) / np.sqrt(n) + 3 * np.eye(n)
    close(dt.jit(dsl.expm)(a), sl.expm(a), 1e-11)
    close(dt.jit(dsl.expm)(10 * a - 30 * np.eye(n)), sl.expm(10 * a - 30 * np.eye(n)), 1e-10)
    close(dt.jit(dsl.logm)(a), sl.logm(a), 1e-11)
    close(dt.jit(dsl.sqrtm)(a), sl.sqrtm(a), 1e-11)
    e = matrix(n, seed=1)
    for function, inverse in ((dsl.logm, sl.expm), (dsl.sqrtm, lambda x: x @ x)):
        y, y_dot = dt.jvp(function, (a,), (e,))
        if inverse is sl.expm:
            close(sl.expm_frechet(y, y_dot)[1], e, 1e-10)
        else:
            close(y @ y_dot + y_dot @ y, e, 1e-10)
    close(dt.jvp(dsl.expm, (a,), (e,))[1], sl.expm_frechet(a, e)[1], 1e-10)


def test_exponential_of_a_defective_matrix() -> None:
    jordan = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    close(dt.jit(dsl.sqrtm)(jordan) @ dt.jit(dsl.sqrtm)(jordan), jordan)
    close(sl.expm(dt.jit(dsl.logm)(jordan)), jordan)
    e = matrix(3)
    close(dt.jvp(dsl.expm, (jordan,), (e,))[1], sl.expm_frechet(jordan, e)[1])


SQUARE: list[tuple[str, Callable[..., Any]]] = [
    ("cholesky", np.linalg.cholesky),
    ("eigh", np.linalg.eigh),
    ("eigvalsh", np.linalg.eigvalsh),
    ("slogdet", np.linalg.slogdet),
    ("expm", dsl.expm),
    ("logm", dsl.logm),
    ("sqrtm", dsl.sqrtm),
    ("lu", dsl.lu),
    ("solve_triangular", lambda a: dsl.solve_triangular(a, np.ones(3))),
]


@pytest.mark.parametrize(("name", "f"), SQUARE, ids=[name for name, _ in SQUARE])
def test_matrices_that_are_not_square(name: str, f: Callable[..., Any]) -> None:
    with pytest.raises(dt.ShapeError, match=r"must be \(\.\.\., n, n\), got \(3, 4\)") as raised:
        dt.jit(f)(np.ones((3, 4)))
    assert name.removesuffix("valsh")[:3] in str(raised.value)


def test_refusals_and_numerical_failures() -> None:
    error = np.linalg.LinAlgError
    for a in (-np.eye(3), np.full((3, 3), np.nan), -np.eye(90)):
        with pytest.raises(error, match="cholesky: the matrix is not positive definite"):
            dt.jit(np.linalg.cholesky)(a)
    with pytest.raises(error, match="solve_triangular: singular matrix"):
        dt.jit(dsl.solve_triangular)(np.ones((2, 2)) - np.eye(2), np.ones(2))
    with pytest.raises(error, match="solve: singular matrix"):
        dt.jit(np.linalg.solve)(np.ones((2, 2)), np.ones(2))
    with pytest.raises(error, match="sqrtm: A has a negative eigenvalue"):
        dt.jit(dsl.sqrtm)(-np.eye(2))
    with pytest.raises(error, match="logm: A has a negative eigenvalue"):
        dt.jit(dsl.logm)(np.diag([1.0, -2.0]))
    with pytest.raises(error, match="solve_sylvester: A and -B have an eigenvalue in common"):
        dt.jit(dsl.solve_sylvester)(np.eye(2), -np.eye(2), np.ones((2, 2)))
    with pytest.raises(dt.UnsupportedFunctionError, match="pass full_matrices=False"):
        dt.jit(lambda a: np.linalg.svd(a)[1])(np.ones((3, 2)))
    with pytest.raises(dt.UnsupportedFunctionError, match="pass mode='reduced'"):
        dt.jit(lambda a: np.linalg.qr(a, "complete")[0])(np.ones((3, 2)))
    with pytest.raises(ValueError, match="UPLO must be 'L' or 'U', got 'X'"):
        dt.jit(lambda a: np.linalg.eigvalsh(a, "X"))(np.eye(2))
    with pytest.raises(ValueError, match="trans must be"):
        dt.jit(lambda a: dsl.solve_triangular(a, np.ones(2), trans=3))(np.eye(2))


def test_a_cotangent_of_zero_gives_zero_where_nothing_is_defined() -> None:
    def f(a: Any) -> Any:
        return np.where(True, np.sum(np.linalg.eigvalsh(a)), np.sum(np.linalg.eigh(a)[1]))

    close(dt.grad(f)(np.eye(3)), np.eye(3))


def test_nan_spreads() -> None:
    a = np.full((2, 2), np.nan)
    assert np.isnan(dt.jit(np.linalg.eigvalsh)(a)).all()
    assert np.isnan(dt.jit(np.linalg.svdvals)(a)).all()
    assert np.isnan(dt.jit(dsl.expm)(a)).all()
