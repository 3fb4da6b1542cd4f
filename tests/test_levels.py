"""The kernel libraries: one for each instruction set, all with the same results."""

from __future__ import annotations

import os
import platform
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from registry_table import ENTRIES

import dualtape as dt
from dualtape import _core

TESTS = Path(__file__).parent
USABLE = [str(level) for level in dt.show_config("dicts")["usable_kernels"]]
BUILT = (
    ["x86-64-v2", "x86-64-v3", "x86-64-v4"]
    if platform.machine() in ("x86_64", "AMD64")
    else ["generic"]
)


def run(level: str, *command: str) -> subprocess.CompletedProcess[str]:
    paths = [str(TESTS), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "DUALTAPE_KERNELS": level,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    return subprocess.run(
        [sys.executable, *command], env=environment, text=True, capture_output=True, check=False
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """results(level, family): a family of level_results.py, run at that level."""
    folder = tmp_path_factory.mktemp("levels")

    def load(level: str, family: str) -> dict[str, NDArray[Any]]:
        path = folder / f"{level}-{family}.npz"
        if not path.exists():
            done = run(level, str(TESTS / "level_results.py"), family, str(path))
            assert done.returncode == 0, done.stderr
        with np.load(path) as data:
            return dict(data)

    return load


def in_ulp(a: NDArray[Any], b: NDArray[Any]) -> float:
    """The largest distance, in units of the last place of the larger one; NaN equals NaN."""
    with np.errstate(invalid="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        unit = np.spacing(np.maximum(np.abs(a), np.abs(b)))
        distance = np.where(same, 0, np.abs(a - b) / unit)
    return float(np.max(np.nan_to_num(distance, nan=np.inf), initial=0))


@pytest.mark.parametrize("level", USABLE)
def test_forced_level_is_the_one_reported(level: str) -> None:
    done = run(level, "-c", "import dualtape as dt; dt.show_config()")
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(None, 1) for line in done.stdout.splitlines())
    assert lines["kernels"] == level


@pytest.mark.parametrize("level", USABLE)
def test_chains_of_arithmetic_have_the_bits_of_single_operations(level: str) -> None:
    done = run(level, str(TESTS / "chain_programs.py"), *map(str, range(120)))
    assert done.returncode == 0, done.stderr


def test_best_level_is_chosen() -> None:
    code = "import dualtape as dt; print(dt.show_config('dicts')['kernels'])"
    assert run("", "-c", code).stdout.strip() == USABLE[0]


def test_unknown_level_is_an_import_error_that_names_the_known_ones() -> None:
    done = run("x86-64-v5", "-c", "import dualtape")
    assert done.returncode != 0
    wanted = f"DUALTAPE_KERNELS: wanted one of {', '.join(reversed(BUILT))}, got x86-64-v5"
    assert f"ImportError: {wanted}" in done.stderr


@pytest.mark.skipif(BUILT[::-1] == USABLE, reason="2026-11-22: this CPU has every level")
def test_level_the_cpu_lacks_is_an_import_error() -> None:
    done = run(BUILT[-1], "-c", "import dualtape")
    assert f"ImportError: DUALTAPE_KERNELS: this CPU cannot run {BUILT[-1]}" in done.stderr


def test_missing_library_is_an_import_error_that_names_it(tmp_path: Path) -> None:
    module = Path(_core.__file__)
    copy = tmp_path / module.name
    copy.write_bytes(module.read_bytes())
    done = run(USABLE[0], "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import _core")
    assert "ImportError: dualtape: cannot load the kernels of" in done.stderr
    assert f"_kernels.{USABLE[0]}.so" in done.stderr


@pytest.mark.parametrize("level", BUILT)
def test_library_exports_one_symbol(level: str) -> None:
    path = Path(_core.__file__).with_name(f"_kernels.{level}.so")
    assert exported(path.read_bytes()) == ["dualtape_kernels"]


def exported(elf: bytes) -> list[str]:
    """The defined symbols of the dynamic table, as `nm -D --defined-only` lists them."""
    assert elf[:6] == b"\x7fELF\x02\x01", "a 64 bit little-endian ELF file"
    at, size, count = struct.unpack_from("<Q10xHH", elf, 0x28)
    headers = [struct.unpack_from("<IIQQQQII", elf, at + k * size) for k in range(count)]
    table = next(h for h in headers if h[1] == 11)  # SHT_DYNSYM
    strings = headers[table[6]][4]
    names = []
    for k in range(table[4], table[4] + table[5], 24):
        name, _, _, section = struct.unpack_from("<IBBH", elf, k)
        if section:
            first = strings + name
            names.append(elf[first : elf.index(b"\0", first)].decode())
    return names


def test_symbols_of_the_module_are_found_too() -> None:
    """That the list above is short is no fault of the reader."""
    assert "PyInit__core" in exported(Path(_core.__file__).read_bytes())


@pytest.mark.parametrize("level", USABLE)
def test_values_are_within_their_ulp_bounds(level: str) -> None:
    """Check 1 of the rule table and the gamma family, against mpmath, at every level."""
    done = run(
        level, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0" if has_xdist() else "-q",
        str(TESTS / "test_rules.py"), str(TESTS / "test_gamma.py"),
        "-k", "test_1_value or (ulp and float64)",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("level", USABLE)
def test_overwritten_arrays_are_found(level: str) -> None:
    done = run(
        level, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0" if has_xdist() else "-q",
        str(TESTS / "test_overwritten.py"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def has_xdist() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


@pytest.mark.parametrize("level", USABLE[1:])
def test_functions_agree_between_levels(results: Any, level: str) -> None:
    best, other = results(USABLE[0], "elementwise"), results(level, "elementwise")
    assert best.keys() == other.keys()
    for key, wanted in best.items():
        name = key.split("-")[0].rstrip("0123456789")
        entry = ENTRIES.get(key.split("-")[0]) or ENTRIES[name]
        assert wanted.dtype == other[key].dtype
        if entry["kind"] == "predicate":
            assert np.array_equal(wanted, other[key]), key
            continue
        # Both are within the bound of the exact value; float32 is computed by its own rules.
        bound = entry["max_ulp"] if entry["max_ulp"] > 0.5 else 0
        if wanted.dtype == np.float32 and bound:
            bound = max(bound, 4)
        assert in_ulp(wanted, other[key]) <= 2 * bound, key


@pytest.mark.parametrize("level", USABLE)
def test_result_does_not_depend_on_its_position(results: Any, level: str) -> None:
    found = results(level, "elementwise")
    for key, piece in found.items():
        if key.endswith("-piece"):
            whole = found[key.removesuffix("-piece")][5:16]
            assert np.array_equal(whole, piece, equal_nan=piece.dtype != np.bool_), key


@pytest.mark.parametrize("level", USABLE[1:])
@pytest.mark.parametrize("family", ["integers", "reductions"])
def test_results_have_the_same_bits_at_every_level(results: Any, family: str, level: str) -> None:
    best, other = results(USABLE[0], family), results(level, family)
    assert best.keys() == other.keys()
    for key, wanted in best.items():
        assert wanted.dtype == other[key].dtype
        assert wanted.tobytes() == other[key].tobytes(), key


@pytest.mark.parametrize("level", USABLE[1:])
def test_gradients_agree_between_levels(results: Any, level: str) -> None:
    best, other = results(USABLE[0], "gradients"), results(level, "gradients")
    for key, wanted in best.items():
        eps = np.finfo(wanted.dtype).eps
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(other[key], wanted, rtol=32 * eps, atol=32 * eps * scale)
