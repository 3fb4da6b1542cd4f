"""scipy.special for traced values.

Without a traced argument each function is SciPy's own where SciPy is installed.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .._core import digamma as digamma
from .._core import erf as erf
from .._core import erfc as erfc
from .._core import expit as expit
from .._core import gammaln as gammaln
from .._core import log_expit as log_expit
from .._core import polygamma as _polygamma
from ..numpy._dispatch import has_tracer

psi = digamma


def polygamma(n: int, x: Any) -> Any:
    """As scipy.special.polygamma: derivative n of digamma, for one integer n >= 0."""
    if has_tracer(x):
        return _polygamma(n, x)
    return importlib.import_module("scipy.special").polygamma(n, x)


def logsumexp(
    a: Any,
    axis: Any = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """As scipy.special.logsumexp: log(sum(b * exp(a))) without overflow.

    Args:
      a: float array.
      axis: axes to sum over; all of them by default.
      b: weights that broadcast against `a`.
      keepdims: whether summed axes stay with length one.
      return_sign: whether to return (logarithm of the absolute value, sign).

    >>> x = np.array([1000.0, 1000.0])
    >>> dt.grad(dt.scipy.special.logsumexp)(x)
    array([0.5, 0.5])
    """
    if not has_tracer((a, b)):
        function = importlib.import_module("scipy.special").logsumexp
        return function(a, axis=axis, b=b, keepdims=keepdims, return_sign=return_sign)
    top = _finite_maximum(a, axis)
    terms = np.exp(a - top)
    if b is not None:
        terms = b * terms
    total = np.sum(terms, axis=axis, keepdims=keepdims)
    shift = top if keepdims else np.reshape(top, np.shape(total))
    if not return_sign:
        return np.log(total) + shift
    return np.log(np.absolute(total)) + shift, np.sign(total)


def softmax(x: Any, axis: Any = None) -> Any:
    """As scipy.special.softmax: exp(x) / sum(exp(x)) without overflow.

    >>> dt.jacobian(dt.scipy.special.softmax)(np.zeros(2))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    if not has_tracer(x):
        return importlib.import_module("scipy.special").softmax(x, axis=axis)
    terms = np.exp(x - _finite_maximum(x, axis))
    return terms / np.sum(terms, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """As scipy.special.log_softmax: the logarithm of softmax, right where softmax underflows."""
    if not has_tracer(x):
        return importlib.import_module("scipy.special").log_softmax(x, axis=axis)
    shifted = x - _finite_maximum(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def _finite_maximum(x: Any, axis: Any) -> Any:
    """The shift of the exponents: any shift gives the same result, so it has no derivative."""
    from .._core import stop_gradient

    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    return stop_gradient(top) if has_tracer(top) else top


def xlogy(x: Any, y: Any) -> Any:
    """As scipy.special.xlogy: x * log(y), zero where x is zero and y is not NaN."""
    if not has_tracer((x, y)):
        return importlib.import_module("scipy.special").xlogy(x, y)
    zero = (x == 0) & ~np.isnan(y)
    # log of the branch not taken sees 1, so that it has a finite derivative.
    return np.where(zero, 0.0, x * np.log(np.where(zero, 1.0, y)))
