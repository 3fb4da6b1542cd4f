"""Threads: how many, the same bits for any number, forks, several callers at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = dt.get_num_threads()
    yield
    dt.set_num_threads(before)


def test_number_of_threads() -> None:
    for n in (1, 2, 256):
        dt.set_num_threads(n)
        assert dt.get_num_threads() == n
    for wrong in (0, -1, 257):
        with pytest.raises(ValueError, match=f"1 to 256 threads, got {wrong}"):
            dt.set_num_threads(wrong)
    with pytest.raises(TypeError):
        dt.set_num_threads(2.0)  # type: ignore[arg-type]
    assert dt.get_num_threads() == 256


def python(code: str, **environment: str) -> Any:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_number_of_threads_from_the_environment() -> None:
    code = "import dualtape as dt; print(dt.get_num_threads())"
    assert python(code, DUALTAPE_NUM_THREADS="3").stdout == "3\n"
    for wrong in ("0", "two", "", "257", "2.5"):
        done = python(code, DUALTAPE_NUM_THREADS=wrong)
        assert done.returncode != 0
        assert "DUALTAPE_NUM_THREADS" in done.stderr


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="2026-11-22: only Linux has affinity masks"
)
def test_number_of_threads_is_that_of_usable_cpus() -> None:
    code = """
import os
os.environ.pop("DUALTAPE_NUM_THREADS", None)
import dualtape as dt
cpus = os.sched_getaffinity(0)
{restrict}
print(dt.get_num_threads(), len(os.sched_getaffinity(0)))
"""
    for restrict in ("", "os.sched_setaffinity(0, [min(cpus)])"):
        done = python(code.format(restrict=restrict))
        threads, cpus = map(int, done.stdout.split())
        assert threads == cpus


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="2026-11-22: reads /proc, which only Linux has"
)
def test_threads_start_when_they_are_needed() -> None:
    code = """
import os
import numpy as np
import dualtape as dt
f = dt.jit(lambda x: np.sum(np.sin(x) * x))
def started(n):
    f(np.ones(n))
    return len(os.listdir("/proc/self/task")) - before
before = len(os.listdir("/proc/self/task"))
print(started(1000), started(1_000_000))
dt.set_num_threads(2)
print(started(1_000_000))
"""
    assert python(code, DUALTAPE_NUM_THREADS="3").stdout.split() == ["0", "2", "1"]


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


# Each large enough that its steps are shared; sizes that no piece divides.
PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "elementwise": (lambda x: np.sin(x) * np.exp(x) + np.tanh(x), (normal(300_001),)),
    "several results": (lambda x: (x * 2, np.exp(x), np.sum(x)), (normal(300_001),)),
    "total": (lambda x: np.sum(np.sin(x) * x), (normal(1_000_003),)),
    "total of few chunks": (lambda x: np.sum(np.exp(np.sin(x) * x)), (normal(100_129),)),
    "total float32": (lambda x: np.sum(np.exp(x)), (normal(700_001).astype(np.float32),)),
    "extrema": (lambda x: (np.max(np.sin(x)), np.min(x), np.prod(1 + x / 1e6)), (normal(500_003),)),
    "integers": (lambda x: np.sum(x * x), (np.arange(1_000_001),)),
    "rows": (lambda x: np.sum(np.sin(x), axis=1), (normal(1003, 517),)),
    "long rows": (lambda x: np.sum(np.sin(x), axis=1), (normal(7, 100_003),)),
    "short rows": (lambda x: np.sum(np.sin(x), axis=1), (normal(100_003, 3),)),
    "columns": (lambda x: np.sum(np.sin(x), axis=0), (normal(1003, 517),)),
    "long columns": (lambda x: np.sum(np.sin(x), axis=0), (normal(100_003, 5),)),
    "few rows": (lambda x: np.sum(np.sin(x), axis=0), (normal(5, 100_003),)),
    "row and column": (
        lambda x: (np.sum(np.sin(x), axis=0), np.sum(x, axis=1), np.sum(x)),
        (normal(1003, 517),),
    ),
    "softmax": (
        lambda x: (
            np.exp(x - np.max(x, axis=1)[:, None])
            / np.sum(np.exp(x - np.max(x, axis=1)[:, None]), axis=1)[:, None]
        ),
        (normal(1003, 517),),
    ),
    "broadcasts": (
        lambda x, y: np.sum(np.tanh(x[:, None] * y[None, :]), axis=1),
        (normal(1003), normal(517)),
    ),
    "transposed": (lambda x: np.exp(x.T) + np.sin(x), (normal(701, 701),)),
    "transposed input": (lambda x: np.exp(x) * 2, (normal(1001, 503).T,)),
    "matrix product": (lambda x, y: x @ y, (normal(301, 257), normal(257, 403))),
    "matrix product, transposed": (lambda x, y: x.T @ y.T, (normal(257, 301), normal(403, 257))),
    "matrix product float32": (
        lambda x, y: x @ y,
        (normal(301, 257).astype(np.float32), normal(257, 403).astype(np.float32)),
    ),
    "tall matrix product": (lambda x, y: x @ y, (normal(20_003, 57), normal(57, 5))),
    "wide matrix product": (lambda x, y: x @ y, (normal(5, 57), normal(57, 20_003))),
    "matrix times vector": (lambda x, y: x @ y, (normal(2003, 1001), normal(1001))),
    "vector times matrix": (lambda x, y: y @ x, (normal(1001, 2003), normal(1001))),
    "products of one matrix": (
        lambda x, y, z: (x @ y, z @ x),
        (normal(2051, 2049), normal(2049), normal(2051)),
    ),
    "one pass over a matrix": (
        dt.value_and_grad(lambda w, a: np.sum(np.log(1 + np.exp(a @ w)))),
        (normal(203), normal(9001, 203)),
    ),
    "products of a batch": (lambda x, y: x @ y, (normal(2003, 13, 17), normal(2003, 17, 11))),
    "solves": (lambda a, b: dnp.linalg.solve(a, b), (normal(3001, 6, 6), normal(3001, 6, 2))),
    "inverses": (lambda a: np.linalg.inv(a), (normal(1001, 9, 9),)),
    "determinants": (lambda a: np.linalg.det(a), (normal(3001, 6, 6),)),
    "take": (lambda x: x[np.arange(300_001)[::-1] % 977], (normal(977, 3),)),
    "Hessian": (dt.hessian(lambda x: np.sum(np.sin(x) ** 2)), (normal(1001),)),
    "Jacobian": (dt.jacobian(lambda x: np.tanh(normal(1001, 403) @ x)), (normal(403),)),
    "gradient of a network": (
        dt.grad(lambda w, x: np.sum(np.tanh(np.tanh(x @ w) @ w.T) ** 2)),
        (normal(301, 203), normal(499, 301)),
    ),
}


def tolerance(x: Any) -> float:
    return 1e-4 if x.dtype == np.float32 else 1e-10


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_bits_for_any_number_of_threads(name: str) -> None:
    fun, args = PROGRAMS[name]
    f = dt.jit(fun)
    results = {}
    for n in (1, 2, 3):
        dt.set_num_threads(n)
        results[n] = [f(*args) for _ in range(2)]
    leaves = [np.asarray(x) for x in dt.ravel_pytree(results)[0].reshape(6, -1)]
    for other in leaves[1:]:
        assert other.tobytes() == leaves[0].tobytes()
    assert np.all(np.isfinite(leaves[0]))
    # Outside a recording the same functions are NumPy's.
    wanted = dt.ravel_pytree(fun(*args))[0]
    np.testing.assert_allclose(leaves[0], wanted, rtol=tolerance(wanted), atol=tolerance(wanted))


def test_several_threads_call_at_once() -> None:
    dt.set_num_threads(2)
    gradient = dt.jit(dt.grad(lambda x: np.sum(np.sin(x) * x)))
    product = dt.jit(lambda a: a @ a.T)
    points = [normal(200_000, seed=k) for k in range(6)]
    matrices = [normal(200, 300, seed=k) for k in range(6)]
    wanted = [(gradient(x), product(a)) for x, a in zip(points, matrices, strict=True)]

    def work(k: int) -> None:
        for _ in range(5):
            assert gradient(points[k]).tobytes() == wanted[k][0].tobytes()
            assert product(matrices[k]).tobytes() == wanted[k][1].tobytes()

    with ThreadPoolExecutor(4) as pool:
        for task in [pool.submit(work, k) for k in range(6)]:
            task.result()


def test_an_error_of_a_shared_step_is_raised() -> None:
    a = normal(3001, 6, 6)
    a[1700] = 0.0
    f = dt.jit(lambda a: np.linalg.inv(a))
    for n in (1, 2):
        dt.set_num_threads(n)
        with pytest.raises(np.linalg.LinAlgError):
            f(a)
    a[1700] = np.eye(6)
    np.testing.assert_allclose(f(a)[1700], np.eye(6))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="2026-11-22: this system has no fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    dt.set_num_threads(2)
    x = normal(500_000)
    f = dt.jit(dt.grad(lambda x: np.sum(np.sin(x) * x)))
    wanted = f(x)
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            f(x)

    other = threading.Thread(target=keep_busy)
    other.start()
    try:
        for _ in range(4):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads
                child = os.fork()
            if child == 0:
                signal.alarm(60)  # hanging is failing
                good = all(f(x).tobytes() == wanted.tobytes() for _ in range(3))
                os._exit(0 if good else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        other.join()
    assert f(x).tobytes() == wanted.tobytes()
