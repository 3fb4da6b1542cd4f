"""Reading and writing by index follow NumPy: placement of axes, scalars, errors, derivatives."""

from typing import Any

import numpy as np
import pytest
from eager import check_as_eager, eager, recorded

import dualtape as dt
from dualtape._core import ConcreteValueError

RNG = np.random.default_rng(7)
X = RNG.normal(size=(3, 4, 5))
I = np.array([0, 2, 1])  # noqa: E741  an index
J = np.array([[0, 1], [2, -1]])
MASK = X > 0
ROWS = np.array([True, False, True])
ALL = slice(None)
KEYS: list[Any] = [
    *(
        0,
        -1,
        slice(1, None),
        slice(None, None, -1),
        slice(5, 0, -2),
        slice(0, 0),
        Ellipsis,
        None,
        (),
    ),
    *(
        (0, 1),
        (0, 1, 2),
        (ALL, 1),
        (..., 0),
        (0, ...),
        (0, 1, 2, ...),
        (...,),
        (None, 0),
        (0, None),
    ),
    *((ALL, None, slice(1, 3)), (..., None), np.int64(1), np.array(1), (np.int64(1), ALL)),
    *(I, [0, 1], (I,), (ALL, I), (ALL, ALL, I), (I, I), (I, I, I), (ALL, I, I), (I, ALL, I)),
    *((0, ALL, I), (0, I), (I, 0), (ALL, 0, I), (ALL, I, 0), (I, ALL, 0), (..., I), (I, ..., I)),
    *((0, ..., I), (I, ..., 0), (I, None, I), (None, I), (I, None), (ALL, None, I)),
    *((slice(1, 3), I), (slice(None, None, 2), I, slice(1, 4)), (ALL, [[0], [1]], [0, 1])),
    *(J, (J, J), (ALL, J), (J, ALL, J[:, :1]), (J[:, :1], J[0]), [], np.zeros(0, int)),
    *(I.astype(np.int32), (np.array(1), I)),
    *(MASK, ROWS, (ROWS, 0), (0, MASK[0]), (ALL, MASK[0]), (ROWS, ALL, I[:2]), (ROWS, I[:2])),
    *((ROWS, None), ROWS.tolist()),
]
BAD_KEYS: list[Any] = [
    *(
        3,
        (0, 9),
        (0, 0, 0, 0),
        1.5,
        "a",
        (I + 3,),
        np.array([True, False]),
        (ALL, np.ones(9, bool)),
    ),
    *([5], (I, J[:, :1], I[:2]), (..., ...), np.array([1.5])),
]
each_key = pytest.mark.parametrize("key", KEYS, ids=lambda k: repr(k)[:40].replace("\n", ""))


@each_key
def test_read(key: Any) -> None:
    check_as_eager(lambda x: x[key], X)


@each_key
def test_write(key: Any) -> None:
    shape = X[key].shape
    values = [7.0, RNG.normal(size=shape), RNG.normal(size=shape[-1:])]
    for v in values[: 2 if shape == () else 3]:

        def write(x: Any, v: Any = v) -> Any:
            y = x.copy()
            y[key] = v
            return y

        check_as_eager(write, X)


@each_key
def test_update_in_place(key: Any) -> None:
    def update(x: Any) -> Any:
        y = x.copy()
        y[key] += 2.0
        y[key] *= x[key]
        return y

    check_as_eager(update, X)


@pytest.mark.parametrize("key", BAD_KEYS, ids=lambda k: repr(k)[:40].replace("\n", ""))
def test_errors_are_numpys(key: Any) -> None:
    with pytest.raises(IndexError) as wanted:
        X[key]
    with pytest.raises(IndexError) as given:
        recorded(lambda x: x[key], X)
    assert str(wanted.value).startswith(str(given.value)[:40])


@each_key
def test_derivative_of_read_and_write(key: Any) -> None:
    weight = RNG.normal(size=X.shape)

    def f(x: Any) -> Any:
        y = x * 1.0
        y[key] = 2.0 * x[key]
        return np.sum(weight * y)

    # Linear in x: entry i of the gradient is f of the i-th unit array.
    wanted = weight.copy()
    wanted[key] *= 2.0
    np.testing.assert_allclose(dt.grad(f)(X), wanted, rtol=1e-14)


def test_repeated_entries_add_up_in_the_derivative() -> None:
    x = np.array([1.0, 2.0, 3.0])
    gradient = dt.grad(lambda x: np.sum(x[[0, 0, 2]] * np.array([1.0, 10.0, 100.0])))(x)
    np.testing.assert_array_equal(gradient, [11.0, 0.0, 100.0])


def test_last_write_wins() -> None:
    def f(x: Any) -> Any:
        y = x * 0.0
        y[[0, 0]] = x[1:]
        return y

    check_as_eager(f, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(dt.jacobian(f)(np.ones(3)), [[0, 0, 1.0], [0, 0, 0], [0, 0, 0]])


def test_traced_integer_index_reads_and_writes() -> None:
    x = np.array([1.0, 4.0, 9.0, 2.0])

    def f(x: Any) -> Any:
        y = x * 1.0
        y[np.argmax(x)] = 0.0
        return x[np.argmax(x)], x[np.argmin(x) - 1], y, x.reshape(2, 2)[np.argmax(x) // 2, 0]

    check_as_eager(f, x)
    np.testing.assert_array_equal(dt.grad(lambda x: x[np.argmax(x)] ** 2)(x), [0, 0, 18, 0])


def test_traced_index_out_of_range_raises() -> None:
    def f(x: Any) -> Any:
        return x.reshape(2, 2)[0, np.argmax(x)]

    assert recorded(f, np.array([2.0, 1.0, 0.0, 0.0])) == eager(f, np.array([2.0, 1.0, 0.0, 0.0]))
    with pytest.raises(IndexError):
        recorded(f, np.array([0.0, 1.0, 2.0, 0.0]))  # 2 on an axis of length 2


def test_traced_mask_reads_its_values() -> None:
    x = np.array([1.0, -2.0, 3.0])
    check_as_eager(lambda x: x[x > 0], x)
    np.testing.assert_array_equal(dt.grad(lambda x: np.sum(x[x > 0] ** 2))(x), [2.0, 0.0, 6.0])


@pytest.mark.parametrize("transform", [dt.vmap, dt.jit])
def test_traced_mask_without_values_names_where(transform: Any) -> None:
    with pytest.raises(ConcreteValueError, match=r"data-dependent shape.*np\.where"):
        transform(lambda x: np.sum(x[x > 0]))(np.ones((2, 3)))


@pytest.mark.parametrize("transform", [lambda f: f, dt.jit, dt.grad])
def test_traced_mask_is_written_without_values(transform: Any) -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        y[x < 0] = 0.5
        y[y > 4] = np.array([4.0])
        return np.sum(y * x)

    x = np.array([1.0, -2.0, 3.0])
    wanted = np.array([4.0, 0.5, 4.0]) if transform is dt.grad else 2.0 - 1.0 + 12.0
    np.testing.assert_allclose(transform(f)(x), wanted)
    rows = np.array([[1.0, -2.0, 3.0], [0.0, 1.0, -1.0]])
    np.testing.assert_allclose(dt.vmap(f)(rows), [eager(f, row)[0] for row in rows])


def test_iteration_gives_rows() -> None:
    check_as_eager(lambda x: [row.sum() for row in x], X)
    check_as_eager(lambda x: sum(v**2 for v in x), X[0, 0])
    check_as_eager(lambda x: list(x.flat)[3], X[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.int8])
def test_long_index_arrays_with_entries_from_the_end_and_beyond(dtype: Any) -> None:
    """Entries are looked at 64 at a time: one below zero or out of range may be anywhere."""
    table = np.arange(50).astype(dtype)
    rows = np.stack([table, 2 * table, 3 * table], axis=1)
    take = dt.jit(lambda t, k: t[k])
    for n in (1, 63, 64, 65, 200, 1000):
        index = np.random.default_rng(n).integers(0, 50, n)
        for place in {0, n // 2, n - 1}:
            for entry in (-50, -1, 49, 0):
                index[place] = entry
                np.testing.assert_array_equal(take(table, index), table[index])
                np.testing.assert_array_equal(take(table[::-1], index), table[::-1][index])
                np.testing.assert_array_equal(take(rows, index), rows[index])
            for entry in (50, -51, np.iinfo(np.int64).min, np.iinfo(np.int64).max):
                index[place] = entry
                with pytest.raises(IndexError, match="out of bounds"):
                    take(table, index)
            index[place] = 7


def test_long_captured_index_arrays() -> None:
    x = np.linspace(1.0, 2.0, 50)
    for n in (7, 8, 9, 100):
        index = np.random.default_rng(n).integers(-50, 50, n)
        wanted = np.bincount(index % 50, 2 * x[index], 50)
        np.testing.assert_allclose(dt.grad(lambda x, k=index: np.sum(x[k] ** 2))(x), wanted)
        for place in (0, n - 1):
            for entry in (50, -51, np.iinfo(np.int64).min, np.iinfo(np.int64).max):
                beyond = index.copy()
                beyond[place] = entry
                with pytest.raises(IndexError, match="out of bounds"):
                    dt.grad(lambda x, k=beyond: np.sum(x[k] ** 2))(x)


def test_plain_arrays_are_indexed_by_the_numbers_of_traced_integers():
    x, weights = np.array([0.3, 0.1, 0.2]), np.array([1.0, 20.0, 300.0])

    def ordered(x):
        return np.sum(np.sin(x) * weights[np.argsort(x)])

    def masked(x):
        return np.sum(x[:2] * weights[x < 0.25])

    np.testing.assert_allclose(dt.grad(ordered)(x), np.cos(x) * weights[[1, 2, 0]], rtol=1e-15)
    wanted = np.diag(-np.sin(x) * weights[[1, 2, 0]])
    np.testing.assert_allclose(dt.hessian(ordered)(x), wanted, rtol=1e-15)
    np.testing.assert_array_equal(dt.grad(masked)(x), [20.0, 300.0, 0.0])
    with pytest.raises(dt.ConcreteValueError, match=r"dualtape\.numpy\.take\(a, t\)"):
        dt.jit(ordered)(x)
    with pytest.raises(dt.ConcreteValueError, match=r"dualtape\.numpy\.array\(a\)\[t\]"):
        dt.vmap(lambda i: weights[i])(np.array([2, 0]))
    taken = dt.vmap(lambda i: dt.numpy.take(weights, i))(np.array([[2, 0]]))
    np.testing.assert_array_equal(taken, [[300.0, 1.0]])


@pytest.mark.parametrize("bins", [[1.0, 0.0], [2.0, 1.0, 0.0, 0.0, -1.0], [-1.0, 0.0, 2.0]])
def test_digitize_at_the_edges_of_bins(bins: list[float]) -> None:
    x = np.array([0.0, 0.5, 1.0, 2.0, -1.0, -3.0, 7.0])
    for right in (False, True):
        check_as_eager(lambda x, right=right: np.digitize(x, bins, right=right), x)
