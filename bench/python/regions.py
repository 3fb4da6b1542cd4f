"""Elementwise regions and reductions beside hand-written NumPy.

`python bench/python/regions.py [part of a name ...]`. Every answer is checked before it is timed;
prints the time of each jitted function and its ratio to NumPy's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import timing

import dualtape as dt

random = np.random.default_rng(0)


class Case(NamedTuple):
    """`jitted(*args)` must equal `by_hand(*args)`."""

    name: str
    jitted: Callable[..., Any]
    by_hand: Callable[..., Any]
    args: tuple[Any, ...]


def broadcasts() -> Iterator[Case]:
    """A column, a row and both against a matrix, for rows of several lengths."""
    for rows, row in ((40_000, 3), (16_000, 8), (4000, 32), (1000, 128), (125, 1000)):
        x, c, b = random.normal(size=(rows, row)), random.normal(size=rows), random.normal(size=row)

        def column(x: Any, c: Any) -> Any:
            return c[:, None] * x

        def both(x: Any, c: Any, b: Any) -> Any:
            return (x - b) * c[:, None] + x

        yield Case(f"column times ({rows}, {row})", dt.jit(column), column, (x, c))
        yield Case(f"column and row with ({rows}, {row})", dt.jit(both), both, (x, c, b))


def jacobians() -> Iterator[Case]:
    for rows, columns in ((2048, 32), (32, 2048)):
        W = random.normal(size=(rows, columns)) / np.sqrt(columns)
        b, x = random.normal(size=rows), random.normal(size=columns)

        def f(x: Any, W: Any = W, b: Any = b) -> Any:
            return np.tanh(W @ x + b)

        def by_hand(x: Any, W: Any = W, b: Any = b) -> Any:
            return (1.0 - np.tanh(W @ x + b) ** 2)[:, None] * W

        yield Case(f"Jacobian of tanh(W x + b), {W.shape}", dt.jit(dt.jacrev(f)), by_hand, (x,))

    W, b, X = random.normal(size=(33, 31)), random.normal(size=33), random.normal(size=(64, 31))

    def layer(x: Any) -> Any:
        return np.tanh(W @ x + b)

    def jacobian(X: Any) -> Any:
        y = np.tanh(X @ W.T + b)
        return (1.0 - y**2)[:, :, None] * W

    def hessian(X: Any) -> Any:
        y = np.tanh(X @ W.T + b)
        return (-2.0 * y * (1.0 - y**2))[:, :, None, None] * (W[:, :, None] * W[:, None, :])

    yield Case("batched Jacobian, (64, 33, 31)", dt.jit(dt.vmap(dt.jacrev(layer))), jacobian, (X,))
    second = dt.jit(dt.vmap(dt.jacfwd(dt.jacrev(layer))))
    yield Case("batched Hessian, (64, 33, 31, 31)", second, hessian, (X,))


def reductions() -> Iterator[Case]:
    for shape in ((40_000, 3), (8000, 16), (1000, 128), (125, 1000)):
        x, y = random.normal(size=shape), random.normal(size=shape)
        for axis in (0, 1):

            def product(x: Any, y: Any, axis: int = axis) -> Any:
                return np.sum(x * y, axis=axis)

            def by_hand(x: Any, y: Any, axis: int = axis) -> Any:
                return np.einsum("ij,ij->" + "ji"[axis], x, y)

            yield Case(f"sum(x y, axis={axis}), {shape}", dt.jit(product), by_hand, (x, y))


def log_sum_exp(a: Any) -> Any:
    top = np.max(a, axis=1, keepdims=True)
    return np.log(np.sum(np.exp(a - top), axis=1)) + top[:, 0]


def row_chains() -> Iterator[Case]:
    """A reduction of each row, and more work on the row."""
    for rows, k in ((12_800, 10), (1280, 100), (128, 1000)):
        a, target = random.normal(size=(rows, k)), np.eye(k)[random.integers(0, k, rows)]

        def loss(a: Any, target: Any = target) -> Any:
            return np.mean(log_sum_exp(a) - np.sum(a * target, axis=1))

        def loss_gradient(a: Any, target: Any = target) -> Any:
            e = np.exp(a - a.max(axis=1, keepdims=True))
            return (e / e.sum(axis=1, keepdims=True) - target) / len(a)

        yield Case(f"softmax gradient, {a.shape}", dt.jit(dt.grad(loss)), loss_gradient, (a,))

        def standardise(a: Any) -> Any:
            a = a - np.mean(a, axis=1, keepdims=True)
            return a / np.sqrt(np.mean(a * a, axis=1, keepdims=True) + 1e-5)

        yield Case(f"standardised rows, {a.shape}", dt.jit(standardise), standardise, (a,))


def mixture() -> Iterator[Case]:
    n, d, k = 1000, 10, 25
    x, means = random.normal(size=(n, d)), random.normal(size=(k, d))

    def loss(means: Any) -> Any:
        return -np.sum(log_sum_exp(-0.5 * np.sum((x[:, None, :] - means) ** 2, axis=2)))

    def gradient(means: Any) -> Any:
        logs = -0.5 * np.sum((x[:, None, :] - means) ** 2, axis=2)
        e = np.exp(logs - logs.max(axis=1, keepdims=True))
        weights = e / e.sum(axis=1, keepdims=True)
        return weights.sum(axis=0)[:, None] * means - weights.T @ x

    yield Case("mixture gradient, n=1000 d=10 k=25", dt.jit(dt.grad(loss)), gradient, (means,))


def whole_arrays() -> Iterator[Case]:
    x = random.normal(size=1_000_000)

    def f(x: Any) -> Any:
        return np.sum(np.sin(x) * np.exp(x) + np.tanh(x))

    def gradient(x: Any) -> Any:
        return np.exp(x) * (np.sin(x) + np.cos(x)) + 1.0 - np.tanh(x) ** 2

    yield Case("gradient of sum(sin x exp x + tanh x)", dt.jit(dt.grad(f)), gradient, (x,))

    def reverse(x: Any) -> Any:
        return x * x[::-1]

    def symmetric(a: Any) -> Any:
        return 0.5 * (a + a.T)

    def joined(x: Any) -> Any:
        return np.concatenate([x + 1.0, 2.0 * x])

    a = x.reshape(1000, 1000)
    yield Case("x times x backwards, 1e6", dt.jit(reverse), reverse, (x,))
    yield Case("(a + a.T) / 2, 1000 x 1000", dt.jit(symmetric), symmetric, (a,))
    yield Case("concatenate([x + 1, 2 x]), 1e6", dt.jit(joined), joined, (x,))


def small() -> Iterator[Case]:
    """100 steps, each a few tiny regions: what a region costs at least."""
    for shape in ((4,), (4, 4), (64,)):
        x, y = random.normal(size=shape), random.normal(size=shape)

        def steps(x: Any, y: Any) -> Any:
            for _ in range(100):
                x = x + 0.01 * y
                x = x / np.sqrt(np.sum(x * x))
            return x

        yield Case(f"100 normalised steps of {shape}", dt.jit(steps), steps, (x, y))


FAMILIES = (broadcasts, jacobians, reductions, row_chains, mixture, whole_arrays, small)


def check(case: Case) -> None:
    given, wanted = case.jitted(*case.args), case.by_hand(*case.args)
    error = np.max(np.abs(given - wanted)) / np.max(np.abs(wanted))
    if given.shape != wanted.shape or not error <= 1e-11:
        raise AssertionError(f"{case.name}: wrong, relative error {error:.3g}")


def fastest(contestants: list[Callable[[], Any]]) -> list[float]:
    """Seconds of one run each: the least of many short turns, on a machine that others use too."""
    repetitions = [max(1, int(2e-4 / timing.seconds_of(run, 3))) for run in contestants]
    turns = max(10, min(300, int(0.3 / sum(timing.seconds_of(run, 1) for run in contestants))))
    best = [np.inf] * len(contestants)
    for _ in range(turns):
        for k, run in enumerate(contestants):
            best[k] = min(best[k], timing.seconds_of(run, repetitions[k]))
    return best


def main(parts: list[str]) -> None:
    timing.pin_to_one_core()
    for family in FAMILIES:
        for case in family():
            if parts and not any(part in case.name for part in parts):
                continue
            check(case)
            ours, numpy = fastest(
                [
                    lambda case=case: case.jitted(*case.args),
                    lambda case=case: case.by_hand(*case.args),
                ]
            )
            ratio = ours / numpy
            print(f"{case.name:42} {ours * 1e6:10.1f} us {ratio:7.2f} x NumPy", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
