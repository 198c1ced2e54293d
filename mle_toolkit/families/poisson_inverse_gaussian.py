"""The Poisson-inverse Gaussian law of counts with a long tail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.bessel import LARGE, degree_of_kve_half, log_kve_half, slope_of_kve_half
from mle_toolkit.families.counting import check_not_all_zero, log_poisson
from mle_toolkit.families.domain import COUNTS, POSITIVE
from mle_toolkit.families.mixed_rates import of_count
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.summed import Summed

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_ORDER = np.asarray(-0.5)
"""Order of the law as one of generalized inverse Gaussian rates."""

_OfRows = Callable[[Array, Array, Array], tuple[Array, ...]]


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
        return _both(_first_of_few, _first_of_many, x, size, mu)

    def hessian(self, x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return _both(_second_of_few, _second_of_many, x, size, mu)

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


def _both(few: _OfRows, many: _OfRows, x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
    """What ``many`` gives for rows of a large count or alpha, and ``few`` for the others."""
    size, mu, x = np.asarray(size, dtype=float), np.asarray(mu, dtype=float), np.asarray(x, dtype=float)
    with np.errstate(all="ignore"):
        large = np.hypot(x - 0.5, _alpha(size, mu)) >= LARGE
        if not large.any():
            return few(x, size, mu)
        if large.all():
            return many(x, size, mu)
        rows = np.broadcast_arrays(x, size, mu)
        of_few, of_many = few(*(v[~large] for v in rows)), many(*(v[large] for v in rows))
        found = [np.empty(large.shape) for _ in of_few]
        for column, small, other in zip(found, of_few, of_many, strict=True):
            column[~large], column[large] = small, other
        return tuple(found)


def _first_of_few(x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
    """Scores where the Bessel function is a polynomial of few terms."""
    alpha = _alpha(size, mu)
    slope = slope_of_kve_half(np.maximum(x - 1, 0.0), alpha) / np.square(alpha)
    by_size = x * (mu / np.square(alpha)) - mu * (mu / (alpha * (alpha + size + mu))) + slope * (size + mu)
    return by_size, x * ((size + mu) / (mu * (size + 2 * mu))) - size / alpha + slope * size


def _second_of_few(x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
    """Second derivatives there, by mean and variance of the degree of the terms of that polynomial."""
    alpha, far, middle = _alpha(size, mu), size + 2 * mu, size + mu
    degree, spread = degree_of_kve_half(np.maximum(x - 1, 0.0), alpha)
    share, part = mu / far, middle / far
    of_size = spread * part * part + degree * (share * share + part * part) - 2 * x * share * part
    return (
        (mu / alpha) * (mu / alpha) / alpha + of_size / size / size,
        (x + degree) / far / far + part * spread / size / far - share / alpha,
        (size / far) / alpha - x / mu / mu + (2 * x + spread + 2 * degree) / far / far,
    )


def _first_of_many(x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
    """Scores by Debye's expansion."""
    at = of_count(x, _ORDER, mu, size)
    return at.by_size, at.by_rate


def _second_of_many(x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
    """Second derivatives by Debye's expansion."""
    at = of_count(x, _ORDER, mu, size)
    return at.by_size_twice, at.by_rate_size, at.by_rate_twice
