"""First call and peak memory of one contestant, in a process of its own.

`python firstcall.py FAMILY WORKLOAD CONTESTANT DTYPE` prints JSON. The library is warm (a small
derivative was made), the function is new: tracing and compiling are in the first call.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import contestants
import numpy as np
import peers
import timing

LIMIT = 60  # seconds of processor time: others may keep the machine busy


def measure(workload: contestants.Workload, name: str, dtype: str) -> dict[str, Any]:
    """The same in a child; `refused` says why there is no answer."""
    command = [sys.executable, __file__, workload.family, workload.name, name, dtype]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5 * LIMIT)
    except subprocess.TimeoutExpired:
        return _too_slow()
    if done.returncode == -signal.SIGXCPU:
        return _too_slow()
    if done.returncode != 0:
        return {"refused": (done.stderr.strip().splitlines() or ["died"])[-1][:200]}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _too_slow() -> dict[str, Any]:
    return {"refused": f"no answer in {LIMIT} s, {time.strftime('%Y-%m-%d', time.gmtime())}"}


def _kilobytes(entry: str) -> int:
    # Not ru_maxrss: a child inherits its parent's.
    found = re.search(entry + r":\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


def _warm(name: str) -> None:
    """Imports, threads and first allocations of the library are not the workload's."""
    small = contestants.Workload(
        "", "", lambda dtype: (np.ones(3),), value=lambda lib: lambda x: lib.np.sum(x * x),
        by_hand=lambda x: 2 * x,
    )  # fmt: skip
    contestants.contestant(small, name, "float64")()


def _child(family: str, workload_name: str, name: str, dtype: str) -> dict[str, Any]:
    import workloads

    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 1))
    timing.pin_to_one_core()
    workload = next(w for w in workloads.FAMILIES[family]() if w.name == workload_name)
    _warm(name)
    try:
        run = contestants.contestant(workload, name, dtype)
        Path("/proc/self/clear_refs").write_text("5")  # the peak is now what is resident
        before = _kilobytes("VmHWM")
        start = time.perf_counter()
        run()
        first = time.perf_counter() - start
    except peers.Unsupported as reason:
        return {"refused": str(reason)}
    start = time.perf_counter()
    run()
    second = time.perf_counter() - start
    grown = _kilobytes("VmHWM") - before
    return {"first": first, "second": second, "megabytes": grown / 1024}


if __name__ == "__main__":
    print(json.dumps(_child(*sys.argv[1:])))
