"""The binomial law with known numbers of trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.numbering import number_of, numbers_of
from mle_toolkit.errors import DegenerateDataError, ParameterError, SupportError
from mle_toolkit.families.base import Family
from mle_toolkit.families.counting import log_binomial, logit_trials
from mle_toolkit.families.domain import CLOSED_UNIT, COUNTS, Interval
from mle_toolkit.families.excess import of_event
from mle_toolkit.families.expectations import Statistic
from mle_toolkit.families.parameters import Parameter

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class Binomial(Family):
    r"""Successes in ``n`` independent trials, each with probability ``p``.

    .. math:: \log f(x) = \log\binom{n}{x} + x \log p + (n - x) \log(1 - p)

    ``n`` is known: one number, or an array with one per row. Source: Johnson, Kemp & Kotz (2005), Univariate Discrete
    Distributions, ch. 3. The maximum is successes / trials.
    """

    name = "binomial"
    aliases = ("binom",)
    support = COUNTS
    parameters = (Parameter("p", CLOSED_UNIT, typical=(0.1, 0.9)),)
    constant_defaults = {"n": ...}  # noqa: RUF012
    n: Any

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        self.support = trials_support(self.name, self.n)

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` if any observation is not a number of successes in its n trials."""
        check_trials(self, sample)

    def check(self, sample: Sample) -> None:
        """Raise if there is no trial at all."""
        if not np.any(self.n):
            raise DegenerateDataError(f"{self.name}: n = 0 everywhere: without a trial p is not determined.")

    def logpdf(self, x: Array, p: Array) -> Array:
        """Log-probability of x."""
        return log_binomial(x, self.n, p, 1 - np.asarray(p))

    def score(self, x: Array, p: Array) -> tuple[Array, ...]:
        """Derivative by p."""
        return ((x - self.n * p) / (p * (1 - p)),)

    def by_logit(self, x: Array, logit: Array) -> tuple[Array, Array, Array]:
        """Log-probability with two derivatives by the logit of p."""
        value, slope, bend = logit_trials(x, self.n, logit)
        # The number of arrangements, which is what is left of the probability where both kinds count alike.
        half = np.array(0.5)
        return value + (log_binomial(x, self.n, half, half) + self.n * np.log(2.0)), slope, bend

    def from_sample(self, sample: Sample) -> tuple[float]:
        """Successes / trials."""
        trials = sample.with_values(np.broadcast_to(np.asarray(self.n, dtype=float), sample.x.shape), sample.weight)
        return (sample.mean() / trials.mean(),)

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """That of one trial, n times."""
        return float(self.n * of_event(p[0], q[0]))

    def expected(self, statistic: Statistic, p: float) -> float | None:
        """Expected value of x."""
        return float(self.n * p) if statistic == ("power", 1.0) else None

    def cdf(self, x: Array, p: Array) -> Array:
        """Probability of at most x."""
        return self._tail(x, p, 0.0, 1.0, special.betaincc)

    def sf(self, x: Array, p: Array) -> Array:
        """Probability of more than x: an incomplete beta function."""
        return self._tail(x, p, 1.0, 0.0, special.betainc)

    def logcdf(self, x: Array, p: Array) -> Array:
        """Log of the cdf."""
        return _log_of_nearer(self.cdf(x, p), self.sf(x, p))

    def logsf(self, x: Array, p: Array) -> Array:
        """Log of the survival function."""
        return _log_of_nearer(self.sf(x, p), self.cdf(x, p))

    def _tail(self, x: Array, p: Array, before: float, after: float, of: Callable[..., Array]) -> Array:
        """A tail by a function of (x + 1, n - x, p), and what it is before all counts and after them."""
        count, n = np.floor(x), np.asarray(self.n, dtype=float)
        inside = (count >= 0) & (count < n)
        value = of(np.where(inside, count, 0.0) + 1.0, np.where(inside, n - count, 1.0), p)
        return np.asarray(np.where(count < 0, before, np.where(inside, value, after)))

    def to_scipy(self, p: float) -> Any:
        """``scipy.stats.binom(n, p)``."""
        from scipy import stats

        # Random numbers are drawn for whole numbers of trials only.
        return stats.binom(np.asarray(self.n).astype(np.int64) if np.ndim(self.n) else self.n, p)

    @staticmethod
    def from_scipy(n: float, p: float, loc: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.binom(n, p, loc)``; None but for loc = 0."""
        return {"n": int(n), "p": p} if loc == 0 else None


def _log_of_nearer(tail: Array, rest: Array) -> Array:
    """Log of a tail, from whichever of it and the rest has more digits of it."""
    with np.errstate(divide="ignore"):  # of 0, where the other is computed
        return np.asarray(np.where(tail > 0.5, np.log1p(-rest), np.log(tail)))


def trials_support(name: str, n: Any) -> Interval:
    """Validate numbers of trials; the support that they have in common."""
    trials = np.asarray(n)
    if trials.ndim > 1 or trials.dtype.kind not in "iuf" or not np.all((trials >= 0) & (trials == np.floor(trials))):
        raise ParameterError(f"{name}: n must be a whole number >= 0, or one per row; got {n!r:.60}.")
    if not np.all(trials < np.inf):
        raise ParameterError(f"{name}: n must be finite; got {n!r:.60}.")
    return Interval(0.0, float(np.max(trials)), closed="both", integer=True)


def check_trials(family: Any, sample: Sample) -> None:
    """Raise `SupportError` if any observation is not a whole number from 0 to its n, or an interval that holds one."""
    Family.check_support(family, sample)
    if not family.per_row:
        return
    lower, upper = sample.lower, sample.upper
    outside = np.flatnonzero(np.where(lower < upper, lower >= family.n, upper > family.n))
    if len(outside):
        first = int(outside[0])
        low, high = lower[first], upper[first]
        seen = f"{high:g}" if low == high else f"({low:g}, {high:g}]"
        row = number_of(first, sample.rows_given)
        raise SupportError(
            f"{family.name}: {len(outside)} of {sample.n_rows} observations exceed their number of trials; the "
            f"first is x[{row}] = {seen} of n[{row}] = {family.n[first]:g}.",
            family.name,
            numbers_of(outside, sample.rows_given),
        )
