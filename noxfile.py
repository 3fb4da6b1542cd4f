"""The tasks of CONTRIBUTING.md, each in an environment of its own: nox -s lint, nox -s tests."""

import nox

nox.options.sessions = ["lint", "tests"]


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting, ruff, mypy, codespell."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    # The types of the runtime requirements are needed, the built package is not.
    session.install(*project["dependencies"], *project["optional-dependencies"]["lint"])
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("codespell")
    sources = session.run("git", "ls-files", "*.cpp", "*.hpp", external=True, silent=True)
    session.run("clang-format", "--dry-run", "--Werror", *sources.split())


@nox.session
def tests(session: nox.Session) -> None:
    """Every test, on the installed package."""
    session.install(".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


def _cpp(session: nox.Session, preset: str) -> None:
    session.install("cmake>=3.24", "ninja", "cmeel-eigen==3.4.1", "pybind11>=3", "numpy>=2")
    session.run("cmake", "--preset", preset, "-G", "Ninja")
    session.run("cmake", "--build", "--preset", preset)
    session.run("ctest", "--preset", preset)


@nox.session
def cpp(session: nox.Session) -> None:
    """The C++ tests alone."""
    _cpp(session, "dev")


@nox.session
def asan(session: nox.Session) -> None:
    """The C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer."""
    _cpp(session, "asan")


@nox.session
def tsan(session: nox.Session) -> None:
    """The C++ tests of threads under ThreadSanitizer."""
    _cpp(session, "tsan")


@nox.session
def asan_python(session: nox.Session) -> None:
    """Python tests (all, or those named) on a module built with both sanitizers of `asan`."""
    session.install(
        "--config-settings=cmake.build-type=Debug",
        "--config-settings=cmake.define.CMAKE_CXX_FLAGS_DEBUG=-O1 -g1",
        "--config-settings=cmake.define.DUALTAPE_SANITIZE=address,undefined",
        ".[test]",
    )
    # The interpreter has none of the sanitizers: they are loaded before it. Python's own memory at
    # exit would count as leaked; an allocation too large is tests' own, and must fail as malloc's.
    names = ("libasan.so", "libubsan.so", "libstdc++.so")
    found = [session.run("g++", f"-print-file-name={n}", external=True, silent=True) for n in names]
    environment = {
        "LD_PRELOAD": " ".join(str(path).strip() for path in found),
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    session.run("python", "-m", "pytest", *session.posargs, env=environment)


@nox.session
def docs(session: nox.Session) -> None:
    """Every example in README, docs and docstrings."""
    session.install(".[test,docs]")
    session.run("python", "-m", "pytest", "tests/test_documents.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Every benchmark; each checks its answer."""
    session.install(".[bench]")
    session.run("python", "bench/run.py", *session.posargs)
