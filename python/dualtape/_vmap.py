"""vmap: a function of one example, applied to a batch at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._core import Recorder, ShapeError, Tracer, Transformed
from ._pytree import NAMESPACE, Function, PyTree, TreeDef, flatten, leaf_name, unflatten
from ._record import check_arrays, check_callable, check_result, name_of


class _Unmapped:
    """Stands for None in trees of axes: None itself would be an empty tree."""

    def __repr__(self) -> str:
        return "None"


_UNMAPPED = _Unmapped()


def _check_axes(word: str, axes: PyTree) -> PyTree:
    """The tree with None replaced by a leaf; every other leaf is an int."""
    if type(axes) is int:
        return axes
    if type(axes) is tuple and _is_flat(axes):
        return tuple(_UNMAPPED if axis is None else axis for axis in axes)
    import optree  # takes longer than all of dualtape; trees of axes are rare

    leaves, treedef = optree.tree_flatten(axes, none_is_leaf=True, namespace=NAMESPACE)
    for leaf in leaves:
        if leaf is not None and (not isinstance(leaf, int) or isinstance(leaf, bool)):
            raise TypeError(
                f"vmap: {word} must be an int, None, or a tree of those, got {leaf!r} in it"
            )
    return optree.tree_unflatten(treedef, [_UNMAPPED if leaf is None else leaf for leaf in leaves])


def _spread(what: str, word: str, axes: PyTree, tree: PyTree, treedef: TreeDef) -> list[Any]:
    """One axis for each leaf of `tree`: `axes` is a prefix of its structure."""
    if isinstance(axes, int | _Unmapped):
        return [axes] * treedef.num_leaves
    import optree

    try:
        return list(optree.broadcast_prefix(axes, tree, namespace=NAMESPACE))
    except ValueError as error:
        raise ValueError(
            f"{what}: {word} must be a prefix of the tree {treedef}, got {axes!r}"
        ) from error


def _shape(leaf: Any) -> tuple[int, ...]:
    return leaf.shape if isinstance(leaf, Tracer) else np.shape(leaf)


def _batch_size(
    what: str, leaves: Sequence[Any], axes: Sequence[Any], arguments: PyTree, given: int | None
) -> int:
    """The length all mapped axes share."""

    def path(position: int) -> str:
        if position < 0:
            return "axis_size"
        return "argument" + leaf_name(flatten(arguments)[1], position)[3:]  # no "[0]": positional

    size, origin = given, -1
    for position, (leaf, axis) in enumerate(zip(leaves, axes, strict=True)):
        if axis is _UNMAPPED:
            continue
        shape = _shape(leaf)
        if not -len(shape) <= axis < len(shape):
            raise ShapeError(
                f"{what}: {path(position)} must have the axis {axis} of in_axes, got shape {shape}"
            )
        if size is None:
            size, origin = shape[axis], position
        elif shape[axis] != size:
            raise ShapeError(
                f"{what}: mapped axes must have one length, got {size} ({path(origin)}) "
                f"and {shape[axis]} ({path(position)})"
            )
    if size is None:
        raise ValueError(f"{what}: needs an argument with an axis in in_axes, or axis_size")
    return size


def vmap(
    fun: Function,
    in_axes: PyTree = 0,
    out_axes: PyTree = 0,
    *,
    axis_size: int | None = None,
) -> Function:
    """Apply a function of one example to a whole batch, as one program.

    Args:
      fun: maps arrays to arrays; pytrees everywhere.
      in_axes: the axis to map over in each positional argument: an int, negative too, or None for
        an argument that all examples share; a tuple with one entry per argument, each a prefix of
        the tree of its argument. Keyword arguments are mapped over axis 0.
      out_axes: where the batch axis is put in each result: an int or a prefix of the tree of
        results; None for a result that is the same for all examples.
      axis_size: length of the batch; needed only if no argument is mapped.
    Returns: a function of the arguments with a batch axis.
    Raises: ShapeError for batch axes of unequal length; ValueError for axes that fit no argument or
      a mapped result with out_axes None; ConcreteValueError where `fun` branches on a mapped value.
    Cost: that of the same operations on arrays with one more axis.

    >>> A = np.arange(6.0).reshape(3, 2)
    >>> dt.vmap(np.dot, in_axes=(0, None))(A, np.array([1.0, 10.0]))
    array([10., 32., 54.])
    >>> dt.vmap(dt.grad(lambda x: x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    if not callable(fun):
        check_callable("vmap", fun)
    if type(in_axes) is int:
        argument_axes: PyTree = in_axes
        is_flat = True
    else:
        if isinstance(in_axes, list):
            in_axes = tuple(in_axes)
        if not (in_axes is None or isinstance(in_axes, (int, tuple))):
            raise TypeError(f"vmap: in_axes must be an int, None or a tuple, got {in_axes!r}")
        argument_axes = _check_axes("in_axes", in_axes)
        is_flat = _is_flat(in_axes)
    result_axes = out_axes if type(out_axes) is int else _check_axes("out_axes", out_axes)
    is_plain = is_flat and axis_size is None and type(out_axes) is int and out_axes == 0
    settings = (argument_axes, result_axes, axis_size)
    places = in_axes if is_plain else None
    return Transformed("vmap", fun, places, check_result, _map, False, settings)


def _is_flat(axes: PyTree) -> bool:
    """An int, or a tuple of ints and None."""
    if isinstance(axes, tuple):
        return all(axis is None or type(axis) is int for axis in axes)
    return type(axes) is int


def _map(
    fun: Function,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    argument_axes: PyTree,
    result_axes: PyTree,
    axis_size: int | None,
) -> PyTree:
    what = "vmap of " + name_of(fun)
    if isinstance(argument_axes, tuple) and len(argument_axes) != len(args):
        raise ValueError(
            f"{what}: in_axes must have {len(args)} entries, one per positional argument, "
            f"got {len(argument_axes)}"
        )
    leaves, treedef = flatten(args)
    axes = _spread(what, "in_axes", argument_axes, args, treedef)
    named, named_treedef = flatten(kwargs)
    leaves += named
    axes += [0] * len(named)
    size = _batch_size(what, leaves, axes, (args, kwargs), axis_size)
    with Recorder(what) as recorder:
        inputs = [
            leaf if axis is _UNMAPPED else recorder.input(leaf, batch_axis=axis % len(_shape(leaf)))
            for leaf, axis in zip(leaves, axes, strict=True)
        ]
        n = treedef.num_leaves
        result = fun(*unflatten(treedef, inputs[:n]), **unflatten(named_treedef, inputs[n:]))
        outputs, out_treedef = flatten(result)
        check_arrays(what, outputs, out_treedef)
        places = _spread(what, "out_axes", result_axes, result, out_treedef)
        _check_unmapped(what, outputs, places, out_treedef)
        recording = recorder.finish(outputs)
    values = recording.batch(size).run()
    placed = [_place(what, value, axis) for value, axis in zip(values, places, strict=True)]
    return unflatten(out_treedef, placed)


def _check_unmapped(
    what: str, outputs: Sequence[Any], places: Sequence[Any], treedef: TreeDef
) -> None:
    for position, (output, axis) in enumerate(zip(outputs, places, strict=True)):
        if axis is _UNMAPPED and isinstance(output, Tracer) and output.batched:
            path = leaf_name(treedef, position)
            raise ValueError(
                f"{what}: result{path} has out_axes None, which needs a value that is the same for "
                "all examples, got a mapped one"
            )


def _place(what: str, value: Any, axis: Any) -> Any:
    """The leading batch axis moved to where it is wanted."""
    if axis is _UNMAPPED:
        return value[0]
    if axis == 0:
        return value
    if not -value.ndim <= axis < value.ndim:
        raise ShapeError(
            f"{what}: out_axes must be an axis of the batched result {value.shape}, got {axis}"
        )
    moved = np.moveaxis(value, 0, axis)
    # A result owns its memory and is contiguous, as if it had been computed so.
    return moved if isinstance(moved, Tracer) else np.ascontiguousarray(moved)
