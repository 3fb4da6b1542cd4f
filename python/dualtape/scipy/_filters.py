"""scipy.signal: smoothing, filters run forward and backward, resampling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numpy._arguments import along, as_array, as_floats, axis_of
from ..numpy._arguments import known as known_numbers
from ._convolution import conjugate, convolve2d, lfilter, sosfilt
from ._dispatch import composite, scipy_function
from .ndimage import convolve1d


@composite("signal")
def correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    a, v = as_array(in1), as_array(in2)
    if mode == "valid" and any(p < q for p, q in zip(a.shape, v.shape, strict=True)):
        # As SciPy's, which turns the result, but does not conjugate it.
        return correlate2d(v, a, mode, boundary, fillvalue)[::-1, ::-1]
    turned = conjugate(v[::-1, ::-1])
    if mode != "same":
        return convolve2d(a, turned, mode, boundary, fillvalue)
    # Not the middle that convolve2d cuts out: of an even number of entries the other one.
    full = convolve2d(a, turned, "full", boundary, fillvalue)
    rows, columns = (slice(k // 2, k // 2 + n) for n, k in zip(a.shape, v.shape, strict=True))
    return full[rows, columns]


@composite("signal")
def savgol_filter(
    x: Any, window_length: int, polyorder: int, deriv: int = 0, delta: float = 1.0, axis: int = -1,
    mode: str = "interp", cval: Any = 0.0,
) -> Any:  # fmt: skip
    x = as_floats(x)
    axis = axis_of(axis, x.ndim)
    weights = scipy_function("signal", "savgol_coeffs")(
        window_length, polyorder, deriv=deriv, delta=delta
    )
    if mode != "interp":
        return convolve1d(x, weights, axis, None, mode, cval)
    n = x.shape[axis]
    if window_length > n:
        raise ValueError(
            "If mode is 'interp', window_length must be less than or equal to the size of x."
        )
    y = convolve1d(x, weights, axis, None, "constant", 0.0)
    # The ends are those of the polynomials through the first and the last window.
    half = window_length // 2
    basis = np.linalg.pinv(np.vander(np.arange(window_length), polyorder + 1))
    pieces = []
    for window, at in (
        (slice(0, window_length), np.arange(half)),
        (slice(n - window_length, n), np.arange(window_length - half, window_length)),
    ):
        rows = [np.polyval(np.polyder(c, deriv) / delta**deriv, at) for c in np.eye(polyorder + 1)]
        fit = (np.array(rows).T @ basis).astype(x.dtype)
        moved = np.moveaxis(x[along(axis, window)], axis, 0)
        pieces.append(np.moveaxis(np.tensordot(fit, moved, axes=1), 0, axis))
    middle = y[along(axis, slice(half, n - half))]
    return np.concatenate([pieces[0], middle, pieces[1]], axis=axis)


def _extended(name: str, x: Any, axis: int, padtype: Any, padlen: Any, order: int) -> Any:
    """x with its ends continued, and by how much."""
    if padtype not in ("even", "odd", "constant", None):
        raise ValueError(f"Unknown value '{padtype}' given to padtype.")
    n = 0 if padtype is None else 3 * order if padlen is None else int(padlen)
    if x.shape[axis] <= n:
        raise ValueError(
            f"{name}: the length of the input vector x must be greater than padlen, which is {n}."
        )
    if n == 0:
        return x, 0
    sides = [(n, n) if k == axis else (0, 0) for k in range(x.ndim)]
    if padtype == "constant":
        return np.pad(x, sides, "edge"), n
    return np.pad(x, sides, "reflect", reflect_type=padtype), n


def _scaled(zi: Any, x0: Any, axis: int, ndim: int) -> Any:
    shape = [1] * ndim
    shape[axis] = zi.shape[-1]
    if zi.ndim == 2:
        shape = [zi.shape[0], *shape]
    return np.reshape(zi, shape).astype(x0.dtype) * x0


@composite("signal")
def filtfilt(
    b: Any, a: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None,
    method: str = "pad", irlen: Any = None,
) -> Any:  # fmt: skip
    if method != "pad":
        raise TypeError(f"filtfilt: method={method!r} cannot be recorded; 'pad' can")
    x = as_floats(x)
    axis = axis_of(axis, x.ndim)
    order = max(np.size(a), np.size(b))
    y, n = _extended("filtfilt", x, axis, padtype, padlen, order)
    zi = _steady_state(np.atleast_1d(as_floats(b)), np.atleast_1d(as_floats(a)))
    for _ in range(2):
        first = y[along(axis, slice(0, 1))]
        y, _final = lfilter(b, a, y, axis, _scaled(zi, first, axis, x.ndim))
        y = np.flip(y, axis)
    return y[along(axis, slice(n, y.shape[axis] - n))]


def _steady_state(b: Any, a: Any) -> Any:
    """The state of the filter that answers a step at once with its final value."""
    n = max(a.shape[0], b.shape[0])
    b, a = b / a[0], a / a[0]
    b = np.concatenate([b, np.zeros(n - b.shape[0])])
    a = np.concatenate([a, np.zeros(n - a.shape[0])])
    # (I - A) zi = b[1:] - a[1:] b[0], A the transposed companion matrix of a.
    shift = np.eye(n - 1) - np.eye(n - 1, k=1)
    corner = np.reshape(np.eye(n - 1)[0], (1, n - 1)) if n > 1 else np.zeros((1, 0))
    matrix = shift + np.reshape(a[1:], (-1, 1)) * corner
    return np.linalg.solve(matrix, b[1:] - a[1:] * b[0])


@composite("signal")
def sosfiltfilt(sos: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None) -> Any:
    sos, x = as_floats(sos), as_floats(x)
    axis = axis_of(axis, x.ndim)
    known = known_numbers(sos, "sosfiltfilt", "give padlen=") if padlen is None else None
    order = 2 * sos.shape[0] + 1
    if known is not None:  # SciPy leaves out the sections of first order.
        order -= int(min((known[:, 2] == 0).sum(), (known[:, 5] == 0).sum()))
    y, n = _extended("sosfiltfilt", x, axis, padtype, padlen, order)
    states: list[Any] = []
    gain: Any = 1.0
    for k in range(sos.shape[0]):
        b, a = sos[k, :3], sos[k, 3:]
        states.append(gain * _steady_state(b, a))
        gain = gain * (np.sum(b) / np.sum(a))
    zi = np.stack(states)
    for _ in range(2):
        first = y[along(axis, slice(0, 1))]
        y, _final = sosfilt(sos, y, axis, _scaled(zi, first, axis, x.ndim))
        y = np.flip(y, axis)
    return y[along(axis, slice(n, y.shape[axis] - n))]


@composite("signal")
def hilbert(x: Any, N: Any = None, axis: int = -1) -> Any:
    x = as_floats(x)
    axis = axis_of(axis, x.ndim)
    n = x.shape[axis] if N is None else int(N)
    h = np.zeros(n, x.dtype)
    h[0] = 1
    h[1 : (n + 1) // 2] = 2
    if n % 2 == 0:
        h[n // 2] = 1
    shaped = np.reshape(h, [-1 if k == axis else 1 for k in range(x.ndim)])
    return np.fft.ifft(np.fft.fft(x, n, axis) * shaped, axis=axis)


@composite("signal")
def resample(
    x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time"
) -> Any:
    if t is not None or window is not None or domain != "time":
        raise TypeError("resample: t=, window= and domain= cannot be recorded")
    x = as_floats(x)
    if x.dtype.kind == "c":
        raise TypeError("resample: complex values cannot be recorded")
    axis = axis_of(axis, x.ndim)
    n, num = x.shape[axis], int(num)
    spectrum = np.fft.rfft(x, axis=axis)
    least = min(n, num)
    kept = spectrum[along(axis, slice(0, least // 2 + 1))]
    if least % 2 == 0 and n != num:
        # The frequency at the middle stands for two where there is room for both.
        factor = np.ones(kept.shape[axis])
        factor[-1] = 2.0 if num < n else 0.5
        kept = kept * np.reshape(factor, [-1 if k == axis else 1 for k in range(x.ndim)])
    return (np.fft.irfft(kept, num, axis) * (num / n)).astype(x.dtype)


@composite("signal")
def upfirdn(
    h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant",
    cval: Any = 0,
) -> Any:  # fmt: skip
    if mode != "constant" or cval != 0:
        raise TypeError("upfirdn: mode= and cval= cannot be recorded")
    h, x = as_floats(h), as_floats(x)
    axis = axis_of(axis, x.ndim)
    moved = np.moveaxis(x, axis, -1)
    stuffed = np.zeros(up)
    stuffed[0] = 1
    wide = np.reshape(moved[..., None] * stuffed, (*moved.shape[:-1], -1))
    wide = wide[..., : (moved.shape[-1] - 1) * up + 1]
    sides = [(0, 0)] * (wide.ndim - 1) + [(h.shape[0] - 1, h.shape[0] - 1)]
    padded = np.pad(wide, sides)
    n = padded.shape[-1] - h.shape[0] + 1
    total: Any = 0.0
    for k in range(h.shape[0]):
        start = h.shape[0] - 1 - k
        total = total + h[k] * padded[..., start : start + n]
    return np.moveaxis(total[..., ::down], -1, axis).astype(np.result_type(h.dtype, x.dtype))
