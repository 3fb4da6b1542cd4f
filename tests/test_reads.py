"""No kernel reads behind the end of an operand or before its beginning: there may be no memory."""

from __future__ import annotations

import ctypes
import itertools
import mmap
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt

SIZES = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 65]


def guarded(x: Any, front: bool) -> Any:
    """A copy that ends (or begins) where the mapped memory does."""
    x = np.ascontiguousarray(x)
    page = mmap.PAGESIZE
    pages = -(-x.nbytes // page)
    memory = mmap.mmap(-1, (pages + 2) * page)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for guard in (base, base + (pages + 1) * page):
        assert protect(guard, page, 0) == 0
    start = page if front else (pages + 1) * page - x.nbytes
    y = np.frombuffer(memory, x.dtype, x.size, start).reshape(x.shape)
    y[...] = x
    return y


def products() -> Iterator[tuple[Callable[..., Any], list[tuple[int, ...]]]]:
    def product(a: Any, b: Any) -> Any:
        return a @ b

    for rows, inner, columns in itertools.product(SIZES, [1, 7, 33, 65], SIZES):
        yield product, [(rows, inner), (inner, columns)]
        yield lambda a, b: a.T @ b, [(inner, rows), (inner, columns)]
        yield lambda a, b: a @ b.T, [(rows, inner), (columns, inner)]
    for rows in [*SIZES, *range(96, 109), 1023]:
        # Packed: rows of the left operand are read as they lie.
        yield product, [(rows, 600), (600, 20)]
        yield product, [(rows, 40), (40, 300)]
        for inner in SIZES:
            yield product, [(rows, inner), (inner,)]
            yield product, [(inner,), (inner, rows)]


def joint_products() -> Iterator[tuple[Callable[..., Any], list[tuple[int, ...]]]]:
    """Of one matrix: read along cache lines."""
    for rows, columns in itertools.product([256, 257, 258, 263], [*range(256, 275), 2047, 2051]):
        for part in (slice(None), slice(1, None), slice(None, -3)):
            yield (
                lambda a, v, w, s=part: np.hstack([a[:, s] @ v[s], w @ a[:, s]]),
                [(rows, columns), (columns,), (rows,)],
            )
            yield (
                lambda a, v, s=part: np.hstack([a[:, s] @ v[s], a[:, s] @ (2 * v[s])]),
                [
                    (rows, columns),
                    (columns,),
                ],
            )


def passes() -> Iterator[tuple[Callable[..., Any], list[tuple[int, ...]]]]:
    """The rows after a block are brought to the cache, but not read."""
    for rows, columns in [(4099, 65), (1311, 201), (2049, 129), (523, 511), (4097, 71)]:
        yield lambda a, v: np.tanh(a @ v) @ a, [(rows, columns), (columns,)]
        yield lambda a, v: np.tanh(a[:, 1:] @ v) @ a[:, 1:], [(rows, columns + 1), (columns,)]


def others() -> Iterator[tuple[Callable[..., Any], list[tuple[int, ...]]]]:
    def strictly(a: Any) -> Any:
        return a @ a.T + len(a) * np.eye(len(a))

    for n, m in itertools.product([*SIZES, 129, 300], SIZES):
        yield lambda a: np.sum(a, axis=0), [(n, m)]
        yield lambda a: np.max(a, axis=0) + np.sum(a * a, axis=0), [(n, m)]
        yield lambda a: np.max(a, axis=1) + np.sum(a, axis=1), [(n, m)]
        yield lambda a, b: np.sin(a) * b + a.T.ravel()[0], [(n, m), (m,)]
        yield lambda a: np.cumsum(a, axis=0)[::-1, ::-1] + np.sort(a, axis=1), [(n, m)]
        yield lambda a, b: a.T * b, [(n, m), (m, n)]
        yield lambda a: a[::2, ::-1] * 2.0, [(n, m)]
    for n in SIZES:
        yield lambda a, b: np.linalg.solve(strictly(a), b), [(n, n), (n, 3)]
        yield lambda a: np.linalg.cholesky(a), [(n, n)]
        yield lambda a: np.linalg.eigh(a)[0], [(n, n)]
        yield lambda a: np.linalg.svd(a, full_matrices=False)[1], [(n, n + 1)]
        yield lambda a: np.fft.rfft(a, axis=0), [(n, 3)]


def check(cases: Iterator[tuple[Callable[..., Any], list[tuple[int, ...]]]]) -> None:
    random = np.random.default_rng(0)
    for k, (f, shapes) in enumerate(cases):
        dtype = np.float32 if k % 5 == 4 else np.float64
        values = [random.normal(size=shape).astype(dtype) for shape in shapes]
        if len(shapes) == 1 and shapes[0][0] == shapes[0][-1] and len(shapes[0]) == 2:
            values = [v @ v.T + len(v) * np.eye(len(v), dtype=dtype) for v in values]
        expected = f(*values)
        tolerance = 2e-4 if dtype == np.float32 else 1e-11
        actual = dt.jit(f)(*(guarded(v, front=k % 3 == 2) for v in values))
        scale = max(1.0, float(np.max(np.abs(expected))))
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale)
        if k % 200 == 199:
            dt.clear_caches()


@pytest.mark.parametrize("cases", ["products", "joint_products", "passes", "others"])
def test_operands_at_the_ends_of_memory(cases: str) -> None:
    # In a process of its own: a read too far ends it.
    code = f"import test_reads; test_reads.check(test_reads.{cases}())"
    here = Path(__file__).parent
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=here)
    assert run.returncode == 0, run.stderr[-2000:]
