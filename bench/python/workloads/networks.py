"""Neural nets: a perceptron, softmax, a recurrent one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from contestants import JAX, JIT, Budget, Workload

LAYERS = (784, 512, 512, 10)


def perceptron(lib: Any) -> Callable[..., Any]:
    """Softmax cross-entropy of relu layers, one-hot labels."""
    np = lib.np

    def loss(p: Any, x: Any, y: Any) -> Any:
        h = x
        for k in range(len(LAYERS) - 2):
            h = np.maximum(h @ p[f"W{k}"] + p[f"b{k}"], 0)
        return cross_entropy(np, h @ p["W2"] + p["b2"], y)

    return loss


def cross_entropy(np: Any, z: Any, y: Any) -> Any:
    z = z - np.max(z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - np.sum(z * y, axis=1))


def softmax(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def perceptron_by_hand(p: Any, x: Any, y: Any) -> Any:
    h0 = np.maximum(x @ p["W0"] + p["b0"], 0)
    h1 = np.maximum(h0 @ p["W1"] + p["b1"], 0)
    z_bar = (softmax(h1 @ p["W2"] + p["b2"]) - y) / len(x)
    h1_bar = (z_bar @ p["W2"].T) * (h1 > 0)
    h0_bar = (h1_bar @ p["W1"].T) * (h0 > 0)
    return {
        "W0": x.T @ h0_bar, "b0": h0_bar.sum(0), "W1": h0.T @ h1_bar, "b1": h1_bar.sum(0),
        "W2": h1.T @ z_bar, "b2": z_bar.sum(0),
    }  # fmt: skip


def one_hot(random: Any, rows: int, classes: int) -> Any:
    return np.eye(classes)[random.integers(classes, size=rows)]


def perceptron_inputs(dtype: str) -> tuple[Any, ...]:
    random = np.random.default_rng(0)
    p = {}
    for k, (n, m) in enumerate(pairwise(LAYERS)):
        p[f"W{k}"] = (random.normal(size=(n, m)) * np.sqrt(2 / n)).astype(dtype)
        p[f"b{k}"] = (0.01 * random.normal(size=m)).astype(dtype)
    x = random.random((128, 784))
    return p, x.astype(dtype), one_hot(random, 128, 10).astype(dtype)


def workloads() -> Iterator[Workload]:
    yield Workload(
        "networks",
        "gradient of a 784-512-512-10 perceptron, batch 128",
        perceptron_inputs,
        perceptron,
        by_hand=perceptron_by_hand,
        rtol={"float32": 1e-3},
        budgets=(Budget(JIT, 1.0, JAX),),
    )
