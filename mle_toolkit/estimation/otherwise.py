"""The same search in other coordinates: of a chart, or of the parameters declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.estimation.climb import ClimbEnd, is_minimum, newton_end
from mle_toolkit.estimation.maximum import other_objective
from mle_toolkit.families.domain import Domain
from mle_toolkit.likelihood.coordinates import ChartObjective, Objective


def otherwise(
    objective: Objective, domains: Sequence[Domain], starts: Sequence[Array], ends: Sequence[ClimbEnd]
) -> list[ClimbEnd]:
    """The highest maximum to which Newton's method leads in the parameters declared, where the chart's ends are none.

    A chart tells the middle of a law and how wide it is; where a window shows of the law no more than a tail, both are
    far from the data, and the likelihood bends as sharply there as they move. Or in those of the chart, where the ends
    in the parameters declared are none: along a ridge to a limit.
    """
    best = min(ends, key=lambda end: end.value)
    charted = isinstance(objective, ChartObjective) or objective.likelihood.family.chart is not None
    if not charted or best.at_limit or is_minimum(objective, best.u):
        return []
    coordinates = objective.coordinates
    thetas = [*starts, coordinates.to_theta(best.u)]
    other = other_objective(objective, domains, thetas[0])
    if other is None:
        return []
    begin = [other.coordinates.from_theta(theta) for theta in thetas]
    found = [end for u in begin if np.isfinite(other.value(u)) and (end := newton_end(other, u)) is not None]
    moved = [replace(end, u=coordinates.from_theta(other.coordinates.to_theta(end.u))) for end in found]
    higher = [end for end in moved if end.value < best.value and np.isfinite(end.u).all()]
    return [min(higher, key=lambda end: end.value)] if higher else []
