"""A nonlinear partial differential equation by Newton's method: Bratu's problem.

    -(u_xx + u_yy) = 6 exp(u)  on the unit square,  u = 0 on its border

On a grid of 200 x 200 points these are 40000 equations in 40000 unknowns, five unknowns in each.
The residual is written as anyone would, with slices; its Jacobian comes as a sparse matrix whose
positions never change, and goes straight to SciPy's sparse LU.

Checked: the Jacobian beside the matrix put together by hand, the residual of the solution, and
Newton's quadratic convergence.

    python examples/bratu.py
"""

import time

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

import dualtape as dt

STRENGTH = 6.0


def residual(u):
    """Of the equation times h^2, at the points inside; zeros around them are the border."""
    n = int(np.sqrt(u.size))
    grid = np.pad(u.reshape(n, n), 1)
    inside = grid[1:-1, 1:-1]
    neighbours = grid[2:, 1:-1] + grid[:-2, 1:-1] + grid[1:-1, 2:] + grid[1:-1, :-2]
    return (4 * inside - neighbours - STRENGTH / (n + 1) ** 2 * np.exp(inside)).ravel()


def jacobian_by_hand(u):
    n = int(np.sqrt(u.size))
    line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(n, n))
    laplacian = sp.kron(line, sp.eye_array(n)) + sp.kron(sp.eye_array(n), line)
    return (laplacian - sp.diags_array(STRENGTH / (n + 1) ** 2 * np.exp(u))).tocsc()


def solve(n):
    """The solution and the norms of the residual on the way."""
    u = np.zeros(n * n)
    jacobian = dt.sparse.prepare_jacobian(residual, u, format="csc")
    norms = [np.linalg.norm(residual(u))]
    while norms[-1] > 1e-13 and len(norms) < 10:
        u = u - splu(jacobian(u), permc_spec="MMD_AT_PLUS_A").solve(residual(u))
        norms.append(np.linalg.norm(residual(u)))
    return u, norms, jacobian


def seconds(f, repeats=20):
    """The least of several runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


def main(n=200):
    start = time.perf_counter()
    u, norms, jacobian = solve(n)
    print(f"{n} x {n} points: {jacobian}, solved in {time.perf_counter() - start:.2f} s")
    print("norms of the residual:", " ".join(f"{norm:.1e}" for norm in norms))
    print(f"u in the middle: {u.reshape(n, n)[n // 2, n // 2]:.6f}")
    error = abs(jacobian(u) - jacobian_by_hand(u)).max()
    print(f"Jacobian beside the one by hand: {error:.1e}")
    assert error < 1e-15
    assert norms[-1] < 1e-12
    assert norms[3] < norms[2] ** 1.5
    run, make = seconds(lambda: residual(u)), seconds(lambda: jacobian(u))
    print(f"residual in NumPy {run * 1e6:.0f} us, Jacobian {make * 1e6:.0f} us")


if __name__ == "__main__":
    main()
