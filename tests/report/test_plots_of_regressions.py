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
