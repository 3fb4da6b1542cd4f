"""Rates of predator and prey from counts: a C++ model fitted with SciPy, by exact derivatives.

Install the module first: pip install --no-build-isolation ./examples/cpp_model
"""

import numpy as np
from _populations import populations
from scipy.optimize import least_squares

import dualtape as dt

START = np.array([30.0, 4.0])
TRUTH = np.array([0.55, 0.028, 0.024, 0.8])


def residuals(logarithms, counts):
    """The C++ model amid NumPy: logarithms of the rates keep them positive."""
    return (populations(np.exp(logarithms), START) - counts).ravel()


def loss(logarithms, counts):
    return 0.5 * np.sum(residuals(logarithms, counts) ** 2)


def main():
    counts = populations(TRUTH, START)
    guess = np.log([0.5, 0.03, 0.03, 0.7])
    jacobian = dt.jit(dt.jacobian(residuals))
    fit = least_squares(residuals, guess, jac=jacobian, args=(counts,), xtol=1e-14, ftol=1e-14)
    print(*(f"{rate:.12g}" for rate in np.exp(fit.x)))

    # The curvature at the best fit, second derivatives of the model included: standard errors of
    # the logarithms for counts known to within 1.
    curvature = dt.hessian(loss)(fit.x, counts)
    print(*(f"{error:.6g}" for error in np.sqrt(np.diag(np.linalg.inv(curvature)))))


if __name__ == "__main__":
    main()
