"""Prepared operators: pattern, colouring and plan once, then only the entries."""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Sequence
from typing import Any

from .._core import Recorder, is_recording
from .._grad import check_scalar
from .._jit import Call, Entry, Jitted
from .._pytree import Function, flatten, leaf_name
from .._record import (
    check_argnums,
    check_arrays,
    check_callable,
    check_floating,
    check_real,
    name_of,
    positions,
)
from ._form import Form, Format, check_format, hessian_entries, scipy_sparse, sparse_entries

Argnums = int | tuple[int, ...]


class _Entries(Jitted):
    """(data, index operands..., form) of the matrix at the given arguments, as jit runs it."""

    def __init__(self, what: str, fun: Function, argnums: Argnums, format: Format) -> None:
        super().__init__(fun, frozenset(), frozenset(), False)
        self._what = f"{what} of {name_of(fun)}"
        self._argnums = argnums
        self._format = format
        self._is_hessian = what.endswith("hessian")

    def _check_leaves(self, call: Call) -> None:
        for position, leaf in enumerate(call.leaves):
            if not hasattr(leaf, "dtype") and not isinstance(leaf, bool | int | float):
                path = leaf_name(call.treedef, position)[3:]
                raise TypeError(
                    f"{self._what}: argument{path} must be an array or a number, got "
                    f"{type(leaf).__name__}; bind it with functools.partial"
                )

    def _chosen(self, args: tuple[Any, ...]) -> list[int]:
        """Positions of the leaves to differentiate in, in the order of argnums."""
        starts, start = [], 0
        for arg in args:
            starts.append(start)
            start += flatten(arg)[1].num_leaves
        wrt: list[int] = []
        for position in positions(self._what, self._argnums, len(args)):
            leaves, treedef = flatten(args[position])
            check_floating(self._what, f"argument {position}", leaves, treedef)
            check_real(self._what, leaves)
            wrt += range(starts[position], starts[position] + len(leaves))
        return wrt

    def _record(self, call: Call) -> Entry:
        wrt = self._chosen(call.arguments(call.leaves)[0])
        with Recorder(self._what, guards=True) as recorder:
            args, kwargs = call.arguments([recorder.input(leaf) for leaf in call.leaves])
            result = self._fun(*args, **kwargs)
            if self._is_hessian:
                check_scalar(self._what, result)
            leaves, treedef = flatten(result)
            check_arrays(self._what, leaves, treedef)
            guards = recorder.guards
            recording = recorder.finish([*leaves, *(tracer for tracer, _ in guards)])
        if self._is_hessian:
            entries, form, n = hessian_entries(recording, wrt, self._format, shared=True)
        else:
            of = range(len(leaves))
            keep = range(len(leaves), recording.n_outputs)
            entries, form, n = sparse_entries(
                recording, wrt, of, keep, False, self._format, shared=True
            )
        if n:
            form.watched = entries.pick(range(1, 1 + n)).run()
        results = flatten((0.0,) * (n + 2))[1]
        outcomes = tuple(int(x) for _, x in guards)
        return Entry(entries, outcomes, [None] * (1 + n) + [form], list(range(1 + n)), results)

    def _unrecorded(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        entry = self._record(self._split(args, kwargs))
        return entry.fill(entry.recording.run())


class PreparedMatrix:
    """A sparse Jacobian or Hessian made ready: calling it with arguments evaluates it there.

    The matrices of one pattern share their index arrays, the same read-only objects at every call,
    so a solver may keep its symbolic factorisation as long as they stay the same. A call that takes
    another branch of the function prepares that one as well; a call in which the integers that the
    function gathers by have changed prepares anew. Any number of threads may call.
    """

    def __init__(self, what: str, fun: Function, argnums: Argnums, format: Format) -> None:
        self._make = functools.partial(_Entries, what, fun, argnums, format)
        self._what = f"{what} of {name_of(fun)}"
        self._entries = self._make()
        self._lock = threading.Lock()
        self._form: Form

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        data, form = self._evaluate(args, kwargs)
        return form.matrix(data)

    def _evaluate(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Form]:
        if is_recording():
            raise TypeError(
                f"{self._what}: a sparse matrix has numbers, so it cannot be made inside another "
                "recording (grad, jit, vmap, ...)"
            )
        entries = self._entries
        data, *watched, form = entries(*args, **kwargs)
        while not form.holds(watched):
            with self._lock:
                if self._entries is entries:
                    self._entries = self._make()
            entries = self._entries
            data, *watched, form = entries(*args, **kwargs)
        self._form = form
        return data, form

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n), of the last call as all attributes; at first of the point it was prepared at."""
        return self._form.shape

    @property
    def nnz(self) -> int:
        """Number of entries in the pattern."""
        return self._form.nnz

    @property
    def colors(self) -> int | None:
        """Products that give all entries; None where they are read off the program itself."""
        return self._form.products

    @property
    def pattern(self) -> Any:
        """A sparse array of True where the matrix has entries."""
        return self._form.pattern()

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the pattern with matplotlib's `spy`, which gets the options; returns the axes."""
        if ax is None:
            ax = importlib.import_module("matplotlib.pyplot").figure().add_subplot()
        options.setdefault("markersize", max(0.2, min(5.0, 400.0 / max(1, *self.shape))))
        ax.spy(self.pattern, **options)
        return ax

    def __repr__(self) -> str:
        m, n = self.shape
        return f"<{self._what}: {m} x {n}, {self.nnz} entries>"


def _prepare(
    what: str,
    fun: Function,
    argnums: int | Sequence[int],
    format: Format,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> PreparedMatrix:
    check_callable(what, fun)
    chosen = check_argnums(what, argnums)
    check_format(what, format)
    scipy_sparse()
    prepared = PreparedMatrix(what, fun, chosen, format)
    prepared(*args, **kwargs)
    return prepared


def prepare_jacobian(
    fun: Function,
    *args: Any,
    argnums: int | Sequence[int] = 0,
    format: Format = "csr",
    **kwargs: Any,
) -> PreparedMatrix:
    """Sparse Jacobian made ready for many points.

    Args:
      fun: maps arrays to float32 or float64 arrays; pytrees everywhere.
      args, kwargs: the arguments at a first point; arrays and numbers.
      argnums, format: as `sparse.jacobian`.
    Returns: J, with J(*args) the sparse array (m, n) at other arguments of the same structure,
      shapes and dtypes; J.shape, J.nnz, J.pattern, J.colors, J.plot(). Arrays that `fun` captures
      are read afresh at each call; rebound names and Python numbers are fixed, as under `jit`.
    Raises: as `sparse.jacobian`.
    Cost: recording, pattern, colouring and plan here; then as many products at each call as the
      colouring has groups, as one batch.

    >>> J = dt.sparse.prepare_jacobian(lambda x: x[1:] * x[:-1], np.ones(4))
    >>> J(np.array([1.0, 2.0, 3.0, 4.0])).toarray()
    array([[2., 1., 0., 0.],
           [0., 3., 2., 0.],
           [0., 0., 4., 3.]])
    >>> J.shape, J.nnz
    ((3, 4), 6)
    >>> J(np.ones(4)).indices is J(np.zeros(4)).indices
    True
    """
    return _prepare("sparse.jacobian", fun, argnums, format, args, kwargs)


def prepare_hessian(
    fun: Function,
    *args: Any,
    argnums: int | Sequence[int] = 0,
    format: Format = "csr",
    **kwargs: Any,
) -> PreparedMatrix:
    """Sparse Hessian of a scalar function made ready for many points.

    Args, returns: as `prepare_jacobian`, for a function that returns shape ().
    Raises: as `sparse.hessian`.
    Cost: recording, pattern, colouring and plan here; then as many Hessian-vector products at each
      call as the star colouring has groups, as one batch.

    >>> H = dt.sparse.prepare_hessian(lambda x: np.sum(x**3), np.ones(3))
    >>> H(np.array([1.0, 2.0, 3.0])).toarray()
    array([[ 6.,  0.,  0.],
           [ 0., 12.,  0.],
           [ 0.,  0., 18.]])
    """
    return _prepare("sparse.hessian", fun, argnums, format, args, kwargs)
