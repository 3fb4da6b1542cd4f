"""C++ models of other modules, made by <dualtape/python.hpp>, as functions of arrays."""

from __future__ import annotations

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
_Shapes = tuple[tuple[int, ...], ...]


class _Prepared(NamedTuple):
    """The model at fixed shapes of its arguments."""

    model: _Capsule  # of the engine
    parts: tuple[tuple[int, int, tuple[int, ...]], ...]  # of the result: start, end, shape
    is_tuple: bool


class Function:
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
        prepare: Callable[[_Shapes, Any], tuple[_Capsule, list[tuple[int, ...]], bool]],
        argument_count: int,
    ) -> None:
        self.__name__ = self.__qualname__ = name
        self._prepare = prepare
        self._argument_count = argument_count
        self._prepared: dict[_Shapes, _Prepared] = {}

    def __reduce__(self) -> Any:
        raise TypeError(f"{self.__name__}: a C++ model cannot be pickled or copied")

    def __repr__(self) -> str:
        return f"<C++ model {self.__name__}>"

    def __call__(self, *args: Any) -> Any:
        if len(args) != self._argument_count:
            raise TypeError(
                f"{self.__name__}: takes {self._argument_count} arguments, got {len(args)}"
            )
        arrays = [x if is_tracer(x) else np.asarray(x) for x in args]
        for k, x in enumerate(arrays):
            if dtype_of(x).kind not in "fiub":
                raise TypeError(
                    f"{self.__name__}: argument {k} must be of real numbers, got {dtype_of(x)}"
                )
        shapes = tuple(x.shape for x in arrays)
        prepared = self._prepared.get(shapes) or self._at_shapes(shapes, arrays)
        y = _core.external_call(prepared.model, _flat(arrays))
        dtype = _result_dtype(args, arrays)
        if dtype != np.float64:
            y = y.astype(dtype)
        results = [
            y[start:end].reshape(shape) if shape else y[start]
            for start, end, shape in prepared.parts
        ]
        return tuple(results) if prepared.is_tuple else results[0]

    def _at_shapes(self, shapes: _Shapes, arrays: Sequence[Any]) -> _Prepared:
        traced = any(map(is_tracer, arrays))
        x = np.ones(sum(map(math.prod, shapes))) if traced else _flat(arrays)
        capsule, results, is_tuple = self._prepare(shapes, x)
        ends = list(itertools.accumulate(map(math.prod, results), initial=0))
        parts = tuple(zip(ends, ends[1:], results, strict=False))
        prepared = _Prepared(_core.external_model(capsule), parts, is_tuple)
        return self._prepared.setdefault(shapes, prepared)


def _flat(arrays: Sequence[Any]) -> Any:
    """All numbers, float64, one after the other."""
    parts = [x.reshape(-1) for x in arrays]
    x = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return x if dtype_of(x) == np.float64 else x.astype(np.float64)


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
