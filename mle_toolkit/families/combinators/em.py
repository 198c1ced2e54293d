"""The EM algorithm for mixtures of laws."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeGuard

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.rows import some_of
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import fitted
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.exponential_family import ExponentialFamily

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.distribution import Distribution

_INNER = 6
"""Quasi-Newton steps by which a component without a direct route is improved in a step of EM."""

_ENOUGH = 1e-7
"""Gain of a step of EM, in nats per observation, from which Newton's method is left to go on."""

_GROUPS = 1_000
"""Groups of neighbouring rows in which EM is begun where there are at least twice as many rows."""

_NEAR, _APPROACHING = 0.1, 0.9
"""Largest difference of log-densities at which EM is near an end that is known, and the factor by which a step must
lessen it for EM to be on the way there."""

_NOTHING = 1e-9
"""Share of the largest responsibility below which a row tells a component nothing."""


class EndOfEM(NamedTuple):
    """Where the EM algorithm ended: the mean log-likelihood, the parameters, the log-density of every row."""

    value: float
    params: tuple[Any, ...]
    rows: Array
    arrived: bool


class MixtureLike(Protocol):
    """What EM needs of a mixture."""

    components: tuple[Family, ...]
    of_one_law: bool
    support: Interval

    @property
    def discrete(self) -> bool: ...  # noqa: D102
    def split(self, params: Sequence[Any]) -> list[tuple[Any, ...]]: ...  # noqa: D102
    def join(self, weights: Array, parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]: ...  # noqa: D102
    def log_joint(self, x: Array, params: Sequence[Any]) -> Array: ...  # noqa: D102
    def distributions(self, params: Sequence[Any]) -> list[Distribution]: ...  # noqa: D102
    def partitions(self, sample: Sample) -> list[Array]: ...  # noqa: D102


class EM:
    """The EM algorithm for a mixture and a sample of points.

    Parameters
    ----------
    law : Mixture
    sample : Sample
    size : int
        Neighbouring rows that share their responsibilities: where these are the best for all of them together, the
        steps raise a lower bound of the likelihood (Verbeek, Nunnink & Vlassis 2006, Data Mining and Knowledge
        Discovery 13, 291-307). The components must then be exponential families.
    """

    def __init__(self, law: MixtureLike, sample: Sample, size: int = 1) -> None:
        self.law, self.sample, self.size = law, sample, size
        self.order = np.argsort(sample.x, kind="stable") if size > 1 else slice(None)
        self.firsts = np.arange(0, sample.n_rows, size)
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        self.weight = np.add.reduceat(weight[self.order], self.firsts)

    @classmethod
    def by_groups(cls, law: MixtureLike, sample: Sample) -> EM:
        """By so many groups that little is lost, where this saves work."""
        size = sample.n_rows // _GROUPS if all(_is_linear(c, law) for c in law.components) else 1
        return cls(law, sample, max(1, size))

    def gathered(self, values: Array) -> Array:
        """Means over the groups of what rows have, along the last axis."""
        if self.size == 1:
            return values
        weighed = values if self.sample.weight is None else values * self.sample.weight
        return np.asarray(np.add.reduceat(weighed[..., self.order], self.firsts, axis=-1) / self.weight)

    @cached_property
    def _statistics(self) -> list[tuple[Array, Any] | None]:
        """Of each component the means of its statistics by group, in rows, and of its base; None if they are no use."""
        found: list[tuple[Array, Any] | None] = []
        for component in self.law.components:
            if found and self.law.of_one_law:
                found.append(found[0])
            elif _is_linear(component, self.law):
                x = self.sample.x
                base = 0.0 if component.log_base is None else self.gathered(component.log_base(x))
                found.append((self.gathered(np.array(component.statistics(x))), base))
            else:
                found.append(None)
        return found

    def _log_joint(self, params: tuple[Any, ...]) -> Array:
        """Log of weight times density of each component in every group; shape (k, groups)."""
        if self.size == 1:
            return self.law.log_joint(self.sample.x, params)
        parts = self.law.split(params)
        means = [known for known in self._statistics if known is not None]  # all, where there are groups
        if self.law.of_one_law:
            joint = _density(self.law.components[0], means[0], np.array(parts).T[:, :, None])
        else:
            terms = zip(self.law.components, means, parts, strict=True)
            joint = np.array([_density(component, known, p) for component, known, p in terms])
        return np.asarray(joint + np.log(params[0])[:, None])

    def maximised(self, shares: Array, near: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        """The M step: fit each component to its share of the data; None where one has no maximum."""
        weight = shares * self.weight
        mass = weight.sum(axis=1)
        if not mass.min() > 0:
            return None
        before = None if near is None else self.law.split(near)
        parts = []
        for j, (component, known) in enumerate(zip(self.law.components, self._statistics, strict=True)):
            if known is None:
                params = self._fitted(component, weight[j], None if before is None else before[j])
            else:
                params = _from_means(component, known[0] @ weight[j] / mass[j])
            if params is None:
                return None
            parts.append(params)
        return self.law.join(mass / mass.sum(), parts)

    def _fitted(self, component: Family, weight: Array, near: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        x = self.sample.x
        rows = weight > _NOTHING * np.max(weight)
        if component.support != self.law.support:
            rows &= component.support.contains(x)
        if not rows.any():
            return None
        own = self.sample.with_values(x[rows], weight[rows], some_of(self.sample.known, rows))
        component = component.take(rows)
        return fitted(component, own) if near is None else fitted(component, own, near, _INNER)

    def climbed(self, params: tuple[Any, ...] | None, steps: int, known: Sequence[Array] = ()) -> EndOfEM | None:
        """Steps of EM; None where a component is lost, or where they lead to an end that is known.

        Ends are known by the log-density of every row. Within `_NEAR` of one, and approaching it, steps lead there.
        """
        best: EndOfEM | None = None
        away = math.inf
        with np.errstate(all="ignore"):
            for _ in range(steps):
                if params is None:
                    return best
                joint = self._log_joint(params)
                top = joint.max(axis=0)
                shares = np.exp(joint - top)
                whole = shares.sum(axis=0)
                rows = top + np.log(whole)
                shares /= whole
                value = float((rows * self.weight).sum()) / self.sample.nobs
                if not math.isfinite(value) or (best is not None and value < best.value):
                    return best
                arrived = best is not None and value - best.value < _ENOUGH
                best = EndOfEM(value, params, rows, arrived)
                if arrived:
                    return best
                if known:
                    before, away = away, min(float(np.abs(rows - other).max()) for other in known)
                    if away < _NEAR and away < _APPROACHING * before < math.inf:
                        return None
                params = self.maximised(shares, params)
        return best


def _density(component: Any, known: tuple[Array, Any], params: Any) -> Array:
    """Mean log-density of groups, from the means of the statistics and of the base."""
    statistics, base = known
    return np.asarray(component.log_density(tuple(statistics), *params) + base)


def _from_means(component: Any, means: Array) -> tuple[Any, ...] | None:
    """Maximum for means of statistics; None where there is none."""
    with np.errstate(all="ignore"), contextlib.suppress(NoMaximumError, ArithmeticError):
        params: tuple[Any, ...] = tuple(component.from_means(tuple(means.tolist())))
        return params if all(map(math.isfinite, params)) else None
    return None


def _is_linear(component: Family, law: MixtureLike) -> TypeGuard[ExponentialFamily]:
    """Whether means of statistics give the maximum of a component."""
    return (
        isinstance(component, ExponentialFamily)
        and component.from_means is not None
        and not component.with_ends
        and not component.per_row
        and component.support == law.support
    )
