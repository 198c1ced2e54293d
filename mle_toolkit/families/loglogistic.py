"""The log-logistic law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import BetaPrimePower
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import LOG
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image, Limit
from mle_toolkit.families.special import log_gamma_bend, log_or_minus_inf
from mle_toolkit.families.tilted import in_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.sample import Sample

_SMALLEST_DEVIATION = 1e-15
"""Deviation of logs that are equal to rounding."""


class Loglogistic(Family):
    r"""Lifetime whose odds of having ended grow as a power of age: its log is logistic; ``scale`` is the median.

    .. math:: \log f(x) = \log(k/s) + (k - 1)\log(x/s) - 2\log\bigl(1 + (x/s)^k\bigr)

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 23. The log-likelihood is
    concave in (k log s, k), so there is one maximum.
    """

    name = "loglogistic"
    by_number = ("mean", "var")
    aliases = ("fisk", "llogis", "log_logistic")
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.7, 8.0)), SCALE)
    in_scipy = InScipy("fisk", "shape", scale="scale")

    def logpdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log-density at x."""
        log_x = np.log(x)
        t = shape * (log_x - np.log(scale))
        # Symmetric in t, so that the exponential cannot overflow.
        return np.asarray(np.log(shape) - log_x - np.abs(t) - 2 * np.log1p(np.exp(-np.abs(t))))

    def score(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        log_z = np.log(x) - np.log(scale)
        pull = np.tanh(0.5 * shape * log_z)
        return 1 / shape - log_z * pull, shape / scale * pull

    def hessian(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        log_z = np.log(x) - np.log(scale)
        pull = np.tanh(0.5 * shape * log_z)
        bend = 0.5 * (1 - pull * pull)
        by_shape = -1 / shape**2 - log_z * log_z * bend
        mixed = (pull + shape * log_z * bend) / scale
        by_scale = -shape / scale**2 * (pull + shape * bend)
        return by_shape, mixed, by_scale

    def derivative_sums(self, x: Array, weight: Array | None, shape: float, scale: float) -> tuple[float, ...]:
        """Sums of y = log z, |t|, log(1 + exp(-|t|)), h, yh, b, yb and y²b.

        Here t is shape y, h = tanh(t/2), and b = (1 - h²)/2 its slope.
        """
        log_z = np.log(x) - math.log(scale)
        t = shape * log_z
        size = np.abs(t)
        pull = np.tanh(0.5 * t)
        bend = 0.5 * (1 - pull * pull)
        w_pull, w_bend = weighted(weight, pull, bend)
        bent = log_z * w_bend
        return (
            *sums_of(weight, log_z, size, np.log1p(np.exp(-size))),
            total(w_pull), dot(w_pull, log_z), total(w_bend), total(bent), dot(bent, log_z),
        )  # fmt: skip

    def derivatives(self, count: Any, sums: Sequence[Any], shape: Any, scale: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        log_z, sizes, logs, pulls, log_pulls, bends, log_bends, square_bends = sums
        return [
            count * (np.log(shape) - np.log(scale)) - log_z - sizes - 2 * logs,
            count / shape - log_pulls,
            shape / scale * pulls,
            -count / shape**2 - square_bends,
            (pulls + shape * log_bends) / scale,
            -shape / scale**2 * (pulls + shape * bends),
        ]

    def start(self, sample: Sample) -> tuple[float, float]:
        """Mean and standard deviation of the logs: a logistic of scale 1/k has standard deviation pi / (k sqrt 3)."""
        logs = sample.with_values(np.log(sample.x), sample.weight)
        deviation = math.sqrt(3 * logs.var()) or _SMALLEST_DEVIATION
        return math.pi / deviation, math.exp(logs.mean())

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The logistic law, as the threshold goes to -∞."""
        return (Limit(get_family("logistic"), lambda loc, scale: (np.inf, np.inf)),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The logistic law of the log of x."""
        return (Image(get_family("logistic"), lambda shape, scale: (math.log(scale), 1 / shape), LOG),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """A power of x: rising as scale → ∞, falling as scale → 0."""
        return in_window(lower, upper, lambda slope: (abs(slope), np.inf if slope > 0 else 0.0), of_log=True)

    def cdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.expit(_log_odds(x, shape, scale)))

    def sf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.expit(-_log_odds(x, shape, scale)))

    def logcdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(special.log_expit(_log_odds(x, shape, scale)))

    def logsf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(special.log_expit(-_log_odds(x, shape, scale)))

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        log_z = np.log(x) - np.log(scale)
        odds = shape * log_z
        slopes = (log_z, -shape / scale)  # of the log odds
        below, above = special.expit(-odds), special.expit(odds)
        return tuple(slope * below for slope in slopes), tuple(-slope * above for slope in slopes)

    def sf_expansion(self, x: Array, shape: Array, scale: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log of the survival function, with its derivatives."""
        log_z = np.log(x) - np.log(scale)
        odds = shape * log_z
        p = special.expit(odds)
        bend, slope = -p * special.expit(-odds), -shape / scale  # by the log odds; of those by scale
        second = (bend * log_z * log_z, bend * log_z * slope + p / scale, bend * slope * slope + p * slope / scale)
        return -np.logaddexp(0.0, odds), (-p * log_z, -p * slope), second

    def ppf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Quantile."""
        return np.asarray(scale * np.exp(special.logit(p) / shape))

    def isf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(scale * np.exp(-special.logit(p) / shape))

    def mean(self, shape: Any, scale: Any) -> Any:
        """Mean: scale b / sin(b) with b = pi/shape; infinite for shape <= 1."""
        return scale / float(np.sinc(1 / shape)) if shape > 1 else np.inf

    def var(self, shape: Any, scale: Any) -> Any:
        """Variance: scale² (2b / sin(2b) - (b / sin b)²); infinite for shape <= 2."""
        if shape <= 2:
            return np.inf
        bend = log_gamma_bend(1.0, 1 / shape) + log_gamma_bend(1.0, -1 / shape)
        return -(scale**2) * float(np.expm1(-bend) / np.sinc(2 / shape))

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats: 2 + log(scale / shape)."""
        return np.asarray(2 + np.log(scale) - np.log(shape))

    def power_of(self, shape: float, scale: float) -> BetaPrimePower:
        """A power of x is the ratio of two exponential variables."""
        return BetaPrimePower(1.0, 1.0, shape, scale)


def _log_odds(x: Array, shape: Array, scale: Array) -> Array:
    return np.asarray(shape * (log_or_minus_inf(x) - np.log(scale)))
