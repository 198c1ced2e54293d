"""Laws that begin at an unknown threshold instead of 0.

Over 600 lines, because what settles a threshold before a search, and the search over it, take the same profiles.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError, UnboundedLikelihoodError
from mle_toolkit.families.base import Family
from mle_toolkit.families.beside_threshold import exp_or_inf
from mle_toolkit.families.combinators.parts import Combined, fitted, part
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import REAL, Domain, Interval
from mle_toolkit.families.ends import common_sign, grid, grows_without_bound, probe_points
from mle_toolkit.families.hooks import Score, TailScores, made_with
from mle_toolkit.families.mass import log_mass
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.power_in_window import powers_beyond_threshold
from mle_toolkit.families.relations import Chart, Limit

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_PER_DECADE = 6
_DISTANCES = np.geomspace(1e-8, 1e5, 13 * _PER_DECADE + 1)
"""Distances of trial thresholds from the smallest observation, in units of the spread of the data."""

_WITHIN_GAP, _RESOLVED = 1e-7, 1e3 * float(np.finfo(float).eps)
"""Up to how far within the gap behind the smallest observation they go on, and up to which share of that itself."""

_FAR, _AT_THE_END = 1e3, 1e-3
"""Distances beyond which the profile is nearly what it is at -∞, and below which it is of the end of the data alone."""

_CLOSER = 8
"""Steps in place of one where the profile slows down."""

_LOOKS = np.geomspace(1e-3, 1e3, 13)
"""The same, where windows leave no more to ask than whether the profile is higher elsewhere than at the data."""

_VALUES = 200
"""Looks at the likelihood, for each of the others at most, to find them at one threshold: 70 lead to a maximum."""

_STARTS = 3

_BESIDE = 1e-6
"""How far beside the end of an interval the likelihood is compared, as a share of the interval."""

_FAR_AWAY = (10.0, 1000.0)
"""Distances of a threshold, in spreads of the data, at which a law may be higher than at a kink."""

_ROUGH = 0.02
"""Nats of an observation by which a law far away is lower where its other parameters are found but roughly."""

_SHARP = 1e-4
"""Share of the spread of the law, and of its way to the data, within which a threshold is beside an end of one."""

_FEW_ENDS = 4
"""Lower ends of intervals, the lowest, at which the likelihood is looked at for a kink."""

_TYPICAL_HEIGHT = -50.0
"""Log-density, in units of the law, above which it does not count as vanishing at its beginning."""


@dataclass(frozen=True)
class Known:
    """What data say of a threshold.

    Attributes
    ----------
    highest : float
        The threshold is below it.
    exact : bool
        Whether an observation is there, not just the upper end of an interval.
    settled : bool
        Whether the maximum is there.
    plain : bool
        Whether there are only exact observations.
    ends : tuple of float
        Thresholds at which lower ends of intervals would be where the law begins: there the likelihood bends sharply.
    """

    highest: float = np.inf
    exact: bool = False
    settled: bool = False
    plain: bool = True
    ends: tuple[float, ...] = ()


class Shifted(Combined):
    r"""A law on a half-line whose end, the ``threshold``, is unknown.

    .. math:: \log f(x) = \log f_0(x - \tau), \qquad x > \tau

    Parameters
    ----------
    base : Family
        A continuous law on a half-line, without a location.
    known : Known, optional
        What the data say of the threshold, after `resolve`.

    Notes
    -----
    Where the density of the base falls everywhere for all parameters, as the exponential one, the maximum has the
    threshold on the smallest observation. Where it may be infinite at its end, or grow with it, the likelihood is
    unbounded (Hill 1963, JASA 58, 72-84; Smith 1985, Biometrika 72, 67-90), and the estimate is the best maximum of the
    profile over the threshold that is not at the end; it is found on a grid of the profile, and by Newton's method.
    """

    kind = "shifted"
    bends_sharply = True

    def __init__(self, base: Family, known: Known | None = None) -> None:
        objection = _objection(base)
        if objection is not None:
            raise ParameterError(f"shifted: {base.name} is {objection}.")
        if base.per_row:
            raise ParameterError(
                f"shifted: {base.name} has constants given per row ({', '.join(base.per_row)}), so that there are as "
                f"many laws as rows, and how the likelihood behaves as the threshold comes to an observation, on which "
                f"the search for it depends, differs by row. Give the threshold, and subtract it from the data."
            )
        self.base = base
        self.constants = base.constants
        self.name = f"shifted {base.name}"
        self.support = REAL
        self._known = Known() if known is None else known
        self._begin = base.support.lower
        domain = REAL if self._known.settled else Interval(-np.inf, self._known.highest)
        self.parameters = (
            *base.parameters,
            Parameter("threshold", domain, typical=(-5.0, 5.0), role="location", regular=not self._known.settled),
        )
        self.score = made_with(self._score, base.score) if base.has_scale else None
        self.tail_scores = made_with(self._tail_scores, base.tail_scores)

    # --- the law ------------------------------------------------------------------------------------------------------

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x; -inf up to the threshold."""
        z = np.asarray(x - params[-1])
        inside = self.base.support.contains(z)
        with np.errstate(all="ignore"):
            return np.where(inside, self.base.logpdf(z, *params[:-1]), -np.inf)

    def _score(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by the parameters of the base and by the threshold.

        The last is minus the slope of the base density; by Euler's theorem on f(z) = g(z / s) / s that slope is
        -(1 + s ∂log f/∂s) / z, summed over the parameters that move with the unit. There is none where the threshold is
        on the data.
        """
        z = np.asarray(x - params[-1])
        by_base = of_base(z, *params[:-1])
        if self._known.settled:
            return (*by_base, np.zeros_like(z))
        stretched: Any = 1.0
        for p, value, slope in zip(self.base.parameters, params, by_base, strict=False):
            stretched = stretched + {"scale": value, "rate": -value, "log-scale": 1.0}.get(p.role, 0.0) * slope
        return (*by_base, stretched / z)

    def _tail_scores(self, of_base: TailScores, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by the parameters of the base, and by the threshold: ∓ the density."""
        z = np.asarray(x - params[-1])
        inside = self.base.support.contains(z)
        with np.errstate(all="ignore"):
            tails = of_base(z, *params[:-1])
            nothing = np.full_like(z, -np.inf)
            log_f = nothing if self._known.settled else self.base.logpdf(z, *params[:-1])
            law = self._below(params)
            by_threshold = -np.exp(log_f - law.logcdf(z)), np.exp(log_f - law.logsf(z))
        below, above = (
            tuple(np.where(inside, slope, 0.0) for slope in (*slopes, last))
            for slopes, last in zip(tails, by_threshold, strict=True)
        )
        return below, above

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return self._below(params).cdf(np.asarray(x) - params[-1])

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return self._below(params).sf(np.asarray(x) - params[-1])

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._below(params).logcdf(np.asarray(x) - params[-1])

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._below(params).logsf(np.asarray(x) - params[-1])

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        return np.asarray(params[-1] + self._below(params).ppf(p))

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        return np.asarray(params[-1] + self._below(params).isf(p))

    def mean(self, *params: Any) -> Array:
        """Expected value."""
        return np.asarray(params[-1] + self._below(params).mean())

    def var(self, *params: Any) -> Array:
        """Variance."""
        return np.asarray(self._below(params).var())

    def entropy(self, *params: Any) -> Array:
        """Entropy, nats: that of the base."""
        return np.asarray(self._below(params).entropy())

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Random numbers."""
        return np.asarray(params[-1] + self._below(params).rvs(size, rng))

    def _below(self, params: tuple[Any, ...]) -> Distribution:
        return Distribution.at(self.base, params[:-1])

    # --- what is known from the data ----------------------------------------------------------------------------------

    def resolve(self, sample: Sample) -> Family:
        """Learn the highest possible threshold: an observation, or the upper end of an interval, bounds it."""
        highest = float(np.min(sample.upper))
        exact = bool(np.any(sample.lower[sample.upper == highest] == highest))
        low = sample.lower if sample.in_memory and not sample.is_plain else np.empty(0)
        ends = tuple((np.unique(low[np.isfinite(low) & (low <= highest)]) - self._begin).tolist())
        law = Shifted(self.base, Known(highest - self._begin, exact=exact, plain=sample.is_plain, ends=ends))
        settled = None
        if exact:
            # Where the density falls everywhere, so does the probability of more, and of an interval further out.
            falls = not np.isneginf(sample.lower).any() and _always_falls(self.base)
            if falls and sample.window is not None:
                falls = law._is_highest_at_the_data(sample)
            settled = highest if falls or (sample.is_plain and law._rises_to_the_data(sample)) else None
        if settled is None and not (sample.is_plain or law._has_spike):
            settled = law._kink(sample)
        if settled is None:
            return law
        return Shifted(self.base, Known(settled - self._begin, exact=exact, settled=True, plain=sample.is_plain))

    def _kink(self, sample: Sample) -> float | None:
        """The lower end of a low interval, or the least exact value, if the likelihood has its maximum, a kink, there.

        The probability of that interval falls on either side where the density is highest at its beginning. A row that
        is open above has no kink: it is certain below its end.
        """
        bounded = np.isfinite(sample.lower) & np.isfinite(sample.upper)
        highest = float(np.min(sample.upper))
        ends = np.unique(sample.lower[bounded & (sample.lower < highest)])[:_FEW_ENDS].tolist()
        ends += [highest] if self._known.exact else []
        if not ends or _vanishes(self.base):
            return None
        centre, scale = sample.as_points().quantile(0.5), _spread_of(sample.as_points())
        law = Shifted(self.base.in_unit(0.0, scale))
        moved = sample.standardised(centre, scale)
        points = moved.as_points()
        kinks: list[tuple[float, float]] = []
        for end in ends:
            threshold = (end - centre) / scale - self._begin
            after = points.x > threshold + self._begin
            if not after.any():
                continue
            weight = None if points.weight is None else points.weight[after]
            first = law._inner(points.with_values(points.x[after], weight), threshold, None)
            if first is None:
                continue
            best, value = law._climbed_at(moved, first)
            at_value = end == highest  # beyond an exact one the law cannot be
            room = np.min(points.x[after] if at_value else moved.upper) - (end - centre) / scale
            step = _BESIDE * float(room)
            falls = [
                [
                    value - law._value_at_intervals(moved, (*best[:-1], threshold + side * far))
                    for side in ((-1.0,) if at_value else (-1.0, 1.0))
                ]
                for far in (step, 10 * step)
            ]
            # From a kink it falls with the step, from a smooth maximum with its square.
            if min(falls[0]) > 0 and 10 * sum(falls[0]) > 0.5 * sum(falls[1]):
                kinks.append((value, end))
        if not kinks:
            return None
        highest_kink, end = max(kinks)
        for distance in _FAR_AWAY:  # the profile may rise to a law without a threshold
            first = law._inner(points, float(np.min(points.x)) - distance - self._begin, None)
            if first is None:
                continue
            first, value = law._climbed_at(moved, first, rough=True)
            if value > highest_kink - _ROUGH and law._climbed_at(moved, first)[1] > highest_kink:
                return None
        return end

    def _is_highest_at_the_data(self, sample: Sample) -> bool:
        """Whether, of a density that falls, what windows let through is likeliest with the threshold on the data."""
        centre, scale = sample.as_points().quantile(0.5), _spread_of(sample.as_points())
        law, moved = Shifted(self.base.in_unit(0.0, scale)), sample.standardised(centre, scale)
        end = (self._known.highest - centre) / scale
        params = law._inner(moved.as_points(), end, None)
        if params is None:
            return False
        params, at_the_data = law._climbed_at(moved, (*params[:-1], end))
        for distance in _LOOKS:
            params, value = law._climbed_at(moved, (*params[:-1], end - distance))
            if value > at_the_data:
                return False
        return at_the_data > -1e300

    def _climbed_at(
        self, sample: Sample, params: tuple[Any, ...], *, rough: bool = False
    ) -> tuple[tuple[Any, ...], float]:
        """The best other parameters at a threshold, for intervals, and the mean log-likelihood."""
        from scipy import optimize

        domains = [p.domain for p in self.base.parameters]

        def to_params(u: Array) -> tuple[Any, ...]:
            return (*(float(d.from_real(np.asarray(v))) for d, v in zip(domains, u, strict=True)), params[-1])

        def cost(u: Array) -> float:
            return -self._value_at_intervals(sample, to_params(u))

        u = np.array([float(d.to_real(np.asarray(v))) for d, v in zip(domains, params[:-1], strict=True)])
        minimize: Any = optimize.minimize
        near = {"xatol": 0.1, "fatol": 0.1 * _ROUGH} if rough else {"xatol": 1e-7, "fatol": 1e-12}
        options = {**near, "maxfev": _VALUES * len(u)}
        end = minimize(cost, u, method="Nelder-Mead", options=options)
        return to_params(end.x), -float(end.fun)

    def _value_at_intervals(self, sample: Sample, params: tuple[Any, ...]) -> float:
        point = sample.lower == sample.upper
        with np.errstate(all="ignore"):
            if point.any():
                rows = np.empty(sample.n_rows)
                rows[point] = self.logpdf(sample.lower[point], *params)
                rows[~point] = log_mass(self, params, sample.lower[~point], sample.upper[~point])
            else:
                rows = log_mass(self, params, sample.lower, sample.upper)
            if sample.window is not None:
                rows -= log_mass(self, params, *sample.window)
        value = float(np.sum(rows if sample.weight is None else sample.weight * rows)) / sample.nobs
        return value if np.isfinite(value) else -1e300

    def in_unit(self, centre: Any, scale: Any) -> Shifted:
        """The law of ``(x - centre) / scale``."""
        highest = (self._known.highest - centre) / scale
        ends = tuple((end - centre) / scale for end in self._known.ends)
        return Shifted(self.base.in_unit(0.0, scale), replace(self._known, highest=highest, ends=ends))

    def domains_beside(self, *params: Any) -> tuple[Domain, ...] | None:
        """With the threshold below the end of an interval that it is beside, of which its distance says all."""
        ends = np.array(self._known.ends)
        gaps = ends - params[-1]
        known = self._known.settled or not np.any(gaps > 0)
        if known or not np.min(gaps[gaps > 0]) < _SHARP * min(self._spread(params), self._known.highest - params[-1]):
            return None
        end = float(np.min(ends[gaps > 0]))
        return (*(p.domain for p in self.base.parameters), Interval(-np.inf, end))

    def _rises_to_the_data(self, sample: Sample) -> bool:
        """Whether the maximum is where the threshold is the smallest observation."""
        if self._has_spike or _vanishes(self.base):
            return False
        law, points = self._in_own_unit(sample.sketch())
        maxima = law._maxima(points)
        end = law._inner(points, points.minimum - law._begin, maxima[0] if maxima else None)
        return end is not None and (not maxima or law._value(points, end) >= law._value(points, maxima[0]))

    def _in_own_unit(self, sample: Sample) -> tuple[Shifted, Sample]:
        centre, scale = sample.quantile(0.5), _spread_of(sample)
        return self.in_unit(centre, scale), sample.standardised(centre, scale)

    @cached_property
    def _has_spike(self) -> bool:
        """Whether the likelihood is unbounded as the threshold comes to the smallest observation."""
        return self._known.exact and not self._known.settled and _spikes(self.base)

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why the likelihood is unbounded somewhere, where it is."""
        if "threshold" in fixed or not self._has_spike:
            return None
        smallest = sample.minimum
        if not sample.is_exact:  # censored times before it are no hindrance
            exact = sample.lower == sample.upper
            smallest = float(np.min(sample.lower, where=exact, initial=np.inf)) if exact.any() else smallest
        return f"as threshold comes to the smallest observation, {smallest:g}, the likelihood grows without bound"

    def irregular(self, *params: Any) -> tuple[str, ...]:
        """The threshold, where the density does not vanish faster than linearly there (Smith 1985)."""
        if self._known.settled:
            return ("threshold",)
        near = np.array([1e-60, 1e-30]) * max(1.0, abs(self._begin))
        with np.errstate(all="ignore"):
            height = self.base.logpdf(self._begin + near * self._spread(params), *params[:-1])
            exponent = float(height[1] - height[0]) / math.log(near[1] / near[0])  # NaN where both vanish
        return ("threshold",) if exponent <= 1.0 + 1e-6 else ()

    def _spread(self, params: tuple[Any, ...]) -> float:
        for p, value in zip(self.base.parameters, params, strict=False):
            if p.role == "scale":
                return float(value)
            if p.role == "rate":
                return float(1 / value if value else 1.0)
            if p.role == "log-scale":
                return exp_or_inf(float(value))
        return 1.0

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Those of the base, and that of the threshold at -∞, where it is known."""
        limits = [
            Limit(Shifted(limit.family, self._known), lambda *p, embed=limit.embed: (*embed(*p[:-1]), p[-1]))
            for limit in self.base.limits
            if _objection(limit.family) is None and limit.family.support == self.base.support
        ]
        if not self._known.settled:
            far = self.base.limits_when_shifted
            limits += [Limit(end.family, lambda *p, embed=end.embed: (*embed(*p), -np.inf)) for end in far]
        return tuple(limits)

    @property
    def chart(self) -> Chart | None:
        """That of the base with a threshold, unless that is where the data begin."""
        return None if self._known.settled else self.base.chart_when_shifted

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Of a base that may become a power of x in a window, a power of the distance from the threshold.

        And laws to which the base tends in any window, as Lévy's, with the threshold.
        """
        none = self._known.settled or self._begin != 0
        powers = () if none else powers_beyond_threshold(self.base, lower, upper)
        laws = (
            Limit(Shifted(near.family, self._known), lambda *p, embed=near.embed: (*embed(*p[:-1]), p[-1]))
            for near in self.base.limits_in_window(self._begin, math.inf)
            if _objection(near.family) is None and near.family.support == self.base.support
        )
        return *powers, *laws

    # --- the search ---------------------------------------------------------------------------------------------------

    def check(self, sample: Sample) -> None:
        """Raise where the likelihood has no maximum, nor a local one."""
        super().check(sample)
        if not (self._has_spike and self._known.plain):  # points in place of intervals say nothing of a maximum
            return
        law, points = self._in_own_unit(sample.sketch())
        if not law._maxima(points):
            raise UnboundedLikelihoodError(
                f"{self.name}: the likelihood has no maximum, not even a local one: it only rises as threshold comes "
                f"to the smallest observation, {sample.minimum:g}, and there without bound. Data are rounded, and the "
                f"likelihood of the rounding intervals is bounded: fit(Sample.rounded(x, step), ...) with the step to "
                f"which they were recorded. Or give the threshold: fixed={{'threshold': 0}}."
            )

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The maxima of the profile over the threshold, the one at the end of the data apart."""
        if self._known.settled:
            inner = self._inner(sample, self._known.highest, None)
            return [] if inner is None else [inner]
        # So few points are spikes wherever the threshold is.
        maxima = self._maxima(sample) if self._known.plain or sample.n_rows > len(self.parameters) else []
        # Points in place of intervals may have their maximum elsewhere.
        return maxima if maxima and self._known.plain else [*maxima, *self._anywhere(sample)]

    def _maxima(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Maxima of the profile log-likelihood over the threshold, highest first; refined within a cell of the grid."""
        from scipy import optimize

        highest = min(sample.minimum - self._begin, self._known.highest)
        spread = _spread_of(sample)
        distances = (_distances(sample, spread) if self._has_spike else _DISTANCES)[::-1]
        n_far = int(np.sum(distances > _FAR))
        trials = self._trials(sample, highest, spread * distances)
        values = np.array([value for value, _ in trials])
        if not _peaks(values, n_far):  # there may be a narrow one where the profile seems to slow down
            with np.errstate(invalid="ignore"):
                falls = np.diff(values)
            slow = [
                k
                for k in range(n_far + 1, len(falls) - 1)
                if np.isfinite(falls[k - 1 : k + 2]).all() and abs(falls[k]) < min(abs(falls[k - 1]), abs(falls[k + 1]))
            ]
            if slow:
                closer = [np.geomspace(distances[k - 1], distances[k + 2], 3 * _CLOSER + 1)[1:-1] for k in slow]
                distances = np.unique(np.concatenate([distances, *closer]))[::-1]
                trials = self._trials(sample, highest, spread * distances)
                values = np.array([value for value, _ in trials])
        # Far out the profile is nearly flat and rounding ripples it: all of that is one trial.
        inner = _peaks(values, n_far)
        found: list[tuple[float, tuple[Any, ...] | None]] = []
        for k in inner:
            ends = np.log(spread * distances[[k + 1, k - 1]])
            params = trials[k][1]

            def cost(log_distance: float, near: tuple[Any, ...] | None = params) -> float:
                return -self._value(sample, self._inner(sample, highest - float(np.exp(log_distance)), near))

            with np.errstate(all="ignore"):
                best = optimize.minimize_scalar(cost, bounds=tuple(ends), method="bounded", options={"xatol": 1e-4})
            refined = self._inner(sample, highest - float(np.exp(best.x)), params)
            better = refined is not None and -best.fun >= values[k]
            found.append((self._value(sample, refined), refined) if better else trials[k])
        far = int(np.argmax(values[:n_far]))
        if np.isfinite(values[far]) and values[far] > np.max(values[n_far : 2 * n_far]):
            away_from_the_end = values[distances > _AT_THE_END]
            if not self._has_spike or values[far] >= np.max(away_from_the_end):
                found.append(trials[far])
        found.sort(key=lambda item: -item[0])
        return [params for _, params in found[:_STARTS] if params is not None]

    def _trials(self, sample: Sample, highest: float, distances: Array) -> list[tuple[float, tuple[Any, ...] | None]]:
        """Heights of the profile, and the parameters there, at distances from the highest possible threshold."""
        trials: list[tuple[float, tuple[Any, ...] | None]] = []
        near: tuple[Any, ...] | None = None
        for distance in distances:
            near = self._inner(sample, highest - distance, near)
            trials.append((self._value(sample, near), near))
        return trials

    def _anywhere(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Starts where the profile has no maximum: the threshold is given, or the likelihood is of intervals."""
        highest = sample.minimum - self._begin
        inner = (self._inner(sample, highest - d * _spread_of(sample), None) for d in (0.1, 1.0, 4.0))
        return [params for params in inner if params is not None]

    def _inner(self, sample: Sample, threshold: float, near: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        z = sample.x - threshold
        if not self.base.support.covers(float(z.min()), float(z.max())):
            return None
        inner = fitted(self.base, sample.with_values(z, sample.weight), None if near is None else near[:-1])
        return None if inner is None else (*inner, threshold)

    def _value(self, sample: Sample, params: tuple[Any, ...] | None) -> float:
        if params is None:
            return -np.inf
        value = sample.mean(lambda x: self.logpdf(x, *params))
        return value if value < np.inf else -np.inf

    def __repr__(self) -> str:
        return f"shifted({self.base!r})"


def shifted(family: Any) -> Family:
    """A law on a half-line with an unknown beginning: three-parameter lognormal, Weibull, gamma and the like.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A continuous law on (0, ∞), or another half-line to the right, without a location.

    Returns
    -------
    Family
        With the parameters of ``family``, and ``threshold`` last.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> law = mle.shifted("exponential")
    >>> result = mle.fit([3.0, 5.0, 4.0], law)
    >>> dict(result.params)
    {'scale': 1.0, 'threshold': 3.0}
    """
    return Shifted(part(family, "shifted"))


def _objection(base: Family) -> str | None:
    """Why a law cannot be shifted."""
    support = base.support
    reason = None
    if base.discrete:
        reason = "a law of counts, whose values would not stay whole numbers"
    elif base.has_location:
        reason = "a law that has a location already"
    elif not (np.isfinite(support.lower) and np.isinf(support.upper)):
        reason = f"not a law on a half-line (its support is {support})"
    elif any(not p.regular for p in base.parameters):
        reason = "a law whose support begins at a parameter already"
    elif "threshold" in base.param_names:
        reason = "a law that has a threshold already"
    return reason


def _peaks(values: Array, first: int) -> list[int]:
    """Where values on a grid are higher than both of their neighbours, and all three are finite."""
    inner = [k for k in np.flatnonzero(np.isfinite(values))[1:-1].tolist() if k >= first]
    return [k for k in inner if values[k - 1] < values[k] > values[k + 1] > -np.inf < values[k - 1]]


def _distances(sample: Sample, spread: float) -> Array:
    """The distances of trial thresholds: also far within the first gap, which is narrow where tails are heavy."""
    x, minimum = sample.x, sample.minimum
    gap = float(np.min(x[x > minimum], initial=np.inf)) - minimum
    least = max(_WITHIN_GAP * gap, _RESOLVED * abs(minimum)) / spread
    count = math.ceil(_PER_DECADE * math.log10(_DISTANCES[0] / least)) if 0 < least < _DISTANCES[0] else 0
    return np.concatenate([_DISTANCES[0] * 10 ** (-np.arange(count, 0, -1) / _PER_DECADE), _DISTANCES])


def _spread_of(sample: Sample) -> float:
    spread = sample.quantile(0.75) - sample.quantile(0.25)
    return spread or float(np.sqrt(sample.var())) or abs(sample.minimum) or 1.0


def _shape_grids(base: Family, count: int, reach: float) -> list[Array]:
    """For each parameter of the base its values on a grid; the first that moves with the unit stays at 1."""
    grids: list[Array] = []
    unit = {"scale": 1.0, "rate": 1.0, "log-scale": 0.0}
    for p in base.parameters:
        if p.role in unit:
            grids.append(np.array([unit.pop(p.role)]))
            unit = {}
        elif isinstance(p.domain, Interval):
            grids.append(grid(p.domain, count, reach))
        else:
            grids.append(np.array([0.5]))
    return grids


def _vanishes(base: Family) -> bool:
    """Whether the density is 0 where the support begins, whatever the parameters."""
    begin = base.support.lower
    with np.errstate(all="ignore"):
        heights = [
            float(base.logpdf(np.asarray(begin + 1e-200 if begin == 0 else np.nextafter(begin, np.inf)), *params))
            for params in itertools.product(*_shape_grids(base, 7, 80.0))
        ]
    return not any(height > _TYPICAL_HEIGHT for height in heights)


def _always_falls(base: Family) -> bool:
    """Whether the density falls all over the support for all parameters."""
    z, step = probe_points(base.support.lower, np.inf)
    with np.errstate(all="ignore"):
        slopes = [
            (base.logpdf(z + step, *params) - base.logpdf(z - step, *params)) / (2 * step)
            for params in itertools.product(*_shape_grids(base, 7, 80.0))
        ]
    return common_sign(np.concatenate(slopes)) < 0


def _spikes(base: Family) -> bool:
    """Whether the likelihood is unbounded as one observation comes to the beginning of the support."""
    grids = _shape_grids(base, 31 if len(base.parameters) <= 2 else 9, 1e4)
    combined = np.array(list(itertools.product(*grids))).T[:, :, None, None]
    begin = base.support.lower

    def logpdf(x: Array, scale: Array) -> Array:
        params = []
        for p, values in zip(base.parameters, combined, strict=True):
            moved = {"scale": values * scale, "rate": values / scale, "log-scale": values + np.log(scale)}
            params.append(moved.get(p.role, values + 0 * scale))
        with np.errstate(all="ignore"):
            return np.asarray(base.logpdf(begin + x, *params))

    return grows_without_bound(logpdf, 10.0)


MAKERS = (shifted,)
"""The functions here that make laws of laws."""
