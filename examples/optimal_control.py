"""Optimal control: swing a pendulum up with the least effort.

    minimise the integral of u^2 over 0 <= t <= 4,  with  angle'' = u - sin(angle)
    from hanging at rest (angle 0) to standing at rest (angle pi)

Angle, speed and torque at 61 times are the unknowns, the trapezoidal rule between neighbouring
times the constraints: a nonlinear programme with sparse derivatives everywhere. SciPy's
`trust-constr` gets the gradient, the sparse Jacobian of the constraints, and sparse Hessians of the
objective and of the constraints' Lagrangian, all of them prepared once.

Checked: the least effort beside Pontryagin's principle, a boundary value problem in four functions
that `scipy.integrate.solve_bvp` solves without knowing anything of this.

    python examples/optimal_control.py
"""

import numpy as np
from scipy.integrate import solve_bvp
from scipy.optimize import NonlinearConstraint, minimize

import dualtape as dt

DURATION, N = 4.0, 60
STEP = DURATION / N


def effort(z):
    """Integral of u^2 by the trapezoidal rule."""
    torque = z.reshape(3, N + 1)[2]
    return STEP * np.sum(0.5 * (torque[1:] ** 2 + torque[:-1] ** 2))


def defects(z):
    """What the equations of motion leave over in each step, and at both ends."""
    angle, speed, torque = z.reshape(3, N + 1)
    force = torque - np.sin(angle)
    ends = np.stack([angle[0], speed[0], angle[-1] - np.pi, speed[-1]])
    return np.concatenate(
        [
            angle[1:] - angle[:-1] - STEP / 2 * (speed[1:] + speed[:-1]),
            speed[1:] - speed[:-1] - STEP / 2 * (force[1:] + force[:-1]),
            ends,
        ]
    )


def solve():
    time = np.linspace(0, DURATION, N + 1)
    start = np.stack([np.pi * time / DURATION, 0 * time, 0 * time]).ravel()
    multipliers = np.zeros(2 * N + 4)
    jacobian = dt.sparse.prepare_jacobian(defects, start)
    curvature = dt.sparse.prepare_hessian(lambda z, v: v @ defects(z), start, multipliers)
    print("constraints:", jacobian)
    print("their Lagrangian:", curvature)
    return minimize(
        effort,
        start,
        method="trust-constr",
        jac=dt.jit(dt.grad(effort)),
        hess=dt.sparse.prepare_hessian(effort, start),
        constraints=NonlinearConstraint(defects, 0.0, 0.0, jac=jacobian, hess=curvature),
        options={"maxiter": 200, "gtol": 1e-8, "xtol": 1e-12},
    )


def least_effort_by_pontryagin():
    """u = -q / 2 with p' = q cos(angle), q' = -p: the costates of angle and speed."""

    def motion(t, y):
        angle, speed, p, q = y
        return np.stack([speed, -q / 2 - np.sin(angle), q * np.cos(angle), -p])

    def ends(left, right):
        return np.array([left[0], left[1], right[0] - np.pi, right[1]])

    time = np.linspace(0, DURATION, 200)
    start = np.zeros((4, len(time)))
    start[0] = np.pi * time / DURATION
    found = solve_bvp(motion, ends, time, start, tol=1e-8, max_nodes=20000)
    assert found.success
    fine = np.linspace(0, DURATION, 4001)
    return np.trapezoid((found.sol(fine)[3] / 2) ** 2, fine)


def main():
    found = solve()
    wanted = least_effort_by_pontryagin()
    print(f"{found.nit} steps: effort {found.fun:.5f}, by Pontryagin's principle {wanted:.5f}")
    assert found.constr_violation < 1e-9
    # The trapezoidal rule is wrong by a multiple of STEP^2.
    assert abs(found.fun - wanted) < 1e-2 * wanted


if __name__ == "__main__":
    main()
