"""hvp, vhp, gauss_newton_product: products with Hessians and what stands for them."""

from __future__ import annotations

from typing import Any

from ._core import DerivativeError, Recorder, Recording, product_at
from ._grad import check_scalar
from ._jvp import tangents_at
from ._pytree import Function, PyTree, flatten, unflatten
from ._record import Point, check_callable, primal_point, trace


def _point_and_vectors(
    transform: str, fun: Function, primals: Any, vectors: Any, word: str
) -> tuple[Point, list[Any]]:
    """The point and the leaves of the vectors; a lone primal is a tuple of one."""
    check_callable(transform, fun)
    if not isinstance(primals, tuple):
        primals, vectors = (primals,), (vectors,)
    elif not isinstance(vectors, tuple):
        raise TypeError(
            f"{transform}: {word} must be a tuple like primals, got {type(vectors).__name__}"
        )
    at = primal_point(transform, fun, primals)
    return at, tangents_at(at, vectors, word)


def _scalar(
    transform: str, fun: Function, primals: Any, vectors: Any, word: str
) -> tuple[Point, list[Any], Recording]:
    """The recorded function and the leaves of its vectors."""
    at, operands = _point_and_vectors(transform, fun, primals, vectors, word)
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
    found = product_at("hvp", fun, primals, tangents, check_scalar)
    if found is not None:
        return found
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
    found = product_at("vhp", fun, primals, cotangents, check_scalar)
    if found is not None:
        return found
    at, operands, recording = _scalar("vhp", fun, primals, cotangents, "cotangents")
    _, pullback = recording.grad(at.wrt).vjp(at.wrt)
    return _structured(at, pullback(operands))


def gauss_newton_product(
    fun: Function, primals: PyTree, tangents: PyTree, loss: Function | None = None
) -> PyTree:
    """Product with the Gauss-Newton matrix J^T J of residuals, or with J^T H J of a loss of them.

    J is the Jacobian of `fun`. J^T J is the Hessian of |fun|^2 / 2 without the second derivatives
    of `fun`; J^T H J, with H the Hessian of `loss` at the result of `fun`, is that of
    loss(fun(...)). Both are symmetric, and positive semidefinite where the loss is convex.

    Args:
      fun: maps arrays to float32 or float64 arrays, the residuals; pytrees everywhere.
      primals: tuple of the arguments, the point; anything but a tuple counts as the one argument.
      tangents: the vector, with the structure, shapes and dtypes of `primals`.
      loss: maps what `fun` returns to a value of shape (); None: half the sum of squares.
    Returns: the product, structured like `primals`; a single primal gives its product itself.
    Raises: DerivativeError for integer primals or results; ShapeError if `loss` does not return
      shape (); TypeError or ShapeError for tangents that do not fit.
    Cost: `fun` once, one forward and one reverse product; no matrix is formed.

    >>> dt.gauss_newton_product(lambda x: x**2, np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    array([ 4., 36.])

    Source: Schraudolph (2002), Fast curvature matrix-vector products for second-order gradient
    descent.
    """
    what = "gauss_newton_product"
    at, operands = _point_and_vectors(what, fun, primals, tangents, "tangents")
    # The derived programs are recorded as calls of one outer program, which computes what they
    # share once.
    with Recorder(at.what) as recorder:
        point = [recorder.input(leaf) for leaf in at.leaves]
        direction = [recorder.input(leaf) for leaf in operands]
        traced = trace(at._replace(leaves=point))
        recording, n = traced.recording, traced.treedef.num_leaves
        for k in range(n):
            _, dtype = recording.output_type(k)
            if dtype.kind != "f":
                raise DerivativeError(
                    f"{at.what}: the function must return float32 or float64, got {dtype}"
                )
        values = recording.jvp(at.wrt, direction).run()
        cotangents = values[n:]
        if loss is not None:
            result, result_dot = (unflatten(traced.treedef, x) for x in (values[:n], values[n:]))
            cotangents, _ = flatten(hvp(loss, (result,), (result_dot,)))
        _, pullback = recording.vjp(at.wrt)
        outer = recorder.finish(pullback(cotangents))
    return _structured(at, outer.run())
