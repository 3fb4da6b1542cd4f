"""Elementwise functions that are compositions of recorded ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import Tracer, iv, take
from ._arguments import as_array, as_floats, no_out, scalar_or_array
from ._dispatch import composite
from ._ufuncs import ufunc_composition


def refuse_complex(x: Any, name: str) -> Any:
    if x.dtype.kind == "c":
        raise TypeError(f"{name}: has no meaning for complex values")
    return x


@ufunc_composition("modf")
def modf(x: Any) -> tuple[Any, Any]:
    x = refuse_complex(as_array(x), "modf")
    x = x.astype(np.modf(np.empty(0, x.dtype))[0].dtype)
    infinite = np.isinf(x)
    # fmod keeps the sign of zero and has slope one; of an infinity it is NaN, which NumPy's is not.
    part = np.fmod(np.where(infinite, 0, x), 1)
    part = np.where(infinite, np.copysign(np.zeros((), x.dtype), x), part)
    return scalar_or_array(part, x), np.trunc(x)


@ufunc_composition("frexp")
def frexp(x: Any) -> tuple[Any, Any]:
    x = refuse_complex(as_floats(x), "frexp")
    regular = np.isfinite(x) & (x != 0)
    size = np.absolute(np.where(regular, x, 1))
    exponent = np.floor(np.log2(size)).astype(np.int64) + 1
    # The logarithm may be rounded across a power of two.
    rest = np.absolute(ldexp(size, -exponent))
    exponent = exponent + (rest >= 1) - (rest < 0.5)
    mantissa = np.where(regular, ldexp(np.where(regular, x, 1), -exponent), x)
    exponent = np.where(regular, exponent, 0).astype(np.int32)
    return scalar_or_array(mantissa, x), scalar_or_array(exponent, x)


@ufunc_composition("ldexp")
def ldexp(x1: Any, x2: Any) -> Any:
    x = as_floats(x1)
    n = as_array(x2)
    # Two steps: 2**n alone may overflow where x * 2**n does not.
    half = n // 2
    two = x.dtype.type(2)
    return x * _power_of_two(two, half) * _power_of_two(two, n - half)


def _power_of_two(two: Any, n: Any) -> Any:
    return np.exp2(n.astype(two.dtype)) if isinstance(n, Tracer) else np.ldexp(two / two, n)


def _shift_operands(ufunc: Any, x1: Any, x2: Any) -> tuple[Any, Any, np.dtype[Any], int]:
    """Both in the type of NumPy's loop, and its number of bits, which stands for a longer way."""
    samples = [x if type(x) in (bool, int) else np.empty(0, as_array(x).dtype) for x in (x1, x2)]
    kind = ufunc(*samples).dtype
    x, n = (kind.type(v) if type(v) in (bool, int) else as_array(v).astype(kind) for v in (x1, x2))
    bits = 8 * kind.itemsize
    return x, np.where((n < 0) | (n >= bits), kind.type(bits), n)[()], kind, bits


def _powers_of_two(n: Any, kind: np.dtype[Any], count: int) -> Any:
    """2**n for n < count, else 0."""
    table = np.left_shift(np.ones(count + 1, kind), np.arange(count + 1, dtype=kind))
    table[count] = 0
    return take(table, np.minimum(n, kind.type(count)).astype(np.int64))


@ufunc_composition("left_shift")
def left_shift(x1: Any, x2: Any) -> Any:
    x, n, kind, bits = _shift_operands(np.left_shift, x1, x2)
    return x * _powers_of_two(n, kind, bits)


@ufunc_composition("right_shift")
def right_shift(x1: Any, x2: Any) -> Any:
    x, n, kind, bits = _shift_operands(np.right_shift, x1, x2)
    # 2**(bits - 1) is negative in a signed type: two steps, and a sign is left in the end.
    last = bits - 1 if kind.kind == "u" else bits - 2
    shifted = x // np.maximum(_powers_of_two(np.minimum(n, kind.type(last)), kind, bits), 1)
    rest = kind.type(0) if kind.kind == "u" else shifted // kind.type(2)
    return np.where(n > kind.type(last), rest, shifted)[()]


@ufunc_composition("bitwise_not")
@ufunc_composition("invert")
def invert(x: Any) -> Any:
    if x.dtype.kind == "u":
        return np.iinfo(x.dtype).max - x
    return -1 - x


@ufunc_composition("signbit")
def signbit(x: Any) -> Any:
    x = refuse_complex(as_floats(x), "signbit")
    return np.copysign(x.dtype.type(1), x) < 0


@composite(np.isposinf)
def isposinf(x: Any, out: Any = None) -> Any:
    no_out("isposinf", out)
    return as_array(x) == np.inf


@composite(np.isneginf)
def isneginf(x: Any, out: Any = None) -> Any:
    no_out("isneginf", out)
    return as_array(x) == -np.inf


@composite(np.fix)
def fix(x: Any, out: Any = None) -> Any:
    no_out("fix", out)
    return np.trunc(as_array(x))


@composite(np.imag)
def imag(val: Any) -> Any:
    return as_array(val).imag


@composite(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    z = as_array(z)
    if z.dtype.kind == "c":
        value = np.arctan2(z.imag, z.real)
    else:
        z = z.astype(np.arctan2(0, np.empty(0, z.dtype)).dtype)
        pi = z.dtype.type(np.pi)
        # Zero or pi: constant on both sides of zero, and NaN stays NaN.
        value = np.where(np.isnan(z), z, np.where(signbit(z), pi, z.dtype.type(0)))[()]
    return value * z.real.dtype.type(180 / np.pi) if deg else value


@composite(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    a = as_array(a)
    if a.dtype.kind != "c":
        return a
    limit = tol * np.finfo(a.dtype).eps if tol > 1 else tol
    return a.real if bool(np.all(np.absolute(a.imag) < limit)) else a


@composite(np.isreal)
def isreal(x: Any) -> Any:
    return np.imag(as_array(x)) == 0


@composite(np.iscomplex)
def iscomplex(x: Any) -> Any:
    return np.imag(as_array(x)) != 0


@composite(np.i0)
def i0(x: Any) -> Any:
    return iv(0.0, refuse_complex(as_floats(x), "i0"))


@composite(np.sinc)
def sinc(x: Any) -> Any:
    x = as_floats(x)
    # The argument of the branch not taken is kept from zero: 0/0 has no derivative. Near zero
    # the quotient loses the digits of its derivatives, which the series keeps.
    y = x.dtype.type(np.pi) * x
    near = np.absolute(y) < 0.5
    far = np.where(near, x.dtype.type(1), y)
    square = np.square(np.where(near, y, x.dtype.type(0)))
    return scalar_or_array(np.where(near, _sinc_series(square), np.sin(far) / far), x)


def _sinc_series(square: Any) -> Any:
    """sin(y) / y = sum of (-y^2)^k / (2k + 1)!; the first term left out is below 1e-19 at 1/2."""
    total: Any = 1.0
    for k in (14, 12, 10, 8, 6, 4, 2):
        total = 1.0 - square * total / (k * (k + 1))
    return total


@composite(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    p = as_floats(p)
    half = period / 2
    jump = np.diff(p, axis=axis)
    wrapped = np.mod(jump + half, period) - half
    wrapped = np.where((wrapped == -half) & (jump > 0), half, wrapped)
    # Whole periods: constant but at the jumps.
    small = np.absolute(jump) < (half if discont is None else discont)
    turns = np.where(small, jump.dtype.type(0), np.rint((wrapped - jump) / period))
    if not turns.size:
        return p.copy()
    zeros = np.zeros_like(np.take(turns, [0], axis=axis))
    steps = np.concatenate([zeros, np.cumsum(turns, axis=axis)], axis=axis)
    return p + steps * period
