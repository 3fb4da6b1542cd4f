"""Densities of vectors and counts."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from ..._core import ShapeError, gammaln
from ..._core import stop_gradient as _stopped
from ...numpy._arguments import as_array, as_floats
from ...numpy._dispatch import has_tracer
from .._dispatch import scipy_function
from .._elementary import xlogy
from .._gamma import multigammaln
from ._distribution import Frozen, exponential


def _doubles(x: Any) -> Any:
    return as_array(x).astype(np.float64)


def _constant(x: Any) -> Any:
    return _stopped(x) if has_tracer(x) else x


class _Multivariate:
    """Methods of one distribution of scipy.stats; those that are not recorded are SciPy's."""

    def __init__(self, name: str, methods: dict[str, Any]) -> None:
        self.name = name
        self._methods = methods

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        return Frozen(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<dualtape.scipy.stats.{self.name}>"

    @property
    def recorded(self) -> list[str]:
        """Methods that take traced values."""
        return list(self._methods)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if not (has_tracer(args) or has_tracer(list(kwargs.values()))):
                return getattr(scipy_function("stats", self.name), name)(*args, **kwargs)
            if name not in self._methods:
                raise TypeError(
                    f"scipy.stats.{self.name}.{name} cannot be recorded; recorded are "
                    f"{', '.join(self._methods)}"
                )
            return self._methods[name](*args, **kwargs)

        return call


def _matrix(cov: Any, n: int) -> Any:
    """Covariance from a number, a vector of variances or a matrix."""
    cov = _doubles(cov)
    if cov.ndim == 0:
        return cov * np.eye(n)
    if cov.ndim == 1:
        return np.diag(cov)
    if cov.shape != (n, n):
        raise ShapeError(f"multivariate_normal: cov must be ({n}, {n}), got {cov.shape}")
    return cov


def _parameters(mean: Any, cov: Any, x: Any = None) -> tuple[Any, Any]:
    """Mean and covariance of one dimension."""
    if mean is not None:
        n = max(np.size(mean), 1)
    elif np.ndim(cov):
        n = np.shape(cov)[-1]
    else:
        n = 1 if x is None or np.ndim(x) == 0 else np.shape(x)[-1]
    mean = np.zeros(n) if mean is None else np.reshape(_doubles(mean), (-1,))
    return mean, _matrix(cov, n)


def _log_determinant(cov: Any) -> Any:
    return np.linalg.slogdet(cov)[1]  # The determinant itself may overflow.


def _degenerate(cov: Any, deviation: Any) -> tuple[Any, Any, Any]:
    """(n - rank) log 2 pi, log pseudo-determinant and the squares of a singular covariance.

    Squares are infinite off its range. Eigenvalues count from SciPy's bound on, 1e6 eps max |s|.
    """
    s = np.linalg.eigvalsh(cov)
    bound = 1e6 * np.finfo(float).eps * np.max(np.absolute(_constant(s)))
    is_some = _constant(s) > bound
    log_determinant = np.sum(np.where(is_some, np.log(np.where(is_some, s, 1)), 0))
    solved = np.matmul(deviation, np.linalg.pinv(cov, rcond=1e6 * np.finfo(float).eps))
    square = np.sum(deviation * solved, axis=-1)
    rest = _constant(deviation - np.matmul(solved, cov))
    on_range = np.sum(np.square(rest), axis=-1) < np.square(1e3 * bound)
    nullity = np.sum(np.where(is_some, 0.0, 1.0))
    return nullity * log(2 * pi), log_determinant, np.where(on_range, square, np.inf)


def _normal_logpdf(x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
    x = _doubles(x)
    mean, cov = _parameters(mean, cov, x)
    n = mean.shape[0]
    if x.ndim == 0:
        x = np.reshape(x, (1, 1))
    elif x.ndim == 1:
        x = np.reshape(x, (-1, 1) if n == 1 else (1, -1))
    deviation = x - mean
    lead = deviation.shape[:-1]
    if allow_singular:
        missing, size, square = _degenerate(cov, deviation)
        return np.squeeze(-0.5 * (n * log(2 * pi) - missing + size + square))[()]
    flat = np.reshape(deviation, (-1, n))
    solved = np.linalg.solve(cov, flat.T)
    square = np.reshape(np.sum(flat.T * solved, axis=0), lead)
    value = -0.5 * (n * log(2 * pi) + _log_determinant(cov) + square)
    return np.squeeze(value)[()]


def _normal_pdf(*args: Any, **kwargs: Any) -> Any:
    return exponential(_normal_logpdf(*args, **kwargs))


def _normal_entropy(mean: Any = None, cov: Any = 1) -> Any:
    mean, cov = _parameters(mean, cov)
    return 0.5 * (mean.shape[0] * (1 + log(2 * pi)) + _log_determinant(cov))


multivariate_normal = _Multivariate(
    "multivariate_normal",
    {"logpdf": _normal_logpdf, "pdf": _normal_pdf, "entropy": _normal_entropy},
)


def _dirichlet_logpdf(x: Any, alpha: Any) -> Any:
    x, alpha = as_floats(x), as_floats(alpha)
    if alpha.ndim != 1 or x.shape[0] not in (alpha.shape[0], alpha.shape[0] - 1):
        raise ShapeError(f"dirichlet: x must have {alpha.shape} or one entry less, got {x.shape}")
    if x.shape[0] == alpha.shape[0] - 1:
        x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
    constant = np.sum(gammaln(alpha)) - gammaln(np.sum(alpha))
    column = np.reshape(alpha - 1, (-1,) + (1,) * (x.ndim - 1))
    return (np.sum(xlogy(column, x), axis=0) - constant)[()]


def _dirichlet_pdf(x: Any, alpha: Any) -> Any:
    return np.exp(_dirichlet_logpdf(x, alpha))


dirichlet = _Multivariate("dirichlet", {"logpdf": _dirichlet_logpdf, "pdf": _dirichlet_pdf})


def _multinomial_logpmf(x: Any, n: Any, p: Any) -> Any:
    x, p = _doubles(x), _doubles(p)
    total = _doubles(n)
    # As SciPy: the last probability is what the others leave.
    last = 1 - np.sum(p[..., :-1], axis=-1, keepdims=True)
    p = np.concatenate([p[..., :-1], last], axis=-1)
    value = gammaln(total + 1) + np.sum(xlogy(x, p) - gammaln(x + 1), axis=-1)
    inside = np.all(x >= 0, axis=-1) & (np.sum(x, axis=-1) == total)
    return np.where(inside, value, -np.inf)


def _multinomial_pmf(x: Any, n: Any, p: Any) -> Any:
    return np.exp(_multinomial_logpmf(x, n, p))


multinomial = _Multivariate("multinomial", {"logpmf": _multinomial_logpmf, "pmf": _multinomial_pmf})


def _student_logpdf(x: Any, loc: Any = None, shape: Any = 1, df: Any = 1, **_: Any) -> Any:
    x = _doubles(x)
    loc, shape = _parameters(loc, shape, x)
    n = loc.shape[0]
    df = _doubles(df)
    deviation = np.reshape(x - loc, (-1, n))
    square = np.sum(deviation.T * np.linalg.solve(shape, deviation.T), axis=0)
    lead = x.shape[:-1]
    constant = gammaln(0.5 * (df + n)) - gammaln(0.5 * df) - 0.5 * n * np.log(df * pi)
    value = constant - 0.5 * _log_determinant(shape) - 0.5 * (df + n) * np.log1p(square / df)
    return np.reshape(value, lead)[()]


def _dirichlet_multinomial_logpmf(x: Any, alpha: Any, n: Any) -> Any:
    x, alpha, n = _doubles(x), _doubles(alpha), _doubles(n)
    total = np.sum(alpha, axis=-1)
    value = gammaln(total) + gammaln(n + 1) - gammaln(n + total)
    terms = gammaln(x + alpha) - gammaln(alpha) - gammaln(x + 1)
    value = value + np.sum(terms, axis=-1)
    return np.where(np.sum(x, axis=-1) == n, value, -np.inf)[()]


def _dirichlet_multinomial_pmf(*args: Any) -> Any:
    return exponential(_dirichlet_multinomial_logpmf(*args))


dirichlet_multinomial = _Multivariate(
    "dirichlet_multinomial",
    {"logpmf": _dirichlet_multinomial_logpmf, "pmf": _dirichlet_multinomial_pmf},
)


def _log_wishart_constant(df: Any, n: int) -> Any:
    return 0.5 * df * n * log(2) + multigammaln(0.5 * df, n)


def _square_matrix(x: Any) -> Any:
    x = _doubles(x)
    return np.reshape(x, (1, 1)) if x.ndim == 0 else x


def _wishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    x, scale, df = _square_matrix(x), _square_matrix(scale), _doubles(df)
    n = x.shape[-1]
    trace = np.trace(np.linalg.solve(scale, x))
    size = 0.5 * (df - n - 1) * _log_determinant(x) - 0.5 * df * _log_determinant(scale)
    return (size - 0.5 * trace - _log_wishart_constant(df, n))[()]


def _invwishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    x, scale, df = _square_matrix(x), _square_matrix(scale), _doubles(df)
    n = x.shape[-1]
    trace = np.trace(np.linalg.solve(x, scale))
    size = 0.5 * df * _log_determinant(scale) - 0.5 * (df + n + 1) * _log_determinant(x)
    return (size - 0.5 * trace - _log_wishart_constant(df, n))[()]


def _with_density(name: str, logarithm: Any) -> _Multivariate:
    def density(*args: Any, **kwargs: Any) -> Any:
        return exponential(logarithm(*args, **kwargs))

    return _Multivariate(name, {"logpdf": logarithm, "pdf": density})


multivariate_t = _with_density("multivariate_t", _student_logpdf)
wishart = _with_density("wishart", _wishart_logpdf)
invwishart = _with_density("invwishart", _invwishart_logpdf)


def _matrix_normal_logpdf(X: Any, mean: Any = None, rowcov: Any = 1, colcov: Any = 1) -> Any:
    X = _doubles(X)
    n, p = X.shape[-2:]
    rowcov, colcov = _matrix(rowcov, n), _matrix(colcov, p)
    deviation = X if mean is None else X - _doubles(mean)
    left = np.linalg.solve(rowcov, deviation)
    right = np.linalg.solve(colcov, np.swapaxes(deviation, -1, -2))
    square = np.sum(left * np.swapaxes(right, -1, -2), axis=(-2, -1))
    size = p * _log_determinant(rowcov) + n * _log_determinant(colcov)
    return -0.5 * (n * p * log(2 * pi) + size + square)


matrix_normal = _with_density("matrix_normal", _matrix_normal_logpdf)
