"""The one table: every elementary function of the registry against mpmath.

The rows come from the registry; a function without a reference fails. The numbers 1 to 7 are those
of the checks every row goes through.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pytest
import references
from mpmath import mp
from numpy.typing import NDArray
from registry_table import (
    DEAR_REFERENCES,
    DTYPES,
    ENTRIES,
    ROWS,
    Row,
    function,
    pullback,
    pushforward,
)

import dualtape as dt

# Largest relative error of a derivative of order 1, 2, 3, 4, at every point of the table.
RTOL = {
    np.float64: (1e-13, 1e-12, 1e-11, 1e-10),
    np.float32: (5e-6, 5e-5, 5e-4, 5e-3),
}

SMOOTH = [row for row in ROWS if row.differentiable and row.points()[0].size]
MIDDLE = [row for row in ROWS if row.region == "middle"]
# Rounding, signs: the derivative is zero, and must be given as such.
CONSTANT = {"sign", "floor", "ceil", "rint", "trunc", "floor_divide"}
LINEAR_POWER = [row for row in SMOOTH if row.name not in CONSTANT]

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def rows(which: list[Row]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", which, ids=[row.id for row in which])


def rounded(exact: list[Any], dtype: Any) -> NDArray[Any]:
    with np.errstate(over="ignore", under="ignore"):
        return np.array([float(x) for x in exact]).astype(dtype)


def errors(actual: NDArray[Any], exact: list[Any], scales: list[Any]) -> list[float]:
    """Relative errors; an overflow must be the right infinity, an underflow near zero.

    Where the exact derivative is zero the error is relative to the scale.
    """
    info = np.finfo(actual.dtype)
    result = []
    for y, wanted, scale in zip(actual.tolist(), exact, scales, strict=True):
        with mp.workdps(40):
            if abs(wanted) > mp.mpf(float(info.max)):
                result.append(0.0 if y == float(mpmath.sign(wanted)) * np.inf else np.inf)
            elif not np.isfinite(y):
                result.append(np.inf)
            else:
                error = abs(mp.mpf(y) - wanted) - 8 * mp.mpf(float(info.smallest_subnormal))
                size = abs(wanted) if wanted else abs(scale)
                result.append(0.0 if error <= 0 else float(error / size) if size else np.inf)
    return result


def check_derivative(
    row: Row, actual: NDArray[Any], points: list[NDArray[Any]], wrt: tuple[int, ...]
) -> None:
    """Within the relative error of the table, at every point."""
    exact = row.reference(points, wrt)
    assert actual.dtype == row.dtype
    assert actual.shape == points[0].shape
    # At a zero between others, as of the fourth derivative of arctan2 on the diagonal: one nearby.
    scales = [
        wanted
        or row.reference([np.array([0.75 * point[0]]), *np.array(point[1:])[:, None]], wrt)[0]
        for wanted, point in zip(exact, zip(*points, strict=True), strict=True)
    ]
    relative = errors(actual, exact, scales)
    rtol = RTOL[row.dtype][len(wrt) - 1]
    worst = int(np.argmax(relative)) if relative else 0
    assert not relative or relative[worst] <= rtol, (
        f"{row.id}: derivative {wrt} at {[float(x[worst]) for x in points]} must be "
        f"{mpmath.nstr(exact[worst], 17)}, got {actual[worst]!r}: relative error "
        f"{relative[worst]:.3g} > {rtol:g}"
    )


def test_every_function_of_the_registry_has_a_reference() -> None:
    known = references.REFERENCES.keys() | references.PARAMETRIC.keys()
    assert ENTRIES.keys() == known


@pytest.mark.parametrize("name", [n for n, r in references.REFERENCES.items() if r.partials])
def test_reference_derivative_is_mpmaths_numerical_one(name: str) -> None:
    row = Row(name, None, np.float64, "middle")
    points = row.points()
    for k, point in itertools.product(row.differentiable, list(zip(*points, strict=True))[:2]):
        value = references.REFERENCES[name].value
        numbers = [mp.mpf(float(x)) for x in point]
        exact = references.derivative(name, None, tuple(map(float, point)), (k,), False)
        with mp.workdps(40):
            order = tuple(int(j == k) for j in range(len(numbers)))
            numerical = mpmath.diff(value, tuple(numbers), order)
            assert abs(numerical - exact) <= mp.mpf("1e-25") * (1 + abs(exact))


@rows(ROWS)
def test_1_value_is_within_its_ulp_bound(row: Row) -> None:
    points = row.points()
    # jit: eagerly NumPy's own function would be measured.
    actual = dt.jit(row.function)(*points)
    exact = row.reference(points, ())
    if row.entry["kind"] == "predicate":
        assert actual.dtype == np.bool_
        assert actual.tolist() == exact
        return
    assert actual.dtype == row.dtype
    ulp = np.spacing(np.abs(rounded(exact, row.dtype)))
    for y, wanted, unit, *point in zip(actual.tolist(), exact, ulp.tolist(), *points, strict=True):
        if not np.isfinite(unit):
            assert y == float(mpmath.sign(wanted)) * np.inf, (row.id, point)
            continue
        with mp.workdps(40):
            error = abs(mp.mpf(y) - wanted) / unit
        bound = max(row.entry["max_ulp"], 0.5 if row.dtype is np.float64 else 4)
        assert error <= bound, f"{row.id} at {point}: {float(error):.3g} ulp > {bound}"


@rows(ROWS)
def test_1_recorded_value_is_the_eager_value(row: Row) -> None:
    points = row.points()
    eager = np.asarray(row.function(*points))
    recorded = dt.jit(row.function)(*points)
    # SciPy's polygamma gives float64 always, the traced one keeps float32.
    assert recorded.dtype == (eager.dtype if row.name != "polygamma" else row.dtype)
    if row.name == "betainc":  # SciPy's of float32 is wrong by 1e-5
        eager = np.asarray(row.function(*(x.astype(np.float64) for x in points)))
    rtol = 0.0 if row.entry["max_ulp"] <= 0.5 else 1e-13 if row.dtype is np.float64 else 1e-6
    np.testing.assert_allclose(recorded, eager, rtol=rtol, atol=0)


@rows(SMOOTH)
@pytest.mark.parametrize("mode", [pushforward, pullback])
def test_2_derivative_is_mpmaths(row: Row, mode: Callable[..., Any]) -> None:
    points = row.points()
    for k in row.differentiable:
        check_derivative(row, mode(row.function, points, k), points, (k,))


def dot_product_mismatch(
    f: Callable[..., Any],
    points: list[NDArray[Any]],
    which: tuple[int, ...],
    reverse_of: Callable[..., Any] | None = None,
) -> float:
    """<y_bar, J x_dot> - <J^T y_bar, x_dot>, in units of 16 eps of the sum of |terms|."""
    generator = np.random.default_rng(3)
    dtype = points[0].dtype
    x = [points[k] for k in which]
    x_dot = [generator.uniform(0.5, 1.5, p.shape).astype(dtype) for p in x]

    def of_some(g: Callable[..., Any], *some: Any) -> Any:
        args: list[Any] = list(points)
        for k, argument in zip(which, some, strict=True):
            args[k] = argument
        return g(*args)

    y, y_dot = dt.jvp(partial(of_some, f), tuple(x), tuple(x_dot))
    y_bar = generator.uniform(0.5, 1.5, y.shape).astype(dtype)
    x_bar = dt.vjp(partial(of_some, reverse_of or f), *x)[1](y_bar)
    forward = np.multiply(y_bar, y_dot, dtype=np.float64)
    reverse = [np.multiply(a, b, dtype=np.float64) for a, b in zip(x_bar, x_dot, strict=True)]
    terms = [forward, *reverse]
    scale = sum(np.abs(term).sum() for term in terms)
    mismatch = abs(forward.sum() - sum(term.sum() for term in reverse))
    return float(mismatch / (16 * np.finfo(dtype).eps * scale)) if scale else 0.0


@rows([row for row in SMOOTH if row.region == "middle"])
def test_3_pullback_is_transpose_of_pushforward(row: Row) -> None:
    assert dot_product_mismatch(row.function, row.points(), row.differentiable) <= 1


def _batched_axes(arity: int) -> list[tuple[int | None, ...]]:
    axes = itertools.product((0, None), repeat=arity)
    return [choice for choice in axes if any(axis == 0 for axis in choice)]


@rows(MIDDLE)
def test_4_batched_is_the_loop(row: Row) -> None:
    generator = np.random.default_rng(5)
    points = row.points()
    transforms = [dt.jit(row.function)]  # not NumPy's own kernels
    if row.differentiable:
        last = row.differentiable[-1]
        transforms += [
            lambda *args: pushforward(row.function, list(args), last),
            lambda *args: pullback(row.function, list(args), last),
        ]
    for transform, in_axes, size in itertools.product(
        transforms, _batched_axes(len(points)), (0, 1, 3)
    ):
        args = [
            generator.permuted(np.tile(p[:3], (size, 1)), axis=0) if axis == 0 else p[:3]
            for p, axis in zip(points, in_axes, strict=True)
        ]
        batched = dt.vmap(transform, in_axes=in_axes)(*args)
        loop = [
            transform(*(x[i] if axis == 0 else x for x, axis in zip(args, in_axes, strict=True)))
            for i in range(size)
        ]
        assert batched.shape == (size, 3)
        np.testing.assert_array_equal(batched, np.array(loop).reshape(size, 3))


HIGHER = [
    (row, order)
    for row in LINEAR_POWER
    for order in (2, 3, 4)
    if order == 2 or row.name not in DEAR_REFERENCES
]


@pytest.mark.parametrize(("row", "order"), HIGHER, ids=[f"{o}-{row.id}" for row, o in HIGHER])
def test_5_higher_derivatives_are_mpmaths(row: Row, order: int) -> None:
    points = row.points()
    for k in row.differentiable:
        f = row.function
        for level in range(order):
            mode = pushforward if level % 2 else pullback
            f = _in_argument(mode, f, k)
        check_derivative(row, np.asarray(f(*points)), points, (k,) * order)


def _in_argument(mode: Callable[..., Any], f: Callable[..., Any], k: int) -> Callable[..., Any]:
    def derivative(*args: Any) -> Any:
        return mode(f, list(args), k)

    return derivative


@rows([row for row in LINEAR_POWER if len(row.differentiable) > 1])
def test_5_mixed_derivatives_are_mpmaths(row: Row) -> None:
    points = row.points()
    a, b = row.differentiable[:2]
    first = _in_argument(pullback, row.function, a)
    mixed = _in_argument(pushforward, first, b)
    check_derivative(row, np.asarray(mixed(*points)), points, (a, b))


def scaled(f: Callable[..., Any], factor: float, reverse_only: bool) -> Callable[..., Any]:
    """The function with a wrong rule: its derivative times the factor."""
    if not reverse_only:
        wrong = dt.custom_jvp(f)
        wrong.defjvp(
            lambda primals, tangents: (
                f(*primals),
                dt.jvp(f, primals, tangents)[1] * primals[0].dtype.type(factor),
            )
        )
        return wrong

    def forward(*args: Any) -> Any:
        return f(*args), args

    def backward(args: Any, y_bar: Any) -> Any:
        return tuple(x_bar * x_bar.dtype.type(factor) for x_bar in dt.vjp(f, *args)[1](y_bar))

    wrong_vjp = dt.custom_vjp(f)
    wrong_vjp.defvjp(forward, backward)
    return wrong_vjp


@rows([row for row in LINEAR_POWER if row.region == "middle" and row.entry["arity"] == 1])
def test_7_a_rule_a_little_wrong_fails(row: Row) -> None:
    if row.n == 0 and row.name == "integer_power":
        assert not np.any(pushforward(row.function, row.points(), 0))
        return
    points = row.points()
    factor = 1 + (1e-9 if row.dtype is np.float64 else 1e-5)
    wrong = scaled(row.function, factor, reverse_only=False)
    for mode in (pushforward, pullback):
        with pytest.raises(AssertionError, match="relative error"):
            check_derivative(row, mode(wrong, points, 0), points, (0,))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["tanh", "exp", "sqrt"])
def test_7_a_pullback_a_little_wrong_fails_the_dot_product(name: str, dtype: Any) -> None:
    row = Row(name, None, dtype, "middle")
    factor = 1 + (1e-9 if dtype is np.float64 else 1e-5)
    wrong = scaled(function(name), factor, reverse_only=True)
    assert dot_product_mismatch(function(name), row.points(), (0,), reverse_of=wrong) > 1


@rows([row for row in ROWS if row.name in CONSTANT and row.region == "middle"])
def test_7_locally_constant_functions_have_derivative_zero(row: Row) -> None:
    points = row.points()
    for mode in (pushforward, pullback):
        derivative = mode(row.function, points, 0)
        assert derivative.dtype == row.dtype
        np.testing.assert_array_equal(derivative, np.zeros_like(points[0]))
