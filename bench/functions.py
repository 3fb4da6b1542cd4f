"""Nanoseconds an element of every function of the registry, in L1, beside NumPy's and SciPy's.

`python bench/functions.py [function ...]` prints a table for float64 and float32: the kernel
libraries of every instruction set this CPU runs, and NumPy's or SciPy's function, in turns in one
process. Minima of many rounds, the cost of the call itself taken off.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special
from numpy.typing import NDArray

from dualtape import _core

SIZE = 2048
ROUNDS = 60
DTYPES = {"float64": 10, "float32": 9}  # position in the engine's enumeration of types
INTEGER = {"integer_power": 5, "polygamma": 1}

Call = Callable[[int], object]  # with n = 0 it costs what the call costs


class Library(ctypes.Structure):
    """The first entries of KernelLibrary in cpp/engine/kernels/library.hpp."""

    _fields_ = (
        ("abi", ctypes.c_uint64),
        ("level", ctypes.c_char_p),
        ("elementwise", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint16, ctypes.c_uint8)),
    )


KERNEL = ctypes.CFUNCTYPE(
    None,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.c_int64,
    ctypes.POINTER(ctypes.c_int64),
)


def libraries() -> dict[str, Library]:
    """The kernel libraries that this CPU can run, by level."""
    found = {}
    folder = Path(_core.__file__).parent
    for level in reversed(_core.config()["usable_kernels"]):
        path = folder / f"_kernels.{level}.so"
        table = ctypes.CDLL(str(path)).dualtape_kernels
        table.restype = ctypes.POINTER(Library)
        found[level] = table().contents
    return found


def operands(entry: dict[str, Any], dtype: str) -> list[NDArray[Any]]:
    """Random points of the intervals that the registry samples."""
    generator = np.random.default_rng(1)
    domains = entry["sampling"][: entry["arity"]]
    arrays = [generator.uniform(lo, hi, SIZE).astype(dtype) for lo, hi, _ in domains]
    if entry["kind"] == "select":
        arrays[0] = arrays[0] > 0.5
    return arrays


def kernel_call(library: Library, code: int, entry: dict[str, Any], dtype: str) -> Call:
    x = operands(entry, dtype)
    out = np.empty(SIZE, bool if entry["kind"] == "predicate" else dtype)
    pointers = (ctypes.c_void_p * 3)(*(a.ctypes.data for a in x))
    parameter = ctypes.c_int64(INTEGER.get(entry["name"], 0))
    kernel = KERNEL(library.elementwise(code, DTYPES[dtype]))
    address, integer = ctypes.c_void_p(out.ctypes.data), ctypes.byref(parameter)

    def call(n: int, keep: Any = (x, out, parameter)) -> object:
        return kernel(address, pointers, n, integer)

    return call


def numpy_call(entry: dict[str, Any], dtype: str) -> Call:
    name = entry["name"]
    x = operands(entry, dtype)
    out = np.empty(SIZE, bool if entry["kind"] == "predicate" else dtype)
    if name == "where":
        return lambda n: np.where(x[0][:n], x[1][:n], x[2][:n])
    if name == "polygamma":
        return lambda n: scipy.special.polygamma(1, x[0][:n])
    if name == "integer_power":
        return lambda n: np.power(x[0][:n], INTEGER[name], out=out[:n])
    f = getattr(np, name, None) or getattr(scipy.special, name)
    return lambda n: f(*(a[:n] for a in x), out=out[:n])


def nanoseconds(calls: list[Call]) -> list[float]:
    """Per element, the calls in turns."""
    best = [[float("inf")] * 2 for _ in calls]
    for _ in range(ROUNDS):
        for times, call in zip(best, calls, strict=True):
            for k, n in enumerate((0, SIZE)):
                start = time.perf_counter_ns()
                for _ in range(3):
                    call(n)
                times[k] = min(times[k], (time.perf_counter_ns() - start) / 3)
    return [max(times[1] - times[0], 0.0) / SIZE for times in best]


def main(names: list[str]) -> None:
    levels = libraries()
    heads = [f"{level} {dtype}" for dtype in DTYPES for level in (*levels, "NumPy")]
    print(f"| function | {' | '.join(heads)} |")
    print(f"|---|{'---|' * len(heads)}")
    for code, entry in enumerate(_core.registry()):
        if names and entry["name"] not in names:
            continue
        cells = []
        for dtype in DTYPES:
            calls = [kernel_call(library, code, entry, dtype) for library in levels.values()]
            cells += nanoseconds([*calls, numpy_call(entry, dtype)])
        print(f"| {entry['name']} | {' | '.join(f'{x:.2f}' for x in cells)} |", flush=True)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main(sys.argv[1:])
