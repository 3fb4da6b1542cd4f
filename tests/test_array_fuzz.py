"""Random programs of array operations: Jacobians by every way against the complex step of NumPy.

The forward and reverse Jacobians move structure (diagonals, shifts, stored matrices) through the
program; the batched products of vmap do not. All of them must give what plain NumPy gives.
`DUALTAPE_FUZZ=5000 pytest tests/test_array_fuzz.py` runs more of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt

COUNT = int(os.environ.get("DUALTAPE_FUZZ", "120"))
MAX_SIZE = 60
Step = tuple[Callable[..., Any], tuple[int, ...]]

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def elementwise(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    return chance.choice([
        np.sin, np.tanh, np.square, lambda x: x * 0.5, lambda x: np.exp(0.3 * x),
        lambda x: 1.0 / (2.0 + x * x), lambda x: -x, lambda x: x**3, lambda x: 2.0 - x,
        lambda x: np.sqrt(1.5 + np.square(np.sin(x))),
    ])  # fmt: skip


def reshaped(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    n = a.size
    shapes = [(n,), (1, n), (n, 1), (-1,), (*a.shape, 1)]
    shapes += [(k, n // k) for k in (2, 3, 4, 6) if n % k == 0]
    shapes += [(2, k, n // (2 * k)) for k in (2, 3) if n % (2 * k) == 0]
    shape = chance.choice(shapes)
    return lambda x: x.reshape(shape)


def transposed(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    axes = list(range(a.ndim))
    chance.shuffle(axes)
    return lambda x: np.transpose(x, axes)


def reduced(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    axis, keepdims = chance.randrange(a.ndim), chance.random() < 0.5
    function = chance.choice([np.sum, np.sum, np.mean, np.prod])
    return lambda x: function(x, axis=axis, keepdims=keepdims)


def scanned(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    axis = chance.randrange(a.ndim)
    return lambda x: np.cumsum(x, axis=axis)


def sliced(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    index = []
    for n in a.shape:
        start, stop = sorted((chance.randrange(n), chance.randrange(n)))
        index.append(chance.choice([
            slice(None), slice(start, stop + 1), slice(None, None, -1), slice(start, None, 2),
            slice(stop, start - 1 if start else None, -1),
            np.newaxis if a.ndim < 3 else slice(None),
        ]))  # fmt: skip
    index += [slice(None)] * index.count(None)
    key = tuple(index)
    return lambda x: x[key]


def gathered(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    rows = np.array([chance.randrange(-a.shape[0], a.shape[0]) for _ in range(3)])
    if a.ndim > 1 and chance.random() < 0.4:
        columns = np.array([chance.randrange(a.shape[1]) for _ in range(3)])
        return lambda x: x[rows, columns]
    if a.ndim > 1 and chance.random() < 0.5:
        rows = rows % a.shape[1]
        return lambda x: x[:, rows]
    return lambda x: x[rows]


def multiplied(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    generator = np.random.default_rng(chance.randrange(1000))
    right = generator.uniform(-1, 1, (a.shape[-1], chance.choice([1, 2, 3])))
    left = generator.uniform(-1, 1, (chance.choice([1, 2, 3]), a.shape[0]))
    return chance.choice([
        lambda x: x @ right,
        lambda x: np.tensordot(left, x, axes=1),
        lambda x: np.einsum("...i,ij->...j", x, right),
    ])  # fmt: skip


def selected(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    mask = np.random.default_rng(chance.randrange(1000)).random(a.shape) < 0.5
    return chance.choice([lambda x: np.where(mask, x, 0.0), lambda x: np.where(mask, x * x, x)])


def spread(chance: random.Random, a: NDArray[Any]) -> Callable[..., Any]:
    return lambda x: np.broadcast_to(x, (2, *a.shape))


def joined(chance: random.Random, a: NDArray[Any], b: NDArray[Any]) -> Callable[..., Any]:
    if a.shape != b.shape:
        return lambda x, y: np.concatenate([x.ravel(), y.ravel()])
    axis = chance.randrange(a.ndim)
    return chance.choice([
        lambda x, y: np.concatenate([x, y], axis=axis), lambda x, y: np.stack([x, y], axis=axis)
    ])  # fmt: skip


def combined(chance: random.Random, a: NDArray[Any], b: NDArray[Any]) -> Callable[..., Any]:
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return lambda x, y: np.outer(x, y)
    return chance.choice([
        np.add, np.multiply, np.multiply, np.subtract, lambda x, y: x / (2.0 + y * y),
    ])  # fmt: skip


def contracted(chance: random.Random, a: NDArray[Any], b: NDArray[Any]) -> Callable[..., Any]:
    if a.shape == b.shape:
        return chance.choice([
            lambda x, y: np.tensordot(x, y, axes=([0], [0])),
            lambda x, y: np.einsum("i...,i...->...", x, y),
            lambda x, y: x.reshape(a.shape[0], -1) @ y.reshape(a.shape[0], -1).T,
        ])  # fmt: skip
    return lambda x, y: np.dot(x.ravel()[:1], y.reshape(1, -1))


def written(chance: random.Random, a: NDArray[Any], b: NDArray[Any]) -> Callable[..., Any]:
    step, add = chance.choice([1, 2, -1]), chance.random() < 0.5

    def f(x: Any, y: Any) -> Any:
        z = x.copy()
        part = y.ravel()[: z[::step].shape[0]].reshape(-1, *[1] * (z.ndim - 1))
        if part.shape[0] < z[::step].shape[0]:
            part = part[:1]
        if add:
            z[::step] += part
        else:
            z[::step] = part
        return z

    return f


ONE = [elementwise, elementwise, elementwise, reshaped, transposed, reduced, scanned, sliced,
       gathered, multiplied, selected, spread]  # fmt: skip
TWO = [joined, combined, combined, combined, contracted, written]


def build(seed: int) -> tuple[Callable[..., Any], NDArray[Any]]:
    """A program of NumPy functions, and its argument."""
    chance = random.Random(seed)
    shape = chance.choice([(4,), (6,), (2, 3), (3, 1), (1,), (2, 2, 2), (3, 2), (1, 4)])
    x = np.random.default_rng(seed).uniform(-1.2, 1.2, shape)
    values: list[NDArray[Any]] = [x]
    steps: list[Step] = []
    wanted = chance.randint(2, 8)
    while len(steps) < wanted:
        sources = tuple(chance.randrange(max(0, len(values) - 3), len(values)) for _ in range(2))
        if chance.random() < 0.6:
            sources = sources[:1]
        operands = [values[k] for k in sources]
        if any(v.ndim == 0 for v in operands):
            step = elementwise(chance, operands[0]) if len(operands) == 1 else np.multiply
        else:
            step = chance.choice(ONE if len(operands) == 1 else TWO)(chance, *operands)
        y = np.asarray(step(*operands))
        if 0 < y.size <= MAX_SIZE and y.ndim <= 4 and np.max(np.abs(y)) < 100:
            values.append(y)
            steps.append((step, sources))

    def f(x: Any) -> Any:
        results = [x]
        for step, sources in steps:
            results.append(step(*(results[k] for k in sources)))
        return results[-1] + results[-2].ravel()[0]

    return f, x


def complex_step(f: Callable[..., Any], x: NDArray[Any]) -> NDArray[Any]:
    """The Jacobian, by one run of NumPy for each entry of x."""
    columns = []
    for k in range(x.size):
        shifted = x.astype(complex)
        shifted.flat[k] += 1e-30j
        columns.append(np.asarray(f(shifted)).imag / 1e-30)
    return np.stack(columns, axis=-1).reshape(*columns[0].shape, *x.shape)


def close(actual: Any, wanted: Any, what: str, rtol: float = 1e-11) -> None:
    scale = max(1e-1, float(np.max(np.abs(wanted), initial=0.0)))
    assert actual.shape == wanted.shape, what
    np.testing.assert_allclose(actual, wanted, rtol=rtol, atol=rtol * scale, err_msg=what)


@pytest.mark.parametrize("seed", range(COUNT))
def test_jacobians_by_every_way_are_numpys(seed: int) -> None:
    f, x = build(seed)
    wanted = complex_step(f, x)
    close(dt.jit(f)(x), f(x.copy()), "value")
    close(dt.jacfwd(f)(x), wanted, "jacfwd")
    close(dt.jacrev(f)(x), wanted, "jacrev")
    y, push = dt.linearize(f, x)
    basis = np.eye(x.size).reshape(x.size, *x.shape)
    close(dt.vmap(push, out_axes=-1)(basis).reshape(wanted.shape), wanted, "vmap of linearize")
    cotangents = np.eye(y.size).reshape(y.size, *y.shape)
    pull = dt.vjp(f, x)[1]
    close(dt.vmap(pull)(cotangents)[0].reshape(wanted.shape), wanted, "vmap of vjp")
    batch = np.stack([x, 0.9 * x])
    close(dt.vmap(dt.jacrev(f))(batch)[1], complex_step(f, 0.9 * x), "vmap of jacrev")


@pytest.mark.parametrize("seed", range(0, COUNT, 2))
def test_hessians_by_every_way_agree(seed: int) -> None:
    f, x = build(seed)

    def scalar(x: Any) -> Any:
        y = f(x)
        return np.sum(np.sin(y) * (1.0 + np.arange(y.size).reshape(y.shape)))

    gradient = dt.grad(scalar)
    close(gradient(x), complex_step(scalar, x), "gradient")
    hessian = dt.hessian(scalar)(x)
    close(dt.jacrev(gradient)(x), hessian, "reverse over reverse")
    close(dt.jacfwd(dt.jacfwd(scalar))(x), hessian, "forward over forward")
    close(dt.jacrev(dt.jacfwd(scalar))(x), hessian, "reverse over forward")
    v = np.random.default_rng(seed).uniform(-1, 1, x.shape)
    h = 1e-4
    ends = [gradient(x + t * h * v) for t in (1, -1, 2, -2)]
    difference = (8 * (ends[0] - ends[1]) - (ends[2] - ends[3])) / (12 * h)
    close(np.tensordot(hessian, v, axes=x.ndim), difference, "difference of gradients", 1e-6)


@pytest.mark.parametrize("seed", range(0, COUNT, 2))
def test_float32_arguments_give_numpys_types(seed: int) -> None:
    f, x = build(seed)
    single = x.astype(np.float32)
    wanted = np.asarray(f(single.copy()))
    actual = dt.jit(f)(single)
    assert actual.dtype == wanted.dtype
    close(actual, wanted, "value", 1e-5)

    def scalar(x: Any) -> Any:
        return np.sum(np.sin(f(x)))

    gradient = dt.grad(scalar)(single)
    assert gradient.dtype == np.float32
    close(gradient, complex_step(scalar, x), "gradient", 1e-3)
    rows = dt.vmap(dt.grad(scalar), in_axes=-1)(np.stack([single, single], axis=-1))
    assert rows.dtype == np.float32
    close(rows[1], gradient, "vmap of grad", 1e-5)
