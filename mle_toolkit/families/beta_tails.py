"""The law of the log of a ratio of unit gamma variables: its density, tails and quantiles, which keep their digits.

With t = log(x / (1 - x)) its tails are the incomplete beta functions of x.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.counting import digamma_difference, digamma_excess, trigamma_difference
from mle_toolkit.families.gamma_tails import CANCELLED, SMALLEST_MASS, log_betainc_fraction
from mle_toolkit.families.means_in_tails import means_in_tails, reach_outward
from mle_toolkit.families.special import laguerre, legendre, log1mexp, log_beta_remainder, log_poch, softplus

_STEP = 1e-2
"""Of shapes in differences, as a share of them and in spreads of t."""

_MOST_TERMS = 1_000
"""Terms of a series from which differences cost less."""

_AT_ONCE = 1_000
"""Numbers of a few terms of all series, to be summed at once."""

_LAST = 37.0
"""Powers of e that leave no digit."""

_FAR = 1e-4
"""Probability beyond, from which the slope of a tail is a mean over it, and no complement."""

LARGE_SHAPES = 1e4
"""Shapes from which tails are sums of densities: the law is nearly normal, and SciPy's functions are slow."""

_NODES = 32
"""Of such a sum."""

_CLOSE = 0.1
"""Distance of t from the mode within which the log-density is a series."""

_OF_LOG = tuple((-1.0) ** (k + 1) / k for k in range(2, 16))
_OF_EXP = tuple(1.0 / math.factorial(k) for k in range(2, 13))
"""Coefficients of (log(1 + y) - y)/y² and of (exp(v) - 1 - v)/v²."""


def log_kernel(t: Array, a: Array, b: Array) -> Array:
    """Log-density of t."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    # From where the density is highest, or large shapes cancel: with u = log(a/b) of t.
    top = np.log(a) - np.log(b)
    rise = np.asarray(-a * (softplus(-t) - softplus(-top)) - b * (softplus(t) - softplus(top)))
    from_top = _from_top(t, a, b)
    close = np.abs(from_top) < _CLOSE
    if np.any(close):  # also these differences cancel
        rise[close] = _rise_nearby(*(part[close] for part in np.broadcast_arrays(from_top, a, b)))
    return np.asarray(rise + _log_front(a, b))


def _log_front(a: Array, b: Array) -> Array:
    """Log-density at the mode: a log(a/(a+b)) + b log(b/(a+b)) - log B(a, b)."""
    return -log_beta_remainder(a, b)


def _from_top(t: Array, a: Array, b: Array) -> Array:
    """Distance of t from the mode, log(a/b)."""
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        ratio = a / b
        return t - np.where((ratio > 0) & (ratio < np.inf), np.log(ratio), np.log(a) - np.log(b))


def _rise_nearby(d: Array, a: Array, b: Array) -> Array:
    """Log-density at d from the mode, less that at the mode: (a + b) (s d - log(1 - s + s exp(d))), s = a/(a + b)."""
    v, s = np.where(a <= b, d, -d), np.minimum(a, b) / (a + b)
    y = s * np.expm1(v)
    log, exp = (np.polynomial.polynomial.polyval(x, of) for x, of in ((y, _OF_LOG), (v, _OF_EXP)))
    return np.asarray(-(a + b) * (log * y * y + s * exp * v * v))


def kernel_slopes(t: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Derivatives by t, a and b."""
    return (
        a * special.expit(-t) - b * special.expit(t),
        digamma_difference(a, b) - softplus(-t),
        digamma_difference(b, a) - softplus(t),
    )


def kernel_bends(t: Array, a: Array, b: Array) -> tuple[Array, ...]:
    """Second derivatives, upper triangle row by row."""
    share, rest = special.expit(t), special.expit(-t)
    nothing = 0 * share
    both = special.zeta(2.0, np.add(a, b)) + nothing  # the trigamma function
    by_a, by_b = trigamma_difference(a, b) + nothing, trigamma_difference(b, a) + nothing
    return -np.add(a, b) * share * rest, rest, -share, by_a, both, by_b


def kernel_tails(t: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Logs of the tails: of the smaller one, which may underflow, by its continued fraction; one minus it."""
    t, a, b = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    large = _are_large(t, a, b)
    if not large.any():
        return _tails_by_scipy(t, a, b)
    below, above = np.empty(t.shape), np.empty(t.shape)
    for part, tails in ((large, _tails_of_large), (~large, _tails_by_scipy)):
        below[part], above[part] = tails(t[part], a[part], b[part])
    return below, above


def _are_large(t: Array, a: Array, b: Array) -> NDArray[np.bool_]:
    """Where the law is nearly normal."""
    return np.asarray((np.minimum(a, b) >= LARGE_SHAPES) & np.isfinite(t))


def _tails_of_large(t: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Logs of the tails where both shapes are large: of the smaller one by Gauss-Legendre quadrature."""
    up, steep, bend = _outward(t, a, b)
    reach = reach_outward(steep, bend)
    nodes, weights = legendre(_NODES)
    height = log_kernel(t + np.where(up, reach, -reach) * (0.5 * (1.0 + nodes[:, None])), a, b)
    with np.errstate(under="ignore"):
        mass = (weights[:, None] * np.exp(height - height[0])).sum(axis=0)
    smaller = height[0] + np.log(0.5 * reach * mass)
    larger = log1mexp(np.minimum(smaller, 0.0))
    return np.where(up, larger, smaller), np.where(up, smaller, larger)


def _outward(t: Array, a: Array, b: Array) -> tuple[NDArray[np.bool_], Array, Array]:
    """Whether the upper tail is the smaller one; how fast the log-density falls there, and how fast that grows."""
    share, both = special.expit(t), a + b
    return _from_top(t, a, b) > 0, np.abs(both * share - a), both * share * special.expit(-t)


def _slopes_of_large(t: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Derivatives of the logs of both tails by a and b, each of shape (2, n), where both shapes are large."""
    up, steep, bend = _outward(t, a, b)
    log_tails = _tails_of_large(t, a, b)
    slopes = []
    for p, q, sign in ((a, b, -1.0), (b, a, 1.0)):

        def density(u: Array, p: Array = p, q: Array = q, sign: float = sign) -> tuple[Array, Array]:
            by_shape = digamma_excess(p, q) - np.log1p(q / (p + q) * np.expm1(sign * _from_top(u, a, b)))
            return log_kernel(u, a, b), by_shape

        slopes.append(
            means_in_tails(density, t, up=up, steep=steep, bend=bend, room=np.inf + steep, log_tails=log_tails)
        )
    return np.array([pair[0] for pair in slopes]), np.array([pair[1] for pair in slopes])


def _tails_by_scipy(t: Array, a: Array, b: Array) -> tuple[Array, Array]:
    # By the share that is nearer to 0, which keeps its digits where the other is rounded to 1.
    small = t <= 0
    p, q, share = np.where(small, a, b), np.where(small, b, a), special.expit(-np.abs(t))
    near, far = np.empty(t.shape), np.empty(t.shape)
    below_mean = (p + q) * share <= p
    for part, of, other, tail, rest in (
        (below_mean, near, far, special.betainc, special.betaincc),
        (~below_mean, far, near, special.betaincc, special.betainc),
    ):
        # One of them is computed, the other is its complement where that has kept its digits.
        of[part] = tail(p[part], q[part], share[part])
        other[part] = 1.0 - of[part]
        lost = part & ~(other >= CANCELLED)
        other[lost] = rest(p[lost], q[lost], share[lost])
    low, high = np.where(small, near, far), np.where(small, far, near)
    below, above = np.asarray(np.log(low)), np.asarray(np.log(high))
    for mass, log_tail, p, q, sign in ((low, below, a, b, 1.0), (high, above, b, a, -1.0)):
        tiny = mass < SMALLEST_MASS
        if np.any(tiny):
            p, q, u = p[tiny], q[tiny], sign * t[tiny]
            log_tail[tiny] = log_kernel(u, p, q) - np.log(p) + log_betainc_fraction(p, q, special.expit(u))
    return np.where(low > 0.5, log1mexp(np.minimum(above, 0.0)), below), np.where(
        high > 0.5, log1mexp(np.minimum(below, 0.0)), above
    )


def kernel_tail_slopes(t: Array, a: Array, b: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    r"""Derivatives of the logs of the tails by a and b.

    Notes
    -----
    With x the share below 1/2, and p the shape that belongs to it,
    :math:`I_x(p, q) = \sum_k x^{p+k} (1 - x)^q\, \Gamma(p+q+k) / (\Gamma(q)\, \Gamma(p+k+1))` (DLMF 8.17.8): the
    derivatives of its log are :math:`\log x` and :math:`\log(1 - x)` with the means of
    :math:`\psi(p+q+k) - \psi(p+k+1)` and of :math:`\psi(p+q+k) - \psi(q)`, the terms as weights, where nothing cancels;
    those of log(1 - I) follow. Where 1 - I is small they are the means of :math:`\log u - \psi(p) + \psi(p+q)` and of
    :math:`\log(1 - u) - \psi(q) + \psi(p+q)` over u > x, by Gauss-Laguerre quadrature. Where the series is long
    differences of fourth order serve, good to 1e-9 of the largest.
    """
    t, a, b = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    small = t <= 0
    p, q, u = np.where(small, a, b), np.where(small, b, a), -np.abs(t)
    low, high = np.full((2, 2, *t.shape), np.nan)
    log_low = np.full(t.shape, np.nan)
    terms = _terms_of(p, q, special.expit(u))
    large = _are_large(u, p, q)
    if large.any():
        low[:, large], high[:, large] = _slopes_of_large(u[large], p[large], q[large])
    summed = (terms <= _MOST_TERMS) & ~large
    if summed.any():
        log_low[summed], low[:, summed] = _sum_and_slopes(u[summed], p[summed], q[summed], terms[summed])
    rest = ~(summed | large)
    log_low[rest] = _tails_by_scipy(u[rest], p[rest], q[rest])[0]
    with np.errstate(divide="ignore"):  # where log I is rounded to 0, of either sign
        odds = 1.0 / np.expm1(np.abs(np.minimum(log_low, 0.0)))  # I / (1 - I)
    high[:, summed] = -low[:, summed] * odds[summed]
    far = (odds > 1.0 / _FAR) & ~large
    if far.any():
        high[:, far] = _slopes_beyond(u[far], p[far], q[far])
        low[:, far] = -high[:, far] * np.exp(_tails_by_scipy(u[far], p[far], q[far])[1] - log_low[far])
    long = ~(summed | far | large) & np.isfinite(u)
    if long.any():
        low[:, long], high[:, long] = _slopes_by_differences(u[long], p[long], q[long])
    return tuple(np.where(small, low, high[::-1])), tuple(np.where(small, high, low[::-1]))


def _terms_of(p: Array, q: Array, x: Array) -> Array:
    """How many terms of the series for I_x(p, q), x <= 1/2, leave nothing: those of a negative binomial law."""
    with np.errstate(divide="ignore"):  # no more than the first where x is 0
        alone = _LAST / -np.log(x)
    about = (p + q) * x
    return np.asarray(np.ceil((np.maximum(about - p, 0.0) + 9.0 * np.sqrt(about)) / (1.0 - x) + alone + 6.0))


def _sum_and_slopes(t: Array, p: Array, q: Array, terms: Array) -> tuple[Array, Array]:
    """Give log I_x(p, q), and its derivatives by p and q, of shape (2, n), by the series."""
    order = np.argsort(-terms, kind="stable")
    lengths = -terms[order]
    x, both, after = special.expit(t[order]), (p + q)[order], (p + 1.0)[order]
    weight, rise, fall = np.ones_like(x), np.zeros_like(x), np.zeros_like(x)
    total, by_p, by_q = np.ones_like(x), np.zeros_like(x), np.zeros_like(x)
    others = after - both  # 1 - q
    first, last = 0, int(terms.max())
    while first < last:
        n = int(np.searchsorted(lengths, -first, side="left"))
        k = np.arange(first, min(first + max(_AT_ONCE // n, 1), last), dtype=float)[:, None]
        up, down = both[:n] + k, after[:n] + k
        steps = x[:n] * up / down
        steps[0] *= weight[:n]
        weights = np.asarray(np.cumprod(steps, axis=0), dtype=float)
        rises, falls = _continued(rise[:n], 1.0 / up), _continued(fall[:n], others[:n] / (up * down))
        for of_all, part in ((total, weights.copy()), (by_q, weights * rises), (by_p, weights * falls)):
            of_all[:n] = _continued(of_all[:n], part)[-1]
        weight, rise, fall, first = weights[-1], rises[-1], falls[-1], first + len(k)
    slopes, log_sum = np.empty((2, len(x))), np.empty(len(x))
    slopes[0, order], slopes[1, order], log_sum[order] = by_p / total, by_q / total, np.log(total)
    up, down = np.maximum(q - 1.0, 0.0), np.maximum(1.0 - q, 0.0)
    slopes[0] += np.where(q >= 1, digamma_difference(p + 1.0, up), -digamma_difference(p + q, down)) - softplus(-t)
    slopes[1] += digamma_difference(q, p) - softplus(t)
    return log_kernel(t, p, q) - np.log(p) + log_sum, slopes


def _continued(total: Array, terms: Array) -> Array:
    """Totals after each of more terms, which are overwritten: one after the other, so that they do not depend on n."""
    terms[0] += total
    return np.cumsum(terms, axis=0) if len(terms) > 1 else terms


def _slopes_beyond(t: Array, p: Array, q: Array) -> Array:
    """Derivatives of the log of the tail above t by p and q, far above the mean; shape (2, n)."""
    nodes, weights = laguerre()
    rate = (p + q) * special.expit(t) - p  # at which the log-density falls there
    u = t + nodes[:, None] / rate
    with np.errstate(under="ignore"):
        mass = weights[:, None] * np.exp(log_kernel(u, p, q) - log_kernel(t, p, q) + nodes[:, None])
    mass /= mass.sum(axis=0)
    by_p = digamma_difference(p, q) - np.sum(mass * softplus(-u), axis=0)
    by_q = digamma_difference(q, p) - np.sum(mass * softplus(u), axis=0)
    return np.array([by_p, by_q])


def _slopes_by_differences(t: Array, p: Array, q: Array) -> tuple[Array, Array]:
    """Derivatives of the logs of both tails by p and q, each of shape (2, n)."""
    low, high = np.empty((2, 2, *t.shape))
    step = _STEP * np.minimum(np.sqrt(1 / p + 1 / q), 0.1)
    nothing = np.zeros_like(step)
    for k, (first, second) in enumerate(((step, nothing), (nothing, step))):
        tails = [kernel_tails(t, p * (1 + m * first), q * (1 + m * second)) for m in (-2, -1, 1, 2)]
        size = 12 * step * (q if k else p)
        for side, slopes in enumerate((low, high)):
            far, near, next_near, next_far = (tail[side] for tail in tails)
            slopes[k] = (8 * (next_near - near) - (next_far - far)) / size
    return low, high


def kernel_quantile(log_p: Array, log_q: Array, a: Array, b: Array) -> Array:
    """Quantile of t, from the smaller tail."""
    lower = log_p < log_q
    log_tail = np.minimum(log_p, log_q)
    p, q = np.where(lower, a, b), np.where(lower, b, a)
    share = special.betaincinv(p, q, np.exp(log_tail))
    # Next to 0 the tail is share^p / (p B(p, q)).
    near = (log_tail + np.log(p) + special.gammaln(p) - log_poch(q, p)) / p
    t = np.where(share < SMALLEST_MASS, near, special.logit(share))
    return np.asarray(np.where(lower, t, -t))
