"""Two products of one matrix with vectors as one step: values against NumPy, the bits of the
products by themselves, and only where neither needs the other. Products of narrow matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt

DTYPES = (np.float64, np.float32)
# Around groups of 4 and 8 rows, registers of all levels, pieces of 2048 columns.
SHAPES = [(16, 1024), (17, 1025), (18, 1031), (19, 2047), (23, 2049), (16, 4111), (130, 131)]
SHAPES += [(1001, 16), (1002, 17), (600, 31), (500, 47), (333, 49), (257, 255), (301, 257)]

LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "rows": lambda a: a,
    "columns": lambda a: np.asfortranarray(a),
    "part of the columns": lambda a: np.hstack([a, a])[:, 3 : 3 + a.shape[1]],
    "every second row": lambda a: np.repeat(a, 2, axis=0)[::2],
}


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def tolerance(dtype: Any, length: int) -> float:
    return float(np.finfo(dtype).eps * 4 * length**0.5 * 10)


def joined(fun: Callable[..., Any], *args: Any) -> int:
    return str(dt.jit(fun).plan(*args)).count("read once")


# Of a matrix as an argument of the function; layouts of arguments are those of the plan's views.
PAIRS: dict[str, Callable[..., Any]] = {
    "both sides": lambda a, v, w: (a @ v, w @ a),
    "transposed": lambda a, v, w: (a.T @ w, a @ v),
    "strided vectors": lambda a, v, w: (a @ v[::-1], a.T @ w[::-1]),
    "columns of matrices": lambda a, v, w: (a @ v[:, None], w[None, :] @ a),
    "of a transposed": lambda a, v, w: (a.T.T @ v, w @ a.T.T),
    "along rows": lambda a, v, w: (a @ v, a @ (v * 2)),
    "along columns": lambda a, v, w: (w @ a, a.T @ (w - 1)),
    "a part": lambda a, v, w: (a[:, 1:] @ v[1:], w @ a[:, 1:]),
    "other matrices": lambda a, v, w: (a[:, 1:] @ v[1:], w @ a[:, :-1]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PAIRS)
def test_values_and_bits_of_two_products(name: str, shape: tuple[int, int], dtype: Any) -> None:
    pair = PAIRS[name]
    a, v, w = (x.astype(dtype) for x in (normal(*shape), normal(shape[1]), normal(shape[0])))
    results = dt.jit(pair)(a, v, w)
    for k, (got, wanted) in enumerate(zip(results, pair(a, v, w), strict=True)):
        np.testing.assert_allclose(
            got, wanted, rtol=0, atol=tolerance(dtype, max(shape)) * np.abs(wanted).max()
        )
        alone = dt.jit(lambda a, v, w, k=k: pair(a, v, w)[k])(a, v, w)
        assert np.asarray(got).tobytes() == np.asarray(alone).tobytes()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_layouts_of_a_captured_matrix(layout: str, dtype: Any) -> None:
    a = LAYOUTS[layout](normal(203, 207).astype(dtype))
    v, w = normal(207).astype(dtype), normal(203).astype(dtype)

    def f(v: Any, w: Any) -> Any:
        return a @ v, w @ a

    assert joined(f, v, w) == 1
    for got, wanted in zip(dt.jit(f)(v, w), f(v, w), strict=True):
        np.testing.assert_allclose(
            got, wanted, rtol=0, atol=tolerance(dtype, 207) * np.abs(wanted).max()
        )


def test_which_products_are_joined() -> None:
    a, v, w = normal(203, 207), normal(207), normal(203)
    assert joined(PAIRS["both sides"], a, v, w) == 1
    assert joined(PAIRS["transposed"], a, v, w) == 1
    assert joined(PAIRS["a part"], a, v, w) == 1
    assert joined(PAIRS["other matrices"], a, v, w) == 0
    # The second needs the first.
    assert joined(lambda a, v: a.T @ np.sin(a @ v), a, v) == 0
    assert joined(lambda a, v: a.T @ (a @ v + np.sum(v)), a, v) == 0
    # Two pairs; three products make one pair and one that is left.
    assert joined(lambda a, v, w: (a @ v, w @ a, a @ (2 * v), (w - 1) @ a), a, v, w) == 2
    assert joined(lambda a, v, w: (a @ v, w @ a, w * 2 @ a), a, v, w) == 1
    # Small, or of integers.
    assert joined(PAIRS["both sides"], normal(20, 20), normal(20), normal(20)) == 0
    integers = np.ones((203, 207), int)
    assert joined(PAIRS["both sides"], integers, integers[0], integers[:, 0]) == 0


def test_steps_between_two_products_keep_their_order() -> None:
    """The first one is read before the second's vector is made, by steps the second needs not."""

    def f(a: Any, v: Any, w: Any) -> Any:
        y = a @ v
        early = np.sum(np.tanh(y)) * y
        w = np.sort(np.cumsum(w))
        late = w @ a
        return early, np.cumsum(y), w, late, late * np.sum(y)

    a, v, w = normal(150, 200), normal(200), normal(150)
    assert joined(f, a, v, w) == 1
    for got, wanted in zip(dt.jit(f)(a, v, w), f(a, v, w), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)


def test_results_that_die_and_results_updated_in_place() -> None:
    def f(a: Any, v: Any, w: Any) -> Any:
        y, z = a @ v, w @ a
        y = np.exp(-y * y) + w
        z = z * v + 1
        return np.sum(y) + np.sum(z), a @ z, y @ a

    a, v, w = normal(150, 200) / 20, normal(200), normal(150)
    assert joined(f, a, v, w) == 2
    for got, wanted in zip(dt.jit(f)(a, v, w), f(a, v, w), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype", DTYPES)
def test_hessian_times_vector_of_a_form(dtype: Any) -> None:
    a = normal(211, 211).astype(dtype)
    x, v = normal(2, 211, seed=1).astype(dtype)

    def f(x: Any, a: Any) -> Any:
        return 0.5 * x @ (a @ x) + np.sum(np.cos(x))

    product = dt.jit(lambda x, v, a: dt.hvp(lambda x: f(x, a), (x,), (v,)))
    wanted = 0.5 * (a @ v + v @ a) - np.cos(x) * v
    np.testing.assert_allclose(
        product(x, v, a), wanted, rtol=0, atol=tolerance(dtype, 211) * np.abs(wanted).max()
    )
    assert str(product.plan(x, v, a)).count("read once") == 1


def test_infinite_and_missing_numbers_stay_in_their_rows_and_columns() -> None:
    a, v, w = normal(203, 207), normal(207), normal(203)
    a[7, 11], a[100, 200] = np.nan, np.inf
    rows, columns = dt.jit(PAIRS["both sides"])(a, v, w)
    np.testing.assert_array_equal(np.flatnonzero(~np.isfinite(rows)), [7, 100])
    np.testing.assert_array_equal(np.flatnonzero(~np.isfinite(columns)), [11, 200])
    zeros = dt.jit(PAIRS["both sides"])(-np.abs(a), 0 * v, 0 * w)
    assert np.isnan(zeros[0][7])
    assert np.isnan(zeros[1][200])


def test_loop_of_many_products_plans_and_runs() -> None:
    a = normal(100, 100) / 10

    def f(v: Any, w: Any) -> Any:
        for _ in range(100):
            v, w = np.tanh(a @ v), np.tanh(w @ a)
        return v, w

    v, w = normal(2, 100)
    assert joined(f, v, w) == 100
    for got, wanted in zip(dt.jit(f)(v, w), f(v, w), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [*range(1, 35), 63])
def test_vector_times_a_narrow_matrix(columns: int, dtype: Any) -> None:
    """Several chains of sums, in registers that are partly filled."""
    product = dt.jit(lambda w, a: w @ a)
    for rows in [*range(1, 28), 100, 1001]:
        a, w = normal(rows, columns).astype(dtype), normal(2 * rows, seed=1).astype(dtype)
        wanted = w[:rows].astype(float) @ a.astype(float)
        got = product(w[:rows], a)
        np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance(dtype, rows) * 3)
        # The same bits wherever the operands lie.
        wide = np.hstack([a[:, :1], a, a])[:, 1 : 1 + columns]
        captured = np.repeat(w[:rows], 2)[::2]
        for other in (
            dt.jit(lambda w, b=wide: w @ b)(w[:rows]),
            dt.jit(lambda a, c=captured: c @ a)(a),
        ):
            assert np.asarray(other).tobytes() == np.asarray(got).tobytes()
        turned = dt.jit(lambda w, a: a.T @ w)(w[:rows], a)
        np.testing.assert_allclose(turned, wanted, rtol=0, atol=tolerance(dtype, rows) * 3)
    a[3, 0], w[5] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        wanted = w[:rows] @ a
    np.testing.assert_array_equal(np.isfinite(product(w[:rows], a)), np.isfinite(wanted))
