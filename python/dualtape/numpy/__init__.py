"""numpy for traced values: the same names, arguments and results.

Without a traced argument each function is NumPy's own. Plain `np.sin(t)` works on a traced value
too; these functions are faster there, and some work only here: `array([t, 1.0])` makes an array of
traced values, and inside a recorded function `zeros(n)` can be assigned them.

>>> import dualtape.numpy as dnp
>>> dt.jacobian(lambda x: dnp.array([x, x**2]))(3.0)
array([1., 6.])
"""

# ruff: noqa: F401, one function may have two names

from typing import Any

import numpy as _np
from numpy import bitwise_and as bitwise_and
from numpy import bitwise_invert as bitwise_invert
from numpy import bitwise_not as bitwise_not
from numpy import bitwise_or as bitwise_or
from numpy import bitwise_xor as bitwise_xor
from numpy import bool as bool
from numpy import bool_ as bool_
from numpy import complex64 as complex64
from numpy import complex128 as complex128
from numpy import conj as conj
from numpy import conjugate as conjugate
from numpy import deg2rad as deg2rad
from numpy import degrees as degrees
from numpy import divmod as divmod
from numpy import dtype as dtype
from numpy import e as e
from numpy import euler_gamma as euler_gamma
from numpy import fabs as fabs
from numpy import finfo as finfo
from numpy import float32 as float32
from numpy import float64 as float64
from numpy import float_power as float_power
from numpy import floating as floating
from numpy import generic as generic
from numpy import iinfo as iinfo
from numpy import inf as inf
from numpy import int8 as int8
from numpy import int16 as int16
from numpy import int32 as int32
from numpy import int64 as int64
from numpy import integer as integer
from numpy import intp as intp
from numpy import invert as invert
from numpy import isscalar as isscalar
from numpy import issubdtype as issubdtype
from numpy import nan as nan
from numpy import ndarray as ndarray
from numpy import newaxis as newaxis
from numpy import number as number
from numpy import pi as pi
from numpy import positive as positive
from numpy import promote_types as promote_types
from numpy import rad2deg as rad2deg
from numpy import radians as radians
from numpy import uint8 as uint8
from numpy import uint16 as uint16
from numpy import uint32 as uint32
from numpy import uint64 as uint64

from .._core import absolute as abs
from .._core import absolute as absolute
from .._core import add as add
from .._core import all as all
from .._core import any as any
from .._core import arange as arange
from .._core import arccos as acos
from .._core import arccos as arccos
from .._core import arccosh as acosh
from .._core import arccosh as arccosh
from .._core import arcsin as arcsin
from .._core import arcsin as asin
from .._core import arcsinh as arcsinh
from .._core import arcsinh as asinh
from .._core import arctan as arctan
from .._core import arctan as atan
from .._core import arctan2 as arctan2
from .._core import arctan2 as atan2
from .._core import arctanh as arctanh
from .._core import arctanh as atanh
from .._core import argmax as argmax
from .._core import argmin as argmin
from .._core import array as array
from .._core import asarray as asarray
from .._core import broadcast_to as broadcast_to
from .._core import cbrt as cbrt
from .._core import ceil as ceil
from .._core import clip as clip
from .._core import concatenate as concat
from .._core import concatenate as concatenate
from .._core import copy as copy
from .._core import copysign as copysign
from .._core import cos as cos
from .._core import cosh as cosh
from .._core import cumsum as cumsum
from .._core import diag as diag
from .._core import diagonal as diagonal
from .._core import divide as divide
from .._core import divide as true_divide
from .._core import dot as dot
from .._core import empty as empty
from .._core import empty_like as empty_like
from .._core import equal as equal
from .._core import exp as exp
from .._core import exp2 as exp2
from .._core import expand_dims as expand_dims
from .._core import expm1 as expm1
from .._core import eye as eye
from .._core import flip as flip
from .._core import floor as floor
from .._core import floor_divide as floor_divide
from .._core import fmax as fmax
from .._core import fmin as fmin
from .._core import fmod as fmod
from .._core import full as full
from .._core import full_like as full_like
from .._core import greater as greater
from .._core import greater_equal as greater_equal
from .._core import heaviside as heaviside
from .._core import hypot as hypot
from .._core import identity as identity
from .._core import inner as inner
from .._core import isfinite as isfinite
from .._core import isinf as isinf
from .._core import isnan as isnan
from .._core import less as less
from .._core import less_equal as less_equal
from .._core import log as log
from .._core import log1p as log1p
from .._core import log2 as log2
from .._core import log10 as log10
from .._core import logaddexp as logaddexp
from .._core import logaddexp2 as logaddexp2
from .._core import logical_and as logical_and
from .._core import logical_not as logical_not
from .._core import logical_or as logical_or
from .._core import logical_xor as logical_xor
from .._core import matmul as matmul
from .._core import matrix_transpose as matrix_transpose
from .._core import max as amax
from .._core import max as max
from .._core import maximum as maximum
from .._core import mean as mean
from .._core import min as amin
from .._core import min as min
from .._core import minimum as minimum
from .._core import moveaxis as moveaxis
from .._core import multiply as multiply
from .._core import ndim as ndim
from .._core import negative as negative
from .._core import not_equal as not_equal
from .._core import ones as ones
from .._core import ones_like as ones_like
from .._core import outer as outer
from .._core import power as pow
from .._core import power as power
from .._core import prod as prod
from .._core import ravel as ravel
from .._core import real as real
from .._core import reciprocal as reciprocal
from .._core import remainder as mod
from .._core import remainder as remainder
from .._core import reshape as reshape
from .._core import rint as rint
from .._core import round as around
from .._core import round as round
from .._core import shape as shape
from .._core import sign as sign
from .._core import sin as sin
from .._core import sinh as sinh
from .._core import size as size
from .._core import sqrt as sqrt
from .._core import square as square
from .._core import squeeze as squeeze
from .._core import stack as stack
from .._core import subtract as subtract
from .._core import sum as sum
from .._core import swapaxes as swapaxes
from .._core import take as take
from .._core import tan as tan
from .._core import tanh as tanh
from .._core import trace as trace
from .._core import transpose as permute_dims
from .._core import transpose as transpose
from .._core import trunc as trunc
from .._core import vdot as vdot
from .._core import where as where
from .._core import zeros as zeros
from .._core import zeros_like as zeros_like
from . import linalg as linalg
from ._einsum import einsum as einsum
from ._logic import allclose as allclose
from ._logic import array_equal as array_equal
from ._logic import astype as astype
from ._logic import count_nonzero as count_nonzero
from ._logic import isclose as isclose
from ._logic import iscomplexobj as iscomplexobj
from ._logic import isrealobj as isrealobj
from ._logic import result_type as result_type
from ._logic import select as select
from ._logic import sinc as sinc
from ._products import cross as cross
from ._products import kron as kron
from ._products import tensordot as tensordot
from ._shaping import append as append
from ._shaping import array_split as array_split
from ._shaping import atleast_1d as atleast_1d
from ._shaping import atleast_2d as atleast_2d
from ._shaping import atleast_3d as atleast_3d
from ._shaping import block as block
from ._shaping import column_stack as column_stack
from ._shaping import diagflat as diagflat
from ._shaping import dstack as dstack
from ._shaping import fliplr as fliplr
from ._shaping import flipud as flipud
from ._shaping import hsplit as hsplit
from ._shaping import hstack as hstack
from ._shaping import meshgrid as meshgrid
from ._shaping import repeat as repeat
from ._shaping import roll as roll
from ._shaping import rot90 as rot90
from ._shaping import split as split
from ._shaping import tile as tile
from ._shaping import tril as tril
from ._shaping import triu as triu
from ._shaping import vsplit as vsplit
from ._shaping import vstack as vstack
from ._statistics import average as average
from ._statistics import diff as diff
from ._statistics import linspace as linspace
from ._statistics import nan_to_num as nan_to_num
from ._statistics import polyval as polyval
from ._statistics import ptp as ptp
from ._statistics import std as std
from ._statistics import trapezoid as trapezoid
from ._statistics import var as var


def __getattr__(name: str) -> Any:
    if hasattr(_np, name):
        raise AttributeError(
            f"dualtape.numpy has no {name!r} yet: numpy.{name} cannot be recorded. Outside of "
            f"recorded functions use numpy.{name}; inside, build it from what dualtape.numpy has"
        )
    raise AttributeError(f"module {__name__!r} has no {name!r}, and neither has numpy")
