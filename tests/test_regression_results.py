"""What a regression says: everything that a fit has, on its coefficients, and what only a regression has."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from references import HERE
from scipy import special, stats

import mle_toolkit as mle
from mle_toolkit.errors import ComparisonError, ParameterError
from mle_toolkit.regression import regress


def table(name):
    return pd.read_csv(HERE / "data" / "dev" / f"{name}.csv")


@pytest.fixture(scope="module")
def warpbreaks():
    return table("warpbreaks")


@pytest.fixture(scope="module")
def birthwt():
    return table("birthwt")


@pytest.fixture(scope="module")
def frame():
    """A covariate far from zero, one of small size, a factor, and observations of several kinds."""
    rng = np.random.default_rng(5)
    n = 80
    made = pd.DataFrame(
        {"t": 1e6 + 40 * rng.normal(size=n), "x": 1e-3 * rng.normal(size=n), "g": rng.choice(list("abc"), n)}
    )
    eta = 0.01 * (made.t - 1e6) + 300 * made.x + (made.g == "b")
    return made.assign(
        count=rng.poisson(np.exp(0.5 + 0.5 * eta)),
        size=rng.gamma(4.0, np.exp(0.3 * eta) / 4.0),
        value=5.0 + eta + rng.normal(size=n),
        years=rng.uniform(1.0, 3.0, size=n),
    )


# --- intervals --------------------------------------------------------------------------------------------------------


def test_wald_intervals_are_on_the_scale_of_the_link_and_of_the_domain(frame):
    fit = regress("size ~ x + g", frame, "gamma")
    table = fit.conf_int()
    se = np.sqrt(np.diag(fit.cov_params()))
    np.testing.assert_allclose(table["upper"].iloc[:4], fit.coefficients[:4] + special.ndtri(0.975) * se[:4])
    shape = fit.params["shape"]
    assert table.loc["shape", "upper"] == pytest.approx(shape * np.exp(special.ndtri(0.975) * se[-1] / shape))


def test_a_profile_interval_ends_where_the_refitted_likelihood_has_fallen(frame):
    fit = regress("count ~ t + x", frame, "poisson")
    bound = 0.5 * stats.chi2.ppf(0.95, 1)
    for end in fit.profile("mu[x]", points=2).interval:
        refitted = regress("count ~ t", frame, "poisson", offset=end * frame.x)
        assert fit.llf - refitted.llf == pytest.approx(bound, abs=1e-7)
    assert fit.conf_int(method="profile").loc["mu[x]"].tolist() == list(fit.profile("mu[x]", points=2).interval)


def test_profiles_of_numbers_and_of_held_coefficients(frame):
    fit = regress("size ~ x", frame, "gamma", fixed={"mean[x]": 0.0})
    low, high = fit.profile("shape", points=2).interval
    assert low < fit.params["shape"] < high
    with pytest.raises(ParameterError, match=r"mean\[x\] was given"):
        fit.profile("mean[x]")
    assert fit.conf_int().loc["mean[x]"].isna().all()


def test_bootstrap_replicates_are_coefficients(frame):
    fit = regress("value ~ t", frame, "normal")
    drawn = fit.bootstrap(n=40, rng=1)
    assert drawn.names == ("mu[Intercept]", "mu[t]", "sigma")
    np.testing.assert_allclose(drawn.estimate, fit.coefficients)
    np.testing.assert_allclose(drawn.se[1:], np.sqrt(np.diag(fit.cov_params()))[1:], rtol=0.5)
    again = regress("value ~ t", frame, "normal").bootstrap(n=4, kind="nonparametric", rng=3).replicates
    assert np.all(np.abs(again[:, 1] - fit.coefficients[1]) < 6 * fit.bse["mu"]["t"])


def test_the_bootstrap_of_clusters_draws_whole_clusters():
    """Where a row is repeated four times the cluster bootstrap has twice the standard error of that of rows."""
    rng = np.random.default_rng(2)
    once = pd.DataFrame({"y": rng.normal(size=60), "x": rng.normal(size=60), "who": np.arange(60)})
    fit = regress("y ~ x", pd.concat([once] * 4, ignore_index=True), "normal")
    by_rows = fit.bootstrap(n=60, kind="nonparametric", rng=1).se[1]
    by_cluster = fit.bootstrap(n=60, cluster="who", rng=1).se[1]
    assert 1.5 < by_cluster / by_rows < 2.7


# --- covariances, against statsmodels ---------------------------------------------------------------------------------


def test_covariances_are_those_of_statsmodels(birthwt):
    fit = regress("low ~ C(race) + lwt + smoke", birthwt, "bernoulli")
    peer = smf.logit("low ~ C(race) + lwt + smoke", birthwt)
    np.testing.assert_allclose(fit.cov_params(), peer.fit(disp=0).cov_params(), rtol=1e-6)
    robust = peer.fit(disp=0, cov_type="HC0").cov_params()
    np.testing.assert_allclose(fit.cov_params("sandwich"), robust, rtol=1e-6)
    np.testing.assert_allclose(fit.cov_params("expected"), fit.cov_params(), rtol=1e-6)
    groups = birthwt.age.to_numpy()
    count = len(np.unique(groups))
    clustered = peer.fit(disp=0, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}).cov_params()
    ours = fit.cov_params("cluster", cluster="age")
    np.testing.assert_allclose(ours, clustered * count / (count - 1), rtol=1e-6)
    np.testing.assert_allclose(fit.cov_params("cluster", cluster=groups), ours)
    np.testing.assert_allclose(fit.pvalues["p"], peer.fit(disp=0).pvalues, rtol=1e-6)


def test_expected_information_is_the_textbook_one_of_a_normal_law(frame):
    fit = regress("value ~ t + x", frame, "normal")
    design = np.column_stack([np.ones(len(frame)), frame.t - frame.t.mean(), frame.x])
    sigma = fit.params["sigma"]
    information = design.T @ design / sigma**2
    cov = fit.cov_params("expected").to_numpy()
    np.testing.assert_allclose(cov[1:3, 1:3], np.linalg.inv(information)[1:, 1:], rtol=1e-6)
    assert cov[3, 3] == pytest.approx(sigma**2 / (2 * len(frame)), rel=1e-6)


# --- predictions ------------------------------------------------------------------------------------------------------


def test_predictions_have_the_standard_errors_and_intervals_of_statsmodels(frame):
    fit = regress("count ~ x + g", frame, "poisson", exposure="years")
    peer = smf.glm("count ~ x + g", frame, family=sm.families.Poisson(), exposure=frame.years).fit()
    new = frame.iloc[:7]
    theirs = peer.get_prediction(new, exposure=new.years).summary_frame()
    ours = fit.predict(new, se=True, exposure="years")
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert ours.index.equals(new.index)
    rates = fit.predict(new, exposure=1)
    np.testing.assert_allclose(rates, ours["mean"] / new.years)
    with pytest.raises(ParameterError, match="exposure=1 for rates"):
        fit.predict(new)


def test_the_rows_of_the_data_and_of_their_frame_are_the_same_laws(frame):
    fit = regress("value ~ t + g", frame, "normal", sigma="~ x")
    pd.testing.assert_frame_equal(fit.predict(what="params"), fit.predict(frame, "params"), rtol=1e-12)
    law = fit.predict(frame, "distribution")
    np.testing.assert_allclose(law.logpdf(frame.value).sum(), fit.llf, rtol=1e-12)
    np.testing.assert_allclose(np.log(fit.predict(frame, "params")["sigma"]), fit.predict(frame, "linear")["sigma"])
    ends = fit.predict(frame, "interval", alpha=0.2)
    np.testing.assert_allclose(law.cdf(ends["upper"]) - law.cdf(ends["lower"]), 0.8, rtol=1e-10)


def test_standard_errors_of_quantiles_are_those_of_differences_of_the_coefficients(frame):
    """The judge moves each reported coefficient, and takes the covariance that is reported."""
    fit = regress("size ~ x", frame, "weibull", shape="~ g")
    new = frame.iloc[:3]
    ours = fit.predict(new, "quantile", 0.9, se=True)
    designs = fit.designs["shape"].matrix(new), fit.designs["scale"].matrix(new)

    def quantile(coefficients):
        shape, scale = np.exp(designs[0] @ coefficients[:3]), np.exp(designs[1] @ coefficients[3:])
        return stats.weibull_min(shape, scale=scale).ppf(0.9)

    steps = 1e-5 * np.sqrt(np.diag(fit.cov_params()))
    slopes = np.stack(
        [(quantile(fit.coefficients + s) - quantile(fit.coefficients - s)) / 2 for s in np.diag(steps)], axis=1
    )
    slopes = slopes / steps
    np.testing.assert_allclose(ours["0.9"], quantile(fit.coefficients), rtol=1e-10)
    variance = np.einsum("ij,jk,ik->i", slopes, fit.cov_params().to_numpy(), slopes)
    np.testing.assert_allclose(ours["0.9_se"], np.sqrt(variance), rtol=1e-6)
    np.testing.assert_allclose(ours["0.9"] ** 2, ours["0.9_lower"] * ours["0.9_upper"], rtol=1e-10)


def test_rows_are_kept_and_frames_keep_their_kind(frame):
    import polars as pl
    import pyarrow as pa

    fit = regress("count ~ x + g", frame, "poisson")
    holed = frame[["x", "g"]].iloc[:4].copy()
    holed.loc[1, "x"] = np.nan
    whole = fit.predict(holed, se=True)
    assert whole.isna().all(axis=1).tolist() == [False, True, False, False]
    assert isinstance(fit.predict(pl.DataFrame(frame[["x", "g"]])), pl.Series)
    assert fit.predict(pa.table({"x": [0.0], "g": ["a"]}), se=True).column_names[1] == "mean_se"
    with pytest.raises(mle.MleError, match="level"):
        fit.predict({"x": [0.0], "g": ["z"]})
    assert np.isnan(fit.predict({"x": [0.0], "g": ["z"]}, unseen="nan")).all()
    by_arrays = regress(frame["count"], np.column_stack([np.ones(len(frame)), frame.x]), "poisson")
    assert by_arrays.predict(np.array([[1.0, 0.0]])).shape == (1,)


def test_at_a_limit_the_limiting_law_predicts():
    x = np.arange(30.0)
    data = pd.DataFrame({"x": x, "y": np.round(np.exp(1 + 0.05 * x))})  # far less spread than Poisson's
    with pytest.warns(mle.FitWarning, match="poisson"):
        fit = regress("y ~ x", data, "negbin")
    plain = regress("y ~ x", data, "poisson")
    pd.testing.assert_frame_equal(fit.predict(data, se=True), plain.predict(data, se=True), rtol=1e-6)
    pd.testing.assert_frame_equal(fit.conf_int().iloc[1:], plain.conf_int(), rtol=1e-6)
    np.testing.assert_allclose(fit.conf_int(method="profile").iloc[1:], plain.conf_int(method="profile"), rtol=1e-6)
    np.testing.assert_allclose(fit.influence()["leverage"], plain.influence()["leverage"], rtol=1e-6)


def test_one_law_is_refused_with_the_way_to_many(frame):
    fit = regress("size ~ x", frame, "gamma")
    for refused in (lambda: fit.quantile(0.5), lambda: fit.return_level(10), lambda: fit.derive(len)):
        with pytest.raises(ParameterError, match=r"each row has a law of its own.*predict"):
            refused()


# --- residuals and goodness of fit ------------------------------------------------------------------------------------


def test_residuals_are_those_of_statsmodels(warpbreaks):
    fit = regress("breaks ~ wool + tension", warpbreaks, "poisson")
    peer = smf.glm("breaks ~ wool + tension", warpbreaks, family=sm.families.Poisson()).fit()
    np.testing.assert_allclose(fit.residuals("deviance"), peer.resid_deviance, rtol=1e-6)
    np.testing.assert_allclose(fit.residuals("pearson"), peer.resid_pearson, rtol=1e-6)
    np.testing.assert_allclose(fit.residuals("response"), peer.resid_response, rtol=1e-6)
    assert fit.deviance == pytest.approx(peer.deviance, rel=1e-9)


def test_residuals_of_a_normal_law_are_standardised(frame):
    fit = regress("value ~ t + g", frame, "normal")
    own = (frame.value - fit.predict(frame)) / fit.params["sigma"]
    for kind in ("quantile", "pearson", "deviance"):
        np.testing.assert_allclose(fit.residuals(kind), own, rtol=1e-8, atol=1e-10)
    with pytest.raises(ParameterError, match="no deviance"):
        regress("size ~ x", frame, "weibull").residuals("deviance")


def test_goodness_of_fit_sees_the_wrong_law_of_counts(warpbreaks):
    wrong = regress("breaks ~ wool * tension", warpbreaks, "poisson").goodness_of_fit(n_resamples=19, rng=1)
    right = regress("breaks ~ wool * tension", warpbreaks, "negbin").goodness_of_fit(n_resamples=19, rng=1)
    assert "quantile residuals" in wrong.method
    assert wrong.p_value == 0.05
    assert right.p_value > 0.05


# --- terms ------------------------------------------------------------------------------------------------------------


def test_terms_are_worth_what_the_worked_example_says(warpbreaks):
    fit = regress("breaks ~ wool * tension", warpbreaks, "poisson")
    by_term = fit.anova().loc["mu"]
    np.testing.assert_allclose(by_term.loc["wool", ["statistic", "nats"]], [16.0388, 0.148507], rtol=1e-5)
    np.testing.assert_allclose(by_term.loc["tension", ["statistic", "nats"]], [70.9416, 0.656866], rtol=1e-5)
    np.testing.assert_allclose(by_term.loc["wool:tension", ["statistic", "nats"]], [28.0868, 0.260063], rtol=1e-5)
    assert by_term.loc["wool:tension", "p_value"] == pytest.approx(8.0e-7, rel=0.01)
    assert by_term["df"].tolist() == [1, 2, 2]


@pytest.mark.parametrize("test", ["wald", "score"])
def test_other_tests_of_terms_are_near_the_likelihood_ratio(frame, test):
    fit = regress("value ~ t + g", frame, "normal")
    np.testing.assert_allclose(fit.anova(test=test)["statistic"], fit.anova("III")["statistic"], rtol=0.6)


def test_wald_tests_of_terms_are_those_of_statsmodels(frame):
    fit = regress("count ~ t + x + g", frame.assign(t=frame.t - 1e6), "poisson")
    peer = smf.glm("count ~ t + x + g", frame.assign(t=frame.t - 1e6), family=sm.families.Poisson()).fit()
    theirs = peer.wald_test_terms(scalar=True).table["statistic"]
    ours = fit.anova("III", test="wald").loc["mu", "statistic"]
    for term in ("t", "x", "g"):
        assert ours[term] == pytest.approx(theirs[term], rel=1e-6)


def test_hypotheses_are_refits_with_one_column(frame):
    fit = regress("count ~ t + x + g", frame, "poisson")
    summed = regress("count ~ I(t + x) + g", frame, "poisson")
    test = fit.test("t = x")
    assert (test.df, test.statistic) == (1, pytest.approx(2 * (fit.llf - summed.llf), rel=1e-6))
    smaller = regress("count ~ g", frame, "poisson")
    both = fit.test("t = 0, mu[x] = 0")
    assert (both.df, both.statistic) == (2, pytest.approx(2 * (fit.llf - smaller.llf), rel=1e-6))
    assert fit.test(smaller).p_value == pytest.approx(both.p_value, rel=1e-6)
    at = fit.params["mu"]["x"]
    assert fit.test({"mu[x]": at}).statistic == pytest.approx(0.0, abs=1e-6)
    assert fit.test("2*x = 1 + 3*t", method="wald").df == 1
    with pytest.raises(ParameterError, match="no sum of numbers"):
        fit.test("x = nonsense")


def test_a_smaller_regression_must_be_one(frame):
    fit = regress("count ~ t", frame, "poisson")
    with pytest.raises(ParameterError, match="columns that are not in the larger"):
        fit.test(regress("count ~ 1 + x", frame, "poisson"))
    with pytest.raises(ComparisonError, match="other data"):
        fit.test(regress("count ~ 1", frame.iloc[1:], "poisson"))


def test_poisson_regression_is_tested_at_the_boundary_of_the_negative_binomial(warpbreaks):
    large = regress("breaks ~ wool + tension", warpbreaks, "negbin")
    small = regress("breaks ~ wool + tension", warpbreaks, "poisson")
    test = large.test(small)
    assert test.reference == "half chi-squared(0), half chi-squared(1)"
    assert test.p_value == pytest.approx(0.5 * stats.chi2.sf(2 * (large.llf - small.llf), 1), rel=1e-9)


# --- margins and influence --------------------------------------------------------------------------------------------


def test_marginal_effects_are_those_of_statsmodels(birthwt):
    fit = regress("low ~ lwt + smoke + age", birthwt, "bernoulli")
    peer = smf.logit("low ~ lwt + smoke + age", birthwt).fit(disp=0).get_margeff()
    ours = fit.margins()
    assert ours.index.tolist() == ["lwt", "smoke", "age"]
    np.testing.assert_allclose(ours["effect"], peer.margeff, rtol=1e-7)
    np.testing.assert_allclose(ours["se"], peer.margeff_se, rtol=1e-6)


def test_marginal_effects_of_levels_are_mean_changes(birthwt):
    fit = regress("low ~ lwt * C(race)", birthwt, "bernoulli")
    ours = fit.margins()
    by_level = [fit.predict(birthwt.assign(race=level)).mean() for level in (1, 2, 3)]
    np.testing.assert_allclose(ours.loc["race[3 - 1]", "effect"], by_level[2] - by_level[0], rtol=1e-9)


def test_marginal_effects_on_levels_are_those_of_statsmodels_and_of_differences(birthwt):
    import statsmodels.discrete.discrete_model as discrete

    given = birthwt.assign(lwt=birthwt["lwt"] / 10)
    fit = regress("race ~ age + lwt", given, "categorical")
    peer = discrete.MNLogit(given["race"], sm.add_constant(given[["age", "lwt"]])).fit(disp=0).get_margeff()
    ours = fit.margins()
    assert ours.index.tolist()[:3] == [("age", "1"), ("age", "2"), ("age", "3")]
    np.testing.assert_allclose(ours["effect"], peer.margeff.ravel(), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours["se"], peer.margeff_se.ravel(), rtol=1e-5)
    ordered = regress("race ~ age + smoke", given, "ordinal", levels=[1, 2, 3])
    up, down = (ordered.predict(given.assign(age=given["age"] + step)).mean() for step in (1e-4, -1e-4))
    np.testing.assert_allclose(ordered.margins().loc["age", "effect"], (up - down) / 2e-4, rtol=1e-6)


def test_rows_that_one_step_does_not_leave_out_are_left_out_by_a_climb_from_the_estimate(monkeypatch):
    """A mixture was looked for anew, from many starts, for each of them."""
    rng = np.random.default_rng(3)
    x, side = rng.normal(size=60), rng.integers(0, 2, size=60)
    frame = pd.DataFrame({"x": x, "y": np.where(side, 3 + x, -1 - x) + rng.normal(size=60) * 0.7})
    with pytest.warns(mle.FitWarning, match="local maximum"):
        fit = regress("y ~ x", frame, "mixture(normal, 2)")
    model, begun = type(fit.at_maximum.family), []
    starts = model.start
    monkeypatch.setattr(model, "start", lambda *given: begun.append(1) or starts(*given))
    scores = fit.influence()["log_score"]
    assert not begun
    row = int(np.argmin(scores))
    with pytest.warns(mle.FitWarning, match="local maximum"):
        rest = regress("y ~ x", frame.drop(index=row), "mixture(normal, 2)")
    law = rest.predict(frame.iloc[[row]], what="distribution")
    assert scores[row] == pytest.approx(float(law.logpdf(frame["y"][row])[0]), abs=1e-6)


def test_influence_is_that_of_statsmodels(birthwt):
    fit = regress("low ~ lwt + smoke", birthwt, "bernoulli")
    peer = smf.glm("low ~ lwt + smoke", birthwt, family=sm.families.Binomial()).fit().get_influence()
    ours = fit.influence()
    np.testing.assert_allclose(ours["leverage"], peer.hat_matrix_diag, rtol=1e-5)
    np.testing.assert_allclose(ours["cooks_distance"], peer.cooks_distance[0], rtol=1e-4)
    line = regress("bwt ~ lwt + smoke", birthwt, "normal").influence()
    hat = smf.ols("bwt ~ lwt + smoke", birthwt).fit().get_influence().hat_matrix_diag
    np.testing.assert_allclose(line["leverage"], hat, rtol=1e-5)


def test_one_step_is_near_the_refit_without_the_row(frame):
    fit = regress("count ~ x + g", frame, "poisson")
    without = regress("count ~ x + g", frame.drop(index=4), "poisson")
    ours = fit.influence().iloc[4]
    np.testing.assert_allclose(ours.iloc[3:], fit.coefficients - without.coefficients, rtol=0.05, atol=1e-3)
    rest = frame.iloc[[4]]
    assert ours["log_score"] == pytest.approx(float(without.rows_law(rest).logpdf(rest["count"])[0]), abs=5e-3)


# --- information ------------------------------------------------------------------------------------------------------


def test_information_of_the_worked_example(warpbreaks):
    """REGRESSION values: Poisson, wool by tension: null, model, saturated, and half the deviance an observation."""
    report = regress("breaks ~ wool * tension", warpbreaks, "poisson").information()
    assert report.null.value == pytest.approx(5.2966, abs=5e-5)
    assert report.cross_entropy.value == pytest.approx(4.2312, abs=5e-5)
    assert report.entropy.value == pytest.approx(2.5432, abs=5e-5)
    assert report.kl.value == pytest.approx(1.688010, abs=5e-7)
    assert report.deviance == pytest.approx(182.30513, abs=5e-6)
    assert report.gain.value == pytest.approx(5.29663 - 4.23120, abs=2e-5)
    assert report.gain.se > 0
    assert report.to("bit").gain.value == pytest.approx(report.gain.value / np.log(2))


def test_information_of_labels(birthwt):
    data = birthwt.assign(
        ptl=(birthwt.ptl > 0).astype(int), ftv=birthwt.ftv.clip(upper=2).astype(str), race=birthwt.race.astype(str)
    )
    report = regress("low ~ age + lwt + race + smoke + ptl + ht + ui + ftv", data, "bernoulli").information()
    assert report.null.value == pytest.approx(0.620825, abs=5e-7)
    share = sm.Logit.from_formula("low ~ age + lwt + race + smoke + ptl + ht + ui + ftv", data).fit(disp=0).prsquared
    assert report.share == pytest.approx(share, rel=1e-9)
    assert report.kl is None
    assert "one trial" in report.reasons["kl"]
    assert "nan" not in str(report)


def test_continuous_laws_have_no_saturated_law(frame):
    report = regress("value ~ t", frame, "normal").information()
    assert report.kl is None
    assert "density" in report.reasons["kl"]
    null = mle.fit(frame.value, "normal")
    assert report.null.value == pytest.approx(null.cross_entropy, rel=1e-9)


# --- summary and comparison -------------------------------------------------------------------------------------------


def test_the_summary_has_a_table_a_parameter_and_names_links_and_base_levels(frame):
    fit = regress("value ~ x + g", frame, "normal", sigma="~ x")
    text = str(fit)
    for words in ("mu, link identity", "sigma, link log", "g[T.b]", "Base levels: g a", "Certificate:", "P>|z|"):
        assert words in text
    assert "<table" in fit._repr_html_()
    assert repr(fit).startswith("RegressionFit(normal with mu ~ x + g, sigma ~ x; llf=")


def test_regressions_compare_by_law_link_and_formula(warpbreaks):
    fits = {
        "poisson": regress("breaks ~ wool + tension", warpbreaks, "poisson"),
        "negbin": regress("breaks ~ wool + tension", warpbreaks, "negbin"),
        "sqrt": regress("breaks ~ wool + tension", warpbreaks, "poisson", links={"mu": "sqrt"}),
    }
    ranking = mle.compare(fits)
    assert ranking.table["family"].iloc[0] == "negbin"
    assert ranking.table["aic"].tolist() == sorted(fit.aic for fit in fits.values())
    held_out = ranking.cross_validated(3, rng=1)
    left = held_out.names.index("poisson")
    assert np.isfinite(held_out.scores).all()
    assert ranking.vuong("sqrt", "poisson", rng=1).p_value <= 1
    again = mle.compare(list(fits.values())).table
    assert again["family"].iloc[0] == "negbin with mu ~ wool + tension"
    assert left == list(ranking.fits).index("poisson")


def test_each_regression_is_cross_validated_by_its_own_design(frame):
    """Designs of the same width: one with the covariate that matters, one with noise."""
    noise = frame.assign(z=np.random.default_rng(8).normal(size=len(frame)))
    good, bad = regress("value ~ t", noise, "normal"), regress("value ~ z", noise, "normal")
    scores = mle.compare({"good": good, "bad": bad}).leave_one_out()
    for name, column in (("good", "t"), ("bad", "z")):
        refitted = regress(f"value ~ {column}", noise.drop(index=0), "normal")
        row = noise.iloc[[0]]
        own = float(refitted.rows_law(row).logpdf(row["value"])[0])
        assert scores.scores[0, scores.names.index(name)] == pytest.approx(own, abs=5e-3)


# --- laws with trials, and of levels ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trials():
    rng = np.random.default_rng(4)
    x = rng.normal(size=40)
    n = rng.integers(3, 9, 40)
    hits = rng.binomial(n, special.expit(0.5 * x))
    level = np.digitize(x + rng.logistic(size=40), [-1.0, 0.5])
    return pd.DataFrame({"x": x, "n": n, "hits": hits, "level": np.array(["a", "b", "c"])[level]})


def test_constants_of_rows_go_with_them(trials):
    fit = regress("hits ~ x", trials, "binomial", n="n")
    p = fit.predict(trials, "params", n="n")["p"]
    np.testing.assert_allclose(fit.predict(trials, n="n"), trials.n * p)
    ends = fit.predict(trials, "interval", n="n")
    np.testing.assert_array_equal(ends["lower"], stats.binom(trials.n, p).ppf(0.025))
    np.testing.assert_array_equal(ends["upper"], stats.binom(trials.n, p).isf(0.025))
    np.testing.assert_allclose(fit.cov_params("expected"), fit.cov_params(), rtol=1e-6)
    with pytest.raises(ParameterError, match="its own n"):
        fit.predict(trials)


def test_a_limit_whose_parameters_have_other_names_is_read_by_its_own(trials):
    even = trials.assign(hits=np.round(trials.n * special.expit(0.5 * trials.x)))
    with pytest.warns(mle.FitWarning, match="binomial"):
        fit = regress("hits ~ x", even, "betabinomial", n="n")
    plain = regress("hits ~ x", even, "binomial", n="n")
    np.testing.assert_allclose(fit.residuals("deviance"), plain.residuals("deviance"), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(fit.profile("mean[x]", points=2).interval, plain.profile("p[x]", points=2).interval)
    np.testing.assert_allclose(fit.influence()["mean[x]"], plain.influence()["p[x]"], rtol=1e-4, atol=1e-8)


def test_levels_have_probabilities_and_residuals(trials):
    fit = regress("level ~ x", trials, "ordinal", levels=["a", "b", "c"])
    chances = fit.predict(trials, se=True)
    np.testing.assert_allclose(chances[["a", "b", "c"]].sum(axis=1), 1.0, rtol=1e-12)
    cuts, slope = fit.params["cutpoints"].to_numpy(), fit.params["loc"]["x"]
    np.testing.assert_allclose(chances["a"], special.expit(cuts[0] - slope * trials.x), rtol=1e-9)
    assert (chances["a_lower"] > 0).all()
    assert abs(fit.residuals(rng=1).mean()) < 0.5
    drawn = fit.bootstrap(n=10, rng=1)
    assert np.isfinite(drawn.replicates).all()
    unordered = regress("level ~ x", trials, "categorical")
    assert unordered.predict(trials).sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert unordered.goodness_of_fit(n_resamples=3, rng=1).p_value > 0
    with pytest.raises(ParameterError, match="levels have no mean"):
        unordered.residuals("pearson")


def test_saved_levels_and_gains_come_back(trials, tmp_path):
    for family, options in (("ordinal", {"levels": ["a", "b", "c"]}), ("categorical", {})):
        fit = regress("level ~ x", trials, family, **options)
        fit.save(tmp_path / "fit.json")
        back = mle.load(tmp_path / "fit.json")
        pd.testing.assert_frame_equal(back.predict(trials, se=True), fit.predict(trials, se=True), rtol=1e-9)
        assert back.information().gain == fit.information().gain
        assert str(back.summary()) == str(fit.summary())


def test_a_saved_fit_predicts_as_the_fit_though_a_covariate_is_far_from_zero(tmp_path):
    """A time in seconds: what its mean gives to the intercept, and to its variance, cancels in every row."""
    rng = np.random.default_rng(2)
    frame = {"t": rng.normal(size=100) + 1.7e9, "z": rng.uniform(size=100)}
    frame["y"] = np.exp(0.5 * (frame["t"] - 1.7e9)) * rng.gamma(2, 0.5, 100)
    fit = regress("y ~ t + z", frame, "gamma", shape="~ t", fixed={"mean[z]": 0.1})
    fit.save(tmp_path / "fit.json")
    back = mle.load(tmp_path / "fit.json")
    for what in ("mean", "linear", "params"):
        pd.testing.assert_frame_equal(back.predict(frame, what, se=True), fit.predict(frame, what, se=True), rtol=1e-9)
    np.testing.assert_allclose(back.coefficients, fit.coefficients, rtol=1e-12)


def test_expected_information_of_probabilities_that_are_one_in_doubles():
    x = np.append(np.linspace(-2, 2, 30), 60.0)
    fit = regress("y ~ x", {"x": x, "y": (x + np.sin(9 * x) > 0) * 1.0}, "bernoulli")
    assert fit.predict().max() == 1.0
    eta = fit.predict(what="linear").to_numpy().ravel()
    design = np.column_stack([np.ones(31), x])
    weight = 1 / (2 + 2 * np.cosh(eta))
    right = np.linalg.inv(design.T @ (weight[:, None] * design))
    np.testing.assert_allclose(fit.cov_params("expected"), right, rtol=1e-6, atol=1e-9)


def test_rows_of_the_data_keep_their_kind_and_their_labels():
    """A column of predictions goes beside the rows that it is of, though rows were left out."""
    import polars as pl
    import pyarrow as pa

    rng = np.random.default_rng(1)
    data = pd.DataFrame({"x": rng.normal(size=30), "y": rng.poisson(2, 30) + 0.0, "w": np.arange(30) % 3})
    data.index = data.index * 10 + 5
    data.loc[15, "x"] = np.nan
    fit = mle.regress("y ~ x", data, "poisson", weights="w", nan_policy="omit")
    kept = data.index[(data.w > 0) & data.x.notna()]
    assert list(fit.predict().index) == list(kept)
    np.testing.assert_allclose(fit.predict(), fit.predict(data)[kept], rtol=1e-14)
    assert list(fit.influence().index) == list(kept)
    for frame in (pl.from_pandas(data.dropna()), pa.Table.from_pandas(data.dropna(), preserve_index=False)):
        table = mle.regress("y ~ x", frame, "poisson").predict(se=True)
        assert isinstance(table, type(frame))


@pytest.mark.parametrize("law", ["weibull", "gamma", "poisson", "normal", "bernoulli"])
def test_a_regression_that_is_not_needed_any_more_is_gone_at_once(law):
    """And its rows with it: nothing of it holds itself, so that it need not wait for the collector."""
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(60), rng.normal(size=60)])
    y = np.floor(rng.uniform(0, 2, 60)) if law in ("poisson", "bernoulli") else rng.weibull(1.5, 60)
    sample = mle.Sample.right_censored(y, rng.uniform(size=60) < 0.8) if law == "weibull" else mle.Sample(y)
    gc.collect()
    gc.disable()
    try:
        fit = mle.regress(sample, design, law)
        _ = fit.bse
        held = [weakref.ref(one) for one in (fit, fit.model, fit.at_maximum.likelihood)]
        del fit
        assert [one() for one in held] == [None, None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("law", ["gamma", "beta", "weibull", "poisson"])
def test_a_regression_leaves_nothing_of_ours_to_the_collector(law):
    """Not even a law in other parameters, which holds itself, is made anew for every fit."""
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(60), rng.normal(size=60)])
    y = np.floor(rng.uniform(0, 5, 60)) if law == "poisson" else rng.uniform(0.1, 0.9, 60)
    mle.regress(y, design, law)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        _ = mle.regress(y, design, law).bse
        gc.collect()
        ours = [type(one).__name__ for one in gc.garbage if type(one).__module__.startswith("mle_toolkit")]
        assert ours == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
