"""How compositions are reached: by their name here, and from SciPy's ufuncs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

from ..numpy._dispatch import has_tracer
from ..numpy._ufuncs import ufunc_composition

F = TypeVar("F", bound=Callable[..., Any])


def scipy_function(module: str, name: str) -> Any:
    """SciPy's own function; ImportError where SciPy is not installed."""
    try:
        found = importlib.import_module(f"scipy.{module}")
    except ImportError as error:
        raise ImportError(
            f"dualtape.scipy.{module}.{name} of numbers that are not traced needs SciPy; "
            "pip install scipy"
        ) from error
    return getattr(found, name)


def hand_on(module: str) -> Callable[[str], Any]:
    """__getattr__ of a module here: what it has not is SciPy's own, for plain numbers."""

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module 'dualtape.scipy.{module}' has no {name!r}")
        return scipy_function(module, name)

    return missing


def composite(module: str) -> Callable[[F], F]:
    """A composition with the name and the arguments of a function of scipy.<module>.

    Without a traced argument the result is SciPy's own.
    """

    def decorate(traced: F) -> F:
        name = traced.__name__

        def public(*args: Any, **kwargs: Any) -> Any:
            if has_tracer(args) or has_tracer(list(kwargs.values())):
                return traced(*args, **kwargs)
            return scipy_function(module, name)(*args, **kwargs)

        public.__name__ = public.__qualname__ = name
        public.__doc__ = f"As scipy.{module}.{name}, for traced values too."
        public.__module__ = f"dualtape.scipy.{module}"
        public.traced = traced  # type: ignore[attr-defined]
        return public  # type: ignore[return-value]

    return decorate


def ufunc(traced: F) -> F:
    """A composition with the name of a ufunc of scipy.special, which itself takes traced values
    then.
    """
    ufunc_composition(traced.__name__)(traced)
    return composite("special")(traced)
