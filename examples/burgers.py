"""Find out how a wave began from what is seen of it later: Burgers' equation by finite volumes.

  du/dt + d(u^2/2)/dx = nu d^2u/dx^2  on [0, 1],  u = 0 at both ends,

in cells of width h: each step moves what flows through the faces between them, the Rusanov flux of
(Toro 2009, section 10.5) and the viscous one,

  f = (u_l^2 + u_r^2)/4 - max(|u_l|, |u_r|) (u_r - u_l)/2 - nu (u_r - u_l)/h,
  u[1:-1] -= dt/h (f[1:] - f[:-1]),

in place. Known are noisy measurements in every third cell at three times; sought are the viscosity
and the height of the wave in all cells at the start, with a penalty on its second differences.

Printed: the fit; the gradient beside central differences and a product of the Hessian beside
differences of gradients; the start that was found beside the truth; what a gradient costs.

    python examples/burgers.py
"""

import time

import numpy as np
from scipy.optimize import minimize

import dualtape as dt

CELLS = 90
STEPS = 160
DT = 0.003
SEEN_AT = (50, 100, 160)
VISCOSITY = 0.006
NOISE = 0.01
WEIGHT = 0.1  # of the penalty
H = 1.0 / CELLS
CENTRES = H * (np.arange(CELLS) + 0.5)


def flux(u, viscosity):
    """What flows through the faces between neighbours."""
    left, right = u[:-1], u[1:]
    jump = right - left
    fastest = np.maximum(np.abs(left), np.abs(right))
    return 0.25 * (left**2 + right**2) - (0.5 * fastest + viscosity / H) * jump


def evolve(start, viscosity):
    """The heights in the measured cells at the measured times."""
    u = np.zeros(CELLS + 2, like=start)  # a cell beyond each end
    u[1:-1] = start
    seen = []
    for step in range(1, STEPS + 1):
        f = flux(u, viscosity)
        u[1:-1] -= DT / H * (f[1:] - f[:-1])
        if step in SEEN_AT:
            seen.append(u[1:-1:3].copy())
    return np.stack(seen)


def misfit(p, data):
    """Squares of what is left in units of the noise; p is log(viscosity) and the start."""
    start = p[1:]
    left_over = (evolve(start, np.exp(p[0])) - data) / NOISE
    bends = np.diff(start, 2) / H
    return 0.5 * np.sum(left_over**2) + 0.5 * WEIGHT * np.sum(bends**2)


def true_start():
    return np.exp(-(((CENTRES - 0.3) / 0.08) ** 2)) - 0.6 * np.exp(-(((CENTRES - 0.7) / 0.1) ** 2))


def observe():
    clean = evolve(true_start(), VISCOSITY)
    return clean + NOISE * np.random.default_rng(5).standard_normal(clean.shape)


def fit(data):
    gradient = dt.jit(dt.value_and_grad(misfit))
    guess = np.concatenate([[np.log(0.01)], np.zeros(CELLS)])
    # The steps are stable while DT (max |u| / H + 2 nu / H^2) < 1.
    bounds = [(np.log(1e-4), np.log(0.012))] + [(-1.5, 1.5)] * CELLS
    options = {"maxiter": 400}
    found = minimize(
        gradient, guess, args=(data,), jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    assert np.exp(found.x[0]) < 0.0119, "the viscosity is at its bound"
    return found.x, found


def report_fit(p, found, data):
    root = np.sqrt(np.mean((evolve(p[1:], np.exp(p[0])) - data) ** 2))
    print(f"{found.nit} steps of L-BFGS-B, {found.nfev} gradients\n")
    print(f"{'':24}{'truth':>9}{'fitted':>9}")
    print(f"{'viscosity':24}{VISCOSITY:9.4f}{np.exp(p[0]):9.4f}")
    print(f"{'noise':24}{NOISE:9.4f}{root:9.4f}")
    for k in range(4, CELLS, 9):
        name = f"start at x = {CENTRES[k]:.2f}"
        print(f"{name:24}{true_start()[k]:9.3f}{p[k + 1]:9.3f}")


def report_checks(p, data):
    generator = np.random.default_rng(7)
    p = p + 0.02 * generator.standard_normal(p.shape)  # away from the minimum
    v = generator.standard_normal(p.shape)
    step = 1e-6
    actual = dt.grad(misfit)(p, data) @ v
    wanted = (misfit(p + step * v, data) - misfit(p - step * v, data)) / (2 * step)
    error = abs(actual / wanted - 1)
    print(f"\ngradient, relative difference from central differences: {error:.1e}")
    assert error < 1e-6
    product = dt.hvp(lambda p: misfit(p, data), (p,), (v,))
    gradient = dt.jit(dt.grad(misfit))
    differences = (gradient(p + step * v, data) - gradient(p - step * v, data)) / (2 * step)
    error = np.linalg.norm(product - differences) / np.linalg.norm(product)
    print(f"product of the Hessian, from differences of gradients:   {error:.1e}")
    assert error < 1e-5


def milliseconds(f, *args):
    f(*args)
    took = []
    for _ in range(20):
        start = time.perf_counter()
        f(*args)
        took.append(time.perf_counter() - start)
    return 1e3 * float(np.median(took))


def report_times(p, data):
    value = milliseconds(misfit, p, data)
    gradient = milliseconds(dt.jit(dt.value_and_grad(misfit)), p, data)
    print(f"\nmisfit in NumPy {value:.2f} ms, with its gradient {gradient:.2f} ms")


def main():
    data = observe()
    p, found = fit(data)
    report_fit(p, found, data)
    report_checks(p, data)
    report_times(p, data)


if __name__ == "__main__":
    main()
