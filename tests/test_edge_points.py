"""Check 6 of the rule table: kinks, poles, signed zeros, infinities, NaN, each outcome stated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from registry_table import DTYPES, ENTRIES, ROWS, Row, function, pullback, pushforward

import dualtape as dt

inf, nan = np.inf, np.nan
pi = np.pi

# function -> rows of (arguments, value, derivative in each argument).
EDGES: dict[str, list[tuple[tuple[float, ...], float, tuple[float, ...]]]] = {
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
    "tanh": [((-0.0,), -0.0, (1.0,)), ((inf,), 1.0, (0.0,)), ((nan,), nan, (nan,))],
    "arcsinh": [((-0.0,), -0.0, (1.0,)), ((inf,), inf, (0.0,))],
    "arccosh": [((1.0,), 0.0, (inf,)), ((inf,), inf, (0.0,)), ((0.5,), nan, (nan,))],
    "arctanh": [((1.0,), inf, (inf,)), ((-1.0,), -inf, (inf,)), ((0.0,), 0.0, (1.0,))],
    "erf": [((inf,), 1.0, (0.0,)), ((-inf,), -1.0, (0.0,)), ((-0.0,), -0.0, (2 / pi**0.5,))],
    "erfc": [((inf,), 0.0, (-0.0,)), ((-inf,), 2.0, (-0.0,)), ((nan,), nan, (nan,))],
    "gammaln": [((0.0,), inf, (-inf,)), ((-1.0,), inf, (nan,)), ((inf,), inf, (inf,))],
    "digamma": [((0.0,), -inf, (inf,)), ((-1.0,), nan, (inf,)), ((inf,), inf, (0.0,))],
}

CASES = [
    pytest.param(name, args, value, partials, id=f"{name}{args}")
    for name, outcomes in EDGES.items()
    for args, value, partials in outcomes
]
WITHOUT_KINKS = {"integer_power", "polygamma"}

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def test_every_function_states_its_edge_points() -> None:
    differentiable = {n for n, entry in ENTRIES.items() if entry["kind"] != "predicate"}
    assert differentiable - WITHOUT_KINKS == EDGES.keys()


def _check(actual: Any, wanted: float, dtype: Any) -> None:
    assert actual.dtype == dtype
    rtol = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(actual, np.full(actual.shape, wanted, dtype), rtol=rtol, atol=0)
    if wanted == 0:
        # A zero of the wrong sign sends the next 1/x to the wrong infinity.
        assert np.signbit(actual).tolist() in ([np.signbit(wanted)] * 3, np.signbit(wanted))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "args", "value", "partials"), CASES)
def test_value_at_edge_point(
    name: str, args: tuple[float, ...], value: float, partials: tuple[float, ...], dtype: Any
) -> None:
    points = [np.full(3, x, dtype) for x in args]
    _check(dt.jit(function(name))(*points), value, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "args", "value", "partials"), CASES)
def test_derivative_at_edge_point(
    name: str, args: tuple[float, ...], value: float, partials: tuple[float, ...], dtype: Any
) -> None:
    points = [np.full(3, x, dtype) for x in args]
    differentiable = (1, 2) if name == "where" else range(len(args))
    for k in differentiable:
        for mode in (pushforward, pullback):
            derivative = mode(function(name), points, k)
            assert derivative.dtype == dtype
            rtol = 4 * float(np.finfo(dtype).eps)
            wanted = np.full(3, partials[k], dtype)
            np.testing.assert_allclose(derivative, wanted, rtol=rtol, err_msg=f"argument {k}")


@pytest.mark.parametrize("n", [-2, -1, 0, 1, 2, 3])
def test_integer_power_at_zero(n: int) -> None:
    wanted = {-2: -inf, -1: -inf, 0: 0.0, 1: 1.0, 2: 0.0, 3: 0.0}[n]
    assert dt.grad(lambda x: x**n)(0.0) == wanted
    assert dt.grad(lambda x: np.power(x, float(n)))(0.0) == wanted


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.region == "middle" and row.dtype is np.float64],
    ids=lambda row: row.id,
)
def test_empty_arrays(row: Row) -> None:
    points = [np.empty((0, 2), row.dtype) for _ in row.points()]
    assert dt.jit(row.function)(*points).shape == (0, 2)
    for k in row.differentiable:
        for mode in (pushforward, pullback):
            derivative = mode(row.function, points, k)
            assert derivative.shape == (0, 2)
            assert derivative.dtype == row.dtype


@pytest.mark.parametrize(
    "name", [n for n, e in ENTRIES.items() if e["arity"] == 2 and e["kind"] == "smooth"]
)
def test_broadcasting_sums_the_cotangent(name: str) -> None:
    f = function(name)
    domains = ENTRIES[name]["sampling"]
    a = np.linspace(domains[0][0], domains[0][1], 6).reshape(3, 1, 2)
    b = np.linspace(domains[1][0] + 0.123, domains[1][1], 4).reshape(4, 1)
    full = np.broadcast_arrays(a, b)
    y, transpose = dt.vjp(f, a, b)
    assert y.shape == (3, 4, 2)
    a_bar, b_bar = transpose(np.ones_like(y))
    wanted = [pullback(f, [np.array(x) for x in full], k) for k in (0, 1)]
    np.testing.assert_allclose(a_bar, wanted[0].sum(axis=1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(b_bar, wanted[1].sum(axis=(0, 2))[:, None], rtol=1e-13, atol=1e-13)
