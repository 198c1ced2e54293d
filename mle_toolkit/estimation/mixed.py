"""Regressions of mixtures: where a search begins, the order of the components, and what of them is an accident.

The likelihood has many maxima. EM climbs from many partitions of the rows: a step raises the expected log-likelihood of
the complete data by Newton's method on all coefficients at once (a generalised EM algorithm, Dempster, Laird & Rubin
1977, JRSS B 39, sec. 1). From the best ends the joint likelihood is climbed as any other.

Sources: Leisch (2004), Journal of Statistical Software 11 (8); Grün & Leisch (2008), the same, 28 (4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.rows import some_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.mixed import log_sum
from mle_toolkit.families.combinators.row_mixture import RowMixture
from mle_toolkit.families.links import usual_link
from mle_toolkit.families.relations import Limit
from mle_toolkit.likelihood.linear import Linear
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.model_charts import limit_of
from mle_toolkit.numerics.cached import cached_property

_SEED = 20_240_229
"""Of the random starts, so that a fit is the same each time."""

_ROWS = 4_000
"""Rows, evenly spaced, on which EM is begun where there are more."""

_RANDOM_STARTS = 16
_FIRST, _SHORT, _LONG = 6, 15, 80
"""Newton's steps from a partition; steps of EM from each start, and from those that are kept."""

_KEPT, _GIVEN = 8, 3

_DIFFERENT = 1e-4
"""Difference of the mean log-likelihoods, in nats per observation, of starts that count as different."""

_ENOUGH = 1e-7
"""Gain of a step of EM, in nats per observation, from which Newton's method is left to go on."""

_SOFT = 0.1
"""Share of each row that a hard partition leaves to all components."""

_SIDE = 0.3
"""Weight of all rows beside the few that begin a component."""

_COLUMNS = 4
"""Columns of a design along which residuals are parted."""

_HALVINGS = 12
_LEAST_CURVATURE = 1e-3
_LONGEST = 5.0

_NARROW = 0.1
"""A component whose middle half is narrower than this share of that of the data may be a spike."""

_HALF = (0.25, 0.75)


def model_class(law: Family) -> type[Model]:
    """The class of the regressions of a law."""
    return MixtureModel if isinstance(law, RowMixture) else Model


class MixtureModel(Model):
    """A mixture whose components, and weights, come from designs."""

    base: RowMixture

    def _bind(self) -> None:
        super()._bind()
        self.unbounded, self.arranged, self.spurious = self.base.unbounded, self._arranged, self._spurious

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The best ends of EM that are not spurious, from many partitions of the rows."""
        if sample.n_rows > _ROWS:
            sample = sample.take(np.unique(np.linspace(0, sample.n_rows - 1, _ROWS).astype(int)))
        model = self.given(sample.known)
        return _Search(model, sample).starts()

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The mixtures with one component less: its weight is 0, and its own parameters are then nothing (NaN).

        And those of which one component is at a limit of its own.
        """
        base = self.base
        lost = [base.k - 1] if base.plain.of_one_law else range(0 if base.k == 2 else 1, base.k)
        fewer = (limit for j in lost if (limit := self._without(j)) is not None)
        return *self.ends, *fewer, *(limit for near in base.limits if (limit := limit_of(self, near)) is not None)

    def limits_near(self, sample: Sample, *coefficients: Any) -> tuple[Limit, ...]:
        """Those with which a maximum must be compared: of components that are alike, one of each kind is enough."""
        if not self.is_alike:
            return self.limits
        count = len(self.base.limits) // self.base.k
        nearest: list[tuple[float, Limit]] = []
        for place, near in enumerate(self.base.limits):
            probes = [0.37 + 0.011 * k for k in range(len(near.family.parameters))]
            with np.errstate(all="ignore"):
                ends = near.embed(*probes)
            away = sum(
                -abs(value) if np.isinf(end) else abs(value - end)
                for value, end in zip(coefficients, ends, strict=True)
                if end not in probes and np.ndim(value) == 0
            )
            if place < count:
                nearest.append((away, near))
            elif away < nearest[place % count][0]:
                nearest[place % count] = (away, near)
        fewer = self._without(self.base.k - 1)
        inner = (limit for _, near in nearest if (limit := limit_of(self, near)) is not None)
        return *self.ends, *(() if fewer is None else (fewer,)), *inner

    def of_limit(self, law: Family, terms: Sequence[Linear]) -> Model:
        """The model of a limiting law, for the same rows."""
        return model_class(law)(law, terms, self.rows, self.own_unit)

    def _without(self, j: int) -> Limit | None:
        base = self.base
        rest = [component for i, component in enumerate(base.components) if i != j]
        left = [i for i in range(base.k) if i != j]
        shared = tuple(name for name in base.shared if sum(name in c.param_names for c in rest) > 1)
        law: Family = rest[0] if len(rest) == 1 else RowMixture(rest, shared)
        # Where each parameter of the smaller law stands among ours.
        if isinstance(law, RowMixture):
            place = {k: base.param_names.index(base.log_odds[i - 1]) for k, i in enumerate(left[1:])}
            for i, slots in zip(left, law.slots, strict=True):
                place |= dict(zip(slots, base.slots[i], strict=True))
            places = [place[k] for k in range(len(law.parameters))]
        else:
            places = list(base.slots[left[0]])
        odds = base.param_names.index(base.log_odds[max(j - 1, 0)])
        end: Any = -np.inf if j > 0 else np.inf
        term = self.linear.get(base.param_names[odds])
        if term is not None:
            end = term.at_end(end)
            if end is None:
                return None
        terms = [
            replace(self.linear[name], parameter=p.name)
            for p, k in zip(law.parameters, places, strict=True)
            if (name := base.param_names[k]) in self.linear
        ]
        model = self.of_limit(law, terms)
        nothing = [np.full(p.size, np.nan) if p.name in self.linear else np.nan for p in self.parameters]

        def embed(*coefficients: Any) -> tuple[Any, ...]:
            own: list[Any] = list(nothing)
            own[odds] = end
            for k, value in zip(places, coefficients, strict=True):
                own[k] = value
            return tuple(own)

        return Limit(model, embed)

    # --- order --------------------------------------------------------------------------------------------------------

    def _arranged(self, *coefficients: Any) -> tuple[Any, ...]:
        """The same law with its components in the order of their main parameters at the mean of the covariates.

        Where these are the same, in the order of their other parameters. Components that differ in law, in formula or
        in what is known of them keep their places.
        """
        if not self.is_alike:
            return coefficients
        base = self.base
        keys = [self._at_centre(slots, coefficients) for slots in base.slots]
        order = sorted(range(base.k), key=lambda j: keys[j])
        own = list(coefficients)
        odds: list[Any] = [0.0, *coefficients[: base.k - 1]]
        own[: base.k - 1] = [odds[j] - odds[order[0]] for j in order[1:]]
        for j, slots in zip(order, base.slots, strict=True):
            for k, mine in zip(slots, base.slots[j], strict=True):
                own[k] = coefficients[mine]
        return tuple(own)

    def _at_centre(self, slots: Sequence[int], coefficients: Sequence[Any]) -> list[float]:
        """The parameters of a component, from its main one, where the covariates have their means."""
        found = []
        for k in slots:
            term, value = self.linear.get(self.base.param_names[k]), coefficients[k]
            if term is None:
                found.append(float(value))
                continue
            at = np.asarray(value)
            if term.constant is not None or term.key not in self.rows:  # which rows that are not held do not say
                inner = at[term.constant or 0]
            else:
                inner = np.mean(term.design(self.rows) @ at)
            found.append(float(term.link.value(inner)))
        main = self.base.components[0].param_names.index(self.base.components[0].main_parameter)
        return [found[main], *found]

    @cached_property
    def is_alike(self) -> bool:
        """Whether the components have the same law, formulas and offsets, so that only their order tells them apart."""
        base = self.base
        groups = (
            [[slots[p] for slots in base.slots] for p in range(len(base.slots[0]))] if base.plain.of_one_law else []
        )
        return base.plain.of_one_law and all(
            self._same_term(base.param_names[group[0]], base.param_names[k])
            for group in [list(range(base.k - 1)), *groups]
            for k in group[1:]
        )

    def _same_term(self, one: str, other: str) -> bool:
        a, b = self.linear.get(one), self.linear.get(other)
        if a is None or b is None:
            return a is b
        if a.key not in self.rows:  # rows that are not held: by the means and sizes of their columns
            alike = np.array_equal(a.shift, b.shift) and np.array_equal(a.frame, b.frame)
            return a.link == b.link and alike and (a.offset is None) == (b.offset is None)
        columns = [(a.key, b.key), (a.offset, b.offset)]
        return a.link == b.link and all(
            p == q or (p is not None and q is not None and np.array_equal(self.rows[p], self.rows[q]))
            for p, q in columns
        )

    # --- accidents ----------------------------------------------------------------------------------------------------

    def _spurious(self, sample: Sample, *coefficients: Any) -> bool:
        """Whether a component is a spike: narrow, and on few rows: at most two a coefficient and one more."""
        base = self.base
        if base.discrete:
            return False
        model = self.given(sample.known)
        params = model.at_rows(coefficients).params
        width = sample.quantile(_HALF[1]) - sample.quantile(_HALF[0])
        share = model.base.shares(sample.x, *params)
        for j, (law, slots) in enumerate(zip(model.base.distributions(params), base.slots, strict=True)):
            held = int(np.count_nonzero(share[j] > 0.5))
            if held > 2 * sum(self.parameters[k].size for k in slots) + 1:
                continue
            with np.errstate(all="ignore"):
                low, high = (law.ppf(np.full(sample.n_rows, p)) for p in _HALF)
            if not float(np.median(high - low)) >= _NARROW * width:
                return True
        return False


class _End(NamedTuple):
    """Where EM ended: the mean log-likelihood, the coefficients, whether a step gained nothing any more."""

    value: float
    at: Array
    arrived: bool


class _Search:
    """EM for a mixture of regressions.

    Coefficients are all on the scale of a link: a parameter that is one number has a design of ones here.
    """

    def __init__(self, model: MixtureModel, sample: Sample) -> None:
        sample = sample.with_known(**{_ONE: np.ones((sample.n_rows, 1))})
        self.model, self.sample, self.x, self.known = model, sample, sample.x, sample.known
        self.weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        base = model.base
        self.base, self.k = base, base.k
        self.terms = [
            model.linear.get(p.name) or _constant_term(p.name, usual_link(p.interval)) for p in base.parameters
        ]
        ends = np.cumsum([term.size for term in self.terms]).tolist()
        self.places = [np.arange(end - term.size, end) for term, end in zip(self.terms, ends, strict=True)]
        self.size = ends[-1]
        self.parts = [self._part(j) for j in range(self.k)]
        self.own = [np.concatenate([self.places[k] for k in slots]) for slots in base.slots]
        self.odds = [(term.design(self.known), term.fixed_part(self.known)) for term in self.terms[: self.k - 1]]

    def _part(self, j: int) -> tuple[Model, NDArray[np.intp]]:
        """The regression that a component is, and the rows that it can have."""
        component, slots = self.base.components[j], self.base.slots[j]
        rows = np.flatnonzero(component.support.contains(self.x))
        terms = [replace(self.terms[k], parameter=p.name) for p, k in zip(component.parameters, slots, strict=True)]
        known = self.known if len(rows) == len(self.x) else some_of(self.known, rows)
        return Model(component.given(known), terms, known, self.model.own_unit), rows

    # --- the two steps ------------------------------------------------------------------------------------------------

    def log_weights(self, at: Array) -> Array:
        """Logs of the weights in every row; shape (k, n)."""
        etas = [design @ at[place] + fixed for (design, fixed), place in zip(self.odds, self.places, strict=False)]
        stacked = np.stack(np.broadcast_arrays(np.zeros(len(self.x)), *etas))
        return np.asarray(stacked - log_sum(stacked))

    def joint(self, at: Array) -> Array:
        """Logs of weight times density of each component; shape (k, n)."""
        found = self.log_weights(at)
        for j, (model, rows) in enumerate(self.parts):
            density = np.full(len(self.x), -np.inf)
            density[rows] = model.logpdf(self.x[rows], *model.unpack(at[self.own[j]]))
            found[j] += density
        return found

    def expected(self, joint: Array, share: Array) -> float:
        """Expected log-likelihood of the complete data, nats."""
        return float(np.sum(self.weight * np.where(share > 0, share * joint, 0.0)))

    def climbed_once(self, at: Array, share: Array, joint: Array | None = None) -> tuple[Array, Array] | None:
        """A step of Newton's method on the expected log-likelihood, halved until it rises, with `joint` there.

        None where it does not rise.
        """
        gradient, hessian = np.zeros(self.size), np.zeros((self.size, self.size))
        held = share * self.weight
        for j, (model, rows) in enumerate(self.parts):
            first, second = _derivatives(model, self.x[rows], held[j, rows], model.unpack(at[self.own[j]]))
            gradient[self.own[j]] += first
            hessian[np.ix_(self.own[j], self.own[j])] += second
        chance = np.exp(self.log_weights(at))
        total = held.sum(axis=0)
        for a, (one, _) in enumerate(self.odds):
            gradient[self.places[a]] = one.T @ (held[a + 1] - total * chance[a + 1])
            for b, (other, _) in enumerate(self.odds):
                across = total * chance[a + 1] * (float(a == b) - chance[b + 1])
                hessian[np.ix_(self.places[a], self.places[b])] = -(one.T @ (across[:, None] * other))
        if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
            return None
        curvatures, axes = np.linalg.eigh(-hessian)
        size = np.abs(curvatures)
        if not size.max() > 0:
            return None
        step = axes @ ((gradient @ axes) / np.maximum(size, _LEAST_CURVATURE * size.max()))
        longest = float(np.max(np.abs(step)))
        if longest > _LONGEST:
            step *= _LONGEST / longest
        before = self.expected(self.joint(at) if joint is None else joint, share)
        # One step of EM, not Newton's method to its end: with every step the shares of the rows are others.
        for _ in range(_HALVINGS):
            there = self.joint(at + step)
            if self.expected(there, share) > before:
                return at + step, there
            step = 0.5 * step
        return None

    def climbed(self, at: Array, steps: int) -> _End | None:
        """Steps of EM."""
        best: _End | None = None
        joint = self.joint(at)
        for _ in range(steps):
            rows = log_sum(joint)
            value = float(np.sum(self.weight * rows)) / self.sample.nobs
            if not np.isfinite(value) or (best is not None and value < best.value):
                return best
            arrived = best is not None and value - best.value < _ENOUGH
            best = _End(value, at, arrived)
            further = None if arrived else self.climbed_once(at, np.exp(joint - rows), joint)
            if further is None:
                return best
            at, joint = further
        return best

    # --- starts -------------------------------------------------------------------------------------------------------

    def starts(self) -> list[tuple[Any, ...]]:
        """The best ends of EM that are not spurious."""
        with np.errstate(all="ignore"):
            alone = self._alone()
            ends = []
            for share in self._partitions(alone):
                at = self._towards(alone, share, _FIRST)
                end = self.climbed(at, _SHORT)
                if end is not None:
                    ends.append(end)
            kept = self._distinct(ends, _KEPT)
            longer = [self.climbed(end.at, _LONG) if not end.arrived else end for end in kept]
            best = self._distinct([end for end in longer if end is not None], _GIVEN)
        if not best:
            raise NoMaximumError(f"{self.base.name}: no component could be fitted to a part of the rows.")
        return [self._coefficients(end.at) for end in best]

    def _distinct(self, ends: Sequence[_End], count: int) -> list[_End]:
        """The highest of those that differ, the sound ones first."""
        kept: list[_End] = []
        odd: list[_End] = []
        for end in sorted(ends, key=lambda end: -end.value):
            if any(abs(end.value - other.value) < _DIFFERENT for other in kept + odd):
                continue
            spike = self.model._spurious(self.sample, *self._coefficients(end.at))
            (odd if spike else kept).append(end)
            if len(kept) == count:
                break
        return (kept or odd)[:count]

    def _coefficients(self, at: Array) -> tuple[Any, ...]:
        """In the coordinates of the model: a number itself where a parameter is one."""
        return tuple(
            at[place] if p.name in self.model.linear else float(term.link.value(at[place[0]]))
            for p, term, place in zip(self.base.parameters, self.terms, self.places, strict=True)
        )

    def _alone(self) -> Array:
        """Coefficients at which every component is the regression of its law to all rows, and all weights are equal."""
        at = np.zeros(self.size)
        found: tuple[Any, ...] = ()
        for j, (model, rows) in enumerate(self.parts):
            if j == 0 or not self.model.is_alike:
                found = model.start(self.sample.take(rows))[0]
            for k, value in zip(self.base.slots[j], found, strict=True):
                at[self.places[k]] = value
        return self._towards(at, np.full((self.k, len(self.x)), 1 / self.k), 2 * _FIRST)

    def _towards(self, at: Array, share: Array, steps: int) -> Array:
        """Where steps of Newton's method lead for given shares of the rows."""
        joint: Array | None = None
        for _ in range(steps):
            further = self.climbed_once(at, share, joint)
            if further is None:
                break
            near = np.allclose(further[0], at, rtol=1e-6, atol=1e-6)
            at, joint = further
            if near:
                break
        return at

    def _residuals(self, at: Array) -> Array:
        """Of the first component, alone: observation less mean, in standard deviations; of heavy tails less median."""
        model, rows = self.parts[0]
        law = model.law(model.unpack(at[self.own[0]]))
        with np.errstate(all="ignore"):
            away = (self.x[rows] - law.mean()) / np.sqrt(law.var())
            if not np.all(np.isfinite(away)):
                away = self.x[rows] - law.ppf(np.full(len(rows), 0.5))
        found = np.zeros(len(self.x))
        found[rows] = np.where(np.isfinite(away), away, 0.0)
        return found

    def _partitions(self, alone: Array) -> list[Array]:
        """Shares of every row in every component, each of shape (k, n), from which EM starts."""
        away, k = self._residuals(alone), self.k
        n = len(self.x)
        rank = _ranks(away)
        labels: list[Any] = [np.searchsorted(np.arange(1, k) / k, rank)]
        for share in (0.25, 0.1):  # a large component, and small ones in one tail or the other
            inner = 1 - share * np.arange(k - 1, 0, -1) / (k - 1)
            labels += [np.searchsorted(inner, rank), np.searchsorted(1 - inner[::-1], rank)]
        labels.append(np.minimum((_ranks(np.abs(away)) * k).astype(int), k - 1))
        for column in self._columns():  # components whose slopes differ
            labels.append(np.searchsorted(np.arange(1, k) / k, _ranks(away * column)))
            labels.append(np.searchsorted(np.arange(1, k) / k, _ranks(column)))
        parts = [(1 - _SOFT) * (label == np.arange(k)[:, None]) + _SOFT / k for label in labels]
        rng = np.random.default_rng(_SEED)
        few = min(max(len(own) for own in self.own) + 1, max(n // k, 1))
        for _ in range(_RANDOM_STARTS):
            chosen = rng.permutation(n)[: few * k]
            begun = np.full((k, n), _SIDE * few / n)
            begun[np.arange(len(chosen)) % k, chosen] = 1.0
            parts.append(begun)
        if self.base.plain.of_one_law:
            return parts
        return [share[order] for share in parts for order in (list(range(k)), list(range(k))[::-1])]

    def _columns(self) -> list[Array]:
        """Columns of the designs of the components that are not constant."""
        found: list[Array] = []
        for k in range(self.k - 1, len(self.terms)):
            design = self.terms[k].design(self.known)
            for column in design.T:
                if np.ptp(column) > 0 and not any(np.array_equal(column, other) for other in found):
                    found.append(column - np.mean(column))
        return found[:_COLUMNS]


_ONE = "one"


def _constant_term(name: str, link: Any) -> Linear:
    return Linear(name, _ONE, link, np.zeros(1), np.ones(1), constant=0)


def _ranks(values: Array) -> Array:
    """Shares of the rows below each, about."""
    return np.asarray((np.argsort(np.argsort(values, kind="stable"), kind="stable") + 0.5) / len(values))


def _derivatives(model: Model, x: Array, weight: Array, coefficients: Sequence[Any]) -> tuple[Array, Array]:
    """Gradient and second derivatives of the weighted log-likelihood of one component."""
    size = sum(p.size for p in model.parameters)
    if model.derivative_sums is not None:
        sums = np.asarray(model.derivative_sums(x, weight, *coefficients))
    else:
        at = model.at_rows(coefficients)
        first, second = model.by_differences(lambda params: model.base.logpdf(x, *params), at)
        sums = model.summed(at, np.zeros(len(x)), first, second, weight, len(x))
    hessian = np.zeros((size, size))
    hessian[np.triu_indices(size)] = sums[1 + size :]
    return sums[1 : 1 + size], hessian + np.triu(hessian, 1).T
