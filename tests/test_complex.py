"""Complex functions: values as NumPy's, derivatives against differences in both parts.

A complex number counts as two real ones: J maps pairs to pairs, x_bar = J^H y_bar is its transpose
in Re(conj(a) b).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from complex_cases import (
    CASES,
    Case,
    cases,
    close,
    copies,
    differences,
    directions,
    numbers,
    product,
    reals,
)
from numpy.typing import NDArray

import dualtape as dt


@cases(CASES)
@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
def test_value_is_numpys(case: Case, single: bool) -> None:
    to = {"c": np.complex64, "f": np.float32} if single else {"c": np.complex128, "f": np.float64}
    args = tuple(x.astype(to[x.dtype.kind]) for x in case.args)
    wanted = case.f(*copies(args))
    actual = dt.jit(case.f)(*args)
    assert type(actual) is type(wanted)
    assert actual.dtype == wanted.dtype
    close(actual, wanted, 40 * float(np.finfo(wanted.dtype).eps))


@cases(CASES)
def test_pushforward_is_the_difference_in_both_parts(case: Case) -> None:
    x_dot = directions(case.args)
    wanted = differences(case.f, copies(case.args), x_dot)
    y_dot = dt.jvp(case.f, case.args, x_dot)[1]
    close(y_dot, wanted, 1e-9)
    if np.max(np.abs(wanted), initial=0.0) > 0.01:  # power
        with pytest.raises(AssertionError):
            close(np.asarray(y_dot) * (1 + 1e-6), wanted, 1e-9)


@cases(CASES)
def test_pullback_is_the_conjugate_transpose(case: Case) -> None:
    x_dot = directions(case.args)
    y, y_dot = dt.jvp(case.f, case.args, x_dot)
    (y_bar,) = directions((y,), seed=1)
    x_bar = dt.vjp(case.f, *case.args)[1](y_bar)
    for bar, x in zip(x_bar, case.args, strict=True):
        assert (bar.shape, bar.dtype) == (x.shape, x.dtype)
    forward = product(y_bar, y_dot)
    reverse = sum(product(a, b) for a, b in zip(x_bar, x_dot, strict=True))
    scale = float(np.sum(np.abs(np.asarray(y_bar) * y_dot)))
    scale += sum(float(np.sum(np.abs(a * b))) for a, b in zip(x_bar, x_dot, strict=True))
    assert abs(forward - reverse) <= 64 * np.finfo(float).eps * scale


@cases(CASES)
def test_linear_map_is_the_pushforward(case: Case) -> None:
    x_dot = directions(case.args)
    y, push = dt.linearize(case.f, *case.args)
    close(push(*x_dot), dt.jvp(case.f, case.args, x_dot)[1], 1e-14)
    close(y, case.f(*copies(case.args)), 1e-14)


def batch(x: NDArray[Any], size: int) -> NDArray[Any]:
    return np.multiply.outer(1 + 0.01 * np.arange(size), x)


@cases(CASES)
def test_batched_is_the_loop(case: Case) -> None:
    (y_bar,) = directions((case.f(*copies(case.args)),), seed=1)

    def pull(*args: Any) -> Any:
        return dt.vjp(case.f, *args)[1](y_bar)

    for axes in itertools.product((0, None), repeat=len(case.args)):
        if not any(axis == 0 for axis in axes):
            continue
        args = [batch(x, 3) if axis == 0 else x for x, axis in zip(case.args, axes, strict=True)]
        rows = [
            tuple(x[i].copy() if axis == 0 else x for x, axis in zip(args, axes, strict=True))
            for i in range(3)
        ]
        actual = dt.vmap(case.f, in_axes=axes)(*args)
        close(actual, np.stack([case.f(*copies(row)) for row in rows]), 1e-13)
        pulled = dt.vmap(pull, in_axes=axes)(*args)
        for k, x_bar in enumerate(pulled):
            close(x_bar, np.stack([pull(*row)[k] for row in rows]), 1e-13)


def weighted(case: Case) -> Any:
    """A real number that depends on both parts of every entry of the result."""

    def total(*args: Any) -> Any:
        y = case.f(*args)
        weight = 1.0 + 0.1 * np.arange(np.prod(y.shape)).reshape(y.shape)
        return np.sum(weight * np.sin(np.real(y) + weight) + 0.5 * np.imag(y) ** 2)

    return total


@cases(CASES)
def test_second_order(case: Case) -> None:
    f, wrt = weighted(case), tuple(range(len(case.args)))
    x_dot = directions(case.args)
    gradient = dt.grad(f, wrt)
    wanted = [differences(lambda *x, k=k: gradient(*x)[k], case.args, x_dot) for k in wrt]
    forward = dt.hvp(f, case.args, x_dot)
    reverse = dt.vhp(f, case.args, x_dot)
    swapped = dt.grad(lambda *x: dt.jvp(f, x, x_dot)[1], wrt)(*case.args)
    for k in wrt:
        ours = forward if len(wrt) == 1 else forward[k]
        close(ours, wanted[k], 1e-8)
        close(reverse if len(wrt) == 1 else reverse[k], ours, 1e-12)
        close(swapped[k], ours, 1e-12)


@cases(CASES)
def test_check_grads(case: Case) -> None:
    dt.check_grads(case.f, case.args, order=1)


# ---------------------------------------------------------------- what a derivative is


@cases([case for case in CASES if case.holomorphic])
def test_cauchy_riemann(case: Case) -> None:
    first, *rest = case.args
    (d,) = directions((first,))

    def push(direction: NDArray[Any]) -> Any:
        return dt.jvp(lambda z: case.f(z, *rest), (first,), (direction,))[1]

    close(push(1j * d), 1j * np.asarray(push(d)), 1e-13)


def test_gradient_is_pytorchs() -> None:
    # Numbers from PyTorch 2 (torch.autograd.grad): the convention x_bar = J^H y_bar.
    z = np.array([0.5 - 1.25j, -0.75 + 0.5j])
    recorded: list[tuple[Any, list[complex]]] = [
        (
            lambda z: np.sum(np.abs(z)),
            [0.3713906763541037 - 0.9284766908852593j, -0.8320502943378437 + 0.5547001962252291j],
        ),
        (lambda z: np.sum((z**3).imag), [-3.75 - 3.9375j, -2.25 + 0.9375j]),
        (
            lambda z: np.sum(np.angle(z)),
            [0.6896551724137933 + 0.2758620689655173j, -0.6153846153846154 - 0.9230769230769231j],
        ),
        (
            lambda z: np.sum(np.exp(1j * z).real),
            [-1.6733595522945302 - 3.063064114485383j, 0.41343480680265426 - 0.44379173234242913j],
        ),
        (
            lambda z: np.sum(np.abs(np.fft.fft(z)) ** 2 * np.array([1.0, 3.0])),
            [7.0 - 12.0j, -8.0 + 9.0j],
        ),
        (lambda z: np.sum((z.conj() * np.array([1 + 2j, 3 - 1j])).real), [1 + 2j, 3 - 1j]),
    ]
    for f, wanted in recorded:
        np.testing.assert_allclose(dt.grad(f)(z), wanted, rtol=1e-14)
    pulled = dt.vjp(lambda z: np.exp(z) * z.conj(), z)[1](np.array([1 - 2j, 0.5 + 1j]))[0]
    wanted = [
        6.129718605861489 - 4.8238030539985814j,
        -0.04222044908143302 - 0.3104221644297769j,
    ]
    np.testing.assert_allclose(pulled, wanted, rtol=1e-13)


def test_gradient_descent_descends() -> None:
    goal = numbers(4)
    z = np.zeros(4, complex)
    for _ in range(60):
        z = z - 0.2 * dt.grad(lambda z: np.sum(abs(z - goal) ** 2))(z)
    np.testing.assert_allclose(z, goal, atol=1e-8)


def test_gradient_of_a_pytree_of_real_and_complex() -> None:
    def f(p: dict[str, Any]) -> Any:
        return np.sum(abs(p["z"] * p["x"] + p["c"]) ** 2)

    p = {"x": reals(3), "z": numbers(3), "c": 0.5 - 0.25j}
    value, gradient = dt.value_and_grad(f)(p)
    rest = p["z"] * p["x"] + p["c"]
    # abs is hypot, within an ulp of NumPy's, which one depends on the kernel library.
    np.testing.assert_allclose(value, f(p), rtol=1e-14)
    assert gradient["x"].dtype == np.float64
    np.testing.assert_allclose(gradient["x"], 2 * (rest * p["z"].conj()).real, rtol=1e-14)
    np.testing.assert_allclose(gradient["z"], 2 * rest * p["x"], rtol=1e-14)
    np.testing.assert_allclose(gradient["c"], 2 * rest.sum(), rtol=1e-14)


def test_holomorphic_gradient_is_the_derivative() -> None:
    for f, derivative in (
        (np.exp, np.exp),
        (lambda z: z**3 - 2j * z, lambda z: 3 * z**2 - 2j),
        (lambda z: np.log(z) / z, lambda z: (1 - np.log(z)) / z**2),
    ):
        z = np.complex128(0.75 - 1.5j)
        np.testing.assert_allclose(dt.grad(f, holomorphic=True)(z), derivative(z), rtol=1e-14)
        value, slope = dt.value_and_grad(f, holomorphic=True)(z)
        assert value == f(z)
        np.testing.assert_allclose(slope, derivative(z), rtol=1e-14)
        second = dt.grad(dt.grad(f, holomorphic=True), holomorphic=True)(z)
        h = 1e-5
        wanted = (derivative(z + h) - derivative(z - h)) / (2 * h)
        np.testing.assert_allclose(second, wanted, rtol=1e-8)


def test_derivative_of_abs_is_zero_at_zero() -> None:
    z = np.array([0j, 3 + 4j])
    np.testing.assert_allclose(dt.grad(lambda z: np.sum(abs(z)))(z), [0, 0.6 + 0.8j], rtol=1e-15)
    moved = dt.jvp(np.abs, (z,), (np.ones(2) + 0j,))[1]
    np.testing.assert_allclose(moved, [0, 0.6], rtol=4e-16)
    np.testing.assert_array_equal(dt.jvp(np.sign, (z[:1],), (np.ones(1) + 0j,))[1], [0])


def test_zero_from_a_branch_not_taken_is_absolute() -> None:
    z = np.array([0j, 1 + 1j])

    def f(z: Any) -> Any:
        return np.sum(np.where(z == 0, 0.0, np.log(np.where(z == 0, 0.0, z))).real)

    with np.errstate(all="ignore"):
        np.testing.assert_allclose(dt.grad(f)(z), [0, 0.5 + 0.5j])


def test_nesting_jit_vmap_and_tape() -> None:
    z = numbers(3)

    def f(z: Any) -> Any:
        return np.sum(abs(z) ** 2 * z.real)

    def gradient(z: NDArray[Any]) -> NDArray[Any]:
        return 2 * z * z.real + abs(z) ** 2

    for g in (dt.grad(f), dt.jit(dt.grad(f)), dt.grad(dt.jit(f)), dt.jit(dt.jit(dt.grad(f)))):
        np.testing.assert_allclose(g(z), gradient(z), rtol=1e-14)
    np.testing.assert_allclose(
        dt.vmap(dt.grad(f))(np.stack([z, 2 * z])), [gradient(z), gradient(2 * z)], rtol=1e-14
    )
    with dt.Tape() as tape:
        x = tape.watch(z)
        y = f(x)
    np.testing.assert_allclose(tape.grad(y, x), gradient(z), rtol=1e-14)
    outer = dt.grad(lambda z: np.sum(dt.grad(f)(z).imag))(z)
    np.testing.assert_allclose(outer, 2 * z.imag + 2j * z.real, rtol=1e-14)


def test_captured_arrays_and_numbers() -> None:
    weights = numbers(3)
    z = numbers(3, seed=9)

    def f(z: Any, scale: complex) -> Any:
        return np.sum((weights * z * scale).imag)

    for scale in (1.5, 2, 1 - 2j, np.complex64(1j)):
        wanted = (1j * np.conj(weights * scale)).astype(complex)
        np.testing.assert_allclose(dt.grad(f)(z, scale), wanted, rtol=1e-7)
    np.testing.assert_allclose(dt.jit(f)(z, 2j), f(z, 2j), rtol=1e-14)


def test_rules_of_the_users_take_and_give_cotangents_as_vjp_does() -> None:
    @dt.custom_vjp
    def cube(z: Any) -> Any:
        return z**3

    cube.defvjp(lambda z: (z**3, z), lambda z, y_bar: (np.conj(3 * z**2) * y_bar,))
    z = numbers(3)
    np.testing.assert_allclose(
        dt.grad(lambda z: np.sum(abs(cube(z)) ** 2))(z),
        dt.grad(lambda z: np.sum(abs(z**3) ** 2))(z),
        rtol=1e-13,
    )

    @dt.custom_jvp
    def half_conjugate(z: Any) -> Any:
        return 0.5 * z.conj()

    half_conjugate.defjvp(lambda z, z_dot: (0.5 * z[0].conj(), 0.5 * z_dot[0].conj()))
    dt.check_grads(lambda z: half_conjugate(z) * z, (z,), order=2)
