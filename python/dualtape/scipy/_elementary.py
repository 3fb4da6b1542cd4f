"""scipy.special: functions made of exponentials, logarithms and powers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._core import Tracer
from ..numpy._arguments import as_array
from ._dispatch import composite, ufunc


def arrays(*given: Any) -> list[Any]:
    """The arguments as arrays of their common type of floats."""
    kind = common_type(*given)
    return [as_array(x).astype(kind) for x in given]


def common_type(*given: Any) -> Any:
    """float32 or float64 by NumPy's promotion: Python's numbers take the type of the others."""
    numbers = [x if isinstance(x, int | float) else as_array(x).dtype for x in given]
    kind = np.result_type(*numbers)
    return kind if kind.kind in "fc" else np.dtype(np.float64)


def whole(n: Any) -> Any:
    """A number that SciPy's function takes as an integer: without its fraction, and warned of."""
    if isinstance(n, Tracer) or np.asarray(n).dtype.kind != "f":
        return n
    cut = np.trunc(n)
    if np.any((cut != n) & ~np.isnan(n)):
        message = "floating point number truncated to an integer"
        warnings.warn(message, RuntimeWarning, stacklevel=4)
    return float(cut) if type(n) is float else cut  # NumPy promotes the two differently


def choose(condition: Any, x: Any, y: Any) -> Any:
    """np.where, a scalar where its arguments are."""
    return np.where(condition, x, y)[()]


def series(x: Any, coefficients: list[float]) -> Any:
    """Polynomial by Horner's scheme, the constant term first."""
    total: Any = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


@ufunc
def xlogy(x: Any, y: Any) -> Any:
    x, y = arrays(x, y)
    # 0 log 0 is 0, and so is its derivative; 0 log y has the derivative log y in x.
    zero = (x == 0) & (y <= 0)
    return choose(zero, 0, x * np.log(np.where(zero, 1, y)))


@ufunc
def xlog1py(x: Any, y: Any) -> Any:
    x, y = arrays(x, y)
    zero = (x == 0) & (y <= -1)
    return choose(zero, 0, x * np.log1p(np.where(zero, 0, y)))


@ufunc
def entr(x: Any) -> Any:
    (x,) = arrays(x)
    positive = np.where(x > 0, x, 1)
    outside = np.where(x < 0, -np.inf, np.where(x == 0, 0, x))
    return choose(x > 0, -x * np.log(positive), outside)


def _ratio_term(x: Any, y: Any, inside: Any) -> Any:
    """x log(x / y) where inside, with arguments that are safe elsewhere."""
    return x * np.log(np.where(inside, x, 1) / np.where(inside, y, 1))


@ufunc
def rel_entr(x: Any, y: Any) -> Any:
    x, y = arrays(x, y)
    inside, edge = (x > 0) & (y > 0), (x == 0) & (y >= 0)
    outside = np.where(np.isnan(x) | np.isnan(y), np.nan, np.where(edge, 0, np.inf))
    return choose(inside, _ratio_term(x, y, inside), outside.astype(x.dtype))


@ufunc
def kl_div(x: Any, y: Any) -> Any:
    x, y = arrays(x, y)
    inside, edge = (x > 0) & (y > 0), (x == 0) & (y >= 0)
    outside = np.where(np.isnan(x) | np.isnan(y), np.nan, np.inf).astype(x.dtype)
    value = _ratio_term(x, y, inside) - x + y
    return choose(inside, value, np.where(edge, y, outside))


@ufunc
def logit(x: Any) -> Any:
    (p,) = arrays(x)
    # Near 1/2 the two logarithms cancel.
    near = np.absolute(p - 0.5) < 0.2
    far = np.log(np.where(near, 0.5, p)) - np.log1p(-np.where(near, 0.5, p))
    return choose(near, 2 * np.arctanh(2 * np.where(near, p, 0.5) - 1), far)


# expm1(x) / x and log1p(x) / x by their series below 1/2 and 1/4: the quotients' derivatives cancel
# there.
_EXPREL = [1.0]
for _k in range(2, 19):
    _EXPREL.append(_EXPREL[-1] / _k)
_LOG1PREL = [(-1.0) ** k / (k + 1) for k in range(28)]


@ufunc
def exprel(x: Any) -> Any:
    (x,) = arrays(x)
    near = np.absolute(x) < 0.5
    far = np.where(near, 1, x)
    return choose(near, series(np.where(near, x, 0), _EXPREL), np.expm1(far) / far)


def log1prel(x: Any) -> Any:
    near = np.absolute(x) < 0.25
    far = np.where(near, 1, x)
    return np.where(near, series(np.where(near, x, 0), _LOG1PREL), np.log1p(far) / far)


def _power_transform(log_x: Any, lmbda: Any) -> Any:
    """(exp(lmbda log_x) - 1) / lmbda, and log_x at lmbda = 0."""
    z = lmbda * log_x
    near = np.absolute(z) < 0.5
    close = np.where(near, log_x, 0) * exprel(np.where(near, z, 0))
    return choose(near, close, np.expm1(np.where(near, 1, z)) / np.where(near, 1, lmbda))


@ufunc
def boxcox(x: Any, lmbda: Any) -> Any:
    x, lmbda = arrays(x, lmbda)
    return _power_transform(np.log(x), lmbda)


@ufunc
def boxcox1p(x: Any, lmbda: Any) -> Any:
    x, lmbda = arrays(x, lmbda)
    return _power_transform(np.log1p(x), lmbda)


@ufunc
def inv_boxcox(y: Any, lmbda: Any) -> Any:
    y, lmbda = arrays(y, lmbda)
    return np.exp(y * log1prel(lmbda * y))[()]


@ufunc
def inv_boxcox1p(y: Any, lmbda: Any) -> Any:
    y, lmbda = arrays(y, lmbda)
    return np.expm1(y * log1prel(lmbda * y))[()]


@ufunc
def huber(delta: Any, r: Any) -> Any:
    delta, r = arrays(delta, r)
    size = np.absolute(r)
    value = np.where(size <= delta, 0.5 * np.square(r), delta * (size - 0.5 * delta))
    return choose(delta < 0, np.inf, value)


@ufunc
def pseudo_huber(delta: Any, r: Any) -> Any:
    delta, r = arrays(delta, r)
    zero = delta == 0
    v = r / np.where(zero, 1, delta)
    # delta^2 (sqrt(1 + v^2) - 1) without its cancellation.
    value = np.square(r) / (np.sqrt(1 + np.square(v)) + 1)
    return choose(delta < 0, np.inf, np.where(zero, 0, value))


@ufunc
def cosm1(x: Any) -> Any:
    (x,) = arrays(x)
    return -2 * np.square(np.sin(x / 2))


@ufunc
def powm1(x: Any, y: Any) -> Any:
    x, y = arrays(x, y)
    positive = x > 0
    near = np.expm1(y * np.log(np.where(positive, x, 1)))
    return choose(positive, near, np.power(np.where(positive, 1, x), y) - 1)


@composite("special")
def diric(x: Any, n: int) -> Any:
    """sin(n x / 2) / (n sin(x / 2)) as a sum of cosines, smooth at the zeros of the quotient."""
    x = as_array(x).astype(np.float64)
    terms = [np.cos((n - 1 - 2 * k) * x / 2) for k in range(int(n))]
    return (sum(terms) / n)[()]


@ufunc
def exp10(x: Any) -> Any:
    (x,) = arrays(x)
    return np.power(x.dtype.type(10), x)


def _turned(x: Any) -> Any:
    """Degrees within half a turn, as radians; whole turns are exact."""
    return np.deg2rad(x - 360 * np.rint(x / 360))


@ufunc
def sindg(x: Any) -> Any:
    return np.sin(_turned(*arrays(x)))


@ufunc
def cosdg(x: Any) -> Any:
    return np.cos(_turned(*arrays(x)))


@ufunc
def tandg(x: Any) -> Any:
    return np.tan(_turned(*arrays(x)))


@ufunc
def cotdg(x: Any) -> Any:
    return 1 / np.tan(_turned(*arrays(x)))


@ufunc
def radian(d: Any, m: Any, s: Any) -> Any:
    d, m, s = arrays(d, m, s)
    return np.deg2rad(d + m / 60 + s / 3600)


def _numpys(name: str) -> Any:
    """NumPy's function of the name for traced values, SciPy's own for numbers."""

    def traced(x: Any) -> Any:
        return getattr(np, name)(*arrays(x))

    traced.__name__ = name
    return composite("special")(traced)


cbrt = _numpys("cbrt")
exp2 = _numpys("exp2")
expm1 = _numpys("expm1")
log1p = _numpys("log1p")
