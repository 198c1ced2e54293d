"""The law to which Johnson's tends where a window shows of it no more than a slope."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.standardised import best_starts
from mle_toolkit.families.tilted import WINDOWS, log_exprel, log_exprel_slope

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_PLACES, _SCALES = (0.25, 0.5, 0.75), (0.05, 0.3, 1.0)
"""Quantiles of the data, and shares of their spread, from which the likelihood is climbed, the best two of them."""

INSIDE, OUTSIDE = 3.0, 20.0
"""Scales from loc within which one observation, and no other, is in a spike, and beyond which the others are."""


class JohnsonInWindow(Family):
    r"""A law on a window whose density by r, the inverse hyperbolic sine of z, is an exponential function there.

    .. math:: \log f(x) = -k r - \log\int_{r(a)}^{r(b)} e^{-k t}\,dt - \tfrac12\log(s^2 + (x - m)^2),
              \quad r = \mathrm{arsinh}\,z, \quad z = (x - m)/s, \quad a < x \le b

    To it Johnson's law tends as gamma runs off and delta comes to 0, their product being k: y² is then γ² + 2 k r, and
    what of the law is outside the window tells nothing.

    Parameters
    ----------
    lower, upper : float
        Ends of the window, both finite.
    """

    parameters = (
        Parameter("slope", REAL),
        Parameter("loc", REAL, role="location"),
        Parameter("scale", POSITIVE, role="scale"),
    )
    cdf, sf = cdf_of_log, sf_of_log

    def __init__(self, lower: float, upper: float) -> None:
        super().__init__()
        self.lower, self.upper = lower, upper
        self.support = Interval(lower, upper, closed="upper")  # windows hold their upper ends
        self.name = f"exponential by arsinh on ({lower:g}, {upper:g})"

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the window moves too."""
        return JohnsonInWindow((self.lower - centre) / scale, (self.upper - centre) / scale)

    def _lengths(self, x: Array, loc: Array, scale: Array) -> tuple[Array, Array]:
        """R from the lower end to x, and from there to the upper end."""
        low, here, high = (np.arcsinh((v - loc) / scale) for v in (self.lower, x, self.upper))
        return here - low, high - low

    def logpdf(self, x: Array, slope: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        away, width = self._lengths(x, loc, scale)
        log_integral = np.log(width) + log_exprel(-slope * width)
        return np.asarray(-slope * away - log_integral - np.log(np.hypot(scale, x - loc)))

    def score(self, x: Array, slope: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by slope, loc and scale."""
        away, width = self._lengths(x, loc, scale)
        mean = width * log_exprel_slope(-slope * width)
        by_width = (slope * mean - 1) / width
        size = np.hypot(scale, x - loc)
        ends = [(v - loc, np.hypot(scale, v - loc)) for v in (self.lower, self.upper)]
        first, last = (np.array([-1 / q, -d / (scale * q)]) for d, q in ends)
        here = np.array([-1 / size, -(x - loc) / (scale * size)])
        own = ((x - loc) / size**2, -scale / size**2)
        moved = [by_width * (last[i] - first[i]) - slope * (here[i] - first[i]) + own[i] for i in range(2)]
        return mean - away, *moved

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Flat laws about several places, of several scales; the best two."""
        spread = math.sqrt(sample.var())
        starts: list[tuple[float, ...]] = [
            (0.0, sample.quantile(p), spread * share) for p in _PLACES for share in _SCALES
        ]
        return best_starts(sample, self.logpdf, starts)

    def spurious(self, sample: Sample, slope: float, loc: float, scale: float) -> bool:
        """Whether the law has a spike on one observation: its likelihood grows without bound as that narrows."""
        return is_alone(sample, loc, scale, outside=OUTSIDE)

    def logcdf(self, x: Array, slope: Array, loc: Array, scale: Array) -> Array:
        """Log of the cdf."""
        away, width = self._lengths(np.clip(x, self.lower, self.upper), loc, scale)
        with np.errstate(divide="ignore"):
            part = np.log(away) + log_exprel(-slope * away)
        return np.asarray(np.minimum(part - np.log(width) - log_exprel(-slope * width), 0.0))

    def logsf(self, x: Array, slope: Array, loc: Array, scale: Array) -> Array:
        """Log of the survival function."""
        away, width = self._lengths(np.clip(x, self.lower, self.upper), loc, scale)
        left = np.maximum(width - away, 0.0)
        with np.errstate(divide="ignore"):
            part = -slope * away + np.log(left) + log_exprel(-slope * left)
        return np.asarray(np.minimum(part - np.log(width) - log_exprel(-slope * width), 0.0))

    def ppf(self, p: Array, slope: Array, loc: Array, scale: Array) -> Array:
        """Quantile."""
        p = np.asarray(p, dtype=float)
        return self._at(p, 1 - p, slope, loc, scale)

    def isf(self, p: Array, slope: Array, loc: Array, scale: Array) -> Array:
        """Upper quantile."""
        p = np.asarray(p, dtype=float)
        return self._at(1 - p, p, slope, loc, scale)

    def _at(self, p: Array, q: Array, slope: Array, loc: Array, scale: Array) -> Array:
        """Find x from the shares below and above it: from the end of the window at which the density by r is larger."""
        width = self._lengths(np.asarray(self.upper), loc, scale)[1]
        steep, share = np.abs(slope), np.where(np.asarray(slope) < 0, q, p)
        with np.errstate(divide="ignore", invalid="ignore"):
            length = np.where(steep * width > 0, -np.log1p(share * np.expm1(-steep * width)) / steep, share * width)
        low = np.arcsinh((self.lower - loc) / scale)
        r = low + np.where(np.asarray(slope) < 0, width - length, length)
        return np.asarray(np.clip(loc + scale * np.sinh(r), self.lower, self.upper))


@lru_cache(maxsize=WINDOWS)
def johnson_on(lower: float, upper: float) -> JohnsonInWindow:
    """The law of a window, one for all that have it as a limit there, so that its maximum is kept for all of them."""
    return JohnsonInWindow(lower, upper)


def is_alone(sample: Sample, loc: float, scale: float, *, outside: float) -> bool:
    """Whether one observation is at loc, and all others are some scales away from it."""
    away = np.abs(sample.x - loc)
    nearest = away.min()
    others = away[away > nearest]
    return bool(nearest < INSIDE * scale and len(others) and others.min() > outside * scale)
