"""The kernels of each instruction set beside NumPy's loops: `python bench/python/kernels.py`.

Calls the kernel libraries directly, so that no plan is measured. Times are nanoseconds an element,
the cost of the call itself taken off, the arrays in the L1 cache, the fastest of many single calls,
which other processes did not interrupt; the ratio is NumPy's time over that of the best level.
Every result is checked against NumPy's before it is timed.
"""

from __future__ import annotations

import argparse
import ctypes
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import timing
from numpy.typing import NDArray

import dualtape as dt
from dualtape import _core

OPCODES = Path(__file__).parents[2] / "cpp" / "engine" / "program" / "opcodes.hpp"
DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64", "complex64", "complex128",
]  # fmt: skip
BYTES = 16384  # of the largest array

Pointer = ctypes.c_void_p
Long = ctypes.c_int64
Kernel = ctypes.CFUNCTYPE(None, Pointer, ctypes.POINTER(Pointer), Long, Pointer)
Rows = ctypes.CFUNCTYPE(None, Pointer, Pointer, Long, Long)


class Reducer(ctypes.Structure):
    _fields_ = (("rows", Rows), ("push", Pointer), ("finish", Pointer), ("combine", Pointer))


class Library(ctypes.Structure):
    """The beginning of KernelLibrary (kernels/library.hpp)."""

    _fields_ = (
        ("abi", ctypes.c_uint64),
        ("level", ctypes.c_char_p),
        ("elementwise", ctypes.CFUNCTYPE(Pointer, ctypes.c_uint16, ctypes.c_uint8)),
        ("broadcast", Pointer),
        ("convert", ctypes.CFUNCTYPE(Pointer, ctypes.c_uint8, ctypes.c_uint8)),
        (
            "reducer",
            ctypes.CFUNCTYPE(ctypes.POINTER(Reducer), ctypes.c_uint16, ctypes.c_uint8),
        ),
    )


class Case(NamedTuple):
    """One kernel on arguments; `numpy` writes the same into its argument."""

    name: str
    call: Callable[[Library, Any], Callable[[], object]]
    out: NDArray[Any]
    numpy: Callable[[NDArray[Any]], object]
    elements: int


def load(path: Path) -> Library:
    entry = ctypes.CDLL(str(path)).dualtape_kernels
    entry.restype = ctypes.POINTER(Library)
    library: Library = entry().contents
    return library


def opcodes() -> dict[str, int]:
    """Of the registry by name, of arrays by the enumeration's."""
    codes = {str(row["name"]): k for k, row in enumerate(_core.registry())}
    body = OPCODES.read_text().split("enum ArrayOp")[1].split("};")[0]
    names = [name for name in re.findall(r"^\s*(k\w+)\b", body, re.MULTILINE)][1:]
    return codes | {name: 256 + k for k, name in enumerate(names)}


def code_of(x: NDArray[Any]) -> int:
    return DTYPES.index(str(x.dtype))


def elementwise(
    name: str, args: list[NDArray[Any]], numpy: Callable[..., Any], op: str | None = None
) -> Case:
    with np.errstate(all="ignore"):
        out = np.empty_like(numpy(*args))
    n = args[0].size
    typed = args[1] if name.startswith("where") else args[0]

    def call(library: Library, count: int) -> Callable[[], object]:
        if op == "convert":
            address = library.convert(code_of(args[0]), code_of(out))
        else:
            address = library.elementwise(opcodes()[op or name], code_of(typed))
        kernel = Kernel(address)
        operands = (Pointer * 3)(*(x.ctypes.data for x in args))
        target = out.ctypes.data
        return lambda: kernel(target, operands, count, None)

    if op == "convert":
        return Case(
            f"{args[0].dtype} to {out.dtype}",
            call,
            out,
            lambda y: np.copyto(y, args[0], casting="unsafe"),
            n,
        )
    if isinstance(numpy, np.ufunc):
        return Case(f"{name} {typed.dtype}", call, out, lambda y: numpy(*args, out=y), n)
    return Case(f"{name} {typed.dtype}", call, out, lambda y: numpy(*args), n)


def reduction(op: str, x: NDArray[Any], numpy: Any) -> Case:
    rows, length = x.shape
    out = np.empty(rows, x.dtype)

    def call(library: Library, count: int) -> Callable[[], object]:
        reduce = library.reducer(opcodes()[op], code_of(x)).contents.rows
        source, target = x.ctypes.data, out.ctypes.data
        n = rows if count else 0
        return lambda: reduce(target, source, n, length)

    name = f"{op[1:].lower()} {x.dtype}, rows of {length}"
    return Case(name, call, out, lambda y: numpy(x, 1, x.dtype, y), x.size)


def cases() -> Iterator[Case]:
    draw = np.random.default_rng(0)

    def array(dtype: str, n: int | None = None) -> NDArray[Any]:
        n = n or BYTES // np.dtype(dtype).itemsize
        values = draw.uniform(-50, 50, size=n)
        if dtype.startswith("complex"):
            return (values + 1j * draw.uniform(-50, 50, size=n)).astype(dtype)
        return (values > 0) if dtype == "bool" else np.abs(values).astype(dtype)

    for dtype in ("float64", "float32"):
        a, b = array(dtype), array(dtype)
        mask = a > b
        yield elementwise("add", [a, b], np.add)
        yield elementwise("multiply", [a, b], np.multiply)
        yield elementwise("divide", [a, b], np.divide)
        yield elementwise("maximum", [a, b], np.maximum)
        yield elementwise("sqrt", [a], np.sqrt)
        yield elementwise("less", [a, b], np.less)
        yield elementwise("isnan", [a], np.isnan)
        yield elementwise("where", [mask, a, b], np.where)
        yield elementwise("zero_multiply", [a, b], np.multiply, "kZeroMultiply")
    for dtype in ("complex128", "complex64"):
        a, b = array(dtype), array(dtype)
        yield elementwise("add", [a, b], np.add)
        yield elementwise("multiply", [a, b], np.multiply)
        yield elementwise("divide", [a, b], np.divide)
        yield elementwise("equal", [a, b], np.equal)
    for dtype in ("int64", "int32", "int8", "uint8"):
        a, b = array(dtype), array(dtype)
        b[b == 0] = 1
        for name in ("add", "multiply", "maximum", "less", "equal", "floor_divide", "remainder"):
            yield elementwise(name, [a, b], getattr(np, name))
        yield elementwise("where", [a > b, a, b], np.where)
    a, b = array("bool"), array("bool")
    for name in ("logical_and", "logical_not", "equal"):
        yield elementwise(name, [a, b][: 1 + (name != "logical_not")], getattr(np, name))
    for source in ("float64", "float32", "int64", "int32", "uint8", "bool"):
        for to in ("float64", "float32", "int64", "int32", "uint8", "bool"):
            if source != to:
                yield elementwise(
                    "to", [array(source, 1024)], lambda x, t=to: x.astype(t), "convert"
                )
    for dtype in ("float64", "float32", "complex128", "int64", "int32", "int8", "bool"):
        for length in (1, 3, 8, 20, 64, 128, BYTES // np.dtype(dtype).itemsize):
            x = array(dtype)
            x = x[: x.size // length * length].reshape(-1, length)
            yield reduction("kSum", x, np.add.reduce)
            if dtype in ("float64", "int32") and length != 1:
                yield reduction("kProd", x, np.multiply.reduce)
            if not dtype.startswith("complex") and length != 1:
                yield reduction("kMax", x, np.maximum.reduce)
    x = array("bool").reshape(1, -1)
    yield reduction("kAll", x, np.logical_and.reduce)


def check(case: Case, wanted: NDArray[Any], level: str) -> None:
    if not np.allclose(case.out, wanted, rtol=1e-5, equal_nan=True):
        raise SystemExit(f"{case.name} at {level}: wanted {wanted}, got {case.out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name this pattern matches")
    parser.add_argument("--folder", type=Path, default=Path(_core.__file__).parent)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    timing.pin_to_one_core()
    usable = dt.show_config("dicts")["usable_kernels"]  # type: ignore[index]
    files = {str(level): options.folder / f"_kernels.{level}.so" for level in usable}
    libraries = {level: load(path) for level, path in files.items() if path.exists()}
    levels = list(libraries)
    print(f"{'ns an element':34}", *(f"{level:>10}" for level in levels), f"{'NumPy':>10} ratio")
    for case in cases():
        if not re.search(options.only, case.name):
            continue
        runs: dict[str, Callable[[], object]] = {}
        target = case.out.copy()
        with np.errstate(all="ignore"):
            made = case.numpy(target)
        wanted = np.array(target if made is None else made)
        for level, library in libraries.items():
            case.call(library, case.elements)()
            check(case, wanted, level)
            runs[level] = case.call(library, case.elements)
            runs[f"{level} call"] = case.call(library, 0)
        runs["NumPy"] = lambda case=case, target=target: case.numpy(target)  # type: ignore[misc]
        with np.errstate(all="ignore"):
            times = fastest(runs, options.rounds)
        net = {level: (times[level] - times[f"{level} call"]) / case.elements for level in levels}
        numpy = (times["NumPy"] - NUMPY_CALL) / case.elements
        row = " ".join(f"{net[level]:10.3f}" for level in levels)
        print(
            f"{case.name:34} {row} {numpy:10.3f} {numpy / max(net[levels[0]], 1e-4):5.1f}",
            flush=True,
        )


def fastest(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Nanoseconds of the fastest single call, the contestants in turns."""
    times = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            for _ in range(20):
                start = time.perf_counter_ns()
                run()
                times[name] = min(times[name], time.perf_counter_ns() - start)
    return times


# Nanoseconds of a ufunc call with `out` on one element.
NUMPY_CALL = 300

if __name__ == "__main__":
    main()
