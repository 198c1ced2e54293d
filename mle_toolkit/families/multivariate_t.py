"""Student's t law of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.cauchy import heaviest_tie
from mle_toolkit.families.domain import POSITIVE, REAL, Domain, PositiveDefinite, Space
from mle_toolkit.families.multivariate_normal import squared_distance
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.student_t import log_norm
from mle_toolkit.families.vectors import VectorFamily, check_enough_rows, check_regular, cholesky, covariance_of

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_EM_STEPS = 40
_STARTS_DF = (3.0, 30.0)

_SAME_VALUE = 1e-3
"""Difference, in nats per observation, below which two ends of EM lead to one maximum."""

_LARGEST_LOG_DF = 12.0
"""Beyond 1.6e5 degrees of freedom the law is the normal one to five digits."""

_DIFFERENCE = 1e-4


class MultivariateT(VectorFamily):
    r"""Vectors with outliers: a normal law whose scale is itself random, the same for all numbers of a vector.

    .. math:: \log f(x) = \log\frac{\Gamma(\frac{\nu+d}{2})}{\Gamma(\frac{\nu}{2}) (\pi\nu)^{d/2} |S|^{1/2}}
              - \frac{\nu+d}{2}\log\Bigl(1 + \frac{(x - \mu)^T S^{-1} (x - \mu)}{\nu}\Bigr)

    ``mean`` is the centre, and the mean where ``df`` > 1; ``shape`` is S, and the covariance matrix is
    S df / (df - 2) where ``df`` > 2. Source: Lange, Little & Taylor (1989), JASA 84, 881-896. As ``df`` grows the law
    tends to the normal.
    """

    name = "multivariate_t"
    aliases = ("mvt",)
    support = REAL
    vector = "mean"

    @staticmethod
    def parameters_in(dimension: int) -> tuple[Parameter, ...]:
        """Degrees of freedom, centre and shape matrix."""
        return (
            Parameter("df", POSITIVE, typical=(1.0, 30.0)),
            Parameter("mean", Space(dimension), typical=(-5.0, 5.0), role="location"),
            Parameter("shape", PositiveDefinite(dimension), role="covariance"),
        )

    parameters = parameters_in(2)

    def domains_at(self, df: float, mean: Array, shape: Array) -> tuple[Domain, ...]:
        """Whitened: a change of 1 is one scale along an axis."""
        frame = np.asarray(np.linalg.cholesky(shape), dtype=float)
        return POSITIVE, Space(len(mean), mean, frame), PositiveDefinite(len(mean), frame)

    def check(self, sample: Sample) -> None:
        """Raise where rows are too few, or half of the numbers of a column are equal.

        If a share p of the rows lies in a hyperplane, the likelihood is unbounded, as ``shape`` becomes singular there,
        for every ``df`` below p/(1 - p) (Kent & Tyler 1991, Ann. Statist. 19, 2102-2119).
        """
        check_enough_rows(self.name, sample)
        for k in range(sample.dimension):
            value, share = heaviest_tie(sample.with_values(sample.x[:, k], sample.weight))
            if share >= 0.5:
                raise DegenerateDataError(
                    f"{self.name}: {share:.0%} of the numbers in column {k} equal {value:g}, so the likelihood is "
                    f"unbounded as shape becomes singular there, for every df below {_odds(share):.3g}. "
                    f"Leave the column out, or model the ties."
                )

    def logpdf(self, x: Array, df: float, mean: Array, shape: Array) -> Array:
        """Log-density at x."""
        root = cholesky(shape)
        if root is None:
            return np.full(x.shape[:-1], -np.inf)
        square, d = squared_distance(x - mean, root), len(mean)
        log_det = np.sum(np.log(np.diag(root)))
        return np.asarray(_log_norm_of(df, d)[0] - log_det - 0.5 * (df + d) * np.log1p(square / df))

    def score(self, x: Array, df: float, mean: Array, shape: Array) -> tuple[Array, ...]:
        """Derivatives by df and by each number of mean and of shape."""
        by_df, pulled, weight, inverse = _parts(x, df, mean, shape)
        by_mean = weight[..., None] * pulled
        by_shape = 0.5 * (by_mean[..., :, None] * pulled[..., None, :] - inverse)
        flat = by_shape.reshape(*by_shape.shape[:-2], -1)
        return by_df, *np.moveaxis(by_mean, -1, 0), *np.moveaxis(flat, -1, 0)

    def score_sums(self, x: Array, weight: Array | None, df: float, mean: Array, shape: Array) -> Array:
        """Weighted sums of the score over a block: products of matrices, where rows would be matrices each."""
        by_df, pulled, pull, inverse = _parts(x, df, mean, shape)
        counts = np.ones(len(x)) if weight is None else weight
        by_mean = (counts * pull)[:, None] * pulled
        by_shape = 0.5 * (by_mean.T @ pulled - np.sum(counts) * inverse)
        return np.concatenate([[np.sum(counts * by_df)], by_mean.sum(axis=0), by_shape.ravel()])

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Where EM comes near the maximum, from medians and column spreads and a heavy and a light tail."""
        x = sample.x
        mean = np.median(x, axis=0)
        spread = np.median(np.abs(x - mean), axis=0)
        spread = np.where(spread > 0, spread, np.mean(np.abs(x - mean), axis=0))
        check_regular(self.name, np.diag(np.square(spread)))
        ends = [self._by_em(sample, df, mean, np.diag(np.square(spread))) for df in _STARTS_DF]
        values = [sample.mean(lambda x, end=end: self.logpdf(x, *end)) for end in ends]  # type: ignore[misc]
        if abs(values[0] - values[1]) < _SAME_VALUE:
            return [ends[int(np.argmax(values))]]
        return ends

    def _by_em(self, sample: Sample, df: float, mean: Array, shape: Array) -> tuple[float, Array, Array]:
        for _ in range(_EM_STEPS):
            df, mean, shape = self.improved(sample, df, mean, shape)
        return df, mean, shape

    def improved(self, sample: Sample, df: float, mean: Array, shape: Array) -> tuple[float, Array, Array]:
        """One step of ECME (Liu & Rubin 1995, Statist. Sinica 5, 19-39).

        For mean and shape it is that of Kent, Tyler & Vardi (1994, Comm. Statist. Simul. 23, 441-453), who divide by
        the sum of the weights and so go further; ``df`` takes a Newton step in its log.
        """
        x, d = sample.x, sample.dimension
        counts = np.ones(len(x)) if sample.weight is None else sample.weight
        square = squared_distance(x - mean, np.asarray(np.linalg.cholesky(shape), dtype=float))
        log_df = math.log(df)
        here, up, down = (
            _mean_slope(square, counts, math.exp(log_df + h), d) for h in (0.0, _DIFFERENCE, -_DIFFERENCE)
        )
        bend = abs(up - down) / (2 * _DIFFERENCE)
        step = max(-1.0, min(1.0, here / bend)) if bend > 0 else math.copysign(1.0, here)
        df = math.exp(min(log_df + step, _LARGEST_LOG_DF))
        weight = (df + d) / (df + square)
        mean, shape = covariance_of(x, counts * weight)
        check_regular(self.name, shape)
        return df, mean, shape

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law, as df grows."""
        normal = get_family("multivariate_normal", dimension=self.dimension)
        return (Limit(normal, lambda mean, cov: (np.inf, mean, cov)),)

    def mean(self, df: float, mean: Array, shape: Array) -> Array:
        """Expected value; NaN for df up to 1."""
        return mean if df > 1 else np.full_like(mean, np.nan)

    def cov(self, df: float, mean: Array, shape: Array) -> Array:
        """Covariance matrix; NaN for df up to 2."""
        return shape * (df / (df - 2)) if df > 2 else np.full_like(shape, np.nan)

    def entropy(self, df: float, mean: Array, shape: Array) -> Array:
        """Entropy, nats."""
        norm, slope = _log_norm_of(df, len(mean))
        log_det = np.sum(np.log(np.diag(np.linalg.cholesky(shape))))
        # The mean of the score by df is 0, which gives the mean of log(1 + square / df).
        return np.asarray(log_det - norm + (df + len(mean)) * (slope + 0.5 * len(mean) / df))

    def rvs(self, df: float, mean: Array, shape: Array, *, size: Any, rng: np.random.Generator) -> Array:
        """Draw vectors."""
        sizes = tuple(np.atleast_1d(size))
        normal = rng.standard_normal((*sizes, len(mean))) @ np.linalg.cholesky(shape).T
        return np.asarray(mean + normal * np.sqrt(df / rng.chisquare(df, sizes))[..., None])

    def to_scipy(self, df: float, mean: Array, shape: Array) -> Any:
        """``scipy.stats.multivariate_t(mean, shape, df)``."""
        from scipy import stats

        law: Any = stats.multivariate_t
        return law(mean, shape, df)

    @staticmethod
    def from_scipy(law: Any) -> dict[str, Any]:
        """Parameters of a frozen ``scipy.stats.multivariate_t``."""
        return {"df": law.df, "mean": law.loc, "shape": law.shape}


def _parts(x: Array, df: float, mean: Array, shape: Array) -> tuple[Array, Array, Array, Array]:
    """Score by df, differences from the centre times the inverse of shape, their weights, and that inverse."""
    root, d = np.linalg.inv(np.linalg.cholesky(shape)), len(mean)
    inverse = root.T @ root
    white = (x - mean) @ root.T
    pulled = white @ root
    square = np.sum(np.square(white), axis=-1)
    weight = (df + d) / (df + square)
    by_df = _log_norm_of(df, d)[1] + 0.5 * (weight * square / df - np.log1p(square / df))
    return by_df, pulled, weight, inverse


def _mean_slope(square: Array, counts: Array, df: float, dimension: int) -> float:
    """Mean derivative of the log-density by log df, given squares of distances."""
    weight = (df + dimension) / (df + square)
    mean = float(np.sum(counts * (weight * square / df - np.log1p(square / df)))) / float(np.sum(counts))
    return df * (_log_norm_of(df, dimension)[1] + 0.5 * mean)


def _log_norm_of(df: float, dimension: int) -> tuple[float, float]:
    """Compute log Γ((df + d)/2) - log Γ(df/2) - d log(π df)/2 and its slope, from steps of one dimension."""
    steps = [(log_norm(np.asarray(df + k)), df + k) for k in range(dimension)]
    value = sum(float(norm[0]) + 0.5 * np.log1p((at - df) / df) for norm, at in steps)
    slope = sum(float(norm[1]) - 0.5 * (at - df) / (at * df) for norm, at in steps)
    return float(value), float(slope)


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else np.inf
