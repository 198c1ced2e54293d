"""The Rice law."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.sums import sums_of
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import NON_NEGATIVE, POSITIVE
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import legendre, log1mexp
from mle_toolkit.families.standardised import root_of_tails
from mle_toolkit.families.von_mises import one_minus_ratio, ratio_and_slope

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_FAINT = 1e-3
"""Signal, as a share of the root mean square, from which a search goes on to none."""

_NODES = 64
_WIDTH, _FOLDS = 12.0, 45.0
"""Deviations that a tail is summed over, and the fall of its log, nats, beyond which nothing is left."""

_ROWS = 2_000
"""Rows of a block, so that the nodes of all stay in cache."""

_LARGE = 1e3
"""nu / sigma from which the variance is summed as its asymptotic series."""


class Rice(Family):
    r"""Magnitude of a noisy signal: length of a plane vector around ``nu``, with normal errors of deviation ``sigma``.

    .. math:: \log f(x) = \log x - 2\log\sigma - \frac{x^2 + \nu^2}{2\sigma^2} + \log I_0(x\nu/\sigma^2)

    Source: Rice (1945), Bell System Technical Journal 24, 46-156; Sijbers et al. (1998), IEEE Transactions on Medical
    Imaging 17, 357-361. Rayleigh for nu = 0, where a maximum is if mean(x⁴) >= 2 mean(x²)². Tails are integrals of
    the density, which is log-concave, by Gauss's rule; their error is below 1e-11.
    """

    name = "rice"
    dear_tails = True
    aliases = ("rician",)
    support = POSITIVE
    parameters = (
        Parameter("nu", NON_NEGATIVE, typical=(1.0, 5.0), role="scale"),
        Parameter("sigma", POSITIVE, typical=(0.3, 3.0), role="scale"),
    )
    cdf, sf = cdf_of_log, sf_of_log
    modelled = "nu"

    def logpdf(self, x: Array, nu: Array, sigma: Array) -> Array:
        """Log-density at x."""
        return np.asarray(np.log(x) - 2 * np.log(sigma) + _log_kernel(x / sigma, nu / sigma))

    def score(self, x: Array, nu: Array, sigma: Array) -> tuple[Array, ...]:
        """Derivatives by nu and sigma."""
        b, a = x / sigma, nu / sigma
        rest = one_minus_ratio(a * b)
        gap = b - a
        return (gap - b * rest) / sigma, (gap * gap + 2 * a * b * rest - 2) / sigma

    def hessian(self, x: Array, nu: Array, sigma: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return self.expansion(x, nu, sigma)[2]

    def expansion(self, x: Array, nu: Array, sigma: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-density, score and second derivatives, from the same Bessel functions."""
        b, a = x / sigma, nu / sigma
        level = special.i0e(a * b)
        rest, slope = ratio_and_slope(a * b, level)
        gap, bend = b - a, slope * b * b
        by_sigma = gap * gap + 2 * a * b * rest
        square = np.square(sigma)
        second = (
            (bend - 1) / square,
            -2 * (gap - b * rest + a * bend) / square,
            (2 - 3 * by_sigma + 4 * a * a * bend) / square,
        )
        value = np.log(x) - 2 * np.log(sigma) + (-0.5 * np.square(gap) + np.log(level))
        return value, ((gap - b * rest) / sigma, (by_sigma - 2) / sigma), second

    def derivative_sums(self, x: Array, weight: Array | None, nu: Array, sigma: Array) -> tuple[float, ...]:
        """Sums of all these."""
        value, scores, second = self.expansion(x, nu, sigma)
        return sums_of(weight, value, *scores, *second)

    def derivatives(self, count: Any, sums: Sequence[Any], nu: Any, sigma: Any) -> Sequence[Any]:
        """The sums as they are."""
        return sums

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """Second and fourth moment, or nearly no signal; one without far values; one with as much signal as noise.

        Where few values are far the likelihood may have a maximum at no signal, and a higher one inside.
        """
        second = sample.mean(np.square)
        fourth = 2 * second**2 - sample.mean(lambda x: np.square(np.square(x)))
        if fourth <= 0:
            starts = [(_FAINT * math.sqrt(second), math.sqrt(0.5 * second))]
        else:
            signal = max(fourth, 0.05 * second**2) ** 0.25
            starts = [(nu, math.sqrt(0.5 * (second - nu * nu))) for nu in (signal, 0.7 * math.sqrt(second))]
        low, middle, high = (sample.quantile(p) for p in (0.25, 0.5, 0.75))
        return [*starts, (middle, (high - low) / 1.35 or 0.1 * middle), (0.7 * middle, 0.5 * middle)]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Rayleigh law at nu = 0."""
        return (Limit(get_family("rayleigh"), lambda sigma: (0.0, sigma)),)

    def log_tails(self, x: Array, nu: Array, sigma: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return _log_tails(x / sigma, nu / sigma)

    def logcdf(self, x: Array, nu: Array, sigma: Array) -> Array:
        """Log of the cdf."""
        return _log_tails(x / sigma, nu / sigma)[0]

    def logsf(self, x: Array, nu: Array, sigma: Array) -> Array:
        """Log of the survival function."""
        return _log_tails(x / sigma, nu / sigma)[1]

    def tail_scores(self, x: Array, nu: Array, sigma: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F): those of Marcum's function."""
        b, a = x / sigma, nu / sigma
        below, above = _log_tails(b, a)
        rest = one_minus_ratio(a * b)
        slopes = 1 - rest, b - a + a * rest
        with np.errstate(all="ignore"):
            log_f = np.where(x > 0, np.log(x) - 2 * np.log(sigma) + _log_kernel(b, a), -np.inf)
            fall, rise = np.where(x > 0, np.exp(log_f - below), 0.0), np.exp(log_f - above)
        return tuple(-s * fall for s in slopes), tuple(s * rise for s in slopes)

    def ppf(self, p: Array, nu: Array, sigma: Array) -> Array:
        """Quantile."""
        return self._quantile(p, nu, sigma, above=False)

    def isf(self, p: Array, nu: Array, sigma: Array) -> Array:
        """Upper quantile."""
        return self._quantile(p, nu, sigma, above=True)

    @staticmethod
    def _quantile(p: Array, nu: Array, sigma: Array, *, above: bool) -> Array:
        """By the log of x, a root."""
        p, nu, sigma = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (p, nu, sigma)))
        inside = (p > 0) & (p < 1)
        some = np.where(inside, p, 0.5)
        logs = np.log(some), np.log1p(-some)
        a = nu / sigma
        middle = 0.5 * np.log(a * a + 2)
        with np.errstate(all="ignore"):
            t = root_of_tails(
                lambda t: _log_tails(np.exp(middle + t), a),
                lambda t: 2 * (middle + t) + _log_kernel(np.exp(middle + t), a),
                *(logs[::-1] if above else logs),
            )
        ends = np.where((p == 0) ^ above, 0.0, np.inf)
        return np.where(inside, sigma * np.exp(middle + t), np.where((p == 0) | (p == 1), ends, np.nan))

    def mean(self, nu: Array, sigma: Array) -> Array:
        """Expected value: a Laguerre function of nu²/sigma²."""
        q = 0.5 * np.square(nu / np.asarray(sigma))
        level = (1 + q) * special.i0e(0.5 * q) + q * special.i1e(0.5 * q)
        return np.asarray(math.sqrt(0.5 * math.pi) * sigma * level)

    def var(self, nu: Array, sigma: Array) -> Array:
        """Variance: nu² + 2 sigma² less the square of the mean."""
        a = np.asarray(nu / np.asarray(sigma), dtype=float)
        direct = np.square(a) + 2 - np.square(self.mean(a, np.ones_like(a)))
        far = np.maximum(a, _LARGE)
        return np.asarray(np.square(sigma) * np.where(a > _LARGE, 1 - 0.5 / (far * far), direct))

    def rvs(self, nu: Array, sigma: Array, size: Any, rng: Any) -> Array:
        """Draw random numbers."""
        return np.asarray(np.hypot(nu + sigma * rng.standard_normal(size), sigma * rng.standard_normal(size)))

    def to_scipy(self, nu: float, sigma: float) -> Any:
        """``scipy.stats.rice(nu / sigma, scale=sigma)``."""
        from scipy import stats

        return stats.rice(nu / sigma, scale=sigma)

    @staticmethod
    def from_scipy(shape: float, loc: float, scale: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.rice(shape, loc, scale)``; None but for loc = 0."""
        return {"nu": shape * scale, "sigma": scale} if loc == 0 else None


def _log_kernel(b: Array, a: Array) -> Array:
    """Log of exp(-(a² + b²)/2) I0(a b)."""
    return np.asarray(-0.5 * np.square(b - a) + np.log(special.i0e(a * b)))


@cache
def _rule() -> tuple[Array, Array]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = legendre(_NODES)
    return 0.5 * (nodes + 1), 0.5 * weights


def _log_tails(b: Array, a: Array) -> tuple[Array, Array]:
    """Logs of both tails of x / sigma, from its nu / sigma: the smaller by quadrature."""
    b, a = np.broadcast_arrays(np.asarray(b, dtype=float), np.asarray(a, dtype=float))
    tail = np.full(b.shape, np.nan)
    upper = b * b > a * a + 1.5
    some = (b > 0) & (b < np.inf)
    flat_b, flat_a, flat_up = b[some], a[some], upper[some]
    found = np.empty(len(flat_b))
    for first in range(0, len(flat_b), _ROWS):
        rows = slice(first, first + _ROWS)
        found[rows] = _log_tail(flat_b[rows], flat_a[rows], flat_up[rows])
    tail[some] = np.minimum(found, 0.0)
    with np.errstate(invalid="ignore"):
        other = log1mexp(tail)
    below, above = np.where(upper, other, tail), np.where(upper, tail, other)
    below = np.where(b <= 0, -np.inf, np.where(b == np.inf, 0.0, below))
    return below, np.where(b <= 0, 0.0, np.where(b == np.inf, -np.inf, above))


def _log_tail(b: Array, a: Array, upper: Mask) -> Array:
    """Log of the mass above b, or below it."""
    nodes, weights = _rule()
    with np.errstate(all="ignore"):
        slope = 1 / b - (b - a) - a * one_minus_ratio(a * b)
        reach = np.minimum(_WIDTH, _FOLDS / np.abs(slope))
        reach = np.where(upper, reach, np.minimum(reach, b))
        at = b[:, None] + np.where(upper, reach, -reach)[:, None] * nodes
        height = np.log(at) + _log_kernel(at, a[:, None])
        top = np.max(height, axis=1)
        return np.asarray(top + np.log(reach * np.sum(weights * np.exp(height - top[:, None]), axis=1)))
