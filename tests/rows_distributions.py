"""Rows of the table of functions: families of distributions, quantiles, moments, samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from table_rows import Table, cell, grid, row

V = cell(5)
P = cell(5, low=0.3, high=2.9)
U = cell(5, seed=2, low=0.1, high=0.9)
A, S = cell(3, 4), grid(3)
COUNTS = np.array([0, 1, 2, 4, 3])

# Where the argument lies, the shapes, and what is recorded beside the density.
TAILS = ("cdf", "sf", "logcdf", "logsf")
FAMILIES: dict[str, tuple[Any, tuple[float, ...], tuple[str, ...]]] = {
    "arcsine": (U, (), (*TAILS, "ppf")),
    "betaprime": (P, (2.0, 3.0), (*TAILS, "ppf")),
    "bradford": (U, (0.5,), ("cdf", "ppf")),
    "burr": (P, (2.0, 3.0), (*TAILS, "ppf")),
    "burr12": (P, (2.0, 3.0), (*TAILS, "ppf")),
    "dgamma": (V, (1.5,), TAILS),
    "dweibull": (V, (1.5,), TAILS),
    "exponnorm": (V, (1.5,), TAILS),
    "exponweib": (P, (1.5, 1.2), (*TAILS, "ppf")),
    "fatiguelife": (P, (0.7,), TAILS),
    "fisk": (P, (2.5,), (*TAILS, "ppf", "isf")),
    "foldnorm": (P, (0.7,), TAILS),
    "genextreme": (V, (-0.1,), (*TAILS, "ppf")),
    "gengamma": (P, (2.0, 1.5), (*TAILS, "ppf", "isf")),
    "genlogistic": (V, (1.5,), (*TAILS, "ppf")),
    "genpareto": (P, (0.2,), (*TAILS, "ppf", "isf")),
    "gibrat": (P, (), (*TAILS, "ppf", "isf")),
    "gompertz": (P, (0.7,), (*TAILS, "ppf", "isf")),
    "halfgennorm": (P, (1.5,), TAILS),
    "halflogistic": (P, (), (*TAILS, "ppf", "isf")),
    "hypsecant": (V, (), (*TAILS, "ppf")),
    "invweibull": (P, (1.7,), (*TAILS, "ppf")),
    "johnsonsb": (U, (0.5, 1.2), (*TAILS, "ppf")),
    "johnsonsu": (V, (0.5, 1.2), (*TAILS, "ppf")),
    "laplace_asymmetric": (V, (1.4,), TAILS),
    "levy": (P, (), (*TAILS,)),
    "loglaplace": (P, (2.0,), TAILS),
    "loguniform": (P, (0.05, 4.0), (*TAILS, "ppf", "isf")),
    "lomax": (P, (2.3,), (*TAILS, "ppf", "isf")),
    "moyal": (V, (), ("cdf", "logcdf")),
    "nakagami": (P, (1.5,), (*TAILS, "ppf")),
    "norminvgauss": (V, (1.5, 0.5), ()),
    "powerlaw": (U, (1.5,), (*TAILS, "ppf")),
    "powernorm": (V, (1.5,), (*TAILS, "ppf")),
    "rice": (P, (0.8,), ()),
    "semicircular": (0.4 * V, (), TAILS),
    "skewcauchy": (V, (0.3,), ()),
    "triang": (U, (0.43,), (*TAILS, "ppf")),
    "truncexpon": (P, (4.0,), (*TAILS, "ppf")),
    "vonmises": (V, (1.3,), ()),
    "wald": (P, (), TAILS),
    "weibull_max": (-P, (1.7,), (*TAILS, "ppf")),
    # Of these the densities are in rows_scipy.py.
    "beta": (U, (2.1, 3.2), ("ppf", "isf")),
    "cauchy": (V, (), ("ppf", "isf")),
    "chi": (P, (2.5,), ("ppf", "isf")),
    "chi2": (P, (3.0,), ("ppf", "isf")),
    "expon": (P, (), ("ppf", "isf")),
    "f": (P, (3.0, 5.0), ("ppf",)),
    "gamma": (P, (2.3,), ("ppf", "isf")),
    "gennorm": (V, (1.5,), TAILS),
    "gumbel_l": (V, (), ("ppf", "isf")),
    "gumbel_r": (V, (), ("ppf", "isf")),
    "halfcauchy": (P, (), ("ppf", "isf")),
    "halfnorm": (P, (), ("ppf", "isf")),
    "invgamma": (P, (2.5,), ("ppf", "isf")),
    "invgauss": (P, (0.8,), TAILS),
    "laplace": (V, (), ("ppf", "isf")),
    "loggamma": (V, (1.5,), (*TAILS, "ppf", "isf")),
    "logistic": (V, (), ("ppf", "isf")),
    "maxwell": (P, (), ("ppf", "isf")),
    "pareto": (P, (2.5,), ("ppf", "isf")),
    "rayleigh": (P, (), ("ppf", "isf")),
    "skewnorm": (V, (0.8,), TAILS),
    "t": (V, (3.5,), ("ppf", "isf")),
    "truncnorm": (V, (-1.9, 2.3), TAILS),
    "uniform": (U, (), ("ppf", "isf")),
    "weibull_min": (P, (1.7,), ("ppf", "isf")),
}
COUNTED: dict[str, tuple[Any, tuple[float, ...], tuple[str, ...]]] = {
    "bernoulli": (COUNTS % 2, (0.3,), ("cdf", "sf")),
    "betanbinom": (COUNTS, (3.0, 2.0, 3.0), ()),
    "boltzmann": (COUNTS, (1.2, 7.0), ("cdf",)),
    "dlaplace": (COUNTS - 2, (0.7,), ()),
    "logser": (COUNTS + 1, (0.4,), ()),
    "planck": (COUNTS, (0.6,), TAILS),
    "skellam": (COUNTS - 1, (1.5, 2.5), ()),
    "yulesimon": (COUNTS + 1, (2.5,), ("cdf", "sf")),
    "zipf": (COUNTS + 1, (2.5,), ("cdf", "sf")),
}
WHOLE = {"boltzmann": (False, True), "betanbinom": (True, False, False)}  # shapes that count
ULPS = 1500.0  # SciPy's own formulas cancel here and there


def _continuous() -> Table:
    made: Table = {}
    for name, (z, shapes, methods) in FAMILIES.items():
        x = 0.3 + 1.5 * z
        for method in (() if methods and "cdf" not in methods else ("logpdf", "pdf")) + methods:

            def f(
                s: Any, x: Any, sigma: Any, name: str = name, shapes: Any = shapes, m: str = method
            ) -> Any:
                # A shape moves with the scale: derivatives in the shapes are seen too.
                own = [c + 0.05 * (sigma[0] - 1.5) for c in shapes]
                return getattr(getattr(s, name), m)(x, *own, 0.3, sigma)

            given = U if method in ("ppf", "isf") else x
            made[f"{name}.{method}"] = row(f, given, np.full(1, 1.5), plain=False, ulps=ULPS)
    return made


def _discrete() -> Table:
    made: Table = {}
    for name, (k, shapes, methods) in COUNTED.items():
        fixed = WHOLE.get(name, (False,) * len(shapes))

        for method in ("logpmf", "pmf", *methods):

            def f(
                s: Any,
                u: Any,
                name: str = name,
                k: Any = k,
                shapes: Any = shapes,
                fixed: Any = fixed,
                m: str = method,
            ) -> Any:
                own = [c if whole else c + 0.1 * u for c, whole in zip(shapes, fixed, strict=True)]
                return getattr(getattr(s, name), m)(k, *own)

            edge = name == "bernoulli"  # sf of one is zero
            given = U[:5] if not edge else U
            made[f"{name}.{method}"] = row(f, given, plain=False, ulps=ULPS)
    return made  # fmt: skip


MOMENTS: Table = {
    f"{name}.{which}": row(
        lambda s, a, name=name, which=which, k=k: getattr(getattr(s, name), which)(
            *([0.25 * k * a] if k else []), 0.5, 1.0 + a
        ),
        np.asarray(3.2),
        plain=False,
    )
    for name, k in (
        ("norm", 0), ("expon", 0), ("gamma", 4), ("chi2", 4), ("uniform", 0), ("laplace", 0),
        ("logistic", 0), ("gumbel_r", 0), ("rayleigh", 0), ("halfnorm", 0), ("lognorm", 1),
        ("exponnorm", 4),
    )
    for which in ("mean", "var", "std")
}  # fmt: skip
MOMENTS |= {
    # SciPy's own fails in float32.
    "t.var": row(lambda s, df: s.t.var(df + np.float64(0)), np.asarray(4.2), plain=False),
    "poisson.mean": row(lambda s, m: s.poisson.mean(m), np.asarray(1.7), plain=False),
    "binom.var": row(lambda s, p: s.binom.var(7, p), np.asarray(0.3), plain=False),
    "norm.median": row(lambda s, m, x: s.norm.median(m, x), *np.array([0.3, 1.2]), plain=False),
    "gamma.interval": row(lambda s, a: s.gamma.interval(0.9, a)[1], np.asarray(1.4), plain=False),
}

_COV = S @ S.T
VECTORS: Table = {
    "multivariate_normal.logpdf singular": row(
        lambda s, x, m: s.multivariate_normal.logpdf(
            x * np.array([1.0, 1.0, 0.0]), m * np.array([1.0, 1.0, 0.0]),
            np.diag([1.5, 0.7, 0.0]), allow_singular=True,
        ),
        A.T, V[:3], plain=False, ulps=2000,
    ),
    "multivariate_t.logpdf": row(
        lambda s, x, m, L: s.multivariate_t.logpdf(x, m, L @ L.T, df=3.5), A.T, V[:3], S,
        plain=False, ulps=2000,
    ),
    "dirichlet_multinomial.logpmf": row(
        lambda s, a: s.dirichlet_multinomial.logpmf([1, 2, 0, 1, 1], a, 5), P, plain=False,
        ulps=800,
    ),
    "wishart.logpdf": row(
        lambda s, L, M: s.wishart.logpdf(L @ L.T, 5, M @ M.T), S, grid(3, 1), plain=False,
        ulps=4000,
    ),
    "invwishart.logpdf": row(
        lambda s, L, M: s.invwishart.logpdf(L @ L.T, 5, M @ M.T), S, grid(3, 1), plain=False,
        ulps=4000,
    ),
    "matrix_normal.logpdf": row(
        lambda s, x, L, M: s.matrix_normal.logpdf(x, 0.1 * x, L @ L.T, M @ M.T),
        A, S, grid(4, 1), plain=False, ulps=4000,
    ),
}  # fmt: skip


def _sample(name: str, *args: Any, **options: Any) -> Any:
    return row(lambda s, *x: getattr(s, name)(*x, **options), *args, plain=False)


SAMPLES: Table = {
    "zscore": _sample("zscore", A, axis=1, ddof=1),
    "zmap": _sample("zmap", V, P),
    "skew": _sample("skew", A, axis=1),
    "skew unbiased": _sample("skew", V, bias=False),
    "kurtosis": _sample("kurtosis", A, axis=None),
    "kurtosis unbiased": _sample("kurtosis", V, bias=False, fisher=False),
    "moment": _sample("moment", A, order=3, axis=1),
    "sem": _sample("sem", A),
    "variation": _sample("variation", P, ddof=1),
    "gmean": _sample("gmean", P),
    "hmean": _sample("hmean", P),
    "pmean": _sample("pmean", P, p=2.5),
    "gstd": _sample("gstd", P),
    "iqr": _sample("iqr", A, axis=1),
    "median_abs_deviation": _sample("median_abs_deviation", P**2),
    "entropy": _sample("entropy", P),
    "entropy relative": _sample("entropy", P, U, base=2.0),
    "boxcox": row(lambda s, x, p: s.boxcox(x, p[()]), P, np.asarray(0.7), plain=False),
    "yeojohnson": row(lambda s, x: s.yeojohnson(x, 0.7), V, plain=False),
    "boxcox_llf": row(lambda s, p, x: s.boxcox_llf(p, x), np.asarray(0.7), P, plain=False),
    "yeojohnson_llf": row(lambda s, p, x: s.yeojohnson_llf(p, x), np.asarray(0.7), V, plain=False),
}

DISTRIBUTIONS: Table = _continuous() | _discrete() | MOMENTS | VECTORS | SAMPLES
