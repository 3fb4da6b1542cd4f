"""Grids between numbers, interpolation on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arguments import as_array, indexable_by
from ._dispatch import composite


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
        values = np.floor(values) if np.dtype(dtype).kind in "iu" else values
        values = values.astype(dtype)
    values = np.moveaxis(values, 0, axis) if axis else values
    return (values, step) if retstep else values


@composite(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    if np.ndim(base):
        start, stop = as_array(start), as_array(stop)
    exponents = np.linspace(start, stop, num, endpoint, axis=axis)
    if np.ndim(base):
        base = np.expand_dims(base, axis)
    powers = np.power(base, exponents)
    return powers if dtype is None else powers.astype(dtype)


@composite(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    start, stop = (as_array(v).astype(np.float64) for v in (start, stop))
    # Of one sign: the logarithms of their sizes, and the sign again.
    sign = np.sign(start)
    exponents = np.linspace(np.log(start * sign), np.log(stop * sign), num, endpoint, axis=axis)
    values = np.exp(exponents) * (np.expand_dims(sign, axis) if np.ndim(sign) else sign)
    values = np.moveaxis(values, axis, 0)
    if num > 0:
        # The ends are what was given.
        places = np.arange(num).reshape((-1,) + (1,) * (values.ndim - 1))
        values = np.where(places == 0, start, values)
        if endpoint and num > 1:
            values = np.where(places == num - 1, stop, values)
    values = np.moveaxis(values, 0, axis)
    return values if dtype is None else values.astype(dtype)


@composite(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    x, xp = (as_array(v).astype(np.float64) for v in (x, xp))  # As NumPy's, always.
    fp = as_array(fp)
    fp = fp.astype(np.complex128 if fp.dtype.kind == "c" else np.float64)
    if xp.ndim != 1 or xp.shape != fp.shape or not xp.shape[0]:
        raise ValueError(
            f"interp: xp and fp must be sequences of one length, got shapes {xp.shape} and "
            f"{fp.shape}"
        )
    if period is not None:
        if period == 0:
            raise ValueError("period must be a non-zero value")
        x, xp, fp = _periodic(x, xp, fp, abs(period))
        left = right = None
    n = xp.shape[0]
    if n == 1:
        inside: Any = np.broadcast_to(fp[0], x.shape)
    else:
        k = np.clip(np.searchsorted(xp, x, "right") - 1, 0, n - 2)
        xp, fp = indexable_by(xp, k), indexable_by(fp, k)
        x0, x1, f0, f1 = xp[k], xp[k + 1], fp[k], fp[k + 1]
        inside = f0 + (f1 - f0) * ((x - x0) / (x1 - x0))
    low, high = fp[0] if left is None else left, fp[-1] if right is None else right
    value = np.where(x < xp[0], low, np.where(x > xp[-1], high, inside))
    return np.where(np.isnan(x), x, value)[()] if np.ndim(x) == 0 else value


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """x in one period, and the points sorted into it with a neighbour on either side."""
    x, xp = x % period, xp % period
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    before, after = xp[-1:] - period, xp[:1] + period
    xp = np.concatenate([before, xp, after])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])
