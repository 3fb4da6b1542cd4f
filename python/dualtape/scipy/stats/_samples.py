"""Statistics of samples, as scipy.stats has them: nan_policy is 'propagate' here."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from ...numpy._arguments import as_array, as_floats
from .._dispatch import composite
from .._elementary import boxcox as _power
from .._elementary import boxcox1p, entr, rel_entr


def _propagated(name: str, nan_policy: str) -> None:
    if nan_policy != "propagate":
        raise TypeError(f"{name}: nan_policy={nan_policy!r} cannot be recorded")


def _line(a: Any, axis: Any) -> tuple[Any, int]:
    a = as_floats(a)
    return (np.reshape(a, (-1,)), 0) if axis is None else (a, axis)


def _central(a: Any, order: int, axis: Any, center: Any = None) -> Any:
    center = np.mean(a, axis=axis, keepdims=True) if center is None else center
    return np.mean((a - center) ** order, axis=axis)


@composite("stats")
def moment(
    a: Any, order: Any = 1, axis: Any = 0, nan_policy: str = "propagate", *, center: Any = None
) -> Any:
    _propagated("moment", nan_policy)
    a, axis = _line(a, axis)
    if np.ndim(order):
        return np.stack([_central(a, int(k), axis, center) for k in order])
    if order == 1 and center is None:
        return np.mean(0 * a, axis=axis)
    return _central(a, int(order), axis, center)


@composite("stats")
def skew(a: Any, axis: Any = 0, bias: bool = True, nan_policy: str = "propagate") -> Any:
    _propagated("skew", nan_policy)
    a, axis = _line(a, axis)
    n = a.shape[axis]
    value = _central(a, 3, axis) / _central(a, 2, axis) ** 1.5
    return value if bias else ((n - 1.0) * n) ** 0.5 / (n - 2.0) * value


@composite("stats")
def kurtosis(
    a: Any, axis: Any = 0, fisher: bool = True, bias: bool = True, nan_policy: str = "propagate"
) -> Any:
    _propagated("kurtosis", nan_policy)
    a, axis = _line(a, axis)
    n = a.shape[axis]
    value = _central(a, 4, axis) / np.square(_central(a, 2, axis))
    if not bias:
        value = ((n**2 - 1.0) * value - 3 * (n - 1.0) ** 2) / ((n - 2) * (n - 3)) + 3.0
    return value - 3 if fisher else value


@composite("stats")
def zmap(
    scores: Any, compare: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate"
) -> Any:
    _propagated("zmap", nan_policy)
    scores, compare = as_floats(scores), as_floats(compare)
    mean = np.mean(compare, axis=axis, keepdims=True)
    return (scores - mean) / np.std(compare, axis=axis, ddof=ddof, keepdims=True)


@composite("stats")
def zscore(a: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    return zmap(a, a, axis, ddof, nan_policy)


@composite("stats")
def sem(a: Any, axis: Any = 0, ddof: int = 1, nan_policy: str = "propagate") -> Any:
    _propagated("sem", nan_policy)
    a, axis = _line(a, axis)
    return np.std(a, axis=axis, ddof=ddof) / a.shape[axis] ** 0.5


@composite("stats")
def variation(a: Any, axis: Any = 0, nan_policy: str = "propagate", ddof: int = 0) -> Any:
    _propagated("variation", nan_policy)
    a, axis = _line(a, axis)
    return np.std(a, axis=axis, ddof=ddof) / np.mean(a, axis=axis)


def _weighted_mean(a: Any, axis: Any, weights: Any) -> Any:
    return np.mean(a, axis=axis) if weights is None else np.average(a, axis=axis, weights=weights)


@composite("stats")
def gmean(a: Any, axis: Any = 0, dtype: Any = None, weights: Any = None) -> Any:
    a, axis = _line(a if dtype is None else as_array(a).astype(dtype), axis)
    return np.exp(_weighted_mean(np.log(a), axis, weights))


@composite("stats")
def hmean(a: Any, axis: Any = 0, dtype: Any = None, *, weights: Any = None) -> Any:
    a, axis = _line(a if dtype is None else as_array(a).astype(dtype), axis)
    return 1.0 / _weighted_mean(1.0 / a, axis, weights)


@composite("stats")
def pmean(a: Any, p: Any, *, axis: Any = 0, dtype: Any = None, weights: Any = None) -> Any:
    if np.ndim(p) == 0 and not p:
        return gmean(a, axis, dtype, weights)
    a, axis = _line(a if dtype is None else as_array(a).astype(dtype), axis)
    return _weighted_mean(a**p, axis, weights) ** (1 / p)


@composite("stats")
def gstd(a: Any, axis: Any = 0, ddof: int = 1) -> Any:
    a, axis = _line(a, axis)
    return np.exp(np.std(np.log(a), axis=axis, ddof=ddof))


@composite("stats")
def iqr(
    x: Any,
    axis: Any = None,
    rng: Any = (25, 75),
    scale: Any = 1.0,
    nan_policy: str = "propagate",
    interpolation: str = "linear",
    keepdims: bool = False,
) -> Any:
    _propagated("iqr", nan_policy)
    scale = {"normal": 1.3489795003921634}.get(scale, scale) if isinstance(scale, str) else scale
    options: dict[str, Any] = {"method": interpolation, "keepdims": keepdims}
    x = as_floats(x)
    low, high = (np.percentile(x, q, axis=axis, **options) for q in sorted(rng))
    return (high - low) / scale


@composite("stats")
def median_abs_deviation(
    x: Any, axis: Any = 0, center: Any = np.median, scale: Any = 1.0, nan_policy: str = "propagate"
) -> Any:
    _propagated("median_abs_deviation", nan_policy)
    x, axis = _line(x, axis)
    scale = 0.6744897501960817 if scale == "normal" else scale
    middle = np.expand_dims(center(x, axis=axis), axis)
    return np.median(np.absolute(x - middle), axis=axis) / scale


@composite("stats")
def entropy(
    pk: Any, qk: Any = None, base: Any = None, axis: Any = 0, nan_policy: str = "propagate"
) -> Any:
    _propagated("entropy", nan_policy)
    pk = as_floats(pk)
    pk = pk / np.sum(pk, axis=axis, keepdims=True)
    if qk is None:
        total = np.sum(entr(pk), axis=axis)
    else:
        qk = as_floats(qk)
        total = np.sum(rel_entr(pk, qk / np.sum(qk, axis=axis, keepdims=True)), axis=axis)
    if base is None:
        return total
    return total / (log(base) if isinstance(base, int | float) else np.log(base))


@composite("stats")
def boxcox(x: Any, lmbda: Any = None, alpha: Any = None, optimizer: Any = None) -> Any:
    if lmbda is None or alpha is not None:
        raise TypeError("boxcox: lmbda must be given; its fit to the data cannot be recorded")
    return _power(x, lmbda)


@composite("stats")
def yeojohnson(x: Any, lmbda: Any = None) -> Any:
    if lmbda is None:
        raise TypeError("yeojohnson: lmbda must be given; its fit to the data cannot be recorded")
    x = as_floats(x)
    right = x >= 0
    up = boxcox1p(np.where(right, x, 0), lmbda)
    return np.where(right, up, -boxcox1p(np.where(right, 0, -x), 2 - lmbda))


@composite("stats")
def boxcox_llf(lmb: Any, data: Any, *, axis: Any = 0) -> Any:
    data, axis = _line(data, axis)
    n = data.shape[axis]
    log_data = np.log(data)
    spread = np.log(np.var(_power(data, lmb), axis=axis))
    return (lmb - 1) * np.sum(log_data, axis=axis) - n / 2 * spread


@composite("stats")
def yeojohnson_llf(lmb: Any, data: Any, *, axis: Any = 0) -> Any:
    data, axis = _line(data, axis)
    n = data.shape[axis]
    spread = np.log(np.var(yeojohnson(data, lmb), axis=axis))
    sizes = np.sign(data) * np.log1p(np.absolute(data))
    return -n / 2 * spread + (lmb - 1) * np.sum(sizes, axis=axis)
