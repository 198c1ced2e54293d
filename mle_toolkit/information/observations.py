"""Observations as estimates without a model take them: exact, without weights, and not of a coarse grid."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.information.model_free import MOST_ROUNDING_ERROR, Rows
from mle_toolkit.information.neighbours import rounding_of_columns

SUBSAMPLES = 50
"""Subsamples for a standard error, which is then known to 10 %."""


SUBSAMPLE_ROWS = 2_000
"""Rows, of both samples together, above which subsamples are smaller than halves."""


# --- samples as rows --------------------------------------------------------------------------------------------------


def sample_of(x: Any, name: str) -> Sample:
    """A sample of single numbers or of vectors, by the shape of the data."""
    if isinstance(x, Sample):
        sample = x
    else:
        shape = getattr(x, "shape", None)
        nested = isinstance(x, (list, tuple)) and len(x) > 0 and np.ndim(x[0]) == 1
        sample = Sample.of(x, multivariate=nested or (shape is not None and len(shape) == 2))
    if not sample.is_exact:
        raise DataError(f"{name}: censored or grouped observations have no density without a model; fit one.")
    return sample


def observations_of(sample: Sample, name: str) -> Array:
    """One row an observation, as often as it was seen, of shape (n, d)."""
    rows = sample.x.reshape(sample.n_rows, -1)
    if sample.weight is None:
        return rows
    if sample.weight_kind == "reliability" or np.any(sample.weight != np.floor(sample.weight)):
        raise DataError(f"{name}: this method counts observations, so weights must be whole numbers of them.")
    return np.repeat(rows, sample.weight.astype(np.intp), axis=0)


def check_neighbours(k: int, most: int) -> None:
    """Refuse a number of neighbours that the data do not have."""
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= most:
        raise ParameterError(f"k: a whole number of neighbours from 1 to {most} for data of this size, got {k!r}.")


def rounding_of(rows: Array, name: str) -> Array:
    """Step to which each column is rounded, 0 for those that are not."""
    steps, ties = rounding_of_columns(rows, len(rows))
    if np.any(np.isnan(steps)):
        raise DataError(
            f"{name}: {100 * ties:.2g} % of the numbers in a column repeat others, though they lie on no grid: a "
            f"continuous law has no ties. For counts or categories use the table of how often each was seen."
        )
    return steps


def check_rounding(error: float, name: str) -> float | None:
    """The effect of rounding on a result, None without rounding."""
    if error > MOST_ROUNDING_ERROR:
        raise DataError(
            f"{name}: values repeat, as if rounded, too coarsely for distances between neighbours: they change the "
            f"result by up to {error:.2g} nats. Get data at higher resolution, or bin them and use the counts."
        )
    return error if error > 0 else None


def workers_for(x: Array) -> int:
    """All processors for many rows; of few, threads take longer to start than to answer."""
    return -1 if len(x) > SKETCH_ROWS else 1


# --- standard errors from subsamples ----------------------------------------------------------------------------------


def some_rows(n: int, fraction: float, generator: np.random.Generator) -> Rows:
    """Rows drawn without replacement."""
    return np.asarray(generator.choice(n, size=round(fraction * n), replace=False), dtype=np.intp)


def subsampled_se(
    estimate: Callable[[float, np.random.Generator], float], sizes: tuple[int, ...], least: int, rng: Any
) -> tuple[float | None, str | None]:
    """Standard error of an estimate with variance proportional to 1/n, from its spread over subsamples.

    Parameters
    ----------
    estimate : callable
        Estimate from a random fraction of the rows of every sample.
    sizes : tuple of int
        Rows of every sample.
    least : int
        Rows that every subsample needs for an estimate.
    rng : None, int or numpy.random.Generator

    Returns
    -------
    se : float or None
    reason : str or None
        Why there is none.

    Notes
    -----
    A fraction f drawn without replacement varies about the whole sample with variance (1/f - 1) σ²/n, so that a half
    has the standard error itself: see Politis, Romano & Wolf (1999), Subsampling.
    """
    smallest = min(sizes)
    if smallest < 2 * max(least, 5):
        return None, f"{smallest} observations are too few for subsamples of {max(least, 5)}"
    fraction = min(0.5, max(SUBSAMPLE_ROWS / sum(sizes), 10 * least / smallest))
    generator = options.generator(rng)
    found = [estimate(fraction, generator) for _ in range(SUBSAMPLES)]
    return float(np.std(found, ddof=1)) * math.sqrt(fraction / (1 - fraction)), None
