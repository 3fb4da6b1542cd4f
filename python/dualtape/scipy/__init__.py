"""SciPy for traced values."""

from . import special as special
