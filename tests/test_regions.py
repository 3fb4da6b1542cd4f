"""Fused regions against NumPy: rows of all lengths, broadcasts, transposes and reductions.

The lengths lie around what the planner decides by: packs of a copy, long rows, chunks of a sum, the
size of a block, the longest row that is reduced and read again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.scipy.special import erf

SHAPES = [
    (rows, row)
    for row in (1, 2, 3, 7, 8, 31, 32, 33, 64, 127, 128, 129, 1000, 4096, 4097)
    for rows in (1, 2, 5, 17, 300)
    if rows * row <= 70_000
] + [(0, 3), (3, 0), (40_000, 3)]  # fmt: skip


def softmax(a: Any) -> Any:
    e = np.exp(a - np.max(a, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


# Of a matrix, a column, a row and a matrix of the transposed shape; no sums that cancel.
CASES: dict[str, Callable[..., Any]] = {
    "column": lambda x, c, r, t: c[:, None] * x,
    "column on either side": lambda x, c, r, t: c[:, None] - x / (2.0 + c[:, None] ** 2),
    "row": lambda x, c, r, t: (x - r) * r,
    "outer": lambda x, c, r, t: c[:, None] * r + x,
    "two columns": lambda x, c, r, t: (c[:, None] + c[:, None] * 2.0 * c[::-1][:, None]) * x,
    "column through a function": lambda x, c, r, t: np.sin(np.broadcast_to(c[:, None], x.shape)),
    "where of a column": lambda x, c, r, t: np.where(x > 0.0, c[:, None], r),
    "transposed": lambda x, c, r, t: x + t.T * c[:, None],
    "slices": lambda x, c, r, t: x[:, 1:] * x[:, :-1] + c[:, None],
    "backwards": lambda x, c, r, t: x[::-1] * x[:, ::-1],
    "scalar of an array": lambda x, c, r, t: x * np.sum(c) + np.sum(r * r),
    "sum of rows": lambda x, c, r, t: np.sum(x * x + 1.0, axis=1),
    "sum over rows": lambda x, c, r, t: np.sum(x * x + c[:, None] ** 2, axis=0),
    "products": lambda x, c, r, t: np.prod(1.0 + 0.01 * x, axis=1)[:, None] + x,
    "centred": lambda x, c, r, t: x - np.sum(x, axis=1, keepdims=True),
    "scaled by rows": lambda x, c, r, t: x / (1.0 + np.sum(x * x, axis=1, keepdims=True)) + r,
    "chain of rows": lambda x, c, r, t: (
        np.log(1.0 + np.sum(x * x, axis=1)) * c + np.sum(np.abs(x) * r * r, axis=1)
    ),
    "rows and read again": lambda x, c, r, t: (
        np.sqrt(2.0 + np.sum(x * x, axis=1))[:, None] * x * c[:, None]
        + np.where(x > 0.0, 0.25, np.sum(np.abs(x), axis=1, keepdims=True))
    ),
    "columns read again": lambda x, c, r, t: x * np.sum(x * x, axis=0),
}  # fmt: skip


def close(given: Any, wanted: Any) -> None:
    assert np.shape(given) == np.shape(wanted)
    scale = np.max(np.abs(wanted), initial=1.0)
    np.testing.assert_allclose(given, wanted, rtol=0, atol=1e-12 * scale)


def operands(shape: tuple[int, ...], dtype: Any = np.float64) -> list[Any]:
    random = np.random.default_rng(7)
    rows, row = shape
    shapes: list[tuple[int, ...]] = [(rows, row), (rows,), (row,), (row, rows)]
    return [random.normal(size=s).astype(dtype) for s in shapes]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_region_is_what_numpy_computes(shape: tuple[int, ...]) -> None:
    args = operands(shape)
    for name, f in CASES.items():
        try:
            close(dt.jit(f)(*args), f(*args))
        except AssertionError as error:
            raise AssertionError(f"{name}, {shape}: {error}") from error


@pytest.mark.parametrize("shape", [(300, 7), (17, 128), (5, 1000), (2, 4097)], ids=str)
def test_all_cases_together_are_what_they_are_alone(shape: tuple[int, ...]) -> None:
    args = operands(shape)
    together = dt.jit(lambda *args: [f(*args) for f in CASES.values()])(*args)
    for f, given in zip(CASES.values(), together, strict=True):
        close(given, f(*args))


@pytest.mark.parametrize("shape", [(2, 3), (40, 10), (300, 33), (17, 128), (3, 1000)], ids=str)
def test_softmax_and_its_gradient(shape: tuple[int, ...]) -> None:
    a, c, _, _ = operands(shape)
    target = np.abs(a)

    def loss(a: Any) -> Any:
        return np.sum(softmax(a) * target) * np.sum(c)

    p = softmax(a)
    wanted = p * (target - np.sum(p * target, axis=1, keepdims=True)) * np.sum(c)
    close(dt.jit(softmax)(a), p)
    close(dt.jit(dt.grad(loss))(a), wanted)


@pytest.mark.parametrize("outer", [(1,), (3,), (4, 5)], ids=str)
@pytest.mark.parametrize("inner", [3, 31, 32, 40, 700], ids=str)
def test_more_axes(outer: tuple[int, ...], inner: int) -> None:
    random = np.random.default_rng(8)
    k = 6
    x = random.normal(size=(*outer, k, inner))
    per_outer, per_k = random.normal(size=(*outer, 1, 1)), random.normal(size=(k, 1))
    per_inner, both = random.normal(size=(*outer, 1, inner)), random.normal(size=(k, inner))

    def f(*args: Any) -> Any:
        x, per_outer, per_k, per_inner, both = args
        y = (x - per_outer) * per_k + per_inner * both
        return (
            y,
            np.sum(y * y, axis=-1),
            np.max(y, axis=-2),
            np.sum(y, axis=tuple(range(len(outer)))),
        )

    args = (x, per_outer, per_k, per_inner, both)
    for given, wanted in zip(dt.jit(f)(*args), f(*args), strict=True):
        close(given, wanted)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.bool_, np.complex128], ids=str)
def test_element_types_of_all_sizes(dtype: Any) -> None:
    x, c, r, t = (a > 0 if dtype is np.bool_ else (9 * a).astype(dtype) for a in operands((50, 33)))

    def f(x: Any, c: Any, r: Any, t: Any) -> Any:
        picked = np.where(x == c[:, None], t.T, r)
        return picked, np.equal(x, r).astype(np.float64) * 0.5 + np.sum(x != c[:, None], axis=1)[0]

    for given, wanted in zip(dt.jit(f)(x, c, r, t), f(x, c, r, t), strict=True):
        np.testing.assert_array_equal(given, wanted)


@pytest.mark.parametrize("n", [3, 8, 1000])
def test_parts_of_an_array_are_made_in_place(n: int) -> None:
    random = np.random.default_rng(9)
    x, z = random.normal(size=n), random.normal(size=n - 2)

    def updates(x: Any, z: Any) -> Any:
        y = x * 2.0
        y[1:-1] = y[1:-1] + z  # element by element
        y[1:-1] = y[:-2] * z  # shifted
        before = y[2:] * 1.0
        y[2:] = np.sin(z)
        return y, before + y[2:], y[::-1] * x

    def parts(x: Any, z: Any) -> Any:
        twice = np.sin(z)
        whole = np.concatenate([x + 1.0, twice, z * 2.0, x, twice])
        rows = np.stack([x * x, x + 3.0, x])
        return whole, rows, np.concatenate([rows * 2.0, rows], axis=1)

    for f in (updates, parts):
        for given, wanted in zip(dt.jit(f)(x, z), f(x, z), strict=True):
            close(given, wanted)

    def rosenbrock(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    valley = x[1:] - x[:-1] ** 2
    gradient = np.zeros(n)
    gradient[:-1] = -400.0 * x[:-1] * valley - 2.0 * (1.0 - x[:-1])
    gradient[1:] += 200.0 * valley
    close(dt.jit(dt.grad(rosenbrock))(x), gradient)


def test_a_row_that_is_reduced_is_read_again_in_the_cache() -> None:
    a = np.ones((64, 100))
    plan = str(dt.jit(softmax).plan(a))
    assert plan.count("region (64, 100)") == 1
    assert "max %0 {1} : float64[64]\n" in plan, "the maxima are not written to memory"


def steps_alike(x: Any, W: Any, order: tuple[int, ...]) -> Any:
    """Regions between products: alike but for their arrays, or for which operands are the same,
    how they lie, and which results are read later.
    """
    kept = []
    for k in order:
        y, z = W[0] @ x, W[1] @ x
        match k:
            case 0:
                x = np.tanh(y * z + x)
            case 1:
                x = np.tanh(y * y + x)
            case 2:
                x = np.tanh(y * z + z)
            case 3:
                x = np.tanh(y[::-1] * z + x)
            case 4:
                x = np.tanh(y * z + x[0])
            case 5:
                x = np.tanh(y * z + x)
                kept.append(y * z)
            case 6:
                x = 1.0 * x
                x[2:-1] = np.tanh(y[2:-1] * z[1:-2] + x[3:])
            case _:
                x = np.tanh(y * z + np.sum(x * y))
    return np.sum(x * x) + sum(np.sum(part * W[0, 0]) for part in kept)


@pytest.mark.parametrize("n", [5, 9, 40])
@pytest.mark.parametrize("seed", range(6))
def test_regions_of_one_form_keep_their_own_arrays(n: int, seed: int) -> None:
    """A plan makes regions of one form once: the value by NumPy, the gradient by complex steps."""
    random = np.random.default_rng(seed)
    order = tuple(random.integers(0, 8, size=16))
    x, W = random.normal(size=n), random.normal(size=(2, n, n)) / np.sqrt(n)
    wanted = np.zeros(n)
    for k in range(n):
        moved = x.astype(complex)
        moved[k] += 1e-30j
        wanted[k] = steps_alike(moved, W, order).imag / 1e-30
    value, gradient = dt.value_and_grad(steps_alike)(x, W, order)
    np.testing.assert_allclose(value, steps_alike(x, W, order), rtol=1e-13)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-11, atol=1e-12)


def operand_in_place(x: Any) -> Any:
    return x


def operand_computed(x: Any) -> Any:
    return x * 1.5


def operand_of_rows_apart(x: Any) -> Any:
    return x[:, 1:-1]


def operand_of_a_column(x: Any) -> Any:
    return x[:, :1] + 0.0 * x[0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "operand",
    [operand_in_place, operand_computed, operand_of_rows_apart, operand_of_a_column],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("f", [np.tanh, np.sin, erf], ids=lambda f: f.__name__)
def test_a_function_beside_its_slope_has_the_bits_of_both_alone(
    f: Callable[[Any], Any], operand: Callable[[Any], Any], dtype: type
) -> None:
    """One kernel may compute both: NaN, infinities, signed zeros, tails and subnormals included."""

    def value(x: Any) -> Any:
        return f(operand(x))

    def slope(x: Any) -> Any:
        return dt.grad(lambda u: np.sum(f(u)))(operand(x))

    info = np.finfo(dtype)
    edges = [0.0, np.inf, np.nan, info.max, info.tiny, info.smallest_subnormal, 1e-20, 20.0, 44.0]
    edges += [87.0, 104.0, 354.1, 372.9, 1e6, 1e10]
    random = np.random.default_rng(5)
    x = random.normal(size=(40, 301)) * 10.0 ** random.integers(-3, 3, size=(40, 301))
    x.flat[:: x.size // 800][: 2 * len(edges)] = np.array([*edges, *np.negative(edges)])
    x = x.astype(dtype)
    both = dt.jit(lambda x: (value(x), slope(x)))(x)
    alone = dt.jit(value)(x), dt.jit(slope)(x)
    for given, wanted in zip(both, alone, strict=True):
        assert np.asarray(given).tobytes() == np.asarray(wanted).tobytes()
