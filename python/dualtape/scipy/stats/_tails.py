"""Distribution functions made of incomplete gamma and beta functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core import betainc, gammainc, gammaincc, gammaln
from .._elementary import exprel
from .._inverses import binomial_cdf as binomial_cdf
from .._inverses import binomial_sf as binomial_sf
from .._inverses import student_cdf as student_cdf


def fisher_cdf(z: Any, dfn: Any, dfd: Any) -> Any:
    return betainc(dfn / 2, dfd / 2, dfn * z / (dfn * z + dfd))


def fisher_sf(z: Any, dfn: Any, dfd: Any) -> Any:
    return betainc(dfd / 2, dfn / 2, dfd / (dfn * z + dfd))


def poisson_cdf(k: Any, mu: Any) -> Any:
    return gammaincc(np.floor(k) + 1, mu)


# Below it the logarithm of a probability comes from a form of its own: the probability underflows.
_TINY = 1e-280


def log_gammaincc(a: Any, x: Any) -> Any:
    """log Q(a, x); in the far tail by x^a exp(-x) / gamma(a) and Legendre's continued fraction."""
    q = gammaincc(a, x)
    far = q < _TINY
    inner, shape = np.where(far, x, 2000.0), np.where(far, a, 1.0)
    fraction: Any = inner + 81 - shape
    for k in range(40, 0, -1):
        fraction = inner + (2 * k - 1) - shape - k * (k - shape) / fraction
    tail = shape * np.log(inner) - inner - gammaln(shape) - np.log(fraction)
    low = q < 0.5
    near_one = np.log1p(-np.where(low, 0.5, gammainc(a, x)))
    body = np.where(low, np.log(np.where(far | ~low, 0.5, q)), near_one)
    return np.where(far, tail, body)


def log_gammainc(a: Any, x: Any) -> Any:
    """log P(a, x); where it is tiny its power series x^a exp(-x) / gamma(a + 1) (1 + x / (a + 1)
    + x^2 / ((a + 1)(a + 2)) + ...).
    """
    p = gammainc(a, x)
    far = (p < _TINY) & (x > 0)
    inner, shape = np.where(far, x, 0.5), np.where(far, a, 1.0)
    total: Any = 1.0
    for k in range(60, 0, -1):
        total = 1 + inner / (shape + k) * total
    tail = shape * np.log(inner) - inner - gammaln(shape + 1) + np.log(total)
    low = p < 0.5
    near_one = np.log1p(-np.where(low, 0.5, gammaincc(a, x)))
    body = np.where(low, np.log(np.where(far | ~low, 0.5, p)), near_one)
    return np.where(far, tail, body)


def log_gumbel_sf(z: Any) -> Any:
    """log(1 - exp(-exp(-z))), which is -z in the right tail."""
    left = z < -3
    right = -z + np.log(exprel(-np.exp(-np.where(left, 0, z))))
    return np.where(left, np.log1p(-np.exp(-np.exp(-np.where(left, z, 0)))), right)
