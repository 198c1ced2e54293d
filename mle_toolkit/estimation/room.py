"""The supremum of a regression whose rows that run off leave the others no more than some room.

Where a shape runs to its end in rows that are censored, their law becomes a step: such a row says nothing while its
location is on the right side of what was observed, and is impossible beyond. The supremum is the highest likelihood of
the other rows under these linear constraints. A sequence of quadratic programs finds which constraints hold it, and
Newton's method its last digits; multipliers that point inwards prove it.

Source: Nocedal & Wright (2006), Numerical Optimization, 2nd ed., ch. 12 (the conditions), 16.5 (active sets).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import MleError
from mle_toolkit.estimation.maximum import Maximum, maximum_at
from mle_toolkit.estimation.recession import Mask
from mle_toolkit.estimation.runs import farthest
from mle_toolkit.families.mass import log_mass
from mle_toolkit.likelihood.linear import Linear
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_BISECTIONS, _SHARES = 200, (1.0, 0.5, 0.25, 0.125)
"""Halvings of the predictors between which a step is; shares of the way to the end of a shape at which it is looked
for: too near its end a law may leave the doubles."""

_TOUCHING, _INSIDE = 1e-5, 1e-9
"""Of predictors, in natural changes: how near a constraint perhaps holds a point, and what of a gap is rounding."""

_TURNS, _STEPS = 30, 40
"""Of the active set, and of Newton's method within it."""

_SETTLED = 1e-12
"""Nats that a step may still promise."""


class Room(NamedTuple):
    """Constraints ``design @ coefficients >= least`` on the coefficients of one predictor."""

    design: Array
    least: Array


class Supremum(NamedTuple):
    """The supremum of a log-likelihood, nats, and the coefficients of the predictor whose room has an end there."""

    loglik: float
    coefficients: Array
    held: bool  # by an end of the room: else the limit has a maximum like any other


def supremum_in_room(
    limit: Model, sample: Sample, gone: Mask, names: Collection[str], begin: Maximum, fixed: Mapping[str, Any]
) -> Supremum | None:
    """The supremum under the constraints that rows which run off put on the location; None where it is not found.

    Parameters
    ----------
    limit : Model
        In which rows have run off.
    sample : Sample
    gone : mask of shape (n,)
        Rows that have run off.
    names : collection of str
        Parameters whose predictors have.
    begin : Maximum
        Where a search of the whole model ended.
    fixed : mapping of str to value
        Parameters that are known.
    """
    term = limit.linear.get(limit.base.main_parameter)
    if term is None or term.parameter in names or term.parameter in fixed or gone.all() or not sample.in_memory:
        return None
    if sample.window is not None or np.any((sample.lower == sample.upper)[gone]):
        return None
    near = dict(zip(begin.family.param_names, begin.family.unpack(begin.theta_in_unit), strict=True))
    parts = {p.name: np.ravel(near[p.name]) for p in limit.parameters if p.name not in names}
    start = [
        np.ravel(fixed.get(p.name, parts[p.name] if p.name in parts else np.zeros(p.size))) for p in limit.parameters
    ]
    room = _room(limit, term, sample, gone, np.concatenate(start))
    if room is None:
        return None
    rest = sample.take(~gone)
    likelihood = Likelihood(limit.given(rest.known), rest)
    own = limit.given(rest.known).start(likelihood.as_points)[0]
    for k, p in enumerate(limit.parameters):
        if p.name in names and p.name not in fixed:
            start[k] = np.ravel(own[k])
    free = [p.name not in fixed for p in limit.parameters]
    try:
        point = maximum_at(likelihood.family, likelihood, np.concatenate(start), free, "newton", fixed=tuple(fixed))
        return _highest(point, room, limit.places[limit.param_names.index(term.parameter)])
    except (MleError, ArithmeticError, np.linalg.LinAlgError):
        return None


def _room(limit: Model, term: Linear, sample: Sample, gone: Mask, theta: Array) -> Room | None:
    """Where the rows that run off allow the predictor to be; None where that is not beyond one number a row."""
    known = sample.take(gone).known
    model = limit.given(known)
    lower, upper = ((end[gone] - model.own_unit.centre) / model.own_unit.scale for end in (sample.lower, sample.upper))
    design, place = term.columns(known).formed(), model.base.param_names.index(term.parameter)
    at = list(model.at_rows(model.unpack(theta)).params)
    reach = farthest(limit, term, 1.0), farthest(limit, term, -1.0)
    ended = [other for other in limit.linear.values() if other.ended is not None]
    for share in _SHARES:
        for other in ended:
            end = share * np.asarray(other.fixed_part(known))
            at[model.base.param_names.index(other.parameter)] = other.link.inverse(end)[0]

        def log_masses(predictor: Array, at: list[Any] = at) -> Array:
            with np.errstate(all="ignore"):
                moved = [*at[:place], term.link.inverse(predictor)[0], *at[place + 1 :]]
                return log_mass(model.base, tuple(moved), lower, upper)

        ends = [log_masses(np.full(len(lower), end)) for end in reach]
        good = [np.abs(values) < _INSIDE for values in ends]
        if not np.all(good[0] ^ good[1]):
            continue
        inside, outside = np.where(good[0], *reach), np.where(good[0], *reach[::-1])
        for _ in range(_BISECTIONS):
            middle = 0.5 * (inside + outside)
            certain = log_masses(middle) > np.log(0.5)
            inside, outside = np.where(certain, middle, inside), np.where(certain, outside, middle)
        sign = np.where(good[0], 1.0, -1.0)
        return Room(sign[:, None] * design, sign * (inside - term.fixed_part(known)))
    return None


def _highest(point: Maximum, room: Room, place: slice) -> Supremum | None:
    """The highest point in a room, near another one."""
    from scipy import optimize

    objective, nobs = point.objective, point.likelihood.nobs
    to_theta, slopes = objective.coordinates.to_theta, objective.coordinates.jacobian

    def slack(u: Array) -> Array:
        return np.asarray(room.design @ to_theta(u)[place] - room.least)

    def turned(u: Array) -> Array:
        return np.asarray(room.design @ slopes(u)[place])

    with np.errstate(all="ignore"):
        minimize: Any = optimize.minimize
        rough = minimize(
            objective.value, point.coordinates, jac=objective.gradient, method="SLSQP",
            constraints=[{"type": "ineq", "fun": slack, "jac": turned}], options={"ftol": 1e-14, "maxiter": 500},
        )  # fmt: skip
        u = np.asarray(rough.x, dtype=float)
        if not np.isfinite(u).all() or np.min(slack(u)) < -_TOUCHING:
            return None
        active = np.flatnonzero(slack(u) < _TOUCHING)
        for _ in range(_TURNS):
            held = _held(objective, u, lambda u, rows=active: (slack(u)[rows], turned(u)[rows]), nobs)
            if held is None:
                return None
            u, multipliers = held
            wrong = np.flatnonzero(slack(u) < -_INSIDE)
            if len(wrong):
                active = np.union1d(active, wrong)
            elif len(active) and np.min(multipliers) < 0:
                active = np.delete(active, np.argmin(multipliers))
            else:
                height = (point.likelihood.log_jacobian - objective.value(u)) * nobs
                return Supremum(float(height), to_theta(u)[place], held=bool(len(active)))
    return None


def _held(objective: Any, u: Array, constraints: Any, nobs: float) -> tuple[Array, Array] | None:
    """Where Newton's method leads while some constraints hold exactly, with their multipliers; None where nowhere."""
    for _ in range(_STEPS):
        gap, rows = constraints(u)
        _, sizes, axes = np.linalg.svd(rows) if len(rows) else (None, np.empty(0), np.eye(len(u)))
        rank = int(np.count_nonzero(sizes > _INSIDE * np.max(sizes, initial=0.0)))
        free = axes[rank:].T
        gradient, hessian = objective.gradient(u), objective.hessian(u)
        back = np.linalg.lstsq(rows, -gap, rcond=_INSIDE)[0] if len(rows) else np.zeros(len(u))
        bent, pull = free.T @ hessian @ free, free.T @ (gradient + hessian @ back)
        if free.shape[1] and np.linalg.eigvalsh(bent)[0] <= 0:
            return None
        along = -np.linalg.solve(bent, pull)
        if 0.5 * nobs * float(along @ bent @ along) < _SETTLED and np.max(np.abs(back), initial=0.0) < _INSIDE**1.5:
            multipliers = np.linalg.lstsq(rows.T, gradient, rcond=_INSIDE)[0] if len(rows) else np.empty(0)
            return u, multipliers
        step = back + free @ along
        u = u + step / max(1.0, float(np.max(np.abs(step))))
    return None
