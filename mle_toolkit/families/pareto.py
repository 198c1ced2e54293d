"""Pareto's law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.ends import ExponentialEnd
from mle_toolkit.families.excess import log_quotient, of_ratio
from mle_toolkit.families.expectations import BetaPower
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.special import EQUAL_TO_ROUNDING, log_or_minus_inf, sum_log

if TYPE_CHECKING:
    from mle_toolkit.data.groups import Groups
    from mle_toolkit.data.sample import Sample


class Pareto(HazardFamily, ExponentialFamily):
    r"""Wealth above a least value ``xm``: the share above x falls as a power, of index ``alpha``.

    .. math:: \log f(x) = \log\alpha + \alpha\log x_m - (\alpha + 1)\log x, \quad x \ge x_m

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 20. The maximum is
    xm = min(x), alpha = 1 / mean(log(x/xm)). The least value converges at rate n, and has no standard error from the
    information.
    """

    name = "pareto"
    by_number = ("mean", "var")
    aliases = ("pareto1", "pareto_i", "single_parameter_pareto")
    entropy_attained = True
    support = POSITIVE
    parameters = (
        Parameter("alpha", POSITIVE, typical=(0.5, 5.0)),
        Parameter("xm", POSITIVE, typical=(0.1, 10.0), role="scale", regular=False),
    )
    in_scipy = InScipy("pareto", "alpha", scale="xm")
    rising_ends: ClassVar[Mapping[str, float]] = {"xm": 1.0}

    with_ends = True

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Log x, and x for the ends of the data."""
        return np.log(x), x, x

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of log x; without weights the logs are taken of products."""
        return (sum_log(x) if weight is None else float(np.add.reduce(weight * np.log(x))),)

    def log_density(self, T: tuple[Array, ...], alpha: Array, xm: Array) -> Array:
        """Log-density, linear in log x; -inf below xm."""
        log_x, least, _ = T
        return np.where(least >= xm, np.log(alpha) - log_x - alpha * (log_x - np.log(xm)), -np.inf)

    def score_of(self, T: tuple[Array, ...], alpha: Array, xm: Array) -> tuple[Array, ...]:
        """Derivatives by alpha and xm."""
        return 1 / alpha - T[0] + np.log(xm), np.broadcast_to(alpha / xm, np.shape(T[0]))

    def hessian_of(self, T: tuple[Array, ...], alpha: Array, xm: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        return -1 / alpha**2, 1 / xm, -alpha / xm**2

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Least observation, and the mean log ratio to it."""
        mean_log, xm, _ = means
        gap = mean_log - math.log(xm)
        if gap <= EQUAL_TO_ROUNDING:
            raise DegenerateDataError(
                "pareto: the observations are equal, or nearly so, so alpha is unbounded or lost to rounding. "
                "Choose a law with a location."
            )
        return 1.0 / gap, xm

    def from_groups(self, groups: Groups) -> tuple[Array, ...]:
        """The same of every group."""
        end = groups.minimum
        gap = groups.means(np.log(groups.x)) - np.log(end)
        return 1.0 / np.where(gap > EQUAL_TO_ROUNDING, gap, np.nan), end

    def from_intervals(self, sample: Sample) -> tuple[float, float]:
        """The best parameters for intervals and points, whose logs are exponential above log xm with the rate alpha."""
        with np.errstate(invalid="ignore"):
            lower, upper = log_or_minus_inf(sample.lower), np.log(sample.upper)
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        end, alpha = ExponentialEnd(lower, upper, weight).maximum(self.name)
        seen = np.append(sample.lower[lower == end], sample.upper[upper == end])
        return alpha, float(seen[0]) if len(seen) else math.exp(end)

    def cumulative_hazard(self, x: Array, alpha: Array, xm: Array) -> Array:
        """Alpha times log(x / xm)."""
        return np.asarray(alpha * np.maximum(log_or_minus_inf(x) - np.log(xm), 0.0))

    def tail_scores(self, x: Array, alpha: Array, xm: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F), which is 0 up to xm."""
        log_ratio = np.maximum(np.log(x) - np.log(xm), 0.0)
        beyond = log_ratio > 0  # below xm nothing moves
        hazard = alpha * np.where(beyond, log_ratio, 1.0)
        return self.tail_scores_of(hazard, (log_ratio, np.where(beyond, -alpha / xm, 0.0)))

    def at_hazard(self, hazard: Array, alpha: Array, xm: Array) -> Array:
        """Find x from its cumulative hazard."""
        return np.asarray(xm * np.exp(hazard / alpha))

    def mean(self, alpha: Any, xm: Any) -> Any:
        """Mean: alpha xm / (alpha - 1); infinite for alpha <= 1."""
        return alpha * xm / (alpha - 1) if alpha > 1 else np.inf

    def var(self, alpha: Any, xm: Any) -> Any:
        """Variance; infinite for alpha <= 2."""
        return (xm / (alpha - 1)) ** 2 * alpha / (alpha - 2) if alpha > 2 else np.inf

    def entropy(self, alpha: Array, xm: Array) -> Array:
        """Entropy, nats: 1 + 1/alpha + log(xm / alpha)."""
        return np.asarray(1 + 1 / np.asarray(alpha) + np.log(xm) - np.log(alpha))

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """By the excess of the ratio of the tail indices; xm of p is not below that of q."""
        (a, x), (b, y) = p, q
        return float(b * log_quotient(x, y)) + of_ratio(b, a)

    def power_of(self, alpha: float, xm: float) -> BetaPower:
        """Xm / x follows the beta law of alpha and 1."""
        return BetaPower(alpha, 1.0, -1.0, xm)

    def lives_on(self, alpha: float, xm: float) -> tuple[float, float]:
        """From xm on."""
        return float(xm), math.inf
