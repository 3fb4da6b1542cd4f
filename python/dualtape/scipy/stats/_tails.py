"""Distribution functions made of incomplete gamma and beta functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core import betainc, gammaincc
from .._inverses import binomial_cdf as binomial_cdf
from .._inverses import binomial_sf as binomial_sf
from .._inverses import student_cdf as student_cdf


def fisher_cdf(z: Any, dfn: Any, dfd: Any) -> Any:
    return betainc(dfn / 2, dfd / 2, dfn * z / (dfn * z + dfd))


def fisher_sf(z: Any, dfn: Any, dfd: Any) -> Any:
    return betainc(dfd / 2, dfn / 2, dfd / (dfn * z + dfd))


def poisson_cdf(k: Any, mu: Any) -> Any:
    return gammaincc(np.floor(k) + 1, mu)
