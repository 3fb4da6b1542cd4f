"""jacfwd, jacrev, jacobian, hessian: whole matrices of derivatives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Literal

from ._core import DerivativeError, Recording
from ._pytree import Function, PyTree, TreeDef, unflatten
from ._record import Point, check_argnums, check_callable, point, trace, wraps

Mode = Literal["forward", "reverse"]


def _record(at: Point, has_aux: bool) -> tuple[Recording, TreeDef, PyTree]:
    """The program of the result alone, and aux, computed: no matrix is made for aux."""
    traced = trace(at, has_aux)
    treedef, recording = traced.treedef, traced.recording
    n = treedef.num_leaves
    aux = None
    if traced.aux is not None:
        rest = range(n, recording.n_outputs)
        aux = traced.aux.fill(recording.pick(rest).run() if rest else [])
        recording = recording.pick(range(n))
    for k in range(n):
        _, dtype = recording.output_type(k)
        if dtype.kind != "f":
            raise DerivativeError(
                f"{at.what}: the function must return float32 or float64, got {dtype}"
            )
    return recording, treedef, aux


def _sizes(recording: Recording, n_inputs: int) -> tuple[int, int]:
    """Numbers of entries of all outputs, and of the first inputs."""
    outputs = sum(prod(recording.output_type(k)[0]) for k in range(recording.n_outputs))
    inputs = sum(prod(recording.input_type(k)[0]) for k in range(n_inputs))
    return outputs, inputs


def _run_jacobian(recording: Recording, wrt: Sequence[int], modes: Sequence[Mode]) -> list[Any]:
    """By the first of these directions that every rule in the program has."""
    *preferred, last = modes
    for mode in preferred:
        with contextlib.suppress(DerivativeError):  # A custom_vjp has no forward direction.
            derived = recording.jacobian(wrt, mode)
            # Planning is what meets it; inside another recording run() alone would not plan.
            if derived.region_count >= 0:
                return derived.run()
    return recording.jacobian(wrt, last).run()


def _rows(values: Sequence[Any], treedef: TreeDef, inner: Callable[[Sequence[Any]], PyTree]) -> Any:
    """Values, output by output, as a tree of the results with a tree of the arguments in it."""
    n = treedef.num_leaves
    width = len(values) // n if n else 0
    return unflatten(treedef, [inner(values[k * width : (k + 1) * width]) for k in range(n)])


def _jacobian(
    transform: str,
    fun: Function,
    argnums: int | Sequence[int],
    has_aux: bool,
    choose: Callable[[Recording, int], Sequence[Mode]],
) -> Function:
    check_callable(transform, fun)
    chosen = check_argnums(transform, argnums)

    def jacobian_of_fun(*args: Any, **kwargs: Any) -> Any:
        at = point(transform, fun, chosen, args, kwargs)
        recording, treedef, aux = _record(at, has_aux)
        values = _run_jacobian(recording, at.wrt, choose(recording, len(at.leaves)))
        result = _rows(values, treedef, at.structured)
        return (result, aux) if has_aux else result

    return wraps(fun, jacobian_of_fun, transform)


def jacfwd(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Jacobian by forward mode: right for more results than arguments.

    Args:
      fun: maps arrays to float32 or float64 arrays; pytrees everywhere.
      argnums: the positional argument, or a tuple of those, to differentiate in.
      has_aux: whether `fun` returns (result, aux).
    Returns: a function of the same arguments that gives, for each result, for each chosen argument,
      an array of shape result.shape + argument.shape: a tree of arguments in a tree of results.
    Raises: DerivativeError (a TypeError) for integer or boolean arguments or results.
    Cost: at most one product per entry of the arguments; diagonal and other structured parts are
      written without products.

    >>> dt.jacfwd(lambda x: np.array([1.0, 2.0, 3.0]) * x)(2.0)
    array([1., 2., 3.])
    """
    return _jacobian("jacfwd", fun, argnums, has_aux, lambda recording, n: ["forward"])


def jacrev(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Jacobian by reverse mode: right for fewer results than arguments.

    Args, returns, raises: as `jacfwd`.
    Cost: at most one pullback per entry of the results.

    >>> dt.jacrev(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return _jacobian("jacrev", fun, argnums, has_aux, lambda recording, n: ["reverse"])


def jacobian(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Jacobian by the direction that has fewer products to make.

    Args, returns, raises: as `jacfwd`.
    Cost: that of `jacfwd` or `jacrev`, whichever side has fewer entries; the other one where a
      `custom_vjp` function has no forward mode.

    >>> dt.jacobian(lambda A, x: A @ x, argnums=1)(np.array([[1.0, 2.0]]), np.ones(2))
    array([[1., 2.]])
    """

    def fewer(recording: Recording, n_inputs: int) -> Sequence[Mode]:
        outputs, inputs = _sizes(recording, n_inputs)
        return ["reverse", "forward"] if outputs <= inputs else ["forward", "reverse"]

    return _jacobian("jacobian", fun, argnums, has_aux, fewer)


def hessian(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Second derivatives, forward over reverse.

    Args:
      fun: maps arrays to float32 or float64 arrays, most often one of shape ().
      argnums: the positional argument, or a tuple of those, to differentiate in.
      has_aux: whether `fun` returns (result, aux).
    Returns: a function of the same arguments that gives, for each result and each pair (a, b) of
      chosen arguments, an array of shape result.shape + a.shape + b.shape: a tree of b in a tree of
      a in a tree of results.
    Raises: as `jacfwd`.
    Cost: for a scalar function at most one Hessian-vector product per entry of the arguments.

    >>> dt.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    check_callable("hessian", fun)
    chosen = check_argnums("hessian", argnums)

    def hessian_of_fun(*args: Any, **kwargs: Any) -> Any:
        at = point("hessian", fun, chosen, args, kwargs)
        recording, treedef, aux = _record(at, has_aux)
        result = second_derivatives(recording, at.wrt, treedef, at.structured)
        return (result, aux) if has_aux else result

    return wraps(fun, hessian_of_fun, "hessian")


def second_derivatives(
    recording: Recording,
    wrt: Sequence[int],
    treedef: TreeDef,
    structured: Callable[[Sequence[Any]], PyTree],
) -> PyTree:
    """Hessians of each output, in the given inputs."""
    if recording.n_outputs == 1 and recording.output_type(0)[0] == ():
        first = recording.grad(wrt)
    else:
        first = recording.jacobian(wrt, "reverse")
    values = first.jacobian(wrt, "forward").run()
    n = len(wrt)

    def square(block: Sequence[Any]) -> PyTree:
        return structured([structured(block[k * n : (k + 1) * n]) for k in range(n)])

    return _rows(values, treedef, square)
