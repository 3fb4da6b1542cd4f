"""Sorting, searching and running extrema: every type, length and layout, and their edge points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt
import dualtape.numpy as dnp

inf, nan = np.inf, np.nan

# Lengths below and above those at which the way of sorting changes.
LENGTHS = [0, 1, 2, 31, 33, 500, 513, 3000, 70_000]
DTYPES = [np.float64, np.float32, np.int64, np.int8, np.uint64, np.uint8, np.bool_]


def draw(shape: Any, dtype: Any) -> NDArray[Any]:
    values = np.random.default_rng(5).normal(scale=50, size=shape)
    return np.abs(values).astype(dtype) if np.dtype(dtype).kind in "ub" else values.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", LENGTHS)
def test_sort_and_stable_argsort_are_numpys(n: int, dtype: Any) -> None:
    x = draw(n, dtype)
    if n > 40:  # ties
        x[n // 3 : n // 2] = x[0]
    values, order = dt.jit(lambda x: (dnp.sort(x), dnp.argsort(x)))(x)
    assert values.dtype == dtype
    assert order.dtype == np.int64
    assert np.array_equal(values, np.sort(x))
    assert np.array_equal(order, np.argsort(x, stable=True))


@pytest.mark.parametrize("n", [12, 300, 2000])
def test_nan_come_last_and_zeros_of_both_signs_are_equal(n: int) -> None:
    x = draw(n, np.float64)
    x[::3] = nan
    x[1::6], x[4::6], x[2], x[5] = 0.0, -0.0, inf, -inf
    values, order = dt.jit(lambda x: (dnp.sort(x), dnp.argsort(x)))(x)
    assert np.array_equal(values, np.sort(x), equal_nan=True)
    assert np.array_equal(order, np.argsort(x, stable=True))
    assert np.signbit(values).sum() == np.signbit(x).sum()


def stable_argsort(x: Any, axis: int) -> Any:
    return np.argsort(x, axis=axis, stable=True)


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda x: x,
    "transposed": lambda x: x.T,
    "reversed": lambda x: x[::-1, ::-1],
    "every other": lambda x: x[..., ::2],
    "repeated": lambda x: np.broadcast_to(x[:1], x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "function", [np.sort, stable_argsort, np.cumprod, np.maximum.accumulate, np.minimum.accumulate]
)
def test_every_axis_of_every_layout(function: Callable[..., Any], layout: str) -> None:
    lay = LAYOUTS[layout]
    for shape in [(1, 1), (3, 5), (200, 3), (2, 700), (4, 5, 70), (1300, 2), (3, 0)]:
        for dtype in (np.float64, np.float32, np.int32):
            x = draw(shape, dtype)
            if function is np.cumprod:  # near one: no overflow
                x = (1 + x / 1e4).astype(dtype)
            for axis in range(x.ndim):
                wanted = function(lay(x), axis=axis)
                actual = dt.jit(lambda x, axis=axis: function(lay(x), axis=axis))(x)
                assert actual.dtype == wanted.dtype
                assert np.array_equal(actual, wanted), (shape, axis)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_searchsorted_is_numpys(dtype: Any, side: Any) -> None:
    a, v = np.sort(draw(50, dtype)), draw((7, 400), dtype)
    v[0, :50], v[1, 0] = a, a[0]
    if dtype != np.int64:
        a[-3:], v[2, :2] = nan, nan
    search = dt.jit(lambda a, v: np.searchsorted(a, v, side=side))
    assert np.array_equal(search(a, v), np.searchsorted(a, v, side=side))
    assert np.array_equal(search(a[::-1][::-1], v.T[::2]), np.searchsorted(a, v.T[::2], side=side))
    assert search(a, v[0, 0]) == np.searchsorted(a, v[0, 0], side=side)
    assert np.array_equal(search(a[:0], v), np.zeros(v.shape))
    rows = dt.vmap(lambda a, v: np.searchsorted(a, v, side=side))(np.stack([a, a + a]), v[:2])
    assert np.array_equal(rows[1], np.searchsorted(a + a, v[1], side=side))


def test_tangents_of_ties_stay_in_order() -> None:
    x = np.array([1.0, 0.0, 1.0, 1.0])
    y_dot = dt.jvp(np.sort, (x,), (np.array([10.0, 20.0, 30.0, 40.0]),))[1]
    assert y_dot.tolist() == [20.0, 10.0, 30.0, 40.0]


def test_running_extrema_share_ties_as_maximum_does() -> None:
    x = np.array([1.0, 3.0, 3.0, 2.0, 3.0])

    def loop(x: Any) -> Any:
        y = [x[0]]
        for k in range(1, 5):
            y.append(np.maximum(y[-1], x[k]))
        return dnp.stack(y)

    assert np.array_equal(dt.jacobian(np.maximum.accumulate)(x), dt.jacobian(loop)(x))
    assert dt.jacobian(np.maximum.accumulate)(x)[-1].tolist() == [0, 0.25, 0.25, 0, 0.5]


def test_running_maximum_keeps_the_first_nan() -> None:
    x = np.array([1.0, nan, 3.0])
    assert np.array_equal(dt.jit(np.maximum.accumulate)(x), [1.0, nan, nan], equal_nan=True)


def test_running_product_is_right_with_any_number_of_zeros() -> None:
    x = np.array([2.0, 0.0, 3.0, 0.0, 5.0])
    jacobian = dt.jacobian(np.cumprod)(x)
    wanted = np.zeros((5, 5))
    for i in range(5):
        for j in range(i + 1):
            wanted[i, j] = np.prod(np.delete(x[: i + 1], j))
    assert np.array_equal(jacobian, wanted)
    assert np.signbit(dt.jit(np.cumprod)(np.array([-1.0, 0.0, 2.0]))).tolist() == [1, 1, 1]


def test_methods() -> None:
    x = np.array([3.0, 1.0, 2.0])

    def f(x: Any) -> Any:
        y = x.copy()
        assert y.sort() is None
        z = x.copy()
        z.partition(1)
        return y * x.argsort() + x[x.argpartition(0)[0]] * y.searchsorted(2.0) + z[0]

    assert dt.grad(lambda x: f(x).sum())(x).tolist() == [0.0, 7.0, 2.0]
    with pytest.raises(ValueError, match="kth=3 is out of bounds for an axis of length 3"):
        dt.grad(lambda x: np.partition(x, 3)[0])(x)
    with pytest.raises(np.exceptions.AxisError):
        dt.grad(lambda x: np.sort(x, axis=1)[0])(x)
    with pytest.raises(ValueError, match="side must be 'left' or 'right', got 'up'"):
        dt.grad(lambda x: x[np.searchsorted(x, 1.0, side="up")])(x)


def test_an_index_out_of_range_is_refused_under_vmap_too() -> None:
    x, index = np.arange(6.0).reshape(2, 3), np.array([[0], [-4]])
    for places in (index, -index):
        with pytest.raises(IndexError):
            dt.vmap(lambda x, i: x[i])(x, places)
    assert dt.vmap(lambda x, i: x[i])(x, index + 1).ravel().tolist() == [1.0, 3.0]
