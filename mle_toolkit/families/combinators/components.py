"""What is asked of laws as components of a mixture: whether they can be, and what the mixture is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mle_toolkit.errors import ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.shifted import Shifted
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.parameters import Parameter, Role

_FAR = 1e3
"""A parameter beyond this, or below one over it, may be on its way to infinity, or to 0."""


@dataclass(frozen=True)
class Slot:
    """Where a component finds one of its parameters: in which parameter of the mixture, and at which entry."""

    parameter: int
    entry: int | None


def check_components(components: Sequence[Family], shared: tuple[str, ...]) -> None:
    """Raise `ParameterError` for laws that cannot be mixed, or have no such parameters in common."""
    if len({c.discrete for c in components}) > 1:
        raise ParameterError("mixture: a law of counts and a continuous one have no common density; do not mix them.")
    if len({c.period for c in components}) > 1:
        raise ParameterError("mixture: laws on the circle of one period, or laws on the line; do not mix them.")
    one_law = are_one_law(components)
    for component in components:
        if component.per_row and not component.discrete:
            raise ParameterError(
                f"mixture: {component.name} is continuous and has constants given per row "
                f"({', '.join(component.per_row)}); whether a component is a spike on a few observations, where the "
                f"likelihood has no bound, cannot be told where each row has a law of its own. Laws of counts can be "
                f"mixed so."
            )
        if isinstance(component, Shifted) or any(not p.regular for p in component.parameters):
            raise ParameterError(
                f"mixture: {component.name} begins, or has a kink, at a parameter; the likelihood of a mixture jumps "
                f"wherever it meets an observation, and cannot be climbed."
            )
        if one_law and not component.all_scalar:
            raise ParameterError(f"mixture: {component.name} has arrays as parameters; give the components as a list.")
        if "weights" in component.param_names and one_law:
            raise ParameterError(f"mixture: {component.name} has a parameter weights already.")
    for name in shared:
        domains = [p.domain for c in components for p in c.parameters if p.name == name]
        if len(domains) < 2 or any(domain != domains[0] for domain in domains):
            raise ParameterError(f"mixture: shared parameter {name!r} must be one that several components have alike.")


def are_one_law(components: Sequence[Family]) -> bool:
    """Whether the components differ in their parameters alone."""
    first = components[0]
    return all(
        repr(c) == repr(first) and all(np.array_equal(c.constants[name], first.constants[name]) for name in c.per_row)
        for c in components
    )


def constants_per_row(components: Sequence[Family], one_law: bool) -> dict[str, Any]:
    """What components know of each row; by the name of the component where they differ."""
    if one_law:
        return {name: components[0].constants[name] for name in components[0].per_row}
    named = zip(prefixes_of(components), components, strict=True)
    return {f"{prefix}.{name}": c.constants[name] for prefix, c in named for name in c.per_row}


def name_of(components: Sequence[Family], one_law: bool) -> str:
    """What a mixture of them is called."""
    if one_law:
        return f"mixture of {len(components)} {components[0].name}"
    return "mixture of " + ", ".join(c.name for c in components[:-1]) + f" and {components[-1].name}"


def prefixes_of(components: Sequence[Family]) -> list[str]:
    """Names of the components in the names of parameters: with a number where two are alike."""
    names = [c.name for c in components]
    seen: dict[str, int] = {}
    prefixes = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        prefixes.append(f"{name}{seen[name]}" if names.count(name) > 1 else name)
    return prefixes


def roles_of(components: Sequence[Family]) -> list[list[Role]]:
    """How parameters move with the unit: as in the components, as far as all of these can move."""
    if len({repr(c) for c in components}) == 1 or all(c.has_location and c.has_scale for c in components):
        return [[p.role for p in c.parameters] for c in components]
    if all(c.has_scale for c in components):  # stretched, but not moved: a location then moves as a scale
        return [["scale" if p.role == "location" else p.role for p in c.parameters] for c in components]
    return [["shape" for _ in c.parameters] for c in components]


def none_but_first(component: Family) -> tuple[float, ...] | None:
    """Parameters, one at the end of its domain, at which a law of counts has its first value alone.

    Whatever the others, which are NaN. None where there are no such.
    """
    if not component.all_scalar or component.per_row:
        return None
    first = component.support.lower + np.arange(2.0)
    for k, p in enumerate(component.parameters):
        for end in p.domain.endpoints:
            ordinary = ([q.typical[i] for q in component.parameters] for i in (0, 1))
            with np.errstate(all="ignore"):
                seen = [component.logpdf(first, *at[:k], end, *at[k + 1 :]).tolist() for at in ordinary]
            if seen == [[0.0, -np.inf]] * 2:
                return tuple(end if j == k else np.nan for j in range(len(component.parameters)))
    return None


def union_of(supports: Sequence[Interval]) -> Interval:
    """The least interval that has all of them."""
    low, high = min(s.lower for s in supports), max(s.upper for s in supports)
    closed = (
        any(s.lower == low and s.closed_lower for s in supports),
        any(s.upper == high and s.closed_upper for s in supports),
    )
    name = {(True, True): "both", (True, False): "lower", (False, True): "upper"}.get(closed, "neither")
    return Interval(low, high, name, supports[0].integer)


def is_near(value: Any, end: Any) -> bool:
    """Whether a parameter is near its end, where that is 0 or infinite."""
    return (abs(value) > _FAR or not np.isinf(end)) and (abs(value) < 1 / _FAR or end != 0)


def natural_steps(parameters: Sequence[Parameter], params: Sequence[float], size: float) -> list[float]:
    """Steps for differences: shares of a positive number, of what is left to an end, of the scale of a location."""
    scale = next((v for p, v in zip(parameters, params, strict=True) if p.role == "scale"), 1.0)
    steps = []
    for p, value in zip(parameters, params, strict=True):
        room = min(value - p.interval.lower, p.interval.upper - value)
        wide = scale if p.role == "location" else max(1.0, abs(value))
        steps.append(size * (min(room, wide) if np.isfinite(room) else wide))
    return steps
