"""docs/coverage.md from the table of functions: `python tests/coverage_page.py` writes it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from function_table import ROWS, Entry

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"

HEAD = """# Which functions are covered

Generated from the table that tests them (`tests/function_table.py`; `python tests/coverage_page.py`
writes this page, and `tests/test_coverage_page.py` keeps it in step). Every row stands for at least
one use of the function that passes the checks: value, dtype and shape as NumPy's or SciPy's,
float32 included; **forward** against the complex step or differences; **reverse** against forward
by the dot-product test; **second** order symmetric, equal by every order of modes and equal to
differences of gradients; **batched** (`vmap`) and its gradient equal to a loop; the same for arrays
in Fortran order, with negative strides, and read-only ones.

*plain* says whether the library's own name takes traced values too (`np.pad(t, 1)`); where it says
no, the library converts its arguments to arrays before it asks us, which raises, and the name under
*ours* is the one to write. Arrays of integers and booleans have no derivatives; functions of them
pass through. The derivatives at kinks and edges are in [edge-points.md](edge-points.md).
"""

TAIL = """
## Not recorded

These raise `UnsupportedFunctionError` (or a `TypeError` that names the function) on traced values.

| function | why, and what to write |
|---|---|
"""

# Checked by tests/test_coverage_page.py: each raises on a traced vector.
Refused = tuple[str, Callable[[Any, Any], Any], str]
REFUSED: list[Refused] = [
    ("numpy.array", lambda np, x: np.array([x[0], x[1]]), "converts: `dnp.array`, `dnp.stack`"),
    ("numpy.asarray", lambda np, x: np.asarray(x), "converts: `dnp.asarray`"),
    ("numpy.spacing", lambda np, x: np.spacing(x), "no derivative"),
    ("numpy.nextafter", lambda np, x: np.nextafter(x, 1.0), "no derivative: add the increment"),
    ("numpy.packbits", lambda np, x: np.packbits(x > 0), "of bits"),
]

# What holds beside the checks.
NOTES = {
    "numpy.unique": "values known only; of equal entries the first has the derivative",
    "numpy.unique_values": "values known only; of equal entries the first has the derivative",
    "numpy.unique_all": "values known only; of equal entries the first has the derivative",
    "numpy.unique_counts": "values known only; of equal entries the first has the derivative",
    "numpy.unique_inverse": "values known only; of equal entries the first has the derivative",
    "numpy.intersect1d": "values known only, those of the first array",
    "numpy.setdiff1d": "values known only",
    "numpy.setxor1d": "values known only",
    "numpy.union1d": "values known only; of equal entries the first has the derivative",
    "numpy.bincount": "places known only",
    "numpy.histogram": "linear in weights; edges follow the range, counts are constant",
    "numpy.extract": "condition known only: not under `jit` and `vmap`",
    "numpy.nonzero": "numbers known only: not under `jit` and `vmap`",
    "numpy.flatnonzero": "numbers known only: not under `jit` and `vmap`",
    "numpy.argwhere": "numbers known only: not under `jit` and `vmap`",
    "numpy.trim_zeros": "numbers known only: not under `jit` and `vmap`",
    "numpy.polydiv": "the length of the remainder depends on its numbers",
    "numpy.compress": "condition known only: not under `jit` and `vmap`",
    "numpy.place": "mask known only: not under `jit` and `vmap`",
    "numpy.delete": "positions known only",
    "numpy.insert": "positions known only",
    "numpy.cumprod": "any number of zeros",
    "numpy.prod": "any number of zeros",
    "numpy.multiply": "`where=` with `out=`",
    "numpy.piecewise": "every function sees every entry",
    "numpy.apply_along_axis": "the function is called for each line, as in NumPy",
    "scipy.special.beta": "relative error to 1e-12",
    "scipy.special.gamma": "relative error to 2e-13 at 170",
    "scipy.interpolate.interp1d": "NaN outside where SciPy raises",
    "scipy.signal.lfilter": "in log2(n) steps over the whole array, to the rounding of SciPy's",
    "scipy.signal.convolve": "by transforms where both are long, else by scaled slices",
    "scipy.signal.fftconvolve": "by transforms where both are long, else by scaled slices",
    "scipy.signal.oaconvolve": "by transforms where both are long, else by scaled slices",
    "scipy.stats.multivariate_normal.logpdf": "a covariance of full rank",
    "scipy.stats.multivariate_normal.pdf": "a covariance of full rank",
}

_SHORT = {"numpy": "np", "scipy": "scipy"}
_OURS = {"numpy": "dnp", "scipy": "dsp"}


def _name(name: str, shown: dict[str, str]) -> str:
    library, rest = name.split(".", 1)
    return f"`{shown[library]}.{rest}`"


def _mark(entries: list[Entry], has: Callable[[Entry], bool]) -> str:
    """yes, no, or yes with the uses that lack it."""
    found = [has(entry) for entry in entries]
    return "yes" if all(found) else "no" if not any(found) else "some"


def _row(name: str, entries: list[Entry]) -> str:
    plain = _mark(entries, lambda e: e.row.plain)
    cells = [
        _name(name, _SHORT),
        plain,
        _name(name, _OURS),
        "yes",
        "yes",
        _mark(entries, lambda e: e.row.batch),
        _mark(entries, lambda e: e.row.twice),
        NOTES.get(name, ""),
    ]
    return "| " + " | ".join(cells) + " |"


def page() -> str:
    lines = [HEAD]
    names = {entry.name for entry in ROWS}
    lines.append(f"{len(names)} functions, {len(ROWS)} uses of them.\n")
    for family, group in itertools.groupby(ROWS, lambda entry: entry.family):
        entries = list(group)
        lines += [
            f"## {family}\n",
            "| function | plain | ours | forward | reverse | batched | second | notes |",
            "|---|---|---|---|---|---|---|---|",
        ]
        by_name: dict[str, list[Entry]] = {}
        for entry in entries:
            by_name.setdefault(entry.name, []).append(entry)
        lines += [_row(name, by_name[name]) for name in sorted(by_name)]
        lines.append("")
    lines.append(TAIL.strip("\n"))
    lines += [f"| {_name(name, _SHORT)} | {why} |" for name, _, why in REFUSED]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
