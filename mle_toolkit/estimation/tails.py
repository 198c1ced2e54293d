"""Where a power law begins: the choice of its threshold by the distance of the tail from the law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, MleError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.zeta import Zeta, exponents
from mle_toolkit.options import number

ESTIMATED = "estimate"

LEAST = 2
"""Distinct values that a tail has at least."""

MOST_THRESHOLDS = 2_000
"""Thresholds tried, evenly chosen among the distinct values where there are more; then those beside the best."""

_BEST = 10
"""Of those evenly chosen, how many are refined."""


def power_law_beyond(
    sample: Sample, xmin: Any, *, discrete: bool | None = None
) -> tuple[Sample, Family, dict[str, float]]:
    """The tail of a sample, the power law for it, and what is known of that: its beginning.

    Whole numbers have the discrete law (zeta), others Pareto's.

    Parameters
    ----------
    sample : Sample
        Exact observations.
    xmin : float or "estimate"
        Where the law begins; or it is chosen where the tail is nearest to its law by Kolmogorov and Smirnov's distance.
    discrete : bool, optional
        Which law it is; by default the one of whole numbers where all are.

    Raises
    ------
    DataError
        If the sample is not exact, or has no tail of two distinct positive values, or a discrete law is asked for and
        not all are whole numbers.
    ParameterError
        If ``xmin`` is neither a positive number nor ``"estimate"``.

    References
    ----------
    Clauset, Shalizi & Newman (2009), SIAM Review 51, 661-703, section 3.3.
    """
    if not sample.is_plain or sample.is_multivariate or not sample.in_memory:
        raise DataError("xmin: a power law beyond a threshold is fitted to exact numbers in memory.")
    if discrete and not sample.is_integer:
        raise DataError("xmin: the zeta law is one of whole numbers, and these are not all; take power_law or pareto.")
    discrete = sample.is_integer if discrete is None else discrete
    if isinstance(xmin, str):
        if xmin != ESTIMATED:
            raise ParameterError(f"xmin: expected a positive number or {ESTIMATED!r}, got {xmin!r}.")
        start = nearest_threshold(*_distinct(sample), discrete=discrete)[0]
    else:
        start = number(xmin, "xmin", above=0.0)
    if discrete and start != math.floor(start):
        raise ParameterError(f"xmin: the data are whole numbers, so it is one, too; got {start:g}.")
    kept = np.flatnonzero(sample.x >= start)
    if len(np.unique(sample.x[kept])) < LEAST:
        raise DataError(f"xmin: fewer than {LEAST} distinct values are at least {start:g}.")
    if discrete:
        return sample.take(kept), get_family("zeta", xmin=int(start)), {}
    return sample.take(kept), get_family("pareto"), {"xm": start}


def _distinct(sample: Sample) -> tuple[Array, Array]:
    """Distinct positive values in order, and the weight of each."""
    x, place = np.unique(sample.x, return_inverse=True)
    weight = np.bincount(place, sample.weight).astype(float)
    positive = x > 0
    if int(np.sum(positive)) < LEAST:
        raise DataError(f"xmin: a power law needs {LEAST} distinct positive values, got {int(np.sum(positive))}.")
    return x[positive], weight[positive]


def nearest_threshold(x: Array, weight: Array, *, discrete: bool) -> tuple[float, float, float]:
    """Threshold, exponent, and distance of the tail that is nearest to its power law.

    Parameters
    ----------
    x, weight : ndarray of shape (m,)
        Distinct values in order, and the weight of each.
    discrete : bool
        Whether the law is of whole numbers.

    Returns
    -------
    xmin, alpha, distance : float
        ``alpha`` is the exponent of the probabilities of counts (zeta), of others that of the survival function.
    """
    beyond = np.cumsum(weight[::-1])[::-1]
    logs = np.cumsum((weight * np.log(x))[::-1])[::-1]
    places = np.arange(len(x) - LEAST + 1)
    if len(places) > MOST_THRESHOLDS:
        places = np.unique(np.rint(np.linspace(0, len(places) - 1, MOST_THRESHOLDS)).astype(int))
    best = (math.nan, math.nan, math.inf)
    distances: dict[int, float] = {}

    def tried(those: list[int]) -> None:
        nonlocal best
        mean_log = logs[those] / beyond[those] - np.log(x[those])
        alphas = exponents(mean_log, x[those]) if discrete else 1.0 / mean_log
        for k, mean, alpha in zip(those, mean_log.tolist(), alphas.tolist(), strict=True):
            tail, share = x[k:], 1 - np.append(beyond[k + 1 :], 0.0) / beyond[k]
            if discrete:
                law = Zeta(xmin=int(x[k]))
                try:
                    alpha = law.from_means((mean,))[0] if math.isnan(alpha) else alpha
                    at = law.cdf(tail, np.asarray(alpha))
                except MleError:
                    continue
                distances[k] = float(np.max(np.abs(at - share)))
            else:
                at = -np.expm1(-alpha * np.log(tail / x[k]))
                before = 1 - beyond[k:] / beyond[k]
                distances[k] = float(max(np.max(np.abs(at - share)), np.max(np.abs(at - before))))
            if distances[k] < best[2]:
                best = float(x[k]), float(alpha), distances[k]

    tried(places.tolist())
    beside = np.diff(places).max(initial=1)
    for near in sorted(distances, key=lambda k: distances[k])[: _BEST if beside > 1 else 0]:
        around = range(max(near - beside, 0), min(near + beside, len(x) - LEAST) + 1)
        tried([k for k in around if k not in distances])
    return best
