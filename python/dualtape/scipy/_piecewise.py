"""scipy.interpolate: piecewise polynomials, whose coefficients may be traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import asarray
from ..numpy._arguments import as_array, axis_of, indexable_by


class Piecewise:
    """sum_k c[k, i] (x - x_i)^(order - k) on the interval i that x lies in."""

    def __init__(self, c: Any, x: Any, axis: int, extrapolate: Any) -> None:
        self.c, self.x, self.axis, self.extrapolate = c, x, axis, extrapolate

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        (x,) = doubles(x)
        knots, c = self.x, self.c
        n = knots.shape[0]
        outside = self.extrapolate if extrapolate is None else extrapolate
        if outside == "periodic":
            x = knots[0] + (x - knots[0]) % (knots[n - 1] - knots[0])
        i = np.clip(np.searchsorted(knots, x, "right") - 1, 0, n - 2)
        h = x - indexable_by(knots, i)[i]
        h = np.reshape(h, (*h.shape, *(1,) * (c.ndim - 2)))
        order = c.shape[0] - 1
        value: Any = 0.0
        for k in range(order + 1 - nu):
            factor = float(np.prod(np.arange(order - k, order - k - nu, -1)))
            value = value * h + factor * indexable_by(c[k], i)[i]
        if not outside:
            inside = (x >= knots[0]) & (x <= knots[n - 1])
            inside = np.reshape(inside, (*x.shape, *(1,) * (c.ndim - 2)))
            value = np.where(inside, value, np.nan)
        # The axes of x stand where the axis of the data was.
        rank = x.ndim
        if self.axis:
            value = np.moveaxis(value, range(rank), range(self.axis, self.axis + rank))
        return value[()]

    def antiderivative(self, nu: int = 1) -> Piecewise:
        """The piecewise polynomial of the integral of order nu from the first knot on."""
        c = self.c
        for _ in range(nu):
            powers = np.arange(c.shape[0], 0, -1.0)
            c = c / np.reshape(powers, (-1,) + (1,) * (c.ndim - 1))
            h = column(self.x[1:] - self.x[:-1], c[0])
            ends: Any = 0.0
            for term in c:
                ends = (ends + term) * h
            start = np.concatenate([0 * ends[:1], np.cumsum(ends, axis=0)[:-1]])
            c = np.concatenate([c, start[None]])
        return Piecewise(c, self.x, self.axis, self.extrapolate)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from a to b."""
        whole = self.antiderivative()
        return asarray(whole(b, 0, extrapolate) - whole(a, 0, extrapolate))

    def derivative(self, nu: int = 1) -> Piecewise:
        """The piecewise polynomial of the derivative of order nu."""
        c = self.c
        for _ in range(nu):
            powers = np.arange(c.shape[0] - 1, 0, -1.0)
            c = c[:-1] * np.reshape(powers, (-1,) + (1,) * (c.ndim - 1))
        return Piecewise(c, self.x, self.axis, self.extrapolate)


def doubles(*arrays: Any) -> list[Any]:
    """Arrays of float64, in which SciPy's splines compute."""
    return [as_array(x).astype(np.float64) for x in arrays]


def data(name: str, x: Any, y: Any, axis: int) -> tuple[Any, Any, int]:
    """Knots, values with their axis first, and the axis."""
    x, y = as_array(x), as_array(y)
    axis = axis_of(axis, y.ndim)
    if x.ndim != 1 or x.shape[0] != y.shape[axis] or x.shape[0] < 2:
        raise ValueError(
            f"{name}: x must be (n,) with n >= 2 and y have n entries along axis {axis}, got "
            f"shapes {x.shape} and {y.shape}"
        )
    return x, np.moveaxis(y, axis, 0), axis


def column(x: Any, y: Any) -> Any:
    return np.reshape(x, (-1,) + (1,) * (y.ndim - 1))


def hermite(x: Any, y: Any, slopes: Any) -> Any:
    """Coefficients of the cubics with these values and slopes at the knots."""
    h = column(x[1:] - x[:-1], y)
    secant = (y[1:] - y[:-1]) / h
    s0, s1 = slopes[:-1], slopes[1:]
    t = (s0 + s1 - 2 * secant) / h
    return np.stack([t / h, (secant - s0) / h - t, s0, y[:-1]])
