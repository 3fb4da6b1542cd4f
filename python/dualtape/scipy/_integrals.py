"""scipy.special: integrals of exponentials and sines, elliptic and hypergeometric functions."""

from __future__ import annotations

import importlib
from math import log, pi, sqrt
from typing import Any

import numpy as np

from .._core import erf
from ..numpy._arguments import as_array
from ..numpy._ufuncs import ufunc_composition
from ._dispatch import composite, ufunc
from ._elementary import exprel, log1prel
from ._smooth import Loop, evaluated, smooth, smooth_complex

dawsn = smooth("dawsn", lambda x, y: 1 - 2 * x * y)
erfi = smooth("erfi", lambda x, y: 2 / sqrt(pi) * np.exp(np.square(x)))
expi = smooth("expi", lambda x, y: np.exp(x) / x)
exp1 = smooth("exp1", lambda x, y: -np.exp(-x) / x)
spence = smooth("spence", lambda z, y: -log1prel(z - 1))
sici = smooth("sici", lambda x, ys: [np.sinc(x / pi), np.cos(x) / x], results=2)
shichi = smooth("shichi", lambda x, ys: [0.5 * (exprel(x) + exprel(-x)), np.cosh(x) / x], results=2)
fresnel = smooth(
    "fresnel",
    lambda x, ys: [np.sin(pi / 2 * np.square(x)), np.cos(pi / 2 * np.square(x))],
    results=2,
)


def _expn_slope(n: Any, x: Any, y: Any) -> Any:
    return -np.where(n >= 1, expn(np.maximum(n - 1, 0), x), np.exp(-x) * (1 + 1 / x) / x)


expn = smooth("expn", None, _expn_slope)

# ---------------------------------------------------------------- hypergeometric functions

hyp0f1: Any = smooth("hyp0f1", None, lambda v, z, y: hyp0f1(v + 1, z) / v)
hyp1f1: Any = smooth("hyp1f1", None, None, lambda a, b, z, y: a / b * hyp1f1(a + 1, b + 1, z))
hyp2f1: Any = smooth(
    "hyp2f1", None, None, None,
    lambda a, b, c, z, y: a * b / c * hyp2f1(a + 1, b + 1, c + 1, z),
)  # fmt: skip
hyperu: Any = smooth("hyperu", None, None, lambda a, b, z, y: -a * hyperu(a + 1, b + 1, z))

# ---------------------------------------------------------------- elliptic integrals and functions

# K = pi/2 F(1/2, 1/2; 1; m) and E = pi/2 F(-1/2, 1/2; 1; m): no division by m, unlike the usual
# formulas. (1 - m) in front by Euler's transformation keeps F finite at 1.
ellipk = smooth("ellipk", lambda m, y: pi / 8 * hyp2f1(0.5, 0.5, 2.0, m) / (1 - m))
ellipkm1 = smooth("ellipkm1", lambda p, y: -pi / 8 * hyp2f1(0.5, 0.5, 2.0, 1 - p) / p)
ellipe = smooth("ellipe", lambda m, y: -pi / 8 * hyp2f1(0.5, 1.5, 2.0, m))
elliprf = smooth(
    "elliprf",
    lambda x, y, z, w: -elliprd(y, z, x) / 6,
    lambda x, y, z, w: -elliprd(z, x, y) / 6,
    lambda x, y, z, w: -elliprd(x, y, z) / 6,
)
elliprd: Any = smooth("elliprd", None, None, None)


def _jacobi_slopes(u: Any, m: Any, ys: list[Any]) -> list[Any]:
    sn, cn, dn, _ = ys
    return [cn * dn, -sn * dn, -m * sn * cn, dn]


ellipj = smooth("ellipj", _jacobi_slopes, None, results=4)


def _delta(phi: Any, m: Any) -> Any:
    return np.sqrt(1 - m * np.square(np.sin(phi)))


ellipkinc = smooth("ellipkinc", lambda phi, m, y: 1 / _delta(phi, m), None)
ellipeinc = smooth("ellipeinc", lambda phi, m, y: _delta(phi, m), None)


@ufunc
def agm(a: Any, b: Any) -> Any:
    return pi / 4 * (a + b) / ellipk(np.square((a - b) / (a + b)))


# ---------------------------------------------------------------- others

airy = smooth("airy", lambda x, ys: [ys[1], x * ys[0], ys[3], x * ys[2]], results=4)
owens_t = smooth(
    "owens_t",
    lambda h, a, y: -np.exp(-0.5 * np.square(h)) * erf(a * h * sqrt(0.5)) / sqrt(8 * pi),
    lambda h, a, y: np.exp(-0.5 * np.square(h) * (1 + np.square(a))) / (1 + np.square(a)) / 2 / pi,
)
ndtri_exp = smooth("ndtri_exp", lambda y, x: np.exp(y + 0.5 * np.square(x) + 0.5 * log(2 * pi)))

# Complex: holomorphic in the whole plane.
complex_erf = smooth_complex("erf", lambda z, y: 2 / sqrt(pi) * np.exp(-z * z))
complex_erfc = smooth_complex("erfc", lambda z, y: -2 / sqrt(pi) * np.exp(-z * z))
wofz = ufunc(smooth_complex("wofz", lambda z, y: 2j / sqrt(pi) - 2 * z * y))


@ufunc_composition("_lambertw")  # which SciPy's own function calls
@composite("special")
def lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Any:
    if np.ndim(k) or as_array(k).dtype.kind not in "iu":
        raise TypeError(f"lambertw: the branch k must be one integer, got {k!r}")
    loop = Loop("_lambertw", True, _lambert_loops(), (int(k), float(tol)))
    slope: Any = [lambda z, ys: [np.exp(-ys[0]) / (1 + ys[0])]]
    ys = evaluated("lambertw", loop, slope, [as_array(z).astype(np.complex128)])
    return ys[0][()]


def _lambert_loops() -> Any:
    return importlib.import_module("scipy.special._lambertw")._lambertw


@ufunc
def voigt_profile(x: Any, sigma: Any, gamma: Any) -> Any:
    z = (x + 1j * gamma) / (sigma * sqrt(2))
    return wofz(z).real / (sigma * sqrt(2 * pi))
