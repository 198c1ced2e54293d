"""The chi law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import total
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.gamma_tails import log_gamma_quantiles, log_gamma_tails, log_gammainc_slopes
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import SQUARE
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image
from mle_toolkit.families.special import (
    about_mode,
    inverse_digamma,
    left_by_root,
    log_minus_digamma_of,
    log_or_minus_inf,
    stirling_remainder,
    sum_log,
)


class Chi(ExponentialFamily):
    r"""Length of a vector of ``df`` standard normal components: the root of a chi-squared variable.

    .. math:: \log f(x) = (1 - \nu/2)\log 2 - \log\Gamma(\nu/2) + (\nu - 1)\log x - x^2/2

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 18. Route to the maximum:
    digamma(df/2) = mean(log(x²/2)). It has no scale: with one it is the Nakagami law.
    """

    name = "chi"
    support = POSITIVE
    parameters = (Parameter("df", POSITIVE, typical=(0.7, 20.0)),)
    in_scipy = InScipy("chi", "df")
    cdf, sf = cdf_of_log, sf_of_log

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Log x."""
        return (np.log(x),)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of log x; without weights the logs are taken of products."""
        return (sum_log(x) if weight is None else total(weight * np.log(x)),)

    def log_base(self, x: Array) -> Array:
        """The part without df."""
        return np.asarray(math.log(2) - 0.5 * np.square(x) - np.log(x))

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        (df,) = params
        own = super().logpdf(x, df)
        return about_mode(own, 0.5 * np.asarray(df), lambda: x * x / df - 1, lambda: math.log(2) - np.log(x))

    def log_density(self, T: tuple[Array, ...], df: Array) -> Array:
        """Log-density less `log_base`, linear in T."""
        return np.asarray(df * (T[0] - 0.5 * math.log(2)) - special.gammaln(0.5 * np.asarray(df)))

    def score_of(self, T: tuple[Array, ...], df: Array) -> tuple[Array, ...]:
        """Derivative by df."""
        return (T[0] - 0.5 * math.log(2) - 0.5 * special.psi(0.5 * np.asarray(df)),)

    def hessian_of(self, T: tuple[Array, ...], df: Array) -> tuple[Array, ...]:
        """Second derivative; the zeta function of 2 is the trigamma function."""
        return (-0.25 * special.zeta(2.0, 0.5 * np.asarray(df)) + 0 * T[0],)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """Root in df."""
        return (2 * inverse_digamma(2 * means[0] - math.log(2)),)

    def log_tails(self, x: Array, df: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return log_gamma_tails(0.5 * np.asarray(df), 2 * log_or_minus_inf(x) - math.log(2))

    def logcdf(self, x: Array, df: Array) -> Array:
        """Log of the cdf."""
        return log_gamma_tails(0.5 * np.asarray(df), 2 * log_or_minus_inf(x) - math.log(2))[0]

    def logsf(self, x: Array, df: Array) -> Array:
        """Log of the survival function."""
        return log_gamma_tails(0.5 * np.asarray(df), 2 * log_or_minus_inf(x) - math.log(2))[1]

    def tail_scores(self, x: Array, df: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        below, above = log_gammainc_slopes(0.5 * np.asarray(df), 2 * log_or_minus_inf(x) - math.log(2))
        return (0.5 * below[0],), (0.5 * above[0],)

    def ppf(self, p: Array, df: Array) -> Array:
        """Quantile."""
        return np.asarray(np.sqrt(2) * np.exp(0.5 * log_gamma_quantiles(0.5 * np.asarray(df), p)[0]))

    def isf(self, p: Array, df: Array) -> Array:
        """Upper quantile."""
        return np.asarray(np.sqrt(2) * np.exp(0.5 * log_gamma_quantiles(0.5 * np.asarray(df), p)[1]))

    def mean(self, df: Array) -> Array:
        """Mean: sqrt(2) Gamma((df + 1)/2) / Gamma(df/2)."""
        return np.asarray(math.sqrt(2) * special.poch(0.5 * np.asarray(df), 0.5))

    def var(self, df: Array) -> Array:
        """Variance: df less the square of the mean."""
        return np.asarray(df * left_by_root(0.5 * np.asarray(df)))

    def entropy(self, df: Array) -> Array:
        """Entropy, nats."""
        half = 0.5 * np.asarray(df)
        gap = log_minus_digamma_of(half)  # in the place of terms that cancel where it is small
        return np.asarray(0.5 * (np.log(half) - math.log(2)) + stirling_remainder(half) + (half - 0.5) * gap)

    @property
    def images(self) -> tuple[Image, ...]:
        """The chi-squared law of x²."""
        return (Image(get_family("chi_squared"), lambda df: (df,), SQUARE),)
