"""Pictures show the numbers that they claim to show, refuse what has no picture, and leave nothing behind."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from references import fit_quietly
from scipy import integrate, special

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError
from mle_toolkit.inference.empirical import empirical_distribution
from mle_toolkit.report.plots import levels as levels_of
from mle_toolkit.report.plots import likelihood
from mle_toolkit.report.plots.cumulative import band_of
from mle_toolkit.report.plots.envelope import envelope
from mle_toolkit.report.plots.histogram import histogram
from mle_toolkit.report.plots.likelihood import LEVELS, deviance_grid
from mle_toolkit.report.plots.moments import lognormal_line, moment_ratios, weibull_line
from mle_toolkit.report.plots.seen import Positions, Visible, beyond_collapse, is_table, without_model

matplotlib.use("Agg")


def treated():
    data = mle.datasets.load("leukaemia")
    rows = data["mercaptopurine"] == 1
    return mle.Sample.right_censored(data["weeks"][rows], data["relapsed"][rows])


def weighted():
    return mle.Sample([1.0, 2.5, 4.0, 7.0, 3.3, 2.2], [3.0, 5.0, 2.0, 1.0, 4.0, 6.0])


def windowed():
    x = np.random.default_rng(5).gamma(2.0, 1.0, 300)
    return mle.Sample(x[(x > 0.5) & (x < 4.0)]).truncated(0.5, 4.0)


FITS = {
    "rivers": lambda: mle.fit(mle.datasets.load("rivers").sample(), "gamma"),
    "newcomb": lambda: mle.fit(mle.datasets.load("newcomb").sample(), "normal"),
    "port_pirie": lambda: mle.fit(mle.datasets.load("port_pirie").sample(), "gev"),
    "horse_kicks": lambda: mle.fit(mle.datasets.load("horse_kicks").sample(), "poisson"),
    "mites": lambda: mle.fit(mle.datasets.load("mites").sample(), "geometric"),
    "dental_claims": lambda: mle.fit(mle.datasets.load("dental_claims").sample(), "lognormal"),
    "leukaemia": lambda: mle.fit(treated(), "weibull"),
    "arsenic": lambda: mle.fit(mle.datasets.load("arsenic").sample(), "lognormal"),
    "cosmesis": lambda: mle.fit(mle.datasets.load("cosmesis").sample(), "weibull"),
    "channing": lambda: mle.fit(mle.datasets.load("channing").sample(), "weibull"),
    "faithful": lambda: fit_quietly(mle.datasets.load("faithful")["waiting"], mle.mixture("normal", 2)),
    "weighted": lambda: mle.fit(weighted(), "gamma"),
    "reliability": lambda: mle.fit(mle.Sample([1.0, 2.5, 4.0, 7.0], [0.5, 1.0, 2.0, 0.3], "reliability"), "gamma"),
    "window": lambda: mle.fit(windowed(), "gamma"),
    "boundary": lambda: fit_quietly(np.linspace(-1.0, 1.0, 100), "student_t"),
}
MADE = {}


def fitted(name):
    if name not in MADE:
        MADE[name] = FITS[name]()
    return MADE[name]


@pytest.fixture(params=FITS)
def fit(request):
    return fitted(request.param)


def line(ax, label):
    (found,) = [item for item in ax.get_lines() if item.get_label() == label]
    return found.get_xdata(), found.get_ydata()


# --- every fit --------------------------------------------------------------------------------------------------------


def test_the_four_panels_are_drawn_and_written(fit, tmp_path):
    axes = fit.plot(n_resamples=39, rng=1, refit=False, label="length, miles")
    axes[0, 0].figure.savefig(tmp_path / "fit.png")
    assert axes.shape == (2, 2)
    assert axes[0, 0].get_xlabel() == axes[1, 1].get_xlabel() == "length, miles"
    for ax in axes.flat:
        assert ax.get_title().startswith(fit.family.name)
        assert f"n = {fit.nobs:,.6g}" in ax.get_title()
        assert np.all(np.isfinite([*ax.get_xlim(), *ax.get_ylim()]))


def test_nothing_of_pyplot_is_left_open():
    code = (
        "import sys, mle_toolkit as mle; fit = mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], 'gamma');"
        "fit.plot(n_resamples=39, rng=1); mle.compare(fit.sample, ['gamma', 'weibull']).plot();"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"


def test_pictures_are_drawn_on_the_axes_given():
    from matplotlib.figure import Figure

    fit, comparison = fitted("rivers"), mle.compare(fitted("rivers").sample, ["gamma", "lognormal"])
    given = [Figure().add_subplot() for _ in range(10)]
    drawn = [
        mle.plot.density(fit, given[0]),
        mle.plot.qq(fit, given[1], n_resamples=0),
        mle.plot.pp(fit, given[2], n_resamples=0),
        mle.plot.cdf(fit, given[3]),
        mle.plot.profile(fit, "shape", given[4]),
        mle.plot.contour(fit, "shape", "scale", given[5]),
        mle.plot.return_levels(fit, given[6], method="wald"),
        mle.plot.cullen_frey(fit.sample, given[7], n_resamples=0),
        mle.plot.one_line(fit, "shape", given[8]),
        mle.plot.ranking(comparison, given[9]),
    ]
    assert all(one is ax for one, ax in zip(drawn, given, strict=True))


# --- density ----------------------------------------------------------------------------------------------------------


def test_bars_hold_the_data(fit):
    sample = beyond_collapse(fit.sample)
    known, law = without_model(sample), Visible.of(fit.distribution, sample)
    bars = histogram(known, law, sample.nobs, table=is_table(sample))
    inside = float(np.sum(bars.heights * np.diff(bars.edges)))
    assert inside + bars.below + bars.above == pytest.approx(1.0, abs=1e-12)
    drawn = mle.plot.density(fit).patches
    assert [bar.get_height() for bar in drawn] == pytest.approx(bars.heights.tolist())


def test_bars_of_exact_data_integrate_to_one():
    for name in ("rivers", "newcomb", "port_pirie", "horse_kicks", "weighted", "window", "dental_claims"):
        bars = mle.plot.density(fitted(name)).patches
        area = sum(bar.get_height() * bar.get_width() for bar in bars)
        assert area == pytest.approx(0.85 if name == "horse_kicks" else 1.0, abs=1e-12)  # bars of counts have gaps


def test_binned_data_have_their_own_bars():
    data = mle.datasets.load("dental_claims")
    bars = mle.plot.density(fitted("dental_claims")).patches
    assert [bar.get_x() for bar in bars] == data["lower"].tolist()
    share = data["claims"] / data["claims"].sum()
    assert [bar.get_height() for bar in bars] == pytest.approx((share / (data["upper"] - data["lower"])).tolist())


def test_bins_respect_the_step_of_rounded_values():
    bars = mle.plot.density(fitted("newcomb")).patches
    widths = np.array([bar.get_width() for bar in bars])
    assert widths == pytest.approx(np.rint(widths))
    assert (bars[0].get_x() % 1.0) == 0.5


def test_bars_of_counts_are_the_shares():
    bars = mle.plot.density(fitted("horse_kicks")).patches
    assert [bar.get_height() for bar in bars] == pytest.approx([109 / 200, 65 / 200, 22 / 200, 3 / 200, 1 / 200])
    assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == pytest.approx([0, 1, 2, 3, 4])


def test_the_density_drawn_is_that_of_the_law():
    for name in ("rivers", "port_pirie", "leukaemia", "dental_claims"):
        x, height = line(mle.plot.density(fitted(name)), fitted(name).family.name)
        assert height == pytest.approx(fitted(name).distribution.pdf(x))
    x, height = line(mle.plot.density(fitted("horse_kicks")), "poisson")
    assert height == pytest.approx(fitted("horse_kicks").distribution.pdf(x))


def test_under_a_window_the_law_is_conditional():
    ax = mle.plot.density(fitted("window"))
    x, height = line(ax, "gamma")
    assert integrate.trapezoid(height, x) == pytest.approx(1.0, abs=1e-3)
    assert (x[0], x[-1]) == (0.5, 4.0)
    assert "given values above 0.5 up to 4" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_what_lies_beyond_the_axis_is_said():
    x = np.random.default_rng(1).standard_cauchy(300)
    texts = [text.get_text() for text in mle.plot.density(mle.fit(x, "cauchy")).get_legend().get_texts()]
    assert sum(" above " in text or " below " in text for text in texts) == 2


def test_an_infinite_density_is_cut_off():
    x = np.random.default_rng(3).gamma(0.3, 1.0, 500)
    ax = mle.plot.density(mle.fit(x, "gamma"))
    assert ax.get_ylim()[1] <= 1.1 * 2.5 * max(bar.get_height() for bar in ax.patches)


def test_a_comparison_shows_its_first_laws():
    comparison = mle.compare(fitted("rivers").sample, ["gamma", "lognormal", "weibull"])
    ax = mle.plot.density(comparison)
    for name, one in comparison.fits.items():
        x, height = line(ax, name)
        assert height == pytest.approx(one.distribution.pdf(x))


# --- Q-Q and P-P ------------------------------------------------------------------------------------------------------


def test_points_of_exact_data_are_at_hazens_positions():
    x = np.array([3.0, 1.0, 2.0, 5.0])
    positions = Positions.of(empirical_distribution(mle.Sample(x)))
    assert positions.x.tolist() == [1.0, 2.0, 3.0, 5.0]
    assert positions.p == pytest.approx((np.arange(4) + 0.5) / 4)


def test_points_of_the_plots_are_quantiles_and_probabilities():
    fit = fitted("rivers")
    known = np.sort(fit.sample.x)
    theory, data = (item for item in mle.plot.qq(fit, n_resamples=0).get_lines()[1].get_data())
    p, under = (item for item in mle.plot.pp(fit, n_resamples=0).get_lines()[1].get_data())
    assert data.tolist() == np.unique(known).tolist()
    assert theory == pytest.approx(fit.distribution.ppf(p))
    assert under == pytest.approx(fit.distribution.cdf(data))


def test_counts_of_any_size_are_drawn():
    """A step for each of the counts up to 2e12 would not fit into memory."""
    x = np.round(np.geomspace(1.0, 2e12, 60))
    axes = mle.fit(x, "zeta").plot()
    assert max(len(line.get_xdata()) for ax in axes.ravel() for line in ax.lines) < 1_000


def test_counts_of_the_law_itself_lie_on_the_line():
    law = mle.distribution("poisson", mu=3.0)
    k = np.arange(0, 15)
    visible = Visible(law)
    assert visible.quantile(visible.middle(k)) == pytest.approx(k, abs=1e-9)


def test_mid_quantiles_are_linear_between_counts():
    visible = Visible(mle.distribution("poisson", mu=3.0))
    ends = visible.middle(np.array([2.0, 3.0]))
    assert visible.quantile(np.array([0.25 * ends[0] + 0.75 * ends[1]])) == pytest.approx([2.75])


def test_a_window_in_the_far_tail_keeps_its_digits():
    visible = Visible(mle.distribution("normal", mu=0.0, sigma=1.0), 9.0, 10.0)
    p = np.array([0.1, 0.5, 0.9])
    assert visible.cdf(visible.quantile(p)) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("name", ["rivers", "horse_kicks", "leukaemia", "window"])
def test_the_same_rng_gives_the_same_envelope(name):
    one, two, other = (envelope(fitted(name), 39, rng=seed) for seed in (7, 7, 8))
    assert np.array_equal(one.lower, two.lower)
    assert np.array_equal(one.upper, two.upper)
    assert not np.array_equal(one.lower, other.lower)


@pytest.mark.parametrize("refit", [True, False])
def test_the_envelope_covers_at_each_point(refit):
    """The share of points outside, over samples of the law, is the level that is promised."""
    law = mle.distribution("gamma", shape=2.0, scale=1.5)
    fits = [mle.fit(law.rvs(40, rng=seed), "gamma") for seed in range(60)]
    bands = [envelope(fit, 79, alpha=0.1, rng=seed, refit=refit) for seed, fit in enumerate(fits)]
    outside = np.mean([np.mean((band.under < band.lower) | (band.under > band.upper)) for band in bands])
    # Without the refit the band ignores that the law was fitted to the points, and is too wide.
    assert 0.07 < outside < 0.13 if refit else outside < 0.04


def test_laws_of_many_parameters_are_not_fitted_again_unasked_to_few_rows():
    """Nearly every replicate of four values would be searched by itself, for many seconds."""
    with pytest.warns(mle.FitWarning):
        few = mle.fit([-1.0, -2.0, -3.0, 4.0], "exgaussian")
    assert envelope(few).label == "95% at each point, not refitted: order statistics"
    assert envelope(few, 39, rng=0, refit=True).label.endswith(" refitted")
    normal = mle.fit([-1.0, -2.0, -3.0, 4.0], "normal")
    assert envelope(normal, rng=0).label.endswith("199 samples refitted")


def test_order_statistics_of_known_parameters_are_exact():
    found = envelope(fitted("rivers"), refit=False)
    i = 141 * found.positions.p + 0.5
    assert special.betainc(i, 142 - i, found.lower) == pytest.approx(0.025)
    assert special.betainc(i, 142 - i, found.upper) == pytest.approx(0.975)
    assert "not refitted" in found.label


def test_without_a_way_to_simulate_there_is_no_band_and_the_picture_says_so():
    found = envelope(fitted("cosmesis"))
    assert found.lower is None
    assert found.label.startswith("no band")
    assert "no band" in mle.plot.qq(fitted("cosmesis")).get_legend().get_texts()[0].get_text()


def test_censored_values_are_at_the_steps_of_their_estimate():
    fit = fitted("leukaemia")
    p, under = mle.plot.pp(fit, n_resamples=0).get_lines()[1].get_data()
    known = empirical_distribution(fit.sample)
    seen = known.lower == known.upper
    assert p == pytest.approx((known.cdf - 0.5 * known.mass)[seen])
    assert under == pytest.approx(fit.distribution.cdf(known.upper[seen]))


def test_where_a_censored_replicate_ends_the_bounds_open():
    """Beyond its last step a Kaplan-Meier estimate says only that the value lies above."""
    seen = Positions.of(empirical_distribution(mle.Sample.right_censored([1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0])))
    low, high = seen.bounds(np.array([0.1, 0.9]), np.array([0.2, 0.6]))
    assert low == pytest.approx([0.16, 0.6])
    assert high == pytest.approx([0.16, 1.0])


def test_long_tails_bend_both_axes_alike():
    x = np.random.default_rng(1).standard_cauchy(300)
    ax = mle.plot.qq(mle.fit(x, "cauchy"), n_resamples=0)
    assert ax.get_xscale() == ax.get_yscale() == "asinh"
    assert ax.get_xlim() == ax.get_ylim()


# --- distribution function --------------------------------------------------------------------------------------------


def test_the_distribution_function_drawn_is_that_of_the_law():
    for name in ("rivers", "leukaemia", "dental_claims", "horse_kicks", "arsenic"):
        x, height = line(mle.plot.cdf(fitted(name)), fitted(name).family.name)
        assert height == pytest.approx(fitted(name).distribution.cdf(x))


def test_steps_of_the_data_reach_the_estimate():
    fit = fitted("leukaemia")
    x, height = line(mle.plot.cdf(fit), "data (Kaplan-Meier)")
    known = empirical_distribution(fit.sample)
    for at, value in zip(known.upper[:-1], known.cdf[:-1], strict=True):
        assert height[np.flatnonzero(x == at)[-1]] == pytest.approx(value)


def test_the_band_is_greenwoods():
    """Gehan's treated children at week 10, as R's survfit with conf.type = "log-log": 0.7529, 0.5032 to 0.8894."""
    known = empirical_distribution(treated())
    row = int(np.flatnonzero(known.upper == 10.0)[0])
    low, high = band_of(known.cdf, known.se, special.ndtri(0.975))
    assert 1 - known.cdf[row] == pytest.approx(0.7529, abs=5e-5)
    assert (1 - high[row], 1 - low[row]) == pytest.approx((0.5032, 0.8894), abs=5e-5)


def test_left_censored_data_are_a_mirror_of_right_censored_ones():
    x, seen = np.array([0.5, 0.9, 1.0, 1.7, 2.0, 2.8]), np.array([1, 0, 1, 1, 0, 1])
    left = without_model(mle.Sample.left_censored(x, seen))
    right = empirical_distribution(mle.Sample.right_censored(-x, seen))
    for k, at in enumerate(left.upper):
        below = np.sum(right.mass[-right.lower <= at])
        assert left.cdf[k] == pytest.approx(below)
    turnbull = empirical_distribution(mle.Sample.left_censored(x, seen))
    assert left.mass == pytest.approx(turnbull.mass, abs=1e-6)
    assert left.se[-1] == 0.0


def test_delayed_entry_is_shown_from_where_it_can_be_estimated():
    """At Channing House both men at risk at first die before others come: given later ages there is an estimate."""
    sample = beyond_collapse(fitted("channing").sample)
    known = without_model(sample)
    assert sample.n_rows < fitted("channing").sample.n_rows
    assert len(known.mass) > 20
    assert float(known.mass.max()) < 0.2


# --- the likelihood ---------------------------------------------------------------------------------------------------


def test_the_profile_of_an_estimate_at_infinity_has_an_axis_of_powers_of_ten():
    fit = fitted("boundary")
    ax = mle.plot.profile(fit, "df")
    x, deviance = line(ax, "profile")
    assert fit.params["df"] == np.inf
    assert ax.get_xscale() == "log"
    assert x[-1] > 1e3 * x[0] > 0
    assert deviance[-1] == pytest.approx(0, abs=1e-6)


def test_the_profile_crosses_the_line_at_the_ends_of_its_interval():
    fit = fitted("port_pirie")
    ax = mle.plot.profile(fit, "xi")
    x, deviance = line(ax, "profile")
    curve = fit.profile("xi")
    assert np.interp(curve.interval, x, deviance) == pytest.approx([3.841459] * 2, abs=0.02)
    wald_x, parabola = line(ax, "Wald")
    assert parabola == pytest.approx(np.square((wald_x - fit.params["xi"]) / fit.bse["xi"]))


@pytest.mark.parametrize(("name", "pair"), [("leukaemia", ("shape", "scale")), ("rivers", ("scale", "shape"))])
def test_the_deviance_of_the_contours_is_that_of_refits(name, pair):
    fit = fitted(name)
    x, y, deviance = deviance_grid(fit, *pair, highest=float(special.chdtri(2, 0.05)))
    for i, j in ((40, 80), (80, 40), (100, 100)):
        given = mle.fit(fit.sample, fit.family, fixed={pair[0]: float(x[i]), pair[1]: float(y[j])})
        assert deviance[i, j] == pytest.approx(2 * (fit.llf - given.llf), abs=2e-3)
    inside = deviance <= special.chdtri(2, 0.05)
    assert inside.any()
    for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
        assert not edge.any()


def test_other_parameters_are_at_their_maximum_on_contours(monkeypatch):
    monkeypatch.setattr(likelihood, "GRID_OF_FITS", 7)
    monkeypatch.setattr(likelihood, "SMOOTH", 13)
    x = np.random.default_rng(2).standard_t(4.0, 60)
    fit = mle.fit(x, "student_t")
    names = fit.family.param_names[1:]
    x, y, deviance = deviance_grid(fit, *names, highest=float(special.chdtri(2, 0.5)))
    i, j = 4, 6
    given = mle.fit(fit.sample, "student_t", fixed={names[0]: float(x[i]), names[1]: float(y[j])})
    assert deviance[i, j] == pytest.approx(2 * (fit.llf - given.llf), abs=1e-9)


def test_contours_have_their_levels():
    ax = mle.plot.contour(fitted("leukaemia"), "shape", "scale")
    (found,) = [item for item in ax.collections if hasattr(item, "levels")]
    assert found.levels == pytest.approx([-2 * np.log(1 - level) for level in LEVELS])


def test_the_one_line_adds_up():
    fit = fitted("horse_kicks")
    ax = mle.plot.one_line(fit, "mu")
    x, cross = line(ax, "NLL / n = cross-entropy")
    entropy = line(ax, "entropy of the data")[1][0]
    report = fit.information()
    assert entropy == report.entropy.value
    assert cross.min() == pytest.approx(fit.cross_entropy)
    assert cross.min() - entropy == pytest.approx(report.kl.value)
    for k in (0, len(x) // 3, len(x) - 1):
        given = mle.fit(fit.sample, "poisson", fixed={"mu": float(x[k])})
        assert cross[k] == pytest.approx(given.cross_entropy)


def test_the_one_line_of_censored_data_says_why_there_is_no_entropy():
    texts = [text.get_text() for text in mle.plot.one_line(fitted("leukaemia"), "shape").get_legend().get_texts()]
    assert any(text.startswith("no entropy") for text in texts)
    assert not any(text.startswith("KL") for text in texts)


# --- return levels ----------------------------------------------------------------------------------------------------


def test_return_levels_are_upper_quantiles_with_their_interval(monkeypatch):
    monkeypatch.setattr(levels_of, "PERIODS", 3)
    fit = fitted("port_pirie")
    ax = mle.plot.return_levels(fit, longest=100.0)
    periods, levels = line(ax, "return level")
    assert levels == pytest.approx(fit.distribution.isf(1 / periods))
    corner = ax.collections[0].get_paths()[0].vertices
    at_end = corner[np.isclose(corner[:, 0], 100.0)][:, 1]
    assert (at_end.min(), at_end.max()) == pytest.approx(fit.return_level(100, method="profile").interval)
    points, x = line(ax, "data")
    assert x[-1] == fit.sample.maximum
    assert points[-1] == pytest.approx(1 / (1 - 64.5 / 65))


# --- moments ----------------------------------------------------------------------------------------------------------


def test_moment_ratios_are_those_of_scipy():
    from scipy import stats

    x = mle.datasets.load("rivers")["length"]
    squared, kurtosis = moment_ratios(mle.Sample(x), np.ones((1, len(x))))
    assert squared[0] == pytest.approx(stats.skew(x, bias=False) ** 2)
    assert kurtosis[0] == pytest.approx(3 + stats.kurtosis(x, bias=False))


def test_frequencies_are_repeats():
    sample = weighted()
    long = np.repeat(sample.x, sample.weight.astype(int))
    one = moment_ratios(sample, np.ones((1, 6)))
    other = moment_ratios(mle.Sample(long), np.ones((1, len(long))))
    assert np.ravel(one) == pytest.approx(np.ravel(other))


def test_lines_of_laws_are_their_moments():
    from scipy import stats

    for (x, y), law in (
        (lognormal_line(10.0), stats.lognorm(0.5)),
        (weibull_line(10.0), stats.weibull_min(1.5)),
    ):
        skewness, excess = law.stats("sk")
        assert np.interp(skewness**2, x, y) == pytest.approx(excess + 3, rel=1e-4)


def test_the_same_rng_gives_the_same_cloud():
    x = mle.datasets.load("rivers")["length"]
    clouds = [line(mle.plot.cullen_frey(x, rng=seed, n_resamples=20), "20 resamples") for seed in (1, 1, 2)]
    assert np.array_equal(clouds[0], clouds[1])
    assert not np.array_equal(clouds[0], clouds[2])


# --- rankings ---------------------------------------------------------------------------------------------------------


def test_the_ranking_shows_the_differences():
    comparison = mle.compare(fitted("rivers").sample, ["gamma", "lognormal", "weibull", "inverse_gamma"])
    ax = mle.plot.ranking(comparison)
    assert [text.get_text() for text in ax.get_yticklabels()] == list(comparison.fits)
    points = sorted(
        (float(y), float(x)) for bars in ax.containers for x, y in zip(*bars.lines[0].get_data(), strict=True)
    )
    assert [x for _, x in points] == pytest.approx(comparison.table["delta_ce"].tolist())
    alike = {int(y) for y in ax.containers[0].lines[0].get_ydata()}
    assert alike == {list(comparison.fits).index(name) for name in comparison.groups[0]}


def test_laws_that_are_not_drawn_are_counted():
    comparison = mle.compare(fitted("rivers").sample, ["gamma", "lognormal", "weibull"])
    ax = mle.plot.ranking(comparison, most=1)
    assert "2 more rank behind" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_comparison_of_vectors_has_its_ranking_only():
    x = np.random.default_rng(1).normal(size=(40, 2))
    axes = mle.compare(x, ["multivariate_normal"]).plot()
    assert axes.shape == (1,)


# --- what has no picture ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", ["density", "qq", "pp", "cdf", "return_levels", "panels"])
def test_vectors_have_no_picture_of_numbers(picture):
    fit = mle.fit(np.random.default_rng(1).normal(size=(40, 2)), "multivariate_normal")
    with pytest.raises(mle.MleError, match="vectors"):
        getattr(mle.plot, picture)(fit)


@pytest.mark.parametrize("picture", ["density", "qq", "cdf"])
def test_laws_of_each_row_have_no_picture(picture):
    fit = mle.fit([1, 2, 3, 1], mle.get_family("binomial", n=np.array([4, 5, 6, 7])))
    with pytest.raises(mle.MleError, match="a law of its own, by its n"):
        getattr(mle.plot, picture)(fit)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: mle.plot.return_levels(fitted("horse_kicks")), "counts"),
        (lambda: mle.plot.return_levels(fitted("window")), "window"),
        (lambda: mle.plot.return_levels(fitted("rivers"), longest=1.0), "longest"),
        (lambda: mle.plot.qq(fitted("rivers"), n_resamples=10), "needs 39, got 10"),
        (lambda: mle.plot.pp(fitted("rivers"), alpha=1.5), "alpha"),
        (lambda: mle.plot.cdf(fitted("rivers"), alpha=0.0), "alpha"),
        (lambda: mle.plot.profile(fitted("rivers"), "rate"), "no parameter 'rate'"),
        (lambda: mle.plot.contour(fitted("rivers"), "shape", "rate"), "no parameter 'rate'"),
        (lambda: mle.plot.contour(fitted("rivers"), "shape", "shape"), "two parameters"),
        (lambda: mle.plot.contour(fitted("faithful"), "weights", "mu"), "no parameter 'weights' that is a number"),
        (lambda: mle.plot.contour(fitted("boundary"), "loc", "scale"), "at the boundary"),
        (lambda: mle.plot.cullen_frey(treated()), "exact"),
        (lambda: mle.plot.cullen_frey([1.0, 2.0, 3.0]), "four observations"),
        (lambda: mle.plot.cullen_frey([1.0] * 5), "all observations are equal"),
        (lambda: mle.plot.ranking(mle.compare([-1.0, 2.0], ["gamma"])), "no family could be fitted"),
        (lambda: mle.plot.density(mle.compare([-1.0, 2.0], ["gamma"])), "no family could be fitted"),
    ],
)
def test_impossible_requests_say_why(draw, message):
    with pytest.raises(mle.MleError, match=message):
        draw()


def test_a_fit_without_its_data_cannot_be_drawn(tmp_path):
    fitted("rivers").save(tmp_path / "fit.json")
    with pytest.raises(mle.MleError, match="without its data"):
        mle.load(tmp_path / "fit.json").plot()


def test_on_its_own_paper_a_law_is_straight_and_the_marks_are_those_of_kaplan_and_meier():
    times = mle.Sample.right_censored([6, 7, 10, 13, 16, 17, 22, 30.0], [1, 0, 1, 1, 1, 0, 1, 0])
    fit = mle.fit(times, "weibull")
    ax = mle.plot.probability_paper(fit)
    marks, line = ax.lines[0], ax.lines[1]
    curve = mle.nonparametric.kaplan_meier(times)
    np.testing.assert_allclose(marks.get_xdata(), curve.time)
    middle = 1 - (np.concatenate([[1.0], curve.survival[:-1]]) + curve.survival) / 2
    # Weibull paper: the height of a probability is log(-log(1 - p)), up to the scale of the axis.
    shape, scale = fit.params["shape"], fit.params["scale"]
    np.testing.assert_allclose(marks.get_ydata(), np.log(scale) + np.log(-np.log1p(-middle)) / shape, rtol=1e-12)
    np.testing.assert_allclose(line.get_ydata(), np.log(line.get_xdata()), rtol=1e-12)
    assert ax.get_xscale() == "log"
    assert "50" in [tick.get_text() for tick in ax.get_yticklabels()]


def test_paper_of_intervals_and_of_laws_on_the_line():
    bars = mle.plot.probability_paper(mle.fit(mle.Sample.intervals([1, 2, 2, 4], [2, 3, 4, 8]), "lognormal"))
    assert len(bars.collections) >= 2
    normal = mle.plot.probability_paper(mle.fit([1.0, 2.0, 4.0, 7.0], "normal"))
    assert normal.get_xscale() == "linear"
    with pytest.raises(ParameterError, match="counts"):
        mle.plot.probability_paper(mle.fit([1, 2, 4, 7], "poisson"))


def test_the_hazard_drawn_is_that_of_the_law_with_its_band():
    fit = mle.fit(treated(), "weibull")
    ax = mle.plot.hazard(fit)
    t, curve = ax.lines[0].get_data()
    np.testing.assert_allclose(curve, fit.distribution.hazard(t), rtol=1e-12)
    corners = ax.collections[0].get_paths()[0].vertices
    middle = corners[np.argmin(abs(corners[:, 0] - 20.0)), 0]
    ends = fit.hazard(float(middle)).interval
    np.testing.assert_allclose(
        [corners[corners[:, 0] == middle, 1].min(), corners[corners[:, 0] == middle, 1].max()], ends, rtol=1e-12
    )
    assert ax.get_ylabel() == "hazard"


def test_the_cumulative_hazard_of_the_data_is_nelsons_and_aalens():
    late = mle.Sample.right_censored([5.0, 6.0, 9.0, 12.0, 14.0], [1, 1, 0, 1, 1]).truncated(lower=[2.0, 3, 3, 5, 8])
    for sample in (treated(), late):
        fit = mle.fit(sample, "weibull")
        steps = mle.plot.hazard(fit, cumulative=True).lines[0]
        known = mle.nonparametric.nelson_aalen(sample)
        begin = 0.0 if sample.window is None else float(fit.distribution.cumulative_hazard(2.0))
        np.testing.assert_allclose(steps.get_ydata(), begin + known.hazard, rtol=1e-12)
    bars = mle.fit(mle.datasets.load("cosmesis").sample(), "weibull")
    assert "Turnbull" in mle.plot.hazard(bars, cumulative=True).get_legend().get_texts()[0].get_text()
    cured = mle.Sample.right_censored([1.0, 2, 4, 9, 14, *[100] * 20], [1] * 5 + [0] * 20)
    assert mle.plot.hazard(mle.fit(cured, "defective(exponential)")).get_ylabel() == "hazard"
    said = mle.plot.hazard(fitted("window"), cumulative=True).get_legend().get_texts()
    assert any("windows that end" in text.get_text() for text in said)
    with pytest.raises(ParameterError, match="measurements"):
        mle.plot.hazard(fitted("horse_kicks"))


def test_pictures_of_thresholds_show_their_tables():
    losses = mle.datasets.load("danish_fire")["loss"]
    table = mle.extremes.mean_excess(losses, [5, 10, 20])
    ax = mle.plot.mean_excess(table, label="million kroner")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), table["mean"])
    found = mle.extremes.threshold_stability(losses, [5, 10, 20], run=0)
    grid = mle.plot.threshold_stability(found)
    for ax, name in zip(grid.flat, ("xi", "scale_star"), strict=True):
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), found[name])
    for draw in (mle.plot.mean_excess, mle.plot.threshold_stability):
        with pytest.raises(ParameterError, match="expected the table of"):
            draw(losses)
