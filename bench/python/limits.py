"""First calls beyond their recording, and what a second thread brings."""

from __future__ import annotations

import gc
import os
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import peers
import timing
from costs import Cost
from workloads import dynamics, elementwise, linear, networks, scalars
from workloads import statistics as likelihoods

import dualtape as dt
from dualtape._core import Recorder


def recorded(f: Callable[..., Any], arguments: Any) -> tuple[float, int]:
    """Seconds to record f, and its operations."""
    start = timing.clock()
    with Recorder("first call") as recorder:
        inputs = peers.mapped(recorder.input, arguments)
        recording = recorder.finish([f(*inputs)])
    seconds = timing.clock() - start
    return seconds, len(recording.program().splitlines())


def lengthened(f: Callable[..., Any], count: int) -> Callable[..., Any]:
    def g(*arguments: Any) -> Any:
        y = f(*arguments)
        for _ in range(count):
            y = y * 1.0078125
        return y

    return g


def first_calls() -> list[Cost]:
    """First run of jit(grad(f)) less recording and a third run, over 0.5 ms + 1 us an operation."""
    lib = peers.library("dualtape")
    functions = {
        "least squares": (likelihoods.decay_loss(lib), likelihoods.decay_inputs("float64")),
        "robot arm": (dynamics.arm_reach(lib), dynamics.arm_inputs("float64", [0.4, -0.2, 0.7])),
        "LSTM": (networks.recurrent(lib), networks.recurrent_inputs("float64")),
        "Kalman filter": (dynamics.kalman(lib), dynamics.kalman_inputs("float64")),
        "Burgers": (dynamics.burgers(lib), dynamics.wave("float64")),
        "Lorenz": (scalars.lorenz(lib), (1.0, 1.5, 20.0)),
    }
    costs = []
    gc.collect()
    gc.disable()
    for name, (f, arguments) in functions.items():
        ratios = []
        for count in range(9):
            new = lengthened(f, count)  # no cache knows it, and none is emptied
            recording, operations = recorded(new, arguments)
            gradient = dt.jit(dt.grad(new))
            first = timing.seconds_of(lambda g=gradient, a=arguments: g(*a), 1)
            gradient(*arguments)  # the second may plan anew, later ones do not
            again = timing.seconds_of(lambda g=gradient, a=arguments: g(*a), 1)
            ratios.append((first - recording - again) / (0.5e-3 + 1e-6 * operations))
        name = f"first call beyond recording, {name}, {operations} operations"
        costs.append(Cost(name, statistics.median(ratios), "of 0.5 ms + 1 us each", 1.0))
    gc.enable()
    return costs


def threads() -> list[Cost]:
    """Two threads over one, on two cores."""
    every = range(os.cpu_count() or 1)
    if len(every) < 2 or not hasattr(dt, "set_num_threads"):
        return []
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, every)
    lib = peers.library("dualtape")
    square = np.random.default_rng(0).normal(size=(1024, 1024))
    programs: dict[str, tuple[Callable[..., Any], Any]] = {
        "elementwise, n = 1e6": (
            lib.grad(elementwise.transcendental(lib)), elementwise.line(1_000_000)("float64")),
        "Black-Scholes, n = 1e6": (
            elementwise.greeks(lib), elementwise.options(1_000_000)("float64")),
        "matrix product, n = 1024": (lambda a: a @ a, (square,)),
        "perceptron": (lib.grad(networks.perceptron(lib)), networks.perceptron_inputs("float64")),
        "10000 solves": (
            lib.grad(linear.solves(lib), (0, 1)), linear.solve_inputs(10_000)("float64")),
        "8 heads of attention": (
            lib.grad(linear.attention(lib), (0, 1, 2)),
            linear.random_inputs(*4 * [(8, 128, 64)])("float64")),
    }  # fmt: skip
    costs = []
    for name, (f, arguments) in programs.items():
        compiled = dt.jit(f)

        def run(count: int, g: Any = compiled, a: Any = arguments) -> None:
            dt.set_num_threads(count)
            g(*a)

        one, two = timing.side_by_side({"1": lambda: run(1), "2": lambda: run(2)}).values()
        costs.append(Cost(f"two threads, {name}", two.median / one.median, "x", 1 / 1.7))
    dt.set_num_threads(1)
    os.sched_setaffinity(0, pinned)
    return costs


FAMILIES: dict[str, Callable[[], list[Cost]]] = {"first-call": first_calls, "threads": threads}
