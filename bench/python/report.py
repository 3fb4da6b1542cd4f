"""Tables, the wanted figures, and the picture."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from contestants import AUTOGRAD, HAND, JAX, JAX_SCAN, JIT, PLAIN, TORCH, VALUE

COLUMNS = (PLAIN, JAX, TORCH, AUTOGRAD, HAND)


def readable(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e9:.2f} ns"


def figure(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def jax_of(row: dict[str, Any]) -> tuple[float, str] | None:
    """Seconds of JAX, with a star if only its loop as `lax.scan` came to an end or was faster."""
    seconds = row["seconds"]
    found = [
        (seconds[name], mark) for name, mark in ((JAX, ""), (JAX_SCAN, "*")) if name in seconds
    ]
    return min(found) if found else None


def cell(row: dict[str, Any], name: str) -> str:
    """Ratio to dualtape jit, or a dash."""
    if name == JAX:
        found = jax_of(row)
        return "-" if found is None else figure(found[0] / row["seconds"][JIT]) + found[1]
    seconds = row["seconds"]
    return figure(seconds[name] / seconds[JIT]) if name in seconds else "-"


def heading() -> str:
    names = "".join(f"{name:>12}" for name in (*COLUMNS[:-1], "by hand", "over value"))
    return f"{'time over that of dualtape jit':52}{'dualtape jit':>13}{names}"


def line(row: dict[str, Any]) -> str:
    seconds = row["seconds"]
    base = seconds[JIT]
    cells = [f"{cell(row, c):>12}" for c in COLUMNS]
    over = figure(base / seconds[VALUE]) if VALUE in seconds else ""
    name = f"{row['workload']}{', f32' if row['dtype'] == 'float32' else ''}"
    return f"{name:52}{readable(base):>13}{''.join(cells)}{over:>12}"


def markdown(rows: list[dict[str, Any]]) -> str:
    """The lines of the table for a document."""
    names = " | ".join((*COLUMNS[:-1], "by hand", "gradient over value"))
    lines = [f"| workload | dualtape jit | {names} |", "|---" * (len(COLUMNS) + 3) + "|"]
    for row in rows:
        seconds = row["seconds"]
        over = figure(seconds[JIT] / seconds[VALUE]) if VALUE in seconds else ""
        cells = " | ".join(cell(row, name).replace("-", "") for name in COLUMNS)
        name = f"{row['workload']}{', float32' if row['dtype'] == 'float32' else ''}"
        lines.append(f"| {name} | {readable(seconds[JIT])} | {cells} | {over} |")
    return "\n".join(lines)


def first_call_line(row: dict[str, Any]) -> str:
    """First call in ms and growth of the peak in MB, contestant by contestant."""
    parts = []
    for name in (PLAIN, JIT, JAX, TORCH, AUTOGRAD, HAND):
        child = row["children"].get(name, {})
        if "first" in child:
            parts.append(f"{child['first'] * 1e3:9.2f} /{child['megabytes']:7.1f}")
        else:
            parts.append(f"{'-':>18}")
    return f"{row['workload']:52}{''.join(parts)}"


def first_call_heading() -> str:
    names = "".join(f"{name:>18}" for name in (PLAIN, JIT, JAX, TORCH, AUTOGRAD, "by hand"))
    return f"{'first call in ms / peak memory in MB':52}{names}"


def wanted(row: dict[str, Any]) -> list[tuple[str, bool, float]]:
    """(figure, kept, ratio) of one line; issue 3 numbers them."""
    seconds = row["seconds"]
    base, plain = seconds[JIT], seconds[PLAIN]
    found = []
    jax = jax_of(row)
    if jax is not None:
        ratio = jax[0] / base
        least = 3.0 if base < 100e-6 else 1.0
        found.append((f"jit {least:.0f} x faster than JAX jit", ratio >= least, ratio))
    for peer in (TORCH, AUTOGRAD):
        if peer in seconds and plain < 1e-3:
            ratio = seconds[peer] / plain
            found.append((f"no jit 10 x faster than {peer}", ratio >= 10, ratio))
    if HAND in seconds:
        ratio = plain / seconds[HAND]
        found.append(("no jit at most 1.5 x the closed form", ratio <= 1.5, ratio))
    if VALUE in seconds:
        ratio = base / seconds[VALUE]
        found.append(("gradient at most 3 x the value", ratio <= 3, ratio))
    children = row["children"]
    first = [
        children[name]["first"] for name in (JAX, JAX_SCAN) if "first" in children.get(name, {})
    ]
    if "first" in children.get(JIT, {}) and first:
        ratio = min(first) / children[JIT]["first"]
        found.append(("first call 30 x faster than JAX's", ratio >= 30, ratio))
    return found


def summary(rows: list[dict[str, Any]]) -> list[str]:
    """Each wanted figure: kept in so many lines, median, and the lines that miss it."""
    by_figure: dict[str, list[tuple[bool, float, str]]] = {}
    for row in rows:
        for name, kept, ratio in wanted(row):
            entry = (kept, ratio, f"{row['workload']} {row['dtype']}")
            by_figure.setdefault(name, []).append(entry)
    lines = []
    for name, entries in by_figure.items():
        kept = sum(k for k, _, _ in entries)
        median = figure(statistics.median(ratio for _, ratio, _ in entries))
        lines.append(f"{name}: {kept} of {len(entries)}, median ratio {median}")
        lines += [f"    {figure(ratio):>6}  {where}" for k, ratio, where in entries if not k]
    return lines


def draw(rows: list[dict[str, Any]], path: Path, title: str) -> bool:
    """A column of bars for each contestant, float64, on one log scale."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if row["dtype"] == "float64"]
    colours = {PLAIN: "#4878a8", JAX: "#c8553d", TORCH: "#d99a2b", AUTOGRAD: "#6a994e"}
    panels, axes = pyplot.subplots(
        1, len(COLUMNS), sharey=True, sharex=True, figsize=(15, 0.23 * len(rows) + 1.6)
    )
    labels = [f"{row['workload']}  ({readable(row['seconds'][JIT])})" for row in rows]
    for axis, name in zip(axes, COLUMNS, strict=True):
        colour = colours.get(name, "#777777")
        for y, row in enumerate(rows):
            text = cell(row, name)
            if text != "-":
                ratio = float(text.rstrip("*"))
                axis.barh(y, ratio - 1, left=1, color=colour, height=0.72)
                axis.text(max(ratio, 1) * 1.15, y, text, va="center", fontsize=6, color="#333333")
            else:
                axis.text(1.15, y, "none", va="center", fontsize=6, color="#999999")
        axis.axvline(1.0, color="black", linewidth=0.8)
        axis.set_title(name, fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="x", linewidth=0.3)
    axes[0].set_xscale("log")
    axes[0].set_xlim(0.08, 2e4)
    axes[0].set_yticks(range(len(rows)), labels, fontsize=7)
    axes[0].set_ylim(len(rows) - 0.4, -0.6)
    panels.tight_layout()
    panels.suptitle(title, fontsize=10, y=1.0, va="bottom")
    panels.savefig(path, dpi=110, bbox_inches="tight")
    return True
