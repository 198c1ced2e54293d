"""Which laws can be fitted to many groups at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.groups import Groups
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import Score


def is_vectorised(family: Family) -> bool:
    """Whether Newton's method can take all groups of a family at once.

    It needs a score, regular parameters that are numbers, and formulas that broadcast: parameters of shape (n, ) must
    give what each gives alone, which is tried out.
    """
    if family.chart is not None and family.chart.of_groups is not None and not family.per_row:
        return is_vectorised(family.chart.of_groups)
    one_number = all(isinstance(p.domain, Interval) and p.regular for p in family.parameters)
    score = family.score
    if not one_number or score is None:
        return False
    if family.per_row:
        return family.per_row == ("exposure",) and is_vectorised(family.exposed(1.0))
    if type(family).resolve is not Family.resolve or type(family).in_unit is not Family.in_unit:
        return False
    if getattr(family, "with_ends", False):
        return False
    if isinstance(family, ExponentialFamily):
        # A parameter on the whole line that is not moved by the unit may be an angle, of which many values are one.
        if family.from_means is None or any(p.domain == REAL and p.role == "shape" for p in family.parameters):
            return False
    elif type(family).irregular is not Family.irregular and family.hessian is None:
        return False  # irregular somewhere and without second derivatives: there are kinks among the observations
    low, high = (np.array([p.typical[k] for p in family.parameters]) for k in (0, 1))
    theta = np.stack([0.6 * low + 0.4 * high, 0.3 * low + 0.7 * high])
    x = _two_points(family)
    try:
        with np.errstate(all="ignore"):
            together = _at(family, score, x, tuple(theta.T))
            apart = [_at(family, score, x[k : k + 1], tuple(theta[k].tolist())) for k in (0, 1)]
    except (ValueError, TypeError, IndexError):  # what code for numbers does with arrays
        return False
    return together.shape[1] == 2 and np.allclose(together, np.concatenate(apart, axis=1), 1e-9, 0.0, equal_nan=True)


def takes_intervals(family: Family, groups: Groups) -> bool:
    """Whether intervals and windows of groups can be taken at once, where there are any.

    Climbs of laws of more than two parameters seldom agree there, so that most groups would be fitted singly after all;
    and to compare with a limit that has no sums costs more than a fit.
    """
    if groups.ends is None:
        return True
    if family.discrete or family.per_row or len(family.parameters) > 2 or family.chart is not None:
        return False
    if family.tail_scores is None and family.log_mass_scores is None:
        return False
    _, _, low, high = groups.ends
    limits = family.limits_in_window(float(low.min()), float(high.max()))
    return is_concave(family, groups) or all(isinstance(limit.family, ExponentialFamily) for limit in limits)


def is_concave(family: Family, groups: Groups) -> bool:
    """Whether observations are exact, of an exponential family: through windows too the log-likelihood is concave."""
    return isinstance(family, ExponentialFamily) and (
        groups.ends is None or np.array_equal(groups.ends[0], groups.ends[1])
    )


def _two_points(family: Family) -> Array:
    """Two observations, each possible under its parameters."""
    support = family.support
    if np.isfinite(support.lower) and np.isfinite(support.upper):
        points = np.array([0.7 * support.lower + 0.3 * support.upper, 0.4 * support.lower + 0.6 * support.upper])
    else:
        points = np.array([1.25, 2.5]) + (support.lower if np.isfinite(support.lower) else 0.0)
    return np.floor(points) + 1.0 if support.integer else points


def _at(family: Family, score: Score, x: Array, params: tuple[Any, ...]) -> Array:
    """Log-density and all derivatives of rows; shape (number of them, n)."""
    values = [family.logpdf(x, *params), *score(x, *params)]
    if family.hessian is not None:
        values += family.hessian(x, *params)
    return np.stack([np.broadcast_to(np.asarray(v, dtype=float), len(x)) for v in values])
