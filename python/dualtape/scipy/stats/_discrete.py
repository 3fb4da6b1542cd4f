"""Probabilities of discrete distributions, differentiable in their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core import betainc, gammainc, gammaln, ive, zeta
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


poisson = Distribution(
    "poisson", ("mu",), lambda k, mu: xlogy(k, mu) - gammaln(k + 1) - mu,
    inside=lambda k, mu: k >= 0, valid=lambda mu: mu >= 0, discrete=True,
    methods={"cdf": poisson_cdf, "sf": lambda k, mu: gammainc(np.floor(k) + 1, mu)},
    moments=lambda mu: (mu, mu),
)  # fmt: skip
bernoulli = Distribution(
    "bernoulli", ("p",), lambda k, p: xlogy(k, p) + xlog1py(1 - k, -p),
    inside=lambda k, p: (k >= 0) & (k <= 1), valid=_probability, discrete=True,
    interior=lambda p: 0.0, moments=lambda p: (p, p * (1 - p)),
    methods={
        "cdf": lambda k, p: np.where(k >= 1, 1, 1 - p), "sf": lambda k, p: np.where(k >= 1, 0, p),
    },
)  # fmt: skip
binom = Distribution(
    "binom", ("n", "p"),
    lambda k, n, p: _log_choose(n, k) + xlogy(k, p) + xlog1py(n - k, -p),
    inside=_count, valid=lambda n, p: (n >= 0) & (n == np.floor(n)) & _probability(p),
    discrete=True, interior=lambda n, p: 0.0 * n, moments=lambda n, p: (n * p, n * p * (1 - p)),
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
    moments=lambda p: (1 / p, (1 - p) / np.square(p)),
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
    moments=lambda n, p: (n * (1 - p) / p, n * (1 - p) / np.square(p)),
)  # fmt: skip
betabinom = Distribution(
    "betabinom", ("n", "a", "b"),
    lambda k, n, a, b: _log_choose(n, k) + betaln(k + a, n - k + b) - betaln(a, b),
    inside=_count, valid=lambda n, a, b: (n >= 0) & (a > 0) & (b > 0), discrete=True,
    interior=lambda n, a, b: 0.0 * n,
)  # fmt: skip


def _zero_up(k: Any, *shapes: Any) -> Any:
    return k >= 0


def _one_up(k: Any, *shapes: Any) -> Any:
    return k >= 1


logser = Distribution(
    "logser", ("p",), lambda k, p: k * np.log(p) - np.log(k) - np.log(-np.log1p(-p)),
    inside=_one_up, valid=lambda p: (p > 0) & (p < 1), discrete=True,
)  # fmt: skip
zipf = Distribution(
    "zipf", ("a",), lambda k, a: -a * np.log(k) - np.log(zeta(a, 1.0)),
    inside=_one_up, valid=lambda a: a > 1, discrete=True,
    methods={
        "sf": lambda k, a: zeta(a, np.floor(k) + 1) / zeta(a, 1.0),
        "cdf": lambda k, a: 1 - zeta(a, np.floor(k) + 1) / zeta(a, 1.0),
    },
)  # fmt: skip
planck = Distribution(
    "planck", ("lambda_",), lambda k, u: np.log(-np.expm1(-u)) - u * k,
    inside=_zero_up, valid=lambda u: u > 0, discrete=True,
    methods={
        "cdf": lambda k, u: -np.expm1(-u * (np.floor(k) + 1)),
        "sf": lambda k, u: np.exp(-u * (np.floor(k) + 1)),
        "logsf": lambda k, u: -u * (np.floor(k) + 1),
    },
)  # fmt: skip
dlaplace = Distribution(
    "dlaplace", ("a",), lambda k, a: np.log(np.tanh(a / 2)) - a * np.absolute(k),
    valid=lambda a: a > 0, discrete=True,
)  # fmt: skip
boltzmann = Distribution(
    "boltzmann", ("lambda_", "N"),
    lambda k, u, n: np.log(-np.expm1(-u)) - np.log(-np.expm1(-u * n)) - u * k,
    inside=lambda k, u, n: (k >= 0) & (k <= n - 1), valid=lambda u, n: (u > 0) & (n > 0),
    discrete=True, interior=lambda u, n: 0.0 * n,
    methods={
        "cdf": lambda k, u, n: np.expm1(-u * (np.floor(k) + 1)) / np.expm1(-u * n),
    },
)  # fmt: skip
yulesimon = Distribution(
    "yulesimon", ("alpha",), lambda k, a: np.log(a) + betaln(k, a + 1),
    inside=_one_up, valid=lambda a: a > 0, discrete=True,
    methods={
        "cdf": lambda k, a: 1 - np.floor(k) * np.exp(betaln(np.floor(k), a + 1)),
        "sf": lambda k, a: np.floor(k) * np.exp(betaln(np.floor(k), a + 1)),
    },
)  # fmt: skip
betanbinom = Distribution(
    "betanbinom", ("n", "a", "b"),
    lambda k, n, a, b: -np.log(n + k) - betaln(n, k + 1) + betaln(a + n, b + k) - betaln(a, b),
    inside=_zero_up, valid=lambda n, a, b: (n >= 0) & (a > 0) & (b > 0), discrete=True,
)  # fmt: skip


def _log_iv(v: Any, x: Any) -> Any:
    return np.log(ive(v, x)) + x


def _skellam(k: Any, mu1: Any, mu2: Any) -> Any:
    size = 2 * np.sqrt(mu1 * mu2)
    return 0.5 * k * (np.log(mu1) - np.log(mu2)) - mu1 - mu2 + _log_iv(np.absolute(k), size)


skellam = Distribution(
    "skellam", ("mu1", "mu2"), _skellam, valid=lambda a, b: (a > 0) & (b > 0), discrete=True,
    moments=lambda a, b: (a - b, a + b),
)  # fmt: skip
