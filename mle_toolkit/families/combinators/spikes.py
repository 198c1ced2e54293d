"""What can go wrong with a component of a mixture: a spike on few observations, or between two ends of intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.base import Family
from mle_toolkit.families.circular import about
from mle_toolkit.families.combinators.parts import fitted
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.parameters import Parameter

_NARROW = 0.1
"""A component whose middle half is narrower than this share of that of the data may be a spike."""

_OUTSIDE = 1e-4
"""Mass of a component outside two cells of the data up to which it is inside."""

_RESOLVED = 1e-9
_CENTRAL = (0.005, 0.995)
_HALF = (0.25, 0.75)


def has_spike(laws: Sequence[Distribution], sizes: Sequence[int | None], sample: Sample) -> bool:
    """Whether a component is narrow and on few observations, or on no more values than it has parameters.

    Parameters
    ----------
    laws : sequence of Distribution
    sizes : sequence of int or None
        How many parameters each has; None of one that cannot concentrate on an observation.
    sample : Sample
    """
    width = sample.quantile(_HALF[1]) - sample.quantile(_HALF[0])
    for law, size in zip(laws, sizes, strict=True):
        if size is None:
            continue
        low, high = (float(v) for v in law.ppf(np.array(_HALF)))
        if not high - low < _NARROW * width:
            continue
        first, last = (float(v) for v in law.ppf(np.array(_CENTRAL)))
        x = (
            sample.x
            if law.family.period is None
            else about(sample.x, np.asarray(0.5 * (first + last)), law.family.period)
        )
        own = (x >= first) & (x <= last)
        counts = sample.weight if sample.weight_kind == "frequency" else None
        held = np.count_nonzero(own) if counts is None else float(np.sum(counts[own]))
        few = held <= 2 * size + 1 or len(np.unique(x[own])) <= size
        # Near an end of its support a law is resolved as well as numbers are there.
        if few or high - low < _RESOLVED * min(width, high - law.family.support.lower):
            return True
    return False


def is_confined(laws: Sequence[Distribution], weights: Array, sample: Sample) -> bool:
    """Whether a component lies in two neighbouring cells of the intervals."""
    ends = np.unique(np.concatenate([sample.lower, sample.upper, *(sample.window or ())]))
    ends = np.concatenate([[-np.inf], ends[np.isfinite(ends)], [np.inf]])
    with np.errstate(all="ignore"):
        for law, weight in zip(laws, weights, strict=True):
            beside = law.cdf(ends[:-2]) + law.sf(ends[2:])
            if weight > 0 and float(beside.min()) < _OUTSIDE:
                return True
    return False


def can_concentrate(component: Family, own: Sequence[Parameter], held: Sequence[Parameter]) -> bool:
    """Whether a density has no bound at an observation, for the parameters that are a component's own."""
    if held:
        # A common location does not stop the scales, nor a common shape a law that has both of its own.
        roles = {p.role for p in own}
        movable = {"location", "scale"} <= roles
        return (
            movable
            or (roles >= {"scale"} and all(p.role == "location" for p in held))
            or (bool(own) and all(p.role == "log-scale" for p in held))
        )
    return _grows(component)


def _grows(component: Family) -> bool:
    """Whether the density of a law, fitted to values ever closer together, grows without bound."""
    support = component.support
    # From 0 on the whole line to the middle of an interval; 1 from the end of a half-line.
    middle = float(Interval(support.lower, support.upper).from_real(np.asarray(0.0)))
    heights = []
    for spread in (1e-2, 1e-3):
        near = Sample(middle + spread * np.linspace(-1.0, 1.0, 9))
        params = fitted(component, near)
        if params is None:
            return True
        heights.append(float(np.mean(component.logpdf(near.x, *params))))
    return heights[1] - heights[0] > 1.0
