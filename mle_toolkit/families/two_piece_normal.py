"""The two-piece normal law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.skew_normal import half_normal_beyond
from mle_toolkit.families.special import log1mexp
from mle_toolkit.families.tilted import in_window

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_LOG_ROOT_TWO_OVER_PI = 0.5 * math.log(2 / math.pi)
_MODES = (0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95)
"""Shares of the data below the modes from which a search begins."""


class TwoPieceNormal(Family):
    r"""Forecast with unequal risks: two normal halves about a ``mode``, of deviations ``sigma1`` and ``sigma2``.

    .. math:: \log f(x) = \log\frac{2}{\sigma_1 + \sigma_2} - \tfrac12\log 2\pi - \tfrac12 z^2, \quad
        z = \frac{x - m}{\sigma_1}\ (x < m),\ \frac{x - m}{\sigma_2}\ (x \ge m)

    Sources: Fechner (1897), Kollektivmasslehre; John (1982), Communications in Statistics 11, 879-885; Wallis (2014),
    Statistical Science 29, 106-112. For a mode the best deviations are in the ratio of the cube roots of the sums of
    squares on either side. As a deviation goes to 0 the law is half-normal from a threshold on.
    """

    name = "two_piece_normal"
    aliases = ("split_normal", "splitnorm", "binormal", "fechner")
    support = REAL
    parameters = (
        Parameter("mode", REAL, typical=(-5.0, 5.0), role="location"),
        Parameter("sigma1", POSITIVE, typical=(0.5, 2.0), role="scale"),
        Parameter("sigma2", POSITIVE, typical=(0.5, 2.0), role="scale"),
    )
    cdf, sf = cdf_of_log, sf_of_log

    def logpdf(self, x: Array, mode: Array, sigma1: Array, sigma2: Array) -> Array:
        """Log-density at x."""
        z = _standard(x, mode, sigma1, sigma2)
        return np.asarray(_LOG_ROOT_TWO_OVER_PI - np.log(np.add(sigma1, sigma2)) - 0.5 * z * z)

    def score(self, x: Array, mode: Array, sigma1: Array, sigma2: Array) -> tuple[Array, ...]:
        """Derivatives by mode, sigma1 and sigma2."""
        z, left = _standard(x, mode, sigma1, sigma2), np.less(x, mode)
        own, both = np.where(left, sigma1, sigma2), 1 / np.add(sigma1, sigma2)
        pull = z * z / own
        return z / own, np.where(left, pull, 0.0) - both, np.where(left, 0.0, pull) - both

    def hessian(self, x: Array, mode: Array, sigma1: Array, sigma2: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        z, left = _standard(x, mode, sigma1, sigma2), np.less(x, mode)
        square = np.square(np.where(left, sigma1, sigma2))
        both = np.square(1 / np.add(sigma1, sigma2)) + 0 * z
        mixed, bend = -2 * z / square, -3 * z * z / square
        return (
            -1 / square,
            np.where(left, mixed, 0.0),
            np.where(left, 0.0, mixed),
            both + np.where(left, bend, 0.0),
            both,
            both + np.where(left, 0.0, bend),
        )

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """The best two of several quantiles as modes, with the best deviations for them."""
        found = []
        for share in _MODES:
            mode = sample.quantile(share)
            left = sample.mean(lambda x, m=mode: np.square(np.minimum(x - m, 0.0)))  # type: ignore[misc]
            right = sample.mean(lambda x, m=mode: np.square(np.maximum(x - m, 0.0)))  # type: ignore[misc]
            if left > 0 and right > 0:
                one, two = left ** (1 / 3), right ** (1 / 3)
                found.append((one + two, (mode, one * math.sqrt(one + two), two * math.sqrt(one + two))))
        found.sort()
        return [params for _, params in found[:2]] or [(sample.mean(), *2 * (math.sqrt(sample.var()),))]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """A half-normal law above a threshold as sigma1 → 0, below one as sigma2 → 0."""
        return (
            Limit(half_normal_beyond(1.0), lambda loc, scale: (loc, 0.0, scale)),
            Limit(half_normal_beyond(-1.0), lambda loc, scale: (loc, scale, 0.0)),
        )

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """An exponential law, as the mode and the deviation on the side that is seen go to infinity."""
        return in_window(
            lower, upper, lambda slope: (np.inf, np.inf, np.nan) if slope > 0 else (-np.inf, np.nan, np.inf)
        )

    def logcdf(self, x: Array, mode: Array, sigma1: Array, sigma2: Array) -> Array:
        """Log of the cdf."""
        z = _standard(x, mode, sigma1, sigma2)
        log_side = math.log(2) - np.log(np.add(sigma1, sigma2)) + np.log(np.where(np.less(x, mode), sigma1, sigma2))
        tail = log_side + special.log_ndtr(-np.abs(z))
        return np.where(np.less(x, mode), tail, log1mexp(np.minimum(tail, 0.0)))

    def logsf(self, x: Array, mode: Array, sigma1: Array, sigma2: Array) -> Array:
        """Log of the survival function: the cdf of the law mirrored."""
        return self.logcdf(np.negative(x), np.negative(mode), sigma2, sigma1)

    def tail_scores(
        self, x: Array, mode: Array, sigma1: Array, sigma2: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        below, above = self.logcdf(x, mode, sigma1, sigma2), self.logsf(x, mode, sigma1, sigma2)
        z, left = _standard(x, mode, sigma1, sigma2), np.less(x, mode)
        log_f, both = self.logpdf(x, mode, sigma1, sigma2), 1 / np.add(sigma1, sigma2)
        fall, rise = np.exp(log_f - below), np.exp(log_f - above)
        zero = np.zeros_like(z)
        # Of the tail on its own side, by its own deviation and by the other.
        own_low, other_low = 1 / np.asarray(sigma1) - both - z * fall, -both + zero
        own_high, other_high = 1 / np.asarray(sigma2) - both + z * rise, -both + zero
        with np.errstate(over="ignore"):
            up, down = np.exp(below - above), np.exp(above - below)
        one = np.where(left, own_low, -other_high * down), np.where(left, -own_low * up, other_high)
        two = np.where(left, other_low, -own_high * down), np.where(left, -other_low * up, own_high)
        return (-fall, one[0], two[0]), (rise, one[1], two[1])

    def ppf(self, p: Array, mode: Array, sigma1: Array, sigma2: Array) -> Array:
        """Quantile."""
        p, both = np.asarray(p, dtype=float), np.add(sigma1, sigma2)
        share = sigma1 / both
        with np.errstate(invalid="ignore"):
            low = sigma1 * special.ndtri(0.5 * p / share)
            high = -sigma2 * special.ndtri(0.5 * (1 - p) * both / sigma2)
        return np.asarray(mode + np.where(p < share, low, high))

    def isf(self, p: Array, mode: Array, sigma1: Array, sigma2: Array) -> Array:
        """Upper quantile: minus the quantile of the law mirrored."""
        return -self.ppf(p, np.negative(mode), sigma2, sigma1)

    def mean(self, mode: Array, sigma1: Array, sigma2: Array) -> Array:
        """Expected value: mode + sqrt(2/π) (sigma2 - sigma1)."""
        return np.asarray(mode + math.sqrt(2 / math.pi) * np.subtract(sigma2, sigma1))

    def var(self, mode: Array, sigma1: Array, sigma2: Array) -> Array:
        """Variance: (1 - 2/π) (sigma2 - sigma1)² + sigma1 sigma2."""
        gap = np.square(np.subtract(sigma2, sigma1))
        return np.asarray((1 - 2 / math.pi) * gap + np.multiply(sigma1, sigma2) + 0 * np.asarray(mode))

    def entropy(self, mode: Array, sigma1: Array, sigma2: Array) -> Array:
        """Entropy, nats: that of the normal law of the mean deviation."""
        middle = 0.5 * np.add(sigma1, sigma2)
        return np.asarray(0.5 * (1 + math.log(2 * math.pi)) + np.log(middle) + 0 * np.asarray(mode))

    def rvs(self, mode: Any, sigma1: Any, sigma2: Any, size: Any, rng: Any) -> Array:
        """Either side with its probability."""
        left = rng.uniform(size=size) * np.add(sigma1, sigma2) < sigma1
        return np.asarray(mode + np.where(left, -sigma1, sigma2) * np.abs(rng.standard_normal(size)))


def _standard(x: Array, mode: Array, sigma1: Array, sigma2: Array) -> Array:
    away = np.subtract(x, mode)
    return np.asarray(away / np.where(away < 0, sigma1, sigma2))
