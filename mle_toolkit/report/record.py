"""A fit as a JSON record, and back, bit for bit.

A record is made of dicts, lists, strings, booleans, None and finite numbers; NaN and the infinities are the strings
``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, which `float` reads. Python writes a float with as many digits as bring
back the same float.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.columns import Level
from mle_toolkit.data.formula_text import read
from mle_toolkit.data.formulas import Design, Recipe, Term
from mle_toolkit.errors import MleError
from mle_toolkit.estimation.certificate import Certificate
from mle_toolkit.estimation.mixed import model_class
from mle_toolkit.estimation.recorded import Recorded
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators import kinds
from mle_toolkit.families.combinators.parts import Combined
from mle_toolkit.families.combinators.reparametrised import Reparametrised
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Domain, Interval, PositiveDefinite, Simplex, Space, Stack, Vector
from mle_toolkit.families.levels_apart import ChoiceApart, OrderedApart, Way, apart
from mle_toolkit.families.links import Link, get_link, links
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.families.parameters import Parameter, Role
from mle_toolkit.families.registry import family_class, get_family, is_registered
from mle_toolkit.families.written import scipy_named
from mle_toolkit.inference.covariance import CovKind, covariance
from mle_toolkit.inference.gain import RegressionReport
from mle_toolkit.information.report import InformationReport
from mle_toolkit.likelihood.linear import Ended, Linear
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.unit import Unit
from mle_toolkit.options import shown
from mle_toolkit.report import schema

if TYPE_CHECKING:
    import os

    from mle_toolkit.estimation.maximum import Maximum
    from mle_toolkit.report.drawn import Drawn, DrawnRegression

F = TypeVar("F")

FORMAT = "mle_toolkit.fit"
SCHEMA = 1
"""Version of the record. It rises when a reader of the old one could misread the new one."""

_KINDS: tuple[CovKind, ...] = ("observed", "opg", "sandwich")
_KEPT_COVARIANCES = (*_KINDS, "expected")  # the last by quadrature, so only if it was asked for
DERIVED = ("nll", "cross_entropy", "df_model", "aic", "aicc", "bic", "tic")
MOST_BYTES = 1_000_000_000
DEEPEST = 12
"""Of a file, at most: its size; and laws within laws."""


class UnsavedLaw(Family):
    """A law of which only name, parameters and support were saved, as its formula is the user's own code."""

    def __init__(self, name: str, parameters: tuple[Parameter, ...], support: Interval) -> None:
        self.name = name
        self.parameters = parameters
        self.support = support
        super().__init__()

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Raise: the formula was not saved."""
        raise MleError(
            f"{self.name}: a law of your own is saved by name only, so the loaded fit cannot evaluate it. Take the "
            f"parameters from fit.params and your own law: mle.Distribution(law, fit.params)."
        )


def fit_to_dict(fit: Drawn) -> dict[str, Any]:
    """Everything about a fit but its data, as JSON-ready values."""
    if fit._maximum is not None:
        for kind in _KINDS if fit.sample.has_rows else ("observed",):
            fit.cov_params(kind)
    distribution = fit.distribution
    record = {
        "format": FORMAT,
        "schema": SCHEMA,
        "family": family_to_dict(fit.family),
        "params": dict(fit.params),
        "fixed": list(fit.fixed),
        "weight_kind": fit.weight_kind,
        "llf": fit.llf,
        "nobs": fit.nobs,
        "bse": dict(fit.bse),
        "cov_params": {kind: fit._pieces[f"cov_{kind}"] for kind in _KEPT_COVARIANCES if f"cov_{kind}" in fit._pieces},
        "optimism": fit.optimism,
        "certificate": certificate_to_dict(fit.certificate),
        "information": fit.information().to_dict(),
        "distribution": {"family": family_to_dict(distribution.family), "params": dict(distribution.params)},
        # For readers of the file; a loaded fit computes these from the above.
        "derived": {name: getattr(fit, name) for name in DERIVED},
    }
    plain: dict[str, Any] = jsonable(record)
    return plain


def fit_from_dict(record: Mapping[str, Any], kind: Callable[..., F]) -> F:
    """The fit, of class ``kind``, of which `fit_to_dict` made the record; without its data.

    Raises
    ------
    MleError
        If the record is not that of a fit, is damaged, or has a newer schema.
    """
    if record.get("format") != FORMAT:
        raise MleError(_not_a_fit(record.get("format")))
    check_schema(record)
    family = family_from_dict(schema.item(record, "family", ""), "family")
    theta = _values(family, schema.item(record, "params", ""), "params", in_domain=True)
    covariances = schema.mapping(schema.item(record, "cov_params", ""), "cov_params")
    nobs, llf, weight_kind = _facts(record)
    fixed = tuple(schema.entries(schema.item(record, "fixed", ""), "fixed", schema.text))
    for k, name in enumerate(fixed):
        if name not in family.param_names or name in fixed[:k]:
            schema.refuse(f"fixed[{k}]", f"expected a parameter of {family.name}, each once, got {shown(name)}")
    bse = _values(family, schema.item(record, "bse", ""), "bse")
    if np.any(bse < 0):
        schema.refuse("bse", "expected standard errors, of which none is negative")
    pieces: dict[str, Any] = {
        f"cov_{name}": _matrix(cov, len(theta), f"cov_params.{name}")
        for name, cov in covariances.items()
        if name in _KEPT_COVARIANCES
    }
    pieces |= {
        "bse": bse,
        "optimism": schema.number(schema.item(record, "optimism", ""), "optimism"),
        "certificate": schema.read_as(Certificate, schema.item(record, "certificate", ""), "certificate"),
        "information": schema.read_as(InformationReport, schema.item(record, "information", ""), "information"),
    }
    law = schema.item(record, "distribution", "")
    if schema.item(law, "family", "distribution") != record["family"]:  # at a boundary the law is the limiting one
        limit = family_from_dict(law["family"], "distribution.family")
        values = _values(limit, schema.item(law, "params", "distribution"), "distribution.params", in_domain=True)
        with schema.inside("distribution.params"):
            pieces["distribution"] = Distribution(limit, _named(limit, values))
    else:
        with schema.inside("params"):
            pieces["distribution"] = Distribution(family, _named(family, theta))
    fit: Any = kind(family, theta, llf, nobs, fixed, weight_kind, None, None, pieces)
    _check_derived(fit, record.get("derived", {}))
    made: F = fit
    return made


def _not_a_fit(form: Any) -> str:
    """What a file is, and what to do with it, by the format that it names."""
    if not isinstance(form, str) or not form.startswith(f"{__name__.partition('.')[0]}."):
        return f"not a saved fit: format is {shown(form)}, expected {FORMAT!r}."
    return (
        f"not a saved fit: format is {shown(form)}, a table of results that keeps no fit. Read it with json.load, and "
        f"save each fit that is to be loaded by itself, as comparison.best.save(path)."
    )


def check_schema(record: Mapping[str, Any]) -> None:
    """Raise if a record was written by a later version, whose meaning may differ."""
    version = record.get("schema")
    if not isinstance(version, int) or isinstance(version, bool) or version > SCHEMA:
        raise MleError(
            f"the saved fit has schema {shown(version)}, and this version of mle_toolkit reads up to {SCHEMA}; "
            f"upgrade it."
        )


def _facts(record: Mapping[str, Any]) -> tuple[float, float, str]:
    """Number of observations, log-likelihood, and kind of weights."""
    nobs = schema.number(schema.item(record, "nobs", ""), "nobs")
    if not 0 < nobs < math.inf:
        schema.refuse("nobs", f"expected a number above 0, got {nobs:g}")
    llf = schema.number(schema.item(record, "llf", ""), "llf")
    if not math.isfinite(llf):
        schema.refuse("llf", f"expected a finite number, got {llf:g}")
    weight_kind = schema.item(record, "weight_kind", "")
    if weight_kind not in ("frequency", "reliability"):
        schema.refuse("weight_kind", f"expected frequency or reliability, got {shown(weight_kind)}")
    return nobs, llf, str(weight_kind)


# --- regressions ----------------------------------------------------------------------------------------------------


REGRESSION_FORMAT = "mle_toolkit.regression"


def regression_to_dict(fit: DrawnRegression) -> dict[str, Any]:
    """Everything about a regression but its data: formulas with what they learned, coefficients, covariances."""
    for name, link in fit.links.items():
        if get_link(link.name) is not link if link.name in links() else True:
            raise MleError(
                f"the link of {name}, {link}, is not one of ours, so it cannot be saved: {', '.join(links())}."
            )
    covariances = {kind: _triangle(fit.cov_params(kind).to_numpy()) for kind in _KINDS}
    base = fit.model.base
    certificate = fit.certificate
    record = {
        "format": REGRESSION_FORMAT,
        "schema": SCHEMA,
        "family": _law_to_dict(base),
        "designs": {name: design.to_dict() for name, design in fit.designs.items()},
        "links": {name: link.name for name, link in fit.links.items()},
        "offsets": list(fit.shifted),
        "params": {
            name: fit.coefficients[place] if name in fit.designs else fit.coefficients[place.start]
            for name, place in fit._places.items()
        },
        "fixed": list(fit.fixed),
        "known": fit.known,
        "pinned": fit.pinned,
        "weight_kind": fit.weight_kind,
        "llf": fit.llf,
        "nobs": fit.nobs,
        "n_given": fit.n_given,
        "cov_params": covariances,
        "limit": None if fit._at_maximum.limit is None else _limit_to_dict(fit._at_maximum.limit),
        "optimism": fit.optimism,
        "certificate": certificate_to_dict(fit._pieces.get("certificate", certificate)),
        "information": fit.information().to_dict(),
        "derived": {name: getattr(fit, name) for name in DERIVED},
    }
    plain: dict[str, Any] = jsonable(record)
    return plain


def _law_to_dict(base: Family) -> dict[str, Any]:
    """The law of a row; of constants that each row has for its own only the largest."""
    largest = {name: np.max(base.known[name], axis=0, keepdims=True) for name in base.per_row}
    return family_to_dict(base.given(largest))


def _limit_to_dict(maximum: Maximum) -> dict[str, Any]:
    """The maximum of a limiting model, in the unit of the data; its terms by the names of their designs."""
    model = maximum.family
    assert isinstance(model, Model)
    to_data = np.eye(len(maximum.theta))
    for p, place in zip(model.parameters, model.places, strict=True):
        if p.name in model.linear:
            to_data[place, place] = model.linear[p.name].map_to_data
    return {
        "family": _law_to_dict(model.base),
        "keys": {name: term.key for name, term in model.linear.items()},
        "ended": {name: _ended_to_dict(term) for name, term in model.linear.items() if term.ended is not None},
        "params": model.unpack(to_data @ maximum.theta),
        "cov_params": {kind: _triangle(to_data @ covariance(maximum, kind) @ to_data.T) for kind in _KINDS},
    }


def _ended_to_dict(term: Linear) -> dict[str, Any]:
    """Which rows of a predictor have run off, and what is left of it, in the unit of the data."""
    ended = term.ended
    assert ended is not None
    return {
        "directions": [direction.tolist() for direction in ended.directions],
        "kept": list(ended.kept),
        "ends": [(end - term.offset_shift) / term.factor for end in (ended.low, ended.high)],
    }


def _ended_from_dict(record: Any, term: Linear, path: str) -> Linear:
    """A predictor some rows of which have run off, of which `_ended_to_dict` made the record."""
    directions = schema.entries(schema.item(record, "directions", path), f"{path}.directions", _numbers)
    listed = schema.item(record, "kept", path)
    kept = schema.entries(listed, f"{path}.kept", lambda k, where: schema.whole(k, where, 0, term.size - 1))
    ends = _numbers(schema.item(record, "ends", path), f"{path}.ends")
    if ends.shape != (2,) or any(d.shape != (term.size,) or not np.all(np.isfinite(d)) for d in directions):
        schema.refuse(path, "expected directions of the design, and two ends")
    size = max(len(kept), 1)
    ended = Ended(tuple(directions), tuple(kept), float(ends[0]), float(ends[1]))
    return replace(term, shift=np.zeros(size), frame=np.ones(size), constant=None, ended=ended)


def _limit_from_dict(record: Any, own: Model) -> Recorded:
    """The limit of a model, of which `_limit_to_dict` made the record."""
    base = family_from_dict(schema.item(record, "family", "limit"), "limit.family")
    by_key = {term.key: term for term in own.linear.values()}
    off = schema.mapping(record.get("ended", {}), "limit.ended")
    terms = []
    for name, key in schema.mapping(schema.item(record, "keys", "limit"), "limit.keys").items():
        if name not in base.param_names or not isinstance(key, str) or key not in by_key:
            schema.refuse(f"limit.keys.{name}", f"expected a design of the fit, got {shown(key)}")
        term = replace(by_key[key], parameter=name)
        terms.append(_ended_from_dict(off[name], term, f"limit.ended.{name}") if name in off else term)
    if isinstance(base, (ChoiceApart, OrderedApart)):
        sizes = [1 if key is None else by_key[key].size if key in by_key else -1 for key in base.keys]
        if any([len(part) for part in way] != sizes for way in base.ways):
            schema.refuse("limit.family.ways", "expected directions of the designs of the fit")
    model = Model(base, terms, {}, Unit())
    given = schema.entries(schema.item(record, "params", "limit"), "limit.params", _numbers)
    if [value.shape for value in given] != [p.domain.shape for p in model.parameters]:
        schema.refuse("limit.params", "expected numbers of the parameters of the law")
    theta = np.concatenate([np.ravel(value) for value in given])
    if not np.all(np.isfinite(theta)):
        schema.refuse("limit.params", "expected finite numbers")
    listed = schema.mapping(schema.item(record, "cov_params", "limit"), "limit.cov_params")
    found = {kind: _lower_triangle(rows, len(theta), f"limit.cov_params.{kind}") for kind, rows in listed.items()}
    return Recorded(family=model, theta=theta, covariances=found)


def _triangle(matrix: Array) -> list[list[float]]:
    return [row[: k + 1].tolist() for k, row in enumerate(matrix)]


def regression_from_dict(record: Mapping[str, Any], kind: Callable[..., F]) -> F:
    """The regression of which `regression_to_dict` made the record; without its data.

    Raises
    ------
    MleError
        If the record is damaged, or has a newer schema.
    """
    check_schema(record)
    base = family_from_dict(schema.item(record, "family", ""), "family")
    designs = {
        name: _design_from_dict(value, f"designs.{name}")
        for name, value in schema.mapping(schema.item(record, "designs", ""), "designs").items()
    }
    chosen = schema.mapping(schema.item(record, "links", ""), "links")
    found: dict[str, Link] = {}
    for name in designs:
        if name not in base.param_names:
            schema.refuse(f"designs.{name}", f"{base.name} has no such parameter")
        with schema.inside(f"links.{name}"):
            found[name] = get_link(schema.text(schema.item(chosen, name, "links"), f"links.{name}"))
    names = [
        name if name not in designs else f"{name}[{term}]"
        for name in base.param_names
        for term in (designs[name].names if name in designs else ("",))
    ]
    at_end = schema.item(record, "limit", "") is not None
    values = _coefficients(base, designs, schema.item(record, "params", ""), at_end=at_end)
    at = dict(zip(names, values.tolist(), strict=True))
    held: list[dict[str, float]] = []
    for part in ("known", "pinned"):
        given = schema.read_as(dict[str, float], schema.item(record, part, ""), part)
        for name, value in given.items():
            if name not in at or name in base.param_names or value != at[name]:
                schema.refuse(f"{part}.{name}", "expected a coefficient, as in params")
        held.append(given)
    fixed = tuple(schema.entries(schema.item(record, "fixed", ""), "fixed", schema.text))
    for k, name in enumerate(fixed):
        if name not in names or name in fixed[:k] or (name not in base.param_names and name not in held[0]):
            schema.refuse(f"fixed[{k}]", f"expected a parameter or known coefficient, each once, got {shown(name)}")
    offsets = tuple(schema.entries(schema.item(record, "offsets", ""), "offsets", schema.text))
    for k, name in enumerate(offsets):
        if name not in designs:
            schema.refuse(f"offsets[{k}]", f"expected a parameter with a formula, got {shown(name)}")
    free = [k for k, name in enumerate(names) if name not in held[0] and name not in held[1]]
    covariances = schema.mapping(schema.item(record, "cov_params", ""), "cov_params")
    kept: dict[str, Array] = {}
    for name, rows in covariances.items():
        if name in _KEPT_COVARIANCES:
            kept[name] = _lower_triangle(rows, len(names), f"cov_params.{name}")[np.ix_(free, free)]
    nobs, llf, weight_kind = _facts(record)
    pieces = {
        "optimism": schema.number(schema.item(record, "optimism", ""), "optimism"),
        "certificate": schema.read_as(Certificate, schema.item(record, "certificate", ""), "certificate"),
        "information": schema.read_as(RegressionReport, schema.item(record, "information", ""), "information"),
    }
    default = "observed" if weight_kind == "frequency" else "sandwich"
    if default not in kept:
        schema.refuse("cov_params", f"expected {default}")
    moved = {names[k] for k in free}
    sizes = {name: sum(f"{name}[{term}]" in moved for term in design.names) for name, design in designs.items()}
    shifted = [name for name, design in designs.items() if name in offsets or sizes[name] < len(design.names)]
    model = model_class(base).of_coefficients(base, sizes, found, shifted)
    fit: Any = kind(model, values[free], llf, nobs, fixed, weight_kind, None, None, pieces)
    fit.designs, fit.links, fit.known, fit.pinned = designs, found, held[0], held[1]
    fit.n_given = schema.whole(schema.item(record, "n_given", ""), "n_given", 0)
    fit.rows, fit.shifted = np.empty(0, dtype=np.intp), offsets
    limit = schema.item(record, "limit", "")
    at_limit = None if limit is None else _limit_from_dict(limit, model)
    fit.recorded = Recorded(family=model, theta=values[free], covariances=kept, limit=at_limit)
    _check_derived(fit, record.get("derived", {}))
    made: F = fit
    return made


def _coefficients(base: Family, designs: Mapping[str, Design], record: Any, *, at_end: bool) -> Array:
    """All coefficients in one vector; at a limit some may be nothing, NaN."""
    found = schema.mapping(record, "params")
    parts = []
    for parameter in base.parameters:
        where = f"params.{parameter.name}"
        value = _numbers(schema.item(found, parameter.name, "params"), where)
        shape = (len(designs[parameter.name].names),) if parameter.name in designs else ()
        if value.shape != shape or (np.any(np.isnan(value)) and not at_end):
            schema.refuse(where, f"expected numbers of shape {shape}")
        parts.append(np.ravel(value))
    return np.concatenate(parts)


def _lower_triangle(rows: Any, side: int, path: str) -> Array:
    if not isinstance(rows, list) or len(rows) != side:
        schema.refuse(path, f"expected {side} rows of a triangle")
    matrix = np.zeros((side, side))
    for k, row in enumerate(rows):
        values = _numbers(row, f"{path}[{k}]")
        if values.shape != (k + 1,):
            schema.refuse(f"{path}[{k}]", f"expected {k + 1} numbers")
        matrix[k, : k + 1] = matrix[: k + 1, k] = values
    if np.any(np.diag(matrix) < 0):
        schema.refuse(path, "expected variances, of which none is negative")
    return matrix


def _design_from_dict(record: Any, path: str) -> Design:
    """The design of which `Design.to_dict` made the record; its formula is read anew, and never evaluated."""
    names = tuple(schema.entries(schema.item(record, "names", path), f"{path}.names", schema.text))
    if not names or len(set(names)) < len(names):
        schema.refuse(f"{path}.names", "expected names of columns, each once")
    formula = schema.item(record, "formula", path)
    if formula is None:
        return Design(names, {name: slice(k, k + 1) for k, name in enumerate(names)})
    with schema.inside(path):
        _, factors = read(schema.text(formula, f"{path}.formula"))
    terms = []
    for k, term in enumerate(schema.entries(schema.item(record, "terms", path), f"{path}.terms", schema.mapping)):
        where = f"{path}.terms[{k}]"
        parts = schema.read_as(
            tuple[tuple[tuple[str, bool], ...], ...], schema.item(term, "parts", where), f"{where}.parts"
        )
        stray = [label for part in parts for label, _ in part if label not in factors]
        if stray:
            schema.refuse(f"{where}.parts", f"{shown(stray[0])} is not in the formula")
        terms.append(Term(schema.text(schema.item(term, "name", where), f"{where}.name"), parts))
    levels: dict[str, tuple[Level, ...]] = {}
    bases: dict[str, Level] = {}
    given = schema.mapping(schema.item(record, "bases", path), f"{path}.bases")
    for label, values in schema.mapping(schema.item(record, "levels", path), f"{path}.levels").items():
        where = f"{path}.levels.{label}"
        found = tuple(schema.entries(values, where, _level_from_json))
        base = _level_from_json(schema.item(given, label, f"{path}.bases"), f"{path}.bases.{label}")
        if label not in factors or base not in found or len(set(found)) < len(found):
            schema.refuse(where, "expected levels of a factor of the formula, each once, with its base among them")
        levels[label], bases[label] = found, base
    states = schema.mapping(schema.item(record, "states", path), f"{path}.states")
    for label, state in states.items():
        _check_state(state, f"{path}.states.{label}")
    design = Design.of_recipe(formula, Recipe(factors, tuple(terms), levels, bases, states))
    if design.names != names:
        design = design.without_intercept()  # of ordered levels
    if design.names != names:
        schema.refuse(f"{path}.names", "are not those that the terms of the formula make")
    return design


def _level_from_json(value: Any, path: str) -> Level:
    if not isinstance(value, (str, bool, int, float)):
        schema.refuse(path, f"expected a text or a number, got {shown(value)}")
    return value


def _check_state(value: Any, path: str) -> None:
    """What a mean, a polynomial or a spline learned: numbers, truth values and lists of them, by name."""
    for name, one in schema.mapping(value, path).items():
        where = f"{path}.{name}"
        if name == "columns":
            schema.whole(one, where, 1)
        elif name in ("alpha", "norms2"):
            for key, entry in schema.mapping(one, where).items():
                if not key.isdigit():
                    schema.refuse(f"{where}.{key}", "expected the number of a polynomial")
                schema.number(entry, f"{where}.{key}")
        elif one is not None and not isinstance(one, bool):
            _numbers(one, where)


def _check_derived(fit: Drawn, derived: Any) -> None:
    """Refuse a file whose numbers contradict each other."""
    for name, value in schema.mapping(derived, "derived").items():
        if name in DERIVED:
            path, own = f"derived.{name}", float(getattr(fit, name))
            given = schema.number(value, path)
            if not (math.isclose(given, own, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(given) and math.isnan(own))):
                schema.refuse(path, f"is {given:g}, and by the other numbers of the file {own:g}")


def certificate_to_dict(certificate: Certificate) -> dict[str, Any]:
    """All fields of a certificate, the verdict by its name."""
    record = {name: getattr(certificate, name) for name in certificate.__dataclass_fields__}
    return record | {"verdict": str(certificate.verdict), "ok": certificate.ok}


def family_to_dict(family: Family) -> dict[str, Any]:
    """What finds the family again: its registered or SciPy name and its constants, else what it declares."""
    constants = dict(family.constants)
    if is_registered(family):
        asked = {} if family.asked_by is None else {"by": family.asked_by}
        return {"kind": "registered", "name": family.name, "constants": constants} | asked
    if _is_of_scipy(family):
        free = {"loc": None} if "loc" in family.param_names else {}
        return {"kind": "scipy", "name": family.name, "constants": constants | free}
    made = _made_to_dict(family)
    if made is not None:
        return made
    if isinstance(family, Reparametrised):
        return {"kind": "form", "by": family.kind, "of": family_to_dict(family.base)}
    if isinstance(family, (ChoiceApart, OrderedApart)):
        ways = [[part.tolist() for part in way] for way in family.ways]
        return {"kind": "apart", "of": family_to_dict(family.whole), "keys": list(family.keys), "ways": ways}
    if isinstance(family, Ordered):
        return {"kind": "ordered", "levels": list(family.levels), "link": family.link, "scaled": family.scaled}
    if isinstance(family, Choice):
        return {"kind": "choice", "levels": list(family.levels), "reference": family.reference}
    return {
        "kind": "custom",
        "name": family.name,
        "parameters": [_parameter_to_dict(parameter) for parameter in family.parameters],
        "support": _domain_to_dict(family.support),
    }


def family_from_dict(record: Any, path: str = "family", depth: int = 0) -> Family:
    """The family of which `family_to_dict` made the record; see `UnsavedLaw` for laws of the user's own.

    Raises
    ------
    MleError
        If it is none, with the path of what is wrong.
    """
    if depth > DEEPEST:
        schema.refuse(path, f"laws within laws go {DEEPEST} deep at most")
    kind = schema.text(schema.item(record, "kind", path), f"{path}.kind")
    with schema.inside(path):
        if kind in kinds():
            return _made_from_dict(kinds()[kind], record, path, depth)
        if kind == "form":
            of = family_from_dict(schema.item(record, "of", path), f"{path}.of", depth + 1)
            return of.by(schema.text(schema.item(record, "by", path), f"{path}.by"))
        if kind == "apart":
            return _apart_from_dict(record, path, depth)
        if kind in ("ordered", "choice"):
            return _levels_from_dict(kind, record, path)
        name = schema.text(schema.item(record, "name", path), f"{path}.name")
        if kind == "custom":
            listed = schema.item(record, "parameters", path)
            parameters = tuple(schema.entries(listed, f"{path}.parameters", _parameter_from_dict))
            names = [parameter.name for parameter in parameters]
            if not parameters or len(set(names)) < len(names):
                schema.refuse(f"{path}.parameters", "expected parameters, each once")
            return UnsavedLaw(
                name, parameters, _interval_from_dict(schema.item(record, "support", path), f"{path}.support")
            )
        if kind in ("registered", "scipy"):
            constants = {
                key: _constant(value, f"{path}.constants.{key}")
                for key, value in schema.mapping(schema.item(record, "constants", path), f"{path}.constants").items()
            }
            if kind == "scipy":
                return get_family(scipy_named(name), **constants)
            law = family_class(name)(**constants)
            return law.by(schema.text(record["by"], f"{path}.by")) if "by" in record else law
    raise MleError(f"the saved fit has a law of unknown kind {shown(kind)}; upgrade mle_toolkit.")


def _levels_from_dict(kind: str, record: Any, path: str) -> Family:
    levels = schema.entries(schema.item(record, "levels", path), f"{path}.levels", schema.text)
    if len(levels) < 2 or len(set(levels)) < len(levels):
        schema.refuse(f"{path}.levels", "expected two levels or more, each once")
    if kind == "choice":
        reference = schema.whole(schema.item(record, "reference", path), f"{path}.reference", 0)
        if reference >= len(levels):
            schema.refuse(f"{path}.reference", f"expected one of the {len(levels)} levels, got {reference}")
        return Choice(levels, reference)
    scaled = schema.read_as(bool, schema.item(record, "scaled", path), f"{path}.scaled")
    return Ordered(levels, schema.text(schema.item(record, "link", path), f"{path}.link"), scaled=scaled)


def _apart_from_dict(record: Any, path: str, depth: int) -> Family:
    law = family_from_dict(schema.item(record, "of", path), f"{path}.of", depth + 1)
    keys = schema.read_as(tuple[str | None, ...], schema.item(record, "keys", path), f"{path}.keys")
    if not isinstance(law, (Choice, Ordered)) or len(keys) != len(law.parameters):
        schema.refuse(path, "expected levels, and the key of a design, or none, of each of their parameters")

    def way(value: Any, where: str) -> Way:
        parts = tuple(schema.entries(value, where, _numbers))
        if len(parts) != len(keys) or any(part.ndim != 1 or not np.all(np.isfinite(part)) for part in parts):
            schema.refuse(where, "expected a direction, one list of numbers a parameter")
        return parts

    return apart(law, keys, schema.entries(schema.item(record, "ways", path), f"{path}.ways", way))


def _constant(value: Any, path: str) -> Any:
    """A known constant of a law: a number, one a row, or none."""
    if isinstance(value, list):
        return np.array(schema.entries(value, path, schema.number))
    if isinstance(value, int) and not isinstance(value, bool):
        return schema.whole(value, path, -(2**53))
    return None if value is None else schema.number(value, path)


def _made_to_dict(family: Family) -> dict[str, Any] | None:
    """Record of a family made of others; None of any other."""
    kind = getattr(family, "kind", None)
    if kind is None or kinds().get(kind) is not type(family):
        return None
    assert isinstance(family, Combined)
    parts, others = family.made_of()
    return {"kind": kind, "of": [family_to_dict(part) for part in parts]} | others


def _made_from_dict(made: type[Combined], record: Any, path: str, depth: int) -> Family:
    of = schema.item(record, "of", path)
    parts = schema.entries(of, f"{path}.of", lambda value, where: family_from_dict(value, where, depth + 1))
    if not parts or (len(parts) > 1 and not made.of_several):
        schema.refuse(f"{path}.of", f"expected {'laws' if made.of_several else 'one law'}, got {len(parts)}")
    others = {
        name: schema.read_as(hint, schema.item(record, name, path), f"{path}.{name}")
        for name, hint in made.takes.items()
    }
    return made.made_from(parts, others)


def _is_of_scipy(family: Family) -> bool:
    """Whether it is a law of scipy.stats itself, not one of the user's under its rules."""
    from mle_toolkit.families.scipy_law import ScipyLaw

    if not isinstance(family, ScipyLaw):
        return False
    from scipy import stats

    return getattr(stats, family.name, None) is family.dist


def _parameter_to_dict(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "domain": _domain_to_dict(parameter.domain),
        "typical": list(parameter.typical),
        "role": parameter.role,
        "regular": parameter.regular,
    }


def _parameter_from_dict(record: Any, path: str) -> Parameter:
    role: Any = schema.text(schema.item(record, "role", path), f"{path}.role")
    if role not in get_args(Role):
        schema.refuse(f"{path}.role", f"expected one of {', '.join(get_args(Role))}, got {shown(role)}")
    return Parameter(
        schema.text(schema.item(record, "name", path), f"{path}.name"),
        _domain_from_dict(schema.item(record, "domain", path), f"{path}.domain"),
        schema.read_as(tuple[float, float], schema.item(record, "typical", path), f"{path}.typical"),
        role,
        schema.read_as(bool, schema.item(record, "regular", path), f"{path}.regular"),
    )


def _domain_to_dict(domain: Domain) -> dict[str, Any]:
    if isinstance(domain, Simplex):
        return {"simplex": domain.size}
    if isinstance(domain, Vector):
        return {"vector": domain.size, "of": _domain_to_dict(domain.domain)}
    if isinstance(domain, Space):
        return {"space": domain.size}
    if isinstance(domain, PositiveDefinite):
        return {"positive_definite": domain.side}
    if isinstance(domain, Stack):
        return {"stack": [_domain_to_dict(part) for part in domain.parts]}
    return {"lower": domain.lower, "upper": domain.upper, "closed": domain.closed, "integer": domain.integer}


def _domain_from_dict(record: Any, path: str) -> Domain:
    found = schema.mapping(record, path)
    if "simplex" in found:
        return Simplex(_size(found, "simplex", path))
    if "vector" in found:
        of = _interval_from_dict(schema.item(found, "of", path), f"{path}.of")
        return Vector(of, _size(found, "vector", path))
    if "space" in found:
        return Space(_size(found, "space", path))
    if "positive_definite" in found:
        return PositiveDefinite(_size(found, "positive_definite", path))
    if "stack" in found:
        parts: Any = schema.entries(found["stack"], f"{path}.stack", _part_of_stack)
        if not parts:
            schema.refuse(f"{path}.stack", "expected domains")
        return Stack(tuple(parts))
    return _interval_from_dict(found, path)


def _part_of_stack(record: Any, path: str) -> Domain:
    if "stack" in schema.mapping(record, path):
        schema.refuse(path, "expected a domain that is no stack")
    return _domain_from_dict(record, path)


def _size(record: Any, name: str, path: str) -> int:
    return schema.whole(record[name], f"{path}.{name}", 1, 10_000)


def _interval_from_dict(record: Any, path: str) -> Interval:
    lower, upper = (schema.number(schema.item(record, end, path), f"{path}.{end}") for end in ("lower", "upper"))
    if not lower <= upper:
        schema.refuse(path, f"expected an interval, got ({lower:g}, {upper:g})")
    closed = schema.item(record, "closed", path)
    if closed not in ("neither", "lower", "upper", "both"):
        schema.refuse(f"{path}.closed", f"expected neither, lower, upper or both, got {shown(closed)}")
    return Interval(lower, upper, closed, schema.read_as(bool, schema.item(record, "integer", path), f"{path}.integer"))


def _values(family: Family, record: Any, path: str, *, in_domain: bool = False) -> Array:
    """Numbers of all parameters in one vector; infinite ones belong to limits, and NaN to errors that do not exist."""
    found = schema.mapping(record, path)
    for name in found:
        if name not in family.param_names:
            schema.refuse(schema.below(path, name), f"{family.name} has no such parameter")
    parts = []
    for parameter in family.parameters:
        where = schema.below(path, parameter.name)
        value = _numbers(schema.item(found, parameter.name, path), where)
        if value.shape != parameter.domain.shape:
            schema.refuse(where, f"expected numbers of shape {parameter.domain.shape}, got shape {value.shape}")
        if in_domain:
            domain = parameter.domain
            low, high = (domain.lower, domain.upper) if isinstance(domain, Interval) else (-math.inf, math.inf)
            if np.any(np.isnan(value)) or np.any(value < low) or np.any(value > high):
                schema.refuse(where, f"lies outside its domain {domain}")
        parts.append(np.ravel(value))
    return np.concatenate(parts) if parts else np.empty(0)


def _numbers(value: Any, path: str, depth: int = 0) -> Array:
    """A number, or a list of lists of them, as an array."""
    if not isinstance(value, list):
        return np.array(schema.number(value, path))
    if depth == 3:
        schema.refuse(path, "expected a number, got a list")
    rows = schema.entries(value, path, lambda item, where: _numbers(item, where, depth + 1))
    if len({row.shape for row in rows}) > 1:
        schema.refuse(path, "expected rows of equal length")
    return np.array(rows)


def _named(family: Family, theta: Array) -> dict[str, Any]:
    return dict(zip(family.param_names, family.unpack(theta), strict=True))


def _matrix(rows: Any, side: int, path: str) -> Array:
    found = _numbers(rows, path) if rows else np.empty((0, 0))
    if found.shape != (side, side):
        schema.refuse(path, f"expected a matrix of shape ({side}, {side}), got shape {found.shape}")
    return found


# --- JSON -----------------------------------------------------------------------------------------------------------


def jsonable(value: Any) -> Any:
    """The same value in dicts, lists, strings and finite numbers; see the conventions of this module."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be saved as JSON.")


def write_json(record: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a record as JSON text in UTF-8."""
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file.

    Raises
    ------
    MleError
        If it is not JSON.
    """
    file = Path(path)
    if file.is_file() and file.stat().st_size > MOST_BYTES:
        raise MleError(f"{file}: of {file.stat().st_size:,} bytes; a saved fit has at most {MOST_BYTES:,}.")
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:  # a JSONDecodeError, or a number of too many digits
        raise MleError(f"{file}: not a JSON file ({error}).") from error
    except RecursionError:
        raise MleError(f"{file}: lists within lists go too deep for a saved fit.") from None
