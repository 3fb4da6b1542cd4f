"""scipy.linalg for traced values: functions of matrices, polar factors, matrix equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import UnsupportedFunctionError, _expm, _logm, _pinv, _sqrtm, _sylvester
from ..numpy import linalg as _linalg
from ..numpy._arguments import as_array
from ..numpy._decompositions import eps_of, matrix_shape
from ._dispatch import composite
from ._eigen import adjoint, completed


def _sine_and_cosine(a: Any) -> tuple[Any, Any]:
    """exp(i A) and, of complex A, exp(-i A)."""
    turned = _expm(1j * a)
    if a.dtype.kind != "c":
        return np.imag(turned), np.real(turned)
    back = _expm(-1j * a)
    return -0.5j * (turned - back), 0.5 * (turned + back)


@composite("linalg")
def sinm(A: Any) -> Any:
    return _sine_and_cosine(as_array(A))[0]


@composite("linalg")
def cosm(A: Any) -> Any:
    return _sine_and_cosine(as_array(A))[1]


@composite("linalg")
def tanm(A: Any) -> Any:
    sine, cosine = _sine_and_cosine(as_array(A))
    return np.linalg.solve(cosine, sine)


@composite("linalg")
def sinhm(A: Any) -> Any:
    A = as_array(A)
    return 0.5 * (_expm(A) - _expm(-A))


@composite("linalg")
def coshm(A: Any) -> Any:
    A = as_array(A)
    return 0.5 * (_expm(A) + _expm(-A))


@composite("linalg")
def tanhm(A: Any) -> Any:
    A = as_array(A)
    up, down = _expm(A), _expm(-A)
    return np.linalg.solve(up + down, up - down)


@composite("linalg")
def signm(A: Any, disp: Any = True) -> Any:
    """As scipy.linalg.signm: A (A^2)^(-1/2); of A without eigenvalues on the imaginary axis."""
    A = as_array(A)
    return np.linalg.solve(_sqrtm(np.matmul(A, A)), A)


@composite("linalg")
def fractional_matrix_power(A: Any, t: float) -> Any:
    """As scipy.linalg.fractional_matrix_power: exp(t log A), or a power of products.

    Raises: LinAlgError where a real A has a complex result: pass a complex A.
    """
    A = as_array(A)
    if t == int(t):
        return np.linalg.matrix_power(A, int(t))
    return _expm(t * _logm(A))


def _unitary_factor(a: Any) -> Any:
    """U V^H of a = U s V^H, from the smaller Gram matrix: equal singular values do no harm."""
    m, n = a.shape[-2:]
    if m < n:
        return np.linalg.solve(_sqrtm(np.matmul(a, adjoint(a))), a)
    return adjoint(np.linalg.solve(_sqrtm(np.matmul(adjoint(a), a)), adjoint(a)))


@composite("linalg")
def polar(a: Any, side: str = "right") -> Any:
    """As scipy.linalg.polar, of matrices of full rank.

    Cost: a square root of the smaller Gram matrix; its condition number is that of a, squared.
    """
    a = as_array(a)
    matrix_shape(a, "polar")
    if side not in ("right", "left"):
        raise ValueError(f"polar: side must be 'right' or 'left', got {side!r}")
    u = _unitary_factor(a)
    p = np.matmul(adjoint(u), a) if side == "right" else np.matmul(a, adjoint(u))
    return u, 0.5 * (p + adjoint(p))


@composite("linalg")
def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> Any:
    A, B = as_array(A), as_array(B)
    product = np.matmul(adjoint(A), B)
    return _unitary_factor(product), np.linalg.norm(product, "nuc")


@composite("linalg")
def subspace_angles(A: Any, B: Any) -> Any:
    """As scipy.linalg.subspace_angles, of matrices of full column rank."""
    a, b = (_linalg.qr(as_array(x))[0] for x in (A, B))
    product = np.matmul(adjoint(a), b)
    cosines = _linalg.svdvals(product)
    if a.shape[1] >= b.shape[1]:
        rest = b - np.matmul(a, product)
    else:
        rest = a - np.matmul(b, adjoint(product))
    # Small angles by their sines, the others by their cosines; neither at its vertical tangent.
    small = cosines**2 >= 0.5
    sines = np.where(small, np.clip(_linalg.svdvals(rest), -1, 1), 0)
    others = np.where(small, 0, np.clip(cosines[::-1], -1, 1))
    return np.where(small, np.arcsin(sines), np.arccos(others))


def inverse_and_rank(name: str, a: Any, atol: Any, rtol: Any, return_rank: bool) -> Any:
    """The pseudo-inverse, and where wanted the number of singular values it inverts."""
    if atol:
        raise UnsupportedFunctionError(f"{name}: atol cannot be recorded; give rtol")
    cutoff = float(max(matrix_shape(a, name)) * eps_of(a) if rtol is None else rtol)
    inverse = _pinv(a, cutoff)
    if not return_rank:
        return inverse
    s = _linalg.svdvals(a)
    return inverse, np.sum(s > cutoff * np.max(s))


@composite("linalg")
def pinvh(
    a: Any,
    atol: Any = None,
    rtol: Any = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    return inverse_and_rank("pinvh", completed(as_array(a), lower), atol, rtol, return_rank)


@composite("linalg")
def rq(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    check_finite: bool = True,
) -> Any:
    """As scipy.linalg.rq: the QR factors of a, its rows and columns reversed, adjoint."""
    a = as_array(a)
    m, n = matrix_shape(a, "rq")
    if mode not in ("full", "r", "economic") or (mode != "economic" and m < n):
        raise UnsupportedFunctionError(
            "rq: what mode='full' adds for a wide matrix has no derivative; pass mode='economic'; "
            f"got mode={mode!r} and shape {a.shape}"
        )
    q, r = _linalg.qr(adjoint(a[..., ::-1, ::-1]))
    r = adjoint(r)[..., ::-1, ::-1]
    return r if mode == "r" else (r, adjoint(q)[..., ::-1, ::-1])


@composite("linalg")
def qr_multiply(
    a: Any,
    c: Any,
    mode: str = "right",
    pivoting: bool = False,
    conjugate: bool = False,
    overwrite_a: bool = False,
    overwrite_c: bool = False,
) -> Any:
    if pivoting or mode not in ("right", "left"):
        raise UnsupportedFunctionError(
            "qr_multiply: mode must be 'right' or 'left', without pivoting, for traced values, got "
            f"{mode!r}, pivoting={pivoting}"
        )
    q, r = _linalg.qr(as_array(a))
    q = np.conjugate(q) if conjugate else q
    return (np.matmul(c, q) if mode == "right" else np.matmul(q, c)), r


@composite("linalg")
def solve_lyapunov(a: Any, q: Any) -> Any:
    a, q = as_array(a), as_array(q)
    return _sylvester(a, adjoint(a), q)


@composite("linalg")
def solve_discrete_lyapunov(a: Any, q: Any, method: Any = None) -> Any:
    """As scipy.linalg.solve_discrete_lyapunov: x with a x a^H - x + q = 0."""
    a, q = as_array(a), as_array(q)
    n = a.shape[0]
    one = np.eye(n, dtype=a.dtype)
    if method == "direct" or (method is None and n < 10):
        system = np.eye(n * n, dtype=a.dtype) - np.kron(a, np.conjugate(a))
        return np.linalg.solve(system, q.ravel()).reshape(n, n)
    # The bilinear transformation makes it a continuous equation.
    inverse = np.linalg.inv(adjoint(a) + one)
    b = adjoint(np.matmul(adjoint(a) - one, inverse))
    c = 2 * np.matmul(np.matmul(np.linalg.inv(a + one), q), inverse)
    return _sylvester(b, adjoint(b), -c)


@composite("linalg")
def solve_continuous_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    """As scipy.linalg.solve_continuous_are: x with a^H x + x a - x b r^-1 b^H x + q = 0.

    By the sign function of the Hamiltonian matrix, then one step of Newton's method, which makes
    the value and all first derivatives those of the equation.

    Source: Roberts (1980), Linear model reduction and solution of the algebraic Riccati equation
    by use of the sign function; Kleinman (1968) for the step.
    """
    if e is not None or s is not None:
        raise UnsupportedFunctionError("solve_continuous_are: e and s cannot be recorded")
    a, b, q, r = (as_array(x) for x in (a, b, q, r))
    n = a.shape[0]
    gain = np.matmul(b, np.linalg.solve(r, adjoint(b)))
    top = np.concatenate([a, -gain], axis=1)
    h = np.concatenate([top, np.concatenate([-q, -adjoint(a)], axis=1)])
    w = np.linalg.solve(_sqrtm(np.matmul(h, h)), h)
    one = np.eye(n, dtype=w.dtype)
    left = np.concatenate([w[:n, n:], w[n:, n:] + one])
    right = np.concatenate([w[:n, :n] + one, w[n:, :n]])
    x = -np.linalg.solve(np.matmul(adjoint(left), left), np.matmul(adjoint(left), right))
    closed = adjoint(a - np.matmul(gain, x))
    x = _sylvester(closed, adjoint(closed), -q - np.matmul(np.matmul(x, gain), x))
    return 0.5 * (x + adjoint(x))
