"""The categorical law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import COUNTS, Interval, Simplex
from mle_toolkit.families.excess import of_shares
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.options import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mle_toolkit.data.sample import Sample

MOST_CATEGORIES = 10_000
"""Categories, at most: each has a probability, and their covariances make a matrix."""


class Categorical(Family):
    r"""One of ``k`` categories, coded 0, ..., k - 1, with probabilities ``probs``.

    .. math:: \log f(x) = \log p_x

    ``k`` is known, or one more than the largest code in the data. The maximum is the observed shares; a category that
    was not observed has probability 0, at the boundary. Source: Johnson, Kotz & Balakrishnan (1997), Discrete
    Multivariate Distributions, ch. 35.
    """

    name = "categorical"
    only_if_asked = "as good as the table itself, so only if asked for"
    support = COUNTS
    parameters = (Parameter("probs", Simplex(2)),)
    constant_defaults = {"k": None}  # noqa: RUF012
    k: Any

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        if self.k is None:
            return
        self.k = self.constants["k"] = whole(self.k, "categorical: k", 1, MOST_CATEGORIES)
        self.support = Interval(0.0, float(self.k) - 1, closed="both", integer=True)
        self.parameters = (Parameter("probs", Simplex(int(self.k))),)

    def resolve(self, sample: Sample) -> Categorical:
        """Count the categories, where k was not given."""
        if self.k is not None:
            return self
        self.check_support(sample)
        if sample.maximum >= MOST_CATEGORIES:
            raise DataError(
                f"categorical: the largest code is {sample.maximum:g}, and codes go to {MOST_CATEGORIES - 1:,} at "
                f"most. Number the categories 0, 1, 2, ... without gaps."
            )
        return Categorical(k=int(sample.maximum) + 1)

    def pack(self, params: Mapping[str, Any]) -> Array:
        """Probabilities as one vector; without a given k, as many as there are."""
        if self.k is None and "probs" in params:
            return Categorical(k=np.size(params["probs"])).pack(params)
        return super().pack(params)

    def unpack(self, theta: Array) -> tuple[Any, ...]:
        """The whole vector is one parameter."""
        return (theta,)

    def logpdf(self, x: Array, probs: Array) -> Array:
        """Log-probability of x."""
        with np.errstate(divide="ignore"):
            log_probs = np.log(probs)
        return np.where(_is_code(x, probs), log_probs[_as_code(x, probs)], -np.inf)

    def score(self, x: Array, probs: Array) -> tuple[Array, ...]:
        """Derivative by each probability."""
        with np.errstate(divide="ignore"):
            return tuple(np.where(x == code, 1 / p, 0.0) for code, p in enumerate(probs))

    def from_sample(self, sample: Sample) -> tuple[Any]:
        """Observed shares."""
        counts = np.zeros(int(self.k))
        for x, weight in sample.blocks():
            counts += np.bincount(x.astype(np.intp), weights=weight, minlength=len(counts))
        return (counts / counts.sum(),)

    def cdf(self, x: Array, probs: Array) -> Array:
        """Probability of a code of at most x."""
        below = np.concatenate([[0.0], np.cumsum(probs)[:-1], [1.0]])
        return np.asarray(below[np.clip(np.floor(x) + 1, 0, len(probs)).astype(np.intp)])

    def entropy(self, probs: Array) -> Array:
        """Entropy, nats."""
        from scipy import special

        return np.asarray(np.sum(special.entr(probs)))

    def divergence(self, p: tuple[Any, ...], q: tuple[Any, ...]) -> float:
        """Of the shares; categories that one of the laws has not are of probability 0 under it."""
        size = max(len(p[0]), len(q[0]))
        return of_shares(*(np.pad(shares, (0, size - len(shares))) for (shares,) in (p, q)))

    def lives_on(self, probs: Array) -> tuple[float, float]:
        """The first and the last category that has a probability."""
        some = np.flatnonzero(probs)
        return float(some[0]), float(some[-1])

    def to_scipy(self, probs: Array) -> Any:
        """``scipy.stats.rv_discrete(values=(range(k), probs))``."""
        from scipy import stats

        return stats.rv_discrete(values=(np.arange(len(probs)), probs))()


def _is_code(x: Array, probs: Array) -> Any:
    return (x >= 0) & (x < len(probs)) & (x == np.floor(x))


def _as_code(x: Array, probs: Array) -> Any:
    return np.where(_is_code(x, probs), x, 0).astype(np.intp)
