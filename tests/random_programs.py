"""Random nested programs, and how to run them on NumPy and dualtape.

A program is a tree of tuples over scalars ("S") and vectors of three entries ("V"). The other way
to run it is in reference_programs.py: no code is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import dualtape as dt
import dualtape.numpy as dnp
from dualtape.scipy import special

N = 3
Node = tuple[Any, ...]
Choose = Callable[[Sequence[Any]], Any]

UNARY = [
    "sin",
    "cos",
    "tanh",
    "arctan",
    "expit",
    "erf",
    "arcsinh",
    "square",
    "negative",
    "absolute",
]
# Safe for all arguments, by what they are applied to.
SAFE_UNARY = ["sqrt", "log", "reciprocal", "gammaln", "cbrt", "log1p"]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum"]
SAFE_BINARY = ["divide", "arctan2", "hypot", "power", "logaddexp"]
MATRIX = ((0.5, -1.0, 0.25), (0.75, 0.5, -0.5), (-0.25, 1.0, 0.125))
CONSTANTS = [0.5, -1.25, 0.75, 2.0, 1.0]
SPECIAL = {"expit", "erf", "gammaln"}


def generate(choose: Choose, kind: str, depth: int, env: tuple[str, ...]) -> Node:
    """A program of this kind; env holds the kinds of the variables in scope."""
    variables = [k for k, other in enumerate(env) if other == kind]
    if depth == 0:
        if variables and choose([True, True, True, False]):
            return ("variable", choose(variables))
        return ("constant", kind, choose(CONSTANTS))
    sub = lambda kind, env=env: generate(choose, kind, depth - 1, env)  # noqa: E731
    form = choose(FORMS[kind])
    if form == "unary":
        return (form, choose(UNARY), sub(kind))
    if form == "safe_unary":
        return (form, choose(SAFE_UNARY), sub(kind))
    if form in ("binary", "safe_binary"):
        return (form, choose(BINARY if form == "binary" else SAFE_BINARY), sub(kind), sub(kind))
    if form == "cube":
        return (form, choose([2, 3, -1]), sub(kind))
    if form == "let":
        bound = choose(["S", "V"])
        return (form, sub(bound), sub(kind, (*env, bound)))
    if form == "where":
        return (form, choose(CONSTANTS), sub(kind), sub(kind), sub(kind))
    if form in ("custom", "stop"):
        return (form, sub(kind))
    if form == "guard":
        return (form, choose(["sqrt", "log", "reciprocal", "power"]), sub(kind))
    if form == "branch":
        return (form, sub("S"), sub(kind), sub(kind))
    return _generate_special(choose, form, sub, env)


def _generate_special(
    choose: Choose, form: str, sub: Callable[..., Node], env: tuple[str, ...]
) -> Node:
    if form == "index":
        return (form, choose([0, 1, -1]), sub("V"))
    if form in ("sum", "norm2", "matmul", "reverse", "cumsum", "neighbours"):
        return (form, sub("V"))
    if form == "dot":
        return (form, sub("V"), sub("V"))
    if form == "scale":
        return (form, sub("S"), sub("V"))
    if form == "stack":
        return (form, sub("S"), sub("S"), sub("S"))
    if form == "set":
        return (form, choose([0, 1, -1]), sub("V"), sub("S"))
    # Derivatives: the body sees the variables around it and one more, which is bound to a point.
    if form == "grad":
        return (form, sub("S", (*env, "V")), sub("V"))
    if form == "derivative":
        return (form, sub("S", (*env, "S")), sub("S"))
    if form == "jvp":
        return (form, sub("V", (*env, "V")), sub("V"), sub("V"))
    if form == "vjp":
        return (form, sub("V", (*env, "V")), sub("V"), sub("V"))
    if form == "jacobian":
        return (form, choose(["jacfwd", "jacrev"]), sub("V", (*env, "V")), sub("V"), sub("V"))
    if form == "hvp":
        return (form, choose(["hvp", "hessian"]), sub("S", (*env, "V")), sub("V"), sub("V"))
    return ("vmap", sub("S", (*env, "S")), sub("V"))


_COMMON = [
    "unary",
    "unary",
    "safe_unary",
    "binary",
    "binary",
    "safe_binary",
    "cube",
    "let",
    "where",
    "guard",
    "guard",
    "custom",
    "stop",
]
FORMS = {
    "S": [*_COMMON, "branch", "index", "sum", "norm2", "dot", "derivative", "derivative"],
    "V": [*_COMMON, "matmul", "reverse", "cumsum", "neighbours", "scale", "stack", "set",
          "grad", "grad", "jvp", "vjp", "jacobian", "hvp", "vmap"],
}  # fmt: skip


def can_batch(node: Any) -> bool:
    """Whether no branch of Python depends on a value."""
    return not isinstance(node, tuple) or (node[0] != "branch" and all(map(can_batch, node)))


@dt.custom_jvp
def with_own_rule(x: Any) -> Any:
    return np.sin(x) * x


@with_own_rule.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (x,), (x_dot,) = primals, tangents
    return with_own_rule(x), (np.cos(x) * x + np.sin(x)) * x_dot


class Ours:
    """Runs a program on NumPy arrays and traced values."""

    def __init__(self, batched: bool = False) -> None:
        # Inside vmap a Python branch is refused; np.where takes its place.
        self.batched = batched

    def run(self, node: Node, env: tuple[Any, ...]) -> Any:
        form, *rest = node
        return getattr(self, form)(env, *rest)

    def variable(self, env: Any, k: int) -> Any:
        return env[k]

    def constant(self, env: Any, kind: str, value: float) -> Any:
        return value if kind == "S" else np.full(N, value)

    def unary(self, env: Any, name: str, x: Node) -> Any:
        return getattr(special if name in SPECIAL else dnp, name)(self.run(x, env))

    def safe_unary(self, env: Any, name: str, x: Node) -> Any:
        return getattr(special if name in SPECIAL else np, name)(1.5 + np.square(self.run(x, env)))

    def binary(self, env: Any, name: str, a: Node, b: Node) -> Any:
        return getattr(np, name)(self.run(a, env), self.run(b, env))

    def safe_binary(self, env: Any, name: str, a: Node, b: Node) -> Any:
        x, y = self.run(a, env), self.run(b, env)
        if name == "power":
            return (1.5 + np.sin(x)) ** np.tanh(y)
        return getattr(np, name)(x, 1.5 + np.sin(y))

    def cube(self, env: Any, n: int, x: Node) -> Any:
        return (1.5 + np.cos(self.run(x, env))) ** n

    def let(self, env: Any, bound: Node, body: Node) -> Any:
        return self.run(body, (*env, self.run(bound, env)))

    def where(self, env: Any, c: float, test: Node, a: Node, b: Node) -> Any:
        return np.where(self.run(test, env) > c, self.run(a, env), self.run(b, env))

    def custom(self, env: Any, x: Node) -> Any:
        return with_own_rule(self.run(x, env))

    def stop(self, env: Any, x: Node) -> Any:
        x = self.run(x, env)
        return x * dt.stop_gradient(x)

    def guard(self, env: Any, name: str, x: Node) -> Any:
        """The branch not taken is undefined, or has an infinite derivative."""
        x = self.run(x, env)
        y = np.power(x, 1.5) if name == "power" else getattr(np, name)(x)
        return np.where(x > 0, y, 0.5 * x * x)

    def branch(self, env: Any, test: Node, a: Node, b: Node) -> Any:
        if self.batched:
            return np.where(self.run(test, env) > 0, self.run(a, env), self.run(b, env))
        return self.run(a, env) if self.run(test, env) > 0 else self.run(b, env)

    def index(self, env: Any, k: int, x: Node) -> Any:
        return self.run(x, env)[k]

    def sum(self, env: Any, x: Node) -> Any:
        return np.sum(self.run(x, env))

    def norm2(self, env: Any, x: Node) -> Any:
        return np.linalg.norm(self.run(x, env) + 2.0)

    def matmul(self, env: Any, x: Node) -> Any:
        return np.array(MATRIX) @ self.run(x, env)

    def reverse(self, env: Any, x: Node) -> Any:
        return self.run(x, env)[::-1]

    def cumsum(self, env: Any, x: Node) -> Any:
        return np.cumsum(self.run(x, env))

    def neighbours(self, env: Any, x: Node) -> Any:
        """Slices that overlap: their cotangents meet."""
        x = self.run(x, env)
        return dnp.concatenate([x[1:] * x[:-1], x[:1] - x[2:] ** 2])

    def dot(self, env: Any, a: Node, b: Node) -> Any:
        return self.run(a, env) @ self.run(b, env)

    def scale(self, env: Any, a: Node, x: Node) -> Any:
        return self.run(a, env) * self.run(x, env)

    def stack(self, env: Any, *parts: Node) -> Any:
        return dnp.array([self.run(x, env) for x in parts])

    def set(self, env: Any, k: int, x: Node, value: Node) -> Any:
        y = dnp.array(self.run(x, env)) * 1.0
        y[k] = self.run(value, env) * y[k]
        return y

    def body(self, node: Node, env: tuple[Any, ...]) -> Callable[..., Any]:
        # + 0 * x: a result that does not depend on the variable still is a traced float64.
        return lambda x: self.run(node, (*env, x)) + 0.0 * x

    def scalar_body(self, node: Node, env: tuple[Any, ...]) -> Callable[..., Any]:
        return lambda x: self.run(node, (*env, x)) + 0.0 * np.sum(x)

    def grad(self, env: Any, body: Node, at: Node) -> Any:
        return dt.grad(self.scalar_body(body, env))(self.run(at, env))

    def derivative(self, env: Any, body: Node, at: Node) -> Any:
        return dt.grad(self.scalar_body(body, env))(self.run(at, env) * 1.0)

    def jvp(self, env: Any, body: Node, at: Node, direction: Node) -> Any:
        return dt.jvp(self.body(body, env), (self.run(at, env),), (self.run(direction, env),))[1]

    def vjp(self, env: Any, body: Node, at: Node, direction: Node) -> Any:
        pullback = dt.vjp(self.body(body, env), self.run(at, env))[1]
        return pullback(self.run(direction, env))[0]

    def jacobian(self, env: Any, mode: str, body: Node, at: Node, direction: Node) -> Any:
        matrix = getattr(dt, mode)(self.body(body, env))(self.run(at, env))
        return matrix @ self.run(direction, env)

    def hvp(self, env: Any, mode: str, body: Node, at: Node, direction: Node) -> Any:
        f, x, v = self.scalar_body(body, env), self.run(at, env), self.run(direction, env)
        return dt.hessian(f)(x) @ v if mode == "hessian" else dt.hvp(f, (x,), (v,))

    def vmap(self, env: Any, body: Node, x: Node) -> Any:
        # Without the branches of a batched value: those raise, as they must.
        inner = Ours(batched=True)
        return dt.vmap(inner.scalar_body(body, env))(self.run(x, env))
