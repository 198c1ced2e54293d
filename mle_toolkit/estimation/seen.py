"""The maximum of a regression whose observations are seen through windows, from where these say it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, MleError, NoMaximumError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.likelihood.model import Model

_ALIKE = 1e-8
"""Nats within which two ends are one, of which that which is certified is told."""


def maximise_seen(model: Model, sample: Sample, options: Mapping[str, Any]) -> Maximum:
    """The maximum; where observations are seen through windows, the higher one of that and of what begins anew.

    That is, at the law without covariates in the windows: what least squares leave of observations that are seen in
    part says little of the rest.

    Raises
    ------
    NoMaximumError
        If neither search finds one.
    """
    asked = any(options.get(name) for name in ("start", "fixed", "bounds", "solver"))
    windows = sample.window is not None and sample.in_memory and model.base.all_scalar
    start = _without_covariates(model, sample) if windows and not asked else None
    if start is None:
        return maximise(model, sample, **options)
    found: list[Maximum] = []
    failure: NoMaximumError | None = None
    for begin in (None, start):
        try:
            found.append(maximise(model, sample, **{**options, "start": begin}))
        except DataError:
            raise
        except NoMaximumError as error:
            failure = failure or error
    if not found and failure is not None:
        raise failure
    highest = max(end.loglik for end in found)
    return max(found, key=lambda end: (end.loglik > highest - _ALIKE, end.certify().ok))


def _without_covariates(model: Model, sample: Sample) -> dict[str, Any] | None:
    """The maximum of the law of a row, as coefficients; None where there is none, or it is at a limit."""
    try:
        found = maximise(model.base, sample)
    except MleError:
        return None
    if found.limit is not None or not np.all(np.isfinite(found.theta)):
        return None
    return dict(zip(model.param_names, model.nearest(found.family.unpack(found.theta)), strict=True))
