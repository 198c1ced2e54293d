"""The unit in which a likelihood is computed, and how parameters move between units."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.checks import LARGEST
from mle_toolkit.data.groups import PART_ROWS, Groups, ranges
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.base import Family
from mle_toolkit.families.exponential_family import ExponentialFamily

_BULK_ROWS = 100

_TINY = 1e-290
"""Below it numbers lose digits, and soon are 0."""

_HUGE = 1e150
"""Above it their squares are no numbers."""

_WIDE = 1e-72
"""Share of the largest of positive observations that the least is, from which the unit is the middle of their logs, so
that the squares of both, and those of their reciprocals, are numbers."""


@dataclass(frozen=True)
class Unit:
    """Data enter as ``z = (x - centre) / scale``; the scale is a power of two, so dividing by it is exact.

    A fit is thereby the same in any unit: what the optimiser sees has its bulk near 0 with a spread near 1, or
    near 1 where the law cannot be shifted.
    """

    centre: float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, family: Family, sample: Sample) -> Unit:
        """Choose the unit for a family and a sample from what the family declares of its parameters."""
        if not family.has_location and not family.has_scale:
            return _SAME
        plain = sample.is_plain
        if not plain:
            sample = sample.sketch().as_points()
        if plain and (isinstance(family, ExponentialFamily) or family.entropy_attained):
            # Solved on sums or order statistics: conditioning matters only where powers overflow or cancel.
            noted = sample.summed_ahead
            unit = (
                noted.unit
                if noted is not None and noted.name == family.name
                else cls.ahead(family, (sample if sample.in_memory else sample.sketch()).x)
            )
            if not sample.minimum / unit.scale > _TINY and unit.scale != 1.0:
                return _SAME  # logs that are so far apart do not cancel
            largest = max(abs(sample.minimum - unit.centre), abs(sample.maximum - unit.centre))
            if family.parameters[0].role == "log-scale" and sample.minimum > 0:
                return unit
            wide = not family.has_location and _TINY * largest < sample.minimum < _WIDE * largest
            if unit.scale == 1.0 and family.has_scale and (wide or not 1 / LARGEST < largest < LARGEST):
                middle = math.sqrt(sample.minimum) * math.sqrt(largest) if wide else largest
                return cls(unit.centre, _holding(_power_of_two(middle), family, sample))
            return unit
        return cls.standard(family, sample)

    @classmethod
    def standard(cls, family: Family, sample: Sample) -> Unit:
        """Choose the middle and the spread of the observations, as far as the law can be shifted and stretched."""
        sketch = sample.sketch()
        centre = sketch.quantile(0.5) if family.has_location else 0.0
        if not family.has_scale:
            return cls(centre)
        if family.has_location:
            spread = sketch.quantile(0.75) - sketch.quantile(0.25)
            spread = spread or sketch.mean(lambda x: np.abs(x - centre)) or (sample.maximum - sample.minimum)
        else:
            spread = abs(sketch.median()) or sketch.mean(np.abs) or max(-sample.minimum, sample.maximum)
        return cls(centre, _holding(_power_of_two(spread), family, sample))

    @classmethod
    def ahead(cls, family: Family, x: Array) -> Unit:
        """Choose the unit for sums or order statistics before a pass over the data, for a look at a hundred of them."""
        if family.has_location and not family.entropy_attained:
            return cls(_middle(x))
        if family.parameters[0].role == "log-scale" and (middle := _middle(x)) > 0:
            # Its statistics are logs and their squares: this centres the logs, as `centre` does for a location.
            return cls(0.0, middle)
        return _SAME

    @property
    def is_identity(self) -> bool:
        """Whether it is the unit of the data."""
        return self.centre == 0.0 and self.scale == 1.0

    def apply(self, x: Array) -> Array:
        """Observations in this unit."""
        moved = x if self.centre == 0.0 else x - self.centre
        return moved if self.scale == 1.0 else moved / self.scale

    def params_to_data(self, family: Family, theta: Array) -> Array:
        """Parameters of the law of ``x``, from those of the law of ``z``; shape (p,), or (p, k) for k laws."""
        if self.is_identity:
            return theta
        values = theta.tolist() if theta.ndim == 1 else theta
        return np.array([self.to_data(value, role) for value, role in zip(values, roles(family), strict=True)])

    def to_data(self, value: Any, role: str) -> Any:
        """A parameter of this role, or an array of it, of the law of ``x``; from that of the law of ``z``."""
        return _to_data(value, role, self.centre, self.scale, math.log)

    def params_to_unit(self, family: Family, theta: Array) -> Array:
        """Parameters of the law of ``z``, from those of the law of ``x``; the inverse of `params_to_data`."""
        inverse = Unit(-self.centre / self.scale, 1.0 / self.scale)
        return inverse.params_to_data(family, theta)

    def slopes(self, family: Family) -> Array:
        """Derivative of each parameter in the unit of ``x`` by the same in the unit of ``z``."""
        if self.scale == 1.0:
            return np.ones(len(roles(family)))
        return np.array([_slope(role, self.scale) for role in roles(family)])

    def log_jacobian(self, family: Family) -> float:
        """Log |dz/dx|, which every log-density gains on the way back to the unit of ``x``; 0 for counts."""
        return 0.0 if family.discrete else -math.log(self.scale)


@dataclass(frozen=True)
class ColumnUnits:
    """A unit for every column of data that are vectors; each scale is a power of two.

    Parameters
    ----------
    centre, scale : ndarray of shape (d,)
    """

    centre: Array
    scale: Array

    @classmethod
    def of(cls, sample: Sample) -> ColumnUnits:
        """Choose the middle and the spread of every column."""
        x = sample.sketch().x
        centre = np.median(x, axis=0)
        spread = np.mean(np.abs(x - centre), axis=0)
        return cls(centre, np.array([_power_of_two(s) for s in spread.tolist()]))

    @property
    def is_identity(self) -> bool:
        """Whether it is the unit of the data: it hardly ever is."""
        return False

    def apply(self, x: Array) -> Array:
        """Observations in these units."""
        return (x - self.centre) / self.scale

    def params_to_data(self, family: Family, theta: Array) -> Array:
        """Parameters of the law of ``x``, from those of the law of ``z``."""
        where = [
            np.resize(self.centre, p.size) if p.role == "location" else np.zeros(p.size) for p in family.parameters
        ]
        return np.concatenate(where) + self.slopes(family) * theta

    def params_to_unit(self, family: Family, theta: Array) -> Array:
        """Parameters of the law of ``z``, from those of the law of ``x``; the inverse of `params_to_data`."""
        return ColumnUnits(-self.centre / self.scale, 1.0 / self.scale).params_to_data(family, theta)

    def slopes(self, family: Family) -> Array:
        """Derivative of each parameter in the units of ``x`` by the same in the units of ``z``."""
        factor = {"location": self.scale, "covariance": np.outer(self.scale, self.scale).ravel()}
        # Of the components of a mixture, every one moves alike.
        return np.concatenate([np.resize(factor.get(p.role, np.ones(1)), p.size) for p in family.parameters])

    def log_jacobian(self, family: Family) -> float:
        """Log-determinant of dz/dx, which every log-density gains on the way back to the units of ``x``."""
        return -float(np.sum(np.log(self.scale)))


@dataclass(frozen=True)
class GroupUnits:
    """A unit for every group, each of which has parameters of its own; each scale is a power of two.

    Parameters
    ----------
    centre, scale : ndarray of shape (n_groups,)
    """

    centre: Array
    scale: Array

    @classmethod
    def of(cls, family: Family, groups: Groups) -> GroupUnits:
        """Choose the middle and the spread of every group, as far as the law can be shifted and stretched."""
        n = len(groups)
        if not family.has_location and not family.has_scale:
            return cls(np.zeros(n), np.ones(n))
        each = [cls._of_part(family, part) for part in groups.parts()]
        return cls(np.concatenate([units.centre for units in each]), np.concatenate([units.scale for units in each]))

    @classmethod
    def _of_part(cls, family: Family, groups: Groups) -> GroupUnits:
        n = len(groups)
        centre, scale = np.zeros(n), np.ones(n)
        if isinstance(family, ExponentialFamily):  # solved on sums, which need no robust unit
            mean = groups.means(groups.x)
            centre = mean if family.has_location else centre
            size = groups.means(np.abs(groups.x - centre[groups.ids]))
        else:
            rows = groups.in_order
            first, last = groups.offsets[:-1], groups.counts - 1
            quartile, middle, upper = (rows[first + (last * k) // 4] for k in (1, 2, 3))
            centre = middle if family.has_location else centre
            size = upper - quartile if family.has_location else np.abs(middle)
            others = np.flatnonzero(~(size > 0))
            if len(others):
                some = groups.take(others)
                size[others] = some.means(np.abs(some.x - centre[others][some.ids]))
        if family.has_scale:
            normal = (size > _TINY) & (size < 1.0 / _TINY)
            scale = np.ldexp(1.0, np.where(normal, np.frexp(np.where(normal, size, 1.0))[1], 0))
        return cls(centre, scale)

    def apply(self, groups: Groups, rows: Array) -> Array:
        """Observations, or ends of intervals, of all groups in these units."""
        moved = np.empty(len(rows))
        for chosen in ranges(groups.offsets, PART_ROWS):
            units, counts = self.part(chosen), groups.counts[chosen]
            here = slice(groups.offsets[chosen.start], groups.offsets[chosen.stop])
            np.subtract(rows[here], np.repeat(units.centre, counts), out=moved[here])
            moved[here] /= np.repeat(units.scale, counts)
        return moved

    def params_to_data(self, family: Family, theta: Array) -> Array:
        """Parameters of the laws of ``x``, from those of the laws of ``z``; shape (n_groups, p)."""
        moved = [
            _to_data(v, role, self.centre, self.scale, np.log) for v, role in zip(theta.T, roles(family), strict=True)
        ]
        return np.stack(moved, axis=1)

    def slopes(self, family: Family) -> Array:
        """Derivative of each parameter in the unit of ``x`` by the same in the unit of ``z``; shape (n_groups, p)."""
        same = np.ones_like(self.scale)
        return np.stack([same * _slope(role, self.scale) for role in roles(family)], axis=1)

    def log_jacobian(self, family: Family) -> Any:
        """Log |dz/dx| of each group, which every log-density gains on the way back to ``x``; 0 for counts."""
        return 0.0 if family.discrete else -np.log(self.scale)

    @property
    def inverse(self) -> GroupUnits:
        """The unit of the data, in these: it takes parameters of the laws of ``x`` to those of ``z``."""
        return GroupUnits(-self.centre / self.scale, 1.0 / self.scale)

    def part(self, groups: slice) -> GroupUnits:
        """Those of consecutive groups."""
        return GroupUnits(self.centre[groups], self.scale[groups])

    def take(self, chosen: NDArray[np.intp]) -> GroupUnits:
        """Those of some groups."""
        return GroupUnits(self.centre[chosen], self.scale[chosen])


def _to_data(value: Any, role: str, centre: Any, scale: Any, log: Callable[[Any], Any]) -> Any:
    """A parameter of this role of the law of ``x``, from that of the law of ``z``."""
    if role == "location":
        return centre + scale * value
    if role == "scale":
        return scale * value
    if role == "rate":
        return value / scale
    return value + log(scale) if role == "log-scale" else value


def _slope(role: str, scale: Any) -> Any:
    """Its derivative by the same in the unit of ``z``."""
    if role in ("location", "scale"):
        return scale
    return 1.0 / scale if role == "rate" else 1.0


_SAME = Unit()


def unit_for(family: Family, sample: Sample) -> Unit | ColumnUnits:
    """Choose the unit for a family and a sample: one a column for a law of vectors that may be shifted."""
    if family.own_unit is not None:
        unit: Unit = family.own_unit
        return unit
    return ColumnUnits.of(sample) if family.multivariate and family.has_location else Unit.of(family, sample)


def roles(family: Family) -> tuple[str, ...]:
    """Role of every single number among the parameters."""
    return family.roles


def _power_of_two(magnitude: float) -> float:
    if not magnitude > 0:
        return 1.0
    # The ends are where the reciprocal would overflow or be subnormal.
    return math.ldexp(1.0, max(-1020, min(1020, math.frexp(magnitude)[1])))


def _holding(scale: float, family: Family, sample: Sample) -> float:
    """The scale; a smaller one where the least observation of a positive law would lose digits, or become 0."""
    kept = family.has_location or family.support.lower < 0 or sample.minimum <= 0 or sample.minimum / scale >= _TINY
    if kept:
        return scale
    smaller = _power_of_two(sample.minimum / _TINY)
    return smaller if sample.maximum / _HUGE < smaller else 1.0


def _middle(x: Array) -> float:
    """A value from the bulk of the data, for the price of a look at a hundred rows; 0 where the bulk is not far off."""
    few = np.sort(x[:: max(1, len(x) // _BULK_ROWS)])
    middle = float(few[len(few) // 2])
    # Within a few standard deviations of 0, sums of squares lose less than two digits: not worth a pass.
    # Halves, because the range of the largest doubles overflows.
    return 0.0 if 0.5 * abs(middle) <= 0.5 * float(few[-1]) - 0.5 * float(few[0]) else middle
