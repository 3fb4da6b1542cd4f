"""numpy.polynomial for traced values: series in the six bases, by their three-term recurrences.

`dualtape.numpy.polynomial.chebyshev.chebval(x, c)` as NumPy's, differentiable in points and
coefficients; derivatives, integrals, products and fits are linear in coefficients or data. What is
not here (grids, the classes) is NumPy's own.

>>> from dualtape.numpy.polynomial import chebyshev
>>> dt.grad(lambda x: chebyshev.chebval(x, [1.0, 2.0, 3.0]))(0.5)
np.float64(8.0)
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from ._arguments import as_array, as_floats
from ._dispatch import has_tracer

# p_(k + 1) = a x p_k + b p_k - c p_(k - 1), coefficients of k.
Step = Callable[[int], tuple[float, float, float]]


def _terms(x: Any, n: int, step: Step) -> list[Any]:
    """The first n polynomials of the basis."""
    terms = [np.ones_like(x) + 0 * x]
    for k in range(n - 1):
        a, b, c = step(k)
        value = (a * x + b) * terms[-1]
        terms.append(value if k == 0 else value - c * terms[-2])
    return terms


class Basis:
    """The functions of one module of numpy.polynomial."""

    def __init__(self, name: str, prefix: str, step: Step) -> None:
        self._numpys: ModuleType = importlib.import_module(f"numpy.polynomial.{name}")
        self._prefix, self._step = prefix, step
        kinds = ("val", "vander", "der", "int", "add", "sub", "mul", "fit")
        self._traced: dict[str, Callable[..., Any]] = {
            prefix + kind: getattr(self, "_" + kind) for kind in kinds
        }

    def __repr__(self) -> str:
        return f"<dualtape form of {self._numpys.__name__}>"

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._numpys), *self._traced})

    def __getattr__(self, name: str) -> Any:
        numpys = getattr(self._numpys, name)
        traced = self._traced.get(name)
        if traced is None:
            return numpys

        def public(*args: Any, **kwargs: Any) -> Any:
            if has_tracer(args) or has_tracer(list(kwargs.values())):
                return traced(*args, **kwargs)
            return numpys(*args, **kwargs)

        public.__name__ = name
        public.__doc__ = f"As {self._numpys.__name__}.{name}, for traced values too."
        return public

    def _linear(self, name: str, c: Any, axis: int, *options: Any, **named: Any) -> Any:
        """A linear function of coefficients, by NumPy's own matrix."""
        c = np.moveaxis(np.atleast_1d(as_floats(c)), axis, 0)
        matrix = getattr(self._numpys, self._prefix + name)(np.eye(c.shape[0]), *options, **named)
        return np.moveaxis(np.tensordot(matrix.astype(c.dtype), c, axes=1), 0, axis)

    def _val(self, x: Any, c: Any, tensor: bool = True) -> Any:
        x, c = as_floats(x), np.atleast_1d(as_floats(c))
        if tensor:
            c = np.reshape(c, (*c.shape, *(1,) * x.ndim))
        total: Any = 0.0
        for coefficient, term in zip(c, _terms(x, c.shape[0], self._step), strict=True):
            total = total + coefficient * term
        return total

    def _vander(self, x: Any, deg: int) -> Any:
        x = np.atleast_1d(as_floats(x))
        return np.stack(_terms(x, int(deg) + 1, self._step), axis=-1)

    def _der(self, c: Any, m: int = 1, scl: Any = 1, axis: int = 0) -> Any:
        return self._linear("der", c, axis, m) * scl**m

    def _int(
        self, c: Any, m: int = 1, k: Any = (), lbnd: Any = 0, scl: Any = 1, axis: int = 0
    ) -> Any:
        if has_tracer((k, lbnd, scl)) or np.size(k):
            raise TypeError(f"{self._prefix}int: k= cannot be recorded; add the constants")
        return self._linear("int", c, axis, m, [], lbnd, scl)

    def _padded(self, c: Any, n: int) -> Any:
        return np.concatenate([c, np.zeros(n - c.shape[0], c.dtype)])

    def _add(self, c1: Any, c2: Any) -> Any:
        c1, c2 = (np.atleast_1d(as_floats(c)) for c in (c1, c2))
        n = max(c1.shape[0], c2.shape[0])
        return self._padded(c1, n) + self._padded(c2, n)

    def _sub(self, c1: Any, c2: Any) -> Any:
        return self._add(c1, -np.atleast_1d(as_floats(c2)))

    def _mul(self, c1: Any, c2: Any) -> Any:
        c1, c2 = (np.atleast_1d(as_floats(c)) for c in (c1, c2))
        m, n = c1.shape[0], c2.shape[0]
        product = getattr(self._numpys, self._prefix + "mul")
        table = np.zeros((m + n - 1, m, n))
        for i in range(m):
            for j in range(n):
                entries = product(np.eye(m)[i], np.eye(n)[j])
                table[: len(entries), i, j] = entries
        return np.matmul(np.matmul(table.astype(np.result_type(c1.dtype, c2.dtype)), c2), c1)

    def _fit(
        self, x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None
    ) -> Any:
        if full or np.ndim(deg):
            raise TypeError(f"{self._prefix}fit: full= and lists of degrees cannot be recorded")
        x, y = as_floats(x), as_floats(y)
        matrix = self._vander(x, int(deg))
        if w is not None:
            w = as_array(w)
            matrix = matrix * w[:, None]
            y = y * np.reshape(w, (-1,) + (1,) * (y.ndim - 1))
        # Columns of length one, as NumPy's.
        size = np.sqrt(np.sum(np.square(matrix), axis=0))
        solution = np.linalg.lstsq(matrix / size, y, rcond)[0]
        return solution / np.reshape(size, (-1,) + (1,) * (y.ndim - 1))


polynomial = Basis("polynomial", "poly", lambda k: (1.0, 0.0, 0.0))
chebyshev = Basis("chebyshev", "cheb", lambda k: (1.0 if k == 0 else 2.0, 0.0, 1.0))
legendre = Basis("legendre", "leg", lambda k: ((2 * k + 1) / (k + 1), 0.0, k / (k + 1)))
hermite = Basis("hermite", "herm", lambda k: (2.0, 0.0, 2.0 * k))
hermite_e = Basis("hermite_e", "herme", lambda k: (1.0, 0.0, float(k)))
laguerre = Basis("laguerre", "lag", lambda k: (-1 / (k + 1), (2 * k + 1) / (k + 1), k / (k + 1)))


def __getattr__(name: str) -> Any:
    return getattr(np.polynomial, name)
