"""Probabilities from the logs that a law gives of them: methods that its class takes as its own.

Like ``cdf, sf = cdf_of_log, sf_of_logcdf``. Nothing here is taken unless a class says so: where a law has only logs,
probabilities of scipy.stats, or of another formula, may keep more digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array


def cdf_of_log(law: Any, x: Array, *params: Any) -> Array:
    """Probability of at most x."""
    return np.asarray(np.exp(law.logcdf(x, *params)))


def sf_of_log(law: Any, x: Array, *params: Any) -> Array:
    """Probability of more than x."""
    return np.asarray(np.exp(law.logsf(x, *params)))


def cdf_of_logsf(law: Any, x: Array, *params: Any) -> Array:
    """Probability of at most x: one less that of more, so that it keeps its digits where that is near 1."""
    return np.asarray(-np.expm1(law.logsf(x, *params)))


def sf_of_logcdf(law: Any, x: Array, *params: Any) -> Array:
    """Probability of more than x: one less that of at most x, so that it keeps its digits where that is near 1."""
    return np.asarray(-np.expm1(law.logcdf(x, *params)))


def logcdf_of_tails(law: Any, x: Array, *params: Any) -> Array:
    """Log of the cdf, of ``log_tails``."""
    below: Array = law.log_tails(x, *params)[0]
    return below


def logsf_of_tails(law: Any, x: Array, *params: Any) -> Array:
    """Log of the survival function, of ``log_tails``."""
    above: Array = law.log_tails(x, *params)[1]
    return above
