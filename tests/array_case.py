"""What a row of the array-operation table is, and the arguments rows are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Case(NamedTuple):
    """A function of floating arrays; plain NumPy must run it too."""

    id: str
    f: Callable[..., Any]
    args: tuple[NDArray[Any], ...]
    # Whether NumPy runs it on complex arrays as the analytic continuation of the real function.
    analytic: bool = True
    # Shapes of results that depend on values can be neither batched nor fixed by jit.
    batchable: bool = True


def args_of(*shapes: tuple[int, ...]) -> tuple[NDArray[Any], ...]:
    """Distinct entries of both signs, away from ties and from zero."""
    generator = np.random.default_rng(11)
    return tuple(
        generator.permuted(np.linspace(-1.47, 2.03, int(np.prod(shape)) + 2)[1:-1]).reshape(shape)
        for shape in shapes
    )


def matrices(*shape: int) -> NDArray[Any]:
    """Well-conditioned square matrices."""
    return np.random.default_rng(12).uniform(-1, 1, shape) + 2 * np.eye(shape[-1])
