"""The Gompertz law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.climbing import profile_maximum
from mle_toolkit.families.domain import NON_NEGATIVE, POSITIVE
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import exp_times_exp1, means_of

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_LOWEST, _STEP = -18.0, 1.0
"""Start and step of log(1/scale) for data of median 1, from the exponential law to eight digits."""

_LARGEST_AGE = 600.0
"""Largest x/scale: beyond it the shape, about exp(-x/scale), leaves double precision."""

_LEAST = 1e-100
"""Shape below which the law is that of smallest extremes to the last digit: so much of that is below 0."""


class Gompertz(HazardFamily):
    r"""Lifetime whose hazard ``shape / scale`` at birth grows by a factor e in every ``scale``.

    .. math:: \log f(x) = \log(c/s) + z + c - c e^z, \quad z = x/s

    Source: Gompertz (1825), Phil. Trans. R. Soc. 115, 513-583; Garg, Rao & Redmond (1970), Appl. Statist. 19, 152-159.
    Route to the maximum: given the scale the shape is 1 / mean(exp(x/s) - 1), which leaves one dimension. As shape and
    scale grow together the law tends to the exponential, which is the maximum where the profile has no root.
    """

    name = "gompertz"
    by_number = ("mean", "entropy")
    support = NON_NEGATIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.05, 1.5)), SCALE)
    in_scipy = InScipy("gompertz", "shape", scale="scale")

    def logpdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log-density at x."""
        z = x / scale
        return np.asarray(np.log(shape) - np.log(scale) + z - shape * np.expm1(z))

    def score(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        z = x / scale
        growth = np.expm1(z)
        return 1 / shape - growth, (shape * z * (growth + 1) - z - 1) / scale

    def hessian(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        z = x / scale
        pull = z * np.exp(z)
        by_scale = (1 + 2 * z - shape * pull * (2 + z)) / scale**2
        return np.broadcast_to(-1 / np.square(shape), np.shape(x)), pull / scale, by_scale

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Highest point of the profile likelihood in log(1/scale); its lower end if the exponential law is better."""
        highest = math.log(_LARGEST_AGE / sample.maximum)
        u = profile_maximum(sample, _profile_values, _profile_slopes, min(_LOWEST, highest - 1), highest, _STEP)
        return 1.0 / float(means_of(sample, lambda x: (np.expm1(math.exp(u) * x),))[0]), math.exp(-u)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The exponential law, as shape and scale grow together; that of smallest extremes, as the shape goes to 0."""
        return (
            Limit(get_family("exponential"), lambda scale: (np.inf, np.inf)),
            Limit(get_family("smallest_extreme_value"), lambda loc, scale: (0.0, scale)),
        )

    def limits_near(self, sample: Sample, shape: float, scale: float) -> tuple[Limit, ...]:
        """That of smallest extremes only where nothing of it is below 0: its location is scale * log(1/shape)."""
        exponential, smallest = self.limits
        return (smallest,) if shape < _LEAST else (exponential,)

    def cumulative_hazard(self, x: Array, shape: Array, scale: Array) -> Array:
        """Shape times (exp(x/scale) - 1)."""
        with np.errstate(over="ignore"):  # an infinite hazard is right there
            return np.asarray(shape * np.expm1(np.maximum(x, 0.0) / scale))

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        z = x / scale
        with np.errstate(over="ignore"):
            return self.tail_scores_of(
                self.cumulative_hazard(x, shape, scale), (np.expm1(z), -shape * z * np.exp(z) / scale)
            )

    def at_hazard(self, hazard: Array, shape: Array, scale: Array) -> Array:
        """Find x from its cumulative hazard."""
        return np.asarray(scale * np.log1p(hazard / shape))

    def mean(self, shape: Any, scale: Any) -> Any:
        """Mean: scale exp(shape) E1(shape)."""
        return scale * exp_times_exp1(shape)

    def entropy(self, shape: Any, scale: Any) -> Any:
        """Entropy, nats: 1 + log(scale/shape) - exp(shape) E1(shape)."""
        return 1.0 + math.log(scale) - math.log(shape) - exp_times_exp1(shape)


def _profile_values(sample: Sample, grid: Array) -> Array:
    """`_profile` at several points."""
    return np.array([_profile(sample, u) for u in grid.tolist()])


def _profile(sample: Sample, u: float) -> float:
    """Mean log-likelihood at 1/scale = exp(u) and the best shape for it, nats."""
    rate = math.exp(u)
    growth, mean = means_of(sample, lambda x: (np.expm1(rate * x), x)).tolist()
    return float(u - math.log(growth) + rate * mean - 1)


def _profile_slopes(sample: Sample, u: float) -> tuple[float, float]:
    """First and second derivative of `_profile` by u."""

    def functions(x: Array) -> tuple[Array, ...]:
        z = math.exp(u) * x
        growth = np.expm1(z)
        pull = z * (growth + 1)
        return z, growth, pull, z * pull

    z, growth, pull, bend = means_of(sample, functions).tolist()
    return 1 - pull / growth + z, z - (pull + bend) / growth + (pull / growth) ** 2
