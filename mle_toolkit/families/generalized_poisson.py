"""Consul and Jain's generalized Poisson law."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.counting import check_not_all_zero, log_poisson
from mle_toolkit.families.domain import COUNTS, POSITIVE, Interval
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.summed import Summed

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_BEYOND = 12.0
"""Standard deviations of a Poisson law of the same theta above its mean, and 60 counts more, beyond which nothing is
left of an underdispersed law: its probabilities then add up to one, wherever it ends."""

_SMOOTH, _AWAY = 4.0, 20.0
"""Standard deviation from which the probabilities of a law that ends so many of them above its mean add up to one: its
steps are then so fine that sum and integral are one double (Poisson's summation formula, 2 exp(-2 pi² 4²) = 1e-137)."""


class GeneralizedPoisson(Summed):
    r"""Counts of which each brings on others: ``lam`` more on average, or fewer where it is negative.

    .. math:: \log f(x) = \log\theta + (x - 1)\log(\theta + \lambda x) - \theta - \lambda x - \log x!
        - \log N(\theta, \lambda)

    The mean is theta / (1 - lam) and the variance theta / (1 - lam)³ for ``lam`` >= 0, where N = 1; with ``lam`` = 0
    it is the Poisson law. A negative ``lam``, above -theta, makes counts less variable than Poisson ones: the law then
    ends at the largest x with theta + lam x > 0, and N is the sum of its probabilities, which without it is not quite
    one (Nelson 1975; published fits of underdispersed counts leave N out, and differ by log N per observation).
    Sources: Consul & Jain (1973), Technometrics 15, 791-799; Consul (1989), Generalized Poisson Distributions. Route to
    the maximum where the variance exceeds the mean: theta = (1 - lam) mean, and lam one root on the table of counts
    (Consul & Shoukri 1984, Communications in Statistics B 13, 1533-1547); else a search.
    """

    name = "generalized_poisson"
    aliases = ("gpoisson", "genpois", "consul", "lagrangian_poisson")
    support = COUNTS
    parameters = (
        Parameter("theta", POSITIVE, typical=(0.3, 12.0)),
        Parameter("lam", Interval(-np.inf, 1.0), typical=(-0.25, 0.7)),
    )
    modelled = "theta"
    rates = ("theta",)
    by_number = ("mean", "var", "rvs")

    def logpdf(self, x: Array, theta: Array, lam: Array) -> Array:
        """Log-probability of x; -inf beyond the end of the law, NaN for a lam that is no law."""
        with np.errstate(all="ignore"):
            value = self._without_norm(x, theta, lam)
            return np.where(np.asarray(lam) < 0, value - _log_norm(theta, lam)[0], value)

    def _without_norm(self, x: Array, theta: Array, lam: Array) -> Array:
        """By the Poisson law of mean theta + lam x."""
        theta, lam = np.asarray(theta, dtype=float), np.asarray(lam, dtype=float)
        z = theta + lam * x
        value = np.where(x == 0, -theta, np.log(theta / z) + log_poisson(x, z))
        return np.where(lam <= -theta, np.nan, np.where(z > 0, value, -np.inf))

    def score(self, x: Array, theta: Array, lam: Array) -> tuple[Array, ...]:
        """Derivatives by theta and lam."""
        with np.errstate(all="ignore"):
            scores = _scores(x, theta, lam)
            return tuple(s - n for s, n in zip(scores, _log_norm(theta, lam)[1:3], strict=True))

    def hessian(self, x: Array, theta: Array, lam: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        with np.errstate(all="ignore"):
            seconds = _seconds(x, theta, lam)
            return tuple(s - n for s, n in zip(seconds, _log_norm(theta, lam)[3:], strict=True))

    def check(self, sample: Sample) -> None:
        """Raise if all counts are equal."""
        check_not_all_zero(self.name, sample, "lam")
        if sample.minimum == sample.maximum > 1:
            raise DegenerateDataError(
                f"generalized_poisson: all {sample.nobs:g} counts are {sample.minimum:g}, so the likelihood rises to 1 "
                f"as lam runs to -∞."
            )

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """From the moments; where the variance exceeds the mean the root of the profile score."""
        mean, var = sample.mean() or 0.5, sample.var()
        if var > mean:
            lam = _root(sample, mean)
            return [((1 - lam) * mean, lam)]
        root = math.sqrt(mean / max(var, 0.02 * mean))
        starts = [(mean * root, 1 - root), (mean, 0.0)]
        # Every count must be possible, with a count to spare.
        lowest = [-theta / (sample.maximum + 1) for theta, _ in starts]
        return [(theta, max(lam, low)) for (theta, lam), low in zip(starts, lowest, strict=True)]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Bernoulli law, as lam comes down to -theta."""

        def embed(p: float) -> tuple[float, float]:
            with np.errstate(divide="ignore"):
                theta = float(special.lambertw(np.divide(p, 1 - p)).real)  # the odds are theta exp(theta)
            return theta, -theta

        return (Limit(get_family("bernoulli"), embed),)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """The Poisson law."""
        return (SpecialCase(get_family("poisson"), lambda mu: (mu, 0.0), at=("lam",)),)

    def last(self, theta: Array, lam: Array) -> Array:
        """The last x with theta + lam x > 0."""
        return _last(theta, lam)

    def lives_on(self, theta: float, lam: float) -> tuple[float, float]:
        """From 0 to the last x with theta + lam x > 0."""
        return 0.0, float(_last(np.asarray(theta), np.asarray(lam)))

    def around(self, theta: Array, lam: Array) -> Array:
        """The mean, of a negative lam nearly."""
        return np.asarray(theta / (1 - lam))

    def mean(self, theta: Array, lam: Array) -> Array:
        """Expected value."""
        return np.asarray(theta / (1 - lam) if lam >= 0 else self._moment(theta, lam, lambda x: x))

    def var(self, theta: Array, lam: Array) -> Array:
        """Variance."""
        if lam >= 0:
            return np.asarray(theta / (1 - lam) ** 3)
        mean = self.mean(theta, lam)
        return self._moment(theta, lam, lambda x: np.square(x - mean))

    def _table(self, theta: Array, lam: Array) -> tuple[Array, Array]:
        """Counts of an underdispersed law, and their probabilities."""
        x = np.arange(_most(theta, lam) + 1.0)
        return x, np.exp(self.logpdf(x, theta, lam))

    def _moment(self, theta: Array, lam: Array, of: Callable[[Array], Array]) -> Array:
        x, p = self._table(theta, lam)
        return np.asarray(np.sum(of(x) * p))

    def rvs(self, theta: Array, lam: Array, *, size: Any, rng: Any) -> Array:
        """Generations of a branching process; of an underdispersed law by its table."""
        if lam < 0:
            x, p = self._table(theta, lam)
            return np.asarray(rng.choice(x, size=size, p=p / np.sum(p)))
        generation = rng.poisson(theta, size)
        total = generation.astype(float)
        while np.any(generation):
            generation = rng.poisson(lam * generation)
            total = total + generation
        return np.asarray(total)


def _last(theta: Array, lam: Array) -> Array:
    """The last count with theta + lam x > 0."""
    with np.errstate(divide="ignore"):
        return np.where(lam < 0, np.ceil(theta / -np.minimum(lam, 0.0)) - 1, np.inf)


def _most(theta: Any, lam: Any) -> int:
    """The last count that matters of any of several underdispersed laws."""
    reach = theta + _BEYOND * np.sqrt(theta) + 60
    return int(np.max(np.minimum(_last(np.asarray(theta), np.asarray(lam)), reach)))


def _scores(x: Array, theta: Array, lam: Array) -> tuple[Array, Array]:
    """Derivatives of the log-probability without its norm."""
    share = (x - 1) / (theta + lam * np.asarray(x))
    return 1 / np.asarray(theta) + share - 1, x * (share - 1)


def _seconds(x: Array, theta: Array, lam: Array) -> tuple[Array, Array, Array]:
    """Second derivatives of the log-probability without its norm."""
    bend = -(x - 1) / np.square(theta + lam * np.asarray(x))
    return bend - 1 / np.square(theta), x * bend, x * x * bend


def _log_norm(theta: Array, lam: Array) -> tuple[Array, ...]:
    """Log of the sum of the probabilities, with its derivatives: (value, 2 first, 3 second); 0 for lam >= 0."""
    theta, lam = np.broadcast_arrays(np.asarray(theta, dtype=float), np.asarray(lam, dtype=float))
    found = [np.zeros(theta.shape) for _ in range(6)]
    below = (lam < 0) & (lam > -theta) & np.isfinite(theta) & np.isfinite(lam)
    mean, spread = theta / (1 - lam), np.sqrt(theta / (1 - lam) / np.square(1 - lam))
    below &= (spread < _SMOOTH) | (_last(theta, lam) < mean + _AWAY * spread)
    if not below.any():
        return tuple(found)
    t, a = theta[below][None, :], lam[below][None, :]
    last = _last(t, a)
    reach = _BEYOND * spread[below] + 60
    begin = np.maximum(np.ceil(mean[below] - reach), 0.0)
    most = np.max(np.minimum(last[0], mean[below] + reach) - begin)
    x = begin + np.arange(most + 1.0)[:, None]
    z = t + a * x
    log_p = np.where(x == 0, -t, np.log(t / z) + log_poisson(x, z))
    inside = x <= last
    log_p = np.where(inside, log_p, -np.inf)
    top = np.max(log_p, axis=0)  # of a large theta beside as large a -lam all of them leave the doubles
    p = np.exp(log_p - top)
    ends = last[0] > t[0] + _BEYOND * np.sqrt(t[0]) + 60  # the law goes on where nothing is left, and its sum is one
    norm = np.sum(p, axis=0)
    share = p / norm
    first = [np.where(inside, s, 0.0) for s in _scores(x, t, a)]
    second = [np.where(inside, s, 0.0) for s in _seconds(x, t, a)]
    means = [np.sum(share * s, axis=0) for s in first]
    values = [top + np.log(norm), *means]
    for bend, (j, k) in zip(second, ((0, 0), (0, 1), (1, 1)), strict=True):
        values.append(np.sum(share * (bend + first[j] * first[k]), axis=0) - means[j] * means[k])
    for column, value in zip(found, values, strict=True):
        column[below] = np.where(ends, 0.0, value)
    return tuple(found)


def _root(sample: Sample, mean: float) -> float:
    """The lam in (0, 1) at which the profile score is 0, for counts that vary more than Poisson ones."""
    from scipy import optimize

    def excess(lam: float) -> float:
        return sample.mean(lambda x: x * (x - 1) / (mean + (x - mean) * lam)) - mean

    high = 1 - 1e-12
    if excess(1e-12) <= 0 or excess(high) >= 0:
        return 0.5
    return float(optimize.brentq(excess, 1e-12, high, xtol=1e-15, rtol=1e-14, maxiter=200))
