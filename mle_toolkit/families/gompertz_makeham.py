"""The Gompertz-Makeham law."""

from __future__ import annotations

import contextlib
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.domain import NON_NEGATIVE, POSITIVE
from mle_toolkit.families.gompertz import Gompertz
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log_or_minus_inf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.base import Family

_STEPS = 100
_WALLS = 64
"""Walls of which the laws are kept."""

_SHARES = (0.05, 0.5)
"""Of deaths that accidents cause, in starts."""

_STEEP = (0.3, 0.05)
"""Scales of starts with a wall of hazard in the last interval, relative to its length."""

_JUMPS = (0.1, 1.0)
"""Of the cumulative hazard at a wall, in starts."""

_LARGEST_AGE = 600.0
"""Largest x/scale of a start: beyond it the shape, about exp(-x/scale), leaves double precision."""


class GompertzMakeham(HazardFamily):
    r"""Human lifetime: accidents at a constant rate ``makeham``, and ageing as in Gompertz' law.

    .. math:: \log f(x) = \log\bigl(\lambda + \tfrac{c}{s} e^z\bigr) - \lambda x - c(e^z - 1), \quad z = x/s

    with c = ``shape``, s = ``scale`` and λ = ``makeham``. Source: Makeham (1860), Journal of the Institute of Actuaries
    8, 301-310. For λ = 0 it is Gompertz' law, which is the maximum where the hazard of the young is no higher; as shape
    and scale grow together the exponential. Of exact data the likelihood has no bound, with a wall of hazard at the
    largest observation; the maximum reported is a local one. In intervals the hazard may rise to a wall within the last
    one, or where it begins: shape and scale then go to 0, and before the wall the law is exponential. In actuarial
    letters A = λ, B = c/s, log of the little c = 1/s.
    """

    name = "gompertz_makeham"
    aliases = ("makeham", "gompertzmakeham")
    support = NON_NEGATIVE
    without_spikes = "Fix scale, or makeham at 0, as gompertz has it."
    parameters = (
        Parameter("shape", POSITIVE, typical=(0.02, 0.3)),
        SCALE,
        Parameter("makeham", NON_NEGATIVE, typical=(0.01, 0.2), role="rate"),
    )

    def logpdf(self, x: Array, shape: Array, scale: Array, makeham: Array) -> Array:
        """Log-density at x."""
        z = x / scale
        log_hazard = np.logaddexp(np.log(shape) - np.log(scale) + z, log_or_minus_inf(makeham))
        return np.asarray(log_hazard - makeham * x - shape * np.expm1(z))

    def score(self, x: Array, shape: Array, scale: Array, makeham: Array) -> tuple[Array, ...]:
        """Derivatives by shape, scale and makeham."""
        z = x / scale
        growth = np.expm1(z)
        share, rest = _share(z, shape, scale, makeham)
        return (
            share / shape - growth,
            (shape * z * (growth + 1) - share * (1 + z)) / scale,
            rest - x,
        )

    def hessian(self, x: Array, shape: Array, scale: Array, makeham: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        z = x / scale
        pull = z * np.exp(z)
        share, rest = _share(z, shape, scale, makeham)
        return (
            -np.square(share / shape),
            (pull - share * (1 - share) * (1 + z) / shape) / scale,
            -share / shape * rest,
            (share * ((1 - share) * np.square(1 + z) + 1 + 2 * z) - shape * pull * (2 + z)) / np.square(scale),
            share * rest * (1 + z) / scale,
            -np.square(rest),
        )

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """Gompertz' law with a small, and a large, part of the hazard constant."""
        shape, scale = Gompertz().from_sample(sample)
        return [(shape * (1 - share), scale, share / sample.mean()) for share in _SHARES]

    def candidates(self, sample: Sample) -> list[tuple[float, float, float]]:
        """For intervals also laws with a wall of hazard in the last of them."""
        wall = _wall(sample)
        if wall is None:
            return []
        points = sample.as_points()
        starts = []
        with contextlib.suppress(NoMaximumError):
            starts = self.start(points)
        beyond = sample.upper[sample.upper > wall].min()
        length = min(float(beyond), 2 * wall) - wall
        place, rate = wall + 0.5 * length, 1 / points.mean()
        scales = [max(share * length, place / _LARGEST_AGE) for share in _STEEP]
        return starts + [(math.exp(-place / scale), scale, rate) for scale in scales]

    def limits_near(self, sample: Sample, *params: Any) -> tuple[Limit, ...]:
        """Of intervals also the law with a wall, as shape and scale go to 0."""
        wall = _wall(sample)
        if wall is None:
            return self.limits
        return *self.limits, Limit(_at_wall(JumpAtWall, wall), lambda makeham, jump: (0.0, 0.0, makeham))

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Where the largest observation is exact, and a wall of hazard may stand at it."""
        if {"shape", "scale"} & set(fixed) or fixed.get("makeham") == 0 or not sample.in_memory:
            return None
        largest = sample.lower == np.max(sample.lower)
        if not np.any(sample.upper[largest] == sample.lower[largest]) or np.any(sample.upper[largest] == np.inf):
            return None
        return (
            "as shape and scale fall to 0 it rises without bound, by the log of 1/scale, with a wall of hazard at the "
            "largest observation"
        )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Gompertz' law at makeham = 0, the exponential law as shape and scale grow together."""
        return (
            Limit(get_family("gompertz"), lambda shape, scale: (shape, scale, 0.0)),
            Limit(get_family("exponential"), lambda scale: (np.inf, np.inf, 0.0)),
        )

    def cumulative_hazard(self, x: Array, shape: Array, scale: Array, makeham: Array) -> Array:
        """Makeham x + shape (exp(x/scale) - 1)."""
        x = np.maximum(x, 0.0)
        with np.errstate(over="ignore"):  # an infinite hazard is right there
            return np.asarray(makeham * x + shape * np.expm1(x / scale))

    def tail_scores(
        self, x: Array, shape: Array, scale: Array, makeham: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        z = x / scale
        with np.errstate(over="ignore"):
            return self.tail_scores_of(
                self.cumulative_hazard(x, shape, scale, makeham), (np.expm1(z), -shape * z * np.exp(z) / scale, x)
            )

    def at_hazard(self, hazard: Array, shape: Array, scale: Array, makeham: Array) -> Array:
        """Find x from its cumulative hazard, by Newton's method from above: the hazard grows with x."""
        hazard = np.asarray(hazard, dtype=float)
        with np.errstate(all="ignore"):
            by_age = scale * np.log1p(hazard / shape)
            by_accident = np.where(np.asarray(makeham) > 0, hazard / makeham, np.inf)
            x = np.minimum(by_age, by_accident)
            for _ in range(_STEPS):
                z = x / scale
                step = (makeham * x + shape * np.expm1(z) - hazard) / (makeham + shape / scale * np.exp(z))
                step = np.where(np.isfinite(step), step, 0.0)
                x = x - step
                if np.all(np.abs(step) <= 1e-15 * np.abs(x)):
                    break
        return np.asarray(x)


class ExponentialToWall(HazardFamily):
    r"""A constant hazard up to a wall, at the lower side of which is all that is left.

    .. math:: H(x) = \lambda x \text{ for } x \le w, \quad H(x) = \infty \text{ beyond}

    Parameters
    ----------
    wall : float
        Its place w, in the unit of the data.
    """

    support = NON_NEGATIVE
    parameters: tuple[Parameter, ...] = (Parameter("makeham", POSITIVE, typical=(0.01, 0.2), role="rate"),)

    def __init__(self, wall: float) -> None:
        super().__init__()
        self.wall = wall
        self.name = f"exponential up to a wall at {wall:g}"

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the wall moves too."""
        return type(self)((self.wall - centre) / scale)

    def logpdf(self, x: Array, makeham: Array, *jump: Array) -> Array:
        """Log-density at x, below the wall."""
        return np.where(x < self.wall, np.log(makeham) - makeham * x, -np.inf)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The exponential law."""
        return [(1 / sample.mean(),)]

    def cumulative_hazard(self, x: Array, makeham: Array, *jump: Array) -> Array:
        """Makeham x, and the jump at the wall; infinite beyond."""
        x = np.maximum(x, 0.0)
        at_wall = makeham * self.wall + (jump[0] if jump else 0.0)
        return np.where(x < self.wall, makeham * x, np.where(x == self.wall, at_wall, np.inf))

    def at_hazard(self, hazard: Array, makeham: Array, *jump: Array) -> Array:
        """Find x from its cumulative hazard."""
        return np.minimum(np.asarray(hazard) / makeham, self.wall)


class JumpAtWall(ExponentialToWall):
    """The same where the hazard has a jump at the wall, which some that come to it pass: these are just beyond it."""

    parameters = (*ExponentialToWall.parameters, Parameter("jump", POSITIVE))

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The exponential law, with a small jump and a large one."""
        return [(1 / sample.mean(), jump) for jump in _JUMPS]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """No jump."""
        return (Limit(_at_wall(ExponentialToWall, self.wall), lambda makeham: (makeham, 0.0)),)


@lru_cache(maxsize=_WALLS)
def _at_wall(law: type[ExponentialToWall], wall: float) -> ExponentialToWall:
    """The law with that wall: one for all climbs on the way to it, so that its maximum is looked for once."""
    return law(wall)


def _wall(sample: Sample) -> float | None:
    """Where nothing needs to be beyond: the largest lower end of intervals; None where that is an exact observation.

    Before it there must be one that ends, or a constant hazard and a jump are not told apart.
    """
    wall = float(sample.lower.max())
    at_wall = sample.lower == wall
    if wall <= 0 or np.any(sample.upper[at_wall] == wall) or not np.any(sample.upper < wall):
        return None
    return wall


def _share(z: Array, shape: Array, scale: Array, makeham: Array) -> tuple[Array, Array]:
    """Share of ageing in the hazard, and one over the hazard."""
    inverse = scale / np.asarray(shape) * np.exp(-z)  # of the hazard of ageing
    share = 1 / (1 + makeham * inverse)
    return share, share * inverse
