"""grad, value_and_grad: reverse mode of scalar functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._core import DerivativeError, Recorder, Recording, ShapeError, Tracer
from ._pytree import LEAF_TYPES, Function
from ._record import (
    Aux,
    Point,
    check_argnums,
    check_callable,
    dtype_of,
    name_of,
    point,
    split_aux,
    wraps,
)


def check_scalar(what: str, result: Any) -> None:
    """A result that has a gradient: shape () and floating."""
    if not isinstance(result, Tracer | np.ndarray | np.generic | bool | int | float | complex):
        raise TypeError(
            f"{what}: the function must return one array of shape (), got {type(result).__name__}"
            + ("; return (value, aux) needs has_aux=True" if isinstance(result, tuple) else "")
        )
    shape = np.shape(result) if not isinstance(result, Tracer) else result.shape
    if shape != ():
        raise ShapeError(
            f"{what}: the function must return shape (), got {shape}; "
            "use jacobian for the derivative of an array"
        )
    dtype = dtype_of(result)
    if dtype.kind != "f":
        raise DerivativeError(f"{what}: the function must return float32 or float64, got {dtype}")


def _record_scalar(at: Point, has_aux: bool) -> tuple[Recording, Aux | None, int]:
    with Recorder(at.what) as recorder:
        result = at.call([recorder.input(leaf) for leaf in at.leaves])
        aux = None
        if has_aux:
            result, aux = split_aux(at.what, result)
        check_scalar(at.what, result)
        extra = aux.outputs() if aux is not None else []
        return recorder.finish([result, *extra]), aux, len(extra)


def grad(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Gradient of a scalar function, by reverse mode.

    Args:
      fun: maps arrays to a float32 or float64 value of shape ().
      argnums: the positional argument, or a tuple of those, to differentiate in: float32 or
        float64 arrays or numbers, or pytrees of them. All other arguments pass through.
      has_aux: whether `fun` returns (value, aux) with anything as aux.
    Returns: a function of the same arguments that gives the gradient, structured like the
      argument (a tuple for a tuple of argnums); with has_aux, (gradient, aux).
    Raises: ShapeError if `fun` does not return shape (); DerivativeError (a TypeError) for integer
      and boolean arguments or results; ValueError for argnums that were not given.
    Cost: a small constant number of evaluations of `fun`, whatever the number of entries.

    >>> dt.grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> dt.grad(lambda p, t: p["a"] * np.exp(p["b"] * t))({"a": 2.0, "b": 0.0}, 3.0)
    {'a': np.float64(1.0), 'b': np.float64(6.0)}

    Source: Griewank and Walther (2008), Evaluating Derivatives, chapter 3.
    """
    check_callable("grad", fun)
    chosen = check_argnums("grad", argnums)
    if chosen == 0 and not has_aux:
        return wraps(fun, _gradient_of_first(fun), "grad")

    def gradient(*args: Any, **kwargs: Any) -> Any:
        at = point("grad", fun, chosen, args, kwargs)
        recording, aux, n_extra = _record_scalar(at, has_aux)
        values = recording.grad(at.wrt, range(1, 1 + n_extra)).run()
        n = len(at.leaves)
        result = at.structured(values[:n])
        return result if aux is None else (result, aux.fill(values[n:]))

    return wraps(fun, gradient, "grad")


_FIRST = (0,)


def _gradient_of_first(fun: Function) -> Function:
    """The common case, kept short: one array or float first, no aux."""
    what = "grad of " + name_of(fun)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        if args:
            x = args[0]
            kind = type(x)
            if kind is float or (kind in LEAF_TYPES and x.dtype.char in "fd"):
                with Recorder(what) as recorder:
                    result = fun(recorder.input(x), *args[1:], **kwargs)
                    if type(result) is not Tracer or result.ndim or result.dtype.char not in "fd":
                        check_scalar(what, result)
                    recording = recorder.finish((result,))
                return recording.grad(_FIRST).run()[0]
        at = point("grad", fun, 0, args, kwargs)
        recording, _, _ = _record_scalar(at, has_aux=False)
        return at.structured(recording.grad(at.wrt).run())

    return gradient


def value_and_grad(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Function:
    """Value and gradient of a scalar function in one run.

    Args: as `grad`.
    Returns: a function of the same arguments that gives (value, gradient); with has_aux,
      ((value, aux), gradient).
    Raises: as `grad`.
    Cost: that of `grad`; the value comes with it.

    >>> dt.value_and_grad(lambda x: (x**2).sum())(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """
    check_callable("value_and_grad", fun)
    chosen = check_argnums("value_and_grad", argnums)

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        at = point("value_and_grad", fun, chosen, args, kwargs)
        recording, aux, n_extra = _record_scalar(at, has_aux)
        values = recording.grad(at.wrt, range(1 + n_extra)).run()
        n = len(at.leaves)
        value = values[n] if aux is None else (values[n], aux.fill(values[n + 1 :]))
        return value, at.structured(values[:n])

    return wraps(fun, value_and_gradient, "value_and_grad")
