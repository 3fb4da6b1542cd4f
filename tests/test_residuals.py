"""Residuals that are computed again where they are read: memory is saved, no bit changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp

N = 160
ARRAY = N * N * 8  # bytes


def square(seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=(N, N)) / np.sqrt(N)


def temporaries(f: Callable[..., Any], *args: Any) -> float:
    """Arrays of N x N that one run holds between its steps, fractions included."""
    return dt.jit(f).memory(*args).temporary / ARRAY


def central_difference(f: Callable[..., Any], x: Any, direction: Any) -> float:
    """Of fourth order along the direction."""
    h = 1e-3
    far = f(x + 2 * h * direction) - f(x - 2 * h * direction)
    near = f(x + h * direction) - f(x - h * direction)
    return float((8 * near - far) / (12 * h))


def test_masks_are_kept_as_booleans_or_not_at_all() -> None:
    a, b, c = square(0), square(1), square(2)

    def loss(x: Any) -> Any:
        h = dnp.maximum(dnp.maximum(x @ a, 0.1) @ b, 0.1)
        return dnp.sum(h * c)

    # Two arrays of numbers at a time and two masks of one byte; no mask of eight.
    assert temporaries(dt.grad(loss), square(3)) <= 2.5
    first = square(3) @ a
    second = np.maximum(first, 0.1) @ b
    expected = ((c * (second > 0.1)) @ b.T * (first > 0.1)) @ a.T
    np.testing.assert_allclose(dt.jit(dt.grad(loss))(square(3)), expected, rtol=1e-12, atol=1e-14)


def test_softmax_between_products_keeps_its_exponentials_alone() -> None:
    k, v, c = square(0), square(1), square(2)

    def loss(q: Any) -> Any:
        s = 3.0 * (q @ k.T)
        e = dnp.exp(s - dnp.max(s, axis=1, keepdims=True))
        return dnp.sum((e / dnp.sum(e, axis=1, keepdims=True)) @ v * c)

    # The exponentials, their cotangent, one array in between, and the mask of the maxima.
    assert temporaries(dt.grad(loss), square(3)) <= 2.5
    s = 3.0 * (square(3) @ k.T)
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p_bar = c @ v.T
    expected = 3.0 * (p * (p_bar - np.sum(p * p_bar, axis=1, keepdims=True))) @ k
    np.testing.assert_allclose(dt.jit(dt.grad(loss))(square(3)), expected, rtol=1e-10, atol=1e-13)


def test_gates_keep_one_array_each() -> None:
    w = [square(k) for k in range(6)]

    def loss(x: Any) -> Any:
        h = x
        for weights in w:
            h = 1 / (1 + dnp.exp(-(h @ weights)))
        return dnp.sum(h)

    # The exponential of each, or its value, and the cotangent; slopes are not kept.
    assert temporaries(dt.grad(loss), square(7)) <= len(w) + 1.5
    gates = [square(7)]
    for weights in w:
        gates.append(1 / (1 + np.exp(-(gates[-1] @ weights))))
    x_bar = np.ones((N, N))
    for weights, gate in zip(reversed(w), reversed(gates), strict=False):
        x_bar = (x_bar * gate * (1 - gate)) @ weights.T
    np.testing.assert_allclose(dt.jit(dt.grad(loss))(square(7)), x_bar, rtol=1e-10, atol=1e-13)


def test_transcendental_functions_are_not_computed_twice() -> None:
    a, c = square(0), square(1)

    def loss(x: Any) -> Any:
        e = dnp.exp(x @ a)
        return dnp.sum((e @ a) * dnp.cos(e) * c)

    text = str(dt.jit(dt.grad(loss)).plan(square(2)))
    assert text.count("= exp") == 1
    assert text.count("= cos") == 1


def random_step(random: np.random.Generator, np: Any, h: Any, other: Any, w: Any) -> Any:
    """One layer of a random program of arrays, smooth."""
    steps: list[Callable[[], Any]] = [
        lambda: h @ w,
        lambda: h @ w.T,
        lambda: h / (1 + np.sum(h * h, axis=0)),
        lambda: np.where(w > 0.0, 0.7 * h, h * other),
        lambda: h * other,
        lambda: h / (1 + other * other),
        lambda: np.sin(h) + 0.5 * np.sqrt(1 + other * other),
        lambda: np.exp(-h * h / (2 + np.max(w, axis=1, keepdims=True))),
    ]
    return steps[random.integers(len(steps))]()


def random_loss(seed: int, np: Any) -> Callable[[Any], Any]:
    weights = square(seed)

    def loss(x: Any) -> Any:
        random = RANDOM(seed)
        values = [x]
        for _ in range(14):
            other = values[random.integers(len(values))]
            values.append(random_step(random, np, values[-1], other, weights))
        return np.sum(values[-1] * weights + 0.1 * values[5])

    return loss


RANDOM = np.random.default_rng


@pytest.mark.parametrize("seed", range(24))
def test_random_programs_have_the_slope_of_their_values(seed: int) -> None:
    """The same bits with and without residuals: tests/cpp/engine/test_residuals.cpp."""
    x, direction = square(100 + seed), square(200 + seed)
    gradient = dt.jit(dt.grad(random_loss(seed, dnp)))(x)
    slope = central_difference(random_loss(seed, np), x, direction)
    assert np.sum(gradient * direction) == pytest.approx(slope, rel=1e-7, abs=1e-9)


def test_first_run_and_later_ones_have_the_same_bits() -> None:
    """Small arrays: a first run is not worth the search, later ones are."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(8, 16)), rng.normal(size=(16, 16)) / 4

    def recurrent(x: Any, w: Any) -> Any:
        h = x
        for _ in range(300):
            h = 1 / (1 + dnp.exp(-(h @ w))) - 0.5 * dnp.tanh(h)
        return dnp.sum(h * h)

    gradient = dt.jit(dt.grad(recurrent, (0, 1)))
    runs = [gradient(x, w) for _ in range(3)] + [dt.grad(recurrent, (0, 1))(x, w)]
    for k in range(2):
        assert np.any(runs[0][k])
        for later in runs[1:]:
            np.testing.assert_array_equal(later[k], runs[0][k])
    by_differences = central_difference(lambda x: float(recurrent(x, w)), x, np.ones_like(x))
    assert np.sum(runs[0][0]) == pytest.approx(by_differences, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_sums_keep_their_order_once_residuals_are_searched_for(seed: int) -> None:
    """Bits of the sums over the rows, that of `b`, and over all, that of `s`, in narrow arrays."""
    rng = np.random.default_rng(seed)
    x, b, w = rng.normal(size=(256, 5)), rng.normal(size=5), rng.normal(size=(5, 5)) / 5**0.5
    layers = "5314022511350530032214303553015444304332204255534211312311420445035434042445453"

    def loss(b: Any, s: Any) -> Any:
        h = x
        for layer in layers:
            match layer:
                case "0":
                    h = dnp.tanh(h * s + b)
                case "1":
                    h = 1 / (1 + dnp.exp(-h)) * b
                case "2":
                    h = dnp.sin(h) - h * h * 0.1 + b
                case "3":
                    h = dnp.maximum(h, s) * 0.9
                case "4":
                    h = dnp.where(h > 0, h * s, h - b)
                case _:
                    h = dnp.tanh(h @ w)
        return dnp.sum(h * h)

    dt.clear_caches()
    slopes = dt.grad(loss, (0, 1))
    first = slopes(b, 0.8)
    for _ in range(2):
        for again, before in zip(slopes(b, 0.8), first, strict=True):
            np.testing.assert_array_equal(again, before)
