"""Continuous distributions whose support depends on their shapes."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from ..._core import expit
from .._elementary import exprel, log1prel, logit, xlogy
from .._gamma import log_ndtr, ndtr, ndtri
from ._distribution import Distribution


def log_difference(a: Any, b: Any) -> Any:
    """log(exp(a) - exp(b)) for a > b."""
    d = b - a
    near = d > -log(2)
    return a + np.where(
        near, np.log(-np.expm1(np.where(near, d, -1))), np.log1p(-np.exp(np.where(near, -1, d)))
    )


def _normal_mass(a: Any, b: Any) -> Any:
    """Logarithm of the normal probability of [a, b], from the tail in which it lies."""
    right = a > 0
    low, high = np.where(right, -b, a), np.where(right, -a, b)
    return log_difference(log_ndtr(high), log_ndtr(low))


def _interval(z: Any, a: Any, b: Any) -> Any:
    return (z >= a) & (z <= b)


def _middle(a: Any, b: Any) -> Any:
    return 0.5 * (a + b)


pareto = Distribution(
    "pareto", ("b",), lambda z, b: np.log(b) - (b + 1) * np.log(z),
    inside=lambda z, b: z >= 1, valid=lambda b: b > 0, interior=lambda b: 2.0,
    methods={
        "cdf": lambda z, b: -np.expm1(-b * np.log(z)), "sf": lambda z, b: np.power(z, -b),
        "logsf": lambda z, b: -b * np.log(z),
        "ppf": lambda q, b: np.exp(-np.log1p(-q) / b), "isf": lambda q, b: np.power(q, -1 / b),
    },
)  # fmt: skip


def _truncated_cdf(z: Any, a: Any, b: Any) -> Any:
    return np.exp(_normal_mass(a, z) - _normal_mass(a, b))


truncnorm = Distribution(
    "truncnorm", ("a", "b"),
    lambda z, a, b: -0.5 * np.square(z) - 0.5 * log(2 * pi) - _normal_mass(a, b),
    inside=_interval, valid=lambda a, b: a < b, interior=_middle,
    methods={
        "cdf": _truncated_cdf, "sf": lambda z, a, b: _truncated_cdf(-z, -b, -a),
        "logcdf": lambda z, a, b: _normal_mass(a, z) - _normal_mass(a, b),
        "logsf": lambda z, a, b: _normal_mass(z, b) - _normal_mass(a, b),
    },
)  # fmt: skip
loguniform = Distribution(
    "loguniform", ("a", "b"), lambda z, a, b: -np.log(z) - np.log(np.log(b / a)),
    inside=_interval, valid=lambda a, b: (a > 0) & (b > a), interior=_middle,
    methods={
        "cdf": lambda z, a, b: np.log(z / a) / np.log(b / a),
        "sf": lambda z, a, b: np.log(b / z) / np.log(b / a),
        "ppf": lambda q, a, b: a * np.power(b / a, q),
        "isf": lambda q, a, b: b * np.power(a / b, q),
    },
)  # fmt: skip
truncexpon = Distribution(
    "truncexpon", ("b",), lambda z, b: -z - np.log(-np.expm1(-b)),
    inside=lambda z, b: (z >= 0) & (z <= b), valid=lambda b: b > 0, interior=lambda b: 0.5 * b,
    methods={
        "cdf": lambda z, b: np.expm1(-z) / np.expm1(-b),
        "sf": lambda z, b: (np.exp(-z) - np.exp(-b)) / -np.expm1(-b),
        "ppf": lambda q, b: -np.log1p(q * np.expm1(-b)),
    },
)  # fmt: skip


def _triangle(z: Any, c: Any) -> Any:
    left = z < c
    return np.log(2 * np.where(left, z / np.where(left, c, 1), (1 - z) / np.where(left, 1, 1 - c)))


def _triangle_cdf(z: Any, c: Any) -> Any:
    left = z < c
    rising = np.square(z) / np.where(left, c, 1)
    return np.where(left, rising, 1 - np.square(1 - z) / np.where(left, 1, 1 - c))


def _triangle_quantile(q: Any, c: Any) -> Any:
    left = q < c
    falling = 1 - np.sqrt((1 - c) * np.where(left, 1, 1 - q))
    return np.where(left, np.sqrt(c * np.where(left, q, 1)), falling)


triang = Distribution(
    "triang", ("c",), _triangle,
    inside=lambda z, c: (z >= 0) & (z <= 1), valid=lambda c: (c >= 0) & (c <= 1),
    methods={
        "cdf": _triangle_cdf, "sf": lambda z, c: _triangle_cdf(1 - z, 1 - c),
        "ppf": _triangle_quantile,
    },
    moments=lambda c: ((1 + c) / 3, (1 - c + np.square(c)) / 18),
)  # fmt: skip
powerlaw = Distribution(
    "powerlaw", ("a",), lambda z, a: np.log(a) + xlogy(a - 1, z),
    inside=lambda z, a: (z >= 0) & (z <= 1), valid=lambda a: a > 0,
    methods={
        "cdf": lambda z, a: np.power(z, a), "sf": lambda z, a: -np.expm1(a * np.log(z)),
        "logcdf": lambda z, a: a * np.log(z), "ppf": lambda q, a: np.power(q, 1 / a),
    },
)  # fmt: skip
arcsine = Distribution(
    "arcsine", (), lambda z: -log(pi) - 0.5 * np.log(z) - 0.5 * np.log1p(-z),
    inside=lambda z: (z >= 0) & (z <= 1),
    methods={
        "cdf": lambda z: 2 / pi * np.arcsin(np.sqrt(z)),
        "sf": lambda z: 2 / pi * np.arccos(np.sqrt(z)),
        "ppf": lambda q: np.square(np.sin(pi / 2 * q)),
    },
)  # fmt: skip
semicircular = Distribution(
    "semicircular", (), lambda z: log(2 / pi) + 0.5 * np.log1p(-np.square(z)),
    inside=lambda z: (z >= -1) & (z <= 1), interior=lambda: 0.0,
    methods={
        "cdf": lambda z: 0.5 + (z * np.sqrt(1 - np.square(z)) + np.arcsin(z)) / pi,
        "sf": lambda z: 0.5 - (z * np.sqrt(1 - np.square(z)) + np.arcsin(z)) / pi,
    },
)  # fmt: skip
bradford = Distribution(
    "bradford", ("c",), lambda z, c: np.log(c) - np.log1p(c * z) - np.log(np.log1p(c)),
    inside=lambda z, c: (z >= 0) & (z <= 1), valid=lambda c: c > 0,
    methods={
        "cdf": lambda z, c: np.log1p(c * z) / np.log1p(c),
        "ppf": lambda q, c: np.expm1(q * np.log1p(c)) / c,
    },
)  # fmt: skip
johnsonsb = Distribution(
    "johnsonsb", ("a", "b"),
    lambda z, a, b: (
        np.log(b) - np.log(z) - np.log1p(-z) - 0.5 * np.square(a + b * logit(z)) - 0.5 * log(2 * pi)
    ),
    inside=lambda z, a, b: (z > 0) & (z < 1), valid=lambda a, b: b > 0,
    methods={
        "cdf": lambda z, a, b: ndtr(a + b * logit(z)),
        "sf": lambda z, a, b: ndtr(-a - b * logit(z)),
        "ppf": lambda q, a, b: expit((ndtri(q) - a) / b),
    },
)  # fmt: skip


def _extreme_support(z: Any, c: Any) -> Any:
    return 1 - c * z > 0


def _extreme_exponent(z: Any, c: Any) -> Any:
    """log(1 - c z) / c, and -z at c = 0."""
    return -z * log1prel(-c * z)


def _extreme(z: Any, c: Any) -> Any:
    u = _extreme_exponent(z, c)
    return u - np.exp(u) - np.log1p(-c * z)


def _extreme_quantile(q: Any, c: Any) -> Any:
    return _power_below(np.log(-np.log(q)), c)


def _power_below(u: Any, c: Any) -> Any:
    """(1 - exp(c u)) / c, and -u at c = 0."""
    return -u * exprel(c * u)


# The sign of c is SciPy's.
genextreme = Distribution(
    "genextreme", ("c",), _extreme, inside=_extreme_support, interior=lambda c: 0.0 * c,
    methods={
        "cdf": lambda z, c: np.exp(-np.exp(_extreme_exponent(z, c))),
        "sf": lambda z, c: -np.expm1(-np.exp(_extreme_exponent(z, c))),
        "logcdf": lambda z, c: -np.exp(_extreme_exponent(z, c)), "ppf": _extreme_quantile,
    },
)  # fmt: skip
genpareto = Distribution(
    "genpareto", ("c",), lambda z, c: -z * log1prel(c * z) - np.log1p(c * z),
    inside=lambda z, c: (z >= 0) & (1 + c * z > 0),
    interior=lambda c: 0.5 / np.maximum(np.absolute(c), 1),
    methods={
        "cdf": lambda z, c: -np.expm1(-z * log1prel(c * z)),
        "sf": lambda z, c: np.exp(-z * log1prel(c * z)),
        "logsf": lambda z, c: -z * log1prel(c * z),
        "ppf": lambda q, c: -_power_below(-np.log1p(-q), c),
        "isf": lambda q, c: -_power_below(-np.log(q), c),
    },
)  # fmt: skip
