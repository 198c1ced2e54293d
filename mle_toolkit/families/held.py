"""Laws of SciPy of which an end or a kink of the density is held at an observation.

Where a density has a kink, as Laplace's at its centre, or is positive at an end of its support, as the exponential at
loc, the likelihood has its maxima with such a point at an observation: it has no derivative there, and no search by
derivatives ends there. With the point held at the observation, the others are maximised as ever.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.parameters import Parameter

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_NEAR = (1e-4, 1e-6)
"""Distances from a point of the standard law at which the slopes of its log-density are taken on either side."""

_JUMP = 1e-3
"""Difference of slopes that is a kink."""

_NUDGES = 64
"""Steps from one number to the next by which a parameter is moved at most to have an observation inside."""

_NEIGHBOURS = 2
"""Observations tried on either side of where a point is."""


@dataclass(frozen=True)
class Point:
    """An end or a kink of a standard law, by its shapes.

    Attributes
    ----------
    name : str
        In words: "the lower end of the support".
    at : callable
        Takes the shapes, returns where it is.
    outward : tuple of float
        Where it may move to with the observation still inside: -1.0, 1.0 or both.
    """

    name: str
    at: Callable[..., Any]
    outward: tuple[float, ...]


@dataclass(frozen=True)
class Hold:
    """A point of the law that stays at an observation."""

    point: Point
    x: float


class Standardised(Family):
    """A standard law of SciPy, by its shapes, which loc and scale move and stretch."""

    dist: Any
    shape_names: tuple[str, ...]
    cdf: Callable[..., Array]
    sf: Callable[..., Array]
    logcdf: Callable[..., Array]
    logsf: Callable[..., Array]
    ppf: Callable[..., Array]

    @abstractmethod
    def standard_logpdf(self, z: Array, *shapes: Any) -> Array:
        """Log-density of the standard law."""


class Held(Family):
    """A law of SciPy with one or two of its points at observations, which determine loc, scale or both.

    Parameters
    ----------
    base : Standardised
    holds : sequence of Hold
        One, or two.
    fixed : mapping of str to float
        Parameters of the base that are known.
    begin : mapping of str to float
        Where a search begins.
    """

    def __init__(
        self, base: Standardised, holds: Sequence[Hold], fixed: Mapping[str, float], begin: Mapping[str, float]
    ) -> None:
        self.base, self.holds, self.fixed = base, tuple(holds), dict(fixed)
        self.name = f"{base.name} with {' and '.join(f'{hold.point.name} at {hold.x:g}' for hold in holds)}"
        self.support = base.support
        moving = [name for name in ("loc", "scale") if name in base.param_names and name not in fixed]
        self.solved = tuple(moving[: len(holds)])
        self.parameters = tuple(
            Parameter(p.name, p.domain, p.typical, regular=p.regular)  # in the unit of the data, as the observations
            for p in base.parameters
            if p.name not in fixed and p.name not in self.solved
        )
        super().__init__()
        self._begin = tuple(begin[name] for name in self.param_names)
        if not self.parameters:
            self.from_sample = self._begin_at

    def _begin_at(self, sample: Sample) -> tuple[float, ...]:
        return self._begin

    start = _begin_at

    @property
    def is_possible(self) -> bool:
        """Whether as many parameters move the points as are held."""
        return len(self.solved) == len(self.holds)

    @property
    def where(self) -> str:
        """What is held, in words."""
        said = " and ".join(f"{hold.point.name} is at the observation {hold.x:.8g}" for hold in self.holds)
        return f"{' and '.join(self.solved)}: {said}"

    def check(self, sample: Sample) -> None:
        """Nothing: with a point held no law concentrates on an observation by loc and scale alone."""

    def _named(self, params: Sequence[Any]) -> dict[str, Any]:
        """All parameters of the base, and its constants, by name."""
        named = {**self.base.constants, **self.fixed, **dict(zip(self.param_names, params, strict=True))}
        places = [hold.point.at(*self._shapes(named)) for hold in self.holds]
        if len(self.holds) == 2:
            (z, other), (x, far) = places, [hold.x for hold in self.holds]
            named["scale"] = np.divide(far - x, other - z)
            named["loc"] = x - named["scale"] * z
        elif self.solved == ("loc",):
            named["loc"] = self.holds[0].x - named["scale"] * places[0]
        else:
            named["scale"] = np.divide(self.holds[0].x - named["loc"], places[0])
        return named

    def _shapes(self, named: Mapping[str, Any]) -> list[Any]:
        return [named[name] for name in self.base.shape_names]

    def _of_base(self, params: Sequence[Any]) -> tuple[dict[str, Any], tuple[Any, ...]]:
        with np.errstate(all="ignore"):
            named = self._named(params)
        return named, tuple(named[name] for name in self.base.param_names)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density; at the observations that are held, that of the standard law at its point."""
        named, all_params = self._of_base(params)
        value = self.base.logpdf(x, *all_params)
        for hold in self.holds:
            there = np.asarray(x) == hold.x
            if np.any(there):
                shapes = self._shapes(named)
                at = self.base.standard_logpdf(np.asarray(hold.point.at(*shapes)), *shapes)
                with np.errstate(all="ignore"):
                    value = np.where(there, at - np.log(named["scale"]), value)
        return np.where(np.isnan(value), -np.inf, value)

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return self.base.cdf(x, *self._of_base(params)[1])

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return self.base.sf(x, *self._of_base(params)[1])

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self.base.logcdf(x, *self._of_base(params)[1])

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self.base.logsf(x, *self._of_base(params)[1])

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        return self.base.ppf(p, *self._of_base(params)[1])

    def embed(self, *params: Any) -> tuple[float, ...]:
        """All parameters of the base, moved by some units in the last place where rounding left a point outside."""
        named, _ = self._of_base(params)
        held = np.array([hold.x for hold in self.holds])
        first, scale = self.holds[0], named["scale"]
        for nudge in range(_NUDGES):
            theta = tuple(float(named[name]) for name in self.base.param_names)
            if np.all(np.isfinite(self.base.logpdf(held, *theta))):
                break
            if "scale" in self.solved:
                named["scale"] = scale + 2 * (nudge + 1) * np.spacing(scale)
            if "loc" in self.solved:
                place = named["scale"] * first.point.at(*self._shapes(named))
                away = nudge * np.spacing(max(abs(first.x), abs(place)))
                named["loc"] = first.x - place + first.point.outward[0] * away
        return tuple(float(named[name]) for name in self.base.param_names)

    def beside(self, *params: Any) -> Iterator[tuple[float, ...]]:
        """Parameters of the base with each of the points a little off its observation, on each side that may be."""
        named, _ = self._of_base(params)
        step = 1e-5 * float(named["scale"])
        for k, hold in enumerate(self.holds):
            for side in hold.point.outward:
                moved = [Hold(h.point, h.x + side * step) if j == k else h for j, h in enumerate(self.holds)]
                aside = Held(self.base, moved, self.fixed, named)
                yield aside._of_base(params)[1]


# --- which points, and which observations ---------------------------------------------------------------------------


def points(law: Standardised, named: Mapping[str, float]) -> list[Point]:
    """Ends of the support at which the density is positive and finite, and kinks, of the law at some parameters."""
    shapes = [named[name] for name in law.shape_names]
    found = []
    with np.errstate(all="ignore"):
        ends = [float(end) for end in law.dist._get_support(*shapes)]
    for k, (side, outward) in enumerate((("lower", -1.0), ("upper", 1.0))):
        if math.isfinite(ends[k]) and math.isfinite(float(law.standard_logpdf(np.asarray(ends[k]), *shapes))):
            name = f"the {side} end of the support"
            found.append(Point(name, lambda *s, k=k: law.dist._get_support(*s)[k], (outward,)))
    places: list[Callable[..., Any]] = [lambda *s: 0.0, lambda *s: 1.0]
    places += [lambda *s, k=k: s[k] for k in range(len(shapes))]
    inside = [at for at in places if ends[0] < at(*shapes) < ends[1] and _is_kink(law, float(at(*shapes)), shapes)]
    return found + [Point("a kink of the density", at, (-1.0, 1.0)) for at in inside]


def _is_kink(law: Standardised, z: float, shapes: Sequence[float]) -> bool:
    """Whether the slopes of the log-density on the two sides of a point differ, however near."""
    jumps = []
    for step in _NEAR:
        below, at, above = law.standard_logpdf(np.array([z - step, z, z + step]), *shapes).tolist()
        if not (math.isfinite(below) and math.isfinite(at) and math.isfinite(above)):
            return False
        jumps.append(abs((above - at) - (at - below)) / step)
    return bool(jumps[1] > _JUMP and jumps[1] > 0.5 * jumps[0])


def _places(law: Standardised, sample: Sample, named: Mapping[str, float]) -> list[list[Hold]]:
    """For each point of the law at some parameters, the observations at which it may be held: those beside it.

    An end of the support is held at the extreme of exact observations, which must be inside.
    """
    ends = np.unique(np.concatenate([sample.lower, sample.upper]))
    ends = ends[np.isfinite(ends)]
    shapes = [named[name] for name in law.shape_names]
    found = []
    for point in points(law, named):
        place = named["loc"] + named["scale"] * float(point.at(*shapes))
        k = int(np.searchsorted(ends, place))
        beside = ends[max(k - _NEIGHBOURS, 0) : k + _NEIGHBOURS].tolist()
        if len(point.outward) == 1:
            extreme = float(ends[0 if point.outward[0] < 0 else -1])
            beside = [extreme] if sample.is_exact else [*beside, extreme]
        found.append([Hold(point, x) for x in dict.fromkeys(beside)])
    return found


def _candidates(
    law: Standardised, sample: Sample, named: Mapping[str, float], fixed: Mapping[str, float], held: tuple[Hold, ...]
) -> Iterator[Held]:
    """Laws with points at observations beside them: one, both ends, or one beside one that is held."""
    places = _places(law, sample, named)
    sets: list[tuple[Hold, ...]] = [(hold,) for one in places for hold in one]
    ends = [one[:1] for one in places if len(one[0].point.outward) == 1]
    sets += [(*ends[0], *ends[1])] if len(ends) == 2 else []
    sets += [(kept, hold) for kept in held for one in places for hold in one]
    shapes = [named[name] for name in law.shape_names]
    for holds in sets:
        apart = len({hold.x for hold in holds}) == len({float(hold.point.at(*shapes)) for hold in holds}) == len(holds)
        new = Held(law, holds, fixed, named)
        if apart and new.is_possible:
            yield new


def best_held(
    law: Standardised,
    sample: Sample,
    params: Sequence[float],
    fixed: Mapping[str, float],
    climb: Callable[[Held], Any],
    loglik: Callable[[Sequence[float]], float],
) -> Any | None:
    """The highest maximum with points of the law at observations, from which no move of a point leads uphill.

    Parameters
    ----------
    law : Standardised
    sample : Sample
    params : sequence of float
        Where a search has ended, or would begin.
    fixed : mapping of str to float
        Parameters that are known.
    climb : callable
        Takes a held law, returns its `Maximum`, certified or not, or None.
    loglik : callable
        Takes all parameters of the law, returns the log-likelihood.
    """
    named = {**law.constants, **dict(zip(law.param_names, params, strict=True)), **fixed}
    highest: Any | None = None
    seen: set[tuple[tuple[str, float], ...]] = set()
    for _ in range(_MOVES):
        before = highest
        held = () if highest is None else highest.family.holds
        for tried in _candidates(law, sample, named, fixed, held):
            key = tuple(sorted((hold.point.name, hold.x) for hold in tried.holds))
            if key in seen:
                continue
            seen.add(key)
            found = climb(tried)
            if found is not None and (highest is None or _is_better(found, highest)):
                highest = found
        if highest is before or highest is None:
            break
        named = highest.family._named(highest.family.unpack(highest.theta))
    if highest is None:
        return None
    aside = [loglik(theta) for theta in highest.family.beside(*highest.family.unpack(highest.theta))]
    same = _SAME * max(1.0, abs(highest.loglik))
    return highest if all(value <= highest.loglik + same for value in aside) else None


def _is_better(found: Any, highest: Any) -> bool:
    """Whether an end of a climb is higher, or as high and a maximum where the other is none."""
    gain = found.loglik - highest.loglik
    return bool(gain > _SAME or (gain > -_AS_HIGH and found.certify().ok and not highest.certify().ok))


_AS_HIGH = 1e-6
_MOVES, _SAME = 20, 1e-9
"""Moves from observation to observation at most; and nats, or share of a log-likelihood, by which one is higher."""
