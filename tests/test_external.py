"""external: Python functions that are called and not recorded, with and without rules."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
import scipy.integrate
import scipy.sparse
import scipy.sparse.linalg

import dualtape as dt

X = np.array([0.1, 0.7, -1.3])


def scaled_sine(x, y):
    """Only plain arrays will do."""
    assert type(x) is np.ndarray
    assert isinstance(y, float | np.ndarray)
    return np.sin(x) * y


def push(primals, tangents):
    (x, y), (x_dot, y_dot) = primals, tangents
    return np.cos(x) * y * x_dot + np.sin(x) * y_dot


def pull(primals, y_bar):
    x, y = primals
    return np.cos(x) * y * y_bar, np.sum(np.sin(x) * y_bar)


both = dt.external(scaled_sine, jvp=push, vjp=pull)


def recorded(x, y):
    return np.sin(x) * y


@pytest.mark.parametrize(
    "transform",
    [
        lambda f: f,
        lambda f: dt.jacfwd(f, argnums=(0, 1)),
        lambda f: dt.jacrev(f, argnums=(0, 1)),
        lambda f: dt.grad(lambda x, y: np.sum(f(2 * x, y) ** 2), argnums=(0, 1)),
        lambda f: lambda x, y: dt.jvp(f, (x, y), (x**2, 3.0)),
        lambda f: lambda x, y: dt.vmap(f, in_axes=(0, None))(np.stack([x, 2 * x]), y),
        lambda f: dt.vmap(dt.grad(lambda x, y: np.sum(f(x * np.ones(3), y))), in_axes=(0, None)),
    ],
)
def test_with_both_rules_it_is_as_recorded(transform):
    for wrapped in (transform(both), dt.jit(transform(both))):
        for x in (X, 2 * X):
            given, wanted = wrapped(x, 1.7), transform(recorded)(x, 1.7)
            given, wanted = (y if isinstance(y, tuple) else (y,) for y in (given, wanted))
            for a, b in zip(given, wanted, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-14)


def test_rules_agree_with_differences():
    dt.check_grads(lambda x, y: both(x, y), (X, 1.7), order=1)
    wrong = dt.external(scaled_sine, jvp=push, vjp=lambda p, c: pull(p, c * (1 + 1e-4)))
    with pytest.raises(AssertionError, match="vjp must be"):
        dt.check_grads(lambda x, y: wrong(x, y), (X, 1.7), order=1)


def test_missing_rules_are_named():
    reverse = dt.external(scaled_sine, vjp=pull)
    assert dt.grad(lambda y: np.sum(reverse(X, y)))(2.0) == pytest.approx(np.sum(np.sin(X)))
    with pytest.raises(dt.DerivativeError, match=r"scaled_sine: forward mode needs the rule jvp="):
        dt.jacfwd(reverse)(X, 1.0)
    forward = dt.external(scaled_sine, jvp=push)
    np.testing.assert_allclose(dt.jacfwd(forward)(X, 1.0), np.diag(np.cos(X)))
    with pytest.raises(dt.DerivativeError, match=r"scaled_sine: reverse mode needs the rule vjp="):
        dt.jacrev(forward)(X, 1.0)
    with pytest.raises(dt.DerivativeError, match="external scaled_sine: no derivative"):
        dt.jacrev(dt.external(scaled_sine))(X, 1.0)
    with pytest.raises(dt.DerivativeError, match="order 2 is wanted"):
        dt.hessian(lambda x: np.sum(both(x, 1.0)))(X)


def test_tuples_of_results_and_zero_cotangents():
    @dt.external(shape=[(3,), ()], vjp=lambda p, c: (2 * c[0] + c[1], None))
    def two(x, y):
        return 2 * x, np.sum(x)

    slopes = dt.grad(lambda x, y: two(x, y)[0][0] + 3 * two(x, y)[1], argnums=(0, 1))(X, 1.0)
    np.testing.assert_array_equal(slopes[0], [5.0, 3.0, 3.0])
    assert slopes[1] == 0.0
    assert dt.jit(two)(X, 1.0)[1] == np.sum(X)


def test_types_of_results():
    assert dt.jit(both)(X.astype(np.float32), np.float32(2)).dtype == np.float32
    assert dt.jit(both)(X.astype(np.float32), np.float64(2)).dtype == np.float64
    with pytest.raises(TypeError, match=r"argument 0 must be of real numbers, got complex128"):
        dt.jit(both)(1j * X, 1.0)
    with pytest.raises(TypeError, match=r"the result must be of real numbers, got complex128"):
        dt.jit(dt.external(lambda x: 1j * x))(X)
    with pytest.raises(dt.ShapeError, match=r"must have shapes \[\(3,\)\], got \[\(2,\)\]"):
        dt.jit(dt.external(lambda x: x[:2], shape=(3,)))(X)
    with pytest.raises(TypeError, match="fun must be callable, got int"):
        dt.external(3)


def test_errors_of_the_function_arrive_as_they_are():
    class Failed(Exception):
        pass

    def fails(x):
        raise Failed("diverged")

    with pytest.raises(Failed, match="diverged") as told:
        dt.jit(dt.external(fails))(X)
    assert "shape= tells it" in told.value.__notes__[0]
    with pytest.raises(Failed, match="diverged"):
        dt.grad(lambda x: np.sum(dt.external(fails, shape=(3,), vjp=lambda p, c: (c,))(x) ** 2))(X)
    np.testing.assert_allclose(dt.grad(lambda x: np.sum(both(x, 1.0)))(X), np.cos(X))


def test_called_once_for_the_shape_and_once_for_each_run():
    calls = []

    def counted(x):
        calls.append(x.copy())
        return 2 * x

    f = dt.jit(dt.external(counted))
    f(X)
    np.testing.assert_array_equal(calls, [np.ones(3), X])
    f(3 * X)
    assert len(calls) == 3
    dt.jit(dt.external(counted, shape=(3,)))(X)
    assert len(calls) == 4


def test_functions_of_dualtape_inside_and_many_threads():
    slope = dt.jit(dt.grad(lambda x: np.sum(x**3)))
    f = dt.external(lambda x: slope(x), vjp=lambda p, c: (6 * p[0] * c,))
    g = dt.jit(dt.grad(lambda x: np.sum(f(x) ** 2)))
    found = []

    def run():
        found.extend(np.array_equal(g(k * X), g(k * X)) for k in range(50))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 200
    assert all(found)
    np.testing.assert_allclose(g(X), 36 * X**3, rtol=1e-14)


def test_what_the_function_holds_goes_with_it():
    class Held:
        pass

    held = Held()
    f = dt.external(lambda x, held=held: 2 * x, vjp=lambda p, c: (2 * c,))
    dt.grad(lambda x, f=f: np.sum(f(x)))(X)
    alive = weakref.ref(held)
    del f, held
    dt.clear_caches()
    gc.collect()
    assert alive() is None


def test_sparse_solve_with_its_adjoint_to_second_order():
    """The example of the docstring, beside dense matrices that are recorded."""

    def matrix(k):
        off = -np.ones(k.size - 1)
        return scipy.sparse.diags_array([off, k, off], offsets=[-1, 0, 1], format="csc")

    solve = dt.external(lambda k, f: scipy.sparse.linalg.spsolve(matrix(k), f))

    @dt.custom_vjp
    def state(k, f):
        return solve(k, f)

    def pull_state(residuals, u_bar):
        k, u = residuals
        adjoint = state(k, u_bar)
        return -adjoint * u, adjoint

    state.defvjp(lambda k, f: ((u := state(k, f)), (k, u)), pull_state)
    k = np.array([3.0, 2.7, 3.3, 2.9])
    off = np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1)

    def sparse_misfit(k):
        return np.sum((state(k, np.ones(4)) - 1.0) ** 2)

    def dense_misfit(k):
        return np.sum((np.linalg.solve(np.diag(k) - off, np.ones(4)) - 1.0) ** 2)

    slope = dt.grad(sparse_misfit)
    np.testing.assert_allclose(slope(k), dt.grad(dense_misfit)(k), rtol=1e-12)
    np.testing.assert_allclose(dt.jacrev(slope)(k), dt.hessian(dense_misfit)(k), rtol=1e-11)


def test_initial_value_problem_with_its_variational_equation():
    def decay(k):
        flow = scipy.integrate.solve_ivp(lambda t, y: -k * y, (0, 1), [1.0], rtol=1e-10, atol=1e-12)
        return flow.y[0, -1]

    def slope(primals, tangents):
        (k,), (k_dot,) = primals, tangents
        flow = scipy.integrate.solve_ivp(
            lambda t, y: [-k * y[0], -k * y[1] - y[0]], (0, 1), [1.0, 0.0], rtol=1e-10, atol=1e-12
        )
        return flow.y[1, -1] * k_dot

    f = dt.external(decay, jvp=slope, vjp=lambda primals, c: (slope(primals, (c,)),))
    assert dt.grad(lambda k: f(k) ** 2)(0.7) == pytest.approx(-2 * np.exp(-1.4), rel=1e-8)
