"""A local maximum beside the maxima of the laws inside, where the likelihood of a law has no bound."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError, SupportError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.search import by_search
from mle_toolkit.estimation.starts import joined
from mle_toolkit.families.base import Family
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_ELSEWHERE = "from starts elsewhere the search ran off, and the likelihood went on rising"


def local_inside(family: Family, sample: Sample, best: Callable[[Family, Sample], Maximum]) -> Maximum | None:
    """The highest certified maximum to which climbs lead from those of the laws that a family contains; None without.

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
    why = None if family.spikes is None else family.spikes(sample)
    likelihood = Likelihood(family, sample)
    highest: Maximum | None = None
    for case in family.special_cases:
        with contextlib.suppress(NoMaximumError, SupportError):
            case.family.check_support(sample)
            theta = joined(family, case.embed(*case.family.unpack(best(case.family, sample).theta)))
            if not np.all(np.isfinite(theta)):
                continue
            start = dict(zip(family.param_names, family.unpack(theta), strict=True))
            found = by_search(family, likelihood, {}, {}, start, None)
            if found.certify().ok and not found.boundary and (highest is None or found.loglik > highest.loglik):
                highest = replace(found, elsewhere=found.elsewhere or why or _ELSEWHERE)
    return highest
