"""The laws of counts: accurate at any size of count, right at the ends of their parameters."""

import math

import mpmath
import numpy as np
import pytest
from references import case, column, fit_quietly, flat
from scipy import stats
from strategies import CONSTANTS

import mle_toolkit as mle
from mle_toolkit.errors import SupportError
from mle_toolkit.families.counting import (
    by_count,
    deviance,
    digamma_difference,
    digamma_excess,
    log1p_minus,
    log_binomial,
    log_poisson,
    logit_trials,
    stirling_error,
)
from mle_toolkit.families.special import trigamma
from mle_toolkit.families.zeta import scaled_zeta

mpmath.mp.dps = 50

REFERENCE = (
    "betabinom_saxony", "binom_weldon", "geom_biochemists", "logseries_butterfly", "nbinom_federalist", "nbinom_mites",
    "pois_horsekicks", "zeta_moby7", "zip_biochemists", "ztp_colemanjames",
)  # fmt: skip

# family, constants, parameters away from the ends, counts
ORDINARY = [
    ("poisson", {}, (3.4,), [0, 1, 2, 7, 40]),
    ("bernoulli", {}, (0.3,), [0, 1]),
    ("binomial", {"n": 9}, (0.3,), [0, 1, 5, 9]),
    ("geometric", {}, (0.2,), [0, 1, 12]),
    ("negbin", {}, (1.7, 4.2), [0, 1, 5, 60]),
    ("negbin", {}, (40.0, 4.2), [0, 1, 5, 60]),
    ("logseries", {}, (0.8,), [1, 2, 30]),
    ("zeta", {}, (2.3,), [1, 2, 50]),
    ("zeta", {"xmin": 7}, (1.6,), [7, 9, 5000]),
    ("zip", {}, (0.3, 2.1), [0, 1, 6]),
    ("zero_truncated_poisson", {}, (0.9,), [1, 2, 8]),
    ("betabinomial", {"n": 12}, (2.5, 0.7), [0, 1, 6, 12]),
    ("betabinomial", {"n": 12}, (250.0, 70.0), [0, 1, 6, 12]),
]


def ids(row):
    return f"{row[0]}-{row[2]}"


# --- reference cases --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_case_at_the_tight_grade(name):
    known = case(name)
    fit = known.fit()
    se = np.array(list(known.se.values()))
    assert np.all(np.abs(flat(fit.params) - list(known.params.values())) <= 1e-5 * se)
    assert fit.llf == pytest.approx(known.expected["loglik"], rel=1e-8)
    assert flat(fit.bse) == pytest.approx(se, rel=1e-5)
    assert fit.certificate.verdict == "interior"


# --- functions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [-0.999, -0.31, -0.29, -1e-3, -1e-9, 0.0, 1e-12, 1e-4, 0.2999, 0.3001, 5.0, 1e10])
def test_log1p_minus(d):
    d = np.float64(d)
    assert float(log1p_minus(d)) == pytest.approx(float(mpmath.log1p(d) - mpmath.mpf(float(d))), rel=1e-14, abs=0)


@pytest.mark.parametrize("x", [1e-8, 0.3, 1.0, 9.99, 10.0, 25.0, 1e5, 1e15])
def test_stirling_error(x):
    formula = mpmath.log(2 * mpmath.pi * x) / 2 + x * mpmath.log(x) - x
    expected = mpmath.loggamma(mpmath.mpf(x) + 1) - formula
    assert float(stirling_error(np.float64(x))) == pytest.approx(float(expected), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(("x", "mean"), [(5.0, 5.0), (1e15, 1e15 + 3e7), (3.0, 1e-20), (3.0, 1e20), (7.0, 8.0)])
def test_deviance(x, mean):
    expected = x * mpmath.log(mpmath.mpf(x) / mean) + mean - x
    assert float(deviance(np.float64(x), np.float64(mean))) == pytest.approx(float(expected), rel=1e-13, abs=0)


@pytest.mark.parametrize("s", [1e-6, 0.4, 3.0, 24.9, 25.1, 1e4, 1e9])
@pytest.mark.parametrize("x", [0.0, 1.0, 5.0, 1e4, 1e12])
def test_digamma_differences(s, x):
    difference = mpmath.digamma(mpmath.mpf(s) + x) - mpmath.digamma(s)
    assert float(digamma_difference(np.float64(s), np.float64(x))) == pytest.approx(float(difference), rel=1e-12)
    excess = difference - mpmath.log1p(mpmath.mpf(x) / s)
    # Below 25 the terms are at most as large as digamma(25); above, nothing cancels.
    tolerance = {"rel": 1e-13} if s >= 25 else {"rel": 1e-12, "abs": 1e-13}
    assert float(digamma_excess(np.float64(s), np.float64(x))) == pytest.approx(float(excess), **tolerance)


@pytest.mark.parametrize(
    ("s", "q"), [(1.0001, 1), (2.0, 1), (60.0, 1), (1e5, 1), (20.0, 1000), (1.5, 10**6), (300.0, 7)]
)
def test_scaled_zeta(s, q):
    # Euler and Maclaurin again, but from so far out, and with so many digits, that the first corrections suffice.
    n = 3_000
    terms = mpmath.fsum((1 + mpmath.mpf(k) / q) ** -mpmath.mpf(s) for k in range(n))
    far = mpmath.mpf(q + n)
    corrections = far / (s - mpmath.mpf(1)) + 0.5 + s / far / 12 - s * (s + 1) * (s + 2) / far**3 / 720
    expected = terms + corrections * (far / q) ** -mpmath.mpf(s)
    assert float(scaled_zeta(s, q)) == pytest.approx(float(expected), rel=1e-13)


# --- log-probabilities and scores -------------------------------------------------------------------------------------


def exact_poisson(x, mu):
    return x * mpmath.log(mu) - mu - mpmath.loggamma(mpmath.mpf(x) + 1)


def exact_binomial(x, n, p):
    choose = (
        mpmath.loggamma(mpmath.mpf(n) + 1) - mpmath.loggamma(mpmath.mpf(x) + 1) - mpmath.loggamma(mpmath.mpf(n) - x + 1)
    )
    return choose + x * mpmath.log(p) + (n - x) * mpmath.log1p(-mpmath.mpf(p))


def exact_negbin(x, size, mu):
    x, size, mu = mpmath.mpf(x), mpmath.mpf(size), mpmath.mpf(mu)
    choose = mpmath.loggamma(x + size) - mpmath.loggamma(size) - mpmath.loggamma(x + 1)
    return choose + size * mpmath.log(size / (size + mu)) + x * mpmath.log(mu / (size + mu))


def exact_betabinomial(x, n, a, b):
    x, n, a, b = (mpmath.mpf(v) for v in (x, n, a, b))
    choose = mpmath.loggamma(n + 1) - mpmath.loggamma(x + 1) - mpmath.loggamma(n - x + 1)
    log_beta = lambda p, q: mpmath.loggamma(p) + mpmath.loggamma(q) - mpmath.loggamma(p + q)  # noqa: E731
    return choose + log_beta(x + a, n - x + b) - log_beta(a, b)


@pytest.mark.parametrize(("alpha", "tail"), [(1.01, 1e-6), (1.001, 0.5), (1.0001, 0.9)])
def test_quantiles_of_zeta_beyond_the_doubles_are_infinite(alpha, tail):
    """The survival function is near x^(1 - alpha): these quantiles are 1e600, 1e301 and 1e457."""
    law = mle.distribution("zeta", alpha=alpha)
    assert law.isf(tail) == np.inf
    assert law.ppf(1 - tail) == np.inf


def test_far_quantiles_of_zeta_are_where_the_survival_function_says():
    law = mle.distribution("zeta", alpha=1.01)
    x = law.isf(np.array([0.5, 0.1, 0.01]))
    np.testing.assert_allclose(law.sf(x), [0.5, 0.1, 0.01], rtol=1e-12)


@pytest.mark.parametrize(("x", "mu"), [(0.0, 2.0), (3.0, 1e-9), (1e15, 1e15 + 1e8), (1e6, 1e6 - 2e3), (2.0, 700.0)])
def test_poisson_keeps_its_digits(x, mu):
    with mpmath.workdps(60):
        assert float(log_poisson(np.float64(x), mu)) == pytest.approx(float(exact_poisson(x, mu)), rel=1e-12)


@pytest.mark.parametrize(
    ("x", "n", "p"), [(0, 10, 1e-20), (5, 10, 1e-20), (10, 10, 0.3), (3e14, 1e15, 0.3), (1e15 - 2, 1e15, 1 - 2**-50)]
)
def test_binomial_keeps_its_digits(x, n, p):
    with mpmath.workdps(60):
        exact = float(exact_binomial(x, n, p))
    assert float(log_binomial(np.float64(x), np.float64(n), p, 1 - p)) == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize(
    ("x", "size", "mu"),
    [(0, 1e-8, 3.0), (7, 1e-8, 3.0), (0, 1e12, 3.0), (7, 1e12, 3.0), (1e15, 1e14, 1e15 + 5e7), (1e6, 2.5, 1e3)],
)
def test_negbin_keeps_its_digits(x, size, mu):
    with mpmath.workdps(60):
        exact = float(exact_negbin(x, size, mu))
    got = float(mle.get_family("negbin").logpdf(np.float64(x), np.float64(size), np.float64(mu)))
    assert got == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize(
    ("x", "n", "a", "b"), [(3, 12, 0.01, 0.02), (3, 12, 1e9, 3e9), (0, 12, 1e9, 3e9), (12, 12, 2.0, 3.0)]
)
def test_betabinomial_keeps_its_digits(x, n, a, b):
    with mpmath.workdps(60):
        exact = float(exact_betabinomial(x, n, a, b))
    assert float(mle.get_family("betabinomial", n=n).logpdf(np.float64(x), a, b)) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("row", ORDINARY, ids=ids)
def test_score_is_the_slope_of_the_log_probability(row):
    name, constants, params, counts = row
    law = mle.get_family(name, **constants)
    x = np.array(counts, dtype=float)
    assert law.score is not None
    for k, score in enumerate(law.score(x, *params)):
        h = 1e-4 * params[k]
        at = [law.logpdf(x, *params[:k], params[k] + step * h, *params[k + 1 :]) for step in (-2, -1, 1, 2)]
        slope = (8 * (at[2] - at[1]) - (at[3] - at[0])) / (12 * h)
        assert np.broadcast_to(score, x.shape) == pytest.approx(slope, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("size", [1e-6, 0.3, 5.0, 1e6 / 3, 1e9 / 3, 1e12 / 3])
@pytest.mark.parametrize("mu", [1e-8, 2.5, 60.0])
def test_negbin_tails_keep_their_digits_up_to_the_poisson_limit(size, mu):
    """SciPy's take size / (size + mu), which near 1 has lost the digits of what is left."""
    law = mle.distribution("negbin", size=size, mu=mu)
    counts = np.array([0.0, 1.0, 2.0, 9.0])
    with mpmath.workdps(40):
        below = [mpmath.fsum(mpmath.exp(exact_negbin(k, size, mu)) for k in range(int(x) + 1)) for x in counts]
        assert law.cdf(counts) == pytest.approx([float(p) for p in below], rel=1e-12)
        assert law.logcdf(counts) == pytest.approx([float(mpmath.log(p)) for p in below], rel=1e-12, abs=1e-16)
        assert law.sf(counts) == pytest.approx([float(1 - p) for p in below], rel=1e-11)
    ends = np.array([-np.inf, -0.5, 1.7, np.inf, np.nan])
    np.testing.assert_array_equal(law.cdf(ends), [0.0, 0.0, law.cdf(1.0), 1.0, np.nan])
    np.testing.assert_array_equal(law.sf(ends), [1.0, 1.0, law.sf(1.0), 0.0, np.nan])


def test_logs_of_binomial_tails_have_digits_beside_0_too():
    """The log of a probability beside 1 was that of 1; each row has its own number of trials."""
    law = mle.distribution(mle.get_family("binomial", n=np.array([12, 12, 30])), p=1e-3)
    some = np.log1p(-(0.999**30))
    assert law.logcdf([11.0, 12.0, 0.0]) == pytest.approx([-1e-36, 0.0, 30 * np.log(0.999)], rel=1e-13, abs=0)
    assert law.logsf([11.0, 12.0, 0.0]) == pytest.approx([12 * np.log(1e-3), -np.inf, some], rel=1e-13)
    assert law.logsf([-1.0, -1.0, -1.0]).tolist() == [0.0] * 3


@pytest.mark.parametrize("size", [1e-300, 3e-295])
@pytest.mark.parametrize("mu", [1e-280, 1e-3, 1.0, 1e6])
def test_the_long_tail_of_a_negbin_law_of_hardly_any_size_has_its_digits(size, mu):
    """A continued fraction had not settled after 100,000 terms, and the log was wrong by 3."""
    counts = np.array([0.0, 1.0, 5.0, 40.0])
    with mpmath.workdps(700):
        s, share = mpmath.mpf(size), mu / (mpmath.mpf(size) + mu)
        shares = [(1 - share) ** s]
        for k in range(1, int(counts[-1]) + 1):
            shares.append(shares[-1] * (k - 1 + s) / k * share)
        expected = [float(mpmath.log(1 - mpmath.fsum(shares[: int(x) + 1]))) for x in counts]
    assert mle.distribution("negbin", size=size, mu=mu).logsf(counts) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("mu", [1e-8, 2.5, 60.0, 1e4])
def test_poisson_tails_keep_their_digits(mu):
    law = mle.distribution("poisson", mu=mu)
    counts = np.floor([0.0, 1.0, 9.0, mu, mu + 40 * math.sqrt(mu)])
    with mpmath.workdps(60):
        below = [mpmath.gammainc(x + 1, mpmath.mpf(mu), mpmath.inf, regularized=True) for x in counts]
        above = [mpmath.gammainc(x + 1, 0, mpmath.mpf(mu), regularized=True) for x in counts]
        assert law.logcdf(counts) == pytest.approx([float(mpmath.log(p)) for p in below], rel=1e-12, abs=1e-16)
        assert law.logsf(counts) == pytest.approx([float(mpmath.log(p)) for p in above], rel=1e-12)
    assert np.exp(law.logsf(counts)) == pytest.approx(law.sf(counts), rel=1e-9)
    assert np.exp(law.logcdf(counts)) == pytest.approx(law.cdf(counts), rel=1e-9)


@pytest.mark.parametrize("row", [row for row in ORDINARY if len(row[2]) == 1], ids=ids)
def test_tails_beside_and_beyond_all_counts(row):
    """They are steps: right of a count as at it, 0 and 1 before all counts and after them."""
    name, constants, (param,), _ = row
    law = mle.get_family(name, **constants)
    at = mle.Distribution(law, {law.param_names[0]: param})
    first = float(law.support.lower)
    ends = np.array([-np.inf, first - 0.5, first + 0.7, np.inf])
    np.testing.assert_array_equal(at.cdf(ends), [0.0, 0.0, at.cdf(first), 1.0])
    np.testing.assert_array_equal(at.sf(ends), [1.0, 1.0, at.sf(first), 0.0])
    steps = at.cdf(np.arange(first, first + 12))
    assert np.diff(steps) == pytest.approx(at.pdf(np.arange(first + 1, first + 12)), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("limit", [1.0, 3.0])
def test_censored_counts_that_vary_less_than_poisson_ones_make_the_negbin_a_poisson(limit):
    x = stats.binom(10, 0.25).rvs(120, random_state=21)
    sample = mle.Sample.left_censored(np.maximum(x, limit), x > limit)
    fit = fit_quietly(sample, "negbin")
    poisson = mle.fit(sample, "poisson")
    assert fit.certificate.verdict == "boundary"
    assert fit.params["size"] == math.inf
    assert fit.params["mu"] == pytest.approx(poisson.params["mu"], rel=1e-9)
    assert fit.llf == pytest.approx(poisson.llf, rel=1e-12)


def test_negbin_score_at_a_nearly_poisson_size():
    """The terms of the textbook's score are 1e-6 there, and their sum 1e-12."""
    x, size, mu = np.arange(9.0), 1e6, 3.0
    by_size, _ = mle.get_family("negbin").score(x, np.float64(size), np.float64(mu))
    with mpmath.workdps(60):
        exact = [float(mpmath.diff(lambda s, k=k: exact_negbin(k, s, mu), size)) for k in x]
    assert by_size == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("row", ORDINARY, ids=ids)
def test_parameters_broadcast(row):
    name, constants, params, counts = row
    law = mle.get_family(name, **constants)
    x = np.array(counts, dtype=float)
    columns = [np.array([[p], [p * 0.9]]) for p in params]
    assert np.array_equal(law.logpdf(x, *columns)[0], law.logpdf(x, *params))
    assert law.logpdf(x, *columns).shape == (2, len(x))


IN_SCIPY = [row for row in ORDINARY if row[0] not in ("zip", "zero_truncated_poisson") and row[1] != {"xmin": 7}]


@pytest.mark.parametrize("row", IN_SCIPY, ids=ids)
def test_agrees_with_scipy(row):
    name, constants, params, counts = row
    law = mle.get_family(name, **constants)
    assert law.to_scipy is not None
    assert law.logpdf(np.array(counts, dtype=float), *params) == pytest.approx(
        law.to_scipy(*params).logpmf(counts), rel=1e-9
    )


@pytest.mark.parametrize(
    "row", [row for row in ORDINARY if row[0] in ("zeta", "zip", "zero_truncated_poisson")], ids=ids
)
def test_closed_forms_agree_with_sums(row):
    name, constants, params, counts = row
    law = mle.get_family(name, **constants)
    known = mle.Distribution(law, dict(zip(law.param_names, params, strict=True)))
    k = np.arange(law.support.lower, 4_000.0)
    p = known.pdf(k)
    assert known.cdf(k[:20] + 0.5) == pytest.approx(np.cumsum(p)[:20], rel=1e-11)
    assert known.sf(k[:20]) == pytest.approx(1 - np.cumsum(p)[:20], rel=1e-9)
    if name != "zeta":
        mean = np.sum(k * p)
        assert known.mean() == pytest.approx(mean, rel=1e-12)
        assert known.var() == pytest.approx(np.sum((k - mean) ** 2 * p), rel=1e-12)
    assert known.ppf(known.cdf(np.array(counts))) == pytest.approx(counts)


def test_moments_of_the_zeta_law_are_infinite_where_they_are():
    assert mle.distribution("zeta", alpha=4.5).mean() == pytest.approx(stats.zipf(4.5).mean(), rel=1e-12)
    assert mle.distribution("zeta", alpha=4.5).var() == pytest.approx(stats.zipf(4.5).var(), rel=1e-12)
    assert mle.distribution("zeta", alpha=2.0).mean() == math.inf
    assert mle.distribution("zeta", alpha=2.5).var() == math.inf
    assert math.isnan(mle.distribution("zeta", alpha=1.5).var())


# --- the ends of the parameters ---------------------------------------------------------------------------------------


AT_AN_END = [
    ("poisson", {}, [0, 0, 0], {"mu": 0.0}),
    ("bernoulli", {}, [1, 1], {"p": 1.0}),
    ("bernoulli", {}, [0, 0], {"p": 0.0}),
    ("binomial", {"n": 4}, [0, 0], {"p": 0.0}),
    ("binomial", {"n": 4}, [4, 4], {"p": 1.0}),
    ("geometric", {}, [0, 0, 0], {"prob": 1.0}),
    ("logseries", {}, [1, 1, 1, 1, 1], {"p": 0.0}),
    ("zero_truncated_poisson", {}, [1, 1, 1], {"mu": 0.0}),
    ("negbin", {}, [0, 0, 0], {"size": math.inf, "mu": 0.0}),
    ("betabinomial", {"n": 4}, [0, 0], {"a": math.inf, "b": math.inf}),
]


@pytest.mark.parametrize("row", AT_AN_END, ids=lambda row: f"{row[0]}-{row[2]}")
def test_data_of_one_kind_put_the_maximum_at_an_end(row):
    name, constants, x, params = row
    with pytest.warns(mle.FitWarning, match="at the boundary"):
        fit = mle.fit(x, mle.get_family(name, **constants))
    assert dict(fit.params) == params
    assert fit.llf == 0.0
    assert fit.certificate.verdict == "boundary"
    assert np.all(np.isnan(flat(fit.bse)))
    assert float(fit.distribution.pdf(x[0])) == 1.0


def test_underdispersed_counts_are_poisson():
    """adv_nb_underdispersed: a solver that stops at a finite size is 69 below the supremum."""
    fit = fit_quietly(column("weldondice", "x"), "negbin", weights=column("weldondice", "freq"))
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "poisson"
    assert fit.params["size"] == math.inf
    assert fit.params["mu"] == pytest.approx(4.052231430091994, rel=1e-14)
    assert fit.llf == pytest.approx(-51224.00312817617, rel=1e-13)
    assert math.isnan(fit.bse["size"])
    assert math.isfinite(fit.bse["mu"])


@pytest.mark.parametrize("share", [0.999, 1.001, 1.2])
def test_the_size_is_finite_if_and_only_if_the_variance_exceeds_the_mean(share):
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 9.0])
    poisson_like = mle.get_family("poisson").to_scipy(2.0).pmf(x)
    # Mix in a spread of weight until variance / mean is the share.
    weights = poisson_like.copy()
    low, high = 0.0, 1.0
    for _ in range(200):
        weights[-1] = 0.5 * (low + high)
        sample = mle.Sample(x, weights)
        low, high = (weights[-1], high) if sample.var() < share * sample.mean() else (low, weights[-1])
    fit = fit_quietly(mle.Sample(x, weights * 1e6), "negbin")
    assert math.isinf(fit.params["size"]) == (share < 1)
    assert fit.certificate.verdict == ("boundary" if share < 1 else "interior")
    if share > 1:
        assert fit.llf > fit_quietly(mle.Sample(x, weights * 1e6), "poisson").llf


def test_no_zeros_to_inflate():
    """adv_zip_no_zeros."""
    fit = fit_quietly([1, 2, 3, 2, 1, 4, 2], "zip")
    assert fit.params["pi"] == 0.0
    assert fit.params["mu"] == pytest.approx(15 / 7, rel=1e-14)
    assert fit.llf == pytest.approx(-10.617154060552384, rel=1e-13)
    assert fit.certificate.verdict == "boundary"
    assert math.isnan(fit.bse["pi"])


def test_zeros_only_do_not_identify_a_zero_inflated_law():
    with pytest.raises(mle.MleError, match="neither is identified"):
        mle.fit([0, 0, 0], "zip")


def test_least_values_only_leave_the_zeta_law_without_a_maximum():
    with pytest.raises(mle.MleError, match=r"all observations are xmin = 3, so alpha is unbounded"):
        mle.fit([3, 3, 3], mle.get_family("zeta", xmin=3))


def test_counts_that_vary_less_than_binomial_ones_are_binomial():
    fit = fit_quietly([5, 6, 5, 6, 5], mle.get_family("betabinomial", n=10))
    assert fit.certificate.limit == "binomial"
    assert fit.llf == pytest.approx(fit_quietly([5, 6, 5, 6, 5], mle.get_family("binomial", n=10)).llf, rel=1e-14)


def test_a_category_without_observations_is_at_the_boundary():
    fit = fit_quietly([0, 0, 2, 2, 2, 5], "categorical")
    assert fit.family.k == 6
    assert fit.params["probs"] == pytest.approx([2 / 6, 0, 3 / 6, 0, 0, 1 / 6], rel=1e-15)
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == pytest.approx(2 * math.log(2 / 6) + 3 * math.log(3 / 6) + math.log(1 / 6), rel=1e-14)


def test_categorical_standard_errors_are_those_of_shares():
    fit = mle.fit([0, 1, 1, 2], "categorical")
    p = np.array([0.25, 0.5, 0.25])
    assert fit.params["probs"] == pytest.approx(p)
    assert fit.cov_params().to_numpy() == pytest.approx((np.diag(p) - np.outer(p, p)) / 4, rel=1e-8, abs=1e-12)


def test_categories_may_be_known():
    assert fit_quietly([0, 1], mle.get_family("categorical", k=3)).params["probs"] == pytest.approx([0.5, 0.5, 0])
    assert mle.distribution("categorical", probs=[0.2, 0.3, 0.5]).pdf([0, 1, 2, 3, 0.5]) == pytest.approx(
        [0.2, 0.3, 0.5, 0, 0]
    )
    with pytest.raises(mle.MleError, match=r"lie outside the support \{0, 1\}"):
        mle.fit([0, 1, 2], mle.get_family("categorical", k=2))


def test_ends_of_a_discrete_uniform_have_no_standard_error():
    fit = mle.fit([3, -2, 0, 3], "discrete_uniform")
    assert dict(fit.params) == {"a": -2.0, "b": 3.0}
    assert fit.llf == pytest.approx(-4 * math.log(6), rel=1e-15)
    assert fit.certificate.verdict == "non_regular"


# --- data -------------------------------------------------------------------------------------------------------------


def test_huge_counts():
    """adv_counts_huge: the textbook's log-factorials are 3e16, whose last digit is worth 4."""
    x = [1_000_000_000_000_000, 1_000_000_100_000_000, 999_999_900_000_000]
    fit = mle.fit(x, "poisson")
    assert fit.params["mu"] == 1e15
    with mpmath.workdps(60):
        exact = float(mpmath.fsum(exact_poisson(k, mpmath.mpf(10) ** 15) for k in x))
    assert fit.llf == pytest.approx(exact, rel=1e-12)
    overdispersed = mle.fit(x, "negbin")
    assert overdispersed.certificate.verdict == "interior"
    assert overdispersed.llf > fit.llf


def test_a_fraction_is_not_a_count():
    """adv_poisson_nonint."""
    with pytest.raises(mle.MleError, match=r"x\[1\] = 2\.5\. Counts must be whole numbers"):
        mle.fit([1.0, 2.5, 3.0], "poisson")


def test_trials_per_row():
    x, n = np.array([2.0, 0.0, 5.0, 1.0]), np.array([4, 3, 9, 1])
    fit = mle.fit(x, mle.get_family("binomial", n=n))
    p = x.sum() / n.sum()
    assert fit.params["p"] == pytest.approx(p, rel=1e-15)
    assert fit.bse["p"] == pytest.approx(math.sqrt(p * (1 - p) / n.sum()), rel=1e-8)
    assert fit.llf == pytest.approx(float(np.sum(stats.binom.logpmf(x, n, p))), rel=1e-12)
    spread = mle.fit([0, 9, 1, 8, 4], mle.get_family("betabinomial", n=np.array([9, 10, 9, 10, 9])))
    a, b = spread.params.values()
    assert spread.llf == pytest.approx(
        float(np.sum(stats.betabinom.logpmf([0, 9, 1, 8, 4], [9, 10, 9, 10, 9], a, b))), rel=1e-10
    )
    assert spread.certificate.verdict == "interior"


def test_more_successes_than_trials_are_refused():
    with pytest.raises(mle.MleError, match=r"1 of 2 observations exceed .* x\[1\] = 5 of n\[1\] = 4"):
        mle.fit([2, 5], mle.get_family("binomial", n=np.array([6, 4])))
    with pytest.raises(mle.MleError, match="lie outside the support"):
        mle.fit([2, 7], mle.get_family("binomial", n=6))


@pytest.mark.parametrize("n", [-1, 2.5, math.inf, math.nan, "4", [[1, 2]]])
def test_trials_must_be_whole_numbers(n):
    with pytest.raises(mle.MleError, match=r"n must be|n: expected a number"):
        mle.get_family("binomial", n=n)


@pytest.mark.parametrize("xmin", [0, 1.5, math.inf, [1, 2]])
def test_the_least_size_must_be_a_whole_number(xmin):
    with pytest.raises(mle.MleError, match="xmin must be"):
        mle.get_family("zeta", xmin=xmin)


@pytest.mark.parametrize("name", ["binomial", "betabinomial"])
def test_trials_must_be_given(name):
    with pytest.raises(mle.MleError, match="needs the known constant 'n'"):
        mle.get_family(name)
    assert CONSTANTS[name] == {"n": 12}


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("nbinom", "negbin"),
        ("negative_binomial", "negbin"),
        ("logser", "logseries"),
        ("zipf", "zeta"),
        ("randint", "discrete_uniform"),
    ],
)
def test_aliases(alias, name):
    assert mle.get_family(alias).name == name


@pytest.mark.parametrize("fixed", [{"size": 2.0}, {"mu": 2.0}])
def test_a_known_parameter_leaves_the_other(fixed):
    x = stats.nbinom(2, 0.4).rvs(300, random_state=1)
    fit = mle.fit(x, "negbin", fixed=fixed)
    (name,) = fixed
    assert fit.params[name] == fixed[name]
    assert fit.certificate.verdict == "interior"
    assert fit.llf <= mle.fit(x, "negbin").llf
    assert fit.df_model == 1


@pytest.mark.parametrize("x", [[0.0, 3.0, 3.0, 1.0], [5.0, 1e9]], ids=["fewer", "more"])
def test_functions_of_counts_by_table_are_those_of_the_counts(x):
    x = np.array(x)
    assert np.array_equal(by_count(lambda n: np.stack([n * n, n + 0.5]), x), [x * x, x + 0.5])


@pytest.mark.parametrize("logit", [-745.0, -40.0, -1.5, 0.0, 0.3, 38.0, 700.0])
@pytest.mark.parametrize("x", [0.0, 2.0, 5.0])
def test_trials_by_their_logit(x, logit):
    p = 1 / (1 + mpmath.exp(-mpmath.mpf(logit)))
    q = 1 / (1 + mpmath.exp(mpmath.mpf(logit)))
    expected = x * mpmath.log(p) + (5 - x) * mpmath.log(q), x * q - (5 - x) * p, -5 * p * q
    for got, wanted in zip(logit_trials(np.array([x]), 5.0, np.array([logit])), expected, strict=True):
        assert got[0] == pytest.approx(float(wanted), rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(
    ("law", "params"),
    [
        ("poisson", (np.array([1e-3, 2.4, 7.0, 90.0, 250.0]),)),
        ("negbin", (1.7, np.array([1e-3, 2.4, 7.0, 90.0, 250.0]))),
        ("negbin", (90.0, np.array([1e-3, 2.4, 7.0, 90.0, 250.0]))),
        ("gamma", (np.array([0.2, 2.4, 7.0, 90.0, 250.0]), 1.7)),
        ("beta", (np.array([0.02, 0.4, 0.7, 0.9, 0.25]), 7.0)),
        ("zip", (np.array([0.1, 0.4, 0.6, 0.2, 0.02]), np.array([1e-3, 2.4, 7.0, 90.0, 250.0]))),
        ("zero_inflated(negbin)", (0.3, 1.7, np.array([1e-3, 2.4, 7.0, 90.0, 250.0]))),
    ],
)
def test_an_expansion_is_the_log_density_with_its_derivatives(law, params):
    """Judged by the log-density of its own formula, and by differences of the score."""
    family = mle.get_family(law, by="mean") if law in ("gamma", "beta") else mle.get_family(law)
    x = np.array([1.0, 3.0, 0.5 if law == "gamma" else 0.0, 120.0, 255.0])
    x = (x + 1) / 257 if law == "beta" else x
    value, score, second = family.expansion(x, *params)
    np.testing.assert_allclose(value, family.logpdf(x, *params), rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(np.stack(score), np.stack(family.score(x, *params)), rtol=1e-9, atol=1e-11)
    flat = iter(second)
    for j in range(len(params)):
        for k in range(j, len(params)):
            step = 1e-5 * np.asarray(params[k])
            up, down = (
                family.score(x, *(p + sign * step if i == k else p for i, p in enumerate(params)))[j]
                for sign in (1, -1)
            )
            np.testing.assert_allclose(next(flat), (up - down) / (2 * step), rtol=1e-6, atol=1e-8)


def test_trigamma_of_arrays():
    x = np.array([1e-9, 0.3, 1.0, 7.5, 99.0, 1e8])
    expected = [float(mpmath.psi(1, mpmath.mpf(v))) for v in x.tolist()]
    np.testing.assert_allclose(trigamma(x), expected, rtol=4e-15)


def test_an_expansion_leaves_large_counts_to_the_careful_formulas():
    assert mle.get_family("poisson").expansion(np.array([1e6]), np.array([1e6])) is None
    assert mle.get_family("negbin").expansion(np.array([3.0]), 1e9, np.array([2.0])) is None


@pytest.mark.parametrize("law", ["poisson", "zeta", "negbin", "zip", "geometric"])
def test_counts_beyond_the_digits_of_formulas_are_refused(law):
    with pytest.raises(SupportError, match=r"2 of 3 counts are above 1e\+50.*x\[1\] = 2e\+300"):
        mle.fit([3.0, 2e300, 1e51], law)
    for far in (2.0**53 - 7, 1e20):
        assert math.isfinite(fit_quietly([far, 1.01 * far // 1, 1.02 * far // 1], law).llf)


@pytest.mark.parametrize("name", ["logseries", "zeta"])
def test_a_window_may_leave_no_more_than_a_probability_as_1_over_x(name):
    """Values that rise in their window: p, or alpha, goes to 1, where the law is one only through a finite window."""
    x = np.array([2.0, 3.0, 4.0, 4.0, 4.0, 3.0])
    expected = float(-np.sum(np.log(x)) - 6 * np.log(1 / 2 + 1 / 3 + 1 / 4))
    cells = mle.Sample.intervals(x - 1, x).truncated(1, 4)
    for sample in (mle.Sample(x).truncated(1, 4), cells):
        fit = fit_quietly(sample, name)
        assert fit.certificate.verdict == "boundary"
        assert fit.certificate.limit == "1/x on the counts from 2 to 4"
        assert list(fit.params.values()) == [1.0]
        assert fit.llf == pytest.approx(expected, abs=1e-10)
    law = fit.distribution
    assert law.cdf(3) == pytest.approx((1 / 2 + 1 / 3) / (1 / 2 + 1 / 3 + 1 / 4), rel=1e-14)
    assert law.sf(3) == pytest.approx(1 / 4 / (1 / 2 + 1 / 3 + 1 / 4), rel=1e-14)
    falling = fit_quietly(mle.Sample(np.array([2.0, 2.0, 2.0, 3.0, 3.0, 4.0])).truncated(1, 4), name)
    assert falling.certificate.verdict == "interior"


@pytest.mark.parametrize("x", [0.0, 1.0, 5.0])
@pytest.mark.parametrize("last", [51.4, np.inf])
@pytest.mark.parametrize("name", ["geometric", "poisson"])
def test_the_first_count_of_a_window_alone_is_a_point_mass(name, last, x):
    """No law is likelier; a geometric one was said to have its maximum, with an error, where a search had stopped."""
    fit = fit_quietly(mle.Sample(np.full(3, x)).truncated(x - 1, last), name)
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == 0.0
    assert f"a point mass at {x:g}" in fit.certificate.message
