"""Goodness of fit, valid after fitting: every replicate is drawn from the fitted law and fitted again.

Statistics compare the distribution function of the data with that of the law, both of the data at hand:

exact values of a continuous law
    Kolmogorov-Smirnov, Cramer-von Mises and Anderson-Darling statistics in their usual form (Stephens 1974, JASA 69,
    730-737), with shares of weights as steps; under a window, of the law within it.
counts, bins and rounded values
    their discrete forms (Choulakian, Lockhart & Stephens 1994, Canad. J. Statist. 22, 125-137; Arnold & Emerson 2011,
    R Journal 3(2), 34-39).
directions
    those above, of the circle laid out on the line from opposite the fitted middle on, so that neither whole turns nor
    the origin of the angles matter.
values censored on one side
    of the Kaplan-Meier estimate, up to the last observation (Koziol & Green 1976, Biometrika 63, 465-474); with delayed
    entry, from the last time on at which all who were at risk were gone before others came, and given that time.

P-values by parametric bootstrap: Stute, Gonzales Manteiga & Presedo Quindimil (1993), Metrika 40, 243-256.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy import special

from mle_toolkit import notebook, options
from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import MleError, ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.families.base import Family
from mle_toolkit.families.circular import Circular, laid_out
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.empirical import product_limit
from mle_toolkit.inference.mechanism import one_sided, right_censored_view
from mle_toolkit.inference.resampling import Measure, Replicator
from mle_toolkit.inference.residuals import before_jumps, cumulative, residuals
from mle_toolkit.likelihood.model import Model

Statistic = Literal["ad", "ks", "cvm", "chi2", "g"]

_NAMES = {
    "ad": "Anderson-Darling",
    "ks": "Kolmogorov-Smirnov",
    "cvm": "Cramer-von Mises",
    "chi2": "chi-squared",
    "g": "G",
}

_LEAST_EXPECTED = 5.0
"""Expected observations a cell of chi-squared and G, at least (Cochran 1954, Biometrics 10, 417-451)."""

_SAME = 1e-10
"""Relative distance at which two statistics are tied: replicates of counts often are."""


@dataclass(frozen=True, kw_only=True)
class GoodnessOfFit:
    """How far the data are from the fitted law, and how often data of that law are as far.

    Attributes
    ----------
    statistic : float
        0 where data and law agree; larger is worse.
    p_value : float
        Share of the replicates whose statistic is at least as large, the sample counted as one of them.
    p_error : float
        Monte Carlo standard error of the p-value.
    n_resamples : int
        Replicates that were used; fewer than were asked for where sequential stopping ended the test.
    method : str
        Which statistic, of which distribution functions.
    notes : tuple of str
        What there is to say of replicates without an ordinary maximum.
    """

    statistic: float
    p_value: float
    p_error: float
    n_resamples: int
    method: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.method}: {self.statistic:.4g}, p = {self.p_value:.4f} ± {self.p_error:.4f}"
        return "; ".join((f"{text} ({self.n_resamples} refitted replicates)", *self.notes))

    def _repr_html_(self) -> str:
        row = (self.method, f"{self.statistic:.4g}", f"{self.p_value:.4f} ± {self.p_error:.4f}", self.n_resamples)
        return notebook.table(("", "statistic", "p-value", "refitted replicates"), [row], self.notes)


def goodness_of_fit(
    maximum: Maximum,
    sample: Sample,
    statistic: Statistic = "ad",
    n_resamples: int = 999,
    rng: Any = None,
    stop_after: int | None = None,
    workers: int | None = None,
) -> GoodnessOfFit:
    """Test whether the data may come from the fitted law.

    Parameters
    ----------
    maximum : Maximum
    sample : Sample
        What it is the maximum for.
    statistic : {"ad", "ks", "cvm", "chi2", "g"}
        Anderson-Darling, Kolmogorov-Smirnov, Cramer-von Mises; Pearson's chi-squared or the likelihood-ratio statistic
        G on cells: bins, counts, or cells of equal probability under the law (Moore 1986), joined where fewer than
        five observations are expected.
    n_resamples : int
        Number of replicates, at most.
    rng : None, int, SeedSequence, BitGenerator or Generator
    stop_after : int, optional
        Stop at the replicate that is the ``stop_after``-th to reach the statistic (Besag & Clifford 1991, Biometrika
        78, 301-304): a fit that is good needs few replicates to be seen as such. By default all are drawn.
    workers : int, optional
        Processes; by default this one. The result is the same for any number.

    Raises
    ------
    ParameterError
        If the statistic is unknown, or not defined for the form of the data; or that form does not say how to draw from
        the law.
    """
    statistic = options.choice(statistic, "statistic", get_args(Statistic))
    n_resamples, workers = options.whole(n_resamples, "n_resamples", 1), options.workers(workers)
    stop_after = None if stop_after is None else options.whole(stop_after, "stop_after", 1)
    if sample.is_multivariate:
        raise ParameterError("goodness of fit: the observations are vectors, which have no order.")
    replicator = Replicator(maximum, sample, "parametric")
    law = replicator.law
    measure, form = _measure_of(statistic, law, sample)
    observed = measure(law, sample)
    if not math.isfinite(observed):
        raise ParameterError(
            f'goodness of fit: the statistic "{statistic}" is not finite: no event was observed, or an observation is '
            f"at the end of the support of {law.family.name}, to which Anderson-Darling gives infinite weight; "
            f'use "cvm" or "ks".'
        )
    used, reached, failed, at_boundary = 0, 0, 0, 0
    chunks = replicator.chunks(n_resamples, rng)
    results = replicator.run(_Work(replicator, measure), chunks, workers, "goodness of fit")
    for values, n_boundary in results:
        known = values[~np.isnan(values)]
        failed += len(values) - len(known)
        at_boundary += n_boundary
        exceed = np.cumsum(known >= observed - _SAME * abs(observed)) + reached
        if stop_after is not None and len(exceed) and exceed[-1] >= stop_after:
            used += int(np.argmax(exceed >= stop_after)) + 1
            reached = stop_after
            results.close()
            break
        used += len(known)
        reached = int(exceed[-1]) if len(exceed) else reached
    if used == 0:
        raise MleError(f"goodness of fit: none of {n_resamples} replicates has a maximum, so there is no p-value.")
    notes = []
    if failed:
        notes.append(f"{failed} replicates have no certified maximum and are left out")
    if at_boundary:
        notes.append(f"{at_boundary} replicates ended at the boundary of the parameter space")
    # Errors of a binomial and of a negative binomial share, with one replicate more that does not reach the statistic:
    # else a share of one would claim to be exact.
    if stop_after is not None and reached == stop_after:
        p_value = reached / used
        share = reached / (used + 1)
        p_error = share * math.sqrt((1 - share) / reached)
        notes.append(f"stopped after {stop_after} replicates reached the statistic")
    else:
        p_value = (reached + 1) / (used + 1)
        share = (reached + 1) / (used + 2)
        p_error = math.sqrt(share * (1 - share) / (used + 1))
    return GoodnessOfFit(
        statistic=observed,
        p_value=p_value,
        p_error=p_error,
        n_resamples=used,
        method=f"{_NAMES[statistic]} {form}",
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class _Work:
    """One chunk of replicates, for any process."""

    replicator: Replicator
    measure: Measure

    def __call__(self, count: int, seed: np.random.SeedSequence) -> tuple[Array, int]:
        return self.replicator.statistic_chunk(self.measure, count, seed)


def _measure_of(statistic: Statistic, law: Distribution, sample: Sample) -> tuple[Measure, str]:
    """How to compute a statistic, on the line or on the circle."""
    if not isinstance(law.family, Circular):
        return _measure(statistic, law, sample)
    if sample.window is not None and not sample.has_one_window:
        raise ParameterError(
            "goodness of fit: windows of each row leave directions no common law; look at the residuals instead."
        )
    line, angles = laid_out(law, sample)
    measure, form = _measure(statistic, line, angles)
    # Cells stay where they are for all replicates; distribution functions begin opposite the middle of each.
    origin = line.family.support.lower if statistic in ("chi2", "g") or sample.window is not None else None
    return _OnCircle(measure, origin), form


@dataclass(frozen=True)
class _OnCircle(Measure):
    """A statistic of directions, which are laid out on the line."""

    measure: Measure
    origin: float | None

    def __call__(self, law: Distribution, sample: Sample) -> float:
        return self.measure(*laid_out(law, sample, self.origin))

    def together(self, family: Family, theta: Array, x: Array) -> Array | None:
        """Statistics of exact samples, one a row."""
        return self.measure.together(family, theta, x)


def _measure(statistic: Statistic, law: Distribution, sample: Sample) -> tuple[Measure, str]:
    """How to compute a statistic for data of the form of a sample, and what it compares."""
    if isinstance(law.family, Model) and statistic not in ("chi2", "g"):
        return _OnResiduals(statistic), "of quantile residuals"
    cells = not sample.is_exact and not one_sided(sample)
    if statistic in ("chi2", "g"):
        if (
            not (sample.is_exact or cells)
            or law.family.per_row
            or (sample.window is not None and not sample.has_one_window)
        ):
            raise ParameterError(
                f'goodness of fit: "{statistic}" needs cells that all observations share, which censoring, windows and '
                f'constants of each row do not leave; use "ad", "cvm" or "ks".'
            )
        return _OnCells(statistic, _chi_squared_edges(law, sample)), "on cells"
    censored = not sample.is_exact and not cells
    windows = sample.window is not None and not sample.has_one_window
    if law.family.per_row or (windows and not censored and (cells or law.family.discrete)):
        raise ParameterError(
            "goodness of fit: constants or windows of each row leave counts and bins no common law; "
            "look at the residuals instead."
        )
    if censored:
        *_, sign, start = _estimable(sample)
        given = "" if np.isneginf(start) else f", given {'more' if sign > 0 else 'less'} than {sign * start:g}"
        return _OnKaplanMeier(statistic), f"of the Kaplan-Meier estimate{given}"
    if cells:
        return _OnTable(statistic), "on bins"
    if law.family.atoms:
        return _OnMixed(statistic), "of the values"
    return (_OnTable(statistic), "on counts") if law.family.discrete else (_OnValues(statistic), "of the values")


# --- exact values of a continuous law ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _OnValues(Measure):
    """Statistics of probability integral transforms, which are uniform."""

    statistic: Statistic

    def __call__(self, law: Distribution, sample: Sample) -> float:
        log_u, log_v = cumulative(law, sample.x, sample)
        order = np.lexsort((-log_v, log_u))  # far in the upper tail only the latter tells them apart
        steps = np.ones(sample.n_rows) if sample.weight is None else sample.weight[order]
        return float(uniform_distance(self.statistic, log_u[order], log_v[order], steps / sample.nobs, sample.nobs))

    def together(self, family: Family, theta: Array, x: Array) -> Array | None:
        """Statistics of many samples, where the distribution function takes a parameter for each of them."""
        if not family.all_scalar or (family.to_scipy is None and (family.logcdf is None or family.logsf is None)):
            return None
        x, n = np.sort(x, axis=1), x.shape[1]
        law = Distribution.at(family, tuple(theta.T[:, :, None]))
        try:
            log_u, log_v = law.logcdf(x), law.logsf(x)
        except (ValueError, TypeError):  # what code for numbers does with arrays
            return None
        if log_u.shape != x.shape or log_v.shape != x.shape:
            return None
        if family.period is not None:  # on the turn of each law the order of the angles is another
            log_u, log_v = np.sort(log_u, axis=1), -np.sort(-log_v, axis=1)
        values = np.asarray(uniform_distance(self.statistic, log_u, log_v, np.full(n, 1.0 / n), float(n)))
        known = np.flatnonzero(np.isfinite(theta).all(axis=1))[:1]
        alone = [self(Distribution.at(family, family.unpack(theta[k])), Sample(x[k])) for k in known]
        # Code that picks a branch by one parameter may answer wrongly for many.
        return values if np.allclose(values[known], alone, rtol=1e-9, atol=0.0, equal_nan=True) else None


def uniform_distance(statistic: Statistic, log_u: Array, log_v: Array, steps: Array, nobs: float) -> Array:
    """Distance of a step function from the uniform law, where the steps sum to one.

    Parameters
    ----------
    statistic : {"ad", "ks", "cvm"}
    log_u, log_v : ndarray of shape (..., n)
        Logs of the places of the steps, in order, and of one minus them.
    steps : ndarray of shape (n,)
        Heights.
    nobs : float
        Number of observations.

    Returns
    -------
    ndarray of shape (...)
    """
    after = np.cumsum(steps)
    before = np.concatenate([[0.0], after[:-1]])
    if statistic == "ad":
        # n times the integral of (steps - u)^2 / (u (1 - u)), piece by piece.
        falls = (after - before) * (after + before) * log_u
        rises = (after - before) * (2.0 - after - before) * log_v
        return np.asarray(-nobs * (1.0 + np.sum(falls + rises, axis=-1)))
    u = np.exp(log_u)
    if statistic == "ks":
        return np.asarray(np.maximum(np.max(after - u, axis=-1), np.max(u - before, axis=-1)))
    gaps = np.square(u - 0.5 * (after + before)) + steps**2 / 12
    return np.asarray(nobs * np.sum(steps * gaps, axis=-1))


@dataclass(frozen=True)
class _OnResiduals(Measure):
    """Statistics of randomised quantile residuals, for laws that differ from row to row and data of any form.

    What is drawn at random is the same for the data and all replicates.
    """

    statistic: Statistic

    def __call__(self, law: Distribution, sample: Sample) -> float:
        if sample.weight is not None and sample.weight_kind == "frequency":
            rows = np.repeat(np.arange(sample.n_rows), sample.weight.astype(np.intp))
            sample = sample.take(rows).reweighted(np.ones(len(rows)))
            law = Distribution.at(law.family.given(sample.known), law.in_order)
        found = residuals(law, sample, rng=0)
        order = np.argsort(found, kind="stable")
        steps = np.ones(len(found)) if sample.weight is None else sample.weight[order]
        log_u, log_v = special.log_ndtr(found[order]), special.log_ndtr(-found[order])
        return float(uniform_distance(self.statistic, log_u, log_v, steps / sample.nobs, sample.nobs))


@dataclass(frozen=True)
class _OnMixed(Measure):
    """Statistics of exact values of a law that gives some of them a probability: integrals over its own measure.

    Between observations the empirical distribution function has one height, and the law rises from after the one to
    before the next; a jump of the law is one term, as of a count.
    """

    statistic: Statistic

    def __call__(self, law: Distribution, sample: Sample) -> float:
        values = np.union1d(sample.x, law.family.atoms)
        seen = np.cumsum(np.bincount(np.searchsorted(values, sample.x), _weights(sample), len(values)))
        alone = Sample(values)
        if sample.window is not None:
            alone = alone.truncated(sample.window[0][0], sample.window[1][0])
        after, before = (np.exp(f(law, values, alone)[0]) for f in (cumulative, before_jumps))
        heights = np.concatenate([[0.0], seen / seen[-1]])
        return _stepwise_distance(self.statistic, heights, after, before, sample.nobs)


# --- one-sided censoring ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _OnKaplanMeier(Measure):
    """Distances between the Kaplan-Meier estimate and the law, up to the last observation."""

    statistic: Statistic

    def __call__(self, law: Distribution, sample: Sample) -> float:
        time, event, weight, entry, sign, _ = _estimable(sample)
        if not event.any():
            return math.nan
        nobs = float(np.sum(weight))
        limit = product_limit(time, event, weight, entry)
        points, heights = limit.points, np.concatenate([[0.0], 1.0 - limit.survival])

        def below(t: Array) -> Array:
            return law.cdf(t) if sign > 0 else law.sf(-t if not law.family.discrete else -t - 1)

        def above(t: Array) -> Array:
            return law.sf(t) if sign > 0 else law.cdf(-t if not law.family.discrete else -t - 1)

        # Given what could be seen at all: later than the first entry, from which on 1 - F keeps the digits.
        first = np.asarray(np.min(entry))
        late = bool(np.isfinite(first)) and float(below(first)) > 0
        left = float(above(first)) if late else 1.0
        if left == 0:
            return math.nan

        def seen_below(t: Array) -> Array:
            return 1.0 - above(t) / left if late else below(t)

        ends = np.append(points, np.max(time))
        if law.family.discrete:
            ends = np.unique(np.concatenate([ends, ends - 1]))
            seen = heights[np.searchsorted(points, ends, side="right")]
            return _discrete_distance(self.statistic, seen, seen_below(ends), nobs)
        after = seen_below(ends)
        jump = np.where(np.isin(sign * ends, law.family.atoms), law.pdf(sign * ends), 0.0) / left
        after, before = (after, after - jump) if sign > 0 else (after + jump, after)
        return _stepwise_distance(self.statistic, heights, after, before, nobs)


def _stepwise_distance(statistic: Statistic, heights: Array, after: Array, before: Array, nobs: float) -> float:
    """Distance of a step function from a distribution function, which may jump where the steps are.

    Parameters
    ----------
    heights : ndarray of shape (m,)
        Of the step function: before the first of its steps, after that, and so on.
    after, before : ndarray of shape (n,)
        The distribution function at the end of each height, with the probability of the end itself and without; if
        there is one height more, the last goes on to 1.
    """
    high = np.append(before, 1.0)[: len(heights)]
    low = np.concatenate([[0.0], after])[: len(heights)]
    jumps = np.flatnonzero(after[: len(heights) - 1] > before[: len(heights) - 1])
    u, gap, share = after[jumps], heights[jumps + 1] - after[jumps], (after - before)[jumps]
    if statistic == "ks":
        return float(np.max(np.abs(np.concatenate([high - heights, low - heights, gap]))))
    if statistic == "cvm":
        pieces = ((high - heights) ** 3 - (low - heights) ** 3) / 3
        return float(nobs * (np.sum(pieces) + np.sum(gap**2 * share)))
    # The integral of (height - u)^2 / (u (1 - u)) on each piece; neither log counts where its factor is 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(heights > 0, heights**2 * (np.log(high) - np.log(low)), 0.0)
        right = np.where(heights < 1, (1 - heights) ** 2 * (np.log1p(-high) - np.log1p(-low)), 0.0)
        pieces = np.where(high > low, left - right - (high - low), 0.0)
        steps = np.where(gap == 0, 0.0, gap**2 * share / (u * (1 - u)))
    return float(nobs * (np.sum(pieces) + np.sum(steps)))


def _estimable(sample: Sample) -> tuple[Array, Mask, Array, Array, float, float]:
    """The rows of a `right_censored_view` from after the last collapse of its product-limit estimate, and that time."""
    time, event, weight, entry, sign = right_censored_view(sample)
    start = product_limit(time, event, weight, entry).collapse if event.any() else -np.inf
    later = time > start
    return time[later], event[later], weight[later], np.maximum(entry[later], start), sign, start


# --- counts and bins --------------------------------------------------------------------------------------------------


def _probability_below(law: Distribution, ends: Array, sample: Sample) -> Array:
    """Distribution function of the law, within the window if there is one."""
    below = law.cdf(ends)
    if sample.window is None:
        return below
    low, high = (float(end[0]) for end in sample.window)
    first, last = law.cdf(np.array([low, high])).tolist()
    return np.asarray((np.minimum(np.maximum(below, first), last) - first) / (last - first))


def _weights(sample: Sample) -> Array:
    return np.ones(sample.n_rows) if sample.weight is None else sample.weight


@dataclass(frozen=True)
class _OnTable(Measure):
    """Discrete forms of the statistics.

    Cells end at the observed values and just before each of them, so that a run of counts that nobody has is one cell;
    bins are cells as they are. What lies below and above all observations are two cells more.
    """

    statistic: Statistic

    def __call__(self, law: Distribution, sample: Sample) -> float:
        upper, weight = sample.upper, _weights(sample)
        before = upper - 1.0 if sample.is_exact else sample.lower
        ends = np.unique(np.concatenate([upper, before]))
        ends = ends[np.isfinite(ends)]
        place = np.searchsorted(ends, upper)
        seen = np.cumsum(np.bincount(place, weight, len(ends) + 1))[: len(ends)] / sample.nobs
        below = _probability_below(law, ends, sample)
        return _discrete_distance(self.statistic, seen, below, sample.nobs)


def _discrete_distance(statistic: Statistic, seen: Array, below: Array, nobs: float) -> float:
    """Distance of two distribution functions that are known at the ends of cells."""
    share, gap = np.diff(below, prepend=0.0), seen - below
    if statistic == "ks":
        return float(np.max(np.abs(gap)))
    if statistic == "cvm":
        return float(nobs * np.sum(gap**2 * share))
    spread = below * (1 - below)
    counted = gap != 0  # where the law has reached 0 or 1 with the data there is no gap
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = gap[counted] ** 2 * share[counted] / spread[counted]
    return float(nobs * np.sum(terms[share[counted] > 0]))


@dataclass(frozen=True)
class _OnCells(Measure):
    """Pearson's chi-squared and the likelihood-ratio statistic, on cells that stay the same for all replicates."""

    statistic: Statistic
    edges: Array

    def __call__(self, law: Distribution, sample: Sample) -> float:
        middle = sample.upper
        if not sample.is_exact:  # the ends of a rounded value are subject to rounding themselves
            bounded = np.isfinite(sample.lower) & np.isfinite(sample.upper)
            middle = np.where(bounded, 0.5 * (sample.lower + sample.upper), sample.upper)
        observed = np.bincount(np.searchsorted(self.edges, middle), _weights(sample), len(self.edges) + 1)
        below = _probability_below(law, self.edges, sample)
        expected = sample.nobs * np.diff(np.concatenate([[0.0], below, [1.0]]))
        some = observed > 0
        with np.errstate(divide="ignore"):
            if self.statistic == "g":
                return float(2 * np.sum(observed[some] * np.log(observed[some] / expected[some])))
            cells = some | (expected > 0)
            return float(np.sum((observed[cells] - expected[cells]) ** 2 / expected[cells]))


def _chi_squared_edges(law: Distribution, sample: Sample) -> Array:
    """Inner ends of the cells.

    Raises
    ------
    ParameterError
        If fewer than two cells have five expected observations.
    """
    if sample.is_exact and not law.family.discrete:
        # Mann & Wald (1942) as halved by Moore (1986) in D'Agostino & Stephens, Goodness-of-Fit Techniques, p. 70.
        cells = min(math.ceil(2 * sample.nobs**0.4), int(sample.nobs // _LEAST_EXPECTED))
        levels = np.arange(1, max(cells, 1)) / max(cells, 1)
        if sample.window is not None:
            low, high = law.cdf(np.array([sample.window[0][0], sample.window[1][0]])).tolist()
            levels = low + levels * (high - low)
        edges = np.unique(law.ppf(levels))
    else:
        ends = np.concatenate([sample.upper, sample.upper - 1.0 if sample.is_exact else sample.lower])
        if sample.is_exact:
            ends = np.arange(np.min(ends), np.max(ends) + 1) if np.ptp(ends) < 10 * sample.nobs else ends
        ends = np.unique(ends[np.isfinite(ends)])
        below = sample.nobs * _probability_below(law, ends, sample)
        kept: list[int] = []
        reached = 0.0
        for k, expected in enumerate(below.tolist()):
            if expected - reached >= _LEAST_EXPECTED and sample.nobs - expected >= _LEAST_EXPECTED:
                kept.append(k)
                reached = expected
        edges = ends[kept]
    if len(edges) < 1:
        raise ParameterError(
            f"goodness of fit: {sample.nobs:g} observations leave fewer than two cells in which "
            f'{_LEAST_EXPECTED:g} are expected; use "ad", "cvm" or "ks".'
        )
    return np.asarray(edges)
