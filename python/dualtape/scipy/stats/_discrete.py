"""Probabilities of discrete distributions, differentiable in their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core import betainc, gammainc, gammaln
from .._elementary import xlog1py, xlogy
from .._gamma import betaln
from ._distribution import Distribution
from ._tails import binomial_cdf, binomial_sf, poisson_cdf


def _log_choose(n: Any, k: Any) -> Any:
    return -betaln(k + 1, n - k + 1) - np.log1p(n)


def _probability(p: Any) -> Any:
    return (p >= 0) & (p <= 1)


def _count(k: Any, n: Any, *shapes: Any) -> Any:
    return (k >= 0) & (k <= n)


class _UpTo(Distribution):
    """Values from 0 to the first shape."""

    def _interior(self, shapes: list[Any]) -> Any:
        return 0.0


poisson = Distribution(
    "poisson", ("mu",), lambda k, mu: xlogy(k, mu) - gammaln(k + 1) - mu,
    inside=lambda k, mu: k >= 0, valid=lambda mu: mu >= 0, discrete=True,
    methods={"cdf": poisson_cdf, "sf": lambda k, mu: gammainc(np.floor(k) + 1, mu)},
)  # fmt: skip
bernoulli = _UpTo(
    "bernoulli", ("p",), lambda k, p: xlogy(k, p) + xlog1py(1 - k, -p),
    inside=lambda k, p: (k >= 0) & (k <= 1), valid=_probability, discrete=True,
)  # fmt: skip
binom = _UpTo(
    "binom", ("n", "p"),
    lambda k, n, p: _log_choose(n, k) + xlogy(k, p) + xlog1py(n - k, -p),
    inside=_count, valid=lambda n, p: (n >= 0) & (n == np.floor(n)) & _probability(p),
    discrete=True,
    methods={"cdf": binomial_cdf, "sf": binomial_sf},
)  # fmt: skip
geom = Distribution(
    "geom", ("p",), lambda k, p: xlog1py(k - 1, -p) + np.log(p),
    inside=lambda k, p: k >= 1, valid=lambda p: (p > 0) & (p <= 1), discrete=True,
    methods={
        "cdf": lambda k, p: -np.expm1(np.floor(k) * np.log1p(-p)),
        "sf": lambda k, p: np.exp(np.floor(k) * np.log1p(-p)),
        "logsf": lambda k, p: np.floor(k) * np.log1p(-p),
    },
)  # fmt: skip
nbinom = Distribution(
    "nbinom", ("n", "p"),
    lambda k, n, p: (
        gammaln(n + k) - gammaln(k + 1) - gammaln(n) + n * np.log(p) + xlog1py(k, -p)
    ),
    inside=lambda k, n, p: k >= 0, valid=lambda n, p: (n > 0) & (p > 0) & (p <= 1),
    discrete=True,
    methods={
        "cdf": lambda k, n, p: betainc(n, np.floor(k) + 1, p),
        "sf": lambda k, n, p: betainc(np.floor(k) + 1, n, 1 - p),
    },
)  # fmt: skip
betabinom = _UpTo(
    "betabinom", ("n", "a", "b"),
    lambda k, n, a, b: _log_choose(n, k) + betaln(k + a, n - k + b) - betaln(a, b),
    inside=_count, valid=lambda n, a, b: (n >= 0) & (a > 0) & (b > 0), discrete=True,
)  # fmt: skip
