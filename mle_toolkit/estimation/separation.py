"""Maxima of regressions whose coefficients run to infinity, and columns that others make up.

Where covariates tell outcomes apart, the likelihood rises for ever along a direction of coefficients. The direction is
found by linear programs over what each row allows, and proved by one pass: no row's likelihood falls along it to its
end. What is left is a regression without the rows' predictors that run off; it has the supremum of the likelihood, and
the maximum and standard errors of all coefficients that are determined.

Sources: Albert & Anderson (1984), Biometrika 71, 1-10; Santner & Duffy (1986), Biometrika 73, 755-758; Konis (2007),
Linear programming algorithms for detecting separated data, thesis, Oxford, ch. 4 (the program); Geyer (2009),
Electronic Journal of Statistics 3, 259-289 (directions of recession and the limiting model).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, NoMaximumError, UnboundedLikelihoodError
from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE, Certificate, Verdict
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.recession import SUPREMUM, cleaned, recession
from mle_toolkit.estimation.separated_levels import levels_at_end, takes_several
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.families.relations import Limit
from mle_toolkit.likelihood.designs import relations, written_sum
from mle_toolkit.likelihood.model import Ended, Linear, Model, RunOff, sides
from mle_toolkit.likelihood.sums import Likelihood

Mask = NDArray[np.bool_]

_FALLS = 1e-9
"""Nats by which the likelihood of a row may differ where it does not fall: rounding."""

_LEVEL = 1e-6
"""Smallest eigenvalue of the scaled information that leaves no doubt: along a direction in which coefficients run to
infinity it falls as fast as what is left to gain, which a search stops at."""

_LADDER = 2.0 ** (np.arange(320, 0, -1) / 8)
"""Predictors, from the farthest, that are tried for the end of a parameter's domain."""

_RANGE = 1e130
"""Of parameters, and one over it: their squares, of which second derivatives are made, are doubles too."""


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
    try:
        found = maximise(model, sample, **options)
    except DataError:
        raise
    except NoMaximumError:
        settled = _settled(model, sample, columns, None, options)
        if settled is None:
            raise
        return settled
    if found.limit is None and sample.in_memory and not _is_clear(found):
        return _settled(model, sample, columns, found, options) or found
    return found


def _is_clear(found: Maximum) -> bool:
    """Whether a maximum is determined, and was reached."""
    seen = found._measured()
    flat = len(seen.eigenvalues) > 0 and not seen.eigenvalues[0] > _LEVEL
    return not found.boundary and not flat and seen.decrement <= DECREMENT_TOLERANCE


def _settled(
    model: Model,
    sample: Sample,
    columns: Mapping[str, Sequence[str]],
    found: Maximum | None,
    options: Mapping[str, Any],
) -> Maximum | None:
    """The limit at which the likelihood has its supremum; None where no direction is found."""
    if not sample.in_memory:
        return None
    _check_perfect(model, sample)
    known = options.get("fixed") or {}
    linear = [term for name, term in model.linear.items() if name not in known]
    for term in linear:
        check_columns(model.name, term.parameter, sample.known[term.key], columns[term.parameter], term.constant)
    if takes_several(model):
        return levels_at_end(model, sample, columns, found, options)
    likelihood = Likelihood(model, sample)
    theta = None if found is None else found.theta_in_unit
    if theta is None or not np.all(np.isfinite(theta)):
        theta = np.concatenate([np.ravel(value) for value in model.start(likelihood.stand_ins)[0]])
    runs = [run for term in linear if (run := _run(model, likelihood, theta, term)) is not None]
    main = model.base.main_parameter
    for run in runs:
        if run.term.parameter == main and np.all(run.side != 0):
            raise _separated(model, sample, run, columns[main])
    if not runs:
        why = None if model.unbounded is None else model.alone(sample, known)
        if why is not None:
            message = (
                f"{model.name}: the likelihood is unbounded: {why}. Leave that group out, or let it share a spread."
            )
            raise UnboundedLikelihoodError(
                message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method="none")
            )
        return None
    return _at_end(model, sample, runs, columns, found, options)


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
    design = term.design(sample.known)
    left = wanted - design @ np.linalg.lstsq(design, wanted, rcond=None)[0]
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


@dataclass(frozen=True)
class _Run:
    """Directions in which the predictor of a parameter runs off.

    Attributes
    ----------
    term : Linear
    directions : tuple of ndarray of shape (k,)
        In coefficients of the raw design, in the order in which they count.
    side : ndarray of shape (n,)
        To which end the predictor of each row goes; 0 where it stays.
    """

    term: Linear
    directions: tuple[Array, ...]
    side: Array


def _run(model: Model, likelihood: Likelihood, theta: Array, term: Linear) -> _Run | None:
    """In which directions no row's likelihood falls, and some predictors move."""
    up, down = (_allowed(model, likelihood, theta, term, sign) for sign in (1.0, -1.0))
    raw = likelihood.sample.known[term.key]
    design = term.design(likelihood.sample.known)
    side = np.zeros(len(raw))
    directions: list[Array] = []
    for inner in recession(design, up, down):
        direction = cleaned(term, inner)
        direction = direction / np.max(np.abs(direction))
        new = np.where(side == 0, sides(raw, direction), 0.0)
        # The proof: one pass over the rows.
        if not np.any(new) or np.any((new > 0) & ~up) or np.any((new < 0) & ~down):
            break
        side += new
        directions.append(direction)
    return _Run(term, _joined(raw, directions, side), side) if directions else None


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


def _farthest(model: Model, term: Linear, sign: float) -> float:
    """The predictor beyond which no double tells the parameter from the end of its domain."""
    domain = model.base.parameters[model.base.param_names.index(term.parameter)].domain
    assert isinstance(domain, Interval)
    with np.errstate(all="ignore"):
        values = term.link.inverse(sign * _LADDER)[0]
    inside = (
        (values > domain.lower) & (values < domain.upper) & (np.abs(values) > 1 / _RANGE) & (np.abs(values) < _RANGE)
    )
    return sign * float(_LADDER[np.argmax(inside)]) if inside.any() else 0.0


def _allowed(model: Model, likelihood: Likelihood, theta: Array, term: Linear, sign: float) -> Mask:
    """Rows whose likelihood does not fall as a predictor goes to one end."""
    far = _farthest(model, term, sign)
    here = likelihood.rows(theta)
    if far == 0.0:
        return np.zeros(len(here), dtype=bool)
    with np.errstate(all="ignore"):
        mid, end = (
            Likelihood(_at_predictor(model, term, value), likelihood.sample).rows(theta) for value in (far / 2, far)
        )
        rounding = _FALLS * np.maximum(1.0, np.abs(here))
        return np.asarray((end >= mid - rounding) & (end >= here - rounding))


# --- the limit --------------------------------------------------------------------------------------------------------


class _Left(NamedTuple):
    """What is left of the predictor of a parameter where some rows have run off."""

    term: Linear  # of the limit
    whole: Linear  # of the model, in coordinates in which infinite coefficients keep to themselves
    kept: Array
    lost: Array  # coefficients, per column: 0 where determined, ±inf, or NaN where neither
    nothing: bool


def _left(run: _Run, far: tuple[float, float], sample: Sample) -> _Left:
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
        shift = np.zeros(len(kept)) if place is None else np.average(mine, axis=0, weights=weight)
        if place is not None:
            shift[place] = 0.0
        spread = np.sqrt(np.average(np.square(mine - shift), axis=0, weights=weight))
        frame = 1 / np.where(spread > 0, spread, 1.0)
    ended = Ended(run.directions, tuple(kept.tolist()), *far)
    limit = replace(term, shift=shift, frame=frame, constant=place, ended=ended)
    own = term.frame if term.frame.ndim == 1 else np.ones(size)
    whole = replace(term, shift=np.where(lost == 0, term.shift, 0.0), frame=own)
    return _Left(limit, whole, kept, lost, nothing)


def _at_end(
    model: Model,
    sample: Sample,
    runs: Sequence[_Run],
    columns: Mapping[str, Sequence[str]],
    found: Maximum | None,
    options: Mapping[str, Any],
) -> Maximum | None:
    """The maximum of the limiting model, where it is the supremum of the likelihood."""
    left = {
        run.term.parameter: _left(run, (_farthest(model, run.term, -1.0), _farthest(model, run.term, 1.0)), sample)
        for run in runs
    }
    terms = [left[name].term if name in left else term for name, term in model.linear.items()]
    limit_model = type(model)(model.base, terms, model.rows, model.own_unit)
    fixed = dict(options.get("fixed") or {}) | {name: [0.0] for name, part in left.items() if part.nothing}
    limit = maximise(limit_model, sample, fixed=fixed or None, bounds=options.get("bounds"))
    if not limit.certify().ok:
        return None
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
    named = tuple(
        f"{name}[{columns[name][k]}]" for name, part in left.items() for k in np.flatnonzero(part.lost != 0).tolist()
    )
    levels = _levels(model)
    said = "; ".join(
        _in_words(run, left[run.term.parameter], sample, columns[run.term.parameter], levels) for run in runs
    )
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


def _raw(part: _Left, value: Any) -> Array:
    """Coefficients of the whole raw design that give the predictors of the rows that stay."""
    raw = np.zeros(part.whole.size)
    if not part.nothing:
        raw[part.kept] = part.term.to_data(np.asarray(value))
    return raw


def _in_words(run: _Run, part: _Left, sample: Sample, names: Sequence[str], levels: Sequence[Any]) -> str:
    """Which coefficients run off, and in which rows."""
    name = run.term.parameter
    ends = ", ".join(
        f"{name}[{names[k]}] -> {'∞' if end > 0 else '-∞' if end < 0 else 'anywhere'}"
        for k, end in enumerate(part.lost.tolist())
        if end != 0
    )
    said = [
        f"in {_rows(side)} whose predictor {way} {_observed(sample, side, levels)}"
        for side, way in ((run.side < 0, "falls"), (run.side > 0, "rises"))
        if side.any()
    ]
    return f"{ends}: {' and '.join(said)}"


def _levels(model: Model) -> Sequence[Any]:
    """Names of the levels of the response; none where it is a number."""
    return model.base.levels if isinstance(model.base, (Choice, Ordered)) else ()


def _rows(rows: Mask) -> str:
    count = int(np.count_nonzero(rows))
    return "the one row" if count == 1 else f"all {count} rows"


def _observed(sample: Sample, rows: Mask, levels: Sequence[Any]) -> str:
    """What was observed in some rows, in words; levels by their names."""
    low, high = sample.lower[rows], sample.upper[rows]
    if np.array_equal(low, high):
        first, last = float(low.min()), float(low.max())
        if levels:
            return f"the observation is {' or '.join(str(levels[int(k)]) for k in np.unique(low))}"
        return f"the observation is {first:g}" if first == last else f"observations lie between {first:g} and {last:g}"
    if np.all(high == np.inf):
        return "observations are right-censored"
    if np.all(low == -np.inf):
        return "observations are left-censored"
    return "observations are intervals"


def _separated(model: Model, sample: Sample, run: _Run, names: Sequence[str]) -> UnboundedLikelihoodError:
    """The error for covariates that separate all outcomes."""
    direction, constant, levels = run.directions[0], run.term.constant, _levels(model)
    raw = sample.known[run.term.key]
    upper, lower = run.side > 0, run.side < 0
    moving = [k for k in np.flatnonzero(direction).tolist() if k != constant]
    if len(run.directions) == 1 and len(moving) == 1 and constant is not None and upper.any() and lower.any():
        k = moving[0]
        above, below = (upper, lower) if direction[k] > 0 else (lower, upper)
        cut = 0.5 * (float(raw[above, k].min()) + float(raw[below, k].max()))
        how = (
            f"{names[k]} separates y: in all {np.count_nonzero(above)} rows with {names[k]} > {cut:.6g} "
            f"{_observed(sample, above, levels)}, in all {np.count_nonzero(below)} others "
            f"{_observed(sample, below, levels)}"
        )
        remedy = f"Remove {names[k]}"
    else:
        sums = ", then ".join(written_sum(one, names, constant) for one in run.directions)
        parts = [
            f"in all {np.count_nonzero(rows)} rows where it is {sign} {_observed(sample, rows, levels)}"
            for rows, sign in ((upper, "positive"), (lower, "negative"))
            if rows.any()
        ]
        how = f"the covariates separate y: of {sums}, {', '.join(parts)}"
        remedy = f"Remove one of {', '.join(names[k] for k in moving)}" if moving else "Observe another outcome"
    message = (
        f"{model.name}: {how}. The likelihood rises for ever as the coefficients grow in that direction, so there "
        f"is no maximum. {remedy}, or penalise."
    )
    return UnboundedLikelihoodError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method="none"))
