"""Laws on the circle: angles that differ by a turn are the same; and such a law laid out on the line."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

TURN = 2 * math.pi

BALANCED = 64 * float(np.finfo(float).eps)
"""Length of the mean vector of balanced angles, which rounding alone makes differ from 0."""

_MOST_TURNS = 5.0
"""Turns from 0 up to which numbers may be radians though no period was given."""

_SAME_ANGLE = 1e-9
"""Share of a turn by which ends of arcs may differ and be one: they were computed, as x ± step / 2."""


def about(x: Array, middle: Array, period: float) -> Array:
    """Angles on the turn about ``middle``; those that are on it, ends included, as they are."""
    away = np.asarray(x) - middle
    moved = np.asarray(x) - period * np.rint(away / period)
    rounding = 2 * np.finfo(float).eps * (np.abs(x) + period)  # of an end of the turn
    return np.where(np.abs(away) <= 0.5 * period + rounding, x, moved)


def onto_turn(x: Array, period: float) -> Array:
    """Angles on the turn about 0: above -period/2, at most period/2; those that are on it as they are."""
    half = 0.5 * period
    return np.where((x > -half) & (x <= half), x, half - np.mod(half - np.asarray(x), period))


def on_turn(x: float, period: float) -> float:
    """The same of one angle."""
    return float(onto_turn(np.asarray(x), period))


def mean_direction(family: Circular, sample: Sample) -> tuple[float, float]:
    """Direction, on the turn about 0, and length of the mean vector; both 0 where it is 0 to rounding."""
    cosine, sine = sample.mean(lambda x: np.cos(family.rate * x)), sample.mean(lambda x: np.sin(family.rate * x))
    length = math.hypot(cosine, sine)
    if length <= BALANCED:
        return 0.0, 0.0
    return on_turn(math.atan2(sine, cosine) / family.rate, family.period), length


class Circular(Family):
    """A law of directions, whose density comes round again after a ``period``.

    An observation is the same whatever whole number of turns is added to it. An interval ``(lower, upper]`` is the arc
    from its lower to its upper end, so a sector through north is ``(348.75, 371.25]``. The distribution function
    counts from where the turn about ``middle`` begins.

    A subclass gives ``middle(*params)``, about which its density is symmetric and the turn of its distribution function
    lies, ``log_mass``, of arcs, and ``ppf`` and ``isf`` on that turn. Its log-density is per unit of ``period``.

    Parameters
    ----------
    period : float, optional
        One turn in the unit of the data: 360 for degrees, 24 for hours; by default 2π. If it is not given, data that
        can hardly be radians are refused.
    """

    only_if_asked = "only if asked for"
    constant_defaults: ClassVar[Mapping[str, Any]] = {"period": None}
    period: float
    rate: float
    """Radians a unit of the data."""

    log_mass: Callable[..., Array]
    ppf: Callable[..., Array]
    isf: Callable[..., Array]

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        given = self.constants["period"]
        if given is not None and not _is_positive(given):
            raise ParameterError(f"{self.name}: period must be a positive number: 360 for degrees; got {given!r:.60}.")
        self.period = TURN if given is None else float(given)
        self.rate = 1.0 if given is None else TURN / self.period

    def angle(self, x: Array, mu: Array) -> Array:
        """Radians from ``mu`` to x."""
        return self.rate * (np.asarray(x, dtype=float) - mu)

    @abstractmethod
    def middle(self, *params: Any) -> Array:
        """The angle about which the turn of the distribution function lies."""

    def mean(self, *params: Any) -> Array:
        """Expected value on the turn about ``middle``, about which the density is symmetric: that."""
        return np.asarray(np.broadcast_arrays(self.middle(*params), *params)[0])

    cdf, sf = cdf_of_log, sf_of_log

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the probability from the beginning of the turn to x."""
        middle = self.middle(*params)
        angle = about(x, middle, self.period)
        return self.log_mass(np.minimum(middle - 0.5 * self.period, angle), angle, *params)

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the probability from x to the end of the turn."""
        middle = self.middle(*params)
        angle = about(x, middle, self.period)
        return self.log_mass(angle, np.maximum(middle + 0.5 * self.period, angle), *params)

    def check_support(self, sample: Sample) -> None:
        """Raise `DataError` where data are no angles: open at an end, or in degrees without saying so."""
        if not sample.is_exact or sample.window is not None:
            self._check_arcs(sample)
        if self.constants["period"] is not None:
            return
        largest = max(abs(sample.minimum), abs(sample.maximum))
        if largest <= TURN:
            return
        if largest > _MOST_TURNS * TURN:
            seen = f"the largest of them is {largest:g}, {largest / TURN:.3g} turns"
        elif sample.is_exact and sample.has_rows and sample.sketch().is_integer:
            seen = f"all of them are whole numbers, up to {largest:g}"
        else:
            return
        raise DataError(
            f"{self.name}: the angles can hardly be radians: {seen}. For degrees use "
            f"get_family({self.name!r}, period=360), in the shell {self.name}:period=360 (hours: period=24); "
            f"radians of many turns: period=2*pi."
        )

    def _check_arcs(self, sample: Sample) -> None:
        open_ended = np.flatnonzero(np.isinf(sample.lower) | np.isinf(sample.upper))
        long = np.flatnonzero(sample.upper - sample.lower > self.period * (1 + _SAME_ANGLE))
        for rows, what in (
            (open_ended, "are open at an end, but on a circle nothing lies beyond"),
            (long, f"are longer than a turn of {self.period:g}"),
        ):
            if len(rows):
                raise DataError(
                    f"{self.name}: {len(rows)} of {sample.n_rows} observations {what}; the first is row {rows[0]}: "
                    f"({sample.lower[rows[0]]:g}, {sample.upper[rows[0]]:g}]. Give both ends of its arc."
                )
        if sample.window is None:
            return
        low, high = sample.window
        half_open = np.flatnonzero(np.isinf(low) != np.isinf(high))
        if len(half_open):
            raise DataError(
                f"{self.name}: {len(half_open)} of {sample.n_rows} windows are open at one end, but on a circle "
                f"nothing lies beyond; give both ends of the arc that could be seen."
            )


def _is_positive(value: Any) -> bool:
    array = np.asarray(value)
    return array.ndim == 0 and array.dtype.kind in "iuf" and bool(np.isfinite(array)) and bool(array > 0)


class _CutOpen(Family):
    """A law on the circle as one on the line, from ``origin`` to a turn later."""

    def __init__(self, family: Circular, origin: float) -> None:
        super().__init__()
        self._circle, self._origin = family, origin
        self.name, self.parameters = family.name, family.parameters
        self.support = Interval(origin, origin + family.period, "both")

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density."""
        return self._circle.logpdf(x, *params)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the probability from the origin to x."""
        return self._circle.log_mass(np.full(np.shape(x), self._origin), self._kept(x), *params)

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the probability from x to the origin."""
        x = self._kept(x)
        return self._circle.log_mass(x, np.full(np.shape(x), self.support.upper), *params)

    cdf, sf = cdf_of_log, sf_of_log

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile on the turn from the origin."""
        p = np.asarray(p, dtype=float)
        circle, start = self._circle, self._origin
        before = circle.cdf(np.asarray(start), *params)
        # Whether the turn of the law itself is passed tells which of two angles it is.
        share = p + before
        angle = np.asarray(circle.ppf(np.where(share > 1, share - 1, share), *params))
        placed = start + np.mod(angle - start, circle.period)
        return np.where(p <= 0, start, np.where(p >= 1, self.support.upper, placed))

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Random angles on the turn from the origin."""
        drawn = Distribution.at(self._circle, params).rvs(size, rng)
        return self._origin + np.mod(drawn - self._origin, self._circle.period)

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile on the turn from the origin."""
        return self.ppf(1 - np.asarray(p, dtype=float), *params)

    def _kept(self, x: Array) -> Array:
        x = np.asarray(x, dtype=float)
        angles = np.where(np.isfinite(x), x, self._origin)
        turned = about(angles, np.asarray(self._origin + 0.5 * self._circle.period), self._circle.period)
        # What is infinite is at an end, and so is what rounding has put beyond it.
        return np.clip(np.where(np.isfinite(x), turned, x), self.support.lower, self.support.upper)


def cut_open(circle: Circular, params: tuple[Any, ...], origin: float) -> Distribution:
    """A law on the circle as one on the line, from ``origin`` to a turn later."""
    return Distribution.at(_CutOpen(circle, origin), params)


def laid_out(law: Distribution, sample: Sample, origin: float | None = None) -> tuple[Distribution, Sample]:
    """A law on the circle and its data, cut open and laid out on the line; any other law as it is.

    Parameters
    ----------
    law : Distribution
    sample : Sample
    origin : float, optional
        Where to cut. By default where the window begins if all rows share one, else at the beginning of the turn of
        the distribution function, or at the next end of an arc that no arc covers: so that turning all data, or adding
        whole turns to some of them, changes nothing.

    Raises
    ------
    ParameterError
        If arcs cover the whole circle, so that there is nowhere to cut.
    """
    family = law.family
    if not isinstance(family, Circular):
        return law, sample
    params = law.in_order
    period = family.period
    if origin is None:
        middle = float(family.middle(*params))
        origin = middle - 0.5 * period
        if sample.window is not None and np.isfinite(sample.window[0][0]):
            origin = float(sample.window[0][0])
        elif not sample.is_exact:
            origin = _free_cut(sample, origin, period)
    middle = origin + 0.5 * period
    cut = cut_open(family, params, origin)
    if sample.is_plain:
        return cut, sample.with_values(about(sample.lower, np.asarray(middle), period), sample.weight)
    return cut, _arcs_on_line(sample, origin, period)


def _free_cut(sample: Sample, start: float, period: float) -> float:
    """The first angle from ``start`` on that no arc covers."""
    slack = _SAME_ANGLE * period
    arcs = np.unique(np.stack([np.mod(sample.lower - start, period), sample.upper - sample.lower]), axis=1)
    for candidate in np.concatenate([[0.0], np.sort(np.mod(arcs[0] + arcs[1], period))]):
        behind = np.mod(candidate - arcs[0], period)  # how far the arc reaches the candidate from its lower end
        if not np.any((behind > slack) & (behind < arcs[1] - slack)):
            return float(start + candidate)
    raise ParameterError(
        "the arcs cover the whole circle and overlap, so that there is nowhere to cut it open: the distribution of the "
        "data has no beginning. Give disjoint sectors."
    )


def _arcs_on_line(sample: Sample, origin: float, period: float) -> Sample:
    from mle_toolkit.data.sample import Sample as _Sample

    slack = _SAME_ANGLE * period
    away = np.mod(sample.lower - origin, period)
    length = sample.upper - sample.lower
    away = np.where((length > 0) & (away > period - slack), 0.0, away)
    ends = np.concatenate([away, away + length])
    # Equal ends of neighbours, which rounding has made differ, are one again.
    ordered, place = np.unique(ends, return_inverse=True)
    first = np.concatenate([[True], np.diff(ordered) > slack])
    ends = ordered[first][np.cumsum(first) - 1][place.reshape(-1)]
    n = sample.n_rows
    lower, upper = origin + ends[:n], np.where(length > 0, origin + ends[n:], origin + ends[:n])
    upper = np.where(upper > origin + period - slack, np.where(length > 0, origin + period, upper), upper)
    laid = _Sample.intervals(lower, upper, sample.weight, sample.weight_kind)
    if sample.window is None:
        return laid
    shift = origin + away - sample.lower
    return laid.truncated(sample.window[0] + shift, sample.window[1] + shift)
