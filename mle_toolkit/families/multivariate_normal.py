"""The normal law of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import REAL, Domain, PositiveDefinite, Space
from mle_toolkit.families.excess import total_log_excess
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.vectors import VectorFamily, check_enough_rows, check_regular, cholesky

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_LOG_TWO_PI = math.log(2 * math.pi)


class MultivariateNormal(VectorFamily, ExponentialFamily):
    r"""Several measurements of each object, around ``mean``, with covariance matrix ``cov``.

    .. math:: \log f(x) = -\tfrac12\bigl(d \log 2\pi + \log|\Sigma| + (x - \mu)^T \Sigma^{-1} (x - \mu)\bigr)

    Source: Anderson (2003), An Introduction to Multivariate Statistical Analysis, ch. 3. The maximum is the mean and
    the covariance matrix with divisor n; with no more observations than columns, or columns that depend on each other,
    there is none.
    """

    name = "multivariate_normal"
    aliases = ("mvn", "multivariate_gaussian")
    support = REAL
    vector = "mean"

    @staticmethod
    def parameters_in(dimension: int) -> tuple[Parameter, ...]:
        """Mean and covariance matrix."""
        return (
            Parameter("mean", Space(dimension), typical=(-5.0, 5.0), role="location"),
            Parameter("cov", PositiveDefinite(dimension), role="covariance"),
        )

    parameters = parameters_in(2)

    def domains_at(self, mean: Array, cov: Array) -> tuple[Domain, ...]:
        """Whitened: a change of 1 is one standard deviation along an axis."""
        frame = np.asarray(np.linalg.cholesky(cov), dtype=float)
        return Space(len(mean), mean, frame), PositiveDefinite(len(mean), frame)

    def check(self, sample: Sample) -> None:
        """Raise where there are no more rows than columns."""
        check_enough_rows(self.name, sample)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X and its products x x'."""
        return x, x[..., :, None] * x[..., None, :]

    def sums(self, x: Array, weight: Array | None) -> tuple[Any, ...]:
        """Sum of x and of x x'."""
        weighted = x if weight is None else x * weight[:, None]
        return weighted.sum(axis=0), weighted.T @ x

    def log_density(self, T: tuple[Array, ...], mean: Array, cov: Array) -> Array:
        """Log-density, linear in T."""
        root = cholesky(cov)
        if root is None:
            return np.asarray(-np.inf)
        inverse = np.linalg.inv(root)
        log_det = 2 * np.sum(np.log(np.diag(root)))
        distance = np.trace(inverse @ _spread(T, mean) @ inverse.T, axis1=-2, axis2=-1)
        return np.asarray(-0.5 * (len(mean) * _LOG_TWO_PI + log_det + distance))

    def logpdf(self, x: Array, mean: Array, cov: Array) -> Array:
        """Log-density at x, from the residual: the expanded square would cancel far from 0."""
        root = cholesky(cov)
        if root is None:
            return np.full(x.shape[:-1], -np.inf)
        log_det = 2 * np.sum(np.log(np.diag(root)))
        return np.asarray(-0.5 * (len(mean) * _LOG_TWO_PI + log_det + squared_distance(x - mean, root)))

    def score_of(self, T: tuple[Array, ...], mean: Array, cov: Array) -> tuple[Array, ...]:
        """Derivatives by each number of mean and of cov."""
        # Through the root, which is far better conditioned than the matrix: differences are taken where it is whitened.
        inverse = np.linalg.inv(np.linalg.cholesky(cov))
        white = inverse @ _spread(T, mean) @ inverse.T
        by_mean = (T[0] - mean) @ inverse.T @ inverse
        by_cov = 0.5 * inverse.T @ (white - np.eye(len(mean))) @ inverse
        parts = np.concatenate([by_mean, by_cov.reshape(*by_cov.shape[:-2], -1)], axis=-1)
        return tuple(np.moveaxis(parts, -1, 0))

    def from_means(self, means: tuple[Any, ...]) -> tuple[Any, Any]:
        """Mean and covariance matrix."""
        mean, _ = means
        cov = _spread(means, mean)
        cov = 0.5 * (cov + cov.T)
        check_regular(self.name, cov)
        return mean, cov

    def mean(self, mean: Array, cov: Array) -> Array:
        """Expected value."""
        return mean

    def cov(self, mean: Array, cov: Array) -> Array:
        """Covariance matrix."""
        return cov

    def entropy(self, mean: Array, cov: Array) -> Array:
        """Entropy, nats: half of log|2 pi e cov|."""
        return np.asarray(0.5 * len(mean) * (1 + _LOG_TWO_PI) + np.sum(np.log(np.diag(np.linalg.cholesky(cov)))))

    def rvs(self, mean: Array, cov: Array, *, size: Any, rng: np.random.Generator) -> Array:
        """Draw vectors."""
        shape = (*np.atleast_1d(size), len(mean))
        return np.asarray(mean + rng.standard_normal(shape) @ np.linalg.cholesky(cov).T)

    def divergence(self, p: tuple[Any, ...], q: tuple[Any, ...]) -> float:
        """By the excess of the eigenvalues of p's covariance in q's unit, and the distance of the means in it."""
        from scipy import linalg

        (mean, cov), (to, within) = p, q
        root = linalg.cholesky(within, lower=True)
        half = linalg.solve_triangular(root, cov - within, lower=True)
        excess = linalg.solve_triangular(root, half.T, lower=True)
        shift = linalg.solve_triangular(root, mean - to, lower=True)
        stretches = np.linalg.eigvalsh(0.5 * (excess + excess.T))  # of q's unit, less one
        return 0.5 * (total_log_excess(stretches) + float(np.sum(shift * shift)))

    def to_scipy(self, mean: Array, cov: Array) -> Any:
        """``scipy.stats.multivariate_normal(mean, cov)``."""
        from scipy import stats

        return stats.multivariate_normal(mean, cov)

    @staticmethod
    def from_scipy(law: Any) -> dict[str, Any]:
        """Parameters of a frozen ``scipy.stats.multivariate_normal``."""
        return {"mean": law.mean, "cov": law.cov}


def squared_distance(away: Array, root: Array) -> Array:
    """Squares of Mahalanobis' distances.

    Parameters
    ----------
    away : ndarray of shape (..., d)
        Differences from the centre.
    root : ndarray of shape (d, d)
        Cholesky root of the matrix that says how far is far.
    """
    white = np.linalg.solve(root, away.reshape(-1, len(root)).T)
    return np.asarray(np.sum(np.square(white), axis=0)).reshape(away.shape[:-1])


def _spread(T: tuple[Array, ...], mean: Array) -> Array:
    """Mean of (x - mean)(x - mean)'."""
    x, products = T
    mixed = x[..., :, None] * mean
    return np.asarray(products - mixed - np.swapaxes(mixed, -1, -2) + np.outer(mean, mean))
