"""Learn from noisy data how smooth a function is: a Gaussian process.

Observations y at times t are taken as draws of a Gaussian process with covariance

  k(t, t') = a^2 exp(-(t - t')^2 / (2 l^2))  plus  s^2 for the noise of each observation,

and the amplitude a, the length l and the noise s are those that make the data most likely. Minus
the logarithm of the likelihood needs a Cholesky factor, a triangular solve and a determinant:

  K = L L^T,   L z = y:   z.z / 2 + sum(log diag L) + n log(2 pi) / 2

written below in plain NumPy and SciPy's names; dt.value_and_grad gives the minimizer its gradient.

Printed: the fit beside the truth; the gradient beside the closed form (Rasmussen and Williams 2006,
eq. 5.9) and central differences; errors of the parameters from the Hessian; what each costs.

    python examples/gaussian_process.py
"""

import time

import numpy as np
from scipy.optimize import approx_fprime, minimize

import dualtape as dt
from dualtape.scipy.linalg import cho_factor, cho_solve, solve_triangular

NAMES = ("amplitude", "length", "noise")
TRUTH = np.log([1.5, 0.6, 0.2])  # fitted as logarithms: all are positive


def covariance(p, t, u):
    return np.exp(2 * p[0]) * np.exp(-0.5 * (t[:, None] - u) ** 2 * np.exp(-2 * p[1]))


def covariance_of_data(p, t):
    return covariance(p, t, t) + np.exp(2 * p[2]) * np.eye(t.size)


def misfit(p, t, y):
    """Minus the logarithm of the likelihood."""
    factor = np.linalg.cholesky(covariance_of_data(p, t))
    z = solve_triangular(factor, y, lower=True)
    return 0.5 * z @ z + np.sum(np.log(np.diag(factor))) + 0.5 * t.size * np.log(2 * np.pi)


def misfit_by_determinant(p, t, y):
    """The same through slogdet and a solve."""
    K = covariance_of_data(p, t)
    logarithm = np.linalg.slogdet(K).logabsdet
    return 0.5 * (y @ np.linalg.solve(K, y) + logarithm + t.size * np.log(2 * np.pi))


def gradient_by_hand(p, t, y):
    """tr((K^-1 - b b^T) dK/dp) / 2 with b = K^-1 y."""
    K = covariance_of_data(p, t)
    smooth = covariance(p, t, t)
    inverse = np.linalg.inv(K)
    b = inverse @ y
    W = 0.5 * (inverse - np.outer(b, b))
    squares = (t[:, None] - t) ** 2 * np.exp(-2 * p[1])
    return np.array(
        [
            2 * np.sum(W * smooth),
            np.sum(W * smooth * squares),
            2 * np.exp(2 * p[2]) * np.trace(W),
        ]
    )


def predict(p, t, y, at):
    """Expected value of the function at other times."""
    weights = cho_solve(cho_factor(covariance_of_data(p, t)), y)
    return covariance(p, at, t) @ weights


def observe(n=150):
    generator = np.random.default_rng(3)
    t = np.sort(generator.uniform(0, 10, n))
    factor = np.linalg.cholesky(covariance_of_data(TRUTH, t))
    return t, factor @ generator.standard_normal(n)


def fit(data):
    gradient = dt.jit(dt.value_and_grad(misfit))
    found = minimize(gradient, np.zeros(3), args=data, jac=True, method="BFGS")
    assert np.linalg.norm(found.jac) < 1e-3, found.message
    return found.x, found


def report_fit(p, found, data):
    errors = np.sqrt(np.diag(np.linalg.inv(dt.hessian(misfit)(p, *data))))
    print(f"{found.nit} steps of BFGS, {found.nfev} gradients\n")
    print(f"{'':12}{'truth':>8}{'fitted':>9}{'error':>9}")
    for name, true, value, error in zip(NAMES, np.exp(TRUTH), np.exp(p), errors, strict=True):
        print(f"{name:12}{true:8.3f}{value:9.3f}{value * error:9.3f}")
    at = np.array([2.5, 5.0])
    slopes = dt.jvp(lambda at: predict(p, *data, at), (at,), (np.ones(2),))[1]
    print(f"\nslope of the fitted function at 2.5 and 5: {slopes[0]:.3f}, {slopes[1]:.3f}\n")


def report_checks(p, data):
    p = p + np.array([0.1, -0.2, 0.3])  # away from the minimum, where the gradient vanishes
    actual = dt.grad(misfit)(p, *data)
    differences = [(misfit(p + h, *data) - misfit(p - h, *data)) / 2e-5 for h in 1e-5 * np.eye(3)]
    rows = {
        "the closed form": (gradient_by_hand(p, *data), 1e-9),
        "slogdet and solve": (dt.grad(misfit_by_determinant)(p, *data), 1e-9),
        "central differences": (np.array(differences), 1e-6),
    }
    for name, (wanted, most) in rows.items():
        error = np.max(np.abs(actual - wanted)) / np.max(np.abs(wanted))
        print(f"gradient, relative difference from {name + ':':22}{error:.1e}")
        assert error < most, name


def milliseconds(f, *args):
    f(*args)
    took = []
    for _ in range(20):
        start = time.perf_counter()
        f(*args)
        took.append(time.perf_counter() - start)
    return 1e3 * float(np.median(took))


def report_times(p, data):
    value = milliseconds(misfit, p, *data)
    rows = {
        "the misfit itself": value,
        "gradient: dt.jit(dt.grad)": milliseconds(dt.jit(dt.grad(misfit)), p, *data),
        "gradient: by hand, NumPy": milliseconds(gradient_by_hand, p, *data),
        "gradient: finite differences": milliseconds(approx_fprime, p, misfit, 1e-7, *data),
        "Hessian: dt.jit(dt.hessian)": milliseconds(dt.jit(dt.hessian(misfit)), p, *data),
    }
    print(f"\n{'median of 20 runs':32}{'ms':>8}{'x misfit':>10}")
    for name, took in rows.items():
        print(f"{name:32}{took:8.3f}{took / value:10.1f}")


def main():
    data = observe()
    p, found = fit(data)
    report_fit(p, found, data)
    report_checks(p, data)
    report_times(p, data)


if __name__ == "__main__":
    main()
