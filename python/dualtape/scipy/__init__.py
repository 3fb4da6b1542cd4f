"""SciPy for traced values."""

from . import fft as fft
from . import interpolate as interpolate
from . import linalg as linalg
from . import signal as signal
from . import special as special
from . import stats as stats
