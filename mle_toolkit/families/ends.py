"""What happens to a likelihood as the end of a support comes to the data: whether it rises, and without a bound."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import Interval

_INSIDE = np.concatenate([np.geomspace(1e-6, 0.04, 8), np.linspace(0.05, 0.95, 19), 1 - np.geomspace(0.04, 1e-6, 8)])

_NOISE = 1e-6
"""Slope that rounding may have put there."""

_NEARNESS = (1e-75, 1e-150, 1e-300)
_SCALES = np.geomspace(1e-8, 1e8, 17)[:, None]


def grid(domain: Interval, count: int, reach: float = 80.0) -> Array:
    """Values spread over a domain: evenly where it is finite, by powers where it is not; never the endpoints or 0."""
    low, high = domain.lower, domain.upper
    if np.isfinite(low) and np.isfinite(high):
        return np.asarray(low + (high - low) * np.linspace(0.04, 0.96, count))
    if np.isfinite(low):
        return np.asarray(low + np.geomspace(max(0.03, 1 / reach), reach, count))
    if np.isfinite(high):
        return np.asarray(high - np.geomspace(max(0.03, 1 / reach), reach, count))
    half = np.geomspace(0.08, min(reach, 8.0), (count + 1) // 2)
    return np.concatenate([-half[::-1], half])


def probe_points(low: float, high: float) -> tuple[Array, Array]:
    """Points all over a support of which an end is finite, and at each a step for a difference that stays inside."""
    u = _INSIDE
    if np.isfinite(low) and np.isfinite(high):
        z = low + (high - low) * u
    elif np.isfinite(low):
        z = low + u / (1 - u)
    else:
        z = high - u / (1 - u)
    return z, 1e-4 * np.minimum(np.abs(z - low), np.abs(high - z))


def common_sign(values: Array) -> int:
    """1 if values are nowhere negative and somewhere positive, -1 if the reverse, else 0; NaN and inf do not count."""
    values = values[np.isfinite(values)]
    if len(values) and np.all(values >= -_NOISE) and np.any(values > _NOISE):
        return 1
    return -1 if len(values) and np.all(values <= _NOISE) and np.any(values < -_NOISE) else 0


def grows_without_bound(logpdf: Callable[[Array, Array], Array], nobs: float) -> bool:
    """Whether shapes and scale can grow with the density of one observation at the lower end of the support, 0.

    As for the lognormal law, whose density there is 0 for every fixed shape (Hill 1963, JASA 58, 72-84): the
    best log-likelihood over a grid, of one observation ever nearer to the end and a few others, has no bound.

    Parameters
    ----------
    logpdf : callable
        ``logpdf(x, scale)`` with arrays of shape (n,) and (m, 1); gives shape (..., m, n), for all shapes on a grid.
    nobs : float
        Number of observations.
    """
    others = np.arange(1.0, max(2.0, min(nobs, 10.0)))
    best = []
    for nearness in _NEARNESS:
        values = np.sum(logpdf(np.concatenate([[nearness], others]), _SCALES), axis=-1)
        finite = values[np.isfinite(values)]
        best.append(float(finite.max()) if len(finite) else -np.inf)
    return best[2] - best[1] > 1.0 and best[1] - best[0] > 1.0
