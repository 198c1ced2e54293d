"""What is asked of a search: known values, limits, starts and solvers, checked against the family and each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mle_toolkit.errors import ParameterError
from mle_toolkit.estimation.climb import SOLVERS
from mle_toolkit.families.base import Family
from mle_toolkit.options import by_name, choice, generator, numbers, pair, shown

Bounds = tuple[float | None, float | None]


class Asked(NamedTuple):
    """Options of a search, as they are used behind the door."""

    fixed: dict[str, Any]
    bounds: dict[str, Bounds]
    start: dict[str, Any] | None
    solver: str | None

    @classmethod
    def of(cls, family: Family, fixed: Any, bounds: Any, start: Any, solver: Any) -> Asked:
        """Check the options of a search for type, shape, range and contradiction.

        Raises
        ------
        ParameterError
            If a name or value is not one of the family, a start lies outside its bounds, or a parameter is both known
            and sought.
        """
        solver = solver_of(solver)
        if fixed is None and bounds is None and start is None:
            return cls({}, {}, None, solver)
        names = family.param_names
        known = by_name(fixed, "fixed", names, family.name, f'{{"{names[0]}": 1.0}}' if names else "{}")
        limits = by_name(bounds, "bounds", names, family.name, f'{{"{names[0]}": (0.5, None)}}' if names else "{}")
        begin = by_name(start, "start", names, family.name, f'{{"{names[0]}": 1.0}}' if names else "{}")
        known = {name: _value(family, "fixed", name, value) for name, value in known.items()}
        begin = {name: _value(family, "start", name, value) for name, value in begin.items()}
        limits = {name: pair(value, f"bounds of {name}") for name, value in limits.items()}
        for name, (low, high) in limits.items():
            _check_inside(family, name, low, high, known, begin)
        for name in begin:
            if name in known and not np.array_equal(begin[name], known[name]):
                raise ParameterError(
                    f"{family.name}: {name} is known ({shown(known[name])}) and has a start ({shown(begin[name])}); a "
                    f"start is for a parameter that is sought. Leave one of them out."
                )
        return cls(known, limits, begin if start is not None else None, solver)


def checked_options(fixed: Any, bounds: Any, start: Any, solver: Any, rng: Any) -> dict[str, Any]:
    """Check what of the options of a search can be checked without a family; return them, by name, without ``rng``."""
    for name, value, example in (("fixed", fixed, "1.0"), ("bounds", bounds, "(0.5, None)"), ("start", start, "1.0")):
        if value is not None and not isinstance(value, Mapping):
            raise ParameterError(
                f'{name}: expected values by the name of a parameter, as {{"scale": {example}}}, got {shown(value)}.'
            )
    if rng is not None:
        generator(rng)
    return {"fixed": fixed, "bounds": bounds, "start": start, "solver": solver_of(solver)}


def solver_of(solver: Any) -> str | None:
    """The solver that is meant; its case does not matter."""
    return None if solver is None else choice(solver, "solver", ("closed-form", "newton", *SOLVERS))


def _value(family: Family, option: str, name: str, value: Any) -> Any:
    """One value of a parameter: of the right type and shape, and inside its domain."""
    domain = family.parameters[family.param_names.index(name)].domain
    number = numbers(value, f"{option}: {name} of {family.name}")
    shape = np.shape(number)
    if shape != domain.shape and not np.size(number) == domain.size == 1:
        wanted = f"an array of shape {domain.shape}" if domain.shape else "one number"
        raise ParameterError(f"{option}: {name} of {family.name} is {wanted}, got {_of_shape(shape)}.")
    if not np.all(domain.contains(np.asarray(number))):
        raise ParameterError(f"{option}: {family.name}: {name} = {shown(value)} lies outside its domain {domain}.")
    return number


def _of_shape(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "one number"


def _check_inside(
    family: Family,
    name: str,
    low: float | None,
    high: float | None,
    known: Mapping[str, Any],
    begin: Mapping[str, Any],
) -> None:
    """Refuse bounds of a known parameter, and a start outside bounds."""
    limits = f"({'-∞' if low is None else f'{low:g}'}, {'∞' if high is None else f'{high:g}'})"
    for option, values in (("fixed", known), ("start", begin)):
        if name not in values:
            continue
        value = values[name]
        outside = np.any(np.asarray(value) < (-np.inf if low is None else low)) or np.any(
            np.asarray(value) > (np.inf if high is None else high)
        )
        if outside:
            raise ParameterError(f"{option}: {family.name}: {name} = {shown(value)} lies outside its bounds {limits}.")
        if option == "fixed":
            raise ParameterError(
                f"{family.name}: {name} is known ({shown(value)}) and has bounds {limits}; bounds are for a parameter "
                f"that is sought. Leave one of them out."
            )
