"""Exact derivatives of any order for ordinary NumPy code."""

from ._core import __version__ as __version__
