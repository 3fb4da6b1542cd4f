"""scipy.linalg for traced values: matrices built from vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numpy import linalg as _linalg
from ..numpy._arguments import as_array
from ._dispatch import composite, hand_on


def _refuse(name: str, **given: Any) -> None:
    for word, value in given.items():
        if value:
            raise TypeError(f"{name}: {word}= cannot be recorded")


@composite("linalg")
def block_diag(*arrs: Any) -> Any:
    blocks = [np.atleast_2d(as_array(x)) for x in arrs] or [np.zeros((1, 0))]
    width = sum(b.shape[-1] for b in blocks)
    rows, before = [], 0
    for block in blocks:
        if block.ndim != 2:
            raise ValueError(f"block_diag: blocks must be matrices, got shape {block.shape}")
        after = width - before - block.shape[1]
        rows.append(np.pad(block, ((0, 0), (before, after))))
        before += block.shape[1]
    return np.concatenate(rows)


@composite("linalg")
def toeplitz(c: Any, r: Any = None) -> Any:
    c = np.ravel(as_array(c))
    row = (np.conjugate(c) if c.dtype.kind == "c" else c) if r is None else np.ravel(as_array(r))
    n, m = c.shape[0], row.shape[0]
    line = np.concatenate([c[::-1], row[1:]])
    return line[(n - 1) - np.arange(n)[:, None] + np.arange(m)]


@composite("linalg")
def circulant(c: Any) -> Any:
    c = as_array(c)
    n = c.shape[-1]
    return c[..., (np.arange(n)[:, None] - np.arange(n)) % n]


@composite("linalg")
def hankel(c: Any, r: Any = None) -> Any:
    c = np.ravel(as_array(c))
    row = np.zeros_like(c) if r is None else np.ravel(as_array(r))
    line = np.concatenate([c, row[1:]])
    return line[np.arange(c.shape[0])[:, None] + np.arange(row.shape[0])]


@composite("linalg")
def companion(a: Any) -> Any:
    a = as_array(a)
    n = a.shape[-1]
    first = -a[..., 1:] / a[..., :1]
    below = np.broadcast_to(np.eye(n - 2, n - 1, dtype=a.dtype), (*a.shape[:-1], n - 2, n - 1))
    return np.concatenate([first[..., None, :], below], axis=-2)


@composite("linalg")
def leslie(f: Any, s: Any) -> Any:
    f, s = as_array(f), as_array(s)
    return np.concatenate([f[None, :], np.pad(np.diag(s), ((0, 0), (0, 1)))])


@composite("linalg")
def fiedler(a: Any) -> Any:
    a = as_array(a)
    return np.absolute(a[..., :, None] - a[..., None, :])


@composite("linalg")
def khatri_rao(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    return np.reshape(a[..., :, None, :] * b[..., None, :, :],
                      (*a.shape[:-2], a.shape[-2] * b.shape[-2], a.shape[-1]))  # fmt: skip


@composite("linalg")
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    return _linalg.norm(a, ord, axis, keepdims)


@composite("linalg")
def inv(a: Any, overwrite_a: bool = False, check_finite: bool = True, **options: Any) -> Any:
    _refuse("inv", **options)
    return _linalg.inv(a)


@composite("linalg")
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return _linalg.det(a).astype(np.float64)  # As SciPy, also of float32.


@composite("linalg")
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: Any = None,
    transposed: bool = False,
) -> Any:
    a, b = as_array(a), as_array(b)
    if assume_a in ("pos", "sym", "her", "symmetric", "hermitian", "positive definite"):
        half = np.tril(a) if lower else np.triu(a)
        rest = np.tril(a, -1) if lower else np.triu(a, 1)
        a = half + np.swapaxes(rest, -1, -2)
    elif assume_a not in (None, "gen", "general"):
        raise TypeError(f"solve: assume_a={assume_a!r} cannot be recorded")
    return _linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)


@composite("linalg")
def solve_banded(l_and_u: Any, ab: Any, b: Any, **options: Any) -> Any:
    below, above = (int(k) for k in l_and_u)
    ab = as_array(ab)
    n = ab.shape[-1]
    if ab.shape[-2] != below + above + 1:
        raise ValueError(
            f"solve_banded: ab must have {below + above + 1} rows, got shape {ab.shape}"
        )
    i, j = np.arange(n)[:, None], np.arange(n)
    band = above + i - j
    inside = (band >= 0) & (band < below + above + 1)
    full = np.where(inside, ab[..., np.clip(band, 0, below + above), j], 0)
    return _linalg.solve(full, b)


@composite("linalg")
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    return _linalg.solve(toeplitz(c, r).astype(np.float64), b)


@composite("linalg")
def solve_circulant(c: Any, b: Any, **options: Any) -> Any:
    return _linalg.solve(circulant(c), b)


__getattr__ = hand_on("linalg")
