"""scipy.signal: convolutions and recursive filters."""

from __future__ import annotations

import operator
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from ..numpy._arguments import along, as_array, as_floats, axes_of, axis_of
from ..numpy._products import dot_windows
from ._dispatch import composite, scipy_function

# From so many products of pairs on the transforms of both cost less.
_MANY_PAIRS = 1 << 16
_SHORT = 32


def correlated_windows(a: Any, v: Any, axes: list[int]) -> Any:
    """Products of v with every window of its shape in a; the other axes broadcast.

    One scaled slice for each entry of v, or one sum for each window where these are fewer.
    """
    if a.ndim == 1:
        return dot_windows(a, v)
    lengths = [v.shape[k] for k in axes]
    counts = [a.shape[k] - n + 1 for k, n in zip(axes, lengths, strict=True)]

    def cut(x: Any, place: tuple[int, ...], shape: list[int]) -> Any:
        key = [slice(None)] * x.ndim
        for k, start, n in zip(axes, place, shape, strict=True):
            key[k] = slice(start, start + n)
        return x[tuple(key)]

    if prod(lengths) <= prod(counts):
        ones = [1] * len(axes)
        terms = (cut(v, at, ones) * cut(a, at, counts) for at in np.ndindex(*lengths))
        return reduce(operator.add, terms)
    sums = [np.sum(cut(a, at, lengths) * v, axis=tuple(axes)) for at in np.ndindex(*counts)]
    stacked = np.stack(sums)
    together = np.reshape(stacked, (*counts, *stacked.shape[1:]))
    return np.moveaxis(together, range(len(axes)), axes)


def _padded(a: Any, v: Any, axes: list[int]) -> Any:
    """Zeros around a, so that every overlap with v is a window."""
    return np.pad(a, [(v.shape[k] - 1,) * 2 if k in axes else (0, 0) for k in range(a.ndim)])


def _cropped(full: Any, shape: tuple[int, ...], axes: list[int]) -> Any:
    """The middle part of this shape."""
    for k in axes:
        start = (full.shape[k] - shape[k]) // 2
        full = full[along(k, slice(start, start + shape[k]))]
    return full


def _convolve(name: str, a: Any, v: Any, mode: str, axes: Any, fourier: bool = False) -> Any:
    a, v = as_array(a), as_array(v)
    if a.ndim != v.ndim:
        raise ValueError(f"{name}: arrays must have as many axes, got {a.shape} and {v.shape}")
    if a.ndim == 0:
        return a * v
    chosen = axes_of(axes, a.ndim)
    if mode not in ("full", "same", "valid"):
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")
    first = a.shape
    if any(v.shape[k] > a.shape[k] for k in chosen):
        if mode == "valid" and any(v.shape[k] < a.shape[k] for k in chosen):
            raise ValueError(
                "For 'valid' mode, one must be at least as large as the other in every dimension"
            )
        if all(v.shape[k] >= a.shape[k] for k in chosen):
            a, v = v, a
    if fourier and _is_large(a, v, chosen):
        full = _by_fourier(a, v, chosen)
        inner = tuple(abs(p - q) + 1 for p, q in zip(a.shape, v.shape, strict=True))
        return (
            full if mode == "full" else _cropped(full, first if mode == "same" else inner, chosen)
        )
    turned = v[tuple(slice(None, None, -1) if k in chosen else slice(None) for k in range(v.ndim))]
    if mode == "valid":
        return correlated_windows(a, turned, chosen)
    full = correlated_windows(_padded(a, v, chosen), turned, chosen)
    return full if mode == "full" else _cropped(full, first, chosen)


def _is_large(a: Any, v: Any, axes: list[int]) -> bool:
    """Whether transforms cost less than the products of all pairs."""
    first, second = (prod(x.shape[k] for k in axes) for x in (a, v))
    return bool(first * second > _MANY_PAIRS and min(first, second) >= _SHORT)


def _by_fourier(a: Any, v: Any, axes: list[int]) -> Any:
    """The whole convolution by the transforms of both, as SciPy's."""
    next_fast_len = scipy_function("fft", "next_fast_len")
    lengths = [next_fast_len(a.shape[k] + v.shape[k] - 1) for k in axes]
    is_complex = a.dtype.kind == "c" or v.dtype.kind == "c"
    forward, back = (np.fft.fftn, np.fft.ifftn) if is_complex else (np.fft.rfftn, np.fft.irfftn)
    full = back(forward(a, lengths, axes) * forward(v, lengths, axes), lengths, axes)
    for k in axes:
        full = full[along(k, slice(0, a.shape[k] + v.shape[k] - 1))]
    return full.astype(np.result_type(a.dtype, v.dtype))


@composite("signal")
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    a, v = as_array(in1), as_array(in2)
    floating = a.dtype.kind in "fc" and v.dtype.kind in "fc"
    return _convolve("convolve", a, v, mode, None, fourier=floating and method != "direct")


@composite("signal")
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    return _convolve("fftconvolve", as_floats(in1), as_floats(in2), mode, axes, True)


@composite("signal")
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    return _convolve("oaconvolve", as_floats(in1), as_floats(in2), mode, axes, True)


def conjugate(x: Any) -> Any:
    return np.conj(x) if x.dtype.kind == "c" else x


@composite("signal")
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    a, v = as_array(in1), conjugate(as_array(in2))
    back = (slice(None, None, -1),) * v.ndim
    if mode == "valid" and any(p < q for p, q in zip(a.shape, v.shape, strict=True)):
        # The windows are those of in2; the result goes the other way.
        return _convolve("correlate", v, a[back], mode, None)[back]
    return _convolve("correlate", a, v[back], mode, None)


@composite("signal")
def convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    a, v = as_array(in1), as_array(in2)
    if a.ndim != 2 or v.ndim != 2:
        raise ValueError("convolve2d inputs must both be 2-D arrays")
    if boundary == "fill" and isinstance(fillvalue, int | float) and fillvalue == 0:
        return _convolve("convolve2d", a, v, mode, None)
    modes = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}
    if boundary not in modes:
        raise ValueError("Acceptable boundary flags are 'fill', 'circular' (or 'wrap'), and "
                         "'symmetric' (or 'symm').")  # fmt: skip
    options = {"constant_values": fillvalue} if boundary == "fill" else {}
    widths = [(n - 1, n - 1) for n in v.shape]
    wide = np.pad(a, widths, modes[boundary], **options)  # type: ignore[call-overload]
    full = correlated_windows(wide, v[::-1, ::-1], [0, 1])
    if mode == "full":
        return full
    if mode == "same":
        return _cropped(full, a.shape, [0, 1])
    if mode != "valid":
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")
    return _convolve("convolve2d", a, v, mode, None)


@composite("signal")
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    b, a, x = np.atleast_1d(as_floats(b)), np.atleast_1d(as_floats(a)), as_floats(x)
    axis = axis_of(axis, x.ndim)
    b, a = b / a[0], a / a[0]
    x = np.moveaxis(x, axis, 0)
    order = max(a.shape[0], b.shape[0]) - 1
    before = np.zeros((b.shape[0] - 1, *x.shape[1:]), x.dtype)
    u = dot_windows(np.concatenate([before, x]), b[::-1]) if x.shape[0] else b[0] * x
    state = None if zi is None else np.moveaxis(as_floats(zi), axis, 0)
    if state is not None and order:
        # What the state holds comes out one entry with each sample.
        n = min(order, x.shape[0])
        u = np.concatenate([u[:n] + state[:n], u[n:] + np.zeros((), state.dtype)])
    y = _recursive(a, u)
    if state is None:
        return np.moveaxis(y, 0, axis)
    return np.moveaxis(y, 0, axis), np.moveaxis(_final_state(b, a, x, y, state), 0, axis)


def _delayed_sum(c: Any, x: Any, step: int) -> Any:
    """sum_k c[k] x[n - k step] over k > 0, and x[n]: zeros before the start, and c[0] is one."""
    n, total = x.shape[0], x
    for k in range(1, min(c.shape[0], -(-n // step))):
        lag = k * step
        total = np.concatenate([total[:lag], total[lag:] + c[k] * x[: n - lag]])
    return total


def _recursive(a: Any, u: Any) -> Any:
    """y with sum_k a[k] y[n - k] = u[n] and a[0] = 1, in log2(n) steps over the whole array.

    With the delay z, a(z) a(-z) = a'(z^2), whose roots are the squares of those of a. So
    y = u / a(z) is a(-z) u / a'(z^2), and so on until the delay is longer than the array. Its
    rounding is that of the recurrence: both have the roots of the rounded coefficients.
    Source of a': the root-squaring of Dandelin, Lobachevsky and Graeffe.
    """
    signs = (-1.0) ** np.arange(a.shape[0])
    y, step = u, 1
    while step < u.shape[0] and a.shape[0] > 1:
        turned = a * signs.astype(a.dtype)
        y = _delayed_sum(turned, y, step)
        a = np.convolve(turned, a)[::2]
        step *= 2
    return y


def _final_state(b: Any, a: Any, x: Any, y: Any, state: Any) -> Any:
    """What the delays of the transposed direct form II hold after the last sample."""
    n, order = x.shape[0], state.shape[0]
    entries = []
    for k in range(order):
        held = state[k + n] if k + n < order else 0 * state[k]
        for j in range(k + 1, min(order, k + n) + 1):
            at = n - (j - k)
            held = held + (b[j] * x[at] if j < b.shape[0] else 0)
            held = held - (a[j] * y[at] if j < a.shape[0] else 0)
        entries.append(held)
    return np.stack(entries) if entries else state + 0 * np.sum(x[:0])


@composite("signal")
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    sos = as_floats(sos)
    if zi is None:
        for k in range(sos.shape[0]):
            x = lfilter(sos[k, :3], sos[k, 3:], x, axis)
        return x
    states, zi = [], as_floats(zi)
    for k in range(sos.shape[0]):
        x, state = lfilter(sos[k, :3], sos[k, 3:], x, axis, zi[k])
        states.append(state)
    return x, np.stack(states)


@composite("signal")
def detrend(
    data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False
) -> Any:
    x = as_floats(data)
    if type in ("constant", "c"):
        return x - np.mean(x, axis=axis, keepdims=True)
    if type not in ("linear", "l") or np.any(np.asarray(bp) != 0):
        raise TypeError("detrend: breakpoints cannot be recorded; type is 'linear' or 'constant'")
    axis = axis_of(axis, x.ndim)
    n = x.shape[axis]
    ramp = np.arange(1, n + 1) / n
    basis, _ = np.linalg.qr(np.stack([ramp, np.ones(n)], axis=1))
    moved = np.moveaxis(x, axis, -1)
    trend = np.matmul(np.matmul(moved, basis), basis.T)
    return np.moveaxis(moved - trend.astype(x.dtype), -1, axis)
