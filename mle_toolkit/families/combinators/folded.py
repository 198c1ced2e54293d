"""The absolute value of what follows a law on the whole line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.by_both_tails import ByBothTails
from mle_toolkit.families.combinators.parts import fitted, part
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import NON_NEGATIVE, Interval
from mle_toolkit.families.hooks import Score, made_with
from mle_toolkit.families.mass import log_mass, mass_scores
from mle_toolkit.families.relations import Limit

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_BISECTIONS = 1100
"""Halvings that lead from any two doubles to neighbours, at most."""


class Folded(ByBothTails):
    r"""The law of \|X\|: sizes of errors whose signs are lost.

    .. math:: f(y) = f_0(y) + f_0(-y), \qquad y \ge 0

    Parameters
    ----------
    base : Family
        A continuous law on the whole line with one location.
    centred : bool
        Whether the location is known to be 0: the limit of a symmetric law.

    Notes
    -----
    Source: Leone, Nelson & Nottingham (1961), Technometrics 3, 543-550 (folded normal). Of a symmetric law locations of
    either sign are one law: the one that is not negative is taken. Close to 0 it is hardly determined, and the maximum
    is often there.
    """

    quantiles_of_logs = True

    kind = "folded"
    takes = {"centred": bool}  # noqa: RUF012

    def __init__(self, base: Family, centred: bool = False) -> None:
        self.base, self.centred = base, centred
        self.place = next(k for k, p in enumerate(base.parameters) if p.role == "location")
        self.symmetric = _is_symmetric(base, self.place)
        self.constants = base.constants
        self.name = f"folded {base.name} at 0" if centred else f"folded {base.name}"
        self.support = NON_NEGATIVE
        parameters = list(base.parameters)
        # Data that begin at 0 are not shifted: the location moves as a scale does.
        location = parameters[self.place]
        domain = NON_NEGATIVE if self.symmetric else location.domain
        parameters[self.place] = replace(location, domain=domain, role="scale", typical=(0.5, 2.0))
        if centred:
            del parameters[self.place]
        self.parameters = tuple(parameters)
        self.score = made_with(self._score, base.score)
        if base.tail_scores is not None:
            self.log_mass_scores = self._log_mass_scores

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The law before it is folded."""
        return (self.base,), {"centred": self.centred}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return Folded(folded(parts[0]).base, others["centred"])  # type: ignore[attr-defined]

    def _own(self, params: Sequence[Any]) -> tuple[Any, ...]:
        return (*params[: self.place], 0.0, *params[self.place :]) if self.centred else tuple(params)

    def _seen(self, slopes: Sequence[Array]) -> tuple[Array, ...]:
        return tuple(s for k, s in enumerate(slopes) if not (self.centred and k == self.place))

    # --- the law ------------------------------------------------------------------------------------------------------

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        own, x = self._own(params), np.asarray(x, dtype=float)
        return np.asarray(np.logaddexp(self.base.logpdf(x, *own), self.base.logpdf(-x, *own)))

    def _score(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives: those on either side, by their shares."""
        own, x = self._own(params), np.asarray(x, dtype=float)
        share = special.expit(self.base.logpdf(x, *own) - self.base.logpdf(-x, *own))
        pairs = zip(of_base(x, *own), of_base(-x, *own), strict=True)
        return self._seen([share * right + (1 - share) * left for right, left in pairs])

    def _two_sides(self, lower: Array, upper: Array, own: tuple[Any, ...]) -> tuple[Array, Array]:
        low = np.maximum(lower, 0.0)
        with np.errstate(divide="ignore"):
            right = np.where(upper > low, log_mass(self.base, own, low, np.maximum(upper, low)), -np.inf)
            left = np.where(upper > low, log_mass(self.base, own, -np.maximum(upper, low), -low), -np.inf)
        return right, left

    def log_mass(self, lower: Array, upper: Array, *params: Any) -> Array:
        """Log-probability of intervals: of both of which they are the image."""
        return np.minimum(np.logaddexp(*self._two_sides(lower, upper, self._own(params))), 0.0)

    def _log_mass_scores(self, lower: Array, upper: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives of `log_mass`."""
        own, low = self._own(params), np.maximum(lower, 0.0)
        right, left = self._two_sides(lower, upper, own)
        share = special.expit(right - left)
        sides = mass_scores(self.base, own, low, upper), mass_scores(self.base, own, -upper, -low)
        pairs = zip(*sides, strict=True)
        return self._seen(
            [np.where(share > 0, share * a, 0.0) + np.where(share < 1, (1 - share) * b, 0.0) for a, b in pairs]
        )

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        x = np.asarray(x, dtype=float)
        return self._of_rows(np.full(x.shape, -np.inf), x, params)

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        x = np.asarray(x, dtype=float)
        law = Distribution.at(self.base, self._own(params))
        return np.where(x <= 0, 0.0, np.minimum(np.logaddexp(law.logsf(x), law.logcdf(-x)), 0.0))

    def _of_rows(self, lower: Array, upper: Array, params: Sequence[Any]) -> Array:
        shape = np.broadcast_shapes(upper.shape, *map(np.shape, params))
        ends = [np.broadcast_to(end, shape).ravel() for end in (lower, upper)]
        return self.log_mass(ends[0], ends[1], *params).reshape(shape)

    def _quantile(self, log_f: Array, log_s: Array, params: tuple[Any, ...]) -> Array:
        """Bisection up to where each side alone leaves half of what is beyond."""
        law = Distribution.at(self.base, self._own(params))
        in_upper = log_s < np.log(0.5)
        with np.errstate(all="ignore"):
            half = 0.5 * np.exp(log_s)
            high = np.maximum(np.maximum(law.isf(half), -law.ppf(half)), 0.0)
            low = np.zeros(high.shape)
            for _ in range(_BISECTIONS):
                middle = 0.5 * low + 0.5 * high
                inside = (middle > low) & (middle < high) & np.isfinite(high)
                if not inside.any():
                    break
                below = np.where(in_upper, self.logsf(middle, *params) > log_s, self.logcdf(middle, *params) < log_f)
                low, high = np.where(inside & below, middle, low), np.where(inside & ~below, middle, high)
        return np.where(np.isnan(log_f) | np.isnan(log_s), np.nan, np.where(np.isneginf(log_f), 0.0, high))

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Random numbers."""
        return np.abs(Distribution.at(self.base, self._own(params)).rvs(size, rng))

    # --- the fit ------------------------------------------------------------------------------------------------------

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``x / scale``: what begins at 0 is not shifted."""
        return Folded(self.base.in_unit(0.0, scale), self.centred)

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Fits of the law to the sizes with all signs alike, and with signs in turn."""
        signs = np.where(np.arange(len(sample.x)) % 2 == 0, 1.0, -1.0)
        found = []
        for x in (sample.x, -sample.x, signs * sample.x):
            params = fitted(self.base, sample.with_values(x, sample.weight))
            if params is not None and not (self.symmetric and params[self.place] < 0):
                found.append(params)
        return [self._seen(params) for params in found]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The law folded at its middle; and its own limits, folded."""
        found = []
        if self.symmetric and not self.centred:
            k = self.place
            found.append(Limit(Folded(self.base, True), lambda *p: (*p[:k], 0.0, *p[k:])))
        near = () if self.centred else self.base.limits
        found += [Limit(Folded(n.family), n.embed) for n in near if _objection(n.family) is None]
        return tuple(found)

    def __repr__(self) -> str:
        return f"folded({self.base!r})"


def folded(family: Any) -> Family:
    """The law of the absolute value of what follows ``family``: the folded normal law, and others.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A continuous law on the whole line, with one location.

    Returns
    -------
    Family
        With the parameters of ``family``; the location of a symmetric law is not negative.

    Raises
    ------
    ParameterError
        If the law is another.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> fit = mle.fit([2.1, 3.5, 1.2, 2.8, 4.0, 3.1], mle.folded("normal"))
    >>> {name: round(value, 4) for name, value in fit.params.items()}
    {'mu': 2.7832, 'sigma': 0.9195}
    """
    base = part(family, "folded")
    objection = _objection(base)
    if objection is not None:
        raise ParameterError(f"folded: {base.name} is {objection}.")
    return Folded(base)


def _objection(base: Family) -> str | None:
    if base.discrete or base.period is not None or not base.support.is_line:
        return f"not a continuous law on the whole line (its support is {base.support})"
    if sum(p.role == "location" for p in base.parameters) != 1 or not base.all_scalar or base.per_row:
        return "not a law with one location and numbers for parameters"
    if not all(p.regular for p in base.parameters):
        return "a law with a kink, which folding leaves at two places"
    return None


def _is_symmetric(base: Family, place: int) -> bool:
    """Whether the law is symmetric about its location, by its density at ordinary parameters."""
    steps = np.array([0.1, 0.7, 2.0])
    for share in (0.3, 0.8):
        params = [p.typical[0] + share * (p.typical[1] - p.typical[0]) for p in base.parameters]
        params[place] = 0.0
        if not np.allclose(base.logpdf(steps, *params), base.logpdf(-steps, *params), rtol=1e-12, atol=0.0):
            return False
    return isinstance(base.parameters[place].domain, Interval)


MAKERS = (folded,)
"""The functions here that make laws of laws."""
