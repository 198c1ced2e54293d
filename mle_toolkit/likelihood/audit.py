"""Whether a log-likelihood can be that of its parameters: a bound that no law passes, and a recount row by row."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import HELD_ROWS
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.base import Family
from mle_toolkit.likelihood.intervals import log_mass
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit

ROUNDING = 1e-8
"""Share of the sum of the absolute log-densities of the rows, plus as many nats, to which two counts must agree."""

SURE_ROW = 1e-6
"""Log-probability of one row above which it is no rounding error: it must not be positive."""

EXTREME = 1e6
"""A parameter, in the unit of the likelihood, this large or as small may make terms cancel that are larger still."""

RECOUNTED_ROWS = 10_000
"""Exact rows up to which every search is recounted; more are only where parameters are extreme, and then a part."""

_NUDGES = (1, -2, 3)
"""Steps from one number to the next by which parameters are moved to see what rounding does."""


_BESIDE = (1, 2, 3, 4)
"""Steps to either side by which a cusp is told from rounding."""


def is_extreme(theta: Array) -> bool:
    """Whether parameters, in the unit of the likelihood, are so large or small that sums may lose their digits."""
    return any(v != 0.0 and not 1.0 / EXTREME <= abs(v) < EXTREME for v in theta.tolist())


def complaint(
    family: Family, likelihood: Likelihood, theta: Array, theta_in_unit: Array, loglik: float, *, searched: bool
) -> str | None:
    """Say why a log-likelihood cannot be that of its parameters; None where nothing is wrong.

    Parameters
    ----------
    family : Family
        The law in the unit of the data.
    likelihood : Likelihood
    theta, theta_in_unit : ndarray of shape (p,)
        The parameters in the unit of the data, and in that of the likelihood.
    loglik : float
        What is to be reported for them, nats.
    searched : bool
        Whether a search led there, and no formula.

    Notes
    -----
    The recount takes the rows one by one in the unit of the data, where the likelihood may have used sums, moments of
    many ends, and a unit of its own. How far rounding alone can move it is seen by moving the parameters to the next
    numbers: at a maximum the log-likelihood itself does not change by that.
    """
    if not math.isfinite(loglik):
        return f"the log-likelihood there is {loglik:g}"
    above = _above_bound(family, likelihood, loglik)
    if above is not None:
        return above
    extreme = is_extreme(theta_in_unit)
    data = likelihood.data
    few = data.n_rows <= RECOUNTED_ROWS and searched
    if not data.in_memory or (likelihood.plain and not extreme and not few):
        return None
    part = likelihood if data.n_rows <= RECOUNTED_ROWS else likelihood.on_sketch()
    return _recounted(family, part, theta, theta_in_unit, loglik if part is likelihood else None, extreme)


def _recounted(
    family: Family, part: Likelihood, theta: Array, theta_in_unit: Array, loglik: float | None, extreme: bool
) -> str | None:
    """What a recount of the rows finds wrong."""
    data, nobs = part.data, part.nobs
    family, theta = family.given(data.known).in_data_unit(theta)
    ours = part if family is part.family and part.unit.is_identity else Likelihood(family, data, Unit())

    def weighted(rows: Array) -> float:
        return float(np.add.reduce(rows if data.weight is None else data.weight * rows))

    def in_unit(at: Array) -> float:
        return (part.mean_loglik(at) + part.log_jacobian) * nobs

    def by_rows(at: Array) -> float:
        return weighted(ours.rows(at, by_tails=True))

    with np.errstate(all="ignore"):
        rows = ours.rows(theta, by_tails=True)
        probable = rows if family.discrete else rows[:0] if data.is_exact else rows[data.lower < data.upper]
        counted, size = weighted(rows), weighted(np.abs(rows))
    if len(probable) and np.maximum.reduce(probable) > SURE_ROW:
        return (
            f"{np.count_nonzero(probable > SURE_ROW)} of {len(probable)} probabilities exceed 1 there, which none can: "
            f"the largest is exp({np.max(probable):.4g})"
        )
    reported = in_unit(theta_in_unit) if loglik is None else loglik
    allowed = ROUNDING * (1.0 + (size if math.isfinite(size) else abs(reported)))
    agree = abs(reported - counted) <= allowed
    if not (data.is_exact or family.discrete or family.per_row):
        apart = _against_density(family, family.unpack(theta), data)
        if apart is not None:
            return apart
    if agree and not extreme:
        return None
    on_data = np.isin(theta, np.concatenate([data.lower, data.upper]))
    with np.errstate(all="ignore"):
        noise = max(_noise(in_unit, theta_in_unit, on_data), _noise_of_rows(part, theta_in_unit))
    if noise > allowed:
        return (
            f"rounding alone moves the log-likelihood, {reported:.10g}, by about {noise:.1g}, because its terms cancel "
            f"at these parameters. Where observations are large against their spread, subtract a threshold from them, "
            f"or choose a law with a location"
        )
    # In the unit of the data the parameters are rounded once more, which a large location feels.
    if agree or abs(reported - counted) <= allowed + _ROUNDED_AGAIN * _noise(by_rows, theta, on_data):
        return None
    return (
        f"the search has {reported:.10g} for the log-likelihood, and the sum over the rows at the estimates is "
        f"{counted:.10g}"
    )


_ROUNDED_AGAIN = 4.0


def _noise(loglik: Callable[[Array], float], theta: Array, on_data: NDArray[np.bool_]) -> float:
    """By how much a log-likelihood moves as its parameters go to the next numbers, but where it has a cusp.

    That may be at those ``on_data``, which are observations to the last bit.
    """
    centre, largest = loglik(theta), 0.0

    def change(k: int, steps: int) -> float:
        near = theta.copy()
        near[k] += steps * np.spacing(near[k])
        return loglik(near) - centre

    for k in range(len(theta)):
        size = max((abs(moved) for moved in (change(k, steps) for steps in _NUDGES) if math.isfinite(moved)), default=0)
        if size > largest and not on_data[k]:
            largest = size
        elif size > largest:
            # A location on an observation of which the density has a cusp is left as steeply as numbers go: every
            # further step down on both sides, which rounding does by chance once in 150,000 times.
            sides = [[0.0, *(change(k, sign * steps) for steps in _BESIDE)] for sign in (1, -1)]
            if not all(low < high for side in sides for high, low in itertools.pairwise(side)):
                largest = size
    return largest


def _noise_of_rows(part: Likelihood, theta: Array) -> float:
    """By how much a log-likelihood of exact rows moves, as these are rounded when they are brought to its unit.

    Each is off by up to half a step from one number to the next, either way: by a square of a twelfth of one, expected.
    """
    family = part.family
    if not part.plain or part.unit.is_identity or family.discrete or family.multivariate or family.per_row:
        return 0.0
    x = part.sample.x
    weight = 1.0 if part.sample.weight is None else part.sample.weight
    params = family.unpack(theta)
    change = weight * (family.logpdf(np.nextafter(x, np.inf), *params) - family.logpdf(x, *params))
    smooth = np.isfinite(change) & ~np.isin(x, theta)  # a law may begin at a parameter, or have a cusp there
    return float(np.sqrt(np.sum(np.square(change[smooth])) / 12.0))


def _above_bound(family: Family, likelihood: Likelihood, loglik: float) -> str | None:
    """What is wrong with a log-likelihood of probabilities that is above that of the saturated law."""
    bound = bound_of(family, likelihood)
    if bound == math.inf or loglik <= bound + ROUNDING * (1.0 + abs(bound)):
        return None
    return (
        f"the log-likelihood, {loglik:.10g}, is above {bound:.10g}, which no law can exceed for these data: an error "
        f"of mle_toolkit, which should be reported"
    )


def bound_of(family: Family, likelihood: Likelihood) -> float:
    """What no law can exceed: `saturated` of counts and intervals; inf where there are densities."""
    if likelihood.share_of_points > 0 and not family.discrete:
        return math.inf
    one_law = not family.per_row and not family.multivariate
    return saturated(likelihood.data, one_law=one_law, period=family.period)


def saturated(data: Sample, *, one_law: bool, period: float | None = None) -> float:
    """The highest log-likelihood that any law of probabilities can have for a sample, nats; 0 is a bound for all.

    Of a table it is minus its entropy times the number of observations. Of intervals that overlap it is that of a table
    of two: for the best of all cuts, what lies wholly below it, and what lies wholly above. Arcs are the same a turn
    on; of arcs that overlap it is 0.

    Parameters
    ----------
    data : Sample
        Of counts, or without exact observations.
    one_law : bool
        Whether all rows have the same law.
    period : float, optional
        Of a law of directions: its turn.

    Examples
    --------
    >>> round(saturated(Sample.table([0, 1], [26, 4]), one_law=True), 6)
    -11.780234
    """
    if not one_law or not data.in_memory or data.n_rows > HELD_ROWS or not (data.window is None or data.has_one_window):
        return 0.0
    if period is not None:
        return data.once(("saturated", period), lambda: _of_arcs(data, period))
    return data.once("saturated", lambda: _of_cells(data))


_PARTS = 2.0**40
"""Parts of a turn, or of the largest end, to which ends are rounded: of -pi and pi, each a half turn off, one is a
little farther than the other."""


def _of_arcs(data: Sample, period: float) -> float:
    begin, end = np.rint(data.lower / period * _PARTS), np.rint(data.upper / period * _PARTS)
    placed = np.mod(begin, _PARTS)  # whole numbers: exact
    begin, upper, total, _ = _cells(placed, placed + (end - begin), data.weight)
    apart = np.all(upper[:-1] <= begin[1:]) and upper[-1] <= begin[0] + _PARTS
    return _table_bound(total) if apart else 0.0


def _cells(begin: Array, upper: Array, weight: Array | None) -> tuple[Array, Array, Array, NDArray[np.intp]]:
    """Intervals that differ, in order, with the sum of the weights of each and the number of its first row."""
    order = np.lexsort((upper, begin))
    begin, upper = begin[order], upper[order]
    first = np.flatnonzero(np.append(True, (begin[1:] != begin[:-1]) | (upper[1:] != upper[:-1])))
    total = np.add.reduceat(np.ones(len(begin)) if weight is None else weight[order], first)
    return begin[first], upper[first], total, order[first]


def _of_cells(data: Sample) -> float:
    point, begin, upper = data.lower == data.upper, data.lower, data.upper
    if point.any():  # the last of an interval that begins just before it
        begin = np.where(point, np.nextafter(begin, -np.inf), begin)
    else:  # ends that should meet may miss by rounding
        size = float(np.max(np.abs([data.minimum, data.maximum]))) or 1.0
        begin, upper = np.rint(begin / size * _PARTS), np.rint(upper / size * _PARTS)
    begin, upper, total, row = _cells(begin, upper, data.weight)
    point = point[row]
    if np.all(upper[:-1] <= begin[1:]):
        return _table_bound(total)
    by_end = np.argsort(upper, kind="stable")
    below = np.cumsum(total[by_end])
    above = np.append(np.cumsum(total[::-1])[::-1], 0.0)[np.searchsorted(begin, upper[by_end])]
    both = below + above
    of_cuts = special.xlogy(below, below / both) + special.xlogy(above, above / both)
    return min(_table_bound(total[point]), float(np.min(of_cuts)))


def _table_bound(total: Array) -> float:
    return float(np.sum(total * np.log(total / np.sum(total)))) if len(total) else 0.0


def _against_density(family: Family, params: tuple[Any, ...], data: Sample) -> str | None:
    """Whether the probabilities of intervals are those of the density: between ends of intervals, by quadrature.

    Only where two rules of Gauss and Legendre agree is the density as smooth as they need. Both may miss a spike that
    is narrower than the distance of their nodes, so less density than probability proves nothing.
    """
    ends = np.concatenate([data.lower[data.lower < data.upper], data.upper[data.lower < data.upper]])
    ends = np.unique(ends[np.isfinite(ends) & family.support.contains(ends)])
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, min(len(ends), _CELLS + 1)).astype(int))]
    # A density that ends, or has a kink, inside of a cell is not smooth there, though both rules may miss it.
    named = dict(zip(family.param_names, params, strict=True))
    kinks = [named[name] for name in family.irregular(*params) if np.ndim(named[name]) == 0]
    ends = np.unique(np.concatenate([ends, [v for v in kinks if ends[:1] < v < ends[-1:]]]))
    low, high = ends[:-1], ends[1:]
    apart = high - low > _APART * np.maximum(np.abs(low), np.abs(high))  # ends that should meet may miss by rounding
    low, high = low[apart], high[apart]
    if not len(low):
        return None
    with np.errstate(all="ignore"):
        given = np.exp(log_mass(family, params, low, high, by_tails=True))
        fine, coarse = (
            0.5 * (high - low) * np.sum(w * np.exp(family.logpdf(low + x * (high - low), *params)), axis=0)
            for x, w in _RULES
        )
    wrong = np.flatnonzero((np.abs(fine - coarse) < _SMOOTH) & ~(fine - given < _MASS_ERROR))
    if not len(wrong):
        return None
    k = wrong[0]
    return (
        f"the probability of ({low[k]:.6g}, {high[k]:.6g}] is {given[k]:.6g} by the distribution function there, and "
        f"{fine[k]:.6g} by the density"
    )


_APART = 1e-12
"""Share of ends of intervals by which they must differ to have a probability between them."""
_CELLS = 40
"""Between how many ends of intervals the two are compared."""
_MASS_ERROR, _SMOOTH = 1e-4, 1e-7
"""Difference of a probability that is an error, and of the two rules where the density is smooth enough for them."""

_RULES = [((0.5 + 0.5 * x)[:, None], w[:, None]) for x, w in map(np.polynomial.legendre.leggauss, (40, 20))]
