"""Every array operation: value, forward and reverse rule, batching rule, second order.

References: NumPy for values; for derivatives the complex step of NumPy's own function where it is
analytic, else central differences.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_cases import CASES, Case
from numpy.typing import NDArray

import dualtape as dt

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

SMOOTH_ENOUGH = [case for case in CASES if all(x.size for x in case.args)]


def cases(which: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", which, ids=[case.id for case in which])


def directions(args: tuple[NDArray[Any], ...], seed: int = 0) -> tuple[NDArray[Any], ...]:
    generator = np.random.default_rng(seed)
    return tuple(np.asarray(generator.uniform(-1, 1, x.shape), x.dtype) for x in args)


def copies(args: tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], ...]:
    return tuple(x.copy() for x in args)


def reference_jvp(case: Case, x_dot: tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], float]:
    """Directional derivative of the plain NumPy function, and its relative accuracy."""
    if case.analytic:
        h = 1e-30
        try:
            shifted = case.f(*(x + 1j * h * d for x, d in zip(case.args, x_dot, strict=True)))
            return np.asarray(shifted).imag / h, 1e-12
        except TypeError:
            pass
    h = 1e-3

    def at(t: float) -> NDArray[Any]:
        return np.asarray(case.f(*(x + t * h * d for x, d in zip(case.args, x_dot, strict=True))))

    # Sixth-order central difference: error h^6.
    total = 45 * (at(1) - at(-1)) - 9 * (at(2) - at(-2)) + (at(3) - at(-3))
    return total / (60 * h), 1e-7


@cases(CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_value_is_numpys(case: Case, dtype: Any) -> None:
    args = tuple(x.astype(dtype) for x in case.args)
    wanted = case.f(*copies(args))
    actual = dt.jit(case.f)(*args) if case.batchable else dt.vjp(case.f, *args)[0]
    assert type(actual) is type(wanted)
    assert actual.dtype == wanted.dtype
    assert actual.shape == wanted.shape
    eps = float(np.finfo(wanted.dtype).eps)
    np.testing.assert_allclose(actual, wanted, rtol=100 * eps, atol=20 * eps)


@cases(SMOOTH_ENOUGH)
def test_pushforward_is_the_directional_derivative(case: Case) -> None:
    x_dot = directions(case.args)
    wanted, rtol = reference_jvp(case, x_dot)
    y, y_dot = dt.jvp(case.f, case.args, x_dot)
    np.testing.assert_allclose(y, case.f(*copies(case.args)), rtol=1e-12, atol=1e-14)
    assert np.shape(y_dot) == np.shape(wanted)
    scale = np.max(np.abs(wanted), initial=1e-1)
    np.testing.assert_allclose(y_dot, wanted, rtol=rtol, atol=0.1 * rtol * scale)
    # Power: a derivative wrong by 1e-9 (1e-5 under differences) must not pass.
    if np.max(np.abs(wanted), initial=0.0) > 0.01:
        factor = 1 + (1e-9 if rtol < 1e-10 else 1e-5)
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(
                np.asarray(y_dot) * factor, wanted, rtol=rtol, atol=0.1 * rtol * scale
            )


@cases(CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_pullback_is_transpose_of_pushforward(case: Case, dtype: Any) -> None:
    args = tuple(x.astype(dtype) for x in case.args)
    x_dot = directions(args)
    y, y_dot = dt.jvp(case.f, args, x_dot)
    (y_bar,) = directions((np.asarray(y),), seed=1)
    x_bar = dt.vjp(case.f, *args)[1](y_bar)
    for bar, x in zip(x_bar, args, strict=True):
        assert bar.shape == x.shape
        assert bar.dtype == x.dtype
    forward = np.multiply(y_bar, y_dot, dtype=np.float64)
    reverse = [np.multiply(a, b, dtype=np.float64) for a, b in zip(x_bar, x_dot, strict=True)]
    scale = np.abs(forward).sum() + sum(np.abs(term).sum() for term in reverse)
    mismatch = abs(forward.sum() - sum(term.sum() for term in reverse))
    assert mismatch <= 16 * np.finfo(dtype).eps * scale


def batch(x: NDArray[Any], size: int, axis: int | None, seed: int) -> NDArray[Any]:
    """`size` near-by examples along the axis: shifts keep them away from ties and kinks."""
    if axis is None:
        return x
    factors = 1 + 0.01 * np.arange(size) * (1 + seed)
    return np.moveaxis(np.multiply.outer(factors, x), 0, axis)


def check_batched(f: Callable[..., Any], args: tuple[NDArray[Any], ...], rtol: float) -> None:
    axes: list[tuple[int | None, ...]] = [
        choice
        for choice in itertools.product((0, None), repeat=len(args))
        if any(axis is not None for axis in choice)
    ]
    axes.append((-1,) * len(args))
    for in_axes, size in itertools.product(axes, (1, 3)):
        batched = tuple(
            batch(x, size, axis, k) for k, (x, axis) in enumerate(zip(args, in_axes, strict=True))
        )
        actual = dt.vmap(f, in_axes=in_axes)(*batched)
        wanted = np.stack([
            np.asarray(f(*(
                np.array(x if axis is None else np.take(x, i, axis=axis))
                for x, axis in zip(batched, in_axes, strict=True)
            )))
            for i in range(size)
        ])  # fmt: skip
        assert actual.shape == wanted.shape, (in_axes, size)
        scale = np.max(np.abs(wanted), initial=1e-3)
        np.testing.assert_allclose(actual, wanted, rtol=rtol, atol=rtol * scale)
    nothing = tuple(np.empty((0, *x.shape), x.dtype) for x in args)
    assert dt.vmap(f)(*nothing).shape == (0, *np.shape(f(*args)))


@cases([case for case in CASES if case.batchable])
def test_batched_is_the_loop(case: Case) -> None:
    check_batched(case.f, case.args, 1e-13)


def weighted(case: Case) -> Callable[..., Any]:
    """A scalar function that uses every entry of the result nonlinearly."""

    def total(*args: Any) -> Any:
        y = case.f(*args)
        return np.sum(np.sin(y) * (1.0 + np.arange(np.prod(y.shape)).reshape(y.shape)))

    return total


@cases([case for case in CASES if case.batchable])
def test_batched_gradient_is_the_loop(case: Case) -> None:
    for k in range(len(case.args)):
        check_batched(dt.grad(weighted(case), k), case.args, 1e-12)


@cases([case for case in SMOOTH_ENOUGH if case.twice])
def test_second_order_is_symmetric_and_independent_of_mode(case: Case) -> None:
    f, wrt = weighted(case), tuple(range(len(case.args)))
    x_dot = directions(case.args)
    forward_over_reverse = dt.jacfwd(dt.grad(f, wrt), wrt)(*case.args)
    reverse_over_forward = dt.grad(lambda *x: dt.jvp(f, x, x_dot)[1], wrt)(*case.args)
    reverse_over_reverse = dt.jacrev(dt.grad(f, wrt), wrt)(*case.args)
    for i in wrt:
        n = case.args[i].ndim
        product = 0
        for j in wrt:
            block = forward_over_reverse[i][j]
            scale = np.max(np.abs(block), initial=1e-3)
            near = {"rtol": 1e-10, "atol": 1e-12 * scale}
            axes = (*range(case.args[j].ndim, case.args[j].ndim + n), *range(case.args[j].ndim))
            np.testing.assert_allclose(
                block, np.transpose(forward_over_reverse[j][i], axes), **near
            )
            np.testing.assert_allclose(reverse_over_reverse[i][j], block, **near)
            product = product + np.tensordot(block, x_dot[j], axes=case.args[j].ndim)
        scale = np.max(np.abs(product), initial=1e-3)
        np.testing.assert_allclose(reverse_over_forward[i], product, rtol=1e-10, atol=1e-11 * scale)


@cases([case for case in CASES if not case.twice])
def test_second_order_of_a_singular_determinant_is_refused(case: Case) -> None:
    with pytest.raises(np.linalg.LinAlgError):
        dt.hessian(case.f)(*case.args)


@cases([case for case in SMOOTH_ENOUGH if case.analytic and case.twice])
def test_second_order_is_the_difference_of_gradients(case: Case) -> None:
    f, h = weighted(case), 1e-4
    x_dot = directions(case.args)
    gradient = dt.grad(f, tuple(range(len(case.args))))

    def at(t: float) -> list[NDArray[Any]]:
        return gradient(*(x + t * h * d for x, d in zip(case.args, x_dot, strict=True)))

    points = [at(t) for t in (1, -1, 2, -2)]
    actual = dt.jvp(gradient, case.args, x_dot)[1]
    for y_dot, (a, b, c, d) in zip(actual, zip(*points, strict=True), strict=True):
        wanted = (8 * (a - b) - (c - d)) / (12 * h)
        scale = np.max(np.abs(wanted), initial=1e-1)
        np.testing.assert_allclose(y_dot, wanted, rtol=1e-7, atol=1e-8 * scale)


def programs(case: Case) -> str:
    """Text of the recorded program and of those derived from it."""
    f, args, x_dot = case.f, case.args, directions(case.args)
    texts = [dt.program(f)(*args), dt.program(lambda *x: dt.jvp(f, x, x_dot))(*args)]
    wrt = tuple(range(len(args)))
    texts.append(dt.program(dt.grad(weighted(case), wrt))(*args))
    return "\n".join(texts)


# Recorded by other means than an array operation; their own tests are named.
ELSEWHERE = {
    "input", "constant",  # every program
    "custom_jvp", "custom_vjp", "custom_linear",  # test_custom.py
    "stop_gradient",  # test_transforms.py
}  # fmt: skip


def test_every_array_operation_is_in_the_table() -> None:
    header = Path(__file__).parents[1] / "cpp/engine/program/opcodes.hpp"
    body = re.search(r"enum ArrayOp : OpCode \{(.*?)kArrayOpEnd", header.read_text(), re.S)
    assert body is not None
    names = set(re.findall(r"^\s*k(\w+)", body[1], re.M)) - {"FirstArrayOp"}
    wanted = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names}
    text = "\n".join(programs(case) for case in CASES)
    seen = set(re.findall(r"= (\w+)", text))
    renamed = {name.replace("_", "") for name in seen}
    missing = {n for n in wanted - ELSEWHERE if n.replace("_", "") not in renamed}
    assert not missing, missing
