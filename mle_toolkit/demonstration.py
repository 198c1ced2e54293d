"""What a test without failures, or with few, demonstrates: lives of at least so much, where the shape is known.

>>> import mle_toolkit as mle
>>> hours = mle.Sample.right_censored([500, 800, 800, 1000], [0, 0, 0, 0])
>>> mle.weibayes(hours, shape=2.0)
Estimate(inf, 95% in (919, inf); Weibayes; no_failures)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.options import level, number

__all__ = ["weibayes"]


def weibayes(sample: Any, shape: float, alpha: float = 0.05) -> Estimate:
    """Bound the scale of a Weibull law of known shape from below, with failures or without a single one.

    Parameters
    ----------
    sample : Sample or array_like
        Times of failures, right-censored where there was none, with delayed entry or without.
    shape : float
        Known from earlier designs; 1 is the exponential law.
    alpha : float
        One minus the confidence of the bound.

    Returns
    -------
    Estimate
        The maximum of the likelihood, infinite without failures, and from the bound to infinity as its interval.

    Raises
    ------
    DataError
        If the sample holds other than failures and right-censored times above 0, or nothing was watched.

    Notes
    -----
    With r failures in the time of all units, T = Σ t^shape - Σ entry^shape, the bound is (2 T / χ²)^(1 / shape), with
    the quantile of a chi-squared law on 2r + 2 degrees of freedom. Where a test ended at a failure that is on the safe
    side (Nelson 1985, Journal of Quality Technology 17, 140-146; Abernethy 2006, The New Weibull Handbook, chapter 6).
    A life by which a share p has failed is bounded by the bound times (-log(1 - p))^(1 / shape).

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> found = weibayes(mle.Sample.right_censored([500, 800, 800, 1000], [0, 1, 0, 0]), shape=2.0)
    >>> round(found.value, 1), round(found.interval[0], 1)
    (1590.6, 730.3)
    """
    from scipy import special

    data, power, share = Sample.of(sample), number(shape, "shape", above=0.0), level(alpha)
    if data.is_multivariate or not data.in_memory:
        raise DataError("weibayes: expected a sample of numbers in memory.")
    failed = data.lower == data.upper
    ended = np.zeros(0) if data.window is None else data.window[1]
    other = int(np.sum(~failed & ~np.isposinf(data.upper))) + int(np.sum(~np.isposinf(ended)))
    if other or data.weight_kind == "reliability":
        raise DataError(
            f"weibayes: {other} of {data.n_rows} rows are intervals, or windows end, or weights are no frequencies; it "
            f"takes failures and right-censored times, with delayed entry or without."
        )
    if not np.all(data.lower >= 0):
        raise DataError(f"weibayes: {int(np.sum(~(data.lower >= 0)))} of {data.n_rows} times are below 0.")
    weight = np.ones(data.n_rows) if data.weight is None else data.weight
    entry = np.zeros(data.n_rows) if data.window is None else np.maximum(data.window[0], 0.0)
    unit = float(np.max(data.lower))
    if not unit > 0:
        raise DataError("weibayes: nothing was watched: all times are 0.")
    total = float(np.sum(weight * ((data.lower / unit) ** power - (entry / unit) ** power)))
    count = float(np.sum(weight[failed]))
    scale = unit * (total / count) ** (1 / power) if count else math.inf
    bound = unit * (total / float(special.gammainccinv(count + 1, share))) ** (1 / power)
    return Estimate(
        value=scale, interval=(bound, math.inf), level=1 - share, method="Weibayes", unit="",
        flags=() if count else ("no_failures",),
    )  # fmt: skip
