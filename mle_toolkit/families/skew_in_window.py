"""Laws to which the skew-t law tends where a window shows no more than a part of it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.johnson_window import OUTSIDE, is_alone
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.pole_in_window import best_together, poles_of
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.student_cdf import log_student_cdf, student_cdf_expansion
from mle_toolkit.families.student_in_window import SeenInWindow
from mle_toolkit.families.tilted import WINDOWS

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_ALPHAS, _ORDERS = (-5.0, -0.7, 0.7, 5.0), (1.5, 6.0)
"""Shapes from which likelihoods are climbed."""

_SCALES = (0.1, 0.4, 1.5)
"""Scales from which the law beyond a threshold is, as shares of the root mean square from there."""


class LeaningInWindow(SeenInWindow):
    r"""A law on a window whose density is there T(α z/sqrt(1 + z²))/sqrt(1 + z²), T the cdf of the Cauchy law.

    The skew-t law, as df → 0 and scale √df stays.
    """

    panels = 15

    def __init__(self, lower: float, upper: float) -> None:
        super().__init__(lower, upper, "df = 0 of the skew-t law", (Parameter("alpha", REAL),))

    def on(self, lower: float, upper: float) -> Family:
        """The law of another window."""
        return LeaningInWindow(lower, upper)

    def start_shapes(self) -> tuple[tuple[float, ...], ...]:
        """Leans to either side."""
        return tuple((alpha,) for alpha in _ALPHAS)

    def shape(self, z: Array, *shapes: Any) -> Array:
        """Log of a function to which the density is proportional."""
        length = np.hypot(1.0, z)
        return np.asarray(_log_cauchy_cdf(shapes[0] * z / length) - np.log(length))

    def shape_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Its derivatives by z and alpha, and the second ones, upper triangle row by row."""
        (alpha,) = shapes
        r = 1 / np.hypot(1.0, z)
        sine = z * r
        w, w_z = alpha * sine, alpha * r**3
        ratio, ratio_w = _cauchy_ratio(w)
        first = (ratio * w_z - sine * r, ratio * sine)
        second = (
            (sine * sine - r * r) * r * r + ratio_w * w_z * w_z - 3 * ratio * w_z * sine * r,
            ratio_w * w_z * sine + ratio * r**3,
            ratio_w * sine * sine,
        )
        return first, second

    def spurious(self, sample: Sample, loc: float, scale: float, alpha: float) -> bool:
        """Whether the law has a spike on one observation: its likelihood grows without bound as that narrows."""
        return is_alone(sample, loc, scale, outside=OUTSIDE)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """One over the distance from a pole beyond the window, as scale → 0; two more to either side as alpha runs."""
        rising = tuple(
            Limit(
                rising_on(self.lower, self.upper, sign, 1.0),
                lambda loc, _, sign=sign: (loc, math.inf, sign * math.inf),
            )
            for sign in (1.0, -1.0)
        )
        halves = tuple(
            Limit(
                half_heaviest_on(self.lower, self.upper, sign),
                lambda loc, scale, sign=sign: (loc, scale, sign * math.inf),
            )
            for sign in (1.0, -1.0)
        )
        return *poles_of(self, (math.nan,)), *rising, *halves


class RisingInWindow(SeenInWindow):
    r"""A law on a window whose density rises there as a cdf of Student's: the skew-t law, with alpha and scale → ∞.

    Parameters
    ----------
    lower, upper : float
        Ends of the window, both finite.
    sign : float
        1, or -1 for a density that falls.
    df : float, optional
        Degrees of freedom of that cdf where they are known: 1 is the Cauchy law's, infinity the normal one's. Without
        it they are a parameter, from 1 on, as it is that of the skew-t law plus one.
    """

    panels = 9

    def __init__(self, lower: float, upper: float, sign: float, df: float | None) -> None:
        self.sign, self.df = sign, df
        cdf = "Student's" if df is None else "the normal" if df == math.inf else "the Cauchy"
        shapes = (Parameter("df", Interval(1.0, math.inf), typical=(1.5, 6.0)),) if df is None else ()
        super().__init__(lower, upper, f"{'rising' if sign > 0 else 'falling'} as {cdf} cdf", shapes)

    def on(self, lower: float, upper: float) -> Family:
        """The law of another window."""
        return RisingInWindow(lower, upper, self.sign, self.df)

    def start_shapes(self) -> tuple[tuple[float, ...], ...]:
        """Degrees of freedom, where they are a parameter."""
        return tuple((df,) for df in _ORDERS) if self.df is None else ((),)

    def shape(self, z: Array, *shapes: Any) -> Array:
        """Log of a function to which the density is proportional."""
        w = self.sign * z
        if self.df == 1.0:
            return _log_cauchy_cdf(w)
        return np.asarray(special.log_ndtr(w)) if self.df == math.inf else log_student_cdf(w, shapes[0])

    def shape_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Its derivatives by z and the shapes, and the second ones, upper triangle row by row."""
        w = self.sign * z
        if self.df is None:
            ratio, by_df, bend, mixed, by_df_twice = student_cdf_expansion(w, shapes[0])
            return (self.sign * ratio, by_df), (bend, self.sign * mixed, by_df_twice)
        if self.df == 1.0:
            ratio, bend = _cauchy_ratio(w)
        else:
            ratio = math.sqrt(2 / math.pi) / special.erfcx(-w / math.sqrt(2))
            bend = -ratio * (w + ratio)
        return (self.sign * ratio,), (bend,)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The cdf of the Cauchy law, and of the normal one, at the ends of the degrees of freedom."""
        if self.df is not None:
            return ()
        return tuple(
            Limit(
                rising_on(self.lower, self.upper, self.sign, df),
                lambda loc, scale, df=df: (loc, scale, df),
            )
            for df in (1.0, math.inf)
        )


class HalfHeaviestInWindow(Family):
    r"""A law on a window, from a threshold in it on, whose density is there 1/sqrt(1 + z²), z the distance in scales.

    Half of Student's law as df → 0, where scale √df stays.

    Parameters
    ----------
    lower, upper : float
        Ends of the window, both finite.
    sign : float
        1 for a law above the threshold, -1 for one below.
    """

    parameters = (
        Parameter("loc", REAL, role="scale", regular=False),
        Parameter("scale", POSITIVE, role="scale"),
    )

    def __init__(self, lower: float, upper: float, sign: float) -> None:
        super().__init__()
        self.lower, self.upper, self.sign = lower, upper, sign
        self.support = Interval(lower, upper, closed="upper")
        self.name = f"df = 0 of half of Student's law {'above' if sign > 0 else 'below'} a threshold in a window"

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the window moves too."""
        return HalfHeaviestInWindow((self.lower - centre) / scale, (self.upper - centre) / scale, self.sign)

    def _lengths(self, x: Array, loc: Array, scale: Array) -> tuple[Array, Array]:
        """Asinh of z from the end of the law that is nearer to the threshold, to x and to the other end."""
        first, far = (self.lower, self.upper) if self.sign > 0 else (self.upper, self.lower)
        near, here, last = (np.arcsinh(np.maximum(self.sign * (v - loc) / scale, 0.0)) for v in (first, x, far))
        return here - near, last - near

    def logpdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        with np.errstate(divide="ignore"):
            log_width = np.log(self._lengths(x, loc, scale)[1])
        inside = self.sign * (x - loc) >= 0
        return np.where(inside, -np.log(np.hypot(scale, x - loc)) - log_width, -np.inf)

    def score(self, x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by loc and scale."""
        first, far = (self.lower, self.upper) if self.sign > 0 else (self.upper, self.lower)
        width = self._lengths(x, loc, scale)[1]
        by_loc, by_scale = np.asarray(0.0), np.asarray(0.0)
        for end, side in ((far, 1.0), (first, -1.0)):
            beyond = np.maximum(self.sign * (end - loc), 0.0)
            by_scale = by_scale - side * beyond / (scale * np.hypot(scale, beyond))
            by_loc = by_loc - side * self.sign * (beyond > 0) / np.hypot(scale, beyond)
        away = x - loc
        square = scale * scale + away * away
        return away / square - by_loc / width, -scale / square - by_scale / width

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The last observation, and several scales."""
        end = sample.minimum if self.sign > 0 else sample.maximum
        spread = math.sqrt(sample.mean(lambda x: np.square(x - end)))
        return best_together(self, sample, [(end, spread * share) for share in _SCALES], 2)

    def spurious(self, sample: Sample, loc: float, scale: float) -> bool:
        """Whether the law is a spike on one value."""
        return is_alone(sample, loc, scale, outside=OUTSIDE)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """One over the distance from a pole beyond the window, on the side of the threshold, as scale → 0."""
        return (poles_of(self, ())[0 if self.sign > 0 else 1],)

    def ppf(self, p: Array, loc: Array, scale: Array) -> Array:
        """Quantile."""
        p = np.asarray(p, dtype=float)
        return self._at(p if self.sign > 0 else 1 - p, loc, scale)

    def isf(self, p: Array, loc: Array, scale: Array) -> Array:
        """Upper quantile."""
        p = np.asarray(p, dtype=float)
        return self._at(1 - p if self.sign > 0 else p, loc, scale)

    def _at(self, near: Array, loc: Array, scale: Array) -> Array:
        """Find x from the share of the law between it and the threshold, or the end next to that."""
        first = self.lower if self.sign > 0 else self.upper
        begin = np.arcsinh(np.maximum(self.sign * (first - loc) / scale, 0.0))
        width = self._lengths(np.asarray(first), loc, scale)[1]
        return np.asarray(loc + self.sign * scale * np.sinh(begin + near * width))

    def _log_shares(self, x: Array, loc: Array, scale: Array) -> tuple[Array, Array]:
        here, width = self._lengths(np.clip(x, self.lower, self.upper), loc, scale)
        with np.errstate(divide="ignore", invalid="ignore"):
            near, far = np.log(here / width), np.log(np.maximum(width - here, 0.0) / width)
        return np.minimum(near, 0.0), np.minimum(far, 0.0)

    def logcdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return self._log_shares(x, loc, scale)[0 if self.sign > 0 else 1]

    def logsf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return self._log_shares(x, loc, scale)[1 if self.sign > 0 else 0]

    def cdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.exp(self.logcdf(x, loc, scale))

    def sf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.exp(self.logsf(x, loc, scale))


def _log_cauchy_cdf(w: Array) -> Array:
    """Log of the cdf of the Cauchy law: of the angle of (-w, 1) to the axis, which has its digits in both tails."""
    return np.asarray(np.log(np.arctan2(1.0, -np.asarray(w)) / math.pi))


def _cauchy_ratio(w: Array) -> tuple[Array, Array]:
    """Density of the Cauchy law over its cdf, and its derivative."""
    square = 1 + w * w
    ratio = 1 / (square * np.arctan2(1.0, -np.asarray(w)))
    return ratio, -ratio * (2 * w / square + ratio)


@lru_cache(maxsize=WINDOWS)
def leaning_on(lower: float, upper: float) -> LeaningInWindow:
    """The law of a window, one for all that have it as a limit there, so that its maximum is kept for all of them."""
    return LeaningInWindow(lower, upper)


@lru_cache(maxsize=4 * WINDOWS)
def rising_on(lower: float, upper: float, sign: float, df: float | None) -> RisingInWindow:
    """The law of a window, one for all that have it as a limit there."""
    return RisingInWindow(lower, upper, sign, df)


@lru_cache(maxsize=2 * WINDOWS)
def half_heaviest_on(lower: float, upper: float, sign: float) -> HalfHeaviestInWindow:
    """The law of a window, one for all that have it as a limit there."""
    return HalfHeaviestInWindow(lower, upper, sign)
