"""Exponential laws in a window, to which wider laws tend where the window shows no more of them than a slope."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOWS = 64
"""Windows of which the laws are kept."""

_STEEPEST = 700.0
"""Slope, in widths of a window, beyond which all of the law is at one of its ends."""


class Tilted(ExponentialFamily):
    r"""A law on a window whose density is an exponential function there, falling or rising.

    .. math:: \log f(x) = s x - \log \int_a^b e^{s t}\,dt, \quad a < x < b

    A law that it gives on the log of x, with ``of_log``, is a power of x there. One end may be infinite.

    Parameters
    ----------
    lower, upper : float
        Ends of the window, of x.
    of_log : bool
        Whether it is the log of x that has an exponential density.

    Notes
    -----
    The maximum is where the mean of the law is that of the data, by one root.
    """

    one_maximum = True

    def __init__(self, lower: float, upper: float, *, of_log: bool = False) -> None:
        self.lower, self.upper, self.of_log = lower, upper, of_log
        self.constants = {}
        # Windows hold their upper ends, at which an observation may be.
        self.support = Interval(max(lower, 0.0) if of_log else lower, upper, closed="upper")
        with np.errstate(divide="ignore"):
            self._low, self._high = (float(np.log(lower)), float(np.log(upper))) if of_log else (lower, upper)
        rises, falls = math.isinf(self._low), math.isinf(self._high)
        domain = Interval(0.0, math.inf) if rises else Interval(-math.inf, 0.0) if falls else REAL
        self.parameters = (Parameter("slope", domain, role="shape" if of_log else "rate"),)
        kind = "a power of x" if of_log else "exponential"
        self.name = f"{kind} on ({lower:g}, {upper:g})"

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the window moves too."""
        return Tilted((self.lower - centre) / scale, (self.upper - centre) / scale, of_log=self.of_log)

    def _inner(self, x: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(x) if self.of_log else x, dtype=float)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X, or its log, from a finite end of the window; and the log of x where that is the inner variable."""
        inner = self._inner(x)
        away = inner - (self._high if math.isinf(self._low) else self._low)
        return (away, inner) if self.of_log else (away,)

    def log_density(self, T: tuple[Array, ...], slope: Array) -> Array:
        """Log-density, linear in T; a law of the log of x has the Jacobian 1/x."""
        value = slope * T[0] - self._log_integral(slope)
        return np.asarray(value - T[1] if self.of_log else value)

    def score_of(self, T: tuple[Array, ...], slope: Array) -> tuple[Array, ...]:
        """Derivative by the slope."""
        return (T[0] - self._mean_away(slope),)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """The slope at which the law has the mean of the data."""
        away = means[0]
        width = self._high - self._low
        if not 0 < abs(away) < width:
            raise DegenerateDataError(f"{self.name}: all observations are at an end of the window.")
        if math.isinf(width):
            return (-1.0 / away,)
        from scipy import optimize

        gap: Callable[[float], float] = lambda t: float(self._mean_away(np.asarray(t / width))) - away  # noqa: E731
        if gap(-_STEEPEST) >= 0 or gap(_STEEPEST) <= 0:
            raise DegenerateDataError(f"{self.name}: all observations are next to an end of the window.")
        return (optimize.brentq(gap, -_STEEPEST, _STEEPEST, xtol=1e-14) / width,)

    def _log_integral(self, slope: Array) -> Array:
        """Log of the integral of exp(slope times the distance from a finite end) over the window."""
        slope = np.asarray(slope, dtype=float)
        if math.isinf(self._low) or math.isinf(self._high):
            return -np.log(np.abs(slope))
        width = self._high - self._low
        return log_exprel(slope * width) + math.log(width)

    def _mean_away(self, slope: Array) -> Array:
        """Mean distance from the end: that of a window of one width is 1/(1 - exp(-t)) - 1/t."""
        slope = np.asarray(slope, dtype=float)
        if math.isinf(self._low) or math.isinf(self._high):
            return -1.0 / slope
        width = self._high - self._low
        return width * log_exprel_slope(slope * width)

    def cdf(self, x: Array, slope: Array) -> Array:
        """Probability of at most x."""
        return np.exp(self._log_share(x, slope, below=True))

    def sf(self, x: Array, slope: Array) -> Array:
        """Probability of more than x."""
        return np.exp(self._log_share(x, slope, below=False))

    def logcdf(self, x: Array, slope: Array) -> Array:
        """Log of the cdf."""
        return self._log_share(x, slope, below=True)

    def logsf(self, x: Array, slope: Array) -> Array:
        """Log of the survival function."""
        return self._log_share(x, slope, below=False)

    def _log_share(self, x: Array, slope: Array, *, below: bool) -> Array:
        """Log of the share of the law on one side of x: the integral from x to the end, by the integral of all."""
        inner = np.clip(self._inner(np.maximum(x, 0.0) if self.of_log else x), self._low, self._high)
        slope = np.asarray(slope, dtype=float)
        end = self._low if below else self._high
        origin = self._high if math.isinf(self._low) else self._low
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            length = np.abs(inner - end)
            t = np.where(np.isinf(length), -np.inf, slope * length)
            # Of the part from x to an end at infinity only the exponential at x is left.
            part = np.where(
                np.isinf(length),
                slope * (inner - origin) - np.log(np.abs(slope)),
                slope * (np.minimum(inner, end) - origin)
                + np.maximum(t, 0.0)
                + np.log(special.exprel(-np.abs(t)))
                + np.log(length),
            )
        return np.minimum(part - self._log_integral(slope), 0.0)

    def ppf(self, p: Array, slope: Array) -> Array:
        """Quantile."""
        p = np.asarray(p, dtype=float)
        return self._where(p, 1.0 - p, slope)

    def isf(self, q: Array, slope: Array) -> Array:
        """Quantile of an upper tail."""
        q = np.asarray(q, dtype=float)
        return self._where(1.0 - q, q, slope)

    def _where(self, p: Array, q: Array, slope: Array) -> Array:
        """Where p of the law is below and q above: by whichever of them is the smaller."""
        slope = np.asarray(slope, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if math.isinf(self._high):
                inner = self._low + np.where(p < q, np.log1p(-p), np.log(q)) / slope
            elif math.isinf(self._low):
                inner = self._high + np.where(p < q, np.log(p), np.log1p(-q)) / slope
            else:
                width = self._high - self._low
                t = slope * width
                least = np.expm1(-np.abs(t))
                falling = np.where(p < q, np.log1p(p * least), np.log(q + p * np.exp(-np.abs(t)))) / slope
                rising = width + np.where(p < q, np.log(p + q * np.exp(-np.abs(t))), np.log1p(q * least)) / slope
                inner = self._low + np.where(np.abs(t) < _FLAT * 1e-6, p * width, np.where(t < 0, falling, rising))
        return np.exp(inner) if self.of_log else np.asarray(inner)


def log_exprel(t: Array) -> Array:
    """Log of (exp(t) - 1)/t, the mean of exp(t u) for u from 0 to 1."""
    return np.asarray(np.maximum(t, 0.0) + np.log(special.exprel(-np.abs(t))))


def log_exprel_slope(t: Array) -> Array:
    """Its derivative: the mean of u for a density as exp(t u)."""
    t = np.asarray(t, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        exact = -1.0 / np.expm1(-t) - 1.0 / t
    near = 0.5 + t / 12 - t**3 / 720 + t**5 / 30_240  # of which the next term is t^7 / 1,209,600
    return np.where(np.abs(t) < _FLAT, near, exact)


_FLAT = 0.03
"""Slope, in widths of the window, below which the mean is taken from its series: the terms left out are 1e-17."""


@lru_cache(maxsize=WINDOWS)
def tilted_on(lower: float, upper: float, *, of_log: bool) -> Tilted:
    """The law of a window, one for all that have it as a limit there, so that its maximum is kept for all of them."""
    return Tilted(lower, upper, of_log=of_log)


def infinite(slope: float) -> tuple[float, float]:
    """A location, and the scale, of a law that has become exponential in a window: both are infinite."""
    return math.copysign(math.inf, slope), math.inf


def in_window(
    lower: float, upper: float, embed: Callable[[float], tuple[float, ...]], *, of_log: bool = False
) -> tuple[Limit, ...]:
    """The limit of a law whose window shows no more than a slope; none where the window has no finite end.

    Parameters
    ----------
    lower, upper : float
        Ends of the window.
    embed : callable
        Takes the slope, returns the parameters of the law there.
    of_log : bool
        Whether it is a slope of the log of x.
    """
    low = max(lower, 0.0) if of_log else lower
    if math.isinf(upper) and low == (0.0 if of_log else -math.inf):
        return ()
    return (Limit(tilted_on(low, upper, of_log=of_log), embed),)
