"""The log-probability of intervals under a law."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.exponential_family import within_range
from mle_toolkit.families.hooks import needed
from mle_toolkit.families.narrow import FEW, Score, narrow_masses, tails_in_steps
from mle_toolkit.families.special import log1mexp
from mle_toolkit.numerics.differences import (
    STEP_OF_CURVATURE,
    STEP_OF_SCORE,
    STEP_OF_VALUE,
    by_values,
    second_by_scores,
)

_THIN = 1e-4
"""Share of a tail below which the probability of an interval, the difference of two tails, has lost digits."""

_LAST_DIGITS = 1e-10
"""Share of a tail that is its rounding."""


def log_mass(
    family: Family, params: tuple[object, ...], lower: Array, upper: Array, *, by_tails: bool = False
) -> Array:
    """Log-probability of each interval ``(lower, upper]`` under a law.

    Parameters
    ----------
    family : Family
        Constants that are arrays are those of each interval.
    params : tuple
        Its parameters, in order.
    lower, upper : ndarray of shape (n,)
        Ends; -inf and inf for open intervals.
    by_tails : bool
        Whether none is an integral of the density, as those of laws with dear tails are.

    Returns
    -------
    ndarray of shape (n,)
        Nats; -inf where the interval has no mass.
    """
    if family.log_mass is not None:
        return family.log_mass(lower, upper, *params)
    law = Distribution.at(family, params)
    open_below, open_above = open_ends(family, lower, upper)
    inner, above, below = ~(open_below | open_above), open_above & ~open_below, open_below & ~open_above
    if len(lower) and (by_tails or not _is_dear(law, len(lower))):  # rows of one kind need no masks
        if above.all():
            return _one_tail(law, lower, above=True)
        if inner.all():
            return _log_inner(law, lower, upper, by_tails=by_tails)
    result = np.zeros(len(lower))
    if above.any():
        result[above] = _log_tail(law, above, lower, above=True, by_tails=by_tails)
    if below.any():
        result[below] = _log_tail(law, below, upper, above=False, by_tails=by_tails)
    if inner.any() and not by_tails:
        wide, result[inner] = _by_density(law, inner, lower, upper)
        inner = wide
    if inner.any():
        result[inner] = _log_inner(_of_rows(law, inner), lower[inner], upper[inner], by_tails=by_tails)
    return result


def log_mass_above(family: Family, params: tuple[object, ...], lower: Array, *, by_tails: bool = False) -> Array:
    """The same of intervals that are open above, and begin inside of the support."""
    law = Distribution.at(family, params)
    if family.log_mass is not None or not len(lower) or not (by_tails or not _is_dear(law, len(lower))):
        return log_mass(family, params, lower, np.full(len(lower), np.inf), by_tails=by_tails)
    return _one_tail(law, lower, above=True)


def _log_inner(law: Distribution, low: Array, high: Array, *, by_tails: bool) -> Array:
    """Log-probability of intervals inside of the support, by its tails unless it has a way of its own.

    Where both ends are nearly the same their tails differ in few digits, and the density is integrated if it is smooth.
    """
    if law.family.log_inner is not None:
        own: Array = within_range(law.family.log_inner, low, high, *law.in_order)
        return own
    (cdf_low, sf_low), (cdf_high, sf_high) = _at_both(_both_tails, law, low, high)
    _, larger, smaller = _of_smaller_side((cdf_low, cdf_high), (sf_low, sf_high))
    masses = _log_difference(larger, smaller)
    if by_tails:
        return masses
    thin, right, found, _ = _in_thin(law, low, high, larger, smaller, None)
    masses[thin] = np.where(right, found, masses[thin])
    return masses


def _in_thin(
    law: Distribution,
    low: Array,
    high: Array,
    larger: Array,
    smaller: Array,
    score: Score | None,
) -> tuple[Mask, Mask, Array, Array]:
    """Which intervals are thin, and of these where `narrow_masses` is right, and what it gives.

    Thin are those whose two tails on one side, of which the logs are given, differ by a small share. It is right where
    it differs from the difference of the tails by no more than their rounding: the nodes have missed no peak.
    """
    family = law.family
    with np.errstate(all="ignore"):  # where there is no mass, or the density is not smooth, which is left to the tails
        share = -np.expm1(smaller - larger)
        thin = share < _THIN
        if not thin.any() or family.discrete or family.per_row or not family.all_scalar:
            nothing = np.empty(0)
            return np.zeros(len(low), dtype=bool), nothing.astype(bool), nothing, np.empty((len(family.roles), 0))
        own = _of_rows(law, thin)
        narrow, found, slopes = narrow_masses(own.family, own.in_order, low[thin], high[thin], score)
        narrow &= np.abs(np.exp(found - larger[thin]) - share[thin]) <= _LAST_DIGITS
    return thin, narrow, found, slopes


def log_mass_with_zeros(rest: Family, pi: Any, params: tuple[object, ...], lower: Array, upper: Array) -> Array:
    """Log-probability of intervals ``(lower, upper]`` under a law of counts to which ``pi`` adds zeros; nats.

    Of positive counts it keeps its digits where they are rare beside the zeros.
    """
    mass = log_mass(rest, params, lower, upper)
    above = np.log1p(-np.asarray(pi)) + mass
    with np.errstate(divide="ignore"):  # log 0 = -inf: no zeros
        sum_of_both = np.minimum(np.logaddexp(np.log(pi), above), 0.0)  # rounding may pass 1
        nearly_all = np.log1p((1 - np.asarray(pi)) * np.expm1(mass))  # by what is left out: exactly 0 without any
    with_zero = np.where(mass > -np.log(2), nearly_all, sum_of_both)
    return np.asarray(np.where(lower < 0, with_zero, above))


def _both_tails(law: Distribution, x: Array) -> tuple[Array, Array]:
    """Logs of the cdf and of the survival function at x."""
    if law.family.log_tails is None:
        return _one_tail(law, x, above=False), _one_tail(law, x, above=True)
    both: tuple[Array, Array] = within_range(law.family.log_tails, x, *law.in_order)
    return both


def _at_both(
    function: Callable[[Distribution, Array], Any], law: Distribution, low: Array, high: Array
) -> tuple[Any, Any]:
    """Values of a function, whose last axis is that of the rows, at both ends of intervals, in one call."""
    both = law if law.is_one else _twice(law)
    if both is not None:
        values = np.asarray(function(both, np.concatenate([low, high])))
        return values[..., : len(low)], values[..., len(low) :]
    return np.asarray(function(law, low)), np.asarray(function(law, high))


def _twice(law: Distribution) -> Distribution | None:
    """The laws of rows, and once more behind them; None where more than parameters is given per row."""
    family = law.family
    if family.per_row or family.known or not family.all_scalar:
        return None
    params = (np.concatenate([value, value]) if np.ndim(value) else value for value in law.in_order)
    return Distribution.at(family, tuple(params))


def open_ends(family: Family, lower: Array, upper: Array) -> tuple[Mask, Mask]:
    """Whether intervals ``(lower, upper]`` reach to the lower end of the support, and to the upper one."""
    support = family.support
    # The lower end itself has a probability under laws of counts, and where it is a value of its own.
    is_value = support.closed_lower and (family.discrete or support.lower in family.atoms)
    return lower < support.lower if is_value else lower <= support.lower, upper >= support.upper


def _of_rows(law: Distribution, rows: Mask) -> Distribution:
    """The law of some rows, where constants or parameters are given per row; else the law."""
    family, params = law.family, law.in_order
    by_row = [np.ndim(value) == 1 and p.domain.shape == () for p, value in zip(family.parameters, params, strict=True)]
    if not any(by_row) and not family.per_row:
        return law
    some = (value[rows] if each else value for value, each in zip(params, by_row, strict=True))
    return Distribution.at(family.take(rows), tuple(some))


def _by_density(
    law: Distribution, rows: Mask, lower: Array, upper: Array, score: Score | None = None
) -> tuple[Mask, Array]:
    """Log-probabilities of rows, or their derivatives, as integrals of the density.

    Returns
    -------
    mask of shape (n,)
        Which of the rows have none, as they are too wide for it: all, of a law whose tails are cheap.
    ndarray of shape (..., n_rows)
        NaN for these.
    """
    some = _of_rows(law, rows)
    count = int(np.count_nonzero(rows))
    if not _is_dear(some, count):
        return rows, np.full(count, np.nan)
    with np.errstate(all="ignore"):  # what is lost is left to the tails
        params = some.in_order
        narrow, log_masses, slopes = narrow_masses(some.family, params, lower[rows], upper[rows], score)
    found = log_masses if score is None else slopes
    found[..., ~narrow] = np.nan
    wide = rows.copy()
    wide[rows] = ~narrow
    return wide, found


_FEW_TAILS = 100
"""Tails that cost less than the sorting of them into steps."""


def _is_dear(law: Distribution, count: int, few: int = FEW) -> bool:
    """Whether so many tails are dearer than the density between them."""
    family = law.family
    return count >= few and family.dear_tails and not family.per_row and family.score is not None


def _one_tail(law: Distribution, x: Array, *, above: bool) -> Array:
    """Log of the tail above, or below, each x: by the law's own formula, as nothing here need be checked."""
    family = law.family
    own = family.logsf if above else family.logcdf
    by_itself = ("logsf" if above else "logcdf") in family.by_number
    if own is None or family.discrete or len(x) == 0 or (by_itself and not law.is_one):
        return (law.logsf if above else law.logcdf)(x)
    with np.errstate(divide="ignore"):
        return np.asarray(within_range(own, x, *law.in_order), dtype=float)


def _log_tail(law: Distribution, rows: Mask, x: Array, *, above: bool, by_tails: bool) -> Array:
    """Log of the tail above, or below, each x of some rows."""
    own, x = _of_rows(law, rows), x[rows]

    def tail(some: Mask) -> tuple[Array, Array]:
        each = _of_rows(own, some)
        return _one_tail(each, x[some], above=above), np.empty((0, np.count_nonzero(some)))

    if by_tails or not _is_dear(own, len(x), _FEW_TAILS):
        return tail(np.ones(len(x), dtype=bool))[0]
    return tails_in_steps(own.family, own.in_order, x, above, None, tail)[0]


def _slopes_of_tail(law: Distribution, rows: Mask, x: Array, *, above: bool) -> Array:
    """Derivatives of `_log_tail`; shape (p, n_rows)."""
    own, x = _of_rows(law, rows), x[rows]

    def slopes(some: Mask) -> Array:
        side = _scores_of_tails(_of_rows(own, some), x[some])[above]
        found = np.empty((len(side), np.count_nonzero(some)))
        for row, by in zip(found, side, strict=True):
            row[:] = by
        return found

    def tail(some: Mask) -> tuple[Array, Array]:
        each = _of_rows(own, some)
        return _one_tail(each, x[some], above=above), slopes(some)

    if not _is_dear(own, len(x), _FEW_TAILS):
        return slopes(np.ones(len(x), dtype=bool))
    return tails_in_steps(own.family, own.in_order, x, above, own.family.score, tail)[1]


def _scores_of_tails(law: Distribution, x: Array) -> Any:
    """`Family.tail_scores` of a law."""
    return needed(law.family, law.family.tail_scores, "tail_scores")(x, *law.in_order)


def mass_scores(family: Family, params: tuple[Any, ...], lower: Array, upper: Array) -> Array:
    """Derivatives of `log_mass` by each parameter, for a family with scores of tails or of masses; shape (p, n).

    With S(l) - S(u) the mass, d log mass = a d log S(l) - (a - 1) d log S(u), where a = S(l) / mass; and the same with
    F where that is the smaller tail.
    """
    if family.log_mass_scores is not None:
        return np.array(family.log_mass_scores(lower, upper, *params))
    law = Distribution.at(family, params)
    open_below, open_above = open_ends(family, lower, upper)
    inner, above, below = ~(open_below | open_above), open_above & ~open_below, open_below & ~open_above
    if len(lower) and not _is_dear(law, len(lower)):
        if above.all():
            return _slopes_of_tail(law, above, lower, above=True)
        if inner.all():
            return _slopes_inner(law, inner, lower, upper)
    result = np.zeros((len(family.roles), len(lower)))
    if above.any():
        result[:, above] = _slopes_of_tail(law, above, lower, above=True)
    if below.any():
        result[:, below] = _slopes_of_tail(law, below, upper, above=False)
    if inner.any():
        wide, result[:, inner] = _by_density(law, inner, lower, upper, law.family.score)
        inner = wide
    if inner.any():
        result[:, inner] = _slopes_inner(law, inner, lower, upper)
    return result


def _slopes_inner(law: Distribution, rows: Mask, lower: Array, upper: Array) -> Array:
    """Derivatives of `_log_inner` of some rows; shape (p, n_rows)."""
    law, low, high = _of_rows(law, rows), lower[rows], upper[rows]
    if law.family.inner_scores is not None:
        return np.array(law.family.inner_scores(low, high, *law.in_order))
    (by_cdf_low, by_sf_low), (by_cdf_high, by_sf_high) = _at_both(_scores_of_tails, law, low, high)
    (cdf_low, sf_low), (cdf_high, sf_high) = _at_both(_both_tails, law, low, high)
    left, larger, smaller = _of_smaller_side((cdf_low, cdf_high), (sf_low, sf_high))
    by_larger, by_smaller = np.where(left, by_cdf_high, by_sf_low), np.where(left, by_cdf_low, by_sf_high)
    share = 1.0 / -np.expm1(smaller - larger)
    slopes = np.asarray(share * by_larger - (share - 1) * by_smaller)
    if law.family.score is not None:
        thin, right, _, found = _in_thin(law, low, high, larger, smaller, law.family.score)
        slopes[:, thin] = np.where(right, found, slopes[:, thin])
    return slopes


def mass_expansion(
    family: Family, params: tuple[Any, ...], steps: Callable[[float], Sequence[Any]], lower: Array, upper: Array
) -> tuple[Array, Any, list[Array]]:
    """`log_mass`, its derivatives by each parameter, and its second derivatives, upper triangle row by row.

    Parameters
    ----------
    family : Family
    params : tuple
    steps : callable
        Of the size of a step in natural changes: the steps of each parameter, for differences.
    lower, upper : ndarray of shape (n,)
    """
    of_tails = tail_expansion(family, params, lower, upper)
    if of_tails is not None:
        value, first, second = of_tails
        return value, np.array(np.broadcast_arrays(*first)), list(second)
    if family.tail_expansion is not None and len(lower):
        return _by_tail_expansion(family, params, steps, lower, upper)
    return _by_differences(family, params, steps, lower, upper)


def _by_differences(
    family: Family, params: tuple[Any, ...], steps: Callable[[float], Sequence[Any]], lower: Array, upper: Array
) -> tuple[Array, Any, list[Array]]:
    """`mass_expansion` from the scores of masses, or from their values."""
    value = log_mass(family, params, lower, upper)
    if family.tail_scores is None and family.log_mass_scores is None:
        narrow, wide = steps(STEP_OF_VALUE), steps(STEP_OF_CURVATURE)
        return value, *by_values(lambda at: log_mass(family, at, lower, upper), params, narrow, wide)

    def scores(at: tuple[Any, ...]) -> Array:
        return mass_scores(family, at, lower, upper)

    return value, scores(params), second_by_scores(scores, params, steps(STEP_OF_SCORE))


def tail_expansion(
    family: Family, params: tuple[Any, ...], lower: Array, upper: Array
) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]] | None:
    """The same of intervals that are all open above, of a law that knows it; a derivative may be one number."""
    if family.sf_expansion is None or not len(lower):
        return None
    below, above = open_ends(family, np.minimum.reduce(lower), np.minimum.reduce(upper))
    if not above or below:
        return None
    found: tuple[Array, tuple[Array, ...], tuple[Array, ...]] = family.sf_expansion(lower, *params)
    return found


def _by_tail_expansion(
    family: Family, params: tuple[Any, ...], steps: Callable[[float], Sequence[Any]], lower: Array, upper: Array
) -> tuple[Array, Any, list[Array]]:
    """`mass_expansion` from ``Family.tail_expansion``; of thin intervals, which are integrals of the density, as ever.

    Second derivatives of a probability over itself are those of its log and the products of the derivatives of that.
    """
    law = Distribution.at(family, params)
    below, above = open_ends(family, lower, upper)
    expansion = needed(family, family.tail_expansion, "tail_expansion")
    count = len(family.roles)
    rows, columns = np.triu_indices(count)

    def at(own: Distribution, x: Array) -> tuple[Array, Array, Array]:
        """Logs of both tails, their derivatives, and second derivatives of both over themselves."""
        logs, first, second = expansion(x, *own.in_order)
        width = len(x)
        slopes = np.array([[np.broadcast_to(s, width) for s in side] for side in first])
        bends = np.array([[np.broadcast_to(s, width) for s in side] for side in second])
        return np.array(logs), slopes, bends + slopes[:, rows] * slopes[:, columns]

    value, slope, bend = np.zeros(len(lower)), np.zeros((count, len(lower))), np.zeros((len(rows), len(lower)))
    inner = ~(below | above)
    for x, some, side in ((lower, above & ~below, 1), (upper, below & ~above, 0)):
        if some.any():
            logs, first, second = (v[side] for v in at(_of_rows(law, some), x[some]))
            value[some], slope[:, some], bend[:, some] = logs, first, second
    if inner.any():
        own, ends = _of_rows(law, inner), (lower[inner], upper[inner])
        if own.is_one:
            both, count_inner = at(own, np.concatenate(ends)), len(ends[0])
            low, high = (tuple(v[..., part] for v in both) for part in (slice(count_inner), slice(count_inner, None)))
        else:
            low, high = (at(own, end) for end in ends)
        left = low[0][0] < high[0][1]
        # The probability is the difference of the larger and the smaller of the tails on one side.
        larger, smaller = (
            tuple(np.where(left, a[0], b[1]) for a, b in zip(of_f, of_s, strict=True))
            for of_f, of_s in ((high, low), (low, high))
        )
        rest = -np.expm1(smaller[0] - larger[0])
        value[inner] = _log_difference(larger[0], smaller[0])
        share = 1 / rest
        slope[:, inner] = share * larger[1] - (share - 1) * smaller[1]
        bend[:, inner] = share * larger[2] - (share - 1) * smaller[2]
        thin = inner.copy()
        thin[inner] = ~(rest >= _THIN)
    bend -= slope[rows] * slope[columns]
    if inner.any() and thin.any():
        own = _of_rows(law, thin)
        some_steps = partial(_steps_of_rows, steps, thin)
        value[thin], slope[:, thin], bend[:, thin] = _by_differences(
            own.family, own.in_order, some_steps, lower[thin], upper[thin]
        )
    return value, slope, list(bend)


def _steps_of_rows(steps: Callable[[float], Sequence[Any]], rows: Mask, size: float) -> list[Any]:
    return [step[rows] if np.ndim(step) else step for step in steps(size)]


def log_interval_mass(logcdf: tuple[Array, Array], logsf: tuple[Array, Array]) -> Array:
    """Log-probability of (lower, upper], taken from whichever tail keeps more digits.

    Parameters
    ----------
    logcdf, logsf : tuple of ndarray, each of shape (n,)
        ``(value at lower, value at upper)`` of log F and of log(1 - F), in nats.

    Returns
    -------
    ndarray of shape (n,)
        log(F(upper) - F(lower)); -inf where the interval is empty.

    Notes
    -----
    F(u) - F(l) = S(l) - S(u).  In the right tail both F are 1 - tiny and the first form cancels
    to 0 while the second keeps full precision, so subtract in the smaller tail.
    """
    _, larger, smaller = _of_smaller_side(logcdf, logsf)
    return _log_difference(larger, smaller)


def _of_smaller_side(logcdf: tuple[Array, Array], logsf: tuple[Array, Array]) -> tuple[Mask, Array, Array]:
    """Whether the tails below are the smaller ones, and the logs of the larger and the smaller of both on that side."""
    (lf, uf), (ls, us) = logcdf, logsf
    left = lf < us
    return left, np.where(left, uf, ls), np.where(left, lf, us)


def _log_difference(larger: Array, smaller: Array) -> Array:
    """log(exp(larger) - exp(smaller)); -inf where they are equal, or not in order by rounding."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isneginf(larger), -np.inf, larger + log1mexp(np.minimum(smaller - larger, 0.0)))
