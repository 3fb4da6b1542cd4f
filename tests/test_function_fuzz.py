"""NumPy's functions on arrays of every shape: 0-d, empty, of length one; axes of every kind.

What NumPy gives in value, shape, type and kind (array or scalar), a recorded function gives; where
NumPy raises, it raises. `DUALTAPE_FUZZ=5000 pytest tests/test_function_fuzz.py` tries more of them.
"""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt

COUNT = int(os.environ.get("DUALTAPE_FUZZ", "2"))
SHAPES = [(), (0,), (1,), (5,), (3, 4), (1, 4), (3, 0), (0, 3), (2, 3, 2), (2, 1, 3), (2, 0, 3)]
Chance = random.Random
Call = Callable[[Any], Any]


def one_axis(chance: Chance, x: NDArray[Any]) -> int:
    return chance.randrange(-x.ndim - 1, x.ndim + 1) if chance.random() < 0.1 or not x.ndim else (
        chance.randrange(-x.ndim, x.ndim)
    )  # fmt: skip


def axes(chance: Chance, x: NDArray[Any]) -> Any:
    """None, one axis or several, now and then one too many."""
    kind = chance.random()
    if kind < 0.3:
        return None
    if kind < 0.7 or x.ndim < 2:
        return one_axis(chance, x)
    return tuple(chance.sample(range(-x.ndim, x.ndim), chance.choice([0, 1, 2])))


def reduction(name: str) -> Callable[[Chance, NDArray[Any]], Call]:
    def make(chance: Chance, x: NDArray[Any]) -> Call:
        options: dict[str, Any] = {"axis": axes(chance, x)}
        if chance.random() < 0.5:
            options["keepdims"] = chance.random() < 0.5
        if name in ("sum", "prod", "max", "min", "nansum", "nanmax") and chance.random() < 0.2:
            options["initial"] = 0.75
        if name in ("sum", "mean", "var", "prod", "nansum", "nanmean") and chance.random() < 0.2:
            options["where"] = np.arange(x.size).reshape(x.shape) % 3 != 0
        if name in ("var", "std", "nanvar", "nanstd"):
            options["ddof"] = chance.choice([0, 1])
        return lambda x: getattr(np, name)(x, **options)

    return make


def along(name: str) -> Callable[[Chance, NDArray[Any]], Call]:
    def make(chance: Chance, x: NDArray[Any]) -> Call:
        axis = None if chance.random() < 0.2 else one_axis(chance, x)
        return lambda x: getattr(np, name)(x, axis=axis)

    return make


def plain(name: str) -> Callable[[Chance, NDArray[Any]], Call]:
    return lambda chance, x: getattr(np, name)


def quantile(chance: Chance, x: NDArray[Any]) -> Call:
    q = chance.choice([0.0, 0.3, 1.0, [0.25, 0.5], [[0.1], [0.9]], 0])
    method = chance.choice(["linear", "lower", "higher", "nearest", "midpoint", "hazen", "weibull"])
    name = chance.choice(["quantile", "nanquantile"])
    # Along several axes NumPy's own reshape fails where there is no entry.
    axis = axes(chance, x) if x.size else one_axis(chance, x)
    keepdims = chance.random() < 0.3
    return lambda x: getattr(np, name)(x, q, axis=axis, method=method, keepdims=keepdims)


def pad(chance: Chance, x: NDArray[Any]) -> Call:
    modes = ["constant", "edge", "reflect", "symmetric", "wrap", "maximum", "mean", "linear_ramp",
             "median", "minimum"]  # fmt: skip
    mode = chance.choice(modes)
    width = chance.choice([0, 1, 4, (1, 2), [(chance.randrange(6), 1)] * max(x.ndim, 1)])
    options = (
        {"reflect_type": chance.choice(["even", "odd"])} if "metric" in mode + "xmetric" else {}
    )
    options = options if mode in ("reflect", "symmetric") else {}
    return lambda x: np.pad(x, width, mode=mode, **options)


def insert(chance: Chance, x: NDArray[Any]) -> Call:
    axis = None if chance.random() < 0.4 else one_axis(chance, x)
    n = x.size if axis is None else x.shape[axis] if -x.ndim <= axis < x.ndim else 1
    place = chance.choice([0, -1, n, [0], [n, 0], slice(None, None, 2), [0, 0, 1]])
    values = chance.choice([1.5, [2.5], [1.5, 2.5]])
    return lambda x: np.insert(x, place, values, axis=axis)


def delete(chance: Chance, x: NDArray[Any]) -> Call:
    axis = None if chance.random() < 0.4 else one_axis(chance, x)
    place = chance.choice([0, -1, [0], [1, 0], slice(None, None, 2), [], slice(1, None), [True]])
    return lambda x: np.delete(x, place, axis=axis)


def shifted(chance: Chance, x: NDArray[Any]) -> Call:
    axis = axes(chance, x)
    shift = chance.choice([0, 1, -2, 7])
    return lambda x: np.roll(x, shift, axis=axis)


def repeated(chance: Chance, x: NDArray[Any]) -> Call:
    axis = None if chance.random() < 0.4 else one_axis(chance, x)
    counts = chance.choice([0, 2, [1], [2, 0, 1]])
    return lambda x: np.repeat(x, counts, axis=axis)


def tiled(chance: Chance, x: NDArray[Any]) -> Call:
    counts = chance.choice([2, (2,), (2, 1), (1, 2, 2), (0, 2), ()])
    return lambda x: np.tile(x, counts)


def split(chance: Chance, x: NDArray[Any]) -> Call:
    name, axis = chance.choice(["split", "array_split"]), one_axis(chance, x)
    where = chance.choice([1, 2, 3, [1], [1, 2], [0, 9], [-1]])
    return lambda x: tuple(getattr(np, name)(x, where, axis=axis))


def difference(chance: Chance, x: NDArray[Any]) -> Call:
    n, axis = chance.choice([0, 1, 2, 3]), one_axis(chance, x)
    options = {"prepend": 0.5} if chance.random() < 0.3 else {}
    return lambda x: np.diff(x, n=n, axis=axis, **options)


def gradient(chance: Chance, x: NDArray[Any]) -> Call:
    axis, order = axes(chance, x), chance.choice([1, 2])
    return lambda x: np.gradient(x, 0.5, axis=axis, edge_order=order)


def triangle(chance: Chance, x: NDArray[Any]) -> Call:
    name = chance.choice(["tril", "triu", "diag", "diagonal", "trace", "diagflat"])
    k = chance.choice([-2, -1, 0, 1, 5])
    return lambda x: getattr(np, name)(x, k)


def norm(chance: Chance, x: NDArray[Any]) -> Call:
    order = chance.choice([None, 1, -1, np.inf, -np.inf, 0, 3, "fro", 0.5])
    axis, keepdims = axes(chance, x), chance.random() < 0.4
    return lambda x: np.linalg.norm(x, order, axis=axis, keepdims=keepdims)


def reshaped(chance: Chance, x: NDArray[Any]) -> Call:
    shape = chance.choice([(-1,), (1, -1), (x.size,), (2, -1), (-1, 3), (), (0, -1)])
    # 'A' follows the memory, which a traced value of two axes has not.
    order = chance.choice(["C", "F", "A" if x.ndim < 2 else "C"])
    return lambda x: np.reshape(x, shape, order=order)


def moved(chance: Chance, x: NDArray[Any]) -> Call:
    a, b = one_axis(chance, x), one_axis(chance, x)
    name = chance.choice(["moveaxis", "swapaxes", "rollaxis"])
    return lambda x: getattr(np, name)(x, a, b)


def squeezed(chance: Chance, x: NDArray[Any]) -> Call:
    axis = axes(chance, x)
    return lambda x: np.squeeze(x, axis=axis)


def expanded(chance: Chance, x: NDArray[Any]) -> Call:
    axis = chance.choice([0, -1, 1, (0, 1), (-1, 0), (0, 0), 9])
    return lambda x: np.expand_dims(x, axis)


def method(name: str) -> Callable[[Chance, NDArray[Any]], Call]:
    return lambda chance, x: lambda x: getattr(x, name)()


def words(text: str) -> list[str]:
    return text.split()


REDUCTIONS = words("""
    sum prod mean max min var std ptp median nansum nanprod nanmean nanvar nanstd nanmax
    nanmin nanmedian
""")
SCANS = words("""
    cumsum cumprod nancumsum nancumprod sort argmax argmin
""")
PLAIN = words("""
    ravel atleast_1d atleast_2d atleast_3d transpose fliplr flipud rot90 ediff1d nan_to_num
    sinc corrcoef cov vander trim_zeros unique  square isfinite sign flatnonzero
    copy modf frexp angle real imag fix cumulative_sum
""")
METHODS = words("""
    sum flatten ravel copy cumsum std argmax squeeze
""")
FUNCTIONS: dict[str, Callable[[Chance, NDArray[Any]], Call]] = {
    **{
        name: reduction(name)
        for name in REDUCTIONS
    },
    **{
        name: along(name)
        for name in SCANS
    },
    **{
        name: plain(name)
        for name in PLAIN
    },
    **{"method-" + n: method(n) for n in METHODS},
    "quantile": quantile, "pad": pad, "insert": insert, "delete": delete, "roll": shifted,
    "repeat": repeated, "tile": tiled, "split": split, "diff": difference, "gradient": gradient,
    "triangle": triangle, "norm": norm, "reshape": reshaped, "move": moved,
    "squeeze": squeezed, "expand_dims": expanded,
}  # fmt: skip


def compare(given: Any, actual: Any, wanted: Any) -> None:
    if isinstance(wanted, tuple):
        assert isinstance(given, tuple)
        assert len(given) == len(wanted)
        for parts in zip(given, actual, wanted, strict=True):
            compare(*parts)
        return
    if isinstance(given, dt.Tracer):
        assert given.dtype == np.asarray(wanted).dtype
    assert np.shape(actual) == np.shape(wanted)
    assert isinstance(actual, np.ndarray) == isinstance(wanted, np.ndarray)
    eps = (
        float(np.finfo(np.asarray(wanted).dtype).eps) if np.asarray(wanted).dtype.kind == "f" else 0
    )
    np.testing.assert_allclose(actual, wanted, rtol=100 * eps, atol=20 * eps)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_shape_is_as_in_numpy(name: str) -> None:
    for seed in range(COUNT * len(SHAPES)):
        chance = random.Random(f"{name}{seed}")
        shape = SHAPES[seed % len(SHAPES)]
        x = np.random.default_rng(seed).uniform(-2, 2, shape)
        x = x.astype(np.float32) if chance.random() < 0.2 else x
        call = FUNCTIONS[name](chance, x)
        note = f"seed {seed}, shape {shape}, {x.dtype}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                wanted = call(x.copy())
            except Exception as error:
                wanted = error
            kept: list[Any] = []

            def f(x: Any, call: Call = call, kept: list[Any] = kept) -> Any:
                kept.append(call(x))
                return kept[0]

            if isinstance(wanted, Exception):
                try:
                    dt.vjp(f, x)
                except (ValueError, TypeError, IndexError):
                    continue
                raise AssertionError(f"{name}: {note}: NumPy raises {wanted!r}")
            try:
                actual = dt.vjp(f, x)[0]
                compare(kept[0], actual, wanted)
            except Exception as error:
                raise AssertionError(f"{name}: {note}: {error!r}") from error
