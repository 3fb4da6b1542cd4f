"""scipy.stats for traced values: densities and distribution functions.

`norm.logpdf(x, loc, scale)` as SciPy's, differentiable in everything; what is not recorded (rvs,
fit, most quantiles) is SciPy's own and takes plain numbers.

>>> from dualtape.scipy import stats
>>> dt.grad(lambda mu: stats.norm.logpdf(1.5, mu, 2.0))(0.5)
np.float64(0.25)
"""

from __future__ import annotations

from .._dispatch import hand_on
from ._bounded import pareto as pareto
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
from ._discrete import binom as binom
from ._discrete import geom as geom
from ._discrete import nbinom as nbinom
from ._discrete import poisson as poisson
from ._multivariate import dirichlet as dirichlet
from ._multivariate import multinomial as multinomial
from ._multivariate import multivariate_normal as multivariate_normal

__getattr__ = hand_on("stats")
