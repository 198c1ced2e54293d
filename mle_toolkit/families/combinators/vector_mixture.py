"""Mixtures of laws of vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, NoMaximumError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.mixed import log_sum
from mle_toolkit.families.combinators.parts import Combined
from mle_toolkit.families.domain import Domain, Simplex, Stack
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import Score, made_with, needed
from mle_toolkit.families.multivariate_t import MultivariateT
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.options import whole

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_SEED = 20_240_229
"""Of the random starts, so that a fit is the same each time."""

_RANDOM_STARTS = 10
_LLOYD_STEPS = 10
_SHORT, _LONG = 40, 400
"""Steps of EM from each start, and from those that are kept."""

_KEPT = 3
_ENOUGH = 1e-9
"""Gain of a step of EM, in nats per observation, from which Newton's method is left to go on."""

_DIFFERENT = 1e-4
"""Difference of the mean log-likelihoods, in nats per observation, of starts that count as different."""

_SOFT = 0.05
"""Share of each observation that a hard partition leaves to all components."""


class VectorMixture(Combined):
    r"""A mixture of ``k`` laws of vectors of one family, with unknown weights.

    .. math:: f(x) = \sum_j w_j f(x; \theta_j), \qquad w_j \ge 0, \quad \sum_j w_j = 1

    Parameters
    ----------
    law : ExponentialFamily or MultivariateT
        Of vectors; each of its parameters has one value per component, along a new first axis.
    k : int

    Notes
    -----
    Source: McLachlan & Peel (2000), Finite Mixture Models, ch. 3. Route to the maximum: the EM algorithm from
    partitions by k-means with a fixed seed, and along every column; from the best of the ends Newton's method.
    The likelihood of continuous laws is unbounded, as a component shrinks onto a few observations; the estimate is the
    best local maximum none of whose components has hardly more rows than dimensions.
    """

    kind = "vector_mixture"
    takes = {"k": int}  # noqa: RUF012
    multivariate = True

    def __init__(self, law: ExponentialFamily | MultivariateT, k: int) -> None:
        self.law, self.k = law, k
        self.name = f"mixture of {k} {law.name}"
        self.support = law.support
        self.constants = {}
        self.dimension = law.constants["dimension"]
        weights = Parameter("weights", Simplex(k), typical=(0.2, 0.8))
        stacked = (Parameter(p.name, _stack((p.domain,) * k), p.typical, p.role) for p in law.parameters)
        self.parameters = (weights, *stacked)
        self.score, self.mean = made_with(self._score, law.score), made_with(self._mean, law.mean)
        self.cov, self.rvs = made_with(self._cov, law.mean, law.cov), made_with(self._rvs, law.rvs)

    def resolve(self, sample: Sample) -> Family:
        """Take the dimension from the data."""
        return vector_mixture(self.law.resolve(sample), self.k, ())

    def resolve_params(self, params: Mapping[str, Any]) -> Family:
        """Take the dimension from the parameters."""
        first = {name: np.asarray(params[name])[0] for name in self.law.param_names if np.ndim(params.get(name, 0.0))}
        return vector_mixture(self.law.resolve_params(first), self.k, ())

    def strata(self, sample: Sample) -> tuple[Array, ...]:
        """What the law of a row is given, as for one component."""
        return self.law.strata(sample)

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The law of the components, and how many there are."""
        return (self.law,), {"k": self.k}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return vector_mixture(parts[0], others["k"], ())

    # --- the law ------------------------------------------------------------------------------------------------------

    def split(self, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Parameters of each component."""
        return [tuple(value[j] for value in params[1:]) for j in range(self.k)]

    def _log_joint(self, x: Array, params: Sequence[Any]) -> Array:
        """Log of weight times density of each component; shape (k, n)."""
        with np.errstate(all="ignore"):
            pairs = zip(params[0], self.split(params), strict=True)
            return np.array([np.log(weight) + self.law.logpdf(x, *own) for weight, own in pairs])

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        return log_sum(self._log_joint(x, params))

    def _score(self, of_law: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by every number: those of the components, weighted by their shares of x."""
        joint = self._log_joint(x, params)
        share = np.exp(joint - log_sum(joint))
        by_weight = list(share / np.asarray(params[0])[:, None])
        own = [[w * s for s in of_law(x, *p)] for w, p in zip(share, self.split(params), strict=True)]
        slopes: list[Array] = by_weight
        first = 0
        for p in self.law.parameters:
            slopes += [s for scores in own for s in scores[first : first + p.size]]
            first += p.size
        return tuple(slopes)

    def _mean(self, of_law: Callable[..., Array], *params: Any) -> Array:
        """Expected value."""
        return np.asarray(np.asarray(params[0]) @ np.array([of_law(*own) for own in self.split(params)]))

    def _cov(self, mean: Callable[..., Array], cov: Callable[..., Array], *params: Any) -> Array:
        """Covariance matrix: the mean one within the components, and that of their means."""
        away = np.array([mean(*own) for own in self.split(params)]) - self._mean(mean, *params)
        within = [cov(*own) for own in self.split(params)]
        between = away[:, :, None] * away[:, None, :]
        return np.asarray(np.tensordot(np.asarray(params[0]), np.array(within) + between, 1))

    def _rvs(self, of_law: Callable[..., Array], *params: Any, size: Any, rng: np.random.Generator) -> Array:
        """Draw vectors: first the component, then the row."""
        which = rng.choice(self.k, size=size, p=np.asarray(params[0]) / np.sum(params[0]))
        x = np.empty((*which.shape, self.dimension))
        for j, own in enumerate(self.split(params)):
            x[which == j] = of_law(*own, size=int(np.sum(which == j)), rng=rng)
        return x

    # --- order, coordinates, what can go wrong ------------------------------------------------------------------------

    def arranged(self, *params: Any) -> tuple[Any, ...]:
        """Components in the order of the first number of their locations, or of their expected shares."""
        located = [np.asarray(v) for p, v in zip(self.parameters, params, strict=True) if p.role == "location"]
        places = located[0] if located else np.asarray(params[1]) / np.sum(params[1], axis=1, keepdims=True)
        order = np.argsort(places[:, 0], kind="stable")
        return tuple(np.asarray(value)[order] for value in params)

    def domains_at(self, *params: Any) -> tuple[Domain, ...]:
        """Coordinates that are natural for each component."""
        per_component = [self.law.domains_at(*own) for own in self.split(params)]
        stacks = (_stack(parts) for parts in zip(*per_component, strict=True))
        return (self.parameters[0].domain, *stacks)

    def check_support(self, sample: Sample) -> None:
        """Raise where one component would."""
        self.law.check_support(sample)

    def check(self, sample: Sample) -> None:
        """Raise where one component would, or where there are too few rows to tell components apart."""
        self.law.check(sample)
        needed = self.k * (sample.dimension + 1)
        if not self.discrete and sample.n_rows <= needed:
            raise DegenerateDataError(
                f"{self.name}: {sample.n_rows} observations of {sample.dimension} numbers cannot determine {self.k} "
                f"components; more than {needed} are needed."
            )

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why the likelihood is unbounded: a component can concentrate on a few observations; None for counts."""
        if self.discrete:
            return None
        return (
            f"a component that shrinks onto a few observations makes the likelihood of a mixture of {self.law.name} "
            f"laws as large as one likes; this is the best maximum found without such a spike"
        )

    def spurious(self, sample: Sample, *params: Any) -> bool:
        """Whether a component has hardly more rows to itself than there are dimensions."""
        if self.discrete:
            return False
        owner = np.argmax(self._log_joint(sample.x, params), axis=0)
        held = [len(np.unique(sample.x[owner == j], axis=0)) for j in range(self.k)]
        return min(held) <= sample.dimension + 1

    # --- the search ---------------------------------------------------------------------------------------------------

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The best ends of EM that are not spurious, from many partitions of the data."""
        ends = [self._em(sample, self._maximised(sample, shares, None), _SHORT) for shares in self._partitions(sample)]
        good = [end for end in ends if end is not None and not self.spurious(sample, *end[1])]
        kept: list[tuple[float, tuple[Any, ...]]] = []
        for value, params in sorted(good, key=lambda end: -end[0]):
            if len(kept) < _KEPT and not any(abs(value - other) < _DIFFERENT for other, _ in kept):
                kept.append((value, params))
        longer = [self._em(sample, params, _LONG) for _, params in kept]
        good = [end for end in longer if end is not None and not self.spurious(sample, *end[1])]
        if not good:
            raise NoMaximumError(
                f"{self.name}: every search ended in a component on hardly more rows than there are dimensions. Use "
                f"fewer components."
            )
        return [self.arranged(*params) for _, params in sorted(good, key=lambda end: -end[0])]

    def _partitions(self, sample: Sample) -> list[Array]:
        """Shares of every observation in every component, each of shape (k, n), from which EM starts."""
        x = sample.x
        rng = np.random.default_rng(_SEED)
        labels: list[Any] = [np.argsort(np.argsort(column, kind="stable")) * self.k // len(x) for column in x.T]
        spread = np.std(x, axis=0)
        z = x / np.where(spread > 0, spread, 1.0)
        labels += [_k_means(z, self.k, rng) for _ in range(_RANDOM_STARTS)]
        return [(1 - _SOFT) * (label == np.arange(self.k)[:, None]) + _SOFT / self.k for label in labels]

    def _maximised(self, sample: Sample, shares: Array, near: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        """The M step: fit each component to its share of the data; None where one has no maximum."""
        weight = shares if sample.weight is None else shares * sample.weight
        mass = np.sum(weight, axis=1)
        before = [None] * self.k if near is None else self.split(near)
        try:
            parts = [self._component(sample, weight[j], before[j]) for j in range(self.k)]
        except (NoMaximumError, np.linalg.LinAlgError):
            return None
        columns = (np.array(column) for column in zip(*parts, strict=True))
        return (mass / np.sum(mass), *columns)

    def _component(self, sample: Sample, weight: Array, near: tuple[Any, ...] | None) -> tuple[Any, ...]:
        law = self.law
        if isinstance(law, MultivariateT):
            own = sample.with_values(sample.x, weight)
            return law.improved(own, *(law.start(own.sketch())[0] if near is None else near))
        from_means = needed(law, law.from_means, "from_means")
        return from_means(tuple(total / np.sum(weight) for total in law.sums(sample.x, weight)))

    def _em(self, sample: Sample, params: tuple[Any, ...] | None, steps: int) -> tuple[float, tuple[Any, ...]] | None:
        """Steps of EM; the mean log-likelihood and the parameters at the end, None where a component is lost."""
        best: tuple[float, tuple[Any, ...]] | None = None
        for _ in range(steps):
            if params is None:
                return None
            joint = self._log_joint(sample.x, params)
            total = log_sum(joint)
            value = float(np.sum(total if sample.weight is None else total * sample.weight)) / sample.nobs
            if not np.isfinite(value):
                return None
            small = best is not None and value - best[0] < _ENOUGH
            if best is None or value > best[0]:
                best = (value, params)
            if small:
                break
            params = self._maximised(sample, np.exp(joint - total), params)
        return best

    def __repr__(self) -> str:
        return f"mixture({self.law!r}, {self.k})"


def vector_mixture(law: Family, k: int | None, shared: Sequence[str]) -> Family:
    """A mixture of ``k`` laws of vectors; see `mle_toolkit.mixture`."""
    if k is None:
        raise ParameterError("mixture: say how many components, at least 2: mixture(family, k).")
    k = whole(k, "mixture: number of components", 2, 100)
    if len(shared):
        raise ParameterError("mixture: components that are laws of vectors share no parameters here.")
    if isinstance(law, MultivariateT) or (isinstance(law, ExponentialFamily) and law.from_means is not None):
        return VectorMixture(law, k)
    raise ParameterError(
        f"mixture: {law.name} is a law of vectors without a maximum from means of statistics, by which mixtures of "
        f"such laws are fitted: make it an ExponentialFamily with from_means."
    )


def _stack(domains: Sequence[Domain]) -> Stack:
    """Where a parameter of each component lives."""
    parts = tuple(domain for domain in domains if not isinstance(domain, Stack))
    if len(parts) < len(domains):
        raise ParameterError("mixture: a law whose parameters are those of components is no component of another.")
    return Stack(parts)


def _k_means(x: Array, k: int, rng: np.random.Generator) -> Any:
    """Labels of a few steps of Lloyd's algorithm from random rows."""
    centres = x[rng.choice(len(x), size=min(k, len(x)), replace=False)]
    label = np.zeros(len(x), dtype=int)
    for _ in range(_LLOYD_STEPS):
        label = np.argmin([np.sum(np.square(x - centre), axis=1) for centre in centres], axis=0)
        for j in range(len(centres)):
            if np.any(label == j):
                centres[j] = x[label == j].mean(axis=0)
    return label
