"""The Lomax law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.families.base import Family
from mle_toolkit.families.climbing import profile_maximum
from mle_toolkit.families.domain import NON_NEGATIVE, POSITIVE, Interval
from mle_toolkit.families.expectations import BetaPrimePower
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import means_of, means_on_grid
from mle_toolkit.families.tilted import in_window
from mle_toolkit.numerics.newton import ascend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mle_toolkit.data.sample import Sample

_LOWEST, _HIGHEST, _STEP = -18.0, 18.0, 1.5
"""Range, at least, and step of log(1/scale) for data of median 1: from the exponential law to a very heavy tail."""

_BEYOND = 8.0
"""Log of how far below the smallest observation a scale can be the best: by the mean of log(x/scale), below 1,450."""

_CLEAR_TAIL = 10.0
"""Shape of a law that differs clearly from the exponential."""


class Lomax(HazardFamily):
    r"""Excess over a high level: Pareto's law from 0, an exponential whose rate is gamma; tail index ``shape``.

    .. math:: \log f(x) = \log(a/s) - (a + 1)\log(1 + x/s)

    Source: Lomax (1954), JASA 49, 847-852; Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1,
    ch. 20. Route to the maximum: given the scale the shape is 1 / mean(log(1 + x/s)), which leaves one dimension. As
    the shape grows the law tends to the exponential; a finite maximum exists if the coefficient of variation exceeds 1
    (del Castillo & Daoudi 2009, Statist. Probab. Lett. 79, 684-688). Where observations are 0 the likelihood is
    unbounded as scale → 0, and a maximum is a local one.
    """

    name = "lomax"
    by_number = ("mean", "var")
    aliases = ("pareto2", "pareto_ii")
    support = NON_NEGATIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.5, 3.0)), SCALE)
    in_scipy = InScipy("lomax", "shape", scale="scale")

    def logpdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log-density at x."""
        return np.asarray(np.log(shape) - np.log(scale) - (shape + 1) * np.log1p(x / scale))

    def score(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        share = x / (scale + x)
        return 1 / shape - np.log1p(x / scale), ((shape + 1) * share - 1) / scale

    def hessian(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        share = x / (scale + x)
        by_scale = (1 - (shape + 1) * share * (2 - share)) / scale**2
        return np.broadcast_to(-1 / np.square(shape), np.shape(x)), share / scale, by_scale

    def derivative_sums(self, x: Array, weight: Array | None, shape: float, scale: float) -> tuple[float, ...]:
        """Sums of log(1 + x/scale) and, with r = x/(scale + x), of r and r²."""
        share = x / (scale + x)
        (w_share,) = weighted(weight, share)
        return *sums_of(weight, np.log1p(x / scale)), total(w_share), dot(w_share, share)

    def derivatives(self, count: Any, sums: Sequence[Any], shape: Any, scale: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        logs, shares, squares = sums
        return [
            count * (np.log(shape) - np.log(scale)) - (shape + 1) * logs,
            count / shape - logs,
            ((shape + 1) * shares - count) / scale,
            -count / shape**2,
            shares / scale,
            (count - (shape + 1) * (2 * shares - squares)) / scale**2,
        ]

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Highest point of the profile likelihood in log(1/scale); its lower end if the exponential law is better."""
        u = _highest(sample)
        if u is None:
            raise only_a_spike(self.name, sample)
        return _at(sample, u)

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """The maximum; beside one near the exponential law, where the likelihood is flat, a law of a clear tail."""
        clear = (_CLEAR_TAIL, (_CLEAR_TAIL - 1) * sample.mean())
        u = _highest(sample)
        best = clear if u is None else _at(sample, u)
        return [best] if best[0] < _CLEAR_TAIL or u is None else [best, clear]

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why there is a spike at 0, where observations are 0."""
        return None if "scale" in fixed else spike_at_zero(sample, fixed.get("shape"))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The exponential law, as shape and scale grow together."""
        return (Limit(get_family("exponential"), lambda scale: (np.inf, np.inf)),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Above 0 a power of x, as scale → 0; below an end the reciprocal of x + scale, as shape → 0."""
        powers = in_window(lower, np.inf, lambda slope: (-slope, 0.0), of_log=True) if lower > 0 else ()
        if math.isinf(upper):
            return powers
        return (*powers, Limit(Reciprocal(max(lower, 0.0), upper), lambda scale: (0.0, scale)))

    def cumulative_hazard(self, x: Array, shape: Array, scale: Array) -> Array:
        """Shape times log(1 + x/scale)."""
        return np.asarray(shape * np.log1p(np.maximum(x, 0.0) / scale))

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        log_power = np.log1p(x / scale)
        return self.tail_scores_of(shape * log_power, (log_power, -shape * (x / (x + scale)) / scale))

    def at_hazard(self, hazard: Array, shape: Array, scale: Array) -> Array:
        """Find x from its cumulative hazard."""
        return np.asarray(scale * np.expm1(hazard / shape))

    def mean(self, shape: Any, scale: Any) -> Any:
        """Mean: scale / (shape - 1); infinite for shape <= 1."""
        return scale / (shape - 1) if shape > 1 else np.inf

    def var(self, shape: Any, scale: Any) -> Any:
        """Variance: mean² shape / (shape - 2); infinite for shape <= 2."""
        return (scale / (shape - 1)) ** 2 * shape / (shape - 2) if shape > 2 else np.inf

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats."""
        return np.asarray(1 + 1 / shape + np.log(scale) - np.log(shape))

    def power_of(self, shape: float, scale: float) -> BetaPrimePower:
        """The ratio of an exponential to a gamma variable."""
        return BetaPrimePower(1.0, shape, 1.0, scale)


class Reciprocal(Family):
    r"""A Lomax law of shape 0, which only a window makes a law.

    .. math:: \log f(x) = -\log(x + s) - \log\log\frac{b + s}{a + s}, \quad a < x \leq b

    Parameters
    ----------
    lower, upper : float
        Ends of the window, which are finite and not negative.
    """

    parameters = (Parameter("scale", POSITIVE, role="scale"),)

    def __init__(self, lower: float, upper: float) -> None:
        self.lower, self.upper = lower, upper
        self.constants = {}
        self.support = Interval(lower, upper, closed="upper")
        self.name = f"1/(x + scale) on ({lower:g}, {upper:g})"

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the window is stretched too."""
        return Reciprocal(float(self.lower / scale), float(self.upper / scale))

    def _log_to(self, x: Array, scale: Array) -> Array:
        return np.asarray(np.log1p((np.clip(x, self.lower, self.upper) - self.lower) / (self.lower + scale)))

    def logpdf(self, x: Array, scale: Array) -> Array:
        """Log-density at x."""
        return np.asarray(-np.log(x + scale) - np.log(self._log_to(np.asarray(self.upper), scale)))

    def score(self, x: Array, scale: Array) -> tuple[Array, ...]:
        """Derivative by scale."""
        ends = 1 / (self.lower + scale) - 1 / (self.upper + scale)
        return (ends / self._log_to(np.asarray(self.upper), scale) - 1 / (x + scale),)

    def cdf(self, x: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(self._log_to(x, scale) / self._log_to(np.asarray(self.upper), scale))

    def sf(self, x: Array, scale: Array) -> Array:
        """Probability of more than x."""
        beyond = np.log1p((self.upper - np.clip(x, self.lower, self.upper)) / (np.maximum(x, self.lower) + scale))
        return np.asarray(beyond / self._log_to(np.asarray(self.upper), scale))

    def start(self, sample: Sample) -> list[tuple[float]]:
        """A wide and a narrow law: its likelihood may have two maxima."""
        return [(sample.mean(),), (0.01 * sample.mean(),)]


def spike_at_zero(sample: Sample, shape: float | None) -> str | None:
    """Why the likelihood of a tail from 0 is unbounded: observations that are 0; None where there are none.

    As scale → 0, with L = log(1/scale), each zero brings L, and all else costs no more than shape L; a shape of 1/L
    then costs log L alone.
    """
    if sample.minimum > 0:
        return None
    if sample.is_exact:
        zeros = sample.nobs * sample.mean(lambda x: (x == 0).astype(float))
        others = sample.nobs - zeros
    else:
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        zeros = float(np.sum(weight[(sample.lower == 0) & (sample.upper == 0)]))
        others = float(np.sum(weight[sample.lower > 0]))
    if zeros == 0 or (shape is not None and zeros <= shape * others):
        return None
    first = f", the first is x[{np.argmax(sample.upper == 0)}]" if sample.in_memory else ""
    return (
        f"{zeros:g} of {sample.nobs:g} observations are 0{first}, where the density grows without bound as the law "
        f"concentrates there (scale → 0)"
    )


def only_a_spike(name: str, sample: Sample) -> UnboundedLikelihoodError:
    """What is said where the likelihood has no maximum beside the spike at 0."""
    return UnboundedLikelihoodError(
        f"{name}: the likelihood has no local maximum, and is unbounded: {spike_at_zero(sample, None)}. Are the zeros "
        f"rounded? Leave them out, fit Sample.rounded(x, step), or fix the scale."
    )


def _highest(sample: Sample) -> float | None:
    """Where the profile is highest; with zeros, a local maximum above the exponential law, or None."""
    if sample.minimum > 0:
        last = max(_HIGHEST, _BEYOND - math.log(sample.minimum))
        return profile_maximum(sample, _profile, _profile_slopes, _LOWEST, last, _STEP)
    grid = np.arange(_LOWEST, _HIGHEST, _STEP)
    values = _profile(sample, grid)
    tops = [k for k in range(1, len(grid) - 1) if values[k] >= max(values[k - 1], values[k + 1])]
    if not tops:
        return None
    best = max(tops, key=lambda k: values[k])
    valley = best + int(np.argmin(values[best:]))
    u = ascend(lambda v: _profile_slopes(sample, v), float(grid[best]), _LOWEST, float(grid[valley]))
    exponential = -math.log(sample.mean()) - 1
    return u if float(_profile(sample, np.array([u]))[0]) > exponential else None


def _at(sample: Sample, u: float) -> tuple[float, float]:
    """The best shape for a scale exp(-u), and that."""
    mean_log1p = float(means_of(sample, lambda x: (np.log1p(math.exp(u) * x),))[0])
    return 1.0 / mean_log1p, math.exp(-u)


def _profile(sample: Sample, u: Array) -> Array:
    """Mean log-likelihood for each 1/scale = exp(u), and the best shape for it, nats."""
    mean_log1p = means_on_grid(sample, np.log1p, np.exp(u))
    return np.asarray(u - np.log(mean_log1p) - 1 - mean_log1p)


def _profile_slopes(sample: Sample, u: float) -> tuple[float, float]:
    """First and second derivative of `_profile` by u."""

    def functions(x: Array) -> tuple[Array, ...]:
        y = math.exp(u) * x
        share = y / (1 + y)
        return np.log1p(y), share, share * (1 - share)

    m, share, spread = means_of(sample, functions).tolist()
    return 1 - share / m - share, (share / m) ** 2 - spread / m - spread
