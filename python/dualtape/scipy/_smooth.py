"""SciPy's ufuncs with the values of SciPy's own loops, and derivatives by their formulas."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .._core import Tracer, external_call, ufunc_model
from .._custom import custom_jvp
from ..numpy._arguments import as_array
from ._dispatch import scipy_function, ufunc

Partial = Callable[..., Any]
# Each order is recorded when the function is called, so the orders must end somewhere: the
# functions a rule calls are recorded with one order less, the last ones with none.
MAX_ORDER = 3
_nested = threading.local()


@contextlib.contextmanager
def _one_order_less() -> Iterator[None]:
    _nested.depth = getattr(_nested, "depth", 0) + 1
    try:
        yield
    finally:
        _nested.depth -= 1


class Loop:
    """The loop of a ufunc of scipy.special or NumPy, recorded as a model of single points."""

    def __init__(
        self,
        name: str,
        is_complex: bool = False,
        owner: Any = None,
        constants: tuple[int | float, ...] = (),
    ) -> None:
        self.name, self.is_complex, self._owner = name, is_complex, owner
        self.constants = constants
        self._model: Any = None

    def owner(self) -> Any:
        return scipy_function("special", self.name) if self._owner is None else self._owner

    def __call__(self, *xs: Any) -> list[Any]:
        """Results for arguments of one shape, float64 or complex128."""
        if self._model is None:
            self._model = ufunc_model(self.owner(), self.is_complex, self.constants, self.name)
        parts = [p for x in xs for p in ((x.real, x.imag) if self.is_complex else (x,))]
        y = external_call(self._model, np.stack(parts, axis=-1))
        columns = [y[..., k] for k in range(y.shape[-1])]
        if not self.is_complex:
            return columns
        return [re + 1j * im for re, im in zip(columns[::2], columns[1::2], strict=True)]


def _without_derivative(name: str, k: int, x: Any) -> Any:
    """x, whose tangent is refused with the name of the function."""
    return Loop(f"{name}, argument {k} (from 0)", owner=np.positive)(x)[0]


def evaluated(
    name: str, value: Callable[..., list[Any]], partials: list[Partial | None], xs: list[Any]
) -> list[Any]:
    """The results of `value` at xs, with the derivative of each in each argument.

    A partial maps (arguments, results) to the list of the results' partial derivatives. An argument
    whose partial is None has none: a tangent in it is a DerivativeError.
    """
    # What is not traced has no tangent, and is captured.
    traced = [k for k, x in enumerate(xs) if isinstance(x, Tracer)]
    if getattr(_nested, "depth", 0) >= MAX_ORDER:
        return value(*xs)

    def whole(given: tuple[Any, ...]) -> list[Any]:
        own = list(xs)
        for k, x in zip(traced, given, strict=True):
            own[k] = x
        return own

    def function(*given: Any) -> tuple[Any, ...]:
        return tuple(value(*whole(given)))

    def rule(given: Any, tangents: Any) -> Any:
        with _one_order_less():
            own = whole(given)
            ys = evaluated(name, value, partials, own)
            dots = [np.zeros_like(y) for y in ys]
            for k, x_dot in zip(traced, tangents, strict=True):
                partial = partials[k]
                if partial is not None:
                    slopes = partial(*own, ys)
                    dots = [d + s * x_dot for d, s in zip(dots, slopes, strict=True)]
        return tuple(ys), tuple(dots)

    own = list(xs)
    for k in traced:
        if partials[k] is None:
            own[k] = _without_derivative(name, k, own[k])
    custom = custom_jvp(function)
    custom.defjvp(rule)
    return list(custom(*(own[k] for k in traced)))


def broadcast(given: tuple[Any, ...], kind: Any) -> list[Any]:
    """Arguments of one shape and type."""
    xs = [as_array(x).astype(kind) for x in given]
    shape = np.broadcast_shapes(*(x.shape for x in xs))
    return [x if x.shape == shape else np.broadcast_to(x, shape) for x in xs]


def smooth(name: str, *partials: Partial | None, results: int = 1) -> Callable[..., Any]:
    """The traced form of a ufunc of scipy.special, by SciPy's values and these partials.

    A partial of a function of one result maps (*arguments, result) to its derivative, else (
    *arguments, results) to a list of them.
    """
    loop = Loop(name)

    def of_list(partial: Partial | None) -> Partial | None:
        if partial is None or results > 1:
            return partial
        return lambda *args: [partial(*args[:-1], args[-1][0])]

    rules = [of_list(p) for p in partials]

    def traced(*given: Any) -> Any:
        # SciPy's own choice among its loops; Python's numbers stand for any type of their kind.
        kinds = [type(x) if type(x) in (int, float) else as_array(x).dtype for x in given]
        kind = loop.owner().resolve_dtypes((*kinds, *[None] * results))[-1]
        ys = evaluated(name, loop, rules, broadcast(given, np.float64))
        ys = [y.astype(kind)[()] for y in ys]
        return tuple(ys) if results > 1 else ys[0]

    traced.__name__ = name
    return ufunc(traced)


def smooth_complex(name: str, derivative: Partial) -> Callable[[Any], Any]:
    """The traced form of a holomorphic ufunc of one complex argument."""
    loop = Loop(name, is_complex=True)

    def of_complex(z: Any) -> Any:
        z = as_array(z)
        kind = np.result_type(z.dtype, np.complex64)
        ys = evaluated(
            name, loop, [lambda z, ys: [derivative(z, ys[0])]], [z.astype(np.complex128)]
        )
        return ys[0].astype(kind)[()]

    of_complex.__name__ = name
    return of_complex
