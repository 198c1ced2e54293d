"""Mixtures: each observation comes from one of several laws, and which one is not seen.

Over 600 lines, because it is one class, a third of which is where its searches begin.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, NoMaximumError, ParameterError, SupportError
from mle_toolkit.families.base import Family
from mle_toolkit.families.circular import about
from mle_toolkit.families.combinators.em import EM, End
from mle_toolkit.families.combinators.grid_em import GridEM, distinct
from mle_toolkit.families.combinators.mixed import Mixed, log_sum
from mle_toolkit.families.combinators.parts import fitted, interior, part
from mle_toolkit.families.combinators.shifted import Shifted
from mle_toolkit.families.combinators.vector_mixture import vector_mixture
from mle_toolkit.families.combinators.zeros import zero_inflated
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Domain, Interval, Simplex, Space, Vector
from mle_toolkit.families.hooks import Score, all_of, made_with
from mle_toolkit.families.mass import mass_expansion
from mle_toolkit.families.normal import Normal
from mle_toolkit.families.parameters import Parameter, Role
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.options import shown, text, whole

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample

_SEED = 20_240_229
"""Of the random starts, so that a fit is the same each time."""

_RANDOM_STARTS, _DENSE_STARTS, _FEW_STARTS = 24, 16, 6
_LEAST_VALUES, _FAR_ABOVE = 5, 4.0
"""How many of the least values may be apart from the next, and how many times the last of them that must be."""

_DENSE_SHARES = (0.06, 0.15)
_SHORT, _MIDDLE, _LONG = 30, 80, 400
"""Steps of EM from each start, and from those that are kept."""

_KEPT, _GIVEN = 8, 3

_SHORT_ON_GRID, _LONG_ON_GRID, _KEPT_ON_GRID = 10, 60, 12
"""Steps of EM on a grid from each start, and from those that are kept, and how many these are."""

_DIFFERENT = 1e-4
"""Difference of the mean log-likelihoods, in nats per observation, of starts that count as different."""

_SOFT = 0.1
"""Share of each observation that a hard partition leaves to all components."""

_NARROW = 0.1
"""A component whose middle half is narrower than this share of that of the data may be a spike."""

_MORE = 6
"""How many further starts are kept that are not confined to cells of the data."""

_OUTSIDE = 1e-4
"""Mass of a component outside two cells of the data up to which it is inside."""

_RESOLVED = 1e-9
_CENTRAL = (0.005, 0.995)
_HALF = (0.25, 0.75)
_FAR = 1e3
"""A parameter beyond this, or below one over it, may be on its way to infinity, or to 0."""


@dataclass(frozen=True)
class Slot:
    """Where a component finds one of its parameters: in which parameter of the mixture, and at which entry."""

    parameter: int
    entry: int | None


MOST_COMPONENTS = 100
"""Components of a mixture, at most: what a search through partitions of the data can tell apart."""


class Mixture(Mixed):
    r"""A mixture of laws with unknown weights.

    .. math:: f(x) = \sum_j w_j f_j(x), \qquad w_j \ge 0, \quad \sum_j w_j = 1

    Parameters
    ----------
    components : sequence of Family
    shared : tuple of str
        Parameters that the components have in common.

    Notes
    -----
    Source: McLachlan & Peel (2000), Finite Mixture Models. Route to the maximum: the EM algorithm (Dempster, Laird &
    Rubin 1977, JRSS B 39, 1-38) from partitions of the data at quantiles, about dense places, and at random, with a
    fixed seed; from the best of the ends Newton's method. Where a component can concentrate on one observation the
    likelihood is unbounded, and the estimate is the best local maximum none of whose components is a spike: narrow, and
    on hardly more observations, or values, than it has parameters. Where there is no such maximum, it is the best of
    the others.
    """

    kind, of_several = "mixture", True
    takes = {"shared": tuple[str, ...]}  # noqa: RUF012

    def __init__(self, components: Sequence[Family], shared: tuple[str, ...] = ()) -> None:
        self.components = tuple(components)
        self.shared = shared
        self.k = len(self.components)
        self.of_one_law = _are_one_law(self.components)
        self.constants = _constants_per_row(self.components, self.of_one_law)
        self.name = _name(self.components, self.of_one_law)
        self.support = _union([c.support for c in self.components])
        self.period = self.components[0].period
        self._roles = _roles(self.components)
        self.parameters, self._slots = self._declared()
        self._take_scores()
        if not self.per_row:
            scores, hessians = all_of(c.score for c in self.components), all_of(c.hessian for c in self.components)
            self.derivative_sums = made_with(self._derivative_sums, scores, hessians)
            self.derivatives = None if self.derivative_sums is None else self._derivatives
        if not self.per_row and all(isinstance(p.domain, Interval) for c in self.components for p in c.parameters):
            self.mass_sums = self._mass_sums
        if self.of_one_law and type(self.components[0]) is Normal and not shared:
            self.twin = "normal_mixture"

    def _declared(self) -> tuple[tuple[Parameter, ...], tuple[tuple[Slot, ...], ...]]:
        parameters = [Parameter("weights", Simplex(self.k), typical=(0.2, 0.8))]
        where: dict[str, int] = {}
        slots: list[list[Slot]] = [[] for _ in self.components]
        prefixes = _prefixes(self.components)
        for j, component in enumerate(self.components):
            for p, role in zip(component.parameters, self._roles[j], strict=True):
                common = p.name in self.shared
                name = p.name if common or self.of_one_law else f"{prefixes[j]}.{p.name}"
                as_vector = self.of_one_law and not common
                if name not in where:
                    where[name] = len(parameters)
                    domain = Vector(p.interval, self.k) if as_vector else p.domain
                    parameters.append(Parameter(name, domain, p.typical, role))
                slots[j].append(Slot(where[name], j if as_vector else None))
        return tuple(parameters), tuple(tuple(s) for s in slots)

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return mixture(list(parts), shared=tuple(others["shared"]))

    def slots_of(self, j: int) -> tuple[Slot, ...]:
        """Where a component finds its parameters."""
        return self._slots[j]

    # --- the law ------------------------------------------------------------------------------------------------------

    def split(self, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Parameters of each component."""
        if self.of_one_law and not self.shared:
            return list(zip(*(np.asarray(value).tolist() for value in params[1:]), strict=True))
        return [
            tuple(params[s.parameter] if s.entry is None else float(params[s.parameter][s.entry]) for s in slots)
            for slots in self._slots
        ]

    def join(self, weights: Array, parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
        """Parameters of the mixture, from those of the components; shared ones are averaged by weight."""
        if self.of_one_law and not self.shared:
            return np.asarray(weights), *(np.array(values) for values in zip(*parts, strict=True))
        values: list[Any] = [np.asarray(weights), *(np.zeros(p.domain.shape) for p in self.parameters[1:])]
        mass = np.zeros(len(values))
        for j, slots in enumerate(self._slots):
            for slot, value in zip(slots, parts[j], strict=True):
                if slot.entry is not None:
                    values[slot.parameter][slot.entry] = value
                else:
                    values[slot.parameter] = values[slot.parameter] + weights[j] * np.asarray(value)
                    mass[slot.parameter] += weights[j]
        for k, total in enumerate(mass):
            if total > 0:
                values[k] = values[k] / total
        return tuple(v if np.ndim(v) else float(v) for v in values)

    def weights(self, params: Sequence[Any]) -> Sequence[Any]:
        """The weight of every component."""
        weights: Sequence[Any] = params[0]
        return weights

    def log_weights(self, params: Sequence[Any]) -> list[Any]:
        """Log of the weight of every component."""
        with np.errstate(divide="ignore"):
            return [np.log(weight) for weight in params[0]]

    def _by_shares(self, joint: Array, params: Sequence[Any], slopes: Sequence[Sequence[Any]]) -> tuple[Array, ...]:
        """Derivatives of the log of a sum over the components, from those of the log of each."""
        sums: list[list[Any]] = [[0.0] * p.size for p in self.parameters]
        with np.errstate(all="ignore"):
            share = np.exp(joint - log_sum(joint))
            for j, component in enumerate(self.components):
                sums[0][j] = share[j] / params[0][j]
                own = iter(slopes[j])
                for parameter, slot in zip(component.parameters, self._slots[j], strict=True):
                    for entry in range(parameter.size):
                        at = entry if slot.entry is None else slot.entry
                        term = np.where(share[j] > 0, share[j] * next(own), 0.0)
                        sums[slot.parameter][at] = sums[slot.parameter][at] + term
        return tuple(itertools.chain.from_iterable(sums))

    def _derivative_sums(
        self, scores: tuple[Score, ...], hessians: tuple[Score, ...], x: Array, weight: Array | None, *params: Any
    ) -> Sequence[float]:
        """Sums of the log-density, its score and its second derivatives, upper triangle row by row."""
        slopes, bends = self.each(scores, x, params), self.each(hessians, x, params)
        with np.errstate(all="ignore"):
            return self._second_order(self.log_joint(x, params), slopes, bends, weight, params)

    def _mass_sums(self, lower: Array, upper: Array, weight: Array, *params: Any) -> Array:
        """Sums, as of the log-density, of the log-probabilities of intervals."""
        joint, slopes, bends = [], [], []
        with np.errstate(all="ignore"):
            for share, component, part in zip(params[0], self.components, self.split(params), strict=True):
                steps = partial(_natural_steps, component.parameters, part)
                value, slope, bend = mass_expansion(component, part, steps, lower, upper)
                joint.append(np.log(share) + np.where(np.isnan(value), -np.inf, value))
                slopes.append(slope)
                bends.append(bend)
            return np.array(self._second_order(np.array(joint), slopes, bends, weight, params))

    def _second_order(
        self,
        joint: Array,
        slopes_of: Sequence[Sequence[Array]],
        bends_of: Sequence[Sequence[Array]],
        weight: Array | None,
        params: Sequence[Any],
    ) -> list[float]:
        """Sums of the log of a sum over the components, its derivatives and its second ones, from those of the logs.

        With the derivatives s and the second derivatives h of a component, and its share r of a row, those of the sum
        are the sums over the components of r s and of r (h + s s'), less the product of the former with itself. A
        weight has the derivative 1/w, and no second ones of its term itself.
        """
        total = log_sum(joint)
        owner, place = self._coefficients
        share = np.exp(joint - total)
        slopes, bends = np.empty((len(owner), len(total))), np.zeros((len(owner), len(owner)))
        row = 0
        for j, component in enumerate(self.components):
            held = share[j] if weight is None else share[j] * weight
            seen = None if share[j].all() else share[j] > 0  # elsewhere its derivatives may not exist
            slopes[row] = 1.0 / params[0][j]
            bends[row, row] = -np.sum(held) / params[0][j] ** 2  # so that h + s s' is 0
            own = range(row + 1, row + 1 + len(component.roles))
            for a, slope in zip(own, slopes_of[j], strict=True):
                slopes[a] = slope if seen is None else np.where(seen, slope, 0.0)
            pairs = itertools.combinations_with_replacement(own, 2)
            for (a, b), bend in zip(pairs, bends_of[j], strict=True):
                term = held * bend
                bends[a, b] = bends[b, a] = np.sum(term if seen is None else np.where(seen, term, 0.0))
            row = own.stop
        score = slopes * share[owner]
        weighed = score if weight is None else score * weight
        bends += np.where(owner[:, None] == owner, weighed @ slopes.T, 0.0) - weighed @ score.T
        value = np.sum(total if weight is None else total * weight)
        size = sum(p.size for p in self.parameters)
        gathered = np.zeros((size, len(owner)))
        gathered[place, range(len(owner))] = 1.0
        second = gathered @ bends @ gathered.T
        score_sums = gathered @ np.sum(weighed, axis=1)
        return [float(value), *score_sums.tolist(), *second[np.triu_indices(size)].tolist()]

    @cached_property
    def _coefficients(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Of every weight and its component's parameters, one by one: the component, and the place in the mixture."""
        firsts = np.cumsum([0, *(p.size for p in self.parameters)])
        owner, place = [], []
        for j, (component, slots) in enumerate(zip(self.components, self._slots, strict=True)):
            at = [j]
            for parameter, slot in zip(component.parameters, slots, strict=True):
                first = int(firsts[slot.parameter])
                at += range(first, first + parameter.size) if slot.entry is None else [first + slot.entry]
            owner += [j] * len(at)
            place += at
        return np.array(owner), np.array(place)

    @staticmethod
    def _derivatives(count: float, sums: Sequence[float], *params: Any) -> Sequence[float]:
        """Log-likelihood, score and second derivatives: the sums themselves."""
        return sums

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Random numbers: first the component, then the value."""
        which = rng.choice(self.k, size=size, p=np.asarray(params[0]) / np.sum(params[0]))
        x = np.empty(which.shape)
        for j, law in enumerate(self.distributions(params)):
            own = which == j
            if law.family.per_row:
                law = Distribution.at(law.family.take(own), tuple(law.params.values()))
            x[own] = law.rvs(int(np.sum(own)), rng)
        return x

    # --- order, unit, coordinates -------------------------------------------------------------------------------------

    def arranged(self, *params: Any) -> tuple[Any, ...]:
        """Components of one law in the order of their locations, or of their means where the law has no location.

        Where these are the same, in the order of their scales.
        """
        if not self.of_one_law:
            return params
        spread = [v for p, v in zip(self.parameters, params, strict=True) if p.role == "scale" and np.ndim(v)]
        order = np.lexsort((spread[0] if spread else np.arange(self.k), self._places(params)))
        return tuple(
            np.asarray(value)[order] if k == 0 or isinstance(p.domain, Vector) else value
            for k, (p, value) in enumerate(zip(self.parameters, params, strict=True))
        )

    def _places(self, params: Sequence[Any]) -> Array:
        names = [p.name for p in self.components[0].parameters if p.role == "location" and p.name not in self.shared]
        if names:
            return np.asarray(params[self.param_names.index(names[0])])
        if self.per_row:
            row = self._row_of_order
            parts = zip(self.components, self.split(params), strict=True)
            return np.array([float(Distribution.at(c.take(row), p).mean()) for c, p in parts])
        with np.errstate(all="ignore"):
            means = np.array([float(law.mean()) for law in self.distributions(params)])
        if np.all(np.isfinite(means)):
            return means
        return np.array([float(law.ppf(0.5)) for law in self.distributions(params)])

    @cached_property
    def _row_of_order(self) -> int:
        """The row of the greatest constants, at whose means components are put in order."""
        return int(np.lexsort([self.constants[name] for name in self.per_row])[-1])

    def given(self, known: Known) -> Mixture:
        """The law of rows of which this is known."""
        if not self.per_row:
            return self
        if self.of_one_law:
            return Mixture([c.given(known) for c in self.components], self.shared)
        named = zip(_prefixes(self.components), self.components, strict=True)
        own = [c.given({name: known[f"{prefix}.{name}"] for name in c.per_row}) for prefix, c in named]
        return Mixture(own, self.shared)

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is impossible under all components."""
        super().check_support(sample)
        if self.period is not None:
            self.components[0].check_support(sample)
            if not sample.is_plain:
                raise ParameterError(
                    f"{self.name}: of mixtures of directions only exact values without a window can be fitted; "
                    f"fit one law to sectors, or take their middles."
                )
        if not self.per_row:
            return
        outside: set[int] | None = None
        for component in self.components:
            try:
                component.check_support(sample)
                return
            except SupportError as error:
                outside = set(error.outside) if outside is None else outside & set(error.outside)
                message = str(error)
        if outside:
            rows = tuple(sorted(outside))
            raise SupportError(
                f"{self.name}: {len(rows)} of {sample.n_rows} observations are impossible under all components; the "
                f"first is in row {rows[0]}. Of one component: {message}",
                self.name,
                rows,
            )

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``."""
        return Mixture([c.in_unit(centre, scale) for c in self.components], self.shared)

    def domains_at(self, *params: Any) -> tuple[Domain, ...]:
        """Locations in units of the scale of their components."""
        scaled = [v for p, v in zip(self.parameters, params, strict=True) if p.role == "scale" and np.ndim(v)]
        scales = scaled[0] if scaled else np.ones(self.k)
        domains: list[Domain] = []
        for p, value in zip(self.parameters, params, strict=True):
            of = p.domain.domain if isinstance(p.domain, Vector) else None
            if of is not None and np.isinf(of.lower) and np.isinf(of.upper):
                step = scales if p.role == "location" else np.ones(p.size)
                domains.append(Space(p.size, np.array(value, dtype=float), np.diag(step)))
            else:
                domains.append(p.domain)
        return tuple(domains)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The mixtures with one component less: its weight is 0, and its own parameters are then nothing (NaN).

        Also those of which one component is at a limit of its own or, of counts from 0, has zeros alone: the others,
        with additional zeros. Of one law the component is the last, or the first: their order is nothing.
        """
        fewer = [self.k - 1] if self.of_one_law else range(self.k)
        if self.shared:
            return tuple(map(self._without, fewer))
        apart = list(enumerate(self.components))[: 1 if self.of_one_law else self.k]
        zeros = (limit for j, _ in apart if (limit := self._with_zeros(j)) is not None)
        inner = (self._with_limit(j, limit) for j, component in apart for limit in component.limits)
        return (*map(self._without, fewer), *zeros, *inner)

    def limits_near(self, sample: Sample, *params: Any) -> tuple[Limit, ...]:
        """Not a component of zeros where there are none; of one law its limits where a component is near one."""
        return tuple(limit for limit in self.limits if not isinstance(limit, _OfOne) or limit.near(sample, params))

    def _with_zeros(self, j: int) -> Limit | None:
        counts = all(c.discrete and c.support.lower == 0 and "pi" not in c.param_names for c in self.components)
        zeros = _none_but_first(self.components[j]) if counts else None
        if zeros is None:
            return None
        others = [component for i, component in enumerate(self.components) if i != j]
        rest = Mixture(others) if len(others) > 1 else None

        def embed(pi: float, *params: Any) -> tuple[Any, ...]:
            weights, parts = (np.ones(1), [params]) if rest is None else (params[0], rest.split(params))
            parts.insert(j, zeros)
            return self.join(np.insert((1 - pi) * np.asarray(weights), j, pi), parts)

        return _OfOne(zero_inflated(rest or others[0]), embed, near=lambda sample, params: sample.minimum <= 0)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Of one law of counts those of which a component is certain there: all but a trace of it is outside.

        Its weight, which counts that trace, goes to 1.
        """
        if not (self.of_one_law and self.discrete) or self.shared:
            return ()
        limits = self.components[0].limits_in_window(lower, upper)
        return tuple(self._with_certain(limit) for limit in limits if not limit.family.parameters)

    def _with_certain(self, limit: Limit) -> Limit:
        law = Mixture([*self.components[1:], limit.family])

        def embed(*params: Any) -> tuple[Any, ...]:
            parts = law.split(params)
            parts[-1] = tuple(limit.embed())
            return self.join(np.append(np.zeros(self.k - 1), 1.0), parts)

        return Limit(law, embed)

    def _with_limit(self, j: int, limit: Limit) -> Limit:
        law = Mixture([limit.family if i == j else component for i, component in enumerate(self.components)])

        def embed(*params: Any) -> tuple[Any, ...]:
            parts = law.split(params)
            parts[j] = tuple(limit.embed(*parts[j]))
            params = self.join(np.asarray(params[0]), parts)
            return self.arranged(*params) if self.of_one_law else params

        def near(sample: Sample, params: Sequence[Any]) -> bool:
            ends = limit.embed(*np.ones(len(limit.family.parameters)))
            return any(all(map(_is_near, own, ends)) for own in self.split(params))

        return _OfOne(law, embed, near=near) if self.of_one_law else Limit(law, embed)

    def _without(self, j: int) -> Limit:
        rest = [component for i, component in enumerate(self.components) if i != j]
        used = {p.name for component in rest for p in component.parameters}
        shared = tuple(name for name in self.shared if sum(name in c.param_names for c in rest) > 1)
        law = rest[0] if len(rest) == 1 else Mixture(rest, shared)

        def embed(*params: Any) -> tuple[Any, ...]:
            weights = np.asarray(params[0]) if isinstance(law, Mixture) else np.ones(1)
            parts = law.split(params) if isinstance(law, Mixture) else [params]
            nothing = tuple(np.full(p.domain.shape, np.nan) for p in self.components[j].parameters)
            parts.insert(j, nothing)
            values = list(self.join(np.insert(weights, j, 0.0), parts))
            for slot, p in zip(self._slots[j], self.components[j].parameters, strict=True):
                if p.name in self.shared and p.name in used:  # 0 times NaN is NaN
                    values[slot.parameter] = self._common(p.name, parts, j)
            return tuple(values)

        return Limit(law, embed)

    def _common(self, name: str, parts: Sequence[tuple[Any, ...]], without: int) -> Any:
        return next(
            params[component.param_names.index(name)]
            for i, (component, params) in enumerate(zip(self.components, parts, strict=True))
            if i != without and name in component.param_names
        )

    # --- what can go wrong --------------------------------------------------------------------------------------------

    def check(self, sample: Sample) -> None:
        """Raise where there are too few distinct values to tell components apart."""
        if self.discrete:
            distinct = len(sample.tabulated().x)
            needed = 2
        else:
            needed = self.n_free if self._spiking(sample) else self.k
            distinct = len(np.unique(sample.sketch().x))  # a few rows will do, as a rule
            if distinct < needed:
                distinct = len(np.unique(sample.x))
        if distinct < needed:
            plural = "s" if distinct > 1 else ""
            raise DegenerateDataError(
                f"{self.name}: {sample.nobs:g} observations with {distinct} distinct value{plural} cannot determine a "
                f"mixture of {self.k} components with {self.n_free} free parameters."
            )

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why the likelihood is unbounded: a component can concentrate on an observation; None if it cannot."""
        if self.discrete:
            return None
        lowest = (
            sample.minimum
            if sample.is_exact
            else np.min(sample.lower, initial=np.inf, where=sample.lower == sample.upper)
        )
        if lowest == np.inf:
            return None
        at_the_end = lowest <= self.support.lower  # where even an exponential density has no bound
        concentrating = [
            component.name
            for component, slots in zip(self.components, self._slots, strict=True)
            if self.concentrates(component, slots, fixed) or (at_the_end and self._shrinks(component, slots, fixed))
        ]
        if not concentrating:
            return None
        return (
            f"a component that shrinks onto one observation makes the likelihood of a mixture of {concentrating[0]} "
            f"laws as large as one likes; this is the best maximum found without such a spike"
        )

    def _spiking(self, sample: Sample) -> Sequence[int]:
        """Numbers of the components whose density may grow without bound at an observation."""
        if self.discrete:
            return ()
        at_the_end = sample.minimum <= self.support.lower  # where even an exponential density can
        return range(self.k) if at_the_end else self._concentrating

    @cached_property
    def _concentrating(self) -> tuple[int, ...]:
        laws = enumerate(zip(self.components, self._slots, strict=True))
        return tuple(j for j, (component, slots) in laws if self.concentrates(component, slots, ()))

    def concentrates(self, component: Family, slots: tuple[Slot, ...], fixed: Collection[str]) -> bool:
        """Whether the density of a component has no bound at an observation, for the parameters that are its own."""
        own: list[Parameter] = []
        held: list[Parameter] = []
        for p, slot in zip(component.parameters, slots, strict=True):
            name = self.parameters[slot.parameter].name
            (held if p.name in self.shared or name in fixed else own).append(p)
        if held:
            # A common location does not stop the scales, nor a common shape a law that has both of its own.
            roles = {p.role for p in own}
            movable = {"location", "scale"} <= roles
            return (
                movable
                or (roles >= {"scale"} and all(p.role == "location" for p in held))
                or (bool(own) and all(p.role == "log-scale" for p in held))
            )
        return _can_concentrate(component)

    def _shrinks(self, component: Family, slots: tuple[Slot, ...], fixed: Collection[str]) -> bool:
        """Whether a component has a scale of its own, by which it comes as near to its end as one likes."""
        pairs = zip(component.parameters, slots, strict=True)
        scales = [self.parameters[slot.parameter].name for p, slot in pairs if p.role == "scale"]
        return any(name not in fixed and name not in self.shared for name in scales)

    def spurious(self, sample: Sample, *params: Any) -> bool:
        """Whether a component is a spike: narrow, and on few observations: at most two a parameter and one more.

        Or on no more values than it has parameters, however often these were seen. Of a law that cannot concentrate on
        an observation none is.
        """
        spiking = self._spiking(sample)
        if not spiking:
            return False
        width = sample.quantile(_HALF[1]) - sample.quantile(_HALF[0])
        for j, (law, slots) in enumerate(zip(self.distributions(params), self._slots, strict=True)):
            if j not in spiking:
                continue
            low, high = (float(v) for v in law.ppf(np.array(_HALF)))
            if not high - low < _NARROW * width:
                continue
            first, last = (float(v) for v in law.ppf(np.array(_CENTRAL)))
            x = sample.x if self.period is None else about(sample.x, np.asarray(0.5 * (first + last)), self.period)
            own = (x >= first) & (x <= last)
            counts = sample.weight if sample.weight_kind == "frequency" else None
            held = np.count_nonzero(own) if counts is None else float(np.sum(counts[own]))
            few = held <= 2 * len(slots) + 1 or len(np.unique(x[own])) <= len(slots)
            if few or high - low < _RESOLVED * width:
                return True
        return False

    def confined(self, sample: Sample, *params: Any) -> bool:
        """Whether a component lies in two neighbouring cells of the intervals, of whose masses alone they tell.

        The narrower it is about the end between them, the higher the likelihood, which only approaches its supremum.
        """
        if self.discrete:
            return False
        ends = np.unique(np.concatenate([sample.lower, sample.upper, *(sample.window or ())]))
        ends = np.concatenate([[-np.inf], ends[np.isfinite(ends)], [np.inf]])
        with np.errstate(all="ignore"):
            for law, weight in zip(self.distributions(params), params[0], strict=True):
                beside = law.cdf(ends[:-2]) + law.sf(ends[2:])
                if weight > 0 and float(beside.min()) < _OUTSIDE:
                    return True
        return False

    # --- the search ---------------------------------------------------------------------------------------------------

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The best ends of EM that are not spurious, from many partitions of the data."""
        search = EM.by_groups(self, sample)
        ends: list[End] = []
        partitions = self.partitions(sample)
        for shares in partitions:
            first = search.maximised(search.gathered(shares), None)
            end = search.climbed(first, _SHORT, [e.rows for e in ends if e.arrived])
            if end is not None:
                ends.append(end)
        ends.sort(key=lambda end: -end.value)
        # The slow ones may climb higher, so that half of all go on before the best are chosen.
        sound = [end for end in ends if not self.spurious(sample, *end.params)]
        better = [end for end in sound if end.arrived]
        for end in sound[: max(_KEPT, len(partitions) // 2)]:
            higher = None if end.arrived else search.climbed(end.params, _MIDDLE, [e.rows for e in better if e.arrived])
            if higher is not None:
                better.append(higher)
        better.sort(key=lambda end: -end.value)
        kept: list[End] = []
        for end in better:
            known = any(abs(end.value - other.value) < _DIFFERENT for other in kept)
            if known or self.spurious(sample, *end.params):
                continue
            # Those still on their way may all be on that to a spike, and leave no room for a maximum below.
            if sum(other.arrived == end.arrived for other in kept) < _KEPT:
                kept.append(end)
        by_row = EM(self, sample)
        longer = [by_row.climbed(end.params, _LONG) for end in kept]
        good = [end for end in longer if end is not None and not self.spurious(sample, *end.params)]
        good.sort(key=lambda end: -end.value)
        given = [end for arrived in (True, False) for end in [e for e in good if e.arrived == arrived][:_GIVEN]]
        if not given:  # a maximum on few observations is better than none
            given = [end for end in ends if end.arrived][:_GIVEN] + (sound or ends)[:_GIVEN]
        if not given:
            raise NoMaximumError(f"{self.name}: no component could be fitted to a part of the data.")
        return [self._inside(self.arranged(*end.params)) for end in sorted(given, key=lambda end: -end.value)]

    def candidates(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The best ends of EM on a grid, from many partitions, where data are intervals or in windows."""
        if self.per_row:
            return []
        search = GridEM(self, sample)
        first = search.first()
        ends = [search.climbed(params, _SHORT_ON_GRID) for params in first]
        longer = [search.climbed(params, _LONG_ON_GRID) for _, params in distinct(ends, _KEPT_ON_GRID)]
        found = [params for _, params in distinct(longer, _KEPT)]
        if self.of_one_law and not self.shared and longer:
            narrow = search.missed(distinct(longer, 1)[0][1])
            longer += [search.climbed(params, _LONG_ON_GRID) for params in narrow]
            small = search.added(distinct(longer, 1)[0][1], first)
            found += [params for params in small if not self.confined(sample, *params)]
        # Where the law narrows between ends of intervals there is no maximum: those have no place of the others.
        for _, params in distinct(longer, len(longer)):
            known = any(params is other for other in found)
            if len(found) < _KEPT + _MORE and not known and not self.confined(sample, *params):
                found.append(params)
        return [self._inside(params) for params in found]

    def _inside(self, params: tuple[Any, ...]) -> tuple[Any, ...]:
        values = [interior(p.domain, v) for p, v in zip(self.parameters, params, strict=True)]
        return tuple(v if np.ndim(v) else float(v) for v in values)

    def partitions(self, sample: Sample) -> list[Array]:
        """Shares of every observation in every component, each of shape (k, n), from which EM starts."""
        x = sample.x
        rng = np.random.default_rng(_SEED)
        labels: list[Any] = [np.searchsorted(self._cuts(sample, np.arange(1, self.k) / self.k), x)]
        for share in (0.25, 0.1):  # a large component, and small ones in one tail or the other
            inner = 1 - share * np.arange(self.k - 1, 0, -1) / (self.k - 1)
            labels += [np.searchsorted(self._cuts(sample, q), x) for q in (inner, 1 - inner[::-1])]
        parts = [(1 - _SOFT) * (label == np.arange(self.k)[:, None]) + _SOFT / self.k for label in labels]
        # Around the middle and beyond: components of one location that differ in scale.
        rank = np.argsort(np.argsort(np.abs(x - sample.quantile(0.5)))) / len(x)
        rings = np.minimum((rank * self.k).astype(int), self.k - 1)
        parts.append((1 - _SOFT) * (rings == np.arange(self.k)[:, None]) + _SOFT / self.k)
        parts += [*self._grown(sample), *self._least(sample)]
        # Kernels of many widths about random quantiles.
        width = float(np.sqrt(sample.var()))
        for _ in range(_RANDOM_STARTS if self._is_quick else _FEW_STARTS):
            centres = self._cuts(sample, rng.uniform(size=self.k))
            kernel = -0.5 * np.square((x - centres[:, None]) / (width * 10 ** rng.uniform(-1.0, 0.0)))
            parts.append(np.exp(kernel - log_sum(kernel)))
        if self.of_one_law:
            return parts
        orders = list(itertools.islice(itertools.permutations(range(self.k)), 6))
        return [shares[list(order)] for shares in parts for order in orders]

    @property
    def _is_quick(self) -> bool:
        """Whether every component has a direct route to its maximum."""
        return all(c.from_sample is not None or getattr(c, "from_means", None) is not None for c in self.components)

    def _grown(self, sample: Sample) -> list[Array]:
        """The best mixture with one component less, and another component on the values about a quantile.

        Source: Verbeek, Vlassis & Kröse (2003), Neural Computation 15, 469-485. Components of the smaller mixture are
        split at their medians too.
        """
        x = sample.x
        shares = np.ones((1, len(x)))
        if self.k > 2 and self.of_one_law:
            smaller = Mixture(self.components[1:], self.shared)
            joint = smaller.log_joint(x, smaller.start(sample)[0])
            shares = np.exp(joint - log_sum(joint))
        elif self.k > 2:
            cuts = self._cuts(sample, np.arange(1, self.k - 1) / (self.k - 1))
            shares = (np.searchsorted(cuts, x) == np.arange(self.k - 1)[:, None]).astype(float)
        parts = []
        count = _DENSE_STARTS if self._is_quick else _FEW_STARTS
        for i, centre in enumerate(self._cuts(sample, (np.arange(count) + 0.5) / count)):
            away = np.abs(x - centre)
            near = (away <= np.quantile(away, _DENSE_SHARES[i % len(_DENSE_SHARES)])).astype(float)
            parts.append(np.vstack([near, shares * (1 - near)]))
        for j, own in enumerate(shares if self.k > 2 else ()):
            middle = x[own > 0.5]
            upper = x > (np.median(middle) if len(middle) else np.median(x))
            parts.append(np.vstack([own * upper, *(s * ~upper if i == j else s for i, s in enumerate(shares))]))
        return parts

    def _least(self, sample: Sample) -> list[Array]:
        """The least values in a component of their own, where they are far below the next.

        To quantiles they are alike; but a law of positive numbers may be as narrow as the least of them is small.
        """
        if self.support.lower != 0 or self._spiking(sample):
            return []
        x, least = sample.x, np.unique(sample.x)[: _LEAST_VALUES + 1]
        parts = []
        for last in least[:-1][least[1:] > _FAR_ABOVE * least[:-1]]:
            others = np.searchsorted(self._cuts(sample, np.arange(1, self.k - 1) / (self.k - 1)), x) + 1
            parts.append(1.0 * (np.where(x <= last, 0, others) == np.arange(self.k)[:, None]))
        return parts

    @staticmethod
    def _cuts(sample: Sample, at: Array) -> Array:
        return np.array([sample.quantile(float(q)) for q in at])

    @cached_property
    def _shown(self) -> str:
        shared = f"; shared {', '.join(self.shared)}" if self.shared else ""
        inner = f"{self.components[0]!r}, {self.k}" if self.of_one_law else ", ".join(map(repr, self.components))
        return f"mixture({inner}{shared})"

    def __repr__(self) -> str:
        return self._shown


@dataclass(frozen=True, kw_only=True)
class _OfOne(Limit):
    """A mixture with a component at a limit; ``near`` says of a sample and parameters whether it may be best."""

    near: Callable[[Sample, Sequence[Any]], bool]


def _is_near(value: Any, end: Any) -> bool:
    """Whether a parameter is near its end, where that is 0 or infinite."""
    return (abs(value) > _FAR or not np.isinf(end)) and (abs(value) < 1 / _FAR or end != 0)


def mixture(families: Any, k: int | None = None, shared: Sequence[str] = ()) -> Family:
    """A mixture of several laws, with unknown weights.

    Parameters
    ----------
    families : str, Family or scipy.stats distribution, or a list of them
        One law, of which there are ``k`` components; or the components.
    k : int, optional
        Number of components, at least 2.
    shared : sequence of str
        Parameters that all components have in common, as ``("sigma",)``.

    Returns
    -------
    Family
        Its first parameter is ``weights``, of shape (k,). Of one law, every parameter that is not shared is then an
        array of shape (k,), or (k, ...) for laws of vectors, and components come in the order of their locations, or of
        their means. Of several laws, which stay in the order given, parameters are called ``"poisson.mu"``; where a law
        is there twice, ``"poisson1.mu"`` and ``"poisson2.mu"``.

    Raises
    ------
    ParameterError
        If components cannot be mixed.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> mle.mixture("normal", 2).param_names
    ('weights', 'mu', 'sigma')
    >>> mle.mixture([mle.zero_inflated("poisson"), "negbin"]).param_names
    ('weights', 'zip.pi', 'zip.mu', 'negbin.size', 'negbin.mu')
    """
    if isinstance(families, (list, tuple)):
        if k is not None and k != len(families):
            raise ParameterError(f"mixture: {len(families)} components were given, and k = {k}; leave k out.")
        components = [part(family, "mixture") for family in families]
    else:
        if _is_of_vectors(families):
            return vector_mixture(get_family(families), k, shared)
        if k is None:
            raise ParameterError("mixture: say how many components: mixture(family, k), or give a list of families.")
        components = [part(families, "mixture")] * whole(k, "mixture: number of components", 2, MOST_COMPONENTS)
    if not 2 <= len(components) <= MOST_COMPONENTS:
        raise ParameterError(
            f"mixture: from 2 to {MOST_COMPONENTS} components can be mixed, and these are {len(components)}."
        )
    if not isinstance(shared, (str, list, tuple, set, frozenset)):
        raise ParameterError(f"mixture: shared: expected names of parameters, got {shown(shared)}.")
    given = [shared] if isinstance(shared, str) else shared
    names = tuple(text(name, "mixture: shared", "the name of a parameter") for name in given)
    _check_components(components, names)
    return Mixture(components, names)


def _is_of_vectors(family: Any) -> bool:
    return isinstance(family, (str, Family)) and get_family(family).multivariate


def _check_components(components: Sequence[Family], shared: tuple[str, ...]) -> None:
    if len({c.discrete for c in components}) > 1:
        raise ParameterError("mixture: a law of counts and a continuous one have no common density; do not mix them.")
    if len({c.period for c in components}) > 1:
        raise ParameterError("mixture: laws on the circle of one period, or laws on the line; do not mix them.")
    one_law = _are_one_law(components)
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


def _are_one_law(components: Sequence[Family]) -> bool:
    """Whether the components differ in their parameters alone."""
    first = components[0]
    return all(
        repr(c) == repr(first) and all(np.array_equal(c.constants[name], first.constants[name]) for name in c.per_row)
        for c in components
    )


def _constants_per_row(components: Sequence[Family], one_law: bool) -> dict[str, Any]:
    """What components know of each row; by the name of the component where they differ."""
    if one_law:
        return {name: components[0].constants[name] for name in components[0].per_row}
    named = zip(_prefixes(components), components, strict=True)
    return {f"{prefix}.{name}": c.constants[name] for prefix, c in named for name in c.per_row}


def _name(components: Sequence[Family], one_law: bool) -> str:
    if one_law:
        return f"mixture of {len(components)} {components[0].name}"
    return "mixture of " + ", ".join(c.name for c in components[:-1]) + f" and {components[-1].name}"


def _prefixes(components: Sequence[Family]) -> list[str]:
    """Names of the components in the names of parameters: with a number where two are alike."""
    names = [c.name for c in components]
    seen: dict[str, int] = {}
    prefixes = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        prefixes.append(f"{name}{seen[name]}" if names.count(name) > 1 else name)
    return prefixes


def _roles(components: Sequence[Family]) -> list[list[Role]]:
    """How parameters move with the unit: as in the components, as far as all of these can move."""
    if len({repr(c) for c in components}) == 1 or all(c.has_location and c.has_scale for c in components):
        return [[p.role for p in c.parameters] for c in components]
    if all(c.has_scale for c in components):  # stretched, but not moved: a location then moves as a scale
        return [["scale" if p.role == "location" else p.role for p in c.parameters] for c in components]
    return [["shape" for _ in c.parameters] for c in components]


def _none_but_first(component: Family) -> tuple[float, ...] | None:
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


def _union(supports: Sequence[Interval]) -> Interval:
    low, high = min(s.lower for s in supports), max(s.upper for s in supports)
    closed = (
        any(s.lower == low and s.closed_lower for s in supports),
        any(s.upper == high and s.closed_upper for s in supports),
    )
    name = {(True, True): "both", (True, False): "lower", (False, True): "upper"}.get(closed, "neither")
    return Interval(low, high, name, supports[0].integer)


def _natural_steps(parameters: Sequence[Parameter], params: Sequence[float], size: float) -> list[float]:
    """Steps for differences: shares of a positive number, of what is left to an end, of the scale of a location."""
    scale = next((v for p, v in zip(parameters, params, strict=True) if p.role == "scale"), 1.0)
    steps = []
    for p, value in zip(parameters, params, strict=True):
        room = min(value - p.interval.lower, p.interval.upper - value)
        wide = scale if p.role == "location" else max(1.0, abs(value))
        steps.append(size * (min(room, wide) if np.isfinite(room) else wide))
    return steps


def _can_concentrate(component: Family) -> bool:
    """Whether the density of a law, fitted to values ever closer together, grows without bound."""
    from mle_toolkit.data.sample import Sample

    support = component.support
    # From 0 on the whole line to the middle of an interval; 1 from the end of a half-line.
    middle = float(Interval(support.lower, support.upper).from_real(np.asarray(0.0)))
    heights = []
    for spread in (1e-2, 1e-3):
        near = Sample(middle + spread * np.linspace(-1.0, 1.0, 9))
        params = fitted(component, near)
        if params is None:
            return True
        heights.append(float(np.mean(component.logpdf(near.x, *params))))
    return heights[1] - heights[0] > 1.0


MAKERS = (mixture,)
"""The functions here that make laws of laws."""
