"""First call and peak memory of one contestant, in a process of its own.

`python firstcall.py FAMILY WORKLOAD CONTESTANT DTYPE [busy]` prints JSON. The library is warm (a
small derivative was made), the function is new: tracing and compiling are in the first call.
"""

from __future__ import annotations

import json
import os
import re
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
    if timing.clock is time.process_time:
        command.append("busy")
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while True:
        try:
            out, errors = child.communicate(timeout=1.0)
            break
        except subprocess.TimeoutExpired:
            if _processor_seconds(child.pid) > LIMIT:
                child.kill()
                child.communicate()
                day = time.strftime("%Y-%m-%d", time.gmtime())
                return {"refused": f"no answer in {LIMIT} s, {day}"}
    if child.returncode != 0:
        return {"refused": (errors.strip().splitlines() or ["died"])[-1][:200]}
    answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    return answer


def _processor_seconds(process: int) -> float:
    # Not RLIMIT_CPU: under it the kernel's processor clock moves in ticks.
    user, system = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _kilobytes(entry: str) -> int:
    # Not ru_maxrss: a child inherits its parent's.
    found = re.search(entry + r":\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


def _warm(name: str) -> None:
    """Imports, threads and first allocations of the library are not the workload's."""
    small = contestants.Workload(
        "", "", lambda dtype: (np.ones(3),), value=lambda lib: lambda x: lib.np.sum(x * x),
        by_hand=lambda x: 2 * x, loops=True,
    )  # fmt: skip
    contestants.contestant(small, name, "float64")()


def _child(family: str, workload_name: str, name: str, dtype: str) -> dict[str, Any]:
    import workloads

    timing.pin_to_one_core()
    workload = next(w for w in workloads.FAMILIES[family]() if w.name == workload_name)
    _warm(name)
    try:
        run = contestants.contestant(workload, name, dtype)
        Path("/proc/self/clear_refs").write_text("5")  # the peak is now what is resident
        before = _kilobytes("VmHWM")
        first = timing.seconds_of(run, 1)
    except peers.Unsupported as reason:
        return {"refused": str(reason)}
    second = timing.seconds_of(run, 1)
    grown = _kilobytes("VmHWM") - before
    return {"first": first, "second": second, "megabytes": grown / 1024}


if __name__ == "__main__":
    if sys.argv[5:] == ["busy"]:
        timing.use_processor_time()
    print(json.dumps(_child(*sys.argv[1:5])))
