"""Student's t law with location and scale."""

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


class StudentT(Family):
    r"""Errors with outliers: a normal law whose variance is itself random; ``df`` small means heavy tails.

    .. math:: \log f(x) = \log\frac{\Gamma(\frac{\nu+1}{2})}{\Gamma(\frac{\nu}{2})\sqrt{\pi\nu}\,\sigma}
              - \frac{\nu+1}{2}\log\Bigl(1 + \frac{z^2}{\nu}\Bigr), \quad z = (x - \mu)/\sigma

    Source: Lange, Little & Taylor (1989), JASA 84, 881-896. Ties with small ``df`` make the likelihood unbounded
    (Fernández & Steel 1999, Biometrika 86, 153-167); as ``df`` grows the law tends to the normal.
    """

    name = "student_t"
    aliases = ("t",)
    support = REAL
    parameters = (
        Parameter("df", POSITIVE, typical=(1.0, 30.0)),
        Parameter("loc", REAL, typical=(-5.0, 5.0), role="location"),
        Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale"),
    )

    def logpdf(self, x: Array, df: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        z = (x - loc) / scale
        # The ratio of gamma functions through the beta function, where it does not cancel for large df.
        log_norm = -special.betaln(0.5 * df, 0.5) - 0.5 * np.log(df) - np.log(scale)
        return log_norm - 0.5 * (df + 1) * np.log1p(z * z / df)

    def score(self, x: Array, df: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by df, loc and scale."""
        z = (x - loc) / scale
        square = z * z
        weight = (df + 1) / (df + square)
        by_df = 0.5 * (
            special.psi(0.5 * (df + 1)) - special.psi(0.5 * df) - 1 / df - np.log1p(square / df) + weight * square / df
        )
        return by_df, weight * z / scale, (weight * square - 1) / scale

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """Median and half the interquartile range, for a heavy and a light tail; the second guards the first."""
        median = sample.quantile(0.5)
        half = 0.5 * (sample.quantile(0.75) - sample.quantile(0.25))
        half = half or math.sqrt(sample.var())
        return [(3.0, median, 1.3 * half), (1.0, median, half), (20.0, sample.mean(), 1.45 * half)]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law, as df grows."""
        return (Limit(get_family("normal"), lambda mu, sigma: (np.inf, mu, sigma)),)

    def to_scipy(self, df: float, loc: float, scale: float) -> Any:
        """``scipy.stats.t(df, loc, scale)``."""
        from scipy import stats

        return stats.t(df, loc, scale)

