"""Elementary functions and their derivatives of any order in mpmath: the references of the tests.

Nothing here comes from dualtape. Values are mpmath's own functions; a derivative is a textbook
formula evaluated on nested dual numbers over mpmath, with so many digits that its cancellations do
not matter. The formulas themselves are checked against mpmath's numerical differentiation
(test_rules.py). The same dual numbers are the other implementation of the fuzzer (test_fuzz.py).

Over 400 lines: one table, whose formulas call each other by name.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
from mpmath import mp

# Points in the tails cancel up to four times 300 digits in formulas such as 1 - tanh(x)^2.
DIGITS_MIDDLE = 60
DIGITS_TAIL = 900


class Dual:
    """a + b eps, where eps belongs to one level; levels keep nested perturbations apart."""

    __slots__ = ("a", "b", "level")

    def __init__(self, a: Any, b: Any, level: int) -> None:
        self.a, self.b, self.level = a, b, level

    def __add__(self, other: Any) -> Any:
        return call("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return call("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return call("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return call("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return call("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return call("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return call("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return call("divide", other, self)

    def __neg__(self) -> Any:
        return call("negative", self)


def primal(x: Any) -> Any:
    """The number under all levels."""
    while isinstance(x, Dual):
        x = x.a
    return x


def level_of(x: Any) -> int:
    return x.level if isinstance(x, Dual) else 0


def part(x: Any, level: int) -> tuple[Any, Any]:
    """Value and tangent of x at this level."""
    return (x.a, x.b) if level_of(x) == level else (x, mp.mpf(0))


class Reference(NamedTuple):
    """A function of mpmath numbers, and its partials as functions of (*args, y)."""

    value: Callable[..., Any]
    partials: tuple[Callable[..., Any], ...] = ()
    # No formula of it cancels; mpmath is slow at many digits.
    few_digits: bool = False


def call(name: str, *args: Any, n: int | None = None) -> Any:
    """The function on mpmath numbers or dual numbers over them."""
    reference = REFERENCES[name] if n is None else PARAMETRIC[name](n)
    return evaluate(reference, args)


def evaluate(reference: Reference, args: tuple[Any, ...]) -> Any:
    level = max(map(level_of, args))
    if level == 0:
        return reference.value(*map(mp.mpf, args))
    parts = [part(x, level) for x in args]
    primals = tuple(a for a, _ in parts)
    y = evaluate(reference, primals)
    tangent: Any = mp.mpf(0)
    for k, (_, b) in enumerate(parts):
        if reference.partials and not (not isinstance(b, Dual) and b == 0):
            tangent = tangent + reference.partials[k](*primals, y) * b
    return Dual(y, tangent, level)


@functools.cache
def derivative(
    name: str, n: int | None, point: tuple[float, ...], wrt: tuple[int, ...], tail: bool
) -> Any:
    """Derivative of the function, once in each argument of `wrt`; wrt = () is the value."""
    reference = REFERENCES[name] if n is None else PARAMETRIC[name](n)
    with mp.workdps(DIGITS_TAIL if tail and not reference.few_digits else DIGITS_MIDDLE):
        args: list[Any] = [mp.mpf(x) for x in point]
        for level, k in enumerate(wrt, start=1):
            args[k] = Dual(args[k], mp.mpf(1), level)
        y = evaluate(reference, tuple(args))
        for level in range(len(wrt), 0, -1):
            y = part(y, level)[1]
        return y if isinstance(y, bool) else +y


def _g(name: str) -> Callable[..., Any]:
    return lambda *args: call(name, *args)


exp, log, sin, cos, sinh, cosh, sqrt, square, expit, digamma = map(
    _g, ["exp", "log", "sin", "cos", "sinh", "cosh", "sqrt", "square", "expit", "digamma"]
)


def _constant(c: Any) -> Callable[..., Any]:
    return lambda *_: mp.mpf(c)


def _sign(x: Any) -> Any:
    return mp.sign(primal(x))


def _pick(*conditions: Callable[..., Any]) -> tuple[Callable[..., Any], ...]:
    """Partials of a function that picks an argument: functions of the primals alone."""
    return tuple(
        lambda *args, condition=condition: mp.mpf(condition(*map(primal, args[:-1])))
        for condition in conditions
    )


def _tie(a: Any, b: Any) -> Any:
    return mp.mpf(1) if a > b else mp.mpf("0.5") if a == b else mp.mpf(0)


def _unary(value: Callable[..., Any], partial: Callable[..., Any], few: bool = False) -> Reference:
    return Reference(value, (partial,), few)


def _power_partial(k: int) -> Callable[..., Any]:
    def in_base(a: Any, b: Any, y: Any) -> Any:
        if not isinstance(b, Dual) and b == 0:
            return mp.mpf(0)
        return b * call("power", a, b - 1)

    def in_exponent(a: Any, b: Any, y: Any) -> Any:
        return y * log(a)

    return (in_base, in_exponent)[k]


def _gammaln(x: Any) -> Any:
    return mpmath.loggamma(x) if x > 0 else mpmath.log(abs(mpmath.gamma(x)))


def _two_over_sqrt_pi() -> Any:
    return 2 / mpmath.sqrt(mpmath.pi)


def _truncated(x: Any) -> Any:
    return mpmath.floor(x) if x >= 0 else mpmath.ceil(x)


def _rint(x: Any) -> Any:
    return mpmath.nint(x)  # Halves go to even, as NumPy's.


def integer_power(n: int) -> Reference:
    return _unary(
        lambda x: x**n,
        lambda x, y: mp.mpf(n) * call("integer_power", x, n=n - 1) if n else mp.mpf(0),
    )


def polygamma(n: int) -> Reference:
    return _unary(lambda x: mpmath.psi(n, x), lambda x, y: call("polygamma", x, n=n + 1), True)


# The integer of functions with orders holds those of a derivative, three bits each.


def _by_orders(name: str, n: int) -> Reference:
    """Derivative of these orders of a function whose slope in the last argument is known."""
    function, slope, parameters = _WITH_ORDERS[name]
    orders = [n >> 3 * k & 7 for k in range(parameters)]
    last = n >> 3 * parameters

    def value(*args: Any) -> Any:
        # Differences of 1 - 1e-250 that is meant to be 1e-250.
        with mp.workdps(mp.dps + 340):
            if n == 0 or n == 8**parameters:
                return (slope if n else function)(*args)
            if last:
                return mpmath.diff(slope, args, (*orders, last - 1))
            return mpmath.diff(function, args, (*orders, 0))

    def partial(k: int) -> Callable[..., Any]:
        return lambda *args: call(name, *args[:-1], n=n + 8**k)

    return Reference(value, tuple(partial(k) for k in range(parameters + 1)), True)


def _gamma_density(a: Any, x: Any) -> Any:
    return x ** (a - 1) * mpmath.exp(-x) / mpmath.gamma(a)


_WITH_ORDERS: dict[str, tuple[Callable[..., Any], Callable[..., Any], int]] = {
    "gammainc": (lambda a, x: mpmath.gammainc(a, 0, x, regularized=True), _gamma_density, 1),
    "gammaincc": (
        lambda a, x: 1 - mpmath.gammainc(a, 0, x, regularized=True),  # quicker than from x on
        lambda a, x: -_gamma_density(a, x),
        1,
    ),
    "betainc": (
        lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True),
        lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) / mpmath.beta(a, b),
        2,
    ),
}


def zeta(n: int) -> Reference:
    m, k = n & 7, n >> 3

    def value(s: Any, q: Any) -> Any:
        with mp.workdps(2 * mp.dps):
            factor = lambda t: mpmath.rf(t, k) * (-1) ** k * mpmath.zeta(t + k, q)  # noqa: E731
            return mpmath.diff(factor, s, m) if m else factor(s)

    partials = tuple(lambda s, q, y, step=step: call("zeta", s, q, n=n + step) for step in (1, 8))
    return Reference(value, partials, True)


def _bessel(
    name: str, function: Callable[..., Any], sign: int = 1, outer: int = 1, scale: int = 0
) -> Callable[[int], Reference]:
    """exp(scale x) f_v(x), x > 0 where scaled, for f^(n) = (outer / 2)^n sum over k of sign^k
    binomial(n, k) f_(v - n + 2k): DLMF 10.6.7 (J, Y), 10.29.5 (I, K)."""

    @functools.cache
    def of_order(v: Any, x: Any, digits: int) -> Any:
        return function(v, x)

    def slope(n: int, v: Any, x: Any) -> Any:
        f = functools.partial(of_order, x=x, digits=mp.dps)
        terms = (sign**k * math.comb(n, k) * f(v - n + 2 * k) for k in range(n + 1))
        return mpmath.fsum(terms) * (mp.mpf(outer) / 2) ** n

    def reference(n: int) -> Reference:
        def value(v: Any, x: Any) -> Any:
            rate = scale if name != "ive" else -mpmath.sign(x)
            with mp.workdps(mp.dps + 20):
                parts = (math.comb(n, k) * rate ** (n - k) * slope(k, v, x) for k in range(n + 1))
                total = mpmath.fsum(parts) if rate else slope(n, v, x)
                return total * mpmath.exp(rate * x)

        def no_derivative(*_: Any) -> Any:
            raise AssertionError(f"{name} has no derivative in its order")

        return Reference(value, (no_derivative, lambda v, x, y: call(name, v, x, n=n + 1)), True)

    return reference


PARAMETRIC: dict[str, Callable[[int], Reference]] = {
    "integer_power": integer_power,
    "polygamma": polygamma,
    "zeta": zeta,
    "jv": _bessel("jv", mpmath.besselj, -1),
    "yv": _bessel("yv", mpmath.bessely, -1),
    "iv": _bessel("iv", mpmath.besseli),
    "ive": _bessel("ive", mpmath.besseli, scale=-1),
    "kv": _bessel("kv", mpmath.besselk, outer=-1),
    "kve": _bessel("kve", mpmath.besselk, outer=-1, scale=1),
    **{name: functools.partial(_by_orders, name) for name in _WITH_ORDERS},
}

REFERENCES: dict[str, Reference] = {
    "add": Reference(lambda a, b: a + b, (_constant(1), _constant(1))),
    "subtract": Reference(lambda a, b: a - b, (_constant(1), _constant(-1))),
    "multiply": Reference(lambda a, b: a * b, (lambda a, b, y: b, lambda a, b, y: a)),
    "divide": Reference(
        lambda a, b: a / b, (lambda a, b, y: 1 / b, lambda a, b, y: -(a / (b * b)))
    ),
    "negative": _unary(lambda x: -x, _constant(-1)),
    "power": Reference(lambda a, b: a**b, (_power_partial(0), _power_partial(1))),
    "square": _unary(lambda x: x * x, lambda x, y: 2 * x),
    "sqrt": _unary(mpmath.sqrt, lambda x, y: 1 / (2 * y)),
    "cbrt": _unary(
        lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), lambda x, y: 1 / (3 * square(y))
    ),
    "reciprocal": _unary(lambda x: 1 / x, lambda x, y: -1 / square(x)),
    "exp": _unary(mpmath.exp, lambda x, y: y),
    "exp2": _unary(lambda x: mp.mpf(2) ** x, lambda x, y: mpmath.log(2) * y),
    "expm1": _unary(mpmath.expm1, lambda x, y: exp(x)),
    "log": _unary(mpmath.log, lambda x, y: 1 / x),
    "log2": _unary(lambda x: mpmath.log(x) / mpmath.log(2), lambda x, y: 1 / (x * mpmath.log(2))),
    "log10": _unary(
        lambda x: mpmath.log(x) / mpmath.log(10), lambda x, y: 1 / (x * mpmath.log(10))
    ),
    "log1p": _unary(mpmath.log1p, lambda x, y: 1 / (1 + x)),
    "expit": _unary(lambda x: 1 / (1 + mpmath.exp(-x)), lambda x, y: y * (1 - y)),
    "log_expit": _unary(lambda x: -mpmath.log1p(mpmath.exp(-x)), lambda x, y: 1 / (1 + exp(x))),
    "logaddexp": Reference(
        lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
        (lambda a, b, y: expit(a - b), lambda a, b, y: expit(b - a)),
    ),
    "logaddexp2": Reference(
        lambda a, b: mpmath.log(mp.mpf(2) ** a + mp.mpf(2) ** b) / mpmath.log(2),
        (
            lambda a, b, y: expit((a - b) * mpmath.log(2)),
            lambda a, b, y: expit((b - a) * mpmath.log(2)),
        ),
    ),
    "sin": _unary(mpmath.sin, lambda x, y: cos(x)),
    "cos": _unary(mpmath.cos, lambda x, y: -sin(x)),
    "tan": _unary(mpmath.tan, lambda x, y: 1 / square(cos(x))),
    "arcsin": _unary(mpmath.asin, lambda x, y: 1 / sqrt(1 - square(x))),
    "arccos": _unary(mpmath.acos, lambda x, y: -1 / sqrt(1 - square(x))),
    "arctan": _unary(mpmath.atan, lambda x, y: 1 / (1 + square(x))),
    "arctan2": Reference(
        mpmath.atan2,
        (
            lambda y, x, _: x / (square(x) + square(y)),
            lambda y, x, _: -y / (square(x) + square(y)),
        ),
    ),
    "hypot": Reference(mpmath.hypot, (lambda a, b, y: a / y, lambda a, b, y: b / y)),
    "sinh": _unary(mpmath.sinh, lambda x, y: cosh(x)),
    "cosh": _unary(mpmath.cosh, lambda x, y: sinh(x)),
    "tanh": _unary(mpmath.tanh, lambda x, y: 1 / square(cosh(x))),
    "sech2": _unary(
        lambda x: mpmath.sech(x) ** 2, lambda x, y: -2 * sinh(x) / cosh(x) / square(cosh(x))
    ),
    "arcsinh": _unary(mpmath.asinh, lambda x, y: 1 / sqrt(1 + square(x))),
    "arccosh": _unary(mpmath.acosh, lambda x, y: 1 / sqrt(square(x) - 1)),
    "arctanh": _unary(mpmath.atanh, lambda x, y: 1 / (1 - square(x))),
    "exp_minus_square": _unary(lambda x: mpmath.exp(-x * x), lambda x, y: -2 * x * exp(-square(x))),
    "erf": _unary(mpmath.erf, lambda x, y: _two_over_sqrt_pi() * exp(-square(x))),
    "erfc": _unary(mpmath.erfc, lambda x, y: -_two_over_sqrt_pi() * exp(-square(x))),
    "erfinv": _unary(mpmath.erfinv, lambda x, y: exp(square(y)) / _two_over_sqrt_pi()),
    "erfcinv": _unary(
        lambda x: mpmath.erfinv(1 - x), lambda x, y: -exp(square(y)) / _two_over_sqrt_pi()
    ),
    "gammaln": _unary(_gammaln, lambda x, y: digamma(x), True),
    "digamma": _unary(mpmath.digamma, lambda x, y: call("polygamma", x, n=1), True),
    "absolute": _unary(abs, lambda x, y: _sign(x)),
    "sign": Reference(mpmath.sign),
    "floor": Reference(mpmath.floor),
    "ceil": Reference(mpmath.ceil),
    "rint": Reference(_rint),
    "trunc": Reference(_truncated),
    "heaviside": Reference(
        lambda x, h: h if x == 0 else mp.mpf(x > 0),
        _pick(lambda x, h: 0, lambda x, h: x == 0),
    ),
    "copysign": Reference(
        lambda a, b: abs(a) * (-1 if b < 0 else 1),
        _pick(lambda a, b: mp.sign(a) * (-1 if b < 0 else 1), lambda a, b: 0),
    ),
    "floor_divide": Reference(lambda a, b: mpmath.floor(a / b)),
    "remainder": Reference(
        lambda a, b: a - b * mpmath.floor(a / b),
        _pick(lambda a, b: 1, lambda a, b: -mpmath.floor(a / b)),
    ),
    "fmod": Reference(
        lambda a, b: a - b * _truncated(a / b),
        _pick(lambda a, b: 1, lambda a, b: -_truncated(a / b)),
    ),
    "maximum": Reference(max, _pick(_tie, lambda a, b: _tie(b, a))),
    "minimum": Reference(min, _pick(lambda a, b: _tie(b, a), _tie)),
    "fmax": Reference(max, _pick(_tie, lambda a, b: _tie(b, a))),
    "fmin": Reference(min, _pick(lambda a, b: _tie(b, a), _tie)),
    "clip": Reference(
        lambda x, lo, hi: min(max(x, lo), hi),
        _pick(
            lambda x, lo, hi: lo <= x <= hi,
            lambda x, lo, hi: x < lo <= hi,
            lambda x, lo, hi: x > hi or lo > hi,
        ),
    ),
    "where": Reference(
        lambda c, a, b: a if c != 0 else b,
        _pick(lambda c, a, b: 0, lambda c, a, b: c != 0, lambda c, a, b: c == 0),
    ),
    "equal": Reference(lambda a, b: a == b),
    "not_equal": Reference(lambda a, b: a != b),
    "less": Reference(lambda a, b: a < b),
    "less_equal": Reference(lambda a, b: a <= b),
    "greater": Reference(lambda a, b: a > b),
    "greater_equal": Reference(lambda a, b: a >= b),
    "isnan": Reference(lambda x: bool(mpmath.isnan(x))),
    "isfinite": Reference(lambda x: bool(mpmath.isfinite(x))),
    "isinf": Reference(lambda x: bool(mpmath.isinf(x))),
    "logical_and": Reference(lambda a, b: a != 0 and b != 0),
    "logical_or": Reference(lambda a, b: a != 0 or b != 0),
    "logical_xor": Reference(lambda a, b: (a != 0) != (b != 0)),
    "logical_not": Reference(lambda x: x == 0),
}
