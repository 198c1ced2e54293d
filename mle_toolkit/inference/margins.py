"""Average marginal effects: how the mean, or the probability of a level, changes with a covariate.

They are averaged over the rows; standard errors are by the delta method.

Source: Bartus (2005), Stata Journal 5, 309-329.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    rows : sequence of (float or ndarray, mapping)
        Factors, of all rows or of each, and what is known of the rows then. Of a derivative, those of a difference.
    """

    name: str
    rows: Sequence[tuple[float | Array, Known]]


def difference_points(step: Array) -> Sequence[tuple[Array, Array]]:
    """Changes of a covariate, and factors of the values there, whose sum is a derivative: fourth order."""
    return [(k * step, factor / (12 * step)) for k, factor in ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0))]


def steps_of(values: Array) -> Array:
    """Small steps of a covariate: of its spread, but in rows where it is nearer to 0 that it may not pass, of itself.

    A positive covariate may be taken the log of.
    """
    spread = float(np.nanstd(values)) or 1.0
    sizes = np.full(len(values), spread)
    if np.nanmin(values) >= 0:
        sizes = np.where(values > 0, np.minimum(values, spread), spread)
    return 1e-3 * sizes


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
    effect, irregular = 0.0, False
    gradient: Array | float = 0.0
    cov: Array = np.empty((0, 0))
    for factor, known in change.rows:
        rows = Rows(maximum, known, kind)
        share = np.where(rows.missing, 0.0, 1.0 if weight is None else weight)
        share = share / np.sum(share)
        values = np.where(rows.missing, 0.0, rows.value(of))
        effect += float(np.sum(factor * share * values))
        slopes = rows.slopes(of)
        irregular |= bool(np.any(rows.is_irregular(slopes)[share != 0]))
        gradient = gradient + rows.summed(factor * share, slopes)
        cov = rows.covariance
    se = np.sqrt(quadratic_forms(np.atleast_2d(gradient), cov))
    return effect, float("nan") if irregular else float(se[0])
