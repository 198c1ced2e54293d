"""regress() and what it returns: a fit whose parameters come from designs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.formulas import Design, of_array, of_formula
from mle_toolkit.data.frames import to_column
from mle_toolkit.data.sample import NanPolicy, Sample, WeightKind
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.estimation.solve import Maximum, maximise
from mle_toolkit.families.base import Family, get_family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.links import Link, get_link
from mle_toolkit.fitting import Fit, warn_if_weaker
from mle_toolkit.inference.covariance import CovKind
from mle_toolkit.likelihood.model import Linear, Model, check_scalar
from mle_toolkit.likelihood.unit import Unit

if TYPE_CHECKING:
    import pandas as pd


class RegressionFit(Fit):
    """A fit of a law whose parameters come from designs.

    Made by `regress`; not by hand. Coefficients are on the scale of their link, for the columns as they were given.

    Attributes
    ----------
    designs : dict of str to Design
        By the parameter that it makes.
    links : dict of str to Link
        By the same.
    """

    designs: dict[str, Design]
    links: dict[str, Link]

    @classmethod
    def made(cls, maximum: Maximum, sample: Sample, designs: Mapping[str, Design]) -> RegressionFit:
        """The regression that a maximum of the likelihood of a model is."""
        fit = cls.of(maximum, sample)
        assert isinstance(fit, RegressionFit)
        fit.designs = dict(designs)
        fit.links = {name: term.link for name, term in fit.model.linear.items()}
        return fit

    @property
    def model(self) -> Model:
        """How the parameters of every row come about."""
        family = self._at_maximum.family
        assert isinstance(family, Model)
        return family

    @cached_property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of all coefficients: ``"mu[x1]"``; a parameter that is one number has its own name."""
        names: list[str] = []
        for p in self.model.base.parameters:
            design = self.designs.get(p.name)
            names += [p.name] if design is None else [f"{p.name}[{term}]" for term in design.names]
        return tuple(names)

    @cached_property
    def _to_data(self) -> Array:
        """The matrix that takes coefficients of the centred designs to those of the designs as given."""
        size = len(self.coefficient_names)
        matrix = np.zeros((size, size))
        for p, place in zip(self.model.parameters, self.model.places, strict=True):
            term = self.model.linear.get(p.name)
            matrix[place, place] = 1.0 if term is None else term.map_to_data
        return matrix

    @cached_property
    def coefficients(self) -> Array:
        """All coefficients in one vector, in the order of `coefficient_names`."""
        values = self._theta.copy()
        for p, place in zip(self.model.parameters, self.model.places, strict=True):
            if p.name in self.model.linear:
                values[place] = self.model.linear[p.name].to_data(values[place])
        return values

    @property
    def params(self) -> Mapping[str, Any]:
        """By parameter: a Series over the columns of its design, on the scale of its link; else a number."""
        return self._by_parameter(self.coefficients)

    @property
    def bse(self) -> Mapping[str, Any]:
        """Standard errors, as `params`."""
        return self._by_parameter(np.sqrt(np.diag(self._cov(self._default_kind))))

    def _by_parameter(self, values: Array) -> dict[str, Any]:
        import pandas as pd

        found: dict[str, Any] = {}
        for p, place in zip(self.model.parameters, self.model.places, strict=True):
            design = self.designs.get(p.name)
            at = values[place]
            found[p.name] = float(at[0]) if design is None else pd.Series(at, index=list(design.names), name=p.name)
        return found

    def cov_params(self, kind: CovKind | None = None) -> pd.DataFrame:
        """Covariance of the coefficients; see `Fit.cov_params`."""
        import pandas as pd

        names = list(self.coefficient_names)
        return pd.DataFrame(self._cov(kind or self._default_kind), index=names, columns=names)

    def _cov(self, kind: CovKind) -> Array:
        inner = super()._cov(kind)
        return np.asarray(self._to_data @ inner @ self._to_data.T)

    # --- what is predicted --------------------------------------------------------------------------------------------

    def rows_law(self, frame: Any = None, offsets: Mapping[str, Array] | None = None) -> Distribution:
        """The law of every row of a frame; of the rows of the data without one."""
        base, params = self.model.base, []
        if frame is None:
            law = self.model.given(self.sample.known).law(self.model.unpack(self._maximum_theta_in_unit))
            return self._in_data_unit(law)
        for p, value in zip(base.parameters, self.params.values(), strict=True):
            design = self.designs.get(p.name)
            if design is None:
                params.append(value)
                continue
            eta = design.matrix(frame) @ np.asarray(value)
            params.append(self.links[p.name].value(eta + (offsets or {}).get(p.name, 0.0)))
        return Distribution.at(base, tuple(params))

    @property
    def _maximum_theta_in_unit(self) -> Array:
        return self._at_maximum.theta_in_unit

    def _in_data_unit(self, law: Distribution) -> Distribution:
        unit = self.model.own_unit
        moved = [
            unit.to_data(value, p.role) for p, value in zip(law.family.parameters, law.params.values(), strict=True)
        ]
        return Distribution.at(law.family, tuple(moved))


def regress(
    y: Any,
    data: Any,
    family: Any,
    *,
    weights: Any = None,
    weight_kind: WeightKind = "frequency",
    offset: Any = None,
    exposure: Any = None,
    links: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
    start: Mapping[str, Any] | None = None,
    solver: str | None = None,
    nan_policy: NanPolicy = "raise",
    rng: Any = None,
    **others: Any,
) -> RegressionFit:
    """Fit a law whose parameters depend on covariates, by maximum likelihood, and certify the maximum.

    Parameters
    ----------
    y : str, array_like or Sample
        A formula, ``"y ~ x1 + C(group)"``, or the observations.
    data : DataFrame or array_like of shape (n, k)
        The frame of the formula; or the design of the modelled parameter, as it is: no intercept is added.
    family : str, Family or scipy.stats distribution
        The law of one row.
    weights, weight_kind
        As for `Sample`.
    offset : array_like, or mapping of str to array_like
        Added to the predictor of the modelled parameter, or of those named.
    exposure : array_like
        Positive; its log is added to the predictor, whose link must be the log.
    links : mapping of str to link, optional
        By parameter; see `mle_toolkit.families.links`.
    fixed, start, solver, nan_policy, rng
        As for `fit`.
    **others
        Formulas, or designs, of other parameters by name; or known constants of the law.

    Returns
    -------
    RegressionFit
    """
    constants = {name: others.pop(name) for name in list(others) if _is_constant(family, name)}
    law = get_family(family, **constants) if constants else get_family(family)
    if "mean" in law.forms and not set(others) & (set(law.param_names) - set(law.by("mean").param_names)):
        law = law.by("mean")
    check_scalar(law)
    main = law.main_parameter
    unknown = [name for name in others if name not in law.param_names]
    if unknown:
        raise ParameterError(
            f"regress: {law.name} has no parameter {unknown[0]!r}; its parameters: {', '.join(law.param_names)}."
        )
    made: dict[str, tuple[Design, Array]] = {}
    if isinstance(y, str):
        left, _, right = y.partition("~")
        response: Any = data[left.strip()]
        made[main] = of_formula(right.strip(), data)
    else:
        response = y
        made[main] = of_array(data)
    for name, given in others.items():
        made[name] = of_formula(given.replace("~", ""), data) if isinstance(given, str) else of_array(given)
    sample = response if isinstance(response, Sample) else Sample(response, weights, weight_kind, nan_policy=nan_policy)
    wanted = {name: _link_for(law, name, (links or {}).get(name)) for name in made}
    offsets = _offsets(offset, exposure, main, wanted)
    known: dict[str, Any] = {_key(name): matrix for name, (_, matrix) in made.items()}
    known |= {_offset_key(name): column for name, column in offsets.items()}
    sample = law.with_rows(sample).with_known(**known)
    unit = _unit_for(law, sample, wanted)
    terms = []
    for name, (design, _) in made.items():
        parameter = law.parameters[law.param_names.index(name)]
        terms.append(_term(name, design, sample, wanted[name], unit, parameter.role, has_offset=name in offsets))
    model = Model(law.given(sample.known), terms, sample.known, unit)
    model.check_support(sample)
    maximum = maximise(model, sample, fixed=fixed, start=_start_in_unit(model, start), solver=solver)
    fit = RegressionFit.made(maximum, sample, {name: design for name, (design, _) in made.items()})
    warn_if_weaker(fit)
    return fit


def _is_constant(family: Any, name: str) -> bool:
    if not isinstance(family, str):
        return False
    from mle_toolkit.families.base import family_class

    return name in family_class(family).constant_defaults


def _key(name: str) -> str:
    return f"design of {name}"


def _offset_key(name: str) -> str:
    return f"offset of {name}"


def _offsets(offset: Any, exposure: Any, main: str, links: Mapping[str, Link]) -> dict[str, Array]:
    given = {} if offset is None else dict(offset) if isinstance(offset, Mapping) else {main: offset}
    offsets = {name: to_column(column, f"offset of {name}")[0] for name, column in given.items()}
    if exposure is not None:
        if links[main].name != "log":
            raise ParameterError(
                f"exposure: the predictor of {main} has the link {links[main]}; exposure multiplies a mean, so it "
                f"needs the log link. Use offset=, or links={{{main!r}: 'log'}}."
            )
        column, _ = to_column(exposure, "exposure")
        bad = np.flatnonzero(~(column > 0))
        if len(bad):
            raise DataError(
                f"exposure: {len(bad)} of {len(column)} are not positive; the first is exposure[{bad[0]}] = "
                f"{column[bad[0]]:g}."
            )
        offsets[main] = offsets.get(main, 0.0) + np.log(column)
    return offsets


def _link_for(law: Family, name: str, wanted: Any) -> Link:
    """The link that was asked for, or the usual one for the domain of the parameter."""
    if wanted is not None:
        return get_link(wanted)
    domain = law.parameters[law.param_names.index(name)].domain
    assert isinstance(domain, Interval)
    if domain.is_line:
        return get_link("identity")
    if (domain.lower, domain.upper) == (0.0, 1.0):
        return get_link("logit")
    if domain.lower == 0.0 and np.isinf(domain.upper):
        return get_link("log")
    return get_link("identity")


def _unit_for(law: Family, sample: Sample, links: Mapping[str, Link]) -> Unit:
    """The unit of the observations, as far as the links of their parameters can follow it."""
    if not law.has_location and not law.has_scale:
        return Unit()
    unit = Unit.standard(law, sample.stand_ins())
    centre, scale = unit.centre, unit.scale
    for p in law.parameters:
        link = links.get(p.name)
        if link is None:
            continue
        if p.role == "location" and link.name != "identity":
            centre = 0.0
        if p.role in ("location", "scale", "rate") and link.rescaled is None:
            return Unit()
        if p.role == "log-scale" and link.name != "identity":
            return Unit()
    # A centre moves a location only where all of them are, or are numbers.
    return Unit(centre, scale)


def _term(name: str, design: Design, sample: Sample, link: Link, unit: Unit, role: str, *, has_offset: bool) -> Linear:
    """A predictor in coordinates in which columns are centred and of unit size, in the unit of the likelihood."""
    constant, mean, size = _columns(sample, _key(name), design.constant)
    frame = 1 / np.where(size > 0, size, 1.0)
    factor, shift = 1.0, 0.0
    if role == "location":
        if link.name == "identity":
            factor, shift = 1 / unit.scale, -unit.centre / unit.scale
        elif link.rescaled is not None:
            factor, shift = link.rescaled(1 / unit.scale)
    elif role == "scale" and link.rescaled is not None:
        factor, shift = link.rescaled(1 / unit.scale)
    elif role == "rate" and link.rescaled is not None:
        factor, shift = link.rescaled(unit.scale)
    elif role == "log-scale":
        shift = -float(np.log(unit.scale))
    return Linear(
        name, _key(name), link, mean, frame, _offset_key(name) if has_offset else None, factor, shift, constant
    )


def _columns(sample: Sample, key: str, constant: int | None) -> tuple[int | None, Array, Array]:
    """Which column of a design is 1 in every row, the means of the others, and their sizes about them; by blocks."""
    if constant is None:
        is_one = np.logical_and.reduce([np.all(block.known[key] == 1.0, axis=0) for block in sample.parts()])
        constant = int(np.argmax(is_one)) if is_one.any() else None
    mean = np.zeros(sample.known[key].shape[1])
    if constant is not None:  # else nothing can take up what is subtracted
        mean = sample.fold(lambda block: _column_sums(block.known[key], block.weight)) / sample.nobs
        mean[constant] = 0.0
    squares = sample.fold(lambda block: _column_sums(np.square(block.known[key] - mean), block.weight))
    return constant, mean, np.sqrt(squares / sample.nobs)


def _column_sums(columns: Array, weight: Array | None) -> Array:
    return np.asarray(np.sum(columns, axis=0) if weight is None else weight @ columns)


def _start_in_unit(model: Model, start: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if start is None:
        return None
    return {name: model.linear[name].to_unit(value) if name in model.linear else value for name, value in start.items()}
