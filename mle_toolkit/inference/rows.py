"""What each row of the data says of a fitted law: its log-density and its score."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit


def fitted_law(maximum: Maximum) -> Distribution:
    """The law at a maximum; at a boundary that is another law, that law, and so on."""
    return maximum.innermost.family.law_at(maximum.innermost.theta)


def log_density(law: Distribution, sample: Sample) -> Array:
    """Log-density of every row of a sample, given its window; of an interval its log-probability; shape (n_rows,).

    -inf where the law excludes a row.
    """
    params = law.in_order
    if sample.is_plain:
        with np.errstate(all="ignore"):
            return np.array(np.broadcast_to(law.family.logpdf(sample.x, *params), sample.n_rows), dtype=float)
    theta = np.concatenate([np.ravel(np.asarray(p, dtype=float)) for p in params])
    return Likelihood(law.family, law.family.with_rows(sample), Unit()).rows(theta)


def score_rows(maximum: Maximum, sample: Sample) -> Array:
    """Derivatives of the log-density of every row by the free coordinates at a maximum; shape (n_rows, n_free)."""
    return by_row(maximum, sample, maximum.objective.score_rows(maximum.coordinates))


def by_row(maximum: Maximum, sample: Sample, values: Array) -> Array:
    """Values for the rows of a sample, from those for the rows of the likelihood, which tabulates counts."""
    data = maximum.likelihood.data
    # The fit may be of another object with the same rows.
    if np.array_equal(data.lower, sample.lower):
        return values
    return values[np.searchsorted(data.lower, sample.lower)]


def total(values: Array, sample: Sample) -> Array:
    """Weighted sum over the rows."""
    weight = sample.weight
    if weight is None:
        return np.asarray(np.sum(values, axis=0))
    return np.asarray(np.sum(weight.reshape(-1, *[1] * (values.ndim - 1)) * values, axis=0))
