"""The maximum of a regression, which is never below that of the law without covariates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, MleError, NoMaximumError
from mle_toolkit.estimation.anew import ends_anew
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.estimation.climbed import Climbed, climbed_from
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.run_off import unbounded
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.estimation.starts import in_unit
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_HIGHER = 1e-8
"""Nats by which another maximum must be higher."""

_CLEARLY = 1e-6
"""Nats by which a law without covariates must be, so that rounding does not say it."""

_FEW_ROWS = 2_000
"""Rows up to which climbs are begun elsewhere too: of more the likelihood is as a rule that of a normal law."""

_ROUNDS, _TRIED = 2, 3
"""How often climbs are begun elsewhere, each time about the highest end before; and ends of which a maximum is sought,
from the highest, for those where digits are lost are none."""


def maximise_above_null(model: Model, sample: Sample, options: Mapping[str, Any]) -> Maximum:
    """The maximum; of laws that may have several, and through windows, the higher one of that and of what begins anew.

    That is, at the law without covariates: what least squares leave of observations that are seen in part says little
    of the rest. From there Newton's method leads to a maximum. Where that law is higher all the same, it is told.

    Raises
    ------
    NoMaximumError
        If neither search finds one.
    """
    found: Maximum | NoMaximumError
    try:
        found = maximise(model, sample, **options)
    except DataError:
        raise
    except NoMaximumError as error:
        found = error
    asked = any(options.get(name) for name in ("start", "fixed", "bounds", "solver"))
    null = None if asked or not _may_have_several(model, sample) else _null(model, sample)
    other = None if null is None else _from_null(model, sample, null)
    if other is not None and (isinstance(found, NoMaximumError) or other.loglik > found.loglik + _HIGHER):
        found, null = maximise(model, sample, **{**options, "start": other.params}), None
    if not asked and sample.window is not None:
        found = _anew(model, sample, options, found)
    if isinstance(found, NoMaximumError):
        raise found
    inside = null is not None and all(t.offset is None and t.constant is not None for t in model.linear.values())
    if null is not None and inside and null.loglik > found.loglik + _CLEARLY:
        where = "" if null.limit is None else f", at its limit {null.limit.family.name}"
        return replace(found, elsewhere=f"it is higher where no covariate counts ({null.loglik:.6g}){where}")
    return found


def _anew(
    model: Model, sample: Sample, options: Mapping[str, Any], found: Maximum | NoMaximumError
) -> Maximum | NoMaximumError:
    """The maximum; of few rows that are seen through windows the highest to which climbs from elsewhere lead."""
    if type(model) is not Model or not sample.in_memory or sample.n_rows > _FEW_ROWS or model.base.per_row:
        return found
    for seed in range(_ROUNDS):
        inside = found if isinstance(found, Maximum) else None
        height = -math.inf if inside is None else inside.loglik + _CLEARLY
        higher = [end for end in ends_anew(model, sample, inside, seed) if end.loglik > height]
        better = next(filter(None, (_climbed(model, sample, options, end, height) for end in higher[:_TRIED])), None)
        if better is None:
            break
        found = better
    return found


def _climbed(model: Model, sample: Sample, options: Mapping[str, Any], end: Climbed, height: float) -> Maximum | None:
    """The maximum to which a place leads; None where it is not so high, or the digits of the likelihood are lost."""
    try:
        found = maximise(model, sample, **{**options, "start": end.params})
    except NoMaximumError:
        return None
    return found if found.loglik > height and found.certify().verdict is not Verdict.INEXACT else None


def beside_spikes(model: Model, sample: Sample, found: Maximum, options: Mapping[str, Any]) -> Maximum:
    """The maximum; where a search stopped on its way to a spike of a law that has them, a local maximum elsewhere.

    Raises
    ------
    UnboundedLikelihoodError
        If climbs from elsewhere lead to none.
    """
    spikes, asked = model.base.spikes, any(options.get(name) for name in ("start", "fixed", "bounds", "solver"))
    if spikes is None or asked or type(model) is not Model or not sample.in_memory:
        return found
    if found.certify().verdict is not Verdict.NOT_CONVERGED or any(t.constant is None for t in model.linear.values()):
        return found
    why = spikes(sample) if np.any(sample.lower == sample.upper) else None
    if why is None:
        return found
    for end in ends_anew(model, sample, None, 0)[:_TRIED]:
        local = _climbed(model, sample, options, end, -math.inf)
        if local is not None and local.limit is None and local.certify().ok:
            return replace(local, elsewhere=why)
    message = f"the search found no local maximum of an unbounded likelihood: {why}. {model.base.without_spikes}"
    raise unbounded(model, message, sample, found.method)


def _may_have_several(model: Model, sample: Sample) -> bool:
    """Whether the likelihood may have other maxima: through windows, or of measurements, if a law begins where it may.

    Of counts the law without covariates is where the search begins.
    """
    base = model.base
    if not (sample.in_memory and base.all_scalar) or base.per_row:
        return False
    return sample.window is not None or (base.start is not None and not base.discrete)


def _null(model: Model, sample: Sample) -> Maximum | None:
    try:
        return maximise(model.base, sample)
    except MleError:
        return None


def _from_null(model: Model, sample: Sample, null: Maximum) -> Climbed | None:
    """The maximum to which the law of a row leads; None where nowhere."""
    if null.limit is not None or not np.all(np.isfinite(null.theta)):
        return None
    likelihood = Likelihood(model, sample)
    law, nearest = likelihood.family, model.nearest(null.family.unpack(null.theta))
    theta = np.concatenate([in_unit(law, likelihood, *pair) for pair in zip(law.param_names, nearest, strict=True)])
    return climbed_from(likelihood, theta, [p.regular for p in law.parameters])
