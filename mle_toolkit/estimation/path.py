"""The path of an optimiser to a maximum that was found: for those who want to see it."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from mle_toolkit._typing import Array
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.starts import domains_of, starts_of

_NEAR = 0.5
"""Nats below the maximum from which a start says nothing of the way."""

_AWAY = 3.0
"""Standard errors in every coordinate at which the path then begins."""


def path_to(found: Maximum) -> tuple[list[Array], str]:
    """Where SciPy's ``trust-exact`` passes on its way to a maximum, and from where it began.

    It minimises NLL / n in the coordinates of the fit, from the start that the law chooses; from three standard errors
    away where that start is the maximum already, as it is where there is a formula.

    Parameters
    ----------
    found : Maximum
        In the interior.

    Returns
    -------
    path : list of ndarray of shape (p,)
        Parameters in the unit of the data, the first that of the start, the last the maximum; empty where the path
        leads elsewhere.
    begin : str
        Where it begins, in words.
    """
    objective, best, likelihood = found.objective, found.coordinates, found.likelihood
    lowest, nobs = objective.value(best), likelihood.nobs
    start = objective.coordinates.from_theta(
        starts_of(found.family, likelihood, domains_of(likelihood.family), {}, None)[0]
    )
    begin = "the start that the law chooses"
    if not np.isfinite(start).all() or not nobs * (objective.value(start) - lowest) > _NEAR:
        errors = np.sqrt(np.diag(np.linalg.inv(nobs * objective.hessian(best))))
        start, begin = best - _AWAY * errors, "three standard errors away"
    if not np.isfinite(objective.value(start)):
        return [], begin
    passed = [start]
    optimize.minimize(
        objective.value, start, jac=objective.gradient, hess=objective.hessian, method="trust-exact",
        callback=lambda u: passed.append(np.array(u)),
    )  # fmt: skip
    if not nobs * (objective.value(passed[-1]) - lowest) < 1e-6:
        return [], begin
    passed[-1] = best
    unit = likelihood.unit
    return [unit.params_to_data(likelihood.family, objective.coordinates.to_theta(u)) for u in passed], begin
