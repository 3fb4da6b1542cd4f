"""dualtape.sparse: entries and patterns against dense derivatives and central differences."""

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sparse_programs import MAPS, SCALARS, N, random_program, rosenbrock

import dualtape as dt
import dualtape.numpy as dnp
from dualtape._core import Recorder

X = np.random.default_rng(4).normal(size=N)


def dense(f, x):
    """The dense Jacobian as a matrix."""
    return np.reshape(dt.jacobian(f)(x), (-1, x.size))


def differences(f, x, h=1e-6):
    columns = [
        (np.ravel(f(x + h * unit)) - np.ravel(f(x - h * unit))) / (2 * h) for unit in np.eye(x.size)
    ]
    return np.stack(columns, axis=1)


# ---------------------------------------------------------------- one matrix


@pytest.mark.parametrize("name", MAPS)
def test_jacobian_of_a_map(name):
    f = MAPS[name]
    J = dt.sparse.jacobian(f)(X)
    assert isinstance(J, sp.csr_array)
    np.testing.assert_allclose(J.toarray(), dense(f, X), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(J.toarray(), differences(f, X), rtol=1e-7, atol=1e-7)
    J.check_format(full_check=True)
    assert J.has_canonical_format


@pytest.mark.parametrize("name", SCALARS)
def test_hessian_of_a_scalar_function(name):
    f = SCALARS[name]
    H = dt.sparse.hessian(f)(X)
    np.testing.assert_allclose(H.toarray(), dt.hessian(f)(X), rtol=1e-12, atol=1e-12)
    by_hand = differences(dt.grad(f), X)
    np.testing.assert_allclose(H.toarray(), by_hand, rtol=1e-6, atol=1e-5)
    assert (H != H.T).nnz == 0


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("identity", N),
        ("elementwise", N),
        ("constant", 0),
        ("partly constant", 3),
        ("differences", 3 * (N - 2)),
        ("block diagonal", 48),
        ("where on values", N),
        ("arrow", N + 2 * (N - 1)),
        ("matmul", 7 * N),
        ("prefix sums", N * (N + 1) // 2),
        ("solve", 4 * N),
        ("maximum of rows", N),
        ("broadcast", 24 - 3),
        ("nothing", 0),
    ],
)
def test_pattern_has_no_entry_too_many(name, entries):
    assert dt.sparse.jacobian(MAPS[name])(X).nnz == entries


def test_few_products_are_made():
    def colors(f, prepare=dt.sparse.prepare_jacobian):
        return prepare(f, X).colors

    assert colors(MAPS["elementwise"]) in (None, 1)
    assert colors(MAPS["sum"]) in (None, 1)
    assert colors(MAPS["arrow"]) in (None, 3)
    assert colors(MAPS["differences"]) in (None, 3)
    assert colors(SCALARS["hub"], dt.sparse.prepare_hessian) in (None, 2)
    assert colors(rosenbrock, dt.sparse.prepare_hessian) in (None, 3)


@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
def test_formats(format):
    f = MAPS["stencil"]
    J = dt.sparse.jacobian(f, format=format)(X)
    assert J.format == format
    assert type(J) is getattr(sp, format + "_array")
    np.testing.assert_allclose(J.toarray(), dense(f, X), rtol=1e-13)
    H = dt.sparse.hessian(rosenbrock, format=format)(X)
    np.testing.assert_allclose(H.toarray(), dt.hessian(rosenbrock)(X), rtol=1e-13)
    prepared = dt.sparse.prepare_jacobian(f, X, format=format)
    np.testing.assert_allclose(prepared(X).toarray(), dense(f, X), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype(dtype):
    J = dt.sparse.jacobian(MAPS["stencil"])(X.astype(dtype))
    assert J.dtype == dtype
    rtol = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(J.toarray(), dense(MAPS["stencil"], X), rtol=rtol, atol=rtol)


def test_result_is_the_callers_own():
    first, second = (dt.sparse.jacobian(np.square)(X) for _ in range(2))
    first.indices[:] = 0
    first.data[:] = 0
    np.testing.assert_array_equal(second.toarray(), np.diag(2 * X))


def test_scalar_and_empty_arguments():
    assert dt.sparse.jacobian(np.sin)(0.5).toarray() == [[np.cos(0.5)]]
    assert dt.sparse.hessian(lambda x: x**3)(2.0).toarray() == [[12.0]]
    J = dt.sparse.jacobian(lambda x: 2.0 * x)(np.zeros(0))
    assert (J.shape, J.nnz) == ((0, 0), 0)
    assert dt.sparse.hessian(lambda x: np.sum(x**2))(np.zeros(0)).shape == (0, 0)
    J = dt.sparse.jacobian(lambda x: np.concatenate([x, np.ones(3)]))(np.zeros(0))
    assert J.shape == (3, 0)


def test_several_arguments_and_pytrees_in_the_order_of_ravel_pytree():
    parameters = {"w": X[:6].reshape(2, 3), "b": 0.5}
    x = X[6:9]

    def f(p, x):
        return {"y": np.tanh(p["w"] @ x) + p["b"], "z": [x[::-1] ** 2]}

    flat, unravel = dt.ravel_pytree((parameters, x))

    def f_flat(v):
        return dt.ravel_pytree(f(*unravel(v)))[0]

    wanted = dense(f_flat, flat)
    both = dt.sparse.jacobian(f, argnums=(0, 1))(parameters, x)
    np.testing.assert_allclose(both.toarray(), wanted, rtol=1e-13)
    last = dt.sparse.jacobian(f, argnums=1)(parameters, x)
    np.testing.assert_allclose(last.toarray(), wanted[:, 7:], rtol=1e-13)
    swapped = dt.sparse.prepare_jacobian(f, parameters, x, argnums=(1, 0))(parameters, x)
    order = np.r_[7:10, 0:7]
    np.testing.assert_allclose(swapped.toarray(), wanted[:, order], rtol=1e-13)

    def scalar(p, x):
        y = f(p, x)
        return np.sum(y["y"] ** 2) + np.sum(y["z"][0])

    H = dt.sparse.hessian(scalar, argnums=(0, 1))(parameters, x)
    wanted = dt.hessian(lambda v: scalar(*unravel(v)))(flat)
    np.testing.assert_allclose(H.toarray(), wanted, rtol=1e-12, atol=1e-12)


def test_results_and_arguments_of_two_dtypes():
    def f(x, y):
        return x * 2.0, y**2 + np.sum(x)

    x, y = X[:3].astype(np.float32), X[3:6]
    J = dt.sparse.jacobian(f, argnums=(0, 1))(x, y)
    assert J.dtype == np.float64
    wanted = np.block([[2 * np.eye(3), np.zeros((3, 3))], [np.ones((3, 3)), np.diag(2 * y)]])
    np.testing.assert_allclose(J.toarray(), wanted, rtol=1e-7)


def test_other_arguments_pass_untouched():
    def f(x, kind, *, scale):
        return x * scale if kind == "scaled" else x

    J = dt.sparse.jacobian(f)(X, "scaled", scale=3.0)
    np.testing.assert_array_equal(J.toarray(), 3 * np.eye(N))


# ---------------------------------------------------------------- rules of one's own


def test_custom_jvp_keeps_its_pattern():
    @dt.custom_jvp
    def cube(x):
        return x**3

    @cube.defjvp
    def _(primals, tangents):
        (x,), (x_dot,) = primals, tangents
        return cube(x), 3 * x * x * x_dot

    J = dt.sparse.jacobian(lambda x: cube(x)[1:])(X)
    assert J.nnz == N - 1
    np.testing.assert_allclose(J.toarray(), np.diag(3 * X**2)[1:], rtol=1e-15)


def make_custom_vjp():
    @dt.custom_vjp
    def shift(x):
        return np.concatenate([x[1:] ** 2, x[:1]])

    def forward(x):
        return shift(x), x

    def backward(x, y_bar):
        return (np.concatenate([y_bar[-1:], 2 * x[1:] * y_bar[:-1]]),)

    shift.defvjp(forward, backward)
    return shift


def test_custom_vjp_is_read_in_reverse():
    shift = make_custom_vjp()
    J = dt.sparse.jacobian(lambda x: np.sin(shift(x)))(X)
    assert J.nnz == N
    wanted = dt.jacrev(lambda x: np.sin(np.concatenate([x[1:] ** 2, x[:1]])))(X)
    np.testing.assert_allclose(J.toarray(), wanted, rtol=1e-13, atol=1e-15)


def test_hessian_of_a_rule_that_is_not_symmetric():
    @dt.custom_vjp
    def odd(x):
        return x[0] * x[1]

    odd.defvjp(
        lambda x: (odd(x), x),
        lambda x, g: (np.stack([g * x[1] ** 2, g * x[2], 0.0 * x[0]]),),
    )
    H = dt.sparse.hessian(lambda x: odd(x[:3]))(X[:4])
    wanted = np.zeros((4, 4))
    wanted[0, 1], wanted[1, 2] = 2 * X[1], 1.0
    np.testing.assert_allclose(H.toarray(), wanted, rtol=1e-14)


# ---------------------------------------------------------------- the two ways


def by_products(f, x, hessian):
    """By colouring, whatever the structure tells."""
    with Recorder("f") as recorder:
        recording = recorder.finish((f(recorder.input(x)),))
    if hessian:
        recording = recording.grad([0])
    entries, starts, indices, products, _ = recording.sparse(
        [0], [0], [], hessian, False, by_products=True
    )
    assert products is not None
    shape = (len(starts) - 1, x.size)
    return sp.csr_array((entries.run()[0], indices, starts), shape=shape)


@pytest.mark.parametrize("name", MAPS)
def test_products_agree_with_structure(name):
    f = MAPS[name]
    J, K = dt.sparse.jacobian(f)(X), by_products(f, X, False)
    np.testing.assert_allclose(K.toarray(), J.toarray(), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(K.toarray(), differences(f, X), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", SCALARS)
def test_products_of_a_hessian_agree_with_structure(name):
    f = SCALARS[name]
    H, K = dt.sparse.hessian(f)(X), by_products(f, X, True)
    np.testing.assert_allclose(K.toarray(), H.toarray(), rtol=1e-12, atol=1e-12)
    assert (K != K.T).nnz == 0


# ---------------------------------------------------------------- random programs


@settings(max_examples=150, deadline=None)
@given(data=st.data(), steps=st.integers(1, 7), seed=st.integers(0, 100))
def test_random_programs(data, steps, seed):
    f = random_program(lambda options: data.draw(st.sampled_from(options)), steps)
    x, other = np.random.default_rng(seed).normal(size=(2, N))
    prepared = dt.sparse.prepare_jacobian(f, x)
    for at in (x, other):
        wanted = dense(f, at)
        scale = max(1.0, np.max(np.abs(wanted)))
        np.testing.assert_allclose(prepared(at).toarray(), wanted, rtol=1e-11, atol=1e-11 * scale)
        np.testing.assert_array_equal(prepared(at).data, dt.sparse.jacobian(f)(at).data)
    assert not np.any((dense(f, other) != 0) & ~prepared.pattern.toarray())
    K = by_products(f, x, False).toarray()
    scale = max(1.0, np.max(np.abs(K)))
    np.testing.assert_allclose(K, dense(f, x), rtol=1e-11, atol=1e-11 * scale)
    scalar = lambda x: np.sum(f(x) ** 2)  # noqa: E731
    wanted = dt.hessian(scalar)(x)
    scale = max(1.0, np.max(np.abs(wanted)))
    for H in (dt.sparse.hessian(scalar)(x), by_products(scalar, x, True)):
        np.testing.assert_allclose(H.toarray(), wanted, rtol=1e-9, atol=1e-11 * scale)


# ---------------------------------------------------------------- errors


def test_integers_have_no_derivative():
    with pytest.raises(dt.DerivativeError, match=r"sparse\.jacobian of sin: argument 0 must"):
        dt.sparse.jacobian(np.sin)(np.arange(3))
    with pytest.raises(dt.DerivativeError, match=r"sparse\.jacobian of f: .* got int64"):
        dt.sparse.jacobian(named_f(lambda x: (x > 0) * 1))(X)
    with pytest.raises(dt.DerivativeError, match="argument 0 must be"):
        dt.sparse.prepare_jacobian(np.sin, np.arange(3))


def named_f(f):
    f.__name__ = "f"
    return f


def test_hessian_needs_a_scalar():
    with pytest.raises(dt.ShapeError, match=r"must return shape \(\), got \(12,\)"):
        dt.sparse.hessian(np.sin)(X)
    with pytest.raises(dt.ShapeError, match=r"must return shape \(\), got \(12,\)"):
        dt.sparse.prepare_hessian(np.sin, X)


def test_unknown_format():
    for make in (dt.sparse.jacobian, dt.sparse.hessian):
        with pytest.raises(ValueError, match=r"format must be one of .*, got 'bsr'"):
            make(np.sin, format="bsr")
    with pytest.raises(ValueError, match=r"format must be one of .*, got 'bsr'"):
        dt.sparse.prepare_jacobian(np.sin, X, format="bsr")


def test_not_inside_another_recording():
    prepared = dt.sparse.prepare_jacobian(np.sin, X)
    for inner in (dt.sparse.jacobian(np.sin), prepared):
        with pytest.raises(TypeError, match="cannot be made inside another recording"):
            dt.grad(lambda x, J=inner: np.sum(J(x).data))(X)


def test_arguments_that_are_no_arrays():
    with pytest.raises(TypeError, match=r"argument\[1\] must be an array or a number, got str"):
        dt.sparse.prepare_jacobian(lambda x, kind: x, X, "kind")
    with pytest.raises(TypeError, match="fun must be callable, got int"):
        dt.sparse.jacobian(3)
    with pytest.raises(ValueError, match="argnums must name one of the 1 positional"):
        dt.sparse.prepare_jacobian(np.sin, X, argnums=1)


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match="install scipy"):
        dt.sparse.jacobian(np.sin)


def test_indices_out_of_range_raise():
    with pytest.raises(IndexError):
        dt.sparse.jacobian(lambda x, i: dnp.take(x, i))(X, np.array([0, N]))
