"""Integer images, products with sparse matrices, polynomials through points, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate
import scipy.interpolate
import scipy.ndimage
import scipy.sparse
import scipy.spatial.distance
import scipy.stats
from table_checks import check_batched, check_pullback, check_pushforward, check_second_order

import dualtape as dt
from dualtape.scipy import interpolate, ndimage, sparse

X = np.linspace(-1.3, 1.7, 4)
M = scipy.sparse.csr_array(np.array([[1.0, 0, 2, 0], [0, 3, 0, 0], [0, 0, -0.5, 4]]))

MATRIX = scipy.sparse.csr_matrix(M)


@pytest.mark.parametrize(
    ("f", "plain"),
    [
        (lambda x: sparse.matmul(M, x**2), lambda x: M @ x**2),
        (lambda x: sparse.matmul(M, np.outer(x, x)), lambda x: M @ np.outer(x, x)),
        (lambda x: sparse.matmul(x[:3] ** 2, M), lambda x: x[:3] ** 2 @ M),
        (lambda x: sparse.matmul(np.outer(x, x[:3]), M), lambda x: np.outer(x, x[:3]) @ M),
        (lambda x: M @ np.sin(x), lambda x: M @ np.sin(x)),
        (lambda x: M.dot(x * x), lambda x: M.dot(x * x)),
        (lambda x: MATRIX @ np.outer(x, x), lambda x: MATRIX @ np.outer(x, x)),
        (lambda x: np.outer(x, x[:3]) @ M.tocsc(), lambda x: np.outer(x, x[:3]) @ M.tocsc()),
    ],
)
def test_products_with_sparse_matrices(f, plain):
    check_pushforward(f, plain, (X,), False)
    check_pullback(f, (X,))
    check_second_order(f, (X,))
    check_batched(f, (X,), 1e-12)
    assert dt.jit(f)(X.astype(np.float32)).dtype == plain(X.astype(np.float32)).dtype


def test_sparse_products_that_do_not_fit_are_refused():
    with pytest.raises(dt.ShapeError, match=r"\(3, 4\) times \(3,\)"):
        dt.jit(lambda x: sparse.matmul(M, x))(X[:3])
    with pytest.raises(TypeError, match="one an array"):
        sparse.matmul(X, X)


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (lambda x: MATRIX * x, r"dualtape\.scipy\.sparse\.matmul\(M, t\)"),
        (lambda x: M.multiply(x), r"dualtape\.scipy\.sparse\.matmul"),
        (scipy.stats.skew, r"scipy\.stats\.skew .*write dualtape\.scipy\.stats\.skew"),
        (
            lambda x: scipy.spatial.distance.cosine(x, x),
            r"dualtape\.scipy\.spatial\.distance",
        ),
        (lambda x: scipy.spatial.distance.hamming(x, x), "spatial.distance.hamming .*no form here"),
        (
            lambda x: np.polynomial.chebyshev.chebval(0.3, x),
            r"write dualtape\.numpy\.polynomial\.chebyshev\.chebval",
        ),
        (scipy.integrate.simpson, r"write dualtape\.scipy\.integrate\.simpson"),
    ],
)
def test_refusals_name_what_to_write(f, wanted):
    with pytest.raises(TypeError, match=wanted):
        dt.grad(lambda x: np.sum(f(x)))(X)


def test_polynomials_through_points():
    # SciPy's own nodes are shuffled: its values vary in the last bits.
    knots, at = np.array([0.0, 1.0, 2.0, 3.5]), np.array([0.3, 1.0, 2.9])

    def f(knots, y, at):
        return interpolate.BarycentricInterpolator(knots, y)(at)

    def plain(knots, y, at):
        return scipy.interpolate.BarycentricInterpolator(knots, y)(at)

    check_pushforward(lambda y, x: f(knots, y, x), lambda y, x: plain(knots, y, x), (X, at), False)
    check_pushforward(lambda k: f(k, X, at[:1]), lambda k: plain(k, X, at[:1]), (knots,), False)
    check_pullback(f, (knots, X, at), ulps=200)
    check_second_order(lambda y, x: f(knots, y, x), (X, at))
    given = dt.jit(interpolate.barycentric_interpolate)(knots, X, at)
    np.testing.assert_allclose(given, plain(knots, X, at), rtol=1e-13)


@pytest.mark.parametrize(
    "f",
    [
        lambda m, x: m.gaussian_filter(x, 0.7, mode="constant", cval=1.5),
        lambda m, x: m.maximum_filter(x, 3, mode="constant", cval=1.5),
        lambda m, x: m.uniform_filter(x, 3),
        lambda m, x: m.gaussian_gradient_magnitude(x, 0.6, mode="wrap"),
        lambda m, x: m.map_coordinates(x, [[0.5, 1.7, -1.0], [0.25, 2.6, 0.0]], order=1),
    ],
)
def test_integer_images_give_integers_as_of_scipy(f):
    image = 3 * np.arange(20).reshape(4, 5) ** 2 % 61 - 20
    expected = f(scipy.ndimage, image)
    actual = dt.jit(lambda x: f(ndimage, x))(image)
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)


AT = np.array([0.5, 1.0, 3.9, -1.0, 7.0])
LINES = np.cos(np.arange(12.0)).reshape(4, 3)
GRID = (np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 1.0, 2.0]))


@pytest.mark.parametrize(
    "f",
    [
        *(
            lambda m, x, k=k, nu=nu: m.BSpline(np.arange(5.0 + k), LINES[:, 0], k)(x, nu)
            for k in (0, 1, 2)
            for nu in range(5)
        ),
        lambda m, x: m.BSpline(np.arange(5.0), LINES, 0)(np.where(x > 6, np.nan, x)),
        *(
            lambda m, x, kind=kind: m.interp1d(
                GRID[0], LINES, kind=kind, axis=0, fill_value="extrapolate"
            )(x)
            for kind in ("previous", "next", "nearest")
        ),
        lambda m, x: m.RegularGridInterpolator(GRID, LINES, bounds_error=False, fill_value=3.0)(
            np.stack([x, np.where(x > 3, np.nan, x)], axis=1)
        ),
    ],
)
def test_points_beyond_the_ends_no_numbers_and_orders_beyond_the_degree(f):
    expected = f(scipy.interpolate, AT)
    actual = dt.jit(lambda x: f(interpolate, x))(AT)
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)
