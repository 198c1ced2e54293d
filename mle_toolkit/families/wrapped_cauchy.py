"""The wrapped Cauchy law of directions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.rows import Block
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.circular import Circular, about, mean_direction, on_turn, onto_turn
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.parameters import Parameter

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_STEPS = 30
"""Of the fixed point that gives the start."""

_NEWTON_STEPS, _SETTLED = 200, 1e-24

_SUSPECT = 0.4
"""Share of a subsample from which all are counted that are the same, lest they be half."""


class WrappedCauchy(Circular):
    r"""Direction around ``mu`` with heavy tails: a Cauchy variable wound round the circle.

    .. math:: \log f(x) = \log(1 - \rho^2) - \log(1 + \rho^2 - 2\rho\cos\omega(x - \mu)) - \log P, \quad \omega = 2\pi/P

    ``rho`` is the length of the mean vector, 0 for the uniform law. Angles are radians unless the ``period`` P is
    given. Source: Mardia & Jupp (2000), Directional Statistics, ch. 3.5; Kent & Tyler (1988), Journal of Applied
    Statistics 15, 247-254: there is one maximum, unless half of the directions or more are the same. Probabilities of
    arcs are arc tangents. Perfectly balanced directions give ``rho`` = 0, where ``mu`` means nothing and is
    reported as 0.
    """

    name = "wrapped_cauchy"
    aliases = ("wrapcauchy", "circular_cauchy")
    support = REAL
    parameters = (
        Parameter("mu", REAL, typical=(-3.0, 3.0)),
        Parameter("rho", Interval(0.0, 1.0, closed="lower"), typical=(0.1, 0.9)),
    )

    def logpdf(self, x: Array, mu: Array, rho: Array) -> Array:
        """Log-density at x."""
        away, rho = self.angle(x, mu), np.asarray(rho, dtype=float)
        return np.log1p(-np.square(rho)) - np.log(_squared_distance(away, rho)) - math.log(self.period)

    def score(self, x: Array, mu: Array, rho: Array) -> tuple[Array, ...]:
        """Derivatives by mu and rho."""
        away, rho = self.angle(x, mu), np.asarray(rho, dtype=float)
        distance = _squared_distance(away, rho)
        gap = 2 * np.square(np.sin(0.5 * away))  # 1 - cos
        by_mu = self.rate * 2 * rho * np.sin(away) / distance
        return by_mu, 2 * (1 - rho - gap) / distance - 2 * rho / (1 - np.square(rho))

    def hessian(self, x: Array, mu: Array, rho: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        away, rho = self.angle(x, mu), np.asarray(rho, dtype=float)
        distance = _squared_distance(away, rho)
        sine, cosine = np.sin(away) / distance, np.cos(away) / distance
        by_rho = 2 * rho / distance - 2 * cosine
        across = 2 * rho * sine
        return (
            self.rate**2 * (np.square(across) - 2 * rho * cosine),
            self.rate * (2 * sine - across * by_rho),
            np.square(by_rho) - 2 / distance - 2 * (1 + np.square(rho)) / np.square(1 - np.square(rho)),
        )

    def check(self, sample: Sample) -> None:
        """Raise if half of the directions or more are the same, where the likelihood has no bound."""
        if not sample.is_plain:
            return
        few = sample.sketch()
        places, which = np.unique(self._place(few.x), return_inverse=True)
        share = np.bincount(which.reshape(-1), weights=few.weight) / few.nobs
        suspects = places[share >= (0.5 if few is sample else _SUSPECT)]
        most = sample.nobs * max((self._share(sample, at) for at in suspects.tolist()), default=0.0)
        if most >= 0.5 * sample.nobs:
            raise DegenerateDataError(
                f"wrapped_cauchy: {most:g} of {sample.nobs:g} directions are the same, half of them or more, so that "
                f"the likelihood is unbounded as rho goes to 1."
            )

    def _place(self, x: Array) -> Array:
        """Share of a turn at which directions are; the same for those that rounding alone makes differ."""
        return np.asarray(np.round(np.mod(x / self.period, 1.0), 12) % 1.0)

    def _share(self, sample: Sample, place: float) -> float:
        """Share of the directions that are at a place."""
        return sample.mean(lambda x: (self._place(x) == place).astype(float))

    def start(self, sample: Sample) -> tuple[float, float]:
        """Kent and Tyler's fixed point, from the mean vector."""
        mean = np.zeros(2)
        for _ in range(_STEPS):
            mean = self._nearer(sample, mean)
        return self._of_mean(mean)

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Newton's method, and a step of Kent and Tyler's fixed point where that does not climb."""
        if mean_direction(self, sample)[1] == 0:
            return 0.0, 0.0
        mu, rho = self.start(sample.sketch())

        def sums(mu: float, rho: float) -> Array:
            """Means of the log-density and its derivatives."""

            def part(block: Block) -> Array:
                m, r = np.asarray(mu), np.asarray(rho)
                rows = (self.logpdf(block.x, m, r), *self.score(block.x, m, r), *self.hessian(block.x, m, r))
                return np.array([np.sum(row if block.weight is None else block.weight * row) for row in rows])

            return sample.fold(part) / sample.nobs

        here = sums(mu, rho)
        for _ in range(_NEWTON_STEPS):
            slope, bend = here[1:3], -here[[[3, 4], [4, 5]]]
            climbs = bend[0, 0] > 0 and np.linalg.det(bend) > 0
            step = np.linalg.solve(bend, slope) if climbs else np.zeros(2)
            decrement = float(slope @ step)
            if climbs and decrement < _SETTLED:
                break
            tried = (mu + float(step[0]), rho + float(step[1]))
            if climbs and 0 <= tried[1] < 1 and (new := sums(*tried))[0] >= here[0]:
                (mu, rho), here = tried, new
                continue
            angle = self.rate * mu
            mean = 2 * rho / (1 + rho**2) * np.array([math.cos(angle), math.sin(angle)])
            tried = self._of_mean(self._nearer(sample, mean))
            new = sums(*tried)
            if new[0] <= here[0]:
                break
            (mu, rho), here = tried, new
        return on_turn(mu, self.period), rho

    def _nearer(self, sample: Sample, mean: Array) -> Array:
        """One step of the fixed point: the mean of unit vectors, those near ``mean`` weighted more."""

        def part(of: Any) -> float:
            def at(x: Array) -> Array:
                cosine, sine = np.cos(self.rate * x), np.sin(self.rate * x)
                return np.asarray(of(cosine, sine) / (1 - mean[0] * cosine - mean[1] * sine))

            return sample.mean(at)

        total = part(lambda c, s: np.ones_like(c))
        return np.array([part(lambda c, s: c), part(lambda c, s: s)]) / total

    def _of_mean(self, mean: Array) -> tuple[float, float]:
        """The law whose fixed point this vector, of length 2 rho / (1 + rho²), is."""
        length = min(float(np.hypot(*mean)), 1 - 1e-12)
        rho = length / (1 + math.sqrt((1 - length) * (1 + length)))
        return on_turn(math.atan2(mean[1], mean[0]) / self.rate, self.period), max(rho, 1e-9)

    def arranged(self, mu: float, rho: float) -> tuple[float, float]:
        """``mu`` on the turn about 0: above -P/2, at most P/2."""
        return on_turn(mu, self.period), rho

    def entropy(self, mu: Array, rho: Array) -> Array:
        """Entropy on the circle, nats."""
        return np.asarray(math.log(self.period) + np.log1p(-np.square(rho)) + 0.0 * np.asarray(mu))

    # --- probabilities of arcs ----------------------------------------------------------------------------------------

    def middle(self, mu: Array, rho: Array) -> Array:
        """The mode, ``mu``."""
        return np.asarray(mu)

    def _arcs(self, lower: Array, upper: Array, mu: Array, rho: Array) -> tuple[Array, Array, Array]:
        """Probability of each arc, and the angles of its ends from the mode."""
        length = self.rate * (np.asarray(upper) - lower)
        begin = self.rate * (about(lower, mu, self.period) - mu)
        end = begin + length
        across = (1 - np.square(rho)) * np.sin(0.5 * np.minimum(length, 2 * math.pi))
        along = np.square(1 - rho) * np.cos(0.5 * begin) * np.cos(0.5 * end) + np.square(1 + np.asarray(rho)) * (
            np.sin(0.5 * begin) * np.sin(0.5 * end)
        )
        whole = length >= 2 * math.pi
        return np.where(whole, 1.0, np.arctan2(np.maximum(across, 0.0), along) / math.pi), begin, end

    def log_mass(self, lower: Array, upper: Array, mu: Array, rho: Array) -> Array:
        """Log-probability of each arc from ``lower`` to ``upper``; 0 for a whole turn or more."""
        lower, upper = np.where(np.isfinite(lower), lower, mu), np.where(np.isfinite(lower), upper, mu + self.period)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self._arcs(lower, upper, mu, rho)[0]))

    def log_mass_scores(self, lower: Array, upper: Array, mu: Array, rho: Array) -> tuple[Array, ...]:
        """Derivatives of `log_mass` by mu and rho."""
        p, begin, end = self._arcs(lower, upper, mu, rho)
        part = np.asarray(upper) - lower < self.period  # of a whole turn nothing changes
        rho = np.asarray(rho, dtype=float)
        turn = (np.sin(end) / _squared_distance(end, rho) - np.sin(begin) / _squared_distance(begin, rho)) / math.pi
        rise = np.exp(self.logpdf(lower, mu, rho)) - np.exp(self.logpdf(upper, mu, rho))
        return np.where(part, rise / p, 0.0), np.where(part, turn / p, 0.0)

    def ppf(self, p: Array, mu: Array, rho: Array) -> Array:
        """Quantile on the turn centred at mu."""
        return np.asarray(mu - self._upper_angle(p, rho) / self.rate)

    def isf(self, p: Array, mu: Array, rho: Array) -> Array:
        """Upper quantile on the turn centred at mu."""
        return np.asarray(mu + self._upper_angle(p, rho) / self.rate)

    def _upper_angle(self, p: Array, rho: Array) -> Array:
        """Angle from mu, in radians, that is exceeded on the turn with probability p."""
        p, rho = np.asarray(p, dtype=float), np.asarray(rho, dtype=float)
        angle = 2 * np.arctan2((1 - rho) * np.cos(math.pi * p), (1 + rho) * np.sin(math.pi * p))
        return np.where((p >= 0) & (p <= 1), np.where(p == 1, -math.pi, angle), np.nan)

    def rvs(self, mu: Any, rho: Any, *, size: Any, rng: Any) -> Array:
        """Random directions, on the turn about 0."""
        return onto_turn(self.isf(rng.uniform(size=size), mu, rho), self.period)


def _squared_distance(angle: Array, rho: Array) -> Array:
    """1 + rho² - 2 rho cos(angle), of the point at rho from one on the circle."""
    return np.square(1 - rho) + 4 * rho * np.square(np.sin(0.5 * angle))
