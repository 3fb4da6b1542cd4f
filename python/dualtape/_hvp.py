"""hvp, vhp: products with the Hessian of a scalar function."""

from __future__ import annotations

from typing import Any

from ._core import Recorder, Recording
from ._grad import check_scalar
from ._jvp import tangents_at
from ._pytree import Function, PyTree
from ._record import Point, check_callable, primal_point


def _scalar(
    transform: str, fun: Function, primals: Any, vectors: Any, word: str
) -> tuple[Point, list[Any], Recording]:
    """The recorded function and the leaves of its vectors; a lone primal is a tuple of one."""
    check_callable(transform, fun)
    if not isinstance(primals, tuple):
        primals, vectors = (primals,), (vectors,)
    elif not isinstance(vectors, tuple):
        raise TypeError(
            f"{transform}: {word} must be a tuple like primals, got {type(vectors).__name__}"
        )
    at = primal_point(transform, fun, primals)
    operands = tangents_at(at, vectors, word)
    with Recorder(at.what) as recorder:
        result = at.call([recorder.input(leaf) for leaf in at.leaves])
        check_scalar(at.what, result)
        return at, operands, recorder.finish((result,))


def _structured(at: Point, values: list[Any]) -> PyTree:
    trees = at.structured(values)
    return trees[0] if len(trees) == 1 else trees


def hvp(fun: Function, primals: PyTree, tangents: PyTree) -> PyTree:
    """Hessian-vector product of a scalar function, forward over reverse.

    Args:
      fun: maps arrays like `primals` to a float32 or float64 value of shape ().
      primals: tuple of the arguments, the point; anything but a tuple counts as the one argument.
      tangents: the vector, with the structure, shapes and dtypes of `primals`.
    Returns: H(primals) @ tangents, structured like `primals`; a single primal gives its product
      itself.
    Raises: ShapeError if `fun` does not return shape (); DerivativeError for integer primals;
      TypeError or ShapeError for tangents that do not fit.
    Cost: a small constant number of evaluations of `fun`; the Hessian is never formed.

    >>> dt.hvp(lambda x: (x**3).sum(), (np.array([2.0]),), (np.array([1.0]),))
    array([12.])
    >>> dt.hvp(lambda x, y: x * x * y, (2.0, 3.0), (1.0, 0.0))
    (np.float64(6.0), np.float64(4.0))

    Source: Pearlmutter (1994), Fast exact multiplication by the Hessian.
    """
    at, operands, recording = _scalar("hvp", fun, primals, tangents, "tangents")
    values = recording.grad(at.wrt).jvp(at.wrt, operands).run()
    return _structured(at, values[len(at.leaves) :])


def vhp(fun: Function, primals: PyTree, cotangents: PyTree) -> PyTree:
    """Vector-Hessian product of a scalar function, reverse over reverse.

    The Hessian is symmetric, so this is `hvp` by another way: it needs no forward mode, which a
    `custom_vjp` function inside a rule may lack.

    Args: as `hvp`, the vector from the left.
    Returns: cotangents @ H(primals), structured like `primals`; a single primal gives its product
      itself.
    Raises, cost: as `hvp`; about half as fast.

    >>> dt.vhp(lambda x: (x**3).sum(), np.array([2.0]), np.array([1.0]))
    array([12.])
    """
    at, operands, recording = _scalar("vhp", fun, primals, cotangents, "cotangents")
    _, pullback = recording.grad(at.wrt).vjp(at.wrt)
    return _structured(at, pullback(operands))
