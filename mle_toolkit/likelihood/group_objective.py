"""The likelihood of many groups, each a function of coordinates of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.groups import Groups
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Interval, Line
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.likelihood.group_sums import CompiledSums, GroupSums, IntervalSums, MeanSums, RowSums
from mle_toolkit.likelihood.unit import GroupUnits
from mle_toolkit.numerics.differences import STEP_OF_SCORE, derivatives_of_each
from mle_toolkit.numerics.walks import Advance, advance


class Expansion(NamedTuple):
    """Values of groups, gradients and Hessians: shapes (n,), (n, p) and (n, p, p)."""

    value: Array
    gradient: Array
    hessian: Array

    def take(self, chosen: Any) -> Expansion:
        """Those of some groups."""
        return self if len(chosen) == len(self.value) else Expansion(*(part[chosen] for part in self))


@dataclass(frozen=True)
class GroupObjective:
    """Mean negative log-likelihood of every group per observation, as a function of its coordinates ``u``.

    It is to many groups what `Objective` is to one sample. Coordinates have shape (n_groups, p).

    Attributes
    ----------
    family : Family
        With parameters that are numbers.
    sums : GroupSums
        Of the rows, in the units.
    units : GroupUnits
    nobs, n_exact : ndarray of shape (n_groups,)
        Number of observations, and of those that are no intervals.
    """

    family: Family
    sums: GroupSums
    units: GroupUnits
    nobs: Array
    n_exact: Array

    @classmethod
    def of(cls, family: Family, groups: Groups, twin: ModuleType | None) -> GroupObjective:
        """That of all groups, each in its unit; with the compiled twin of the law where there is one."""
        units, nobs = GroupUnits.of(family, groups), groups.nobs
        if groups.ends is not None:
            of_intervals = IntervalSums.of(family, groups, groups.ends, units)
            return cls(family, of_intervals, units, nobs, of_intervals.n_exact)
        if twin is not None:
            return cls(family, CompiledSums.of(family, twin, groups, units), units, nobs, nobs)
        rows = RowSums(family, Groups(units.apply(groups, groups.x), groups.weight, groups.offsets, groups.known))
        sums = MeanSums.of(family, rows.groups) if isinstance(family, ExponentialFamily) else rows
        return cls(family, sums, units, nobs, nobs)

    @cached_property
    def domains(self) -> list[Interval]:
        """Where each parameter lies; a shape on the whole line is climbed by its size, as it may run off."""
        return [Line() if p.role == "shape" and p.interval.is_line else p.interval for p in self.family.parameters]

    @cached_property
    def _ends(self) -> Array:
        """The ends of these, and whether each is climbed by its size; shape (3, p)."""
        return np.array([(d.lower, d.upper, isinstance(d, Line)) for d in self.domains], dtype=float).T

    @property
    def is_rounded(self) -> bool:
        """Whether second derivatives are differences of scores of rows, which are good to about 1e-8."""
        sums = self.sums
        return isinstance(sums, IntervalSums) or (sums.by_differences and sums.step == STEP_OF_SCORE)

    def take(self, chosen: NDArray[np.intp]) -> GroupObjective:
        """That of some groups."""
        if len(chosen) == len(self.nobs):
            return self
        units = self.units.take(chosen)
        return GroupObjective(self.family, self.sums.take(chosen), units, self.nobs[chosen], self.n_exact[chosen])

    def to_theta(self, u: Array) -> Array:
        """All parameters, from the coordinates."""
        return np.stack([d.from_real(u[:, k]) for k, d in enumerate(self.domains)], axis=1)

    def from_theta(self, theta: Any) -> Array:
        """The coordinates, from the parameters of one law, shape (p,); or from those of each group, shape (n, p)."""
        return np.stack([d.to_real(np.asarray(t)) for d, t in zip(self.domains, theta, strict=True)], axis=-1)

    def slopes_and_bends(self, u: Array) -> tuple[Array, Array]:
        """First and second derivatives of each parameter by its coordinate; shape (n, p)."""
        each = [d.slopes_and_bends(u[:, k]) for k, d in enumerate(self.domains)]
        slopes, bends = (np.stack(parts).T for parts in zip(*each, strict=True))  # groups last in memory
        return slopes, bends

    @property
    def advance(self) -> Advance:
        """What takes walks from one place to the next."""
        compiled: Advance | None = self.sums.compiled_steps.advance if isinstance(self.sums, CompiledSums) else None
        return compiled or advance

    @property
    def spectra(self) -> Callable[[Array], tuple[Array, Array]]:
        """What finds the eigenvalues and the eigenvectors of symmetric matrices."""
        if isinstance(self.sums, CompiledSums):
            compiled: Callable[[Array], tuple[Array, Array]] = self.sums.compiled_steps.spectra
            return compiled
        return np.linalg.eigh

    def _compiled_expansion(self, sums: CompiledSums, u: Array) -> Expansion:
        """Those of rows by a compiled twin of the law, from its sums in one pass over the groups."""
        n, p = u.shape
        theta, slopes, bends = np.empty((3, n, p))
        filled = Expansion(np.empty(n), np.empty((n, p)), np.empty((n, p, p)))
        steps = sums.compiled_steps
        steps.inward(u, self._ends, theta, slopes, bends)
        steps.expand(sums.terms(theta), sums.nobs, slopes, bends, *filled)
        return filled

    def expansion(self, u: Array) -> Expansion:
        """Values, gradients and Hessians."""
        if isinstance(self.sums, CompiledSums):
            return self._compiled_expansion(self.sums, u)
        slopes, bends = self.slopes_and_bends(u)
        value, score, second = self.sums.expansion(self.to_theta(u))
        if second is None:
            return Expansion(-value, -score * slopes, self.hessian_by_differences(u, np.ones_like(u)))
        second *= slopes[:, :, None]  # it is nobody else's
        second *= slopes[:, None, :]
        for k in range(len(self.domains)):
            second[:, k, k] += score[:, k] * bends[:, k]
        return Expansion(-value, -score * slopes, np.negative(second, out=second))

    def hessian_by_differences(self, u: Array, reach: Array) -> Array:
        """Hessians, where the law does not give its own.

        ``reach``, of the shape of ``u``, is how far each coordinate moves one observation's worth; 1 at most.
        """

        def gradient(v: Array) -> Array:
            return -self.sums.score(self.to_theta(v)) * self.slopes_and_bends(v)[0]

        fourth = self.sums.step > STEP_OF_SCORE
        hessian = derivatives_of_each(gradient, u, self.sums.step * reach, fourth=fourth)
        return np.asarray(0.5 * (hessian + hessian.transpose(0, 2, 1)))

    def loglik(self, value: Array) -> Array:
        """Log-likelihoods in the unit of the data, from values."""
        jacobian = self.units.log_jacobian(self.family)
        return np.asarray(self.nobs * (self.sums.log_base - value) + self.n_exact * jacobian)

    def natural(self, theta: Array) -> Array:
        """Natural change of each coordinate, of the shape of theta: the scale for a location, where it is above 1."""
        natural = np.ones_like(theta)
        if "scale" in self.family.roles:
            scale = theta[:, [self.family.roles.index("scale")]]
            natural[:, [role == "location" for role in self.family.roles]] = np.maximum(scale, 1.0)
        return natural
