"""Maxima of regressions whose coefficients run to infinity, and columns that others make up.

Where covariates tell outcomes apart, the likelihood rises for ever along a direction of coefficients. Linear programs
find it, over what each row allows, and one pass proves it: no row's likelihood falls along it to its end. What is left
is a regression without predictors that run off; it has the supremum, and all coefficients that are determined.

Sources: Albert & Anderson (1984), Biometrika 71, 1-10; Santner & Duffy (1986), Biometrika 73, 755-758; Konis (2007),
Linear programming algorithms for detecting separated data, thesis, Oxford, ch. 4 (the program); Geyer (2009),
Electronic Journal of Statistics 3, 259-289 (directions of recession and the limiting model).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.framed import FramedSample
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.errors import DataError, NoMaximumError, UnboundedLikelihoodError
from mle_toolkit.estimation.above_null import beside_spikes, maximise_above_null
from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE, Certificate, Verdict
from mle_toolkit.estimation.faces import at_faces, start_inside
from mle_toolkit.estimation.lines import highest_line
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.recession import SUPREMUM
from mle_toolkit.estimation.room import supremum_in_room
from mle_toolkit.estimation.runs import (
    Proof,
    Proving,
    Separation,
    farthest,
    idle_rows,
    idle_runs,
    joined_rows,
    moving,
    runs_of,
    somewhere,
)
from mle_toolkit.estimation.separated_levels import levels_at_end, of_several
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.families.relations import Limit
from mle_toolkit.likelihood.designs import least_squares, relations, written_sum
from mle_toolkit.likelihood.linear import Ended, Linear, RunOff
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

Mask = NDArray[np.bool_]

_LEVEL = 1e-6
"""Smallest eigenvalue of the scaled information that leaves no doubt: along a direction in which coefficients run to
infinity it falls as fast as what is left to gain, which a search stops at."""

_TIGHT = 1e-6
"""Error of a coefficient, by one row and in natural changes, below which that is how far rounding lets a law narrow."""


def maximise_model(model: Model, sample: Sample, columns: Mapping[str, Sequence[str]], **options: Any) -> Maximum:
    """Maximise the likelihood of a regression; where coefficients run to infinity, find the limit.

    Parameters
    ----------
    model : Model
    sample : Sample
    columns : mapping of str to sequence of str
        Names of the columns of the design of each parameter.
    **options
        As for `maximise`.

    Raises
    ------
    NoMaximumError
        Where covariates separate all outcomes, or columns of a design make up another.
    """
    options["start"] = options.get("start") or start_inside(model, sample, options.get("fixed") or {})
    try:
        found = maximise_above_null(model, sample, options)
    except DataError:
        raise
    except NoMaximumError:
        settled = highest_line(model, sample, None, options) or _settled(model, sample, columns, None, options)
        if settled is None:
            raise
        return settled
    if line := highest_line(model, sample, found, options):
        return line
    at = found.limit or found
    if not _is_clear(at):
        if (special := _special_case(model, sample, columns, found, options)) is not None:
            return special
        settled = _settled(model, sample, columns, found, options) or at_faces(model, sample, found, options)
        return settled or beside_spikes(model, sample, found, options)
    if min(at.measured().errors, default=math.inf) * math.sqrt(at.likelihood.nobs) < _TIGHT and sample.in_memory:
        _check_perfect(model, sample)
    return found


def _special_case(
    model: Model, sample: Sample, columns: Mapping[str, Sequence[str]], found: Maximum, options: Mapping[str, Any]
) -> Maximum | None:
    """The limit of a law that this one contains, where it is as high as a search came; None where there is none.

    As the Poisson law, by whose side generalized Poisson laws of too little variance cannot follow: their lam must be
    above -theta, and theta goes to 0 in rows without any count.
    """
    given = {*(options.get("fixed") or {}), *(options.get("bounds") or {})}
    for case in model.base.special_cases:
        if not case.family.all_scalar or given or not set(case.at).isdisjoint(model.linear):
            continue
        ends = case.embed(*(0.5 * sum(p.typical) for p in case.family.parameters))
        values = {name: end for name, end in zip(model.base.param_names, ends, strict=True) if name in case.at}
        try:
            inside = maximise_model(model, sample, columns, fixed=values)
        except NoMaximumError:
            continue
        low = found.loglik - SUPREMUM * max(1.0, abs(found.loglik))
        if inside.limit is None or inside.where is None or inside.loglik < low or not inside.certify().ok:
            continue
        said = " and ".join(f"{name} = {value:g}" for name, value in values.items())
        return replace(
            inside,
            fixed=(),
            free=(True,) * len(model.parameters),
            boundary=(*inside.boundary, *case.at),
            where=f"{inside.where}, at {said}, where it is {case.family.name}",
        )
    return None


def _is_clear(found: Maximum) -> bool:
    """Whether a maximum is determined, and was reached."""
    seen = found.measured()
    flat = len(seen.eigenvalues) > 0 and not seen.eigenvalues[0] > _LEVEL
    settled = not found.boundary and not flat and seen.decrement <= DECREMENT_TOLERANCE
    return settled and found.certify().verdict is not Verdict.NOT_IDENTIFIED


def _settled(
    model: Model,
    sample: Sample,
    columns: Mapping[str, Sequence[str]],
    found: Maximum | None,
    options: Mapping[str, Any],
) -> Maximum | None:
    """The limit at which the likelihood has its supremum; None where no direction is found."""
    known = options.get("fixed") or {}
    linear = [term for name, term in model.linear.items() if name not in known]
    if not sample.in_memory:
        return _settled_of_batches(model, sample, columns, found, options, linear)
    _check_perfect(model, sample)
    for term in linear:
        check_columns(model.name, term.parameter, sample.known[term.key], columns[term.parameter], term.constant)
        _check_idle(model, sample, term, columns[term.parameter])
    levels = of_several(model)
    if levels is not None:
        return levels_at_end(levels, model, sample, columns, found, options)
    runs = runs_of(model, sample, found, linear)
    main = model.base.main_parameter
    for run in runs:
        if run.term.parameter == main and np.all(run.side != 0):
            raise _separated(model, sample, run, columns[main])
    limit = _at_end(model, sample, sample, runs, columns, found, options) if runs else None
    if limit is None and found is not None:
        limit = _in_room_somewhere(model, sample, columns, found, options)
    why = None if (limit is not None and not limit.run_off) or model.unbounded is None else model.alone(sample, known)
    if why is not None:
        message = f"{model.name}: the likelihood is unbounded: {why}. Leave that group out, or let it share a spread."
        raise UnboundedLikelihoodError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method="none"))
    return limit


def _settled_of_batches(
    model: Model,
    sample: Sample,
    columns: Mapping[str, Sequence[str]],
    found: Maximum | None,
    options: Mapping[str, Any],
    linear: Sequence[Linear],
) -> Maximum | None:
    """The same of rows that are not held: what a subsample suspects, one pass over all rows proves."""
    if not isinstance(sample, FramedSample):
        return None
    few = sample.sketch()
    runs: list[Separation] = []
    for _ in range(_ROUNDS):
        near = model.given(few.known)
        theta = somewhere(near, few, found)
        suspected = runs_of(near, few, found, linear)
        proofs = []
        for run in suspected:
            ends = [few.x[run.side == side] for side in (-1.0, 1.0)]
            seen = tuple((float(x.min()), float(x.max())) if len(x) else (np.inf, -np.inf) for x in ends)
            proofs.append(Proving(model, run.term, run.directions, theta, seen))
        told: list[Proof] = sample.sums(proofs) if proofs else []
        against = [row for proof in told for row in proof.against]
        runs = [
            replace(run, counts=(int(proof.counts[0]), int(proof.counts[1])), observed=not proof.counts[2])
            for run, proof in zip(suspected, told, strict=True)
            if not proof.against
        ]
        if not against:
            break
        few = joined_rows(few, against)
    main = model.base.main_parameter
    for run in runs:
        if run.term.parameter == main and sum(run.counts or ()) == sample.n_rows:
            raise _separated(model, few, run, columns[main])
    return _at_end(model, sample, few, runs, columns, found, options) if runs else None


_ROUNDS = 12
"""Times that rows which speak against a direction are added to those by which it is found."""


def check_columns(law: str, parameter: str, design: Array, names: Sequence[str], constant: int | None) -> None:
    """Refuse a design some of whose columns are sums of others.

    Raises
    ------
    NoMaximumError
        With the relations written out.
    """
    seen = relations(design, constant)
    if not seen.dropped:
        return
    said = "; ".join(seen.written(names, constant))
    which = ", ".join(names[k] for k in seen.dropped)
    message = (
        f"{law}: the columns of {parameter} are collinear: {said}; so the data do not determine their coefficients. "
        f"Leave out {which}, or what makes it up."
    )
    certificate = Certificate(verdict=Verdict.NOT_IDENTIFIED, message=message, method="none")
    raise NoMaximumError(message, certificate)


def _check_idle(model: Model, sample: Sample, term: Linear, names: Sequence[str]) -> None:
    """Refuse coefficients that matter only in rows whose likelihood is the same wherever the predictor is.

    Raises
    ------
    NoMaximumError
    """
    idle = idle_rows(model, sample, term)
    if not idle.any():
        return
    name, count = term.parameter, int(np.count_nonzero(idle))
    seen = None if idle.all() else relations(sample.known[term.key][~idle], term.constant)
    if seen is not None and not seen.dropped:
        return
    if seen is None:
        message = (
            f"{model.name}: in all {count} rows the likelihood is the same whatever {name} is, so the data say nothing "
            f"of {name}. Choose a law without it, or observe other outcomes."
        )
    else:
        lost = [f"{name}[{names[k]}]" for k in seen.dropped]
        message = (
            f"{model.name}: in {count} of {len(idle)} rows the likelihood is the same whatever {name} is, and in the "
            f"others {'; '.join(seen.written(names, term.constant))}; so the data do not determine "
            f"{', '.join(lost[:_NAMED])}. Leave that out, or fix it: "
            f"fixed={{{', '.join(f'{one!r}: 0' for one in lost[:_NAMED])}}}."
        )
    raise NoMaximumError(message, Certificate(verdict=Verdict.NOT_IDENTIFIED, message=message, method="none"))


def _check_perfect(model: Model, sample: Sample) -> None:
    """Refuse covariates that fit every observation exactly, on which a density grows without bound.

    Raises
    ------
    UnboundedLikelihoodError
    """
    term = model.linear.get(model.base.main_parameter)
    if term is None or model.base.discrete or not sample.is_plain:
        return
    unit = model.own_unit
    observed = (sample.x - unit.centre) / unit.scale
    with np.errstate(all="ignore"):
        wanted = term.link.predictor(observed) - term.fixed_part(sample.known)
    if not np.all(np.isfinite(wanted)):
        return
    left = wanted - least_squares(term.columns(sample.known), wanted)
    spread = float(np.max(np.abs(wanted - np.mean(wanted))))
    if spread > 0 and float(np.max(np.abs(left))) <= _PERFECT * max(spread, float(np.max(np.abs(wanted)))):
        message = (
            f"{model.name}: the covariates fit all {sample.n_rows} observations exactly, so the likelihood is "
            f"unbounded as the law concentrates on them. Is the response among the covariates, or are there as many "
            f"coefficients as observations?"
        )
        raise UnboundedLikelihoodError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method="none"))


_PERFECT = 1e-10
"""Share of the predictors that is the rounding of a perfect fit."""


# --- the limit --------------------------------------------------------------------------------------------------------


class _Left(NamedTuple):
    """What is left of the predictor of a parameter where some rows have run off."""

    term: Linear  # of the limit
    whole: Linear  # of the model, in coordinates in which infinite coefficients keep to themselves
    kept: Array
    lost: Array  # coefficients, per column: 0 where determined, ±inf, or NaN where neither
    nothing: bool


def _left(run: Separation, far: tuple[float, float], sample: Sample) -> _Left:
    term, known = run.term, sample.known
    raw = known[term.key]
    runs = run.side != 0
    rest = raw[~runs]
    constant = term.constant
    shown = relations(rest, constant) if len(rest) else None
    kept = np.array(shown.kept if shown is not None else (), dtype=int)
    size = raw.shape[1]
    open_ = np.zeros(size, dtype=bool)
    if shown is None:
        open_[:] = True
    else:
        open_[list(shown.dropped)] = True
        open_[kept[np.any(shown.weights != 0, axis=1)]] = True
    lost = np.zeros(size)
    for direction in reversed(run.directions):
        lost = np.where(direction != 0, np.copysign(np.inf, direction), lost)
    lost = np.where(open_ & (lost == 0), np.nan, lost)
    nothing = len(kept) == 0
    whole_weight = sample.weight
    weight = None if whole_weight is None else whole_weight[~runs]
    if nothing:
        shift, frame, place = np.zeros(1), np.ones(1), None
    else:
        place = None if constant is None or constant not in kept else int(np.flatnonzero(kept == constant)[0])
        mine = rest[:, kept]
        once = np.ones(len(rest)) if weight is None else weight
        shift = np.zeros(len(kept)) if place is None else once @ mine / np.sum(once)
        if place is not None:
            shift[place] = 0.0
        squares = mine.squares(once, shift) if isinstance(mine, SparseDesign) else once @ np.square(mine - shift)
        spread = np.sqrt(squares / np.sum(once))
        frame = 1 / np.where(spread > 0, spread, 1.0)
    ended = Ended(run.directions, tuple(kept.tolist()), *far)
    limit = replace(term, shift=shift, frame=frame, constant=place, ended=ended)
    own = term.frame if term.frame.ndim == 1 else np.ones(size)
    whole = replace(term, shift=np.where(lost == 0, term.shift, 0.0), frame=own)
    return _Left(limit, whole, kept, lost, nothing)


def _at_end(
    model: Model,
    sample: Sample,
    few: Sample,
    runs: Sequence[Separation],
    columns: Mapping[str, Sequence[str]],
    found: Maximum | None,
    options: Mapping[str, Any],
) -> Maximum | None:
    """The maximum of the limiting model, where it is the supremum; ``few`` rows are held, of which the runs are."""
    left = {
        run.term.parameter: _left(run, (farthest(model, run.term, -1.0), farthest(model, run.term, 1.0)), few)
        for run in runs
    }
    terms = [left[name].term if name in left else term for name, term in model.linear.items()]
    limit_model = type(model)(model.base, terms, model.rows, model.own_unit)
    fixed = dict(options.get("fixed") or {}) | {name: [0.0] for name, part in left.items() if part.nothing}
    others = [term for name, term in model.linear.items() if name not in left and name not in fixed]
    if sample.in_memory and others:
        near = dict(zip(model.param_names, model.unpack(somewhere(model, sample, found)), strict=True))
        more = idle_runs(limit_model, sample, near, others)
        if more:
            return _at_end(model, sample, few, [*runs, *more], columns, found, options)
    named = tuple(
        f"{name}[{columns[name][k]}]" for name, part in left.items() for k in np.flatnonzero(part.lost != 0).tolist()
    )
    in_room = None if found is None else _in_room(limit_model, sample, runs, left, named, found, fixed)
    if in_room is not None:
        return in_room
    limit: Maximum | None = None
    try:
        limit = maximise(limit_model, sample, fixed=fixed or None, bounds=options.get("bounds"))
        if not limit.certify().ok:
            limit = at_faces(limit_model, sample, limit, {**options, "fixed": fixed}) or limit
    except NoMaximumError:
        if found is None:
            raise
    if limit is None or not limit.certify().ok:
        # The rows that run off may leave the others no more than the room that a search has found.
        return None if found is None or found.certify().ok else replace(found, run_off=named)
    if found is not None and limit.loglik < found.loglik - SUPREMUM * max(1.0, abs(found.loglik)):
        return None

    def embed(*coefficients: Any) -> tuple[Any, ...]:
        own: list[Any] = []
        for p, value in zip(model.parameters, coefficients, strict=True):
            part = left.get(p.name)
            if part is None:
                own.append(value)
            else:
                raw = np.where(part.lost == 0, _raw(part, value), part.lost)
                own.append(part.whole.to_unit(raw))
        return tuple(own)

    law, inside = limit.family, limit
    step = embed
    if limit.limit is not None:
        # A limit of the limit, as a Poisson law where negative binomial ones have run off.
        inner = next(item.embed for item in law.limits if item.family.name == limit.limit.family.name)
        inside = limit.limit

        def step(*coefficients: Any) -> tuple[Any, ...]:
            return embed(*inner(*coefficients))

    at = dict(zip(law.param_names, law.unpack(limit.theta), strict=True))
    whole = []
    for name, term in model.linear.items():
        part = left.get(name)
        if part is None:
            whole.append(term)
            continue
        run = next(r for r in runs if r.term.parameter == name)
        whole.append(replace(part.whole, run_off=RunOff(run.directions, _raw(part, at[name]))))
    family = type(model)(model.base, whole, model.rows, model.own_unit, (Limit(inside.family, step),))
    theta = np.concatenate([np.ravel(value) for value in embed(*law.unpack(limit.theta))])
    levels = _levels(model)
    said = "; ".join(_in_words(run, left[run.term.parameter], few, columns[run.term.parameter], levels) for run in runs)
    return Maximum(
        family=family,
        likelihood=Likelihood(family, sample),
        theta_in_unit=theta,
        theta=theta,
        free=tuple(p.name not in (options.get("fixed") or {}) for p in model.parameters),
        method=limit.method,
        fixed=tuple(options.get("fixed") or ()),
        boundary=named + tuple(name for name in limit.boundary if name not in left),
        limit=inside,
        embed=step,
        n_starts=limit.n_starts,
        n_agreeing=limit.n_agreeing,
        where=f"the boundary {said}; the other coefficients, their standard errors and the log-likelihood are those of "
        f"this limit",
    )


def _in_room(
    limit: Model,
    sample: Sample,
    runs: Sequence[Separation],
    left: Mapping[str, _Left],
    named: tuple[str, ...],
    found: Maximum,
    fixed: Mapping[str, Any],
) -> Maximum | None:
    """What was found, with the supremum, where rows that run off leave the others no more than some room.

    Its end is only approached. None where that holds nothing, or is lower than what was found.
    """
    if not sample.in_memory:
        return None
    gone = np.any([run.side != 0 for run in runs], axis=0)
    highest = supremum_in_room(limit, sample, gone, left, found, fixed)
    if highest is None or not highest.held or not highest.loglik > found.loglik:
        return None
    theta = found.theta_in_unit.copy()
    theta[found.family.places[found.family.param_names.index(limit.base.main_parameter)]] = highest.coefficients
    bound = highest.loglik
    return replace(found, theta_in_unit=theta, theta=theta, value=None, searched=None, run_off=named, bound=bound)


def _in_room_somewhere(
    model: Model, sample: Sample, columns: Mapping[str, Sequence[str]], found: Maximum, options: Mapping[str, Any]
) -> Maximum | None:
    """The same where a search ended so far from that room that the likelihood of some rows in it falls there."""
    known, open_ = options.get("fixed") or {}, np.isinf(sample.lower) | np.isinf(sample.upper)
    if not open_.any() or open_.all() or options.get("bounds"):
        return None
    for name, term in model.linear.items():
        for sign in (1.0, -1.0) if name not in known and name != model.base.main_parameter else ():
            run = moving(term, sample, open_ & (sign > 0), open_ & (sign < 0))
            if run is None:
                continue
            part = _left(run, (farthest(model, term, -1.0), farthest(model, term, 1.0)), sample)
            terms = [part.term if other is term else other for other in model.linear.values()]
            limit = type(model)(model.base, terms, model.rows, model.own_unit)
            fixed = dict(known) | ({name: [0.0]} if part.nothing else {})
            named = tuple(f"{name}[{columns[name][k]}]" for k in np.flatnonzero(part.lost != 0).tolist())
            there = _in_room(limit, sample, [run], {name: part}, named, found, fixed)
            if there is not None:
                return there
    return None


def _raw(part: _Left, value: Any) -> Array:
    """Coefficients of the whole raw design that give the predictors of the rows that stay."""
    raw = np.zeros(part.whole.size)
    if not part.nothing:
        raw[part.kept] = part.term.to_data(np.asarray(value))
    return raw


def _in_words(run: Separation, part: _Left, sample: Sample, names: Sequence[str], levels: Sequence[Any]) -> str:
    """Which coefficients run off, and in which rows."""
    name = run.term.parameter
    named = [
        f"{name}[{names[k]}] -> {'∞' if end > 0 else '-∞' if end < 0 else 'anywhere'}"
        for k, end in enumerate(part.lost.tolist())
        if end != 0
    ]
    more = len(named) - _NAMED
    ends = ", ".join(named[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    said = [
        f"in {_rows(run.count(sign))} whose predictor {way}{_observed(sample, run, sign, levels)}"
        for sign, way in ((-1.0, "falls"), (1.0, "rises"))
        if run.count(sign)
    ]
    return f"{ends}: {' and '.join(said)}"


_NAMED = 10
"""Coefficients that a message names at most."""


def _levels(model: Model) -> Sequence[Any]:
    """Names of the levels of the response; none where it is a number."""
    return model.base.levels if isinstance(model.base, (Choice, Ordered)) else ()


def _rows(count: int) -> str:
    return "the one row" if count == 1 else f"all {count} rows"


def _observed(sample: Sample, run: Separation, sign: float, levels: Sequence[Any]) -> str:
    """What was observed in the rows that go to one end, in words; levels by their names; "" where it is not known."""
    rows = run.side == sign
    if not run.observed or not rows.any():
        return ""
    low, high = sample.lower[rows], sample.upper[rows]
    if np.array_equal(low, high):
        first, last = float(low.min()), float(low.max())
        if levels:
            return f" the observation is {' or '.join(str(levels[int(k)]) for k in np.unique(low))}"
        return (
            f" the observation is {first:g}" if first == last else f" observations lie between {first:g} and {last:g}"
        )
    if np.all(high == np.inf):
        return " observations are right-censored"
    if np.all(low == -np.inf):
        return " observations are left-censored"
    return " observations are intervals"


def _separated(model: Model, sample: Sample, run: Separation, names: Sequence[str]) -> UnboundedLikelihoodError:
    """The error for covariates that separate all outcomes."""
    direction, constant, levels = run.directions[0], run.term.constant, _levels(model)
    moving = [k for k in np.flatnonzero(direction).tolist() if k != constant]
    both = run.count(1.0) > 0 and run.count(-1.0) > 0
    if len(run.directions) == 1 and len(moving) == 1 and constant is not None and both:
        k = moving[0]
        above = 1.0 if direction[k] > 0 else -1.0
        if run.counts is None:
            column = sample.known[run.term.key][:, k]
            cut = 0.5 * (float(column[run.side == above].min()) + float(column[run.side == -above].max()))
        else:
            cut = -float(direction[constant] / direction[k])
        how = (
            f"{names[k]} separates y: in all {run.count(above)} rows with {names[k]} > {cut:.6g}"
            f"{_observed(sample, run, above, levels)}, in all {run.count(-above)} others"
            f"{_observed(sample, run, -above, levels)}"
        )
        remedy = f"Remove {names[k]}"
    elif constant is not None and 0 in (run.count(1.0), run.count(-1.0)):
        sign = 1.0 if run.count(1.0) else -1.0
        how = (
            f"in {_rows(run.count(sign))}{_observed(sample, run, sign, levels)}, so that the predictor of "
            f"{run.term.parameter} {'rises' if sign > 0 else 'falls'} without end by the intercept alone, and there is "
            f"nothing for covariates to explain"
        )
        remedy = "Observe another outcome"
    else:
        sums = ", then ".join(written_sum(one, names, constant) for one in run.directions)
        parts = [
            f"in all {run.count(sign)} rows where it is {where}{_observed(sample, run, sign, levels)}"
            for sign, where in ((1.0, "positive"), (-1.0, "negative"))
            if run.count(sign)
        ]
        how = f"the covariates separate y: of {sums}, {', '.join(parts)}"
        remedy = f"Remove one of {', '.join(names[k] for k in moving)}" if moving else "Observe another outcome"
    message = (
        f"{model.name}: {how}. The likelihood rises for ever as the coefficients grow in that direction, so there "
        f"is no maximum. {remedy}, or penalise."
    )
    return UnboundedLikelihoodError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method="none"))
