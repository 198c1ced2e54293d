"""A fit as a JSON record, and back, bit for bit.

A record is made of dicts, lists, strings, booleans, None and finite numbers; NaN and the infinities are the strings
``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, which `float` reads. Python writes a float with as many digits as bring
back the same float.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import MleError, UnknownNameError
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.families.base import Family, Parameter, family_class, get_family
from mle_toolkit.families.combinators.mixture import Mixture
from mle_toolkit.families.combinators.shifted import Shifted
from mle_toolkit.families.combinators.truncated import Truncated
from mle_toolkit.families.combinators.vector_mixture import VectorMixture
from mle_toolkit.families.combinators.zeros import Hurdle, ZeroInflated
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Domain, Interval, PositiveDefinite, Simplex, Space, Stack, Vector
from mle_toolkit.information.report import InformationReport

if TYPE_CHECKING:
    import os

    from mle_toolkit.fitting import Fit

FORMAT = "mle_toolkit.fit"
SCHEMA = 1
"""Version of the record. It rises when a reader of the old one could misread the new one."""

_SAVED_COVARIANCES = ("observed", "opg", "sandwich")
_KEPT_COVARIANCES = (*_SAVED_COVARIANCES, "expected")  # the last by quadrature, so only if it was asked for
_MAKERS: dict[str, Any] = {
    "shifted": Shifted,
    "truncated": Truncated,
    "zero_inflated": ZeroInflated,
    "hurdle": Hurdle,
    "mixture": Mixture,
    "vector_mixture": VectorMixture,
}
_CERTIFICATE_FLOATS = ("score_se", "decrement")
_CERTIFICATE_TUPLES = ("boundary", "irregular")


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


def fit_to_dict(fit: Fit) -> dict[str, Any]:
    """Everything about a fit but its data, as JSON-ready values."""
    for kind in _SAVED_COVARIANCES:
        if fit._maximum is not None:
            fit.cov_params(kind)  # type: ignore[arg-type]
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
        "derived": {
            "nll": fit.nll,
            "cross_entropy": fit.cross_entropy,
            "df_model": fit.df_model,
            "aic": fit.aic,
            "aicc": fit.aicc,
            "bic": fit.bic,
            "tic": fit.tic,
        },
    }
    plain: dict[str, Any] = jsonable(record)
    return plain


def fit_from_dict(record: Mapping[str, Any], kind: type[Fit]) -> Fit:
    """The fit, of class ``kind``, of which `fit_to_dict` made the record; without its data.

    Raises
    ------
    MleError
        If the record is not that of a fit, is damaged, or has a newer schema.
    """
    if record.get("format") != FORMAT:
        raise MleError(f"not a saved fit: format is {record.get('format')!r}, expected {FORMAT!r}.")
    schema = record.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise MleError(
            f"the saved fit has schema {schema!r}, and this version of mle_toolkit reads up to {SCHEMA}; upgrade it."
        )
    try:
        family = family_from_dict(record["family"])
        law = record["distribution"]
        pieces: dict[str, Any] = {
            f"cov_{kind}": _matrix(cov) for kind, cov in record["cov_params"].items() if kind in _KEPT_COVARIANCES
        }
        pieces |= {
            "bse": _packed(family, record["bse"]),
            "optimism": float(record["optimism"]),
            "certificate": certificate_from_dict(record["certificate"]),
            "information": InformationReport.from_dict(record["information"]),
        }
        theta = _packed(family, record["params"])
        fit = kind(
            family,
            theta,
            float(record["llf"]),
            float(record["nobs"]),
            tuple(record["fixed"]),
            record["weight_kind"],
            None,
            None,
            pieces,
        )
        if law["family"] != record["family"]:  # at a boundary the fitted law is the limiting one
            limit = family_from_dict(law["family"])
            pieces["distribution"] = Distribution(limit, _named(limit, _packed(limit, law["params"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, MleError):
            raise
        raise MleError(f"the saved fit is damaged: {type(error).__name__}: {error}.") from error
    return fit


def certificate_to_dict(certificate: Certificate) -> dict[str, Any]:
    """All fields of a certificate, the verdict by its name."""
    record = {name: getattr(certificate, name) for name in certificate.__dataclass_fields__}
    return record | {"verdict": str(certificate.verdict), "ok": certificate.ok}


def certificate_from_dict(record: Mapping[str, Any]) -> Certificate:
    """The certificate of which `certificate_to_dict` made the record."""
    record = {"search": ""} | dict(record)  # records of version 0.1 have none
    values = {name: record[name] for name in Certificate.__dataclass_fields__}
    values |= {name: float(values[name]) for name in _CERTIFICATE_FLOATS}
    values |= {name: tuple(values[name]) for name in _CERTIFICATE_TUPLES}
    values["eigenvalues"] = tuple(float(value) for value in values["eigenvalues"])
    return Certificate(**values | {"verdict": Verdict[values["verdict"].upper()]})


def family_to_dict(family: Family) -> dict[str, Any]:
    """What finds the family again: its registered or SciPy name and its constants, else what it declares."""
    constants = dict(family.constants)
    if _is_registered(family):
        return {"kind": "registered", "name": family.name, "constants": constants}
    if _is_of_scipy(family):
        free = {"loc": None} if "loc" in family.param_names else {}
        return {"kind": "scipy", "name": family.name, "constants": constants | free}
    made = _made_to_dict(family)
    if made is not None:
        return made
    return {
        "kind": "custom",
        "name": family.name,
        "parameters": [_parameter_to_dict(parameter) for parameter in family.parameters],
        "support": _domain_to_dict(family.support),
    }


def family_from_dict(record: Mapping[str, Any]) -> Family:
    """The family of which `family_to_dict` made the record; see `UnsavedLaw` for laws of the user's own."""
    if record["kind"] in _MAKERS:
        return _made_from_dict(record)
    if record["kind"] == "custom":
        parameters = tuple(_parameter_from_dict(item) for item in record["parameters"])
        support = _interval_from_dict(record["support"])
        return UnsavedLaw(record["name"], parameters, support)
    constants = {k: np.array(v) if isinstance(v, list) else v for k, v in record["constants"].items()}
    if record["kind"] == "registered":
        return get_family(record["name"], **constants)
    if record["kind"] == "scipy":
        from scipy import stats

        return get_family(getattr(stats, record["name"]), **constants)
    raise MleError(f"the saved fit has a law of unknown kind {record['kind']!r}; upgrade mle_toolkit.")


def _made_to_dict(family: Family) -> dict[str, Any] | None:
    """Record of a family made of others; None of any other."""
    if type(family) is Mixture:
        parts = [family_to_dict(component) for component in family.components]
        return {"kind": "mixture", "of": parts, "shared": list(family.shared)}
    if type(family) is VectorMixture:
        return {"kind": "vector_mixture", "of": [family_to_dict(family.law)], "k": family.k}
    for kind, maker in _MAKERS.items():
        if type(family) is maker:
            assert isinstance(family, Shifted | Truncated | ZeroInflated | Hurdle)
            record: dict[str, Any] = {"kind": kind, "of": [family_to_dict(family.base)]}
            if isinstance(family, Truncated):
                record |= {"lower": family.lower, "upper": family.upper, "name": family.name}
            return record
    return None


def _made_from_dict(record: Mapping[str, Any]) -> Family:
    parts = [family_from_dict(item) for item in record["of"]]
    if record["kind"] == "mixture":
        return Mixture(parts, tuple(record["shared"]))
    if record["kind"] == "vector_mixture":
        return VectorMixture(parts[0], record["k"])
    if record["kind"] == "truncated":
        return Truncated(parts[0], float(record["lower"]), float(record["upper"]), record["name"])
    made: Family = _MAKERS[record["kind"]](parts[0])
    return made


def _is_registered(family: Family) -> bool:
    try:
        return family_class(family.name) is type(family)
    except UnknownNameError:
        return False


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


def _parameter_from_dict(record: Mapping[str, Any]) -> Parameter:
    low, high = record["typical"]
    return Parameter(
        record["name"], _domain_from_dict(record["domain"]), (low, high), record["role"], record["regular"]
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


def _domain_from_dict(record: Mapping[str, Any]) -> Domain:
    if "simplex" in record:
        return Simplex(record["simplex"])
    if "vector" in record:
        return Vector(_interval_from_dict(record["of"]), record["vector"])
    if "space" in record:
        return Space(record["space"])
    if "positive_definite" in record:
        return PositiveDefinite(record["positive_definite"])
    if "stack" in record:
        parts: Any = tuple(map(_domain_from_dict, record["stack"]))
        return Stack(parts)
    return _interval_from_dict(record)


def _interval_from_dict(record: Mapping[str, Any]) -> Interval:
    return Interval(float(record["lower"]), float(record["upper"]), record["closed"], record["integer"])


def _packed(family: Family, values: Mapping[str, Any]) -> Array:
    """All numbers in one vector. `Family.pack` would refuse the infinite ones of a limit and the NaN of errors."""
    return np.concatenate([np.ravel(_numbers(values[name])) for name in family.param_names])


def _named(family: Family, theta: Array) -> dict[str, Any]:
    return dict(zip(family.param_names, family.unpack(theta), strict=True))


def _numbers(value: Any) -> Array:
    return np.array([_numbers(v) for v in value] if isinstance(value, list) else float(value))


def _matrix(rows: list[list[Any]]) -> Array:
    return np.array([[float(value) for value in row] for row in rows]).reshape(len(rows), len(rows))


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
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise MleError(f"{Path(path)}: not a JSON file ({error}).") from error
