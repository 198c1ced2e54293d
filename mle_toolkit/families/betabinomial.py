"""The beta-binomial law with known numbers of trials."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.beta import MEAN_AND_PRECISION
from mle_toolkit.families.binomial import check_trials, trials_support
from mle_toolkit.families.counting import digamma_difference, log_binomial, trigamma_difference
from mle_toolkit.families.domain import COUNTS, POSITIVE
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log_poch

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.combinators.reparametrised import Form

_SMALL = 1e-3

_TERMS = 1 << 20
"""Probabilities that are computed at once, of one law or of several: a few megabytes."""


class BetaBinomial(Family):
    r"""Successes in ``n`` trials whose probability varies from unit to unit as a beta law with ``a`` and ``b``.

    .. math:: \log f(x) = \log\binom{n}{x} + \log B(x + a, n - x + b) - \log B(a, b)

    ``n`` is known: one number, or an array with one per row. As a and b grow with a constant ratio the law tends to the
    binomial, which is the maximum where the counts vary less than binomial ones. Source: Skellam (1948), JRSS B 10,
    257-261; Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 6.
    """

    name = "betabinomial"
    aliases = ("betabinom", "beta_binomial", "bbinom")
    support = COUNTS
    parameters = (
        Parameter("a", POSITIVE, typical=(0.5, 20.0)),
        Parameter("b", POSITIVE, typical=(0.5, 20.0)),
    )
    cdf, sf = cdf_of_log, sf_of_log
    constant_defaults = {"n": ...}  # noqa: RUF012
    n: Any

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        self.support = trials_support(self.name, self.n)

    @property
    def forms(self) -> dict[str, Form]:
        """By its mean proportion, a / (a + b), and its precision, a + b."""
        return {"mean": replace(MEAN_AND_PRECISION, limits=_binomial_by_mean)}

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` if any observation is not a number of successes in its n trials."""
        check_trials(self, sample)

    def check(self, sample: Sample) -> None:
        """Raise if no row has two trials: the variation between units then leaves no trace."""
        if np.max(self.n) < 2:
            raise DegenerateDataError(
                f"betabinomial: with at most n = {np.max(self.n):g} trial per row only a / (a + b) "
                f"is determined. Use binomial."
            )

    def logpdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log-probability of x, as a product of three binomial ones, in which the beta functions do not cancel.

        Where a or b is so small that its binomial probability vanishes, by ratios of gamma functions instead.
        """
        a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
        n = np.asarray(self.n, dtype=float)
        y = n - x
        with np.errstate(all="ignore"):
            total = a + b + n
            p, q = (a + x) / total, (b + y) / total
            prior = log_binomial(a, a + b, p, q) + np.log(a) + np.log(b) - np.log(a + b)
            posterior = log_binomial(a + x, total, p, q) + np.log(a + x) + np.log(b + y) - np.log(total)
            ordinary = log_binomial(x, n, p, q) + (prior - posterior)
            small, large = np.minimum(a, b), np.maximum(a, b)
            if np.any(small < _SMALL):
                k = np.where(a <= b, x, y)  # successes, or failures, of the smaller
                rising = np.where(k == 0, 0.0, np.log(small) + special.gammaln(small + k) - special.gammaln(small + 1))
                rest = log_poch(large, small) - log_poch(large + (n - k), small + k)
                extreme = log_binomial(k, n, np.asarray(0.5), np.asarray(0.5)) + n * math.log(2) + rising + rest
                ordinary = np.where(small < _SMALL, extreme, ordinary)
        return np.asarray(np.minimum(ordinary, 0.0))  # rounding may pass 1

    def score(self, x: Array, a: Array, b: Array) -> tuple[Array, ...]:
        """Derivatives by a and b."""
        common = digamma_difference(a + b, self.n)
        return digamma_difference(a, x) - common, digamma_difference(b, self.n - x) - common

    def hessian(self, x: Array, a: Array, b: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row; near the binomial law they nearly cancel along a/b."""
        common = trigamma_difference(a + b, self.n)
        return trigamma_difference(a, x) - common, -common, trigamma_difference(b, self.n - x) - common

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """From the moments of the proportions, for two degrees of overdispersion."""
        n = np.broadcast_to(np.asarray(self.n, dtype=float), sample.x.shape)
        weight = np.ones_like(n) if sample.weight is None else sample.weight
        trials = float(np.sum(weight * n))
        p = (float(np.sum(weight * sample.x)) + 0.5) / (trials + 1)
        # Pearson's statistic over its expectation is 1 + (n - 1) rho, where rho = 1 / (a + b + 1)
        pearson = float(np.sum(weight[n > 0] * np.square(sample.x - n * p)[n > 0] / n[n > 0])) / (p * (1 - p))
        spare = max(trials / float(np.sum(weight * (n > 0))) - 1, 1e-3)
        rho = (pearson / float(np.sum(weight * (n > 0))) - 1) / spare
        sizes = [1 / min(max(rho, 0.01), 0.9) - 1, 2.0]
        return [(p * size, (1 - p) * size) for size in sizes]

    def logcdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the probability of at most x."""
        return self._log_tail(x, a, b, above=False)

    def logsf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the probability of more than x."""
        return self._log_tail(x, a, b, above=True)

    def _log_tail(self, x: Array, a: Array, b: Array, *, above: bool) -> Array:
        """Log of a sum of probabilities, added up from the far end so that it keeps its digits; once for each law."""
        if np.size(x) == 0:
            return np.empty(np.shape(x))
        x, *each = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(self.n, dtype=float), a, b)
        columns = np.stack([np.ravel(column) for column in each], axis=1)
        one = all(np.ndim(value) == 0 for value in (self.n, a, b))
        laws, which = (
            (columns[:1], np.zeros(x.size, dtype=np.intp)) if one else np.unique(columns, axis=0, return_inverse=True)
        )
        which, flat = which.reshape(-1), np.ravel(x)
        rows_of = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
        values = np.full(x.size, np.nan)
        reached = np.cumsum(laws[:, 0] + 1)
        for some in np.split(np.arange(len(laws)), np.flatnonzero(np.diff(reached // _TERMS)) + 1):
            size = laws[some, 0].astype(np.intp) + 1
            last = np.cumsum(size)
            n, a, b = np.repeat(laws[some], size, axis=0).T
            log_p = type(self)(n=n).logpdf(np.arange(last[-1]) - np.repeat(last - size, size), a, b)
            for law, part in zip(some.tolist(), np.split(log_p, last[:-1]), strict=True):
                summed = np.logaddexp.accumulate(part[::-1] if above else part)
                tail = np.concatenate([[-np.inf], np.minimum(summed[:-1], 0.0), [0.0]])  # rounding may pass the whole
                here = rows_of[law][~np.isnan(flat[rows_of[law]])]
                terms = np.clip(np.floor(flat[here]) + 1, 0, len(part)).astype(np.intp)
                values[here] = tail[len(part) - terms if above else terms]
        return values.reshape(x.shape)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The binomial law of the same n, as a and b grow."""
        return (Limit(get_family("binomial", n=self.n), lambda p: (np.inf, np.inf)),)

    def to_scipy(self, a: float, b: float) -> Any:
        """``scipy.stats.betabinom(n, a, b)``."""
        from scipy import stats

        return stats.betabinom(np.asarray(self.n, dtype=np.int64)[()], a, b)  # it draws from whole trials only

    @staticmethod
    def from_scipy(n: float, a: float, b: float, loc: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.betabinom(n, a, b, loc)``; None but for loc = 0."""
        return {"n": int(n), "a": a, "b": b} if loc == 0 else None


def _binomial_by_mean(law: Family) -> tuple[Limit, ...]:
    """The binomial law, as the precision grows."""
    return tuple(Limit(limit.family, lambda p: (p, np.inf)) for limit in law.limits)
