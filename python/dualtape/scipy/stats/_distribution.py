"""Distributions as SciPy has them: logpdf(x, *shapes, loc, scale) and its kin, broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._core import Tracer
from ...numpy._arguments import as_array
from ...numpy._dispatch import has_tracer
from .._dispatch import scipy_function

Formula = Callable[..., Any]
_DENSITY = {"pdf": "logpdf", "pmf": "logpmf"}


def common(*given: Any) -> list[Any]:
    """Arrays of float64, in which SciPy's distributions compute."""
    return [as_array(x).astype(np.float64) for x in given]


def choose(condition: Any, x: Any, y: Any) -> Any:
    """np.where, a scalar where its arguments are."""
    return np.where(condition, x, y)[()]


def _surely(condition: Any) -> bool:
    """Whether a condition on arguments that are not traced holds everywhere."""
    return not isinstance(condition, Tracer) and bool(np.all(condition))


def _where_valid(valid: Any, value: Any, arguments: list[Any]) -> Any:
    """The value; NaN where parameters have none, and so is its derivative in every argument."""
    return value[()] if _surely(valid) else choose(valid, value, np.nan * sum(arguments))


def exponential(logarithm: Any) -> Any:
    """exp, with no derivative where a density is zero: exp(-inf) times an infinite one is NaN."""
    zero = logarithm == -np.inf
    return choose(zero, 0.0, np.exp(choose(zero, 0.0, logarithm)))


def _logarithm(p: Any, q: Any) -> Any:
    """log p of a probability p = 1 - q, exact near one too."""
    near_one = q < 0.5
    near = np.log1p(-choose(near_one, q, 0.5))
    return choose(near_one, near, np.log(choose(near_one, 0.5, p)))


class Distribution:
    """One distribution of scipy.stats: the methods that are recorded, the others SciPy's own.

    `logpdf` (`logpmf` of a discrete distribution) and its exponential take traced values, and
    `cdf`, `sf`, `logcdf`, `logsf`, `ppf`, `isf` where `methods` has them. Outside the support the
    density is zero, and NaN where a parameter is invalid, as in SciPy.
    """

    def __init__(
        self,
        name: str,
        shapes: tuple[str, ...],
        log_density: Formula,
        *,
        inside: Formula | None = None,
        valid: Formula | None = None,
        interior: Formula | None = None,
        discrete: bool = False,
        methods: dict[str, Formula] | None = None,
        moments: Formula | None = None,
    ) -> None:
        self.name = name
        self._parameters = (*shapes, "loc") if discrete else (*shapes, "loc", "scale")
        self._log_density = log_density
        self._inside, self._valid, self._discrete = inside, valid, discrete
        self._methods = methods or {}
        self._point, self._moments = interior, moments

    def __repr__(self) -> str:
        return f"<dualtape.scipy.stats.{self.name}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        return Frozen(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(scipy_function("stats", self.name), name)

    def _parameters_of(self, method: str, args: Any, kwargs: Any) -> dict[str, Any]:
        """Parameters by name: the shapes in order, loc and scale where they were given."""
        names = self._parameters
        if len(args) > len(names):
            raise TypeError(f"{self.name}.{method}: at most {len(names)} parameters, got {args}")
        values = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name not in names or name in values:
                raise TypeError(f"{self.name}.{method}: parameter {name!r} is not wanted")
            values[name] = value
        missing = [n for n in names if n not in values and n not in ("loc", "scale")]
        if missing:
            raise TypeError(f"{self.name}.{method}: parameters {missing} are wanted")
        return {n: values[n] for n in names if n in values}

    def _evaluate(self, method: str, formula: Formula, x: Any, args: Any, kwargs: Any) -> Any:
        """The formula of the standardised argument where it is inside the support."""
        given = self._parameters_of(method, args, kwargs)
        x, *values = common(x, *given.values())
        named = dict(zip(given, values, strict=True))
        loc, scale = named.pop("loc", None), named.pop("scale", None)
        shapes = list(named.values())
        if method in ("ppf", "isf"):
            return self._quantile(formula, x, shapes, loc, scale)
        z = x if loc is None else x - loc
        z = z if scale is None else z / scale
        density = method in ("logpdf", "logpmf")
        inside: Any = True if self._inside is None else self._inside(z, *shapes)
        if density:
            # No density is left at infinity, where formulas have inf - inf.
            inside = np.isfinite(z) & inside | np.isnan(z)
        if self._discrete and density:
            inside = (z == np.floor(z)) & inside
        safe = z if inside is True else np.where(inside, z, self._interior(shapes))
        value = formula(safe, *shapes)
        if density and scale is not None:
            value = value - np.log(scale)
        if inside is not True:
            outside = -np.inf if density else self._outside(method, z, shapes)
            value = np.where(inside, value, np.where(np.isnan(z), z, outside))
        valid: Any = True if self._valid is None else self._valid(*shapes)
        valid = valid if scale is None else (scale > 0) & valid
        return _where_valid(valid, value, [x, *values])

    def _quantile(self, formula: Formula, q: Any, shapes: list[Any], loc: Any, scale: Any) -> Any:
        inside = (q >= 0) & (q <= 1)
        if not _surely(inside):
            q = np.where(inside, q, np.nan)
        value = formula(q, *shapes)
        value = value if scale is None else value * scale
        value = value if loc is None else value + loc
        valid: Any = True if self._valid is None else self._valid(*shapes)
        valid = valid if scale is None else (scale > 0) & valid
        others = [v for v in (loc, scale) if v is not None]
        return _where_valid(valid, value, [q, *shapes, *others])

    def _interior(self, shapes: list[Any]) -> Any:
        """A point inside the support: what the formula sees where it is not used."""
        if self._point is not None:
            return self._point(*shapes)
        return 1.0 if self._discrete else 0.5

    def _outside(self, method: str, z: Any, shapes: list[Any]) -> Any:
        """cdf and its kin below and above the support."""
        above = z > self._interior(shapes)
        low = {"cdf": 0.0, "sf": 1.0, "logcdf": -np.inf, "logsf": 0.0}[method]
        high = {"cdf": 1.0, "sf": 0.0, "logcdf": 0.0, "logsf": -np.inf}[method]
        return np.where(above, high, low)

    def _method(self, method: str, x: Any, args: Any, kwargs: Any) -> Any:
        if not (has_tracer((x, *args)) or has_tracer(list(kwargs.values()))):
            return getattr(scipy_function("stats", self.name), method)(x, *args, **kwargs)
        log_name = "logpmf" if self._discrete else "logpdf"
        if method == log_name:
            return self._evaluate(method, self._log_density, x, args, kwargs)
        if method in _DENSITY and _DENSITY[method] == log_name:
            return exponential(self._evaluate(log_name, self._log_density, x, args, kwargs))
        formula = self._methods.get(method)
        if formula is not None:
            return self._evaluate(method, formula, x, args, kwargs)
        if method in ("logcdf", "logsf") and {"cdf", "sf"} <= set(self._methods):
            both = [
                self._evaluate(name, self._methods[name], x, args, kwargs) for name in ("cdf", "sf")
            ]
            return _logarithm(*(both if method == "logcdf" else both[::-1]))
        if method == "isf" and "ppf" in self._methods:
            quantile = self._methods["ppf"]
            return self._evaluate(
                "isf", lambda q, *shapes: quantile(1 - q, *shapes), x, args, kwargs
            )
        other, change = _FROM_OTHERS.get(method, ("", None))
        if change is not None and other in self._methods:
            return change(self._evaluate(other, self._methods[other], x, args, kwargs))
        raise TypeError(
            f"scipy.stats.{self.name}.{method} cannot be recorded; recorded are "
            f"{', '.join(self.recorded)}"
        )

    def _moment(self, which: str, args: Any, kwargs: Any) -> Any:
        """Mean, variance or standard deviation, of the parameters alone."""
        if not (has_tracer(args) or has_tracer(list(kwargs.values()))):
            return getattr(scipy_function("stats", self.name), which)(*args, **kwargs)
        if self._moments is None:
            raise TypeError(
                f"scipy.stats.{self.name}.{which} cannot be recorded; recorded are "
                f"{', '.join(self.recorded)}"
            )
        given = self._parameters_of(which, args, kwargs)
        named = dict(zip(given, common(*given.values()), strict=True))
        loc, scale = named.pop("loc", 0.0), named.pop("scale", 1.0)
        mean, variance = self._moments(*named.values())
        if which == "mean":
            return (mean * scale + loc)[()]
        variance = variance * np.square(scale)
        return variance[()] if which == "var" else np.sqrt(variance)

    def mean(self, *args: Any, **kwargs: Any) -> Any:
        return self._moment("mean", args, kwargs)

    def var(self, *args: Any, **kwargs: Any) -> Any:
        return self._moment("var", args, kwargs)

    def std(self, *args: Any, **kwargs: Any) -> Any:
        return self._moment("std", args, kwargs)

    def median(self, *args: Any, **kwargs: Any) -> Any:
        return self._method("ppf", 0.5, args, kwargs)

    def interval(self, confidence: Any, *args: Any, **kwargs: Any) -> Any:
        ends = (0.5 - 0.5 * confidence, 0.5 + 0.5 * confidence)
        low, high = (self._method("ppf", q, args, kwargs) for q in ends)
        return low, high

    @property
    def recorded(self) -> list[str]:
        """Methods that take traced values."""
        own = ["logpmf", "pmf"] if self._discrete else ["logpdf", "pdf"]
        derived = [m for m, (other, _) in _FROM_OTHERS.items() if other in self._methods]
        from_ppf = ["isf", "median", "interval"] if "ppf" in self._methods else []
        moments = ["mean", "var", "std"] if self._moments else []
        return own + sorted({*self._methods, *derived, *from_ppf, *moments})

    def logpdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("logpdf", x, args, kwargs)

    def pdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("pdf", x, args, kwargs)

    def logpmf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("logpmf", k, args, kwargs)

    def pmf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("pmf", k, args, kwargs)

    def cdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("cdf", x, args, kwargs)

    def sf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("sf", x, args, kwargs)

    def logcdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("logcdf", x, args, kwargs)

    def logsf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("logsf", x, args, kwargs)

    def ppf(self, q: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("ppf", q, args, kwargs)

    def isf(self, q: Any, *args: Any, **kwargs: Any) -> Any:
        return self._method("isf", q, args, kwargs)


# Where the one is not given but the other is: each keeps its small values exact.
_FROM_OTHERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "cdf": ("sf", lambda p: 1 - p),
    "sf": ("cdf", lambda p: 1 - p),
    "logcdf": ("cdf", np.log),
    "logsf": ("sf", np.log),
}


class Frozen:
    """A distribution with its parameters: norm(0.0, 2.0).logpdf(x)."""

    def __init__(self, distribution: Any, args: Any, kwargs: Any) -> None:
        self.dist, self.args, self.kwds = distribution, args, kwargs

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self.dist, name)

        def call(*x: Any, **options: Any) -> Any:
            return method(*x, *self.args, **self.kwds, **options)

        return call
