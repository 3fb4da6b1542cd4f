"""Reductions that leave NaN out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arguments import as_array, as_floats, is_given, keeps, no_out, root, scalar_or_array
from ._dispatch import composite


def _present(a: Any, where: Any) -> Any:
    """Mask of the entries that count."""
    mask = np.logical_not(np.isnan(a))
    return mask if where is True or not is_given(where) else np.logical_and(mask, where)


def _start(initial: Any) -> dict[str, Any]:
    return {"initial": initial} if is_given(initial) else {}


def _reduced_axis(a: Any, axis: Any) -> Any:
    """A number may be reduced along axis 0 or -1, as by np.sum."""
    return None if a.ndim == 0 and axis in (0, -1, (0,), (-1,)) else axis


@composite(np.nansum)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = np._NoValue,
    initial: Any = np._NoValue,
    where: Any = np._NoValue,
) -> Any:
    no_out("nansum", out)
    a = as_array(a)
    return np.sum(
        a, axis, dtype, keepdims=keeps(keepdims), where=_present(a, where), **_start(initial)
    )


@composite(np.nanprod)
def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = np._NoValue,
    initial: Any = np._NoValue,
    where: Any = np._NoValue,
) -> Any:
    no_out("nanprod", out)
    a = as_array(a)
    return np.prod(
        a, axis, dtype, keepdims=keeps(keepdims), where=_present(a, where), **_start(initial)
    )


@composite(np.nanmean)
def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = np._NoValue,
    *,
    where: Any = np._NoValue,
) -> Any:
    no_out("nanmean", out)
    a = as_array(a)
    axis = _reduced_axis(a, axis)
    return np.mean(a, axis, dtype, keepdims=keeps(keepdims), where=_present(a, where))


@composite(np.nanvar)
def nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = np._NoValue,
    *,
    where: Any = np._NoValue,
    mean: Any = np._NoValue,
    correction: Any = np._NoValue,
) -> Any:
    no_out("nanvar", out)
    a = as_array(a)
    axis = _reduced_axis(a, axis)
    return np.var(
        a, axis, dtype, ddof=correction if is_given(correction) else ddof,
        keepdims=keeps(keepdims), where=_present(a, where),
        **({"mean": mean} if is_given(mean) else {}),
    )  # fmt: skip


@composite(np.nanstd)
def nanstd(a: Any, *args: Any, **kwargs: Any) -> Any:
    return root(nanvar(a, *args, **kwargs), 0.5)


def _extreme(function: Any, a: Any, axis: Any, keepdims: Any, initial: Any, where: Any) -> Any:
    a = as_array(a)
    if a.dtype.kind not in "fc":
        chosen = {} if where is True or not is_given(where) else {"where": where}
        return function(a, axis=axis, keepdims=keeps(keepdims), **chosen, **_start(initial))
    present = _present(a, where)
    worst = a.dtype.type(-np.inf if function is np.max else np.inf)
    chosen = np.where(present, a, worst)
    result = function(chosen, axis=axis, keepdims=keeps(keepdims), **_start(initial))
    if is_given(initial):
        return result
    some = np.any(present, axis=axis, keepdims=keeps(keepdims))
    return np.where(some, result, a.dtype.type(np.nan))[()]


@composite(np.nanmax)
def nanmax(
    a: Any,
    axis: Any = None,
    out: Any = None,
    keepdims: Any = np._NoValue,
    initial: Any = np._NoValue,
    where: Any = np._NoValue,
) -> Any:
    no_out("nanmax", out)
    return _extreme(np.max, a, axis, keepdims, initial, where)


@composite(np.nanmin)
def nanmin(
    a: Any,
    axis: Any = None,
    out: Any = None,
    keepdims: Any = np._NoValue,
    initial: Any = np._NoValue,
    where: Any = np._NoValue,
) -> Any:
    no_out("nanmin", out)
    return _extreme(np.min, a, axis, keepdims, initial, where)


@composite(np.nanargmax)
def nanargmax(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = np._NoValue) -> Any:
    no_out("nanargmax", out)
    a = as_floats(a)
    return np.argmax(np.where(np.isnan(a), -np.inf, a), axis=axis, keepdims=keeps(keepdims))


@composite(np.nanargmin)
def nanargmin(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = np._NoValue) -> Any:
    no_out("nanargmin", out)
    a = as_floats(a)
    return np.argmin(np.where(np.isnan(a), np.inf, a), axis=axis, keepdims=keeps(keepdims))


@composite(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    x = as_array(x)
    if x.dtype.kind == "c":
        y = x.copy() if copy else x
        y.real = nan_to_num(x.real, nan=nan, posinf=posinf, neginf=neginf)
        y.imag = nan_to_num(x.imag, nan=nan, posinf=posinf, neginf=neginf)
        return scalar_or_array(y, x)
    if x.dtype.kind not in "f":
        return scalar_or_array(x.copy() if copy else x, x)
    limits = np.finfo(x.dtype)
    top = limits.max if posinf is None else posinf
    bottom = limits.min if neginf is None else neginf
    y = np.where(np.isnan(x), nan, x)
    y = np.where(x == np.inf, top, y)
    y = np.where(x == -np.inf, bottom, y).astype(x.dtype)
    if copy:
        return scalar_or_array(y, x)
    x[...] = y
    return x
