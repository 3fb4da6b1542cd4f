"""dualtape's headers as a C++ user gets them: by pip, by cmake --install, as a subdirectory."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dualtape

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "cpp_project"
SEARCH_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def run(*command: str | Path) -> str:
    result = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, "PATH": SEARCH_PATH},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def configure(source: Path, build: Path, *options: str) -> None:
    generator = ["-G", "Ninja"] if shutil.which("ninja", path=SEARCH_PATH) else []
    python = f"-DPython_EXECUTABLE={sys.executable}"
    run("cmake", "-S", source, "-B", build, *generator, python, *options)


def built_and_run(source: Path, build: Path, *options: str) -> None:
    configure(source, build, *options)
    run("cmake", "--build", build)
    printed = [float(number) for number in run(build / "slope").split()]
    assert printed == pytest.approx([math.sin(3), 2 * math.cos(3)], rel=1e-14)


def test_python_tells_where_the_headers_are() -> None:
    includes = run(sys.executable, "-m", "dualtape", "--includes").strip()
    assert includes == f"-I{dualtape.get_include()}"
    cmakedir = run(sys.executable, "-m", "dualtape", "--cmakedir").strip()
    assert (Path(cmakedir) / "dualtapeConfig.cmake").is_file()
    assert run(sys.executable, "-m", "dualtape", "--version").strip() == dualtape.__version__


def test_find_package_of_the_installed_wheel(tmp_path: Path) -> None:
    built_and_run(EXAMPLE, tmp_path, f"-Ddualtape_DIR={dualtape.get_cmake_dir()}")


def test_find_package_after_cmake_install(tmp_path: Path) -> None:
    configure(ROOT, tmp_path / "headers", "-DDUALTAPE_BUILD_PYTHON=OFF")
    run("cmake", "--install", tmp_path / "headers", "--prefix", tmp_path / "prefix")
    built_and_run(EXAMPLE, tmp_path / "build", f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}")


def test_add_subdirectory(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(EXAMPLE, source)
    lines = source / "CMakeLists.txt"
    wanted = "find_package(dualtape REQUIRED)"
    text = lines.read_text()
    assert wanted in text
    lines.write_text(text.replace(wanted, f"add_subdirectory({ROOT.as_posix()} dualtape)"))
    built_and_run(source, tmp_path / "build")
