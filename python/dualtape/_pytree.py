"""Pytrees: nested tuples, lists, dicts and registered classes of arrays.

Plain containers are walked by the compiled module, all others by optree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ._core import LEAF as LEAF
from ._core import Tracer
from ._core import TreeDef as TreeDef
from ._core import flatten as flatten

# A tree of arrays, and a function of anything: their types cannot be told more exactly.
PyTree: TypeAlias = Any
Function: TypeAlias = Callable[..., Any]

# Classes registered with optree for this namespace, or for all, are nodes.
NAMESPACE = "dualtape"
LEAF_TYPES = frozenset({np.ndarray, float, np.float64, np.float32, Tracer})


def unflatten(treedef: TreeDef, leaves: Sequence[Any]) -> PyTree:
    return leaves[0] if treedef is LEAF else treedef.unflatten(leaves)


def leaf_name(treedef: TreeDef, position: int) -> str:
    """How the leaf is written after the name of its tree: `['w'][0]`; nothing for a lone leaf."""
    return str(treedef.spec.accessors()[position].codify(""))
