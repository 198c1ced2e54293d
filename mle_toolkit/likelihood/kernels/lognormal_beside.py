"""Compiled sums of the lognormal law above or below a threshold, by a shape of either sign."""

from __future__ import annotations

import math
from typing import Any

from mle_toolkit._typing import Array
from mle_toolkit.families.johnson_median import lognormal_terms
from mle_toolkit.likelihood.kernels.elementary import LANES, block, fill, full_width, function, log1p, loop

_NEAR = 0.05
"""Size of w below which the deviate and its slopes by the shape are summed as power series."""

_TERMS = 14

_BEYOND = math.inf


@function
def _deviate(t: float, w: float, shape: float, inverse: float) -> tuple[float, float, float, float]:
    """Log of 1 + w, the deviate z, and its first and second derivative by the shape.

    Near 0 by log(1 + w)/w and its derivatives by w: a series of the second, from which the others follow without loss.
    """
    by_ww, inside = 0.0, 1.0 / (1.0 + w)
    for k in range(_TERMS, -1, -1):
        by_ww = by_ww * -w + (k + 1.0) * (k + 2.0) / (k + 3.0)
    by_w = -0.5 * (inside * inside + w * by_ww)
    value = inside - w * by_w
    log_w = log1p(w)
    deviate, slope = log_w * inverse, t * inside
    first = (slope - deviate) * inverse
    second = -(slope * slope + 2.0 * first) * inverse
    near = abs(w) < _NEAR
    return (
        w * value if near else log_w,
        t * value if near else deviate,
        t * t * by_w if near else first,
        t * t * t * by_ww if near else second,
    )


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, shape: float, median: float, spread: float
) -> tuple[float, ...]:
    """Sums over rows, after ``derivative_sums`` of the law; the first is infinite where one is beyond the threshold."""
    full_width()
    beyond, values, by_t, t_by_t, by_s, by_ss = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    by_tt, t_by_tt, tt_by_tt, by_st, t_by_st = 0.0, 0.0, 0.0, 0.0, 0.0
    per_spread, per_shape = 1.0 / spread, 1.0 / shape if shape != 0.0 else 0.0
    for start in range(0, len(x), LANES):
        rows = block(x, start, len(x))
        weights = rows if weight is None else block(weight, start, len(x))
        for k in range(len(rows)):
            t = ((rows[k] - centre) * inverse - median) * per_spread
            w = shape * t
            beyond += 0.0 if w > -1.0 else 1.0
            far, z, slope, bend = _deviate(t, w, shape, per_shape)
            v = 1.0 / (1.0 + w)
            square, tv = v * v, t * v
            share = 1.0 if weight is None else weights[k]
            first = -v * (shape + z)
            second = square * (shape * shape - 1.0 + z * shape)
            mixed = -square - slope * v + z * tv * v
            values += share * (far + 0.5 * z * z)
            by_t += share * first
            t_by_t += share * (t * first)
            by_s -= share * (tv + z * slope)
            by_tt += share * second
            t_by_tt += share * (t * second)
            tt_by_tt += share * (t * t * second)
            by_st += share * mixed
            t_by_st += share * (t * mixed)
            by_ss += share * (tv * tv - slope * slope - z * bend)
    if beyond > 0.0:
        return _BEYOND, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    return values, by_t, t_by_t, by_s, by_tt, t_by_tt, tt_by_tt, by_st, t_by_st, by_ss


GROUP_SUMS = 10
"""How many sums a group has."""


@loop
def group_sums(
    x: Array, weight: Array | None, offsets: Any, chosen: Any, centre: Array, inverse: Array, theta: Array, out: Array
) -> None:
    """Fill the sums of some groups, each in its own unit at its own parameters."""
    for k in range(len(chosen)):
        group = slice(offsets[chosen[k]], offsets[chosen[k] + 1])
        weights = weight if weight is None else weight[group]
        fill(out[k], sums(x[group], weights, centre[k], inverse[k], theta[k, 0], theta[k, 1], theta[k, 2]))


_terms = function(lognormal_terms)


@loop
def group_terms(
    x: Array,
    weight: Array | None,
    offsets: Any,
    chosen: Any,
    centre: Array,
    inverse: Array,
    nobs: Array,
    theta: Array,
    out: Array,
) -> None:
    """Fill what the law makes of the same sums."""
    for k in range(len(chosen)):
        group = slice(offsets[chosen[k]], offsets[chosen[k] + 1])
        weights = weight if weight is None else weight[group]
        shape, median, spread = theta[k, 0], theta[k, 1], theta[k, 2]
        of_group = sums(x[group], weights, centre[k], inverse[k], shape, median, spread)
        fill(out[k], _terms(nobs[k], of_group, shape, median, spread))
