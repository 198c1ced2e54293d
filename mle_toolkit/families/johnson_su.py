"""Johnson's unbounded law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family, Limit, Parameter, get_family
from mle_toolkit.families.domain import POSITIVE, REAL

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class JohnsonSU(Family):
    r"""A normal variable after a hyperbolic sine: any skewness, with tails heavier than normal.

    .. math:: \log f(x) = \log\delta - \log\lambda - \tfrac12\log 2\pi - \tfrac12\log(1 + z^2) - \tfrac12 y^2,
              \quad y = \gamma + \delta\,\mathrm{arsinh}\,z, \quad z = (x - \xi)/\lambda

    Source: Johnson (1949), Biometrika 36, 149-176; Johnson, Kotz & Balakrishnan (1994), Continuous Univariate
    Distributions 1, ch. 12. Here ``loc`` is ξ and ``scale`` λ. As ``delta`` grows the law tends to the normal; as
    ``gamma`` runs off and ``scale`` shrinks, to a shifted lognormal.
    """

    name = "johnson_su"
    aliases = ("johnsonsu",)
    support = REAL
    parameters = (
        Parameter("gamma", REAL, typical=(-1.5, 1.5)),
        Parameter("delta", POSITIVE, typical=(0.8, 3.0)),
        Parameter("loc", REAL, typical=(-5.0, 5.0), role="location"),
        Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale"),
    )

    def logpdf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        z = (x - loc) / scale
        y = gamma + delta * np.arcsinh(z)
        log_norm = np.log(delta) - np.log(scale) - _HALF_LOG_TWO_PI
        return np.asarray(log_norm - 0.5 * np.log1p(z * z) - 0.5 * y * y)

    def score(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by gamma, delta, loc and scale."""
        z = (x - loc) / scale
        r = np.arcsinh(z)
        y = gamma + delta * r
        square = 1 / (1 + z * z)
        by_z = -(z * square + delta * y * np.sqrt(square))
        return -y, 1 / delta - y * r, -by_z / scale, -(1 + z * by_z) / scale

    def hessian(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = (x - loc) / scale
        r = np.arcsinh(z)
        y = gamma + delta * r
        square = 1 / (1 + z * z)
        root = np.sqrt(square)
        by_z = -(z * square + delta * y * root)
        by_zz = square * (1 - 2 * square - np.square(delta) + delta * y * z * root)
        gamma_z = -delta * root
        delta_z = -(y + delta * r) * root
        both = by_z + z * by_zz
        area = np.square(scale)
        return (
            np.full_like(z, -1.0),
            -r,
            -gamma_z / scale,
            -z * gamma_z / scale,
            -1 / np.square(delta) - r * r,
            -delta_z / scale,
            -z * delta_z / scale,
            by_zz / area,
            both / area,
            (1 + z * (by_z + both)) / area,
        )

    def start(self, sample: Sample) -> list[tuple[float, float, float, float]]:
        """For several deltas and gammas, the law of the same quartiles; the best two by likelihood."""
        low, median, high = (sample.quantile(p) for p in (0.25, 0.5, 0.75))
        spread = (high - low) or 2 * math.sqrt(sample.var())
        scored = []
        quartiles = special.ndtri(np.array([0.25, 0.5, 0.75]))
        for delta in (0.7, 1.2, 2.5, 6.0):
            for lean in (-2.0, -0.7, 0.0, 0.7, 2.0):
                gamma = lean * delta
                q1, q2, q3 = np.sinh((quartiles - gamma) / delta)
                scale = spread / float(q3 - q1)
                params: tuple[Any, ...] = (gamma, delta, median - scale * float(q2), scale)
                scored.append((sample.mean(lambda x: self.logpdf(x, *params)), params))  # noqa: B023
        scored.sort(reverse=True)
        return [scored[0][1], scored[1][1]]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law, as delta and scale grow together."""
        return (Limit(get_family("normal"), lambda mu, sigma: (0.0, np.inf, mu, np.inf)),)

    def cdf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.ndtr(gamma + delta * np.arcsinh((x - loc) / scale)))

    def sf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.ndtr(-gamma - delta * np.arcsinh((x - loc) / scale)))

    def logcdf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(special.log_ndtr(gamma + delta * np.arcsinh((x - loc) / scale)))

    def logsf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(special.log_ndtr(-gamma - delta * np.arcsinh((x - loc) / scale)))

    def ppf(self, p: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Quantile."""
        return np.asarray(loc + scale * np.sinh((special.ndtri(p) - gamma) / delta))

    def isf(self, p: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(loc + scale * np.sinh((-special.ndtri(p) - gamma) / delta))

    def mean(self, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Expected value."""
        half = 0.5 / np.square(delta)
        return np.asarray(loc - scale * np.exp(half) * np.sinh(np.asarray(gamma) / delta))

    def var(self, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Variance."""
        inverse = 1 / np.square(delta)
        grown = np.exp(inverse) * np.cosh(2 * np.asarray(gamma) / delta) + 1
        return np.asarray(0.5 * np.square(scale) * np.expm1(inverse) * grown)

    def to_scipy(self, gamma: float, delta: float, loc: float, scale: float) -> Any:
        """``scipy.stats.johnsonsu(gamma, delta, loc, scale)``."""
        from scipy import stats

        return stats.johnsonsu(gamma, delta, loc, scale)
