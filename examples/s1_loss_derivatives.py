"""S1: derivatives of a loss in the parameters of a small net.

Three questions about a loss L(parameters), each answered twice: for a *function*, and in *tape
style*, for outputs and inputs that were already computed:

  gradient                  how L changes with every parameter, all at once
  Jacobian-vector product   how fast L changes along one direction v
  Hessian-vector product    how the gradient changes along v

    python examples/s1_loss_derivatives.py
"""

from typing import Any, NamedTuple

import numpy as np
import reference

import dualtape as dt


class Params(NamedTuple):
    """A named tuple is a pytree: derivatives in it are again Params, in this order."""

    W1: Any  # (5, 3)
    b1: Any  # (5,)
    W2: Any  # (1, 5)
    b2: Any  # (1,)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss(params, x, y):
    """Mean squared error of a 3-5-1 net: ordinary NumPy."""
    hidden = sigmoid(x @ params.W1.T + params.b1)
    output = hidden @ params.W2.T + params.b2
    return np.mean((output - y) ** 2)


def of_functions(params, x, y, v):
    """The derivatives of `loss`, a function."""
    # The value comes with the gradient; the gradient is structured like the parameters.
    value, gradient = dt.value_and_grad(loss)(params, x, y)

    # Optimisers want one vector: ravel_pytree gives it, and the way back.
    flat, unravel = dt.ravel_pytree(params)
    flat_gradient, _ = dt.ravel_pytree(gradient)

    def flat_loss(p):
        return loss(unravel(p), x, y)

    # Forward mode takes one pass and makes no gradient; the slope is flat_gradient @ v.
    _, slope = dt.jvp(flat_loss, (flat,), (v,))
    # Forward over reverse: the 26 x 26 Hessian is never made.
    curvature = dt.hvp(flat_loss, flat, v)
    return {"loss": value, "grad": flat_gradient, "jvp": slope, "hvp": curvature}


def of_a_tape(params, x, y, v):
    """The same from outputs and inputs: no function of the parameters is needed."""
    _, unravel = dt.ravel_pytree(params)
    direction = unravel(v)  # structured like the parameters

    with dt.Tape() as tape:
        watched = tape.watch(params)
        value = loss(watched, x, y)

    gradient = tape.grad(value, watched)
    curvature = tape.hvp(value, watched, direction)
    return {
        "loss": value.value,
        "grad": dt.ravel_pytree(gradient)[0],
        "jvp": tape.jvp(value, watched, direction),
        "hvp": dt.ravel_pytree(curvature)[0],
    }


INPUTS = ("W1", "b1", "W2", "b2", "x", "y", "v")


def _arguments(case):
    return Params(case["W1"], case["b1"], case["W2"], case["b2"]), case["x"], case["y"], case["v"]


def derive(case):
    return of_functions(*_arguments(case))


def derive_by_tape(case):
    return of_a_tape(*_arguments(case))


if __name__ == "__main__":
    reference.run("S1", derive, INPUTS)
    reference.run("S1", derive_by_tape, INPUTS)
