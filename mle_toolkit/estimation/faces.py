"""The maximum of a regression where a parameter is at an end of its domain in some rows.

A link may lead out of the domain of its parameter: a probability by its log, a mean of counts as it is, a shape that is
bounded. Coefficients then live in a polytope, an inequality for every row, and the likelihood may be highest on one of
its faces, where no derivative vanishes. The predictors of the rows that are at an end are held there, and the others
are fitted along the face; a row is let go where the likelihood rises on the way in (the conditions of Karush, Kuhn and
Tucker). So the maximum is that of a smaller regression, with its standard errors.

Sources: Nocedal & Wright (2006), Numerical Optimization, 2nd ed., ch. 12 (the conditions), 16.5 (active sets);
de Andrade & Andrade (2018), BMC Medical Research Methodology 18, 57 (log-binomial regression at its boundary).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.numbering import numbers_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.errors import MleError
from mle_toolkit.estimation.maximum import Maximum, maximum_at
from mle_toolkit.estimation.recession import SUPREMUM
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.relations import Limit
from mle_toolkit.likelihood.linear import Face, Linear
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_TURNS = 60
"""Of the active set."""

_TOUCHING = 1e-7
"""Of the spread of a predictor: how near an end a search that it stopped is."""

_LEVEL = 1e-9
"""Share of the largest singular value, or of a slope, that is the rounding of zero."""

_INWARD = 1e-6
"""Step into the polytope, of the way that moves every held row by as much as its predictor spreads, at which slopes
are taken: at an end itself a law may have none."""

_BESIDE_ZERO = 1e-150
"""A number that stands for 0, at which formulas may have no value, and whose square is a double."""

_LISTED = 3

_ULPS = 8
"""Units in the last place that a link and its inverse, and a change of unit, may be apart."""


class _End(NamedTuple):
    """An end of the domain of a parameter, or an observation that the support must hold, with finite predictors."""

    term: Linear
    side: float  # 1 where the predictor must be below it, else -1
    predictor: Array  # of every row
    said: str  # what the parameter is there, in words
    of_support: bool = False


@dataclass(frozen=True)
class _Held:
    """Which rows are at which end; rows by end, in the order of the ends."""

    rows: tuple[frozenset[int], ...]

    def with_rows(self, more: Mapping[int, Sequence[int]]) -> _Held:
        """The same with more rows by end."""
        return _Held(tuple(rows | set(more.get(k, ())) for k, rows in enumerate(self.rows)))

    def without(self, fewer: Mapping[int, Sequence[int]]) -> _Held:
        """The same without some rows by end."""
        return _Held(tuple(rows - set(fewer.get(k, ())) for k, rows in enumerate(self.rows)))


def maximise_within(family: Family, sample: Sample, **options: Any) -> Maximum:
    """As `maximise`; of a regression also where parameters are at ends of their domains in some rows.

    Parameters
    ----------
    family : Family
    sample : Sample
    **options
        As for `maximise`.
    """
    if not isinstance(family, Model):
        return maximise(family, sample, **options)
    options["start"] = options.get("start") or start_inside(family, sample, options.get("fixed") or {})
    found = maximise(family, sample, **options)
    return at_faces(family, sample, found, options) or found


def at_faces(model: Model, sample: Sample, found: Maximum, options: Mapping[str, Any]) -> Maximum | None:
    """The maximum on a face of the polytope of coefficients, near where a search stopped; None where none is found.

    Parameters
    ----------
    model : Model
    sample : Sample
    found : Maximum
        Where a search stopped; where it is a maximum, nothing is looked for.
    options : mapping
        Of `maximise`.
    """
    fixed = dict(options.get("fixed") or {})
    if type(model) is not Model or not sample.in_memory or options.get("bounds") or found.limit is not None:
        return None
    if found.certify().ok:
        return None
    open_ = [term for name, term in model.linear.items() if name not in fixed and term.face is None]
    ends = [end for term in open_ if term.run_off is None for end in _ends_of(model, term, sample)]
    if any(end.of_support and _bends_up(model, sample, end, found.theta_in_unit) for end in ends):
        return None  # it is highest at a corner, and may be at any
    if not ends or any(isinstance(sample.known[end.term.key], SparseDesign) for end in ends):
        return None
    at, near = found, found.theta_in_unit
    held = _Held((frozenset(),) * len(ends))
    foreseen = _foreseen(model, sample, ends, near)
    if foreseen is not None:
        rows, near = foreseen
        held = held.with_rows(rows)
    else:
        rows, near = _reached(ends, None, at, near, model, sample)
        held = held.with_rows(rows)
    tried: set[_Held] = set()
    while any(held.rows) and held not in tried and len(tried) < _TURNS:
        tried.add(held)
        try:
            faces = {name: face for name, term in model.linear.items() if (face := _face(term, ends, held, sample))}
            at = _along(model, sample, faces, near, fixed)
        except (MleError, np.linalg.LinAlgError):
            return None
        near = _whole(model, faces, at.family.unpack(at.theta_in_unit))
        if not at.certify().ok:
            rows, near = _reached(ends, held, at, near, model, sample)
            held = held.with_rows(rows)
            continue
        inside = _inside(model, sample, ends, held, faces, near)
        if inside is None:
            return None
        wrong = _to_release(model, sample, ends, held, faces, inside)
        if not wrong:
            break
        held = held.without(wrong)
        way = _between(model, sample, ends, held, wrong, near)
        if way is None:
            return None
        near = way
    else:
        return None
    if at.loglik < found.loglik - SUPREMUM * max(1.0, abs(found.loglik)):
        return None
    return _as_limit(model, sample, ends, held, faces, at, fixed)


def start_inside(model: Model, sample: Sample, fixed: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where to begin where the laws that are begun with may be none of some rows; None where nothing need be said."""
    return _inside_support(model, sample, fixed) or _inside_domains(model, sample, fixed)


def _inside_domains(model: Model, sample: Sample, fixed: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where to begin where a predictor of the law without covariates leaves its domain in some rows: as an offset may.

    As far from all ends as can be, by a linear program. None where that law is in the domain, or no law is.
    """
    open_ = [term for name, term in model.linear.items() if name not in fixed and term.run_off is None]
    if not sample.in_memory or any(term.face is not None for term in open_):
        return None
    known = [term for term in open_ if not isinstance(sample.known.get(term.key), (SparseDesign, type(None)))]
    ends = {term.parameter: found for term in known if (found := _ends_of_domain(model, term, sample))}
    if not ends:
        return None
    from scipy import optimize

    first = model.start(Likelihood(model, sample).as_points)[:1]
    begin = dict(zip(model.param_names, first[0], strict=True)) if first else {}
    moved = False
    for name, own in ends.items() if begin else ():
        design, fixed_part = own[0].term.design(sample.known), own[0].term.fixed_part(sample.known)
        eta = design @ np.ravel(begin[name]) + fixed_part
        gaps = [end.side * (end.predictor - eta) for end in own]
        if min(float(np.min(gap)) for gap in gaps) > 0:
            continue
        program: Any = optimize.linprog  # whose stubs do not know arrays of open length
        rows = np.concatenate([np.column_stack([end.side * design, np.ones(len(design))]) for end in own])
        room = np.concatenate([end.side * (end.predictor - fixed_part) for end in own])
        widest = max(float(np.median(np.abs(gap))) for gap in gaps) or 1.0
        limits = [(None, None)] * design.shape[1] + [(0.0, widest)]
        solved = program(np.append(np.zeros(design.shape[1]), -1.0), A_ub=rows, b_ub=room, bounds=limits)
        if solved.status != 0 or not solved.x[-1] > 0:
            return None
        begin[name], moved = np.asarray(solved.x[:-1]), True
    return _as_start(model, begin, fixed) if moved else None


def _inside_support(model: Model, sample: Sample, fixed: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where to begin with a law whose support ends at a parameter: by all rows, for few may not know the outermost."""
    irregular = any(not p.regular for p in model.base.parameters)
    if model.base.lives_on is None or model.base.discrete or not (irregular and sample.in_memory):
        return None
    values = model.start(Likelihood(model, sample).as_points)[0]
    return _as_start(model, dict(zip(model.param_names, values, strict=True)), fixed)


def _as_start(model: Model, values: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters in the unit of the likelihood as a start of `maximise`."""
    roles = {p.name: p.role for p in model.base.parameters if p.name not in model.linear}
    return {
        name: model.own_unit.to_data(value, roles[name]) if name in roles else value
        for name, value in values.items()
        if name not in fixed
    }


def _ends_of(model: Model, term: Linear, sample: Sample) -> list[_End]:
    """Ends of the domain of a parameter at which its predictor is a number, and observations that it ends at."""
    return _ends_of_support(model, term, sample) + _ends_of_domain(model, term, sample)


def _ends_of_domain(model: Model, term: Linear, sample: Sample) -> list[_End]:
    """Ends of the domain of a parameter at which its predictor is a number."""
    p = model.base.parameters[model.base.param_names.index(term.parameter)]
    domain = p.domain
    if not isinstance(domain, Interval):
        return []
    found: list[_End] = []
    for end, inside in ((domain.lower, np.inf), (domain.upper, -np.inf)):
        with np.errstate(all="ignore"):
            reach = float(term.link.predictor(end)) if math.isfinite(end) else math.nan
            if not math.isfinite(reach):
                continue
            beside = float(np.nextafter(end, inside)) if end else float(np.copysign(_BESIDE_ZERO, inside))
            last = float(term.link.predictor(beside))
            back = term.link.inverse(np.asarray(last))[0]
            middle = float(term.link.predictor(0.5 * sum(p.typical)))
        if np.isfinite(last) and bool(domain.contains(back)):
            side, value = 1.0 if middle < reach else -1.0, float(model.own_unit.to_data(end, p.role))
            found.append(_End(term, side, np.full(sample.n_rows, last), f"{p.name} = {value:g}"))
    return found


def _ends_of_support(model: Model, term: Linear, sample: Sample) -> list[_End]:
    """The observations, where a parameter is an end of the support itself, and so must not be beyond any of them."""
    base, place = model.base, model.base.param_names.index(term.parameter)
    p, typical = base.parameters[place], [0.5 * sum(p.typical) for p in base.parameters]
    if base.lives_on is None or p.regular or base.discrete or not sample.is_plain:
        return []
    x = Likelihood(model, sample).sample.x
    for end, beyond in zip(base.lives_on(*typical), (-np.inf, np.inf), strict=True):
        if end != typical[place]:
            continue
        with np.errstate(all="ignore"):
            predictor = np.asarray(term.link.predictor(x), dtype=float)
            rises = bool(np.all(np.asarray(term.link.inverse(predictor)[1]) > 0))
            away = beyond if rises else -beyond
            # In any unit: an observation at an end must not be beyond it by rounding.
            predictor = predictor + np.sign(away) * _ULPS * np.spacing(1.0 + np.abs(predictor) + abs(term.offset_shift))
            parameter = np.asarray(term.link.inverse(predictor)[0])
            out = parameter > x if beyond < 0 else parameter < x
        if np.isfinite(predictor).all() and not out.any():
            return [_End(term, -np.sign(away), predictor, f"{p.name} is the observation", of_support=True)]
    return []


def _bends_up(model: Model, sample: Sample, end: _End, theta: Array) -> bool:
    """Whether the log-density of a row is not concave in the predictor that ends its support."""
    base, count = model.base, len(model.base.parameters)
    if base.score is None or base.hessian is None:
        return True
    at, rows = base.param_names.index(end.term.parameter), model.at_rows(model.unpack(theta))
    place = sum(count - j for j in range(at))  # of the second derivative in the upper triangle, row by row
    x = Likelihood(model, sample).sample.x
    with np.errstate(all="ignore"):
        bend = base.hessian(x, *rows.params)[place] * np.square(rows.slopes[at])
        pull = base.score(x, *rows.params)[at] * rows.bends[at]
    return not bool(np.all(bend + pull <= _LEVEL * (np.abs(bend) + np.abs(pull))))


def _foreseen(
    model: Model, sample: Sample, ends: Sequence[_End], theta: Array
) -> tuple[dict[int, list[int]], Array] | None:
    """Rows that are at ends of the support by a linear program, where the log-density is linear in the predictor."""
    from scipy import optimize

    if sum(end.of_support for end in ends) != 1 or model.base.score is None:
        return None
    k = next(k for k, end in enumerate(ends) if end.of_support)
    end = ends[k]
    design, eta = _predictor(end.term, theta, model, sample)
    rows = model.at_rows(model.unpack(theta))
    at = model.base.param_names.index(end.term.parameter)
    with np.errstate(all="ignore"):
        x = Likelihood(model, sample).sample.x
        slope = np.broadcast_to(model.base.score(x, *rows.params)[at] * rows.slopes[at], sample.n_rows)
    if not (np.isfinite(slope).all() and np.all(end.side * slope > 0)):
        return None  # the likelihood does not rise towards the end
    gain = design.T @ (slope if sample.weight is None else slope * sample.weight)
    program: Any = optimize.linprog  # whose stubs do not know arrays of open length
    room = end.side * (end.predictor - eta)
    solved = program(-gain, A_ub=end.side * design, b_ub=room, bounds=[(None, None)] * design.shape[1])
    if solved.status != 0:
        return None
    left = np.asarray(room - end.side * (design @ solved.x))
    touching = np.flatnonzero(left <= _TOUCHING * (float(np.ptp(eta)) or 1.0))
    near = theta.copy()
    near[model.places[model.param_names.index(end.term.parameter)]] += solved.x
    return {k: touching.tolist()}, near


def _predictor(term: Linear, theta: Array, model: Model, sample: Sample) -> tuple[Array, Array]:
    """The design of a parameter, and its predictor at coefficients of the whole model."""
    design = term.design(sample.known)
    place = model.places[model.param_names.index(term.parameter)]
    return design, design @ theta[place] + term.fixed_part(sample.known)


def _reached(
    ends: Sequence[_End], held: _Held | None, at: Maximum, near: Array, model: Model, sample: Sample
) -> tuple[dict[int, list[int]], Array]:
    """Rows by end at which a search stopped; else the first that its next step would lead beyond one, and where."""
    stopped: dict[int, list[int]] = {}
    known = (frozenset[int](),) * len(ends) if held is None else held.rows
    gaps: list[Array] = []
    for k, end in enumerate(ends):
        _, eta = _predictor(end.term, near, model, sample)
        gap = end.side * (end.predictor - eta)
        gaps.append(gap)
        touching = np.flatnonzero(gap <= _TOUCHING * (float(np.ptp(eta)) or 1.0))
        if new := [row for row in touching.tolist() if row not in known[k]]:
            stopped[k] = new
    if stopped:
        return stopped, near
    step = _next_step(at)
    if step is None:
        return {}, near
    after = _unheld(at, at.objective.coordinates.to_theta(at.coordinates + step), model)
    first: tuple[float, int, int] | None = None
    for k, end in enumerate(ends):
        _, eta = _predictor(end.term, after, model, sample)
        left, gap = end.side * (end.predictor - eta), gaps[k]
        for row in np.flatnonzero(left < 0).tolist():
            share = float(gap[row] / (gap[row] - left[row]))
            if row not in known[k] and (first is None or share < first[0]):
                first = share, k, row
    if first is None:
        return {}, near
    share, k, row = first
    return {k: _same_rows(ends[k], row, sample)}, near + share * (after - near)


def _same_rows(end: _End, row: int, sample: Sample) -> list[int]:
    """Rows whose predictor is that of a row, whatever the coefficients are."""
    raw, fixed = sample.known[end.term.key], np.broadcast_to(end.term.fixed_part(sample.known), sample.n_rows)
    alike = np.all(raw == raw[row], axis=1) & (fixed == fixed[row]) & (end.predictor == end.predictor[row])
    return np.flatnonzero(alike).tolist()


def _next_step(at: Maximum) -> Array | None:
    """Where Newton's method would go on, uphill also where the likelihood is not concave."""
    with np.errstate(all="ignore"):
        gradient, hessian = at.objective.gradient(at.coordinates), at.objective.hessian(at.coordinates)
    if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
        return None
    sizes, axes = np.linalg.eigh(hessian)
    sizes = np.maximum(np.abs(sizes), _LEVEL * np.max(np.abs(sizes)))
    return np.asarray(-axes @ ((axes.T @ gradient) / sizes))


def _unheld(at: Maximum, theta: Array, model: Model) -> Array:
    """Parameters of the whole model, from those of one with faces."""
    faces = {name: term.face for name, term in at.model.linear.items() if term.face is not None}
    return _whole(model, faces, at.family.unpack(theta))


def _whole(model: Model, faces: Mapping[str, Face], values: Sequence[Any]) -> Array:
    parts = []
    for p, value in zip(model.parameters, values, strict=True):
        face = faces.get(p.name)
        parts.append(np.ravel(value) if face is None else face.to_whole(np.ravel(value)))
    return np.concatenate(parts)


def _held_rows(term: Linear, ends: Sequence[_End], held: _Held, sample: Sample) -> tuple[Array, Array, Array]:
    """Rows of the design that are held, the predictors they have without coefficients, and their ends."""
    design, fixed = term.design(sample.known), np.broadcast_to(term.fixed_part(sample.known), sample.n_rows)
    rows = [(row, end) for end, own in zip(ends, held.rows, strict=True) if end.term is term for row in sorted(own)]
    places = [row for row, _ in rows]
    return design[places], np.asarray(fixed[places]), np.array([end.predictor[row] for row, end in rows])


def _face(term: Linear, ends: Sequence[_End], held: _Held, sample: Sample) -> Face | None:
    """What is left of a predictor where rows are held; None where none is."""
    matrix, fixed, wanted = _held_rows(term, ends, held, sample)
    if not len(matrix):
        return None
    _, sizes, axes = np.linalg.svd(matrix)
    rank = int(np.count_nonzero(sizes > _LEVEL * sizes[0])) if sizes[0] > 0 else 0
    point = np.linalg.lstsq(matrix, wanted - fixed, rcond=_LEVEL)[0]
    free = axes[rank:].T if rank < term.size else np.zeros((term.size, 1))
    return Face(term, np.asarray(point), free, tuple(np.unique(wanted).tolist()))


def _along(model: Model, sample: Sample, faces: Mapping[str, Face], near: Array, fixed: Mapping[str, Any]) -> Maximum:
    """The maximum along faces, by a search from a point near them."""
    terms, nothing, start, roles = [], {}, {}, {p.name: p.role for p in model.base.parameters}
    for p, value in zip(model.parameters, model.unpack(near), strict=True):
        name, face = p.name, faces.get(p.name)
        if p.name in model.linear:
            term = model.linear[p.name]
            if face is not None:
                size = face.axes.shape[1]
                term = replace(term, shift=np.zeros(size), frame=np.ones(size), constant=None, face=face)
                value = face.axes.T @ (np.ravel(value) - face.point)
                if not face.axes.any():
                    nothing[name] = np.zeros(1)
            terms.append(term)
        if name not in fixed and name not in nothing:
            start[name] = value if name in model.linear else model.own_unit.to_data(value, roles[name])
    smaller = type(model)(model.base, terms, model.rows, model.own_unit)
    known = {**fixed, **nothing}
    return maximise(smaller, sample, fixed=known or None, start=start or None)


def _inside(
    model: Model,
    sample: Sample,
    ends: Sequence[_End],
    held: _Held,
    faces: Mapping[str, Face],
    near: Array,
) -> Array | None:
    """A point a little inside all ends at which rows are held; None where there is none."""
    theta = near.copy()
    for name in faces:
        term, place = model.linear[name], model.places[model.param_names.index(name)]
        way = _way_in(_pushes(term, ends, held, sample))
        if way is None:
            return None
        _, eta = _predictor(term, near, model, sample)
        theta[place] += _INWARD * (float(np.ptp(eta)) or 1.0) * way
    return theta


def _between(
    model: Model, sample: Sample, ends: Sequence[_End], held: _Held, released: Mapping[int, Sequence[int]], near: Array
) -> Array | None:
    """A point a little inside the ends of rows that are let go, at those of rows that are held; None where none is."""
    theta = near.copy()
    for name in {ends[k].term.parameter for k in released}:
        term, place = model.linear[name], model.places[model.param_names.index(name)]
        free = _Held(tuple(frozenset(released.get(k, ())) for k in range(len(ends))))
        kept, _, _ = _held_rows(term, ends, held, sample)
        way = _way_in(_pushes(term, ends, free, sample), kept)
        if way is None:
            return None
        design, eta = _predictor(term, near, model, sample)
        step, along = _INWARD * (float(np.ptp(eta)) or 1.0), design @ way
        still = held.with_rows(released)
        for k, end in enumerate(ends):
            nearer = end.side * along
            for row in np.flatnonzero(nearer > 0).tolist() if end.term is term else ():
                if row not in still.rows[k]:
                    step = min(step, 0.5 * float(end.side * (end.predictor[row] - eta[row]) / nearer[row]))
        theta[place] += step * way
    return theta


def _pushes(term: Linear, ends: Sequence[_End], held: _Held, sample: Sample) -> Array:
    """Rows of the design that are held, each with the sign of its end."""
    matrix, _, _ = _held_rows(term, ends, held, sample)
    sides = [end.side for end, rows in zip(ends, held.rows, strict=True) if end.term is term for _ in rows]
    return np.asarray(np.array(sides)[:, None] * matrix)


def _to_release(
    model: Model, sample: Sample, ends: Sequence[_End], held: _Held, faces: Mapping[str, Face], inside: Array
) -> dict[int, list[int]]:
    """Rows whose ends do not hold the likelihood back, by end; seen at a point a little inside."""
    point = maximum_at(model, Likelihood(model, sample), inside, (True,) * len(model.parameters), "newton")
    u = point.coordinates
    slopes = np.linalg.lstsq(point.objective.coordinates.jacobian(u).T, -point.objective.gradient(u), rcond=None)[0]
    released: dict[int, list[int]] = {}
    for name, face in faces.items():
        term, place = model.linear[name], model.places[model.param_names.index(name)]
        pushes, own = _pushes(term, ends, held, sample), slopes[place] - face.axes @ (face.axes.T @ slopes[place])
        uphill = _uphill(pushes, own)
        if uphill is None:
            continue
        inward = -(pushes @ uphill) / np.linalg.norm(pushes, axis=1)
        leaves = inward > _LEAVING * float(np.max(inward))
        rows = [(k, row) for k, end in enumerate(ends) if end.term is term for row in sorted(held.rows[k])]
        for (k, row), goes in zip(rows, leaves.tolist(), strict=True):
            if goes:
                released.setdefault(k, []).append(row)
    return released


def _way_in(signed: Array, kept: Array | None = None) -> Array | None:
    """A direction of coefficients along which rows leave their ends for the inside, and others do not move."""
    from scipy import optimize

    size = signed.shape[1]
    program: Any = optimize.linprog  # whose stubs do not know arrays of open length
    rows = np.concatenate([signed, np.ones((len(signed), 1))], axis=1)
    limits = [(-1.0, 1.0)] * size + [(0.0, 1.0)]
    still: dict[str, Any] = {}
    if kept is not None and len(kept):
        still = {"A_eq": np.concatenate([kept, np.zeros((len(kept), 1))], axis=1), "b_eq": np.zeros(len(kept))}
    goal = np.append(np.zeros(size), -1.0)
    solved = program(goal, A_ub=rows, b_ub=np.zeros(len(signed)), bounds=limits, **still)
    if solved.status != 0 or not solved.x[-1] > _LEVEL:
        return None
    return np.asarray(solved.x[:-1] / solved.x[-1])


def _uphill(signed: Array, slopes: Array) -> Array | None:
    """The steepest way uphill that leads beyond no end; None where slopes are a sum of pushes against the ends.

    What the nearest such sum leaves of the slopes leads beyond no end, and along those that push (Farkas' lemma; of
    more ends than dimensions several are left at once).
    """
    from scipy import optimize

    sizes, left = optimize.nnls(signed.T, slopes)
    if left <= _PUSHED * max(float(np.linalg.norm(slopes)), _PUSHED):
        return None
    return np.asarray(slopes - signed.T @ sizes)


_LEAVING = 1e-6
"""Share of the fastest way in with which a row leaves its end, and not by rounding."""

_PUSHED = 1e-4
"""Share of slopes that the step into the polytope may change."""


def _as_limit(
    model: Model,
    sample: Sample,
    ends: Sequence[_End],
    held: _Held,
    faces: Mapping[str, Face],
    at: Maximum,
    fixed: Mapping[str, Any],
) -> Maximum:
    """The maximum along faces as that of the model."""

    def embed(*coefficients: Any) -> tuple[Any, ...]:
        return tuple(
            value if p.name not in faces else faces[p.name].to_whole(np.ravel(value))
            for p, value in zip(model.parameters, coefficients, strict=True)
        )

    inside, step, law = at, embed, at.family
    if at.limit is not None:
        inner = next(item.embed for item in law.limits if item.family.name == at.limit.family.name)
        inside = at.limit

        def step(*coefficients: Any) -> tuple[Any, ...]:
            return embed(*inner(*coefficients))

    family = type(model)(
        model.base, list(model.linear.values()), model.rows, model.own_unit, (Limit(inside.family, step),)
    )
    theta = np.concatenate([np.ravel(value) for value in embed(*law.unpack(at.theta))])
    said = [
        f"{end.said} in {_in_words(sorted(rows), sample)}" for end, rows in zip(ends, held.rows, strict=True) if rows
    ]
    return Maximum(
        family=family,
        likelihood=Likelihood(family, sample),
        theta_in_unit=theta,
        theta=theta,
        free=tuple(p.name not in fixed for p in model.parameters),
        method=at.method,
        fixed=tuple(fixed),
        boundary=(*faces, *(name for name in at.boundary if name not in faces)),
        limit=inside,
        embed=step,
        n_starts=at.n_starts,
        n_agreeing=at.n_agreeing,
        where=f"the boundary {' and '.join(said)}; standard errors are those of the coefficients that this leaves free",
    )


def _in_words(rows: Sequence[int], sample: Sample) -> str:
    """Rows by their numbers among those that were given."""
    numbers = numbers_of(rows, sample.rows_given)
    more = len(numbers) - _LISTED
    listed = ", ".join(str(number) for number in numbers[:_LISTED]) + (f" and {more} more" if more > 0 else "")
    return f"row {listed}" if len(numbers) == 1 else f"rows {listed}"
