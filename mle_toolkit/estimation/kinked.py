"""The maximum of a regression whose location has a kink of the density in every row: by linear programs.

Given the other parameters the best coefficients solve a linear program; given the coefficients the others are found as
ever. The two take turns. Where neither can rise the point is a maximum, for the likelihood is smooth in the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.estimation.maximum import Maximum, maximum_at
from mle_toolkit.estimation.search import by_search
from mle_toolkit.estimation.starts import domains_of, in_unit, starts_of
from mle_toolkit.families.domain import Interval
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_TURNS = 50

_SAME = 1e-12
"""Share of a log-likelihood by which a turn must raise it to be followed by another."""

_TILTS = np.exp(np.linspace(-1.5, 1.5, 13))
"""Factors of a shape that tilts the law, at which coefficients are looked for first."""

_HALVINGS = 12
"""Times that the tilts beside the best are halved, so that coefficients between them are found too."""


def at_kinks(
    model: Model,
    likelihood: Likelihood,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, tuple[float | None, float | None]],
    start: Mapping[str, Any] | None,
    solver: str | None,
) -> Maximum:
    """The maximum over the coefficients of a location with kinks, and over all others."""
    data, term = likelihood.data, model.kinked
    assert term is not None
    name = term.parameter
    place = model.places[model.param_names.index(name)]
    given = {key: in_unit(model, likelihood, key, value) for key, value in fixed.items()}
    others = {key: value for key, value in (start or {}).items() if key != name}
    begin = starts_of(model, likelihood, domains_of(model), given, start)[0]
    seen: dict[bytes, Maximum] = {}

    def climbed(theta: Array) -> Maximum:
        """The others at the best coefficients, beside a point."""
        coefficients = model.kinks(data, theta).best()
        if coefficients is None:
            raise NoMaximumError(
                f"{model.name}: the linear program for the coefficients of {name} has no solution in floating-point "
                f"numbers. Bring the observations and the covariates to another unit."
            )
        key = coefficients.tobytes()
        if key not in seen:
            seen[key] = by_search(model, likelihood, {**fixed, name: coefficients}, bounds, others or None, solver)
        return seen[key]

    def settled(theta: Array) -> Maximum:
        found = climbed(theta)
        for _ in range(_TURNS):
            new = climbed(found.theta_in_unit)
            if not new.loglik > found.loglik + _SAME * max(1.0, abs(found.loglik)):
                return found
            found = new
        return found

    best = settled(begin)
    for k, p in enumerate(model.parameters):
        if isinstance(p.domain, Interval) and p.name not in fixed and p.name not in bounds and p.role != "scale":
            best = _over_tilts(best, model.places[k].start, settled, climbed)
    theta = best.theta_in_unit.copy()
    theta[place] = best.theta[place]
    free = [p.name not in fixed for p in model.parameters]
    found = maximum_at(model, likelihood, theta, free, "linear program", fixed=tuple(fixed), n_starts=1, n_agreeing=1)
    return replace(found, boundary=best.boundary)


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
