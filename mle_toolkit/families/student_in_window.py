"""The law to which Student's tends in a window as df → 0, and others that are known there but for their integral."""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.johnson_window import OUTSIDE, is_alone
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.pole_in_window import best_together, poles_of
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import legendre
from mle_toolkit.families.standardised import second_of_location_scale, slopes_of_location_scale
from mle_toolkit.families.tilted import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mle_toolkit.data.sample import Sample

_NODES = 16
"""Of Gauss and Legendre's rule in each panel; each is four times as long as the next one towards the location, so that
singularities above and below the location are far enough away for 1e-15."""

_PLACES, _SCALES = (0.0, 0.25, 0.5, 0.75, 1.0), (0.1, 0.4, 1.5)
"""Quantiles of the data, and shares of their spread, from which the likelihood is climbed, the best few of them."""

_HALVINGS = 60
"""Of the window, until a quantile is found to the last digit."""


class SeenInWindow(Family):
    """A law on a window whose density is there proportional to a function of z = (x - loc)/scale and of shapes.

    A subclass gives ``shape``, the log of that function, and ``shape_derivatives``; the integral is by quadrature,
    with panels that become shorter towards the location, or towards the end of the window that is next to it.

    Parameters
    ----------
    lower, upper : float
        Ends of the window, both finite.
    kind : str
        What it is, for the name.
    shapes : tuple of Parameter
        Its shapes.
    """

    panels: ClassVar[int]
    """Number of panels on each side: the shortest is a share of 4^(1 - panels) of all."""

    def __init__(self, lower: float, upper: float, kind: str, shapes: tuple[Parameter, ...]) -> None:
        super().__init__()
        self.lower, self.upper = lower, upper
        self.support = Interval(lower, upper, closed="upper")  # windows hold their upper ends
        self.name = f"{kind} on ({lower:g}, {upper:g})"
        self.parameters = (Parameter("loc", REAL, role="location"), Parameter("scale", POSITIVE, role="scale"), *shapes)

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the window moves too."""
        return self.on((self.lower - centre) / scale, (self.upper - centre) / scale)

    @abstractmethod
    def on(self, lower: float, upper: float) -> Family:
        """The law of another window."""

    @abstractmethod
    def shape(self, z: Array, *shapes: Any) -> Array:
        """Log of a function to which the density is proportional."""

    @abstractmethod
    def shape_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Its derivatives by z and the shapes, and the second ones, upper triangle row by row."""

    def _log_integral(self, low: Any, high: Any, params: tuple[Any, ...]) -> tuple[Array, Array, Array]:
        """Log of the integral of the function over z between two x; nodes there, and the share of the law of each."""
        loc, scale, *shapes = (np.asarray(p, dtype=float) for p in params)
        first, last = (np.asarray((end - loc) / scale, dtype=float)[..., None] for end in (low, high))
        middle = np.clip(0.0, first, last)
        nodes, weights = _graded(self.panels)
        before, beyond = middle - first, last - middle
        z = np.concatenate([middle - before * nodes, middle + beyond * nodes], axis=-1)
        with np.errstate(divide="ignore"):
            logs = self.shape(z, *(s[..., None] for s in shapes)) + np.log(
                np.concatenate([before * weights, beyond * weights], axis=-1)
            )
        top = logs.max(axis=-1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):  # of no length
            share = np.exp(logs - np.where(top > -np.inf, top, 0.0))
            total = share.sum(axis=-1, keepdims=True)
            return np.asarray(top + np.log(total))[..., 0], z, np.asarray(share / total)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        loc, scale, *shapes = params
        whole = self._log_integral(self.lower, self.upper, params)[0]
        return np.asarray(self.shape((x - loc) / scale, *shapes) - whole - np.log(scale))

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives: those of the function at x, less their expected value."""
        loc, scale, *shapes = params
        _, z, share = self._log_integral(self.lower, self.upper, params)
        here, there = (
            slopes_of_location_scale(at, s, self.shape_derivatives(at, *own)[0])
            for at, s, own in (
                ((x - loc) / scale, scale, shapes),
                (z, np.asarray(scale)[..., None], [np.asarray(v)[..., None] for v in shapes]),
            )
        )
        return tuple(a - np.sum(share * b, axis=-1) for a, b in zip(here, there, strict=True))

    def hessian(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives: those of the function, less their expected value and the covariance of the first ones."""
        loc, scale, *shapes = params
        _, z, share = self._log_integral(self.lower, self.upper, params)
        wide = np.asarray(scale)[..., None]
        first, second = self.shape_derivatives(z, *(np.asarray(v)[..., None] for v in shapes))
        slopes, bends = slopes_of_location_scale(z, wide, first), second_of_location_scale(z, wide, first[0], second)
        at = (x - loc) / scale
        own_first, own_second = self.shape_derivatives(at, *shapes)
        own = second_of_location_scale(at, scale, own_first[0], own_second)
        means = [np.sum(share * s, axis=-1) for s in slopes]
        rows, columns = np.triu_indices(len(params))
        spread = [
            np.sum(share * (slopes[i] * slopes[j] + bend), axis=-1) - means[i] * means[j]
            for i, j, bend in zip(rows.tolist(), columns.tolist(), bends, strict=True)
        ]
        return tuple(a - b for a, b in zip(own, spread, strict=True))

    def _log_share(self, low: Any, high: Any, params: tuple[Any, ...]) -> Array:
        part = self._log_integral(low, high, params)[0] - self._log_integral(self.lower, self.upper, params)[0]
        return np.minimum(part, 0.0)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._log_share(self.lower, np.clip(x, self.lower, self.upper), params)

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._log_share(np.clip(x, self.lower, self.upper), self.upper, params)

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return np.exp(self.logcdf(x, *params))

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return np.exp(self.logsf(x, *params))

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        return self._at(p, params, self.cdf, 1.0)

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        return self._at(p, params, self.sf, -1.0)

    def _at(self, p: Array, params: tuple[Any, ...], share: Callable[..., Array], sign: float) -> Array:
        """Where a share of the law is on one side: by halving the window."""
        p = np.asarray(p, dtype=float)
        low, high = np.full(p.shape, self.lower), np.full(p.shape, self.upper)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            below = sign * (share(middle, *params) - p) < 0
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where((p >= 0) & (p <= 1), 0.5 * (low + high), np.nan)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Several places and scales, and shapes: the best three."""
        spread = math.sqrt(sample.var())
        starts: list[tuple[float, ...]] = [
            (sample.quantile(p), spread * share, *shapes)
            for p in _PLACES
            for share in _SCALES
            for shapes in self.start_shapes()
        ]
        return best_together(self, sample, starts, 3)

    def start_shapes(self) -> tuple[tuple[float, ...], ...]:
        """Shapes from which the likelihood is climbed."""
        return ((),)


class HeaviestInWindow(SeenInWindow):
    r"""A law on a window whose density is there 1/sqrt(1 + z²): Student's, as df → 0 and scale √df stays."""

    panels = 15

    def __init__(self, lower: float, upper: float) -> None:
        super().__init__(lower, upper, "df = 0 of Student's law", ())

    def on(self, lower: float, upper: float) -> Family:
        """The law of another window."""
        return HeaviestInWindow(lower, upper)

    def shape(self, z: Array, *shapes: Any) -> Array:
        """Log of a function to which the density is proportional."""
        return -np.log(np.hypot(1.0, z))

    def shape_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Its derivative by z, and the second one."""
        r = 1 / np.hypot(1.0, z)
        sine = z * r
        return (-sine * r,), ((sine * sine - r * r) * r * r,)

    def spurious(self, sample: Sample, loc: float, scale: float) -> bool:
        """Whether the law has a spike on one observation: its likelihood grows without bound as that narrows."""
        return is_alone(sample, loc, scale, outside=OUTSIDE)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """One over the distance from a pole beyond the window, as scale → 0."""
        return poles_of(self, ())


@cache
def _graded(panels: int) -> tuple[Array, Array]:
    """Nodes and weights between 0 and 1 of panels, each four times as long as all that are nearer to 0."""
    nodes, weights = legendre(_NODES)
    ends = np.concatenate([[0.0], 4.0 ** np.arange(1 - panels, 1)])
    middle, half = 0.5 * (ends[1:] + ends[:-1])[:, None], 0.5 * np.diff(ends)[:, None]
    return (middle + half * nodes).ravel(), (half * weights).ravel()


@lru_cache(maxsize=WINDOWS)
def heaviest_on(lower: float, upper: float) -> HeaviestInWindow:
    """The law of a window, one for all that have it as a limit there, so that its maximum is kept for all of them."""
    return HeaviestInWindow(lower, upper)
