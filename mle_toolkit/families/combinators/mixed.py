"""What all mixtures of laws of numbers have in common, however their parameters come about."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import Combined
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.mass import log_mass, mass_scores


class Mixed(Combined):
    """A law whose density is a weighted sum of those of its components."""

    components: tuple[Family, ...]

    @abstractmethod
    def log_weights(self, params: Sequence[Any]) -> Sequence[Any]:
        """Log of the weight of every component."""

    @abstractmethod
    def split(self, params: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
        """The parameters of every component."""

    @abstractmethod
    def log_joint(self, x: Array, params: Sequence[Any]) -> Array:
        """Log of weight times density of each component; shape (k, ...)."""

    @abstractmethod
    def _by_shares(self, joint: Array, params: Sequence[Any], slopes: Sequence[Sequence[Any]]) -> tuple[Array, ...]:
        """Derivatives of the log of a sum over the components, from those of the log of each."""

    @abstractmethod
    def _mixed(self, params: Sequence[Any], value: Callable[[Distribution], Any]) -> Array:
        """The weighted sum of a value of every component."""

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        return log_sum(self.log_joint(x, params))

    def log_mass(self, lower: Array, upper: Array, *params: Any) -> Array:
        """Log-probability of intervals ``(lower, upper]``: of each component by the tail that is smaller for it."""
        return np.minimum(log_sum(self._joint_masses(lower, upper, params)), 0.0)

    def _joint_masses(self, lower: Array, upper: Array, params: Sequence[Any]) -> Array:
        with np.errstate(all="ignore"):
            parts = zip(self.log_weights(params), self.components, self.split(params), strict=True)
            masses = [weight + log_mass(law, own, lower, upper) for weight, law, own in parts]
        joint = np.array(np.broadcast_arrays(*masses))
        return np.where(np.isnan(joint), -np.inf, joint)  # a component without a weight may be nothing

    def _log_mass_scores(self, lower: Array, upper: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives of `log_mass`: those of the components, weighted by their shares of the intervals."""
        with np.errstate(all="ignore"):
            parts = zip(self.components, self.split(params), strict=True)
            slopes = [tuple(mass_scores(law, own, lower, upper)) for law, own in parts]
        return self._by_shares(self._joint_masses(lower, upper, params), params, slopes)

    def mean(self, *params: Any) -> Array:
        """Expected value."""
        return self._mixed(params, lambda law: np.asarray(law.mean()))

    def var(self, *params: Any) -> Array:
        """Variance: the mean one within the components, and that of their means."""
        mean = self.mean(*params)
        return self._mixed(params, lambda law: np.asarray(law.var() + np.square(law.mean() - mean)))


def log_sum(rows: Array) -> Array:
    """Log of the sum of exponentials over the first axis; -inf where all are."""
    top = np.max(rows, axis=0)
    with np.errstate(all="ignore"):
        return np.asarray(np.where(np.isfinite(top), top + np.log(np.sum(np.exp(rows - top), axis=0)), top))
