"""Limits of the law of a regression that end at a line: where the likelihood is highest with observations on it.

A generalized gamma law tends to the power law, which ends at its scale, as its shapes run off together; with a formula
of the scale that end is a line, or a plane. No derivative vanishes there, so no climb arrives: a linear program says
which observations are on it (`mle_toolkit.estimation.faces`), and the limit is compared with what a search has found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.estimation.faces import maximise_within
from mle_toolkit.estimation.maximum import Maximum, maximum_at
from mle_toolkit.estimation.recession import SUPREMUM
from mle_toolkit.estimation.starts import joined
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.relations import Limit
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.model_charts import ends_at_line
from mle_toolkit.likelihood.sums import Likelihood

_MANY_ROWS = 2_000
"""Rows from which a law that ends at a line, and has none of them beyond, is not higher than a maximum."""

_HIGHER = 1e-9
"""Nats, and share of a log-likelihood, by which a limit must be higher."""


def highest_line(model: Model, sample: Sample, found: Maximum | None, options: Mapping[str, Any]) -> Maximum | None:
    """The maximum at a limit that ends at a line, where it is higher than what was found; None where none is."""
    if any(options.get(name) for name in ("fixed", "bounds")) or not (sample.in_memory and sample.is_plain):
        return None
    if found is not None and sample.n_rows > _MANY_ROWS and found.certify().ok:
        return None
    best, height = found, _height(found)
    for limit in model.limits:
        law = limit.family
        if not (isinstance(law, Model) and ends_at_line(law) and law.support.covers(sample.minimum, sample.maximum)):
            continue
        try:
            at = maximise_within(law, sample)
        except NoMaximumError:
            continue
        if at.loglik > height and at.certify().ok:
            best, height = _at(model, sample, found, limit, at), at.loglik
    return None if best is found else best


def _height(found: Maximum | None) -> float:
    """The log-likelihood that a limit must pass; that of a search which stopped on its way, but for rounding."""
    if found is None:
        return -np.inf
    share = _HIGHER if found.certify().ok else -SUPREMUM
    return found.loglik + share * max(1.0, abs(found.loglik))


def _at(model: Model, sample: Sample, found: Maximum | None, limit: Limit, at: Maximum) -> Maximum:
    """A maximum at a limit."""
    if found is None:
        likelihood = Likelihood(model, sample)
        begin = joined(model, model.start(likelihood.as_points)[0])
        found = maximum_at(model, likelihood, begin, (True,) * len(model.parameters), at.method)
    values = limit.embed(*at.family.unpack(at.theta))
    ends = tuple(
        p.name
        for p, value in zip(model.parameters, values, strict=True)
        if isinstance(p.domain, Interval) and not p.domain.lower < float(value) < p.domain.upper
    )
    return replace(
        found,
        theta=joined(model, values),
        limit=at,
        embed=limit.embed,
        boundary=ends,
        method=at.method,
        value=None,
        searched=None,
        run_off=(),
        elsewhere=None,
        where=None,
    )
