"""The installed package: one version, the compiled module, headers and types inside."""

import importlib.metadata
import platform
import tomllib
from pathlib import Path

import dualtape
from dualtape import _core

ROOT = Path(__file__).resolve().parents[1]


def installed(name: str) -> Path:
    """The path of an installed file, also in an editable install."""
    files = importlib.metadata.files("dualtape")
    assert files is not None
    matches = [file for file in files if str(file) == name]
    assert matches, f"{name} is not in the wheel"
    return Path(str(matches[0].locate()))


def test_one_version_number() -> None:
    with open(ROOT / "pyproject.toml", "rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert importlib.metadata.version("dualtape") == version
    assert dualtape.__version__ == version
    assert _core.__version__ == version


def test_headers_travel_in_the_wheel() -> None:
    sources = ROOT / "cpp" / "include"
    headers = sorted(sources.rglob("*.hpp"))
    assert headers
    for header in headers:
        copy = installed(f"dualtape/include/{header.relative_to(sources)}")
        assert copy.is_file()


def test_kernel_libraries_travel_in_the_wheel() -> None:
    intel = platform.machine() in ("x86_64", "AMD64")
    for level in ("x86-64-v2", "x86-64-v3", "x86-64-v4") if intel else ("generic",):
        library = installed(f"dualtape/_kernels.{level}.so")
        assert library.is_file()
        assert library.parent == Path(_core.__file__).parent


def test_package_is_typed() -> None:
    folder = Path(dualtape.__file__).parent
    assert (folder / "py.typed").is_file()
    assert (folder / "_core.pyi").is_file()


def test_changelog_names_the_version_or_what_is_unreleased() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text or f"## [{dualtape.__version__}]" in text
