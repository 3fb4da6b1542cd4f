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


def random_inputs(*shapes: Any) -> Callable[[str], tuple[Any, ...]]:
    def inputs(dtype: str) -> tuple[Any, ...]:
        random = np.random.default_rng(0)
        return tuple(random.normal(size=shape).astype(dtype) for shape in shapes)

    return inputs


def solves(lib: Any) -> Callable[..., Any]:
    np = lib.np
    return lambda A, b: np.sum(np.linalg.solve(A, b) ** 2)


def solves_by_hand(A: Any, b: Any) -> tuple[Any, Any]:
    x = np.linalg.solve(A, b)
    b_bar = np.linalg.solve(A.swapaxes(1, 2), 2.0 * x)
    return -b_bar @ x.swapaxes(1, 2), b_bar


def solve_inputs(n: int) -> Callable[[str], tuple[Any, ...]]:
    def inputs(dtype: str) -> tuple[Any, ...]:
        random = np.random.default_rng(0)
        A = random.normal(size=(n, 6, 6)) + 6.0 * np.eye(6)
        return A.astype(dtype), random.normal(size=(n, 6, 1)).astype(dtype)

    return inputs


def attention(lib: Any) -> Callable[..., Any]:
    """Softmax(Q K^T / 8) V, weighted: heads are a batch of products."""
    np = lib.np

    def f(q: Any, k: Any, v: Any, w: Any) -> Any:
        scores = q @ np.swapaxes(k, 1, 2) * 0.125
        e = np.exp(scores - np.max(scores, axis=2, keepdims=True))
        return np.sum((e / np.sum(e, axis=2, keepdims=True)) @ v * w)

    return f


def attention_by_hand(q: Any, k: Any, v: Any, w: Any) -> tuple[Any, ...]:
    scores = q @ k.swapaxes(1, 2) * 0.125
    e = np.exp(scores - scores.max(2, keepdims=True))
    p = e / e.sum(2, keepdims=True)
    p_bar = w @ v.swapaxes(1, 2)
    s_bar = p * (p_bar - np.sum(p_bar * p, axis=2, keepdims=True)) * 0.125
    return s_bar @ k, s_bar.swapaxes(1, 2) @ q, p.swapaxes(1, 2) @ w


def form(lib: Any) -> Callable[..., Any]:
    """A quadratic form with a cosine: one product a gradient, two an hvp."""
    np = lib.np
    return lambda x, A: 0.5 * x @ (A @ x) + np.sum(np.cos(x))


def form_product(lib: Any) -> Callable[..., Any]:
    f = form(lib)
    return lambda x, A, v: lib.hvp(lambda x: f(x, A), x, v)


def form_product_by_hand(x: Any, A: Any, v: Any) -> Any:
    return 0.5 * (A @ v + v @ A) - np.cos(x) * v


def workloads() -> Iterator[Workload]:
    yield Workload(
        "linear",
        "gradient of logistic regression, 10000 x 100",
        logistic_inputs,
        logistic,
        by_hand=logistic_by_hand,
        rtol={"float32": 1e-4},
    )
    for n in (1, 10_000):
        yield Workload(
            "linear",
            f"gradient of {n} solves, 6 x 6",
            solve_inputs(n),
            solves,
            argnums=(0, 1),
            by_hand=solves_by_hand,
            rtol={"float64": 1e-10, "float32": 1e-3},
        )
    yield Workload(
        "linear",
        "gradient of attention, 8 heads, 128 x 64",
        random_inputs(*4 * [(8, 128, 64)]),
        attention,
        argnums=(0, 1, 2),
        by_hand=attention_by_hand,
        rtol={"float32": 1e-3},
    )
    yield Workload(
        "linear",
        "hvp of x A x / 2 + sum(cos x), n = 500",
        random_inputs(500, (500, 500), 500),
        build=form_product,
        by_hand=form_product_by_hand,
        rtol={"float32": 1e-4},
    )
