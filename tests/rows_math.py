"""Rows of the table of functions: elementwise functions, reductions, statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from table_rows import Row, Table, cell, own, row

import dualtape._core as core

V, W = cell(5), cell(5, seed=1)
A, B, C = cell(3, 4), cell(4, 3, seed=2), cell(2, 3, 4, seed=3)
HOLES = np.where(np.arange(12).reshape(3, 4) % 5 == 1, np.nan, A)
MASK = np.array([[True, False, True, True], [True] * 4, [False, True, False, True]])


def _points(low: float, high: float, n: int, seed: int) -> Any:
    low, high = max(low, -2.2), min(high, 2.9)
    inner = np.linspace(low, high, n + 4)[2:-2] + 0.0123
    inner = inner + 0.05 * (np.abs(inner - np.rint(inner)) < 0.02)  # off the integers
    return np.random.default_rng(seed).permuted(inner)


# Ranges inside which the functions are smooth enough for differences.
_RANGES = {"arccosh": (1.2, 2.9), "gammaln": (0.4, 2.9), "digamma": (0.4, 2.9)}
_NOT_SMOOTH = {"floor_divide", "remainder", "fmod", "copysign", "heaviside"}


def elementwise() -> Table:
    """One row for every registered function with a derivative that NumPy has."""
    table: Table = {}
    for info in core.registry():
        name = info["name"]
        if info["kind"] == "predicate" or not hasattr(np, name) or name in ("where", "clip"):
            continue
        if info["parametric"]:
            continue
        ranges = [_RANGES.get(name, (lo, hi)) for lo, hi, _ in info["sampling"]]
        if name in ("power",):
            ranges = [(0.3, 2.9), (-2.0, 2.0)]
        args = [_points(lo, hi, 5, k) for k, (lo, hi) in enumerate(ranges)]
        table[name] = Row(
            lambda np, *x, name=name: getattr(np, name)(*x),
            tuple(args),
            analytic=bool(info["holomorphic"]),
        )
    return table


def _reduce_where(np: Any, a: Any) -> Any:
    return np.add.reduce(a, axis=1, where=MASK, initial=2.0)


def _at(np: Any, a: Any, b: Any) -> Any:
    y = own(np, a)
    np.add.at(y, [0, 2, 0], b[:3])
    np.subtract.at(y, np.array([[1], [1]]), b[3:, None])
    np.multiply.at(y, [4, 4, 3], b[:3])
    return y


def _out(np: Any, a: Any, b: Any) -> Any:
    y = own(np, a)
    np.multiply(a, b, out=y, where=b > 0)
    np.add(y, b, out=y)
    return y


ELEMENTWISE: Table = {
    **elementwise(),
    "positive": row(lambda np, a: np.positive(a), V),
    "fabs": row(lambda np, a: np.fabs(a), V),
    "deg2rad": row(lambda np, a: np.deg2rad(a), V, analytic=False),
    "radians": row(lambda np, a: np.radians(a), V),
    "rad2deg": row(lambda np, a: np.rad2deg(a), V),
    "degrees": row(lambda np, a: np.degrees(a), V),
    "float_power": row(lambda np, a, b: np.float_power(a + 3, b).astype(a.dtype), V, W),
    "divmod": row(lambda np, a, b: np.divmod(a, b + 3)[1] * np.divmod(a, 0.3)[0], V, W),
    "modf": row(lambda np, a: np.modf(3 * a)[0] * np.modf(3 * a)[1], V),
    "frexp": row(lambda np, a: np.frexp(5 * a)[0] * (1 + np.frexp(5 * a)[1]).astype(a.dtype), V),
    "ldexp": row(lambda np, a: np.ldexp(a, [1, -3, 0, 5, 2]), V),
    "signbit": row(lambda np, a: np.where(np.signbit(a), a, 2 * a), V),
    "real": row(lambda np, a: np.real(a) * a, V),
    "imag": row(lambda np, a: np.imag(a) + a, V),
    "conj": row(lambda np, a: np.conj(a) * a, V),
    "conjugate": row(lambda np, a: np.conjugate(a) * a, V),
    "angle": row(lambda np, a: np.angle(a) * a, V),
    "real_if_close": row(lambda np, a: np.real_if_close(a), V),
    "fix": row(lambda np, a: np.fix(3 * a) * a, V),
    "round": row(lambda np, a: np.round(a, 1) * a, V),
    "around": row(lambda np, a: np.around(a) * a, V),
    "i0": row(lambda np, a: np.i0(a), V),
    "sinc": row(lambda np, a: np.sinc(a), V),
    "unwrap": row(lambda np, a: np.unwrap(a * 4, axis=0), A),
    "unwrap period": row(lambda np, a: np.unwrap(a, period=1.5), V),
    "isfinite": row(lambda np, a: a * np.isfinite(a), V),
    "isnan": row(lambda np, a: a * np.logical_not(np.isnan(a)), V),
    "isinf": row(lambda np, a: np.where(np.isinf(a), 0, a), V),
    "isposinf": row(lambda np, a: np.where(np.isposinf(a), 0, a), V),
    "isneginf": row(lambda np, a: np.where(np.isneginf(a), 0, a), V),
    "isreal": row(lambda np, a: np.where(np.isreal(a), a, 0), V),
    "iscomplex": row(lambda np, a: np.where(np.iscomplex(a), 0, a), V),
    "isclose": row(lambda np, a, b: np.where(np.isclose(a, b, atol=1), a, b), V, W),
    "greater": row(lambda np, a, b: np.where(np.greater(a, b), a, b * b), V, W),
    "logical_and": row(lambda np, a, b: np.where(np.logical_and(a > 0, b > 0), a, b), V, W),
    "add broadcasting": row(lambda np, a, b: np.add(a, b) * b, A, cell(3, 1)),
    "multiply out-where": row(_out, V, W),
    "add dtype": row(lambda np, a: np.add(a, a, dtype=np.float64).astype(a.dtype), V),
    "ufunc.outer": row(lambda np, a, b: np.subtract.outer(a, b), A, V),
    "ufunc.outer power": row(lambda np, a, b: np.power.outer(a + 3, b), V, W),
    "ufunc.reduce": row(lambda np, a: np.add.reduce(a), A),
    "ufunc.reduce where": row(_reduce_where, A),
    "ufunc.reduce maximum": row(lambda np, a: np.maximum.reduce(a, axis=1, keepdims=True), A),
    "ufunc.reduce logaddexp": row(lambda np, a: np.logaddexp.reduce(a, axis=1), A),
    "ufunc.reduce hypot": row(lambda np, a: np.hypot.reduce(a, axis=0), A),
    "ufunc.reduce subtract": row(lambda np, a: np.subtract.reduce(a, axis=1), A),
    "ufunc.reduce divide": row(lambda np, a: np.divide.reduce(a, axis=0), A),
    "ufunc.reduce fmin": row(lambda np, a: np.fmin.reduce(a, axis=1), A),
    "ufunc.accumulate": row(lambda np, a: np.add.accumulate(a, axis=1), A),
    "ufunc.accumulate multiply": row(lambda np, a: np.multiply.accumulate(a), A),
    "ufunc.accumulate maximum": row(lambda np, a: np.maximum.accumulate(a, axis=1), A),
    "ufunc.accumulate logaddexp": row(lambda np, a: np.logaddexp.accumulate(a), A),
    "ufunc.accumulate subtract": row(lambda np, a: np.subtract.accumulate(a, axis=1), A),
    "ufunc.reduceat": row(lambda np, a: np.add.reduceat(a, [0, 3, 1], axis=1), A),
    "ufunc.reduceat of segments": row(lambda np, a: np.add.reduceat(a, [1, 2], axis=1), A),
    "ufunc.at": row(_at, V, W),
}

REDUCTIONS: Table = {
    "sum": row(lambda np, a: np.sum(a, axis=(0, 2), keepdims=True), C),
    "sum where": row(lambda np, a, b: np.sum(a, where=MASK, initial=b[0]), A, V),
    "prod": row(lambda np, a: np.prod(a, axis=1), A),
    "prod where": row(lambda np, a: np.prod(a, axis=0, where=MASK, initial=2.0), A),
    "mean": row(lambda np, a: np.mean(a, axis=-1), C),
    "mean where": row(lambda np, a: np.mean(a, axis=0, where=MASK), A),
    "max": row(lambda np, a: np.max(a, axis=1), C),
    "max where": row(lambda np, a: np.max(a, axis=1, where=MASK, initial=-3.0), A),
    "amax": row(lambda np, a: np.amax(a), A),
    "min": row(lambda np, a: np.min(a, axis=(0, 1)), C),
    "min initial": row(lambda np, a, b: np.min(a, axis=0, initial=b[0]), A, V),
    "amin": row(lambda np, a: np.amin(a, 1), A),
    "ptp": row(lambda np, a: np.ptp(a, axis=0), A),
    "all": row(lambda np, a: a * np.all(a > -5, axis=0, where=MASK), A),
    "any": row(lambda np, a: a * np.any(a > 1.5, axis=1, keepdims=True), A),
    "count_nonzero": row(lambda np, a: a * np.count_nonzero(a > 0, axis=0), A),
    "cumsum": row(lambda np, a: np.cumsum(a, axis=1), A),
    "cumsum flat": row(lambda np, a: a.cumsum(), A),
    "cumprod": row(lambda np, a: np.cumprod(a, axis=0), A),
    "cumprod zeros": row(lambda np, a: a.cumprod(), np.array([2.0, 0.0, 3.0, 0.0, 5.0])),
    "cumulative_sum": row(
        lambda np, a: np.cumulative_sum(a, axis=1, include_initial=True), A
    ),
    "cumulative_prod": row(lambda np, a: np.cumulative_prod(a, axis=0), A),
    "var": row(lambda np, a: np.var(a, axis=1, ddof=1, keepdims=True), A),
    "var where": row(lambda np, a: np.var(a, axis=0, where=MASK), A),
    "std": row(lambda np, a: np.std(a, axis=0), A),
    "std correction": row(lambda np, a: np.std(a, correction=1), A),
    "average": row(lambda np, a, w: np.average(a, weights=w**2), V, W),
    "average axis": row(lambda np, a: np.average(a, axis=0), A),
    "average returned": row(
        lambda np, a, w: np.multiply(*np.average(a, axis=1, weights=w[:4] ** 2, returned=True)),
        A, W,
    ),
    "nansum": row(lambda np, a: np.nansum(np.where(MASK, a, np.nan), axis=0), A),
    "nanprod": row(lambda np, a: np.nanprod(np.where(MASK, a, np.nan), axis=1), A),
    "nanmean": row(lambda np, a: np.nanmean(np.where(MASK, a, np.nan), axis=1), A),
    "nanvar": row(lambda np, a: np.nanvar(np.where(MASK, a, np.nan), axis=1), A),
    "nanstd": row(lambda np, a: np.nanstd(np.where(MASK, a, np.nan), ddof=1), A),
    "nanmax": row(lambda np, a: np.nanmax(np.where(MASK, a, np.nan), axis=0), A),
    "nanmin": row(lambda np, a: np.nanmin(np.where(MASK, a, np.nan)), A),
    "nancumsum": row(lambda np, a: np.nancumsum(np.where(MASK, a, np.nan), axis=0), A),
    "nancumprod": row(lambda np, a: np.nancumprod(np.where(MASK, a, np.nan)), A),
    "nanargmax": row(lambda np, a: a * np.nanargmax(np.where(MASK, a, np.nan)), A),
    "nanargmin": row(lambda np, a: a[:, 0] * np.nanargmin(np.where(MASK, a, np.nan), axis=1), A),
    "median": row(lambda np, a: np.median(a, axis=1), A),
    "median odd": row(lambda np, a: np.median(a), V),
    "median axes": row(lambda np, a: np.median(a, axis=(0, 2), keepdims=True), C),
    "histogram2d": row(lambda np, w: np.histogram2d(w, w**2, bins=3, weights=w)[0], V),
    "histogram2d edges": row(
        lambda np, x: np.histogram2d(x, 2 * x, bins=[2, 3], density=True)[2], V
    ),
    "histogramdd": row(
        lambda np, a, w: np.histogramdd(a, bins=2, weights=w[:3] ** 2, density=True)[0], A, V
    ),
    "quantile": row(lambda np, a: np.quantile(a, 0.3, axis=0), A),
    "quantile several": row(lambda np, a: np.quantile(a, [0.1, 0.85], axis=1, keepdims=True), A),
    "quantile method": row(lambda np, a: np.quantile(a, 0.35, method="hazen"), A),
    "quantile inverted": row(lambda np, a: np.quantile(a, 0.35, method="inverted_cdf"), A),
    "quantile weights": row(
        lambda np, a: np.quantile(
            a, [0.1, 0.6], axis=1, weights=np.arange(1.0, 5.0), method="inverted_cdf"
        ),
        A,
    ),
    "percentile weights": row(
        lambda np, a, w: np.percentile(a, 35, weights=w**2, method="inverted_cdf"), A, A[::-1]
    ),
    "quantile entries": row(
        lambda np, a: np.quantile(a, [0.2, 0.6], axis=1, method="nearest"), A
    ),
    "quantile double": row(lambda np, a: np.quantile(a, np.float64(0.3), axis=1), A),
    "quantile traced": row(lambda np, a, q: np.quantile(a, (q[:2] + 2) / 5, axis=1), A, V),
    "percentile": row(lambda np, a: np.percentile(a, 40, axis=-1), C),
    "percentile several": row(lambda np, a: np.percentile(a, [[10, 55.5]], axis=(0, 1)), C),
    "nanmedian": row(lambda np, a: np.nanmedian(np.where(MASK, a, np.nan), axis=0), A),
    "nanquantile": row(
        lambda np, a: np.nanquantile(np.where(MASK, a, np.nan), [0.2, 0.7], axis=1), A
    ),
    "nanpercentile": row(
        lambda np, a: np.nanpercentile(np.where(MASK, a, np.nan), 30.0, keepdims=True), A
    ),
    "sort": row(lambda np, a: np.sort(a, axis=0), A),
    "sort flat": row(lambda np, a: np.sort(a, axis=None), A),
    "argsort": row(lambda np, a: np.take_along_axis(a, np.argsort(a, axis=1), axis=1), A),
    "partition": row(lambda np, a: np.partition(a, 1, axis=1)[:, 1], A),
    "argpartition": row(lambda np, a: a[np.argpartition(a, 0)[0]] * a, V),
    "diff": row(lambda np, a: np.diff(a), A),
    "diff twice": row(lambda np, a: np.diff(a, n=2, axis=0), A),
    "diff ends": row(lambda np, a, b: np.diff(a, prepend=b[:3, None], append=0.0), A, V),
    "ediff1d": row(lambda np, a, b: np.ediff1d(a, to_begin=b[:2], to_end=b[0]), A, V),
    "gradient": row(lambda np, a: np.gradient(a, axis=1), A),
    "gradient spacing": row(
        lambda np, a, b: np.gradient(a, np.cumsum(b**2 + 0.3), edge_order=2), V, W
    ),
    "gradient axes": row(lambda np, a: sum(np.gradient(a, 0.5, 2.0)), A),
    "trapezoid": row(lambda np, a, x: np.trapezoid(a, x), V, W),
    "trapezoid dx": row(lambda np, a: np.trapezoid(a, dx=0.5, axis=0), A),
    "cov": row(lambda np, a: np.cov(a), A),
    "cov two": row(lambda np, a, b: np.cov(a, b, bias=True), V, W),
    "cov weights": row(
        lambda np, a, w: np.cov(a, aweights=w[:4] ** 2, fweights=[1, 2, 1, 3]), A, V
    ),
    "cov columns": row(lambda np, a: np.cov(a, rowvar=False, ddof=0), A),
    "corrcoef": row(lambda np, a: np.corrcoef(a), A),
    "linspace": row(lambda np, a, b: np.linspace(a[0], b[0], 7), V, W),
    "linspace arrays": row(lambda np, a, b: np.linspace(a, b, 3, axis=1, endpoint=False), V, W),
    "logspace": row(lambda np, a, b: np.logspace(a[0], b[0], 4), V, W),
    "logspace base": row(lambda np, a, b: np.logspace(a, 1.0, 3, base=b + 3), V, W),
    "geomspace": row(lambda np, a, b: np.geomspace(a + 3, b + 4, 5), V, W),
    "geomspace negative": row(lambda np, a: np.geomspace(a[0] - 3, -1.0, 4), V),
    "interp": row(lambda np, x, f: np.interp(x, np.arange(5.0) / 2 - 1, f), V, W),
    "interp points": row(
        lambda np, x, p: np.interp(x, np.cumsum(p**2 + 0.3) - 2, p, left=-1.0), A, W
    ),
    "interp period": row(lambda np, x, f: np.interp(x, [0.2, 1.9, 0.9], f[:3], period=2.0), A, W),
}  # fmt: skip
