"""gammaln, digamma, polygamma and erfc all over their range, against mpmath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mp
from numpy.typing import NDArray

import dualtape as dt
from dualtape._core import polygamma as recorded_polygamma
from dualtape.scipy import special

ORDERS = (1, 2, 3, 4, 7, 20)
ROOT = 1.4616321449683622  # of digamma


def uniform(lo: float, hi: float) -> NDArray[Any]:
    return np.random.default_rng(2).uniform(lo, hi, size=40)


def powers(lo: float, hi: float) -> NDArray[Any]:
    return 10.0 ** uniform(lo, hi)


def near(*points: float) -> NDArray[Any]:
    steps = 10.0 ** np.linspace(-16, -2, 8)
    return np.concatenate([[x, *(x + steps), *(x - steps)] for x in points])


POSITIVE = {
    "tiny": powers(-300, -3),
    "below-1": uniform(0, 1),
    "about-zeros": near(1, 2, ROOT),
    "1-to-8": uniform(1, 8),
    "about-seams": near(3, 4, 5, 8, 14, 17),
    "up-to-100": uniform(8, 100),
    "large": powers(2, 300),
}
NEGATIVE = {
    "tiny": -powers(-300, -3),
    "about-poles": near(-1, -2, -10),
    "above-minus-1": uniform(-1, 0),
    "above-minus-3": uniform(-3, -1),
    "down-to-minus-40": uniform(-40, -3),
}


def log_gamma(x: Any) -> Any:
    return mpmath.loggamma(x) if x > 0 else mpmath.log(abs(mpmath.gamma(x)))


def polygamma(n: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return lambda x: recorded_polygamma(n, x), lambda x: mpmath.psi(n, x)


FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "gammaln": (special.gammaln, log_gamma),
    "digamma": (special.digamma, mpmath.digamma),
    **{f"polygamma{n}": polygamma(n) for n in ORDERS},
}
ERFC = {
    "middle": uniform(-6, 6),
    "tail": uniform(6, 26),
    "seams": near(-0.5, 0.5),
    "tiny": powers(-300, -3),
}


def errors_in_ulp(
    f: Callable[..., Any], exact: Callable[..., Any], x: NDArray[Any], size: Callable[..., Any]
) -> list[float]:
    """|f(x) - exact(x)| in units of the last place of size(x); results must be in the range."""
    y = dt.jit(f)(x)
    assert y.dtype == x.dtype
    errors = []
    with mp.workdps(40):
        for argument, value in zip(x.tolist(), y.tolist(), strict=True):
            wanted = exact(mp.mpf(argument))
            if float(np.finfo(x.dtype).tiny) < abs(wanted) < float(np.finfo(x.dtype).max):
                unit = np.spacing(abs(x.dtype.type(float(size(mp.mpf(argument))))))
                errors.append(float(abs(mp.mpf(value) - wanted) / float(unit)))
    return errors


def points(name: str, region: str, dtype: Any) -> NDArray[Any]:
    x = (POSITIVE | NEGATIVE)[region] if name != "erfc" else ERFC[region]
    with np.errstate(over="ignore"):
        x = x.astype(dtype)
    x = x[np.isfinite(x) & (np.abs(x) > np.finfo(dtype).tiny)]
    # n! times a subnormal power: exact to n! units, as stated.
    largest = float(np.finfo(dtype).max)
    order = int(name.removeprefix("polygamma")) if name.startswith("polygamma") else 0
    return x[np.abs(x).astype(np.float64) < (largest * 1e-30) ** (1 / (order + 1))]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("region", POSITIVE)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_are_within_4_ulp_of_mpmath(name: str, region: str, dtype: Any) -> None:
    f, exact = FUNCTIONS[name]
    assert max(errors_in_ulp(f, exact, points(name, region, dtype), exact), default=0) <= 4


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("region", ERFC)
def test_erfc_is_within_4_ulp_of_mpmath(region: str, dtype: Any) -> None:
    x = points("erfc", region, dtype)
    assert max(errors_in_ulp(special.erfc, mpmath.erfc, x, mpmath.erfc)) <= 4


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [n for n in ORDERS if n % 2 == 1])
@pytest.mark.parametrize("region", NEGATIVE)
def test_odd_orders_have_no_zeros_and_are_within_4_ulp_of_mpmath(
    region: str, n: int, dtype: Any
) -> None:
    f, exact = polygamma(n)
    x = points(f"polygamma{n}", region, dtype)
    x = x[x != np.rint(x)]
    assert max(errors_in_ulp(f, exact, x, exact), default=0) <= 4


def parts(name: str) -> Callable[..., Any]:
    """What cancels at the zeros of negative arguments: the sum of the sizes of the terms."""
    if name == "gammaln":
        return lambda x: abs(log_gamma(x)) + 2 * abs(log_gamma(-x))
    if name == "digamma":
        return lambda x: abs(mpmath.digamma(x)) + 2 * abs(mpmath.digamma(1 - x))
    n = int(name.removeprefix("polygamma"))

    def sizes(x: Any) -> Any:
        r = x - mpmath.nint(x)
        terms = [mpmath.psi(n, 1 - x), mpmath.psi(n, 1 - r), mpmath.psi(n, 1 + r)]
        return sum(map(abs, terms)) + mpmath.factorial(n) * abs(r) ** -(n + 1)

    return sizes


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("region", NEGATIVE)
@pytest.mark.parametrize("name", ["gammaln", "digamma", "polygamma2", "polygamma4"])
def test_values_with_zeros_are_within_4_ulp_of_their_parts(
    name: str, region: str, dtype: Any
) -> None:
    f, exact = FUNCTIONS[name]
    x = points(name, region, dtype)
    x = x[x != np.rint(x)]
    assert max(errors_in_ulp(f, exact, x, parts(name)), default=0) <= 4


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("region", ["above-minus-1", "tiny"])
def test_gammaln_has_no_zeros_above_minus_2(region: str, dtype: Any) -> None:
    x = np.concatenate([points("gammaln", region, dtype), uniform(-1.99, -1.01).astype(dtype)])
    assert max(errors_in_ulp(special.gammaln, log_gamma, x, log_gamma)) <= 4


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_poles_infinities_and_nan(dtype: Any) -> None:
    inf, nan = np.inf, np.nan
    x = np.array([0.0, -0.0, -1.0, -7.0, -1e15, inf, -inf, nan], dtype)
    outcomes = {
        "gammaln": [inf, inf, inf, inf, inf, inf, -inf, nan],
        "digamma": [-inf, inf, nan, nan, nan, inf, nan, nan],
        "polygamma1": [inf, inf, inf, inf, inf, 0, nan, nan],
        "polygamma2": [-inf, -inf, -inf, -inf, -inf, 0, nan, nan],
        "polygamma7": [inf, inf, inf, inf, inf, 0, nan, nan],
    }
    for name, wanted in outcomes.items():
        np.testing.assert_array_equal(dt.jit(FUNCTIONS[name][0])(x), np.array(wanted, dtype), name)
    largest = np.array([np.finfo(dtype).max, -np.finfo(dtype).max], dtype)
    np.testing.assert_array_equal(dt.jit(special.gammaln)(largest), [inf, inf])
    for n in (-1, 101):
        assert np.isnan(dt.jit(lambda t, n=n: special.polygamma(n, t))(x)).all()


@pytest.mark.parametrize("n", [50, 100])
def test_high_orders_stay_in_the_range(n: int) -> None:
    """n! and x^-n leave the range of float64 where their product does not."""
    f, exact = polygamma(n)
    x = np.array([0.5, 3.0, 40.0, 150.0, 2000.0, 9000.0])
    y = dt.jit(f)(x)
    for value, argument in zip(y.tolist(), x.tolist(), strict=True):
        with mp.workdps(40):
            wanted = exact(mp.mpf(argument))
            if abs(wanted) > 1e-250:
                assert abs(mp.mpf(value) / wanted - 1) < 1e-14 * n, argument
