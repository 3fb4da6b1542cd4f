"""scipy.integrate for traced values: integrals of samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numpy._arguments import along, as_array, as_floats, axis_of
from ..numpy._statistics import trapezoid as _numpys
from ._dispatch import composite, hand_on


@composite("integrate")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    return _numpys(y, x, dx, axis)


def _steps(name: str, y: Any, x: Any, dx: Any, axis: int) -> Any:
    """Distances of the samples, ready to multiply differences along the axis, or one number."""
    if x is None:
        return dx
    x = as_array(x)
    if x.ndim == 1:
        x = np.reshape(x, [-1 if k == axis else 1 for k in range(y.ndim)])
    if x.shape[axis] != y.shape[axis]:
        raise ValueError(f"{name}: x must have {y.shape[axis]} entries along axis {axis}")
    return x[along(axis, slice(1, None))] - x[along(axis, slice(None, -1))]


@composite("integrate")
def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    y = as_floats(y)
    axis = axis_of(axis, y.ndim)
    if y.shape[axis] == 0:
        raise ValueError("At least one point is required along `axis`.")
    d = _steps("cumulative_trapezoid", y, x, dx, axis)
    pairs = (y[along(axis, slice(1, None))] + y[along(axis, slice(None, -1))]) / 2.0
    total = np.cumsum(d * pairs, axis=axis)
    if initial is None:
        return total
    if not np.isscalar(initial) or initial != 0:
        raise ValueError("`initial` must be `None` or `0`.")
    return np.concatenate([np.zeros_like(y[along(axis, slice(0, 1))]), total], axis=axis)


def _parabolas(y: Any, d: Any, axis: int) -> Any:
    """Sum of the integrals of the parabolas through samples 0, 1, 2, then 2, 3, 4, and so on."""
    first, middle, last = (
        y[along(axis, slice(0, -2, 2))],
        y[along(axis, slice(1, -1, 2))],
        y[along(axis, slice(2, None, 2))],
    )
    if np.ndim(d) == 0:
        return np.sum(first + 4.0 * middle + last, axis=axis) * (d / 3.0)
    h0, h1 = d[along(axis, slice(0, None, 2))], d[along(axis, slice(1, None, 2))]
    both, ratio = h0 + h1, h0 / h1
    terms = first * (2.0 - 1.0 / ratio) + middle * both * both / (h0 * h1) + last * (2.0 - ratio)
    return np.sum(both / 6.0 * terms, axis=axis)


def _last_step(y: Any, d: Any, axis: int) -> Any:
    """The integral over the last interval of the parabola through the last three samples.

    Source: Cartwright (2017), Simpson's rule cumulative integration with MS Excel and irregularly
    spaced data.
    """
    y2, y1, y0 = (y[along(axis, k)] for k in (-1, -2, -3))
    if np.ndim(d) == 0:
        h0 = h1 = d
    else:
        h0, h1 = d[along(axis, -2)], d[along(axis, -1)]
    alpha = (2 * h1**2 + 3 * h0 * h1) / (6 * (h0 + h1))
    beta = (h1**2 + 3 * h0 * h1) / (6 * h0)
    eta = h1**3 / (6 * h0 * (h0 + h1))
    return alpha * y2 + beta * y1 - eta * y0


@composite("integrate")
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    y = as_floats(y)
    axis = axis_of(axis, y.ndim)
    n = y.shape[axis]
    if n % 2 == 0 and n > 2 and y.ndim == 1:
        y = y.astype(np.result_type(y.dtype, np.float64))  # as SciPy's
    d = _steps("simpson", y, x, dx, axis)
    if n == 2:
        return trapezoid(y, x, dx, axis)
    if n % 2 == 1:
        return _parabolas(y, d, axis)
    inner = d if np.ndim(d) == 0 else d[along(axis, slice(None, -1))]
    return _parabolas(y[along(axis, slice(None, -1))], inner, axis) + _last_step(y, d, axis)


def _intervals(y: Any, d: Any) -> Any:
    """Integrals over the first of each two intervals by the parabola over both, last axis."""
    h0, h1 = (d, d) if np.ndim(d) == 0 else (d[..., :-1], d[..., 1:])
    f0, f1, f2 = y[..., :-2], y[..., 1:-1], y[..., 2:]
    # Lagrange's parabola integrated from 0 to h0.
    a0 = h0 / 6 * (3 - h0 / (h0 + h1))
    a1 = h0 / 6 * (3 + h0 * h0 / (h1 * (h0 + h1)) + h0 / (h0 + h1))
    a2 = -h0 / 6 * (h0 * h0 / (h1 * (h0 + h1)))
    return a0 * f0 + a1 * f1 + a2 * f2


@composite("integrate")
def cumulative_simpson(
    y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    y = as_floats(y)
    axis = axis_of(axis, y.ndim)
    if y.shape[axis] < 3:
        return cumulative_trapezoid(y, x, dx, axis, initial)
    y = y.astype(np.result_type(y.dtype, np.float64)) if x is None else y  # as SciPy's
    d = _steps("cumulative_simpson", y, x, dx, axis)
    moved = np.moveaxis(y, axis, -1)
    if np.ndim(d) != 0:
        d = np.broadcast_to(np.moveaxis(d, axis, -1), (*moved.shape[:-1], moved.shape[-1] - 1))
    back = d if np.ndim(d) == 0 else d[..., ::-1]
    left, right = _intervals(moved, d), _intervals(moved[..., ::-1], back)[..., ::-1]
    n = moved.shape[-1] - 1
    # Interval k is the first one of its parabola for even k, the second one for odd k.
    even = np.arange(n) % 2 == 0
    start = np.concatenate([left, right[..., -1:]], axis=-1)
    end = np.concatenate([left[..., :1], right], axis=-1)
    total = np.moveaxis(np.cumsum(np.where(even, start, end), axis=-1), -1, axis)
    if initial is None:
        return total
    first = initial + np.zeros_like(y[along(axis, slice(0, 1))])
    return np.concatenate([first, total + initial], axis=axis)


@composite("integrate")
def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    y = np.moveaxis(as_floats(y), axis_of(axis, np.ndim(y)), -1)
    y = y.astype(np.result_type(y.dtype, np.float64))  # as SciPy's
    n = y.shape[-1] - 1
    k = n.bit_length() - 1
    if n < 1 or n != 1 << k:
        raise ValueError("Number of samples must be one plus a non-negative power of 2.")
    rows = [[(y[..., 0] + y[..., -1]) / 2.0 * (n * dx)]]
    for i in range(1, k + 1):
        step = n >> i
        new = np.sum(y[..., step :: 2 * step], axis=-1) * (step * dx)
        row = [0.5 * rows[-1][0] + new]
        for j in range(1, i + 1):
            row.append(row[j - 1] + (row[j - 1] - rows[-1][j - 1]) / ((1 << (2 * j)) - 1))
        rows.append(row)
    return rows[-1][-1]


__getattr__ = hand_on("integrate")
