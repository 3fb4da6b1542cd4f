"""Every array operation: value, forward and reverse rule, batching rule, second order.

References: NumPy for values; for derivatives the complex step of NumPy's own function where it is
analytic, else central differences.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_cases import CASES, Case
from table_checks import (
    check_batched,
    check_pullback,
    check_pushforward,
    check_second_derivative,
    check_second_order,
    copies,
    directions,
    weighted,
)

import dualtape as dt

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

SMOOTH_ENOUGH = [case for case in CASES if all(x.size for x in case.args)]


def cases(which: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", which, ids=[case.id for case in which])


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
    check_pushforward(case.f, case.f, case.args, case.analytic)


@cases(CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_pullback_is_transpose_of_pushforward(case: Case, dtype: Any) -> None:
    check_pullback(case.f, tuple(x.astype(dtype) for x in case.args))


@cases([case for case in CASES if case.batchable])
def test_batched_is_the_loop(case: Case) -> None:
    check_batched(case.f, case.args, 1e-13)


@cases([case for case in CASES if case.batchable])
def test_batched_gradient_is_the_loop(case: Case) -> None:
    for k in range(len(case.args)):
        check_batched(dt.grad(weighted(case.f), k), case.args, 1e-12)


@cases(SMOOTH_ENOUGH)
def test_second_order_is_symmetric_and_independent_of_mode(case: Case) -> None:
    check_second_order(case.f, case.args)


@cases([case for case in SMOOTH_ENOUGH if case.analytic])
def test_second_order_is_the_difference_of_gradients(case: Case) -> None:
    check_second_derivative(case.f, case.args)


def programs(case: Case) -> str:
    """Text of the recorded program and of those derived from it."""
    f, args, x_dot = case.f, case.args, directions(case.args)
    texts = [dt.program(f)(*args), dt.program(lambda *x: dt.jvp(f, x, x_dot))(*args)]
    wrt = tuple(range(len(args)))
    texts.append(dt.program(dt.grad(weighted(case.f), wrt))(*args))
    return "\n".join(texts)


# Recorded by other means than an array operation; their own tests are named.
ELSEWHERE = {
    "input", "constant",  # every program
    "custom_jvp", "custom_vjp", "custom_linear",  # test_custom.py
    "stop_gradient",  # test_transforms.py
    "external",  # test_cpp_model.py
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
