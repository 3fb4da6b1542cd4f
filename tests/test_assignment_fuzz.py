"""Random programs of views and writes: what NumPy's arrays hold, and the complex step of it.

`DUALTAPE_FUZZ=5000 pytest tests/test_assignment_fuzz.py` runs more of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from table_checks import check_pullback

import dualtape as dt
import dualtape.numpy as dnp

COUNT = int(os.environ.get("DUALTAPE_FUZZ", "150"))
Step = Callable[[list[Any], Any], None]


def random_slice(chance: random.Random, n: int) -> slice:
    ends = [None, *range(-n - 1, n + 2)]
    step = chance.choice([None, 1, 2, -1, -2])
    return slice(chance.choice(ends), chance.choice(ends), step)


def random_key(chance: random.Random, shape: tuple[int, ...], arrays: bool) -> Any:
    """An index of every kind, with new axes and an ellipsis anywhere."""
    key: list[Any] = []
    count = chance.choice([1, 2, 3])
    used = chance.randrange(len(shape) + 1) if chance.random() < 0.4 else len(shape)
    for n in shape[:used]:
        kind = chance.random()
        if arrays and kind < 0.3 and n:
            rows = [chance.randrange(-n, n) for _ in range(count)]
            key.append(np.array(rows) if chance.random() < 0.7 else rows)
        elif arrays and kind < 0.45 and n >= count:
            mask = np.zeros(n, bool)
            mask[chance.sample(range(n), count)] = True
            key.append(mask)
        elif kind < 0.6 and n:
            key.append(chance.randrange(-n, n))
        elif kind < 0.7:
            key.append(slice(None))
        else:
            key.append(random_slice(chance, n))
    if chance.random() < 0.3:
        key.insert(chance.randrange(len(key) + 1), None)
    if chance.random() < 0.3:
        # Items behind the ellipsis count from the last axis.
        place = len(key) if used < len(shape) else chance.randrange(len(key) + 1)
        key.insert(place, ...)
    return tuple(key) if len(key) != 1 or chance.random() < 0.5 else key[0]


def random_view(chance: random.Random, arrays: list[NDArray[Any]]) -> Step:
    """Another name for a part of one of the arrays."""
    k = chance.randrange(len(arrays))
    a = arrays[k]
    axes = list(range(a.ndim))
    chance.shuffle(axes)
    key = random_key(chance, a.shape, arrays=False)
    choices: list[Callable[[Any], Any]] = [
        lambda a: a[key], lambda a: a[key], lambda a: np.transpose(a, axes), lambda a: a.T,
        lambda a: np.flip(a, 0) if a.ndim else a, lambda a: a[..., None],
    ]  # fmt: skip
    if k == 0:  # In C order for certain.
        choices.append(lambda a: a.reshape(-1))
        choices.append(lambda a: a.ravel())
    view = chance.choice(choices)
    if not isinstance(view(a), np.ndarray):  # A number is no view.
        view = np.transpose
    return lambda arrays, v: arrays.append(view(arrays[k]))


def random_value(
    chance: random.Random, arrays: list[NDArray[Any]], shape: tuple[int, ...]
) -> Callable[[list[Any], Any], Any]:
    """Something that broadcasts to the shape: a number, a vector's part, a part of an array."""
    size = int(np.prod(shape))
    alike = [j for j, b in enumerate(arrays) if b.shape == shape]
    kind = chance.random()
    if kind < 0.3 and alike:
        j = chance.choice(alike)
        turned = chance.random() < 0.5 and len(shape) > 0
        return lambda arrays, v: arrays[j][::-1] if turned else arrays[j]
    if kind < 0.5 or not size:
        return lambda arrays, v: v[0] * 0.5
    if kind < 0.7 and shape:
        last = shape[-1]
        return lambda arrays, v: np.resize(v, last) * 2.0
    return lambda arrays, v: np.resize(v, shape) * 1.5


def random_write(chance: random.Random, arrays: list[NDArray[Any]]) -> Step:
    k = chance.randrange(len(arrays))
    key = random_key(chance, arrays[k].shape, arrays=True)
    value = random_value(chance, arrays, np.shape(arrays[k][key]))
    kind = chance.choice(["=", "=", "+=", "*=", "add.at", "where"])

    def step(arrays: list[Any], v: Any) -> None:
        a, x = arrays[k], value(arrays, v)
        if kind == "=":
            a[key] = x
        elif kind == "+=":
            a[key] += x
        elif kind == "*=":
            a[key] *= x
        elif kind == "add.at":
            np.add.at(a, key, x)
        else:
            np.copyto(a, a * 0.5, where=np.arange(a.size).reshape(a.shape) % 3 == 0)

    return step


def random_put(chance: random.Random, arrays: list[NDArray[Any]]) -> Step:
    k = chance.randrange(len(arrays))
    n = arrays[k].size
    if not n:
        return lambda arrays, v: None
    places = [chance.randrange(-n, n) for _ in range(3)]
    kind = chance.choice(["put", "flat", "fill", "whole"])

    def step(arrays: list[Any], v: Any) -> None:
        a = arrays[k]
        if kind == "put":
            np.put(a, places, v[:2])
        elif kind == "flat":
            a.flat[places[0]] = v[1] * a.flat[places[1]]
        elif kind == "fill":
            a.fill(v[2])
        else:
            a += v[0]

    return step


def program(seed: int) -> tuple[Callable[[Any, Any], Any], NDArray[Any], NDArray[Any]]:
    """A function of an array to write into and a vector of values, and its arguments."""
    chance = random.Random(seed)
    generator = np.random.default_rng(seed)
    shape = chance.choice([(5,), (3, 4), (4, 3), (2, 3, 2), (3, 1, 4)])
    x, v = generator.uniform(0.5, 1.5, shape), generator.uniform(0.5, 1.5, 4)
    arrays: list[Any] = [x.copy()]
    steps: list[Step] = []
    while len(steps) < 7:
        make = chance.choice([random_view, random_write, random_write, random_put])
        try:
            step = make(chance, arrays)
            step(arrays, v)
        except (IndexError, ValueError):  # Not a program of NumPy: shapes that do not broadcast.
            continue
        steps.append(step)

    def f(x: Any, v: Any) -> Any:
        arrays = [dnp.array(x) if isinstance(v, dt.Tracer) else x.copy()]
        for step in steps:
            step(arrays, v)
        return np.concatenate([np.ravel(a) * (1.0 + k) for k, a in enumerate(arrays)])

    return f, x, v


@pytest.mark.parametrize("seed", range(COUNT))
def test_views_and_writes_are_numpys(seed: int) -> None:
    f, x, v = program(seed)
    wanted = f(x, v)
    kept = x.copy()
    np.testing.assert_allclose(dt.vjp(f, x, v)[0], wanted, rtol=1e-14)
    np.testing.assert_array_equal(x, kept)
    generator = np.random.default_rng(seed)
    x_dot, v_dot = generator.uniform(-1, 1, x.shape), generator.uniform(-1, 1, v.shape)
    h = 1e-30
    slope = f(x + 1j * h * x_dot, v + 1j * h * v_dot).imag / h
    y_dot = dt.jvp(f, (x, v), (x_dot, v_dot))[1]
    np.testing.assert_allclose(y_dot, slope, rtol=1e-12, atol=1e-13 * np.abs(slope).max(initial=1))
    check_pullback(f, (x, v), 64)
