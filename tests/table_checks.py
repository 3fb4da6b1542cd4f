"""What every row of a table of functions is checked for, and the references."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dualtape as dt

Arrays = tuple[NDArray[Any], ...]
Function = Callable[..., Any]


def directions(args: Arrays, seed: int = 0) -> Arrays:
    generator = np.random.default_rng(seed)
    return tuple(np.asarray(generator.uniform(-1, 1, x.shape), x.dtype) for x in args)


def copies(args: Arrays) -> Arrays:
    return tuple(x.copy() for x in args)


def reference_jvp(
    f: Function, args: Arrays, x_dot: Arrays, analytic: bool
) -> tuple[NDArray[Any], float]:
    """Directional derivative of the plain NumPy function, and its relative accuracy."""
    if analytic:
        h = 1e-30
        try:
            shifted = f(*(x + 1j * h * d for x, d in zip(args, x_dot, strict=True)))
            return np.asarray(shifted).imag / h, 1e-12
        except TypeError:
            pass
    h = 1e-3

    def at(t: float) -> NDArray[Any]:
        return np.asarray(f(*(x + t * h * d for x, d in zip(args, x_dot, strict=True))))

    # Sixth-order central difference: error h^6.
    total = 45 * (at(1) - at(-1)) - 9 * (at(2) - at(-2)) + (at(3) - at(-3))
    return total / (60 * h), 1e-7


def check_pushforward(
    f: Function, plain: Function, args: Arrays, analytic: bool, rtol_value: float = 1e-12
) -> None:
    """dt.jvp of f is the directional derivative of the plain function, and the check has power."""
    x_dot = directions(args)
    wanted, rtol = reference_jvp(plain, args, x_dot, analytic)
    y, y_dot = dt.jvp(f, args, x_dot)
    np.testing.assert_allclose(y, plain(*copies(args)), rtol=rtol_value, atol=1e-14)
    assert np.shape(y_dot) == np.shape(wanted)
    scale = np.max(np.abs(wanted), initial=1e-1)
    np.testing.assert_allclose(y_dot, wanted, rtol=rtol, atol=0.1 * rtol * scale)
    # Power: a derivative wrong by 1e-9 (1e-6 under differences) must not pass.
    if np.max(np.abs(wanted), initial=0.0) > 0.01:
        factor = 1 + (1e-9 if rtol < 1e-10 else 1e-6)
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(
                np.asarray(y_dot) * factor, wanted, rtol=rtol, atol=0.1 * rtol * scale
            )


def check_pullback(f: Function, args: Arrays, ulps: float = 16) -> None:
    """dt.vjp is the transpose of dt.jvp: <y_bar, J x_dot> = <J^T y_bar, x_dot>."""
    x_dot = directions(args)
    y, y_dot = dt.jvp(f, args, x_dot)
    (y_bar,) = directions((np.asarray(y),), seed=1)
    x_bar = dt.vjp(f, *args)[1](y_bar)
    for bar, x in zip(x_bar, args, strict=True):
        assert bar.shape == x.shape
        assert bar.dtype == x.dtype
    forward = np.multiply(y_bar, y_dot, dtype=np.float64)
    reverse = [np.multiply(a, b, dtype=np.float64) for a, b in zip(x_bar, x_dot, strict=True)]
    scale = np.abs(forward).sum() + sum(np.abs(term).sum() for term in reverse)
    mismatch = abs(forward.sum() - sum(term.sum() for term in reverse))
    assert mismatch <= ulps * np.finfo(args[0].dtype).eps * scale


def batch(x: NDArray[Any], size: int, axis: int | None, seed: int) -> NDArray[Any]:
    """`size` near-by examples along the axis: shifts keep them away from ties and kinks."""
    if axis is None:
        return x
    factors = 1 + 0.01 * np.arange(size) * (1 + seed)
    return np.moveaxis(np.multiply.outer(factors, x), 0, axis)


def check_batched(
    f: Function, args: Arrays, rtol: float, sizes: tuple[int, ...] = (1, 3), empty: bool = True
) -> None:
    """dt.vmap is the loop, along every choice of mapped arguments."""
    axes: list[tuple[int | None, ...]] = [
        choice
        for choice in itertools.product((0, None), repeat=len(args))
        if any(axis is not None for axis in choice)
    ]
    axes.append((-1,) * len(args))
    for in_axes, size in itertools.product(axes, sizes):
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
    if empty:
        nothing = tuple(np.empty((0, *x.shape), x.dtype) for x in args)
        assert dt.vmap(f)(*nothing).shape == (0, *np.shape(f(*args)))


def weighted(f: Function) -> Function:
    """A scalar function that uses every entry of the result nonlinearly."""

    def total(*args: Any) -> Any:
        y = f(*args)
        return np.sum(np.sin(y) * (1.0 + np.arange(np.prod(y.shape)).reshape(y.shape)))

    return total


def check_second_order(f: Function, args: Arrays, rtol: float = 1e-10) -> None:
    """The Hessian is symmetric and the same by every order of modes."""
    total, wrt = weighted(f), tuple(range(len(args)))
    x_dot = directions(args)
    forward_over_reverse = dt.jacfwd(dt.grad(total, wrt), wrt)(*args)
    reverse_over_forward = dt.grad(lambda *x: dt.jvp(total, x, x_dot)[1], wrt)(*args)
    reverse_over_reverse = dt.jacrev(dt.grad(total, wrt), wrt)(*args)
    for i in wrt:
        n = args[i].ndim
        product = 0
        for j in wrt:
            block = forward_over_reverse[i][j]
            scale = np.max(np.abs(block), initial=1e-3)
            near = {"rtol": rtol, "atol": 0.01 * rtol * scale}
            axes = (*range(args[j].ndim, args[j].ndim + n), *range(args[j].ndim))
            np.testing.assert_allclose(
                block, np.transpose(forward_over_reverse[j][i], axes), **near
            )
            np.testing.assert_allclose(reverse_over_reverse[i][j], block, **near)
            product = product + np.tensordot(block, x_dot[j], axes=args[j].ndim)
        scale = np.max(np.abs(product), initial=1e-3)
        np.testing.assert_allclose(
            reverse_over_forward[i], product, rtol=rtol, atol=0.1 * rtol * scale
        )


def check_second_derivative(f: Function, args: Arrays) -> None:
    """The derivative of the gradient is the central difference of gradients."""
    total, h = weighted(f), 1e-4
    x_dot = directions(args)
    gradient = dt.grad(total, tuple(range(len(args))))

    def at(t: float) -> list[NDArray[Any]]:
        return gradient(*(x + t * h * d for x, d in zip(args, x_dot, strict=True)))

    points = [at(t) for t in (1, -1, 2, -2)]
    actual = dt.jvp(gradient, args, x_dot)[1]
    for y_dot, (a, b, c, d) in zip(actual, zip(*points, strict=True), strict=True):
        wanted = (8 * (a - b) - (c - d)) / (12 * h)
        scale = np.max(np.abs(wanted), initial=1e-1)
        np.testing.assert_allclose(y_dot, wanted, rtol=1e-7, atol=1e-8 * scale)
