"""A dense function of three numbers, and a Jacobian by differences."""

from __future__ import annotations

from typing import Any

import numpy as np

X = np.array([0.3, -0.7, 1.1])
W = np.array([[0.5, -1.0, 0.25], [0.75, 0.5, -0.5], [-0.25, 1.0, 0.125], [1.5, 0.2, -0.4]])


def layers(x: Any) -> Any:
    """Dense in every entry, of 4 results."""
    return np.tanh(W @ np.sin(W.T @ np.tanh(W @ x)))


def columns(fun: Any, x: Any, step: float = 1e-6) -> Any:
    """The Jacobian by central differences."""
    flat = np.ravel(x)
    found = []
    for k in range(flat.size):
        ends = []
        for sign in (1, -1):
            moved = flat.astype(np.float64)
            moved[k] += sign * step
            ends.append(np.asarray(fun(moved.reshape(np.shape(x)))))
        found.append((ends[0] - ends[1]) / (2 * step))
    return np.stack(found, -1).reshape(found[0].shape + np.shape(x))
