"""Elementwise functions of many numbers, and their sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import JAX, JIT, Budget, Workload


def transcendental(lib: Any) -> Callable[[Any], Any]:
    np = lib.np
    return lambda x: np.sum(np.sin(x) * np.exp(x) + np.tanh(x))


def transcendental_by_hand(x: Any) -> Any:
    return np.exp(x) * (np.sin(x) + np.cos(x)) + 1.0 - np.tanh(x) ** 2


def line(dtype: str) -> tuple[Any, ...]:
    return (np.linspace(-1.0, 1.0, 1_000_000).astype(dtype),)


def workloads() -> Iterator[Workload]:
    yield Workload(
        "elementwise",
        "gradient of sum(sin x exp x + tanh x), n = 1e6",
        line,
        transcendental,
        by_hand=transcendental_by_hand,
        budgets=(Budget(JIT, 0.5, JAX),),
    )
