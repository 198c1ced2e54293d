"""The Cauchy law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.expectations import Statistic
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.location_scale import location_scale_tail_scores
from mle_toolkit.families.parameters import LOC, SCALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.sample import Sample

_FEW = 50
"""Up to so many rows the observations may lie so far apart that each is a mode of its own."""

_SUSPECT = 0.3
"""A share of the subsample below which half of the sample cannot be equal."""


class Cauchy(Family):
    r"""Ratio of two independent normal errors: tails so heavy that there is no mean.

    .. math:: \log f(x) = -\log(\pi s) - \log(1 + z^2), \quad z = (x - m)/s

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 16. With both parameters
    free the likelihood has one maximum (Copas 1975, Biometrika 62, 701-704), unless half of the observations are equal;
    with a known scale it may have as many as there are observations.
    """

    name = "cauchy"
    aliases = ("lorentz",)
    support = REAL
    parameters = (LOC, SCALE)
    in_scipy = InScipy("cauchy", loc="loc", scale="scale")

    one_maximum = True
    without_spikes = "Model the ties, or fix the scale."

    def logpdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        z = (x - loc) / scale
        return np.asarray(-np.log1p(z * z) - np.log(np.multiply(math.pi, scale)))

    def score(self, x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by loc and scale."""
        z = (x - loc) / scale
        slope = 2 * z / (1 + z * z)
        return slope / scale, (z * slope - 1) / scale

    def hessian(self, x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = (x - loc) / scale
        share = 1 / (1 + z * z)
        slope = 2 * z * share
        bend = 2 * share * (2 * share - 1)  # -d slope / dz = -2 (1 - z²) / (1 + z²)²
        square = np.square(scale)
        mixed = slope + z * bend
        return -bend / square, -mixed / square, (1 - z * (slope + mixed)) / square

    def derivative_sums(self, x: Array, weight: Array | None, loc: float, scale: float) -> tuple[float, ...]:
        """Sums of log(1 + z²) and, with r = 1/(1 + z²), of z²r, r, r², zr and zr²."""
        z = (x - loc) / scale
        square = z * z
        share = 1 / (1 + square)
        slope = z * share
        w_share, w_slope = weighted(weight, share, slope)
        return (
            *sums_of(weight, np.log1p(square), square * share),
            total(w_share), dot(w_share, share), total(w_slope), dot(w_slope, share),
        )  # fmt: skip

    def derivatives(self, count: Any, sums: Sequence[Any], loc: Any, scale: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        logs, pulls, shares, squares, slopes, bends = sums
        possible = np.isfinite(pulls)
        return [
            np.where(possible, -logs - count * np.log(math.pi * scale), -np.inf),
            2 * slopes / scale,
            (2 * pulls - count) / scale,
            2 * (shares - 2 * squares) / scale**2,
            -4 * bends / scale**2,
            (4 * squares - 2 * shares - count) / scale**2,
        ]

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """Median and half the interquartile range; other quantiles too, which matter when the scale is known."""
        median = sample.quantile(0.5)
        half = 0.5 * (sample.quantile(0.75) - sample.quantile(0.25))
        half = half or math.sqrt(sample.var())
        shares = np.arange(0.05, 1.0, 0.1) if sample.n_rows <= _FEW else np.array([0.25, 0.75])
        return [(median, half), *((sample.quantile(p), half) for p in shares.tolist())]

    def check(self, sample: Sample) -> None:
        """Raise where half of the observations are equal: the scale then tends to 0."""
        super().check(sample)
        value, share = heaviest_tie(sample)
        if share >= 0.5:
            raise DegenerateDataError(
                f"{self.name}: {share:.0%} of the observations equal {value:g}, so the likelihood has no maximum "
                f"(it does not fall as scale → 0 there). Are the data rounded?"
            )

    def spikes(self, sample: Sample) -> str | None:
        """A tie at which the densities grow faster, as scale → 0, than the probabilities of all else fall.

        Density at loc is as 1/scale, beyond it as scale; so are masses of intervals, and of windows, that do not reach
        to loc.
        """
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        exact = sample.lower == sample.upper
        values, which = np.unique(sample.lower[exact], return_inverse=True)
        if not len(values):
            return None
        value = float(values[int(np.argmax(np.bincount(which, weight[exact])))])
        low, high = (-np.inf, np.inf) if sample.window is None else sample.window
        away = (value < sample.lower) | (value > sample.upper)
        power = np.where(away, -1.0, 1.0 * exact) + ((value < low) | (value > high))
        if not float(np.sum(weight * power)) > 0:
            return None
        tied = float(np.sum(weight[exact & ~away]) / np.sum(weight))
        return f"{tied:.0%} of the observations equal {value:g}, where it rises without bound as scale → 0"

    def cdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Probability of at most x, by the arctangent that does not cancel in the lower tail."""
        return np.asarray(np.arctan2(1.0, (loc - x) / scale) / math.pi)

    def sf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(np.arctan2(1.0, (x - loc) / scale) / math.pi)

    def logcdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the cdf, from the smaller of the two tails."""
        z = np.asarray((x - loc) / scale)
        tail = np.arctan2(1.0, np.abs(z)) / math.pi
        with np.errstate(divide="ignore"):
            return np.where(z < 0, np.log(tail), np.log1p(-tail))

    def logsf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return self.logcdf(-np.asarray(x), np.negative(loc), scale)

    def tail_scores(self, x: Array, loc: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        z = (x - loc) / scale
        log_f = -2 * np.log(np.hypot(1.0, z)) - math.log(math.pi)
        return location_scale_tail_scores(z, scale, log_f, self.logcdf(x, loc, scale), self.logsf(x, loc, scale))

    def entropy(self, loc: Array, scale: Array) -> Array:
        """Entropy, nats: log(4 pi scale)."""
        return np.asarray(np.log(np.multiply(4 * math.pi, scale)))

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """Chyzak & Nielsen (2019)."""
        (m, s), (n, t) = p, q
        return math.log1p((s - t) / s * ((s - t) / t) / 4 + (m - n) / s * ((m - n) / t) / 4)

    def expected(self, statistic: Statistic, loc: float, scale: float) -> float | None:
        """Infinite of x², e^(t x) and abs(x - a)."""
        return math.inf if statistic[0] in ("exp", "abs") or statistic == ("power", 2.0) else None


def heaviest_tie(sample: Sample) -> tuple[float, float]:
    """Find the value that may hold half of the weight or more, and the share that it holds.

    A value with half of the weight is one of the quartiles, so only those are counted; on large samples those of a
    subsample, where such a value is all but certain to show.
    """
    few = sample.sketch()
    share, value = max((_share(few, q), q) for q in map(few.quantile, (0.25, 0.5, 0.75)))
    if few is sample or share < _SUSPECT:
        return value, share
    return value, _share(sample, value)


def _share(sample: Sample, value: float) -> float:
    return sample.mean(lambda x: (x == value).astype(float))
