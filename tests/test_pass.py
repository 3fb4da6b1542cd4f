"""One pass over the rows of a matrix for A v, functions of its rows and A^T r: values against NumPy
by hand, and only where nothing crosses the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dualtape as dt

DTYPES = (np.float64, np.float32)
# Around blocks of 128 KB, pieces, registers of all levels, rows of one register and long ones.
SHAPES = [(10_000, 100), (1311, 201), (8193, 64), (2049, 129), (5003, 71), (733, 511), (4999, 65)]


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = dt.get_num_threads()
    yield
    dt.set_num_threads(before)


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def passes(fun: Callable[..., Any], *args: Any) -> int:
    return str(dt.jit(fun).plan(*args)).count("one pass")


def check(got: Any, wanted: Any, dtype: Any, length: int) -> None:
    bound = np.finfo(dtype).eps * 40 * length**0.5 * np.abs(wanted).max()
    np.testing.assert_allclose(got, wanted, rtol=0, atol=bound)


def logistic(w: Any, a: Any, y: Any) -> Any:
    z = a @ w
    return np.sum(np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z))) - y * z)


def sigmoid(z: Any) -> Any:
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def problem(shape: tuple[int, int], dtype: Any) -> tuple[Any, Any, Any]:
    a = normal(*shape).astype(dtype)
    w = (normal(shape[1], seed=1) / shape[1] ** 0.5).astype(dtype)
    return w, a, (normal(shape[0], seed=2) > 0).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_logistic_regression(shape: tuple[int, int], dtype: Any) -> None:
    w, a, y = problem(shape, dtype)
    if a.nbytes < 2**20:
        a, y = np.vstack([a, a]), np.hstack([y, y])
    value, gradient = dt.jit(dt.value_and_grad(logistic))(w, a, y)
    assert passes(dt.value_and_grad(logistic), w, a, y) == 1
    w64, a64, y64 = (np.float64(x) for x in (w, a, y))
    z = a64 @ w64
    check(value, np.sum(np.logaddexp(0, z) - y64 * z), dtype, len(a))
    check(gradient, a64.T @ (sigmoid(z) - y64), dtype, len(a))
    check(dt.jit(dt.grad(logistic))(w, a, y), a64.T @ (sigmoid(z) - y64), dtype, len(a))


# Of a matrix, a vector as long as a row, one as long as a column; by dualtape and by hand.
FORMS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "normal equations": (lambda a, v, y: a.T @ (a @ v), lambda a, v, y: a.T @ (a @ v)),
    "Gauss-Newton": (lambda a, v, y: (y * (a @ v)) @ a, lambda a, v, y: a.T @ (y * (a @ v))),
    "least squares": (
        lambda a, v, y: dt.value_and_grad(lambda v: np.sum((a @ v - y) ** 2) / 2)(v),
        lambda a, v, y: (np.sum((a @ v - y) ** 2) / 2, a.T @ (a @ v - y)),
    ),
    "what belongs to the rows is kept": (
        lambda a, v, y: (lambda z: (z, np.sin(z), a.T @ np.cos(z), np.max(z)))(a @ v),
        lambda a, v, y: (a @ v, np.sin(a @ v), a.T @ np.cos(a @ v), np.max(a @ v)),
    ),
    "views of y": (
        lambda a, v, y: (y[::-1] - a @ v + np.hstack([y, y])[::2]) @ a,
        lambda a, v, y: (y[::-1] - a @ v + np.hstack([y, y])[::2]) @ a,
    ),
    "a strided vector": (
        lambda a, v, y: a.T @ np.tanh(a @ v[::-1]),
        lambda a, v, y: a.T @ np.tanh(a @ v[::-1]),
    ),
    "two vectors": (
        lambda a, v, y: a.T @ ((a @ v) * np.cos(a @ (2 * v)) + y),
        lambda a, v, y: a.T @ ((a @ v) * np.cos(a @ (2 * v)) + y),
    ),
    "columns of one": (
        lambda a, v, y: (np.exp(-((a @ v[:, None]) ** 2)).T @ a)[0],
        lambda a, v, y: a.T @ np.exp(-((a @ v) ** 2)),
    ),
    "a part of the matrix": (
        lambda a, v, y: a[3:, 1:-1].T @ np.tanh(a[3:, 1:-1] @ v[2:]),
        lambda a, v, y: a[3:, 1:-1].T @ np.tanh(a[3:, 1:-1] @ v[2:]),
    ),
    "every second row": (
        lambda a, v, y: np.tanh(a[::2] @ v) @ a[::2],
        lambda a, v, y: np.tanh(a[::2] @ v) @ a[::2],
    ),
    "Hessian times vector": (
        lambda a, v, y: dt.hvp(lambda w: np.sum(np.cos(a @ w)), (v,), (v[::-1] * 2,)),
        lambda a, v, y: a.T @ (-np.cos(a @ v) * (a @ (v[::-1] * 2))),
    ),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(9001, 100), (3001, 257)])
@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str, shape: tuple[int, int], dtype: Any) -> None:
    fun, by_hand = FORMS[name]
    v, a, y = problem(shape, dtype)
    assert passes(fun, a, v, y) == 1
    results, wanted = dt.jit(fun)(a, v, y), by_hand(*(np.float64(x) for x in (a, v, y)))
    if not isinstance(wanted, tuple):
        results, wanted = (results,), (wanted,)
    for got, right in zip(results, wanted, strict=True):
        check(got, right, dtype, shape[0])


def test_what_crosses_rows_makes_no_pass() -> None:
    v, a, y = problem((3001, 257), np.float64)
    crossing: list[Callable[..., Any]] = [
        lambda a, v, y: a.T @ (a @ v - np.mean(a @ v)),
        lambda a, v, y: a.T @ np.cumsum(a @ v),
        lambda a, v, y: a.T @ (a @ v)[::-1],
        lambda a, v, y: a.T @ np.sort(a @ v),
        lambda a, v, y: a.T @ ((a @ v) / np.sum(np.exp(a @ v))),
        lambda a, v, y: a.T @ np.hstack([(a @ v)[1:], y[:1]]),
        lambda a, v, y: (2 * a).T @ np.tanh(a @ v),
        lambda a, v, y: a @ np.tanh(a.T @ y),
    ]
    for fun in crossing:
        assert passes(fun, a, v, y) == 0
        check(dt.jit(fun)(a, v, y), fun(a, v, y), np.float64, 3001)
    # Small, narrow, or stored by columns.
    for other in (a[:300], a[:, :20], np.asfortranarray(a)):
        assert passes(lambda v, a=other: a.T @ np.tanh(a @ v), v[: other.shape[1]]) == 0


def test_steps_around_a_pass_keep_their_order() -> None:
    """Some need its first product, some its last one, some neither; scalars of its reductions."""

    def f(a: Any, v: Any, y: Any) -> Any:
        z = a @ v
        total = np.sum(z * y)
        running = np.cumsum(z)
        sorted_y = np.sort(y)
        r = np.sin(z) * sorted_y
        g = a.T @ r
        return total, running[5:] * total, g, np.sum(r) * g, sorted_y, np.cumsum(g) + np.max(z)

    v, a, y = problem((3001, 257), np.float64)
    assert passes(f, a, v, y) == 1
    for got, wanted in zip(dt.jit(f)(a, v, y), f(a, v, y), strict=True):
        check(got, wanted, np.float64, 3001)


def test_a_vector_that_dies_in_the_pass_is_whole_until_its_end() -> None:
    """Of a square matrix the vector is as long as the rows' values, which could take its memory."""

    def f(a: Any, x: Any) -> Any:
        v = np.sort(x)
        u = np.sort(-x)
        z = a @ v
        return a.T @ (np.sin(z) * v + u[::-1] * np.exp(-(z**2)) + u)

    a, x = normal(401, 401) / 20, normal(401, seed=3)
    assert passes(f, a, x) == 1
    check(dt.jit(f)(a, x), f(a, x), np.float64, 401)


def test_two_passes_and_a_chain_of_them() -> None:
    def descent(w: Any, a: Any, y: Any) -> Any:
        for _ in range(3):
            w = w - dt.grad(logistic)(w, a, y) / len(a)
        return w

    w, a, y = problem((3001, 257), np.float64)
    assert passes(descent, w, a, y) == 3
    wanted = w
    for _ in range(3):
        wanted = wanted - a.T @ (sigmoid(a @ wanted) - y) / len(a)
    check(dt.jit(descent)(w, a, y), wanted, np.float64, 3001)


def test_vmap_and_higher_orders() -> None:
    w, a, y = problem((2001, 129), np.float64)
    ws = np.stack([w, -w, 2 * w])
    got = dt.jit(dt.vmap(dt.grad(logistic), (0, None, None)))(ws, a, y)
    for row, u in zip(got, ws, strict=True):
        check(row, a.T @ (sigmoid(a @ u) - y), np.float64, 2001)
    p = sigmoid(a @ w)
    hessian = dt.jit(dt.hessian(logistic))(w, a, y)
    check(hessian, a.T @ ((p * (1 - p))[:, None] * a), np.float64, 2001)
    slope = dt.jit(dt.grad(lambda w, v: dt.grad(lambda u: logistic(u, a, y))(w) @ v))(w, -w)
    check(slope, -hessian @ w, np.float64, 2001)


@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_and_missing_numbers(dtype: Any) -> None:
    w, a, y = problem((9001, 100), dtype)
    a[17, 3], a[4000, 99], a[9000, 50] = np.inf, np.nan, -np.inf
    for rows in ([17], [4000], [9000], [17, 4000], []):
        b = np.where(np.isin(np.arange(9001), rows)[:, None] | np.isfinite(a), a, 0)
        f = dt.jit(lambda w, a, y: a.T @ np.tanh(a @ w))
        with np.errstate(invalid="ignore"):
            wanted = np.float64(b).T @ np.tanh(np.float64(b) @ np.float64(w))
        got = f(w, b, y)
        np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
        np.testing.assert_array_equal(np.isinf(got), np.isinf(wanted))
    # Zeros of either sign: a sum begins with +0, as NumPy's.
    zero = np.zeros((9001, 100), dtype)
    assert not np.signbit(dt.jit(lambda w, a: a.T @ -(a @ w))(w, zero)).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_same_bits_for_any_number_of_threads_and_at_every_call(dtype: Any) -> None:
    w, a, y = problem((20_011, 131), dtype)
    f = dt.jit(dt.value_and_grad(logistic))
    found = set()
    for n in (1, 2, 3, 2):
        dt.set_num_threads(n)
        value, gradient = f(w, a, y)
        found.add((np.asarray(value).tobytes(), gradient.tobytes()))
    assert len(found) == 1


def test_a_matrix_at_any_address() -> None:
    """The same bits wherever the rows begin."""
    w, a, y = problem((5003, 71), np.float64)
    f = dt.jit(dt.grad(logistic))
    memory = np.zeros(a.size + 16)
    found = set()
    for start in range(9):
        b = memory[start : start + a.size].reshape(a.shape)
        b[...] = a
        found.add(f(w, b, y).tobytes())
    assert len(found) == 1
