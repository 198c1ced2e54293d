"""Directions in which the predictor of a parameter runs off: found by linear programs, proved by one pass.

Sources: as of `mle_toolkit.estimation.separation`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.rows import Block, some_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.sparse import SparseDesign, stacked
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.recession import Mask, cleaned, recession, sparse_recession
from mle_toolkit.likelihood.linear import Linear, ends_of, sides
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_FALLS = 1e-9
"""Nats by which the likelihood of a row may differ where it does not fall: rounding."""

_LADDER = 2.0 ** (np.arange(320, 0, -1) / 8)
"""Predictors, from the farthest, that are tried for the end of a parameter's domain."""

_RANGE = 1e130
"""Of parameters, and one over it: their squares, of which second derivatives are made, are doubles too."""

_AGAINST = 200
"""Rows that speak against a direction that a block gives, at most."""


def joined_rows(few: Sample, more: Sequence[Block]) -> Sample:
    """Some rows, and others."""
    weight = None
    if few.weight is not None or any(block.weight is not None for block in more):
        weights = [few.weight, *(block.weight for block in more)]
        sizes = [few.n_rows, *(len(block.x) for block in more)]
        weight = np.concatenate([np.ones(n) if w is None else w for w, n in zip(weights, sizes, strict=True)])
    known = {name: stacked([few.known[name], *(b.known[name] for b in more)]) for name in more[0].known}
    x = np.concatenate([few.x, *(block.x for block in more)])
    return Sample(x, weight, few.weight_kind).with_known(**known)


class Proof(NamedTuple):
    """What rows say of a direction: how many go down, up, and with observations not seen; those that are against it."""

    counts: Array
    against: tuple[Block, ...]

    def __add__(self, other: Any) -> Proof:
        return Proof(self.counts + other.counts, self.against + other.against)


@dataclass(frozen=True)
class Proving:
    """Whether the likelihood of any row of a block falls along a direction, and how many rows run to each end.

    Attributes
    ----------
    model : Model
    term, directions
        As of `Separation`.
    theta : ndarray
        Where the other parameters are.
    seen : tuple of (float, float)
        Between which observations lie in rows that run to each end, as far as a subsample shows.
    """

    model: Model
    term: Linear
    directions: tuple[Array, ...]
    theta: Array
    seen: tuple[tuple[float, float], ...]

    def __call__(self, block: Block) -> Proof:
        """What the rows of a block say."""
        model = self.model.given(block.known)
        known = {name: block.known[name] for name in (*model.per_row, *model.ready)}
        sample = Sample(block.x, block.weight).with_known(**known)
        likelihood = Likelihood(model, sample)
        side = ends_of(block.known[self.term.key], self.directions)
        back, beyond = np.zeros(len(side), dtype=bool), 0
        for sign, (low, high) in zip((-1.0, 1.0), self.seen, strict=True):
            moved = side == sign
            if moved.any():
                back |= moved & ~_allowed(model, likelihood, self.theta, self.term, sign)
                beyond += int(np.count_nonzero((sample.x[moved] < low) | (sample.x[moved] > high)))
        counts = np.array([np.count_nonzero(side < 0), np.count_nonzero(side > 0), beyond], dtype=float)
        rows = np.flatnonzero(back)[:_AGAINST]
        if not len(rows):
            return Proof(counts, ())
        weight = None if block.weight is None else block.weight[rows]
        return Proof(counts, (Block(block.x[rows], weight, block.first, some_of(known, rows)),))


@dataclass(frozen=True)
class Separation:
    """Directions in which the predictor of a parameter runs off.

    Attributes
    ----------
    term : Linear
    directions : tuple of ndarray of shape (k,)
        In coefficients of the raw design, in the order in which they count.
    side : ndarray of shape (n,)
        To which end the predictor of each row goes; 0 where it stays. Of rows that are not held: in a subsample.
    counts : tuple of int, or None
        Of rows that are not held: how many go to each end.
    observed : bool
        Whether rows beyond a subsample are as it shows.
    """

    term: Linear
    directions: tuple[Array, ...]
    side: Array
    counts: tuple[int, int] | None = None
    observed: bool = True

    def count(self, sign: float) -> int:
        """How many rows go to an end."""
        if self.counts is None:
            return int(np.count_nonzero(self.side == sign))
        return self.counts[0 if sign < 0 else 1]


def somewhere(model: Model, sample: Sample, found: Maximum | None) -> Array:
    """Where a search ended, or where one may begin."""
    if found is not None and np.all(np.isfinite(found.theta_in_unit)):
        return found.theta_in_unit
    return np.concatenate([np.ravel(value) for value in model.start(Likelihood(model, sample).as_points)[0]])


def runs_of(model: Model, sample: Sample, found: Maximum | None, linear: Sequence[Linear]) -> list[Separation]:
    """Directions of each predictor by itself: where a search ended, or else where one may begin."""
    likelihood, points = Likelihood(model, sample), [somewhere(model, sample, found)]
    if found is not None:
        points.append(somewhere(model, sample, None))  # at an end, as of zeros that are all structural, nothing moves
    seen = ((_run(model, likelihood, theta, term) for theta in points) for term in linear)
    return [run for tried in seen if (run := next(filter(None, tried), None)) is not None]


def idle_rows(model: Model, sample: Sample, term: Linear) -> Mask:
    """Rows whose likelihood is the same wherever the predictor of a parameter is, the others being inside."""
    likelihood, theta = Likelihood(model, sample), somewhere(model, sample, None)
    here = likelihood.rows(theta)
    idle = np.ones(len(here), dtype=bool)
    for sign in (1.0, -1.0):
        far = farthest(model, term, sign)
        for value in (far, far / 2, sign):
            with np.errstate(all="ignore"):
                there = Likelihood(_at_predictor(model, term, value), sample).rows(theta)
                idle &= np.abs(there - here) <= _FALLS * np.maximum(1.0, np.abs(here))
    return idle


def idle_runs(model: Model, sample: Sample, near: Mapping[str, Array], others: Sequence[Linear]) -> list[Separation]:
    """Directions that move only rows which say nothing of a predictor, as others of theirs have run off.

    Whatever the predictor is there, the likelihood is the same; it goes to the end to which a search followed it.

    Parameters
    ----------
    model : Model
        The limit, in which rows have run off.
    sample : Sample
    near : mapping of str to ndarray
        Coefficients of `others` as a search left them.
    others : sequence of Linear
        Predictors that have not run off.
    """
    theta, runs = somewhere(model, sample, None), []
    for term in others:
        rows = [Likelihood(_at_predictor(model, term, value), sample).rows(theta) for value in _INSIDE]
        idle = np.ptp(rows, axis=0) <= _FALLS
        if idle.any() and not idle.all():
            predictor = term.columns(sample.known).times(np.asarray(near[term.parameter]))
            rises = bool(np.mean(predictor[idle]) > np.mean(predictor[~idle]))
            run = moving(term, sample, idle & rises, idle & (not rises))
            runs += [] if run is None else [run]
    return runs


_INSIDE = (-1.0, 0.0, 1.0)
"""Predictors, in the unit of a model, that stay inside while others have run off."""


def _run(model: Model, likelihood: Likelihood, theta: Array, term: Linear) -> Separation | None:
    """In which directions no row's likelihood falls, and some predictors move."""
    up, down = (_allowed(model, likelihood, theta, term, sign) for sign in (1.0, -1.0))
    return moving(term, likelihood.sample, up, down)


def moving(term: Linear, sample: Sample, up: Mask, down: Mask) -> Separation | None:
    """In which directions rows move only where they are allowed to."""
    raw = sample.known[term.key]
    side = np.zeros(len(raw))
    directions: list[Array] = []
    if isinstance(raw, SparseDesign):
        found = sparse_recession(raw, up, down)
    else:
        found = (cleaned(term, inner) for inner in recession(term.design(sample.known), up, down))
    for way in found:
        direction = way / np.max(np.abs(way))
        new = np.where(side == 0, sides(raw, direction), 0.0)
        # The proof: one pass over the rows.
        if not np.any(new) or np.any((new > 0) & ~up) or np.any((new < 0) & ~down):
            break
        side += new
        directions.append(direction)
    return Separation(term, _joined(raw, directions, side), side) if directions else None


def _joined(raw: Array, directions: Sequence[Array], side: Array) -> tuple[Array, ...]:
    """One direction that moves all rows as several do one after the other, where rounding allows it."""
    joined = directions[0]
    for later in directions[1:]:
        for share in _SHARES:
            tried = joined + share * later
            moved = sides(raw, joined)
            if np.array_equal(sides(raw, tried), np.where(moved != 0, moved, side * (sides(raw, later) != 0))):
                joined = tried
                break
        else:
            return tuple(directions)
    return (joined / np.max(np.abs(joined)),)


_SHARES = 0.5 ** np.arange(20)
"""Of a later direction, tried until none of the rows that move along the earlier turns round."""


def _at_predictor(model: Model, term: Linear, value: float) -> Model:
    """The model in which the predictor of a parameter is one number in all rows."""
    still = replace(term, frame=np.zeros(term.size), offset=None, offset_shift=value)
    others = [still if other.parameter == term.parameter else other for other in model.linear.values()]
    return type(model)(model.base, others, model.rows, model.own_unit)


def farthest(model: Model, term: Linear, sign: float) -> float:
    """The predictor beyond which no double tells the parameter from the end of its domain."""
    domain = model.base.parameters[model.base.param_names.index(term.parameter)].interval
    with np.errstate(all="ignore"):
        values = term.link.inverse(sign * _LADDER)[0]
    inside = (
        (values > domain.lower) & (values < domain.upper) & (np.abs(values) > 1 / _RANGE) & (np.abs(values) < _RANGE)
    )
    return sign * float(_LADDER[np.argmax(inside)]) if inside.any() else 0.0


def _allowed(model: Model, likelihood: Likelihood, theta: Array, term: Linear, sign: float) -> Mask:
    """Rows whose likelihood does not fall as a predictor goes to one end."""
    far = farthest(model, term, sign)
    here = likelihood.rows(theta)
    if far == 0.0:
        return np.zeros(len(here), dtype=bool)
    with np.errstate(all="ignore"):
        mid, end = (
            Likelihood(_at_predictor(model, term, value), likelihood.sample).rows(theta) for value in (far / 2, far)
        )
        rounding = _FALLS * np.maximum(1.0, np.abs(here))
        return np.asarray((end >= mid - rounding) & (end >= here - rounding))
