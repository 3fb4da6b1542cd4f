"""Continuous distributions whose support depends on their shapes."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from .._gamma import log_ndtr
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


class _Pareto(Distribution):
    def _interior(self, shapes: list[Any]) -> Any:
        return 2.0

    def _outside(self, method: str, z: Any, shapes: list[Any]) -> Any:
        return {"cdf": 0.0, "sf": 1.0, "logcdf": -np.inf, "logsf": 0.0}[method]


class _Truncated(Distribution):
    def _interior(self, shapes: list[Any]) -> Any:
        return 0.5 * (shapes[0] + shapes[1])


pareto = _Pareto(
    "pareto", ("b",), lambda z, b: np.log(b) - (b + 1) * np.log(z),
    inside=lambda z, b: z >= 1, valid=lambda b: b > 0,
    methods={
        "cdf": lambda z, b: -np.expm1(-b * np.log(z)), "sf": lambda z, b: np.power(z, -b),
        "logsf": lambda z, b: -b * np.log(z),
    },
)  # fmt: skip
truncnorm = _Truncated(
    "truncnorm", ("a", "b"),
    lambda z, a, b: -0.5 * np.square(z) - 0.5 * log(2 * pi) - _normal_mass(a, b),
    inside=lambda z, a, b: (z >= a) & (z <= b), valid=lambda a, b: a < b,
)  # fmt: skip
