"""The power-function law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.ends import ExponentialEnd
from mle_toolkit.families.expectations import BetaPower
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_logcdf
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import RECIPROCAL
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image
from mle_toolkit.families.special import (
    EQUAL_TO_ROUNDING,
    hazard_at_cdf,
    hazard_at_sf,
    log1mexp,
    log_or_minus_inf,
    sum_log,
)

if TYPE_CHECKING:
    from mle_toolkit.data.groups import Groups
    from mle_toolkit.data.sample import Sample


class Power(ExponentialFamily):
    r"""Reciprocal of a Pareto variable: up to an end ``scale`` the share below x grows as a power, of index ``shape``.

    .. math:: \log f(x) = \log a + (a - 1)\log x - a\log s, \quad 0 < x \le s

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 25. The maximum is
    s = max(x), a = 1 / mean(log(s/x)). The end converges at rate n, and has no standard error from the information.
    """

    name = "power"
    aliases = ("powerlaw",)
    support = POSITIVE
    parameters = (
        Parameter("shape", POSITIVE, typical=(0.5, 5.0)),
        Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale", regular=False),
    )
    rising_ends: ClassVar[Mapping[str, float]] = {"scale": -1.0}
    in_scipy = InScipy("powerlaw", "shape", scale="scale")
    cdf, sf = cdf_of_log, sf_of_logcdf

    with_ends = True

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Log x, and x for the ends of the data."""
        return np.log(x), x, x

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of log x; without weights the logs are taken of products."""
        return (sum_log(x) if weight is None else float(np.add.reduce(weight * np.log(x))),)

    def log_density(self, T: tuple[Array, ...], shape: Array, scale: Array) -> Array:
        """Log-density, linear in log x; -inf above scale."""
        log_x, _, largest = T
        return np.where(largest <= scale, np.log(shape) - log_x + shape * (log_x - np.log(scale)), -np.inf)

    def score_of(self, T: tuple[Array, ...], shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        return 1 / shape + T[0] - np.log(scale), np.broadcast_to(-shape / scale, np.shape(T[0]))

    def hessian_of(self, T: tuple[Array, ...], shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        return -1 / shape**2, -1 / scale, shape / scale**2

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Largest observation, and the mean log ratio to it."""
        mean_log, _, scale = means
        gap = math.log(scale) - mean_log
        if gap <= EQUAL_TO_ROUNDING:
            raise DegenerateDataError(
                "power: the observations are equal, or nearly so, so the shape is unbounded or lost to rounding. "
                "Choose a law with a location."
            )
        return 1.0 / gap, scale

    def from_groups(self, groups: Groups) -> tuple[Array, ...]:
        """The same of every group."""
        end = groups.maximum
        gap = np.log(end) - groups.means(np.log(groups.x))
        return 1.0 / np.where(gap > EQUAL_TO_ROUNDING, gap, np.nan), end

    def from_intervals(self, sample: Sample) -> tuple[float, float]:
        """The best parameters for intervals and points, minus whose logs are exponential with the rate shape."""
        with np.errstate(invalid="ignore"):
            lower, upper = -np.log(sample.upper), -log_or_minus_inf(sample.lower)
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        end, shape = ExponentialEnd(lower, upper, weight).maximum(self.name)
        seen = np.append(sample.upper[lower == end], sample.lower[upper == end])
        return shape, float(seen[0]) if len(seen) else math.exp(-end)

    @property
    def images(self) -> tuple[Image, ...]:
        """The pareto law of 1/x."""
        return (Image(get_family("pareto"), lambda shape, scale: (shape, 1 / scale), RECIPROCAL),)

    def logcdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(shape * np.minimum(log_or_minus_inf(x) - np.log(scale), 0.0))

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F, which is 0 from the scale on, and of log(1 - F)."""
        log_ratio = np.minimum(np.log(x) - np.log(scale), 0.0)
        slopes = log_ratio, np.where(log_ratio < 0, -shape / scale, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = 1.0 / np.expm1(-shape * np.where(log_ratio < 0, log_ratio, -1.0))  # F / S; beyond it nothing moves
            return slopes, tuple(-slope * odds for slope in slopes)

    def logsf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return log1mexp(self.logcdf(x, shape, scale))

    def ppf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Quantile."""
        return np.asarray(scale * np.exp(-hazard_at_sf(p) / shape))

    def isf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(scale * np.exp(-hazard_at_cdf(p) / shape))

    def mean(self, shape: Array, scale: Array) -> Array:
        """Mean: scale shape / (shape + 1)."""
        return np.asarray(scale * shape / (shape + 1))

    def var(self, shape: Array, scale: Array) -> Array:
        """Variance: (scale / (shape + 1))² shape / (shape + 2)."""
        return np.asarray(np.square(scale / (shape + 1)) * shape / (shape + 2))

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats: 1 - 1/shape + log(scale / shape)."""
        return np.asarray(1 - 1 / np.asarray(shape) + np.log(scale) - np.log(shape))

    def power_of(self, shape: float, scale: float) -> BetaPower:
        """The beta law of shape and 1, stretched."""
        return BetaPower(shape, 1.0, 1.0, scale)

    def lives_on(self, shape: float, scale: float) -> tuple[float, float]:
        """From 0 to the scale."""
        return 0.0, float(scale)
