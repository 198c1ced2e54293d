"""Many groups in the parameters in which their law is maximised, and the way back to those declared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.groups import Groups
from mle_toolkit.families.base import Family
from mle_toolkit.families.relations import Chart
from mle_toolkit.likelihood.unit import GroupUnits

_LEAST = 1e-140
"""Size of a scale, for rows whose median is near 1, below which a maximum is left to the ordinary fit."""


@dataclass(frozen=True)
class ChartedGroups:
    """The law that is maximised of many groups, and their rows as it takes them.

    Attributes
    ----------
    family : Family
        As it is declared.
    law : Family
        That of its chart; the family itself where that has none for groups.
    groups : Groups
        The rows that follow this law: those given, or their logs, each group's in a unit of its own.
    units : GroupUnits
        Of these logs.
    chart : Chart or None
        None where law and rows are those declared.
    """

    family: Family
    law: Family
    groups: Groups
    units: GroupUnits
    chart: Chart | None

    @classmethod
    def of(cls, family: Family, groups: Groups) -> ChartedGroups:
        """The groups of a family; rows of which there is no log are NaN, or infinite."""
        n, chart = len(groups), family.chart
        same = GroupUnits(np.zeros(n), np.ones(n))
        if chart is None or chart.of_groups is None:
            return cls(family, family, groups, same, None)
        if not chart.on_logs:
            return cls(family, chart.of_groups, groups, same, chart)
        units = GroupUnits.of(family, groups)
        with np.errstate(all="ignore"):
            logs = np.log(units.apply(groups, groups.x))
        return cls(family, chart.of_groups, Groups(logs, groups.weight, groups.offsets, groups.known), units, chart)

    @property
    def log_jacobian(self) -> Array:
        """Log-likelihood of the rows declared less that of the rows here; shape (n_groups,)."""
        nothing = np.zeros(len(self.groups))
        if self.chart is None or not self.chart.on_logs:
            return nothing
        nobs = self.groups.nobs
        return np.asarray(nobs * (self.units.log_jacobian(self.family) - self.groups.means(self.groups.x)))

    def to_declared(self, theta: Array, chosen: NDArray[np.intp]) -> Array:
        """Parameters as they are declared of some groups, from those of the law here; both of shape (n, p).

        NaN where a scale leaves the numbers that can be squared, as beside a law that the chart passes through: the
        ordinary fit decides which of the two is reported.
        """
        if self.chart is None or len(theta) == 0:
            return theta
        with np.errstate(all="ignore"):
            declared = np.stack(self.chart.outward(*theta.T), axis=1)
            size = np.abs(declared[:, [role == "scale" for role in self.family.roles]])
            declared[~np.all((size > _LEAST) & (size < 1.0 / _LEAST), axis=1)] = np.nan
        return self.units.take(chosen).params_to_data(self.family, declared)

    def errors(self, theta: Array, roots: Array, chosen: NDArray[np.intp]) -> Array:
        """Standard errors of the parameters declared of some groups; shape (n, p).

        ``roots``, of shape (n, p, p), are matrices of which each, times its transpose, is the covariance of the
        parameters here.
        """
        if self.chart is None or len(theta) == 0:
            return np.asarray(np.sqrt(np.sum(np.square(roots), axis=2)))
        with np.errstate(all="ignore"):
            slopes = np.moveaxis(self.chart.slopes(*theta.T), -1, 0)
            spread = np.sqrt(np.sum(np.square(slopes @ roots), axis=2))
        return np.asarray(spread * self.units.take(chosen).slopes(self.family))
