"""Average marginal effects where a covariate is at the end of what its design was learned on."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import DataError


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    x, g = rng.lognormal(0, 3, 120), rng.normal(size=120)
    return {"x": x, "g": g, "y": rng.poisson(np.exp(0.5 + 0.1 * np.log(x) + 0.1 * g))}


@pytest.mark.parametrize("spline", ["bs(g, df=4)", "cr(g, df=4)"])
def test_splines_have_effects_at_the_ends_of_their_data(frame, spline):
    fit = mle.regress(f"y ~ {spline}", frame, "poisson")
    inside = np.abs(frame["g"]) < 0.99 * np.abs(frame["g"]).max()
    inside &= frame["g"] < np.sort(frame["g"])[-2]
    moved = [fit.predict({"g": frame["g"][inside] + step}) for step in (1e-5, -1e-5)]
    slopes = (moved[0] - moved[1]) / 2e-5
    all_rows, ends = fit.margins().loc["g", "effect"] * 120, 120 - np.count_nonzero(inside)
    one_by_one = fit.margins({"g": frame["g"][~inside]}).loc["g", "effect"] * ends
    assert all_rows == pytest.approx(slopes.sum() + one_by_one, rel=1e-6)


def test_a_log_has_its_effect_where_a_covariate_is_nearly_zero(frame):
    fit = mle.regress("y ~ log(x)", frame, "poisson")
    exact = np.mean(fit.predict() * fit.params["mu"]["log(x)"] / frame["x"])  # most of it from the least x
    assert fit.margins().loc["x", "effect"] == pytest.approx(exact, rel=1e-8)


def test_what_is_asked_beyond_a_spline_is_refused_still(frame):
    fit = mle.regress("y ~ bs(g, df=4)", frame, "poisson")
    with pytest.raises(DataError, match="the range that it was learned on"):
        fit.average_predictions("g", [frame["g"].max() + 0.1])
