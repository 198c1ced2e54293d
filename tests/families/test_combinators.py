"""Laws with a threshold, truncated laws, and counts with more or fewer zeros."""

import json
import math

import fieldcases
import mpmath as mp
import numpy as np
import pytest
from references import HERE, column, fit_quietly, flat
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.families.combinators.truncated import Truncated
from mle_toolkit.families.combinators.zeros import ZeroInflated
from mle_toolkit.families.mass import log_mass
from mle_toolkit.likelihood.sums import Likelihood

EXPECTED = {
    case["id"]: case["expected"] for case in json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))["cases"]
}
IN_STANDARD_ERRORS = 1e-5
LOGLIK = 1e-8

rng = np.random.default_rng(20_240_301)
POISSON = rng.poisson(2.5, 300).astype(float)
INFLATED = np.where(rng.uniform(size=400) < 0.3, 0, rng.negative_binomial(2, 0.3, 400)).astype(float)
RIVERS = column("rivers", "x")
NILE = column("nile", "x")
HOURS = column("aircondit", "hours")
SERVING = column("groundbeef", "serving")


def check_case(name: str, fit: mle.Fit) -> None:
    """Estimates, log-likelihood and standard errors at the tight grade."""
    expected = EXPECTED[name]
    theta, se = (np.array(list(expected[key].values())) for key in ("params", "se"))
    assert np.abs((flat(fit.params) - theta) / se).max() <= IN_STANDARD_ERRORS
    assert abs(fit.llf - expected["loglik"]) <= LOGLIK * max(1.0, abs(expected["loglik"]))
    assert flat(fit.bse) == pytest.approx(se, rel=IN_STANDARD_ERRORS)


def numerical_score(family: mle.Family, x: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Derivatives of logpdf by each number, by differences of fourth order."""
    columns = []
    for k in range(len(theta)):
        h = np.zeros(len(theta))
        h[k] = 1e-4 * max(1.0, abs(theta[k]))
        at = [family.logpdf(x, *family.unpack(theta + c * h)) for c in (1, -1, 2, -2)]
        columns.append((8 * (at[0] - at[1]) - (at[2] - at[3])) / (12 * h[k]))
    return np.stack(columns, axis=-1)


# --- thresholds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "base", "x"), [("lnorm3_rivers", "lognormal", RIVERS), ("weibull3_nile", "weibull", NILE)]
)
def test_reference_cases_with_a_threshold(name, base, x):
    fit = fit_quietly(x, mle.shifted(base))
    assert list(fit.params) == list(EXPECTED[name]["params"])
    check_case(name, fit)
    assert fit.certificate.verdict == "local"
    assert "without bound" in fit.certificate.message


@pytest.mark.parametrize(("centre", "scale"), [(0.0, 1e9), (0.0, 1e-9), (1e6, 1.0), (-1e4, 1e3), (0.0, 1e200)])
def test_a_threshold_moves_with_the_unit(centre, scale):
    known = fit_quietly(NILE, mle.shifted("weibull"))
    fit = fit_quietly(centre + scale * NILE, mle.shifted("weibull"))
    moved = np.array([known.params["shape"], scale * known.params["scale"], centre + scale * known.params["threshold"]])
    slope = np.array([1.0, scale, scale])
    assert np.all(np.abs(flat(fit.params) - moved) <= IN_STANDARD_ERRORS * slope * flat(known.bse))
    assert flat(fit.bse) == pytest.approx(slope * flat(known.bse), rel=1e-5)
    assert fit.llf == pytest.approx(known.llf - len(NILE) * math.log(scale), rel=1e-10)


def test_an_exponential_threshold_is_the_smallest_observation():
    fit = mle.fit(HOURS, mle.shifted("exponential"))
    assert fit.params["threshold"] == HOURS.min()
    assert fit.params["scale"] == pytest.approx(HOURS.mean() - HOURS.min(), rel=1e-12)
    assert fit.certificate.verdict == "non_regular"
    assert math.isnan(fit.bse["threshold"])


def test_the_spike_of_a_threshold_is_at_the_smallest_event_and_not_at_a_censored_time():
    sample = mle.Sample.right_censored([1.0, 2.0, 3.0, 2.5, 4.0], [0, 0, 0, 0, 1])
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match="smallest observation, 4, "):
        mle.fit(sample, "shifted(weibull)")


@pytest.mark.parametrize("base", ["weibull", "gamma", "loglogistic"])
def test_without_a_local_maximum_the_way_out_is_shown(base):
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match=r"not even a local.*Sample\.rounded") as caught:
        mle.fit(HOURS, mle.shifted(base))
    assert caught.value.certificate.verdict == "unbounded"


@pytest.mark.parametrize("base", ["weibull", "gamma", "loglogistic", "exponential"])
def test_the_way_out_leads_out(base):
    """The likelihood of rounding intervals has its maximum at a kink, where the lowest interval begins."""
    sample = mle.Sample.rounded(HOURS, 1.0)
    fit = mle.fit(sample, mle.shifted(base))
    assert fit.params["threshold"] == HOURS.min() - 0.5
    assert fit.certificate.verdict == "non_regular"
    assert math.isnan(fit.bse["threshold"])
    for threshold in (2.49, 2.51):
        assert fit.llf > mle.fit(sample, mle.shifted(base), fixed={"threshold": threshold}).llf


@pytest.mark.parametrize(
    ("base", "lower", "upper", "end", "unit"),
    [
        # The lower end of the rows that are open above is that of the lowest interval, or lies below it.
        ("weibull", [0, 0, 0, 0, 0, 1, 1, 3, 0, 0], [1, 1, 1, 1, 1, 2, 2, 4, math.inf, math.inf], 0.0, 1.0),
        ("weibull", [2, 2, 2, 4, 2, 1], [3, 3, 3, 5, math.inf, math.inf], 2.0, 1e-6),
    ],
)
def test_rows_that_are_open_above_hide_no_kink(base, lower, upper, end, unit):
    sample = mle.Sample.intervals(np.array(lower) * unit, np.array(upper) * unit)
    fit = fit_quietly(sample, mle.shifted(base))
    assert fit.certificate.verdict == "non_regular"
    assert fit.params["threshold"] == pytest.approx(end * unit, abs=1e-12 * unit)
    for beside in (-1e-3, 1e-3):
        threshold = (end + beside) * unit
        assert fit.llf > fit_quietly(sample, mle.shifted(base), fixed={"threshold": threshold}).llf


def test_a_smooth_maximum_at_the_end_of_an_interval_is_no_kink():
    """The likelihood falls with the square of the step there: the search settles on nothing."""
    lower = np.array([2.0, 2.08, 2.0, 1.85, 2.08, 2.08])
    upper = np.array([2.08, math.inf, 2.08, math.inf, 2.155, 2.155])
    sample = mle.Sample.intervals(lower, upper)
    assert fit_quietly(sample, mle.shifted("lognormal")).certificate.verdict == "not_identified"


def test_rounding_makes_a_likelihood_bounded():
    fit, exact = mle.fit(mle.Sample.rounded(NILE, 1.0), mle.shifted("weibull")), EXPECTED["weibull3_nile"]
    assert fit.certificate.verdict == "interior"
    assert abs(fit.params["shape"] - exact["params"]["shape"]) < 0.01 * exact["se"]["shape"]


def test_the_lognormal_never_ends_on_the_smallest_observation():
    fit = fit_quietly(HOURS, mle.shifted("lognormal"))
    assert fit.certificate.verdict == "local"
    assert fit.certificate.decrement <= 1e-9
    assert HOURS.min() - fit.params["threshold"] > 0.01
    assert fit.llf < -60


def test_a_maximum_that_is_narrower_than_the_grid_of_thresholds_is_found():
    """The profile hardly rises between two trials; by mpmath its slope is 0 at the threshold that is found."""
    x = [-1.006143265, -0.048476191, 0.019050608, 3.596032592, 3.942502881]
    fit = fit_quietly(x, mle.shifted("lognormal"))
    assert fit.certificate.verdict == "local"
    logs = [mp.log(mp.mpf(v) - fit.params["threshold"]) for v in x]
    mean = sum(logs) / 5
    variance = sum((v - mean) ** 2 for v in logs) / 5
    slope = sum((1 + (v - mean) / variance) * mp.exp(-v) for v in logs)
    assert abs(slope) < 1e-6


def test_a_known_threshold_is_a_subtraction():
    fit = mle.fit(NILE, mle.shifted("weibull"), fixed={"threshold": 400.0})
    known = mle.fit(NILE - 400.0, "weibull")
    assert fit.params["shape"] == pytest.approx(known.params["shape"], rel=1e-7)
    assert fit.llf == pytest.approx(known.llf, rel=1e-12)
    assert fit.certificate.verdict == "interior"
    assert fit.df_model == 2


def test_data_skewed_to_the_left_make_a_lognormal_with_threshold_normal():
    x = 50.0 - np.random.default_rng(1).gamma(4.0, 2.0, 200)
    fit = fit_quietly(x, mle.shifted("lognormal"))
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "normal"
    assert fit.llf == pytest.approx(mle.fit(x, "normal").llf, rel=1e-12)


@pytest.mark.parametrize("base", ["inverse_gaussian", "frechet", "inverse_gamma", "birnbaum_saunders"])
def test_a_density_that_vanishes_at_its_beginning_has_a_maximum(base):
    fit = mle.fit(RIVERS, mle.shifted(base))
    assert fit.certificate.verdict == "interior"
    above = RIVERS - fit.params["threshold"]
    assert mle.fit(above, base).llf == pytest.approx(fit.llf, rel=1e-9)


def test_a_threshold_with_censored_times():
    """Against the same maximum from another start."""
    time = np.minimum(NILE, 1000.0)
    sample = mle.Sample.right_censored(time, time < 1000.0)
    law = mle.shifted("weibull")
    fit, other = (fit_quietly(sample, law, start=s) for s in (None, {"shape": 3.0, "scale": 500.0, "threshold": 440.0}))
    assert fit.certificate.verdict == "local"
    assert flat(fit.params) == pytest.approx(flat(other.params), rel=1e-6)
    assert fit.llf == pytest.approx(other.llf, rel=1e-11)
    subtracted = mle.Sample.right_censored(time - fit.params["threshold"], time < 1000.0)
    assert mle.fit(subtracted, "weibull").llf == pytest.approx(fit.llf, rel=1e-9)


def test_the_law_with_a_threshold_is_the_law_moved():
    law, base = (
        mle.distribution(mle.shifted("gamma"), shape=2.0, scale=3.0, threshold=5.0),
        mle.distribution("gamma", shape=2.0, scale=3.0),
    )
    x = np.array([4.0, 5.5, 9.0, 30.0])
    for method in ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf"):
        assert getattr(law, method)(x) == pytest.approx(getattr(base, method)(x - 5.0))
    p = np.array([0.01, 0.5, 0.99])
    assert law.ppf(p) == pytest.approx(5.0 + base.ppf(p))
    assert law.isf(p) == pytest.approx(5.0 + base.isf(p))
    assert (law.mean(), law.var(), law.entropy()) == pytest.approx((11.0, 18.0, base.entropy()))
    assert law.rvs(4000, rng=1).mean() == pytest.approx(11.0, abs=0.4)


@pytest.mark.parametrize("base", ["lognormal", "weibull", "gamma", "inverse_gaussian", "loglogistic"])
def test_score_of_a_threshold(base):
    law = mle.shifted(base)
    theta = np.array([1.3, 0.8, 2.0])
    x = np.array([2.5, 3.0, 7.0])
    assert np.stack(law.score(x, *theta), axis=-1) == pytest.approx(numerical_score(law, x, theta), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("base", "reason"),
    [("poisson", "counts"), ("normal", "location"), ("pareto", "begins"), ("beta", "half-line")],
)
def test_what_cannot_be_shifted(base, reason):
    with pytest.raises(mle.errors.ParameterError, match=reason):
        mle.shifted(base)


# --- truncation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1.0, 1e9, 1e-9])
def test_truncated_normal(unit):
    x = NILE[(NILE >= 700) & (NILE <= 1200)]
    fit = mle.fit(x * unit, mle.truncated("normal", 700 * unit, 1200 * unit))
    expected = EXPECTED["trunc_norm_nile"]
    for name, value in expected["params"].items():
        assert abs(fit.params[name] / unit - value) <= IN_STANDARD_ERRORS * expected["se"][name]
        assert fit.bse[name] / unit == pytest.approx(expected["se"][name], rel=1e-5)
    assert fit.llf + len(x) * math.log(unit) == pytest.approx(expected["loglik"], abs=1e-7)


def test_truncated_gamma():
    fit = mle.fit(SERVING[SERVING >= 30], mle.truncated("gamma", 30))
    check_case("trunc_gamma_groundbeef30", fit)
    assert fit.certificate.verdict == "interior"


@pytest.mark.parametrize(("base", "window"), [("weibull", (500.0, 1300.0)), ("logistic", (None, 1300.0))])
def test_a_truncated_law_is_a_law_seen_through_a_window(base, window):
    x = NILE[((window[0] or -np.inf) < NILE) & (window[1] >= NILE)]
    made = mle.fit(x, mle.truncated(base, *window))
    seen = mle.fit(mle.Sample(x).truncated(*window), base)
    assert flat(made.params) == pytest.approx(flat(seen.params), rel=1e-6)
    assert made.llf == pytest.approx(seen.llf, rel=1e-11)
    assert flat(made.bse) == pytest.approx(flat(seen.bse), rel=1e-5)


def test_truncation_to_the_whole_support_changes_nothing():
    whole = mle.fit(RIVERS, mle.truncated("gamma", 0.0, np.inf))
    assert whole.llf == pytest.approx(mle.fit(RIVERS, "gamma").llf, rel=1e-12)


@pytest.mark.parametrize(("base", "params", "window"), [
    ("normal", {"mu": 0.0, "sigma": 1.0}, (-1.0, 2.5)),
    ("normal", {"mu": 0.0, "sigma": 1.0}, (36.0, 38.0)),
    ("gamma", {"shape": 2.0, "scale": 3.0}, (4.0, None)),
    ("poisson", {"mu": 3.0}, (1.0, 6.0)),
])  # fmt: skip
def test_the_truncated_law_is_a_law(base, params, window):
    law = mle.distribution(mle.truncated(base, *window), **params)
    assert law.expect(np.ones_like) == pytest.approx(1.0, rel=1e-8)
    p = np.array([0.05, 0.5, 0.95])
    x = law.ppf(p)
    if not law.family.discrete:
        assert law.cdf(x) == pytest.approx(p, rel=1e-9)
        assert law.isf(1 - p) == pytest.approx(x)
    assert law.cdf(x) + law.sf(x) == pytest.approx(1.0)
    assert law.logpdf(np.array([window[0] - 1.0])) == -np.inf
    assert law.cdf(window[0] - 1.0) == 0.0


def test_score_of_a_truncated_law():
    for law, theta, x in (
        (mle.truncated("gamma", 1.0, 9.0), np.array([2.0, 3.0]), np.array([1.5, 4.0, 8.0])),
        (mle.zero_truncated("negbin"), np.array([2.0, 3.0]), np.array([1.0, 4.0, 8.0])),
    ):
        assert np.stack(law.score(x, *theta), axis=-1) == pytest.approx(numerical_score(law, x, theta), rel=1e-7)


def test_zero_truncated_poisson_is_the_built_in_law():
    positive = POISSON[POISSON > 0]
    assert mle.zero_truncated("poisson").name == "zero_truncated_poisson"
    made = mle.fit(positive, Truncated(mle.get_family("poisson"), 0.0, np.inf))
    known = mle.fit(positive, "zero_truncated_poisson")
    assert abs(made.params["mu"] - known.params["mu"]) <= IN_STANDARD_ERRORS * known.bse["mu"]
    assert made.llf == pytest.approx(known.llf, rel=1e-12)
    assert made.bse["mu"] == pytest.approx(known.bse["mu"], rel=1e-6)


def test_zero_truncated_geometric_has_a_formula():
    x = POISSON[POISSON > 0]
    fit = mle.fit(x, mle.zero_truncated("geometric"))
    assert abs(fit.params["prob"] - 1 / x.mean()) <= IN_STANDARD_ERRORS * fit.bse["prob"]


def test_an_empty_window_is_refused():
    with pytest.raises(mle.errors.ParameterError, match="lower one must be below the upper"):
        mle.truncated("normal", 2.0, 1.0)
    with pytest.raises(mle.errors.ParameterError, match="no value of gamma"):
        mle.truncated("gamma", -2.0, -1.0)
    with pytest.raises(mle.errors.SupportError):
        mle.fit([0.5, 3.0], mle.truncated("gamma", 1.0))


# --- zeros ------------------------------------------------------------------------------------------------------------


def test_zero_inflated_poisson_is_the_built_in_law():
    x = INFLATED
    assert mle.zero_inflated("poisson").name == "zip"
    made, known = mle.fit(x, ZeroInflated(mle.get_family("poisson"))), mle.fit(x, "zip")
    assert np.all(np.abs(flat(made.params) - flat(known.params)) <= IN_STANDARD_ERRORS * flat(known.bse))
    assert made.llf == pytest.approx(known.llf, rel=1e-12)
    assert flat(made.bse) == pytest.approx(flat(known.bse), rel=1e-6)


def test_zip_reference_case():
    with (HERE / "data/dev/prepared/zip_biochemists.csv").open(encoding="utf-8") as file:
        x, weight = np.loadtxt(file, delimiter=",", skiprows=1, unpack=True)
    check_case("zip_biochemists", mle.fit(x, ZeroInflated(mle.get_family("poisson")), weights=weight))


def test_zero_inflated_negative_binomial_beats_both_its_limits():
    fit = mle.fit(INFLATED, mle.zero_inflated("negbin"))
    assert fit.certificate.verdict == "interior"
    assert fit.llf >= mle.fit(INFLATED, "zip").llf
    assert fit.llf >= mle.fit(INFLATED, "negbin").llf


def test_no_excess_of_zeros_is_the_base_law():
    fit = fit_quietly(POISSON + (POISSON == 0), ZeroInflated(mle.get_family("poisson")))
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "poisson"
    assert fit.params["pi"] == 0.0
    assert math.isnan(fit.bse["pi"])


def test_a_hurdle_factorises():
    """The share of the zeros, and the positive counts alone."""
    positive = INFLATED[INFLATED > 0]
    zeros = np.mean(INFLATED == 0)
    binary = len(INFLATED) * (zeros * math.log(zeros) + (1 - zeros) * math.log(1 - zeros))
    for base in ("poisson", "negbin", "geometric"):
        fit, rest = mle.fit(INFLATED, mle.hurdle(base)), mle.fit(positive, mle.zero_truncated(base))
        assert fit.params["pi"] == pytest.approx(zeros, rel=1e-9)
        assert flat(fit.params)[1:] == pytest.approx(flat(rest.params), rel=1e-6)
        assert flat(fit.bse)[1:] == pytest.approx(flat(rest.bse), rel=1e-5)
        assert fit.bse["pi"] == pytest.approx(math.sqrt(zeros * (1 - zeros) / len(INFLATED)), rel=1e-6)
        assert fit.llf == pytest.approx(binary + rest.llf, rel=1e-11)


def test_a_hurdle_without_zeros_is_the_positive_law():
    fit = fit_quietly(POISSON + 1, mle.hurdle("poisson"))
    assert fit.certificate.verdict == "boundary"
    assert fit.params["pi"] == 0.0
    assert fit.params["mu"] == pytest.approx(mle.fit(POISSON + 1, "zero_truncated_poisson").params["mu"])


@pytest.mark.parametrize("make", [mle.zero_inflated, mle.hurdle])
@pytest.mark.parametrize(("base", "params"), [
    ("negbin", {"size": 2.0, "mu": 3.0}),
    ("geometric", {"prob": 0.4}),
])  # fmt: skip
def test_a_law_with_its_own_zeros_is_a_law(make, base, params):
    family = make(base)
    law = mle.distribution(family, pi=0.3, **params)
    counts = np.arange(400.0)
    p = law.pdf(counts)
    assert p.sum() == pytest.approx(1.0)
    assert np.cumsum(p)[:20] == pytest.approx(law.cdf(counts)[:20])
    assert law.sf(counts)[:20] == pytest.approx(1 - law.cdf(counts)[:20])
    mean = counts @ p
    assert law.mean() == pytest.approx(mean)
    assert law.var() == pytest.approx(np.square(counts - mean) @ p)
    theta = np.array([0.3, *params.values()])
    x = np.array([0.0, 1.0, 5.0])
    assert np.stack(family.score(x, *theta), axis=-1) == pytest.approx(numerical_score(family, x, theta), rel=1e-6)


@pytest.mark.parametrize("make", [mle.zero_inflated, mle.hurdle])
@pytest.mark.parametrize("mu", [3.0, 80.0, 900.0])
def test_intervals_of_counts_that_are_rare_beside_zeros_keep_their_digits(make, mu):
    """Where the probability of a few counts is below the rounding of that of 0, and where it underflows."""
    law = make("poisson")
    lower, upper = np.array([0.0, 1.0, 2.0, -1.0, -np.inf, 5.0]), np.array([1.0, 3.0, 4.0, 2.0, 1.0, np.inf])

    def poisson(low, high):
        return sum(mp.exp(-mu) * mp.mpf(mu) ** k / mp.factorial(k) for k in range(low, high + 1))

    with mp.workdps(60):
        shared = mp.mpf(0.7) / (1 - poisson(0, 0)) if make is mle.hurdle else mp.mpf(0.7)
        zero = 0 if make is mle.hurdle else shared * poisson(0, 0)
        below_six = shared * poisson(1, 5) + zero
        ranges = (shared * poisson(a, b) for a, b in ((1, 1), (2, 3), (3, 4)))
        with_zero = (mp.mpf(0.3) + zero + shared * poisson(1, k) for k in (2, 1))
        expected = [float(mp.log(p)) for p in (*ranges, *with_zero, mp.mpf(0.7) - below_six)]
    assert log_mass(law, (0.3, mu), lower, upper) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("law", [mle.zero_inflated("poisson"), mle.hurdle("poisson")])
def test_zeros_and_the_last_count_of_a_window_are_a_limit(law):
    """As mu → ∞ all positive counts are at the end of the window: said to be not converged, 0.007 nats below."""
    fit = fit_quietly(mle.Sample([0.0, 0.0, 3.0]).truncated(-1.0, 3.5), law)
    assert fit.certificate.verdict == "boundary"
    assert fit.params["mu"] == np.inf
    assert fit.llf == pytest.approx(2 * math.log(2 / 3) + math.log(1 / 3), abs=1e-12)


@pytest.mark.parametrize("make", [mle.zero_inflated, mle.hurdle])
def test_zeros_alone_tell_nothing(make):
    with pytest.raises(mle.errors.DegenerateDataError, match="all 7 observations are 0"):
        mle.fit(np.zeros(7), make("negbin"))


def test_only_counts_lose_their_zeros():
    with pytest.raises(mle.errors.ParameterError, match="counts from 0"):
        mle.zero_truncated("normal")


@pytest.mark.parametrize("make", [mle.zero_inflated, mle.hurdle, mle.zero_truncated])
def test_counts_with_zeros_of_their_own_begin_at_0(make):
    with pytest.raises(mle.errors.ParameterError, match="counts from 0"):
        make("zeta")


def test_more_than_one_excess_is_refused():
    with pytest.raises(mle.errors.ParameterError, match="already"):
        mle.zero_inflated("zip")


# --- all --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("law", "x"), [
    (mle.shifted("weibull"), NILE),
    (mle.truncated("gamma", 30.0), SERVING[SERVING >= 30]),
    (mle.zero_inflated("negbin"), INFLATED),
    (mle.hurdle("poisson"), INFLATED),
], ids=["shifted", "truncated", "zero-inflated", "hurdle"])  # fmt: skip
def test_weights_are_repetitions(law, x):
    weight = 1.0 + np.arange(len(x)) % 3
    weighted, repeated = (
        fit_quietly(x, law, weights=weight),
        fit_quietly(np.repeat(x, weight.astype(int)), law),
    )
    assert flat(weighted.params) == pytest.approx(flat(repeated.params), rel=1e-6)
    assert weighted.llf == pytest.approx(repeated.llf, rel=1e-11)


@pytest.mark.parametrize(("law", "x"), [
    (mle.shifted("weibull"), NILE),
    (mle.truncated("gamma", 30.0), SERVING[SERVING >= 30]),
    (mle.zero_inflated("negbin"), INFLATED),
    (mle.hurdle("negbin"), INFLATED),
], ids=["shifted", "truncated", "zero-inflated", "hurdle"])  # fmt: skip
def test_a_saved_fit_computes_as_before(law, x, tmp_path):
    fit = fit_quietly(x, law)
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert flat(loaded.params).tolist() == flat(fit.params).tolist()
    assert loaded.distribution.cdf(x[:5]).tolist() == fit.distribution.cdf(x[:5]).tolist()
    assert loaded.family.name == fit.family.name


def test_a_likelihood_moves_the_constants_of_its_law():
    """What is maximised in the unit of the likelihood is the likelihood of the data."""
    law = mle.truncated("normal", 700.0, 1200.0)
    x = NILE[(NILE > 700) & (NILE <= 1200)]
    likelihood = Likelihood(law, mle.Sample(x))
    assert not likelihood.unit.is_identity
    theta = np.array([900.0, 150.0])
    inner = likelihood.mean_loglik(likelihood.unit.params_to_unit(law, theta)) + likelihood.log_jacobian
    assert inner == pytest.approx(np.mean(law.logpdf(x, *theta)), rel=1e-13)


@pytest.mark.parametrize("name", ["gamma", "nakagami"])
@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_a_profile_that_only_rises_to_the_smallest_observation_has_no_maximum(name, unit):
    """The normal law, at a threshold of minus infinity, is the lowest point of the profile, not a maximum."""
    (x,) = fieldcases.columns("distfit45.csv").values()
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match="only rises as threshold comes to the smallest"):
        mle.fit(x * unit, mle.shifted(name))


def test_the_threshold_of_a_falling_density_is_the_first_event_of_censored_data():
    """Of an exponential law: the scale is the time beyond the first event over the events."""
    times, events = np.array([1.2, 1.5, 3, 2.2, 4, 4]), [1, 1, 1, 1, 0, 0]
    scale = (times - 1.2).sum() / 4
    for unit in (1.0, 1e6):
        fit = mle.fit(mle.Sample.right_censored(times * unit, events), mle.shifted("exponential"))
        assert fit.params["threshold"] == 1.2 * unit
        assert fit.params["scale"] == pytest.approx(scale * unit, rel=1e-8)
        assert fit.llf == pytest.approx(-4 * math.log(scale * unit) - 4, abs=1e-9)
        assert fit.certificate.verdict == "non_regular"


def test_a_weibull_law_of_far_threshold_is_one_of_smallest_extremes():
    """Data skewed to the left by as much as a smallest extreme value: shape and threshold run off together."""
    sample = mle.Sample.binned([1, 0, 3, 19, 22, 8], [101.75, 102.02, 102.549, 102.814, 103.08, 103.345, 103.61])
    fit = fit_quietly(sample, mle.shifted("weibull"))
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "smallest_extreme_value"
    assert fit.llf == pytest.approx(mle.fit(sample, "smallest_extreme_value").llf, abs=1e-9)


def test_the_curvature_where_a_threshold_comes_to_the_end_of_an_interval():
    """The density of a lognormal law vanishes there so fast that derivatives change within 1e-7 of a natural change."""
    sample = mle.Sample.intervals([-97.37, 486.86], [97.37, 681.6], [9, 1])
    fit = fit_quietly(sample, mle.shifted("lognormal"))
    assert fit.certificate.verdict == "interior"
    with mp.workdps(40):
        at = [mp.mpf(v) for v in fit.params.values()]
        cdf = lambda x, m, s, t: mp.ncdf((mp.log(x - t) - m) / s) if x > t else mp.mpf(0)  # noqa: E731

        def loglik(*p):
            first, second = cdf(97.37, *p) - cdf(-97.37, *p), cdf(681.6, *p) - cdf(486.86, *p)
            return 9 * mp.log(first) + mp.log(second)

        step = mp.mpf(10) ** -12

        def moved(i, j, up_i, up_j):
            return loglik(*(p + step * (up_i * (k == i) + up_j * (k == j)) for k, p in enumerate(at)))

        hessian = [
            [float(sum(a * b * moved(i, j, a, b) for a in (1, -1) for b in (1, -1)) / (4 * step**2)) for j in range(3)]
            for i in range(3)
        ]
        assert fit.llf == pytest.approx(float(loglik(*at)), abs=1e-8)
    assert flat(fit.bse) == pytest.approx(np.sqrt(np.diag(np.linalg.inv(-np.array(hessian)))), rel=1e-3)


@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_a_threshold_far_nearer_than_the_spread_of_a_heavy_tail_is_found(unit):
    """Its maximum is a billionth of the quartiles' distance below the data; "not even a local one" was said."""
    x = np.exp(4.2 * special.ndtri((np.arange(193) + 0.5) / 193) + 2.0)
    fit = fit_quietly(unit * x, mle.shifted("lognormal"))

    def profile(distance):
        logs = np.log(x - x[0] + distance)
        return -np.sum(logs) - len(x) * (np.log(np.std(logs)) + 0.5 * np.log(2 * np.pi * np.e))

    away = x[0] - fit.params["threshold"] / unit
    assert fit.certificate.verdict == "local"
    assert fit.llf + len(x) * np.log(unit) == pytest.approx(profile(away), abs=1e-6)
    assert profile(away) > max(profile(0.9 * away), profile(1.1 * away))


def test_a_threshold_at_the_lower_end_of_an_interval_beside_exact_and_left_censored_rows():
    """The likelihood falls by a kink on either side of 2.0; by hand, for each threshold, the best scale."""
    lower = np.array([2.0, 2.0, 2.0, 2.5, 3.1, -np.inf, -np.inf, 4.0])
    upper = np.array([2.5, 2.5, 2.5, 2.5, 3.1, 3.0, 4.0, np.inf])
    fit = fit_quietly(mle.Sample.intervals(lower, upper), "shifted(exponential)")

    def highest(threshold):
        def cost(log_scale):
            z = (np.maximum([lower, upper], threshold) - threshold) / np.exp(log_scale)
            exact = lower == upper
            return -np.sum(np.where(exact, -z[0] - log_scale, np.log(np.exp(-z[0]) - np.exp(-z[1]) + exact)))

        return -optimize.minimize_scalar(cost, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10}).fun

    assert fit.certificate.verdict == "non_regular"
    assert fit.params["threshold"] == 2.0
    assert fit.llf == pytest.approx(highest(2.0), abs=1e-8)
    assert max(highest(t) for t in np.linspace(0.0, 2.4, 49)) <= fit.llf + 1e-8


@pytest.mark.parametrize("values", [[48.8], [48.8, 48.8, 48.8]])
def test_a_threshold_with_one_value_in_a_window_has_no_maximum(values):
    """No row is left beyond a threshold on the only value: an error of NumPy left the package."""
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match="unbounded"):
        mle.fit(mle.Sample(values).truncated(48.2, 48.9), "shifted(exponential)")


@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_a_kink_of_a_threshold_is_no_maximum_where_a_law_without_one_is_higher(unit):
    """The smallest extreme value law, to which far thresholds lead, is 1e-4 nats above what was said of four bins."""
    low = np.array([0.46196612, 0.80341934, 0.90384676, 0.99423144])
    fit = fit_quietly(mle.Sample.intervals(unit * low, unit * (low + 0.01004274)), "shifted(weibull)")
    law = stats.gumbel_l(0.8867553, 0.1424599)
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "smallest_extreme_value"
    assert fit.llf == pytest.approx(float(np.sum(np.log(law.cdf(low + 0.01004274) - law.cdf(low)))), abs=1e-8)
