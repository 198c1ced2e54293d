"""A regression as a JSON record, and back: formulas with what they learned, coefficients, covariances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

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
from mle_toolkit.families.levels_apart import ChoiceApart, OrderedApart
from mle_toolkit.families.links import Link, get_link, links
from mle_toolkit.inference.covariance import covariance
from mle_toolkit.inference.gain import RegressionReport
from mle_toolkit.likelihood.linear import Ended, Face, Linear
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.unit import Unit
from mle_toolkit.options import shown
from mle_toolkit.report import schema
from mle_toolkit.report.law_record import family_from_dict, family_to_dict, numbers_of
from mle_toolkit.report.record import (
    DERIVED,
    KEPT_COVARIANCES,
    KINDS,
    SCHEMA,
    F,
    certificate_to_dict,
    check_derived,
    check_schema,
    facts_of,
    jsonable,
)

if TYPE_CHECKING:
    from mle_toolkit.estimation.maximum import Maximum
    from mle_toolkit.report.drawn import DrawnRegression


# --- regressions ----------------------------------------------------------------------------------------------------


REGRESSION_FORMAT = "mle_toolkit.regression"


def regression_to_dict(fit: DrawnRegression) -> dict[str, Any]:
    """Everything about a regression but its data: formulas with what they learned, coefficients, covariances."""
    for name, link in fit.links.items():
        if get_link(link.name) is not link if link.name in links() else True:
            raise MleError(
                f"the link of {name}, {link}, is not one of ours, so it cannot be saved: {', '.join(links())}."
            )
    covariances = {kind: _triangle(fit.cov_params(kind).to_numpy()) for kind in KINDS}
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
            for name, place in fit.places.items()
        },
        "fixed": list(fit.fixed),
        "known": fit.known,
        "pinned": fit.pinned,
        "weight_kind": fit.weight_kind,
        "llf": fit.llf,
        "nobs": fit.nobs,
        "n_given": fit.n_given,
        "cov_params": covariances,
        "centred": _centred_to_dict(fit.at_maximum),
        "limit": None if fit.at_maximum.limit is None else _limit_to_dict(fit.at_maximum.limit),
        "optimism": fit.optimism,
        "certificate": certificate_to_dict(fit.pieces.get("certificate", certificate)),
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
    model = maximum.model
    to_data = np.eye(len(maximum.theta))
    for p, place in zip(model.parameters, model.places, strict=True):
        if p.name in model.linear:
            to_data[place, place] = model.linear[p.name].map_to_data
    return {
        "family": _law_to_dict(model.base),
        "keys": {name: term.key for name, term in model.linear.items()},
        "ended": {
            name: _ended_to_dict(term, whole.ended)
            for name, term in model.linear.items()
            if (whole := term if term.face is None else term.face.whole).ended is not None
        },
        "faces": {name: _face_to_dict(term, term.face) for name, term in model.linear.items() if term.face is not None},
        "params": model.unpack(to_data @ maximum.theta),
        "cov_params": {kind: _triangle(to_data @ covariance(maximum, kind) @ to_data.T) for kind in KINDS},
    }


def _centred_to_dict(maximum: Maximum) -> dict[str, Any] | None:
    """The same by columns that are measured from their means, where these are so far from 0 that digits would be lost.

    What a covariate's mean contributes to the intercept, and to its variance, cancels in every prediction.
    """
    model = maximum.model
    if maximum.limit is not None or all(
        term.ended is not None or term.by_raw is not None or not term.shift.any() for term in model.linear.values()
    ):
        return None
    matrix = np.eye(len(maximum.theta))
    for p, place in zip(model.parameters, model.places, strict=True):
        term = model.linear.get(p.name)
        if term is not None:
            matrix[place, place] = (np.diag(term.frame) if term.frame.ndim == 1 else term.frame) / term.factor
    return {
        "centres": {
            name: {"constant": term.constant, "means": term.shift}
            for name, term in model.linear.items()
            if term.constant is not None
        },
        "params": matrix @ maximum.theta,
        "cov_params": {kind: _triangle(matrix @ covariance(maximum, kind) @ matrix.T) for kind in KINDS},
    }


def _centred_from_dict(record: Any, model: Model) -> Recorded:
    """The maximum by columns that are measured from their means, of which `_centred_to_dict` made the record."""
    terms = []
    given = schema.mapping(schema.item(record, "centres", "centred"), "centred.centres")
    for name, term in model.linear.items():
        if name in given:
            where = f"centred.centres.{name}"
            means = numbers_of(schema.item(given[name], "means", where), f"{where}.means")
            constant = schema.whole(schema.item(given[name], "constant", where), f"{where}.constant", 0, term.size - 1)
            if means.shape != (term.size,) or not np.all(np.isfinite(means)) or means[constant] != 0:
                schema.refuse(where, "expected the means of the columns, and 0 for the one that is 1")
            term = replace(term, shift=means, constant=constant)
        terms.append(term)
    theta = numbers_of(schema.item(record, "params", "centred"), "centred.params")
    size = sum(p.size for p in model.parameters)
    if theta.shape != (size,) or not np.all(np.isfinite(theta)):
        schema.refuse("centred.params", f"expected {size} finite numbers")
    listed = schema.mapping(schema.item(record, "cov_params", "centred"), "centred.cov_params")
    found = {kind: _lower_triangle(rows, size, f"centred.cov_params.{kind}") for kind, rows in listed.items()}
    family = type(model)(model.base, terms, model.rows, model.own_unit)
    return Recorded(family=family, theta=theta, covariances=found)


def _ended_to_dict(term: Linear, ended: Ended) -> dict[str, Any]:
    """Which rows of a predictor have run off, and what is left of it, in the unit of the data."""
    return {
        "directions": [direction.tolist() for direction in ended.directions],
        "kept": list(ended.kept),
        "ends": [(end - term.offset_shift) / term.factor for end in (ended.low, ended.high)],
    }


def _face_to_dict(term: Linear, face: Face) -> dict[str, Any]:
    """Where the predictors of some rows are held, by coefficients of the design in the unit of the data."""
    to_data = face.whole.map_to_data
    return {
        "point": (to_data @ face.point).tolist(),
        "axes": (to_data @ face.axes).tolist(),
        "ends": [(end - term.offset_shift) / term.factor for end in face.ends],
    }


def _face_from_dict(record: Any, term: Linear, path: str) -> Linear:
    """A predictor that is held in some rows, of which `_face_to_dict` made the record."""
    point = numbers_of(schema.item(record, "point", path), f"{path}.point")
    rows = schema.entries(schema.item(record, "axes", path), f"{path}.axes", numbers_of)
    ends = numbers_of(schema.item(record, "ends", path), f"{path}.ends")
    sizes = {row.shape for row in rows}
    if point.shape != (term.size,) or len(rows) != term.size or len(sizes) != 1 or ends.ndim != 1:
        schema.refuse(path, "expected a point and axes of the design, and ends")
    axes = np.array(rows)
    if axes.ndim != 2 or not 1 <= axes.shape[1] <= term.size:
        schema.refuse(path, "expected axes of the design")
    if not all(np.all(np.isfinite(part)) for part in (point, axes, ends)):
        schema.refuse(path, "expected finite numbers")
    size = axes.shape[1]
    face = Face(term, point, axes, tuple(ends.tolist()))
    return replace(term, shift=np.zeros(size), frame=np.ones(size), constant=None, ended=None, face=face)


def _ended_from_dict(record: Any, term: Linear, path: str) -> Linear:
    """A predictor some rows of which have run off, of which `_ended_to_dict` made the record."""
    directions = schema.entries(schema.item(record, "directions", path), f"{path}.directions", numbers_of)
    listed = schema.item(record, "kept", path)
    kept = schema.entries(listed, f"{path}.kept", lambda k, where: schema.whole(k, where, 0, term.size - 1))
    ends = numbers_of(schema.item(record, "ends", path), f"{path}.ends")
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
    held = schema.mapping(record.get("faces", {}), "limit.faces")
    terms = []
    for name, key in schema.mapping(schema.item(record, "keys", "limit"), "limit.keys").items():
        if name not in base.param_names or not isinstance(key, str) or key not in by_key:
            schema.refuse(f"limit.keys.{name}", f"expected a design of the fit, got {shown(key)}")
        term = replace(by_key[key], parameter=name)
        term = _ended_from_dict(off[name], term, f"limit.ended.{name}") if name in off else term
        terms.append(_face_from_dict(held[name], term, f"limit.faces.{name}") if name in held else term)
    if isinstance(base, (ChoiceApart, OrderedApart)):
        sizes = [1 if key is None else by_key[key].size if key in by_key else -1 for key in base.keys]
        if any([len(part) for part in way] != sizes for way in base.ways):
            schema.refuse("limit.family.ways", "expected directions of the designs of the fit")
    model = Model(base, terms, {}, Unit())
    given = schema.entries(schema.item(record, "params", "limit"), "limit.params", numbers_of)
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
        if name in KEPT_COVARIANCES:
            kept[name] = _lower_triangle(rows, len(names), f"cov_params.{name}")[np.ix_(free, free)]
    nobs, llf, weight_kind = facts_of(record)
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
    theta, centred = values[free], record.get("centred")
    if centred is not None:
        moved_in = _centred_from_dict(centred, model)
        if set(moved_in.covariances) != set(kept):
            schema.refuse("centred.cov_params", f"expected {', '.join(kept)}")
        model, theta, kept = moved_in.model, moved_in.theta, dict(moved_in.covariances)
    fit: Any = kind(model, theta, llf, nobs, fixed, weight_kind, None, None, pieces)
    fit.designs, fit.links, fit.known, fit.pinned = designs, found, held[0], held[1]
    fit.n_given = schema.whole(schema.item(record, "n_given", ""), "n_given", 0)
    fit.rows, fit.shifted = np.empty(0, dtype=np.intp), offsets
    limit = schema.item(record, "limit", "")
    at_limit = None if limit is None else _limit_from_dict(limit, model)
    fit.recorded = Recorded(family=model, theta=theta, covariances=kept, limit=at_limit)
    check_derived(fit, record.get("derived", {}))
    made: F = fit
    return made


def _coefficients(base: Family, designs: Mapping[str, Design], record: Any, *, at_end: bool) -> Array:
    """All coefficients in one vector; at a limit some may be nothing, NaN."""
    found = schema.mapping(record, "params")
    parts = []
    for parameter in base.parameters:
        where = f"params.{parameter.name}"
        value = numbers_of(schema.item(found, parameter.name, "params"), where)
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
        values = numbers_of(row, f"{path}[{k}]")
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
            numbers_of(one, where)
