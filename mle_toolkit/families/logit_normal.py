"""The logit-normal law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, UNIT
from mle_toolkit.families.location_scale import location_scale_tail_scores
from mle_toolkit.families.maps import LOGIT
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class LogitNormal(Family):
    r"""Proportion whose log-odds are normal, of mean ``mu`` and standard deviation ``sigma``; ``mu`` gives the median.

    .. math:: \log f(x) = -\log\sigma - \tfrac12\log 2\pi - \frac{(\operatorname{logit} x - \mu)^2}{2\sigma^2}
        - \log x - \log(1 - x)

    Source: Johnson (1949), Biometrika 36, 149-176, whose system S_B it begins; Aitchison & Shen (1980), Biometrika 67,
    261-272. The maximum is the mean and the standard deviation, with divisor n, of the log-odds.
    """

    name = "logit_normal"
    aliases = ("logitnormal", "logitnorm", "logistic_normal")
    support = UNIT
    parameters = (
        Parameter("mu", REAL, typical=(-2.0, 2.0)),
        Parameter("sigma", POSITIVE, typical=(0.3, 2.0)),
    )

    def logpdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Log-density at x."""
        z = (special.logit(x) - mu) / sigma
        return np.asarray(-0.5 * z * z - np.log(sigma) - _HALF_LOG_TWO_PI - np.log(x) - np.log1p(np.negative(x)))

    def score(self, x: Array, mu: Array, sigma: Array) -> tuple[Array, ...]:
        """Derivatives by mu and sigma."""
        z = (special.logit(x) - mu) / sigma
        return z / sigma, (z * z - 1) / sigma

    def hessian(self, x: Array, mu: Array, sigma: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        z = (special.logit(x) - mu) / sigma
        square = np.square(sigma)
        return -1 / square + 0 * z, -2 * z / square, (1 - 3 * z * z) / square

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Mean and standard deviation of the log-odds."""
        odds = sample.mapped(special.logit)
        mean = odds.mean()
        variance = odds.mean(lambda y: np.square(y - mean))
        if variance == 0:
            raise DegenerateDataError("logit_normal: the log-odds of the observations are equal: sigma would be 0.")
        return mean, math.sqrt(variance)

    def cdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.ndtr(_z(x, mu, sigma)))

    def sf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.ndtr(-_z(x, mu, sigma)))

    def logcdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(special.log_ndtr(_z(x, mu, sigma)))

    def logsf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(special.log_ndtr(-_z(x, mu, sigma)))

    def tail_scores(self, x: Array, mu: Array, sigma: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        z = _z(x, mu, sigma)
        z = np.where(np.isfinite(z), z, 0.0)
        log_f = np.where(np.isfinite(_z(x, mu, sigma)), -0.5 * z * z - _HALF_LOG_TWO_PI, -np.inf)
        return location_scale_tail_scores(z, sigma, log_f, special.log_ndtr(z), special.log_ndtr(-z))

    def ppf(self, p: Array, mu: Array, sigma: Array) -> Array:
        """Quantile."""
        return np.asarray(special.expit(mu + sigma * special.ndtri(p)))

    def isf(self, p: Array, mu: Array, sigma: Array) -> Array:
        """Upper quantile."""
        return np.asarray(special.expit(mu - sigma * special.ndtri(p)))

    @property
    def images(self) -> tuple[Image, ...]:
        """The normal law of the log-odds."""
        return (Image(get_family("normal"), lambda mu, sigma: (mu, sigma), LOGIT),)


def _z(x: Array, mu: Array, sigma: Array) -> Array:
    """The standard normal variable of which x is a function."""
    return np.asarray((special.logit(np.clip(x, 0.0, 1.0)) - mu) / sigma)
