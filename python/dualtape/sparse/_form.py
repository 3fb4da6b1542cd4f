"""What the sparse matrices of one program share: shape, positions and format."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, Literal

import numpy as np

from .._core import Recording

Format = Literal["csr", "csc", "coo"]
FORMATS = ("csr", "csc", "coo")


def scipy_sparse() -> Any:
    try:
        return importlib.import_module("scipy.sparse")
    except ImportError as error:
        raise ImportError(
            "dualtape.sparse: the matrices are SciPy's sparse arrays; install scipy to make them"
        ) from error


def check_format(what: str, format: Format) -> None:
    if format not in FORMATS:
        raise ValueError(f"{what}: format must be one of {FORMATS}, got {format!r}")


class Form:
    """A pattern: `matrix(data)` is the sparse array of these entries, in the pattern's order.

    Its index arrays are those of every matrix it makes; with `shared` they are read-only.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        format: Format,
        positions: tuple[Any, Any],
        products: int | None,
        shared: bool,
    ) -> None:
        self.shape = shape
        self.products = products
        self.watched: list[Any] = []
        starts, indices = positions
        if format == "coo":
            rows = np.repeat(np.arange(shape[0], dtype=np.int32), np.diff(starts))
            positions = (rows, indices)
        else:
            positions = (indices, starts)
        for array in positions:
            array.flags.writeable = not shared
        self.nnz = len(indices)
        self._format = format
        self._positions = positions
        self._empty = self._make(np.zeros(self.nnz))
        self._empty.data = self._empty.data[:0]

    def _make(self, data: Any) -> Any:
        make = getattr(scipy_sparse(), self._format + "_array")
        a, b = self._positions
        matrix = make((data, (a, b)) if self._format == "coo" else (data, a, b), shape=self.shape)
        matrix.has_canonical_format = True
        if self._format != "coo":
            matrix.has_sorted_indices = True
        return matrix

    def matrix(self, data: Any) -> Any:
        """As copy.copy of a matrix made before, with other entries: no check is made again."""
        matrix = object.__new__(type(self._empty))
        matrix.__dict__.update(self._empty.__dict__)
        matrix.data = data
        return matrix

    def pattern(self) -> Any:
        return self._make(np.ones(self.nnz, dtype=bool))

    def holds(self, watched: Sequence[Any]) -> bool:
        """Whether the index operands are those the pattern was read from."""
        return all(map(np.array_equal, watched, self.watched))


def sparse_entries(
    recording: Recording,
    wrt: Sequence[int],
    of: Sequence[int],
    keep: Iterable[int],
    symmetric: bool,
    format: Format,
    shared: bool,
) -> tuple[Recording, Form, int]:
    """The recording of the entries, their form, and the number of index operands behind them."""
    entries, starts, indices, products, n_watched = recording.sparse(
        wrt, of, list(keep), symmetric, format == "csc"
    )
    rows = sum(prod(recording.output_type(k)[0]) for k in of)
    columns = sum(prod(recording.input_type(k)[0]) for k in wrt)
    form = Form((rows, columns), format, (starts, indices), products, shared)
    return entries, form, n_watched


def hessian_entries(
    recording: Recording, wrt: Sequence[int], format: Format, shared: bool
) -> tuple[Recording, Form, int]:
    """As sparse_entries, for the Hessian of output 0; the other outputs are kept.

    The second derivatives of a function with rules of its own need not be symmetric.
    """
    symmetric = not recording.has_custom_rules
    gradient = recording.grad(wrt, range(1, recording.n_outputs))
    n = len(wrt)
    keep = range(n, gradient.n_outputs)
    return sparse_entries(gradient, wrt, range(n), keep, symmetric, format, shared)
