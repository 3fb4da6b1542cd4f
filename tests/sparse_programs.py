"""Programs whose Jacobians and Hessians have structure, and random ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import dualtape.numpy as dnp

N = 12
RNG = np.random.default_rng(20261122)
INDEX = RNG.integers(-N, N, 17)
PAIRS = RNG.integers(0, N, (2, 9))
W = RNG.normal(size=(7, N))
SQUARE = RNG.normal(size=(4, 4)) + 4 * np.eye(4)
MASK = RNG.random(N) < 0.5


def stencil(x):
    """Five points on a grid of 3 x 4 with zeros around it."""
    u = x.reshape(3, 4)
    inside = 4 * u + np.exp(u)
    return np.concatenate(
        [
            (inside[1:] - u[:-1]).ravel(),
            (inside[:-1] - u[1:]).ravel(),
            (u[:, 1:] * u[:, :-1]).ravel(),
        ]
    )


def assigned(x):
    y = dnp.zeros(N)
    y[0] = x[0] ** 2
    for i in range(1, N):
        y[i] = np.sin(x[i]) + y[i - 1] * x[0]
    y[3:6] = x[6:9] * 2.0
    y[::4] += x[::4] ** 2
    return y


def scattered(x):
    y = dnp.zeros(N)
    y[PAIRS[0]] += x[PAIRS[1]] ** 2
    y[2:5] = x[:3] * x[0]
    return y


def arrow(x):
    return np.concatenate([np.sum(x**2)[None], x[1:] * x[0]])


def blocks(x):
    return np.tanh(x.reshape(3, 4) @ SQUARE).ravel()


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


MAPS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda x: x,
    "elementwise": lambda x: np.sin(x) * np.exp(-x) / (1 + x**2),
    "constant": lambda x: np.ones(3),
    "partly constant": lambda x: dnp.concatenate([np.ones(2), x[:2] * x[0], np.zeros(1)]),
    "stencil": stencil,
    "differences": lambda x: x[2:] - 2 * x[1:-1] * x[1:-1] + x[:-2],
    "strides": lambda x: x[::-2] * x[1::2],
    "gather": lambda x: x[INDEX] ** 2 * x[INDEX[::-1]],
    "gather rows": lambda x: np.sin(x.reshape(4, 3)[PAIRS[0, :5] % 4]).sum(axis=1),
    "scatter": scattered,
    "in place": assigned,
    "sum": lambda x: np.sum(np.sin(x)),
    "mean of rows": lambda x: np.mean(x.reshape(3, 4) ** 2, axis=1),
    "centred": lambda x: x - np.mean(x),
    "maximum of rows": lambda x: np.max(x.reshape(4, 3), axis=1),
    "prefix sums": lambda x: np.cumsum(x) ** 2,
    "matmul": lambda x: np.tanh(W @ x),
    "block diagonal": blocks,
    "outer": lambda x: np.outer(x[:3], x[3:5]),
    "solve": lambda x: np.linalg.solve(SQUARE, x.reshape(4, 3)).T,
    "solve with a matrix of x": lambda x: np.linalg.solve(SQUARE + np.diag(x[:4]), x[4:8]),
    "determinants": lambda x: np.linalg.det(x.reshape(3, 2, 2) + 3 * np.eye(2)),
    "where": lambda x: np.where(MASK, x**2, x[::-1]),
    "where on values": lambda x: np.where(x > 0, x**2, 0.0),
    "arrow": arrow,
    "transpose": lambda x: (x.reshape(3, 4).T * x.reshape(4, 3)).ravel(),
    "broadcast": lambda x: x[:3, None] * np.ones(4) + x[:4],
    "sorted by value": lambda x: np.take(x, np.argmax(x)) * x,
    "nothing": lambda x: x[:0] * 2.0,
    "norm": lambda x: np.sqrt(np.sum(x**2)),
}

SCALARS: dict[str, Callable[[Any], Any]] = {
    "rosenbrock": rosenbrock,
    "sum of cubes": lambda x: np.sum(x**3),
    "linear": lambda x: np.sum(3.0 * x),
    "hub": lambda x: np.sum(x[0] * x[1:] ** 2) + x[0] ** 4,
    "pairs": lambda x: np.sum((x[PAIRS[0]] - x[PAIRS[1]]) ** 4),
    "blocks": lambda x: np.sum(blocks(x) ** 2),
    "grid": lambda x: np.sum(stencil(x) ** 2),
    "dense": lambda x: np.sum(x) ** 3,
    "one entry": lambda x: np.exp(x[3] * x[4]),
    "chain": lambda x: np.sum(np.cumsum(x)[::3] ** 2),
    "tail": lambda x: np.sum(np.where(x > 0, x**3, x**2) * x[::-1]),
    "in place": lambda x: np.sum(assigned(x) ** 2),
}


# ---------------------------------------------------------------- random programs

UNARY = [np.sin, np.tanh, np.square, np.negative, lambda v: 0.5 * v, lambda v: np.exp(-v * v)]


def step(choose: Callable[[Sequence[Any]], Any], known: list[Any], data: Any) -> Any:
    """One more vector of N entries from those known."""
    a, b = choose(known), choose(known)
    kind = choose(["unary", "binary", "move", "mix", "write"])
    if kind == "unary":
        return choose(UNARY)(a)
    if kind == "binary":
        return choose([np.add, np.subtract, np.multiply])(a, b)
    if kind == "move":
        k = choose(range(1, N))
        moves = [
            lambda: a[::-1],
            lambda: dnp.concatenate([a[k:], b[:k]]),
            lambda: a[data["index"]],
            lambda: a.reshape(3, 4).T.reshape(N),
            lambda: np.where(data["mask"], a, b),
            lambda: a[k % N] * np.ones(N),
        ]
        return choose(moves)()
    if kind == "mix":
        mixes = [
            lambda: a + np.sum(b),
            lambda: (data["matrix"] @ a.reshape(3, 4)).reshape(N),
            lambda: np.cumsum(a),
            lambda: np.sum(a.reshape(4, 3), axis=1)[data["index"] % 4] * b,
            lambda: np.max(a.reshape(2, 6), axis=0)[data["index"] % 6] + b,
        ]
        return choose(mixes)()
    y = dnp.zeros(N) + 0.0 * b
    start, stop = choose(range(N // 2)), choose(range(N // 2, N))
    y[start:stop] = a[: stop - start]
    y[data["index"][:3]] += b[:3]
    return y


def random_program(choose: Callable[[Sequence[Any]], Any], steps: int) -> Callable[[Any], Any]:
    """The choices are drawn once; the function repeats them."""
    rng = np.random.default_rng(choose(range(1000)))
    data = {
        "index": rng.integers(0, N, N),
        "mask": rng.random(N) < 0.5,
        "matrix": rng.normal(size=(3, 3)),
    }
    drawn: list[int] = []

    def draw_first(options: Sequence[Any]) -> Any:
        drawn.append(choose(range(len(options))))
        return options[drawn[-1]]

    def run(choose: Callable[[Sequence[Any]], Any], x: Any) -> Any:
        known = [x]
        for _ in range(steps):
            known.append(step(choose, known, data))
        return known[-1]

    run(draw_first, np.linspace(-1, 1, N))

    def program(x: Any) -> Any:
        again = iter(drawn)
        return run(lambda options: options[next(again)], x)

    return program
