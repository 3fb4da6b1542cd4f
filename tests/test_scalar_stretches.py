"""Stretches of scalars against NumPy, bit for bit: every operation rounds by itself, in whatever
order and in however few instructions the interpreter runs it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from chain_programs import program, same_bits

import dualtape as dt
import dualtape.numpy as dnp

LINKS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda t, x: t + x,
    "subtract": lambda t, x: t - x,
    "multiply": lambda t, x: t * x,
    "from": lambda t, x: x - t,
}
# Sums that cancel, products that round, zeros of both signs, and what is not finite.
POINTS = (
    (1.1, 1.3, -0.7, 1e16, 3.0, -1.7, 0.1, 2.3),
    (0.0, -0.0, 1.0, -1.0, 0.0, -0.0, 1.0, 1.0),
    (1e308, 10.0, -1e308, 1e-308, 1e-310, 2.0, 0.5, 7.0),
    (np.inf, -np.inf, 0.0, 1.0, np.nan, 2.0, -0.0, np.inf),
)


def check(f: Callable[[Any, list[Any]], list[Any]], x: list[Any], what: object) -> None:
    with np.errstate(all="ignore"):
        wanted = f(np, x)
    given = dt.jit(lambda *x: f(dnp, list(x)))(*x)
    for k, (a, b) in enumerate(zip(given, wanted, strict=True)):
        assert same_bits(a, b), f"{what}, result {k}: {a!r} is not NumPy's {b!r}"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kept", [False, True], ids=["last", "all"])
def test_every_chain_of_five_links_has_numpys_bits(dtype: Any, kept: bool) -> None:
    """Longer than an instruction: so the later links continue the result of one. `kept`: those on
    the way are results too."""

    def chain(names: tuple[str, ...], x: list[Any]) -> list[Any]:
        t = x[0]
        on_the_way = []
        for name, operand in zip(names, x[1:], strict=False):
            t = LINKS[name](t, operand)
            on_the_way.append(t)
        return on_the_way if kept else [t]

    for first in LINKS:
        rest = list(itertools.product(LINKS, repeat=4))

        def f(_: Any, x: list[Any], first: str = first, rest: Any = rest) -> list[Any]:
            return [y for names in rest for y in chain((first, *names), x)]

        for point in POINTS:
            with np.errstate(over="ignore"):
                x = [dtype(value) for value in point]
            check(f, x, (first, point))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("length", [3, 20, 120, 700, 3000])
def test_random_programs_have_numpys_bits(dtype: Any, length: int) -> None:
    for seed in range(max(4, 600 // length)):
        random = np.random.default_rng([length, seed])
        x = [dtype(v) for v in random.normal(size=5) * 10.0 ** random.integers(-2, 3, size=5)]
        check(program(random, len(x), length), x, (length, seed))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_operands_that_are_results_of_the_same_instruction(dtype: Any) -> None:
    def f(_: Any, x: list[Any]) -> list[Any]:
        a, b, c = x
        t = a * b
        u = t + c
        v = u - t  # t: the link before the last
        w = v * v  # both operands the result before
        y = w * t - u
        return [v, w, y, (y - a) * y, t * t - t, (t + t) * t]

    for point in itertools.permutations((1.1, -2.3, 0.7)):
        check(f, [dtype(value) for value in point], point)


def test_long_program_uses_slots_again() -> None:
    """Values alive throughout lie among many that die at once; blocks of slots are filled anew."""
    steps = 2000

    def f(_: Any, x: list[Any]) -> list[Any]:
        kept, (a, b) = [], x
        for k in range(steps):
            a, b = a * 0.75 - b, (b + a * 0.5) * 0.5
            if k % 400 == 0:
                kept.append(a * b - k)
        return [a, b, *kept]

    x = [np.float64(1.3), np.float64(-0.4)]
    check(f, x, "long")
    run = dt.jit(lambda a, b: f(dnp, [a, b]))
    run(*x)
    # Eight bytes for each of the 12,000 operations would be 96 kB.
    assert run.memory(*x).temporary < 24_000


def test_beside_complex_scalars() -> None:
    """Slots are twice as long there."""

    def f(np: Any, x: list[Any]) -> list[Any]:
        a, b, z = x
        t = a * b - a
        w = z * t + b
        u = (t - b) * t + 0.5
        return [t, w, u, w * w - u, u * u - a, abs(w) * t - u]

    random = np.random.default_rng(3)
    for _ in range(5):
        a, b, re, im = random.normal(size=4)
        x = [np.float64(a), np.float64(b), np.complex128(complex(re, im))]
        with np.errstate(all="ignore"):
            wanted = f(np, x)
        given = dt.jit(lambda *x: f(dnp, list(x)))(*x)
        for y, z in zip(given, wanted, strict=True):
            np.testing.assert_allclose(y, z, rtol=4e-16)


def test_beside_other_types_and_loads() -> None:
    def f(np: Any, x: list[Any]) -> list[Any]:
        array, n, a = x
        t = array[1] * a - array[2]
        u = np.where(t < a, t + n, t * a) - n
        v = np.where(array[0] > array[3], array[2], u) * t
        m = n * n - 3
        return [t, u, v, m, v * m + u, v**3 - u, (t > u) & (u > v)]

    random = np.random.default_rng(5)
    for _ in range(6):
        x = [random.normal(size=4), np.int64(random.integers(-9, 9)), np.float64(random.normal())]
        with np.errstate(all="ignore"):
            wanted = f(np, x)
        given = dt.jit(lambda *x: f(dnp, list(x)))(*x)
        for y, z in zip(given, wanted, strict=True):
            np.testing.assert_allclose(y, z, rtol=1e-15)


FUNCTIONS = ("exp", "log", "sin", "cos", "tanh")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_between_links(name: str) -> None:
    """A result that links may take from a register, and operands that come from them."""

    def f(np: Any, x: list[Any]) -> list[Any]:
        a, b = x
        y = getattr(np, name)(a * b + 1.5)
        return [y, y * a - b, b - y, getattr(np, name)(y * y + 0.5) - y]

    for a, b in ((0.3, 0.7), (1.9, -0.4), (-0.2, 0.9)):
        wanted = f(np, [np.float64(a), np.float64(b)])
        given = dt.jit(lambda *x: f(dnp, list(x)))(a, b)
        np.testing.assert_allclose(given, wanted, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gradient_of_steps_is_the_complex_step(dtype: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        for _ in range(60):
            x, y = x + dtype(0.05) * (y - x * y), y - dtype(0.05) * (x * x - dtype(0.5) * y)
        return x * y

    point = (0.4, 0.9)
    grad = dt.jit(dt.grad(f, argnums=(0, 1)))(dtype(point[0]), dtype(point[1]))
    rtol = 1e-12 if dtype == np.float64 else 2e-5
    for k in range(2):
        z = [complex(v, 1e-30 if i == k else 0) for i, v in enumerate(point)]
        wanted = f(*z).imag / 1e-30
        np.testing.assert_allclose(grad[k], wanted, rtol=rtol)
