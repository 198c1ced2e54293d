"""The Dirichlet law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, SupportError
from mle_toolkit.families.domain import POSITIVE, UNIT, Vector
from mle_toolkit.families.excess import log_gamma_excess
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.special import EQUAL_TO_ROUNDING
from mle_toolkit.families.vectors import VectorFamily

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

SUM_TOLERANCE = 1e-8
"""How far the sum of a row may be from 1: shares written with ten digits."""

_NEWTON_STEPS = 100
_CONVERGED = 1e-14


class Dirichlet(VectorFamily, ExponentialFamily):
    r"""Shares of a whole: positive numbers that sum to 1, each ``alpha`` large where its share is.

    .. math:: \log f(x) = \log\Gamma\bigl(\sum_j \alpha_j\bigr) - \sum_j \log\Gamma(\alpha_j)
              + \sum_j (\alpha_j - 1) \log x_j

    The density is that of all shares but one. A row may miss the sum of 1 by 1e-8. Source: Kotz, Balakrishnan &
    Johnson (2000), Continuous Multivariate Distributions 1, ch. 49; the maximum by Newton's method (Minka 2000,
    Estimating a Dirichlet distribution).
    """

    name = "dirichlet"
    on_simplex = True
    support = UNIT
    vector = "alpha"

    @staticmethod
    def parameters_in(dimension: int) -> tuple[Parameter, ...]:
        """One number a share."""
        return (Parameter("alpha", Vector(POSITIVE, dimension), typical=(0.5, 10.0)),)

    parameters = parameters_in(2)

    def check_support(self, sample: Sample) -> None:
        """Raise where a row is no vector of positive shares that sum to 1."""
        x = sample.x
        for bad, problem in (
            (x < 0, "negative: these are not shares"),
            (
                x == 0,
                "zero, where the density is 0 or infinite: merge rare parts, replace zeros by half the smallest share "
                "that could be seen (and divide by the new sum), or model them apart",
            ),
        ):
            if bad.any():
                rows = np.flatnonzero(bad.any(axis=1))
                row, column = np.argwhere(bad)[0]
                raise SupportError(
                    f"{self.name}: {len(rows)} of {len(x)} rows have numbers that are {problem}. The first is "
                    f"x[{row}, {column}] = {x[row, column]:g}.",
                    self.name,
                    tuple(rows.tolist()),
                )
        sums = x.sum(axis=1)
        rows = np.flatnonzero(~(np.abs(sums - 1) <= SUM_TOLERANCE))
        if len(rows):
            raise SupportError(
                f"{self.name}: {len(rows)} of {len(x)} rows do not sum to 1 (to {SUM_TOLERANCE:g}); the first is row "
                f"{rows[0]}, which sums to {sums[rows[0]]:.9g}. Divide by the sums, if shares of a whole are meant.",
                self.name,
                tuple(rows.tolist()),
            )

    def check(self, sample: Sample) -> None:
        """Raise for shares of one part, which are all 1."""
        if sample.dimension < 2:
            raise DegenerateDataError(f"{self.name}: needs at least two columns; one share alone is always 1.")

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Logs of the shares."""
        return (np.log(x),)

    def sums(self, x: Array, weight: Array | None) -> tuple[Any, ...]:
        """Sums of the logs."""
        logs = np.log(x)
        return (logs.sum(axis=0) if weight is None else weight @ logs,)

    def log_density(self, T: tuple[Array, ...], alpha: Array) -> Array:
        """Log-density, linear in T."""
        log_norm = special.gammaln(np.sum(alpha)) - np.sum(special.gammaln(alpha))
        return np.asarray(log_norm + np.sum((alpha - 1) * T[0], axis=-1))

    def logpdf(self, x: Array, alpha: Array) -> Array:
        """Log-density at x; -inf off the simplex."""
        on = np.abs(np.sum(x, axis=-1) - 1) <= SUM_TOLERANCE
        return np.where(on, self.log_density(self.statistics(x), alpha), -np.inf)

    def score_of(self, T: tuple[Array, ...], alpha: Array) -> tuple[Array, ...]:
        """Derivatives by each alpha."""
        return tuple(np.moveaxis(T[0] + special.psi(np.sum(alpha)) - special.psi(alpha), -1, 0))

    def from_means(self, means: tuple[Any, ...]) -> tuple[Any]:
        """Newton's method; the log-likelihood is concave in alpha."""
        (mean_log,) = means
        middle = np.exp(mean_log)
        gap = -np.log(np.sum(middle))  # > 0 by Jensen, and 0 only if every row is equal
        if not gap > EQUAL_TO_ROUNDING:
            raise DegenerateDataError(
                f"{self.name}: the rows are equal, or nearly so (to five digits or more), so alpha is unbounded or "
                f"lost to rounding."
            )
        # Exact in the limit of shares that hardly vary (Stirling).
        alpha = middle / np.sum(middle) * (0.5 * (len(middle) - 1) / gap)
        value = float(self.log_density(means, alpha))
        for _ in range(_NEWTON_STEPS):
            score = special.psi(np.sum(alpha)) - special.psi(alpha) + mean_log
            own, shared = special.polygamma(1, alpha), special.polygamma(1, np.sum(alpha))
            # The information is diag(own) - shared: its inverse by Sherman & Morrison.
            lift = np.sum(score / own) / (1 / shared - np.sum(1 / own))
            step = (score + lift) / own
            if np.max(np.abs(step) / alpha) < _CONVERGED:
                break
            trial = np.maximum(alpha + step, 0.1 * alpha)
            risen = float(self.log_density(means, trial))
            while not risen >= value - 1e-13 * abs(value):
                trial = 0.5 * (alpha + trial)
                risen = float(self.log_density(means, trial))
                if np.max(np.abs(trial - alpha) / alpha) < _CONVERGED:
                    break
            alpha, value = trial, risen
        return (alpha,)

    def mean(self, alpha: Array) -> Array:
        """Expected shares."""
        return alpha / np.sum(alpha)

    def cov(self, alpha: Array) -> Array:
        """Covariance matrix, which is singular as shares sum to 1."""
        mean = alpha / np.sum(alpha)
        return np.asarray((np.diag(mean) - np.outer(mean, mean)) / (np.sum(alpha) + 1))

    def entropy(self, alpha: Array) -> Array:
        """Entropy, nats."""
        whole = np.sum(alpha)
        log_norm = special.gammaln(whole) - np.sum(special.gammaln(alpha))
        return np.asarray(-log_norm + np.sum((alpha - 1) * (special.psi(whole) - special.psi(alpha))))

    def rvs(self, alpha: Array, *, size: Any, rng: np.random.Generator) -> Array:
        """Draw vectors of shares."""
        return np.asarray(rng.dirichlet(alpha, size))

    def divergence(self, p: tuple[Any, ...], q: tuple[Any, ...]) -> float:
        """By excesses of log Γ."""
        (a,), (b,) = p, q
        return log_gamma_excess(a, b) - log_gamma_excess(np.sum(a), np.sum(b))

    def to_scipy(self, alpha: Array) -> Any:
        """``scipy.stats.dirichlet(alpha)``."""
        from scipy import stats

        return stats.dirichlet(alpha)

    @staticmethod
    def from_scipy(law: Any) -> dict[str, Any]:
        """Parameters of a frozen ``scipy.stats.dirichlet``."""
        return {"alpha": law.alpha}
