"""Which laws could apply to data: whether they look like counts, and whose support holds them."""

from __future__ import annotations

import numpy as np

from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import SupportError
from mle_toolkit.families.base import Family
from mle_toolkit.families.registry import families, family_class, get_family
from mle_toolkit.information.model_free import rounding_step

KINDS = ("counts", "measurements")
"""What may be said of data instead of naming families."""


MOST_DISTINCT_COUNTS = 2 / 3
"""Share of distinct values up to which whole numbers may be counts: counts repeat, measurements hardly do."""


HIGHEST_COUNT_FLOOR = 1 / 4
"""Smallest over largest value up to which whole numbers may be counts: minutes and years stay away from zero."""


def candidates(sample: Sample, counts: bool | None = None) -> tuple[str, ...]:
    """Names of the registered families that could apply to a sample.

    Those of counts, or the continuous ones, whose support holds all the data, or meets all intervals. Left out are
    families with a constant that must be given (the number of trials), and those that say why in ``only_if_asked``.

    Parameters
    ----------
    sample : Sample
    counts : bool, optional
        Whether the data are counts; by default `look_like_counts`.
    """
    return candidates_and_others(sample, look_like_counts(sample) if counts is None else counts)[0]


def candidates_and_others(sample: Sample, counts: bool) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names of the families that could apply, and why the others of the kind could not.

    Where many measurements are 0 they are hurdles, of the families that could apply to the others: a density has no
    probability for them.
    """
    if not counts and zeros_apart(sample):
        inner, others = candidates_and_others(sample.take(np.flatnonzero(sample.x > 0)), counts)
        return tuple(f"hurdle({name})" for name in inner), others
    names, others = [], {}
    for name in families():
        law = family_class(name)
        if law.support.integer != counts or law.multivariate != sample.is_multivariate:
            continue
        needed = [constant for constant, default in law.constant_defaults.items() if default is ...]
        if needed:
            others[name] = f"{' and '.join(needed)} must be known: get_family(name, {needed[0]}=...)"
        elif "exposure" in sample.known and not law.rates:
            others[name] = "has no rate that an exposure could multiply"
        elif law.only_if_asked and "exposure" not in sample.known:
            others[name] = law.only_if_asked
        else:
            reason = _outside(get_family(name), sample)
            if reason is None:
                names.append(name)
            else:
                others[name] = reason
    return tuple(names), others


def _outside(law: Family, sample: Sample) -> str | None:
    """Why the support of a law does not hold a sample; None where it does."""
    support = law.support
    if not sample.is_exact:
        try:
            law.check_support(sample)
        except SupportError as error:
            return f"{len(error.outside)} of {sample.n_rows} rows lie outside {support}"
        return None
    if support.covers(sample.minimum, sample.maximum):
        return None
    if not sample.in_memory or sample.is_multivariate:
        return f"values from {sample.minimum:g} to {sample.maximum:g} are not all in {support}"
    outside = ~support.contains(sample.x)
    number = np.count_nonzero(outside) if sample.weight is None else np.sum(sample.weight[outside])
    distinct = np.unique(sample.x[outside])
    if len(distinct) == 0:
        return f"values from {sample.minimum:g} to {sample.maximum:g} are not all in {support}"
    what = f"{distinct[0]:g}" if len(distinct) == 1 else f"outside {support}"
    way = f": hurdle({law.name}) gives 0 a probability" if what == "0" and not law.discrete else ""
    return f"{number:g} value{' is' if number == 1 else 's are'} {what}{way}"


def zeros_apart(sample: Sample) -> float:
    """How many measurements are 0, where they are a kind of their own, as days without rain; else 0.

    That is, none is negative, some are positive, and 0 occurs more than once and more often than any other value, so
    that it is not one step of a rounding as the others are.

    Examples
    --------
    >>> zeros_apart(Sample([0.0, 0.0, 1.3, 0.4])), zeros_apart(Sample([0.0, 0.0, 0.1, 0.1, 0.3]))
    (2.0, 0.0)
    """
    if sample.is_multivariate or not sample.in_memory or not sample.is_plain or sample.minimum != 0:
        return 0.0
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    values, place = np.unique(sample.x, return_inverse=True)
    often = np.bincount(place, weights=weight)
    return float(often[0]) if len(values) > 1 and often[0] > 1 and often[0] > np.max(often[1:]) else 0.0


def guess_of(sample: Sample, counts: bool) -> str | None:
    """What whole numbers were taken for; None where they could be nothing else, as what is censored."""
    if not sample.in_memory or sample.is_multivariate or not sample.is_integer or sample.minimum < 0:
        return None
    taken, other = KINDS if counts else KINDS[::-1]
    if not counts and sample.timed:
        return None
    return (
        f'whole numbers, taken for {taken}; if they are {other}, say so: compare(x, "{other}"), mle compare -d {other}'
    )


def look_like_counts(sample: Sample) -> bool:
    """Whether data look like counts: whole numbers from near zero, many of them equal, without a coarser grid.

    What has events, entries or censoring is a time, and no count; a table of counts may have one top class that is
    open, if it has nearly all numbers below.

    Examples
    --------
    >>> look_like_counts(Sample([0, 2, 1, 0, 0, 3])), look_like_counts(Sample([70, 50, 100, 70, 110, 50]))
    (True, False)
    """
    if not sample.in_memory or sample.timed or (sample.window is not None and not sample.has_one_window):
        return False  # counts would have been tabulated
    open_above = not sample.is_exact
    if not sample.is_exact:
        if np.any(np.isfinite(sample.lower) & np.isfinite(sample.upper) & (sample.lower < sample.upper)):
            return False  # bins and rounded values are of measurements
        if len(np.unique(sample.lower[np.isposinf(sample.upper)])) > 1:
            return False  # a table of counts has one top class; times are censored at many
        sample = sample.as_points()
    if sample.minimum < 0 or not sample.is_integer:
        return False
    distinct = np.unique(sample.x)
    if open_above and len(distinct) <= distinct[-1] - distinct[0]:
        return False  # a gap below the top class
    if len(distinct) == 1:
        return bool(distinct[0] <= 1)
    few = len(distinct) <= MOST_DISTINCT_COUNTS * sample.nobs
    low = sample.minimum <= max(1.0, HIGHEST_COUNT_FLOOR * sample.maximum)
    return bool(few and low and (len(distinct) < 3 or rounding_step(distinct) == 1.0))
