"""Laws of which only part can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError, SupportError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.by_both_tails import ByBothTails
from mle_toolkit.families.combinators.parts import fitted, part
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.hooks import Score, made_with
from mle_toolkit.families.mass import log_mass, mass_scores
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log1mexp
from mle_toolkit.numerics.differences import AROUND, fourth_order
from mle_toolkit.options import pair

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample

_STEP = 1e-3
"""Step of the differences of fourth order by which the log-probability of the window is differentiated."""


_NEARLY_ALL = -0.1
"""Log-probability of the hidden counts above which one less it has lost digits."""

_FEW = 20
"""Number of hidden counts up to which their probabilities are summed one by one."""


class Truncated(ByBothTails):
    r"""A law given that the value lies in a known window ``(lower, upper]``.

    .. math:: \log f(x) = \log f_0(x) - \log P_0(l < X \le u), \qquad l < x \le u

    Parameters
    ----------
    base : Family
    lower, upper : float
        Ends of the window.

    Notes
    -----
    A continuous law may be seen at its lower end too, which has no mass. Where only the data are truncated and the
    law itself is wanted, say so of the data: ``Sample(x).truncated(lower, upper)`` gives the same estimates.
    """

    kind = "truncated"
    takes = {"lower": float, "upper": float, "name": str}  # noqa: RUF012

    def __init__(self, base: Family, lower: float, upper: float, name: str = "") -> None:
        self.base = base
        self.lower, self.upper = lower, upper
        self.support = _window(base, lower, upper)
        self.constants = {**base.constants, "lower": lower, "upper": upper}
        self.name = name or f"truncated {base.name}"
        self.parameters, self.modelled = base.parameters, base.modelled
        self._hidden = _few_hidden(base, self.support)
        self._has_mass_scores = base.all_scalar and (base.tail_scores is not None or base.log_mass_scores is not None)
        self.score = made_with(self._score, base.score) if base.all_scalar else None
        if self._has_mass_scores:
            self.log_mass_scores = self._log_mass_scores
        if self._hidden is not None and not self._hidden.any():
            self.mean, self.var = self._mean, self._var

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The law before truncation, and where it is cut."""
        return (self.base,), {"lower": self.lower, "upper": self.upper, "name": self.name}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return cls(parts[0], others["lower"], others["upper"], others["name"])

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x; -inf outside the window."""
        inside = self.support.contains(x)
        window = self._log_window(params)
        with np.errstate(invalid="ignore"):  # where the window has no mass, which is replaced
            values = self.base.logpdf(x, *params) - window
        if self.discrete:
            # As the mass in the window vanishes, all of it comes to be on the first count there; rounding may pass 1.
            values = np.where(np.isneginf(window), np.where(x == self.support.lower, 0.0, -np.inf), values)
            values = np.minimum(values, 0.0)
        return np.where(inside, values, -np.inf)

    def _score(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives: those of the base less those of the log-probability of the window."""
        return tuple(s - w for s, w in zip(of_base(x, *params), self._slopes_of_window(params), strict=True))

    def _slopes_of_window(self, params: tuple[Any, ...]) -> Sequence[Any]:
        """Derivatives of `_log_window` by each parameter; by differences where the base has none of its tails."""
        hidden = self._hidden_beside(params)
        if hidden is not None and self.base.score is not None:
            share = np.exp(self.base.logpdf(hidden, *params) - self._log_window(params))
            return [-np.sum(share * s, axis=0) for s in self.base.score(hidden, *params)]
        if self._has_mass_scores:
            return list(self._mass_scores(params, np.asarray(self.lower), np.asarray(self.upper)))
        return [self._slope_of_window(params, k) for k in range(len(params))]

    def _hidden_beside(self, params: tuple[Any, ...]) -> Array | None:
        """The hidden counts along an axis of their own, in front of the rows where parameters have one value a row."""
        if self._hidden is None:
            return None
        rows = max(map(np.ndim, params)) if self.base.all_scalar else 0
        return self._hidden.reshape(-1, *(1,) * max(rows, self._hidden.ndim - 1))

    def _slope_of_window(self, params: tuple[Any, ...], k: int) -> Any:
        size = np.where(params[k] == 0, 1.0, np.abs(params[k]))
        parameter = self.base.parameters[k]
        domain = parameter.interval
        room = np.minimum(params[k] - domain.lower, domain.upper - params[k])
        if parameter.role in ("location", "log-scale"):  # their natural change is the scale of the law
            scales = [v for p, v in zip(self.base.parameters, params, strict=True) if p.role == "scale"]
            size = np.asarray(scales[0] if scales else 1.0)
        step = _STEP * np.where(room > 0, np.minimum(size, room), size)

        def at(count: int) -> Any:
            return self._log_window((*params[:k], params[k] + count * step, *params[k + 1 :]))

        return fourth_order([at(count) for count in AROUND], step)

    def _log_window(self, params: tuple[Any, ...]) -> Any:
        """Log-probability of the window: a number, or one for each row where constants are given per row."""
        hidden = self._hidden_beside(params)
        if hidden is not None:
            log_hidden = np.asarray(special.logsumexp(self.base.logpdf(hidden, *params), axis=0))
            window = log1mexp(log_hidden)
            if self.base.logsf is not None and np.any(log_hidden > _NEARLY_ALL):
                # The digits of what is left are those of the other tail.
                left = self.base.logsf(np.asarray(self.lower), *params)
                return np.where(log_hidden > _NEARLY_ALL, left, window)[()]
            return window[()]
        return self._log_mass(params, np.asarray(self.lower), np.asarray(self.upper))[()]

    def _mean(self, *params: Any) -> Array:
        """Expected value where zeros only are hidden: the base's over the probability of the others."""
        return np.asarray(Distribution.at(self.base, params).mean() * np.exp(-self._log_window(params)))

    def _var(self, *params: Any) -> Array:
        """Variance, from the second factorial moment."""
        law, others, mean = Distribution.at(self.base, params), np.exp(self._log_window(params)), self._mean(*params)
        variance = law.var()
        with np.errstate(invalid="ignore"):  # infinity less infinity, where the mean is infinite
            pairs = variance + np.square(law.mean()) - law.mean()  # E[x (x - 1)]
            found = pairs / others - mean * (mean - 1)
        return np.where(np.isinf(variance), np.inf, found)

    def _log_mass(self, params: tuple[Any, ...], low: Array, high: Array) -> Array:
        """Log-probability under the base of ``(low, high]``, which have one shape; of every row where laws differ."""
        low, high = self._broadcast(params, low, high)
        return log_mass(self.base, params, low.ravel(), high.ravel()).reshape(low.shape)

    def _mass_scores(self, params: tuple[Any, ...], low: Array, high: Array) -> Array:
        """Derivatives of `_log_mass` by each parameter, along a first axis."""
        low, high = self._broadcast(params, low, high)
        return mass_scores(self.base, params, low.ravel(), high.ravel()).reshape(len(params), *low.shape)

    def _broadcast(self, params: tuple[Any, ...], low: Array, high: Array) -> tuple[Array, ...]:
        """Ends of intervals of every row that there is."""
        rows = (_n_rows(self.base),) if self.per_row else ()
        each = map(np.shape, params) if self.base.all_scalar else ()
        shape = np.broadcast_shapes(low.shape, rows, *each)
        return np.broadcast_to(low, shape), np.broadcast_to(high, shape)

    def _log_part(self, params: tuple[Any, ...], lower: Any, upper: Any) -> Array:
        """Log-probability of ``(lower, upper]``, both inside the window, given the window."""
        low, high = np.broadcast_arrays(np.asarray(lower, dtype=float), np.asarray(upper, dtype=float))
        mass, window = self._log_mass(params, low, high), self._log_window(params)
        part = np.where(low < high, np.minimum(mass - window, 0.0), -np.inf)
        is_all = (low <= self.lower) & (high >= self.upper) & (window > -np.inf)
        return np.where(is_all, 0.0, part)  # of all, two sums may differ by rounding

    def log_mass(self, lower: Array, upper: Array, *params: Any) -> Array:
        """Log-probability of intervals: that of the part in the window, less that of the window."""
        return self._log_part(params, np.maximum(lower, self.lower), np.minimum(upper, self.upper))

    def _log_mass_scores(self, lower: Array, upper: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives of `log_mass`: those of the part in the window, less those of the window."""
        low, high = np.maximum(lower, self.lower), np.minimum(upper, self.upper)
        part, whole = self._mass_scores(params, low, high), self._slopes_of_window(params)
        is_all = (low <= self.lower) & (high >= self.upper)
        return tuple(np.where(is_all, 0.0, p - w) for p, w in zip(part, whole, strict=True))

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._log_part(params, self.lower, np.clip(x, self.lower, self.upper))

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._log_part(params, np.clip(x, self.lower, self.upper), self.upper)

    def _quantile(self, below: Array, above: Array, params: tuple[Any, ...]) -> Array:
        law = Distribution.at(self.base, params)
        window = np.exp(self._log_window(params))
        from_below = law.cdf(np.array(self.lower)) + below * window
        from_above = law.sf(np.array(self.upper)) + above * window
        with np.errstate(all="ignore"):
            x = np.where(
                from_below < 0.5,
                law.ppf(np.clip(from_below, 0.0, 1.0)),
                law.isf(np.clip(from_above, 0.0, 1.0)),
            )
        x = np.clip(x, self.support.lower, self.support.upper)
        return np.where((below >= 0) & (above >= 0), x, np.nan)

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        return Truncated(self.base.given(known), self.lower, self.upper, self.name) if self.per_row else self

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what lies outside the window, or is impossible under the base or in its row."""
        super().check_support(sample)
        if self.per_row:
            self.base.check_support(sample)
            self.check_rows()

    def check_rows(self) -> None:
        """Raise `SupportError` if some rows, by their constants, have no value in the window."""
        if not self.base.all_scalar:
            return
        with np.errstate(all="ignore"):
            ordinary = tuple(0.5 * sum(p.typical) for p in self.base.parameters)
            empty = np.flatnonzero(np.isneginf(self._log_window(ordinary)))
        if len(empty):
            first = int(empty[0])
            known = ", ".join(f"{name}[{first}] = {self.constants[name][first]:g}" for name in self.per_row)
            raise SupportError(
                f"{self.name}: {len(empty)} of {_n_rows(self.base)} rows have no value in "
                f"({self.lower:g}, {self.upper:g}]; the first has {known}. Leave them out: nothing can be seen there.",
                self.name,
                tuple(empty.tolist()),
            )

    def resolve(self, sample: Sample) -> Family:
        """Let the base learn from the data."""
        return Truncated(self.base.resolve(sample), self.lower, self.upper, self.name)

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the window moves too."""
        base = self.base.in_unit(centre, scale)
        return Truncated(base, (self.lower - centre) / scale, (self.upper - centre) / scale, self.name)

    def check(self, sample: Sample) -> None:
        """Raise where the base has no maximum."""
        self.base.check(sample)

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Parameters of the base as if nothing were hidden; the search does the rest."""
        first = fitted(self.base, sample)
        others = [] if self.base.start is None else self.base.start(sample)
        starts = others if isinstance(others, list) else [others]
        return [*starts, first] if first is not None else starts

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Those of the base, truncated; and all mass on the first count that can be seen, where that is one."""
        end = None if self._hidden is None else only_first(self.base)
        first = () if end is None else (Limit(PointMass(self.support.lower), lambda: end),)
        others = (
            Limit(self._truncating(limit.family), limit.embed)
            for limit in self.base.limits
            if _meets(limit.family, self.lower, self.upper)
        )
        small = self.base.limits_without_zeros if self._hidden is not None and self.lower == 0 else ()
        seen = (
            limit
            for limit in self.base.limits_in_window(self.lower, self.upper)
            if self.lower <= limit.family.support.lower and limit.family.support.upper <= self.upper
        )
        return *first, *others, *small, *seen

    def _truncating(self, base: Family) -> Family:
        kind = self.name.split(" ", 1)[0]
        return zero_truncated(base) if kind == "zero-truncated" else Truncated(base, self.lower, self.upper)

    def __repr__(self) -> str:
        return f"truncated({self.base!r}, {self.lower:g}, {self.upper:g})"


class PointMass(Family):
    """A law that is certain: what is left of laws of counts, less their zeros, where these take all mass but a trace.

    Parameters
    ----------
    at : float
        The one value.
    """

    parameters = ()

    def __init__(self, at: float) -> None:
        self.at = at
        self.constants = {}
        self.name = f"a point mass at {at:g}"
        self.support = Interval(at, at, "both", integer=True)

    def logpdf(self, x: Array) -> Array:
        """Log-probability of x."""
        return np.where(x == self.at, 0.0, -np.inf)

    def from_sample(self, sample: Sample) -> tuple[float, ...]:
        """Nothing is left to estimate."""
        return ()

    def cdf(self, x: Array) -> Array:
        """Probability of at most x."""
        return np.heaviside(np.asarray(x) - self.at, 1.0)

    def sf(self, x: Array) -> Array:
        """Probability of more than x."""
        return np.heaviside(self.at - np.asarray(x), 0.0)


def only_first(base: Family) -> tuple[float] | None:
    """The end of the domain of a law of one parameter at which it gives the first count and no other, if any."""
    if len(base.parameters) != 1:
        return None
    first = base.support.lower + np.arange(2.0)[:, None]  # beside the rows, where constants are given per row
    for end in base.parameters[0].domain.endpoints:
        with np.errstate(all="ignore"):
            certain, impossible = base.logpdf(first, end)
            if np.all(certain == 0.0) and np.all(np.isneginf(impossible)):
                return (end,)
    return None


_BUILT_IN = {"poisson": "zero_truncated_poisson"}


def truncated(family: Any, lower: float | None = None, upper: float | None = None) -> Family:
    """A law given that the value lies in a known window ``(lower, upper]``.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
    lower, upper : float, optional
        Ends of the window; None for none.

    Returns
    -------
    Family
        With the parameters of ``family``.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> law = mle.truncated("exponential", lower=2.0)
    >>> round(mle.fit([2.5, 3.0, 6.5], law).params["scale"], 6)
    2.0
    """
    low, high = pair((lower, upper), "truncated: limits")
    low, high = -np.inf if low is None else low, np.inf if high is None else high
    base = part(family, "truncated")
    if not _meets(base, low, high):
        raise ParameterError(f"truncated: no value of {base.name} ({base.support}) lies in ({low:g}, {high:g}].")
    return Truncated(base, low, high)


def zero_truncated(family: Any) -> Family:
    """A law of counts of which the zeros are not seen.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A law of counts.

    Returns
    -------
    Family
        With the parameters of ``family``; for ``"poisson"`` the law ``zero_truncated_poisson``.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> round(mle.fit([1, 1, 2, 1, 3], mle.zero_truncated("geometric")).params["prob"], 6)
    0.625
    """
    base = part(family, "zero_truncated")
    check_counts(base, "zero_truncated")
    if base.name in _BUILT_IN and type(base) is type(get_family(base.name)):
        return get_family(_BUILT_IN[base.name])
    return _zero_truncated(base)


def _zero_truncated(base: Family) -> Family:
    return Truncated(base, 0.0, np.inf, f"zero-truncated {base.name}")


def check_counts(base: Family, maker: str) -> None:
    """Refuse a law that is not one of counts from 0."""
    if not (base.discrete and base.support.lower == 0):
        raise ParameterError(f"{maker}: {base.name} is not a law of counts from 0 (its support is {base.support}).")


def _few_hidden(base: Family, window: Interval) -> Array | None:
    """Counts below the window, where they are few and none is above it: their probabilities are the best to sum."""
    support = base.support
    if not support.integer or window.upper < support.upper or not np.isfinite(support.lower):
        return None
    n_hidden = window.lower - support.lower
    if base.per_row:  # a row may not have more than the first count
        return np.zeros((1, 1)) if n_hidden == 1 and support.lower == 0 else None
    return np.arange(support.lower, window.lower) if 0 < n_hidden <= _FEW else None


def _n_rows(base: Family) -> int:
    return len(base.constants[base.per_row[0]])


def _meets(base: Family, lower: float, upper: float) -> bool:
    window = _window(base, lower, upper)
    return window.lower < window.upper or (window.lower == window.upper and window.closed == "both")


def _window(base: Family, lower: float, upper: float) -> Interval:
    """The part of the support that can be seen; both ends of the window belong to it."""
    support = base.support
    if support.integer:
        low, high = max(support.lower, np.floor(lower) + 1), min(support.upper, np.floor(upper))
        closed_low, closed_high = bool(np.isfinite(low)), bool(np.isfinite(high))
    else:
        low, high = max(support.lower, lower), min(support.upper, upper)
        closed_low = bool(np.isfinite(low)) and (lower > support.lower or support.closed_lower)
        closed_high = bool(np.isfinite(high)) and (upper < support.upper or support.closed_upper)
    closed = {(True, True): "both", (True, False): "lower", (False, True): "upper"}.get((closed_low, closed_high))
    return Interval(float(low), float(high), closed or "neither", support.integer)


MAKERS = (truncated, zero_truncated)
"""The functions here that make laws of laws."""
