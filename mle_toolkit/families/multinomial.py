"""The multinomial law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, ParameterError, SupportError
from mle_toolkit.families.domain import COUNTS, Simplex
from mle_toolkit.families.excess import of_shares
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.vectors import VectorFamily

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class Multinomial(VectorFamily, ExponentialFamily):
    r"""Counts of outcomes in ``n`` trials, each outcome j with probability ``probs[j]``.

    .. math:: \log f(x) = \log\frac{n!}{\prod_j x_j!} + \sum_j x_j \log p_j

    ``n`` is the sum of each row, unless it is given; the law is that of the row *given* its sum. Source: Johnson, Kotz
    & Balakrishnan (1997), Discrete Multivariate Distributions, ch. 35. The maximum is the share of each outcome in all
    trials; an outcome that was not observed has probability 0, at the boundary.
    """

    name = "multinomial"
    support = COUNTS
    vector = "probs"
    constant_defaults = {"dimension": None, "n": None}  # noqa: RUF012
    n: Any

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        if self.n is not None and (np.ndim(self.n) or not 0 <= self.n < np.inf or self.n != int(self.n)):
            raise ParameterError(
                f"{self.name}: n must be one whole number >= 0, or left out for the sum of a row; got {self.n!r:.60}."
            )

    @staticmethod
    def parameters_in(dimension: int) -> tuple[Parameter, ...]:
        """One probability an outcome."""
        return (Parameter("probs", Simplex(dimension)),)

    parameters = parameters_in(2)

    def check_support(self, sample: Sample) -> None:
        """Raise where numbers are not counts, or do not sum to n."""
        super().check_support(sample)
        if self.n is None:
            return
        rows = np.flatnonzero(sample.x.sum(axis=1) != self.n)
        if len(rows):
            raise SupportError(
                f"{self.name}: {len(rows)} of {sample.n_rows} rows do not sum to n = {self.n}; the first is row "
                f"{rows[0]}, which sums to {sample.x[rows[0]].sum():g}. Leave n out if it differs from row to row.",
                self.name,
                tuple(rows.tolist()),
            )

    def check(self, sample: Sample) -> None:
        """Raise if there was no trial."""
        if sample.maximum == 0:
            raise DegenerateDataError(f"{self.name}: all counts are 0: without a trial nothing is known of probs.")

    def strata(self, sample: Sample) -> tuple[Array, ...]:
        """Sums of the rows, given which the law is."""
        return (sample.x.sum(axis=1),)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Counts."""
        return (x,)

    def sums(self, x: Array, weight: Array | None) -> tuple[Any, ...]:
        """Sums of the counts."""
        return (x.sum(axis=0) if weight is None else weight @ x,)

    def log_base(self, x: Array) -> Array:
        """Log of the number of orders in which the outcomes could have come."""
        return np.asarray(special.gammaln(np.sum(x, axis=-1) + 1) - np.sum(special.gammaln(x + 1), axis=-1))

    def log_density(self, T: tuple[Array, ...], probs: Array) -> Array:
        """Log-density without `log_base`, linear in T."""
        return np.asarray(np.sum(special.xlogy(T[0], probs), axis=-1))

    def logpdf(self, x: Array, probs: Array) -> Array:
        """Log-probability of the counts x; -inf where they do not sum to n."""
        values = self.log_density((x,), probs) + self.log_base(x)
        return values if self.n is None else np.where(np.sum(x, axis=-1) == self.n, values, -np.inf)

    def score_of(self, T: tuple[Array, ...], probs: Array) -> tuple[Array, ...]:
        """Derivatives by each probability."""
        return tuple(np.moveaxis(T[0] / probs, -1, 0))

    def from_means(self, means: tuple[Any, ...]) -> tuple[Any]:
        """Share of each outcome in all trials."""
        return (means[0] / np.sum(means[0]),)

    def mean(self, probs: Array) -> Array:
        """Expected counts."""
        return self._trials() * probs

    def cov(self, probs: Array) -> Array:
        """Covariance matrix, which is singular as counts sum to n."""
        return np.asarray(self._trials() * (np.diag(probs) - np.outer(probs, probs)))

    def rvs(self, probs: Array, *, size: Any, rng: np.random.Generator) -> Array:
        """Draw vectors of counts."""
        return np.asarray(rng.multinomial(self._trials(), probs, size), dtype=float)

    def divergence(self, p: tuple[Any, ...], q: tuple[Any, ...]) -> float | None:
        """That of one trial, n times; none where n is that of every row."""
        return None if self.n is None else float(self.n * of_shares(p[0], q[0]))

    def to_scipy(self, probs: Array) -> Any:
        """``scipy.stats.multinomial(n, probs)``."""
        from scipy import stats

        return stats.multinomial(self._trials(), probs)

    @staticmethod
    def from_scipy(law: Any) -> dict[str, Any]:
        """Parameters of a frozen ``scipy.stats.multinomial``."""
        return {"n": int(law.n), "probs": law.p}

    def _trials(self) -> int:
        if self.n is None:
            raise ParameterError(
                f"{self.name}: needs the number of trials: get_family({self.name!r}, n=...), or "
                f"distribution({self.name!r}, n=..., probs=...)."
            )
        return int(self.n)
