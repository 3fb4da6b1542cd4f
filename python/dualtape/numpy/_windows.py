"""Windows of arrays, and window functions of traced shape parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as _numpys

from ._arguments import as_array, axis_of
from ._dispatch import composite
from ._elementary import i0


@composite(_numpys)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    x = as_array(x)
    shape = [int(n) for n in np.atleast_1d(window_shape)]
    if writeable:
        raise TypeError(
            "sliding_window_view: writeable= cannot be recorded; the windows are copies"
        )
    # An axis may be given more than once.
    given = range(x.ndim) if axis is None else _listed(axis)
    axes = [axis_of(k, x.ndim) for k in given]
    if len(axes) != len(shape) or any(n < 0 for n in shape):
        raise ValueError(
            f"sliding_window_view: window_shape must have a length for each of {len(axes)} axes, "
            f"none of them negative, got {tuple(shape)}"
        )
    for k, n in zip(axes, shape, strict=True):
        if n > x.shape[k]:
            raise ValueError("window shape cannot be larger than input array shape")
        index = np.arange(x.shape[k] - n + 1)[:, None] + np.arange(n)
        x = np.moveaxis(np.take(x, index, axis=k), k + 1, -1)
    return x


def _listed(axis: Any) -> list[Any]:
    return list(axis) if isinstance(axis, list | tuple) else [axis]


def kaiser(M: Any, beta: Any) -> Any:
    """As numpy.kaiser, for a traced beta too."""
    if int(M) == 1:
        return np.ones(1) + 0 * beta
    n = np.arange(int(M))
    half = (int(M) - 1) / 2.0
    return i0(beta * np.sqrt(1 - np.square((n - half) / half))) / i0(as_array(beta))
