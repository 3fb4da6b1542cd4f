"""The call of a jitted function: binding, pickling, memory of arguments, references, threads."""

import copy
import functools
import gc
import inspect
import pickle
import sys
import weakref

import numpy as np
import pytest
from counted import counted

import dualtape as dt

X = np.array([0.5, -1.5, 2.0])


@dt.jit
def doubled(x):
    return x * 2


def test_threads_share_a_jitted_function():
    from concurrent.futures import ThreadPoolExecutor

    g = dt.jit(lambda x: x * 2 if x > 0 else -x)
    values = np.random.default_rng(0).normal(size=200)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(g, values.tolist()))
    np.testing.assert_array_equal(results, np.where(values > 0, 2 * values, -values))


def test_a_decorated_function_pickles_and_copies_as_functions_do():
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    assert copy.copy(doubled) is doubled
    assert copy.deepcopy([doubled])[0] is doubled


def test_methods_bind():
    class Model:
        scale = 3.0

        @functools.partial(dt.jit, static_argnums=0)
        def run(self, x):
            return x * self.scale

    model = Model()
    assert model.run(2.0) == Model.run(model, 2.0) == 6.0
    assert inspect.ismethod(model.run)
    assert list(inspect.signature(doubled).parameters) == ["x"]
    kept = weakref.ref(doubled)
    assert kept() is doubled


def test_a_jitted_function_that_refers_to_itself_is_collected():
    class Model:
        def __init__(self):
            self.run = dt.jit(self.apply, static_argnums=1)

        def apply(self, x, model):
            return x * 2

    model = Model()
    assert model.run(2.0, model) == model.run(2.0, model) == 4.0
    kept = weakref.ref(model)
    del model
    gc.collect()
    assert kept() is None


def test_dicts_are_the_same_whatever_their_order():
    f = counted(lambda p, q: (p["a"] - p["b"]) * q["x"]["z"])
    g = dt.jit(f)
    for _ in range(2):
        assert g({"a": 1.0, "b": 2.0}, {"x": {"z": 3.0}}) == -3.0
        assert g({"b": 1.0, "a": 2.0}, {"x": {"z": 3.0}}) == 3.0
        assert g(q={"x": {"z": 3.0}}, p={"b": 1.0, "a": 2.0}) == 3.0
    assert f.calls == 2  # by position, by name


def test_arrays_of_every_kind_of_memory():
    f = counted(lambda x: x * 2)
    g = dt.jit(f)
    read_only = X.copy()
    read_only.flags.writeable = False
    unaligned = np.frombuffer(b"_" + X.tobytes(), dtype=np.float64, offset=1)
    kinds = [X, X.astype(">f8"), np.repeat(X, 2)[::2], X[::-1], read_only, unaligned]
    for _ in range(2):
        for x in kinds:
            np.testing.assert_array_equal(g(x), np.asarray(x) * 2)
    assert f.calls == 1
    for scalar in (np.float64(3.0), np.float32(3.0), np.int64(3), True, 3, 3.0, 3j, np.array(3.0)):
        for _ in range(2):
            given, wanted = g(scalar), scalar * 2
            assert given == wanted
            assert np.asarray(given).dtype == np.asarray(wanted).dtype
    with pytest.raises(TypeError, match="Masked"):
        g(np.ma.masked_array([1.0]))


def test_a_function_may_call_its_jitted_self():
    @dt.jit
    def factorial(n):
        return n * factorial(n - 1) if n > 1 else 1.0

    assert [factorial(n) for n in (3.0, 5.0, 3.0)] == [6.0, 120.0, 6.0]


def test_calls_leave_no_references_behind():
    g = dt.jit(lambda p, s: {"y": p["x"] * s, "n": None})
    p = {"x": X.copy()}
    g(p, 2.0)
    before = [sys.getrefcount(o) for o in (p, p["x"], X, None)]
    for _ in range(100):
        g(p, 2.0)
        with pytest.raises(TypeError):
            g(p, "two")
    after = [sys.getrefcount(o) for o in (p, p["x"], X, None)]
    assert max(abs(a - b) for a, b in zip(before[:3], after[:3], strict=True)) == 0
    assert abs(after[3] - before[3]) < 50


def test_unequal_keys_of_equal_hash_are_told_apart():
    class Key(str):
        def __hash__(self):
            return 1

        __eq__ = str.__eq__

    g = dt.jit(lambda p: p[Key("b")] if Key("b") in p else 2 * p[Key("a")])
    for _ in range(2):
        assert g({Key("a"): 1.0}) == 2.0
        assert g({Key("b"): 1.0}) == 1.0
