"""scipy.interpolate for traced values: piecewise polynomials of data that may be differentiated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numpy._arguments import as_array, as_floats, axis_of, indexable_by
from ..numpy._dispatch import has_tracer
from ._dispatch import hand_on, scipy_function


class _Piecewise:
    """sum_k c[k, i] (x - x_i)^(order - k) on the interval i that x lies in."""

    def __init__(self, c: Any, x: Any, axis: int, extrapolate: Any) -> None:
        self.c, self.x, self.axis, self.extrapolate = c, x, axis, extrapolate

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        (x,) = _doubles(x)
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

    def derivative(self, nu: int = 1) -> _Piecewise:
        """The piecewise polynomial of the derivative of order nu."""
        c = self.c
        for _ in range(nu):
            powers = np.arange(c.shape[0] - 1, 0, -1.0)
            c = c[:-1] * np.reshape(powers, (-1,) + (1,) * (c.ndim - 1))
        return _Piecewise(c, self.x, self.axis, self.extrapolate)


def _doubles(*arrays: Any) -> list[Any]:
    """Arrays of float64, in which SciPy's splines compute."""
    return [as_array(x).astype(np.float64) for x in arrays]


def _data(name: str, x: Any, y: Any, axis: int) -> tuple[Any, Any, int]:
    """Knots, values with their axis first, and the axis."""
    x, y = as_array(x), as_array(y)
    axis = axis_of(axis, y.ndim)
    if x.ndim != 1 or x.shape[0] != y.shape[axis] or x.shape[0] < 2:
        raise ValueError(
            f"{name}: x must be (n,) with n >= 2 and y have n entries along axis {axis}, got "
            f"shapes {x.shape} and {y.shape}"
        )
    return x, np.moveaxis(y, axis, 0), axis


def _column(x: Any, y: Any) -> Any:
    return np.reshape(x, (-1,) + (1,) * (y.ndim - 1))


def _hermite(x: Any, y: Any, slopes: Any) -> Any:
    """Coefficients of the cubics with these values and slopes at the knots."""
    h = _column(x[1:] - x[:-1], y)
    secant = (y[1:] - y[:-1]) / h
    s0, s1 = slopes[:-1], slopes[1:]
    t = (s0 + s1 - 2 * secant) / h
    return np.stack([t / h, (secant - s0) / h - t, s0, y[:-1]])


def _spline_slopes(x: Any, y: Any, bc_type: Any) -> Any:
    """Slopes that make the second derivative continuous: a tridiagonal system."""
    n = x.shape[0]
    h = x[1:] - x[:-1]
    secant = (y[1:] - y[:-1]) / _column(h, y)
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
    right = 3 * (_column(h[1:], y) * secant[:-1] + _column(h[:-1], y) * secant[1:])
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
    right = 3 * (_column(h, secant) * secant[k - 1] + _column(before, secant) * secant)
    flat = np.reshape(right, (n, -1))
    slopes = np.reshape(np.linalg.solve(a, flat), right.shape)
    return np.concatenate([slopes, slopes[:1]])


def CubicSpline(
    x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None
) -> Any:
    """As scipy.interpolate.CubicSpline, differentiable in x, y and the points of evaluation."""
    if not has_tracer((x, y)):
        spline = scipy_function("interpolate", "CubicSpline")(x, y, axis, bc_type, extrapolate)
        return _Evaluated(spline, axis)
    x, y = _doubles(x, y)
    x, y, axis = _data("CubicSpline", x, y, axis)
    if extrapolate is None:
        extrapolate = "periodic" if bc_type == "periodic" else True
    return _Piecewise(_hermite(x, y, _spline_slopes(x, y, bc_type)), x, axis, extrapolate)


def CubicHermiteSpline(x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> Any:
    """As scipy.interpolate.CubicHermiteSpline, differentiable in everything."""
    if not has_tracer((x, y, dydx)):
        function = scipy_function("interpolate", "CubicHermiteSpline")
        return _Evaluated(function(x, y, dydx, axis, extrapolate), axis)
    x, y, dydx = _doubles(x, y, dydx)
    x, y, axis = _data("CubicHermiteSpline", x, y, axis)
    slopes = np.moveaxis(dydx, axis, 0)
    return _Piecewise(_hermite(x, y, slopes), x, axis, extrapolate is None or extrapolate)


def PchipInterpolator(x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> Any:
    """As scipy.interpolate.PchipInterpolator, differentiable in everything."""
    if not has_tracer((x, y)):
        function = scipy_function("interpolate", "PchipInterpolator")
        return _Evaluated(function(x, y, axis, extrapolate), axis)
    x, y = _doubles(x, y)
    x, y, axis = _data("PchipInterpolator", x, y, axis)
    slopes = _pchip_slopes(_column(x[1:] - x[:-1], y), y)
    return _Piecewise(_hermite(x, y, slopes), x, axis, extrapolate is None or extrapolate)


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


class _Evaluated:
    """SciPy's piecewise polynomial, evaluated by us where the points are traced."""

    def __init__(self, theirs: Any, axis: int) -> None:
        self._theirs = theirs
        extrapolate = theirs.extrapolate
        self._ours = _Piecewise(theirs.c, theirs.x, theirs.axis, extrapolate)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        return (self._ours if has_tracer(x) else self._theirs)(x, nu, extrapolate)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._theirs, name)


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
        self.x, self.y, self.axis = _data("interp1d", as_floats(x), as_floats(y), axis)
        self.kind, self.fill_value = kind, fill_value

    def __call__(self, x: Any) -> Any:
        if self._theirs is not None and not has_tracer(x):
            return self._theirs(x)
        x = as_floats(x)
        knots, y = self.x, self.y
        n = knots.shape[0]
        if self.kind == "cubic":
            spline = _Piecewise(
                _hermite(knots, y, _spline_slopes(knots, y, "not-a-knot")), knots, 0, True
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
        return indexable_by(y, i)[i]


__getattr__ = hand_on("interpolate")
