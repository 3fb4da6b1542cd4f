"""Densities of continuous distributions, standardised: location 0, scale 1."""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

import numpy as np

from ..._core import betainc, erf, erfc, gammainc, gammaincc, gammaln, log_expit
from ..._core import expit as _expit
from .._elementary import xlog1py, xlogy
from .._gamma import betaln, log_ndtr, ndtr, ndtri
from ._distribution import Distribution
from ._tails import fisher_cdf, fisher_sf, student_cdf

_LOG_ROOT_2PI = 0.5 * log(2 * pi)


def _positive(z: Any, *shapes: Any) -> Any:
    return z >= 0


def _unit(z: Any, *shapes: Any) -> Any:
    return (z >= 0) & (z <= 1)


def _all_positive(*shapes: Any) -> Any:
    valid: Any = True
    for shape in shapes:
        valid = (shape > 0) & valid
    return valid


def _normal(z: Any) -> Any:
    return -0.5 * np.square(z) - _LOG_ROOT_2PI


norm = Distribution(
    "norm", (), _normal,
    methods={
        "cdf": ndtr, "sf": lambda z: ndtr(-z),
        "logcdf": log_ndtr, "logsf": lambda z: log_ndtr(-z),
        "ppf": ndtri, "isf": lambda q: -ndtri(q),
    },
)  # fmt: skip
halfnorm = Distribution(
    "halfnorm", (), lambda z: _normal(z) + log(2), inside=_positive,
    methods={"cdf": lambda z: erf(z * sqrt(0.5)), "sf": lambda z: erfc(z * sqrt(0.5))},
)  # fmt: skip
lognorm = Distribution(
    "lognorm", ("s",),
    lambda z, s: _normal(np.log(z) / s) - np.log(s) - np.log(z),
    inside=lambda z, s: z > 0, valid=_all_positive,
    methods={
        "cdf": lambda z, s: ndtr(np.log(z) / s), "sf": lambda z, s: ndtr(-np.log(z) / s),
        "logcdf": lambda z, s: log_ndtr(np.log(z) / s),
        "logsf": lambda z, s: log_ndtr(-np.log(z) / s),
        "ppf": lambda q, s: np.exp(s * ndtri(q)), "isf": lambda q, s: np.exp(-s * ndtri(q)),
    },
)  # fmt: skip
skewnorm = Distribution("skewnorm", ("a",), lambda z, a: _normal(z) + log(2) + log_ndtr(a * z))


def _student(z: Any, df: Any) -> Any:
    # log gamma((df + 1) / 2) - log gamma(df / 2) as a beta function, which does not cancel.
    constant = betaln(0.5 * df, 0.5) + 0.5 * np.log(df)
    return -constant - 0.5 * (df + 1) * np.log1p(np.square(z) / df)


t = Distribution(
    "t", ("df",), _student, valid=_all_positive,
    methods={"cdf": student_cdf, "sf": lambda z, df: student_cdf(-z, df)},
)  # fmt: skip
cauchy = Distribution(
    "cauchy", (), lambda z: -log(pi) - np.log1p(np.square(z)),
    methods={
        "cdf": lambda z: np.arctan2(1, -z) / pi, "sf": lambda z: np.arctan2(1, z) / pi,
    },
)  # fmt: skip
halfcauchy = Distribution(
    "halfcauchy", (), lambda z: log(2 / pi) - np.log1p(np.square(z)), inside=_positive,
    methods={"cdf": lambda z: 2 / pi * np.arctan(z), "sf": lambda z: 2 / pi * np.arctan2(1, z)},
)  # fmt: skip
laplace = Distribution(
    "laplace", (), lambda z: -log(2) - np.absolute(z),
    methods={
        "cdf": lambda z: _laplace(z), "sf": lambda z: _laplace(-z),
        "logcdf": lambda z: _log_laplace(z), "logsf": lambda z: _log_laplace(-z),
    },
)  # fmt: skip


def _laplace(z: Any) -> Any:
    tail = 0.5 * np.exp(-np.absolute(z))
    return np.where(z > 0, 1 - tail, tail)


def _log_laplace(z: Any) -> Any:
    size = np.absolute(z)
    return np.where(z > 0, np.log1p(-0.5 * np.exp(-size)), -log(2) - size)


logistic = Distribution(
    "logistic", (), lambda z: log_expit(z) + log_expit(-z),
    methods={
        "cdf": _expit, "sf": lambda z: _expit(-z),
        "logcdf": log_expit, "logsf": lambda z: log_expit(-z),
    },
)  # fmt: skip
uniform = Distribution(
    "uniform", (), lambda z: 0 * z, inside=_unit,
    methods={"cdf": lambda z: z, "sf": lambda z: 1 - z},
)  # fmt: skip
expon = Distribution(
    "expon", (), lambda z: -z, inside=_positive,
    methods={
        "cdf": lambda z: -np.expm1(-z), "sf": lambda z: np.exp(-z), "logsf": lambda z: -z,
    },
)  # fmt: skip
gamma = Distribution(
    "gamma", ("a",), lambda z, a: xlogy(a - 1, z) - z - gammaln(a),
    inside=_positive, valid=_all_positive,
    methods={"cdf": lambda z, a: gammainc(a, z), "sf": lambda z, a: gammaincc(a, z)},
)  # fmt: skip
erlang = Distribution(
    "erlang", ("a",), lambda z, a: xlogy(a - 1, z) - z - gammaln(a),
    inside=_positive, valid=_all_positive,
    methods={"cdf": lambda z, a: gammainc(a, z), "sf": lambda z, a: gammaincc(a, z)},
)  # fmt: skip
invgamma = Distribution(
    "invgamma", ("a",), lambda z, a: -(a + 1) * np.log(z) - gammaln(a) - 1 / z,
    inside=lambda z, a: z > 0, valid=_all_positive,
    methods={"cdf": lambda z, a: gammaincc(a, 1 / z), "sf": lambda z, a: gammainc(a, 1 / z)},
)  # fmt: skip
chi2 = Distribution(
    "chi2", ("df",),
    lambda z, df: xlogy(df / 2 - 1, z) - z / 2 - gammaln(df / 2) - (log(2) * df) / 2,
    inside=_positive, valid=_all_positive,
    methods={
        "cdf": lambda z, df: gammainc(df / 2, z / 2), "sf": lambda z, df: gammaincc(df / 2, z / 2),
    },
)  # fmt: skip
chi = Distribution(
    "chi", ("df",),
    lambda z, df: (
        log(2) - 0.5 * log(2) * df - gammaln(0.5 * df) + xlogy(df - 1, z) - 0.5 * np.square(z)
    ),
    inside=_positive, valid=_all_positive,
    methods={
        "cdf": lambda z, df: gammainc(df / 2, 0.5 * np.square(z)),
        "sf": lambda z, df: gammaincc(df / 2, 0.5 * np.square(z)),
    },
)  # fmt: skip
beta = Distribution(
    "beta", ("a", "b"),
    lambda z, a, b: xlog1py(b - 1, -z) + xlogy(a - 1, z) - betaln(a, b),
    inside=_unit, valid=_all_positive,
    methods={
        "cdf": lambda z, a, b: betainc(a, b, z), "sf": lambda z, a, b: betainc(b, a, 1 - z),
    },
)  # fmt: skip


def _fisher(z: Any, dfn: Any, dfd: Any) -> Any:
    n, m = dfn, dfd
    return (
        m / 2 * np.log(m) + n / 2 * np.log(n) + xlogy(n / 2 - 1, z)
        - (n + m) / 2 * np.log(m + n * z) - betaln(n / 2, m / 2)
    )  # fmt: skip


f = Distribution(
    "f", ("dfn", "dfd"), _fisher, inside=_positive, valid=_all_positive,
    methods={"cdf": fisher_cdf, "sf": fisher_sf},
)  # fmt: skip
weibull_min = Distribution(
    "weibull_min", ("c",), lambda z, c: np.log(c) + xlogy(c - 1, z) - np.power(z, c),
    inside=_positive, valid=_all_positive,
    methods={
        "cdf": lambda z, c: -np.expm1(-np.power(z, c)),
        "sf": lambda z, c: np.exp(-np.power(z, c)), "logsf": lambda z, c: -np.power(z, c),
    },
)  # fmt: skip
rayleigh = Distribution(
    "rayleigh", (), lambda z: np.log(z) - 0.5 * np.square(z), inside=_positive,
    methods={
        "cdf": lambda z: -np.expm1(-0.5 * np.square(z)),
        "sf": lambda z: np.exp(-0.5 * np.square(z)), "logsf": lambda z: -0.5 * np.square(z),
    },
)  # fmt: skip
maxwell = Distribution(
    "maxwell", (), lambda z: 0.5 * log(2 / pi) + 2 * np.log(z) - 0.5 * np.square(z),
    inside=_positive,
    methods={
        "cdf": lambda z: gammainc(1.5, 0.5 * np.square(z)),
        "sf": lambda z: gammaincc(1.5, 0.5 * np.square(z)),
    },
)  # fmt: skip
gumbel_r = Distribution(
    "gumbel_r", (), lambda z: -z - np.exp(-z),
    methods={
        "cdf": lambda z: np.exp(-np.exp(-z)), "sf": lambda z: -np.expm1(-np.exp(-z)),
        "logcdf": lambda z: -np.exp(-z),
    },
)  # fmt: skip
gumbel_l = Distribution(
    "gumbel_l", (), lambda z: z - np.exp(z),
    methods={
        "cdf": lambda z: -np.expm1(-np.exp(z)), "sf": lambda z: np.exp(-np.exp(z)),
        "logsf": lambda z: -np.exp(z),
    },
)  # fmt: skip
gennorm = Distribution(
    "gennorm", ("beta",),
    lambda z, b: np.log(0.5 * b) - gammaln(1 / b) - np.power(np.absolute(z), b),
    valid=_all_positive,
)  # fmt: skip
invgauss = Distribution(
    "invgauss", ("mu",),
    lambda z, mu: -_LOG_ROOT_2PI - 1.5 * np.log(z) - np.square((z - mu) / mu) / (2 * z),
    inside=lambda z, mu: z > 0, valid=_all_positive,
)  # fmt: skip
loggamma = Distribution(
    "loggamma", ("c",), lambda z, c: c * z - np.exp(z) - gammaln(c), valid=_all_positive
)
