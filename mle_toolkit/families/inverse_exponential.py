"""The inverse exponential law."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import GammaPower
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_logcdf
from mle_toolkit.families.maps import RECIPROCAL
from mle_toolkit.families.parameters import SCALE
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image
from mle_toolkit.families.special import hazard_at_cdf, hazard_at_sf, log1mexp_exp, log_or_minus_inf


class InverseExponential(ExponentialFamily):
    r"""Claim with a tail so heavy that it has no mean: reciprocal of an exponential variable, tail index 1.

    .. math:: \log f(x) = \log s - 2\log x - s/x

    Source: Klugman, Panjer & Willmot (2012), Loss Models, appendix A.4.2. The maximum is scale = 1 / mean(1/x).
    """

    name = "inverse_exponential"
    aliases = ("invexp",)
    support = POSITIVE
    parameters = (SCALE,)
    cdf, sf = cdf_of_log, sf_of_logcdf

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """1/x."""
        return (1.0 / x,)

    def log_base(self, x: Array) -> Array:
        """What has no parameter."""
        return np.asarray(-2 * np.log(x))

    def log_density(self, T: tuple[Array, ...], scale: Array) -> Array:
        """Log-density less the base, linear in T."""
        return np.asarray(np.log(scale) - np.asarray(scale) * T[0])

    def score_of(self, T: tuple[Array, ...], scale: Array) -> tuple[Array, ...]:
        """Derivative by scale."""
        return (1 / np.asarray(scale) - T[0],)

    def hessian_of(self, T: tuple[Array, ...], scale: Array) -> tuple[Array, ...]:
        """Second derivative."""
        return (-1 / np.square(scale) + 0 * T[0],)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """Harmonic mean."""
        return (1 / means[0],)

    @property
    def images(self) -> tuple[Image, ...]:
        """The exponential law of 1/x; Fréchet and inverse gamma of shape 1."""
        return (
            Image(get_family("exponential"), lambda scale: (1 / scale,), RECIPROCAL),
            Image(get_family("frechet"), lambda scale: (1.0, scale), at=("shape",)),
            Image(get_family("inverse_gamma"), lambda scale: (1.0, scale), at=("shape",)),
        )

    def logcdf(self, x: Array, scale: Array) -> Array:
        """Log of the cdf: -scale/x."""
        with np.errstate(divide="ignore"):
            return np.asarray(-np.asarray(scale) / np.maximum(x, 0.0))

    def logsf(self, x: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return log1mexp_exp(np.log(scale) - log_or_minus_inf(x))

    def tail_scores(self, x: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        with np.errstate(over="ignore"):
            return (-1 / x,), (1 / (x * np.expm1(scale / x)),)

    def ppf(self, p: Array, scale: Array) -> Array:
        """Quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(scale / hazard_at_sf(p))

    def isf(self, p: Array, scale: Array) -> Array:
        """Upper quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(scale / hazard_at_cdf(p))

    def mean(self, scale: Array) -> Array:
        """Infinite."""
        return np.full(np.shape(scale), np.inf)

    def var(self, scale: Array) -> Array:
        """Infinite."""
        return np.full(np.shape(scale), np.inf)

    def entropy(self, scale: Array) -> Array:
        """Entropy, nats: 1 + 2 γ + log(scale), with Euler's constant γ."""
        return np.asarray(1 + 2 * np.euler_gamma + np.log(scale))

    def power_of(self, scale: float) -> GammaPower:
        """1/x is exponential."""
        return GammaPower(1.0, -1.0, scale)

    def to_scipy(self, scale: float) -> Any:
        """``scipy.stats.invgamma(1, scale=scale)``."""
        from scipy import stats

        return stats.invgamma(1.0, scale=scale)
