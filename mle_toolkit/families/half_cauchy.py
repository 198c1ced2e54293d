"""The half-Cauchy law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import NON_NEGATIVE
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import LOG
from mle_toolkit.families.parameters import SCALE
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image
from mle_toolkit.families.special import log_or_minus_inf, means_of
from mle_toolkit.numerics.newton import ascend

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_LOG_TWO_OVER_PI = math.log(2 / math.pi)
_REACH = 750.0
"""How far, in logs, the scale may be from the median: as far as doubles go."""


class HalfCauchy(Family):
    r"""Size of a Cauchy error around 0: dispersal distances, scales; its median is ``scale``, it has no mean.

    .. math:: \log f(x) = \log\frac{2}{\pi s} - \log\bigl(1 + (x/s)^2\bigr)

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 16; Gelman (2006), Bayesian
    Analysis 1, 515-534. Route to the maximum: the likelihood is concave in log(scale), with slope
    sum tanh(log(x/s)). It has no maximum where half of the observations or more are 0.
    """

    name = "half_cauchy"
    aliases = ("halfcauchy",)
    one_maximum = True
    support = NON_NEGATIVE
    parameters = (SCALE,)
    in_scipy = InScipy("halfcauchy", scale="scale")

    def logpdf(self, x: Array, scale: Array) -> Array:
        """Log-density at x."""
        return np.asarray(_LOG_TWO_OVER_PI - np.log(scale) - 2 * np.log(np.hypot(1, x / scale)))

    def score(self, x: Array, scale: Array) -> tuple[Array, ...]:
        """Derivative by scale."""
        return (np.tanh(log_or_minus_inf(x) - np.log(scale)) / scale,)

    def hessian(self, x: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivative."""
        pull = np.tanh(log_or_minus_inf(x) - np.log(scale))
        return ((np.square(pull) - pull - 1) / np.square(scale),)

    def check(self, sample: Sample) -> None:
        """Raise if half of the observations or more are 0."""
        if sample.minimum > 0 or not sample.is_exact:
            return
        zeros = sample.mean(lambda x: (x == 0).astype(float))
        if 2 * zeros >= 1:
            raise UnboundedLikelihoodError(
                f"half_cauchy: {zeros * sample.nobs:g} of {sample.nobs:g} observations are 0, half or more, and the "
                f"likelihood is unbounded as scale → 0. Are they rounded? Fit Sample.rounded(x, step), or "
                f"hurdle('half_cauchy')."
            )

    def start(self, sample: Sample) -> tuple[float]:
        """The median, or where that is 0 the largest observation."""
        return (sample.quantile(0.5) or sample.maximum,)

    def from_sample(self, sample: Sample) -> tuple[float]:
        """Root of the score in log(scale)."""

        def slope_and_bend(u: float) -> tuple[float, float]:
            pull, square = means_of(sample, lambda x: _pull_and_square(x, u)).tolist()
            return pull, square - 1

        middle = math.log(self.start(sample)[0])
        return (math.exp(ascend(slope_and_bend, middle, middle - _REACH, middle + _REACH)),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The hyperbolic secant law of log x."""
        return (Image(get_family("hyperbolic_secant"), lambda scale: (np.log(scale), 1.0), LOG),)

    def cdf(self, x: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(2 / math.pi * np.arctan(np.maximum(x, 0.0) / scale))

    def sf(self, x: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(2 / math.pi * np.arctan2(scale, np.maximum(x, 0.0)))

    def logcdf(self, x: Array, scale: Array) -> Array:
        """Log of the cdf, from the smaller of the two tails."""
        below = self.cdf(x, scale)
        with np.errstate(divide="ignore"):
            return np.where(below < 0.5, np.log(below), np.log1p(-self.sf(x, scale)))

    def logsf(self, x: Array, scale: Array) -> Array:
        """Log of the survival function."""
        below, above = self.cdf(x, scale), self.sf(x, scale)
        with np.errstate(divide="ignore"):
            return np.where(below < 0.5, np.log1p(-below), np.log(above))

    def tail_scores(self, x: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        t = log_or_minus_inf(x) - np.log(scale)
        height = 1 / (math.pi * np.cosh(t)) / scale  # x f(x) / scale
        return (-height / self.cdf(x, scale),), (height / self.sf(x, scale),)

    def ppf(self, p: Array, scale: Array) -> Array:
        """Quantile."""
        return _at(np.asarray(p, dtype=float), scale, above=False)

    def isf(self, p: Array, scale: Array) -> Array:
        """Upper quantile."""
        return _at(np.asarray(p, dtype=float), scale, above=True)

    def mean(self, scale: Array) -> Array:
        """Infinite."""
        return np.full(np.shape(scale), np.inf)

    def var(self, scale: Array) -> Array:
        """Infinite."""
        return np.full(np.shape(scale), np.inf)

    def entropy(self, scale: Array) -> Array:
        """Entropy, nats: log(2 π scale)."""
        return np.asarray(np.log(2 * math.pi * np.asarray(scale)))


def _pull_and_square(x: Array, u: float) -> tuple[Array, Array]:
    pull = np.tanh(log_or_minus_inf(x) - u)
    return pull, np.square(pull)


def _at(p: Array, scale: Array, *, above: bool) -> Array:
    """Quantile, by the tangent of the smaller angle; NaN outside [0, 1]."""
    p = np.where((p >= 0) & (p <= 1), p, np.nan)
    with np.errstate(divide="ignore"):
        tangent = np.tan(0.5 * math.pi * np.minimum(p, 1 - p))
        return np.asarray(scale * np.where((p <= 0.5) == above, 1 / tangent, tangent))
