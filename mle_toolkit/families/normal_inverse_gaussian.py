"""The normal-inverse Gaussian law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.hooks import TailExpansion
from mle_toolkit.families.normal_mixing import mixed_log_tails, mixed_tail_expansion, mixed_tail_slopes
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.standardised import LocationScale, best_starts, tails_of_location_scale

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_STEEPEST = 0.9
"""Size of beta / alpha up to which moments give a start."""

_LEANS = 20.0
"""Size of beta from which the law is compared with its limit for an infinite one."""

_NEAR, _AWAY = 10.0, (0.03, 0.2, 1.0)
"""Size of beta, and distances of the threshold from the data, in their range, of starts beside that limit."""

_FEW = 1_000
"""Rows up to which likelihoods may have several maxima, and starts there cost little."""

_FOLDS = 45.0
"""Fall of the log of the mixing density, nats, beyond which nothing is left."""


class NormalInverseGaussian(LocationScale):
    r"""Returns of assets, turbulence: normal of a variance that is inverse Gaussian, its mean moving with the variance.

    .. math:: \log f(x) = -\log s + \log\frac{\alpha}{\pi\sqrt{1 + z^2}} + \gamma + \beta z
        + \log K_1\bigl(\alpha\sqrt{1 + z^2}\bigr), \quad z = (x - m)/s,\ \alpha = \sqrt{\beta^2 + \gamma^2}

    Source: Barndorff-Nielsen (1997), Scandinavian Journal of Statistics 24, 1-13. ``beta`` is the asymmetry; tails fall
    as exp(-(α ± β) z), heavy for a small ``gamma``. These are the products of his β and γ with δ, the scale, so that
    they do not move with the unit, and are free of each other: SciPy's are a = α and b = β. Limits: the normal law as
    gamma → ∞, Cauchy's as gamma → 0, an inverse Gaussian one from a threshold on as beta → ±∞. The cdf is a sum of
    normal ones over the variance, by the trapezoidal rule in its log; its error is below 1e-12.
    """

    name = "normal_inverse_gaussian"
    aliases = ("norminvgauss", "nig")
    support = REAL
    dear_tails = True
    only_if_asked = "takes a second and more where ten thousand data lean far, so only if asked for"
    parameters = (
        LOC,
        SCALE,
        Parameter("beta", REAL, typical=(-1.0, 1.0)),
        Parameter("gamma", POSITIVE, typical=(0.5, 5.0)),
    )

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        beta, gamma = shapes
        alpha, root = np.hypot(beta, gamma), np.hypot(1.0, z)
        fall = exponent(z, beta, gamma)
        return np.asarray(np.log(alpha / (math.pi * root)) - fall + np.log(special.k1e(alpha * root)))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by z, beta and gamma."""
        beta, gamma = shapes
        alpha, root = np.hypot(beta, gamma), np.hypot(1.0, z)
        fall = _fall(alpha * root)[0]
        by_alpha = 1 / alpha - fall * root
        by_z = beta - z / np.square(root) - fall * alpha * z / root
        return by_z, z + by_alpha * beta / alpha, 1 + by_alpha * gamma / alpha

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        beta, gamma = shapes
        alpha, root = np.hypot(beta, gamma), np.hypot(1.0, z)
        fall, bend = _fall(alpha * root)
        by_alpha = 1 / alpha - fall * root
        by_alpha_twice = bend * root * root - 1 / np.square(alpha)
        b, g = beta / alpha, gamma / alpha
        by_z_alpha = z / root * (bend * alpha * root - fall)
        square = root * root
        by_z_twice = (
            -(1 - z * z) / np.square(square) - fall * alpha / (square * root) + bend * alpha * alpha * z * z / square
        )
        return (
            by_z_twice,
            1 + by_z_alpha * b,
            by_z_alpha * g,
            by_alpha_twice * b * b + by_alpha / alpha * g * g,
            (by_alpha_twice - by_alpha / alpha) * b * g,
            by_alpha_twice * g * g + by_alpha / alpha * b * b,
        )

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        z, beta, gamma = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        return mixed_log_tails(z, beta, *_range(z, beta, gamma), _log_mixing, gamma)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by the shapes: means of those of the log of the mixing density."""
        z, beta, gamma = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        alpha, root = np.hypot(beta, gamma), np.hypot(1.0, z)
        mean = root / alpha * special.k0e(alpha * root) / special.k1e(alpha * root)  # of the variance, given z
        log_rate = self.reduced(z, beta, gamma) + np.log(mean)

        def by_gamma(u: Array, gamma: Array) -> tuple[Array]:
            return (1 - gamma * np.exp(u),)

        return mixed_tail_slopes(z, beta, *_range(z, beta, gamma), _log_mixing, by_gamma, log_rate, gamma)

    def tail_expansion(self, x: Array, *params: Any) -> TailExpansion:
        """Logs of the tails, with derivatives and second derivatives."""
        return tails_of_location_scale(self, x, params, _tail_expansion)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Of each kind the best: moments, heavy tails about the median, and of few rows beside the leaning limits."""
        mean, deviation = sample.mean(), math.sqrt(sample.var())
        skew, kurtosis = (sample.mean(lambda x, k=k: ((x - mean) / deviation) ** k) for k in (3, 4))  # type: ignore[misc]
        excess = max(kurtosis - 3, 5 / 3 * skew * skew + 0.05)
        rest = 3 * excess - 4 * skew * skew
        share = min(max(skew / math.sqrt(rest), -_STEEPEST), _STEEPEST)  # beta / alpha
        middle, half = sample.quantile(0.5), 0.5 * (sample.quantile(0.75) - sample.quantile(0.25)) or deviation
        alike = [_of_moments(mean, deviation, share, gamma) for gamma in (9 / rest, 0.3, 1.0, 10.0)]
        heavy: list[tuple[float, ...]] = [(middle, half, lean, 0.1) for lean in (-0.1, 0.0, 0.1)]
        starts = best_starts(sample, self.logpdf, alike, 2) + best_starts(sample, self.logpdf, heavy, 1)
        reach = sample.maximum - sample.minimum
        for sign, end in ((1.0, sample.minimum), (-1.0, sample.maximum)) if sample.n_rows <= _FEW else ():
            beside = [_from_threshold(sample, sign, end - sign * away * reach) for away in _AWAY]
            starts += best_starts(sample, self.logpdf, beside, 1)
        return best_starts(sample, self.logpdf, starts, len(starts))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law as gamma → ∞, Cauchy's as gamma → 0; inverse Gaussian beyond a threshold as beta → ±∞."""
        return (
            Limit(get_family("normal"), lambda mu, sigma: (mu, np.inf, 0.0, np.inf)),
            Limit(get_family("cauchy"), lambda loc, scale: (loc, scale, 0.0, 0.0)),
            Limit(_beyond(1.0), lambda mu, lam, threshold: (threshold, 0.0, np.inf, lam / mu)),
            Limit(_beyond(-1.0), lambda mu, lam, threshold: (threshold, 0.0, -np.inf, lam / mu)),
        )

    def limits_near(self, sample: Sample, loc: float, scale: float, beta: float, gamma: float) -> tuple[Limit, ...]:
        """The symmetric ones, and that on the side to which the law leans if it does so much."""
        normal, cauchy, above, below = self.limits
        if abs(beta) < _LEANS:
            return normal, cauchy
        return (normal, above) if beta > 0 else (normal, below)

    def mean(self, loc: Array, scale: Array, beta: Array, gamma: Array) -> Array:
        """Expected value: loc + scale beta/gamma."""
        return np.asarray(loc + scale * beta / gamma)

    def var(self, loc: Array, scale: Array, beta: Array, gamma: Array) -> Array:
        """Variance: scale² alpha²/gamma³."""
        return np.asarray(np.square(scale * np.hypot(beta, gamma) / gamma) / gamma + 0 * np.asarray(loc))

    def rvs(self, loc: Array, scale: Array, beta: Array, gamma: Array, size: Any, rng: Any) -> Array:
        """Draw random numbers."""
        w = rng.wald(1 / np.asarray(gamma), 1.0, size)
        return np.asarray(loc + scale * (beta * w + np.sqrt(w) * rng.standard_normal(np.shape(w) or None)))

    def to_scipy(self, loc: float, scale: float, beta: float, gamma: float) -> Any:
        """``scipy.stats.norminvgauss(hypot(beta, gamma), beta, loc, scale)``."""
        from scipy import stats

        return stats.norminvgauss(math.hypot(beta, gamma), beta, loc, scale)

    @staticmethod
    def from_scipy(a: float, b: float, loc: float, scale: float) -> dict[str, Any]:
        """Parameters of ``scipy.stats.norminvgauss(a, b, loc, scale)``."""
        return {"loc": loc, "scale": scale, "beta": b, "gamma": math.sqrt((a - b) * (a + b))}


def _range(z: Array, beta: Array, gamma: Array) -> tuple[Array, Array]:
    """Ends of the log of the variance w between which all lies that counts for tails at z.

    The log of w has the density exp(-gamma (cosh(log(w gamma)) - 1)); given z w is about root / alpha, beyond which, on
    either side, that density falls no slower than from its mode.
    """
    alpha, root = np.hypot(beta, gamma), np.hypot(1.0, z)
    centres = -np.log(gamma), np.log(root / alpha)
    widths = np.arccosh(1 + _FOLDS / gamma), np.arccosh(1 + _FOLDS / (alpha * root))
    low = np.minimum(centres[0], centres[1] - widths[1]) - widths[0]
    return low, np.maximum(centres[0], centres[1] + widths[1]) + widths[0]


def _tail_expansion(z: Array, beta: Any, gamma: Any) -> TailExpansion:
    """Of the tails of z, by beta and gamma."""
    z, beta, gamma = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, beta, gamma)))
    alpha, root = np.hypot(beta, gamma), np.hypot(1.0, z)
    own = special.k0e(alpha * root)
    log_rate = np.log(own / math.pi) - exponent(z, beta, gamma)
    fall = special.k1e(alpha * root) / own * root / alpha
    slopes = z - fall * beta, 1 - fall * gamma

    def by_gamma(u: Array, gamma: Array) -> tuple[tuple[Array], tuple[Array]]:
        variance = np.exp(u)
        return (1 - gamma * variance,), (-variance,)

    at = z, beta, *_range(z, beta, gamma)
    return mixed_tail_expansion(*at, _log_mixing, by_gamma, log_rate, slopes, gamma)


def _log_mixing(u: Array, gamma: Array) -> Array:
    """Log-density of the log of the variance."""
    half = np.sinh(0.5 * (u + np.log(gamma)))
    return np.asarray(-0.5 * (u + math.log(2 * math.pi)) - 2 * gamma * half * half)


def exponent(z: Array, beta: Any, gamma: Any) -> Array:
    """``alpha root - gamma - beta z``, with the roots of beta² + gamma² and 1 + z²: never negative."""
    level = gamma + beta * z
    total = np.hypot(beta, gamma) * np.hypot(1.0, z) + np.abs(level)
    # The product of the difference with the sum is a square.
    return np.asarray(np.where(level > 0, np.square(gamma * z - beta) / total, total))


def _beyond(sign: float) -> Family:
    """The inverse Gaussian law above a threshold; for a negative sign, of -x."""
    law = get_family("shifted(inverse_gaussian)")
    return law if sign > 0 else get_family("negated(shifted(inverse_gaussian))")


def _from_threshold(sample: Sample, sign: float, threshold: float) -> tuple[float, ...]:
    """The law near the inverse Gaussian one beyond a threshold that has its highest likelihood there."""
    mean = sign * (sample.mean() - threshold)

    def spread(x: Array) -> Array:
        y = sign * (x - threshold)
        return np.square(y - mean) / y

    gamma = mean / sample.mean(spread)
    return threshold, mean * gamma / _NEAR, sign * _NEAR, gamma


def _of_moments(mean: float, deviation: float, share: float, gamma: float) -> tuple[float, ...]:
    """The law of a mean and a standard deviation, of beta/alpha and gamma."""
    alpha = gamma / math.sqrt(1 - share * share)
    scale = deviation * gamma**1.5 / alpha
    return mean - scale * share * alpha / gamma, scale, share * alpha, gamma


def _fall(w: Array) -> tuple[Array, Array]:
    """Minus the derivative of log K1, and its second derivative."""
    fall = special.k0e(w) / special.k1e(w) + 1 / w
    return fall, 1 + 1 / np.square(w) + fall / w - np.square(fall)
