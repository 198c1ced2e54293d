"""Maxima of regressions of levels whose coefficients run to infinity, several predictors together.

Where covariates tell levels apart, the log-odds of the level that was observed against some others rise for ever, and
against none they fall. In the limit each row keeps the levels that its covariates leave open; the regression of what is
left has the supremum of the likelihood, and the coefficients that are determined.

Sources: Albert & Anderson (1984), Biometrika 71, 1-10 (several levels); Geyer (2009), Electronic Journal of Statistics
3, 259-289 (the limiting conditional model).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.recession import MARGIN, SUPREMUM, cleaned, recession
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.levels_apart import Way, apart, signs
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.families.relations import Limit
from mle_toolkit.likelihood.designs import relations
from mle_toolkit.likelihood.linear import Ended, Linear, RunOff
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood


def of_several(model: Model) -> Choice | Ordered | None:
    """The law of levels that several predictors together may tell apart, and none alone; None for any other."""
    base = model.base
    if (isinstance(base, Ordered) and not base.scaled) or (isinstance(base, Choice) and len(base.others) > 1):
        return base
    return None


def levels_at_end(
    base: Choice | Ordered,
    model: Model,
    sample: Sample,
    columns: Mapping[str, Sequence[str]],
    found: Maximum | None,
    options: Mapping[str, Any],
) -> Maximum | None:
    """The maximum of the limit of a regression of levels; None where no direction is found.

    Raises
    ------
    UnboundedLikelihoodError
        If covariates separate all levels, so that no coefficient is left.
    """
    forms = base.rising(sample.x)
    whole = _Whole(model, sample, columns, forms, tuple(options.get("fixed") or ()))
    ways, still = _directions(whole)
    if not ways:
        return None
    gone = int(np.count_nonzero(np.any(whole.counts & ~still, axis=1)))
    if not (whole.counts & still).any():
        moving = np.any([np.concatenate(way) != 0 for way in ways], axis=0)
        which = ", ".join(name for name, moves in zip(whole.names, moving, strict=True) if moves)
        message = (
            f"{model.name}: the covariates separate y: as {which} grow together without end, the likelihood rises in "
            f"all {sample.n_rows} rows and falls in none, so there is no maximum. Remove a covariate, join levels, or "
            f"penalise."
        )
        raise UnboundedLikelihoodError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method="none"))
    lost, kept = _determined(whole, ways, still)
    parts = [_part(whole, k, lost, kept) for k in range(len(base.parameters))]
    terms = [part.term for part in parts if part.term is not None]
    law = apart(base, whole.keys, ways).given(sample.known)
    limit_model = type(model)(law, terms, sample.known, model.own_unit)
    fixed = dict(options.get("fixed") or {})
    fixed |= {p.name: part.nothing for p, part in zip(base.parameters, parts, strict=True) if part.nothing is not None}
    limit = maximise(limit_model, sample, fixed=fixed or None, bounds=options.get("bounds"))
    if not limit.certify().ok:
        return None
    if found is not None and limit.loglik < found.loglik - SUPREMUM * max(1.0, abs(found.loglik)):
        return None

    def embed(*coefficients: Any) -> tuple[Any, ...]:
        return tuple(part.embedded(value) for part, value in zip(parts, coefficients, strict=True))

    own = [
        replace(part.whole, run_off=RunOff(tuple(way[k] for way in ways if way[k].any()), part.raw(value)))
        for k, (part, value) in enumerate(zip(parts, limit.family.unpack(limit.theta), strict=True))
        if part.whole is not None
    ]
    family = type(model)(base, own, model.rows, model.own_unit, (Limit(limit.family, embed),))
    theta = np.concatenate([np.ravel(value) for value in embed(*limit.family.unpack(limit.theta))])
    named = tuple(name for name, end in zip(whole.names, lost.tolist(), strict=True) if end != 0)
    ends = ", ".join(
        f"{name} -> {'∞' if end > 0 else '-∞' if end < 0 else 'anywhere'}"
        for name, end in zip(whole.names, lost.tolist(), strict=True)
        if end != 0
    )
    return Maximum(
        family=family,
        likelihood=Likelihood(family, sample),
        theta_in_unit=theta,
        theta=theta,
        free=tuple(p.name not in (options.get("fixed") or {}) for p in model.parameters),
        method=limit.method,
        fixed=tuple(options.get("fixed") or ()),
        boundary=named,
        limit=limit,
        embed=embed,
        n_starts=limit.n_starts,
        n_agreeing=limit.n_agreeing,
        where=f"the boundary {ends}: there levels that were not observed are impossible in {gone} of {sample.n_rows} "
        f"rows; the other coefficients, their standard errors and the log-likelihood are those of this limit",
    )


class _Whole:
    """A regression of levels, its coefficients in one row.

    Attributes
    ----------
    keys : tuple of str or None
        Of the design of each parameter.
    designs : list of ndarray
        Raw ones; ones for a number.
    places : list of slice
        Where the coefficients of each parameter stand among all.
    names : list of str
    forms : ndarray of shape (n, m, p)
        What must not fall, in parameters.
    counts : ndarray of bool, shape (n, m)
        Which of them there are.
    held : ndarray of bool
        Which coefficients are known numbers.
    """

    def __init__(
        self,
        model: Model,
        sample: Sample,
        columns: Mapping[str, Sequence[str]],
        forms: Array,
        fixed: tuple[str, ...],
    ) -> None:
        self.model, self.sample, self.forms, self.fixed = model, sample, forms, fixed
        self.terms = [model.linear.get(p.name) for p in model.base.parameters]
        self.keys = tuple(None if term is None else term.key for term in self.terms)
        one = np.ones((1, 1))
        self.designs = [one if term is None else np.asarray(sample.known[term.key]) for term in self.terms]
        ends = np.cumsum([design.shape[1] for design in self.designs]).tolist()
        self.places = [slice(end - d.shape[1], end) for end, d in zip(ends, self.designs, strict=True)]
        self.names: list[str] = []
        for p, term in zip(model.base.parameters, self.terms, strict=True):
            self.names += [p.name] if term is None else [f"{p.name}[{column}]" for column in columns[p.name]]
        self.counts = np.any(forms != 0, axis=2)
        self.held = np.array([name in fixed for name in self.names])

    def stacked(self, designs: Sequence[Array]) -> Array:
        """Sums as rows of all coefficients; shape (n, m, size)."""
        blocks = [
            self.forms[:, :, k, None] * design[:, None, :] * (p.name not in self.fixed)
            for k, (p, design) in enumerate(zip(self.model.base.parameters, designs, strict=True))
        ]
        return np.concatenate(blocks, axis=2)


def _directions(whole: _Whole) -> tuple[list[Way], NDArray[np.bool_]]:
    """Directions along which no row's likelihood falls, each proved by one pass; and what stays along all of them."""
    scaled = [
        design if term is None else term.design(whole.sample.known)
        for design, term in zip(whole.designs, whole.terms, strict=True)
    ]
    moving = whole.stacked(scaled)
    flat = moving.reshape(-1, moving.shape[2])
    nobody = np.zeros(len(flat), dtype=bool)
    ways: list[Way] = []
    still = np.ones(whole.counts.shape, dtype=bool)
    for inner in recession(flat, ~nobody, nobody):
        inner = np.where(whole.held | (np.abs(inner) <= MARGIN * np.max(np.abs(inner))), 0.0, inner)
        way = tuple(
            inner[place] if term is None else cleaned(term, inner[place])
            for term, place in zip(whole.terms, whole.places, strict=True)
        )
        moved = signs(whole.forms, whole.designs, way)
        if np.any((moved < 0) & still) or not np.any((moved > 0) & still):
            break
        still &= moved == 0
        ways.append(way)
    return ways, still


def _determined(whole: _Whole, ways: Sequence[Way], still: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """Where each coefficient ends (0 where it is determined, ±inf, or NaN where neither), and which the limit keeps."""
    rows = whole.stacked(whole.designs)[whole.counts & still]
    numbers = [k for k, place in enumerate(whole.places) for _ in range(place.stop - place.start)]
    order = sorted(range(len(numbers)), key=lambda k: whole.terms[numbers[k]] is not None)  # cutpoints first
    seen = relations(rows[:, order])
    first = np.array(order)
    kept = np.zeros(len(order), dtype=bool)
    kept[first[list(seen.kept)]] = True
    free = ~kept
    free[first[np.array(seen.kept)[np.any(seen.weights != 0, axis=1)]]] = True
    lost = np.zeros(len(order))
    for way in reversed(ways):
        ahead = np.concatenate(way)
        lost = np.where(ahead != 0, np.copysign(np.inf, ahead), lost)
    lost = np.where(free & (lost == 0), np.nan, lost)
    return np.where(whole.held, 0.0, lost), kept | whole.held


@dataclass(frozen=True)
class _Part:
    """What is left of a parameter.

    Attributes
    ----------
    term, whole : Linear or None
        Of the limit, and of the model, in coordinates in which infinite coefficients keep to themselves.
    kept : ndarray of int
        Columns that the limit has.
    lost : ndarray
        Where each coefficient ends.
    nothing : object
        What the parameter is held at, where nothing is left of it; else None.
    """

    term: Linear | None
    whole: Linear | None
    kept: NDArray[np.intp]
    lost: Array
    nothing: Any

    def raw(self, value: Any) -> Array:
        """Coefficients of the raw design that the limit has, 0 for the others."""
        raw = np.zeros(len(self.lost))
        if self.term is not None and self.nothing is None:
            raw[self.kept] = self.term.to_data(np.asarray(value))
        return raw

    def embedded(self, value: Any) -> Any:
        """The parameter of the model, from that of the limit."""
        if self.whole is None:
            return value if self.lost[0] == 0 else float(self.lost[0])
        return self.whole.to_unit(np.where(self.lost == 0, self.raw(value), self.lost))


def _part(whole: _Whole, k: int, lost: Array, kept: NDArray[np.bool_]) -> _Part:
    term, place = whole.terms[k], whole.places[k]
    columns = np.flatnonzero(kept[place])
    mine = lost[place]
    if term is None:
        return _Part(None, None, columns, mine, None if len(columns) else 0.0)
    constant = term.constant if term.constant is not None and kept[place][term.constant] else None
    at = None if constant is None else int(np.flatnonzero(columns == constant)[0])
    if not len(columns):
        shift, frame = np.zeros(1), np.ones(1)
    else:
        design, weight = whole.designs[k][:, columns], whole.sample.weight
        shift = np.zeros(len(columns)) if at is None else np.average(design, axis=0, weights=weight)
        if at is not None:
            shift[at] = 0.0
        size = np.sqrt(np.average(np.square(design - shift), axis=0, weights=weight))
        frame = 1 / np.where(size > 0, size, 1.0)
    ended = Ended((), tuple(columns.tolist()), 0.0, 0.0)
    limit = replace(term, shift=shift, frame=frame, constant=at, ended=ended)
    own = term.frame if term.frame.ndim == 1 else np.ones(term.size)
    of_model = replace(term, shift=np.where(mine == 0, term.shift, 0.0), frame=own)
    return _Part(limit, of_model, columns, mine, None if len(columns) else [0.0])
