"""Counts with more, or fewer, zeros than a law of counts would have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.inflated import inflated
from mle_toolkit.families.combinators.parts import Combined, fitted, part
from mle_toolkit.families.combinators.truncated import Truncated, check_counts, only_first, zero_truncated
from mle_toolkit.families.counting import inflated_expansion
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import CLOSED_UNIT, COUNTS, Interval
from mle_toolkit.families.hooks import Expansion, Score, made_with, needed
from mle_toolkit.families.mass import log_mass_with_zeros
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample

_SHARES = (0.9, 0.5, 0.1)
"""Shares of the observed zeros that starts take for excess ones."""


class ZeroInflated(Combined):
    r"""Counts of a population of which a share ``pi`` can only give zeros, and the rest follows a law of counts.

    .. math:: f(0) = \pi + (1 - \pi) f_0(0), \qquad f(x) = (1 - \pi) f_0(x) \quad (x > 0)

    Parameters
    ----------
    base : Family
        The law of the rest.

    Notes
    -----
    Source: Lambert (1992), Technometrics 34, 1-14. Where there are no more zeros than the base expects, the maximum
    is at pi = 0, and reported as the base.
    """

    kind = "zero_inflated"

    def __init__(self, base: Family) -> None:
        self.base = base
        self.constants = base.constants
        self.modelled = base.main_parameter if base.parameters else "pi"
        self.name = f"zero-inflated {base.name}"
        self.support = base.support
        self.parameters = (Parameter("pi", Interval(0.0, 1.0, closed="lower"), typical=(0.1, 0.7)), *base.parameters)
        self.score = made_with(self._score, base.score)
        if base.score is not None:
            self.expansion = made_with(self._expansion, base.expansion)

    def logpdf(self, x: Array, pi: Any, *params: Any) -> Array:
        """Log-probability of x."""
        log_base = self.base.logpdf(x, *params)
        with np.errstate(divide="ignore"):  # log 0 = -inf: no excess zeros
            own = np.log1p(-np.asarray(pi)) + self.base.logpdf(np.zeros(()), *params)
            at_zero = np.minimum(np.logaddexp(np.log(pi), own), 0.0)  # rounding may pass 1
        return np.asarray(np.where(x == 0, at_zero, np.log1p(-np.asarray(pi)) + log_base))

    def _score(self, of_base: Score, x: Array, pi: Any, *params: Any) -> tuple[Array, ...]:
        """Derivatives by pi and the parameters of the base."""
        nothing = np.zeros(())
        log_zero = self.base.logpdf(nothing, *params)
        at_zero = self.logpdf(nothing, pi, *params)
        by_pi = np.where(x == 0, -np.expm1(log_zero) * np.exp(-at_zero), -1 / (1 - pi))
        from_base = np.exp(np.log1p(-pi) + log_zero - at_zero)  # how many of the zeros are the base's
        by_base = (np.where(x == 0, from_base * s, s) for s in of_base(x, *params))
        return by_pi, *by_base

    def _expansion(
        self, of_base: Expansion, x: Array, pi: Array, *params: Any
    ) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]] | None:
        known = of_base(x, *params)
        return None if known is None else inflated_expansion(x, pi, *known)

    def check(self, sample: Sample) -> None:
        """Raise if all counts are zero."""
        if sample.maximum == 0:
            raise DegenerateDataError(
                f"{self.name}: all {sample.nobs:g} observations are 0, which pi = 1 and a {self.base.name} law without "
                f"zeros explain equally well, so neither is identified."
            )

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Fits of the base with some of the zeros taken away."""
        zeros = sample.mean(lambda x: (x == 0).astype(float))
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        starts: list[tuple[Any, ...]] = []
        for share in _SHARES:
            rest = sample.with_values(sample.x, np.where(sample.x == 0, (1 - share) * weight, weight), sample.known)
            params = fitted(self.base, rest)
            if params is not None:
                starts.append((min(max(share * zeros, 0.02), 0.98), *params))
        return starts

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The base, at pi = 0; and those of the base, inflated."""
        return _limits(self.base, self.base, zero_inflated)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Those of the base, behind a hurdle: its probability, and with it pi, vanish in the window."""
        return limits_behind_zeros(self.base, lower, upper)

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        return ZeroInflated(self.base.given(known)) if self.per_row else self

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is impossible under the base."""
        self.base.check_support(sample)

    def cdf(self, x: Array, pi: Any, *params: Any) -> Array:
        """Probability of at most x."""
        return np.asarray(np.where(np.asarray(x) < 0, 0.0, pi + (1 - pi) * Distribution.at(self.base, params).cdf(x)))

    def sf(self, x: Array, pi: Any, *params: Any) -> Array:
        """Probability of more than x."""
        return np.asarray(np.where(np.asarray(x) < 0, 1.0, (1 - pi) * Distribution.at(self.base, params).sf(x)))

    def logsf(self, x: Array, pi: Any, *params: Any) -> Array:
        """Log of the survival function."""
        above = np.log1p(-np.asarray(pi)) + Distribution.at(self.base, params).logsf(x)
        return np.where(np.asarray(x) < 0, 0.0, above)

    def log_mass(self, lower: Array, upper: Array, pi: Any, *params: Any) -> Array:
        """Log-probability of intervals."""
        return log_mass_with_zeros(self.base, pi, params, lower, upper)

    def mean(self, pi: Any, *params: Any) -> Array:
        """Expected value."""
        return np.asarray((1 - pi) * Distribution.at(self.base, params).mean())

    def var(self, pi: Any, *params: Any) -> Array:
        """Variance."""
        law = Distribution.at(self.base, params)
        return np.asarray((1 - pi) * (law.var() + pi * law.mean() ** 2))

    def __repr__(self) -> str:
        return f"zero_inflated({self.base!r})"


class Hurdle(Combined):
    r"""Counts that are zero with probability ``pi``, and follow a law of counts without zeros where they are not.

    .. math:: f(0) = \pi, \qquad f(x) = (1 - \pi)\, f_0(x) / (1 - f_0(0)) \quad (x > 0)

    Parameters
    ----------
    base : Family
        The law of counts from which zeros are taken away; a law of positive counts, as limits are, has none.

    Notes
    -----
    Source: Mullahy (1986), Journal of Econometrics 33, 341-365. The likelihood is a product: ``pi`` is the share of the
    zeros, and the other parameters are those of the positive counts alone. There may be more zeros than the base
    expects, or fewer.
    """

    kind = "hurdle"

    def __init__(self, base: Family) -> None:
        self.base = base
        self.positive = zero_truncated(base) if base.support.lower == 0 else base
        self.constants = base.constants
        self.modelled = base.main_parameter if base.parameters else "pi"
        self.name = f"hurdle {base.name}"
        self.support = COUNTS if base.support.lower > 0 else base.support
        self.parameters = (Parameter("pi", CLOSED_UNIT, typical=(0.1, 0.7)), *base.parameters)
        self.score = made_with(self._score, self.positive.score)
        if self.positive.from_sample is not None:
            self.from_sample = self._from_sample

    def logpdf(self, x: Array, pi: Any, *params: Any) -> Array:
        """Log-probability of x."""
        with np.errstate(divide="ignore", invalid="ignore"):  # logs of 0, and the positive law at 0, which is replaced
            positive = self.positive.logpdf(x, *params)
            return np.asarray(np.where(x == 0, np.log(pi), np.log1p(-np.asarray(pi)) + positive))

    def _score(self, of_positive: Score, x: Array, pi: Any, *params: Any) -> tuple[Array, ...]:
        """Derivatives by pi and the parameters of the positive law."""
        by_pi = np.where(x == 0, 1 / np.asarray(pi), -1 / (1 - np.asarray(pi)))
        return by_pi, *(np.where(x == 0, 0.0, s) for s in of_positive(np.maximum(x, 1.0), *params))

    def check(self, sample: Sample) -> None:
        """Raise if all counts are zero, or the positive ones have no maximum."""
        if sample.maximum == 0:
            raise DegenerateDataError(
                f"{self.name}: all {sample.nobs:g} observations are 0, so nothing is known of the positive counts."
            )
        positive, rows = self._positive_part(sample)
        positive.check(rows)

    def _from_sample(self, sample: Sample) -> tuple[Any, ...]:
        """The share of the zeros, and the maximum for the positive counts."""
        positive, rows = self._positive_part(sample)
        return self._zeros(sample), *needed(positive, positive.from_sample, "from_sample")(rows)

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The share of the zeros, and starts of the positive law."""
        positive, rows = self._positive_part(sample)
        if positive.start is None:
            inner = [fitted(positive, rows)]
        else:
            proposed = positive.start(rows)
            inner = proposed if isinstance(proposed, list) else [proposed]
        zeros = min(max(self._zeros(sample), 1e-3), 1 - 1e-3)
        return [(self._zeros(sample) or zeros, *params) for params in inner if params is not None]

    @staticmethod
    def _zeros(sample: Sample) -> float:
        return sample.mean(lambda x: (x == 0).astype(float))

    def _positive_part(self, sample: Sample) -> tuple[Family, Sample]:
        """The law of the positive counts, and these."""
        rows = np.flatnonzero(sample.x > 0)
        return self.positive.take(rows), sample.take(rows)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The positive law, at pi = 0; its own limits, behind the same hurdle; and one trial, where all are ones."""
        end = only_first(self.base)
        ones = () if end is None else (Limit(get_family("bernoulli"), lambda p: (1 - p, *end)),)
        small = (
            Limit(Hurdle(limit.family), lambda pi, *p, embed=limit.embed: (pi, *embed(*p)))
            for limit in self.base.limits_without_zeros
        )
        return *ones, *_limits(self.positive, self.base, hurdle), *small

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Those of the base, behind a hurdle: its probability, and with it pi, vanish in the window."""
        return limits_behind_zeros(self.base, lower, upper)

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        return Hurdle(self.base.given(known)) if self.per_row else self

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is impossible under the base, or rows without a positive count to be had."""
        self.base.check_support(sample)
        if self.per_row and isinstance(self.positive, Truncated):
            self.positive.check_rows()

    def cdf(self, x: Array, pi: Any, *params: Any) -> Array:
        """Probability of at most x."""
        below = np.where(np.asarray(x) < 1, 0.0, Distribution.at(self.positive, params).cdf(x))
        return np.where(np.asarray(x) < 0, 0.0, pi + (1 - pi) * below)

    def sf(self, x: Array, pi: Any, *params: Any) -> Array:
        """Probability of more than x."""
        above = np.where(np.asarray(x) < 1, 1.0, Distribution.at(self.positive, params).sf(x))
        return np.where(np.asarray(x) < 0, 1.0, (1 - pi) * above)

    def logsf(self, x: Array, pi: Any, *params: Any) -> Array:
        """Log of the survival function."""
        above = np.where(np.asarray(x) < 1, 0.0, Distribution.at(self.positive, params).logsf(x))
        return np.where(np.asarray(x) < 0, 0.0, np.log1p(-np.asarray(pi)) + above)

    def log_mass(self, lower: Array, upper: Array, pi: Any, *params: Any) -> Array:
        """Log-probability of intervals."""
        return log_mass_with_zeros(self.positive, pi, params, lower, upper)

    def mean(self, pi: Any, *params: Any) -> Array:
        """Expected value."""
        return np.asarray((1 - pi) * Distribution.at(self.positive, params).mean())

    def var(self, pi: Any, *params: Any) -> Array:
        """Variance."""
        law = Distribution.at(self.positive, params)
        return np.asarray((1 - pi) * (law.var() + pi * law.mean() ** 2))

    def __repr__(self) -> str:
        return f"hurdle({self.base!r})"


def zero_inflated(family: Any) -> Family:
    """A law with a share of additional zeros.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A law of counts from 0; or a continuous law, which has no zeros of its own: that is ``hurdle(family)``.

    Returns
    -------
    Family
        With ``pi``, the share of additional zeros, before the parameters of ``family``; for ``"poisson"`` the law
        ``zip``.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> mle.zero_inflated("negbin").param_names
    ('pi', 'size', 'mu')
    """
    base = _of_zeros(family, "zero_inflated")
    if not base.discrete:
        return inflated(base, 0.0)
    return get_family("zip") if type(base) is type(get_family("poisson")) else ZeroInflated(base)


def hurdle(family: Any) -> Family:
    """A law of which zero has a probability of its own.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A law of counts from 0; or a continuous law, as ``"gamma"`` for rain with dry days.

    Returns
    -------
    Family
        With ``pi``, the probability of zero, before the parameters of ``family``, which are those of the other
        observations.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> result = mle.fit([0, 0, 0, 1, 2, 1], mle.hurdle("poisson"))
    >>> round(result.params["pi"], 6), round(result.params["mu"], 6)
    (0.5, 0.60586)
    >>> dict(mle.fit([0, 0, 0.5, 1.5], mle.hurdle("exponential")).params)
    {'pi': 0.5, 'scale': 1.0}
    """
    base = _of_zeros(family, "hurdle")
    return Hurdle(base) if base.discrete else inflated(base, 0.0)


def _of_zeros(family: Any, maker: str) -> Family:
    base = part(family, maker)
    if base.discrete:
        check_counts(base, maker)
    if "pi" in base.param_names:
        raise ParameterError(f"{maker}: {base.name} has a parameter pi, an excess of zeros, already.")
    return base


def _limits(at_zero: Family, base: Family, combine: Callable[[Family], Family]) -> tuple[Limit, ...]:
    """The law at pi = 0, after those that it is near itself, and the limits of the base with their own zeros.

    Of two that fit alike the first is reported: the one with fewer parameters.
    """
    further = (Limit(near.family, lambda *p, embed=near.embed: (0.0, *embed(*p))) for near in at_zero.limits)
    own = Limit(at_zero, lambda *params: (0.0, *params))
    others = (
        Limit(combine(limit.family), lambda pi, *p, embed=limit.embed: (pi, *embed(*p)))
        for limit in base.limits
        if limit.family.discrete and limit.family.support.lower == 0 and "pi" not in limit.family.param_names
    )
    return *further, own, *others


def limits_behind_zeros(base: Family, lower: float, upper: float) -> tuple[Limit, ...]:
    """Limits, where a window is seen, of a law of counts with zeros of their own."""
    if not lower < 0:
        return ()
    near = [limit for limit in base.limits_in_window(0.0, upper) if limit.family.support.lower > 0]
    return tuple(Limit(Hurdle(limit.family), lambda _, *p, embed=limit.embed: (0.0, *embed(*p))) for limit in near)


MAKERS = (zero_inflated, hurdle)
"""The functions here that make laws of laws."""
