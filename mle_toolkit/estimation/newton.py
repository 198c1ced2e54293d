"""Newton's method on a likelihood: to a maximum, or to where a supremum is only approached."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE
from mle_toolkit.likelihood.coordinates import Objective
from mle_toolkit.likelihood.surrogate import remember_beside
from mle_toolkit.numerics.newton import MANY_COORDINATES, decrement_of, newton_step

FAR = 25.0
"""A coordinate this far from its start has run off: exp(25) is 7e10."""

NEWTON_STEPS = 60
LONGEST_STEP = 3.0
"""Longest Newton step, in coordinates in which a unit is a natural change."""

_NATURAL = 1.0
"""Distance from a minimum that is known within which a climb may be taken to lead there: a natural change."""

_TRUSTED = 1e-4
"""Decrement per observation below which a step is taken without a look at the value: 0.014 natural changes."""

_FAR_OFF = 1.0
"""Nats that a step brings at least where it may be followed by one that brings more."""

_LEVEL, _LEVEL_SHARE = 1e-7, 1e-10
"""Nats, and share of a log-likelihood of intervals, that slopes and curvatures bring at most where it is level."""

_NEARLY_LEVEL = 1e-4
"""Nats that a step brings at most from where steps that are alike are followed to their end."""

_STEPS_TO_LEVEL, _STEPS_BESIDE = 16.0, 10
"""How many of them leave nothing of it: exp(-16) is 1e-7; and steps of Newton's method at right angles to them."""

_STEEP, _LEVEL_SLOPE = 0.1, 1e-4
"""Slopes, in nats per observation and natural change, below which that is near, and is where it is level."""

_ALIKE = 0.2
"""Relative difference of two steps that follow a likelihood which approaches its supremum exponentially."""

_ON_ITS_WAY = 3
"""Steps alike in a row from which a climb is on its way to where the likelihood is level."""

_LONG, _LITTLE = 8, 0.1
"""Steps of a climb that is long, and nats that one brings at most, from which it may be on its way to a limit."""

SETTLED = 1e-11
"""Decrement, some millionths of a standard error, below which a step needs no pass over a large sample: second
derivatives say what it leaves."""

_TINY_STEP = 1e-9
"""Length of a step, in natural changes, below which it is not worth a pass over any sample."""

_BESIDE = 0.1
"""Distance, in natural changes, within which a climb is on the way that an earlier one has gone."""

_CREEPING_STEPS, _CREEP = 10, 0.05
"""A climb that has moved by so few natural changes in so many steps gets nowhere: another method has to take over."""

_PROGRESS = 1e-3
"""Factor by which the decrement, a square, must fall for second derivatives to be kept."""

_HALVINGS = 30
"""How often a Newton step may be halved before another method has to take over."""

_TINIEST = float(np.finfo(float).tiny)


class Trails:
    """The ways that climbs have gone to where they ended: one that comes upon such a way would go it too.

    On the way to a limit, which Newton's method nears slowly, most climbs from scattered starts follow one ridge.
    """

    def __init__(self) -> None:
        self._ends: list[tuple[Array, bool]] = []
        self._begin = self._along = np.empty((0, 0))
        self._lengths = self._numbers = np.empty(0)

    def add(self, way: Sequence[Array], end: tuple[Array, bool]) -> None:
        """Remember a way, and where it ended, and whether in a minimum."""
        if len(way) < 2:
            return
        points = np.array(way)
        steps = np.diff(points, axis=0)
        numbers = np.full(len(steps), len(self._ends))
        self._begin = np.concatenate([self._begin.reshape(-1, points.shape[1]), points[:-1]])
        self._along = np.concatenate([self._along.reshape(-1, points.shape[1]), steps])
        self._lengths = np.concatenate([self._lengths, np.maximum(np.sum(steps * steps, axis=1), _TINIEST)])
        self._numbers = np.concatenate([self._numbers, numbers])
        self._ends.append(end)

    def joined(self, before: Array, u: Array) -> tuple[Array, bool] | None:
        """Where the way ends on which two points in a row are, the second farther on; None where there is none."""
        if not self._ends:
            return None
        now = self._places(u)
        if not np.isfinite(now).any():
            return None
        first = self._places(before)
        for number, end in enumerate(self._ends):
            on = self._numbers == number
            # The least place of the one, the greatest of the other: a way may pass a point twice.
            if np.min(first[on]) < np.max(now[on], where=np.isfinite(now[on]), initial=-np.inf):
                return end
        return None

    def _places(self, u: Array) -> Array:
        """How far along each step of all ways a point is, in steps from the first; infinite where it is not on it."""
        away = u - self._begin
        share = np.clip(np.sum(away * self._along, axis=1) / self._lengths, 0.0, 1.0)
        distance = np.abs(away - share[:, None] * self._along).max(axis=1)
        return np.where(distance <= _BESIDE, np.arange(len(share)) + share, np.inf)


def newton(
    objective: Objective,
    u: Array,
    hessian: Array | None = None,
    enough: float = DECREMENT_TOLERANCE,
    known: Sequence[Array] = (),
    trails: Trails | None = None,
    at_limit: Callable[[Array], bool] = lambda u: False,
) -> tuple[Array, bool]:
    """Newton's method with step halving; says whether it ended in a minimum of the objective, to a decrement.

    Second derivatives, given for a point nearby or computed, are kept while each step gains two digits. Where they are
    not positive definite, far from the maximum, the step follows their eigenvectors by the size of their eigenvalues,
    which leads away from saddles. Where it leads to a minimum that is known, that is the end; so is where the way ends
    that an earlier climb has gone, and where steps that are alike are ``at_limit``, beside the law to which they lead.
    """
    way: list[Array] = []
    end = _gone(objective, u, hessian, enough, known, trails, way, at_limit)
    if trails is not None:
        trails.add(way, end)
    return end


def _gone(
    objective: Objective,
    u: Array,
    hessian: Array | None,
    enough: float,
    known: Sequence[Array],
    trails: Trails | None,
    way: list[Array],
    at_limit: Callable[[Array], bool],
) -> tuple[Array, bool]:
    nobs = objective.likelihood.nobs
    many = objective.likelihood.data.n_rows > BLOCK_ROWS and not objective.likelihood.family.of_residuals
    of_intervals = not objective.likelihood.plain
    last, unchecked = np.inf, False
    rough = objective.rough
    in_a_row = 0
    first: Array = u
    before: Array | None = None
    for _ in range(NEWTON_STEPS):
        if of_intervals:
            joined = None if trails is None or not way else trails.joined(way[-1], u)
            if joined is not None:
                return joined
            if unchecked and way and not math.isfinite(objective.value(u)):
                return way[-1], False
            way.append(u)
            if len(way) > _CREEPING_STEPS and np.abs(u - way[-1 - _CREEPING_STEPS]).max() < _CREEP:
                return u, False
        if objective.at_once:
            hessian = None  # it comes with the gradient
        gradient = objective.gradient(u)
        fresh = hessian is None
        if hessian is None:
            hessian = (rough or objective).hessian(u)
        step, convex = newton_step(gradient, hessian)
        decrement = decrement_of(gradient, step) * nobs
        if not fresh and not (convex and decrement < _PROGRESS * last):
            fresh, hessian = True, (rough or objective).hessian(u)
            step, convex = newton_step(gradient, hessian)
            decrement = decrement_of(gradient, step) * nobs
        leads_on = decrement < last or decrement > _FAR_OFF
        if rough is not None and not (leads_on and (convex or decrement > enough)):
            rough, fresh, hessian = None, True, objective.hessian(u)  # it takes all digits
            step, convex = newton_step(gradient, hessian)
            decrement = decrement_of(gradient, step) * nobs
        if of_intervals and _is_level(gradient, hessian, objective.value(u), nobs):
            # One coordinate goes the rest of its way, so that it is seen to have run off.
            away = u + FAR * np.sign(u - first) if len(u) == 1 else u
            return (away, True) if objective.value(away) <= objective.value(u) else (u, True)
        if not math.isfinite(decrement) or (unchecked and decrement > last):
            return u, False
        longest = max(map(abs, step.tolist()))
        if objective.at_once and decrement < SETTLED and (many or longest < _TINY_STEP):
            if not (many and convex) or of_intervals:
                return u, convex
            to_theta = objective.coordinates.to_theta
            remember_beside(objective.likelihood, to_theta(u), to_theta(u + step))
            return u + step, True
        if decrement < enough:
            # From this near, one step more leaves nothing but the certificate to do, if it is Newton's own.
            if rough is None and not fresh and not many:
                step, convex = newton_step(gradient, objective.hessian(u))
            if of_intervals and not many and not math.isfinite(objective.value(u + step)):
                return u, convex
            return (u + step, True) if convex else (u, False)
        earlier, before = before, step
        strides = convex and _strides(step, earlier, longest)
        in_a_row = in_a_row + 1 if strides else 0
        if convex:
            for minimum in known:
                if _leads_to(minimum, u, step) or (in_a_row >= _ON_ITS_WAY and _strides_to(minimum, u, step)):
                    return minimum, True
        if strides and of_intervals and decrement < _NEARLY_LEVEL and len(u) <= MANY_COORDINATES:
            with contextlib.suppress(ValueError, ArithmeticError):  # a formula may leave the range of numbers there
                end = at_supremum(objective, u, gradient, step, _share_kept(step, earlier))
                if end is not None:
                    return end, True
        if of_intervals and _may_be_on_its_way(len(way), in_a_row, decrement) and at_limit(u):
            return u, False
        if longest > LONGEST_STEP:
            step = step * (LONGEST_STEP / longest)
        elif strides and _goes_on(objective, u, gradient, step, LONGEST_STEP / longest):
            step, hessian = step * (LONGEST_STEP / longest), None  # of so far off none is kept
        # So near, the quadratic model is trusted without a look at the value; a decrement that grows will tell.
        unchecked = decrement < _TRUSTED * nobs
        if not unchecked:
            value = objective.value(u)
            for _ in range(_HALVINGS):
                if objective.value(u + step) < value:
                    break
                step *= 0.5
            else:
                if rough is None:
                    return u, False
                rough, hessian = None, None  # with all digits the step may lead down
                continue
        u = u + step
        last = decrement
    return u, False


def _may_be_on_its_way(steps: int, in_a_row: int, decrement: float) -> bool:
    """Whether a climb is asked if it has come beside a limit: where it goes on alike, or long with little gain."""
    alike = in_a_row > 0 and in_a_row % _ON_ITS_WAY == 0
    return alike or (steps > _LONG and steps % _ON_ITS_WAY == 0 and decrement < _LITTLE)


def _is_level(gradient: Array, hessian: Array, value: float, nobs: float) -> bool:
    """Whether no natural change of the coordinates moves the log-likelihood: it has run off to where it is level."""
    least = max(_LEVEL, _LEVEL_SHARE * abs(value) * nobs)
    slope = np.maximum.reduce(np.abs(gradient))
    return bool(slope * nobs < least and np.abs(hessian).max() * nobs < least)


def _goes_on(objective: Objective, u: Array, gradient: Array, step: Array, times: float) -> bool:
    """Whether a stride of several steps that are alike leads on."""
    if len(u) == 1:
        return objective.value(u + times * step) < objective.value(u)
    return _approaches(objective, u, gradient, step, times)  # or it might lead past a maximum to a spike


def _approaches(objective: Objective, u: Array, gradient: Array, step: Array, times: float) -> bool:
    """Whether several steps bring what they bring on the way to a supremum that is approached exponentially.

    There each leaves the share 1/e of what there was to be had, which is the product of the gradient and the step.
    """
    expected = -float(gradient @ step) * -math.expm1(-times)
    return 0.5 * expected < objective.value(u) - objective.value(u + times * step) < 2.0 * expected


def at_supremum(
    objective: Objective, u: Array, gradient: Array, step: Array, kept: Array | None = None
) -> Array | None:
    """Where steps that are alike lead in the end, and beside it the minimum; None where they lead elsewhere.

    Coordinates of whose steps a share is kept each time, while the others run on, come to rest: where straight on the
    likelihood falls, they are taken as far as their steps add up to.
    Nor is it the end where formulas so far out have no digits left to say that the likelihood is level there.
    """
    times = max(FAR / float(np.abs(step).max()), _STEPS_TO_LEVEL)
    if not _approaches(objective, u, gradient, step, times):
        if kept is None:
            return None
        rest = (kept > 0.0) & (kept < 1.0 - _ALIKE)
        if not rest.any() or rest.all():
            return None
        step = np.where(rest, step / (1.0 - np.where(rest, kept, 0.0)) / times, step)
        if not _approaches(objective, u, gradient, step, times):
            return None
    u = u + times * step
    across = np.linalg.svd(step[None])[2][1:].T
    for _ in range(_STEPS_BESIDE):
        slopes = objective.gradient(u)
        if not np.abs(slopes).max() < _STEEP:
            return None
        if not across.size:
            return u if np.abs(slopes).max() < _LEVEL_SLOPE else None
        move, convex = newton_step(across.T @ slopes, across.T @ objective.hessian(u) @ across)
        if not convex:
            return None
        u = u + across @ move
        if decrement_of(across.T @ slopes, move) * objective.likelihood.nobs < DECREMENT_TOLERANCE:
            return u if np.abs(objective.gradient(u)).max() < _LEVEL_SLOPE else None
    return None


def _strides(step: Array, before: Array | None, longest: float) -> bool:
    """Whether two steps are alike, as on the way to where a likelihood is level, which Newton's method nears slowly."""
    return before is not None and bool(np.maximum.reduce(np.abs(step - before)) < _ALIKE * longest)


def _share_kept(step: Array, before: Array | None) -> Array | None:
    """What the step of each coordinate is of the one before."""
    with np.errstate(all="ignore"):
        return None if before is None else np.asarray(step / before)


def _leads_to(minimum: Array, u: Array, step: Array) -> bool:
    """Whether a Newton step, within a natural change of a minimum, makes at least half of the way to it."""
    away = float(np.abs(u - minimum).max())
    return away < _NATURAL and float(np.abs(u + step - minimum).max()) < 0.5 * away


def _strides_to(minimum: Array, u: Array, step: Array) -> bool:
    """Whether steps that are alike pass by the end of an earlier climb: of the same way to the same limit."""
    away = minimum - u
    times = float(away @ step) / max(float(step @ step), _TINIEST)
    return times > 0 and float(np.abs(away - times * step).max()) <= _BESIDE
