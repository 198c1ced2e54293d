"""What is measured at a maximum at which the density of some rows has a kink, where derivatives jump."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.estimation.certificate import Measured, measure

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.likelihood.coordinates import Objective
    from mle_toolkit.likelihood.linear import Linear
    from mle_toolkit.likelihood.model import Model


def measured_at_kinks(
    model: Model, term: Linear, points: Sample, objective: Objective, u: Array, theta: Array, hessian: Array
) -> Measured:
    """What is measured with the slopes by a predictor that are nearest to 0 on all sides."""
    place = model.places[model.param_names.index(term.parameter)]
    likelihood = objective.likelihood
    masses = 0.0 if likelihood.plain else likelihood.mass_derivatives(theta)[1 : 1 + len(theta)][place]
    kinks = model.kinks(term, points, theta)
    pull = np.zeros(len(theta))
    pull[place] = -kinks.balance(theta[place], masses) / likelihood.nobs
    slopes: Array = objective.coordinates.jacobian(u)
    moved = np.any(slopes[place] != 0, axis=0)
    gradient = np.where(moved, slopes.T @ pull, objective.gradient(u))
    return measure(gradient, hessian, likelihood.nobs)
