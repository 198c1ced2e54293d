"""Means of a law beyond a value and up to one: residual lives, restricted means, limited expected values."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.quadrature import QUANTILES, Density, Mass


class Law(Protocol):
    """What is asked of a law of numbers with known parameters."""

    @property
    def family(self) -> Family: ...  # noqa: D102
    @property
    def ends(self) -> tuple[float, float]: ...  # noqa: D102
    def pdf(self, x: Any) -> Array: ...  # noqa: D102
    def logpdf(self, x: Any) -> Array: ...  # noqa: D102
    def logcdf(self, x: Any) -> Array: ...  # noqa: D102
    def logsf(self, x: Any) -> Array: ...  # noqa: D102
    def ppf(self, p: Any) -> Array: ...  # noqa: D102
    def isf(self, p: Any) -> Array: ...  # noqa: D102


def excess_beyond(law: Law, t: float) -> float:
    """E(X - t | X > t), by quadrature of the law that is left beyond t; NaN where nothing is.

    Raises
    ------
    IntegralError
        If the mean is infinite, or does not settle.
    """
    low, high = law.ends
    left = float(law.logsf(t))
    if left == -math.inf or math.isnan(t):
        return math.nan
    if law.family.discrete:
        first = max(low, math.floor(t) + 1)
        origin = first if t < low else float(law.isf(0.99 * math.exp(left)))
        mass = Mass(law.family.name, lambda k: np.exp(law.logpdf(k) - left), first, high, origin)
        return mass.expect(lambda k: k - t)
    marks = tuple(sorted(float(x) for x in law.isf(np.array(QUANTILES) * math.exp(left)) if np.isfinite(x)))
    beyond = Density(law.family.name, lambda x: law.logpdf(x) - left, max(low, t), high, marks)
    return beyond.integrate(lambda x: x - t)


def mean_up_to(law: Law, t: float) -> float:
    """E(min(X, t)): the mean of a life that is watched until t, the part of a loss up to a limit.

    Raises
    ------
    IntegralError
        If it does not settle.
    """
    low, high = law.ends
    below, left = float(law.logcdf(t)), float(law.logsf(t))
    if math.isnan(t):
        return math.nan
    if below == -math.inf or t <= low:
        return t
    if law.family.discrete:
        last = min(high, math.floor(t))
        share = Mass(law.family.name, lambda k: np.exp(law.logpdf(k) - below), low, last, float(law.ppf(1e-3)))
        inner = share.expect(lambda k: k)
    else:
        marks = tuple(sorted(float(x) for x in law.ppf(np.array(QUANTILES) * math.exp(below)) if np.isfinite(x)))
        inner = Density(law.family.name, lambda x: law.logpdf(x) - below, low, min(high, t), marks).integrate(_itself)
    beyond = 0.0 if left == -math.inf else t * math.exp(left)
    return inner * math.exp(below) + beyond


def _itself(x: Array) -> Array:
    return x
