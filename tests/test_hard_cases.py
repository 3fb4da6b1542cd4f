"""Cases that automatic differentiation is known to get wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mp

import dualtape as dt
import dualtape.numpy as dnp
from dualtape.scipy import special

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

D = dt.grad


def derivative_forward(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: dt.jvp(f, (x,), (1.0,))[1]


MODES = {"reverse": D, "forward": derivative_forward}
modes = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)


# Perturbation confusion (Siskind and Pearlmutter 2005): the inner perturbation must not be taken
# for the outer one.


@modes
@pytest.mark.parametrize("inner", MODES.values(), ids=MODES)
def test_inner_derivative_of_a_constant_in_it(mode: Any, inner: Any) -> None:
    # d/dx x * (d/dy (x + y)) = d/dx x * 1 = 1; confusion gives 2.
    assert mode(lambda x: x * inner(lambda y: x + y)(1.0))(3.0) == 1.0
    assert mode(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6.0
    assert mode(lambda x: inner(lambda y: x)(x) + x)(3.0) == 1.0


@modes
def test_three_levels_of_closures(mode: Any) -> None:
    # f = x y^2 z^3: d/dx d/dy d/dz at (x, y, z) = 2 y 3 z^2, each bound at the outer variable.
    def f(x: Any) -> Any:
        def g(y: Any) -> Any:
            return mode(lambda z: x * y**2 * z**3)(y)  # 3 x y^4

        return mode(g)(x)  # 12 x^4

    assert f(2.0) == 192.0
    assert mode(f)(2.0) == 384.0
    assert mode(mode(f))(2.0) == 576.0


@modes
def test_derivative_of_a_function_that_returns_a_closure(mode: Any) -> None:
    # The amazing bug of Manzyuk et al. (2019): D of a curried shift, applied twice.
    def shift(offset: Any) -> Any:
        return lambda f: lambda y: f(y + offset)

    def shifted(f: Any) -> Any:
        return lambda y: mode(lambda offset: shift(offset)(f)(y))(0.0)

    second = shifted(shifted(lambda x: x**3))
    assert second(2.0) == pytest.approx(12.0, rel=1e-15)


def test_vmap_inside_grad_inside_vmap() -> None:
    points = np.array([0.5, 1.0, 2.0])

    def f(x: Any) -> Any:
        return np.sum(dt.vmap(D(lambda y: np.sin(x * y)))(points))  # x cos(x y)

    wanted = [np.sum(np.cos(x * points) - x * points * np.sin(x * points)) for x in points]
    np.testing.assert_allclose(dt.vmap(D(f))(points), wanted, rtol=1e-14)


# Guards: the branch that where did not take has no influence, not even as NaN.

GUARDED: dict[str, tuple[Callable[..., Any], float, tuple[float, float, float]]] = {
    # name: (f, point, value and two derivatives there)
    "sqrt": (lambda x: np.where(x > 0, np.sqrt(x), 2 * x), -1.0, (-2.0, 2.0, 0.0)),
    "sqrt-at-zero": (lambda x: np.where(x > 0, np.sqrt(x), 2 * x), 0.0, (0.0, 2.0, 0.0)),
    "log": (lambda x: np.where(x > 0, np.log(x), x**2), -3.0, (9.0, -6.0, 2.0)),
    "log-at-zero": (lambda x: np.where(x > 0, x * np.log(x), 0.0), 0.0, (0.0, 0.0, 0.0)),
    "sinc": (lambda x: np.where(x == 0, 1 - x**2 / 6, np.sin(x) / x), 0.0, (1.0, 0.0, -1 / 3)),
    "overflow": (lambda x: np.where(x < 700, x, np.exp(x * x)), 100.0, (100.0, 1.0, 0.0)),
    "pole": (lambda x: np.where(x == 0, x, 1 / x), 0.0, (0.0, 1.0, 0.0)),
    "arccos": (lambda x: np.where(np.abs(x) < 1, np.arccos(x), x**3), 1.0, (1.0, 3.0, 6.0)),
    "power": (lambda x: np.where(x > 0, x**0.5, 0.0 * x), 0.0, (0.0, 0.0, 0.0)),
    "norm": (
        lambda x: np.where(x == 0, 0.0, np.linalg.norm(dnp.array([x, x]))),
        0.0,
        (0.0, 0.0, 0.0),
    ),
}


@pytest.mark.parametrize("name", GUARDED)
def test_where_guard_holds_at_every_order_and_mode(name: str) -> None:
    f, x, (value, first, second) = GUARDED[name]
    assert dt.jit(f)(x) == pytest.approx(value, abs=1e-15)
    for mode in MODES.values():
        assert mode(f)(x) == pytest.approx(first, abs=1e-15), mode
        for outer in MODES.values():
            assert outer(mode(f))(x) == pytest.approx(second, abs=1e-15), (outer, mode)
    assert dt.vmap(D(f))(np.full(2, x)).tolist() == [pytest.approx(first, abs=1e-15)] * 2
    jacobian = dt.jacrev(f)(np.full(2, x)) if name != "norm" else np.diag([first] * 2)
    np.testing.assert_allclose(jacobian, np.diag([first] * 2), atol=1e-15)


# High orders against mpmath.

HIGH: dict[str, tuple[Callable[..., Any], Callable[..., Any], list[float]]] = {
    "tanh": (np.tanh, mpmath.tanh, [0.0, 0.5, -2.0, 20.0]),
    "exp-sin": (lambda x: np.exp(np.sin(x)), lambda x: mpmath.exp(mpmath.sin(x)), [0.0, 1.0]),
    "runge": (lambda x: 1 / (1 + x**2), lambda x: 1 / (1 + x**2), [0.0, 1.0, -3.0]),
    "gammaln": (special.gammaln, mpmath.loggamma, [0.7, 3.0]),
    "erf": (special.erf, mpmath.erf, [0.0, 0.9]),
    "expit": (special.expit, lambda x: 1 / (1 + mpmath.exp(-x)), [0.0, -30.0]),
    "arctan": (np.arctan, mpmath.atan, [0.0, 0.5]),
    "log1p-exp": (
        lambda x: np.logaddexp(0.0, x),
        lambda x: mpmath.log1p(mpmath.exp(x)),
        [0.0, -3.0],
    ),
    "sqrt": (lambda x: np.sqrt(1 + x), lambda x: mpmath.sqrt(1 + x), [0.0, 3.0]),
    "power": (lambda x: x**2.5, lambda x: x ** mp.mpf(2.5), [2.0]),
    "x-to-the-x": (lambda x: x**x, lambda x: x**x, [1.5]),
}


def exact_derivative(f: Callable[..., Any], x: float, order: int) -> Any:
    if f is mpmath.loggamma:  # mpmath's differences of it take minutes
        return mpmath.psi(order - 1, mp.mpf(x))
    return mpmath.diff(f, mp.mpf(x), order)


@pytest.mark.parametrize("order", [5, 10])
@pytest.mark.parametrize("name", HIGH)
def test_tenth_derivatives(name: str, order: int) -> None:
    f, exact, points = HIGH[name]
    forward, mixed = f, f
    for level in range(order):
        forward = derivative_forward(forward)
        mixed = (D if level < 2 else derivative_forward)(mixed)
    for x in points:
        with mp.workdps(120):
            near = [exact_derivative(exact, x, k) for k in (order - 1, order, order + 1)]
            wanted, scale = float(near[1]), float(max(map(abs, near)))
        assert forward(x) == pytest.approx(wanted, rel=1e-9, abs=1e-9 * scale), x
        assert mixed(x) == pytest.approx(wanted, rel=1e-9, abs=1e-9 * scale), x


@modes
def test_cube_at_zero_to_order_five(mode: Any) -> None:
    for f in (lambda x: x**3, lambda x: x**3.0, lambda x: x * x * x, lambda x: np.power(x, 3)):
        derivatives = []
        g = f
        for _ in range(5):
            g = mode(g)
            derivatives.append(float(g(0.0)))
        assert derivatives == [0.0, 0.0, 6.0, 0.0, 0.0]


def test_power_with_a_traced_exponent() -> None:
    def f(x: Any, p: Any) -> Any:
        return x**p

    assert D(f)(0.0, 2.0) == 0.0
    assert D(f, 1)(0.0, 2.0) == 0.0
    assert D(D(f))(0.0, 2.0) == 2.0
    assert D(f)(-2.0, 3.0) == 12.0
    assert D(D(f, 1), 0)(2.0, 3.0) == pytest.approx(4 + 12 * np.log(2.0), rel=1e-15)


def test_prod_with_zeros_to_second_order() -> None:
    x = np.array([2.0, 0.0, 3.0])
    np.testing.assert_array_equal(D(np.prod)(x), [0.0, 6.0, 0.0])
    wanted = [[0.0, 3.0, 0.0], [3.0, 0.0, 2.0], [0.0, 2.0, 0.0]]
    np.testing.assert_array_equal(dt.hessian(np.prod)(x), wanted)
    np.testing.assert_array_equal(D(np.prod)(np.zeros(3)), np.zeros(3))


def test_norm_at_zero_has_gradient_zero() -> None:
    # As absolute and hypot: the subgradient of least length.
    gradient = D(np.linalg.norm)(np.zeros(3))
    np.testing.assert_array_equal(gradient, np.zeros(3))


def test_relu_net_gradient_of_gradient_norm() -> None:
    generator = np.random.default_rng(0)
    W1, W2 = generator.normal(size=(4, 3)), generator.normal(size=4)
    x = generator.normal(size=3)

    def net(W: Any, x: Any) -> Any:
        return W2 @ np.maximum(W @ x, 0.0)

    def penalty(W: Any) -> Any:
        return np.sum(D(net, 1)(W, x) ** 2)

    # By hand: grad_x = W^T s, s = W2 where active; penalty' = 2 s (W^T s)^T.
    s = W2 * (W1 @ x > 0)
    np.testing.assert_allclose(D(penalty)(W1), 2 * np.outer(s, W1.T @ s), rtol=1e-14)


def test_loop_that_writes_entries() -> None:
    def f(x: Any) -> Any:
        y = dnp.zeros(5)
        y[0] = x
        for k in range(1, 5):
            y[k] = np.sin(y[k - 1]) + y[k - 1] * x
        return y[4]

    def by_hand(x: float) -> float:
        y, y_dot = x, 1.0
        for _ in range(4):
            y, y_dot = np.sin(y) + y * x, np.cos(y) * y_dot + y_dot * x + y
        return y_dot

    assert D(f)(0.7) == pytest.approx(by_hand(0.7), rel=1e-14)
    assert derivative_forward(f)(0.7) == pytest.approx(by_hand(0.7), rel=1e-14)


def test_in_place_update_of_a_vector_in_a_loop() -> None:
    def heat(u: Any) -> Any:
        u = u.copy()
        for _ in range(3):
            u[1:-1] += 0.25 * (u[2:] - 2 * u[1:-1] + u[:-2])
        return u

    step = np.eye(6)
    step[1:-1] += 0.25 * (np.eye(6)[2:] - 2 * np.eye(6)[1:-1] + np.eye(6)[:-2])
    wanted = np.linalg.matrix_power(step, 3)
    u = np.linspace(0, 1, 6) ** 2
    np.testing.assert_allclose(dt.jacfwd(heat)(u), wanted, atol=1e-15)
    np.testing.assert_allclose(dt.jacrev(heat)(u), wanted, atol=1e-15)
    np.testing.assert_array_equal(u, np.linspace(0, 1, 6) ** 2)


@modes
@pytest.mark.parametrize("a", [2.0, 10.0])
def test_while_loop_that_depends_on_values(mode: Any, a: float) -> None:
    def root(a: Any) -> Any:
        x = a
        while abs(x * x - a) > 1e-13 * a:
            x = 0.5 * (x + a / x)
        return x

    assert mode(root)(a) == pytest.approx(0.5 / np.sqrt(a), rel=1e-10)
    assert dt.jit(mode(root))(a) == pytest.approx(0.5 / np.sqrt(a), rel=1e-10)


def test_outputs_that_do_not_depend_on_the_input() -> None:
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(D(lambda x: dnp.sum(np.ones(3)))(x), np.zeros(2))
    np.testing.assert_array_equal(dt.jacfwd(lambda x: np.ones(3))(x), np.zeros((3, 2)))
    np.testing.assert_array_equal(D(lambda x: np.sum(np.sign(x)))(x), np.zeros(2))
    np.testing.assert_array_equal(dt.hessian(lambda x: np.sum(3 * x))(x), np.zeros((2, 2)))


def test_one_value_used_many_times() -> None:
    # Doubling 40 times: a graph walked as a tree would take 2^40 steps.
    def f(x: Any) -> Any:
        for _ in range(40):
            x = x + x
        return x

    assert D(f)(1.0) == 2.0**40
    assert derivative_forward(derivative_forward(f))(1.0) == 0.0


def test_hessian_of_a_singular_determinant() -> None:
    A = np.array([[1.0, 2.0], [2.0, 4.0]])
    hessian = dt.hessian(np.linalg.det)(A)
    wanted = np.zeros((2, 2, 2, 2))
    wanted[0, 0, 1, 1] = wanted[1, 1, 0, 0] = 1.0
    wanted[0, 1, 1, 0] = wanted[1, 0, 0, 1] = -1.0
    np.testing.assert_allclose(hessian, wanted, atol=1e-15)
    np.testing.assert_allclose(D(np.linalg.det)(np.ones((3, 3))), np.zeros((3, 3)), atol=1e-15)


@pytest.mark.parametrize("jacobian", [dt.jacfwd, dt.jacrev])
def test_ties_of_reductions_are_shared(jacobian: Any) -> None:
    np.testing.assert_array_equal(jacobian(np.max)(np.array([1.0, 1.0, 0.0])), [0.5, 0.5, 0.0])
    np.testing.assert_allclose(jacobian(np.min)(np.zeros(3)), np.full(3, 1 / 3), rtol=1e-15)
    by_column = jacobian(lambda x: np.max(x, axis=0))(np.array([[1.0, 2.0], [1.0, 3.0]]))
    np.testing.assert_array_equal(by_column[0], [[0.5, 0.0], [0.5, 0.0]])
    np.testing.assert_array_equal(by_column[1], [[0.0, 0.0], [0.0, 1.0]])
    assert np.all(np.isnan(jacobian(np.max)(np.array([1.0, np.nan]))))


@pytest.mark.parametrize("jacobian", [dt.jacfwd, dt.jacrev])
def test_repeated_indices_add_once_as_numpys(jacobian: Any) -> None:
    def f(x: Any) -> Any:
        y = dnp.zeros(3)
        y[np.array([1, 1])] += x  # NumPy buffers: the last one counts.
        return y

    np.testing.assert_array_equal(jacobian(f)(np.ones(2)), [[0, 0], [0, 1], [0, 0]])


@pytest.mark.parametrize("jacobian", [dt.jacfwd, dt.jacrev])
def test_overlapping_write_reads_before_it_writes(jacobian: Any) -> None:
    def f(x: Any) -> Any:
        y = x.copy()
        y[1:] = y[:-1]
        return y

    wanted = np.eye(4)[[0, 0, 1, 2]]
    np.testing.assert_array_equal(jacobian(f)(np.arange(4.0)), wanted)


def test_singular_points_say_nan_and_not_a_number() -> None:
    # sqrt(x^2) is |x|, whose parts are 0 * inf at 0: no derivative comes out, and none is invented.
    assert np.isnan(D(lambda x: np.sqrt(x**2))(0.0))
    assert np.isnan(derivative_forward(lambda x: np.sqrt(x**2))(0.0))
    assert np.all(np.isnan(D(lambda x: np.arctan2(x[0], x[1]))(np.zeros(2))))
