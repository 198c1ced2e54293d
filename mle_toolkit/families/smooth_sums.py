"""Sums over many whole numbers of functions that are smooth between them: far terms by an integral."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.quadrature import Function
from mle_toolkit.families.special import legendre

_EXACT = 2**11
"""Terms that are summed one by one at each end of a stretch."""

_AGREE, _SETTLED = 1e-6, 1e-7
"""Share of the sum of the absolute terms to which the sum of the last of these must be what the integral makes it, and
to which that must settle. Both are far better but where the log of the terms is rounded as much, in the far tails."""

_TOLERANCE = 1e-12
"""Error aimed at in each panel of the integral, as a share of all of it."""

_ROUNDS, _MORE_PANELS = 12, 256
"""Times that panels are halved, and how many more there may be: where far out the terms are rounded no more helps."""

_FINE, _COARSE = legendre(21), legendre(10)

_LEFT = 1e-18
"""Share of the largest part of the integral below which parts farther out are left out."""

_STEP, _FARTHEST = 0.5, 690.0
"""Of logs of the distance: the first panels, and where distances end, 1e299."""

_LARGEST_EXACT = 2.0**52


def smooth_sum(terms: Function, first: float, last: float) -> tuple[float, float] | None:
    """Sum over the whole numbers from ``first`` to ``last``, which may be infinite, and be the smaller.

    Parameters
    ----------
    terms : callable
        Of a vector; smooth where it is far from both ends.
    first, last : float

    Returns
    -------
    tuple of float
        The sum, and that of the absolute terms; None where terms one by one and their integral do not agree, so that
        they are not smooth, or where they do not become negligible.

    Notes
    -----
    With f the terms, the sum of those from a to b is the integral from a - 1/2 to b + 1/2, less
    (f'(b + 1/2) - f'(a - 1/2))/24 (Euler and Maclaurin's formula by midpoints); the next term is a third derivative
    times 7/5760, which at a distance of 2,048 from all that is not smooth is 1e-13 of it or less. The integral is over
    the log of the distance from that end which is nearer.
    """
    sign = 1.0 if last >= first else -1.0
    length = abs(last - first) + 1.0  # of terms

    def at(t: Array) -> Array:
        return terms(first + sign * t)

    if length <= 4 * _EXACT:
        every = at(np.arange(length))
        return float(np.sum(every)), float(np.sum(np.abs(every)))
    near = at(np.arange(float(_EXACT)))
    begin = _EXACT - 0.5
    total, size = float(np.sum(near)), float(np.sum(np.abs(near)))
    # Differences of fourth order are nothing but rounding, which makes them eight times as large.
    half = _EXACT // 2
    if not float(np.mean(np.abs(np.diff(near[half:], 4)))) <= 8 * _AGREE * size / _EXACT:
        return None
    checked = _integral(at, half - 0.5, begin)
    if checked is None or not abs(checked[0] - float(np.sum(near[half:]))) <= _AGREE * size:
        return None
    if math.isinf(last):
        beyond = _integral(at, begin, math.inf)
        return None if beyond is None else (total + beyond[0], size + beyond[1])

    def from_end(t: Array) -> Array:
        return terms(last - sign * t)

    ends = from_end(np.arange(float(_EXACT)))
    middle = math.floor(0.5 * length) - 0.5
    parts = _integral(at, begin, middle), _integral(from_end, begin, length - 1 - middle)
    if parts[0] is None or parts[1] is None:
        return None
    total += parts[0][0] + parts[1][0] + float(np.sum(ends))
    return total, size + parts[0][1] + parts[1][1] + float(np.sum(np.abs(ends)))


def _integral(f: Function, begin: float, end: float) -> tuple[float, float] | None:
    """Sum of f at the whole numbers between, as an integral; and that of its absolute values."""

    def integrand(u: Array) -> Array:
        t = np.exp(u)
        return np.asarray(f(t) * t)

    low, high = math.log(begin), min(math.log(end), _FARTHEST)
    knots = np.linspace(low, high, max(2, math.ceil((high - low) / _STEP) + 1))
    heights = np.abs(integrand(0.5 * (knots[:-1] + knots[1:])))
    if not np.isfinite(heights).all():
        return None
    counted = np.flatnonzero(heights > _LEFT * heights.max(initial=0.0))
    if len(counted) and math.isinf(end) and counted[-1] > len(heights) - 4:
        return None
    if len(counted):
        knots = knots[: counted[-1] + 3]
    values, doubt = _panels(integrand, knots)
    total, size = float(np.sum(values)), float(np.sum(np.abs(values)))
    # What rounding leaves in one panel is not what it leaves in the next: errors add as their squares.
    if not float(np.sqrt(np.sum(np.square(doubt)))) <= _SETTLED * size:
        return None
    slope_begin = float(np.diff(f(np.array([begin - 0.5, begin + 0.5])))[0])
    slope_end = 0.0 if math.isinf(end) else float(np.diff(f(np.array([end - 0.5, end + 0.5])))[0])
    return total - (slope_end - slope_begin) / 24.0, size


def _panels(f: Function, knots: Array) -> tuple[Array, Array]:
    """Integrals over panels, halved until two rules agree on each, and by how much they do not."""
    a, b = knots[:-1], knots[1:]
    values, doubt = _by_rules(f, a, b)
    for _ in range(_ROUNDS):
        bad = doubt > _TOLERANCE * float(np.sum(np.abs(values)))
        if not bad.any() or len(a) + np.count_nonzero(bad) > len(knots) + _MORE_PANELS:
            break
        middle = 0.5 * (a[bad] + b[bad])
        left, right = np.concatenate([a[bad], middle]), np.concatenate([middle, b[bad]])
        halves, halves_doubt = _by_rules(f, left, right)
        a, b = np.concatenate([a[~bad], left]), np.concatenate([b[~bad], right])
        values, doubt = np.concatenate([values[~bad], halves]), np.concatenate([doubt[~bad], halves_doubt])
    return values, doubt


def _by_rules(f: Function, a: Array, b: Array) -> tuple[Array, Array]:
    """Integrals between a and b, and how far a coarser rule is off."""
    fine, coarse = (
        np.sum(0.5 * (b - a)[:, None] * weights * f(0.5 * (a + b)[:, None] + 0.5 * (b - a)[:, None] * nodes), axis=1)
        for nodes, weights in (_FINE, _COARSE)
    )
    return fine, np.abs(fine - coarse)
