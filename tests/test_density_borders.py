"""Densities at the borders of their support, outside of it and at infinity."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.stats

import dualtape as dt
import dualtape.scipy.stats as dstats

X = np.array([-50.0, -1.0, 0.0, 0.3, 1.0, 1.5, 60.0])
# Shapes for which the density at a border is zero, positive or infinite.
SHAPES: list[tuple[str, tuple[float, ...]]] = [
    ("beta", (2.0, 3.0)), ("beta", (1.0, 2.0)), ("beta", (0.5, 0.5)),
    ("gamma", (2.0,)), ("gamma", (1.0,)), ("gamma", (0.5,)), ("chi2", (3.0,)), ("chi2", (2.0,)),
    ("chi", (3.0,)), ("chi", (1.0,)), ("f", (3.0, 4.0)), ("f", (2.0, 3.0)), ("expon", ()),
    ("erlang", (2.0,)), ("weibull_min", (1.5,)), ("weibull_min", (1.0,)), ("maxwell", ()),
    ("rayleigh", ()), ("invgamma", (2.0,)), ("invgauss", (1.5,)), ("lognorm", (0.7,)),
    ("pareto", (2.5,)), ("halfnorm", ()), ("halfcauchy", ()), ("uniform", ()),
    ("truncnorm", (-1.0, 1.5)), ("norm", ()), ("cauchy", ()), ("t", (4.0,)), ("laplace", ()),
]  # fmt: skip


def derivatives(method: Any, x: Any, shapes: tuple[float, ...]) -> list[Any]:
    """By forward mode, in x and in each shape."""
    found = [dt.jvp(lambda x: method(x, *shapes), (x,), (np.ones_like(x),))[1]]
    for k, shape in enumerate(shapes):
        found.append(
            dt.jvp(
                lambda s, k=k: method(x, *shapes[:k], s, *shapes[k + 1 :]),
                (shape,), (1.0,),
            )[1]
        )  # fmt: skip
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["logpdf", "pdf"])
@pytest.mark.parametrize(("name", "shapes"), SHAPES, ids=str)
def test_value_is_that_of_scipy_and_no_derivative_is_nan(
    name: str, shapes: tuple[float, ...], method: str
) -> None:
    ours, theirs = (getattr(getattr(m, name), method) for m in (dstats, scipy.stats))
    actual = dt.vjp(lambda x: ours(x, *shapes), X)[0]
    np.testing.assert_allclose(actual, theirs(X, *shapes), rtol=1e-11, atol=1e-14)
    assert not np.isnan(derivatives(ours, X, shapes)).any()
    # Nothing changes outside of the support.
    outside = theirs(X, *shapes) == (0.0 if method == "pdf" else -np.inf)
    outside &= (X != 0) & (X != 1)
    for found in derivatives(ours, X, shapes):
        assert np.all(found[outside] == 0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "shapes"), SHAPES, ids=str)
def test_no_density_is_left_at_infinity(name: str, shapes: tuple[float, ...]) -> None:
    infinity = np.array([-np.inf, np.inf])
    method = getattr(dstats, name).logpdf
    values = dt.vjp(lambda x: method(x, *shapes), infinity)[0]
    np.testing.assert_array_equal(values, [-np.inf, -np.inf])
    np.testing.assert_array_equal(derivatives(method, infinity, shapes), 0.0)


def test_logarithms_of_probabilities_near_one_are_exact() -> None:
    # log(1 - e) is -e: taken of a cdf that is rounded to one it is 0.
    far = dt.vjp(dstats.expon.logcdf, 60.0)[0]
    np.testing.assert_allclose(far, -np.exp(-60.0), rtol=1e-14)
    np.testing.assert_allclose(dt.vjp(dstats.cauchy.logcdf, 1e10)[0], -1e-10 / np.pi, rtol=1e-9)
    slope = dt.grad(dstats.expon.logcdf)(60.0)
    np.testing.assert_allclose(slope, np.exp(-60.0), rtol=1e-14)


@pytest.mark.parametrize("a", [0.5, 2.3, 40.0])
def test_logarithms_of_probabilities_that_underflow(a):
    # Q(a, x) < 1e-308 and P(a, x) < 1e-308: SciPy's logarithms are -inf there.
    for x in (a + 1500.0, 1e7):
        value, slopes = dt.value_and_grad(dstats.gamma.logsf, (0, 1))(x, a)
        with mpmath.workdps(40):
            wanted = mpmath.log(mpmath.gammainc(a, x, mpmath.inf, regularized=True))
            hazard = -mpmath.exp((a - 1) * mpmath.log(x) - x - mpmath.loggamma(a) - wanted)
        assert value == pytest.approx(float(wanted), rel=1e-13)
        assert slopes[0] == pytest.approx(float(hazard), rel=1e-12)
        assert np.isfinite(slopes[1])
    x = 1e-200
    value, slope = dt.value_and_grad(dstats.gamma.logcdf)(x, a)
    with mpmath.workdps(40):
        wanted = mpmath.log(mpmath.gammainc(a, 0, x, regularized=True))
    assert value == pytest.approx(float(wanted), rel=1e-13)
    assert slope == pytest.approx(a / x, rel=1e-12)
    assert dt.grad(dstats.gumbel_r.logsf)(800.0) == pytest.approx(-1, rel=1e-14)
    assert dt.grad(dstats.halfnorm.logsf)(60.0) == pytest.approx(-60.01665741, rel=1e-9)
