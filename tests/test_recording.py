"""What a recorder records: structure shared between calls, values on demand, memory."""

import gc
import sys
import weakref
from typing import Any

import numpy as np
import pytest
from eager import check_as_eager, recorded

import dualtape as dt
import dualtape.numpy as dnp
from dualtape import _core
from dualtape._core import Recorder


def program_of(f: Any, *args: Any) -> str:
    with Recorder("f") as recorder:
        return recorder.finish([f(*[recorder.input(x) for x in args])]).program()


def test_program_is_what_was_written() -> None:
    text = program_of(lambda x: np.sum(np.sin(x) * 2), np.ones(3))
    for word in ("sin", "constant", "multiply", "sum"):
        assert word in text


@pytest.mark.parametrize(
    ("exponent", "instruction"),
    [(2, "square"), (0.5, "sqrt"), (-1, "reciprocal"), (3, "integer_power"), (1.7, "power")],
)
def test_powers_have_their_own_instructions(exponent: float, instruction: str) -> None:
    assert f" {instruction} " in program_of(lambda x: x**exponent, np.ones(3))


def test_numbers_are_not_structure() -> None:
    x = np.ones(3)
    assert program_of(lambda x: x * 3.5, x) == program_of(lambda x: x * 7.25, x)
    assert program_of(lambda x: x * 3.5, x) != program_of(lambda x: x * 1.0, x)
    assert program_of(lambda x: x + 0.0, x) != program_of(lambda x: x + -0.0, x)


def test_one_number_is_one_input() -> None:
    step = 0.125
    text = program_of(lambda x: x * step + step, np.ones(3))
    assert text.count("input") == 2


def test_one_array_is_one_input_while_it_keeps_its_contents() -> None:
    weight = np.ones(3)
    assert program_of(lambda x: x * weight + weight, np.ones(3)).count("input") == 2

    def f(x: Any) -> Any:
        y = x * weight
        weight[0] += 1.0
        return y + weight

    assert program_of(f, np.ones(3)).count("input") == 3
    weight[:] = 1.0
    check_as_eager(lambda x: x * np.asarray(weight)[::-1], np.ones(3))


def test_arrays_of_any_layout_are_captured() -> None:
    base = np.arange(24.0).reshape(4, 6)
    swapped = base.astype(">f8")
    readonly = base.copy()
    readonly.flags.writeable = False
    for a in (base[::2, ::-1], base.T, np.asfortranarray(base), swapped, readonly, base[:, 1]):
        check_as_eager(lambda x, a=a: x * a, 2.0)
        check_as_eager(lambda x: x * 3.0, a)


def test_large_and_small_arrays_give_the_same() -> None:
    for n in (10, 100_000):
        a = np.linspace(0, 1, n)
        check_as_eager(lambda x, a=a: x * a, a)
        check_as_eager(lambda x, a=a: x * a[::-1], a)


def test_branches_and_loops_on_values() -> None:
    def collatz(n: Any) -> Any:
        steps = 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        return n * 0 + steps

    assert recorded(collatz, np.int64(27))[0] == 111

    def newton(a: Any) -> Any:
        x = a
        while abs(x * x - a) > 1e-14 * a:
            x = 0.5 * (x + a / x)
        return x

    assert dt.grad(newton)(2.0) == pytest.approx(0.5 / np.sqrt(2), rel=1e-12)


def test_a_value_is_worked_out_once() -> None:
    with Recorder("f") as recorder:
        x = recorder.input(np.float64(0.5))
        values = [x]
        for _ in range(2000):
            values.append(np.sin(values[-1]) + 0.5)
        assert values[-1].value == pytest.approx(float(values[-2].value * 0 + values[-1].value))
        wanted = 0.5
        for t in values:
            assert float(t.value) == pytest.approx(wanted, rel=1e-12)
            wanted = np.sin(wanted) + 0.5


def test_integers_taken_from_values() -> None:
    def f(x: Any) -> Any:
        n = np.argmax(x)
        return sum(x[i] for i in range(n)) + [10.0, 20.0, 30.0][n] + int(x[0])

    check_as_eager(f, np.array([1.5, 2.5, 9.5]))


def test_values_are_copies() -> None:
    x = np.array([1.0, 2.0])
    with Recorder("f") as recorder:
        t = recorder.input(x)
        shown = t.value
        shown[0] = 99.0
        assert t.value[0] == 1.0
        y = t * 2.0
        y.value[:] = 0.0
        np.testing.assert_array_equal(y.value, [2.0, 4.0])
        assert type(y[0].value) is np.float64


def test_print_and_format_show_values() -> None:
    with Recorder("f") as recorder:
        t = recorder.input(np.array([1.0, 2.5]))
        assert repr(t) == "Tracer(float64[2], value=[1.  2.5])"
        assert f"{t[1] * 2:.2f}" == "5.00"
        assert "float64" in repr(t * 2)  # no instruction runs for a repr


def test_inner_recordings_capture_outer_values() -> None:
    def f(x: Any) -> Any:
        return dt.grad(lambda y: y * x * x)(3.0) + x

    assert dt.grad(f)(2.0) == 5.0
    assert dt.grad(dt.grad(f))(2.0) == 2.0


def test_makers_are_traced_inside_of_a_recording_only() -> None:
    def f(x: Any) -> Any:
        made = [
            dnp.zeros(3),
            dnp.ones((2, 2), np.float32),
            dnp.full(2, 7),
            dnp.eye(2, 3, 1),
            dnp.eye(3, k=-1),
            dnp.identity(2),
            dnp.arange(4),
            dnp.arange(1.0, 2.0, 0.25),
            dnp.array([1, 2]),
            dnp.zeros_like(x, shape=(2,), dtype=int),
            dnp.full_like(x, 3),
        ]
        assert all(_core.is_tracer(m) for m in made)
        return made

    with_numpy = [
        *(
            np.zeros(3),
            np.ones((2, 2), np.float32),
            np.full(2, 7),
            np.eye(2, 3, 1),
            np.eye(3, k=-1),
        ),
        *(np.identity(2), np.arange(4), np.arange(1.0, 2.0, 0.25), np.array([1, 2])),
        *(np.zeros(2, int), np.full(3, 3.0)),
    ]
    for given, wanted in zip(recorded(f, np.ones(3)), with_numpy, strict=True):
        assert given.dtype == wanted.dtype
        np.testing.assert_array_equal(given, wanted)
    assert type(dnp.zeros(3)) is np.ndarray


def test_nested_lists_of_tracers_become_arrays() -> None:
    def f(x: Any) -> Any:
        return (
            dnp.array([x[0], 2, x[1]]),
            dnp.array([[x[0], 1.0], [0.0, x[1] * 2]]),
            dnp.array([x, x + 1]),
            dnp.stack([x, [1.0, 2.0]], axis=1),
        )

    x = np.array([3.0, 4.0])
    wanted = [[3, 2, 4], [[3, 1], [0, 8]], [[3, 4], [4, 5]], [[3, 1], [4, 2]]]
    for given, want in zip(recorded(f, x), wanted, strict=True):
        np.testing.assert_array_equal(given, np.array(want, float))
    with pytest.raises(ValueError, match="ragged"):
        recorded(lambda x: dnp.array([[x[0]], [x[0], x[1]]]), x)


def test_shapes_and_products_as_numpy() -> None:
    a = np.arange(24.0).reshape(2, 3, 4)
    b = np.arange(12.0).reshape(4, 3)
    v = np.array([1.0, 2.0, 3.0])
    for f in (
        lambda x: (np.transpose(x), np.transpose(x, (1, 2, 0)), x.T, x.mT, np.swapaxes(x, 0, 2)),
        lambda x: (
            np.moveaxis(x, 0, -1),
            np.moveaxis(x, (0, 1), (2, 0)),
            np.expand_dims(x, (0, 2)),
        ),
        lambda x: (np.squeeze(x[:1]), np.squeeze(x[:, :1], 1), np.ravel(x), x.reshape(-1, 2)),
        lambda x: (np.concatenate([x, x], 1), np.concatenate([x, x], None), np.stack([x, x], -1)),
        lambda x: (np.flip(x), np.flip(x, 1), np.diagonal(x, 1), np.diagonal(x, -1, 1, 2)),
        lambda x: (np.trace(x), np.trace(x, 1, 1, 2), x.take([0, 2], axis=2), np.take(x, [5, 1])),
        lambda x: (x @ b, np.dot(x, b), np.inner(x, b.T), np.matmul(x, b), x[0, 0] @ b, v @ x[0]),
        lambda x: (np.outer(x[0, 0], v), np.vdot(x[0, 0], x[0, 1]), np.dot(x, 2.0), b @ x[0]),
    ):
        check_as_eager(f, a)
    for k in (-2, -1, 0, 1, 3):
        check_as_eager(lambda x, k=k: (np.diag(x, k), np.diag(np.outer(x, x), k)), v)
    square = np.array([[2.0, 1.0], [0.5, 3.0]])
    check_as_eager(
        lambda x: (np.linalg.inv(x), np.linalg.det(x), np.linalg.solve(x, v[:2])), square
    )


def test_shape_attributes_are_numpys() -> None:
    def f(x: Any) -> Any:
        assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3), 2, 6, 2)
        assert (x.dtype, x.itemsize, x.nbytes) == (np.float32, 4, 24)
        assert (np.shape(x), np.ndim(x), np.size(x), np.size(x, 1)) == ((2, 3), 2, 6, 3)
        return x.real, x.imag, x.conj()

    x = np.ones((2, 3), np.float32)
    for given, wanted in zip(recorded(f, x), (x, x * 0, x), strict=True):
        np.testing.assert_array_equal(given, wanted)


def test_tape_owns_copies() -> None:
    weight = np.full(3, 2.0)
    with dt.Tape() as tape:
        x = tape.watch(np.ones(3))
        y = np.sum(x * weight)
    weight[:] = 100.0
    np.testing.assert_array_equal(tape.grad(y, x), [2.0, 2.0, 2.0])
    assert y.value == 6.0


def test_tracers_are_freed() -> None:
    x = np.ones(1000)
    before = sys.getrefcount(x)
    for _ in range(3):
        dt.grad(lambda x: np.sum(x[1:] * x[:-1]))(x)
        with pytest.raises(ZeroDivisionError):
            dt.grad(lambda x: np.sum(x * x) / 0 if 1 // 0 else x)(x)
    dt.clear_caches()
    gc.collect()
    assert sys.getrefcount(x) == before


def test_long_chains_of_views_are_freed_and_read() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        view = y
        for _ in range(20_000):
            view = view[:]
        y[0] = 5.0
        return view[0] + view[1]

    assert recorded(f, np.ones(3)) == [6.0]


def test_an_ended_recording_keeps_nothing_alive() -> None:
    """Recorders are used again for later recordings; what they recorded is not."""
    array = np.ones(100_000)
    kept = weakref.ref(array)
    dt.grad(lambda x, a: (x * a).sum())(np.ones(100_000), array)
    with pytest.raises(ZeroDivisionError):
        dt.grad(lambda x, a: (x * a).sum() / (1 // 0))(np.ones(100_000), array)
    assert not _core.is_recording()
    del array
    assert kept() is None


def test_a_recording_made_inside_another_is_the_newer_one() -> None:
    """Also where both use a recorder again: the inner one captures the outer's values."""
    for _ in range(3):
        dt.grad(lambda x: x * x)(2.0)
        inner = dt.grad(lambda x: dt.grad(lambda y: y * x * x)(3.0) + x)
        assert inner(2.0) == 5.0
        assert dt.grad(inner)(2.0) == 2.0
