"""A law in other parameters: the mean and the shape of a gamma law in the place of its shape and scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import Formula, formula_of
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.hooks import Score, TailScores, made_with
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.saved import Saved
from mle_toolkit.numerics.sent import SentByValue

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample


@dataclass(frozen=True)
class Form(SentByValue):
    """Other parameters of a law, as many as its own.

    Parameters
    ----------
    parameters : tuple of Parameter
    to_own : callable
        The law's own parameters, of these.
    from_own : callable
        These parameters, of the law's own.
    slopes : callable
        Derivatives of the law's own parameters by these: a tuple of tuples, one of each own parameter.
    bends : callable
        Second derivatives of each own parameter: upper triangle row by row.
    limits : callable, optional
        Of the law: the laws that it tends to, as limits of these parameters.
    expansion : callable, optional
        `Family.expansion` in these parameters. Default: by the chain rule.
    """

    parameters: tuple[Parameter, ...]
    to_own: Callable[..., tuple[Any, ...]]
    from_own: Callable[..., tuple[Any, ...]]
    slopes: Callable[..., tuple[tuple[Any, ...], ...]]
    bends: Callable[..., tuple[tuple[Any, ...], ...]]
    limits: Callable[[Family], tuple[Limit, ...]] | None = None
    expansion: Callable[..., tuple[Array, tuple[Array, ...], tuple[Array, ...]]] | None = None


class Reparametrised(Saved):
    """A law by one of its other forms.

    Parameters
    ----------
    base : Family
    form : Form
    by : str
        What the form is called: ``"mean"``.
    """

    kind, holds = "form", "one"
    takes = {"by": str}  # noqa: RUF012

    def __init__(self, base: Family, form: Form, by: str) -> None:
        self.base, self.form, self.called = base, form, by
        self.constants = base.constants
        self.name = f"{base.name} by {by}"
        package, _, module = type(base).__module__.rpartition(".")
        self.twin = f"{module}_by_{by}" if package == "mle_toolkit.families" else None
        self.support = base.support
        self.parameters = form.parameters
        self.modelled = form.parameters[0].name
        self.score = made_with(self._score, base.score)
        self.hessian = made_with(self._hessian, base.score, base.hessian)
        if self.hessian is not None:
            self.expansion = form.expansion or made_with(self._expansion, base.score, base.hessian)
        self.from_sample = None if base.per_row else made_with(self._from_sample, formula_of(base))
        self.tail_scores = made_with(self._tail_scores, base.tail_scores)
        self.start = made_with(self._start, base.start)
        self.to_scipy = made_with(self._to_scipy, base.to_scipy)
        for part in ("cdf", "sf", "logcdf", "logsf", "ppf", "isf"):
            if getattr(base, part) is not None:
                setattr(self, part, partial(self._of_values, part))
        for part in ("mean", "var", "entropy"):
            if getattr(base, part) is not None:
                setattr(self, part, partial(self._of_law, part))

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The law, and what the form is called."""
        return (self.base,), {"by": self.called}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return parts[0].by(others["by"])

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        return self.base.logpdf(x, *self.form.to_own(*params))

    def _score(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by each parameter: the chain rule."""
        return self._pulled(of_base(x, *self.form.to_own(*params)), params)

    def _pulled(self, score: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, ...]:
        slopes = self.form.slopes(*params)
        return tuple(_combined(score, [slope[k] for slope in slopes]) for k in range(len(self.parameters)))

    def _hessian(self, score: Score, hessian: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        own = self.form.to_own(*params)
        return self._twice_pulled(score(x, *own), hessian(x, *own), params)

    def _twice_pulled(
        self, score: tuple[Array, ...], flat: tuple[Array, ...], params: tuple[Any, ...]
    ) -> tuple[Array, ...]:
        slopes, bends = self.form.slopes(*params), self.form.bends(*params)
        count = len(self.parameters)
        place = {pair: k for k, pair in enumerate(combinations_with_replacement(range(count), 2))}
        second = []
        for (j, k), at in place.items():
            terms, factors = list(score), [bend[at] for bend in bends]
            for a in range(count):
                for b in range(count):
                    terms.append(flat[place[min(a, b), max(a, b)]])
                    factors.append(0.0 if _is_nothing(slopes[a][j], slopes[b][k]) else slopes[a][j] * slopes[b][k])
            second.append(_combined(terms, factors))
        return tuple(second)

    def _expansion(
        self, score: Score, hessian: Score, x: Array, *params: Any
    ) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-density, its derivatives and second derivatives, from those of the law."""
        own = self.form.to_own(*params)
        first = score(x, *own)
        second = self._twice_pulled(first, hessian(x, *own), params)
        return self.base.logpdf(x, *own), self._pulled(first, params), second

    def _from_sample(self, formula: Formula, sample: Sample) -> tuple[Any, ...]:
        """The maximum of the law, in these parameters."""
        return self.form.from_own(*formula(sample))

    def _tail_scores(self, of_base: TailScores, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        below, above = of_base(x, *self.form.to_own(*params))
        return self._pulled(below, params), self._pulled(above, params)

    def _start(self, of_base: Callable[[Sample], Any], sample: Sample) -> list[tuple[Any, ...]]:
        proposed = of_base(sample)
        return [self.form.from_own(*own) for own in (proposed if isinstance(proposed, list) else [proposed])]

    def _of_values(self, part: str, x: Array, *params: Any) -> Array:
        return np.asarray(getattr(self.base, part)(x, *self.form.to_own(*params)))

    def _of_law(self, part: str, *params: Any) -> Array:
        return np.asarray(getattr(self.base, part)(*self.form.to_own(*params)))

    def _to_scipy(self, of_base: Callable[..., Any], *params: Any) -> Any:
        return of_base(*self.form.to_own(*params))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Those of the law that its form tells of."""
        return () if self.form.limits is None else self.form.limits(self.base)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Those of the base, where the parameters that have values are among these too."""
        own = self.form.from_own
        return tuple(
            SpecialCase(case.family, lambda *p, embed=case.embed: own(*embed(*p)), case.at)
            for case in self.base.special_cases
            if set(case.at) <= set(self.param_names)
        )

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        return Reparametrised(self.base.given(known), self.form, self.called) if self.per_row else self

    def check(self, sample: Sample) -> None:
        """Raise where the law has no maximum."""
        self.base.check(sample)

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is impossible under the law."""
        self.base.check_support(sample)

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Draw random numbers."""
        return Distribution.at(self.base, self.form.to_own(*params)).rvs(size, rng)

    def __repr__(self) -> str:
        return f"{self.base!r} by {self.called}"


def _is_nothing(*factors: Any) -> bool:
    """Whether one of some factors is the number 0, and no array."""
    return any(isinstance(factor, float) and factor == 0.0 for factor in factors)


def _combined(terms: Sequence[Array], factors: Sequence[Any]) -> Array:
    """Sum of products, less those whose factor is nothing."""
    return np.asarray(sum(t * factor for t, factor in zip(terms, factors, strict=True) if not _is_nothing(factor)))
