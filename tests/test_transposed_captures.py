"""Arrays in Fortran's order that a function captures: `W.T`, read as it lies in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape._core import Recorder

RANDOM = np.random.default_rng(5)
SMALL = RANDOM.normal(size=(3, 5))  # up to 64 KiB arrays are copied
LARGE = RANDOM.normal(size=(130, 140))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("shape", [(3, 5), (130, 140), (2, 3, 4), (1, 3, 1, 4), (20, 30, 40)])
def test_its_entries(shape: tuple[int, ...], dtype: Any) -> None:
    turned = RANDOM.normal(size=shape).astype(dtype).T
    scale = np.arange(1.0, turned.size + 1).reshape(turned.shape)

    def f(x: Any) -> Any:
        return x * turned * scale

    np.testing.assert_array_equal(dt.jvp(f, (1.0,), (1.0,))[1], turned * scale)
    np.testing.assert_array_equal(dt.jit(f)(2.0), 2.0 * turned * scale)


def test_products_and_slices() -> None:
    x = RANDOM.normal(size=5)
    f = lambda x: SMALL.T[1:] @ np.tanh(SMALL @ x) + SMALL.T[:4, 0]  # noqa: E731
    slope = SMALL.T[1:] @ (SMALL / np.cosh(SMALL @ x)[:, None] ** 2)
    np.testing.assert_allclose(dt.jacrev(f)(x), slope, rtol=1e-13)
    np.testing.assert_allclose(dt.jacfwd(f)(x), slope, rtol=1e-13)


def test_it_is_captured_once() -> None:
    """`W.T` is a new object each time, a variable that holds it is not."""
    held = SMALL.T
    with Recorder("r") as recorder:
        x = y = recorder.input(np.ones(3))
        for _ in range(5):
            y = y + (SMALL.T @ x)[:3] + (held @ x)[:3]
        recording = recorder.finish((y,))
    assert recording.n_inputs == 2


@pytest.mark.parametrize("read", [lambda a: a.T, lambda a, b=LARGE.T: b])
def test_a_large_one_that_is_overwritten(read: Callable[[Any], Any]) -> None:
    def afterwards(x: Any) -> Any:
        y = np.sum(x * read(LARGE))
        LARGE[7, 9] += 1.0
        return y

    def between(x: Any) -> Any:
        """Equal again at the end: the second reading itself must tell."""
        y = np.sum(x * read(LARGE))
        before = LARGE[7, 9]
        LARGE[7, 9] = before + 1.0
        try:
            return y + np.sum(x**2 * read(LARGE))
        finally:
            LARGE[7, 9] = before

    for f in (afterwards, between):
        with pytest.raises(RuntimeError, match="overwritten"):
            dt.grad(f)(2.0)


@pytest.mark.parametrize("hold", [False, True])
def test_a_small_one_is_read_when_it_is_used(hold: bool) -> None:
    a = SMALL.copy()
    turned = a.T

    def f(x: Any) -> Any:
        y = np.sum(x * (turned if hold else a.T))
        a[1, 2] += 10.0
        return y + np.sum(x**2 * (turned if hold else a.T))

    x = 3.0
    wanted = SMALL.sum() + 2 * x * (SMALL.sum() + 10.0)
    assert dt.grad(f)(x) == pytest.approx(wanted, rel=1e-14)


def test_inner_recordings_read_what_is_there() -> None:
    a = SMALL.copy()

    def inner(x: Any) -> Any:
        return np.sum(x**2 * a.T)

    def outer(x: Any) -> Any:
        y = np.sum(x * a.T)
        a[0, 0] += 4.0
        return y + dt.grad(inner)(x)

    total = SMALL.sum()
    assert dt.grad(outer)(3.0) == pytest.approx(total + 2 * (total + 4.0), rel=1e-14)


def test_jit_reads_it_afresh() -> None:
    a = SMALL.copy()
    f = dt.jit(lambda x: a.T @ x)
    x = RANDOM.normal(size=3)
    np.testing.assert_allclose(f(x), SMALL.T @ x, rtol=1e-14)
    a[:] = np.cos(a)
    np.testing.assert_allclose(f(x), np.cos(SMALL).T @ x, rtol=1e-14)


def test_one_that_nobody_could_write() -> None:
    a = LARGE.copy()
    a.flags.writeable = False

    def f(x: Any) -> Any:
        y = np.sum(x * a.T)
        a.flags.writeable = True
        return y

    with pytest.raises(RuntimeError, match="made writable"):
        dt.grad(f)(2.0)


def test_a_tape_owns_it() -> None:
    a = LARGE.copy()
    with dt.Tape() as tape:
        x = tape.watch(2.0)
        y = np.sum(x * x * a.T)
    total = a.sum()
    a[:] = 0
    assert tape.grad(y, x) == pytest.approx(4.0 * total, rel=1e-12)


@pytest.mark.parametrize("scalar", [np.float64(1.5), np.array(1.5), np.float32(1.5)])
def test_captured_scalars_of_inner_recordings(scalar: Any) -> None:
    f = lambda x: np.sin(x * scalar) + scalar  # noqa: E731
    wanted = -2.25 * np.sin(0.7 * 1.5)
    rounding = 1e-6 if scalar.dtype == np.float32 else 1e-14
    found = dt.grad(lambda x: dt.grad(f)(x) * scalar)(0.7)
    assert found == pytest.approx(1.5 * wanted, rel=rounding)
