"""Derivatives with a hand-written NumPy answer beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import dualtape as dt

Array = NDArray[np.float64]


class Workload(NamedTuple):
    """Contestants that all give the same answer; the first one is the measure of the others."""

    name: str
    contestants: dict[str, Callable[[], Any]]
    # Contestant -> largest ratio to the first one (the design's budgets).
    budgets: dict[str, float]
    rtol: float = 1e-11


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_gradient(x: Array) -> Array:
    valley = x[1:] - x[:-1] ** 2
    g = np.zeros_like(x)
    g[:-1] = -400.0 * x[:-1] * valley - 2.0 * (1.0 - x[:-1])
    g[1:] += 200.0 * valley
    return g


def rosenbrocks() -> Iterator[Workload]:
    for n in (10, 1000, 1_000_000):
        x = np.linspace(-1.2, 1.1, n)
        gradient = dt.grad(rosenbrock)
        jitted = dt.jit(gradient)
        yield Workload(
            f"gradient of Rosenbrock, n = {n}",
            {
                "NumPy by hand": lambda x=x: rosenbrock_gradient(x),
                "grad": lambda x=x, g=gradient: g(x),
                "jit(grad)": lambda x=x, g=jitted: g(x),
            },
            {"grad": 3.0} if n == 10 else {},
        )


def transcendental() -> Iterator[Workload]:
    x = np.linspace(-1.0, 1.0, 1_000_000)

    def f(x: Any) -> Any:
        return np.sum(np.sin(x) * np.exp(x) + np.tanh(x))

    def by_hand(x: Array) -> Array:
        return np.exp(x) * (np.sin(x) + np.cos(x)) + 1.0 - np.tanh(x) ** 2

    gradient = dt.grad(f)
    jitted = dt.jit(gradient)
    yield Workload(
        "gradient of sum(sin x exp x + tanh x), n = 1e6",
        {
            "NumPy by hand": lambda: by_hand(x),
            "grad": lambda: gradient(x),
            "jit(grad)": lambda: jitted(x),
        },
        {},
    )


SIGMA, RHO, BETA, STEP, STEPS = 10.0, 28.0, 8.0 / 3.0, 0.01, 200


def lorenz_end(x: Any, y: Any, z: Any) -> Any:
    """x after 200 Runge-Kutta steps, on Python scalars."""

    def slope(x: Any, y: Any, z: Any) -> tuple[Any, Any, Any]:
        return SIGMA * (y - x), x * (RHO - z) - y, x * y - BETA * z

    def moved(s: tuple[Any, ...], k: tuple[Any, ...], h: float) -> tuple[Any, ...]:
        return tuple(a + h * b for a, b in zip(s, k, strict=True))

    s: tuple[Any, ...] = (x, y, z)
    for _ in range(STEPS):
        k1 = slope(*s)
        k2 = slope(*moved(s, k1, STEP / 2))
        k3 = slope(*moved(s, k2, STEP / 2))
        k4 = slope(*moved(s, k3, STEP))
        s = tuple(
            a + STEP / 6 * (p + 2 * q + 2 * r + t)
            for a, p, q, r, t in zip(s, k1, k2, k3, k4, strict=True)
        )
    return s[0]


def lorenz_gradient(x: float, y: float, z: float) -> Array:
    """The same by hand: the state and the 3 x 3 tangent matrix, side by side."""

    def slope(s: Array) -> Array:
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
    return s[0, 1:]


def lorenz() -> Iterator[Workload]:
    point = (1.0, 1.5, 20.0)
    gradient = dt.grad(lorenz_end, (0, 1, 2))
    jitted = dt.jit(gradient)
    yield Workload(
        "gradient of Lorenz, 200 Runge-Kutta steps of scalars",
        {
            "NumPy by hand": lambda: lorenz_gradient(*point),
            "grad": lambda: gradient(*point),
            "jit(grad)": lambda: jitted(*point),
        },
        {},
        1e-9,
    )


def dense_jacobians() -> Iterator[Workload]:
    """tanh(W @ x + b) of the transform tutorial (use case S5), tall and wide."""
    generator = np.random.default_rng(0)
    for rows, columns in ((16, 16), (2048, 32), (32, 2048)):
        W = generator.normal(size=(rows, columns)) / np.sqrt(columns)
        b, x = generator.normal(size=rows), generator.normal(size=columns)

        def f(x: Any, W: Array = W, b: Array = b) -> Any:
            return np.tanh(W @ x + b)

        def by_hand(x: Array, W: Array = W, b: Array = b) -> Array:
            return (1.0 - np.tanh(W @ x + b) ** 2)[:, None] * W

        reverse = dt.jacrev(f)
        modes = {mode.__name__: dt.jit(mode(f)) for mode in (dt.jacfwd, dt.jacrev)}
        yield Workload(
            f"Jacobian of tanh(W x + b), {rows} x {columns}",
            {
                "NumPy by hand": lambda f=by_hand, x=x: f(x),
                **{f"jit({k})": lambda f=m, x=x: f(x) for k, m in modes.items()},
                "jacrev": lambda f=reverse, x=x: f(x),
            },
            {},
        )


def batched_derivatives() -> Iterator[Workload]:
    generator = np.random.default_rng(1)
    W, b, X = (
        generator.normal(size=(33, 31)),
        generator.normal(size=33),
        generator.normal(size=(64, 31)),
    )

    def f(x: Any) -> Any:
        return np.tanh(W @ x + b)

    def jacobian_by_hand() -> Array:
        y = np.tanh(X @ W.T + b)
        return (1.0 - y**2)[:, :, None] * W

    def hessian_by_hand() -> Array:
        y = np.tanh(X @ W.T + b)
        return (-2.0 * y * (1.0 - y**2))[:, :, None, None] * (W[:, :, None] * W[:, None, :])

    jacobian = dt.jit(dt.vmap(dt.jacrev(f)))
    hessian = dt.jit(dt.vmap(dt.jacfwd(dt.jacrev(f))))
    yield Workload(
        "batched Jacobian, (64, 33, 31)",
        {"NumPy by hand": jacobian_by_hand, "jit(vmap(jacrev))": lambda: jacobian(X)},
        {},
    )
    yield Workload(
        "batched Hessian, (64, 33, 31, 31)",
        {"NumPy by hand": hessian_by_hand, "jit(vmap(jacfwd(jacrev)))": lambda: hessian(X)},
        {},
    )


def products() -> Iterator[Workload]:
    s, t = np.linspace(0.0, 3.0, 2048), np.linspace(-1.0, 1.0, 2048)

    def f(x: Any) -> Any:
        return np.sum(np.sin(x))

    forward = dt.jit(lambda x, v: dt.jvp(dt.grad(f), (x,), (v,))[1])
    reverse = dt.jit(lambda x, v: dt.vjp(dt.grad(f), x)[1](v)[0])
    yield Workload(
        "Hessian-vector product of sum(sin x), n = 2048",
        {
            "NumPy by hand": lambda: -np.sin(s) * t,
            "jit, forward over reverse": lambda: forward(s, t),
            "jit, reverse over reverse": lambda: reverse(s, t),
            "hvp": lambda: dt.hvp(f, (s,), (t,)),
        },
        {},
    )


FAMILIES = {
    "rosenbrock": rosenbrocks,
    "transcendental": transcendental,
    "lorenz": lorenz,
    "jacobians": dense_jacobians,
    "batched": batched_derivatives,
    "products": products,
}
