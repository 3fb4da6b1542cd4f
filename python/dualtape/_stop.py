"""stop_gradient: a value that counts as a constant."""

from __future__ import annotations

from . import _core
from ._pytree import PyTree, flatten, unflatten


def stop_gradient(x: PyTree) -> PyTree:
    """The same values, through which no derivative flows.

    Args:
      x: any pytree; arrays outside a recording pass as they are.
    Returns: the tree with its traced values cut off.
    Cost: none at run time.

    >>> dt.grad(lambda x: x * dt.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    leaves, treedef = flatten(x)
    return unflatten(
        treedef, [_core.stop_gradient(leaf) if _core.is_tracer(leaf) else leaf for leaf in leaves]
    )
