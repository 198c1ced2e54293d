"""The zero-inflated Poisson law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.counting import inflated_expansion, log_poisson
from mle_toolkit.families.domain import COUNTS, POSITIVE, Interval
from mle_toolkit.families.mass import log_mass_with_zeros
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.poisson import Poisson
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.zero_truncated_poisson import truncated_mean_to_mu

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class ZeroInflatedPoisson(Family):
    r"""Counts of a population of which a share ``pi`` can only give zeros, and the rest is Poisson.

    .. math:: \log f(0) = \log(\pi + (1 - \pi) e^{-\mu}), \qquad \log f(x) = \log(1 - \pi) + x \log\mu - \mu - \log x!

    Source: Lambert (1992), Technometrics 34, 1-14. Route to the maximum: the positive counts are truncated Poisson,
    which gives mu; pi makes up the zeros. Where there are no more zeros than a Poisson law expects, pi = 0.
    """

    name = "zip"
    aliases = ("zero_inflated_poisson", "zipois")
    support = COUNTS
    parameters = (
        Parameter("pi", Interval(0.0, 1.0, closed="lower"), typical=(0.1, 0.7)),
        Parameter("mu", POSITIVE, typical=(0.5, 15.0)),
    )
    modelled = "mu"
    rates = ("mu",)

    def check(self, sample: Sample) -> None:
        """Raise if all counts are zero."""
        if sample.maximum == 0:
            raise DegenerateDataError(
                f"zip: all {sample.nobs:g} observations are 0, which pi = 1 and mu = 0 explain equally well, so "
                f"neither is identified. A Poisson law with mu = 0 describes these data."
            )

    def logpdf(self, x: Array, pi: Array, mu: Array) -> Array:
        """Log-probability of x."""
        with np.errstate(divide="ignore"):  # log 0 = -inf: no excess zeros
            at_zero = np.minimum(np.logaddexp(np.log(pi), np.log1p(-np.asarray(pi)) - mu), 0.0)  # rounding may pass 1
        return np.where(x == 0, at_zero, np.log1p(-np.asarray(pi)) + log_poisson(x, mu))

    def score(self, x: Array, pi: Array, mu: Array) -> tuple[Array, ...]:
        """Derivatives by pi and mu."""
        log_zero = self.logpdf(np.zeros(()), pi, mu)
        by_pi = np.where(x == 0, -np.expm1(-mu) * np.exp(-log_zero), -1 / (1 - pi))
        by_mu = np.where(x == 0, -np.exp(np.log1p(-pi) - mu - log_zero), (x - mu) / mu)
        return by_pi, by_mu

    def expansion(self, x: Array, pi: Array, mu: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]] | None:
        """Log-probability with two derivatives, from those of the Poisson law."""
        known = Poisson().expansion(x, mu)
        return None if known is None else inflated_expansion(x, pi, *known)

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Root in mu from the positive counts; pi follows."""
        mean = sample.mean()
        positive = sample.mean(lambda x: (x > 0).astype(float))
        if 1 - positive <= math.exp(-mean):
            return 0.0, mean
        beyond_one = sample.mean(lambda x: np.maximum(x - 1, 0.0)) / positive
        mu = truncated_mean_to_mu(beyond_one)
        # 1 - positive / (1 - exp(-mu)), over one denominator, because pi may be small
        return ((1 - positive) - math.exp(-mu)) / -math.expm1(-mu), mu

    def start(self, sample: Sample) -> tuple[float, float]:
        """From the sketch's own maximum, kept off the ends."""
        pi, mu = self.from_sample(sample) if sample.maximum > 0 else (0.5, 0.1)
        return min(max(pi, 0.05), 0.95), mu

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Poisson law, at pi = 0."""
        return (Limit(get_family("poisson"), lambda mu: (0.0, mu)),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Zeros and the last count of a window, as mu → ∞ and pi → 0."""
        from mle_toolkit.families.combinators.zeros import limits_behind_zeros

        return limits_behind_zeros(get_family("poisson"), lower, upper)

    def cdf(self, x: Array, pi: Array, mu: Array) -> Array:
        """Probability of at most x."""
        k = np.floor(x)
        return np.asarray(np.where(k < 0, 0.0, pi + (1 - pi) * special.pdtr(np.maximum(k, 0), mu)))

    def sf(self, x: Array, pi: Array, mu: Array) -> Array:
        """Probability of more than x."""
        k = np.floor(x)
        return np.asarray(np.where(k < 0, 1.0, (1 - pi) * special.pdtrc(np.maximum(k, 0), mu)))

    def log_mass(self, lower: Array, upper: Array, pi: Array, mu: Array) -> Array:
        """Log-probability of intervals."""
        return log_mass_with_zeros(get_family("poisson"), pi, (mu,), lower, upper)

    def mean(self, pi: Array, mu: Array) -> Array:
        """Expected value."""
        return np.asarray((1 - pi) * mu)

    def var(self, pi: Array, mu: Array) -> Array:
        """Variance."""
        return np.asarray((1 - pi) * mu * (1 + pi * mu))
