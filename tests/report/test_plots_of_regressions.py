"""Pictures of regressions show the numbers of the fit."""

import numpy as np
import pytest
from scipy import special

import mle_toolkit as mle

RNG = np.random.default_rng(20_240_101)
FRAME = {"x": RNG.normal(size=80), "z": RNG.normal(size=80), "group": np.repeat(["a", "b"], 40)}
FRAME["y"] = RNG.gamma(3.0, np.exp(0.5 + 0.4 * FRAME["x"]))
FRAME["count"] = RNG.poisson(np.exp(0.5 + 0.4 * FRAME["x"])).astype(float)


@pytest.fixture(scope="module")
def gamma():
    return mle.regress("y ~ x + group", FRAME, "gamma", shape="~ z")


@pytest.fixture(scope="module")
def counts():
    return mle.regress("count ~ x", FRAME, "poisson")


def test_coefficients_are_per_standard_deviation_of_their_columns(gamma):
    ax = mle.plot.coefficients(gamma)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["x", "group[T.b]", "z"]
    drawn = ax.containers[0].lines[0].get_xdata()
    expected = [gamma.params["mean"]["x"] * np.std(FRAME["x"]), gamma.params["mean"]["group[T.b]"] * 0.5]
    np.testing.assert_allclose(drawn, expected, rtol=1e-12)


def test_the_line_along_a_covariate_is_the_median_of_the_law(gamma):
    ax = mle.plot.along(gamma, "x", FRAME, at={"group": "b", "z": 0.0})
    line = next(line for line in ax.lines if line.get_label() == "median")
    x, median = line.get_data()
    rows = {"x": x[[0, -1]], "group": ["b", "b"], "z": [0.0, 0.0]}
    np.testing.assert_allclose(median[[0, -1]], gamma.predict(rows, "quantile", p=0.5), rtol=1e-12)
    assert {"group = b", "z = 0"} <= {text.get_text() for text in ax.get_legend().get_texts()}


def test_worm_and_residual_qq_are_of_the_same_residuals(counts):
    straight, level = mle.plot.residual_qq(counts, rng=1), mle.plot.worm(counts, rng=1)
    theory, found = straight.lines[-1].get_data()
    np.testing.assert_allclose(found, np.sort(counts.residuals(rng=1)), rtol=1e-12)
    np.testing.assert_allclose(level.lines[-1].get_ydata(), found - theory, rtol=1e-12, atol=1e-12)


def test_bars_of_the_pit_histogram_hold_all_rows(counts):
    bars = mle.plot.pit(counts, rng=1).patches
    heights = np.array([bar.get_height() * bar.get_width() for bar in bars if bar.get_label() != "95% at each bar"])
    share = np.mean(special.ndtr(counts.residuals(rng=1)) < 1 / 8)
    assert heights[:8].sum() == pytest.approx(1.0)
    assert heights[0] == pytest.approx(share)


def test_bars_of_the_gain_are_those_of_anova(gamma):
    ax = mle.plot.gain(gamma, unit="bit")
    widths = [bar.get_width() for bar in ax.containers[0]]
    np.testing.assert_allclose(widths, gamma.anova()["nats"] / np.log(2), rtol=1e-12)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["x (mean)", "group (mean)", "z (shape)"]


def test_the_effect_of_a_covariate_is_averaged_over_the_rows(gamma):
    """The judge predicts every row at each value; of the weight of a term nothing is known to it."""
    line = mle.plot.partial_effect(gamma, "x", values=[-1.0, 2.0]).lines[0]
    for at, mean in zip(*line.get_data(), strict=True):
        everywhere = {**FRAME, "x": np.full(80, at)}
        assert mean == pytest.approx(np.mean(gamma.predict(everywhere)), rel=1e-12)
    ax = mle.plot.partial_effect(gamma, "group")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["a", "b"]


def test_the_band_of_an_effect_is_by_the_delta_method():
    """Of a mean that is linear the average is linear too, so that its error is a quadratic form."""
    fit = mle.regress("y ~ x + z", FRAME, "normal")
    table = fit.average_predictions("x", [0.5])
    point = np.array([1.0, 0.5, np.mean(FRAME["z"])])
    cov = fit.cov_params().to_numpy()[:3, :3]
    assert table["mean"].iloc[0] == pytest.approx(point @ fit.params["mu"].to_numpy(), rel=1e-12)
    assert table["se"].iloc[0] == pytest.approx(np.sqrt(point @ cov @ point), rel=1e-6)


def test_an_effect_moves_through_a_coefficient_that_was_given():
    """Its column is part of the offset: a change of the covariate changes that too, in margins as well."""
    fit = mle.regress("count ~ x", FRAME, "poisson", fixed={"mu[x]": 0.25})
    low, high = fit.average_predictions("x", [0.0, 2.0])["mean"]
    assert np.log(high / low) == pytest.approx(0.5, rel=1e-12)
    assert fit.margins()["effect"].iloc[0] == pytest.approx(0.25 * np.mean(fit.predict()), rel=1e-8)
    with pytest.raises(mle.MleError, match="x: expected a number, got 'many'"):
        fit.average_predictions("x", ["many"])
    with pytest.raises(mle.MleError, match="offset of mu of each of its rows"):
        fit.average_predictions("x", frame={"x": [0.0, 1.0]})


def test_effects_of_levels_have_a_line_each_and_sum_to_one():
    level = np.digitize(FRAME["x"] + RNG.logistic(size=80), [-1.0, 1.0])
    fit = mle.regress("level ~ x", {"x": FRAME["x"], "level": level}, "ordinal")
    lines = mle.plot.partial_effect(fit, "x").lines
    np.testing.assert_allclose(sum(line.get_ydata() for line in lines), 1.0, rtol=1e-12)
    ax = mle.plot.calibration(fit)
    assert [text.get_text().split(":")[0] for text in ax.get_legend().get_texts()] == ["0", "1", "2"]


def test_calibration_is_that_of_the_report():
    died = (RNG.random(80) < special.expit(FRAME["x"])).astype(float)
    fit = mle.regress("died ~ x", {**FRAME, "died": died}, "bernoulli")
    ax = mle.plot.calibration(fit, rng=1)
    report = mle.information.information_report(died, fit.predict())
    stated, found = ax.lines[-1].get_data()
    np.testing.assert_allclose(stated, report.calibration[1].forecast, rtol=1e-12)
    np.testing.assert_allclose(found, report.calibration[1].recalibrated, rtol=1e-12)
    held_out = mle.plot.calibration(fit, {"x": [-1.0, 0.0, 1.0]}, [False, True, True], rng=1)
    np.testing.assert_allclose(held_out.lines[-1].get_ydata(), [0.0, 1.0, 1.0])


def test_plot_is_the_view_in_four_panels(counts):
    axes = counts.plot(rng=1)
    assert [ax.get_title().split(", ")[1] for ax in axes.flat] == ["coefficients", "residuals", "worm plot", "PIT"]


def test_other_fits_are_refused():
    with pytest.raises(mle.MleError, match="is of regressions"):
        mle.plot.worm(mle.fit([1.0, 2.0, 4.0], "gamma"))
    by_arrays = mle.regress(FRAME["y"], np.ones(80), "gamma")
    with pytest.raises(mle.MleError, match="no column of a design differs"):
        mle.plot.coefficients(by_arrays)
    with pytest.raises(mle.MleError, match="a design was given as an array"):
        mle.plot.along(by_arrays, "x", FRAME)
    with pytest.raises(mle.MleError, match="gamma by mean has no events"):
        mle.plot.calibration(by_arrays)
    with pytest.raises(mle.MleError, match="the designs were given as arrays"):
        mle.plot.partial_effect(by_arrays, "x")


def test_without_covariates_the_view_has_quantiles_for_coefficients():
    fit = mle.regress("y ~ 1", FRAME, "gamma")
    assert fit.plot()[0, 0].get_title() == mle.plot.residual_qq(fit).get_title()
