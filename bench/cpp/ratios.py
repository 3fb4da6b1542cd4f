"""Ratios to the plain function, from dualtape_bench's JSON; a picture if a file is named for it.

python bench/cpp/ratios.py cpp.json cpp.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


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
        plain = libraries["plain function"][0]
        print(f"{workload}  ({plain / 1e3:.2f} us)")
        for library, (time, size) in libraries.items():
            memory = f"{size / 1e3:10.1f} kB" if size else ""
            print(f"  {library:32}{time / plain:8.2f} x{memory}")


def draw(times: dict[str, dict[str, tuple[float, float]]], path: Path) -> None:
    """Draw a picture: ratios by workload, on a logarithmic scale."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    libraries = list(dict.fromkeys(name for row in times.values() for name in row))[1:]
    figure, axes = plt.subplots(figsize=(9, 1 + 0.9 * len(times)), layout="constrained")
    height = 0.8 / len(libraries)
    for k, library in enumerate(libraries):
        ratios = [row.get(library, (0, 0))[0] / row["plain function"][0] for row in times.values()]
        axes.barh([i + k * height for i in range(len(times))], ratios, height, label=library)
    axes.set_yticks([i + 0.4 for i in range(len(times))], list(times))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("processor time of a gradient / of the plain function")
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    measured = table(Path(sys.argv[1]))
    show(measured)
    if len(sys.argv) > 2:
        draw(measured, Path(sys.argv[2]))
