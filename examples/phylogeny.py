"""How five species are related in time: the likelihood of a tree by Felsenstein's pruning.

Along a branch of length t a base of a sequence changes with the probabilities expm(Q t) of the
model of Hasegawa, Kishino and Yano (1985): Q[i, j] = pi[j], times kappa for a transition (A with G,
C with T), scaled to one change for each unit of t. The likelihood of the bases seen at the tips
goes up the tree (Felsenstein 1981): for each base i of an inner node

  log L[i] = sum over its branches of logsumexp_j(log P[i, j] + log L_child[j]),

and at the root logsumexp_i(log pi[i] + log L[i]), summed over the sites. Fitted are the logarithms
of the seven branch lengths and of kappa, and the frequencies pi as a softmax.

Printed: the fit beside the truth, with errors from the Hessian; the gradient beside the complex
step and central differences; what it costs.

    python examples/phylogeny.py
"""

import time

import numpy as np
from scipy.optimize import minimize

import dualtape as dt
from dualtape.scipy.linalg import expm
from dualtape.scipy.special import logsumexp, softmax

SITES = 400
TRANSITIONS = np.zeros((4, 4), bool)  # bases in the order A, C, G, T
TRANSITIONS[[0, 2, 1, 3], [2, 0, 3, 1]] = True
# A node is the pair of its branches, each the number of its length and what is at its end; the
# two branches at the root are one, for the model runs alike forwards and backwards in time.
APES = ((3, "gorilla"), (4, ((5, "orang"), (6, "gibbon"))))
TREE = ((0, ((1, "human"), (2, "chimp"))), (None, APES))
LENGTHS = np.array([0.08, 0.05, 0.06, 0.09, 0.1, 0.12, 0.15])
KAPPA = 4.0
FREQUENCIES = np.array([0.32, 0.25, 0.13, 0.30])
TRUTH = np.concatenate([np.log(LENGTHS), [np.log(KAPPA)], np.log(FREQUENCIES[:3] / FREQUENCIES[3])])


def model(p):
    """Lengths, rates and frequencies of the unbounded parameters."""
    pi = softmax(np.concatenate([p[8:], np.zeros(1)]))
    rates = np.where(TRANSITIONS, np.exp(p[7]), 1.0) * pi * (1 - np.eye(4))
    rates = rates - np.diag(rates.sum(1))
    return np.exp(p[:7]), rates / -(pi @ np.diag(rates)), pi


def log_likelihoods(node, lengths, rates, tips):
    """log L[i] of each base i at a node, for all sites: shape (4, sites)."""
    if isinstance(node, str):
        return tips[node]
    total = 0.0
    for number, child in node:
        below = log_likelihoods(child, lengths, rates, tips)
        if number is not None:
            changes = np.log(expm(rates * lengths[number]))
            below = logsumexp(changes[:, :, None] + below, axis=1)
        total = total + below
    return total


def misfit(p, tips):
    """Minus the logarithm of the likelihood."""
    lengths, rates, pi = model(p)
    at_root = log_likelihoods(TREE, lengths, rates, tips)
    return -np.sum(logsumexp(np.log(pi)[:, None] + at_root, axis=0))


def evolve(node, bases, transitions, generator, seen):
    """Draws the bases at the tips below a node."""
    if isinstance(node, str):
        seen[node] = bases
        return
    for number, child in node:
        now = bases
        if number is not None:
            cumulative = np.cumsum(transitions[number], axis=1)[bases]
            now = (generator.random(SITES)[:, None] > cumulative).sum(1)
        evolve(child, now, transitions, generator, seen)


def observe():
    generator = np.random.default_rng(4)
    lengths, rates, pi = model(TRUTH)
    transitions = expm(rates * lengths[:, None, None])
    seen = {}
    evolve(TREE, generator.choice(4, SITES, p=pi), transitions, generator, seen)
    # log L at a tip: 0 for the base that is there, and as good as never for the others.
    rows = np.arange(4)[:, None]
    return {name: np.where(bases == rows, 0.0, -1e3) for name, bases in seen.items()}


def fit(tips):
    gradient = dt.jit(dt.value_and_grad(misfit))
    start = np.concatenate([np.full(7, np.log(0.1)), np.zeros(4)])
    found = minimize(gradient, start, args=(tips,), jac=True, method="BFGS")
    assert np.linalg.norm(found.jac) < 1e-3, found.message
    return found.x, found


def report_fit(p, found, tips):
    errors = np.sqrt(np.diag(np.linalg.inv(dt.hessian(misfit)(p, tips))))
    print(f"{found.nit} steps of BFGS, {found.nfev} gradients, -log L = {found.fun:.2f}\n")
    print(f"{'':20}{'truth':>8}{'fitted':>9}{'error':>9}")
    names = [f"branch {k}" for k in range(7)] + ["kappa"]
    for name, true, value, error in zip(names, np.exp(TRUTH), np.exp(p), errors, strict=False):
        print(f"{name:20}{true:8.3f}{value:9.3f}{value * error:9.3f}")
    for base, true, value in zip("ACGT", FREQUENCIES, model(p)[2], strict=True):
        print(f"{'frequency of ' + base:20}{true:8.3f}{value:9.3f}")


def report_checks(p, tips):
    p = p + 0.2 * np.cos(np.arange(p.size))  # away from the minimum
    actual = dt.grad(misfit)(p, tips)
    directions = np.eye(p.size)
    complex_step = [misfit(p + 1e-20j * e, tips).imag / 1e-20 for e in directions]
    differences = [
        (misfit(p + 1e-5 * e, tips) - misfit(p - 1e-5 * e, tips)) / 2e-5 for e in directions
    ]
    rows = {"the complex step": (complex_step, 1e-10), "central differences": (differences, 1e-6)}
    print()
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


def report_times(p, tips):
    value = milliseconds(misfit, p, tips)
    gradient = milliseconds(dt.jit(dt.value_and_grad(misfit)), p, tips)
    print(f"\nmisfit in NumPy {value:.2f} ms, with its gradient {gradient:.2f} ms")


def main():
    tips = observe()
    p, found = fit(tips)
    report_fit(p, found, tips)
    report_checks(p, tips)
    report_times(p, tips)


if __name__ == "__main__":
    main()
