"""What parameters and coefficients of a regression are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mle_toolkit.data.formulas import Design
from mle_toolkit.families.base import Family


def named(law: Family, name: str | None) -> tuple[str, ...]:
    """The parameters that a name means; those that the formula models, of no name."""
    return law.main_parameters if name is None else law.names_of(name)


def by_parameter(law: Family, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given by names, by the parameters that they mean; one that is named itself comes first."""
    found = {name: value for key, value in given.items() for name in law.names_of(key)}
    return found | {name: value for name, value in given.items() if name in law.param_names}


def coefficient_names(law: Family, designs: Mapping[str, Design]) -> tuple[str, ...]:
    """Names of all coefficients: ``"mu[x1]"``; a parameter that is one number has its own name."""
    names: list[str] = []
    for p in law.parameters:
        design = designs.get(p.name)
        names += [p.name] if design is None else [f"{p.name}[{term}]" for term in design.names]
    return tuple(names)
