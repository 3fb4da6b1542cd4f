"""S5, the transform tutorial: Jacobians, Hessians and products of tanh(W @ x + b)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import AUTOGRAD, HAND, JIT, Budget, Workload

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


def rows_one_by_one(lib: Any) -> Callable[..., Any]:
    """A pullback for each unit vector, in a Python loop."""
    f = predict(lib)

    def rows(W: Any, b: Any, x: Any, eye: Any) -> Any:
        _, pullback = lib.vjp(lambda x: f(W, b, x), x)
        return lib.np.stack([pullback(unit)[0] for unit in eye])

    return rows


def rows_at_once(lib: Any) -> Callable[..., Any]:
    f = predict(lib)

    def rows(W: Any, b: Any, x: Any, eye: Any) -> Any:
        _, pullback = lib.vjp(lambda x: f(W, b, x), x)
        return lib.vmap(pullback)(eye)[0]

    return rows


def with_unit_vectors(dtype: str) -> tuple[Any, ...]:
    return (*layer(16, 16)(dtype), np.eye(16, dtype=dtype))


def in_weights(W: Any, b: Any, x: Any) -> Any:
    jacobian = np.zeros((*b.shape, *W.shape), x.dtype)
    k = np.arange(len(b))
    jacobian[k, k] = (1 - np.tanh(W @ x + b) ** 2)[:, None] * x
    return jacobian


def in_bias(W: Any, b: Any, x: Any) -> Any:
    return np.diag(1 - np.tanh(W @ x + b) ** 2)


def hessian(outer: str, inner: str) -> Callable[[Any], Callable[..., Any]]:
    return lambda lib: getattr(lib, outer)(getattr(lib, inner)(predict(lib), 2), 2)


def hessian_by_hand(W: Any, b: Any, x: Any) -> Any:
    y = np.tanh(W @ x + b)
    return (-2 * y * (1 - y * y))[:, None, None] * W[:, :, None] * W[:, None, :]


def batch_inputs(dtype: str) -> tuple[Any, ...]:
    W, b, _ = layer(33, 31)(dtype)
    return W, b, np.random.default_rng(1).normal(size=(64, 31)).astype(dtype)


def batched(name: str) -> Callable[[Any], Callable[..., Any]]:
    return lambda lib: lib.vmap(getattr(lib, name)(predict(lib), 2), (None, None, 0))


def sum_trick(lib: Any) -> Callable[..., Any]:
    """An example's results depend on its own inputs: the Jacobian of the sum holds them all."""
    np = lib.np
    return lambda W, b, X: np.moveaxis(
        lib.jacrev(lambda X: np.tanh(X @ W.T + b).sum(0))(X), 1, 0
    )  # fmt: skip


def batch_jacobian_by_hand(W: Any, b: Any, X: Any) -> Any:
    return (1 - np.tanh(X @ W.T + b) ** 2)[:, :, None] * W


def batch_hessian_by_hand(W: Any, b: Any, X: Any) -> Any:
    y = np.tanh(X @ W.T + b)
    return (-2 * y * (1 - y * y))[:, :, None, None] * (W[:, :, None] * W[:, None, :])


def sines(lib: Any) -> Callable[..., Any]:
    return lambda x: lib.np.sum(lib.np.sin(x))


def forward_over_reverse(lib: Any) -> Callable[..., Any]:
    return lambda x, v: lib.hvp(sines(lib), x, v)


def reverse_over_reverse(lib: Any) -> Callable[..., Any]:
    return lambda x, v: lib.vjp(lib.grad(sines(lib)), x)[1](v)[0]


def sine_inputs(dtype: str) -> tuple[Any, ...]:
    return np.linspace(0, 3, 2048).astype(dtype), np.linspace(-1, 1, 2048).astype(dtype)


def of_layer() -> Iterator[tuple[str, dict[str, Any]]]:
    small = layer(16, 16)
    rows = dict(inputs=with_unit_vectors, by_hand=lambda W, b, x, _: jacobian_by_hand(W, b, x))
    yield "S5 Jacobian row by row, D = 16", dict(rows, build=rows_one_by_one)
    yield "S5 vmap(pullback), D = 16", dict(rows, build=rows_at_once)
    for name in ("jacrev", "jacfwd"):
        yield f"S5 {name} in W, D = 16", dict(inputs=small, build=mode(name, 0), by_hand=in_weights)
        yield f"S5 {name} in b, D = 16", dict(inputs=small, build=mode(name, 1), by_hand=in_bias)
    yield "S5 jacrev in (W, b), D = 16", dict(
        inputs=small, build=lambda lib: lib.jacrev(predict(lib), (0, 1)),
        by_hand=lambda W, b, x: (in_weights(W, b, x), in_bias(W, b, x)),
        refused={AUTOGRAD: "its Jacobian is of one argument"},
    )  # fmt: skip
    for rows_, columns in ((16, 16), (2048, 32), (32, 2048)):
        for name in ("jacrev", "jacfwd"):
            parts = dict(inputs=layer(rows_, columns), build=mode(name, 2))
            yield f"S5 {name} in x, {rows_} x {columns}", dict(parts, by_hand=jacobian_by_hand)
    yield "S5 Hessian, D = 16", dict(
        inputs=small, build=hessian("jacfwd", "jacrev"), by_hand=hessian_by_hand)  # fmt: skip
    for outer, inner in (("jacfwd", "jacrev"), ("jacfwd", "jacfwd"), ("jacrev", "jacrev")):
        yield f"S5 {outer}({inner}), 32 x 512 x 512", dict(
            inputs=layer(32, 512), build=hessian(outer, inner), by_hand=hessian_by_hand,
            refused={AUTOGRAD: "one backward pass for each of 16384 entries"},
        )  # fmt: skip


def of_batches() -> Iterator[tuple[str, dict[str, Any]]]:
    jacobian = dict(inputs=batch_inputs, by_hand=batch_jacobian_by_hand)
    yield "S5 batch Jacobian (64, 33, 31), vmap", dict(jacobian, build=batched("jacrev"))
    yield "S5 batch Jacobian (64, 33, 31), sum trick", dict(jacobian, build=sum_trick)
    yield "S5 batch Hessian (64, 33, 31, 31)", dict(
        inputs=batch_inputs, build=batched("hessian"), by_hand=batch_hessian_by_hand)  # fmt: skip
    product = dict(inputs=sine_inputs, by_hand=lambda x, v: -np.sin(x) * v)
    yield "S5 hvp of sum(sin x), forward over reverse", dict(product, build=forward_over_reverse)
    yield "S5 hvp of sum(sin x), reverse over reverse", dict(product, build=reverse_over_reverse)


def workloads() -> Iterator[Workload]:
    for name, parts in of_layer():
        yield Workload("transforms", name, rtol={"float32": 1e-4}, budgets=BUDGETS, **parts)
    for name, parts in of_batches():
        yield Workload("transforms", name, rtol={"float32": 1e-4}, budgets=BUDGETS, **parts)
