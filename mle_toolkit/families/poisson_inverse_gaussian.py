"""The Poisson-inverse Gaussian law of counts with a long tail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.bessel import log_kve_half, slope_of_kve_half
from mle_toolkit.families.counting import check_not_all_zero, log_poisson
from mle_toolkit.families.domain import COUNTS, POSITIVE
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.summed import Summed

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class PoissonInverseGaussian(Summed):
    r"""Counts whose rate is inverse Gaussian, with mean ``mu`` and variance mu²/size: claims of insured people.

    .. math:: \log f(x) = s - \alpha + x \log\frac{\mu s}{\alpha} - \log x! + \log S_{x-1}(\alpha), \quad
        \alpha = \sqrt{s^2 + 2 \mu s}, \quad S_n(\alpha) = \sqrt{2\alpha/\pi}\; e^\alpha K_{n + 1/2}(\alpha)

    with s the ``size``. Mean and variance are those of ``negbin`` of the same size, the tail is longer. Sources:
    Willmot (1987), Scandinavian Actuarial Journal 1987, 113-127; Klugman, Panjer & Willmot (2012), Loss Models, ch. 7.
    Other parameters: gamlss has sigma = 1/size; Klugman, Panjer & Willmot have beta = mu/size. It tends to the Poisson
    law as the size grows, which is the maximum where counts vary less.
    """

    name = "poisson_inverse_gaussian"
    aliases = ("pig", "poisson_inverse_gauss", "inverse_gaussian_poisson")
    support = COUNTS
    parameters = (
        Parameter("size", POSITIVE, typical=(0.3, 20.0)),
        Parameter("mu", POSITIVE, typical=(0.2, 15.0)),
    )
    modelled = "mu"
    rates = ("mu",)

    def logpdf(self, x: Array, size: Array, mu: Array) -> Array:
        """Log-probability of x: a Poisson one, and what the mixing adds."""
        size, mu = np.asarray(size, dtype=float), np.asarray(mu, dtype=float)
        with np.errstate(all="ignore"):
            alpha = _alpha(size, mu)
            rate = mu * (size / alpha)
            # size - alpha + rate, whose parts are large where it is nearly 0
            gain = mu * (size / alpha - 2 * size / (size + alpha))
            return log_poisson(x, rate) + gain + log_kve_half(np.maximum(np.asarray(x) - 1, 0.0), alpha)

    def score(self, x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
        """Derivatives by size and mu, which near the Poisson law have no large parts that cancel."""
        size, mu, x = np.asarray(size, dtype=float), np.asarray(mu, dtype=float), np.asarray(x, dtype=float)
        with np.errstate(all="ignore"):
            alpha = _alpha(size, mu)
            slope = slope_of_kve_half(np.maximum(x - 1, 0.0), alpha) / np.square(alpha)
            by_size = x * (mu / np.square(alpha)) - mu * (mu / (alpha * (alpha + size + mu))) + slope * (size + mu)
            by_mu = x * ((size + mu) / (mu * (size + 2 * mu))) - size / alpha + slope * size
        return by_size, by_mu

    def check(self, sample: Sample) -> None:
        """Raise if all counts are 0."""
        check_not_all_zero(self.name, sample, "size")

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """Mean, and the size from the variance."""
        mean = sample.mean() or 1.0
        excess = sample.var() - mean
        return [(mean * mean / excess if excess > 0.01 * mean else 100.0 * mean, mean)]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Poisson law, as the size grows."""
        return (Limit(get_family("poisson"), lambda mu: (np.inf, mu)),)

    def around(self, size: Array, mu: Array) -> Array:
        """The mean."""
        return np.asarray(mu + 0.0 * np.asarray(size))

    def mean(self, size: Array, mu: Array) -> Array:
        """Expected value."""
        return self.around(size, mu)

    def var(self, size: Array, mu: Array) -> Array:
        """Variance."""
        return np.asarray(mu * (1 + np.asarray(mu) / size))

    def rvs(self, of_rates: Any, mu: Any, /, *, size: Any, rng: Any) -> Array:
        """Poisson counts of inverse Gaussian rates."""
        return np.asarray(rng.poisson(rng.wald(mu, mu * of_rates, size)), dtype=float)


def _alpha(size: Array, mu: Array) -> Array:
    return np.sqrt(size) * np.sqrt(size + 2 * mu)
