"""The Kumaraswamy law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, UNIT
from mle_toolkit.families.expectations import BetaPower
from mle_toolkit.families.from_logs import cdf_of_logsf, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.special import log1mexp, log1mexp_exp, log_gamma_bend
from mle_toolkit.numerics.newton import ascend

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_SMALL = -37.0
"""Log of a power that is below the rounding of 1."""

_REACH = 700.0
"""Size of the log of a up to which a maximum is sought: beyond it are no doubles."""


class Kumaraswamy(Family):
    r"""Proportion, much like a beta law, with a distribution function in closed form.

    .. math:: \log f(x) = \log(ab) + (a - 1)\log x + (b - 1)\log(1 - x^a)

    Source: Kumaraswamy (1980), Journal of Hydrology 46, 79-88; Jones (2009), Statistical Methodology 6, 70-81. Route
    to the maximum: b = -1/mean(log(1 - x^a)), which leaves an equation in ``a`` alone.
    """

    name = "kumaraswamy"
    aliases = ("kumar",)
    support = UNIT
    parameters = (
        Parameter("a", POSITIVE, typical=(0.7, 8.0)),
        Parameter("b", POSITIVE, typical=(0.7, 8.0)),
    )
    cdf, sf = cdf_of_logsf, sf_of_log

    def logpdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log-density at x."""
        log_x = np.log(x)
        return np.asarray(np.log(a) + np.log(b) + (a - 1) * log_x + (b - 1) * log1mexp(a * log_x))

    def score(self, x: Array, a: Array, b: Array) -> tuple[Array, ...]:
        """Derivatives by a and b."""
        log_x = np.log(x)
        odds = _odds(a * log_x)
        return 1 / a + log_x - (b - 1) * log_x * odds, 1 / b + log1mexp(a * log_x)

    def hessian(self, x: Array, a: Array, b: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        log_x = np.log(x)
        slope = log_x * _odds(a * log_x)
        rest = -np.expm1(a * log_x)
        return -1 / np.square(a) - (b - 1) * slope * log_x / rest, -slope, -1 / np.square(b) + 0 * log_x

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Newton's method on log(a) for the profile likelihood, from a few rows first; b follows."""
        few = sample.sketch()
        a = _profile_maximum(few, 1.0)
        if few is not sample:
            a = _profile_maximum(sample, a)
        return a, 1.0 / -sample.mean(lambda x: log1mexp(a * np.log(x)))

    def logsf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the survival function."""
        with np.errstate(divide="ignore"):  # log 0 beyond the ends
            return np.asarray(b * log1mexp(a * np.log(np.clip(x, 0.0, 1.0))))

    def tail_scores(self, x: Array, a: Array, b: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S = b log(1 - x^a)."""
        log_x = np.log(x)
        log_rest = log1mexp(a * log_x)
        with np.errstate(over="ignore"):
            by_a, by_b = -b * log_x / np.expm1(-a * log_x), log_rest
        odds = 1.0 / special.exprel(-b * log_rest)  # -log(S) S/F, a number where log S underflows
        tiny = a * log_x < _SMALL
        steep = np.where(tiny, log_x, by_a / (b * np.where(tiny, -1.0, log_rest)))
        return (steep * odds, odds / b), (by_a, by_b)

    def logcdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the cdf."""
        with np.errstate(divide="ignore"):  # log 0 at the ends
            log_power = a * np.log(np.clip(x, 0.0, 1.0))
            # log(-log(1 - x^a)), which is log(x^a) where x^a is small.
            log_hazard = np.where(log_power < _SMALL, log_power, np.log(-log1mexp(log_power)))
        return log1mexp_exp(np.log(b) + log_hazard)

    def ppf(self, p: Array, a: Array, b: Array) -> Array:
        """Quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.exp(np.log(-np.expm1(np.log1p(np.negative(p)) / b)) / a))

    def isf(self, p: Array, a: Array, b: Array) -> Array:
        """Upper quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.exp(np.log(-np.expm1(np.log(p) / b)) / a))

    def mean(self, a: Array, b: Array) -> Array:
        """Expected value: b B(1 + 1/a, b)."""
        return np.asarray(b * np.exp(special.betaln(1 + 1 / np.asarray(a), b)))

    def var(self, a: Array, b: Array) -> Array:
        """Variance."""
        step = 1 / np.asarray(a)
        bend = log_gamma_bend(1.0, step) - log_gamma_bend(np.add(b, 1.0), step)
        return np.asarray(np.square(self.mean(a, b)) * np.expm1(bend))

    def entropy(self, a: Array, b: Array) -> Array:
        """Entropy, nats."""
        harmonic = special.psi(np.add(b, 1.0)) + np.euler_gamma
        return np.asarray(1 - 1 / np.asarray(b) + (1 - 1 / np.asarray(a)) * harmonic - np.log(a) - np.log(b))

    def rvs(self, a: Array, b: Array, size: Any, rng: np.random.Generator) -> Array:
        """Random numbers, by inversion."""
        return self.isf(1.0 - rng.uniform(size=size), a, b)

    def power_of(self, a: float, b: float) -> BetaPower:
        """A power of x follows the beta law of 1 and b."""
        return BetaPower(1.0, b, a, 1.0)


def _odds(log_power: Array) -> Array:
    """x^a / (1 - x^a), of log x^a."""
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / np.expm1(-log_power))


def _profile_maximum(sample: Sample, a: float) -> float:
    """Maximise log a - log Q + (a - 1) mean(log x) + Q over a, with Q = -mean(log(1 - x^a)) = 1/b."""
    logs = sample.mapped(np.log)
    mean_log = logs.mean()

    def slope_and_bend(u: float) -> tuple[float, float]:
        """First and second derivative of the profile log-likelihood per observation, by log a."""
        a, sums = math.exp(u), np.zeros(3)
        with np.errstate(all="ignore"):
            for y, w in logs.blocks():
                slope = a * y * _odds(a * y)
                terms = log1mexp(a * y), slope, slope * (1 - a * y / np.expm1(a * y))
                sums += [float(np.sum(t if w is None else w * t)) for t in terms]
            q, q1, q2 = sums * np.array([-1.0, 1.0, 1.0]) / sample.nobs
            first, second = 1 + a * mean_log + q1 - q1 / q, a * mean_log + q2 - q2 / q + (q1 / q) ** 2
        if not (math.isfinite(first) and math.isfinite(second)):
            raise DegenerateDataError("kumaraswamy: the observations are too alike: the likelihood has no maximum.")
        return first, second

    return math.exp(ascend(slope_and_bend, math.log(a), -_REACH, _REACH))
