"""Element types, shapes and scalars of recorded operations are NumPy 2's (NEP 50)."""

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from eager import check_as_eager, eager, recorded

from dualtape import _core
from dualtape._core import UnsupportedFunctionError

VALUES = [
    2.5,
    3,
    True,
    np.float64(1.5),
    np.float32(1.5),
    np.int64(3),
    np.int32(2),
    np.array(2.5),
    np.array([1.0, 2.0, -3.0]),
    np.array([1, 2, 3], np.float32),
    np.array([1, 2, 3]),
    np.array([1, 2, 3], np.int8),
    np.array([True, False, True]),
    np.array([[1.0], [2.0]]),
    np.array([1, 2, 3], np.uint8),
    np.array([1 + 1j, 2, 3]),
]
OPERATORS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.lt,
    operator.ge,
    operator.eq,
    operator.ne,
]
BINARY = [
    np.arctan2,
    np.hypot,
    np.logaddexp,
    np.maximum,
    np.fmin,
    np.copysign,
    np.remainder,
    np.fmod,
    np.logical_and,
    np.float_power,
]
UNARY = [np.sin, np.exp, np.sqrt, np.absolute, np.sign, np.floor, np.rint, np.square, np.isnan]
UNARY += [np.logical_not, np.positive, np.deg2rad, np.degrees, np.fabs, np.negative]


def label(x: Any) -> str:
    return f"{type(x).__name__}-{x.dtype}{x.shape}" if hasattr(x, "dtype") else repr(x)


def is_refused(f: Callable[..., Any], *args: Any) -> bool:
    """What a recording refuses by name: float16 results, order and rounding of complex numbers."""
    try:
        results = eager(f, *args)
    except TypeError:
        return False
    if any(np.result_type(r) == np.float16 for r in results):
        with pytest.raises(TypeError, match="float16 cannot be recorded"):
            recorded(f, *args)
        return True
    if not any(np.iscomplexobj(x) for x in args):
        return False
    try:
        recorded(f, *args)
    except UnsupportedFunctionError as error:
        return "cannot be recorded for" in str(error)
    return False


@pytest.mark.parametrize("f", OPERATORS + BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize("a", VALUES, ids=label)
def test_binary_results_are_numpys(f: Callable[..., Any], a: Any) -> None:
    for b in VALUES:
        if is_refused(f, a, b):
            continue
        check_as_eager(f, a, b)
        check_as_eager(lambda x, b=b: f(x, b), a)
        check_as_eager(lambda x, b=b: f(b, x), a)


@pytest.mark.parametrize("f", UNARY, ids=lambda f: f.__name__)
def test_unary_results_are_numpys(f: Callable[..., Any]) -> None:
    for x in VALUES:
        if not is_refused(f, x):
            check_as_eager(f, x)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.5, 2.0, 1.5, 3.0, -0.5, 7])
def test_powers_are_numpys(exponent: float) -> None:
    for base in VALUES:
        integer_result = np.result_type(base, exponent).kind in "iub"
        if integer_result and exponent < 0 and type(base) in (int, bool):
            continue  # Python's integers become floats, NumPy's raise; traced they are NumPy's
        if np.result_type(base).kind == "b" and exponent == 2:
            continue  # NumPy's ** takes np.square's int8 here, np.power says int64
        check_as_eager(lambda x: x**exponent, base)


REDUCTIONS = [np.sum, np.prod, np.mean, np.max, np.min, np.all, np.any, np.argmax, np.argmin]
ARRAYS = [*VALUES, np.zeros((0,)), np.zeros((2, 0)), np.arange(24.0).reshape(2, 3, 4)]


@pytest.mark.parametrize("f", [*REDUCTIONS, np.cumsum], ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of the mean of nothing
def test_reductions_are_numpys(f: Callable[..., Any]) -> None:
    single = f in (np.argmax, np.argmin, np.cumsum)
    for x in ARRAYS:
        if np.iscomplexobj(x) and f not in (np.sum, np.prod, np.mean, np.cumsum):
            continue
        check_as_eager(f, x)
        for axis in (0, 1, -1, None, 5) if single else (0, 1, -1, (0, 1), (), None, 5, (0, 0)):
            check_as_eager(lambda x, axis=axis: f(x, axis=axis), x)
            if f is not np.cumsum:
                check_as_eager(lambda x, axis=axis: f(x, axis=axis, keepdims=True), x)


def test_accumulators_can_be_chosen() -> None:
    x = np.array([1, 2, 3], np.int8)
    check_as_eager(lambda x: np.sum(x, dtype=np.float32), x)
    check_as_eager(lambda x: x.mean(dtype=np.float32), x)
    check_as_eager(lambda x: np.cumsum(x, dtype=float), x)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_shifts_are_numpys(dtype: str) -> None:
    bits = 8 * np.dtype(dtype).itemsize
    x = np.array([[0, 1, 2, 5], [3, 77, 100, 1]]).astype(dtype)
    shifts = np.array([0, 1, 3, bits - 2, bits - 1, bits, bits + 1, 100])[:, None, None]
    for sign in (1, -1) if np.dtype(dtype).kind == "i" else (1,):
        for f in (np.left_shift, np.right_shift):
            check_as_eager(f, (sign * x).astype(dtype), shifts.astype(np.int8))
            check_as_eager(f, shifts.astype(np.uint8), x)
            check_as_eager(lambda x, f=f: f(x, 2), x)
            check_as_eager(lambda x, f=f: f(1, x), x)
            check_as_eager(lambda x, f=f: f(x, np.int64(-1)), x)
    check_as_eager(np.invert, x)
    check_as_eager(lambda x: np.left_shift(x, 1.5), x)


def test_functions_that_make_arrays_first_take_numbers_as_such() -> None:
    for x in (np.array([1.5, 2], np.float32), np.array([1, 2], np.int8), np.array([1j], "c8")):
        for f in (np.dot, np.inner, np.outer, np.kron, np.convolve, np.append, np.vdot):
            numbers: tuple[Any, ...] = (2, -0.5, 1j) if f is not np.vdot else ()
            for number in (*numbers, [2] * x.size, x):
                check_as_eager(lambda x, f=f, number=number: f(x, number), x)
                check_as_eager(lambda x, f=f, number=number: f(number, x), x)


@pytest.mark.parametrize("dtype", ["i2", "i4", "i8", "u2", "u4", "u8", "f4", "f8", "c8"])
def test_types_of_compositions_are_numpys(dtype: str) -> None:
    x = np.array([[3, 1, 2], [7, 5, 6]]).astype(dtype)
    for f in (np.angle, np.trace, np.median):
        check_as_eager(f, x)
    if x.dtype.kind != "c":
        check_as_eager(lambda x: [np.angle(x, deg=True), *np.modf(x)], x)


def test_a_mean_in_integers_is_refused_where_it_is_recorded() -> None:
    with pytest.raises(TypeError, match="mean: dtype must be a float or complex type"):
        recorded(lambda x: np.mean(x, dtype=np.int32), np.array([1.0, 2.0]))


def test_python_integers_out_of_range_raise() -> None:
    x = np.array([1, 2], np.int8)
    check_as_eager(lambda x: x + 300, x)
    check_as_eager(lambda x: x * -200, x)


def test_where_and_clip_promote_as_numpy() -> None:
    mask = np.array([True, False, True])
    numbers = [x for x in VALUES if np.shape(x) in ((), (3,))]
    for a, b in itertools.product(numbers, numbers):
        check_as_eager(lambda a, b: np.where(mask, a, b), a, b)
    for x in numbers:
        if np.iscomplexobj(x):
            continue
        check_as_eager(lambda x: np.clip(x, 1.25, 2.0), x)
        check_as_eager(lambda x: np.clip(x, None, 2), x)
        check_as_eager(lambda x: np.clip(x, 2, None), x)


def test_a_python_number_that_is_an_argument_stays_weak() -> None:
    x32 = np.array([1, 2], np.float32)
    (product,) = recorded(lambda s: s * x32, 1.5)
    assert product.dtype == np.float32
    (product,) = recorded(lambda s: s * x32, np.float64(1.5))
    assert product.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, object, "U3"])
def test_other_element_types_are_refused_by_name(dtype: Any) -> None:
    with pytest.raises(TypeError, match="cannot be recorded; convert to float64"):
        recorded(lambda x: x, np.zeros(2, dtype))


def test_matrix_and_masked_arrays_are_refused() -> None:
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    with pytest.raises(TypeError, match=r"plain numpy\.ndarray"):
        recorded(lambda x: x, masked)


def test_functions_outside_of_a_recording_are_numpys() -> None:
    x = np.array([0.5, 2.0])
    np.testing.assert_array_equal(_core.sin(x), np.sin(x))
    assert type(_core.sum(x)) is np.float64
    assert type(_core.zeros(3)) is np.ndarray
    np.testing.assert_array_equal(_core.where(x > 1, x, 0), [0, 2])
