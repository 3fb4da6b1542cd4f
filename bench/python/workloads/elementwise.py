"""Elementwise functions of many numbers, scans, and their sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import JAX, JIT, Budget, Workload
from scipy.special import ndtr


def transcendental(lib: Any) -> Callable[[Any], Any]:
    np = lib.np
    return lambda x: np.sum(np.sin(x) * np.exp(x) + np.tanh(x))


def transcendental_by_hand(x: Any) -> Any:
    return np.exp(x) * (np.sin(x) + np.cos(x)) + 1.0 - np.tanh(x) ** 2


def line(n: int) -> Callable[[str], tuple[Any, ...]]:
    return lambda dtype: (np.linspace(-1.0, 1.0, n).astype(dtype),)


def call_price(lib: Any) -> Callable[..., Any]:
    """Black and Scholes (1973), strike 100, interest 3 %."""
    np, erf = lib.np, lib.erf

    def normal(d: Any) -> Any:
        return 0.5 * (1.0 + erf(d * 0.7071067811865476))

    def price(spot: Any, time: Any, sigma: Any) -> Any:
        spread = sigma * np.sqrt(time)
        d1 = (np.log(spot / 100.0) + (0.03 + 0.5 * sigma**2) * time) / spread
        return spot * normal(d1) - 100.0 * np.exp(-0.03 * time) * normal(d1 - spread)

    return price


def greeks(lib: Any) -> Callable[..., Any]:
    """Delta, theta, vega and gamma of every option."""
    price = call_price(lib)
    if lib.name == "autograd":  # without vmap: each option is its own summand
        total = lambda *x: lib.np.sum(price(*x))  # noqa: E731
        slopes = lib.grad(total, (0, 1, 2))
        delta = lib.grad(lambda *x: lib.np.sum(lib.grad(total)(*x)))
        return lambda *x: (*slopes(*x), delta(*x))

    def one(spot: Any, time: Any, sigma: Any) -> Any:
        slopes = lib.grad(price, (0, 1, 2))(spot, time, sigma)
        return (*slopes, lib.grad(lib.grad(price))(spot, time, sigma))

    return lib.vmap(one, (0, 0, 0))


def greeks_by_hand(spot: Any, time: Any, sigma: Any) -> tuple[Any, ...]:
    root = np.sqrt(time)
    spread = sigma * root
    d1 = (np.log(spot / 100.0) + (0.03 + 0.5 * sigma**2) * time) / spread
    density = np.exp(-0.5 * d1 * d1) * 0.3989422804014327
    discounted = 3.0 * np.exp(-0.03 * time) * ndtr(d1 - spread)
    theta = spot * density * sigma / (2.0 * root) + discounted
    return ndtr(d1), theta, spot * density * root, density / (spot * spread)


def options(n: int) -> Callable[[str], tuple[Any, ...]]:
    def inputs(dtype: str) -> tuple[Any, ...]:
        random = np.random.default_rng(0)
        ranges = ((80.0, 120.0), (0.25, 2.0), (0.15, 0.45))
        return tuple(random.uniform(*r, size=n).astype(dtype) for r in ranges)

    return inputs


def running(lib: Any) -> Callable[[Any], Any]:
    np = lib.np
    return lambda x: np.sum(np.tanh(np.cumsum(x)) ** 2) + np.prod(1.0 + 0.001 * x)


def running_by_hand(x: Any) -> Any:
    t = np.tanh(np.cumsum(x))
    factors = 1.0 + 0.001 * x
    sums = np.cumsum((2.0 * t * (1.0 - t * t))[::-1])[::-1]
    return sums + 0.001 * np.prod(factors) / factors


def steps(dtype: str) -> tuple[Any, ...]:
    return (0.05 * np.random.default_rng(0).normal(size=10_000).astype(dtype),)


def gathered(lib: Any) -> Callable[..., Any]:
    """Rows of a table, weighted: its gradient scatters."""
    rows = lib.array(ROWS)
    return lambda table, w: lib.np.sum(table[rows] ** 2 * w)


def gathered_by_hand(table: Any, w: Any) -> Any:
    flat = (ROWS[:, None] * table.shape[1] + np.arange(table.shape[1])).ravel()
    weighted = (2.0 * table[ROWS] * w).ravel()
    summed = np.bincount(flat, weighted, table.size)
    return summed.reshape(table.shape).astype(table.dtype)


ROWS = np.random.default_rng(2).integers(1000, size=10_000)


def table_inputs(dtype: str) -> tuple[Any, ...]:
    random = np.random.default_rng(1)
    return random.normal(size=(1000, 16)).astype(dtype), random.random((10_000, 16)).astype(dtype)


def workloads() -> Iterator[Workload]:
    for n in (100, 10_000, 1_000_000):
        yield Workload(
            "elementwise",
            f"gradient of sum(sin x exp x + tanh x), n = {n}",
            line(n),
            transcendental,
            by_hand=transcendental_by_hand,
            budgets=(Budget(JIT, 0.5, JAX),) if n == 1_000_000 else (),
        )
    for n in (1000, 1_000_000):
        yield Workload(
            "elementwise",
            f"Black-Scholes greeks, vmap over {n}",
            options(n),
            build=greeks,
            by_hand=greeks_by_hand,
            rtol={"float32": 1e-4},
        )
    yield Workload(
        "elementwise",
        "gradient through cumsum and prod, n = 10000",
        steps,
        running,
        by_hand=running_by_hand,
        rtol={"float32": 1e-3},
    )
    yield Workload(
        "elementwise",
        "gradient of gathered rows, 10000 of 1000 x 16",
        table_inputs,
        gathered,
        by_hand=gathered_by_hand,
        rtol={"float32": 1e-4},
    )
