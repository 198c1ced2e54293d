"""Maxima of few intervals, and of windows, to which no start of the law's own leads."""

from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.estimation.scattered import may_hide_maxima


def of_intervals(law, sample):
    return float(np.sum(np.log(law.cdf(sample.upper) - law.cdf(sample.lower))))


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_a_law_may_be_narrow_on_one_of_two_intervals(unit):
    """A heavy-tailed t law on one of two narrow intervals far apart is above every normal law."""
    sample = mle.Sample.intervals(unit * np.array([0.3214, 1.4394]), unit * np.array([0.3494, 1.4674]))
    fit = fit_quietly(sample, "student_t")
    assert fit.llf >= of_intervals(stats.t(0.229, 1.4526 * unit, 0.00264 * unit), sample)
    with mp.workdps(30):
        df, loc, scale = (mp.mpf(v) for v in fit.params.values())
        front = mp.gamma((df + 1) / 2) / (mp.gamma(df / 2) * mp.sqrt(df * mp.pi) * scale)
        of = lambda x: front * (1 + ((x - loc) / scale) ** 2 / df) ** (-(df + 1) / 2)  # noqa: E731
        rows = [
            mp.log(mp.quad(of, sorted({a, b, *([loc] if a < loc < b else [])})))
            for a, b in zip(sample.lower.tolist(), sample.upper.tolist(), strict=True)
        ]
        assert fit.llf == pytest.approx(float(mp.fsum(rows)), abs=1e-8)


def test_a_law_of_four_parameters_has_a_second_maximum_of_twenty_rows():
    """A peak on 3.4 is 0.13 nats above the lognormal limit, to which the law's own starts lead."""
    inf = np.inf
    rows = np.array(
        [[-inf, -0.34, 3], [3.865, inf, 2], [-inf, 5.846, 3], [-0.91, -0.91, 1], [-inf, 16.376, 1], [-inf, 0.805, 1],
         [-inf, 1.583, 1], [-0.217, -0.217, 1], [-1.557, -1.557, 1], [0.851, 0.851, 2], [-inf, 5.67, 3],
         [3.166, 3.166, 3], [1.93, inf, 2], [1.199, 2.398, 3], [3.907, 3.907, 3], [3.528, inf, 2], [2.858, 2.858, 1],
         [3.956, 3.956, 2], [2.398, 3.597, 1], [8.392, 9.591, 2], [8.618, inf, 2]]
    )  # fmt: skip
    low, high, weight = rows.T
    fit = fit_quietly(mle.Sample.intervals(low, high, weight), "johnson_su")
    law = stats.johnsonsu(0.193599, 0.517326, 3.431943, 0.9281)
    exact = low == high
    each = np.where(exact, law.logpdf(high), np.log(law.cdf(high) - law.cdf(low) + exact))
    assert fit.llf >= weight @ each


def test_a_gev_law_of_few_coarse_rows_may_have_its_end_beside_an_interval():
    """Its maximum at xi = -0.76 is 0.008 nats above that at xi = -0.43, to which other starts lead."""
    inf = np.inf
    rows = np.array(
        [[-inf, 2.16485, 2], [-2.80891, inf, 1], [-11.25209, -9.64464, 3], [-14.52587, inf, 3], [-inf, -5.04401, 1],
         [-9.10525, inf, 1], [-3.21488, -1.60744, 3], [-8.53551, inf, 1], [1.60744, 3.21488, 1],
         [-5.39501, -5.39501, 3], [-9.64464, -8.0372, 1], [-inf, -5.17606, 3], [-6.35611, -6.35611, 1],
         [2.69537, 2.69537, 1], [-12.85953, -11.25209, 1], [2.26514, 2.26514, 2], [1.60744, 3.21488, 1]]
    )  # fmt: skip
    low, high, weight = rows.T
    fit = fit_quietly(mle.Sample.intervals(low, high, weight), "gev")
    law = stats.genextreme(0.763104, -5.404841, 6.610859)  # SciPy's c is -xi
    exact = low == high
    each = np.where(exact, law.logpdf(high), np.log(law.cdf(high) - law.cdf(low) + exact))
    assert fit.llf >= weight @ each - 1e-8
    assert fit.params["xi"] == pytest.approx(-0.763, abs=1e-3)


def test_a_skew_law_is_above_the_normal_one_of_two_bins():
    sample = mle.Sample.binned([1, 0, 1], [0.0, 15.6, 31.2, 46.8])
    better = stats.johnsonsu(-13.99, 3.16, -25.75, 1.1186)
    weighted = np.log(better.cdf(15.6) - better.cdf(0.0)) + np.log(better.cdf(46.8) - better.cdf(31.2))
    assert fit_quietly(sample, "johnson_su").llf >= weighted


def test_a_window_may_hide_that_a_shape_runs_off():
    """In a window the density of Birnbaum and Saunders tends to that of x^-1/2 + s x^-3/2 as shape goes to ∞."""
    x = np.repeat([4.0, 5, 6, 7, 8, 9, 16, 17, 19, 20, 37, 46, 58], [6, 3, 2, *[1] * 10])
    fit = fit_quietly(mle.Sample(x).truncated(3.0311, 58.3543), "birnbaum_saunders")

    def at_the_end(scale):
        mass = 2 * (np.sqrt(58.3543) - np.sqrt(3.0311)) + 2 * scale * (3.0311**-0.5 - 58.3543**-0.5)
        return float(np.sum(np.log((x**-0.5 + scale * x**-1.5) / mass)))

    assert fit.llf == pytest.approx(max(at_the_end(s) for s in np.geomspace(1.0, 1e5, 4001)), abs=1e-3)
    assert not fit.certificate.ok


def test_what_is_saturated_is_not_identified():
    """Two bins that meet but for rounding: as b grows a law comes as near to 4/7 and 3/7 as one likes."""
    fit = fit_quietly(mle.Sample.rounded([0.7, 0.7, 0.8, 0.8, 0.7, 0.8, 0.7], 0.1), "kumaraswamy")
    assert fit.certificate.verdict == "not_identified"
    assert fit.llf == pytest.approx(4 * np.log(4 / 7) + 3 * np.log(3 / 7), abs=1e-4)


@pytest.mark.parametrize("law", ["kumaraswamy", "beta"])
@pytest.mark.parametrize("times", [[0.95, 0.9], [0.77, 0.72, 0.37]])
def test_the_only_event_of_proportions_has_a_spike(law, times):
    """As of a law on a half-line: the law that is tried on it must not reach beyond 1."""
    with pytest.raises(UnboundedLikelihoodError, match="all censored times lie before the only event"):
        mle.fit(mle.Sample.right_censored(times, [1] + [0] * (len(times) - 1)), law)


def test_a_threshold_with_entries_is_found_though_the_times_alone_have_none():
    """Without their entries the likelihood of these times only rises to the first of them."""
    times = np.array(
        [
            4.24,
            11.985,
            5.478,
            19.631,
            7.713,
            11.604,
            2.797,
            7.124,
            0.259,
            7.554,
            21.31,
            7.457,
            11.206,
            5.856,
            0.315,
            10.262,
            1.483,
            10.149,
            17.848,
            0.066,
            22.523,
            6.695,
        ]
    )
    entries = np.array(
        [
            1.178,
            10.162,
            -1.467,
            19.271,
            2.306,
            -2.13,
            2.442,
            6.076,
            -6.825,
            4.047,
            21.076,
            5.351,
            7.39,
            5.561,
            -0.552,
            9.861,
            0.838,
            10.128,
            11.448,
            -1.569,
            21.861,
            2.474,
        ]
    )
    with pytest.raises(UnboundedLikelihoodError):
        mle.fit(times, mle.shifted("weibull"))
    fit = fit_quietly(mle.Sample(times).truncated(lower=entries), mle.shifted("weibull"))
    law = stats.weibull_min(1.9562, -3.957, 7.1947)
    assert fit.llf >= float(np.sum(law.logpdf(times) - law.logsf(entries)))
    assert fit.certificate.ok


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_censored_data_of_a_lognormal_law_with_a_threshold_are_at_that_limit(side):
    """Of johnson_su: gamma runs off, and in the median, the slope there, delta and gamma/delta the rest is regular."""
    rng = np.random.default_rng(8)
    x = side * (rng.lognormal(0.0, 0.25, 300) - 3.0)
    limit = np.quantile(x, 0.3)
    censored = mle.Sample.left_censored(np.maximum(x, limit), x >= limit)
    fit = fit_quietly(censored, "johnson_su")
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit.startswith("lognormal")
    # The same law as a normal one of logarithms, above or below the threshold that was found.
    threshold, delta = fit.params["loc"], fit.params["delta"]
    law = mle.shifted("lognormal")
    own = mle.Sample.right_censored(-np.maximum(x, limit), x >= limit) if side < 0 else censored
    there = fit_quietly(own, law, fixed={"threshold": side * threshold})
    assert there.llf == pytest.approx(fit.llf, abs=1e-7)
    assert there.params["sdlog"] == pytest.approx(1 / delta, rel=1e-5)


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_law_may_be_narrow_beside_the_end_of_one_window(unit, mirrored):
    """The other observation is seen in a tail, a power of x, as are both where the scale runs off, 1.2 nats lower."""
    x, entry = np.array([2.43353734, 3.99421056]), np.array([2.32012436, 3.92127599])
    seen = mle.Sample(unit * x).truncated(lower=unit * entry)
    if mirrored:  # 1/x is loglogistic too
        seen = mle.Sample(unit / x).truncated(upper=unit / entry)
    fit = fit_quietly(seen, "loglogistic")
    shape, scale = 106.82557, 2.43325739
    rows = stats.fisk(shape, scale=scale).logpdf(x) + np.log1p((entry / scale) ** shape) - np.log(unit)
    better = float(np.sum(rows + (2 * np.log(x) if mirrored else 0.0)))
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(better, abs=1e-8)
    median = fit.params["scale"] / unit
    assert fit.params["shape"] == pytest.approx(shape, rel=1e-5)
    assert (1 / median if mirrored else median) == pytest.approx(scale, rel=1e-6)


@pytest.mark.parametrize("differ", [2, 11, 12, 13, 40])
@pytest.mark.parametrize("first", ["equal", "mixed"])
def test_rows_that_differ_are_counted_however_they_are_ordered(differ, first):
    values = np.repeat(np.arange(1.0, differ + 1), 100)
    x = values if first == "equal" else np.random.default_rng(3).permutation(values)
    sample = mle.Sample.right_censored(x, np.zeros(len(x), dtype=bool))
    assert may_hide_maxima(sample, 2) == (differ <= 12)


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_two_maxima_on_a_ridge_of_many_rows_that_entered_late(unit):
    """262 rows of campaign trial 872645, in thousandths: the law's starts lead to the lower one, .0014 nats below."""
    x, entry = unit * np.loadtxt(Path(__file__).parent / "two_maxima_by_entry.csv", delimiter=",", skiprows=1).T
    fit = fit_quietly(mle.Sample(x).truncated(lower=entry), "generalized_normal")

    def loglik(v):
        law = stats.gennorm(np.exp(v[2]), unit * v[0], unit * np.exp(v[1]))
        return float(np.sum(law.logpdf(x) - law.logsf(entry)))

    begin = [248.95, np.log(205.19), np.log(2.915)]
    best = optimize.minimize(lambda v: -loglik(v), begin, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11})
    assert fit.llf == pytest.approx(-best.fun, abs=1e-6)
    assert fit.params["loc"] == pytest.approx(unit * 248.95122, rel=1e-5)
