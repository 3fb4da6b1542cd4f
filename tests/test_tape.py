"""Tape: derivatives of outputs in inputs, inside and after the block."""

import numpy as np
import pytest

import dualtape as dt

X = np.array([0.5, -1.5, 2.0])


def test_derivatives_inside_and_after_the_block():
    with dt.Tape() as tape:
        x = tape.watch(np.array(-2.0))
        f = 2 * x**3
        g = tape.grad(f, x)
        k = tape.grad(g, x)
    assert f.value == -16.0
    assert g.value == 24.0
    assert k.value == -24.0
    assert tape.grad(g, x) == -24.0
    assert tape.grad(k, x) == 12.0
    assert tape.grad(f, x) == 24.0
    assert type(tape.grad(f, x)) is np.ndarray


def test_values_can_be_asked_at_any_time():
    with dt.Tape() as tape:
        x = tape.watch(X)
        y = np.square(x) * 2
        np.testing.assert_array_equal(y.value, 2 * np.square(X))
        z = y + 1
    np.testing.assert_array_equal(x.value, X)
    np.testing.assert_array_equal(z.value, 2 * np.square(X) + 1)


def test_trees_are_watched_and_given_back():
    with dt.Tape() as tape:
        p = tape.watch({"w": X, "s": (2.0, np.ones((2, 2)))})
        y = np.sum(p["w"] ** 2) * p["s"][0]
    g = tape.grad(y, p)
    np.testing.assert_allclose(g["w"], 4 * X)
    np.testing.assert_allclose(g["s"][0], np.sum(X**2))
    np.testing.assert_array_equal(g["s"][1], np.zeros((2, 2)))


def test_inputs_that_do_not_matter_give_zeros():
    with dt.Tape() as tape:
        x, z = tape.watch((X, np.ones((2, 3))))
        y = np.sum(x)
    np.testing.assert_array_equal(tape.grad(y, z), np.zeros((2, 3)))
    np.testing.assert_array_equal(tape.jacobian(x * 1 if False else x, z), np.zeros((3, 2, 3)))
    np.testing.assert_array_equal(tape.grad(3.0, x), np.zeros(3))


def test_intermediate_values_are_inputs_too():
    with dt.Tape() as tape:
        x = tape.watch(X)
        h = np.exp(x)
        y = np.sum(h**2) + np.sum(x)
    np.testing.assert_allclose(tape.grad(y, h), 2 * np.exp(X), rtol=1e-15)
    np.testing.assert_allclose(tape.grad(y, x), 2 * np.exp(2 * X) + 1, rtol=1e-14)


def test_cotangents_and_tangents():
    v = np.array([1.0, 10.0, 100.0])
    with dt.Tape() as tape:
        x = tape.watch(X)
        y = np.sin(x)
        s = np.sum(x**2)
    np.testing.assert_allclose(tape.grad(y, x, v), np.cos(X) * v, rtol=1e-15)
    np.testing.assert_allclose(tape.jvp(y, x, v), np.cos(X) * v, rtol=1e-15)
    both = tape.grad((y, s), x, (v, 2.0))
    np.testing.assert_allclose(both, np.cos(X) * v + 4 * X, rtol=1e-15)
    np.testing.assert_allclose(tape.grad({"a": s, "b": 2 * s.value}, x), 2 * X, rtol=1e-15)
    one, two = tape.jvp((y, s), x, v)
    np.testing.assert_allclose(one, np.cos(X) * v, rtol=1e-15)
    np.testing.assert_allclose(two, 2 * X @ v, rtol=1e-15)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_second_derivatives():
    v = np.array([1.0, -2.0, 0.5])
    with dt.Tape() as tape:
        x = tape.watch(X)
        y = rosenbrock(x)
    H = dt.hessian(rosenbrock)(X)
    np.testing.assert_allclose(tape.hvp(y, x, v), H @ v, rtol=1e-13)
    np.testing.assert_allclose(tape.hessian(y, x), H, rtol=1e-13)
    np.testing.assert_allclose(tape.jacobian(y, x), dt.grad(rosenbrock)(X), rtol=1e-13)
    np.testing.assert_allclose(
        tape.jacobian(y, x, mode="forward"), dt.grad(rosenbrock)(X), rtol=1e-13
    )


def test_hessian_of_a_tree_is_a_tree_of_trees():
    with dt.Tape() as tape:
        p = tape.watch({"u": X, "v": 2.0})
        y = np.sum(p["u"] ** 2) * p["v"]
    H = tape.hessian(y, p)
    np.testing.assert_allclose(H["u"]["u"], 4 * np.eye(3))
    np.testing.assert_allclose(H["u"]["v"], 2 * X)
    assert H["v"]["v"] == 0.0


def test_a_tape_inside_a_recorded_function():
    def f(x):
        with dt.Tape() as tape:
            y = tape.watch(x)
            z = y**3
        return tape.grad(z, y)

    np.testing.assert_allclose(f(2.0), 12.0)
    np.testing.assert_allclose(dt.grad(f)(2.0), 12.0)


def test_transforms_inside_the_block():
    with dt.Tape() as tape:
        x = tape.watch(2.0)
        y = dt.grad(lambda t: t**2 * x)(x)  # 2 x^2
    np.testing.assert_allclose(y.value, 8.0)
    np.testing.assert_allclose(tape.grad(y, x), 8.0)


def test_inner_tape_uses_values_of_the_outer():
    with dt.Tape() as outer:
        x = outer.watch(3.0)
        with dt.Tape() as inner:
            y = inner.watch(x)
            z = x * y**2
        g = inner.grad(z, y)  # 2 x y, a value of the outer tape
        total = g * x
    np.testing.assert_allclose(total.value, 54.0)
    np.testing.assert_allclose(outer.grad(total, x), 6 * 3.0**2, rtol=1e-14)


def test_what_is_watched_is_copied():
    data = X.copy()
    with dt.Tape() as tape:
        x = tape.watch(data)
        y = np.sum(x**2)
    data[:] = 1e9
    np.testing.assert_allclose(tape.grad(y, x), 2 * X)
    assert y.value == np.sum(X**2)


def test_repeated_use_gives_the_same():
    with dt.Tape() as tape:
        x = tape.watch(X)
        y = np.sum(np.sin(x))
    first = tape.grad(y, x)
    first[:] = 0
    np.testing.assert_array_equal(tape.grad(y, x), tape.grad(y, x))
    np.testing.assert_allclose(tape.grad(y, x), np.cos(X), rtol=1e-15)


def test_errors():
    with dt.Tape() as tape:
        x = tape.watch(X)
        y = np.sin(x)
        n = np.argmax(x)
    with dt.Tape() as other:
        z = other.watch(X)
        w = np.sum(z)
    with pytest.raises(dt.ShapeError, match=r"tape.grad: outputs must have shape \(\), got \(3,\)"):
        tape.grad(y, x)
    with pytest.raises(TypeError, match=r"inputs must be a value of this tape.*got ndarray"):
        tape.grad(y, X, X)
    with pytest.raises(TypeError, match="outputs must be float32 or float64, got int64"):
        tape.grad(n, x)
    with pytest.raises(dt.ShapeError, match=r"tape.hvp: output must have shape \(\), got \(3,\)"):
        tape.hvp(y, x, X)
    with dt.Tape() as third, pytest.raises(TypeError, match=r"watch: tree must be.*got int64"):
        third.watch(np.arange(3))
    with pytest.raises(dt.ShapeError, match=r"tangents must have shape \(3,\), got \(2,\)"):
        tape.jvp(y, x, np.ones(2))
    with pytest.raises(ValueError, match="mode must be 'reverse' or 'forward', got 'up'"):
        tape.jacobian(y, x, mode="up")
    with pytest.raises((TypeError, ValueError)):
        tape.grad(w, x)
    with pytest.raises((TypeError, ValueError)):
        tape.grad(w, z)
    with pytest.raises(dt.LeakedTracerError):
        y + 1
