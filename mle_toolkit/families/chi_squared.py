"""The chi-squared law."""

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
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image
from mle_toolkit.families.special import (
    about_mode,
    inverse_digamma,
    log_minus_digamma_of,
    log_or_minus_inf,
    stirling_remainder,
    sum_log,
)


class ChiSquared(ExponentialFamily):
    r"""Sum of ``df`` squared standard normal variables: a gamma law of known scale.

    .. math:: \log f(x) = (\nu/2 - 1)\log x - x/2 - (\nu/2)\log 2 - \log\Gamma(\nu/2)

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 18. Route to the maximum:
    digamma(df/2) = mean(log(x/2)). It has no scale: with one it is the gamma law.
    """

    name = "chi_squared"
    aliases = ("chisq", "chisquare", "chi_square")
    support = POSITIVE
    parameters = (Parameter("df", POSITIVE, typical=(0.7, 20.0)),)
    in_scipy = InScipy("chi2", "df")
    cdf, sf = cdf_of_log, sf_of_log

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Log x."""
        return (np.log(x),)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of log x; without weights the logs are taken of products."""
        return (sum_log(x) if weight is None else total(weight * np.log(x)),)

    def log_base(self, x: Array) -> Array:
        """The part without df."""
        return np.asarray(-0.5 * x - np.log(x))

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        (df,) = params
        return about_mode(super().logpdf(x, df), 0.5 * np.asarray(df), lambda: x / df - 1, lambda: -np.log(x))

    def log_density(self, T: tuple[Array, ...], df: Array) -> Array:
        """Log-density less `log_base`, linear in T."""
        return np.asarray(0.5 * df * (T[0] - math.log(2)) - special.gammaln(0.5 * np.asarray(df)))

    def score_of(self, T: tuple[Array, ...], df: Array) -> tuple[Array, ...]:
        """Derivative by df."""
        return (0.5 * (T[0] - math.log(2) - special.psi(0.5 * np.asarray(df))),)

    def hessian_of(self, T: tuple[Array, ...], df: Array) -> tuple[Array, ...]:
        """Second derivative; the zeta function of 2 is the trigamma function."""
        return (-0.25 * special.zeta(2.0, 0.5 * np.asarray(df)) + 0 * T[0],)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """Root in df."""
        return (2 * inverse_digamma(means[0] - math.log(2)),)

    def log_tails(self, x: Array, df: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return log_gamma_tails(0.5 * np.asarray(df), log_or_minus_inf(x) - math.log(2))

    def logcdf(self, x: Array, df: Array) -> Array:
        """Log of the cdf."""
        return log_gamma_tails(0.5 * np.asarray(df), log_or_minus_inf(x) - math.log(2))[0]

    def logsf(self, x: Array, df: Array) -> Array:
        """Log of the survival function."""
        return log_gamma_tails(0.5 * np.asarray(df), log_or_minus_inf(x) - math.log(2))[1]

    def tail_scores(self, x: Array, df: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        below, above = log_gammainc_slopes(0.5 * np.asarray(df), log_or_minus_inf(x) - math.log(2))
        return (0.5 * below[0],), (0.5 * above[0],)

    def ppf(self, p: Array, df: Array) -> Array:
        """Quantile."""
        return np.asarray(2 * np.exp(log_gamma_quantiles(0.5 * np.asarray(df), p)[0]))

    def isf(self, p: Array, df: Array) -> Array:
        """Upper quantile."""
        return np.asarray(2 * np.exp(log_gamma_quantiles(0.5 * np.asarray(df), p)[1]))

    def mean(self, df: Array) -> Array:
        """Mean: df."""
        return np.asarray(df)

    def var(self, df: Array) -> Array:
        """Variance: 2 df."""
        return np.asarray(2 * np.asarray(df))

    def entropy(self, df: Array) -> Array:
        """Entropy, nats."""
        half = 0.5 * np.asarray(df)
        gap = log_minus_digamma_of(half)  # in the place of terms that cancel where it is small
        return np.asarray(math.log(2) + np.log(half) + stirling_remainder(half) + (half - 1) * gap)

    @property
    def images(self) -> tuple[Image, ...]:
        """The gamma law of scale 2."""
        return (Image(get_family("gamma"), lambda df: (0.5 * df, 2.0), at=("scale",)),)
