"""Wasserstein's distance of order one between laws of numbers: the area between their distribution functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.integrals import integral, sum_over_integers


def between_probabilities(p: Array, q: Array, values: Any, axis: int) -> Array:
    """Sum of the gaps between values, each times the difference of the probabilities below it."""
    size = p.shape[axis]
    places = np.arange(size, dtype=float) if values is None else np.asarray(values, dtype=float)
    if places.shape != (size,):
        raise DataError(f"values: expected {size} numbers, one an outcome; got shape {places.shape}.")
    if not np.all(np.isfinite(places)) or np.any(np.diff(places) <= 0):
        raise DataError("values: expected finite numbers in ascending order.")
    below = np.cumsum(np.moveaxis(p - q, axis, -1), axis=-1)[..., :-1]
    return np.asarray(np.sum(np.abs(below) * np.diff(places), axis=-1))


def between_samples(x: Any, y: Any) -> Estimate:
    """Distance of two empirical distributions."""
    from scipy import stats

    from mle_toolkit.data.sample import Sample

    one, other = Sample(x), Sample(y)
    value = float(stats.wasserstein_distance(one.x, other.x))
    return Estimate(
        value=value, method="empirical distributions", unit="", reason="the distance is not a mean over observations"
    )


def between_laws(p: Distribution, q: Distribution) -> Estimate:
    """Integral of the difference of two distribution functions, taken from the tail that keeps more digits."""
    if p.family.multivariate or q.family.multivariate:
        raise ParameterError("wasserstein_distance: is for laws of numbers, not of vectors.")

    def log_gap(x: Array) -> Array:
        below, above = (p.cdf(x), q.cdf(x)), (p.sf(x), q.sf(x))
        gap = np.where(below[0] + below[1] < 1, np.abs(below[0] - below[1]), np.abs(above[0] - above[1]))
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(gap))

    marks = sorted({*p.landmarks, *q.landmarks})
    ends = [*p.ends, *q.ends]
    both_counts = p.family.discrete and q.family.discrete
    if p.family.discrete != q.family.discrete:
        raise ParameterError(
            "wasserstein_distance: one law is of counts, the other of measurements; give samples instead."
        )
    if both_counts:
        total = sum_over_integers(lambda k: np.exp(log_gap(k)), min(ends), max(ends), float(np.rint(marks[0])) - 1)
    else:
        total = integral(log_gap, sorted(set(ends)), marks)
    if total.where:
        reason = f"the tails are too heavy for a mean: the difference does not shrink {total.where}"
        return Estimate(value=math.inf, method="tails", unit="", reason=reason)
    return Estimate(value=total.value, error=total.error, method="sum" if both_counts else "quadrature", unit="")
