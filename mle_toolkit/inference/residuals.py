"""Randomised quantile residuals: standard normal, whatever the law, if the law is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from scipy import special

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.circular import Circular
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.predictions import expected_value, variance

Kind = Literal["quantile", "deviance", "pearson", "response"]

_AT_TOP = 1e-9
"""Nats by which the density may be higher beside its highest, for rounding."""


def residuals(
    law: Distribution, sample: Sample, kind: str = "quantile", rng: Any = None, main: str | None = None
) -> Array:
    r"""Residuals of the observations under a law.

    Parameters
    ----------
    law : Distribution
    sample : Sample
        Of numbers, in any form.
    kind : {"quantile", "deviance", "pearson", "response"}
        ``"response"``: observation less mean; ``"pearson"``: that over the standard deviation; ``"deviance"``: the root
        of twice what the log-density of the row lacks to its highest for any mean, with the sign of the response
        residual (McCullagh & Nelder 1989, sec. 2.4). These three are of exact observations.
        ``"quantile"``: randomised quantile residuals (Dunn & Smyth 1996, J. Comput. Graph. Statist. 5, 236-244):
        :math:`\Phi^{-1}(u)`, where u is F(x) for an exact observation of a continuous law, and otherwise drawn
        uniformly between F at the ends of what is known: a count, a bin, a censored observation. Under a window F is
        that of the law within it.
    rng : None, int, SeedSequence, BitGenerator or Generator
    main : str, optional
        For deviance residuals: the parameter that moves the mean.

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
    kind = options.choice(kind, "kind of residuals", get_args(Kind))
    if kind != "quantile":
        return _of_moments(law, sample, kind, main or law.family.main_parameter)
    if isinstance(law.family, Circular) and not sample.is_plain:
        return _of_arcs(law, law.family, sample, rng)
    lower, upper = sample.lower, sample.upper
    if law.family.discrete:
        lower = np.where(lower == upper, lower - 1.0, lower)
    below = cumulative(law, lower, sample)
    above = below if lower is upper else cumulative(law, upper, sample)
    cell = lower < upper
    if law.family.atoms:
        jump = (lower == upper) & np.isin(upper, law.family.atoms)
        before = before_jumps(law, lower, sample)
        below = np.where(jump, before[0], below[0]), np.where(jump, before[1], below[1])
        cell = cell | jump
    if not cell.any():
        return _normal_quantile(*below)
    uniform = options.generator(rng).uniform(size=sample.n_rows)
    mixed = tuple(np.where(cell, _between(a, b, uniform), a) for a, b in zip(below, above, strict=True))
    return _normal_quantile(*mixed)


def _of_moments(law: Distribution, sample: Sample, kind: str, main: str) -> Array:
    """Residuals from the mean of each row."""
    if not sample.is_plain or law.family.multivariate:
        raise ParameterError(
            f"residuals: {kind} residuals are of exact numbers, not of censored, binned or truncated ones; "
            f'use "quantile".'
        )
    away = sample.x - expected_value(law)
    if kind == "response":
        return np.asarray(away)
    if kind == "pearson":
        return np.asarray(away / np.sqrt(variance(law)))
    with np.errstate(all="ignore"):
        rows = law.family.logpdf(sample.x, *law.in_order)
    lacking = saturated_rows(law, sample.x, main) - rows
    return np.asarray(np.sign(away) * np.sqrt(2 * np.maximum(lacking, 0.0)))


def saturated_rows(law: Distribution, x: Array, main: str) -> Array:
    """Log-density of each row where its mean is the observation, all else as fitted: the highest; shape (n,), nats.

    Parameters
    ----------
    law : Distribution
        Of each row.
    x : ndarray of shape (n,)
    main : str
        The parameter that is proportional to the mean.

    Raises
    ------
    ParameterError
        If the mean is not proportional to the parameter, or the density of a row is higher for another mean.
    """
    family, params = law.family, law.params
    main = main if main in params else family.main_parameter  # a limiting law has names of its own
    with np.errstate(all="ignore"):
        per = expected_value(law) / params[main]  # 1, or the number of trials
        half = Distribution.at(family, tuple(0.5 * v if k == main else v for k, v in params.items()))
        proportional = np.allclose(expected_value(half), 0.5 * per * params[main], rtol=1e-9, atol=0.0)
        at = tuple(x / per if name == main else value for name, value in params.items())
        rows = np.asarray(family.logpdf(x, *at), dtype=float)
        highest = proportional and bool(np.all(np.isfinite(rows)))
        if highest:
            domain = family.parameters[family.param_names.index(main)].domain
            for factor in (1 - 1e-2, 1 + 1e-2):
                beside = x / per * factor
                near = family.logpdf(x, *_moved(params, main, beside))
                highest = highest and not np.any((near > rows + _AT_TOP) & domain.contains(beside))
    if not highest:
        raise ParameterError(
            f"{family.name}: the density of a row is not highest where its mean is the observation, so there is no "
            f'deviance; use "quantile" residuals.'
        )
    return rows


def _moved(params: Mapping[str, Any], name: str, value: Any) -> tuple[Any, ...]:
    return tuple(value if key == name else own for key, own in params.items())


def _of_arcs(law: Distribution, family: Circular, sample: Sample, rng: Any) -> Array:
    """Residuals of arcs and windows on the circle, counted from where the turn of the law, or the window, begins."""
    params = law.in_order
    begin = np.full(sample.n_rows, float(family.middle(*params)) - 0.5 * family.period)
    mass = np.ones(sample.n_rows)
    if sample.window is not None:
        low, high = sample.window
        whole = np.isinf(low)
        begin = np.where(whole, begin, low)
        mass = np.where(whole, 1.0, np.exp(family.log_mass(begin, np.where(whole, begin, high), *params)))
    before = family.log_mass(begin, begin + np.mod(sample.lower - begin, family.period), *params)
    inside = family.log_mass(sample.lower, sample.upper, *params)
    uniform = np.where(sample.lower < sample.upper, options.generator(rng).uniform(size=sample.n_rows), 0.0)
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


def before_jumps(law: Distribution, x: Array, sample: Sample) -> tuple[Array, Array]:
    """`cumulative` of what is below x, less the probability that the law gives to x itself, and of what is not."""
    logcdf, logsf = cumulative(law, x, sample)
    mass = np.where(np.isin(x, law.family.atoms), law.logpdf(x), -np.inf)
    if sample.window is not None:
        low, high = sample.window
        with np.errstate(divide="ignore"):
            mass = mass - np.log1p(-(law.cdf(low) + law.sf(high)))
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(np.isneginf(mass), logcdf, logcdf + np.log1p(-np.exp(np.minimum(mass - logcdf, 0.0))))
    return left, np.logaddexp(logsf, mass)


def _between(log_a: Array, log_b: Array, share: Array) -> Array:
    """Log of a mixture of two probabilities."""
    with np.errstate(divide="ignore"):
        return np.logaddexp(np.log1p(-share) + log_a, np.log(share) + log_b)


def _normal_quantile(logcdf: Array, logsf: Array) -> Array:
    """Normal quantile, from the tail that keeps its digits."""
    left = logcdf < logsf
    tail = special.ndtri_exp(np.minimum(np.where(left, logcdf, logsf), 0.0))
    return np.asarray(np.where(left, tail, 0.0 - tail))  # a median is 0, not -0
