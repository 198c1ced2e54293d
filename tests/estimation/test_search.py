"""What a search finds does not depend on the subsample that it begins with, nor on a climb without a bound."""

import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.errors import DegenerateDataError, NoMaximumError
from mle_toolkit.estimation import climb, search
from mle_toolkit.likelihood import first_pass, sums


def skewed():
    return mle.distribution("skew_normal", loc=0, scale=1, alpha=0.6).rvs(300_000, rng=np.random.default_rng(4))


def nearly_exponential():
    return np.random.default_rng(2).exponential(2.0, 300_000)


@pytest.mark.parametrize(("name", "draw"), [("skew_normal", skewed), ("lomax", nearly_exponential)])
def test_a_subsample_that_leads_to_a_limit_does_not_decide(name, draw, monkeypatch):
    """Its best law is the limit, or skewed to the other side, where the likelihood of all rows is flat too."""
    pytest.importorskip("numba", reason="without compiled sums the maximum is a root, not the end of a search")
    x = draw()
    found = mle.fit(x, name)
    assert found.certificate.method != "closed-form"
    for module in (sums, first_pass):
        monkeypatch.setattr(module, "COMPILED_ROWS", len(x) + 1)
    root = mle.fit(x, name)
    assert root.certificate.method == "closed-form"
    assert found.certificate.verdict == root.certificate.verdict == "interior"
    assert found.llf == pytest.approx(root.llf, abs=1e-5)


def test_a_maximum_beside_a_climb_that_ran_off_without_a_bound_is_a_local_one():
    """The law says nothing of spikes: what one start has found counts for where the others arrive."""

    def logpdf(x, mu, sigma):
        wide, narrow = -0.5 * (x - mu) ** 2, -0.5 * ((x - mu) / sigma) ** 2 - np.log(sigma)
        return np.logaddexp(wide, narrow) - 0.5 * np.log(8 * np.pi)

    law = mle.Family.from_logpdf(
        logpdf,
        {"mu": mle.REAL, "sigma": mle.POSITIVE},
        mle.REAL,
        name="two widths",
        start=lambda sample: [(sample.mean(), 1.0), (sample.quantile(0.5), 1e-3)],
    )
    fit = fit_quietly([-2.0, -0.5, 0.0, 0.7, 1.8], law)
    assert fit.params["sigma"] == pytest.approx(1.38599, rel=1e-5)
    assert fit.certificate.verdict == "local"


def test_a_flat_maximum_in_a_window_is_found_beside_a_threshold_without_bound():
    """The highest climb ran to the smallest observation, without bound, and ended those that were stuck below it."""
    law, (lower, upper) = stats.weibull_min(1.3), (0.9, 3.4)
    inside = law.cdf(lower) + (law.cdf(upper) - law.cdf(lower)) * (np.arange(60) + 0.5) / 60
    sample = mle.Sample(law.ppf(inside)).truncated(lower, upper)
    fit = fit_quietly(sample, mle.shifted("weibull"))
    shape, scale, threshold = fit.params.values()
    found = stats.weibull_min(shape, threshold, scale)
    mass = np.log(found.cdf(upper) - found.cdf(lower))
    assert fit.llf == pytest.approx(np.sum(found.logpdf(law.ppf(inside)) - mass), abs=1e-8)
    assert str(fit.certificate.verdict) == "local"
    for other in (threshold - 1.0, threshold + 1.0):
        assert fit_quietly(sample, mle.shifted("weibull"), fixed={"threshold": other}).llf < fit.llf


def test_a_profile_is_climbed_no_more_once_it_is_at_the_bound_that_no_law_passes(monkeypatch):
    """Of three cells with 2, 2 and 1 rows no law is above 2 log(2/5) + 2 log(2/5) + log(1/5)."""
    sample = mle.Sample.intervals([-np.inf, -np.inf, 20.0, 20.0, 40.0], [20.0, 20.0, 40.0, 40.0, np.inf])
    by_search, heights = search.by_search, []

    def looked(*args, **options):
        found = by_search(*args, **options)
        heights.append(found.loglik)
        return found

    monkeypatch.setattr(search, "by_search", looked)
    fit = mle.fit(sample, "laplace")
    bound = 4 * np.log(0.4) + np.log(0.2)
    assert fit.llf == pytest.approx(bound, abs=1e-9)
    assert heights.index(max(heights)) == len(heights) - 1


def test_later_looks_at_a_profile_begin_where_the_best_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lognormal law above a threshold tends to two values: every climb anew is stuck on the way to them."""
    rescues: list[np.ndarray] = []
    whole = climb.by_trust
    monkeypatch.setattr(climb, "by_trust", lambda o, u, *options: rescues.append(u) or whole(o, u, *options))
    sample = mle.Sample.intervals([18.79] + 9 * [0.0], [np.inf] + 9 * [6.26])
    llf = fit_quietly(sample, mle.shifted("lognormal")).llf
    assert llf == pytest.approx(9 * np.log(0.9) + np.log(0.1), abs=1e-3)
    assert 0 < len(rescues) < 30  # anew at every look they are 48


@pytest.mark.parametrize("sample", [
    mle.Sample.right_censored([18.63040319992737, 78.19639817460488, 48.26547252740193, 94.68628946934852,
                               50.62663372634641], [1, 1, 0, 1, 1]),
    mle.Sample.right_censored([17.06485872, 57.93276958, 13.409802, 65.38428411, 98.87125214], [0, 1, 1, 0, 1]),
    mle.Sample([55.58125431, 103.74249577, 88.70175989, 38.15805517, 53.84497639]).truncated(30.0, 150.0),
], ids=["one censored", "two", "window"])  # fmt: skip
def test_a_walk_from_beside_a_limit_into_a_spike_does_not_lose_the_limit(sample):
    """Where the walk goes along the ridge is decided by rounding."""
    found = fit_quietly(sample, "johnson_su")
    assert found.certificate.verdict == "boundary"
    assert found.llf == pytest.approx(fit_quietly(sample, "normal").llf, abs=1e-7)


@pytest.mark.parametrize("unit", [1.0, 1e3, 1e-3])
def test_a_climb_that_is_stuck_low_is_followed_where_the_highest_arrives_at_no_maximum(unit: float) -> None:
    """Five rounded times and a limit: Newton's method is stuck from every start, highest beside the normal law.

    By the normal law's distribution function, from 20 starts of Nelder-Mead's.
    """
    time, rows = np.array([2.5, 3.0, 3.5, 4.0, 4.5, 4.5]), np.array([13.0, 147.0, 347.0, 388.0, 303.0, 667.0])
    sample = mle.Sample.right_censored(unit * time, [1, 1, 1, 1, 1, 0], rows)
    fit = fit_quietly(sample, mle.shifted("lognormal"))
    assert fit.certificate.verdict == "local"
    assert fit.llf + 1198 * np.log(unit) == pytest.approx(-1866.7835804968, abs=1e-8)


def test_a_profile_whose_every_parameter_is_known_has_no_slopes_to_look_at() -> None:
    """The ends of a uniform law are all it has: where both are held there is nothing to climb."""
    sample = mle.Sample([63.0, 112.5, 87.3, 45.1, 151.8]).truncated(lower=[5.0, 50.0, 20.0, 12.0, 58.0])
    fit = fit_quietly(sample, "uniform")
    assert fit.params["b"] == pytest.approx(151.8)
    assert fit.llf == pytest.approx(-sum(np.log(151.8 - low) for low in (45.1, 50.0, 45.1, 45.1, 58.0)), abs=1e-9)


def test_a_climb_that_is_stuck_beyond_doubles_is_no_maximum_beside_a_law_far_lower() -> None:
    """Johnson's law leans without end there, to a power of x below a threshold, 0.44 nats above the normal law."""
    times = [53.5, 47.6, 24.5, 108.3, 23.5, 14.3, 74.9, 46.5, 83.7, 50.4, 27.5, 98.2]
    entries = [52.1, 7.9, 24.3, 8.3, 5.8, 6.3, 26.8, 18.2, 22.9, 25.0, 18.0, 35.2]
    sample = mle.Sample(times).truncated(lower=entries)
    normal = fit_quietly(sample, "normal")
    try:
        fit = fit_quietly(sample, "johnson_su")
        beside = fit.certificate.ok and fit.llf < normal.llf + 0.3
    except NoMaximumError:
        beside = False
    assert not beside


@pytest.mark.parametrize("name", ["uniform", "laplace"])
@pytest.mark.parametrize("rows", [1, 3])
def test_one_value_in_a_window_has_no_maximum(name: str, rows: int) -> None:
    """A density concentrates on it as if there were no window; laws with an end or a kink there were certified."""
    with pytest.raises(DegenerateDataError, match="1 distinct value cannot determine"):
        mle.fit(mle.Sample(np.full(rows, 5.0)).truncated(1.0, 10.0), name)


def test_a_cusp_at_an_observation_is_looked_for_where_a_climb_ran_off_to_no_limit():
    """Generalised normal laws of rows with entries: the highest climb ran off along a ridge, and was lower."""
    x = [-1.6022, -1.6066, -1.5531, -1.7308, -1.7033, -1.5776, -1.6209, -1.7606, -1.7578, -1.7685, -1.6384, -1.5666]
    x = np.array([*x, -1.642, -1.6704, -1.6875])
    entry = [-1.6075, -1.6462, -1.613, -1.754, -1.7391, -1.6269, -1.7709, -1.78, -1.7606, -1.7908, -1.6702, -1.6005]
    entry = np.array([*entry, -1.7377, -1.6814, -1.695])
    fit = fit_quietly(mle.Sample(x).truncated(lower=entry), "generalized_normal")

    def short(v, loc):
        law = stats.gennorm(np.exp(v[0]), loc, np.exp(v[1]))
        with np.errstate(all="ignore"):
            return -np.sum(law.logpdf(x) - law.logsf(entry))

    options = {"xatol": 1e-9, "fatol": 1e-12}
    ends = [optimize.minimize(short, [-0.3, -4.0], args=(loc,), method="Nelder-Mead", options=options) for loc in x]
    assert fit.certificate.verdict == "non_regular"
    assert fit.llf == pytest.approx(-min(end.fun for end in ends), abs=1e-7)


def test_a_cusp_is_sought_from_the_first_start_too_where_the_highest_end_leads_elsewhere():
    """Generalised normal laws of censored times: with loc below most of them the best are nearly uniform."""
    times = [3.940933, 3.895595, 3.920491, 3.723778, 3.765476, 3.365012, 3.250009, 3.880274, 3.561699, 3.030679]
    events = np.array([*times, 3.414887])
    end, censored = 3.944723, 9
    sample = mle.Sample.right_censored(np.append(events, [end] * censored), np.append(np.ones(11), np.zeros(censored)))
    fit = fit_quietly(sample, "generalized_normal")

    def short(v, loc):
        law = stats.gennorm(np.exp(v[0]), loc, np.exp(v[1]))
        return -np.sum(law.logpdf(events)) - censored * law.logsf(end)

    options = {"xatol": 1e-9, "fatol": 1e-12}
    best = optimize.minimize(short, [-0.3, -1.6], args=(events[0],), method="Nelder-Mead", options=options)
    assert fit.certificate.verdict == "non_regular"
    assert fit.params["loc"] == events[0]
    assert fit.llf == pytest.approx(-best.fun, abs=1e-7)


def test_a_maximum_counts_where_the_highest_climb_has_lost_its_digits():
    """A Cauchy law on the observation before all other entries: the narrower, the higher, and other rows see a tail."""
    x = np.array([3.732, 4.012, 3.793, 4.05, 3.102, 4.51])
    entry = np.array([3.572, 3.947, 3.265, 3.589, 2.557, 4.456])
    fit = fit_quietly(mle.Sample(x).truncated(lower=entry), "cauchy")

    def short(v):
        law = stats.cauchy(v[0], np.exp(v[1]))
        return -np.sum(law.logpdf(x) - law.logsf(entry))

    best = optimize.minimize(short, [3.8, -2.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    assert -short([3.102, -20.0]) > -best.fun + 10
    assert fit.certificate.verdict == "local"
    assert fit.llf == pytest.approx(-best.fun, abs=1e-8)
