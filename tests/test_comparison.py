"""compare(): the right order, the right differences, and no family stops another."""

import json

import fieldcases
import numpy as np
import pytest
from references import _raw_cases, case, column, fit_quietly
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.comparison.candidates import candidates, look_like_counts
from mle_toolkit.errors import ComparisonError, DataError, ParameterError, UnknownNameError

REFERENCES = {"compare_groundbeef": ("groundbeef", "serving"), "compare_endosulfan": ("endosulfan", "ATV")}


def gamma_sample(n=200, seed=0):
    return stats.gamma(2.0).rvs(n, random_state=seed)


@pytest.mark.parametrize("name", REFERENCES)
def test_reference_rankings(name):
    reference = _raw_cases()[name]["expected"]
    result = mle.compare(column(*REFERENCES[name]), list(reference["models"]))
    table = result.table.set_index("family")
    assert not result.failures
    assert list(result.fits) == list(table.index) == reference["ranking_aic"]
    assert list(table["bic"].sort_values().index) == reference["ranking_bic"]
    for family, expected in reference["models"].items():
        row = table.loc[family]
        assert row["llf"] == pytest.approx(expected["loglik"], abs=1e-8 * abs(expected["loglik"]))
        assert row["k"] == expected["k"]
        assert row["aic"] == pytest.approx(expected["aic"], rel=1e-8)
        assert row["bic"] == pytest.approx(expected["bic"], rel=1e-8)
        assert row["delta_aic"] == pytest.approx(expected["delta_aic"], abs=1e-5)
        assert row["akaike_weight"] == pytest.approx(expected["akaike_weight"], rel=1e-5)
        for parameter, value in expected["params"].items():
            assert result.fits[family].params[parameter] == pytest.approx(value, rel=1e-6)


def test_differences_of_cross_entropy_are_differences_of_divergence():
    table = mle.compare(gamma_sample(), ["gamma", "weibull", "normal", "exponential"]).table
    np.testing.assert_allclose(table["delta_ce"], table["kl"] - table["kl"][0], atol=1e-14)
    np.testing.assert_allclose(table["delta_ce"], table["cross_entropy"] - table["cross_entropy"][0], atol=0)


def test_the_error_of_a_difference_is_paired():
    result = mle.compare(gamma_sample(), ["gamma", "weibull"])
    first, second = result.fits.values()
    terms = first.logpdf_rows() - second.logpdf_rows()
    row = result.table.iloc[1]
    assert row["delta_ce"] == pytest.approx(np.mean(terms), rel=1e-9)
    assert row["delta_ce_se"] == pytest.approx(np.std(terms) / np.sqrt(200), rel=1e-12)
    assert result.table["delta_ce_se"][0] == 0.0


def test_vuong_statistic_of_the_reference():
    """ZIP against Poisson on the biochemists' articles: z = sqrt(n) mean / sd of the paired terms."""
    reference = _raw_cases()["vuong_biochemists"]["expected"]
    result = mle.compare(column("biochemists", "art"), ["zip", "poisson"])
    delta, se = result.difference(result.fits["poisson"], result.fits["zip"])
    assert delta * 915 == pytest.approx(reference["lr_sum"], abs=1e-6)
    assert delta / se == pytest.approx(reference["z_raw_sd_n"], abs=1e-5)


def test_ranks_weights_and_columns():
    table = mle.compare(gamma_sample(), ["normal", "gamma", "exponential"]).table
    assert list(table["rank"]) == [1, 2, 3]
    assert table["aic"].is_monotonic_increasing
    assert table["akaike_weight"].sum() == pytest.approx(1.0, rel=1e-14)
    assert table["delta_aic"][0] == 0.0
    assert {"verdict", "flags", "params", "tic", "kl_se", "kl_predictive"} <= set(table.columns)


def test_a_failing_family_is_told_and_stops_no_other():
    def broken(x, a):
        raise RuntimeError("no such table")

    mine = mle.Family.from_logpdf(broken, {"a": mle.POSITIVE}, mle.REAL, name="mine")
    result = mle.compare([-1.0, 0.5, 2.0, 0.1], ["normal", "gamma", mine, "logistic"])
    assert set(result.fits) == {"normal", "logistic"}
    assert "1 of 4 observations lie outside the support" in result.failures["gamma"]
    assert result.failures["mine"] == "logpdf of 4 rows raised RuntimeError: no such table."
    assert "gamma: 1 of 4" in str(result)


def test_if_nothing_fits_the_reasons_are_there():
    result = mle.compare([-1.0, 0.5], ["gamma", "weibull"])
    assert result.table.empty
    assert "gamma" in str(result)
    with pytest.raises(ComparisonError, match=r"no family could be fitted.*gamma"):
        _ = result.best


def test_weaker_fits_are_compared_without_a_warning_and_flagged():
    table = mle.compare(np.linspace(-1.0, 1.0, 100), ["student_t", "normal"]).table.set_index("family")
    assert table.loc["student_t", "verdict"] == "boundary"
    assert "limit: normal" in table.loc["student_t", "flags"]
    assert table.loc["normal", "rank"] == 1  # of the same likelihood, by one parameter less


def test_reliability_weights_rank_by_tic():
    x = gamma_sample()
    result = mle.compare(mle.Sample(x, x, "reliability"), ["normal", "gamma", "weibull"])
    assert result.criterion == "tic"
    assert result.table["tic"].is_monotonic_increasing
    assert result.table["aic"].isna().all()


# --- what the data tell apart -----------------------------------------------------------------------------------------


def test_models_are_grouped_with_the_first_that_they_cannot_be_told_from():
    result = mle.compare(column("groundbeef", "serving"), ["gamma", "weibull", "lognormal", "normal", "exponential"])
    assert result.groups[0] == ("gamma", "weibull")
    assert result.groups[-1] == ("exponential",)
    assert sorted(sum(result.groups, ())) == sorted(result.fits)
    table = result.table.set_index("family")
    for number, names in enumerate(result.groups, start=1):
        assert set(table.loc[list(names), "group"]) == {number}
        first = table.loc[names[0]]
        for name in names[1:]:
            delta, se = (
                table.loc[name, "aic"] - first["aic"],
                result.difference(*map(result.fits.get, (name, names[0]))),
            )
            assert delta <= max(4.0, 1.96 * 2 * 254 * se[1])
    assert "the data cannot tell weibull from gamma" in str(result)
    assert "the data cannot tell weibull from gamma" in result._repr_html_()
    assert "the data cannot tell weibull from gamma" in result.notes()


def test_a_clear_winner_is_called_one():
    result = mle.compare(stats.expon().rvs(2000, random_state=0), ["normal", "exponential"])
    assert result.groups == (("exponential",), ("normal",))
    assert "the data tell exponential from all others" in result.notes()


def test_a_law_and_its_limit_are_one_group():
    """Of equal likelihood, the difference has no error, and that of AIC is the parameter more."""
    result = mle.compare(np.linspace(-1.0, 1.0, 100), ["student_t", "normal"])
    assert result.groups == (("normal", "student_t"),)


def test_a_special_case_is_told_apart_by_its_own_law():
    """Of nested models the difference is chi-squared: a likelihood ratio of 25 is clear, though not 1.96 errors."""
    x = stats.nbinom(1.2, 0.65).rvs(262, random_state=8)
    result = mle.compare(x, ["negbin", "poisson"])
    delta, se = result.difference(result.fits["poisson"], result.fits["negbin"])
    assert delta < 2.2 * se
    assert result.fits["negbin"].test(nested=result.fits["poisson"]).p_value < 1e-4
    assert result.groups == (("negbin",), ("poisson",))


def test_optimism_is_shown_beside_the_number_of_parameters():
    result = mle.compare(gamma_sample(), ["gamma", "normal"])
    table = result.table.set_index("family")
    for name, fit in result.fits.items():
        assert table.loc[name, "optimism"] == pytest.approx((table.loc[name, "tic"] + 2 * fit.llf) / 2, rel=1e-9)


def test_the_extended_criterion_takes_the_optimism_of_the_bootstrap():
    result = mle.compare(gamma_sample(), ["gamma", "weibull", "normal"])
    table = result.eic(100, rng=1)
    assert table["eic"].is_monotonic_increasing
    assert table["delta"][0] == 0.0
    for row in table.itertuples():
        assert row.eic == pytest.approx(-2 * result.fits[row.family].llf + 2 * row.optimism, rel=1e-12)
        assert row.optimism == pytest.approx(result.fits[row.family].optimism, rel=0.4)
    assert table.equals(result.eic(100, rng=1))
    assert np.isinf(mle.compare(gamma_sample(), ["uniform"]).eic(20, rng=1)["eic"][0])


def test_the_first_two_are_tested_by_default():
    result = mle.compare(gamma_sample(), ["gamma", "weibull", "normal"])
    first, second, third = result.fits
    assert (result.vuong(method="vuong").first, result.vuong(method="vuong").second) == (first, second)
    assert (result.vuong(second, method="vuong").first, result.vuong(second, method="vuong").second) == (second, first)
    found = result.vuong(second=third, method="vuong")
    assert (found.first, found.second) == (first, third)


def test_without_a_fit_nothing_is_told_apart():
    result = mle.compare([-1.0, 0.5], ["gamma"])
    assert result.groups == ()
    with pytest.raises(ComparisonError, match="no family could be fitted"):
        result.cross_validated(2)


# --- what may be compared -------------------------------------------------------------------------------------------


def test_fits_of_the_same_data_may_be_compared():
    x = gamma_sample()
    known = mle.fit(x, "gamma", fixed={"shape": 2.0})
    result = mle.compare(x, [known, "gamma", "weibull"])
    assert result.fits["gamma"] is known
    assert sum(name.startswith("gamma") for name in result.fits) == 2


@pytest.mark.parametrize("other", [gamma_sample(199), gamma_sample(200, 1), gamma_sample()[::-1]])
def test_fits_of_other_data_may_not(other):
    with pytest.raises(ComparisonError, match="of other data"):
        mle.compare(gamma_sample(), [mle.fit(other, "gamma"), "weibull"])


def test_fits_with_other_weights_may_not():
    x = gamma_sample()
    with pytest.raises(ComparisonError, match="of other data"):
        mle.compare(x, [mle.fit(x, "gamma", weights=np.arange(1, 201)), "weibull"])


def test_fits_without_their_data_may_not(tmp_path):
    mle.fit(gamma_sample(), "gamma").save(tmp_path / "fit.json")
    with pytest.raises(ComparisonError, match="loaded without its data"):
        mle.compare(gamma_sample(), [mle.load(tmp_path / "fit.json")])


def test_densities_are_not_compared_with_probabilities():
    with pytest.raises(ComparisonError, match=r"counts \(poisson\).*densities \(gamma, normal\)"):
        mle.compare([1, 2, 2, 3], ["gamma", "poisson", "normal"])


def test_mistakes_of_the_caller_are_raised():
    with pytest.raises(UnknownNameError, match="gamma"):
        mle.compare([1.0, 2.0], ["gama"])
    with pytest.raises(DataError, match="missing"):
        mle.compare([1.0, np.nan], ["gamma"])
    with pytest.raises(ComparisonError, match="empty"):
        mle.compare([1.0, 2.0], [])
    with pytest.raises(TypeError):
        mle.compare([1.0, 2.0], ["gamma"], sovler="newton")
    with pytest.raises(ParameterError, match="needs the known constant"):
        mle.compare([1, 2, 2, 3], ["binomial"])


def test_options_reach_every_fit_and_one_name_is_a_list_of_one():
    result = mle.compare([1.0, 2.0, 4.0], ["gamma", "normal"], fixed={"shape": 2.0})
    assert result.fits["gamma"].params["shape"] == 2.0
    assert "shape" in result.failures["normal"]
    assert list(mle.compare([1.0, 2.0, 4.0], "gamma").fits) == ["gamma"]
    assert mle.compare([1.0, 2.0, np.nan], "gamma", nan_policy="omit").best.nobs == 2
    assert mle.compare([1.0, 2.0], "gamma", weights=[1, 3]).best.nobs == 4


def test_one_law_with_several_constants_has_several_names():
    laws = [mle.get_family("binomial", n=n) for n in (10, 12, 12)]
    result = mle.compare([1, 2, 3, 3], laws)
    assert set(result.fits) == {"binomial", "binomial (n=12)", "binomial #2"}


def test_no_family_warns_on_real_data():
    """A warning, an error here, would send a family to the failures."""
    for name, variable in (("port_pirie", None), ("faithful", "eruptions"), ("rivers", None)):
        result = mle.compare(mle.datasets.load(name).sample(*([variable] if variable else [])))
        assert not [why for why in result.failures.values() if "Warning" in why]


# --- what is compared by default ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "counts"),
    [
        ([0, 1, 1, 0, 2, 0, 5], True),
        (stats.poisson(10).rvs(200, random_state=1), True),
        (column("biochemists", "art"), True),
        (column("faithful", "waiting"), False),
        (column("groundbeef", "serving"), False),
        (column("nile", "x"), False),
        (column("aircondit", "hours"), False),
        ([-1, 0, 0, 1], False),
        ([0.5, 1.0, 1.0, 2.0], False),
    ],
)
def test_counts_are_told_from_measurements(x, counts):
    assert look_like_counts(mle.Sample(x)) is counts


def test_candidates_suit_the_data():
    in_unit, positive, real = candidates(mle.Sample([0.2, 0.7])), candidates(mle.Sample([0.2, 7.5])), None
    real = candidates(mle.Sample([-0.2, 7.5]))
    assert {"beta", "gamma", "normal"} <= set(in_unit)
    assert "beta" not in positive
    assert {"gamma", "normal"} <= set(positive)
    assert "gamma" not in real
    assert "normal" in real
    counts = set(candidates(mle.Sample([0, 1, 1, 2, 0, 0])))
    assert {"poisson", "negbin", "geometric"} <= counts
    assert not counts & {"binomial", "categorical", "logseries", "bernoulli", "normal"}
    assert "bernoulli" in candidates(mle.Sample([0, 1, 1, 0]))
    assert {"logseries", "zeta"} <= set(candidates(mle.Sample([1, 1, 2, 1, 5, 1])))


def test_by_default_all_that_apply_are_compared():
    x = np.repeat(np.arange(5), [109, 65, 22, 3, 1])
    result = mle.compare(x)
    assert set(result.fits) | set(result.failures) == set(candidates(mle.Sample(x)))
    assert result.best.family.name == "poisson"


# --- presentation -----------------------------------------------------------------------------------------------------


def test_it_shows_itself_as_text_html_and_json():
    result = mle.compare(gamma_sample(), ["gamma", "weibull", "beta"])
    assert "weibull" in str(result)
    assert "not fitted" in result._repr_html_()
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert record["format"] == "mle_toolkit.comparison"
    assert [row["family"] for row in record["table"]] == list(result.fits)
    assert record["table"][0]["params"]["shape"] == result.best.params["shape"]
    assert "beta" in record["failures"]
    assert "gamma" in repr(result)


def test_rounded_data_are_ranked_and_the_missing_level_is_explained():
    result = mle.compare(column("groundbeef", "serving"), ["gamma", "weibull"])
    assert result.table["kl"].isna().all()
    assert result.table["delta_ce"].notna().all()
    assert any("rounded" in note for note in result.notes())


def test_the_references_are_those_of_the_fits():
    """The comparison fits as fit() does."""
    one = case("gamma_groundbeef").fit()
    assert mle.compare(one.sample, ["gamma"]).best.llf == one.llf


def test_times_censored_at_many_points_are_measurements_and_one_top_class_is_of_counts():
    weeks = mle.datasets.load("leukaemia").sample()
    assert not look_like_counts(weeks)
    assert "weibull" in candidates(weeks)
    top_class = mle.Sample.intervals([0, 1, 2, 2], [0, 1, 2, np.inf], [3, 2, 2, 1])
    assert look_like_counts(top_class)
    with_a_gap = mle.Sample.intervals([1, 4, 9, 20], [1, 4, 9, np.inf], [3, 2, 2, 1])
    assert not look_like_counts(with_a_gap)


def test_durations_are_never_counts():
    """NIST/SEMATECH e-Handbook 8.4.1.3: whole hours, censored at one; the AIC is published for neither law."""
    data = fieldcases.columns("nist_apr413.csv")
    result = mle.compare(mle.Sample.right_censored(data["hours"], data["failed"]))
    aic = {name: fit.aic for name, fit in result.fits.items()}
    assert aic["weibull"] == pytest.approx(154.27, abs=0.005)
    assert aic["lognormal"] == pytest.approx(154.39, abs=0.005)
    assert "poisson" not in {*result.fits, *result.failures}
    assert result.guess is None


@pytest.mark.parametrize(
    "sample",
    [
        mle.Sample.right_censored([1, 2, 2, 3, 1, 1], [1] * 6),
        mle.Sample.right_censored([0, 0, 0, 1, 1, 2, 2, 3], [1, 1, 1, 1, 1, 1, 1, 0]),
        mle.Sample.left_censored([1, 2, 2, 3, 1, 1], [1, 1, 1, 1, 1, 0]),
        mle.Sample([1, 2, 2, 3, 1, 1]).truncated(lower=[0, 1, 0, 0, 0, 0]),
    ],
    ids=["every event seen", "one top class", "detection limit", "entries"],
)
def test_what_has_events_entries_or_censoring_is_measured(sample):
    assert not look_like_counts(sample)
    assert look_like_counts(mle.Sample(sample.lower[np.isfinite(sample.lower)]))


def test_a_guess_is_said_and_can_be_overruled():
    x = [0, 1, 1, 2, 0, 0, 3, 1]
    result = mle.compare(x)
    assert 'taken for counts; if they are measurements, say so: compare(x, "measurements")' in str(result)
    assert result.guess in result.to_dict()["notes"]
    overruled = mle.compare(x, "measurements")
    assert {"normal", "logistic"} <= set(overruled.fits)
    assert overruled.guess is None
    assert "taken for measurements" in mle.compare([70, 50, 100, 70, 110, 50]).guess
    assert mle.compare([0.5, 1.5, 2.5, 1.0]).guess is None


def test_laws_that_were_not_tried_are_named_with_the_reason():
    x = np.append(gamma_sample(30), 0.0)
    result = mle.compare(x)
    for name in ("gamma", "weibull"):
        assert result.not_tried[name] == f"1 value is 0: hurdle({name}) gives 0 a probability"
    assert any(note.startswith("not tried: ") and "1 value is 0" in note for note in result.notes())
    assert "n must be known" in mle.compare([0, 1, 1, 2, 0, 0]).not_tried["binomial"]
    assert not set(result.not_tried) & {*result.fits, *result.failures}


# --- zeros among measurements ---------------------------------------------------------------------------------------


def with_zeros() -> np.ndarray:
    return np.concatenate([np.zeros(20), gamma_sample(60)])


def test_measurements_of_which_many_are_0_are_ranked_by_laws_that_give_0_a_probability():
    x = with_zeros()
    result = mle.compare(x)
    assert all(fit.params["pi"] == pytest.approx(0.25) for fit in result.fits.values())
    assert {"zero-adjusted gamma", "zero-adjusted lognormal", "zero-adjusted inverse_gaussian"} <= set(result.fits)
    assert "20 of 80 values are 0" in result.guess
    alone = mle.compare(x[x > 0])
    ranks = [name.removeprefix("zero-adjusted ") for name in result.fits if name != "zero-adjusted power"]
    assert ranks == [name for name in alone.fits if name != "power"]
    gaps = [other.llf - alone.fits[name.removeprefix("zero-adjusted ")].llf for name, other in result.fits.items()]
    assert gaps == pytest.approx([80 * (0.25 * np.log(0.25) + 0.75 * np.log(0.75))] * len(gaps), rel=1e-8)


def test_few_zeros_and_rounded_values_are_no_kind_of_their_own():
    assert mle.compare(np.append(gamma_sample(30), 0.0), ["exponential"]).guess is None
    rounded = np.array([0.0, 0.0, 0.1, 0.1, 0.3, 0.4, 0.8])
    assert "zero-adjusted gamma" not in mle.compare(rounded).fits


def test_a_probability_and_a_density_at_one_value_do_not_compare():
    x = with_zeros()
    with pytest.raises(mle.errors.ComparisonError, match=r"x = 0.*hurdle"):
        mle.compare(x, ["hurdle(gamma)", "exponential"])
    assert set(mle.compare(x, ["hurdle(gamma)", "gamma"]).failures) == {"gamma"}
    assert len(mle.compare(x[x > 0], ["hurdle(gamma)", "gamma"]).fits) == 2


# --- only what is certified has a place -------------------------------------------------------------------------------


def twofold():
    """A law that fits as well as the exponential, and of which only a product of two parameters is determined."""
    return mle.Family.from_logpdf(
        lambda x, a, b: np.log(a * b) - a * b * x,
        {"a": mle.POSITIVE, "b": mle.POSITIVE},
        mle.POSITIVE,
        name="twofold",
    )


def test_a_fit_that_is_not_certified_has_no_place_no_weight_and_no_word():
    x = stats.expon().rvs(100, random_state=1)
    result = mle.compare(x, [twofold(), "normal", "exponential"])
    assert list(result.fits) == ["exponential", "normal"]
    assert list(result.uncertified) == list(result.failures) == ["twofold"]
    assert result.uncertified["twofold"].certificate.verdict == "not_identified"
    assert result.table["akaike_weight"].sum() == pytest.approx(1.0)
    assert "twofold" not in result.table["family"].tolist()
    assert result.groups == (("exponential",), ("normal",))
    assert set(result.weights("stacking", rng=1)) == {"exponential", "normal"}
    assert set(result.confidence_set(rng=1).names) == {"exponential", "normal"}
    assert set(result.bootstrap(20, rng=1).frequencies) == {"exponential", "normal"}
    assert "the data tell exponential from all others that are certified" in result.notes()
    for text in (str(result), result._repr_html_()):
        assert "not certified, so without a place" in text
        assert "do not determine all parameters" in text
    record = result.to_dict()
    assert [row["family"] for row in record["uncertified"]] == ["twofold"]
    with pytest.raises(ComparisonError, match="twofold is not certified: the data do not determine"):
        result.vuong("twofold", "normal")


def test_without_a_certified_fit_there_is_no_best():
    x = stats.expon().rvs(100, random_state=1)
    result = mle.compare(x, [twofold()])
    assert result.table.empty
    assert "no fit is certified, so there is no ranking" in result.notes()
    with pytest.raises(ComparisonError, match="no fit is certified"):
        _ = result.best
    with pytest.raises(ComparisonError, match="no fit is certified"):
        result.confidence_set()


def test_a_fit_given_is_judged_like_one_that_is_made():
    x = stats.expon().rvs(100, random_state=1)
    with pytest.warns(mle.FitWarning, match="do not determine"):
        given = mle.fit(x, twofold())
    result = mle.compare(given.sample, [given, "exponential"])
    assert list(result.fits) == ["exponential"]
    assert result.uncertified["twofold"] is given


def test_laws_find_the_limits_that_they_share_once():
    """What compare kept of censored observations is what a fit of them alone finds."""
    rng = np.random.default_rng(4)
    x, end = rng.exponential(size=30), rng.exponential(2.0, size=30)
    laws = ["burr12", "lomax", "weibull"]  # the first tends to the two others
    ranked = mle.compare(mle.Sample.right_censored(np.minimum(x, end), x <= end), laws)
    for name, fit in ranked.fits.items():
        alone = fit_quietly(mle.Sample.right_censored(np.minimum(x, end), x <= end), name)
        assert fit.params == alone.params
        assert fit.certificate == alone.certificate
