"""Densities of further continuous distributions: families around the normal, the gamma, the
logistic and the extreme value distributions, standardised.
"""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

import numpy as np

from ..._core import betainc, erfc, expit, gammainc, gammaincc, gammaln, ive, kve, log_expit
from .._elementary import logit, xlogy
from .._gamma import betaln, log_ndtr, ndtr, ndtri
from .._inverses import betaincinv, gammainccinv, gammaincinv
from ._continuous import _LOG_ROOT_2PI, _all_positive, _normal, _positive, _wald_cdf, _wald_sf
from ._distribution import Distribution, Formula
from ._tails import log_gammainc, log_gammaincc


def _inner(z: Any, *shapes: Any) -> Any:
    return z > 0


def _log_sinh_free(z: Any) -> Any:
    """log(2 cosh z), which does not overflow."""
    size = np.absolute(z)
    return size + np.log1p(np.exp(-2 * size))


# ---------------------------------------------------------------- around the normal distribution

levy = Distribution(
    "levy", (), lambda z: -_LOG_ROOT_2PI - 1.5 * np.log(z) - 0.5 / z, inside=_inner,
    methods={
        "cdf": lambda z: erfc(np.sqrt(0.5 / z)), "sf": lambda z: 1 - erfc(np.sqrt(0.5 / z)),
        "ppf": lambda q: 1 / np.square(ndtri(q / 2)),
    },
)  # fmt: skip
gibrat = Distribution(
    "gibrat", (), lambda z: _normal(np.log(z)) - np.log(z), inside=_inner,
    methods={
        "cdf": lambda z: ndtr(np.log(z)), "sf": lambda z: ndtr(-np.log(z)),
        "ppf": lambda q: np.exp(ndtri(q)), "isf": lambda q: np.exp(-ndtri(q)),
    },
)  # fmt: skip


def _exponnorm(z: Any, k: Any) -> Any:
    return -np.log(k) + 0.5 / np.square(k) - z / k + log_ndtr(z - 1 / k)


exponnorm = Distribution(
    "exponnorm", ("K",), _exponnorm, valid=_all_positive,
    methods={
        "cdf": lambda z, k: ndtr(z) - np.exp(0.5 / np.square(k) - z / k + log_ndtr(z - 1 / k)),
        "sf": lambda z, k: ndtr(-z) + np.exp(0.5 / np.square(k) - z / k + log_ndtr(z - 1 / k)),
    },
    moments=lambda k: (k, 1 + np.square(k)),
)  # fmt: skip
foldnorm = Distribution(
    "foldnorm", ("c",),
    lambda z, c: _normal(z) - 0.5 * np.square(c) + _log_sinh_free(c * z),
    inside=_positive, valid=lambda c: c >= 0,
    methods={
        "logsf": lambda z, c: np.logaddexp(log_ndtr(c - z), log_ndtr(-z - c)),
        "cdf": lambda z, c: ndtr(z - c) - ndtr(-z - c),
        "sf": lambda z, c: ndtr(c - z) + ndtr(-z - c),
    },
)  # fmt: skip
johnsonsu = Distribution(
    "johnsonsu", ("a", "b"),
    lambda z, a, b: (
        np.log(b) - 0.5 * np.log1p(np.square(z)) + _normal(a + b * np.arcsinh(z))
    ),
    valid=lambda a, b: b > 0,
    methods={
        "cdf": lambda z, a, b: ndtr(a + b * np.arcsinh(z)),
        "sf": lambda z, a, b: ndtr(-a - b * np.arcsinh(z)),
        "ppf": lambda q, a, b: np.sinh((ndtri(q) - a) / b),
    },
)  # fmt: skip
powernorm = Distribution(
    "powernorm", ("c",), lambda z, c: np.log(c) + _normal(z) + (c - 1) * log_ndtr(-z),
    valid=_all_positive,
    methods={
        "cdf": lambda z, c: -np.expm1(c * log_ndtr(-z)),
        "sf": lambda z, c: np.exp(c * log_ndtr(-z)), "logsf": lambda z, c: c * log_ndtr(-z),
        "ppf": lambda q, c: -ndtri(np.power(1 - q, 1 / c)),
    },
)  # fmt: skip
fatiguelife = Distribution(
    "fatiguelife", ("c",),
    lambda z, c: (
        np.log1p(z) - np.log(2 * c) - 1.5 * np.log(z) - _LOG_ROOT_2PI
        - np.square(z - 1) / (2 * z * np.square(c))
    ),
    inside=_inner, valid=_all_positive,
    methods={
        "cdf": lambda z, c: ndtr((np.sqrt(z) - 1 / np.sqrt(z)) / c),
        "sf": lambda z, c: ndtr((1 / np.sqrt(z) - np.sqrt(z)) / c),
    },
)  # fmt: skip
wald = Distribution(
    "wald", (),
    lambda z: -_LOG_ROOT_2PI - 1.5 * np.log(z) - np.square(z - 1) / (2 * z), inside=_inner,
    methods={"cdf": lambda z: _wald_cdf(z, 1.0), "sf": lambda z: _wald_sf(z, 1.0)},
    moments=lambda: (1.0, 1.0),
)  # fmt: skip
moyal = Distribution(
    "moyal", (), lambda z: -0.5 * (z + np.exp(-z)) - _LOG_ROOT_2PI,
    methods={"cdf": lambda z: erfc(np.exp(-0.5 * z) / sqrt(2))},
)  # fmt: skip
nakagami = Distribution(
    "nakagami", ("nu",),
    lambda z, nu: (
        log(2) + xlogy(nu, nu) - gammaln(nu) + xlogy(2 * nu - 1, z) - nu * np.square(z)
    ),
    inside=_positive, valid=_all_positive,
    methods={
        "logcdf": lambda z, nu: log_gammainc(nu, nu * np.square(z)),
        "logsf": lambda z, nu: log_gammaincc(nu, nu * np.square(z)),
        "cdf": lambda z, nu: gammainc(nu, nu * np.square(z)),
        "sf": lambda z, nu: gammaincc(nu, nu * np.square(z)),
        "ppf": lambda q, nu: np.sqrt(gammaincinv(nu, q) / nu),
    },
)  # fmt: skip
rice = Distribution(
    "rice", ("b",),
    lambda z, b: np.log(z) - 0.5 * np.square(z - b) + np.log(ive(0.0, z * b)),
    inside=_inner, valid=lambda b: b >= 0,
)  # fmt: skip
ncx2 = Distribution(
    "ncx2", ("df", "nc"),
    lambda z, df, nc: (
        -log(2) - 0.5 * np.square(np.sqrt(z) - np.sqrt(nc))
        + (df / 4 - 0.5) * (np.log(z) - np.log(nc)) + np.log(ive(df / 2 - 1, np.sqrt(z * nc)))
    ),
    inside=_inner, valid=_all_positive,
)  # fmt: skip
norminvgauss = Distribution(
    "norminvgauss", ("a", "b"),
    lambda z, a, b: (
        np.log(a / pi) + np.sqrt(np.square(a) - np.square(b)) + b * z
        - 0.5 * np.log1p(np.square(z)) + np.log(kve(1.0, a * np.hypot(1, z))) - a * np.hypot(1, z)
    ),
    valid=lambda a, b: (a > 0) & (np.absolute(b) < a),
)  # fmt: skip
vonmises = Distribution(
    "vonmises", ("kappa",),
    lambda z, k: -log(2 * pi) - np.log(ive(0.0, k)) - 2 * k * np.square(np.sin(z / 2)),
    valid=lambda k: k >= 0,
)  # fmt: skip

# ---------------------------------------------------------------- around the gamma distribution


def _gengamma(above: Formula, below: Formula) -> Formula:
    """Of z^c, which falls where c < 0."""

    def formula(z: Any, a: Any, c: Any) -> Any:
        power = np.power(z, c)
        return np.where(c > 0, above(a, power), below(a, power))

    return formula


def _gengamma_quantile(one: Formula, other: Formula) -> Formula:
    def formula(q: Any, a: Any, c: Any) -> Any:
        return np.power(np.where(c > 0, one(a, q), other(a, q)), 1 / c)

    return formula


gengamma = Distribution(
    "gengamma", ("a", "c"),
    lambda z, a, c: (
        np.log(np.absolute(c)) + xlogy(c * a - 1, z) - np.power(z, c) - gammaln(a)
    ),
    inside=_positive, valid=lambda a, c: (a > 0) & (c != 0),
    methods={
        "logcdf": _gengamma(log_gammainc, log_gammaincc),
        "logsf": _gengamma(log_gammaincc, log_gammainc),
        "cdf": _gengamma(gammainc, gammaincc),
        "sf": _gengamma(gammaincc, gammainc),
        "ppf": _gengamma_quantile(gammaincinv, gammainccinv),
        "isf": _gengamma_quantile(gammainccinv, gammaincinv),
    },
)  # fmt: skip
halfgennorm = Distribution(
    "halfgennorm", ("beta",), lambda z, b: np.log(b) - gammaln(1 / b) - np.power(z, b),
    inside=_positive, valid=_all_positive,
    methods={
        "logsf": lambda z, b: log_gammaincc(1 / b, np.power(z, b)),
        "cdf": lambda z, b: gammainc(1 / b, np.power(z, b)),
        "sf": lambda z, b: gammaincc(1 / b, np.power(z, b)),
    },
)  # fmt: skip


def _two_sided(z: Any, tail: Any) -> Any:
    """The distribution function whose tails are half of `tail` at |z|."""
    return np.where(z > 0, 1 - 0.5 * tail, 0.5 * tail)


dgamma = Distribution(
    "dgamma", ("a",),
    lambda z, a: xlogy(a - 1, np.absolute(z)) - np.absolute(z) - log(2) - gammaln(a),
    valid=_all_positive,
    methods={
        "cdf": lambda z, a: _two_sided(z, gammaincc(a, np.absolute(z))),
        "sf": lambda z, a: _two_sided(-z, gammaincc(a, np.absolute(z))),
    },
)  # fmt: skip
betaprime = Distribution(
    "betaprime", ("a", "b"),
    lambda z, a, b: xlogy(a - 1, z) - (a + b) * np.log1p(z) - betaln(a, b),
    inside=_positive, valid=_all_positive,
    methods={
        "cdf": lambda z, a, b: betainc(a, b, z / (1 + z)),
        "sf": lambda z, a, b: betainc(b, a, 1 / (1 + z)),
        "ppf": lambda q, a, b: betaincinv(a, b, q) / (1 - betaincinv(a, b, q)),
    },
)  # fmt: skip

# ---------------------------------------------------------------- around the Weibull distribution

weibull_max = Distribution(
    "weibull_max", ("c",), lambda z, c: np.log(c) + xlogy(c - 1, -z) - np.power(-z, c),
    inside=lambda z, c: z <= 0, valid=_all_positive, interior=lambda c: -0.5,
    methods={
        "cdf": lambda z, c: np.exp(-np.power(-z, c)), "logcdf": lambda z, c: -np.power(-z, c),
        "sf": lambda z, c: -np.expm1(-np.power(-z, c)),
        "ppf": lambda q, c: -np.power(-np.log(q), 1 / c),
    },
)  # fmt: skip
invweibull = Distribution(
    "invweibull", ("c",), lambda z, c: np.log(c) - (c + 1) * np.log(z) - np.power(z, -c),
    inside=_inner, valid=_all_positive,
    methods={
        "cdf": lambda z, c: np.exp(-np.power(z, -c)), "logcdf": lambda z, c: -np.power(z, -c),
        "sf": lambda z, c: -np.expm1(-np.power(z, -c)),
        "ppf": lambda q, c: np.power(-np.log(q), -1 / c),
    },
)  # fmt: skip
dweibull = Distribution(
    "dweibull", ("c",),
    lambda z, c: (
        np.log(c / 2) + xlogy(c - 1, np.absolute(z)) - np.power(np.absolute(z), c)
    ),
    valid=_all_positive,
    methods={
        "cdf": lambda z, c: _two_sided(z, np.exp(-np.power(np.absolute(z), c))),
        "sf": lambda z, c: _two_sided(-z, np.exp(-np.power(np.absolute(z), c))),
    },
)  # fmt: skip


def _exponweib(z: Any, a: Any, c: Any) -> Any:
    power = np.power(z, c)
    return np.log(a) + np.log(c) + xlogy(a - 1, -np.expm1(-power)) - power + xlogy(c - 1, z)


exponweib = Distribution(
    "exponweib", ("a", "c"), _exponweib, inside=_positive, valid=_all_positive,
    methods={
        "cdf": lambda z, a, c: np.power(-np.expm1(-np.power(z, c)), a),
        "sf": lambda z, a, c: -np.expm1(a * np.log1p(-np.exp(-np.power(z, c)))),
        "ppf": lambda q, a, c: np.power(-np.log1p(-np.power(q, 1 / a)), 1 / c),
    },
)  # fmt: skip
gompertz = Distribution(
    "gompertz", ("c",), lambda z, c: np.log(c) + z - c * np.expm1(z),
    inside=_positive, valid=_all_positive,
    methods={
        "cdf": lambda z, c: -np.expm1(-c * np.expm1(z)),
        "sf": lambda z, c: np.exp(-c * np.expm1(z)), "logsf": lambda z, c: -c * np.expm1(z),
        "ppf": lambda q, c: np.log1p(-np.log1p(-q) / c),
        "isf": lambda q, c: np.log1p(-np.log(q) / c),
    },
)  # fmt: skip

# ---------------------------------------------------------------- powers

lomax = Distribution(
    "lomax", ("c",), lambda z, c: np.log(c) - (c + 1) * np.log1p(z),
    inside=_positive, valid=_all_positive,
    methods={
        "cdf": lambda z, c: -np.expm1(-c * np.log1p(z)),
        "sf": lambda z, c: np.exp(-c * np.log1p(z)), "logsf": lambda z, c: -c * np.log1p(z),
        "ppf": lambda q, c: np.expm1(-np.log1p(-q) / c),
        "isf": lambda q, c: np.expm1(-np.log(q) / c),
    },
)  # fmt: skip


def _log_burr12(z: Any, c: Any, d: Any) -> Any:
    return -d * np.log1p(np.power(z, c))


burr12 = Distribution(
    "burr12", ("c", "d"),
    lambda z, c, d: (
        np.log(c) + np.log(d) + xlogy(c - 1, z) - (d + 1) * np.log1p(np.power(z, c))
    ),
    inside=_positive, valid=_all_positive,
    methods={
        "cdf": lambda z, c, d: -np.expm1(_log_burr12(z, c, d)),
        "sf": lambda z, c, d: np.exp(_log_burr12(z, c, d)), "logsf": _log_burr12,
        "ppf": lambda q, c, d: np.power(np.expm1(-np.log1p(-q) / d), 1 / c),
    },
)  # fmt: skip
burr = Distribution(
    "burr", ("c", "d"),
    lambda z, c, d: (
        np.log(c) + np.log(d) - (c + 1) * np.log(z) - (d + 1) * np.log1p(np.power(z, -c))
    ),
    inside=_inner, valid=_all_positive,
    methods={
        "cdf": lambda z, c, d: np.exp(-d * np.log1p(np.power(z, -c))),
        "logcdf": lambda z, c, d: -d * np.log1p(np.power(z, -c)),
        "sf": lambda z, c, d: -np.expm1(-d * np.log1p(np.power(z, -c))),
        "ppf": lambda q, c, d: np.power(np.expm1(-np.log(q) / d), -1 / c),
    },
)  # fmt: skip
fisk = Distribution(
    "fisk", ("c",),
    lambda z, c: np.log(c) + xlogy(c - 1, z) - 2 * np.log1p(np.power(z, c)),
    inside=_positive, valid=_all_positive,
    methods={
        "cdf": lambda z, c: 1 / (1 + np.power(z, -c)), "sf": lambda z, c: 1 / (1 + np.power(z, c)),
        "logsf": lambda z, c: -np.log1p(np.power(z, c)),
        "ppf": lambda q, c: np.power(q / (1 - q), 1 / c),
        "isf": lambda q, c: np.power((1 - q) / q, 1 / c),
    },
)  # fmt: skip
loglaplace = Distribution(
    "loglaplace", ("c",),
    lambda z, c: np.log(c / 2) - np.log(z) - c * np.absolute(np.log(z)),
    inside=_inner, valid=_all_positive,
    methods={
        "cdf": lambda z, c: _two_sided(z - 1, np.exp(-c * np.absolute(np.log(z)))),
        "sf": lambda z, c: _two_sided(1 - z, np.exp(-c * np.absolute(np.log(z)))),
    },
)  # fmt: skip

# ---------------------------------------------------------------- around the logistic and Laplace

hypsecant = Distribution(
    "hypsecant", (), lambda z: log(2 / pi) - _log_sinh_free(z),
    methods={
        "cdf": lambda z: 2 / pi * np.arctan(np.exp(z)),
        "sf": lambda z: 2 / pi * np.arctan(np.exp(-z)),
        "ppf": lambda q: np.log(np.tan(pi / 2 * q)),
    },
)  # fmt: skip
halflogistic = Distribution(
    "halflogistic", (), lambda z: log(2) + log_expit(z) + log_expit(-z), inside=_positive,
    methods={
        "cdf": lambda z: np.tanh(z / 2), "sf": lambda z: 2 * expit(-z),
        "ppf": lambda q: 2 * np.arctanh(q), "isf": lambda q: -logit(q / 2),
    },
)  # fmt: skip
genlogistic = Distribution(
    "genlogistic", ("c",), lambda z, c: np.log(c) - z + (c + 1) * log_expit(z),
    valid=_all_positive,
    methods={
        "cdf": lambda z, c: np.exp(c * log_expit(z)), "logcdf": lambda z, c: c * log_expit(z),
        "sf": lambda z, c: -np.expm1(c * log_expit(z)),
        "ppf": lambda q, c: -np.log(np.expm1(-np.log(q) / c)),
    },
)  # fmt: skip


def _skew_laplace(z: Any, k: Any) -> Any:
    return np.where(z >= 0, -z * k, z / k) - np.log(k + 1 / k)


def _skew_laplace_cdf(z: Any, k: Any) -> Any:
    both = k + 1 / k
    right = z >= 0
    up = 1 - np.exp(-np.where(right, z, 0) * k) / k / both
    return np.where(right, up, np.exp(np.where(right, 0, z) / k) * k / both)


laplace_asymmetric = Distribution(
    "laplace_asymmetric", ("kappa",), _skew_laplace, valid=_all_positive,
    methods={
        "cdf": _skew_laplace_cdf, "sf": lambda z, k: _skew_laplace_cdf(-z, 1 / k),
    },
    moments=lambda k: (1 / k - k, 1 / np.square(k) + np.square(k)),
)  # fmt: skip
skewcauchy = Distribution(
    "skewcauchy", ("a",),
    lambda z, a: -log(pi) - np.log1p(np.square(z / (1 + a * np.sign(z)))),
    valid=lambda a: np.absolute(a) < 1,
)  # fmt: skip
