"""Entropy of a sample, without a model: plug-in for counts, spacings for measurements.

Both give the log of an estimated density at every row, so that what is built on them (a divergence, the standard error
of a difference) sums over rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.information.estimate import Z95, Estimate

Rows = np.ndarray[Any, np.dtype[np.intp]]

MOST_TIES = 0.01
"""Share of repeated observations above which data count as tied: measurements without rounding repeat almost never."""

MOST_ROUNDING_ERROR = 0.01
"""Largest effect of rounding on an entropy from spacings, in nats, at which the estimate still says something."""

FEW_OBSERVATIONS = 30
"""Observations below which the bias of an entropy from spacings, about 1.2 / n, nears half of its fluctuation."""

COUNTS_ADVICE = (
    "The difference of KL between models is exact all the same (compare them by delta_ce); for its level model the "
    "values as counts, or get data at higher resolution."
)
"""What to do about a model of data whose entropy cannot be estimated, being tied or rounded."""

MOST_ALONE = 0.5
"""Share of observations alone in their stratum, where the plug-in entropy is 0 whatever the law is, above which the
entropy of the data says nothing."""

ALONE_ADVICE = "The difference of KL between models is exact all the same (compare them by delta_ce)."

_Z_ONE_SIDED = 1.6448536269514722
"""Normal quantile of 0.95."""

_ROUNDING_OF_ENDS = 1e-6
"""Overlap of adjacent intervals, as a share of their width, that is rounding of their ends."""

FEW_PER_CELL = 5.0
"""Observations per distinct count below which the plug-in entropy is too low by more than it is worth."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Distinct values, or intervals, of counts.

    Attributes
    ----------
    entropy : Estimate
        Plug-in entropy, nats.
    first_row : ndarray of int of shape (n_cells,)
        The first row of each.
    share : ndarray of shape (n_cells,)
        Relative frequency of each (within its stratum).
    mass : ndarray of shape (n_cells,)
        Share of all observations that each has.
    n_strata : int
        How many separate laws the rows follow: more than one where constants are given per row.
    """

    entropy: Estimate
    first_row: Rows
    share: Array
    mass: Array
    n_strata: int


@dataclass(frozen=True, kw_only=True)
class SampleEntropy:
    """Entropy of a sample, with the estimated log-density from which it comes.

    Attributes
    ----------
    estimate : Estimate or None
        The entropy, nats; None where it cannot be estimated, for the ``reason`` given.
    log_density : ndarray of shape (n_rows,) or None
        Log of the estimated density (of the relative frequency, for counts) at every row, nats.
    cells : Cells or None
        Of counts.
    ties : float
        Share of observations that repeat another.
    reason : str or None
        Why there is no estimate, and what to do.
    """

    estimate: Estimate | None
    log_density: Array | None = None
    cells: Cells | None = None
    ties: float = 0.0
    reason: str | None = None


def weighted_se(terms: Array, sample: Sample) -> float | None:
    """Standard error of the weighted mean of one term a row; None for a single observation.

    Parameters
    ----------
    terms : ndarray of shape (n_rows,)
    sample : Sample
        Whose weights count. The divisor of the variance is n, and rows of reliability weight w enter as w²: see
        Cochran (1977), Sampling Techniques, sec. 6.3.
    """
    if sample.nobs <= 1 or (sample.weight_kind == "reliability" and sample.n_rows == 1):
        return None
    w = sample.weight
    centre = float(np.sum(terms if w is None else w * terms)) / sample.nobs
    squares = np.square(terms - centre)
    if w is not None:
        squares = squares * (w if sample.weight_kind == "frequency" else np.square(w))
    return math.sqrt(float(np.sum(squares))) / sample.nobs


def around(value: float, se: float | None) -> tuple[float, float] | None:
    """95 % interval of a normal estimate; None without a standard error."""
    return None if se is None else (value - Z95 * se, value + Z95 * se)


def around_divergence(value: float, se: float | None) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """95 % interval of an estimated divergence, and its flags: near zero only an upper bound is claimed.

    Returns
    -------
    interval : tuple of float or None
        None without a standard error, and where even the upper bound is negative, as a divergence is not.
    flags : tuple of str
        ``indistinguishable_from_zero`` and ``below_zero``, where they are so.
    """
    if se is None or value - _Z_ONE_SIDED * se > 0:
        return around(value, se), ()
    # At zero the estimate fluctuates faster than 1/sqrt(n), so only the upper bound keeps its meaning, roughly.
    upper = value + _Z_ONE_SIDED * se
    if upper > 0:
        return (-math.inf, upper), ("indistinguishable_from_zero",)
    return None, ("indistinguishable_from_zero", "below_zero")  # by chance, or by the bias of few observations


def counts_entropy(sample: Sample, strata: tuple[Array, ...] = ()) -> SampleEntropy:
    r"""Plug-in entropy of counts: :math:`-\sum_k \hat p_k\log\hat p_k`, the entropy of the empirical distribution.

    Parameters
    ----------
    sample : Sample
        Distinct values are cells, or distinct intervals; any values will do.
    strata : tuple of ndarray of shape (n_rows,), optional
        Constants given per row (the number of trials): the entropy is then that of the value *given* them.

    Notes
    -----
    It is low by about (K - 1) / (2 n) for K possible values (Miller 1955); the exact identity of cross-entropy,
    entropy and divergence holds for the plug-in, so nothing is corrected here.
    """
    keys = [*strata, sample.x] if sample.is_exact else [*strata, sample.lower, sample.upper]
    columns = np.column_stack(keys) if len(keys) > 1 else keys[0]
    axis = 0 if columns.ndim > 1 else None
    _, first_row, cell = np.unique(columns, return_index=True, return_inverse=True, axis=axis)
    cell = cell.reshape(-1)
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    mass = np.bincount(cell, weights=weight) / sample.nobs
    share, n_strata = mass, 1
    if strata:
        constants = np.stack([column[first_row] for column in strata], axis=1)
        _, stratum = np.unique(constants, return_inverse=True, axis=0)
        stratum = stratum.reshape(-1)
        share = mass / np.bincount(stratum, weights=mass)[stratum]
        n_strata = int(stratum.max()) + 1
        by_frequency = sample.weight_kind == "frequency"
        observations = sample.nobs * mass if by_frequency else np.bincount(cell).astype(float)
        in_stratum = np.bincount(stratum, weights=observations)
        alone = int(np.count_nonzero(in_stratum <= 1))
        if alone > MOST_ALONE * float(in_stratum.sum()):
            every = "every observation has" if alone == n_strata else f"{alone} of {sample.nobs:g} observations have"
            reason = f"{every} constants that no other one has, and one observation tells no entropy."
            return SampleEntropy(estimate=None, reason=f"{reason} {ALONE_ADVICE}")
    log_share = np.log(share)
    value = 0.0 - math.fsum((mass * log_share).tolist())  # 0, not -0, for a single value
    log_density = log_share[cell]
    se = weighted_se(log_density, sample)
    undersampled = sample.nobs < FEW_PER_CELL * len(mass)
    estimate = Estimate(
        value=value,
        se=se,
        interval=around(value, se),
        method="plug-in" if not strata else "plug-in, given the constants of each row",
        flags=("undersampled",) if undersampled else (),
        reason=None if se is not None else "one observation",
    )
    return SampleEntropy(
        estimate=estimate,
        log_density=log_density,
        cells=Cells(entropy=estimate, first_row=first_row, share=share, mass=mass, n_strata=n_strata),
        ties=1.0 - len(mass) / sample.nobs,
    )


def spacing_entropy(sample: Sample) -> SampleEntropy:
    r"""Differential entropy of measurements, from two-sided spacings of transformed order statistics.

    With y = T(x) in order, m = max(1, round(n^{1/3})), l = max(i - m, 1), h = min(i + m, n) and j = h - l:

    .. math:: \hat H = \frac1n\sum_i\left[\log(y_h - y_l) - \psi(j_i)\right] + \psi(n + 1)
              - \frac1n\sum_i\log|T'(x_i)|

    where T is the logit of data in (0, 1) that pass 1/2, the log of other positive data, and else
    asinh((x - median) / s), s = IQR / 1.349.
    This is the estimator of Ebrahimi, Pflughoeft & Soofi (1994) with the digamma function for the log of j, which makes
    it exact on average for uniform y, on a scale that tames the tails.

    Parameters
    ----------
    sample : Sample
        Exact data. Reliability weights enter through the weight between the ends of each spacing.

    Returns
    -------
    SampleEntropy
        Without an estimate, but with a reason, for tied or rounded data whose spacings say too little.

    Notes
    -----
    T depends on the data alone, so that all models of one data set share one entropy and rank by divergence as they
    rank by likelihood. Rounding to a step d adds an error of variance d²/6 to a spacing s, and so lowers its log by
    about d²/(12 s²): the mean of that is reported as the error, and above `MOST_ROUNDING_ERROR` there is no estimate.
    """
    order = np.argsort(sample.x, kind="stable")
    x = sample.x[order]
    weight = None if sample.weight is None else sample.weight[order]
    distinct = 1 + int(np.count_nonzero(x[1:] != x[:-1]))
    by_frequency = sample.weight_kind == "frequency"
    count = sample.nobs if by_frequency else float(len(x))
    ties = 1.0 - distinct / count

    def unknown(reason: str) -> SampleEntropy:
        return SampleEntropy(estimate=None, ties=max(ties, 0.0), reason=reason)

    if count < 2:
        return unknown("the entropy of a continuous law cannot be estimated from one observation.")
    if weight is not None and by_frequency and np.any(weight != np.floor(weight)):
        return unknown(
            "frequency weights that are not whole numbers leave no spacings between observations; if a weight says "
            'how much a row counts, use Sample(x, weights, "reliability").'
        )
    if distinct == 1:
        return unknown("all observations are equal, so that their law has no density to estimate.")
    tied = ties > MOST_TIES
    step = rounding_step(x) if tied else 0.0
    said = f"{100 * ties:.2g} % of the observations repeat others"
    if tied and step == 0.0:
        return unknown(f"{said}, though they lie on no grid: a continuous law has no ties. {COUNTS_ADVICE}")
    if tied:
        said += f"; the data look rounded to multiples of {step:.6g}"

    repeats = None
    if weight is not None and by_frequency:
        repeats = weight.astype(np.intp)  # few: their sum exceeds the distinct values by the ties only
        if tied and count > 10 * len(x):
            return unknown(f"{said}, so that spacings vanish. {COUNTS_ADVICE}")
        x, weight = np.repeat(x, repeats), None
    n = len(x)
    m = max(1, round(n ** (1 / 3)))
    low = np.maximum(np.arange(n) - m, 0)
    high = np.minimum(np.arange(n) + m, n - 1)
    if np.any(x[high] == x[low]):
        return unknown(f"{said}, so that spacings vanish. {COUNTS_ADVICE}")
    transformed = _transformed(x, low, high)
    if transformed is None:
        return unknown(f"{said}: the interquartile range is 0. {COUNTS_ADVICE}")
    name, log_spacing, log_slope = transformed
    j = high - low
    log_density = special.psi(j) - special.psi(n + 1) - log_spacing + log_slope
    if weight is not None:
        # The weight between the two ends, half of that of each end belonging to it; j for weights of 1.
        upto = np.cumsum(weight) - 0.5 * weight
        log_density += np.log((upto[high] - upto[low]) / (j * (sample.nobs / n)))

    error = None
    flags: list[str] = ["few_observations"] if n < FEW_OBSERVATIONS else []
    if tied:
        flags.append("ties")
        error = float(np.mean(np.square(step / (x[high] - x[low])))) / 12
        if error > MOST_ROUNDING_ERROR:
            return unknown(f"{said}, too coarse for spacings of {n} observations. {COUNTS_ADVICE}")
    back = np.empty(n)
    if repeats is None:
        back[order] = log_density
    else:
        first = np.concatenate([[0], np.cumsum(repeats)])
        means = np.add.reduceat(log_density, first[:-1]) / repeats  # one row stands for its repeats
        back = np.empty(len(repeats))
        back[order] = means
    rows = back if sample.weight is None else sample.weight * back
    value = -float(np.sum(rows)) / sample.nobs
    se = weighted_se(back, sample)
    estimate = Estimate(
        value=value,
        se=se,
        interval=around(value, se),
        error=error,
        method=f"two-sided {m}-spacings of {name}, digamma-corrected",
        flags=tuple(flags),
    )
    return SampleEntropy(estimate=estimate, log_density=back, ties=max(ties, 0.0))


def mixed_entropy(sample: Sample, values: Sequence[float]) -> SampleEntropy:
    """Entropy of measurements of which some values have a probability of their own: of these and of the density.

    It is that of which value it is, or none, by shares; and of the others the one from spacings, times their share.

    Parameters
    ----------
    sample : Sample
        Exact data.
    values : sequence of float
        Values that count as such, one of them among the data.
    """
    unlike = ~np.isin(sample.x, values)
    kind = np.where(unlike, len(values), np.searchsorted(np.asarray(values), sample.x))
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    share = np.bincount(kind, weights=weight, minlength=len(values) + 1) / sample.nobs
    with np.errstate(divide="ignore"):
        log_density = np.log(share)[kind]
    method, ties = "plug-in", 0.0
    error: float | None = None
    flags: tuple[str, ...] = ()
    if unlike.any():
        rows = np.flatnonzero(unlike)
        rest = sample_entropy(sample.take(rows), discrete=False)
        if rest.estimate is None or rest.log_density is None:
            return rest
        log_density[rows] += rest.log_density
        ties, flags, method = rest.ties, rest.estimate.flags, f"shares of the values, and {rest.estimate.method}"
        error = None if rest.estimate.error is None else float(share[-1]) * rest.estimate.error
    value, se = -float(np.sum(weight * log_density)) / sample.nobs, weighted_se(log_density, sample)
    estimate = Estimate(value=value, se=se, interval=around(value, se), error=error, method=method, flags=flags)
    return SampleEntropy(estimate=estimate, log_density=log_density, ties=ties)


def _why_no_cells(sample: Sample, *, discrete: bool, strata: tuple[Array, ...]) -> str | None:
    """Why intervals are not the cells of one table in each stratum; None where they are, being disjoint."""
    lower, upper = sample.lower, sample.upper
    point = lower == upper
    if point.any() and not discrete:
        kind = "right-censored" if np.isposinf(upper).any() else "censored or grouped"
        return (
            f"exact and {kind} observations have no common measure: the divergence of censored measurements is not "
            "identified without a model. The difference of KL between models is exact all the same (delta_ce)."
        )
    if point.any():  # of counts: k is the interval (k - 1, k]
        lower = np.where(point, lower - 1, lower)
    cells = np.unique(np.stack([*strata, lower, upper], axis=1), axis=0)
    same = np.all(cells[:-1, :-2] == cells[1:, :-2], axis=1)
    low, high = cells[:, -2], cells[:, -1]
    with np.errstate(invalid="ignore"):
        overlap = high[:-1] - low[1:]
        narrow = np.fmin(high[:-1] - low[:-1], high[1:] - low[1:])
    # Ends of adjacent cells that were computed, as x ± step / 2, differ by their rounding.
    if np.any(same & (overlap > _ROUNDING_OF_ENDS * narrow)):
        return (
            "the intervals overlap, as where censoring varies from row to row, so they are not the cells of one table. "
            "The difference of KL between models is exact all the same (delta_ce)."
        )
    return None


def _transformed(x: Array, low: Array, high: Array) -> tuple[str, Array, Array] | None:
    """Name of the scale, log of each spacing on it, and log-slope of the map to it; None where it has no scale.

    Differences are taken before logs, so that data far from zero keep their digits.
    """
    gap = x[high] - x[low]
    if x[0] > 0 and 0.5 < x[-1] < 1:
        # logit(b) - logit(a) = log(b/a) + log((1-a)/(1-b))
        spacing = _log_ratio(x[low], x[high], gap) + _log_ratio(1 - x[high], 1 - x[low], gap)
        return "logit x", np.log(spacing), -np.log(x) - np.log1p(-x)
    if x[0] > 0:
        return "log x", np.log(_log_ratio(x[low], x[high], gap)), -np.log(x)
    quartiles = np.quantile(x, [0.25, 0.5, 0.75])
    scale = (quartiles[2] - quartiles[0]) / 1.349
    if not scale > 0:
        return None
    z = (x - quartiles[1]) / scale
    spacing = np.arcsinh(z[high]) - np.arcsinh(z[low])
    return "asinh x", np.log(spacing), -np.log(scale) - np.log(np.hypot(1.0, z))


def _log_ratio(small: Array, large: Array, gap: Array) -> Array:
    """log(large / small), from their difference where they are close."""
    with np.errstate(over="ignore"):
        return np.where(gap < small, np.log1p(gap / small), np.log(large) - np.log(small))


def rounding_step(x: Array) -> float:
    """Largest step of a grid on which all observations lie; 0 where there is none.

    Parameters
    ----------
    x : ndarray of shape (n,)
        In ascending order.

    Notes
    -----
    Euclid's algorithm on the gaps between distinct values, up to the rounding of floats. A step below a thousandth of
    the median gap is no grid but chance.
    """
    gaps = np.unique(np.diff(x[np.concatenate([[True], x[1:] != x[:-1]])]))
    if len(gaps) == 0:
        return 0.0
    slack = 16 * np.finfo(float).eps * max(abs(float(x[0])), abs(float(x[-1])))
    smallest_step = max(1e-3 * float(np.median(gaps)), 2 * slack)
    step = float(gaps[0])
    while step > smallest_step:
        rest = np.abs(gaps - step * np.round(gaps / step))
        off = rest > slack + 1e-9 * step
        if not off.any():
            return step
        step = float(rest[off].min())
    return 0.0


def sample_entropy(sample: Sample, *, discrete: bool, strata: tuple[Array, ...] = ()) -> SampleEntropy:
    """Entropy of a sample: under counting measure (``discrete``, or grouped in disjoint intervals) or Lebesgue measure.

    There is none where the rows share no law, as with a window per row, and where what is known of one observation
    overlaps with what is known of another, as with censored data: the law of those is not identified without a model.
    """
    if sample.window is not None and not sample.has_one_window:
        return SampleEntropy(
            estimate=None,
            reason="the window differs from row to row (delayed entry), so the rows share no law that has an entropy.",
        )
    if strata and not discrete:
        return SampleEntropy(
            estimate=None,
            reason="the law has constants that differ from row to row, so the rows share no density to estimate.",
        )
    if not sample.is_exact:
        reason = _why_no_cells(sample, discrete=discrete, strata=strata)
        return counts_entropy(sample, strata) if reason is None else SampleEntropy(estimate=None, reason=reason)
    if discrete:
        return counts_entropy(sample, strata)
    return spacing_entropy(sample)
