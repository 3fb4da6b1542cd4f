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


def softmax_loss(lib: Any) -> Callable[..., Any]:
    return lambda z, y: cross_entropy(lib.np, z, y)


def softmax_loss_by_hand(z: Any, y: Any) -> Any:
    return (softmax(z) - y) / len(z)


def logits(dtype: str) -> tuple[Any, ...]:
    random = np.random.default_rng(0)
    return random.normal(size=(512, 1000)).astype(dtype), one_hot(random, 512, 1000).astype(dtype)


STEPS, BATCH, WIDTH, HIDDEN = 100, 16, 16, 32


def recurrent(lib: Any) -> Callable[..., Any]:
    """An LSTM (Hochreiter and Schmidhuber, 1997), a Python loop; squared error of the last h."""
    np = lib.np

    def sigmoid(z: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-z))

    def loss(p: Any, x: Any, h: Any, y: Any) -> Any:
        m = HIDDEN

        def step(state: Any, u: Any) -> Any:
            h, c = state
            z = u @ p["W"] + h @ p["U"] + p["b"]
            gate, new, out = sigmoid(z[:, :m]), np.tanh(z[:, m : 2 * m]), sigmoid(z[:, 3 * m :])
            c = sigmoid(z[:, 2 * m : 3 * m]) * c + gate * new
            return out * np.tanh(c), c

        return np.mean((lib.repeat(step, (h, h), x)[0] - y) ** 2)

    return loss


def recurrent_by_hand(p: Any, x: Any, h: Any, y: Any) -> Any:
    c, m, kept = h, HIDDEN, []
    for k in range(STEPS):
        z = x[k] @ p["W"] + h @ p["U"] + p["b"]
        s = 1.0 / (1.0 + np.exp(-z))
        i, f, o = s[:, :m], s[:, 2 * m : 3 * m], s[:, 3 * m :]
        g = np.tanh(z[:, m : 2 * m])
        before, c = c, f * c + i * g
        t = np.tanh(c)
        kept.append((h, before, i, g, f, o, t))
        h = o * t
    h_bar, c_bar = 2.0 * (h - y) / h.size, 0.0
    W_bar, U_bar, b_bar = (np.zeros_like(p[key]) for key in ("W", "U", "b"))
    for k in reversed(range(STEPS)):
        h, before, i, g, f, o, t = kept[k]
        c_bar = c_bar + h_bar * o * (1.0 - t * t)
        z_bar = np.concatenate(
            [
                c_bar * g * i * (1.0 - i), c_bar * i * (1.0 - g * g),
                c_bar * before * f * (1.0 - f), h_bar * t * o * (1.0 - o),
            ],
            axis=1,
        )  # fmt: skip
        W_bar += x[k].T @ z_bar
        U_bar += h.T @ z_bar
        b_bar += z_bar.sum(0)
        h_bar, c_bar = z_bar @ p["U"].T, c_bar * f
    return {"W": W_bar, "U": U_bar, "b": b_bar}


def recurrent_inputs(dtype: str) -> tuple[Any, ...]:
    random = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return random.normal(size=shape).astype(dtype)

    p = {"W": 0.2 * normal(WIDTH, 4 * HIDDEN), "U": 0.2 * normal(HIDDEN, 4 * HIDDEN)}
    p["b"] = 0.1 * normal(4 * HIDDEN)
    start = np.zeros((BATCH, HIDDEN), dtype)
    p = {key: value.astype(dtype) for key, value in p.items()}
    return p, normal(STEPS, BATCH, WIDTH), start, normal(BATCH, HIDDEN)


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
    yield Workload(
        "networks",
        "gradient of softmax cross-entropy, 512 x 1000",
        logits,
        softmax_loss,
        by_hand=softmax_loss_by_hand,
    )
    yield Workload(
        "networks",
        "gradient of an LSTM, 100 steps, hidden 32, batch 16",
        recurrent_inputs,
        recurrent,
        by_hand=recurrent_by_hand,
        rtol={"float32": 1e-3},
        slow=(JAX,),
        loops=True,
    )
