"""The law of the log of a ratio of unit gamma variables: its density, tails and quantiles, which keep their digits.

With t = log(x / (1 - x)) its tails are the incomplete beta functions of x.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.counting import digamma_difference, trigamma_difference
from mle_toolkit.families.gamma_tails import CANCELLED, SMALLEST_MASS, log_betainc_fraction
from mle_toolkit.families.special import laguerre, log1mexp, log_poch, softplus, stirling_remainder

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


def log_kernel(t: Array, a: Array, b: Array) -> Array:
    """Log-density of t."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    # From where the density is highest, or large shapes cancel: with u = log(a/b) of t.
    top = np.log(a) - np.log(b)
    rise = -a * (softplus(-t) - softplus(-top)) - b * (softplus(t) - softplus(top))
    # a log(a/(a+b)) + b log(b/(a+b)) - log B(a, b), by Stirling's remainders.
    return np.asarray(rise + stirling_remainder(a + b) - stirling_remainder(a) - stirling_remainder(b))


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
    summed = terms <= _MOST_TERMS
    if summed.any():
        log_low[summed], low[:, summed] = _sum_and_slopes(u[summed], p[summed], q[summed], terms[summed])
    log_low[~summed] = kernel_tails(u[~summed], p[~summed], q[~summed])[0]
    odds = 1.0 / np.expm1(-np.minimum(log_low, 0.0))  # I / (1 - I)
    high[:, summed] = -low[:, summed] * odds[summed]
    far = odds > 1.0 / _FAR
    if far.any():
        high[:, far] = _slopes_beyond(u[far], p[far], q[far])
        low[:, far] = -high[:, far] * np.exp(kernel_tails(u[far], p[far], q[far])[1] - log_low[far])
    long = ~(summed | far) & np.isfinite(u)
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
