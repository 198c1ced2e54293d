"""A local maximum where a likelihood has no bound: beside those of the laws inside, or from further starts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.estimation.climbed import climbed_from
from mle_toolkit.estimation.contained import maxima_inside
from mle_toolkit.estimation.maximum import SAME_NATS, Maximum
from mle_toolkit.estimation.search import by_search
from mle_toolkit.estimation.starts import joined
from mle_toolkit.families.base import Family
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_ELSEWHERE = "from starts elsewhere the search ran off, and the likelihood went on rising"

_CLIMBED, _AGREE = 40, 2
"""Further starts, the highest, from which climbs begin, and how many that arrive at the highest end are enough."""

_CERTIFIED = 4
"""Ends of those climbs, the highest, of which the first that is certified is the maximum."""

_FEW_ROWS = 16
"""Rows up to which a local maximum that was found is compared with those to which further starts lead."""


def local_inside(family: Family, sample: Sample, best: Callable[[Family, Sample], Maximum]) -> Maximum | None:
    """The highest certified maximum to which climbs lead from the laws inside, and from further starts; None without.

    Parameters
    ----------
    family : Family
        All its parameters are free.
    sample : Sample
    best : callable
        Takes a law and a sample, returns the maximum.
    """
    if isinstance(family, Model) or sample.n_rows <= len(family.parameters) or not sample.in_memory:
        return None
    reason = (None if family.spikes is None else family.spikes(sample)) or _ELSEWHERE
    likelihood = Likelihood(family, sample)
    highest: Maximum | None = None
    for params in (*_inside(family, sample, best), *_further(likelihood)):
        start = dict(zip(family.param_names, params, strict=True))
        with contextlib.suppress(NoMaximumError):
            found = by_search(family, likelihood, {}, {}, start, None)
            if found.certify().ok and not found.boundary and (highest is None or found.loglik > highest.loglik):
                highest = found if found.certify().verdict is Verdict.LOCAL else replace(found, elsewhere=reason)
    return highest


def no_lower_local(found: Maximum, sample: Sample, best: Callable[[Family, Sample], Maximum]) -> Maximum:
    """What was found; the local maximum to which further starts lead where that is none, or lower, of few rows."""
    family = found.family
    if family.further_starts is None or found.limit is not None:
        return found
    verdict = found.certify().verdict
    if verdict in (Verdict.NOT_IDENTIFIED, Verdict.NOT_CONVERGED):
        return local_inside(family, sample, best) or found
    if verdict is not Verdict.LOCAL or sample.n_rows > _FEW_ROWS:
        return found
    local = local_inside(family, sample, best)
    if local is None or not local.loglik > found.loglik + SAME_NATS or _is_accident(local):
        return found
    return local


def _is_accident(found: Maximum) -> bool:
    family, likelihood = found.family, found.likelihood
    return family.spurious is not None and bool(
        family.spurious(_points(likelihood), *likelihood.family.unpack(found.theta_in_unit))
    )


def _points(likelihood: Likelihood) -> Sample:
    return likelihood.sample if likelihood.plain else likelihood.as_points


def _inside(family: Family, sample: Sample, best: Callable[[Family, Sample], Maximum]) -> Iterator[tuple[Any, ...]]:
    """Parameters of a law where it is a law that it contains, at the maximum of that."""
    for case, at in maxima_inside(family.special_cases, sample, best):
        theta = joined(family, case.embed(*case.family.unpack(at.theta)))
        if np.all(np.isfinite(theta)):
            yield family.unpack(theta)


def _further(likelihood: Likelihood) -> Iterator[tuple[Any, ...]]:
    """Parameters at which climbs from further starts end, the highest first; accidents only where all ends are."""
    family = likelihood.family
    if family.further_starts is None or not likelihood.has_points:
        return  # of probabilities alone the likelihood has a bound
    points = _points(likelihood)
    begun = [(likelihood.mean_loglik(theta), theta) for theta in map(_of(family), family.further_starts(points))]
    possible = sorted((start for start in begun if np.isfinite(start[0])), key=lambda start: -start[0])
    ends: list[tuple[bool, float, Array]] = []
    first = (True, np.inf, np.empty(0))
    for _, theta in possible[:_CLIMBED]:
        end = climbed_from(likelihood, theta)
        if end is None:
            continue
        odd = family.spurious is not None and bool(family.spurious(points, *family.unpack(end.theta)))
        ends.append((odd, end.value, end.theta))
        first = min(ends, key=lambda end: end[:2])
        if not first[0] and sum(_is_same(first[1], other[1], likelihood) for other in ends) >= _AGREE:
            break
    kept: list[float] = []
    for odd, value, theta in sorted(ends, key=lambda end: end[:2]):
        known = any(_is_same(value, other, likelihood) for other in kept)
        if odd == first[0] and len(kept) < _CERTIFIED and not known:
            kept.append(value)
            yield family.unpack(likelihood.unit.params_to_data(family, theta))


def _of(family: Family) -> Callable[[tuple[Any, ...]], Array]:
    return lambda params: joined(family, params)


def _is_same(one: float, other: float, likelihood: Likelihood) -> bool:
    return abs(one - other) * likelihood.nobs < SAME_NATS
