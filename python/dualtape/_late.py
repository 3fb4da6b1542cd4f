"""dualtape.scipy, imported when it is first asked for.

It has half the modules of the package. Of SciPy's ufuncs those that are compositions need it too
(numpy/_ufuncs.py), whether or not the user has named it.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

_PACKAGE = "dualtape"


def import_scipy() -> Any:
    return importlib.import_module(f"{_PACKAGE}.scipy")


def late_module(name: str) -> Any:
    """__getattr__ of the package."""
    if name == "scipy":
        return import_scipy()
    raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}")


def late_dir() -> list[str]:
    """__dir__ of the package."""
    return sorted({*vars(sys.modules[_PACKAGE]), "scipy"})
