"""Matrix products and solves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import Workload


def logistic(lib: Any) -> Callable[..., Any]:
    """Mean of log(1 + exp(-y x.w)), labels +-1."""
    np = lib.np

    def loss(w: Any, x: Any, y: Any) -> Any:
        margin = -y * (x @ w)
        hinge = np.maximum(margin, 0)
        return np.mean(hinge + np.log(1 + np.exp(margin - 2 * hinge)))

    return loss


def logistic_by_hand(w: Any, x: Any, y: Any) -> Any:
    margin = -y * (x @ w)
    e = np.exp(-np.abs(margin))
    probability = np.where(margin > 0, 1, e) / (1 + e)
    return x.T @ (-y * probability) / len(y)


def logistic_inputs(dtype: str) -> tuple[Any, ...]:
    random = np.random.default_rng(0)
    x = random.normal(size=(10_000, 100))
    w = random.normal(size=100) / 10
    y = np.where(random.random(10_000) < 1 / (1 + np.exp(-x @ w)), 1.0, -1.0)
    return w.astype(dtype), x.astype(dtype), y.astype(dtype)


def workloads() -> Iterator[Workload]:
    yield Workload(
        "linear",
        "gradient of logistic regression, 10000 x 100",
        logistic_inputs,
        logistic,
        by_hand=logistic_by_hand,
        rtol={"float32": 1e-4},
    )
