"""One set of names over the libraries compared, each in its own arrays and at its best.

A workload is written once, against `Library`; what a library lacks raises `Unsupported`.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

import dualtape as dt
import dualtape.scipy.special as special

# Before JAX is imported. run.py does the same for the BLAS of NumPy and torch.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"


class Unsupported(Exception):
    """The library has no such transform."""


def mapped(f: Callable[[Any], Any], tree: Any) -> Any:
    """`f` of every leaf of dicts, lists and (named) tuples."""
    if isinstance(tree, dict):
        return {key: mapped(f, value) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(f, value) for value in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(mapped(f, value) for value in tree)
    return f(tree)


def leaves(tree: Any) -> list[Any]:
    """Leaves in a fixed order: dicts by key."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, list | tuple):
        return [leaf for value in tree for leaf in leaves(value)]
    return [tree]


class Library:
    """Transforms and array functions under the names that NumPy and JAX use."""

    name: str
    np: Any
    erf: Callable[[Any], Any]
    grad: Callable[..., Any]
    value_and_grad: Callable[..., Any]
    jacfwd: Callable[..., Any]
    jacrev: Callable[..., Any]
    hessian: Callable[..., Any]
    vmap: Callable[..., Any]
    jvp: Callable[..., Any]
    vjp: Callable[..., Any]

    def jit(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return f

    def hvp(self, f: Callable[..., Any], x: Any, v: Any) -> Any:
        """Forward over reverse."""
        return self.jvp(self.grad(f), (x,), (v,))[1]

    def array(self, x: Any) -> Any:
        """A NumPy array, or a number that is differentiated, as this library wants its inputs."""
        return x

    def put(self, x: Any, index: Any, value: Any) -> Any:
        """`x` with `x[index] = value`; the old x may be lost."""
        x[index] = value
        return x

    def repeat(self, step: Callable[[Any, Any], Any], state: Any, steps: Any) -> Any:
        """`state = step(state, k)` for each row k of `steps`, or so many times: a Python loop."""
        for k in range(steps) if isinstance(steps, int) else steps:
            state = step(state, k)
        return state

    def wait(self, result: Any) -> Any:
        return result


class Dualtape(Library):
    def __init__(self) -> None:
        self.name, self.np, self.erf = "dualtape", np, special.erf
        self.grad, self.value_and_grad = dt.grad, dt.value_and_grad
        self.jacfwd, self.jacrev, self.hessian = dt.jacfwd, dt.jacrev, dt.hessian
        self.vmap, self.jvp, self.vjp = dt.vmap, dt.jvp, dt.vjp
        if hasattr(dt, "set_num_threads"):
            dt.set_num_threads(1)

    def jit(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return dt.jit(f)

    def hvp(self, f: Callable[..., Any], x: Any, v: Any) -> Any:
        return dt.hvp(f, x, v)


class Jax(Library):
    def __init__(self) -> None:
        import jax

        self.name, self.np, self.erf = "jax", jax.numpy, jax.scipy.special.erf
        self.grad, self.value_and_grad = jax.grad, jax.value_and_grad
        self.jacfwd, self.jacrev, self.hessian = jax.jacfwd, jax.jacrev, jax.hessian
        self.vmap, self.jvp, self.vjp = jax.vmap, jax.jvp, jax.vjp
        self._jax = jax

    def jit(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return self._jax.jit(f)

    def array(self, x: Any) -> Any:
        return self.np.asarray(x)

    def put(self, x: Any, index: Any, value: Any) -> Any:
        return x.at[index].set(value)

    def wait(self, result: Any) -> Any:
        return self._jax.block_until_ready(result)


class JaxScan(Jax):
    """JAX with its loops rewritten: `lax.scan` compiles the step once."""

    def repeat(self, step: Callable[[Any, Any], Any], state: Any, steps: Any) -> Any:
        rows = self.np.arange(steps) if isinstance(steps, int) else steps
        return self._jax.lax.scan(lambda s, k: (step(s, k), None), state, rows)[0]


class TorchSpelling:
    """NumPy's names where torch has others; everything else is torch's own."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._torch, name)

    def max(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if axis is None:
            return self._torch.max(x)
        return self._torch.amax(x, axis, keepdims)

    def maximum(self, x: Any, y: Any) -> Any:
        if isinstance(y, int | float):
            return self._torch.clamp(x, min=y)
        return self._torch.maximum(x, y)

    def cumsum(self, x: Any, axis: int = 0) -> Any:
        return self._torch.cumsum(x, axis)


class Torch(Library):
    """torch.func, torch's transforms of functions; `torch.compile` is another product."""

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        func = torch.func
        self.name, self.np, self.erf = "torch", TorchSpelling(torch), torch.erf
        self.grad = func.grad
        self.jacfwd, self.jacrev, self.hessian = func.jacfwd, func.jacrev, func.hessian
        self.vmap, self.jvp, self.vjp = func.vmap, func.jvp, func.vjp
        self._torch = torch

    def value_and_grad(self, f: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
        both = self._torch.func.grad_and_value(f, argnums)
        return lambda *arguments: both(*arguments)[::-1]

    def array(self, x: Any) -> Any:
        return self._torch.tensor(x, dtype=None if hasattr(x, "dtype") else self._torch.float64)

    def put(self, x: Any, index: Any, value: Any) -> Any:
        x = x.clone()  # what reverse mode has saved may not be written
        x[index] = value
        return x


class Autograd(Library):
    """HIPS autograd: reverse mode of NumPy functions, without vmap and jit."""

    def __init__(self) -> None:
        import autograd
        import autograd.numpy
        import autograd.scipy.special

        self.name, self.np = "autograd", autograd.numpy
        self.erf = autograd.scipy.special.erf
        self.grad, self.value_and_grad = autograd.grad, autograd.value_and_grad
        self.jacfwd = self.jacrev = autograd.jacobian
        self.hessian = autograd.hessian
        self._autograd = autograd

    def vmap(self, f: Callable[..., Any], in_axes: Any = 0) -> Callable[..., Any]:
        raise Unsupported("autograd has no vmap")

    def jvp(self, f: Callable[..., Any], primals: Any, tangents: Any) -> Any:
        if len(primals) != 1:
            raise Unsupported("autograd's jvp is of one argument")
        return self._autograd.make_jvp(f)(*primals)(*tangents)

    def vjp(self, f: Callable[..., Any], *primals: Any) -> Any:
        if len(primals) != 1:
            raise Unsupported("autograd's vjp is of one argument")
        pullback, value = self._autograd.make_vjp(f)(*primals)
        return value, lambda y_bar: (pullback(y_bar),)

    def hvp(self, f: Callable[..., Any], x: Any, v: Any) -> Any:
        """Reverse over reverse: it has no forward rules for many functions."""
        return self._autograd.hessian_vector_product(f)(x, v)


LIBRARIES: dict[str, type[Library]] = {
    "dualtape": Dualtape,
    "jax": Jax,
    "jax scan": JaxScan,
    "torch": Torch,
    "autograd": Autograd,
}
PACKAGES = ("jax", "torch", "autograd")
_made: dict[str, Library] = {}


def library(name: str) -> Library:
    if name not in _made:
        _made[name] = LIBRARIES[name]()
    return _made[name]


def missing() -> list[str]:
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("numpy", *PACKAGES) if name not in missing()}
