"""scipy.interpolate: B-splines, Akima's interpolant, polynomials through points, grids."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..numpy._arguments import as_array, as_floats, axis_of, indexable_by
from ..numpy._dispatch import has_tracer
from ._dispatch import scipy_function
from ._piecewise import Piecewise, column, data, doubles, hermite


def Akima1DInterpolator(
    x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None
) -> Any:
    """As scipy.interpolate.Akima1DInterpolator, differentiable in everything."""
    if not has_tracer((x, y)):
        theirs = scipy_function("interpolate", "Akima1DInterpolator")
        return Evaluated(theirs(x, y, axis, method=method, extrapolate=extrapolate))
    if method not in ("akima", "makima"):
        # SciPy's own error for an unknown name, with its words.
        raise NotImplementedError(f"`method`={method} is unsupported.")
    x, y = doubles(x, y)
    x, y, axis = data("Akima1DInterpolator", x, y, axis)
    return Piecewise(hermite(x, y, _akima_slopes(x, y, method)), x, axis, bool(extrapolate))


def _akima_slopes(x: Any, y: Any, method: str) -> Any:
    """Means of the neighbouring secants, weighted by how much those beyond them differ."""
    inner = (y[1:] - y[:-1]) / column(x[1:] - x[:-1], y)
    if x.shape[0] == 2:
        return np.concatenate([inner, inner])
    first = [3 * inner[:1] - 2 * inner[1:2], 2 * inner[:1] - inner[1:2]]
    last = [2 * inner[-1:] - inner[-2:-1], 3 * inner[-1:] - 2 * inner[-2:-1]]
    m = np.concatenate([*first, inner, *last])
    dm = np.absolute(m[1:] - m[:-1])
    if method == "makima":
        dm = dm + 0.5 * np.absolute(m[1:] + m[:-1])
    f1, f2 = dm[2:], dm[:-2]
    total = f1 + f2
    # SciPy's bound, below which the secants on either side count alike.
    some = total > 1e-9 * np.max(total, initial=-np.inf)
    weighted = (f1 * m[1:-2] + f2 * m[2:-1]) / np.where(some, total, 1)
    return np.where(some, weighted, 0.5 * (m[3:] + m[:-3]))


class Evaluated:
    """SciPy's piecewise polynomial, evaluated by us where the points are traced."""

    def __init__(self, theirs: Any) -> None:
        self._theirs = theirs
        self._ours = Piecewise(theirs.c, theirs.x, theirs.axis, theirs.extrapolate)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        return (self._ours if has_tracer(x) else self._theirs)(x, nu, extrapolate)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._theirs, name)


def PPoly(c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> Any:
    """As scipy.interpolate.PPoly, differentiable in coefficients, breakpoints and points."""
    if not has_tracer((c, x)):
        return Evaluated(scipy_function("interpolate", "PPoly")(c, x, extrapolate, axis))
    c, x = doubles(c, x)
    return Piecewise(c, x, axis, extrapolate is None or extrapolate)


# ---------------------------------------------------------------- B-splines


def _basis(t: Any, k: int, n: int, x: Any, extrapolate: bool) -> Any:
    """Values of the n B-splines of degree k at the points: (..., n), by Cox and de Boor."""
    i = np.clip(np.searchsorted(t, x, "right") - 1, k, n - 1)
    point = np.reshape(x, (*np.shape(x), 1))
    hit = np.arange(t.shape[0] - 1) == np.reshape(i, (*np.shape(i), 1))
    # No other degree forgets that a point is no number.
    value = np.where(hit, 1.0, 0.0) if k else np.where(np.isnan(point), np.nan, 1.0 * hit)
    for d in range(1, k + 1):
        span = t[d:] - t[:-d]
        empty = span == 0
        safe = np.where(empty, 1, span)
        rise = np.where(empty, 0, (point - t[: -d or None]) / safe)
        left = rise[..., :-1] * value[..., :-1]
        fall = np.where(empty, 0, (t[d:] - point) / safe)
        value = left + fall[..., 1:] * value[..., 1:]
    if not extrapolate:
        inside = (point >= t[k]) & (point <= t[n])
        value = np.where(inside, value, np.nan)
    return value


class BSpline:
    """As scipy.interpolate.BSpline, differentiable in knots, coefficients and points."""

    def __init__(self, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> None:
        self.k, self.extrapolate = int(k), extrapolate
        self.t, c = doubles(t, c)
        self.axis = axis_of(axis, c.ndim)
        self.c = np.moveaxis(c, self.axis, 0)
        if extrapolate == "periodic":
            raise TypeError("BSpline: extrapolate='periodic' cannot be recorded")

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        outside = self.extrapolate if extrapolate is None else extrapolate
        if not has_tracer((x, self.t, self.c)):
            theirs = scipy_function("interpolate", "BSpline")
            own = np.moveaxis(self.c, 0, self.axis)
            return theirs(self.t, own, self.k, self.extrapolate, self.axis)(x, nu, outside)
        t, c, k = self.t, self.c, self.k
        if nu > k:
            nu, c, outside = k, np.zeros_like(c), True
        for _ in range(nu):
            # The derivative's coefficients: k (c[i + 1] - c[i]) / (t[i + k + 1] - t[i + 1]).
            n = t.shape[0] - k - 1
            span = t[k + 1 : n + k] - t[1:n]
            span = np.where(span == 0, 1, span)
            c = k * (c[1:n] - c[: n - 1]) / column(span, c)
            t, k = t[1:-1], k - 1
        (x,) = doubles(x)
        n = t.shape[0] - k - 1
        value = np.tensordot(_basis(t, k, n, x, bool(outside)), c[:n], axes=1)
        if self.axis:
            value = np.moveaxis(value, range(x.ndim), range(self.axis, self.axis + x.ndim))
        return value[()]

    def derivative(self, nu: int = 1) -> Any:
        """A function of the points: the derivative of order nu."""
        return lambda x: self(x, nu)


def make_interp_spline(
    x: Any, y: Any, k: int = 3, t: Any = None, bc_type: Any = None, axis: int = 0,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """As scipy.interpolate.make_interp_spline of the usual end conditions, differentiable in y and
    x.
    """
    if not has_tracer((x, y, t)):
        theirs = scipy_function("interpolate", "make_interp_spline")
        spline = theirs(x, y, k, t, bc_type, axis, check_finite)
        return BSpline(spline.t, spline.c, spline.k, spline.extrapolate, spline.axis)
    if bc_type not in (None, "not-a-knot"):
        raise TypeError("make_interp_spline: bc_type= cannot be recorded; CubicSpline has it")
    x, y = doubles(x, y)
    x, y, axis = data("make_interp_spline", x, y, axis)
    t = _interpolation_knots(x, k) if t is None else doubles(t)[0]
    matrix = _basis(t, k, t.shape[0] - k - 1, x, True)
    flat = np.reshape(y, (y.shape[0], -1))
    c = np.reshape(np.linalg.solve(matrix, flat), y.shape)
    return BSpline(t, np.moveaxis(c, 0, axis), k, True, axis)


def _interpolation_knots(x: Any, k: int) -> Any:
    """SciPy's: data points for odd degrees, their means for even ones, the ends k + 1 times."""
    ends = np.zeros(k + 1 if k else 1)
    if k == 0:
        return np.concatenate([x, x[-1:]])
    half = (k + 1) // 2
    inner = x[half:-half] if k % 2 else ((x[1:] + x[:-1]) / 2)[k // 2 : -(k // 2)]
    return np.concatenate([x[0] + ends, inner, x[-1] + ends])


# ---------------------------------------------------------------- polynomials through points


class BarycentricInterpolator:
    """As scipy.interpolate.BarycentricInterpolator, differentiable in everything."""

    def __init__(self, xi: Any, yi: Any, axis: int = 0) -> None:
        self.x, y = doubles(xi, yi)
        self.axis = axis_of(axis, y.ndim)
        self.y = np.moveaxis(y, self.axis, 0)

    def __call__(self, x: Any) -> Any:
        if not has_tracer((x, self.x, self.y)):
            theirs = scipy_function("interpolate", "BarycentricInterpolator")
            return theirs(self.x, np.moveaxis(self.y, 0, self.axis), self.axis)(x)
        (x,) = doubles(x)
        knots, n = self.x, self.x.shape[0]
        d = np.reshape(x, (*x.shape, 1)) - knots
        # Products without one factor: at a knot they are exact, unlike 1 / (x - x_i).
        terms = [
            np.prod(np.concatenate([d[..., :i], d[..., i + 1 :]], axis=-1), axis=-1)
            / np.prod(knots[i] - np.concatenate([knots[:i], knots[i + 1 :]]))
            for i in range(n)
        ]
        value = np.tensordot(np.stack(terms, axis=-1), self.y, axes=1)
        if self.axis:
            value = np.moveaxis(value, range(x.ndim), range(self.axis, self.axis + x.ndim))
        return value[()]


def barycentric_interpolate(xi: Any, yi: Any, x: Any, axis: int = 0) -> Any:
    """As scipy.interpolate.barycentric_interpolate."""
    if not has_tracer((xi, yi, x)):
        return scipy_function("interpolate", "barycentric_interpolate")(xi, yi, x, axis)
    return BarycentricInterpolator(xi, yi, axis)(x)


# ---------------------------------------------------------------- grids


class RegularGridInterpolator:
    """As scipy.interpolate.RegularGridInterpolator of method 'linear', differentiable in the values
    and the points; points outside give `fill_value`.
    """

    def __init__(
        self, points: Any, values: Any, method: str = "linear", bounds_error: bool = True,
        fill_value: Any = np.nan,
    ) -> None:  # fmt: skip
        self._given = (points, values, method, bounds_error, fill_value)
        self.grid = [as_floats(p) for p in points]
        self.values, self.method, self.fill_value = as_floats(values), method, fill_value

    def __call__(self, xi: Any, method: Any = None) -> Any:
        method = self.method if method is None else method
        if not has_tracer((xi, self._given[0], self._given[1])):
            return scipy_function("interpolate", "RegularGridInterpolator")(*self._given)(
                xi, method
            )
        if method != "linear":
            raise TypeError(f"RegularGridInterpolator: method={method!r} cannot be recorded")
        at = as_floats(np.stack(np.broadcast_arrays(*xi), axis=-1) if type(xi) is tuple else xi)
        total, inside, below, parts = 0.0, np.ones(at.shape[:-1], bool), [], []
        for k, knots in enumerate(self.grid):
            x, n = at[..., k], knots.shape[0]
            low = np.clip(np.searchsorted(knots, x, "right") - 1, 0, n - 2)
            inside = inside & (x >= knots[0]) & (x <= knots[n - 1])
            knots = indexable_by(knots, low)
            parts.append((x - knots[low]) / (knots[low + 1] - knots[low]))
            below.append(low)
        rest = (1,) * (self.values.ndim - len(self.grid))
        for corner in itertools.product((0, 1), repeat=len(below)):
            index = tuple(low + c for low, c in zip(below, corner, strict=True))
            weight: Any = 1.0
            for part, c in zip(parts, corner, strict=True):
                weight = weight * (part if c else 1 - part)
            weight = np.reshape(weight, (*weight.shape, *rest))
            total = total + weight * indexable_by(self.values, *index)[index]
        if self.fill_value is None:
            return total
        inside = inside | np.any(np.isnan(at), axis=-1)  # NaN stays NaN
        inside = np.reshape(inside, (*np.shape(inside), *rest))
        return np.where(inside, total, self.fill_value)


def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True,
    fill_value: Any = np.nan,
) -> Any:  # fmt: skip
    """As scipy.interpolate.interpn of method 'linear'."""
    if not has_tracer((tuple(points), values, xi)):
        function = scipy_function("interpolate", "interpn")
        return function(points, values, xi, method, bounds_error, fill_value)
    return RegularGridInterpolator(points, values, method, bounds_error, fill_value)(as_array(xi))
