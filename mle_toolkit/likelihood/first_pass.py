"""What the first pass over data sums on its way: what a fit will need, whatever it finds."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS, extent
from mle_toolkit.data.pieces import CHUNK_ROWS
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.surveys import Ahead, Sum, tabulate
from mle_toolkit.families.base import Family
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.likelihood.kernels import COMPILED_ROWS, in_chunks, twin_of
from mle_toolkit.likelihood.parts import base_part, statistics_part
from mle_toolkit.likelihood.unit import Unit


@dataclass(frozen=True)
class Noted:
    """Sums of the statistics of an exponential family, in a unit."""

    name: str
    unit: Unit
    sums: Array


@dataclass(frozen=True)
class FirstPass:
    """The pass over observations that checks them, and what it sums on its way: what a fit needs, whatever it finds.

    Those are the statistics of an exponential family, or of a limit that is one. In memory it is called with all
    observations, for ``Sample(first_pass=...)``, of which only many are worth the sums of a limit; `ahead` is the same
    for rows that come in blocks, for `BlockedSample.read`.

    Parameters
    ----------
    family : Family
        The law that will be fitted.
    """

    family: Family

    def __call__(self, x: Array) -> tuple[float, float, Noted | None]:
        """Smallest and largest observation, of which some may be missing or outside the support, and the sums."""
        many = len(x) >= COMPILED_ROWS
        family = self._summed(many=many)
        if family is None:
            return *extent(x), None
        unit = Unit.ahead(family, x)
        twin = twin_of(family) if many else None
        length = family.block_rows if unit.is_identity else BLOCK_ROWS
        with np.errstate(all="ignore"):
            if len(x) <= length:
                lowest, highest = float(np.minimum.reduce(x)), float(np.maximum.reduce(x))
                return lowest, highest, Noted(family.name, unit, np.array(family.sums(unit.apply(x), None)))
            if twin is not None:
                parts = in_chunks(twin.statistics, x, None, unit.centre, 1.0 / unit.scale)
            else:
                blocks = (x[first : first + length] for first in range(0, len(x), length))
                parts = np.array([(b.min(), b.max(), *family.sums(unit.apply(b), None)) for b in blocks])
        lowest, highest = float(parts[:, 0].min()), float(parts[:, 1].max())
        return lowest, highest, _noted(family, unit, twin, parts[:, 2:].sum(axis=0), lowest, highest)

    def ahead(self, few: Array, weighted: bool) -> Ahead:
        """What to sum over blocks, and what the sums mean; a table of counts, where the law is of counts.

        Parameters
        ----------
        few : ndarray of shape (n,)
            Some rows, to choose the unit by.
        weighted : bool
            Whether rows have weights.
        """
        if self.family.discrete and not self.family.per_row and not self.family.multivariate:
            return Ahead([Sum(tabulate, CHUNK_ROWS)])
        family = self._summed(many=True)
        if family is None:
            return Ahead()
        unit = Unit.ahead(family, few)
        law: Any = family if unit.is_identity else family.in_unit(unit.centre, unit.scale)
        twin = twin_of(family)
        sums = [statistics_part(law, unit, compiled=twin is not None, weighted=weighted)]
        if law.log_base is not None:
            sums.append(base_part(law, unit))
        return Ahead(sums, lambda sums, lowest, highest: _noted(family, unit, twin, sums[0], lowest, highest))

    def _summed(self, *, many: bool) -> ExponentialFamily | None:
        """The law whose statistics a fit needs: the family, or, of many observations, a limit of it; None if neither.

        Observations that have constants of their own are summed later, with these.
        """
        if self.family.per_row or self.family.multivariate:
            return None
        if isinstance(self.family, ExponentialFamily):
            return self.family
        for limit in self.family.limits if many else ():
            law = limit.family
            if isinstance(law, ExponentialFamily) and not law.per_row and not law.discrete and not law.multivariate:
                return law
        return None


def _noted(
    family: ExponentialFamily, unit: Unit, twin: ModuleType | None, sums: Array, lowest: float, highest: float
) -> Noted | None:
    """The sums by their law and unit; None where compiled logs could not take the observations."""
    if twin is not None and not _is_normal_between(family, lowest, highest):
        return None
    return Noted(family.name, unit, sums)


_SMALLEST_NORMAL = float(np.finfo(float).smallest_normal)


def is_normal(family: Family, sample: Sample) -> bool:
    """Whether compiled logs can take the observations: where logs are taken, none is subnormal."""
    return _is_normal_between(family, sample.minimum, sample.maximum)


def _is_normal_between(family: Family, lowest: float, highest: float) -> bool:
    if family.support.lower != 0.0 or family.support.closed_lower:
        return True  # no logs are taken of what may be negative or 0
    # A unit may divide by the largest.
    return lowest >= _SMALLEST_NORMAL * max(1.0, highest)
