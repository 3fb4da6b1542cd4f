"""jvp, vjp, linearize: one column, one row, or the whole linear map of a derivative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._core import all_alike, linear_map_at, product_at
from ._pytree import Function, PyTree, TreeDef, flatten, unflatten
from ._record import (
    Point,
    check_callable,
    check_result,
    check_tangents,
    primal_point,
    trace,
    types_of,
)


def check_sequences(what: str, **given: object) -> None:
    for word, sequence in given.items():
        if not isinstance(sequence, tuple | list):
            raise TypeError(f"{what}: {word} must be a tuple, got {type(sequence).__name__}")


def tangents_at(at: Point, tangents: Sequence[Any], word: str = "tangents") -> list[Any]:
    """Checked leaves of the tangents that belong to all arguments."""
    if len(tangents) != len(at.args):
        raise TypeError(
            f"{at.what}: {word} must have {len(at.args)} entries like primals, got {len(tangents)}"
        )
    leaves: list[Any] = []
    start = 0
    for k, (treedef, tangent) in enumerate(zip(at.treedefs, tangents, strict=True)):
        stop = start + treedef.num_leaves
        part = at.leaves[start:stop]
        found, structure = flatten(tangent)
        if structure != treedef or not all_alike(found, part):
            found = check_tangents(at.what, f"{word}[{k}]", tangent, treedef, types_of(part))
        leaves += found
        start = stop
    return leaves


def jvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """Value and Jacobian-vector product, by forward mode.

    Args:
      fun: maps arrays to arrays; pytrees everywhere.
      primals: tuple of the arguments, the point: floating or complex.
      tangents: tuple of arrays with the structure, shapes and dtypes of `primals`.
      has_aux: whether `fun` returns (result, aux).
    Returns: (fun(*primals), J @ tangents), the product structured like the result; integer results
      have the product 0.0. With has_aux, aux comes third.
    Raises: TypeError for another structure or dtype of `tangents`, DerivativeError for integer
      primals, ShapeError for another shape.
    Cost: a small constant number of evaluations of `fun`; the Jacobian is never formed.

    >>> dt.jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))
    """
    found: tuple[Any, ...] | None = product_at("jvp", fun, primals, tangents, check_result, has_aux)
    if found is not None:
        return found
    check_callable("jvp", fun)
    check_sequences("jvp", primals=primals, tangents=tangents)
    at = primal_point("jvp", fun, primals)
    operands = tangents_at(at, tangents)
    traced = trace(at, has_aux)
    values = traced.recording.jvp(at.wrt, operands).run()
    n = len(values) // 2
    result, aux = traced.split(values[:n])
    product = unflatten(traced.treedef, values[n : n + traced.treedef.num_leaves])
    return (result, product, aux) if has_aux else (result, product)


def linearize(fun: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Value and derivative of a function at a point, the derivative as a linear function.

    Args:
      fun: maps arrays to arrays; pytrees everywhere.
      primals: the arguments, the point: floating or complex.
      has_aux: whether `fun` returns (result, aux).
    Returns: (fun(*primals), f_jvp): f_jvp(*tangents) gives J @ tangents at that point as often as
      wanted. With has_aux, aux comes third.
    Raises: as `jvp`.
    Cost: `fun` once, then for each product about one evaluation of the linear part alone. f_jvp
      owns copies of all it reads.

    >>> y, push = dt.linearize(lambda x: x**2, np.array([1.0, 2.0]))
    >>> push(np.array([1.0, 0.0])), push(np.array([0.0, 1.0]))
    (array([2., 0.]), array([0., 4.]))
    """
    found = linear_map_at("linearize", fun, primals, check_result, _check_each_tangent, has_aux)
    if found is not None:
        return found
    check_callable("linearize", fun)
    at = primal_point("linearize", fun, primals)
    traced = trace(at, has_aux)
    values, linear = traced.recording.linearize(at.wrt)
    result, aux = traced.split(values)
    _, operands = flatten(at.args)
    f_jvp = linear.structured(operands, traced.treedef, _check_each_tangent, True)
    return (result, f_jvp, aux) if has_aux else (result, f_jvp)


def _check_each_tangent(
    what: str,
    tangents: tuple[Any, ...],
    treedef: TreeDef,
    types: Sequence[tuple[tuple[int, ...], np.dtype[Any]]],
) -> list[Any]:
    treedefs = treedef.children()
    if len(tangents) != len(treedefs):
        raise TypeError(
            f"{what}: needs {len(treedefs)} tangents, one for each primal, got {len(tangents)}"
        )
    operands: list[Any] = []
    for k, (child, tangent) in enumerate(zip(treedefs, tangents, strict=True)):
        part = types[len(operands) : len(operands) + child.num_leaves]
        operands += check_tangents(what, f"tangents[{k}]", tangent, child, part)
    return operands


def vjp(fun: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Value and pullback of a function at a point, by reverse mode.

    Args:
      fun: maps arrays to arrays; pytrees everywhere.
      primals: the arguments, the point: floating or complex.
      has_aux: whether `fun` returns (result, aux).
    Returns: (fun(*primals), pullback): pullback(cotangents), with cotangents structured like the
      result, gives the tuple of J^T @ cotangents, one for each primal. With has_aux, aux comes
      third.
    Raises: DerivativeError for integer primals; the pullback raises TypeError or ShapeError for
      cotangents of another structure, dtype or shape.
    Cost: `fun` once, and for each pullback a small constant number of evaluations; the Jacobian is
      never formed. The pullback owns copies of all it reads.

    >>> y, pullback = dt.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 3., 40.]), array([ 1., 20.]))
    """
    found = linear_map_at("vjp", fun, primals, check_result, _check_cotangents, has_aux)
    if found is not None:
        return found
    check_callable("vjp", fun)
    at = primal_point("vjp", fun, primals)
    traced = trace(at, has_aux)
    recording, treedef = traced.recording, traced.treedef
    if traced.aux is None:
        values, linear = recording.vjp(at.wrt)
    else:
        # aux is left out of the pullback: not even 0 * inf comes back from it.
        n = treedef.num_leaves
        values, linear = recording.pick(range(n)).vjp(at.wrt)
        values = [*values, *recording.pick(range(n, recording.n_outputs)).run()]
    result, aux = traced.split(values)
    _, results = flatten(at.args)
    pullback = linear.structured(treedef, results, _check_cotangents, False)
    return (result, pullback, aux) if has_aux else (result, pullback)


def _check_cotangents(
    what: str,
    cotangents: PyTree,
    treedef: TreeDef,
    types: Sequence[tuple[tuple[int, ...], np.dtype[Any]]],
) -> list[Any]:
    return check_tangents(what, "cotangents", cotangents, treedef, types)
