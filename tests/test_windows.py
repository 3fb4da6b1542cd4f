"""The cotangent of an array read in parts: apart, overlapping, interleaved, too many to join."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt

SHAPE = (5, 6)


@st.composite
def keys(draw: Any) -> list[tuple[slice, ...]]:
    def part(n: int) -> slice:
        a, b = sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n))))
        step = draw(st.sampled_from([1, 1, 1, 2, 3, -1, -2]))
        return slice(a, b, step) if step > 0 else slice(b, a, step)

    return [tuple(part(n) for n in SHAPE) for _ in range(draw(st.integers(1, 12)))]


def reads(x: Any, parts: Any) -> Any:
    return sum(np.sum((k + 1.0) * x[key] ** 3) for k, key in enumerate(parts))


def gradient(x: Any, parts: Any) -> Any:
    x_bar = np.zeros_like(x)
    for k, key in enumerate(parts):
        x_bar[key] += 3.0 * (k + 1.0) * x[key] ** 2
    return x_bar


X = np.random.default_rng(2).normal(size=SHAPE)


@given(keys())
def test_cotangent_of_random_parts(parts: list[tuple[slice, ...]]) -> None:
    np.testing.assert_allclose(dt.grad(reads)(X, parts), gradient(X, parts), rtol=1e-13)


CUTS = {
    "rows": [np.s_[:2], np.s_[2:3], np.s_[3:]],
    "columns, any order": [np.s_[:, 4:], np.s_[:, :1], np.s_[:, 1:4]],
    "hole": [np.s_[:2], np.s_[3:]],
    "corners": [np.s_[:2, :3], np.s_[2:, 3:], np.s_[:2, 3:], np.s_[2:, :3]],
    "even and odd": [np.s_[:, ::2], np.s_[:, 1::2]],
    "overlap of earlier ones beside a hole": [np.s_[:3], np.s_[2:4], np.s_[4:]],
    "as large as x, but overlapping": [np.s_[:2], np.s_[1:2], np.s_[3:]],
    "reversed": [np.s_[1::-1], np.s_[2:]],
    "entries": [np.s_[i : i + 1, j : j + 1] for i in range(5) for j in range(6)],
}


@pytest.mark.parametrize("parts", CUTS.values(), ids=CUTS)
def test_cotangent_of_parts(parts: list[Any]) -> None:
    np.testing.assert_allclose(dt.grad(reads)(X, parts), gradient(X, parts), rtol=1e-14)
    hessian = dt.hessian(reads)(X, parts).reshape(30, 30)
    second = np.zeros(SHAPE)
    for k, key in enumerate(parts):
        second[key] += 6.0 * (k + 1.0) * X[key]
    np.testing.assert_allclose(hessian, np.diag(second.ravel()), rtol=1e-14)
    batch = np.stack([X, 2.0 * X, X - 1.0])
    each = dt.vmap(lambda x: dt.grad(reads)(x, parts))(batch)
    np.testing.assert_allclose(each, [gradient(x, parts) for x in batch], rtol=1e-14)


def test_parts_that_cover_are_joined_without_adding() -> None:
    cut = dt.jit(dt.grad(lambda x: np.sum(np.exp(x[:, :2])) + np.sum(x[:, 2:] ** 3)))
    cut(X)
    plan = str(cut.plan(X))
    assert "concatenate" in plan
    assert "update_slice" not in plan


def smoothness(x: Any) -> Any:
    """Differences of three neighbours: their cotangents overlap."""
    return np.sum((x[2:] - 2.0 * x[1:-1] + x[:-2]) ** 2 * x[1:-1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [3, 4, 5, 127, 129, 1025, 10_000])
def test_overlapping_cotangents_are_added_in_one_pass(n: int, dtype: Any) -> None:
    x = np.sin(np.arange(n)).astype(dtype)
    w = x[2:] - 2 * x[1:-1] + x[:-2]
    r = 2 * w * x[1:-1]
    wanted = np.zeros_like(x)
    wanted[2:] += r
    wanted[1:-1] += w**2 - 2 * r
    wanted[:-2] += r
    compiled = dt.jit(dt.grad(smoothness))
    for gradient in (dt.grad(smoothness), compiled):
        given = gradient(x)
        assert given.dtype == dtype
        np.testing.assert_allclose(given, wanted, rtol=0, atol=20 * np.finfo(dtype).eps)
    if n > 3:
        assert str(compiled.plan(x)).startswith("plan: 1 steps")


@pytest.mark.parametrize("width", [1, 3])
def test_rows_that_overlap(width: int) -> None:
    x = np.random.default_rng(1).normal(size=(400, width))
    wanted = np.zeros_like(x)
    r = 2 * (x[1:] - x[:-1])
    wanted[1:] += r
    wanted[:-1] -= r
    given = dt.grad(lambda x: np.sum((x[1:] - x[:-1]) ** 2))(x)
    np.testing.assert_allclose(given, wanted, rtol=1e-13, atol=1e-14)


def test_entries_read_again_and_again() -> None:
    def loop(p: Any) -> Any:
        s = p[0]
        for _ in range(50):
            s = np.sin(s) * p[1] + p[2] * s - p[0]
        return s

    p = np.array([0.3, 0.9, 0.2])
    wanted = [(loop(p + 1e-20j * e)).imag / 1e-20 for e in np.eye(3)]
    np.testing.assert_allclose(dt.grad(loop)(p), wanted, rtol=1e-12)


REDUCTIONS: dict[str, Any] = {
    "sum": np.sum,
    "max": np.max,
    "min": np.min,
    "prod": lambda g: np.prod(1 + g / 1e7),
    "mean": np.mean,
    "cumsum": np.cumsum,
    "rows": lambda g: np.sum(g, axis=1),
    "columns": lambda g: np.sum(g, axis=0),
    "columns, greatest": lambda g: np.max(g, axis=0),
    "an entry": lambda g: g[1, 0],
    "sum of twice": lambda g: np.sum(2.0 * g),
}


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("n", [3, 40, 3000])
def test_reductions_of_overlapping_cotangents(n: int, name: str) -> None:
    """Wrong once: a reduction of the whole array joined the region that makes its windows."""
    x = np.random.default_rng(n).normal(size=(n, 3))
    weights = np.arange(1.0, n)[:, None]
    r = 2 * weights * (x[1:] - x[:-1])
    wanted = np.zeros_like(x)
    wanted[1:] += r
    wanted[:-1] -= r
    reduce = REDUCTIONS[name]

    def reduced(x: Any) -> Any:
        return reduce(dt.grad(lambda x: np.sum(weights * (x[1:] - x[:-1]) ** 2))(x))

    given = dt.jit(reduced)(x)
    np.testing.assert_allclose(given, reduce(wanted), rtol=1e-11, atol=1e-9)
    np.testing.assert_allclose(dt.jvp(reduced, (x,), (x,))[0], given, rtol=1e-11, atol=1e-9)
