"""A fit as a JSON record, and back, bit for bit.

A record is made of dicts, lists, strings, booleans, None and finite numbers; NaN and the infinities are the strings
``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, which `float` reads. Python writes a float with as many digits as bring
back the same float.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import MleError
from mle_toolkit.estimation.certificate import Certificate
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.inference.covariance import CovKind
from mle_toolkit.information.report import InformationReport
from mle_toolkit.options import file_name, shown
from mle_toolkit.report import schema
from mle_toolkit.report.law_record import family_from_dict, family_to_dict, numbers_of

if TYPE_CHECKING:
    import os

    from mle_toolkit.report.drawn import Drawn


F = TypeVar("F")


FORMAT = "mle_toolkit.fit"


SCHEMA = 1
"""Version of the record. It rises when a reader of the old one could misread the new one."""


KINDS: tuple[CovKind, ...] = ("observed", "opg", "sandwich")


KEPT_COVARIANCES = (*KINDS, "expected")  # the last by quadrature, so only if it was asked for


DERIVED = ("nll", "cross_entropy", "df_model", "aic", "aicc", "bic", "tic")


MOST_BYTES = 1_000_000_000


def fit_to_dict(fit: Drawn) -> dict[str, Any]:
    """Everything about a fit but its data, as JSON-ready values."""
    if fit.maximum is not None:
        for kind in KINDS if fit.sample.has_rows else ("observed",):
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
        "cov_params": {kind: fit.pieces[f"cov_{kind}"] for kind in KEPT_COVARIANCES if f"cov_{kind}" in fit.pieces},
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
    law = schema.item(record, "distribution", "")
    at_limit = schema.item(law, "family", "distribution") != record["family"]
    theta = _values(family, schema.item(record, "params", ""), "params", in_domain=True, at_limit=at_limit)
    covariances = schema.mapping(schema.item(record, "cov_params", ""), "cov_params")
    nobs, llf, weight_kind = facts_of(record)
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
        if name in KEPT_COVARIANCES
    }
    pieces |= {
        "bse": bse,
        "optimism": schema.number(schema.item(record, "optimism", ""), "optimism"),
        "certificate": schema.read_as(Certificate, schema.item(record, "certificate", ""), "certificate"),
        "information": schema.read_as(InformationReport, schema.item(record, "information", ""), "information"),
    }
    if at_limit:
        limit = family_from_dict(law["family"], "distribution.family")
        values = _values(limit, schema.item(law, "params", "distribution"), "distribution.params", in_domain=True)
        with schema.inside("distribution.params"):
            pieces["distribution"] = Distribution(limit, _named(limit, values))
    else:
        with schema.inside("params"):
            pieces["distribution"] = Distribution(family, _named(family, theta))
    fit: Any = kind(family, theta, llf, nobs, fixed, weight_kind, None, None, pieces)
    check_derived(fit, record.get("derived", {}))
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


def facts_of(record: Mapping[str, Any]) -> tuple[float, float, str]:
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


def check_derived(fit: Drawn, derived: Any) -> None:
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


def _values(family: Family, record: Any, path: str, *, in_domain: bool = False, at_limit: bool = False) -> Array:
    """Numbers of all parameters in one vector; infinite ones belong to limits, and NaN to errors that do not exist.

    At a limit, where the law is another, a parameter may have no meaning, and be NaN too.
    """
    found = schema.mapping(record, path)
    for name in found:
        if name not in family.param_names:
            schema.refuse(schema.below(path, name), f"{family.name} has no such parameter")
    parts = []
    for parameter in family.parameters:
        where = schema.below(path, parameter.name)
        value = numbers_of(schema.item(found, parameter.name, path), where)
        if value.shape != parameter.domain.shape:
            schema.refuse(where, f"expected numbers of shape {parameter.domain.shape}, got shape {value.shape}")
        if in_domain:
            domain = parameter.domain
            low, high = (domain.lower, domain.upper) if isinstance(domain, Interval) else (-math.inf, math.inf)
            if (np.any(np.isnan(value)) and not at_limit) or np.any(value < low) or np.any(value > high):
                schema.refuse(where, f"lies outside its domain {domain}")
        parts.append(np.ravel(value))
    return np.concatenate(parts) if parts else np.empty(0)


def _named(family: Family, theta: Array) -> dict[str, Any]:
    return dict(zip(family.param_names, family.unpack(theta), strict=True))


def _matrix(rows: Any, side: int, path: str) -> Array:
    found = numbers_of(rows, path) if rows else np.empty((0, 0))
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
    if hasattr(value, "to_dict"):  # coefficients of a regression: a Series, or a DataFrame of them
        return jsonable(value.to_dict())
    raise TypeError(f"a {type(value).__name__} cannot be saved as JSON.")


def write_json(record: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a record as JSON text in UTF-8."""
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    Path(file_name(path)).write_text(text + "\n", encoding="utf-8")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file.

    Raises
    ------
    MleError
        If it is not JSON.
    """
    file = Path(file_name(path))
    if file.is_file() and file.stat().st_size > MOST_BYTES:
        raise MleError(f"{file}: of {file.stat().st_size:,} bytes; a saved fit has at most {MOST_BYTES:,}.")
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:  # a JSONDecodeError, or a number of too many digits
        raise MleError(f"{file}: not a JSON file ({error}).") from error
    except RecursionError:
        raise MleError(f"{file}: lists within lists go too deep for a saved fit.") from None
