"""Compiled sums of Johnson's unbounded law, by its median and the slope there."""

from __future__ import annotations

import math
from typing import Any

from mle_toolkit._typing import Array
from mle_toolkit.families.johnson_median import johnson_terms
from mle_toolkit.likelihood.kernels.elementary import LANES, block, fill, full_width, function, log, loop


@loop
def sums(
    x: Array,
    weight: Array | None,
    centre: float,
    inverse: float,
    lean: float,
    delta: float,
    median: float,
    spread: float,
) -> tuple[float, ...]:
    """Sums over rows, after ``derivative_sums`` of the law."""
    full_width()
    logs, total, squares, pulls, t_pulls, bends = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    t_bends, tt_bends, roots, t_roots, leans, t_leans = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    stretch, shift, area, per_spread = math.cosh(lean) / delta, math.sinh(lean), delta * delta, 1.0 / spread
    for start in range(0, len(x), LANES):
        rows = block(x, start, len(x))
        weights = rows if weight is None else block(weight, start, len(x))
        for k in range(len(rows)):
            t = ((rows[k] - centre) * inverse - median) * per_spread
            z = stretch * t - shift
            size = math.sqrt(1.0 + z * z)
            far = log(abs(z) + size)
            away = lean + (far if z > 0.0 else -far)
            root = 1.0 / size
            square = root * root
            slope = away * root
            pull = -z * square - area * slope
            bend = square * (1.0 - 2.0 * square - area + area * z * slope)
            w = 1.0 if weight is None else weights[k]
            logs += w * log(size)
            total += w * away
            squares += w * (away * away)
            pulls += w * pull
            t_pulls += w * (t * pull)
            bends += w * bend
            t_bends += w * (t * bend)
            tt_bends += w * (t * t * bend)
            roots += w * root
            t_roots += w * (t * root)
            leans += w * slope
            t_leans += w * (t * slope)
    return logs, total, squares, pulls, t_pulls, bends, t_bends, tt_bends, roots, t_roots, leans, t_leans


GROUP_SUMS = 12
"""How many sums a group has."""


@loop
def group_sums(
    x: Array, weight: Array | None, offsets: Any, chosen: Any, centre: Array, inverse: Array, theta: Array, out: Array
) -> None:
    """Fill the sums of some groups, each in its own unit at its own parameters."""
    for k in range(len(chosen)):
        group = slice(offsets[chosen[k]], offsets[chosen[k] + 1])
        weights = weight if weight is None else weight[group]
        lean, delta, median, spread = theta[k, 0], theta[k, 1], theta[k, 2], theta[k, 3]
        fill(out[k], sums(x[group], weights, centre[k], inverse[k], lean, delta, median, spread))


_terms = function(johnson_terms)


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
        lean, delta, median, spread = theta[k, 0], theta[k, 1], theta[k, 2], theta[k, 3]
        of_group = sums(x[group], weights, centre[k], inverse[k], lean, delta, median, spread)
        fill(out[k], _terms(nobs[k], of_group, lean, delta, median, spread))
