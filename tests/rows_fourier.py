"""Rows of the table of functions: Fourier transforms and parts of complex numbers.

Arguments and results are real here; complex ones are in complex_cases.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from table_rows import Table, cell, row

V, A = cell(6), cell(3, 4)
TURN = complex(np.exp(0.7j))


def _pair(y: Any) -> Any:
    """Both parts of a complex result, as one real number."""
    return y.real + 2.0 * y.imag


def _transform(name: str, a: Any) -> Table:
    return {
        name: row(lambda fft, x: _pair(getattr(fft, name)(x)), a),
        f"{name} norm": row(lambda fft, x: _pair(getattr(fft, name)(x, norm="ortho")), a),
    }


NAMES = (
    *("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"),
    *("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"),
)

FOURIER: Table = {
    **{key: made for name in NAMES for key, made in _transform(name, A).items()},
    "fft length": row(lambda fft, x: _pair(fft.fft(x, 5, axis=0)), A),
    "irfft length": row(lambda fft, x: fft.irfft(x, 7), A),
    "fftn axes": row(lambda fft, x: _pair(fft.fftn(x, (2, 5), (1, 0))), A),
    "fftshift": row(lambda fft, x: fft.fftshift(x), A),
    "ifftshift": row(lambda fft, x: fft.ifftshift(x, 1), A),
}


def _trigonometric(name: str, a: Any) -> Table:
    made = {name: row(lambda fft, x: getattr(fft, name)(x), a, plain=False)}
    for kind in (1, 2, 3, 4):
        for norm in ("backward", "ortho", "forward"):
            made[f"{name} {kind} {norm}"] = row(
                lambda fft, x, k=kind, n=norm: getattr(fft, name)(x, k, norm=n), a, plain=False
            )
    return made


def _not_plain(table: Table) -> Table:
    """SciPy's names but for the shifts, which are NumPy's."""
    return {key: made._replace(plain="shift" in key) for key, made in table.items()}


SCIPY_FOURIER: Table = {
    **_not_plain(FOURIER),
    "ifftn sizes": row(lambda fft, x: _pair(fft.ifftn(x, 5)), A, plain=False),
    **{
        key: r
        for name in ("dct", "idct", "dst", "idst")
        for key, r in _trigonometric(name, A).items()
    },
    "dct length": row(lambda fft, x: fft.dct(x, 2, 6, 0), A, plain=False),
    "dst cropped": row(lambda fft, x: fft.dst(x, 3, 2), A, plain=False),
    "dct orthogonalize": row(lambda fft, x: fft.dct(x, 2, orthogonalize=True), A, plain=False),
    "idct not orthogonalize": row(
        lambda fft, x: fft.idct(x, 2, norm="ortho", orthogonalize=False), A, plain=False
    ),
    **{
        key: made._replace(plain=False)
        for name in ("hfft2", "ihfft2", "hfftn", "ihfftn")
        for key, made in _transform(name, A).items()
    },
    "hfftn sizes": row(lambda fft, x: fft.hfftn(x, (2, 5), (1, 0)), A, plain=False),
    "dctn": row(lambda fft, x: fft.dctn(x), A, plain=False),
    "idctn": row(lambda fft, x: fft.idctn(x, norm="ortho"), A, plain=False),
    "dstn": row(lambda fft, x: fft.dstn(x, 4, s=(2, 5)), A, plain=False),
    "idstn": row(lambda fft, x: fft.idstn(x, 1, axes=[0]), A, plain=False),
}

COMPLEX: Table = {
    "max": row(lambda np, a: _pair(np.max(a + TURN * a[::-1], axis=1)), A),
    "min keepdims": row(lambda np, a: _pair(np.min(a * TURN, axis=(0, 1), keepdims=True)), A),
    "sort": row(lambda np, a: _pair(np.sort(a * TURN - 1j, axis=0)), A),
    "sort_complex": row(lambda np, a: _pair(np.sort_complex(np.round(a) + 1j * a)), A),
    "partition": row(lambda np, a: _pair(np.partition(a * TURN, 11, axis=None)[11]), A),
    "maximum": row(lambda np, a: _pair(np.maximum(a * TURN, a[::-1] * (1 + 2j))), A),
    "fmin": row(lambda np, a: _pair(np.fmin(np.rint(a) + 1j * a, np.rint(a[::-1]) + 2j * a)), A),
    "clip": row(lambda np, a: _pair(np.clip(a * TURN, -0.5, 0.5 + 0.5j)), A),
    "round": row(lambda np, a: _pair(np.round(a * TURN, 1) * a), A),
    "greater": row(lambda np, a: np.greater(np.rint(a) + 1j * a, np.rint(a) + 0.1j) * a, A),
    "argmax": row(lambda np, a: a[np.arange(3), np.argmax(a * TURN, axis=1)], A),
    "roots": row(lambda np, x: np.sum(np.cos(np.roots(x))).real, V, batch=False),
    "real": row(lambda np, x: np.real(np.exp(x * TURN)), V),
    "imag": row(lambda np, x: np.imag(np.exp(x * TURN)), V),
    "conj": row(lambda np, x: np.imag(np.conj(x * TURN) * np.exp(x * TURN)), V),
    "conjugate": row(lambda np, x: np.real(np.conjugate(x * TURN) * np.exp(x * TURN)), V),
    "absolute complex": row(lambda np, x: np.absolute(x * TURN + 1j), V),
    "angle complex": row(lambda np, x: np.angle(x * TURN + 3j), V),
    "sign complex": row(lambda np, x: _pair(np.sign(x * TURN + 1j)), V),
    "vdot complex": row(lambda np, x: _pair(np.vdot(x * TURN, x[::-1] + 1j)), V),
    "var complex": row(lambda np, x: np.var(x * TURN + 1j * x**2), V),
}
