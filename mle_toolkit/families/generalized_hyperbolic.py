"""The generalized hyperbolic law."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.bessel_k import log_k, log_k_alone, range_of_log_k, rest_of_log_k
from mle_toolkit.families.combinators.mapped import negated
from mle_toolkit.families.combinators.shifted import Shifted
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.generalized_inverse_gaussian import GeneralizedInverseGaussian
from mle_toolkit.families.hooks import TailExpansion
from mle_toolkit.families.normal_inverse_gaussian import NormalInverseGaussian, exponent
from mle_toolkit.families.normal_mixing import mixed_log_tails, mixed_tail_expansion, mixed_tail_slopes
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.skewed_student import SkewedStudent
from mle_toolkit.families.standardised import Together, best_starts, tails_of_location_scale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mle_toolkit.data.sample import Sample

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)

_LARGEST = 100.0
"""Size of lam beyond which the law is not told from its limits, and formulas lose digits."""

_POLE = 0.5
"""Value of lam up to which the density has a pole at loc as gamma falls to 0, if it is positive."""

_LEANS = 20.0
"""Spread of the mean, over that about it, from which the law is compared with its limits for an infinite beta."""

_ORDERS = (-2.0, -0.5, 1.0)
"""Values of lam that are tried at the start."""


class GeneralizedHyperbolic(Together):
    r"""Returns, turbulence, sizes of sand: normal of a variance that is generalized inverse Gaussian, and so its mean.

    .. math:: \log f(x) = -\log s + \lambda\log\gamma - \log K_\lambda(\gamma) - \tfrac12\log 2\pi + \beta z
        + (\tfrac12 - \lambda)\log\frac{\alpha}{r} + \log K_{\lambda - 1/2}(\alpha r),
        \quad z = (x - m)/s,\ r = \sqrt{1 + z^2},\ \alpha = \sqrt{\beta^2 + \gamma^2}

    with K the Bessel function of the second kind. Sources: Barndorff-Nielsen (1977), Proceedings of the Royal Society A
    353, 401-419; McNeil, Frey & Embrechts (2005), Quantitative Risk Management, 3.2. ``lam`` is λ, ``scale`` δ, and
    ``beta`` and ``gamma`` are β and γ times δ: SciPy's are p = λ, a = α, b = β. The normal-inverse Gaussian law for
    lam = -1/2, the hyperbolic one for lam = 1. Limits: the normal law as gamma → ∞; as gamma → 0 for a negative
    lam Student's, skewed by beta (Aas & Haff 2006), and for a positive one the variance gamma law, of shape lam; the
    generalized inverse Gaussian law beyond a threshold as beta → ±∞.

    The likelihood is often flat along lam and gamma: fix lam where a law of the family is meant. Where lam is free, or
    known and from 0 to 1/2, the likelihood of exact data has no bound, as that of the variance gamma law, and the
    maximum reported is a local one. The cdf is a sum of normal ones over the variance, by the trapezoidal rule in its
    log, to 1e-11.
    """

    name = "generalized_hyperbolic"
    aliases = ("genhyperbolic", "ghyp", "gh")
    support = REAL
    dear_tails = True
    without_spikes = "Fix lam, above 1/2 or below 0."
    only_if_asked = "its likelihood is often flat along two of its five parameters, so only if asked for"
    parameters = (
        LOC,
        SCALE,
        Parameter("beta", REAL, typical=(-1.0, 1.0)),
        Parameter("gamma", POSITIVE, typical=(0.5, 5.0)),
        Parameter("lam", Interval(-_LARGEST, _LARGEST), typical=(-1.5, 1.5), natural=REAL),
    )

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        beta, gamma, lam = shapes
        alpha, root = np.hypot(beta, gamma), np.hypot(1.0, z)
        level = lam * np.log(gamma) - log_k_alone(lam, gamma) + (0.5 - lam) * np.log(alpha) - _HALF_LOG_TWO_PI
        mixed = log_k_alone(np.subtract(lam, 0.5), alpha * root)
        return np.asarray(level + (lam - 0.5) * np.log(root) + mixed - exponent(z, beta, gamma))

    def reduced_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives by z, beta, gamma and lam, and the second ones."""
        beta, gamma, lam = shapes
        alpha_square, square = np.square(beta) + np.square(gamma), 1 + z * z
        order, argument = np.subtract(lam, 0.5), np.sqrt(alpha_square * square)
        at, base = log_k(order, argument), log_k(lam, gamma)
        # Slopes of log K by the log of its argument, plus the size of the order, and those of them.
        slope, curve = rest_of_log_k(order, argument, at)
        base_slope, base_curve = rest_of_log_k(lam, gamma, base)
        rest, rise = slope - (np.abs(order) + order), slope - (np.abs(order) - order)
        fall = np.abs(lam) + lam - base_slope
        along = z / square
        b, g = beta / alpha_square, gamma / alpha_square  # of log alpha by beta and gamma
        first = (
            rise * along + beta,
            rest * b + z,
            fall / gamma + rest * g,
            np.log(gamma) - base.by_order - 0.5 * np.log(alpha_square / square) + at.by_order,
        )
        second = (
            (rise * (1 - z * z) + curve * z * z) / np.square(square),
            curve * along * b + 1,
            curve * along * g,
            (1 - at.mixed) * along,
            rest / alpha_square + (curve - 2 * rest) * b * b,
            (curve - 2 * rest) * b * g,
            (-at.mixed - 1) * b,
            -(fall + base_curve) / np.square(gamma) + rest / alpha_square + (curve - 2 * rest) * g * g,
            (1 + base.mixed) / gamma - (1 + at.mixed) * g,
            at.by_order_twice - base.by_order_twice,
        )
        return first, second

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        z, *at = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        beta, gamma, lam = at
        log_norm = math.log(2) + log_k_alone(lam, gamma)
        return mixed_log_tails(z, beta, *_range(z, *at), _log_mixing, gamma, lam, log_norm)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by the shapes: means of those of the log of the mixing density.

        Given z the variance is generalized inverse Gaussian, of the order lam - 1/2.
        """
        z, *at = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        beta, gamma, lam = at
        base = log_k(lam, gamma)
        fall = (np.abs(lam) + lam - rest_of_log_k(lam, gamma, base)[0]) / gamma
        alpha, root = np.hypot(beta, gamma), np.hypot(1.0, z)
        more, own = (log_k_alone(lam + k, alpha * root) for k in (0.5, -0.5))
        log_rate = self.reduced(z, *at) + np.log(root / alpha) + more - own
        known = gamma, lam, math.log(2) + base.log, fall, np.log(gamma) - base.by_order

        def by_shapes(u: Array, gamma: Array, _: Array, __: Array, fall: Array, level: Array) -> tuple[Array, Array]:
            return fall - gamma * np.exp(u), u + level

        return mixed_tail_slopes(z, beta, *_range(z, *at), _log_mixing, by_shapes, log_rate, *known)

    def tail_expansion(self, x: Array, *params: Any) -> TailExpansion:
        """Logs of the tails, with derivatives and second derivatives."""
        return tails_of_location_scale(self, x, params, self._tail_expansion)

    def _tail_expansion(self, z: Array, *shapes: Any) -> TailExpansion:
        """Of the tails of z, by the shapes: how they move with beta is a density of the next order."""
        z, *at = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        beta, gamma, lam = at
        base, falls, bend = _norm(gamma, lam)
        more, more_falls, _ = _norm(gamma, lam + 1)
        next_one = self.reduced(z, beta, gamma, lam + 1)
        log_rate = next_one - np.log(gamma) - base + more
        _, by_beta, by_gamma, by_lam = self.reduced_derivatives(z, beta, gamma, lam + 1)[0]
        slopes = by_beta, by_gamma + falls[0] - more_falls[0], by_lam + falls[1] - more_falls[1]

        def by_shapes(u: Array, gamma: Array, *known: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
            _, _, fall, level, by_gamma, mixed, by_lam = known
            variance = np.exp(u)
            return (fall - gamma * variance, u + level), (by_gamma - variance, mixed, by_lam)

        known = gamma, lam, math.log(2) + base, *falls, *bend
        return mixed_tail_expansion(z, beta, *_range(z, *at), _log_mixing, by_shapes, log_rate, slopes, *known)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Those of the normal-inverse Gaussian law, with several lam; the best three."""
        law = NormalInverseGaussian()
        starts: list[tuple[float, ...]] = [(*start, lam) for start in law.start(sample) for lam in _ORDERS]
        return best_starts(sample, self.logpdf, starts, 3)

    def spikes(self, sample: Sample) -> str | None:
        """Loc at an observation."""
        return self.unbounded(sample, {})

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Where an observation is exact, and the law may become one with a pole at loc."""
        if {"loc", "scale", "gamma"} & set(fixed) or not (sample.is_plain or np.any(sample.lower == sample.upper)):
            return None
        if not 0 <= fixed.get("lam", 0.0) <= _POLE:
            return None
        return (
            "with loc at an observation the likelihood rises without bound as scale and gamma fall to 0, with a small "
            "lam, which it does not with lam fixed above 1/2, or below 0"
        )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law as gamma → ∞; as gamma → 0 Student's, skewed too, or for lam > 0 the variance gamma law.

        As beta → ±∞ what the variance follows, beyond a threshold.
        """
        above, below = _beyond_threshold()
        return (
            Limit(get_family("normal"), lambda mu, sigma: (mu, np.inf, 0.0, np.inf, -0.5)),
            Limit(get_family("student_t"), lambda df, loc, scale: (loc, scale * math.sqrt(df), 0.0, 0.0, -0.5 * df)),
            Limit(SkewedStudent(), lambda loc, scale, beta, lam: (loc, scale, beta, 0.0, lam)),
            Limit(get_family("variance_gamma"), lambda loc, scale, beta, shape: (loc, 0.0, 0.0, 0.0, shape)),
            Limit(above, lambda gamma, lam, scale, threshold: (threshold, 0.0, np.inf, gamma, lam)),
            Limit(below, lambda gamma, lam, scale, threshold: (threshold, 0.0, -np.inf, gamma, lam)),
        )

    def limits_near(
        self, sample: Sample, loc: float, scale: float, beta: float, gamma: float, lam: float
    ) -> tuple[Limit, ...]:
        """The normal law, that as gamma → 0 for this lam, and that on the side to which the law leans much."""
        normal, student, skewed, variance_gamma, above, below = self.limits
        near = (normal, student, skewed) if lam < 0 else (normal, variance_gamma)
        first = _moment(1, gamma, lam)
        spread = _moment(2, gamma, lam) - first * first
        if not beta * beta * spread > _LEANS * _LEANS * first:
            return near
        return (*near, above if beta > 0 else below)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """The normal-inverse Gaussian law for lam = -1/2."""
        nig = get_family("normal_inverse_gaussian")
        return (SpecialCase(nig, lambda loc, scale, beta, gamma: (loc, scale, beta, gamma, -0.5), at=("lam",)),)

    def mean(self, loc: Array, scale: Array, beta: Array, gamma: Array, lam: Array) -> Array:
        """Expected value: loc + scale beta E w."""
        return np.asarray(loc + scale * np.asarray(beta) * _moment(1, gamma, lam))

    def var(self, loc: Array, scale: Array, beta: Array, gamma: Array, lam: Array) -> Array:
        """Variance: scale² (E w + beta² var w)."""
        first = _moment(1, gamma, lam)
        spread = _moment(2, gamma, lam) - np.square(first)
        return np.asarray(np.square(scale) * (first + np.square(beta) * spread) + 0 * np.asarray(loc))

    def rvs(self, loc: Array, scale: Array, beta: Array, gamma: Array, lam: Array, size: Any, rng: Any) -> Array:
        """Draw random numbers."""
        from scipy import stats

        w = stats.geninvgauss.rvs(lam, gamma, size=size, random_state=rng) / np.asarray(gamma)
        return np.asarray(loc + scale * (beta * w + np.sqrt(w) * rng.standard_normal(np.shape(w) or None)))

    def to_scipy(self, loc: float, scale: float, beta: float, gamma: float, lam: float) -> Any:
        """``scipy.stats.genhyperbolic(lam, hypot(beta, gamma), beta, loc, scale)``."""
        from scipy import stats

        return stats.genhyperbolic(lam, math.hypot(beta, gamma), beta, loc, scale)

    @staticmethod
    def from_scipy(p: float, a: float, b: float, loc: float, scale: float) -> dict[str, Any]:
        """Parameters of ``scipy.stats.genhyperbolic(p, a, b, loc, scale)``."""
        return {"loc": loc, "scale": scale, "beta": b, "gamma": math.sqrt((a - b) * (a + b)), "lam": p}


@cache
def _beyond_threshold() -> tuple[Family, Family]:
    """Generalized inverse Gaussian laws above a threshold, and below one: one object for all that tend to them."""
    above = Shifted(GeneralizedInverseGaussian())
    return above, negated(above)


def _moment(power: int, gamma: Any, lam: Any) -> Array:
    """Expected power of the variance w."""
    return np.asarray(np.exp(log_k_alone(np.add(lam, power), gamma) - log_k_alone(lam, gamma)) / np.power(gamma, power))


def _range(z: Array, beta: Array, gamma: Array, lam: Array) -> tuple[Array, Array]:
    """Ends of the log of the variance w between which all lies that counts for tails at z.

    Of w, t = log(w gamma) has the density exp(lam t - gamma cosh t); given z w is about root / alpha, beyond which, on
    either side, that density falls no slower than from its mode, as its log is concave.
    """
    alpha, root = np.hypot(beta, gamma), np.hypot(1.0, z)
    low, high = range_of_log_k(lam, gamma)
    near, far = range_of_log_k(lam - 0.5, alpha * root)
    shift = np.log(root / alpha)
    mode = np.arcsinh(lam / gamma)
    at_mode = mode - np.log(gamma)
    return np.minimum(at_mode, near + shift) - (mode - low), np.maximum(at_mode, far + shift) + (high - mode)


def _norm(gamma: Array, lam: Array) -> tuple[Array, tuple[Array, Array], tuple[Array, Array, Array]]:
    """Log of K and gamma; derivatives of lam log(gamma) - log K by gamma and lam, and the second ones."""
    base = log_k(lam, gamma)
    slope, curve = rest_of_log_k(lam, gamma, base)
    fall = np.abs(lam) + lam - slope
    first = fall / gamma, np.log(gamma) - base.by_order
    return base.log, first, (-(fall + curve) / np.square(gamma), (1 + base.mixed) / gamma, -base.by_order_twice)


def _log_mixing(u: Array, gamma: Array, lam: Array, log_norm: Array, *_: Array) -> Array:
    """Log-density of the log of the variance."""
    t = u + np.log(gamma)
    half = np.sinh(0.5 * t)
    return np.asarray(lam * t - 2 * gamma * half * half - log_norm)
