"""Functions with SciPy's values and derivatives by formula: orders, refusals, inverses."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

import dualtape as dt
from dualtape.scipy import integrate, special, stats

CASES = {
    "ellipk": (special.ellipk, mpmath.ellipk, [-5.0, 0.0, 0.6, 0.99]),
    "ellipe": (special.ellipe, mpmath.ellipe, [-5.0, 0.0, 0.6, 0.99]),
    "ellipkm1": (special.ellipkm1, lambda p: mpmath.ellipk(1 - p), [1e-3, 0.4]),
    "dawsn": (
        special.dawsn,
        lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x),
        [-0.3, 0.0, 1.7],
    ),
    "expi": (special.expi, mpmath.ei, [0.5, 3.0, -0.7]),
    "exp1": (special.exp1, mpmath.e1, [0.5, 3.0]),
    "spence": (special.spence, lambda z: mpmath.polylog(2, 1 - z), [0.4, 1.0, 1.8]),
    "expn": (lambda x: special.expn(2, x), lambda x: mpmath.expint(2, x), [0.4, 2.5]),
    "hyp1f1": (
        lambda x: special.hyp1f1(1.5, 2.5, x), lambda x: mpmath.hyp1f1(1.5, 2.5, x), [-1.2, 0.0, 2],
    ),
    "hyp2f1": (
        lambda x: special.hyp2f1(0.7, 1.5, 2.5, x),
        lambda x: mpmath.hyp2f1(0.7, 1.5, 2.5, x),
        [-1.2, 0.0, 0.6],
    ),
    "airy": (lambda x: special.airy(x)[0], mpmath.airyai, [-2.0, 0.3, 2.5]),
    "lambertw": (
        lambda x: special.lambertw(x).real, lambda x: mpmath.re(mpmath.lambertw(x)), [0.0, 1.3]
    ),
    "spherical_jn": (
        lambda x: special.spherical_jn(2, x),
        lambda x: (3 / x**2 - 1) * mpmath.sin(x) / x - 3 * mpmath.cos(x) / x**2,
        [0.01, 0.99, 1.01, 7.0],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_derivatives_to_third_order_are_mpmaths(name):
    f, reference, points = CASES[name]
    for x in points:
        g = f
        for order in range(1, 4):
            g = dt.grad(g)
            with mpmath.workdps(40):
                wanted = float(mpmath.diff(reference, mpmath.mpf(x), order))
            assert g(float(x)) == pytest.approx(wanted, rel=1e-10, abs=1e-12), (x, order)


def test_fourth_order_is_refused_by_name():
    f = special.dawsn
    for _ in range(4):
        f = dt.grad(f)
    with pytest.raises(dt.DerivativeError, match="dawsn"):
        f(0.3)


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda m: special.ellipkinc(0.3, m), "ellipkinc, argument 1"),
        (lambda a: special.hyp1f1(a, 1.5, 0.3), "hyp1f1, argument 0"),
        (lambda m: special.ellipj(0.3, m)[0], "ellipj, argument 1"),
    ],
)
def test_parameters_without_a_derivative_are_refused(f, name):
    assert dt.jit(f)(0.4) == f(0.4)
    with pytest.raises(dt.DerivativeError, match=name):
        dt.grad(f)(0.4)


@pytest.mark.parametrize("y", [1e-8, 0.3, 1 - 1e-6])
def test_inverses_undo_the_functions_in_every_argument(y):
    a, b = 1.7, 2.3
    f = dt.grad(lambda a, y: special.gammainc(a, special.gammaincinv(a, y)), (0, 1))
    np.testing.assert_allclose(f(a, y), (0.0, 1.0), atol=1e-9)
    g = dt.grad(lambda a, b, y: special.betainc(a, b, special.betaincinv(a, b, y)), (0, 1, 2))
    np.testing.assert_allclose(g(a, b, y), (0.0, 0.0, 1.0), atol=1e-9)
    h = dt.grad(lambda df, y: special.stdtr(df, special.stdtrit(df, y)), (0, 1))
    np.testing.assert_allclose(h(a, y), (0.0, 1.0), atol=1e-9)


def test_symmetric_elliptic_integral_in_every_argument():
    point = (0.7, 1.3, 2.1)
    given = dt.grad(special.elliprf, (0, 1, 2))(*point)
    for k in range(3):
        wanted = mpmath.diff(mpmath.elliprf, point, tuple(np.eye(3, dtype=int)[k].tolist()))
        np.testing.assert_allclose(given[k], float(wanted), rtol=1e-12)
    with pytest.raises(dt.DerivativeError, match="elliprd"):
        dt.hessian(special.elliprf)(*point)


def test_running_integrals_begin_at_zero_whatever_the_first_sample():
    y = np.array([np.inf, 1.0, 2.0])
    given = dt.jit(lambda y: integrate.cumulative_trapezoid(y, initial=0))(y)
    np.testing.assert_array_equal(given, scipy.integrate.cumulative_trapezoid(y, initial=0))


def test_noncentral_chi_squared_density():
    df = 3.5

    def exact(z, nc):
        bessel = mpmath.besseli(df / 2 - 1, mpmath.sqrt(z * nc))
        return -(z + nc) / 2 + (df / 4 - 0.5) * mpmath.log(z / nc) + mpmath.log(bessel / 2)

    f, point = lambda z, nc: stats.ncx2.logpdf(z, df, nc), (2.3, 1.2)
    np.testing.assert_allclose(f(*point), float(exact(*point)), rtol=1e-12)
    given = dt.grad(f, (0, 1))(*point)
    for k, orders in enumerate(((1, 0), (0, 1))):
        np.testing.assert_allclose(given[k], float(mpmath.diff(exact, point, orders)), rtol=1e-10)
    with pytest.raises(dt.DerivativeError, match="order"):
        dt.grad(lambda df: stats.ncx2.logpdf(2.3, df, 1.2))(df)


@pytest.mark.parametrize("method", ["logpdf", "logcdf", "logsf", "cdf", "sf", "ppf", "isf"])
def test_generalised_gamma_distribution_of_negative_power(method):
    point, theirs = (0.6, 4.4, -3.1), getattr(scipy.stats.gengamma, method)
    given = dt.value_and_grad(getattr(stats.gengamma, method), (0, 1, 2))(*point)
    np.testing.assert_allclose(given[0], theirs(*point), rtol=1e-12)
    for k, step in enumerate(2e-4 * np.eye(3)):
        near = [theirs(*(point + n * step)) for n in (-2, -1, 1, 2)]
        wanted = (near[0] - 8 * near[1] + 8 * near[2] - near[3]) / 24e-4
        np.testing.assert_allclose(given[1][k], wanted, rtol=1e-7)


def test_invalid_parameters_have_no_derivative_in_any_argument():
    for f in (stats.gamma.logpdf, stats.gamma.cdf, stats.gamma.ppf, stats.norm.logpdf):
        value, slopes = dt.value_and_grad(f, (0, 1, 2, 3)[: 3 if f == stats.norm.logpdf else 4])(
            *((0.3, 0.1, -1.0) if f == stats.norm.logpdf else (0.3, -2.0, 0.1, 1.2))
        )
        assert np.isnan(value)
        assert np.isnan(slopes).all()


def test_lambertw_is_scipys_on_both_branches():
    z = np.array([-1 / np.e + 1e-9, -0.3, -1e-3])
    for k in (0, -1):
        given = dt.jit(lambda z, k=k: special.lambertw(z, k))(z)
        np.testing.assert_array_equal(given, scipy.special.lambertw(z, k))


def test_integers_of_traced_values_are_their_numbers():
    x = np.array([1.2, 0.3, 2.2])
    np.testing.assert_array_equal(dt.grad(lambda x: np.sum(x[np.int64(x)]))(x), np.ones(3))
    with pytest.raises(TypeError, match="plain array"):
        dt.grad(lambda x: np.sum(np.float64(x)))(x)
    with pytest.raises(dt.ConcreteValueError, match="jit"):
        dt.jit(lambda x: np.int64(x) * x)(x)


def test_normal_density_of_singular_covariance():
    cov = np.diag([1.5, 0.7, 0.0, 0.0])
    mean = np.zeros(4)
    x = np.array([[0.3, -0.4, 0.0, 0.0], [1.0, 0.5, 0.0, 0.0], [0.1, 0.2, 0.3, 0.0]])

    def f(module, x, cov):
        return module.multivariate_normal.logpdf(x, mean, cov, allow_singular=True)

    np.testing.assert_allclose(
        dt.jit(lambda x: f(stats, x, cov))(x), f(scipy.stats, x, cov), rtol=1e-12
    )
    gradient = dt.grad(lambda x, cov: f(stats, x, cov), (0, 1))(x[0], cov)
    inverse = np.diag([1 / 1.5, 1 / 0.7, 0, 0])
    np.testing.assert_allclose(gradient[0], -inverse @ x[0], atol=1e-12)
    solved = inverse @ x[0]
    wanted = 0.5 * (np.outer(solved, solved) - inverse)
    np.testing.assert_allclose(gradient[1][:2, :2], wanted[:2, :2], atol=1e-12)


def test_frozen_vector_normal():
    x, cov = np.array([0.3, -0.2]), np.array([[1.0, 0.3], [0.3, 2.0]])
    f = dt.grad(lambda m: stats.multivariate_normal(m, cov).logpdf(x))
    np.testing.assert_allclose(f(np.zeros(2)), np.linalg.solve(cov, x), rtol=1e-12)
