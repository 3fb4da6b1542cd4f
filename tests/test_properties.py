"""Properties of derivatives that hold for every program, on programs drawn by Hypothesis."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from random_programs import N, Node, Ours, can_batch, generate

import dualtape as dt

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

EXAMPLES = settings(max_examples=60)
FEW = settings(max_examples=25)


@st.composite
def programs(draw: Callable[..., Any], kind: str = "V", max_depth: int = 4) -> Node:
    """A program in one vector; nested derivatives and branches may occur in it."""

    def choose(items: Any) -> Any:
        return draw(st.sampled_from(list(items)))

    return generate(choose, kind, draw(st.integers(1, max_depth)), ("V",))


entries = st.integers(-12, 12).map(lambda k: k / 8)
vectors = st.lists(entries, min_size=N, max_size=N).map(np.array)


def function(node: Node) -> Callable[..., Any]:
    """The program as a function of a vector; its result always depends on it."""
    return lambda x: Ours().run(node, (x,)) + 0.0 * (x if node_is_vector(node) else np.sum(x))


def node_is_vector(node: Node) -> bool:
    result = Ours().run(node, (np.full(N, 0.37),))
    return bool(np.ndim(result))


def moderate(*values: Any) -> bool:
    return all(np.all(np.abs(v) < 1e6) for v in values)


def close(actual: Any, wanted: Any, rtol: float = 1e-10) -> None:
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    np.testing.assert_allclose(actual, wanted, rtol=rtol, atol=rtol * scale)


@given(programs(), vectors, vectors, vectors, entries)
@EXAMPLES
def test_pushforward_is_linear(
    node: Node, x: NDArray[Any], u: NDArray[Any], v: NDArray[Any], c: float
) -> None:
    y, push = dt.linearize(function(node), x)
    assume(moderate(y, push(u), push(v)))
    close(push(u + c * v), push(u) + c * push(v))
    close(push(np.zeros(N)), np.zeros(N))


@given(programs(), vectors, vectors, vectors, entries)
@EXAMPLES
def test_pullback_is_linear(
    node: Node, x: NDArray[Any], u: NDArray[Any], v: NDArray[Any], c: float
) -> None:
    _, pull = dt.vjp(function(node), x)
    assume(moderate(pull(u)[0], pull(v)[0]))
    close(pull(u + c * v)[0], pull(u)[0] + c * pull(v)[0])


@given(programs(), vectors, vectors, vectors)
@EXAMPLES
def test_pullback_is_transpose_of_pushforward(
    node: Node, x: NDArray[Any], x_dot: NDArray[Any], y_bar: NDArray[Any]
) -> None:
    f = function(node)
    _, y_dot = dt.jvp(f, (x,), (x_dot,))
    (x_bar,) = dt.vjp(f, x)[1](y_bar)
    assume(moderate(y_dot, x_bar))
    terms = np.concatenate([y_bar * y_dot, -x_bar * x_dot])
    # The dot products may cancel; entries themselves carry rounding of what they were made of.
    jacobian = np.abs(dt.jacfwd(f)(x))
    scale = np.abs(y_bar) @ jacobian @ np.abs(x_dot)
    assert abs(terms.sum()) <= 1e-11 * (1 + scale)


@given(programs(), programs(), vectors, vectors)
@EXAMPLES
def test_chain_rule(outer: Node, inner: Node, x: NDArray[Any], x_dot: NDArray[Any]) -> None:
    f, g = function(outer), function(inner)
    y, y_dot = dt.jvp(g, (x,), (x_dot,))
    assume(moderate(y, y_dot))
    z, z_dot = dt.jvp(f, (y,), (y_dot,))
    assume(moderate(z, z_dot))
    composed = dt.jvp(lambda x: f(g(x)), (x,), (x_dot,))
    close(composed[0], z)
    close(composed[1], z_dot)


@given(programs(), vectors)
@FEW
def test_all_modes_give_one_jacobian(node: Node, x: NDArray[Any]) -> None:
    f = function(node)
    forward = dt.jacfwd(f)(x)
    assume(moderate(forward))
    close(dt.jacrev(f)(x), forward)
    close(dt.vmap(dt.linearize(f, x)[1], out_axes=1)(np.eye(N)), forward)
    close(dt.vmap(dt.vjp(f, x)[1])(np.eye(N))[0], forward)


# Programs whose derivative is not the slope everywhere: kinks, and x * stop_gradient(x).
KINKS = {"absolute", "maximum", "minimum", "where", "guard", "branch", "stop"}


def is_smooth(node: Any) -> bool:
    return not isinstance(node, tuple) or all(
        part not in KINKS if isinstance(part, str) else is_smooth(part) for part in node
    )


@given(programs("S", 3).filter(is_smooth), vectors, vectors)
@settings(max_examples=120)
def test_taylor_remainder_has_slope_two(node: Node, x: NDArray[Any], v: NDArray[Any]) -> None:
    f = function(node)
    value, slope = dt.jvp(f, (x,), (v,))
    curvature = dt.jvp(lambda x: dt.jvp(f, (x,), (v,))[1], (x,), (v,))[1]
    steps = np.array([2.0**-k for k in (6, 7, 8, 9, 10)])
    remainders = np.array([abs(f(x + t * v) - value - t * slope) for t in steps])
    # Where the second derivative nearly vanishes the slope is another one; where rounding or the
    # third derivative shows, nothing can be read off.
    assume(abs(curvature) > 1e-2 and moderate(value, slope, curvature))
    third = dt.jvp(lambda x: dt.jvp(lambda x: dt.jvp(f, (x,), (v,))[1], (x,), (v,))[1], (x,), (v,))[
        1
    ]
    assume(abs(third) < 3 * abs(curvature) and remainders[-1] > 1e-12 * (1 + abs(value)) * 100)
    fitted = np.polyfit(np.log(steps), np.log(remainders), 1)[0]
    assert abs(fitted - 2) < 0.1
    # Power: without the linear term the slope is one.
    wrong = np.array([abs(f(x + t * v) - value - t * slope * 1.2) for t in steps])
    if abs(slope) > abs(curvature):
        assert np.polyfit(np.log(steps), np.log(wrong), 1)[0] < 1.9


@given(programs("S", 4), vectors, vectors)
@EXAMPLES
def test_jit_gives_what_the_function_gives(
    node: Node, x: NDArray[Any], other: NDArray[Any]
) -> None:
    f = function(node)
    jitted, derivative = dt.jit(f, check=True), dt.jit(dt.grad(f))
    for point in (x, other, x, 3 * other, x):  # New branches, and old ones again.
        wanted = f(point)
        assume(moderate(wanted))
        close(jitted(point), wanted)
        close(derivative(point), dt.grad(f)(point))


@given(programs("S", 3).filter(can_batch), vectors, vectors)
@EXAMPLES
def test_batched_is_the_loop(node: Node, a: NDArray[Any], b: NDArray[Any]) -> None:
    f = function(node)
    points = np.stack([a, b, a + b, a - b])
    for transform in (f, dt.grad(f)):
        loop = np.stack([transform(point) for point in points])
        assume(moderate(loop))
        close(dt.vmap(transform)(points), loop)
        close(dt.jit(dt.vmap(transform, in_axes=1))(points.T.copy()), loop)


def gradient_by_forward(f: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient without reverse mode: one pushforward per entry."""

    def gradient(x: Any) -> Any:
        rows = [dt.jvp(f, (x,), (np.eye(N)[k],))[1] for k in range(N)]
        return dt.numpy.stack(rows)

    return gradient


GRADIENTS: dict[str, Callable[..., Any]] = {
    "grad": dt.grad,
    "forward": gradient_by_forward,
    "jacfwd": dt.jacfwd,
    "jacrev": dt.jacrev,
    "jit": lambda f: dt.jit(dt.grad(f)),
    "vmap": lambda f: lambda x: dt.vmap(lambda v: dt.jvp(f, (x,), (v,))[1])(np.eye(N)),
}


def nested(names: tuple[str, ...], f: Callable[..., Any]) -> Callable[..., Any]:
    """A scalar made of repeated gradients: each level's closure uses the point of the last."""
    for name in names:
        inner = GRADIENTS[name](f)
        f = lambda x, inner=inner: np.sum(np.sin(inner(x)) * x)  # noqa: E731
    return f


@pytest.mark.parametrize("names", list(itertools.product(GRADIENTS, repeat=2)), ids="-".join)
def test_nesting_in_any_order_is_the_same(names: tuple[str, ...]) -> None:
    def f(x: Any) -> Any:
        return np.sum(np.tanh(x) * np.cumsum(x)) * np.exp(0.3 * x[0] * x[2])

    x = np.array([0.3, -0.7, 1.1])
    reference = nested(("forward",) * len(names), f)
    actual = nested(names, f)
    close(actual(x), reference(x), 1e-11)
    close(dt.grad(actual)(x), gradient_by_forward(reference)(x), 1e-11)


@given(programs("S", 2).filter(is_smooth), vectors, st.permutations(list(GRADIENTS)))
@FEW
def test_random_programs_nest_in_any_order(node: Node, x: NDArray[Any], order: list[str]) -> None:
    f = function(node)
    reference = nested(("forward", "forward"), f)
    actual = nested(tuple(order[:2]), f)
    wanted = reference(x)
    assume(moderate(wanted))
    close(actual(x), wanted, 1e-9)
    close(dt.grad(actual)(x), gradient_by_forward(reference)(x), 1e-9)
