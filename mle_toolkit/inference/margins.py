"""Average marginal effects: how the mean, or the probability of a level, changes with a covariate.

They are averaged over the rows; standard errors are by the delta method.

Source: Bartus (2005), Stata Journal 5, 309-329.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.rows import Known
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.inference.covariance import CovKind
from mle_toolkit.inference.predictions import Of, Rows, expected_value, quadratic_forms


@dataclass(frozen=True)
class Change:
    """How rows change with a covariate: a sum of multiples of what they would be.

    Attributes
    ----------
    name : str
        The covariate; of a level, ``"group[b - a]"``.
    rows : sequence of (float, mapping)
        Factors, and what is known of the rows then. Of a derivative, points and factors of a difference.
    """

    name: str
    rows: Sequence[tuple[float, Known]]


def difference_points(step: float) -> Mapping[float, float]:
    """Changes of a covariate, and factors of the values there, whose sum is a derivative: fourth order."""
    return {step: 8 / (12 * step), -step: -8 / (12 * step), 2 * step: -1 / (12 * step), -2 * step: 1 / (12 * step)}


def average_effect(
    maximum: Maximum, change: Change, weight: Array | None, kind: CovKind, of: Of = expected_value
) -> tuple[float, float]:
    """The average effect of a covariate on the mean, or another function of the law, and its standard error.

    Parameters
    ----------
    maximum : Maximum
        Of the likelihood of a `Model`.
    change : Change
    weight : ndarray of shape (n,), or None
        Of the rows. Rows with a missing value do not count.
    kind : {"observed", "opg", "sandwich"}
        Of the covariance of the coefficients.
    of : callable
        The function: of levels the probability of one.
    """
    effect: float = 0.0
    gradient: Array | float = 0.0
    cov: Array = np.empty((0, 0))
    for factor, known in change.rows:
        rows = Rows(maximum, known, kind)
        share = np.where(rows.missing, 0.0, 1.0 if weight is None else weight)
        share = share / np.sum(share)
        values = np.where(rows.missing, 0.0, rows.value(of))
        effect += factor * float(np.sum(share * values))
        gradient = gradient + factor * rows.summed(share, rows.slopes(of))
        cov = rows.covariance
    se = np.sqrt(quadratic_forms(np.atleast_2d(gradient), cov))
    return effect, float(se[0])
