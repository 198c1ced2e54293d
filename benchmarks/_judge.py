"""What the campaign judges fits by: densities, masses and a search that share no code with `mle_toolkit`.

Each law is written once, over a small set of functions that exist twice: in double precision (`DOUBLE`) for the search,
and in 50 digits (`EXACT`, mpmath) for the last word. A judgement that goes against a fit is taken in 50 digits only, so
that no rounding error of the judge's is counted as one of the fit.

Parameters are those of `mle_toolkit`, in the declared order, as one flat list of numbers. Sources of the densities:
Johnson, Kotz & Balakrishnan (1994, 1995), Continuous Univariate Distributions 1 and 2; Johnson, Kemp & Kotz (2005),
Univariate Discrete Distributions; Mardia & Jupp (2000), Directional Statistics.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import mpmath
import numpy as np
from scipy import optimize, special

DIGITS = 50
"""Of the last word; a difference of cdfs loses some of them."""

DIGITS_SECONDS = 60.0
"""CPU for the log-likelihoods of a sample in those digits: a series may have no end, and fill the memory."""


class OutOfTimeError(Exception):
    """The judge has searched, or summed, for as long as it may."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` where a block takes more CPU than that."""

    def stop(number: int, frame: Any) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)


# --- the functions, twice ---------------------------------------------------------------------------------------------


class Double:
    """NumPy and scipy.special."""

    log = staticmethod(np.log)
    exp = staticmethod(np.exp)
    log1p = staticmethod(np.log1p)
    expm1 = staticmethod(np.expm1)
    sqrt = staticmethod(np.sqrt)
    cos = staticmethod(np.cos)
    atan = staticmethod(np.arctan)
    asinh = staticmethod(np.arcsinh)
    loggamma = staticmethod(special.gammaln)
    log_ncdf = staticmethod(special.log_ndtr)
    gamma_lower = staticmethod(special.gammainc)
    gamma_upper = staticmethod(special.gammaincc)
    beta_lower = staticmethod(special.betainc)
    beta_upper = staticmethod(special.betaincc)
    zeta = staticmethod(special.zeta)

    @staticmethod
    def number(value: float) -> float:
        return float(value)

    @staticmethod
    def numbers(values: np.ndarray) -> np.ndarray:
        return np.asarray(values, dtype=float)

    @staticmethod
    def log_i0(x: Any) -> Any:
        return np.log(special.i0e(x)) + x

    @staticmethod
    def log_series_tail(k: Any, p: Any) -> Any:
        """The log of the sum of p**j / j over j > k."""
        return (k + 1) * np.log(p) - np.log(k + 1) + np.log(special.hyp2f1(1.0, k + 1, k + 2, p))

    @staticmethod
    def log_skew_tails(z: Any, alpha: Any) -> tuple[Any, Any]:
        twice = 2 * special.owens_t(z, alpha)
        return np.log(np.maximum(special.ndtr(z) - twice, 0)), np.log(np.maximum(special.ndtr(-z) + twice, 0))


LARGEST_LOG = 10**6
"""Logs from which an exponential in 50 digits counts as infinite: its exponent would not fit into memory."""


def _each(of: Callable[..., Any]) -> Callable[..., Any]:
    return np.frompyfunc(of, of.__code__.co_argcount, 1)


class Exact:
    """mpmath, element by element; where a double function gives NaN or an infinity, so does this."""

    log = _each(lambda x: mpmath.log(x) if x > 0 else (mpmath.mpf("-inf") if x == 0 else mpmath.nan))
    exp = _each(lambda x: mpmath.exp(x) if x < LARGEST_LOG else mpmath.mpf("inf"))
    log1p = _each(lambda x: mpmath.log1p(x) if x > -1 else (mpmath.mpf("-inf") if x == -1 else mpmath.nan))
    expm1 = _each(lambda x: mpmath.expm1(x))
    sqrt = _each(lambda x: mpmath.sqrt(x) if x >= 0 else mpmath.nan)
    cos = _each(lambda x: mpmath.cos(x))
    atan = _each(lambda x: mpmath.atan(x))
    asinh = _each(lambda x: mpmath.asinh(x))
    loggamma = _each(lambda x: mpmath.loggamma(x))
    log_ncdf = _each(lambda z: mpmath.log(mpmath.erfc(-z / mpmath.sqrt(2)) / 2))
    gamma_lower = _each(lambda a, x: mpmath.gammainc(a, 0, x, regularized=True))
    gamma_upper = _each(lambda a, x: mpmath.gammainc(a, x, mpmath.inf, regularized=True))
    beta_lower = _each(lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True))
    beta_upper = _each(lambda a, b, x: mpmath.betainc(b, a, 0, 1 - x, regularized=True))
    zeta = _each(lambda a, q: mpmath.zeta(a, q))
    log_i0 = _each(lambda x: mpmath.log(mpmath.besseli(0, x)))
    log_series_tail = _each(
        lambda k, p: (k + 1) * mpmath.log(p) - mpmath.log(k + 1) + mpmath.log(mpmath.hyp2f1(1, k + 1, k + 2, p))
    )

    @staticmethod
    def number(value: Any) -> Any:
        return value if isinstance(value, mpmath.mpf) else mpmath.mpf(float(value))

    @staticmethod
    def numbers(values: np.ndarray) -> np.ndarray:
        return np.array([mpmath.mpf(float(value)) for value in values], dtype=object)

    @staticmethod
    def log_skew_tails(z: Any, alpha: Any) -> tuple[Any, Any]:
        def below(end: Any) -> Any:
            density = lambda t: 2 * mpmath.npdf(t) * mpmath.ncdf(alpha * t)  # noqa: E731
            return mpmath.quad(density, [-mpmath.inf, min(end, 0) - 8, min(end, 0) - 2, min(end, 0), end])

        lower = np.frompyfunc(below, 1, 1)(z)
        return Exact.log(lower), Exact.log(1 - lower)


DOUBLE, EXACT = Double(), Exact()

_convert = mpmath.mp.npconvert


def _of_numpy(x: Any) -> Any:
    """What mpmath makes of a number of NumPy's; an array it declines, so that this goes element by element.

    It would write out the array first, for its error: most of the time of a sum, and beyond 4,300 digits no text.
    """
    if isinstance(x, np.ndarray) and x.ndim:
        raise TypeError("an array")
    return _convert(x)


mpmath.mp.npconvert = _of_numpy
Functions = Any


def log1mexp(m: Functions, y: Any) -> Any:
    """log(1 - exp(-y)), y > 0."""
    return np.where(y < 0.7, m.log(-m.expm1(-y)), m.log1p(-m.exp(-y)))


def softplus(m: Functions, y: Any) -> Any:
    """log(1 + exp(y))."""
    return np.where(y > 0, y, 0) + m.log1p(m.exp(-abs(y)))


def log_add(m: Functions, p: Any, q: Any) -> Any:
    """log(exp(p) + exp(q))."""
    top, low = np.where(p > q, p, q), np.where(p > q, q, p)
    return np.where(top == -math.inf, top, top + m.log1p(m.exp(np.where(top == -math.inf, 0, low - top))))


def log_less(m: Functions, p: Any, q: Any) -> Any:
    """log(exp(p) - exp(q)); -inf where p <= q."""
    gap = np.where((p > q) & (p > -math.inf), p - q, 1)
    return np.where(p > q, p + np.where(q == -math.inf, 0, log1mexp(m, gap)), -math.inf)


# --- laws -------------------------------------------------------------------------------------------------------------


@dataclass
class Law:
    """A law as the judge knows it.

    Attributes
    ----------
    name : str
    kinds : tuple of str
        What each parameter is: "loc", "scale" (they follow the unit of the data), "shape" (positive), "real", "unit"
        (from 0 to 1), "loglog" (a location of logs), "xi" (above -1), "above1", "threshold" (below the data), "whole"
        (a whole number), "weights".
    support : tuple of float
        Where the density may be positive, whatever the parameters; the ends are outside but where ``closed`` says so.
    log_density : callable
        Of (functions, x, *params).
    tails : callable or None
        Of (functions, x, *params): log F and log(1 - F), x inside the support.
    draw : callable
        Of (rng, n, *params).
    discrete : bool
    spikes : bool
        Whether every sample of exact values makes the likelihood infinite somewhere, by theory: at a value, as the law
        shrinks onto it. What is to be found then is the best of the proper maxima.
    component : Law or None
        Of a mixture, the law of its components.
    between : callable or None
        Of (functions, low, high, *params): log P(low < X <= high) where both tails have lost its digits, else NaN.
    rough : callable
        Of the parameters: the place of one by which the second derivative of a row has no finite variance, or None.
    """

    name: str
    kinds: tuple[str, ...]
    support: tuple[float, float]
    log_density: Callable[..., Any]
    tails: Callable[..., tuple[Any, Any]] | None
    draw: Callable[..., np.ndarray]
    discrete: bool = False
    spikes: bool = False
    closed: bool = False
    circular: bool = False
    starts: Callable[[Data], list[list[float]]] = field(default=lambda data: [])
    component: Law | None = None
    between: Callable[..., Any] | None = None
    rough: Callable[[list[float]], int | None] = field(default=lambda params: None)

    def log_mass(self, m: Functions, low: np.ndarray, high: np.ndarray, params: list[Any]) -> Any:
        """Log P(low < X <= high), element by element."""
        if self.circular:
            return self._arc(m, low, high, params)
        if self.discrete:
            low, high = np.floor(low), np.floor(high)
        f_low, s_low = self._tails(m, low, params)
        f_high, s_high = self._tails(m, high, params)
        by_upper = f_high > s_low  # the smaller tail keeps the digits
        mass = log_less(m, np.where(by_upper, s_low, f_high), np.where(by_upper, s_high, f_low))
        if m is DOUBLE and not self.discrete:
            larger = np.where(by_upper, s_low, f_high)
            lost = np.isfinite(low) & np.isfinite(high) & (mass < larger - 14.0)
            if np.any(lost):
                mass = np.where(lost, self._narrow(low, high, params, lost), mass)
            if self.between is not None:
                own = self.between(m, low, high, *params)
                mass = np.where(np.isnan(own), mass, own)
        return mass

    def _tails(self, m: Functions, x: np.ndarray, params: list[Any]) -> tuple[Any, Any]:
        """Tails at any x, the infinite ones and those outside the support included."""
        first, last = self.support
        below = x < first if (self.discrete or self.closed) else x <= first
        above = x >= last
        inside = ~(below | above)
        f = np.where(above, 0.0, -math.inf).astype(object if m is EXACT else float)
        s = np.where(below, 0.0, -math.inf).astype(object if m is EXACT else float)
        if np.any(inside):
            f[inside], s[inside] = self.tails(m, m.numbers(x[inside]), *params)
        return f, s

    def _narrow(self, low: np.ndarray, high: np.ndarray, params: list[Any], where: np.ndarray) -> np.ndarray:
        """Mass of narrow intervals from the density, by Gauss's rule."""
        nodes, weights = np.polynomial.legendre.leggauss(16)
        low, high = np.where(where, low, 0.0), np.where(where, high, 1.0)
        x = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * nodes
        density = self.log_density(DOUBLE, x.ravel(), *params).reshape(x.shape)
        return special.logsumexp(density, axis=1, b=weights / 2) + np.log(high - low)

    def _arc(self, m: Functions, low: np.ndarray, high: np.ndarray, params: list[Any]) -> Any:
        """Mass of arcs of at most one turn."""
        nodes, weights = np.polynomial.legendre.leggauss(12)
        if m is EXACT:
            of = lambda t: mpmath.exp(self.log_density(m, np.array([t], dtype=object), *params)[0])  # noqa: E731
            ends = [mpmath.linspace(mpmath.mpf(a), mpmath.mpf(b), 9) for a, b in zip(low, high, strict=True)]
            return np.array([mpmath.log(mpmath.quad(of, e)) for e in ends], dtype=object)
        total = np.full(len(low), -math.inf)
        for k in range(8):
            a, b = low + (high - low) * k / 8, low + (high - low) * (k + 1) / 8
            x = (a + b)[:, None] / 2 + (b - a)[:, None] / 2 * nodes
            density = self.log_density(m, x.ravel(), *params).reshape(x.shape)
            total = np.logaddexp(total, special.logsumexp(density, axis=1, b=weights / 2) + np.log(b - a))
        return total


def _norm(m: Functions, z: Any) -> Any:
    return -z * z / 2 - m.log(2 * _pi(m)) / 2


def _pi(m: Functions) -> Any:
    return mpmath.pi * 1 if m is EXACT else math.pi


def _both(m: Functions, lower: Any, upper: Any) -> tuple[Any, Any]:
    return m.log(lower), m.log(upper)


def _by_sf(m: Functions, cumulative: Any) -> tuple[Any, Any]:
    """Tails from the cumulative hazard."""
    return log1mexp(m, cumulative), -cumulative


def _by_cdf(m: Functions, cumulative: Any) -> tuple[Any, Any]:
    """Tails from -log F."""
    return -cumulative, log1mexp(m, cumulative)


INF = math.inf
LAWS: dict[str, Law] = {}


def _add(*args: Any, **options: Any) -> None:
    law = Law(*args, **options)
    LAWS[law.name] = law


# the whole line
_add(
    "normal",
    ("loc", "scale"),
    (-INF, INF),
    lambda m, x, mu, s: _norm(m, (x - mu) / s) - m.log(s),
    lambda m, x, mu, s: (m.log_ncdf((x - mu) / s), m.log_ncdf((mu - x) / s)),
    lambda g, n, mu, s: g.normal(mu, s, n),
)
_add(
    "laplace",
    ("loc", "scale"),
    (-INF, INF),
    lambda m, x, mu, s: -abs(x - mu) / s - m.log(2 * s),
    lambda m, x, mu, s: (
        np.where(x < mu, (x - mu) / s - m.log(m.number(2)), m.log1p(-m.exp(-abs(x - mu) / s) / 2)),
        np.where(x < mu, m.log1p(-m.exp(-abs(x - mu) / s) / 2), (mu - x) / s - m.log(m.number(2))),
    ),
    lambda g, n, mu, s: g.laplace(mu, s, n),
    starts=lambda data: [[data.quantile(p), data.spread] for p in (0.4, 0.5, 0.6)],
)
_add(
    "logistic",
    ("loc", "scale"),
    (-INF, INF),
    lambda m, x, mu, s: -abs(x - mu) / s - m.log(s) - 2 * m.log1p(m.exp(-abs(x - mu) / s)),
    lambda m, x, mu, s: (-softplus(m, (mu - x) / s), -softplus(m, (x - mu) / s)),
    lambda g, n, mu, s: g.logistic(mu, s, n),
)
_add(
    "gumbel",
    ("loc", "scale"),
    (-INF, INF),
    lambda m, x, mu, s: -m.log(s) - (x - mu) / s - m.exp((mu - x) / s),
    lambda m, x, mu, s: _by_cdf(m, m.exp((mu - x) / s)),
    lambda g, n, mu, s: g.gumbel(mu, s, n),
)

_add(
    "smallest_extreme_value",
    ("loc", "scale"),
    (-INF, INF),
    lambda m, x, mu, s: -m.log(s) + (x - mu) / s - m.exp((x - mu) / s),
    lambda m, x, mu, s: _by_sf(m, m.exp((x - mu) / s)),
    lambda g, n, mu, s: mu - s * g.gumbel(size=n),
)

_add(
    "moyal",
    ("loc", "scale"),
    (-INF, INF),
    lambda m, x, mu, s: -m.log(s) - m.log(2 * _pi(m)) / 2 - ((x - mu) / s + m.exp((mu - x) / s)) / 2,
    lambda m, x, mu, s: (
        m.log(m.number(2)) + m.log_ncdf(-m.exp((mu - x) / s / 2)),
        _gamma_tails(m, m.number(0.5), m.exp((mu - x) / s) / 2)[0],
    ),
    lambda g, n, mu, s: mu - s * np.log(g.chisquare(1.0, n)),
)


def _cauchy_tail(m: Functions, z: Any) -> Any:
    """Log P(X <= z)."""
    safe = np.where(z < 0, z, -1)
    return np.where(z < 0, m.log(m.atan(-1 / safe) / _pi(m)), m.log(m.atan(z) / _pi(m) + m.number(0.5)))


_add(
    "cauchy",
    ("loc", "scale"),
    (-INF, INF),
    lambda m, x, mu, s: -m.log(_pi(m) * s) - m.log1p(((x - mu) / s) ** 2),
    lambda m, x, mu, s: (_cauchy_tail(m, (x - mu) / s), _cauchy_tail(m, (mu - x) / s)),
    lambda g, n, mu, s: mu + s * g.standard_cauchy(n),
)


def _t_density(m: Functions, x: Any, df: Any, mu: Any, s: Any) -> Any:
    z = (x - mu) / s
    if df == INF:
        return _norm(m, z) - m.log(s)
    if m is DOUBLE and df > 1e5:  # Γ(y + 1/2) / Γ(y) ~ sqrt(y) (1 - 1/(8 y)), y = df / 2
        norm = 0.5 * np.log(df / 2) - 1 / (4 * df)
    else:
        norm = m.loggamma((df + 1) / 2) - m.loggamma(df / 2)
    return norm - m.log(_pi(m) * df) / 2 - m.log(s) - (df + 1) / 2 * m.log1p(z * z / df)


def _t_tails(m: Functions, x: Any, df: Any, mu: Any, s: Any) -> tuple[Any, Any]:
    z = (x - mu) / s
    if df == INF:
        return m.log_ncdf(z), m.log_ncdf(-z)
    half = df / 2
    far = m.beta_lower(half + 0 * z, m.number(0.5) + 0 * z, df / (df + z * z)) / 2
    return m.log(np.where(z < 0, far, 1 - far)), m.log(np.where(z < 0, 1 - far, far))


_add(
    "student_t",
    ("shape", "loc", "scale"),
    (-INF, INF),
    _t_density,
    _t_tails,
    lambda g, n, df, mu, s: mu + s * g.standard_t(df, n),
    spikes=True,
)


def _skew_density(m: Functions, x: Any, mu: Any, s: Any, alpha: Any) -> Any:
    z = (x - mu) / s
    if abs(alpha) == INF:
        return np.where(z * (1 if alpha > 0 else -1) >= 0, m.log(m.number(2) / s) + _norm(m, z), -INF)
    return m.log(m.number(2) / s) + _norm(m, z) + m.log_ncdf(alpha * z)


def _skew_tails(m: Functions, x: Any, mu: Any, s: Any, alpha: Any) -> tuple[Any, Any]:
    z = (x - mu) / s
    if abs(alpha) == INF:
        up = np.where(z * (1 if alpha > 0 else -1) > 0, abs(z), 0)
        outer = m.log(m.number(2)) + m.log_ncdf(-up)
        inner = np.where(up > 0, log1mexp(m, np.where(up > 0, -outer, 1)), -INF)
        return (inner, outer) if alpha > 0 else (outer, inner)
    return m.log_skew_tails(z, alpha)


def _draw_skew(g: np.random.Generator, n: int, mu: float, s: float, alpha: float) -> np.ndarray:
    u, v = g.normal(size=n), g.normal(size=n)
    d = alpha / math.hypot(1, alpha)
    return mu + s * (d * abs(u) + math.sqrt(1 - d * d) * v)


_add("skew_normal", ("loc", "scale", "real"), (-INF, INF), _skew_density, _skew_tails, _draw_skew)


def _gnorm_tails(m: Functions, x: Any, mu: Any, s: Any, beta: Any) -> tuple[Any, Any]:
    z = (x - mu) / s
    power = _power(m, abs(z), beta)
    far = m.gamma_upper(1 / beta + 0 * z, power) / 2
    return m.log(np.where(z < 0, far, 1 - far)), m.log(np.where(z < 0, 1 - far, far))


def _gnorm_between(m: Functions, low: Any, high: Any, mu: Any, s: Any, beta: Any) -> Any:
    """By what lies between mu and both ends: of a small beta both tails are 1/2 to rounding."""
    below, above = (
        m.gamma_lower(1 / beta, _power(m, np.maximum(away / s, 0.0), beta)) for away in (mu - low, high - mu)
    )
    return np.where((low < mu) & (mu < high), m.log((below + above) / 2), np.nan)


def _power(m: Functions, x: Any, a: Any) -> Any:
    """x**a for x >= 0, a > 0."""
    return np.where(x > 0, m.exp(a * m.log(np.where(x > 0, x, 1))), 0)


_add(
    "generalized_normal",
    ("loc", "scale", "shape"),
    (-INF, INF),
    lambda m, x, mu, s, b: m.log(b / (2 * s)) - m.loggamma(1 / b) - _power(m, abs(x - mu) / s, b),
    _gnorm_tails,
    lambda g, n, mu, s, b: mu + s * g.choice((-1.0, 1.0), n) * g.gamma(1 / b, size=n) ** (1 / b),
    spikes=True,
    between=_gnorm_between,
    rough=lambda params: 0 if params[2] < 1.5 else None,
)


def _su_density(m: Functions, x: Any, gamma: Any, delta: Any, xi: Any, s: Any) -> Any:
    z = (x - xi) / s
    return m.log(delta / s) + _norm(m, gamma + delta * m.asinh(z)) - m.log1p(z * z) / 2


def _su_tails(m: Functions, x: Any, gamma: Any, delta: Any, xi: Any, s: Any) -> tuple[Any, Any]:
    y = gamma + delta * m.asinh((x - xi) / s)
    return m.log_ncdf(y), m.log_ncdf(-y)


_add(
    "johnson_su",
    ("real", "shape", "loc", "scale"),
    (-INF, INF),
    _su_density,
    _su_tails,
    lambda g, n, gamma, delta, xi, s: xi + s * np.sinh((g.normal(size=n) - gamma) / delta),
    spikes=True,
)


def _gev_t(m: Functions, x: Any, mu: Any, s: Any, xi: Any) -> tuple[Any, Any]:
    """The reduced variate, and where it is."""
    z = (x - mu) / s
    if xi == 0:
        return z, np.ones(np.shape(z), dtype=bool)
    inside = (xi * z > -1).astype(bool)
    return m.log1p(np.where(inside, xi * z, 0)) / xi, inside


def _gev_density(m: Functions, x: Any, mu: Any, s: Any, xi: Any) -> Any:
    t, inside = _gev_t(m, x, mu, s, xi)
    if xi == -1:  # the factor of the density that vanishes or not at the end is 1
        inside = (x - mu) / s <= 1
        return np.where(inside, -m.log(s) - (1 - np.where(inside, (x - mu) / s, 0)), -INF)
    return np.where(inside, -m.log(s) - (1 + xi) * t - m.exp(-t), -INF)


def _gev_tails(m: Functions, x: Any, mu: Any, s: Any, xi: Any) -> tuple[Any, Any]:
    t, inside = _gev_t(m, x, mu, s, xi)
    f, sf = _by_cdf(m, m.exp(-t))
    return np.where(inside, f, 0 if xi < 0 else -INF), np.where(inside, sf, -INF if xi < 0 else 0)


_add(
    "gev",
    ("loc", "scale", "xi"),
    (-INF, INF),
    _gev_density,
    _gev_tails,
    lambda g, n, mu, s, xi: mu + s * (np.expm1(xi * g.gumbel(size=n)) / xi if xi else g.gumbel(size=n)),
    spikes=True,  # at an observation, as scale -> 0 and xi grows like log(1 / scale)
    starts=lambda data: [[data.high - data.spread, data.spread, -0.99], [data.median, data.spread, -0.3]],
)


def _uniform_density(m: Functions, x: Any, a: Any, b: Any) -> Any:
    return np.where((x >= a) & (x <= b), -m.log(b - a), -INF)


def _uniform_tails(m: Functions, x: Any, a: Any, b: Any) -> tuple[Any, Any]:
    x = np.where(x < a, a, np.where(x > b, b, x))
    return m.log((x - a) / (b - a)), m.log((b - x) / (b - a))


_add(
    "uniform",
    ("loc", "loc"),
    (-INF, INF),
    _uniform_density,
    _uniform_tails,
    lambda g, n, a, b: g.uniform(a, b, n),
    starts=lambda data: [[a, b] for a in data.lows for b in data.highs],
)
_add(
    "von_mises",
    ("real", "shape"),
    (-INF, INF),
    lambda m, x, mu, k: k * m.cos(x - mu) - m.log_i0(k) - m.log(2 * _pi(m)),
    None,
    lambda g, n, mu, k: g.vonmises(mu, k, n),
    circular=True,
)


# the positive half
def _scaled(name: str, kinds: tuple[str, ...], density: Any, tails: Any, draw: Any, **options: Any) -> None:
    _add(name, kinds, (0.0, INF), density, tails, draw, **options)


def _gamma_tails(m: Functions, shape: Any, y: Any) -> tuple[Any, Any]:
    a = shape + 0 * y
    sure = (a < LARGE_SHAPE) | ~((y > 0) & (y < INF))
    if m is DOUBLE:
        sure |= abs(y - a) < FAR_OF_GAMMA * np.sqrt(a)
    if m is EXACT:  # mpmath sums a million terms there
        lower, upper = np.full(np.shape(y), mpmath.nan), np.full(np.shape(y), mpmath.nan)
        lower[sure], upper[sure] = _both(m, m.gamma_lower(a[sure], y[sure]), m.gamma_upper(a[sure], y[sure]))
    else:
        with np.errstate(divide="ignore"):
            lower, upper = _both(m, m.gamma_lower(a, y), m.gamma_upper(a, y))
    for below, tail, other, of in ((True, lower, upper, _log_below), (False, upper, lower, _log_above)):
        far = ~sure & (y < a if below else y >= a)
        if np.any(far):
            tail[far] = of(m, a[far], y[far])
            other[far] = m.log1p(-m.exp(tail[far]))
    return lower, upper


LARGE_SHAPE, FAR_OF_GAMMA = 1e4, 15.0
"""Shape from which tails of a gamma law are had by series, in doubles from so many standard deviations on."""


MOST_TERMS = 1_000_000
"""Of a continued fraction, which ends long before where its terms are right."""


def _log_below(m: Functions, a: Any, y: Any) -> Any:
    """Log P(a, y), y < a: the power series of the lower incomplete gamma function."""
    term, total, k = 1 + 0 * y, 1 + 0 * y, 0
    while np.any(term > total * 10.0 ** (-DIGITS if m is EXACT else -18)):
        k += 1
        term = term * y / (a + k)
        total = total + term
    return a * m.log(y) - y - m.loggamma(a + 1) + m.log(total)


def _log_above(m: Functions, a: Any, y: Any) -> Any:
    """Log Q(a, y), y > a: Legendre's continued fraction of the upper one, by Lentz's method."""
    b = y + 1 - a
    d, k = 1 / b, 0
    c, total, change = 1e300 + 0 * y, 1 / b, 1 + 0 * y
    # Of doubles far out the product stays one number beside 1.
    while np.any(abs(change) > (10.0**-DIGITS if m is EXACT else 4e-16)) and k < MOST_TERMS:
        k += 1
        numerator, b = -k * (k - a), b + 2
        d, c = 1 / (numerator * d + b), b + numerator / c
        change = c * d - 1
        total = total * (1 + change)
    return a * m.log(y) - y - m.loggamma(a) + m.log(total)


def _log_ratio(m: Functions, x: Any, s: Any) -> Any:
    return m.log(x) - m.log(s)


_scaled(
    "exponential",
    ("scale",),
    lambda m, x, s: np.where(x >= 0, -x / s - m.log(s), -INF),
    lambda m, x, s: _by_sf(m, x / s),
    lambda g, n, s: g.exponential(s, n),
    closed=True,
)
_scaled(
    "half_normal",
    ("scale",),
    lambda m, x, s: np.where(x >= 0, m.log(m.number(2) / s) + _norm(m, x / s), -INF),
    lambda m, x, s: (
        log1mexp(m, -m.log(m.number(2)) - m.log_ncdf(-x / s)) if m is EXACT else np.log(special.erf(x / s / 2**0.5)),
        m.log(m.number(2)) + m.log_ncdf(-x / s),
    ),
    lambda g, n, s: abs(g.normal(0, s, n)),
    closed=True,
)
_scaled(
    "rayleigh",
    ("scale",),
    lambda m, x, s: m.log(x) - 2 * m.log(s) - (x / s) ** 2 / 2,
    lambda m, x, s: _by_sf(m, (x / s) ** 2 / 2),
    lambda g, n, s: g.rayleigh(s, n),
)


def _weibull_density(m: Functions, x: Any, k: Any, s: Any) -> Any:
    y = k * _log_ratio(m, x, s)
    return m.log(k) - m.log(x) + y - m.exp(y)


_scaled(
    "weibull",
    ("shape", "scale"),
    _weibull_density,
    lambda m, x, k, s: _by_sf(m, m.exp(k * _log_ratio(m, x, s))),
    lambda g, n, k, s: s * g.weibull(k, n),
)
_scaled(
    "frechet",
    ("shape", "scale"),
    lambda m, x, a, s: m.log(a) - m.log(x) - a * _log_ratio(m, x, s) - m.exp(-a * _log_ratio(m, x, s)),
    lambda m, x, a, s: _by_cdf(m, m.exp(-a * _log_ratio(m, x, s))),
    lambda g, n, a, s: s / g.weibull(a, n),
)
_scaled(
    "gamma",
    ("shape", "scale"),
    lambda m, x, k, s: k * _log_ratio(m, x, s) - m.log(x) - x / s - m.loggamma(k),
    lambda m, x, k, s: _gamma_tails(m, k, x / s),
    lambda g, n, k, s: g.gamma(k, s, n),
)
_scaled(
    "inverse_gamma",
    ("shape", "scale"),
    lambda m, x, k, s: -k * _log_ratio(m, x, s) - m.log(x) - s / x - m.loggamma(k),
    lambda m, x, k, s: _gamma_tails(m, k, s / x)[::-1],
    lambda g, n, k, s: s / g.gamma(k, size=n),
)
_scaled(
    "nakagami",
    ("shape", "scale"),
    lambda m, x, k, s: (
        m.log(m.number(2)) + k * m.log(k) - m.loggamma(k) + 2 * k * _log_ratio(m, x, s) - m.log(x) - k * (x / s) ** 2
    ),
    lambda m, x, k, s: _gamma_tails(m, k, k * (x / s) ** 2),
    lambda g, n, k, s: s * np.sqrt(g.gamma(k, size=n) / k),
)


def _gg_density(m: Functions, x: Any, a: Any, c: Any, s: Any) -> Any:
    t = c * _log_ratio(m, x, s)
    return m.log(abs(c)) - m.log(x) + a * t - m.exp(t) - m.loggamma(a)


def _gg_tails(m: Functions, x: Any, a: Any, c: Any, s: Any) -> tuple[Any, Any]:
    y = m.exp(c * _log_ratio(m, x, s))
    below, above = _both(m, m.gamma_lower(a + 0 * y, y), m.gamma_upper(a + 0 * y, y))
    return (below, above) if c > 0 else (above, below)  # of either sign, as in Prentice (1974), Biometrika 61, 539


_scaled(
    "generalized_gamma",
    ("shape", "real", "scale"),
    _gg_density,
    _gg_tails,
    lambda g, n, a, c, s: s * g.gamma(a, size=n) ** (1 / c),
)


def _lognormal_tails(m: Functions, x: Any, mu: Any, s: Any) -> tuple[Any, Any]:
    z = (m.log(x) - mu) / s
    return m.log_ncdf(z), m.log_ncdf(-z)


_scaled(
    "lognormal",
    ("loglog", "shape"),
    lambda m, x, mu, s: _norm(m, (m.log(x) - mu) / s) - m.log(s) - m.log(x),
    _lognormal_tails,
    lambda g, n, mu, s: g.lognormal(mu, s, n),
)
_scaled(
    "loglogistic",
    ("shape", "scale"),
    lambda m, x, k, s: (
        m.log(k) - m.log(x) - abs(k * _log_ratio(m, x, s)) - 2 * m.log1p(m.exp(-abs(k * _log_ratio(m, x, s))))
    ),
    lambda m, x, k, s: (-softplus(m, -k * _log_ratio(m, x, s)), -softplus(m, k * _log_ratio(m, x, s))),
    lambda g, n, k, s: s * np.exp(g.logistic(size=n) / k),
)
_scaled(
    "lomax",
    ("shape", "scale"),
    lambda m, x, a, s: np.where(x >= 0, m.log(a / s) - (a + 1) * m.log1p(x / s), -INF),
    lambda m, x, a, s: _by_sf(m, a * m.log1p(x / s)),
    lambda g, n, a, s: s * np.expm1(g.exponential(size=n) / a),
    closed=True,
)


def _burr_density(m: Functions, x: Any, k: Any, c: Any, s: Any) -> Any:
    y = c * _log_ratio(m, x, s)
    return m.log(k) + m.log(c) - m.log(x) + y - (k + 1) * softplus(m, y)


_scaled(
    "burr12",
    ("shape", "shape", "scale"),
    _burr_density,
    lambda m, x, k, c, s: _by_sf(m, k * softplus(m, c * _log_ratio(m, x, s))),
    lambda g, n, k, c, s: s * np.expm1(g.exponential(size=n) / k) ** (1 / c),
)
_scaled(
    "maxwell",
    ("scale",),
    lambda m, x, s: m.log(2 / _pi(m)) / 2 + 2 * m.log(x) - 3 * m.log(s) - (x / s) ** 2 / 2,
    lambda m, x, s: _gamma_tails(m, m.number(1.5), (x / s) ** 2 / 2),
    lambda g, n, s: s * np.sqrt(g.chisquare(3.0, n)),
)
_scaled(
    "chi",
    ("shape",),
    lambda m, x, v: (1 - v / 2) * m.log(m.number(2)) - m.loggamma(v / 2) + (v - 1) * m.log(x) - x * x / 2,
    lambda m, x, v: _gamma_tails(m, v / 2, x * x / 2),
    lambda g, n, v: np.sqrt(g.chisquare(v, n)),
)
_scaled(
    "chi_squared",
    ("shape",),
    lambda m, x, v: (v / 2 - 1) * m.log(x) - x / 2 - v / 2 * m.log(m.number(2)) - m.loggamma(v / 2),
    lambda m, x, v: _gamma_tails(m, v / 2, x / 2),
    lambda g, n, v: g.chisquare(v, n),
)
_scaled(
    "exponentiated_weibull",
    ("shape", "shape", "scale"),
    lambda m, x, a, c, s: (
        _weibull_density(m, x, c, s) + m.log(a) + (a - 1) * log1mexp(m, m.exp(c * _log_ratio(m, x, s)))
    ),
    lambda m, x, a, c, s: _by_cdf(m, -a * log1mexp(m, m.exp(c * _log_ratio(m, x, s)))),
    lambda g, n, a, c, s: s * (-np.log(-np.expm1(-g.exponential(size=n) / a))) ** (1 / c),
)
_scaled(
    "dagum",
    ("shape", "shape", "scale"),
    lambda m, x, k, c, s: (
        m.log(k * c) - m.log(x) - softplus(m, c * _log_ratio(m, x, s)) - k * softplus(m, -c * _log_ratio(m, x, s))
    ),
    lambda m, x, k, c, s: _by_cdf(m, k * softplus(m, -c * _log_ratio(m, x, s))),
    lambda g, n, k, c, s: s / np.expm1(g.exponential(size=n) / k) ** (1 / c),
)
_scaled(
    "paralogistic",
    ("shape", "scale"),
    lambda m, x, a, s: _burr_density(m, x, a, a, s),
    lambda m, x, a, s: _by_sf(m, a * softplus(m, a * _log_ratio(m, x, s))),
    lambda g, n, a, s: s * np.expm1(g.exponential(size=n) / a) ** (1 / a),
)
_scaled(
    "pareto",
    ("shape", "scale"),
    lambda m, x, a, xm: np.where(x >= xm, m.log(a) - m.log(x) - a * _log_ratio(m, x, xm), -INF),
    lambda m, x, a, xm: _by_sf(m, np.where(x > xm, a * _log_ratio(m, x, xm), 0)),
    lambda g, n, a, xm: xm * np.exp(g.exponential(size=n) / a),
    starts=lambda data: [[a, xm] for a in (0.3, 1.0, 5.0) for xm in data.lows if xm > 0],
)
_scaled(
    "power",
    ("shape", "scale"),
    lambda m, x, a, s: np.where(x <= s, m.log(a) - m.log(x) + a * _log_ratio(m, x, s), -INF),
    lambda m, x, a, s: _by_cdf(m, np.where(x < s, -a * _log_ratio(m, x, s), 0)),
    lambda g, n, a, s: s * np.exp(-g.exponential(size=n) / a),
    starts=lambda data: [[a, s] for a in (0.3, 1.0, 5.0) for s in data.highs if s > 0],
)


def _gpd_density(m: Functions, x: Any, s: Any, xi: Any) -> Any:
    t, inside = _gev_t(m, x, 0, s, xi)
    if xi == -1:
        return np.where((x >= 0) & (x <= s), -m.log(s), -INF)
    return np.where((x >= 0) & inside, -m.log(s) - (1 + xi) * t, -INF)


def _gpd_tails(m: Functions, x: Any, s: Any, xi: Any) -> tuple[Any, Any]:
    t, inside = _gev_t(m, x, 0, s, xi)
    f, sf = _by_sf(m, t)
    return np.where(inside, f, 0), np.where(inside, sf, -INF)


_scaled(
    "gpd",
    ("scale", "xi"),
    _gpd_density,
    _gpd_tails,
    lambda g, n, s, xi: s * (np.expm1(xi * g.exponential(size=n)) / xi if xi else g.exponential(size=n)),
    closed=True,
    starts=lambda data: [[data.high * (1 + 1e-9), -1 + 1e-9], [data.high * 1.2, -0.9], [data.high, -0.5]],
)
_scaled(
    "gompertz",
    ("shape", "scale"),
    lambda m, x, c, s: np.where(x >= 0, m.log(c / s) + x / s - c * m.expm1(x / s), -INF),
    lambda m, x, c, s: _by_sf(m, c * m.expm1(x / s)),
    lambda g, n, c, s: s * np.log1p(g.exponential(size=n) / c),
    closed=True,
)
_scaled(
    "birnbaum_saunders",
    ("shape", "scale"),
    lambda m, x, a, s: (
        m.log1p(x / s) - m.log(x) - m.log(x / s) / 2 - m.log(2 * a) + _norm(m, (m.sqrt(x / s) - m.sqrt(s / x)) / a)
    ),
    lambda m, x, a, s: (
        m.log_ncdf((m.sqrt(x / s) - m.sqrt(s / x)) / a),
        m.log_ncdf((m.sqrt(s / x) - m.sqrt(x / s)) / a),
    ),
    lambda g, n, a, s: s * np.exp(2 * np.arcsinh(a * g.normal(size=n) / 2)),
)


def _ig_tails(m: Functions, x: Any, mu: Any, lam: Any) -> tuple[Any, Any]:
    root = m.sqrt(lam / x)
    far = 2 * lam / mu + m.log_ncdf(-root * (x / mu + 1))
    z = root * (x / mu - 1)
    return log_add(m, m.log_ncdf(z), far), log_less(m, m.log_ncdf(-z), far)


_scaled(
    "inverse_gaussian",
    ("scale", "scale"),
    lambda m, x, mu, lam: m.log(lam / (2 * _pi(m) * x)) / 2 - m.log(x) - lam / x * ((x - mu) / mu) ** 2 / 2,
    _ig_tails,
    lambda g, n, mu, lam: g.wald(mu, lam, n),
)

# proportions
_add(
    "beta",
    ("shape", "shape"),
    (0.0, 1.0),
    lambda m, x, a, b: (a - 1) * m.log(x) + (b - 1) * m.log1p(-x) + m.loggamma(a + b) - m.loggamma(a) - m.loggamma(b),
    lambda m, x, a, b: _both(m, m.beta_lower(a + 0 * x, b + 0 * x, x), m.beta_upper(a + 0 * x, b + 0 * x, x)),
    lambda g, n, a, b: g.beta(a, b, n),
)
_add(
    "kumaraswamy",
    ("shape", "shape"),
    (0.0, 1.0),
    lambda m, x, a, b: m.log(a) + m.log(b) + (a - 1) * m.log(x) + (b - 1) * log1mexp(m, -a * m.log(x)),
    lambda m, x, a, b: _by_sf(m, -b * log1mexp(m, -a * m.log(x))),
    lambda g, n, a, b: np.exp(np.log(-np.expm1(-g.exponential(size=n) / b)) / a),
)


# counts
def _count(
    name: str, kinds: tuple[str, ...], first: float, density: Any, tails: Any, draw: Any, **options: Any
) -> None:
    """A law of counts; ``first`` is the least."""

    def whole(m: Functions, x: Any, *params: Any) -> Any:
        seen = x >= first
        return np.where(seen, density(m, np.where(seen, x, first), *params), -INF)

    _add(name, kinds, (first, INF), whole, tails, draw, discrete=True, **options)


def _times_log(m: Functions, x: Any, y: Any) -> Any:
    """X log y, and 0 at x = 0."""
    return np.where(x > 0, x * m.log(y), 0)


def _poisson_density(m: Functions, x: Any, mu: Any) -> Any:
    return _times_log(m, x, mu) - mu - m.loggamma(x + 1)


def _poisson_tails(m: Functions, x: Any, mu: Any) -> tuple[Any, Any]:
    return _both(m, m.gamma_upper(x + 1, mu + 0 * x), m.gamma_lower(x + 1, mu + 0 * x))


_count("poisson", ("scale",), 0, _poisson_density, _poisson_tails, lambda g, n, mu: g.poisson(mu, n))
_count(
    "geometric",
    ("unit",),
    0,
    lambda m, x, p: m.log(p) + np.where(x > 0, x * m.log1p(-p), 0),
    lambda m, x, p: _by_sf(m, -(x + 1) * m.log1p(-p)),
    lambda g, n, p: g.geometric(p, n) - 1,
)


def _negbin_density(m: Functions, x: Any, size: Any, mu: Any) -> Any:
    if size == INF:
        return _poisson_density(m, x, mu)
    if size == 0:
        return np.where(x == 0, 0, -INF)
    norm = m.loggamma(x + size) - m.loggamma(size) - m.loggamma(x + 1)
    return norm - size * m.log1p(mu / size) + _times_log(m, x, mu / (size + mu))


def _negbin_tails(m: Functions, x: Any, size: Any, mu: Any) -> tuple[Any, Any]:
    if size == INF:
        return _poisson_tails(m, x, mu)
    if size == 0:
        return 0 * x, np.full(len(x), -INF)
    own, p = size + 0 * x, size / (size + mu) + 0 * x
    return _both(m, m.beta_lower(own, x + 1, p), m.beta_lower(x + 1, own, mu / (size + mu) + 0 * x))


_count(
    "negbin",
    ("shape", "scale"),
    0,
    _negbin_density,
    _negbin_tails,
    lambda g, n, size, mu: g.poisson(g.gamma(size, mu / size, n)),
)


def _binomial_density(m: Functions, x: Any, n: int, p: Any) -> Any:
    choose = m.loggamma(m.number(n + 1)) - m.loggamma(x + 1) - m.loggamma(n - x + 1)
    return choose + _times_log(m, x, p) + _times_log(m, n - x, 1 - p)


def _betabinomial_density(m: Functions, x: Any, n: int, a: Any, b: Any) -> Any:
    choose = m.loggamma(m.number(n + 1)) - m.loggamma(x + 1) - m.loggamma(n - x + 1)
    above = m.loggamma(x + a) + m.loggamma(n - x + b) - m.loggamma(a + b + n)
    return choose + above - m.loggamma(a) - m.loggamma(b) + m.loggamma(a + b)


def _finite(name: str, kinds: tuple[str, ...], n: int, density: Any, draw: Any) -> None:
    """A law on 0, ..., n, whose tails are sums."""

    def inside(m: Functions, x: Any, *params: Any) -> Any:
        seen = (x >= 0) & (x <= n)
        return np.where(seen, density(m, np.where(seen, x, 0), n, *params), -INF)

    def tails(m: Functions, x: Any, *params: Any) -> tuple[Any, Any]:
        each = m.exp(inside(m, m.numbers(np.arange(n + 1.0)), *params))
        at = np.array([int(v) for v in x])
        return m.log(np.cumsum(each)[at]), m.log(np.append(np.cumsum(each[::-1])[::-1][1:], m.number(0))[at])

    _add(name, kinds, (0.0, float(n)), inside, tails, draw, discrete=True)


TRIALS = 12
"""The known constant of the binomial laws."""

_finite("bernoulli", ("unit",), 1, _binomial_density, lambda g, n, p: g.binomial(1, p, n))
_finite("binomial", ("unit",), TRIALS, _binomial_density, lambda g, n, p: g.binomial(TRIALS, p, n))
_finite(
    "betabinomial",
    ("shape", "shape"),
    TRIALS,
    _betabinomial_density,
    lambda g, n, a, b: g.binomial(TRIALS, g.beta(a, b, n)),
)
_count(
    "zeta",
    ("above1",),
    1,
    lambda m, x, a: -a * m.log(x) - m.log(m.zeta(a, m.number(1))),
    lambda m, x, a: (
        m.log1p(-m.zeta(a, x + 1) / m.zeta(a, m.number(1))),
        m.log(m.zeta(a, x + 1) / m.zeta(a, m.number(1))),
    ),
    lambda g, n, a: np.minimum(g.zipf(a, n), 10**9),
)


def _is_one(m: Functions, x: Any) -> Any:
    """The log-probability of a law of which only ones are left."""
    return m.log(m.number(1.0) * (x == 1))


def _certain_one(m: Functions, x: Any) -> tuple[Any, Any]:
    return m.log(m.number(1.0) * (x >= 1)), m.log(m.number(1.0) * (x < 1))


def _series_density(m: Functions, x: Any, p: Any) -> Any:
    return _is_one(m, x) if p == 0 else x * m.log(p) - m.log(x) - m.log(-m.log1p(-p))


def _series_tails(m: Functions, x: Any, p: Any) -> tuple[Any, Any]:
    if p == 0:
        return _certain_one(m, x)
    sf = m.log_series_tail(x, p + 0 * x) - m.log(-m.log1p(-p))
    return log1mexp(m, -sf), sf


_count(
    "logseries",
    ("unit",),
    1,
    _series_density,
    _series_tails,
    lambda g, n, p: g.logseries(p, n),
)


def _truncated_draw(g: np.random.Generator, n: int, mu: float) -> np.ndarray:
    """Positive Poisson counts: the time of the first event of an interval that has one, and the events after it."""
    first = -np.log1p(g.random(n) * np.expm1(-mu))
    return 1 + g.poisson(np.maximum(mu - first, 0))


def _truncated_tails(m: Functions, x: Any, mu: Any) -> tuple[Any, Any]:
    f, s = _poisson_tails(m, x, mu)
    if mu == 0:
        return _certain_one(m, x)
    return log_less(m, f, -mu + 0 * x) - log1mexp(m, mu), s - log1mexp(m, mu)


def _truncated_density(m: Functions, x: Any, mu: Any) -> Any:
    return _is_one(m, x) if mu == 0 else _poisson_density(m, x, mu) - log1mexp(m, mu)


_count(
    "zero_truncated_poisson",
    ("scale",),
    1,
    _truncated_density,
    _truncated_tails,
    _truncated_draw,
)


def _between_density(m: Functions, x: Any, a: Any, b: Any) -> Any:
    return np.where((x >= a) & (x <= b), -m.log(m.number(1) * (b - a + 1)), -INF)


def _between_tails(m: Functions, x: Any, a: Any, b: Any) -> tuple[Any, Any]:
    x = np.where(x < a - 1, a - 1, np.where(x > b, b, x))
    return m.log((x - a + 1) / (b - a + 1)), m.log((b - x) / (b - a + 1))


_add(
    "discrete_uniform",
    ("whole", "whole"),
    (-INF, INF),
    _between_density,
    _between_tails,
    lambda g, n, a, b: g.integers(int(a), int(b), n, endpoint=True),
    discrete=True,
    starts=lambda data: [[np.floor(a), np.ceil(b)] for a in data.lows for b in data.highs],
)


# laws made of laws
def zero_inflated(base: Law) -> Law:
    """A share of zeros more."""

    def density(m: Functions, x: Any, pi: Any, *params: Any) -> Any:
        inner = m.log1p(-pi) + base.log_density(m, x, *params)
        return np.where(x == 0, log_add(m, m.log(pi), inner), inner)

    def tails(m: Functions, x: Any, pi: Any, *params: Any) -> tuple[Any, Any]:
        f, s = base.tails(m, x, *params)
        return log_add(m, m.log(pi), m.log1p(-pi) + f), m.log1p(-pi) + s

    def draw(g: np.random.Generator, n: int, pi: float, *params: float) -> np.ndarray:
        return np.where(g.random(n) < pi, 0, base.draw(g, n, *params))

    return Law(f"zero_inflated({base.name})", ("unit", *base.kinds), (0.0, INF), density, tails, draw, discrete=True)


LAWS["zip"] = replace(zero_inflated(LAWS["poisson"]), name="zip")


def hurdle(base: Law) -> Law:
    """Zeros apart, and the others of the law without its zeros."""

    def positive(m: Functions, *params: Any) -> Any:
        return base.tails(m, m.numbers(np.zeros(1)), *params)[1]

    def density(m: Functions, x: Any, pi: Any, *params: Any) -> Any:
        return np.where(x == 0, m.log(pi), m.log1p(-pi) + base.log_density(m, x, *params) - positive(m, *params))

    def tails(m: Functions, x: Any, pi: Any, *params: Any) -> tuple[Any, Any]:
        f, sf = base.tails(m, x, *params)
        share = m.log1p(-pi) - positive(m, *params)
        zero = base.log_density(m, m.numbers(np.zeros(1)), *params) + 0 * x
        return log_add(m, m.log(pi) + 0 * x, share + log_less(m, f, zero)), share + sf

    def draw(g: np.random.Generator, n: int, pi: float, *params: float) -> np.ndarray:
        x = np.concatenate([base.draw(g, n, *params) for _ in range(20)])
        x = x[x > 0]
        return np.where(g.random(n) < pi, 0, np.resize(x if len(x) else np.ones(1), n))

    return Law(f"hurdle({base.name})", ("unit", *base.kinds), (0.0, INF), density, tails, draw, discrete=True)


def shifted(base: Law) -> Law:
    """With a threshold below which nothing lies; where the density may be infinite there, so may be the likelihood."""

    def density(m: Functions, x: Any, *params: Any) -> Any:
        *inner, threshold = params
        above = x >= threshold if base.closed else x > threshold
        return np.where(above, base.log_density(m, np.where(above, x - threshold, 1), *inner), -INF)

    def tails(m: Functions, x: Any, *params: Any) -> tuple[Any, Any]:
        *inner, threshold = params
        above = x > threshold
        f, s = base.tails(m, np.where(above, x - threshold, 1), *inner)
        return np.where(above, f, -INF), np.where(above, s, 0)

    def draw(g: np.random.Generator, n: int, *params: float) -> np.ndarray:
        return params[-1] + base.draw(g, n, *params[:-1])

    return Law(f"shifted({base.name})", (*base.kinds, "threshold"), (-INF, INF), density, tails, draw, spikes=True)


def truncated(base: Law, low: float, high: float) -> Law:
    """What of the law lies between."""

    def inside(m: Functions, *params: Any) -> Any:
        return base.log_mass(m, np.array([low]), np.array([high]), list(params))

    def density(m: Functions, x: Any, *params: Any) -> Any:
        return np.where((x >= low) & (x <= high), base.log_density(m, x, *params) - inside(m, *params), -INF)

    def tails(m: Functions, x: Any, *params: Any) -> tuple[Any, Any]:
        x = np.array([float(v) for v in x])
        here, lows, highs = inside(m, *params), np.full(len(x), low), np.full(len(x), high)
        below = base.log_mass(m, lows, np.clip(x, low, high), list(params))
        above = base.log_mass(m, np.clip(x, low, high), highs, list(params))
        return below - here, above - here

    def draw(g: np.random.Generator, n: int, *params: float) -> np.ndarray:
        x = np.concatenate([base.draw(g, n, *params) for _ in range(40)])
        x = x[(x > low) & (x < high)]
        return np.resize(x, n) if len(x) else g.uniform(low, min(high, low + 1.0), n)

    return Law(f"truncated({base.name}, {low:g}, {high:g})", base.kinds, (low, high), density, tails, draw)


def mixture(base: Law, k: int = 2) -> Law:
    """One of k laws of the kind; parameters are the weights, then each parameter of all components."""
    q = len(base.kinds)

    def components(params: tuple[Any, ...]) -> Iterator[tuple[Any, list[Any]]]:
        for j in range(k):
            if params[j] > 0:
                yield params[j], [params[k + i * k + j] for i in range(q)]

    def joined(m: Functions, parts: list[Any]) -> Any:
        if not parts:  # weights that are no numbers: a search ran off
            return math.nan
        total = parts[0]
        for part in parts[1:]:
            total = log_add(m, total, part)
        return total

    def density(m: Functions, x: Any, *params: Any) -> Any:
        return joined(m, [m.log(w) + base.log_density(m, x, *inner) for w, inner in components(params)])

    def tails(m: Functions, x: Any, *params: Any) -> tuple[Any, Any]:
        both = [(m.log(w), base.tails(m, x, *inner)) for w, inner in components(params)]
        return joined(m, [w + f for w, (f, _) in both]), joined(m, [w + s for w, (_, s) in both])

    def draw(g: np.random.Generator, n: int, *params: float) -> np.ndarray:
        which = g.choice(k, n, p=np.array(params[:k]) / sum(params[:k]))
        columns = [base.draw(g, n, *inner) for _, inner in components(params)]
        return np.asarray(columns, dtype=float)[np.minimum(which, len(columns) - 1), np.arange(n)]

    kinds = ("weights",) * k + tuple(kind for kind in base.kinds for _ in range(k))
    name = f"mixture({base.name}, {k})"
    law = Law(name, kinds, base.support, density, tails, draw, discrete=base.discrete, closed=base.closed)
    return replace(law, spikes=not base.discrete, component=base)


def with_point(base: Law, at: float) -> Law:
    """A law of counts, and a value that is certain, with two weights before the parameters."""

    def density(m: Functions, x: Any, weight: Any, certain: Any, *params: Any) -> Any:
        return log_add(m, m.log(weight) + base.log_density(m, x, *params), _log_of(m, certain, x == at))

    def tails(m: Functions, x: Any, weight: Any, certain: Any, *params: Any) -> tuple[Any, Any]:
        below, above = base.tails(m, x, *params)
        own = m.log(weight)
        return (
            log_add(m, own + below, _log_of(m, certain, x >= at)),
            log_add(m, own + above, _log_of(m, certain, x < at)),
        )

    kinds = ("weights", "weights", *base.kinds)
    return replace(base, name=f"{base.name}, and {at:g}", kinds=kinds, log_density=density, tails=tails)


def _log_of(m: Functions, weight: Any, there: np.ndarray) -> Any:
    return np.where(there, m.log(m.number(weight)), m.number(-INF))


# --- data -------------------------------------------------------------------------------------------------------------


class Data:
    """Weighted intervals through windows, equal rows joined.

    Parameters
    ----------
    lower, upper, weight : ndarray of shape (n,)
        ``lower == upper`` for an exact value.
    window : tuple of ndarray of shape (n,), optional
    """

    def __init__(self, lower: Any, upper: Any, weight: Any = None, window: Any = None) -> None:
        low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
        n = len(low)
        self.n_rows = n
        self.digits_left = DIGITS_SECONDS
        counts = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
        first, last = (np.full(n, -INF), np.full(n, INF)) if window is None else window
        kept = counts > 0
        table = np.column_stack([low, high, first, last])[kept]
        rows, inverse = np.unique(table, axis=0, return_inverse=True)
        self.lower, self.upper, self.first, self.last = rows.T
        self.weight = np.bincount(inverse.ravel(), counts[kept], len(rows))
        self.exact = self.lower == self.upper
        self.windowed = np.isfinite(self.first) | np.isfinite(self.last)
        self.seen_through = np.flatnonzero(self.windowed)
        windows = np.column_stack([self.first, self.last])[self.seen_through]
        self.windows, inverse = np.unique(windows, axis=0, return_inverse=True)
        self.window_of = inverse.ravel()
        # An interval ends with the window at the latest.
        self.lower = np.where(self.exact, self.lower, np.maximum(self.lower, self.first))
        self.upper = np.where(self.exact, self.upper, np.minimum(self.upper, self.last))
        ends = np.where(np.isfinite(self.lower), self.lower, self.upper)
        others = np.where(np.isfinite(self.upper), self.upper, self.lower)
        self.points = np.sort((ends + others) / 2)
        self.median = float(np.median(self.points))
        quarter = np.subtract(*np.quantile(self.points, [0.75, 0.25])) / 1.35
        deviation = float(np.std(self.points))
        self.spread = float(quarter) or deviation or abs(self.median) or 1.0
        self.low, self.high = float(min(ends.min(), others.min())), float(max(ends.max(), others.max()))
        self.lows = sorted({self.low, *(float(v) for v in np.sort(self.upper[np.isfinite(self.upper)])[:2])})
        self.highs = sorted({self.high, *(float(v) for v in np.sort(self.lower[np.isfinite(self.lower)])[-2:])})

    def quantile(self, p: float) -> float:
        return float(self.points[int(p * (len(self.points) - 1))])

    def terms(self, law: Law, params: list[float], m: Functions = DOUBLE) -> np.ndarray:
        """Weighted log-likelihoods of the rows."""
        values = [m.number(v) for v in params]
        out = np.empty(len(self.lower), dtype=object if m is EXACT else float)
        if np.any(self.exact):
            out[self.exact] = law.log_density(m, m.numbers(self.lower[self.exact]), *values)
        coarse = ~self.exact
        if np.any(coarse):
            out[coarse] = law.log_mass(m, self.lower[coarse], self.upper[coarse], values)
        if len(self.seen_through):
            at, pairs = self.seen_through, self.windows
            seen = law.log_mass(m, pairs[:, 0], pairs[:, 1], values)[self.window_of]
            out[at] = np.where(seen > -INF, out[at] - seen, -INF)  # no law that puts nothing into a window
        return out * m.numbers(self.weight)

    def loglik(self, law: Law, params: list[float]) -> float:
        """Log-likelihood in doubles; -inf where it is not a number."""
        try:
            with np.errstate(all="ignore"):
                total = float(np.sum(self.terms(law, params)))
        except (ZeroDivisionError, OverflowError):  # at an end, where plain numbers raise and arrays give NaN
            return -INF
        return -INF if math.isnan(total) else total

    def exact_loglik(self, law: Law, params: list[float]) -> float:
        """Log-likelihood in 50 digits, rounded once; NaN where mpmath has none."""
        with mpmath.workdps(DIGITS), np.errstate(all="ignore"):
            return float(self.exact_sum(law, params))

    def exact_sum(self, law: Law, params: list[Any]) -> Any:
        """The same, not rounded."""
        begin = time.process_time()
        try:
            with at_most(self.digits_left):
                return mpmath.fsum(self.terms(law, params, EXACT))
        except (mpmath.libmp.NoConvergence, ArithmeticError, MemoryError, OutOfTimeError):
            return mpmath.nan
        finally:
            self.digits_left = max(self.digits_left - (time.process_time() - begin), 1e-3)

    def size_of_terms(self, law: Law, params: list[float]) -> float:
        try:
            with np.errstate(all="ignore"):
                terms = abs(self.terms(law, params))
        except (ZeroDivisionError, OverflowError):  # at an end, as `loglik`
            return INF
        return float(np.sum(terms[np.isfinite(terms)]))


# --- the search -------------------------------------------------------------------------------------------------------


ENOUGH, SAME = 3, 1e-6
"""Climbs, besides those from given points, that end at one height, in nats, and make more of them needless."""

FARTHEST = 60.0
"""Coordinates beyond are not tried: exp(60) times the spread of the data."""


RIDGE = 1e-6
"""Least eigenvalue of the information, scaled to a unit diagonal, of a maximum that nobody can call a ridge."""


FAR_SHAPE = 14.0
"""Log of a shape that is as good as infinite, and where doubles lose what curvature is left."""

EDGE = -10.0
"""Log of the distance from the least index that is searched, from which a search has gone there."""

NARROW = -7.0
"""Log of a width, in units of the spread of the data, from which a law that may shrink onto a value has done so."""


class Search:
    """Looks for the best point of a likelihood, in coordinates of the judge's own.

    Parameters
    ----------
    law, data
    rng : numpy.random.Generator
    seconds : float
        Of CPU, after which `OutOfTimeError` is raised.
    """

    def __init__(self, law: Law, data: Data, rng: np.random.Generator, seconds: float) -> None:
        self.law, self.data, self.rng = law, data, rng
        self.until = time.process_time() + seconds
        positive = law.support[0] >= 0
        self.unit = (abs(data.median) or data.spread) if positive else data.spread
        self.weights = [i for i, kind in enumerate(law.kinds) if kind == "weights"]
        self.free = [i for i in range(len(law.kinds)) if i not in self.weights[-1:]]
        log_points = np.log(data.points[data.points > 0]) if np.any(data.points > 0) else np.zeros(1)
        self.log_median = float(np.median(log_points))

    def params(self, u: np.ndarray) -> list[float]:
        """Parameters at coordinates."""
        values = [0.0] * len(self.law.kinds)
        for i, c in zip(self.free, u, strict=True):
            kind = self.law.kinds[i]
            if kind in ("loc", "whole"):
                values[i] = self.data.median + self.data.spread * c
            elif kind == "scale":
                values[i] = self.unit * math.exp(min(c, 700.0))
            elif kind == "shape":
                values[i] = math.exp(min(c, 700.0))
            elif kind == "xi":
                values[i] = -1 + math.exp(min(c, 700.0))
            elif kind == "above1":
                values[i] = 1 + math.exp(min(c, 700.0))
            elif kind == "threshold":
                values[i] = self.data.lows[0] - self.data.spread * math.exp(min(c, 700.0))
            elif kind in ("unit", "weights"):
                values[i] = float(special.expit(c))
            elif kind == "loglog":
                values[i] = self.log_median + c
            else:
                values[i] = c
            if kind == "whole":
                values[i] = round(values[i])
        if self.weights:
            values[self.weights[-1]] = 1 - sum(values[i] for i in self.weights[:-1])
        return values

    def coordinates(self, params: list[float]) -> np.ndarray | None:
        """Coordinates of parameters; None where they are at an end or not numbers."""
        u = []
        for i in self.free:
            kind, value = self.law.kinds[i], float(params[i])
            with np.errstate(all="ignore"):
                if kind in ("loc", "whole"):
                    c = (value - self.data.median) / self.data.spread
                elif kind == "scale":
                    c = np.log(value / self.unit)
                elif kind == "shape":
                    c = np.log(value)
                elif kind == "xi":
                    c = np.log1p(value)
                elif kind == "above1":
                    c = np.log(value - 1)
                elif kind == "threshold":
                    c = np.log((self.data.lows[0] - value) / self.data.spread)
                elif kind in ("unit", "weights"):
                    c = special.logit(value)
                elif kind == "loglog":
                    c = value - self.log_median
                else:
                    c = value
            u.append(float(c))
        return np.array(u) if np.all(np.isfinite(u)) else None

    def cost(self, u: np.ndarray) -> float:
        """Minus the log-likelihood."""
        if time.process_time() > self.until:
            raise OutOfTimeError
        near = [c for i, c in zip(self.free, u, strict=True) if self.law.kinds[i] not in ("loc", "real", "loglog")]
        if np.max(np.abs(u)) > 1e4 or np.max(np.abs(near), initial=0.0) > FARTHEST:
            return INF
        value = self.data.loglik(self.law, self.params(u))
        return INF if value == -INF else -value

    def climb(self, u: np.ndarray, step: float, rounds: int = 3) -> tuple[float, np.ndarray]:
        """Nelder and Mead, begun anew until it gains no more, then Powell's or a quasi-Newton's look at the end."""
        best, value = u, self.cost(u)
        q = len(u)
        for _ in range(rounds):
            simplex = best + np.vstack([np.zeros(q), step * np.eye(q) * self.rng.choice((-1.0, 1.0), q)])
            with np.errstate(invalid="ignore"):  # its differences of infinite values
                run = optimize.minimize(
                    self.cost,
                    best,
                    method="Nelder-Mead",
                    options={"maxfev": 150 * q, "xatol": 1e-9, "fatol": 1e-10, "initial_simplex": simplex},
                )
            gain = value - run.fun if run.fun < value < INF else (INF if run.fun < value else 0.0)
            if run.fun < value:
                best, value = run.x, float(run.fun)
            if not gain > 1e-7:
                break
            step /= 2
        return value, best

    def polish(self, u: np.ndarray, value: float) -> tuple[float, np.ndarray]:
        """A quasi-Newton climb from a point, for valleys in which a simplex creeps."""
        if not value < INF:
            return value, u
        try:
            with np.errstate(all="ignore"):
                run = optimize.minimize(self.cost, u, method="BFGS", options={"maxiter": 100, "gtol": 1e-8})
        except (ValueError, FloatingPointError):
            return value, u
        return (float(run.fun), run.x) if run.fun < value else (value, u)

    def starts(self, given: list[list[float]]) -> list[np.ndarray]:
        """Points to climb from: the given ones, the law's own, and the best of random ones."""
        points = [u for params in (*given, *self.law.starts(self.data)) if (u := self.coordinates(params)) is not None]
        q = len(self.free)
        drawn = [self.rng.normal(0.0, 1.3, q) for _ in range(15 * q)]
        values = [self.cost(u) for u in drawn]
        order = np.argsort(values)
        return points + [drawn[i] for i in order[: 2 + q] if values[i] < INF]

    def run(self, given: list[list[float]]) -> list[tuple[float, np.ndarray]]:
        """Ends of all climbs, the best first, as log-likelihoods and coordinates."""
        ends = []
        for k, u in enumerate(self.starts(given)):
            value, end = self.climb(u, 0.02 if k < len(given) else 0.4, rounds=4)
            ends.append((value, end))
            if k < len(given):  # away from what may be a wrong place
                ends.append(self.climb(u, 0.7, rounds=2))
            elif not self.law.spikes and k >= len(given) + ENOUGH - 1 and np.ptp([value for value, _ in ends]) < SAME:
                break  # all have led to one height
        ends.sort(key=lambda end: end[0])
        for i in range(min(2, len(ends))):
            value, end = self.polish(ends[i][1], ends[i][0])
            ends[i] = self.climb(end, 0.05, rounds=4) if value < INF else (value, end)
        ends.sort(key=lambda end: end[0])
        return [(-value, end) for value, end in ends if value < INF]

    def is_proper(self, u: np.ndarray) -> bool:
        """Whether a point is a maximum in the inside: no slope, and curved down every way, more than a ridge."""
        shapes = [c for i, c in zip(self.free, u, strict=True) if self.law.kinds[i] == "shape"]
        if np.max(np.abs(u)) > FARTHEST / 2 or np.max(np.abs(shapes), initial=0.0) > FAR_SHAPE:
            return False
        decrement = INF
        rounding = abs(self.cost(u) + self.data.exact_loglik(self.law, self.params(u)))
        least = max(1e-4, 2e4 * rounding)  # of a long step; less is made by rounding
        for step in (1e-2, 1e-3):  # of the short step rounding makes much, of the long one curvature that changes
            gradient, hessian = derivatives(lambda v: -self.cost(v), u, np.full(len(u), step))
            if not (np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
                return False
            eigenvalues, axes = np.linalg.eigh(-hessian)
            scale = np.sqrt(np.abs(np.diag(hessian)))
            if eigenvalues[0] < least or np.linalg.eigvalsh(-hessian / np.outer(scale, scale))[0] < RIDGE:
                return False
            decrement = min(decrement, 0.5 * float(np.sum((gradient @ axes) ** 2 / eigenvalues)))
        return decrement < 1e-4

    def is_at_edge(self, u: np.ndarray) -> bool:
        """Whether a search went to the end of the indices that it has, beyond which the likelihood has no bound."""
        return any(self.law.kinds[i] == "xi" and c < EDGE for i, c in zip(self.free, u, strict=True))

    def is_accident(self, u: np.ndarray) -> bool:
        """Whether a mixture has a component that is narrow, and on hardly more values than it has parameters.

        That is: its middle half a tenth of that of the data at most, and at most two values a parameter, and one more,
        in its central 99 percent. By random numbers, of which the judge has those of every law.
        """
        base = self.law.component
        if base is None or base.discrete:
            return False
        params, points = self.params(u), np.unique(self.data.points)
        k, q = len(self.weights), len(base.kinds)
        for j in range(k):
            own = [params[k + i * k + j] for i in range(q)]
            drawn = base.draw(np.random.default_rng(1), 20_000, *own)
            first, low, high, last = np.quantile(drawn, [0.005, 0.25, 0.75, 0.995])
            held = np.count_nonzero((points >= first) & (points <= last))
            if high - low < 0.11 * np.subtract(*np.quantile(self.data.points, [0.75, 0.25])) and held <= 2 * q + 1:
                return True
        return False

    def runs_away(self, u: np.ndarray, value: float) -> tuple[bool, float]:
        """Whether the likelihood goes on rising without end from a point, and where the climb was stopped."""
        narrow = [c for i, c in zip(self.free, u, strict=True) if self.law.kinds[i] in ("scale", "threshold")]
        if (
            self.law.spikes
            and (np.max(np.abs(u)) > FARTHEST / 2 or min(narrow, default=0.0) < NARROW)
            and not self.is_proper(u)
        ):
            return True, value
        begin, gains = value, []
        for step in (0.5, 1.0, 2.0, 4.0, 4.0, 4.0):
            cost, u_next = self.climb(u, step, rounds=1)
            gains.append(-cost - value)
            if -cost > value:
                value, u = -cost, u_next
        return (value - begin > 3.0 and max(gains[-3:]) > 0.3) or value - begin > 40.0, value


def derivatives(of: Callable[[np.ndarray], float], u: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian by central differences, extrapolated once after Richardson."""

    def plain(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        q, centre = len(u), of(u)
        unit = np.diag(h)
        up, down = np.array([of(u + unit[i]) for i in range(q)]), np.array([of(u - unit[i]) for i in range(q)])
        hessian = np.diag((up - 2 * centre + down) / h**2)
        for i in range(q):
            for j in range(i):
                cross = of(u + unit[i] + unit[j]) - of(u + unit[i] - unit[j])
                cross += of(u - unit[i] - unit[j]) - of(u - unit[i] + unit[j])
                hessian[i, j] = hessian[j, i] = cross / (4 * h[i] * h[j])
        return (up - down) / (2 * h), hessian

    with np.errstate(all="ignore"):
        coarse, fine = plain(2 * steps), plain(steps)
        return (4 * fine[0] - coarse[0]) / 3, (4 * fine[1] - coarse[1]) / 3


def _over_its_error(of: Callable[[np.ndarray], float], at: np.ndarray, k: int, unit: np.ndarray) -> np.ndarray | None:
    """Row of a Hessian: how the gradient changes over the standard error of one parameter, the others known.

    That error h is the root of h² times the change of its own component = 1; gradients are differences of fourth order.
    """

    def gradient(away: float, i: int) -> float:
        middle, step = at + away * np.eye(len(at))[k], 1e-4 * unit[i] * np.eye(len(at))[i]
        f = [of(middle + m * step) for m in (-2, -1, 1, 2)]
        return (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12e-4 * float(unit[i]))

    def change(h: float, i: int = k) -> float:
        return (gradient(h, i) - gradient(-h, i)) / (2 * h)

    low, high = 1e-3 * unit[k], 1e2 * unit[k]
    if not -change(low) * low**2 < 1 < -change(high) * high**2:
        return None
    h = optimize.brentq(lambda h: -change(h) * h**2 - 1, low, high)
    return np.array([change(h, i) for i in range(len(at))])


def standard_errors(law: Law, data: Data, params: list[float], guesses: list[float], off: float) -> np.ndarray | None:
    """Standard errors by the judge's own Hessian; None where it cannot say.

    In doubles by Richardson's differences; if those are not the guesses, in 50 digits, where a step can be so small
    that nothing need be extrapolated.

    Parameters
    ----------
    guesses : list of float
        Standard errors by which the steps are chosen, and which are judged.
    off : float
        Relative difference from the guesses from which doubles are not believed.
    """
    free = [i for i, kind in enumerate(law.kinds) if kind != "weights" or i == 0]
    unit = np.array([guesses[i] for i in free])

    def values_at(u: Any) -> list[Any]:
        values = list(params)
        for i, value in zip(free, u, strict=True):
            values[i] = value
        if law.kinds[0] == "weights":
            values[1] = 1 - values[0]
        return values

    room = [abs(params[i]) if law.kinds[i] not in ("loc", "real", "loglog") else INF for i in free]
    steps = np.minimum(0.03 * unit, 0.1 * np.array(room))
    at = np.array([params[i] for i in free])
    _, hessian = derivatives(lambda u: data.loglik(law, values_at(u)), at, steps)
    rough = law.rough(params)
    row = None if rough is None else _over_its_error(lambda u: data.loglik(law, values_at(u)), at, rough, unit)
    if row is not None:
        hessian[rough] = hessian[:, rough] = row
    scaled = -hessian * np.outer(unit, unit)
    if np.all(np.isfinite(scaled)) and np.linalg.eigvalsh(scaled)[0] > 0:
        found = unit * np.sqrt(np.diag(np.linalg.inv(scaled)))
        if np.max(np.abs(found / unit - 1)) <= off:
            return np.asarray(found)
    with mpmath.workdps(DIGITS), np.errstate(all="ignore"):
        small = [mpmath.mpf(float(step)) * mpmath.mpf(10) ** -12 for step in steps]
        of = lambda u: data.exact_sum(law, values_at(u))  # noqa: E731
        place = [mpmath.mpf(float(v)) for v in at]
        for _ in range(_POLISHED):
            gradient, exact = _in_digits(of, place, small)
            if row is not None:
                for i, value in enumerate(row):
                    exact[rough, i] = exact[i, rough] = mpmath.mpf(float(value))
            try:
                cov = (-exact) ** -1
            except ZeroDivisionError:
                return None
            variances = np.array([float(cov[i, i] / mpmath.mpf(float(unit[i])) ** 2) for i in range(len(free))])
            if not (np.all(np.isfinite(variances)) and variances.min() > 0 and min(mpmath.eigsy(-exact)[0]) > 0):
                return None
            # Along a ridge, parameters that are rounded to doubles are so far beside it that the curvature is another.
            step = cov * gradient
            far = max(abs(move) / mpmath.mpf(float(error)) for move, error in zip(step, unit, strict=True))
            if row is not None or not _SETTLED < far < _NEAR:
                break
            place = [v + move for v, move in zip(place, step, strict=True)]
    return np.asarray(unit * np.sqrt(variances))


_POLISHED, _SETTLED, _NEAR = 4, 1e-14, 1e-4
"""Looks at the curvature, and lengths of Newton's step, in standard errors, between which another follows."""


def _in_digits(of: Callable[[list[Any]], Any], place: list[Any], steps: list[Any]) -> tuple[Any, Any]:
    """Gradient and Hessian by central differences whose steps are so small that nothing need be extrapolated."""
    q = len(place)

    def moved(*pairs: tuple[int, int]) -> Any:
        away = dict(pairs)
        return of([v + away.get(i, 0) * steps[i] for i, v in enumerate(place)])

    centre, gradient, hessian = moved(), mpmath.zeros(q, 1), mpmath.zeros(q, q)
    for i in range(q):
        up, down = moved((i, 1)), moved((i, -1))
        gradient[i], hessian[i, i] = (up - down) / (2 * steps[i]), (up - 2 * centre + down) / steps[i] ** 2
        for j in range(i):
            cross = moved((i, 1), (j, 1)) - moved((i, 1), (j, -1)) - moved((i, -1), (j, 1)) + moved((i, -1), (j, -1))
            hessian[i, j] = hessian[j, i] = cross / (4 * steps[i] * steps[j])
    return gradient, hessian
