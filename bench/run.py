"""All benchmarks: `python bench/run.py [family ...]`. See bench/README.md.

Every answer is checked before it is timed. Prints a table, writes results/<time>.json and, with
matplotlib, results/<time>.png. Exits with 1 on a wrong answer or a missed budget.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "python"))

import costs  # noqa: E402, needs the path
import peers  # noqa: E402
import timing  # noqa: E402
import workloads  # noqa: E402

import dualtape as dt  # noqa: E402


def check(workload: workloads.Workload) -> None:
    """All contestants give the first one's answer."""
    names = iter(workload.contestants)
    wanted = _flat(workload.contestants[next(names)]())
    scale = np.max(np.abs(wanted))
    for name in names:
        given = _flat(workload.contestants[name]())
        error = np.max(np.abs(given - wanted)) / scale
        if given.shape != wanted.shape or not error <= workload.rtol:
            raise AssertionError(f"{workload.name}: {name} is wrong, relative error {error:.3g}")


def _flat(result: Any) -> Any:
    parts = result if isinstance(result, tuple | list) else [result]
    return np.concatenate([np.ravel(part) for part in parts])


def readable(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:8.2f} {unit}"
    return f"{seconds * 1e9:8.2f} ns"


def run_workload(workload: workloads.Workload, rounds: int) -> list[dict[str, Any]]:
    check(workload)
    timings = timing.side_by_side(workload.contestants, rounds)
    base = next(iter(timings.values())).median
    print(f"\n{workload.name}")
    rows = []
    for name, t in timings.items():
        ratio, budget = t.median / base, workload.budgets.get(name)
        spread = f"({readable(t.fastest).strip()} to {readable(t.slowest).strip()})"
        verdict = "" if budget is None else f"  budget {budget} x: {_verdict(ratio, budget)}"
        print(f"  {name:28} {readable(t.median)}  {ratio:7.2f} x  {spread}{verdict}")
        rows.append({
            "workload": workload.name, "contestant": name, "seconds": t.median,
            "fastest": t.fastest, "slowest": t.slowest, "ratio": ratio, "budget": budget,
        })  # fmt: skip
    return rows


def _verdict(value: float, budget: float) -> str:
    return "kept" if value <= budget else "MISSED"


def run_costs(family: str) -> list[dict[str, Any]]:
    print(f"\n{family}")
    rows = []
    for cost in costs.FAMILIES[family]():
        verdict = ""
        if cost.budget is not None:
            verdict = f"  budget {cost.budget} {cost.unit}: {_verdict(cost.value, cost.budget)}"
        print(f"  {cost.name:44} {cost.value:9.3f} {cost.unit}{verdict}")
        rows.append(cost._asdict())
    return rows


def draw(rows: list[dict[str, Any]], path: Path) -> bool:
    """Ratios to the hand-written NumPy answer, as bars."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot

    bars = [row for row in rows if row["ratio"] != 1.0]
    labels = [f"{row['workload']}: {row['contestant']}" for row in bars]
    figure, axes = pyplot.subplots(figsize=(10, 0.3 * len(bars) + 1.5))
    axes.barh(labels, [row["ratio"] for row in bars])
    axes.axvline(1.0, color="black")
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.set_xlabel("time over that of the derivative written by hand in NumPy")
    figure.tight_layout()
    figure.savefig(path)
    return True


def machine(core: int | None) -> dict[str, Any]:
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "dualtape": dt.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "processor": _processor(),
        "core": core,
        "peers missing": peers.missing(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    families = [*costs.FAMILIES, *workloads.FAMILIES]
    parser.add_argument("families", nargs="*", help=f"of {', '.join(families)}; all if none")
    parser.add_argument("--rounds", type=int, default=timing.ROUNDS)
    options = parser.parse_args()
    unknown = set(options.families) - set(families)
    if unknown:
        parser.error(f"families must be of {families}, got {sorted(unknown)}")
    chosen = options.families or families
    info = machine(timing.pin_to_one_core())
    print(json.dumps(info, indent=1))
    timed, measured = [], []
    for family in chosen:
        if family in costs.FAMILIES:
            measured += run_costs(family)
            continue
        for workload in workloads.FAMILIES[family]():
            if "Rosenbrock" in workload.name:
                point = np.linspace(-1.2, 1.1, int(workload.name.rsplit(" ", 1)[1]))
                workload.contestants.update(peers.rosenbrock_gradients(point))
            timed += run_workload(workload, options.rounds)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    path = results / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    path.write_text(json.dumps({"machine": info, "costs": measured, "timings": timed}, indent=1))
    print(f"\nwrote {path}")
    if timed and draw(timed, path.with_suffix(".png")):
        print(f"wrote {path.with_suffix('.png')}")
    missed = [r for r in measured if r["budget"] is not None and r["value"] > r["budget"]]
    missed += [r for r in timed if r["budget"] is not None and r["ratio"] > r["budget"]]
    print(f"{len(missed)} budgets missed")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
