"""Rows of the table of functions: integrals of samples, images, distances, filters, splines."""

from __future__ import annotations

from typing import Any

import numpy as np
from table_rows import Row, Table, cell, row

V, W = cell(5), cell(5, seed=1)
P, Q = cell(5, low=0.3, high=2.9), cell(5, seed=1, low=0.4, high=3.1)
A, B = cell(4, 3), cell(5, 3, seed=2)
IMAGE, KERNEL, LINE = cell(5, 6), cell(3, 3, seed=3), cell(16)
ODD, EVEN = np.array([0.0, 1.0, 2.0, 3.5, 4.0]), np.array([0.0, 0.5, 1.0, 2.0, 3.0, 5.0])
POINTS = np.array([0.3, 1.7, 2.9, 3.3])
ULPS = 2000.0


def _named(name: str, *args: Any, **options: Any) -> Row:
    return row(lambda m, *x: getattr(m, name)(*x, **options), *args, plain=False, ulps=ULPS)


INTEGRATE: Table = {
    "trapezoid": _named("trapezoid", V, W),
    "simpson": _named("simpson", A, axis=1),
    "simpson even": _named("simpson", LINE, dx=0.5),
    "simpson axis": _named("simpson", A, axis=0),
    "simpson x": row(lambda m, y, x: m.simpson(y, x=x + ODD), V, 0.1 * W, plain=False),
    "simpson x-even": row(lambda m, y: m.simpson(y, x=EVEN.astype(y.dtype)), LINE[:6], plain=False),
    "cumulative_trapezoid": _named("cumulative_trapezoid", V, initial=0),
    "cumulative_trapezoid x": _named("cumulative_trapezoid", A, B[:4, :], axis=0),
    "cumulative_simpson": _named("cumulative_simpson", LINE, dx=0.3),
    "cumulative_simpson x": row(
        lambda m, y, x: m.cumulative_simpson(y, x=x + ODD, initial=0.0), V, 0.1 * W, plain=False
    ),
    "romb": _named("romb", V, dx=0.5),
}

METRICS = ("euclidean", "sqeuclidean", "cityblock", "cosine", "correlation", "canberra",
           "braycurtis", "chebyshev", "mahalanobis", "seuclidean")  # fmt: skip
DISTANCE: Table = {
    **{f"cdist {name}": _named("cdist", A, B, metric=name) for name in METRICS},
    **{f"pdist {name}": _named("pdist", B, metric=name) for name in METRICS if name != "chebyshev"},
    "cdist minkowski": _named("cdist", A, B, metric="minkowski", p=3),
    "cdist jensenshannon": _named("cdist", A**2 + 0.3, B**2 + 0.2, metric="jensenshannon"),
    "squareform": _named("squareform", LINE[:6]),
    "squareform matrix": row(lambda m, x: m.squareform(m.pdist(x)) ** 2, A, plain=False),
    **{
        name: _named(name, V, W)
        for name in ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "correlation",
                     "canberra", "braycurtis")
    },
    "euclidean weights": _named("euclidean", V, W, P),
    "cosine weights": _named("cosine", V, W, P),
    "correlation weights": _named("correlation", V, W, P),
    "minkowski": row(lambda m, u, v: m.minkowski(u, v, 3), V, W, plain=False),
    "seuclidean": _named("seuclidean", V, W, P),
    "mahalanobis": row(
        lambda m, u, v, s: m.mahalanobis(u, v, s @ s.T + 2 * np.eye(3, dtype=s.dtype)),
        V[:3], W[:3], A[:3], plain=False, ulps=ULPS,
    ),
    "jensenshannon": _named("jensenshannon", P, Q),
}  # fmt: skip

BORDERS = ("wrap", "constant")
NDIMAGE: Table = {
    "correlate1d": _named("correlate1d", IMAGE, V[:3], axis=0),
    "correlate1d origin": _named("correlate1d", LINE, V[:4], origin=1),
    "convolve1d": _named("convolve1d", LINE, V[:4], mode="wrap", origin=-1),
    "convolve1d mirror": _named("convolve1d", LINE, V[:3], mode="mirror"),
    "convolve1d constant": _named("convolve1d", LINE, V[:3], mode="constant", cval=1.5),
    "convolve": _named("convolve", IMAGE, KERNEL),
    "convolve even": _named("convolve", IMAGE, KERNEL[:2], mode="nearest"),
    "correlate": _named("correlate", IMAGE, KERNEL, mode="wrap", origin=(1, -1)),
    "gaussian_filter1d": _named("gaussian_filter1d", LINE, sigma=1.3),
    "gaussian_filter1d order": _named("gaussian_filter1d", LINE, sigma=0.9, order=3),
    "gaussian_filter": _named("gaussian_filter", IMAGE, sigma=(0.5, 1.2), order=(0, 2)),
    "gaussian_filter sigma": row(
        lambda m, x, s: m.gaussian_filter(x, s[()], radius=3), IMAGE, np.asarray(0.8),
        plain=False, ulps=ULPS,
    ),
    "gaussian_filter no-width": _named("gaussian_filter", IMAGE, sigma=(0.0, 1.2), order=(2, 1)),
    "gaussian_laplace": _named("gaussian_laplace", IMAGE, sigma=0.8),
    "gaussian_laplace axes": _named("gaussian_laplace", IMAGE, sigma=0.8, axes=(1,)),
    "gaussian_laplace modes": _named("gaussian_laplace", IMAGE, sigma=0.8, mode=BORDERS),
    "gaussian_gradient_magnitude": _named("gaussian_gradient_magnitude", IMAGE, sigma=0.8),
    "gaussian_gradient_magnitude modes": _named(
        "gaussian_gradient_magnitude", IMAGE, sigma=0.8, mode=BORDERS
    ),
    "uniform_filter1d": _named("uniform_filter1d", LINE, size=4),
    "uniform_filter": _named("uniform_filter", IMAGE, size=3),
    "laplace": _named("laplace", IMAGE),
    "sobel": _named("sobel", IMAGE, axis=0),
    "prewitt": _named("prewitt", IMAGE),
    "maximum_filter": _named("maximum_filter", IMAGE, size=3),
    "minimum_filter": _named("minimum_filter", IMAGE, size=(2, 3)),
    **{
        f"map_coordinates {mode}": row(
            lambda m, x, at, mode=mode: m.map_coordinates(x, 1.1 * at, order=1, mode=mode),
            IMAGE, np.stack([P, 2 * W]), plain=False, ulps=ULPS,
        )
        for mode in ("constant", "nearest", "mirror")
    },
}  # fmt: skip

SOS = np.array([[1.0, 0.2, 0.1, 1.0, -0.3, 0.1], [1.0, 0.5, 0.0, 1.0, 0.2, 0.0]])
FILTERS: Table = {
    "correlate2d": _named("correlate2d", IMAGE, KERNEL, mode="same", boundary="wrap"),
    "correlate2d valid": _named("correlate2d", KERNEL, IMAGE, mode="valid"),
    "savgol_filter": _named("savgol_filter", LINE, window_length=7, polyorder=3),
    "savgol_filter slope": _named(
        "savgol_filter", IMAGE, window_length=5, polyorder=2, deriv=1, delta=0.5, axis=0
    ),
    "savgol_filter mirror": _named(
        "savgol_filter", LINE, window_length=5, polyorder=2, mode="mirror"
    ),
    "filtfilt": row(lambda m, b, x: m.filtfilt(b[:2], [1.0, -0.4], x), V, LINE, plain=False,
                    ulps=ULPS),
    "filtfilt even": row(
        lambda m, x: m.filtfilt([0.2, 0.3], [1.0, -0.4, 0.1], x, padtype="even", padlen=4), LINE,
        plain=False, ulps=ULPS,
    ),
    "sosfiltfilt": row(lambda m, x: m.sosfiltfilt(SOS, x), LINE, plain=False, ulps=ULPS),
    "hilbert": row(lambda m, x: m.hilbert(x).imag, LINE, plain=False, ulps=ULPS),
    "hilbert odd": row(lambda m, x: np.abs(m.hilbert(x)), V, plain=False, ulps=ULPS),
    **{
        f"resample {n}": row(lambda m, x, n=n: m.resample(x, n), LINE, plain=False, ulps=ULPS)
        for n in (9, 10, 16, 25, 32)
    },
    "upfirdn": row(lambda m, h, x: m.upfirdn(h, x, 2, 3), V[:3], IMAGE, plain=False, ulps=ULPS),
}  # fmt: skip

KNOTS = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0])
AXES = (ODD[:4], EVEN[:3])
_AT = np.stack([0.3 + 0.9 * P, 0.1 + 0.3 * Q], axis=1)
SPLINES: Table = {
    "Akima1DInterpolator": row(
        lambda m, y: m.Akima1DInterpolator(EVEN, y)(POINTS), LINE[:6], plain=False
    ),
    "Akima1DInterpolator modified": row(
        lambda m, y: m.Akima1DInterpolator(EVEN, y, method="makima")(POINTS), LINE[:6], plain=False
    ),
    "make_interp_spline": row(
        lambda m, y, x: m.make_interp_spline(EVEN, y)(x), LINE[:6], P, plain=False, ulps=ULPS
    ),
    "make_interp_spline parabolas": row(
        lambda m, y: m.make_interp_spline(EVEN, y, k=2)(POINTS, 1), LINE[:6], plain=False, ulps=ULPS
    ),
    "BSpline": row(lambda m, c, x: m.BSpline(KNOTS, c, 3)(x), LINE[:6], P, plain=False),
    "BSpline derivative": row(
        lambda m, c: m.BSpline(KNOTS, c, 3)(POINTS, 2), LINE[:6], plain=False
    ),
    "PPoly": row(lambda m, c, x: m.PPoly(c, ODD)(x), IMAGE[:3, :4], P, plain=False),
    "PPoly integral": row(
        lambda m, c: m.PPoly(c, ODD).antiderivative()(POINTS), IMAGE[:3, :4], plain=False
    ),
    "CubicSpline integral": row(
        lambda m, y: m.CubicSpline(ODD, y).integrate(0.3, 3.7), V, plain=False, ulps=ULPS
    ),
    "pchip_interpolate": row(
        lambda m, y: m.pchip_interpolate(ODD, y, POINTS), V, plain=False, ulps=ULPS
    ),
    "RegularGridInterpolator": row(
        lambda m, z, x: m.RegularGridInterpolator(AXES, z)(x), A, _AT, plain=False, ulps=ULPS
    ),
    "interpn": row(lambda m, z, x: m.interpn(AXES, z, x), A, _AT, plain=False, ulps=ULPS),
}  # fmt: skip
