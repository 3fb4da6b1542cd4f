"""Threads: how many, the same bits for any number, forks, several callers at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import dualtape as dt


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = dt.get_num_threads()
    yield
    dt.set_num_threads(before)


def test_number_of_threads() -> None:
    for n in (1, 2, 256):
        dt.set_num_threads(n)
        assert dt.get_num_threads() == n
    for wrong in (0, -1, 257):
        with pytest.raises(ValueError, match=f"1 to 256 threads, got {wrong}"):
            dt.set_num_threads(wrong)
    with pytest.raises(TypeError):
        dt.set_num_threads(2.0)  # type: ignore[arg-type]
    assert dt.get_num_threads() == 256


def python(code: str, **environment: str) -> Any:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_number_of_threads_from_the_environment() -> None:
    code = "import dualtape as dt; print(dt.get_num_threads())"
    assert python(code, DUALTAPE_NUM_THREADS="3").stdout == "3\n"
    for wrong in ("0", "two", "", "257", "2.5"):
        done = python(code, DUALTAPE_NUM_THREADS=wrong)
        assert done.returncode != 0
        assert "DUALTAPE_NUM_THREADS" in done.stderr


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="2026-11-22: only Linux has affinity masks"
)
def test_number_of_threads_is_that_of_usable_cpus() -> None:
    code = """
import os
os.environ.pop("DUALTAPE_NUM_THREADS", None)
import dualtape as dt
cpus = os.sched_getaffinity(0)
{restrict}
print(dt.get_num_threads(), len(os.sched_getaffinity(0)))
"""
    for restrict in ("", "os.sched_setaffinity(0, [min(cpus)])"):
        done = python(code.format(restrict=restrict))
        threads, cpus = map(int, done.stdout.split())
        assert threads == cpus
