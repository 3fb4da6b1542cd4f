"""Orders that SciPy takes as integers: fractions of plain numbers are cut off, traced orders have
no derivative.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.special

import dualtape as dt
from dualtape import DerivativeError

X = np.array([0.4, 1.5, 6.0])
P = np.array([0.1, 0.35, 0.8])
ORDERS: list[Any] = [0.0, 2.0, 2.7, -2.7, -0.5, np.float32(3.9), np.array([1.2, 2.0, 3.8])]


def scipys(name: str, *args: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(scipy.special, name)(*args)


def ours(name: str, *args: Any) -> tuple[Any, bool]:
    """Value of a traced last argument, and whether there was a warning."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        value, _ = dt.jvp(
            lambda x: getattr(dt.scipy.special, name)(*args[:-1], x),
            args[-1:], (np.ones_like(args[-1]),),
        )  # fmt: skip
    return value, any(issubclass(w.category, RuntimeWarning) for w in seen)


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("name", ["kn", "yn"])
def test_bessel_orders(name: str, order: Any) -> None:
    value, warned = ours(name, order, X)
    np.testing.assert_allclose(value, scipys(name, order, X), rtol=1e-11)
    assert warned == bool(np.any(np.trunc(order) != order))


@pytest.mark.parametrize("n", [5.0, 5.7, np.array([3.2, 4.0, 6.9])], ids=str)
@pytest.mark.parametrize("k", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("name", ["bdtr", "bdtrc", "nbdtr", "nbdtrc"])
def test_numbers_of_trials(name: str, k: float, n: Any) -> None:
    value, _ = ours(name, k, n, P)
    np.testing.assert_allclose(value, scipys(name, k, n, P), rtol=1e-12)


@pytest.mark.parametrize("name", ["kn", "yn"])
def test_derivative_is_that_of_the_whole_order(name: str) -> None:
    function = getattr(dt.scipy.special, name)
    with pytest.warns(RuntimeWarning, match="truncated"):
        slope = dt.grad(lambda x: function(2.7, x))(1.5)
    h = 1e-5
    wanted = (scipys(name, 2, 1.5 + h) - scipys(name, 2, 1.5 - h)) / (2 * h)
    assert slope == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("name", ["kn", "yn"])
def test_traced_orders_have_no_derivative(name: str) -> None:
    with pytest.raises(DerivativeError, match="order"):
        dt.grad(lambda n: getattr(dt.scipy.special, name)(n, 1.5))(2.5)


def test_dtype_is_that_of_the_argument() -> None:
    x = X.astype(np.float32)
    with pytest.warns(RuntimeWarning, match="truncated"):
        assert dt.jit(lambda x: dt.scipy.special.kn(2.7, x))(x).dtype == np.float32
