"""Results own memory that is used again, and `memory` reports what a run takes."""

from __future__ import annotations

import gc
import json
import pickle
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy._core.multiarray import get_handler_name

import dualtape as dt

LARGE = 1 << 17  # float64 entries: 1 MiB, above the size from which blocks are kept

double = dt.jit(lambda x: x * 2.0)


def in_a_fresh_process(code: str) -> Any:
    prelude = """
        import gc, json, resource
        import numpy as np
        import dualtape as dt
        def faults():
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        def resident():
            with open("/proc/self/statm") as f:
                return int(f.read().split()[1]) * resource.getpagesize()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


needs_proc = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="2026-11-22: reads /proc, which only Linux has"
)


@pytest.mark.parametrize("n", [1, 100, LARGE, 3 * LARGE + 1])
def test_results_are_ordinary_arrays(n: int) -> None:
    x = np.arange(float(n))
    results = [double(x) for _ in range(3)]
    for a in results:
        assert a.flags.owndata
        assert a.flags.writeable
        assert a.flags.c_contiguous
        assert a.base is None
        np.testing.assert_array_equal(a, 2 * x)
    for k, a in enumerate(results):
        a[:] = k
    for k, a in enumerate(results):
        assert np.all(a == k)


def test_only_large_results_have_kept_memory() -> None:
    assert get_handler_name(double(np.ones(LARGE))) == "dualtape_blocks"
    assert get_handler_name(double(np.ones(100))) == "default_allocator"
    # The handler is set for that one allocation only.
    assert get_handler_name(np.ones(LARGE)) == "default_allocator"
    assert double(np.ones(LARGE)).ctypes.data % 64 == 0


def test_memory_is_used_again() -> None:
    x = np.ones(LARGE)
    dt.clear_caches()
    first = double(x)
    address = first.ctypes.data
    del first
    assert double(x).ctypes.data == address


@needs_proc
def test_a_large_result_costs_no_page_faults() -> None:
    counts = in_a_fresh_process("""
        f = dt.jit(lambda x: np.cumsum(np.cumsum(x) * 2.0)[::-1] + 1.0)  # arrays in the arena, too
        x = np.ones(4_000_000)
        f(x)
        before = faults()
        for _ in range(5):
            f(x)
        print(json.dumps(faults() - before))
    """)
    # A fresh 32 MB array alone has 16 faults with huge pages, 8000 without.
    assert counts < 16


@needs_proc
def test_clear_caches_gives_kept_memory_back() -> None:
    before, kept, after = in_a_fresh_process("""
        f = dt.jit(lambda x: x * 2.0)
        x = np.ones(10_000_000)
        dt.clear_caches()
        gc.collect()
        before = resident()
        f(x)
        kept = resident()
        dt.clear_caches()
        print(json.dumps([before, kept, resident()]))
    """)
    assert kept - before > 60_000_000
    assert after - before < 10_000_000


@needs_proc
def test_what_is_kept_is_bounded_and_nothing_leaks() -> None:
    sizes = in_a_fresh_process("""
        f = dt.jit(lambda x: x * 2.0)
        def use():
            for n in range(1, 12):
                results = [f(np.ones(n * 500_000)) for _ in range(3)]
                results[0].resize(n * 100_000, refcheck=False)
                results[1].resize(n * 700_000, refcheck=False)
            del results
            return resident()
        print(json.dumps([use() for _ in range(6)]))
    """)
    assert sizes[-1] - sizes[1] < 50_000_000
    assert sizes[-1] < 600_000_000


def test_results_survive_clear_caches() -> None:
    x = np.arange(float(LARGE))
    y = double(x)
    dt.clear_caches()
    np.testing.assert_array_equal(y, 2 * x)
    z = double(x)
    del y
    dt.clear_caches()
    np.testing.assert_array_equal(z, 2 * x)


@pytest.mark.parametrize("n", [0, 1, 1000, LARGE - 5, LARGE, LARGE + 1, 3 * LARGE, 20 * LARGE])
def test_resize_keeps_what_fits(n: int) -> None:
    y = double(np.arange(1.0, LARGE + 1))
    y.resize(n, refcheck=False)  # numpy.ndarray.resize fills up with zeros
    m = min(n, LARGE)
    np.testing.assert_array_equal(y[:m], 2 * np.arange(1.0, m + 1))
    assert not np.any(y[m:])
    y[:] = 1.0
    y.resize(LARGE, refcheck=False)
    assert np.all(y[: min(n, LARGE)] == 1.0)


def test_results_pickle_and_copy() -> None:
    x = np.arange(float(LARGE))
    y = double(x)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(y, protocol=5)), 2 * x)
    np.testing.assert_array_equal(np.require(y, requirements=["F", "O"]), 2 * x)
    view = y[10:20]
    del y
    gc.collect()
    other = double(x + 1)  # takes nothing that the view still reads
    np.testing.assert_array_equal(view, 2 * x[10:20])
    np.testing.assert_array_equal(other, 2 * x + 2)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8, np.complex128])
def test_large_strided_arguments_are_read_right(dtype: Any, threads: int) -> None:
    before = dt.get_num_threads()
    dt.set_num_threads(threads)
    base = (np.arange(2 * 301 * 1009).reshape(2, 301, 1009) % 100).astype(dtype)
    views = [
        base.T,
        base[:, :, ::3],
        base[::-1, ::-1, ::-1],
        base.transpose(1, 0, 2),
        base.transpose(2, 0, 1)[:, :, ::-1],
        np.broadcast_to(base[:, :1], base.shape),
        np.broadcast_to(base[0, 0, 0], base.shape),
        base.astype(np.dtype(dtype).newbyteorder()).T,
    ]
    f = dt.jit(lambda x: x + x)
    for view in views:
        np.testing.assert_array_equal(f(view), view + view)
        captured = dt.jit(lambda t, view=view: t * view)(dtype(2))
        np.testing.assert_array_equal(captured, dtype(2) * view)
    dt.set_num_threads(before)


def test_results_may_be_freed_by_another_thread() -> None:
    x = np.arange(float(LARGE))
    handed = [double(x + k) for k in range(20)]

    def consume() -> None:
        while handed:
            y = handed.pop()
            np.testing.assert_array_equal(y - 2 * x, np.full(LARGE, y[0]))

    with ThreadPoolExecutor(3) as pool:
        for task in [pool.submit(consume) for _ in range(3)]:
            task.result()


def test_threads_share_the_kept_memory() -> None:
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        try:
            held: list[tuple[int, Any]] = []
            for k in range(60):
                n = int(rng.integers(1, 4 * LARGE))
                held.append((k, double(np.full(n, float(k)))))
                if len(held) > 4:
                    marked, array = held.pop(int(rng.integers(5)))
                    assert np.all(array == 2 * marked)
                if k % 20 == 7:
                    dt.clear_caches()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


@needs_proc
def test_results_live_until_the_interpreter_ends() -> None:
    assert (
        in_a_fresh_process("""
        import sys
        class Late:
            def __init__(self, array):
                self.array = array
            def __del__(self):
                self.array[:] = 1.0
                self.array = None
        kept = Late(dt.jit(lambda x: x * 2.0)(np.ones(1_000_000)))
        sys.kept = Late(dt.jit(lambda x: x * 3.0)(np.ones(1_000_000)))
        print(json.dumps("done"))
    """)
        == "done"
    )


def test_memory_of_an_elementwise_gradient_has_no_temporaries() -> None:
    f = dt.jit(dt.grad(lambda x: np.sum(np.tanh(x) * np.exp(x))))
    reports = [f.memory(np.ones(n)) for n in (1000, 100_000)]
    for n, m in zip((1000, 100_000), reports, strict=True):
        assert (m.arguments, m.results, m.captured) == (8 * n, 8 * n, 0)
        assert m.temporary < 1000  # a few numbers
        assert m.peak == m.arguments + m.results + m.temporary + m.scratch
    assert reports[1].scratch < 100_000  # blocks for the cache, whatever the size


def test_memory_of_matrix_products_counts_what_is_alive_together() -> None:
    n = 100
    a = np.ones((n, n))
    matrix = 8 * n * n
    chain = dt.jit(lambda x: x @ x @ x @ x @ x)  # one product is read, the next one written
    m = chain.memory(a)
    assert (m.arguments, m.results) == (matrix, matrix)
    assert matrix <= m.temporary <= 2 * matrix + 1000

    def loss(x: Any) -> Any:
        for _ in range(6):
            x = np.tanh(x @ a)
        return np.sum(x)

    m = dt.jit(dt.grad(loss)).memory(a)
    assert m.captured == matrix
    assert 6 * matrix <= m.temporary <= 9 * matrix  # what the pullback reads of each layer


def test_memory_reads_as_text() -> None:
    m = dt.Memory(arguments=8_000_000, captured=0, results=999_999, temporary=1500, scratch=64)
    assert str(m) == (
        "peak 9.0 MB: arguments 8.0 MB, captured 0 B, results 1.0 MB, "
        "temporary 1.5 kB, scratch 64 B"
    )
    with pytest.raises(AttributeError):
        m.results = 1  # type: ignore[misc]
