"""scipy.linalg for traced values: matrices built from vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numpy import linalg as _linalg
from ..numpy._arguments import as_array
from ._dispatch import composite


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
