"""scipy.special: orthogonal polynomials of whole degree, by their recurrences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import Tracer
from ..numpy._arguments import as_array
from ._dispatch import ufunc

Step = Callable[[int, Any, Any, Any], Any]


def _recurrence(name: str, n: Any, x: Any, first: Any, step: Step) -> Any:
    """p_n(x) from p_0 = 1, p_1 = first and p_(k + 1) = step(k, x, p_k, p_(k - 1))."""
    if isinstance(n, Tracer) or np.ndim(n) or int(n) != n or n < 0:
        raise TypeError(f"{name}: the degree n must be one integer, not negative and not traced")
    previous: Any = np.ones_like(x)
    if n == 0:
        return previous + 0 * x
    current = first
    for k in range(1, int(n)):
        previous, current = current, step(k, x, current, previous)
    return current


@ufunc
def eval_legendre(n: Any, x: Any) -> Any:
    x = as_array(x).astype(np.float64)
    return _recurrence(
        "eval_legendre", n, x, x, lambda k, x, p, q: ((2 * k + 1) * x * p - k * q) / (k + 1)
    )


@ufunc
def eval_chebyt(n: Any, x: Any) -> Any:
    x = as_array(x).astype(np.float64)
    return _recurrence("eval_chebyt", n, x, x, lambda k, x, p, q: 2 * x * p - q)


@ufunc
def eval_chebyu(n: Any, x: Any) -> Any:
    x = as_array(x).astype(np.float64)
    return _recurrence("eval_chebyu", n, x, 2 * x, lambda k, x, p, q: 2 * x * p - q)


@ufunc
def eval_hermite(n: Any, x: Any) -> Any:
    x = as_array(x).astype(np.float64)
    return _recurrence("eval_hermite", n, x, 2 * x, lambda k, x, p, q: 2 * x * p - 2 * k * q)


@ufunc
def eval_hermitenorm(n: Any, x: Any) -> Any:
    x = as_array(x).astype(np.float64)
    return _recurrence("eval_hermitenorm", n, x, x, lambda k, x, p, q: x * p - k * q)


@ufunc
def eval_laguerre(n: Any, x: Any) -> Any:
    x = as_array(x).astype(np.float64)
    return _recurrence(
        "eval_laguerre", n, x, 1 - x,
        lambda k, x, p, q: ((2 * k + 1 - x) * p - k * q) / (k + 1),
    )  # fmt: skip
