"""One factorisation serves solve, det, slogdet, inv and the derivatives of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt

RANDOM = np.random.default_rng(20261123)
SIZES = [3, 6, 20, 64, 65, 130]


def matrix(n: int, *batch: int) -> NDArray[Any]:
    return RANDOM.normal(size=(*batch, n, n)) / np.sqrt(n) + 1.5 * np.eye(n)


def process(k: Any, y: Any) -> Any:
    return y @ np.linalg.solve(k, y) + np.log(np.linalg.det(k))


def process_by_logarithm(k: Any, y: Any) -> Any:
    return y @ np.linalg.solve(k, y) + np.linalg.slogdet(k)[1]


def everything(k: Any, y: Any) -> Any:
    inverse = np.linalg.inv(k)
    return y @ inverse @ np.linalg.solve(k, y) + np.linalg.det(k) * np.sum(inverse * inverse)


def factorisations(fun: Callable[..., Any], *args: Any) -> int:
    return str(dt.jit(fun).plan(*args)).count("= lu ")


@pytest.mark.parametrize("fun", [process, process_by_logarithm, everything])
def test_each_matrix_is_factored_once(fun: Callable[..., Any]) -> None:
    k, y = matrix(12), RANDOM.normal(size=12)
    assert factorisations(fun, k, y) == 1
    assert factorisations(dt.value_and_grad(fun, argnums=(0, 1)), k, y) == 1
    assert factorisations(dt.grad(fun), k, y) == 1
    assert factorisations(lambda k, y: dt.jvp(fun, (k, y), (k, y)), k, y) == 1
    assert factorisations(fun, 2 * k, y) == 1
    assert factorisations(lambda k, y: fun(k, y) + fun(2.0 * k, y), k, y) == 2


def test_factors_nobody_else_reads_are_not_written() -> None:
    k = matrix(12)
    for fun in (np.linalg.det, np.linalg.inv, dt.grad(np.linalg.det)):
        assert factorisations(fun, k) == 0
    assert factorisations(dt.value_and_grad(np.linalg.det), k) == 1


def test_other_decompositions_are_made_once_too() -> None:
    def spread(a: Any) -> Any:
        return np.linalg.eigvalsh(a)[-1] - np.linalg.eigh(a)[0][0]

    k = matrix(5) + matrix(5).T
    assert str(dt.jit(spread).plan(k)).count("= eigh ") == 1
    w = np.linalg.eigvalsh(k)
    np.testing.assert_allclose(dt.jit(spread)(k), w[-1] - w[0], rtol=1e-13)
    assert (
        str(dt.jit(lambda a: np.linalg.eigh(a)[0] + np.linalg.eigvalsh(a, "U")).plan(k)).count(
            "= eigh "
        )
        == 2
    )


def by_complex_step(fun: Callable[..., Any], k: NDArray[Any], y: NDArray[Any], e: Any) -> float:
    return float(np.imag(fun(k + 1e-30j * e, y)) / 1e-30)


@pytest.mark.parametrize("fun", [process, everything])
@pytest.mark.parametrize("n", SIZES)
def test_values_and_gradients(fun: Callable[..., Any], n: int) -> None:
    k, y, e = matrix(n), RANDOM.normal(size=n), RANDOM.normal(size=(n, n))
    value, gradient = dt.jit(dt.value_and_grad(fun))(k, y)
    np.testing.assert_allclose(value, fun(k, y), rtol=1e-10)
    size = np.sum(np.abs(gradient * e))
    np.testing.assert_allclose(
        np.sum(gradient * e), by_complex_step(fun, k, y, e), atol=1e-11 * size
    )
    forward = dt.jit(lambda k: dt.jvp(lambda x: fun(x, y), (k,), (e,))[1])(k)
    np.testing.assert_allclose(forward, np.sum(gradient * e), atol=1e-11 * size)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_inverse_and_cofactors_in_all_types(n: int, dtype: str) -> None:
    a = matrix(n, 2)
    if dtype.startswith("c"):
        a = a + 0.3j * matrix(n, 2)
    a = a.astype(dtype)
    wide = a.astype(np.result_type(a, np.float64))
    rtol = 1e-3 if dtype in ("float32", "complex64") else 1e-10

    def close(x: Any, wanted: Any) -> None:
        np.testing.assert_allclose(x, wanted, rtol=0, atol=rtol * np.max(np.abs(wanted)))

    inverse = np.linalg.inv(wide)
    det = np.linalg.det(wide)[:, None, None]
    both = dt.jit(lambda a: (np.linalg.inv(a), np.linalg.det(a)))(a)
    close(both[0], inverse)
    close(both[1], det[:, 0, 0])
    assert both[0].dtype == a.dtype
    assert both[1].dtype == a.dtype
    close(np.stack([dt.jit(np.linalg.inv)(x) for x in a]), inverse)
    holomorphic = dtype.startswith("c")
    for derived in (dt.grad, dt.value_and_grad):
        found = dt.jit(derived(lambda a: np.sum(np.linalg.det(a)), holomorphic=holomorphic))(a)
        gradient = found[1] if isinstance(found, tuple) else found
        assert gradient.dtype == a.dtype
        close(gradient, det * inverse.swapaxes(1, 2))


def test_vmap_and_second_order() -> None:
    stack, y = matrix(4, 3), RANDOM.normal(size=4)
    mapped = dt.vmap(dt.grad(everything), in_axes=(0, None))(stack, y)
    for k, found in zip(stack, mapped, strict=True):
        np.testing.assert_allclose(found, dt.grad(everything)(k, y), rtol=1e-11, atol=1e-12)
    k, v, w = stack[0], RANDOM.normal(size=(4, 4)), RANDOM.normal(size=(4, 4))
    product = dt.jit(lambda k: dt.hvp(lambda x: everything(x, y), (k,), (v,)))(k)
    step = 1e-30j

    def slope(k: Any) -> Any:
        """The derivative along w by the closed form, for the complex step along v."""
        inverse, det = np.linalg.inv(k), np.linalg.det(k)
        turned = -inverse @ w @ inverse
        return (
            y @ turned @ inverse @ y
            + y @ inverse @ turned @ y
            + det * np.trace(inverse @ w) * np.sum(inverse**2)
            + det * 2 * np.sum(inverse * turned)
        )

    np.testing.assert_allclose(
        np.sum(product * w), np.imag(slope(k + step * v)) / 1e-30, rtol=1e-11
    )


def test_singular_matrices_name_the_function() -> None:
    singular, y = np.outer([1.0, 2.0, 4.0], np.ones(3)), np.ones(3)
    assert dt.jit(np.linalg.det)(singular) == 0.0
    with pytest.raises(np.linalg.LinAlgError, match="inv: singular"):
        dt.jit(lambda a: np.linalg.inv(a) * np.linalg.det(a))(singular)
    with pytest.raises(np.linalg.LinAlgError, match="solve: singular"):
        dt.jit(process)(singular, y)
    value, gradient = dt.jit(dt.value_and_grad(np.linalg.det))(singular + np.diag([0.0, 1.0, 0.0]))
    assert value == 0.0
    np.testing.assert_allclose(gradient, [[4, 0, -4], [0, 0, 0], [-1, 0, 1]], atol=1e-14)
    assert np.all(np.isnan(dt.jit(dt.grad(np.linalg.det))(np.where(np.eye(3) > 0, np.nan, 1.0))))
