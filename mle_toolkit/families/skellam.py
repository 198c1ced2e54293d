"""Skellam's law of differences of two counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.bessel import lag_of_slope, log_debye, log_ive
from mle_toolkit.families.domain import INTEGERS, POSITIVE
from mle_toolkit.families.excess import log_excess
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.summed import Summed

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class Skellam(Summed):
    r"""Difference of two independent Poisson counts with means ``mu1`` and ``mu2``: goals, arrivals less departures.

    .. math:: \log f(x) = -(\sqrt{\mu_1} - \sqrt{\mu_2})^2 + \frac{x}{2}\log\frac{\mu_1}{\mu_2}
        + \log\left(e^{-z} I_{|x|}(z)\right), \quad z = 2\sqrt{\mu_1 \mu_2}

    Source: Skellam (1946), JRSS 109, 296; Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 4.12. At
    the maximum mu1 - mu2 is the mean (Alzaid & Omair 2010, Bulletin of the Malaysian Mathematical Sciences Society 33,
    17-45). Where no difference is negative, and they vary no more than Poisson counts, it is the Poisson law, mu2 = 0.
    """

    name = "skellam"
    aliases = ("poisson_difference",)
    support = INTEGERS
    parameters = (
        Parameter("mu1", POSITIVE, typical=(0.3, 20.0)),
        Parameter("mu2", POSITIVE, typical=(0.3, 20.0)),
    )
    modelled = "mu1"
    rates = ("mu1", "mu2")

    def logpdf(self, x: Array, mu1: Array, mu2: Array) -> Array:
        """Log-probability of x."""
        first, second = np.sqrt(np.asarray(mu1, dtype=float)), np.sqrt(np.asarray(mu2, dtype=float))
        with np.errstate(all="ignore"):
            tilt = x * (np.log(first) - np.log(second))
            near = tilt - np.square(first - second) + log_ive(np.abs(x), 2 * first * second)
            far = _by_counts(np.asarray(x, dtype=float), mu1, mu2) + log_debye(np.abs(x), 2 * first * second)
        return np.asarray(np.where(np.isnan(far), near, far))

    def score(self, x: Array, mu1: Array, mu2: Array) -> tuple[Array, ...]:
        """Derivatives by mu1 and mu2."""
        x = np.asarray(x, dtype=float)
        first, second, lag, _ = _expected_counts(x, mu1, mu2)
        return (first - 0.5 * lag) / mu1, (second - 0.5 * lag) / mu2

    def hessian(self, x: Array, mu1: Array, mu2: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row.

        With A the derivative of the log of I by log z, that of A is z² + x² - A², by Bessel's equation.
        """
        x = np.asarray(x, dtype=float)
        first, second, lag, root = _expected_counts(x, mu1, mu2)
        bend = 0.25 * lag * (2 * root - lag)
        own = [(bend - (away + mean - 0.5 * lag)) / np.square(mean) for away, mean in ((first, mu1), (second, mu2))]
        return own[0], bend / mu1 / mu2, own[1]

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """From the moments."""
        mean, var = sample.mean(), sample.var()
        least = 0.05 * max(var, abs(mean), 0.2)
        return [(max(0.5 * (var + mean), least), max(0.5 * (var - mean), least))]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Poisson law, as mu2 goes to 0."""
        return (Limit(get_family("poisson"), lambda mu: (mu, 0.0)),)

    def around(self, mu1: Array, mu2: Array) -> Array:
        """The mean."""
        return np.asarray(np.asarray(mu1) - mu2)

    def mean(self, mu1: Array, mu2: Array) -> Array:
        """Expected value."""
        return self.around(mu1, mu2)

    def var(self, mu1: Array, mu2: Array) -> Array:
        """Variance."""
        return np.asarray(np.asarray(mu1) + mu2)

    def rvs(self, mu1: Any, mu2: Any, *, size: Any, rng: Any) -> Array:
        """Differences of Poisson counts."""
        return np.asarray(rng.poisson(mu1, size) - rng.poisson(mu2, size), dtype=float)

    def to_scipy(self, mu1: float, mu2: float) -> Any:
        """``scipy.stats.skellam(mu1, mu2)``."""
        from scipy import stats

        return stats.skellam(mu1, mu2)


def _expected_counts(x: Array, mu1: Array, mu2: Array) -> tuple[Array, Array, Array, Array]:
    """How far both counts, of which x most likely is the difference, are above their means.

    Third how far the derivative of the log of the Bessel function by that of its argument is below the sum of both
    counts, and fourth that sum.
    """
    z = 2 * np.sqrt(mu1) * np.sqrt(mu2)
    root = np.hypot(x, z)
    gap = x - np.subtract(mu1, mu2)
    more = gap * (x + np.subtract(mu1, mu2)) / (root + np.add(mu1, mu2))  # of both counts together
    return 0.5 * (more + gap), 0.5 * (more - gap), lag_of_slope(np.abs(x), z), root


def _by_counts(x: Array, mu1: Array, mu2: Array) -> Array:
    """Minus the excesses of both counts of which x most likely is the difference, over their means.

    The leading terms of the log of the Bessel function, the tilt and the norm: together they do not cancel.
    """
    size = np.abs(x)
    first, second, _, root = _expected_counts(x, mu1, mu2)
    large = 0.5 * (root + size)
    small = mu1 / large * mu2
    fall = np.zeros_like(large)
    for away, is_large in ((first, x > 0), (second, x < 0)):
        count = np.where(is_large, large, small)
        fall = fall - count * log_excess(-away / count)
    return np.asarray(fall)
