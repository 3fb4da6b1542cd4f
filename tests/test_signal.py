"""Convolutions and filters of arrays too long for the table of functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal

import dualtape as dt
import dualtape.scipy.signal as dsignal

GENERATOR = np.random.default_rng(8)
LONG, SHORT = GENERATOR.standard_normal(900), GENERATOR.standard_normal(200)
PLANE, PATCH = LONG.reshape(30, 30), SHORT[:100].reshape(10, 10)


def check_bilinear(ours: Any, theirs: Any, a: Any, v: Any) -> None:
    """Values as theirs; the pushforward is theirs of one tangent plus theirs of the other."""
    y, pullback = dt.vjp(ours, a, v)
    scale = np.max(np.abs(y))
    np.testing.assert_allclose(y, theirs(a, v), rtol=1e-13, atol=1e-13 * scale)
    a_dot, v_dot = GENERATOR.standard_normal(a.shape), GENERATOR.standard_normal(v.shape)
    y_dot = dt.jvp(ours, (a, v), (a_dot, v_dot))[1]
    wanted = theirs(a_dot, v) + theirs(a, v_dot)
    np.testing.assert_allclose(y_dot, wanted, rtol=1e-12, atol=1e-13 * np.max(np.abs(wanted)))
    y_bar = GENERATOR.standard_normal(y.shape)
    a_bar, v_bar = pullback(y_bar)
    assert np.isclose(np.sum(y_bar * y_dot), np.sum(a_bar * a_dot) + np.sum(v_bar * v_dot))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["convolve", "fftconvolve", "oaconvolve", "correlate"])
def test_long_arrays_are_convolved_as_by_scipy(name: str, mode: str) -> None:
    ours, theirs = getattr(dsignal, name), getattr(scipy.signal, name)
    check_bilinear(lambda a, v: ours(a, v, mode), lambda a, v: theirs(a, v, mode), LONG, SHORT)
    check_bilinear(lambda a, v: ours(a, v, mode), lambda a, v: theirs(a, v, mode), PLANE, PATCH)
    if mode != "valid":
        check_bilinear(lambda a, v: ours(v, a, mode), lambda a, v: theirs(v, a, mode), LONG, SHORT)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_long_vectors_are_convolved_as_by_numpy(name: str, mode: str) -> None:
    function = getattr(np, name)
    for v in (SHORT, LONG[::-1][:890]):
        check_bilinear(
            lambda a, v: function(a, v, mode), lambda a, v: function(a, v, mode), LONG, v
        )


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("shapes", [((5, 4), (2, 3)), ((2, 2), (4, 5)), ((4, 4), (4, 2))])
def test_correlations_conjugate_and_have_the_middle_of_scipy(shapes: Any, mode: str) -> None:
    a, v = (
        GENERATOR.standard_normal(shape) + 1j * GENERATOR.standard_normal(shape) for shape in shapes
    )

    def check(name: str, x: Any, y: Any, **options: Any) -> None:
        theirs = getattr(scipy.signal, name)(x, y, mode, **options)
        ours = dt.jit(lambda x, y: getattr(dsignal, name)(x, y, mode, **options))(x, y)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)

    for x, y in ((a, v), (a.real, v), (a, v.real), (a.real, v.real)):
        check("correlate", x, y)
        check("correlate", x[0], y[0])
        for boundary in ("fill", "wrap", "symm"):
            check("correlate2d", x, y, boundary=boundary)
    if mode != "valid":
        ours, theirs = dsignal.correlate2d, scipy.signal.correlate2d
        check_bilinear(
            lambda a, v: ours(a, v, mode), lambda a, v: theirs(a, v, mode), a.real, v.real
        )


def test_complex_arrays_are_convolved_by_transforms() -> None:
    a, v = LONG + 0.5j * LONG[::-1], SHORT * (1 + 2j)
    y = dt.vjp(lambda a: dsignal.fftconvolve(a, v), a)[0]
    np.testing.assert_allclose(y, scipy.signal.fftconvolve(a, v), rtol=1e-12)


def test_not_a_number_stays_in_its_windows() -> None:
    a = LONG.copy()
    a[100] = np.nan
    y = dt.vjp(lambda v: np.convolve(a, v, "same"), SHORT)[0]
    np.testing.assert_array_equal(np.isnan(y), np.isnan(np.convolve(a, SHORT, "same")))


FILTERS = {
    "one pole": ([0.5], [2.0, -1.9]),
    "butterworth": scipy.signal.butter(4, 0.1),
    "elliptic": scipy.signal.ellip(5, 0.5, 40, 0.3),
    "unstable": ([1.0, 0.3], [1.0, -1.7, 0.9, -0.3]),
    "no pole": (np.hanning(40), [1.0]),
}


@pytest.mark.parametrize("name", list(FILTERS))
@pytest.mark.parametrize("n", [1, 3, 64, 900])
def test_filters_are_those_of_scipy(name: str, n: int) -> None:
    b, a = (np.asarray(c, float) for c in FILTERS[name])
    x, zi = LONG[:n], 0.1 * SHORT[: max(len(a), len(b)) - 1]
    y, final = dt.vjp(lambda x: dsignal.lfilter(b, a, x, zi=zi), x)[0]
    wanted, wanted_final = scipy.signal.lfilter(b, a, x, zi=zi)
    size = np.max(np.abs(wanted))
    np.testing.assert_allclose(y, wanted, rtol=1e-11, atol=1e-11 * size)
    np.testing.assert_allclose(final, wanted_final, rtol=1e-11, atol=1e-11 * size)


@pytest.mark.parametrize("name", list(FILTERS))
def test_derivatives_of_filters_in_samples_and_coefficients(name: str) -> None:
    b, a = (np.asarray(c, float) for c in FILTERS[name])
    x = LONG[:300]
    dots = [GENERATOR.standard_normal(t.shape) for t in (b, a, x)]
    actual = dt.jvp(dsignal.lfilter, (b, a, x), tuple(dots))[1]
    h = 1e-20j
    shifted = scipy.signal.lfilter(
        *(t + h * t_dot for t, t_dot in zip((b, a, x), dots, strict=True))
    )
    wanted = shifted.imag / 1e-20
    np.testing.assert_allclose(actual, wanted, rtol=1e-9, atol=1e-9 * np.max(np.abs(wanted)))


def test_sections_of_second_order_with_their_states() -> None:
    sos = scipy.signal.butter(6, 0.2, output="sos")
    zi = scipy.signal.sosfilt_zi(sos) * LONG[0]
    y, final = dt.vjp(lambda x: dsignal.sosfilt(sos, x, zi=zi), LONG)[0]
    wanted, wanted_final = scipy.signal.sosfilt(sos, LONG, zi=zi)
    np.testing.assert_allclose(y, wanted, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(final, wanted_final, rtol=1e-12, atol=1e-12)
    x_dot = SHORT[:100]
    y_dot = dt.jvp(lambda x: dsignal.sosfilt(sos, x), (LONG[:100],), (x_dot,))[1]
    np.testing.assert_allclose(y_dot, scipy.signal.sosfilt(sos, x_dot), rtol=1e-11, atol=1e-13)
