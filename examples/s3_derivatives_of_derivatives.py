"""S3: differentiating derivatives.

A derivative made by dualtape is an ordinary function, so it can be part of another one: higher
orders, the norm of a gradient as a penalty, learning through a step of learning (MAML), and a
Hessian-vector product as the gradient of (gradient . r).

    python examples/s3_derivatives_of_derivatives.py
"""

from typing import Any, NamedTuple

import numpy as np
import reference

import dualtape as dt


class Params(NamedTuple):
    A: Any  # (5, 2)
    c: Any  # (5,)
    B: Any  # (1, 5)
    e: Any  # (1,)


def net(params, u):
    """A 2-5-1 net with relu."""
    return (params.B @ np.maximum(params.A @ u + params.c, 0) + params.e)[0]


def orders(dtype):
    """2 x^3 at x = -2, orders 0 to 4: a loop of grad."""
    function = lambda x: 2 * x**3  # noqa: E731
    values = []
    for _ in range(5):
        values.append(function(dtype(-2.0)))
        function = dt.grad(function)
    return np.array(values)


def orders_by_tape(dtype):
    with dt.Tape() as tape:
        x = tape.watch(dtype(-2.0))
        derivatives = [2 * x**3]
        for _ in range(4):
            derivatives.append(tape.grad(derivatives[-1], x))
    return np.array([derivative.value for derivative in derivatives])


def gradient_penalty(params, u):
    """The gradient in the weights A, and the gradient of its squared norm in A.

    The net is piecewise linear, so the second one is zero: an answer, not an error.
    """

    def squared_norm(A):
        gradient = dt.grad(lambda A: net(params._replace(A=A), u))(A)
        return np.sum(gradient**2)

    return (
        dt.grad(lambda A: net(params._replace(A=A), u))(params.A),
        dt.grad(squared_norm)(params.A),
    )


def meta_loss(params, tasks, rate):
    """MAML: the mean loss of all tasks, each after one step of its own from common parameters."""
    total = 0
    for u in tasks:
        gradient = dt.grad(net)(params, u)
        adapted = Params(*(p - rate * g for p, g in zip(params, gradient, strict=True)))
        total = total + net(adapted, u)
    return total / len(tasks)


def adam_step(flat, gradient, rate, decay=(0.9, 0.999), epsilon=1e-8):
    """The first step of Adam (Kingma and Ba, 2015): plain NumPy, no derivative in it."""
    mean = (1 - decay[0]) * gradient / (1 - decay[0])
    square = (1 - decay[1]) * gradient**2 / (1 - decay[1])
    return flat - rate * mean / (np.sqrt(square) + epsilon)


def product_with_hessian(params, u, r):
    """The Hessian of tanh(net) times r, three ways that agree."""
    flat, unravel = dt.ravel_pytree(params)

    def f(p):
        return np.tanh(net(unravel(p), u))

    by_dot = dt.grad(lambda p: dt.grad(f)(p) @ r)(flat)
    for other in (dt.hvp(f, flat, r), dt.vhp(f, flat, r)):
        assert np.allclose(by_dot, other, rtol=1e-4, atol=1e-6)
    return by_dot


def repeated_passes(params, u):
    """Backward passes over one recording, as often as wanted; the caller adds up what he wants."""
    with dt.Tape() as tape:
        watched = tape.watch(params)
        y = net(watched, u)
    once = dt.ravel_pytree(tape.grad(y, watched))[0]
    total = np.zeros_like(once)
    for _ in range(3):
        total += dt.ravel_pytree(tape.grad(y, watched))[0]
    assert np.allclose(total, 3 * once)


INPUTS = ("A", "c", "B", "e", "u", "r")


def _parameters(case):
    return Params(case["A"], case["c"], case["B"], case["e"])


def _learned(case, value, gradient, derivatives):
    params, u, dtype = _parameters(case), case["u"], case["u"].dtype.type
    repeated_passes(params, u)
    grad_weight, grad_of_gradnorm = gradient_penalty(params, u)
    flat, _ = dt.ravel_pytree(params)
    flat_gradient, _ = dt.ravel_pytree(gradient)
    return {
        "derivatives": derivatives,
        "grad_weight": grad_weight,
        "grad_of_gradnorm": grad_of_gradnorm,
        "meta_loss": value,
        "meta_grad": flat_gradient,
        "after_adam": adam_step(flat, flat_gradient, dtype(1e-3)),
        "hvp": product_with_hessian(params, 3 * u, case["r"]),
    }


def derive(case):
    u = case["u"]
    tasks = [u, 2 * u, 3 * u]
    value, gradient = dt.value_and_grad(meta_loss)(_parameters(case), tasks, 1e-3)
    return _learned(case, value, gradient, orders(u.dtype.type))


def derive_by_tape(case):
    """The meta gradient in tape style: the inner gradients are taken inside the block."""
    params, u = _parameters(case), case["u"]
    with dt.Tape() as tape:
        watched = tape.watch(params)
        total = 0
        for task in (u, 2 * u, 3 * u):
            step = tape.grad(net(watched, task), watched)
            adapted = Params(*(p - 1e-3 * g for p, g in zip(watched, step, strict=True)))
            total = total + net(adapted, task) / 3
    gradient = tape.grad(total, watched)
    return _learned(case, total.value, gradient, orders_by_tape(u.dtype.type))


if __name__ == "__main__":
    reference.run("S3", derive, INPUTS)
    reference.run("S3", derive_by_tape, INPUTS)
