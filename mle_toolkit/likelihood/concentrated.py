"""Rows on which the law of a regression can concentrate, where its spread differs by a formula: without any bound.

The predictor of a location fits as many rows exactly as it has coefficients. If that of a spread can fall without end
in such rows, and does not rise as much in all others together, the likelihood grows without bound. It is looked for
along each column of the formula of the spread, in the rows beyond a value of it, and proved by the likelihood itself.

Source: of one row, Crisp & Burridge (1994), Biometrika 81, 585-587.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mle_toolkit.data.numbering import numbers_of
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.likelihood.model_starts import ModelLike
from mle_toolkit.likelihood.unit import Unit

if TYPE_CHECKING:
    from mle_toolkit._typing import Array, Mask
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.likelihood.linear import Linear

_REACH = (6.0, 12.0, 18.0)
"""How far the predictor of the spread is moved in the row that moves farthest: exp(-18) is 1.5e-8."""

_GROWS = 0.3
"""Nats by which each step must raise the log-likelihood, the second nearly as much as the first."""

_PROMISING = 0.2
"""How far the predictors of rows that are fitted move, as a share of those of the others, for a proof to be tried."""

_NULL = 1e-9
"""Share of a sum below which it is the rounding of zero."""

_FEW = 100_000
"""Rows times columns up to which it is looked for."""

_FEW_BESIDE = 400
"""Rows up to which it is looked for among those that are censored: by a dense linear program."""


class WithUnit(ModelLike, Protocol):
    """What is needed of a `Model`."""

    @property
    def own_unit(self) -> Unit:
        """The unit of the observations in which the predictors are."""

    def log_mass(self, lower: Array, upper: Array, *coefficients: Any) -> Array:
        """Log-probability of ``(lower, upper]`` in each row."""


class _Seen(NamedTuple):
    """Observations, weights and windows, in the unit of the model."""

    lower: Array
    upper: Array
    exact: Mask
    weight: Array
    window: tuple[Any, ...] | None

    @property
    def open(self) -> Mask:
        """Rows that are exact, or have no end on one side."""
        return np.asarray(self.exact | np.isinf(self.lower) | np.isinf(self.upper))


def concentrated(model: WithUnit, sample: Sample, fixed: Collection[str]) -> str | None:
    """Why the likelihood has no bound, by which parameter and in which rows; None where none are found."""
    main = model.linear.get(model.base.main_parameter)
    exact = np.ones(sample.n_rows, dtype=bool) if sample.is_plain else sample.lower == sample.upper
    if main is None or main.parameter in fixed or not exact.any() or not _is_whole(main, model):
        return None
    unit = model.own_unit
    lower, upper = ((end - unit.centre) / unit.scale for end in (sample.lower, sample.upper))
    window = None if sample.window is None else tuple((end - unit.centre) / unit.scale for end in sample.window)
    weight = np.ones(len(lower)) if sample.weight is None else sample.weight
    seen = _Seen(lower, upper, exact, weight, window)
    x = np.where(np.isfinite(lower), lower, upper)
    for name, term in model.linear.items():
        if name in fixed or term is main or term.constant is None or not _is_whole(term, model):
            continue
        design = term.design(model.rows)
        # Through a window the others may widen for nothing.
        least = _PROMISING if window is None else 0.0
        for rows, away in _splits(model.rows[term.key], term.constant, seen, main.size, least):
            way = np.asarray(np.linalg.lstsq(design, away, rcond=None)[0], dtype=float)
            if any(_is_proved(model, seen, main, place, name, way, rows) for place in _places(model, main, x)):
                return _in_words(name, np.flatnonzero(rows & exact).tolist(), sample.rows_given)
    return None


def _in_words(name: str, rows: Sequence[int], held: NDArray[np.intp] | None) -> str:
    """Rows by their numbers among those that were given."""
    numbers = numbers_of(rows, held)
    which = f"row {numbers[0]}" if len(numbers) == 1 else f"rows {', '.join(map(str, numbers))}"
    return (
        f"the covariates can fit {which} exactly, where the formula of {name} lets the law concentrate, so the "
        f"likelihood grows without bound there"
    )


def _is_whole(term: Linear, model: ModelLike) -> bool:
    raw = model.rows.get(term.key)
    return (
        raw is not None
        and not (term.is_partial or term.run_off is not None or isinstance(raw, SparseDesign))
        and raw.size <= _FEW
    )


def _splits(raw: Array, constant: int, seen: _Seen, most: int, least: float) -> Iterator[tuple[Mask, Array]]:
    """Rows beyond a value of a column, few of them exact, and how far each row is beyond it; 1 in the farthest.

    Of those that are censored the law need only be on the right side. Of columns of zeros and ones their sum counts
    too: it parts the rows of the first level from the others.
    """
    columns = [raw[:, k] for k in range(raw.shape[1]) if k != constant]
    levels = [z for z in columns if np.all((z == 0) | (z == 1))]
    columns += [np.sum(levels, axis=0)] if len(levels) > 1 else []
    for column in columns:
        for z in (column, -column):
            values = np.unique(z)[::-1]
            for pivot in values[1:].tolist():
                rows = z > pivot
                fitted, others = rows & seen.exact, ~rows & seen.exact  # what is not seen exactly loses little
                if np.count_nonzero(fitted) > most or np.any(rows & ~seen.open):
                    break
                away = (z - pivot) / (values[0] - pivot)
                gained, lost = seen.weight[fitted] @ away[fitted], seen.weight[others] @ away[others]
                if fitted.any() and gained > -least * lost:
                    yield rows, away


def _places(model: ModelLike, main: Linear, x: Array) -> Iterator[Array]:
    """Predictors of the location of laws that concentrate on the observations: of laws of x, of its log, its logit."""
    domain = model.base.parameters[model.base.param_names.index(main.parameter)].interval
    with np.errstate(all="ignore"):
        for centre in (x, np.log(x), np.log(x) - np.log1p(-x)):
            predictor = np.asarray(main.link.predictor(centre), dtype=float) - main.fixed_part(model.rows)
            if np.all(np.isfinite(predictor)) and np.all((centre > domain.lower) & (centre < domain.upper)):
                yield predictor


def _is_proved(model: WithUnit, seen: _Seen, main: Linear, place: Array, name: str, way: Array, rows: Mask) -> bool:
    """Whether the log-likelihood rises step by step as the law concentrates on rows that are fitted exactly."""
    design = main.design(model.rows)
    aside, rows = rows & ~seen.exact, rows & seen.exact
    fit = np.asarray(np.linalg.lstsq(design, place, rcond=None)[0])
    fit = fit + np.linalg.lstsq(design[rows], (place - design @ fit)[rows], rcond=None)[0]
    if aside.any():
        beside = _beside(design, place, rows, aside, np.where(np.isinf(seen.upper), 1.0, -1.0), fit)
        if beside is None:
            return False
        fit = beside
    left = (place - design @ fit)[rows]
    if not np.all(np.abs(left) <= _NULL * (np.abs(place[rows]) + np.abs(design[rows]) @ np.abs(fit))):
        return False
    begin: list[Any] = list(model.nearest([0.5 * sum(p.typical) for p in model.base.parameters]))
    begin[model.base.param_names.index(main.parameter)] = fit
    at = model.base.param_names.index(name)
    for side in (-1.0, 1.0):
        moved = [[*begin[:at], begin[at] + side * far * way, *begin[at + 1 :]] for far in _REACH]
        heights = [_height(model, seen, coefficients) for coefficients in moved]
        first, second = np.diff(heights)
        if np.all(np.isfinite(heights)) and second > _GROWS and 0.8 * first < second < 1.25 * first + _GROWS:
            return True
    return False


def _beside(design: Array, place: Array, rows: Mask, aside: Mask, side: Array, near: Array) -> Array | None:
    """Coefficients that fit some rows exactly and are beyond the ends of others, near some; None where there are none.

    By a linear program: predictors are as near to those of ``near`` as can be, in the sum of sizes.
    """
    from scipy import optimize

    count, size = design.shape
    if count > _FEW_BESIDE:
        return None
    aim, none = design @ near, np.zeros((count, count))
    program: Any = optimize.linprog  # whose stubs do not know arrays of open length
    solved = program(
        np.append(np.zeros(size), np.ones(count)),
        A_ub=np.vstack(
            [
                np.column_stack([design, none - np.eye(count)]),
                np.column_stack([-design, none - np.eye(count)]),
                np.column_stack([-side[aside, None] * design[aside], none[aside]]),
            ]
        ),
        b_ub=np.concatenate([aim, -aim, -side[aside] * place[aside]]),
        A_eq=np.column_stack([design[rows], none[rows]]),
        b_eq=place[rows],
        bounds=[(None, None)] * size + [(0.0, None)] * count,
    )
    if solved.status != 0:
        return None
    fit = np.asarray(solved.x[:size])
    return np.asarray(fit + np.linalg.lstsq(design[rows], (place - design @ fit)[rows], rcond=None)[0])


def _height(model: WithUnit, seen: _Seen, coefficients: Sequence[Any]) -> float:
    with np.errstate(all="ignore"):
        rows = model.logpdf(np.where(np.isfinite(seen.lower), seen.lower, seen.upper), *coefficients)
        if not seen.exact.all():
            rows = np.where(seen.exact, rows, model.log_mass(seen.lower, seen.upper, *coefficients))
        if seen.window is not None:
            rows = rows - model.log_mass(*seen.window, *coefficients)
        return float(np.sum(seen.weight * rows))
