"""Write references.txt: elementary functions and their derivatives from mpmath at 800 digits.

Run `python tests/cpp/make_references.py` after adding a function to the registry. Each line holds
`name n x f f' f'' f''' f''''` (n: the integer of a parametric function, else 0), for two arguments
`name a b f f_a f_b f_aa f_ab f_bb`. Points lie off the zeros of the derivatives, where no relative
accuracy exists, or exactly on those at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import mpmath as m
from mpmath import mpf

# A fourth central difference loses 4 * 60 digits, 1 - tanh(340) another 295; its error is STEP**2.
m.mp.dps = 800
STEP = mpf(10) ** -60
ZERO = mpf(10) ** -310  # smaller is a true zero, or below double precision

LN2 = m.log(2)
UNARY: dict[str, tuple[Callable[[mpf], mpf], Sequence[float]]] = {
    "negative": (lambda x: -x, (0, 1.25, -1e300)),
    "square": (lambda x: x * x, (0, 1.25, -1e100)),
    "sqrt": (m.sqrt, (0.3, 2, 1e-60, 1e60)),
    "cbrt": (lambda x: m.sign(x) * m.root(abs(x), 3), (0.3, 2, -8, -1e-60, 1e60)),
    "reciprocal": (lambda x: 1 / x, (0.3, -2, 1e-50, 1e50)),
    "absolute": (abs, (0.3, -2, 1e300)),
    "exp": (m.exp, (0, 1.5, -700, 700)),
    "exp2": (lambda x: m.exp(LN2 * x), (0, 1.5, -1000, 1000)),
    "expm1": (m.expm1, (1.5, -3, 1e-20, -700, 700)),
    "log": (m.log, (0.3, 2, 1e-60, 1e60)),
    "log2": (lambda x: m.log(x) / LN2, (0.3, 3, 1e-60, 1e60)),
    "log10": (m.log10, (0.3, 3, 1e-60, 1e60)),
    "log1p": (lambda x: m.log(1 + x), (0, 0.3, -0.9999, 1e-20, 1e60)),
    "expit": (lambda x: 1 / (1 + m.exp(-x)), (0, 0.5, -3, 18, -40, 700, -700)),
    "log_expit": (lambda x: -m.log(1 + m.exp(-x)), (0.5, -3, 18, -40, 700)),
    "sin": (m.sin, (0, 0.5, -3, 1e6)),
    "cos": (m.cos, (0, 0.5, -3, 1e6)),
    "tan": (m.tan, (0, 0.5, -3, 1.5707963, 1e6)),
    "arcsin": (m.asin, (0, 1e-10, 0.45, 0.55, -0.999999999)),
    "arccos": (m.acos, (1e-10, 0.45, 0.55, -0.999999999)),
    "arctan": (m.atan, (0, 0.3, -3, 1e6)),
    "sinh": (m.sinh, (0, 0.5, -3, 700)),
    "cosh": (m.cosh, (0, 0.5, -3, 700)),
    "sech2": (lambda x: m.sech(x) ** 2, (0, 1e-8, 0.3, -1, 18, -19.1, 46, 340)),
    "tanh": (m.tanh, (0, 1e-8, 0.3, -1, 18, -19.1, 46, 340)),
    "arcsinh": (m.asinh, (0, 1e-8, 0.3, -3, 1e10, -1e60)),
    "arccosh": (m.acosh, (1.0000001, 1.5, 3, 1e10, 1e60)),
    "arctanh": (m.atanh, (0, 1e-8, 0.45, 0.55, -0.999999999)),
    "exp_minus_square": (lambda x: m.exp(-x * x), (0, 1e-8, 0.3, -2, 5.9, 15, -26)),
    "erf": (m.erf, (0, 1e-8, 0.3, -2, 5.9, 15, -26)),
    "erfc": (m.erfc, (0.3, -2, 5.9, 15, 26)),
    "erfinv": (m.erfinv, (0.3, -0.8, 0.999)),
    "erfcinv": (lambda x: m.erfinv(1 - x), (0.3, 1.8, 1e-3)),
    "gammaln": (lambda x: m.log(abs(m.gamma(x))), (0.05, 1.7, 8, 40, -0.3)),
    "digamma": (lambda x: m.psi(0, x), (0.05, 1.46, 8, 40, -0.25, -20.3)),
}
PARAMETRIC: dict[str, tuple[Callable[[int, mpf], mpf], Sequence[int], Sequence[float]]] = {
    "integer_power": (lambda n, x: x**n, (0, 1, 2, 3, 4, 5, 10, -1, -3), (0.7, -3, 1e20, -1e-20)),
    "polygamma": (m.psi, (0, 1, 2, 5), (0.05, 1.7, 8, 40, -0.25, -3.8)),
}
FAR = (0.3, 1e-50, -1e50)
BINARY: dict[str, tuple[Callable[[mpf, mpf], mpf], Sequence[float], Sequence[float]]] = {
    "add": (lambda a, b: a + b, (0.3, -2), (0.7, 1e10)),
    "subtract": (lambda a, b: a - b, (0.3, -2), (0.7, 1e10)),
    "multiply": (lambda a, b: a * b, (0.3, -2e100), (0.7, 1e100)),
    "divide": (lambda a, b: a / b, (0.3, -2e100), (0.7, -1e60, 1e-60)),
    "power": (lambda a, b: a**b, (0.3, 7, 1e-10, 1e10), (0.7, -3.3, 2.5)),
    "logaddexp": (lambda a, b: m.log(m.exp(a) + m.exp(b)), (0.3, 7, 40), (0.7, -3, 5)),
    "logaddexp2": (lambda a, b: m.log(2**a + 2**b) / LN2, (0.3, 7, 40), (0.7, -3, 5)),
    "arctan2": (m.atan2, FAR, (0.7, 2, 1e50)),
    "gammainc": (
        lambda a, x: m.gammainc(a, 0, x, regularized=True),
        (0.3, 4.5, 33.0),
        (0.4, 7.0, 29.0),
    ),
    "gammaincc": (lambda a, x: m.gammainc(a, x, m.inf, regularized=True), (0.3, 33.0), (0.4, 29.0)),
    "zeta": (m.zeta, (1.5, 6.0), (0.75, 3.0)),
    "hypot": (lambda a, b: m.sqrt(a * a + b * b), FAR, (0.7, -2, 1e50)),
}


def derivative(f: Callable[[mpf], mpf], x: mpf, n: int) -> mpf:
    if n == 0:
        return f(x)
    scale = min(abs(x), mpf(1)) or mpf(1)
    if f is m.acosh or f is m.asin or f is m.acos or f is m.atanh:
        scale = min(scale, abs(1 - abs(x)))
    h = STEP * scale
    terms = [(-1) ** k * m.binomial(n, k) * f(x + (mpf(n) / 2 - k) * h) for k in range(n + 1)]
    return m.fsum(terms) / h**n


def partial(f: Callable[[mpf, mpf], mpf], a: mpf, b: mpf, i: int, j: int) -> mpf:
    return derivative(lambda x: derivative(lambda y: f(x, y), b, j), a, i)


def text(x: mpf) -> str:
    return "0" if abs(x) < ZERO else m.nstr(x, 18, min_fixed=0, max_fixed=0)


def row(head: str, values: Sequence[mpf]) -> str:
    return " ".join([head, *map(text, values)])


def rows() -> list[str]:
    lines = []
    for name, (f, points) in UNARY.items():
        for x in points:
            values = [derivative(f, mpf(x), n) for n in range(5)]
            lines.append(row(f"{name} 0 {x!r}", values))
    for name, (g, orders, points) in PARAMETRIC.items():
        for n in orders:
            for x in points:
                values = [derivative(lambda z, n=n, g=g: g(n, z), mpf(x), k) for k in range(5)]
                lines.append(row(f"{name} {n} {x!r}", values))
    orders = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    for name, (h, first, second) in BINARY.items():
        for a in first:
            for b in second:
                values = [partial(h, mpf(a), mpf(b), i, j) for i, j in orders]
                lines.append(row(f"{name} {a!r} {b!r}", values))
    return lines


if __name__ == "__main__":
    Path(__file__).with_name("references.txt").write_text("\n".join(rows()) + "\n")
