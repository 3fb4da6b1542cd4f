"""Rows of the table of functions: SciPy's special functions, distributions, filters, splines."""

from __future__ import annotations

from typing import Any

import numpy as np
from table_rows import Row, Table, cell, grid, row

V, W = cell(5), cell(5, seed=1)
P, Q = cell(5, low=0.3, high=2.9), cell(5, seed=1, low=0.4, high=3.1)
U = cell(5, seed=2, low=0.1, high=0.9)
A, S = cell(3, 4), grid(3)
ORDERS = np.array([0.0, 0.5, 1.0, 2.25, 7.0])


def _named(name: str, *args: Any, **options: Any) -> Row:
    return row(lambda sp, *x: getattr(sp, name)(*x), *args, **options)


SPECIAL: Table = {
    "erf": _named("erf", V),
    "erfc": _named("erfc", V),
    "erfcx": _named("erfcx", 1.3 * V),
    "erfcx tail": _named("erfcx", 5 + 4 * P),
    "erfinv": _named("erfinv", 0.4 * V),
    "erfcinv": _named("erfcinv", 0.6 * P),
    "ndtr": _named("ndtr", V),
    "ndtri": _named("ndtri", U),
    "ndtri tail": row(lambda sp, x: sp.ndtri(x**7), 0.1 * P),
    "gammainc": _named("gammainc", P, Q),
    "gammainc large": row(lambda sp, a, x: sp.gammainc(40 * a, 40 * x), P, Q),
    "gammaincc": _named("gammaincc", P, Q),
    "gammaincc tail": row(lambda sp, a, x: sp.gammaincc(a, 3 + 2 * x), P, Q),
    "betainc": _named("betainc", P, Q, U),
    "betainc large": row(lambda sp, a, b, x: sp.betainc(20 * a, 20 * b, x), P, Q, 0.3 + 0.4 * U),
    "log_ndtr": _named("log_ndtr", 3 * V),
    "log_ndtr tail": _named("log_ndtr", -9 * P),
    "expit": _named("expit", V),
    "log_expit": _named("log_expit", V),
    "logit": _named("logit", U),
    "exprel": _named("exprel", V),
    "xlogy": _named("xlogy", V, P),
    "xlog1py": _named("xlog1py", V, P),
    "entr": _named("entr", P),
    "rel_entr": _named("rel_entr", P, Q),
    "kl_div": _named("kl_div", P, Q),
    "huber": _named("huber", P, W),
    "pseudo_huber": _named("pseudo_huber", P, W),
    "boxcox": _named("boxcox", P, W),
    "boxcox zero": row(lambda sp, x: sp.boxcox(x, 0.0), P),
    "boxcox1p": _named("boxcox1p", P, W),
    "inv_boxcox": _named("inv_boxcox", P, U),
    "inv_boxcox1p": _named("inv_boxcox1p", P, U),
    "cosm1": _named("cosm1", V),
    "exp10": _named("exp10", V),
    "exp2": _named("exp2", V),
    "expm1": _named("expm1", V),
    "log1p": _named("log1p", P),
    "cbrt": _named("cbrt", P),
    "sindg": _named("sindg", 100 * V, ulps=4000),
    "cosdg": _named("cosdg", 100 * V, ulps=4000),
    "tandg": _named("tandg", 20 * V, ulps=1000),
    "cotdg": _named("cotdg", 20 * P, ulps=1000),
    "radian": _named("radian", V, W, P),
    "sinc": _named("sinc", V),
    "zeta": _named("zeta", P + 1, Q),
    "zeta riemann": _named("zeta", P + 1),
    "zeta left": _named("zeta", -P),
    "j0": _named("j0", 4 * V),
    "j1": _named("j1", 4 * V),
    "y0": _named("y0", 4 * P),
    "y1": _named("y1", P),
    "i0": _named("i0", V),
    "i0e": _named("i0e", V),
    "i1": _named("i1", 5 * V),
    "i1e": _named("i1e", V),
    "k0": _named("k0", P),
    "k0e": _named("k0e", P),
    "k1": _named("k1", P),
    "k1e": _named("k1e", P),
    "jv": row(lambda sp, x: sp.jv(2.5, x), 4 * P),
    "jv negative": row(lambda sp, x: sp.jv(-1.25, x), P),
    "jn": row(lambda sp, x: sp.jn(3.0, x), 4 * V),
    "yv": row(lambda sp, x: sp.yv(1.75, x), P),
    "yn": row(lambda sp, x: sp.yn(2, x), P),
    "iv": row(lambda sp, x: sp.iv(ORDERS.astype(x.dtype), x), P),
    "ive": row(lambda sp, x: sp.ive(1.5, x), P),
    "kv": row(lambda sp, x: sp.kv(2.5, x), P),
    "kn": row(lambda sp, x: sp.kn(3, x), P),
    "kve": row(lambda sp, x: sp.kve(0.75, x), P),
    "gammaln": _named("gammaln", P),
    "gammasgn": row(lambda sp, x: sp.gammasgn(x) * x, V),
    "gamma": _named("gamma", P),
    "gamma negative": _named("gamma", -U - 1),
    "rgamma": _named("rgamma", P),
    "loggamma": _named("loggamma", P),
    "digamma": _named("digamma", P),
    "psi": _named("psi", P),
    "polygamma": row(lambda sp, x: sp.polygamma(1, x), P, plain=False),
    "polygamma orders": row(lambda sp, x: sp.polygamma([0, 1, 2, 3, 2], x), P, plain=False),
    "multigammaln": row(lambda sp, x: sp.multigammaln(x, 3)[()], np.asarray(P[0] + 2), plain=False),
    "beta": _named("beta", P, Q),
    "betaln": _named("betaln", P, Q),
    "betaln equal": row(lambda sp, x: sp.betaln(x, x), P),
    "betaln large": row(lambda sp, x, y: sp.betaln(x + 11, y), P, Q),
    "betaln both-large": row(lambda sp, x, y: sp.betaln(x + 11, y + 30), P, Q),
    "binom": row(lambda sp, n, k: sp.binom(n + 4, k), P, Q),
    "poch": _named("poch", P, Q),
    "factorial": row(lambda sp, x: sp.factorial(x), P, plain=False),
    "logsumexp": row(lambda sp, x: sp.logsumexp(x, axis=1), A, plain=False),
    "logsumexp weights": row(
        lambda sp, x, b: sp.logsumexp(x, axis=0, b=b[:4] ** 2, keepdims=True), A, V, plain=False
    ),
    "softmax": row(lambda sp, x: sp.softmax(x, axis=0), A, plain=False),
    "log_softmax": row(lambda sp, x: sp.log_softmax(x, axis=1), A, plain=False),
    "eval_legendre": row(lambda sp, x: sp.eval_legendre(5, x), V),
    "eval_chebyt": row(lambda sp, x: sp.eval_chebyt(4, x), V),
    "eval_chebyu": row(lambda sp, x: sp.eval_chebyu(4, x), V),
    "eval_hermite": row(lambda sp, x: sp.eval_hermite(4, x), V),
    "eval_hermitenorm": row(lambda sp, x: sp.eval_hermitenorm(5, x), V),
    "eval_laguerre": row(lambda sp, x: sp.eval_laguerre(3, x), V),
}  # fmt: skip


def _densities() -> Table:
    table: Table = {}
    wide = {"loc": W * 0.1, "scale": Q}

    def add(
        name: str,
        x: Any,
        *shapes: Any,
        discrete: bool = False,
        more: str = "",
        densities: bool = True,
        variant: str = "",
    ) -> None:
        log_name = "logpmf" if discrete else "logpdf"

        def scaled(method: str) -> Any:
            def f(stats: Any, *args: Any) -> Any:
                law = getattr(stats, name)
                if discrete:
                    return getattr(law, method)(counts, *args)
                return getattr(law, method)(args[0], *args[1:-1], scale=args[-1])

            return f

        counts = x
        args = shapes if discrete else (x, *shapes, wide["scale"])
        for method in (*((log_name, log_name[3:]) if densities else ()), *more.split()):
            table[f"{name}.{method}{variant}"] = row(scaled(method), *args, plain=False, ulps=400)

    add("norm", V, more="cdf sf logcdf logsf")
    add("norm", U, more="ppf isf", densities=False)
    add("halfnorm", P, more="cdf sf")
    add("lognorm", P, Q, more="cdf sf logcdf logsf")
    add("lognorm", U, Q, more="ppf isf", densities=False)
    add("skewnorm", V, W)
    add("t", V, Q, more="cdf sf logcdf logsf")
    add("t", 0.05 * V, Q, more="cdf", densities=False, variant=" middle")
    add("cauchy", V, more="cdf sf logcdf")
    add("halfcauchy", P, more="cdf sf")
    add("laplace", V, more="cdf sf logcdf logsf")
    add("logistic", V, more="cdf sf logcdf logsf")
    add("expon", P, more="cdf sf logsf")
    add("gamma", P, Q, more="cdf sf logcdf logsf")
    add("erlang", P, Q, more="cdf sf")
    add("invgamma", P, Q, more="cdf sf")
    add("chi2", P, Q, more="cdf sf logsf")
    add("chi", P, Q, more="cdf sf")
    add("beta", U * 0.4, P, Q[::-1].copy(), more="cdf sf logcdf")
    add("f", P, Q, P[::-1].copy(), more="cdf sf")
    add("weibull_min", P, Q, more="cdf sf logsf")
    add("rayleigh", P, more="cdf sf logsf")
    add("maxwell", P, more="cdf sf")
    add("gumbel_r", V, more="cdf sf logcdf")
    add("gumbel_l", V, more="cdf sf logsf")
    add("gennorm", V, Q)
    add("invgauss", P, Q)
    add("loggamma", V, Q)
    add("pareto", P + 4, Q, more="cdf sf logsf")
    add("truncnorm", U * 0.2, -P, Q + 1)
    k = np.array([0.0, 2.0, 1.0, 5.0, 3.0])
    add("poisson", k, P, discrete=True, more="cdf sf")
    add("bernoulli", np.array([0.0, 1.0, 1.0, 0.0, 1.0]), U, discrete=True)
    add("geom", k + 1, U, discrete=True, more="cdf sf logsf")
    add("nbinom", k, P, U, discrete=True, more="cdf sf")
    table["binom.logpmf"] = row(lambda s, p: s.binom.logpmf(k, 7, p), U, plain=False, ulps=400)
    table["binom.pmf"] = row(lambda s, p: s.binom.pmf(k, 7, p), U, plain=False, ulps=400)
    table["binom.cdf"] = row(lambda s, p: s.binom.cdf(k + 2, 7, p), U, plain=False, ulps=400)
    table["binom.sf"] = row(lambda s, p: s.binom.sf(k + 2, 7, p), U, plain=False, ulps=400)
    table["betabinom.logpmf"] = row(
        lambda s, a, b: s.betabinom.logpmf(k, 7, a, b), P, Q, plain=False, ulps=400
    )
    table["uniform.logpdf"] = row(lambda s, x, b: s.uniform.logpdf(x, -3, b + 6), V, P, plain=False)
    table["uniform.cdf"] = row(lambda s, x, b: s.uniform.cdf(x, -3, b + 6), V, P, plain=False)
    return table


STATS: Table = {
    **_densities(),
    "norm.logpdf positional": row(
        lambda s, x, m, sd: s.norm.logpdf(x, m, sd), A, cell(4), Q[:4], plain=False
    ),
    "norm.logpdf frozen": row(lambda s, x, m: s.norm(m, 2.0).logpdf(x), V, W, plain=False),
    "multivariate_normal.logpdf": row(
        lambda s, x, m, L: s.multivariate_normal.logpdf(x, m, L @ L.T), A.T, V[:3], S,
        plain=False, ulps=2000,
    ),
    "multivariate_normal.pdf": row(
        lambda s, x: s.multivariate_normal.pdf(x, np.zeros(4), 1.5), A, plain=False, ulps=2000
    ),
    "dirichlet.logpdf": row(
        lambda s, x, a: s.dirichlet.logpdf(x / np.sum(x), a), U, P, plain=False, ulps=800
    ),
    "dirichlet.pdf": row(
        lambda s, a: s.dirichlet.pdf([0.2, 0.1, 0.3, 0.15, 0.25], a), P, plain=False, ulps=800
    ),
    "multinomial.logpmf": row(
        lambda s, p: s.multinomial.logpmf([2, 1, 0, 3, 1], 7, p / np.sum(p)), U,
        plain=False, ulps=400,
    ),
    "multinomial.pmf": row(
        lambda s, p: s.multinomial.pmf([2, 1, 0, 3, 1], 7, p / np.sum(p)), U,
        plain=False, ulps=400,
    ),
}  # fmt: skip

_MORE: dict[str, Any] = {"plain": False}
LINALG: Table = {
    "block_diag": row(lambda sp, a, b: sp.block_diag(a, b, a[0]), A, S, **_MORE),
    "toeplitz": row(lambda sp, c, r: sp.toeplitz(c, r), V, W[:3], **_MORE),
    "toeplitz symmetric": row(lambda sp, c: sp.toeplitz(c), V, **_MORE),
    "circulant": row(lambda sp, c: sp.circulant(c), V, **_MORE),
    "hankel": row(lambda sp, c, r: sp.hankel(c, r), V, W, **_MORE),
    "companion": row(lambda sp, a: sp.companion(a), P, **_MORE),
    "leslie": row(lambda sp, f, s: sp.leslie(f, s[:4]), V, W, **_MORE),
    "fiedler": row(lambda sp, a: sp.fiedler(a), V, **_MORE),
    "khatri_rao": row(lambda sp, a, b: sp.khatri_rao(a, b), A, cell(2, 4, seed=4), **_MORE),
    "norm": row(lambda sp, a: sp.norm(a), A, **_MORE),
    "inv": row(lambda sp, a: sp.inv(a), S, **_MORE),
    "det": row(lambda sp, a: sp.det(a), S, **_MORE),
    "solve": row(lambda sp, a, b: sp.solve(a, b), S, V[:3], **_MORE),
    "solve pos": row(
        lambda sp, a, b: sp.solve(a @ a.T, b, assume_a="pos"), S, V[:3], ulps=2000, **_MORE
    ),
    "solve transposed": row(lambda sp, a, b: sp.solve(a, b, transposed=True), S, V[:3], **_MORE),
    "solve_banded": row(
        lambda sp, ab, b: sp.solve_banded((1, 2), ab, b), cell(4, 5) + 3 * np.eye(4, 5, -2)
        + 3 * (np.arange(4) == 2)[:, None], V, ulps=2000, **_MORE,
    ),
    "solve_toeplitz": row(
        lambda sp, c, b: sp.solve_toeplitz(c, b), np.array([4.0, 0.3, -0.7, 0.2, 0.1]), V,
        ulps=2000, **_MORE,
    ),
    "solve_circulant": row(
        lambda sp, c, b: sp.solve_circulant(c, b), np.array([4.0, 0.3, -0.7, 0.2, 0.1]), V,
        ulps=2000,
    ),
}  # fmt: skip

IMAGE, KERNEL = cell(5, 6), cell(2, 3, seed=3)
SIGNAL: Table = {
    **{
        f"{name} {mode}": row(
            lambda sp, a, b, name=name, mode=mode: getattr(sp, name)(a, b, mode), IMAGE, KERNEL,
            ulps=2000, **_MORE,
        )
        for name in ("convolve", "correlate", "fftconvolve", "oaconvolve", "convolve2d")
        for mode in ("full", "same", "valid")
    },
    "convolve vectors": row(lambda sp, a, b: sp.convolve(b[:2], a, "same"), V, W, **_MORE),
    "correlate swapped": row(lambda sp, a, b: sp.correlate(b[:2], a, "valid"), V, W, **_MORE),
    "fftconvolve axes": row(
        lambda sp, a, b: sp.fftconvolve(a, b, axes=1), A, cell(3, 2, seed=4), ulps=2000, **_MORE
    ),
    "convolve2d wrap": row(
        lambda sp, a, b: sp.convolve2d(a, b, "same", boundary="wrap"), IMAGE, KERNEL, **_MORE
    ),
    "lfilter": row(lambda sp, b, a, x: sp.lfilter(b[:3], a, x, axis=1), V, P[:2], A, **_MORE),
    "lfilter fir": row(lambda sp, b, x: sp.lfilter(b[:3], [2.0], x), V, W, **_MORE),
    "lfilter state": row(
        lambda sp, a, x, z: sp.lfilter([1.0], a, x, zi=z[:2])[0], P[:3], W, V, **_MORE
    ),
    "sosfilt": row(
        lambda sp, x: sp.sosfilt([[1, 2, 1, 1, 0.5, 0.2], [1, -1, 0, 1, 0.1, 0]], x), V, **_MORE
    ),
    "detrend": row(lambda sp, x: sp.detrend(x, axis=1), A, **_MORE),
    "detrend constant": row(lambda sp, x: sp.detrend(x, type="constant"), A, **_MORE),
}  # fmt: skip

KNOTS = np.array([0.3, 0.7, 1.1, 1.4, 1.9])  # steps
_X64: dict[str, Any] = {"plain": False, "ulps": 4000.0}


def _spline(**options: Any) -> Any:
    def f(sp: Any, h: Any, y: Any, x: Any) -> Any:
        return sp.CubicSpline(np.cumsum(h) - 1, y, **options)(x)

    return f


def _clamped(sp: Any, h: Any, y: Any, x: Any) -> Any:
    return sp.CubicSpline(np.cumsum(h) - 1, y, bc_type=((1, 0.5), (2, -1.0)))(x, 1)


def _hermite(sp: Any, h: Any, y: Any, d: Any, x: Any) -> Any:
    return sp.CubicHermiteSpline(np.cumsum(h) - 1, y, d)(x)


def _pchip(sp: Any, h: Any, y: Any, x: Any) -> Any:
    return sp.PchipInterpolator(np.cumsum(h) - 1, y)(x)


def _linear(sp: Any, h: Any, y: Any, x: Any) -> Any:
    return sp.interp1d(np.cumsum(h) - 1, y, fill_value="extrapolate")(x)


INTERPOLATE: Table = {
    "CubicSpline": row(_spline(), KNOTS, V, A, **_X64),
    "CubicSpline natural": row(_spline(bc_type="natural"), KNOTS, V, A, **_X64),
    "CubicSpline clamped": row(_spline(bc_type="clamped"), KNOTS, V, A, **_X64),
    "CubicSpline ends": row(_clamped, KNOTS, V, A, **_X64),
    "CubicSpline three": row(_spline(), KNOTS[:3], V[:3], A, **_X64),
    "CubicSpline columns": row(_spline(axis=1), KNOTS[:4], A, V, **_X64),
    "CubicSpline points": row(
        lambda sp, x: sp.CubicSpline(np.arange(5.0), [1.0, 3.0, 0.5, 2.0, 2.5])(x), V, **_X64
    ),
    "CubicSpline periodic": row(
        lambda sp, y, x: sp.CubicSpline(
            np.arange(6.0), np.concatenate([y, y[:1]]), bc_type="periodic"
        )(x), V, 4 * A, **_X64
    ),
    "CubicHermiteSpline": row(_hermite, KNOTS, V, W, A, **_X64),
    "PchipInterpolator": row(_pchip, KNOTS, V, A, **_X64),
    "interp1d": row(_linear, KNOTS, V, A, **_X64),
    "interp1d columns": row(
        lambda sp, y, x: sp.interp1d(np.arange(3.0), y, axis=0, bounds_error=False,
                                     fill_value=0.5)(x + 0.8), A, V, **_X64,
    ),
    "interp1d nearest": row(
        lambda sp, y, x: sp.interp1d(np.arange(5.0), y, "nearest")(x + 1.6) * x, V, W, **_X64
    ),
}  # fmt: skip
