"""The skewed Student law at the end of the generalized hyperbolic ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.bessel_k import log_k, log_k_alone, rest_of_log_k
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.hooks import TailExpansion
from mle_toolkit.families.normal_inverse_gaussian import exponent
from mle_toolkit.families.normal_mixing import mixed_log_tails, mixed_tail_expansion, mixed_tail_slopes
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.standardised import Together, best_starts, tails_of_location_scale

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_LOG_TWO = math.log(2)

_LIGHTEST = -100.0
"""Value of lam below which the law is not told from lighter ones."""

_FOLDS = 45.0
"""Fall of the log of the mixing density, nats, beyond which nothing is left."""

_ORDERS = (-0.8, -1.5, -3.0, -8.0)
_LEANS = (0.1, 0.5, 1.0, 2.0)
"""Values of lam, and sizes of beta over the root of -2 lam, that are tried at the start."""

_FAR = 20.0
"""The latter from which the law is compared with its limit for an infinite beta."""


class SkewedStudent(Together):
    r"""Normal of a variance that is inverse gamma, its mean moving with the variance: one tail is a power.

    .. math:: \log f(x) = -\log s + (1 - \nu)\log 2 - \log\Gamma(\nu) - \tfrac12\log 2\pi + \beta z
        + (\nu + \tfrac12)\log\frac{|\beta|}{r} + \log K_{\nu + 1/2}(|\beta| r),
        \quad z = (x - m)/s,\ r = \sqrt{1 + z^2},\ \nu = -\lambda

    Source: Aas & Haff (2006), Journal of Financial Econometrics 4, 275-309. Student's law of 2 ν degrees of freedom for
    beta = 0; an inverse gamma one beyond a threshold as beta → ±∞.
    """

    dear_tails = True
    support = REAL
    parameters = (
        LOC,
        SCALE,
        Parameter("beta", REAL, typical=(-1.0, 1.0)),
        Parameter("lam", Interval(_LIGHTEST, 0.0), typical=(-3.0, -1.0)),
    )

    def __init__(self) -> None:
        super().__init__()
        self.name = "skewed Student"

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        beta, lam = shapes
        nu, root, size = -np.asarray(lam, dtype=float), np.hypot(1.0, z), np.abs(beta)
        order = nu + 0.5
        with np.errstate(all="ignore"):  # for beta = 0 the limit
            leaning = order * np.log(size / root) + log_k_alone(order, size * root)
            upright = (order - 1) * _LOG_TWO + special.gammaln(order) - 2 * order * np.log(root)
            either = np.where(size == 0, upright, leaning - exponent(z, beta, 0.0))
        return np.asarray((1 - nu) * _LOG_TWO - special.gammaln(nu) - _HALF_LOG_TWO_PI + either)

    def reduced_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives by z, beta and lam, and the second ones."""
        beta, lam = shapes
        square, size, nu = 1 + z * z, np.abs(beta), -np.asarray(lam, dtype=float)
        order, root = nu + 0.5, np.sqrt(square)
        at, along = log_k(order, size * root), z / square
        rest, bend = rest_of_log_k(order, size * root, at)  # the slope by log |beta|, and that of it
        first = (
            (rest - 2 * order) * along + beta,
            rest / beta + z,
            special.psi(nu) + _LOG_TWO - np.log(size / root) - at.by_order,
        )
        second = (
            ((rest - 2 * order) * (1 - z * z) + bend * z * z) / np.square(square),
            bend * along / beta + 1,
            (at.mixed + 1) * along,
            (bend - rest) / np.square(beta),
            (at.mixed - 1) / beta,
            at.by_order_twice - special.polygamma(1, nu),
        )
        return first, second

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        z, beta, lam = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        return mixed_log_tails(z, beta, *_range(z, beta, -lam), _log_mixing, -lam)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by the shapes: means of those of the log of the mixing density."""
        z, beta, lam = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        root, size = np.hypot(1.0, z), np.abs(beta)
        more, own = (log_k_alone(lam + k, size * root) for k in (0.5, -0.5))
        log_rate = self.reduced(z, beta, lam) + np.log(root / size) + more - own

        def by_lam(u: Array, nu: Array) -> tuple[Array]:
            return (u + _LOG_TWO + special.psi(nu),)

        return mixed_tail_slopes(z, beta, *_range(z, beta, -lam), _log_mixing, by_lam, log_rate, -lam)

    def tail_expansion(self, x: Array, *params: Any) -> TailExpansion:
        """Logs of the tails, with derivatives and second derivatives."""
        return tails_of_location_scale(self, x, params, self._tail_expansion)

    def _tail_expansion(self, z: Array, *shapes: Any) -> TailExpansion:
        """Of the tails of z, by the shapes."""
        z, beta, lam = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, *shapes)))
        root, size, nu = np.hypot(1.0, z), np.abs(beta), -lam
        order = nu - 0.5
        at = log_k(order, size * root)
        log_rate = self.reduced(z, beta, lam) + np.log(root / size) + at.log - log_k_alone(nu + 0.5, size * root)
        slope = rest_of_log_k(order, size * root, at)[0] - np.abs(order)
        level = special.psi(nu) + _LOG_TWO
        slopes = z + (order + slope) / beta, level - np.log(size / root) - at.by_order

        def by_lam(u: Array, _: Array, level: Array, bend: Array) -> tuple[tuple[Array], tuple[Array]]:
            return (u + level,), (bend,)

        own = nu, level, -special.polygamma(1, nu)
        return mixed_tail_expansion(z, beta, *_range(z, beta, nu), _log_mixing, by_lam, log_rate, slopes, *own)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Laws of the median and the quartiles of the data, of several shapes; the best two."""
        low, middle, high = (sample.quantile(p) for p in (0.25, 0.5, 0.75))
        half = 0.5 * (high - low) or math.sqrt(sample.var())
        starts: list[tuple[float, ...]] = []
        for lam in _ORDERS:
            for lean in _LEANS:
                for sign in (-1.0, 1.0):
                    beta, variance = sign * lean * math.sqrt(-2 * lam), -0.5 / lam
                    scale = half / (0.675 * math.sqrt(variance * (1 + lean * lean)))
                    starts.append((middle - scale * beta * variance, scale, beta, lam))
        return best_starts(sample.sketch(), self.logpdf, starts, 2)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The inverse gamma law beyond a threshold, on either side."""
        above, below = (get_family(name) for name in ("shifted(inverse_gamma)", "negated(shifted(inverse_gamma))"))
        return (
            Limit(above, lambda shape, scale, threshold: (threshold, 0.0, np.inf, -shape)),
            Limit(below, lambda shape, scale, threshold: (threshold, 0.0, -np.inf, -shape)),
        )

    def limits_near(self, sample: Sample, loc: float, scale: float, beta: float, lam: float) -> tuple[Limit, ...]:
        """That on the side to which the law leans, if it does so much."""
        above, below = self.limits
        if abs(beta) < _FAR * math.sqrt(-2 * lam):
            return ()
        return (above,) if beta > 0 else (below,)


def _range(z: Array, beta: Array, nu: Array) -> tuple[Array, Array]:
    """Ends of the log of the variance w between which all lies that counts for tails at z.

    Its density is w^(-nu - 1) exp(-1 / (2 w)); given z w is about root / |beta|, or root², beyond which, on either
    side, that density falls no slower than from its mode.
    """
    room, root, mode = _FOLDS / nu, np.hypot(1.0, z), -np.log(2 * nu)
    with np.errstate(divide="ignore"):
        there = np.minimum(np.log(root / np.abs(beta)), 2 * np.log(root))
    low = np.minimum(there, mode) - np.log1p(room + np.sqrt(2 * room) + np.log1p(room))
    return low, np.maximum(there, mode) + room + 1


def _log_mixing(u: Array, nu: Array, *_: Array) -> Array:
    """Log-density of the log of the variance."""
    with np.errstate(over="ignore"):
        return np.asarray(-nu * u - 0.5 * np.exp(-u) - nu * _LOG_TWO - special.gammaln(nu))
