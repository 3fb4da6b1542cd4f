"""Calls of transformations that run in the compiled module, and those it declines."""

import copy
import functools
import gc
import inspect
import pickle
import weakref

import numpy as np
import pytest

import dualtape as dt


def cubes(x):
    """Sum of cubes."""
    return (x**3).sum()


def waves(p, q):
    return {"s": np.sin(p["a"]) * q[0], "c": [np.cos(q[0]) * p["a"]]}


@dt.grad
def slope(x):
    return (x**3).sum()


@dt.external
def doubled(x):
    return 2 * x


POINT = ({"a": np.array([0.3, 1.2])}, (np.array([2.0, -1.0]),))
DIRECTION = ({"a": np.array([1.0, -0.5])}, (np.array([0.25, 4.0]),))
X = np.array([0.5, -1.5, 2.0])
V = np.array([1.0, 2.0, -3.0])


def test_a_transformed_function_looks_like_one():
    gradient = dt.grad(cubes)
    assert gradient.__name__ == "grad_cubes"
    assert gradient.__doc__ == "Sum of cubes."
    assert gradient.__wrapped__ is cubes
    assert str(inspect.signature(gradient)) == "(x)"
    gradient.tag = 1
    assert functools.wraps(gradient)(lambda x: x).tag == 1


def test_a_transformed_function_binds_as_a_method():
    class Model:
        scale = 2.0

        @functools.partial(dt.grad, argnums=1)
        def slope(self, x):
            return self.scale * x * x

    assert Model().slope(3.0) == 12.0


def test_a_transformed_function_in_a_cycle_is_collected():
    class Owner:
        def __init__(self):
            self.slope = dt.grad(lambda x: self.scale * x)

    owner = weakref.ref(Owner())
    gc.collect()
    assert owner() is None


def test_products_of_trees():
    """jvp, linearize and vjp against closed forms."""
    (p, q), (p_dot, q_dot) = POINT, DIRECTION
    a, b, a_dot, b_dot = p["a"], q[0], p_dot["a"], q_dot[0]
    s_dot = np.cos(a) * b * a_dot + np.sin(a) * b_dot
    c_dot = -np.sin(b) * a * b_dot + np.cos(b) * a_dot
    for result, product in (
        dt.jvp(waves, POINT, DIRECTION),
        dt.jvp(waves, list(POINT), list(DIRECTION)),
        dt.jvp(waves, POINT, DIRECTION, has_aux=False),
        (lambda made: (made[0], made[1](*DIRECTION)))(dt.linearize(waves, *POINT)),
    ):
        np.testing.assert_allclose(result["s"], np.sin(a) * b, rtol=1e-15)
        np.testing.assert_allclose(product["s"], s_dot, rtol=1e-14)
        np.testing.assert_allclose(product["c"][0], c_dot, rtol=1e-14)
    _, pullback = dt.vjp(waves, *POINT)
    p_bar, q_bar = pullback({"c": [np.ones(2)], "s": np.array([2.0, 3.0])})  # keys out of order
    np.testing.assert_allclose(
        p_bar["a"], np.array([2.0, 3.0]) * np.cos(a) * b + np.cos(b), rtol=1e-14
    )
    np.testing.assert_allclose(
        q_bar[0], np.array([2.0, 3.0]) * np.sin(a) - np.sin(b) * a, rtol=1e-14
    )


@pytest.mark.parametrize("name", ["laplacian", "hessian_diagonal", "hessian", "jacobian", "grad"])
def test_auxiliary_results(name):
    """A word, an array and traced values beside the result."""
    derivative = {
        "laplacian": 6 * X.sum(),
        "hessian_diagonal": 6 * X,
        "hessian": np.diag(6 * X),
        "jacobian": 3 * X**2,
        "grad": 3 * X**2,
    }[name]
    found, aux = getattr(dt, name)(
        lambda x: (cubes(x), [x[0] * x[1], {"word": "w", "v": V}, np.sin(x)]), has_aux=True
    )(X)
    np.testing.assert_allclose(found, derivative, rtol=1e-15)
    assert aux[0] == X[0] * X[1]
    assert aux[1]["word"] == "w"
    assert aux[1]["v"] is V
    np.testing.assert_allclose(aux[2], np.sin(X), rtol=1e-15)


def test_auxiliary_results_of_products():
    def waves_and_more(x, y):
        return [np.sin(x) * y, x * x], {"twice": 2 * y, "word": "w", "slopes": np.cos(x)}

    def is_right(aux):
        np.testing.assert_array_equal(aux["twice"], 2 * V)
        np.testing.assert_allclose(aux["slopes"], np.cos(X), rtol=1e-15)
        return aux["word"] == "w"

    value, product, aux = dt.jvp(waves_and_more, (X, V), (V, X), has_aux=True)
    assert is_right(aux)
    wanted = [np.cos(X) * V * V + np.sin(X) * X, 2 * X * V]
    np.testing.assert_allclose(value[0], np.sin(X) * V, rtol=1e-15)
    for found, right in zip(product, wanted, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-14)
    value, push, aux = dt.linearize(waves_and_more, X, V, has_aux=True)
    assert is_right(aux)
    for found, right in zip(push(V, X), wanted, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-14)
    value, pull, aux = dt.vjp(waves_and_more, X, V, has_aux=True)
    assert is_right(aux)
    np.testing.assert_array_equal(value[1], X * X)
    x_bar, y_bar = pull([V, X])
    np.testing.assert_allclose(x_bar, np.cos(X) * V * V + 2 * X * X, rtol=1e-14)
    np.testing.assert_allclose(y_bar, np.sin(X) * V, rtol=1e-14)
    with pytest.raises(TypeError, match=r"return \(result, aux\)"):
        dt.vjp(np.sin, X, has_aux=True)


def test_auxiliary_results_beside_hessians_of_arrays():
    found, aux = dt.hessian(lambda p: ([p["a"] ** 3, p["a"] * p["b"]], p["b"] ** 2), has_aux=True)(
        {"a": X, "b": V}
    )
    k = np.arange(3)
    wanted = np.zeros((3, 3, 3))
    wanted[k, k, k] = 6 * X
    np.testing.assert_allclose(found[0]["a"]["a"], wanted, rtol=1e-15)
    wanted[k, k, k] = 1
    np.testing.assert_array_equal(found[1]["a"]["b"], wanted)
    np.testing.assert_array_equal(found[1]["b"]["b"], 0 * wanted)
    np.testing.assert_array_equal(aux, V**2)


@pytest.mark.parametrize("product", [dt.hvp, dt.vhp], ids=["hvp", "vhp"])
def test_products_of_hessians(product):
    np.testing.assert_allclose(product(cubes, X, V), 6 * X * V, rtol=1e-15)
    (only,) = (product(cubes, (X,), (V,)),)
    np.testing.assert_allclose(only, 6 * X * V, rtol=1e-15)
    x_bar, y_bar = product(lambda x, y: (x * x * y).sum(), (X, V), (V, X))
    np.testing.assert_allclose(x_bar, 2 * V * V + 2 * X * X, rtol=1e-15)
    np.testing.assert_allclose(y_bar, 2 * X * V, rtol=1e-15)
    assert type(product(lambda x: x**3, 2.0, 1.0)) is np.float64


def test_arguments_read_where_they_are_or_converted():
    """What is not a plain array goes another way to the same numbers."""
    expected = 2 * X * V
    base = np.zeros(6)
    base[::2] = V
    for tangent in (V, base[::2]):
        np.testing.assert_array_equal(dt.jvp(np.square, (X,), (tangent,))[1], expected)
        np.testing.assert_array_equal(dt.vjp(np.square, X)[1](tangent)[0], expected)
        np.testing.assert_array_equal(dt.linearize(np.square, X)[1](tangent), expected)
    pullback = dt.vjp(np.square, 3.0)[1]
    for one in (1.0, 1, np.float64(1.0), np.ones(())):
        assert pullback(one) == (6.0,)
    assert pullback(cotangents=1.0) == (6.0,)


def test_pullbacks_refuse_what_does_not_fit():
    pullback = dt.vjp(np.square, X)[1]
    with pytest.raises(dt.ShapeError, match=r"cotangents must have shape \(3,\), got \(2,\)"):
        pullback(np.ones(2))
    with pytest.raises(TypeError, match="cotangents must have dtype float64, got float32"):
        pullback(V.astype(np.float32))
    with pytest.raises(TypeError, match="takes 1 argument, got 2"):
        pullback(V, V)
    with pytest.raises(TypeError, match="no such name"):
        pullback(v=V)
    with pytest.raises(TypeError, match="needs 1 tangents"):
        dt.linearize(np.square, X)[1](V, V)


@pytest.mark.parametrize(
    ("axes", "argument", "expected"),
    [
        (0, (np.arange(6.0).reshape(3, 2), X), np.arange(6.0).reshape(3, 2) * X[:, None]),
        ((-1, 0), (np.arange(6.0).reshape(2, 3), X), np.arange(6.0).reshape(2, 3).T * X[:, None]),
        ((None, 0), (np.array([1.0, 2.0]), X), np.outer(X, [1.0, 2.0])),
        ((0, None), (X, 2.0), X * 2.0),
    ],
)
def test_vmap_over_axes(axes, argument, expected):
    mapped = dt.vmap(lambda a, b: a * b, axes)
    np.testing.assert_array_equal(mapped(*argument), expected)
    inside = dt.jvp(mapped, argument, argument)[1]
    np.testing.assert_allclose(inside, 2 * expected, rtol=1e-15)


def test_a_function_is_called_once():
    """A call the compiled module declines was not begun there."""
    calls = []

    def noted(x):
        calls.append(x)
        return x * x

    for transformed in (dt.grad, dt.jacfwd, dt.hessian, dt.laplacian):
        for argument in (2.0, np.float32(2.0)):
            transformed(noted)(argument)
        with pytest.raises(dt.DerivativeError):
            transformed(noted)(np.int64(2))
    dt.vmap(noted, out_axes=-1)(X)
    assert len(calls) == 9


def test_results_that_are_not_traced():
    np.testing.assert_array_equal(dt.jacobian(lambda x: np.ones(2))(X), np.zeros((2, 3)))
    np.testing.assert_array_equal(dt.grad(lambda x: 3.0)(X), np.zeros(3))
    value, product = dt.jvp(lambda x: (x, 2), (X,), (V,))
    assert value[1] == 2
    assert product[1] == 0.0
    with pytest.raises(TypeError, match=r"result\['a'\] must be an array or a number, got str"):
        dt.jacobian(lambda x: {"a": "b"})(X)
    with pytest.raises(dt.DerivativeError, match="must return float32 or float64, got int64"):
        dt.hessian(lambda x: 2)(X)


def test_copies_and_pickles_are_those_of_functions():
    """A model that holds its gradient can be copied; what has a name of its own can be pickled."""
    rule = dt.custom_jvp(cubes)
    for function in (dt.grad(cubes), dt.vmap(cubes), dt.hessian(cubes), rule, slope, doubled):
        held = {"slope": function}
        assert copy.copy(function) is function
        assert copy.deepcopy(held)["slope"] is function
    for function in (slope, doubled):
        assert pickle.loads(pickle.dumps(function)) is function
    with pytest.raises(pickle.PicklingError, match="cubes"):
        pickle.dumps(dt.grad(cubes))
