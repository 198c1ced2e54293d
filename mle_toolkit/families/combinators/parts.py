"""What the combinators share: the families that they take, and quick fits of those from which a search may start."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Domain, Interval, Simplex, Vector
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import made_with, needed
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import SpecialCase
from mle_toolkit.families.saved import Saved
from mle_toolkit.numerics.differences import central_each

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_EDGE = 1e-3
"""How far from the ends of a finite domain a start is kept, as a share of its width."""

_LEAST = 1e-9
"""How far from the one end of another, and 1 over it how far at most; in standard units."""

_STEPS = 50
"""Quasi-Newton steps of a quick fit."""

_NEWTON_STEPS, _STEP, _SAME, _SETTLED = 4, 1e-5, 1e-13, 1e-3
"""Steps that polish it, differences for their second derivatives, a rise of the cost that is rounding, and the length
below which a step has settled."""


class Combined(Saved):
    """A law that is made of others."""

    holds = "list"

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The laws it is made of, and what else it takes, by name; by default one law, its ``base``."""
        return (self.base,), {}  # type: ignore[attr-defined]

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts and what else it takes."""
        return cls(parts[0])  # type: ignore[call-arg]

    def rough(self, *params: Any) -> tuple[str, ...]:
        """Those of the laws it is made of, where all of their parameters are its own."""
        named, found = dict(zip(self.param_names, params, strict=True)), list[str]()
        for law in self.made_of()[0]:
            if named.keys() >= set(law.param_names):
                found += law.rough(*(named[name] for name in law.param_names))
        return tuple(dict.fromkeys(found))

    def exposed(self, exposure: Any) -> Family:
        """The law made of the same laws, each of them with this exposure."""
        parts, others = self.made_of()
        return self.made_from([one.exposed(exposure) for one in parts], others)


def part(family: Any, maker: str) -> Family:
    """The family that a combinator is given; refused where observations are vectors."""
    law = get_family(family)
    if law.multivariate:
        raise ParameterError(f"{maker}: {law.name} is a law of vectors; only laws of numbers can be used.")
    if law.atoms:
        raise ParameterError(
            f"{maker}: {law.name} has values with a probability of their own beside a density; make it of the law of "
            f"the others first, and give the values their probability last."
        )
    return law


def triangle(count: int) -> list[tuple[int, int]]:
    """Pairs of parameters in the order of second derivatives: upper triangle row by row."""
    return list(combinations_with_replacement(range(count), 2))


def lifted(base: Family, make: Callable[[Family], Family], first: int = 0, last: int = 0) -> tuple[SpecialCase, ...]:
    """Special cases of a law that is made of another: those of the other, behind ``first`` and before ``last`` others.

    Those of which the law cannot be made are left out.
    """
    found = []
    for case in base.special_cases:
        with contextlib.suppress(ParameterError):
            found.append(SpecialCase(make(case.family), _inside(case.embed, first, last), case.at))
    return tuple(found)


def _inside(embed: Callable[..., tuple[float, ...]], first: int, last: int) -> Callable[..., tuple[float, ...]]:
    return lambda *p: (*p[:first], *embed(*p[first : len(p) - last]), *p[len(p) - last :])


def interior(domain: Domain, value: Any) -> Array:
    """The value, moved off the end of its domain, where a search in coordinates could not begin."""
    value = np.asarray(value, dtype=float)
    if isinstance(domain, Simplex):
        return np.asarray((value + _EDGE) / (1 + _EDGE * domain.size))
    each = domain.domain if isinstance(domain, Vector) else domain
    if not isinstance(each, Interval) or (np.isinf(each.lower) and np.isinf(each.upper)):
        return np.asarray(value)
    low, high = each.lower, each.upper
    if np.isfinite(low) and np.isfinite(high):
        low, high = low + _EDGE * (high - low), high - _EDGE * (high - low)
    elif np.isfinite(low):
        low, high = low + _LEAST, low + 1 / _LEAST
    else:
        low, high = high - 1 / _LEAST, high - _LEAST
    return np.asarray(np.clip(value, low, high))


def fitted(
    family: Family, sample: Sample, near: tuple[Any, ...] | None = None, steps: int = _STEPS
) -> tuple[Any, ...] | None:
    """Maximum of the likelihood for points, or near it: good to start from, and to be looked at again.

    Parameters
    ----------
    family : Family
    sample : Sample
        Points inside the support.
    near : tuple, optional
        Parameters from which a search may begin, where there is no direct route.
    steps : int
        How many steps such a search may take.

    Returns
    -------
    tuple or None
        Parameters in declared order; None where there is no maximum.
    """
    params: tuple[Any, ...] | None = None
    # The functions of `math` raise ValueError where those of NumPy give NaN.
    with np.errstate(all="ignore"), contextlib.suppress(NoMaximumError, ArithmeticError, ValueError):
        formula = formula_of(family)
        params = climbed(family, sample, near, steps) if formula is None else formula(sample)
    if params is None or not all(_is_finite(value) for value in params):
        return None
    return params


def _is_finite(value: Any) -> bool:
    return math.isfinite(value) if isinstance(value, float) else bool(np.isfinite(value).all())


Formula = Callable[["Sample"], tuple[Any, ...]]
"""The maximum of the likelihood for points; it raises `NoMaximumError` where there is none."""


def formula_of(family: Family) -> Formula | None:
    """The direct route of a law to the maximum of the likelihood for points; None where it has none."""
    if isinstance(family, ExponentialFamily) and not family.per_row:
        return made_with(partial(_from_means, family), family.from_means)
    return family.from_sample


def _from_means(
    family: ExponentialFamily, from_means: Callable[..., tuple[Any, ...]], sample: Sample
) -> tuple[Any, ...]:
    blocks = [family.sums(x, weight) for x, weight in sample.blocks()]
    means = tuple(sum(column) / sample.nobs for column in zip(*blocks, strict=True))
    ends = (sample.minimum, sample.maximum) if family.with_ends else ()
    return tuple(from_means(means + ends))


@np.errstate(all="ignore")  # a step too far is turned back by its value
def climbed(
    family: Family, sample: Sample, near: tuple[Any, ...] | None, steps: int = _STEPS, *, polished: bool = False
) -> tuple[Any, ...] | None:
    """A few quasi-Newton steps from the better of the starts; from where they end Newton's, if it is to be polished.

    None where these do not settle: there is no maximum near.
    """
    from scipy import optimize

    domains = [p.domain for p in family.parameters]
    ends = np.cumsum([domain.n_free for domain in domains])[:-1]

    def to_params(u: Array) -> tuple[Any, ...]:
        parts = [np.ravel(d.from_real(v)) for d, v in zip(domains, np.split(u, ends), strict=True)]
        return family.unpack(np.concatenate(parts))

    def cost(u: Array) -> float:
        params = to_params(u)
        value = 0.0
        for block in sample.parts():
            terms = np.broadcast_to(family.given(block.known).logpdf(block.x, *params), block.x.shape)
            value -= float(np.sum(terms if block.weight is None else terms * block.weight))
        return value / sample.nobs if np.isfinite(value) else 1e300

    def slope(u: Array) -> Array:
        params = to_params(u)
        total: Any = 0.0
        for block in sample.parts():
            law = family.given(block.known)
            scores = needed(law, law.score, "score")(block.x, *params)
            terms = np.array([np.broadcast_to(s, block.x.shape) for s in scores])
            total = total + np.sum(terms if block.weight is None else terms * block.weight, axis=1)
        by_param = np.asarray(total) / sample.nobs
        sizes = np.cumsum([domain.size for domain in domains])[:-1]
        pieces = zip(domains, np.split(by_param, sizes), np.split(u, ends), strict=True)
        return -np.concatenate([s @ domain.jacobian(v) for domain, s, v in pieces])

    starts = [near] if near is not None else _starts(family, sample)
    coordinates = [
        np.concatenate([np.ravel(d.to_real(interior(d, v))) for d, v in zip(domains, params, strict=True)])
        for params in starts
    ]
    first = min(coordinates, key=cost)
    gradient = slope if family.score is not None else None
    options = {"maxiter": steps, "gtol": 1e-6}
    minimize: Any = optimize.minimize
    end = minimize(cost, first, jac=gradient, method="BFGS", options=options)
    u = end.x if end.fun <= cost(first) else first
    step: Array = np.zeros(len(u))
    for _ in range(_NEWTON_STEPS if polished and family.score is not None else 0):
        hessian = central_each(slope, u, _STEP)
        if not np.all(np.isfinite(hessian)):
            return None
        step = np.asarray(np.linalg.lstsq(0.5 * (hessian + hessian.T), -slope(u), rcond=None)[0], dtype=float)
        if not cost(u + step) <= cost(u) + _SAME:
            break
        u = u + step
    return to_params(u) if np.max(np.abs(step), initial=0.0) < _SETTLED else None


def _starts(family: Family, sample: Sample) -> list[tuple[Any, ...]]:
    if family.start is not None:
        proposed = family.start(sample)
        return proposed if isinstance(proposed, list) else [proposed]
    middle, spread = sample.quantile(0.5), float(np.sqrt(sample.var())) or 1.0
    ordinary: dict[str, float] = {"location": middle, "scale": spread, "rate": 1 / spread}
    return [
        tuple(
            ordinary.get(p.role, 0.5 * sum(p.typical)) if isinstance(p.domain, Interval)
            else p.domain.from_real(np.zeros(p.domain.n_free))
            for p in family.parameters
        )
    ]  # fmt: skip
