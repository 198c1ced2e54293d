"""Profile likelihood of a coefficient that is infinite at the maximum: its interval has one end.

Source: Heinze & Schemper (2002), Statistics in Medicine 21, 2409-2419 (intervals by the profile where data separate).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from scipy import optimize, special

from mle_toolkit import options
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.inference.profile import End, Profile

_FIRST, _LAST, _FAR = 4.0, 1024.0, 2.0**20
"""Of the coefficient of a column of unit size: from where the likelihood is looked at, how far from there its fall is
looked for, and how far out it may come near its supremum, as where a boundary between rows is sharp."""

_AT_END = "the likelihood rises towards this end, where it has its supremum"
_ANYWHERE = "the data do not determine {name}: any value has the same supremum of the likelihood"
_OPEN = "the interval of {name} is open: the likelihood does not fall far enough towards this end"
_LOST = "the end of the interval of {name} was not found: no constrained maximum beyond the value given"


def profile_at_end(
    loglik_at: Callable[[float], float],
    name: str,
    estimate: float,
    loglik: float,
    size: float,
    alpha: float = 0.05,
    points: int = 0,
) -> Profile:
    """Profile the likelihood over a coefficient whose estimate is infinite, or NaN where it may be anything.

    Parameters
    ----------
    loglik_at : callable
        The highest log-likelihood where the coefficient has a value, nats; raises `NoMaximumError` where none is found.
    name : str
    estimate : float
        ±inf, or NaN.
    loglik : float
        Supremum of the log-likelihood, nats.
    size : float
        Root mean square of the column.
    alpha, points
        As for `profile_of_parameter`.

    Returns
    -------
    Profile
        One end is infinite; its curve ends where the likelihood has all but reached its supremum.
    """
    alpha = options.level(alpha)
    if math.isnan(estimate):
        ends = [End(sign * math.inf, False, _ANYWHERE.format(name=name)) for sign in (-1.0, 1.0)]
        return Profile(name, estimate, np.empty(0), np.empty(0), ends[0], ends[1], alpha)
    sign, bound = math.copysign(1.0, estimate), float(special.chdtri(1, alpha))
    deviance = _deviance(lambda far: loglik_at(sign * far / size), loglik)
    near, end = _bracket(deviance, bound)
    if not math.isfinite(end):
        found = End(-sign * math.inf, False, _OPEN.format(name=name))
        end = near
    elif math.isnan(deviance(end)) or not deviance(near) < bound:
        last = near if deviance(near) < bound else math.nan
        found, end = End(sign * last / size, False, _LOST.format(name=name)), near
    else:
        end = float(
            optimize.brentq(lambda at: math.sqrt(max(deviance(at), 0.0)) - math.sqrt(bound), end, near, rtol=1e-12)
        )
        found = End(sign * end / size, True)
    grid = sign * np.linspace(end - 0.25 * (near - end), near, points) if points else np.empty(0)
    curve = np.array([deviance(float(sign * at)) for at in grid])
    known, order = np.isfinite(curve), np.argsort(grid)
    order = order[known[order]]
    outer = End(estimate, False, _AT_END)
    lower, upper = (found, outer) if sign > 0 else (outer, found)
    return Profile(name, estimate, grid[order] / size, loglik - 0.5 * curve[order], lower, upper, alpha)


def _deviance(
    loglik_at: Callable[[float], float], loglik: float, known: Mapping[float, float] | None = None
) -> Callable[[float], float]:
    """Twice the fall of a log-likelihood as a function that fits at no place twice; NaN where no maximum is found."""
    seen = dict(known or {})

    def deviance(at: float) -> float:
        if at not in seen:
            try:
                seen[at] = 2 * (loglik - loglik_at(at))
            except NoMaximumError:
                seen[at] = math.nan
        return seen[at]

    return deviance


def _bracket(deviance: Callable[[float], float], bound: float) -> tuple[float, float]:
    """A place at which the deviance is below a bound, and one nearer to 0, or beyond, where it is not; or -inf."""
    near = _FIRST
    while not deviance(near) < 0.5 * bound and near < _FAR:
        near *= 2
    step = unit = near / _FIRST
    while step <= _LAST * unit:
        value = deviance(near - step)
        if math.isnan(value) or value >= bound:
            return near, near - step
        near, step = near - step, 2 * step
    return near, -math.inf


def profile_by_refits(
    loglik_at: Callable[[float], float],
    name: str,
    estimate: float,
    loglik: float,
    width: float,
    alpha: float = 0.05,
    points: int = 0,
) -> Profile:
    """Profile the likelihood over a coefficient by a fit at each value: rows that are at an end may leave it.

    Parameters
    ----------
    loglik_at, name, loglik, alpha, points
        As for `profile_at_end`.
    estimate : float
        Finite.
    width : float
        About how far the ends may be: a standard error, or more.

    Returns
    -------
    Profile
    """
    alpha = options.level(alpha)
    bound = float(special.chdtri(1, alpha))
    deviance = _deviance(loglik_at, loglik, {estimate: 0.0})
    ends = []
    for sign in (-1.0, 1.0):
        inside, step = estimate, width
        while deviance(estimate + sign * step) < bound and step < _FAR * width:
            inside, step = estimate + sign * step, 2 * step
        outside = estimate + sign * step
        if math.isnan(deviance(outside)):
            ends.append(End(inside, False, _LOST.format(name=name)))
        elif deviance(outside) < bound:
            ends.append(End(sign * math.inf, False, _OPEN.format(name=name)))
        else:
            found = float(
                optimize.brentq(lambda at: deviance(at) - bound, inside, outside, xtol=_FINE * width, rtol=_FINE)
            )
            there = abs(deviance(found) - bound) < _NEAR_BOUND  # not where a fit between was not found
            ends.append(End(found, True, "") if there else End(inside, False, _LOST.format(name=name)))
    low, high = (end.value if math.isfinite(end.value) else estimate for end in ends)
    grid = np.union1d(np.linspace(low, high, points), [estimate]) if points else np.empty(0)
    curve = np.array([loglik - 0.5 * deviance(at) for at in grid.tolist()])
    return Profile(name, estimate, grid, curve, ends[0], ends[1], alpha)


_NEAR_BOUND = 1e-4
"""Of twice the fall of a log-likelihood: how near the bound it is at the end of an interval."""

_FINE = 1e-8
"""Of a standard error: how exact the ends of intervals are."""
