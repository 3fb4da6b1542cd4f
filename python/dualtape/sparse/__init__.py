"""Jacobians and Hessians as SciPy sparse arrays.

>>> def f(x):
...     return x[1:] ** 2 - x[:-1]
>>> J = dt.sparse.jacobian(f)(np.array([1.0, 2.0, 3.0]))
>>> J.nnz, J.toarray()
(4, array([[-1.,  4.,  0.],
       [ 0., -1.,  6.]]))
"""

from ._matrices import hessian as hessian
from ._matrices import jacobian as jacobian
from ._prepared import PreparedMatrix as PreparedMatrix
from ._prepared import prepare_hessian as prepare_hessian
from ._prepared import prepare_jacobian as prepare_jacobian
