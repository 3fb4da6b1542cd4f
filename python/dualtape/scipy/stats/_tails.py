"""Distribution functions made of incomplete gamma and beta functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core import betainc, gammaincc
from .._gamma import betaln


def student_cdf(z: Any, df: Any) -> Any:
    """I(df / (df + z^2); df/2, 1/2) / 2 below 0; about 0, where that has no derivative, its series
    1/2 + z / (sqrt(df) B(df/2, 1/2)) sum (1/2)_k ((df + 1)/2)_k / ((3/2)_k k!) (-z^2/df)^k.
    """
    square = np.square(z)
    near = square * (df + 1) < 0.02 * df
    inner, outer = np.where(near, z, 0), np.where(near, 1, square)
    tail = 0.5 * betainc(0.5 * df, 0.5, df / (df + outer))
    u = np.square(inner) / df
    terms: Any = 1
    for k in range(12, -1, -1):
        ratio = -(0.5 + k) / ((1.5 + k) * (k + 1))  # of the k-th coefficient and the next one
        terms = 1 + u * terms * ratio * ((df + 1) / 2 + k)
    middle = 0.5 + inner * np.exp(-betaln(0.5 * df, 0.5)) / np.sqrt(df) * terms
    return np.where(near, middle, np.where(z > 0, 1 - tail, tail))


def fisher_cdf(z: Any, dfn: Any, dfd: Any) -> Any:
    return betainc(dfn / 2, dfd / 2, dfn * z / (dfn * z + dfd))


def fisher_sf(z: Any, dfn: Any, dfd: Any) -> Any:
    return betainc(dfd / 2, dfn / 2, dfd / (dfn * z + dfd))


def binomial_cdf(k: Any, n: Any, p: Any) -> Any:
    k = np.floor(k)
    last = k >= n
    return np.where(last, 1, betainc(np.where(last, 1, n - k), k + 1, 1 - p))


def binomial_sf(k: Any, n: Any, p: Any) -> Any:
    k = np.floor(k)
    last = k >= n
    return np.where(last, 0, betainc(k + 1, np.where(last, 1, n - k), p))


def poisson_cdf(k: Any, mu: Any) -> Any:
    return gammaincc(np.floor(k) + 1, mu)
