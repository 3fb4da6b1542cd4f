"""The table of functions: every row with its module's plain and traced spelling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.signal
import scipy.spatial.distance
import scipy.special
import scipy.stats
from rows_distributions import DISTRIBUTIONS
from rows_fourier import COMPLEX, FOURIER, SCIPY_FOURIER
from rows_math import ELEMENTWISE, REDUCTIONS
from rows_matrices import DECOMPOSITIONS, SCIPY_DECOMPOSITIONS
from rows_products import LINALG as NUMPY_LINALG
from rows_products import PRODUCTS, SERIES
from rows_samples import DISTANCE, FILTERS, INTEGRATE, NDIMAGE, SPLINES
from rows_scipy import INTERPOLATE, LINALG, SIGNAL, SPECIAL, STATS
from rows_shapes import INDEXING, SHAPES
from rows_special import SMOOTH
from table_rows import Row, Table

import dualtape.numpy as dnp
import dualtape.scipy as dsp


class Entry(NamedTuple):
    family: str  # heading of the coverage page
    name: str  # numpy.pad
    variant: str
    row: Row
    modules: tuple[Any, Any]  # theirs, ours

    @property
    def id(self) -> str:
        return f"{self.name} {self.variant}".strip().replace(" ", "-")

    @property
    def plain(self) -> Callable[..., Any]:
        return lambda *args: self.row.f(self.modules[0], *args)

    @property
    def ours(self) -> Callable[..., Any]:
        return lambda *args: self.row.f(self.modules[1], *args)


def entries(family: str, prefix: str, table: Table, theirs: Any, ours: Any) -> list[Entry]:
    found = []
    for key, row in table.items():
        name, _, variant = key.partition(" ")
        found.append(Entry(family, f"{prefix}.{name}", variant, row, (theirs, ours)))
    return found


ROWS: list[Entry] = [
    *entries("Elementwise functions", "numpy", ELEMENTWISE, np, dnp),
    *entries("Reductions and statistics", "numpy", REDUCTIONS, np, dnp),
    *entries("Shapes and assembly", "numpy", SHAPES, np, dnp),
    *entries("Indexing and assignment", "numpy", INDEXING, np, dnp),
    *entries("Products and polynomials", "numpy", PRODUCTS, np, dnp),
    *entries("Series of polynomials", "numpy.polynomial", SERIES, np.polynomial, dnp.polynomial),
    *entries("Linear algebra", "numpy.linalg", NUMPY_LINALG | DECOMPOSITIONS, np, dnp),
    *entries("Special functions", "scipy.special", SPECIAL | SMOOTH, scipy.special, dsp.special),
    *entries("Distributions", "scipy.stats", STATS | DISTRIBUTIONS, scipy.stats, dsp.stats),
    *entries(
        "Linear algebra of SciPy",
        "scipy.linalg",
        LINALG | SCIPY_DECOMPOSITIONS,
        scipy.linalg,
        dsp.linalg,
    ),
    *entries("Signals", "scipy.signal", SIGNAL | FILTERS, scipy.signal, dsp.signal),
    *entries(
        "Interpolation",
        "scipy.interpolate",
        INTERPOLATE | SPLINES,
        scipy.interpolate,
        dsp.interpolate,
    ),
    *entries("Integrals of samples", "scipy.integrate", INTEGRATE, scipy.integrate, dsp.integrate),
    *entries("Images", "scipy.ndimage", NDIMAGE, scipy.ndimage, dsp.ndimage),
    *entries(
        "Distances",
        "scipy.spatial.distance",
        DISTANCE,
        scipy.spatial.distance,
        dsp.spatial.distance,
    ),
    *entries("Complex numbers", "numpy", COMPLEX, np, dnp),
    *entries("Fourier transforms", "numpy.fft", FOURIER, np.fft, dnp.fft),
    *entries("Fourier transforms of SciPy", "scipy.fft", SCIPY_FOURIER, scipy.fft, dsp.fft),
]
