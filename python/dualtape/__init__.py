"""Exact derivatives of any order for ordinary NumPy code.

>>> def f(x):
...     return np.sum(np.sin(x) ** 2)
>>> dt.grad(f)(np.array([0.0, 1.0]))
array([0.        , 0.90929743])

Outside of a recorded function everything is a plain `numpy.ndarray`; inside one meets a `Tracer`,
an array-like stand-in that records what is done with it.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import numpy as numpy
from . import sparse as sparse
from ._callback import external as external
from ._check import check_grads as check_grads
from ._config import show_config as show_config
from ._core import ConcreteValueError as ConcreteValueError
from ._core import DerivativeError as DerivativeError
from ._core import LeakedTracerError as LeakedTracerError
from ._core import ShapeError as ShapeError
from ._core import Tracer as Tracer
from ._core import UnsupportedFunctionError as UnsupportedFunctionError
from ._core import __version__ as __version__
from ._core import clear_caches as clear_caches
from ._custom import custom_jvp as custom_jvp
from ._custom import custom_vjp as custom_vjp
from ._grad import grad as grad
from ._grad import value_and_grad as value_and_grad
from ._hessian import hessian as hessian
from ._hessian import hessian_diagonal as hessian_diagonal
from ._hessian import laplacian as laplacian
from ._hessian import value_grad_and_hessian as value_grad_and_hessian
from ._hvp import gauss_newton_product as gauss_newton_product
from ._hvp import hvp as hvp
from ._hvp import vhp as vhp
from ._include import get_cmake_dir as get_cmake_dir
from ._include import get_include as get_include
from ._jacobian import jacfwd as jacfwd
from ._jacobian import jacobian as jacobian
from ._jacobian import jacrev as jacrev
from ._jacobian import value_and_jacobian as value_and_jacobian
from ._jit import jit as jit
from ._jvp import jvp as jvp
from ._jvp import linearize as linearize
from ._jvp import vjp as vjp
from ._late import late_dir as __dir__  # noqa: F401
from ._late import late_module as __getattr__  # noqa: F401
from ._listing import program as program
from ._memory import Memory as Memory
from ._ravel import ravel_pytree as ravel_pytree
from ._stop import stop_gradient as stop_gradient
from ._tape import Tape as Tape
from ._threads import get_num_threads as get_num_threads
from ._threads import set_num_threads as set_num_threads
from ._vmap import vmap as vmap

if _TYPE_CHECKING:
    from . import scipy as scipy
