"""The rows of the array-operation table: every array operation through NumPy's own functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from array_case import Case as Case
from array_case import args_of as _args
from array_case import matrices as _matrices
from decomposition_cases import decompositions

import dualtape.numpy as dnp


def reductions() -> Iterator[Case]:
    analytic = {"sum", "mean", "prod", "cumsum"}
    for name in ("sum", "mean", "prod", "max", "min"):
        function = getattr(np, name)
        for axis in (None, 0, -1, (0, 2)):
            for keepdims in (False, True):
                yield Case(
                    f"{name}-axis={axis}-keepdims={keepdims}",
                    lambda x, f=function, a=axis, k=keepdims: f(x, axis=a, keepdims=k),
                    _args((2, 3, 2)),
                    name in analytic,
                )
        yield Case(f"{name}-scalar", lambda x, f=function: f(x), _args(()), name in analytic)
        yield Case(f"{name}-size-one-axis", lambda x, f=function: f(x, axis=1), _args((3, 1)))
        method = name
        yield Case(f"{name}-method", lambda x, m=method: getattr(x, m)(), _args((3,)))
    for name in ("sum", "prod"):
        function = getattr(np, name)
        yield Case(f"{name}-empty", lambda x, f=function: f(x, axis=1), _args((2, 0)))
    for axis in (None, 0, 1):
        yield Case(f"cumsum-axis={axis}", lambda x, a=axis: np.cumsum(x, axis=a), _args((3, 4)))
    x, zero = _args((3, 4)), np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0]])
    yield Case("prod-with-zeros", lambda x: np.prod(x, axis=1), (zero,))
    yield Case("any-all", lambda x: x * np.any(x > 1) + np.all(x > 1, axis=0), x, False)
    yield Case("argmax", lambda x: x * np.argmax(x) + np.argmin(x, axis=0), x, False)
    yield Case("mean-of-ints", lambda x: x * np.mean(np.arange(4)), _args((4,)))
    yield Case("var", lambda x: np.var(x, axis=0), x, False)
    yield Case("std", lambda x: np.std(x), x, False)


def complex_numbers() -> Iterator[Case]:
    """Real functions through complex numbers; see complex_cases.py for complex arguments."""

    def one(text: str, f: Callable[..., Any], *shape: int) -> Case:
        return Case(text, f, _args(shape or (3, 4)), analytic=False)

    yield one("complex-real", lambda x: np.real(np.exp(1j * x) * x))
    yield one("complex-imag", lambda x: np.imag(np.exp(1j * x) * x))
    yield one("complex-conjugate", lambda x: (np.conj(np.exp(1j * x)) * (x + 2j)).imag)
    yield one("complex-abs", lambda x: np.abs(x + 1j * x[::-1] ** 2))
    yield one("complex-angle", lambda x: np.angle(x + 1j * (x[::-1] + 4.0)))
    yield one("fft", lambda x: np.abs(np.fft.fft(x * (1 + 2j), axis=0)) ** 2)
    yield one("rfft", lambda x: np.fft.rfft(x).imag)
    yield one("irfft", lambda x: np.fft.irfft(x * np.exp(1j * x), 5))


def shapes() -> Iterator[Case]:
    def one(text: str, f: Callable[..., Any], *shape: int) -> Case:
        return Case(text, f, _args(shape or (2, 3, 4)))

    yield one("reshape", lambda x: np.reshape(x, (4, 6)))
    yield one("reshape-minus-one", lambda x: x.reshape(-1, 2))
    yield one("reshape-empty", lambda x: x.reshape(3, 0, 2), 0, 6)
    yield one("reshape-to-scalar", lambda x: x.reshape(()), 1, 1)
    yield one("transpose", lambda x: np.transpose(x))
    yield one("transpose-axes", lambda x: np.transpose(x, (1, 2, 0)))
    yield one("T", lambda x: x.T @ x, 3, 2)
    yield one("swapaxes", lambda x: np.swapaxes(x, 0, -1))
    yield one("moveaxis", lambda x: np.moveaxis(x, 0, -1))
    yield one("moveaxis-two", lambda x: np.moveaxis(x, (0, 1), (2, 0)))
    yield one("expand_dims", lambda x: np.expand_dims(x, (0, 2)), 3)
    yield one("squeeze", lambda x: np.squeeze(x), 1, 3, 1)
    yield one("squeeze-axis", lambda x: np.squeeze(x, axis=0), 1, 3, 1)
    yield one("broadcast_to", lambda x: np.broadcast_to(x, (4, 3, 2)), 3, 1)
    yield one("ravel", lambda x: np.ravel(x))
    yield one("flatten", lambda x: x.flatten())
    yield one("flip", lambda x: np.flip(x, axis=1))
    yield one("copy", lambda x: x.copy())
    yield one("astype-same", lambda x: x.astype(x.dtype))
    for axis in (0, 1, -1):
        yield Case(
            f"concatenate-axis={axis}",
            lambda a, b, axis=axis: np.concatenate([a, b], axis=axis),
            _args((2, 3), (2, 3)),
        )
        yield Case(
            f"stack-axis={axis}",
            lambda a, b, axis=axis: np.stack([a, b, a], axis=axis),
            _args((2, 3), (2, 3)),
        )
    yield Case(
        "concatenate-none", lambda a, b: np.concatenate([a, b], axis=None), _args((2,), (1, 3))
    )
    yield Case("concatenate-constant", lambda a: np.concatenate([a, np.ones(2)]), _args((3,)))
    yield Case("concatenate-empty", lambda a, b: np.concatenate([a, b]), _args((0, 2), (3, 2)))
    yield Case("array-of-scalars", lambda a: dnp.array([a[0], 2 * a[1], a[0] * a[1]]), _args((3,)))


def selections() -> Iterator[Case]:
    mask = np.array([[True, False, True], [False, False, True]])
    ab = _args((2, 3), (3,))
    yield Case("where", lambda a, b: np.where(mask, a, b), ab)
    yield Case("where-scalar", lambda a: np.where(mask, a, 0.0), ab[:1])
    yield Case("where-traced-mask", lambda a, b: np.where(a > 0, a * b, b), ab, False)
    yield Case("clip", lambda a: np.clip(a, -0.5, 0.8), ab[:1], False)
    yield Case("clip-arrays", lambda a, lo: np.clip(a, lo - 1, lo + 1), ab, False)
    yield Case("clip-one-side", lambda a: np.clip(a, None, 0.8), ab[:1], False)
    yield Case("maximum-broadcast", lambda a, b: np.maximum(a, b + 0.01), ab, False)
    yield Case("abs-sqrt", lambda a: np.sqrt(np.abs(a)), ab[:1], False)


def products() -> Iterator[Case]:
    for a, b in [
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((3,), (2, 3, 4)), ((2, 0), (0, 3)),
        ((1, 1), (1, 1)), ((2, 3, 4), (4,)),
    ]:  # fmt: skip
        yield Case(f"matmul-{a}@{b}", lambda x, y: x @ y, _args(a, b))
    for a, b in [
        ((3,), (3,)),
        ((2, 3), (3, 4)),
        ((2, 3), (3,)),
        ((2, 2, 3), (4, 3, 2)),
        ((), (2, 3)),
    ]:
        yield Case(f"dot-{a}-{b}", lambda x, y: np.dot(x, y), _args(a, b))
    yield Case("matmul-with-itself", lambda x: x @ x.T @ x, _args((2, 3)))
    yield Case("inner", lambda x, y: np.inner(x, y), _args((2, 3), (4, 3)))
    yield Case("outer", lambda x, y: np.outer(x, y), _args((3,), (2, 2)))
    yield Case("tensordot-2", lambda x, y: np.tensordot(x, y), _args((2, 3, 4), (3, 4, 2)))
    yield Case("tensordot-0", lambda x, y: np.tensordot(x, y, axes=0), _args((2,), (3, 2)))
    yield Case(
        "tensordot-axes",
        lambda x, y: np.tensordot(x, y, axes=([0, 2], [2, 1])),
        _args((2, 3, 4), (5, 4, 2)),
    )
    for subscripts, *operands in [
        ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij->ji", (2, 3)),
        ("ij->", (2, 3)), ("ij->j", (2, 3)), ("i,i->i", (3,), (3,)), ("i,j->ij", (3,), (2,)),
        ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("...ij,jk->...ik", (4, 2, 3), (3, 2)),
        ("ii->i", (3, 3)), ("ii", (3, 3)), ("iij->j", (2, 2, 3)),
        ("i...,i...->...", (3, 2), (3, 2)),
        ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)), ("i,ij,j->", (2,), (2, 3), (3,)),
        ("a...b->...ba", (2, 3, 4)), ("ij,ij->", (2, 3), (2, 3)),
    ]:  # fmt: skip
        yield Case(
            f"einsum-{subscripts}", lambda *x, s=subscripts: np.einsum(s, *x), _args(*operands)
        )


def indexing() -> Iterator[Case]:
    rows, mask = np.array([2, 0, 2, -1]), np.array([True, False, True])
    table = np.array([[0, 1], [2, -3]])
    for text, index in [
        ("0", 0), ("-1", -1), ("1:", np.s_[1:]), ("::-1", np.s_[::-1]), ("2:0:-1", np.s_[2:0:-1]),
        ("::2", np.s_[::2, 1:]), ("...,0", np.s_[..., 0]), ("0,...", np.s_[0, ...]),
        (":,None,1", np.s_[:, None, 1]), ("None,...,None", np.s_[None, ..., None]),
        ("0,1,2", np.s_[0, 1, 2]), ("3:3", np.s_[3:3]), ("()", ()), ("...", ...),
        ("rows", rows), ("table", table), (":,rows", np.s_[:, rows]), ("rows,0", np.s_[rows, 0]),
        ("rows,:,rows", np.s_[rows, :, rows]), ("0,:,rows", np.s_[0, :, rows]),
        ("table,rows-broadcast", np.s_[table, np.array([0, 1])]), ("mask", mask),
        (":,mask", np.s_[:, mask]), ("mask,1:", np.s_[mask, 1:]), ("list", [0, 2]),
        ("empty-list", np.array([], int)), ("None,rows", np.s_[None, rows, 1:]),
        ("mask-2d", np.array([[True, False, True]] * 3)),
    ]:  # fmt: skip
        yield Case(f"index-[{text}]", lambda x, i=index: x[i], _args((3, 3, 4)))
    yield Case("index-by-argmax", lambda x: x[np.argmax(x, axis=0), 0] * x, _args((3, 3)), False)
    yield Case("index-views", lambda x: x[1:][::-1].T[0], _args((4, 3)))
    yield Case("take-along-loop", lambda x: sum(x[i, i] ** 2 for i in range(3)), _args((3, 3)))
    yield Case(
        "where-mask-read", lambda x: x[x > 0] * 2, _args((5,)), analytic=False, batchable=False
    )
    yield Case("iterate", lambda x: sum(row * k for k, row in enumerate(x)), _args((3, 2)))


def orders() -> Iterator[Case]:
    x, y = _args((3, 4), (3, 4))
    ties = np.array([[2.0, -1.0, 2.0, 2.0], [0.5, 0.5, -3.0, 0.5]])
    for axis in (None, 0, 1, -1):
        yield Case(f"sort-axis={axis}", lambda x, a=axis: np.sort(x, axis=a), (x,))
        yield Case(f"argsort-axis={axis}", lambda x, a=axis: x * np.argsort(y, axis=a)[0], (x,))
    yield Case("argsort-traced", lambda x: np.argsort(x, axis=0) * x, (x,))
    yield Case("argsort-ties", lambda x: x + np.argsort(ties, axis=1, stable=True), (ties[:1],))
    yield Case("sort-empty", lambda x: np.sort(x, axis=0), _args((0, 3)))
    yield Case("sort-one", lambda x: np.sort(x) * x, _args((1,)))
    yield Case("sort-long", lambda x: np.sort(x)[::7] * x[::7], _args((600,)))
    yield Case("sort-by-another", lambda x, y: dnp.take(x, np.argsort(y[0])[:3], axis=1), (x, y))
    yield Case("sort-of-part", lambda x: np.sort(x[::-1, 1:].T, axis=0), (x,))
    yield Case("sort-in-place", _sort_in_place, (x,))
    yield Case("partition", lambda x: np.partition(np.sort(x), 2) * 2, (x,))
    yield Case("argpartition", lambda x: np.take(x, np.argpartition(x, 0, axis=None)[0]), (x,))
    yield Case(
        "searchsorted", lambda x, v: v * np.searchsorted(np.sort(x[0]) + 0.1, v), (x, y[0]), False
    )
    yield Case(
        "searchsorted-sorter",
        lambda x, v: x[0, 0] * np.searchsorted(x[0], v[0, 1], "right", np.argsort(x[0])),
        (x, y),
        analytic=False,
    )
    zeros = np.array([[2.0, 0.0, 3.0, 1.5], [0.0, 0.0, 5.0, -0.5]])
    for axis in (None, 0, 1):
        yield Case(f"cumprod-axis={axis}", lambda x, a=axis: np.cumprod(x, axis=a), (x,))
        yield Case(f"cumprod-zeros-{axis}", lambda x, a=axis: np.cumprod(x, axis=a), (zeros,))
    yield Case("cumprod-empty", lambda x: np.cumprod(x, axis=0), _args((0, 2)))
    yield Case("cumprod-one", lambda x: np.multiply.accumulate(x), _args((1, 2)))
    for ufunc in (np.maximum, np.minimum):
        name = ufunc.__name__
        yield Case(f"{name}-accumulate", lambda x, u=ufunc: u.accumulate(x), (x,))
        yield Case(f"{name}-accumulate-rows", lambda x, u=ufunc: u.accumulate(x, axis=1), (x,))
        yield Case(f"{name}-accumulate-one", lambda x, u=ufunc: u.accumulate(x), _args((1,)))


def _sort_in_place(x: Any) -> Any:
    y = x * 2
    y.sort(axis=0)
    y[1].sort()
    return y * x


def _assign(index: Any, operation: str = "=") -> Callable[..., Any]:
    def f(x: Any, v: Any) -> Any:
        # Under vmap x may be a plain array while v is traced: dualtape's array takes both.
        y = dnp.array(x)
        if operation == "=":
            y[index] = v
        elif operation == "+=":
            y[index] += v
        else:
            y[index] *= v
        return y * x

    return f


def assignments() -> Iterator[Case]:
    for text, index, shape in [
        ("0", 0, (4,)), ("1:3", np.s_[1:3], (2, 4)), ("::-1", np.s_[::-1], (3, 4)),
        (":,1", np.s_[:, 1], (3,)), ("1,2", np.s_[1, 2], ()), ("...", ..., (1, 4)),
        ("::2,1:", np.s_[::2, 1:], (3,)), ("rows", np.array([2, 0]), (2, 4)),
        ("mask", np.array([True, False, True]), (4,)), ("pairs", np.s_[[0, 1], [1, 3]], (2,)),
        ("empty", np.s_[3:], (0, 4)),
    ]:  # fmt: skip
        for operation in ("=", "+=", "*="):
            yield Case(f"set-[{text}]{operation}", _assign(index, operation), _args((3, 4), shape))
    yield Case("set-repeated-last-wins", _assign(np.array([1, 1])), _args((3,), (2,)))

    def swap(x: Any) -> Any:
        y = x.copy()
        y[0], y[1] = x[1] * 2, y[0] * 3
        return y

    def view(x: Any) -> Any:
        y = x.copy()
        row = y[1]
        row[0] = x[0, 0] * 5
        y[1, 1] = row[0] * 2
        return y * row

    def fill(x: Any) -> Any:
        y = dnp.zeros(4, x.dtype)
        y[0] = x[0]
        for k in range(1, 4):
            y[k] = y[k - 1] * x[k] + x[0]
        return y

    yield Case("set-swap", swap, _args((3,)))
    yield Case("set-through-view", view, _args((2, 3)))
    yield Case("set-fill-loop", fill, _args((4,)))
    yield Case("set-where-traced-mask", _assign_masked, _args((5,)), analytic=False)


def _assign_masked(x: Any) -> Any:
    y = x * 2.0
    y[x > 0] = 1.0
    return y * x


def linear_algebra() -> Iterator[Case]:
    A, stack = _matrices(3, 3), _matrices(4, 2, 2)
    b, B = _args((3,), (3, 2))
    singular = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.5, 0.25]])
    rank_one = np.outer([1.0, 2.0, -1.0], [0.5, 1.0, 3.0])
    yield Case("solve-vector", np.linalg.solve, (A, b))
    yield Case("solve-matrix", np.linalg.solve, (A, B))
    yield Case("solve-stack", np.linalg.solve, (stack, _args((4, 2, 3))[0]))
    yield Case("solve-broadcast", np.linalg.solve, (A, _args((2, 3, 2))[0]))
    yield Case("solve-1x1", np.linalg.solve, (np.array([[2.0]]), np.array([3.0])))
    yield Case("inv", np.linalg.inv, (A,))
    yield Case("inv-stack", np.linalg.inv, (stack,))
    yield Case("det", np.linalg.det, (A,))
    yield Case("det-stack", np.linalg.det, (stack,))
    yield Case("det-2x2-zero", np.linalg.det, (np.zeros((2, 2)),))
    yield Case("det-singular", np.linalg.det, (singular,))
    yield Case("det-rank-one", np.linalg.det, (rank_one,))
    yield Case("det-1x1", np.linalg.det, (np.array([[3.0]]),))
    yield Case("det-4x4", np.linalg.det, (_matrices(4, 4),))
    x, m = _args((4,), (3, 4))
    for text, order, axis in [
        ("default", None, None), ("1", 1, 0), ("2", 2, 1), ("inf", np.inf, 1), ("-inf", -np.inf, 1),
        ("3", 3, 1), ("fro", "fro", None), ("pair", None, (0, 1)),
    ]:  # fmt: skip
        yield Case(
            f"norm-{text}", lambda x, o=order, a=axis: np.linalg.norm(x, o, axis=a), (m,), False
        )
    yield Case("norm-vector", np.linalg.norm, (x,), False)
    yield Case("norm-keepdims", lambda x: np.linalg.norm(x, axis=0, keepdims=True), (m,), False)
    for k in (-1, 0, 1):
        yield Case(f"diag-matrix-{k}", lambda x, k=k: np.diag(x, k), (m,))
        yield Case(f"diag-vector-{k}", lambda x, k=k: np.diag(x, k), (x,))
        yield Case(f"trace-{k}", lambda x, k=k: np.trace(x, k), (m,))


CASES: list[Case] = [
    *reductions(),
    *complex_numbers(),
    *shapes(),
    *selections(),
    *products(),
    *indexing(),
    *assignments(),
    *orders(),
    *linear_algebra(),
    *decompositions(),
]
