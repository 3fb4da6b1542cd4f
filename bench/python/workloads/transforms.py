"""S5, the transform tutorial: Jacobians, Hessians and products of tanh(W @ x + b)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import HAND, JIT, Budget, Workload

# No Jacobian may cost more than 1.2 closed forms, or 5 us.
BUDGETS = (Budget(JIT, 1.2, HAND, 5e-6),)


def predict(lib: Any) -> Callable[..., Any]:
    np = lib.np
    return lambda W, b, x: np.tanh(W @ x + b)


def mode(name: str, argnums: int) -> Callable[[Any], Callable[..., Any]]:
    return lambda lib: getattr(lib, name)(predict(lib), argnums)


def jacobian_by_hand(W: Any, b: Any, x: Any) -> Any:
    return (1 - np.tanh(W @ x + b) ** 2)[:, None] * W


def layer(rows: int, columns: int) -> Callable[[str], tuple[Any, ...]]:
    def inputs(dtype: str) -> tuple[Any, ...]:
        random = np.random.default_rng(0)
        W = random.normal(size=(rows, columns)) / np.sqrt(columns)
        b, x = random.normal(size=rows), random.normal(size=columns)
        return W.astype(dtype), b.astype(dtype), x.astype(dtype)

    return inputs


def workloads() -> Iterator[Workload]:
    for rows, columns in ((16, 16), (2048, 32), (32, 2048)):
        for name in ("jacrev", "jacfwd"):
            yield Workload(
                "transforms",
                f"S5 {name} in x, {rows} x {columns}",
                layer(rows, columns),
                build=mode(name, 2),
                by_hand=jacobian_by_hand,
                budgets=BUDGETS,
            )
