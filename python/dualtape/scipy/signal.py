"""scipy.signal for traced values: convolutions and filters."""

from __future__ import annotations

from ._convolution import convolve as convolve
from ._convolution import convolve2d as convolve2d
from ._convolution import correlate as correlate
from ._convolution import detrend as detrend
from ._convolution import fftconvolve as fftconvolve
from ._convolution import lfilter as lfilter
from ._convolution import oaconvolve as oaconvolve
from ._convolution import sosfilt as sosfilt
from ._dispatch import hand_on
from ._filters import correlate2d as correlate2d
from ._filters import filtfilt as filtfilt
from ._filters import hilbert as hilbert
from ._filters import resample as resample
from ._filters import savgol_filter as savgol_filter
from ._filters import sosfiltfilt as sosfiltfilt
from ._filters import upfirdn as upfirdn

__getattr__ = hand_on("signal")
