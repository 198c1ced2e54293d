"""How the parameters of every row come about: a number, or a design times coefficients through a link.

A model has two verbs: coefficients to the parameters of every row, and scores of parameters (and weights of second
derivatives) back to coefficients. It is fitted as a law is: its own parameters are vectors of coefficients, in
coordinates in which the columns of a design are centred and of unit size, so that no unit of a covariate matters.

Sources: McCullagh & Nelder (1989), Generalized Linear Models, ch. 2; Rigby & Stasinopoulos (2005), Applied Statistics
54, 507-554 (predictors for all parameters); Green (1984), JRSS B 46, 149-192 (Newton's method by weighted sums).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial, partialmethod
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.numbering import number_of
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval, Space
from mle_toolkit.families.hooks import Score, made_with, needed
from mle_toolkit.families.links import Link, by_logit_through
from mle_toolkit.families.mass import log_mass, mass_expansion, tail_expansion
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Chart, Limit, SpecialCase
from mle_toolkit.likelihood.concentrated import concentrated
from mle_toolkit.likelihood.designs import AnyColumns, leverages_of_few
from mle_toolkit.likelihood.kinks import Kinks
from mle_toolkit.likelihood.linear import Linear, design_key, ends_of, offset_key, ready_key
from mle_toolkit.likelihood.model_charts import chart_of, irregular_of, limit_of, special_cases_of
from mle_toolkit.likelihood.model_starts import starts_of
from mle_toolkit.likelihood.passed import PASS_ROWS, has_pass, passed_sums
from mle_toolkit.likelihood.products import crossed, expanded, summed_by_one, total_of, upper_of
from mle_toolkit.likelihood.unit import Unit
from mle_toolkit.numerics.cached import cached_property
from mle_toolkit.numerics.differences import (
    STEP_OF_CURVATURE,
    STEP_OF_SCORE,
    STEP_OF_VALUE,
    by_values,
    second_by_scores,
)

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample


class Model(Family):
    """A law whose parameters differ from row to row, by designs that are known of the rows.

    Parameters
    ----------
    base : Family
        The law of one row, all of whose parameters are numbers.
    linear : sequence of Linear
        How some of its parameters come about; the others are one number for all rows.
    rows : mapping of str to ndarray
        Designs, offsets and constants of the rows at hand.
    unit : Unit
        The unit of the observations in which the predictors are.
    ends : tuple of Limit
        Limits of its own, as where covariates tell outcomes apart.
    """

    def __init__(
        self, base: Family, linear: Sequence[Linear], rows: Known, unit: Unit, ends: tuple[Limit, ...] = ()
    ) -> None:
        self.base, self.rows, self.own_unit, self.ends = base, rows, unit, ends
        self.linear = {term.parameter: term for term in linear}
        self.name = base.name
        self.support, self.atoms = base.support, base.atoms
        self.constants = dict(base.constants)
        self.parameters = tuple(
            Parameter(p.name, Space(self.linear[p.name].size)) if p.name in self.linear else p for p in base.parameters
        )
        self._bind()

    score: Any = property(lambda model: made_with(model._score, model.base.score))
    derivative_sums: Any = property(lambda model: made_with(model._derivative_sums, model.base.score))
    # Made when they are asked for: held, they would hold the model, and its rows until the collector comes by.

    def _bind(self) -> None:
        """Offer what the law of one row makes possible."""
        base = self.base
        self.dear_slopes, self.dear_masses = base.expansion is None, base.sf_expansion is None
        only = self.linear.get(base.parameters[0].name) if len(base.parameters) == 1 else None
        self.rows_by_logit = None if only is None else by_logit_through(base.by_logit, only.link)
        self.rows_by_log = base.by_log if only is not None and only.link.name == "log" else None
        if not base.discrete and len(self.linear) > 1 and base.main_parameter in self.linear:
            self.unbounded = self.alone
        self.derivatives = None if base.score is None else _as_they_are

    @classmethod
    def of_coefficients(
        cls, base: Family, sizes: Mapping[str, int], links: Mapping[str, Link], offsets: Collection[str]
    ) -> Model:
        """A model whose parameters are the coefficients of designs as they are, for rows that are given later."""
        terms = [
            Linear(
                name,
                design_key(name),
                links[name],
                np.zeros(k),
                np.ones(k),
                offset_key(name) if name in offsets else None,
            )
            for name, k in sizes.items()
        ]
        return cls(base, terms, {}, Unit())

    # --- what is known of the rows ------------------------------------------------------------------------------------

    @cached_property
    def per_row(self) -> tuple[str, ...]:
        """Names of all that is known of a row."""
        designs = [term.key for term in self.linear.values()]
        offsets = [term.offset for term in self.linear.values() if term.offset is not None]
        return *designs, *offsets, *self.base.per_row

    @cached_property
    def ready(self) -> tuple[str, ...]:
        """Names of designs that are made orthonormal beforehand: of the rows that are fitted, not of others."""
        return tuple(ready_key(term.key) for term in self.linear.values() if term.frame.ndim > 1)

    @property
    def known(self) -> Known:
        """What is known of the rows at hand."""
        return self.rows

    @cached_property
    def in_threads(self) -> bool:
        """Whether sums over rows take so long that threads share them: long designs, by compiled loops."""
        return any(term.compiled for term in self.linear.values())

    @cached_property
    def rows_at_once(self) -> int:
        """Rows a block of sums of derivatives."""
        return PASS_ROWS if has_pass(self) else BLOCK_ROWS

    @cached_property
    def of_residuals(self) -> bool:
        """Whether all parameters but one scale are coefficients of a location, of a law of least squares."""
        base, term = self.base, self.linear.get(self.base.main_parameter)
        is_last = len(base.parameters) == 2 and base.main_parameter == base.parameters[0].name
        return base.of_least_squares and is_last and len(self.linear) == 1 and term is not None and _adds(term)

    def with_rows(self, sample: Sample) -> Sample:
        """The sample with the designs of this model, whatever another model left there by the same names."""
        own = {name: column for name, column in self.rows.items() if sample.known.get(name) is not column}
        return sample.with_known(**own) if own else sample

    def given(self, known: Known) -> Self:
        """The model of rows of which this is known."""
        rows = {name: known[name] for name in (*self.per_row, *(key for key in self.ready if key in known))}
        if all(column is self.rows.get(name) for name, column in rows.items()):
            return self
        new = object.__new__(type(self))  # as `copy` makes it, in a tenth of the time
        new.__dict__.update(self.__dict__)
        new.base, new.rows = self.base.given(rows), rows
        new.constants = dict(new.base.constants)
        new._bind()
        return new

    def strata(self, sample: Sample) -> tuple[Array, ...]:
        """Every row is a stratum of its own."""
        return (np.arange(sample.n_rows, dtype=float),)

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """Itself: its predictors are in the unit of the likelihood."""
        return self

    def coefficients(self, theta: Array) -> Array:
        """Coefficients of the designs as they were given, from those of the centred ones; shape (..., p)."""
        found = np.array(theta, dtype=float)
        for p, place in zip(self.parameters, self.places, strict=True):
            if p.name in self.linear:
                found[..., place] = theta[..., place] @ self.linear[p.name].map_to_data.T
        return found

    def in_data_unit(self, theta: Array) -> tuple[Model, Array]:
        """The model whose predictors are in the unit of the data, and its coefficients."""
        if self.own_unit.is_identity and all(term.is_in_data_unit for term in self.linear.values()):
            return self, theta.copy()
        terms = [
            replace(
                term,
                factor=1.0,
                offset_shift=0.0,
                face=None if term.face is None else term.face.in_data_unit(term.factor, term.offset_shift),
            )
            for term in self.linear.values()
        ]
        moved = theta.copy()
        for p, place in zip(self.parameters, self.places, strict=True):
            if p.name in self.linear:
                moved[place] /= self.linear[p.name].factor
        return type(self)(self.base, terms, self.rows, Unit()), moved

    def check(self, sample: Sample) -> None:
        """Nothing: few distinct observations are no spike of a law that differs from row to row."""

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is impossible under the law of a row."""
        self.base.check_support(sample)

    # --- coefficients to parameters -----------------------------------------------------------------------------------

    def at_rows(self, coefficients: Sequence[Any]) -> _Rows:
        """The parameters of the rows at hand, with the derivatives of each by its predictor."""
        params: list[Any] = []
        slopes: list[Any] = []
        bends: list[Any] = []
        designs: list[AnyColumns | None] = []
        etas: list[Any] = []
        for p, value in zip(self.parameters, coefficients, strict=True):
            term = self.linear.get(p.name)
            if term is None:
                params.append(value)
                etas.append(value)
                slopes.append(1.0)
                bends.append(0.0)
                designs.append(None)
                continue
            design, eta = self._predictor(term, value)
            at, slope, bend = term.link.inverse(eta)
            params.append(_inside(self.base.parameters[len(params)].interval, at))
            slopes.append(slope)
            bends.append(bend)
            designs.append(design)
            etas.append(eta)
        return _Rows(tuple(params), slopes, bends, designs, etas)

    def _predictor(self, term: Linear, value: Any) -> tuple[AnyColumns, Array]:
        """The design of a parameter, and its predictor, of the rows at hand."""
        design = term.columns(self.rows)
        if term.run_off is None or np.all(np.isfinite(value)):
            eta = design.times(np.asarray(value))
        else:
            eta = term.factor * term.run_off.predictor(self.rows[term.key])
        return design, eta + term.fixed_part(self.rows)

    def _only_predictor(self, coefficients: Sequence[Any]) -> tuple[AnyColumns, Array]:
        """The same of the only parameter, of a law that is known by its logit, or its log."""
        (term,) = self.linear.values()
        return self._predictor(term, coefficients[0])

    def law(self, coefficients: Sequence[Any]) -> Distribution:
        """The laws of the rows at hand, in the unit of the likelihood."""
        return Distribution.at(self.base, self.at_rows(coefficients).params)

    def logpdf(self, x: Array, *coefficients: Any) -> Array:
        """Log-density of each row; -inf where a parameter leaves its domain."""
        if self.rows_by_logit is not None:
            return self.rows_by_logit(x, self._only_predictor(coefficients)[1])[0]
        values = self.base.logpdf(x, *self.at_rows(coefficients).params)
        return np.where(np.isnan(values), -np.inf, values)

    def log_mass(self, lower: Array, upper: Array, *coefficients: Any) -> Array:
        """Log-probability of ``(lower, upper]`` in each row."""
        values = log_mass(self.base, self.at_rows(coefficients).params, lower, upper)
        return np.where(np.isnan(values), -np.inf, values)

    def rvs(self, *coefficients: Any, size: Any, rng: Any) -> Array:
        """Draw one observation of each row; size is (n,), or (m, n) for m of each."""
        return self.law(coefficients).rvs(size, rng)

    def _of_rows(self, part: str, x: Array, *coefficients: Any) -> Array:
        return np.asarray(getattr(self.law(coefficients), part)(x))

    cdf, sf = partialmethod(_of_rows, "cdf"), partialmethod(_of_rows, "sf")
    logcdf, logsf = partialmethod(_of_rows, "logcdf"), partialmethod(_of_rows, "logsf")
    ppf, isf = partialmethod(_of_rows, "ppf"), partialmethod(_of_rows, "isf")

    # --- scores back to coefficients ----------------------------------------------------------------------------------

    def _score(self, of_base: Score, x: Array, *coefficients: Any) -> tuple[Array, ...]:
        if self.rows_by_logit is not None:
            of_logit, eta = self._only_predictor(coefficients)
            return tuple((of_logit.formed() * self.rows_by_logit(x, eta)[1][:, None]).T)
        at = self.at_rows(coefficients)
        columns: list[Array] = []
        for s, slope, design in zip(of_base(x, *at.params), at.slopes, at.designs, strict=True):
            along = np.broadcast_to(s * slope, x.shape)
            columns += [along] if design is None else list((design.formed() * along[:, None]).T)
        return tuple(columns)

    def _derivative_sums(self, of_base: Score, x: Array, weight: Array | None, *coefficients: Any) -> Array:
        if self.rows_at_once > BLOCK_ROWS:
            passed = passed_sums(self, "sums", x, weight, coefficients)
            if passed is not None:
                return passed
        if self.rows_by_logit is not None:
            design, eta = self._only_predictor(coefficients)
            return summed_by_one(design, *self.rows_by_logit(x, eta), weight, len(x))
        if self.rows_by_log is not None:
            design, eta = self._only_predictor(coefficients)
            by_log = self.rows_by_log(x, eta)
            if by_log is not None:
                return summed_by_one(design, *by_log, weight, len(x))
        at = self.at_rows(coefficients)
        params = tuple([np.float64(p) if isinstance(p, float) else p for p in at.params])
        known = None if self.base.expansion is None else self.base.expansion(x, *params)
        if known is not None:
            value, score, second = known
        else:
            value, score = np.broadcast_to(self.base.logpdf(x, *at.params), x.shape), of_base(x, *at.params)
            if self.base.hessian is not None:
                second = self.base.hessian(x, *params)
            else:
                steps = self.natural_steps(at, STEP_OF_SCORE)
                second = tuple(second_by_scores(lambda params: of_base(x, *params), at.params, steps))
        if self.kinked is not None:
            second = self._with_kinks(second, at.params)
        return self.summed(at, value, score, second, weight, len(x))

    def _with_kinks(self, second: Sequence[Array], params: tuple[Any, ...]) -> tuple[Array, ...]:
        """Second derivatives with what is expected of the jump of the slope at the kink: it is there by its density."""
        rates = needed(self.base, self.base.falls(*params), "falls")
        names = self.base.param_names
        place = names.index(self.base.main_parameter)
        bent = list(second)
        bent[place * len(names) - place * (place - 1) // 2] = -(rates[0] * rates[1]) + 0.0 * second[0]
        return tuple(bent)

    def mass_sums(self, lower: Array, upper: Array, weight: Array, *coefficients: Any) -> Array:
        """Sums as of `derivative_sums`, of the log-probabilities of intervals of the rows at hand."""
        if self.rows_at_once > BLOCK_ROWS and np.all(upper == np.inf):
            passed = passed_sums(self, "sf_sums", lower, weight, coefficients)
            if passed is not None:
                return passed
        at = self.at_rows(coefficients)
        of_tails = tail_expansion(self.base, at.params, lower, upper)
        if of_tails is not None:
            return self.summed(at, *of_tails, weight, len(lower))
        steps = partial(self.natural_steps, at)
        value, score, second = mass_expansion(self.base, at.params, steps, lower, upper)
        return self.summed(at, value, score, second, weight, len(lower))

    def summed(self, at: _Rows, value: Array, score: Any, second: Any, weight: Array | None, n_rows: int) -> Array:
        """Sums of value, derivatives and second derivatives (upper triangle) by all coefficients.

        A row whose value is no number is impossible.
        """
        places, count = self.places, len(self.parameters)
        if count == 1:
            along, bent = score[0] * at.slopes[0], second[0] * (at.slopes[0] * at.slopes[0]) + score[0] * at.bends[0]
            return summed_by_one(at.designs[0], value, along, bent, weight, n_rows)
        size = places[-1].stop
        gradient, hessian = np.zeros(size), np.zeros((size, size))
        flat = iter(second)
        for j in range(count):
            along, across = score[j], next(flat)
            if at.designs[j] is not None:
                across = across * (at.slopes[j] * at.slopes[j]) + along * at.bends[j]
                along = along * at.slopes[j]
            own = expanded(at.designs[j], along, across, weight, n_rows)
            gradient[places[j]], hessian[places[j], places[j]] = own
            for k in range(j + 1, count):
                across = next(flat) * (at.slopes[j] * at.slopes[k])
                hessian[places[j], places[k]] = crossed(at.designs[j], at.designs[k], across, weight, n_rows)
        return np.concatenate([total_of(value, weight)[None], gradient, upper_of(hessian)])

    def natural_steps(self, at: _Rows, size: float) -> list[Any]:
        """Changes of the parameters by which differences are taken: of their predictors where they have one."""
        steps: list[Any] = []
        for p, value, slope in zip(self.base.parameters, at.params, at.slopes, strict=True):
            if p.name in self.linear:
                steps.append(size * np.asarray(slope))
                continue
            domain = p.interval
            room = min(value - domain.lower, domain.upper - value)
            steps.append(size * min(max(1.0, abs(value)) if np.isinf(room) else room, max(1.0, abs(value))))
        return steps

    def by_differences(self, value: Callable[[tuple[Any, ...]], Array], at: _Rows) -> tuple[list[Array], list[Array]]:
        """Derivatives and second derivatives of a value by the parameters of each row."""
        return by_values(
            value, at.params, self.natural_steps(at, STEP_OF_VALUE), self.natural_steps(at, STEP_OF_CURVATURE)
        )

    @cached_property
    def kinked(self) -> Linear | None:
        """The predictor of a location at which the density of every row has a kink, straight on either side."""
        base, term = self.base, self.linear.get(self.base.main_parameter)
        if term is None or term.link.name != "identity":
            return None
        return None if base.falls(*(0.5 * sum(p.typical) for p in base.parameters)) is None else term

    def kinks(self, term: Linear, sample: Sample, theta: Array) -> Kinks:
        """What the likelihood says of the coefficients of that predictor, all others being those of a point."""
        model = self.given(sample.known)
        rates = needed(self.base, self.base.falls(*model.at_rows(model.unpack(theta)).params), "falls")
        wanted = (sample.x - self.own_unit.centre) / self.own_unit.scale - term.fixed_part(sample.known)
        below, above = (np.broadcast_to(rate, wanted.shape) for rate in rates)
        return Kinks(term.columns(sample.known).formed(), wanted, below, above, sample.weight)

    # --- starts and limits --------------------------------------------------------------------------------------------

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The law without covariates, or that of what least squares leave, and the nearest coefficients."""
        return starts_of(self.given(sample.known), sample)

    def nearest(self, params: Sequence[float], known: str | None = None) -> tuple[Any, ...]:
        """Coefficients whose predictors are nearest to one law for all rows; a value where they are ``known``."""
        found: list[Any] = []
        for p, value in zip(self.base.parameters, params, strict=True):
            term = None if p.name == known else self.linear.get(p.name)
            if term is None:
                found.append(value)
                continue
            with np.errstate(all="ignore"):
                level = term.link.predictor(value) - term.fixed_part(self.rows)
            if term.constant is not None and np.ndim(level) == 0:
                found.append(np.where(np.arange(term.size) == term.constant, level if np.isfinite(level) else 0.0, 0.0))
                continue
            design, n_rows = term.columns(self.rows), len(self.rows[term.key])
            wanted = np.broadcast_to(level, n_rows)
            wanted = np.where(np.isfinite(wanted), wanted, 0.0)
            if term.constant is not None and np.all(wanted == wanted[0]):
                found.append(np.where(np.arange(term.size) == term.constant, wanted[0], 0.0))
                continue
            found.append(np.linalg.lstsq(design.squared(np.ones(n_rows)), design.summed(wanted), rcond=None)[0])
        return tuple(found)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Its own, and those of the law, where a parameter is at its end in all rows."""
        return *self.ends, *(found for limit in self.base.limits if (found := limit_of(self, limit)) is not None)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Those of the law of a row beside which it has other maxima."""
        return special_cases_of(self)

    @cached_property
    def chart(self) -> Chart | None:
        """That of the law of a row, with a predictor for the parameter that moves with the one of its formula."""
        return chart_of(self)

    def of_limit(self, law: Family, terms: Sequence[Linear]) -> Model:
        """The model of a limiting law, for the same rows."""
        return Model(law, terms, self.rows, self.own_unit)

    def alone(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Which row has a spread, or the like, of its own: there the law can concentrate."""
        main = self.linear[self.base.main_parameter]
        for name, term in self.linear.items():
            if term is main or name in fixed or main.parameter in fixed or term.key not in self.rows:
                continue  # of rows that are not held it is not known
            alone = _in_rows(term, self.rows[term.key], _alone) & (sample.lower == sample.upper)
            alone &= _in_rows(main, self.rows[main.key], lambda raw: abs(raw) @ np.ones(raw.shape[1]) > 0)
            for row in np.flatnonzero(alone).tolist():
                if self._concentrates(name, float(sample.lower[row]), row):
                    return (
                        f"row {number_of(row, sample.rows_given)} alone determines the {name} of its group, so the "
                        f"likelihood grows without bound as the law concentrates on its observation"
                    )
        return concentrated(self, sample, fixed)

    def _concentrates(self, name: str, x: float, row: int) -> bool:
        """Whether the density at x grows without bound as a parameter ends, another being where the law is about x."""
        base = self.base.take(np.array([row]))
        place = base.param_names.index(name)
        main = base.param_names.index(base.main_parameter)
        params = [0.5 * sum(p.typical) for p in base.parameters]
        with np.errstate(all="ignore"):
            about = [x, float(np.log(x)), float(np.log(x) - np.log1p(-x))]  # of laws of x, of its log, of its logit
        for centre in about:
            params[main] = centre
            if not (np.isfinite(centre) and base.parameters[main].domain.contains(np.asarray(centre))):
                continue
            heights = []
            for far in (-_CONCENTRATED, -0.5 * _CONCENTRATED, 0.5 * _CONCENTRATED, _CONCENTRATED):
                with np.errstate(all="ignore"):
                    params[place] = float(self.linear[name].link.inverse(np.asarray(far))[0])
                    inside = base.parameters[place].domain.contains(np.asarray(params[place]))
                    heights.append(float(np.ravel(base.logpdf(np.array([x]), *params))[0]) if inside else -np.inf)
            if max(heights[0] - heights[1], heights[3] - heights[2]) > 1.0:
                return True
        return False

    def carried(self, limit: Family) -> dict[str, str]:
        """The name of the parameter here that each parameter of a limiting model is."""
        lifted = self.lifted(limit)
        return {
            own: name
            for own, mine in zip(limit.param_names, limit.places, strict=True)
            for name, place in zip(self.param_names, self.places, strict=True)
            if np.any(np.nan_to_num(lifted[place, mine]) != 0)
        }

    def name_in(self, limit: Family, name: str) -> str:
        """The name that a parameter has in a limiting model; its own where nothing of it is left there."""
        return next((own for own, mine in self.carried(limit).items() if mine == name), name)

    def lifted(self, limit: Family) -> Array:
        """How our parameters move with those of a limiting model, whose embedding is linear; shape (p, q).

        NaN in the rows of parameters, or coefficients, that are at an end there.
        """
        embed = next(item.embed for item in self.limits if item.family.name == limit.name)
        size = sum(p.size for p in limit.parameters)

        def here(theta: Array) -> Array:
            return np.concatenate([np.ravel(value) for value in embed(*limit.unpack(theta))])

        nowhere = here(np.zeros(size))
        with np.errstate(invalid="ignore"):
            columns = np.stack([here(axis) - nowhere for axis in np.eye(size)], axis=1)
        columns[~np.isfinite(nowhere) | ~np.any(columns != 0, axis=1)] = np.nan
        return columns

    def irregular(self, *params: Any) -> tuple[str, ...]:
        """Parameters without a standard error from the information: not those with a kink of which it takes account."""
        return () if self.kinked is not None else irregular_of(self, params)

    def __repr__(self) -> str:
        models = ", ".join(f"{term.parameter} by {term.size} coefficients" for term in self.linear.values())
        return f"{self.base!r} with {models}"


def _inside(domain: Interval, at: Array) -> Array:
    """Parameters of rows, NaN where they are outside of their domain."""
    if not domain.integer and len(at) and domain.covers(np.minimum.reduce(at), np.maximum.reduce(at)):
        return at
    inside = domain.contains(at)
    return at if inside.all() else np.where(inside, at, np.nan)


def _adds(term: Linear) -> bool:
    """Whether a parameter is its predictor, of finite coefficients."""
    return term.link.name == "identity" and term.run_off is None


_CONCENTRATED = 20.0
"""Predictor of a parameter at which a law that can concentrate on a point has done so."""

_ALONE = 1e-9
"""What a row's leverage may be below 1 where it alone determines a coefficient: rounding."""


def _in_rows(term: Linear, raw: Any, which: Callable[[Any], Any]) -> Any:
    """Which rows, of those that have not run off, and in the columns that still count; a mask of all."""
    if term.ended is None:
        return which(raw)
    found = (ends_of(raw, term.ended.directions) == 0) & bool(term.ended.kept)
    if found.any():
        found[found] = which(raw[found][:, list(term.ended.kept)])
    return found


def _alone(design: Array) -> Any:
    """Rows of a design without which a coefficient is not determined; a mask."""
    if isinstance(design, SparseDesign):
        return leverages_of_few(design) > 1 - _ALONE
    scale = np.sqrt(np.sum(np.square(design), axis=0))
    basis = np.linalg.qr(design / np.where(scale > 0, scale, 1.0))[0]
    return np.sum(np.square(basis), axis=1) > 1 - _ALONE


class _Rows(NamedTuple):
    """Parameters of rows, their derivatives by predictors, designs and predictors; one entry a parameter."""

    params: tuple[Any, ...]
    slopes: list[Any]
    bends: list[Any]
    designs: list[AnyColumns | None]
    etas: list[Any]


def _as_they_are(count: float, sums: Sequence[float], *params: Any) -> Sequence[float]:
    """The sums, which are derivatives already."""
    return sums


def check_scalar(base: Family) -> None:
    """Refuse laws of vectors, and those with arrays as parameters.

    Raises
    ------
    ParameterError
    """
    if base.multivariate or not base.all_scalar:
        raise ParameterError(f"regress: {base.name} has vectors as observations or parameters, which take no formula.")


def model_of(family: Family) -> Model:
    """The law of a regression, as the model that it is; of any other law there is none."""
    if isinstance(family, Model):
        return family
    raise ParameterError(f"{family.name}: only a regression has a model of its rows.")
