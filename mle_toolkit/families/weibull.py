"""The Weibull law of minima."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.beside_threshold import chart_of_logs, exp_or_inf
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import GammaPower
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import MINUS_LOG
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Chart, Image, Limit, SpecialCase
from mle_toolkit.families.special import log_gamma_bend, log_or_minus_inf
from mle_toolkit.families.tilted import in_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.rows import Block
    from mle_toolkit.data.sample import Sample

_NEWTON_STEPS = 100


class Weibull(HazardFamily):
    r"""Lifetime whose hazard is a power of age, ``shape`` below 1 for early failures and above 1 for wear.

    .. math:: \log f(x) = \log(k/\lambda) + (k - 1)\log(x/\lambda) - (x/\lambda)^k

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 21. Route to the maximum:
    1/k = sum(x^k log x) / sum(x^k) - mean(log x) has one root; the scale is mean(x^k)^(1/k).
    """

    name = "weibull"
    aliases = ("weibull_min",)
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.5, 8.0)), SCALE)
    in_scipy = InScipy("weibull_min", "shape", scale="scale")
    one_maximum = one_maximum_of_intervals = True  # its logs have a log-concave density

    def logpdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log-density at x."""
        log_z = np.log(x) - np.log(scale)
        return np.asarray(np.log(shape) - np.log(x) + shape * log_z - np.exp(shape * log_z))

    def score(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        log_z = np.log(x) - np.log(scale)
        excess = np.expm1(shape * log_z)
        return 1 / shape - log_z * excess, shape / scale * excess

    def hessian(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives: shape twice, shape and scale, scale twice."""
        log_z = np.log(x) - np.log(scale)
        power = np.exp(shape * log_z)
        by_both = (power - 1 + shape * log_z * power) / scale
        return -1 / shape**2 - log_z * log_z * power, by_both, -shape / scale**2 * (power * (1 + shape) - 1)

    def expansion(self, x: Array, shape: Array, scale: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-density with two derivatives, from one logarithm of each number."""
        log_x = np.log(x)
        log_z = log_x - np.log(scale)
        log_hazard = shape * log_z
        power, excess = np.exp(log_hazard), np.expm1(log_hazard)
        value = np.log(shape) - log_x + log_hazard - power
        slope, bent = shape / scale, log_z * power
        by_scale = slope / scale * (1 - power * (1 + shape))
        second = -1 / shape**2 - log_z * bent, (excess + shape * bent) / scale, by_scale
        return np.asarray(value), (1 / shape - log_z * excess, slope * excess), second

    def derivative_sums(self, x: Array, weight: Array | None, shape: float, scale: float) -> tuple[float, ...]:
        """Sums of log z and, with p = z^shape, of p, p log z and p log² z."""
        log_z = np.log(x) - math.log(scale)
        power = np.exp(shape * log_z)
        slope = log_z * power
        w_log, w_slope = weighted(weight, log_z, slope)
        return total(w_log), *sums_of(weight, power), total(w_slope), dot(w_slope, log_z)

    def derivatives(self, count: float, sums: Sequence[float], shape: float, scale: float) -> list[float]:
        """Log-likelihood, score and second derivatives, from the sums."""
        logs, powers, slopes, bends = sums
        return [
            count * (math.log(shape) - math.log(scale)) + (shape - 1) * logs - powers,
            count / shape - (slopes - logs),
            shape / scale * (powers - count),
            -count / shape**2 - bends,
            (powers - count + shape * slopes) / scale,
            -shape / scale**2 * (powers * (1 + shape) - count),
        ]

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Newton's method on log(shape), from the spread of the logs; the scale follows."""
        logs = sample.mapped(np.log)
        mean_log = logs.mean()
        if sample.n_rows > 4 * SKETCH_ROWS:
            shape = self.from_sample(sample.sketch())[0]
        else:
            variance = logs.mean(lambda y: np.square(y - mean_log))
            if variance == 0:
                raise DegenerateDataError("weibull: the logs of the observations are equal: the shape is unbounded.")
            shape = math.pi / math.sqrt(6 * variance)  # log x is Gumbel, of standard deviation pi / (shape sqrt 6)
        largest = logs.maximum - mean_log
        mean_power = 1.0
        for _ in range(_NEWTON_STEPS):
            power, slope, bend = logs.fold(partial(_power_sums, shape, mean_log, largest)).tolist()
            mean_power = power / sample.nobs
            slope /= power
            gap = 1.0 / shape - slope  # falls in shape: its slope below is negative
            change = gap / (1.0 / shape + shape * (bend / power - slope * slope))  # Newton in log(shape)
            shape *= math.exp(max(-2.0, min(2.0, change)))
            if abs(change) < 1e-9:  # quadratic: the step just taken left an error of its square
                break
        return shape, math.exp(mean_log + largest + math.log(mean_power) / shape)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """A power of x: rising as scale → ∞, falling as shape and scale → 0."""
        return in_window(lower, upper, lambda slope: (slope, np.inf) if slope > 0 else (0.0, 0.0), of_log=True)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Exponential where the shape is 1, Rayleigh where it is 2."""
        return (
            SpecialCase(get_family("exponential"), lambda scale: (1.0, scale), at=("shape",)),
            SpecialCase(get_family("rayleigh"), lambda sigma: (2.0, math.sqrt(2) * sigma), at=("shape",)),
        )

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The law of smallest extreme values, as the threshold goes to -∞."""
        return (Limit(get_family("smallest_extreme_value"), lambda loc, scale: (np.inf, np.inf)),)

    @property
    def chart_when_shifted(self) -> Chart:
        """Where 63 % are below, the slope there by the log of the cumulative hazard, and the root of 1/shape."""
        return chart_of_logs(
            get_family("smallest_extreme_value"),
            lambda loc, scale: (1 / scale, exp_or_inf(loc)),
            lambda shape, scale: (math.log(scale), 1 / shape),
            lambda loc, scale: ((0.0, -1 / (scale * scale)), (exp_or_inf(loc), 0.0)),
            (np.inf, np.inf),
        )

    @property
    def images(self) -> tuple[Image, ...]:
        """The gumbel law of minus the log of x."""
        return (Image(get_family("gumbel"), lambda shape, scale: (-math.log(scale), 1 / shape), MINUS_LOG),)

    def cumulative_hazard(self, x: Array, shape: Array, scale: Array) -> Array:
        """Power ``shape`` of x / scale; by logs where the ratio is beyond the doubles, though its power is not."""
        with np.errstate(over="ignore"):
            ratio = np.maximum(x, 0.0) / scale
        if bool((np.isfinite(ratio) & (ratio > 0.0)).all()):
            return np.asarray(ratio**shape)
        with np.errstate(over="ignore"):
            return np.where((ratio > 0.0) & np.isfinite(ratio), ratio**shape, np.exp(self.log_hazard(x, shape, scale)))

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        log_z = np.log(x) - np.log(scale)
        return self.tail_scores_of_log(np.exp(shape * log_z), (log_z, -shape / scale))

    def sf_expansion(self, x: Array, shape: Array, scale: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log of the survival function, with its derivatives."""
        log_z = np.log(x) - np.log(scale)
        hazard = np.exp(shape * log_z)
        by_shape, by_scale = -log_z * hazard, shape / scale * hazard
        both = (hazard - shape * by_shape) / scale
        return -hazard, (by_shape, by_scale), (log_z * by_shape, both, -(shape + 1) / scale * by_scale)

    def durations_by_log(
        self, log_x: Array, ended: Array, shape: float, log_scale: Array
    ) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-density of durations that ended, log survival of the others, by shape and the log of the scale."""
        log_z = log_x - log_scale
        log_hazard = shape * log_z
        power = np.exp(log_hazard)
        excess, bent = power - ended, log_z * power
        value = ended * (log_hazard - log_x + math.log(shape)) - power
        second = ended * (-1 / (shape * shape)) - log_z * bent, excess + shape * bent, (-shape * shape) * power
        return value, (ended * (1 / shape) - log_z * excess, shape * excess), second

    def log_hazard(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the cumulative hazard."""
        return np.asarray(shape * (log_or_minus_inf(x) - np.log(scale)))

    def at_hazard(self, hazard: Array, shape: Array, scale: Array) -> Array:
        """Find x from its cumulative hazard."""
        return np.asarray(scale * hazard ** (1 / np.asarray(shape)))

    def mean(self, shape: Array, scale: Array) -> Array:
        """Mean: scale Gamma(1 + 1/shape)."""
        return np.asarray(scale * special.gamma(1 + 1 / np.asarray(shape)))

    def var(self, shape: Array, scale: Array) -> Array:
        """Variance."""
        second = np.exp(special.gammaln(1 + 2 / np.asarray(shape)))
        return np.asarray(-np.square(scale) * second * np.expm1(-log_gamma_bend(1.0, 1 / np.asarray(shape))))

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats: gamma (1 - 1/shape) + log(scale/shape) + 1, with Euler's constant gamma."""
        return np.asarray(np.euler_gamma * (1 - 1 / np.asarray(shape)) + np.log(scale) - np.log(shape) + 1)

    def power_of(self, shape: float, scale: float) -> GammaPower:
        """A power of x is exponential."""
        return GammaPower(1.0, shape, scale)


def _power_sums(shape: float, mean_log: float, largest: float, logs: Block) -> Array:
    """Sums of exp(shape (y - largest)), of y times that and of y² times that; y = log x - mean(log x)."""
    y, weight = logs.x - mean_log, logs.weight
    power = np.exp(shape * (y - largest))
    (w_power,) = weighted(weight, power)
    slope = w_power * y
    return np.array([total(w_power), total(slope), dot(slope, y)])
