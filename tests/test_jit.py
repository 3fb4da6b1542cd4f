"""jit: recordings, guards, static arguments; never a stale answer."""

import weakref

import numpy as np
import optree
import pytest
from counted import counted

import dualtape as dt
import dualtape.numpy as dnp

X = np.array([0.5, -1.5, 2.0])


def test_records_once_for_each_type():
    f = counted(lambda x: np.square(x) * 2)
    g = dt.jit(f)
    for x in (X, X + 1, X - 1):
        np.testing.assert_array_equal(g(x), np.square(x) * 2)
    assert f.calls == 1
    g(X.astype(np.float32))
    assert f.calls == 2
    g(X[:2])
    assert f.calls == 3
    g(1.0)
    g(2.0)
    assert f.calls == 4
    g(X + 2)
    assert f.calls == 4


def test_kinds_of_results_are_kept():
    g = dt.jit(lambda x: (x * 2, {"n": 3, "s": np.float32(1)}, None))
    for _ in range(2):
        y, d, nothing = g(2.0)
        assert type(y) is np.float64
        assert y == 4.0
        assert type(d["n"]) is int
        assert type(d["s"]) is np.float32
        assert nothing is None
    assert type(dt.jit(lambda x: x * 2)(np.float32(1))) is np.float32
    assert type(dt.jit(lambda x: x * 2)(np.array(1.0))) is type(np.array(1.0) * 2)


def test_results_own_their_memory():
    table = np.ones(3)
    g = dt.jit(lambda x: (x, table))
    x = X.copy()
    y, t = g(x)
    assert not np.shares_memory(y, x)
    t[:] = 5
    y2, t2 = g(x)
    assert not np.shares_memory(y, y2)
    assert not np.shares_memory(t, t2)
    np.testing.assert_array_equal(table, np.ones(3))


def test_branches_are_checked_at_every_call():
    f = counted(lambda x: x * 2 if x > 0 else -x)
    g = dt.jit(f)
    assert [g(1.0), g(-1.0), g(3.0), g(-4.0), g(5.0)] == [2.0, 1.0, 6.0, 4.0, 10.0]
    assert f.calls == 2


def test_loops_are_checked_at_every_call():
    def halve(x):
        n = 0
        while x > 1:
            x, n = x / 2, n + 1
        return x, n

    f = counted(halve)
    g = dt.jit(f)
    for x in (5.0, 20.0, 0.5, 6.0, 17.0, 0.1, 5.5):
        assert g(x) == halve(x)
    assert f.calls == 3


def test_integers_in_range_are_checked():
    def power(x, n):
        y = 1.0
        for _ in range(n):
            y = y * x
        return y

    g = dt.jit(power)
    assert [g(2.0, 3), g(2.0, 5), g(3.0, 3), g(2.0, 0)] == [8.0, 32.0, 27.0, 1.0]


def test_nested_branches_follow_the_tree():
    def f(x, y):
        if x > 0:
            if y > 0:
                return x * y
            return x - y
        if y > 10:
            return -x * y
        return x + y

    counter = counted(f)
    g = dt.jit(counter)
    random = np.random.default_rng(0)
    for x, y in random.normal(size=(60, 2)) * [1, 15]:
        assert g(x, y) == f(x, y)
    assert counter.calls == 4


def test_an_error_on_a_wrong_guess_does_not_surface():
    def f(A, regular):
        if regular > 0:
            return np.linalg.solve(A, np.ones(2))
        return A[0]

    g = dt.jit(f)
    np.testing.assert_allclose(g(np.eye(2), 1.0), np.ones(2))
    np.testing.assert_array_equal(g(np.zeros((2, 2)), -1.0), np.zeros(2))
    np.testing.assert_allclose(g(2 * np.eye(2), 1.0), np.full(2, 0.5))
    np.testing.assert_array_equal(g(np.zeros((2, 2)), -1.0), np.zeros(2))
    with pytest.raises(np.linalg.LinAlgError):
        g(np.zeros((2, 2)), 1.0)


def test_past_the_bound_it_runs_without_jit_and_warns_once():
    def f(x, n):
        return x * int(n)

    g = dt.jit(f)
    with pytest.warns(RuntimeWarning, match="runs without jit") as warned:
        results = [g(2.0, n) for n in range(70)]
    assert results == [2.0 * n for n in range(70)]
    assert len(warned) == 1


def test_static_arguments():
    def f(x, mode, n=1):
        return np.sin(x) * n if mode == "sin" else x**n

    counter = counted(f)
    g = dt.jit(counter, static_argnums=1, static_argnames="n")
    assert g(2.0, "sin", n=3) == np.sin(2.0) * 3
    assert g(2.0, "power", n=3) == 8.0
    assert g(3.0, "power", n=2) == 9.0
    assert g(4.0, "power", n=2) == 16.0
    assert counter.calls == 3
    named = dt.jit(f, static_argnames=("mode", "n"))
    assert named(2.0, "power", 3) == named(2.0, mode="power", n=3) == 8.0
    with pytest.raises(TypeError, match="static argument 1 must be hashable, got list"):
        g(2.0, [1])
    with pytest.raises(ValueError, match="static_argnames must name parameters"):
        dt.jit(f, static_argnames="typo")
    with pytest.raises(TypeError, match=r"argument\[1\] must be an array.*got str.*static"):
        dt.jit(f)(2.0, "sin")


def test_decorator_with_options_alone():
    @dt.jit(static_argnums=1)
    def power(x, n):
        """x to the n."""
        return x**n

    assert power(2.0, 3) == 8.0
    assert power.__doc__ == "x to the n."
    with pytest.raises(TypeError, match="fun must be callable, got NoneType"):
        dt.jit(None, static_argnums=1)


def test_equal_static_values_of_other_types_are_told_apart():
    g = dt.jit(lambda x, n: x * n if isinstance(n, float) else x + n, static_argnums=1)
    assert g(3.0, 1) == 4.0
    assert g(3.0, 1.0) == 3.0
    assert g(3.0, True) == 4.0


def test_captured_arrays_are_read_afresh():
    table = np.array([1.0, 2.0, 3.0])
    g = dt.jit(lambda x: x * table)
    np.testing.assert_array_equal(g(X), X * table)
    table[:] = 7
    np.testing.assert_array_equal(g(X), X * 7)


def test_buffers_that_the_function_overwrites_keep_what_was_read():
    def f(x):
        buffer = np.zeros(3)
        total = 0.0
        for k in range(3):
            buffer[:] = k
            total = total + x * buffer
        return total

    g = dt.jit(f)
    for x in (X, 2 * X, 3 * X):
        np.testing.assert_array_equal(g(x), f(x))


def test_arguments_are_not_kept_alive():
    array = np.ones(100_000)
    g = dt.jit(lambda x: x * 2)
    g(array)
    kept = weakref.ref(array)
    del array
    assert kept() is None


def test_check_finds_what_a_recording_cannot_know():
    state = {"n": 2.0}
    g = dt.jit(lambda x: x * state["n"], check=True)
    assert g(3.0) == 6.0
    assert g(4.0) == 8.0
    state["n"] = 5.0
    with pytest.raises(RuntimeError, match="stale"):
        g(4.0)
    state["n"] = None
    h = dt.jit(lambda x: x if state["n"] is None else x * 2, check=True)
    assert h(1.0) == 1.0
    state["n"] = 1
    with pytest.raises(RuntimeError, match="stale"):
        h(1.0)


def test_results_must_be_arrays_or_constants():
    assert dt.jit(lambda x: (x, "word"))(1.0) == (1.0, "word")
    with pytest.raises(TypeError, match=r"result\[1\] must be an array.*got object"):
        dt.jit(lambda x: (x, object()))(1.0)


def test_value_raises():
    with pytest.raises(dt.ConcreteValueError):
        dt.jit(lambda x: x.value * 2)(X)


def test_inside_other_recordings_it_is_the_function():
    g = dt.jit(lambda x: np.sum(x**3))
    np.testing.assert_allclose(dt.grad(g)(X), 3 * X**2)
    np.testing.assert_allclose(dt.hessian(g)(X), np.diag(6 * X))
    np.testing.assert_allclose(dt.vmap(g)(X[:, None]), X**3)
    assert dt.jit(dt.jit(lambda x: x * 2))(3.0) == 6.0
    outer = dt.grad(lambda s: dt.jit(lambda x: np.sum(x * s**2))(X))(3.0)
    np.testing.assert_allclose(outer, 6 * X.sum())


def test_an_outer_traced_value_is_never_kept():
    state = {"w": 2.0}
    g = dt.jit(lambda x: x * state["w"])
    assert g(3.0) == 6.0

    def f(w):
        state["w"] = w
        return g(3.0)

    assert dt.grad(f)(5.0) == 3.0


@pytest.mark.parametrize(
    "transform", [dt.grad, dt.jacfwd, dt.jacrev, dt.hessian, dt.value_and_grad]
)
def test_jit_of_derivatives(transform):
    def f(x):
        return np.sum(np.tanh(x) ** 2)

    g = dt.jit(transform(f))
    for x in (X, 2 * X):
        given, wanted = g(x), transform(f)(x)
        assert type(given) is type(wanted)
        for a, b in zip(optree.tree_leaves(given), optree.tree_leaves(wanted), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14)


def test_derivative_of_a_branch_under_jit():
    g = dt.jit(dt.grad(lambda x: x**2 if x > 1 else 5 * x))
    assert [g(3.0), g(0.5), g(4.0), g(0.0)] == [6.0, 5.0, 8.0, 5.0]


def test_branches_of_inner_recordings_are_checked_too():
    """A gradient, a map and a tape inside jit take their branches from the arguments of jit."""

    def taped(x):
        with dt.Tape() as tape:
            y = tape.watch(x)
            z = y**2 if y > 1 else 5 * y
        return tape.grad(z, y)

    g = dt.jit(taped)
    assert [g(3.0), g(0.5), g(4.0), g(0.0)] == [6.0, 5.0, 8.0, 5.0]
    h = dt.jit(lambda x, s: dt.vmap(lambda r: 2 * r if s > 0 else r)(x))
    for s in (1.0, -1.0, 2.0):
        np.testing.assert_array_equal(h(X, s), 2 * X if s > 0 else X)

    def squared_until_large(x):
        while x < 100:
            x = x * x
        return x

    k = dt.jit(dt.grad(dt.grad(squared_until_large)))
    for x in (3.0, 2.0, 12.0, 5.0):
        assert k(x) == dt.grad(dt.grad(squared_until_large))(x)


def test_trees_and_keywords():
    g = dt.jit(lambda p, *, s: {"out": p["a"] * s, "b": p["b"]})
    out = g({"a": X, "b": [1.0, 2]}, s=2.0)
    np.testing.assert_array_equal(out["out"], 2 * X)
    assert out["b"] == [1.0, 2]


def test_methods():
    class Model:
        scale = 3.0

        @dt.jit
        def unbound(self):
            return 1

        def run(self, x):
            return dt.jit(self.apply)(x)

        def apply(self, x):
            return x * self.scale

    assert Model().run(2.0) == 6.0
    with pytest.raises(TypeError, match="got Model"):
        Model().unbound()


def test_plan_of_a_gradient_is_one_fused_region():
    def f(x):
        return np.sum(np.sin(x) * np.exp(x) + np.tanh(x))

    plan = dt.jit(dt.grad(f)).plan(X)
    assert plan.region_count == 1
    assert "sin" in plan
    assert repr(plan) == str(plan)
    assert "sin" in dt.jit(f).program(X)
    assert "sin" in dt.program(f)(X)


def test_chain_of_elementwise_operations_peaks_at_three_arrays():
    def chain(x):
        for _ in range(10):
            x = np.sin(x) * 1.5
        return x

    n = 10**7
    # The argument is the third array; it is the caller's.
    assert dt.jit(chain).plan(np.broadcast_to(0.5, n)).peak_bytes <= 2.1 * 8 * n


@pytest.mark.parametrize("row", [lambda xs, k: xs[k], lambda xs, k: xs[k // 2], lambda xs, k: xs.T])
def test_gradients_over_parts_of_an_argument_are_those_without_jit(row):
    """Called once behind views, a gradient is written out as it is; equal views are shared."""
    rng = np.random.default_rng(0)
    w, xs = rng.normal(size=4), rng.normal(size=(6, 4))

    def loss(w, xs):
        y = w
        for k in range(6):
            y = dnp.sin(y * row(xs, k).reshape(-1)[:4]) + 1.0
        return dnp.sum(y)

    both = dt.jit(dt.value_and_grad(loss))
    for _ in range(3):
        value, gradient = both(w, xs)
        expected, slope = dt.value_and_grad(loss)(w, xs)
        assert value == expected
        np.testing.assert_array_equal(gradient, slope)
    h = 1e-6 * np.eye(4)
    by_differences = [(loss(w + d, xs) - loss(w - d, xs)) / 2e-6 for d in h]
    np.testing.assert_allclose(gradient, by_differences, rtol=1e-7, atol=1e-9)
