"""scipy.fft for traced values.

Without a traced argument each function is SciPy's own. `workers`, `plan` and `overwrite_x` have no
effect. SciPy's own names take traced values where this module is the backend:

>>> import scipy.fft
>>> with scipy.fft.set_backend(dt.scipy.fft):
...     dt.grad(lambda x: np.sum(scipy.fft.dct(x) ** 2))(np.array([1.0, 2.0, 3.0]))
array([36., 48., 60.])

The sine and cosine transforms are Fourier transforms of extended sequences:

    dct 1   y_k = x_0 + (-1)^k x_(n-1) + 2 sum cos(pi k j / (n - 1)) x_j
    dct 2   y_k = 2 sum cos(pi k (2 j + 1) / 2n) x_j
    dct 3   y_k = x_0 + 2 sum cos(pi (2 k + 1) j / 2n) x_j
    dct 4   y_k = 2 sum cos(pi (2 k + 1)(2 j + 1) / 4n) x_j
    dst 1   y_k = 2 sum sin(pi (k + 1)(j + 1) / (n + 1)) x_j
    dst 2 to 4: the dct of the same type, reversed and with every second sign changed
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..numpy import fft as _fft
from ..numpy._arguments import as_array
from ..numpy._dispatch import has_tracer
from ._dispatch import composite, hand_on

__ua_domain__ = "numpy.scipy.fft"


def __ua_function__(method: Any, args: Any, kwargs: Any) -> Any:
    """SciPy's protocol of backends: the next one computes with plain arrays."""
    ours = globals().get(method.__name__)
    if ours is None or not (has_tracer(args) or has_tracer(list(kwargs.values()))):
        return NotImplemented
    return ours(*args, **kwargs)


def _of_one_axis(name: str) -> Callable[..., Any]:
    transform = getattr(_fft, name)

    def traced(
        x: Any,
        n: int | None = None,
        axis: int = -1,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: Any = None,
    ) -> Any:
        return transform(x, n, axis, norm)

    traced.__name__ = name
    return composite("fft")(traced)


def _listed(x: Any) -> list[int] | None:
    return None if x is None else [x] if np.ndim(x) == 0 else list(x)


def _sizes_and_axes(x: Any, s: Any, axes: Any) -> tuple[list[int] | None, list[int] | None]:
    """One number stands for a list of one; sizes alone are those of the last axes."""
    sizes, places = _listed(s), _listed(axes)
    if places is None and sizes is not None:
        places = list(range(np.ndim(x) - len(sizes), np.ndim(x)))
    return sizes, places


def _of_axes(
    name: str, axes: tuple[int, int] | None, transform: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    run = getattr(_fft, name) if transform is None else transform

    def traced(
        x: Any,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = axes,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: Any = None,
    ) -> Any:
        return run(x, *_sizes_and_axes(x, s, axes), norm)

    traced.__name__ = name
    return composite("fft")(traced)


fft, ifft = _of_one_axis("fft"), _of_one_axis("ifft")
rfft, irfft = _of_one_axis("rfft"), _of_one_axis("irfft")
hfft, ihfft = _of_one_axis("hfft"), _of_one_axis("ihfft")
fft2, ifft2 = _of_axes("fft2", (-2, -1)), _of_axes("ifft2", (-2, -1))
rfft2, irfft2 = _of_axes("rfft2", (-2, -1)), _of_axes("irfft2", (-2, -1))
fftn, ifftn = _of_axes("fftn", None), _of_axes("ifftn", None)
rfftn, irfftn = _of_axes("rfftn", None), _of_axes("irfftn", None)


_OTHER_WAY = {None: "forward", "backward": "forward", "forward": "backward"}


def _hermitian(x: Any, sizes: Any, places: Any, norm: str | None) -> Any:
    """A forward transform to real values is the inverse one of the conjugate numbers."""
    return _fft.irfftn(np.conjugate(as_array(x)), sizes, places, _OTHER_WAY.get(norm, norm))


def _inverse_hermitian(x: Any, sizes: Any, places: Any, norm: str | None) -> Any:
    return np.conjugate(_fft.rfftn(as_array(x), sizes, places, _OTHER_WAY.get(norm, norm)))


hfft2, hfftn = _of_axes("hfft2", (-2, -1), _hermitian), _of_axes("hfftn", None, _hermitian)
ihfft2 = _of_axes("ihfft2", (-2, -1), _inverse_hermitian)
ihfftn = _of_axes("ihfftn", None, _inverse_hermitian)


@composite("fft")
def fftshift(x: Any, axes: Any = None) -> Any:
    return _fft.fftshift(x, axes)


@composite("fft")
def ifftshift(x: Any, axes: Any = None) -> Any:
    return _fft.ifftshift(x, axes)


def _turns(x: Any, n: int, parts: int, odd: bool) -> Any:
    """exp(-i pi j / parts) for j < n, or for the first n odd j; in the type that x asks for."""
    j = 2 * np.arange(n) + 1 if odd else np.arange(n)
    return np.exp(-1j * np.pi * j / parts).astype(
        np.complex64 if x.dtype == np.float32 else np.complex128
    )


def _cosine(x: Any, kind: int) -> Any:
    """The unscaled transform of the last axis."""
    n = x.shape[-1]
    if kind == 1:
        if n < 2:
            raise ValueError(f"dct: type 1 needs at least 2 points, got {n}")
        return np.fft.rfft(np.concatenate([x, x[..., -2:0:-1]], axis=-1)).real
    if kind == 2:
        both = np.concatenate([x, x[..., ::-1]], axis=-1)
        return (np.fft.rfft(both)[..., :n] * _turns(x, n, 2 * n, odd=False)).real
    if kind == 3:
        z = x * np.conjugate(_turns(x, n, 2 * n, odd=False))
        return _fft.irfft(z, 2 * n, -1, "forward")[..., :n]
    z = _fft.fft(x * _turns(x, n, 4 * n, odd=True), 2 * n)[..., :n]
    return 2 * (z * _turns(x, n, 2 * n, odd=False)).real


def _sine(x: Any, kind: int) -> Any:
    n = x.shape[-1]
    if kind == 1:
        zero = np.zeros_like(x[..., :1])
        return -np.fft.rfft(np.concatenate([zero, x, zero, -x[..., ::-1]], axis=-1)).imag[..., 1:-1]
    sign = np.where(np.arange(n) % 2, -1, 1).astype(x.dtype)
    if kind == 2:
        return _cosine(x * sign, 2)[..., ::-1]
    return sign * _cosine(x[..., ::-1], kind)


def _ends_scaled(x: Any, first: Any, last: Any) -> Any:
    """The first and the last entry of each line times these."""
    factor = np.ones(x.shape[-1])
    factor[0] *= first
    factor[-1] *= last
    return x * factor.astype(x.dtype)


# The last axis for an orthogonal matrix: factors of the first and last entry of x, and of y.
_ROOT = np.sqrt(2)
_ORTHOGONAL = {
    ("dct", 1): ((_ROOT, _ROOT), (1 / _ROOT, 1 / _ROOT)),
    ("dct", 2): ((1, 1), (1 / _ROOT, 1)),
    ("dct", 3): ((_ROOT, 1), (1, 1)),
    ("dst", 2): ((1, 1), (1, 1 / _ROOT)),
    ("dst", 3): ((1, _ROOT), (1, 1)),
}


def _transformed(
    name: str, x: Any, kind: int, n: Any, axis: int, norm: Any, orthogonalize: Any
) -> Any:
    inverse, family = name.startswith("i"), name.removeprefix("i").removesuffix("n")
    if kind not in (1, 2, 3, 4):
        raise ValueError(f"{name}: type must be 1, 2, 3 or 4, got {kind!r}")
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f"{name}: norm must be 'backward', 'ortho' or 'forward', got {norm!r}")
    x = as_array(x)
    if x.dtype.kind == "c":
        raise TypeError(f"{name}: real values are wanted, got {x.dtype}; transform both parts")
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    axis = _fft._axis(x, axis)
    x = np.moveaxis(_fft._resized(name, x, n, axis), axis, -1)
    if inverse:
        kind = {2: 3, 3: 2}.get(kind, kind)
    if orthogonalize is None:
        orthogonalize = norm == "ortho"
    ends, result_ends = _ORTHOGONAL.get((family, kind), ((1, 1), (1, 1)))
    if orthogonalize and ends != (1, 1):
        x = _ends_scaled(x, *ends)
    y = _cosine(x, kind) if family == "dct" else _sine(x, kind)
    if orthogonalize and result_ends != (1, 1):
        y = _ends_scaled(y, *result_ends)
    length = 2 * (x.shape[-1] + (0 if kind > 1 else -1 if family == "dct" else 1))
    if norm == "ortho":
        y = y * float(1 / np.sqrt(length))
    elif (norm == "forward") != inverse:
        y = y * (1 / length)
    return np.moveaxis(y, -1, axis)


def _trigonometric(name: str) -> Callable[..., Any]:
    def traced(
        x: Any,
        type: int = 2,
        n: int | None = None,
        axis: int = -1,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        orthogonalize: bool | None = None,
    ) -> Any:
        return _transformed(name, x, type, n, axis, norm, orthogonalize)

    traced.__name__ = name
    return composite("fft")(traced)


def _trigonometric_of_axes(name: str) -> Callable[..., Any]:
    def traced(
        x: Any,
        type: int = 2,
        s: Any = None,
        axes: Any = None,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        orthogonalize: bool | None = None,
    ) -> Any:
        x = as_array(x)
        sizes, places = _sizes_and_axes(x, s, axes)
        if places is None:
            places = list(range(x.ndim))
        if sizes is not None and len(sizes) != len(places):
            raise ValueError(f"{name}: s and axes must be of one length, got {s} and {axes}")
        for n, axis in zip(sizes or itertools.repeat(None), places, strict=False):
            x = _transformed(name, x, type, n, axis, norm, orthogonalize)
        return x

    traced.__name__ = name
    return composite("fft")(traced)


dct, idct = _trigonometric("dct"), _trigonometric("idct")
dst, idst = _trigonometric("dst"), _trigonometric("idst")
dctn, idctn = _trigonometric_of_axes("dctn"), _trigonometric_of_axes("idctn")
dstn, idstn = _trigonometric_of_axes("dstn"), _trigonometric_of_axes("idstn")


__getattr__ = hand_on("fft")
