"""Weigh the black hole in the middle of our galaxy: fit the orbit of the star S2.

Sky positions of a star over 18 years (simulated from the orbit published by the GRAVITY
collaboration (2018), A&A 615, L15, with errors of 0.4 milliarcseconds) are fitted by a Kepler orbit
of seven parameters. Its place at a time comes from Kepler's equation, solved by Newton's method in
a Python loop that stops when it has converged: ordinary NumPy, differentiated as it stands.

  gradient    for SciPy's minimizer
  Hessian     for the same, and for the errors of the parameters (its inverse is their covariance)
  gradient    of the mass in the parameters, to carry their errors over to it

Printed: the fit, each derivative beside an independent answer (the complex step, and a gradient
derived by hand), and what they cost. A picture goes to fit_orbit.png.

    python examples/fit_orbit.py [picture.png]
"""

import sys
import time

import numpy as np
from scipy.optimize import approx_fprime, minimize

import dualtape as dt

ERROR = 0.4  # milliarcseconds (mas), of each coordinate
DISTANCE = 8178.0  # parsec; a mas at one parsec is 1e-3 astronomical units

# Thiele-Innes constants A, B, F, G (mas), period (years), eccentricity, time of closest approach
# (years): what the sky shows of an orbit.
NAMES = ("A", "B", "F", "G", "period", "eccentricity", "closest approach")
UNITS = ("mas", "mas", "mas", "mas", "years", "", "years")


def elements(a, inclination, argument, node, period, eccentricity, closest):
    """Parameters of the fit from what astronomers publish (mas, degrees, years)."""
    i, w, n = np.radians([inclination, argument, node])
    return np.array(
        [
            a * (np.cos(w) * np.cos(n) - np.sin(w) * np.sin(n) * np.cos(i)),
            a * (np.cos(w) * np.sin(n) + np.sin(w) * np.cos(n) * np.cos(i)),
            a * (-np.sin(w) * np.cos(n) - np.cos(w) * np.sin(n) * np.cos(i)),
            a * (-np.sin(w) * np.sin(n) + np.cos(w) * np.cos(n) * np.cos(i)),
            period,
            eccentricity,
            closest,
        ]
    )


TRUTH = elements(125.058, 134.18, 65.51, 226.94, 16.0518, 0.88466, 2018.3790)


def eccentric_anomaly(mean, e):
    """E with E - e sin E = mean, in [0, 2 pi): Newton's method from pi always converges.

    The last step, after convergence, is for the derivative: it trails the value by one step.
    """
    E = np.pi + 0 * mean
    done = False
    while not done:
        step = (E - e * np.sin(E) - mean) / (1 - e * np.cos(E))
        E = E - step
        done = np.max(np.abs(step)) < 1e-9
    return E - (E - e * np.sin(E) - mean) / (1 - e * np.cos(E))


def orbit(p, t):
    """Offsets in declination and right ascension (mas) at times t (years)."""
    turns = (t - p[6]) / p[4]
    turns = turns - np.floor(turns.real)
    E = eccentric_anomaly(2 * np.pi * turns, p[5])
    X = np.cos(E) - p[5]
    Y = np.sqrt(1 - p[5] ** 2) * np.sin(E)
    return p[0] * X + p[2] * Y, p[1] * X + p[3] * Y


def misfit(p, t, north, east):
    """Half of chi square: minus the logarithm of the likelihood."""
    x, y = orbit(p, t)
    return 0.5 * np.sum(((x - north) / ERROR) ** 2 + ((y - east) / ERROR) ** 2)


def mass(p):
    """Mass in the focus, in millions of suns, by Kepler's third law."""
    u = 0.5 * (p[0] ** 2 + p[1] ** 2 + p[2] ** 2 + p[3] ** 2)
    v = p[0] * p[3] - p[1] * p[2]
    axis = np.sqrt(u + np.sqrt(u**2 - v**2)) * 1e-3 * DISTANCE  # astronomical units
    return axis**3 / p[4] ** 2 * 1e-6


def gradient_by_hand(p, t, north, east):
    """What one would write without dualtape; Kepler's equation is differentiated implicitly."""
    A, B, F, G, period, e, closest = p
    turns = (t - closest) / period
    E = eccentric_anomaly(2 * np.pi * (turns - np.floor(turns.real)), e)
    sin, cos, root = np.sin(E), np.cos(E), np.sqrt(1 - e**2)
    X, Y = cos - e, root * sin
    rx = (A * X + F * Y - north) / ERROR**2
    ry = (B * X + G * Y - east) / ERROR**2
    X_bar, Y_bar = A * rx + B * ry, F * rx + G * ry
    E_bar = -sin * X_bar + root * cos * Y_bar
    mean_bar = 2 * np.pi * E_bar / (1 - e * cos)
    e_bar = np.sum(-X_bar - e / root * sin * Y_bar + E_bar * sin / (1 - e * cos))
    period_bar, closest_bar = -np.sum(mean_bar * turns) / period, -np.sum(mean_bar) / period
    return np.array([rx @ X, ry @ X, rx @ Y, ry @ Y, period_bar, e_bar, closest_bar])


def complex_step(function, p, *data):
    """Derivative exact to rounding, by other means: Im f(p + i h) / h, one parameter at a time."""
    steps = 1e-30j * np.eye(len(p))
    return np.array([function(p + step, *data).imag / 1e-30 for step in steps])


def observe():
    """45 observations from 2002 to 2020, denser around the closest approach."""
    random = np.random.default_rng(2018)
    t = np.sort(np.concatenate([np.linspace(2002, 2020, 30), np.linspace(2018.1, 2018.7, 15)]))
    north, east = orbit(TRUTH, t)
    return t, north + random.normal(0, ERROR, t.size), east + random.normal(0, ERROR, t.size)


def fit(data):
    """Minimize the misfit from a first guess that is off by several percent."""
    guess = TRUTH + np.array([6.0, -5.0, 4.0, 5.0, 0.3, -0.02, 0.05])
    # Parameters of unlike units: the minimizer sees each in its own scale.
    scale = np.array([10.0, 10.0, 10.0, 10.0, 0.1, 0.01, 0.01])

    def scaled(q):
        return misfit(q * scale, *data)

    found = minimize(
        dt.jit(dt.value_and_grad(scaled)),
        guess / scale,
        jac=True,
        hess=dt.jit(dt.hessian(scaled)),
        method="trust-exact",
        options={"gtol": 1e-6},
    )
    return found.x * scale, found


def milliseconds(function, *args, repeats=200):
    function(*args)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(*args)
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def report_fit(p, found, data):
    covariance = np.linalg.inv(dt.hessian(misfit)(p, *data))
    errors = np.sqrt(np.diag(covariance))
    degrees = 2 * len(data[0]) - len(p)
    print(f"Fitted in {found.nit} iterations: chi^2 = {2 * found.fun:.1f}, {degrees} free\n")
    print(f"{'':18}{'fitted':>12} {'error':>9} {'true':>12}")
    for name, unit, value, error, true in zip(NAMES, UNITS, p, errors, TRUTH, strict=True):
        print(f"{name:18}{value:12.5f} {error:9.5f} {true:12.5f} {unit}")
    slope = dt.grad(mass)(p)
    print(
        f"\nmass of the black hole {mass(p):.3f} +- {np.sqrt(slope @ covariance @ slope):.3f} "
        f"million suns at {DISTANCE:.0f} parsec (true: {mass(TRUTH):.3f})\n"
    )


def report_checks(p, data):
    """Derivatives where they are not zero: away from the minimum."""
    p = p + 0.01 * np.abs(p) * np.array([1, -1, 1, -1, 0.1, 0.1, 0.001])
    by_dualtape = dt.grad(misfit)(p, *data)
    by_hand = gradient_by_hand(p, *data)
    by_complex_step = complex_step(misfit, p, *data)
    print(f"{'derivative in':18}{'dualtape':>22}{'complex step':>22}{'by hand':>22}")
    for name, a, b, c in zip(NAMES, by_dualtape, by_complex_step, by_hand, strict=True):
        print(f"{name:18}{a:22.12e}{b:22.12e}{c:22.12e}")
    hessian = complex_step(gradient_by_hand, p, *data)
    errors = {
        "gradient, complex step": _error(by_dualtape, by_complex_step),
        "gradient, by hand": _error(by_dualtape, by_hand),
        "Hessian, complex step": _error(dt.hessian(misfit)(p, *data), hessian),
    }
    for name, error in errors.items():
        print(f"relative difference from {name + ':':28}{error:.1e}")
        assert error < 1e-10, name
    print()


def _error(a, b):
    return np.max(np.abs(a - b)) / np.max(np.abs(b))


def report_times(p, data):
    value = milliseconds(misfit, p, *data)
    rows = {
        "the misfit itself": value,
        "gradient: dt.grad": milliseconds(dt.grad(misfit), p, *data),
        "gradient: dt.jit(dt.grad)": milliseconds(dt.jit(dt.grad(misfit)), p, *data),
        "gradient: by hand, NumPy": milliseconds(gradient_by_hand, p, *data),
        "gradient: finite differences": milliseconds(approx_fprime, p, misfit, 1e-7, *data),
        "Hessian: dt.jit(dt.hessian)": milliseconds(dt.jit(dt.hessian(misfit)), p, *data),
    }
    print(f"{'median of 200 runs':32}{'ms':>8}{'x misfit':>10}")
    for name, took in rows.items():
        print(f"{name:32}{took:8.3f}{took / value:10.1f}")


def draw(p, data, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    t, north, east = data
    x, y = orbit(p, np.linspace(2002, 2002 + p[4], 2000))
    figure, (sky, residuals) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    sky.plot(y, x, color="tab:blue", lw=1, label="fitted orbit")
    sky.errorbar(east, north, ERROR, ERROR, "k.", ms=4, lw=0.8, label="observations")
    sky.plot(0, 0, "r*", ms=11, label=f"black hole, {mass(p):.2f} million suns")
    sky.invert_xaxis()  # East is left on the sky.
    sky.set(xlabel="east (mas)", ylabel="north (mas)", aspect="equal", title="S2 around Sgr A*")
    sky.legend(loc="center", fontsize=8)
    model = orbit(p, t)
    for observed, there, name in ((north, model[0], "north"), (east, model[1], "east")):
        residuals.errorbar(t, observed - there, ERROR, fmt=".", lw=0.8, label=name)
    residuals.axhline(0, color="grey", lw=0.8)
    residuals.set(xlabel="year", ylabel="observed - fitted (mas)", title="residuals")
    residuals.legend(fontsize=8)
    figure.savefig(path, dpi=130)
    print(f"\npicture: {path}")


def main(path="fit_orbit.png"):
    data = observe()
    p, found = fit(data)
    report_fit(p, found, data)
    report_checks(p, data)
    report_times(p, data)
    draw(p, data, path)


if __name__ == "__main__":
    main(*sys.argv[1:2])
