"""Matrix products, solves and decompositions beside NumPy (its BLAS on one thread).

`python bench/python/products.py [part of a name ...]`. Every answer is checked before it is timed;
prints the time of each jitted function, its GFLOP/s and NumPy's time over it. Small operands run in
a chain of STEPS operations, so that the call does not count.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import timing

import dualtape as dt

STEPS = 200
random = np.random.default_rng(0)


class Case(NamedTuple):
    """`jitted(*args)` must equal `by_hand(*args)`; `flops` of one run."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    flops: float


def matmul(a: Any, b: Any) -> Any:
    return a @ b


def chain(step: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(a: Any, x: Any) -> Any:
        for _ in range(STEPS):
            x = step(a, x)
        return x

    return run


def orthogonal(n: int) -> Any:
    """Products of it neither grow nor vanish."""
    return np.linalg.qr(random.normal(size=(n, n)))[0]


def square() -> Iterator[Case]:
    for dtype in (np.float64, np.float32):
        for n in (32, 100, 256, 512, 1024, 2048):
            a, b = random.normal(size=(2, n, n)).astype(dtype)
            name = np.dtype(dtype).name
            yield Case(f"{name} {n}", matmul, (a, b), 2 * n**3)
            if n in (100, 512):
                yield Case(f"{name} {n}, a.T", lambda a, b: a.T @ b, (a, b), 2 * n**3)
                yield Case(f"{name} {n}, b.T", lambda a, b: a @ b.T, (a, b), 2 * n**3)


def skinny() -> Iterator[Case]:
    for m, k, n in ((128, 784, 512), (784, 128, 512), (128, 512, 10), (10000, 100, 100)):
        a, b = random.normal(size=(m, k)), random.normal(size=(k, n))
        yield Case(f"({m}, {k}) @ ({k}, {n})", matmul, (a, b), 2.0 * m * k * n)


def vectors() -> Iterator[Case]:
    a, x, y = random.normal(size=(10000, 100)), random.normal(size=100), random.normal(size=10000)
    yield Case("(10000, 100) @ vector", matmul, (a, x), 2e6)
    yield Case("vector @ (10000, 100)", matmul, (y, a), 2e6)
    yield Case("dot, 10000", matmul, (y, y), 2e4)
    yield Case("outer, 1000", np.outer, (y[:1000], y[:1000]), 1e6)


def small() -> Iterator[Case]:
    for n in (2, 3, 4, 6, 8, 16):
        a, x = orthogonal(n), random.normal(size=(n, n))
        yield Case(f"{STEPS} products {n}", chain(lambda a, x: a @ x), (a, x), STEPS * 2 * n**3)
    a, v = orthogonal(4), random.normal(size=4)
    yield Case(f"{STEPS} matrix times vector 4", chain(lambda a, x: a @ x), (a, v), STEPS * 32)
    yield Case(f"{STEPS} solve 4", chain(np.linalg.solve), (a, v), STEPS * 75)
    yield Case(f"{STEPS} inv 4", chain(lambda _, x: np.linalg.inv(x)), (a, a + 0), STEPS * 128)


def batches() -> Iterator[Case]:
    for n in (3, 4, 6, 16):
        a, b = random.normal(size=(2, 10000, n, n))
        yield Case(f"10000 products {n}", matmul, (a, b), 2e4 * n**3)
    for n, k in ((3, 1), (6, 1), (6, 6), (16, 1)):
        a = random.normal(size=(10000, n, n)) + n * np.eye(n)
        b = random.normal(size=(10000, n, k))
        flops = 1e4 * (2 / 3 * n**3 + 2 * n**2 * k)
        yield Case(f"10000 solves {n}, {k} columns", np.linalg.solve, (a, b), flops)
    a = random.normal(size=(10000, 6, 6)) + 6 * np.eye(6)
    yield Case("10000 inv 6", np.linalg.inv, (a,), 1e4 * 2 * 6**3)
    yield Case("10000 det 6", np.linalg.det, (a,), 1e4 * 2 / 3 * 6**3)


def decompositions() -> Iterator[Case]:
    for n in (32, 64, 100, 300, 1000):
        a, b = random.normal(size=(n, n)) + n * np.eye(n), random.normal(size=n)
        yield Case(f"solve {n}", np.linalg.solve, (a, b), 2 / 3 * n**3)
        yield Case(f"inv {n}", np.linalg.inv, (a,), 2 * n**3)


def agree(got: Any, wanted: Any) -> bool:
    eps = np.finfo(wanted.dtype).eps
    return bool(np.max(np.abs(got - wanted)) <= 1e4 * eps * (1 + np.max(np.abs(wanted))))


def main() -> int:
    timing.pin_to_one_core()
    wrong = 0
    print(f"{'':36} {'dualtape':>12} {'GFLOP/s':>8} {'NumPy over it':>14}")
    for family in (square, skinny, vectors, small, batches, decompositions):
        for case in family():
            if sys.argv[1:] and not any(part in case.name for part in sys.argv[1:]):
                continue
            jitted = dt.jit(case.function)
            if not agree(jitted(*case.args), case.function(*case.args)):
                print(f"{case.name:36} WRONG")
                wrong += 1
                continue
            times = timing.side_by_side(
                {
                    "dualtape": lambda c=case, f=jitted: f(*c.args),
                    "numpy": lambda c=case: c.function(*c.args),
                }
            )
            ours, numpy = times["dualtape"].median, times["numpy"].median
            speed = case.flops / ours * 1e-9
            print(f"{case.name:36} {ours * 1e6:9.2f} us {speed:8.1f} {numpy / ours:14.2f}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
