"""The same gradients by other libraries, if they are installed; nothing here is required."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAMES = ("jax", "torch", "autograd")


def missing() -> list[str]:
    return [name for name in NAMES if importlib.util.find_spec(name) is None]


def rosenbrock_gradients(x: NDArray[np.float64]) -> dict[str, Callable[[], Any]]:
    """One contestant for each installed library."""
    found: dict[str, Callable[[], Any]] = {}
    if "jax" not in missing():
        found["jax jit"] = _jax(x)
    if "torch" not in missing():
        found["torch"] = _torch(x)
    if "autograd" not in missing():
        found["autograd"] = _autograd(x)
    return found


def _jax(x: NDArray[np.float64]) -> Callable[[], Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    gradient = jax.jit(jax.grad(_rosenbrock(jax.numpy.sum)))
    return lambda: np.asarray(gradient(x).block_until_ready())


def _torch(x: NDArray[np.float64]) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    f = _rosenbrock(torch.sum)

    def gradient() -> Any:
        t = torch.tensor(x, requires_grad=True)
        return torch.autograd.grad(f(t), t)[0].numpy()

    return gradient


def _autograd(x: NDArray[np.float64]) -> Callable[[], Any]:
    import autograd

    gradient = autograd.grad(_rosenbrock(autograd.numpy.sum))
    return lambda: gradient(x)


def _rosenbrock(total: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: total(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
