"""Divergences of two members of one family, and of laws that are such members by a function of x or as special cases.

Bijections leave a divergence as it is: a lognormal law is a normal one of log x, and so on.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.maps import SAME
from mle_toolkit.families.nesting import special_case
from mle_toolkit.families.registry import is_registered
from mle_toolkit.families.relations import Image, SpecialCase


def divergence_within(p: Distribution, q: Distribution) -> float | None:
    """Give KL(p || q) of two laws of one family, q positive wherever p is; None where there is no such form."""
    law = p.family
    if law.divergence is None or type(law) is not type(q.family) or law.name != q.family.name:
        return None
    if not same_constants(law, q.family):
        return None
    return law.divergence(tuple(p.params.values()), tuple(q.params.values()))


def same_constants(one: Family, other: Family) -> bool:
    """Whether what is known of two laws beforehand is the same; of vectors and categories, but for their number."""
    settled = ("dimension", "k")
    return one.constants.keys() == other.constants.keys() and all(
        np.array_equal(value, other.constants[name]) for name, value in one.constants.items() if name not in settled
    )


# --- bijections -------------------------------------------------------------------------------------------------------


def mapped(p: Distribution, q: Distribution) -> tuple[Distribution, Distribution]:
    """Two laws between which the divergence is the same, but simpler: those of one function of x, or of one family."""
    for of_p in p.family.images:
        for of_q in q.family.images:
            if of_p.of is of_q.of and of_p.of is not SAME:
                return mapped(_in(of_p.family, of_p, p), _in(of_q.family, of_q, q))
    for large, small in ((p, q), (q, p)):
        case = special_case(large.family, small.family)
        if case is not None:
            inner = _in(large.family, case, small)
            both = (large, inner) if large is p else (inner, large)
            if divergence_within(*both) is not None:
                return both
    return p, q


def _in(family: Family, of: Image | SpecialCase, law: Distribution) -> Distribution:
    """A law by the parameters of another family, that of its image or one that it is a special case of."""
    return Distribution(family, dict(zip(family.param_names, of.embed(*law.in_order), strict=True)))


def in_unit_of(p: Distribution, q: Distribution) -> tuple[Distribution, Distribution]:
    """Both laws in the unit of p: its location 0, its scale 1, where both families can be moved so."""
    if any(law.family.constants or law.family.multivariate or not _declared(law) for law in (p, q)):
        return p, q
    roles = [[parameter.role for parameter in law.family.parameters] for law in (p, q)]
    if not all(any(role in ("scale", "rate", "log-scale", "location") for role in of) for of in roles):
        return p, q
    movable = all("location" in of for of in roles)
    centre = _value(p, "location", 0.0) if movable and "scale" in roles[0] else 0.0
    scale = _value(p, "scale", 1.0)
    if "scale" not in roles[0] and "log-scale" in roles[0]:
        scale = math.exp(_value(p, "log-scale", 0.0))
    if not (math.isfinite(scale) and scale > 0 and math.isfinite(1 / scale)):
        return p, q
    return _moved(p, centre, scale), _moved(q, centre, scale)


def _declared(law: Distribution) -> bool:
    """Whether the roles of the parameters tell all of how the law moves: not for laws built on others."""
    return is_registered(law.family) and law.family.all_scalar


def _value(law: Distribution, role: str, default: float) -> float:
    return next((float(law.params[p.name]) for p in law.family.parameters if p.role == role), default)


def _moved(law: Distribution, centre: float, scale: float) -> Distribution:
    moves: dict[str, Callable[[float], float]] = {
        "location": lambda value: (value - centre) / scale,
        "scale": lambda value: value / scale,
        "rate": lambda value: value * scale,
        "log-scale": lambda value: value - math.log(scale),
        "shape": lambda value: value,
    }
    values = {p.name: moves[p.role](float(law.params[p.name])) for p in law.family.parameters}
    return Distribution(law.family, values)
