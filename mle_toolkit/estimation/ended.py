"""Laws of intervals by the end of their support, where a search without it does not arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.estimation.climb import is_minimum
from mle_toolkit.estimation.irregular import AWAY, CLEAR_FALL
from mle_toolkit.estimation.maximum import Maximum, in_domains, maximum_at
from mle_toolkit.estimation.search import by_search
from mle_toolkit.estimation.starts import joined
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.mapped import with_ends
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit

_AS_HIGH, _NEARLY_AS_HIGH = 1e-6, 1e-3
"""Nats by which the law by its end may be lower: there the other is beside a kink; and from which none is looked at."""


def by_its_end(found: Maximum) -> Maximum:
    """The maximum; of intervals, where a search ended in none, that with the end of its support at one of theirs.

    All parameters are irregular there, so that they are right, and have no standard errors by the usual theory.
    """
    family, sample = found.family, found.likelihood.data
    if (
        sample.is_exact
        or type(family).by_end is Family.by_end
        or not sample.in_memory
        or not in_domains(family, found.theta)
    ):
        return found
    law = family.by_end(*family.unpack(found.theta))
    if law is None or (is_minimum(found.objective, found.coordinates) and found.is_certified):
        return found
    seen = with_ends(sample, lambda lower, upper: (law.of(lower), law.of(upper)))
    embed = law.embed

    def own(at: Maximum) -> Array | None:
        """The parameters of the law itself there, if they are in their domains and none is regular."""
        params = embed(*at.family.unpack(at.theta))
        theta = joined(family, params)
        inside = in_domains(family, theta) and set(family.irregular(*params)) == set(family.param_names)
        return theta if inside else None

    at = _on_an_end(law.family.resolve(seen), seen, found.loglik - _NEARLY_AS_HIGH, own)
    theta = None if at is None else own(at)
    if at is None or theta is None or found.is_certified:  # to certify what has run off takes long, so only if needed
        return found
    there = maximum_at(family, Likelihood(family, sample, Unit()), theta, [False] * len(theta), at.method)
    return there if there.loglik >= found.loglik - _AS_HIGH else found


def _on_an_end(ended: Family, sample: Sample, least: float, own: Callable[[Maximum], Array | None]) -> Maximum | None:
    """The highest maximum with the end of a support at one of an interval, from where it falls to both sides; or None.

    Elsewhere the likelihood is smooth, so that a search with no end of its own arrives. One below ``least`` is none,
    nor one at which the law has no parameters of its own.
    """
    irregular = [p.name for p in ended.parameters if not p.regular]
    if not irregular:
        return None  # no end of an interval keeps that of the support: it moves freely, and was free in the search
    ends = np.unique(np.concatenate([sample.lower, sample.upper]))
    ends = ends[np.isfinite(ends)]
    beyond = np.flatnonzero((ends > np.max(sample.lower)) | (ends < np.min(sample.upper)))  # none has probability 0
    likelihood = Likelihood(ended, sample)

    def climbed(end: float) -> Maximum | None:
        try:
            return by_search(ended, likelihood, {irregular[0]: end}, {}, None, None)
        except NoMaximumError:
            return None

    climbs = [(k, at) for k in beyond.tolist() if (at := climbed(float(ends[k]))) is not None and at.loglik >= least]
    by_height = sorted(climbs, key=lambda climb: -climb[1].loglik)
    best = next((climb for climb in by_height if climb[1].certify().ok), None)
    if best is None or own(best[1]) is None:
        return None
    k, highest = best
    reach = float(ends[-1] - ends[0])
    widths = (ends[k + 1] - ends[k] if k + 1 < len(ends) else reach, ends[k - 1] - ends[k] if k > 0 else -reach)
    for width in widths:
        beside = climbed(float(ends[k] + AWAY * width))
        if beside is None or not highest.loglik - beside.loglik > CLEAR_FALL * max(1.0, abs(highest.loglik)):
            return None
    return replace(highest, fixed=())
