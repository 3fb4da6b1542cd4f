"""Sets of values: what is in both, in one, in either. The distinct values must be known."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arguments import as_array, axis_of, indexable_by, known
from ._dispatch import composite
from ._indexing import distinct

_COUNT = "the number of values is part of the shape"


@composite(np.isin, arrays=2)
def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: Any = None,
) -> Any:
    x, wanted = as_array(element), np.sort(np.ravel(as_array(test_elements)))
    if wanted.size:
        place = np.minimum(np.searchsorted(wanted, np.ravel(x)), wanted.size - 1)
        found = np.equal(np.reshape(indexable_by(wanted, place)[place], x.shape), x)
    else:
        found = np.zeros(x.shape, bool)
    return np.logical_not(found) if invert else found


@composite(np.intersect1d, arrays=2)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    a = np.ravel(as_array(ar1))
    values = known(a, "intersect1d", _COUNT), known(np.ravel(as_array(ar2)), "intersect1d", _COUNT)
    both, first, second = np.intersect1d(*values, assume_unique=assume_unique, return_indices=True)
    common = a[first].astype(both.dtype)
    return (common, first, second) if return_indices else common


@composite(np.setdiff1d, arrays=2)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    a = np.ravel(as_array(ar1))
    values = known(a, "setdiff1d", _COUNT)
    others = known(ar2, "setdiff1d", _COUNT)
    places = np.arange(a.size) if assume_unique else np.unique(values, return_index=True)[1]
    return a[places[np.isin(values[places], others, invert=True)]]


@composite(np.union1d, arrays=2)
def union1d(ar1: Any, ar2: Any) -> Any:
    both = np.concatenate([np.ravel(as_array(ar1)), np.ravel(as_array(ar2))])
    return distinct(both, "union1d", None, True)[0]


@composite(np.setxor1d, arrays=2)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    a, b = np.ravel(as_array(ar1)), np.ravel(as_array(ar2))
    if not assume_unique:
        a, b = (distinct(x, "setxor1d", None, True)[0] for x in (a, b))
    both = np.concatenate([a, b])
    values = known(both, "setxor1d", _COUNT)
    order = np.argsort(values)
    if not values.size:
        return both
    differs = np.concatenate([[True], values[order][1:] != values[order][:-1], [True]])
    return both[order[differs[1:] & differs[:-1]]]


@composite(np.unique_counts, arrays=1)
def unique_counts(x: Any, /) -> Any:
    values, (_, _, counts) = distinct(x, "unique_counts", None, False)
    return type(np.unique_counts(np.zeros(1)))(values, counts)


@composite(np.unique_inverse, arrays=1)
def unique_inverse(x: Any, /) -> Any:
    values, (_, inverse, _) = distinct(x, "unique_inverse", None, False)
    return type(np.unique_inverse(np.zeros(1)))(values, inverse)


@composite(np.unique_all, arrays=1)
def unique_all(x: Any, /) -> Any:
    values, rest = distinct(x, "unique_all", None, False)
    return type(np.unique_all(np.zeros(1)))(values, *rest)


@composite(np.lexsort, arrays=1)
def lexsort(keys: Any, axis: int = -1) -> Any:
    rows = [as_array(key) for key in keys]
    if not rows:
        raise TypeError("need sequence of keys with len > 0 in lexsort")
    axis = axis_of(axis, rows[0].ndim) if rows[0].ndim else 0
    if not rows[0].ndim:
        return np.int64(0)
    # Stable sorts, the last key's the last.
    order = np.argsort(rows[0], axis=axis, kind="stable")
    for key in rows[1:]:
        turn = np.argsort(np.take_along_axis(key, order, axis), axis=axis, kind="stable")
        order = np.take_along_axis(order, turn, axis)
    return order
