"""The charts and the limits of a regression, from those of the law of one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mle_toolkit.families.base import Family
from mle_toolkit.families.hooks import needed
from mle_toolkit.families.links import get_link
from mle_toolkit.families.relations import Along, Chart, Limit, SpecialCase
from mle_toolkit.likelihood.model_starts import ModelLike

if TYPE_CHECKING:
    from mle_toolkit._typing import Array
    from mle_toolkit.likelihood.linear import Linear


class WithLimits(ModelLike, Protocol):
    """What is needed of a `Model`."""

    def at_rows(self, coefficients: Sequence[Any]) -> Any:
        """The parameters of the rows at hand, as ``params``."""

    @property
    def of_limit(self) -> Callable[[Family, Sequence[Linear]], Family]:
        """The model of another law, for the same rows."""


def chart_of(model: WithLimits) -> Chart | None:
    """The chart of a regression: where its one formula is of the parameter along which that of the law goes.

    All that the other parameters of the chart add to the predictor is taken up by the constant.
    """
    charted = _charted(model)
    if charted is None:
        return None
    along, term = charted.along, charted.term
    law = model.of_limit(charted.chart.law, [replace(term, parameter=along.charted, link=get_link("identity"))])
    return Chart(law, charted.outward, charted.inward, charted.slopes)


def _charted(model: WithLimits) -> _Charted | None:
    base, own = model.base, model.base.chart
    along = None if own is None else own.along
    if own is None or along is None or set(model.linear) != {along.declared}:
        return None
    term = model.linear[along.declared]
    if term.constant is None or term.link.name != along.link or term.run_off is not None or term.ended is not None:
        return None
    return _Charted(own, along, term, base)


@dataclass(frozen=True)
class _Charted:
    """Coefficients and numbers of a regression from those of its chart, and back: all in one row."""

    chart: Chart
    along: Along
    term: Linear
    base: Family

    @cached_property
    def unit(self) -> Array:
        """Coefficients that give a predictor of 1 in every row."""
        raw = np.zeros(self.term.size)
        raw[needed(self.base, self.term.constant, "a constant in its design")] = 1 / self.term.factor
        return self.term.to_unit(raw)

    @cached_property
    def _places(self) -> tuple[int, int]:
        """Where the predictor begins, among the parameters declared and among those of the chart."""
        return (
            self.base.param_names.index(self.along.declared),
            self.chart.law.param_names.index(self.along.charted),
        )

    def outward(self, *charted: float) -> tuple[float, ...]:
        """All that is declared."""
        declared, place = self._places
        coefficients, others = self._parted(charted, place)
        shift = self.along.shift(*others)
        with np.errstate(all="ignore"):
            found = list(self.chart.outward(*others[:place], 0.0, *others[place:]))
            moved = coefficients + np.where(self.unit != 0, self.unit * shift, 0.0)
        found[declared : declared + 1] = moved.tolist()
        return tuple(float(value) for value in found)

    def inward(self, *declared: float) -> tuple[float, ...]:
        """All parameters of the chart."""
        place, charted = self._places
        coefficients, others = self._parted(declared, place)
        found = list(self.chart.inward(*others[:place], 1.0, *others[place:]))
        del found[charted]
        moved = coefficients - self.unit * self.along.shift(*found)
        return *found[:charted], *moved.tolist(), *found[charted:]

    def slopes(self, *charted: float) -> Array:
        """Derivatives of all that is declared, in rows, by all parameters of the chart."""
        declared, place = self._places
        _, others = self._parted(charted, place)
        size, n_others = self.term.size, len(others)
        of_numbers = np.asarray(self.chart.slopes(*others[:place], 0.0, *others[place:]), dtype=float)
        rows, columns = (_others_of(at, size, n_others) for at in (declared, place))
        mine = np.arange(declared, declared + size), np.arange(place, place + size)
        slopes = np.zeros((size + n_others, size + n_others))
        slopes[np.ix_(rows, columns)] = np.delete(np.delete(of_numbers, declared, 0), place, 1)
        slopes[np.ix_(*mine)] = np.eye(size)
        slopes[np.ix_(mine[0], columns)] = np.outer(self.unit, self.along.slopes(*others))
        return slopes

    def _parted(self, values: Sequence[float], place: int) -> tuple[Array, list[float]]:
        size = self.term.size
        return np.array(values[place : place + size]), [*values[:place], *values[place + size :]]


def _others_of(place: int, size: int, n_others: int) -> NDArray[np.intp]:
    """Where all but the coefficients stand."""
    return np.delete(np.arange(size + n_others), slice(place, place + size))


def limit_of(model: WithLimits, limit: Limit) -> Limit | None:
    """A limit of the law of a row, where a parameter is at its end in all rows; None where coefficients have none.

    A number of the limit that only a product of two parameters says, which run off, is none of ours there.
    """
    law, base = limit.family, model.base
    if not law.all_scalar:
        return None
    # Which of our parameters each of the limit's is: shown by numbers that they are given.
    probes = [0.37 + 0.011 * k for k in range(len(law.parameters))]
    with np.errstate(all="ignore"):
        ends = limit.embed(*probes)
    place = [next((k for k, end in enumerate(ends) if end == probe), None) for probe in probes]
    left = [k for k in range(len(ends)) if k not in place]
    names = [p.name for p in base.parameters]
    # One that is none of ours is a product of two that run off; a formula of one of these would have to be its own.
    if all(k is None for k in place) or (None in place and not {names[k] for k in left}.isdisjoint(model.linear)):
        return _charted_limit(model, limit, probes) or _scaled_limit(model, limit, place, ends)
    own_ends: list[Any] = list(ends)
    for k in left:
        term = model.linear.get(names[k])
        if term is not None:
            at_end = term.at_end(ends[k])
            if at_end is None:
                return None
            own_ends[k] = at_end
    terms = [
        replace(term, parameter=p.name)
        for p, k in zip(law.parameters, place, strict=True)
        if k is not None and (term := model.linear.get(names[k])) is not None
    ]

    def embed(*coefficients: Any) -> tuple[Any, ...]:
        own: list[Any] = list(own_ends)
        for k, value in zip(place, coefficients, strict=True):
            if k is not None:
                own[k] = value
        return tuple(own)

    return Limit(model.of_limit(law, terms), embed)


def ends_at_line(model: ModelLike) -> bool:
    """Whether the support ends at a predictor, and the likelihood rises towards the observations that are there."""
    return not set(model.linear).isdisjoint(model.base.rising_ends)


def special_cases_of(model: WithLimits) -> tuple[SpecialCase, ...]:
    """Laws inside that of a row at which every likelihood is level, where their parameters are among its own."""
    found = []
    for case in model.base.special_cases:
        law, names = case.family, model.base.param_names
        if case.beside is None or not law.all_scalar or not set(case.at).isdisjoint(model.linear):
            continue
        probes = [0.37 + 0.011 * k for k in range(len(law.parameters))]
        ends = case.embed(*probes)
        place = [next((k for k, end in enumerate(ends) if end == probe), None) for probe in probes]
        known = [k for k in place if k is not None]
        if len(known) == len(probes) and not any(
            name in model.linear and model.linear[name].constant is None for name in names
        ):
            found.append(_special_case(model, case, case.beside, known, ends))
    return tuple(found)


def _special_case(
    model: WithLimits, case: SpecialCase, sides_of: Callable[..., Any], place: Sequence[int], ends: Sequence[float]
) -> SpecialCase:
    """The regression of a law inside: all that the law beside it has otherwise is in the constants."""
    law, names = case.family, model.base.param_names
    terms = [
        replace(model.linear[names[k]], parameter=p.name)
        for p, k in zip(law.parameters, place, strict=True)
        if names[k] in model.linear
    ]

    def embed(*coefficients: Any) -> tuple[Any, ...]:
        own: list[Any] = list(ends)
        for k, value in zip(place, coefficients, strict=True):
            own[k] = value
        return tuple(own)

    def beside(*coefficients: Any) -> list[tuple[Any, ...]]:
        own = embed(*coefficients)
        linear = [model.linear.get(name) for name in names]
        at = [
            v if t is None else float(t.link.inverse(np.asarray(v[t.constant]))[0])
            for v, t in zip(own, linear, strict=True)
        ]
        sides = []
        for side in sides_of(*(at[k] for k in place)):
            moved = list(side)
            for k, term in enumerate(linear):
                if term is not None:
                    by = term.link.predictor(side[k]) - term.link.predictor(at[k])
                    moved[k] = own[k] + by * (np.arange(term.size) == term.constant)
            sides.append(tuple(moved))
        return sides

    return SpecialCase(model.of_limit(law, terms), embed, case.at, beside)


def _charted_limit(model: WithLimits, limit: Limit, probes: Sequence[float]) -> Limit | None:
    """A limit that only the chart of the law tells apart: the constant runs off, and all other coefficients stay."""
    charted, law = _charted(model), limit.family
    if charted is None or limit.charted is None:
        return None
    chart, along, term, unit = charted.chart, charted.along, charted.term, charted.unit
    ends = limit.charted(*probes)
    carried = [name for name, end in zip(chart.law.param_names, ends, strict=True) if end in probes]
    if len(carried) != len(probes) or along.charted not in carried:
        return None
    which = probes.index(ends[chart.law.param_names.index(along.charted)])
    with np.errstate(all="ignore"):
        declared = dict(zip(model.base.param_names, limit.embed(*probes), strict=True))
        gone = float(term.link.predictor(declared[along.declared]))
    linear = replace(term, parameter=law.param_names[which], link=get_link("identity"))

    def embed(*coefficients: Any) -> tuple[Any, ...]:
        own = np.where(unit != 0, gone, np.asarray(coefficients[which], dtype=float))
        return tuple((declared | {along.declared: own}).values())

    return Limit(model.of_limit(law, [linear]), embed)


def _scaled_limit(model: WithLimits, limit: Limit, place: Sequence[int | None], ends: Sequence[float]) -> Limit | None:
    """A limit of laws of a scale that runs off, and has the one formula: all but the constant are those of the limit.

    Where one law tends to another, it does so in every unit: scales that are a factor apart are so at the limit too.
    """
    law, base = limit.family, model.base
    if any("scale" != role != "shape" for role in (*base.roles, *law.roles)):
        return None
    if base.roles.count("scale") != 1 or law.roles.count("scale") != 1:
        return None
    ours, own = base.roles.index("scale"), law.roles.index("scale")
    name = base.param_names[ours]
    term = model.linear.get(name)
    if term is None or len(model.linear) > 1 or ours in place or term.link.name != "log":
        return None
    gone = None if term.run_off is not None or term.is_partial else term.at_end(ends[ours])
    if gone is None:
        return None

    def embed(*coefficients: Any) -> tuple[Any, ...]:
        found: list[Any] = list(ends)
        for k, value in zip(place, coefficients, strict=True):
            if k is not None:
                found[k] = value
        found[ours] = np.where(gone != 0, gone, np.asarray(coefficients[own], dtype=float))
        return tuple(found)

    return Limit(model.of_limit(law, [replace(term, parameter=law.param_names[own])]), embed)


def irregular_of(model: WithLimits, coefficients: Sequence[Any]) -> tuple[str, ...]:
    """Parameters that have no standard error from the information, in any of the rows at hand.

    By the rows in which a parameter is least and largest: laws are regular on one side of a value.
    """
    base = model.base
    always = tuple(p.name for p in base.parameters if not p.regular)
    if type(base).irregular is Family.irregular or any(term.key not in model.rows for term in model.linear.values()):
        return always
    at = [np.asarray(value) for value in model.at_rows(coefficients).params]
    rows = {int(k) for value in at if value.ndim for k in (np.argmin(value), np.argmax(value))} or {0}
    here = {name for k in rows for name in base.irregular(*(float(v[k] if v.ndim else v) for v in at))}
    return tuple(name for name in base.param_names if name in here or name in always)
