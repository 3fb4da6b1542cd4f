"""Decompositions where they are hard: rank, grading, range, size; complex ones and eig at edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.linalg as sl
from numpy.typing import NDArray

import dualtape as dt
import dualtape.scipy.linalg as dsl

Matrix = NDArray[Any]


def random(m: int, n: int, kind: str, seed: int = 0) -> Matrix:
    generator = np.random.default_rng(seed + 7 * m + n)
    a = generator.normal(size=(m, n))
    return a + 1j * generator.normal(size=(m, n)) if kind == "c" else a


def bidiagonal(m: int, n: int, kind: str) -> Matrix:
    return np.triu(np.tril(random(m, n, kind), 1))


HARD: dict[str, Callable[[int, int, str], Matrix]] = {
    "random": random,
    "zero": lambda m, n, kind: 0 * random(m, n, kind),
    "identity": lambda m, n, kind: np.eye(m, n).astype(complex if kind == "c" else float),
    # What rounding leaves of rank one vanishes step by step: 1e-16, 1e-32 .. 1e-300.
    "ones": lambda m, n, kind: 0 * random(m, n, kind) + 1,
    "rank-one": lambda m, n, kind: random(m, 1, kind) @ random(1, n, kind),
    "columns-graded": lambda m, n, kind: random(m, n, kind) * np.logspace(-20, 0, n),
    "rows-graded": lambda m, n, kind: random(m, n, kind) * np.logspace(0, -18, m)[:, None],
    "bidiagonal-up": lambda m, n, kind: bidiagonal(m, n, kind) * np.logspace(-15, 0, n),
    "bidiagonal-down": lambda m, n, kind: bidiagonal(m, n, kind) * np.logspace(0, -15, n),
    "large-numbers": lambda m, n, kind: 1e200 * random(m, n, kind),
    "small-numbers": lambda m, n, kind: 1e-300 * random(m, n, kind),
    "integers": lambda m, n, kind: np.round(random(m, n, kind)),
}  # fmt: skip
SHAPES = [(1, 1), (2, 2), (3, 2), (2, 5), (7, 7), (9, 3), (40, 40), (81, 40), (30, 90), (130, 130)]


def adjoint(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def assert_unitary(q: Matrix) -> None:
    k = q.shape[1]
    np.testing.assert_allclose(adjoint(q) @ q, np.eye(k), rtol=0, atol=1e-14 * np.sqrt(k + 9))


def assert_near(actual: Matrix, wanted: Matrix) -> None:
    size = float(np.abs(wanted).max(initial=0.0)) or 1.0
    tolerance = 4e-15 * sum(np.shape(wanted))
    np.testing.assert_allclose(actual / size, wanted / size, rtol=0, atol=tolerance)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", ["f", "c"])
@pytest.mark.parametrize("name", HARD)
def test_factors_are_unitary_and_give_the_matrix(
    name: str, kind: str, shape: tuple[int, int]
) -> None:
    a = HARD[name](*shape, kind)
    u, s, vh = dt.jit(lambda a: tuple(np.linalg.svd(a, full_matrices=False)))(a)
    assert_unitary(u)
    assert_unitary(adjoint(vh))
    assert_near((u * s) @ vh, a)
    assert_near(s, np.linalg.svdvals(a))
    assert (np.diff(s) <= 0).all()
    assert (s >= 0).all()
    q, r = dt.jit(lambda a: tuple(np.linalg.qr(a)))(a)
    assert_unitary(q)
    assert_near(q @ r, a)
    assert np.array_equal(np.tril(r, -1), np.zeros_like(r))
    assert np.array_equal(np.diagonal(r).imag, np.zeros(min(shape)))
    if shape[0] != shape[1]:
        return
    h = a + adjoint(a)
    w, v = dt.jit(lambda h: tuple(np.linalg.eigh(h)))(h)
    assert w.dtype == np.float64
    assert_unitary(v)
    assert_near((v * w) @ adjoint(v), h)
    assert_near(w, np.linalg.eigvalsh(h))
    values, vectors = dt.jit(lambda a: tuple(np.linalg.eig(a)))(a)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), 1, rtol=1e-13)
    # Balancing gives graded columns their small eigenvalues, at the price of this residual in
    # LAPACK's vectors as in ours. Source: Watkins (2006), A case where balancing is harmful.
    w, v = np.linalg.eig(a)
    price = 10 * np.abs(a @ v - v * w).max()
    residual = np.abs(a @ vectors - vectors * values).max()
    assert residual <= max(4e-15 * sum(shape) * np.abs(a).max(), price)


@pytest.mark.parametrize("kind", ["f", "c"])
@pytest.mark.parametrize("n", [65, 100, 257])
def test_large_solves_and_factorisations(n: int, kind: str) -> None:
    a, b = random(n, n, kind), random(n, 3, kind, seed=1)
    h = a @ adjoint(a) + n * np.eye(n)
    assert_near(a @ dt.jit(np.linalg.solve)(a, b), b * 1.0)
    assert_near(dt.jit(np.linalg.inv)(h), np.linalg.inv(h))
    assert_near(dt.jit(np.linalg.cholesky)(h), np.linalg.cholesky(h))
    np.testing.assert_allclose(
        dt.jit(lambda a: np.linalg.slogdet(a)[1])(a), np.linalg.slogdet(a)[1], rtol=1e-11
    )
    factor = np.linalg.cholesky(h)
    for columns in (b, b[:, 0], np.tile(b, 30)):
        for lower, t in ((True, factor), (False, adjoint(factor))):
            for trans in (0, 1, 2):
                actual = dt.jit(lambda t, b, k=trans, w=lower: dsl.solve_triangular(t, b, k, w))(
                    t, columns
                )
                assert_near(actual, sl.solve_triangular(t, columns, trans, lower))


def test_eig_of_real_matrices() -> None:
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    values = dt.jit(np.linalg.eigvals)(turn)
    np.testing.assert_allclose(sorted(values, key=np.imag), [-1j, 1j], atol=1e-15)
    assert dt.jit(np.linalg.eigvals)(np.eye(3, dtype=np.float32)).dtype == np.complex64
    assert isinstance(dt.jvp(np.linalg.eig, (turn,), (turn,))[0], type(np.linalg.eig(turn)))
    with pytest.raises(dt.ShapeError, match=r"eig: A must be \(\.\.\., n, n\), got \(2, 3\)"):
        dt.jit(np.linalg.eigvals)(np.ones((2, 3)))
    assert np.isnan(dt.jit(np.linalg.eigvals)(np.full((2, 2), np.nan))).all()
    # Of a cyclic shift all eigenvalues have one size: a shift of zero would turn in place.
    for n in (3, 8, 33):
        values = dt.jit(np.linalg.eigvals)(np.roll(np.eye(n), 1, axis=0))
        np.testing.assert_allclose(values**n, np.ones(n), atol=1e-12)


def test_eig_where_eigenvalues_are_equal() -> None:
    a, a_dot = np.diag([2.0, 2.0, 5.0]), random(3, 3, "f")
    # Of a simple one the derivative is known, as is the sum of all.
    w, w_dot = dt.jvp(np.linalg.eigvals, (a,), (a_dot,))
    np.testing.assert_allclose(w_dot[np.abs(w - 5) < 1e-9], a_dot[2, 2])
    np.testing.assert_allclose(np.sum(w_dot), np.trace(a_dot))
    assert np.isnan(dt.jvp(lambda a: np.linalg.eig(a)[1], (a,), (a_dot,))[1]).any()
    # A defective matrix: the square root of what is added below the diagonal.
    jordan, below = np.diag([1.0], 1), np.diag([1.0], -1)
    np.testing.assert_allclose(dt.jvp(np.linalg.eigvals, (jordan,), (np.eye(2),))[1], [1, 1])
    assert np.abs(dt.jvp(np.linalg.eigvals, (jordan,), (below,))[1]).min() > 1e12


def test_complex_edges() -> None:
    z = np.diag([2.0, 2.0, 5.0]).astype(complex)
    z_dot = random(3, 3, "c") + 0j
    v_dot = dt.jvp(lambda a: np.linalg.eigh(a)[1], (z,), (z_dot,))[1]
    assert np.isnan(v_dot[:, :2]).all()
    assert np.isfinite(v_dot[:, 2]).all()
    gradient = dt.grad(lambda a: np.sum(np.exp(np.linalg.eigvalsh(a))))(z)
    np.testing.assert_allclose(gradient, sl.expm(z), rtol=1e-13)
    zero = dt.grad(lambda a: np.linalg.norm(a, "nuc"))(np.zeros((2, 3), complex))
    np.testing.assert_array_equal(zero, np.zeros((2, 3)))
    error = np.linalg.LinAlgError
    for bad in (-np.eye(3) + 0j, np.full((3, 3), np.nan + 0j)):
        with pytest.raises(error, match="cholesky: the matrix is not positive definite"):
            dt.jit(np.linalg.cholesky)(bad)
    with pytest.raises(error, match="solve_triangular: singular matrix"):
        dt.jit(dsl.solve_triangular)(np.zeros((2, 2), complex), np.ones(2))
    with pytest.raises(error, match=r"logm: A has a negative eigenvalue.*pass a complex A"):
        dt.jit(dsl.logm)(-np.eye(2))
    np.testing.assert_allclose(dt.jit(dsl.logm)(-np.eye(2) + 0j), np.pi * 1j * np.eye(2))
    assert np.isnan(dt.jit(np.linalg.svdvals)(np.full((2, 3), np.nan + 0j))).all()
    # The imaginary part of the diagonal is not read.
    odd = np.eye(2) * (2 + 1j)
    np.testing.assert_allclose(dt.jit(np.linalg.eigvalsh)(odd), [2, 2])
    np.testing.assert_allclose(dt.grad(lambda a: np.sum(np.linalg.eigvalsh(a)))(odd), np.eye(2))


def test_backend_of_scipy_fft() -> None:
    x = np.array([1.0, 2.0, -1.0, 0.5])
    with scipy.fft.set_backend(dt.scipy.fft):
        actual = dt.grad(lambda x: np.sum(scipy.fft.dct(x, 3, norm="ortho") ** 3))(x)
        np.testing.assert_allclose(scipy.fft.dct(x), scipy.fft.dct(x.tolist()))
    y = scipy.fft.dct(x, 3, norm="ortho")
    np.testing.assert_allclose(actual, scipy.fft.dct(3 * y**2, 2, norm="ortho"), rtol=1e-13)


def test_refusals_of_scipy_fft() -> None:
    fft = dt.scipy.fft
    with pytest.raises(ValueError, match="dct: type must be 1, 2, 3 or 4, got 5"):
        dt.jit(lambda x: fft.dct(x, 5))(np.ones(3))
    with pytest.raises(ValueError, match="dct: type 1 needs at least 2 points, got 1"):
        dt.jit(lambda x: fft.dct(x, 1))(np.ones(1))
    with pytest.raises(ValueError, match="idst: norm must be"):
        dt.jit(lambda x: fft.idst(x, norm="unit"))(np.ones(3))
    with pytest.raises(TypeError, match="dst: real values are wanted, got complex128"):
        dt.jit(fft.dst)(np.ones(3, complex))
    with pytest.raises(ValueError, match="dctn: s and axes must be of one length"):
        dt.jit(lambda x: fft.dctn(x, s=[2, 2], axes=[0]))(np.ones((3, 3)))


@pytest.mark.parametrize("kind", ["f", "c"])
@pytest.mark.parametrize("n", [2, 33, 70, 150])
def test_derivatives_of_cholesky_factors_of_any_size(n: int, kind: str) -> None:
    a, e, l_bar = (random(n, n, kind, seed) for seed in range(3))
    h, h_dot = a @ adjoint(a) + n * np.eye(n), e + adjoint(e)
    factor, l_dot = dt.jvp(np.linalg.cholesky, (h,), (h_dot,))
    assert_near(factor, np.linalg.cholesky(h))
    np.testing.assert_array_equal(np.triu(l_dot, 1), 0)
    # L L^H = A determines L_dot.
    moved = l_dot @ adjoint(factor)
    assert_near(moved + adjoint(moved), h_dot)
    h_bar = dt.vjp(np.linalg.cholesky, h)[1](l_bar)[0]
    np.testing.assert_array_equal(np.triu(h_bar, 1), 0)
    actual = np.sum(np.conj(h_bar) * h_dot).real
    np.testing.assert_allclose(actual, np.sum(np.conj(l_bar) * l_dot).real, rtol=1e-11)


@pytest.mark.parametrize("kind", ["f", "c"])
def test_second_derivatives_of_cholesky_factors(kind: str) -> None:
    a, e, weight = (random(40, 40, kind, seed) for seed in range(3))
    h, h_dot = a @ adjoint(a) + 40 * np.eye(40), e + adjoint(e)

    def f(x: Any) -> Any:
        return np.sum(np.real(np.conj(weight) * np.sin(np.linalg.cholesky(x))))

    def slope(x: Any) -> Any:
        return dt.jvp(f, (x,), (h_dot,))[1]

    step = 1e-5
    moved = dt.jvp(dt.grad(f), (h,), (h_dot,))[1]
    wanted = (dt.grad(f)(h + step * h_dot) - dt.grad(f)(h - step * h_dot)) / (2 * step)
    np.testing.assert_allclose(moved, wanted, rtol=0, atol=1e-8 * np.abs(wanted).max())
    # The other order of the transformations, and forward over forward.
    np.testing.assert_allclose(dt.grad(slope)(h), moved, rtol=0, atol=1e-13)
    twice = dt.jvp(slope, (h,), (h_dot,))[1]
    np.testing.assert_allclose(twice, np.sum(np.conj(moved) * h_dot).real, rtol=1e-9)
