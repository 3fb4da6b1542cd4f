"""What a row of the table of functions is, and the arrays the rows share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import dualtape.numpy as dnp


class Row(NamedTuple):
    """A use of one function: `f(module, *args)`, where the module is NumPy's, SciPy's or ours."""

    f: Callable[..., Any]
    args: tuple[NDArray[Any], ...]
    # Plain NumPy or SciPy takes traced values: its protocols reach us.
    plain: bool = True
    # NumPy runs it on complex arrays as the analytic continuation of the real function.
    analytic: bool = False
    # The result's shape does not depend on values, so that vmap can batch it.
    batch: bool = True
    # It has a second derivative.
    twice: bool = True
    # Rounding in eps of each number type, where a function is ill-conditioned or a long sum.
    ulps: float = 200.0


Table = dict[str, Row]  # "function" or "function variant"


def row(f: Callable[..., Any], *args: NDArray[Any], **options: Any) -> Row:
    return Row(f, args, **options)


def own(module: Any, x: Any) -> Any:
    """A copy to write into: under vmap x may be a plain array while what is written is traced."""
    return dnp.array(x) if module is dnp else x * 1


def cell(*shape: int, seed: int = 0, low: float = -1.47, high: float = 2.03) -> NDArray[Any]:
    """Distinct entries of both signs, away from ties, integers and zero."""
    generator = np.random.default_rng(11 + seed)
    n = int(np.prod(shape))
    shift = 0.013 * seed
    return generator.permuted(np.linspace(low, high, n + 2)[1:-1] + shift).reshape(shape)


def grid(n: int, seed: int = 0) -> NDArray[Any]:
    """A well-conditioned square matrix."""
    return np.random.default_rng(12 + seed).uniform(-1, 1, (n, n)) + 2 * np.eye(n)
