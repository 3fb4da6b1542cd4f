"""scipy.spatial.distance for traced values: of two vectors, of all pairs of rows.

Distances at zero have the derivative zero, as norms have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...numpy._arguments import as_array, is_given, root
from .._dispatch import composite, hand_on
from .._elementary import rel_entr


def _doubles(x: Any) -> Any:
    return as_array(x).astype(np.float64)


def _dot(x: Any, y: Any, w: Any) -> Any:
    return np.sum(x * y if w is None else w * x * y, axis=-1)


def _total(x: Any, w: Any) -> Any:
    return np.sum(x if w is None else w * x, axis=-1)


def _sqeuclidean(x: Any, y: Any, w: Any = None) -> Any:
    return _total(np.square(x - y), w)


def _euclidean(x: Any, y: Any, w: Any = None) -> Any:
    return root(_sqeuclidean(x, y, w), 0.5)


def _cityblock(x: Any, y: Any, w: Any = None) -> Any:
    return _total(np.absolute(x - y), w)


def _chebyshev(x: Any, y: Any, w: Any = None) -> Any:
    size = np.absolute(x - y)
    return np.max(size if w is None else np.where(w > 0, size, 0), axis=-1)


def _minkowski(x: Any, y: Any, p: Any = 2, w: Any = None) -> Any:
    if not isinstance(p, int | float):
        raise TypeError("minkowski: p must be a number that is not traced")
    if p == np.inf:
        return _chebyshev(x, y, w)
    if p == 2:
        return _euclidean(x, y, w)
    return root(_total(np.power(np.absolute(x - y), p), w), 1.0 / p)


def _seuclidean(x: Any, y: Any, V: Any = None) -> Any:
    return root(_total(np.square(x - y) / V, None), 0.5)


def _mahalanobis(x: Any, y: Any, VI: Any = None) -> Any:
    d = x - y
    return root(np.sum(np.matmul(d, VI) * d, axis=-1), 0.5)


def _cosine(x: Any, y: Any, w: Any = None) -> Any:
    return 1.0 - _dot(x, y, w) / np.sqrt(_dot(x, x, w) * _dot(y, y, w))


def _correlation(x: Any, y: Any, w: Any = None) -> Any:
    if w is not None:
        w = w / np.sum(w)

    def mean(z: Any) -> Any:
        return np.sum(z / z.shape[-1] if w is None else w * z, axis=-1, keepdims=True)

    return _cosine(x - mean(x), y - mean(y), w)


def _canberra(x: Any, y: Any, w: Any = None) -> Any:
    bottom = np.absolute(x) + np.absolute(y)
    zero = bottom == 0
    return _total(np.where(zero, 0, np.absolute(x - y) / np.where(zero, 1, bottom)), w)


def _braycurtis(x: Any, y: Any, w: Any = None) -> Any:
    return _total(np.absolute(x - y), w) / _total(np.absolute(x + y), w)


def _jensenshannon(x: Any, y: Any) -> Any:
    p = x / np.sum(x, axis=-1, keepdims=True)
    q = y / np.sum(y, axis=-1, keepdims=True)
    m = (p + q) / 2.0
    return root(np.sum(rel_entr(p, m) + rel_entr(q, m), axis=-1) / 2.0, 0.5)


_METRICS: dict[str, Callable[..., Any]] = {
    "euclidean": _euclidean, "sqeuclidean": _sqeuclidean, "cityblock": _cityblock,
    "chebyshev": _chebyshev, "minkowski": _minkowski, "seuclidean": _seuclidean,
    "mahalanobis": _mahalanobis, "cosine": _cosine, "correlation": _correlation,
    "canberra": _canberra, "braycurtis": _braycurtis, "jensenshannon": _jensenshannon,
}  # fmt: skip
_ALIASES = {"manhattan": "cityblock", "euclid": "euclidean", "l2": "euclidean", "l1": "cityblock",
            "cos": "cosine", "cheby": "chebyshev", "mahal": "mahalanobis"}  # fmt: skip


# Of two vectors of float32 and without weights these give float32 in SciPy.
_SINGLE = {"sqeuclidean", "cityblock", "chebyshev", "minkowski", "mahalanobis", "cosine",
           "correlation"}  # fmt: skip


def _of_vectors(name: str) -> Callable[..., Any]:
    metric = _METRICS[name]

    def traced(u: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        given = {k: w if k == "p" else _doubles(w) for k, w in kwargs.items() if is_given(w)}
        more = [p if isinstance(p, int | float) else _doubles(p) for p in args]
        kind = np.result_type(as_array(u).dtype, as_array(v).dtype)
        single = (
            kind == np.float32
            and name in _SINGLE
            and not (given.keys() - {"p"})
            and len(more) <= (name in ("minkowski", "mahalanobis"))
        )
        u, v = _doubles(u), _doubles(v)
        if u.ndim != 1 or v.ndim != 1:
            raise ValueError(f"{name}: u and v must be (n,), got {u.shape} and {v.shape}")
        value = metric(u, v, *more, **given)
        return value.astype(np.float32) if single else value

    traced.__name__ = name
    return composite("spatial.distance")(traced)


euclidean = _of_vectors("euclidean")
sqeuclidean = _of_vectors("sqeuclidean")
cityblock = _of_vectors("cityblock")
chebyshev = _of_vectors("chebyshev")
minkowski = _of_vectors("minkowski")
seuclidean = _of_vectors("seuclidean")
mahalanobis = _of_vectors("mahalanobis")
cosine = _of_vectors("cosine")
correlation = _of_vectors("correlation")
canberra = _of_vectors("canberra")
braycurtis = _of_vectors("braycurtis")


@composite("spatial.distance")
def jensenshannon(
    p: Any, q: Any, base: Any = None, *, axis: int = 0, keepdims: bool = False
) -> Any:
    if keepdims:
        raise TypeError("jensenshannon: keepdims= cannot be recorded")
    kind = np.result_type(as_array(p).dtype, as_array(q).dtype)
    kind = kind if kind.kind == "f" and base is None else np.dtype(np.float64)
    p, q = (np.moveaxis(_doubles(x), axis, -1) for x in (p, q))
    value = _jensenshannon(p, q)
    return (value if base is None else value / np.sqrt(np.log(base))).astype(kind)


def _pairs(name: str, a: Any, b: Any, metric: Any, options: dict[str, Any]) -> Any:
    """Distances of each row of a from each row of b."""
    if callable(metric):
        rows = [[metric(x, y) for y in b] for x in a]
        return np.stack([np.stack(row) for row in rows])
    key = _ALIASES.get(metric.lower(), metric.lower())
    if key not in _METRICS:
        raise TypeError(f"{name}: metric {metric!r} cannot be recorded; recorded are "
                        f"{', '.join(_METRICS)}")  # fmt: skip
    both = np.concatenate([a, b]) if a is not b else a
    given = {k: v if k == "p" else _doubles(v) for k, v in options.items() if is_given(v)}
    if key == "seuclidean" and "V" not in given:
        given["V"] = np.var(both, axis=0, ddof=1)
    if key == "mahalanobis" and "VI" not in given:
        given["VI"] = np.linalg.inv(np.cov(both.T)).T
    return _METRICS[key](a[:, None, :], b[None, :, :], **given)


@composite("spatial.distance")
def cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **options: Any) -> Any:
    if out is not None:
        raise TypeError("cdist: out= cannot be recorded")
    a, b = _doubles(XA), _doubles(XB)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"cdist: XA must be (m, k) and XB (n, k), got {a.shape} and {b.shape}")
    return _pairs("cdist", a, b, metric, options)


@composite("spatial.distance")
def pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **options: Any) -> Any:
    if out is not None:
        raise TypeError("pdist: out= cannot be recorded")
    x = _doubles(X)
    if x.ndim != 2:
        raise ValueError(f"pdist: X must be (m, n), got {x.shape}")
    first, second = np.triu_indices(x.shape[0], 1)
    # SciPy's V and VI of all rows, before each pair is counted once.
    if not callable(metric):
        key = _ALIASES.get(metric.lower(), metric.lower())
        if key == "seuclidean" and not is_given(options.get("V")):
            options["V"] = np.var(x, axis=0, ddof=1)
        if key == "mahalanobis" and not is_given(options.get("VI")):
            options["VI"] = np.linalg.inv(np.cov(x.T)).T
        if key in _METRICS:
            given = {k: v if k == "p" else _doubles(v) for k, v in options.items() if is_given(v)}
            return _METRICS[key](x[first], x[second], **given)
    return _pairs("pdist", x, x, metric, options)[first, second]


@composite("spatial.distance")
def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    x = as_array(X)
    if x.ndim == 2:
        return x[np.triu_indices(x.shape[0], 1)]
    n = int(np.ceil(np.sqrt(2 * x.shape[0])))
    if n * (n - 1) != 2 * x.shape[0]:
        raise ValueError("Incompatible vector size. It must be a binomial coefficient n choose 2.")
    row, column = np.triu_indices(n, 1)
    place = np.zeros((n, n), np.int64)
    place[row, column] = place[column, row] = np.arange(1, x.shape[0] + 1)
    return np.concatenate([np.zeros(1, x.dtype), x])[place]


__getattr__ = hand_on("spatial.distance")
