"""Check 6 of the rule table: kinks, poles, signed zeros, infinities, NaN, each outcome stated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from edge_matrices import MATRIX_EDGES, MatrixEdge
from edge_points import (
    ARRAY_EDGES,
    EDGES,
    PAGE,
    ArrayEdge,
    inf,
    page,
)
from registry_table import BESSEL, DTYPES, ENTRIES, ROWS, Row, function, pullback, pushforward

import dualtape as dt

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
    name: str, args: tuple[float, ...], value: float, partials: tuple[Any, ...], dtype: Any
) -> None:
    points = [np.full(3, x, dtype) for x in args]
    for k in range(1 if name == "where" else 0, len(args)):
        if partials[k] is None:
            with pytest.raises(dt.DerivativeError, match=rf"\b{name}: no derivative in the order"):
                pushforward(function(name), points, k)
            continue
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
    "name",
    [
        n
        for n, e in ENTRIES.items()
        if e["arity"] == 2 and e["kind"] == "smooth" and n not in BESSEL
    ],
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


@pytest.mark.parametrize("edge", ARRAY_EDGES, ids=[edge.text for edge in ARRAY_EDGES])
def test_gradient_of_array_functions_at_edge_points(edge: ArrayEdge) -> None:
    x, wanted = np.array(edge.x, float), np.array(edge.gradient, float)
    for gradient in (dt.grad, dt.jacfwd, dt.jacrev):
        np.testing.assert_allclose(gradient(edge.f)(x), wanted, rtol=1e-14)
    rows = dt.vmap(dt.grad(edge.f))(np.stack([x, x])) if "unique" not in edge.text else wanted
    np.testing.assert_allclose(rows, np.broadcast_to(wanted, rows.shape), rtol=1e-14)


def test_page_of_edge_points_is_in_step() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python tests/edge_points.py`"


@pytest.mark.parametrize("edge", MATRIX_EDGES, ids=lambda e: f"{e.text}-{e.a}")
def test_gradient_of_a_function_of_a_matrix(edge: MatrixEdge) -> None:
    a, a_dot = np.array(edge.a), np.array([[1.0, -2.0], [0.5, 3.0]])
    if isinstance(edge.gradient, str):
        for derivative in (lambda: dt.grad(edge.f)(a), lambda: dt.jvp(edge.f, (a,), (a_dot,))):
            with pytest.raises(np.linalg.LinAlgError):
                derivative()
        return
    wanted = np.array(edge.gradient)
    np.testing.assert_allclose(dt.grad(edge.f)(a), wanted, rtol=1e-13, atol=1e-14)
    moved = dt.jvp(edge.f, (a,), (a_dot,))[1]
    if np.isfinite(wanted).all():
        np.testing.assert_allclose(moved, np.sum(wanted * a_dot), rtol=1e-13, atol=1e-14)
    else:
        assert not np.isfinite(moved)
