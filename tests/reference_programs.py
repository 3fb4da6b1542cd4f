"""The programs of random_programs.py on lists of mpmath numbers.

A derivative is a sweep of nested dual numbers (references.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import references
from mpmath import mp
from random_programs import MATRIX, N, Node


def call(name: str, *args: Any) -> Any:
    return references.call(name, *args)


def each(f: Callable[..., Any], *args: Any) -> Any:
    """f on scalars, or entry by entry."""
    if any(isinstance(x, list) for x in args):
        return [f(*(x[k] if isinstance(x, list) else x for x in args)) for k in range(N)]
    return f(*args)


class Theirs:
    """Runs a program on mpmath numbers; vectors are lists."""

    def __init__(self) -> None:
        self.level = 0

    def run(self, node: Node, env: tuple[Any, ...]) -> Any:
        form, *rest = node
        return getattr(self, form)(env, *rest)

    def variable(self, env: Any, k: int) -> Any:
        return env[k]

    def constant(self, env: Any, kind: str, value: float) -> Any:
        return mp.mpf(value) if kind == "S" else [mp.mpf(value)] * N

    def unary(self, env: Any, name: str, x: Node) -> Any:
        return each(lambda x: call(name, x), self.run(x, env))

    def safe_unary(self, env: Any, name: str, x: Node) -> Any:
        return each(lambda x: call(name, 1.5 + call("square", x)), self.run(x, env))

    def binary(self, env: Any, name: str, a: Node, b: Node) -> Any:
        return each(lambda a, b: call(name, a, b), self.run(a, env), self.run(b, env))

    def safe_binary(self, env: Any, name: str, a: Node, b: Node) -> Any:
        def f(a: Any, b: Any) -> Any:
            if name == "power":
                return call("power", 1.5 + call("sin", a), call("tanh", b))
            return call(name, a, 1.5 + call("sin", b))

        return each(f, self.run(a, env), self.run(b, env))

    def cube(self, env: Any, n: int, x: Node) -> Any:
        def f(x: Any) -> Any:
            base = 1.5 + call("cos", x)
            return {2: base * base, 3: base * base * base, -1: 1 / base}[n]

        return each(f, self.run(x, env))

    def let(self, env: Any, bound: Node, body: Node) -> Any:
        return self.run(body, (*env, self.run(bound, env)))

    def where(self, env: Any, c: float, test: Node, a: Node, b: Node) -> Any:
        return each(
            lambda t, a, b: a if references.primal(t) > c else b,
            self.run(test, env), self.run(a, env), self.run(b, env),
        )  # fmt: skip

    def custom(self, env: Any, x: Node) -> Any:
        return each(lambda x: call("sin", x) * x, self.run(x, env))

    def stop(self, env: Any, x: Node) -> Any:
        return each(lambda x: x * references.primal(x), self.run(x, env))

    def guard(self, env: Any, name: str, x: Node) -> Any:
        def f(x: Any) -> Any:
            if references.primal(x) <= 0:
                return 0.5 * x * x
            return call("power", x, mp.mpf(1.5)) if name == "power" else call(name, x)

        return each(f, self.run(x, env))

    def branch(self, env: Any, test: Node, a: Node, b: Node) -> Any:
        return self.run(a if references.primal(self.run(test, env)) > 0 else b, env)

    def index(self, env: Any, k: int, x: Node) -> Any:
        return self.run(x, env)[k]

    def sum(self, env: Any, x: Node) -> Any:
        a, b, c = self.run(x, env)
        return a + b + c

    def norm2(self, env: Any, x: Node) -> Any:
        squares = [call("square", entry + 2) for entry in self.run(x, env)]
        return call("sqrt", squares[0] + squares[1] + squares[2])

    def matmul(self, env: Any, x: Node) -> Any:
        v = self.run(x, env)
        return [row[0] * v[0] + row[1] * v[1] + row[2] * v[2] for row in MATRIX]

    def reverse(self, env: Any, x: Node) -> Any:
        return self.run(x, env)[::-1]

    def cumsum(self, env: Any, x: Node) -> Any:
        a, b, c = self.run(x, env)
        return [a, a + b, a + b + c]

    def neighbours(self, env: Any, x: Node) -> Any:
        a, b, c = self.run(x, env)
        return [b * a, c * b, a - c * c]

    def dot(self, env: Any, a: Node, b: Node) -> Any:
        x, y = self.run(a, env), self.run(b, env)
        return x[0] * y[0] + x[1] * y[1] + x[2] * y[2]

    def scale(self, env: Any, a: Node, x: Node) -> Any:
        return each(lambda a, x: a * x, self.run(a, env), self.run(x, env))

    def stack(self, env: Any, *parts: Node) -> Any:
        return [self.run(x, env) for x in parts]

    def set(self, env: Any, k: int, x: Node, value: Node) -> Any:
        y = list(self.run(x, env))
        y[k] = self.run(value, env) * y[k]
        return y

    def push(self, body: Node, env: tuple[Any, ...], x: Any, x_dot: Any) -> Any:
        """Directional derivative, by one more level of dual numbers."""
        self.level += 1
        level = self.level
        moved = each(lambda x, d: references.Dual(x, d, level), x, x_dot)
        y = self.run(body, (*env, moved))
        self.level -= 1
        return each(lambda y: references.part(y, level)[1], y)

    def basis(self, k: int) -> list[Any]:
        return [mp.mpf(int(j == k)) for j in range(N)]

    def grad(self, env: Any, body: Node, at: Node) -> Any:
        x = self.run(at, env)
        return [self.push(body, env, x, self.basis(k)) for k in range(N)]

    def derivative(self, env: Any, body: Node, at: Node) -> Any:
        return self.push(body, env, self.run(at, env), mp.mpf(1))

    def jvp(self, env: Any, body: Node, at: Node, direction: Node) -> Any:
        return self.push(body, env, self.run(at, env), self.run(direction, env))

    def vjp(self, env: Any, body: Node, at: Node, direction: Node) -> Any:
        x, v = self.run(at, env), self.run(direction, env)
        columns = [self.push(body, env, x, self.basis(k)) for k in range(N)]
        return [c[0] * v[0] + c[1] * v[1] + c[2] * v[2] for c in columns]

    def jacobian(self, env: Any, mode: str, body: Node, at: Node, direction: Node) -> Any:
        return self.jvp(env, body, at, direction)

    def hvp(self, env: Any, mode: str, body: Node, at: Node, direction: Node) -> Any:
        # The gradient's body is pushed along the direction.
        inner = ("grad", body, ("variable", len(env)))
        shifted = _shift(inner, len(env))
        return self.push(shifted, env, self.run(at, env), self.run(direction, env))

    def vmap(self, env: Any, body: Node, x: Node) -> Any:
        return [self.run(body, (*env, entry)) for entry in self.run(x, env)]


def _shift(node: Node, n: int) -> Node:
    """grad(body) with body's own variable one place further: variable n is now the point."""
    form, body, at = node

    def moved(tree: Any) -> Any:
        if not isinstance(tree, tuple):
            return tree
        if tree[:1] == ("variable",) and tree[1] >= n:
            return ("variable", tree[1] + 1)
        return tuple(map(moved, tree))

    return (form, moved(body), at)
