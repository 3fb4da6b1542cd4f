"""hessian, value_grad_and_hessian, hessian_diagonal, laplacian: second derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._blocks import (
    Result,
    Structured,
    check_chunk_size,
    joined,
    matrix_of_blocks,
    tree_of_blocks,
    vector_of,
)
from ._core import Recording, ShapeError, Transformed
from ._grad import check_scalar
from ._pytree import Function, PyTree, TreeDef, flatten
from ._record import Point, check_argnums, check_callable, check_result, point


def second_derivatives(
    recording: Recording,
    wrt: Sequence[int],
    keep: Sequence[int] = (),
    outputs: Sequence[int] | None = None,
    chunk: int = 0,
) -> Recording:
    """The program of the Hessians of these outputs, and of what is kept."""
    if outputs is None:
        outputs = range(recording.n_outputs)
    if list(outputs) == [0] and recording.output_type(0)[0] == ():
        return recording.hessian(wrt, keep, chunk=chunk)
    first = recording.jacobian(wrt, "cheaper", keep, outputs, chunk)
    n = len(outputs) * len(wrt)
    return first.jacobian(wrt, "cheaper", range(n, first.n_outputs), range(n), chunk)


def tree_of_hessians(
    values: Sequence[Any], n: int, treedef: TreeDef, structured: Structured
) -> PyTree:
    """Blocks in n arguments, output by output, as a tree in a tree in a tree."""

    def square(block: Sequence[Any]) -> PyTree:
        return structured([structured(block[k * n : (k + 1) * n]) for k in range(n)])

    return tree_of_blocks(values, treedef, square)


def _flat_hessian(values: Sequence[Any], at: Point, result: Result) -> Any:
    """(n, n), or (m, n, n) of a result that is no single array of shape ()."""
    shapes = [np.shape(leaf) for leaf in at.leaves]
    n = sum(map(np.size, at.leaves))
    width = len(shapes) ** 2
    outputs = result.shapes()
    if outputs == [()]:
        return matrix_of_blocks(values, shapes, shapes)
    bands = []
    for k, shape in enumerate(outputs):
        # A row of blocks for each argument, side by side: (m_k, a, n) is then joined over a.
        rows = [
            matrix_of_blocks(
                values[k * width + i * len(shapes) : k * width + (i + 1) * len(shapes)],
                [(*shape, *a)],
                shapes,
            ).reshape(int(np.prod(shape)), int(np.prod(a)), n)
            for i, a in enumerate(shapes)
        ]
        bands.append(joined(rows, 1))
    return joined(bands, 0) if bands else np.zeros((0, n, n))


def hessian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    flat: bool = False,
    holomorphic: bool = False,
) -> Function:
    """Second derivatives, by the cheaper order of forward and reverse mode.

    Args:
      fun: maps arrays to float32 or float64 arrays, most often one of shape ().
      argnums: the positional argument, or a tuple of those, to differentiate in.
      has_aux: whether `fun` returns (result, aux).
      chunk_size, flat, holomorphic: as in `jacfwd`.
    Returns: a function of the same arguments that gives, for each result and each pair (a, b) of
      chosen arguments, an array of shape result.shape + a.shape + b.shape: a tree of b in a tree of
      a in a tree of results. With flat, one matrix (n, n) for a result of shape (), else an array
      (m, n, n), in the order of `ravel_pytree`. With has_aux, (Hessian, aux).
    Raises: as `jacfwd`.
    Cost: for a scalar function at most one Hessian-vector product per entry of the arguments; a
      block of two arguments is computed once and transposed for the other order.

    >>> dt.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    >>> dt.hessian(lambda p: p["a"] ** 2 * p["b"], flat=True)({"a": 1.0, "b": 3.0})
    array([[6., 2.],
           [2., 0.]])
    """
    check_callable("hessian", fun)
    chosen = check_argnums("hessian", argnums)
    chunk = check_chunk_size("hessian", chunk_size)

    def hessian_of_fun(*args: Any, **kwargs: Any) -> Any:
        at = point("hessian", fun, chosen, args, kwargs, holomorphic)
        result = Result(at, has_aux, "c" if holomorphic else "f")
        derived = second_derivatives(result.recording, at.wrt, result.beside, result.outputs, chunk)
        values = derived.run()
        n = len(values) - len(result.beside)
        if flat:
            matrix = _flat_hessian(values[:n], at, result)
        else:
            matrix = tree_of_hessians(values[:n], len(at.leaves), result.treedef, at.structured)
        return (matrix, result.aux(values[n:])) if has_aux else matrix

    places = None if chunk or flat or holomorphic else chosen
    return Transformed("hessian", fun, places, _check_floating_result, hessian_of_fun, has_aux)


def _check_floating_result(what: str, result: PyTree) -> None:
    check_result(what, result, "f")


def _check_scalar_result(what: str, result: PyTree) -> None:
    """One floating value of shape (), which may be the only leaf of a tree."""
    leaves, _ = flatten(result)
    check_scalar(what, leaves[0] if len(leaves) == 1 else result)


def _scalar_result(at: Point, has_aux: bool) -> Result:
    result = Result(at, has_aux)
    if result.n != 1:
        check_scalar(at.what, result.values(list(result.outputs)))
    shape = result.shapes()[0]
    if shape != ():
        raise ShapeError(f"{at.what}: the function must return shape (), got {shape}")
    return result


def value_grad_and_hessian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    flat: bool = False,
) -> Function:
    """Value, gradient and Hessian of a scalar function in one run: what Newton's method needs.

    Args: as `hessian`; `fun` returns a value of shape ().
    Returns: a function of the same arguments that gives (value, gradient, Hessian), gradient and
      Hessian as `grad` and `hessian` give them; with flat, a vector (n,) and a matrix (n, n) in the
      order of `ravel_pytree`. With has_aux, ((value, aux), gradient, Hessian).
    Raises: as `grad`.
    Cost: that of `hessian`: `fun` is recorded once, and what the three share is computed once.

    >>> dt.value_grad_and_hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    (np.float64(3.0), array([6., 1.]), array([[6., 2.],
           [2., 0.]]))
    """
    check_callable("value_grad_and_hessian", fun)
    chosen = check_argnums("value_grad_and_hessian", argnums)
    chunk = check_chunk_size("value_grad_and_hessian", chunk_size)

    def value_gradient_and_hessian(*args: Any, **kwargs: Any) -> Any:
        at = point("value_grad_and_hessian", fun, chosen, args, kwargs)
        result = _scalar_result(at, has_aux)
        values = result.recording.hessian(
            at.wrt, [0, *result.beside], gradient=True, chunk=chunk
        ).run()
        n = len(at.leaves)
        blocks, gradient = values[: n * n], values[n * n : n * n + n]
        value, beside = values[n * n + n], values[n * n + n + 1 :]
        head = (value, result.aux(beside)) if has_aux else value
        if flat:
            return head, vector_of(gradient), _flat_hessian(blocks, at, result)
        matrix = tree_of_hessians(blocks, n, result.treedef, at.structured)
        return head, at.structured(gradient), matrix

    places = None if chunk or flat else chosen
    return Transformed(
        "value_grad_and_hessian",
        fun,
        places,
        _check_scalar_result,
        value_gradient_and_hessian,
        has_aux,
    )


def hessian_diagonal(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
) -> Function:
    """The diagonal of the Hessian of a scalar function: the second derivative in each entry.

    Args: as `hessian`; `fun` returns a value of shape ().
    Returns: a function of the same arguments that gives the diagonal, structured like the chosen
      arguments; with has_aux, (diagonal, aux).
    Raises: as `grad`.
    Cost: where entries of the argument meet along one axis only (separable functions, sums over
      neighbours), a small constant number of evaluations of `fun`; in general, that of `hessian`,
      of which chunk_size rows are held at a time.

    >>> dt.hessian_diagonal(lambda x: np.sum(x**3) + x[0] * x[1])(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    check_callable("hessian_diagonal", fun)
    chosen = check_argnums("hessian_diagonal", argnums)
    chunk = check_chunk_size("hessian_diagonal", chunk_size)

    def diagonal_of_hessian(*args: Any, **kwargs: Any) -> Any:
        at = point("hessian_diagonal", fun, chosen, args, kwargs)
        result = _scalar_result(at, has_aux)
        values = result.recording.hessian(at.wrt, result.beside, diagonal=True, chunk=chunk).run()
        n = len(at.leaves)
        diagonal = at.structured(values[:n])
        return (diagonal, result.aux(values[n:])) if has_aux else diagonal

    places = None if chunk else chosen
    return Transformed(
        "hessian_diagonal", fun, places, _check_scalar_result, diagonal_of_hessian, has_aux
    )


def laplacian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
) -> Function:
    """Sum of the second derivatives in all entries of the arguments, in one forward sweep.

    Each value of `fun` comes with its first derivatives and its own Laplacian; a Hessian is never
    formed, and where first derivatives are diagonal only their diagonal is.

    Args:
      fun: maps arrays to float32 or float64 arrays of any shape; pytrees everywhere.
      argnums: the positional argument, or a tuple of those, over whose entries is summed.
      has_aux: whether `fun` returns (result, aux).
      chunk_size: most first derivatives of a value held at a time: a bound for temporary memory.
        None: all at once.
    Returns: a function of the same arguments that gives the Laplacian of each entry of the result,
      structured like the result; with has_aux, (Laplacian, aux).
    Raises: DerivativeError (a TypeError) for integer or boolean arguments or results, and for a
      `custom_vjp` function inside, which has no forward mode.
    Cost: at most one forward product for each entry of the arguments; a small constant number of
      evaluations for separable functions.

    >>> dt.laplacian(lambda x: np.sum(x**3) + x[0] * x[1])(np.array([1.0, 2.0]))
    np.float64(18.0)

    Source: Li et al. (2024), A computational framework for neural network-based variational Monte
    Carlo with Forward Laplacian.
    """
    check_callable("laplacian", fun)
    chosen = check_argnums("laplacian", argnums)
    chunk = check_chunk_size("laplacian", chunk_size)

    def laplacian_of_fun(*args: Any, **kwargs: Any) -> Any:
        at = point("laplacian", fun, chosen, args, kwargs)
        result = Result(at, has_aux)
        values = result.recording.laplacian(at.wrt, result.beside, result.outputs, chunk).run()
        sums = result.values(values[: result.n])
        return (sums, result.aux(values[result.n :])) if has_aux else sums

    places = None if chunk else chosen
    return Transformed("laplacian", fun, places, _check_floating_result, laplacian_of_fun, has_aux)
