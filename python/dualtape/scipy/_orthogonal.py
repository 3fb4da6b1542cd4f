"""scipy.special: orthogonal polynomials of whole degree, by recurrences; spherical harmonics."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, prod, sqrt
from typing import Any

import numpy as np

from .._core import Tracer
from ..numpy._arguments import as_array
from ._dispatch import composite, ufunc
from ._elementary import common_type
from ._gamma import binom

Step = Callable[[int, Any, Any, Any], Any]


def _recurrence(name: str, n: Any, x: Any, first: Any, step: Step) -> Any:
    """p_n(x) from p_0 = 1, p_1 = first and p_(k + 1) = step(k, x, p_k, p_(k - 1))."""
    if isinstance(n, Tracer) or np.ndim(n) or int(n) != n or n < 0:
        raise TypeError(f"{name}: the degree n must be one integer, not negative and not traced")
    previous: Any = np.ones_like(x)
    if n == 0:
        return previous + 0 * first
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


def _doubles(*given: Any) -> list[Any]:
    return [as_array(x).astype(np.float64) for x in given]


@ufunc
def eval_genlaguerre(n: Any, alpha: Any, x: Any) -> Any:
    alpha, x = _doubles(alpha, x)
    return _recurrence(
        "eval_genlaguerre", n, x, 1 + alpha - x,
        lambda k, x, p, q: ((2 * k + 1 + alpha - x) * p - (k + alpha) * q) / (k + 1),
    )  # fmt: skip


@ufunc
def eval_gegenbauer(n: Any, alpha: Any, x: Any) -> Any:
    alpha, x = _doubles(alpha, x)
    return _recurrence(
        "eval_gegenbauer", n, x, 2 * alpha * x,
        lambda k, x, p, q: (2 * (k + alpha) * x * p - (k + 2 * alpha - 1) * q) / (k + 1),
    )  # fmt: skip


def _jacobi(name: str, n: Any, a: Any, b: Any, x: Any) -> Any:
    def step(k: int, x: Any, p: Any, q: Any) -> Any:
        m = 2 * k + a + b
        middle = (m + 1) * ((m + 2) * m * x + (a - b) * (a + b)) * p
        last = 2 * (k + a) * (k + b) * (m + 2) * q
        return (middle - last) / (2 * (k + 1) * (k + 1 + a + b) * m)

    return _recurrence(name, n, x, (a + 1) + (a + b + 2) * (x - 1) / 2, step)


@ufunc
def eval_jacobi(n: Any, alpha: Any, beta: Any, x: Any) -> Any:
    return _jacobi("eval_jacobi", n, *_doubles(alpha, beta, x))


@ufunc
def eval_sh_jacobi(n: Any, p: Any, q: Any, x: Any) -> Any:
    p, q, x = _doubles(p, q, x)
    value = _jacobi("eval_sh_jacobi", n, p - q, q - 1, 2 * x - 1)
    return value / binom(2 * n + p - 1, n)


@ufunc
def eval_sh_legendre(n: Any, x: Any) -> Any:
    return eval_legendre(n, 2 * as_array(x).astype(np.float64) - 1)


@ufunc
def eval_sh_chebyt(n: Any, x: Any) -> Any:
    return eval_chebyt(n, 2 * as_array(x).astype(np.float64) - 1)


@ufunc
def eval_sh_chebyu(n: Any, x: Any) -> Any:
    return eval_chebyu(n, 2 * as_array(x).astype(np.float64) - 1)


@ufunc
def eval_chebyc(n: Any, x: Any) -> Any:
    return 2 * eval_chebyt(n, as_array(x).astype(np.float64) / 2)


@ufunc
def eval_chebys(n: Any, x: Any) -> Any:
    return eval_chebyu(n, as_array(x).astype(np.float64) / 2)


def _order(name: str, m: Any) -> int:
    if isinstance(m, Tracer) or np.ndim(m) or int(m) != m:
        raise TypeError(f"{name}: the order m must be one integer and not traced")
    return int(m)


def _legendre(name: str, n: Any, m: int, x: Any, sine: Any) -> Any:
    """P_n^m(x), m >= 0, with the phase (-1)^m: the m-th derivative of P_n is (2 m - 1)!! times a
    Gegenbauer polynomial. `sine` is sqrt(1 - x^2).
    """
    if isinstance(n, Tracer) or np.ndim(n) or int(n) != n or n < 0:
        raise TypeError(f"{name}: the degree must be one integer, not negative and not traced")
    if m > n:
        return 0 * x
    factor = (-1.0) ** m * prod(range(1, 2 * m, 2))
    return factor * sine**m * eval_gegenbauer(n - m, m + 0.5, x)


def _of_opposite_order(n: int, m: int) -> float:
    """P_n^-m over P_n^m, m > 0."""
    return (-1.0) ** m / prod(range(n - m + 1, n + m + 1)) if m <= n else np.nan


@ufunc
def lpmv(m: Any, v: Any, x: Any) -> Any:
    order, kind = _order("lpmv", m), common_type(m, v, x)
    (x,) = _doubles(x)
    value = _legendre("lpmv", v, abs(order), x, np.sqrt(1 - np.square(x)))
    if order < 0:
        value = _of_opposite_order(int(v), -order) * value
    return value.astype(kind)[()]


@composite("special")
def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
    """As scipy.special.sph_harm_y, for traced angles: derivatives are those of any function, so
    `diff_n` must be 0.

    >>> dt.jvp(lambda t: dt.scipy.special.sph_harm_y(1, 0, t, 0.0), (0.5,), (1.0,))[1].round(6)
    np.complex128(-0.234249+0j)
    """
    if diff_n != 0:
        raise TypeError(f"sph_harm_y: diff_n must be 0 for traced angles, got {diff_n}")
    order = _order("sph_harm_y", m)
    theta, phi = _doubles(theta, phi)
    k = abs(order)
    sine = np.sin(theta)
    sine = np.where(sine < 0, -sine, sine)  # SciPy's; at the poles the slope of within.
    value = _legendre("sph_harm_y", n, k, np.cos(theta), sine)
    if k <= n:
        value = sqrt((2 * n + 1) / (4 * pi) / prod(range(n - k + 1, n + k + 1))) * value
    if order < 0:
        value = (-1.0) ** k * value
    return (value * np.exp(1j * order * phi))[()]
