"""vmap: axes in and out, nesting with everything else, errors."""

import numpy as np
import pytest

import dualtape as dt

RANDOM = np.random.default_rng(1)
A = RANDOM.normal(size=(4, 3))
B = RANDOM.normal(size=(4, 3))
W = RANDOM.normal(size=(5, 3))


def test_maps_over_the_leading_axis():
    out = dt.vmap(lambda x: np.sin(x).sum())(A)
    np.testing.assert_allclose(out, np.sin(A).sum(1), rtol=1e-14)
    assert out.flags.c_contiguous
    assert out.flags.writeable


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_any_axis_in_and_out(axis):
    moved = np.moveaxis(A, 0, axis)
    out = dt.vmap(lambda x: W @ x, in_axes=axis, out_axes=axis)(moved)
    np.testing.assert_allclose(out, np.moveaxis(A @ W.T, 0, axis), rtol=1e-14)


def test_shared_arguments_have_axis_none():
    out = dt.vmap(lambda w, x: w @ x, in_axes=(None, 0))(W, A)
    np.testing.assert_allclose(out, A @ W.T, rtol=1e-14)
    out = dt.vmap(lambda w, x: w @ x, in_axes=(0, None))(W, A[0])
    np.testing.assert_allclose(out, W @ A[0], rtol=1e-14)


def test_axes_are_prefixes_of_trees():
    tree = {"a": A, "b": (B.T, 2.0)}
    out = dt.vmap(
        lambda p, s: {"sum": p["a"] + p["b"][0] * p["b"][1], "s": s},
        in_axes=({"a": 0, "b": (1, None)}, None),
        out_axes={"sum": 1, "s": None},
    )(tree, 7.0)
    np.testing.assert_allclose(out["sum"], (A + 2 * B).T)
    assert out["s"] == 7.0
    out = dt.vmap(lambda p: p["a"] * p["b"], in_axes=({"a": 0, "b": 0},))({"a": A, "b": B})
    np.testing.assert_array_equal(out, A * B)


def test_keyword_arguments_are_mapped_over_axis_0():
    np.testing.assert_array_equal(dt.vmap(lambda x, y: x * y)(A, y=B), A * B)


def test_none_in_a_tree_is_no_leaf():
    out = dt.vmap(lambda p: p["a"] * 2 if p["b"] is None else p)({"a": A, "b": None})
    np.testing.assert_array_equal(out, 2 * A)


def test_unmapped_result_is_repeated():
    np.testing.assert_array_equal(dt.vmap(lambda x: 3.0)(A), np.full(4, 3.0))
    out = dt.vmap(lambda x, y: y * 2, in_axes=(0, None))(A, B[0])
    np.testing.assert_array_equal(out, np.broadcast_to(2 * B[0], (4, 3)))
    out = dt.vmap(lambda x, y: y * 2, in_axes=(0, None), out_axes=None)(A, B[0])
    np.testing.assert_array_equal(out, 2 * B[0])


def test_axis_size_serves_where_nothing_is_mapped():
    out = dt.vmap(lambda x: x * 2, in_axes=None, axis_size=3)(1.5)
    np.testing.assert_array_equal(out, np.full(3, 3.0))


@pytest.mark.parametrize("size", [0, 1])
def test_empty_and_single_batches(size):
    out = dt.vmap(lambda x: W @ x)(np.ones((size, 3)))
    assert out.shape == (size, 5)


def test_integers_and_booleans_are_mapped_too():
    index = np.array([2, 0, 1, 1])
    np.testing.assert_array_equal(dt.vmap(lambda x, i: x[i])(A, index), A[np.arange(4), index])
    mask = np.array([True, False, True, False])
    out = dt.vmap(lambda x, m: np.where(m, x, -x))(A, mask)
    np.testing.assert_array_equal(out, np.where(mask[:, None], A, -A))


def test_nests_in_itself():
    out = dt.vmap(dt.vmap(np.multiply, in_axes=(None, 0)), in_axes=(0, None))(A[:, 0], B[:, 0])
    np.testing.assert_array_equal(out, np.outer(A[:, 0], B[:, 0]))


def loss(w, x):
    return np.sum(np.tanh(w @ x) ** 2)


def test_gradients_of_each_example():
    out = dt.vmap(dt.grad(loss), in_axes=(None, 0))(W, A)
    wanted = np.stack([dt.grad(loss)(W, x) for x in A])
    np.testing.assert_allclose(out, wanted, rtol=1e-13, atol=1e-15)


def test_gradient_through_a_map():
    def total(w):
        return np.sum(dt.vmap(loss, in_axes=(None, 0))(w, A))

    wanted = sum(dt.grad(loss)(W, x) for x in A)
    np.testing.assert_allclose(dt.grad(total)(W), wanted, rtol=1e-13, atol=1e-15)


def test_map_of_hessians_and_products():
    H = dt.vmap(dt.hessian(loss, 1), in_axes=(None, 0))(W, A)
    wanted = np.stack([dt.hessian(loss, 1)(W, x) for x in A])
    np.testing.assert_allclose(H, wanted, rtol=1e-12, atol=1e-14)
    v = dt.vmap(lambda x, t: dt.hvp(lambda x: loss(W, x), x, t))(A, B)
    np.testing.assert_allclose(v, np.einsum("bij,bj->bi", H, B), rtol=1e-11, atol=1e-13)


def test_map_of_the_pullback_is_the_jacobian():
    _y, pullback = dt.vjp(lambda x: np.tanh(W @ x), A[0])
    (rows,) = dt.vmap(pullback)(np.eye(5))
    np.testing.assert_allclose(rows, dt.jacrev(lambda x: np.tanh(W @ x))(A[0]), rtol=1e-14)
    _, push = dt.linearize(lambda x: np.tanh(W @ x), A[0])
    np.testing.assert_allclose(dt.vmap(push, out_axes=1)(np.eye(3)), rows, rtol=1e-14)


def test_closure_over_an_outer_traced_value():
    def f(s):
        return np.sum(dt.vmap(lambda x: x.sum() * s**2)(A))

    np.testing.assert_allclose(dt.grad(f)(3.0), 6.0 * A.sum(), rtol=1e-13)


def test_branch_on_an_unmapped_value_works():
    def f(x, s):
        return x * 2 if s > 0 else x

    np.testing.assert_array_equal(dt.vmap(f, in_axes=(0, None))(A, 1.0), 2 * A)


def test_branch_on_a_mapped_value_raises():
    with pytest.raises(dt.ConcreteValueError, match=r"np\.where"):
        dt.vmap(lambda x: x if x > 0 else -x)(A[:, 0])


def test_errors_name_what_does_not_fit():
    with pytest.raises(dt.ShapeError, match=r"one length, got 4 \(argument\[0\]\) and 5"):
        dt.vmap(np.add)(A, W)
    with pytest.raises(ValueError, match=r"in_axes must have 2 entries.*got 1"):
        dt.vmap(np.add, in_axes=(0,))(A, B)
    with pytest.raises(dt.ShapeError, match=r"argument\[0\] must have the axis 2.*\(4, 3\)"):
        dt.vmap(np.sin, in_axes=2)(A)
    with pytest.raises(ValueError, match="needs an argument with an axis"):
        dt.vmap(np.sin, in_axes=None)(A)
    with pytest.raises(TypeError, match="in_axes must be an int, None or a tuple"):
        dt.vmap(np.sin, in_axes="0")
    with pytest.raises(ValueError, match="in_axes must be a prefix"):
        dt.vmap(lambda p: p["a"], in_axes=({"b": 0},))({"a": A})
    with pytest.raises(ValueError, match="out_axes None, which needs a value that is the same"):
        dt.vmap(np.sin, out_axes=None)(A)
    with pytest.raises(dt.ShapeError, match="out_axes must be an axis"):
        dt.vmap(np.sin, out_axes=2)(A)
