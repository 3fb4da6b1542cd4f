"""Functions that are one operation: C++ models of other modules, made by <dualtape/python.hpp>."""

from __future__ import annotations

import abc
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import _core
from ._core import is_tracer
from ._record import dtype_of

_Capsule = Any  # types._Capsule, from Python 3.13 on
Shapes = Sequence[tuple[int, ...]]
Parts = tuple[tuple[int, int, tuple[int, ...]], ...]  # of a vector: start, end, shape


class Prepared(NamedTuple):
    """The model at fixed shapes of its arguments."""

    model: _Capsule  # of the engine
    results: Parts
    is_tuple: bool


class Model(abc.ABC):
    """A function of real arrays that the engine calls as one operation.

    It computes in float64; where all arrays are of a smaller floating dtype, so are the results.
    What depends on the shapes of the arguments is prepared once for each combination of them.
    """

    def __init__(self, name: str) -> None:
        self.__name__ = self.__qualname__ = name
        self._prepared: dict[tuple[tuple[int, ...], ...], Prepared] = {}

    def __call__(self, *args: Any) -> Any:
        arrays = [x if is_tracer(x) else np.asarray(x) for x in args]
        for k, x in enumerate(arrays):
            if dtype_of(x).kind not in "fiub":
                raise TypeError(
                    f"{self.__name__}: argument {k} must be of real numbers, got {dtype_of(x)}"
                )
        shapes = tuple(x.shape for x in arrays)
        prepared = self._prepared.get(shapes)
        if prepared is None:
            prepared = self._prepared.setdefault(shapes, self._prepare(shapes, arrays))
        y = _core.external_call(prepared.model, flat(arrays))
        dtype = _result_dtype(args, arrays)
        if dtype != np.float64:
            y = y.astype(dtype)
        results = taken_apart(y, prepared.results)
        return tuple(results) if prepared.is_tuple else results[0]

    @abc.abstractmethod
    def _prepare(self, shapes: Shapes, arrays: Sequence[Any]) -> Prepared:
        """The model at arguments of these shapes."""


class Function(Model):
    """A C++ model. Call it on arrays, or inside of recorded functions.

    Its derivatives come from the C++ core, up to the order it was made for (DerivativeError past
    that), and compose with all of dualtape's transformations. It computes in float64; where all
    arrays are of a smaller floating dtype, so are the results. Exceptions of the model arrive as
    ValueError, IndexError, MemoryError or RuntimeError, as pybind11 has them, with its name.

    The shapes of the results are found by one evaluation for each combination of argument shapes:
    at the arguments, or at ones while a function is recorded.
    """

    def __init__(
        self,
        name: str,
        prepare: Callable[[Shapes, Any], tuple[_Capsule, list[tuple[int, ...]], bool]],
        argument_count: int,
    ) -> None:
        super().__init__(name)
        self._model_at = prepare
        self._argument_count = argument_count

    def __reduce__(self) -> Any:
        raise TypeError(f"{self.__name__}: a C++ model cannot be pickled or copied")

    def __repr__(self) -> str:
        return f"<C++ model {self.__name__}>"

    def __call__(self, *args: Any) -> Any:
        if len(args) != self._argument_count:
            raise TypeError(
                f"{self.__name__}: takes {self._argument_count} arguments, got {len(args)}"
            )
        return super().__call__(*args)

    def _prepare(self, shapes: Shapes, arrays: Sequence[Any]) -> Prepared:
        traced = any(map(is_tracer, arrays))
        x = np.ones(sum(map(math.prod, shapes))) if traced else flat(arrays)
        capsule, results, is_tuple = self._model_at(shapes, x)
        return Prepared(_core.external_model(capsule), parts_of(results), is_tuple)


def flat(arrays: Sequence[Any]) -> Any:
    """All numbers, float64, one after the other."""
    parts = [x.reshape(-1) for x in arrays]
    x = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return x if dtype_of(x) == np.float64 else x.astype(np.float64)


def parts_of(shapes: Shapes) -> Parts:
    """Where arrays of these shapes lie in a vector."""
    ends = list(itertools.accumulate(map(math.prod, shapes), initial=0))
    return tuple(zip(ends, ends[1:], shapes, strict=False))


def taken_apart(x: Any, parts: Parts) -> list[Any]:
    """Arrays, and numbers for shape (), from a vector."""
    return [x[start:end].reshape(shape) if shape else x[start] for start, end, shape in parts]


def _result_dtype(args: Sequence[Any], arrays: Sequence[Any]) -> np.dtype[Any]:
    """float64 unless every array is of a smaller floating dtype; Python numbers take either."""
    dtypes = [
        dtype_of(x)
        for arg, x in zip(args, arrays, strict=True)
        if not isinstance(arg, bool | int | float) or isinstance(arg, np.generic)
    ]
    if not dtypes or any(dtype.kind != "f" for dtype in dtypes):
        return np.dtype(np.float64)
    return functools.reduce(np.promote_types, dtypes)
