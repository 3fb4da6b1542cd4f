"""Timing side by side: contestants run in turns on one core, medians are compared."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

ROUNDS = 15
# One contestant runs this long in a round, in seconds, or once if once takes longer.
SECONDS_PER_ROUND = 0.01
# A slow contestant runs in fewer rounds, to stay below this in all.
SECONDS_IN_ALL = 2.0
clock = time.perf_counter


def use_processor_time() -> None:
    """On a busy machine: seconds of this process alone. Its threads are one."""
    global clock
    clock = time.process_time


class Timing(NamedTuple):
    """Seconds of one run: median, fastest and slowest round."""

    median: float
    fastest: float
    slowest: float


def pin_to_one_core(core: int | None = None) -> int | None:
    """Keep this process on one core: no contestant may profit from threads or migration."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = min(os.sched_getaffinity(0)) if core is None else core
    os.sched_setaffinity(0, {core})
    return core


def seconds_of(run: Callable[[], object], repetitions: int) -> float:
    start = clock()
    for _ in range(repetitions):
        run()
    return (clock() - start) / repetitions


def side_by_side(
    contestants: dict[str, Callable[[], object]], rounds: int = ROUNDS
) -> dict[str, Timing]:
    """Time all contestants in turns, so that a slow spell of the machine meets all of them."""
    repetitions, turns = {}, {}
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    for name, run in contestants.items():
        once = seconds_of(run, 1)
        if once > SECONDS_IN_ALL:
            repetitions[name], turns[name], samples[name] = 1, 0, [once]
            continue
        once = min(once, seconds_of(run, 1))
        repetitions[name] = max(1, int(SECONDS_PER_ROUND / max(once, 1e-9)))
        turns[name] = rounds if once < 0.05 else min(rounds, max(3, int(SECONDS_IN_ALL / once)))
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            for name, run in contestants.items():
                if turn < turns[name]:
                    samples[name].append(seconds_of(run, repetitions[name]))
    finally:
        gc.enable()
    return {name: Timing(statistics.median(s), min(s), max(s)) for name, s in samples.items()}
