"""check_grads: derivatives against central differences, and against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._jvp import jvp, vjp
from ._pytree import Function, PyTree, flatten, unflatten
from ._record import check_callable, check_floating, name_of

# Central differences lose about two thirds of the digits: eps^(2/3) of the step eps^(1/3).
_TOLERANCE = {"f": 2e-3, "d": 1e-6}
_STEP = {"f": 5e-3, "d": 6e-6}


def check_grads(
    f: Function,
    args: Sequence[Any],
    order: int,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Check the derivatives of a function against central differences.

    Args:
      f: maps arrays to arrays; pytrees everywhere.
      args: tuple of the arguments, the point; floating or complex, away from kinks.
      order: highest order to check: 2 checks the derivatives of the derivatives too.
      modes: "fwd" checks jvp against differences; "rev" checks vjp against differences.
      atol, rtol: tolerances; 1e-6 for float64, 2e-3 for float32.
      eps: step of the differences; 6e-6 for float64, 5e-3 for float32.
    Returns: None.
    Raises: AssertionError if a product differs, ValueError for an unknown mode.
    Cost: a few evaluations for each mode, to the power of `order`.

    >>> dt.check_grads(np.sin, (0.5,), order=2)
    >>> square = dt.custom_jvp(lambda x: x * x)
    >>> rule = square.defjvp(lambda x, x_dot: (x[0] ** 2, 3 * x[0] * x_dot[0]))
    >>> dt.check_grads(square, (0.5,), order=1)
    Traceback (most recent call last):
    ...
    AssertionError: check_grads of <lambda>: jvp must be [0.12573022], got [0.18859533]
    """
    check_callable("check_grads", f)
    unknown = [mode for mode in modes if mode not in ("fwd", "rev")]
    if unknown:
        raise ValueError(f"check_grads: modes must be 'fwd' or 'rev', got {unknown[0]!r}")
    args = tuple(args)
    leaves, treedef = flatten(args)
    check_floating(f"check_grads of {name_of(f)}", "args", leaves, treedef)
    lowest = "f" if any(np.asarray(leaf).dtype.char in "fF" for leaf in leaves) else "d"
    check = _Check(
        name_of(f),
        _TOLERANCE[lowest] if atol is None else atol,
        _TOLERANCE[lowest] if rtol is None else rtol,
        _STEP[lowest] if eps is None else eps,
        np.random.default_rng(0),
    )
    check.run(f, args, order, modes)


class _Check:
    def __init__(
        self, name: str, atol: float, rtol: float, eps: float, random: np.random.Generator
    ) -> None:
        self.name = name
        self.atol = atol
        self.rtol = rtol
        self.eps = eps
        self.random = random

    def run(self, f: Function, args: tuple[Any, ...], order: int, modes: Sequence[str]) -> None:
        for mode in modes if order > 0 else ():
            x_dot = self.like(args)
            if mode == "fwd":
                self.forward(f, args, x_dot)

                def derivative(*x: Any, v: PyTree = x_dot) -> PyTree:
                    return jvp(f, x, v)[1]
            else:
                y_bar = self.reverse(f, args, x_dot)

                def derivative(*x: Any, v: PyTree = y_bar) -> PyTree:
                    return vjp(f, *x)[1](v)

            self.run(derivative, args, order - 1, modes)

    def like(self, tree: PyTree) -> PyTree:
        """Normal random numbers with the types of a tree."""
        leaves, treedef = flatten(tree)
        return unflatten(treedef, [self.normal(np.asarray(x)) for x in leaves])

    def normal(self, x: np.ndarray) -> np.ndarray:
        number = np.asarray(self.random.standard_normal(x.shape))
        if x.dtype.kind == "c":
            number = number + 1j * self.random.standard_normal(x.shape)
        return np.asarray(number, x.dtype)

    def differences(self, f: Function, args: tuple[Any, ...], x_dot: PyTree) -> np.ndarray:
        """(f(x + eps x_dot) - f(x - eps x_dot)) / (2 eps), all results in one vector."""
        x, treedef = flatten(args)
        v, _ = flatten(x_dot)

        def shifted(step: float) -> np.ndarray:
            moved = [
                np.asarray(a + np.asarray(step, np.asarray(a).dtype) * b)
                for a, b in zip(x, v, strict=True)
            ]
            return _vector(f(*unflatten(treedef, moved)))

        difference: np.ndarray = shifted(self.eps) - shifted(-self.eps)
        return difference / (2 * self.eps)

    def forward(self, f: Function, args: tuple[Any, ...], x_dot: PyTree) -> None:
        self.compare("jvp", _vector(jvp(f, args, x_dot)[1]), self.differences(f, args, x_dot))

    def reverse(self, f: Function, args: tuple[Any, ...], x_dot: PyTree) -> PyTree:
        y, pullback = vjp(f, *args)
        y_bar = self.like(y)
        product = np.dot(_vector(pullback(y_bar)), _vector(x_dot))
        wanted = np.dot(_vector(y_bar), self.differences(f, args, x_dot))
        self.compare("vjp", np.atleast_1d(product), np.atleast_1d(wanted))
        return y_bar

    def compare(self, what: str, given: np.ndarray, wanted: np.ndarray) -> None:
        if not np.allclose(given, wanted, rtol=self.rtol, atol=self.atol, equal_nan=True):
            raise AssertionError(
                f"check_grads of {self.name}: {what} must be {wanted}, got {given}"
            )


def _vector(tree: PyTree) -> np.ndarray:
    """All entries in a row, complex ones as their two parts: their products are Re(conj(a) b)."""
    parts = [np.zeros(0)]
    for leaf in flatten(tree)[0]:
        x = np.asarray(leaf).ravel()
        parts.append(x.astype(complex).view(float) if x.dtype.kind == "c" else x.astype(float))
    return np.concatenate(parts)
