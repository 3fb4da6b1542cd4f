"""A workload, and the contestants that answer it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import peers

PLAIN, JIT, VALUE, HAND = "dualtape", "dualtape jit", "value, dualtape jit", "NumPy by hand"
JAX, TORCH, AUTOGRAD = "JAX jit", "torch.func", "autograd"
JAX_SCAN = "JAX jit, lax.scan"
LIBRARY_OF = {PLAIN: "dualtape", JIT: "dualtape", VALUE: "dualtape"}
LIBRARY_OF |= {JAX: "jax", JAX_SCAN: "jax scan", TORCH: "torch", AUTOGRAD: "autograd"}
NAMES = (*LIBRARY_OF, HAND)


class Budget(NamedTuple):
    """`contestant` takes at most `limit` times the seconds of `of`, or seconds; or the floor."""

    contestant: str
    limit: float
    of: str | None = None
    floor: float = 0.0


@dataclass
class Workload:
    """A derivative of NumPy inputs.

    `inputs(dtype)` gives the arguments. `value(lib)` is the function itself where it is a scalar;
    `build(lib)` its derivative, by default the gradient in `argnums`. `by_hand(*arguments)` is the
    closed form in NumPy, where there is one; `reference(*arguments)` an independent answer where
    there is none, evaluated in float64. `refused` says who cannot take part and why.
    """

    family: str
    name: str
    inputs: Callable[[str], tuple[Any, ...]]
    value: Callable[[Any], Callable[..., Any]] | None = None
    build: Callable[[Any], Callable[..., Any]] | None = None
    argnums: Any = 0
    by_hand: Callable[..., Any] | None = None
    reference: Callable[..., Any] | None = None
    dtypes: tuple[str, ...] = ("float64", "float32")
    rtol: dict[str, float] = field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    # Contestants that may not end: timed only after they did in a process of their own.
    slow: tuple[str, ...] = ()
    # Its loop goes through `lib.repeat`, so that JAX can have it as `lax.scan` too.
    loops: bool = False
    # `build` gives calls that are prepared: nothing is left for jit to do.
    prepared: bool = False

    def derivative(self, lib: Any) -> Callable[..., Any]:
        if self.build is not None:
            return self.build(lib)
        assert self.value is not None
        return lib.grad(self.value(lib), self.argnums)

    def tolerance(self, dtype: str) -> float:
        return self.rtol.get(dtype, {"float64": 1e-11, "float32": 2e-5}[dtype])

    def answer(self, dtype: str) -> list[Any]:
        """The right answer in float64, from the float32 inputs where that is the dtype."""
        wide = peers.mapped(_widened, self.inputs(dtype))
        independent = self.reference or self.by_hand
        assert independent is not None
        return [np.asarray(leaf) for leaf in peers.leaves(independent(*wide))]


def _widened(x: Any) -> Any:
    narrow = isinstance(x, np.ndarray | np.generic) and x.dtype == np.float32
    return x.astype(np.float64) if narrow else x


def contestant(workload: Workload, name: str, dtype: str) -> Callable[[], Any]:
    """A call without arguments, its inputs made; `Unsupported` if it cannot take part."""
    arguments = workload.inputs(dtype)
    if name in workload.refused:
        raise peers.Unsupported(workload.refused[name])
    if name == HAND:
        by_hand = workload.by_hand
        if by_hand is None:
            raise peers.Unsupported("no closed form")
        return lambda: by_hand(*arguments)
    if name == VALUE and workload.value is None:
        raise peers.Unsupported("not a gradient of a scalar")
    if name == JAX_SCAN and not workload.loops:
        raise peers.Unsupported("no loop")
    if LIBRARY_OF[name].split()[0] in peers.missing():
        raise peers.Unsupported("not installed")
    lib = peers.library(LIBRARY_OF[name])
    native = peers.mapped(lib.array, arguments)
    if name == VALUE:
        assert workload.value is not None
        f = lib.jit(workload.value(lib))
        return lambda: f(*native)
    f = workload.derivative(lib)
    if name == PLAIN or workload.prepared:
        return lambda: f(*native)
    f = lib.jit(f)
    if name in (JAX, JAX_SCAN):
        return lambda: lib.wait(f(*native))
    return lambda: f(*native)


def error_of(result: Any, wanted: list[Any]) -> float:
    """Largest error of any leaf, relative to the leaf's largest entry."""
    given = [np.asarray(getattr(x, "detach", lambda x=x: x)()) for x in peers.leaves(result)]
    if [x.shape for x in given] != [x.shape for x in wanted]:
        return float("inf")
    errors = [0.0]
    for x, y in zip(given, wanted, strict=True):
        scale = np.max(np.abs(y), initial=0.0) or 1.0
        errors.append(float(np.max(np.abs(x - y), initial=0.0) / scale))
    return float(np.max(errors))  # a NaN stays one, and is no right answer
