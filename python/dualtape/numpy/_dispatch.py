"""How composite functions are reached: by their name here, and from NumPy's own dispatch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from .._core import Tracer, register_function

F = TypeVar("F", bound=Callable[..., Any])


def has_tracer(x: Any) -> bool:
    """Whether x is a traced value or a nest of lists that holds one."""
    if type(x) is Tracer:
        return True
    return isinstance(x, list | tuple) and any(map(has_tracer, x))


def composite(numpy_function: Callable[..., Any]) -> Callable[[F], F]:
    """Register a composition of recorded functions as the traced form of a NumPy function.

    Without a traced argument the result is NumPy's own. The docstring is NumPy's too: arguments and
    results are the same.
    """

    def decorate(traced: F) -> F:
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
