"""Forms of data: censored, binned, rounded, truncated, weighted, in any combination, through the one likelihood."""

import json
import math

import mpmath as mp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given
from references import HERE, _raw_cases, case_ids, fit_quietly, flat, moved
from strategies import CONTINUOUS, LAWS, draw, seeds

import mle_toolkit as mle
from mle_toolkit.errors import ComparisonError, DataError, NoMaximumError, WeightError
from mle_toolkit.likelihood.intervals import log_interval_mass, log_mass
from mle_toolkit.likelihood.sums import Likelihood

CASES = [name for name in case_ids("censored", "truncated", "binned") if "aft" not in name]
IN_STANDARD_ERRORS = 1e-5
LOGLIK = 1e-8
STANDARD_ERROR = 1e-5
WINDOWS = {"trunc_gamma_groundbeef30": (30.0, math.inf), "trunc_norm_nile": (700.0, 1200.0)}

every_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
every_continuous_law = pytest.mark.parametrize("law", CONTINUOUS, ids=lambda law: law.name)


# --- reference cases --------------------------------------------------------------------------------------------------


def sample_of(name: str, factor: float = 1.0) -> mle.Sample:
    """The data of one case, in another unit."""
    path = HERE / "data" / "dev" / "prepared" / f"{name}.csv"
    rows = np.genfromtxt(path, delimiter=",", names=True)
    if name in WINDOWS:
        low, high = WINDOWS[name]
        return mle.Sample(factor * rows["x"], rows["weight"]).truncated(factor * low, factor * high)
    sample = mle.Sample.intervals(factor * rows["left"], factor * rows["right"], rows["weight"])
    if np.all(np.isnan(rows["entry"])):
        return sample
    return sample.truncated(lower=factor * rows["entry"])


def family_of(name: str) -> str:
    return str(_raw_cases()[name]["family"]).removeprefix("truncated_")


def test_all_cases_are_here():
    assert len(CASES) == 13


@pytest.mark.parametrize("name", CASES)
def test_estimates_standard_errors_and_criteria(name):
    expected = _raw_cases()[name]["expected"]
    fit = mle.fit(sample_of(name), family_of(name))
    se = np.array(list(expected["se"].values()))
    assert list(fit.params) == list(expected["params"])
    assert np.all(np.abs(flat(fit.params) - list(expected["params"].values())) <= IN_STANDARD_ERRORS * se)
    assert fit.llf == pytest.approx(expected["loglik"], rel=LOGLIK)
    assert flat(fit.bse) == pytest.approx(se, rel=STANDARD_ERROR)
    assert np.abs((fit.cov_params().to_numpy() - expected["cov"]) / np.outer(se, se)).max() <= 2 * STANDARD_ERROR
    assert fit.nobs == _raw_cases()[name]["n"]
    assert fit.aic == pytest.approx(expected["aic"], rel=LOGLIK)
    assert fit.bic == pytest.approx(expected["bic"], rel=LOGLIK)
    assert fit.cross_entropy == pytest.approx(expected["cross_entropy_nats"], rel=LOGLIK)
    assert float(np.sum(fit.logpdf_rows() * weights_of(fit))) == pytest.approx(expected["loglik"], rel=1e-12)
    assert fit.certificate.verdict == "interior"


def weights_of(fit: mle.Fit) -> np.ndarray:
    return np.ones(fit.sample.n_rows) if fit.sample.weight is None else fit.sample.weight


@pytest.mark.parametrize("factor", [1e-6, 1e6])
@pytest.mark.parametrize("name", CASES)
def test_estimates_move_with_the_unit(name, factor):
    expected = _raw_cases()[name]["expected"]
    sample = sample_of(name, factor)
    fit = mle.fit(sample, family_of(name))
    se, theta = np.array(list(expected["se"].values())), np.array(list(expected["params"].values()))
    ones = np.ones(len(theta))
    slope = moved(fit.family, 2 * ones, 0.0, factor) - moved(fit.family, ones, 0.0, factor)
    assert np.all(np.abs(flat(fit.params) - moved(fit.family, theta, 0.0, factor)) <= IN_STANDARD_ERRORS * slope * se)
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    points = float(np.sum(weight[sample.lower == sample.upper]))  # densities change with the unit, masses do not
    assert fit.llf == pytest.approx(expected["loglik"] - points * math.log(factor), rel=LOGLIK)
    assert flat(fit.bse) == pytest.approx(slope * se, rel=STANDARD_ERROR)


# --- what a likelihood is ---------------------------------------------------------------------------------------------


def loglik(law: mle.Family, params: tuple, sample: mle.Sample) -> float:
    likelihood = Likelihood(law, sample)
    theta = likelihood.unit.params_to_unit(law, np.concatenate([np.atleast_1d(p) for p in params]))
    return (likelihood.mean_loglik(theta) + likelihood.log_jacobian) * sample.nobs


def drawn_with_cuts(law: mle.Family, seed: int) -> tuple[mle.Distribution, tuple, np.ndarray, np.ndarray]:
    """A law, its parameters, a sample of it, and cuts between quantiles, the outer ones open; of a circle its turn."""
    distribution, rng = draw(law, seed)
    x = distribution.rvs(60, rng=rng)
    inner = np.unique(distribution.ppf(np.array([0.1, 0.35, 0.6, 0.85])))
    if law.discrete:
        inner = inner[inner < distribution.isf(1e-9)]
    params = tuple(distribution.params.values())
    if law.period is not None:
        low, high = distribution.ppf(np.array([0.0, 1.0])).tolist()
        return distribution, params, low + np.mod(x - low, law.period), np.array([low, *inner, high])
    return distribution, params, x, np.concatenate([[-np.inf], inner, [np.inf]])


@every_law
@given(seed=seeds)
def test_a_sample_cut_into_intervals_has_the_likelihood_of_its_bins(law, seed):
    distribution, params, x, cuts = drawn_with_cuts(law, seed)
    if len(cuts) < 3:
        return
    cell = np.searchsorted(cuts, x, side="left") - 1
    counts = np.bincount(cell, minlength=len(cuts) - 1)
    mass = np.diff(np.concatenate([[0.0], distribution.cdf(cuts[1:-1]), [1.0]]))
    seen = counts > 0
    multinomial = float(np.sum(counts[seen] * np.log(mass[seen])))
    assert loglik(law, params, mle.Sample.binned(counts, cuts)) == pytest.approx(multinomial, rel=1e-9)
    one_by_one = mle.Sample.intervals(cuts[cell], cuts[cell + 1])
    assert loglik(law, params, one_by_one) == pytest.approx(multinomial, rel=1e-9)


@every_continuous_law
@given(seed=seeds)
def test_narrow_intervals_tend_to_the_density(law, seed):
    """Log mass - log width, an average of the density, comes four times as near when the width is halved."""
    distribution, _ = draw(law, seed)
    params = tuple(distribution.params.values())
    x = distribution.ppf(np.array([0.02, 0.2, 0.45, 0.8, 0.97]))
    x = x[np.abs(x - np.median(distribution.ppf(0.5))) > 0] if law.name == "laplace" else x
    share = np.array([0.02, 0.2, 0.45, 0.8, 0.97])[: len(x)]
    width = 1e-3 * np.minimum(share, 1 - share) / distribution.pdf(x)
    error = log_mass(law, params, x - width / 2, x + width / 2) - np.log(width) - distribution.logpdf(x)
    assert np.abs(error).max() < 1e-4


@every_law
@given(seed=seeds)
def test_discrete_and_continuous_masses_of_the_far_tails_are_finite_and_ordered(law, seed):
    """Nested intervals have ordered masses in both tails, and the log of a mass is never a number above 0."""
    distribution, params, _, _ = drawn_with_cuts(law, seed)
    share = np.array([1e-12, 1e-6, 1e-3]) if law.name != "zeta" else np.array([1e-3, 1e-2, 1e-1])
    for tail in (distribution.ppf(share), distribution.isf(share)):
        ends = np.unique(tail)
        if len(ends) < 3:
            continue
        inner = log_mass(law, params, ends[:1], ends[1:2])
        outer = log_mass(law, params, ends[:1], ends[2:])
        assert np.isfinite(inner)
        assert inner <= outer <= 0


@every_law
@given(seed=seeds)
def test_censoring_everything_at_infinity_equals_no_data(law, seed):
    """An observation that may be anything has the likelihood 1: rows of it leave the fit as it was."""
    distribution, params, _, _ = drawn_with_cuts(law, seed)
    everything = log_mass(law, params, np.array([-np.inf]), np.array([np.inf]))
    assert everything == 0.0
    if law.name == "von_mises":
        return  # directions come round again
    low, high = float(distribution.ppf(0.0)), float(distribution.isf(0.0))
    beyond = low - 1.0 if np.isfinite(low) else -np.inf
    above = high + 1.0 if np.isfinite(high) else np.inf
    assert log_mass(law, params, np.array([beyond]), np.array([above])) == pytest.approx(0.0, abs=1e-15)


@every_law
@given(seed=seeds)
def test_truncation_to_the_whole_support_changes_nothing(law, seed):
    _, params, x, _ = drawn_with_cuts(law, seed)
    support = law.support
    low = support.lower - 1.0 if law.discrete or support.closed_lower else support.lower
    seen = mle.Sample(x).truncated(lower=low, upper=support.upper)
    assert not seen.is_plain
    assert loglik(law, params, seen) == pytest.approx(loglik(law, params, mle.Sample(x)), rel=1e-13, abs=1e-12)


@every_law
@given(seed=seeds)
def test_merging_two_neighbouring_intervals_is_joining_their_masses(law, seed):
    _, params, _, cuts = drawn_with_cuts(law, seed)
    if len(cuts) < 4:
        return
    parts = log_mass(law, params, cuts[:-1], cuts[1:])
    for k in range(len(cuts) - 2):
        joined = log_mass(law, params, cuts[k : k + 1], cuts[k + 2 : k + 3])
        assert float(joined[0]) == pytest.approx(float(np.logaddexp(parts[k], parts[k + 1])), rel=1e-9, abs=1e-11)


@every_law
@given(seed=seeds)
def test_the_likelihood_of_two_samples_is_the_sum_of_theirs(law, seed):
    distribution, params, x, _ = drawn_with_cuts(law, seed)
    lower, upper = _mixed(x, float(distribution.ppf(0.7)))
    whole = mle.Sample.intervals(lower, upper)
    parts = [mle.Sample.intervals(lower[rows], upper[rows]) for rows in (slice(0, 25), slice(25, None))]
    together = sum(loglik(law, params, part) for part in parts)
    assert loglik(law, params, whole) == pytest.approx(together, rel=1e-12, abs=1e-12)


@every_law
@given(seed=seeds)
def test_a_weight_is_a_repetition_in_every_form(law, seed):
    distribution, params, x, _ = drawn_with_cuts(law, seed)
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 5, len(x))
    lower, upper = _mixed(x, float(distribution.ppf(0.7)))
    window = float(np.min(x)) - 1.0
    weighted = mle.Sample.intervals(lower, upper, weight).truncated(lower=window)
    repeated = mle.Sample.intervals(np.repeat(lower, weight), np.repeat(upper, weight)).truncated(lower=window)
    assert weighted.nobs == repeated.nobs
    assert loglik(law, params, weighted) == pytest.approx(loglik(law, params, repeated), rel=1e-12, abs=1e-12)


def _mixed(x: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Values above a limit are only known to exceed it."""
    return np.where(x > limit, limit, x), np.where(x > limit, np.inf, x)


@pytest.mark.parametrize("name", ["normal", "weibull", "gamma", "poisson"])
def test_replicated_rows_equal_weights_in_a_fit(name):
    distribution = mle.Distribution(mle.get_family(name), dict.fromkeys(mle.get_family(name).param_names, 2.0))
    x = distribution.rvs(40, rng=11)
    lower, upper = _mixed(x, float(distribution.ppf(0.7)))
    weight = np.random.default_rng(12).integers(1, 4, 40)
    one = mle.fit(mle.Sample.intervals(lower, upper, weight), name)
    other = mle.fit(mle.Sample.intervals(np.repeat(lower, weight), np.repeat(upper, weight)), name)
    assert flat(one.params) == pytest.approx(flat(other.params), rel=1e-9)
    assert one.llf == pytest.approx(other.llf, rel=1e-12)
    assert flat(one.bse) == pytest.approx(flat(other.bse), rel=1e-6)


# --- digits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [-60.0, -40.0, -8.0, -1.0, 0.0, 1.0, 8.0, 40.0, 60.0])
@pytest.mark.parametrize("width", [1e-3, 1.0, 5.0])
def test_mass_of_normal_intervals_to_40_sigma_and_beyond(z, width):
    law = mle.get_family("normal")
    with mp.workdps(60):
        low, high = mp.mpf(z), mp.mpf(z + width)
        tail = (mp.erfc(low / mp.sqrt(2)) - mp.erfc(high / mp.sqrt(2))) / 2
        if z < 0:
            tail = (mp.erfc(-high / mp.sqrt(2)) - mp.erfc(-low / mp.sqrt(2))) / 2
        exact = float(mp.log(tail))
    got = float(log_mass(law, (0.0, 1.0), np.array([z]), np.array([z + width]))[0])
    assert got == pytest.approx(exact, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("exponent", [-1.0, -5.0, -30.0, -700.0, -5000.0])
@pytest.mark.parametrize("ratio", [1e-9, 0.5, 1 - 1e-9])
def test_log_interval_mass_in_both_tails(exponent, ratio):
    """A tail of exp(exponent) of which a share ``1 - ratio`` is in the interval."""
    with mp.workdps(40):
        large = mp.mpf(exponent)
        small = large + mp.log(mp.mpf(ratio))
        exact = float(mp.log(mp.exp(large) - mp.exp(small)))
        rest = [float(mp.log1p(-mp.exp(t))) for t in (large, small)]
    tails = np.array([float(large)]), np.array([float(small)])
    rests = np.array([rest[0]]), np.array([rest[1]])
    error = 4e-16 * abs(exponent) / (1 - ratio) + 1e-12  # of the rounding of the given logs
    below = log_interval_mass((tails[1], tails[0]), (rests[1], rests[0]))
    above = log_interval_mass((rests[0], rests[1]), (tails[0], tails[1]))
    assert float(below[0]) == pytest.approx(exact, abs=error)
    assert float(above[0]) == pytest.approx(exact, abs=error)


NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(60)


@every_continuous_law
@given(seed=seeds)
def test_masses_in_far_tails_are_integrals_of_the_density(law, seed):
    """Where probabilities underflow the logs must not: down to exp(-2000)."""
    distribution, _ = draw(law, seed)
    params = tuple(distribution.params.values())
    looked_at = 0
    for side in (-1, 1):
        for low, high in _tail_intervals(distribution, side):
            x = 0.5 * (low + high) + 0.5 * (high - low) * NODES
            logpdf = distribution.logpdf(x)
            top = float(logpdf.max())
            exact = top + math.log(float(np.sum(NODE_WEIGHTS * np.exp(logpdf - top)))) + math.log(0.5 * (high - low))
            got = float(log_mass(law, params, np.array([low]), np.array([high]))[0])
            assert got == pytest.approx(exact, abs=1e-7), (side, low, high)
            tail = float(distribution.logcdf(high) if side < 0 else distribution.logsf(low))
            assert exact - 1e-7 <= tail < 0
            looked_at += 1
    assert looked_at > 0 or law.name in ("uniform", "von_mises")


def _tail_intervals(distribution: mle.Distribution, side: int) -> list[tuple[float, float]]:
    """Intervals whose log-densities lie 5 to 2000 below that of the middle, none of them wide or lost to rounding."""
    quartiles = distribution.ppf(np.array([0.25, 0.5, 0.75]))
    middle, spread = float(quartiles[1]), float(quartiles[2] - quartiles[0])
    end = float(distribution.ppf(0.0) if side < 0 else distribution.isf(0.0))
    steps = np.linspace(0.01, 300.0 if np.isfinite(end) else 60.0, 3000)
    if np.isfinite(end):
        x, away = end + (middle - end) * np.exp(-steps), (middle - end) * np.exp(-steps)
    else:
        x, away = middle + side * spread * np.expm1(steps), spread * np.expm1(steps)
    log_tail = distribution.logpdf(x) + np.log(np.abs(away))
    start = float(distribution.logpdf(middle)) + math.log(spread)
    found = []
    for drop in (5.0, 40.0, 300.0, 700.0, 2000.0):
        there = np.flatnonzero(log_tail < start - drop)
        if len(there) == 0 or not there[0] > 0:
            continue
        low, high = sorted((float(x[there[0] - 1]), float(x[there[0]])))
        for _ in range(60):
            ends = distribution.logpdf(np.array([low, high]))
            if np.all(np.isfinite(ends)) and abs(ends[1] - ends[0]) < 8:
                break
            low, high = (0.5 * (low + high), high) if side < 0 else (low, 0.5 * (low + high))
        if high - low > 1e-6 * max(abs(low), abs(high)) and np.all(np.isfinite(ends)):
            found.append((low, high))
    return found


# --- families whose parameters are ends and kinks ---------------------------------------------------------------------


def test_laplace_with_censored_data_is_above_every_other_location():
    x, censored = mle.distribution("laplace", loc=1.0, scale=2.0).rvs((2, 60), rng=3)
    sample = mle.Sample.right_censored(np.minimum(x, censored), x <= censored)
    fit = fit_quietly(sample, "laplace")
    assert fit.certificate.verdict == "non_regular"
    assert math.isnan(fit.bse["loc"])
    around = fit.params["loc"] + np.linspace(-2, 2, 81)
    others = [fit_quietly(sample, "laplace", fixed={"loc": loc}).llf for loc in around]
    assert fit.llf >= max(others) - 1e-9


def test_an_interval_for_each_kind_of_end():
    """Uniform data rounded to quarters: both ends are where no trial pair of ends is better."""
    x = mle.distribution("uniform", a=1.0, b=4.0).rvs(60, rng=6)
    sample = mle.Sample.rounded(np.round(4 * x) / 4, 0.25)
    fit = fit_quietly(sample, "uniform")
    near = [fit.params["a"] + np.linspace(-0.02, 0.02, 21), fit.params["b"] + np.linspace(-0.02, 0.02, 21)]
    values = [loglik(fit.family, (a, b), sample) for a in near[0] for b in near[1]]
    assert fit.llf >= max(v for v in values if not math.isnan(v)) - 1e-9


def test_pareto_right_censored_starts_at_its_smallest_event():
    time, event = np.array([1.5, 2.0, 2.5, 4.0, 7.0]), np.array([1, 0, 1, 1, 0])
    fit = fit_quietly(mle.Sample.right_censored(time, event), "pareto")
    assert fit.params["xm"] == pytest.approx(1.5, rel=1e-15)
    assert fit.params["alpha"] == pytest.approx(3 / float(np.sum(np.log(time / 1.5))), abs=1e-5 * fit.bse["alpha"])


# --- constraints ------------------------------------------------------------------------------------------------------


FORMS = {
    "right-censored": lambda x: mle.Sample.right_censored(np.minimum(x, 4.0), x <= 4.0),
    "left-censored": lambda x: mle.Sample.left_censored(np.maximum(x, 1.0), x > 1.0),
    "binned": lambda x: mle.Sample.binned(np.histogram(x, [0, 1, 2, 3, 5, 50])[0], [0, 1, 2, 3, 5, np.inf]),
    "rounded": lambda x: mle.Sample.rounded(np.ceil(4 * x) / 4, 0.25),
    "truncated": lambda x: mle.Sample(x[x > 0.5]).truncated(lower=0.5),
    "delayed entry": lambda x: mle.Sample(x).truncated(lower=0.3 * x),
    "reliability": lambda x: mle.Sample.intervals(x, x + 0.5, 1 / (1 + x), "reliability"),
}
every_form = pytest.mark.parametrize("form", FORMS)
WAITING = mle.distribution("gamma", shape=2.0, scale=1.5).rvs(120, rng=5)


@every_form
def test_a_fixed_parameter_is_known(form):
    sample = FORMS[form](WAITING)
    free, fixed = mle.fit(sample, "gamma"), mle.fit(sample, "gamma", fixed={"shape": 2.0})
    assert fixed.params["shape"] == 2.0
    assert (free.df_model, fixed.df_model) == (2, 1)
    cov = fixed.cov_params().to_numpy()
    assert np.all(cov[0] == 0)
    assert np.all(cov[:, 0] == 0)
    assert 0 < fixed.bse["scale"] < free.bse["scale"]
    assert fixed.llf < free.llf
    assert fixed.certificate.verdict == "interior"
    refitted = mle.fit(sample, "gamma", fixed={"shape": free.params["shape"]})
    assert refitted.params["scale"] == pytest.approx(free.params["scale"], rel=1e-7)


@every_form
def test_bounds_hold(form):
    sample = FORMS[form](WAITING)
    free = mle.fit(sample, "gamma")
    wide = mle.fit(sample, "gamma", bounds={"shape": (0.1, None)})
    assert flat(wide.params) == pytest.approx(flat(free.params), rel=1e-6)
    low = 1.5 * free.params["shape"]
    bound = fit_quietly(sample, "gamma", bounds={"shape": (low, None)})
    assert bound.params["shape"] == pytest.approx(low, rel=1e-12)
    assert bound.certificate.verdict == "boundary"
    assert math.isnan(bound.bse["shape"])
    assert bound.llf == pytest.approx(mle.fit(sample, "gamma", fixed={"shape": low}).llf, rel=1e-12)


def test_known_degrees_of_freedom_that_leave_a_spike_are_not_called_interior():
    """31 % of the data are equal: for df below .31/.69 the likelihood has no bound, and for others a maximum."""
    x = np.concatenate([np.zeros(31), np.random.default_rng(0).normal(0.3, 1.0, 69)])
    with pytest.raises(NoMaximumError, match="31% of the observations equal 0") as caught:
        mle.fit(x, "student_t", fixed={"df": 0.3})
    assert caught.value.certificate.verdict == "unbounded"
    assert mle.fit(x, "student_t", fixed={"df": 0.5}).certificate.verdict == "interior"


# --- information ------------------------------------------------------------------------------------------------------


@every_form
def test_cross_entropy_always_with_its_error(form):
    report = mle.fit(FORMS[form](WAITING), "gamma").information()
    assert report.cross_entropy.value == report.nll / report.nobs
    assert report.cross_entropy.se > 0


@pytest.mark.parametrize("form", ["binned", "rounded"])
def test_divergence_of_grouped_data_is_exact(form):
    """CE = H + KL to the last digits, G its multinomial deviance, df the cells less one less the parameters."""
    sample = FORMS[form](WAITING)
    fit = mle.fit(sample, "gamma")
    report = fit.information()
    _, counts = np.unique(sample.lower, return_counts=True)
    counts = counts if sample.weight is None else sample.weight
    share = counts / sample.nobs
    mass = np.array([float(np.diff(fit.distribution.cdf([max(a, 0), b]))[0]) for a, b in _cells(sample)])
    assert float(report.entropy) == pytest.approx(-float(np.sum(share * np.log(share))), rel=1e-12)
    assert float(report.kl) == pytest.approx(float(np.sum(share * np.log(share / mass))), rel=1e-9)
    assert report.cross_entropy.value == report.entropy.value + report.kl.value
    assert abs(report.identity_gap) < 1e-14
    assert report.g_statistic == pytest.approx(2 * sample.nobs * float(report.kl), rel=1e-9)
    assert report.g_df == len(share) - 1 - 2
    expected = sample.nobs * mass
    if np.min(expected) >= 1 and np.mean(expected < 5) <= 0.2:  # Cochran's rule
        assert report.g_pvalue == pytest.approx(float(scipy.stats.chi2.sf(report.g_statistic, report.g_df)), rel=1e-9)
    else:
        assert report.g_pvalue is None
    assert ("cells_from_data" in report.flags) == (form == "rounded")


def _cells(sample: mle.Sample) -> list[tuple[float, float]]:
    return sorted(set(zip(sample.lower.tolist(), sample.upper.tolist(), strict=True)))


def test_divergence_in_a_window_is_of_conditional_masses():
    sample = mle.Sample.binned([30, 31, 57], [10, 25, 50, 100]).truncated(10, 100)
    fit = fit_quietly(sample, "exponential")
    edges = fit.distribution.cdf([10.0, 25.0, 50.0, 100.0])
    mass, share = np.diff(edges) / (edges[-1] - edges[0]), np.array([30, 31, 57]) / 118
    report = fit.information()
    assert float(report.kl) == pytest.approx(float(np.sum(share * np.log(share / mass))), rel=1e-9)
    assert report.g_df == 1
    assert "cells_from_data" not in report.flags


def test_divergence_of_measurements_in_a_window_keeps_its_estimate():
    x = WAITING[WAITING > 0.5]
    report = mle.fit(mle.Sample(x).truncated(lower=0.5), "gamma").information()
    assert "spacings" in report.kl.method
    assert float(report.entropy) == float(mle.fit(x, "gamma").information().entropy)


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("right-censored", "exact and right-censored"),
        ("left-censored", "no common measure"),
        ("delayed entry", "window differs from row to row"),
        ("reliability", "overlap"),
    ],
)
def test_no_divergence_where_it_is_not_identified(form, reason):
    report = mle.fit(FORMS[form](WAITING), "gamma").information()
    assert report.kl is None
    assert report.entropy is None
    assert reason in report.reasons["kl"]
    assert reason in str(report)


def test_counts_with_a_top_class_are_grouped_and_counts_censored_here_and_there_are_not():
    top = mle.Sample.intervals([-1, 0, 1, 2], [0, 1, 2, np.inf], [10, 20, 11, 6])
    report = mle.fit(top, "poisson").information()
    assert report.g_df == 2
    assert "cells_from_data" not in report.flags
    censored = mle.Sample.right_censored([0, 1, 1, 2, 3, 3, 3], [1, 1, 0, 1, 0, 0, 1])
    assert "overlap" in mle.fit(censored, "poisson").information().reasons["kl"]


@every_form
def test_saved_and_loaded_bit_for_bit(form, tmp_path):
    fit = mle.fit(FORMS[form](WAITING), "weibull")
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert json.dumps(loaded.to_dict()) == json.dumps(fit.to_dict())
    assert str(loaded.information()) == str(fit.information())
    assert str(fit.summary()) == str(loaded.summary())


# --- comparison -------------------------------------------------------------------------------------------------------


@every_form
def test_every_form_is_compared(form):
    result = mle.compare(FORMS[form](WAITING), ["gamma", "weibull", "lognormal"])
    assert not result.failures
    assert len(result.table) == 3
    assert np.all(np.isfinite(result.table["cross_entropy"]))
    assert str(result)


def test_candidates_of_intervals_are_those_whose_support_they_meet():
    names = mle.compare(FORMS["binned"](WAITING), ["gamma"]).fits
    assert list(names) == ["gamma"]
    from mle_toolkit.comparison.candidates import candidates

    assert {"gamma", "lognormal", "normal"} <= set(candidates(FORMS["binned"](WAITING)))
    assert "lognormal" not in candidates(mle.Sample.left_censored([0.0, 1.5, 2.5], [0, 1, 1]))
    censored = mle.Sample.right_censored([0, 1, 1, 0, 2, 1, 3], [1, 1, 1, 1, 1, 1, 0])
    assert "poisson" not in candidates(censored)
    assert "poisson" in candidates(censored, counts=True)
    assert "poisson" not in candidates(mle.Sample.rounded([0, 1, 1, 0, 2, 1, 3], 1.0))


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (mle.Sample(WAITING), mle.Sample.rounded(WAITING, 0.5), "masses of intervals against densities"),
        (FORMS["right-censored"](WAITING), mle.Sample(np.minimum(WAITING, 4.0)), "other censoring"),
        (mle.Sample(WAITING), mle.Sample(WAITING).truncated(lower=0.0), "window"),
        (mle.Sample(WAITING).truncated(lower=0.0), mle.Sample(WAITING).truncated(lower=-1.0), "window"),
        (mle.Sample(WAITING), mle.Sample(WAITING, np.full(120, 2.0)), "other weights"),
        (
            mle.Sample(WAITING, np.full(120, 2.0)),
            mle.Sample(WAITING, np.full(120, 2.0), "reliability"),
            "frequency weights against reliability weights",
        ),
        (mle.Sample(WAITING), mle.Sample(WAITING[1:]), "rows"),
    ],
)
def test_likelihoods_of_other_data_are_refused(one, other, reason):
    fit = mle.fit(one, "gamma")
    with pytest.raises(ComparisonError, match=reason):
        mle.compare(other, ["weibull", fit])


def test_densities_are_refused_beside_probabilities_unless_all_data_are_intervals():
    counts = mle.Sample.right_censored([0, 1, 1, 2, 3], [1, 1, 0, 1, 1])
    with pytest.raises(ComparisonError, match="counts"):
        mle.compare(counts, ["poisson", "normal"])
    grouped = mle.Sample.intervals([-1, 0, 1, 2], [0, 1, 2, 9], [10, 20, 11, 6])
    assert set(mle.compare(grouped, ["poisson", "normal"]).fits) == {"poisson", "normal"}


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["exponential", "normal", "weibull", "poisson"])
@pytest.mark.parametrize("side", ["right", "left"])
def test_all_censored(family, side):
    make = mle.Sample.right_censored if side == "right" else mle.Sample.left_censored
    with pytest.raises(NoMaximumError, match=f"all 3 observations are {side}-censored") as caught:
        mle.fit(make([1.0, 2.0, 3.0], [0, 0, 0]), family)
    assert caught.value.certificate.verdict == "unbounded"


@pytest.mark.parametrize("family", ["normal", "weibull", "gamma", "logistic"])
def test_intervals_that_a_spike_explains(family):
    with pytest.raises(NoMaximumError, match="points in common"):
        mle.fit(mle.Sample.intervals([1.0, 2.0, 2.5], [4.0, 5.0, 3.0]), family)


def test_intervals_that_are_none():
    with pytest.raises(DataError, match=r"1 of 2 observations end before they begin; the first is row 1: \(3, 2\]"):
        mle.Sample.intervals([1.0, 3.0], [2.0, 2.0])
    with pytest.raises(DataError, match="1 of 2 observations are open at both ends"):
        mle.Sample.intervals([1.0, None], [2.0, None])
    with pytest.raises(DataError, match="2 lower ends and 1 upper"):
        mle.Sample.intervals([1.0, 2.0], [3.0])


def test_entry_after_exit():
    with pytest.raises(DataError, match=r"1 of 3 observations lie outside their window; the first is row 1.*entry"):
        mle.Sample.right_censored([5.0, 6.0, 7.0], [1, 0, 1]).truncated(lower=[1.0, 6.5, 2.0])


@pytest.mark.parametrize("name", ["poisson", "geometric", "negbin", "zip"])
def test_a_count_at_the_open_end_of_its_window(name):
    """For a continuous law the end has no mass; a count there could not have been seen."""
    counts = [2.0, 1.0, 3.0, 1.0, 5.0]
    with pytest.raises(DataError, match=r"2 of 5 counts are at the lower end .* row 1: 1, window \(1, \.\.\.\]"):
        mle.fit(mle.Sample(counts).truncated(lower=1), name)
    with pytest.raises(DataError, match="1 of 5 counts"):
        mle.fit(mle.Sample(counts).truncated(lower=[0, 0, 3, 0, 0]), name)
    assert mle.fit(mle.Sample(counts).truncated(lower=1), "exponential").certificate.ok


@pytest.mark.parametrize("name", ["weibull", "frechet", "gamma", "lognormal", "laplace"])
def test_an_event_after_all_censored_times_is_a_spike(name):
    """The law may concentrate on it: the likelihood has no bound, and its derivatives leave the range of numbers."""
    with pytest.raises(NoMaximumError, match="unbounded"):
        mle.fit(mle.Sample.right_censored([1.0, 2.0, 3.0], [0, 0, 1]), name)


@pytest.mark.parametrize("censored", [False, True])
def test_a_window_seen_through_another_is_what_both_leave(censored):
    """A delayed entry, then an end of the study: neither undoes the other."""
    time, entry = np.array([2.0, 3.0, 5.0, 8.0]), np.array([1.0, 0.5, 2.0, 0.2])
    sample = mle.Sample.right_censored(time, [1, 0, 1, 1]) if censored else mle.Sample(time)
    wanted = sample.truncated(lower=entry, upper=10.0)
    for got in (
        sample.truncated(lower=entry).truncated(upper=10.0),
        sample.truncated(upper=10.0).truncated(lower=entry),
        sample.truncated(lower=entry, upper=12.0).truncated(lower=0.1, upper=10.0),
    ):
        assert got.same_data(wanted)
        assert np.array_equal(got.window, wanted.window)


@pytest.mark.parametrize(
    ("weights", "said"), [([1, -1], "negative"), ([1, math.nan], "missing"), ([0, 0], "zero"), ([1], "2 observations")]
)
def test_weights_that_are_none(weights, said):
    for make, second in ((mle.Sample.intervals, [2.0, 3.0]), (mle.Sample.right_censored, [1, 0])):
        with pytest.raises(WeightError, match=said):
            make([1.0, 2.0], second, weights)


def test_a_law_that_the_midpoints_of_open_bins_suggest_but_the_bins_rule_out_is_no_dead_end():
    """Midpoints of a few bins look uniform, the limit of the generalised normal law, which has no tails."""
    truth = scipy.stats.gennorm(1.6, -2.2, 0.8)
    cuts = truth.ppf(np.linspace(0.1, 0.9, 7))
    counts = np.array([19, 15, 12, 20, 15, 20, 13, 6])
    fit = mle.fit(mle.Sample.binned(counts, [-math.inf, *cuts, math.inf]), "generalized_normal")

    def nll(theta):
        mass = np.diff(
            scipy.stats.gennorm(math.exp(theta[2]), theta[0], math.exp(theta[1])).cdf(cuts), prepend=0, append=1
        )
        return -float(counts @ np.log(mass))

    wanted = scipy.optimize.minimize(
        nll, [-2.2, -0.2, 0.4], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    assert fit.certificate.verdict == "interior"
    assert fit.nll == pytest.approx(wanted.fun, rel=1e-9)
    assert flat(fit.params) == pytest.approx([wanted.x[0], *np.exp(wanted.x[1:])], rel=1e-4)


def test_open_bins_at_both_ends_of_a_uniform_law():
    """The density is that of the bins between; each end lies as far beyond its bin as the count there says."""
    counts, edges = np.array([26, 35, 34, 24, 21]), np.array([-1.5, -0.5, 1.0, 2.0])
    fit = fit_quietly(mle.Sample.binned(counts, [-math.inf, *edges, math.inf]), "uniform")
    n, inner = counts.sum(), counts[1:-1].sum()
    density = inner / n / (edges[-1] - edges[0])
    ends = [edges[0] - counts[0] / n / density, edges[-1] + counts[-1] / n / density]
    assert flat(fit.params) == pytest.approx(ends, abs=1e-5)
    mass = np.concatenate([[counts[0] / n], density * np.diff(edges), [counts[-1] / n]])
    assert fit.llf == pytest.approx(float(counts @ np.log(mass)), rel=1e-9)
    assert fit.certificate.verdict == "non_regular"


# --- other containers -------------------------------------------------------------------------------------------------


def test_scipy_s_censored_data_are_a_sample():
    data = scipy.stats.CensoredData([1.0, 2.0], left=[0.5], right=[3.0, 4.0], interval=[[1.0, 2.0]])
    fit = mle.fit(data, "lognormal")
    same = mle.Sample.intervals([1, 2, -np.inf, 3, 4, 1], [1, 2, 0.5, np.inf, np.inf, 2])
    assert fit.sample.same_data(same)
    sdlog, _, scale = scipy.stats.lognorm.fit(data, floc=0)
    assert flat(fit.params) == pytest.approx([math.log(scale), sdlog], abs=1e-3)  # where SciPy stops
    theirs = loglik(fit.family, (math.log(scale), sdlog), same)
    assert fit.llf >= theirs


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (mle.Sample.right_censored([5.0, 8.0, 12.0], [1, 0, 1]), "3 observations: 2 exact, 1 right-censored"),
        (
            mle.Sample.right_censored(np.arange(1.0, 138.0), np.arange(137) >= 9).truncated(lower=0),
            "137 observations: 128 exact, 9 right-censored; window (0, ∞)",
        ),
        (
            mle.Sample.binned([3, 4], [0, 1, np.inf]),
            "7 observations in 2 weighted rows: 4 right-censored, 3 in intervals",
        ),
        (mle.Sample([1.0, 2.0]).truncated(lower=[0.0, 1.0]), "2 observations: 2 exact; a window per row"),
    ],
)
def test_a_sample_says_what_it_holds(sample, said):
    assert str(sample) == said
    assert repr(sample) == f"Sample: {said}"


def test_intervals_that_reach_beyond_the_support_have_the_same_limits():
    """Counts rounded to fives: that of 0 may have been -2.5, for all that the interval says."""
    sample = mle.Sample.rounded([0.0] + [5.0] * 20, 5.0)
    with pytest.warns(mle.FitWarning, match="negbin is poisson"):
        fit = mle.fit(sample, "negbin")
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == pytest.approx(mle.fit(sample, "poisson").llf, rel=1e-12)
