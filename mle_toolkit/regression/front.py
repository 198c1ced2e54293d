"""A law with designs, and how it is maximised when some coefficients are known or bounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.formulas import Design
from mle_toolkit.data.framed import Columned, ColumnSums, FramedSample, with_coefficients
from mle_toolkit.data.numbering import number_of
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.rows import ColumnTotals, column_totals
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.errors import DataError, DegenerateDataError, NoMaximumError, ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.mixed import model_class
from mle_toolkit.estimation.separation import check_columns, maximise_model
from mle_toolkit.families.base import Family
from mle_toolkit.families.links import Link
from mle_toolkit.families.ordinal import Ordered
from mle_toolkit.likelihood.designs import Breaking, Relations, orthonormal, relations
from mle_toolkit.likelihood.linear import Linear, design_key, offset_key, ready_key
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.options import by_name, number, pair
from mle_toolkit.regression.given import LISTED
from mle_toolkit.regression.names import coefficient_names
from mle_toolkit.regression.predictors import term_of, unit_for
from mle_toolkit.regression.results import RegressionFit


def check_rank(front: Front, dropped: Collection[str] = ()) -> None:
    """Refuse what can be seen before a search: too few rows, columns of zeros, one value in all rows."""
    sample, law = front.sample, front.law
    size = len(front.names) - len(dropped)
    if size > sample.nobs and sample.weight_kind == "frequency":
        raise DataError(
            f"regress: {size} coefficients and parameters, and {sample.nobs:g} observations; there must be as many "
            f"observations at least. Leave terms out."
        )
    for name, matrix in front.matrices.items():
        totals = list(enumerate(front.totals[name].sums.tolist()))
        bad = [k for k, total in totals if not math.isfinite(total) and not np.isfinite(matrix[:, k]).all()]
        if bad:
            column = matrix[:, bad[0]]
            row = int(np.argmax(~np.isfinite(column)))
            raise DataError(
                f"{name}: column {front.designs[name].names[bad[0]]!r} is infinite in "
                f"{np.count_nonzero(~np.isfinite(column))} of {len(column)} rows; the first is row "
                f"{number_of(row, sample.rows_given)}."
            )
        terms = front.designs[name].names
        empty = [terms[k] for k, total in totals if total == 0.0 and not matrix[:, k].any()]
        empty = [term for term in empty if f"{name}[{term}]" not in dropped]
        if empty:
            raise DataError(
                f"{name}: {len(empty)} of {matrix.shape[1]} columns are zero in all rows, so their coefficients are "
                f"not identified: {', '.join(empty[:LISTED])}. Leave them out."
            )
    if (
        sample.is_plain
        and sample.minimum == sample.maximum
        and not law.discrete
        and (law.has_scale or law.has_location)
    ):
        raise DegenerateDataError(
            f"{law.name}: all {sample.n_rows} observations are equal ({sample.minimum:g}), so there is nothing for "
            f"covariates to explain, and the likelihood has no maximum."
        )


class Front:
    """A law with designs for some rows, and how it is maximised when some coefficients are known or bounded.

    Attributes
    ----------
    law : Family
        The law of one row.
    sample : Sample
        With designs and offsets among what is known of its rows.
    designs : dict of str to Design
    matrices : dict of str to ndarray
        Whole designs of the rows of the sample.
    offsets : dict of str to ndarray
    links : dict of str to Link
    unit : Unit
    totals : dict of str to ColumnTotals
        Of the columns of the designs, without weights.
    """

    def __init__(
        self,
        law: Family,
        sample: Sample,
        designs: Mapping[str, Design],
        matrices: Mapping[str, Array],
        offsets: Mapping[str, Array],
        links: Mapping[str, Link],
    ) -> None:
        self.law, self.sample = law, sample
        self.designs, self.matrices, self.offsets, self.links = designs, matrices, offsets, links
        self.totals: dict[str, ColumnTotals] = {}
        self.unit = unit_for(law, sample, links)
        self.names = coefficient_names(law, designs)

    @classmethod
    def of(
        cls,
        law: Family,
        sample: Sample,
        made: Mapping[str, tuple[Design, Array]],
        offsets: Mapping[str, Array],
        links: Mapping[str, Link],
        totals_of: Callable[[Array], ColumnTotals] = column_totals,
    ) -> Front:
        """Of designs and offsets of all rows that were given, of which a sample leaves out those of weight 0."""
        columns: dict[str, Any] = {design_key(name): matrix for name, (_, matrix) in made.items()}
        columns |= {offset_key(name): column for name, column in offsets.items()}
        kept = sample.rows_given
        short = {
            name: column[kept] if kept is not None and len(column) != sample.n_rows else column
            for name, column in columns.items()
        }
        front = cls(
            law,
            law.with_rows(sample),
            {name: design for name, (design, _) in made.items()},
            {name: short[design_key(name)] for name in made},
            {name: short[offset_key(name)] for name in offsets},
            links,
        )
        front.totals = {name: totals_of(matrix) for name, matrix in front.matrices.items()}
        return front

    @classmethod
    def of_batches(
        cls,
        law: Family,
        sample: FramedSample,
        made: Mapping[str, tuple[Design, Array]],
        links: Mapping[str, Link],
    ) -> Front:
        """Of rows that are read in batches, whose designs come with them."""
        front = cls(law, sample, {name: design for name, (design, _) in made.items()}, {}, {}, links)
        size = len(front.names)
        if size > sample.nobs and sample.weight_kind == "frequency":
            raise DataError(
                f"regress: {size} coefficients and parameters, and {sample.nobs:g} observations; there must be as many "
                f"observations at least. Leave terms out."
            )
        return front

    def dropped(self, options: dict[str, Any]) -> dict[str, str]:
        """Coefficients of columns that those before them make up, with the relation in words; fixed at 0 in options."""
        fixed = dict(options["fixed"] or {})
        found: dict[str, str] = {}
        for name, design in self.designs.items():
            terms = [k for k, term in enumerate(design.names) if not {name, f"{name}[{term}]"} & set(fixed)]
            key, framed = design_key(name), isinstance(self.sample, FramedSample)
            matrix = self.sample.sketch().known[key] if framed else self.matrices[name]
            is_one = np.all(matrix[:, terms] == 1.0, axis=0)
            constant = int(np.argmax(is_one)) if is_one.any() else None
            seen = relations(matrix[:, terms], constant)
            holds = [True] * len(seen.dropped)
            if isinstance(self.sample, FramedSample) and seen.dropped:  # what a subsample suspects, all rows prove
                kept, lost = ([terms[k] for k in one] for one in (seen.kept, seen.dropped))
                (broken,) = self.sample.sums([Breaking(key, Relations(tuple(kept), tuple(lost), seen.weights))])
                holds = (broken == 0).tolist()
            names = [design.names[k] for k in terms]
            for k, said, proved in zip(seen.dropped, seen.written(names, constant), holds, strict=True):
                if proved:
                    found[f"{name}[{names[k]}]"] = said
        options["fixed"] = {**fixed, **dict.fromkeys(found, 0.0)} or None
        return found

    def _model_of_batches(self, sample: FramedSample, known: Mapping[str, float]) -> tuple[Model, Sample]:
        held = {
            design_key(name): {term: known[key] for term in design.names if (key := f"{name}[{term}]") in known}
            for name, design in self.designs.items()
        }
        if known:
            sample = sample.planned(with_coefficients(sample.plan, held))
        terms = []
        for part, (name, design) in zip(sample.plan.designs, self.designs.items(), strict=True):
            constant = design.constant
            if constant is not None:
                constant = part.free[:constant].count(True) if part.free[constant] else None
            role = self.law.parameters[self.law.param_names.index(name)].role
            term = term_of(name, constant, sample, self.links[name], self.unit, role, has_offset=part.is_shifted)
            terms.append(term)
            self._check_columns_of_batches(sample, part, [k for k in design.names if f"{name}[{k}]" not in known], term)
        model = model_class(self.law)(self.law, terms, {}, self.unit)
        return model, sample

    def _check_columns_of_batches(
        self, sample: FramedSample, part: Columned, names: Sequence[str], term: Linear
    ) -> None:
        """Refuse columns that others make up: what a subsample suspects, all rows prove."""
        few = sample.sketch().known[part.key]
        seen = relations(few, term.constant)
        if not seen.dropped:
            return
        (broken,) = sample.sums([Breaking(part.key, seen)])
        false = {k for k, rows in zip(seen.dropped, broken.tolist(), strict=True) if rows}
        left = [k for k in range(few.shape[1]) if k not in false]
        place = None if term.constant is None else left.index(term.constant)
        check_columns(self.law.name, term.parameter, few[:, left], [names[k] for k in left], place)

    def model(self, known: Mapping[str, float]) -> tuple[Model, Sample]:
        """The model in which some coefficients are known: their columns are part of the offset."""
        if isinstance(self.sample, FramedSample):
            return self._model_of_batches(self.sample, known)
        columns: dict[str, Any] = {}
        designs: dict[str, Any] = {}
        free: dict[str, NDArray[np.bool_]] = {}
        shifted: list[str] = []
        whole: dict[str, bool] = {}
        by_columns: dict[int, Array] = {}
        for name, matrix in self.matrices.items():
            mine = [f"{name}[{term}]" for term in self.designs[name].names]
            free[name] = np.array([coefficient not in known for coefficient in mine], dtype=bool)
            whole[name] = not (known and any(coefficient in known for coefficient in mine))
            short = isinstance(matrix, np.ndarray) and len(matrix) <= BLOCK_ROWS
            kept = matrix if whole[name] else matrix[:, free[name]]
            if short and kept is matrix:  # of parameters that have one design, one copy
                kept = by_columns.setdefault(id(matrix), np.asfortranarray(matrix))
            designs[design_key(name)] = np.asfortranarray(kept) if short else kept
            offset = self.offsets.get(name)
            if not whole[name]:
                held = matrix[:, ~free[name]] @ np.array([known[k] for k in mine if k in known])
                offset = held if offset is None else offset + held
            if offset is not None:
                columns[offset_key(name)] = offset
                shifted.append(name)
        sample = (self.sample.with_known(**columns) if columns else self.sample).with_designs(designs)
        terms = []
        for name, design in self.designs.items():
            role = self.law.parameters[self.law.param_names.index(name)].role
            constant = design.constant
            if constant is not None:
                constant = int(np.count_nonzero(free[name][:constant])) if free[name][constant] else None
            totals = self.totals[name] if whole[name] and sample.weight is None else None
            link, has_offset = self.links[name], name in shifted
            term = term_of(name, constant, sample, link, self.unit, role, totals, has_offset=has_offset)
            raw = sample.known[term.key]
            loose = isinstance(raw, SparseDesign)
            made = None if loose else orthonormal(raw, term.shift, term.frame, term.constant)
            if made is not None:
                term = replace(term, frame=term.frame[:, None] * made[1])
                sample = sample.with_designs({ready_key(term.key): made[0]})
            terms.append(term)
        model = model_class(self.law)(self.law.given(sample.known), terms, sample.known, self.unit)
        model.check_support(sample)
        return model, sample

    def fit(self, *, fixed: Any, bounds: Any, start: Any, solver: str | None) -> RegressionFit:
        """Maximise, with bounds of coefficients by the active set at the maximum."""
        known, numbers = self._parted("fixed", fixed)
        limits, of_numbers = self._parted("bounds", bounds)
        begin, begin_numbers = self._parted("start", start)
        limits = {name: pair(value, f"bounds of {name}") for name, value in limits.items()}
        known = {name: number(value, f"fixed: {name}") for name, value in known.items()}
        begin = {name: number(value, f"start: {name}") for name, value in begin.items()}
        for name, (low, high) in limits.items():
            if name in known:
                raise ParameterError(f"{name} is known ({known[name]:g}) and has bounds; leave one of them out.")
            if low is not None and high is not None and not low < high:
                raise ParameterError(f"bounds of {name}: expected the lower below the upper, got ({low:g}, {high:g}).")

        def maximised(pinned: Mapping[str, float]) -> RegressionFit:
            held = {**known, **pinned}
            model, sample = self.model(held)
            at = self._start(model, sample, begin, self._in_order(model, sample, numbers) | begin_numbers, held)
            maximum = maximise_model(
                model, sample, self._columns(held), fixed=numbers or None, bounds=of_numbers or None, start=at,
                solver=solver,
            )  # fmt: skip
            return RegressionFit.made(maximum, sample, self.designs, known=known, pinned=pinned)

        fit = self._within(maximised, limits, known)
        fit.front = self
        return fit

    def loglik_at(self, fit: RegressionFit, name: str, value: float) -> float:
        """The highest log-likelihood where one coefficient, or number, more than in a fit has a value, nats."""
        more, inner = {name: value}, fit.at_maximum
        held = {**fit.known, **fit.pinned, **({} if name in self.law.param_names else more)}
        model, sample = self.model(held)
        fixed = {key: number for key, number in inner.known.items() if key not in model.linear}
        fixed |= more if name in self.law.param_names else {}
        begin = self._in_order(model, sample, fixed) or None
        columns, bounds = self._columns(held), inner.bounds or None
        return maximise_model(model, sample, columns, fixed=fixed or None, bounds=bounds, start=begin).loglik

    def _in_order(self, model: Model, sample: Sample, fixed: Mapping[str, Any]) -> dict[str, float]:
        """Where to begin with the cutpoints of ordered levels, some of which are known."""
        if not isinstance(self.law, Ordered) or not set(fixed) & set(self.law.cuts):
            return {}
        own = dict(zip(model.param_names, model.start(sample)[0], strict=True))
        return self.law.in_order({cut: float(own[cut]) for cut in self.law.cuts}, fixed)

    def _columns(self, held: Mapping[str, float]) -> dict[str, list[str]]:
        """Names of the columns whose coefficients are not held, by parameter."""
        return {
            name: [term for term in design.names if f"{name}[{term}]" not in held]
            for name, design in self.designs.items()
        }

    def _within(
        self,
        maximised: Callable[[Mapping[str, float]], RegressionFit],
        limits: Mapping[str, tuple[float | None, float | None]],
        known: Mapping[str, float],
    ) -> RegressionFit:
        """The maximum inside bounds: coefficients are held at a bound while the likelihood rises beyond it."""
        pinned: dict[str, float] = {}
        tried: list[dict[str, float]] = []
        without: list[tuple[dict[str, float], NoMaximumError]] = []
        while True:
            if pinned in tried:
                raise NoMaximumError(
                    f"{self.law.name}: the search for the bounds that the maximum lies on went in circles between "
                    f"{', '.join(limits)}. Bound fewer coefficients, or fix those that matter."
                )
            tried.append(dict(pinned))
            try:
                fit = maximised(pinned)
            except NoMaximumError as error:
                # Without bounds the likelihood may have no maximum, as where a covariate separates; inside it has one.
                ends = {name: [e for e in limits[name] if e is not None] for name in limits if name not in pinned}
                if not any(ends.values()):
                    raise
                without.append((dict(pinned), error))
                pinned |= {name: either[0] for name, either in ends.items() if either}
                continue
            if not limits:
                return fit
            values = dict(zip(self.names, fit.coefficients, strict=True))
            beyond = {}
            for name, (low, high) in limits.items():
                if name not in pinned and low is not None and values[name] < low:
                    beyond[name] = low
                elif name not in pinned and high is not None and values[name] > high:
                    beyond[name] = high
            if beyond:
                pinned |= beyond
                continue
            slopes = self._slopes(fit, known) if pinned else {}
            inward = {name: slope if pinned[name] == limits[name][0] else -slope for name, slope in slopes.items()}
            wrong = max(inward, key=lambda name: inward[name], default=None)
            if wrong is None or inward[wrong] <= _FLAT:
                return fit
            here = pinned.pop(wrong)
            nowhere = next((error for held, error in without if held == pinned), None)
            if nowhere is not None:
                across = [end for end in limits[wrong] if end is not None and end != here]
                if not across:
                    raise nowhere
                pinned[wrong] = across[0]

    def _slopes(self, fit: RegressionFit, known: Mapping[str, float]) -> dict[str, float]:
        """Derivatives of the log-likelihood by coefficients that are held at bounds, in their standard deviations."""
        model, sample = self.model(known)
        whole = RegressionFit.made(_at_point(model, sample, self, fit), sample, self.designs, known=known, pinned={})
        at = whole.at_maximum
        by_inner = np.linalg.lstsq(
            at.objective.coordinates.jacobian(at.coordinates).T, -at.objective.gradient(at.coordinates), rcond=None
        )[0]
        by_data = np.linalg.lstsq(whole._to_data.T, by_inner, rcond=None)[0]
        place = {name: k for k, name in enumerate(self.names)}
        spread = {
            f"{name}[{term}]": size
            for name, design in self.designs.items()
            for term, size in zip(design.names, self.sizes(name), strict=True)
        }
        return {name: float(by_data[place[name]]) / spread[name] for name in fit.pinned}

    def sizes(self, name: str) -> list[float]:
        """Root mean squares of the columns of a design."""
        sample = self.sample
        if isinstance(sample, FramedSample):
            squares, key = sample.column_sums(design_key(name)), design_key(name)
            (squares,) = sample.sums([ColumnSums(key, (0.0,) * len(squares))])
            found: list[float] = np.sqrt(squares / sample.nobs).tolist()
            return found
        matrix = self.matrices[name]
        return [float(np.sqrt(np.mean(np.square(matrix[:, k])))) for k in range(matrix.shape[1])]

    def _parted(self, option: str, values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What an option says of coefficients, and of parameters that are numbers."""
        if values is None:
            return {}, {}
        names = [*self.names, *(name for name in self.designs if name not in self.names)]
        example = f'{{"{self.names[0]}": {"(0, None)" if option == "bounds" else "1.0"}}}'
        asked = by_name(values, option, names, self.law.name, example)
        coefficients: dict[str, Any] = {}
        numbers: dict[str, Any] = {}
        for name, value in asked.items():
            if name in self.designs:
                mine = self.designs[name].names
                if option == "bounds" or np.ndim(value) != 1 or len(value) != len(mine):
                    raise ParameterError(
                        f"{option}: {name} has a formula; give its coefficients by name, as {name}[{mine[0]}]"
                        + ("." if option == "bounds" else f", or all {len(mine)} as a list.")
                    )
                coefficients |= {f"{name}[{term}]": v for term, v in zip(mine, value, strict=True)}
            elif name in self.law.param_names:
                numbers[name] = value
            else:
                coefficients[name] = value
        return coefficients, numbers

    def _start(
        self,
        model: Model,
        sample: Sample,
        coefficients: Mapping[str, float],
        numbers: Mapping[str, Any],
        known: Mapping[str, float],
    ) -> dict[str, Any] | None:
        """Where to begin, in the coordinates of the model: what was given, and its own choice for the others."""
        if not coefficients:
            return dict(numbers) or None
        own = dict(zip(model.param_names, model.start(Likelihood(model, sample).as_points)[0], strict=True))
        begin: dict[str, Any] = dict(numbers)
        for name, term in model.linear.items():
            mine = [f"{name}[{k}]" for k in self.designs[name].names if f"{name}[{k}]" not in known]
            values = term.to_data(np.asarray(own[name]))
            begin[name] = term.to_unit(np.array([coefficients.get(k, v) for k, v in zip(mine, values, strict=True)]))
        return begin


_FLAT = 1e-9
"""Slope, in nats per observation and standard deviation of a column, below which a likelihood is level at a bound."""


def _at_point(model: Model, sample: Sample, front: Front, fit: RegressionFit) -> Maximum:
    """The point at which a fit is, in a model in which more coefficients are free."""
    values = dict(zip(front.names, fit.coefficients, strict=True))
    inner = fit.at_maximum
    numbers = dict(zip(inner.family.param_names, inner.family.unpack(inner.theta_in_unit), strict=True))
    parts = []
    for p in model.parameters:
        term = model.linear.get(p.name)
        if term is None:
            parts.append(np.atleast_1d(numbers[p.name]))
            continue
        mine = [f"{p.name}[{k}]" for k in front.designs[p.name].names]
        parts.append(term.to_unit(np.array([values[k] for k in mine if k not in fit.known])))
    theta = np.concatenate(parts)
    free = tuple(p.name in model.linear or p.name not in inner.fixed for p in model.parameters)
    return replace(
        inner, family=model, likelihood=Likelihood(model, sample), theta_in_unit=theta, theta=theta, free=free,
        value=None, limit=None, searched=None,
    )  # fmt: skip
