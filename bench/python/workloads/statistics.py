"""Likelihoods: mixtures, densities with captured data, least squares, Gaussian processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from contestants import Workload

from .linear import random_inputs

POINTS, DIMENSION, COMPONENTS = 1000, 10, 25
LOWER = np.tril(np.ones((DIMENSION, DIMENSION)), -1)


def mixture(lib: Any) -> Callable[..., Any]:
    """Log-likelihood; inverse covariance of a component = Q^T Q, Q lower triangular."""
    np, n = lib.np, POINTS

    def log_sum_exp(x: Any) -> Any:
        top = np.max(x, axis=0, keepdims=True)
        return (top + np.log(np.sum(np.exp(x - top), axis=0, keepdims=True)))[0]

    def f(alpha: Any, mean: Any, q: Any, l: Any, x: Any, lower: Any, eye: Any) -> Any:  # noqa: E741
        factor = l * lower + np.exp(q)[:, :, None] * eye
        y = (x[None, :, :] - mean[:, None, :]) @ np.swapaxes(factor, 1, 2)
        logs = (alpha + np.sum(q, axis=1))[:, None] - 0.5 * np.sum(y**2, axis=2)
        return np.sum(log_sum_exp(logs)) - n * log_sum_exp(alpha)

    return f


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=0))
    return e / np.sum(e, axis=0)


def mixture_by_hand(
    alpha: Any, mean: Any, q: Any, l: Any, x: Any, lower: Any, eye: Any  # noqa: E741
) -> tuple[Any, ...]:  # fmt: skip
    scale = np.exp(q)
    factor = l * lower + scale[:, :, None] * eye
    centred = x - mean[:, None, :]
    y = centred @ factor.swapaxes(1, 2)
    r = softmax((alpha + q.sum(1))[:, None] - 0.5 * np.sum(y**2, axis=2))
    share = r.sum(1)
    y_bar = -r[:, :, None] * y
    factor_bar = y_bar.swapaxes(1, 2) @ centred
    q_bar = share[:, None] + np.diagonal(factor_bar, axis1=1, axis2=2) * scale
    mean_bar = -np.squeeze(y_bar.sum(1)[:, None, :] @ factor, 1)
    return share - POINTS * softmax(alpha), mean_bar, q_bar, factor_bar * lower


def mixture_inputs(dtype: str) -> tuple[Any, ...]:
    random = np.random.default_rng(0)
    k, d = COMPONENTS, DIMENSION
    shapes = ((k,), (k, d), (k, d), (k, d, d), (POINTS, d))
    alpha, mean, q, l, x = (random.normal(size=s) for s in shapes)  # noqa: E741
    parts = (alpha, mean, 0.2 * q, 0.2 * l, x, LOWER, np.eye(d))
    return tuple(part.astype(dtype) for part in parts)


def density(lib: Any) -> Callable[..., Any]:
    """Log-density of captured data: the array is part of the function, no argument."""
    np, data = lib.np, lib.array(DATA)
    return lambda m, s: -0.5 * np.sum(((data - m) / np.exp(s)) ** 2) - len(DATA) * np.sum(s)


def density_by_hand(m: Any, s: Any) -> tuple[Any, Any]:
    scaled = (DATA - m) * np.exp(-s)
    return scaled.sum(0) * np.exp(-s), (scaled**2).sum(0) - len(DATA)


DATA = np.random.default_rng(3).normal(size=(1000, 5))


def decay(lib: Any) -> Callable[..., Any]:
    """Residuals of a exp(-b t) + c."""
    np = lib.np
    return lambda p, t, y: p[0] * np.exp(-p[1] * t) + p[2] - y


def decay_loss(lib: Any) -> Callable[..., Any]:
    residuals = decay(lib)
    return lambda p, t, y: lib.np.sum(residuals(p, t, y) ** 2)


def decay_jacobian(p: Any, t: Any, y: Any) -> Any:
    e = np.exp(-p[1] * t)
    return np.stack([e, -p[0] * t * e, np.ones_like(t)], axis=1)


def decay_gradient(p: Any, t: Any, y: Any) -> Any:
    e = np.exp(-p[1] * t)
    r = p[0] * e + p[2] - y
    return 2.0 * np.array([r @ e, -p[0] * (r @ (t * e)), r.sum()])


def decay_inputs(dtype: str) -> tuple[Any, ...]:
    t = np.linspace(0.0, 4.0, 50)
    y = 2.0 * np.exp(-0.8 * t) + 0.3 + 0.05 * np.cos(7.0 * np.arange(50))
    return np.array([1.5, 0.5, 0.1], dtype), t.astype(dtype), y.astype(dtype)


def process(lib: Any) -> Callable[..., Any]:
    """Negative log-likelihood of a Gaussian process: length, amplitude and noise as logarithms."""
    np = lib.np

    def f(p: Any, distance: Any, y: Any, eye: Any) -> Any:
        length, amplitude, noise = np.exp(p[0]), np.exp(p[1]), np.exp(p[2])
        k = amplitude * np.exp(-0.5 * distance / length**2) + noise * eye
        return 0.5 * y @ np.linalg.solve(k, y) + 0.5 * np.log(np.linalg.det(k))

    return f


def process_by_hand(p: Any, distance: Any, y: Any, eye: Any) -> Any:
    length, amplitude, noise = np.exp(p)
    smooth = amplitude * np.exp(-0.5 * distance / length**2)
    inverse = np.linalg.inv(smooth + noise * eye)
    a = inverse @ y
    k_bar = 0.5 * (inverse - np.outer(a, a))
    weighted = k_bar * smooth
    return np.array(
        [np.sum(weighted * distance) / length**2, weighted.sum(), noise * np.trace(k_bar)]
    )


def process_inputs(dtype: str) -> tuple[Any, ...]:
    t = np.linspace(0.0, 5.0, 200)
    parts = ([-0.3, 0.2, -1.5], (t[:, None] - t) ** 2, np.sin(2.0 * t), np.eye(200))
    return tuple(np.asarray(part, dtype) for part in parts)


def workloads() -> Iterator[Workload]:
    yield Workload(
        "statistics",
        "gradient of a Gaussian mixture, n 1000, d 10, k 25",
        mixture_inputs,
        mixture,
        argnums=(0, 1, 2, 3),
        by_hand=mixture_by_hand,
        rtol={"float32": 1e-3},
    )
    yield Workload(
        "statistics",
        "gradient of a log-density, captured 1000 x 5",
        lambda dtype: random_inputs(5, 5)(dtype),
        density,
        argnums=(0, 1),
        by_hand=density_by_hand,
        dtypes=("float64",),
    )
    yield Workload(
        "statistics",
        "gradient of least squares, 3 parameters, 50 points",
        decay_inputs,
        decay_loss,
        by_hand=decay_gradient,
        rtol={"float32": 1e-4},
    )
    yield Workload(
        "statistics",
        "Jacobian of least squares, 3 parameters, 50 points",
        decay_inputs,
        build=lambda lib: lib.jacfwd(decay(lib)),
        by_hand=decay_jacobian,
    )
    yield Workload(
        "statistics",
        "gradient of a Gaussian process, n = 200",
        process_inputs,
        process,
        by_hand=process_by_hand,
        rtol={"float64": 1e-9},
        dtypes=("float64",),  # the determinant underflows float32
    )
