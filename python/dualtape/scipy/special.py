"""scipy.special for traced values.

Without a traced argument each function is SciPy's own where SciPy is installed.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .._core import betainc as betainc
from .._core import digamma as digamma
from .._core import erf as erf
from .._core import erfc as erfc
from .._core import erfcinv as erfcinv
from .._core import erfinv as erfinv
from .._core import expit as expit
from .._core import gammainc as gammainc
from .._core import gammaincc as gammaincc
from .._core import gammaln as gammaln
from .._core import iv as iv
from .._core import ive as ive
from .._core import jv as jv
from .._core import kv as kv
from .._core import kve as kve
from .._core import log_expit as log_expit
from .._core import yv as yv
from ..numpy._arguments import as_array
from ..numpy._dispatch import has_tracer
from ..numpy._elementary import sinc as sinc
from ._bessel import hankel1 as hankel1
from ._bessel import hankel2 as hankel2
from ._bessel import i0 as i0
from ._bessel import i0e as i0e
from ._bessel import i1 as i1
from ._bessel import i1e as i1e
from ._bessel import j0 as j0
from ._bessel import j1 as j1
from ._bessel import jn as jn
from ._bessel import jve as jve
from ._bessel import k0 as k0
from ._bessel import k0e as k0e
from ._bessel import k1 as k1
from ._bessel import k1e as k1e
from ._bessel import kn as kn
from ._bessel import spherical_in as spherical_in
from ._bessel import spherical_jn as spherical_jn
from ._bessel import spherical_kn as spherical_kn
from ._bessel import spherical_yn as spherical_yn
from ._bessel import y0 as y0
from ._bessel import y1 as y1
from ._bessel import yn as yn
from ._bessel import yve as yve
from ._bessel import zeta as zeta
from ._dispatch import hand_on
from ._elementary import boxcox as boxcox
from ._elementary import boxcox1p as boxcox1p
from ._elementary import cbrt as cbrt
from ._elementary import cosdg as cosdg
from ._elementary import cosm1 as cosm1
from ._elementary import cotdg as cotdg
from ._elementary import diric as diric
from ._elementary import entr as entr
from ._elementary import exp2 as exp2
from ._elementary import exp10 as exp10
from ._elementary import expm1 as expm1
from ._elementary import exprel as exprel
from ._elementary import huber as huber
from ._elementary import inv_boxcox as inv_boxcox
from ._elementary import inv_boxcox1p as inv_boxcox1p
from ._elementary import kl_div as kl_div
from ._elementary import log1p as log1p
from ._elementary import logit as logit
from ._elementary import powm1 as powm1
from ._elementary import pseudo_huber as pseudo_huber
from ._elementary import radian as radian
from ._elementary import rel_entr as rel_entr
from ._elementary import sindg as sindg
from ._elementary import tandg as tandg
from ._elementary import xlog1py as xlog1py
from ._elementary import xlogy as xlogy
from ._gamma import beta as beta
from ._gamma import betaln as betaln
from ._gamma import binom as binom
from ._gamma import comb as comb
from ._gamma import erfcx as erfcx
from ._gamma import factorial as factorial
from ._gamma import gamma as gamma
from ._gamma import gammasgn as gammasgn
from ._gamma import log_ndtr as log_ndtr
from ._gamma import loggamma as loggamma
from ._gamma import multigammaln as multigammaln
from ._gamma import ndtr as ndtr
from ._gamma import ndtri as ndtri
from ._gamma import perm as perm
from ._gamma import poch as poch
from ._gamma import polygamma as polygamma
from ._gamma import psi as psi
from ._gamma import rgamma as rgamma
from ._integrals import agm as agm
from ._integrals import airy as airy
from ._integrals import dawsn as dawsn
from ._integrals import ellipe as ellipe
from ._integrals import ellipeinc as ellipeinc
from ._integrals import ellipj as ellipj
from ._integrals import ellipk as ellipk
from ._integrals import ellipkinc as ellipkinc
from ._integrals import ellipkm1 as ellipkm1
from ._integrals import elliprd as elliprd
from ._integrals import elliprf as elliprf
from ._integrals import erfi as erfi
from ._integrals import exp1 as exp1
from ._integrals import expi as expi
from ._integrals import expn as expn
from ._integrals import fresnel as fresnel
from ._integrals import hyp0f1 as hyp0f1
from ._integrals import hyp1f1 as hyp1f1
from ._integrals import hyp2f1 as hyp2f1
from ._integrals import hyperu as hyperu
from ._integrals import lambertw as lambertw
from ._integrals import ndtri_exp as ndtri_exp
from ._integrals import owens_t as owens_t
from ._integrals import shichi as shichi
from ._integrals import sici as sici
from ._integrals import spence as spence
from ._integrals import voigt_profile as voigt_profile
from ._integrals import wofz as wofz
from ._inverses import bdtr as bdtr
from ._inverses import bdtrc as bdtrc
from ._inverses import betaincc as betaincc
from ._inverses import betainccinv as betainccinv
from ._inverses import betaincinv as betaincinv
from ._inverses import chdtr as chdtr
from ._inverses import chdtrc as chdtrc
from ._inverses import chdtri as chdtri
from ._inverses import fdtr as fdtr
from ._inverses import fdtrc as fdtrc
from ._inverses import fdtri as fdtri
from ._inverses import gammainccinv as gammainccinv
from ._inverses import gammaincinv as gammaincinv
from ._inverses import gdtr as gdtr
from ._inverses import gdtrc as gdtrc
from ._inverses import nbdtr as nbdtr
from ._inverses import nbdtrc as nbdtrc
from ._inverses import pdtr as pdtr
from ._inverses import pdtrc as pdtrc
from ._inverses import stdtr as stdtr
from ._inverses import stdtrit as stdtrit
from ._orthogonal import eval_chebyc as eval_chebyc
from ._orthogonal import eval_chebys as eval_chebys
from ._orthogonal import eval_chebyt as eval_chebyt
from ._orthogonal import eval_chebyu as eval_chebyu
from ._orthogonal import eval_gegenbauer as eval_gegenbauer
from ._orthogonal import eval_genlaguerre as eval_genlaguerre
from ._orthogonal import eval_hermite as eval_hermite
from ._orthogonal import eval_hermitenorm as eval_hermitenorm
from ._orthogonal import eval_jacobi as eval_jacobi
from ._orthogonal import eval_laguerre as eval_laguerre
from ._orthogonal import eval_legendre as eval_legendre
from ._orthogonal import eval_sh_chebyt as eval_sh_chebyt
from ._orthogonal import eval_sh_chebyu as eval_sh_chebyu
from ._orthogonal import eval_sh_jacobi as eval_sh_jacobi
from ._orthogonal import eval_sh_legendre as eval_sh_legendre
from ._orthogonal import lpmv as lpmv
from ._orthogonal import sph_harm_y as sph_harm_y


def logsumexp(
    a: Any,
    axis: Any = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """As scipy.special.logsumexp: log(sum(b * exp(a))) without overflow.

    Args:
      a: float array.
      axis: axes to sum over; all of them by default.
      b: weights that broadcast against `a`.
      keepdims: whether summed axes stay with length one.
      return_sign: whether to return (logarithm of the absolute value, sign).

    >>> x = np.array([1000.0, 1000.0])
    >>> dt.grad(dt.scipy.special.logsumexp)(x)
    array([0.5, 0.5])
    """
    if not has_tracer((a, b)):
        function = importlib.import_module("scipy.special").logsumexp
        return function(a, axis=axis, b=b, keepdims=keepdims, return_sign=return_sign)
    a = as_array(a)
    top = _finite_maximum(a, axis)
    terms = np.exp(a - top)
    if b is not None:
        terms = b * terms
    total = np.sum(terms, axis=axis, keepdims=keepdims)
    shift = top if keepdims else np.reshape(top, np.shape(total))
    if not return_sign:
        return np.log(total) + shift
    return np.log(np.absolute(total)) + shift, np.sign(total)


def softmax(x: Any, axis: Any = None) -> Any:
    """As scipy.special.softmax: exp(x) / sum(exp(x)) without overflow.

    >>> dt.jacobian(dt.scipy.special.softmax)(np.zeros(2))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    if not has_tracer(x):
        return importlib.import_module("scipy.special").softmax(x, axis=axis)
    terms = np.exp(x - _finite_maximum(x, axis))
    return terms / np.sum(terms, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """As scipy.special.log_softmax: the logarithm of softmax, right where softmax underflows."""
    if not has_tracer(x):
        return importlib.import_module("scipy.special").log_softmax(x, axis=axis)
    shifted = x - _finite_maximum(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def _finite_maximum(x: Any, axis: Any) -> Any:
    """The shift of the exponents: any shift gives the same result, so it has no derivative."""
    from .._core import stop_gradient

    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    return stop_gradient(top) if has_tracer(top) else top


__getattr__ = hand_on("special")
