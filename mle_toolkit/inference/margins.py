"""Average marginal effects: how the mean, or the probability of a level, changes with a covariate.

They are averaged over the rows; standard errors are by the delta method.

Source: Bartus (2005), Stata Journal 5, 309-329.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.rows import Known
from mle_toolkit.errors import FitWarning
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.inference.covariance import CovKind
from mle_toolkit.inference.predictions import Of, Rows, expected_value, quadratic_forms
from mle_toolkit.numerics.differences import AHEAD, FACTORS_AHEAD

Points = Sequence[tuple[float | Array, Known]]
"""Factors, of all rows or of each, and what is known of the rows: of a sum of multiples."""


@dataclass(frozen=True)
class Change:
    """How rows change with a covariate: a sum of multiples of what they would be.

    Attributes
    ----------
    name : str
        The covariate; of a level, ``"group[b - a]"``.
    rows : sequence of (float or ndarray, mapping)
        Factors, of all rows or of each, and what is known of the rows then. Of a derivative, those of a difference.
    on_side : sequence of callable
        Each gives other such, of differences on one side: for rows that are at an end of what their law may be.
    """

    name: str
    rows: Points
    on_side: Sequence[Callable[[], Points]] = ()

    @classmethod
    def along(cls, name: str, step: Array, moved: Callable[[Array], Known]) -> Change:
        """The derivative by a covariate; ``moved`` says what is known of the rows where it is changed."""
        around = [(k * step, factor / (12 * step)) for k, factor in ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0))]

        def ahead(side: int) -> Points:
            points = zip(AHEAD, FACTORS_AHEAD, strict=True)
            return [(factor / (side * step), moved(side * k * step)) for k, factor in points]

        return cls(name, [(factor, moved(by)) for by, factor in around], (partial(ahead, 1), partial(ahead, -1)))


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
    found = _summed(maximum, change.rows, weight, kind, of)
    effect, gradient, irregular, left = found.effect, found.gradient, found.irregular, found.lost
    for points in change.on_side if left.any() else ():
        more = _summed(maximum, points(), weight, kind, of, left)
        effect, gradient, irregular = effect + more.effect, gradient + more.gradient, irregular or more.irregular
        left = more.lost
    if left.any():
        warnings.warn(
            FitWarning(
                f"the effect of {change.name} is not known: in {np.count_nonzero(left)} of {len(left)} rows the law "
                f"that the change leads to is outside its domain, or has no such value.",
                maximum.certify(),
            ),
            stacklevel=4,
        )
        return float("nan"), float("nan")
    se = np.sqrt(quadratic_forms(np.atleast_2d(gradient), found.covariance))
    return effect, float("nan") if irregular else float(se[0])


class _Sum(NamedTuple):
    """An average over rows, its derivatives by the coefficients, and the rows, of those asked for, without a value."""

    effect: float
    gradient: Array
    irregular: bool
    lost: Mask
    covariance: Array


def _summed(
    maximum: Maximum, points: Points, weight: Array | None, kind: CovKind, of: Of, chosen: Mask | None = None
) -> _Sum:
    """Multiples of a function of the laws of rows, of those that are chosen and have a value at all points."""
    at = [(factor, Rows(maximum, known, kind)) for factor, known in points]
    values, slopes = [rows.value(of) for _, rows in at], [rows.slopes(of) for _, rows in at]
    missing = at[0][1].missing
    share = np.where(missing, 0.0, 1.0 if weight is None else weight)
    share = share / np.sum(share)
    counts = (share != 0) if chosen is None else chosen
    lost = np.zeros(len(share), dtype=bool)
    for value, by in zip(values, slopes, strict=True):
        lost |= counts & ~np.isfinite(value + sum(by))
    held = counts & ~lost
    share = np.where(held, share, 0.0)
    effect, irregular = 0.0, False
    gradient: Array | float = 0.0
    for (factor, rows), value, by in zip(at, values, slopes, strict=True):
        effect += float(np.sum(factor * share * np.where(held, value, 0.0)))
        irregular |= bool(np.any(rows.is_irregular(by)[held]))
        gradient = gradient + rows.summed(factor * share, [np.where(held, one, 0.0) for one in by])
    return _Sum(effect, np.asarray(gradient), irregular, lost, at[0][1].covariance)
