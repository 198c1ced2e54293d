"""Newton's method for many functions at once: the place, the step and the end of each of their walks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.numerics.newton import newton_steps

PLACES = 100
"""How many places a walk may try, the halves of steps among them."""

LONGEST_STEP = 3.0
"""How long a step may be."""

ALIKE = 0.2
"""Relative difference of two steps on the way to a limit, which Newton's method nears by steps of one length."""

FAR = 12.0
"""A coordinate this far from its start may be running off."""

NEAR, NEARLY = 0.02, 1e-2
"""Distance from a minimum already found at which a step, and decrement from which it, is sure to end there."""

ROUNDED, ROUNDING = 1e-7, 1e-12
"""Decrement below which a step is worth less than the rounding of a value, and that rounding, relative."""


@dataclass(frozen=True)
class Walks:
    """Where the walks of many functions are, each row that of one, and what they are about to do.

    Attributes
    ----------
    first, known : ndarray of shape (n, p)
        Where they begin; and a minimum found before, NaN where there is none: a walk that comes near it ends there. Or
        where another walk has gone, infinite in the coordinates in which that went far: a walk that comes near its way,
        and follows it, goes far too.
    known_value, worth : ndarray of shape (n,)
        The value there; and how much one unit of a function's value counts in the decrement.
    at, value : ndarray of shape (n, p) and of shape (n,)
    arrived, far : ndarray of bool of shape (n,)
        Whether a walk ended in a minimum, or went too far: also where it is level in some coordinate, as on the way to
        an end.
    step, newton : ndarray of shape (n, p)
        The step that is tried, and Newton's own.
    share, stretch, rounding : ndarray of shape (n,)
        The share of the step, how many times the length of Newton's own it has at most, and what it may lose by
        rounding.
    last : ndarray of bool of shape (n,)
        Whether the step is the last.
    """

    first: Array
    known: Array
    known_value: Array
    worth: Array
    at: Array
    value: Array
    arrived: Mask
    far: Mask
    step: Array
    newton: Array
    share: Array
    stretch: Array
    rounding: Array
    last: Mask

    @classmethod
    def of(cls, first: Array, known: Array, known_value: Array, worth: Array) -> Walks:
        """Walks that are about to begin."""
        n, p = first.shape
        step, newton = np.zeros((2, n, p))
        arrived, far, last = np.zeros((3, n), dtype=bool)
        start = np.ascontiguousarray(first)
        return cls(
            first=start,
            known=known,
            known_value=known_value,
            worth=worth,
            at=start.copy(),
            value=np.full(n, np.inf),
            arrived=arrived,
            far=far,
            step=step,
            newton=newton,
            share=np.ones(n),
            stretch=np.full(n, 0.5),
            rounding=np.zeros(n),
            last=last,
        )


Advance = Callable[
    [Walks, NDArray[np.intp], bool, Array, Array, Array, Array, float, float],
    tuple[Mask, Array],
]
"""Takes walks from the place they tried to the next: `advance`, or its compiled twin."""


def advance(
    walks: Walks,
    active: NDArray[np.intp],
    begun: bool,
    tried: Array,
    value: Array,
    gradient: Array,
    hessian: Array,
    tolerance: float,
    level: float,
) -> tuple[Mask, Array]:
    """Judge the places that some walks have tried, and choose the next ones.

    That of the next step, or of half of the step that has led no lower.

    Parameters
    ----------
    walks : Walks
    active : ndarray of int of shape (n,)
        Which of the walks still go on.
    begun : bool
        Whether they have taken a step.
    tried : ndarray of shape (n, p)
    value, gradient, hessian : ndarray of shapes (n,), (n, p) and (n, p, p)
        Of the functions there.
    tolerance : float
        Decrement, times what it is worth, from which a step is the last.
    level : float
        Second derivative below which a function does not bend.

    Returns
    -------
    going : ndarray of bool of shape (n,)
        Which of them still go on.
    next : ndarray of shape (n, p)
        What they try next; of no meaning where they do not go on.
    """
    if begun:
        good = value < walks.value[active] + walks.rounding[active]
        walks.share[active[~good]] *= 0.5
        walks.arrived[active[good & walks.last[active]]] = True
        going = ~(good & walks.last[active])
    else:
        good = going = np.isfinite(value)
        walks.value[active] = value
    lower = active[good]
    walks.at[lower], walks.value[lower] = tried[good], value[good]
    fresh = np.flatnonzero(good & going)
    each = active[fresh]
    at, worth, here = walks.at[each], walks.worth[each], gradient[fresh]
    step, convex = newton_steps(here, hessian[fresh])
    decrement = -0.5 * np.einsum("ij,ij->i", here, step)
    longest = _size(step)
    # Where curvatures are of the wrong sign, or on the way to a limit, a step may be twice the one before.
    alike = _size(step - walks.newton[each]) < ALIKE * longest
    again = (alike | ~convex) & (walks.share[each] == 1.0)
    stretch = np.where(again, 2.0 * walks.stretch[each], 1.0)
    walks.newton[each] = step
    step *= np.minimum(stretch, LONGEST_STEP / np.where(longest > 0, longest, 1.0))[:, None]
    ahead = at + step
    known = walks.known[each]
    along = np.isinf(known)
    near = np.all(np.where(along, step * known > 0, np.abs(ahead - known) < NEAR), axis=1)
    home, follows = convex & (decrement < NEARLY) & near, np.any(along, axis=1)
    walks.far[each[home & follows]] = True
    ending = each[home & ~follows]
    walks.at[ending], walks.value[ending], walks.arrived[ending] = walks.known[ending], walks.known_value[ending], True
    last = convex & (worth * decrement < tolerance)
    flat = last & np.any(np.diagonal(hessian[fresh], axis1=1, axis2=2) < level, axis=1)
    within = (_size(ahead - walks.first[each]) < FAR) & ~flat
    walks.far[each[~home & np.isfinite(decrement) & ~within]] = True
    going[fresh] = ~home & np.isfinite(decrement) & within
    # Where a step is worth less than the rounding of a value, the decrement is the better judge.
    rounding = np.where(convex & (decrement < ROUNDED), ROUNDING * (1 + np.abs(walks.value[each])), 0.0)
    walks.step[each], walks.stretch[each], walks.share[each] = step, stretch, 1.0
    walks.rounding[each], walks.last[each] = rounding, last
    return going, walks.at[active] + walks.share[active][:, None] * walks.step[active]


def _size(rows: Array) -> Array:
    """The largest size of a number in each of many short rows, which NumPy finds faster down columns."""
    return np.asarray(np.max(np.abs(np.ascontiguousarray(rows.T)), axis=0))
