"""A power law with an exponential cutoff."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.partly_known import PartlyKnown
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import legendre, log1mexp, log_or_minus_inf, softplus
from mle_toolkit.families.standardised import root_of_tails

if TYPE_CHECKING:
    from collections.abc import Callable

    from mle_toolkit.data.sample import Sample

_FOLDS = 45.0
"""Fall of the log of the density, nats, beyond which nothing is left."""

_PANELS, _NODES = 16, 16
_HALVINGS, _BISECTIONS = 60, 12
"""Doublings of a reach, and halvings of the way to where the density has fallen: its end need not be sharp."""

_STEPS = 100
_SETTLED = 1e-20
"""Newton decrement, nats an observation, after which one more step leaves only rounding."""

_ROUNDING = 1e-14
"""Share of the mean log-likelihood that rounding may hide."""

_NO_RATE = 1e-12
"""Mean over the scale from which the law is its limit."""

_ROWS = 500
"""Rows of a block of integrals, so that the nodes of all stay in cache."""

_GRID = 5_000
"""Points of the grid on which the cdf is inverted for random numbers, twice."""

_SMOOTH = 12.0
"""Rise and fall of the log of the density, nats, on a stretch that one panel of nodes integrates to the last digit."""


class PowerLawCutoff(ExponentialFamily):
    r"""Sizes from ``xmin`` on that follow a power, of exponent ``alpha``, up to about ``scale``, and then fall faster.

    .. math:: \log f(x) = -\alpha\log x - x/s - \log\bigl(s^{1-\alpha}\,\Gamma(1 - \alpha, x_{\min}/s)\bigr),
        \quad x \ge x_{\min}

    Source: Clauset, Shalizi & Newman (2009), SIAM Review 51, 661-703, table 2.1. ``xmin`` is known: 1 if not given. The
    incomplete gamma function, of any order, and its derivatives are integrals by Gauss's rule in log x; their relative
    error is below 1e-12. The log-likelihood is concave in alpha and 1/scale, so that there is one maximum. As
    scale → ∞, for alpha > 1, the law tends to Pareto's, of index alpha - 1.
    """

    name = "power_law_cutoff"
    only_if_asked = "begins at a known xmin, 1 if none is given, so only if asked for"
    aliases = ("truncated_power_law", "power_law_with_cutoff")
    one_maximum = True
    by_number = ("rvs",)
    constant_defaults = {"xmin": 1.0}  # noqa: RUF012
    parameters = (
        Parameter("alpha", REAL, typical=(0.5, 3.0)),
        Parameter("scale", POSITIVE, typical=(2.0, 50.0), role="scale"),
    )
    cdf, sf = cdf_of_log, sf_of_log
    support = POSITIVE

    xmin: float

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        if np.ndim(self.xmin) or not 0 < self.xmin < np.inf:
            raise ParameterError(f"{self.name}: xmin must be one positive number, not {self.xmin!r}.")
        self.support = Interval(float(self.xmin), np.inf, closed="lower")

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The same with xmin in the unit of the data."""
        return PowerLawCutoff(xmin=float((self.xmin - centre) / scale))

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Log x and x."""
        return np.log(x), x

    def log_density(self, T: tuple[Array, ...], alpha: Array, scale: Array) -> Array:
        """Log-density, linear in T."""
        w, level = self.xmin / np.asarray(scale), math.log(self.xmin)
        return np.asarray(-alpha * (T[0] - level) - T[1] / scale - level - _moments(alpha, w)[0])

    def score_of(self, T: tuple[Array, ...], alpha: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by alpha and scale."""
        w = self.xmin / np.asarray(scale)
        _, mean_log, mean, *_ = _moments(alpha, w)
        return mean_log - (T[0] - math.log(self.xmin)), (T[1] / self.xmin - mean) * w / scale

    def hessian_of(self, T: tuple[Array, ...], alpha: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        w = self.xmin / np.asarray(scale)
        _, _, mean, log_log, log_mean, mean_mean = _moments(alpha, w)
        slope = w / scale  # minus the derivative of w
        rest = T[1] / self.xmin - mean
        by_both = log_mean * slope
        return -log_log + 0 * rest, by_both + 0 * rest, -mean_mean * slope * slope - 2 * rest * slope / scale

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Newton's method in alpha and 1/scale."""
        alpha, rate = natural_maximum(_moments, means[0] - math.log(self.xmin), means[1] / self.xmin, 0.0)
        return alpha, self.xmin / rate

    def start(self, sample: Sample) -> tuple[float, float]:
        """That of exact data."""
        if sample.minimum == sample.maximum:
            return 0.0, sample.mean()
        return self.from_means((sample.mean(np.log), sample.mean()))

    def check(self, sample: Sample) -> None:
        """Raise where all observations are equal."""
        if sample.minimum == sample.maximum:
            raise DegenerateDataError(
                f"{self.name}: all observations are equal, so the likelihood of two parameters has no maximum."
            )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Pareto's law from xmin on, as scale → ∞."""
        return (Limit(_pareto_from(float(self.xmin)), lambda alpha: (alpha, np.inf)),)

    def log_tails(self, x: Array, alpha: Array, scale: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return _log_tails(log_or_minus_inf(x / self.xmin), alpha, self.xmin / np.asarray(scale))

    def logcdf(self, x: Array, alpha: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return _log_tails(log_or_minus_inf(x / self.xmin), alpha, self.xmin / np.asarray(scale))[0]

    def logsf(self, x: Array, alpha: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return _log_tails(log_or_minus_inf(x / self.xmin), alpha, self.xmin / np.asarray(scale))[1]

    def tail_scores(self, x: Array, alpha: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F): means on either side of x less those of the law.

        These are the share of the other side times the distance between the means of both, which cancels nowhere.
        """
        y, alpha, scale = np.broadcast_arrays(
            log_or_minus_inf(x / self.xmin), np.asarray(alpha, dtype=float), np.asarray(scale, dtype=float)
        )
        w = self.xmin / scale
        inside = (y > 0) & (y < np.inf)
        (low, low_log, low_mean), (high, high_log, high_mean) = _sides(np.where(inside, y, 1.0), alpha, w)
        slopes = low_log - high_log, (high_mean - low_mean) * w / scale
        sides = [(-special.expit(high - low), slopes), (special.expit(low - high), slopes)]
        return tuple(tuple(np.where(inside, share * s, 0.0) for s in both) for share, both in sides)  # type: ignore[return-value]

    def ppf(self, p: Array, alpha: Array, scale: Array) -> Array:
        """Quantile."""
        return self._quantile(p, alpha, scale, above=False)

    def isf(self, p: Array, alpha: Array, scale: Array) -> Array:
        """Upper quantile."""
        return self._quantile(p, alpha, scale, above=True)

    def _quantile(self, p: Array, alpha: Array, scale: Array, *, above: bool) -> Array:
        """A root in the log of log(x / xmin)."""
        p, alpha, scale = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (p, alpha, scale)))
        w = self.xmin / scale
        inside = (p > 0) & (p < 1)
        some = np.where(inside, p, 0.5)
        logs = np.log(some), np.log1p(-some)
        norm = _moments(alpha, w)[0]
        with np.errstate(all="ignore"):
            z = root_of_tails(
                lambda z: _log_tails(np.exp(z), alpha, w),
                lambda z: z + (1 - alpha) * np.exp(z) - w * np.exp(np.exp(z)) - norm,
                *(logs[::-1] if above else logs),
            )
            x = self.xmin * np.exp(np.exp(z))
        ends = np.where((p == 0) ^ above, self.xmin, np.inf)
        return np.where(inside, x, np.where((p == 0) | (p == 1), ends, np.nan))

    def rvs(self, alpha: float, scale: float, size: Any, rng: Any) -> Array:
        """Draw random numbers: the cdf is inverted on a fine grid of log x, linearly between its points."""
        w = float(self.xmin / scale)
        norm, top = float(_moments(alpha, w)[0]), float(_moments(alpha, w)[1])
        _, end, _ = (float(v) for v in mass_span(np.asarray(alpha), np.asarray(w), np.asarray(0.0), np.asarray(np.inf)))
        y = np.unique(np.concatenate([np.linspace(0.0, end, _GRID), np.linspace(0.0, min(4 * top, end), _GRID)]))
        height = np.exp((1 - alpha) * y - w * np.exp(y) - norm)
        share = np.concatenate([[0.0], np.cumsum(0.5 * (height[1:] + height[:-1]) * np.diff(y))])
        return np.asarray(self.xmin * np.exp(np.interp(rng.uniform(size=size) * share[-1], share, y)))

    def mean(self, alpha: Array, scale: Array) -> Array:
        """Expected value."""
        return np.asarray(self.xmin * _moments(alpha, self.xmin / np.asarray(scale))[2])

    def var(self, alpha: Array, scale: Array) -> Array:
        """Variance."""
        return np.asarray(self.xmin**2 * _moments(alpha, self.xmin / np.asarray(scale))[5])

    def entropy(self, alpha: Array, scale: Array) -> Array:
        """Entropy, nats."""
        w = self.xmin / np.asarray(scale)
        norm, mean_log, mean, *_ = _moments(alpha, w)
        return np.asarray(alpha * mean_log + w * mean + norm + math.log(self.xmin))


@cache
def panel_rule(panels: int) -> tuple[Array, Array]:
    """Nodes and weights on [0, 1], in panels."""
    nodes, weights = legendre(_NODES)
    panel = np.arange(panels)[:, None]
    return ((panel + 0.5 * (nodes + 1)) / panels).ravel(), np.tile(0.5 * weights / panels, panels)


def _moments(alpha: Any, w: Any, low: Any = 0.0, high: Any = np.inf) -> tuple[Array, ...]:
    """Log of the integral of t^-alpha exp(-w t) over log t from low to high, and moments of log t and t under it.

    They are the means, the variance of log t, the covariance, and the variance of t.
    """
    alpha, w, low, high = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (alpha, w, low, high)))
    flat = [np.ravel(v) for v in (alpha, w, low, high)]
    first = np.append(True, np.any([v[1:] != v[:-1] for v in flat], axis=0))[: alpha.size]  # not as the row before
    some = [v[first] for v in flat]
    found = np.empty((6, len(some[0])))
    for begin in range(0, found.shape[1], _ROWS):
        rows = slice(begin, begin + _ROWS)
        found[:, rows] = _integrals(*(v[rows, None] for v in some))
    return tuple(part[np.cumsum(first) - 1].reshape(alpha.shape) for part in found)


def _height(y: Array, alpha: Array, w: Array) -> Array:
    """Log of t^(1 - alpha) exp(-w t) at y = log t; NaN at infinity where it is a difference of two infinities."""
    with np.errstate(over="ignore", invalid="ignore"):
        return (1 - alpha) * y - w * np.exp(y)


def mass_span(alpha: Array, w: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Between which y all mass lies that counts, as far as the ends allow; and where the density is highest."""
    with np.errstate(divide="ignore", invalid="ignore"):
        peak = np.where(alpha < 1, np.log((1 - alpha) / w), -np.inf)
    peak = np.clip(peak, low, high)
    floor = _height(peak, alpha, w) - _FOLDS
    ends = []
    for end, sign in ((low, -1.0), (high, 1.0)):
        found = end.copy()
        cut = ~(_height(end, alpha, w) > floor)  # mass that counts ends before
        if cut.any():
            outer = _where_fallen(alpha[cut], w[cut], peak[cut], floor[cut], sign)
            found[cut] = np.maximum(outer, end[cut]) if sign < 0 else np.minimum(outer, end[cut])
        ends.append(found)
    return ends[0], ends[1], peak


def _where_fallen(alpha: Array, w: Array, peak: Array, floor: Array, sign: float) -> Array:
    """A place below or above the peak where the log of the density has fallen to the floor or somewhat lower."""
    inner, reach = peak.copy(), np.ones_like(peak)
    for _ in range(_HALVINGS):
        far = _height(peak + sign * reach, alpha, w) > floor
        if not far.any():
            break
        reach = np.where(far, 2 * reach, reach)
    outer = peak + sign * reach
    for _ in range(_BISECTIONS):
        middle = 0.5 * (inner + outer)
        over = _height(middle, alpha, w) > floor
        inner, outer = np.where(over, middle, inner), np.where(over, outer, middle)
    return outer


def _integrals(alpha: Array, w: Array, low: Array, high: Array) -> Array:
    begin, stop, peak = mass_span(alpha, w, low, high)
    top = _height(peak, alpha, w)
    fall = 2 * top - _height(begin, alpha, w) - _height(stop, alpha, w)
    short = ((fall < _SMOOTH) & (stop - begin < 1.0))[:, 0]
    found = np.empty((6, len(short)))
    for rows, panels in ((short, 1), (~short, _PANELS)):
        if rows.any():
            found[:, rows] = _by_rule(panels, *(v[rows] for v in (alpha, w, begin, stop, top)))
    return found


def _by_rule(panels: int, alpha: Array, w: Array, begin: Array, stop: Array, top: Array) -> Array:
    nodes, weights = panel_rule(panels)
    y = begin + (stop - begin) * nodes
    mass = weights * np.exp(_height(y, alpha, w) - top)
    total = np.sum(mass, axis=1, keepdims=True)
    mass /= total
    t = np.exp(y)
    mean_log, mean = np.sum(mass * y, axis=1, keepdims=True), np.sum(mass * t, axis=1, keepdims=True)
    off_log, off = y - mean_log, t - mean
    with np.errstate(divide="ignore"):  # nothing lies on a stretch of no length
        log_mass = top + np.log((stop - begin) * total)
    return np.array([
        log_mass[:, 0], mean_log[:, 0], mean[:, 0],
        *(np.sum(mass * product, axis=1) for product in (off_log * off_log, off_log * off, off * off)),
    ])  # fmt: skip


def _sides(y: Array, alpha: Array, w: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Log of the integral on either side of log t = y > 0, less a constant of the law, and the means of log t and t.

    Of one law, they are sums of what lies between its neighbouring y, each of which is integrated once.
    """
    flat = [np.ravel(v) for v in (alpha, w, y)]
    order = np.lexsort(flat[::-1])
    alpha, w, at = (v[order] for v in flat)
    last = np.append((alpha[1:] != alpha[:-1]) | (w[1:] != w[:-1]), True)
    ends = np.flatnonzero(last) + 1
    begins = np.concatenate([[0], ends[:-1]])
    before = np.concatenate([[0.0], at[:-1]])
    before[begins] = 0.0
    gaps = _logs(alpha, w, before, at)
    beyond = _logs(alpha[last], w[last], at[last], np.full(len(ends), np.inf))
    sides = np.empty((2, 3, len(at)))
    for k, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        between = gaps[:, begin:end]
        most = max(between[0].max(), beyond[0, k])  # logs of the largest are near 0, where they have most digits
        above = np.column_stack([beyond[:, k], between[:, :0:-1]])
        sides[0, :, begin:end] = np.logaddexp.accumulate(between - most, axis=1)
        sides[1, :, begin:end] = np.logaddexp.accumulate(above - most, axis=1)[:, ::-1]
    sides[:, 1:] = np.exp(sides[:, 1:] - sides[:, :1])
    found = np.empty_like(sides)
    found[:, :, order] = sides
    shaped = found.reshape(2, 3, *np.shape(y))
    return tuple(shaped[0]), tuple(shaped[1])


def _logs(alpha: Array, w: Array, low: Array, high: Array) -> Array:
    """Logs of the integral, and of those of log t and of t times the density."""
    log_mass, mean_log, mean, *_ = _moments(alpha, w, low, high)
    return np.array([log_mass, log_mass + log_or_minus_inf(mean_log), log_mass + np.log(mean)])


def _log_tails(y: Array, alpha: Any, w: Any) -> tuple[Array, Array]:
    """Logs of both tails at log(x / xmin) = y, by the ratio of the integrals on either side."""
    y, alpha, w = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (y, alpha, w)))
    inside = (y > 0) & (y < np.inf)
    (low, *_), (high, *_) = _sides(np.where(inside, y, 1.0), alpha, w)
    below, above = -softplus(high - low), -softplus(low - high)
    below = np.where(inside, below, np.where(y <= 0, -np.inf, np.where(y == np.inf, 0.0, np.nan)))
    return below, np.where(inside, above, np.where(y <= 0, 0.0, np.where(y == np.inf, -np.inf, np.nan)))


def natural_maximum(
    moments: Callable[..., tuple[Array, ...]], mean_log: float, mean: float, less: float
) -> tuple[float, float]:
    """Exponent and rate, 1/scale, of the highest likelihood of given means of log t and t: Newton's method.

    Parameters
    ----------
    moments : callable
        Of an exponent and a rate: log of the normalising constant, means of log t and of t, the variance of the
        former, the covariance, the variance of the latter.
    mean_log, mean : float
        Of the data.
    less : float
        What all means of t, which begins at 1, are less: 0 or 1.

    Returns
    -------
    alpha, rate : float
        The rate is next to 0 where the likelihood rises to there.
    """
    full = mean + less
    gap = max(math.log(full) - mean_log, _ROUNDING)
    # Minka (2002), Estimating a gamma distribution: the first approximation of its shape.
    shape = (3 - gap + math.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    starts = np.array([(1 + 1 / mean_log, 1 / (100 * full)), (1 - shape, shape / full), (0.0, 1 / full)])

    def value(at: Array) -> tuple[float, Array, Array]:
        norm, log, plain, log_log, log_plain, plain_plain = (float(v) for v in moments(*at))
        height = -at[0] * mean_log - at[1] * mean - norm
        slope = np.array([log - mean_log, plain - mean])
        return height, slope, np.array([[log_log, log_plain], [log_plain, plain_plain]])

    found = [value(at) for at in starts]
    best = max(range(len(starts)), key=lambda k: found[k][0])
    at, (height, slope, information) = starts[best], found[best]
    # A loop of its own: the information may be singular, and each step is cut where the rate would not stay above 0.
    for _ in range(_STEPS):
        unit = np.sqrt(np.diag(information))
        if not np.all(unit > 0):  # all mass is on one value
            break
        step = np.linalg.lstsq(information / np.outer(unit, unit), slope / unit, rcond=1e-15)[0] / unit
        decrement = float(slope @ step)
        step *= 1.0 if step[1] > -0.9 * at[1] else 0.9 * at[1] / -step[1]
        for _ in range(_HALVINGS):
            new = value(at + step)
            if new[0] >= height - _ROUNDING * max(1.0, abs(height)):
                break
            step *= 0.5
        else:
            break
        at, (height, slope, information) = at + step, new
        if decrement < _SETTLED or at[1] * full < _NO_RATE:
            break
    return float(at[0]), float(at[1])


def cutoff_in_window(lower: float, alpha: float, embed: Callable[[float], tuple[float, float]]) -> Limit:
    """The limit of a law that becomes a known power of x, of exponent -alpha, with a cutoff where a window begins."""
    law = PartlyKnown(PowerLawCutoff(xmin=lower), {"alpha": alpha}, f"a power -{alpha:g} of x with a cutoff")
    return Limit(law, embed)


@cache
def _pareto_from(xmin: float) -> Family:
    """Pareto's law from a known beginning on, by the exponent of its density."""

    def log_beyond(x: Array, alpha: Array) -> Array:
        return np.asarray(-(alpha - 1) * np.maximum(log_or_minus_inf(x / xmin), 0.0))

    def from_sample(sample: Sample) -> tuple[float]:
        return (1 + 1 / sample.mean(lambda x: np.log(x / xmin)),)

    return Family.from_logpdf(
        lambda x, alpha: np.log(alpha - 1) - math.log(xmin) - alpha * np.log(x / xmin),
        (Parameter("alpha", Interval(1.0, np.inf), typical=(1.5, 3.0)),),
        Interval(xmin, np.inf, closed="lower"),
        name="pareto from xmin",
        score=lambda x, alpha: (1 / (alpha - 1) - np.log(x / xmin),),
        from_sample=from_sample,
        cdf=lambda x, alpha: -np.expm1(log_beyond(x, alpha)),
        sf=lambda x, alpha: np.exp(log_beyond(x, alpha)),
        logcdf=lambda x, alpha: log1mexp(log_beyond(x, alpha)),
        logsf=log_beyond,
    )
