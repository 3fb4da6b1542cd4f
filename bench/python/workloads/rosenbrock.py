"""Rosenbrock's function: differences of neighbours, overlapping slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import PLAIN, Budget, Workload


def value(lib: Any) -> Callable[[Any], Any]:
    np = lib.np
    return lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def gradient(x: Any) -> Any:
    valley = x[1:] - x[:-1] ** 2
    g = np.zeros_like(x)
    g[:-1] = -400.0 * x[:-1] * valley - 2.0 * (1.0 - x[:-1])
    g[1:] += 200.0 * valley
    return g


def product(x: Any, v: Any) -> Any:
    """The Hessian is tridiagonal."""
    h = np.empty_like(x)
    h[:-1] = (1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0) * v[:-1]
    h[-1] = 0.0
    h[:-1] -= 400.0 * x[:-1] * v[1:]
    h[1:] += 200.0 * v[1:] - 400.0 * x[:-1] * v[:-1]
    return h


def hessian_product(lib: Any) -> Callable[..., Any]:
    f = value(lib)
    return lambda x, v: lib.hvp(f, x, v)


def workloads() -> Iterator[Workload]:
    for n in (10, 1000, 1_000_000):

        def inputs(dtype: str, n: int = n) -> tuple[Any, ...]:
            return (np.linspace(-1.2, 1.1, n).astype(dtype),)

        def pair(dtype: str, n: int = n) -> tuple[Any, ...]:
            return (*inputs(dtype, n), np.cos(np.arange(n)).astype(dtype))

        # A float32 difference of neighbours is wrong by eps / (x[1] - x[0] ** 2).
        rtol = {"float32": 1e-4}
        budgets = (Budget(PLAIN, 1.0, "NumPy by hand", 5e-6),) if n == 10 else ()
        yield Workload(
            "rosenbrock",
            f"Rosenbrock gradient, n = {n}",
            inputs,
            value,
            by_hand=gradient,
            rtol=rtol,
            budgets=budgets,
        )
        yield Workload(
            "rosenbrock",
            f"Rosenbrock hvp, n = {n}",
            pair,
            build=hessian_product,
            by_hand=product,
            rtol=rtol,
        )
