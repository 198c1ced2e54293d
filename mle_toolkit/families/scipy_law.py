"""Any univariate distribution of scipy.stats as a family.

Over 600 lines, because it is one class, most of which looks for starts for laws of which nothing is known.
"""

from __future__ import annotations

import copy
import itertools
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError, UnboundedLikelihoodError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.ends import common_sign, grid, grows_without_bound, probe_points
from mle_toolkit.families.held import Standardised, best_held, points
from mle_toolkit.families.parameters import Parameter, Role
from mle_toolkit.families.relations import Limit

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample

_GRID = {0: 1, 1: 25, 2: 9, 3: 6, 4: 4}
"""Values tried for each free shape, by how many shapes are free."""

_SLOW = {
    "levy_stable": (200, "'stable', by its name as a text, is this law with a fast density"),
    "studentized_range": (10, "give parameters that are known, and fewer rows"),
}
"""Laws whose density SciPy integrates numerically, at milliseconds a value: SciPy's start has to do, and no limits.
They are fitted up to so many observations times the cube of free parameters, in seconds; and what else to do."""

_LEAST_SHAPE = 1e-12
"""Shapes that are positive and below it have no values: some of SciPy's C++ ends the process there, as that of nct."""

_STRETCHES = np.array([0.4, 0.7, 1.0, 1.5, 3.0])
"""Scales tried beside the one that gives the law the interquartile range of the data."""

_POINTS = 40
"""Quantiles of the data on which starting values are compared."""

_STARTS = 3

_TOUCHES = 1e-2
"""Distance of a point of infinite density from an observation, in mean distances of two, at which it goes there."""

_GAPS, _CLIMBED_GAPS = 400, 8
"""Gaps between observations that are tried for loc where the density is 0 or infinite there; and climbed in."""

_FAR, _NEAR = 1e-4, 1e-6
"""How far from 0, in its scale, the bend of a standard log-density is looked at."""

_KINK, _ROUGH = 1.01, 1.5
"""Powers with which it grows at a kink, and where the second derivative of a row has a finite variance."""


class ScipyLaw(Standardised):
    """A distribution of scipy.stats, continuous or discrete, as a family.

    Parameters
    ----------
    dist : rv_continuous or rv_discrete
        The distribution object itself, such as ``scipy.stats.nakagami``; also one of your own subclass.
    **constants
        Known values of its parameters: shapes, ``loc``, ``scale``; an array is one value per row. ``loc`` is free
        where it is the place of the law: where the standard law lives on the whole line, or on both sides of 0 within
        ends that no shape moves. Elsewhere, where it is an end of the support, it is 0 unless given; ``loc=None``
        frees it (continuous laws only). All else that is not given is estimated.

    Raises
    ------
    ParameterError
        If ``dist`` is not such an object, a name or value is wrong, or a shape that must be whole is not given.

    Notes
    -----
    Where the likelihood rises until the end of the support touches the least or greatest observation, as for
    ``scipy.stats.pareto`` and its scale, the maximum is there, without a standard error. Where the density
    may be infinite at an end that moves, the likelihood is unbounded and a maximum is a local one; see `unbounded`.

    Examples
    --------
    >>> from scipy import stats
    >>> ScipyLaw(stats.nakagami)
    nakagami(nu, scale; loc=0.0)
    >>> ScipyLaw(stats.hypsecant)
    hypsecant(loc, scale)
    >>> ScipyLaw(stats.binom, n=12)
    binom(p; n=12, loc=0.0)
    """

    without_spikes = "Give a parameter that is known: get_family(scipy.stats..., loc=...)."

    def __init__(self, dist: Any, **constants: Any) -> None:
        _check_kind(dist)
        self.dist = dist
        self.name = dist.name
        self._continuous = hasattr(dist, "pdf")
        shapes = tuple(name.strip() for name in dist.shapes.split(",")) if dist.shapes else ()
        self._all_names = (*shapes, "loc", "scale") if self._continuous else (*shapes, "loc")
        self.shape_names = shapes
        self.constants = self._known(constants)
        self._free_shapes = self._shape_domains()
        self._lower, self._upper = self._standard_support()
        if "loc" not in constants and self._continuous and self._is_about_zero:
            del self.constants["loc"]
        self._check_on_line()
        self.support = self._whole_support()
        self._extremes: tuple[float, float] | None = None
        self.parameters = self._declared()
        if not self.parameters:
            self.from_sample = _nothing

    def _known(self, constants: dict[str, Any]) -> dict[str, Any]:
        unknown = [name for name in constants if name not in self._all_names]
        if unknown:
            raise ParameterError(
                f"{self.name}: unknown constant {unknown[0]!r}; its parameters: {', '.join(self._all_names)}."
            )
        known = {"loc": 0.0} | constants if "loc" not in constants else dict(constants)
        if known["loc"] is None:
            if not self._continuous:
                raise ParameterError(f"{self.name}: loc of a law of counts must be known; give a whole number.")
            del known["loc"]
        for name, value in known.items():
            array = np.asarray(value)
            if array.ndim > 1 or array.dtype.kind not in "biuf" or not np.all(np.isfinite(array)):
                raise ParameterError(f"{self.name}: {name} must be a finite number, or one per row; got {value!r:.60}.")
            if name == "scale" and not np.all(array > 0):
                raise ParameterError(f"{self.name}: scale must be positive; got {value!r:.60}.")
            known[name] = array if array.ndim else value
        order = [name for name in self._all_names if name in known]
        return {name: known[name] for name in order}

    @property
    def _ends(self) -> tuple[float, float] | None:
        """Both ends of the standard support; None where a shape moves one."""
        return None if self._lower is None or self._upper is None else (self._lower, self._upper)

    @property
    def _is_about_zero(self) -> bool:
        """Whether 0 is inside the standard support, whatever the shapes: loc is then a place, and not an end."""
        ends = self._ends
        return ends is not None and ends[0] < 0.0 < ends[1]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a report says of loc where it is no parameter."""
        if "loc" not in self.constants:
            return ()
        if np.ndim(self.constants["loc"]):
            return ("loc: held at known values, one per row",)
        free = f"; get_family(scipy.stats.{self.dist.name}, loc=None) frees it" if self._continuous else ""
        return (f"loc: held at {self.constants['loc']:g}{free}",)

    def _check_on_line(self) -> None:
        """Refuse laws of directions, which SciPy lets run round the circle without an end."""
        if not self._continuous or (self._lower, self._upper) != (-np.inf, np.inf):
            return
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            below = _within_range(self.dist.cdf, np.asarray(1e4), list(self._probes[:, :1].ravel()))
        if np.any(below > 1.5):
            raise ParameterError(
                f"{self.name}: scipy.stats.{self.dist.name} is a law on the circle, whose density has no finite mass "
                f'on the line; use get_family("von_mises"), or with period=360 for degrees.'
            )

    # --- what SciPy knows of the parameters ---------------------------------------------------------------------------

    def _shape_domains(self) -> dict[str, Interval]:
        """Domains of the free shapes; an endpoint belongs to one where SciPy accepts it as a value."""
        declared = dict.fromkeys(self.shape_names, REAL)
        whole = dict.fromkeys(self.shape_names, False)
        if hasattr(self.dist, "_shape_info"):
            information = self.dist._shape_info()
            if len(information) != len(self.shape_names):
                raise ParameterError(
                    f"{self.name}: a distribution with a vector parameter is not one that can be fitted."
                )
            # By position: SciPy 1.15 has another name there for planck's.
            for name, item in zip(self.shape_names, information, strict=True):
                declared[name] = Interval(float(item.endpoints[0]), float(item.endpoints[1]))
                whole[name] = bool(item.integrality)
        else:  # a distribution of the user's, which declares nothing: see what it accepts
            for name in self.shape_names:
                others = {k: d for k, d in declared.items() if k != name}
                if not self._accepts({name: grid(Interval(-np.inf, 0.0), 5), **_grids(others, 5)}):
                    declared[name] = POSITIVE
        free = {name: domain for name, domain in declared.items() if name not in self.constants}
        for name in free:
            others = {k: d for k, d in free.items() if k != name}
            if whole[name] and not self._accepts({name: grid(free[name], 5) + 0.0137, **_whole_grids(others)}):
                raise ParameterError(
                    f"{self.name}: {name} must be a whole number, so it cannot be estimated; give it: "
                    f"get_family(scipy.stats.{self.name}, {name}=...)."
                )
        return {name: self._closed(name, free) for name in free}

    def _closed(self, name: str, free: dict[str, Interval]) -> Interval:
        domain = free[name]
        grids = _grids({k: d for k, d in free.items() if k != name}, 5)
        lower, upper = (
            bool(np.isfinite(end)) and self._accepts({name: np.array([end]), **grids})
            for end in (domain.lower, domain.upper)
        )
        closed = "both" if lower and upper else "lower" if lower else "upper" if upper else "neither"
        return Interval(domain.lower, domain.upper, closed)

    def _accepts(self, grids: dict[str, Array]) -> bool:
        return len(self._combinations(grids)) > 0

    def _combinations(self, grids: dict[str, Array]) -> Array:
        """Combinations of free shapes that SciPy accepts; shape (m, number of free shapes)."""
        names = [name for name in self.shape_names if name in grids]
        combined = list(itertools.product(*(grids[name] for name in names)))
        rows = np.array(combined, dtype=float).reshape(len(combined), len(names))
        if not self.shape_names:
            return rows
        shapes = self._columns(rows, names)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            accepted = np.broadcast_to(np.asarray(self.dist._argcheck(*shapes), dtype=bool), (len(rows),))
        return np.asarray(rows[accepted])

    def _columns(self, rows: Array, names: Sequence[str]) -> Array:
        """All shapes, those not in ``names`` at their known values; shape (number of shapes, m)."""
        columns = [
            rows[:, names.index(name)] if name in names else np.full(len(rows), np.max(self.constants.get(name, 1.0)))
            for name in self.shape_names
        ]
        return np.array(columns).reshape(len(self.shape_names), len(rows))

    @cached_property
    def _probes(self) -> Array:
        """Acceptable combinations of shapes, by which the law is explored; shape (number of shapes, m)."""
        return self._columns(self._combinations(_grids(self._free_shapes, 7)), list(self._free_shapes))

    def _standard_support(self) -> tuple[float | None, float | None]:
        """Ends of the support at loc 0 and scale 1; None for one that depends on free shapes."""
        lower, upper = self._supports()
        ends = [float(values[0]) if np.all(values == values[0]) else None for values in (lower, upper)]
        return ends[0], ends[1]

    def _supports(self) -> tuple[Array, Array]:
        probes = self._probes
        if probes.shape[1] == 0:
            given = ", ".join(f"{k} = {v}" for k, v in self.constants.items())
            raise ParameterError(f"{self.name}: SciPy accepts no parameters with {given}.")
        with np.errstate(all="ignore"):
            lower, upper = self.dist._get_support(*probes)
        m = probes.shape[1]
        return np.broadcast_to(np.asarray(lower, float), m), np.broadcast_to(np.asarray(upper, float), m)

    def _whole_support(self) -> Interval:
        """Every value that some member of the family can give."""
        lows, highs = self._supports()
        # A shape without a bound moves the end of the support without a bound, beyond what a few probes show.
        low = float(lows[0]) if self._lower is not None else (0.0 if np.all(lows >= 0) else -np.inf)
        high = float(highs[0]) if self._upper is not None else (0.0 if np.all(highs <= 0) else np.inf)
        moved_low, moved_high = self._lower is None, self._upper is None
        if not self._continuous:
            for name in self.constants:
                if name in self.shape_names and np.ndim(self.constants[name]):
                    low, high = float(np.min(lows)), float(np.max(highs))
            loc = self.constants["loc"]
            return Interval(low + np.min(loc), high + np.max(loc), closed="both", integer=True)
        if "loc" not in self.constants:
            return REAL
        at_low, at_high = (self._density_at(end) for end in (low, high))
        if "scale" not in self.constants:
            low, at_low = (low, at_low) if low in (0.0, -np.inf) else (0.0 if low > 0 else -np.inf, False)
            high, at_high = (high, at_high) if high in (0.0, np.inf) else (0.0 if high < 0 else np.inf, False)
            scale: Any = 1.0
        else:
            scale = self.constants["scale"]
        closed = ("lower" if at_low or moved_low else "") + ("upper" if at_high or moved_high else "")
        names = {"": "neither", "lowerupper": "both"}
        loc = self.constants["loc"]
        return Interval(float(np.min(low * scale + loc)), float(np.max(high * scale + loc)), names.get(closed, closed))

    def _density_at(self, end: float) -> bool:
        """Whether the standard density is positive and finite at an end of the support, for most shapes."""
        if not np.isfinite(end):
            return False
        values = self.standard_logpdf(np.asarray(end), *self._probes)
        return bool(np.mean(np.isfinite(values)) > 0.5)

    def standard_logpdf(self, z: Array, *shapes: Any) -> Array:
        """Log-density with loc 0 and scale 1."""
        shapes = tuple(self._beyond_scipy(name, value) for name, value in zip(self.shape_names, shapes, strict=True))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return np.asarray(self.dist.logpdf(z, *shapes))

    # --- loc and scale ------------------------------------------------------------------------------------------------

    def _declared(self) -> tuple[Parameter, ...]:
        shapes = tuple(Parameter(name, domain) for name, domain in self._free_shapes.items())
        return shapes + self._moving_parameters()

    def _moving_parameters(self) -> tuple[Parameter, ...]:
        """``loc`` and ``scale``, as far as they are free, in the domains that the data leave them (`resolve`)."""
        free = [name for name in ("loc", "scale") if self._continuous and name not in self.constants]
        # The engine may change the unit of the data only if no end of a support, and no constant, is left behind.
        ends = (self._lower, self._upper)
        moves_freely = ends in ((-np.inf, np.inf), (0.0, np.inf), (-np.inf, 0.0))
        if "loc" in free:
            moves_freely = ends == (-np.inf, np.inf)
        elif "scale" in free:
            moves_freely = moves_freely and bool(np.all(np.asarray(self.constants["loc"]) == 0))
        roles: dict[str, Role] = {"loc": "location", "scale": "scale"}
        parameters = []
        for name in free:
            domain = self._moving_domain(name, free)
            role: Role = roles[name] if moves_freely else "shape"
            parameters.append(Parameter(name, domain, role=role, regular=name not in self._touching))
        return tuple(parameters)

    def _moving_domain(self, name: str, free: Sequence[str]) -> Interval:
        """Where loc or scale may be, given the extremes of the data."""
        whole = REAL if name == "loc" else POSITIVE
        if self._extremes is None or name in self._touching:
            return whole
        low, high = self._extremes
        if name == "loc":
            if self._lower == 0 and self._upper == np.inf:
                return Interval(-np.inf, low, "upper")  # where the density may be positive at its end
            return Interval(high, np.inf, "lower") if (self._lower, self._upper) == (-np.inf, 0) else whole
        return Interval(*self._scale_range) if "loc" not in free else whole

    @cached_property
    def _scale_range(self) -> tuple[float, float]:
        """Scales that leave the extremes of the data inside the support, with loc known."""
        least, most = 0.0, np.inf
        if self._extremes is None or np.ndim(self.constants["loc"]):
            return least, most
        for end, extreme in zip((self._lower, self._upper), self._extremes, strict=True):
            if end is None or not np.isfinite(end) or end == 0:
                continue
            reach = (extreme - self.constants["loc"]) / end
            if (end is self._lower) == (end > 0):  # data beyond this end, seen from loc
                most = min(most, reach)
            else:
                least = max(least, reach)
        return least, most

    @cached_property
    def _touching(self) -> dict[str, float]:
        """Where loc or scale has its maximum, if that is where the support just reaches an extreme of the data."""
        if self._extremes is None or not self._continuous:
            return {}
        low, high = self._extremes
        if "loc" not in self.constants:
            if (self._lower, self._upper) == (0, np.inf) and self._slope_sign() < 0:
                return {"loc": low}
            if (self._lower, self._upper) == (-np.inf, 0) and self._slope_sign() > 0:
                return {"loc": high}
            return {}
        least, most = self._scale_range
        if "scale" in self.constants or (least, most) == (0.0, np.inf):
            return {}
        sign = self._stretch_sign()
        if sign > 0 and least > 0:
            return {"scale": least}
        return {"scale": most} if sign < 0 and most < np.inf else {}

    def _slope_sign(self) -> int:
        """-1 if the standard density falls over all its support for all shapes, 1 if it rises, else 0."""
        return self._sign_of(lambda z, slope: slope)

    def _stretch_sign(self) -> int:
        """1 if stretching the law lowers its log-density everywhere for all shapes, -1 if it raises it, else 0."""
        return self._sign_of(lambda z, slope: 1 + z * slope)

    def _sign_of(self, quantity: Any) -> int:
        ends = self._ends
        if ends is None or (np.isinf(ends[0]) and np.isinf(ends[1])):
            return 0
        z, step = probe_points(*ends)
        probes = self._probes
        up, down = (self.standard_logpdf((z + s)[:, None], *probes[:, None, :]) for s in (step, -step))
        with np.errstate(all="ignore"):
            return common_sign(quantity(z[:, None], (up - down) / (2 * step[:, None])))

    def resolve(self, sample: Sample) -> Family:
        """Learn the extremes of the data, which bound a free loc or scale where the support has an end."""
        self.check_support(sample)
        values = sample.n_rows * len(self.parameters) ** 3
        most, instead = _SLOW.get(self.dist.name, (math.inf, ""))
        if values > most:
            raise ParameterError(
                f"{self.name}: SciPy integrates this density numerically for each value, at milliseconds, so that a "
                f"search for {len(self.parameters)} parameters of {sample.n_rows} observations would take minutes to "
                f"hours; {instead}."
            )
        return self._between((sample.minimum, sample.maximum))

    def learned_again(self, sample: Sample) -> ScipyLaw:
        """The law between the extremes of other data."""
        extremes = (sample.minimum, sample.maximum)
        return self if self._extremes in (None, extremes) else self._between(extremes)

    def _between(self, extremes: tuple[float, float]) -> ScipyLaw:
        law = copy.copy(self)
        law.__dict__ = {k: v for k, v in self.__dict__.items() if k not in ("_touching", "_scale_range", "limits")}
        law._extremes = extremes
        law.parameters = law._declared()
        return law

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        if not self.per_row:
            return self
        law = copy.copy(self)
        law.constants = self.constants | {name: known[name] for name in self.per_row}
        del law.__dict__["per_row"]  # of one row the constants are numbers
        return law

    # --- the family ---------------------------------------------------------------------------------------------------

    def _arguments(self, params: Sequence[Any]) -> list[Any]:
        values = self.constants | dict(zip(self.param_names, params, strict=True))
        return [self._beyond_scipy(name, values[name]) for name in self._all_names]

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density, or log-probability of a count; -inf where SciPy gives none."""
        value = self._of_scipy("logpdf" if self._continuous else "logpmf", x, params)
        return np.where(np.isnan(value), -np.inf, value)

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return self._of_scipy("cdf", x, params)

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return self._of_scipy("sf", x, params)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._log_tail("cdf", "sf", x, params)

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._log_tail("sf", "cdf", x, params)

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        return self._of_scipy("ppf", p, params)

    def _log_tail(self, name: str, other: str, x: Array, params: Sequence[Any]) -> Array:
        """SciPy's log of a tail where the law has its own; else from the smaller of the two tails.

        SciPy's default finds the median first, which for a law without quantiles is a search for each value.
        """
        from scipy import stats

        base = stats.rv_continuous if self._continuous else stats.rv_discrete
        if getattr(type(self.dist), f"_log{name}") is not getattr(base, f"_log{name}"):
            return self._of_scipy(f"log{name}", x, params)
        tail, rest = self._of_scipy(name, x, params), self._of_scipy(other, x, params)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(tail < 0.5, np.log(tail), np.log1p(-rest))

    def _of_scipy(self, name: str, x: Array, params: Sequence[Any]) -> Array:
        """A function of SciPy's law; NaN where its code leaves the range of numbers, as at trial values far out."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of SciPy's integrals and whole numbers
            return _within_range(getattr(self.dist, name), np.asarray(x), self._arguments(params))

    def _beyond_scipy(self, name: str, value: Any) -> Any:
        """A shape; NaN where it is so near an open end at 0 that SciPy's code cannot be trusted with it."""
        domain = self._free_shapes.get(name)
        if domain is None or domain.lower != 0.0 or domain.closed_lower:
            return value
        return np.where(np.asarray(value) < _LEAST_SHAPE, np.nan, value)

    def check(self, sample: Sample) -> None:
        """Raise where the likelihood has no maximum: too few values, or a pole of the density on the extremes."""
        super().check(sample)
        for name, value in self._touching.items():
            end = self._lower if name == "loc" or value == self._scale_range[1] else self._upper
            if end is not None and np.all(np.isposinf(self.standard_logpdf(np.asarray(end), *self._probes))):
                raise UnboundedLikelihoodError(
                    f"{self.name}: the likelihood is unbounded as {name} goes to {value:g}, where an observation "
                    f"comes to the end of the support and the density there is infinite. Give {name}."
                )

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why the likelihood is unbounded somewhere, where it is: a maximum found elsewhere is a local one."""
        if not np.any(sample.lower == sample.upper):
            return None  # probabilities are at most 1
        names = [p.name for p in self.parameters if p.name not in fixed]
        ends = []
        if "loc" in names:
            ends += [(self._lower, sample.minimum, "loc"), (self._upper, sample.maximum, "loc")]
        elif "scale" in names:
            ends += [(self._lower, sample.minimum, "scale"), (self._upper, sample.maximum, "scale")]
        centre = self._is_about_zero and "loc" in names
        if centre and np.any(np.isposinf(self.standard_logpdf(np.zeros(1), *self._probes))):
            return "as loc moves to an observation, the likelihood grows without bound"
        for end, extreme, name in ends:
            if end is None or not np.isfinite(end) or (name == "scale" and end == 0):
                continue
            pole = np.any(np.isposinf(self.standard_logpdf(np.asarray(end), *self._probes)))
            if pole or (name == "loc" and end == 0 and "scale" in names and self._path_to_pole(sample)):
                return (
                    f"as {name} moves the end of the support onto the observation {extreme:g}, the likelihood "
                    f"grows without bound"
                )
        return None

    def _path_to_pole(self, sample: Sample) -> bool:
        """Whether shapes and scale can grow with the density of one observation at the end of the support.

        As for the lognormal law, whose density there is 0 for every fixed shape (Hill 1963, JASA 58, 72-84): the
        best log-likelihood over a grid, of one observation ever nearer to the end and a few others, has no bound.
        """
        sign = 1.0 if self._lower == 0 else -1.0
        domains = self._free_shapes
        grids = {name: grid(d, 31 if len(domains) == 1 else 9, 1e4) for name, d in domains.items()}
        shapes = self._columns(self._combinations(grids), list(domains))[:, :, None, None]
        return grows_without_bound(
            lambda x, scale: self.standard_logpdf(sign * x / scale, *shapes) - np.log(scale), sample.nobs
        )

    def at_observations(
        self,
        sample: Sample,
        params: Sequence[float],
        fixed: Mapping[str, float],
        climb: Callable[[Family], Any],
        loglik: Callable[[Sequence[float]], float],
    ) -> Any:
        """The highest maximum with an end or a kink of the density at an observation; None without one."""
        if not self._continuous or self.per_row or self.dist.name in _SLOW:
            return None
        return best_held(self, sample, params, fixed, climb, loglik)

    def spurious(self, sample: Sample, *params: Any) -> bool:
        """Whether a point of infinite density, at an end of the support or at loc, is all but at an observation."""
        named = self.constants | dict(zip(self.param_names, params, strict=True))
        shapes = [named[name] for name in self.shape_names]
        if not self._continuous or self.per_row:
            return False
        with np.errstate(all="ignore"):
            places = [*self.dist._get_support(*shapes), *([0.0] if self._is_about_zero else [])]
        near = _TOUCHES * (sample.maximum - sample.minimum) / sample.n_rows
        for point in map(float, places):
            pole = np.isfinite(point) and np.isposinf(self.standard_logpdf(np.asarray(point), *shapes))
            if pole and np.min(np.abs(sample.x - (named["loc"] + named["scale"] * point))) <= near:
                return True
        return False

    def has_kinks(self, *params: Any) -> bool:
        """Whether the density has a kink inside its support; of no parameters, whether it may have one."""
        if not self._continuous or self.per_row or self.dist.name in _SLOW:
            return False
        if not params:
            return bool(self.param_names)
        named = self.constants | dict(zip(self.param_names, params, strict=True))
        return any(len(point.outward) == 2 for point in points(self, named))

    def rough(self, *params: Any) -> tuple[str, ...]:
        """The location, where the log-density has a cusp there, abs(x - loc)^b with 1 < b < 3/2: seen by its bend."""
        named = self.constants | dict(zip(self.param_names, params, strict=True))
        if not self._continuous or "loc" not in self.param_names or self.dist.name in _SLOW:
            return ()
        if any(np.ndim(named[name]) for name in self.shape_names):  # one a row
            return ()
        away = np.array([_FAR, _NEAR])
        with np.errstate(all="ignore"):
            heights = self.standard_logpdf(np.append(0.0, (away, -away)), *(named[name] for name in self.shape_names))
            bend = heights[1:3] + heights[3:] - 2 * heights[0]
            power = np.log(bend[0] / bend[1]) / np.log(_FAR / _NEAR)
        return ("loc",) if _KINK < power < _ROUGH else ()

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """The law at each endpoint of a shape that SciPy accepts as a value."""
        if self.dist.name in _SLOW:
            return ()
        shapes = enumerate(self._free_shapes.items())
        return tuple(self._at_end(place, name, end) for place, (name, domain) in shapes for end in domain.endpoints)

    def _at_end(self, place: int, name: str, end: float) -> Limit:
        """The same law with one shape held at an endpoint of its domain, where no search in coordinates gets."""
        free = {"loc": None} if self._continuous else {}
        law = ScipyLaw(self.dist, **free | self.constants | {name: end})
        law.name = f"{self.name} with {name} = {end:g}"
        if self._extremes is not None:
            law = law._between(self._extremes)
        return Limit(law, lambda *params: (*params[:place], end, *params[place:]))

    def to_scipy(self, *params: Any) -> Any:
        """The frozen distribution."""
        return self.dist(*self._arguments(params))

    # --- starts -------------------------------------------------------------------------------------------------------

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The best of a grid over shapes, scale and loc that differ, and SciPy's own start."""
        own = self._scipy_start(sample)
        if own is not None and self.name in _SLOW:
            return [tuple(own)]
        rows = self.take(slice(_POINTS)) if self.per_row else self
        x, weight = self._points(sample)
        candidates = self._candidates(sample)
        ends = self._ends
        if ends is not None and self._is_about_zero and self._continuous and {"loc", "scale"} <= set(self.param_names):
            matched = self._matched(sample, ends)
            candidates = matched if len(matched) else candidates
        score = self._score(rows, candidates, x, weight)
        order = [k for k in np.argsort(-score, kind="stable") if np.isfinite(score[k])]
        chosen: list[int] = []
        for k in order:
            place = self._place(candidates[k])
            if all(np.max(np.abs(place - self._place(candidates[j]))) > 1.5 for j in chosen):
                chosen.append(k)
            if len(chosen) == _STARTS:
                break
        starts = self._in_gaps(rows, [candidates[k] for k in chosen], sample)
        if own is not None and np.isfinite(self._score(rows, own[None, :], x, weight)[0]):
            starts.append(own)
        if ends is None:
            starts = [self._polished(rows, theta, x, weight) for theta in starts]
        return [tuple(theta) for theta in starts] or [tuple(candidates[0])]

    def _in_gaps(self, law: Family, starts: list[Array], sample: Sample) -> list[Array]:
        """The start with loc in the best gap between points, where none can be at loc, as of a double gamma law."""
        if not (self._continuous and self._is_about_zero and "loc" in self.param_names and starts):
            return starts
        named = self.constants | dict(zip(self.param_names, starts[0], strict=True))
        if np.isfinite(self.standard_logpdf(np.asarray(0.0), *[named[name] for name in self.shape_names])):
            return starts
        x, weight = self._points(sample, _GAPS)
        distinct = np.unique(x)
        middles = 0.5 * (distinct[1:] + distinct[:-1])
        middles = middles[np.unique(np.linspace(0, len(middles) - 1, min(len(middles), _GAPS)).astype(int))]
        place = self.param_names.index("loc")
        moved = np.repeat(np.array(starts), len(middles), axis=0)
        moved[:, place] = np.tile(middles, len(starts))
        order = np.argsort(-self._score(law, moved, x, weight), kind="stable")
        gaps = list(dict.fromkeys(moved[order, place].tolist()))[:_CLIMBED_GAPS]
        best = [next(moved[k] for k in order if moved[k, place] == gap) for gap in gaps]
        climbed = [self._polished(law, theta, x, weight) for theta in best]
        polished = [theta for theta in climbed if not self.spurious(sample, *theta)] or best
        # One of these: climbs that are as near as two gaps count as climbs to one maximum.
        return [max(polished, key=lambda theta: float(self._score(law, theta[None, :], x, weight)[0]))]

    def _points(self, sample: Sample, few: int = 0) -> tuple[Array, Array]:
        """Representatives of the data with weights; the extremes are among them, to see what they exclude."""
        if self.per_row:
            x = sample.x[:_POINTS]
            return x, np.ones_like(x) if sample.weight is None else sample.weight[:_POINTS]
        if sample.n_rows <= (few if self._continuous else 4 * _POINTS):
            return sample.x, np.ones_like(sample.x) if sample.weight is None else sample.weight
        count = _POINTS if self._ends is not None else 5 * _POINTS
        x = np.array([sample.quantile(p) for p in (np.arange(count) + 0.5) / count])
        extremes = (
            self._extremes if self._extremes is not None and not self.has_scale and not self.has_location else None
        )
        ends = np.array(extremes or (sample.minimum, sample.maximum))
        return np.concatenate([x, ends]), np.concatenate([np.ones(count), [1e-3, 1e-3]])

    def _score(self, law: Family, candidates: Array, x: Array, weight: Array) -> Array:
        params = [column[:, None] for column in candidates.T]
        values = np.sum(weight * law.logpdf(x[None, :], *params), axis=1) / np.sum(weight)
        return np.where(values < np.inf, values, -np.inf)

    def _place(self, theta: Array) -> Array:
        """A point as seen by the grid: one unit is about one step."""
        place = []
        for value, p in zip(theta, self.parameters, strict=True):
            if isinstance(p.domain, Interval) and p.name in self.shape_names and p.regular:
                place.append(float(np.arcsinh(p.domain.to_real(np.asarray(value)))))
        return np.array(place or [0.0])

    def _candidates(self, sample: Sample) -> Array:
        """Every combination of the grids; shape (m, number of parameters)."""
        shapes = self._free_shapes
        count = _GRID.get(len(shapes), 3)
        if self._continuous:
            grids = {name: grid(domain, count) for name, domain in shapes.items()}
        else:
            grids = {name: _count_grid(domain, sample, len(shapes)) for name, domain in shapes.items()}
        columns = [[*row] for row in self._combinations(grids)]
        for p in self.parameters[len(shapes) :]:
            values = self._moving_grid(p, sample)
            columns = [[*row, value] for row in columns for value in values]
        return np.array(columns).reshape(len(columns), len(self.parameters))

    def _matched(self, sample: Sample, ends: tuple[float, float]) -> Array:
        """Candidates with the median of the data, and about their interquartile range, that hold all of them."""
        shapes = self._free_shapes
        grids = {name: grid(domain, _GRID.get(len(shapes), 3)) for name, domain in shapes.items()}
        rows = self._combinations(grids)
        low, middle, high = (sample.quantile(p) for p in (0.25, 0.5, 0.75))
        spread = (high - low) or float(np.sqrt(sample.var())) or abs(middle) or 1.0
        all_shapes = tuple(tuple(column) for column in self._columns(rows, list(shapes)).tolist())
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            standard = _quartiles(self.dist, all_shapes)
            standard = np.broadcast_to(standard, (len(rows), 3))
            scale = (spread / (standard[:, 2] - standard[:, 0]))[:, None] * _STRETCHES
        loc = middle - scale * standard[:, 1:2]
        low, high = ends
        if np.isfinite(low) and np.isfinite(high):
            reach = sample.maximum - sample.minimum
            scale = np.full_like(scale, reach / (high - low)) * (1 + np.array([1e-3, 0.02, 0.1, 0.3, 1.0]))
            loc = 0.5 * (sample.minimum + sample.maximum) - scale * 0.5 * (low + high)
        known = np.repeat(rows, len(_STRETCHES), axis=0)
        found = np.column_stack([known, loc.ravel(), scale.ravel()])
        return np.asarray(found[np.all(np.isfinite(found), axis=1) & (found[:, -1] > 0)])

    def _moving_grid(self, p: Parameter, sample: Sample) -> Array:
        domain = p.interval
        if p.name in self._touching:
            return np.array([self._touching[p.name]])
        middle = sample.quantile(0.5)
        spread = (sample.quantile(0.75) - sample.quantile(0.25)) or float(np.sqrt(sample.var())) or abs(middle) or 1.0
        if p.name == "loc":
            away = spread * np.array([0.02, 0.1, 0.4, 1.0, 3.0, 10.0])
            if np.isfinite(domain.upper):
                return domain.upper - away
            if np.isfinite(domain.lower):
                return domain.lower + away
            return middle + spread * np.array([-3.0, -1.0, -0.3, 0.0, 0.3, 1.0, 3.0])
        excess = np.array([1e-3, 0.01, 0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0])
        if np.isfinite(domain.upper):
            return domain.upper / (1 + excess)
        if domain.lower > 0:
            return domain.lower * (1 + excess)
        if "loc" in self.param_names:
            return np.asarray(spread * np.exp2(np.arange(-5.0, 4.0)))
        size = sample.quantile(0.5) - self.constants["loc"] if np.ndim(self.constants["loc"]) == 0 else middle
        size = max(abs(float(size)), 0.5 * spread)
        return np.asarray(size * np.exp2(np.arange(-10.0, 7.0)))

    def _scipy_start(self, sample: Sample) -> Array | None:
        if not self._continuous or self.per_row or any(name in self.constants for name in self.shape_names):
            return None
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                guess = self.dist._fitstart(np.array(sample.x))
            except (ValueError, ArithmeticError, TypeError, RuntimeError, NotImplementedError, IndexError):
                return None  # a guess more or less: the grid has its own
        named = dict(zip(self._all_names, guess, strict=False))
        named |= self._touching
        theta = np.array([float(named.get(name, np.nan)) for name in self.param_names])
        inside = [np.all(p.domain.contains(v)) for p, v in zip(self.parameters, theta, strict=True)]
        return theta if all(inside) else None

    def _polished(self, law: Family, theta: Array, x: Array, weight: Array) -> Array:
        """A start improved without derivatives: near the ends of a support that moves with shapes there are none."""
        from scipy import optimize

        domains = [p.domain for p in self.parameters]

        def to_theta(u: Array) -> Array:
            return np.array([float(d.from_real(np.asarray(v))) for d, v in zip(domains, u, strict=True)])

        def cost(u: Array) -> float:
            return -float(self._score(law, to_theta(u)[None, :], x, weight)[0])

        u = np.array([float(d.to_real(np.asarray(v))) for d, v in zip(domains, theta, strict=True)])
        if not np.all(np.isfinite(u)):
            return theta
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            end = optimize.minimize(cost, u, method="Nelder-Mead", options={"maxiter": 400, "fatol": 1e-10})
        return to_theta(end.x) if end.fun <= cost(u) else theta


@lru_cache(maxsize=64)
def _quartiles(dist: Any, shapes: tuple[tuple[float, ...], ...]) -> Array:
    """Quartiles at loc 0 and scale 1 by row, of as many values of each shape: by roots of integrals for some laws.

    They are kept, because replicates of a fit, and groups, begin at the same shapes.
    """
    columns = [np.array(values)[:, None] for values in shapes]
    return _within_range(dist.ppf, np.array([0.25, 0.5, 0.75]), [*columns, 0.0, 1.0])


def _within_range(method: Any, x: Array, arguments: Sequence[Any]) -> Array:
    """Values of a function of SciPy; NaN where it raises, which is found by halving the arrays."""
    try:
        return np.asarray(method(x, *arguments), dtype=float)
    except (ArithmeticError, ValueError, RuntimeError):  # of Boost, of roots that are not found
        columns = np.broadcast_arrays(x, *arguments)
    shape = columns[0].shape
    if columns[0].size <= 1:
        return np.full(shape, np.nan)
    axis = int(np.argmax(np.array(shape) > 1))
    halves = zip(*(np.array_split(column, 2, axis=axis) for column in columns), strict=True)
    return np.concatenate([_within_range(method, half[0], half[1:]) for half in halves], axis=axis)


def _nothing(sample: Sample) -> tuple[float, ...]:
    """The estimates of a law of which all is known."""
    return ()


def _check_kind(dist: Any) -> None:
    """Refuse what is not a univariate distribution with free parameters, and say what to pass instead."""
    from scipy import stats

    if isinstance(dist, (stats.rv_continuous, stats.rv_discrete)):
        return
    inner = getattr(dist, "dist", None)
    if isinstance(inner, (stats.rv_continuous, stats.rv_discrete)):
        raise ParameterError(
            f"a frozen scipy.stats distribution has its parameters fixed; pass the distribution itself, "
            f"scipy.stats.{inner.name}, and known values as constants: get_family(scipy.stats.{inner.name}, ...)."
        )
    kind = dist if isinstance(dist, type) else type(dist)
    if kind.__module__.startswith("scipy.stats"):
        raise ParameterError(
            f"{kind.__name__} of {kind.__module__.removesuffix('._new_distributions')} is not a distribution to be "
            f"fitted; pass a univariate one such as scipy.stats.norm (in lower case), or the name of a family."
        )
    raise ParameterError(
        f"expected the name of a family, a Family or a scipy.stats distribution, got {kind.__name__} {dist!r:.60}."
    )


def _grids(domains: dict[str, Any], count: int) -> dict[str, Array]:
    return {name: grid(domain, count) for name, domain in domains.items()}


def _whole_grids(domains: dict[str, Interval]) -> dict[str, Array]:
    """Values spread over the domains of shapes of which others may be whole numbers only: both kinds."""
    return {name: np.concatenate([grid(d, 4), np.array([1.0, 2.0, 5.0, 20.0])]) for name, d in domains.items()}


def _count_grid(domain: Interval, sample: Sample, n_shapes: int) -> Array:
    """Values of a shape of a law of counts: spread over its domain, and about the size of mean and variance."""
    mean, variance = sample.mean(), sample.var()
    if np.isfinite(domain.lower) and np.isfinite(domain.upper):
        share = np.concatenate(
            [np.geomspace(1e-4, 0.04, 5), np.linspace(0.05, 0.95, 19), 1 - np.geomspace(0.04, 1e-4, 5)]
        )
        return np.asarray(domain.lower + (domain.upper - domain.lower) * share)
    spread = np.geomspace(1e-3, 1e3, {1: 25, 2: 13}.get(n_shapes, 7))
    moments = [
        abs(mean),
        variance,
        0.5 * (variance + mean),
        0.5 * (variance - mean),
        1 / (1 + abs(mean)),
        np.log1p(1 / (1e-3 + abs(mean))),
    ]
    sizes = np.array([m for m in moments if np.isfinite(m) and m > 0])
    values = np.unique(np.concatenate([spread, sizes]))
    if np.isfinite(domain.lower):
        return np.asarray(domain.lower + values)
    if np.isfinite(domain.upper):
        return np.asarray(domain.upper - values)
    return np.concatenate([-values[::-1], values])
