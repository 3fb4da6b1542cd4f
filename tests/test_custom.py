"""custom_jvp, custom_vjp, stop_gradient, check_grads."""

import functools

import numpy as np
import pytest

import dualtape as dt

X = np.array([0.5, -1.5, 2.0])


def make_jvp_sine():
    """sin with the derivative 10 cos: to see which rule is used."""

    @dt.custom_jvp
    def sine(x):
        return np.sin(x)

    @sine.defjvp
    def rule(primals, tangents):
        (x,), (x_dot,) = primals, tangents
        return sine(x), 10 * np.cos(x) * x_dot

    return sine


def make_vjp_sine():
    @dt.custom_vjp
    def sine(x):
        return np.sin(x)

    sine.defvjp(lambda x: (np.sin(x), x), lambda x, y_bar: (10 * np.cos(x) * y_bar,))
    return sine


@pytest.mark.parametrize("make", [make_jvp_sine, make_vjp_sine])
def test_the_rule_is_used(make):
    sine = make()
    np.testing.assert_array_equal(sine(X), np.sin(X))
    g = dt.grad(lambda x: np.sum(sine(x) * 2))(X)
    np.testing.assert_allclose(g, 20 * np.cos(X), rtol=1e-14)
    np.testing.assert_allclose(dt.jacrev(sine)(X), np.diag(10 * np.cos(X)), rtol=1e-14)
    g = dt.vmap(dt.grad(sine))(X)
    np.testing.assert_allclose(g, 10 * np.cos(X), rtol=1e-14)
    g = dt.jit(dt.grad(lambda x: np.sum(sine(x))))(X)
    np.testing.assert_allclose(g, 10 * np.cos(X), rtol=1e-14)


def test_rule_of_custom_jvp_is_differentiated_again():
    sine = make_jvp_sine()
    assert np.isclose(dt.jvp(sine, (0.5,), (1.0,))[1], 10 * np.cos(0.5))
    # d/dx of the rule 10 cos(x) x_dot: the inner sine is not in it.
    assert np.isclose(dt.grad(dt.grad(sine))(0.5), -10 * np.sin(0.5))
    assert np.isclose(dt.hvp(sine, 0.5, 1.0), -10 * np.sin(0.5))


def test_rules_of_custom_vjp_are_differentiated_again():
    sine = make_vjp_sine()
    assert np.isclose(dt.grad(dt.grad(sine))(0.5), -10 * np.sin(0.5))


def test_forward_mode_of_custom_vjp_raises():
    with pytest.raises(dt.DerivativeError, match="custom_jvp"):
        dt.jvp(make_vjp_sine(), (0.5,), (1.0,))
    np.testing.assert_allclose(dt.jacobian(make_vjp_sine())(X), np.diag(10 * np.cos(X)))


def test_jacobian_takes_the_direction_that_is_there():
    """Forward mode would be shorter here: one argument, three results."""
    sine = make_vjp_sine()
    tall = dt.jacobian(lambda s: sine(s * X))(2.0)
    np.testing.assert_allclose(tall, 10 * X * np.cos(2 * X), rtol=1e-14)
    f = dt.jacobian(lambda s: sine(s * X))
    np.testing.assert_array_equal(dt.jit(f)(2.0), tall)
    np.testing.assert_array_equal(dt.vmap(f)(np.array([2.0]))[0], tall)
    with pytest.raises(dt.DerivativeError, match="custom_jvp"):
        dt.jacfwd(lambda s: sine(s * X))(2.0)


def test_nondiff_argnums():
    @functools.partial(dt.custom_jvp, nondiff_argnums=(0, 2))
    def apply(f, x, n=2):
        return f(x) ** n

    @apply.defjvp
    def rule(f, n, primals, tangents):
        (x,), (x_dot,) = primals, tangents
        return apply(f, x, n), 100.0 * n * x_dot

    assert dt.grad(lambda x: apply(np.sin, x, 3))(0.5) == 300.0
    assert dt.grad(lambda x: apply(np.sin, x))(0.5) == 200.0
    assert dt.grad(lambda x: apply(np.sin, x, n=4))(0.5) == 400.0

    @functools.partial(dt.custom_vjp, nondiff_argnums=(1,))
    def scaled(x, name):
        return x * (2.0 if name == "two" else 1.0)

    scaled.defvjp(
        lambda x, name: (scaled(x, name), None), lambda name, _, y_bar: (y_bar * len(name),)
    )
    assert dt.grad(lambda x: scaled(x, "two"))(0.5) == 3.0


def test_trees_and_several_arguments():
    @dt.custom_vjp
    def f(p, s):
        return {"y": p["a"] * s, "z": p["b"]}

    def fwd(p, s):
        return f(p, s), (p["a"], s, "static", 7)

    def bwd(residuals, y_bar):
        _a, s, word, n = residuals
        assert (word, n) == ("static", 7)
        return {"a": y_bar["y"] * s + y_bar["z"] * 0, "b": 2 * y_bar["z"]}, None

    f.defvjp(fwd, bwd)

    def loss(p, s):
        out = f(p, s)
        return np.sum(out["y"]) + np.sum(out["z"])

    gp, gs = dt.grad(loss, (0, 1))({"a": X, "b": X}, 3.0)
    np.testing.assert_array_equal(gp["a"], np.full(3, 3.0))
    np.testing.assert_array_equal(gp["b"], np.full(3, 2.0))
    assert gs == 0.0


def test_defjvps_sums_over_the_arguments():
    @dt.custom_jvp
    def f(x, y):
        return x * y

    f.defjvps(lambda x_dot, ans, x, y: 2 * y * x_dot, None)
    assert dt.grad(f, (0, 1))(3.0, 5.0) == (10.0, 0.0)


def test_captured_arrays_may_be_used():
    table = np.array([1.0, 2.0, 3.0])

    @dt.custom_jvp
    def f(x):
        return x * table

    @f.defjvp
    def rule(primals, tangents):
        return f(primals[0]), tangents[0] * (table + 1)

    np.testing.assert_array_equal(dt.grad(lambda x: np.sum(f(x)))(X), table + 1)


def test_closing_over_a_traced_value_is_refused():
    def outer(s):
        @dt.custom_jvp
        def f(x):
            return x * s

        f.defjvp(lambda primals, tangents: (f(primals[0]), tangents[0]))
        return f(s)

    with pytest.raises(ValueError, match=r"custom_jvp f.*closes over.*argument"):
        dt.grad(outer)(2.0)


def test_rules_are_checked():
    @dt.custom_jvp
    def f(x):
        return x * 2

    with pytest.raises(TypeError, match="has no rule yet"):
        f(1.0)
    f.defjvp(lambda primals, tangents: primals[0])
    with pytest.raises(TypeError, match=r"must return \(result, product\)"):
        dt.grad(f)(1.0)
    f.defjvp(lambda primals, tangents: (f(*primals), np.ones(2)))
    with pytest.raises(dt.ShapeError, match=r"product must have shape \(\), got \(2,\)"):
        dt.grad(f)(1.0)

    @dt.custom_vjp
    def g(x, y):
        return x * y

    g.defvjp(lambda x, y: (x * y, None), lambda _, z_bar: z_bar)
    with pytest.raises(TypeError, match="must return a tuple of 2 cotangents"):
        dt.grad(g)(1.0, 2.0)
    g.defvjp(lambda x, y: (x * y, None), lambda _, z_bar: (np.ones(3), None))
    with pytest.raises(dt.ShapeError, match=r"cotangent 0 must have shape \(\), got \(3,\)"):
        dt.grad(g)(1.0, 2.0)


def test_stop_gradient():
    def f(p):
        q = dt.stop_gradient(p)
        return np.sum(p["a"] * q["a"]) + q["b"]

    g = dt.grad(f)({"a": X, "b": 2.0})
    np.testing.assert_array_equal(g["a"], X)
    assert g["b"] == 0.0
    assert dt.stop_gradient({"a": 1, "b": "word"}) == {"a": 1, "b": "word"}


def test_check_grads_passes_right_and_fails_wrong_rules():
    dt.check_grads(lambda x, p: np.sin(x) * p["s"], (X, {"s": 2.0}), order=3)
    dt.check_grads(lambda x: np.sum(x**2), (X.astype(np.float32),), order=2)
    with pytest.raises(AssertionError, match="jvp must be"):
        dt.check_grads(make_jvp_sine(), (X,), order=1, modes=("fwd",))
    with pytest.raises(AssertionError, match="vjp must be"):
        dt.check_grads(make_vjp_sine(), (X,), order=1, modes=("rev",))
    with pytest.raises(ValueError, match="modes must be 'fwd' or 'rev', got 'back'"):
        dt.check_grads(np.sin, (X,), 1, modes=("back",))


def test_check_grads_has_power():
    """A relative error of 1e-5 in a first derivative is found."""

    @dt.custom_jvp
    def f(x):
        return np.sin(x)

    f.defjvp(lambda x, x_dot: (f(*x), np.cos(x[0]) * x_dot[0] * (1 + 1e-5)))
    with pytest.raises(AssertionError):
        dt.check_grads(f, (X,), order=1)
