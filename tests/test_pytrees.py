"""Trees of arguments and results, and ravel_pytree."""

from collections import OrderedDict, namedtuple

import numpy as np
import optree
import pytest

import dualtape as dt
from dualtape._pytree import flatten

Pair = namedtuple("Pair", ["left", "right"])
X = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    "tree",
    [
        (X, [X, 2.0]),
        {"b": X, "a": {"c": (1.0,)}},
        Pair(X, Pair(1.0, X)),
        OrderedDict(z=X, a=1.0),
        [1.0, 2.0, None],
        [[]],
        None,
    ],
)
def test_gradients_are_structured_like_their_argument(tree):
    def f(t):
        return sum(np.sum(x**2) for x in optree.tree_leaves(t)) + 0.0

    g = dt.grad(f)(tree)
    leaves, treedef = optree.tree_flatten(tree)
    found, structure = optree.tree_flatten(g)
    assert structure == treedef
    assert type(g) is type(tree)
    for x, x_bar in zip(leaves, found, strict=True):
        np.testing.assert_array_equal(x_bar, 2 * x)
    (value, again) = dt.value_and_grad(f)(tree)
    assert value == f(tree)
    assert optree.tree_structure(again) == treedef


def test_lists_of_numbers_are_trees():
    assert dt.grad(lambda x: x[0] * x[1])([3.0, 4.0]) == [4.0, 3.0]


def test_registered_classes():
    class Point:
        def __init__(self, x, y):
            self.x, self.y = x, y

    optree.register_pytree_node(
        Point,
        lambda p: ((p.x, p.y), None),
        lambda _, children: Point(*children),
        namespace="dualtape",
    )
    g = dt.grad(lambda p: p.x**2 * p.y)(Point(3.0, 2.0))
    assert type(g) is Point
    assert (g.x, g.y) == (12.0, 9.0)


def test_unregistered_class_is_refused_with_the_cure():
    class Pair:
        pass

    cure = r"register_pytree_node\(Pair, flatten, unflatten, namespace='dualtape'\)"
    with pytest.raises(dt.DerivativeError, match=rf"argument 0 must be .*, got Pair; .*{cure}"):
        dt.grad(lambda p: p.x)(Pair())


def test_ravel_and_back():
    tree = {
        "m": np.arange(6.0).reshape(2, 3),
        "f": np.float32(1.5),
        "n": np.array([1, 2]),
        "s": 2.5,
        "e": np.zeros((0, 3)),
    }
    flat, unravel = dt.ravel_pytree(tree)
    assert flat.dtype == np.float64
    assert flat.shape == (10,)
    back = unravel(flat)
    assert list(back) == list(tree)
    for key, leaf in tree.items():
        assert np.asarray(back[key]).dtype == np.asarray(leaf).dtype
        assert np.shape(back[key]) == np.shape(leaf)
        np.testing.assert_array_equal(back[key], leaf)
    flat[:] = 0
    np.testing.assert_array_equal(back["m"], tree["m"])
    with pytest.raises(dt.ShapeError, match=r"vector must be \(10,\), got \(9,\)"):
        unravel(np.zeros(9))


def test_ravel_of_one_leaf_and_of_none():
    flat, unravel = dt.ravel_pytree(X)
    assert not np.shares_memory(flat, X)
    assert not np.shares_memory(unravel(flat), flat)
    np.testing.assert_array_equal(unravel(flat), X)
    flat, unravel = dt.ravel_pytree(None)
    assert flat.shape == (0,)
    assert unravel(flat) is None
    flat, unravel = dt.ravel_pytree(np.ones((2, 2), np.float32))
    assert flat.dtype == np.float32


def test_ravel_is_differentiated_both_ways():
    tree = {"a": X, "b": np.ones((2, 2), np.float32)}
    flat, unravel = dt.ravel_pytree(tree)

    def f(v):
        t = unravel(v)
        return np.sum(t["a"] ** 3) + np.sum(t["b"] * 2)

    np.testing.assert_allclose(dt.grad(f)(flat), [3, 12, 2, 2, 2, 2])
    g = dt.grad(lambda t: np.sum(dt.ravel_pytree(t)[0] ** 2))(tree)
    assert g["b"].dtype == np.float32
    np.testing.assert_allclose(g["b"], np.full((2, 2), 2.0))


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 9, 12])
def test_tuples_of_any_length(n):
    """Those of few leaves have a way of their own; what they give cannot be told apart."""
    xs = tuple(np.array([1.0, 2.0]) * (k + 1) for k in range(n))
    weights = np.arange(1.0, n + 1)

    def powers(*xs):
        return tuple(w * x**3 for w, x in zip(weights, xs, strict=True))

    wanted = [3 * w * x**2 for w, x in zip(weights, xs, strict=True)]
    values, pullback = dt.vjp(powers, *xs)
    pulled = pullback(tuple(np.ones(2) for _ in xs))
    again = dt.vjp(lambda *xs: powers(*xs)[::-1], *xs)[1](tuple(np.ones(2) for _ in xs))
    _, tangents = dt.jvp(powers, xs, tuple(np.ones(2) for _ in xs))
    _, push = dt.linearize(powers, *xs)
    found = [pulled, again, tangents, push(*(np.ones(2) for _ in xs))]
    if n:
        found.append(dt.vmap(lambda *xs: dt.jvp(powers, xs, (1.0,) * n)[1])(*xs))
        found.append(dt.grad(lambda xs: sum(np.sum(y) for y in powers(*xs)))(xs))
    for result in (values, *found):
        assert type(result) is tuple
        assert len(result) == n
    for result in found:
        for given, slope in zip(result, wanted, strict=True):
            np.testing.assert_allclose(given, slope, rtol=1e-14)
    with pytest.raises((TypeError, ValueError)):
        pullback(tuple(np.ones(2) for _ in range(n + 1)))


def test_a_tuple_in_a_tuple_is_not_flat():
    x = np.array([1.0, 2.0])
    for tree in ((x, (x,)), (x, None), ((), x), [x, x], Pair(x, x), (x, Pair(x, x))):
        slopes = dt.grad(lambda t: sum(np.sum(leaf**2) for leaf in flatten(t)[0]))(tree)
        assert flatten(slopes)[1] == flatten(tree)[1]
        assert type(slopes) is type(tree)
        for given in flatten(slopes)[0]:
            np.testing.assert_array_equal(given, 2 * x)


def test_arguments_in_a_list_that_the_function_empties():
    """The list is the caller's: what was in it is held while the function runs."""
    primals = [np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    tangents = [np.ones(2), np.zeros(2)]

    def f(x, y):
        primals.clear()
        tangents.clear()
        return x * y

    value, product = dt.jvp(f, primals, tangents)
    np.testing.assert_array_equal(value, [3.0, 8.0])
    np.testing.assert_array_equal(product, [3.0, 4.0])
