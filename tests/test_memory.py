"""Long recordings, memory, threads, and arrays that change under a recording."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp

N_OPERATIONS = 100_000

# Bytes are counted in a fresh process: what other tests left in the allocator would hide them.
PRELUDE = """
import gc, json, resource
import numpy as np
import dualtape as dt

def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize()

def peak():
    # Not ru_maxrss: a child inherits its parent's.
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

def chain(n):
    def f(x):
        for _ in range(n // 2):
            x = x * 1.0000001
            x = x + 1e-9
        return x
    return f

dt.grad(chain(100))(1.0)
"""


def in_a_fresh_process(code: str) -> Any:
    script = PRELUDE + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


needs_proc = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="2026-11-22: reads /proc, which only Linux has"
)


@needs_proc
def test_gradient_of_many_scalar_operations_takes_at_most_300_bytes_each() -> None:
    n = 3 * N_OPERATIONS
    result = in_a_fresh_process(f"""
        n = {n}
        start = resident()  # not peak(), which importing may have left higher
        slope = float(dt.grad(chain(n))(1.0))
        print(json.dumps([slope, (peak() - start) / n]))
    """)
    slope, bytes_per_operation = result
    assert slope == pytest.approx(1.0000001 ** (n // 2), rel=1e-9)
    assert bytes_per_operation <= 300


@needs_proc
def test_memory_is_given_back() -> None:
    # Long enough that what the allocator keeps for later is small beside it.
    result = in_a_fresh_process(f"""
        n = {5 * N_OPERATIONS}
        def run():
            dt.grad(chain(n))(1.0)
            dt.clear_caches()
            gc.collect()
            return resident()
        before = resident()
        after = [run() for _ in range(4)]
        print(json.dumps([before, after, peak()]))
    """)
    before, after, peak = result
    assert after[-1] <= after[0] * 1.1
    assert after[-1] - before <= 0.1 * (peak - before) + 2**20


@needs_proc
def test_abandoned_recordings_do_not_pile_up() -> None:
    result = in_a_fresh_process("""
        def fails(x):
            chain(20_000)(x)
            raise ValueError
        def run():
            for _ in range(5):
                try:
                    dt.grad(fails)(1.0)
                except ValueError:
                    pass
            gc.collect()
            return resident()
        print(json.dumps([run() for _ in range(4)]))
    """)
    assert result[-1] <= result[0] * 1.1


@pytest.mark.parametrize("kind", ["chain", "array", "calls"])
def test_deep_programs_do_not_overflow_the_stack(kind: str) -> None:
    n = N_OPERATIONS if kind == "chain" else 3000

    def f(x: Any) -> Any:
        for _ in range(n):
            if kind == "chain":
                x = x * 1.0
            elif kind == "array":
                x = x[::-1] * 0.999
            else:
                x = x - 1e-9 * dt.grad(lambda y: y * y)(x)
        return np.sum(x)

    # A thread's small stack shows recursion that the main thread's would hide.
    results: list[Any] = []

    def run() -> None:
        x = np.ones(3) if kind == "array" else 1.0
        results.append(dt.grad(f)(x))
        if kind == "array":
            results.append(dt.jvp(dt.grad(f), (x,), (x,))[1])

    threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(0)
    wanted = {"chain": 1.0, "array": np.full(3, 0.999**n), "calls": (1 - 2e-9) ** n}[kind]
    np.testing.assert_allclose(results[0], wanted, rtol=1e-9)


def fill(n: int) -> Any:
    def f(x: Any) -> Any:
        y = dnp.zeros(n)
        for k in range(n):
            y[k] = x * k
        return y[n - 1] + np.sum(y)

    return f


@needs_proc
def test_filling_entries_one_by_one_is_linear() -> None:
    # Copying n entries n times would take 8 n^2 bytes of traffic and of memory: counted as work by
    # the instructions of both programs, and by the bytes a run takes.
    sizes = (400, 800)
    listings = [dt.jit(dt.grad(fill(n))).plan(2.0) for n in sizes]
    counts = [listing.count("\n") for listing in listings]
    assert counts[1] <= 2.05 * counts[0] + 20
    assert listings[1].peak_bytes <= 2.05 * listings[0].peak_bytes + 4096
    for n in sizes:
        assert dt.grad(fill(n))(2.0) == n - 1 + n * (n - 1) / 2
    peaks = in_a_fresh_process("""
        import dualtape.numpy as dnp
        def fill(n):
            def f(x):
                y = dnp.zeros(n)
                for k in range(n):
                    y[k] = x * k
                return np.sum(y)
            return f
        start = peak()
        slopes = [float(dt.grad(fill(n))(2.0)) for n in (10_000, 20_000)]
        print(json.dumps([slopes, peak() - start]))
    """)
    assert peaks[0] == [n * (n - 1) / 2 for n in (10_000, 20_000)]
    # Quadratic memory would be 3.2 GB.
    assert peaks[1] < 20_000 * 5000


def test_two_threads_record_at_once() -> None:
    barrier = threading.Barrier(2)
    failures: list[BaseException] = []

    def work(scale: float) -> None:
        try:
            barrier.wait()
            for k in range(60):
                point = np.array([0.1 * k, scale])
                gradient = dt.grad(lambda x: np.sum(np.sin(scale * x) * x))(point)
                wanted = scale * np.cos(scale * point) * point + np.sin(scale * point)
                np.testing.assert_allclose(gradient, wanted, rtol=1e-12, atol=1e-12)
                second = dt.hessian(lambda x: np.sum(x**3) * scale)(point)
                np.testing.assert_allclose(second, np.diag(6 * scale * point), rtol=1e-12)
                with dt.Tape() as tape:
                    x = tape.watch(point)
                    y = np.sum(x * x)
                np.testing.assert_allclose(tape.grad(y, x), 2 * point)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(scale,)) for scale in (2.0, 3.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def eager_or_refused(run: Callable[[], Any], size: int) -> Any:
    """What run gives; None if it refused arrays too large to copy, saying why."""
    try:
        return run()
    except RuntimeError as error:
        large, message = size > 8192, str(error)
    assert large
    assert "chang" in message or "overw" in message
    return None


@pytest.mark.parametrize("size", [3, 20_000])
def test_buffer_overwritten_inside_the_function(size: int) -> None:
    # 20,000 entries are above the size up to which captured arrays are copied.
    def f(x: Any, buffer: Any) -> Any:
        total = 0.0
        for k in range(3):
            buffer[:] = k + 1.0
            total = total + np.sum(x * buffer)
        return total

    x = np.linspace(0.0, 1.0, size)
    buffer = np.zeros(size)
    gradient = eager_or_refused(lambda: dt.grad(lambda x: f(x, buffer))(x), size)
    if gradient is not None:
        np.testing.assert_array_equal(gradient, np.full(size, 6.0))


@pytest.mark.parametrize("size", [3, 20_000])
def test_input_overwritten_inside_the_function(size: int) -> None:
    x = np.linspace(1.0, 2.0, size)

    def f(t: Any) -> Any:
        y = t * t
        x[:] = 7.0  # eager NumPy sees this in t, a recording cannot: it must refuse
        return np.sum(y * t)

    with pytest.raises(RuntimeError, match="overwritten"):
        dt.grad(f)(x)


@pytest.mark.parametrize("size", [3, 20_000])
@pytest.mark.parametrize("transform", ["vjp", "linearize", "tape"])
def test_input_overwritten_before_the_pullback(transform: str, size: int) -> None:
    x, weight = np.linspace(1.0, 2.0, size), np.linspace(2.0, 3.0, size)
    wanted = 2 * x * weight

    def f(t: Any) -> Any:
        return t * t * weight

    if transform == "vjp":
        _, pull = dt.vjp(f, x)
        apply = lambda: pull(np.ones(size))[0]  # noqa: E731
    elif transform == "linearize":
        _, push = dt.linearize(f, x)
        apply = lambda: push(np.ones(size))  # noqa: E731
    else:
        with dt.Tape() as tape:
            t = tape.watch(x)
            y = f(t)
        apply = lambda: tape.grad(y, t, np.ones(size))  # noqa: E731
    x[:] = 0.0
    weight[:] = 0.0
    for _ in range(2):
        np.testing.assert_allclose(apply(), wanted, rtol=1e-14)


def test_results_own_their_memory() -> None:
    x = np.arange(6.0).reshape(2, 3)
    value, gradient = dt.value_and_grad(lambda x: np.sum(x))(x)
    same = dt.jit(lambda x: (x, x, x.T))(x)
    arrays = [gradient, *same]
    for a in arrays:
        assert a.flags.owndata
        assert a.flags.writeable
        assert a.flags.c_contiguous
        assert not np.shares_memory(a, x)
    for k, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in arrays[k + 1 :])
    assert value == 15.0
