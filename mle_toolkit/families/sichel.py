"""Sichel's law of counts with a long tail."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.bessel import LARGE
from mle_toolkit.families.bessel_k import log_k, log_k_alone, range_of_log_k
from mle_toolkit.families.counting import check_not_all_zero, log_poisson
from mle_toolkit.families.domain import COUNTS, POSITIVE, REAL, Interval
from mle_toolkit.families.gamma_tails import log_gamma_tails
from mle_toolkit.families.mixed_rates import of_count, of_norm
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import log1mexp
from mle_toolkit.families.standardised import best_starts
from mle_toolkit.families.summed import Summed

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_SIZES = (0.1, 0.5, 1.0, 3.0, 30.0)
_ORDERS = (-3.0, -1.5, -0.5, 0.5, 2.0)
"""Values of sigma, beside that of the variance, and of nu among which starts are chosen."""

_STEP = 0.7
"""Step of the trapezoidal rule, as a share of the width of the sharpest factor of what is integrated; 1e-13."""

_FEWEST, _MOST = 256, 1 << 14
"""Nodes of a row, beyond which probabilities are summed."""

_BLOCK = 1 << 18
"""Nodes of all rows of a block."""

_LARGEST, _LARGEST_SHAPE = 100.0, 1e4
"""Size of nu, and of the shape of inverse gamma rates, beyond which the law is a limit: formulas lose digits there."""

_LITTLE = 1e-8
"""Sigma, over the largest of count and mean, from which derivatives are those of the Poisson law but for as much."""

_NO_SIZE = 1e-30
"""Argument of a Bessel function that is as good as none."""


class MixedPoisson(Summed):
    """Poisson counts of rates that are generalized inverse Gaussian, or of a law to which that tends.

    Tails are those of the Poisson law averaged over the log of the rate, by the trapezoidal rule, to a relative error
    of 1e-12: sums of probabilities may not settle where the tail falls as a power. A subclass gives ``mixing``.
    """

    @abstractmethod
    def mixing(self, *params: Any) -> tuple[Array, Array, Array, Array]:
        """Order ν, argument ω and location m of the log of the rate, of density exp(ν t - ω cosh t) with t = u - m.

        And the log of the integral of that times e^ω.
        """

    def _of_rows(self, rows: Array) -> tuple[Array, Array]:
        """Logs of both tails, of rows that hold a count and parameters."""
        count = rows[:, 0]
        with np.errstate(all="ignore"):
            order, size, middle, log_norm = self.mixing(*rows[:, 1:].T)
            low, high = range_of_log_k(order, size)
            # The rates at which the count is likely: of order ν + x, and with ω e^t / 2 more by the rate.
            more = 1 + 2 * np.exp(middle) / size
            near, far = range_of_log_k(order + count, size * np.sqrt(more))
            low = np.minimum(low, near - 0.5 * np.log(more))
            high = np.maximum(high, far - 0.5 * np.log(more))
            sharp = np.sqrt(np.maximum(count + 1, np.hypot(order, size)))
            nodes = np.maximum(_FEWEST, np.exp2(np.ceil(np.log2((high - low) * sharp / _STEP))))
        summed = ~(nodes <= _MOST)
        below, above = np.empty(len(rows)), np.empty(len(rows))
        if summed.any():
            below[summed], above[summed] = super()._of_rows(rows[summed])
        for number in np.unique(nodes[~summed]).tolist():
            same = np.flatnonzero(nodes == number)
            share = np.linspace(0.0, 1.0, int(number))
            for some in np.array_split(same, -(-len(same) * int(number) // _BLOCK)):
                t = low[some, None] + (high - low)[some, None] * share
                half = np.sinh(0.5 * t)
                log_f = order[some, None] * t - 2 * size[some, None] * half * half
                log_f += (np.log((high - low)[some] / (number - 1)) - log_norm[some])[:, None]
                more_than, at_most = log_gamma_tails(count[some, None] + 1, middle[some, None] + t)
                below[some] = special.logsumexp(log_f + at_most, axis=1)
                above[some] = special.logsumexp(log_f + more_than, axis=1)
        below, above = np.minimum(below, 0.0), np.minimum(above, 0.0)
        smaller = np.minimum(below, above)
        return np.where(below > above, log1mexp(smaller), below), np.where(above > below, log1mexp(smaller), above)


class Sichel(MixedPoisson):
    r"""Counts whose rate is generalized inverse Gaussian: words of an author, species, claims; a tail of any length.

    .. math:: \log f(x) = x\log\frac{\mu}{c} - \log x! - (x + \nu)\log(\alpha\sigma) + \log K_{x+\nu}(\alpha)
        - \log K_\nu(1/\sigma), \quad \alpha^2 = \sigma^{-2} + \frac{2\mu}{c\sigma}, \quad
        c = \frac{K_{\nu+1}(1/\sigma)}{K_\nu(1/\sigma)}

    with K the Bessel function of the second kind. ``mu`` is the mean, the variance mu + mu²(2σ(ν + 1)/c + 1/c² - 1).
    Sources: Sichel (1971), Proceedings of the Third Symposium on Mathematical Statistics (Pretoria), 51-97; Rigby,
    Stasinopoulos & Akantziliotou (2008), Computational Statistics & Data Analysis 53, 381-393, whose parameters, those
    of gamlss, these are. The Poisson-inverse Gaussian law for nu = -1/2; it tends to the Poisson law as sigma → 0; as
    sigma → ∞ to the negative binomial one of size nu, or, for a negative nu, to that of rates that are inverse gamma.
    For a nu beyond ±100 it is no other than these, or the Poisson law. Probabilities are not made by a recurrence,
    whose errors grow: each is of its own Bessel function.
    """

    name = "sichel"
    aliases = ("poisson_generalized_inverse_gaussian", "si", "pgig")
    support = COUNTS
    only_if_asked = "takes seconds on counts in intervals, so only if asked for"
    parameters = (
        Parameter("mu", POSITIVE, typical=(0.5, 8.0)),
        Parameter("sigma", POSITIVE, typical=(0.3, 1.5)),
        Parameter("nu", Interval(-_LARGEST, _LARGEST), typical=(-1.0, 1.0), natural=REAL),
    )
    modelled = "mu"
    rates = ("mu",)

    def logpdf(self, x: Array, mu: Array, sigma: Array, nu: Array) -> Array:
        """Log-probability of x: a Poisson one of its own rate, and what the mixing adds."""
        x, mu, sigma, nu = (np.asarray(v, dtype=float) for v in (x, mu, sigma, nu))
        with np.errstate(all="ignore"):
            argument = 1 / sigma
            log_base = log_k_alone(nu, argument)
            half = 0.5 * _log_growth(mu, sigma, log_k_alone(nu + 1, argument) - log_base)
            rate = argument * np.sinh(half)  # mu / (c alpha sigma)
            gain = -2 * argument * np.square(np.sinh(0.5 * half))  # rate - (alpha - 1/sigma)
            mixed = log_k_alone(x + nu, argument * np.exp(half)) - log_base - nu * half
            # Of a tiny mu, rounding of the terms may hide that the probability of 0 is below 1.
            return np.minimum(log_poisson(x, rate) + gain + mixed, 0.0)

    def score(self, x: Array, mu: Array, sigma: Array, nu: Array) -> tuple[Array, ...]:
        """Derivatives by mu, sigma and nu."""
        return _derivatives(x, mu, sigma, nu)[:3]

    def hessian(self, x: Array, mu: Array, sigma: Array, nu: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return _derivatives(x, mu, sigma, nu)[3:]

    def expansion(
        self, x: Array, mu: Array, sigma: Array, nu: Array
    ) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-probability with both."""
        found = _derivatives(x, mu, sigma, nu)
        return self.logpdf(x, mu, sigma, nu), found[:3], found[3:]

    def check(self, sample: Sample) -> None:
        """Raise if all counts are 0."""
        check_not_all_zero(self.name, sample, "sigma")

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The mean, and the best of several nu and sigma about that of the variance."""
        mean = sample.mean() or 1.0
        size = max(sample.var() / mean - 1, 0.01) / mean
        starts: list[tuple[float, ...]] = [(mean, size * k, nu) for k in _SIZES for nu in _ORDERS]
        return best_starts(sample, self.logpdf, starts, 3)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Poisson as sigma → 0; as sigma → ∞ the law whose rates are gamma, or inverse gamma."""
        return (
            Limit(get_family("poisson"), lambda mu: (mu, 0.0, -0.5)),
            Limit(get_family("negbin"), lambda size, mu: (mu, np.inf, size)),
            Limit(_PoissonInverseGamma(), lambda mu, shape: (mu, np.inf, -shape)),
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Poisson-inverse Gaussian for nu = -1/2."""
        smaller = get_family("poisson_inverse_gaussian")
        return (SpecialCase(smaller, lambda size, mu: (mu, 1 / size, -0.5), at=("nu",)),)

    def mixing(self, *params: Any) -> tuple[Array, Array, Array, Array]:
        """Of order nu and argument 1/sigma."""
        mu, sigma, nu = params
        log_base = log_k_alone(nu, 1 / sigma)
        return nu, 1 / sigma, np.log(mu) + log_base - log_k_alone(nu + 1, 1 / sigma), math.log(2) + log_base

    def around(self, mu: Array, sigma: Array, nu: Array) -> Array:
        """The mean."""
        return np.asarray(mu + 0.0 * np.asarray(sigma) + 0.0 * np.asarray(nu))

    def mean(self, mu: Array, sigma: Array, nu: Array) -> Array:
        """Expected value."""
        return self.around(mu, sigma, nu)

    def var(self, mu: Array, sigma: Array, nu: Array) -> Array:
        """Variance."""
        argument = 1 / np.asarray(sigma, dtype=float)
        logs = [log_k(np.asarray(nu) + k, argument).log for k in range(3)]
        return np.asarray(mu + np.square(mu) * np.expm1(logs[2] + logs[0] - 2 * logs[1]))

    def rvs(self, mu: Any, sigma: Any, nu: Any, size: Any, rng: Any) -> Array:
        """Poisson counts of generalized inverse Gaussian rates."""
        from scipy import stats

        argument = 1 / np.asarray(sigma, dtype=float)
        mean = np.exp(log_k(np.asarray(nu) + 1, argument).log - log_k(nu, argument).log)
        rates = stats.geninvgauss.rvs(nu, argument, size=size, random_state=rng)
        return np.asarray(rng.poisson(mu * rates / mean), dtype=float)


def _log_growth(mu: Array, sigma: Array, log_c: Array) -> Array:
    """Log of (alpha sigma)² = 1 + 2 mu sigma / c, which itself may be beyond the largest double."""
    added = 2 * mu * sigma * np.exp(-log_c)
    return np.where(np.isfinite(added), np.log1p(added), math.log(2) + np.log(mu) + np.log(sigma) - log_c)


def _derivatives(x: Array, mu: Array, sigma: Array, nu: Array) -> tuple[Array, ...]:
    """Derivatives of the log-probability of Sichel's law by mu, sigma and nu, and second ones, upper triangle."""
    x, mu, sigma, nu = (np.asarray(v, dtype=float) for v in (x, mu, sigma, nu))
    with np.errstate(all="ignore"):
        large = sigma * LARGE <= 1
        if large.all():
            return _of_narrow_rates(x, mu, sigma, nu)
        if not large.any():
            return _of_wide_rates(x, mu, sigma, nu)
        rows = np.broadcast_arrays(x, mu, sigma, nu)
        large = np.broadcast_to(large, rows[0].shape)
        narrow, wide = _of_narrow_rates(*(v[large] for v in rows)), _of_wide_rates(*(v[~large] for v in rows))
        found = [np.empty(large.shape) for _ in narrow]
        for column, a, b in zip(found, narrow, wide, strict=True):
            column[large], column[~large] = a, b
        return tuple(found)


def _of_wide_rates(x: Array, mu: Array, sigma: Array, nu: Array) -> tuple[Array, ...]:
    """The same by the logs of mu and of the argument 1/sigma, of which log c is a function.

    First of log f = x q + x w - (x + ν) h(q) + log K_{x+ν} - log K_ν, with w the log of the argument, that of alpha w
    + h(q), 2 h = log(1 + e^q) and q = log(2 mu) - w - log c; then q, by the chain rule.
    """
    argument = 1 / sigma
    base, next_order = log_k(nu, argument), log_k(nu + 1, argument)
    half = 0.5 * _log_growth(mu, sigma, next_order.log - base.log)
    alpha = argument * np.exp(half)
    at = log_k(x + nu, alpha)
    by_alpha, bend = at.by_log - x - nu, at.spread + at.by_log
    share = -0.5 * np.expm1(-2 * half)  # h'; its derivative is share (1 - 2 share)
    # Differences of derivatives by the log of the argument, whose large parts are the sizes.
    c_by_log = -((2 * nu + 1) / (next_order.size + base.size) + next_order.excess - base.excess)
    c_by_nu = next_order.by_order - base.by_order
    c_by_log_twice = next_order.spread - base.spread + c_by_log
    c_mixed, c_by_nu_twice = base.mixed - next_order.mixed, next_order.by_order_twice - base.by_order_twice
    gap = (2 * alpha * argument * np.sinh(half) + x * (x + 2 * nu)) / (at.size + base.size)
    gap = -gap - (at.excess - base.excess)  # what K has by w more at alpha than at the argument
    by_mean = x + by_alpha * share
    by_argument = gap - by_alpha * share - by_mean * c_by_log
    by_nu = at.by_order - base.by_order - half - by_mean * c_by_nu
    q_by_w, q_by_nu = -1 - c_by_log, -c_by_nu
    twice = share * (by_alpha * (1 - 2 * share) + bend * share)
    q_and_nu = share * (-at.mixed - 1)
    w_twice = gap + at.spread - base.spread + 2 * bend * share * q_by_w + twice * q_by_w * q_by_w
    w_twice = w_twice - by_mean * c_by_log_twice
    w_and_nu = base.mixed - at.mixed + q_and_nu * q_by_w + (bend * share + twice * q_by_w) * q_by_nu - by_mean * c_mixed
    nu_twice = at.by_order_twice - base.by_order_twice + 2 * q_and_nu * q_by_nu + twice * q_by_nu * q_by_nu
    return (
        by_mean / mu,
        -by_argument * argument,
        by_nu,
        (share * share * (bend - 2 * by_alpha) - x) / mu / mu,
        -(bend * share + twice * q_by_w) * argument / mu,
        (q_and_nu + twice * q_by_nu) / mu,
        (w_twice + by_argument) * argument * argument,
        -w_and_nu * argument,
        nu_twice - by_mean * c_by_nu_twice,
    )


def _of_narrow_rates(x: Array, mu: Array, sigma: Array, nu: Array) -> tuple[Array, ...]:
    """The same next to the Poisson law, by Debye's expansion, in which the large parts have cancelled on paper."""
    size = 1 / np.maximum(sigma, _LITTLE / np.maximum(np.maximum(x, mu), 1.0))
    norm, above = of_norm(nu, size), of_norm(nu + 1, size)
    c_by_size, c_by_nu, c_by_size_twice, c_mixed, c_by_nu_twice = (a - b for a, b in zip(norm, above, strict=True))
    rate = mu * np.exp(log_k_alone(nu, size) - log_k_alone(nu + 1, size))
    at = of_count(x, nu, rate, size)
    by_log = rate * at.by_rate
    log_twice = by_log + rate * rate * at.by_rate_twice
    log_and_size, log_and_nu = rate * at.by_rate_size, rate * at.by_rate_order
    by_size = at.by_size + norm[0] - c_by_size * by_log
    size_twice = at.by_size_twice + norm[2] - c_by_size_twice * by_log
    size_twice = size_twice + c_by_size * (c_by_size * log_twice - 2 * log_and_size)
    size_and_nu = at.by_size_order + norm[3] - c_mixed * by_log
    size_and_nu = size_and_nu + c_by_size * (c_by_nu * log_twice - log_and_nu) - c_by_nu * log_and_size
    nu_twice = at.by_order_twice + norm[4] - c_by_nu_twice * by_log
    square = size * size
    return (
        by_log / mu,
        -square * by_size,
        at.by_order + norm[1] - c_by_nu * by_log,
        rate / mu * at.by_rate_twice * (rate / mu),
        -square * (log_and_size - c_by_size * log_twice) / mu,
        (log_and_nu - c_by_nu * log_twice) / mu,
        square * size * (size * size_twice + 2 * by_size),
        -square * size_and_nu,
        nu_twice + c_by_nu * (c_by_nu * log_twice - 2 * log_and_nu),
    )


class _PoissonInverseGamma(MixedPoisson):
    r"""Counts whose rate is inverse gamma, of a mean: what Sichel's law tends to as sigma → ∞ with a negative nu.

    .. math:: \log f(x) = \log 2 + \frac{s + x}{2}\log b - \log\Gamma(s) - \log x! + \log K_{x - s}(2\sqrt b),
        \quad b = \mu(s - 1)
    """

    support = COUNTS
    parameters = (Parameter("mu", POSITIVE), Parameter("shape", Interval(1.0, _LARGEST_SHAPE)))

    def __init__(self) -> None:
        super().__init__()
        self.name = "Poisson law of inverse gamma rates"  # here, so that it is not registered

    def logpdf(self, x: Array, mu: Array, shape: Array) -> Array:
        """Log-probability of x."""
        x, shape = np.asarray(x, dtype=float), np.asarray(shape, dtype=float)
        with np.errstate(all="ignore"):
            b = mu * (shape - 1)
            root = np.sqrt(b)
            mixed = log_k_alone(x - shape, 2 * root) - 2 * root
            log_b = np.log(b)
            return np.asarray(
                math.log(2) + log_poisson(x, root) + root + 0.5 * shape * log_b - special.gammaln(shape) + mixed
            )

    def score(self, x: Array, mu: Array, shape: Array) -> tuple[Array, ...]:
        """Derivatives by mu and the shape."""
        x, shape = np.asarray(x, dtype=float), np.asarray(shape, dtype=float)
        with np.errstate(all="ignore"):
            b = mu * (shape - 1)
            at = log_k(x - shape, 2 * np.sqrt(b))
            by_log_b = 0.5 * (shape + x + at.by_log)
            return by_log_b / mu, by_log_b / (shape - 1) + 0.5 * np.log(b) - special.psi(shape) - at.by_order

    def hessian(self, x: Array, mu: Array, shape: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        x, mu, shape = (np.asarray(v, dtype=float) for v in (x, mu, shape))
        with np.errstate(all="ignore"):
            less = shape - 1
            at = log_k(x - shape, 2 * np.sqrt(mu * less))
            by_log_b, bend = 0.5 * (shape + x + at.by_log), 0.25 * (at.spread + at.by_log)
            both = 0.5 * (1 + at.mixed)
            return (
                (bend - by_log_b) / np.square(mu),
                (bend / less + both) / mu,
                at.by_order_twice - special.polygamma(1, shape) + (2 * both + (bend - by_log_b) / less) / less,
            )

    def check(self, sample: Sample) -> None:
        """Raise if all counts are 0."""
        check_not_all_zero(self.name, sample, "the shape")

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Mean, and the shape from the variance, or a heavier tail."""
        mean = sample.mean() or 1.0
        excess = max(sample.var() / mean - 1, 0.01) / mean
        return best_starts(sample, self.logpdf, [(mean, 2 + 1 / excess), (mean, 1.5), (mean, 3.0)], 2)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Poisson law, as the shape grows."""
        return (Limit(get_family("poisson"), lambda mu: (mu, np.inf)),)

    def mixing(self, *params: Any) -> tuple[Array, Array, Array, Array]:
        """The one of a generalized inverse Gaussian law so heavy that the last double does not tell it from this."""
        mu, shape = params
        size = np.full_like(shape, _NO_SIZE)
        log_norm = special.gammaln(shape) + shape * np.log(2 / size)
        return -shape, size, np.log(mu * (shape - 1)) + np.log(2 / size), log_norm

    def around(self, mu: Array, shape: Array) -> Array:
        """The mean."""
        return np.asarray(mu + 0.0 * np.asarray(shape))

    def mean(self, mu: Array, shape: Array) -> Array:
        """Expected value."""
        return self.around(mu, shape)
