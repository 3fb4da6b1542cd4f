"""Every example in a docstring, in README and in docs/ runs and gives what it shows."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import dualtape

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)


def namespace() -> dict[str, object]:
    return {"np": np, "dt": dualtape, "dualtape": dualtape}


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(dualtape.__path__, "dualtape.")
    return [dualtape, *(importlib.import_module(info.name) for info in found)]


def docstrings() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [
        test
        for module in modules()
        for test in finder.find(module, extraglobs=namespace())
        if test.examples
    ]
    return sorted(tests, key=lambda test: test.name)


def documents() -> list[Path]:
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path for path in paths if python_blocks(path)]


def python_blocks(path: Path) -> list[tuple[int, str]]:
    """(line number, code) of each fenced block of Python."""
    text = path.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, match.start("code")), match["code"])
        for match in FENCE.finditer(text)
        if match["language"] == "python"
    ]


def run(test: doctest.DocTest) -> None:
    report: list[str] = []
    result = doctest.DocTestRunner(optionflags=OPTIONS).run(
        test, out=report.append, clear_globs=False
    )
    assert result.failed == 0, "".join(report)


@pytest.mark.parametrize("test", docstrings(), ids=lambda test: test.name)
def test_docstring_gives_what_it_shows(test: doctest.DocTest) -> None:
    run(test)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_document_gives_what_it_shows(path: Path) -> None:
    """The blocks of one document share their names; one without prompts is run as it stands."""
    names = namespace()
    for line, code in python_blocks(path):
        if ">>>" in code:
            test = doctest.DocTestParser().get_doctest(code, names, path.name, str(path), line)
            run(test)
            names = test.globs
        else:
            exec(compile("\n" * line + code, str(path), "exec"), names)
