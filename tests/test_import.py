"""What `import dualtape` brings along, and what comes when it is asked for."""

import subprocess
import sys

import pytest

import dualtape as dt

HEAVY = ("scipy", "optree", "matplotlib", "pathlib", "typing_extensions", "dualtape.scipy")


def printed(code: str) -> str:
    """By a process of its own: here everything is imported long since."""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_import_brings_nothing_heavy():
    # Before dualtape: what an installation's own hooks and NumPy import is not ours.
    code = (
        "import sys, numpy, importlib.util; importlib.util.find_spec('dualtape')\n"
        "before = set(sys.modules)\n"
        "import dualtape\n"
        f"print([name for name in {HEAVY} if name in sys.modules and name not in before])"
    )
    assert printed(code) == "[]"


def test_scipy_ufunc_finds_its_composition_unnamed():
    """i0 is no opcode, and numpy.i0 no ufunc: its traced form is in dualtape.scipy."""
    pytest.importorskip("scipy")
    code = (
        "import sys, dualtape as dt, scipy.special as special\n"
        "print('dualtape.scipy' in sys.modules, float(dt.grad(special.i0)(1.5)))"
    )
    loaded, slope = printed(code).split()
    from scipy.special import i1

    assert loaded == "False"
    assert float(slope) == pytest.approx(i1(1.5), rel=1e-14)


def test_scipy_imported_inside_a_recording_keeps_no_traced_value():
    """What its modules make of numbers when they are imported is not part of the recording."""
    code = (
        "import sys, math, dualtape as dt\n"
        "f = lambda x: dt.scipy.special.entr(x) * dt.numpy.exp(x)\n"
        "slope = float(dt.grad(f)(0.7))\n"
        "modules = [m for name, m in sys.modules.items() if name.startswith('dualtape')]\n"
        "held = [v for m in modules for v in vars(m).values() if isinstance(v, dt.Tracer)]\n"
        "print(len(held), slope)"
    )
    held, slope = printed(code).split()
    x, exp = 0.7, 2.0137527074704766
    log = -0.35667494393873245  # log(0.7)
    assert held == "0"
    assert float(slope) == pytest.approx((-log - 1 - x * log) * exp, rel=1e-13)


def test_late_names():
    assert {"scipy", "grad"} <= set(dir(dt))
    assert dt.scipy.special.__name__ == "dualtape.scipy.special"
    with pytest.raises(AttributeError, match="'dualtape' has no attribute 'scypi'"):
        dt.scypi  # noqa: B018
