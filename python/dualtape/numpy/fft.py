"""numpy.fft for traced values.

Derivatives are transforms again: the matrix of a discrete Fourier transform is symmetric.

>>> import dualtape.numpy as dnp
>>> dt.grad(lambda x: np.sum(abs(dnp.fft.rfft(x)) ** 2))(np.array([1.0, 2.0, 3.0]))
array([ 9., 12., 15.])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import _core
from .._core import Tracer, UnsupportedFunctionError
from ._dispatch import composite

_FORWARD = {None: 0, "backward": 0, "ortho": 2, "forward": 1}
_INVERSE = {None: 1, "backward": 1, "ortho": 2, "forward": 0}


def _scale(norm: Any, inverse: bool) -> int:
    """What the transform is multiplied with: 1, 1 / n or 1 / sqrt(n)."""
    table = _INVERSE if inverse else _FORWARD
    if norm not in table:
        raise ValueError(f"norm must be 'backward', 'ortho' or 'forward', got {norm!r}")
    return table[norm]


def _prepared(name: str, a: Any, out: Any, kind: str) -> Any:
    """The array in the element type to transform: "c" complex, "f" real."""
    if out is not None:
        raise UnsupportedFunctionError(f"{name}: out= cannot be recorded; use the result")
    if not isinstance(a, Tracer):
        a = _core.array(a)
    if kind == "f" and a.dtype.kind == "c":
        raise TypeError(f"{name}: real values are wanted, got {a.dtype}; take their .real")
    single = a.dtype in (np.float32, np.complex64)
    wanted = np.dtype(kind + str((4 if single else 8) * (2 if kind == "c" else 1)))
    return a if a.dtype == wanted else a.astype(wanted)


def _resized(name: str, a: Any, n: Any, axis: int) -> Any:
    """`axis` cut or filled with zeros to the length n."""
    if n is None:
        n = a.shape[axis]
    if n < 1:
        raise ValueError(f"{name}: invalid number of data points ({n}) specified")
    length = a.shape[axis]
    lead = (slice(None),) * axis
    if n < length:
        return a[(*lead, slice(0, n))]
    if n == length:
        return a
    shape = (*a.shape[:axis], n - length, *a.shape[axis + 1 :])
    return np.concatenate([a, np.zeros(shape, a.dtype)], axis=axis)


def _axis(a: Any, axis: Any) -> int:
    position, rank = int(axis), int(a.ndim)
    if not -rank <= position < rank:
        raise np.exceptions.AxisError(position, rank)
    return position % rank


def _complex(name: str, a: Any, n: Any, axis: Any, norm: Any, out: Any, inverse: bool) -> Any:
    a = _prepared(name, a, out, "c")
    axis = _axis(a, axis)
    return _core.fourier(_resized(name, a, n, axis), axis, _scale(norm, inverse), inverse)


def _to_real(name: str, a: Any, n: Any, axis: Any, scale: int, out: Any) -> Any:
    a = _prepared(name, a, out, "c")
    axis = _axis(a, axis)
    n = 2 * (a.shape[axis] - 1) if n is None else n
    if n < 1:
        raise ValueError(f"{name}: invalid number of data points ({n}) specified")
    return _core.fourier_to_real(_resized(name, a, n // 2 + 1, axis), axis, scale, n)


@composite(np.fft.fft)
def fft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return _complex("fft", a, n, axis, norm, out, False)


@composite(np.fft.ifft)
def ifft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return _complex("ifft", a, n, axis, norm, out, True)


@composite(np.fft.rfft)
def rfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    a = _prepared("rfft", a, out, "f")
    axis = _axis(a, axis)
    return _core.fourier_of_real(_resized("rfft", a, n, axis), axis, _scale(norm, False))


@composite(np.fft.irfft)
def irfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return _to_real("irfft", a, n, axis, _scale(norm, True), out)


@composite(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    # The result is real: the forward transform of a is the inverse one of its conjugate.
    return _to_real("hfft", np.conj(a), n, axis, _scale(norm, False), out)


@composite(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    a = _prepared("ihfft", a, out, "f")
    axis = _axis(a, axis)
    a = _resized("ihfft", a, n, axis)
    return np.conj(_core.fourier_of_real(a, axis, _scale(norm, True)))


def _lengths(name: str, a: Any, s: Any, axes: Any) -> tuple[list[int], list[int]]:
    """Lengths along the axes as they are given, the last axes if only lengths are."""
    if axes is None:
        axes = range(np.ndim(a)) if s is None else range(-len(s), 0)
    axes = [int(axis) for axis in axes]
    if s is None:
        lengths = [np.shape(a)[axis] for axis in axes]
    else:
        if len(s) != len(axes):
            raise ValueError(f"{name}: s and axes must have the same length, got {s} and {axes}")
        pairs = zip(s, axes, strict=True)
        lengths = [np.shape(a)[axis] if n in (-1, None) else int(n) for n, axis in pairs]
    return lengths, axes


def _over_axes(
    transform: Callable[..., Any], name: str, a: Any, s: Any, axes: Any, norm: Any, out: Any
) -> Any:
    a = _prepared(name, a, out, "c")
    lengths, axes = _lengths(name, a, s, axes)
    for n, axis in zip(reversed(lengths), reversed(axes), strict=True):
        a = transform(a, n, axis, norm)
    return a


@composite(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    return _over_axes(fft, "fftn", a, s, axes, norm, out)


@composite(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    return _over_axes(ifft, "ifftn", a, s, axes, norm, out)


@composite(np.fft.fft2)
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    return _over_axes(fft, "fft2", a, s, axes, norm, out)


@composite(np.fft.ifft2)
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    return _over_axes(ifft, "ifft2", a, s, axes, norm, out)


def _rfftn(name: str, a: Any, s: Any, axes: Any, norm: Any, out: Any) -> Any:
    a = _prepared(name, a, out, "f")
    lengths, axes = _lengths(name, a, s, axes)
    a = rfft(a, lengths[-1], axes[-1], norm)
    return _over_axes(fft, name, a, lengths[:-1], axes[:-1], norm, None)


@composite(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    return _rfftn("rfftn", a, s, axes, norm, out)


@composite(np.fft.rfft2)
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    return _rfftn("rfft2", a, s, axes, norm, out)


def _irfftn(name: str, a: Any, s: Any, axes: Any, norm: Any, out: Any) -> Any:
    a = _prepared(name, a, out, "c")
    lengths, axes = _lengths(name, a, s, axes)
    if s is None or s[-1] in (-1, None):
        lengths[-1] = 2 * (a.shape[axes[-1]] - 1)
    a = _over_axes(ifft, name, a, lengths[:-1], axes[:-1], norm, None)
    return irfft(a, lengths[-1], axes[-1], norm)


@composite(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    return _irfftn("irfftn", a, s, axes, norm, out)


@composite(np.fft.irfft2)
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    return _irfftn("irfft2", a, s, axes, norm, out)


def _shifted(x: Any, axes: Any, sign: int) -> Any:
    if axes is None:
        axes = range(x.ndim)
    elif not isinstance(axes, Sequence):
        axes = (axes,)
    return np.roll(x, [sign * (x.shape[axis] // 2) for axis in axes], tuple(axes))


@composite(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    return _shifted(x, axes, 1)


@composite(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    return _shifted(x, axes, -1)


# Frequencies are numbers: nothing to differentiate in but the spacing, which NumPy divides by.
fftfreq = np.fft.fftfreq
rfftfreq = np.fft.rfftfreq
