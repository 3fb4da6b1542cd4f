"""How composite functions are reached: by their name here, and from NumPy's own dispatch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from .._core import Tracer, asarray, register_function

F = TypeVar("F", bound=Callable[..., Any])


def has_tracer(x: Any) -> bool:
    """Whether x is a traced value or a nest of lists that holds one."""
    if type(x) is Tracer:
        return True
    return isinstance(x, list | tuple) and any(map(has_tracer, x))


def _stacked(x: Any) -> Any:
    """A nest of lists that holds traced values as one array; anything else as it is."""
    return asarray(x) if isinstance(x, list | tuple) and has_tracer(x) else x


def _with_arrays(traced: Callable[..., Any], n: int) -> Callable[..., Any]:
    @functools.wraps(traced)
    def stacking(*args: Any, **kwargs: Any) -> Any:
        return traced(*map(_stacked, args[:n]), *args[n:], **kwargs)

    return stacking


def composite(numpy_function: Callable[..., Any], arrays: int = 0) -> Callable[[F], F]:
    """Register a composition of recorded functions as the traced form of a NumPy function.

    Without a traced argument the result is NumPy's own. The docstring is NumPy's too: arguments and
    results are the same. The first `arrays` arguments may be lists of traced values.
    """

    def decorate(function: F) -> F:
        traced = _with_arrays(function, arrays) if arrays else function
        register_function(numpy_function, traced)

        @functools.wraps(numpy_function)
        def public(*args: Any, **kwargs: Any) -> Any:
            if has_tracer(args) or any(map(has_tracer, kwargs.values())):
                return traced(*args, **kwargs)
            return numpy_function(*args, **kwargs)

        # NumPy's examples show NumPy, not us: they are not ours to test.
        public.__doc__ = f"As numpy.{numpy_function.__name__}, for traced values too."
        public.__module__ = "dualtape.numpy"
        return public  # type: ignore[return-value]

    return decorate
