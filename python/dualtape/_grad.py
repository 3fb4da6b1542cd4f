"""grad, value_and_grad: reverse mode of scalar functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    record_first = _recorder_of_first(fun, "grad of " + name_of(fun))
    is_first = chosen == 0 and not has_aux

    def gradient(*args: Any, **kwargs: Any) -> Any:
        if is_first:
            first = record_first(args, kwargs)
            if first is not None:
                return first.grad(_FIRST).run()[0]
        at = point("grad", fun, chosen, args, kwargs)
        recording, aux, n_extra = _record_scalar(at, has_aux)
        values = recording.grad(at.wrt, range(1, 1 + n_extra)).run()
        n = len(at.leaves)
        result = at.structured(values[:n])
        return result if aux is None else (result, aux.fill(values[n:]))

    return wraps(fun, gradient, "grad")


_FIRST = (0,)


def _recorder_of_first(fun: Function, what: str) -> Callable[..., Recording | None]:
    """The common case, kept short: one array or number first, no aux; None if it is not so."""

    def record(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Recording | None:
        if not args:
            return None
        x = args[0]
        kind = type(x)
        if kind is not float and (kind not in LEAF_TYPES or x.dtype.char not in "fd"):
            return None
        with Recorder(what) as recorder:
            result = fun(recorder.input(x), *args[1:], **kwargs)
            if type(result) is not Tracer or result.ndim or result.dtype.char not in "fd":
                check_scalar(what, result)
            return recorder.finish((result,))

    return record


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

    record_first = _recorder_of_first(fun, "value_and_grad of " + name_of(fun))
    is_first = chosen == 0 and not has_aux

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        if is_first:
            first = record_first(args, kwargs)
            if first is not None:
                slope, result = first.grad(_FIRST, _FIRST).run()
                return result, slope
        at = point("value_and_grad", fun, chosen, args, kwargs)
        recording, aux, n_extra = _record_scalar(at, has_aux)
        values = recording.grad(at.wrt, range(1 + n_extra)).run()
        n = len(at.leaves)
        value = values[n] if aux is None else (values[n], aux.fill(values[n + 1 :]))
        return value, at.structured(values[:n])

    return wraps(fun, value_and_gradient, "value_and_grad")
