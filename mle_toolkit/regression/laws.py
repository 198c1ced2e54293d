"""The law of one row, as a regression models it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mle_toolkit.errors import ParameterError, UnknownNameError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.row_mixture import by_row
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.written import constants_of
from mle_toolkit.likelihood.model import check_scalar

OF_LEVELS = ("ordinal", "categorical")
"""Laws of levels, which are made for the levels that were observed."""


def law_of_levels(
    kind: str, names: tuple[str, ...], asked: Mapping[str, Any], links: Mapping[str, Any] | None, *, scaled: bool
) -> Family:
    """The law of the levels of a response."""
    if kind == "ordinal":
        if "reference" in asked:
            raise ParameterError("reference: of categorical levels only; ordinal ones have an order.")
        link = (links or {}).get("loc", asked.get("link", "logit"))
        return Ordered(names, link, scaled=scaled)
    if links or "link" in asked:
        raise ParameterError("links: a categorical regression models log-odds, and takes no other link.")
    reference = str(asked.get("reference", names[0]))
    if reference not in names:
        raise ParameterError(f"reference: {reference!r} is no level; levels: {', '.join(names)}.")
    return Choice(names, names.index(reference))


def law_of(family: Any, constants: Mapping[str, Any], others: Iterable[str]) -> Family:
    """The law, in the parameters that a regression models."""
    law = get_family(family, **constants) if constants else get_family(family)
    if "mean" in law.forms and law.asked_by is None:
        of_mean = get_family(law, by="mean")
        law = law if set(others) & (set(law.param_names) - set(of_mean.param_names)) else of_mean
    law = by_row(law)
    check_scalar(law)
    return law


def parameters_of(family: Any) -> tuple[str, ...] | None:
    """Names that a regression of a law takes, without its known constants; None where that depends on more than it."""
    if family in OF_LEVELS:
        return ("loc", "scale", "levels") if family == "ordinal" else ("p", "levels", "reference")
    try:
        constants: dict[str, Any] = dict.fromkeys(constants_of(family), 1) if isinstance(family, str) else {}
        law = law_of(family, constants, ())
        own = get_family(family, **constants).param_names
    except (UnknownNameError, ParameterError):
        return None
    shared = (name.rstrip("0123456789") for name in law.param_names)  # of a mixture
    return tuple(dict.fromkeys([*law.param_names, *own, *(name for name in shared if law.names_of(name) != (name,))]))


def is_constant(family: Any, name: str) -> bool:
    """Whether a law that is written takes a known constant of a name."""
    if not isinstance(family, str):
        return False
    try:
        return name in constants_of(family)
    except (UnknownNameError, ParameterError):
        return False
