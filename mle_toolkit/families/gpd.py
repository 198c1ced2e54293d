"""The generalised Pareto law of exceedances."""

from __future__ import annotations

import math
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import NON_NEGATIVE, POSITIVE, REAL, Interval
from mle_toolkit.families.from_logs import cdf_of_logsf, sf_of_log
from mle_toolkit.families.gev import reduced, reduced_slopes, within
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.lomax import only_a_spike, spike_at_zero
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import ByEnd, Limit, SpecialCase
from mle_toolkit.families.special import complement_slopes, log1mexp, log_or_minus_inf, means_on_grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mle_toolkit.data.groups import Groups
    from mle_toolkit.data.rows import Block
    from mle_toolkit.data.sample import Sample

_NEWTON_STEPS = 100

_FLAT_XI = 0.1
"""Size of xi below which derivatives by xi are taken row by row: sums of logs, divided by xi³, would lose digits."""

_GRID_BELOW = np.concatenate([1 - np.logspace(-9, -0.3, 15), np.logspace(-0.4, -2.4, 6)])
"""Values of -max(x) xi/scale at which the profile is looked at; at 1 the support ends at the largest observation."""
_GRID_ABOVE = np.logspace(-2, 8, 21)
"""Values of mean(x) xi/scale at which the profile is looked at, for a tail heavier than exponential."""

_SHORT, _HEAVY = -0.9, 10.0
"""Values of max(x) xi/scale and of mean(x) xi/scale from which the profile of each of many groups is climbed."""

_LEAST = -1e300
"""Above this a value of the profile exists."""

_CLIMBED = 3
"""Local maxima on the grid from which the profile is climbed."""


_SHORT_XI, _JUST_BEYOND = -0.75, 1.05
"""Of a start that ends before a window does, beside which another maximum may be; and its end, in largest values."""


class GPD(Family):
    r"""Excess over a high threshold: exponential for ``xi`` = 0, heavy-tailed for ``xi`` > 0, bounded for ``xi`` < 0.

    .. math:: \log f(x) = -\log\sigma - (1 + \xi)\,t, \quad t = \log(1 + \xi x/\sigma)/\xi

    with t = x/σ for ξ = 0. Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, ch. 4.
    Route to the maximum: for a given τ = xi/scale, xi = mean(log(1 + τ x)), which leaves one dimension (Grimshaw 1993,
    Technometrics 35, 185-191).

    For xi < -1 the likelihood is unbounded for every sample, so the maximum is sought over xi > -1; at its end,
    xi = -1, the law is uniform from 0 to the largest observation. For xi <= -1/2 the usual theory of standard errors
    does not hold (Smith 1985, Biometrika 72, 67-90).
    """

    name = "gpd"
    aliases = ("genpareto", "generalized_pareto")
    support = NON_NEGATIVE
    scans = f"profile scanned at {len(_GRID_BELOW) + len(_GRID_ABOVE) + 1} ratios xi/scale"
    parameters = (SCALE, Parameter("xi", Interval(-1.0, np.inf), typical=(-0.3, 0.7), natural=REAL))
    in_scipy = InScipy("genpareto", "xi", scale="scale")
    cdf, sf = cdf_of_logsf, sf_of_log

    def logpdf(self, x: Array, scale: Array, xi: Array) -> Array:
        """Log-density at x; -inf beyond the end of the support, and at it but for xi = -1."""
        t = within(xi, x / scale)
        return np.where(np.isfinite(t) & (np.asarray(x) >= 0), -np.log(scale) - (1 + xi) * t, -np.inf)

    def score(self, x: Array, scale: Array, xi: Array) -> tuple[Array, ...]:
        """Derivatives by scale and xi."""
        z = x / scale
        t, t_xi, _ = reduced_slopes(xi, z)
        return ((1 + xi) * z / (1 + xi * z) - 1) / scale, -t - (1 + xi) * t_xi

    def hessian(self, x: Array, scale: Array, xi: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = x / scale
        _, t_xi, t_xi_xi = reduced_slopes(xi, z, second=True)
        share = z / (1 + xi * z)
        drop = (1 + xi) * share
        return (
            (1 - drop * (2 - xi * share)) / np.square(scale),
            share * (1 - drop) / scale,
            -2 * t_xi - (1 + xi) * t_xi_xi,
        )

    def derivative_sums(self, x: Array, weight: Array | None, scale: float, xi: float) -> tuple[float, ...]:
        """Sums of t = log(1 + xi z)/xi, its two derivatives by xi, and, with r = z/(1 + xi z), of r and r²."""
        return _sums_of_logs(x / scale, weight, xi)

    def derivatives(self, count: Any, sums: Sequence[Any], scale: Any, xi: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        t, t_xi, t_xi_xi, share, square = sums
        possible = np.isfinite(t) & np.isfinite(share)  # else an observation is beyond the end of the support
        return [
            np.where(possible, -count * np.log(scale) - (1 + xi) * t, -np.inf),
            ((1 + xi) * share - count) / scale,
            -t - (1 + xi) * t_xi,
            (count - (1 + xi) * (2 * share - xi * square)) / scale**2,
            (share - (1 + xi) * square) / scale,
            -2 * t_xi - (1 + xi) * t_xi_xi,
        ]

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """The exponential law, wide ones that reach every observation also at a known xi, and one that ends there."""
        mean, largest = sample.mean(), sample.maximum
        return [(mean, 0.0), (2 * largest, -0.5), (mean, 0.5), (-_SHORT_XI * _JUST_BEYOND * largest, _SHORT_XI)]

    def starts_of_groups(self, groups: Groups) -> list[tuple[Array, ...]]:
        """The exponential law, and points of the profile on either side of it: a short tail, and a heavy one."""
        mean = groups.means(groups.x)
        ratios = (_SHORT / groups.maximum, _HEAVY / mean)
        return [(mean, np.zeros_like(mean)), *(_on_profile(groups, ratio) for ratio in ratios)]

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """The best of the local maxima of Grimshaw's profile, on a few rows first; by Newton's method from a grid."""
        mean, largest = sample.mean(), sample.maximum
        if not mean > 0:
            raise DegenerateDataError("gpd: every observation is 0, so the likelihood is unbounded (scale → 0).")
        few = _with_largest(sample)
        grid = [*(-_GRID_BELOW / largest), 0.0, *(_GRID_ABOVE / mean)]
        values = [-math.inf, *_profile_values(few, np.array(grid)).tolist(), -math.inf]
        ends = [-1 / largest, *grid, math.inf]
        # Beyond the left neighbour xi may be -1 or less, and rise to the end of the domain.
        # Where there are zeros it rises without bound in the end.
        last = len(grid) if sample.minimum == 0 else len(grid) + 1
        tops = [k for k in range(1, last) if values[k] >= max(values[k - 1], values[k + 1], _LEAST)]
        if not tops:
            raise only_a_spike(self.name, sample)
        found = [(-math.inf, mean, 0.0)]
        for k in sorted(tops, key=lambda k: values[k], reverse=True)[:_CLIMBED]:
            low = ends[k - 1] if values[k - 1] > -math.inf else -1 / largest
            tau = _profile_maximum(few, ends[k], low, ends[k + 1], largest)
            if few is not sample:
                tau = _profile_maximum(sample, tau, -1 / largest, math.inf, largest)
            xi, scale = _profile(sample, tau)
            if xi > -1:
                found.append((-math.log(scale) - xi, scale, xi))
        # Where the profile only rises to the end xi = -1, any point before it will do: the uniform limit is better.
        return max(found)[1:]

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why there is a spike at 0, where observations are 0 and xi may be positive."""
        xi = fixed.get("xi")
        if "scale" in fixed or (xi is not None and xi <= 0):
            return None
        return spike_at_zero(sample, None if xi is None else 1 / xi)

    def by_end(self, scale: float, xi: float) -> ByEnd | None:
        """A power of the distance to an end."""
        if not self.irregular(scale, xi):
            return None
        return ByEnd(_below_an_end(), lambda power, end: (end / power, -1 / power))

    def irregular(self, scale: float, xi: float) -> tuple[str, ...]:
        """Both parameters, for xi <= -1/2: the information does not exist."""
        return self.param_names if xi <= -0.5 else ()

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The uniform law from 0, at xi = -1."""
        return (Limit(_uniform_from_zero(), lambda upper: (upper, -1.0)),)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Exponential where xi is 0."""
        return (SpecialCase(get_family("exponential"), lambda scale: (scale, 0.0), at=("xi",)),)

    def logcdf(self, x: Array, scale: Array, xi: Array) -> Array:
        """Log of the cdf."""
        return log1mexp(self.logsf(x, scale, xi))

    def logsf(self, x: Array, scale: Array, xi: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(-reduced(xi, np.maximum(x, 0.0) / scale))

    def tail_scores(self, x: Array, scale: Array, xi: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) = -log(1 + xi z)/xi."""
        z = x / scale
        t, t_xi, _ = reduced_slopes(xi, z)
        slopes = -z / (1 + xi * z) / scale, t_xi
        with np.errstate(over="ignore"):
            odds = 1.0 / np.expm1(t)  # S / F
        return tuple(slope * odds for slope in slopes), tuple(-slope for slope in slopes)

    def ppf(self, p: Array, scale: Array, xi: Array) -> Array:
        """Quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(-scale * special.boxcox1p(np.negative(p), np.negative(xi)))

    def isf(self, p: Array, scale: Array, xi: Array) -> Array:
        """Upper quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(-scale * special.boxcox(p, np.negative(xi)))

    def mean(self, scale: Array, xi: Array) -> Array:
        """Mean: scale / (1 - xi); infinite from xi = 1 on."""
        left = 1.0 - np.asarray(xi)
        return np.where(left > 0.0, scale / np.where(left > 0.0, left, 1.0), np.inf)

    def var(self, scale: Array, xi: Array) -> Array:
        """Variance: (scale / (1 - xi))² / (1 - 2 xi); infinite from xi = 1/2 on."""
        left = 1.0 - 2.0 * np.asarray(xi)
        finite = np.where(left > 0.0, left, 1.0)
        return np.where(left > 0.0, np.square(2.0 * np.asarray(scale) / (1.0 + finite)) / finite, np.inf)

    def entropy(self, scale: Array, xi: Array) -> Array:
        """Entropy, nats: log(scale) + xi + 1."""
        return np.asarray(np.log(scale) + np.asarray(xi) + 1)


def _with_largest(sample: Sample) -> Sample:
    """A few rows, among them the largest observation once, in which the support ends for the whole sample."""
    few = sample.sketch()
    if few is sample:
        return sample
    weight = np.ones(few.n_rows) if few.weight is None else few.weight
    weight = np.append(weight * (sample.nobs / few.nobs), 1.0)
    return few.with_values(np.append(few.x, sample.maximum), weight)


def _profile(sample: Sample, tau: float) -> tuple[float, float]:
    """Find xi and scale at a ratio tau = xi/scale; the mean for the exponential law at tau = 0."""
    if tau == 0.0:
        return 0.0, sample.mean()
    with np.errstate(divide="ignore"):  # log 0 at the end of the domain, where xi is -inf
        xi = sample.mean(lambda x: np.log1p(tau * x))
    return xi, xi / tau


def _on_profile(groups: Groups, tau: Array) -> tuple[Array, Array]:
    """Scale and xi of each of many groups at a ratio tau = xi/scale of its own; xi a little above its least."""
    xi = groups.means(np.log1p(tau[groups.ids] * groups.x))
    return xi / tau, np.maximum(xi, _SHORT)


def _profile_values(sample: Sample, taus: Array) -> Array:
    """Mean log-likelihood, less 1, at the best xi for each ratio tau; -inf where that is -1 or less."""
    xi = means_on_grid(sample, np.log1p, taus)
    with np.errstate(divide="ignore", invalid="ignore"):  # at 0 the scale is the mean
        scale = np.where(taus == 0.0, sample.mean(), xi / taus)
        return np.where(xi > -1, -np.log(scale) - xi, -np.inf)


def _sums_of_logs(z: Array, weight: Array | None, xi: float) -> tuple[float, ...]:
    """Sums of log(1 + xi z)/xi, its two derivatives by xi, and of z/(1 + xi z) and its square."""
    share = z / (1 + xi * z)
    (w_share,) = weighted(weight, share)
    shares, squares = total(w_share), dot(w_share, share)
    if abs(xi) < _FLAT_XI:
        return *sums_of(weight, *reduced_slopes(xi, z, second=True)), shares, squares
    t = sums_of(weight, np.log1p(xi * z))[0] / xi
    t_xi = (shares - t) / xi
    return t, t_xi, (-squares - 2 * t_xi) / xi, shares, squares


def _profile_sums(tau: float, block: Block) -> Array:
    return np.array(_sums_of_logs(block.x, block.weight, tau))


def _profile_maximum(sample: Sample, tau: float, low: float, high: float, largest: float) -> float:
    """Climb the profile -log(scale) - xi over tau by Newton's method within a bracket."""
    for _ in range(_NEWTON_STEPS):
        if 1 + tau * largest <= 0:  # rounded to the end of the domain
            return tau
        sums = sample.fold(partial(_profile_sums, tau))
        scale, slope, bend, share1, share2 = sums / sample.nobs
        first = -slope / scale - share1
        second = -bend / scale + (slope / scale) ** 2 + share2
        low, high = (tau, high) if first > 0 else (low, tau)
        # 1/largest + tau is the distance from the end of the domain: steps are relative to it.
        room = tau + 1 / largest
        step = first / -second if second < 0 else math.copysign(0.5 * room, first)
        new = tau + max(-0.7 * room, min(2.0 * room, step))
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - tau) <= 1e-9 * room and second < 0:  # quadratic: the step just taken left an error of its square
            return new
        tau = new
    return tau


@cache
def _uniform_from_zero() -> Family:
    """The uniform law from 0 to an upper end: the generalised Pareto law at xi = -1."""

    def logpdf(x: Array, upper: Array) -> Array:
        return np.where((x >= 0) & (x <= upper), -np.log(upper), -np.inf)

    def score(x: Array, upper: Array) -> tuple[Array, ...]:
        return (-1 / upper + 0 * x,)

    def to_scipy(upper: float) -> Any:
        from scipy import stats

        return stats.uniform(0.0, upper)

    return Family.from_logpdf(
        logpdf,
        (Parameter("upper", POSITIVE, role="scale", regular=False),),
        NON_NEGATIVE,
        name="uniform from 0",
        score=score,
        hessian=lambda x, upper: (1 / np.square(upper) + 0 * x,),
        lives_on=lambda upper: (0.0, upper),
        rising_ends={"upper": -1.0},
        from_sample=lambda sample: (sample.maximum,),
        from_groups=lambda groups: (groups.maximum,),
        entropy=lambda upper: np.log(upper),
        entropy_attained=True,
        one_maximum_of_intervals=True,
        to_scipy=to_scipy,
        cdf=lambda x, upper: np.clip(x / upper, 0.0, 1.0),
        sf=lambda x, upper: np.clip(1 - x / upper, 0.0, 1.0),
        logcdf=lambda x, upper: log_or_minus_inf(np.clip(x / upper, 0.0, 1.0)),
        logsf=lambda x, upper: log_or_minus_inf(np.clip(1 - x / upper, 0.0, 1.0)),
    )


@cache
def _below_an_end() -> Family:
    """The law for a negative xi, by the end of its support: more than x has a power of 1 - x / end as probability."""

    def left(x: Array, end: Array) -> Array:
        """Log of the share of the way to the end that is left."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log1p(-np.clip(x / end, 0.0, 1.0)))

    def logpdf(x: Array, power: Array, end: Array) -> Array:
        with np.errstate(invalid="ignore"):
            height = np.log(power) - np.log(end) + (power - 1) * left(x, end)
        return np.where((x >= 0) & (x < end), height, -np.inf)

    def logsf(x: Array, power: Array, end: Array) -> Array:
        return np.asarray(power * left(x, end))

    def logcdf(x: Array, power: Array, end: Array) -> Array:
        return log1mexp(logsf(x, power, end))

    def tail_scores(x: Array, power: Array, end: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        inside = (x > 0) & (x < end)
        with np.errstate(all="ignore"):
            slopes = left(x, end), power * x / (end * (end - x))
            below = complement_slopes(logsf(x, power, end), slopes)
        near, far = (tuple(np.where(inside, slope, 0.0) for slope in side) for side in (below, slopes))
        return near, far

    return Family.from_logpdf(
        logpdf,
        (Parameter("power", POSITIVE), Parameter("end", POSITIVE, role="scale", regular=False)),
        NON_NEGATIVE,
        name="power of the distance to an end",
        start=lambda sample: [(1.5, _JUST_BEYOND * sample.maximum)],
        cdf=lambda x, *params: np.exp(logcdf(x, *params)),
        sf=lambda x, *params: np.exp(logsf(x, *params)),
        logcdf=logcdf,
        logsf=logsf,
        tail_scores=tail_scores,
    )
