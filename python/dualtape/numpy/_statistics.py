"""Means, spreads, differences and grids, built from sums and slices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import Tracer
from ._arguments import as_array, as_floats, axes_of, axis_of, is_given, keeps, no_out, root
from ._dispatch import composite


@composite(np.var, arrays=1)
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = np._NoValue,
    mean: Any = np._NoValue,
    correction: Any = np._NoValue,
) -> Any:
    no_out("var", out)
    if is_given(correction):
        ddof = correction
    a = as_array(a)
    if dtype is not None:
        a = a.astype(dtype)
    chosen = {"where": where} if is_given(where) and where is not True else {}
    center = mean if is_given(mean) else np.mean(a, axis=axis, keepdims=True, **chosen)
    deviation = a - center
    squares = np.square(np.absolute(deviation)) if a.dtype.kind == "c" else np.square(deviation)
    total = np.sum(squares, axis=axis, keepdims=keeps(keepdims), **chosen)
    if chosen:
        mask = np.broadcast_to(as_array(where), a.shape)
        taken = np.sum(mask, axis=axis, keepdims=keeps(keepdims))
        count: Any = np.maximum(taken - ddof, 0).astype(total.dtype)
        return total / count
    n = a.size // max(total.size, 1) if total.size else 1
    # As NumPy: too few entries divide by zero, giving nan or inf, never a negative number.
    with np.errstate(divide="ignore", invalid="ignore"):
        return total / max(n - ddof, 0)


@composite(np.std, arrays=1)
def std(a: Any, *args: Any, **kwargs: Any) -> Any:
    return root(var(a, *args, **kwargs), 0.5)


@composite(np.average, arrays=1)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    a, keep = as_array(a), keeps(keepdims)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keep)
        total: Any = mean.dtype.type(np.size(a) / max(mean.size, 1))
    else:
        if np.shape(weights) != np.shape(a):
            if not isinstance(axis, int):
                raise TypeError(
                    "average: axis must be an int where weights have another shape than a, "
                    f"got {axis}"
                )
            places = [1] * np.ndim(a)
            places[axis] = -1
            weights = np.reshape(weights, places)
            weights = np.broadcast_to(weights, np.shape(a))
        total = np.sum(weights, axis=axis, keepdims=keep)
        mean = np.sum(a * weights, axis=axis, keepdims=keep) / total
    return (mean, np.broadcast_to(total, mean.shape)) if returned else mean


@composite(np.ptp, arrays=1)
def ptp(a: Any, axis: Any = None, out: None = None, keepdims: Any = False) -> Any:
    no_out("ptp", out)
    keep = keeps(keepdims)
    return np.max(a, axis=axis, keepdims=keep) - np.min(a, axis=axis, keepdims=keep)


@composite(np.diff, arrays=1)
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Any:
    if n < 0:
        raise ValueError(f"diff: n must not be negative, got {n}")
    if n == 0:
        return a
    if np.ndim(a) == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    lead = (slice(None),) * axis_of(axis, a.ndim)
    parts = [x for x in (prepend, a, append) if x is not np._NoValue]
    if len(parts) > 1:
        shape = list(a.shape)
        shape[axis] = 1
        parts = [np.broadcast_to(x, shape) if np.ndim(x) == 0 else x for x in parts]
        a = np.concatenate(parts, axis=axis)
    for _ in range(n):
        upper, lower = a[(*lead, slice(1, None))], a[(*lead, slice(None, -1))]
        a = upper != lower if a.dtype == bool else upper - lower
    return a


@composite(np.trapezoid, arrays=2)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    if x is not None:
        dx = np.diff(x, axis=-1 if np.ndim(x) == 1 else axis)
        if np.ndim(x) == 1:
            places = [1] * np.ndim(y)
            places[axis] = -1
            dx = np.reshape(dx, places)
    lead = (slice(None),) * (axis % np.ndim(y))
    y = y if isinstance(y, Tracer) else np.asarray(y)
    return np.sum(dx * (y[(*lead, slice(1, None))] + y[(*lead, slice(None, -1))]) / 2.0, axis=axis)


@composite(np.ediff1d, arrays=1)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    a = np.ravel(as_array(ary))
    parts = [a[1:] - a[:-1]]
    if to_begin is not None:
        parts.insert(0, np.ravel(as_array(to_begin)).astype(a.dtype))
    if to_end is not None:
        parts.append(np.ravel(as_array(to_end)).astype(a.dtype))
    return np.concatenate(parts)


@composite(np.gradient, arrays=1)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = as_floats(f)
    axes = axes_of(axis, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    spacings = list(varargs) or [1.0]
    if len(spacings) == 1 and np.ndim(spacings[0]) == 0:
        spacings = spacings * len(axes)
    if len(spacings) != len(axes):
        raise TypeError("invalid number of arguments")
    slopes = []
    for spacing, k in zip(spacings, axes, strict=True):
        if f.shape[k] < edge_order + 1:
            raise ValueError(
                f"gradient: axis {k} must have {edge_order + 1} entries for edge_order="
                f"{edge_order}, got {f.shape[k]}"
            )
        slope = _slope(np.moveaxis(f, k, -1), as_array(spacing), edge_order, k)
        slopes.append(slope if slope.dtype == f.dtype else slope.astype(f.dtype))
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slope(f: Any, spacing: Any, edge_order: int, axis: int) -> Any:
    """Second-order differences along the last axis, which goes back to its place."""
    if spacing.ndim > 1 or (spacing.ndim == 1 and spacing.shape[0] != f.shape[-1]):
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    steps = np.diff(spacing) if spacing.ndim else np.broadcast_to(spacing, (f.shape[-1] - 1,))
    left, right = steps[:-1], steps[1:]
    slope = (f[..., 1:] - f[..., :-1]) / steps
    if f.shape[-1] > 2:
        # The slopes on both sides, weighted by the other side's step.
        inner = (right * slope[..., :-1] + left * slope[..., 1:]) / (left + right)
    else:
        inner = slope[..., :0]
    first, last = slope[..., :1], slope[..., -1:]
    if edge_order == 2:
        # The parabola through three points, at its end.
        first = first - steps[:1] * (slope[..., 1:2] - first) / (steps[:1] + steps[1:2])
        last = last + steps[-1:] * (last - slope[..., -2:-1]) / (steps[-1:] + steps[-2:-1])
    return np.moveaxis(np.concatenate([first, inner, last], axis=-1), -1, axis)


@composite(np.cov, arrays=2)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    def rows(x: Any) -> Any:
        x = as_floats(x)
        if x.ndim > 2:
            raise ValueError(f"cov: arrays must have two axes at most, got {x.ndim}")
        x = np.atleast_2d(x)
        return x.T if not rowvar and np.ndim(x) == 2 and x.shape[0] != 1 else x

    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    X = rows(m)
    if y is not None:
        X = np.concatenate([X, rows(y)])
    X = X.astype(np.result_type(X.dtype, np.float64) if dtype is None else dtype)
    ddof = (0 if bias else 1) if ddof is None else ddof
    f = None if fweights is None else as_array(fweights).astype(X.dtype)
    a = None if aweights is None else as_array(aweights)
    w = f if a is None else a if f is None else f * a
    total = X.shape[1] if w is None else np.sum(w)
    mean = np.sum(X if w is None else X * w, axis=1, keepdims=True) / total
    if w is None or ddof == 0 or a is None:
        factor = total - ddof
    else:
        factor = total - ddof * np.sum(w * a) / total
    factor = np.maximum(factor, 0)  # As NumPy: too few observations divide by zero.
    X = X - mean
    turned = np.conjugate(X).T if X.dtype.kind == "c" else X.T
    c = np.matmul(X, turned if w is None else (turned.T * w).T) / factor
    return np.squeeze(c)


@composite(np.corrcoef, arrays=2)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = np.cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    deviation = np.sqrt(np.diagonal(c).real)
    c = c / deviation[:, None] / deviation[None, :]
    if c.dtype.kind == "c":
        return c
    return np.clip(c, -1, 1)
