"""What a call costs beside its arithmetic: nanoseconds for each stage, from arguments to results.

    python bench/python/calls.py

Times are the best of many short windows, so that other processes on the machine count little; each
function's answer is compared with NumPy's first. docs/performance.md explains the table.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
import dualtape.numpy as dnp
from dualtape._core import Recorder, clear_caches

WINDOW = 2e-4  # seconds: shorter than the time slice of a busy machine
X = np.arange(1.0, 11.0)


def nanoseconds(f: Callable[[], Any], windows: int = 200) -> float:
    f()
    start = time.perf_counter()
    f()
    n = max(1, int(WINDOW / (time.perf_counter() - start)))
    best = np.inf
    for _ in range(windows):
        start = time.perf_counter()
        for _ in range(n):
            f()
        best = min(best, (time.perf_counter() - start) / n)
    return 1e9 * best


def show(what: str, ns: float, unit: str = "ns") -> None:
    print(f"  {what:58s} {ns:10.1f} {unit}")


def rosenbrock(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_gradient(x: Any) -> Any:
    """By hand, in NumPy."""
    g = np.zeros_like(x)
    a = x[1:] - x[:-1] ** 2
    g[:-1] = -400 * x[:-1] * a - 2 * (1 - x[:-1])
    g[1:] += 200 * a
    return g


def square_sum(x: Any) -> Any:
    return (x * x).sum()


def tree_sum(tree: Any) -> Any:
    leaves = tree.values() if isinstance(tree, dict) else tree
    return sum((leaf * leaf).sum() for leaf in leaves)


# ---------------------------------------------------------------- jit


def jitted_calls() -> None:
    print("jit: one call, all told")
    gradient = dt.jit(dt.grad(square_sum))
    np.testing.assert_array_equal(gradient(X), 2 * X)
    both = dt.jit(dt.value_and_grad(square_sum))
    scalar = dt.jit(lambda x: x * x)
    pair = dt.jit(lambda a, b: a + b)
    named = dt.jit(lambda x, k: x * k)
    branch = dt.jit(lambda x: x * 2 if x > 0 else -x)
    show("an empty Python function, for comparison", nanoseconds(lambda: (lambda x: None)(X)))
    show("x * x of a float", nanoseconds(lambda: scalar(3.0)))
    show("a + b of two arrays", nanoseconds(lambda: pair(X, X)))
    show("the same, one by name", nanoseconds(lambda: named(X, k=X)))
    show("a branch that is checked", nanoseconds(lambda: branch(2.0)))
    show("grad of sum(x * x)", nanoseconds(lambda: gradient(X)))
    show("value_and_grad of sum(x * x)", nanoseconds(lambda: both(X)))
    print("jit: a further leaf of the argument, beyond its arithmetic and its result")
    for kind in (list, dict):
        few, many = (np.ones(3) for _ in range(10)), (np.ones(3) for _ in range(60))
        trees = [
            list(leaves) if kind is list else {f"w{k}": leaf for k, leaf in enumerate(leaves)}
            for leaves in (few, many)
        ]
        first = dt.jit(lambda t: (next(iter(t.values())) if isinstance(t, dict) else t[0]) + 1)
        times = [nanoseconds(lambda t=t, f=first: f(t)) for t in trees]
        show(f"of a {kind.__name__}", (times[1] - times[0]) / 50)


# ---------------------------------------------------------------- without jit


def stages(f: Callable[[Any], Any]) -> None:
    """Times of the public pieces that grad's one call is made of, each beyond the one before."""

    def recorded() -> Any:
        with Recorder("r") as r:
            f(r.input(X))

    def finished() -> Any:
        with Recorder("r") as r:
            return r.finish((f(r.input(X)),))

    def opened() -> Any:
        with Recorder("r") as r:
            r.input(X)

    known = finished()
    found = known.grad((0,))
    times = [nanoseconds(g) for g in (opened, recorded, finished)]
    show("open a recording, trace the argument", times[0])
    show("record", times[1] - times[0])
    show("close, hash the structure, find it", times[2] - times[1])
    show("find the derivative", nanoseconds(lambda: known.grad((0,))))
    show("check arguments, run, make the result", nanoseconds(found.run))


def recorded_calls() -> None:
    cases = {"sum(x * x)": square_sum, "Rosenbrock, n = 10": rosenbrock}
    np.testing.assert_allclose(dt.grad(rosenbrock)(X), rosenbrock_gradient(X))
    for name, f in cases.items():
        print(f"no jit: grad of {name}")
        stages(f)
        gradient, jitted = dt.grad(f), dt.jit(dt.grad(f))
        show("all in one call", nanoseconds(lambda g=gradient: g(X)))
        show("with jit", nanoseconds(lambda g=jitted: g(X)))
    show("Rosenbrock's gradient by hand in NumPy", nanoseconds(lambda: rosenbrock_gradient(X)))
    print("no jit: other ways to call")
    tree = {f"w{k}": np.ones(3) for k in range(10)}
    calls: dict[str, Callable[[], Any]] = {
        "value_and_grad in two arguments": lambda: dt.value_and_grad(
            lambda a, b: (a * b).sum(), argnums=(0, 1)
        )(X, X),
        "grad in a dict of 10 arrays (20 operations)": lambda: dt.grad(tree_sum)(tree),
        "jvp of sum(x * x)": lambda: dt.jvp(square_sum, (X,), (X,)),
        "vjp of sum(x * x)": lambda: dt.vjp(square_sum, X),
        "hvp of sum(x * x)": lambda: dt.hvp(square_sum, (X,), (X,)),
        "jacobian of x * x": lambda: dt.jacobian(lambda x: x * x)(X),
        "vmap of x * x": lambda: dt.vmap(lambda x: x * x)(X),
    }
    for what, call in calls.items():
        show(what, nanoseconds(call))


# ---------------------------------------------------------------- recording


def recording(x: Any, operation: Callable[[Any], Any]) -> float:
    """Of one operation, the loop around it taken off."""

    def run(body: Callable[[Any], Any]) -> None:
        with Recorder("r") as r:
            t = r.input(x)
            for _ in range(1000):
                body(t)

    return (nanoseconds(lambda: run(operation)) - nanoseconds(lambda: run(lambda t: t))) / 1000


def recorded_operations() -> None:
    print("recording one operation")
    matrix, vector, number = np.ones((4, 4)), np.ones(3), 1.37
    operations: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "t + t, Python numbers": (2.0, lambda t: t + t),
        "t + t, shape (4, 4)": (matrix, lambda t: t + t),
        "t * 1.37": (vector, lambda t: t * number),
        "t ** 2": (vector, lambda t: t**2),
        "t + u, shapes (4, 4) and (4,)": (matrix, lambda t: t + row),
        "dualtape.numpy.sin(t)": (vector, dnp.sin),
        "dualtape.numpy.sum(t)": (vector, dnp.sum),
        "t.sum()": (vector, lambda t: t.sum()),
        "numpy.sin(t)": (vector, np.sin),
        "numpy.sum(t)": (vector, np.sum),
        "array * t": (vector, lambda t: vector * t),
        "t @ t, shape (4, 4)": (matrix, lambda t: t @ t),
        "t[0]": (vector, lambda t: t[0]),
        "t[1:]": (vector, lambda t: t[1:]),
        "t[i, j]": (matrix, lambda t: t[1, 2]),
    }
    row = np.ones(4)
    for what, (x, operation) in operations.items():
        show(what, recording(x, operation))


# ---------------------------------------------------------------- first calls


def chain(n: int) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        y = x
        for k in range(n // 4):
            y = y * 1.0001 + x * 0.5 - y / 3.0 if k % 2 else y - x * 0.25 + x
        return y

    return f


def first_calls() -> None:
    print("first call of grad beyond its recording (scalar operations)")
    for n in (10, 1000, 100_000):
        f = chain(n)
        rounds = 5 if n > 10_000 else 40
        best = {"record": np.inf, "first": np.inf}
        for _ in range(rounds):
            clear_caches()
            start = time.process_time()
            with Recorder("r") as r:
                f(r.input(1.5))
                size = r.size
            best["record"] = min(best["record"], time.process_time() - start)
            start = time.process_time()
            dt.grad(f)(1.5)
            best["first"] = min(best["first"], time.process_time() - start)
        beyond = best["first"] - best["record"]
        show(f"{size} operations", 1e6 * beyond, "us")
        show("  an operation", 1e9 * beyond / size)


def first_in_a_process() -> None:
    print("the first call in a process, the import of NumPy apart")
    code = (
        "import time, numpy as np; s = time.perf_counter(); import dualtape as dt;"
        "i = time.perf_counter(); x = np.ones(3); dt.grad(lambda x: (x * x).sum())(x);"
        "c = time.perf_counter(); print(1e3 * (i - s), 1e3 * (c - i))"
    )
    runs = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(5)]
    times = np.array([line.split() for line in runs], float).min(axis=0)
    show("import dualtape", times[0], "ms")
    show("the first gradient", times[1], "ms")


if __name__ == "__main__":
    jitted_calls()
    recorded_calls()
    recorded_operations()
    first_calls()
    first_in_a_process()
