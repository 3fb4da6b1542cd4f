"""The rows of the rule table: every elementary function with its sample points."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import references
from numpy.typing import NDArray

import dualtape as dt
import dualtape.numpy as dnp
from dualtape import _core
from dualtape._core import polygamma as recorded_polygamma
from dualtape.scipy import special

ENTRIES: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in _core.registry()}
DTYPES = (np.float64, np.float32)


class Row(NamedTuple):
    """One function at one group of points in one dtype."""

    name: str
    n: int | None
    dtype: type[np.floating[Any]]
    region: str

    @property
    def id(self) -> str:
        number = "" if self.n is None else f"[{self.n}]"
        return f"{self.name}{number}-{np.dtype(self.dtype)}-{self.region}"

    @property
    def entry(self) -> dict[str, Any]:
        return ENTRIES[self.name]

    @property
    def function(self) -> Callable[..., Any]:
        return function(self.name, self.n)

    @property
    def differentiable(self) -> tuple[int, ...]:
        """Arguments with a tangent."""
        if self.entry["kind"] == "predicate":
            return ()
        first = 1 if self.entry["kind"] == "select" or self.name in BESSEL else 0
        return tuple(range(first, self.entry["arity"]))

    def points(self) -> list[NDArray[Any]]:
        """One array per argument, all of one length."""
        return [np.array(x) for x in _points(self)]

    def reference(self, points: list[NDArray[Any]], wrt: tuple[int, ...]) -> list[Any]:
        """Exact derivative at each point, once in each argument of wrt."""
        tail = self.region == "tail"
        return [
            references.derivative(self.name, self.n, tuple(map(float, point)), wrt, tail)
            for point in zip(*points, strict=True)
        ]


def function(name: str, n: int | None = None) -> Callable[..., Any]:
    """The public function of a registry entry; n for those with an integer parameter."""
    if name == "integer_power":
        return lambda x: x**n
    if name == "sech2":  # no name of its own
        return lambda x: dt.jvp(dnp.tanh, (x,), (np.ones_like(x),))[1]
    if name == "exp_minus_square":
        return lambda x: (
            dt.jvp(special.erf, (x,), (np.ones_like(x),))[1] / x.dtype.type(2 / np.pi**0.5)
        )
    if name == "polygamma":
        return lambda x: recorded_polygamma(n, x)  # SciPy's own is float64 of float32 too.
    if name == "where":
        return lambda mask, a, b: dnp.where(mask != 0, a, b)
    return getattr(special if name in SPECIAL else dnp, name)


SPECIAL = {
    "expit",
    "log_expit",
    "erf",
    "erfc",
    "erfinv",
    "erfcinv",
    "gammaln",
    "digamma",
    "gammainc",
    "gammaincc",
    "betainc",
    "zeta",
    "jv",
    "yv",
    "iv",
    "ive",
    "kv",
    "kve",
}
# No derivative in the order, their first argument: DerivativeError.
BESSEL = {"jv", "yv", "iv", "ive", "kv", "kve"}
# Those of mpmath take minutes in the tails beyond the second derivative.
DEAR_REFERENCES = {"gammainc", "gammaincc", "betainc", "zeta", "kv", "kve"}


@functools.cache
def _points(row: Row) -> tuple[NDArray[Any], ...]:
    entry = row.entry
    domains = entry["sampling"][: entry["arity"]]
    if row.region == "middle":
        generator = np.random.default_rng(7)
        axes = [generator.uniform(lo, hi, size=7) for lo, hi, _ in domains]
        rows = list(zip(*axes, strict=True))
    else:
        # Each special point of one argument, beside special and ordinary points of the others.
        axes = [[*points[:5], lo + 0.3 * (hi - lo)] for lo, hi, points in domains]
        rows = (
            list(itertools.product(*axes)) if entry["arity"] < 3 else list(zip(*axes, strict=False))
        )
        if len(domains) == 1:
            rows = [(x,) for x in domains[0][2]]
    table = np.array(rows, np.float64).reshape(-1, entry["arity"])
    table = table[np.isfinite(table).all(axis=1)]
    if row.dtype is np.float32:
        # Further out the parts of a fourth derivative leave the range of float32.
        size = np.abs(table)
        table = table[((size == 0) | ((size > 1e-5) & (size < 1e5))).all(axis=1)]
        table = table.astype(np.float32)
    keep = [k for k, point in enumerate(table) if _smooth(row, point)]
    columns = table[keep].T if keep else np.empty((entry["arity"], 0), row.dtype)
    return tuple(np.ascontiguousarray(column) for column in columns)


def _smooth(row: Row, point: NDArray[Any]) -> bool:
    """Whether the function is smooth there; kinks and poles have their own table (edges.py)."""
    a, b, *_ = [*map(float, point), 0.0, 0.0]
    name = row.name
    if name in ("absolute", "sign", "heaviside", "copysign", "cbrt", "sqrt"):
        return a != 0 and not (name == "copysign" and b == 0)
    if name in ("floor", "ceil", "trunc"):
        return a != int(a)
    if name == "rint":
        return a % 1 != 0.5
    if name in ("reciprocal", "divide", "arctan2", "hypot"):
        return (b if name == "divide" else a) != 0 or (name in ("arctan2", "hypot") and b != 0)
    if name in ("maximum", "minimum", "fmax", "fmin"):
        return a != b
    if name in ("floor_divide", "remainder", "fmod"):
        return (a / b) % 1 != 0
    if name in ("arcsin", "arccos", "arctanh"):
        return abs(a) < 1  # float32 rounds 0.999999999 to 1
    if name == "clip":
        return a not in tuple(point[1:])
    if name == "integer_power" and row.n is not None and row.n < 0:
        return a != 0
    if name == "power":
        return a > 0
    return True


def _parameters(entry: dict[str, Any]) -> list[int | None]:
    return list(entry["parameters"]) if entry["parametric"] else [None]


ROWS = [
    Row(name, n, dtype, region)
    for name, entry in ENTRIES.items()
    for n in _parameters(entry)
    for dtype in DTYPES
    for region in ("middle", "tail")
]


def pushforward(f: Callable[..., Any], args: list[NDArray[Any]], k: int) -> Any:
    """Derivative of an elementwise function in its k-th argument, by forward mode."""

    def of_one(x: Any) -> Any:
        return f(*args[:k], x, *args[k + 1 :])

    return dt.jvp(of_one, (args[k],), (np.ones_like(args[k]),))[1]


def pullback(f: Callable[..., Any], args: list[NDArray[Any]], k: int) -> Any:
    """The same by reverse mode."""

    def of_one(x: Any) -> Any:
        return f(*args[:k], x, *args[k + 1 :])

    y, transpose = dt.vjp(of_one, args[k])
    return transpose(np.ones_like(y))[0]
