"""Every function of the table, in both spellings: value, forward, reverse, second order, batched.

References: NumPy and SciPy for values, complex step or central differences for derivatives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from function_table import ROWS, Entry
from table_checks import (
    check_batched,
    check_pullback,
    check_pushforward,
    check_second_derivative,
    check_second_order,
    copies,
    directions,
    weighted,
)

import dualtape as dt

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


def rows(which: list[Entry]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", which, ids=[entry.id for entry in which])


def check_value(entry: Entry, f: Any, dtype: Any) -> None:
    args = tuple(x.astype(dtype) for x in entry.row.args)
    wanted = entry.plain(*copies(args))
    given: list[Any] = []

    def kept(*xs: Any) -> Any:
        given.append(f(*xs))
        return given[-1]

    actual = dt.vjp(kept, *args)[0]
    assert isinstance(given[0], dt.Tracer)
    assert given[0].dtype == np.asarray(wanted).dtype
    assert isinstance(actual, np.ndarray) == isinstance(wanted, np.ndarray)
    assert np.shape(actual) == np.shape(wanted)
    eps = float(np.finfo(dtype).eps)
    ulps = entry.row.ulps
    np.testing.assert_allclose(actual, wanted, rtol=ulps * eps, atol=0.2 * ulps * eps)


@rows(ROWS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_value_is_that_of_the_plain_function(entry: Entry, dtype: Any) -> None:
    check_value(entry, entry.ours, dtype)


@rows([entry for entry in ROWS if entry.row.plain])
def test_plain_spelling_is_recorded(entry: Entry) -> None:
    check_value(entry, entry.plain, np.float64)


@rows([entry for entry in ROWS if not entry.row.plain])
def test_spelling_that_is_not_recorded_says_so(entry: Entry) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError), match=r"dualtape|traced|record"):
        dt.vjp(entry.plain, *entry.row.args)


@rows(ROWS)
def test_without_traced_values_it_is_the_plain_function(entry: Entry) -> None:
    ours, wanted = entry.ours(*copies(entry.row.args)), entry.plain(*copies(entry.row.args))
    assert type(ours) is type(wanted)
    np.testing.assert_array_equal(ours, wanted)


@rows(ROWS)
def test_pushforward_is_the_directional_derivative(entry: Entry) -> None:
    check_pushforward(entry.ours, entry.plain, entry.row.args, entry.row.analytic, 1e-11)


@rows(ROWS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_pullback_is_transpose_of_pushforward(entry: Entry, dtype: Any) -> None:
    check_pullback(entry.ours, tuple(x.astype(dtype) for x in entry.row.args), entry.row.ulps / 4)


@rows([entry for entry in ROWS if entry.row.batch])
def test_batched_is_the_loop(entry: Entry) -> None:
    check_batched(entry.ours, entry.row.args, 1e-12, sizes=(3,), empty=False)


@rows([entry for entry in ROWS if entry.row.batch])
def test_batched_gradient_is_the_loop(entry: Entry) -> None:
    gradient = dt.grad(weighted(entry.ours), tuple(range(len(entry.row.args))))

    def first(*args: Any) -> Any:
        return gradient(*args)[0]

    check_batched(first, entry.row.args, 1e-11, sizes=(3,), empty=False)


@rows([entry for entry in ROWS if entry.row.twice])
def test_second_order_is_symmetric_and_independent_of_mode(entry: Entry) -> None:
    check_second_order(entry.ours, entry.row.args, 1e-9)


@rows([entry for entry in ROWS if entry.row.twice])
def test_second_order_is_the_difference_of_gradients(entry: Entry) -> None:
    check_second_derivative(entry.ours, entry.row.args)


def unusual(x: Any, kind: str) -> Any:
    """The same numbers in other memory."""
    if kind == "fortran":
        return np.array(x, order="F")
    if kind == "reversed":
        return x[::-1].copy()[::-1] if x.ndim else x
    y = x.copy()
    y.setflags(write=False)
    return y


@rows(ROWS)
@pytest.mark.parametrize("kind", ["fortran", "reversed", "read-only"])
def test_memory_order_does_not_matter(entry: Entry, kind: str) -> None:
    args = entry.row.args
    y, pullback = dt.vjp(entry.ours, *args)
    other, other_pullback = dt.vjp(entry.ours, *(unusual(x, kind) for x in args))
    (y_bar,) = directions((np.asarray(y),), seed=1)
    np.testing.assert_array_equal(other, y)
    for given, wanted in zip(other_pullback(y_bar), pullback(y_bar), strict=True):
        np.testing.assert_allclose(given, wanted, rtol=1e-14, atol=1e-15)
