"""scipy.special: inverses of incomplete gamma and beta functions, and the older names of
distribution functions.

An inverse x of F(parameters, x) = y has the partial derivative 1 / F_x in y, and -F_a / F_x in a
parameter a.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import betainc, gammainc, gammaincc, gammaln
from .._jvp import jvp
from ._dispatch import ufunc
from ._elementary import arrays, whole, xlog1py, xlogy
from ._gamma import betaln
from ._smooth import smooth


def _slope(function: Any, a: Any) -> Any:
    return jvp(function, (a,), (np.ones_like(a),))[1]


def _gamma_step(a: Any, x: Any) -> Any:
    """1 / (x^(a - 1) exp(-x) / gamma(a))."""
    return np.exp(x + gammaln(a) + xlogy(1 - a, x))


def _beta_step(a: Any, b: Any, x: Any) -> Any:
    return np.exp(betaln(a, b) + xlogy(1 - a, x) + xlog1py(1 - b, -x))


gammaincinv = smooth(
    "gammaincinv",
    lambda a, y, x: -_slope(lambda a: gammainc(a, x), a) * _gamma_step(a, x),
    lambda a, y, x: _gamma_step(a, x),
)
gammainccinv = smooth(
    "gammainccinv",
    lambda a, y, x: _slope(lambda a: gammaincc(a, x), a) * _gamma_step(a, x),
    lambda a, y, x: -_gamma_step(a, x),
)
betaincinv = smooth(
    "betaincinv",
    lambda a, b, y, x: -_slope(lambda a: betainc(a, b, x), a) * _beta_step(a, b, x),
    lambda a, b, y, x: -_slope(lambda b: betainc(a, b, x), b) * _beta_step(a, b, x),
    lambda a, b, y, x: _beta_step(a, b, x),
)
betainccinv = smooth(
    "betainccinv",
    lambda a, b, y, x: -_slope(lambda a: betainc(a, b, x), a) * _beta_step(a, b, x),
    lambda a, b, y, x: -_slope(lambda b: betainc(a, b, x), b) * _beta_step(a, b, x),
    lambda a, b, y, x: -_beta_step(a, b, x),
)


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


def _student_step(df: Any, t: Any) -> Any:
    size = betaln(0.5 * df, 0.5) + 0.5 * np.log(df)
    return np.exp(size + 0.5 * (df + 1) * np.log1p(np.square(t) / df))


stdtrit = smooth(
    "stdtrit",
    lambda df, p, t: -_slope(lambda df: student_cdf(t, df), df) * _student_step(df, t),
    lambda df, p, t: _student_step(df, t),
)


@ufunc
def betaincc(a: Any, b: Any, x: Any) -> Any:
    a, b, x = arrays(a, b, x)
    return betainc(b, a, 1 - x)


@ufunc
def stdtr(df: Any, t: Any) -> Any:
    df, t = arrays(df, t)
    return student_cdf(t, df).astype(t.dtype)[()]


@ufunc
def chdtr(v: Any, x: Any) -> Any:
    v, x = arrays(v, x)
    return gammainc(v / 2, x / 2)


@ufunc
def chdtrc(v: Any, x: Any) -> Any:
    v, x = arrays(v, x)
    return gammaincc(v / 2, x / 2)


@ufunc
def chdtri(v: Any, p: Any) -> Any:
    v, p = arrays(v, p)
    return 2 * gammainccinv(v / 2, p)


@ufunc
def fdtr(dfn: Any, dfd: Any, x: Any) -> Any:
    dfn, dfd, x = arrays(dfn, dfd, x)
    return betainc(dfn / 2, dfd / 2, dfn * x / (dfn * x + dfd))


@ufunc
def fdtrc(dfn: Any, dfd: Any, x: Any) -> Any:
    dfn, dfd, x = arrays(dfn, dfd, x)
    return betainc(dfd / 2, dfn / 2, dfd / (dfn * x + dfd))


@ufunc
def fdtri(dfn: Any, dfd: Any, p: Any) -> Any:
    dfn, dfd, p = arrays(dfn, dfd, p)
    w = betaincinv(dfd / 2, dfn / 2, 1 - p)  # dfd / (dfn x + dfd)
    return dfd * (1 - w) / (dfn * w)


@ufunc
def gdtr(a: Any, b: Any, x: Any) -> Any:
    a, b, x = arrays(a, b, x)
    return gammainc(b, a * x)


@ufunc
def gdtrc(a: Any, b: Any, x: Any) -> Any:
    a, b, x = arrays(a, b, x)
    return gammaincc(b, a * x)


@ufunc
def pdtr(k: Any, m: Any) -> Any:
    k, m = arrays(k, m)
    return gammaincc(np.floor(k) + 1, m)


@ufunc
def pdtrc(k: Any, m: Any) -> Any:
    k, m = arrays(k, m)
    return gammainc(np.floor(k) + 1, m)


def binomial_cdf(k: Any, n: Any, p: Any) -> Any:
    k = np.floor(k)
    last = k >= n
    return np.where(last, 1, betainc(np.where(last, 1, n - k), k + 1, 1 - p))


def binomial_sf(k: Any, n: Any, p: Any) -> Any:
    k = np.floor(k)
    last = k >= n
    return np.where(last, 0, betainc(k + 1, np.where(last, 1, n - k), p))


@ufunc
def bdtr(k: Any, n: Any, p: Any) -> Any:
    return binomial_cdf(*arrays(k, whole(n), p))[()]


@ufunc
def bdtrc(k: Any, n: Any, p: Any) -> Any:
    return binomial_sf(*arrays(k, whole(n), p))[()]


@ufunc
def nbdtr(k: Any, n: Any, p: Any) -> Any:
    k, n, p = arrays(whole(k), whole(n), p)
    return betainc(n, np.floor(k) + 1, p)


@ufunc
def nbdtrc(k: Any, n: Any, p: Any) -> Any:
    k, n, p = arrays(whole(k), whole(n), p)
    return betainc(np.floor(k) + 1, n, 1 - p)
