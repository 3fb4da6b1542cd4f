"""Trend and season of monthly numbers: a structural time series by the Kalman filter.

The logarithm y of the passengers of a month is level + season + noise. The level grows by a slope,
the slope wanders, and the season of a month is minus the sum of the eleven before it, up to a
disturbance (Harvey 1989, chapter 2). All that is linear and Gaussian with four unknown standard
deviations, so the filter gives their likelihood step by step: with the prediction Z a of y, its
variance F = Z P Z^T + s^2 and its error v = y - Z a,

  -log L = sum(log(2 pi F) + v^2 / F) / 2,   K = P Z^T / F,
  a <- T (a + K v),   P <- T (P - K Z P) T^T + Q.

The loop below is plain NumPy; dt.value_and_grad differentiates through all of its 144 steps.

Printed: the fitted deviations; the gradient beside the complex step and central differences; the
seasons; a forecast for each month of the next year, and how it hangs on the observations.

    python examples/time_series.py
"""

import numpy as np
from scipy.optimize import minimize

import dualtape as dt
import dualtape.numpy as dnp

# Passengers of airlines, in thousands, 1949 to 1960. Source: Box and Jenkins (1976), series G.
PASSENGERS = """
112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140
145 150 178 163 172 178 199 199 184 162 146 166 171 180 193 181 183 218 230 242 209 191 172 194
196 196 236 235 229 243 264 272 237 211 180 201 204 188 235 227 234 264 302 293 259 229 203 229
242 233 267 269 270 315 364 347 312 274 237 278 284 277 317 313 318 374 413 405 355 306 271 306
315 301 356 348 355 422 465 467 404 347 305 336 340 318 362 348 363 435 491 505 404 359 310 337
360 342 406 396 420 472 548 559 463 407 362 405 417 391 419 461 472 535 622 606 508 461 390 432
"""
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
NAMES = ("level", "slope", "season", "noise")
N = 13  # the level, the slope and eleven seasons
UNKNOWN = 4.0  # standard deviation of the state before the first month

TRANSITION = np.zeros((N, N))
TRANSITION[0, :2] = TRANSITION[1, 1] = 1.0
TRANSITION[2, 2:] = -1.0
TRANSITION[3:, 2:-1] = np.eye(N - 3)
OBSERVED = np.zeros(N)
OBSERVED[[0, 2]] = 1.0


def observe():
    return np.log(np.array(PASSENGERS.split(), float))


def run_filter(p, y):
    """State and covariance after the last month, and minus the logarithm of the likelihood."""
    variances = np.exp(2 * p)
    disturbance = dnp.diag(dnp.concatenate([variances[:3], np.zeros(N - 3)]))
    a, P = np.zeros(N), UNKNOWN**2 * np.eye(N)
    misfit = 0.0
    for k in range(len(y)):
        PZ = P @ OBSERVED
        F = PZ @ OBSERVED + variances[3]
        v = y[k] - a @ OBSERVED
        if k >= N:  # The first months only find the state.
            misfit = misfit + 0.5 * (np.log(2 * np.pi * F) + v * v / F)
        a = TRANSITION @ (a + PZ * (v / F))
        P = TRANSITION @ (P - np.multiply.outer(PZ, PZ) / F) @ TRANSITION.T + disturbance
    return a, P, misfit


def misfit(p, y):
    return run_filter(p, y)[2]


def forecast(p, y, steps=12):
    """Logarithms of the passengers of the next months."""
    a = run_filter(p, y)[0]
    ahead = []
    for _ in range(steps):
        ahead.append(a @ OBSERVED)
        a = TRANSITION @ a
    return dnp.stack(ahead)


def fit(y):
    gradient = dt.jit(dt.value_and_grad(misfit))
    start = np.log([0.05, 0.005, 0.02, 0.05])
    bounds = [(-9.0, 0.0)] * 4  # A deviation may be zero: its logarithm stays above -9.
    found = minimize(gradient, start, args=(y,), jac=True, method="L-BFGS-B", bounds=bounds)
    assert found.success, found.message
    return found.x, found


def report_fit(p, found):
    print(f"{found.nit} steps of L-BFGS-B, {found.nfev} gradients, -log L = {found.fun:.2f}\n")
    for name, value in zip(NAMES, np.exp(p), strict=True):
        print(f"standard deviation of {name + ':':8}{100 * value:7.3f} %")


def report_checks(p, y):
    p = np.maximum(p, -6) + np.array([0.1, 0.2, -0.2, 0.3])  # away from the minimum
    actual = dt.grad(misfit)(p, y)
    directions = np.eye(4)
    complex_step = [misfit(p + 1e-20j * e, y).imag / 1e-20 for e in directions]
    differences = [(misfit(p + 1e-5 * e, y) - misfit(p - 1e-5 * e, y)) / 2e-5 for e in directions]
    rows = {"the complex step": (complex_step, 1e-8), "central differences": (differences, 1e-5)}
    print()
    for name, (wanted, most) in rows.items():
        error = np.max(np.abs(actual - wanted)) / np.max(np.abs(wanted))
        print(f"gradient, relative difference from {name + ':':22}{error:.1e}")
        assert error < most, name


def report_forecast(p, y):
    a = run_filter(p, y)[0]
    # The state tells the season of the coming month and, backwards, of the ten before it.
    seasons = np.append(a[2:], -np.sum(a[2:]))[(-np.arange(12)) % 12]
    ahead = forecast(p, y)
    weights = dt.jacobian(forecast, argnums=1)(p, y)
    heads = f"{'season':>9}{'forecast':>10}{'weight of the last month,':>30}{'a year ago':>12}"
    print(f"\n{'1961':6}{heads}")
    for k, month in enumerate(MONTHS):
        values = f"{100 * np.expm1(seasons[k]):+8.1f}%{np.exp(ahead[k]):10.0f}"
        print(f"{month:6}{values}{weights[k, -1]:30.3f}{weights[k, k - 12]:12.3f}")
    # A constant added to every observation is added to the forecast: the weights' sum is one.
    assert np.allclose(weights.sum(1), 1, atol=1e-2)


def main():
    y = observe()
    p, found = fit(y)
    report_fit(p, found)
    report_checks(p, y)
    report_forecast(p, y)


if __name__ == "__main__":
    main()
