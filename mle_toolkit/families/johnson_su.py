"""Johnson's unbounded law."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.errors import NoMaximumError, UnboundedLikelihoodError
from mle_toolkit.families.base import Family
from mle_toolkit.families.climbing import climb, is_maximum
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.johnson_median import (
    FEWEST,
    LEANS_OF_GROUPS,
    JohnsonByMedian,
    lognormal_of_groups,
    tail_scores_of,
)
from mle_toolkit.families.johnson_window import INSIDE, OUTSIDE, is_alone, johnson_on
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Chart, Limit

if TYPE_CHECKING:
    from mle_toolkit.data.groups import Groups
    from mle_toolkit.data.sample import Sample

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)

_RUN_OFF = 25.0
"""Size of gamma/delta at which the law is lognormal: to exp(-50)."""

_LAST_LEAN = 300.0
"""Size of gamma/delta from which squares of the scale underflow."""

_DISTANCES = (0.1, 1.0, 10.0)
"""Of thresholds from the data, in their spread, from which a lognormal law is climbed where data are coarse."""

_STRAIGHT, _BENT = 1e-6, 1e-3
"""Sizes of w below which the lognormal deviate, and its slope by sigma, are summed as series."""

_NEARLY, _LEANS = 3.0, 0.85
"""Size of gamma/delta from which a search may be on its way there; and from which the limit may be higher."""

_DELTAS, _UPRIGHT = (0.7, 1.2, 2.5, 6.0), 1.2
"""Those of laws that are tried as starts, and of one that does not lean."""

_FEW, _LIGHT = 100, 2.0
"""Rows up to which a start with light tails, of a delta above the second, is climbed too: others may lead to spikes."""

_ALONE = 20.0
"""How much nearer to a threshold one observation is than the next, at the least, on the way to a spike."""

_NEAREST, _PEAKED = 3, 0.35
"""How many pairs of neighbours a law of few rows is tried on, and the delta of such a law."""


class JohnsonSU(Family):
    r"""A normal variable after a hyperbolic sine: any skewness, with tails heavier than normal.

    .. math:: \log f(x) = \log\delta - \log\lambda - \tfrac12\log 2\pi - \tfrac12\log(1 + z^2) - \tfrac12 y^2,
              \quad y = \gamma + \delta\,\mathrm{arsinh}\,z, \quad z = (x - \xi)/\lambda

    Source: Johnson (1949), Biometrika 36, 149-176; Johnson, Kotz & Balakrishnan (1994), Continuous Univariate
    Distributions 1, ch. 12. Here ``loc`` is ξ and ``scale`` λ. As ``delta`` grows the law tends to the normal; as
    ``gamma`` runs off and ``scale`` shrinks, to a shifted lognormal.
    """

    name = "johnson_su"
    aliases = ("johnsonsu",)
    support = REAL
    without_spikes = "Use a law with fewer parameters, as student_t or normal, or get more data."
    parameters = (
        Parameter("gamma", REAL, typical=(-1.5, 1.5)),
        Parameter("delta", POSITIVE, typical=(0.8, 3.0)),
        LOC,
        SCALE,
    )
    in_scipy = InScipy("johnsonsu", "gamma", "delta", loc="loc", scale="scale")

    def logpdf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        z = (x - loc) / scale
        y = gamma + delta * np.arcsinh(z)
        log_norm = np.log(delta) - np.log(scale) - _HALF_LOG_TWO_PI
        return np.asarray(log_norm - 0.5 * np.log1p(z * z) - 0.5 * y * y)

    def score(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by gamma, delta, loc and scale."""
        z = (x - loc) / scale
        r = np.arcsinh(z)
        y = gamma + delta * r
        square = 1 / (1 + z * z)
        by_z = -(z * square + delta * y * np.sqrt(square))
        return -y, 1 / delta - y * r, -by_z / scale, -(1 + z * by_z) / scale

    def hessian(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = (x - loc) / scale
        r = np.arcsinh(z)
        y = gamma + delta * r
        square = 1 / (1 + z * z)
        root = np.sqrt(square)
        by_z = -(z * square + delta * y * root)
        by_zz = square * (1 - 2 * square - np.square(delta) + delta * y * z * root)
        gamma_z = -delta * root
        delta_z = -(y + delta * r) * root
        both = by_z + z * by_zz
        area = np.square(scale)
        return (
            np.full_like(z, -1.0),
            -r,
            -gamma_z / scale,
            -z * gamma_z / scale,
            -1 / np.square(delta) - r * r,
            -delta_z / scale,
            -z * delta_z / scale,
            by_zz / area,
            both / area,
            (1 + z * (by_z + both)) / area,
        )

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """For several deltas and gammas, the law of the same quartiles; the best two by likelihood."""
        scored, quartiles = [], _quartiles(sample)
        for delta in _DELTAS:
            for lean in (-2.0, -0.7, 0.0, 0.7, 2.0):
                params = _through(quartiles, lean, delta)
                scored.append((sample.mean(lambda x: self.logpdf(x, *params)), params))  # noqa: B023
        scored.sort(reverse=True)
        steep = next(params for _, params in scored if params[1] > _LIGHT)
        best = [scored[0][1], scored[1][1]]
        return best if steep in best or sample.n_rows > _FEW else [*best, steep]

    def spurious(self, sample: Sample, gamma: float, delta: float, loc: float, scale: float) -> bool:
        """Whether the law has a spike on one observation: its likelihood grows without bound as that narrows."""
        return is_alone(sample, loc, scale, outside=OUTSIDE)

    def spurious_of_groups(self, groups: Groups, gamma: Array, delta: Array, loc: Array, scale: Array) -> Mask:
        """The same of each group."""
        away = np.abs(groups.x - loc[groups.ids])
        nearest = np.minimum.reduceat(away, groups.offsets[:-1])
        others = np.minimum.reduceat(np.where(away > nearest[groups.ids], away, np.inf), groups.offsets[:-1])
        return np.asarray((nearest < INSIDE * scale) & (others > OUTSIDE * scale) & (others < np.inf))

    def spikes(self, _: Sample) -> str:
        """Any exact observation."""
        return "as delta and scale → 0 it rises without bound with loc at any exact observation"

    def from_sample(self, sample: Sample) -> tuple[float, ...]:
        """Newton's method in the median, the spread there, log delta and gamma/delta; on a few rows first."""
        few = sample.sketch()
        v = self._search(few)
        if few is not sample:
            _, v = _climb(sample, v)
        return _to_params(v)

    def _search(self, sample: Sample) -> Array:
        """Coordinates of the best maximum from several starts, which the limits of the law need too."""

        def best() -> Array:
            ends = [_climb(sample, _to_coordinates(*start)) for start in self.start(sample)]
            lean = max(ends, key=lambda end: end[0])[1][3]
            if abs(lean) > _NEARLY:  # from a law that leans it may miss a maximum
                ends.append(_climb(sample, _to_coordinates(*_through(_quartiles(sample), 0.0, _UPRIGHT))))
            elif abs(lean) > _LEANS:  # and from one that does not, the limit
                leaning = [_through(_quartiles(sample), math.copysign(_NEARLY, lean), delta) for delta in _DELTAS]
                first = max(leaning, key=lambda params: sample.mean(lambda x: self.logpdf(x, *params)))
                off = math.copysign(_RUN_OFF, lean)
                height, v = _climb(sample, _to_coordinates(*first)[:3], off)
                ends.append((height, np.append(v, off)))
            peaks = [_climb(sample, _to_coordinates(*peak)) for peak in _peaks(sample)]
            ends += [end for end in peaks if _is_maximum(sample, end[1])]  # others lead to spikes
            ends = [end for end in ends if not self.spurious(sample, *_to_params(end[1]))]
            kept = [
                end
                for end in ends
                if not is_alone(sample, *_to_params(end[1])[2:], outside=INSIDE)  # else on its way to a spike
                or _is_maximum(sample, end[1])
            ]
            if not kept:
                raise UnboundedLikelihoodError(
                    f"johnson_su: of {sample.nobs:g} observations the search found no local maximum: the likelihood is "
                    f"unbounded as scale and delta go to 0 with loc at an observation. {self.without_spikes}"
                )
            return max(kept, key=lambda end: end[0])[1]

        return sample.once("johnson_su", best)

    @property
    def chart(self) -> Chart:
        """The median, the slope there, delta and gamma/delta, which stay apart towards the limits."""
        return Chart(_law(), _declared_of_each, _by_median, _slopes, JohnsonByMedian(LEANS_OF_GROUPS))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law, as delta and scale grow together; a lognormal one with a threshold, as gamma runs off."""
        return (
            Limit(get_family("normal"), lambda mu, sigma: (0.0, np.inf, mu, np.inf)),
            Limit(
                _lognormal(1.0),
                lambda median, spread, sigma: _at_lognormal(1.0, median, spread, sigma),
                of_groups=lognormal_of_groups(1.0),
            ),
            Limit(
                _lognormal(-1.0),
                lambda median, spread, sigma: _at_lognormal(-1.0, median, spread, sigma),
                of_groups=lognormal_of_groups(-1.0),
            ),
        )

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """As delta → 0 and gamma runs off with gamma times delta a number, that of a window with two ends."""
        if math.isinf(lower) or math.isinf(upper):
            return ()
        law = johnson_on(lower, upper)
        return (Limit(law, lambda slope, loc, scale: (math.copysign(np.inf, slope), 0.0, loc, scale)),)

    def cdf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.ndtr(gamma + delta * np.arcsinh((x - loc) / scale)))

    def sf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.ndtr(-gamma - delta * np.arcsinh((x - loc) / scale)))

    def logcdf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(special.log_ndtr(gamma + delta * np.arcsinh((x - loc) / scale)))

    def logsf(self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(special.log_ndtr(-gamma - delta * np.arcsinh((x - loc) / scale)))

    def tail_scores(
        self, x: Array, gamma: Array, delta: Array, loc: Array, scale: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F), which are those of the normal deviate times inverse Mills ratios."""
        z = (x - loc) / scale
        r = np.arcsinh(z)
        y = gamma + delta * r
        by_loc = -delta / (scale * np.hypot(1.0, z))
        slopes = (np.ones_like(y), r, by_loc, z * by_loc)
        return tail_scores_of(y, slopes)

    def ppf(self, p: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Quantile."""
        return np.asarray(loc + scale * np.sinh((special.ndtri(p) - gamma) / delta))

    def isf(self, p: Array, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(loc + scale * np.sinh((-special.ndtri(p) - gamma) / delta))

    def mean(self, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Expected value."""
        half = 0.5 / np.square(delta)
        apart = np.sinh(np.asarray(gamma) / delta)
        with np.errstate(invalid="ignore"):  # nothing times infinity, which of a symmetric law is nothing
            return np.where(apart == 0, loc, loc - scale * np.exp(half) * apart)

    def var(self, gamma: Array, delta: Array, loc: Array, scale: Array) -> Array:
        """Variance."""
        inverse = 1 / np.square(delta)
        grown = np.exp(inverse) * np.cosh(2 * np.asarray(gamma) / delta) + 1
        return np.asarray(0.5 * np.square(scale) * np.expm1(inverse) * grown)


def _quartiles(sample: Sample) -> tuple[float, float]:
    """The median and the distance of the quartiles; twice the standard deviation where they are one."""
    low, median, high = (sample.quantile(p) for p in (0.25, 0.5, 0.75))
    return median, (high - low) or 2 * math.sqrt(sample.var())


def _through(quartiles: tuple[float, float], lean: float, delta: float) -> tuple[Any, ...]:
    """The law of these shapes with this median and this distance of the quartiles."""
    median, spread = quartiles
    q1, q2, q3 = np.sinh((special.ndtri(np.array([0.25, 0.5, 0.75])) - lean * delta) / delta).tolist()
    scale = spread / (q3 - q1)
    return lean * delta, delta, median - scale * q2, scale


def _peaks(sample: Sample) -> list[tuple[float, ...]]:
    """Laws with a peak on two observations that are nearest to each other; none where there are many."""
    if sample.n_rows > FEWEST:
        return []
    x = np.unique(sample.x)
    gaps = np.diff(x)
    peaks: list[tuple[float, ...]] = []
    for k in np.argsort(gaps, kind="stable")[:_NEAREST].tolist():
        gamma = float(special.ndtri((k + 1) / len(x)))
        peaks.append((gamma, _PEAKED, float(0.5 * (x[k] + x[k + 1])), float(gaps[k])))
    return peaks


def _declared(lean: float, delta: float, median: float, spread: float) -> tuple[Any, ...]:
    """The parameters as they are declared; a scale of 0 where the law cannot be told from a lognormal one."""
    if abs(lean) > _LAST_LEAN:
        return lean * delta, delta, median + math.copysign(spread * delta, lean), 0.0
    return lean * delta, delta, median + spread * delta * math.tanh(lean), spread * delta / math.cosh(lean)


def _declared_of_each(lean: Any, delta: Any, median: Any, spread: Any) -> tuple[Any, ...]:
    """The same, of one law or of many that can all be told from lognormal ones."""
    if np.ndim(lean) == 0:
        return _declared(lean, delta, median, spread)
    size = spread * delta
    return lean * delta, delta, median + size * np.tanh(lean), size / np.cosh(lean)


def _by_median(gamma: float, delta: float, loc: float, scale: float) -> tuple[float, ...]:
    """The inverse."""
    lean = gamma / delta
    return lean, delta, loc - scale * math.sinh(lean), scale * math.cosh(lean) / delta


def _slopes(lean: Any, delta: Any, median: Any, spread: Any) -> Array:
    """Derivatives of the parameters declared by those of the chart; shape (4, 4), or (4, 4, n) of n laws."""
    rise = np.tanh(lean)
    bell = 1 / np.cosh(np.clip(lean, -_LAST_LEAN, _LAST_LEAN)) * (np.abs(lean) <= _LAST_LEAN)
    size, none = spread * delta, 0.0 * rise
    return np.array(
        [
            [delta + none, lean + none, none, none],
            [none, none + 1.0, none, none],
            [size * bell * bell, spread * rise, none + 1.0, delta * rise],
            [-size * rise * bell, spread * bell, none, delta * bell],
        ]
    )


def _at_lognormal(side: float, median: float, spread: float, sigma: float) -> tuple[float, float, float, float]:
    """The parameters at a lognormal limit; where that is normal itself, those there."""
    if sigma == 0:
        return 0.0, np.inf, median, np.inf
    return -side * np.inf, 1 / sigma, median - side * spread / sigma, 0.0


def _to_params(v: Array) -> tuple[float, ...]:
    """Parameters at the coordinates: median, log of the slope dx/dy there, log delta, gamma/delta.

    The coordinates tend to finite values where the law tends to a lognormal one, and gamma/delta, which then runs off,
    does so with an effect that falls exponentially; so does log delta towards the normal law.
    """
    return _declared(float(v[3]), math.exp(v[2]), float(v[0]), math.exp(v[1]))


def _to_coordinates(gamma: float, delta: float, loc: float, scale: float) -> Array:
    """The inverse of `_to_params`."""
    lean, delta, median, spread = _by_median(gamma, delta, loc, scale)
    return np.array([median, math.log(spread), math.log(delta), lean])


@cache
def _law() -> JohnsonByMedian:
    """The law as it is climbed."""
    return JohnsonByMedian()


def _climb(sample: Sample, first: Array, lean: float | None = None) -> tuple[float, Array]:
    """Climb in the coordinates of `_to_params` from the first; in all but gamma/delta where that is known."""
    q = len(first)

    def to_median(v: Array) -> tuple[float, ...]:
        return float(v[3]) if lean is None else lean, math.exp(v[2]), float(v[0]), math.exp(v[1])

    def slopes(*params: float) -> tuple[Array, Array]:
        by, bends = _slopes_by_coordinates(*params)
        return by[:, :q], bends[:, :q, :q]

    return climb(sample, _totals, to_median, first, slopes=slopes)


def _is_maximum(sample: Sample, v: Array) -> bool:
    """Whether a climb in these coordinates ended in a maximum."""
    return is_maximum(
        sample, _totals, lambda v: (v[3], math.exp(v[2]), v[0], math.exp(v[1])), v, _slopes_by_coordinates
    )


def _totals(sample: Sample, *params: float) -> Array:
    """Log-likelihood, its first and second derivatives by gamma/delta, delta, the median and the slope dx/dy there."""
    law = _law()
    sums = sample.fold(lambda block: np.array(law.derivative_sums(block.x, block.weight, *params)))
    return np.array(law.derivatives(sample.nobs, sums.tolist(), *params))


def _slopes_by_coordinates(_: float, delta: float, __: float, spread: float) -> tuple[Array, Array]:
    """First and second derivatives of these four by the coordinates."""
    slopes, bends = np.zeros((4, 4)), np.zeros((4, 4, 4))
    slopes[0, 3] = slopes[2, 0] = 1.0
    slopes[1, 2] = bends[1, 2, 2] = delta
    slopes[3, 1] = bends[3, 1, 1] = spread
    return slopes, bends


@cache
def _lognormal(side: float) -> Family:
    r"""A lognormal law above (below, for a negative side) a threshold: what the law tends to as gamma runs off.

    .. math:: \log f(x) = -\log s - \log(1 + w) - \tfrac12\log 2\pi - \tfrac12 z^2,
              \quad z = \log(1 + w)/\sigma, \quad w = \pm\sigma (x - m)/s

    with the median m and the slope s of x by z there: the threshold is s/sigma from the median. Its likelihood is
    unbounded as the threshold nears an observation (Hill 1963); what is found is the local maximum.
    """

    def parts(x: Array, median: Array, spread: Array, sigma: Array) -> tuple[Array, Array, Array]:
        """Numbers 1 + w, w and z; z is -inf beyond the threshold, and by its series where sigma w has few digits."""
        away = side * (x - median) / spread
        w = sigma * away
        with np.errstate(divide="ignore"):
            far = np.log1p(np.maximum(w, -1.0)) / sigma
        return 1 + w, w, np.where(np.abs(w) < _STRAIGHT, away * (1 - w * (1 / 2 - w / 3)), far)

    def logpdf(x: Array, *params: Array) -> Array:
        rest, _, z = parts(x, *params)
        with np.errstate(invalid="ignore", divide="ignore"):
            log_f = -np.log(params[1]) - np.log(rest) - _HALF_LOG_TWO_PI - 0.5 * z * z
        return np.where(rest > 0, log_f, -np.inf)

    def slopes(x: Array, *params: Array) -> tuple[Array, ...]:
        """Derivatives of z."""
        rest, w, z = parts(x, *params)
        median, spread, sigma = params
        away = side * (x - median) / spread
        with np.errstate(invalid="ignore", divide="ignore"):
            by_sigma = np.where(
                np.abs(w) < _BENT,
                np.square(away) * (-1 / 2 + w * (2 / 3 - w * (3 / 4 - w * (4 / 5 - w * 5 / 6)))),
                (away / rest - z) / sigma,
            )
            return -side / (spread * rest), -away / (spread * rest), by_sigma

    def score(x: Array, *params: Array) -> tuple[Array, ...]:
        rest, w, z = parts(x, *params)
        median, spread, sigma = params
        by_median, by_spread, by_sigma = (-z * slope for slope in slopes(x, *params))
        by_median += side * sigma / (spread * rest)
        by_spread += w / (spread * rest) - 1 / spread
        return by_median, by_spread, by_sigma - side * (x - median) / (spread * rest)

    def tail_scores(x: Array, *params: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        y = deviate(x, *params)
        within = np.isfinite(y)  # beyond the threshold nothing moves a tail
        return tail_scores_of(
            np.where(within, y, 0.0), tuple(np.where(within, side * slope, 0.0) for slope in slopes(x, *params))
        )

    def deviate(x: Array, *params: Array) -> Array:
        """The normal deviate whose distribution function is that of x; rises with x on either side."""
        return np.asarray(side * parts(x, *params)[2])

    def logcdf(x: Array, *params: Array) -> Array:
        return np.asarray(special.log_ndtr(deviate(x, *params)))

    def logsf(x: Array, *params: Array) -> Array:
        return np.asarray(special.log_ndtr(-deviate(x, *params)))

    def quantile(y: Array, median: Array, spread: Array, sigma: Array) -> Array:
        """Where the normal deviate is y."""
        return np.asarray(median + side * spread * np.expm1(side * sigma * y) / sigma)

    def spurious(sample: Sample, median: float, spread: float, sigma: float) -> bool:
        """Whether the law is on its way to a spike on the observation that is nearest to its threshold.

        Where the derivative by the threshold is 0 the largest deviate is above sigma, and of the best median and sigma
        none of n is above (n - 1)/√n.
        """
        away = np.unique(side * (sample.x - median) + spread / sigma)
        alone = len(away) > 1 and 0 < away[0] * _ALONE < away[1]
        return bool(alone and sigma * math.sqrt(sample.n_rows) > sample.n_rows - 1)

    def spikes(sample: Sample) -> str | None:
        nearest = np.min(np.where(sample.lower == sample.upper, side * sample.lower, np.inf))
        known = nearest > np.min(np.maximum(side * sample.lower, side * sample.upper))
        return None if known else "it rises without bound as the threshold comes to an observation"

    def from_sample(sample: Sample) -> tuple[float, ...]:
        found = JohnsonSU()._search(sample.sketch())
        if -side * float(found[3]) < _NEARLY:
            raise NoMaximumError("johnson_su: gamma does not run off to this side, so the limit is not the maximum.")
        _, v = _climb(sample, found[:3], -side * _RUN_OFF)
        return float(v[0]), math.exp(v[1]), math.exp(-v[2])

    def start(sample: Sample) -> list[tuple[float, ...]]:
        """For thresholds at several distances from the data, the law of the same moments of the logs."""
        nearest = sample.minimum if side > 0 else sample.maximum
        spread = math.sqrt(sample.var())
        starts: list[tuple[float, ...]] = []
        for distance in _DISTANCES:
            threshold = nearest - side * distance * spread
            logs = sample.mapped(lambda x: np.log(side * (x - threshold)))  # noqa: B023
            size, sigma = math.exp(logs.mean()), math.sqrt(logs.var())
            starts.append((threshold + side * size, size * sigma, sigma))
        return starts

    return Family.from_logpdf(
        logpdf,
        (
            Parameter("median", REAL, role="location"),
            Parameter("spread", POSITIVE, role="scale"),
            Parameter("sigma", POSITIVE),
        ),
        REAL,
        name=f"lognormal {'above' if side > 0 else 'below'} a threshold",
        score=score,
        start=start,
        spurious=spurious,
        spikes=spikes,
        from_sample=from_sample,
        cdf=lambda x, *params: special.ndtr(deviate(x, *params)),
        sf=lambda x, *params: special.ndtr(-deviate(x, *params)),
        logcdf=logcdf,
        logsf=logsf,
        ppf=lambda p, *params: quantile(special.ndtri(p), *params),
        isf=lambda p, *params: quantile(-special.ndtri(p), *params),
        tail_scores=tail_scores,
    )
