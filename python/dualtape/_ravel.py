"""ravel_pytree: a tree of arrays as one vector, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._core import ShapeError, Tracer
from ._pytree import Function, PyTree, flatten, unflatten


def ravel_pytree(pytree: PyTree) -> tuple[Any, Function]:
    """Lay all numbers of a tree out in one vector, and give the way back.

    Args:
      pytree: any tree of arrays, NumPy scalars or Python numbers.
    Returns: (flat, unravel): the vector (n,), of the dtype that holds them all, and a function
      from such a vector to a tree with the structure, shapes and dtypes of `pytree`. Both may be
      differentiated.
    Raises: ShapeError if unravel gets anything but a vector (n,).
    Cost: one copy.

    >>> flat, unravel = dt.ravel_pytree({"w": np.eye(2), "b": 3.0})
    >>> flat
    array([3., 1., 0., 0., 1.])
    >>> unravel(2 * flat)["w"]
    array([[2., 0.],
           [0., 2.]])
    """
    leaves, treedef = flatten(pytree)
    parts = [leaf if isinstance(leaf, Tracer) else np.asarray(leaf) for leaf in leaves]
    shapes = [part.shape for part in parts]
    dtypes = [part.dtype for part in parts]
    scalars = [not isinstance(leaf, np.ndarray | Tracer) for leaf in leaves]
    stops = np.cumsum([part.size for part in parts], dtype=np.int64).tolist()
    size = stops[-1] if stops else 0
    common = np.result_type(*dtypes) if dtypes else np.dtype(np.float64)
    vectors = [_cast(part.reshape(-1), common) for part in parts]
    # A lone leaf is copied too: the vector never shares memory with the tree.
    flat = np.concatenate(vectors) if vectors else np.zeros(0)

    def unravel(vector: Any) -> PyTree:
        if not isinstance(vector, Tracer):
            vector = np.asarray(vector)
        if vector.shape != (size,):
            raise ShapeError(f"unravel: vector must be ({size},), got {vector.shape}")
        starts = [0, *stops][: len(stops)]
        pieces = []
        for start, stop, shape, dtype, scalar in zip(
            starts, stops, shapes, dtypes, scalars, strict=True
        ):
            if scalar:
                pieces.append(_cast(vector[start], dtype))
            else:
                piece = _cast(vector[start:stop].reshape(shape), dtype)
                pieces.append(piece if isinstance(piece, Tracer) else piece.copy())
        return unflatten(treedef, pieces)

    return flat, unravel


def _cast(x: Any, dtype: np.dtype[Any]) -> Any:
    return x if x.dtype == dtype else x.astype(dtype)
