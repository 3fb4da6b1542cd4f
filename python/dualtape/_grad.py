"""grad, value_and_grad: reverse mode of scalar functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._core import DerivativeError, Recorder, Recording, ShapeError, Tracer, Transformed
from ._pytree import Function
from ._record import (
    ARRAY_LIKE,
    Aux,
    Point,
    check_argnums,
    check_callable,
    check_complex,
    dtype_of,
    point,
    split_aux,
)


def check_scalar(what: str, result: Any, holomorphic: bool = False) -> None:
    """A result that has a gradient: shape () and floating, of a holomorphic function complex."""
    if not isinstance(result, ARRAY_LIKE):
        raise TypeError(
            f"{what}: the function must return one array of shape (), got {type(result).__name__}"
            + ("; return (value, aux) needs has_aux=True" if isinstance(result, tuple) else "")
        )
    shape = np.shape(result) if not isinstance(result, Tracer) else result.shape
    if shape != ():
        raise ShapeError(
            f"{what}: the function must return shape (), got {shape}; "
            "use jacobian for the derivative of an array"
            + (", or return its one entry (np.sum)" if set(shape) == {1} else "")
        )
    dtype = dtype_of(result)
    if holomorphic:
        check_complex(what, "return complex values with holomorphic=True", dtype)
    elif dtype.kind == "c":
        raise DerivativeError(
            f"{what}: the function must return float32 or float64, got {dtype}; differentiate a "
            "real number of it (abs, .real, .imag), or pass holomorphic=True for f'(z)"
        )
    elif dtype.kind != "f":
        raise DerivativeError(f"{what}: the function must return float32 or float64, got {dtype}")


def _record_scalar(
    at: Point, has_aux: bool, holomorphic: bool
) -> tuple[Recording, Aux | None, int]:
    with Recorder(at.what) as recorder:
        result = at.call([recorder.input(leaf) for leaf in at.leaves])
        aux = None
        if has_aux:
            result, aux = split_aux(at.what, result)
        check_scalar(at.what, result, holomorphic)
        extra = aux.outputs() if aux is not None else []
        return recorder.finish([result, *extra]), aux, len(extra)


def _gradient(
    fun: Function,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    what: str,
    chosen: int | tuple[int, ...],
    has_aux: bool,
    holomorphic: bool,
) -> Any:
    """grad or value_and_grad, as `what` says, of calls that do not run in the engine alone."""
    at = point(what, fun, chosen, args, kwargs, holomorphic)
    recording, aux, n_extra = _record_scalar(at, has_aux, holomorphic)
    first = 0 if what == "value_and_grad" else 1  # output 0 is the value, aux stands behind it
    values = recording.grad(at.wrt, range(first, 1 + n_extra)).run()
    n = len(at.leaves)
    gradient, kept = at.structured(values[:n]), values[n:]
    beside = () if aux is None else (aux.fill(kept[1 - first :]),)
    if first == 1:
        return (gradient, *beside) if beside else gradient
    return ((kept[0], *beside) if beside else kept[0]), gradient


def grad(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """Gradient of a scalar function, by reverse mode.

    Args:
      fun: maps arrays to a float32 or float64 value of shape ().
      argnums: the positional argument, or a tuple of those, to differentiate in: float32 or
        float64 arrays or numbers, complex ones, or pytrees of them. All other arguments pass
        through.
      has_aux: whether `fun` returns (value, aux) with anything as aux.
      holomorphic: whether `fun` maps complex numbers to complex ones and has a complex derivative.
    Returns: a function of the same arguments that gives the gradient, structured like the
      argument (a tuple for a tuple of argnums); with has_aux, (gradient, aux). In a complex
      argument x + iy it is df/dx + i df/dy, the direction in which `fun` grows fastest; of a
      holomorphic function its derivative f'(z).
    Raises: ShapeError if `fun` does not return shape (); DerivativeError (a TypeError) for integer
      and boolean arguments or results, and for complex results unless holomorphic; ValueError for
      argnums that were not given.
    Cost: a small constant number of evaluations of `fun`, whatever the number of entries.

    >>> dt.grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> dt.grad(lambda p, t: p["a"] * np.exp(p["b"] * t))({"a": 2.0, "b": 0.0}, 3.0)
    {'a': np.float64(1.0), 'b': np.float64(6.0)}
    >>> dt.grad(lambda z: (z * z.conjugate()).real)(3.0 + 4.0j)
    np.complex128(6+8j)

    Source: Griewank and Walther (2008), Evaluating Derivatives, chapter 3.
    """
    if not callable(fun):
        check_callable("grad", fun)
    chosen = argnums if type(argnums) is int else check_argnums("grad", argnums)
    places = None if holomorphic else chosen
    settings = ("grad", chosen, has_aux, holomorphic)
    return Transformed("grad", fun, places, check_scalar, _gradient, has_aux, settings)


def value_and_grad(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
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
    if not callable(fun):
        check_callable("value_and_grad", fun)
    chosen = argnums if type(argnums) is int else check_argnums("value_and_grad", argnums)
    places = None if holomorphic else chosen
    settings = ("value_and_grad", chosen, has_aux, holomorphic)
    return Transformed("value_and_grad", fun, places, check_scalar, _gradient, has_aux, settings)
