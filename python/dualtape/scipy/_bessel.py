"""scipy.special: Bessel functions of orders 0, 1 and whole ones, and the zeta functions."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from .._core import Tracer, iv, ive, jv, kv, kve, yv
from .._core import zeta as _hurwitz
from .._jvp import jvp
from ..numpy._arguments import as_array
from ..numpy._ufuncs import ufunc_composition
from ._dispatch import composite, ufunc
from ._elementary import arrays, choose, whole

jn = jv  # in SciPy too


def _with_order(n: Any, x: Any) -> list[Any]:
    """Order and argument: for integers SciPy's functions compute in float64."""
    if not isinstance(n, Tracer) and np.asarray(n).dtype.kind in "biu":
        n = np.asarray(n, np.float64)
        x = as_array(x).astype(np.float64)
    return arrays(n, x)


@ufunc
def yn(n: Any, x: Any) -> Any:
    return yv(*_with_order(whole(n), x))


@ufunc
def kn(n: Any, x: Any) -> Any:
    return kv(*_with_order(whole(n), x))


@ufunc
def j0(x: Any) -> Any:
    return jv(0.0, *arrays(x))


@ufunc
def j1(x: Any) -> Any:
    return jv(1.0, *arrays(x))


@ufunc
def y0(x: Any) -> Any:
    return yv(0.0, *arrays(x))


@ufunc
def y1(x: Any) -> Any:
    return yv(1.0, *arrays(x))


@ufunc
def hankel1(v: Any, z: Any) -> Any:
    return jv(*arrays(v, z)) + 1j * yv(*arrays(v, z))


@ufunc
def hankel2(v: Any, z: Any) -> Any:
    return jv(*arrays(v, z)) - 1j * yv(*arrays(v, z))


@ufunc
def i0(x: Any) -> Any:
    return iv(0.0, *arrays(x))


@ufunc
def i1(x: Any) -> Any:
    return iv(1.0, *arrays(x))


@ufunc
def i0e(x: Any) -> Any:
    return ive(0.0, *arrays(x))


@ufunc
def i1e(x: Any) -> Any:
    return ive(1.0, *arrays(x))


@ufunc
def k0(x: Any) -> Any:
    return kv(0.0, *arrays(x))


@ufunc
def k1(x: Any) -> Any:
    return kv(1.0, *arrays(x))


@ufunc
def k0e(x: Any) -> Any:
    return kve(0.0, *arrays(x))


@ufunc
def k1e(x: Any) -> Any:
    return kve(1.0, *arrays(x))


@ufunc
def jve(v: Any, z: Any) -> Any:
    return jv(*arrays(v, z))  # exp(-|Im z|) is one of a real number


@ufunc
def yve(v: Any, z: Any) -> Any:
    return yv(*arrays(v, z))


def _near_zero(n: Any, x: Any, sign: float) -> Any:
    """x^n / (2n + 1)!! sum_k (sign x^2 / 2)^k / (k! (2n + 3) ... (2n + 2k + 1))."""
    u, total = sign * np.square(x) / 2, 1.0
    for k in range(14, 0, -1):
        total = 1 + u * total / (k * (2 * n + 2 * k + 1))
    odd = np.cumprod(np.concatenate([[1.0], np.arange(3.0, 2 * np.max(n) + 2, 2)]))
    return np.power(x, n) * total / odd[n]


def _spherical(name: str, cylindrical: Any, constant: float, sign: float | None) -> Any:
    """Spherical Bessel functions of whole order: constant x^-1/2 times those of order n + 1/2.

    `sign` is that of the series about zero, where the function is regular.
    """

    def value(n: Any, x: Any) -> Any:
        near = np.absolute(x) < 1.0 if sign is not None else x != x
        far = np.where(near, 2.0, np.absolute(x))
        own = constant / np.sqrt(far) * cylindrical(n + 0.5, far)
        own = own * np.where((x < 0) & (n % 2 == 1), -1.0, 1.0)
        return own if sign is None else np.where(near, _near_zero(n, x * near, sign), own)

    def traced(n: Any, z: Any, derivative: bool = False) -> Any:
        if isinstance(n, Tracer):
            raise TypeError(f"{name}: the order n must not be traced")
        n, (x,) = np.asarray(n, np.int64), arrays(z)
        kind, x = x.dtype, x.astype(np.float64)
        slope = jvp(lambda x: value(n, x), (x,), (np.ones_like(x),))[1] if derivative else None
        result = value(n, x) if slope is None else slope
        return result.astype(kind if name == "spherical_kn" else np.float64)[()]

    traced.__name__ = name
    return composite("special")(traced)


spherical_jn = _spherical("spherical_jn", jv, sqrt(pi / 2), -1.0)
spherical_yn = _spherical("spherical_yn", yv, sqrt(pi / 2), None)
spherical_in = _spherical("spherical_in", iv, sqrt(pi / 2), 1.0)
spherical_kn = _spherical("spherical_kn", kv, sqrt(pi / 2), None)

# scipy.special.zeta is a Python function over two ufuncs.


@ufunc_composition("_riemann_zeta")
def _riemann_zeta(x: Any) -> Any:
    return _hurwitz(*arrays(x), 1.0)


@ufunc_composition("_zeta")
def _hurwitz_zeta(x: Any, q: Any) -> Any:
    x, q = arrays(x, q)
    return choose(x < 1, np.nan, _hurwitz(np.where(x < 1, 2, x), q))


@composite("special")
def zeta(x: Any, q: Any = None) -> Any:
    return _riemann_zeta(x) if q is None else _hurwitz_zeta(x, q)
