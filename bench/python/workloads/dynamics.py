"""Loops in time and along chains: a filter, a PDE with assignment to arrays, a robot arm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import JAX, Workload
from peers import Library

STEPS, SIZE = 200, 4


def kalman(lib: Any) -> Callable[..., Any]:
    """Negative log-likelihood of 200 observations, in the logarithms of both noises."""
    np = lib.np

    def f(noise: Any, move: Any, see: Any, seen: Any, eye: Any) -> Any:
        process, error = np.exp(noise[0]) * eye, np.exp(noise[1]) * eye

        def step(state: Any, y: Any) -> Any:
            x, P, total = state
            x, P = move @ x, move @ P @ move.T + process
            S = see @ P @ see.T + error
            gap = y - see @ x
            gain = np.linalg.solve(S, see @ P).T
            total = total + gap @ np.linalg.solve(S, gap) + np.log(np.linalg.det(S))
            return x + gain @ gap, P - gain @ see @ P, total

        return 0.5 * lib.repeat(step, (seen[0], eye, 0 * seen[0, 0]), seen[1:])[2]

    return f


def kalman_reference(*arguments: Any) -> Any:
    return complex_step(kalman(PlainNumPy()), *arguments)


class PlainNumPy(Library):
    np = np


def complex_step(f: Callable[..., Any], x: Any, *others: Any) -> Any:
    """df/dx of a holomorphic f, exact to rounding (Squire and Trapp, 1998)."""
    g = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[index] += 1e-30j
        g[index] = f(moved, *others).imag / 1e-30
    return g


def kalman_inputs(dtype: str) -> tuple[Any, ...]:
    random = np.random.default_rng(0)
    move = np.eye(SIZE) + 0.1 * np.eye(SIZE, k=2)
    move[2:, 2:] *= 0.95
    see = np.eye(SIZE) + 0.2 * random.normal(size=(SIZE, SIZE))
    states = np.cumsum(0.3 * random.normal(size=(STEPS, SIZE)), axis=0)
    seen = states @ see.T + 0.5 * random.normal(size=(STEPS, SIZE))
    noise = random.normal(size=(2, SIZE)) * 0.2 - 1.0
    return tuple(part.astype(dtype) for part in (noise, move, see, seen, np.eye(SIZE)))


CELLS, TIMES, DX, DT, NU = 256, 100, 1.0 / 255, 2e-3, 2e-3


def burgers(lib: Any) -> Callable[..., Any]:
    """Energy at the end of Burgers' equation, explicit steps assigned to the inner cells."""
    np, inner = lib.np, slice(1, -1)

    def slope(u: Any) -> Any:
        bend = (NU / DX**2) * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        return u[1:-1] + DT * (bend - u[1:-1] * (u[2:] - u[:-2]) * (0.5 / DX))

    def step(u: Any, _: Any) -> Any:
        if lib.name == "autograd":  # which has no assignment
            return np.concatenate([u[:1], slope(u), u[-1:]])
        return lib.put(u, inner, slope(u))

    def f(u: Any) -> Any:
        return DX * np.sum(lib.repeat(step, 1.0 * u, TIMES) ** 2)

    return f


def burgers_by_hand(u: Any) -> Any:
    kept = []
    for _ in range(TIMES):
        kept.append(u)
        bend = (NU / DX**2) * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        new = u.copy()
        new[1:-1] += DT * (bend - u[1:-1] * (u[2:] - u[:-2]) * (0.5 / DX))
        u = new
    u_bar = 2.0 * DX * u
    for u in reversed(kept):
        e = DT * u_bar[1:-1]
        u_bar[1:-1] += e * (-2.0 * NU / DX**2 - (u[2:] - u[:-2]) * (0.5 / DX))
        u_bar[2:] += e * (NU / DX**2 - u[1:-1] * (0.5 / DX))
        u_bar[:-2] += e * (NU / DX**2 + u[1:-1] * (0.5 / DX))
    return u_bar


def wave(dtype: str) -> tuple[Any, ...]:
    x = np.linspace(0.0, 1.0, CELLS)
    return ((np.sin(2 * np.pi * x) + 0.5 * np.sin(np.pi * x)).astype(dtype),)


JOINTS = 7


def arm_matrices() -> tuple[Any, Any, Any]:
    """A joint's motion is A + B cos(angle) + C sin(angle) (Denavit and Hartenberg, 1955)."""
    A, B, C = np.zeros((3, JOINTS, 4, 4))
    for k in range(JOINTS):
        twist, length, offset = (-1) ** k * np.pi / 2, 0.3 + 0.05 * k, 0.1 * k
        c, s = np.cos(twist), np.sin(twist)
        A[k, 2], A[k, 3, 3] = (0, s, c, offset), 1
        B[k, 0], B[k, 1] = (1, 0, 0, length), (0, c, -s, 0)
        C[k, 0], C[k, 1] = (0, -c, s, 0), (1, 0, 0, length)
    return A, B, C


def arm_end(lib: Any) -> Callable[..., Any]:
    np = lib.np

    def f(angles: Any, A: Any, B: Any, C: Any) -> Any:
        motion = A[0] + np.cos(angles[0]) * B[0] + np.sin(angles[0]) * C[0]
        for k in range(1, JOINTS):
            motion = motion @ (A[k] + np.cos(angles[k]) * B[k] + np.sin(angles[k]) * C[k])
        return motion[:3, 3]

    return f


def arm_reach(lib: Any) -> Callable[..., Any]:
    end = arm_end(lib)

    def f(angles: Any, A: Any, B: Any, C: Any, target: Any) -> Any:
        return lib.np.sum((end(angles, A, B, C) - target) ** 2)

    return f


def arm_jacobian_by_hand(angles: Any, A: Any, B: Any, C: Any) -> Any:
    return _arm(angles, A, B, C)[1]


def arm_gradient_by_hand(angles: Any, A: Any, B: Any, C: Any, target: Any) -> Any:
    end, jacobian = _arm(angles, A, B, C)
    return 2.0 * (end - target) @ jacobian


def _arm(angles: Any, A: Any, B: Any, C: Any) -> tuple[Any, Any]:
    cos, sin = np.cos(angles)[:, None, None], np.sin(angles)[:, None, None]
    motions, slopes = A + cos * B + sin * C, cos * C - sin * B
    ends = [np.eye(4, dtype=angles.dtype)[3]]
    for motion in motions[::-1]:
        ends.append(motion @ ends[-1])
    before, columns = np.eye(4, dtype=angles.dtype), []
    for k in range(JOINTS):
        columns.append(before @ (slopes[k] @ ends[JOINTS - 1 - k]))
        before = before @ motions[k]
    return ends[-1][:3], np.stack(columns, axis=1)[:3]


def arm_inputs(dtype: str, *others: Any) -> tuple[Any, ...]:
    parts = (np.linspace(-0.7, 0.9, JOINTS), *arm_matrices(), *others)
    return tuple(np.asarray(part, dtype) for part in parts)


def workloads() -> Iterator[Workload]:
    yield Workload(
        "dynamics",
        "gradient of a Kalman filter, 200 steps, 4 x 4",
        kalman_inputs,
        kalman,
        reference=kalman_reference,
        rtol={"float64": 1e-9, "float32": 1e-2},
        slow=(JAX,),
        loops=True,
    )
    yield Workload(
        "dynamics",
        "gradient of Burgers' equation, 256 cells, 100 steps",
        wave,
        burgers,
        by_hand=burgers_by_hand,
        rtol={"float32": 1e-3},
        slow=(JAX,),
        loops=True,
    )
    yield Workload(
        "dynamics",
        "gradient of a robot arm's reach, 7 joints",
        lambda dtype: arm_inputs(dtype, [0.4, -0.2, 0.7]),
        arm_reach,
        by_hand=arm_gradient_by_hand,
        rtol={"float32": 1e-4},
    )
    yield Workload(
        "dynamics",
        "Jacobian of a robot arm, 7 joints",
        arm_inputs,
        build=lambda lib: lib.jacfwd(arm_end(lib)),
        by_hand=arm_jacobian_by_hand,
        rtol={"float32": 1e-4},
    )
