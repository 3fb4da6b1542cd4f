"""Means, spreads, differences and grids, built from sums and slices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import Tracer
from .._record import dtype_of
from ._dispatch import composite


def _no_out(name: str, **given: Any) -> None:
    for word, value in given.items():
        if value is not None and value is not np._NoValue:
            raise TypeError(f"{name}: {word} has no meaning for traced values")


@composite(np.var)
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = np._NoValue,
    mean: Any = np._NoValue,
    correction: Any = np._NoValue,
) -> Any:
    _no_out("var", out=out, where=where)
    if correction is not np._NoValue:
        ddof = correction
    if dtype is not None:
        a = a.astype(dtype)
    center = np.mean(a, axis=axis, keepdims=True) if mean is np._NoValue else mean
    squares = np.square(a - center)
    keep = bool(keepdims) and keepdims is not np._NoValue
    total = np.sum(squares, axis=axis, keepdims=keep)
    count = a.size // max(total.size, 1) if total.size else 1
    # As NumPy: too few entries divide by zero, giving nan or inf, never a negative number.
    with np.errstate(divide="ignore", invalid="ignore"):
        return total / max(count - ddof, 0)


@composite(np.std)
def std(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.sqrt(var(a, *args, **kwargs))


@composite(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    keep = bool(keepdims) and keepdims is not np._NoValue
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keep)
        total: Any = mean.dtype.type(np.size(a) / max(mean.size, 1))
    else:
        if np.shape(weights) != np.shape(a):
            if not isinstance(axis, int):
                raise TypeError(
                    "average: axis must be an int where weights have another shape than a, "
                    f"got {axis}"
                )
            places = [1] * np.ndim(a)
            places[axis] = -1
            weights = np.reshape(weights, places)
            weights = np.broadcast_to(weights, np.shape(a))
        total = np.sum(weights, axis=axis, keepdims=keep)
        mean = np.sum(a * weights, axis=axis, keepdims=keep) / total
    return (mean, np.broadcast_to(total, mean.shape)) if returned else mean


@composite(np.ptp)
def ptp(a: Any, axis: Any = None, out: None = None, keepdims: Any = False) -> Any:
    _no_out("ptp", out=out)
    keep = bool(keepdims) and keepdims is not np._NoValue
    return np.max(a, axis=axis, keepdims=keep) - np.min(a, axis=axis, keepdims=keep)


@composite(np.diff)
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Any:
    if n < 0:
        raise ValueError(f"diff: n must not be negative, got {n}")
    parts = [x for x in (prepend, a, append) if x is not np._NoValue]
    if len(parts) > 1:
        shape = list(a.shape)
        shape[axis] = 1
        parts = [np.broadcast_to(x, shape) if np.ndim(x) == 0 else x for x in parts]
        a = np.concatenate(parts, axis=axis)
    lead = (slice(None),) * (axis % a.ndim)
    for _ in range(n):
        upper, lower = a[(*lead, slice(1, None))], a[(*lead, slice(None, -1))]
        a = upper != lower if a.dtype == bool else upper - lower
    return a


@composite(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    if x is not None:
        dx = np.diff(x, axis=-1 if np.ndim(x) == 1 else axis)
        if np.ndim(x) == 1:
            places = [1] * np.ndim(y)
            places[axis] = -1
            dx = np.reshape(dx, places)
    lead = (slice(None),) * (axis % np.ndim(y))
    y = y if isinstance(y, Tracer) else np.asarray(y)
    return np.sum(dx * (y[(*lead, slice(1, None))] + y[(*lead, slice(None, -1))]) / 2.0, axis=axis)


@composite(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    if num < 0:
        raise ValueError(f"linspace: num must not be negative, got {num}")
    kind = np.result_type(*(getattr(x, "dtype", x) for x in (start, stop)), float(num))
    kind = kind if kind.kind == "f" else np.dtype(np.float64)
    div = num - 1 if endpoint else num
    delta = np.subtract(stop, start)
    places = (-1,) + (1,) * np.ndim(delta)
    counts = np.arange(num, dtype=kind).reshape(places)
    step: Any = delta / div if div > 0 else np.nan
    values = counts * (step if div > 0 else delta) + start
    if endpoint and num > 1:
        # start + (num - 1) * step may differ from stop in the last digit.
        values = np.where(counts == num - 1, stop, values)
    if dtype is not None and np.dtype(dtype) != values.dtype:
        values = values.astype(dtype)
    values = np.moveaxis(values, 0, axis) if axis else values
    return (values, step) if retstep else values


@composite(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    limits = np.finfo(x.dtype)
    x = np.where(np.isnan(x), x.dtype.type(nan), x)
    top = limits.max if posinf is None else x.dtype.type(posinf)
    bottom = limits.min if neginf is None else x.dtype.type(neginf)
    x = np.where(x == np.inf, top, x)
    return np.where(x == -np.inf, bottom, x)


@composite(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    value: Any = np.zeros(np.shape(x), dtype_of(x)) if np.ndim(x) else dtype_of(x).type(0)
    for coefficient in p:
        value = value * x + coefficient
    return value
