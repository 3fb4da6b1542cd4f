"""The rows of the table of complex functions, through NumPy's names, and how they are compared."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape.scipy.linalg as dsl


class Case(NamedTuple):
    """A function of complex arrays, and of real ones where an argument is real."""

    id: str
    f: Callable[..., Any]
    args: tuple[NDArray[Any], ...]
    # Whether it has a complex derivative: in its first argument the Cauchy-Riemann equations hold.
    holomorphic: bool = False


def numbers(*shape: int, seed: int = 3) -> NDArray[Any]:
    """Of both signs in each part, away from the axes and from branch cuts, of size near one."""
    generator = np.random.default_rng(seed)
    size = generator.uniform(0.4, 1.1, shape)
    quarter = generator.integers(0, 4, shape)
    angle = (quarter + generator.uniform(0.2, 0.8, shape)) * np.pi / 2
    return np.asarray(size * np.exp(1j * angle))


def reals(*shape: int, seed: int = 4) -> NDArray[Any]:
    return np.random.default_rng(seed).uniform(-1.0, 1.5, shape)


def matrices(*shape: int, seed: int = 5) -> NDArray[Any]:
    return numbers(*shape, seed=seed) + 2 * np.eye(shape[-1])


def elementwise() -> Iterator[Case]:
    z, w, x = numbers(2, 3), numbers(3, seed=8), reals(3)
    names = (
        "exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan sinh cosh tanh arcsin arccos arctan "
        "arcsinh arccosh arctanh square reciprocal negative"
    )
    for name in names.split():
        yield Case(name, getattr(np, name), (z,), True)
    for name in ("absolute", "angle", "conjugate", "real", "imag", "sign"):
        yield Case(name, getattr(np, name), (z,))
    yield Case("angle-degrees", lambda z: np.angle(z, deg=True) / 90, (z,))
    for n in (0, 1, 2, 3, 5, -1, -2, 0.5):
        yield Case(f"power-{n}", lambda z, n=n: z**n, (z,), True)
    yield Case("power-of-complex-exponent", lambda z: z ** (0.5 - 1.5j), (z,), True)
    yield Case("power-in-exponent", lambda z: (1.5 + 0.5j) ** z, (z,), True)
    yield Case("power-of-arrays", lambda z, w: z**w, (z, w), True)
    yield Case("power-real-exponent", lambda z: z**1.7, (z,), True)
    yield Case("add", lambda z, w: z + w, (z, w), True)
    yield Case("subtract", lambda z, w: z - w, (z, w), True)
    yield Case("multiply", lambda z, w: z * w, (z, w), True)
    yield Case("divide", lambda z, w: z / w, (z, w), True)
    yield Case("with-real", lambda z, x: (z * x + x) / (2.0 + x) - x, (z, x), True)
    yield Case("with-python-numbers", lambda z: 2 * z + (1 - 2j) / z - 0.25j, (z,), True)
    yield Case("real-to-complex", lambda x: np.exp(1j * x) * (1 + x), (x,))
    yield Case("attributes", lambda z: z.real * 2.0 + z.imag * z.conj() * 1j, (z,))
    yield Case("conjugate-method", lambda z: z.conjugate() * z * z, (z,))
    yield Case("abs-operator", lambda z: abs(z) ** 3, (z,))
    yield Case("scalar", lambda z: z * abs(z), (numbers(),))
    yield Case("joined-parts", lambda x: x + 1j * np.sin(x), (x,))
    yield Case("float-power", lambda z: np.float_power(z, 3.0), (z,), True)


def reductions() -> Iterator[Case]:
    z = numbers(2, 3)
    for name in ("sum", "prod", "mean"):
        f = getattr(np, name)
        yield Case(name, f, (z,), True)
        yield Case(f"{name}-axis", lambda z, f=f: f(z, axis=1, keepdims=True), (z,), True)
    yield Case("cumsum", lambda z: np.cumsum(z, axis=1), (z,), True)
    yield Case("var", lambda z: np.var(z, axis=0), (z,))
    yield Case("std", lambda z: np.std(z, ddof=1), (z,))
    yield Case("average", lambda z: np.average(z, axis=0), (z,), True)


def products() -> Iterator[Case]:
    a, b, v, w = numbers(2, 3), numbers(3, 2, seed=6), numbers(3, seed=7), numbers(3, seed=8)
    yield Case("matmul", lambda a, b: a @ b, (a, b), True)
    yield Case("matmul-real", lambda a, x: a @ x, (a, reals(3, 2)), True)
    yield Case("dot", np.dot, (a, v), True)
    yield Case("vdot", np.vdot, (v, w))
    yield Case("inner", np.inner, (v, w), True)
    yield Case("outer", np.outer, (v, w), True)
    yield Case("einsum", lambda a, b: np.einsum("ij,jk->ik", a, b), (a, b), True)
    yield Case("einsum-trace", lambda a: np.einsum("ii->", a), (matrices(3, 3),), True)
    yield Case("tensordot", lambda a, b: np.tensordot(a, b, 2), (a, b.T.copy()), True)
    yield Case("kron", np.kron, (v, a), True)
    yield Case("trace", np.trace, (matrices(3, 3),), True)


def shapes() -> Iterator[Case]:
    z, v = numbers(2, 3), numbers(3, seed=7)
    yield Case("where", lambda z: np.where(abs(z) > 0.75, z * z, 2.0), (z,))
    yield Case("concatenate", lambda z, v: np.concatenate([z, v[None], z[:1]]), (z, v), True)
    yield Case("stack-with-real", lambda z, x: np.stack([z, x]), (v, reals(3)), True)
    yield Case("index", lambda z: z[1, ::-1] * z[0, [2, 0, 0]], (z,), True)
    yield Case("reshape-transpose", lambda z: z.T.reshape(2, 3) * z, (z,), True)
    yield Case("astype", lambda x: x.astype(np.complex128) ** 2, (reals(3),))

    def assigned(z: Any, x: Any) -> Any:
        y = 1j * z + 0 * x
        y[0] = x
        y[1, 1:] *= z[0, :2]
        return y

    yield Case("assignment", assigned, (z, reals(3)))

    def parts_written(z: Any, x: Any) -> Any:
        y = z * z + 0 * x
        y.real[0] = x
        y.imag = y.imag * 2.0
        y.imag[1, 1] = y[0, 0].real
        return y

    yield Case("writes-through-parts", parts_written, (z, reals(3)))


def linear_algebra() -> Iterator[Case]:
    a, b = matrices(3, 3), numbers(3, 2, seed=6)
    yield Case("solve", np.linalg.solve, (a, b), True)
    yield Case("solve-stack", np.linalg.solve, (matrices(2, 3, 3), numbers(2, 3, 1)), True)
    yield Case("inv", np.linalg.inv, (a,), True)
    yield Case("det", np.linalg.det, (a,), True)
    yield Case("matrix-power", lambda a: np.linalg.matrix_power(a, 3), (a,), True)
    yield Case("norm", np.linalg.norm, (b,))
    yield Case("norm-of-rows", lambda b: np.linalg.norm(b, axis=1), (b,))
    yield Case("norm-1", lambda b: np.linalg.norm(b, 1, axis=0), (b,))
    yield Case("norm-3", lambda b: np.linalg.norm(b, 3, axis=0), (b,))
    yield Case("norm-of-matrix", lambda b: np.linalg.norm(b, 1), (b,))


def hermitian(*shape: int, seed: int = 5) -> NDArray[Any]:
    """Positive definite."""
    a = numbers(*shape, seed=seed)
    return a @ np.swapaxes(a.conj(), -1, -2) + np.diag(np.arange(1.0, shape[-1] + 1))


def _adjoint(a: Any) -> Any:
    return np.conj(np.swapaxes(a, -1, -2))


def _spectral(a: Any, uplo: str = "L") -> Any:
    w, v = np.linalg.eigh(a, uplo)
    return (v * np.sin(w)[..., None, :]) @ _adjoint(v)


def _projections(a: Any) -> Any:
    """Of the vectors of a Hermitian matrix: no phase, but each vector for itself."""
    v = np.linalg.eigh(a)[1]
    return (v * np.arange(1.0, v.shape[-1] + 1)) @ _adjoint(v)


def _svd_product(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return (u * np.exp(s)[..., None, :]) @ vh


def _svd_projections(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    weights = np.arange(1.0, s.shape[-1] + 1)
    return (u * weights) @ _adjoint(u) @ a @ (_adjoint(vh) * weights) @ vh


def _by_size(w: Any) -> Any:
    """Eigenvalues have no order: their power sums do not mind."""
    return np.stack([np.sum(w**k, axis=-1) for k in (1, 2, 3)])


def _eig_function(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    return (v * np.exp(w)[..., None, :]) @ np.linalg.inv(v)


def _eig_projections(a: Any) -> Any:
    """Weighted by something that tells the vectors apart whatever their order."""
    w, v = np.linalg.eig(a)
    return (v * (w * np.conj(w))[..., None, :]) @ _adjoint(v)


def _logm(a: Any) -> Any:
    with warnings.catch_warnings():  # SciPy's, of single precision
        warnings.simplefilter("ignore", RuntimeWarning)
        return dsl.logm(a).astype(a.dtype)


def decompositions() -> Iterator[Case]:
    a, h, stack = matrices(3, 3), hermitian(3, 3), hermitian(2, 2, 2)
    tall, wide, x = numbers(4, 2), numbers(2, 4, seed=9), reals(3, 3, seed=8)
    b = numbers(3, 2, seed=6)
    yield Case("cholesky", np.linalg.cholesky, (h,))
    yield Case("cholesky-upper", lambda h: np.linalg.cholesky(h, upper=True), (h,))
    yield Case("cholesky-stack", np.linalg.cholesky, (stack,))
    yield Case("cho_solve", lambda h, b: dsl.cho_solve(dsl.cho_factor(h), b), (h, b))
    yield Case("cho_solve-lower", lambda h, b: dsl.cho_solve(dsl.cho_factor(h, True), b), (h, b))
    yield Case("solve-hermitian", lambda h, b: dsl.solve(h, b, assume_a="her"), (h, b))
    yield Case("solve-symmetric", lambda h, b: dsl.solve(h, b, assume_a="sym"), (a, b), True)
    yield Case("solve-positive", lambda h, b: dsl.solve(h, b, assume_a="pos"), (h, b))
    for trans in (0, 1):
        yield Case(
            f"solve_triangular-{trans}",
            lambda a, b, t=trans: dsl.solve_triangular(a, b, t, lower=True),
            (a, b),
            True,
        )
        yield Case(
            f"lu_solve-{trans}",
            lambda a, b, t=trans: dsl.lu_solve(dsl.lu_factor(a), b, t),
            (a[::-1], b),
            True,
        )
    yield Case("solve_triangular-2", lambda a, b: dsl.solve_triangular(a, b, 2), (a, b))
    yield Case("lu_solve-2", lambda a, b: dsl.lu_solve(dsl.lu_factor(a), b, 2), (a[::-1], b))
    yield Case("lu", lambda a: dsl.lu(a)[1] @ dsl.lu(a)[2] @ a, (a,), True)
    yield Case("slogdet", lambda a: np.linalg.slogdet(a).logabsdet, (a,))
    yield Case("slogdet-sign", lambda a: np.linalg.slogdet(a).sign, (a,))
    yield Case("det-singular", np.linalg.det, (np.outer(a[0], a[1]),), True)
    yield Case("eigvalsh", np.linalg.eigvalsh, (h,))
    yield Case("eigvalsh-upper", lambda h: np.linalg.eigvalsh(h, "U"), (a,))
    yield Case("eigh-function", _spectral, (h,))
    yield Case("eigh-function-upper", lambda a: _spectral(a, "U"), (a,))
    yield Case("eigh-function-stack", _spectral, (stack,))
    yield Case("eigh-projections", _projections, (h,))
    yield Case("eigh-generalised", lambda x, y: dsl.eigh(x, y)[0], (a + _adjoint(a), h))
    for name, m in {"square": a, "tall": tall, "wide": wide, "very-tall": numbers(7, 2)}.items():
        yield Case(f"qr-q-{name}", lambda a: np.linalg.qr(a).Q, (m,))
        yield Case(f"qr-r-{name}", lambda a: np.linalg.qr(a).R, (m,))
        yield Case(f"svdvals-{name}", np.linalg.svdvals, (m,))
        yield Case(f"svd-product-{name}", _svd_product, (m,))
        yield Case(f"svd-projections-{name}", _svd_projections, (m,))
        yield Case(f"pinv-{name}", np.linalg.pinv, (m,))
        yield Case(f"lstsq-{name}", lambda a, b: np.linalg.lstsq(a, b)[0], (m, m[:, :1] + 1j))
    yield Case("lstsq-residuals", lambda a, b: np.linalg.lstsq(a, b)[1], (tall, tall[::-1] ** 2))
    for order in (2, -2, "nuc", "fro"):
        yield Case(f"norm-{order}", lambda a, o=order: np.linalg.norm(a, o), (tall,))
    yield Case("cond", np.linalg.cond, (a,))
    yield Case("expm", dsl.expm, (a,), True)
    yield Case("logm", _logm, (a,), True)
    yield Case("sqrtm", dsl.sqrtm, (a,), True)
    yield Case("solve_sylvester", dsl.solve_sylvester, (a, matrices(2, 2), b), True)
    yield Case("lyapunov", dsl.solve_continuous_lyapunov, (a, h))
    yield Case("eigvals", lambda a: _by_size(np.linalg.eigvals(a)), (a,), True)
    yield Case("eigvals-of-real", lambda x: _by_size(np.linalg.eigvals(x)) + 0j, (x,))
    yield Case("eig-function", _eig_function, (a,), True)
    yield Case("eig-function-of-real", lambda x: _eig_function(x) + 0j, (x,))
    yield Case("eig-function-stack", _eig_function, (matrices(2, 3, 3),), True)
    yield Case("eig-projections", _eig_projections, (a,))
    yield Case(
        "eig-scipy", lambda a, b: _by_size(dsl.eig(a, b)[0]), (a, matrices(3, 3, seed=7)), True
    )
    yield Case("eigvals-scipy", lambda a: _by_size(dsl.eigvals(a)), (a,), True)


def transforms() -> Iterator[Case]:
    z, x = numbers(3, 4), reals(3, 5)
    for norm in ("backward", "ortho", "forward"):
        yield Case(f"fft-{norm}", lambda z, k=norm: np.fft.fft(z, norm=k), (z,), True)
        yield Case(f"ifft-{norm}", lambda z, k=norm: np.fft.ifft(z, norm=k), (z,), True)
        yield Case(f"rfft-{norm}", lambda x, k=norm: np.fft.rfft(x, norm=k), (x,))
        yield Case(f"irfft-{norm}", lambda z, k=norm: np.fft.irfft(z, norm=k), (z,))
    yield Case("fft-axis", lambda z: np.fft.fft(z, axis=0), (z,), True)
    yield Case("fft-cropped", lambda z: np.fft.fft(z, 2), (z,), True)
    yield Case("fft-padded", lambda z: np.fft.ifft(z, 7, axis=0), (z,), True)
    yield Case("fft-of-real", lambda x: np.fft.fft(x), (x,))
    yield Case("rfft-even", lambda x: np.fft.rfft(x, 4), (x,))
    yield Case("rfft-axis", lambda x: np.fft.rfft(x, axis=0), (x,))
    yield Case("irfft-odd", lambda z: np.fft.irfft(z, 7), (z,))
    yield Case("irfft-axis", lambda z: np.fft.irfft(z, 3, axis=0), (z,))
    yield Case("hfft", lambda z: np.fft.hfft(z), (z,))
    yield Case("ihfft", lambda x: np.fft.ihfft(x), (x,))
    for name in ("fft2", "ifft2", "fftn", "ifftn"):
        yield Case(name, getattr(np.fft, name), (z,), True)
    for name in ("rfft2", "rfftn"):
        yield Case(name, getattr(np.fft, name), (x,))
    for name in ("irfft2", "irfftn"):
        yield Case(name, getattr(np.fft, name), (z,))
    yield Case("fftn-sizes", lambda z: np.fft.fftn(z, (2, 5), (1, 0)), (z,), True)
    yield Case("fftshift", lambda z: np.fft.fftshift(z) * z, (z,), True)
    yield Case("ifftshift", lambda z: np.fft.ifftshift(z, 1) * z, (z,), True)
    yield Case(
        "convolution",
        lambda x, y: np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(y), 5),
        (x, reals(5, seed=9)),
    )


CASES = [
    *elementwise(),
    *reductions(),
    *products(),
    *shapes(),
    *linear_algebra(),
    *decompositions(),
    *transforms(),
]

Arrays = tuple[NDArray[Any], ...]


def cases(which: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", which, ids=[case.id for case in which])


def directions(args: Any, seed: int = 0) -> Arrays:
    generator = np.random.default_rng(seed)

    def one(x: NDArray[Any]) -> NDArray[Any]:
        x = np.asarray(x)
        d = np.asarray(generator.uniform(-1, 1, x.shape))
        if x.dtype.kind == "c":
            d = d + 1j * generator.uniform(-1, 1, x.shape)
        return np.asarray(d, x.dtype)

    return tuple(one(x) for x in args)


def copies(args: Arrays) -> Arrays:
    return tuple(x.copy() for x in args)


def differences(f: Any, args: Arrays, x_dot: Arrays) -> NDArray[Any]:
    """Sixth-order central difference along a direction: error h^6."""
    h = 2e-3

    def at(t: float) -> Any:
        return f(*(x + t * h * d for x, d in zip(args, x_dot, strict=True)))

    total = 45 * (at(1) - at(-1)) - 9 * (at(2) - at(-2)) + (at(3) - at(-3))
    return np.asarray(total / (60 * h))


def product(a: Any, b: Any) -> float:
    """Re(sum(conj(a) b))."""
    return float(np.vdot(a, b).real)


def close(actual: Any, wanted: Any, rtol: float) -> None:
    assert np.shape(actual) == np.shape(wanted)
    scale = np.max(np.abs(wanted), initial=0.1)
    np.testing.assert_allclose(actual, wanted, rtol=rtol, atol=rtol * scale)
