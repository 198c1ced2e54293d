"""Integrals over the line, and sums over the integers, of functions that are not negative, with bounds of errors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import IntegralError
from mle_toolkit.families.quadrature import Stretch, adapt, first_knots
from mle_toolkit.families.smooth_sums import smooth_sum

Function = Callable[[Array], Array]

_TAIL = ((0.5, 0.7), (0.7, 0.9))
"""Two parts of the way from the bulk to an end, on the stretched line, by which a tail is judged; not the last tenth,
where the numbers themselves give out."""

_NOT_SHRINKING = 0.99
"""Ratio of what the outermost part holds to what the one beside it holds, from which an integral counts as infinite."""

_OFF = 0.381966
"""Where the edges of the second quadrature are in the panels of the first: nowhere near theirs."""

_TOLERANCE = 1e-12
"""Error aimed at, as a share of the integral."""

_NOISE = 1e-24
"""Integral below which its terms, squares of differences of logs, are the rounding of those."""

_NOTHING = 1e-15
"""Share of the whole below which a tail is nothing."""

_FIRST_BLOCK, _LAST_BLOCK = 1024, 2**20
"""Terms of a sum in its first block, and in the last: blocks double."""

_LEAST_BLOCKS = 4
"""Blocks before the tail is judged: the first hold the bulk, which says nothing of it."""

_ROUNDING = 1e-15
"""Error of a sum of many terms by rounding, as a share of it: they are added pairwise."""


@dataclass(frozen=True)
class Total:
    """An integral or a sum.

    Attributes
    ----------
    value : float
        Infinite where it diverges.
    error : float
        Bound of the numerical error, with the estimated rest of a tail.
    where : str
        Where it diverges; empty where it does not.
    """

    value: float
    error: float
    where: str = ""


def integral(log_function: Function, cuts: Sequence[float], marks: Sequence[float]) -> Total:
    """Integrate exp of a function.

    Parameters
    ----------
    log_function : callable
        Log of the function, vectorised; -inf where that is 0, NaN far out where it cannot be computed: the integral is
        then taken up to there, and what is beyond estimated from the tail.
    cuts : sequence of float
        Ends of the pieces on which the function is smooth, in order; the first and last may be infinite.
    marks : sequence of float
        Points about which the function has its bulk.

    Returns
    -------
    Total
        Infinite where the function does not shrink towards an end (on a scale on which power tails are exponential).
    """
    totals = [_piece(log_function, low, high, marks) for low, high in itertools.pairwise(cuts)]
    where = next((t.where for t in totals if t.where), "")
    if where:
        return Total(np.inf, 0.0, where)
    return Total(sum(t.value for t in totals), sum(t.error for t in totals))


def _piece(log_function: Function, low: float, high: float, marks: Sequence[float]) -> Total:
    inner = sorted({m for m in marks if low < m < high and np.isfinite(m)})
    if len(inner) < 2:
        inner = sorted({*inner, *_spread_over(low, high, marks)})
    spread = inner[-2] - inner[1] if len(inner) > 3 else inner[-1] - inner[0]
    stretch = Stretch(low, high, inner[len(inner) // 2], spread)

    least, most = np.nextafter(low, np.inf), np.nextafter(high, -np.inf)

    def log_integrand(u: Array) -> Array:
        x, log_slope = stretch.from_real(u)
        return np.asarray(log_function(np.clip(x, least, most)) + log_slope)

    def integrand(u: Array) -> Array:
        with np.errstate(over="ignore"):
            values = np.exp(log_integrand(u))  # together: each may be beyond the range of doubles
        return np.where(np.isnan(values), 0.0, values)

    knots = first_knots(stretch, np.array(inner))
    knots = knots[~np.isnan(log_integrand(knots))]
    if len(knots) < 2:
        raise IntegralError("the function is beyond the range of doubles wherever it was looked for.")
    edges, values, doubt = _integrated(integrand, knots)
    if not np.all(np.isfinite(values)):
        place = stretch.from_real(edges[:-1])[0][~np.isfinite(values)][0]
        return Total(np.inf, 0.0, f"about x = {place:.3g}")
    value = float(np.sum(values))
    error = doubt + _ROUNDING * value
    middle = 0.5 * (edges[:-1] + edges[1:])
    centre = float(stretch.to_real(np.asarray(stretch.centre)))
    for end, reach, whole in zip((low, high), (edges[0], edges[-1]), stretch.reach, strict=True):
        share = (middle - centre) / (reach - centre)  # 0 in the bulk, 1 at the end
        beside, outer = (float(np.sum(values[(share > start) & (share <= stop)])) for start, stop in _TAIL)
        last = float(np.sum(values[share > _TAIL[-1][1]]))
        if max(outer, last) <= _NOTHING * value:
            continue
        if outer >= _NOT_SHRINKING * beside and reach != whole:
            # Seen only up to where numbers give out: an exponential tail may begin to fall late.
            at = np.array([centre + _TAIL[-1][1] * (reach - centre), reach])
            heights = log_integrand(at)
            if heights[1] < heights[0]:
                error += last * last / (outer - last) if last < outer else last
                continue
        if outer >= _NOT_SHRINKING * beside:
            return Total(np.inf, 0.0, f"towards x = {end:g}")
        error += outer * outer / (beside - outer)  # the tail falls at least geometrically from here on
    return Total(value, error)


def _integrated(f: Function, knots: Array) -> tuple[Array, Array, float]:
    """Integrate by panels, twice: a kink beside an edge may be seen by no point of the rules, but not at both times.

    Where the two differ, a third time with the edges of both; two of the three then agree.
    """
    with np.errstate(invalid="ignore"):
        crude = float(np.sum(np.diff(knots) * f(0.5 * (knots[:-1] + knots[1:]))))
    if crude < _NOISE:
        values = np.diff(knots) * f(0.5 * (knots[:-1] + knots[1:]))
        return knots, values, crude
    # Terms of order d² from logs with an error of 1e-15 have a relative one of 1e-15 / d: no use in halving further.
    tolerance = max(_TOLERANCE, _ROUNDING / math.sqrt(crude))
    edges, values, doubt = adapt(f, knots, tolerance)
    between = edges[:-1] + _OFF * np.diff(edges)
    others, other_values, _ = adapt(f, np.concatenate([edges[:1], between, edges[-1:]]), tolerance)
    with np.errstate(invalid="ignore"):
        one, other = float(np.sum(values)), float(np.sum(other_values))
        gap = abs(one - other)
    if not gap > 10 * tolerance * one:
        return edges, values, doubt + gap
    edges, values, doubt = adapt(f, np.union1d(edges, others), tolerance)
    third = float(np.sum(values))
    return edges, values, doubt + min(abs(third - one), abs(third - other))


def _spread_over(low: float, high: float, marks: Sequence[float]) -> list[float]:
    """A few points of an interval in which no law has its bulk."""
    if np.isfinite(low) and np.isfinite(high):
        return [low + share * (high - low) for share in (0.25, 0.5, 0.75)]
    end = low if np.isfinite(low) else high
    away = [abs(m - end) for m in marks if m != end] or [1.0]
    sign = 1.0 if np.isfinite(low) else -1.0
    return [end + sign * factor * max(away) for factor in (0.1, 1.0, 2.0)]


def sum_over_integers(function: Function, low: float, high: float, origin: float) -> Total:
    """Sum a function, outwards from where it begins to matter.

    Parameters
    ----------
    function : callable
        Vectorised, not negative.
    low, high : float
        First and last integer; possibly infinite.
    origin : float
        An integer in the lower tail.

    Returns
    -------
    Total
        Its error holds the rest of the tail, if sums over blocks that double go on falling as the last two did; they
        fall by a constant factor for a power tail, faster for others. Infinite where they do not fall.
    """
    origin = min(max(origin, low), high)
    value, rest, where = 0.0, 0.0, ""
    for upwards in (True, False):
        before, rest_here, end = 0.0, 0.0, high if upwards else low
        first, step, length, block = (origin, 1.0, _FIRST_BLOCK, 0) if upwards else (origin - 1, -1.0, _FIRST_BLOCK, 0)
        while (left := step * (end - first) + 1) > 0 and length <= _LAST_BLOCK:
            terms = function(first + step * np.arange(min(length, left)))
            here = float(np.sum(terms))
            value, block = value + here, block + 1
            if not np.isfinite(here):
                place = first + step * int(np.argmin(np.isfinite(terms)))
                return Total(np.inf, 0.0, f"at x = {place:g}")
            rest_here = 0.0 if left <= length else _rest(here, before)
            if rest_here <= _NOTHING * value and block >= _LEAST_BLOCKS and (value > 0 or not upwards):
                break
            first, before, length = first + step * length, here, 2 * length
        if not np.isfinite(rest_here):
            where = f"towards x = {end:g}"
        rest += rest_here
    if where:
        return Total(np.inf, 0.0, where)
    return Total(value, rest + _ROUNDING * value)


def smooth_sums_over_integers(
    functions: Sequence[Function], low: float, high: float, marks: Sequence[float]
) -> list[float] | None:
    """Sums of functions that are smooth between the integers, of very many terms.

    Parameters
    ----------
    functions : sequence of callable
        Vectorised.
    low, high : float
        First and last integer; possibly infinite.
    marks : sequence of float
        Places in the bulk: between neighbours nothing is narrower than their distance.

    Returns
    -------
    list of float
        None where one of them is not smooth, or does not end.
    """
    knots = [mark for mark in np.unique(np.rint(marks)).tolist() if low <= mark <= high]
    if not knots:
        return None
    stretches = [(a, b - 1) for a, b in itertools.pairwise(knots)] + [(knots[-1], high)]
    if low < knots[0]:
        stretches.append((knots[0] - 1, low))
    found = []
    for function in functions:
        value = 0.0
        for first, last in stretches:
            part = smooth_sum(function, first, last)
            if part is None or not math.isfinite(part[0]):
                return None
            value += part[0]
        found.append(value)
    return found


def _rest(here: float, before: float) -> float:
    """What is still to come after two blocks, if the next fall as these did."""
    if here < _NOT_SHRINKING * before:
        return here * here / (before - here)
    return 0.0 if here == 0.0 else np.inf
