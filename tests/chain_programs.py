"""Random arithmetic, which regions and stretches of scalars run as chains, against NumPy bit
for bit.

Every operation rounds correctly, in NumPy too, so that nothing may differ. test_levels.py runs this
file in a process of its own for each level: `python chain_programs.py SEED [SEED ...]`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
import dualtape.numpy as dnp

# Around the tiles of all levels, 8 to 64 elements, and beyond a block.
LENGTHS = (1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 96, 127, 129, 500, 1003, 2500)
MATRICES = ((3, 64), (7, 65), (5, 130), (40, 97), (2, 1100), (300, 3))

UNARY = ("negative", "square", "sqrt", "reciprocal", "absolute", "rint", "floor")
BINARY = ("add", "subtract", "multiply", "divide", "maximum", "minimum")
MASKS = ("less", "less_equal", "greater", "greater_equal", "not_equal")

Function = Callable[[Any, list[Any]], list[Any]]


def program(random: np.random.Generator, inputs: int, length: int) -> Function:
    """f(np, arrays): `length` random operations, mostly on what is new; some results."""
    steps: list[tuple[str, list[int], float]] = []
    values, masks = inputs, 0
    for _ in range(length):
        name = str(random.choice([*UNARY, *BINARY, *BINARY, *MASKS, "where"]))
        if name == "where" and masks == 0:
            name = "less"
        recent = random.random() < 0.7
        low = max(0, values - 3) if recent else 0
        picks = [int(k) for k in random.integers(low, values, size=2)]
        if name == "where":
            picks.append(int(random.integers(masks)))
        # NaN: no constant takes the place of the second operand.
        constant = float(random.choice([np.nan, np.nan, np.nan, 0.5, -3.0]))
        steps.append((name, picks, constant))
        if name in MASKS:
            masks += 1
        else:
            values += 1
    kept = {values - 1, *(int(k) for k in random.integers(min(inputs, values - 1), values, size=2))}
    kept_masks = {int(random.integers(masks))} if masks and random.random() < 0.5 else set()

    def f(np: Any, arrays: list[Any]) -> list[Any]:
        x, m = list(arrays), []
        for name, picks, constant in steps:
            a, b = x[picks[0]], x[picks[1]]
            if constant == constant and name not in UNARY:
                a, b = (constant, b) if picks[0] % 2 else (a, constant)
            if name in MASKS:
                m.append(getattr(np, name)(a, b))
            elif name == "where":
                x.append(np.where(m[picks[2]], a, b))
            elif name in ("maximum", "minimum"):  # of 0 and -0 either will do: both become 0
                x.append(getattr(np, name)(a, b) + 0.0)
            else:
                x.append(getattr(np, name)(*([a] if name in UNARY else [a, b])))
        return [x[k] for k in sorted(kept)] + [m[k] for k in sorted(kept_masks)]

    return f


def operands(random: np.random.Generator, dtype: Any) -> list[Any]:
    """Arrays that broadcast to one shape, the first of that shape."""

    def draw(*shape: int) -> Any:
        x = random.normal(size=shape) * 10.0 ** random.integers(-2, 3, size=shape)
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-310])
        odd = random.random(shape) < 0.02
        return np.where(odd, random.choice(special, size=shape), x).astype(dtype)

    kind = random.random()
    if kind < 0.2:  # a stretch of scalars
        return [draw()[()] for _ in range(4)]
    if kind < 0.6:
        n = int(random.choice(LENGTHS))
        return [draw(n), draw(n), draw()[()], draw(n + 1)[1:]]
    rows, row = (int(k) for k in random.choice(MATRICES))
    return [draw(rows, row), draw(rows, 1), draw(row), draw(rows, row + 2)[:, 1:-1]]


def same_bits(a: Any, b: Any) -> bool:
    """The same numbers, signs of zeros too; all NaN are equal."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype == np.bool_:
        return bool(np.array_equal(a, b))
    signs = np.signbit(a) == np.signbit(b)
    return bool(np.all(np.where(np.isnan(a), np.isnan(b), (a == b) & signs)))


def check(seed: int) -> None:
    random = np.random.default_rng(seed)
    dtype = np.float64 if random.random() < 0.5 else np.float32
    arrays = operands(random, dtype)
    f = program(random, len(arrays), int(random.integers(2, 40)))
    with np.errstate(all="ignore"):
        wanted = f(np, arrays)
    given = dt.jit(lambda *x: f(dnp, list(x)))(*arrays)
    for k, (a, b) in enumerate(zip(given, wanted, strict=True)):
        if not same_bits(a, b):
            raise AssertionError(f"seed {seed}, result {k}: {a} is not NumPy's {b}")


if __name__ == "__main__":
    for seed in sys.argv[1:]:
        check(int(seed))
