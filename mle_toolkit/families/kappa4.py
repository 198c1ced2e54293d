"""Hosking's four-parameter kappa law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.gev import reduced as log_of
from mle_toolkit.families.gev import reduced_slopes as log_slopes
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import log1mexp
from mle_toolkit.families.standardised import LocationScale, best_starts, matched

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_SHAPES = ((-0.4, -0.5), (-0.2, 0.0), (-0.1, 0.5), (0.1, 0.5), (0.2, 0.0), (0.2, -0.5), (0.5, 0.5))
"""Values of k and h from which the likelihood is climbed, the best of them."""

_NEAR_END = 0.9
"""Size of k, or of h, from which the law is compared with that at the end."""


_FLAT, _ORDERS = 0.02, 11
"""Size of k up to which moments are series in k, of so many terms less one."""

_FAR = 20.0
"""1/|h| from which logs of ratios of gamma functions are those of Stirling's formula, and do not cancel."""

_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)


class Kappa4(LocationScale):
    r"""Floods and rain of any kind: GEV for ``h`` = 0, generalised logistic for h = -1, generalised Pareto for h = 1.

    .. math:: \log f(x) = -\log s - (1 - k)\,y + (1 - h)\log F, \quad \log F = \frac{\log(1 - h e^{-y})}{h},
        \quad y = -\frac{\log(1 - kz)}{k}, \quad z = (x - m)/s

    with F = exp(-exp(-y)) for h = 0 and y = z for k = 0. Source: Hosking (1994), IBM Journal of Research and
    Development 38, 251-258, whose range h >= -1 it is. For k > 0 the law ends above at loc + scale/k; below it ends
    where F is 0, if h > 0, or k < 0. Up to |k| = 1 and h = 1 the density is bounded there; beyond, the likelihood is
    not. With four parameters it contains half a dozen laws of three, so that it is compared only if asked for.
    """

    name = "kappa4"
    only_if_asked = "holds half a dozen laws of three parameters, so only if asked for"
    aliases = ("kappa_4", "kap")
    support = REAL
    parameters = (
        LOC,
        SCALE,
        Parameter("k", Interval(-1.0, 1.0), typical=(-0.25, 0.25), natural=REAL),
        Parameter("h", Interval(-1.0, 1.0, closed="lower"), typical=(-0.6, 0.3), natural=REAL),
    )

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z; -inf beyond the ends."""
        k, h = shapes
        y = log_of(-k, z)
        log_f = -log_of(-h, np.exp(-y))
        inside = np.isfinite(y) & (log_f > -np.inf)
        return np.where(inside, -(1 - k) * y + (1 - h) * log_f, -np.inf)

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by z, k and h."""
        k, h = shapes
        y, y_xi, _ = log_slopes(-k, z)
        w = np.exp(-y)
        level, level_xi, _ = log_slopes(-h, w)  # -log F, and its derivative by -h
        by_y = (1 - h) * w / (1 - h * w) - (1 - k)
        return by_y / (1 - k * z), y - by_y * y_xi, level + (1 - h) * level_xi

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        k, h = shapes
        y, y_xi, y_xi_xi = log_slopes(-k, z, second=True)
        w = np.exp(-y)
        _, level_xi, level_xi_xi = log_slopes(-h, w, second=True)
        share = w / (1 - h * w)  # the derivative of log F by y
        by_y, y_y = (1 - h) * share - (1 - k), -(1 - h) * share / (1 - h * w)
        y_h = -share + (1 - h) * share * share
        y_z = 1 / (1 - k * z)
        return (
            (y_y + k * by_y) * y_z * y_z,
            (1 - y_y * y_xi + by_y * z * y_z) * y_z,
            y_h * y_z,
            -2 * y_xi + y_y * y_xi * y_xi + by_y * y_xi_xi,
            -y_h * y_xi,
            -2 * level_xi - (1 - h) * level_xi_xi,
        )

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails; far up 1 - F is exp(-y)."""
        k, h = shapes
        y = log_of(-k, z)
        below = -log_of(-h, np.exp(-y))
        return below, np.where(y > 36.0, -y, log1mexp(below))

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by k and h."""
        k, h = shapes
        y, y_xi, _ = log_slopes(-k, z)
        w = np.exp(-y)
        _, level_xi, _ = log_slopes(-h, w)
        below, above = self.reduced_tails(z, k, h)
        slopes = -w / (1 - h * w) * y_xi, level_xi
        odds = np.exp(below - above)
        return slopes, tuple(-s * odds for s in slopes)

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of z."""
        k, h = shapes
        # (1 - p^h)/h, of which both ends keep their digits
        w = -np.where(log_p > -0.5, special.boxcox1p(np.expm1(log_p), h), special.boxcox(np.exp(log_p), h))
        return np.asarray(special.boxcox(1 / w, -k))

    def reduced_ends(self, *shapes: Any) -> tuple[Any, Any]:
        """Where y, or F, ends."""
        k, h = (np.asarray(s, dtype=float) for s in shapes)
        some = np.where(k == 0, 1.0, k)
        with np.errstate(divide="ignore"):
            lower = np.where(h > 0, special.boxcox(np.where(h > 0, h, 1.0), -k), np.where(k < 0, 1 / some, -np.inf))
        return lower, np.where(k > 0, 1 / some, np.inf)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Laws of several shapes with the mean and the variance of the data, stretched to reach all; the best three."""
        starts: list[tuple[float, ...]] = []
        for k, h in _SHAPES:
            loc, scale = matched(self, sample, (k, h))
            low, high = (float(end) for end in self.reduced_ends(k, h))
            reach = max((loc - sample.minimum) / -low if low < 0 else 0.0, (sample.maximum - loc) / high)
            starts.append((loc, max(scale, 1.02 * reach), k, h))
        return best_starts(sample, self.logpdf, starts, 3)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The generalised logistic law at h = -1, a generalised Pareto law at h = 1 and at k = 1, uniform at both."""
        beyond, below = get_family("shifted(gpd)"), get_family("negated(shifted(gpd))")
        return (
            Limit(get_family("generalized_logistic"), lambda loc, scale, k: (loc, scale, k, -1.0)),
            Limit(get_family("uniform"), lambda a, b: (a, b - a, 1.0, 1.0)),
            Limit(beyond, lambda scale, xi, threshold: (threshold, scale, -xi, 1.0)),
            Limit(below, lambda scale, xi, threshold: (threshold - scale, scale, 1.0, -xi)),
        )

    def limits_near(self, sample: Sample, loc: float, scale: float, k: float, h: float) -> tuple[Limit, ...]:
        """Those of the ends to which k and h came near; of the other of them no law may be beyond its own."""
        logistic, uniform, beyond, below = self.limits
        near = [logistic]
        if k > _NEAR_END and h > _NEAR_END:
            near.append(uniform)
        if h > _NEAR_END and k > -_NEAR_END:
            near.append(beyond)
        if k > _NEAR_END and h > -_NEAR_END:
            near.append(below)
        return tuple(near)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Gumbel where k and h are 0."""
        return (SpecialCase(get_family("gumbel"), lambda loc, scale: (loc, scale, 0.0, 0.0), at=("k", "h")),)

    def irregular(self, loc: Any, scale: Any, k: Any, h: Any) -> tuple[str, ...]:
        """All parameters where the density does not vanish smoothly at an end: from k = 1/2 or h = 1/2 on."""
        return self.param_names if k >= 0.5 or h >= 0.5 or h * k >= 0.5 else ()

    def mean(self, loc: Array, scale: Array, k: Array, h: Array) -> Array:
        """Expected value."""
        return np.asarray(loc + scale * _moments(k, h)[0])

    def var(self, loc: Array, scale: Array, k: Array, h: Array) -> Array:
        """Variance; infinite for k <= -1/2, and for hk <= -1/2, where the lower tail is heavy."""
        k, h = np.asarray(k, dtype=float), np.asarray(h, dtype=float)
        exists = (k > -0.5) & (h * k > -0.5)
        return np.where(exists, np.square(scale) * _moments(np.where(exists, k, 0.1), h)[1], np.inf) + 0 * loc

    def rvs(self, loc: Array, scale: Array, k: Array, h: Array, size: Any, rng: Any) -> Array:
        """Draw random numbers, by their quantiles: SciPy's are NaN at k = 0 where h < 0."""
        return self.ppf(rng.uniform(size=size), loc, scale, k, h)

    def to_scipy(self, loc: float, scale: float, k: float, h: float) -> Any:
        """``scipy.stats.kappa4(h, k, loc, scale)``."""
        from scipy import stats

        return stats.kappa4(h, k, loc, scale)

    @staticmethod
    def from_scipy(h: float, k: float, loc: float, scale: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.kappa4(h, k, loc, scale)``; None beyond the domains."""
        return {"loc": loc, "scale": scale, "k": k, "h": h} if -1 <= h < 1 and abs(k) < 1 else None


def _moments(k: Any, h: Any) -> tuple[Array, Array]:
    """Mean and variance of z.

    With Y = (1 - F^h)/h, z is (1 - Y^k)/k, and E Y^s a beta function (Hosking 1994, eq. 12, of F uniform).
    """
    k, h = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(h, dtype=float))
    flat = np.abs(k) < _FLAT
    some = np.where(flat, 0.1, k)
    with np.errstate(all="ignore"):  # a variance that is not asked for may not be there
        once, twice = _log_moment(some, h), _log_moment(2 * some, h)
        mean = -np.expm1(once) / some
        variance = np.exp(2 * once) * np.expm1(twice - 2 * once) / np.square(some)
    # Near k = 0 by the cumulants of log Y: of G(s) = log E Y^s the first terms, over k, and of G(2k) - 2 G(k), over k².
    near, rise, curve = np.where(flat, k, 0.0), np.zeros_like(k), np.zeros_like(k)
    for n in range(1, _ORDERS):
        term = _cumulant(n, h) / math.factorial(n)
        rise = rise + term * near ** (n - 1)
        if n > 1:
            curve = curve + (2.0**n - 2) * term * near ** (n - 2)
    growth = near * rise
    level = -rise * special.exprel(growth)
    spread = np.exp(2 * growth) * curve * special.exprel(near * near * curve)
    return np.where(flat, level, mean), np.where(flat, spread, variance)


def _log_moment(s: Array, h: Array) -> Array:
    """Log of E Y^s."""
    a = 1 / np.where(h == 0, 1.0, np.abs(h))
    other = np.where(h > 0, -_log_ratio(a, 1 + s), _log_ratio(a, -s))
    return np.asarray(special.gammaln(1 + s) + np.where(h == 0, 0.0, other))


def _log_ratio(a: Array, b: Array) -> Array:
    """Log of the ratio of the gamma functions of a + b and a, over a^b."""
    plain = special.gammaln(a + b) - special.gammaln(a) - b * np.log(a)
    rest = sum(c * ((a + b) ** -(2 * k + 1.0) - a ** -(2 * k + 1.0)) for k, c in enumerate(_STIRLING))
    return np.where(a > _FAR, (a + b - 0.5) * np.log1p(b / a) - b + rest, plain)


def _cumulant(order: int, h: Array) -> Array:
    """Of log Y: a derivative of the log of E Y^s at s = 0."""
    a = 1 / np.where(h == 0, 1.0, np.abs(h))
    other = np.where(h > 0, -special.polygamma(order - 1, a + 1), (-1.0) ** order * special.polygamma(order - 1, a))
    if order == 1:
        other = other + np.log(a)
    return np.asarray(special.polygamma(order - 1, 1.0) + np.where(h == 0, 0.0, other))
