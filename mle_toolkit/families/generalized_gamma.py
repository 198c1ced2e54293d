"""The generalized gamma law.

Over 600 lines, because it is one law in two sets of parameters, of x and of log x, whose formulas lean on each other.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import sums_of
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.base import TOLD_APART, Family
from mle_toolkit.families.climbing import profile_maximum
from mle_toolkit.families.domain import NONZERO, POSITIVE, REAL
from mle_toolkit.families.expectations import GammaPower
from mle_toolkit.families.from_logs import logcdf_of_tails, logsf_of_tails
from mle_toolkit.families.gamma_tails import (
    gamma_tails,
    log_gamma_quantiles,
    log_gamma_tails,
    log_gamma_tails_by_expansion,
    log_gammainc_slopes,
)
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.means_in_tails import means_in_tails
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Along, Chart, Limit, SpecialCase
from mle_toolkit.families.special import (
    inverse_log_minus_digamma,
    log_gamma_bend,
    log_gamma_kernel,
    log_minus_digamma,
    log_minus_digamma_of,
    log_minus_digamma_slope,
    log_or_minus_inf,
    log_poch,
    means_of,
    stirling_remainder,
    trigamma,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.groups import Groups
    from mle_toolkit.data.sample import Sample

_LOWEST, _HIGHEST, _STEP = -9.0, 8.0, 0.75
"""Range and step of log|shape2|, for data whose logs have standard deviation 1: from lognormal to power law."""

_STARTS = (-2.0, -0.7, 0.1, 1.0, 3.0)
"""Values of Q from which a search begins: one on every hill that a profile may have."""

_POWERS = (-4.0, -1.0, 0.2, 1.0, 4.0)
"""Values of shape2, for logs of standard deviation 1, from which a search begins in each of many groups."""

_LOGNORMAL = -0.5 * math.log(2 * math.pi) - 0.5  # its mean log-likelihood, of standardised logs
_LARGEST_LOG_SCALE = 340.0
"""Log of the largest scale, for data of median 1, whose square, as second derivatives have it, is a double."""

_LARGEST_SHIFT = 600.0
"""Log of the largest scale of a row whose logs have mean 0, with room for those of other rows."""

_TOWARDS_POWER = 0.25
"""Shape1 below which a search may be on the way to 0: |Q| above 2."""

_NEAR_NORMAL, _MODERATE = 0.02, 0.15
"""|Q| below which tails have an expansion about the normal ones, and below which formulas of their slopes cancel."""

_SERIES_SHAPE = 20.0
_SERIES = tuple(
    [(1, k + 1, (k + 1) * (k + 2))[order] / math.factorial(k + 2 + order) for k in range(20, -1, -1)]
    for order in range(3)
)
"""Of (exp(v) - 1 - v) / v² and of its first two derivatives, for Horner's rule."""


class GeneralizedGamma(Family):
    r"""A gamma variable to a power: ``(x/scale)**shape2`` is gamma of shape ``shape1`` (Stacy's parameters).

    .. math:: \log f(x) = \log|c| - \log x + a\,t - e^t - \log\Gamma(a), \quad t = c\log(x/s)

    with a = shape1, c = shape2, which may be negative: then 1/x has such a law. Gamma for c = 1, inverse gamma for
    c = -1, Weibull for a = 1 and c > 0, Fréchet for a = 1 and c < 0, exponential for both.

    Source: Stacy (1962), Ann. Math. Statist. 33, 1187-1192; Prentice (1974), Biometrika 61, 539-544. As c → 0 and
    a → ∞ the law tends to the lognormal; as c → ∞ with ac fixed, to the power-function law, and as c → -∞ to Pareto's.
    In Prentice's parameters mu, sigma and Q, with a = 1/Q², c = Q/sigma and s = exp(mu + log(Q²)/c), the law is smooth
    through the lognormal, Q = 0, and they are nearly uncorrelated: searches, certificates and covariances use them.
    Exact data: given c the law is gamma for x^c, which leaves one dimension; with v_i the weights x_i^c, the profile's
    slope by log|c| is 1 - a c (mean_v(log x) - mean(log x)). It is scanned for c of either sign. On the way to the
    lognormal law the scale leaves the doubles; a maximum there is reported as that law.
    """

    name = "generalized_gamma"
    aliases = ("gengamma", "transformed_gamma", "inverse_transformed_gamma")
    support = POSITIVE
    parameters = (
        Parameter("shape1", POSITIVE, typical=(0.5, 3.0)),
        Parameter("shape2", NONZERO, typical=(0.6, 3.0)),
        SCALE,
    )
    in_scipy = InScipy("gengamma", "shape1", "shape2", scale="scale")

    @property
    def chart(self) -> Chart:
        """Prentice's parameters."""
        along = Along("scale", "mu", "log", _log_scale_shift, _slopes_of_shift)
        return Chart(_Prentice(), _to_stacy, _to_prentice, _slopes_of_stacy, _OfLogs(), on_logs=True, along=along)

    def logpdf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Log-density at x."""
        log_x = np.log(x)
        kernel = log_gamma_kernel(shape1, shape2 * (log_x - np.log(scale)))
        return np.asarray(np.log(np.abs(shape2)) - log_x + kernel)

    def score(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape1, shape2 and scale."""
        log_z = np.log(x) - np.log(scale)
        t = shape2 * log_z
        excess = np.exp(t) - shape1
        return t - special.psi(shape1), 1 / shape2 - log_z * excess, shape2 / scale * excess

    def hessian(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        scale = np.asarray(scale)  # NumPy's division by a square that underflows is infinite; Python's raises
        log_z = np.log(x) - np.log(scale)
        power = np.exp(shape2 * log_z)
        excess = power - shape1
        return (
            np.broadcast_to(-special.polygamma(1, shape1), np.shape(x)),
            log_z,
            np.broadcast_to(-shape2 / scale, np.shape(x)),
            -1 / shape2**2 - log_z * log_z * power,
            (excess + shape2 * log_z * power) / scale,
            -shape2 / scale**2 * (excess + shape2 * power),
        )

    def from_sample(self, sample: Sample) -> tuple[float, float, float]:
        """Highest point of the profile likelihood in log|shape2|, of either sign; its ends where a limit is better."""
        logs, mean_log, deviation, gain, u, sign = _highest(sample)
        params = _stacy(logs, u, sign, mean_log, deviation)
        if abs(params[2]) < _LARGEST_LOG_SCALE:
            return params[0], params[1], math.exp(params[2])
        # Near the lognormal law (maximum at the lower end of the profile, or almost) the scale runs to 0, or to ∞.
        if u > _LOWEST and gain > TOLD_APART:
            raise NoMaximumError(
                f"generalized_gamma: the maximum (shape1 = {params[0]:.3g}, shape2 = {params[1]:.3g}) is so near the "
                f"lognormal law that its scale, exp({params[2]:.0f}), is lost to underflow. Fit lognormal: its "
                f"log-likelihood is lower by {gain:.2g} only."
            )
        # The lognormal law is then the maximum, as for any member that it beats.
        while abs(params[2]) >= _LARGEST_LOG_SCALE or (u < _HIGHEST and _profile(logs, u, sign) > _LOGNORMAL):
            u += _STEP
            params = _stacy(logs, u, sign, mean_log, deviation)
        return params[0], params[1], math.exp(params[2])

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The laws of several Q with the mean and deviation of the logs of the sample."""
        return [_to_stacy(*start) for start in _OfLogs().start(sample.mapped(np.log))]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The lognormal law as shape2 → 0, the power-function law as shape2 → ∞, Pareto's as shape2 → -∞."""
        return (
            Limit(
                get_family("lognormal"),
                lambda meanlog, sdlog: (np.inf, 0.0, 0.0),
                above=_above_lognormal,
                charted=lambda meanlog, sdlog: (meanlog, sdlog, 0.0),
            ),
            Limit(get_family("power"), lambda shape, scale: (0.0, np.inf, scale)),
            Limit(get_family("pareto"), lambda alpha, xm: (0.0, -np.inf, xm)),
        )

    def limits_near(self, sample: Sample, shape1: float, shape2: float, scale: float) -> tuple[Limit, ...]:
        """The lognormal law; those at infinite shape2 where they are solved for, or else the search has gone there."""
        lognormal, power, pareto = self.limits
        if not sample.is_plain and sample.window is None:
            return self.limits
        if shape1 > _TOWARDS_POWER:
            return (lognormal,)
        return (lognormal, power) if shape2 > 0 else (lognormal, pareto)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Gamma where shape2 is 1, Weibull where shape1 is 1, exponential where both are."""
        return (
            SpecialCase(get_family("gamma"), lambda shape, scale: (shape, 1.0, scale), at=("shape2",)),
            SpecialCase(get_family("weibull"), lambda shape, scale: (1.0, shape, scale), at=("shape1",)),
            SpecialCase(
                get_family("exponential"),
                lambda scale: (1.0, 1.0, scale),
                at=(
                    "shape1",
                    "shape2",
                ),
            ),
        )

    def cdf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Probability of at most x."""
        below, above = gamma_tails(shape1, _log_power(x, shape2, scale))
        return np.where(np.asarray(shape2) > 0, below, above)

    def sf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Probability of more than x."""
        below, above = gamma_tails(shape1, _log_power(x, shape2, scale))
        return np.where(np.asarray(shape2) > 0, above, below)

    def log_tails(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        below, above = log_gamma_tails(shape1, _log_power(x, shape2, scale))
        rises = np.asarray(shape2) > 0
        return np.where(rises, below, above), np.where(rises, above, below)

    def logcdf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Log of the cdf."""
        below, above = log_gamma_tails(shape1, _log_power(x, shape2, scale))
        return np.where(np.asarray(shape2) > 0, below, above)

    def logsf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Log of the survival function."""
        below, above = log_gamma_tails(shape1, _log_power(x, shape2, scale))
        return np.where(np.asarray(shape2) > 0, above, below)

    def ppf(self, p: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Quantile."""
        below, above = log_gamma_quantiles(shape1, p)
        return _at_log_power(np.where(np.asarray(shape2) > 0, below, above), shape2, scale)

    def isf(self, p: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Upper quantile."""
        below, above = log_gamma_quantiles(shape1, p)
        return _at_log_power(np.where(np.asarray(shape2) > 0, above, below), shape2, scale)

    def mean(self, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Mean: scale Gamma(shape1 + 1/shape2) / Gamma(shape1); infinite where shape1 + 1/shape2 is not positive."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(np.log(scale) + log_poch(shape1, 1 / np.asarray(shape2))))

    def var(self, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Variance; infinite where shape1 + 2/shape2 is not positive."""
        shape2 = np.asarray(shape2)
        once, twice = log_poch(shape1, 1 / shape2), log_poch(shape1, 2 / shape2)
        with np.errstate(over="ignore", invalid="ignore"):
            spread = np.exp(2 * (np.log(scale) + once)) * np.expm1(log_gamma_bend(shape1, 1 / shape2))
        return np.asarray(np.where(twice < np.inf, spread, np.inf))

    def entropy(self, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Entropy, nats; from the gap log a - digamma(a), because digamma(a) / c and log(scale) may cancel."""
        gap = log_minus_digamma_of(shape1)
        place = np.log(scale) + (np.log(shape1) - gap) / shape2
        return np.asarray(place - np.log(np.abs(shape2)) + stirling_remainder(shape1) + shape1 * gap)

    def tail_scores(
        self, x: Array, shape1: Array, shape2: Array, scale: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by both shapes and the scale."""
        t = _log_power(x, shape2, scale)
        tails = log_gammainc_slopes(shape1, t)
        below, above = ((by_shape, by_t * t / shape2, -by_t * shape2 / scale) for by_shape, by_t in tails)
        if np.ndim(shape2) == 0:
            return (below, above) if shape2 > 0 else (above, below)
        swapped = [(np.where(shape2 > 0, b, a), np.where(shape2 > 0, a, b)) for b, a in zip(below, above, strict=True)]
        return tuple(b for b, _ in swapped), tuple(a for _, a in swapped)

    def power_of(self, shape1: float, shape2: float, scale: float) -> GammaPower:
        """Itself."""
        return GammaPower(shape1, shape2, scale)


def _log_power(x: Array, shape2: Array, scale: Array) -> Array:
    """Log of the unit gamma variable of which x is a function: (x/scale)^shape2."""
    return np.asarray(shape2 * (log_or_minus_inf(x) - np.log(scale)))


def _at_log_power(t: Array, shape2: Array, scale: Array) -> Array:
    """The x at which that is t."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(np.log(scale) + t / shape2))


# --- Prentice's parameters ------------------------------------------------------------------------------------------


def _to_stacy(mu: Any, sigma: Any, q: Any) -> tuple[Any, Any, Any]:
    """Stacy's parameters; at the lognormal law, q = 0, and beside it, they are not finite, or the scale is 0."""
    with np.errstate(all="ignore"):
        mu, sigma, q = np.float64(mu), np.float64(sigma), np.float64(q)
        return 1 / (q * q), q / sigma, np.exp(mu + 2 * np.log(np.abs(q)) * sigma / q)


def _to_prentice(shape1: float, shape2: float, scale: float) -> tuple[float, float, float]:
    """Prentice's parameters: mu, sigma and q."""
    q = math.copysign(1 / math.sqrt(shape1), shape2)
    return math.log(scale) + math.log(shape1) / shape2, q / shape2, q


def _log_scale_shift(sigma: float, q: float) -> float:
    """Log of the scale where mu is 0; infinite beside the lognormal law, where the scale leaves the doubles."""
    with np.errstate(all="ignore"):
        shift = float(2 * np.log(np.abs(np.float64(q))) * sigma / q)
    return shift if abs(shift) < _LARGEST_SHIFT else math.copysign(math.inf, -q)


def _slopes_of_shift(sigma: float, q: float) -> tuple[float, float]:
    """Its derivatives by sigma and q."""
    log_q = math.log(abs(q))
    return 2 * log_q / q, 2 * sigma * (1 - log_q) / (q * q)


def _slopes_of_stacy(mu: Any, sigma: Any, q: Any) -> Array:
    """Derivatives of Stacy's parameters, in rows, by Prentice's."""
    scale, log_q, none = _to_stacy(mu, sigma, q)[2], np.log(np.abs(q)), 0.0 * q
    return np.array(
        [
            [none, none, -2 / q**3],
            [none, -q / sigma**2, 1 / sigma],
            [scale, scale * 2 * log_q / q, scale * 2 * sigma * (1 - log_q) / (q * q)],
        ]
    )


class _OfLogs(Family):
    r"""The law of y = log x in Prentice's parameters, of one sample or of many groups at once.

    .. math:: \log f(y) = -\log\sigma + h(Q) - w^2 \varphi_2(Q w), \quad w = (y - \mu)/\sigma,
              \quad \varphi_2(v) = (e^v - 1 - v)/v^2

    where h(Q) is log|Q| less Stirling's remainder of log Gamma(1/Q²), and -log(2π)/2 at Q = 0.
    """

    support = REAL
    twin = "prentice"

    def __init__(self) -> None:
        super().__init__()
        self.name = "generalized_gamma"
        self.parameters = (Parameter("mu", REAL, role="location"), Parameter("sigma", POSITIVE, role="scale"))
        self.parameters += (Parameter("q", REAL),)

    def logpdf(self, y: Array, mu: Array, sigma: Array, q: Array) -> Array:
        """Log-density at y."""
        w = (y - mu) / sigma
        return np.asarray(_heights(q)[0] - np.log(sigma) - w * w * _exponential(q * w, 0)[0])

    def score(self, y: Array, mu: Array, sigma: Array, q: Array) -> tuple[Array, ...]:
        """Derivatives by mu, sigma and q."""
        w = (y - mu) / sigma
        v = q * w
        pull = w * special.exprel(v)
        by_q = _heights(q)[1] - w * w * w * _exponential(v, 1)[1]
        return pull / sigma, (w * pull - 1) / sigma, by_q

    def hessian(self, y: Array, mu: Array, sigma: Array, q: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        w = (y - mu) / sigma
        v = q * w
        power, rise, second_power = np.exp(v), special.exprel(v), w * w
        value, first, second = _exponential(v)
        pull, turn = w * rise, second_power * (value + v * first)
        square = sigma * sigma
        return (
            -power / square,
            -(w * power + pull) / square,
            turn / sigma,
            (1 - 2 * w * pull - w * w * power) / square,
            w * turn / sigma,
            _heights(q)[2] - second_power * second_power * second,
        )

    def derivative_sums(self, y: Array, weight: Array | None, mu: float, sigma: float, q: float) -> list[float]:
        """Sums of w²φ₂(v) and w³φ₂'(v) and w⁴φ₂''(v), v = Qw; of w r, w² r, w² r' and w³ r', with r = (e^v - 1)/v.

        Then of e^v, w e^v and w² e^v.
        """
        w = (y - mu) / sigma
        v = q * w
        value, first, second = _exponential(v)
        power, pull, turn = np.exp(v), w * special.exprel(v), w * w * (value + v * first)
        square = w * w
        rows = (square * value, square * w * first, square * square * second, pull, w * pull, turn, w * turn)
        return [*sums_of(weight, *rows), *sums_of(weight, power, w * power, square * power)]

    def derivatives(self, count: Any, sums: Sequence[Any], mu: Any, sigma: Any, q: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        values, firsts, seconds, pulls, w_pulls, turns, w_turns, powers, w_powers, square_powers = sums
        height, height_q, height_qq = _heights(q)
        square = sigma * sigma
        return [
            count * (height - np.log(sigma)) - values,
            pulls / sigma,
            (w_pulls - count) / sigma,
            count * height_q - firsts,
            -powers / square,
            -(w_powers + pulls) / square,
            turns / sigma,
            (count - 2 * w_pulls - square_powers) / square,
            w_turns / sigma,
            count * height_qq - seconds,
        ]

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The laws of several Q with the mean and deviation of a sample."""
        mean, deviation = sample.mean(), math.sqrt(sample.var()) or 1.0
        starts: list[tuple[float, ...]] = []
        for q in _STARTS:
            a = 1 / (q * q)
            sigma = deviation * abs(q) / math.sqrt(float(special.zeta(2.0, a)))
            starts.append((mean + sigma * log_minus_digamma(a) / q, sigma, q))
        return starts

    def starts_of_groups(self, groups: Groups) -> list[tuple[Array, ...]]:
        """The laws of several powers shape2, best first, but for the error of Minka's formula for shape1."""
        mean, deviation = groups.mean_and_deviation(groups.x)
        starts: list[tuple[Array, ...]] = []
        heights = []
        for power in _POWERS:
            c = power / deviation
            largest = c * (groups.maximum if power > 0 else groups.minimum)
            rows = np.exp(c[groups.ids] * groups.x - largest[groups.ids])
            log_mean = largest + np.log(groups.means(rows))
            gap = log_mean - c * mean
            root = np.sqrt((3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap))
            starts.append((log_mean / c, 1 / (np.abs(c) * root), np.sign(c) / root))
            a = np.square(root)
            heights.append(np.log(np.abs(c)) - special.gammaln(a) + a * (np.log(a) - 1 - gap))
        order = np.argsort(-np.array(heights), axis=0)
        ordered = (np.take_along_axis(np.array(values), order, axis=0) for values in zip(*starts, strict=True))
        return list(zip(*ordered, strict=True))


class _Prentice(Family):
    """The law of x in Prentice's parameters, in which likelihoods are maximised: that of its log, less log x."""

    support = POSITIVE

    def __init__(self) -> None:
        super().__init__()
        self._logs = _OfLogs()
        self.name, self.parameters = self._logs.name, self._logs.parameters

    def logpdf(self, x: Array, mu: Array, sigma: Array, q: Array) -> Array:
        """Log-density at x."""
        log_x = np.log(x)
        return self._logs.logpdf(log_x, mu, sigma, q) - log_x

    def score(self, x: Array, mu: Array, sigma: Array, q: Array) -> tuple[Array, ...]:
        """Derivatives by mu, sigma and q."""
        return self._logs.score(np.log(x), mu, sigma, q)

    def hessian(self, x: Array, mu: Array, sigma: Array, q: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return self._logs.hessian(np.log(x), mu, sigma, q)

    logcdf, logsf = logcdf_of_tails, logsf_of_tails

    @staticmethod
    def log_tails(x: Array, mu: Array, sigma: Array, q: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return _log_tails(*np.broadcast_arrays((log_or_minus_inf(x) - mu) / sigma, np.asarray(q, dtype=float)))

    def tail_scores(self, x: Array, mu: Array, sigma: Array, q: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by mu, sigma and q; near the normal law of logs, means in a tail."""
        w, q = np.broadcast_arrays((log_or_minus_inf(x) - mu) / sigma, np.asarray(q, dtype=float))
        by_w, by_q = np.full((2, 2, *w.shape), np.nan)
        apart = np.abs(q) >= _MODERATE
        if apart.any():
            v, r = w[apart], q[apart]
            slopes = log_gammainc_slopes(1 / (r * r), r * v - 2 * np.log(np.abs(r)))
            for side, (by_shape, by_t) in enumerate(slopes):
                own = np.where(r > 0, side, 1 - side)
                by_w[own, *apart.nonzero()] = by_t * r
                by_q[own, *apart.nonzero()] = by_t * (v - 2 / r) - by_shape * (2 / r**3)
        near = ~apart & np.isfinite(w)
        if near.any():
            by_w[:, near], by_q[:, near] = _tail_slopes_near_normal(w[near], q[near])
        below, above = ((-along / sigma, -along / sigma * w, by) for along, by in zip(by_w, by_q, strict=True))
        return below, above


def _log_tails(w: Array, q: Array) -> tuple[Array, Array]:
    """Logs of both tails of the standardised log of x."""
    below, above = np.empty((2, *w.shape))
    normal = np.abs(q) < _NEAR_NORMAL
    if normal.any():
        v, r = w[normal], q[normal]
        turned = np.where(r >= 0, 1.0, -1.0)
        with np.errstate(over="ignore"):
            z = turned * v * special.exprel(r * v)
            lower, upper = log_gamma_tails_by_expansion(np.abs(r), z, np.expm1(r * v))
        below[normal], above[normal] = np.where(r >= 0, lower, upper), np.where(r >= 0, upper, lower)
    if not normal.all():
        v, r = w[~normal], q[~normal]
        lower, upper = log_gamma_tails(1 / (r * r), r * v - 2 * np.log(np.abs(r)))
        below[~normal], above[~normal] = np.where(r > 0, lower, upper), np.where(r > 0, upper, lower)
    return below, above


def _tail_slopes_near_normal(w: Array, q: Array) -> tuple[Array, Array]:
    """Derivatives of the logs of both tails by w and by q, where the log of x is nearly normal."""

    def density(at: Array) -> tuple[Array, Array]:
        height, by_q, _ = _heights(q)
        level, slope = _exponential(q * at, 1)
        return height - at * at * level, by_q - at**3 * slope

    tails = _log_tails(w, q)
    height, up = density(w)[0], w >= 0
    with np.errstate(over="ignore"):
        slopes = means_in_tails(
            density,
            w,
            up=up,
            steep=np.where(up, 1.0, -1.0) * w * special.exprel(q * w),
            bend=np.exp(q * w),
            room=np.full(w.shape, np.inf),
            log_tails=tails,
        )
        rates = np.exp(height - tails[0]), -np.exp(height - tails[1])
    return np.array(rates), np.array(slopes)


def _exponential(v: Array, derivatives: int = 2) -> list[Array]:
    """(exp(v) - 1 - v) / v², its first and its second derivative; as their power series near 0, where they cancel."""
    near = np.abs(v) < 1.0
    values: list[Array] = []
    if not near.all():
        square = v * v
        with np.errstate(all="ignore"):
            power = np.exp(v)
            values.append(np.asarray((np.expm1(v) - v) / square))
            if derivatives > 0:
                values.append(np.asarray(((v - 2) * power + v + 2) / (square * v)))
            if derivatives > 1:
                values.append(np.asarray(((square - 4 * v + 6) * power - 2 * v - 6) / (square * square)))
        if not near.any():
            return values
    small = np.asarray(v)[near]
    series = []
    for coefficients in _SERIES[: derivatives + 1]:
        total = np.zeros_like(small)
        for coefficient in coefficients:
            total *= small
            total += coefficient
        series.append(total)
    if not values:
        return [total.reshape(np.shape(v)) for total in series]
    for value, total in zip(values, series, strict=True):
        value[near] = total
    return values


def _heights(q: Any) -> tuple[Any, Any, Any]:
    """h(Q), its first and its second derivative, of one Q or of each."""
    if np.ndim(q) == 0:
        return _heights_near_normal(q) if q * q * _SERIES_SHAPE < 1 else _heights_apart(q)
    q = np.asarray(q, dtype=float)
    near = q * q * _SERIES_SHAPE < 1
    both = zip(_heights_near_normal(np.where(near, q, 0.0)), _heights_apart(np.where(near, 1.0, q)), strict=True)
    series, direct, third = (np.where(near, one, other) for one, other in both)
    return series, direct, third


def _heights_near_normal(q: Any) -> tuple[Any, Any, Any]:
    """The same by the asymptotic series in Q of the functions of 1/Q²."""
    r = q * q
    value = -0.5 * math.log(2 * math.pi) - r * (1 / 12 - r * r * (1 / 360 - r * r * (1 / 1260 - r * r / 1680)))
    first = -2 * q * (1 / 12 - r * r * (1 / 120 - r * r * (1 / 252 - r * r * (1 / 240 - r * r / 132))))
    second = -2 * (1 / 12 - r * r * (5 / 120 - r * r * (9 / 252 - r * r * (13 / 240 - r * r * 17 / 132))))
    return value, first, second


def _heights_apart(q: Any) -> tuple[Any, Any, Any]:
    """The same by the functions of 1/Q² themselves, which is small enough for their differences to keep digits."""
    a = 1 / (q * q)
    gap, bend = np.log(a) - special.psi(a), 1 / a - trigamma(a)
    first = (1 - 2 * a * gap) / q
    second = -a * (1 - 2 * a * gap) + 4 * a * a * (gap + a * bend)
    return np.log(np.abs(q)) - stirling_remainder(a), first, second


# --- the profile of exact data ----------------------------------------------------------------------------------------


def _gap(logs: Sample, c: float) -> tuple[float, float, float]:
    """Three moments of logs y near 0, with weights exp(c y).

    They are log(mean(exp(c y))) - c mean(y), the weighted mean less the mean of y, and the weighted variance.
    """
    largest = logs.maximum if c > 0 else logs.minimum

    def functions(y: Array) -> tuple[Array, ...]:
        # For small c the sum of exp(cy) - 1 keeps the digits that a log of a mean near 1 would lose.
        excess = np.expm1(c * y) if c * largest < 1 else np.exp(c * (y - largest))
        weight = excess + 1 if c * largest < 1 else excess
        pull = weight * y
        return y, excess, weight, pull, pull * y

    plain, excess, total, first, second = means_of(logs, functions).tolist()
    mean = first / total
    gap = (math.log1p(excess) if c * largest < 1 else c * largest + math.log(total)) - c * plain
    return gap, mean - plain, second / total - mean * mean


def _profile_values(logs: Sample, grid: Array, sign: float) -> Array:
    """`_profile` at several points."""
    return np.array([_profile(logs, u, sign) for u in grid.tolist()])


def _profile(logs: Sample, u: float, sign: float) -> float:
    """Mean log-likelihood of the logs, of mean 0, at shape2 = ±exp(u) and the best other parameters; nats."""
    gap = _gap(logs, sign * math.exp(u))[0]
    shape1 = inverse_log_minus_digamma(gap)
    return u - shape1 * log_minus_digamma(shape1) - float(stirling_remainder(np.asarray(shape1)))


def _profile_slopes(logs: Sample, u: float, sign: float) -> tuple[float, float]:
    """First and second derivative of `_profile` by u."""
    c = sign * math.exp(u)
    gap, distance, variance = _gap(logs, c)
    shape1 = inverse_log_minus_digamma(gap)
    shift = c * distance
    by_gap = 1 / log_minus_digamma_slope(shape1)  # derivative of shape1; negative
    return 1 - shape1 * shift, -(by_gap * shift * shift + shape1 * (shift + c * c * variance))


def _highest(sample: Sample) -> tuple[Sample, float, float, float, float, float]:
    """Standardised logs, their mean and deviation; top of the profile: nats above the lognormal law, u, and sign."""
    logs = sample.mapped(np.log)
    mean_log, deviation = logs.mean(), math.sqrt(logs.var())
    logs = logs.standardised(mean_log, deviation)
    hills = []
    for sign in (1.0, -1.0):
        values, slopes = partial(_profile_values, sign=sign), partial(_profile_slopes, sign=sign)
        u = profile_maximum(logs, values, slopes, _LOWEST, _HIGHEST, _STEP)
        hills.append(((_profile(logs, u, sign) - _LOGNORMAL) * sample.nobs, u, sign))
    return logs, mean_log, deviation, *max(hills)


def _above_lognormal(sample: Sample) -> float:
    return max(0.0, _highest(sample)[3])


def _stacy(logs: Sample, u: float, sign: float, mean_log: float, deviation: float) -> tuple[float, float, float]:
    """Shape1, shape2 and log(scale) of the data, from logs standardised to mean 0 and deviation 1."""
    gap = _gap(logs, sign * math.exp(u))[0]
    shape1, shape2 = inverse_log_minus_digamma(gap), sign * math.exp(u) / deviation
    return shape1, shape2, mean_log - float(special.psi(shape1)) / shape2
