"""The sums over groups that a fit of all of them needs, each kind from what the groups are.

Means of the log-density and of its derivatives by the parameters, with parameters of their own for every group: of
rows by NumPy, by a compiled twin of the law, of the statistics of an exponential family, or of intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.groups import Groups, rows_of_groups
from mle_toolkit.families.base import Family
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import needed
from mle_toolkit.families.mass import mass_expansion
from mle_toolkit.likelihood.kernels import of_steps, uniform
from mle_toolkit.likelihood.unit import GroupUnits
from mle_toolkit.numerics.differences import STEP_OF_SCORE, STEP_OF_VALUE, second_by_scores

_LOOKED_AT, _ALIKE = 2_000, 0.8
"""Intervals among which those that are alike are counted, and the share of different ones below which all are sorted to
have each once."""


class GroupSums(Protocol):
    """What the groups are, for means of the log-density and of its derivatives by parameters."""

    @property
    def step(self) -> float:
        """Of differences of scores: of second order on scores of rows, of fourth on means."""
        ...

    @property
    def by_differences(self) -> bool:
        """Whether second derivatives are differences of scores."""
        ...

    @property
    def log_base(self) -> Array | float:
        """Mean log-density less what `expansion` gives."""
        ...

    def expansion(self, theta: Array) -> tuple[Array, Array, Array | None]:
        """Means: log-density, -inf where it does not exist, score, and second derivatives or None.

        Shapes (n,), (n, p) and (n, p, p).
        """
        ...

    def score(self, theta: Array) -> Array:
        """Mean score of each group; shape (n, p)."""
        ...

    def take(self, chosen: NDArray[np.intp]) -> GroupSums:
        """Some of the groups."""
        ...


@dataclass(frozen=True)
class RowSums:
    """Sums over the rows of groups, with parameters repeated for every row."""

    family: Family
    groups: Groups
    step: float = STEP_OF_SCORE
    log_base: float = 0.0

    @property
    def by_differences(self) -> bool:
        """Whether the law has no second derivatives."""
        return self.family.hessian is None

    @cached_property
    def _law(self) -> Family:
        """The law of these rows."""
        return self.family.given(self.groups.known)

    def _params(self, theta: Array) -> tuple[Array, ...]:
        return tuple(np.repeat(theta[:, k], self.groups.counts) for k in range(theta.shape[1]))

    def expansion(self, theta: Array) -> tuple[Array, Array, Array | None]:
        """Means of rows: log-density, score, and second derivatives where the law has them."""
        law, x, params = self._law, self.groups.x, self._params(theta)
        known = law.expansion(x, *params) if law.dear_slopes and law.expansion is not None else None
        if known is not None:
            means = [self.groups.means(np.broadcast_to(v, x.shape)) for v in (known[0], *known[1], *known[2])]
            score = np.stack(means[1 : 1 + theta.shape[1]], axis=1)
            bends = symmetric(means[1 + theta.shape[1] :], theta.shape[1])
            return np.where(means[0] < np.inf, means[0], -np.inf), score, bends
        value = self.groups.means(law.logpdf(x, *params))
        second = None if law.hessian is None else [self.groups.means(v) for v in law.hessian(x, *params)]
        return (
            np.where(value < np.inf, value, -np.inf),
            self.score(theta),
            None if second is None else symmetric(second, theta.shape[1]),
        )

    def score(self, theta: Array) -> Array:
        """Mean score of each group; shape (n, p)."""
        values = needed(self._law, self._law.score, "score")(self.groups.x, *self._params(theta))
        return np.stack([self.groups.means(v) for v in values], axis=1)

    def take(self, chosen: NDArray[np.intp]) -> RowSums:
        """Some of the groups."""
        return self if len(chosen) == len(self.groups) else replace(self, groups=self.groups.take(chosen))


@dataclass(frozen=True)
class CompiledSums:
    """Sums over the rows of groups by the compiled twin of a law."""

    family: Family
    twin: ModuleType
    groups: Groups
    chosen: NDArray[np.intp]
    centre: Array
    inverse: Array
    nobs: Array
    step: float = STEP_OF_SCORE
    log_base: float = 0.0
    by_differences: bool = False

    @classmethod
    def of(cls, family: Family, twin: ModuleType, groups: Groups, units: GroupUnits) -> CompiledSums:
        """All groups, each in its unit."""
        return cls(family, twin, groups, np.arange(len(groups)), units.centre, 1.0 / units.scale, groups.nobs)

    @property
    def compiled_steps(self) -> ModuleType:
        """What is made of the sums, compiled too: `mle_toolkit.likelihood.kernels.steps`."""
        return of_steps()

    def terms(self, theta: Array) -> Array:
        """Sums over rows: log-density, score, and second derivatives, upper triangle row by row; a row a group."""
        groups, (n, p), law = self.groups, theta.shape, self.family
        weight = None if groups.weight is None else uniform(groups.weight)
        rows = uniform(groups.x), weight, groups.offsets, self.chosen, self.centre, self.inverse
        if hasattr(self.twin, "group_terms"):
            terms = np.empty((n, 1 + p + p * (p + 1) // 2))
            self.twin.group_terms(*rows, self.nobs, theta, terms)
            return terms
        derivatives = needed(law, law.derivatives, "derivatives")
        sums = np.empty((n, self.twin.GROUP_SUMS))
        self.twin.group_sums(*rows, theta, sums)
        of_each = derivatives(self.nobs, np.ascontiguousarray(sums.T), *np.ascontiguousarray(theta.T))
        return np.stack(of_each, axis=1)

    def expansion(self, theta: Array) -> tuple[Array, Array, Array | None]:
        """Means of rows: log-density, score and second derivatives."""
        p = theta.shape[1]
        means = (self.terms(theta) / self.nobs[:, None]).T
        return np.where(means[0] < np.inf, means[0], -np.inf), means[1 : 1 + p].T, symmetric(means[1 + p :], p)

    def score(self, theta: Array) -> Array:
        """Mean score of each group; shape (n, p)."""
        return self.expansion(theta)[1]

    def take(self, chosen: NDArray[np.intp]) -> CompiledSums:
        """Some of the groups."""
        if len(chosen) == len(self.chosen):
            return self
        own = {name: getattr(self, name)[chosen] for name in ("chosen", "centre", "inverse", "nobs")}
        return replace(self, **own)


@dataclass(frozen=True)
class MeanSums:
    """What an exponential family needs of groups: the means of its statistics."""

    family: ExponentialFamily
    means: tuple[Array, ...]
    log_base: Array
    step: float = STEP_OF_VALUE
    by_differences: bool = True

    @classmethod
    def of(cls, family: ExponentialFamily, groups: Groups) -> MeanSums:
        """Take the means of groups."""
        log_base = family.log_base
        each = [[part.means(t) for t in family.statistics(part.x)] for part in groups.parts()]
        base = [np.zeros(len(part)) if log_base is None else part.means(log_base(part.x)) for part in groups.parts()]
        return cls(family, tuple(map(np.concatenate, zip(*each, strict=True))), np.concatenate(base))

    def expansion(self, theta: Array) -> tuple[Array, Array, Array | None]:
        """Mean log-density of each group, without the part that has no parameters, and score."""
        value = np.asarray(self.family.log_density(self.means, *theta.T))
        return np.where(value < np.inf, value, -np.inf), self.score(theta), None

    def score(self, theta: Array) -> Array:
        """Mean score of each group; shape (n, p)."""
        values = self.family.score_of(self.means, *theta.T)
        return np.stack([np.broadcast_to(v, len(theta)) for v in values], axis=1)

    def take(self, chosen: NDArray[np.intp]) -> MeanSums:
        """Some of the groups."""
        if len(chosen) == len(self.log_base):
            return self
        return replace(self, means=tuple(t[chosen] for t in self.means), log_base=self.log_base[chosen])


@dataclass(frozen=True)
class _Kind:
    """Points, or intervals of one kind, sorted by group; a group may have none."""

    lower: Array
    upper: Array
    weight: Array
    offsets: NDArray[np.intp]

    @classmethod
    def of(cls, groups: Groups, rows: Mask, lower: Array, upper: Array, weight: Array) -> _Kind:
        """Those of some rows; where many are alike, as those of rounded data, each of them once in a group."""
        ids, lower, upper, weight = groups.ids[rows], lower[rows], upper[rows], weight[rows]
        few = slice(0, _LOOKED_AT)
        if len(np.unique(np.stack([ids[few], lower[few], upper[few]]), axis=1).T) < _ALIKE * len(ids[few]):
            order = np.lexsort((upper, lower, ids))
            keys = np.stack([ids[order], lower[order], upper[order]])
            first = np.flatnonzero(np.append(True, np.any(keys[:, 1:] != keys[:, :-1], axis=0)))
            ids, lower, upper = ids[order][first], keys[1, first], keys[2, first]
            weight = np.add.reduceat(weight[order], first)
        counts = np.bincount(ids, minlength=len(groups))
        return cls(lower, upper, weight, np.concatenate([[0], np.cumsum(counts)]))

    @property
    def counts(self) -> NDArray[np.intp]:
        """Rows of each group."""
        return np.diff(self.offsets)

    def sums(self, rows: Any) -> Array:
        """Weighted sums of values of rows, by group; shape (n_values, n_groups)."""
        ids = np.repeat(np.arange(len(self.offsets) - 1), self.counts)
        values = (np.broadcast_to(np.asarray(v, dtype=float), len(self.lower)) for v in rows)
        return np.array([np.bincount(ids, self.weight * v, len(self.offsets) - 1) for v in values], dtype=float)

    def take(self, chosen: NDArray[np.intp]) -> _Kind:
        """Those of some groups."""
        rows, offsets = rows_of_groups(self.offsets, chosen)
        return _Kind(self.lower[rows], self.upper[rows], self.weight[rows], offsets)


@dataclass(frozen=True)
class IntervalSums:
    """Sums over points and intervals, seen through windows, with parameters repeated for every row."""

    family: Family
    points: _Kind
    masses: tuple[_Kind, ...]
    nobs: Array
    n_exact: Array
    step: float = STEP_OF_SCORE
    log_base: float = 0.0
    by_differences: bool = False

    @classmethod
    def of(cls, family: Family, groups: Groups, ends: tuple[Array, ...], units: GroupUnits) -> IntervalSums:
        """All groups, each in its unit: the lower and upper ends of rows, and those of their windows."""
        weight = np.ones(len(groups.x)) if groups.weight is None else groups.weight
        lower, upper, low, high = (units.apply(groups, end) for end in ends)
        exact = lower == upper
        windowed = (low > -np.inf) | (high < np.inf)
        kinds: list[_Kind] = []
        for here, a, b, signed in ((~exact, lower, upper, weight), (windowed, low, high, -weight)):
            above, below = np.isposinf(b), np.isneginf(a)
            each = (here & above, here & below & ~above, here & ~above & ~below)
            kinds += [_Kind.of(groups, rows, a, b, signed) for rows in each if rows.any()]
        points = _Kind.of(groups, exact, lower, upper, weight)
        return cls(family, points, tuple(kinds), groups.nobs, groups.sums(weight * exact))

    def expansion(self, theta: Array) -> tuple[Array, Array, Array | None]:
        """Means: log-density or log-probability, score, and second derivatives."""
        law, p = self.family, theta.shape[1]
        params, steps = self._repeated(self.points, theta)
        z, score = self.points.lower, needed(law, law.score, "score")
        bends = (
            second_by_scores(lambda at: score(z, *at), params, steps(STEP_OF_SCORE))
            if law.hessian is None
            else law.hessian(z, *params)
        )
        total = self.points.sums([law.logpdf(z, *params), *score(z, *params), *bends])
        for kind in self.masses:
            params, steps = self._repeated(kind, theta)
            value, slopes, bends = mass_expansion(law, params, steps, kind.lower, kind.upper)
            total += kind.sums([value, *slopes, *bends])
        means = total / self.nobs
        return np.where(means[0] < np.inf, means[0], -np.inf), means[1 : 1 + p].T, symmetric(list(means[1 + p :]), p)

    def score(self, theta: Array) -> Array:
        """Mean score of each group; shape (n, p)."""
        return self.expansion(theta)[1]

    def take(self, chosen: NDArray[np.intp]) -> IntervalSums:
        """Some of the groups."""
        if len(chosen) == len(self.nobs):
            return self
        masses = tuple(kind.take(chosen) for kind in self.masses)
        return replace(
            self, points=self.points.take(chosen), masses=masses, nobs=self.nobs[chosen], n_exact=self.n_exact[chosen]
        )

    def _repeated(self, kind: _Kind, theta: Array) -> tuple[tuple[Array, ...], Callable[[float], list[Array]]]:
        """The parameters of every row, and the steps of differences by them from their size in natural changes."""
        params = tuple(np.repeat(theta[:, k], kind.counts) for k in range(theta.shape[1]))
        scale = next((v for role, v in zip(self.family.roles, params, strict=True) if role == "scale"), 1.0)
        natural = []
        for parameter, value in zip(self.family.parameters, params, strict=True):
            low, high = parameter.interval.lower, parameter.interval.upper
            if parameter.interval.is_line:
                natural.append(scale * np.ones_like(value) if parameter.role == "location" else np.ones_like(value))
            else:
                natural.append(np.minimum(np.abs(value - low), np.abs(high - value)))
        return params, lambda size: [size * change for change in natural]


def symmetric(upper: Sequence[Array] | Array, p: int) -> Array:
    """Symmetric matrices, shape (n, p, p) with n as the last in memory, from their upper triangles row by row."""
    matrix = np.empty((p, p, len(upper[0])))
    places = [(j, k) for j in range(p) for k in range(j, p)]
    for (j, k), values in zip(places, upper, strict=True):
        matrix[j, k] = matrix[k, j] = values
    return matrix.transpose(2, 0, 1)
