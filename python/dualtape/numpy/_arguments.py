"""Reading the arguments NumPy's functions share: arrays, axes, keepdims, out."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import ConcreteValueError, Tracer, UnsupportedFunctionError, asarray
from ._dispatch import has_tracer


def as_array(x: Any) -> Any:
    """x with a shape: a traced value as it is, a list of them stacked, else NumPy's array."""
    if isinstance(x, Tracer):
        return x
    return asarray(x) if has_tracer(x) else np.asarray(x)


def indexable_by(a: Any, *indices: Any) -> Any:
    """a as an array of the recording if an index is traced: NumPy's own arrays take none."""
    return asarray(a) if has_tracer(indices) else as_array(a)


def as_floats(x: Any) -> Any:
    """x as an array of floats: integers and booleans become float64, as in NumPy's means."""
    x = as_array(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def axis_of(axis: Any, ndim: int) -> int:
    """One axis as a position; AxisError as NumPy's."""
    k = int(axis)
    if not -ndim <= k < ndim:
        raise np.exceptions.AxisError(k, ndim)
    return k % ndim


def axes_of(axis: Any, ndim: int) -> list[int]:
    """Axes as positions, in the order given; None: all of them."""
    if axis is None:
        return list(range(ndim))
    chosen = [axis] if isinstance(axis, int | np.integer) else list(axis)
    positions = [axis_of(k, ndim) for k in chosen]
    if len(set(positions)) < len(positions):
        raise ValueError(f"axis must name an axis once, got {axis}")
    return positions


def along(axis: int, index: Any) -> tuple[Any, ...]:
    """The key that indexes one axis and takes the others whole."""
    return (*(slice(None),) * axis, index)


def own(a: Any, name: str) -> Any:
    """The array to write into, which must be one of the recording."""
    if not isinstance(a, Tracer):
        raise TypeError(
            f"{name}: a plain array cannot hold traced values; write a = a + t for a += t, copy "
            "it by dualtape.numpy.array(a), or make it by dualtape.numpy.zeros"
        )
    return a


def is_given(x: Any) -> bool:
    return x is not None and x is not np._NoValue


def keeps(keepdims: Any) -> bool:
    return is_given(keepdims) and bool(keepdims)


def no_out(name: str, out: Any) -> None:
    """TypeError where out= is given: the result of a recorded function is a new value."""
    out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if is_given(out):
        raise TypeError(
            f"{name}: out= cannot be recorded; assign the result (y = {name}(...), or "
            f"y[...] = {name}(...) to write into an array of the recording)"
        )


def scalar_or_array(x: Any, like: Any) -> Any:
    """x as NumPy gives it where it gives a scalar for a scalar or an array of no axes."""
    return x[()] if np.ndim(like) == 0 else x


def known(x: Any, name: str, instead: str) -> Any:
    """The numbers of x, which `name` cannot do without; ConcreteValueError under jit and vmap."""
    if not isinstance(x, Tracer):
        return np.asarray(x)
    try:
        return np.asarray(x.value)
    except ConcreteValueError as error:
        raise ConcreteValueError(
            f"{name}: its result depends on the numbers of a traced value, which are not "
            f"available under jit and vmap; {instead}"
        ) from error


def unsupported(name: str, reason: str) -> UnsupportedFunctionError:
    return UnsupportedFunctionError(f"{name} cannot be recorded: {reason}")


def root(total: Any, exponent: float) -> Any:
    """total ** exponent; at zero with derivative zero, the subgradient of least length."""
    zero = total == 0
    inside = np.where(zero, total.dtype.type(1), total)
    value = np.sqrt(inside) if exponent == 0.5 else inside**exponent
    return np.where(zero, total.dtype.type(0), value)[()]  # A scalar where NumPy gives one.


def squared_size(x: Any) -> Any:
    """x^2, of complex numbers |x|^2."""
    return np.square(x.real) + np.square(x.imag) if x.dtype.kind == "c" else np.square(x)
