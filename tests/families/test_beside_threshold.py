"""Laws with a threshold, climbed where what they tend to is a point like any other."""

import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.families.distribution import Distribution

LAWS = {"lognormal": (0.3, 0.4), "weibull": (6.0, 2.0), "gamma": (9.0, 0.7)}
LOWER = [-np.inf, 16, -np.inf, 14, -np.inf, 12, 13, 11, 13, 12.5, 8]
UPPER = [10, np.inf, 14.5, 15, 10, np.inf, 13, np.inf, 13, 12.5, np.inf]
WEIGHT = np.array([2, 3, 3, 1, 1, 1, 1, 1, 1, 2, 1], dtype=float)
CELLS = [267, 283, 264, 246, 234, 272, 287, 271, 290, 300, 278, 236, 276, 287, 285, 257, 229, 269]


@pytest.mark.parametrize("name", LAWS)
def test_the_law_of_the_chart_is_the_law(name):
    law, params = mle.shifted(name), (*LAWS[name], -1.5)
    chart = law.chart
    charted = chart.inward(*params)
    np.testing.assert_allclose(chart.outward(*charted), params, rtol=1e-12)
    x = Distribution.at(law, params).ppf(np.array([1e-6, 0.02, 0.3, 0.7, 0.99, 1 - 1e-7]))
    for own, inner in ((law.logpdf, chart.law.logpdf), (law.logcdf, chart.law.logcdf), (law.logsf, chart.law.logsf)):
        np.testing.assert_allclose(inner(x, *charted), own(x, *params), rtol=1e-10, atol=1e-13)
    beyond = np.array([-1.5, -2.0])
    assert np.all(np.isneginf(chart.law.logpdf(beyond, *charted)))
    np.testing.assert_array_equal(chart.law.sf(beyond, *charted), 1.0)


@pytest.mark.parametrize("root", [0.7, 0.2, 1e-3])
@pytest.mark.parametrize("name", LAWS)
def test_derivatives_are_those_of_the_density_and_of_the_tails(name, root):
    chart, step = mle.shifted(name).chart, 1e-5
    law, params = chart.law, np.array([0.4, 1.7, root])
    x = np.array([-1.0, 0.1, 0.4, 0.9, 2.5, 5.0])
    ends = [(params + step * e, params - step * e) for e in np.eye(3)]
    second = iter(law.hessian(x, *params))
    for k, (up, down) in enumerate(ends):
        np.testing.assert_allclose(
            law.score(x, *params)[k], (law.logpdf(x, *up) - law.logpdf(x, *down)) / (2 * step), rtol=2e-6, atol=2e-8
        )
        for j, tail in enumerate((law.logcdf, law.logsf)):
            slope = (tail(x, *up) - tail(x, *down)) / (2 * step)
            np.testing.assert_allclose(law.tail_scores(x, *params)[j][k], slope, rtol=2e-6, atol=2e-8)
        for up_j, down_j in ends[k:]:
            bend = (law.score(x, *up_j)[k] - law.score(x, *down_j)[k]) / (2 * step)
            np.testing.assert_allclose(next(second), np.broadcast_to(bend, x.shape), rtol=2e-5, atol=2e-7)
    away = np.array([chart.outward(*up) for up, _ in ends]) - np.array([chart.outward(*down) for _, down in ends])
    if root > 0.1:
        np.testing.assert_allclose(chart.slopes(*params), away.T / (2 * step), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", LAWS)
def test_at_no_shape_it_is_what_the_law_tends_to(name):
    law, x = mle.shifted(name), np.array([-3.0, 0.1, 0.4, 0.9, 2.5])
    (limit,) = law.base.limits_when_shifted
    np.testing.assert_allclose(law.chart.law.logpdf(x, 0.4, 1.7, 0.0), limit.family.logpdf(x, 0.4, 1.7), rtol=1e-13)
    np.testing.assert_allclose(law.chart.law.logsf(x, 0.4, 1.7, 0.0), limit.family.logsf(x, 0.4, 1.7), rtol=1e-13)
    at_the_end = limit.embed(0.4, 1.7)
    assert law.chart.outward(0.4, 1.7, 0.0) == (*at_the_end, -np.inf)
    assert law.chart.law.score(x, 0.4, 1.7, 0.0)[2].tolist() == [0.0] * len(x)


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_a_maximum_far_along_a_ridge_is_found(unit):
    """Like trial 830728 of the campaign; 50 digits say -22.8199027368917 and the parameters."""
    sample = mle.Sample.intervals(unit * np.array(LOWER), unit * np.array(UPPER), WEIGHT)
    fit = mle.fit(sample, "shifted(lognormal)")
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-22.8199027368917 - 4 * np.log(unit), abs=1e-9)  # of 4 exact observations
    assert fit.params["sdlog"] == pytest.approx(0.0281713512, rel=1e-6)


def test_standard_errors_on_a_ridge_have_their_digits():
    """Trial 829236 of the campaign, in the unit of its rounding; by second derivatives in 50 digits."""
    fit = mle.fit(mle.Sample.rounded(CELLS, 1.0), "shifted(weibull)")
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-78.5048910057649, abs=1e-10)
    np.testing.assert_allclose(list(fit.params.values()), [58.4136596249684, 946.475448050812, -668.854669998663], 1e-7)
    np.testing.assert_allclose(list(fit.bse.values()), [758.676129577, 12212.7699595, 12210.8598309], rtol=1e-6)


@pytest.mark.parametrize("name", LAWS)
def test_data_that_lean_the_other_way_lead_to_the_limit(name):
    rng = np.random.default_rng(640_000)
    x = -rng.lognormal(0.0, 0.35, 60)
    x = x if name != "weibull" else -np.exp(1.5 * np.abs(rng.normal(size=60)))  # the limit leans that way itself
    fit = fit_quietly(mle.Sample.rounded(np.round(x, 1), 0.1), mle.shifted(name))
    limit = mle.shifted(name).base.limits_when_shifted[0].family
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == limit.name
    assert fit.llf == pytest.approx(mle.fit(mle.Sample.rounded(np.round(x, 1), 0.1), limit).llf, abs=1e-9)


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_a_threshold_a_billionth_beside_an_interval_has_its_digits_and_its_standard_error(unit):
    """Trial 824372 of the campaign, in the unit of its intervals; by Newton's method in 50 digits."""
    lower, upper = unit * np.array([8.0, 0.0, 0.0, 0.0]), unit * np.array([9.0, 1.0, 1.0, 1.0])
    fit = mle.fit(mle.Sample.intervals(lower, upper), "shifted(lognormal)")
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-5.978096925380157, abs=1e-11)
    assert fit.params["threshold"] == pytest.approx(-1.01365850e-9 * unit, rel=1e-4)
    expected = [2.96154592315, 2.51843407663, 5.23150148624e-5 * unit]
    np.testing.assert_allclose(list(fit.bse.values()), expected, rtol=1e-3)
