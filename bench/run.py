"""All benchmarks: `python bench/run.py [--families NAME ...]`. See bench/README.md.

Every answer is checked before it is timed. Prints tables, writes results/latest.json and, with
matplotlib, results/latest.png. Exits with 1 on a wrong answer of dualtape or a missed budget.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# Before NumPy is imported: its BLAS reads them once. Processes of contestants inherit them.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
sys.path.insert(0, str(HERE / "python"))

import contestants  # noqa: E402, needs the path
import costs  # noqa: E402
import firstcall  # noqa: E402
import limits  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
import timing  # noqa: E402
import workloads  # noqa: E402

import dualtape as dt  # noqa: E402

COSTS = {**costs.FAMILIES, **limits.FAMILIES}
OWN = (contestants.PLAIN, contestants.JIT, contestants.VALUE)


def measured_alone(workload: contestants.Workload, dtype: str) -> dict[str, Any]:
    """First call and peak memory of each contestant, each in a process of its own."""
    names = [name for name in contestants.NAMES if name != contestants.VALUE]
    if not workload.loops:
        names.remove(contestants.JAX_SCAN)
    return {name: firstcall.measure(workload, name, dtype) for name in names}


def known(path: Path | None) -> dict[str, dict[str, Any]]:
    """First calls and memory of an earlier run, by workload."""
    if path is None:
        return {}
    rows = json.loads(path.read_text())["workloads"]
    return {row["workload"]: row["children"] for row in rows if row["children"]}


def ready(
    workload: contestants.Workload,
    dtype: str,
    children: dict[str, Any],
    left_out: dict[str, str],
    without: list[str],
) -> dict[str, Any]:
    """The contestants that give the right answer; why the others do not take part."""
    wanted, able = workload.answer(dtype), {}
    for name in contestants.NAMES:
        if contestants.LIBRARY_OF.get(name, "").split(" ")[0] in without:
            continue
        refused = children.get(name, {}).get("refused")
        if refused is None and name in workload.slow and name not in children:
            refused = "slow: only with first calls"
        try:
            if refused is not None:
                raise peers.Unsupported(refused)
            run = contestants.contestant(workload, name, dtype)
            error = 0.0 if name == contestants.VALUE else contestants.error_of(run(), wanted)
        except Exception as reason:
            if name in OWN and not isinstance(reason, peers.Unsupported):
                raise
            left_out[name] = (str(reason).splitlines() or [type(reason).__name__])[0][:200]
            continue
        if error <= workload.tolerance(dtype):
            able[name] = run
            continue
        message = f"wrong answer, relative error {error:.2g}"
        if name in OWN or name == contestants.HAND:
            raise AssertionError(f"{workload.name}, {dtype}, {name}: {message}")
        left_out[name] = message
    return able


def run_workload(
    workload: contestants.Workload, dtype: str, options: argparse.Namespace
) -> dict[str, Any]:
    children = options.known.get(workload.name, {}) if dtype == "float64" else {}
    if not options.quick and dtype == "float64" and not children:
        children = measured_alone(workload, dtype)
    left_out: dict[str, str] = {}
    able = ready(workload, dtype, children, left_out, options.without)
    timings = timing.side_by_side(able, options.rounds)
    seconds = {n: t.fastest if options.busy else t.median for n, t in timings.items()}
    row = {
        "family": workload.family, "workload": workload.name, "dtype": dtype,
        "seconds": seconds, "spread": {n: [t.fastest, t.slowest] for n, t in timings.items()},
        "left out": left_out, "children": children,
    }  # fmt: skip
    row["missed budgets"] = missed_budgets(workload, seconds) if dtype == "float64" else []
    print(report.line(row), flush=True)
    for text in row["missed budgets"]:
        print(f"    MISSED: {text}")
    return row


def missed_budgets(workload: contestants.Workload, seconds: dict[str, float]) -> list[str]:
    missed = []
    for budget in workload.budgets:
        if budget.of is not None and budget.of not in seconds:
            continue
        base = 1.0 if budget.of is None else seconds[budget.of]
        limit = max(budget.limit * base, budget.floor)
        if seconds[budget.contestant] > limit:
            given = report.readable(seconds[budget.contestant])
            missed.append(f"{budget.contestant} {given}, budget {report.readable(limit)}")
    return missed


def run_costs(family: str) -> list[dict[str, Any]]:
    print(f"\n{family}")
    rows = []
    for cost in COSTS[family]():
        verdict = ""
        if cost.budget is not None:
            kept = "kept" if cost.value <= cost.budget else "MISSED"
            verdict = f"  budget {cost.budget} {cost.unit}: {kept}"
        print(f"  {cost.name:44} {cost.value:9.3f} {cost.unit}{verdict}")
        rows.append(cost._asdict())
    return rows


def machine(core: int | None) -> dict[str, Any]:
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "dualtape": dt.__version__,
        "python": platform.python_version(),
        **peers.versions(),
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


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    families = [*COSTS, *workloads.FAMILIES]
    parser.add_argument("--families", nargs="*", default=families, help=", ".join(families))
    parser.add_argument("--only", default="", help="workloads whose name has this text")
    parser.add_argument("--rounds", type=int, default=timing.ROUNDS)
    parser.add_argument("--quick", action="store_true", help="no first calls, no memory")
    parser.add_argument("--dtypes", nargs="*", default=["float64", "float32"])
    parser.add_argument("--first-calls", type=Path, help="JSON of the run to take them from")
    parser.add_argument("--without", nargs="*", default=[], help="packages not to compare with")
    parser.add_argument("--busy", action="store_true", help="processor time, fastest round")
    parser.add_argument("--core", type=int, default=None)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "latest.json")
    options = parser.parse_args()
    options.known = known(options.first_calls)
    unknown = set(options.families) - set(families)
    if unknown:
        parser.error(f"families must be of {families}, got {sorted(unknown)}")
    return options


def run_all(options: argparse.Namespace) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    measured: list[dict[str, Any]] = []
    for family in options.families:
        if family in COSTS:
            measured += run_costs(family)
    print(f"\n{report.heading()}")
    for family in options.families:
        for workload in workloads.FAMILIES.get(family, lambda: ())():
            if options.only in workload.name:
                for dtype in (d for d in workload.dtypes if d in options.dtypes):
                    rows.append(run_workload(workload, dtype, options))
    return rows, measured


def main() -> int:
    options = arguments()
    if options.busy:
        timing.use_processor_time()
    info = machine(timing.pin_to_one_core(options.core))
    print(json.dumps(info, indent=1))
    rows, measured = run_all(options)
    if any(row["children"] for row in rows):
        print(f"\n{report.first_call_heading()}")
        print("\n".join(report.first_call_line(row) for row in rows if row["children"]))
    print("", *report.summary(rows), sep="\n")
    unremarkable = (contestants.VALUE, contestants.JAX_SCAN)
    for row in rows:
        for name, reason in row["left out"].items():
            if name not in unremarkable and row["dtype"] == "float64":
                print(f"left out: {row['workload']}: {name}: {reason}")
    path = options.results
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": info, "costs": measured, "workloads": rows}, indent=1))
    print(f"\nwrote {path}")
    path.with_suffix(".md").write_text(report.markdown(rows) + "\n")
    title = f"time over that of dualtape jit, one core of an {info['processor']}, {info['time']}"
    if rows and report.draw(rows, path.with_suffix(".png"), title):
        print(f"wrote {path.with_suffix('.png')}")
    missed = sum(r["budget"] is not None and r["value"] > r["budget"] for r in measured)
    missed += sum(len(row["missed budgets"]) for row in rows)
    print(f"{missed} budgets missed")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
