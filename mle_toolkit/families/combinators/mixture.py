"""Mixtures: each observation comes from one of several laws, and which one is not seen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, ParameterError, SupportError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.components import (
    Slot,
    are_one_law,
    check_components,
    constants_per_row,
    is_near,
    name_of,
    natural_steps,
    none_but_first,
    prefixes_of,
    roles_of,
    union_of,
)
from mle_toolkit.families.combinators.mixed import Mixed, log_sum, second_order
from mle_toolkit.families.combinators.mixture_starts import from_intervals, from_points, of_runs, partitions
from mle_toolkit.families.combinators.parts import part
from mle_toolkit.families.combinators.spikes import can_concentrate, has_spike, is_confined
from mle_toolkit.families.combinators.vector_mixture import vector_mixture
from mle_toolkit.families.combinators.zeros import zero_inflated
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Domain, Interval, Simplex, Space, Vector
from mle_toolkit.families.hooks import Score, all_of, made_with
from mle_toolkit.families.mass import mass_expansion
from mle_toolkit.families.normal import Normal
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.options import shown, text, whole

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample


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

    kind, of_several, checks_windows = "mixture", True, True
    takes = {"shared": tuple[str, ...]}  # noqa: RUF012

    def __init__(self, components: Sequence[Family], shared: tuple[str, ...] = ()) -> None:
        self.components = tuple(components)
        self.shared = shared
        self.k = len(self.components)
        self.of_one_law = are_one_law(self.components)
        self.constants = constants_per_row(self.components, self.of_one_law)
        self.name = name_of(self.components, self.of_one_law)
        self.support = union_of([c.support for c in self.components])
        self.period = self.components[0].period
        self._roles = roles_of(self.components)
        self.parameters, self._slots = self._declared()
        self._take_scores()
        self.further_starts = partial(of_runs, self)
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
        prefixes = prefixes_of(self.components)
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
            return second_order(self.log_joint(x, params), slopes, bends, weight, params[0], *self._coefficients)

    def _mass_sums(self, lower: Array, upper: Array, weight: Array, *params: Any) -> Array:
        """Sums, as of the log-density, of the log-probabilities of intervals."""
        joint, slopes, bends = [], [], []
        with np.errstate(all="ignore"):
            for share, component, part in zip(params[0], self.components, self.split(params), strict=True):
                steps = partial(natural_steps, component.parameters, part)
                value, slope, bend = mass_expansion(component, part, steps, lower, upper)
                joint.append(np.log(share) + np.where(np.isnan(value), -np.inf, value))
                slopes.append(slope)
                bends.append(bend)
            return np.array(second_order(np.array(joint), slopes, bends, weight, params[0], *self._coefficients))

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
                law = Distribution.at(law.family.take(own), law.in_order)
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
        named = zip(prefixes_of(self.components), self.components, strict=True)
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
        zeros = none_but_first(self.components[j]) if counts else None
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
            return any(all(map(is_near, own, ends)) for own in self.split(params))

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
            needed = self.n_free if self.spiking(sample) else self.k
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

    def spiking(self, sample: Sample) -> Sequence[int]:
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
        return can_concentrate(component, own, held)

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
        spiking = self.spiking(sample)
        if not spiking:
            return False
        sizes = [len(slots) if j in spiking else None for j, slots in enumerate(self._slots)]
        return has_spike(self.distributions(params), sizes, sample)

    def confined(self, sample: Sample, *params: Any) -> bool:
        """Whether a component lies in two neighbouring cells of the intervals, of whose masses alone they tell.

        The narrower it is about the end between them, the higher the likelihood, which only approaches its supremum.
        """
        if self.discrete:
            return False
        return is_confined(self.distributions(params), params[0], sample)

    # --- the search ---------------------------------------------------------------------------------------------------

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The best ends of EM that are not spurious, from many partitions of the data."""
        return from_points(self, sample)

    def candidates(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The best ends of EM on a grid, from many partitions, where data are intervals or in windows."""
        return from_intervals(self, sample)

    def partitions(self, sample: Sample) -> list[Array]:
        """Shares of every observation in every component, each of shape (k, n), from which EM starts."""
        return partitions(self, sample)

    def smaller(self) -> Mixture:
        """The mixture without its first component."""
        return Mixture(self.components[1:], self.shared)

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
        if isinstance(families, (str, Family)) and get_family(families).multivariate:
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
    check_components(components, names)
    return Mixture(components, names)


MAKERS = (mixture,)
"""The functions here that make laws of laws."""
