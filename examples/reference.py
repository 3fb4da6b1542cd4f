"""The inputs of S1 to S5 and the answers another library gave for them."""

from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[1] / "tests" / "data" / "seed_reference.npz"

# float32 answers are stored as S1/..., float64 ones as S164/...
CASES = {np.float32: "", np.float64: "64"}
TOLERANCE = {"f": 2e-5, "d": 1e-12}


def load(name, dtype):
    """The arrays of one use case in one precision, by key."""
    with np.load(DATA) as file:
        start = f"{name}{CASES[dtype]}/"
        return {key.removeprefix(start): file[key] for key in file.files if key.startswith(start)}


def compare(results, case):
    """Raise unless every result agrees with its answer, relative to the array's largest entry."""
    for key, value in results.items():
        wanted = case[key]
        value = np.asarray(value)
        if value.shape != wanted.shape or value.dtype != wanted.dtype:
            raise AssertionError(
                f"{key}: wanted {wanted.dtype}{wanted.shape}, got {value.dtype}{value.shape}"
            )
        scale = np.max(np.abs(wanted), initial=0.0) or 1.0
        error = np.max(np.abs(value - wanted), initial=0.0) / scale
        if not error <= TOLERANCE.get(wanted.dtype.char, 0.0):
            raise AssertionError(f"{key}: relative error {error:.2e}")


def run(name, derive, inputs):
    """Derive everything in both precisions and compare; the keys not in `inputs` are answers."""
    for dtype in CASES:
        case = load(name, dtype)
        results = derive(case)
        missing = set(case) - set(results) - set(inputs)
        if missing:
            raise AssertionError(f"{name}: nothing was computed for {sorted(missing)}")
        compare(results, case)
        print(f"{name} {np.dtype(dtype)}: {len(results)} results agree with the reference")
