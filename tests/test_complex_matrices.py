"""Jacobians and Hessians of holomorphic functions, of complex results and through complex ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from complex_cases import CASES, Case, cases, close, differences, numbers, reals

import dualtape as dt


@cases([case for case in CASES if case.holomorphic and case.args[0].dtype.kind == "c"])
def test_holomorphic_jacobian_is_the_pushforward_of_units(case: Case) -> None:
    first, *rest = case.args

    def f(z: Any) -> Any:
        return case.f(z, *rest)

    units = np.eye(first.size).reshape(first.size, *first.shape).astype(complex)
    columns = [dt.jvp(f, (first,), (unit,))[1] for unit in units]
    wanted = np.stack(columns, -1).reshape(*np.shape(columns[0]), *first.shape)
    for derive in (dt.jacfwd, dt.jacrev, dt.jacobian):
        close(derive(f, holomorphic=True)(first), wanted, 1e-12)


@cases([case for case in CASES if all(x.dtype.kind == "f" for x in case.args)])
def test_complex_results_of_real_arguments_have_complex_jacobians(case: Case) -> None:
    first, *rest = case.args

    def f(x: Any) -> Any:
        return case.f(x, *rest)

    units = np.eye(first.size).reshape(first.size, *first.shape)
    columns = [dt.jvp(f, (first,), (unit,))[1] for unit in units]
    wanted = np.stack(columns, -1).reshape(*np.shape(columns[0]), *first.shape)
    assert wanted.dtype == np.asarray(f(first)).dtype
    for derive in (dt.jacfwd, dt.jacrev, dt.jacobian):
        actual = derive(f)(first)
        assert actual.dtype == wanted.dtype
        close(actual, wanted, 1e-12)
    flat = dt.jacobian(f, flat=True)(first)
    close(flat, wanted.reshape(-1, first.size), 1e-12)


def test_real_jacobians_and_hessians_through_complex_numbers() -> None:
    x = reals(5)

    def f(x: Any) -> Any:
        z = np.fft.rfft(x) * np.exp(1j * x[:3])
        return np.abs(z) ** 2 + z.real * z.conj().imag

    wanted = np.stack([differences(f, (x,), (unit,)) for unit in np.eye(5)], -1)
    for derive in (dt.jacfwd, dt.jacrev, dt.jacobian):
        close(derive(f)(x), wanted, 1e-9)

    def total(x: Any) -> Any:
        return np.sum(np.sin(f(x)))

    gradient = dt.grad(total)
    wanted = np.stack([differences(gradient, (x,), (unit,)) for unit in np.eye(5)], -1)
    close(dt.hessian(total)(x), wanted, 1e-8)


def test_holomorphic_hessian() -> None:
    z = numbers(3)
    actual = dt.hessian(lambda z: z[0] ** 2 * z[1] + np.exp(z[2]), holomorphic=True)(z)
    wanted = np.zeros((3, 3), complex)
    wanted[0, 0] = 2 * z[1]
    wanted[0, 1] = wanted[1, 0] = 2 * z[0]
    wanted[2, 2] = np.exp(z[2])
    close(actual, wanted, 1e-13)


def test_jacobian_of_both_parts_is_that_of_the_pairs() -> None:
    # Operations that are linear over the reals alone keep a diagonal a diagonal.
    x = reals(4)

    def f(x: Any) -> Any:
        z = x * np.exp(1j * x)
        return np.concatenate([z.real, z.imag, (z.conj() * 2j).real, abs(z)])

    wanted = np.stack([differences(f, (x,), (unit,)) for unit in np.eye(4)], -1)
    close(dt.jacfwd(f)(x), wanted, 1e-9)
    close(dt.jacrev(f)(x), wanted, 1e-9)
