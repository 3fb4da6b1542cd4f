"""scipy.linalg for traced values: eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import UnsupportedFunctionError, _eigh, _triangular_solve
from ..numpy import linalg as _linalg
from ._dispatch import composite


def adjoint(a: Any) -> Any:
    return np.conjugate(np.swapaxes(a, -1, -2))


def completed(a: Any, lower: bool, hermitian: bool = True) -> Any:
    """The Hermitian or symmetric matrix that a triangle stands for."""
    strict = np.tril(a, -1) if lower else np.triu(a, 1)
    other = adjoint(strict) if hermitian else np.swapaxes(strict, -1, -2)
    diagonal = np.real(a) if hermitian else a
    return strict + other + diagonal * np.eye(a.shape[-1], dtype=diagonal.dtype)


@composite("linalg")
def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """As scipy.linalg.eigh; with `b` the generalised problem a v = w b v (type 1)."""
    if subset_by_value is not None or type != 1:
        raise UnsupportedFunctionError(
            "eigh: subset_by_value and type cannot be recorded; choose from all eigenvalues"
        )
    if b is None:
        w, v = _eigh(a, "L" if lower else "U")
    else:
        # b = L L^T: the eigenvalues of L^-1 a L^-T.
        factor = np.linalg.cholesky(completed(b, lower))
        half = _triangular_solve(factor, completed(a, lower), True)
        w, v = np.linalg.eigh(_triangular_solve(factor, adjoint(half), True), "L")
        v = _triangular_solve(np.conjugate(factor), v, True, True)
    if subset_by_index is not None:
        first, last = subset_by_index
        w, v = w[first : last + 1], v[:, first : last + 1]
    return w if eigvals_only else (w, v)


@composite("linalg")
def eig(
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """As scipy.linalg.eig, with right vectors or none; with `b` the problem a v = w b v."""
    if left or homogeneous_eigvals:
        raise UnsupportedFunctionError(
            "eig: left and homogeneous_eigvals cannot be recorded; the left vectors of a are the "
            "right ones of its adjoint"
        )
    factors = _linalg.eig(a if b is None else np.linalg.solve(b, a))
    return tuple(factors) if right else factors[0]


@composite("linalg")
def eigvals(a: Any, b: Any = None, **options: Any) -> Any:
    return eig(a, b, right=False, **options)


@composite("linalg")
def eigvalsh(a: Any, b: Any = None, **options: Any) -> Any:
    return eigh(a, b, eigvals_only=True, **options)
