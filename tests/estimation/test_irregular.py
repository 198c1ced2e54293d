"""Ends of supports, and where profiles of them are highest."""

import warnings

import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.estimation import profiles
from mle_toolkit.estimation.irregular import highest
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.gev import exponential_beyond
from mle_toolkit.families.skew_normal import half_normal_beyond
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit


@pytest.mark.parametrize("far", [0.0, 1e6, -3e8])
def test_ends_of_the_uniform_law_between_edges_wherever_the_data_lie(far):
    """Inside the outer bins the maximum has a closed form: each bin's part of the range is its share of the counts."""
    counts, edges = np.array([12, 14, 16, 10, 20, 9]), far + 0.25 * np.arange(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mle.FitWarning)
        fit = mle.fit(mle.Sample.binned(counts, edges), "uniform")
    n = counts.sum()
    length = (edges[-2] - edges[1]) / (1 - (counts[0] + counts[-1]) / n)
    assert fit.params["a"] == pytest.approx(edges[1] - length * counts[0] / n, abs=1e-6, rel=0)
    assert fit.params["b"] == pytest.approx(edges[-2] + length * counts[-1] / n, abs=1e-6, rel=0)


@pytest.mark.parametrize("step", [1, 25])
def test_ends_of_the_discrete_uniform_law_are_the_best_of_all_pairs(step):
    """The last interval reaches far beyond the best end, which is a whole number inside it."""
    rng = np.random.default_rng(5)
    x = rng.integers(-3, 18, 200)
    x[:6] = 60
    low, high = np.floor((x - 1) / step) * step, np.floor((x - 1) / step) * step + step
    high = np.where(rng.random(200) < 0.2, np.inf, high)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mle.FitWarning)
        fit = mle.fit(mle.Sample.intervals(low, high), "discrete_uniform")

    def loglik(a, b):
        inside = np.minimum(high, b) - np.maximum(low, a - 1)
        return np.sum(np.log(inside / (b - a + 1))) if np.all(inside > 0) else -np.inf

    best = max(loglik(a, b) for a in range(-30, 1) for b in range(50, 120))
    assert fit.llf == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_highest_point_of_a_profile_beside_an_end_is_found_in_few_looks(side):
    seen = []

    def profile(v):
        seen.append(v)
        v = side * v
        return v - 9.0 if v <= 2.0 else -v  # it drops where it passes 2

    ends = np.sort(side * np.arange(6.0))
    top = highest(profile, side * 4.0, ends, 3)
    assert 2.0 < side * top < 2.0 + 2e-10
    assert len(seen) < 40


@pytest.mark.parametrize("peak", [2.5, 2.001, 2.9999, 3.0])
def test_the_highest_point_of_a_profile_between_two_ends_is_found(peak):
    top = highest(lambda v: -np.square(v - peak), 4.0, np.arange(6.0), 3)
    assert abs(top - peak) < 1e-6


@pytest.mark.parametrize(("peak", "bend"), [(1e6 + 2.3, 0.1), (5.0, 0.1), (2.5, 0.05)])
def test_a_profile_that_is_smooth_between_two_ends_is_seen_by_few_looks(peak, bend):
    seen = []

    def profile(v):
        seen.append(v)
        return -3.0 - np.log(np.cosh(bend * (v - peak)))

    top = highest(profile, peak - 1.3, np.floor(peak) + np.arange(-3.0, 4.0), 1)
    assert top == pytest.approx(peak, abs=1e-6, rel=0)
    assert len(seen) <= 40


def test_a_regression_of_many_rows_is_climbed_by_subsamples():
    """Above 160,000 rows a second subsample stands in for the whole, with designs of its own rows."""
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(160_032), rng.normal(size=160_032)])
    y = rng.poisson(np.exp(x @ [0.3, 0.2])).astype(float)
    fit = mle.regress(y, x, "poisson")
    eta = x @ fit.params["mu"].to_numpy()
    score = x.T @ (y - np.exp(eta))
    assert fit.certificate.ok
    assert np.all(np.abs(score) < 1e-4 * np.sqrt(np.exp(eta).sum()))
    information = x.T @ (np.exp(eta)[:, None] * x)
    np.testing.assert_allclose(fit.bse["mu"], np.sqrt(np.diag(np.linalg.inv(information))), rtol=1e-6)


def test_a_censored_regression_of_many_rows_begins_with_a_subsample():
    """Starts, and the recount of the certificate, are of some rows, with the designs of these."""
    rng = np.random.default_rng(6)
    x = np.column_stack([np.ones(20_004), rng.normal(size=20_004)])
    time = np.exp(x @ [0.4, 0.3]) * rng.weibull(1.5, size=20_004)
    limit = rng.exponential(3.0, size=20_004)
    seen = time <= limit
    fit = mle.regress(mle.Sample.right_censored(np.minimum(time, limit), seen), x, "weibull")
    shape = fit.params["shape"]
    power = (np.minimum(time, limit) * np.exp(-x @ fit.params["scale"].to_numpy())) ** shape
    assert fit.certificate.ok
    assert np.all(np.abs(x.T @ (shape * (power - seen))) < 1e-3)  # of standard errors of about 1e2


def test_a_law_without_a_start_is_an_error_of_ours():
    class Lost(mle.Family):
        name = "lost"
        parameters = (mle.Parameter("theta", mle.POSITIVE),)
        support = mle.POSITIVE

        def logpdf(self, x, theta):
            return np.log(theta) - theta * x

        def start(self, sample):
            return []

    with pytest.raises(mle.errors.NoMaximumError, match="no search can begin"):
        mle.fit([1.0, 2.0, 4.0], Lost())


def test_what_a_window_lets_run_off_is_at_its_end():
    """Uniform values favour Pareto laws of ever smaller alpha, which in a window tend to the uniform law of logs."""
    x = np.linspace(31.0, 149.0, 60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mle.FitWarning)
        fit = mle.fit(mle.Sample(x).truncated(30.0, 150.0), "pareto", fixed={"xm": 20.0})
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.boundary == ("alpha",)
    assert fit.llf == pytest.approx(-np.sum(np.log(x)) - 60 * np.log(np.log(5.0)), abs=1e-7)


def test_a_profile_that_goes_on_rising_beyond_the_data_is_followed_to_its_highest_point():
    ends = np.array([-64.0, -32.0, 0.0, 1.0, 2.0])
    top = highest(lambda v: -np.square((v + 900.0) / 900.0), 1.0, ends, 3)
    assert abs(top + 900.0) < 1e-3


def test_a_threshold_that_runs_off_is_no_maximum():
    """A half-normal law whose entries show no more than an exponential one: the threshold goes to -infinity."""
    x = np.array([104.2, 50.1, 268.9, 55.4, 28.1])
    entry = np.array([32.3, 19.8, 47.3, 18.2, 27.2])
    fit = fit_quietly(mle.Sample(x).truncated(lower=entry), half_normal_beyond(1.0))
    assert not fit.certificate.ok
    assert "approaches its supremum" in fit.certificate.message
    assert fit.llf == pytest.approx(-5 * (np.log(np.mean(x - entry)) + 1), abs=1e-5)


@pytest.mark.parametrize("peak", [3.0, 412.0, 599.5, 1044.25])
@pytest.mark.parametrize("here", [2.0, 400.0, 990.0])
def test_the_one_top_of_a_profile_is_found_in_few_looks(peak, here):
    """Of a profile that is -∞ below 1.5 and rises to one top; places that are impossible tell nothing of it."""
    seen = []

    def profile(v):
        seen.append(v)
        return -np.inf if v < 1.5 else -abs(np.log(v / peak)) - 0.01 * np.square(v / peak - 1)

    top = highest(profile, here, np.arange(1200.0), 3, one_top=True)
    assert top == pytest.approx(peak, rel=1e-8)
    assert len(seen) < 70


ONE_TOP = [
    mle.get_family("laplace"),
    *(law(sign) for law in (exponential_beyond, half_normal_beyond) for sign in (1.0, -1.0)),
    *(limit.family for limit in mle.get_family("pert").limits),
    next(limit.family for limit in mle.get_family("gpd").limits if limit.family.name == "uniform from 0"),
]


def _censored(form, n):
    x = np.random.default_rng([5, n]).weibull(1.7, n) * 100
    if form == "right-censored":
        end = np.random.default_rng([6, n]).uniform(20, 200, n)
        return mle.Sample.right_censored(np.minimum(x, end), x <= end)
    lower = np.floor(x / 20) * 20
    return mle.Sample.intervals(lower, np.where(lower > 150, np.inf, lower + 20))


@pytest.mark.parametrize("law", ONE_TOP, ids=lambda law: law.name)
@pytest.mark.parametrize("form", ["right-censored", "intervals"])
def test_the_likelihood_of_laws_with_one_top_is_concave(law, form):
    """In 1/scale and end/scale: on a line between two points it is nowhere below the line between its values."""
    likelihood, rng = Likelihood(law, _censored(form, 60), Unit()), np.random.default_rng(7)
    assert law.one_maximum_of_intervals

    def value(point):
        if len(law.parameters) == 1:
            return likelihood.mean_loglik(1 / point[:1])
        end, scale = point[1] / point[0], 1 / point[0]
        return likelihood.mean_loglik(np.array([end, scale]))

    possible = 0
    for _ in range(300):
        scales, ends, share = rng.uniform(20, 900, 2), rng.uniform(-200, 500, 2), rng.uniform()
        a, b = np.array([1 / scales, ends / scales]).T
        line = (1 - share) * value(a) + share * value(b)
        possible += np.isfinite(line)
        assert value((1 - share) * a + share * b) >= line - 1e-12
    assert possible > 5


@pytest.mark.parametrize("law", ONE_TOP, ids=lambda law: law.name)
@pytest.mark.parametrize("form", ["right-censored", "intervals"])
@pytest.mark.parametrize("n", [9, 300])
def test_the_one_top_is_where_many_looks_find_it(law, form, n, monkeypatch):
    sample = _censored(form, n)
    at_once = maximise(law, sample)
    monkeypatch.setattr(profiles.Profiles, "_has_one_top", False)
    looked_for = maximise(law, sample)
    assert at_once.loglik == pytest.approx(looked_for.loglik, rel=1e-9)
    assert at_once.loglik >= looked_for.loglik - 1e-9 * abs(looked_for.loglik)
