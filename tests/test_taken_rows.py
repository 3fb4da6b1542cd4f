"""Rows of a table at integer indices, read by regions block by block, against NumPy.

Lengths of rows lie around what is copied at once; a block begins and ends within a row where they
do not divide it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt

ROWS = 50
WIDTHS = (None, 1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 17, 31, 32, 33, 127, 600, 5000)
COUNTS = (1, 2, 3, 63, 64, 65, 1000, 4001)
DTYPES = ("float64", "float32", "complex128")

# What is read of a table x at indices i and j: the rows alone, with one another, added up.
CASES: dict[str, Callable[..., Any]] = {
    "square": lambda x, i, j: x[i] * x[i],
    "difference": lambda x, i, j: x[i] - x[j],
    "taken twice": lambda x, i, j: np.sin(x[i]) * x[i] + x[i] / 3.0,
    "of a computed table": lambda x, i, j: (2.0 * x)[i] * 3.0 + (2.0 * x)[j],
    "from the end": lambda x, i, j: x[i - ROWS] * 2.0 + x[j],
    "np.take": lambda x, i, j: np.take(x, i, axis=0) - np.take(x, j, axis=0) * 0.5,
    "every second row": lambda x, i, j: x[::2][i // 2] + x[j],
    "backwards": lambda x, i, j: x[::-1][i] * 2.0,
    "other axes": lambda x, i, j: x.T.T[i] - np.reshape(x, (ROWS, -1))[j].reshape(x[i].shape),
    "rows of rows": lambda x, i, j: x[i[j % len(i)]] + x[i],
    "chained": lambda x, i, j: x[i][j % len(i)] + x[j],
    "a table of indices": lambda x, i, j: x[np.stack([i, j], axis=1)] ** 2,
    "total": lambda x, i, j: np.sum(x[i]) + np.sum(x[j] * x[i]),
    "sums of rows": lambda x, i, j: np.sum(x[i].reshape(len(i), -1) ** 2, axis=1),
    "sums over rows": lambda x, i, j: np.sum(x[i], axis=0) + np.sum(x[j] * x[i], axis=0),
    "sum of a triple": lambda x, i, j: np.sum(x[np.stack([i, j, i])], axis=0) + x[j],
    "sum of pairs": lambda x, i, j: np.sum(x[np.stack([i, j], axis=1)], axis=1),
    "added up and read": lambda x, i, j: x[i] + x[j] * np.sum(x[i]),
}  # fmt: skip


def indices(count: int, seed: int = 1) -> Any:
    """Not sorted, some more than once."""
    return np.random.default_rng(seed).integers(0, ROWS, count)


def table(width: int | None, dtype: str = "float64") -> Any:
    """Sums do not cancel."""
    random = np.random.default_rng(width or 0)
    shape = (ROWS,) if width is None else (ROWS, width)
    x = 0.5 + random.random(shape)
    return (x + 0.2j * random.random(shape) if dtype == "complex128" else x).astype(dtype)


def close(given: Any, wanted: Any, what: str) -> None:
    assert np.shape(given) == np.shape(wanted), what
    eps = np.finfo(np.asarray(wanted).dtype).eps
    scale = np.max(np.abs(wanted), initial=1.0)
    np.testing.assert_allclose(given, wanted, rtol=0, atol=400 * eps * scale, err_msg=what)


@pytest.mark.parametrize("width", WIDTHS)
def test_rows_in_regions_are_what_numpy_takes(width: int | None) -> None:
    for dtype in DTYPES:
        x = table(width, dtype)
        for count in COUNTS if (width or 0) < 100 else COUNTS[:-2]:
            i, j = indices(count), indices(count, 2)
            for name, f in CASES.items():
                given = dt.jit(lambda x, f=f, i=i, j=j: f(x, i, j))(x)
                close(given, f(x, i, j), f"{name} {dtype} {count}")


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "float32", "complex64"])
def test_rows_of_any_type(dtype: str) -> None:
    x, i = (table(3) * 4).astype(dtype), indices(700)
    given = dt.jit(lambda x: (np.where(x[i] == x[::-1][i], x[i], x[i]), x[i] != 0))(x)
    for a, b in zip(given, (x[i], x[i] != 0), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_result_does_not_take_the_memory_of_the_table() -> None:
    """Each row is read after the ones before it are written; the table is of the result's size."""
    for width in (None, 1, 3, 16):
        n = 3000
        i = np.random.default_rng(0).permutation(n)[::-1]
        x = np.random.default_rng(1).normal(size=(n,) if width is None else (n, width))

        def f(x: Any, i: Any = i) -> Any:
            y = x * 2.0
            return np.sum(y) + 0.0, (y[i] + 1.0) * 3.0

        np.testing.assert_array_equal(dt.jit(f)(x)[1], (x[i] * 2.0 + 1.0) * 3.0)


def pair_energy(x: Any, q: Any, i: Any, j: Any) -> Any:
    """A value for each row - of the charges - is taken where rows have been added up."""
    d = x[i] - x[j]
    r = np.sqrt(np.sum(d * d, axis=1) + 0.1)
    return np.sum(q[i] * q[j] / r)


@pytest.mark.parametrize("count", [2, 3, 100, 5001])
def test_pair_energy(count: int) -> None:
    i, j = indices(count), indices(count, 2)
    x, q = table(3), table(None)
    close(dt.jit(pair_energy)(x, q, i, j), pair_energy(x, q, i, j), "value")
    value, (x_bar, q_bar) = dt.jit(dt.value_and_grad(pair_energy, (0, 1)))(x, q, i, j)
    close(value, pair_energy(x, q, i, j), "value")
    for argument, bar in enumerate((x_bar, q_bar)):
        for k in np.ndindex(*bar.shape[:1]):
            args: list[Any] = [x.astype(complex), q.astype(complex)]
            at = (*k, 1) if argument == 0 else k
            args[argument][at] += 1e-30j
            wanted = pair_energy(*args, i, j).imag / 1e-30
            assert abs(bar[at] - wanted) <= 1e-12 * np.max(np.abs(bar))


@pytest.mark.parametrize("name", CASES)
def test_gradients_by_the_complex_step(name: str) -> None:
    i, j = indices(70), indices(70, 2)
    for width in (None, 3, 16):
        x = table(width)
        w = np.random.default_rng(3).normal(size=np.shape(CASES[name](x, i, j)))

        def f(x: Any, w: Any = w) -> Any:
            return np.sum(w * CASES[name](x, i, j) ** 2)

        x_bar = dt.jit(dt.grad(f))(x)
        v = np.random.default_rng(4).normal(size=x.shape)
        wanted = f(x + 1e-30j * v).imag / 1e-30
        terms = np.sum(np.abs(x_bar * v))
        assert abs(np.sum(x_bar * v) - wanted) <= 1e-13 * terms
        # Second order: the gradient along v, as a gradient and by a difference.
        hv = dt.jit(lambda x, f=f, v=v: dt.hvp(f, (x,), (v,)))(x)
        over = dt.jit(dt.grad(lambda x, f=f, v=v: np.sum(dt.grad(f)(x) * v)))(x)
        close(hv, over, name)
        h = 1e-5
        difference = (dt.grad(f)(x + h * v) - dt.grad(f)(x - h * v)) / (2 * h)
        np.testing.assert_allclose(hv, difference, rtol=0, atol=1e-7 * np.max(np.abs(hv)))


def test_batches() -> None:
    i, j = indices(40), indices(40, 2)
    for width in (None, 3, 16):
        tables = np.stack([table(width) * k for k in (1.0, 2.0, -3.0)])
        for name, f in CASES.items():
            given = dt.jit(dt.vmap(lambda x, f=f: f(x, i, j)))(tables)
            close(given, np.stack([f(x, i, j) for x in tables]), name)
        many = np.stack([i, j, i[::-1]])
        given = dt.jit(dt.vmap(lambda x, i: x[i] * x[i] + 1.0))(tables, many)
        wanted = np.stack([x[k] * x[k] + 1.0 for x, k in zip(tables, many, strict=True)])
        np.testing.assert_array_equal(given, wanted)


def test_fused_rows_have_the_bits_of_rows_that_are_results() -> None:
    """What is returned as well is a step of its own."""
    for dtype in ("float32", "float64"):
        for width in (None, 1, 3, 16, 17):
            x, i, j = table(width, dtype), indices(5003), indices(5003, 2)

            def f(x: Any, i: Any = i, j: Any = j) -> Any:
                return np.tanh(x[i] - x[j]) * x[j]

            apart = dt.jit(lambda x, f=f, i=i, j=j: (f(x), x[i], x[j]))
            np.testing.assert_array_equal(dt.jit(f)(x), apart(x)[0])


@pytest.mark.parametrize("width", [None, 3, 16])
def test_same_bits_for_any_number_of_threads(width: int | None) -> None:
    x, i, j = table(width), indices(300_000 // (width or 1)), indices(300_000 // (width or 1), 2)

    def f(x: Any) -> Any:
        return np.sum(np.exp(-((x[i] - x[j]) ** 2)))

    both = dt.jit(dt.value_and_grad(f))
    before = dt.get_num_threads()
    try:
        dt.set_num_threads(1)
        value, x_bar = both(x)
        dt.set_num_threads(2)
        for _ in range(3):
            again = both(x)
            assert again[0] == value
            np.testing.assert_array_equal(again[1], x_bar)
    finally:
        dt.set_num_threads(before)


@pytest.mark.parametrize("bad", [ROWS, -ROWS - 1, 2**62, -(2**62)])
@pytest.mark.parametrize("at", [0, 30, 64, 4999])
def test_an_index_out_of_bounds_is_an_error(bad: int, at: int) -> None:
    """Of an argument: it is seen as the rows are read."""
    for width in (None, 3, 16):
        x, i = table(width), indices(5000)
        f = dt.jit(lambda x, i: np.sum(np.cos(x[i])))
        close(f(x, i), np.sum(np.cos(x[i])), "before")
        i[at] = bad
        with pytest.raises(IndexError, match=f"index {bad} is out of bounds .* size {ROWS}"):
            f(x, i)
        i[at] = -1
        close(f(x, i), np.sum(np.cos(x[i])), "after")


@pytest.mark.parametrize("width", [*WIDTHS, 9, 10, 11, 13, 14, 20, 63, 64, 65])
def test_rows_are_added_in_the_order_of_the_indices(width: int | None) -> None:
    """With NumPy's bits, onto zeros and onto what is there."""
    for dtype in (*DTYPES, "int64", "int32"):
        x = (table(width) * 100).astype(dtype)
        for count in (1, 3, 64, 130, 501):
            i = indices(count) - ROWS // 2
            v = (np.random.default_rng(count).normal(size=x[i].shape) * 100).astype(dtype)

            def add(x: Any, v: Any, i: Any = i) -> Any:
                y = x * 1
                np.add.at(y, i, v)
                return y

            np.testing.assert_array_equal(dt.jit(add)(x, v), add(x, v))
            if "int" in dtype:
                continue
            x_bar = dt.jit(lambda x, v, i=i: dt.vjp(lambda x: x[i], x)[1](v)[0])(x, v)
            wanted = np.zeros_like(x)
            np.add.at(wanted, i, v)
            np.testing.assert_array_equal(x_bar, wanted)
