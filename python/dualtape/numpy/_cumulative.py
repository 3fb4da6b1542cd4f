"""Running sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arguments import along, as_array, axis_of, no_out
from ._dispatch import composite


def _without_nan(a: Any, value: float) -> Any:
    a = as_array(a)
    return np.where(np.isnan(a), a.dtype.type(value), a) if a.dtype.kind in "fc" else a


@composite(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    no_out("nancumsum", out)
    return np.cumsum(_without_nan(a, 0), axis=axis, dtype=dtype)


@composite(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    no_out("nancumprod", out)
    return np.cumprod(_without_nan(a, 1), axis=axis, dtype=dtype)


def _cumulative(name: str, function: Any, x: Any, axis: Any, initial: bool, identity: int) -> Any:
    x = np.atleast_1d(as_array(x))
    if axis is None:
        if x.ndim > 1:
            raise ValueError(f"{name}: axis must be given for arrays of several axes, got {x.ndim}")
        axis = 0
    axis = axis_of(axis, x.ndim)
    result = function(x, axis=axis)
    if not initial:
        return result
    first = np.full_like(result[along(axis, slice(0, 1))], identity)
    if result.shape[axis] == 0:
        shape = (*result.shape[:axis], 1, *result.shape[axis + 1 :])
        first = np.full(shape, identity, result.dtype)
    return np.concatenate([first, result], axis=axis)


@composite(np.cumulative_sum)
def cumulative_sum(
    x: Any,
    /,
    *,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Any:
    no_out("cumulative_sum", out)
    x = as_array(x) if dtype is None else as_array(x).astype(dtype)
    return _cumulative("cumulative_sum", np.cumsum, x, axis, include_initial, 0)


@composite(np.cumulative_prod)
def cumulative_prod(
    x: Any,
    /,
    *,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Any:
    no_out("cumulative_prod", out)
    x = as_array(x) if dtype is None else as_array(x).astype(dtype)
    return _cumulative("cumulative_prod", np.cumprod, x, axis, include_initial, 1)
