"""Rows of the table of functions: special functions whose values are SciPy's own, and inverses."""

from __future__ import annotations

from typing import Any

from table_rows import Row, Table, cell, row

V = cell(5)
P, Q = cell(5, low=0.3, high=2.9), cell(5, seed=1, low=0.4, high=3.1)
U = cell(5, seed=2, low=0.1, high=0.9)


def _named(name: str, *args: Any, **options: Any) -> Row:
    return row(lambda sp, *x: getattr(sp, name)(*x), *args, **options)


def _part(name: str, k: int, *args: Any, **options: Any) -> Row:
    return row(lambda sp, *x: getattr(sp, name)(*x)[k], *args, **options)


# SciPy's loops of float32 compute in float64 here and there: to 1e-4 of each other.
ROUGH = 2000.0

_INTEGRALS: Table = {
    "dawsn": _named("dawsn", V),
    "erfi": _named("erfi", V),
    "expi": _named("expi", P),
    "expi negative": _named("expi", -P, ulps=ROUGH),
    "exp1": _named("exp1", P, ulps=ROUGH),
    "expn": row(lambda sp, x: sp.expn(3, x), P, ulps=ROUGH),
    "expn zero": row(lambda sp, x: sp.expn(0, x), P, ulps=ROUGH),
    "spence": _named("spence", P),
    "sici": _part("sici", 0, V),
    "sici cosine": _part("sici", 1, P),
    "shichi": _part("shichi", 0, V),
    "shichi cosine": _part("shichi", 1, P),
    "fresnel": _part("fresnel", 0, V),
    "fresnel cosine": _part("fresnel", 1, V),
    "hyp0f1": row(lambda sp, x: sp.hyp0f1(1.5, x), V, ulps=ROUGH),
    "hyp1f1": row(lambda sp, x: sp.hyp1f1(1.5, 2.5, x), V, ulps=ROUGH),
    "hyp2f1": row(lambda sp, x: sp.hyp2f1(0.7, 1.5, 2.5, x), U, ulps=ROUGH),
    "hyperu": row(lambda sp, x: sp.hyperu(1.5, 0.5, x), P, ulps=ROUGH),
    "ellipk": _named("ellipk", U),
    "ellipk negative": _named("ellipk", -P),
    "ellipk zero": row(lambda sp, x: sp.ellipk(x * x), V - V + 1e-9),
    "ellipkm1": _named("ellipkm1", U),
    "ellipe": _named("ellipe", U),
    "ellipkinc": row(lambda sp, x: sp.ellipkinc(x, 0.4), P),
    "ellipeinc": row(lambda sp, x: sp.ellipeinc(x, 0.4), P),
    "ellipj": row(lambda sp, x: sp.ellipj(x, 0.4)[0], P),
    "ellipj cosine": row(lambda sp, x: sp.ellipj(x, 0.4)[1], P),
    "ellipj amplitude": row(lambda sp, x: sp.ellipj(x, 0.4)[3], P),
    "agm": _named("agm", P, Q),
    "airy": _part("airy", 0, V, ulps=ROUGH),
    "airy derivative": _part("airy", 3, V, ulps=ROUGH),
    "owens_t": _named("owens_t", V, P),
    "ndtri_exp": _named("ndtri_exp", -P, ulps=ROUGH),
    "hankel1": row(lambda sp, x: sp.hankel1(1.5, x).imag, P, ulps=ROUGH),
    "hankel2": row(lambda sp, x: sp.hankel2(0, 2 * x).imag, P, ulps=ROUGH),
    "wofz": row(lambda sp, x: sp.wofz(x + 0.5j).imag, V, ulps=ROUGH),
    "lambertw": row(lambda sp, x: sp.lambertw(x).real, P, ulps=ROUGH),
    "lambertw branch": row(lambda sp, x: sp.lambertw(-x / 3, -1).real, U, ulps=ROUGH),
    "voigt_profile": _named("voigt_profile", V, P, Q, ulps=ROUGH),
    "erf complex": row(lambda sp, x: sp.erf(x + 0.5j * x).imag, V, ulps=ROUGH),
    "erfc complex": row(lambda sp, x: sp.erfc(x + 0.5j).real, V, ulps=ROUGH),
}  # fmt: skip

_INVERSES: Table = {
    "gammaincinv": _named("gammaincinv", P, U, ulps=ROUGH),
    "gammainccinv": _named("gammainccinv", P, U, ulps=ROUGH),
    "betaincinv": _named("betaincinv", P, Q, U, ulps=ROUGH),
    "betainccinv": _named("betainccinv", P, Q, U, ulps=ROUGH),
    "betaincc": _named("betaincc", P, Q, U),
    "stdtr": _named("stdtr", P, V),
    "stdtrit": _named("stdtrit", P, U, ulps=ROUGH),
    "chdtr": _named("chdtr", P, Q),
    "chdtrc": _named("chdtrc", P, Q),
    "chdtri": _named("chdtri", P, U, ulps=ROUGH),
    "fdtr": _named("fdtr", P, Q, Q),
    "fdtrc": _named("fdtrc", P, Q, Q),
    "fdtri": _named("fdtri", P, Q, U, ulps=ROUGH),
    "gdtr": _named("gdtr", P, Q, Q),
    "gdtrc": _named("gdtrc", P, Q, Q),
    "pdtr": row(lambda sp, m: sp.pdtr(2.0, m), P),
    "pdtrc": row(lambda sp, m: sp.pdtrc(2.0, m), P),
    "bdtr": row(lambda sp, p: sp.bdtr(2.0, 5.0, p), U),
    "bdtrc": row(lambda sp, p: sp.bdtrc(2.0, 5.0, p), U),
    "nbdtr": row(lambda sp, p: sp.nbdtr(2.0, 5.0, p), U),
    "nbdtrc": row(lambda sp, p: sp.nbdtrc(2.0, 5.0, p), U),
}

_POLYNOMIALS: Table = {
    "eval_genlaguerre": row(lambda sp, a, x: sp.eval_genlaguerre(4, a, x), P, V),
    "lpmv": row(lambda sp, x: sp.lpmv(2, 4, x), U, ulps=ROUGH),
    "lpmv odd": row(lambda sp, x: sp.lpmv(3, 3, x), U - 0.5, ulps=ROUGH),
    "lpmv of negative order": row(lambda sp, x: sp.lpmv(-1, 2, x), U, ulps=ROUGH),
    "lpmv beyond the degree": row(lambda sp, x: sp.lpmv(3, 2, x), U),
    "sph_harm_y": row(
        lambda sp, t, p: sp.sph_harm_y(3, 2, t, p).real, P, Q, plain=False, ulps=ROUGH
    ),
    "sph_harm_y of negative order": row(
        lambda sp, t, p: sp.sph_harm_y(4, -3, t, p).imag, P, Q, plain=False, ulps=ROUGH
    ),
    "eval_gegenbauer": row(lambda sp, a, x: sp.eval_gegenbauer(4, a, x), P, V),
    "eval_jacobi": row(lambda sp, a, b, x: sp.eval_jacobi(3, a, b, x), P, Q, U),
    "eval_sh_jacobi": row(lambda sp, p, q, x: sp.eval_sh_jacobi(3, p + 1, q, x), P, U, U),
    "eval_sh_legendre": row(lambda sp, x: sp.eval_sh_legendre(4, x), U),
    "eval_sh_chebyt": row(lambda sp, x: sp.eval_sh_chebyt(4, x), U),
    "eval_sh_chebyu": row(lambda sp, x: sp.eval_sh_chebyu(4, x), U),
    "eval_chebyc": row(lambda sp, x: sp.eval_chebyc(4, x), V),
    "eval_chebys": row(lambda sp, x: sp.eval_chebys(4, x), V),
    "comb": row(lambda sp, n, k: sp.comb(n + 4, k), P, Q, plain=False),
    "perm": row(lambda sp, n, k: sp.perm(n + 4, k), P, Q, plain=False),
    "powm1": _named("powm1", P, V),
    "diric": row(lambda sp, x: sp.diric(x, 5), V, plain=False),
    "jve": row(lambda sp, x: sp.jve(1.5, x), P),
    "yve": row(lambda sp, x: sp.yve(1.5, x), P),
    "spherical_jn": row(lambda sp, x: sp.spherical_jn(2, 2 * x), V, plain=False),
    "spherical_jn slope": row(lambda sp, x: sp.spherical_jn(3, 2 * x, True), V, plain=False),
    "spherical_yn": row(lambda sp, x: sp.spherical_yn(1, x), P, plain=False),
    "spherical_in": row(lambda sp, x: sp.spherical_in(2, x), P, plain=False),
    "spherical_kn": row(lambda sp, x: sp.spherical_kn(1, x), P, plain=False, ulps=ROUGH),
}

SMOOTH: Table = _INTEGRALS | _INVERSES | _POLYNOMIALS
