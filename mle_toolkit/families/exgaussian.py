"""The ex-Gaussian law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.gev import exponential_beyond
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log1mexp
from mle_toolkit.families.standardised import quantile_of_tails

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_ROOT_TWO = math.sqrt(2)
_LOG_HALF = -math.log(2)
_ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)

_DEEP, _LEVELS = -6.0, 60
"""Below this v + phi/Phi(v) is a continued fraction, of so many levels."""

_LEAST_SKEW, _MOST_SKEW = 0.02, 1.9
"""Skewness between which moments give a start; it is 0 for a normal law, 2 for an exponential one."""


class ExGaussian(Family):
    r"""Reaction time, or a peak of chromatography: a normal variable plus an exponential one of mean ``tau``.

    .. math:: \log f(x) = -\log\tau + \tfrac12 r^2 - rz + \log\Phi(z - r), \quad z = (x - \mu)/\sigma,\ r = \sigma/\tau

    Source: Luce (1986), Response Times, sec. 1.2; Grushka (1972), Analytical Chemistry 44, 1733-1738. The formula is
    written so that neither exponential overflows. Limits: the normal law as tau → 0, where the data lean to the left;
    an exponential law with a threshold as sigma → 0.
    """

    name = "exgaussian"
    aliases = ("exponnorm", "emg", "ex_gaussian", "exgauss")
    support = REAL
    parameters = (
        Parameter("mu", REAL, typical=(-5.0, 5.0), role="location"),
        Parameter("sigma", POSITIVE, typical=(0.3, 3.0), role="scale"),
        Parameter("tau", POSITIVE, typical=(0.5, 5.0), role="scale"),
    )
    cdf, sf = cdf_of_log, sf_of_log

    def logpdf(self, x: Array, mu: Array, sigma: Array, tau: Array) -> Array:
        """Log-density at x."""
        z, r = (x - mu) / sigma, sigma / tau
        return np.asarray(_log_share(z, r) - np.log(tau))

    def score(self, x: Array, mu: Array, sigma: Array, tau: Array) -> tuple[Array, ...]:
        """Derivatives by mu, sigma and tau."""
        z, r = (x - mu) / sigma, sigma / tau
        ratio, rise, _ = _mills(z - r)
        return (r - ratio) / sigma, (r * r - ratio * (z + r)) / sigma, (r * rise - 1) / tau

    def hessian(self, x: Array, mu: Array, sigma: Array, tau: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        z, r = (x - mu) / sigma, sigma / tau
        ratio, rise, rest = _mills(z - r)
        slope = -ratio * rise  # of the ratio
        both, square = z + r, np.square(sigma)
        return (
            slope / square,
            (ratio + slope * both) / square,
            -(rise * rise + rest) / np.square(tau),
            (r * r + slope * both * both + 2 * ratio * z) / square,
            (ratio - 2 * r - slope * both) / np.square(tau),
            (np.square(1 - r * rise) + r * r * rest) / np.square(tau),
        )

    def log_tails(self, x: Array, mu: Array, sigma: Array, tau: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return _log_tails(np.asarray((x - mu) / sigma, dtype=float), sigma / tau)

    def logcdf(self, x: Array, mu: Array, sigma: Array, tau: Array) -> Array:
        """Log of the cdf."""
        return _log_tails(np.asarray((x - mu) / sigma, dtype=float), sigma / tau)[0]

    def logsf(self, x: Array, mu: Array, sigma: Array, tau: Array) -> Array:
        """Log of the survival function."""
        return _log_tails(np.asarray((x - mu) / sigma, dtype=float), sigma / tau)[1]

    def tail_scores(self, x: Array, mu: Array, sigma: Array, tau: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F).

        By sigma that of F is sigma f', as for a flow of heat; by tau minus the density with a second exponential.
        """
        z, r = (x - mu) / sigma, sigma / tau
        ratio, rise, _ = _mills(z - r)
        below, above = _log_tails(np.asarray(z, dtype=float), r)
        log_f = _log_share(z, r) - np.log(tau)
        slopes = (np.ones_like(z), r - ratio, r * rise)
        fall, lift = np.exp(log_f - below), np.exp(log_f - above)
        return tuple(-s * fall for s in slopes), tuple(s * lift for s in slopes)

    def ppf(self, p: Array, mu: Array, sigma: Array, tau: Array) -> Array:
        """Quantile."""
        return self._quantile(p, mu, sigma, tau, above=False)

    def isf(self, p: Array, mu: Array, sigma: Array, tau: Array) -> Array:
        """Upper quantile."""
        return self._quantile(p, mu, sigma, tau, above=True)

    @staticmethod
    def _quantile(p: Array, mu: Array, sigma: Array, tau: Array, *, above: bool) -> Array:
        p, mu, sigma, tau = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (p, mu, sigma, tau)))
        r, centre, spread = sigma / tau, tau / sigma, np.hypot(1, tau / sigma)
        y = quantile_of_tails(
            p,
            lambda y: _log_tails(centre + spread * y, r),
            lambda y: _log_share(centre + spread * y, r) + np.log(r * spread),
            above=above,
        )
        return np.asarray(mu + tau + sigma * spread * y)

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """Moments; and, as skewness misleads in small samples, laws of a weaker and a stronger one."""
        mean, deviation = sample.mean(), math.sqrt(sample.var())
        skew = sample.mean(lambda x: ((x - mean) / deviation) ** 3)
        starts = []
        for lean in (skew, 0.3, 1.6):
            share = (0.5 * min(max(lean, _LEAST_SKEW), _MOST_SKEW)) ** (1 / 3)  # of tau in the deviation
            starts.append((mean - share * deviation, deviation * math.sqrt(1 - share * share), share * deviation))
        return starts

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law as tau → 0, an exponential law with a threshold as sigma → 0."""
        return (
            Limit(get_family("normal"), lambda mu, sigma: (mu, sigma, 0.0)),
            Limit(exponential_beyond(1.0), lambda threshold, scale: (threshold, 0.0, scale)),
        )

    def mean(self, mu: Array, sigma: Array, tau: Array) -> Array:
        """Expected value: mu + tau."""
        return np.asarray(mu + tau + 0 * np.asarray(sigma))

    def var(self, mu: Array, sigma: Array, tau: Array) -> Array:
        """Variance: sigma² + tau²."""
        return np.asarray(np.square(sigma) + np.square(tau) + 0 * np.asarray(mu))

    def rvs(self, mu: Array, sigma: Array, tau: Array, size: Any, rng: Any) -> Array:
        """Draw random numbers."""
        return np.asarray(mu + sigma * rng.standard_normal(size) + tau * rng.standard_exponential(size))

    def to_scipy(self, mu: float, sigma: float, tau: float) -> Any:
        """``scipy.stats.exponnorm(tau / sigma, mu, sigma)``."""
        from scipy import stats

        return stats.exponnorm(tau / sigma, mu, sigma)

    @staticmethod
    def from_scipy(shape: float, loc: float, scale: float) -> dict[str, Any]:
        """Parameters of ``scipy.stats.exponnorm(shape, loc, scale)``."""
        return {"mu": loc, "sigma": scale, "tau": shape * scale}


def _log_share(z: Array, r: Array) -> Array:
    """Log of tau times the density: of Phi(z) - F."""
    v = np.asarray(z - r, dtype=float)
    low = v < 0
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        deep = -0.5 * np.square(z) + np.log(special.erfcx(np.where(low, v, 0.0) / -_ROOT_TWO)) + _LOG_HALF
        return np.where(low, deep, r * (0.5 * r - z) + special.log_ndtr(v))


def _mills(v: Array) -> tuple[Array, Array, Array]:
    """Give m = phi(v)/Phi(v), v + m and 1 - m (v + m) - (v + m)², which cancel in the far left."""
    v = np.asarray(v, dtype=float)
    low = v < 0
    with np.errstate(under="ignore"):
        ratio = np.where(
            low,
            _ROOT_TWO_OVER_PI / special.erfcx(np.where(low, v, 0.0) / -_ROOT_TWO),
            np.exp(-0.5 * v * v) / (math.sqrt(2 * math.pi) * special.ndtr(np.where(low, 0.0, v))),
        )
    deep = v < _DEEP
    rise = v + ratio
    rest = 1 - (ratio + rise) * rise
    if deep.any():
        u = -v[deep]
        fraction = u
        for level in range(_LEVELS, 2, -1):
            fraction = u + level / fraction
        rise[deep] = 1 / (u + 2 / fraction)
        ratio[deep] = u + rise[deep]
        rest[deep] = 2 * rise[deep] * (1 / fraction - rise[deep])
    return ratio, rise, rest


def _log_tails(z: Array, r: Array) -> tuple[Array, Array]:
    """Logs of F = Phi(z) - tau f and of 1 - F = Phi(-z) + tau f."""
    with np.errstate(all="ignore"):
        share = _log_share(z, r)
        above = np.logaddexp(special.log_ndtr(-z), share)
        left = z < 0
        low = np.where(left, z, -1.0)
        # Far down both terms are nearly equal: their ratio is one of scaled functions.
        ratio = special.erfcx((r - low) / _ROOT_TWO) / special.erfcx(low / -_ROOT_TWO)
        near = np.where(above < _LOG_HALF, log1mexp(np.minimum(above, 0.0)), np.log(special.ndtr(z) - np.exp(share)))
        below = np.where(left, special.log_ndtr(low) + np.log1p(-ratio), near)
        below = np.where(z == -np.inf, -np.inf, np.where(z == np.inf, 0.0, below))
        return below, np.where(z == -np.inf, 0.0, np.where(z == np.inf, -np.inf, np.minimum(above, 0.0)))
