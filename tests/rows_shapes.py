"""Rows of the table of functions: shapes, joining, indexing, assignment."""

from __future__ import annotations

import numpy
import numpy as np
from table_rows import Table, cell, grid, own, row

V, W = cell(5), cell(5, seed=1)
A, B, C, S = cell(3, 4), cell(4, 3, seed=2), cell(2, 3, 4, seed=3), grid(3)
X, Y = cell(6), cell(2, 2, seed=5)
MASK = np.array([True, False, True, True, False])
TABLE = np.array([[0, 2, 1], [3, 0, 0]])


def tied(np, x):
    """x with two entries that come again."""
    return np.concatenate([x, x[1:3]])


SHAPES: Table = {
    "reshape": row(lambda np, a: np.reshape(a, (2, 6)), A),
    "reshape fortran": row(lambda np, a: np.reshape(a, (2, -1), order="F"), A),
    "reshape method-fortran": row(lambda np, a: a.reshape(2, 6, order="F"), A),
    "ravel": row(lambda np, a: np.ravel(a), A),
    "ravel fortran": row(lambda np, a: np.ravel(a, order="F"), A),
    "ravel flatten": row(lambda np, a: a.flatten() * a.flatten("F"), A),
    "transpose": row(lambda np, a: np.transpose(a, (2, 0, 1)), C),
    "permute_dims": row(lambda np, a: np.permute_dims(a, (2, 0, 1)), C),
    "matrix_transpose": row(lambda np, a: np.matrix_transpose(a), C),
    "swapaxes": row(lambda np, a: np.swapaxes(a, 0, 2), C),
    "moveaxis": row(lambda np, a: np.moveaxis(a, 0, -1), C),
    "rollaxis": row(lambda np, a: np.rollaxis(a, 2), C),
    "rollaxis start": row(lambda np, a: np.rollaxis(a, 0, 2), C),
    "expand_dims": row(lambda np, a: np.expand_dims(a, (0, 2)), V),
    "squeeze": row(lambda np, a: np.squeeze(a[None, :, None]), V),
    "broadcast_to": row(lambda np, a: np.broadcast_to(a, (2, 5)), V),
    "broadcast_arrays": row(lambda np, a, b: sum(np.broadcast_arrays(a, b)), V, cell(3, 1)),
    "atleast_1d": row(lambda np, a: np.atleast_1d(a), cell()),
    "atleast_2d": row(lambda np, a: np.atleast_2d(a), V),
    "atleast_3d": row(lambda np, a: np.atleast_3d(a), A),
    "flip": row(lambda np, a: np.flip(a, axis=1), C),
    "fliplr": row(lambda np, a: np.fliplr(a), A),
    "flipud": row(lambda np, a: np.flipud(a), A),
    "rot90": row(lambda np, a: np.rot90(a), A),
    "rot90 thrice": row(lambda np, a: np.rot90(a, 3, (1, 2)), C),
    "roll": row(lambda np, a: np.roll(a, 2), A),
    "roll axes": row(lambda np, a: np.roll(a, (1, -2), axis=(0, 1)), A),
    "repeat": row(lambda np, a: np.repeat(a, 2, axis=1), A),
    "repeat counts": row(lambda np, a: np.repeat(a, [1, 0, 2], axis=0), A),
    "tile": row(lambda np, a: np.tile(a, (2, 1, 2)), A),
    "resize": row(lambda np, a: np.resize(a, (3, 5)), A),
    "resize smaller": row(lambda np, a: np.resize(a, 7), A),
    "concatenate": row(lambda np, a, b: np.concatenate([a, b], axis=1), A, S),
    "concat": row(lambda np, a, b: np.concat([a, b]), V, W),
    "stack": row(lambda np, a, b: np.stack([a, b], axis=1), V, W),
    "vstack": row(lambda np, a, b: np.vstack([a, b]), V, W),
    "hstack": row(lambda np, a, b: np.hstack([a, b]), A, S),
    "dstack": row(lambda np, a, b: np.dstack([a, b]), V, W),
    "column_stack": row(lambda np, a, b: np.column_stack([a, b]), V, W),
    "block": row(lambda np, a, b: np.block([[a, b.T], [b, np.zeros((4, 4))]]), S, B),
    "append": row(lambda np, a, b: np.append(a, b), A, V),
    "append list": row(lambda np, a, b: np.append([a[0], b[1]], [b[2]]), V, W, plain=False),
    "r_": row(lambda np, a, b: np.r_[a, 0.5, b[:2], 1:3], V, W, plain=False),
    "r_ directive": row(lambda np, a, b: np.r_["1,2,0", a, b], V, W, plain=False),
    "r_ axis": row(lambda np, a, b: np.r_["-1", a, b], A, S, plain=False),
    "c_": row(lambda np, a, b: np.c_[a[:3], b, a[1:4]], V, A, plain=False),
    "row_stack": row(lambda np, a, b: np.vstack([a, b], dtype=a.dtype), V, W),
    "asanyarray": row(lambda np, a: np.asanyarray([a[0], a[2]]), V, plain=False),
    "ascontiguousarray": row(lambda np, a: np.ascontiguousarray(a.T), A, plain=False),
    "asfortranarray": row(lambda np, a: np.asfortranarray(a), A, plain=False),
    "append axis": row(lambda np, a, b: np.append(a, b, axis=1), A, S),
    "split": row(lambda np, a: np.split(a, 2, axis=1)[1], A),
    "split at": row(lambda np, a: np.split(a, [1, 3], axis=-1)[1], A),
    "array_split": row(lambda np, a: np.array_split(a, 2)[1], V),
    "vsplit": row(lambda np, a: np.vsplit(a, 3)[1], A),
    "hsplit": row(lambda np, a: np.hsplit(a, 2)[1], A),
    "dsplit": row(lambda np, a: np.dsplit(a, 2)[1], C),
    "unstack": row(lambda np, a: np.unstack(a, axis=1)[2] * 2, A),
    "insert": row(lambda np, a, b: np.insert(a, 2, b[:3], axis=1), A, V),
    "insert several": row(lambda np, a, b: np.insert(a, [1, 3, 3], b[:3]), V, W),
    "insert scalar": row(lambda np, a, b: np.insert(a, 1, b[0]), A, W),
    "insert list-of-one": row(lambda np, a, b: np.insert(a, [1], b[:, None][:3], axis=1), A, W),
    "insert slice": row(lambda np, a, b: np.insert(a, slice(0, 4, 2), b[:2]), V, W),
    "insert rows": row(lambda np, a, b: np.insert(a, [0, 2], b[:4], axis=0), A, V),
    "delete": row(lambda np, a: np.delete(a, 1, axis=1), A),
    "delete several": row(lambda np, a: np.delete(a, [0, -1]), V),
    "delete mask": row(lambda np, a: np.delete(a, MASK), V),
    "delete slice": row(lambda np, a: np.delete(a, np.s_[::2], 0) if hasattr(np, "s_")
                        else np.delete(a, slice(None, None, 2), 0), A),
    "trim_zeros": row(lambda np, a: np.trim_zeros(np.concatenate([[0.0], a, [0.0, 0.0]]).astype(
        a.dtype)), V, batch=False),
    "vander": row(lambda np, a: np.vander(a), V),
    "vander increasing": row(lambda np, a: np.vander(a, 3, increasing=True), V),
    "meshgrid": row(lambda np, a, b: np.meshgrid(a, b)[0] * np.meshgrid(a, b)[1], V, W),
    "meshgrid ij": row(lambda np, a, b: np.meshgrid(a, b, indexing="ij")[1], V, W),
    "meshgrid sparse": row(lambda np, a, b: sum(np.meshgrid(a, b, sparse=True)), V, W),
    "ix_": row(lambda np, a: a[np.ix_([0, 2], [1, 3, 3])], A),
    "tril": row(lambda np, a: np.tril(a), A),
    "triu": row(lambda np, a: np.triu(a, 1), C),
    "diag": row(lambda np, a: np.diag(a, 1), A),
    "diag make": row(lambda np, a: np.diag(a, -1), V),
    "diagflat": row(lambda np, a: np.diagflat(a), Y),
    "diagonal": row(lambda np, a: np.diagonal(a, 1, 2, 0), C),
    "trace": row(lambda np, a: np.trace(a, 1), C),
    "tril_indices_from": row(lambda np, a: a[np.tril_indices_from(a)], A),
    "triu_indices_from": row(lambda np, a: a[np.triu_indices_from(a, 1)], A),
    "diag_indices_from": row(lambda np, a: a[np.diag_indices_from(a)], S),
    "array": row(lambda np, a: np.array([a[0], a[1] * a[2]], dtype=a.dtype), V, plain=False),
    "copy": row(lambda np, a: np.copy(a), A),
    "astype": row(lambda np, a: np.astype(a, a.dtype), A),
    "zeros_like": row(lambda np, a: np.zeros_like(a) + a, A),
    "ones_like": row(lambda np, a: np.ones_like(a) * a, A),
    "full_like": row(lambda np, a, b: np.full_like(a, b[0]), A, V),
    "empty_like": row(lambda np, a: np.empty_like(a)[:0], A),
    "nan_to_num": row(lambda np, a: np.nan_to_num(a), A),
}  # fmt: skip
for _mode, _options in [
    ("constant", {}), ("edge", {}), ("linear_ramp", {"end_values": (0.5, -1.0)}), ("maximum", {}),
    ("minimum", {"stat_length": 2}), ("mean", {}), ("median", {}), ("reflect", {}), ("wrap", {}),
    ("symmetric", {}), ("empty", {}),
]:  # fmt: skip
    SHAPES[f"pad {_mode}"] = row(
        lambda np, a, m=_mode, o=_options: (
            np.pad(a, ((0, 2), (1, 3)), mode=m, **o)
            if m != "empty"
            else np.pad(a, 2, mode=m)[2:-2, 2:-2]
        ),
        A,
    )
SHAPES["pad constant-values"] = row(
    lambda np, a, b: np.pad(a, 2, constant_values=((1.0, 2.0),)) * b[0], A, V
)
SHAPES["pad reflect-odd"] = row(lambda np, a: np.pad(a, 5, "reflect", reflect_type="odd"), A)
SHAPES["pad symmetric-odd"] = row(lambda np, a: np.pad(a, 7, "symmetric", reflect_type="odd"), A)
SHAPES["pad dict"] = row(lambda np, a: np.pad(a, {1: (2, 3)}, "wrap"), A)


def _put(np, a, b):  # type: ignore[no-untyped-def]
    y = own(np, a)
    np.put(y, [1, 5, -1], b[:2])
    return y


def _put_along(np, a, b):  # type: ignore[no-untyped-def]
    y = own(np, a)
    np.put_along_axis(y, np.argmax(y, axis=1, keepdims=True), b[:3, None], axis=1)
    return y


def _place(np, a, b):  # type: ignore[no-untyped-def]
    y = own(np, a)
    np.place(y, MASK, b[:2])
    return y


def _putmask(np, a, b):  # type: ignore[no-untyped-def]
    y = own(np, a)
    np.putmask(y, y > 0, b)
    return y


def _copyto(np, a, b):  # type: ignore[no-untyped-def]
    y = own(np, a)
    np.copyto(y[1:], b[:4])
    np.copyto(y, 0.5, where=y > 1)
    return y * a


def _fill_diagonal(np, a, b):  # type: ignore[no-untyped-def]
    y = own(np, a)
    np.fill_diagonal(y, b[:3])
    return y


def _flat(np, a, b):  # type: ignore[no-untyped-def]
    y = own(np, a)
    y.flat[3] = b[0]
    y.T.flat[1:4] = b[1:4] * y.flat[2]
    return y


SHAPES["lib.stride_tricks.sliding_window_view"] = row(
    lambda np, a: numpy.lib.stride_tricks.sliding_window_view(a, (2, 3)), A
)
SHAPES["lib.stride_tricks.sliding_window_view axis"] = row(
    lambda np, a: numpy.lib.stride_tricks.sliding_window_view(a, (2, 2), axis=(1, 1)) ** 2, A
)
SHAPES["kaiser"] = row(lambda np, x: np.kaiser(7, x[0]) * x[1], X**2 + 1, plain=False)
SHAPES["array ndmin"] = row(lambda np, a: np.array(a, ndmin=3)[0] * 2, A, plain=False)
SHAPES["zeros like"] = row(lambda np, x: np.zeros(5, like=x) + x, V)
SHAPES["full like"] = row(lambda np, x: np.full((2, 5), 1.5, x.dtype, like=x) * x, V)

INDEXING: Table = {
    "take": row(lambda np, a: np.take(a, TABLE, axis=1), A),
    "take flat": row(lambda np, a: np.take(a, [1, -1]), A),
    "take_along_axis": row(
        lambda np, a: np.take_along_axis(a, np.argmax(a, axis=1, keepdims=True), axis=1), A
    ),
    "take_along_axis flat": row(lambda np, a: np.take_along_axis(a, TABLE[0], None), A),
    "put_along_axis": row(_put_along, A, V),
    "put": row(_put, A, V),
    "place": row(_place, V, W),
    "putmask": row(_putmask, V, W),
    "copyto": row(_copyto, V, W),
    "fill_diagonal": row(_fill_diagonal, A, V),
    "fill_diagonal wrap": row(
        lambda np, a: (y := own(np, a), np.fill_diagonal(y, 2.0, wrap=True))[0], cell(7, 2)
    ),
    "ndarray.flat": row(_flat, A, V),
    "where": row(lambda np, a, b: np.where(a > b, a, b * b), V, W),
    "select": row(lambda np, a, b: np.select([a > 1, a > b], [a, b * b], 0.5), V, W),
    "choose": row(lambda np, a, b: np.choose([0, 1, 1, 0, 1], [a, b]), V, W),
    "choose wrap": row(lambda np, a, b: np.choose([[0], [3], [-1]], [a, b], mode="wrap"), V, W),
    "compress": row(lambda np, a: np.compress([True, False, True], a, axis=1), A),
    "compress method": row(lambda np, a: a.compress(MASK), V),
    "extract": row(lambda np, a: np.extract(a > 0, a), V, batch=False),
    "clip": row(lambda np, a, b: np.clip(a, b - 0.5, b + 0.5), V, W),
    "nonzero": row(lambda np, a: a[np.nonzero(a > 0)] * 2, V, batch=False),
    "flatnonzero": row(lambda np, a: a[np.flatnonzero(a > 0)] * 2, V, batch=False),
    "argwhere": row(lambda np, a: a[np.argwhere(a > 0)] * 2, V, batch=False),
    "unique": row(lambda np, a: np.unique(a), A, batch=False),
    "unique counts": row(lambda np, a: np.unique(a, return_counts=True)[1] * a[0, 0], A,
                         batch=False),
    "unique_values": row(lambda np, a: np.unique_values(a), A, batch=False),
    "unique_counts": row(
        lambda np, a: np.unique_counts(tied(np, a)).values * np.unique_counts(tied(np, a)).counts,
        V,
        batch=False,
    ),
    "unique_inverse": row(lambda np, a: np.unique_inverse(tied(np, a)).values, V, batch=False),
    "unique_all": row(lambda np, a: np.unique_all(tied(np, a)).values, V, batch=False),
    "intersect1d": row(lambda np, a, b: np.intersect1d(a, b[[0, 3]] * 0 + a[1:3]), V, W,
                       batch=False),
    "setdiff1d": row(lambda np, a, b: np.setdiff1d(tied(np, a), np.concatenate([a[1:2], b])), V, W,
                     batch=False),
    "union1d": row(lambda np, a, b: np.union1d(tied(np, a), b), V, W, batch=False),
    "setxor1d": row(lambda np, a, b: np.setxor1d(tied(np, a), b), V, Y,
                    batch=False),
    "isin": row(lambda np, a, b: np.isin(a, a[1:3] + 0 * b[:2]) * a, V, W),
    "lexsort": row(lambda np, a, b: np.take(a, np.lexsort((b, np.round(a)))), V, W),
    "bincount": row(lambda np, a: np.bincount(TABLE.ravel(), weights=a), X),
    "bincount minlength": row(lambda np, a: np.bincount([1, 4, 1], weights=a[:3], minlength=7), X),
    "histogram": row(lambda np, a: np.histogram(a, 3)[1] * np.histogram(a, 3)[0].sum(), V),
    "histogram weights": row(
        lambda np, a, w: np.histogram(a, [-1.5, -0.2, 0.9, 2.1], weights=w)[0], V, W
    ),
    "histogram density": row(lambda np, a: np.histogram(a, 5, density=True)[0], A),
    "histogram range": row(
        lambda np, a, w: np.histogram(a, 4, (-1.0, 1.0), weights=w, density=True)[0], V, W**2
    ),
    "histogram_bin_edges": row(lambda np, a: np.histogram_bin_edges(a, 5), V),
    "searchsorted": row(
        lambda np, a, b: np.take(a, np.searchsorted(np.arange(4.0) - 2, b) % 5) * b, V, W
    ),
    "digitize": row(lambda np, a, b: np.take(a, np.digitize(b, np.arange(4.0) - 2) % 5) * b, V, W),
    "argmax": row(lambda np, a: a[np.argmax(a, axis=0), 0], A),
    "argmin": row(lambda np, a: a.ravel()[np.argmin(a)] * a, A),
    "piecewise": row(
        lambda np, a: np.piecewise(a, [a < 0, a > 1], [np.square, 2.0, lambda t: 3 * t]), V
    ),
    "apply_along_axis": row(lambda np, a: np.apply_along_axis(lambda t: t * np.sum(t), 0, a), A),
    "apply_over_axes": row(lambda np, a: np.apply_over_axes(np.sum, a, [0, 2]), C),
}  # fmt: skip
