"""scipy.special: Bessel functions of orders 0, 1 and whole ones, and the zeta functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import Tracer, iv, ive, jv, kv, kve, yv
from .._core import zeta as _hurwitz
from ..numpy._arguments import as_array
from ..numpy._ufuncs import ufunc_composition
from ._dispatch import composite, ufunc
from ._elementary import arrays, choose

jn = jv  # in SciPy too


def _with_order(n: Any, x: Any) -> list[Any]:
    """Order and argument: for integers SciPy's functions compute in float64."""
    if not isinstance(n, Tracer) and np.asarray(n).dtype.kind in "biu":
        n = np.asarray(n, np.float64)
        x = as_array(x).astype(np.float64)
    return arrays(n, x)


@ufunc
def yn(n: Any, x: Any) -> Any:
    return yv(*_with_order(n, x))


@ufunc
def kn(n: Any, x: Any) -> Any:
    return kv(*_with_order(n, x))


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
