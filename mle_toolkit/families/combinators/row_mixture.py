"""Mixtures by row: every parameter of every component is a number, so that a model can give each its own predictor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.components import Slot
from mle_toolkit.families.combinators.mixed import Mixed, log_sum
from mle_toolkit.families.combinators.mixture import Mixture
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.hooks import Score, all_of, made_with
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample


class RowMixture(Mixed):
    r"""A mixture whose weights are given by their log-odds against the first component.

    .. math:: f(x) = \sum_j w_j f_j(x), \qquad \log(w_j / w_1) = \eta_j, \quad \eta_1 = 0

    Parameters
    ----------
    components : sequence of Family
        Laws all of whose parameters are numbers.
    shared : tuple of str
        Parameters that the components have in common.

    Notes
    -----
    Parameters are ``weights2``, ..., the log-odds; then, of one law, ``mu1``, ``mu2``, ..., or ``"poisson.mu"`` as in
    `mixture`. Source: Grün & Leisch (2008), Journal of Statistical Software 28 (4), with formulas for components and
    weights; McLachlan & Peel (2000), Finite Mixture Models, ch. 5.
    """

    kind, of_several = "row_mixture", True
    takes = {"shared": tuple[str, ...]}  # noqa: RUF012

    def __init__(self, components: Sequence[Family], shared: tuple[str, ...] = ()) -> None:
        self.plain = Mixture(components, shared)
        if self.plain.period is not None:
            raise ParameterError("regress: components of a mixture that are laws of directions take no formula.")
        self.components, self.shared, self.k = self.plain.components, shared, len(components)
        self.constants, self.name, self.support = self.plain.constants, self.plain.name, self.plain.support
        self.log_odds = tuple(f"weights{j + 1}" for j in range(1, self.k))
        self.parameters, self.slots, self._means = self._declared()
        self.modelled = self.main_parameters[0]
        self._take_scores()
        scores, hessians = all_of(c.score for c in self.components), all_of(c.hessian for c in self.components)
        self.hessian = made_with(self._hessian, scores, hessians)

    def _declared(self) -> tuple[tuple[Parameter, ...], tuple[tuple[int, ...], ...], dict[str, tuple[str, ...]]]:
        """The parameters; where each component finds its own; and those that the name of a component's means."""
        parameters = [Parameter(name, REAL, typical=(-1.0, 1.0)) for name in self.log_odds]
        slots: list[list[int]] = [[] for _ in self.components]
        means: dict[str, list[str]] = {"weights": list(self.log_odds)}
        place: dict[tuple[int, int | None], int] = {}
        for k, p in enumerate(self.plain.parameters[1:], 1):
            for j, component in enumerate(self.components):
                for own, slot in zip(component.parameters, self.plain.slots_of(j), strict=True):
                    if slot.parameter != k or (k, slot.entry) in place:
                        continue
                    name = p.name if slot.entry is None else f"{p.name}{j + 1}"
                    place[k, slot.entry] = len(parameters)
                    parameters.append(Parameter(name, own.domain, own.typical, p.role, own.regular, own.natural))
                    means.setdefault(own.name, []).append(name)
        for j in range(self.k):
            slots[j] = [place[slot.parameter, slot.entry] for slot in self.plain.slots_of(j)]
        return tuple(parameters), tuple(map(tuple, slots)), {name: tuple(own) for name, own in means.items()}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return cls(parts, tuple(others["shared"]))

    @property
    def main_parameters(self) -> tuple[str, ...]:
        """Those of the components."""
        names = [
            self.parameters[slots[component.param_names.index(component.main_parameter)]].name
            for component, slots in zip(self.components, self.slots, strict=True)
        ]
        return tuple(dict.fromkeys(names))

    def names_of(self, name: str) -> tuple[str, ...]:
        """What ``"mu"`` means: ``mu1``, ``mu2``, ...; ``"weights"``: the log-odds."""
        return (name,) if name in self.param_names else self._means.get(name, (name,))

    # --- the law ------------------------------------------------------------------------------------------------------

    def slots_of(self, j: int) -> tuple[Slot, ...]:
        """Where a component finds its parameters."""
        return tuple(Slot(k, None) for k in self.slots[j])

    def split(self, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Parameters of each component."""
        return [tuple(params[k] for k in slots) for slots in self.slots]

    def weights(self, params: Sequence[Any]) -> list[Any]:
        """The weight of each component."""
        return [np.exp(log) for log in self.log_weights(params)]

    def log_weights(self, params: Sequence[Any]) -> list[Any]:
        """Log of the weight of each component."""
        etas = np.stack(np.broadcast_arrays(0.0, *params[: self.k - 1]))
        return list(etas - log_sum(etas))

    def shares(self, x: Array, *params: Any) -> Array:
        """Probability that an observation is of each component, given its value; shape (k, ...)."""
        joint = self.log_joint(x, params)
        with np.errstate(all="ignore"):
            return np.asarray(np.exp(joint - log_sum(joint)))

    def _by_shares(self, joint: Array, params: Sequence[Any], slopes: Sequence[Sequence[Any]]) -> tuple[Array, ...]:
        """Derivatives of the log of a sum over the components, from those of the log of each."""
        weights = self.weights(params)
        sums: list[Any] = [0.0] * len(self.parameters)
        with np.errstate(all="ignore"):
            share = np.exp(joint - log_sum(joint))
            for j in range(1, self.k):
                sums[j - 1] = share[j] - weights[j]
            for j, slots in enumerate(self.slots):
                for k, slope in zip(slots, slopes[j], strict=True):
                    sums[k] = sums[k] + np.where(share[j] > 0, share[j] * slope, 0.0)
        return tuple(sums)

    def _hessian(
        self, scores: tuple[Score, ...], hessians: tuple[Score, ...], x: Array, *params: Any
    ) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row.

        With the score s and the second derivatives h of a component, and its share r of x, those of the mixture are the
        sums over the components of r s and of r (h + s s'), less the product of the former with itself. A log-odds has
        the score 1 - w of its own component, and -w of all.
        """
        joint = self.log_joint(x, params)
        slopes, bends_of = self.each(scores, x, params), self.each(hessians, x, params)
        size = len(self.parameters)
        second: dict[tuple[int, int], Any] = dict.fromkeys(combinations_with_replacement(range(size), 2), 0.0)
        with np.errstate(all="ignore"):
            share = np.exp(joint - log_sum(joint))
            weight = self.weights(params)
            first: list[Any] = [0.0] * size
            for j, (bends, slots) in enumerate(zip(bends_of, self.slots, strict=True)):
                seen, own = share[j] > 0, share[j]
                held = [np.where(seen, own * slope, 0.0) for slope in slopes[j]]
                for k, term in zip(slots, held, strict=True):
                    first[k] = first[k] + term
                    if j > 0:  # with its own log-odds
                        second[j - 1, k] = second[j - 1, k] + term
                local = combinations_with_replacement(range(len(slots)), 2)
                for (a, b), bend in zip(local, bends, strict=True):
                    pair = (min(slots[a], slots[b]), max(slots[a], slots[b]))
                    second[pair] = second[pair] + np.where(seen, own * bend + held[a] * slopes[j][b], 0.0)
            odds = range(self.k - 1)
            for a, b in second:
                if b in odds:
                    own_a, own_b = share[a + 1], share[b + 1]
                    same = own_a - weight[a + 1] if a == b else 0.0
                    second[a, b] = same - own_a * own_b + weight[a + 1] * weight[b + 1]
                else:
                    left = share[a + 1] if a in odds else first[a]
                    second[a, b] = second[a, b] - left * first[b]
        shape = np.broadcast_shapes(np.shape(x), *(np.shape(v) for v in params))
        return tuple(np.broadcast_to(value, shape) for value in second.values())

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Draw random numbers: first the component, then the value."""
        uniform = rng.uniform(size=size)
        drawn = np.array([law.rvs(size, rng) for law in self.distributions(params)])
        reached = np.zeros(np.shape(uniform))
        which = np.zeros(np.shape(uniform), dtype=int)
        for weight in self.weights(params)[:-1]:
            reached = reached + weight
            which = which + (uniform > reached)
        return np.asarray(np.take_along_axis(drawn, which[None], axis=0)[0])

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Those of which one component is at a limit of its own."""
        if self.shared:
            return ()
        return tuple(self._with_limit(j, near) for j, c in enumerate(self.components) for near in c.limits)

    def _with_limit(self, j: int, near: Limit) -> Limit:
        law = RowMixture([near.family if i == j else component for i, component in enumerate(self.components)])

        def embed(*params: Any) -> tuple[Any, ...]:
            own: list[Any] = [*params[: self.k - 1], *(np.nan for _ in self.parameters[self.k - 1 :])]
            for i, (slots, values) in enumerate(zip(self.slots, law.split(params), strict=True)):
                for k, value in zip(slots, near.embed(*values) if i == j else values, strict=True):
                    own[k] = value
            return tuple(own)

        return Limit(law, embed)

    # --- what surrounds it --------------------------------------------------------------------------------------------

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        if not self.per_row:
            return self
        plain = self.plain.given(known)
        return RowMixture(plain.components, self.shared)

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``."""
        moved = [c.in_unit(centre, scale) for c in self.components]
        if all(a is b for a, b in zip(moved, self.components, strict=True)):
            return self
        return RowMixture(moved, self.shared)

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is impossible under all components."""
        self.plain.check_support(sample)

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why the likelihood is unbounded: a component can concentrate on observations; None if it cannot."""
        if self.discrete or not (sample.is_exact or np.any(sample.lower == sample.upper)):
            return None
        for j, (component, slots) in enumerate(zip(self.components, self.slots, strict=True)):
            held = [self.parameters[k].name in fixed for k in slots]
            names = [self.plain.parameters[slot.parameter].name for slot in self.plain.slots_of(j)]
            if self.plain.concentrates(
                component, self.plain.slots_of(j), tuple(n for n, h in zip(names, held, strict=True) if h)
            ):
                return (
                    f"a component that shrinks onto as few observations as it has coefficients makes the likelihood of "
                    f"a mixture of {component.name} laws as large as one likes; this is the best maximum found without "
                    f"such a spike"
                )
        return None

    def __repr__(self) -> str:
        return f"{self.plain!r} by row"


def by_row(law: Family) -> Family:
    """A mixture in the parameters of each component, which a regression models; any other law is itself."""
    if not isinstance(law, Mixture):
        return law
    return RowMixture([c.by("mean") if "mean" in c.forms else c for c in law.components], law.shared)
