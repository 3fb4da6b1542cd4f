"""Densities of continuous distributions, standardised: location 0, scale 1."""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

import numpy as np

from ..._core import (
    betainc,
    erf,
    erfc,
    erfcinv,
    erfinv,
    gammainc,
    gammaincc,
    gammaln,
    log_expit,
)
from ..._core import expit as _expit
from .._elementary import logit, xlog1py, xlogy
from .._gamma import betaln, log_ndtr, ndtr, ndtri
from .._integrals import owens_t
from .._inverses import betaincinv, gammainccinv, gammaincinv, stdtrit
from ._distribution import Distribution
from ._tails import (
    fisher_cdf,
    fisher_sf,
    log_gammainc,
    log_gammaincc,
    log_gumbel_sf,
    student_cdf,
)

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
    moments=lambda: (0.0, 1.0),
)  # fmt: skip
halfnorm = Distribution(
    "halfnorm", (), lambda z: _normal(z) + log(2), inside=_positive,
    methods={
        "logsf": lambda z: log(2) + log_ndtr(-z),
        "ppf": lambda q: sqrt(2) * erfinv(q),
        "isf": lambda q: sqrt(2) * erfcinv(q),"cdf": lambda z: erf(z * sqrt(0.5)),
        "sf": lambda z: erfc(z * sqrt(0.5)),
    },
    moments=lambda: (sqrt(2 / pi), 1 - 2 / pi),
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
    moments=lambda s: (
        np.exp(0.5 * np.square(s)), np.expm1(np.square(s)) * np.exp(np.square(s))
    ),
)  # fmt: skip
skewnorm = Distribution(
    "skewnorm", ("a",), lambda z, a: _normal(z) + log(2) + log_ndtr(a * z),
    methods={
        "cdf": lambda z, a: ndtr(z) - 2 * owens_t(z, a),
        "sf": lambda z, a: ndtr(-z) + 2 * owens_t(z, a),
    },
)  # fmt: skip


def _student(z: Any, df: Any) -> Any:
    # log gamma((df + 1) / 2) - log gamma(df / 2) as a beta function, which does not cancel.
    constant = betaln(0.5 * df, 0.5) + 0.5 * np.log(df)
    return -constant - 0.5 * (df + 1) * np.log1p(np.square(z) / df)


t = Distribution(
    "t", ("df",), _student, valid=_all_positive,
    methods={
        "ppf": lambda q, df: stdtrit(df, q),
        "isf": lambda q, df: -stdtrit(df, q),
        "cdf": student_cdf,
        "sf": lambda z, df: student_cdf(-z, df),
    },
    moments=lambda df: (0.0 * df, df / (df - 2)),
)  # fmt: skip
cauchy = Distribution(
    "cauchy", (), lambda z: -log(pi) - np.log1p(np.square(z)),
    methods={
        "ppf": lambda q: np.tan(pi * (q - 0.5)),
        "isf": lambda q: np.tan(pi * (0.5 - q)),
        "cdf": lambda z: np.arctan2(1, -z) / pi, "sf": lambda z: np.arctan2(1, z) / pi,
    },
)  # fmt: skip
halfcauchy = Distribution(
    "halfcauchy", (), lambda z: log(2 / pi) - np.log1p(np.square(z)), inside=_positive,
    methods={
        "ppf": lambda q: np.tan(pi / 2 * q),
        "isf": lambda q: 1 / np.tan(pi / 2 * q),"cdf": lambda z: 2 / pi * np.arctan(z),
        "sf": lambda z: 2 / pi * np.arctan2(1, z),
    },
)  # fmt: skip
laplace = Distribution(
    "laplace", (), lambda z: -log(2) - np.absolute(z),
    methods={
        "ppf": lambda q: _laplace_quantile(q),
        "isf": lambda q: -_laplace_quantile(q),
        "cdf": lambda z: _laplace(z), "sf": lambda z: _laplace(-z),
        "logcdf": lambda z: _log_laplace(z), "logsf": lambda z: _log_laplace(-z),
    },
    moments=lambda: (0.0, 2.0),
)  # fmt: skip


def _laplace(z: Any) -> Any:
    tail = 0.5 * np.exp(-np.absolute(z))
    return np.where(z > 0, 1 - tail, tail)


def _laplace_quantile(q: Any) -> Any:
    right = q > 0.5
    return np.where(
        right, -np.log(2 * np.where(right, 1 - q, 0.5)), np.log(2 * np.where(right, 0.5, q))
    )


def _log_laplace(z: Any) -> Any:
    size = np.absolute(z)
    return np.where(z > 0, np.log1p(-0.5 * np.exp(-size)), -log(2) - size)


logistic = Distribution(
    "logistic", (), lambda z: log_expit(z) + log_expit(-z),
    methods={
        "ppf": logit,
        "isf": lambda q: -logit(q),
        "cdf": _expit, "sf": lambda z: _expit(-z),
        "logcdf": log_expit, "logsf": lambda z: log_expit(-z),
    },
    moments=lambda: (0.0, pi**2 / 3),
)  # fmt: skip
uniform = Distribution(
    "uniform", (), lambda z: 0 * z, inside=_unit,
    methods={ "ppf": lambda q: q, "isf": lambda q: 1 - q,"cdf": lambda z: z, "sf": lambda z: 1 - z},
    moments=lambda: (0.5, 1 / 12),
)  # fmt: skip
expon = Distribution(
    "expon", (), lambda z: -z, inside=_positive,
    methods={
        "ppf": lambda q: -np.log1p(-q),
        "isf": lambda q: -np.log(q),
        "cdf": lambda z: -np.expm1(-z), "sf": lambda z: np.exp(-z), "logsf": lambda z: -z,
    },
    moments=lambda: (1.0, 1.0),
)  # fmt: skip


def _gamma(name: str) -> Distribution:
    return Distribution(
        name, ("a",), lambda z, a: xlogy(a - 1, z) - z - gammaln(a),
        inside=_positive, valid=_all_positive,
        methods={
            "logcdf": lambda z, a: log_gammainc(a, z), "logsf": lambda z, a: log_gammaincc(a, z),
            "ppf": lambda q, a: gammaincinv(a, q), "isf": lambda q, a: gammainccinv(a, q),
            "cdf": lambda z, a: gammainc(a, z), "sf": lambda z, a: gammaincc(a, z),
        },
        moments=lambda a: (a, a),
    )  # fmt: skip


gamma, erlang = _gamma("gamma"), _gamma("erlang")
invgamma = Distribution(
    "invgamma", ("a",), lambda z, a: -(a + 1) * np.log(z) - gammaln(a) - 1 / z,
    inside=lambda z, a: z > 0, valid=_all_positive,
    methods={
        "ppf": lambda q, a: 1 / gammainccinv(a, q),
        "isf": lambda q, a: 1 / gammaincinv(a, q),"cdf": lambda z, a: gammaincc(a, 1 / z),
        "sf": lambda z, a: gammainc(a, 1 / z),
    },
)  # fmt: skip
chi2 = Distribution(
    "chi2", ("df",),
    lambda z, df: xlogy(df / 2 - 1, z) - z / 2 - gammaln(df / 2) - (log(2) * df) / 2,
    inside=_positive, valid=_all_positive,
    methods={
        "logcdf": lambda z, df: log_gammainc(df / 2, z / 2),
        "logsf": lambda z, df: log_gammaincc(df / 2, z / 2),
        "ppf": lambda q, df: 2 * gammaincinv(df / 2, q),
        "isf": lambda q, df: 2 * gammainccinv(df / 2, q),
        "cdf": lambda z, df: gammainc(df / 2, z / 2), "sf": lambda z, df: gammaincc(df / 2, z / 2),
    },
    moments=lambda df: (df, 2 * df),
)  # fmt: skip
chi = Distribution(
    "chi", ("df",),
    lambda z, df: (
        log(2) - 0.5 * log(2) * df - gammaln(0.5 * df) + xlogy(df - 1, z) - 0.5 * np.square(z)
    ),
    inside=_positive, valid=_all_positive,
    methods={
        "logcdf": lambda z, df: log_gammainc(df / 2, 0.5 * np.square(z)),
        "logsf": lambda z, df: log_gammaincc(df / 2, 0.5 * np.square(z)),
        "ppf": lambda q, df: np.sqrt(2 * gammaincinv(df / 2, q)),
        "isf": lambda q, df: np.sqrt(2 * gammainccinv(df / 2, q)),
        "cdf": lambda z, df: gammainc(df / 2, 0.5 * np.square(z)),
        "sf": lambda z, df: gammaincc(df / 2, 0.5 * np.square(z)),
    },
)  # fmt: skip
beta = Distribution(
    "beta", ("a", "b"),
    lambda z, a, b: xlog1py(b - 1, -z) + xlogy(a - 1, z) - betaln(a, b),
    inside=_unit, valid=_all_positive,
    methods={
        "ppf": lambda q, a, b: betaincinv(a, b, q),
        "isf": lambda q, a, b: 1 - betaincinv(b, a, q),
        "cdf": lambda z, a, b: betainc(a, b, z), "sf": lambda z, a, b: betainc(b, a, 1 - z),
    },
    moments=lambda a, b: (a / (a + b), a * b / np.square(a + b) / (a + b + 1)),
)  # fmt: skip


def _fisher(z: Any, dfn: Any, dfd: Any) -> Any:
    n, m = dfn, dfd
    return (
        m / 2 * np.log(m) + n / 2 * np.log(n) + xlogy(n / 2 - 1, z)
        - (n + m) / 2 * np.log(m + n * z) - betaln(n / 2, m / 2)
    )  # fmt: skip


def _fisher_quantile(q: Any, dfn: Any, dfd: Any) -> Any:
    w = betaincinv(dfn / 2, dfd / 2, q)  # dfn z / (dfn z + dfd)
    return dfd * w / (dfn * (1 - w))


f = Distribution(
    "f", ("dfn", "dfd"), _fisher, inside=_positive, valid=_all_positive,
    methods={ "ppf": _fisher_quantile,"cdf": fisher_cdf, "sf": fisher_sf},
)  # fmt: skip
weibull_min = Distribution(
    "weibull_min", ("c",), lambda z, c: np.log(c) + xlogy(c - 1, z) - np.power(z, c),
    inside=_positive, valid=_all_positive,
    methods={
        "ppf": lambda q, c: np.power(-np.log1p(-q), 1 / c),
        "isf": lambda q, c: np.power(-np.log(q), 1 / c),
        "cdf": lambda z, c: -np.expm1(-np.power(z, c)),
        "sf": lambda z, c: np.exp(-np.power(z, c)), "logsf": lambda z, c: -np.power(z, c),
    },
)  # fmt: skip
rayleigh = Distribution(
    "rayleigh", (), lambda z: np.log(z) - 0.5 * np.square(z), inside=_positive,
    methods={
        "ppf": lambda q: np.sqrt(-2 * np.log1p(-q)),
        "isf": lambda q: np.sqrt(-2 * np.log(q)),
        "cdf": lambda z: -np.expm1(-0.5 * np.square(z)),
        "sf": lambda z: np.exp(-0.5 * np.square(z)), "logsf": lambda z: -0.5 * np.square(z),
    },
    moments=lambda: (sqrt(pi / 2), 2 - pi / 2),
)  # fmt: skip
maxwell = Distribution(
    "maxwell", (), lambda z: 0.5 * log(2 / pi) + 2 * np.log(z) - 0.5 * np.square(z),
    inside=_positive,
    methods={
        "logcdf": lambda z: log_gammainc(1.5, 0.5 * np.square(z)),
        "logsf": lambda z: log_gammaincc(1.5, 0.5 * np.square(z)),
        "ppf": lambda q: np.sqrt(2 * gammaincinv(1.5, q)),
        "isf": lambda q: np.sqrt(2 * gammainccinv(1.5, q)),
        "cdf": lambda z: gammainc(1.5, 0.5 * np.square(z)),
        "sf": lambda z: gammaincc(1.5, 0.5 * np.square(z)),
    },
)  # fmt: skip
gumbel_r = Distribution(
    "gumbel_r", (), lambda z: -z - np.exp(-z),
    methods={
        "logsf": log_gumbel_sf,
        "ppf": lambda q: -np.log(-np.log(q)),
        "isf": lambda q: -np.log(-np.log1p(-q)),
        "cdf": lambda z: np.exp(-np.exp(-z)), "sf": lambda z: -np.expm1(-np.exp(-z)),
        "logcdf": lambda z: -np.exp(-z),
    },
    moments=lambda: (np.euler_gamma, pi**2 / 6),
)  # fmt: skip
gumbel_l = Distribution(
    "gumbel_l", (), lambda z: z - np.exp(z),
    methods={
        "logcdf": lambda z: log_gumbel_sf(-z),
        "ppf": lambda q: np.log(-np.log1p(-q)),
        "isf": lambda q: np.log(-np.log(q)),
        "cdf": lambda z: -np.expm1(-np.exp(z)), "sf": lambda z: np.exp(-np.exp(z)),
        "logsf": lambda z: -np.exp(z),
    },
    moments=lambda: (-np.euler_gamma, pi**2 / 6),
)  # fmt: skip
gennorm = Distribution(
    "gennorm", ("beta",),
    lambda z, b: np.log(0.5 * b) - gammaln(1 / b) - np.power(np.absolute(z), b),
    valid=_all_positive,
    methods={"cdf": lambda z, b: _general_normal(z, b), "sf": lambda z, b: _general_normal(-z, b)},
)  # fmt: skip


def _general_normal(z: Any, b: Any) -> Any:
    size = np.absolute(z)
    zero = size == 0
    tail = 0.5 * gammaincc(1 / b, np.power(np.where(zero, 1, size), b))
    tail = np.where(zero, 0.5, tail)
    return np.where(z > 0, 1 - tail, tail)


def _wald_cdf(z: Any, mu: Any) -> Any:
    """Phi(a) + exp(2 / mu) Phi(-b), of which the second factor may underflow first."""
    root = 1 / np.sqrt(z)
    a, b = root * (z / mu - 1), root * (z + mu) / mu
    return ndtr(a) + np.exp(2 / mu + log_ndtr(-b))


def _wald_sf(z: Any, mu: Any) -> Any:
    root = 1 / np.sqrt(z)
    a, b = root * (z / mu - 1), root * (z + mu) / mu
    return ndtr(-a) - np.exp(2 / mu + log_ndtr(-b))


invgauss = Distribution(
    "invgauss", ("mu",),
    lambda z, mu: -_LOG_ROOT_2PI - 1.5 * np.log(z) - np.square((z - mu) / mu) / (2 * z),
    inside=lambda z, mu: z > 0, valid=_all_positive,
    methods={"cdf": _wald_cdf, "sf": _wald_sf},
)  # fmt: skip
loggamma = Distribution(
    "loggamma", ("c",), lambda z, c: c * z - np.exp(z) - gammaln(c), valid=_all_positive,
    methods={
        "cdf": lambda z, c: gammainc(c, np.exp(z)), "sf": lambda z, c: gammaincc(c, np.exp(z)),
        "ppf": lambda q, c: np.log(gammaincinv(c, q)),
        "isf": lambda q, c: np.log(gammainccinv(c, q)),
    },
)  # fmt: skip
