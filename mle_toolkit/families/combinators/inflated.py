"""Measurements of which one or two values have a probability of their own: rain with dry days, shares of 0 or 1.

The law is a mixture of those values and of a density. Likelihoods, entropies and divergences are with respect to the
sum of the two measures: at one of the values ``logpdf`` is the log of a probability, elsewhere that of a density.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.numbering import numbered_as, numbers_of
from mle_toolkit.errors import DegenerateDataError, ParameterError, SupportError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import Combined, fitted, formula_of, lifted, part, triangle
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import CLOSED_UNIT, Domain, Interval
from mle_toolkit.families.hooks import Score, TailScores, made_with, needed
from mle_toolkit.families.mass import log_mass, mass_scores
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.options import number

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.combinators.reparametrised import Form

_OWN = ("pi", "upper")
_NEAR_AN_END = 1e-3


class Inflated(Combined):
    r"""Measurements that are one of a few values with probability ``pi``, and else follow a continuous law.

    .. math:: P(X \in A) = \pi \sum_{a_j \in A} q_j + (1 - \pi) \int_A f_0

    Parameters
    ----------
    base : Family
        The continuous law of the rest.
    at : tuple of float
        The one value, or the two in ascending order; of two, q is ``upper`` for the second and 1 - ``upper`` for the
        first.
    seen : tuple of float
        Those among the data, after `resolve`: without the value the law is compared with the one that lacks it.

    Notes
    -----
    Sources: Aitchison (1955), JASA 50, 901-908 (one value); Ospina & Ferrari (2010), Statistical Papers 51, 111-126
    (beta laws with zeros, ones, or both). A continuous law has no zeros to be told from the additional ones, so
    ``hurdle`` and ``zero_inflated`` are this law alike. The likelihood of exact data is a product: ``pi`` is the share
    of the values, and the other parameters are those of the rest alone.
    """

    kind = "inflated"
    takes = {"at": tuple[float, ...]}  # noqa: RUF012

    def __init__(self, base: Family, at: tuple[float, ...], seen: tuple[float, ...] = ()) -> None:
        self.base, self.at, self.seen = base, at, seen
        self.atoms = at
        self.constants = base.constants
        self.modelled = base.main_parameter
        self.name = f"{_kind_of(at)} {base.name}" if _kind_of(at) else f"{base.name} inflated at {_listed(at)}"
        self.support = _with_values(base.support, at)
        own = (Parameter(name, CLOSED_UNIT, typical=(0.1, 0.7)) for name in _OWN[: len(at)])
        self.parameters = (*own, *base.parameters)
        self.score = made_with(self._score, base.score)
        if base.score is not None:
            self.hessian = made_with(self._hessian, base.hessian)
        if base.tail_scores is not None or base.log_mass_scores is not None:
            self.log_mass_scores = self._log_mass_scores
        self.tail_scores = made_with(self._tail_scores, base.tail_scores)
        self.from_sample = None if formula_of(base) is None else self._from_sample
        self.unbounded = None if base.unbounded is None else self._unbounded
        if base.arranged is not None:
            self.arranged = partial(self._arranged, base.arranged)
        if base.spurious is not None:
            self.spurious = partial(self._spurious, base.spurious)

    def _arranged(self, of_base: Callable[..., tuple[Any, ...]], *params: Any) -> tuple[Any, ...]:
        return *params[: len(self.at)], *of_base(*params[len(self.at) :])

    def _spurious(self, of_base: Callable[..., bool], sample: Sample, *params: Any) -> bool:
        return of_base(self._rest_of(sample)[1], *params[len(self.at) :])

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The law of the rest, and the values."""
        return (self.base,), {"at": list(self.at)}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return inflated(parts[0], others["at"])

    # --- density ------------------------------------------------------------------------------------------------------

    def _parted(self, params: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The probabilities of the values, one for each, and the parameters of the rest."""
        pi, upper, *rest = params if len(self.at) > 1 else (params[0], 1.0, *params[1:])
        pi, upper = np.asarray(pi), np.asarray(upper)
        shares = (pi * (1 - upper), pi * upper) if len(self.at) > 1 else (pi,)
        return shares, tuple(rest)

    def _is_value(self, x: Any) -> Mask:
        return np.isin(x, self.at)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x; at one of the values the log of its probability."""
        shares, rest = self._parted(params)
        with np.errstate(divide="ignore", invalid="ignore"):  # logs of 0, and the density at the values, not used
            values = np.log1p(-np.asarray(params[0])) + self.base.logpdf(x, *rest)
            for a, share in zip(self.at, shares, strict=True):
                values = np.where(x == a, np.log(share), values)
        return np.asarray(values)

    def _own_slopes(self, x: Array, params: tuple[Any, ...], order: int) -> list[Array]:
        """Derivatives of the log-probability of a value, or of none, by ``pi`` and ``upper``: first, or second."""
        sign = 1.0 if order == 1 else -1.0
        with np.errstate(divide="ignore"):
            yes = [sign / np.asarray(p) ** order for p in params[: len(self.at)]]
            no = [-1.0 / (1 - np.asarray(p)) ** order for p in params[: len(self.at)]]
        slopes = [np.where(self._is_value(x), yes[0], no[0])]
        if len(self.at) > 1:
            slopes.append(np.where(x == self.at[1], yes[1], np.where(x == self.at[0], no[1], 0.0)))
        return slopes

    def _score(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by the parameters; those of the rest do not change the probability of a value."""
        with np.errstate(divide="ignore", invalid="ignore"):
            of_rest = of_base(x, *params[len(self.at) :])
        away = (np.where(self._is_value(x), 0.0, s) for s in of_rest)
        return (*self._own_slopes(x, params, 1), *away)

    def _hessian(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        own, count = self._own_slopes(x, params, 2), len(self.parameters)
        with np.errstate(divide="ignore", invalid="ignore"):
            of_rest = iter(of_base(x, *params[len(self.at) :]))
        second = []
        for j, k in triangle(count):
            if j >= len(self.at):
                second.append(np.where(self._is_value(x), 0.0, next(of_rest)))
            else:
                second.append(own[j] if j == k else np.zeros(np.shape(x)))
        return tuple(second)

    # --- distribution function ----------------------------------------------------------------------------------------

    def _sum(self, x: Any, params: tuple[Any, ...], part_: str) -> Array:
        """Of the distribution function (``cdf``) or survival function (``sf``): the values and the rest."""
        shares, rest = self._parted(params)
        x = np.asarray(x, dtype=float)
        total = (1 - np.asarray(params[0])) * getattr(Distribution.at(self.base, rest), part_)(x)
        for a, share in zip(self.at, shares, strict=True):
            total = total + np.where((a <= x) if part_ == "cdf" else (a > x), share, 0.0)
        return np.asarray(total)

    def _log_sum(self, x: Any, params: tuple[Any, ...], part_: str) -> Array:
        shares, rest = self._parted(params)
        x = np.asarray(x, dtype=float)
        with np.errstate(divide="ignore"):
            total = np.log1p(-np.asarray(params[0])) + getattr(Distribution.at(self.base, rest), f"log{part_}")(x)
            for a, share in zip(self.at, shares, strict=True):
                counts = (a <= x) if part_ == "cdf" else (a > x)
                total = np.where(counts, np.logaddexp(total, np.log(share)), total)
        return np.asarray(np.minimum(total, 0.0))  # rounding may pass 1

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return np.minimum(self._sum(x, params, "cdf"), 1.0)

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return np.minimum(self._sum(x, params, "sf"), 1.0)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._log_sum(x, params, "cdf")

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._log_sum(x, params, "sf")

    def _tail_scores(self, of_base: TailScores, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of both tails."""
        _, rest = self._parted(params)
        law = Distribution.at(self.base, rest)
        inner = zip(of_base(x, *rest), (law.logcdf(x), law.logsf(x)), (True, False), strict=True)
        below, above = (
            self._mixed_scores(params, log_rest, slopes, [(a <= x) == is_below for a in self.at])
            for slopes, log_rest, is_below in inner
        )
        return below, above

    def log_mass(self, lower: Array, upper: Array, *params: Any) -> Array:
        """Log-probability of intervals ``(lower, upper]``: of the values in it, and of the rest."""
        shares, rest = self._parted(params)
        with np.errstate(divide="ignore"):
            total = np.log1p(-np.asarray(params[0])) + log_mass(self.base, rest, lower, upper)
            for a, share in zip(self.at, shares, strict=True):
                inside = (lower < a) & (a <= upper)
                total = np.where(inside, np.logaddexp(total, np.log(share)), total)
        return np.asarray(np.minimum(total, 0.0))

    def _log_mass_scores(self, lower: Array, upper: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives of the log-probability of intervals."""
        _, rest = self._parted(params)
        inside = [(lower < a) & (a <= upper) for a in self.at]
        log_rest = log_mass(self.base, rest, lower, upper)
        return self._mixed_scores(params, log_rest, mass_scores(self.base, rest, lower, upper), inside)

    def _mixed_scores(
        self, params: tuple[Any, ...], log_rest: Array, by_rest: Any, inside: list[Mask]
    ) -> tuple[Array, ...]:
        """Derivatives of log(Σ shares inside + (1 - pi) rest) by all parameters."""
        shares, _ = self._parted(params)
        pi, rest = np.asarray(params[0]), np.exp(log_rest)
        with np.errstate(divide="ignore", invalid="ignore"):
            total = (1 - pi) * rest + sum(np.where(i, s, 0.0) for i, s in zip(inside, shares, strict=True))
            each = np.array([np.where(i, 1.0, 0.0) for i in inside])
            if len(self.at) > 1:
                upper = np.asarray(params[1])
                own = [((1 - upper) * each[0] + upper * each[1] - rest) / total, pi * (each[1] - each[0]) / total]
            else:
                own = [(each[0] - rest) / total]
            # Where no value is inside, the ratio is 1, though both have underflowed.
            share = np.where(np.any(inside, axis=0), (1 - pi) * rest / total, 1.0)
            own[0] = np.where(np.any(inside, axis=0), own[0], -1.0 / (1 - pi))
            own[1:] = [np.where(np.any(inside, axis=0), slope, 0.0) for slope in own[1:]]
            return (*own, *(np.where(share > 0, share * s, 0.0) for s in by_rest))

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        return self._quantile(np.asarray(p, dtype=float), params, above=False)

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        return self._quantile(np.asarray(p, dtype=float), params, above=True)

    def _quantile(self, p: Array, params: tuple[Any, ...], *, above: bool) -> Array:
        """The value whose step holds p, or the quantile of the rest for what the steps before leave."""
        shares, rest = self._parted(params)
        law, pi = Distribution.at(self.base, rest), np.asarray(params[0])
        at: Any = np.nan
        before: Any = 0.0
        order = list(zip(self.at, shares, strict=True))
        for a, share in reversed(order) if above else order:
            outer = before + (1 - pi) * (law.sf(np.array(a)) if above else law.cdf(np.array(a)))
            # Towards an end of the support there is nothing but the step itself.
            holds = ((p >= outer) & (p < outer + share)) if above else ((p > outer) & (p <= outer + share))
            at = np.where(holds, a, at)
            passed = (p >= outer + share) if above else (p > outer + share)
            before = np.where(passed, before + share, before)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.clip((p - before) / (1 - pi), 0.0, 1.0)
            others = law.isf(left) if above else law.ppf(left)
        found = np.where(np.isnan(at), others, at)
        return np.where((p >= 0) & (p <= 1), found, np.nan)

    # --- moments ------------------------------------------------------------------------------------------------------

    def without_atoms(self, *params: Any) -> Distribution:
        """The continuous law of the rest."""
        return Distribution.at(self.base, self._parted(params)[1])

    def mean(self, *params: Any) -> Array:
        """Expected value."""
        shares, _ = self._parted(params)
        of_values = sum(s * a for s, a in zip(shares, self.at, strict=True))
        return np.asarray(of_values + (1 - np.asarray(params[0])) * self.without_atoms(*params).mean())

    def var(self, *params: Any) -> Array:
        """Variance: within the rest, between it and the values, and between these."""
        shares, _ = self._parted(params)
        law, values = self.without_atoms(*params), list(zip(shares, self.at, strict=True))
        of_rest = law.var() + sum(s * (a - law.mean()) ** 2 for s, a in values)
        of_values = sum(s * t * (a - b) ** 2 for (s, a), (t, b) in combinations(values, 2))
        return np.asarray(of_values + (1 - np.asarray(params[0])) * of_rest)

    def entropy(self, *params: Any) -> Array:
        """Entropy, nats, against the sum of Lebesgue measure and one point at each value."""
        shares, _ = self._parted(params)
        rest = 1 - np.asarray(params[0])
        of_kinds = special.entr(rest) + sum(special.entr(share) for share in shares)
        return np.asarray(of_kinds + rest * self.without_atoms(*params).entropy())

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Random numbers."""
        shares, _ = self._parted(params)
        uniform = rng.uniform(size=size)
        x = self.without_atoms(*params).rvs(size, rng)
        reached: Any = 0.0
        for a, share in zip(self.at, shares, strict=True):
            x = np.where((uniform >= reached) & (uniform < reached + share), a, x)
            reached = reached + share
        return np.asarray(x)

    # --- the fit ------------------------------------------------------------------------------------------------------

    def _rest_of(self, sample: Sample) -> tuple[Family, Sample]:
        """The law of the rows that are none of the values, and these."""
        rows = np.flatnonzero(~self._is_value(sample.x))
        return self.base.take(rows), sample.take(rows)

    def _shares_of(self, sample: Sample) -> tuple[float, ...]:
        """Maximum-likelihood estimates of ``pi`` and ``upper`` from points."""
        each = [sample.mean(partial(_is_at, a)) for a in self.at]
        pi = sum(each)
        return (pi,) if len(each) == 1 else (pi, each[1] / pi if pi > 0 else 0.5)

    def check(self, sample: Sample) -> None:
        """Raise if there is nothing but the values, or the rest has no maximum."""
        sample = sample if sample.in_memory else sample.sketch()
        if np.all(self._is_value(sample.x)):
            raise DegenerateDataError(
                f"{self.name}: all {sample.nobs:g} observations are {_listed(self.at, 'or')}, so nothing is known of "
                f"the {self.base.name} law of the others."
            )
        base, rest = self._rest_of(sample)
        base.check(rest)

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is none of the values and impossible under the law of the rest."""
        if not sample.in_memory:
            super().check_support(sample)
            return
        value = (sample.lower == sample.upper) & self._is_value(sample.lower)
        if not value.any():
            self.base.check_support(sample)
        elif not value.all():
            holds = value | ((sample.lower < sample.upper) & self._holds_value(sample))
            rest = np.flatnonzero(~holds)
            if len(rest):
                self._check_rest(sample, rest)

    def _check_rest(self, sample: Sample, rest: NDArray[np.intp]) -> None:
        try:
            with numbered_as(None):
                self.base.take(rest).check_support(sample.take(rest))
        except SupportError as error:
            rows = rest[list(error.outside)]
            value = float(sample.upper[rows[0]])
            below = value < self.support.lower
            numbers = numbers_of(rows, sample.rows_given)
            raise self._outside(sample, len(rows), str(numbers[0]), value, below, numbers) from error

    def _holds_value(self, sample: Sample) -> Mask:
        return np.asarray(np.any([(sample.lower < a) & (a <= sample.upper) for a in self.at], axis=0))

    def resolve(self, sample: Sample) -> Family:
        """Learn which of the values are among the data."""
        exact = sample.lower == sample.upper if sample.in_memory else None
        if exact is None:
            seen = tuple(a for a in self.at if sample.mean(partial(_is_at, a)) > 0)
        else:
            seen = tuple(a for a in self.at if np.any(sample.lower[exact] == a))
        return Inflated(self.base.resolve(sample), self.at, seen)

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the values move too."""
        moved = (tuple((a - centre) / scale for a in values) for values in (self.at, self.seen))
        return Inflated(self.base.in_unit(centre, scale), *moved)

    def _from_sample(self, sample: Sample) -> tuple[Any, ...]:
        """The shares of the values, and the maximum for the rest."""
        base, rest = self._rest_of(sample)
        formula = needed(
            base, formula_of(base), "from_sample"
        )  # that of the base has it, whose law of some rows this is
        return (*self._shares_of(sample), *formula(rest))

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The shares of the values, and starts of the law of the rest."""
        base, rest = self._rest_of(sample)
        if base.start is None:
            inner = [fitted(base, rest)]
        else:
            proposed = base.start(rest)
            inner = proposed if isinstance(proposed, list) else [proposed]
        own = tuple(min(max(share, _NEAR_AN_END), 1 - _NEAR_AN_END) for share in self._shares_of(sample))
        return [(*own, *params) for params in inner if params is not None]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The law without the values that are not seen; and those of the rest, with the same values."""
        found = []
        if not self.seen:
            zeros = (0.0, 0.5)[: len(self.at)]
            found.append(Limit(self.base, lambda *p: (*zeros, *p)))
        if len(self.at) > 1 and len(self.seen) < 2:
            for k, a in enumerate(self.at):
                if a in self.seen or not self.seen:
                    one = Inflated(self.base, (a,), tuple(v for v in self.seen if v == a))
                    found.append(Limit(one, lambda pi, *p, end=float(k): (pi, end, *p)))
        for limit in self.base.limits:
            if not limit.family.discrete and not limit.family.atoms:
                law = Inflated(limit.family, self.at, self.seen)
                own = len(self.at)
                found.append(Limit(law, lambda *p, e=limit.embed, own=own: (*p[:own], *e(*p[own:]))))
        return tuple(found)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Those of the law, beside the same values."""
        return lifted(self.base, lambda law: inflated(law, self.at), len(self.at))

    @property
    def forms(self) -> Mapping[str, Form]:
        """Those of the law of the rest."""
        return self.base.forms

    def by(self, form: str) -> Family:
        """The same law, the rest in other parameters."""
        return self if form in self.param_names else Inflated(self.base.by(form), self.at, self.seen)

    def irregular(self, *params: Any) -> tuple[str, ...]:
        """Those of the law of the rest."""
        return self.base.irregular(*params[len(self.at) :])

    def domains_at(self, *params: Any) -> tuple[Domain, ...]:
        """Domains in coordinates that are natural at these values: those of the law of the rest."""
        own = len(self.at)
        return (*(p.domain for p in self.parameters[:own]), *self.base.domains_at(*params[own:]))

    def _unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why the likelihood of the rest is unbounded, where its law says so."""
        base, rest = self._rest_of(sample.as_points())
        return None if base.unbounded is None else base.unbounded(rest, fixed)

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        return Inflated(self.base.given(known), self.at, self.seen) if self.per_row else self

    def __repr__(self) -> str:
        if self.at == (0.0,):
            return f"hurdle({self.base!r})"
        return f"inflated({self.base!r}, at=[{', '.join(f'{a:g}' for a in self.at)}])"


def inflated(family: Any, at: float | Sequence[float] = (0.0, 1.0)) -> Family:
    """A law of measurements with a probability of its own at one value, or at two.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A continuous law: of the observations that are none of the values.
    at : float or two of them
        The values; by default 0 and 1: the zero-one-inflated beta law is ``inflated("beta")``.

    Returns
    -------
    Family
        With ``pi``, the probability of the values, before the parameters of ``family``; of two values with ``upper``
        after it, the share of the larger one among both.

    Raises
    ------
    ParameterError
        If the law is one of counts or vectors, or the values are not one or two numbers.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> result = mle.fit([0, 0.2, 0.5, 0.9, 1, 1, 0.7, 0.4], mle.inflated("beta"))
    >>> round(result.params["pi"], 9), round(result.params["upper"], 9)
    (0.375, 0.666666667)
    """
    base = part(family, "inflated")
    values = tuple(sorted(float(number(a, "inflated: at")) for a in np.ravel(np.asarray(at, dtype=object))))
    if not 1 <= len(values) <= 2 or len(set(values)) < len(values) or not np.all(np.isfinite(values)):
        raise ParameterError(f"inflated: at needs one number, or two that differ; got {at!r}.")
    if base.discrete:
        raise ParameterError(
            f"inflated: {base.name} is a law of counts; for additional zeros there are zero_inflated and hurdle."
        )
    taken = [name for name in _OWN if name in base.param_names]
    if taken:
        raise ParameterError(f"inflated: {base.name} has a parameter {taken[0]} already.")
    return Inflated(base, values)


def _is_at(value: float, x: Array) -> Array:
    return np.asarray(x == value, dtype=float)


def _kind_of(at: tuple[float, ...]) -> str:
    return {(0.0,): "zero-adjusted", (1.0,): "one-inflated", (0.0, 1.0): "zero-one-inflated"}.get(at, "")


def _listed(at: tuple[float, ...], word: str = "and") -> str:
    return f" {word} ".join(f"{a:g}" for a in at)


def _with_values(support: Interval, at: tuple[float, ...]) -> Interval:
    low, high = min(support.lower, at[0]), max(support.upper, at[-1])
    closed_low = low in at or (support.closed_lower and low == support.lower)
    closed_high = high in at or (support.closed_upper and high == support.upper)
    closed = {(True, True): "both", (True, False): "lower", (False, True): "upper"}.get((closed_low, closed_high))
    return Interval(low, high, closed or "neither")


MAKERS = (inflated,)
"""The functions here that make laws of laws."""
