"""The last digits of a maximum beside which a likelihood bends sharply."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE
from mle_toolkit.estimation.maximum import WIDE, Maximum, longer_hessian, maximum_at
from mle_toolkit.numerics.newton import newton_step

_STEPS, _SHORT, _SETTLED = 8, 2.0, 1e-5
"""Steps of Newton's method, their longest, in natural changes, and the one that ends them: there are no more digits."""


def in_smooth_coordinates(found: Maximum) -> Maximum:
    """The same maximum, with the digits that it has in coordinates in which the likelihood is smooth.

    A threshold just below the end of an interval: its distance from that decides how the likelihood bends.
    """
    smooth = found.smooth
    if smooth is None:
        return found
    v = first = smooth.coordinates.from_theta(found.theta_in_unit)
    nobs = found.likelihood.nobs
    for _ in range(_STEPS):
        gradient = smooth.gradient(v)
        step, convex = newton_step(gradient, longer_hessian(smooth, v, WIDE))
        longest = float(np.max(np.abs(step), initial=0.0))
        if not (convex and longest < _SHORT):
            return found
        v = v + step
        if longest < _SETTLED:
            break
    if not smooth.value(v) <= smooth.value(first) + DECREMENT_TOLERANCE / nobs:
        return found
    theta = smooth.coordinates.to_theta(v)
    moved = maximum_at(found.family, found.likelihood, theta, found.free, found.method)
    return replace(found, theta_in_unit=moved.theta_in_unit, theta=moved.theta, value=None, searched=None)
