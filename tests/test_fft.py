"""numpy.fft: our transforms against NumPy's at all lengths, layouts and element types."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt
import dualtape.numpy as dnp

# Every factor, large primes (a convolution), products of these, and powers.
LENGTHS = [*range(1, 41), 49, 64, 67, 81, 97, 101, 120, 121, 127, 128, 131, 169, 243, 254, 256, 257]
LONG = [360, 511, 512, 625, 1000, 1009, 1024, 2018, 2187, 4096, 4099, 65536, 65537, 100000]


def complex_numbers(*shape: int) -> NDArray[Any]:
    generator = np.random.default_rng(len(shape) + sum(shape))
    return generator.standard_normal(shape) + 1j * generator.standard_normal(shape)


def close(actual: Any, wanted: Any, eps: float) -> None:
    assert actual.dtype == wanted.dtype
    assert actual.shape == wanted.shape
    size = np.sqrt(np.mean(np.abs(wanted) ** 2)) if wanted.size else 1.0
    assert np.max(np.abs(actual - wanted), initial=0.0) <= eps * size


@pytest.mark.parametrize("n", LENGTHS + LONG)
def test_every_length(n: int) -> None:
    z = complex_numbers(n)
    for single in (False, True):
        a = z.astype(np.complex64) if single else z
        # NumPy's error and ours, each a few eps times log n.
        eps = 3 * (2 + np.log2(n)) * float(np.finfo(a.dtype).eps)
        close(dt.jit(np.fft.fft)(a), np.fft.fft(a), eps)
        close(dt.jit(np.fft.ifft)(a), np.fft.ifft(a), eps)
        x = a.real.copy()
        close(dt.jit(np.fft.rfft)(x), np.fft.rfft(x), eps)
        half = a[: n // 2 + 1]
        close(dt.jit(lambda h: np.fft.irfft(h, n))(half), np.fft.irfft(half, n), eps)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 12, 31, 67, 131])
def test_transform_is_the_matrix(n: int) -> None:
    z = complex_numbers(n)
    k = np.arange(n)
    matrix = np.exp(-2j * np.pi * (np.multiply.outer(k, k) % n) / n)
    np.testing.assert_allclose(dt.jit(np.fft.fft)(z), matrix @ z, atol=3e-15 * n)
    x_dot = complex_numbers(n + 1)[1:]
    np.testing.assert_allclose(
        dt.jvp(np.fft.fft, (z,), (x_dot,))[1], matrix @ x_dot, atol=3e-15 * n
    )
    np.testing.assert_allclose(
        dt.vjp(np.fft.fft, z)[1](x_dot)[0], matrix.conj().T @ x_dot, atol=3e-15 * n
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 10, 67, 134])
def test_pullbacks_of_real_transforms_pass_the_dot_test(n: int) -> None:
    generator = np.random.default_rng(n)
    x, half = generator.standard_normal(n), complex_numbers(n // 2 + 1)
    y_bar = dt.vjp(np.fft.rfft, x)[1](half)[0]
    np.testing.assert_allclose(
        np.dot(y_bar, x), np.vdot(half, np.fft.rfft(x)).real, rtol=1e-12, atol=1e-12
    )

    def back(z: Any) -> Any:
        return np.fft.irfft(z, n)

    z_bar = dt.vjp(back, half)[1](x)[0]
    np.testing.assert_allclose(
        np.vdot(z_bar, half).real, np.dot(x, back(half)), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("shape", [(3, 8), (40, 8), (17, 5), (33, 134), (2, 1, 6), (0, 4)])
def test_axes_and_many_lines(shape: tuple[int, ...]) -> None:
    z = complex_numbers(*shape)
    for axis in range(-len(shape), len(shape)):
        if shape[axis] == 0:
            continue
        for a in (z, np.asfortranarray(z), z[..., ::-1], z.T):
            at = axis % a.ndim
            if a.shape[at] == 0:
                continue
            close(dt.jit(lambda a, k=at: np.fft.fft(a, axis=k))(a), np.fft.fft(a, axis=at), 1e-13)
            x = a.real
            close(dt.jit(lambda a, k=at: np.fft.rfft(a, axis=k))(x), np.fft.rfft(x, axis=at), 1e-13)
            close(
                dt.jit(lambda a, k=at: np.fft.irfft(a, axis=k) if a.shape[k] > 1 else a)(a),
                np.fft.irfft(a, axis=at) if a.shape[at] > 1 else a,
                1e-13,
            )


def test_bits_do_not_depend_on_the_neighbours() -> None:
    z = complex_numbers(37, 60)
    whole = dt.jit(np.fft.fft)(z)
    for k in (0, 3, 36):
        np.testing.assert_array_equal(whole[k], dt.jit(np.fft.fft)(z[k]))
    x = z.real.copy()
    whole = dt.jit(np.fft.rfft)(x)
    for k in (0, 3, 36):
        np.testing.assert_array_equal(whole[k], dt.jit(np.fft.rfft)(x[k]))


def test_lengths_and_axes_are_numpys() -> None:
    z = complex_numbers(3, 4, 5)
    functions = [
        lambda z, f=f, **k: f(z, **k)
        for f in (np.fft.fftn, np.fft.ifftn, np.fft.fft2, np.fft.ifft2, np.fft.irfftn)
    ]
    options: list[dict[str, Any]] = [
        {},
        {"axes": (0, 1)},
        {"axes": (-1, 0), "norm": "ortho"},
        {"s": (2, 6), "axes": (1, 2), "norm": "forward"},
    ]
    for f in functions:
        for kwargs in options:
            close(dt.jit(lambda z, f=f, k=kwargs: f(z, **k))(z), f(z, **kwargs), 1e-13)
    for kwargs in options:
        x = z.real.copy()
        close(dt.jit(lambda x, k=kwargs: np.fft.rfftn(x, **k))(x), np.fft.rfftn(x, **kwargs), 1e-13)
    close(dt.jit(lambda z: np.fft.fft(z, 9, 1))(z), np.fft.fft(z, 9, 1), 1e-13)
    for n in (1, 6, 7, 12):
        close(dt.jit(lambda z, n=n: np.fft.irfft(z, n))(z), np.fft.irfft(z, n), 1e-13)
        close(dt.jit(lambda z, n=n: np.fft.hfft(z, n))(z), np.fft.hfft(z, n), 1e-13)


def test_element_types_are_numpys() -> None:
    for kind in (np.int8, np.int64, np.bool_, np.float32, np.float64, np.complex64, np.complex128):
        x = np.array([1, 0, 1], kind)
        wanted = np.fft.fft(x)
        actual = dt.jit(lambda t, x=x: np.fft.fft(x * t.astype(x.dtype)))(np.float64(1.0))
        assert actual.dtype == wanted.dtype
        np.testing.assert_allclose(actual, wanted, rtol=1e-6)


def test_names_of_dualtape_and_lists() -> None:
    x = np.arange(4.0)
    wanted = np.fft.fft(x)
    np.testing.assert_allclose(dnp.fft.fft(x), wanted)
    np.testing.assert_allclose(dt.jit(dnp.fft.fft)(x), wanted)
    actual = dt.jit(lambda x: dnp.fft.fft([x[0], x[1], x[2], x[3]]))(x)
    np.testing.assert_allclose(actual, wanted)
    np.testing.assert_array_equal(dnp.fft.fftfreq(5, 0.1), np.fft.fftfreq(5, 0.1))
    np.testing.assert_array_equal(dnp.fft.rfftfreq(5, 0.1), np.fft.rfftfreq(5, 0.1))


@pytest.mark.parametrize(
    ("f", "error", "match"),
    [
        (lambda z: np.fft.fft(z, 0), ValueError, "number of data points"),
        (lambda z: np.fft.fft(z[:0]), ValueError, "number of data points"),
        (lambda z: np.fft.irfft(z[:1]), ValueError, "number of data points"),
        (lambda z: np.fft.fft(z, axis=2), np.exceptions.AxisError, "axis 2"),
        (lambda z: np.fft.fft(z, norm="unit"), ValueError, "backward"),
        (lambda z: np.fft.rfft(z), TypeError, r"rfft: real values.*\.real"),
        (lambda z: np.fft.fft2(z, (2, 2), (0,)), ValueError, "same length"),
    ],
)
def test_refusals(f: Any, error: type[Exception], match: str) -> None:
    z = complex_numbers(4)
    with pytest.raises(error, match=match):
        dt.jit(f)(z)
    with pytest.raises((error, TypeError, IndexError)):
        f(z)
