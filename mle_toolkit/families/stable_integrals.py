r"""Density and tails of stable laws with their derivatives: integrals of the characteristic function along descents.

Conventions
-----------
``alpha`` in (0, 2], ``beta`` in [-1, 1], z in Nolan's parametrisation S0; arrays of one shape (n,). With ε = α - 1,
h(t) = (t^ε - 1)/ε and g = ε cot(πε/2), both smooth through α = 1,

    E(t) = -izt - t (1 + (ε + iβg) h(t)),    f(z) = Re ∫ e^E dt / π,    P(Z > z) = Re ∫ e^E dt / (iπt).

The path goes from 0 down the imaginary axis, t = -is, where the imaginary part of E is s^α (1 + β) sin(πα/2) and the
integrands are sines of it: so nothing cancels, however small the density is. It leaves the axis where the real part of
E is least, or where that imaginary part is π, and follows the steepest descent, E = E0 - τ, by Newton's method. Both
parts are summed by rules of Gauss and Legendre. For z < 0 the law is that of -z with -beta. Derivatives are integrals
along the same path. The formula of Zolotarev and Nolan (1997), Stochastic Models 13, 759-774, is the same integral
along another path, and judges this one in the tests.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from mle_toolkit._typing import Array

_FOLDS = 40.0
"""Fall of the real part of E, nats, beyond which nothing is left."""

_ON_AXIS, _ALONG_DESCENT = 48, 64
_POWER = 5
"""Nodes of both rules of Gauss and Legendre, in that root of the share of the path: both parts have powers at their
beginning."""

_LOW_ALPHA, _MORE_ON_AXIS = 0.4, 128
"""An alpha below which the axis has more nodes."""

_TURNS_BACK, _FINE, _FINE_REACH = 1e-4, 129, (-4.3, 3.75)
"""A descent that has a point of return as near to its beginning as that, in E, is summed by a double exponential rule,
of so many nodes, whose variable goes from and to these."""

_NEAR, _FAR = 1e-8, 0.5
"""Change of log t up to which a path is a parabola in log t, and from which a next node is sought by a power of t."""

_HIGHEST = 700.0
"""Largest log of |t| at which a path leaves the axis."""

_LARGEST = 700.0
"""Largest exponent of a weight."""

_FARTHEST = 1e150
"""Size of z beyond which tails are powers to all digits."""

_LEVEL = 0.01
_RAY = math.log(0.3)
"""Fall of E to its least value on the axis below which 0 is too near: the path goes along a ray at 45 degrees instead,
up to that log of |t|."""

_ROUGH = 0.05
"""Error that the log of the end of a path may have."""

_SMALL = 0.1
_SERIES = tuple(1 / math.factorial(k + 1) for k in range(11))
"""Of (e^u - 1)/u, used for |u| up to that."""

_COT = (1.0, -1 / 3, -1 / 45, -2 / 945, -1 / 4725, -2 / 93555, -1382 / 638512875)
_COT_SMALL = 0.15
"""Series of v cot v in v², used for |v| up to that."""

_BEHIND, _ALIKE = 3, 0.2
"""Nodes from which the path at the next is foreseen, and how far, in steps, that may be from what the last one says."""

_NEWTON_STEPS = 12
_SETTLED = 1e-6
"""Step of the method of third order whose fourth power is nothing."""


COLUMNS = 22
"""Of what is known of a law at a point."""

_ROWS = 1_000
"""That are integrated together."""


def stables(z: Array, alpha: Array, beta: Array) -> Array:
    """What is known of stable laws at points that are finite; shape (n, 22).

    The log-density; its derivatives by z, alpha and beta, and the second ones: zz, zα, zβ, αα, αβ, ββ; the logs of F
    and of 1 - F; the derivatives of the first by alpha and beta, and those of the second; the second ones of both: αα,
    αβ, ββ.
    """
    found = np.empty((len(z), COLUMNS))
    with np.errstate(all="ignore"):  # a density may be nothing
        for first in range(0, len(z), _ROWS):
            rows = slice(first, first + _ROWS)
            found[rows] = _Paths(np.clip(z[rows], -_FARTHEST, _FARTHEST), alpha[rows], beta[rows]).integrated()
    far = np.flatnonzero(np.abs(z) > _FARTHEST)
    if len(far):
        share, beyond = _FARTHEST / np.abs(z[far]), np.log(np.abs(z[far]) / _FARTHEST)
        found[far, 0] -= (1 + alpha[far]) * beyond
        found[far, 2] -= beyond
        found[np.ix_(far, np.array([1, 4, 5, 6]))] *= np.stack([share, share**2, share, share], axis=-1)
        above = (z[far] > 0).astype(int)
        found[far, 10 + above] -= alpha[far] * beyond
        found[far, 12 + 2 * above] -= beyond
    return found


class _Paths:
    """A path for each of some points."""

    def __init__(self, z: Array, alpha: Array, beta: Array) -> None:
        self.alpha, self.eps = alpha, alpha - 1
        self.g = _tilt(self.eps)
        self.sine = np.sin(0.5 * math.pi * np.where(alpha > 1, 2 - alpha, alpha))
        self.cosine = np.cos(0.5 * math.pi * alpha)
        self.up = z < 0
        self._set(np.abs(z), np.where(self.up, -beta, beta))
        # Where the real part of E grows from 0 on it falls on the other side.
        grows = (self.bend < 0) & (self.eps > 0) & (self._slope_at(-1 / self.eps) > 0)
        self.up = self.up ^ grows
        self._set(np.where(grows, -self.z, self.z), np.where(grows, -self.beta, self.beta))
        self._leave_axis()

    def _set(self, z: Array, beta: Array) -> None:
        self.z, self.beta = z, beta
        self.k = self.eps + 1j * beta * self.g[0]
        turn = np.full(len(z), -0.5j * math.pi)
        # The real part of dE/ds on the axis is -z - level - bend (s^eps - 1)/eps.
        self.bend = (self.k * self.alpha * np.exp(self.eps * turn)).imag
        self.level = (self.k + self.k * self.alpha * _power(self.eps, turn)).imag
        self.rate = self.sine * (1 + beta)

    def _slope_at(self, h: Array) -> Array:
        """Slope of the real part of E on the axis where (s^eps - 1)/eps is h."""
        return np.asarray(-self.z - self.level - self.bend * h)

    def _real(self, log_s: Array) -> Array:
        """Real part of E at t = -is; shape (n,)."""
        h = _power(self.eps, log_s - 0.5j * math.pi)
        s = np.exp(log_s)
        return np.asarray(-self.z * s + (1j * s * (1 + self.k * h)).real)

    def _leave_axis(self) -> None:
        """Find the log of |t| where the path leaves the axis, or ends."""
        h = -(self.z + self.level) / self.bend
        u = self.eps * h
        least = np.where(np.abs(u) < 1e-8, h * (1 - 0.5 * u), np.log1p(u) / self.eps)
        nowhere = np.where((self.bend < 0) & (self.eps > 0), -np.inf, np.inf)
        least = np.where((self.bend < 0) & (u > -1) & np.isfinite(least), least, nowhere)
        half_turn = np.log(math.pi / self.rate) / self.alpha
        self.at_least = (least <= half_turn) & (least < _HIGHEST)
        end = np.minimum(np.minimum(least, half_turn), _HIGHEST)
        self.tilted = self.at_least & (np.exp(end) <= 1) & ~(self._real(np.maximum(end, -_HIGHEST)) < -_LEVEL)
        end = np.where(self.tilted, _RAY, end)
        self.angle = np.where(self.tilted, -0.25, -0.5) * math.pi
        # About the logs of what the axis and the descent give. Where the first is far less the path goes on.
        power_tail = np.log(self.rate) - self.alpha * np.log(np.maximum(self.z, 1.0))
        fall = self._real(end)
        deep = ~self.tilted & ~(fall >= -_FOLDS + np.where(self.at_least, np.minimum(power_tail, 0.0), 0.0))
        size = np.minimum(np.fmax(power_tail, np.where(deep, -np.inf, fall)), 0.0)
        self.size = np.where(np.isfinite(size), size, 0.0)
        low, high = np.where(deep, -_HIGHEST, end), end
        while np.any(high - low > _ROUGH):
            middle = 0.5 * (low + high)
            below = deep & ~(self._real(middle) > -_FOLDS)
            low, high = np.where(below | ~deep, low, middle), np.where(below, middle, high)
        self.end, self.leaves = high, ~deep
        # Next to a minimum on the axis E falls as a parabola from a point a little off it.
        log_t = self.end - 0.5j * math.pi
        power = 1 + self.eps * _power(self.eps, log_t)
        bend = np.abs(np.exp(log_t) * self.k * power) * self.alpha
        slope = self.alpha * np.exp(self.alpha * self.end) * self.rate
        self.turns_back = self.at_least & ~self.tilted & (slope * slope < 2 * _TURNS_BACK * bend)

    def integrated(self) -> Array:
        """Sums over both parts of the paths; columns as of `stables`."""
        sums = np.zeros((16, len(self.z)))
        low = self.alpha < _LOW_ALPHA
        for part, rule, of in (
            (self._on_axis, _axis_rule(_ON_AXIS), ~low),
            (self._on_axis, _axis_rule(_MORE_ON_AXIS), low),
            (self._descent, _descent_rule(), self.leaves & ~self.turns_back),
            (self._descent, _fine_rule(), self.leaves & self.turns_back),
        ):
            rows = np.flatnonzero(of)
            if len(rows):
                sums[:, rows] += part(rows, *rule)
        sums[10] += np.where(self.tilted, 0.25 * math.pi * np.exp(-self.size), 0.0)
        sums /= math.pi
        density, tail = sums[0], sums[10]
        sign = np.where(self.up, -1.0, 1.0)
        unit = sign * np.exp(self.end)
        z, a, b, zz, za, zb, aa, ab, bb = sums[1:10] / density
        z, zz, za, zb, b, ab = unit * z, unit * unit * zz, unit * za, sign * unit * zb, sign * b, sign * ab
        far = np.where(tail > 0, np.log(tail) + self.size, -np.inf)
        itself = np.exp(far)
        far_a, far_b = sums[11] / tail, sign * sums[12] / tail
        odds = -itself / (1 - itself)
        near, near_a, near_b = np.log1p(-itself), odds * far_a, odds * far_b
        twice = np.array([sums[13], sign * sums[14], sums[15]]) / tail
        far_bends = twice - np.array([far_a * far_a, far_a * far_b, far_b * far_b])
        near_bends = odds * twice - np.array([near_a * near_a, near_a * near_b, near_b * near_b])
        return np.stack([
            np.where(density > 0, np.log(density) + self.size + self.end, -np.inf),
            z, a, b, zz - z * z, za - z * a, zb - z * b, aa - a * a, ab - a * b, bb - b * b,
            np.where(self.up, far, near), np.where(self.up, near, far),
            np.where(self.up, far_a, near_a), np.where(self.up, far_b, near_b),
            np.where(self.up, near_a, far_a), np.where(self.up, near_b, far_b),
            *np.where(self.up, far_bends, near_bends), *np.where(self.up, near_bends, far_bends),
        ], axis=-1)  # fmt: skip

    def _on_axis(self, rows: Any, share: Array, weight: Array) -> Array:
        columns: tuple[Any, ...] = (
            self.z,
            self.eps,
            self.k,
            self.alpha,
            self.beta,
            self.sine,
            self.cosine,
            self.tilted,
            self.angle,
        )
        z, eps, k, alpha, beta, sine, cosine, tilted, angle = (np.asarray(v)[rows, None] for v in columns)
        power = np.maximum(1.0, 1 / alpha)
        log_s = self.end[rows, None] + power * np.log(share)
        s = np.exp(log_s)
        powers = _powers(eps, log_s + 1j * angle)
        t = s * np.where(tilted, np.exp(-0.25j * math.pi), -1j)
        exponent = -1j * z * t - t * (1 + k * powers[0])
        height = np.exp(alpha * log_s)
        lean = 1 + beta
        by_alpha = height * (log_s * sine + 0.5 * math.pi * cosine)
        twice = height * (log_s * log_s * sine + math.pi * log_s * cosine - 0.25 * math.pi**2 * sine)
        # The imaginary parts on the axis to all digits, however small they are.
        imaginary = (lean * by_alpha, height * sine, lean * twice, by_alpha)
        slopes = self._slopes(t, powers, rows)
        slopes = tuple(np.where(tilted, p, p.real - 1j * q) for p, q in zip(slopes, imaginary, strict=True))
        exponent = np.where(tilted, exponent, exponent.real + 1j * lean * height * sine)
        # What overflows has a sine of 0.
        exponent = np.minimum(exponent.real - self.size[rows, None], _LARGEST) + 1j * exponent.imag
        weights = np.exp(exponent) * (power * weight / share)
        return self._sums(t, weights, slopes, rows)

    def _slopes(self, t: Any, powers: list[Any], rows: Any) -> tuple[Any, ...]:
        """Derivatives of -E by α and β, and αα and αβ."""
        h, h1, h2 = powers
        g, g1, g2 = (v[rows, None] for v in self.g)
        k, beta = self.k[rows, None], 1j * self.beta[rows, None]
        k1 = 1 + beta * g1
        return (
            t * (k1 * h + k * h1),
            1j * t * g * h,
            t * (beta * g2 * h + 2 * k1 * h1 + k * h2),
            1j * t * (g1 * h + g * h1),
        )

    def _descent(self, rows: Any, taus: Array, weights: Array, rates: Array, ahead: Array) -> Array:
        eps, k, z, end, alpha = (v[rows] for v in (self.eps, self.k, self.z, self.end, self.alpha))
        tilted, log_t = self.tilted[rows], end + 1j * self.angle[rows]
        t = np.exp(log_t)
        h = _power(eps, log_t)
        growth = 1 + eps * h

        def moved(d: Any) -> tuple[Any, Any, Any, Any]:
            """Change of E, and its first three derivatives by log t, where log t has changed by d."""
            more, part = np.expm1(d), _power(eps, d)
            gone = -t * ((1j * z + 1) * more + k * (more * h + (1 + more) * growth * part))
            bent = k * growth * (1 + eps * part)
            here = t * (1 + more)
            slope = here * (-1j * z - 1 - k * (h + growth * part) - bent)
            power = here * bent * alpha
            return gone, slope, slope - power, slope - power * (1 + alpha)

        d = np.zeros(len(rows), dtype=complex)
        _, slope, bend, _ = moved(d)
        # The exact direction: that of the axis is a minimum's own.
        phase = np.exp(alpha * end) * self.rate[rows]
        on_axis = np.where(self.at_least[rows], 0.0, slope.real) + 1j * alpha * phase
        first = slope = np.where(tilted, slope, on_axis)
        begin_bend = bend
        path, slopes = np.empty((2, len(rows), len(taus)), dtype=complex)
        before, fresh = 0.0, np.full(len(rows), True)
        for j, tau in enumerate(taus.tolist()):
            root = np.sqrt(first * first - 2 * begin_bend * tau)
            wrong = np.where(tilted, (np.conj(first) * root).real < 0, root.imag < 0)
            root = np.where(wrong, -root, root)
            parabola = -2 * tau / (first + root)
            near = np.abs(parabola) < _NEAR
            if np.all(near):
                d, slope = parabola, root
            else:
                root_here = np.sqrt(slope * slope - 2 * bend * (tau - before))
                root_here = np.where((np.conj(slope) * root_here).real < 0, -root_here, root_here)
                step = -2 * (tau - before) / (slope + root_here)
                if j:
                    step = np.where(np.abs(step) > _FAR, -math.log(tau / before) * before / slope, step)
                at = d + step
                if j >= _BEHIND:
                    behind = slice(j - _BEHIND, j)
                    rise = -rates[behind] / slopes[:, behind]
                    further = path[:, behind] @ ahead[j, :_BEHIND] + rise @ ahead[j, _BEHIND:]
                    at = np.where(np.abs(further - at) < _ALIKE * np.abs(step), further, at)
                at = np.where(near | fresh, parabola, at)
                for _ in range(_NEWTON_STEPS):
                    gone, slope, bend, third = moved(at)
                    step = (gone + tau) / slope
                    part = step * bend / slope
                    step *= 1 + 0.5 * part * (1 + part) - step * third / (6 * slope)
                    at = at - step
                    slope, bend = slope - step * (bend - 0.5 * step * third), bend - step * third
                    if np.all(near | (np.abs(step) <= _SETTLED * np.minimum(np.abs(at), 1.0))):
                        break
                d, slope = np.where(near, parabola, at), np.where(near, root, slope)
                bend = np.where(near, begin_bend, bend)
            fresh = near
            before = tau
            path[:, j], slopes[:, j] = d, slope
        log_path = log_t[:, None] + path
        begin = np.where(tilted, -t * (1j * z + 1 + k * h), self._real(self.end)[rows] + 1j * phase) - self.size[rows]
        t_path = np.exp(log_path)
        return self._sums(
            t_path,
            np.exp(begin[:, None] - taus) * weights / -slopes,
            self._slopes(t_path, _powers(eps[:, None], log_path), rows),
            rows,
        )

    def _sums(self, t: Any, weights: Any, slopes: tuple[Any, ...], rows: Any) -> Array:
        """Sums over a part of the paths, in units of the |t| where they leave the axis; shape (16, n).

        Real parts of those of e^E t, of its derivatives by z, α, β, and twice; of e^E / i, and by α and β, and twice.
        """
        a, b, aa, ab = slopes
        t = t / np.exp(self.end[rows, None])
        at, along, tail = weights * t, -1j * t, -1j * weights
        at_along = at * along
        of = (
            (at, None), (at, along), (at, -a), (at, -b),
            (at_along, along), (at_along, -a), (at_along, -b),
            (at, a * a - aa), (at, a * b - ab), (at, b * b),
            (tail, None), (tail, -a), (tail, -b),
            (tail, a * a - aa), (tail, a * b - ab), (tail, b * b),
        )  # fmt: skip
        return np.array([np.sum((u if v is None else u * v).real, axis=1) for u, v in of])


def _power(eps: Array, log_t: Any) -> Any:
    """(t^ε - 1)/ε."""
    return np.where(eps == 0, log_t, np.expm1(eps * log_t) / np.where(eps == 0, 1.0, eps))


def _powers(eps: Array, log_t: Any) -> list[Any]:
    """(t^ε - 1)/ε and its first two derivatives by ε."""
    u = eps * log_t
    small = np.abs(u) < _SMALL
    far = np.where(small, 1.0, u)
    power = np.exp(far)
    values = [(power - 1) / far]
    for k in (1, 2):
        values.append((power - k * values[-1]) / far)
    near = u[small]
    for k in (1, 2):
        coefficients = [c * math.perm(j, k) for j, c in enumerate(_SERIES)][k:]
        series = np.full_like(near, coefficients[-1])
        for c in coefficients[-2::-1]:
            series = series * near + c
        values[k][small] = series
    return [_power(eps, log_t), *(log_t ** (k + 1) * values[k] for k in (1, 2))]


def _tilt(eps: Array) -> tuple[Array, Array, Array]:
    """ε cot(πε/2) and its first two derivatives."""
    v = 0.5 * math.pi * eps
    small = np.abs(v) < _COT_SMALL
    w, x = np.where(small, 1.0, v), np.where(small, v, 0.0)
    cot = 1 / np.tan(w)
    square = 1 + cot * cot
    near = [
        sum(c * math.perm(2 * k, d) * x ** max(2 * k - d, 0) for k, c in enumerate(_COT) if 2 * k >= d)
        for d in range(3)
    ]
    far = (w * cot, cot - w * square, 2 * square * (w * cot - 1))
    values = [np.where(small, a, b) for a, b in zip(near, far, strict=True)]
    return 2 / math.pi * values[0], values[1], 0.5 * math.pi * values[2]


@lru_cache(maxsize=3)
def _axis_rule(nodes: int) -> tuple[Array, Array]:
    """Nodes between 0 and 1, and weights."""
    x, weight = np.polynomial.legendre.leggauss(nodes)
    root = 0.5 * (1 + x)
    return root**_POWER, 0.5 * weight * _POWER * root ** (_POWER - 1)


@lru_cache(maxsize=1)
def _descent_rule() -> tuple[Array, Array, Array, Array]:
    """Nodes between 0 and where nothing is left, and weights; and what it takes to foresee the path at the next one."""
    share, weight = _axis_rule(_ALONG_DESCENT)
    root = share ** (1 / _POWER)
    return _FOLDS * share, _FOLDS * weight, _FOLDS * _POWER * root ** (_POWER - 1), _ahead(root)


@lru_cache(maxsize=1)
def _fine_rule() -> tuple[Array, Array, Array, Array]:
    """Nodes between 0 and infinity, dense at 0 in powers, and weights; and the same."""
    y, step = np.linspace(*_FINE_REACH, _FINE, retstep=True)
    tau = np.exp(y - np.exp(-y))
    rate = tau * (1 + np.exp(-y))
    return tau, step * rate, rate, _ahead(y)


def _ahead(places: Array) -> Array:
    """Weights of the values at the places before each, and of the slopes, in Hermite's polynomial at that place."""
    weights = np.zeros((len(places), 2 * _BEHIND))
    powers = np.arange(2 * _BEHIND)
    for j in range(_BEHIND, len(places)):
        behind, unit = places[j - _BEHIND : j], places[j] - places[j - 1]
        u = (behind - places[j - 1])[:, None] / unit
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.where(powers > 0, powers * u ** np.maximum(powers - 1, 0), 0.0)
        both = np.vstack([u**powers, slopes])
        weights[j] = np.linalg.solve(both.T, np.ones(2 * _BEHIND))
        weights[j, _BEHIND:] *= unit
    return weights
