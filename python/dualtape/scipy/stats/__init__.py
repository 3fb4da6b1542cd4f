"""scipy.stats for traced values: densities and distribution functions.

`norm.logpdf(x, loc, scale)` as SciPy's, differentiable in everything; what is not recorded (rvs,
fit, most quantiles) is SciPy's own and takes plain numbers.

>>> from dualtape.scipy import stats
>>> dt.grad(lambda mu: stats.norm.logpdf(1.5, mu, 2.0))(0.5)
np.float64(0.25)
"""

from __future__ import annotations

from .._dispatch import hand_on
from ._bounded import arcsine as arcsine
from ._bounded import bradford as bradford
from ._bounded import genextreme as genextreme
from ._bounded import genpareto as genpareto
from ._bounded import johnsonsb as johnsonsb
from ._bounded import loguniform as loguniform
from ._bounded import pareto as pareto
from ._bounded import powerlaw as powerlaw
from ._bounded import semicircular as semicircular
from ._bounded import triang as triang
from ._bounded import truncexpon as truncexpon
from ._bounded import truncnorm as truncnorm
from ._continuous import beta as beta
from ._continuous import cauchy as cauchy
from ._continuous import chi as chi
from ._continuous import chi2 as chi2
from ._continuous import erlang as erlang
from ._continuous import expon as expon
from ._continuous import f as f
from ._continuous import gamma as gamma
from ._continuous import gennorm as gennorm
from ._continuous import gumbel_l as gumbel_l
from ._continuous import gumbel_r as gumbel_r
from ._continuous import halfcauchy as halfcauchy
from ._continuous import halfnorm as halfnorm
from ._continuous import invgamma as invgamma
from ._continuous import invgauss as invgauss
from ._continuous import laplace as laplace
from ._continuous import loggamma as loggamma
from ._continuous import logistic as logistic
from ._continuous import lognorm as lognorm
from ._continuous import maxwell as maxwell
from ._continuous import norm as norm
from ._continuous import rayleigh as rayleigh
from ._continuous import skewnorm as skewnorm
from ._continuous import t as t
from ._continuous import uniform as uniform
from ._continuous import weibull_min as weibull_min
from ._discrete import bernoulli as bernoulli
from ._discrete import betabinom as betabinom
from ._discrete import betanbinom as betanbinom
from ._discrete import binom as binom
from ._discrete import boltzmann as boltzmann
from ._discrete import dlaplace as dlaplace
from ._discrete import geom as geom
from ._discrete import logser as logser
from ._discrete import nbinom as nbinom
from ._discrete import planck as planck
from ._discrete import poisson as poisson
from ._discrete import skellam as skellam
from ._discrete import yulesimon as yulesimon
from ._discrete import zipf as zipf
from ._families import betaprime as betaprime
from ._families import burr as burr
from ._families import burr12 as burr12
from ._families import dgamma as dgamma
from ._families import dweibull as dweibull
from ._families import exponnorm as exponnorm
from ._families import exponweib as exponweib
from ._families import fatiguelife as fatiguelife
from ._families import fisk as fisk
from ._families import foldnorm as foldnorm
from ._families import gengamma as gengamma
from ._families import genlogistic as genlogistic
from ._families import gibrat as gibrat
from ._families import gompertz as gompertz
from ._families import halfgennorm as halfgennorm
from ._families import halflogistic as halflogistic
from ._families import hypsecant as hypsecant
from ._families import invweibull as invweibull
from ._families import johnsonsu as johnsonsu
from ._families import laplace_asymmetric as laplace_asymmetric
from ._families import levy as levy
from ._families import loglaplace as loglaplace
from ._families import lomax as lomax
from ._families import moyal as moyal
from ._families import nakagami as nakagami
from ._families import ncx2 as ncx2
from ._families import norminvgauss as norminvgauss
from ._families import powernorm as powernorm
from ._families import rice as rice
from ._families import skewcauchy as skewcauchy
from ._families import vonmises as vonmises
from ._families import wald as wald
from ._families import weibull_max as weibull_max
from ._multivariate import dirichlet as dirichlet
from ._multivariate import dirichlet_multinomial as dirichlet_multinomial
from ._multivariate import invwishart as invwishart
from ._multivariate import matrix_normal as matrix_normal
from ._multivariate import multinomial as multinomial
from ._multivariate import multivariate_normal as multivariate_normal
from ._multivariate import multivariate_t as multivariate_t
from ._multivariate import wishart as wishart
from ._samples import boxcox as boxcox
from ._samples import boxcox_llf as boxcox_llf
from ._samples import entropy as entropy
from ._samples import gmean as gmean
from ._samples import gstd as gstd
from ._samples import hmean as hmean
from ._samples import iqr as iqr
from ._samples import kurtosis as kurtosis
from ._samples import median_abs_deviation as median_abs_deviation
from ._samples import moment as moment
from ._samples import pmean as pmean
from ._samples import sem as sem
from ._samples import skew as skew
from ._samples import variation as variation
from ._samples import yeojohnson as yeojohnson
from ._samples import yeojohnson_llf as yeojohnson_llf
from ._samples import zmap as zmap
from ._samples import zscore as zscore

reciprocal = loguniform
__getattr__ = hand_on("stats")
