"""A law as a JSON record, and back."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import MleError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators import kinds
from mle_toolkit.families.domain import Domain, Interval, PositiveDefinite, Simplex, Space, Stack, Vector
from mle_toolkit.families.parameters import Parameter, Role
from mle_toolkit.families.registry import family_class, get_family, is_registered
from mle_toolkit.families.saved import Saved
from mle_toolkit.families.written import scipy_named
from mle_toolkit.options import shown
from mle_toolkit.report import schema

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


def family_to_dict(family: Family) -> dict[str, Any]:
    """What finds the family again: its registered or SciPy name and its constants, else what it declares."""
    constants = dict(family.constants)
    if is_registered(family):
        asked = {} if family.asked_by is None else {"by": family.asked_by}
        return {"kind": "registered", "name": family.name, "constants": constants} | asked
    if _is_of_scipy(family):
        free = {"loc": None} if "loc" in family.param_names else {}
        return {"kind": "scipy", "name": family.name, "constants": constants | free}
    if isinstance(family, Saved) and kinds().get(family.kind) in type(family).__mro__ and not family.is_own():
        return _saved_to_dict(family)
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
            return _saved_from_dict(kinds()[kind], record, path, depth)
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


def _constant(value: Any, path: str) -> Any:
    """A known constant of a law: a number, one a row, or none."""
    if isinstance(value, list):
        return np.array(schema.entries(value, path, schema.number))
    if isinstance(value, int) and not isinstance(value, bool):
        return schema.whole(value, path, -(2**53))
    return None if value is None else schema.number(value, path)


def _saved_to_dict(family: Saved) -> dict[str, Any]:
    """Record of a law by its kind, the laws that it is made of, and what else it takes."""
    parts, others = family.made_of()
    record: dict[str, Any] = {"kind": family.kind}
    if family.holds != "none":
        of = [family_to_dict(part) for part in parts]
        record["of"] = of[0] if family.holds == "one" else of
    return record | others


def _saved_from_dict(made: type[Saved], record: Any, path: str, depth: int) -> Family:
    def law(value: Any, where: str) -> Family:
        return family_from_dict(value, where, depth + 1)

    parts: list[Family] = []
    if made.holds == "one":
        parts = [law(schema.item(record, "of", path), f"{path}.of")]
    elif made.holds == "list":
        parts = schema.entries(schema.item(record, "of", path), f"{path}.of", law)
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


def numbers_of(value: Any, path: str, depth: int = 0) -> Array:
    """A number, or a list of lists of them, as an array."""
    if not isinstance(value, list):
        return np.array(schema.number(value, path))
    if depth == 3:
        schema.refuse(path, "expected a number, got a list")
    rows = schema.entries(value, path, lambda item, where: numbers_of(item, where, depth + 1))
    if len({row.shape for row in rows}) > 1:
        schema.refuse(path, "expected rows of equal length")
    return np.array(rows)
