"""Compiled sums of the generalized gamma law, of the logs of observations in Prentice's parameters."""

from __future__ import annotations

from typing import Any

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LANES, block, exp, fill, full_width, function, loop, times

_FLAT_Q = 0.05
"""Size of Q below which terms are taken row by row: their sums by powers of e^v, over Q⁴, would lose digits."""

_NEAR = 1.0
"""Size of v below which its exponential less its first terms is summed as the power series."""

_INVERSE_FACTORIALS = (
    1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800, 1 / 479001600,
    1 / 6227020800, 1 / 87178291200, 1 / 1307674368000, 1 / 20922789888000, 1 / 355687428096000, 1 / 6402373705728000,
    1 / 121645100408832000, 1 / 2432902008176640000,
)  # fmt: skip


@function
def _beyond_the_line(v: float, power: float) -> tuple[float, float, float]:
    """(e^v - 1 - v)/v², its first and its second derivative."""
    if abs(v) < _NEAR:
        value, first, second = 0.0, 0.0, 0.0
        for k in range(len(_INVERSE_FACTORIALS) - 1, -1, -1):
            second = second * v + 2.0 * first
            first = first * v + value
            value = value * v + _INVERSE_FACTORIALS[k]
        return value, first, second
    square = v * v
    value = (power - 1.0 - v) / square
    first = ((v - 2.0) * power + v + 2.0) / (square * v)
    return value, first, ((square - 4.0 * v + 6.0) * power - 2.0 * v - 6.0) / (square * square)


@loop
def _of_powers(
    y: Array, weight: Array | None, centre: float, inverse: float, mu: float, sigma: float, q: float
) -> tuple[float, float, float, float, float]:
    """Sums of 1, w and, with p = e^(Qw), of p, wp and w²p."""
    full_width()
    count, total, powers, slopes, bends = 0.0, 0.0, 0.0, 0.0, 0.0
    per_sigma = 1.0 / sigma
    for start in range(0, len(y), LANES):
        rows = block(y, start, min(start + LANES, len(y)))
        weights = rows if weight is None else block(weight, start, min(start + LANES, len(y)))
        for k in range(len(rows)):
            w = ((rows[k] - centre) * inverse - mu) * per_sigma
            power = exp(q * w)
            slope = times(w, power)
            share = 1.0 if weight is None else weights[k]
            count += share
            total += share * w
            powers += share * power
            slopes += share * slope
            bends += share * times(w, slope)
    return count, total, powers, slopes, bends


@loop
def _of_flat(
    y: Array, weight: Array | None, centre: float, inverse: float, mu: float, sigma: float, q: float
) -> tuple[float, ...]:
    """Those of `sums`, each term by itself."""
    values, firsts, seconds, pulls, w_pulls, turns, w_turns = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    powers, slopes, bends = 0.0, 0.0, 0.0
    per_sigma = 1.0 / sigma
    for k in range(len(y)):
        w = ((y[k] - centre) * inverse - mu) * per_sigma
        v = q * w
        power = exp(v)
        value, first, second = _beyond_the_line(v, power)
        share = 1.0 if weight is None else weight[k]
        square = w * w
        pull, turn = w * (1.0 + v * value), square * (value + v * first)
        values += share * (square * value)
        firsts += share * (square * w * first)
        seconds += share * (square * square * second)
        pulls += share * pull
        w_pulls += share * (w * pull)
        turns += share * turn
        w_turns += share * (w * turn)
        powers += share * power
        slopes += share * (w * power)
        bends += share * (square * power)
    return values, firsts, seconds, pulls, w_pulls, turns, w_turns, powers, slopes, bends


@loop
def sums(
    y: Array, weight: Array | None, centre: float, inverse: float, mu: float, sigma: float, q: float
) -> tuple[float, ...]:
    """Sums of w²φ₂(v) and w³φ₂'(v) and w⁴φ₂''(v), v = Qw; of w r, w² r, w² r' and w³ r', with r = (e^v - 1)/v.

    Then of e^v, w e^v and w² e^v, of which, with the sum of w, all others are made unless Q is small.
    """
    if abs(q) < _FLAT_Q:
        return _of_flat(y, weight, centre, inverse, mu, sigma, q)
    n, total, p, wp, wwp = _of_powers(y, weight, centre, inverse, mu, sigma, q)
    square = q * q
    values = (p - n - q * total) / square
    firsts = (q * wp - 2.0 * p + q * total + 2.0 * n) / (square * q)
    seconds = (square * wwp - 4.0 * q * wp + 6.0 * p - 2.0 * q * total - 6.0 * n) / (square * square)
    turns, w_turns = (q * wp - p + n) / square, (q * wwp - wp + total) / square
    return values, firsts, seconds, (p - n) / q, (wp - total) / q, turns, w_turns, p, wp, wwp


GROUP_SUMS = 10
"""How many sums a group has."""


@loop
def group_sums(
    y: Array, weight: Array | None, offsets: Any, chosen: Any, centre: Array, inverse: Array, theta: Array, out: Array
) -> None:
    """Fill the sums of some groups, each in its own unit at its own parameters."""
    for k in range(len(chosen)):
        group = slice(offsets[chosen[k]], offsets[chosen[k] + 1])
        weights = weight if weight is None else weight[group]
        fill(out[k], sums(y[group], weights, centre[k], inverse[k], theta[k, 0], theta[k, 1], theta[k, 2]))
