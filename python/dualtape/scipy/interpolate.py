"""scipy.interpolate for traced values: piecewise polynomials of data that may be differentiated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numpy._arguments import as_floats, indexable_by
from ..numpy._dispatch import has_tracer
from ._dispatch import hand_on, scipy_function
from ._piecewise import Piecewise, column, data, doubles, hermite
from ._splines import Akima1DInterpolator as Akima1DInterpolator
from ._splines import BarycentricInterpolator as BarycentricInterpolator
from ._splines import BSpline as BSpline
from ._splines import Evaluated
from ._splines import PPoly as PPoly
from ._splines import RegularGridInterpolator as RegularGridInterpolator
from ._splines import barycentric_interpolate as barycentric_interpolate
from ._splines import interpn as interpn
from ._splines import make_interp_spline as make_interp_spline


def _spline_slopes(x: Any, y: Any, bc_type: Any) -> Any:
    """Slopes that make the second derivative continuous: a tridiagonal system."""
    n = x.shape[0]
    h = x[1:] - x[:-1]
    secant = (y[1:] - y[:-1]) / column(h, y)
    if bc_type == "periodic":
        return _periodic_slopes(h, secant)
    start, end = (bc_type, bc_type) if isinstance(bc_type, str) else bc_type
    if n == 2:  # SciPy: not-a-knot of two points is a line.
        start, end = (((1, secant[0]) if e == "not-a-knot" else e) for e in (start, end))
    if n == 3 and start == end == "not-a-knot":
        return _parabola_slopes(h, secant)
    inner = np.zeros((n - 2, n))
    rows = np.arange(n - 2)
    eye = np.eye(n)
    matrix = (
        h[1:, None] * eye[rows]
        + 2 * (h[:-1] + h[1:])[:, None] * eye[rows + 1]
        + h[:-1, None] * eye[rows + 2]
        + inner
    )
    right = 3 * (column(h[1:], y) * secant[:-1] + column(h[:-1], y) * secant[1:])
    first = _end(start, h, secant, eye, y)
    mirrored = _end(end, h[::-1], -secant[::-1], eye, y, last=True)
    last = (mirrored[0][::-1], -mirrored[1])
    a = np.concatenate([first[0][None], matrix, last[0][None]])
    b = np.concatenate([first[1][None], right, last[1][None]])
    flat = np.reshape(b, (n, -1))
    return np.reshape(np.linalg.solve(a, flat), b.shape)


def _end(kind: Any, h: Any, secant: Any, eye: Any, y: Any, last: bool = False) -> tuple[Any, Any]:
    """The condition at the start: a row of the matrix and its right side. At the end all is
    mirrored: slopes change their sign.
    """
    if kind == "not-a-knot":
        d = h[0] + h[1]
        row = h[1] * eye[0] + d * eye[1]
        return row, ((h[0] + 2 * d) * h[1] * secant[0] + np.square(h[0]) * secant[1]) / d
    orders = {"clamped": (1, 0.0), "natural": (2, 0.0)}
    order, value = orders[kind] if isinstance(kind, str) else kind
    value = np.broadcast_to(as_floats(value), y.shape[1:])
    if order == 1:
        return eye[0], -value if last else value
    if order == 2:
        return 2 * eye[0] + eye[1], 3 * secant[0] - 0.5 * h[0] * value
    raise ValueError(f"CubicSpline: the order of a boundary condition is 1 or 2, got {order}")


def _parabola_slopes(h: Any, secant: Any) -> Any:
    bend = (secant[1] - secant[0]) / (h[0] + h[1])
    return np.stack([
        secant[0] - bend * h[0], secant[0] + bend * h[0], secant[1] + bend * h[1]
    ])  # fmt: skip


def _periodic_slopes(h: Any, secant: Any) -> Any:
    n = h.shape[0]
    eye, k = np.eye(n), np.arange(n)
    before = h[k - 1]
    a = (
        h[:, None] * eye[k - 1]
        + 2 * (h + before)[:, None] * eye
        + before[:, None] * eye[(k + 1) % n]
    )
    right = 3 * (column(h, secant) * secant[k - 1] + column(before, secant) * secant)
    flat = np.reshape(right, (n, -1))
    slopes = np.reshape(np.linalg.solve(a, flat), right.shape)
    return np.concatenate([slopes, slopes[:1]])


def CubicSpline(
    x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None
) -> Any:
    """As scipy.interpolate.CubicSpline, differentiable in x, y and the points of evaluation."""
    if not has_tracer((x, y)):
        spline = scipy_function("interpolate", "CubicSpline")(x, y, axis, bc_type, extrapolate)
        return Evaluated(spline)
    x, y = doubles(x, y)
    x, y, axis = data("CubicSpline", x, y, axis)
    if extrapolate is None:
        extrapolate = "periodic" if bc_type == "periodic" else True
    return Piecewise(hermite(x, y, _spline_slopes(x, y, bc_type)), x, axis, extrapolate)


def CubicHermiteSpline(x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> Any:
    """As scipy.interpolate.CubicHermiteSpline, differentiable in everything."""
    if not has_tracer((x, y, dydx)):
        function = scipy_function("interpolate", "CubicHermiteSpline")
        return Evaluated(function(x, y, dydx, axis, extrapolate))
    x, y, dydx = doubles(x, y, dydx)
    x, y, axis = data("CubicHermiteSpline", x, y, axis)
    slopes = np.moveaxis(dydx, axis, 0)
    return Piecewise(hermite(x, y, slopes), x, axis, extrapolate is None or extrapolate)


def PchipInterpolator(x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> Any:
    """As scipy.interpolate.PchipInterpolator, differentiable in everything."""
    if not has_tracer((x, y)):
        function = scipy_function("interpolate", "PchipInterpolator")
        return Evaluated(function(x, y, axis, extrapolate))
    x, y = doubles(x, y)
    x, y, axis = data("PchipInterpolator", x, y, axis)
    slopes = _pchip_slopes(column(x[1:] - x[:-1], y), y)
    return Piecewise(hermite(x, y, slopes), x, axis, extrapolate is None or extrapolate)


def pchip_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    """As scipy.interpolate.pchip_interpolate, differentiable in everything."""
    if np.ndim(der):
        raise TypeError("pchip_interpolate: der must be one order")
    return PchipInterpolator(xi, yi, axis)(x, int(der))


def _pchip_slopes(h: Any, y: Any) -> Any:
    """Weighted harmonic means of the secants, zero where they change their sign.

    Source: Fritsch and Butland (1984), as SciPy.
    """
    m = (y[1:] - y[:-1]) / h
    if y.shape[0] == 2:
        return np.concatenate([m, m])
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    same = np.sign(m[:-1]) * np.sign(m[1:]) > 0
    left, right = np.where(same, m[:-1], 1), np.where(same, m[1:], 1)
    inner = np.where(same, (w1 + w2) / (w1 / left + w2 / right), 0)
    return np.concatenate([_pchip_end(h[:2], m[:2]), inner, _pchip_end(h[:-3:-1], m[:-3:-1])])


def _pchip_end(h: Any, m: Any) -> Any:
    d = ((2 * h[:1] + h[1:]) * m[:1] - h[:1] * m[1:]) / (h[:1] + h[1:])
    turned = np.sign(d) != np.sign(m[:1])
    steep = (np.sign(m[:1]) != np.sign(m[1:])) & (np.absolute(d) > 3 * np.absolute(m[:1]))
    return np.where(turned, 0, np.where(steep, 3 * m[:1], d))


class interp1d:
    """As scipy.interpolate.interp1d of kind 'linear', 'nearest', 'previous', 'next' or 'cubic'.

    Where anything is traced, points outside give `fill_value` (NaN if there is none): an error as
    SciPy's would need their numbers.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        kind: str = "linear",
        axis: int = -1,
        copy: bool = True,
        bounds_error: Any = None,
        fill_value: Any = np.nan,
        assume_sorted: bool = False,
    ) -> None:
        self._theirs = None
        if not has_tracer((x, y, fill_value)):
            self._theirs = scipy_function("interpolate", "interp1d")(
                x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted
            )
        if kind not in ("linear", "nearest", "previous", "next", "cubic"):
            raise TypeError(f"interp1d: kind={kind!r} cannot be recorded")
        if bounds_error:
            raise TypeError("interp1d: bounds_error= cannot be recorded; give fill_value=")
        self.x, self.y, self.axis = data("interp1d", as_floats(x), as_floats(y), axis)
        self.kind, self.fill_value = kind, fill_value

    def __call__(self, x: Any) -> Any:
        if self._theirs is not None and not has_tracer(x):
            return self._theirs(x)
        x = as_floats(x)
        knots, y = self.x, self.y
        n = knots.shape[0]
        if self.kind == "cubic":
            spline = Piecewise(
                hermite(knots, y, _spline_slopes(knots, y, "not-a-knot")), knots, 0, True
            )
            value = spline(x)
        else:
            value = self._simple(x, knots, y, n)
        if not (isinstance(self.fill_value, str) and self.fill_value == "extrapolate"):
            fill = self.fill_value
            low, high = fill if isinstance(fill, tuple) else (fill, fill)
            column = (*x.shape, *(1,) * (y.ndim - 1))
            below = np.reshape(x < knots[0], column)
            above = np.reshape(x > knots[n - 1], column)
            value = np.where(below, low, np.where(above, high, value))
        if self.axis and y.ndim > 1:
            value = np.moveaxis(value, range(x.ndim), range(self.axis, self.axis + x.ndim))
        return value[()]

    def _simple(self, x: Any, knots: Any, y: Any, n: int) -> Any:
        right = np.searchsorted(knots, x, "right")
        if self.kind == "linear":
            i = np.clip(right - 1, 0, n - 2)
            knots, y = indexable_by(knots, i), indexable_by(y, i)
            t = (x - knots[i]) / (knots[i + 1] - knots[i])
            t = np.reshape(t, (*t.shape, *(1,) * (y.ndim - 1)))
            return y[i] + t * (y[i + 1] - y[i])
        if self.kind == "previous":
            i = np.clip(right - 1, 0, n - 1)
        elif self.kind == "next":
            i = np.clip(np.searchsorted(knots, x, "left"), 0, n - 1)
        else:
            i = np.clip(np.searchsorted((knots[1:] + knots[:-1]) / 2, x, "left"), 0, n - 1)
        value = indexable_by(y, i)[i]
        if self.kind == "nearest":
            return value
        # Nothing comes before the first point, or after the last.
        none = x < knots[0] if self.kind == "previous" else x > knots[n - 1]
        return np.where(np.reshape(none, (*x.shape, *(1,) * (y.ndim - 1))), np.nan, value)


__getattr__ = hand_on("interpolate")
