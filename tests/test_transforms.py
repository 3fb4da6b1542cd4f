"""grad, value_and_grad, jvp, vjp, linearize, hvp, vhp, Jacobians: signatures, nesting, errors."""

import numpy as np
import pytest

import dualtape as dt

X = np.array([0.5, -1.5, 2.0])


def cube(x):
    return np.sum(x**3)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


# ---------------------------------------------------------------- grad


def test_grad_of_an_array():
    np.testing.assert_allclose(dt.grad(cube)(X), 3 * X**2, rtol=1e-15)


@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.float32(2.0)])
def test_grad_of_a_scalar_is_a_numpy_scalar(x):
    g = dt.grad(lambda x: x**3)(x)
    assert type(g) is (np.float32 if type(x) is np.float32 else np.float64)
    assert g == 12.0


def test_grad_of_a_0d_array_is_a_0d_array():
    g = dt.grad(lambda x: x**3)(np.array(2.0))
    assert type(g) is np.ndarray
    assert g.shape == ()
    assert g == 12.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_grad_keeps_the_dtype(dtype):
    g = dt.grad(lambda x: np.sum(np.sin(x) * 2.0))(X.astype(dtype))
    assert g.dtype == dtype


def test_gradient_owns_its_memory():
    x = X.copy()
    g = dt.grad(lambda x: np.sum(x * 1.0))(x)
    assert g.flags.writeable
    assert g.flags.c_contiguous
    assert not np.shares_memory(g, x)
    h = dt.grad(lambda x, y: np.sum(x * y))(x, x)
    assert not np.shares_memory(h, x)


def test_argnums_choose_arguments():
    def f(x, y, z):
        return x * y * y * z

    assert dt.grad(f, 1)(2.0, 3.0, 5.0) == 60.0
    assert dt.grad(f, -1)(2.0, 3.0, 5.0) == 18.0
    assert dt.grad(f, (2, 0))(2.0, 3.0, 5.0) == (18.0, 45.0)
    assert dt.grad(f, [0])(2.0, 3.0, 5.0) == (45.0,)


def test_other_arguments_pass_untouched():
    seen = []

    def f(x, flag, table, *, scale):
        seen.extend([flag, table, scale])
        return scale * x if flag else x

    table = np.arange(3)
    assert dt.grad(f)(2.0, True, table, scale=4) == 4.0
    assert seen[0] is True
    assert seen[1] is table
    assert seen[2] == 4


def test_value_and_grad():
    value, g = dt.value_and_grad(cube)(X)
    assert type(value) is np.float64
    assert value == cube(X)
    np.testing.assert_allclose(g, 3 * X**2)


def test_has_aux_passes_anything():
    def f(x):
        y = np.square(x)
        return np.sum(y), {"y": y, "name": "square", "n": 3, "none": None}

    g, aux = dt.grad(f, has_aux=True)(X)
    np.testing.assert_array_equal(g, 2 * X)
    np.testing.assert_array_equal(aux["y"], np.square(X))
    assert (aux["name"], aux["n"], aux["none"]) == ("square", 3, None)
    assert type(aux["y"]) is np.ndarray
    (value, aux), g = dt.value_and_grad(f, has_aux=True)(X)
    assert value == np.sum(np.square(X))
    np.testing.assert_array_equal(aux["y"], np.square(X))


def test_derivative_does_not_flow_through_aux():
    """1 / x at zero is infinite: 0 * inf must not reach the gradient."""
    with np.errstate(divide="ignore"):
        g, aux = dt.grad(lambda x: (x * x, 1 / x), has_aux=True)(0.0)
        _, pullback, _ = dt.vjp(lambda x: (x * x, 1 / x), 0.0, has_aux=True)
    assert g == 0.0
    assert aux == np.inf
    assert pullback(1.0) == (0.0,)


def test_outer_derivatives_flow_through_aux():
    """aux is cut off from the derivative that makes it, not from those around that one."""

    def of_grad(a):
        return dt.grad(lambda b: (b**2, a * b), has_aux=True)(2.0)[1]

    def of_value(a):
        return dt.value_and_grad(lambda b: (b**2, a), has_aux=True)(a)[0][1]

    def of_jacobian(a):
        return dt.jacfwd(lambda b: (b**2, a * b), has_aux=True)(X)[1].sum()

    def of_vjp(a):
        return dt.vjp(lambda b: (b**2, a * b), a, has_aux=True)[2]

    def of_jvp(a):
        return dt.jvp(lambda b: (b**2, a * b), (a,), (1.0,), has_aux=True)[2]

    def of_linearize(a):
        return dt.linearize(lambda b: (b**2, a * b), a, has_aux=True)[2]

    wanted = {
        of_grad: 2.0,
        of_value: 1.0,
        of_jacobian: X.sum(),
        of_vjp: 6.0,
        of_jvp: 6.0,
        of_linearize: 6.0,
    }
    for f, derivative in wanted.items():
        assert dt.grad(f)(3.0) == derivative, f
        assert dt.jvp(f, (3.0,), (1.0,))[1] == derivative, f


def test_constant_function_has_zero_gradient():
    np.testing.assert_array_equal(dt.grad(lambda x: 3.0)(X), np.zeros(3))
    np.testing.assert_array_equal(dt.grad(lambda x: np.float64(3.0))(X), np.zeros(3))


# ---------------------------------------------------------------- products


def test_jvp_is_value_and_product():
    y, y_dot = dt.jvp(np.sin, (X,), (np.ones(3),))
    np.testing.assert_array_max_ulp(y, np.sin(X), 4)
    np.testing.assert_allclose(y_dot, np.cos(X), rtol=1e-15)


def test_jvp_of_integer_results_is_zero():
    (_y, n), (y_dot, n_dot) = dt.jvp(lambda x: (x, np.argmax(x)), (X,), (np.ones(3),))
    assert n == 2
    assert n_dot == 0.0
    np.testing.assert_array_equal(y_dot, np.ones(3))


def test_pullback_ignores_cotangents_of_integer_results():
    (_, n), pullback = dt.vjp(lambda x: (2 * x, x > 1), X)
    assert n.dtype == bool
    (x_bar,) = pullback((np.ones(3), np.zeros(3)))
    np.testing.assert_array_equal(x_bar, np.full(3, 2.0))


def test_pullback_is_transpose_of_pushforward():
    random = np.random.default_rng(0)
    A = random.normal(size=(4, 3))

    def f(x):
        return np.tanh(A @ x)

    y, pullback = dt.vjp(f, X)
    y2, push = dt.linearize(f, X)
    np.testing.assert_array_equal(y, y2)
    x_dot, y_bar = random.normal(size=3), random.normal(size=4)
    y_dot = push(x_dot)
    np.testing.assert_allclose(y_dot, dt.jvp(f, (X,), (x_dot,))[1], rtol=1e-14)
    (x_bar,) = pullback(y_bar)
    np.testing.assert_allclose(y_bar @ y_dot, x_bar @ x_dot, rtol=1e-14)


def test_maps_own_what_they_read():
    x = X.copy()
    _, pullback = dt.vjp(np.square, x)
    _, push = dt.linearize(np.square, x)
    x[:] = 1e9
    np.testing.assert_allclose(pullback(np.ones(3))[0], 2 * X)
    np.testing.assert_allclose(push(np.ones(3)), 2 * X)


def test_linearize_and_vjp_with_aux():
    def f(x):
        return x * 2, x + 1

    _, push, aux = dt.linearize(f, X, has_aux=True)
    np.testing.assert_array_equal(aux, X + 1)
    np.testing.assert_array_equal(push(X), 2 * X)
    _y, y_dot, aux = dt.jvp(f, (X,), (X,), has_aux=True)
    np.testing.assert_array_equal(y_dot, 2 * X)
    np.testing.assert_array_equal(aux, X + 1)


@pytest.mark.parametrize("product", [dt.hvp, dt.vhp])
def test_hessian_products(product):
    H = dt.hessian(rosenbrock)(X)
    v = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(product(rosenbrock, X, v), H @ v, rtol=1e-13)
    np.testing.assert_allclose(product(rosenbrock, (X,), (v,)), H @ v, rtol=1e-13)
    given = product(lambda x, y: x * x * y, (2.0, 3.0), (1.0, 0.0))
    assert given == (6.0, 4.0)


def test_hvp_of_a_tree():
    tree = {"a": X, "b": 2.0}
    out = dt.hvp(lambda p: np.sum(p["a"] ** 3) * p["b"], tree, {"a": np.ones(3), "b": 0.0})
    np.testing.assert_allclose(out["a"], 12 * X)
    np.testing.assert_allclose(out["b"], np.sum(3 * X**2))


# ---------------------------------------------------------------- matrices


def outer(x, y):
    return x[:, None] * y


@pytest.mark.parametrize("transform", [dt.jacfwd, dt.jacrev, dt.jacobian])
def test_jacobian_has_result_then_argument_axes(transform):
    y = np.array([3.0, 4.0])
    jx, jy = transform(outer, (0, 1))(X, y)
    assert jx.shape == (3, 2, 3)
    assert jy.shape == (3, 2, 2)
    np.testing.assert_array_equal(jx, np.einsum("ik,j->ijk", np.eye(3), y))
    np.testing.assert_array_equal(jy, np.einsum("i,jk->ijk", X, np.eye(2)))


@pytest.mark.parametrize("transform", [dt.jacfwd, dt.jacrev, dt.jacobian])
def test_jacobian_of_trees_is_a_tree_in_a_tree(transform):
    def f(p):
        return {"s": p["u"] * p["v"], "t": [p["u"]]}

    J = transform(f)({"u": X, "v": 2.0})
    np.testing.assert_array_equal(J["s"]["u"], 2 * np.eye(3))
    np.testing.assert_array_equal(J["s"]["v"], X)
    np.testing.assert_array_equal(J["t"][0]["u"], np.eye(3))
    np.testing.assert_array_equal(J["t"][0]["v"], np.zeros(3))


@pytest.mark.parametrize("transform", [dt.jacfwd, dt.jacrev, dt.jacobian, dt.hessian])
def test_jacobian_with_aux(transform):
    J, aux = transform(lambda x: (np.sum(x**2), {"twice": 2 * x, "word": "w"}), has_aux=True)(X)
    assert J.shape == ((3, 3) if transform is dt.hessian else (3,))
    np.testing.assert_array_equal(aux["twice"], 2 * X)
    assert aux["word"] == "w"


def test_hessian_of_several_arguments():
    H = dt.hessian(lambda x, y: np.sum(x**2) * y, (0, 1))(X, 3.0)
    np.testing.assert_allclose(H[0][0], 6 * np.eye(3))
    np.testing.assert_allclose(H[0][1], 2 * X)
    np.testing.assert_allclose(H[1][0], 2 * X)
    assert H[1][1] == 0.0


@pytest.mark.parametrize("first", [dt.jacfwd, dt.jacrev])
@pytest.mark.parametrize("second", [dt.jacfwd, dt.jacrev])
def test_compositions_agree_with_hessian(first, second):
    H = dt.hessian(rosenbrock)(X)
    np.testing.assert_allclose(first(second(rosenbrock))(X), H, rtol=1e-12, atol=1e-10)
    np.testing.assert_array_equal(H, H.T)


# ---------------------------------------------------------------- nesting


def test_any_order_of_nesting():
    f = np.exp
    for _ in range(8):
        f = dt.grad(f)
    np.testing.assert_allclose(f(0.5), np.exp(0.5), rtol=1e-14)
    third = dt.jvp(lambda x: dt.jvp(dt.grad(np.sin), (x,), (1.0,))[1], (0.5,), (1.0,))[1]
    np.testing.assert_allclose(third, -np.cos(0.5), rtol=1e-14)


def test_perturbations_are_not_confused():
    """The inner derivative of x + y in y is 1, whatever x is (Siskind and Pearlmutter, 2005)."""

    def by_grad(x):
        return x * dt.grad(lambda y: x + y)(1.0)

    def by_jvp(x):
        return x * dt.jvp(lambda y: x + y, (1.0,), (1.0,))[1]

    for f in (by_grad, by_jvp):
        assert dt.grad(f)(3.0) == 1.0
        assert dt.jvp(f, (3.0,), (1.0,))[1] == 1.0
    assert dt.grad(lambda x: x * dt.grad(lambda y: x * y)(2.0))(3.0) == 6.0


def test_derivatives_through_closures_and_maps():
    """The pullback of an inner function holds outer traced values."""

    def f(x):
        _, pullback = dt.vjp(lambda y: np.sin(x) * y**2, x)
        return pullback(1.0)[0]

    x = 0.7
    # 2 x sin x, differentiated
    np.testing.assert_allclose(dt.grad(f)(x), 2 * np.sin(x) + 2 * x * np.cos(x), rtol=1e-14)

    def g(x):
        _, push = dt.linearize(lambda y: y**3, x)
        return push(x)

    np.testing.assert_allclose(dt.grad(g)(2.0), 9 * 2.0**2)


# ---------------------------------------------------------------- errors


def test_integer_arguments_are_named():
    with pytest.raises(TypeError, match=r"grad of cube: argument 0 must be float.*got int64"):
        dt.grad(cube)(np.arange(3))
    with pytest.raises(TypeError, match=r"argument 0\['w'\]\[1\] must be float.*got int"):
        dt.grad(lambda p: p["w"][0])({"w": [1.0, 2]})
    with pytest.raises(TypeError, match=r"jvp of cube: argument 0 must be float.*got bool"):
        dt.jvp(cube, (np.array([True]),), (np.ones(1),))
    with pytest.raises(TypeError, match="got str"):
        dt.grad(cube)("abc")


def test_jacobian_of_where_is_one_selection():
    def f(x):
        return np.where(x > 0, np.sin(x), x * x)

    x = np.array([-1.0, 0.0, 2.0])
    text = str(dt.program(dt.jacfwd(f))(x))
    assert text.count("= where ") == 1
    assert "zero_multiply" not in text  # by a tangent of 1
    np.testing.assert_array_equal(dt.jacfwd(f)(x), np.diag([-2.0, 0.0, np.cos(2.0)]))
