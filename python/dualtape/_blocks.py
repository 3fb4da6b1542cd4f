"""What all matrices of derivatives share: their options, the program of the result, and how blocks
become a tree or one matrix.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ._core import Recording
from ._pytree import PyTree, TreeDef, unflatten
from ._record import Aux, Point, check_kind, trace

Structured = Callable[[Sequence[Any]], PyTree]


def check_chunk_size(what: str, chunk_size: int | None) -> int:
    """The number, 0 for no bound."""
    if chunk_size is None:
        return 0
    try:
        if isinstance(chunk_size, bool):
            raise TypeError
        chunk = operator.index(chunk_size)
    except TypeError:
        given = type(chunk_size).__name__
        raise TypeError(f"{what}: chunk_size must be an int or None, got {given}") from None
    if chunk < 1:
        raise ValueError(f"{what}: chunk_size must be at least 1, got {chunk}")
    return chunk


class Result:
    """The program of a result with aux beside it: outputs first, then what aux needs."""

    def __init__(self, at: Point, has_aux: bool, kinds: str = "f") -> None:
        """`kinds`: those of the results, floating or complex."""
        traced = trace(at, has_aux)
        self.recording: Recording = traced.recording
        self.treedef: TreeDef = traced.treedef
        self.n = traced.treedef.num_leaves
        self._aux: Aux | None = traced.aux
        for k in range(self.n):
            check_kind(at.what, self.recording.output_type(k)[1], kinds)

    @property
    def outputs(self) -> range:
        return range(self.n)

    @property
    def beside(self) -> range:
        """Outputs that aux needs: computed in the same run."""
        return range(self.n, self.recording.n_outputs)

    def shapes(self) -> list[tuple[int, ...]]:
        return [self.recording.output_type(k)[0] for k in self.outputs]

    def values(self, leaves: Sequence[Any]) -> PyTree:
        return unflatten(self.treedef, leaves)

    def aux(self, values: Sequence[Any]) -> PyTree:
        return None if self._aux is None else self._aux.fill(values)


def tree_of_blocks(values: Sequence[Any], treedef: TreeDef, inner: Structured) -> PyTree:
    """Values, output by output, as a tree of the results with a tree of the arguments in it."""
    n = treedef.num_leaves
    width = len(values) // n if n else 0
    return unflatten(treedef, [inner(values[k * width : (k + 1) * width]) for k in range(n)])


def matrix_of_blocks(
    values: Sequence[Any], rows: Sequence[Any], columns: Sequence[tuple[int, ...]]
) -> Any:
    """Blocks of shape row + column as one matrix; `rows`, `columns`: shapes of the leaves."""
    heights = [prod(shape) for shape in rows]
    widths = [prod(shape) for shape in columns]
    if not values:
        return np.zeros((sum(heights), sum(widths)))
    n = len(columns)
    bands = [
        joined([values[k * n + i].reshape(height, width) for i, width in enumerate(widths)], 1)
        for k, height in enumerate(heights)
    ]
    return joined(bands, 0)


def vector_of(values: Sequence[Any]) -> Any:
    """All entries one after the other."""
    return joined([value.reshape(-1) for value in values], 0) if values else np.zeros(0)


def joined(parts: list[Any], axis: int) -> Any:
    """The parts behind each other; one part is itself, not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis)
