"""Costs of the library itself: recording an operation, planning an instruction, long tapes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import timing

import dualtape as dt
import dualtape.numpy as dnp
from dualtape._core import Recorder


class Cost(NamedTuple):
    """One measured number beside its budget (None: no budget)."""

    name: str
    value: float
    unit: str
    budget: float | None = None


def recording() -> list[Cost]:
    """Seconds of the Python loop with recorded operations, less those of the empty loop."""
    n, rounds = 5000, 15
    ways: dict[str, Callable[[Any], Any]] = {
        "operator": lambda x: x * x,
        "dualtape.numpy": dnp.sin,
        "plain numpy": np.sin,
        "nothing": lambda x: x,
    }
    samples: dict[str, list[float]] = {name: [] for name in ways}

    def timed(way: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            start = time.perf_counter()
            for _ in range(n):
                way(x)
            seconds.append(time.perf_counter() - start)
            return x

        return f

    for _ in range(rounds):
        for name, way in ways.items():
            seconds: list[float] = []
            dt.program(timed(way))(1.5)
            samples[name].append(seconds[0] / n)
    empty = statistics.median(samples.pop("nothing"))
    budgets = {"operator": 0.15, "dualtape.numpy": 0.15, "plain numpy": 0.5}
    return [
        Cost(
            f"record one operation, {name}",
            (statistics.median(s) - empty) * 1e6,
            "us",
            budgets[name],
        )
        for name, s in samples.items()
    ]


def planning() -> list[Cost]:
    """First run of a recorded program, which plans it, less a second one."""
    costs = []
    for n in (1000, 10_000, 100_000, 1_000_000):
        per_instruction = []
        for _ in range(3 if n > 100_000 else 9):
            dt.clear_caches()
            with Recorder("planning") as recorder:
                x = recorder.input(0.5)
                for _ in range(n // 2):
                    x = dnp.sin(x)
                    x = x + 0.5
                recording = recorder.finish([x])
            first = timing.seconds_of(recording.run, 1)
            again = timing.seconds_of(recording.run, 1)
            per_instruction.append((first - again) / n)
        value = statistics.median(per_instruction) * 1e6
        costs.append(Cost(f"plan an instruction, program of {n}", value, "us", 0.3))
    return costs


LONG_TAPE = """
import re, resource, time
import dualtape as dt

def chain(n):
    def f(x):
        for _ in range(n // 2):
            x = x * 1.0000001
            x = x + 1e-9
        return x
    return f

def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize()

def peak():
    # Not ru_maxrss: a child inherits its parent's.
    status = open("/proc/self/status").read()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) * 1024

n = 1_000_000
dt.grad(chain(100))(1.0)
before = resident()
start = time.perf_counter()
slope = dt.grad(chain(n))(1.0)
seconds = time.perf_counter() - start
assert abs(slope / 1.0000001 ** (n // 2) - 1) < 1e-8, slope
print(seconds, (peak() - before) / n)
"""


def long_tape() -> list[Cost]:
    """grad through a million recorded scalar operations, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", LONG_TAPE], capture_output=True, text=True, check=True
    )
    seconds, size = map(float, done.stdout.split())
    return [
        Cost("grad through 1e6 scalar operations", seconds, "s", 3.0),
        Cost("its memory, for each operation", size, "bytes", 300.0),
    ]


def fixed_costs() -> list[Cost]:
    """A jitted call with next to nothing to compute; each leaf of a container."""
    x = np.ones(1)
    leaves = {f"p{k}": np.ones(1) for k in range(100)}
    one = dt.jit(lambda x: x + 1.0)
    many = dt.jit(lambda p: p["p0"] + 1.0)

    def per_call(f: Callable[[Any], Any], argument: Any) -> float:
        f(argument)
        rounds = []
        for _ in range(15):
            start = time.perf_counter()
            for _ in range(500):
                f(argument)
            rounds.append((time.perf_counter() - start) / 500)
        return statistics.median(rounds)

    base = per_call(one, x)
    return [
        Cost("call of a jitted function", base * 1e6, "us", 1.5),
        Cost("each further leaf", (per_call(many, leaves) - base) / 99 * 1e6, "us", 0.05),
    ]


FAMILIES: dict[str, Callable[[], list[Cost]]] = {
    "recording": recording,
    "fixed": fixed_costs,
    "planning": planning,
    "long-tape": long_tape,
}
