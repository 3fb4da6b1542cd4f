"""A recorded function gives what eager NumPy gives: type, dtype, shape, values, or its error."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape._core import Recorder


def recorded(f: Callable[..., Any], *args: Any) -> list[Any]:
    """The results of f on traced arguments."""
    with Recorder("the function") as recorder:
        result = f(*[recorder.input(x) for x in args])
        results = list(result) if isinstance(result, tuple | list) else [result]
        return recorder.finish(results).run()


def eager(f: Callable[..., Any], *args: Any) -> list[Any]:
    fresh = [x.copy() if isinstance(x, np.ndarray) else x for x in args]
    with np.errstate(all="ignore"):
        result = f(*fresh)
    return list(result) if isinstance(result, tuple | list) else [result]


def assert_same(given: Any, wanted: Any, rtol: float = 1e-12) -> None:
    """Type, dtype, shape and values; a Python float or complex may come as its NumPy scalar."""
    if type(wanted) is float:
        wanted = np.float64(wanted)
    if type(wanted) is complex:
        wanted = np.complex128(wanted)
    assert type(given) is type(wanted), (given, wanted)
    if isinstance(wanted, np.ndarray | np.generic):
        assert given.dtype == wanted.dtype
        assert given.shape == wanted.shape
        if wanted.dtype == np.float32 or wanted.dtype == np.complex64:
            rtol = 1e-6
    np.testing.assert_allclose(given, wanted, rtol=rtol, atol=0)


def check_as_eager(f: Callable[..., Any], *args: Any) -> None:
    """Equal results; where NumPy raises, the recording raises the same type or a subclass."""
    try:
        wanted = eager(f, *args)
    except Exception as error:
        kind = next(t for t in type(error).__mro__ if t.__module__ == "builtins")
        try:
            given = recorded(f, *args)
        except kind:
            return
        raise AssertionError(f"NumPy raises {error!r}, the recording gives {given}") from error
    for given, want in zip(recorded(f, *args), wanted, strict=True):
        assert_same(given, want)
