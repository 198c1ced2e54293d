"""What a splice asks of its parts: where a tail begins, what moves a body, and their slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import fitted
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.hooks import needed

FARTHEST = 700.0
"""Size of the log of a scale beyond which it is not sought."""

_NARROW, _GONE = (1e-2, 1e-3), 5.0
"""Spreads of data about 1 whose laws show what becomes of parameters at a point: more than such a change."""

_FORWARD = (-761 / 280, 8.0, -14.0, 56 / 3, -35 / 2, 56 / 5, -14 / 3, 8 / 7, -1 / 8)
"""Weights of a derivative from values at 0, 1, ..., 8 steps, of order eight."""


def as_a_point(body: Family, place: int) -> tuple[float, ...] | None:
    """Where the parameters of a body go, but one, as it narrows to a point; None of a law that does not."""
    from mle_toolkit.data.sample import Sample

    fits = [fitted(body, Sample(1 + spread * np.linspace(-1.0, 1.0, 9))) for spread in _NARROW]
    if fits[0] is None or fits[1] is None:
        return None
    ends = [
        np.inf if there > _GONE * here else 0.0 if _GONE * there < here else np.nan
        for k, (here, there) in enumerate(zip(*fits, strict=True))
        if k != place
    ]
    return None if np.all(np.isnan(ends)) else tuple(ends)


def slope_by_log(law: Family, params: tuple[Any, ...], x: Any) -> Any:
    """Slope of log f by log x, by Euler's theorem from the derivatives by what moves with the unit."""
    total: Any = -1.0
    scores = needed(law, law.score, "score")(np.asarray(x, dtype=float), *params)
    for p, value, s in zip(law.parameters, params, scores, strict=True):
        total = total - {"scale": value, "rate": -np.asarray(value), "log-scale": 1.0}.get(p.role, 0.0) * s
    return total


def slope_at_zero(law: Family, params: tuple[Any, ...], cut: Any) -> Any:
    """Slope of log f by log x at a cut, for the law f of the excess: forward differences of log f where it begins."""
    sizes: dict[str, Any] = {"scale": lambda v: v, "rate": lambda v: 1 / v, "log-scale": np.exp}
    step = next((sizes[p.role](v) for p, v in zip(law.parameters, params, strict=True) if p.role in sizes), cut) / 100
    return cut * sum(w * law.logpdf(k * step, *params) for k, w in enumerate(_FORWARD)) / step


def crossing(falling: Any) -> float:
    """Where a function that falls is 0; NaN where it is not."""
    from scipy import optimize

    reach = 1.0
    while reach < FARTHEST and not (falling(-reach) >= 0 >= falling(reach)):
        reach *= 2.0
    if not falling(-reach) >= 0 >= falling(reach):
        return float("nan")
    root, _ = optimize.brentq(falling, -reach, reach, xtol=1e-15, rtol=8.9e-16, full_output=True, disp=False)
    return float(root)


def mover(law: Family) -> str | None:
    """The one parameter that moves the law with the unit."""
    roles = ("scale", "rate", "log-scale")
    names = [p.name for p in law.parameters if p.role in roles]
    return names[0] if len(names) == 1 and not law.has_location and law.score is not None else None


def begin_of(tail: Family) -> str | None:
    """The parameter at which the law begins: Pareto's xm."""
    irregular = [p for p in tail.parameters if not p.regular]
    if len(irregular) != 1 or (tail.ppf is None and tail.to_scipy is None):
        return None
    ordinary = {p.name: 0.5 * sum(p.typical) for p in tail.parameters}
    begin = float(Distribution(tail, ordinary).ppf(np.array(0.0)))
    return irregular[0].name if begin == ordinary[irregular[0].name] else None
