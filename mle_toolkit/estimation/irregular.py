"""Profiles of parameters that a search cannot climb, as ends of supports, and where they are highest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.domain import Domain, Interval

_FEW_ENDS = 24


_BEYOND = tuple(2.0**k for k in range(-10, 7))
"""How far beyond the data an end of a support is tried, in their range."""


_FURTHER = tuple(4.0**k for k in range(1, 8))
"""How much farther than the farthest of those it is followed, where the profile still rises there."""


def on_an_end(value: float, data: Sample) -> float:
    """A value; the end of an observation where only the way from one unit to another lies between them."""
    ends = np.concatenate([data.lower, data.upper])
    nearest = float(ends[np.argmin(np.abs(ends - value))])
    largest = max(abs(data.minimum), abs(data.maximum))
    return nearest if abs(nearest - value) <= 4 * np.spacing(largest) else value


def candidates(sample: Sample, here: float, domain: Domain) -> Array:
    """Where an irregular parameter is tried: at the ends of the observations, and beyond them."""
    positive = isinstance(domain, Interval) and domain.lower == 0.0
    ends = np.unique(np.concatenate([sample.lower, sample.upper, [here]]))
    ends = ends[np.isfinite(ends) & (ends > (0.0 if positive else -np.inf))]
    reach = float(ends[-1] - ends[0]) or abs(float(ends[0])) or 1.0
    away = np.array(_BEYOND)
    # Before the first end, and above 0, there is only a part of what is left.
    below = ends[0] / (1.0 + away) if positive else ends[0] - reach * away
    return np.concatenate([below[::-1], ends, ends[-1] + reach * away])


def highest(
    profile: Callable[[float], float],
    here: float,
    ends: Array,
    best_ends: int,
    *,
    whole: bool = False,
    one_top: bool = False,
) -> float:
    """Find the highest point of a profile of an irregular parameter; ``whole`` if it is a whole number.

    It is looked for at the candidates, ever more of them about the best, then between the best few and their
    neighbours: a profile drops where an end passes an observation, so that its highest point may stand beside an end
    that is not the best. Where it rises to ``one_top`` and falls beyond, fewer looks tell, and one end has it beside.
    """
    from scipy import optimize

    seen: dict[float, float] = {}

    def value(v: float) -> float:
        v = float(round(v)) if whole else v
        if v not in seen:
            seen[v] = profile(v)
        return seen[v]

    # Of impossible places none says on which side the possible ones are.
    one_top = bool(value(here) > -np.inf) and one_top
    best = _only_top(value, ends, here) if one_top else highest_end(value, ends)
    if best in (ends[0], ends[-1]):
        further, rises = _followed(value, best, ends)
        if rises:
            return further[-1]
        ends = np.unique(np.concatenate([ends, further]))
    for k, following in sorted(_between(ends, seen, 1 if one_top else best_ends)):
        a, width = float(ends[k]), float(ends[following] - ends[k])
        if _falls_from(value, a, width) or _falls_from(value, float(ends[following]), -width):
            continue
        if _is_level(value, a, width) or _is_seen_by_series(value, a, width):
            continue
        # In shares of the way: the search stops at a step that is small for its argument, and data may be far from 0.
        # A value that is not finite would end it; a parabola through it leads nowhere.
        low, high = _about_highest(seen, a, a + width)
        optimize.minimize_scalar(
            lambda share, a=a, width=width: min(-value(a + float(share) * width), 1e300),
            bounds=((low - a) / width, (high - a) / width),
            method="bounded",
            options={"xatol": 1e-9},
        )
    if whole:
        top = max(seen, key=lambda v: seen[v])
        for step in (1.0, -1.0):
            while value(top + step) > value(top):
                top += step
    top = max(seen, key=lambda v: seen[v])
    # On a plateau, as of an end that a window hides, stay.
    return here if seen.get(here, -np.inf) >= seen[top] - 1e-10 * max(1.0, abs(seen[top])) else top


def _about_highest(seen: Mapping[float, float], low: float, high: float) -> tuple[float, float]:
    """Neighbours of the highest point that was seen between two ends; these where there is none."""
    inside = [low, *sorted(v for v in seen if low < v < high), high]
    top = max(range(1, len(inside) - 1), key=lambda k: seen[inside[k]], default=0)
    return (inside[top - 1], inside[top + 1]) if top else (low, high)


def _followed(value: Callable[[float], float], outermost: float, ends: Array) -> tuple[list[float], bool]:
    """Points beyond the outermost end, which is the highest, as far as a profile rises; and whether it does at all."""
    nearest = float(ends[-1] if outermost == ends[0] else ends[0])
    further, here = [], value(outermost)
    for times in _FURTHER:
        further.append(nearest + times * (outermost - nearest))
        there = value(further[-1])
        if not there > here + CLEAR_FALL * max(1.0, abs(here)):
            return further, False
        here = there
    return further, True


def has_run_off(value: float, sample: Sample) -> bool:
    """Whether an irregular parameter has been followed as far as it is, away from the data."""
    reach = sample.maximum - sample.minimum
    away = max(sample.minimum - value, value - sample.maximum)
    return away > 0.5 * _BEYOND[-1] * _FURTHER[-1] * reach > 0


def highest_end(value: Callable[[float], float], ends: Array) -> float:
    """The highest of many ends, by looks at ever more of them about the best."""
    low, high = 0, len(ends) - 1
    while True:
        tried = np.unique(np.linspace(low, high, min(_FEW_ENDS, high - low + 1)).astype(int))
        best = int(np.argmax([value(float(ends[k])) for k in tried]))
        low, high = int(tried[max(best - 1, 0)]), int(tried[min(best + 1, len(tried) - 1)])
        if high - low <= 2:
            return float(ends[tried[best]])


_GOLDEN = 0.5 * (3.0 - math.sqrt(5.0))
"""Share of the longer side at which the next look for one top narrows both alike."""


def _only_top(value: Callable[[float], float], ends: Array, here: float) -> float:
    """The highest of many ends, where the profile rises to one top and falls beyond it, from a place that is possible.

    By golden sections: the top is between the neighbours, of those looked at, of the highest.
    """
    best = min(int(np.searchsorted(ends, here)), len(ends) - 1)
    low, high = -1, len(ends)
    while high - low > 2:
        if high - best > best - low:
            tried = best + max(1, round(_GOLDEN * (high - best)))
        else:
            tried = best - max(1, round(_GOLDEN * (best - low)))
        if value(float(ends[tried])) > value(float(ends[best])):
            low, high = (best, high) if tried > best else (low, best)
            best = tried
        else:
            low, high = (low, tried) if tried > best else (tried, high)
    return float(ends[best])


_BESIDE, AWAY = 1e-10, 1e-4
"""Shares of the way between two ends at which a profile is seen beside one of them, and a step away from it."""


CLEAR_FALL = 1e-9
"""Share of a log-likelihood by which it must fall on that step: more than the climbs of the others leave open."""


def _falls_from(value: Callable[[float], float], end: float, width: float) -> bool:
    """Whether a profile falls from beside an end towards the other, so that the end is the highest point between.

    What is seen beside the end counts, not what is seen at it, from where the profile may drop.
    """
    beside, away = end + _BESIDE * width, end + AWAY * width
    if abs(beside - end) < 16 * np.spacing(abs(end)):
        return False
    high, low = value(beside), value(away)
    return bool(np.isfinite(low) and high - low > CLEAR_FALL * max(1.0, abs(high)))


def _is_level(value: Callable[[float], float], end: float, width: float) -> bool:
    """Whether a profile is level between two ends, as where a window hides what the parameter moves."""
    heights = [value(end + share * width) for share in (AWAY, 0.5, 1 - AWAY)]
    return bool(np.isfinite(heights).all() and np.ptp(heights) <= CLEAR_FALL * max(1.0, abs(heights[0])))


_NODES = np.cos(np.pi * np.arange(9) / 8)
"""Of Chebyshev's series of a profile between two ends."""

_LEFT_OUT = 1e-12
"""Share of a log-likelihood that the last two coefficients of a series may be, so that it is the profile."""


def _is_seen_by_series(value: Callable[[float], float], end: float, width: float) -> bool:
    """Look where a profile is highest between two ends by its series; whether it is so smooth that this tells."""
    series = np.polynomial.chebyshev
    shares = np.clip(0.5 * (1.0 + _NODES), _BESIDE, 1.0 - _BESIDE)
    heights = np.array([value(end + share * width) for share in shares.tolist()])
    if not np.isfinite(heights).all():
        return False
    most = float(np.max(heights))
    allowed = _LEFT_OUT * max(1.0, abs(most))
    terms = series.chebfit(_NODES, heights - most, len(_NODES) - 1)
    if np.max(np.abs(terms[-2:])) > allowed:
        return False
    turns = series.chebroots(series.chebder(series.chebtrim(terms, allowed)))
    turns = turns.real[(np.abs(turns.imag) == 0.0) & (np.abs(turns.real) < 1.0)]
    for turn in turns[series.chebval(turns, terms) > 0.0].tolist():
        value(end + 0.5 * (1.0 + turn) * width)
    return True


def uphill(profile: Callable[[Mapping[str, float]], float], at: dict[str, float], sample: Sample) -> dict[str, float]:
    """Climb over several irregular parameters at once, from where turns have led: along a ridge turns creep."""
    names, here = list(at), np.array(list(at.values()))
    reach = sample.maximum - sample.minimum or abs(sample.maximum) or 1.0
    simplex = 0.01 * np.vstack([np.zeros(len(here)), np.eye(len(here))])
    from scipy import optimize

    minimize: Any = optimize.minimize  # whose stubs do not know arrays of open length
    run = minimize(
        lambda share: min(-profile(dict(zip(names, here + reach * share, strict=True))), 1e300),
        simplex[0],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "initial_simplex": simplex},
    )
    return dict(zip(names, (here + reach * run.x).tolist(), strict=True))


def _between(ends: Array, seen: Mapping[float, float], few: int) -> set[tuple[int, int]]:
    """Pairs of neighbouring ends about the best few that were tried."""
    tried = [k for k, end in enumerate(ends.tolist()) if seen.get(end, -np.inf) > -np.inf]
    best = sorted(tried, key=lambda k: -seen[float(ends[k])])[:few]
    pairs = [(k + side, k + side + 1) for k in best for side in (-1, 0)]
    return {(a, b) for a, b in pairs if a >= 0 and b < len(ends)}
