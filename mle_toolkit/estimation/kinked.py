"""The maximum of a regression whose location has a kink of the density in every row: by linear programs.

Given the other parameters the best coefficients solve a linear program; given the coefficients the others are found as
ever. The two take turns. Where neither can rise the point is a maximum, for the likelihood is smooth in the others.

Probabilities of intervals and of windows are smooth in the coefficients too. Where there are any, an interior point
method shows which rows are fitted exactly; along all directions that leave those rows fitted Newton's method takes all
parameters together.

Source: Portnoy & Koenker (1997), Statistical Science 12, 279-300, sec. 4 (the interior point method).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.estimation.certificate import SINGULAR
from mle_toolkit.estimation.maximum import Maximum, maximum_at
from mle_toolkit.estimation.search import by_search
from mle_toolkit.estimation.starts import domains_of, in_unit, starts_of
from mle_toolkit.families.domain import Interval
from mle_toolkit.likelihood.kinks import Kinks
from mle_toolkit.likelihood.linear import Linear
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.triangles import symmetric
from mle_toolkit.numerics.newton import decrement_of, newton_step

Smooth = Callable[[Array], tuple[float, Array, Array]]
"""What else the log-likelihood has by the coefficients: value, slopes and second derivatives."""

_TURNS = 50

_SAME = 1e-12
"""Share of a log-likelihood by which a turn must raise it to be followed by another."""

_TILTS = np.exp(np.linspace(-1.5, 1.5, 13))
"""Factors of a shape that tilts the law, at which coefficients are looked for first."""

_HALVINGS = 12
"""Times that the tilts beside the best are halved, so that coefficients between them are found too."""

_NARROWER, _INTO = 0.1, 0.995
"""Share of a gap between a program and its dual that a step aims at, and of the way to a limit that it may go."""

_NEAR_BY = (1.0,) * 4 + (2.0,) * 4 + (4.0,) * 4 + (8.0,) * 8
"""Further starts, so many standard errors away, where there may be many maxima."""

_FEW_ROWS, _MANY_NEAR_BY = 2_000, 8
"""Rows up to which all of them are tried; and how many are of more rows in a window."""

_STEPS, _SHORTENED = 50, 30
"""Of Newton's method, and times that one of them is halved."""

_ACROSS = 5
"""Times that a step is halved that crosses kinks of rows that are not fitted: the next turn looks at these."""

_ENOUGH = 1e-13
"""Nats that a step must promise."""

_BALANCED = 1e-11
"""Nats that a slope which rows fitted exactly cannot hold may promise."""


def at_kinks(
    model: Model,
    term: Linear,
    data: Sample,
    likelihood: Likelihood,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, tuple[float | None, float | None]],
    start: Mapping[str, Any] | None,
    solver: str | None,
) -> Maximum:
    """The maximum over the coefficients of a location with kinks, and over all others."""
    name = term.parameter
    place = model.places[model.param_names.index(name)]
    free = [p.name not in fixed for p in model.parameters]
    given = {key: in_unit(model, likelihood, key, value) for key, value in fixed.items()}
    others = {key: value for key, value in (start or {}).items() if key != name}
    begin = starts_of(model, likelihood, domains_of(model), given, start)[0]
    seen: dict[bytes, Maximum] = {}

    def climbed(theta: Array) -> Maximum:
        """The others at the best coefficients, beside a point."""
        kinks = model.kinks(term, data, theta)
        coefficients = kinks.best() if likelihood.plain else _beside_masses(kinks, likelihood, theta, place)
        return at_coefficients(coefficients, theta)

    def at_coefficients(coefficients: Array | None, theta: Array) -> Maximum:
        """The others at some coefficients, beside a point."""
        if coefficients is None:
            raise NoMaximumError(
                f"{model.name}: the linear program for the coefficients of {name} has no solution in floating-point "
                f"numbers. Bring the observations and the covariates to another unit."
            )
        alone = likelihood.plain or bool(bounds)
        if not (alone or begin is theta):
            at = theta.copy()
            at[place] = coefficients
            return together(at, ())
        key = coefficients.tobytes()
        if key not in seen:
            seen[key] = by_search(model, likelihood, {**fixed, name: coefficients}, bounds, others or None, solver)
        found = seen[key]
        return found if alone else max(found, together(found.theta_in_unit, found.boundary), key=_height)

    def together(theta: Array, boundary: tuple[str, ...]) -> Maximum:
        """Where all parameters lead from a point while the rows that are fitted exactly there stay so."""
        inner = [is_free and p.name not in boundary for is_free, p in zip(free, model.parameters, strict=True)]
        at = maximum_at(model, likelihood, theta, inner, "newton", fixed=tuple(fixed), boundary=boundary)
        u = _along_fitted(at, model.kinks(term, data, theta), place)
        return replace(at, theta_in_unit=at.objective.coordinates.to_theta(u))

    def settled(theta: Array, found: Maximum | None = None) -> Maximum:
        found = found or climbed(theta)
        for _ in range(_TURNS):
            new = climbed(found.theta_in_unit)
            if not new.loglik > found.loglik + _SAME * max(1.0, abs(found.loglik)):
                return found
            found = new
        return found

    best = settled(begin)
    tilting = [
        (model.places[k].start, p)
        for k, p in enumerate(model.parameters)
        if isinstance(p.domain, Interval) and p.name not in fixed and p.name not in bounds and p.role != "scale"
    ]
    if tilting and not likelihood.plain:  # where points stand for intervals a start may be tilted far too much
        for at, p in tilting:
            begin[at] = math.sqrt(p.typical[0] * p.typical[1])
        best = max(best, settled(begin), key=_height)
    # Through a window a likelihood bends up between kinks; where spreads differ by a formula, it does with theirs.
    few = likelihood.data.n_rows <= _FEW_ROWS
    near_by = _NEAR_BY if few else _NEAR_BY[:_MANY_NEAR_BY]
    if likelihood.data.window is not None or (len(model.linear) > 1 and few):
        bends, axes = np.linalg.eigh(model.kinks(term, data, best.theta_in_unit).products)
        errors = 1 / np.sqrt(np.where(bends > SINGULAR * bends[-1], bends, np.inf))
        rng = np.random.default_rng(0)
        for spread in near_by:
            nearby = best.theta_in_unit.copy()
            nearby[place] += axes @ (spread * errors * rng.standard_normal(len(errors)))
            # Of points alone the program for the coefficients forgets where they were.
            begun = at_coefficients(nearby[place], nearby) if likelihood.plain else None
            best = max(best, settled(nearby, begun), key=_height)
    for at, _ in tilting:
        best = _over_tilts(best, at, settled, climbed)
    free = [is_free and p.name not in best.boundary for is_free, p in zip(free, model.parameters, strict=True)]
    method = "linear program" if likelihood.plain else "newton"
    found = maximum_at(
        model, likelihood, best.theta_in_unit, free, method, fixed=tuple(fixed), n_starts=1, n_agreeing=1
    )
    return replace(found, boundary=best.boundary)


def _beside_masses(kinks: Kinks, likelihood: Likelihood, theta: Array, place: slice) -> Array:
    """The coefficients at which points and masses together are highest, the other parameters being those of a point."""

    def masses(coefficients: Array) -> tuple[float, Array, Array]:
        at = theta.copy()
        at[place] = coefficients
        sums = likelihood.mass_derivatives(at)
        own = symmetric(sums[1 + len(at) :])[place, place]
        return float(sums[0]), sums[1 : 1 + len(at)][place], own

    if kinks.weight is not None:
        kinks = kinks.rows(np.flatnonzero(kinks.weight))
    near = theta[place]
    value, along, across = masses(near)
    for _ in range(_STEPS):
        # A window bends them the other way; what does not bend down counts as straight.
        bends, axes = np.linalg.eigh(across)
        bent = (axes * np.minimum(bends, 0.0)) @ axes.T
        step = _by_program(kinks, partial(_quadratic, near, along, bent), near) - near
        height = value - kinks.cost(near)
        for _ in range(_SHORTENED):
            value, along, across = masses(near + step)
            if value - kinks.cost(near + step) > height:
                break
            step = 0.5 * step
        else:
            break
        near = near + step
    return near


def _quadratic(centre: Array, along: Array, bent: Array, at: Array) -> tuple[float, Array, Array]:
    """A quadratic function, its slopes and second derivatives."""
    away = at - centre
    return float(along @ away + 0.5 * away @ bent @ away), along + bent @ away, bent


def _by_program(kinks: Kinks, masses: Smooth, near: Array) -> Array:
    """The best coefficients, were masses a quadratic function that does not bend up: by an interior point method."""
    (low, high), size = kinks.limits, 1 / np.sqrt(kinks.below * kinks.above)
    left, slope = kinks.left(near), np.zeros(len(low))
    above, below = np.maximum(left, 0.0) + size, np.maximum(-left, 0.0) + size
    tried = np.empty(0, dtype=np.intp)
    for _ in range(_STEPS):
        # Rows are `above` or `below` their location as far as their slopes are at the limits: products of both shrink.
        mu = _NARROWER * float(above @ (high - slope) + below @ (slope - low)) / (2 * len(left))
        if mu * len(left) < _BALANCED:
            break
        _, along, across = masses(near)
        stiff = 1 / (above / (high - slope) + below / (slope - low))
        aim = stiff * (kinks.left(near) - mu / (high - slope) + mu / (slope - low))
        pull = kinks.design.T @ (slope + aim) + along
        move, _ = newton_step(-pull, kinks.design.T @ (stiff[:, None] * kinks.design) - across)
        if not np.isfinite(move).all():
            break
        turn = aim - stiff * (kinks.design @ move)
        d_above = (mu + above * turn) / (high - slope) - above
        d_below = (mu - below * turn) / (slope - low) - below
        rooms = ((above, d_above), (below, d_below), (high - slope, -turn), (slope - low, turn))
        step = min(1.0, *(_INTO * float(np.min(-at[d < 0] / d[d < 0], initial=np.inf)) for at, d in rooms))
        near, slope = near + step * move, slope + step * turn
        above, below = above + step * d_above, below + step * d_below
        apart = np.minimum(high - slope, slope - low) * size > np.maximum(above, below) / size
        rows = np.flatnonzero(apart)
        if np.array_equal(rows, tried):
            continue  # which were not the ones
        if (held := _fitting(kinks, masses, near, rows)) is not None:
            return held
        tried = rows
    return near


def _fitting(kinks: Kinks, masses: Smooth, near: Array, rows: NDArray[np.intp]) -> Array | None:
    """The best coefficients of those that fit some rows exactly; None where there are none, or others are better."""
    matrix = kinks.design[rows]
    at = near + np.linalg.lstsq(matrix, kinks.left(near)[rows], rcond=None)[0]
    if not kinks.are_fitted(at)[rows].all():
        return None
    free = _null_space(matrix)
    value = -np.inf
    for _ in range(_STEPS if free.shape[1] else 0):
        mass, along, across = masses(at)
        new = mass - kinks.cost(at)
        if not new > value:
            break
        value = new
        slope = free.T @ kinks.balance(at, along)
        step, _ = newton_step(-slope, -free.T @ across @ free)
        if not (np.isfinite(step).all() and decrement_of(-slope, step) > _ENOUGH):
            break
        at = at + free @ step
    _, along, across = masses(at)
    left = kinks.balance(at, along)
    step, _ = newton_step(-left, kinks.products - across)
    return at if decrement_of(-left, step) <= _BALANCED else None


def _along_fitted(found: Maximum, kinks: Kinks, place: slice) -> Array:
    """Where Newton's method leads along the directions in which rows that are fitted exactly stay so."""
    objective, u, nobs = found.objective, found.coordinates, found.likelihood.nobs
    fitted = kinks.design[kinks.are_fitted(found.theta_in_unit[place])]
    slopes = objective.coordinates.jacobian(u)[place]
    free = _null_space(fitted @ slopes)
    if not free.shape[1]:
        return u
    # Second derivatives count what is expected at the kinks, and there is nothing between them.
    straight = slopes.T @ kinks.products @ slopes / nobs
    value = objective.value(u)
    for _ in range(_STEPS):
        slope = free.T @ objective.gradient(u)
        step, _ = newton_step(slope, free.T @ (objective.hessian(u) - straight) @ free)
        if not (np.isfinite(step).all() and decrement_of(slope, step) * nobs > _ENOUGH):
            break
        for _ in range(_ACROSS):
            new = objective.value(u + free @ step)
            if new < value:
                break
            step = 0.5 * step
        else:
            break
        u, value = u + free @ step, new
    return u


def _null_space(matrix: Array) -> Array:
    """Directions in which none of some rows moves; shape (k, k - rank)."""
    from scipy import linalg

    if not len(matrix):
        return np.eye(matrix.shape[1])
    return np.asarray(linalg.null_space(matrix / np.linalg.norm(matrix, axis=1)[:, None]))


def _over_tilts(best: Maximum, place: int, settled: Any, climbed: Any) -> Maximum:
    """The highest maximum over a shape that moves the coefficients: there is one in every short range of it."""

    def tried(value: float) -> Maximum:
        theta = best.theta_in_unit.copy()
        theta[place] = value
        found: Maximum = climbed(theta)
        return found

    tilts = best.theta_in_unit[place] * _TILTS
    low, high = float(tilts[0]), float(tilts[-1])
    best = max([best, settled(max(map(tried, tilts.tolist()), key=_height).theta_in_unit)], key=_height)
    step = float(np.log(_TILTS[1] / _TILTS[0]))
    for _ in range(_HALVINGS):
        here = float(best.theta_in_unit[place])
        beside = [here * float(np.exp(side * step)) for side in (-1.0, -0.5, 0.5, 1.0)]
        inside = [tried(value) for value in beside if low <= value <= high]
        found = max(inside, key=_height, default=best)
        if found.loglik > best.loglik:
            best = settled(found.theta_in_unit)
        step /= 2
    return best


def _height(found: Maximum) -> float:
    return found.loglik
