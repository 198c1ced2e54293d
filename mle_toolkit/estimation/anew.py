"""Other places from which a regression is climbed whose likelihood may have several maxima.

Through a window the log-likelihood of a row falls to a level, not without end, as its predictor runs off. So there is
a maximum where all rows count, and there may be others, and suprema, where some have run off and the rest are fitted
the better. Newton's method is begun at scattered places, and with each predictor on its way along the direction in
which the rows lose least.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.estimation.climb import climb
from mle_toolkit.estimation.climbed import Climbed
from mle_toolkit.estimation.maximum import Maximum, objective_near
from mle_toolkit.estimation.starts import domains_of
from mle_toolkit.likelihood.linear import Linear
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_SEED = 20_240_307
"""Of the scattered places, so that a fit is the same each time."""

_SPREADS = (1.0, 3.0, 6.0)
"""Of scattered places about a maximum, in natural changes."""

_SCATTERED = 5
"""Places at each spread."""

_HOPELESS, _HOPELESS_EACH = 100.0, 10.0
"""Nats, and more for each row, below the best place from which no climb is begun."""

_AWAY = (3.0, 8.0, 30.0)
"""How far a predictor is on its way: rows that move are moved by so much on average, in the unit of the model."""

_POSSIBLE = 20.0
"""Nats that a row may lose as its predictor runs off; one that loses more is not to move."""


_LEAST_CLIMBS, _CLIMBED_ROWS = 4, 2_000
"""Climbs from the highest places: as many as take so many rows together, but no fewer than that."""

_ALIKE = 1e-3
"""Nats by which ends differ that are not one."""


def ends_anew(model: Model, sample: Sample, found: Maximum | None, seed: int) -> list[Climbed]:
    """Ends of climbs that begin elsewhere than a search has, the highest first, each once."""
    likelihood = Likelihood(model, sample)
    begin = _begin(model, likelihood, found)
    free = [p.regular for p in model.parameters]
    objective = objective_near(likelihood, domains_of(model), begin, free, charted=False)
    u = objective.coordinates.from_theta(begin)
    rng = np.random.default_rng([_SEED, seed])
    starts = [u + spread * rng.standard_normal(len(u)) for _ in range(_SCATTERED) for spread in _SPREADS]
    with np.errstate(all="ignore"):
        ways = _on_their_way(model, sample, likelihood, begin)
        starts += [at for theta in ways if np.all(np.isfinite(at := objective.coordinates.from_theta(theta)))]
        values = [objective.value_alone(at) for at in starts]
        least = min((v for v in (*values, objective.value_alone(u)) if v < np.inf), default=np.inf)
        most = least + (_HOPELESS + _HOPELESS_EACH * sample.n_rows) / likelihood.nobs
        hopeful = sorted((k for k, value in enumerate(values) if value < most), key=lambda k: values[k])
        # Laws that need a chart are climbed slowly without one.
        count = _LEAST_CLIMBS if model.base.chart is not None else max(_LEAST_CLIMBS, _CLIMBED_ROWS // sample.n_rows)
        ends = climb(objective, [starts[k] for k in hopeful[:count]], "newton", rescued=False)
    places: list[Climbed] = []
    for end in sorted(ends, key=lambda end: end.value):
        place = Climbed(likelihood, end.value, objective.coordinates.to_theta(end.u))
        if not places or place.loglik < places[-1].loglik - _ALIKE:
            places.append(place)
    return places


def _begin(model: Model, likelihood: Likelihood, found: Maximum | None) -> Array:
    """Where a search ended in the inside, or where one begins."""
    if found is not None and found.limit is None and np.all(np.isfinite(found.theta_in_unit)):
        return found.theta_in_unit
    return np.concatenate([np.ravel(value) for value in model.start(likelihood.as_points)[0]])


def _on_their_way(model: Model, sample: Sample, likelihood: Likelihood, begin: Array) -> list[Array]:
    """Parameters with each predictor in turn on its way to either end."""
    found: list[Array] = []
    here = likelihood.rows(begin)
    for p, place in zip(model.parameters, model.places, strict=True):
        term = model.linear.get(p.name)
        if term is None or isinstance(sample.known[term.key], SparseDesign):
            continue
        for sign in (1.0, -1.0):
            for away in _AWAY:
                way = _losing_least(model, term, sample, here, begin, sign * away)
                if way is not None:
                    theta = begin.copy()
                    theta[place] += away * way
                    found.append(theta)
    return found


def _losing_least(model: Model, term: Linear, sample: Sample, here: Array, begin: Array, shift: float) -> Array | None:
    """The direction in which rows that may move by a shift do so by 1 on average, all to that side, and lose least.

    None where there is none. By a linear program: what a row loses is taken to grow with how far it moves.
    """
    from scipy import optimize

    moved = replace(term, offset_shift=term.offset_shift + shift)
    others = [moved if other.parameter == term.parameter else other for other in model.linear.values()]
    there = Likelihood(type(model)(model.base, others, model.rows, model.own_unit), sample).rows(begin)
    lost = np.where(np.isnan(there), np.inf, here - there)
    if sample.weight is not None:
        lost = lost * sample.weight
    movable = lost < _POSSIBLE
    if not movable.any():
        return None
    design = np.copysign(1.0, shift) * term.design(sample.known)
    total = design[movable].sum(axis=0)
    held = np.vstack([total, design[~movable]])
    program: Any = optimize.linprog(
        design[movable].T @ lost[movable],
        A_ub=-design[movable],
        b_ub=np.zeros(int(np.count_nonzero(movable))),
        A_eq=held,
        b_eq=np.append(float(np.count_nonzero(movable)), np.zeros(len(held) - 1)),
        bounds=(None, None),
    )
    return np.asarray(program.x) if program.status == 0 else None
