"""How the functions that transformations return are copied and pickled: as functions are."""

from __future__ import annotations

import functools
import importlib
from typing import Any


def reduced(function: Any) -> str | tuple[Any, ...]:
    """__reduce__ of a function: by the name of what it wraps, if that is where it is found.

    A name alone makes a copy the function itself, and a pickle an error that says so.
    """
    wrapped = function.__wrapped__
    module: Any = getattr(wrapped, "__module__", None)
    name = getattr(wrapped, "__qualname__", type(wrapped).__qualname__)
    try:
        is_found = found(module, name) is function
    except (AttributeError, ImportError, TypeError):
        is_found = False
    return (found, (module, name)) if is_found else str(name)


def found(module: str, name: str) -> Any:
    return functools.reduce(getattr, name.split("."), importlib.import_module(module))
