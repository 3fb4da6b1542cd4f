"""S2: first and second derivatives of mappings, at a point and at many points.

A curve y(t), given by a little net, is differentiated at every t of an array: `grad` makes y' from
y and y'' from y', `vmap` takes each to an array of points. A surface f(z) gets its gradient and
its Hessian, also row by row, and also from a tape.

    python examples/s2_mappings.py
"""

import numpy as np
import reference

import dualtape as dt
from dualtape.scipy.special import expit


def curve(case):
    """y, y' and y'' of a 1-2-1 net at each t."""
    W1, b1, W2, b2 = case["W1"], case["b1"], case["W2"], case["b2"]

    def y(t):
        return (W2 @ expit(W1[:, 0] * t + b1) + b2)[0]

    slope = dt.grad(y)
    bend = dt.grad(slope)
    t = case["t"]

    # At one point: NumPy scalar in, NumPy scalar out.
    assert np.isclose(slope(t[0]), dt.jvp(y, (t[0],), (np.ones_like(t[0]),))[1])
    return {"y": dt.vmap(y)(t), "y1": dt.vmap(slope)(t), "y2": dt.vmap(bend)(t)}


def surface(case):
    """Value, gradient and Hessian of f(z) = z.w + b + sum(z^3)."""
    w, b, z = case["w"], case["b"], case["z"]

    def f(z):
        return z @ w + b + np.sum(z**3)

    value, gradient = dt.value_and_grad(f)(z)
    hessian = dt.hessian(f)(z)

    # Each row of the Hessian is the gradient of one entry of the gradient. The first row does not
    # depend on z: it is zeros, not an error.
    rows = [dt.grad(lambda z, k=k: dt.grad(f)(z)[k])(z) for k in range(2)]
    assert np.array_equal(np.stack(rows), hessian)
    return {"value": value, "gradient": gradient, "hessian": hessian}


def surface_by_tape(case):
    """The same in tape style: a derivative made inside the block can be differentiated again."""
    w, b = case["w"], case["b"]
    with dt.Tape() as tape:
        z = tape.watch(case["z"])
        f = z @ w + b + np.sum(z**3)
        gradient = tape.grad(f, z)
        entries = [gradient[0], gradient[1]]
    rows = [tape.grad(entry, z) for entry in entries]
    assert np.array_equal(np.stack(rows), tape.jacobian(gradient, z))
    assert np.array_equal(np.stack(rows), tape.hessian(f, z))
    return {"value": f.value, "gradient": gradient.value, "hessian": np.stack(rows)}


def curve_by_tape(case):
    """All points at once: y_k depends on t_k alone, so the gradient of sum(y) holds every y_k'."""
    with dt.Tape() as tape:
        t = tape.watch(case["t"])
        hidden = expit(t[:, None] * case["W1"][:, 0] + case["b1"])
        y = hidden @ case["W2"][0] + case["b2"][0]
        y1 = tape.grad(y, t, np.ones_like(case["t"]))
    y2 = tape.grad(y1, t, np.ones_like(case["t"]))
    return {"y": y.value, "y1": y1.value, "y2": y2}


INPUTS = ("W1", "b1", "W2", "b2", "t", "w", "b", "z")


def derive(case):
    return {**curve(case), **surface(case)}


def derive_by_tape(case):
    return {**curve_by_tape(case), **surface_by_tape(case)}


if __name__ == "__main__":
    reference.run("S2", derive, INPUTS)
    reference.run("S2", derive_by_tape, INPUTS)
