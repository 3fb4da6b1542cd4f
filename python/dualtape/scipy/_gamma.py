"""scipy.special: functions made of the gamma function's logarithm and the error function."""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

import numpy as np

from .._core import digamma, erfc, erfcinv, gammaln
from ..numpy._arguments import as_array
from ._dispatch import composite, ufunc
from ._elementary import arrays, choose, series

# ---------------------------------------------------------------- the error function


def _exp_square(x: Any) -> Any:
    """exp(x^2): the head of x has an exact square, so the rounding of x^2 does not count."""
    head = np.rint(x * 64) / 64
    return np.exp(np.square(head)) * np.exp((x - head) * (x + head))


@ufunc
def erfcx(x: Any) -> Any:
    (x,) = arrays(x)
    large = x > 4
    far, near = np.where(large, x, 4), np.where(large, 0, x)
    # Laplace's continued fraction; of exp(x^2) erfc(x) the derivatives would cancel here.
    fraction: Any = far
    for k in range(20, 0, -1):
        fraction = far + (k / 2) / fraction
    return choose(large, 1 / (sqrt(pi) * fraction), _exp_square(near) * erfc(near))


@ufunc
def ndtr(x: Any) -> Any:
    (x,) = arrays(x)
    return 0.5 * erfc(x * -sqrt(0.5))


@ufunc
def ndtri(y: Any) -> Any:
    (p,) = arrays(y)
    return -sqrt(2) * erfcinv(2 * p)


@ufunc
def log_ndtr(x: Any) -> Any:
    (x,) = arrays(x)
    t = x * -sqrt(0.5)
    left = t > 0.5
    tail, body = np.where(left, t, 1), np.where(left, 0, t)
    # In the left tail erfc vanishes, not its logarithm.
    low = np.log(0.5 * erfcx(tail)) - np.square(tail)
    return choose(left, low, np.log1p(-0.5 * erfc(-body)))


# ---------------------------------------------------------------- the gamma function


def _is_pole(x: Any) -> Any:
    return (x <= 0) & (x == np.floor(x))


@ufunc
def gammasgn(x: Any) -> Any:
    (x,) = arrays(x)
    odd = np.floor(x) - 2 * np.floor(np.floor(x) / 2) == 1
    sign = np.where((x < 0) & odd, -1, 1).astype(x.dtype)
    sign = np.where((x < 0) & (x == np.floor(x)), np.nan, sign).astype(x.dtype)
    return choose(x == 0, np.copysign(x.dtype.type(1), x), sign)


@ufunc
def gamma(x: Any) -> Any:
    (x,) = arrays(x)
    return gammasgn(x) * np.exp(gammaln(x))


@ufunc
def rgamma(x: Any) -> Any:
    (x,) = arrays(x)
    pole = _is_pole(x)
    safe = np.where(pole, 1, x)
    return choose(pole, 0, gammasgn(safe) * np.exp(-gammaln(safe)))


@ufunc
def loggamma(x: Any) -> Any:
    (x,) = arrays(x)
    return choose(x < 0, np.nan, gammaln(np.where(x < 0, 1, x)))


# Stirling's series log gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2) = sum c_k / x^(2k + 1).
_STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156]


def _stirling(x: Any) -> Any:
    return series(1 / np.square(x), _STIRLING) / x


def _log_gamma_ratio(a: Any, b: Any) -> Any:
    """log(gamma(b) / gamma(a + b)) for b >= 10: the large terms cancel on paper.

    Source: Didonato and Morris (1992), algorithm 708, section 5.
    """
    h = a / b
    return _stirling(b) - _stirling(a + b) - (a + b - 0.5) * np.log1p(h) - a * (np.log(b) - 1)


@ufunc
def betaln(a: Any, b: Any) -> Any:
    a, b = arrays(a, b)
    # Which is the smaller decides a branch, not a minimum: derivatives at a = b stay right.
    swap = a > b
    low, high = np.where(swap, b, a), np.where(swap, a, b)
    large = high >= 10
    both = large & (low >= 10)
    one = large & (low > 0) & (low < 10)
    h1, l1 = np.where(one, high, 10), np.where(one, low, 1)
    mixed = gammaln(l1) + _log_gamma_ratio(l1, h1)
    h2, l2 = np.where(both, high, 10), np.where(both, low, 10)
    stirling = _stirling(l2) + (l2 - 0.5) * np.log(l2) - l2 + 0.5 * log(2 * pi)
    small = np.where(both | one, 1, a), np.where(both | one, 1, b)
    plain = gammaln(small[0]) + gammaln(small[1]) - gammaln(small[0] + small[1])
    value = np.where(one, mixed, plain)
    return choose(both, stirling + _log_gamma_ratio(l2, h2), value)


@ufunc
def beta(a: Any, b: Any) -> Any:
    a, b = arrays(a, b)
    sign = gammasgn(a) * gammasgn(b) * gammasgn(a + b)
    return sign * np.exp(betaln(a, b))


@ufunc
def binom(n: Any, k: Any) -> Any:
    n, k = arrays(n, k)
    sign = gammasgn(n + 1) * gammasgn(k + 1) * gammasgn(n - k + 1)
    # gamma(n + 2) / (gamma(k + 1) gamma(n - k + 1)) = 1 / beta(k + 1, n - k + 1).
    whole = _is_pole(k + 1) | (_is_pole(n - k + 1) & ~_is_pole(n + 1))
    k_safe = np.where(whole, 0, k)
    n_safe = np.where(whole, 1, n)
    value = np.exp(-betaln(k_safe + 1, n_safe - k_safe + 1)) / np.absolute(n_safe + 1)
    return choose(whole, 0, sign * value)


@ufunc
def poch(z: Any, m: Any) -> Any:
    z, m = arrays(z, m)
    return gammasgn(z) * gammasgn(z + m) * np.exp(gammaln(z + m) - gammaln(z))


@composite("special")
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    if exact or extend != "zero":
        raise TypeError("factorial: exact= and extend= cannot be recorded")
    (n,) = arrays(n)
    return choose(n < 0, 0, gamma(np.where(n < 0, 0, n) + 1)).astype(np.float64)


@composite("special")
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    if exact:
        raise TypeError("comb: exact= cannot be recorded")
    if repetition:
        return comb(N + k - 1, k)
    N, k = arrays(N, k)
    return choose((k <= N) & (N >= 0) & (k >= 0), binom(N, k), 0)


@composite("special")
def perm(N: Any, k: Any, exact: bool = False) -> Any:
    if exact:
        raise TypeError("perm: exact= cannot be recorded")
    N, k = arrays(N, k)
    return choose((k <= N) & (N >= 0) & (k >= 0), poch(N - k + 1, k), 0)


@composite("special")
def multigammaln(a: Any, d: int) -> Any:
    (a,) = arrays(a)
    d = int(d)
    total: Any = 0.25 * d * (d - 1) * log(pi)
    for j in range(d):
        total = total + gammaln(a - 0.5 * j)
    return total.astype(np.float64)


@composite("special")
def polygamma(n: Any, x: Any) -> Any:
    from .._core import polygamma as recorded

    if np.ndim(n) == 0:
        return recorded(int(n), as_array(x).astype(np.float64))
    orders = np.asarray(n)
    x = np.broadcast_to(
        as_array(x).astype(np.float64), np.broadcast_shapes(orders.shape, np.shape(x))
    )
    value: Any = np.zeros_like(x)
    for order in np.unique(orders).tolist():
        value = np.where(orders == order, recorded(order, x), value)
    return value


psi = digamma
