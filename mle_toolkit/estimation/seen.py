"""The maximum of a regression whose observations are seen through windows, from where these say it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, MleError, NoMaximumError
from mle_toolkit.estimation.climb import newton_end
from mle_toolkit.estimation.maximum import Maximum, objective_near
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.estimation.starts import domains_of, in_unit
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_HIGHER = 1e-8
"""Nats by which another maximum must be higher."""


def maximise_seen(model: Model, sample: Sample, options: Mapping[str, Any]) -> Maximum:
    """The maximum; where observations are seen through windows, the higher one of that and of what begins anew.

    That is, at the law without covariates in the windows: what least squares leave of observations that are seen in
    part says little of the rest. From there Newton's method leads to a maximum, or there is nothing to be told.

    Raises
    ------
    NoMaximumError
        If neither search finds one.
    """
    asked = any(options.get(name) for name in ("start", "fixed", "bounds", "solver"))
    windows = sample.window is not None and sample.in_memory and model.base.all_scalar
    found: Maximum | NoMaximumError
    try:
        found = maximise(model, sample, **options)
    except DataError:
        raise
    except NoMaximumError as error:
        found = error
    other = _from_without_covariates(model, sample) if windows and not asked else None
    if other is not None and (isinstance(found, NoMaximumError) or other[0] > found.loglik + _HIGHER):
        return maximise(model, sample, **{**options, "start": other[1]})
    if isinstance(found, NoMaximumError):
        raise found
    return found


def _from_without_covariates(model: Model, sample: Sample) -> tuple[float, dict[str, Any]] | None:
    """The log-likelihood of the maximum to which the law of a row leads, and the coefficients; None where nowhere."""
    try:
        null = maximise(model.base, sample)
    except MleError:
        return None
    if null.limit is not None or not np.all(np.isfinite(null.theta)):
        return None
    likelihood = Likelihood(model, sample)
    law, nearest = likelihood.family, model.nearest(null.family.unpack(null.theta))
    theta = np.concatenate([in_unit(law, likelihood, *pair) for pair in zip(law.param_names, nearest, strict=True)])
    objective = objective_near(likelihood, domains_of(law), theta, [p.regular for p in law.parameters], charted=False)
    end = newton_end(objective, objective.coordinates.from_theta(theta))
    if end is None:
        return None
    params = law.unpack(likelihood.unit.params_to_data(law, objective.coordinates.to_theta(end.u)))
    loglik = (likelihood.log_jacobian - end.value) * likelihood.nobs
    return loglik, dict(zip(law.param_names, params, strict=True))
