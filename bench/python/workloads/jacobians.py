"""Dense matrices of derivatives beyond one layer: perceptrons, values beside them, diagonals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import AUTOGRAD, JAX, JIT, Budget, Workload

SIZES = (16, 64, 64, 16)
BATCH = 256


def network(dtype: str) -> tuple[Any, ...]:
    random = np.random.default_rng(0)
    weights = []
    for n, m in itertools.pairwise(SIZES):
        W, b = random.normal(size=(m, n)) / np.sqrt(n), random.normal(size=m)
        weights.append((W.astype(dtype), b.astype(dtype)))
    return weights, random.normal(size=(BATCH, SIZES[0])).astype(dtype)


def perceptron(lib: Any) -> Callable[..., Any]:
    def f(weights: Any, x: Any) -> Any:
        *hidden, (W, b) = weights
        for V, a in hidden:
            x = lib.np.tanh(V @ x + a)
        return W @ x + b

    return f


def batched(mode: str) -> Callable[[Any], Callable[..., Any]]:
    return lambda lib: lib.vmap(getattr(lib, mode)(perceptron(lib), 1), (None, 0))


def by_hand(weights: Any, X: Any) -> Any:
    """The rows of the last matrix, pulled back layer by layer."""
    slopes = []
    for W, b in weights[:-1]:
        X = np.tanh(X @ W.T + b)
        slopes.append(1 - X * X)
    J = weights[-1][0]
    for (W, _), slope in zip(weights[-2::-1], slopes[::-1], strict=True):
        J = (J * slope[:, None]) @ W
    return J


def workloads() -> Iterator[Workload]:
    name = "MLP " + "-".join(map(str, SIZES)) + f", batch {BATCH}"
    for mode in ("jacfwd", "jacrev"):
        yield Workload(
            "jacobians", f"{mode} of {name}", inputs=network, build=batched(mode), by_hand=by_hand,
            rtol={"float32": 2e-4}, budgets=(Budget(JIT, 1.0, JAX),),
            refused={AUTOGRAD: "it has no vmap"},
        )  # fmt: skip
