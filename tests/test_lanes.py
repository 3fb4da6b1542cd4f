"""Jacobians by structure against an identity pushed through as a batch, entry for entry, on random
programs of views, moves, gathers, reductions and products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualtape as dt
import dualtape.numpy as dnp

EXAMPLES = settings(max_examples=80)
FEW = settings(max_examples=30)
MOST = 48  # entries of a value


def data(shape: tuple[int, ...], seed: int = 0) -> Any:
    """Numbers that repeat nowhere, the same at every call."""
    n = int(np.prod(shape))
    return 0.25 + np.sin(1.0 + 0.7 * np.arange(n) + seed).reshape(shape)


def sliced(draw: Any, x: Any) -> Any:
    parts: list[Any] = []
    for n in x.shape:
        start, stop = sorted((draw(st.integers(0, n)), draw(st.integers(0, n))))
        step = draw(st.sampled_from([1, 1, 2, 3]))
        part = slice(start, stop, step) if start < stop else slice(None)
        parts.append(slice(None, None, -step) if draw(st.integers(0, 3)) == 0 else part)
    return lambda x, _: x[tuple(parts)]


def written(draw: Any, x: Any) -> Any:
    """Into zeros, or over part of an array."""
    starts = [draw(st.integers(0, 2)) for _ in x.shape]
    steps = [draw(st.integers(1, 2)) for _ in x.shape]
    shape = [a + s * (n - 1) + 1 for a, s, n in zip(starts, steps, x.shape, strict=True)]
    place = tuple(
        slice(a, a + s * (n - 1) + 1, s) for a, s, n in zip(starts, steps, x.shape, strict=True)
    )

    def run(x: Any, _: list[Any]) -> Any:
        y = dnp.zeros(tuple(shape))
        y[place] = x
        return y

    return run


def overwritten(draw: Any, x: Any) -> Any:
    if x.ndim == 0:
        return lambda x, _: -x
    k = draw(st.integers(0, x.shape[0] - 1))

    def run(x: Any, _: list[Any]) -> Any:
        y = x * 2.0
        y[k:] = x[: x.shape[0] - k] * 0.5
        return y

    return run


def reshaped(draw: Any, x: Any) -> Any:
    rest, shape = x.size, []
    for factor in (2, 3, 2):
        if rest % factor == 0 and draw(st.booleans()):
            shape.append(factor)
            rest //= factor
        elif draw(st.integers(0, 4)) == 0:
            shape.append(1)
    shape.insert(draw(st.integers(0, len(shape))), rest)
    return lambda x, _: x.reshape(shape)


def transposed(draw: Any, x: Any) -> Any:
    order = draw(st.permutations(range(x.ndim)))
    return lambda x, _: np.transpose(x, order)


def broadcast(draw: Any, x: Any) -> Any:
    shape = [draw(st.integers(1, 2)), *(draw(st.integers(1, 3)) if n == 1 else n for n in x.shape)]
    return lambda x, _: np.broadcast_to(x, shape)


def reduced(draw: Any, x: Any) -> Any:
    axis = draw(st.sampled_from([None, *range(x.ndim)]))
    keep = draw(st.booleans())
    function = draw(st.sampled_from([np.sum, np.sum, np.mean, np.max, np.prod]))
    return lambda x, _: function(x, axis=axis, keepdims=keep)


def accumulated(draw: Any, x: Any) -> Any:
    axis = draw(st.integers(0, x.ndim - 1)) if x.ndim else None
    return lambda x, _: np.cumsum(x, axis=axis)


def from_left(draw: Any, x: Any) -> Any:
    if x.ndim == 0:
        return lambda x, _: np.outer(data((3,)), x)
    axis = draw(st.integers(0, x.ndim - 1))
    matrix = data((draw(st.integers(1, 4)), x.shape[axis]))
    return lambda x, _: np.tensordot(matrix, x, ((1,), (axis,)))


def from_right(draw: Any, x: Any) -> Any:
    if x.ndim == 0:
        return lambda x, _: x * data((2, 2))
    matrix = data((x.shape[-1], draw(st.integers(1, 4))))
    return lambda x, _: x @ matrix


def batched_product(draw: Any, x: Any) -> Any:
    if x.ndim < 2:
        return lambda x, _: x * 3.0
    matrix = data((*x.shape[:-2], 2, x.shape[-2]))
    return lambda x, _: np.matmul(matrix, x)


def solved(draw: Any, x: Any) -> Any:
    n = x.shape[0] if x.ndim else 1
    matrix = data((n, n)) + 4 * np.eye(n)
    if x.ndim in (1, 2):
        return lambda x, _: np.linalg.solve(matrix, x)
    return lambda x, _: x / 2.0


def gathered(draw: Any, x: Any) -> Any:
    if x.ndim == 0:
        return lambda x, _: x * 2.0
    axis = draw(st.integers(0, x.ndim - 1))
    n = x.shape[axis]
    index = np.array(draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=4)))
    if index.size == 4 and draw(st.booleans()):
        index = index.reshape(2, 2)
    return lambda x, _: np.take(x, index, axis=axis)


def masked(draw: Any, x: Any) -> Any:
    mask = data(x.shape, draw(st.integers(0, 5))) > 0
    if x.ndim == 0 or not mask.any():
        return lambda x, _: x * 0.5
    return lambda x, _: x[mask]


def scattered(draw: Any, x: Any) -> Any:
    """Entries written, or added, at indices that may repeat."""
    if x.ndim == 0:
        return lambda x, _: x + 1.0
    n = draw(st.integers(x.shape[0], x.shape[0] + 2))
    index = np.array([draw(st.integers(0, n - 1)) for _ in range(x.shape[0])])
    add = draw(st.booleans())

    def run(x: Any, _: list[Any]) -> Any:
        y = dnp.ones((n, *x.shape[1:]))
        if add:
            np.add.at(y, index, x)
        else:
            y[index] = x
        return y

    return run


def selected(draw: Any, x: Any) -> Any:
    mask = data(x.shape, draw(st.integers(0, 5))) > 0
    both = draw(st.booleans())
    return lambda x, _: np.where(mask, x * 2.0, -x if both else 0.0)


def joined(draw: Any, x: Any) -> Any:
    if x.ndim == 0:
        return lambda x, _: np.stack([x, 2.0 * x])
    axis = draw(st.integers(0, x.ndim - 1))
    stack = draw(st.booleans())
    join = np.stack if stack else np.concatenate
    return lambda x, _: join([x, data(x.shape), 3.0 * x], axis=axis)


def diagonal(draw: Any, x: Any) -> Any:
    if x.ndim < 2:
        return lambda x, _: np.flip(x) if x.ndim else -x
    return lambda x, _: np.diagonal(x, offset=0, axis1=0, axis2=1)


def rolled(draw: Any, x: Any) -> Any:
    shift = draw(st.integers(-3, 3))
    return lambda x, _: np.roll(x, shift) if x.ndim else x * 1.5


def repeated(draw: Any, x: Any) -> Any:
    return lambda x, _: np.repeat(x, 2, axis=0) if x.ndim else x


def scaled(draw: Any, x: Any) -> Any:
    c = data(x.shape, draw(st.integers(0, 5)))
    return lambda x, _: x * c


def curved(draw: Any, x: Any) -> Any:
    function = draw(st.sampled_from([np.tanh, np.sin, np.square]))
    return lambda x, _: function(x)


def combined(draw: Any, x: Any) -> Any:
    """With an older value of the same shape, if there is one."""
    how = draw(st.sampled_from([np.add, np.subtract, np.multiply]))

    def run(x: Any, pool: list[Any]) -> Any:
        for old in pool:
            if old.shape == x.shape and old is not x:
                return how(old, x)
        return how(x, x)

    return run


SMALL = [
    sliced, sliced, reshaped, reshaped, transposed, reduced, accumulated, gathered, masked,
    overwritten, selected, diagonal, rolled, scaled, curved, combined, solved, from_left,
    from_right, batched_product,
]  # fmt: skip
GROWING = [written, broadcast, joined, repeated, scattered]
SHAPES = [(4,), (6,), (2, 3), (3, 1), (2, 2, 2), (1,), ()]


@st.composite
def programs(draw: Any) -> tuple[Any, dict[str, Any]]:
    """A function of a dict of two arrays, and a point."""
    point = {"a": data(draw(st.sampled_from(SHAPES)), 1), "b": data(draw(st.sampled_from(SHAPES)))}
    point = {key: np.asarray(value) for key, value in point.items()}
    pool: list[Any] = list(point.values())
    steps: list[tuple[int, Any]] = []
    for _ in range(draw(st.integers(2, 7))):
        k = draw(st.sampled_from([len(pool) - 1, len(pool) - 1, 0, 1, len(pool) // 2]))
        choices = SMALL if pool[k].size > MOST // 3 else SMALL + GROWING
        run = draw(st.sampled_from(choices))(draw, pool[k])
        y = np.asarray(run(pool[k], pool))
        if y.size > MOST or y.size == 0:
            continue
        steps.append((k, run))
        pool.append(y)

    def function(p: Any) -> Any:
        values = [p["a"], p["b"]]
        for k, run in steps:
            values.append(run(values[k], values))
        return {"last": values[-1], "other": values[len(values) // 2]}

    return function, point


def flat_function(function: Any, point: Any) -> tuple[Any, Any]:
    """The same from one vector to one vector."""
    x, unravel = dt.ravel_pytree(point)
    return (lambda v: dt.ravel_pytree(function(unravel(v)))[0]), x


def close(found: Any, wanted: Any, rtol: float = 1e-12) -> None:
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol * scale)


def by_columns(f: Any, x: Any) -> Any:
    return dt.vmap(lambda v: dt.jvp(f, (x,), (v,))[1])(np.eye(x.size, dtype=x.dtype)).T


def by_rows(f: Any, x: Any) -> Any:
    y, pullback = dt.vjp(f, x)
    return dt.vmap(lambda y_bar: pullback(y_bar)[0])(np.eye(y.size, dtype=y.dtype))


@given(programs())
@EXAMPLES
def test_jacobians_are_a_batch_of_unit_vectors(program: Any) -> None:
    function, point = program
    flat, x = flat_function(function, point)
    wanted = by_columns(flat, x)
    close(by_rows(flat, x), wanted)
    for transform in (dt.jacfwd, dt.jacrev, dt.jacobian):
        close(transform(function, flat=True)(point), wanted)
        close(transform(flat)(x), wanted)
        close(transform(function, flat=True, chunk_size=2)(point), wanted)
    close(dt.jit(dt.jacobian(function, flat=True))(point), wanted)


@given(programs(), st.integers(0, 10))
@EXAMPLES
def test_jacobians_are_differences_of_the_function(program: Any, seed: int) -> None:
    """What NumPy gives a small way off, along one direction."""
    function, point = program
    flat, x = flat_function(function, point)
    v = data(x.shape, seed)
    step = 1e-5
    difference = (flat(x + step * v) - flat(x - step * v)) / (2 * step)
    close(dt.jacobian(flat)(x) @ v, difference, rtol=3e-6)


@given(programs())
@FEW
def test_second_derivatives_are_a_batch_of_products(program: Any) -> None:
    function, point = program
    flat, x = flat_function(function, point)

    def total(v: Any) -> Any:
        y = flat(v)
        return np.sum(y * y * data(y.shape))

    wanted = dt.vmap(lambda v: dt.hvp(total, x, v))(np.eye(x.size))
    close(dt.hessian(total)(x), wanted, rtol=1e-11)
    for outer in (dt.jacfwd, dt.jacrev):
        for inner in (dt.jacfwd, dt.jacrev):
            close(outer(inner(total))(x), wanted, rtol=1e-11)
    close(dt.hessian_diagonal(total)(x), np.diag(wanted), rtol=1e-11)
    close(dt.laplacian(total)(x), np.trace(wanted), rtol=1e-11)
    rows = dt.vmap(lambda v: dt.jvp(dt.jacrev(flat), (x,), (v,))[1])(np.eye(x.size))
    close(dt.hessian(flat)(x), np.moveaxis(rows, 0, -1), rtol=1e-11)
    close(dt.laplacian(flat)(x), np.trace(rows, axis1=0, axis2=2), rtol=1e-11)


@given(programs())
@FEW
def test_jacobians_under_vmap_and_grad(program: Any) -> None:
    function, point = program
    flat, x = flat_function(function, point)
    batch = np.stack([x, 0.5 * x, x + 0.125])
    for transform in (dt.jacfwd, dt.jacrev, dt.jacobian):
        wanted = np.stack([transform(flat)(row) for row in batch])
        close(dt.vmap(transform(flat))(batch), wanted)
        weights = data(wanted[0].shape)
        found = dt.grad(lambda x, f=transform, w=weights: np.sum(f(flat)(x) * w))(x)
        second = dt.hessian(flat)(x)
        close(found, np.tensordot(weights, second, 2), rtol=1e-11)


@given(programs())
@FEW
def test_jacobians_of_float32(program: Any) -> None:
    function, point = program
    narrow = {key: value.astype(np.float32) for key, value in point.items()}
    flat, x = flat_function(function, narrow)
    wide, x64 = flat_function(function, point)
    wanted = by_columns(wide, x64)
    scale = 1 + np.abs(wanted).max(initial=0.0)
    for transform in (dt.jacfwd, dt.jacrev):
        np.testing.assert_allclose(transform(flat)(x), wanted, atol=1e-3 * scale)


# ---------------------------------------------------------------- structure is kept

N = 2000
SHIFT = np.arange(N)[::-1] // 2
STRUCTURED: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: np.sin(x) * x,
    "shifted": lambda x: x[1:] * 2 - x[:-1],
    "strided": lambda x: x[::2] * x[1::2],
    "folded": lambda x: np.sum(x.reshape(-1, 2) ** 2, axis=1),
    "reversed": lambda x: np.flip(x) ** 2,
    "joined": lambda x: np.concatenate([x[10:], x[:10]]) ** 3,
}


@pytest.mark.parametrize("name", STRUCTURED)
def test_structured_derivatives_take_no_matrix_in_between(name: str) -> None:
    """A batch would take several matrices in between; a mask of one is allowed."""
    fun = STRUCTURED[name]
    x = np.linspace(0.1, 1, N)
    for transform in (dt.jacfwd, dt.jacrev):
        jitted = dt.jit(transform(fun))
        jitted(x)
        assert jitted.memory(x).temporary < N * N
