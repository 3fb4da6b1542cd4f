"""Complex numbers by NumPy's rules: types, predicates, views of parts; what is refused and how."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from complex_cases import numbers, reals

import dualtape as dt
import dualtape.numpy as dnp


def test_promotion_is_numpys() -> None:
    kinds = (np.complex64, np.complex128, np.float32, np.float64, np.int64, np.bool_)
    values = [np.array([1, 0], kind) for kind in kinds] + [1, 1.5, 2j, True]
    values += [np.complex64(1j), np.float32(2)]
    for a, b in itertools.product(values, repeat=2):
        if np.iscomplexobj(a) or np.iscomplexobj(b):
            for f in (np.add, np.multiply, np.subtract):
                wanted = f(a, b)
                actual = dt.jit(f)(a, b)
                assert actual.dtype == wanted.dtype, (f, a, b)
                np.testing.assert_array_equal(actual, wanted)


def test_predicates_are_numpys() -> None:
    edges = [0, 1, np.inf, -np.inf, np.nan]
    z = np.array([complex(a, b) for a in edges for b in edges])
    for f in (np.isnan, np.isfinite, np.isinf, np.logical_not, lambda z: z == 1, lambda z: z != 0):
        np.testing.assert_array_equal(dt.jit(f)(z), f(z))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(dt.jit(np.sign)(z), np.sign(z), rtol=4e-16)
        np.testing.assert_allclose(dt.jit(np.abs)(z), np.abs(z), rtol=4e-16)
    assert dt.jit(np.any)(z) == np.any(z)
    assert dt.jit(lambda z: z.astype(bool).sum())(z) == np.sum(z.astype(bool))


def test_parts_are_views() -> None:
    z = numbers(2, 2)

    def f(z: Any) -> Any:
        y = z + 0
        part = y.real
        y[0, 0] = 2 + 3j
        part[1] = 5.0
        return y, part

    y, part = dt.jit(f)(z)
    wanted, wanted_part = f(z.copy())
    np.testing.assert_array_equal(y, wanted)
    np.testing.assert_array_equal(part, wanted_part)

    def written(x: Any) -> Any:
        x = x + 0
        x.imag[0] = 1.0
        return x

    with pytest.raises(ValueError, match="read-only"):
        dt.jit(written)(reals(3))


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda z: dt.grad(np.sum)(z), dt.DerivativeError, "abs, .real, .imag.*holomorphic=True"),
        (lambda z: dt.hvp(np.sum, (z,), (z,)), dt.DerivativeError, "holomorphic"),
        (
            lambda z: dt.grad(lambda x: x + 1j, holomorphic=True)(1.0),
            dt.DerivativeError,
            "take complex arguments",
        ),
        (
            lambda z: dt.grad(lambda z: np.sum(abs(z)), holomorphic=True)(z),
            dt.DerivativeError,
            "return complex values",
        ),
        (lambda z: dt.jacfwd(np.exp)(z), dt.DerivativeError, "holomorphic=True"),
        (lambda z: dt.jacrev(np.abs)(z), dt.DerivativeError, "holomorphic=True"),
        (lambda z: dt.hessian(lambda z: np.sum(abs(z)))(z), dt.DerivativeError, "holomorphic"),
        (lambda z: dt.laplacian(lambda z: np.sum(abs(z)))(z), dt.DerivativeError, "float64"),
        (
            lambda z: dt.jacfwd(np.abs, holomorphic=True)(z),
            dt.DerivativeError,
            "return complex values",
        ),
        (
            lambda z: dt.jacobian(lambda x: 1j * x, holomorphic=True)(z.real),
            dt.DerivativeError,
            "take complex arguments",
        ),
        (lambda z: dt.jit(np.arctan2)(z, z), TypeError, "arctan2"),
        (lambda z: dt.jit(np.max)(z[:0]), ValueError, "zero-size array"),
        (lambda z: dt.jit(lambda z: z.astype(float))(z), TypeError, r"\.real"),
        (lambda z: dt.jit(np.floor)(z), TypeError, "floor"),
        (lambda z: dt.jvp(np.exp, (z,), (z.real,)), TypeError, "dtype complex128, got float64"),
        (lambda z: dt.vjp(np.abs, z)[1](z), TypeError, "dtype float64, got complex128"),
    ],
)
def test_refusals(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(numbers(3))


def test_complex_values_are_not_written_into_real_arrays() -> None:
    def f(z: Any) -> Any:
        y = dnp.zeros(3)
        y[0] = z[0]
        return y

    with pytest.raises(TypeError, match=r"float64; take its \.real"):
        dt.jit(f)(numbers(3))


NAN_CASES = [
    1 + 2j,
    1 - 1j,
    -3j,
    complex("nan"),
    complex(0, np.nan),
    1 + 2j,
    complex(np.nan, np.nan),
]


@pytest.mark.parametrize(
    "f", [np.sort, np.max, np.min, np.argmax, np.argmin, lambda z: np.argsort(z, kind="stable"),
          lambda z: np.maximum(z, z[::-1]), lambda z: np.minimum(z, 1 + 1j),
          lambda z: np.fmax(z, z[::-1]), lambda z: z < z[::-1], lambda z: z >= z[::-1],
          lambda z: np.clip(z, -1j, 1)]
)  # fmt: skip
@pytest.mark.parametrize("n", [3, 7])
def test_order_of_complex_numbers_is_numpys(f, n):
    z = np.array(NAN_CASES[:n])
    with np.errstate(invalid="ignore"):
        wanted = f(z)
    np.testing.assert_array_equal(dt.jit(f)(z), wanted)


def test_powers_of_zero() -> None:
    z = np.array([0, 0, 0, 0, 0, 2 + 1j, -1, 0])
    w = np.array([0, 1, 2, 0.5, 1 + 1j, 0, 0, 3], complex)
    np.testing.assert_array_equal(dt.jit(np.power)(z, w), np.power(z, w))
    np.testing.assert_array_equal(dt.jit(lambda z: z**0j)(z), 1)
    np.testing.assert_array_equal(dt.jit(lambda x: x**0j)(np.array([0.0, 2.0])), 1)
    _, slope = dt.jvp(lambda z: np.power(z, w), (z,), (np.ones_like(z),))
    np.testing.assert_array_equal(slope[[0, 1, 2, 5, 6, 7]], [0, 1, 0, 0, 0, 0])
