"""Vectors of eigh, svd and eig with the signs, phases and order that NumPy's LAPACK gives them.

LAPACK decides by rounding where a value is as good as zero: now and then (one of 1000 matrices
of 20 rows) a change in the last bit turns a pair of NumPy's own vectors. None is among these.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt

Matrix = NDArray[Any]


def random(m: int, n: int, kind: str) -> Matrix:
    generator = np.random.default_rng(7000 + 100 * m + n)
    x = generator.normal(size=(m, n))
    return x + 1j * generator.normal(size=(m, n)) if kind in "FD" else x


def hermitian(n: int, kind: str, form: str) -> Matrix:
    x = random(n, n, kind)
    a = x + np.conj(x.T)
    if form == "tridiagonal":
        return np.triu(np.tril(a, 1), -1)
    if form == "graded":
        return a * np.logspace(0, -2, n) * np.logspace(0, -2, n)[:, None]
    return a @ np.conj(a.T) if form == "positive" else a


def rectangular(m: int, n: int, kind: str, form: str) -> Matrix:
    a = random(m, n, kind)
    if form == "bidiagonal":
        return np.triu(np.tril(a, 1))
    if form == "graded":
        return a * np.logspace(0, -9, n)
    return a if form == "random" or min(m, n) < 2 else np.vstack([a[:-1], a[:1]])


def assert_vectors(actual: Matrix, wanted: Matrix, kind: str) -> None:
    np.testing.assert_allclose(actual, wanted, rtol=0, atol=1e-5 if kind in "fF" else 1e-9)


@pytest.mark.parametrize("kind", "fdFD")
@pytest.mark.parametrize("uplo", ["L", "U"])
@pytest.mark.parametrize("form", ["random", "tridiagonal", "graded", "positive"])
def test_eigenvectors_have_the_signs_of_lapack(
    form: str, uplo: Literal["L", "U"], kind: str
) -> None:
    f = dt.jit(lambda a: tuple(np.linalg.eigh(a, uplo)))
    for n in range(1, 13 if form == "graded" else 26):
        a = hermitian(n, kind, form).astype(kind)
        assert_vectors(f(a)[1], np.linalg.eigh(a, uplo)[1], kind)


SIDES = [1, 2, 3, 4, 5, 7, 8, 11, 12, 15]


@pytest.mark.parametrize("kind", "fdFD")
@pytest.mark.parametrize("form", ["random", "bidiagonal", "graded"])
def test_singular_vectors_have_the_signs_of_lapack(form: str, kind: str) -> None:
    f = dt.jit(lambda a: tuple(np.linalg.svd(a, full_matrices=False)))
    for m in SIDES:
        for n in SIDES:
            a = rectangular(m, n, kind, form).astype(kind)
            u, _, vh = f(a)
            wanted = np.linalg.svd(a, full_matrices=False)
            assert_vectors(u, wanted[0], kind)
            assert_vectors(vh, wanted[2], kind)


@pytest.mark.parametrize("kind", "dD")
def test_vectors_of_a_deficient_matrix_have_the_signs_of_lapack(kind: str) -> None:
    f = dt.jit(lambda a: tuple(np.linalg.svd(a, full_matrices=False)))
    for n in (3, 5, 9):
        a = rectangular(n, n, kind, "deficient")
        u, _, vh = f(a)
        wanted = np.linalg.svd(a)
        assert_vectors(u[:, :-1], wanted[0][:, :-1], kind)
        assert_vectors(vh[:-1], wanted[2][:-1], kind)


def test_vectors_of_equal_values_are_those_of_lapack() -> None:
    for a in (np.eye(4), np.zeros((3, 3)), np.diag([2.0, 1.0, 2.0, -2.0])):
        w, v = dt.jit(lambda a: tuple(np.linalg.eigh(a)))(a)
        np.testing.assert_array_equal(w, np.linalg.eigh(a)[0])
        assert_vectors(v, np.linalg.eigh(a)[1], "d")
        u, s, vh = dt.jit(lambda a: tuple(np.linalg.svd(a)))(a)
        wanted = np.linalg.svd(a)
        assert_vectors(s, wanted[1], "d")
        assert_vectors(u, wanted[0], "d")
        assert_vectors(vh, wanted[2], "d")


def test_stacks_and_their_derivatives_have_the_signs_of_lapack() -> None:
    x = np.random.default_rng(5).normal(size=(2, 3, 6, 6))
    x = x + np.swapaxes(x, -1, -2)
    f = dt.jit(lambda a: np.linalg.eigh(a)[1])
    assert_vectors(f(x), np.linalg.eigh(x)[1], "d")
    v = np.random.default_rng(6).normal(size=x.shape)
    v = v + np.swapaxes(v, -1, -2)
    step = 1e-6
    wanted = (np.linalg.eigh(x + step * v)[1] - np.linalg.eigh(x - step * v)[1]) / (2 * step)
    np.testing.assert_allclose(dt.jvp(f, (x,), (v,))[1], wanted, rtol=0, atol=1e-7)


@pytest.mark.parametrize("kind", "dD")
def test_large_matrices_have_the_signs_of_lapack_which_divides_them(kind: str) -> None:
    for n in (26, 41, 70):
        a = hermitian(n, kind, "random")
        for uplo in ("L", "U"):
            v = dt.jit(lambda a, uplo=uplo: np.linalg.eigh(a, uplo)[1])(a)
            assert_vectors(v, np.linalg.eigh(a, uplo)[1], kind)
        for shape in ((n, n), (n + 5, n), (n, n + 5), (2 * n, n), (n, 2 * n)):
            x = random(*shape, kind)
            u, _, vh = dt.jit(lambda a: tuple(np.linalg.svd(a, full_matrices=False)))(x)
            wanted = np.linalg.svd(x, full_matrices=False)
            assert_vectors(u, wanted[0], kind)
            assert_vectors(vh, wanted[2], kind)


def test_blocks_of_a_large_matrix_have_the_signs_of_lapack() -> None:
    # A block that is iterated beside one that is divided, and entries without a neighbour.
    a = np.zeros((60, 60))
    x = hermitian(50, "d", "tridiagonal")
    a[:10, :10], a[10:55, 10:55] = x[40:, 40:], x[:45, :45]
    a[55:, 55:] = np.diag([3.0, -1.0, 2.5, 7.0, 0.25])
    v = dt.jit(lambda a: np.linalg.eigh(a)[1])(a)
    assert_vectors(v, np.linalg.eigh(a)[1], "d")


def general(n: int, kind: str, form: str) -> Matrix:
    a = random(n, n, kind)
    if form == "triangular":
        return np.tril(a)
    if form == "companion":
        return np.diag(np.ones(n - 1), -1) + a * (np.arange(n) == 0)[:, None]
    if form == "integers":
        return np.round(2 * a)
    return a * np.logspace(-7, 7, n) / np.logspace(-7, 7, n)[:, None] if form == "scaled" else a


@pytest.mark.parametrize("kind", "dD")
@pytest.mark.parametrize("form", ["random", "triangular", "companion", "integers", "scaled"])
def test_general_eigenvalues_have_the_order_of_lapack(form: str, kind: str) -> None:
    for n in range(1, 26):
        a = general(n, kind, form)
        wanted = np.linalg.eigvals(a)
        size = np.abs(wanted).max() or 1.0
        actual = dt.jit(np.linalg.eigvals)(a)
        np.testing.assert_allclose(actual / size, wanted / size, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("kind", "most"), [("d", 4), ("D", 25)])
def test_general_eigenvectors_have_the_signs_of_lapack(kind: str, most: int) -> None:
    # In larger real matrices a rounded zero often decides on the sign of a conjugate pair.
    for n in range(1, most + 1):
        a = random(n, n, kind)
        v = dt.jit(lambda a: np.linalg.eig(a)[1])(a)
        assert_vectors(v, np.linalg.eig(a)[1], kind)
        for k in range(n if kind == "d" else 0):
            assert v[:, k][np.argmax(np.abs(v[:, k]))].imag == 0


def test_badly_scaled_matrices_are_balanced() -> None:
    # D^-1 B D, D of powers of two: the eigenvalues of B to the last digits, as LAPACK's.
    b = random(8, 8, "d")
    d = 2.0 ** np.array([-60, 50, 0, 33, -41, 7, 60, -12])
    a = b * d / d[:, None]
    np.testing.assert_allclose(dt.jit(np.linalg.eigvals)(a), np.linalg.eigvals(b), rtol=1e-12)
    w, v = dt.jit(lambda a: tuple(np.linalg.eig(a)))(a)
    inside = v * d[:, None]
    inside = inside / np.linalg.norm(inside, axis=0)
    np.testing.assert_allclose(b @ inside, inside * w, rtol=0, atol=1e-13)
