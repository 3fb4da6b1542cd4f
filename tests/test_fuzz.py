"""Differential fuzzing: random nested programs against nested dual numbers over mpmath.

`DUALTAPE_FUZZ=5000 pytest tests/test_fuzz.py` runs more of them.
"""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import pytest
from mpmath import mp
from random_programs import N, Node, Ours, can_batch, generate
from reference_programs import Theirs

import dualtape as dt

COUNT = int(os.environ.get("DUALTAPE_FUZZ", "120"))
RTOL = 1e-9
# Results beyond this come from a pole nearby, where float64 itself loses the digits.
LARGE = 1e8

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def program(seed: int) -> Node:
    """A scalar program in one vector and one scalar."""
    chance = random.Random(seed)
    node = generate(chance.choice, "S", chance.choice([3, 4, 5, 6]), ("V", "S"))
    # Smooth in both inputs, whatever was drawn.
    return ("binary", "add", node, ("sum", ("scale", ("variable", 1), ("variable", 0))))


def point(seed: int) -> tuple[np.ndarray[Any, Any], float]:
    generator = np.random.default_rng(seed)
    return generator.uniform(-1.5, 1.5, N), float(generator.uniform(-1.5, 1.5))


def reference(node: Node, x: Any, s: float) -> tuple[Any, list[Any], Any]:
    """Value and both derivatives, in 40 digits."""
    with mp.workdps(40):
        theirs = Theirs()
        env = ([mp.mpf(float(entry)) for entry in x], mp.mpf(s))
        value = theirs.run(node, env)
        # Variable 2 is the pushed copy of an input.
        vector = theirs.grad(env, _swap(node, {0: 2}), ("variable", 0))
        scalar = theirs.derivative(env, _swap(node, {1: 2}), ("variable", 1))
        return value, vector, scalar


def _swap(node: Any, places: dict[int, int]) -> Any:
    """The program reading its inputs at other places; variables bound inside move up by one."""
    if not isinstance(node, tuple):
        return node
    if node[:1] == ("variable",):
        k = node[1]
        return ("variable", places.get(k, k) if k < 2 else k + 1)
    return tuple(_swap(part, places) for part in node)


def check(actual: Any, wanted: Any, what: str) -> None:
    exact = np.array([float(w) for w in (wanted if isinstance(wanted, list) else [wanted])])
    given = np.atleast_1d(np.asarray(actual, np.float64))
    if np.any(np.abs(exact) > LARGE):
        return
    scale = max(1.0, float(np.max(np.abs(exact))))
    np.testing.assert_allclose(given, exact, rtol=RTOL, atol=RTOL * scale, err_msg=what)


@pytest.mark.parametrize("seed", range(COUNT))
def test_derivatives_are_those_of_the_other_implementation(seed: int) -> None:
    node, (x, s) = program(seed), point(seed)
    value, by_vector, by_scalar = reference(node, x, s)
    what = f"seed {seed}: {node}"

    def f(x: Any, s: Any) -> Any:
        return Ours().run(node, (x, s))

    check(f(x, s), value, what)
    actual, gradient = dt.value_and_grad(f, (0, 1))(x, s)
    check(actual, value, what)
    check(gradient[0], by_vector, what)
    check(gradient[1], by_scalar, what)
    check(dt.jacfwd(f)(x, s), by_vector, what)
    check(dt.jvp(f, (x, s), (np.zeros(N), 1.0))[1], by_scalar, what)
    jitted = dt.jit(dt.grad(f, (0, 1)))
    for _ in range(2):
        check(jitted(x, s)[0], by_vector, what)
    if seed % 4 == 0 and can_batch(node):
        xs = np.stack([x, x[::-1], x])
        rows = dt.vmap(dt.grad(f), in_axes=(0, None))(xs, s)
        check(rows[0], by_vector, what)
        check(rows[1], reference(node, x[::-1], s)[1], what)


@pytest.mark.parametrize("seed", range(0, COUNT, 3))
def test_tape_gives_the_same(seed: int) -> None:
    node, (x, s) = program(seed), point(seed)
    value, by_vector, by_scalar = reference(node, x, s)
    what = f"seed {seed}: {node}"
    with dt.Tape() as tape:
        a, b = tape.watch((x, s))
        y = Ours().run(node, (a, b))
        inside = tape.grad(y, a)
    check(y.value, value, what)
    for _ in range(2):
        gradient = tape.grad(y, (a, b))
        check(gradient[0], by_vector, what)
        check(gradient[1], by_scalar, what)
    check(inside.value, by_vector, what)
    check(tape.jvp(y, b, 1.0), by_scalar, what)
    check(tape.jacobian(y, a), by_vector, what)
    hessian = dt.hessian(lambda x: Ours().run(node, (x, s)))(x)
    if np.all(np.abs(hessian) < LARGE):
        scale = max(1.0, float(np.max(np.abs(hessian))))
        near = {"rtol": RTOL, "atol": RTOL * scale, "err_msg": what}
        np.testing.assert_allclose(tape.hessian(y, a), hessian, **near)
        np.testing.assert_allclose(tape.jacobian(inside, a), hessian, **near)
        np.testing.assert_allclose(hessian, hessian.T, **near)


def test_the_programs_are_not_trivial() -> None:
    text = "".join(str(program(seed)) for seed in range(120))
    for form in (
        "grad",
        "jvp",
        "vjp",
        "jacobian",
        "hvp",
        "vmap",
        "branch",
        "where",
        "guard",
        "custom",
        "stop",
        "set",
        "let",
    ):
        assert text.count(f"'{form}'") >= 5, form
