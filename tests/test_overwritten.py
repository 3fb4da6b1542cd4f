"""Arrays that change while a function reads them: every change is found, wherever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt

# Above the size up to which captured arrays are copied; 1 and 63 bytes beyond a multiple of 64.
BYTES = (65_537, 65_599, 1_000_000)


def write(array: np.ndarray[Any, Any], change: Callable[[np.ndarray[Any, Any]], None]) -> Any:
    """The gradient of a product with `array`, which is changed after it was read."""

    def f(x: Any) -> Any:
        y = np.sum(x * array)
        change(array)
        return y

    return dt.grad(f)(2.0)


@pytest.mark.parametrize("size", BYTES)
def test_a_single_bit_anywhere(size: int) -> None:
    array = np.random.default_rng(size).integers(0, 100, size).astype(np.int8)
    places = {0, 1, 7, 8, 31, 32, 63, 64, 4096, size // 2, size - 64, size - 2, size - 1}
    for place in places:
        for bit in (1, -128):

            def change(a: Any, place: int = place, bit: int = bit) -> None:
                a[place] ^= bit

            with pytest.raises(RuntimeError, match="overwritten"):
                write(array, change)


@pytest.mark.parametrize("distance", [1, 2, 4, 8, 16, 512, 5000])
def test_entries_that_change_places(distance: int) -> None:
    array = np.random.default_rng(1).normal(size=20_001)

    def change(a: Any) -> None:
        a[[300, 300 + distance]] = a[[300 + distance, 300]]

    with pytest.raises(RuntimeError, match="overwritten"):
        write(array, change)


def by_view(a: Any) -> None:
    a.reshape(-1, 3)[::2].T[1, 7] += 1.0


def by_buffer(a: Any) -> None:
    memoryview(a).cast("B")[40_000] ^= 1


def by_sorting(a: Any) -> None:
    a.sort()


def by_ufunc(a: Any) -> None:
    np.negative(a[5000:5001], out=a[5000:5001])


@pytest.mark.parametrize("change", [by_view, by_buffer, by_sorting, by_ufunc])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_whatever_writes(change: Callable[[Any], None], dtype: Any) -> None:
    array = np.random.default_rng(2).normal(size=30_000).astype(dtype)
    with pytest.raises(RuntimeError, match="overwritten"):
        write(array, change)


@pytest.mark.parametrize("factor", [-1.0, 2.0, 0.5, 2.0**-64, -4.0])
@pytest.mark.parametrize("size", [2**14, 2**16, 2**18, 500 * 500])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_all_entries_by_one_factor(dtype: Any, size: int, factor: float) -> None:
    # Sums over words miss it: 2^18 times 2^52, the step of an exponent, is 0 modulo 2^64.
    array = np.random.default_rng(4).normal(size=size).astype(dtype)
    if array.nbytes <= 65_536:
        array = np.tile(array, 3)

    def change(a: Any) -> None:
        a *= a.dtype.type(factor)

    with pytest.raises(RuntimeError, match="overwritten"):
        write(array, change)


@pytest.mark.parametrize(
    "array", [np.arange(2**18), np.zeros(2**18, np.int32), np.ones(2**18, bool)]
)
def test_all_entries_of_integers_and_flags(array: Any) -> None:
    with pytest.raises(RuntimeError, match="overwritten"):
        write(array.copy(), lambda a: np.logical_not(a, out=a, casting="unsafe"))


def test_entries_in_reverse() -> None:
    with pytest.raises(RuntimeError, match="overwritten"):
        write(np.arange(2.0**17), lambda a: np.copyto(a, a[::-1].copy()))


@pytest.mark.parametrize("change", [by_view, by_buffer])
def test_arguments_and_inner_transformations(change: Callable[[Any], None]) -> None:
    x, weights = np.random.default_rng(3).normal(size=(2, 30_000))

    def inner(t: Any) -> Any:
        y = np.sum(t * t * weights)
        change(weights)
        return y

    def argument(t: Any) -> Any:
        y = np.sum(t * t)
        change(x)
        return y

    def mapped(t: Any) -> Any:
        y = np.sum(t * weights)
        change(weights)
        return y

    for call in (
        lambda: dt.hvp(inner, x, x),
        lambda: dt.grad(lambda t: np.sum(dt.grad(inner)(t)))(x),
        lambda: dt.hvp(argument, x, x),
        lambda: dt.vmap(lambda t: mapped(t * x))(np.ones(3)),
    ):
        with pytest.raises(RuntimeError, match="overwritten"):
            call()


def test_what_is_equal_again_is_no_change() -> None:
    array = np.ones(30_000)

    def change(a: Any) -> None:
        a[7] = 3.0
        a[7] = 1.0

    assert write(array, change) == 30_000.0


def test_small_arrays_that_change_between_nested_recordings() -> None:
    # Small ones are copied: each recording sees what was there when it read.
    weights = np.array([1.0, 2.0, 3.0])

    def f(t: Any) -> Any:
        outer = np.sum(t * weights)
        same = dt.grad(lambda s: np.sum(s * s * weights))(t)
        weights[1] *= 5.0
        changed = dt.grad(lambda s: np.sum(s * s * weights))(t)
        weights[1] /= 5.0
        again = dt.grad(lambda s: np.sum(s * s * weights))(t)
        return outer + np.sum(same) + 10.0 * np.sum(changed) + 100.0 * np.sum(again)

    found = dt.grad(f)(np.array([0.5, 1.5, 2.5]))
    after = np.array([1.0, 10.0, 3.0])
    np.testing.assert_allclose(found, weights + 202.0 * weights + 20.0 * after, rtol=1e-14)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 12, 31, 32, 33, 47, 64, 70])
def test_arguments_of_few_entries(n: int) -> None:
    x = np.random.default_rng(n).normal(size=n)

    def is_found(change: Callable[[], None]) -> bool:
        def f(t: Any) -> Any:
            y = np.sum(t * t)
            change()
            return y

        before = x.copy()
        try:
            dt.grad(f)(x)
        except RuntimeError as error:
            return "overwritten" in str(error)
        finally:
            x[:] = before
        return False

    for i in range(n):
        assert is_found(lambda i=i: np.copyto(x[i : i + 1], np.nextafter(x[i], 9.0))), i
        for j in range(i):
            assert is_found(lambda i=i, j=j: x.put([i, j], x[[j, i]])), (i, j)
    for width in (4, 8, 16):
        for start in range(0, n - 2 * width + 1, width):
            for other in range(start + width, n - width + 1, width):

                def change(start: int = start, other: int = other, width: int = width) -> None:
                    a, b = slice(start, start + width), slice(other, other + width)
                    x[a], x[b] = x[b].copy(), x[a].copy()

                assert is_found(change), (width, start, other)
    assert not is_found(lambda: None)


def vjp_vector(s: Any, v: Any) -> Any:
    return dt.vjp(lambda t: t * s, np.ones(v.shape))[1](v)[0]


def jvp_vector(s: Any, v: Any) -> Any:
    return dt.jvp(lambda t: t * s, (np.ones(v.shape),), (v,))[1]


def linearize_vector(s: Any, v: Any) -> Any:
    return dt.linearize(lambda t: t * s, np.ones(v.shape))[1](v)


def hvp_vector(s: Any, v: Any) -> Any:
    return dt.hvp(lambda t: np.sum(t * t) * s, np.ones(v.shape), v) / 2.0


def vhp_vector(s: Any, v: Any) -> Any:
    return dt.vhp(lambda t: np.sum(t * t) * s, np.ones(v.shape), v) / 2.0


def gauss_newton_vector(s: Any, v: Any) -> Any:
    return dt.gauss_newton_product(lambda t: t * np.sqrt(s), np.ones(v.shape), v)


def argument(s: Any, v: Any) -> Any:
    return dt.grad(lambda t: np.sum(t * t) * s)(v) / 2.0


def other_argument(s: Any, v: Any) -> Any:
    return dt.grad(lambda t, w: t * np.sum(w))(s, v) * s * np.ones(v.shape) / v.size


def mapped(s: Any, v: Any) -> Any:
    return dt.vmap(lambda t: t * s)(v)


def mapped_over_all_there_is(s: Any, v: Any) -> Any:
    # One entry along every other axis: the batch in front is a view of the same memory.
    return dt.vmap(lambda t: t * s, in_axes=1)(v[:, None])


def jitted(s: Any, v: Any) -> Any:
    return dt.jit(lambda t, w: t * w)(s, v)


def captured_by_jit(s: Any, v: Any) -> Any:
    return dt.jit(lambda t: t * v)(s)


# Arrays of any size: read at once; arguments, of which the hash is kept. The rest: copied if small.
READ_AT_ONCE = (other_argument, mapped_over_all_there_is)
HASHED = (argument, mapped, gauss_newton_vector)
CAPTURED = (vjp_vector, jvp_vector, linearize_vector, hvp_vector, vhp_vector, jitted,
            captured_by_jit)  # fmt: skip


@pytest.mark.parametrize("n", [3, 30_000])
@pytest.mark.parametrize("inner", [*READ_AT_ONCE, *HASHED, *CAPTURED])
def test_what_an_inner_transformation_read(inner: Callable[[Any, Any], Any], n: int) -> None:
    # The outer recording runs when the array holds something else.
    v = np.random.default_rng(5).normal(size=n)
    total = np.sum(v)

    def f(s: Any) -> Any:
        result = inner(s, v)
        v[:] = 50.0
        return np.sum(result)

    if inner in HASHED or (inner in CAPTURED and n > 3):
        with pytest.raises(RuntimeError, match="overwritten"):
            dt.grad(f)(2.0)
    else:
        np.testing.assert_allclose(dt.grad(f)(2.0), total, rtol=1e-12)


def test_tapes_own_what_they_read_though_nobody_could_write_it() -> None:
    weights = np.array([1.0, 2.0, 3.0])
    weights.flags.writeable = False
    with dt.Tape() as tape:
        x = tape.watch(np.ones(3))
        y = np.sum(x * weights)
    weights.flags.writeable = True
    weights[:] = 100.0
    np.testing.assert_array_equal(tape.grad(y, x), [1.0, 2.0, 3.0])


def test_an_array_that_is_made_writable() -> None:
    weights = np.array([1.0, 2.0, 3.0])
    weights.flags.writeable = False

    def f(t: Any) -> Any:
        y = np.sum(t * weights)
        weights.flags.writeable = True
        weights[:] = 100.0
        return y

    with pytest.raises(RuntimeError, match="made writable"):
        dt.grad(f)(np.ones(3))
