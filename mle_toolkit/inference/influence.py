"""What each row does to a regression: leverage, and what would change without it, by one step of Newton's method.

Sources: Pregibon (1981), Annals of Statistics 9, 705-724; Cook & Weisberg (1982), Residuals and Influence in
Regression, ch. 3 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.inference.covariance import inverse
from mle_toolkit.inference.scores import leave_one_out, row_derivatives


@dataclass(frozen=True)
class Influence:
    """What each row does to the estimates.

    Attributes
    ----------
    leverage : ndarray of shape (n,)
        Share of a row in the information about the coefficients of the modelled parameter: the diagonal of the hat
        matrix of a linear model, and of a generalized one with its canonical link. They sum to the number of those.
    change : ndarray of shape (n, p)
        Each parameter less what it would be without the row, by one step of Newton's method.
    cooks_distance : ndarray of shape (n,)
        Change of the coefficients of the modelled parameter, squared, in units of their information, per coefficient.
    log_score : ndarray of shape (n,)
        Log-density of the row under the law fitted to the others, nats: by one step, by a fit where that is long.
    """

    leverage: Array
    change: Array
    cooks_distance: Array
    log_score: Array


def influence(maximum: Maximum, sample: Sample, main: str) -> Influence:
    """Measure the influence of every row.

    Parameters
    ----------
    maximum : Maximum
        Of the likelihood of a `Model`.
    sample : Sample
        What it is the maximum for.
    main : str
        The modelled parameter.

    Raises
    ------
    ParameterError
        If the maximum is at a boundary, or the information is singular.
    """
    model = maximum.model
    if maximum.limit is not None:
        law = maximum.limit.family
        found = influence(maximum.limit, sample, model.name_in(law, main))
        return replace(found, change=found.change @ model.lifted(law).T)
    if maximum.boundary:
        raise ParameterError(f"influence: {', '.join(maximum.boundary)} is at the boundary; fix it, and fit again.")
    u = maximum.coordinates
    information = maximum.likelihood.nobs * maximum.objective.hessian(u)
    if not np.all(np.isfinite(inverse(information))):
        raise ParameterError("influence: the information is singular, so no step can be taken.")
    once = np.ones(sample.n_rows)
    if sample.weight is not None:
        once = np.minimum(1.0, sample.weight) if sample.weight_kind == "frequency" else sample.weight
    jacobian = maximum.objective.coordinates.jacobian(u)
    place = model.places[model.param_names.index(main)]
    own = np.flatnonzero(np.any(jacobian[place] != 0, axis=0))
    block = information[np.ix_(own, own)]
    inner, leverage, step = np.linalg.inv(block), np.empty(sample.n_rows), np.empty((sample.n_rows, len(u)))
    for rows, slope, curvature in row_derivatives(maximum, sample):
        slope, curvature = once[rows, None] * slope, once[rows, None, None] * curvature
        step[rows] = np.linalg.solve(information - curvature, slope[:, :, None])[:, :, 0]
        leverage[rows] = np.einsum("jk,ikj->i", inner, curvature[:, own][:, :, own])
    cooks = np.einsum("ij,ij->i", step[:, own] @ block, step[:, own]) / len(own)
    change = (step @ jacobian.T) * maximum.likelihood.unit.slopes(model)
    scores = leave_one_out({"fit": maximum}, sample).scores[:, 0]
    return Influence(leverage, change, cooks, scores)
