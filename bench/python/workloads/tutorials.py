"""S1 to S4: the small derivatives of the tutorials, at their sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import Workload

from .linear import random_inputs

# S1: a 3-5-1 net, 26 parameters; S3: a 2-5-1 net, 21 parameters.


def sigmoid(np: Any, z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def loss(lib: Any) -> Callable[..., Any]:
    np = lib.np

    def f(p: Any, x: Any, y: Any) -> Any:
        hidden = sigmoid(np, x @ p["W1"].T + p["b1"])
        return np.mean((hidden @ p["W2"].T + p["b2"] - y) ** 2)

    return f


def loss_gradient(p: Any, x: Any, y: Any) -> Any:
    h = sigmoid(np, x @ p["W1"].T + p["b1"])
    o_bar = 2 * (h @ p["W2"].T + p["b2"] - y) / y.size
    z_bar = (o_bar @ p["W2"]) * h * (1 - h)
    return {
        "W1": z_bar.T @ x, "b1": z_bar.sum(0), "W2": o_bar.T @ h, "b2": o_bar.sum(0),
    }  # fmt: skip


def unpacked(p: Any) -> Any:
    return {
        "W1": p[:15].reshape(5, 3), "b1": p[15:20], "W2": p[20:25].reshape(1, 5), "b2": p[25:],
    }  # fmt: skip


def flat_loss(lib: Any) -> Callable[..., Any]:
    f = loss(lib)
    return lambda p, x, y: f(unpacked(p), x, y)


def flat_gradient(p: Any, x: Any, y: Any) -> Any:
    return np.concatenate([g.ravel() for g in loss_gradient(unpacked(p), x, y).values()])


def flat_jvp(lib: Any) -> Callable[..., Any]:
    f = flat_loss(lib)
    return lambda p, x, y, v: lib.jvp(lambda p: f(p, x, y), (p,), (v,))[1]


def flat_jvp_by_hand(p: Any, x: Any, y: Any, v: Any) -> Any:
    p, v = unpacked(p), unpacked(v)
    h = sigmoid(np, x @ p["W1"].T + p["b1"])
    h_dot = h * (1 - h) * (x @ v["W1"].T + v["b1"])
    o_dot = h_dot @ p["W2"].T + h @ v["W2"].T + v["b2"]
    return 2 * np.mean((h @ p["W2"].T + p["b2"] - y) * o_dot)


def flat_hvp(lib: Any) -> Callable[..., Any]:
    f = flat_loss(lib)
    return lambda p, x, y, v: lib.hvp(lambda p: f(p, x, y), p, v)


def flat_hvp_reference(p: Any, x: Any, y: Any, v: Any) -> Any:
    return flat_gradient(p + 1e-30j * v, x, y).imag / 1e-30


def net_inputs(dtype: str) -> tuple[Any, ...]:
    p, x, y = random_inputs(26, (1, 3), (1, 1))(dtype)
    return unpacked(p), x, y


# S2: a 1-2-1 net as a curve, and z @ w + b + sum(z^3).


def curve(lib: Any) -> Callable[..., Any]:
    """y, y' and y'' at every t."""
    np = lib.np

    def f(t: Any, w: Any, b: Any, c: Any) -> Any:
        return np.sum(c * sigmoid(np, w * t + b))

    if lib.name == "autograd":  # without vmap: each t is its own summand
        total = lambda t, *p: f(t[:, None], *p)  # noqa: E731
        slope = lib.grad(total)
        bend = lib.grad(lambda t, *p: np.sum(slope(t, *p)))
        return lambda t, *p: (np.sum(p[2] * sigmoid(np, t[:, None] * p[0] + p[1]), 1),
                              slope(t, *p), bend(t, *p))  # fmt: skip

    def three(t: Any, *p: Any) -> Any:
        return f(t, *p), lib.grad(f)(t, *p), lib.grad(lib.grad(f))(t, *p)

    return lib.vmap(three, (0, None, None, None))


def curve_by_hand(t: Any, w: Any, b: Any, c: Any) -> Any:
    s = sigmoid(np, t[:, None] * w + b)
    d = s * (1 - s)
    return s @ c, d @ (c * w), (d * (1 - 2 * s)) @ (c * w * w)


def surface(lib: Any) -> Callable[..., Any]:
    return lambda z, w: z @ w + 0.5 + lib.np.sum(z**3)


def surface_all(lib: Any) -> Callable[..., Any]:
    f = surface(lib)
    return lambda z, w: (*lib.value_and_grad(f)(z, w), lib.hessian(f)(z, w))


def surface_by_hand(z: Any, w: Any) -> Any:
    return z @ w + 0.5 + np.sum(z**3), w + 3 * z**2, np.diag(6 * z)


# S3: derivatives of derivatives.


def orders(lib: Any) -> Callable[..., Any]:
    functions = [lambda x: 2 * x**3]
    for _ in range(4):
        functions.append(lib.grad(functions[-1]))
    return lambda x: tuple(f(x) for f in functions)


def net(lib: Any) -> Callable[..., Any]:
    np = lib.np

    def f(p: Any, u: Any) -> Any:
        return (p["B"] @ np.maximum(p["A"] @ u + p["c"], 0) + p["e"])[0]

    return f


def net_gradient(p: Any, u: Any) -> Any:
    z = p["A"] @ u + p["c"]
    on = (z.real > 0) * p["B"][0]
    return {"A": np.outer(on, u), "B": (z * (z.real > 0))[None], "c": on, "e": np.ones(1, z.dtype)}


def gradient_penalty(lib: Any) -> Callable[..., Any]:
    """The gradient in A, and the gradient of its squared norm in A, which is zero."""
    f = net(lib)

    def in_A(A: Any, p: Any, u: Any) -> Any:
        return f({**p, "A": A}, u)

    def norm(A: Any, p: Any, u: Any) -> Any:
        return lib.np.sum(lib.grad(in_A)(A, p, u) ** 2)

    return lambda p, u: (lib.grad(in_A)(p["A"], p, u), lib.grad(norm)(p["A"], p, u))


def meta_loss(lib: Any) -> Callable[..., Any]:
    """MAML: the mean over three tasks, each after one step of rate 1e-3 of its own."""
    f = net(lib)

    def total(p: Any, u: Any) -> Any:
        found = 0.0
        for task in (u, 2 * u, 3 * u):
            step = lib.grad(f)(p, task)
            found = found + f({key: p[key] - 1e-3 * step[key] for key in p}, task)
        return found / 3

    return total


def meta_gradient(p: Any, u: Any) -> Any:
    """I - rate * Hessian, applied to the gradient at the adapted parameters."""
    total = {key: np.zeros_like(value) for key, value in p.items()}
    for task in (u, 2 * u, 3 * u):
        step = net_gradient(p, task)
        bar = net_gradient({key: p[key] - 1e-3 * step[key] for key in p}, task)
        on = (p["A"] @ task + p["c"]) > 0
        h_bar = -1e-3 * on * bar["B"][0]
        total["A"] += bar["A"] + np.outer(h_bar, task)
        total["c"] += bar["c"] + h_bar
        total["B"] += bar["B"] - 1e-3 * on * (bar["A"] @ task + bar["c"])
        total["e"] += bar["e"]
    return {key: value / 3 for key, value in total.items()}


def product(lib: Any) -> Callable[..., Any]:
    """The Hessian of tanh(net) times r as the gradient of (gradient . r)."""
    f = net(lib)

    def inner(p: Any, u: Any, r: Any) -> Any:
        g = lib.grad(lambda p: lib.np.tanh(f(p, u)))(p)
        return sum(lib.np.sum(g[key] * r[key]) for key in g)

    return lib.grad(inner)


def product_reference(p: Any, u: Any, r: Any) -> Any:
    moved = {key: p[key] + 1e-30j * r[key] for key in p}
    z = moved["A"] @ u + moved["c"]
    y = np.tanh((moved["B"] @ (z * (z.real > 0)) + moved["e"])[0])
    return {key: ((1 - y * y) * g).imag / 1e-30 for key, g in net_gradient(moved, u).items()}


def small_net(dtype: str) -> tuple[Any, ...]:
    A, B, c, e, u = random_inputs((5, 2), (1, 5), 5, 1, 2)(dtype)
    return {"A": A, "B": 0.3 * B, "c": c, "e": e}, u


def small_net_and_direction(dtype: str) -> tuple[Any, ...]:
    A, B, c, e = random_inputs((5, 2), (1, 5), 5, 1)(dtype)
    return (*small_net(dtype), {"A": A[::-1].copy(), "B": B, "c": -c, "e": e})


# S4: products and Jacobians of functions.


def row_sums(lib: Any) -> Callable[..., Any]:
    return lambda x: lib.np.exp(x).sum(1)


def row_sums_jvp(lib: Any) -> Callable[..., Any]:
    return lambda x, v: lib.jvp(row_sums(lib), (x,), (v,))


def row_sums_jacobian(x: Any) -> Any:
    return np.eye(len(x), dtype=x.dtype)[:, :, None] * np.exp(x)


def add_jvp(lib: Any) -> Callable[..., Any]:
    return lambda a, b, v, w: lib.jvp(lambda x, y: 2 * x + 3 * y, (a, b), (v, w))


def workloads() -> Iterator[Workload]:
    flat = random_inputs(26, (1, 3), (1, 1), 26)
    loose, square = {"float32": 2e-4}, random_inputs((4, 4), (4, 4))
    known: dict[str, dict[str, Any]] = {
        "S1 gradient of a loss, 26 parameters": dict(
            inputs=net_inputs, value=loss, by_hand=loss_gradient),
        "S1 flat gradient": dict(inputs=random_inputs(26, (1, 3), (1, 1)), value=flat_loss,
            by_hand=flat_gradient),
        "S1 jvp": dict(inputs=flat, build=flat_jvp, by_hand=flat_jvp_by_hand),
        "S1 hvp": dict(inputs=flat, build=flat_hvp, reference=flat_hvp_reference),
        "S2 y, y', y'' of a curve": dict(
            inputs=random_inputs(2, 2, 2, 2), build=curve, by_hand=curve_by_hand),
        "S2 value, gradient, Hessian": dict(
            inputs=random_inputs(2, 2), build=surface_all, by_hand=surface_by_hand),
        "S3 orders 0 to 4 of 2 x^3": dict(
            inputs=lambda dtype: (np.dtype(dtype).type(-2.0),), build=orders,
            by_hand=lambda x: (2 * x**3, 6 * x**2, 12 * x, 0 * x + 12, 0 * x)),
        "S3 gradient penalty": dict(
            inputs=small_net, build=gradient_penalty,
            by_hand=lambda p, u: (net_gradient(p, u)["A"], np.zeros_like(p["A"]))),
        "S3 MAML": dict(inputs=small_net, value=meta_loss, by_hand=meta_gradient),
        "S3 hvp as a gradient": dict(
            inputs=small_net_and_direction, build=product, reference=product_reference),
        "S4 Jacobian of 2 x": dict(
            inputs=random_inputs(2), build=lambda lib: lib.jacrev(lambda x: 2 * x),
            by_hand=lambda x: np.diag(np.full_like(x, 2))),
        "S4 jvp of row sums": dict(
            inputs=square, build=row_sums_jvp,
            by_hand=lambda x, v: (np.exp(x).sum(1), (np.exp(x) * v).sum(1))),
        "S4 Jacobian of row sums": dict(
            inputs=random_inputs((4, 4)), build=lambda lib: lib.jacrev(row_sums(lib)),
            by_hand=row_sums_jacobian),
        "S4 jvp of two arguments": dict(
            inputs=random_inputs(2, 2, 2, 2), build=add_jvp,
            by_hand=lambda a, b, v, w: (2 * a + 3 * b, 2 * v + 3 * w)),
    }  # fmt: skip
    for name, parts in known.items():
        yield Workload("tutorials", name, rtol=loose, **parts)
