"""Second derivatives without a Hessian: its diagonal, the Laplacian, Gauss-Newton products."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from counted import counted
from layered import W, X, columns, layers

import dualtape as dt


def quadratic(x: Any) -> Any:
    return x @ (W.T @ W) @ x


SCALARS = {
    "separable": lambda x: np.sum(np.sin(x) * x**3),
    "rosenbrock": lambda x: np.sum((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2),
    "neighbours": lambda x: np.sum(x[1:] * x[:-1] ** 3 + x[::2].sum() * x[0]),
    "layers": lambda x: np.sum(layers(x) ** 2),
    "quadratic": quadratic,
    "mixed": lambda x: np.sum(x * np.tanh(W[:3] @ x)) / (1 + np.sum(x**2)),
    "outer": lambda x: np.sum(np.outer(x, x[::-1]) ** 3),
    "where": lambda x: np.sum(np.where(x > 0, x**3, np.exp(x) * x)),
    "gathered": lambda x: np.sum(x[[2, 0, 0]] ** 2 * x),
    "prod": lambda x: np.prod(x) + np.prod(np.cos(x)),
    "linear": lambda x: np.sum(x),
    "constant": lambda x: np.sum(np.ones(3)),
    "cumulative": lambda x: np.sum(np.cumsum(x) ** 3),
    "solve": lambda x: np.linalg.solve(np.outer(x, x) + 3 * np.eye(3), x).sum(),
    "norm": lambda x: np.linalg.norm(x) + np.max(x) * x[0],
    "matrix": lambda x: np.sum((np.outer(x, x) @ np.outer(x, np.sin(x))) ** 2),
}


@pytest.mark.parametrize("name", SCALARS)
def test_hessian_diagonal_and_laplacian_are_those_of_the_hessian(name):
    fun = SCALARS[name]
    wanted = np.diag(columns(dt.grad(fun), X))
    scale = 1 + np.abs(wanted).max()
    np.testing.assert_allclose(dt.hessian_diagonal(fun)(X), wanted, atol=1e-7 * scale)
    np.testing.assert_allclose(dt.laplacian(fun)(X), wanted.sum(), atol=1e-7 * scale)


def test_laplacian_of_a_vector_function():
    def fun(x: Any, y: Any) -> Any:
        return {"a": np.tanh(W @ x) * y[:, None].T[0, 0], "b": np.sum(x) ** 2 * y**2}

    y = np.array([0.5, 2.0])
    found = dt.laplacian(fun, (0, 1))(X, y)
    hessian = dt.hessian(fun, (0, 1))(X, y)
    for key in ("a", "b"):
        own = [np.trace(hessian[key][k][k], axis1=-2, axis2=-1) for k in range(2)]
        np.testing.assert_allclose(found[key], own[0] + own[1], rtol=1e-12, atol=1e-13)


def test_laplacian_solves_a_known_equation():
    """1 / |x| is harmonic; exp(k x) is an eigenfunction."""
    x = np.array([0.3, -0.4, 1.2])
    assert abs(dt.laplacian(lambda x: 1 / np.sqrt(np.sum(x**2)))(x)) < 1e-14
    k = np.array([0.5, 1.0, -2.0])
    wave = lambda x: np.exp(k @ x)  # noqa: E731
    np.testing.assert_allclose(dt.laplacian(wave)(x), (k @ k) * wave(x), rtol=1e-13)


@pytest.mark.parametrize("point", [0.0, 1.0, -0.3])
def test_derivative_of_a_laplacian_where_a_factor_is_zero(point):
    # The rule of arctan2 chooses the larger argument: its products have absolute zeros.
    def f(x):
        return np.sum(np.arctan2(x, 2 + x * x)) + np.arctan2(x[0] * x[1], 1 + x[1] ** 2)

    x = np.array([point, 0.0, 0.7])
    laplacian = dt.laplacian(f)
    wanted = dt.grad(lambda x: np.trace(dt.hessian(f)(x)))(x)
    step = 1e-5 * np.eye(3)
    numeric = [(laplacian(x + h) - laplacian(x - h)) / 2e-5 for h in step]
    np.testing.assert_allclose(wanted, numeric, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(dt.grad(laplacian)(x), wanted, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dt.jacfwd(laplacian)(x), wanted, rtol=1e-12, atol=1e-14)


def test_laplacian_with_aux_and_float32():
    x = X.astype(np.float32)
    found, aux = dt.laplacian(lambda x: (np.sum(x**4), x[0]), has_aux=True)(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.sum(12 * X**2), rtol=1e-6)
    assert aux == x[0]


def test_no_hessian_is_formed():
    """Of a separable function of 1e5 entries: a Hessian would take 80 GB."""
    x = np.linspace(0, 1, 100_000)
    fun = lambda x: np.sum(np.sin(x[1:]) * x[1:] ** 2) + np.sum(x[1:] * x[:-1])  # noqa: E731
    wanted = 2 * np.sin(x) + 4 * x * np.cos(x) - x**2 * np.sin(x)
    wanted[0] = 0
    np.testing.assert_allclose(dt.hessian_diagonal(fun)(x), wanted, atol=1e-13)
    np.testing.assert_allclose(dt.laplacian(fun)(x), wanted.sum(), rtol=1e-12)


@pytest.mark.parametrize("transform", [dt.hessian_diagonal, dt.value_grad_and_hessian])
def test_second_derivatives_of_an_array_are_refused(transform):
    with pytest.raises(dt.ShapeError, match=r"must return shape \(\), got \(4,\)"):
        transform(layers)(X)
    with pytest.raises(TypeError, match="must return one array of shape"):
        transform(lambda x: (x[0], x[1]))(X)


# ---------------------------------------------------------------- Gauss-Newton


def test_gauss_newton_product_is_with_the_jacobians():
    v = np.array([1.0, -2.0, 0.5])
    jacobian = columns(layers, X)
    found = dt.gauss_newton_product(layers, X, v)
    np.testing.assert_allclose(found, jacobian.T @ (jacobian @ v), rtol=1e-7, atol=1e-8)


def test_gauss_newton_product_of_trees_with_a_loss():
    def fun(p: Any, x: Any) -> Any:
        return {"u": np.tanh(p["w"] @ x) + p["b"], "v": (x**2,)}

    def loss(r: Any) -> Any:
        return np.sum(np.exp(r["u"])) + np.sum(r["u"]) * np.sum(r["v"][0] ** 3)

    primals = ({"w": W, "b": 0.5}, X)
    rng = np.random.default_rng(1)
    tangents = ({"w": rng.standard_normal((4, 3)), "b": 0.25}, rng.standard_normal(3))
    calls_of = counted(fun)
    found = dt.gauss_newton_product(calls_of, primals, tangents, loss)
    assert calls_of.calls == 1
    vector, unravel = dt.ravel_pytree(primals)
    of_vector = lambda v: dt.ravel_pytree(fun(*unravel(v)))[0]  # noqa: E731
    jacobian = columns(of_vector, vector)
    result, unravel_result = dt.ravel_pytree(fun(*primals))
    curvature = columns(dt.grad(lambda r: loss(unravel_result(r))), result)
    wanted = jacobian.T @ curvature @ jacobian @ dt.ravel_pytree(tangents)[0]
    np.testing.assert_allclose(dt.ravel_pytree(found)[0], wanted, rtol=1e-6, atol=1e-7)


def test_gauss_newton_product_shares_the_values():
    plan = str(dt.jit(lambda x, v: dt.gauss_newton_product(layers, x, v)).plan(X, X))
    assert str(dt.jit(layers).plan(X)).count("= tanh ") == 2
    assert plan.count("= tanh ") == 1  # the inner layer's; no derivative needs the outer one's
    assert plan.count("= sech2 ") == 2


def test_gauss_newton_product_refuses_integers():
    with pytest.raises(dt.DerivativeError, match="must return float32 or float64, got int64"):
        dt.gauss_newton_product(lambda x: np.arange(3), X, X)


def test_laplacian_goes_through_a_custom_rule():
    @dt.custom_jvp
    def wave(x: Any) -> Any:
        return np.sin(2 * x)

    @wave.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return wave(*primals), 2 * np.cos(2 * primals[0]) * tangents[0]

    fun = lambda x: np.sum(wave(x) * x)  # noqa: E731
    plain = lambda x: np.sum(np.sin(2 * x) * x)  # noqa: E731
    wanted = np.trace(columns(dt.grad(plain), X))
    np.testing.assert_allclose(dt.laplacian(fun)(X), wanted, rtol=1e-7)
    np.testing.assert_allclose(dt.hessian_diagonal(fun)(X).sum(), wanted, rtol=1e-7)


def test_laplacian_refuses_a_rule_without_forward_mode():
    @dt.custom_vjp
    def wave(x: Any) -> Any:
        return np.sin(x)

    wave.defvjp(lambda x: (np.sin(x), x), lambda x, y_bar: (np.cos(x) * y_bar,))
    with pytest.raises(dt.DerivativeError, match="no forward derivative"):
        dt.laplacian(lambda x: np.sum(wave(x)))(X)
