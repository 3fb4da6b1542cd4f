"""r_ and c_: arrays joined by indexing."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import Tracer
from ._arguments import as_array
from ._dispatch import has_tracer


class _Concatenator:
    """numpy.r_ (axis 0, one axis or more) or numpy.c_ (the last of two axes or more)."""

    def __init__(self, plain: Any, axis: int, ndim: int, place: int) -> None:
        self._plain, self._axis, self._ndim, self._place = plain, axis, ndim, place

    def __len__(self) -> int:
        return 0

    def __getitem__(self, key: Any) -> Any:
        items = key if isinstance(key, tuple) else (key,)
        if not has_tracer(items) and not any(map(_traced_slice, items)):
            return self._plain[key]
        axis, ndim, place = self._axis, self._ndim, self._place
        if isinstance(items[0], str):
            axis, ndim, place = _directive(items[0], axis, ndim, place)
            items = items[1:]
        # A Python number takes the type of the arrays beside it.
        dtype = np.result_type(*(x.dtype if isinstance(x, Tracer) else x
                                 for x in map(_item, items)))  # fmt: skip
        parts = [_placed(_item(x), ndim, place).astype(dtype) for x in items]
        return np.concatenate(parts, axis=axis)


def _traced_slice(item: Any) -> bool:
    return isinstance(item, slice) and has_tracer((item.start, item.stop, item.step))


def _item(item: Any) -> Any:
    if _traced_slice(item):
        raise TypeError("r_: a slice of traced values has no known length; write "
                        "dualtape.numpy.linspace")  # fmt: skip
    if isinstance(item, slice):
        return np.r_[item]
    return item if isinstance(item, int | float | complex) else as_array(item)


def _directive(text: str, axis: int, ndim: int, place: int) -> tuple[int, int, int]:
    """'axis', 'axis,ndim' or 'axis,ndim,place' as NumPy reads them."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise TypeError(f"r_: the directive {text!r} makes a numpy.matrix, which is not "
                        "recorded; give numbers: 'axis,ndim,place'") from None  # fmt: skip
    numbers += [axis, ndim, place][len(numbers) :]
    return numbers[0], numbers[1], numbers[2]


def _placed(x: Any, ndim: int, place: int) -> Any:
    """x with `ndim` axes: its own stand at `place`, the ones around them have length one."""
    x = as_array(x)
    missing = ndim - x.ndim
    if missing <= 0:
        return x
    before = place + missing + 1 if place < 0 else place
    return np.reshape(x, (*(1,) * before, *x.shape, *(1,) * (missing - before)))


r_ = _Concatenator(np.r_, 0, 1, -1)
c_ = _Concatenator(np.c_, -1, 2, 0)
