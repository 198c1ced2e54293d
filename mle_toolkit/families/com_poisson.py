"""The Conway-Maxwell-Poisson law."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.counting import check_not_all_zero, log1p_minus, log_poisson
from mle_toolkit.families.domain import COUNTS, POSITIVE
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.smooth_sums import smooth_sum
from mle_toolkit.families.summed import Summed
from mle_toolkit.numerics.panels import Panels

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_NARROW = 196.0
"""nu times the mode from which terms are summed at equal distances about the mode, within 14 standard deviations: a
quarter of one apart, whose sum is the whole to 1e-30 (Poisson's summation formula); below, all are summed from 0 on."""

_REACH, _APART = 14.0, 4.0
_NOTHING = -40.0
"""Log of a term, against the largest, from which sums are given up where they fall as fast as a geometric series."""

_STEPS = np.arange(-2 * _APART * _REACH, 2 * _APART * _REACH + 1)[:, None]
"""Of terms, from the mode outwards."""

_LARGE = 10.0
"""A mode from which nu is at most 308, lam being a double, so that nu times a rounding of the mode is one."""

_EXACT = 2.0**50
"""A mode from which counts about it are hardly told apart by doubles."""

_MANY, _PANELS = 64, np.full(7, 1e-12)
"""Numbers of lam, of one nu, from which on polynomials are used; their last coefficients, over the size of values."""

_FIRST, _COUNTED, _PANEL, _LARGEST = 128, 1024, 60, 1e300
_NEWTON_STEPS, _HALVINGS = 200, 60
_SETTLED = 1e-22
_GEOMETRIC, _BERNOULLI = 1e-9, 1e3
"""Values of nu at which the law is one of its limits to rounding, with which it will be compared."""

_NORMAL = 1e9
"""Mean from which the entropy is that of a normal law of variance mean/nu, but for less than 1/mean."""


class ConwayMaxwellPoisson(Summed, ExponentialFamily):
    r"""Counts that vary more than Poisson ones (``nu`` < 1), or less (``nu`` > 1): service times depend on the queue.

    .. math:: \log f(x) = x \log\lambda - \nu \log x! - \log Z(\lambda, \nu), \quad
        Z = \sum_{k \ge 0} \lambda^k / (k!)^\nu

    The mode is about lam^(1/nu). With ``nu`` = 1 it is the Poisson law; it tends to the geometric law as nu goes to 0,
    and to the Bernoulli law as it grows. Z and its derivatives are sums, right to 1e-14 or better. Sources: Conway &
    Maxwell (1962), Journal of Industrial Engineering 12, 132-136; Shmueli, Minka, Kadane, Borle & Boatwright (2005),
    Applied Statistics 54, 127-142. Route to the maximum: the mean of x and of log x! are those expected, by Newton's
    method on a concave log-likelihood. An exposure multiplies ``lam``, as the offset of a regression on it does
    (Sellers & Shmueli 2010, Annals of Applied Statistics 4, 943-961), so that the mean is in proportion to it for
    ``nu`` = 1 only.
    """

    name = "com_poisson"
    aliases = ("conway_maxwell_poisson", "cmp", "compoisson", "conway_maxwell")
    support = COUNTS
    parameters = (
        Parameter("lam", POSITIVE, typical=(0.4, 6.0)),
        Parameter("nu", POSITIVE, typical=(0.5, 2.5)),
    )
    modelled = "lam"
    rates = ("lam",)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X and log x!."""
        return x, special.gammaln(x + 1.0)

    def log_density(self, T: tuple[Array, ...], lam: Array, nu: Array) -> Array:
        """Log-probability, linear in T."""
        return np.asarray(T[0] * np.log(lam) - nu * T[1] - _sums(np.log(lam), nu).log_z)

    def logpdf(self, x: Array, lam: Array, nu: Array) -> Array:
        """Log-probability of x; of a large mode from the Poisson law with that mode, as terms linear in T cancel."""
        log_lam, nu = np.log(lam), np.asarray(nu, dtype=float)
        at = _sums(log_lam, nu)
        with np.errstate(all="ignore"):
            near = nu * log_poisson(x, np.exp(log_lam / nu)) - at.rest
            linear = x * log_lam - nu * special.gammaln(x + 1.0) - at.log_z
        return np.asarray(np.where(np.isfinite(at.rest), near, linear))

    def score_of(self, T: tuple[Array, ...], lam: Array, nu: Array) -> tuple[Array, ...]:
        """Derivatives by lam and nu."""
        at = _sums(np.log(lam), nu)
        return (T[0] - at.mean) / lam, at.mean_log - T[1]

    def hessian_of(self, T: tuple[Array, ...], lam: Array, nu: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        at = _sums(np.log(lam), nu)
        return (at.mean - T[0] - at.var) / np.square(lam), at.cov / lam, -at.var_log

    def check(self, sample: Sample) -> None:
        """Raise if there are no counts but two that follow each other, or one, other than 0 and 1."""
        low, high = sample.minimum, sample.maximum
        check_not_all_zero(self.name, sample, "nu")
        if high - low <= 1 and high > 1:
            what = f"{low:g}" if low == high else f"{low:g} or {high:g}"
            raise DegenerateDataError(
                f"com_poisson: all {sample.nobs:g} counts are {what}, on which the law concentrates as nu runs to ∞, "
                f"so that the likelihood has no maximum."
            )

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """The Poisson law, and the maximum of counts that were all watched alike."""
        from mle_toolkit.families.combinators.parts import fitted

        alike = fitted(self, sample)
        return [(sample.mean(), 1.0), *([] if alike is None else [alike])]

    def start_about(self, x: Array, mean: Array, weight: Array) -> tuple[tuple[float, float], Array]:
        """The Poisson law, whose sums are finite whatever the exposure."""
        return (float(np.sum(weight * mean) / np.sum(weight)), 1.0), np.ones(len(mean))

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Newton's method in log(lam) and nu, from the Poisson law."""
        mean, mean_log = (float(m) for m in means)
        u, v = float(np.log(mean)), 1.0
        value, at = _value(u, v, mean, mean_log)
        for _ in range(_NEWTON_STEPS):
            slope = np.array([mean - at.mean, at.mean_log - mean_log], dtype=float)
            information = np.array([[at.var, -at.cov], [-at.cov, at.var_log]], dtype=float)
            step = np.linalg.lstsq(information, slope, rcond=1e-15)[0]
            share = 1.0 if v + step[1] > 0.1 * v else 0.9 * v / -step[1]
            for _ in range(_HALVINGS):
                tried = u + share * step[0], v + share * step[1]
                new, there = _value(*tried, mean, mean_log)
                if new >= value - 1e-14 * max(1.0, abs(value)):
                    break
                share *= 0.5
            else:
                break
            (u, v), value, at = tried, new, there
            if float(slope @ step) < _SETTLED or not _GEOMETRIC < v < _BERNOULLI:
                break
        return float(np.exp(u)), v

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The geometric law at nu = 0, and the Bernoulli law as nu grows."""

        def odds(p: float) -> tuple[float, float]:
            with np.errstate(divide="ignore"):
                return float(np.divide(p, 1 - p)), np.inf

        return (
            Limit(get_family("geometric"), lambda prob: (1 - prob, 0.0)),
            Limit(get_family("bernoulli"), odds),
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """The Poisson law."""
        return (SpecialCase(get_family("poisson"), lambda mu: (mu, 1.0), at=("nu",)),)

    def around(self, lam: Array, nu: Array) -> Array:
        """The mean."""
        return self.mean(lam, nu)

    def mean(self, lam: Array, nu: Array) -> Array:
        """Expected value."""
        return _sums(np.log(lam), nu).mean

    def var(self, lam: Array, nu: Array) -> Array:
        """Variance."""
        return _sums(np.log(lam), nu).var

    def entropy(self, lam: Array, nu: Array) -> Array:
        """Entropy, nats; of large counts, where terms of the formula cancel, as the sum that it is."""
        at = _sums(np.log(lam), nu)
        value = np.array(at.log_z + nu * at.mean_log - at.mean * np.log(lam))
        each = np.broadcast_arrays(lam, nu, at.mean)
        for place in np.argwhere(~np.isnan(at.rest)).tolist():
            value[tuple(place)] = self._summed_entropy(*(float(v[tuple(place)]) for v in each))
        return value

    def _summed_entropy(self, lam: float, nu: float, mean: float) -> float:
        """The sum of -p log p, outwards from the mean; of a mean beyond `_NORMAL` the entropy of the normal law."""
        if mean > _NORMAL:
            return 0.5 * math.log(2 * math.pi * math.e * mean / nu)

        def terms(k: Array) -> Array:
            logs = self.logpdf(k, np.asarray(lam), np.asarray(nu))
            return np.where(logs > -np.inf, -logs, 0.0) * np.exp(logs)

        middle = np.rint(mean)
        with np.errstate(all="ignore"):
            above, below = smooth_sum(terms, middle, np.inf), smooth_sum(terms, middle - 1, 0.0)
        return math.nan if above is None or below is None else above[0] + below[0]


class _Sums(NamedTuple):
    """Log of the normaliser, and moments of x and log x!; each of the shape of the parameters.

    ``rest`` is the log of the normaliser less nu times the mode where that is large; else NaN.
    """

    log_z: Array
    mean: Array
    mean_log: Array
    var: Array
    cov: Array
    var_log: Array
    rest: Array


def _value(u: float, v: float, mean: float, mean_log: float) -> tuple[float, _Sums]:
    at = _sums(np.asarray(u), np.asarray(v))
    value = u * mean - v * mean_log - float(at.log_z)
    return (value if np.isfinite(value) else -np.inf), at


def _sums(log_lam: Array, nu: Array) -> _Sums:
    """Sums over all counts; NaN, or an infinite log of the normaliser, where they are beyond a double."""
    log_lam, nu = np.broadcast_arrays(np.asarray(log_lam, dtype=float), np.asarray(nu, dtype=float))
    shape = log_lam.shape
    pairs, which = np.unique(np.stack([log_lam.ravel(), nu.ravel()], axis=1), axis=0, return_inverse=True)
    power = float(pairs[0, 1]) if len(pairs) else np.nan
    if len(pairs) >= _MANY and np.all(pairs[:, 1] == power) and power > 0 and np.all(np.isfinite(pairs)):
        found = _of_one_nu(pairs[:, 0], power)
    else:
        found = _of_pairs(pairs)
    return _Sums(*(column[which.reshape(-1)].reshape(shape) for column in found))


def _of_one_nu(log_lam: Array, nu: float) -> Array:
    """The sums of many lam, as of rows with an exposure each, from polynomials; shape (7, n)."""
    unit, edge = min(nu, 1.0), nu * math.log(max(_LARGE, _NARROW / nu))

    def values(log_lam: Array) -> Array:
        found = _of_pairs(np.stack([log_lam, np.full(len(log_lam), nu)], axis=1))
        found[6] = np.where(log_lam > edge, found[6], 0.0)  # a panel across this never settles
        return found.T

    found = Panels(values, lambda u: u / unit, lambda w: w * unit, _PANELS).at(log_lam, once=True).T
    found[6] = np.where(log_lam > edge, found[6], np.nan)
    return found


def _of_pairs(pairs: Array) -> Array:
    """The sums of pairs of log lam and nu; shape (7, n)."""
    found = np.full((7, len(pairs)), np.nan)
    with np.errstate(all="ignore"):
        mode = np.exp(pairs[:, 0] / pairs[:, 1])
        usable = np.all(np.isfinite(pairs), axis=1) & (pairs[:, 1] > 0)
        found[0, usable & np.isposinf(mode)] = np.inf
        usable &= np.isfinite(mode)
        narrow = usable & (pairs[:, 1] * mode > _NARROW)
        for some, sums in ((narrow & (mode < _EXACT), _about_the_mode), (narrow & (mode >= _EXACT), _far_out)):
            if some.any():
                found[:, some] = sums(pairs[some, 0], pairs[some, 1], mode[some])
        for k in np.flatnonzero(usable & ~narrow):
            found[:6, k] = _from_zero(float(pairs[k, 0]), float(pairs[k, 1]), float(mode[k]))
    return found


def _about_the_mode(log_lam: Array, nu: Array, mode: Array) -> Array:
    """The sums as those of terms at equal distances about the mode; shape (7, n).

    A term is lam^x / (x!)^nu = (mode^x / x!)^nu: of a large mode a Poisson probability, times exp(mode), to the power
    of nu, in which nothing cancels.
    """
    sd = np.sqrt(mode / nu)
    apart = np.maximum(1.0, np.floor(sd / _APART))
    middle = np.rint(mode)
    x = middle + apart * _STEPS
    inside = (x >= 0) & (np.abs(x - middle) <= _REACH * np.maximum(sd, 1.0))
    x = np.where(inside, x, middle)
    own, top = special.gammaln(middle + 1), log_poisson(middle, mode)
    fall = log_poisson(x, mode) - top
    large = mode >= _LARGE
    logs = np.where(large, (x - middle) * (log_lam / nu) - fall, special.gammaln(x + 1) - own)
    weight = np.where(inside, np.exp(np.where(large, nu * fall, (x - middle) * log_lam - nu * logs)), 0.0)
    log_top = np.where(large, nu * top, middle * log_lam - nu * own)
    sums = _moments(weight, x - middle, logs, apart, middle, own, log_top)
    rest = np.where(large, sums[0], np.nan)
    sums[0] = np.where(large, sums[0] + nu * mode, sums[0])
    return np.concatenate([sums, rest[None]])


def _far_out(log_lam: Array, nu: Array, mode: Array) -> Array:
    """The same of a mode so large that counts about it are no doubles: by shares of it, and Stirling's formula."""
    log_mode, sd = log_lam / nu, np.sqrt(mode / nu)
    apart = sd / _APART
    away = apart * _STEPS
    share = away / mode
    inside = (share > -1) & (np.abs(_STEPS) <= _REACH * _APART)
    away, share = np.where(inside, away, 0.0), np.where(inside, share, 0.0)
    deviance = mode * ((1 + share) * log1p_minus(share) + share * share)
    fall = -deviance - 0.5 * np.log1p(share)
    weight = np.where(inside, np.exp(nu * fall), 0.0)
    logs = away * log_mode - fall
    rest = -0.5 * nu * (np.log(2 * np.pi) + log_mode)
    sums = _moments(weight, away, logs, apart, mode, special.gammaln(mode + 1), rest)
    return np.concatenate([sums[:1] + nu * mode, sums[1:], sums[:1]])


def _from_zero(log_lam: float, nu: float, mode: float) -> Array:
    """The sums from 0 on; shape (6,)."""
    middle = np.floor(mode)
    own = float(special.gammaln(middle + 1))

    def log_terms(x: Array) -> tuple[Array, Array]:
        logs = special.gammaln(x + 1) - own
        return (x - middle) * log_lam - nu * logs, logs

    end = float(np.floor(_FIRST + 2 * mode))
    while end < _LARGEST:
        fall = log_lam - nu * np.log(end)  # of a term from the one before
        if fall < 0 and log_terms(np.array([end]))[0][0] - np.log(-fall) < _NOTHING:
            break
        end *= 2
    else:
        return np.full(6, np.nan)
    x, share = _nodes(end)
    terms, logs = log_terms(x)
    weight = share * np.exp(terms)
    return _moments(weight, x - middle, logs, 1.0, middle, own, middle * log_lam - nu * own)


def _nodes(end: float) -> tuple[Array, Array]:
    """Points and weights by which a sum over counts up to ``end`` is one over few: the first counts as they are.

    Those beyond as an integral from half a count before, with the first correction of the midpoint rule, on panels that
    double: terms change there by a small share from one count to the next (error 1e-15 of the sum).
    """
    if end <= 2 * _COUNTED:
        return np.arange(end + 1), np.ones(int(end) + 1)
    start = _COUNTED - 0.5
    edges = start * np.exp2(np.arange(np.ceil(np.log2(end / start)) + 1))
    middle, half = 0.5 * (edges[1:] + edges[:-1])[:, None], 0.5 * np.diff(edges)[:, None]
    nodes, weights = _rule()
    x = np.concatenate([np.arange(_COUNTED), (middle + half * nodes).ravel(), [start + 1, start - 1]])
    share = np.concatenate([np.ones(_COUNTED), (half * weights).ravel(), [1 / 48, -1 / 48]])
    return x, share


@cache
def _rule() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(_PANEL)
    return nodes, weights


def _moments(weight: Array, x: Array, logs: Array, apart: Any, middle: Any, own: Any, log_top: Any) -> Array:
    """Log of the sum, and moments, from terms over the one in the middle; sums run over the first axis."""
    total = np.sum(weight, axis=0)
    share = weight / total
    mean, mean_log = np.sum(share * x, axis=0), np.sum(share * logs, axis=0)
    from_mean, from_log = x - mean, logs - mean_log
    return np.array(
        [
            np.log(total * apart) + log_top,
            mean + middle,
            mean_log + own,
            np.sum(share * from_mean * from_mean, axis=0),
            np.sum(share * from_mean * from_log, axis=0),
            np.sum(share * from_log * from_log, axis=0),
        ]
    )
