"""Tweedie's laws between Poisson and gamma: compound Poisson-gamma."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import sums_of
from mle_toolkit.families.base import Family
from mle_toolkit.families.counting import log1p_minus
from mle_toolkit.families.domain import NON_NEGATIVE, POSITIVE, Interval
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.gamma_tails import log_gamma_tails
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import stirling_remainder
from mle_toolkit.families.standardised import best_starts, root_of_tails
from mle_toolkit.numerics.panels import Panels

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.distribution import Distribution

_WIDE, _REACH = 12.0, 10.0
"""Deviations of the number of jumps from which the sum over it is one over every few; and how many are summed over."""

_STEP = 0.25
"""That step, in deviations: the trapezoidal rule then errs by exp(-2π²/step²), less than any rounding."""

_FEW = 9.0
"""Jumps that are summed over in any case."""

_CELLS = 400_000
"""Terms that are held at once."""

_MANY = 512
"""Rows from which on the series of one law is taken from polynomials."""

_SETTLED = np.array([1e-13, *[1e-10] * 6])
"""Last coefficients of such a polynomial, of each of `_moments`, over the size of its values or 1."""

_TAILS = 256
"""Rows whose tails are summed together."""

_MOST_JUMPS = 2_000
"""Numbers of jumps that tails are summed over one by one; of more, evenly spaced ones."""

_COARSEST = 1_000
"""Steps up to the largest value that make a lattice on which the likelihood visibly rises as p → 1."""

_POWERS = (1.1, 1.3, 1.5, 1.7, 1.9)


class Tweedie(Family):
    r"""Claims or rain of a period: a Poisson number of gamma amounts, 0 with a probability; variance ``phi mu^p``.

    .. math:: \log f(x) = -\frac{1}{\varphi}\Bigl(\frac{x\mu^{1-p}}{p - 1} + \frac{\mu^{2-p}}{2 - p}\Bigr) - \log x
        + \log\sum_{j\ge1} \frac{\lambda^j (x/\theta)^{j\alpha}}{j!\,\Gamma(j\alpha)}, \quad x > 0

    and log P(0) = -λ, with λ = μ^(2-p)/(φ(2 - p)) jumps on average, each gamma of shape α = (2 - p)/(p - 1) and scale
    θ = φ(p - 1)μ^(p-1). Source: Jørgensen (1997), The Theory of Dispersion Models, ch. 4; Dunn & Smyth (2005),
    Statistics and Computing 15, 267-280. The series is summed about its largest term, relative to it, and where it has
    thousands of terms by the trapezoidal rule over every few of them, which is as exact: the log-density is right to
    1e-12 of its size for any λ, so that no saddlepoint approximation is needed. Gamma as p → 2. As p → 1
    the amounts become equal: where the data are multiples of one step the likelihood is unbounded there, and a maximum
    within is reported as local. ``phi`` changes with the unit as its power 2 - p.
    """

    name = "tweedie"
    only_if_asked = "gives 0 a probability, so only if asked for"
    aliases = ("compound_poisson_gamma",)
    atoms = (0.0,)
    modelled = "mu"
    by_number = ("ppf", "isf")
    support = NON_NEGATIVE
    parameters = (
        Parameter("mu", POSITIVE, typical=(0.5, 5.0)),
        Parameter("phi", POSITIVE, typical=(0.3, 3.0)),
        Parameter("p", Interval(1.0, 2.0), typical=(1.2, 1.8)),
    )
    cdf, sf = cdf_of_log, sf_of_log

    def logpdf(self, x: Array, mu: Array, phi: Array, p: Array) -> Array:
        """Log-density at x > 0, log-probability at 0."""
        return _log_density(np.asarray(x, dtype=float), (mu, phi, p))

    def score(self, x: Array, mu: Array, phi: Array, p: Array) -> tuple[Array, ...]:
        """Derivatives by mu, phi and p."""
        return self.expansion(x, mu, phi, p)[1]

    def hessian(self, x: Array, mu: Array, phi: Array, p: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return self.expansion(x, mu, phi, p)[2]

    def expansion(
        self, x: Array, mu: Array, phi: Array, p: Array
    ) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-density, score and second derivatives together: they share a series."""
        value, first, second = _slopes(np.asarray(x, dtype=float), (mu, phi, p))
        mu, phi, p = _broadcast(value, mu, phi, p)[1:]
        jacobian = _jacobian(mu, phi, p)
        zero = np.zeros_like(value)
        # Second derivatives of log λ, α and log θ by mu twice, mu and phi, mu and p, phi twice, phi and p, p twice.
        bends = (
            ((p - 2) / mu**2, zero, -1 / mu, 1 / phi**2, zero, 1 / (2 - p) ** 2),
            (zero, zero, zero, zero, zero, 2 / (p - 1) ** 3),
            ((1 - p) / mu**2, zero, 1 / mu, -1 / phi**2, zero, -1 / (p - 1) ** 2),
        )
        found, at = [], 0
        for i in range(3):
            for j in range(i, 3):
                bent = sum(first[a] * bends[a][at] for a in range(3))
                for a in range(3):
                    for b in range(3):
                        bent = bent + second[min(a, b), max(a, b)] * jacobian[a][i] * jacobian[b][j]
                found.append(np.asarray(bent))
                at += 1
        return value, _pulled(first, jacobian), tuple(found)

    def derivative_sums(self, x: Array, weight: Array | None, *params: Any) -> tuple[float, ...]:
        """Sums of all these."""
        value, scores, second = self.expansion(x, *params)
        return sums_of(weight, value, *scores, *second)

    def derivatives(self, count: Any, sums: Sequence[Any], *params: Any) -> Sequence[Any]:
        """The sums as they are."""
        return sums

    def log_tails(self, x: Array, mu: Array, phi: Array, p: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return _log_tails(*np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, mu, phi, p))))

    def logcdf(self, x: Array, mu: Array, phi: Array, p: Array) -> Array:
        """Log of the cdf."""
        return self.log_tails(x, mu, phi, p)[0]

    def logsf(self, x: Array, mu: Array, phi: Array, p: Array) -> Array:
        """Log of the survival function."""
        return self.log_tails(x, mu, phi, p)[1]

    def ppf(self, q: Array, mu: float, phi: float, p: float) -> Array:
        """Quantile: 0 up to the probability of 0."""
        return self._quantile(q, mu, phi, p, above=False)

    def isf(self, q: Array, mu: float, phi: float, p: float) -> Array:
        """Upper quantile."""
        return self._quantile(q, mu, phi, p, above=True)

    def _quantile(self, q: Array, mu: float, phi: float, p: float, *, above: bool) -> Array:
        """A root in log x."""
        q = np.asarray(q, dtype=float)
        log_zero = -_settings(mu, phi, p)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(q), np.log1p(-q)
        log_p, log_q = logs[::-1] if above else logs
        x = np.where((q >= 0) & (q <= 1), np.where(log_p <= log_zero, 0.0, np.inf), np.nan)
        some = (log_p > log_zero) & (log_q > -np.inf)
        if some.any():
            spread = math.sqrt(phi * mu ** (p - 2))
            with np.errstate(all="ignore"):
                t = root_of_tails(
                    lambda t: _log_tails(*np.broadcast_arrays(mu * np.exp(spread * t), mu, phi, p)),
                    lambda t: (
                        self.logpdf(mu * np.exp(spread * t), np.asarray(mu), np.asarray(phi), np.asarray(p))
                        + spread * t
                        + math.log(mu * spread)
                    ),
                    log_p[some],
                    log_q[some],
                )
            x[some] = mu * np.exp(spread * t)
        return x

    def without_atoms(self, mu: Any, phi: Any, p: Any) -> Distribution:
        """The law of what is not 0."""
        from mle_toolkit.families.distribution import Distribution

        return Distribution.at(_positive(), (mu, phi, p))

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Mean and variance, for several powers; the best two."""
        mean, variance = sample.mean(), sample.var()
        return best_starts(sample, self.logpdf, [(mean, variance / mean**p, p) for p in _POWERS])

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why the likelihood is unbounded as p → 1: the data are multiples of one coarse step."""
        if "p" in fixed or not sample.is_exact or not sample.in_memory:
            return None
        values = np.unique(sample.x[sample.x > 0])
        if len(values) == 0:
            return None
        step = float(np.min(np.diff(values, prepend=0.0)))
        shares = values / step
        if shares[-1] > _COARSEST or np.any(np.abs(shares - np.rint(shares)) > 1e-9 * shares):
            return None
        return (
            f"the data are multiples of {step:g}, so that beyond it the likelihood is unbounded as p → 1 and "
            f"phi → {step:g}, where all amounts are equal. Counts are for Poisson's law and its kin"
        )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The gamma law as p → 2."""
        return (Limit(get_family("gamma"), lambda shape, scale: (shape * scale, 1 / shape, 2.0)),)

    def mean(self, mu: Array, phi: Array, p: Array) -> Array:
        """Expected value: mu."""
        return np.asarray(mu + 0 * np.asarray(phi) + 0 * np.asarray(p))

    def var(self, mu: Array, phi: Array, p: Array) -> Array:
        """Variance: phi mu^p."""
        return np.asarray(phi * np.asarray(mu) ** p)

    def rvs(self, mu: Array, phi: Array, p: Array, size: Any, rng: Any) -> Array:
        """Draw random numbers: sums of a Poisson number of gamma variables."""
        rate, alpha, theta = _settings(mu, phi, p)
        return np.asarray(theta * rng.standard_gamma(alpha * rng.poisson(rate, size)))


def _positive() -> Family:
    """The law of what is not 0."""
    law = Tweedie()

    def log_rest(mu: Array, phi: Array, p: Array) -> Array:
        """Log-probability of not being 0."""
        return np.asarray(np.log(-np.expm1(-_settings(mu, phi, p)[0])))

    def logcdf(x: Array, *params: Any) -> Array:
        rate = _settings(*params)[0]
        with np.errstate(divide="ignore"):
            below = np.log(-np.expm1(np.minimum(-rate - law.logcdf(x, *params), 0.0)))
        return np.asarray(np.minimum(below + law.logcdf(x, *params) - log_rest(*params), 0.0))

    def logsf(x: Array, *params: Any) -> Array:
        return np.asarray(np.minimum(law.logsf(np.maximum(x, 0.0), *params) - log_rest(*params), 0.0))

    def ppf(q: Array, *params: float) -> Array:
        rate = _settings(*params)[0]
        return law.isf(np.asarray(1 - np.asarray(q)) * -np.expm1(-rate), *params)

    return Family.from_logpdf(
        lambda x, *params: law.logpdf(x, *params) - log_rest(*params),
        law.parameters,
        POSITIVE,
        name="positive tweedie",
        logcdf=logcdf,
        logsf=logsf,
        cdf=lambda x, *params: np.exp(logcdf(x, *params)),
        sf=lambda x, *params: np.exp(logsf(x, *params)),
        ppf=ppf,
        isf=lambda q, *params: law.isf(np.asarray(q) * -np.expm1(-_settings(*params)[0]), *params),
    )


def _settings(mu: Any, phi: Any, p: Any) -> tuple[Any, Any, Any]:
    """Mean number of jumps, and the shape and the scale of a jump."""
    mu = np.asarray(mu, dtype=float)
    return mu ** (2 - p) / (phi * (2 - p)), (2 - p) / (p - 1), phi * (p - 1) * mu ** (p - 1)


def _broadcast(*values: Any) -> list[Array]:
    return list(np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in values)))


def _log_density(x: Array, params: tuple[Any, ...], log_sums: Array | None = None) -> Array:
    """Log-density; the exponents of the largest term are those of the deviance.

    ``log_sums``: logs of the series at what is positive, if known.
    """
    x, mu, phi, p = _broadcast(x, *params)
    rate = _settings(mu, phi, p)[0]
    found = np.array(-rate)
    found[x < 0] = -np.inf
    some = x > 0
    if some.any():
        if log_sums is None:
            log_sums = _series(x, params, some, 0)[0]
        x, mu, phi, p = x[some], mu[some], phi[some], p[some]
        ratio = x / mu
        with np.errstate(all="ignore"):
            deviance = (ratio - 1 - special.boxcox(ratio, 2 - p)) / (p - 1)  # half the unit deviance, over mu^(2 - p)
            found[some] = -(mu ** (2 - p)) / phi * deviance - np.log(x) + log_sums
    return found


def _series(x: Array, params: tuple[Any, ...], some: NDArray[np.bool_], order: int) -> Array:
    """`_moments` of some rows; of one law at many places by polynomials in log x."""
    at = x[some]
    if len(at) < _MANY or any(np.ndim(v) for v in params) or not np.all(at < np.inf):
        mu, phi, p = (v[some] for v in _broadcast(x, *params)[1:])
        return _moments(at, mu, phi, p, order)

    def values(x: Array) -> Array:
        mu, phi, p = (np.full(len(x), float(v)) for v in params)
        return _moments(x, mu, phi, p, order).T

    settled = _SETTLED if order else _SETTLED[:1]
    return Panels(values, np.log, np.exp, settled).at(at, once=True).T


def _moments(x: Array, mu: Array, phi: Array, p: Array, order: int) -> Array:
    """Log of the series over its largest term; and moments of the number of jumps j given x, shape (7, n).

    With u = j (log(x/θ) - ψ(jα)), by which the log of a term changes with α: the means of j, u and of the second
    derivative -j² ψ'(jα), the variances of j and u, and their covariance.
    """
    rows = np.empty((7 if order else 1, len(x)))
    with np.errstate(all="ignore"):
        _, alpha, theta = _settings(mu, phi, p)
        peak = x ** (2 - p) / (phi * (2 - p))
        spread = np.sqrt(peak * (p - 1))
    log_ratio = np.log(x) - np.log(theta)
    wide = spread >= _WIDE
    for part, continuous in ((np.flatnonzero(~wide), False), (np.flatnonzero(wide), True)):
        # Rows of like length are summed together.
        part = part[np.argsort(spread[part], kind="stable")]
        first = 0
        while first < len(part):
            last = first + 1
            if not np.isfinite(peak[part[first]]):
                rows[:, part[first]] = np.nan
                first = last
                continue
            length = 2 * _REACH / _STEP + 1 if continuous else _window(spread[part[first]])
            while last < len(part) and np.isfinite(peak[part[last]]) and (last - first) * length < _CELLS:
                grown = length if continuous else _window(spread[part[last]])
                if grown > 1.5 * length + 8:
                    break
                last += 1
            at = part[first:last]
            if continuous:
                step = _STEP * spread[at, None]
                j = peak[at, None] + step * np.arange(-_REACH / _STEP, _REACH / _STEP + 1)
            else:
                step = np.ones((len(at), 1))
                begin = np.maximum(1.0, np.floor(peak[at] - _REACH * spread[at] - _FEW))
                j = begin[:, None] + np.arange(math.ceil(2 * (_REACH * float(spread[at].max()) + _FEW)) + 2)
            rows[:, at] = _summed(j, step, peak[at, None], alpha[at, None], log_ratio[at, None], order)
            first = last
    return rows


def _window(spread: float) -> float:
    """Terms that are summed one by one."""
    return 2 * (_REACH * spread + _FEW) + 2


def _summed(j: Array, step: Array, peak: Array, alpha: Array, log_ratio: Array, order: int) -> Array:
    with np.errstate(all="ignore"):
        off = (j - peak) / peak
        # (1 + d) log(1 + d) - d, which cancels one way for a small d, another for a large one.
        near = np.where(np.abs(off) < 1, off, 0.0)
        excess = np.where(near == off, (1 + near) * log1p_minus(near) + near * near, (1 + off) * np.log1p(off) - off)
        fall = (1 + alpha) * peak * excess
        terms = -fall - np.log(j) - stirling_remainder(j) - stirling_remainder(j * alpha)
        top = np.max(terms, axis=1, keepdims=True)
        weight = np.exp(terms - top)
        total = np.sum(weight, axis=1, keepdims=True)
        log_sum = (top + np.log(total * step))[:, 0]
        if not order:
            return np.asarray(log_sum[None, :])
        weight /= total
        u = j * (log_ratio - special.psi(j * alpha))
        mean_j, mean_u = np.sum(weight * j, axis=1, keepdims=True), np.sum(weight * u, axis=1, keepdims=True)
        off_j, off_u = j - mean_j, u - mean_u
        bend = np.sum(weight * -(j * j) * special.zeta(2.0, j * alpha), axis=1)
        return np.array([
            log_sum, mean_j[:, 0], mean_u[:, 0], bend,
            np.sum(weight * off_j * off_j, axis=1),
            np.sum(weight * off_j * off_u, axis=1),
            np.sum(weight * off_u * off_u, axis=1),
        ])  # fmt: skip


def _slopes(x: Array, params: tuple[Any, ...]) -> tuple[Array, list[Array], dict[tuple[int, int], Array]]:
    """Log-density; its derivatives by log λ, α and log θ; and second ones."""
    x, mu, phi, p = _broadcast(x, *params)
    rate, alpha, theta = _settings(mu, phi, p)
    zero = np.zeros(x.shape)
    first = [np.array(-rate), zero.copy(), zero.copy()]
    second = {pair: zero.copy() for pair in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))}
    second[0, 0] = np.array(-rate)
    some, log_sums = x > 0, None
    if some.any():
        log_sums, j, u, bend, jj, ju, uu = _series(x, params, some, 1)
        rate, a, ratio = rate[some], alpha[some], x[some] / theta[some]
        for place, value in enumerate((j - rate, u, ratio - a * j)):
            first[place][some] = value
        values = (jj - rate, ju, -a * jj, bend + uu, -j - a * ju, a * a * jj - ratio)
        for pair, value in zip(second, values, strict=True):
            second[pair][some] = value
    return _log_density(x, params, log_sums), first, second


def _jacobian(mu: Array, phi: Array, p: Array) -> tuple[tuple[Array, ...], ...]:
    """Derivatives of log λ, α and log θ by mu, phi and p."""
    zero = np.zeros_like(mu)
    return (
        ((2 - p) / mu, -1 / phi, 1 / (2 - p) - np.log(mu)),
        (zero, zero, -1 / np.square(p - 1)),
        ((p - 1) / mu, 1 / phi, 1 / (p - 1) + np.log(mu)),
    )


def _pulled(first: list[Array], jacobian: tuple[tuple[Array, ...], ...]) -> tuple[Array, ...]:
    return tuple(np.asarray(sum(first[a] * jacobian[a][k] for a in range(3))) for k in range(3))


def _log_tails(x: Array, mu: Array, phi: Array, p: Array) -> tuple[Array, Array]:
    """Logs of both tails: sums over the number of jumps, all of whose terms are positive."""
    rate, alpha, theta = _settings(mu, phi, p)
    below, above = np.where(x < 0, -np.inf, -rate), np.where(x < 0, 0.0, np.log(-np.expm1(-rate)))
    below, above = np.where(x == np.inf, 0.0, below), np.where(x == np.inf, -np.inf, above)
    flat = [np.ravel(v) for v in (x, rate, alpha, theta, p)]
    inside = (flat[0] > 0) & (flat[0] < np.inf)
    known = np.all([(v > 0) & (v < np.inf) for v in flat], axis=0)
    below.flat[inside & ~known] = above.flat[inside & ~known] = np.nan  # parameters have left the doubles
    some = np.flatnonzero(inside & known)
    for first in range(0, len(some), _TAILS):
        rows = some[first : first + _TAILS]
        sums = _sums_over_jumps(*(v[rows] for v in flat))
        below.flat[rows], above.flat[rows] = (np.minimum(tail, 0.0) for tail in sums)
    return below, above


def _sums_over_jumps(x: Array, lam: Array, a: Array, theta: Array, p: Array) -> tuple[Array, Array]:
    """Logs of the tails at some positive x; the terms of one are beside those of the next."""
    log_x = np.log(x) - np.log(theta)
    # Given x there are about as many jumps as the largest term of the density has.
    peak = np.exp((np.log(lam) + a * (log_x - np.log(a))) / (1 + a))
    middles, spreads = np.array([lam, peak]), np.sqrt([lam, peak * (p - 1)])
    low = np.maximum(1.0, np.floor(np.min(middles - _REACH * spreads - _FEW, axis=0)))
    high = np.ceil(np.max(middles + _REACH * spreads + 3 * _FEW, axis=0))
    step = np.maximum(1.0, np.ceil((high - low) / _MOST_JUMPS))
    count = (np.ceil((high + step - low) / step)).astype(int)
    begin = np.cumsum(count) - count
    row = np.repeat(np.arange(len(x)), count)
    j = low[row] + step[row] * (np.arange(len(row)) - begin[row])
    weight = j * np.log(lam)[row] - lam[row] - special.gammaln(j + 1) + np.log(step)[row]
    low_tail, high_tail = log_gamma_tails(a[row] * j, log_x[row])

    def summed(terms: Array, beside: Array) -> Array:
        top = np.maximum(np.maximum.reduceat(terms, begin), beside)
        top = np.where(top > -np.inf, top, 0.0)
        with np.errstate(divide="ignore"):  # a tail may be beyond the doubles
            return np.asarray(top + np.log(np.add.reduceat(np.exp(terms - top[row]), begin) + np.exp(beside - top)))

    return summed(weight + low_tail, -lam), summed(weight + high_tail, np.full_like(lam, -np.inf))
