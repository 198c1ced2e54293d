"""Counts of rows that were watched for different times: their rates are per unit of exposure, whatever the law."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from fieldcases import right
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.data.sample import SKETCH_ROWS
from mle_toolkit.errors import DataError, DegenerateDataError, ParameterError, SupportError

CLAIMS = np.array([0, 1, 0, 2, 1, 0, 0, 3, 0, 1])
YEARS = np.array([0.5, 1, 0.25, 1, 1, 0.75, 0.1, 1, 0.4, 1.0])


COUNTS = np.arange(400.0)


def watched(n=300, spread=1.0, seed=7):
    """Counts that vary more than Poisson ones, and the exposure of each, which differs by orders of magnitude."""
    rng = np.random.default_rng(seed)
    years = np.exp(rng.normal(0.0, spread, n))
    return rng.negative_binomial(2.0, 2.0 / (2.0 + 3.0 * years)).astype(float), years


def negbin(x, size, mu):
    return stats.nbinom.logpmf(x, size, size / (size + mu))


BY_HAND = {
    "poisson": (lambda x, e, m: stats.poisson.logpmf(x, e * m), (3.0,)),
    "negbin": (lambda x, e, s, m: negbin(x, s, e * m), (2.0, 3.0)),
    "zip": (
        lambda x, e, p, m: np.where(
            x == 0, np.log(p + (1 - p) * np.exp(-e * m)), np.log1p(-p) + stats.poisson.logpmf(x, e * m)
        ),
        (0.2, 3.0),
    ),
    "hurdle(negbin)": (
        lambda x, e, p, s, m: np.where(
            x == 0, np.log(p), np.log1p(-p) + negbin(x, s, e * m) - np.log1p(-np.exp(negbin(0, s, e * m)))
        ),
        (0.2, 2.0, 3.0),
    ),
    "com_poisson": (
        lambda x, e, lam, nu: (
            special.xlogy(x, e * lam)
            - nu * special.gammaln(x + 1)
            - special.logsumexp(np.log(e * lam)[:, None] * COUNTS - nu * special.gammaln(COUNTS + 1), axis=1)
        ),
        (1.0, 0.5),
    ),
    "mixture(poisson, 2)": (
        lambda x, e, w, a, b: special.logsumexp(
            [stats.poisson.logpmf(x, e * a), stats.poisson.logpmf(x, e * b)], b=[[w], [1 - w]], axis=0
        ),
        (0.6, 1.0, 6.0),
    ),
}
"""Log-probabilities by SciPy, and parameters to start from; probabilities first, then positive numbers."""


@pytest.mark.parametrize("name", BY_HAND)
def test_the_maximum_is_that_of_the_sum_of_scipys_log_probabilities(name):
    x, years = watched()
    logpmf, start = BY_HAND[name]
    shares = 0 if name in ("poisson", "negbin", "com_poisson") else 1

    def params(u):
        return (*special.expit(u[:shares]), *np.exp(u[shares:]))

    def nll(u):
        return -float(np.sum(logpmf(x, years, *params(u))))

    first = np.concatenate([special.logit(start[:shares]), np.log(start[shares:])])
    options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4_000, "maxfev": 4_000}
    best = optimize.minimize(nll, first, method="Nelder-Mead", options=options)
    fit = mle.fit(x, name, exposure=years)
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-best.fun, abs=1e-7)
    got = np.concatenate([np.ravel(v) for v in fit.params.values()])
    got = np.delete(got, 1) if name.startswith("mixture") else got
    assert got == pytest.approx(params(best.x), rel=1e-4)


def test_the_field_case_by_every_door():
    expected = right("exposure")["mu"]
    sample = mle.Sample(CLAIMS).with_known(exposure=YEARS)
    frame = pd.DataFrame({"n": CLAIMS, "years": YEARS})
    fits = [
        mle.fit(CLAIMS, "poisson", exposure=YEARS),
        mle.fit(frame["n"], "poisson", exposure=frame["years"]),
        mle.fit(CLAIMS, mle.get_family("poisson", exposure=YEARS)),
        mle.fit(sample, "poisson"),
        mle.compare(CLAIMS, ["poisson", "negbin"], exposure=YEARS).best,
        mle.fit_groups(frame.assign(g=1), "g", "n", "poisson", exposure="years").of(1),
    ]
    for fit in fits:
        assert fit.params["mu"] == pytest.approx(expected, rel=1e-14)
        assert fit.llf == pytest.approx(np.sum(stats.poisson.logpmf(CLAIMS, YEARS * expected)), rel=1e-13)
        assert fit.bse["mu"] == pytest.approx(math.sqrt(8) / 7.0, rel=1e-8)  # root of claims over years
    for regression in (
        mle.regress("n ~ 1", frame, "poisson", exposure="years"),
        mle.regress(sample, np.ones((10, 1)), "poisson"),
    ):
        assert regression.llf == pytest.approx(fits[0].llf, rel=1e-12)


def test_any_unit_of_exposure_gives_the_same_fit():
    x, years = watched(spread=2.0)
    ours = mle.fit(x, "negbin", exposure=years)
    for unit in (1e-6, 1e6):
        moved = mle.fit(x, "negbin", exposure=years * unit)
        assert moved.llf == pytest.approx(ours.llf, rel=1e-12)
        assert moved.params["mu"] * unit == pytest.approx(ours.params["mu"], rel=1e-8)
        assert moved.params["size"] == pytest.approx(ours.params["size"], rel=1e-8)
        assert moved.bse["mu"] * unit == pytest.approx(ours.bse["mu"], rel=1e-6)


def test_equal_exposures_are_the_law_without():
    x, _ = watched()
    for name in ("poisson", "negbin", "zip", "hurdle(poisson)"):
        each, without = mle.fit(x, name, exposure=4.0), mle.fit(x, name)
        assert each.llf == pytest.approx(without.llf, rel=1e-11)
        assert each.params["mu"] * 4 == pytest.approx(without.params["mu"], rel=1e-7)


@pytest.mark.parametrize("form", ["censored", "rounded", "window"])
def test_every_form_of_data_keeps_the_exposure_of_its_rows(form):
    x, years = watched(120)
    rate = 2.5

    def log_mass(low, high):
        counts = np.arange(200)[:, None]
        inside = (counts > low) & (counts <= high)
        return special.logsumexp(stats.poisson.logpmf(counts, years * rate), b=inside, axis=0)

    exact = stats.poisson.logpmf(x, years * rate)
    if form == "censored":
        sample = mle.Sample.right_censored(np.minimum(x, 4.0), x <= 4)
        expected = np.where(x <= 4, exact, stats.poisson.logsf(4, years * rate))
    elif form == "rounded":
        sample, expected = mle.Sample.rounded(x, 3.0), log_mass(x - 1.5, x + 1.5)
    else:
        kept = x > 0
        sample, years, x = mle.Sample(x[kept]).truncated(lower=0.0), years[kept], x[kept]
        expected = exact[kept] - stats.poisson.logsf(0, years * rate)
    fit = mle.fit(sample, "poisson", exposure=years, fixed={"mu": rate})
    assert fit.llf == pytest.approx(float(np.sum(expected)), rel=1e-11)


def test_weights_missing_rows_and_repetition():
    weights = np.array([1, 0, 2, 1, 3, 1, 1, 2, 1, 1])
    fit = mle.fit(CLAIMS, "negbin", exposure=YEARS, weights=weights, fixed={"size": 2.0})
    rows = np.repeat(np.arange(10), weights)
    again = mle.fit(CLAIMS[rows], "negbin", exposure=YEARS[rows], fixed={"size": 2.0})
    assert fit.llf == pytest.approx(again.llf, rel=1e-13)
    assert fit.params["mu"] == pytest.approx(again.params["mu"], rel=1e-9)
    counts, years = CLAIMS.astype(float), YEARS.copy()
    counts[1], years[2] = np.nan, np.nan
    there = [0, *range(3, 10)]
    omitted = mle.fit(counts, "poisson", exposure=years, nan_policy="omit")
    assert omitted.params["mu"] == pytest.approx(CLAIMS[there].sum() / YEARS[there].sum(), rel=1e-14)
    assert omitted.nobs == 8
    with pytest.raises(DataError, match=r"exposure: 1 of 10 are missing; the first is exposure\[2\]"):
        mle.fit(CLAIMS, "poisson", exposure=years)


def test_nothing_is_counted_where_nothing_was_watched():
    years = YEARS.copy()
    years[0] = 0.0
    fit = mle.fit(CLAIMS, "poisson", exposure=years)
    assert fit.params["mu"] == pytest.approx(8 / years.sum(), rel=1e-14)
    with pytest.warns(mle.FitWarning, match="boundary"):
        limit = mle.fit(CLAIMS, "negbin", exposure=years)
    assert limit.llf == pytest.approx(fit.llf, rel=1e-13)
    law = mle.distribution("negbin", size=2.0, mu=3.0, exposure=[0.0, 1.0])
    assert law.cdf(0.0).tolist() == [1.0, pytest.approx(0.16)]
    assert law.mean() == pytest.approx([0.0, 3.0])
    assert law.rvs((50, 2), rng=1)[:, 0].max() == 0
    years[3] = 0.0
    with pytest.raises(SupportError, match=r"1 of 10 rows have exposure 0, .* the first is row 3: x\[3\] = 2"):
        mle.fit(CLAIMS, "poisson", exposure=years)
    with pytest.raises(SupportError, match="have no value in"):
        mle.fit(CLAIMS, "hurdle(poisson)", exposure=np.where(CLAIMS > 0, YEARS, 0.0))


@pytest.mark.parametrize(
    ("exposure", "problem"),
    [
        (-YEARS, r"10 of 10 are negative; the first is exposure\[0\] = -0.5"),
        (np.zeros(10), "all 10 are 0"),
        (YEARS[:4], "4 values for 10 rows"),
        (np.where(YEARS == 1, np.inf, YEARS), "5 of 10 are infinite"),
        ("years", "expected a column of numbers"),
    ],
)
def test_what_cannot_be_an_exposure_is_refused(exposure, problem):
    with pytest.raises(DataError, match=problem):
        mle.fit(CLAIMS, "poisson", exposure=exposure)


def test_laws_without_a_rate_say_so():
    for name, problem in (("geometric", "this law has none: prob"), ("gamma", "exposure is of counts")):
        with pytest.raises(ParameterError, match=problem):
            mle.fit(CLAIMS, name, exposure=YEARS)
    compared = mle.compare(CLAIMS, exposure=YEARS)
    assert set(compared.fits) >= {"poisson", "negbin", "zip"}
    assert "geometric" in compared.not_tried


def test_zeros_alone_and_ones_alone_end_at_their_limits():
    with pytest.raises(DegenerateDataError, match="all 3 counts are 0"):
        mle.fit([0, 0, 0], "negbin", exposure=[1.0, 2.0, 3.0])
    for name, counts in (("poisson", [0, 0, 0]), ("zero_truncated_poisson", [1, 1, 1]), ("hurdle(poisson)", [0, 1, 1])):
        with pytest.warns(mle.FitWarning, match="boundary"):
            assert mle.fit(counts, name, exposure=[1.0, 2.0, 3.0]).params["mu"] == 0


def test_a_fit_is_saved_with_its_exposure(tmp_path):
    x, years = watched(50)
    for name in ("negbin", "mixture(poisson, 2)"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mle.FitWarning)
            fit = mle.fit(x, name, exposure=years)
        fit.save(tmp_path / "fit.json")
        back = mle.load(tmp_path / "fit.json")
        assert dict(back.to_dict()["family"]) == dict(fit.to_dict()["family"])
        np.testing.assert_array_equal(back.distribution.mean(), fit.distribution.mean())


def test_replicates_are_of_rows_with_their_exposure():
    _, years = watched()
    x = np.random.default_rng(3).poisson(2.0 * years).astype(float)
    fit = mle.fit(x, "poisson", exposure=years)
    for kind in ("parametric", "nonparametric"):
        assert fit.bootstrap(200, kind=kind, rng=1).se[0] == pytest.approx(fit.bse["mu"], rel=0.4)
    assert stats.kstest(fit.residuals(rng=1), "norm").pvalue > 0.01
    assert fit.derive(lambda law: float(law.mean().sum())).value == pytest.approx(x.sum())


class Own(mle.Family):
    """A law of the user's, with nothing but a log-density."""

    name = "own counts"
    support = mle.COUNTS
    parameters = (mle.Parameter("rate", mle.POSITIVE),)
    rates = ("rate",)

    def logpdf(self, x, rate):
        return stats.poisson.logpmf(x, rate)


def test_a_law_of_the_users_own_says_which_parameter_is_a_rate():
    fit = mle.fit(CLAIMS, Own(), exposure=YEARS)
    assert fit.params["rate"] == pytest.approx(right("exposure")["mu"], rel=1e-6)
    np.testing.assert_allclose(fit.distribution.sf(1.0), stats.poisson(YEARS * fit.params["rate"]).sf(1.0), rtol=1e-12)


def test_groups_have_rates_of_their_own():
    """As each alone; those with nothing to judge all at once."""
    x, years = watched(160)
    frame = pd.DataFrame({"g": np.arange(160) % 16, "x": x, "years": years})
    frame.loc[0, "years"], frame.loc[1, "years"] = -1.0, np.nan
    fits = mle.fit_groups(frame, "g", "x", "negbin", exposure="years")
    assert set(fits.failures) == {0, 1}
    assert "negative" in fits.failures[0]
    assert "missing" in fits.failures[1]
    for row in fits.table.iloc[2:12].itertuples():
        alone = frame[frame.g == row.g]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mle.FitWarning)
            fit = mle.fit(alone.x, "negbin", exposure=alone.years)
        assert row.verdict == fit.certificate.verdict
        assert row.llf == pytest.approx(fit.llf, rel=1e-10)
        assert row.mu == pytest.approx(fit.params["mu"], rel=1e-6)
    with pytest.raises(ParameterError, match="exposure is of counts"):
        mle.fit_groups(frame, "g", "x", "gamma", exposure="years")


@pytest.mark.parametrize("name", ["negbin", "zip", "com_poisson"])
def test_more_rows_than_a_search_begins_from_keep_each_its_exposure(name):
    x, years = watched(SKETCH_ROWS + 100)
    fit = mle.fit(x, name, exposure=years)
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(mle.regress("x ~ 1", {"x": x, "e": years}, name, exposure="e").llf, abs=1e-6)
