"""Functions that call functions: piecewise, apply_along_axis, vectorize."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._arguments import as_array, axis_of
from ._dispatch import composite, has_tracer


@composite(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
    x = as_array(x)
    single = not isinstance(condlist, list | tuple) and np.ndim(condlist) == 0
    single = single or (as_array(condlist[0]).ndim == 0 and x.ndim != 0)
    conditions = [as_array(c).astype(bool) for c in ([condlist] if single else condlist)]
    n = len(conditions)
    if len(funclist) not in (n, n + 1):
        raise ValueError(
            f"with {n} condition(s), either {n} or {n + 1} functions are expected, got "
            f"{len(funclist)}"
        )
    default: Any = x.dtype.type(0)
    value: Any = np.full(x.shape, default, x.dtype)
    if len(funclist) == n + 1:
        value = _piece(funclist[n], x, args, kwargs)
    for condition, function in zip(conditions, funclist, strict=False):
        # A later condition takes what an earlier one has.
        value = np.where(condition, _piece(function, x, args, kwargs), value)
    return np.broadcast_to(value, x.shape).astype(x.dtype)


def _piece(function: Any, x: Any, args: Any, kwargs: Any) -> Any:
    return function(x, *args, **kwargs) if callable(function) else function


@composite(np.apply_along_axis)
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Any:
    a = as_array(arr)
    axis = axis_of(axis, a.ndim)
    moved = np.moveaxis(a, axis, -1)
    lead = moved.shape[:-1]
    if 0 in lead:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    rows = [
        as_array(func1d(moved[k], *args, **kwargs))
        for k in itertools.product(*(range(n) for n in lead))
    ]
    result = np.stack(rows).reshape((*lead, *rows[0].shape))
    # The function's own axes stand where the axis was.
    inner = list(range(len(lead), result.ndim))
    order = [*range(axis), *inner, *range(axis, len(lead))]
    return np.transpose(result, order)[()]


@composite(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    value = as_array(a)
    n = value.ndim
    for axis in np.atleast_1d(np.asarray(axes)).tolist():
        result = func(value, axis_of(axis, n))
        value = result if result.ndim == n else np.expand_dims(result, axis_of(axis, n))
        if value.ndim != n:
            raise ValueError("function is not returning an array of the correct shape")
    return value


class vectorize(np.vectorize):
    """As numpy.vectorize, for traced values too: the function is called for each entry.

    A function written with NumPy's functions needs no vectorize, and is faster without.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not (has_tracer(args) or has_tracer(list(kwargs.values()))):
            return super().__call__(*args, **kwargs)
        if self.signature is not None or self.excluded:
            raise TypeError("vectorize: signature and excluded cannot be recorded; use dt.vmap")
        names = list(kwargs)
        arrays = [as_array(x) for x in (*args, *kwargs.values())]
        shape = np.broadcast_shapes(*(x.shape for x in arrays))
        arrays = [np.broadcast_to(x, shape) for x in arrays]
        results = []
        for k in itertools.product(*(range(n) for n in shape)):
            entries = [x[k] for x in arrays]
            named = dict(zip(names, entries[len(args) :], strict=True))
            results.append(self.pyfunc(*entries[: len(args)], **named))
        if not results:
            raise ValueError("cannot call `vectorize` on size 0 inputs of traced values")
        if isinstance(results[0], tuple):
            return tuple(_stacked(list(r), shape) for r in zip(*results, strict=True))
        return _stacked(results, shape)


def _stacked(entries: list[Any], shape: tuple[int, ...]) -> Any:
    return np.stack([as_array(x) for x in entries]).reshape(shape)[()]
