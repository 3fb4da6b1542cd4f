"""Ratios to the plain function, from dualtape_bench's JSON; a picture if a file is named for it.

python bench/cpp/ratios.py cpp.json cpp.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PLAIN = "plain function"
OURS, LIMIT, PEERS = "#1f6fb4", "#4d4d4d", "#d9a05b"


def table(path: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """Workload -> library -> (least processor time in ns, bytes of statements or 0)."""
    result: dict[str, dict[str, tuple[float, float]]] = {}
    for run in json.loads(path.read_text())["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        workload, library = run["run_name"].split("/")[:2]
        libraries = result.setdefault(workload, {})
        time = min(run["cpu_time"], libraries.get(library, (float("inf"), 0))[0])
        libraries[library] = (time, run.get("bytes", 0))
    return result


def show(times: dict[str, dict[str, tuple[float, float]]]) -> None:
    """Print one line per contestant."""
    for workload, libraries in times.items():
        plain = libraries[PLAIN][0]
        print(f"{workload}  ({plain / 1e3:.2f} us)")
        for library, (time, size) in libraries.items():
            memory = f"{size / 1e3:10.1f} kB" if size else ""
            print(f"  {library:32}{time / plain:8.2f} x{memory}")


def draw(times: dict[str, dict[str, tuple[float, float]]], path: Path) -> None:
    """Draw a picture: a panel for each workload, its contestants from fast to slow, logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    rows = (len(times) + 1) // 2
    heights = [
        max(len(row) for row in list(times.values())[2 * i : 2 * i + 2]) - 1 for i in range(rows)
    ]
    figure, grid = plt.subplots(
        rows,
        2,
        figsize=(12, 0.21 * sum(heights) + 0.62 * rows + 0.7),
        height_ratios=heights,
        layout="constrained",
        squeeze=False,
    )
    largest = max(time / row[PLAIN][0] for row in times.values() for time, _ in row.values())
    for axes in grid.flat[len(times) :]:
        axes.axis("off")
    for axes, (workload, libraries) in zip(grid.flat, times.items(), strict=False):
        plain = libraries[PLAIN][0]
        ratios = {name: time / plain for name, (time, _) in libraries.items() if name != PLAIN}
        names = sorted(ratios, key=lambda name: ratios[name])
        colours = [
            LIMIT if "by hand" in name else OURS if name.startswith("dualtape") else PEERS
            for name in names
        ]
        bars = axes.barh(names, [ratios[name] for name in names], 0.74, color=colours, log=True)
        axes.bar_label(bars, [f"{ratios[name]:.3g}" for name in names], padding=3, fontsize=7.5)
        axes.set_title(f"{workload}  ({plain / 1e3:.3g} µs)", fontsize=9.5, loc="left")
        axes.set_xlim(0.8, 2 * largest)
        axes.axvline(1, color="black", linewidth=0.8)
        axes.invert_yaxis()
        axes.tick_params(labelsize=8, length=0)
        axes.grid(axis="x", color="#e6e6e6", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    figure.suptitle(
        "Time of the derivative over that of the plain function (its time in brackets)", fontsize=12
    )
    figure.legend(
        handles=[
            Patch(color=colour, label=label)
            for colour, label in ((LIMIT, "by hand"), (OURS, "dualtape"), (PEERS, "others"))
        ],
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    measured = table(Path(sys.argv[1]))
    show(measured)
    if len(sys.argv) > 2:
        draw(measured, Path(sys.argv[2]))
