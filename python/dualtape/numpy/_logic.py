"""Comparisons with tolerance, selections, and questions about types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import Tracer
from .._record import dtype_of
from ._arguments import as_array, known
from ._dispatch import composite


@composite(np.isclose, arrays=2)
def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    # As NumPy: infinities are close to themselves alone; truth values have no difference.
    a, b = (x.astype(np.int64) if x.dtype == bool else x for x in map(as_array, (a, b)))
    near = (np.absolute(a - b) <= atol + rtol * np.absolute(b)) & np.isfinite(b)
    close = near | (a == b)
    return close | (np.isnan(a) & np.isnan(b)) if equal_nan else close


@composite(np.allclose, arrays=2)
def allclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


@composite(np.array_equal, arrays=2)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    if np.shape(a1) != np.shape(a2):
        return False
    equal = a1 == a2
    return bool(np.all(equal | (np.isnan(a1) & np.isnan(a2)) if equal_nan else equal))


@composite(np.count_nonzero, arrays=1)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.sum(a != 0, axis=axis, keepdims=keepdims)


@composite(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"select: needs a choice for each of {len(condlist)} conditions, got {len(choicelist)}"
        )
    value = default
    for condition, choice in zip(reversed(list(condlist)), reversed(list(choicelist)), strict=True):
        value = np.where(condition, choice, value)
    return value


@composite(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    return np.result_type(*(x.dtype if isinstance(x, Tracer) else x for x in arrays_and_dtypes))


@composite(np.iscomplexobj, arrays=1)
def iscomplexobj(x: Any) -> bool:
    return bool(dtype_of(x).kind == "c")


@composite(np.isrealobj, arrays=1)
def isrealobj(x: Any) -> bool:
    return bool(dtype_of(x).kind != "c")


@composite(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return x.astype(dtype)


@composite(np.array_equiv, arrays=2)
def array_equiv(a1: Any, a2: Any) -> bool:
    try:
        return bool(np.all(np.equal(a1, a2)))
    except ValueError:  # Shapes that do not broadcast.
        return False


@composite(np.common_type)
def common_type(*arrays: Any) -> Any:
    return np.common_type(*(np.empty(0, dtype_of(x)) for x in arrays))


@composite(np.einsum_path)
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: Any = False) -> Any:
    # A path depends on shapes alone.
    plain = [np.broadcast_to(np.empty((), x.dtype), x.shape) if isinstance(x, Tracer) else x
             for x in operands]  # fmt: skip
    return np.einsum_path(*plain, optimize=optimize, einsum_call=einsum_call)


@composite(np.array_str)
def array_str(a: Any, *args: Any, **kwargs: Any) -> str:
    return np.array_str(known(a, "array_str", "print its shape"), *args, **kwargs)


@composite(np.array_repr)
def array_repr(arr: Any, *args: Any, **kwargs: Any) -> str:
    return np.array_repr(known(arr, "array_repr", "print its shape"), *args, **kwargs)


@composite(np.array2string)
def array2string(a: Any, *args: Any, **kwargs: Any) -> str:
    return np.array2string(known(a, "array2string", "print its shape"), *args, **kwargs)
