"""grad, jvp, vjp, Jacobians: what they refuse, and what the error says."""

import numpy as np
import pytest
import scipy.sparse.linalg

import dualtape as dt

X = np.array([0.5, -1.5, 2.0])


def cube(x):
    return np.sum(x**3)


def test_result_of_grad_must_be_a_floating_scalar():
    with pytest.raises(dt.ShapeError, match=r"must return shape \(\), got \(3,\)"):
        dt.grad(np.sin)(X)
    with pytest.raises(dt.ShapeError, match=r"got \(1,\); use jacobian.*its one entry"):
        dt.grad(lambda x: x[:1])(X)  # SciPy gives functions of one number an array of it
    with pytest.raises(TypeError, match=r"must return one array.*got tuple.*has_aux"):
        dt.grad(lambda x: (x, x))(1.0)
    with pytest.raises(TypeError, match="must return float32 or float64, got int64"):
        dt.grad(lambda x: np.argmax(x))(X)
    with pytest.raises(TypeError, match="got NoneType"):
        dt.grad(lambda x: None)(X)
    with pytest.raises(TypeError, match=r"must return \(result, aux\), got 3 entries"):
        dt.grad(lambda x: (x, x, x), has_aux=True)(1.0)


def test_argnums_are_checked():
    with pytest.raises(ValueError, match=r"argnums must name one of the 1 positional.*got 1"):
        dt.grad(cube, 1)(X)
    with pytest.raises(ValueError, match="argnums must name each argument once"):
        dt.grad(cube, (0, -1))(X)
    with pytest.raises(TypeError, match="argnums must be an int or a tuple"):
        dt.grad(cube, "x")
    with pytest.raises(TypeError, match="fun must be callable, got int"):
        dt.grad(3)


def test_floating_types_beyond_ours_are_named_with_the_cure():
    for kind in (np.float16, np.longdouble):
        with pytest.raises(dt.DerivativeError, match=r"got float\d+; convert it by astype"):
            dt.grad(cube)(X.astype(kind))


def test_tangents_of_integers_are_taken_as_numbers():
    """SciPy tries an operator without dtype on a vector of int8."""
    v = np.array([1, 0, -2], np.int8)
    wanted = 3 * X**2 * v
    push = dt.linearize(lambda x: x**3, X)[1]
    pullback = dt.vjp(lambda x: x**3, X)[1]
    np.testing.assert_array_equal(push(v), wanted)
    np.testing.assert_array_equal(pullback(v)[0], wanted)
    np.testing.assert_array_equal(dt.jvp(lambda x: x**3, (X,), (v,))[1], wanted)
    np.testing.assert_array_equal(dt.hvp(cube, X, v), 6 * X * v)
    np.testing.assert_array_equal(dt.jit(push)(v.astype(int)), wanted)
    operator = scipy.sparse.linalg.LinearOperator((3, 3), matvec=push)
    np.testing.assert_allclose(scipy.sparse.linalg.cg(operator, wanted)[0], v, rtol=1e-12)


def test_tangents_are_checked():
    with pytest.raises(dt.ShapeError, match=r"tangents\[0\] must have shape \(3,\), got \(2,\)"):
        dt.jvp(np.sin, (X,), (np.ones(2),))
    with pytest.raises(TypeError, match=r"tangents\[0\] must have dtype float64, got float32"):
        dt.jvp(np.sin, (X,), (np.ones(3, np.float32),))
    with pytest.raises(TypeError, match=r"tangents\[0\] must be structured as"):
        dt.jvp(lambda p: p["a"], ({"a": X},), ([X],))
    with pytest.raises(TypeError, match="primals must be a tuple, got ndarray"):
        dt.jvp(np.sin, X, X)
    with pytest.raises(TypeError, match="tangents must have 1 entries like primals, got 2"):
        dt.jvp(np.sin, (X,), (X, X))
    _, pullback = dt.vjp(np.sin, X)
    with pytest.raises(dt.ShapeError, match=r"cotangents must have shape \(3,\), got \(4,\)"):
        pullback(np.ones(4))
    _, push = dt.linearize(np.sin, X)
    with pytest.raises(TypeError, match="needs 1 tangents"):
        push(X, X)


@pytest.mark.parametrize("kind", [np.ma.MaskedArray, np.matrix])
def test_vectors_of_other_arithmetic_are_refused_as_arguments_are(kind):
    x = np.eye(3)
    v = x.view(kind)

    def energy(x):
        return np.sum(x**3)

    _, pullback = dt.vjp(np.sin, x)
    _, push = dt.linearize(np.sin, x)
    calls = [
        lambda: dt.jvp(np.sin, (x,), (v,)),
        lambda: dt.hvp(energy, x, v),
        lambda: dt.vhp(energy, x, v),
        lambda: pullback(v),
        lambda: push(v),
        lambda: dt.grad(energy)(v),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=f"{kind.__name__} has its own arithmetic"):
            call()
    records = x.view(np.recarray)  # calculates as plain arrays do
    np.testing.assert_array_equal(pullback(records)[0], pullback(x)[0])


def test_an_option_without_truth_is_an_error_of_its_own():
    both = np.array([True, False])

    def f(x):
        return (np.sum(x), x)

    for call in (
        lambda: dt.vjp(f, X, has_aux=both),
        lambda: dt.linearize(f, X, has_aux=both),
        lambda: dt.jvp(f, (X,), (X,), has_aux=both),
        lambda: dt.grad(f, has_aux=both),
    ):
        with pytest.raises(ValueError, match="truth value"):
            call()


def test_results_must_be_arrays():
    with pytest.raises(TypeError, match=r"result\[1\] must be an array or a number, got str"):
        dt.jvp(lambda x: (x, "word"), (1.0,), (1.0,))
    with pytest.raises(TypeError, match="must return float32 or float64, got int64"):
        dt.jacrev(lambda x: np.argmax(x))(X)


def test_leaked_tracers_are_refused():
    kept = []

    def f(x):
        kept.append(x)
        return x * x

    dt.grad(f)(2.0)
    with pytest.raises(dt.LeakedTracerError):
        kept[0] + 1
