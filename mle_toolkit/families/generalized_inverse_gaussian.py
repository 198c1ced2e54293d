"""The generalized inverse Gaussian law, which ends the generalized hyperbolic ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.bessel_k import log_k, log_k_alone, range_of_log_k, rest_of_log_k
from mle_toolkit.families.climbing import climb
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.inverse_gaussian import InverseGaussian
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import inverse_log_minus_digamma, log1mexp
from mle_toolkit.families.standardised import LogScale

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_LARGEST = 100.0
"""Size of lam beyond which the law is not told from its limits."""

_FOLDS = 45.0
"""Fall of the log of the density, nats, beyond which nothing is left."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_WIDEST, _LEAST_PANELS = 2.0, 6
"""Width of a panel of so many nodes, of the log of x, and how many there are at the least."""

_NEAR_LIMIT = 1e-9
"""Value of gamma that stands for 0 where the maximum is a limit."""

_NARROW = 5e-3
"""Mean of cosh(log x) - 1 below which lam is not told from that of the inverse Gaussian law, but by many rows."""

_LOG_TWO = math.log(2)


class GeneralizedInverseGaussian(LogScale):
    r"""Times and variances: the law of which gamma, inverse gamma and inverse Gaussian laws are ends or cases.

    .. math:: \log f(x) = (\lambda - 1)\log\frac{x}{s} - \log s - \tfrac12 \gamma \Big(\frac{x}{s} + \frac{s}{x}\Big)
        - \log 2 - \log K_\lambda(\gamma)

    Source: Jørgensen (1982), Statistical Properties of the Generalized Inverse Gaussian Distribution. The inverse
    Gaussian law for lam = -1/2; as gamma → 0 the gamma law of shape lam, or the inverse gamma one of shape -lam.
    """

    support = POSITIVE
    dear_tails = True
    parameters = (
        Parameter("gamma", POSITIVE, typical=(0.5, 5.0)),
        Parameter("lam", Interval(-_LARGEST, _LARGEST), typical=(-1.5, 1.5), natural=REAL),
        SCALE,
    )

    def __init__(self) -> None:
        super().__init__()
        self.name = "generalized inverse Gaussian"

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z = log(x / scale)."""
        gamma, lam = shapes
        half = np.sinh(0.5 * np.asarray(z))
        return np.asarray(lam * z - 2 * gamma * half * half - _LOG_TWO - log_k_alone(lam, gamma))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by z, gamma and lam."""
        gamma, lam = shapes
        half, at = np.sinh(0.5 * z), log_k(lam, gamma)
        return lam - gamma * np.sinh(z), _fall(gamma, lam, at) - 2 * half * half, z - at.by_order

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        gamma, lam = shapes
        at, nothing = log_k(lam, gamma), np.zeros_like(z)
        by_gamma = -at.spread / np.square(gamma), at.mixed / gamma
        return -gamma * np.cosh(z), -np.sinh(z), nothing + 1, *(nothing + v for v in (*by_gamma, -at.by_order_twice))

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails, by Gauss's rule on panels; the larger is the rest."""
        z, gamma, lam = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        flat = [v.ravel() for v in (z, gamma, lam)]
        below = self._beyond(*flat)[0]
        above = self._beyond(-flat[0], flat[1], -flat[2])[0]
        with np.errstate(divide="ignore"):
            either = np.where(above < below, log1mexp(above), below), np.where(below < above, log1mexp(below), above)
        return either[0].reshape(z.shape), either[1].reshape(z.shape)

    def _beyond(self, z: Array, gamma: Array, lam: Array) -> tuple[Array, Array, Array]:
        """Log of the probability below z, and over what is there the means of cosh - 1 and of the log of x over scale.

        Of that log the law falls from its mode to either side.
        """
        low, high = range_of_log_k(lam, gamma)
        mode, stop = np.arcsinh(lam / gamma), np.minimum(z, high)
        # Its log is concave: below z it falls faster than by its slope there, and by twice as much twice as far away.
        slope = np.maximum(lam - gamma * np.sinh(np.minimum(z, mode)), 0.0)
        with np.errstate(divide="ignore"):
            near = z - _FOLDS / slope
        start = np.where(z < low, near, np.where(z < mode, np.maximum(near, low - (mode - low)), low))
        width = stop - start
        widest = float(np.max(width, initial=0.0, where=np.isfinite(width)))  # of what is no number, no more than that
        count = max(_LEAST_PANELS, math.ceil(widest / _WIDEST))
        edges = start[:, None] + width[:, None] * np.linspace(0.0, 1.0, count + 1)
        half = 0.5 * np.diff(edges)[..., None]
        at = (0.5 * (edges[:, 1:] + edges[:, :-1]))[..., None] + half * _NODES
        with np.errstate(over="ignore"):  # far out nothing is left
            logs = self.reduced(at, gamma[:, None, None], lam[:, None, None])
        top = np.max(logs, axis=(1, 2))
        weight = half * _WEIGHTS * np.exp(logs - top[:, None, None])
        total = np.sum(weight, axis=(1, 2))
        with np.errstate(all="ignore"):  # where nothing is left there are no means
            grown = np.where(weight > 0, 2 * np.square(np.sinh(0.5 * at)), 0.0)
            means = (np.sum(weight * v, axis=(1, 2)) / total for v in (grown, at))
            return np.asarray(np.minimum(top + np.log(total), 0.0)), *means

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of both logs by the shapes: over the smaller tail, means of those of the log-density."""
        z, gamma, lam = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        at = log_k(lam, gamma)
        fall = _fall(gamma, lam, at)
        flat = [v.ravel() for v in (z, gamma, lam)]
        below, above = self._beyond(*flat), self._beyond(-flat[0], flat[1], -flat[2])
        (log_f, grown, mean), (log_s, grown_above, turned) = (
            tuple(v.reshape(z.shape) for v in tail) for tail in (below, above)
        )
        left = log_f < log_s
        own = np.where(left, fall - grown, fall - grown_above), np.where(left, mean, -turned) - at.by_order
        with np.errstate(all="ignore"):
            log_p = np.where(left, log_f, log_s)
            odds = np.exp(log_p - log1mexp(log_p))
        rest = tuple(-odds * slope for slope in own)
        return (
            tuple(np.where(left, a, b) for a, b in zip(own, rest, strict=True)),
            tuple(np.where(left, b, a) for a, b in zip(own, rest, strict=True)),
        )

    def from_sample(self, sample: Sample) -> tuple[float, ...]:
        """The maximum by Newton's method from the means of x, 1/x and log x, in units of the geometric mean.

        The likelihood is concave in lam, gamma scale and gamma / scale. So the maximum is the gamma law where that has
        an expected 1/x no greater than the mean of the data, and the inverse gamma one by x: then it is the law beside.
        Where all x are nearly equal it is the inverse Gaussian law.
        """
        unit = math.exp(sample.mean(np.log))
        mean, inverse = sample.mean(lambda x: x / unit), sample.mean(lambda x: unit / x)
        for sign, own, other in ((1.0, mean, inverse), (-1.0, inverse, mean)):
            shape = inverse_log_minus_digamma(math.log(own)) if own > 1 else math.inf
            if 1 < shape < _LARGEST and shape <= other * own * (shape - 1):
                law_scale = (0.5 * _NEAR_LIMIT * own / shape) ** sign
                return _NEAR_LIMIT, sign * shape, unit * law_scale
        spread = 0.5 * (mean + inverse) - 1
        if spread < _NARROW:
            mu, shape = InverseGaussian().from_means((mean, inverse))
            return shape / mu, -0.5, unit * mu

        def totals(_: Sample, gamma: float, lam: float, scale: float) -> Array:
            t, up, down = -math.log(scale), mean / scale, inverse * scale
            at = log_k(np.asarray(lam), np.asarray(gamma))
            cosh, sinh = 0.5 * (up + down), 0.5 * (up - down)
            slope = lam - gamma * sinh
            return sample.nobs * np.array(
                [
                    lam * t - gamma * (cosh - 1) - _LOG_TWO - float(at.log),
                    float(_fall(gamma, lam, at)) - (cosh - 1),
                    t - float(at.by_order),
                    -slope / scale,
                    -float(at.spread) / gamma**2,
                    float(at.mixed) / gamma,
                    sinh / scale,
                    -float(at.by_order_twice),
                    -1 / scale,
                    (slope - gamma * cosh) / scale**2,
                ]
            )

        def to_params(v: Array) -> tuple[float, ...]:
            return math.exp(v[0]), math.sinh(v[1]), math.exp(v[2])

        def is_over(v: Array) -> bool:
            return not (math.exp(v[0]) > _NEAR_LIMIT and abs(math.sinh(v[1])) < _LARGEST)

        start = np.array([-math.log(2 * spread), 0.0, 0.5 * math.log(mean / inverse)])
        gamma, lam, scale = to_params(climb(sample, totals, to_params, start, is_over)[1])
        return gamma, min(max(lam, -_LARGEST), _LARGEST), unit * scale

    @property
    def limits(self) -> tuple[Limit, ...]:
        """As gamma → 0 the gamma law, and the inverse gamma one."""
        return (
            Limit(get_family("gamma"), lambda shape, scale: (0.0, shape, 0.0)),
            Limit(get_family("inverse_gamma"), lambda shape, scale: (0.0, -shape, np.inf)),
        )

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The normal law, as the threshold goes to -∞."""
        return (Limit(get_family("normal"), lambda mu, sigma: (np.inf, -0.5, np.inf)),)


def _fall(gamma: Any, lam: Any, at: Any) -> Array:
    """Minus the derivative by gamma of log K and gamma: its terms cancel for a large gamma, or have a pole at 0."""
    size = np.abs(lam)
    rest = rest_of_log_k(lam, gamma, at)[0]
    far = (np.square(lam) / (at.size + gamma) + at.excess) / gamma
    return np.asarray(np.where(np.asarray(gamma) > size, far, (size - rest) / gamma - 1))
