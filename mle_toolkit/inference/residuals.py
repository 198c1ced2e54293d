"""Randomised quantile residuals: standard normal, whatever the law, if the law is right."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.circular import Circular
from mle_toolkit.families.distribution import Distribution


def residuals(law: Distribution, sample: Sample, kind: str = "quantile", rng: Any = None) -> Array:
    r"""Residuals of the observations under a law.

    Parameters
    ----------
    law : Distribution
    sample : Sample
        Of numbers, in any form.
    kind : {"quantile"}
        Randomised quantile residuals (Dunn & Smyth 1996, J. Comput. Graph. Statist. 5, 236-244):
        :math:`\Phi^{-1}(u)`, where u is F(x) for an exact observation of a continuous law, and otherwise drawn
        uniformly between F at the ends of what is known: a count, a bin, a censored observation. Under a window F is
        that of the law within it.
    rng : None, int, SeedSequence, BitGenerator or Generator

    Returns
    -------
    ndarray of shape (n_rows,)
        Independent standard normal numbers if the law is right, up to the effect of fitting it.

    Raises
    ------
    ParameterError
        If the kind is unknown, or the law is one of vectors.

    Examples
    --------
    >>> from mle_toolkit.families.distribution import distribution
    >>> residuals(distribution("normal", mu=1.0, sigma=2.0), Sample([1.0, 5.0, -3.0])).round(12).tolist()
    [0.0, 2.0, -2.0]
    """
    if kind != "quantile":
        raise ParameterError(f'unknown kind of residuals {kind!r}; choose "quantile".')
    if isinstance(law.family, Circular) and not sample.is_plain:
        return _of_arcs(law, law.family, sample, rng)
    lower, upper = sample.lower, sample.upper
    if law.family.discrete:
        lower = np.where(lower == upper, lower - 1.0, lower)
    below = cumulative(law, lower, sample)
    above = below if lower is upper else cumulative(law, upper, sample)
    if np.array_equal(lower, upper):
        return _normal_quantile(*below)
    uniform = options.generator(rng).uniform(size=sample.n_rows)
    cell = lower < upper
    mixed = tuple(np.where(cell, _between(a, b, uniform), a) for a, b in zip(below, above, strict=True))
    return _normal_quantile(*mixed)


def _of_arcs(law: Distribution, family: Circular, sample: Sample, rng: Any) -> Array:
    """Residuals of arcs and windows on the circle, counted from where the turn of the law, or the window, begins."""
    assert family.log_mass is not None
    params = tuple(law.params.values())
    begin = np.full(sample.n_rows, float(family.middle(*params)) - 0.5 * family.period)
    mass = np.ones(sample.n_rows)
    if sample.window is not None:
        low, high = sample.window
        whole = np.isinf(low)
        begin = np.where(whole, begin, low)
        mass = np.where(whole, 1.0, np.exp(family.log_mass(begin, np.where(whole, begin, high), *params)))
    before = family.log_mass(begin, begin + np.mod(sample.lower - begin, family.period), *params)
    inside = family.log_mass(sample.lower, sample.upper, *params)
    uniform = np.where(sample.lower < sample.upper, np.random.default_rng(rng).uniform(size=sample.n_rows), 0.0)
    share = (np.exp(before) + uniform * np.exp(inside)) / mass
    # An arc over the beginning of the turn goes on at its end.
    return np.asarray(special.ndtri(np.where((share > 1) & (mass == 1), share - 1, np.minimum(share, 1))))


def cumulative(law: Distribution, x: Array, sample: Sample) -> tuple[Array, Array]:
    """Logs of the probabilities below and above, within the window."""
    logcdf, logsf = law.logcdf(x), law.logsf(x)
    if sample.window is None:
        return logcdf, logsf
    low, high = sample.window
    below, above = law.cdf(low), law.sf(high)
    with np.errstate(divide="ignore"):
        mass = np.log1p(-(below + above))
        # Outside of a window, on its ends, rounding may leave less than nothing.
        return (
            np.log(np.maximum(np.exp(logcdf) - below, 0.0)) - mass,
            np.log(np.maximum(np.exp(logsf) - above, 0.0)) - mass,
        )


def _between(log_a: Array, log_b: Array, share: Array) -> Array:
    """Log of a mixture of two probabilities."""
    with np.errstate(divide="ignore"):
        return np.logaddexp(np.log1p(-share) + log_a, np.log(share) + log_b)


def _normal_quantile(logcdf: Array, logsf: Array) -> Array:
    """Normal quantile, from the tail that keeps its digits."""
    left = logcdf < logsf
    tail = special.ndtri_exp(np.minimum(np.where(left, logcdf, logsf), 0.0))
    return np.asarray(np.where(left, tail, 0.0 - tail))  # a median is 0, not -0
