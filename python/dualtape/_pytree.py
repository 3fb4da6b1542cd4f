"""Pytrees: nested tuples, lists, dicts and registered classes of arrays; optree walks them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import optree

from ._core import Tracer

# A tree of arrays, and a function of anything: their types cannot be told more exactly.
PyTree: TypeAlias = Any
Function: TypeAlias = Callable[..., Any]
TreeDef: TypeAlias = optree.PyTreeSpec

# Classes registered with optree for this namespace, or for all, are nodes.
NAMESPACE = "dualtape"
LEAF: TreeDef = optree.treespec_leaf(namespace=NAMESPACE)
LEAF_TYPES = frozenset({np.ndarray, float, np.float64, np.float32, Tracer})


def flatten(tree: PyTree) -> tuple[list[Any], TreeDef]:
    """Leaves and structure; a lone array, the most common tree, does not wake optree."""
    if type(tree) in LEAF_TYPES:
        return [tree], LEAF
    leaves, treedef = optree.tree_flatten(tree, namespace=NAMESPACE)
    return leaves, treedef


def unflatten(treedef: TreeDef, leaves: Sequence[Any]) -> PyTree:
    return leaves[0] if treedef is LEAF else optree.tree_unflatten(treedef, leaves)


def leaf_name(treedef: TreeDef, position: int) -> str:
    """How the leaf is written after the name of its tree: `['w'][0]`; nothing for a lone leaf."""
    return str(treedef.accessors()[position].codify(""))
