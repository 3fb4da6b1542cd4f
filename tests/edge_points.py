"""Kinks, poles, signed zeros, infinities, NaN: each outcome stated.

`python tests/edge_points.py` writes docs/edge-points.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from edge_matrices import MATRIX_EDGES, Rows

import dualtape.scipy as dsp

PAGE = Path(__file__).parents[1] / "docs" / "edge-points.md"

inf, nan = np.inf, np.nan
pi = np.pi

# function -> rows of (arguments, value, derivative in each argument; None: refused).
EDGES: dict[str, list[tuple[tuple[float, ...], float, tuple[float | None, ...]]]] = {
    "absolute": [
        ((0.0,), 0.0, (0.0,)),
        ((-0.0,), 0.0, (0.0,)),
        ((-inf,), inf, (-1.0,)),
        ((nan,), nan, (nan,)),
    ],
    "sign": [((0.0,), 0.0, (0.0,)), ((-0.0,), 0.0, (0.0,)), ((-inf,), -1.0, (0.0,))],
    "floor": [((2.0,), 2.0, (0.0,)), ((-0.0,), -0.0, (0.0,)), ((inf,), inf, (0.0,))],
    "ceil": [((2.0,), 2.0, (0.0,)), ((-0.5,), -0.0, (0.0,)), ((-inf,), -inf, (0.0,))],
    "trunc": [((-0.5,), -0.0, (0.0,)), ((nan,), nan, (0.0,))],
    "rint": [((0.5,), 0.0, (0.0,)), ((1.5,), 2.0, (0.0,)), ((-0.5,), -0.0, (0.0,))],
    "heaviside": [
        ((0.0, 0.5), 0.5, (0.0, 1.0)),
        ((-1.0, 0.5), 0.0, (0.0, 0.0)),
        ((nan, 0.5), nan, (0.0, 0.0)),
    ],
    "copysign": [
        ((3.0, -0.0), -3.0, (-1.0, 0.0)),
        ((-3.0, 0.0), 3.0, (-1.0, 0.0)),
        ((0.0, -1.0), -0.0, (0.0, 0.0)),
    ],
    "floor_divide": [((1.0, 0.0), inf, (0.0, 0.0)), ((-7.0, 2.0), -4.0, (0.0, 0.0))],
    "remainder": [((6.0, 3.0), 0.0, (1.0, -2.0)), ((-7.0, 2.0), 1.0, (1.0, 4.0))],
    "fmod": [((6.0, 3.0), 0.0, (1.0, -2.0)), ((-7.0, 2.0), -1.0, (1.0, 3.0))],
    "maximum": [
        ((1.0, 1.0), 1.0, (0.5, 0.5)),
        ((0.0, -0.0), 0.0, (0.5, 0.5)),
        ((inf, 1.0), inf, (1.0, 0.0)),
    ],
    "minimum": [
        ((1.0, 1.0), 1.0, (0.5, 0.5)),
        ((-inf, 1.0), -inf, (1.0, 0.0)),
    ],
    "fmax": [
        ((1.0, 1.0), 1.0, (0.5, 0.5)),
        ((nan, 1.0), 1.0, (0.0, 1.0)),
        ((1.0, nan), 1.0, (1.0, 0.0)),
    ],
    "fmin": [
        ((1.0, 1.0), 1.0, (0.5, 0.5)),
        ((nan, 1.0), 1.0, (0.0, 1.0)),
        ((1.0, nan), 1.0, (1.0, 0.0)),
    ],
    # On its borders clip lets the slope through: a fit that sits on a bound still feels it.
    "clip": [
        ((-1.0, -1.0, 2.0), -1.0, (1.0, 0.0, 0.0)),
        ((2.0, -1.0, 2.0), 2.0, (1.0, 0.0, 0.0)),
        ((3.0, -1.0, 2.0), 2.0, (0.0, 0.0, 1.0)),
        ((-3.0, -1.0, 2.0), -1.0, (0.0, 1.0, 0.0)),
        ((0.0, 2.0, 1.0), 1.0, (0.0, 0.0, 1.0)),
        ((inf, -1.0, 2.0), 2.0, (0.0, 0.0, 1.0)),
    ],
    "where": [
        ((1.0, 5.0, inf), 5.0, (0.0, 1.0, 0.0)),
        ((0.0, nan, 5.0), 5.0, (0.0, 0.0, 1.0)),
    ],
    "add": [((inf, 1.0), inf, (1.0, 1.0)), ((inf, -inf), nan, (1.0, 1.0))],
    "subtract": [((inf, inf), nan, (1.0, -1.0)), ((-0.0, 0.0), -0.0, (1.0, -1.0))],
    "multiply": [((0.0, inf), nan, (inf, 0.0)), ((-0.0, 1.0), -0.0, (1.0, -0.0))],
    "divide": [((1.0, 0.0), inf, (inf, -inf)), ((1.0, -0.0), -inf, (-inf, -inf))],
    "negative": [((0.0,), -0.0, (-1.0,)), ((nan,), nan, (-1.0,))],
    "power": [
        ((0.0, 0.0), 1.0, (0.0, 0.0)),
        ((0.0, 1.0), 0.0, (1.0, 0.0)),
        ((0.0, 2.0), 0.0, (0.0, 0.0)),
        ((0.0, 0.5), 0.0, (inf, 0.0)),
        ((0.0, -1.0), inf, (-inf, -inf)),
        ((2.0, 0.0), 1.0, (0.0, np.log(2.0))),
        ((-2.0, 2.0), 4.0, (-4.0, nan)),
        ((-2.0, 3.0), -8.0, (12.0, nan)),
        ((-2.0, -1.0), -0.5, (-0.25, nan)),
        ((-2.0, 0.5), nan, (nan, nan)),
        ((1.0, inf), 1.0, (inf, 0.0)),
        ((inf, 0.0), 1.0, (0.0, inf)),
        ((inf, -1.0), 0.0, (-0.0, 0.0)),
    ],
    "square": [((0.0,), 0.0, (0.0,)), ((-inf,), inf, (-inf,)), ((nan,), nan, (nan,))],
    "sqrt": [((0.0,), 0.0, (inf,)), ((inf,), inf, (0.0,)), ((-1.0,), nan, (nan,))],
    "cbrt": [((0.0,), 0.0, (inf,)), ((-8.0,), -2.0, (1 / 12,)), ((-inf,), -inf, (0.0,))],
    "reciprocal": [((0.0,), inf, (-inf,)), ((-0.0,), -inf, (-inf,)), ((inf,), 0.0, (-0.0,))],
    "exp": [((-inf,), 0.0, (0.0,)), ((inf,), inf, (inf,)), ((nan,), nan, (nan,))],
    "exp2": [((-inf,), 0.0, (0.0,)), ((inf,), inf, (inf,))],
    "expm1": [((-0.0,), -0.0, (1.0,)), ((-inf,), -1.0, (0.0,)), ((inf,), inf, (inf,))],
    "log": [((0.0,), -inf, (inf,)), ((inf,), inf, (0.0,)), ((-1.0,), nan, (-1.0,))],
    "log2": [((0.0,), -inf, (inf,)), ((1.0,), 0.0, (1 / np.log(2.0),))],
    "log10": [((0.0,), -inf, (inf,)), ((1.0,), 0.0, (1 / np.log(10.0),))],
    "log1p": [((-1.0,), -inf, (inf,)), ((-0.0,), -0.0, (1.0,)), ((inf,), inf, (0.0,))],
    "expit": [((-inf,), 0.0, (0.0,)), ((inf,), 1.0, (0.0,)), ((nan,), nan, (nan,))],
    "log_expit": [((-inf,), -inf, (1.0,)), ((inf,), 0.0, (0.0,)), ((nan,), nan, (nan,))],
    "logaddexp": [
        ((-inf, -inf), -inf, (0.5, 0.5)),
        ((-inf, 1.0), 1.0, (0.0, 1.0)),
        ((inf, 1.0), inf, (1.0, 0.0)),
        ((inf, inf), inf, (0.5, 0.5)),
        ((nan, 1.0), nan, (nan, nan)),
    ],
    "logaddexp2": [
        ((-inf, -inf), -inf, (0.5, 0.5)),
        ((inf, 1.0), inf, (1.0, 0.0)),
        ((nan, 1.0), nan, (nan, nan)),
    ],
    "sin": [((-0.0,), -0.0, (1.0,)), ((inf,), nan, (nan,))],
    "cos": [((0.0,), 1.0, (-0.0,)), ((inf,), nan, (nan,))],
    "tan": [((-0.0,), -0.0, (1.0,)), ((inf,), nan, (nan,))],
    "arcsin": [((1.0,), pi / 2, (inf,)), ((-1.0,), -pi / 2, (inf,)), ((2.0,), nan, (nan,))],
    "arccos": [((1.0,), 0.0, (-inf,)), ((-1.0,), pi, (-inf,)), ((2.0,), nan, (nan,))],
    "arctan": [((inf,), pi / 2, (0.0,)), ((-inf,), -pi / 2, (0.0,)), ((-0.0,), -0.0, (1.0,))],
    # The axes; no derivative exists at the origin.
    "arctan2": [
        ((0.0, 2.0), 0.0, (0.5, -0.0)),
        ((0.0, -2.0), pi, (-0.5, -0.0)),
        ((-0.0, -2.0), -pi, (-0.5, 0.0)),
        ((2.0, 0.0), pi / 2, (0.0, -0.5)),
        ((-2.0, 0.0), -pi / 2, (0.0, 0.5)),
        ((0.0, 0.0), 0.0, (nan, nan)),
    ],
    "hypot": [
        ((0.0, 0.0), 0.0, (0.0, 0.0)),
        ((0.0, 2.0), 2.0, (0.0, 1.0)),
        ((-2.0, 0.0), 2.0, (-1.0, 0.0)),
        ((1e30, 1e30), np.sqrt(2.0) * 1e30, (np.sqrt(0.5), np.sqrt(0.5))),
    ],
    "sinh": [((-0.0,), -0.0, (1.0,)), ((inf,), inf, (inf,)), ((-inf,), -inf, (inf,))],
    "cosh": [((0.0,), 1.0, (0.0,)), ((-inf,), inf, (-inf,))],
    "sech2": [((-0.0,), 1.0, (0.0,)), ((inf,), 0.0, (0.0,)), ((nan,), nan, (nan,))],
    "exp_minus_square": [((0.0,), 1.0, (0.0,)), ((-inf,), 0.0, (0.0,)), ((nan,), nan, (nan,))],
    "tanh": [((-0.0,), -0.0, (1.0,)), ((inf,), 1.0, (0.0,)), ((nan,), nan, (nan,))],
    "arcsinh": [((-0.0,), -0.0, (1.0,)), ((inf,), inf, (0.0,))],
    "arccosh": [((1.0,), 0.0, (inf,)), ((inf,), inf, (0.0,)), ((0.5,), nan, (nan,))],
    "arctanh": [((1.0,), inf, (inf,)), ((-1.0,), -inf, (inf,)), ((0.0,), 0.0, (1.0,))],
    "erf": [((inf,), 1.0, (0.0,)), ((-inf,), -1.0, (0.0,)), ((-0.0,), -0.0, (2 / pi**0.5,))],
    "erfc": [((inf,), 0.0, (-0.0,)), ((-inf,), 2.0, (-0.0,)), ((nan,), nan, (nan,))],
    "erfinv": [((1.0,), inf, (inf,)), ((-1.0,), -inf, (inf,)), ((-0.0,), -0.0, (pi**0.5 / 2,))],
    "erfcinv": [((0.0,), inf, (-inf,)), ((2.0,), -inf, (-inf,)), ((3.0,), nan, (nan,))],
    "gammainc": [
        ((0.5, 0.0), 0.0, (0.0, inf)),
        ((1.0, 0.0), 0.0, (0.0, 1.0)),
        ((2.0, 0.0), 0.0, (0.0, 0.0)),
        ((2.0, inf), 1.0, (0.0, 0.0)),
        ((-1.0, 2.0), nan, (nan, nan)),
    ],
    "gammaincc": [
        ((0.0, 0.0), nan, (nan, nan)),
        ((1.0, 0.0), 1.0, (0.0, -1.0)),
        ((2.0, inf), 0.0, (0.0, 0.0)),
    ],
    "betainc": [
        ((0.5, 2.0, 0.0), 0.0, (0.0, 0.0, inf)),
        ((1.0, 3.0, 0.0), 0.0, (0.0, 0.0, 3.0)),
        ((2.0, 1.0, 1.0), 1.0, (0.0, 0.0, 2.0)),
        ((0.0, 2.0, 0.5), 1.0, (nan, nan, nan)),
        ((2.0, 3.0, 1.5), nan, (nan, nan, nan)),
    ],
    "zeta": [
        ((1.0, 2.0), inf, (-inf, -(pi**2 / 6 - 1))),
        ((2.0, 0.0), inf, (nan, nan)),
        ((2.0, inf), 0.0, (0.0, 0.0)),
    ],
    "jv": [
        ((0.0, 0.0), 1.0, (None, 0.0)),
        ((1.0, 0.0), 0.0, (None, 0.5)),
        ((0.5, 0.0), 0.0, (None, inf)),
        ((0.5, -1.0), nan, (None, nan)),
        ((0.0, inf), 0.0, (None, 0.0)),
    ],
    "yv": [((0.0, 0.0), -inf, (None, inf)), ((1.0, -1.0), nan, (None, nan))],
    "iv": [
        ((0.0, 0.0), 1.0, (None, 0.0)),
        ((1.0, 0.0), 0.0, (None, 0.5)),
        ((0.5, -1.0), nan, (None, nan)),
        ((0.0, inf), inf, (None, inf)),
    ],
    "ive": [
        ((0.0, 0.0), 1.0, (None, 0.0)),
        ((1.0, 0.0), 0.0, (None, 0.5)),
        ((0.0, inf), 0.0, (None, 0.0)),
    ],
    "kv": [((0.0, 0.0), inf, (None, -inf)), ((0.0, inf), 0.0, (None, 0.0))],
    "kve": [((0.0, 0.0), inf, (None, -inf)), ((0.0, inf), 0.0, (None, 0.0))],
    "gammaln": [((0.0,), inf, (-inf,)), ((-1.0,), inf, (nan,)), ((inf,), inf, (inf,))],
    "digamma": [((0.0,), -inf, (inf,)), ((-1.0,), nan, (inf,)), ((inf,), inf, (0.0,))],
}


class ArrayEdge(NamedTuple):
    """A function of one vector to a number, and its gradient at a point where it has a choice."""

    text: str
    f: Callable[[Any], Any]
    x: tuple[float, ...]
    gradient: tuple[float, ...]
    why: str


ARRAY_EDGES: list[ArrayEdge] = [
    ArrayEdge("max(x)", lambda x: np.max(x), (2, 2, 1), (0.5, 0.5, 0), "ties share"),
    ArrayEdge("min(x)", lambda x: np.min(x), (2, 1, 1), (0, 0.5, 0.5), "ties share"),
    ArrayEdge("ptp(x)", lambda x: np.ptp(x), (1, 1), (0, 0), "ties share"),
    ArrayEdge("max(x, initial=2)", lambda x: np.max(x, initial=2), (2, 1), (0.5, 0), "ties share"),
    ArrayEdge("nanmax(x)", lambda x: np.nanmax(x), (nan, 2, 2), (0, 0.5, 0.5), "NaN left out"),
    ArrayEdge("linalg.norm(x)", lambda x: np.linalg.norm(x), (0, 0), (0, 0),
              "the least of the slopes at a cone's tip"),
    ArrayEdge("linalg.norm(x, 1)", lambda x: np.linalg.norm(x, 1), (0, -2), (0, -1), "as abs"),
    ArrayEdge("linalg.norm(x, inf)", lambda x: np.linalg.norm(x, np.inf), (-2, 2), (-0.5, 0.5),
              "ties share"),
    ArrayEdge("linalg.norm(x, 3)", lambda x: np.linalg.norm(x, 3), (0, 0), (0, 0), "as norm"),
    ArrayEdge("std(x)", lambda x: np.std(x), (3, 3), (0, 0), "as norm"),
    ArrayEdge("nanstd(x)", lambda x: np.nanstd(x), (3, nan, 3), (0, 0, 0), "as norm"),
    ArrayEdge("prod(x)", lambda x: np.prod(x), (0, 3, 2), (6, 0, 0), "any number of zeros"),
    ArrayEdge("sum(cumprod(x))", lambda x: np.sum(np.cumprod(x)), (0, 3, 0), (4, 0, 0),
              "any number of zeros"),
    ArrayEdge("sum(sort(x) * [1, 2])", lambda x: np.sum(np.sort(x) * np.array([1.0, 2.0])), (1, 1),
              (1, 2), "a stable sort: equal entries keep their order"),
    ArrayEdge("median(x)", lambda x: np.median(x), (1, 1, 1), (0, 1, 0), "as sort"),
    ArrayEdge("sum(unique(x))", lambda x: np.sum(np.unique(x)), (1, 1, 2), (1, 0, 1),
              "the first of equal entries"),
    ArrayEdge("interp(x, [0, 1, 2], [0, 1, 3])",
              lambda x: np.interp(x[0], [0.0, 1.0, 2.0], [0.0, 1.0, 3.0]), (1,), (2,),
              "at a knot the slope to its right"),
    ArrayEdge("piecewise(x, [x < 0], [-x, x])",
              lambda x: np.sum(np.piecewise(x, [x < 0], [np.negative, lambda t: t])), (0,), (1,),
              "the branch that is taken"),
    ArrayEdge("where(x > 0, log(x), 0)", lambda x: np.sum(np.where(x > 0, np.log(x), 0)), (0, 1),
              (0, 1), "nothing comes out of the branch not taken"),
    ArrayEdge("sinc(x)", lambda x: np.sum(np.sinc(x)), (0,), (0,), "smooth"),
    ArrayEdge("modf(x)[0]", lambda x: np.sum(np.modf(x)[0]), (2,), (1,), "as remainder"),
    ArrayEdge("angle(x)", lambda x: np.sum(np.angle(x)), (0, -1), (0, 0), "of real values 0 or pi"),
    ArrayEdge("special.xlogy(x, 0)", lambda x: np.sum(dsp.special.xlogy(x, 0.0)), (0,), (0,),
              "0 log 0 = 0, flat"),
    ArrayEdge("special.xlogy(x, 2)", lambda x: np.sum(dsp.special.xlogy(x, 2.0)), (0,),
              (float(np.log(2)),), "smooth"),
    ArrayEdge("special.entr(x)", lambda x: np.sum(dsp.special.entr(x)), (0,), (0,),
              "at the border flat"),
    ArrayEdge("special.kl_div(0, x)", lambda x: np.sum(dsp.special.kl_div(0.0, x)), (2,), (1,),
              "smooth"),
    ArrayEdge("special.huber(1, x)", lambda x: np.sum(dsp.special.huber(1.0, x)), (1, -1), (1, -1),
              "smooth once"),
    ArrayEdge("special.exprel(x)", lambda x: np.sum(dsp.special.exprel(x)), (0,), (0.5,), "smooth"),
    ArrayEdge("special.logsumexp(x)", lambda x: dsp.special.logsumexp(x), (-inf, 1), (0, 1),
              "an empty term"),
    ArrayEdge("special.boxcox(2, x)", lambda x: np.sum(dsp.special.boxcox(2.0, x)), (0,),
              (0.5 * float(np.log(2)) ** 2,), "smooth"),
    ArrayEdge("stats.expon.logpdf(x)", lambda x: np.sum(dsp.stats.expon.logpdf(x)), (-1, 1),
              (0, -1), "outside the support flat"),
    ArrayEdge("stats.laplace.logpdf(x)", lambda x: np.sum(dsp.stats.laplace.logpdf(x)), (0, 1),
              (0, -1), "as abs"),
]  # fmt: skip

HEAD = """# Derivatives at kinks and edges

Where a function has no derivative, or none that is finite, dualtape gives what these tables say:
the same in forward and reverse mode, and tested (`tests/edge_points.py` writes this page from the
rows that `tests/test_edge_points.py` runs). The rules behind them:

- **Ties share.** Entries that are the maximum together have equal parts of the derivative.
- **A symmetric kink is flat.** `abs`, a norm or a standard deviation at zero has derivative 0: the
  shortest of its subgradients, so that a descent stays where it is.
- **A pole is infinite** with the sign of the side that the value has, NaN where there is no side.
- **The branch that `where` did not take gives nothing**, neither infinity nor NaN.
- **Equal eigenvalues or singular values** have vectors that may turn: NaN for what depends on them,
  the right derivative for what does not. Singular matrices are errors where a value is.
- **Steps are flat**: `floor`, `sign` and comparisons have derivative 0 everywhere.

"""


def _number(x: float | None) -> str:
    if x is None:
        return "error"
    special = {np.log(2.0): "log 2", 1 / np.log(2.0): "1/log 2", 1 / np.log(10.0): "1/log 10"}
    special |= {pi: "pi", -pi: "-pi", pi / 2: "pi/2", -pi / 2: "-pi/2"}
    return special.get(x, f"{x:.6g}")


def _numbers(x: tuple[float | None, ...]) -> str:
    return ", ".join(_number(v) for v in x)


def page() -> str:
    lines = [HEAD + "## Elementwise functions\n", "| function | at | value | derivatives |",
             "|---|---|---|---|"]  # fmt: skip
    for name, outcomes in EDGES.items():
        lines += [
            f"| `{name}` | {_numbers(args)} | {_number(value)} | {_numbers(partials)} |"
            for args, value, partials in outcomes
        ]
    lines += ["", "## Functions of arrays\n", "| function | at | gradient | |", "|---|---|---|---|"]
    lines += [
        f"| `{e.text}` | {_numbers(e.x)} | {_numbers(e.gradient)} | {e.why} |" for e in ARRAY_EDGES
    ]
    lines += [
        "",
        "## Functions of matrices\n",
        "| function | at | gradient | |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{e.text}` | {_matrix(e.a)} | {_matrix(e.gradient)} | {e.why} |" for e in MATRIX_EDGES
    ]
    return "\n".join(lines) + "\n"


def _matrix(a: Rows | str) -> str:
    return a if isinstance(a, str) else f"[{'; '.join(_numbers(row) for row in a)}]"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
