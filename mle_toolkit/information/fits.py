"""What a fit says of information: its report, from the log-densities of its rows and the entropy of its data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, InformationUnit
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.families.base import Family
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.model_free import (
    FEW_PER_CELL,
    Cells,
    SampleEntropy,
    around,
    around_divergence,
    mixed_entropy,
    sample_entropy,
    weighted_se,
)
from mle_toolkit.information.neighbours import neighbour_entropy
from mle_toolkit.information.report import InformationReport

if TYPE_CHECKING:
    import pandas as pd

HEAVY_SHARE = 0.5
"""Share of the variance of the terms that their largest hundredth may have; it is near 0.15 for terms like squares of
normals, and above 0.5 the standard error is too small (coverage below 0.9: a normal law fitted to t with 5 df)."""

LEAST_EXPECTED = 5.0
"""Expected count of a cell below which the chi-squared law of G is rough."""

_SHARE_OF_FEW, _NEXT_TO_NONE = 0.2, 1.0
"""Share of the cells that may expect fewer than that, and what the least must expect, for it to be used (Cochran 1954).
"""

_NEAR_ZERO = 1e-3
"""p-value of G above which the interval of a divergence comes from the noncentral chi-squared law."""


class FitLike(Protocol):
    """What is asked of a fit by those who report on it; `Fit` is one."""

    @property
    def family(self) -> Family: ...  # noqa: D102
    @property
    def params(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def bse(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def fixed(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def weight_kind(self) -> str: ...  # noqa: D102
    @property
    def sample(self) -> Sample: ...  # noqa: D102
    @property
    def nobs(self) -> float: ...  # noqa: D102
    @property
    def llf(self) -> float: ...  # noqa: D102
    @property
    def df_model(self) -> int: ...  # noqa: D102
    @property
    def cross_entropy(self) -> float: ...  # noqa: D102
    @property
    def optimism(self) -> float: ...  # noqa: D102
    @property
    def aic(self) -> float: ...  # noqa: D102
    @property
    def aicc(self) -> float: ...  # noqa: D102
    @property
    def bic(self) -> float: ...  # noqa: D102
    @property
    def tic(self) -> float: ...  # noqa: D102
    @property
    def certificate(self) -> Certificate: ...  # noqa: D102
    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame: ...  # noqa: D102
    def information(self, unit: InformationUnit = "nat") -> InformationReport: ...  # noqa: D102
    def logpdf_rows(self) -> Array: ...  # noqa: D102
    def se_of_cross_entropy(self) -> float: ...  # noqa: D102


def entropy_for(family: Family, sample: Sample) -> SampleEntropy:
    """Entropy of a sample as the fits of a family need it: by counts, spacings or neighbours, given what is known."""
    if family.multivariate and not family.discrete:
        return neighbour_entropy(sample)
    if family.atoms and sample.is_exact and np.any(np.isin(sample.x, family.atoms)):
        return mixed_entropy(sample, family.atoms)
    return sample_entropy(sample, discrete=family.discrete, strata=family.strata(sample))


def information_report(fit: FitLike, entropy: SampleEntropy | None = None) -> InformationReport:
    """Report cross-entropy, entropy of the data and divergence of a fit, in nats.

    Parameters
    ----------
    fit : Fit
        With its data.
    entropy : SampleEntropy, optional
        That of the same data, where it is known already; see `entropy_for`.

    Notes
    -----
    The standard error of the divergence is that of the mean of log p(x) - log q(x), p being the estimated density. The
    estimates inside q do not add to it, as the mean score at a maximum is zero.
    """
    sample = fit.sample
    if not sample.in_memory:
        return _report_by_blocks(fit)
    if entropy is None:
        entropy = entropy_for(fit.family, sample)
    log_q = np.asarray(fit.logpdf_rows())
    flags: list[str] = []
    verdict = fit.certificate.verdict
    if not fit.certificate.ok:
        flags.append("not_certified")
    elif verdict is Verdict.BOUNDARY:
        flags.append("boundary")
    if _is_heavy(log_q, sample):
        flags.append("heavy_tailed_terms")
    cross_entropy = _cross_entropy(fit, log_q, sample, heavy="heavy_tailed_terms" in flags)
    common: dict[str, Any] = {"nobs": fit.nobs, "nll": 0.0 - fit.llf, "cross_entropy": cross_entropy}
    optimism = fit.optimism / fit.nobs
    known_optimism = None if math.isnan(optimism) or verdict is Verdict.NON_REGULAR else optimism
    reasons: dict[str, str] = {}
    if known_optimism is None:
        reasons["kl_predictive"] = (
            "the optimism of parameters without standard errors does not follow from the information."
            if verdict is Verdict.NON_REGULAR
            else "the information is singular, so the optimism is not known."
        )

    if entropy.estimate is None or entropy.log_density is None:
        reason = str(entropy.reason)
        reasons = {"entropy": reason, "kl": reason, "kl_predictive": reason}
        if entropy.ties > 0:
            flags.append("ties")
        return InformationReport(
            **common,
            entropy=None,
            kl=None,
            optimism=known_optimism,
            kl_predictive=None,
            flags=tuple(flags),
            reasons=reasons,
        )
    flags += entropy.estimate.flags
    terms = entropy.log_density - log_q
    test: dict[str, Any] = {}
    of_closest = False
    by_cells = entropy.cells is not None
    if entropy.cells is not None:
        kl, test, of_closest = _divergence_of_counts(fit, entropy.cells, log_q, terms, flags)
    else:
        gap = cross_entropy.value - entropy.estimate.value
        kl = _divergence_of_measurements(gap, terms, sample, entropy.estimate)
        flags += [flag for flag in kl.flags if flag not in flags]
    predictive = None if known_optimism is None else _predictive(kl, known_optimism, of_closest=of_closest)
    if test.get("g_statistic") is None and by_cells:
        reasons["g_statistic"] = "reliability weights are not numbers of observations, so G has no chi-squared law."
    elif by_cells and test["g_pvalue"] is None:
        reasons["g_pvalue"] = (
            f"there are fewer than {FEW_PER_CELL:.0f} observations a cell, or too few cells in which the law expects "
            'as many, for the chi-squared law of G; goodness_of_fit("g") has a p-value from replicates.'
            if not {"saturated", "few_cells"} & set(kl.flags)
            else "the law has as many free parameters as cells, so nothing is left to test."
        )
    return InformationReport(
        **common,
        entropy=entropy.estimate,
        kl=kl,
        optimism=known_optimism,
        kl_predictive=predictive,
        flags=tuple(dict.fromkeys(flags)),
        reasons=reasons,
        **test,
    )


def _cross_entropy(fit: FitLike, log_q: Array, sample: Sample, *, heavy: bool) -> Estimate:
    value = fit.cross_entropy + 0.0  # a log-likelihood of 0 makes it -0
    se = weighted_se(log_q, sample)
    return Estimate(
        value=value,
        se=se,
        interval=around(value, se),
        method="exact: nll / nobs",
        flags=("heavy_tailed_terms",) if heavy else (),
        reason=None if se is not None else "one observation",
    )


def _predictive(kl: Estimate, optimism: float, *, of_closest: bool) -> Estimate:
    """The divergence from new data of the same source.

    An interval from the noncentral chi-squared law is of the divergence of the closest law, below which that of the
    fitted one cannot be; the others are centred on the divergence that is corrected.
    """
    shift, interval = 0.0 if of_closest else optimism, kl.interval
    return replace(
        kl,
        value=kl.value + optimism,
        interval=None if interval is None else (interval[0] + shift, interval[1] + optimism),
        method=f"{kl.method}; plus optimism tr(J⁻¹K)/n",
    )


def _report_by_blocks(fit: FitLike) -> InformationReport:
    """Report of data that are not held in memory, whose entropy needs them in order; each number is a pass at most."""
    value = fit.cross_entropy + 0.0
    verdict = fit.certificate.verdict
    flags = [] if fit.certificate.ok else ["not_certified"]
    if verdict is Verdict.BOUNDARY:
        flags.append("boundary")
    why = (
        "the entropy of measurements is estimated from their spacings, which needs all of them in memory; that of a "
        "subsample is entropy(sample=...sketch())."
    )
    reasons = dict.fromkeys(("entropy", "kl", "kl_predictive"), why)
    se: float | None = None
    optimism: float | None = None
    try:
        se = fit.se_of_cross_entropy()
        optimism = fit.optimism / fit.nobs
    except DataError as error:  # a stream that can be read only once, or a law without a score
        reasons["cross_entropy_se" if se is None else "optimism"] = str(error)
    if optimism is not None and (math.isnan(optimism) or verdict is Verdict.NON_REGULAR):
        optimism = None
    return InformationReport(
        nobs=fit.nobs,
        nll=0.0 - fit.llf,
        cross_entropy=Estimate(
            value=value,
            se=se,
            interval=around(value, se),
            method="exact: nll / nobs",
            reason=None if se is not None else reasons.get("cross_entropy_se", "one observation"),
        ),
        entropy=None,
        kl=None,
        optimism=optimism,
        kl_predictive=None,
        flags=tuple(flags),
        reasons=reasons,
    )


def _divergence_of_measurements(value: float, terms: Array, sample: Sample, entropy: Estimate) -> Estimate:
    se = weighted_se(terms, sample)
    interval, flags = around_divergence(value, se)
    if _is_heavy(terms, sample):
        flags = (*flags, "heavy_tailed_terms")
    return Estimate(
        value=value,
        se=se,
        interval=interval,
        error=entropy.error,
        method=f"cross-entropy minus entropy from {entropy.method}",
        flags=(*entropy.flags, *flags),
        reason=None if se is not None else "one observation",
    )


def _divergence_of_counts(
    fit: FitLike, cells: Cells, log_q: Array, terms: Array, flags: list[str]
) -> tuple[Estimate, dict[str, Any], bool]:
    """Divergence of the empirical distribution, exact, with the likelihood-ratio test; adds to ``flags``.

    Last comes whether the interval is of the divergence of the closest law, by the noncentral chi-squared law.
    """
    sample = fit.sample
    value = fit.cross_entropy + 0.0 - cells.entropy.value
    cell_log_q = log_q[cells.first_row]
    direct = math.fsum((cells.mass * (np.log(cells.share) - cell_log_q)).tolist())
    se = weighted_se(terms, sample)
    interval = around(value, se)
    reason = None if se is not None else "one observation"
    own: list[str] = ["heavy_tailed_terms"] if _is_heavy(terms, sample) else []
    test: dict[str, Any] = {"kl_direct": direct}
    of_closest = False
    if sample.weight_kind == "frequency":
        n_cells, declared = _possible(fit.family, sample, cells)
        df = n_cells - cells.n_strata - fit.df_model
        g = 2.0 * fit.nobs * direct
        test |= {"g_statistic": g, "g_df": max(df, 0), "g_pvalue": None}
        expected = fit.nobs * cells.mass / cells.share * np.exp(cell_log_q)
        if np.any(expected < LEAST_EXPECTED):
            own.append("expected_counts_below_5")
        if not declared:
            own.append("cells_from_data")
        sparse = np.mean(expected < LEAST_EXPECTED) > _SHARE_OF_FEW or np.any(expected < _NEXT_TO_NONE)
        rough = fit.nobs < FEW_PER_CELL * n_cells or sparse
        if df > 0:
            p = float(special.chdtrc(df, max(g, 0.0)))  # a G of -1e-16 is 0 up to rounding
            test["g_pvalue"] = None if rough else p
            if p >= 0.05:
                own.insert(0, "indistinguishable_from_zero")
            if interval is None or interval[0] <= 0 or p >= _NEAR_ZERO:
                low, high = _noncentrality_interval(max(g, 0.0), df)
                interval = (low / (2 * fit.nobs), high / (2 * fit.nobs))
                of_closest = True
        elif declared:
            own.insert(0, "saturated")
            se, interval, reason = None, None, "the law has as many free parameters as cells, so it fits any sample"
        else:
            own.insert(0, "few_cells")
    flags += own
    return (
        Estimate(
            value=value,
            se=se,
            interval=interval,
            method="exact: cross-entropy minus plug-in entropy" + ("" if sample.is_exact else " of the intervals"),
            flags=(*cells.entropy.flags, *own),
            reason=reason,
        ),
        test,
        of_closest,
    )


def _possible(family: Family, sample: Sample, cells: Cells) -> tuple[int, bool]:
    """How many values, or intervals, are possible, and whether that is known; else how many were observed."""
    support = family.support
    low, high = support.lower, support.upper
    if family.discrete and np.isfinite(low):
        low -= 1.0  # a count k is the interval (k - 1, k]
    if sample.window is not None:
        low, high = max(low, float(sample.window[0][0])), min(high, float(sample.window[1][0]))
    if family.per_row:
        return len(cells.mass), False
    if sample.is_exact:
        if family.discrete and np.isfinite(low) and np.isfinite(high):
            return int(np.floor(high) - np.floor(low)), True
        return len(cells.mass), False
    left, right = sample.lower[cells.first_row], sample.upper[cells.first_row]
    left = np.where(left == right, left - 1.0, left)
    order = np.argsort(left)
    left, right = np.maximum(left[order], low), np.minimum(right[order], high)
    # Only intervals that leave no gap are all there are: an empty bin beside them would be another.
    adjacent = np.all(np.abs(left[1:] - right[:-1]) <= 1e-6 * (right[1:] - left[:-1]))
    return len(left), bool(left[0] <= low and right[-1] >= high and adjacent)


def _noncentrality_interval(g: float, df: int) -> tuple[float, float]:
    """Noncentralities of the chi-squared law that make ``g`` its 0.975 and its 0.025 quantile; 0 where none does."""
    from scipy import optimize

    def solve(p: float) -> float:
        def excess(noncentrality: float) -> float:
            return float(special.chndtr(g, df, noncentrality)) - p

        if excess(0.0) <= 0:
            return 0.0
        high = max(g, 1.0)
        while excess(high) > 0:
            high *= 2
        return float(optimize.brentq(excess, 0.0, high, xtol=1e-12, rtol=1e-12))

    return solve(0.975), solve(0.025)


def _is_heavy(terms: Array, sample: Sample) -> bool:
    """Whether the largest hundredth of the terms has most of their variance, so that its estimate is too small."""
    if sample.nobs < 50 or sample.weight_kind == "reliability":
        return False
    weight = sample.weight
    centre = float(np.sum(terms if weight is None else weight * terms)) / sample.nobs
    squares = np.square(terms - centre)
    total = float(np.sum(squares if weight is None else weight * squares))
    if not total > 0:
        return False
    count = len(squares)
    if weight is None:  # no more than the largest hundredth need be in order
        squares = np.partition(squares, count - 1 - count // 100)[count - 1 - count // 100 :]
    order = np.argsort(squares)[::-1]
    largest = squares[order]
    counts = np.ones(len(largest)) if weight is None else weight[order]
    before = np.cumsum(counts) - counts
    taken = np.clip(0.01 * sample.nobs - before, 0.0, counts)
    return float(np.sum(taken * largest)) > HEAVY_SHARE * total
