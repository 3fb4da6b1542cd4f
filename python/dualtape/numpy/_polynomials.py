"""Polynomials as arrays of coefficients, the highest power first, and convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import ConcreteValueError
from ._arguments import as_array, as_floats, known
from ._dispatch import composite
from ._products import correlated


def _vector(x: Any, name: str) -> Any:
    x = as_array(x)
    x = np.reshape(x, (1,)) if x.ndim == 0 else x
    if x.ndim != 1:
        raise ValueError(f"{name}: arrays must have one axis, got shape {x.shape}")
    return x


@composite(np.convolve, arrays=2)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = _vector(a, "convolve"), _vector(v, "convolve")
    if v.size > a.size:
        a, v = v, a
    if not a.size or not v.size:
        raise ValueError(f"{'a' if not a.size else 'v'} cannot be empty")
    return correlated(a, v[::-1], mode)


@composite(np.correlate, arrays=2)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    if not np.ndim(a) or not np.ndim(v):
        raise ValueError("correlate: arrays must have one axis, got a number")
    a, v = _vector(a, "correlate"), _vector(v, "correlate")
    if not a.size or not v.size:
        raise ValueError(f"{'first' if not a.size else 'second'} array argument cannot be empty")
    v = np.conjugate(v) if v.dtype.kind == "c" else v
    if v.size <= a.size:
        return correlated(a, v, mode)
    # The shorter array slides over the longer one: the result is the other way round.
    return correlated(v, a, mode)[::-1]


@composite(np.polyval, arrays=2)
def polyval(p: Any, x: Any) -> Any:
    p, x = as_array(p), as_array(x)
    value: Any = np.zeros_like(x)
    for k in range(p.shape[0]):  # Horner's scheme
        value = value * x + p[k]
    return value


@composite(np.polyder, arrays=1)
def polyder(p: Any, m: int = 1) -> Any:
    m = int(m)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = as_array(p)
    for _ in range(m):
        n = p.shape[0] - 1
        p = p[:-1] * np.arange(n, 0, -1)
    return p


@composite(np.polyint, arrays=1)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    m = int(m)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    constants = np.zeros(m) if k is None else np.atleast_1d(as_array(k))
    if constants.shape[0] == 1 and m > 1:
        constants = constants[0] * np.ones(m)
    if constants.shape[0] < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    p = as_array(p)
    for j in range(m):
        p = np.concatenate([p / np.arange(p.shape[0], 0, -1), np.reshape(constants[j], (1,))])
    return p


def _aligned(a1: Any, a2: Any) -> tuple[Any, Any]:
    a, b = _vector(a1, "polyadd"), _vector(a2, "polyadd")
    n = max(a.size, b.size)
    return tuple(  # type: ignore[return-value]
        x if x.size == n else np.concatenate([np.zeros(n - x.size, x.dtype), x]) for x in (a, b)
    )


@composite(np.polyadd, arrays=2)
def polyadd(a1: Any, a2: Any) -> Any:
    a, b = _aligned(a1, a2)
    return a + b


@composite(np.polysub, arrays=2)
def polysub(a1: Any, a2: Any) -> Any:
    a, b = _aligned(a1, a2)
    return a - b


@composite(np.polymul, arrays=2)
def polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(_vector(a1, "polymul"), _vector(a2, "polymul"))


@composite(np.polydiv, arrays=2)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    u, v = as_floats(_vector(u, "polydiv")), as_floats(_vector(v, "polydiv"))
    m, n = u.size - 1, v.size - 1
    quotient = []
    rest = u
    for _ in range(max(m - n + 1, 0)):
        d = rest[0] / v[0]
        quotient.append(d)
        rest = np.concatenate([rest[1 : n + 1] - d * v[1:], rest[n + 1 :]])
    if not quotient:
        return np.zeros(1, u.dtype), rest.copy()
    # As NumPy: leading coefficients of the rest that vanish are left out.
    return np.stack(quotient), _trimmed(rest, u.dtype)


def _trimmed(rest: Any, dtype: Any) -> Any:
    values = known(rest, "polydiv", "its rest's length depends on the values")
    nonzero = np.flatnonzero(~np.isclose(values, 0, rtol=1e-14))
    if not nonzero.size:
        return np.zeros(1, dtype) if not rest.size else rest[-1:]
    return rest[int(nonzero[0]) :]


@composite(np.poly, arrays=1)
def poly(seq_of_zeros: Any) -> Any:
    zeros = np.atleast_1d(as_floats(seq_of_zeros))
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        # The coefficients of a real matrix are real.
        whole = poly(np.linalg.eigvals(zeros))
        return whole if zeros.dtype.kind == "c" else np.real(whole)
    if zeros.ndim != 1:
        raise ValueError(
            f"poly: zeros must be (n,) or a matrix (n, n), n > 0, got shape {zeros.shape}"
        )
    a: Any = np.ones(1, zeros.dtype)
    for k in range(zeros.shape[0]):
        a = np.convolve(a, np.stack([zeros.dtype.type(1), -zeros[k]]))
    return a


@composite(np.polyfit)
def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: Any = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    if full or cov is not False:
        raise TypeError("polyfit: full= and cov= cannot be recorded")
    x, y = as_floats(x), as_floats(y)
    left, right = np.vander(x, int(deg) + 1), y
    if w is not None:
        w = as_floats(w)
        left = left * w[:, None]
        right = right * (w[:, None] if y.ndim == 2 else w)
    scale = np.sqrt(np.sum(np.square(left), axis=0))
    solution = np.linalg.lstsq(left / scale, right, rcond)[0]
    return (solution.T / scale).T


@composite(np.roots, arrays=1)
def roots(p: Any) -> Any:
    """The eigenvalues of the companion matrix, complex. p[0] must not be zero under vmap, where its
    number is not known.
    """
    p = np.atleast_1d(as_floats(p))
    if p.ndim != 1:
        raise ValueError(f"roots: p must be (n,), got shape {p.shape}")
    try:
        while len(p) and p[0] == 0:  # under jit a branch, which later calls check
            p = p[1:]
    except ConcreteValueError:
        pass
    n = p.shape[0] - 1
    if n < 1:
        return np.zeros(0)
    first = np.reshape(-p[1:] / p[0], (1, n))
    return np.linalg.eigvals(np.concatenate([first, np.eye(n - 1, n, dtype=p.dtype)]))
