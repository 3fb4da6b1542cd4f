"""Long programs of Python scalars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import JAX, JIT, PLAIN, Budget, Workload

SIGMA, RHO, BETA, STEP, STEPS = 10.0, 28.0, 8.0 / 3.0, 0.01, 200


def lorenz(lib: Any) -> Callable[..., Any]:
    """x after 200 Runge-Kutta steps."""

    def slope(x: Any, y: Any, z: Any) -> tuple[Any, Any, Any]:
        return SIGMA * (y - x), x * (RHO - z) - y, x * y - BETA * z

    def moved(s: tuple[Any, ...], k: tuple[Any, ...], h: float) -> tuple[Any, ...]:
        return tuple(a + h * b for a, b in zip(s, k, strict=True))

    def step(s: tuple[Any, ...], _: Any) -> tuple[Any, ...]:
        k1 = slope(*s)
        k2 = slope(*moved(s, k1, STEP / 2))
        k3 = slope(*moved(s, k2, STEP / 2))
        k4 = slope(*moved(s, k3, STEP))
        return tuple(
            a + STEP / 6 * (p + 2 * q + 2 * r + t)
            for a, p, q, r, t in zip(s, k1, k2, k3, k4, strict=True)
        )

    return lambda x, y, z: lib.repeat(step, (x, y, z), STEPS)[0]


def lorenz_by_hand(x: float, y: float, z: float) -> tuple[Any, ...]:
    """The state and the 3 x 3 tangent matrix, side by side."""

    def slope(s: Any) -> Any:
        (x, y, z), t = s[:, 0], s[:, 1:]
        rows = [
            SIGMA * (t[1] - t[0]),
            t[0] * (RHO - z) - x * t[2] - t[1],
            t[0] * y + x * t[1] - BETA * t[2],
        ]
        value = np.array([[SIGMA * (y - x)], [x * (RHO - z) - y], [x * y - BETA * z]])
        return np.hstack([value, rows])

    s = np.hstack([[[x], [y], [z]], np.eye(3)])
    for _ in range(STEPS):
        k1 = slope(s)
        k2 = slope(s + STEP / 2 * k1)
        k3 = slope(s + STEP / 2 * k2)
        k4 = slope(s + STEP * k3)
        s = s + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return tuple(s[0, 1:])


def workloads() -> Iterator[Workload]:
    yield Workload(
        "scalars",
        "gradient of Lorenz, 200 Runge-Kutta steps",
        lambda dtype: (1.0, 1.5, 20.0),
        lorenz,
        argnums=(0, 1, 2),
        by_hand=lorenz_by_hand,
        dtypes=("float64",),
        rtol={"float64": 1e-9},
        budgets=(Budget(PLAIN, 6e-3), Budget(JIT, 0.15e-3)),
        slow=(JAX,),
        loops=True,
    )
