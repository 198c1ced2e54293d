"""Hansen's skewed Student law."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log1mexp
from mle_toolkit.families.standardised import LocationScale, best_starts, slopes_by_differences
from mle_toolkit.families.student_t import log_lower_tail, log_norm
from mle_toolkit.families.two_piece_normal import TwoPieceNormal

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


_QUARTILE = math.sqrt(2 / 3)
"""Of Student's law of 2 degrees of freedom."""


class HansenSkewT(LocationScale):
    r"""Returns: two halves of Student laws of different widths, by mean, standard deviation, ``df`` and ``skew``.

    .. math:: \log f(x) = \log\frac{bc}{s} - \frac{\nu + 1}{2}\log\Bigl(1 + \frac{1}{\nu - 2}
        \Bigl(\frac{bz + a}{1 \pm \lambda}\Bigr)^2\Bigr), \quad z = (x - m)/s

    with minus left of the mode -a/b and plus right of it, and a, b, c such that ``loc`` is the mean and ``scale`` the
    standard deviation; so df is above 2. Source: Hansen (1994), International Economic Review 35, 705-730. As df → ∞ it
    is the two-piece normal law; as df → 2 with scale √(df - 2) kept it is two halves of Student's law of 2 degrees of
    freedom, which data have whose tails are heavier. Azzalini's skew-t is another law.
    """

    name = "hansen_skew_t"
    aliases = ("skewed_student", "sstd_hansen")
    support = REAL
    only_if_asked = "takes a second on censored data, so only if asked for"
    parameters = (
        LOC,
        SCALE,
        Parameter("df", Interval(2.0, np.inf), typical=(3.0, 20.0)),
        Parameter("skew", Interval(-1.0, 1.0), typical=(-0.6, 0.6), natural=REAL),
    )

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        df, skew = shapes
        log_c, a, b, _ = _constants(df, skew)
        y = b[0] * z + a[0]
        ratio = y / (1 + np.sign(y) * skew)
        return np.asarray(np.log(b[0]) + log_c[0] - 0.5 * (df + 1) * np.log1p(np.square(ratio) / (df - 2)))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by z, df and skew."""
        df, skew = shapes
        log_c, a, b, log_b = _constants(df, skew)
        by_y, by_df, by_skew = _kernel(b[0] * z + a[0], df, skew)[0]
        return (
            b[0] * by_y,
            log_b[1] + log_c[1] + by_y * (b[1] * z + a[1]) + by_df,
            log_b[2] + by_y * (b[2] * z + a[2]) + by_skew,
        )

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        df, skew = shapes
        log_c, a, b, log_b = _constants(df, skew)
        first, (y_y, y_df, y_skew, df_df, df_skew, skew_skew) = _kernel(b[0] * z + a[0], df, skew)
        by_y = first[0]
        d, e = b[1] * z + a[1], b[2] * z + a[2]  # of y by df and by skew
        return (
            b[0] * b[0] * y_y,
            b[1] * by_y + b[0] * (y_y * d + y_df),
            b[2] * by_y + b[0] * (y_y * e + y_skew),
            log_b[3] + log_c[2] + y_y * d * d + 2 * y_df * d + by_y * (b[3] * z + a[3]) + df_df,
            log_b[4] + y_y * d * e + y_df * e + y_skew * d + by_y * (b[4] * z + a[4]) + df_skew,
            log_b[5] + y_y * e * e + 2 * y_skew * e + by_y * (b[5] * z + a[5]) + skew_skew,
        )

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails: of a Student law on either side of the mode."""
        df, skew = shapes
        _, a, b, _ = _constants(df, skew)
        y = b[0] * z + a[0]
        side = 1 + np.sign(y) * skew
        tail = np.log(side) + log_lower_tail(df, -np.abs(y) / side * np.sqrt(df / (df - 2)))
        return np.where(y < 0, tail, log1mexp(tail)), np.where(y < 0, log1mexp(tail), tail)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by the shapes."""
        below, above = slopes_by_differences(self, z, shapes)
        return below, above

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Mean and standard deviation, with several df and skews; the best three."""
        mean, deviation = sample.mean(), math.sqrt(sample.var())
        starts: list[tuple[float, ...]] = [
            (mean, deviation, df, skew) for df in (2.5, 5.0, 20.0) for skew in (-0.5, -0.1, 0.1, 0.5)
        ]
        return best_starts(sample, self.logpdf, starts, 3)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The two-piece normal law, as df grows; two halves of Student's law as df → 2, whose variance is infinite."""
        return (
            Limit(get_family("two_piece_normal"), _of_two_pieces),
            Limit(
                _heaviest(),
                lambda mode, scale1, scale2: (
                    mode + math.sqrt(2) * (scale2 - scale1),
                    math.inf,
                    2.0,
                    (scale2 - scale1) / (scale1 + scale2),
                ),
            ),
        )

    def mean(self, loc: Array, scale: Array, df: Array, skew: Array) -> Array:
        """Expected value: loc."""
        return np.asarray(loc + 0 * np.asarray(scale) + 0 * np.asarray(df) + 0 * np.asarray(skew))

    def var(self, loc: Array, scale: Array, df: Array, skew: Array) -> Array:
        """Variance: scale²."""
        return np.asarray(np.square(scale) + 0 * np.asarray(loc) + 0 * np.asarray(df) + 0 * np.asarray(skew))

    def rvs(self, loc: Array, scale: Array, df: Array, skew: Array, size: Any, rng: Any) -> Array:
        """Draw random numbers: of either side with its probability."""
        _, a, b, _ = _constants(df, skew)
        size_of = np.abs(rng.standard_t(df, size)) * np.sqrt((df - 2) / np.asarray(df))
        sign = np.where(rng.uniform(size=size) < 0.5 * (1 - np.asarray(skew)), -1.0, 1.0)
        return np.asarray(loc + scale * (sign * (1 + sign * skew) * size_of - a[0]) / b[0])


class _Heaviest(Family):
    """Two halves of Student's law of 2 degrees of freedom, of different widths, on either side of the mode."""

    support = REAL
    parameters = (
        Parameter("mode", REAL, role="location"),
        Parameter("scale1", POSITIVE, role="scale"),
        Parameter("scale2", POSITIVE, role="scale"),
    )
    cdf, sf = cdf_of_log, sf_of_log

    def __init__(self) -> None:
        super().__init__()
        self.name = "two halves of Student's law with df = 2"

    def logpdf(self, x: Array, mode: Array, scale1: Array, scale2: Array) -> Array:
        """Log-density at x."""
        z = (x - mode) / np.where(x < mode, scale1, scale2)
        return np.asarray(-1.5 * np.log1p(0.5 * z * z) - np.log(np.add(scale1, scale2)) - 0.5 * math.log(2))

    def score(self, x: Array, mode: Array, scale1: Array, scale2: Array) -> tuple[Array, ...]:
        """Derivatives by the mode and both scales."""
        left, total = x < mode, np.add(scale1, scale2)
        scale = np.where(left, scale1, scale2)
        z = (x - mode) / scale
        slope = -1.5 * z / (1 + 0.5 * z * z)
        by_scale = -z * slope / scale
        return -slope / scale, np.where(left, by_scale, 0.0) - 1 / total, np.where(left, 0.0, by_scale) - 1 / total

    def hessian(self, x: Array, mode: Array, scale1: Array, scale2: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        left, square = x < mode, np.square(np.add(scale1, scale2))
        scale = np.where(left, scale1, scale2)
        z = (x - mode) / scale
        slope = -1.5 * z / (1 + 0.5 * z * z)
        bend = -1.5 * (1 - 0.5 * z * z) / np.square(1 + 0.5 * z * z)
        mixed = (slope + z * bend) / np.square(scale)
        twice = z * (2 * slope + z * bend) / np.square(scale)
        return (
            bend / np.square(scale),
            np.where(left, mixed, 0.0),
            np.where(left, 0.0, mixed),
            np.where(left, twice, 0.0) + 1 / square,
            1 / square + 0 * z,
            np.where(left, 0.0, twice) + 1 / square,
        )

    def logcdf(self, x: Array, mode: Array, scale1: Array, scale2: Array) -> Array:
        """Log of the cdf."""
        left = self._log_beyond(x - mode, np.where(x < mode, scale1, scale2), np.add(scale1, scale2))
        return np.where(x < mode, left, log1mexp(left))

    def logsf(self, x: Array, mode: Array, scale1: Array, scale2: Array) -> Array:
        """Log of the survival function."""
        beyond = self._log_beyond(x - mode, np.where(x < mode, scale1, scale2), np.add(scale1, scale2))
        return np.where(x < mode, log1mexp(beyond), beyond)

    @staticmethod
    def _log_beyond(away: Array, scale: Array, total: Array) -> Array:
        """Log of the probability of what is farther from the mode on the same side."""
        size = np.abs(away) / scale
        root = np.hypot(math.sqrt(2), size)
        return np.asarray(np.log(2 * scale / total) - np.log(root) - np.log(root + size))

    def ppf(self, p: Array, mode: Array, scale1: Array, scale2: Array) -> Array:
        """Quantile."""
        return self._at(p, np.subtract(1.0, p), mode, scale1, scale2)

    def isf(self, p: Array, mode: Array, scale1: Array, scale2: Array) -> Array:
        """Upper quantile."""
        return self._at(np.subtract(1.0, p), p, mode, scale1, scale2)

    @staticmethod
    def _at(below: Array, above: Array, mode: Array, scale1: Array, scale2: Array) -> Array:
        """The quantile, from the probabilities on both sides: the half that is beyond has Student's tail h."""
        total = np.add(scale1, scale2)
        left = np.less(np.multiply(below, total), scale1)
        scale = np.where(left, scale1, scale2)
        h = np.minimum(np.where(left, below, above) * (0.5 * total / scale), 0.5)
        with np.errstate(divide="ignore"):
            away = (1 - 2 * h) / np.sqrt(2 * h * (1 - h))
        return np.asarray(mode + np.where(left, -scale, scale) * away)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The median, and the distances of the quartiles from it."""
        low, middle, high = (sample.quantile(p) for p in (0.25, 0.5, 0.75))
        spread = (high - low) or math.sqrt(sample.var())
        return [
            (middle, max(d, 0.05 * spread) / _QUARTILE, max(e, 0.05 * spread) / _QUARTILE)
            for d, e in ((middle - low, high - middle), (0.5 * spread, 0.5 * spread))
        ]


@cache
def _heaviest() -> Family:
    return _Heaviest()


def _of_two_pieces(mode: float, sigma1: float, sigma2: float) -> tuple[float, ...]:
    """The parameters at which df is infinite."""
    law = TwoPieceNormal()
    at = [np.asarray(value) for value in (mode, sigma1, sigma2)]
    mean, var = float(law.mean(*at)), float(law.var(*at))
    return mean, math.sqrt(var), math.inf, (sigma2 - sigma1) / (sigma1 + sigma2)


def _constants(df: Any, skew: Any) -> tuple[tuple[Array, ...], ...]:
    """Log c, a, b and log b with their derivatives: by df (twice, of log c); by df, by skew, and the second ones."""
    norm, slope, bend = log_norm(df)
    m = np.subtract(df, 2.0)
    log_c = norm + 0.5 * (np.log(df) - np.log(m)), slope + 0.5 * (1 / df - 1 / m), bend - 0.5 * (1 / df**2 - 1 / m**2)
    # Of A = 4 c (df - 2)/(df - 1), a being skew times A.
    level = 4 * np.exp(log_c[0]) * m / (df - 1)
    by_df = log_c[1] + 1 / m - 1 / (df - 1)
    first = level * by_df
    second = level * (by_df * by_df + log_c[2] - 1 / m**2 + 1 / (df - 1) ** 2)
    a = skew * level, skew * first, level, skew * second, first, 0 * level
    rest, double = 3 - level * level, skew * skew
    square = 1 + double * rest
    of_square = (
        -2 * double * level * first,
        2 * skew * rest,
        -2 * double * (first * first + level * second),
        -4 * skew * level * first,
        2 * rest,
    )
    log_b = (
        0.5 * np.log(square),
        0.5 * of_square[0] / square,
        0.5 * of_square[1] / square,
        0.5 * (of_square[2] / square - np.square(of_square[0] / square)),
        0.5 * (of_square[3] / square - of_square[0] * of_square[1] / np.square(square)),
        0.5 * (of_square[4] / square - np.square(of_square[1] / square)),
    )
    value = np.sqrt(square)
    b = (
        value,
        value * log_b[1],
        value * log_b[2],
        value * (log_b[3] + log_b[1] * log_b[1]),
        value * (log_b[4] + log_b[1] * log_b[2]),
        value * (log_b[5] + log_b[2] * log_b[2]),
    )
    return log_c, a, b, log_b


def _kernel(y: Array, df: Any, skew: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Derivatives of the log of the Student factor by y, df and skew, and the second ones row by row."""
    sign = np.sign(y)
    side, m = 1 + sign * skew, df - 2
    q = np.square(y / side)
    share = 1 / (m + q)
    by_q, by_q_twice = -0.5 * (df + 1) * share, 0.5 * (df + 1) * share * share
    q_y, q_skew = 2 * y / np.square(side), -2 * q * sign / side
    by_df_q = by_q_twice - 0.5 * share
    ratio = q * share / m
    first = by_q * q_y, 0.5 * ((df + 1) * ratio - np.log1p(q / m)), by_q * q_skew
    second = (
        by_q_twice * q_y * q_y + by_q * 2 / np.square(side),
        by_df_q * q_y,
        by_q_twice * q_y * q_skew - by_q * 4 * y * sign / side**3,
        ratio - 0.5 * (df + 1) * ratio * (2 * m + q) * share / m,
        by_df_q * q_skew,
        by_q_twice * q_skew * q_skew + by_q * 6 * q / np.square(side),
    )
    return first, second
