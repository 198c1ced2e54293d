"""Times of an event that not all will have: cured patients, circuits without a defect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import Combined, fitted, lifted, part, triangle
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.hooks import Score, TailScores, made_with
from mle_toolkit.families.mass import log_mass, mass_scores
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit, SpecialCase

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.combinators.reparametrised import Form

_LATER = (1.02, 1.5, 4.0)
"""What starts take for the odds of an event, as a multiple of those that were seen."""


class Defective(Combined):
    r"""Times of which a share ``1 - p`` never comes: the others follow a law.

    .. math:: P(T \le t) = p F_0(t), \qquad P(T = \infty) = 1 - p

    Parameters
    ----------
    base : Family
        The law of the times of those who will have the event.

    Notes
    -----
    Sources: Boag (1949), JRSS B 11, 15-53 (cured patients); Meeker (1987), Technometrics 29, 51-65, and Meeker &
    Escobar (1998), Statistical Methods for Reliability Data, sec. 11.5 (limited failure populations), whose p it is. A
    likelihood that only rises towards p = 1 is that of the law itself, and is reported as the boundary. Where hardly
    more than the beginning of the law is seen, p and its scale are nearly one parameter: their errors say so.
    """

    kind = "defective"

    def __init__(self, base: Family) -> None:
        self.base = base
        self.atoms = (np.inf,)
        self.constants = base.constants
        self.modelled = base.main_parameter
        self.name = f"defective {base.name}"
        closed = "both" if base.support.closed_lower else "upper"
        self.support = Interval(base.support.lower, np.inf, closed)
        self.parameters = (Parameter("p", Interval(0.0, 1.0, "upper"), typical=(0.3, 0.8)), *base.parameters)
        self.score = made_with(self._score, base.score)
        if base.score is not None:
            self.hessian = made_with(self._hessian, base.hessian)
        self.tail_scores = made_with(self._tail_scores, base.tail_scores)
        if base.tail_scores is not None or base.log_mass_scores is not None:
            self.log_mass_scores = self._log_mass_scores

    def logpdf(self, x: Array, p: Any, *params: Any) -> Array:
        """Log-density at x; at infinity the log of the share to which nothing happens."""
        with np.errstate(divide="ignore", invalid="ignore"):
            density = np.log(p) + self.base.logpdf(x, *params)
            never = np.log1p(-np.asarray(p, dtype=float))
        return np.asarray(np.where(np.isposinf(x), never, density))

    def _score(self, of_base: Score, x: Array, p: Any, *params: Any) -> tuple[Array, ...]:
        """Derivatives by p and the parameters of the law."""
        return np.broadcast_to(np.asarray(1 / p, dtype=float), np.shape(x)), *of_base(x, *params)

    def _hessian(self, of_base: Score, x: Array, p: Any, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        inner, zero = iter(of_base(x, *params)), np.zeros(np.shape(x))
        own = {(0, 0): zero - 1 / np.asarray(p) ** 2}
        return tuple(own.get(at, zero) if at[0] == 0 else next(inner) for at in triangle(len(self.parameters)))

    # --- tails --------------------------------------------------------------------------------------------------------

    def logcdf(self, x: Array, p: Any, *params: Any) -> Array:
        """Log of the probability of an event up to x."""
        with np.errstate(divide="ignore"):
            finite = np.log(p) + Distribution.at(self.base, params).logcdf(x)
        return np.where(np.isposinf(x), 0.0, finite)

    def logsf(self, x: Array, p: Any, *params: Any) -> Array:
        """Log of the probability of none up to x: a later one, or none at all."""
        with np.errstate(divide="ignore"):
            later = np.log(p) + Distribution.at(self.base, params).logsf(x)
            ever = np.minimum(np.logaddexp(np.log1p(-np.asarray(p)), later), 0.0)
        return np.where(np.isposinf(x), -np.inf, ever)

    def cdf(self, x: Array, p: Any, *params: Any) -> Array:
        """Probability of an event up to x."""
        return np.where(np.isposinf(x), 1.0, p * Distribution.at(self.base, params).cdf(x))

    def sf(self, x: Array, p: Any, *params: Any) -> Array:
        """Probability of none up to x."""
        never = 1 - np.asarray(p)
        return np.where(np.isposinf(x), 0.0, never + p * Distribution.at(self.base, params).sf(x))

    def _tail_scores(
        self, of_base: TailScores, x: Array, p: Any, *params: Any
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        below, above = of_base(x, *params)
        law = Distribution.at(self.base, params)
        log_s = self.logsf(x, p, *params)
        with np.errstate(divide="ignore"):
            later = np.exp(np.log(p) + law.logsf(x) - log_s)
        by_p = np.broadcast_to(1 / np.asarray(p), np.shape(x))
        return (by_p, *below), (-np.exp(law.logcdf(x) - log_s), *(np.where(later > 0, later * s, 0.0) for s in above))

    def log_mass(self, lower: Array, upper: Array, p: Any, *params: Any) -> Array:
        """Log-probability of intervals: between finite ends of those of the law, beyond all of none at all too."""
        with np.errstate(divide="ignore"):
            between = np.log(p) + log_mass(self.base, params, lower, upper)
        never = np.isposinf(upper)
        after = np.where(lower < self.support.lower, 0.0, self.logsf(lower, p, *params))
        return np.where(never, after, between)

    def _log_mass_scores(self, lower: Array, upper: Array, p: Any, *params: Any) -> tuple[Array, ...]:
        """Derivatives of `log_mass`."""
        never = np.isposinf(upper)
        with np.errstate(all="ignore"):
            inner = mass_scores(self.base, params, lower, upper)
            log_rest, log_all = log_mass(self.base, params, lower, upper), self.log_mass(lower, upper, p, *params)
            share = np.where(never, np.exp(np.log(p) + log_rest - log_all), 1.0)
            by_p = np.where(never, np.expm1(log_rest) * np.exp(-log_all), 1 / np.asarray(p))
            return by_p, *(np.where(share > 0, share * s, 0.0) for s in inner)

    def ppf(self, q: Array, p: Any, *params: Any) -> Array:
        """Time by which a share q of all has had the event; infinite where so many never have it."""
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            time = Distribution.at(self.base, params).ppf(np.minimum(q / p, 1.0))
        return np.where(q > p, np.where(q <= 1, np.inf, np.nan), time)

    def isf(self, q: Array, p: Any, *params: Any) -> Array:
        """Time by which a share q of all has not had the event."""
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            time = Distribution.at(self.base, params).isf(np.clip((q - (1 - np.asarray(p))) / p, 0.0, 1.0))
        return np.where(q < 1 - np.asarray(p), np.where(q >= 0, np.inf, np.nan), np.where(q <= 1, time, np.nan))

    # --- moments ------------------------------------------------------------------------------------------------------

    def without_atoms(self, p: Any, *params: Any) -> Distribution:
        """The law of those who have the event."""
        return Distribution.at(self.base, params)

    def mean(self, p: Any, *params: Any) -> Array:
        """Expected time: infinite where some never have the event."""
        return np.where(np.asarray(p) < 1, np.inf, Distribution.at(self.base, params).mean())

    def var(self, p: Any, *params: Any) -> Array:
        """Variance: infinite where some never have the event."""
        return np.where(np.asarray(p) < 1, np.inf, Distribution.at(self.base, params).var())

    def entropy(self, p: Any, *params: Any) -> Array:
        """Entropy, nats: of whether there is an event, and of when."""
        p = np.asarray(p)
        kinds = special.entr(p) + special.entr(1 - p)
        return np.asarray(kinds + p * Distribution.at(self.base, params).entropy())

    def rvs(self, p: Any, *params: Any, size: Any, rng: Any) -> Array:
        """Random numbers; infinite for no event."""
        uniform = rng.uniform(size=size)
        return np.where(uniform < p, Distribution.at(self.base, params).rvs(size, rng), np.inf)

    # --- the fit ------------------------------------------------------------------------------------------------------

    def check(self, sample: Sample) -> None:
        """Raise where the law has no maximum."""
        self.base.check(sample)

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is impossible under the law."""
        self.base.check_support(sample)

    def resolve(self, sample: Sample) -> Family:
        """Let the law learn from the data."""
        return Defective(self.base.resolve(sample))

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``."""
        return Defective(self.base.in_unit(centre, scale))

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The law of all of them; and nearly all of them have it."""
        first = fitted(self.base, sample)
        return [] if first is None else [(0.98, *first)]

    def candidates(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Laws of the events alone, and of all times, with shares from that of the events on."""
        events = np.isfinite(sample.upper)
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        share = float(np.sum(weight[events])) / sample.nobs
        if not 0 < share < 1:
            return self.start(sample.as_points())
        rows = np.flatnonzero(events)
        laws = [(self.base.take(rows), sample.take(rows).as_points()), (self.base, sample.as_points())]
        inner = [fitted(law, points) for law, points in laws]
        odds = share / (1 - share) * np.array(_LATER)
        shares = [*(odds / (1 + odds)).tolist(), 0.98]
        return [(p, *params) for params in inner if params is not None for p in shares]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The law itself, where all have the event; and its own limits, defective."""
        further = (Limit(near.family, lambda *p, e=near.embed: (1.0, *e(*p))) for near in self.base.limits)
        others = (
            Limit(Defective(near.family), lambda p, *rest, e=near.embed: (p, *e(*rest)))
            for near in self.base.limits
            if not near.family.discrete and not near.family.atoms and "p" not in near.family.param_names
        )
        return *further, Limit(self.base, lambda *params: (1.0, *params)), *others

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Those of the law, defective."""
        return lifted(self.base, defective, 1)

    @property
    def forms(self) -> Mapping[str, Form]:
        """Those of the law."""
        return self.base.forms

    def by(self, form: str) -> Family:
        """The same law, that of the events in other parameters."""
        return self if form in self.param_names else Defective(self.base.by(form))

    def irregular(self, *params: Any) -> tuple[str, ...]:
        """Those of the law."""
        return self.base.irregular(*params[1:])

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        return Defective(self.base.given(known)) if self.per_row else self

    def __repr__(self) -> str:
        return f"defective({self.base!r})"


def defective(family: Any) -> Family:
    """A law of times of an event that a share of all never has: with cured patients, or a limited failure population.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A continuous law: of the times of those who have the event.

    Returns
    -------
    Family
        With ``p``, the share of those, before the parameters of ``family``.

    Raises
    ------
    ParameterError
        If the law is one of counts or vectors.

    Examples
    --------
    Nine in ten never fail, and those that do fail early:

    >>> import mle_toolkit as mle
    >>> import numpy as np
    >>> time = np.append([1.0, 2.0, 4.0, 5.0, 9.0, 14.0], np.full(54, 100.0))
    >>> fit = mle.fit(mle.Sample.right_censored(time, time < 100), mle.defective("weibull"))
    >>> {name: round(value, 3) for name, value in fit.params.items()}
    {'p': 0.1, 'shape': 1.324, 'scale': 6.357}
    """
    base = part(family, "defective")
    if base.discrete:
        raise ParameterError(f"defective: {base.name} is a law of counts; use one of times.")
    if not base.all_scalar:
        raise ParameterError(f"defective: {base.name} has parameters that are arrays; use a law without.")
    if not np.isinf(base.support.upper):
        raise ParameterError(f"defective: {base.name} lives on {base.support}; times have no end.")
    if "p" in base.param_names:
        raise ParameterError(f"defective: {base.name} has a parameter p already.")
    return Defective(base)


MAKERS = (defective,)
"""The functions here that make laws of laws."""
