"""The Frechet law of maxima."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import GammaPower
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_logcdf
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import LOG
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image, Limit
from mle_toolkit.families.special import hazard_at_cdf, hazard_at_sf, log1mexp_exp, log_gamma_bend, log_or_minus_inf
from mle_toolkit.families.tilted import in_window
from mle_toolkit.families.weibull import Weibull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.sample import Sample


class Frechet(Family):
    r"""Largest of many heavy-tailed values, the reciprocal of a Weibull variable; tail index ``shape``.

    .. math:: \log f(x) = \log(a/s) - (a + 1)\log(x/s) - (x/s)^{-a}

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 22. Route to the maximum:
    that of the Weibull law for 1/x.
    """

    name = "frechet"
    by_number = ("mean", "var")
    aliases = ("invweibull", "inverse_weibull")
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.7, 8.0)), SCALE)
    in_scipy = InScipy("invweibull", "shape", scale="scale")
    cdf, sf = cdf_of_log, sf_of_logcdf

    def logpdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log-density at x."""
        log_x = np.log(x)
        t = shape * (log_x - np.log(scale))
        return np.asarray(np.log(shape) - log_x - t - np.exp(-t))

    def score(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        log_z = np.log(x) - np.log(scale)
        lack = -np.expm1(-shape * log_z)
        return 1 / shape - log_z * lack, shape / scale * lack

    def hessian(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        log_z = np.log(x) - np.log(scale)
        power = np.exp(-shape * log_z)
        by_shape = -1 / shape**2 - log_z * log_z * power
        mixed = (1 - power + shape * log_z * power) / scale
        by_scale = -shape / scale**2 * (1 - power + shape * power)
        return by_shape, mixed, by_scale

    def derivative_sums(self, x: Array, weight: Array | None, shape: float, scale: float) -> tuple[float, ...]:
        """Sums of log z and, with p = z^-shape, of p, p log z and p log² z."""
        log_z = np.log(x) - math.log(scale)
        power = np.exp(-shape * log_z)
        slope = log_z * power
        w_log, w_slope = weighted(weight, log_z, slope)
        return total(w_log), *sums_of(weight, power), total(w_slope), dot(w_slope, log_z)

    def derivatives(self, count: Any, sums: Sequence[Any], shape: Any, scale: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        logs, powers, slopes, bends = sums
        lack = count - powers
        return [
            count * (np.log(shape) - np.log(scale)) - (shape + 1) * logs - powers,
            count / shape - (logs - slopes),
            shape / scale * lack,
            -count / shape**2 - bends,
            (lack + shape * slopes) / scale,
            -shape / scale**2 * (lack + shape * powers),
        ]

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Fit the Weibull law to 1/x."""
        shape, scale = Weibull().from_sample(sample.mapped(np.reciprocal))
        return shape, 1.0 / scale

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The gumbel law, as the threshold goes to -∞."""
        return (Limit(get_family("gumbel"), lambda loc, scale: (np.inf, np.inf)),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The gumbel law of the log of x."""
        return (Image(get_family("gumbel"), lambda shape, scale: (math.log(scale), 1 / shape), LOG),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """A power of x: falling as scale → 0, rising as shape → 0 and scale → ∞."""
        return in_window(lower, upper, lambda slope: (0.0, np.inf) if slope > 0 else (-slope, 0.0), of_log=True)

    def logcdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the cdf."""
        with np.errstate(over="ignore"):  # next to 0 the cdf is 0
            return np.asarray(-np.exp(_log_power(x, shape, scale)))

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F = -(x/scale)^-shape, and of log(1 - F)."""
        with np.errstate(over="ignore", invalid="ignore"):
            log_z = np.log(x) - np.log(scale)
            power = np.exp(-shape * log_z)
            odds = 1.0 / special.exprel(power)  # -log(F) F/S, a number where log F underflows
            slopes = log_z, -shape / scale
            return tuple(power * slope for slope in slopes), tuple(-slope * odds for slope in slopes)

    def logsf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return log1mexp_exp(_log_power(x, shape, scale))

    def ppf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Quantile."""
        return self._at(hazard_at_sf(p), shape, scale)

    def isf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Upper quantile."""
        return self._at(hazard_at_cdf(p), shape, scale)

    @staticmethod
    def _at(power: Array, shape: Array, scale: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(scale * power ** (-1.0 / shape))

    def mean(self, shape: Any, scale: Any) -> Any:
        """Mean: scale Gamma(1 - 1/shape); infinite for shape <= 1."""
        return scale * float(special.gamma(1 - 1 / shape)) if shape > 1 else np.inf

    def var(self, shape: Any, scale: Any) -> Any:
        """Variance; infinite for shape <= 2."""
        if shape <= 2:
            return np.inf
        return -(scale**2) * float(special.gamma(1 - 2 / shape) * np.expm1(-log_gamma_bend(1.0, -1 / shape)))

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats."""
        return np.asarray(1 + np.euler_gamma * (1 + 1 / shape) + np.log(scale) - np.log(shape))

    def power_of(self, shape: float, scale: float) -> GammaPower:
        """A power of 1/x is exponential."""
        return GammaPower(1.0, -shape, scale)


def _log_power(x: Array, shape: Array, scale: Array) -> Array:
    """Log of (x/scale)^-shape."""
    return np.asarray(-shape * (log_or_minus_inf(x) - np.log(scale)))
