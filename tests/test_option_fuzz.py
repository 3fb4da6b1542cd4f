"""NumPy's functions with their options, on arrays of every type and layout, by both spellings.

What NumPy gives in value, shape, type and kind a recorded function gives, and its pullback is the
transpose of its pushforward. `DUALTAPE_FUZZ=500 pytest tests/test_option_fuzz.py` tries more.
"""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt
import dualtape.numpy as dnp

COUNT = int(os.environ.get("DUALTAPE_FUZZ", "24"))
SHAPES = [(), (0,), (1,), (5,), (3, 4), (1, 4), (3, 0), (2, 3, 2), (2, 0, 3)]
Arrays = list[NDArray[Any]]


class Case(NamedTuple):
    note: str
    call: Callable[..., Any]  # of the module and the arrays
    arrays: Arrays


def words(text: str) -> list[str]:
    return text.split()


def array(chance: random.Random, shape: Any = None, kinds: str = "ddfD") -> NDArray[Any]:
    """Entries from -2 to 2 in some type and some order of memory."""
    shape = chance.choice(SHAPES) if shape is None else shape
    kind = chance.choice(kinds)
    generator = np.random.default_rng(chance.randrange(1 << 30))
    x = np.asarray(generator.uniform(-2, 2, shape)).astype(kind)
    if kind in "FD":
        x = np.asarray(x + 1j * generator.uniform(-2, 2, shape)).astype(kind)
    layout = chance.choice(["C", "C", "F", "reversed", "strided", "read-only"])
    if layout == "F":
        x = np.array(x, order="F")
    elif layout == "read-only":
        x.flags.writeable = False
    elif x.ndim and layout == "reversed":
        x = np.ascontiguousarray(x[::-1])[::-1]
    elif x.ndim and layout == "strided":
        x = np.repeat(x, 2, axis=-1)[..., ::2]
    return x


def axis(chance: random.Random, ndim: int, several: bool = True) -> Any:
    if several and ndim > 1 and chance.random() < 0.4:
        return tuple(chance.sample(range(-ndim, ndim), chance.choice([0, 1, 2])))
    return chance.choice([None, *range(-ndim, ndim)])


def reduction(chance: random.Random) -> Case:
    name = chance.choice(
        [
            "sum",
            "prod",
            "mean",
            "var",
            "std",
            "nansum",
            "nanmean",
            "any",
            "all",
            "ptp",
            "count_nonzero",
        ]
    )
    x = array(chance, kinds="df" if name == "ptp" else "ddfDF")
    options: dict[str, Any] = {"axis": axis(chance, x.ndim), "keepdims": chance.random() < 0.5}
    if name in ("sum", "prod", "mean", "nansum") and chance.random() < 0.3:
        options["dtype"] = complex if x.dtype.kind == "c" else chance.choice([np.float32, float])
    if name in ("sum", "mean", "var", "any", "nansum") and chance.random() < 0.3:
        options["where"] = np.arange(x.size).reshape(x.shape) % 3 != 0
    return Case(f"{name} {options}", lambda np, x: getattr(np, name)(x, **options), [x])


def along(chance: random.Random) -> Case:
    name = chance.choice(
        ["cumsum", "cumprod", "argsort", "flip", "diff", "cumulative_sum", "nancumsum"]
    )
    x = array(chance, kinds="df" if name == "argsort" else "ddfD")
    options: dict[str, Any] = {"axis": axis(chance, x.ndim, False)}
    if chance.random() < 0.1:
        options["axis"] = x.ndim
    return Case(f"{name} {options}", lambda np, x: getattr(np, name)(x, **options), [x])


def ufunc_method(chance: random.Random) -> Case:
    ufunc = getattr(np, chance.choice(words("add multiply maximum subtract logaddexp hypot")))
    name = chance.choice(["reduce", "accumulate", "outer"])
    x = array(chance, kinds="ddf")
    given: tuple[Any, ...] = (array(chance, chance.choice([(), (2,), (0,)]), "d"),)
    if name != "outer":
        given = (chance.choice([0, -1, 1]),)
    call = lambda np, x: getattr(ufunc, name)(x, *given)  # noqa: E731
    return Case(f"{ufunc.__name__}.{name} {given}", call, [x])


def norm(chance: random.Random) -> Case:
    x = array(chance, kinds="ddf")
    order = chance.choice([None, 1, 2, -1, 0, np.inf, -np.inf, 3, 0.5, "fro"])
    where, kept = axis(chance, x.ndim), chance.random() < 0.4
    call = lambda np, x: np.linalg.norm(x, order, axis=where, keepdims=kept)  # noqa: E731
    return Case(f"norm {order} {where}", call, [x])


def taken(chance: random.Random) -> Case:
    x, mode = array(chance), chance.choice(["raise", "wrap", "clip"])
    index: Any = chance.choice([0, [0, 1], [[1, -1], [0, 7]], [], -3])
    where = axis(chance, x.ndim, False)
    return Case(
        f"take {index} {where} {mode}", lambda np, x: np.take(x, index, where, mode=mode), [x]
    )


def put(chance: random.Random) -> Case:
    x, mode = array(chance, kinds="d"), chance.choice(["raise", "wrap", "clip"])
    index: Any = chance.choice([0, [0, 1], [[1, -1], [0, 2]], -1])
    values: Any = chance.choice([1.5, [1.5, 2.5], []])
    if not x.size:
        index = []

    def call(module: Any, x: Any) -> Any:
        own = x.copy() if module is np else dnp.array(x)
        module.put(own, index, values, mode=mode)
        return own

    return Case(f"put {index} {values} {mode}", call, [x])


def at(chance: random.Random) -> Case:
    ufunc = getattr(np, chance.choice(["add", "subtract", "multiply", "maximum"]))
    x, v = array(chance, (5,), "d"), array(chance, (3,), "d")
    index = chance.choice([[0, -1, 0], [1, 1, 1], [2, 3, 4]])

    def call(module: Any, x: Any, v: Any) -> Any:
        own = x.copy() if module is np else dnp.array(x)
        ufunc.at(own, index, v)
        return own

    return Case(f"{ufunc.__name__}.at {index}", call, [x, v])


def diagonal(chance: random.Random) -> Case:
    name = chance.choice(words("diag diagflat tril triu trace diagonal"))
    k = chance.choice([-3, -1, 0, 1, 4])
    return Case(f"{name} {k}", lambda np, x: getattr(np, name)(x, k), [array(chance)])


def reshaped(chance: random.Random) -> Case:
    name, given = chance.choice(
        [("resize", ((2, 3),)), ("resize", (0,)), ("resize", (7,)), ("tile", ((2, 3),)),
         ("tile", ((),)), ("roll", (1,)), ("roll", ((1, 2),)), ("rot90", (3,)), ("repeat", (2,)),
         ("broadcast_to", ((2, 3, 4),)), ("atleast_2d", ()), ("expand_dims", ((0, -1),)),
         ("ravel", ("F",))]
    )  # fmt: skip
    return Case(f"{name} {given}", lambda np, x: getattr(np, name)(x, *given), [array(chance)])


def interpolated(chance: random.Random) -> Case:
    xp = np.sort(np.random.default_rng(chance.randrange(99)).uniform(0, 4, 5))
    options: dict[str, Any] = {"left": -7.0} if chance.random() < 0.5 else {}
    if chance.random() < 0.4:
        options, xp = {"period": chance.choice([3.0, -6.0])}, xp[[3, 1, 4, 0, 2]]
    arrays = [array(chance, kinds="df"), array(chance, (5,), "dD")]
    return Case(f"interp {options}", lambda np, x, fp: np.interp(x, xp, fp, **options), arrays)


def sought(chance: random.Random) -> Case:
    a, side = array(chance, (5,), "d"), chance.choice(["left", "right"])
    order = np.argsort(a)
    call = lambda np, a, v: np.searchsorted(a, v, side, sorter=order)  # noqa: E731
    return Case(f"searchsorted {side}", call, [a, array(chance, kinds="df")])


def contracted(chance: random.Random) -> Case:
    # One type: NumPy rounds the parts of a mixed product in an order of its own.
    kind = chance.choice("dfD")
    A, B, C = (array(chance, shape, kind) for shape in [(2, 3), (3, 4), (2, 2, 3)])
    text, arrays = chance.choice(
        [("ij,jk", [A, B]), ("...j,jk->...k", [C, B]), ("ij,jk,kl->il", [A, B, B.T]),
         ("ii...->...", [C]), ("i...,j...->...ij", [A, B[:1, :3]]), ("...,...", [A, A[0]]),
         ("ijk,kl,l,i->j", [C, B, B[0], A[:, 0]])]
    )  # fmt: skip
    optimize: Any = chance.choice([False, True, "greedy", "optimal"])
    call = lambda np, *x: np.einsum(text, *x, optimize=optimize)  # noqa: E731
    return Case(f"einsum {text} {optimize}", call, arrays)


def set_function(chance: random.Random) -> Case:
    name = chance.choice(["union1d", "intersect1d", "setdiff1d", "setxor1d", "isin"])
    arrays = [np.asarray(np.round(array(chance, kinds="df"))) for _ in range(2)]
    return Case(name, lambda np, x, y: getattr(np, name)(x, y), arrays)


def histogram(chance: random.Random) -> Case:
    bins: Any = chance.choice([1, 3, [-1, 0, 0.5, 2]])
    options: dict[str, Any] = {"density": True} if chance.random() < 0.5 else {}
    x = array(chance, chance.choice([(5,), (3, 4)]), kinds="d")
    weights = np.abs(array(chance, x.shape, kinds="d"))
    call = lambda np, x, w: np.histogram(x, bins, (-2, 2), weights=w, **options)  # noqa: E731
    return Case(f"histogram {bins} {options}", call, [x, weights])


def product(chance: random.Random) -> Case:
    name = chance.choice(
        [
            "dot",
            "vdot",
            "inner",
            "outer",
            "matmul",
            "kron",
            "vecdot",
            "matvec",
            "vecmat",
            "correlate",
        ]
    )
    x = array(chance)
    other = array(chance, chance.choice([x.shape, x.shape[::-1], x.shape[-1:], ()]))
    return Case(name, lambda np, x, y: getattr(np, name)(x, y), [x, other])


CASES = [reduction, along, ufunc_method, norm, taken, put, at, diagonal, reshaped, interpolated,
         sought, contracted, set_function, histogram, product]  # fmt: skip


def leaves(tree: Any) -> list[Any]:
    return [x for part in tree for x in leaves(part)] if isinstance(tree, tuple) else [tree]


def outcome(f: Callable[[], Any]) -> Any:
    """The result, or the error there is instead."""
    try:
        return f()
    except (ValueError, TypeError, IndexError, ZeroDivisionError) as error:
        return error


def compare(given: Any, actual: Any, wanted: Any) -> None:
    assert np.asarray(actual).dtype == np.asarray(wanted).dtype
    assert np.shape(actual) == np.shape(wanted)
    if isinstance(given, dt.Tracer):
        assert isinstance(actual, np.ndarray) == isinstance(wanted, np.ndarray)
    kind = np.asarray(wanted).dtype
    eps = float(np.finfo(kind).eps) if kind.kind in "fc" else 0.0
    np.testing.assert_allclose(actual, wanted, rtol=300 * eps, atol=900 * eps)


def check_transpose(f: Callable[..., Any], arrays: Arrays, seed: int) -> None:
    """<y_bar, J x_dot> = <J^T y_bar, x_dot>, where the numbers are finite."""
    generator = np.random.default_rng(seed)

    def like(x: Any) -> NDArray[Any]:
        noise = generator.standard_normal(np.shape(x)) + 1j * generator.standard_normal(np.shape(x))
        kind = np.asarray(x).dtype
        return np.asarray(noise if kind.kind == "c" else noise.real).astype(kind)

    y, pullback = dt.vjp(f, *arrays)
    x_dot, y_bar = tuple(map(like, arrays)), list(map(like, y))
    y_dot, x_bar = dt.jvp(f, tuple(arrays), x_dot)[1], pullback(y_bar)
    terms = [np.conj(p) * q for p, q in zip(y_bar, y_dot, strict=True)]
    others = [np.conj(p) * q for p, q in zip(x_bar, x_dot, strict=True)]
    size = sum(float(np.sum(np.abs(t))) for t in terms + others)
    difference = sum(np.sum(t).real for t in terms) - sum(np.sum(t).real for t in others)
    lowest = max(float(np.finfo(np.asarray(x).dtype).eps) for x in [*arrays, *y])
    assert not np.isfinite(size) or abs(difference) <= 64 * lowest * (1 + size)


@pytest.mark.parametrize("module", [np, dnp], ids=["numpy", "dualtape.numpy"])
@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_options_are_as_in_numpy(make: Callable[[random.Random], Case], module: Any) -> None:
    for seed in range(COUNT):
        case = make(random.Random(f"{make.__name__}{seed}"))
        shown = [(x.shape, str(x.dtype)) for x in case.arrays]
        note = f"seed {seed}: {case.note} of {shown}"
        kept: list[Any] = []

        def f(*arrays: Any, case: Case = case, kept: list[Any] = kept) -> Any:
            kept[:] = leaves(case.call(module, *arrays))
            return [x for x in kept if isinstance(x, dt.Tracer) and x.dtype.kind in "fc"]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = outcome(lambda: case.call(np, *case.arrays))  # noqa: B023
            actual = outcome(lambda: dt.vjp(f, *case.arrays)[0])  # noqa: B023
            if isinstance(wanted, Exception):
                assert isinstance(actual, Exception), f"{note}: NumPy raises {wanted!r}"
                continue
            try:
                assert not isinstance(actual, Exception), repr(actual)
                numbers = iter(actual)
                for given, expected in zip(kept, leaves(wanted), strict=True):
                    if not isinstance(given, dt.Tracer):
                        compare(given, given, expected)
                    elif given.dtype.kind in "fc":
                        compare(given, next(numbers), expected)
                check_transpose(f, case.arrays, seed)
            except AssertionError as error:
                raise AssertionError(f"{note}: {error}") from error
