"""What to write instead of a library function that does not take traced values."""

from __future__ import annotations

import dis
import importlib
import linecache
import sys
from types import FrameType

# Where the frame of a decorator's wrapper keeps the function that was called.
_WRAPPED = ("fun", "f", "fn", "hypotest_fun_in")
_WRAPPERS = frozenset({"wrapper", "axis_nan_policy_wrapper", "__ua_function__"})
# How much of a module's name is public, where it is more than "numpy".
_PUBLIC_DEPTH = {"numpy.linalg": 2, "numpy.fft": 2, "numpy.testing": 2, "numpy.polynomial": 3}


def _public_name(frame: FrameType) -> str | None:
    """scipy.special.logsumexp of the frame of a library's function."""
    module = frame.f_globals.get("__name__", "").split(".")
    function = frame.f_code.co_name
    owner = frame.f_locals.get("self")
    if module[:2] == ["scipy", "sparse"] and module[2:3] != ["linalg"]:
        return "scipy.sparse.matmul"  # the name of the product here; theirs is an operator
    if function in _WRAPPERS:
        found = next((frame.f_locals[k] for k in _WRAPPED if k in frame.f_locals), None)
        module = getattr(found, "__module__", ".".join(module)).split(".")
        function = getattr(found, "__name__", function)
    if owner is not None:
        # A method of a distribution or an interpolator: the object's public name before it.
        name = getattr(owner, "name", None)
        if isinstance(name, str):
            function = f"{name}.{function}"
        elif type(owner).__name__ == "MultiUFunc":
            function = owner.__name__
        elif function in ("__init__", "__call__"):
            function = type(owner).__name__
        elif function == "__getitem__":  # np.r_[t], np.c_[t]
            function = {"RClass": "r_", "CClass": "c_"}.get(type(owner).__name__, function)
        else:
            return None
    if module[:3] == ["scipy", "spatial", "distance"]:
        return ".".join([*module[:3], function])
    if module[0] == "scipy" and len(module) > 1:
        return f"scipy.{module[1]}.{function}"
    if module[0] == "numpy":
        return ".".join([*module[: _PUBLIC_DEPTH.get(".".join(module[:2]), 1)], function])
    return None


def _exists(name: str) -> bool:
    parts = name.split(".")
    owner = importlib.import_module("dualtape")
    for part in parts:
        # Not getattr: modules here hand unknown names on to SciPy.
        if part not in vars(owner) and not (
            part in dir(owner) and (parts[0] == "scipy" or parts[1] == "polynomial")
        ):
            return False
        owner = getattr(owner, part)
    return True


def replacement() -> str | None:
    """Sentence on the assignment or the library function that asked for a plain value, if any.

    Called by the engine while that function is on the stack: its outermost frame of NumPy or SciPy
    below the user's own code.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _library(frame) == "dualtape":
        frame = frame.f_back
    called = None
    while frame is not None and _library(frame) in ("numpy", "scipy"):
        called, frame = frame, frame.f_back
    if called is None:
        return _assignment(frame) if frame is not None else None
    name = _public_name(called)
    if name is None:
        return None
    if name == "scipy.sparse.matmul":
        return (
            "matrices of scipy.sparse take plain arrays alone but in M @ t and t @ M; write the "
            "product so, or dualtape.scipy.sparse.matmul(M, t)"
        )
    if _exists(name):
        return f"{name} converts its arguments to plain arrays; write dualtape.{name}"
    return f"{name} converts its arguments to plain arrays, and has no form here"


def is_sparse_product() -> bool:
    """Whether a matrix of scipy.sparse asks, in M @ t. It leaves the product to an object that is
    no array.
    """
    frame = sys._getframe(1)
    back = frame.f_back
    asked_by = (frame.f_code.co_name, back.f_code.co_name if back is not None else None)
    return asked_by == ("_matmul_dispatch", "__matmul__") and _library(frame) == "scipy"


def _assignment(frame: FrameType) -> str | None:
    """Sentence on `y[i] = t` where y is an array of plain NumPy."""
    instruction = frame.f_code.co_code[frame.f_lasti]
    if dis.opname[instruction] not in ("STORE_SUBSCR", "STORE_SLICE"):
        return None
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    said = f"`{line}` (line {frame.f_lineno})" if line else f"line {frame.f_lineno}"
    return (
        f"{said} writes a traced value into an array of plain NumPy; make the array with "
        "dualtape.numpy.zeros(n), or np.zeros(n, like=x) where x is traced"
    )


def _library(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.split(".")[0]
