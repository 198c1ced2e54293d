"""The law to which laws with a threshold tend where a window shows of them no more than a power."""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log_or_minus_inf
from mle_toolkit.families.standardised import best_starts
from mle_toolkit.families.tilted import WINDOWS, Tilted, in_window, infinite, log_exprel, log_exprel_slope

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_POWERS, _AWAY = (0.3, 1.0, 3.0, 10.0), (0.01, 0.1, 0.5, 2.0, 8.0)
"""Powers of starts, and how far beyond the data their thresholds are, in standard deviations."""


def powers_in_window(lower: float, upper: float, *, of_log: bool = False) -> tuple[Limit, ...]:
    """Limits, in a window, of gamma laws with a threshold, by their mean, deviation and skew.

    As mean and deviation run off, an exponential function; and, of a threshold where it is, a power of the distance
    from that, below the data or above.

    Parameters
    ----------
    lower, upper : float
        Ends of the window.
    of_log : bool
        Whether it is log x that has such a law.
    """
    powers = tuple(
        Limit(power_on(lower, upper, sign, of_log=of_log), partial(_as_pearson3, sign))
        for sign, far in ((1.0, upper), (-1.0, lower))
        if math.isfinite(far) and not (of_log and far <= 0)
    )
    return *in_window(lower, upper, lambda slope: (*infinite(slope), 0.0), of_log=of_log), *powers


def powers_beyond_threshold(base: Family, lower: float, upper: float) -> tuple[Limit, ...]:
    """Limits, in a window, of a law on the positive numbers with a threshold, its last parameter: powers beyond that.

    A power that falls has its threshold below the window: within it there is no law, or a likelihood without bound.

    Parameters
    ----------
    base : Family
        The law without the threshold, which may become a power of x where a window shows a part of it.
    lower, upper : float
        Ends of the window.
    """
    if math.isinf(upper):
        return ()
    rising = [near.embed for near in base.limits_in_window(0.0, 1.0) if _is_power(near.family)]
    falling = [near.embed for near in base.limits_in_window(1.0, 2.0) if _is_power(near.family, falling=True)]
    return tuple(
        Limit(
            power_on(lower, upper, 1.0, of_log=False, falling=falls),
            lambda power, reach, embed=embed: (*embed(power + 1), upper - reach),
        )
        for embeds, falls in ((rising, False), (falling, True))
        for embed in embeds
        if not falls or math.isfinite(lower)
    )


def _is_power(law: Family, *, falling: bool = False) -> bool:
    """Whether a law on a window is a power of x there, one that may fall."""
    return isinstance(law, Tilted) and law.of_log and (not falling or law.parameters[0].domain == REAL)


def _as_pearson3(sign: float, power: float, reach: float) -> tuple[float, float, float]:
    return sign * math.inf, math.inf, sign * 2 / math.sqrt(power + 1)


NEGATIVE = Interval(-math.inf, 0.0)
"""Powers that fall."""


class PowerInWindow(Family):
    r"""A law on a window whose density is a power of the distance from a threshold, which is a parameter.

    .. math:: \log f(x) = p \log|x - t| - \log\int |v - t|^p\,dv, \quad x, v \text{ in } (a, b], \text{ beyond } t

    The threshold t is below all observations, or above them; where it is in the window the law begins, or ends, there.
    Of a power that falls it is beyond the window. The parameters are the power p, and the ``reach`` from the threshold
    to the end of the window that is beyond.

    Parameters
    ----------
    lower, upper : float
        Ends of the window, of which that away from the threshold is finite.
    sign : float
        1 for a threshold below the data, -1 for one above them.
    of_log : bool
        Whether it is log x of which this is the law, with the threshold among the logs.
    falling : bool
        Whether the power is negative, in place of positive.
    """

    def __init__(self, lower: float, upper: float, sign: float, *, of_log: bool = False, falling: bool = False) -> None:
        super().__init__()
        lower = max(lower, 0.0) if of_log else lower
        self.lower, self.upper, self.sign, self.of_log, self.falling = lower, upper, sign, of_log, falling
        ends = tuple(float(self._inner(end)) for end in (lower, upper))
        self._near, self._far = ends if sign > 0 else ends[::-1]
        power, reach = (NEGATIVE, Interval(abs(self._far - self._near), math.inf)) if falling else (POSITIVE, POSITIVE)
        self.parameters = (
            Parameter("power", power),
            Parameter("reach", reach, role="shape" if of_log else "scale"),
        )
        self.support = Interval(lower, upper, closed="upper")  # windows hold their upper ends
        side = "above" if sign > 0 else "below"
        of = "the logs" if of_log else "x"
        self.name = f"a {'falling ' * falling}power of {of} {side} a threshold on ({lower:g}, {upper:g})"

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the window moves too."""
        lower, upper = ((end - centre) / scale for end in (self.lower, self.upper))
        return PowerInWindow(lower, upper, self.sign, of_log=self.of_log, falling=self.falling)

    def _inner(self, x: Any) -> Array:
        return log_or_minus_inf(np.maximum(x, 0.0)) if self.of_log else np.asarray(x, dtype=float)

    def _log_distance(self, inner: Any, reach: Array) -> Array:
        """Log of the distance of x, or its log, from the threshold over that of the far end; -inf beyond that."""
        away = self.sign * (self._far - inner) / reach
        with np.errstate(divide="ignore"):
            return np.asarray(np.log1p(-np.clip(away, 0.0, 1.0)))

    def logpdf(self, x: Array, power: Array, reach: Array) -> Array:
        """Log-density at x; -inf on the other side of the threshold."""
        whole = _log_integral(-self._log_distance(self._near, reach), power + 1)
        inner = self._inner(x)
        value = power * self._log_distance(inner, reach) - np.log(reach) - whole
        value = value - inner if self.of_log else value
        return np.asarray(np.where(np.isnan(value), -np.inf, value))

    def score(self, x: Array, power: Array, reach: Array) -> tuple[Array, ...]:
        """Derivatives by power and reach."""
        order = np.asarray(power + 1, dtype=float)
        inner = self._log_distance(self._inner(x), reach)
        width = -self._log_distance(self._near, reach)
        outside = np.isfinite(width)
        length = np.where(outside, width, 1.0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            mean = np.where(outside, -length * log_exprel_slope(-order * length), -1 / order)
            opened = (np.exp(length) - 1) / reach  # derivative of the width, but for the sign
            by_width = np.exp(-order * length - np.log(length) - log_exprel(-order * length))
            by_reach = (1 - power * np.expm1(-inner)) / reach - np.where(outside, by_width * opened, 0.0)
        return inner - mean, -by_reach

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Powers from thresholds at several distances from the data, or from the window; the best three."""
        inner = self._inner(sample.x)
        spread = float(inner.std()) or 1.0
        edge = float(inner.min() if self.sign > 0 else inner.max())
        least = abs(self._far - (self._near if self.falling else edge))
        powers = [-p for p in _POWERS] if self.falling else _POWERS
        starts: list[tuple[float, ...]] = [(p, least + spread * away) for p in powers for away in _AWAY]
        return best_starts(sample, self.logpdf, starts, 3)

    def _log_share(self, x: Array, power: Array, reach: Array, *, near: bool) -> Array:
        """Log of the share of the law between x and the end of the window that is near the threshold, or far."""
        order = power + 1
        first = self._log_distance(self._near, reach)
        here = self._log_distance(self._inner(np.clip(x, self.lower, self.upper)), reach)
        with np.errstate(invalid="ignore"):
            away = np.where(np.isneginf(first), np.where(np.isneginf(here), 0.0, np.inf), here - first)
        part = (
            order * np.where(np.isneginf(here), 0.0, here) + _log_integral(away, order)
            if near
            else _log_integral(-here, order)
        )
        return np.asarray(np.minimum(part - _log_integral(-first, order), 0.0))

    def logcdf(self, x: Array, power: Array, reach: Array) -> Array:
        """Log of the cdf."""
        return self._log_share(x, power, reach, near=self.sign > 0)

    def logsf(self, x: Array, power: Array, reach: Array) -> Array:
        """Log of the survival function."""
        return self._log_share(x, power, reach, near=self.sign < 0)

    cdf, sf = cdf_of_log, sf_of_log

    def ppf(self, p: Array, power: Array, reach: Array) -> Array:
        """Quantile."""
        p = np.asarray(p, dtype=float)
        return self._at(1 - p if self.sign > 0 else p, power, reach)

    def isf(self, p: Array, power: Array, reach: Array) -> Array:
        """Upper quantile."""
        p = np.asarray(p, dtype=float)
        return self._at(p if self.sign > 0 else 1 - p, power, reach)

    def _at(self, beyond: Array, power: Array, reach: Array) -> Array:
        """Find x from the share of the law between it and the far end of the window."""
        order = np.asarray(power + 1, dtype=float)
        whole = self._log_distance(self._near, reach)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_distance = np.log1p(beyond * np.expm1(order * whole)) / order
        log_distance = np.where(order == 0, beyond * whole, log_distance)
        inner = self._far + self.sign * reach * np.expm1(log_distance)
        return np.asarray(np.exp(inner) if self.of_log else inner)


def _log_integral(width: Array, order: Array) -> Array:
    """Log of the integral of exp(order t) for t from -width, which may be infinite, to 0."""
    finite = np.isfinite(width)
    length = np.where(finite, width, 1.0)
    whole = np.where(finite, 1.0, order)
    return np.where(finite, log_or_minus_inf(length) + log_exprel(-order * length), -np.log(whole))


@lru_cache(maxsize=WINDOWS)
def power_on(lower: float, upper: float, sign: float, *, of_log: bool, falling: bool = False) -> PowerInWindow:
    """The law of a window, one for all that have it as a limit there, so that its maximum is kept for all of them."""
    return PowerInWindow(lower, upper, sign, of_log=of_log, falling=falling)
