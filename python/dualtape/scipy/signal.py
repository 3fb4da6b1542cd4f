"""scipy.signal for traced values: convolutions and filters."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numpy._arguments import along, as_array, as_floats, axes_of, axis_of
from ._dispatch import composite, hand_on


def _windows(x: Any, shape: list[int], axes: list[int]) -> Any:
    """Every window of a shape along the axes, the windows' own axes last."""
    for k, n in zip(axes, shape, strict=True):
        count = x.shape[k] - n + 1
        x = x[along(k, np.arange(count)[:, None] + np.arange(n))]
        x = np.moveaxis(x, k + 1, -1)
    return x


def _correlated(a: Any, v: Any, axes: list[int]) -> Any:
    """Products of v with every window of its shape in a; the other axes broadcast."""
    lengths = [v.shape[k] for k in axes]
    windows = _windows(a, lengths, axes)
    rest = [k for k in range(v.ndim) if k not in axes]
    weights = np.transpose(v, [*rest, *axes])
    # The axes of v that do not slide, in their places; those that do, last.
    shape = [1 if k in axes else v.shape[k] for k in range(v.ndim)]
    weights = np.reshape(weights, (*shape, *lengths))
    last = tuple(range(windows.ndim - len(axes), windows.ndim))
    if not rest:
        flat = np.reshape(windows, (*windows.shape[: -len(axes)], -1))
        return np.matmul(flat, np.ravel(weights))
    return np.sum(windows * weights, axis=last)


def _padded(a: Any, v: Any, axes: list[int]) -> Any:
    """Zeros around a, so that every overlap with v is a window."""
    return np.pad(a, [(v.shape[k] - 1,) * 2 if k in axes else (0, 0) for k in range(a.ndim)])


def _cropped(full: Any, shape: tuple[int, ...], axes: list[int]) -> Any:
    """The middle part of this shape."""
    for k in axes:
        start = (full.shape[k] - shape[k]) // 2
        full = full[along(k, slice(start, start + shape[k]))]
    return full


def _convolve(name: str, a: Any, v: Any, mode: str, axes: Any) -> Any:
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
    turned = v[tuple(slice(None, None, -1) if k in chosen else slice(None) for k in range(v.ndim))]
    if mode == "valid":
        return _correlated(a, turned, chosen)
    full = _correlated(_padded(a, v, chosen), turned, chosen)
    return full if mode == "full" else _cropped(full, first, chosen)


@composite("signal")
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    return _convolve("convolve", in1, in2, mode, None)


@composite("signal")
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    return _convolve("fftconvolve", as_floats(in1), as_floats(in2), mode, axes)


@composite("signal")
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    return _convolve("oaconvolve", as_floats(in1), as_floats(in2), mode, axes)


@composite("signal")
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    a, v = as_array(in1), as_array(in2)
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
    full = _correlated(wide, v[::-1, ::-1], [0, 1])
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
    order = max(a.shape[0], b.shape[0])
    b = np.concatenate([b, np.zeros(order - b.shape[0], b.dtype)])
    a = np.concatenate([a, np.zeros(order - a.shape[0], a.dtype)])
    x = np.moveaxis(x, axis, 0)
    state = None if zi is None else list(np.moveaxis(as_floats(zi), axis, 0))
    if state is None:
        state = [np.zeros_like(x[0]) if x.shape[0] else np.zeros(x.shape[1:])] * (order - 1)
    if order == 1:
        outputs = [b[0] * x[i] for i in range(x.shape[0])]
    else:
        outputs = _direct_form(b, a, x, state)
    y = np.stack(outputs) if outputs else x
    y = np.moveaxis(y, 0, axis)
    if zi is None:
        return y
    return y, np.moveaxis(np.stack(state), 0, axis) if state else np.moveaxis(x[:0], 0, axis)


def _direct_form(b: Any, a: Any, x: Any, state: list[Any]) -> list[Any]:
    """Transposed direct form II, as SciPy: one step of the recurrence for each sample."""
    outputs = []
    for i in range(x.shape[0]):
        y = b[0] * x[i] + state[0]
        shifted = [*state[1:], 0.0]
        state[:] = [b[k + 1] * x[i] + shifted[k] - a[k + 1] * y for k in range(len(state))]
        outputs.append(y)
    return outputs


@composite("signal")
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    if zi is not None:
        raise TypeError("sosfilt: zi= cannot be recorded")
    sos = as_floats(sos)
    for k in range(sos.shape[0]):
        x = lfilter(sos[k, :3], sos[k, 3:], x, axis)
    return x


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


__getattr__ = hand_on("signal")
