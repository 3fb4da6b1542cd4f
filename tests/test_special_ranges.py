"""Functions with parameters all over their ranges, against mpmath: values, derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mp
from numpy.typing import NDArray

import dualtape as dt
from dualtape.scipy import special, stats

Points = list[NDArray[Any]]


def generator() -> np.random.Generator:
    return np.random.default_rng(5)


def uniform(lo: float, hi: float, n: int = 25) -> NDArray[Any]:
    return generator().uniform(lo, hi, size=n)


def powers(lo: float, hi: float, n: int = 25) -> NDArray[Any]:
    return 10.0 ** np.random.default_rng(6).uniform(lo, hi, size=n)


def about(a: NDArray[Any]) -> Points:
    """Around the bulk of a gamma distribution, out to 4 standard deviations."""
    return [a, np.maximum(a + 4 * np.sqrt(a) * uniform(-1, 1, a.size), 1e-3)]


def lower(a: Any, x: Any) -> Any:
    return mpmath.gammainc(a, 0, x, regularized=True)


def upper(a: Any, x: Any) -> Any:
    return mpmath.gammainc(a, x, mpmath.inf, regularized=True)


def beta(a: Any, b: Any, x: Any) -> Any:
    return mpmath.betainc(a, b, 0, x, regularized=True)


def amplitude(v: Any, x: Any) -> Any:
    """The size of an oscillation, relative to which its zeros have their accuracy."""
    if x <= v:
        return 0
    return mpmath.sqrt(mpmath.besselj(v, x) ** 2 + mpmath.bessely(v, x) ** 2)


GAMMA: dict[str, Points] = {
    "small": [powers(-6, 0), uniform(1e-3, 10)],
    "middle": [uniform(0.1, 20), uniform(0.05, 35)],
    "large": about(powers(1, 4)),
    "tails": [powers(0.5, 2), powers(0.5, 2)[::-1].copy()],
}
BETA: dict[str, Points] = {
    "middle": [uniform(0.1, 12), uniform(0.1, 9)[::-1].copy(), uniform(0.01, 0.99)],
    "small": [powers(-3, 0), powers(-2, 0)[::-1].copy(), uniform(0.01, 0.99)],
    "large": [powers(2, 3), powers(2, 3) * 2, 1 / 3 + 0.05 * uniform(-1, 1)],
}
BESSEL: dict[str, Points] = {
    "orders 0 and 1": [np.tile([0.0, 1.0], 12), powers(-3, 2.5, 24)],
    "whole": [np.floor(uniform(2, 30)), powers(-1, 2.2)],
    "real": [uniform(0, 12), powers(-2, 2.2)],
    "negative": [-uniform(0.1, 6), powers(-1, 1.7)],
}
CASES: list[tuple[str, Callable[..., Any], dict[str, Points], float]] = [
    ("gammainc", lower, GAMMA, 2e-13),
    ("gammaincc", upper, GAMMA, 2e-13),
    ("betainc", beta, BETA, 2e-13),
    ("jv", mpmath.besselj, BESSEL, 1e-12),
    ("yv", mpmath.bessely, BESSEL, 1e-12),
    ("iv", mpmath.besseli, BESSEL, 2e-13),
    ("kv", mpmath.besselk, BESSEL, 2e-13),
    (
        "zeta",
        mpmath.zeta,
        {"near": [1 + powers(-4, 1), uniform(0.1, 9)], "far": [uniform(1.5, 60), powers(-2, 1)]},
        2e-14,
    ),
    ("erfinv", mpmath.erfinv, {"all": [uniform(-0.999, 0.999)]}, 1e-15),
    ("erfcinv", lambda p: mpmath.erfinv(1 - p), {"tail": [powers(-30, 0)]}, 1e-15),
    (
        "ndtri",
        lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1),
        {"tail": [powers(-30, -1)], "middle": [uniform(0.05, 0.95)]},
        2e-15,
    ),
]


@pytest.mark.parametrize(
    ("name", "exact", "points", "rtol"),
    [
        pytest.param(name, exact, points, rtol, id=f"{name}-{region}")
        for name, exact, regions, rtol in CASES
        for region, points in regions.items()
    ],
)
def test_values_are_mpmaths(
    name: str, exact: Callable[..., Any], points: Points, rtol: float
) -> None:
    values = dt.jit(getattr(special, name))(*points)
    with mp.workdps(60):
        for y, *point in zip(values.tolist(), *points, strict=True):
            numbers = [mp.mpf(float(x)) for x in point]
            wanted = exact(*numbers)
            if not 1e-290 < abs(wanted) < 1e290:
                continue
            size = abs(wanted)
            if name in ("jv", "yv"):
                size = max(size, amplitude(abs(numbers[0]), numbers[1]))
            assert abs(mp.mpf(y) - wanted) <= rtol * size, (name, point, y, wanted)


DERIVATIVES: list[tuple[str, Callable[..., Any], tuple[float, ...]]] = [
    ("gammainc", lower, (0.02, 0.7)),
    ("gammainc", lower, (3.0, 5.2)),  # the continued fraction of the value ends, not its slope's
    ("gammainc", lower, (35.0, 31.0)),
    ("gammainc", lower, (2500.0, 2444.0)),
    ("gammaincc", upper, (0.02, 0.7)),
    ("gammaincc", upper, (7.0, 30.0)),
    ("gammaincc", upper, (140.0, 163.0)),
    ("betainc", beta, (0.3, 0.6, 0.45)),
    ("betainc", beta, (2.0, 3.0, 0.9)),
    ("betainc", beta, (40.0, 75.0, 0.37)),
    ("zeta", mpmath.zeta, (1.3, 0.4)),
    ("zeta", mpmath.zeta, (6.5, 12.0)),
]


@pytest.mark.parametrize(("name", "exact", "point"), DERIVATIVES)
def test_derivatives_in_parameters_are_mpmaths(
    name: str, exact: Callable[..., Any], point: tuple[float, ...]
) -> None:
    f = getattr(special, name)
    n = len(point)
    gradient = dt.grad(f, tuple(range(n)))(*point)
    hessian = dt.hessian(f, tuple(range(n)))(*point)
    with mp.workdps(60):
        for i in range(n):
            order = np.eye(n, dtype=int)[i]
            wanted = mpmath.diff(exact, point, tuple(map(int, order)))
            np.testing.assert_allclose(float(gradient[i]), float(wanted), rtol=1e-12)
            for j in range(n):
                both = tuple(map(int, order + np.eye(n, dtype=int)[j]))
                wanted = mpmath.diff(exact, point, both)
                np.testing.assert_allclose(float(hessian[i][j]), float(wanted), rtol=1e-11)


def test_order_of_a_bessel_function_has_no_derivative() -> None:
    for name in ("jv", "yv", "iv", "ive", "kv", "kve", "kn", "jn"):
        with pytest.raises(dt.DerivativeError, match="no derivative in the order v"):
            dt.grad(getattr(special, name))(1.5, 2.0)
        order = 2.0 if name == "kn" else 1.5
        assert np.isfinite(dt.grad(getattr(special, name), 1)(order, 2.0))


@pytest.mark.parametrize("a", [1e-3, 0.5, 30.0])
def test_incomplete_gamma_far_beyond_its_bulk(a: float) -> None:
    for x in (1e16, 1e150, 1e300, np.inf):
        assert (special.gammainc(np.float64(a), x), special.gammaincc(np.float64(a), x)) == (1, 0)
        assert dt.grad(special.gammaincc, (0, 1))(a, x) == (0, 0)
        assert dt.jvp(special.gammainc, (a, x), (1.0, 1.0)) == (1, 0)


def test_orders_beyond_the_seventh_in_a_parameter_are_refused() -> None:
    f: Callable[..., Any] = lambda a: special.gammainc(a, 2.0)  # noqa: E731
    for _ in range(8):
        f = dt.jacfwd(f)
    with pytest.raises(dt.DerivativeError, match="gammainc: derivatives in argument 0 exist up to"):
        f(1.5)


@pytest.mark.parametrize("x", [0.0, 1e-3, -0.08, 0.3])
def test_students_distribution_about_zero(x: float) -> None:
    """The derivative of the distribution is the density, of its derivatives the density's."""
    cdf: Callable[..., Any] = lambda z: stats.t.cdf(z, 3.5)  # noqa: E731
    pdf: Callable[..., Any] = lambda z: stats.t.pdf(z, 3.5)  # noqa: E731
    for _ in range(4):
        cdf = dt.grad(cdf)
        np.testing.assert_allclose(cdf(x), pdf(x), rtol=1e-10, atol=1e-12)
        pdf = dt.grad(pdf)


@pytest.mark.parametrize("x", [0.25, 2.0, 30.0])
def test_incomplete_gamma_at_zero_has_the_exponential_integral_for_slope(x: float) -> None:
    wanted = float(mpmath.e1(x))
    np.testing.assert_allclose(dt.grad(special.gammaincc)(0.0, x), wanted, rtol=1e-14)
    np.testing.assert_allclose(dt.grad(special.gammainc)(0.0, x), -wanted, rtol=1e-14)


def test_zeta_below_one_is_riemanns_alone() -> None:
    x = np.array([0.5, -1.5, -7.25, 0.0, 3.0])
    with mp.workdps(30):
        wanted = [float(mpmath.zeta(mp.mpf(v), 1, 1)) for v in x]
    np.testing.assert_allclose(dt.grad(lambda t: np.sum(special.zeta(t)))(x), wanted, rtol=1e-13)
    np.testing.assert_array_equal(np.isnan(dt.jit(special.zeta)(x, np.full(5, 2.0))), x < 1)
