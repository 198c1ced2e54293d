"""Which law is another at values of its parameters inside their domains, as either of the two declares."""

from __future__ import annotations

from typing import Any

from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.reparametrised import Reparametrised
from mle_toolkit.families.maps import SAME
from mle_toolkit.families.relations import Image, SpecialCase


def special_case(large: Family, small: Family) -> SpecialCase | Image | None:
    """How a law is a smaller one, as the larger says, or the smaller; None where neither does.

    Examples
    --------
    >>> from mle_toolkit.families.registry import get_family
    >>> special_case(get_family("weibull"), get_family("rayleigh")).at
    ('shape',)
    """
    small = small.base if isinstance(small, Reparametrised) else small
    for case in large.special_cases:
        if _is(case.family, small):
            return case
    for image in small.images:
        if image.of is SAME and _is(image.family, large):
            return image
    return None


def special_values(large: Family, small: Family) -> dict[str, Any]:
    """Values of the parameters at which a law is a smaller one, by name; empty where it is not known to be.

    Examples
    --------
    >>> from mle_toolkit.families.registry import get_family
    >>> special_values(get_family("weibull"), get_family("rayleigh"))
    {'shape': 2.0}
    """
    case = special_case(large, small)
    if case is None:
        return {}
    small = small.base if isinstance(small, Reparametrised) else small
    embedded = dict(zip(large.param_names, case.embed(*(0.5 * sum(p.typical) for p in small.parameters)), strict=True))
    return {name: embedded[name] for name in case.at}


def _is(law: Family, other: Family) -> bool:
    return type(law) is type(other) and law.name == other.name
