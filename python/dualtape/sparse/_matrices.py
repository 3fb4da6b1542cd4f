"""sparse.jacobian, sparse.hessian: matrices at one point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core import Recorder
from .._grad import check_scalar
from .._pytree import Function
from .._record import check_argnums, check_callable, point, trace, wraps
from ._form import Format, check_format, hessian_entries, scipy_sparse, sparse_entries


def _checked(
    what: str, fun: Function, argnums: int | Sequence[int], format: Format
) -> int | tuple[int, ...]:
    """The argnums, all options checked before anything is called."""
    check_callable(what, fun)
    chosen = check_argnums(what, argnums)
    check_format(what, format)
    scipy_sparse()
    return chosen


def jacobian(
    fun: Function, argnums: int | Sequence[int] = 0, *, format: Format = "csr"
) -> Function:
    """Jacobian as a SciPy sparse array.

    The pattern is read off the recorded program, so it holds for the branches taken at this point
    and is conservative for values: an entry that may be nonzero is there, even where it is zero.
    Pattern, colouring and plan are kept with the program: later calls that record the same
    program only evaluate. `prepare_jacobian` saves the recording, too.

    Args:
      fun: maps arrays to float32 or float64 arrays; pytrees everywhere.
      argnums: the positional argument, or a tuple of those, to differentiate in.
      format: "csr", "csc" or "coo".
    Returns: a function of the same arguments that gives a sparse array (m, n): m entries of all
      results, n of all chosen arguments, both in the order of `ravel_pytree`.
    Raises: DerivativeError for integer or boolean arguments or results; TypeError inside another
      recording; ImportError without SciPy.
    Cost: as many products as the colouring has groups, often a handful, as one batch.

    >>> J = dt.sparse.jacobian(np.sin)(np.zeros(1000))
    >>> J.shape, J.nnz, float(J.sum())
    ((1000, 1000), 1000, 1000.0)
    """
    chosen = _checked("sparse.jacobian", fun, argnums, format)

    def jacobian_of_fun(*args: Any, **kwargs: Any) -> Any:
        at = point("sparse.jacobian", fun, chosen, args, kwargs)
        recording = trace(at).recording
        of = range(recording.n_outputs)
        entries, form, _ = sparse_entries(recording, at.wrt, of, (), False, format, shared=False)
        return form.matrix(entries.run()[0])

    return wraps(fun, jacobian_of_fun, "sparse_jacobian")


def hessian(fun: Function, argnums: int | Sequence[int] = 0, *, format: Format = "csr") -> Function:
    """Hessian of a scalar function as a SciPy sparse array.

    Args:
      fun: maps arrays to a float32 or float64 value of shape ().
      argnums, format: as `sparse.jacobian`.
    Returns: a function of the same arguments that gives a symmetric sparse array (n, n): n entries
      of all chosen arguments, in the order of `ravel_pytree`.
    Raises: ShapeError if `fun` does not return shape (); else as `sparse.jacobian`.
    Cost: as many Hessian-vector products as a star colouring has groups, as one batch.

    >>> def rosenbrock(x):
    ...     return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
    >>> dt.sparse.hessian(rosenbrock)(np.ones(3)).toarray()
    array([[ 802., -400.,    0.],
           [-400., 1002., -400.],
           [   0., -400.,  200.]])
    """
    chosen = _checked("sparse.hessian", fun, argnums, format)

    def hessian_of_fun(*args: Any, **kwargs: Any) -> Any:
        at = point("sparse.hessian", fun, chosen, args, kwargs)
        with Recorder(at.what) as recorder:
            result = at.call([recorder.input(leaf) for leaf in at.leaves])
            check_scalar(at.what, result)
            recording = recorder.finish((result,))
        entries, form = hessian_entries(recording, at.wrt, format, shared=False)[:2]
        return form.matrix(entries.run()[0])

    return wraps(fun, hessian_of_fun, "sparse_hessian")
