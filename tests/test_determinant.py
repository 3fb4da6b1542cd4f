"""Derivatives of det to third order: those of a polynomial, at whatever matrix."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt

Entries = tuple[tuple[int, int], ...]


def minor(a: NDArray[Any], rows: tuple[int, ...], columns: tuple[int, ...]) -> complex:
    """By Leibniz's formula in rational numbers: float64 entries are such."""

    def times(x: Any, y: Any) -> Any:
        return (x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0])

    total = [Fraction(0), Fraction(0)]
    for order in permutations(range(len(columns))):
        term = (Fraction(parity(order)), Fraction(0))
        for i, k in zip(rows, order, strict=True):
            entry = complex(a[i, columns[k]])
            term = times(term, (Fraction(entry.real), Fraction(entry.imag)))
        total = [t + x for t, x in zip(total, term, strict=True)]
    return complex(float(total[0]), float(total[1]))


def parity(order: tuple[int, ...]) -> int:
    swaps = sum(i > j for k, i in enumerate(order) for j in order[k + 1 :])
    return -1 if swaps % 2 else 1


def partial(a: NDArray[Any], entries: Entries) -> complex:
    """The derivative of det(a) in these entries."""
    rows, columns = zip(*entries, strict=True)
    if len({*rows}) < len(rows) or len({*columns}) < len(columns):
        return 0.0
    rest = [tuple(k for k in range(len(a)) if k not in used) for used in (rows, columns)]
    # The sign of the permutation that has these entries and is increasing elsewhere.
    order = [0] * len(a)
    for i, j in (*entries, *zip(*rest, strict=True)):
        order[i] = j
    return parity(tuple(order)) * minor(a, *rest)


def singular_matrices(n: int, imaginary: float) -> dict[str, NDArray[Any]]:
    generator = np.random.default_rng(n)
    a = np.round(8 * generator.normal(size=(n, n))) / 8
    if imaginary:
        a = a + 1j * imaginary * np.round(8 * generator.normal(size=(n, n))) / 8
    one, two = a.copy(), a.copy()
    one[-1] = two[-1] = a[0]
    two[1] = 2 * a[0]
    return {
        "regular": a,
        "rank-n-1": one,
        "rank-n-2": two,
        "zero": 0 * a,
        **{f"singular-but-2^-{k}": one + 2.0**-k * np.eye(n)[::-1] for k in (20, 40, 50)},
        **{f"rank-n-2-but-2^-{k}": two + 2.0**-k * np.eye(n)[::-1] for k in (12, 25, 50)},
    }


@pytest.mark.parametrize("name", singular_matrices(3, 0))
@pytest.mark.parametrize("imaginary", [0.0, 1.0], ids=["real", "complex"])
@pytest.mark.parametrize("n", [3, 4])
def test_gradient_and_hessian_are_minors(n: int, imaginary: float, name: str) -> None:
    a = singular_matrices(n, imaginary)[name]
    places = [(i, j) for i in range(n) for j in range(n)]
    size = np.abs(a).max(initial=1.0)
    gradient = dt.grad(np.linalg.det, holomorphic=bool(imaginary))(a)
    wanted = np.array([partial(a, (p,)) for p in places]).reshape(n, n)
    np.testing.assert_allclose(gradient, wanted, rtol=0, atol=2e-14 * size ** (n - 1))
    hessian = dt.hessian(np.linalg.det, holomorphic=bool(imaginary))(a)
    wanted = np.array([partial(a, (p, q)) for p in places for q in places]).reshape((n,) * 4)
    np.testing.assert_allclose(hessian, wanted, rtol=0, atol=2e-14 * size ** (n - 2))


def along(f: Callable[..., Any], direction: NDArray[Any]) -> Callable[..., Any]:
    return lambda x: dt.jvp(f, (x,), (direction,))[1]


@pytest.mark.parametrize("name", ["regular", "rank-n-2", "zero", "singular-but-2^-40"])
def test_third_derivatives_are_minors_in_either_mode(name: str) -> None:
    n = 4
    a = singular_matrices(n, 0.0)[name]

    def unit(i: int, j: int) -> NDArray[Any]:
        e = np.zeros((n, n))
        e[i, j] = 1.0
        return e

    for first, second in [((0, 0), (1, 1)), ((2, 1), (0, 3)), ((1, 2), (1, 3)), ((3, 0), (0, 3))]:
        twice = along(along(np.linalg.det, unit(*first)), unit(*second))
        places = [(i, j) for i in range(n) for j in range(n)]
        wanted = np.array([partial(a, (first, second, p)) for p in places]).reshape(n, n)
        np.testing.assert_allclose(dt.grad(twice)(a), wanted.real, rtol=0, atol=1e-13)
        forward = np.array([along(twice, unit(*p))(a) for p in places]).reshape(n, n)
        np.testing.assert_allclose(forward, wanted.real, rtol=0, atol=1e-13)


def test_a_batch_of_regular_and_singular_matrices() -> None:
    stack = np.stack([x for x in singular_matrices(3, 0.0).values()])
    single = np.stack([dt.hessian(np.linalg.det)(x) for x in stack])
    np.testing.assert_allclose(dt.vmap(dt.hessian(np.linalg.det))(stack), single, rtol=1e-14)
    total = dt.hessian(lambda x: np.sum(np.linalg.det(x)))(stack)
    for k, one in enumerate(single):
        np.testing.assert_allclose(total[k, :, :, k], one, rtol=1e-14)
    narrow = dt.hessian(np.linalg.det)(stack[1].astype(np.float32))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, single[1], rtol=1e-6, atol=1e-6)
