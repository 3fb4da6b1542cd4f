"""jacfwd, jacrev, jacobian, value_and_jacobian: first derivatives as whole matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ._blocks import Result, check_chunk_size, matrix_of_blocks, tree_of_blocks
from ._core import Transformed
from ._pytree import Function
from ._record import check_argnums, check_callable, check_result, point

Mode = Literal["forward", "reverse"]


def _check_result(what: str, result: Any) -> None:
    check_result(what, result, "fc")


def _jacobian(
    transform: str,
    fun: Function,
    argnums: int | Sequence[int],
    has_aux: bool,
    chunk_size: int | None,
    flat: bool,
    mode: Literal["forward", "reverse", "cheaper"],
    holomorphic: bool,
    with_value: bool = False,
) -> Function:
    check_callable(transform, fun)
    chosen = check_argnums(transform, argnums)
    chunk = check_chunk_size(transform, chunk_size)

    def jacobian_of_fun(*args: Any, **kwargs: Any) -> Any:
        at = point(transform, fun, chosen, args, kwargs, holomorphic)
        result = Result(at, has_aux, "c" if holomorphic else "fc")
        kept = [*(result.outputs if with_value else ()), *result.beside]
        derived = result.recording.jacobian(at.wrt, mode, kept, result.outputs, chunk)
        values = derived.run()
        n = len(values) - len(kept)
        blocks = values[:n]
        if flat:
            columns = [np.shape(leaf) for leaf in at.leaves]
            matrix = matrix_of_blocks(blocks, result.shapes(), columns)
        else:
            matrix = tree_of_blocks(blocks, result.treedef, at.structured)
        if not with_value:
            return (matrix, result.aux(values[n:])) if has_aux else matrix
        value = result.values(values[n : n + result.n])
        return ((value, result.aux(values[n + result.n :])) if has_aux else value), matrix

    places = None if chunk or flat or holomorphic else chosen
    return Transformed(transform, fun, places, _check_result, jacobian_of_fun, has_aux)


def jacfwd(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    flat: bool = False,
    holomorphic: bool = False,
) -> Function:
    """Jacobian by forward mode: right for more results than arguments.

    Args:
      fun: maps arrays to float32, float64 or complex arrays; pytrees everywhere.
      argnums: the positional argument, or a tuple of those, to differentiate in.
      has_aux: whether `fun` returns (result, aux).
      chunk_size: most entries differentiated in at a time where the structure of the derivative is
        lost: a bound for temporary memory, of `chunk_size` times that of `fun`. The result is the
        same; the first call takes longer, the more pieces there are. None: all at once.
      flat: whether to give one matrix for all results and chosen arguments.
      holomorphic: whether `fun` maps complex numbers to complex ones and has complex derivatives,
        which are the entries then. Complex arguments need it.
    Returns: a function of the same arguments that gives, for each result, for each chosen argument,
      an array of shape result.shape + argument.shape: a tree of arguments in a tree of results.
      With flat, one matrix (m, n): m entries of the result and n of the arguments, both in the
      order of `ravel_pytree`. With has_aux, (Jacobian, aux).
    Raises: DerivativeError (a TypeError) for integer or boolean arguments or results, for complex
      arguments unless holomorphic, and for a `custom_vjp` function inside; TypeError or ValueError
      for a chunk_size that is no positive int.
    Cost: at most one product per entry of the arguments; diagonal and other structured parts are
      written without products.

    >>> dt.jacfwd(lambda x: np.array([1.0, 2.0, 3.0]) * x)(2.0)
    array([1., 2., 3.])
    >>> dt.jacfwd(lambda z: z**2, holomorphic=True)(np.array([1j, 2.0]))
    array([[0.+2.j, 0.+0.j],
           [0.+0.j, 4.+0.j]])
    """
    return _jacobian("jacfwd", fun, argnums, has_aux, chunk_size, flat, "forward", holomorphic)


def jacrev(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    flat: bool = False,
    holomorphic: bool = False,
) -> Function:
    """Jacobian by reverse mode: right for fewer results than arguments.

    Args, returns: as `jacfwd`; the entries of chunk_size are those of the results.
    Raises: as `jacfwd`, but a `custom_vjp` function is welcome.
    Cost: at most one pullback per entry of the results.

    >>> dt.jacrev(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    >>> dt.jacrev(lambda p: p["a"] * p["b"], flat=True)({"a": 2.0, "b": np.array([3.0, 4.0])})
    array([[3., 2., 0.],
           [4., 0., 2.]])
    """
    return _jacobian("jacrev", fun, argnums, has_aux, chunk_size, flat, "reverse", holomorphic)


def jacobian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    flat: bool = False,
    holomorphic: bool = False,
) -> Function:
    """Jacobian by the direction that has less work to do.

    Both directions are derived, and the elements counted that each would compute: once for each
    program, not at every call.

    Args, returns, raises: as `jacfwd`; a `custom_vjp` function is welcome.
    Cost: that of `jacfwd` or `jacrev`, whichever is less; that of `jacrev` where a `custom_vjp`
      function has no forward mode.

    >>> dt.jacobian(lambda A, x: A @ x, argnums=1)(np.array([[1.0, 2.0]]), np.ones(2))
    array([[1., 2.]])
    """
    return _jacobian("jacobian", fun, argnums, has_aux, chunk_size, flat, "cheaper", holomorphic)


def value_and_jacobian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    flat: bool = False,
    holomorphic: bool = False,
) -> Function:
    """Value and Jacobian in one run: `fun` is recorded once, what both need is computed once.

    Args: as `jacobian`.
    Returns: a function of the same arguments that gives (value, Jacobian), the value structured as
      `fun` returns it also with flat; with has_aux, ((value, aux), Jacobian).
    Raises: as `jacobian`.
    Cost: that of `jacobian`; the value comes with it.

    >>> dt.value_and_jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    (array([1., 4.]), array([[2., 0.],
           [0., 4.]]))
    """
    return _jacobian(
        "value_and_jacobian",
        fun,
        argnums,
        has_aux,
        chunk_size,
        flat,
        "cheaper",
        holomorphic,
        with_value=True,
    )
