"""Laws whose distribution function is a power of another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.by_both_tails import ByBothTails
from mle_toolkit.families.combinators.parts import fitted, lifted, part
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.hooks import Score, TailScores, made_with
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import complement_slopes, log1mexp

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample

_POWERS = (1.0, 0.4, 2.5)
"""Powers at which starts begin."""


class Exponentiated(ByBothTails):
    r"""The law with the distribution function of another to a ``power``: of the largest of so many, if it is whole.

    .. math:: F(x) = F_0(x)^a, \qquad f(x) = a F_0(x)^{a - 1} f_0(x)

    Parameters
    ----------
    base : Family
        A continuous law.

    Notes
    -----
    Sources: Lehmann (1953), Ann. Math. Statist. 24, 23-43; Mudholkar & Srivastava (1993), IEEE Trans. Reliability 42,
    299-302 (exponentiated Weibull); Gupta & Kundu (1999), Austral. NZ J. Statist. 41, 173-188 (exponential).
    """

    quantiles_of_logs = True

    kind = "exponentiated"

    def __init__(self, base: Family) -> None:
        self.base = base
        self.constants = base.constants
        self.modelled = base.main_parameter
        self.name = f"exponentiated {base.name}"
        self.support = base.support
        self.parameters = (*base.parameters, Parameter("power", POSITIVE, typical=(0.5, 3.0)))
        self.score = made_with(self._score, base.score, base.tail_scores)
        self.tail_scores = made_with(self._tail_scores, base.tail_scores)

    def _law(self, params: tuple[Any, ...]) -> Distribution:
        return Distribution.at(self.base, params[:-1])

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        power = np.asarray(params[-1])
        with np.errstate(invalid="ignore"):
            below = np.where(power == 1, 0.0, (power - 1) * self._law(params).logcdf(x))
        return np.asarray(np.log(power) + below + self.base.logpdf(x, *params[:-1]))

    def _score(self, of_base: Score, of_tails: TailScores, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by the parameters of the law and by the power."""
        below = of_tails(x, *params[:-1])[0]
        own = zip(of_base(x, *params[:-1]), below, strict=True)
        return *(s + (params[-1] - 1) * b for s, b in own), 1 / params[-1] + self._law(params).logcdf(x)

    def _tail_scores(self, of_base: TailScores, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        log_f = self._law(params).logcdf(x)
        below = (*(params[-1] * b for b in of_base(x, *params[:-1])[0]), log_f)
        return below, complement_slopes(params[-1] * log_f, below)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return np.asarray(params[-1] * self._law(params).logcdf(x))

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function; far out that of the law times the power."""
        law, power = self._law(params), np.asarray(params[-1])
        log_f = power * law.logcdf(x)
        with np.errstate(divide="ignore"):
            return np.where(log_f > -1e-15, np.log(power) + law.logsf(x), log1mexp(log_f))

    def _quantile(self, log_f: Array, log_s: Array, params: tuple[Any, ...]) -> Array:
        law, root = self._law(params), log_f / np.asarray(params[-1])
        return np.where(root < np.log(0.5), law.ppf(np.exp(root)), law.isf(-np.expm1(root)))

    # --- the fit ------------------------------------------------------------------------------------------------------

    def check(self, sample: Sample) -> None:
        """Raise where the law has no maximum, or the data have fewer values than parameters."""
        super().check(sample)
        self.base.check(sample)

    def resolve(self, sample: Sample) -> Family:
        """Let the law learn from the data."""
        return Exponentiated(self.base.resolve(sample))

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``."""
        return Exponentiated(self.base.in_unit(centre, scale))

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The law itself, and others with its other parameters."""
        first = fitted(self.base, sample)
        return [] if first is None else [(*first, power) for power in _POWERS]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Those of the law, to the same power."""
        return tuple(
            Limit(Exponentiated(near.family), lambda *p, e=near.embed: (*e(*p[:-1]), p[-1]))
            for near in self.base.limits
            if not near.family.discrete and near.family.support == self.base.support and _objection(near.family) is None
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """The law itself, and its own special cases to the same power."""
        itself = SpecialCase(self.base, lambda *params: (*params, 1.0), ("power",))
        return itself, *lifted(self.base, exponentiated, last=1)

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        return Exponentiated(self.base.given(known)) if self.per_row else self

    def __repr__(self) -> str:
        return f"exponentiated({self.base!r})"


def exponentiated(family: Any) -> Family:
    """A law whose distribution function is that of ``family`` to a ``power``: exponentiated Weibull and the like.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A continuous law without a power of its own.

    Returns
    -------
    Family
        With the parameters of ``family``, and ``power``.

    Raises
    ------
    ParameterError
        If the law is one of counts, or begins at a parameter.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> mle.exponentiated("weibull").param_names
    ('shape', 'scale', 'power')
    """
    base = part(family, "exponentiated")
    objection = _objection(base)
    if objection is not None:
        raise ParameterError(f"exponentiated: {base.name} is {objection}.")
    return Exponentiated(base)


def _objection(base: Family) -> str | None:
    if base.discrete or base.period is not None:
        return "not a continuous law on the line"
    if "power" in base.param_names:
        return "a law with a power already"
    if not base.all_scalar or not all(p.regular for p in base.parameters):
        return "a law with an end or a kink at a parameter, or parameters that are arrays"
    return None


MAKERS = (exponentiated,)
"""The functions here that make laws of laws."""
