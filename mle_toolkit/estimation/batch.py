"""One family fitted to many groups at once: Newton's method with the groups as a leading axis.

A maximum is *settled* here only where nothing is left to judge: it is in the interior, certified by the same measures
as a single fit, well determined, found from every start, and above the limits of the family. All other groups stay
open, for the ordinary fit to decide one by one. So what is settled is what the ordinary fit would say.
"""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.groups import PART_ROWS, Groups, ranges
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.data.rows import some_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.estimation.batch_charts import ChartedGroups
from mle_toolkit.estimation.batch_climb import Batch, Settled, is_interior
from mle_toolkit.estimation.batch_limits import compare_with_limits
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.estimation.vectorised import is_vectorised, takes_intervals
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.likelihood.kernels import group_twin
from mle_toolkit.likelihood.kernels.groups import (
    COMPILED_GROUP_ROWS,
    OPEN,
    compiled_groups,
    each,
    fit_ranges,
)
from mle_toolkit.likelihood.unit import GroupUnits

BATCH_ROWS, BATCH_ROWS_ON_SUMS = PART_ROWS, 1 << 20
"""Rows that are fitted at once: their temporaries stay in cache. An exponential family goes over them only once, and
over the means of its groups often; compiled sums have no temporaries of rows."""

_SMALLEST, _LARGEST = 1e-250, 1e250
"""Magnitudes between which neither squares of ratios nor sums leave the doubles in any unit near the data's own."""


def settle_groups(family: Family, groups: Groups) -> Settled:
    """Fit a family to all groups, as far as no doubt is left.

    Parameters
    ----------
    family : Family
        With parameters that are numbers.
    groups : Groups
        May hold anything; a group with invalid rows stays open.
    """
    size = np.abs(groups.x)
    plain = bool(len(size)) and size.min() > _SMALLEST and size.max() < _LARGEST  # not so where there is a NaN
    usable = np.ones(len(groups), dtype=bool) if plain else groups.all(np.isfinite(groups.x))
    if groups.weight is not None:
        usable &= groups.all((groups.weight > 0) & np.isfinite(groups.weight))
    for column in groups.known.values():
        usable &= groups.all((column >= 0) & np.isfinite(column))
    p = len(family.parameters)
    compiled = len(groups.x) >= COMPILED_GROUP_ROWS and groups.ends is None
    module = compiled_groups(type(family)) if compiled else None
    if module is not None:
        result, status = fit_ranges(module, groups.x, groups.weight, groups.offsets, p)
        status[~usable] = OPEN
        result[status == OPEN] = np.nan
        return Settled(result[:, :p], result[:, p : 2 * p], result[:, -1], status, np.zeros(len(groups), dtype=bool))
    settled = Settled.nothing(len(groups), p)
    if not usable.any() or not (is_vectorised(family) and takes_intervals(family, groups)):
        return settled
    if not plain:
        usable &= groups.all(((size > _SMALLEST) | (size == 0)) & (size < _LARGEST))
    law = ChartedGroups.of(family, groups.part(slice(0, 1))).law
    twin = group_twin(law) if compiled else None
    of_groups = law.starts_of_groups is not None and groups.ends is None
    with np.errstate(all="ignore"):  # trial points may lie where densities overflow or do not exist
        starts = [] if of_groups else _common_starts(family, groups, usable)

    def one(part: slice) -> None:
        with np.errstate(all="ignore"):
            here = Batch(family, groups.part(part), usable[part], twin).settle(starts)
        settled.theta[part], settled.se[part], settled.llf[part] = here.theta, here.se, here.llf
        settled.status[part], settled.ran_off[part] = here.status, here.ran_off

    if starts or of_groups:
        on_sums = (isinstance(family, ExponentialFamily) and groups.ends is None) or twin is not None
        each(one, ranges(groups.offsets, BATCH_ROWS_ON_SUMS if on_sums else BATCH_ROWS))
        compare_with_limits(family, groups, twin, settled, settle_groups)
    return settled


def _common_starts(family: Family, groups: Groups, usable: Mask) -> list[Array]:
    """Starts for all groups, each in its own unit: the maximum of a pooled subsample, and the family's own choice.

    An exponential family has one maximum, which is found from anywhere; of others those of several starts are compared.
    """
    chosen = np.flatnonzero(usable)
    if len(chosen) == 0:
        return []
    few = max(1, int(SKETCH_ROWS / max(1.0, float(np.mean(groups.counts)))))
    some = groups.take(chosen[:: max(1, len(chosen) // few)][: 4 * few])
    if len(some.x) > 4 * SKETCH_ROWS:  # a few large groups
        some = some.take(np.argsort(some.counts, kind="stable")[:1])
    charted = ChartedGroups.of(family, some)
    family, some = charted.law, charted.groups
    units = GroupUnits.of(family, some)
    z = units.apply(some, some.x)
    possible = family.support.contains(z)
    if not possible.any():
        return []
    every = np.flatnonzero(possible)[:: max(1, len(z) // SKETCH_ROWS)]
    pooled = Sample(z[every]).with_known(**some_of(some.known, every))
    if some.ends is not None:
        lower, upper, low, high = (units.apply(some, end)[every] for end in some.ends)
        pooled = Groups(z[every], None, np.array([0, len(every)]), {}, (lower, upper, low, high)).sample(0)
    family = family.given(pooled.known)
    starts: list[Array] = []
    try:
        found = maximise(family, pooled)
        if found.limit is None and np.all(np.isfinite(found.theta)):
            starts.append(found.theta)
        if family.start is not None and not isinstance(family, ExponentialFamily):
            points = pooled.as_points()
            proposed = family.start(points)
            starts += [np.array(s, dtype=float) for s in (proposed if isinstance(proposed, list) else [proposed])]
            if _leans_to_a_side(family):  # and groups may lean to the other
                mirrored = family.start(points.with_values(-points.lower, None))
                starts.append(np.array(mirrored[0] if isinstance(mirrored, list) else mirrored, dtype=float))
    except NoMaximumError:
        pass  # too few rows, or all alike: the families have starts for that, or the groups are fitted one by one
    if not starts:
        starts = [np.array([0.5 * sum(p.typical) for p in family.parameters])]
    return [theta for theta in starts if is_interior(family, theta)]


def _leans_to_a_side(family: Family) -> bool:
    """Whether a law on the whole line has a shape by whose sign it leans to one side or to the other."""
    shapes = [p.domain for p in family.parameters if p.role == "shape" and isinstance(p.domain, Interval)]
    return family.has_location and family.support == REAL and any(d.lower == -d.upper for d in shapes)
