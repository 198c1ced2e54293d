"""Laws of intervals by the end of their support, where a search without it does not arrive."""

from __future__ import annotations

from collections.abc import Callable

from mle_toolkit.errors import NoMaximumError
from mle_toolkit.estimation.maximum import Maximum, in_domains, maximum_at
from mle_toolkit.estimation.starts import joined
from mle_toolkit.families.combinators.mapped import with_ends
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit

_AS_HIGH = 1e-6
"""Nats by which the law by its end may be lower: there the other is beside a kink."""


def by_its_end(found: Maximum, maximise: Callable[..., Maximum]) -> Maximum:
    """The maximum; of intervals, where a search ended in none, that of the law by the end of its support.

    All parameters are irregular there, so that they are right, and have no standard errors by the usual theory.
    """
    family, sample = found.family, found.likelihood.data
    if sample.is_exact or not sample.in_memory or not in_domains(family, found.theta):
        return found
    law = family.by_end(*family.unpack(found.theta))
    if law is None or found.is_certified:
        return found
    seen = with_ends(sample, lambda lower, upper: (law.of(lower), law.of(upper)))
    ended = law.family.resolve(seen)
    if all(p.regular for p in ended.parameters):
        return found  # no end of an interval keeps that of the support: it moves freely, and was free in the search
    try:
        at = maximise(ended, seen)
    except NoMaximumError:
        return found
    params = law.embed(*law.family.unpack(at.theta))
    theta, none_free = joined(family, params), [False] * len(params)
    if at.limit is not None or not at.certify().ok or not in_domains(family, theta):
        return found
    if set(family.irregular(*params)) != set(family.param_names):
        return found
    there = maximum_at(family, Likelihood(family, sample, Unit()), theta, none_free, at.method)
    return there if there.loglik >= found.loglik - _AS_HIGH else found
