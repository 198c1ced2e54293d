"""Incomplete gamma and beta functions: tails, their logs and slopes, which keep their digits."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.families.special import EPSILON, laguerre, legendre, log_gamma_kernel

_SERIES_TERMS = 100_000


_LARGEST_SHAPE, _LARGEST_OF_SCIPY = 1e3, 1e5


_CUT_BELOW, _POLISHING_STEPS, _POLISHED = 1e-5, 20, 1e-8
"""Lower tails of larger shapes from which SciPy is not believed; and steps in which its quantiles are polished there,
to so many deviations: the next step would be of the order of the square of that."""


_NEAR = 0.1
"""Relative distance from the shape beyond which a series or a fraction needs few terms, however large the shape."""


_TAIL_NODES, _TAIL_DEPTH = 40, 45.0
"""Of the quadrature over a tail of a large shape, and how much lower, in nats, the log-density is where it ends."""


_CELLS = 100_000
"""Terms of several series that are held at once."""


CANCELLED = 0.3
"""A complement below this has lost digits."""


SMALLEST_MASS = 1e-290
"""Probabilities below this lose digits, and then vanish, as doubles; their logs are computed another way."""


def log_gammainc(shape: Array, log_x: Array) -> Array:
    """Log of the regularised lower incomplete gamma function P(shape, x), from log x.

    Finite where P itself, or x, underflows.
    """
    shape, log_x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(log_x, dtype=float))
    return _log_gammainc(shape, log_x, *_gamma_masses(shape, log_x))


def log_gammaincc(shape: Array, log_x: Array) -> Array:
    """Log of the regularised upper incomplete gamma function Q(shape, x), from log x; finite where Q underflows."""
    shape, log_x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(log_x, dtype=float))
    return _log_gammaincc(shape, log_x, *_gamma_masses(shape, log_x))


def gamma_tails(shape: Array, log_x: Array) -> tuple[Array, Array]:
    """P(shape, x) and Q(shape, x), from log x, which may be the log of a number that is no double."""
    shape, log_x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(log_x, dtype=float))
    x, lower, upper = _gamma_masses(shape, log_x)
    cut = _is_cut(shape, x, lower)
    if np.any(cut):
        lower[cut] = np.exp(log_gammainc(shape[cut], log_x[cut]))
    return lower, upper


def gammainc(shape: Array, x: Array) -> Array:
    """P(shape, x), also where SciPy's series are cut."""
    shape, x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(x, dtype=float))
    lower = np.asarray(special.gammainc(shape, x))
    cut = _is_cut(shape, x, lower)
    if np.any(cut):
        lower[cut] = np.exp(log_gammainc(shape[cut], np.log(x[cut])))
    return lower


def _is_cut(shape: Array, x: Array, lower: Array) -> Mask:
    """Where SciPy loses the lower tail of a large shape, beyond 4.5 deviations: at 1e8 a third of it, at 1e12 all."""
    large = (shape > _LARGEST_OF_SCIPY) & (shape < np.inf)
    return np.asarray(large & (x > 0) & (x < shape) & (lower < _CUT_BELOW))


def gammaincinv(shape: Array, p: Array) -> Array:
    """The x at which P(shape, x) is p, also where SciPy's series are cut: there polished by Newton's method."""
    shape, p = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(p, dtype=float))
    x = np.asarray(special.gammaincinv(shape, p))
    cut = (shape > _LARGEST_OF_SCIPY) & (shape < np.inf) & (p > 0) & (p < _CUT_BELOW)
    if np.any(cut):
        a, log_x, log_p = shape[cut], np.log(x[cut]), np.log(p[cut])
        for _ in range(_POLISHING_STEPS):
            log_tail = log_gammainc(a, log_x)
            step = (log_tail - log_p) * np.exp(log_tail - log_gamma_kernel(a, log_x))
            log_x = log_x - step
            if np.all(np.abs(step) * np.sqrt(a) <= _POLISHED):
                break
        x[cut] = np.exp(log_x)
    return x


def log_gamma_tails(shape: Array, log_x: Array) -> tuple[Array, Array]:
    """Logs of P(shape, x) and Q(shape, x), from log x."""
    shape, log_x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(log_x, dtype=float))
    masses = _gamma_masses(shape, log_x)
    return _log_gammainc(shape, log_x, *masses), _log_gammaincc(shape, log_x, *masses)


def _gamma_masses(shape: Array, log_x: Array) -> tuple[Array, Array, Array]:
    """X, P(shape, x) and Q(shape, x)."""
    with np.errstate(over="ignore"):
        x = np.asarray(np.exp(log_x))
    # One of them is computed, the other is its complement where that has kept its digits.
    left = x <= shape
    lower, upper = np.empty(x.shape), np.empty(x.shape)
    lower[left], upper[~left] = special.gammainc(shape[left], x[left]), special.gammaincc(shape[~left], x[~left])
    upper[left], lower[~left] = 1.0 - lower[left], 1.0 - upper[~left]
    lost = left & (upper < CANCELLED)
    upper[lost] = special.gammaincc(shape[lost], x[lost])
    lost = ~left & (lower < CANCELLED)
    lower[lost] = special.gammainc(shape[lost], x[lost])
    # Where x underflows P is x^a / Gamma(a + 1), which for a small shape is not small.
    tiny = (x < SMALLEST_MASS) & (log_x > -np.inf)
    if np.any(tiny):
        log_p = shape[tiny] * log_x[tiny] - special.gammaln(shape[tiny] + 1)
        lower[tiny], upper[tiny] = np.exp(log_p), -np.expm1(log_p)
    return x, lower, upper


_SECOND = (-1 / 540, -1 / 288, 1 / 378, -9.9022633744855967e-4, 2.0576131687242798e-4, -4.0187757201646091e-7)
_THIRD = (25 / 6048, -2.6813271604938272e-3, 7.7160493827160494e-4, 2.0093878600823045e-6)
"""Coefficients of Temme's c1 and c2 in powers of η: of 1/η³ - 1/u³ - 1/u² - 1/(12 u), and of c1'/η + 1/(288 u)."""


def log_gamma_tails_by_expansion(q: Array, z: Array, u: Array) -> tuple[Array, Array]:
    """Logs of P(a, a(1 + u)) and Q(a, a(1 + u)) for a of 2,500 and more, by Temme's uniform expansion (DLMF 8.12.3-4).

    SciPy's functions lose the left tail beyond 4.5 deviations for a above 1e5, where their series are cut.

    Parameters
    ----------
    q, z, u : ndarray of shape (n,)
        1/sqrt(a), u/q, which for q = 0 is a deviate of the normal law, and u.
    """
    near = np.abs(u) < 0.1
    small = np.where(near, u, 0.0)
    rest = np.zeros_like(small)  # (w - 1)/u near 0, where w = 2 (u - log(1 + u))/u²
    for k in range(17, 0, -1):
        rest = rest * small + (-1.0) ** k * 2 / (k + 2)
    far = np.where(near, 1.0, u)
    with np.errstate(all="ignore"):  # at the end, and at infinity
        w = np.where(near, 1 + small * rest, 2 * (far - np.log1p(far)) / np.square(far))
        rest = np.where(near, rest, (w - 1) / far)
        root = np.sqrt(w)
        eta = u * root
        # c0 = 1/u - 1/η, and the series of c1 and c2, whose shares are below 1e-6 and 1e-10.
        second, third = (np.polynomial.polynomial.polyval(eta, c) for c in (_SECOND, _THIRD))
        first = rest / (root * (root + 1)) + (second + third * np.square(q)) * np.square(q)
        deviate = np.where(np.isfinite(z), z * root, z)
        tails = []
        for sign in (1.0, -1.0):
            v = sign * deviate
            log_p = special.log_ndtr(v)
            share = np.exp(-0.5 * (v * v + math.log(2 * math.pi)) - log_p)
            tails.append(log_p + np.where(np.isfinite(v), np.log1p(-sign * first * q * share), 0.0))
    return tails[0], tails[1]


def log_gamma_quantiles(shape: Array, p: Array) -> tuple[Array, Array]:
    """Logs of the x at which P(shape, x), and at which Q(shape, x), is p; NaN outside [0, 1]."""
    shape, p = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(p, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        quantiles = []
        for x, log_p in ((gammaincinv(shape, p), np.log(p)), (special.gammainccinv(shape, p), np.log1p(-p))):
            near_zero = (log_p + special.gammaln(shape + 1)) / shape  # P = x^a / Gamma(a + 1)
            quantiles.append(np.where(x < SMALLEST_MASS, near_zero, np.log(x)))
    return quantiles[0], quantiles[1]


def _by_expansion(shape: Array, log_x: Array) -> tuple[Array, Array]:
    u = np.expm1(log_x - np.log(shape))
    return log_gamma_tails_by_expansion(1 / np.sqrt(shape), u * np.sqrt(shape), u)


def _log_gammainc(shape: Array, log_x: Array, x: Array, lower: Array, upper: Array) -> Array:
    with np.errstate(divide="ignore"):
        value = np.where(lower > 0.5, np.log1p(-upper), np.log(lower))
    beyond = (shape > _LARGEST_OF_SCIPY) & (x > 0) & (x < shape)
    large = beyond & (x > (1.0 - _NEAR) * shape)
    tiny = ((lower < SMALLEST_MASS) | beyond) & (log_x > -np.inf) & ~large
    if np.any(tiny):
        value[tiny] = _log_gammainc_by_series(shape[tiny], log_x[tiny])
    if np.any(large):
        value[large] = _by_expansion(shape[large], log_x[large])[0]
    return np.asarray(value)


def _log_gammaincc(shape: Array, log_x: Array, x: Array, lower: Array, upper: Array) -> Array:
    with np.errstate(divide="ignore"):
        value = np.where(upper > 0.5, np.log1p(-lower), np.log(upper))
    tiny = (upper < SMALLEST_MASS) & (x < np.inf)
    large = tiny & (shape > _LARGEST_OF_SCIPY) & (x < (1.0 + _NEAR) * shape)
    if np.any(large):
        value[large] = _by_expansion(shape[large], log_x[large])[1]
    tiny &= ~large
    if np.any(tiny):
        value[tiny] = _log_gammaincc_by_fraction(shape[tiny], x[tiny])
    return np.asarray(value)


def _log_gammainc_by_series(shape: Array, log_x: Array) -> Array:
    """P = x^a e^-x / Gamma(a + 1) * sum_k x^k / ((a + 1) ... (a + k)), for x far below a (DLMF 8.11.4)."""
    x = np.exp(log_x)
    term = np.ones_like(x)
    total = np.ones_like(x)
    for k in range(1, _SERIES_TERMS):
        term = term * (x / (shape + k))
        total = total + term
        if not np.any(term > EPSILON * total):
            break
    return np.asarray(log_gamma_kernel(shape, log_x) - np.log(shape) + np.log(total))


def _log_gammaincc_by_fraction(shape: Array, x: Array) -> Array:
    """Legendre's continued fraction, by the modified Lentz method, for x far above a (DLMF 8.9.2)."""
    b = x + 1.0 - shape
    c = np.full_like(x, np.inf)
    d = 1.0 / b
    fraction, settled = d, np.zeros(np.shape(x), dtype=bool)
    for k in range(1, _SERIES_TERMS):
        a = -k * (k - shape)
        b = b + 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        change = c * d
        fraction = fraction * change
        # As below: rounding moves what has settled, for ever.
        settled |= (np.abs(change - 1.0) <= 4 * EPSILON) | ~np.isfinite(fraction)
        if settled.all():
            break
    return np.asarray(log_gamma_kernel(shape, np.log(x)) + np.log(fraction))


def log_betainc_fraction(a: Array, b: Array, x: Array) -> Array:
    """Log of I_x(a, b) over ``x^a (1 - x)^b / (a B(a, b))``, for x below (a + 1) / (a + b + 2); DLMF 8.17.22.

    So the log of a tail too small for a double is had from the log-density, whose own logs do not underflow. By the
    modified Lentz method.
    """
    c, d = np.ones_like(x), 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    fraction, settled = d, np.zeros(np.shape(x), dtype=bool)
    for m in range(1, _SERIES_TERMS):
        even = m / (a + 2 * m - 1) * ((b - m) / (a + 2 * m) * x)
        odd = -(a + m) / (a + 2 * m) * ((a + b + m) / (a + 2 * m + 1) * x)
        for term in (even, odd):
            c = 1.0 + term / c
            d = 1.0 / (1.0 + term * d)
            fraction = fraction * (c * d)
        # Rounding moves what has settled; what is no number stays none.
        settled |= (np.abs(c * d - 1.0) <= 4 * EPSILON) | ~np.isfinite(fraction)
        if settled.all():
            break
    return np.asarray(np.log(fraction))


def log_gammainc_slopes(shape: Array | float, log_x: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    r"""Derivatives of log P(a, x) and of log Q(a, x), the incomplete gamma functions, by a and by log x.

    Parameters
    ----------
    shape : float or ndarray of shape (n,)
        a.
    log_x : ndarray of shape (n,)

    Returns
    -------
    tuple of tuple of ndarray of shape (n,)
        Those of log P, those of log Q.

    Notes
    -----
    Up to four deviations above the mean P is summed as :math:`\sum_k x^{a+k} e^{-x} / \Gamma(a+k+1)` (DLMF 8.11.4), so
    that the derivative of its log is :math:`\log x` less the mean of :math:`\psi(a+k+1)`, with the terms as weights:
    nothing cancels (after Moore 1982, Applied Statistics 31, 330-335). Beyond, the derivative of log Q is the mean of
    :math:`\log u - \psi(a)` over u > x, by Gauss-Laguerre quadrature. The other follows from P + Q = 1. For a above
    1000 the series is long, but log u all but normal: the mean over the smaller tail is by Gauss-Legendre quadrature.
    """
    a, log_x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(log_x, dtype=float))
    x, lower, upper = _gamma_masses(a, log_x)
    log_f = log_gamma_kernel(a, log_x)
    log_lower, log_upper = _log_gammainc(a, log_x, x, lower, upper), _log_gammaincc(a, log_x, x, lower, upper)
    fall, rise = np.exp(log_f - log_lower), -np.exp(log_f - log_upper)
    below, above = np.full((2, *x.shape), np.nan)
    known = a <= _LARGEST_SHAPE
    far = known & (x > a + 4.0 * np.sqrt(a) + 4.0)
    near = known & (x <= a + 4.0 * np.sqrt(a) + 4.0)  # of NaN neither
    if near.any():
        below[near] = log_x[near] - _mean_digamma(a[near], x[near])
        above[near] = -below[near] * (lower[near] / upper[near])
    if far.any():
        above[far] = log_x[far] + _mean_log_beyond(a[far], x[far]) - special.psi(a[far])
        below[far] = -above[far] * (upper[far] / lower[far])
    for left, own, other in ((True, below, above), (False, above, below)):
        rows = ~known & ((x <= a) == left) & (log_x > -np.inf) & (x < np.inf)
        if rows.any():
            own[rows] = log_x[rows] - special.psi(a[rows]) + _mean_log_in_tail(a[rows], x[rows], left=left)
            odds = log_lower[rows] - log_upper[rows]
            other[rows] = -own[rows] * np.exp(odds if left else -odds)
    return (below, fall), (above, rise)


def _mean_log_in_tail(shape: Array, x: Array, *, left: bool) -> Array:
    """Mean of log(u / x) over u < x (``left``) or u > x, the smaller tail, under the unit gamma law of a large shape.

    The log-density of t = log(u / x) falls as ``(x - a) t + x (e^t - 1 - t)``.
    """
    nodes, weights = legendre(_TAIL_NODES)
    slope = np.abs(x - shape)
    reach = 2 * _TAIL_DEPTH / (slope + np.sqrt(slope * slope + 2 * _TAIL_DEPTH * x))
    share = 0.5 * (1.0 + nodes[:, None])
    t = (-reach if left else reach) * share
    with np.errstate(under="ignore"):
        mass = weights[:, None] * np.exp(-((x - shape) * t + x * (np.expm1(t) - t)))
    return np.asarray((mass * t).sum(axis=0) / mass.sum(axis=0))


def _mean_digamma(shape: Array, x: Array) -> Array:
    """Mean of psi(a + k + 1) with the weights x^k / ((a + 1) ... (a + k))."""
    # Weights are a Poisson law's of mean x, from a on: beyond so many deviations nothing is left.
    terms = np.ceil(np.maximum(x - shape, 0.0) + 8.5 * np.sqrt(x)).astype(int) + 14
    order = np.argsort(terms, kind="stable")
    means = np.empty(len(x))
    first = 0
    while first < len(x):
        # As many rows as have room together, or as need not much fewer terms than the longest of them.
        length = int(terms[order[first]])
        last = int(np.searchsorted(terms[order], 2 * length, side="right"))
        rows = order[first : min(last, first + max(1, _CELLS // (2 * length)))]
        k = np.arange(1, int(terms[rows[-1]]) + 1)
        steps = shape[rows, None] + k
        beyond = np.cumsum(1.0 / steps, axis=1)  # psi(a + k + 1) - psi(a + 1)
        with np.errstate(under="ignore"):
            weights = np.cumprod(x[rows, None] / steps, axis=1)
        means[rows] = (weights * beyond).sum(axis=1) / (1.0 + weights.sum(axis=1))
        first += len(rows)
    return np.asarray(special.psi(shape + 1.0) + means)


def _mean_log_beyond(shape: Array, x: Array) -> Array:
    """Mean of log(u / x) over u > x under the unit gamma law, for x far above its mean."""
    nodes, weights = laguerre()
    means = np.empty(len(x))
    step = _CELLS // len(nodes)
    for first in range(0, len(x), step):
        rows = slice(first, first + step)
        low, a = x[rows], shape[rows]
        rate = 1.0 - np.maximum(a - 1.0, 0.0) / low  # at which the density falls there
        excess = nodes[:, None] / (rate * low)
        log_ratio = np.log1p(excess)
        with np.errstate(under="ignore"):
            mass = weights[:, None] * np.exp((a - 1.0) * log_ratio + (rate - 1.0) * low * excess)
        means[rows] = (mass * log_ratio).sum(axis=0) / mass.sum(axis=0)
    return means
