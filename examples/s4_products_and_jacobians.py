"""S4: Jacobian-vector products and Jacobians of functions.

`jvp` returns the value and the product, like many questions of sensitivity ask: the state, and how
it moves. `jacobian` gives the whole matrix, of shape result.shape + argument.shape.

    python examples/s4_products_and_jacobians.py
"""

import numpy as np
import reference

import dualtape as dt


def row_sums(X):
    return np.exp(X).sum(1)


def add(x, y):
    return 2 * x + 3 * y


def derive(case):
    matrix = case["matrix"]
    # A tangent has the shape and dtype of what it belongs to.
    out, product = dt.jvp(row_sums, (matrix,), (np.ones_like(matrix),))
    jacobian = dt.jacobian(row_sums)(matrix)
    # The product is the Jacobian, summed over the axes of the argument with the tangent.
    assert np.allclose(product, np.tensordot(jacobian, np.ones_like(matrix), axes=2))

    # Several arguments, a tangent for each: their products are summed.
    dtype = matrix.dtype
    tangents = (np.array([1, 2], dtype), np.array([2, 3], dtype))
    total, total_dot = dt.jvp(add, (case["a"], case["b"]), tangents)
    # One Jacobian for each chosen argument.
    in_a, in_b = dt.jacobian(add, argnums=(0, 1))(case["a"], case["b"])
    assert np.allclose(in_a @ tangents[0] + in_b @ tangents[1], total_dot)
    return {
        "jac2x": dt.jacobian(lambda x: 2 * x)(case["x"]),
        "out": out,
        "jvp": product,
        "jacobian": jacobian,
        "add": total,
        "add_jvp": total_dot,
    }


def derive_by_tape(case):
    """The same from outputs and inputs."""
    dtype = case["x"].dtype
    with dt.Tape() as tape:
        x, matrix, a, b = tape.watch((case["x"], case["matrix"], case["a"], case["b"]))
        double = 2 * x
        out = row_sums(matrix)
        total = add(a, b)
    tangents = (np.array([1, 2], dtype), np.array([2, 3], dtype))
    return {
        "jac2x": tape.jacobian(double, x),
        "out": out.value,
        "jvp": tape.jvp(out, matrix, np.ones_like(case["matrix"])),
        "jacobian": tape.jacobian(out, matrix),
        "add": total.value,
        "add_jvp": tape.jvp(total, (a, b), tangents),
    }


INPUTS = ("x", "matrix", "a", "b")

if __name__ == "__main__":
    reference.run("S4", derive, INPUTS)
    reference.run("S4", derive_by_tape, INPUTS)
