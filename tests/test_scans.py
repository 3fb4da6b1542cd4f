"""cumsum, argmax and argmin along every axis of arrays that lie in memory in every way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt

# Lines of one element, of a few, longer than a vector, of several blocks; rows wider than those
# done together.
SHAPES = [(1, 1), (3, 5), (200, 3), (2, 700), (4, 5, 70), (2, 3, 300), (130, 1), (3, 5000)]
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda x: x,
    "transposed": lambda x: x.T,
    "reversed": lambda x: x[::-1, ::-1],
    "every other": lambda x: x[..., ::2],
}


def draw(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    values = np.random.default_rng(4).integers(-40, 40, size=shape)
    return values.astype(dtype)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.int8, np.bool_])
@pytest.mark.parametrize("name", ["argmax", "argmin", "cumsum"])
def test_every_axis_agrees_with_numpy(name: str, dtype: Any, layout: str) -> None:
    function, lay = getattr(np, name), LAYOUTS[layout]
    for shape in SHAPES:
        x = draw(shape, dtype)  # with many ties: the first one counts
        for axis in range(x.ndim):
            wanted = function(lay(x), axis=axis)
            actual = dt.jit(lambda x, axis=axis: function(lay(x), axis=axis))(x)
            assert actual.dtype == wanted.dtype
            assert np.array_equal(actual, wanted), (shape, axis)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("n", [4, 90, 700])
def test_first_nan_wins(name: str, dtype: Any, n: int) -> None:
    function = getattr(np, name)
    x = draw((n, n), dtype)
    x[n // 2, 1] = x[n - 1, 1] = x[2, n - 1] = np.nan
    x[1, 2] = np.inf
    x[1, 0] = -np.inf
    for axis in (0, 1):
        actual = dt.jit(lambda x, axis=axis: function(x, axis=axis))(x)
        assert np.array_equal(actual, function(x, axis=axis))


def test_running_sum_backwards_is_the_derivative_of_a_running_sum() -> None:
    x, y_bar = draw((6, 50), np.float64), draw((6, 50), np.float64)
    for axis in (0, 1):
        pullback = dt.vjp(lambda x, axis=axis: np.cumsum(x, axis=axis), x)[1]
        wanted = np.flip(np.cumsum(np.flip(y_bar, axis), axis), axis)
        assert np.array_equal(np.squeeze(pullback(y_bar)), wanted)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["argmax", "argmin", "max", "min"])
def test_extrema_and_their_places_in_long_lines_agree_with_numpy(name: str, dtype: Any) -> None:
    function = getattr(np, name)
    compiled = dt.jit(lambda x: function(x))
    sign = 1 if name.endswith("max") else -1
    for places in ([0], [2047, 2048], [2048, 4096], [5000], [9999, 4]):
        for value in (100.0, np.inf, np.nan):
            x = draw((10000,), dtype)
            x[places] = sign * value
            np.testing.assert_array_equal(compiled(x), function(x))
    x = draw((10000,), dtype)
    x[[3000, 7000]] = [np.nan, sign * np.inf]  # a NaN wins, also before an infinity
    np.testing.assert_array_equal(compiled(x), function(x))
    x[[3000, 7000]] = [sign * np.inf, np.nan]
    np.testing.assert_array_equal(compiled(x), function(x))
