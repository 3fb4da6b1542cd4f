"""scipy.ndimage for traced values: linear filters, extremes of windows, interpolation of order one.

Arguments are SciPy's but for output=, which cannot be recorded.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import Tracer
from ..numpy._arguments import along, as_array, axes_of, axis_of, indexable_by
from ._convolution import correlated_windows
from ._dispatch import composite, hand_on

# SciPy's borders by NumPy's names for them.
_MODES = {
    "reflect": "symmetric", "grid-mirror": "symmetric", "constant": "constant",
    "grid-constant": "constant", "nearest": "edge", "mirror": "reflect", "wrap": "wrap",
    "grid-wrap": "wrap",
}  # fmt: skip


def _array(name: str, x: Any, output: Any) -> Any:
    if output is not None:
        raise TypeError(f"{name}: output= cannot be recorded; use the result, or its astype")
    return as_array(x)


def _numbers(x: Any) -> Any:
    """Integers as SciPy counts with them; its results are integers again."""
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def _each(values: Any, n: int) -> list[Any]:
    """One value for each axis."""
    return list(values) if isinstance(values, list | tuple) else [values] * n


def _bordered(x: Any, widths: list[tuple[int, int]], modes: list[str], cval: Any) -> Any:
    for k, (width, mode) in enumerate(zip(widths, modes, strict=True)):
        if mode not in _MODES:
            raise ValueError(f"boundary mode must be one of {sorted(_MODES)}, got {mode!r}")
        if width == (0, 0):
            continue
        options = {"constant_values": cval} if _MODES[mode] == "constant" else {}
        sides = [width if j == k else (0, 0) for j in range(x.ndim)]
        x = np.pad(x, sides, _MODES[mode], **options)  # type: ignore[call-overload]
    return x


def _filtered(x: Any, weights: Any, origins: list[int], modes: list[str], cval: Any) -> Any:
    """sum_j w[j] x[i + j - (n // 2 + origin)], borders as `modes` has them."""
    widths = []
    for n, origin in zip(weights.shape, origins, strict=True):
        left = n // 2 + origin
        if not 0 <= left < max(n, 1):
            raise ValueError("invalid origin")
        widths.append((left, n - 1 - left))
    padded = _bordered(_numbers(x), widths, modes, cval)
    used = [k for k, n in enumerate(weights.shape) if n > 1]
    if not used:
        return (padded * np.reshape(weights, (1,) * x.ndim)).astype(x.dtype)
    return correlated_windows(padded, weights, used).astype(x.dtype)


def _along(x: Any, weights: Any, axis: int, origin: int, mode: str, cval: Any) -> Any:
    axis = axis_of(axis, x.ndim)
    shaped = np.reshape(weights, [-1 if k == axis else 1 for k in range(x.ndim)])
    origins = [origin if k == axis else 0 for k in range(x.ndim)]
    return _filtered(x, shaped, origins, [mode] * x.ndim, cval)


@composite("ndimage")
def correlate1d(
    input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, origin: int = 0,
) -> Any:  # fmt: skip
    x = _array("correlate1d", input, output)
    return _along(x, as_array(weights), axis, origin, mode, cval)


def _turned_origin(origin: int, n: int) -> int:
    return -origin - (1 if n % 2 == 0 else 0)


@composite("ndimage")
def convolve1d(
    input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, origin: int = 0,
) -> Any:  # fmt: skip
    w = as_array(weights)
    x = _array("convolve1d", input, output)
    return _along(x, w[::-1], axis, _turned_origin(origin, w.shape[0]), mode, cval)


def _correlated(name: str, turned: bool) -> Callable[..., Any]:
    """Windows of all axes times weights; turned ones for a convolution."""

    def traced(
        input: Any, weights: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
        origin: Any = 0, *, axes: Any = None,
    ) -> Any:  # fmt: skip
        x, w = _array(name, input, output), as_array(weights)
        chosen = axes_of(axes, x.ndim)
        if w.ndim != len(chosen):
            raise RuntimeError(f"{name}: weights must have {len(chosen)} axes, got shape {w.shape}")
        shape, origins = [1] * x.ndim, [0] * x.ndim
        for k, n, o in zip(chosen, w.shape, _each(origin, len(chosen)), strict=True):
            shape[k], origins[k] = n, _turned_origin(o, n) if turned else o
        w = w[(slice(None, None, -1),) * w.ndim] if turned else w
        return _filtered(x, np.reshape(w, shape), origins, _each(mode, x.ndim), cval)

    traced.__name__ = name
    return composite("ndimage")(traced)


correlate = _correlated("correlate", False)
convolve = _correlated("convolve", True)

# ---------------------------------------------------------------- Gaussian and smooth filters


def _gaussian_weights(sigma: Any, order: int, radius: int) -> Any:
    """Gaussian of unit sum, times the Hermite polynomial of its derivative of this order."""
    x = np.arange(-radius, radius + 1)
    phi = np.exp(-0.5 / np.square(sigma) * np.square(x))
    phi = phi / np.sum(phi)
    # q_(k + 1) = q_k' - x / sigma^2 q_k, coefficients from the constant one on.
    q: list[Any] = [1.0]
    for _ in range(order):
        slope = [k * c for k, c in enumerate(q)][1:]
        shifted = [0.0, *(-c / np.square(sigma) for c in q)]
        q = [a + b for a, b in itertools.zip_longest(slope, shifted, fillvalue=0.0)]
    polynomial: Any = 0.0
    for c in reversed(q):
        polynomial = polynomial * x + c
    return (phi * polynomial)[::-1]


def _radius(sigma: Any, truncate: float, radius: Any) -> int:
    try:
        return int(truncate * float(sigma) + 0.5) if radius is None else int(radius)
    except TypeError as error:
        raise TypeError("gaussian_filter: a traced sigma needs radius=") from error


@composite("ndimage")
def gaussian_filter1d(
    input: Any, sigma: Any, axis: int = -1, order: int = 0, output: Any = None,
    mode: str = "reflect", cval: Any = 0.0, truncate: float = 4.0, *, radius: Any = None,
) -> Any:  # fmt: skip
    x = _array("gaussian_filter1d", input, output)
    weights = _gaussian_weights(sigma, order, _radius(sigma, truncate, radius))
    return _along(x, weights, axis, 0, mode, cval)


@composite("ndimage")
def gaussian_filter(
    input: Any, sigma: Any, order: Any = 0, output: Any = None, mode: Any = "reflect",
    cval: Any = 0.0, truncate: float = 4.0, *, radius: Any = None, axes: Any = None,
) -> Any:  # fmt: skip
    x = _array("gaussian_filter", input, output)
    chosen = axes_of(axes, x.ndim)
    options = [_each(v, len(chosen)) for v in (sigma, order, mode, radius)]
    for axis, s, n, m, r in zip(chosen, *options, strict=True):
        # As SciPy's: no width, no filter, whatever the order.
        if isinstance(s, Tracer) or s > 1e-15:
            weights = _gaussian_weights(s, n, _radius(s, truncate, r))
            x = _along(x, weights, axis, 0, m, cval)
    return x


def _gaussian_parts(
    x: Any, sigma: Any, order: int, mode: Any, cval: Any, axes: list[int], options: dict[str, Any]
) -> list[Any]:
    """Derivatives of this order along each axis; the border of that axis holds for all."""
    parts = []
    for axis, m in zip(axes, _each(mode, len(axes)), strict=True):
        orders = [order if k == axis else 0 for k in range(x.ndim)]
        parts.append(gaussian_filter(x, sigma, orders, None, m, cval, **options))
    return parts


@composite("ndimage")
def gaussian_laplace(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *,
    axes: Any = None, **options: Any,
) -> Any:  # fmt: skip
    x = _array("gaussian_laplace", input, output)
    chosen = axes_of(axes, x.ndim)
    widths: list[Any] = [0] * x.ndim
    for k, s in zip(chosen, _each(sigma, len(chosen)), strict=True):
        widths[k] = s
    return functools.reduce(np.add, _gaussian_parts(x, widths, 2, mode, cval, chosen, options))


@composite("ndimage")
def gaussian_gradient_magnitude(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *,
    axes: Any = None, **options: Any,
) -> Any:  # fmt: skip
    x = _array("gaussian_gradient_magnitude", input, output)
    parts = _gaussian_parts(x, sigma, 1, mode, cval, axes_of(axes, x.ndim), options)
    if x.dtype.kind == "c":
        return np.sqrt(functools.reduce(np.add, map(np.square, parts)))
    # Zero at zero, as is its derivative.
    return np.linalg.norm(np.stack(parts), axis=0).astype(x.dtype)


@composite("ndimage")
def uniform_filter1d(
    input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, origin: int = 0,
) -> Any:  # fmt: skip
    x = _array("uniform_filter1d", input, output)
    total = _along(_numbers(x), np.ones(size), axis, origin, mode, cval)
    return (total / size).astype(x.dtype)


@composite("ndimage")
def uniform_filter(
    input: Any, size: Any = 3, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    x = _array("uniform_filter", input, output)
    chosen = axes_of(axes, x.ndim)
    options = [_each(v, len(chosen)) for v in (size, origin, mode)]
    for axis, n, o, m in zip(chosen, *options, strict=True):
        x = uniform_filter1d(x, n, axis, None, m, cval, o)
    return x


def _edges(name: str, smoothing: list[float]) -> Callable[..., Any]:
    """A difference along one axis, smoothed along the others."""

    def traced(
        input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0
    ) -> Any:
        x = _array(name, input, output)
        axis, modes = axis_of(axis, x.ndim), _each(mode, x.ndim)
        y = _along(x, np.array([-1.0, 0.0, 1.0]), axis, 0, modes[axis], cval)
        for k in range(x.ndim):
            if k != axis:
                y = _along(y, np.array(smoothing), k, 0, modes[k], cval)
        return y

    traced.__name__ = name
    return composite("ndimage")(traced)


sobel = _edges("sobel", [1.0, 2.0, 1.0])
prewitt = _edges("prewitt", [1.0, 1.0, 1.0])


@composite("ndimage")
def laplace(
    input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None
) -> Any:
    x = _array("laplace", input, output)
    modes = _each(mode, x.ndim)
    parts = [
        _along(x, np.array([1.0, -2.0, 1.0]), k, 0, modes[k], cval) for k in axes_of(axes, x.ndim)
    ]
    return functools.reduce(np.add, parts)


def _extremes(name: str, ufunc: Any) -> Callable[..., Any]:
    """The largest or smallest entries of boxes."""

    def traced(
        input: Any, size: Any = None, footprint: Any = None, output: Any = None,
        mode: Any = "reflect", cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
    ) -> Any:  # fmt: skip
        given = _array(name, input, output)
        if footprint is not None or size is None:
            raise TypeError(f"{name}: footprint= cannot be recorded; give size=")
        x = _numbers(given)
        chosen = axes_of(axes, x.ndim)
        options = [_each(v, len(chosen)) for v in (size, origin, mode)]
        for axis, n, o, m in zip(chosen, *options, strict=True):
            left = n // 2 + o
            widths = [(left, n - 1 - left) if k == axis else (0, 0) for k in range(x.ndim)]
            padded = _bordered(x, widths, [m] * x.ndim, cval)
            count = x.shape[axis]
            windows = [padded[along(axis, slice(j, j + count))] for j in range(n)]
            x = functools.reduce(ufunc, windows)
        return x.astype(given.dtype)

    traced.__name__ = name
    return composite("ndimage")(traced)


maximum_filter = _extremes("maximum_filter", np.maximum)
minimum_filter = _extremes("minimum_filter", np.minimum)

# ---------------------------------------------------------------- interpolation


@composite("ndimage")
def map_coordinates(
    input: Any, coordinates: Any, output: Any = None, order: int = 3, mode: str = "constant",
    cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    x, at = _array("map_coordinates", input, output), as_array(coordinates)
    if order != 1 or mode not in ("constant", "nearest", "mirror"):
        raise TypeError(
            "map_coordinates: recorded are order=1 with mode='constant', 'nearest' or 'mirror', "
            f"got order={order}, mode={mode!r}"
        )
    below, parts, inside = [], [], np.ones(at.shape[1:], bool)
    for k, n in enumerate(x.shape):
        c = at[k]
        if mode == "mirror" and n > 1:
            c = (n - 1) - np.absolute(np.remainder(c, 2 * (n - 1)) - (n - 1))
        inside = inside & (c >= 0) & (c <= n - 1)
        c = np.clip(c, 0, n - 1)
        low = np.clip(np.floor(c), 0, max(n - 2, 0)).astype(np.int64)
        below.append(low)
        parts.append(c - low)
    total: Any = 0.0
    for corner in itertools.product((0, 1), repeat=x.ndim):
        if any(c and n == 1 for c, n in zip(corner, x.shape, strict=True)):
            continue
        index = tuple(low + c for low, c in zip(below, corner, strict=True))
        weight = functools.reduce(
            np.multiply, [t if c else 1 - t for t, c in zip(parts, corner, strict=True)]
        )
        total = total + weight * indexable_by(x, *index)[index]
    total = np.where(inside, total, cval) if mode == "constant" else total
    if x.dtype.kind not in "fc":
        total = np.where(total > 0, total + 0.5, total - 0.5)  # SciPy rounds to integers here
    return total.astype(x.dtype)


__getattr__ = hand_on("ndimage")
