"""Log of the Bessel function K of any real order and positive argument, with derivatives by both."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.bessel import LARGE, debye_slopes
from mle_toolkit.families.special import log_or_minus_inf
from mle_toolkit.numerics.panels import Panels

_HALF_LOG_HALF_PI, _LOG_TWO = 0.5 * float(np.log(0.5 * np.pi)), float(np.log(2))

_FOLDS = 40.0
"""Fall of the log of the integrand, nats, beyond which nothing is left."""

_STEP, _SHARE = 0.25, 0.5
"""Widest step of the trapezoidal rule, whose error is exp(-π²/step), and that as a share of the width of the mode."""

_NODES = 32
"""Nodes of a row whose range is no longer than so many steps; others take as many more as they need."""

_SERIES = 0.1
"""Size of u up to which exp(u) is summed as its series."""

_ROWS = 1024
"""Rows of a block, so that the nodes of all stay in cache."""

_TINY = 1e-280
"""Size of the factor of e^-u in x cosh t from which its log is taken: it underflows before e^-u makes up for it."""

_SMALL = 0.05
"""Argument below which log K is all but a multiple of its log."""

_MANY = 512
"""Arguments of one order from which on polynomials in their log are used."""

_CROWD, _PER_UNIT, _DEGREE, _MOST_PANELS = 2048, 4, 10, 256
"""Arguments of one order from which on `log_k_alone` has a polynomial of this degree for each of so many panels a unit
of their log, up to so many: K has no zero within π/2 of the line, so that they err by rounding."""

_STRAYS = 200
"""One in so many arguments, the smallest, needs no panel."""

_CHEBYSHEV = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
_TO_POWERS = np.linalg.inv(np.vander(_CHEBYSHEV, increasing=True))

_SETTLED = np.array([1e-13, 1e-11, *[1e-11] * 4])
"""Last coefficients of such a polynomial of the log, the excess and the moments, over the size of its values."""

_FLOOR = np.array([1.0, 1e-3, 1e-3, 1e-12, 1e-3, 1e-12])
"""What these sizes are at the least."""


class LogK(NamedTuple):
    """What there is to know of log K at an order ν and an argument x; arrays of one shape.

    With the law whose density is proportional to exp(ν t - x cosh t), and its mode t₀ = arsinh(ν/x): derivatives by ν
    are its cumulants, and so are those by log x, of x cosh t.
    """

    log: Array
    """log K + x."""
    size: Array
    """x cosh t₀, √(x² + ν²)."""
    excess: Array
    """Expected value of x cosh t, less ``size``: minus the derivative by log x is the sum of both."""
    by_order: Array
    """Derivative by ν: the expected value of t."""
    by_order_twice: Array
    """Second derivative by ν: the variance of t."""
    mixed: Array
    """Minus the derivative by ν and log x: the covariance of t and x cosh t."""
    spread: Array
    """Variance of x cosh t: the second derivative by log x is that less ``size + excess``."""

    @property
    def by_log(self) -> Array:
        """Derivative of log K by log x."""
        return -(self.size + self.excess)


def log_k(order: Array, x: Array) -> LogK:
    r"""Log of K and its derivatives, by one integral; of a large order or argument by Debye's expansion.

    .. math:: K_\nu(x) = \tfrac12 \int_{-\infty}^{\infty} e^{\nu t - x \cosh t}\,dt

    (Watson 1944, A Treatise on the Theory of Bessel Functions, 6.22), by the trapezoidal rule about the mode, which
    converges exponentially. All terms are positive. Relative error 1e-13; of derivatives by x, 1e-9 where that is
    below 1e-100. Of one order at many arguments polynomials in log x pass through the values at a few: the log errs by
    1e-12, derivatives by 1e-10 of their size.

    Parameters
    ----------
    order, x : ndarray
        That broadcast; x is positive.
    """
    order, x = np.asarray(order, dtype=float), np.asarray(x, dtype=float)
    shape = np.broadcast_shapes(order.shape, x.shape)
    if order.ndim == 0 and x.size >= _MANY:
        size = np.hypot(order, x)
        panels = Panels(lambda some: _columns(order, some), _half_unit, _from_half_unit, _SETTLED, _FLOOR)
        columns = np.full((x.size, len(_SETTLED)), np.nan)
        known = (x.ravel() > 0) & (x.ravel() < np.inf)
        columns[known] = panels.at(x.ravel()[known], once=True)
        log, excess, *rest = columns.T.reshape(-1, *shape)
        return LogK(log, size, excess, *rest)
    columns = _columns(*(v.ravel() for v in np.broadcast_arrays(order, x)))
    log, excess, *rest = columns.T.reshape(len(_SETTLED), *shape)
    return LogK(log, np.hypot(order, x), excess, *rest)


def _half_unit(x: Array) -> Array:
    """The coordinate of panels, half as wide as a unit of log x: next to the imaginary axis K has zeros."""
    return np.asarray(2 * np.log(x))


def _from_half_unit(w: Array) -> Array:
    return np.asarray(np.exp(0.5 * w))


def _columns(order: Array, x: Array) -> Array:
    """What there is in `LogK`, but the size, of arguments of shape (n,); shape (n, 6)."""
    order = np.broadcast_to(order, x.shape)
    with np.errstate(all="ignore"):  # where an argument is 0 or infinite
        large = (np.hypot(order, x) >= LARGE) & (x > 0)
        if large.all():
            return _by_debye(order, x)
        if not large.any():
            return _by_integral(order, x)
        found = np.empty((x.size, len(_SETTLED)))
        found[large], found[~large] = _by_debye(order[large], x[large]), _by_integral(order[~large], x[~large])
    return found


def _by_debye(order: Array, x: Array) -> Array:
    """The same by Debye's expansion."""
    rest, size = debye_slopes(order, x), np.hypot(order, x)
    tilt, narrow, square = order / size, x / size, np.square(x)
    mode = np.sign(order) * _mode_of(np.abs(order), x)
    of_root, by_log = narrow * narrow, 2 * square * rest.by_square
    found = (
        order * mode - order * (order / (size + x)) - 0.5 * np.log(size) + _HALF_LOG_HALF_PI + rest.log,
        0.5 * of_root - by_log,
        mode - 0.5 * tilt / size + rest.by_order,
        1 / size - 0.5 / np.square(size) + np.square(tilt / size) + rest.by_order_twice,
        tilt - of_root * (tilt / size) - 2 * square * rest.mixed,
        tilt * order - of_root * (0.5 - of_root) + by_log + 4 * square * (square * rest.by_square_twice),
    )
    return np.stack(found, axis=1)


def _by_integral(order: Array, x: Array) -> Array:
    """The same by the trapezoidal rule."""
    nu = np.abs(order)
    size, high, log_low, mode, down, up = _shape_of(nu, x)
    count = np.ceil((up + down) / (_NODES * np.minimum(_STEP, _SHARE / np.sqrt(size))))
    parts = np.full((6, x.size), np.nan)
    for times in np.unique(count[np.isfinite(count)]).tolist():
        rows = np.flatnonzero(count == times)
        nodes = int(times) * _NODES
        for some in np.array_split(rows, -(-len(rows) * int(times) // _ROWS)):
            parts[:, some] = _moments(nu[some], high[some], log_low[some], down[some], up[some], nodes)
    total, mean, variance, covariance, excess, spread = parts
    # ν t₀ - √(x² + ν²) + x, without the parts that cancel.
    away = nu * mode - nu * (nu / (size + x))
    sign = np.where(order < 0, -1.0, 1.0)
    found = away + np.log(0.5 * total), excess, sign * (mode + mean), variance, sign * covariance, spread
    return np.stack(found, axis=1)


def rest_of_log_k(order: Any, x: Array, at: LogK) -> tuple[Array, Array]:
    """Derivative of log K by log x, plus the size of the order, which is that of a small x; and the second derivative.

    Next to 0 from the order below (DLMF 10.29.4), as differences of what is in ``at`` would cancel.
    """
    order, x = np.broadcast_arrays(np.abs(np.asarray(order, dtype=float)), np.asarray(x, dtype=float))
    rest, bend = np.array(at.by_log + order), np.array(at.spread + at.by_log)
    small = x < _SMALL
    if small.any():
        order, x = order[small], x[small]
        share = x * np.exp(log_k_alone(order - 1, x) - log_k_alone(order, x))
        rest[small], bend[small] = -share, x * x - share * (2 * order + share)
    return rest, bend


def log_k_alone(order: Array, x: Array) -> Array:
    """Log of K + x, by SciPy's function where that neither over- nor underflows, which takes a tenth of the time.

    Of one order at very many arguments, by polynomials between values at a few, which takes a tenth of that.
    """
    x = np.asarray(x, dtype=float)
    if np.ndim(order) == 0 and x.size >= _CROWD:
        return _log_k_of_crowd(order, x)
    with np.errstate(all="ignore"):
        value = np.asarray(np.log(special.kve(order, x)))
    lost = ~np.isfinite(value)
    if lost.any():
        order, x = np.asarray(order, dtype=float), np.broadcast_to(np.asarray(x, dtype=float), value.shape)
        some = order if order.ndim == 0 else np.broadcast_to(order, value.shape)[lost]
        value[lost] = log_k(some, x[lost]).log
    return value


def _log_k_of_crowd(order: Array, x: Array) -> Array:
    """The same of one order at many arguments; those far below the others as they are."""
    with np.errstate(all="ignore"):
        w = _PER_UNIT * np.log(x.ravel())
    value = np.full(w.shape, np.nan)
    known = np.isfinite(w)
    if known.any():
        some = w[known]
        few = len(some) // _STRAYS
        first, last = (int(np.floor(v)) for v in (np.partition(some, few)[few], np.max(some)))
        first = max(first, last - _MOST_PANELS + 1)
        known &= w >= first
        middle = np.arange(first, last + 1)[:, None] + 0.5
        if middle.size * (_DEGREE + 1) < 0.25 * w.size:
            nodes = log_k_alone(
                np.full((len(middle), _DEGREE + 1), float(order)), np.exp((middle + 0.5 * _CHEBYSHEV) / _PER_UNIT)
            )
            powers = _TO_POWERS @ nodes.T
            u = w if known.all() else w[known]
            place = np.floor(u)
            t, panel = 2 * (u - place) - 1, place.astype(np.intp) - first
            total = powers[_DEGREE][panel]
            for coefficients in powers[_DEGREE - 1 :: -1]:
                total *= t
                total += coefficients[panel]
            value[known] = total
    left = np.isnan(value)
    if left.any():
        some = x.ravel()[left]
        value[left] = log_k_alone(np.full(some.shape, float(order)), some)
    return value.reshape(x.shape)


def range_of_log_k(order: Array, x: Array) -> tuple[Array, Array]:
    """Ends of t between which all of exp(order t - x cosh t) lies but a share of exp(-`_FOLDS`)."""
    with np.errstate(all="ignore"):
        *_, mode, down, up = _shape_of(np.abs(order), x)
    left = np.less(order, 0)
    return np.where(left, -mode - up, mode - down), np.where(left, down - mode, mode + up)


def _shape_of(nu: Array, x: Array) -> tuple[Array, ...]:
    """Size, the factor of e^u and the log of that of e^-u in x cosh t, u away from the mode; the mode; its reach."""
    size = np.hypot(nu, x)
    high = 0.5 * (size + nu)
    low = 0.25 * x * (x / high)
    room = _FOLDS / high
    log_low = 2 * (log_or_minus_inf(x) - _LOG_TWO) - log_or_minus_inf(high)
    down = np.minimum(0.5 * room + np.sqrt(0.25 * room * room + 2 * room), _reach(low, log_low))
    return size, high, log_low, _mode_of(nu, x), down, _reach(high, log_or_minus_inf(high))


def _mode_of(nu: Array, x: Array) -> Array:
    """arsinh(ν/x) of a ν >= 0, where ν/x may overflow."""
    return np.where(nu < x, np.arcsinh(nu / x), log_or_minus_inf(np.hypot(nu, x) + nu) - log_or_minus_inf(x))


def _reach(size: Array, log_size: Array) -> Array:
    """How far, at the most, size (e^u - 1 - u) takes to fall by `_FOLDS`."""
    room = _FOLDS / size
    far = np.log1p(room + np.sqrt(2 * room) + np.log1p(room))
    return np.where(np.isfinite(far), far, np.log(_FOLDS) - log_size + 1.0)


def _moments(nu: Array, high: Array, log_low: Array, down: Array, up: Array, nodes: int) -> Array:
    """Integral of the density over its largest value; moments of u and of x cosh t less its value at the mode."""
    share = np.linspace(0.0, 1.0, nodes)
    high, log_low, down = high[:, None], log_low[:, None], down[:, None]
    width = down + up[:, None]
    u = width * share - down
    low = np.exp(log_low)
    falls_below = low * _exp_beyond_line(-u)
    if np.any(low < _TINY):
        falls_below = np.where(low < _TINY, np.exp(log_low - u), falls_below)
    fall = high * _exp_beyond_line(u) + falls_below
    excess = fall + nu[:, None] * u
    weight = np.exp(-fall)
    mass = np.sum(weight, axis=1)
    weight = weight / mass[:, None]
    mean, mean_excess = np.sum(weight * u, axis=1), np.sum(weight * excess, axis=1)
    away, over = u - mean[:, None], excess - mean_excess[:, None]
    return np.stack(
        [
            mass * width[:, 0] / (nodes - 1),
            mean,
            np.sum(weight * away * away, axis=1),
            np.sum(weight * away * over, axis=1),
            mean_excess,
            np.sum(weight * over * over, axis=1),
        ]
    )


def _exp_beyond_line(u: Array) -> Array:
    """``exp(u) - 1 - u``, to full relative precision near 0 too."""
    small = np.where(np.abs(u) < _SERIES, u, 0.0)
    series = np.full_like(u, 1 / 10)
    for k in range(9, 1, -1):  # u²/2 (1 + u/3 (1 + u/4 (...)))
        series = (1 + small * series) / k
    return np.where(small == 0, np.expm1(u) - u, small * small * series)
