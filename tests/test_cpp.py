"""The C++ tests (tests/cpp): each program and each file that must not compile is one test."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cpp_page
import pytest

SOURCE = Path(__file__).parent / "cpp"
PROGRAMS = sorted(
    [path.stem for path in SOURCE.glob("test_*.cpp")]
    + ["test_lanes_native"]  # test_lanes.cpp once more, for this processor
    + ["documented_blocks"]  # the code of docs/cpp.md
    + [f"engine_{path.stem}" for path in (SOURCE / "engine").glob("test_*.cpp")]
)
FAILURES = sorted(path.stem for path in (SOURCE / "compile_failures").glob("*.cpp"))
# cmake and ninja of the `test` extra stand beside the interpreter.
SEARCH_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PATH": SEARCH_PATH},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One build tool at a time in a folder, also among the workers of pytest-xdist."""
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(folder: Path, *targets: str) -> subprocess.CompletedProcess[str]:
    chosen = [part for target in targets for part in ("--target", target)]
    with locked(folder):
        return run("cmake", "--build", folder, "--parallel", "2", *chosen)


def write_documented(folder: Path) -> None:
    """The code of docs/cpp.md, one file for each block; those of before stay unless they differ."""
    folder.mkdir(exist_ok=True)
    for name, code in cpp_page.blocks("cpp").items():
        file = folder / f"{name}.{'cpp' if 'int main' in code else 'inc'}"
        if not file.exists() or file.read_text(encoding="utf-8") != code:
            file.write_text(code, encoding="utf-8")


@pytest.fixture(scope="session")
def build_folder(request: pytest.FixtureRequest) -> Path:
    """Configured and built; kept in pytest's cache, so that a second run builds nothing."""
    if shutil.which("cmake", path=SEARCH_PATH) is None:
        pytest.fail("tests/cpp: wanted cmake, found none: pip install 'dualtape[test]'")
    cache = request.config.cache
    assert cache is not None
    folder = cache.mkdir("cpp-tests")
    write_documented(folder / "documented")
    generator = ["-G", "Ninja"] if shutil.which("ninja", path=SEARCH_PATH) else []
    command = [
        "cmake",
        "-S",
        SOURCE,
        "-B",
        folder,
        *generator,
        f"-DPython_EXECUTABLE={sys.executable}",
    ]
    with locked(folder):
        configured = run(*command)
        if configured.returncode:  # a cache of another interpreter or generator
            (folder / "CMakeCache.txt").unlink(missing_ok=True)
            shutil.rmtree(folder / "CMakeFiles", ignore_errors=True)
            configured = run(*command)
    assert configured.returncode == 0, configured.stdout
    # In parallel and to the end; what did not build is reported by its own test.
    with locked(folder):
        run(
            "cmake", "--build", folder, "--parallel", "2", "--", "-k", *(["0"] if generator else [])
        )
    return folder


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_passes(build_folder: Path, program: str) -> None:
    built = build(build_folder, program)
    assert built.returncode == 0, built.stdout
    result = run(build_folder / program, cwd=SOURCE)
    assert result.returncode == 0, result.stdout
    assert result.stdout.strip(), "a program says what it has checked"


def test_each_header_compiles_by_itself(build_folder: Path) -> None:
    built = build(build_folder, "headers_alone")
    assert built.returncode == 0, built.stdout


def test_program_without_exceptions_ends_with_the_message(build_folder: Path) -> None:
    built = build(build_folder, "without_exceptions")
    assert built.returncode == 0, built.stdout
    right = run(build_folder / "without_exceptions")
    assert (right.returncode, right.stdout) == (0, "right\n")
    mistaken = run(build_folder / "without_exceptions", "mistake")
    assert mistaken.returncode == -signal.SIGABRT
    assert "dualtape: assignment: wanted variables of this thread's" in mistaken.stdout


@pytest.mark.parametrize("name", FAILURES)
def test_wrong_code_does_not_compile(build_folder: Path, name: str) -> None:
    source = (SOURCE / "compile_failures" / f"{name}.cpp").read_text()
    wanted = re.search(r"^// error: (.*)$", source, re.MULTILINE)
    assert wanted, "the file names the error it wants"
    control = build(build_folder, f"compile_{name}_control")
    assert control.returncode == 0, control.stdout
    wrong = build(build_folder, f"compile_{name}_must_fail")
    assert wrong.returncode != 0
    assert re.search(wanted[1], wrong.stdout), wrong.stdout


def test_documented_program_prints_its_comments(build_folder: Path) -> None:
    built = build(build_folder, "documented_program")
    assert built.returncode == 0, built.stdout
    result = run(build_folder / "documented_program")
    assert result.returncode == 0, result.stdout
    wanted = re.findall(r"// ([-\d. ]+\d)", cpp_page.blocks("cpp")["five_minutes"])
    assert len(wanted) == 3
    printed = " ".join(result.stdout.split())
    assert all(numbers in printed for numbers in wanted)


def test_every_documented_block_is_compiled() -> None:
    includes = (SOURCE / "documented_blocks.cpp").read_text(encoding="utf-8")
    compiled = set(re.findall(r'#include "documented/(\w+)\.inc"', includes))
    elsewhere = {"five_minutes", "one_model_two_languages"}  # above; test_cpp_model.py
    assert compiled | elsewhere == set(cpp_page.blocks("cpp"))
