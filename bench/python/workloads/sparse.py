"""Sparse Jacobians and Hessians, prepared, beside the function they are derivatives of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import AUTOGRAD, JAX, JIT, TORCH, VALUE, Budget, Workload

GRID = 200


def rosenbrock_hessian(x: Any) -> Any:
    """Entries row by row: the Hessian is tridiagonal."""
    diagonal = np.full_like(x, 200.0)
    diagonal[0] = 0.0
    diagonal[:-1] += 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
    entries = np.empty(3 * len(x) - 2, x.dtype)
    entries[::3] = diagonal
    entries[1::3] = entries[2::3] = -400.0 * x[:-1]
    return entries


def rosenbrock(lib: Any) -> Callable[..., Any]:
    np = lib.np
    return lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def wave(lib: Any) -> Callable[..., Any]:
    np = lib.np
    return lambda x: np.sin(x) * np.exp(-x)


def bratu(lib: Any) -> Callable[..., Any]:
    """The residual of examples/bratu.py."""
    np = lib.np

    def residual(u: Any) -> Any:
        grid = np.pad(u.reshape(GRID, GRID), 1)
        inside = grid[1:-1, 1:-1]
        neighbours = grid[2:, 1:-1] + grid[:-2, 1:-1] + grid[1:-1, 2:] + grid[1:-1, :-2]
        return (4 * inside - neighbours - 6.0 / (GRID + 1) ** 2 * np.exp(inside)).ravel()

    return residual


def bratu_jacobian(u: Any) -> Any:
    """Entries row by row: up to five unknowns in each equation, in the order of their numbers."""
    table = np.full((GRID, GRID, 5), -1.0, u.dtype)
    table[:, :, 2] = 4 - 6.0 / (GRID + 1) ** 2 * np.exp(u.reshape(GRID, GRID))
    there = np.ones(table.shape, bool)
    there[0, :, 0] = there[:, 0, 1] = there[:, -1, 3] = there[-1, :, 4] = False
    return table[there]


def prepared(
    prepare: str, function: Callable[[Any], Any], point: Callable[[str], tuple[Any, ...]]
) -> Callable[[Any], Callable[..., Any]]:
    """Calls that give the entries; pattern, colouring and plan are paid for before."""

    def build(lib: Any) -> Callable[..., Any]:
        import dualtape as dt

        make = getattr(dt.sparse, prepare)
        matrices = {dtype: make(function(lib), *point(dtype)) for dtype in ("float32", "float64")}
        return lambda x: matrices[x.dtype.name](x).data

    return build


def workloads() -> Iterator[Workload]:
    refused = dict.fromkeys((JAX, TORCH, AUTOGRAD), "no sparse matrices")

    def valley(dtype: str) -> tuple[Any, ...]:
        return (np.linspace(-1.2, 1.1, 100_000).astype(dtype),)

    def line(dtype: str) -> tuple[Any, ...]:
        return (np.linspace(-1.0, 1.0, 1_000_000).astype(dtype),)

    def hill(dtype: str) -> tuple[Any, ...]:
        return (np.sin(np.arange(GRID * GRID)).astype(dtype),)

    yield Workload(
        "sparse",
        "sparse Hessian of Rosenbrock, n = 100000; value: its gradient",
        valley,
        lambda lib: lib.grad(rosenbrock(lib)),
        prepared("prepare_hessian", rosenbrock, valley),
        by_hand=rosenbrock_hessian,
        rtol={"float32": 1e-4},
        budgets=(Budget(JIT, 5.0, VALUE),),
        refused=refused,
        prepared=True,
    )
    yield Workload(
        "sparse",
        "sparse Jacobian of sin(x) exp(-x), n = 1000000; value: its jvp",
        line,
        lambda lib: lambda x: lib.jvp(wave(lib), (x,), (x,)),
        prepared("prepare_jacobian", wave, line),
        by_hand=lambda x: (np.cos(x) - np.sin(x)) * np.exp(-x),
        budgets=(Budget(JIT, 2.0, VALUE),),
        refused=refused,
        prepared=True,
    )
    yield Workload(
        "sparse",
        "sparse Jacobian of Bratu's residual, 40000 unknowns; value: the residual",
        hill,
        bratu,
        prepared("prepare_jacobian", bratu, hill),
        by_hand=bratu_jacobian,
        budgets=(Budget(JIT, 10.0, VALUE),),
        refused=refused,
        prepared=True,
    )
