"""S1 to S5: every key of the reference file, both precisions, functions and tape style."""

import importlib
import runpy
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
MODULES = {
    "S1": "s1_loss_derivatives",
    "S2": "s2_mappings",
    "S3": "s3_derivatives_of_derivatives",
    "S4": "s4_products_and_jacobians",
    "S5": "s5_transforms",
}


@pytest.fixture(autouse=True)
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))


def load(name: str) -> tuple[ModuleType, ModuleType]:
    return importlib.import_module("reference"), importlib.import_module(MODULES[name])


def test_every_case_of_the_reference_file_has_an_example() -> None:
    with np.load(EXAMPLES.parent / "tests" / "data" / "seed_reference.npz") as file:
        names = {key.split("/")[0] for key in file.files}
    assert names == {name + precision for name in MODULES for precision in ("", "64")}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", list(MODULES))
def test_every_key_agrees_with_the_reference(name: str, dtype: type) -> None:
    reference, example = load(name)
    case = reference.load(name, dtype)
    results = example.derive(case)
    assert set(results) | set(example.INPUTS) == set(case)
    reference.compare(results, case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", list(MODULES))
def test_tape_style_agrees_with_the_reference(name: str, dtype: type) -> None:
    reference, example = load(name)
    case = reference.load(name, dtype)
    results = example.derive_by_tape(case)
    assert len(results) >= 4
    reference.compare(results, case)


def test_comparison_has_power() -> None:
    """A result that is wrong by ten times the tolerance does not pass."""
    reference, example = load("S4")
    case = reference.load("S4", np.float64)
    results = example.derive(case)
    results["jvp"] = results["jvp"] * (1 + 1e-11)
    with pytest.raises(AssertionError, match="jvp: relative error"):
        reference.compare(results, case)


@pytest.mark.parametrize("name", list(MODULES))
def test_script_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / f"{MODULES[name]}.py"), run_name="__main__")
    assert f"{name} float64" in capsys.readouterr().out


def test_tall_and_wide_jacobians_and_the_large_hessian() -> None:
    _, example = load("S5")
    example.shapes()


def test_fit_of_an_orbit_writes_its_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orbit.png"
    example = importlib.import_module("fit_orbit")
    example.main(str(path))
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "mass of the black hole 4.1" in capsys.readouterr().out


def test_fit_of_a_gaussian_process(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("gaussian_process").main()
    printed = capsys.readouterr().out
    assert "amplitude      1.500" in printed
    assert printed.count("relative difference") == 3


def test_bratus_equation_is_solved(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("bratu").main(100)
    assert "u in the middle: 0.79" in capsys.readouterr().out


def test_cameras_and_points_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("bundle_adjustment").main()
    assert "by 9 products" in capsys.readouterr().out


def test_pendulum_swings_up_with_the_least_effort(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("optimal_control").main()
    assert "effort 3.07" in capsys.readouterr().out


def test_trend_and_season_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("time_series").main()
    printed = capsys.readouterr().out
    assert "-log L = -234.30" in printed
    assert "Jul      +26.1%       651" in printed
    assert printed.count("relative difference") == 2


def test_start_of_a_wave_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("burgers").main()
    printed = capsys.readouterr().out
    assert "viscosity                  0.0060   0.0060" in printed
    assert "from differences of gradients" in printed


def test_hand_of_a_robot_goes_along_a_circle(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("robot_arm").main()
    assert "from the geometric one" in capsys.readouterr().out


def test_branches_of_a_tree_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("phylogeny").main()
    printed = capsys.readouterr().out
    assert "branch 6               0.150    0.169    0.027" in printed
    assert printed.count("relative difference") == 2
