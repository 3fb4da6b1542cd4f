"""Counting into bins: linear in the weights, constant in what is counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import Tracer, stop_gradient, zeros
from ._arguments import as_array, indexable_by, known
from ._dispatch import composite, has_tracer


@composite(np.bincount, arrays=2)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    places = known(x, "bincount", "the largest entry is part of the shape")
    if weights is None:
        return np.bincount(places, minlength=minlength)
    length = len(np.bincount(places, minlength=minlength))
    total = zeros(length)
    if np.shape(weights) != places.shape:
        raise ValueError("The weights and list don't have the same length.")
    np.add.at(total, places, as_array(weights).astype(np.float64))
    return total


def _edges(a: Any, bins: Any, limits: Any) -> Any:
    if isinstance(bins, str):
        raise TypeError(f"histogram: bins={bins!r} cannot be recorded; give the number of bins, "
                        "or the edges by numpy.histogram_bin_edges of known values")  # fmt: skip
    if np.ndim(bins):
        edges = as_array(bins)
        if not isinstance(edges, Tracer) and np.any(edges[:-1] > edges[1:]):
            raise ValueError("`bins` must increase monotonically, when an array")
        return edges
    if int(bins) < 1:
        raise ValueError("`bins` must be positive, when an integer")
    if limits is not None:
        first, last = limits
        if not has_tracer((first, last)) and first > last:
            raise ValueError("max must be larger than min in range parameter.")
    elif a.size:
        first, last = np.min(a), np.max(a)
    else:
        first, last = 0, 1
    # No range at all becomes one of length one.
    widening = np.where(np.equal(first, last), 0.5, 0.0)
    kind = np.result_type(first, last, a.dtype)
    kind = kind if kind.kind == "f" else np.dtype(float)
    ends = (np.asarray(x, float) if not has_tracer(x) else x.astype(float) for x in (first, last))
    low, high = ends
    return np.linspace(low - widening, high + widening, int(bins) + 1).astype(kind)


@composite(np.histogram_bin_edges, arrays=2)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    return _edges(np.ravel(as_array(a)), bins, range)


@composite(np.histogram, arrays=2)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    a = np.ravel(as_array(a))
    edges = _edges(a, bins, range)
    order = np.argsort(a)
    ordered = a[order]
    below = np.searchsorted(ordered, edges[:-1], "left")
    # The last bin holds its right edge too.
    stops = np.concatenate([below, np.searchsorted(ordered, edges[-1:], "right")])
    if weights is None:
        counts = np.diff(stops)
    else:
        w = np.ravel(as_array(weights))
        if w.shape != a.shape:
            raise ValueError("weights should have the same shape as a.")
        total = np.concatenate([np.zeros(1, w.dtype), np.cumsum(indexable_by(w, order)[order])])
        counts = np.diff(indexable_by(total, stops)[stops])
    if density:
        counts = counts / np.diff(edges).astype(np.float64) / np.sum(counts)
    return counts, edges


def _bin_of(x: Any, edges: Any) -> Any:
    """Number of the bin of each entry, and whether it is in one; the last holds its right edge."""
    n = np.shape(edges)[0] - 1
    place = np.searchsorted(edges, x, "right") - 1
    place = np.where(np.equal(x, edges[-1]), n - 1, place)
    return np.clip(place, 0, n - 1), (place >= 0) & (place < n)


def _constant(x: Any) -> Any:
    return stop_gradient(x) if isinstance(x, Tracer) else x


@composite(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    if isinstance(sample, list | tuple):
        columns = [np.ravel(as_array(column)) for column in sample]
    else:
        points = np.transpose(np.atleast_2d(as_array(sample)))
        points = points if np.ndim(sample) > 1 else np.transpose(points)
        columns = [points[k] for k in np.arange(points.shape[0])]
    number = len(columns)
    counts = bins if isinstance(bins, list | tuple | np.ndarray) else [bins] * number
    limits = [None] * number if range is None else range
    if len(counts) != number or len(limits) != number:
        raise ValueError(f"histogramdd: bins and range must have {number} entries")
    edges = [_edges(x, b, r) for x, b, r in zip(columns, counts, limits, strict=True)]
    shape = [np.shape(e)[0] - 1 for e in edges]
    place: Any = 0
    inside: Any = True
    for x, e, n in zip(columns, edges, shape, strict=True):
        own, fits = _bin_of(_constant(x), _constant(e))
        place, inside = place * n + own, fits & inside
    w = np.ones(columns[0].shape[0]) if weights is None else as_array(weights).astype(np.float64)
    total = zeros(int(np.prod(shape)))
    np.add.at(total, place, np.where(inside, w, 0.0))
    total = np.reshape(total, shape)
    if density:
        total = total / np.sum(total)
        for k, e in enumerate(edges):
            total = total / np.reshape(np.diff(e), (-1,) + (1,) * (number - 1 - k))
    return total, tuple(edges)


@composite(np.histogram2d)
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    n = len(bins) if isinstance(bins, list | tuple | np.ndarray) else 1
    if n not in (1, 2):  # one array of edges, for both axes
        bins = [np.asarray(bins)] * 2
    total, edges = histogramdd([x, y], bins, range, density, weights)
    return total, edges[0], edges[1]
