"""Run by test_levels.py in a process of its own for each level: results as one npz file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from registry_table import DTYPES, ENTRIES, function

import dualtape as dt
import dualtape.numpy as dnp

Results = dict[str, NDArray[Any]]
# No multiple of a vector's width.
N = 1003


def elementwise() -> Results:
    """Every function of the registry, on an array and on a piece of it."""
    results = {}
    for name, entry in ENTRIES.items():
        for n in entry["parameters"] if entry["parametric"] else [None]:
            for dtype in DTYPES:
                generator = np.random.default_rng(11)
                args = [
                    generator.uniform(lo, hi, size=N).astype(dtype)
                    for lo, hi, _ in entry["sampling"][: entry["arity"]]
                ]
                f = dt.jit(function(name, n))
                key = f"{name}{'' if n is None else n}-{np.dtype(dtype)}"
                results[key] = f(*args)
                results[f"{key}-piece"] = f(*(x[5:16].copy() for x in args))
    return results


def integers() -> Results:
    def arithmetic(a: Any, b: Any) -> Any:
        return (a + b) * a - b, np.maximum(a, b), a < b, dnp.where(a == b, a, b), a % 7 // 2

    results = {}
    for dtype in (np.int8, np.uint16, np.int32, np.int64):
        a, b = np.random.default_rng(3).integers(0, 100, size=(2, N)).astype(dtype)
        for k, y in enumerate(dt.jit(arithmetic)(a, b)):
            results[f"integers{k}-{np.dtype(dtype)}"] = y
        for to in (np.bool_, np.uint8, np.int64, np.float32, np.complex128):
            results[f"to-{np.dtype(to)}-{np.dtype(dtype)}"] = dt.jit(lambda x, t=to: x.astype(t))(a)
    return results


def reductions() -> Results:
    results = {}
    for dtype in (np.float64, np.float32, np.complex128, np.int64, np.int8, np.bool_):
        for shape in ((5, 7), (3, 1000), (1000, 3), (40, 33), (130, 3, 17)):
            x = np.random.default_rng(5).uniform(-2, 2, size=shape).astype(dtype)
            for axis in (None, *range(x.ndim)):
                for name in ("sum", "prod", "max", "min", "all", "any", "cumsum", "argmax"):
                    if dtype is np.complex128 and name in ("max", "min", "argmax"):
                        continue
                    if name in ("all", "any") and dtype is not np.bool_:
                        continue
                    f = dt.jit(lambda x, name=name, axis=axis: getattr(np, name)(x, axis=axis))
                    key = f"{name}-{axis}-{shape}-{np.dtype(dtype)}"
                    results[key.replace("/", "")] = np.asarray(f(x))
    return results


def gradients() -> Results:
    """Whole gradients: their parts may differ in rounding from level to level."""

    def network(p: Any, x: Any) -> Any:
        h = np.tanh(x @ p[0] + p[1])
        scores = h @ p[2]
        top = scores.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]
        return (log_sum - scores[:, 0]).mean()

    def gaussian(a: Any, x: Any) -> Any:
        cov = a @ a.T + 3 * np.eye(6)
        return np.sum(x * np.linalg.solve(cov, x)) + np.log(np.linalg.det(cov))

    def rosenbrock(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def draw(*shape: int) -> NDArray[Any]:
        return np.random.default_rng(8).normal(size=shape)

    results = {}
    for dtype in DTYPES:
        cases: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
            "rosenbrock": (rosenbrock, (draw(101).astype(dtype),)),
            "gaussian": (gaussian, (draw(6, 6).astype(dtype), draw(6, 4).astype(dtype))),
            "network": (
                lambda w, x: network((w, w[0], w.T), x),
                (draw(37, 19).astype(dtype), draw(50, 37).astype(dtype)),
            ),
        }
        for name, (f, args) in cases.items():
            results[f"{name}-{np.dtype(dtype)}"] = dt.grad(f)(*args)
    return results


if __name__ == "__main__":
    family = globals()[sys.argv[1]]
    with np.errstate(all="ignore"):
        np.savez(sys.argv[2], **family())
