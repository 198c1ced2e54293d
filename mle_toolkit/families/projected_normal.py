"""The projected normal law of directions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.circular import Circular, about, mean_direction, on_turn, onto_turn
from mle_toolkit.families.domain import NON_NEGATIVE, REAL
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.special import legendre
from mle_toolkit.numerics.newton import roots

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)

_FAR = -12.0
"""Argument below which 1 + u Φ(u)/φ(u) is summed as its series in 1/u², to full precision."""

_TERMS = 20
_SERIES = tuple((-1) ** k * math.prod(range(1, 2 * k + 2, 2)) for k in range(_TERMS))

_NODES = 16
_DOUBLINGS = np.exp2(np.arange(-1, 12))
"""Of Gauss and Legendre's rule on each panel of an arc, and widths of panels in units of the scale of the density."""

_STEPS, _SETTLED = 100, 1e-24
_AGREE = 1e-12
"""Length of the mean vector from 1 below which all directions are one."""


class ProjectedNormal(Circular):
    r"""Direction of a point scattered normally about another: the angle of a normal vector of mean length ``gamma``.

    .. math:: \log f(x) = -\log P - \tfrac12\gamma^2 + \log\Bigl(1 + \frac{u\Phi(u)}{\varphi(u)}\Bigr),
        \quad u = \gamma\cos\omega(x - \mu),\ \omega = 2\pi/P

    Uniform for ``gamma`` = 0; for a large one normal about ``mu``, of standard deviation 1/gamma radians. Angles are
    radians unless the ``period`` P is given. Source: Mardia & Jupp (2000), Directional Statistics, ch. 3.5.6; Presnell,
    Morrison & Littell (1998), JASA 93, 1068-1077: the log-likelihood is concave in the vector of length gamma and
    direction mu, so that it has one maximum. The covariance of the normal vector is that of a circle here. Perfectly
    balanced directions give ``gamma`` = 0, where ``mu`` means nothing and is reported as 0. Probabilities of arcs are
    integrals by Gauss's rule on panels that double from the end of the arc and from the quarter turns.
    """

    name = "projected_normal"
    aliases = ("offset_normal", "angular_gaussian")
    support = REAL
    parameters = (
        Parameter("mu", REAL, typical=(-3.0, 3.0)),
        Parameter("gamma", NON_NEGATIVE, typical=(0.3, 4.0)),
    )

    def logpdf(self, x: Array, mu: Array, gamma: Array) -> Array:
        """Log-density at x."""
        return _log_height(self.angle(x, mu), gamma) - math.log(self.period)

    def score(self, x: Array, mu: Array, gamma: Array) -> tuple[Array, ...]:
        """Derivatives by mu and gamma."""
        away = self.angle(x, mu)
        slope = _slopes(gamma * np.cos(away))[0]
        sine, cosine = np.sin(away), np.cos(away)
        # The slope less u, which for a large gamma cancels against -gamma.
        rest = slope * cosine - gamma * np.square(sine)
        return self.rate * gamma * sine * (slope + gamma * cosine), rest

    def hessian(self, x: Array, mu: Array, gamma: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        away = self.angle(x, mu)
        sine, cosine = np.sin(away), np.cos(away)
        rest, bend = _slopes(gamma * cosine)
        slope = rest + gamma * cosine
        across = self.rate * gamma * sine
        return (
            bend * np.square(across) - slope * self.rate**2 * gamma * cosine,
            bend * across * cosine + slope * self.rate * sine,
            (bend - 1) * np.square(cosine) - np.square(sine),
        )

    def check(self, sample: Sample) -> None:
        """Raise if all directions are the same, where the likelihood has no bound."""
        if sample.is_plain and mean_direction(self, sample)[1] > 1 - _AGREE:
            raise DegenerateDataError(
                f"{self.name}: all {sample.nobs:g} directions are the same, or agree to a millionth of a radian, so "
                f"that the likelihood is unbounded as gamma grows; on so short an arc the law is normal: fit that."
            )

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """The mean vector: its direction, and the gamma of its length."""
        mu, length = mean_direction(self, sample)
        return [(mu, max(_of_length(length), 1e-6))]

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Newton's method for the vector."""
        mu, length = mean_direction(self, sample)
        if length == 0:
            return 0.0, 0.0
        gamma = _of_length(length)
        value = self._at(sample, mu, gamma)
        for _ in range(_STEPS):
            # Along the mean direction and across it.
            slope = np.array([value[2], value[1] / (self.rate * gamma)])
            turn = value[4] / (self.rate * gamma) - value[1] / (self.rate * gamma**2)
            bend = -np.array([[value[5], turn], [turn, value[3] / (self.rate * gamma) ** 2 + value[2] / gamma]])
            step = np.linalg.solve(bend, slope)
            decrement = float(slope @ step)
            share = 1.0
            while True:
                along, across = gamma + share * float(step[0]), share * float(step[1])
                tried = mu + math.atan2(across, along) / self.rate, math.hypot(along, across)
                new = self._at(sample, *tried) if tried[1] > 0 else value
                if tried[1] > 0 and new[0] >= value[0]:
                    break
                share *= 0.5
                if share < 1e-12:
                    return on_turn(mu, self.period), gamma
            (mu, gamma), value = tried, new
            if decrement < _SETTLED:
                break
        return on_turn(mu, self.period), gamma

    def _at(self, sample: Sample, mu: float, gamma: float) -> list[float]:
        """Means of the log-density, the score and the second derivatives."""
        m, g = np.asarray(mu), np.asarray(gamma)
        rows = [lambda x: self.logpdf(x, m, g)]
        rows += [lambda x, k=k: self.score(x, m, g)[k] for k in range(2)]  # type: ignore[misc]
        rows += [lambda x, k=k: self.hessian(x, m, g)[k] for k in range(3)]  # type: ignore[misc]
        return [sample.mean(row) for row in rows]

    def arranged(self, mu: float, gamma: float) -> tuple[float, float]:
        """``mu`` on the turn about 0: above -P/2, at most P/2."""
        return on_turn(mu, self.period), gamma

    # --- probabilities of arcs ----------------------------------------------------------------------------------------

    def middle(self, mu: Array, gamma: Array) -> Array:
        """The mode, ``mu``."""
        return np.asarray(mu)

    def _arcs(self, lower: Array, upper: Array, mu: Array, gamma: Array) -> tuple[Array, Array, Any]:
        """Log-probability of each arc, and its derivative by gamma over it; and whether it is part of a turn."""
        lower, upper, mu, gamma = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (lower, upper, mu, gamma)))
        length = self.rate * (upper - lower)
        begin = self.rate * (about(lower, mu, self.period) - mu)
        part = length < 2 * math.pi
        logs, slopes = _integrals(begin.ravel(), (begin + np.minimum(length, 2 * math.pi)).ravel(), gamma.ravel())
        whole = np.where(part, logs.reshape(part.shape), 0.0)
        return np.minimum(whole, 0.0), slopes.reshape(part.shape), part

    def log_mass(self, lower: Array, upper: Array, mu: Array, gamma: Array) -> Array:
        """Log-probability of each arc from ``lower`` to ``upper``; 0 for a whole turn or more."""
        lower, upper = np.where(np.isfinite(lower), lower, mu), np.where(np.isfinite(lower), upper, mu + self.period)
        return self._arcs(lower, upper, mu, gamma)[0]

    def log_mass_scores(self, lower: Array, upper: Array, mu: Array, gamma: Array) -> tuple[Array, ...]:
        """Derivatives of `log_mass` by mu and gamma."""
        logs, slopes, part = self._arcs(lower, upper, mu, gamma)
        with np.errstate(all="ignore"):
            rise = np.exp(self.logpdf(lower, mu, gamma) - logs) - np.exp(self.logpdf(upper, mu, gamma) - logs)
        return np.where(part & (logs > -np.inf), rise, 0.0), np.where(part & (logs > -np.inf), slopes, 0.0)

    def ppf(self, p: Array, mu: Array, gamma: Array) -> Array:
        """Quantile on the turn centred at mu."""
        return np.asarray(mu - self._upper_angle(p, gamma) / self.rate)

    def isf(self, p: Array, mu: Array, gamma: Array) -> Array:
        """Upper quantile on the turn centred at mu."""
        return np.asarray(mu + self._upper_angle(p, gamma) / self.rate)

    def _upper_angle(self, p: Array, gamma: Array) -> Array:
        """Angle from mu, in radians, that is exceeded on the turn with probability p: Newton's method in a bracket."""
        p, gamma = np.broadcast_arrays(np.asarray(p, dtype=float), np.asarray(gamma, dtype=float))
        shape = p.shape
        p, gamma = p.ravel(), gamma.ravel()
        tail = np.minimum(p, 1 - p)
        with np.errstate(all="ignore"):
            log_tail = np.log(tail)
            low, high = np.zeros(p.shape), np.full(p.shape, math.pi)

            def gap_and_step(at: Array) -> tuple[Array, Array]:
                logs = _integrals(at, np.full(p.shape, math.pi), gamma)[0]
                excess = logs - log_tail
                return -excess, excess / np.exp(_log_height(at, gamma) - math.log(2 * math.pi) - logs)

            start = 0.5 * (low + high)
            at = roots(gap_and_step, low, high, start, lambda at: 1e-15 * np.maximum(at, math.pi - at))
        at = np.where(tail == 0, math.pi, np.where(p == 0.5, 0.0, at))
        return np.where((p >= 0) & (p <= 1), np.where(p <= 0.5, at, -at), np.nan).reshape(shape)

    def rvs(self, mu: Any, gamma: Any, *, size: Any, rng: Any) -> Array:
        """Random directions, on the turn about 0: of normal vectors."""
        along, across = rng.standard_normal(size), rng.standard_normal(size)
        return onto_turn(np.asarray(mu + np.arctan2(across, gamma + along) / self.rate), self.period)


def _log_height(away: Array, gamma: Array) -> Array:
    """Log of 2π times the density by radians at angles from the mode."""
    u = np.asarray(gamma * np.cos(away), dtype=float)
    far = u < _FAR
    some = np.where(far, 0.0, u)
    near = _HALF_LOG_TWO_PI + np.log(some * special.ndtr(some) + np.exp(-0.5 * some * some - _HALF_LOG_TWO_PI))
    gamma = np.asarray(gamma, dtype=float)
    beyond = np.log(_series_where(far, u)[0]) - 0.5 * np.square(gamma)
    return np.asarray(np.where(far, beyond, near - 0.5 * np.square(gamma * np.sin(away))))


def _series_where(far: Mask, u: Array) -> Array:
    """The series of those far below 0, which few are, and 1 for the others; shape (3, ...)."""
    found = np.ones((3, *u.shape))
    if far.any():
        found[:, far] = _series(u[far])
    return found


def _series(u: Array) -> tuple[Array, Array, Array]:
    """1 + u Φ(u)/φ(u) and its first two derivatives, for u far below 0."""
    square = 1 / np.square(u)
    value, slope, bend = np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
    for k in range(_TERMS - 1, -1, -1):
        c, power = _SERIES[k], 2 * k + 2
        value, slope, bend = value * square + c, slope * square + c * power, bend * square + c * power * (power + 1)
    return value * square, slope * square / -u, bend * square * square


def _slopes(u: Array) -> tuple[Array, Array]:
    """Derivative of log(1 + u Φ(u)/φ(u)), less u; and its second derivative."""
    u = np.asarray(u, dtype=float)
    far = u < _FAR
    some = np.where(far, 0.0, u)
    height = np.exp(-0.5 * some * some - _HALF_LOG_TWO_PI)
    share = special.ndtr(some)
    both = some * share + height
    ratio = share / both
    value, slope, bend = _series_where(far, u)
    log_slope = slope / value
    return (
        np.where(far, log_slope - u, ratio),
        np.where(far, bend / value - np.square(log_slope), 1 + height / both - np.square(ratio)),
    )


def _of_length(length: float) -> float:
    """The gamma whose mean vector is so long, about: by bisection of its logarithm."""
    low, high = math.log(1e-9), math.log(1e9)
    for _ in range(60):
        middle = 0.5 * (low + high)
        quarter = 0.25 * math.exp(2 * middle)
        found = math.sqrt(0.5 * math.pi * quarter) * float(special.i0e(quarter) + special.i1e(quarter))
        low, high = (middle, high) if found < length else (low, middle)
    return math.exp(0.5 * (low + high))


def _integrals(begin: Array, end: Array, gamma: Array) -> tuple[Array, Array]:
    """Log of the probability of arcs between angles from the mode, and its derivative by gamma; shape (n,).

    The arcs are at most a turn long, within a turn and a half of the mode.
    """
    nodes, weights = legendre(_NODES)
    unit = 1 / (1 + gamma[:, None])
    steepness = 1 / (1 + gamma + np.square(gamma) * np.abs(np.sin(begin) * np.cos(begin)))
    steepness_end = 1 / (1 + gamma + np.square(gamma) * np.abs(np.sin(end) * np.cos(end)))
    marks = [begin[:, None] + steepness[:, None] * _DOUBLINGS, end[:, None] - steepness_end[:, None] * _DOUBLINGS]
    for place in np.arange(-3.0, 4.0) * 0.5 * math.pi:
        marks += [np.full_like(unit, place), place + unit * _DOUBLINGS, place - unit * _DOUBLINGS]
    edges = np.concatenate([begin[:, None], *marks, end[:, None]], axis=1)
    edges = np.sort(np.clip(edges, begin[:, None], end[:, None]), axis=1)
    logs, slopes = np.empty(len(begin)), np.empty(len(begin))
    for row in range(len(begin)):
        own = np.unique(edges[row])
        if len(own) < 2:
            logs[row], slopes[row] = -np.inf, 0.0
            continue
        half = 0.5 * np.diff(own)[:, None]
        at = (own[:-1, None] + half + half * nodes).ravel()
        g = gamma[row]
        height = _log_height(at, g)
        top = float(np.max(height))
        mass = (half * weights).ravel() * np.exp(height - top)
        total = float(np.sum(mass))
        slope = _slopes(g * np.cos(at))[0] * np.cos(at) - g * np.square(np.sin(at))
        logs[row] = top + math.log(total) - math.log(2 * math.pi)
        slopes[row] = float(np.sum(mass * slope)) / total
    return logs, slopes
