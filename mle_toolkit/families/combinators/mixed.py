"""What all mixtures of laws of numbers have in common, however their parameters come about."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.circular import Circular, cut_open
from mle_toolkit.families.combinators.components import Slot
from mle_toolkit.families.combinators.parts import Combined
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.hooks import Score, TailScores, all_of, made_with
from mle_toolkit.families.mass import log_mass, mass_scores

Value = TypeVar("Value")

_BISECTIONS = 200


class Mixed(Combined):
    """A law whose density is a weighted sum of those of its components."""

    components: tuple[Family, ...]
    shared: tuple[str, ...]

    @abstractmethod
    def weights(self, params: Sequence[Any]) -> Sequence[Any]:
        """The weight of every component."""

    @abstractmethod
    def log_weights(self, params: Sequence[Any]) -> Sequence[Any]:
        """Log of the weight of every component."""

    @abstractmethod
    def split(self, params: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
        """The parameters of every component."""

    @abstractmethod
    def slots_of(self, j: int) -> tuple[Slot, ...]:
        """Where a component finds its parameters."""

    def rough(self, *params: Any) -> tuple[str, ...]:
        """Those of its components."""
        found: set[int] = set()
        for j, (component, own) in enumerate(zip(self.components, self.split(params), strict=True)):
            of = dict(zip(component.param_names, self.slots_of(j), strict=True))
            found |= {of[name].parameter for name in component.rough(*own)}
        return tuple(self.param_names[k] for k in sorted(found))

    @abstractmethod
    def _by_shares(self, joint: Array, params: Sequence[Any], slopes: Sequence[Sequence[Any]]) -> tuple[Array, ...]:
        """Derivatives of the log of a sum over the components, from those of the log of each."""

    def _take_scores(self) -> None:
        """Have the derivatives that all components have."""
        self.score = made_with(self._score, all_of(c.score for c in self.components))
        self.tail_scores = made_with(self._tail_scores, all_of(c.tail_scores for c in self.components))
        if all(c.tail_scores is not None or c.log_mass_scores is not None for c in self.components):
            self.log_mass_scores = self._log_mass_scores

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The components, and the names of the parameters that they share."""
        return self.components, {"shared": list(self.shared)}

    def distributions(self, params: Sequence[Any]) -> list[Distribution]:
        """The components as distributions."""
        return [Distribution.at(c, p) for c, p in zip(self.components, self.split(params), strict=True)]

    def log_joint(self, x: Array, params: Sequence[Any]) -> Array:
        """Log of weight times density of each component; shape (k, ...)."""
        x = np.asarray(x, dtype=float)
        rows = []
        with np.errstate(all="ignore"):
            for weight, component, p in zip(self.log_weights(params), self.components, self.split(params), strict=True):
                row = weight + component.logpdf(x, *p)
                if component.support != self.support:
                    row = np.where(component.support.contains(x), row, -np.inf)
                if self.per_row:  # where a count is more than its row can have
                    row = np.where(np.isnan(row), -np.inf, row)
                rows.append(row)
        return np.array(np.broadcast_arrays(x, *rows)[1:])

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

    # --- derivatives --------------------------------------------------------------------------------------------------

    def each(self, functions: Sequence[Callable[..., Value]], x: Array, params: Sequence[Any]) -> list[Value]:
        """What functions, one of every component, are at x."""
        with np.errstate(all="ignore"):  # a plain 0 would raise where it divides
            pairs = zip(functions, self.split(params), strict=True)
            return [function(x, *(np.asarray(value)[()] for value in own)) for function, own in pairs]

    def _score(self, scores: tuple[Score, ...], x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by all parameters: those of the components, weighted by their shares of x."""
        return self._by_shares(self.log_joint(x, params), params, self.each(scores, x, params))

    def _log_mass_scores(self, lower: Array, upper: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives of `log_mass`: those of the components, weighted by their shares of the intervals."""
        with np.errstate(all="ignore"):
            parts = zip(self.components, self.split(params), strict=True)
            slopes = [tuple(mass_scores(law, own, lower, upper)) for law, own in parts]
        return self._by_shares(self._joint_masses(lower, upper, params), params, slopes)

    def _tail_scores(
        self, tails: tuple[TailScores, ...], x: Array, *params: Any
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S: those of the components, weighted by their shares of F and of S."""
        below, above, by_below, by_above = [], [], [], []
        weights, laws, slopes = self.log_weights(params), self.distributions(params), self.each(tails, x, params)
        with np.errstate(all="ignore"):
            for weight, law, (by_cdf, by_sf) in zip(weights, laws, slopes, strict=True):
                support = law.family.support
                inside = (x >= support.lower) & (x < support.upper)
                below.append(weight + law.logcdf(x))
                above.append(weight + law.logsf(x))
                by_below.append([np.where(inside, slope, 0.0) for slope in by_cdf])  # beyond an end both are constant
                by_above.append([np.where(inside, slope, 0.0) for slope in by_sf])
        return (
            self._by_shares(np.array(np.broadcast_arrays(*below)), params, by_below),
            self._by_shares(np.array(np.broadcast_arrays(*above)), params, by_above),
        )

    # --- sums over the components -------------------------------------------------------------------------------------

    def _present(self, params: Sequence[Any]) -> list[tuple[Any, Any, Distribution]]:
        """Weight, its log and law of the components that have a weight."""
        parts = zip(self.weights(params), self.log_weights(params), self.distributions(params), strict=True)
        return [(weight, log, law) for weight, log, law in parts if np.any(weight > 0)]

    def _opened(self, law: Distribution) -> Distribution:
        """The law; of directions, with the distribution function from opposite 0 on for every component."""
        circle = law.family
        if not isinstance(circle, Circular):
            return law
        return cut_open(circle, law.in_order, -0.5 * circle.period)

    def _mixed(self, params: Sequence[Any], value: Callable[[Distribution], Any]) -> Array:
        return np.asarray(sum(weight * value(law) for weight, _, law in self._present(params)))

    def _log_mixed(self, params: Sequence[Any], value: Callable[[Distribution], Any]) -> Array:
        return log_sum(np.array(np.broadcast_arrays(*(log + value(law) for _, log, law in self._present(params)))))

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return self._mixed(params, lambda law: self._opened(law).cdf(x))

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return self._mixed(params, lambda law: self._opened(law).sf(x))

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._log_mixed(params, lambda law: self._opened(law).logcdf(x))

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._log_mixed(params, lambda law: self._opened(law).logsf(x))

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile: it lies between those of the components, and is found there by bisection."""
        ends = np.broadcast_arrays(*(self._opened(law).ppf(p) for *_, law in self._present(params)))
        return _bisected(p, ends, lambda x: self.cdf(x, *params), rising=True, discrete=self.discrete)

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        ends = np.broadcast_arrays(*(self._opened(law).isf(p) for *_, law in self._present(params)))
        return _bisected(p, ends, lambda x: self.sf(x, *params), rising=False, discrete=self.discrete)

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


def _bisected(
    p: Array, ends: Sequence[Array], reached: Callable[[Array], Array], *, rising: bool, discrete: bool
) -> Array:
    """Quantiles of a mixture, between those of its components."""
    p = np.asarray(p, dtype=float)
    low, high = np.min(ends, axis=0), np.max(ends, axis=0)
    if discrete:
        low = low - 1.0
    with np.errstate(invalid="ignore"):
        for _ in range(_BISECTIONS):
            middle = np.floor(0.5 * (low + high)) if discrete else 0.5 * (low + high)
            inside = (low < middle) & (middle < high) & np.isfinite(low) & np.isfinite(high)
            if not np.any(inside):
                break
            enough = reached(middle) >= p if rising else reached(middle) <= p
            high = np.where(inside & enough, middle, high)
            low = np.where(inside & ~enough, middle, low)
    # An end of the law may be infinite, and is then out of reach of halving.
    return np.asarray(np.where(p == (0.0 if rising else 1.0), np.min(ends, axis=0), high))


def second_order(
    joint: Array,
    slopes_of: Sequence[Sequence[Array]],
    bends_of: Sequence[Sequence[Array]],
    weight: Array | None,
    weights: Sequence[float],
    owner: NDArray[np.intp],
    place: NDArray[np.intp],
) -> list[float]:
    """Sums of the log of a sum over the components, its derivatives and its second ones, from those of the logs.

    With the derivatives s and the second derivatives h of a component, and its share r of a row, those of the sum
    are the sums over the components of r s and of r (h + s s'), less the product of the former with itself. A
    weight has the derivative 1/w, and no second ones of its term itself. Of every weight and its component's
    parameters, one by one, ``owner`` is the component, and ``place`` that in the parameters of the mixture.
    """
    total = log_sum(joint)
    share = np.exp(joint - total)
    slopes, bends = np.empty((len(owner), len(total))), np.zeros((len(owner), len(owner)))
    row = 0
    for j, own_slopes in enumerate(slopes_of):
        held = share[j] if weight is None else share[j] * weight
        seen = None if share[j].all() else share[j] > 0  # elsewhere its derivatives may not exist
        slopes[row] = 1.0 / weights[j]
        bends[row, row] = -np.sum(held) / weights[j] ** 2  # so that h + s s' is 0
        own = range(row + 1, row + 1 + len(own_slopes))
        for a, slope in zip(own, own_slopes, strict=True):
            slopes[a] = slope if seen is None else np.where(seen, slope, 0.0)
        pairs = combinations_with_replacement(own, 2)
        for (a, b), bend in zip(pairs, bends_of[j], strict=True):
            term = held * bend
            bends[a, b] = bends[b, a] = np.sum(term if seen is None else np.where(seen, term, 0.0))
        row = own.stop
    score = slopes * share[owner]
    weighed = score if weight is None else score * weight
    bends += np.where(owner[:, None] == owner, weighed @ slopes.T, 0.0) - weighed @ score.T
    value = np.sum(total if weight is None else total * weight)
    size = int(place.max()) + 1
    gathered = np.zeros((size, len(owner)))
    gathered[place, range(len(owner))] = 1.0
    second = gathered @ bends @ gathered.T
    score_sums = gathered @ np.sum(weighed, axis=1)
    return [float(value), *score_sums.tolist(), *second[np.triu_indices(size)].tolist()]
