"""Laws on the circle: whole turns, the origin of the angles and their unit do not matter."""

import math

import fieldcases
import numpy as np
import pytest
from mpmath import mp
from references import fit_quietly
from scipy import integrate, optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import DataError, DegenerateDataError, MleError

TURN = 2 * math.pi
ANGLES = np.random.default_rng(3).vonmises(2.5, 2, 300)
SECTOR = TURN / 16
DEGREES = [350, 355, 2, 8, 358, 4, 0, 360, 10, 345]


def wrappings() -> dict[str, np.ndarray]:
    turns = TURN * np.random.default_rng(1).integers(-2, 3, len(ANGLES))
    return {"from 0": np.mod(ANGLES, TURN), "about mu": 2.5 + np.mod(ANGLES - 2.5 + np.pi, TURN) - np.pi,
            "turns": ANGLES + turns}  # fmt: skip


def exact_mass(low: float, high: float, kappa: float) -> mp.mpf:
    """Probability of an arc under the law about 0."""
    with mp.workdps(25):
        k = mp.mpf(kappa)
        width = 1 / mp.sqrt(k + 1)
        marks = [m + j * width for m in (0, 2 * mp.pi) for j in (-12, -8, -4, -2, -1, 0, 1, 2, 4, 8, 12)]
        marks += [low + j / (k * abs(mp.sin(low)) + mp.sqrt(k) + 1) for j in (1, 3, 9, 20, 40, 80)]
        ends = [mp.mpf(low), *sorted(m for m in marks if low < m < high), mp.mpf(high)]
        fall = mp.quad(lambda s: mp.exp(-2 * k * (mp.sin(s / 2) ** 2 - mp.sin(mp.mpf(low) / 2) ** 2)), ends)
        log_norm = mp.log(2 * mp.pi * mp.besseli(0, k)) - k
        return mp.log(fall) - 2 * k * mp.sin(mp.mpf(low) / 2) ** 2 - log_norm


@pytest.mark.parametrize("kappa", [0.0, 1e-3, 1.0, 20.0, 400.0, 1e6])
@pytest.mark.parametrize(("low", "high"), [(0.4, math.pi), (-1.0, 0.5), (2.0, 5.0), (0.3, 0.3 + 1e-5), (-3.0, 3.1)])
def test_probabilities_of_arcs_are_those_of_mpmath_in_logs_too(low, high, kappa):
    got = mle.get_family("von_mises").log_mass(np.array([low]), np.array([high]), 0.0, kappa)[0]
    assert float(got) == pytest.approx(float(exact_mass(low, high, kappa)), rel=2e-14, abs=2e-14)


@pytest.mark.parametrize("kappa", [0.0, 0.5, 30.0, 1e6])
def test_quantiles_are_the_inverse_of_probabilities(kappa):
    law = mle.distribution("von_mises", mu=1.0, kappa=kappa)
    p = np.array([1e-10, 0.01, 0.3, 0.5, 0.7, 0.999])
    assert law.cdf(law.ppf(p)) == pytest.approx(p, rel=1e-9)
    assert law.sf(law.isf(p)) == pytest.approx(p, rel=1e-9)
    assert law.ppf(np.array([0.0, 1.0])) == pytest.approx([1.0 - np.pi, 1.0 + np.pi])


@pytest.mark.parametrize("kappa", [0.7, 9.0, 3e3])
def test_scores_of_arcs_are_differences_of_their_probabilities(kappa):
    law, low, high = mle.get_family("von_mises"), np.array([-1.0, 2.0, 0.25, 3.0]), np.array([0.5, 3.0, 0.35, 6.5])
    by_mu, by_kappa = law.log_mass_scores(low, high, 0.3, kappa)
    step = 1e-4 / math.sqrt(kappa)

    def slope(mu, k):
        ends = [law.log_mass(low, high, 0.3 + sign * mu, kappa + sign * k) for sign in (-2, -1, 1, 2)]
        return (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / 12

    assert by_mu == pytest.approx(slope(step, 0) / step, rel=1e-6, abs=1e-7 * kappa)
    assert by_kappa == pytest.approx(slope(0, 1e-3 * kappa) / (1e-3 * kappa), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", wrappings())
def test_whole_turns_change_nothing(name):
    fit, same = mle.fit(ANGLES, "von_mises"), mle.fit(wrappings()[name], "von_mises")
    assert list(same.params.values()) == pytest.approx(list(fit.params.values()), rel=1e-12)
    assert same.llf == pytest.approx(fit.llf, rel=1e-13)
    assert same.residuals() == pytest.approx(fit.residuals(), abs=1e-9)
    for statistic in ("ad", "ks", "cvm", "chi2"):
        tests = [f.goodness_of_fit(statistic, n_resamples=19, rng=1) for f in (fit, same)]
        assert tests[1].statistic == pytest.approx(tests[0].statistic, rel=1e-9)
        assert tests[1].p_value == tests[0].p_value


@pytest.mark.parametrize(("name", "shape"), [("von_mises", "kappa"), ("wrapped_cauchy", "rho"), ("cardioid", "rho")])
def test_means_of_many_rows_are_those_of_the_turn_about_their_middles(name, shape):
    law = mle.distribution(name, **{"mu": np.array([-1.0, 2.0, 9.0]), shape: 0.4})
    np.testing.assert_array_equal(law.mean(), [-1.0, 2.0, 9.0])
    one = mle.distribution(name, **{"mu": 2.0, shape: 0.4})
    assert one.mean() == pytest.approx(one.expect(lambda x: x), abs=1e-9)


def test_the_distribution_function_comes_round_again():
    law = mle.fit(ANGLES, "von_mises").distribution
    assert law.cdf(-1.0) == pytest.approx(float(law.cdf(-1.0 + TURN)), rel=1e-13)
    assert law.cdf(-1.0) > 0.99


def test_the_origin_of_the_angles_does_not_decide_how_good_a_fit_is():
    fits = [mle.fit(np.mod(ANGLES + turned, TURN), "von_mises") for turned in (0.0, 1.0, 4.0)]
    assert np.ptp([f.goodness_of_fit("ad", n_resamples=1, rng=1).statistic for f in fits]) < 1e-9
    assert np.std(fits[2].residuals()) == pytest.approx(np.std(fits[0].residuals()), rel=1e-9)


def test_plots_are_of_the_turn_about_the_middle():
    fit = mle.fit(ANGLES, "von_mises")
    axes = mle.plot.panels(fit, n_resamples=0)
    heights = [bar.get_height() * bar.get_width() for bar in axes[0, 0].patches]
    assert sum(heights) == pytest.approx(1.0)
    left, right = axes[1, 1].get_xlim()
    assert fit.params["mu"] - np.pi <= left < right <= fit.params["mu"] + np.pi


# --- sectors ----------------------------------------------------------------------------------------------------------


def rose() -> tuple[np.ndarray, np.ndarray]:
    table = fieldcases.columns("wind16.csv")
    return np.deg2rad(table["deg"]), table["n"]


def rose_samples() -> dict[str, mle.Sample]:
    middle, counts = rose()
    one_by_one = np.repeat(middle, counts.astype(int))
    return {
        "binned": mle.Sample.binned(counts, np.append(middle - SECTOR / 2, middle[-1] + SECTOR / 2)),
        "intervals": mle.Sample.intervals(middle - SECTOR / 2 + TURN, middle + SECTOR / 2 + TURN, counts),
        "rounded": mle.Sample.rounded(one_by_one, SECTOR),
    }


@pytest.mark.parametrize("form", rose_samples())
def test_a_wind_rose_has_its_published_maximum(form):
    right = fieldcases.right("F2-10-von-mises-sectors-slow")
    fit = mle.fit(rose_samples()[form], "von_mises")
    assert fit.llf == pytest.approx(right["llf"], rel=1e-12)
    assert fit.params["mu"] == pytest.approx(right["mu"], abs=1e-5 * fit.bse["mu"])
    assert fit.params["kappa"] == pytest.approx(right["kappa"], abs=1e-5 * fit.bse["kappa"])
    assert fit.certificate.verdict == "interior"


def test_forms_of_a_wind_rose_have_one_goodness_of_fit():
    fits = [mle.fit(sample, "von_mises") for sample in rose_samples().values()]
    found = [f.goodness_of_fit("ad", n_resamples=9, rng=2) for f in fits]
    assert np.ptp([test.statistic for test in found]) < 1e-6
    assert all(np.isfinite(test.p_value) for test in found)
    assert np.all(np.isfinite(fits[2].residuals(rng=1)))


def test_sectors_that_nobody_has_are_sectors_of_replicates_too():
    sample = mle.Sample.binned([5, 9, 4, 0, 0, 0, 0, 0], np.linspace(0, TURN, 9))
    found = mle.fit(sample, "von_mises").goodness_of_fit("ad", n_resamples=49, rng=1)
    assert found.n_resamples >= 48  # one has two neighbouring sectors alone, and so no maximum: kappa runs off


def test_a_window_is_an_arc():
    x = np.mod(ANGLES, TURN)
    whole, window = mle.fit(ANGLES, "von_mises"), (1.0, 5.5)
    seen = mle.Sample(x[(x > window[0]) & (x <= window[1])]).truncated(*window)
    fit = mle.fit(seen, "von_mises")
    law = fit.distribution
    mass = law.cdf(5.5) - law.cdf(1.0)
    assert fit.llf == pytest.approx(float(np.sum(law.logpdf(seen.x) - np.log(mass))), rel=1e-12)
    assert abs(fit.params["mu"] - whole.params["mu"]) < 4 * fit.bse["mu"]
    assert np.all(np.isfinite(fit.residuals()))
    assert fit.goodness_of_fit(n_resamples=9, rng=1).n_resamples == 9


@pytest.mark.parametrize("options", [{}, {"fixed": {"kappa": 1.4}}, {"start": {"mu": 36.0, "kappa": 1.2}}])
def test_mu_is_on_the_turn_about_0_for_every_form_of_the_data(options):
    for sample in [*rose_samples().values(), mle.Sample(ANGLES + 3 * TURN)]:
        mu = mle.fit(sample, "von_mises", **options).params["mu"]
        assert -np.pi < mu <= np.pi


# --- units ------------------------------------------------------------------------------------------------------------


def test_degrees_give_the_fit_of_radians():
    law = mle.get_family("von_mises", period=360)
    fit, same = mle.fit(ANGLES, "von_mises"), mle.fit(np.rad2deg(ANGLES), law)
    assert same.params["mu"] == pytest.approx(np.rad2deg(fit.params["mu"]), rel=1e-12)
    assert same.params["kappa"] == pytest.approx(fit.params["kappa"], rel=1e-12)
    assert same.bse["mu"] == pytest.approx(np.rad2deg(fit.bse["mu"]), rel=1e-9)
    assert same.llf == pytest.approx(fit.llf - 300 * math.log(180 / math.pi), rel=1e-12)
    assert same.residuals() == pytest.approx(fit.residuals(), abs=1e-9)
    other = mle.distribution("von_mises", period=360, mu=90.0, kappa=1.0)
    in_radians = mle.distribution("von_mises", mu=math.pi / 2, kappa=1.0)
    kl = float(mle.kl_divergence(fit, in_radians))
    assert float(mle.kl_divergence(same, other)) == pytest.approx(kl, rel=1e-9)
    assert float(mle.kl_divergence(fit, stats.vonmises(1.0, loc=math.pi / 2))) == pytest.approx(kl, rel=1e-12)
    js = [float(mle.js_divergence(p, q)) for p, q in ((fit, in_radians), (same, other))]
    assert js[1] == pytest.approx(js[0], rel=1e-9)
    with pytest.raises(MleError, match="same period"):
        mle.kl_divergence(same, in_radians)


def test_whole_turns_of_degrees_are_exact():
    law = mle.get_family("von_mises", period=360)
    x = np.array([350.0, 10.0, 0.0, 20.0, 340.0])
    assert mle.fit(x, law).params == mle.fit(x + 360 * np.arange(5) * 1e6, law).params


def test_degrees_without_a_period_are_refused():
    with pytest.raises(DataError, match=r"57\.3 turns.*period=360"):
        mle.fit(DEGREES, "von_mises")
    with pytest.raises(DataError, match="whole numbers"):
        mle.fit([1, 20, 5, 7, 12, 3], "von_mises")
    fit = mle.fit(DEGREES, mle.get_family("von_mises", period=360))
    right = mle.fit(np.deg2rad(DEGREES), "von_mises")
    assert fit.params["mu"] == pytest.approx(np.rad2deg(right.params["mu"]), rel=1e-9)
    assert right.params["kappa"] == pytest.approx(62.2083, abs=1e-4)


@pytest.mark.parametrize("turns", [-3, 0, 3])
def test_radians_within_a_few_turns_are_never_refused(turns):
    assert mle.fit(ANGLES + turns * TURN, "von_mises").certificate.ok
    assert mle.fit([1, 2, 3, 1, 2, 6], "von_mises").certificate.ok


@pytest.mark.parametrize("period", [0, -360, math.inf, "a", [1.0, 2.0]])
def test_a_period_is_a_positive_number(period):
    with pytest.raises(MleError, match="period"):
        mle.get_family("von_mises", period=period)


def test_what_is_open_at_an_end_is_no_arc():
    with pytest.raises(DataError, match="open at an end"):
        mle.fit(mle.Sample.right_censored([1, 2, 3], [1, 0, 1]), "von_mises")
    with pytest.raises(DataError, match="windows are open at one end"):
        mle.fit(mle.Sample(ANGLES[ANGLES > 0]).truncated(lower=0.0), "von_mises")
    with pytest.raises(DataError, match="longer than a turn"):
        mle.fit(mle.Sample.intervals([0.0, 1.0, 2.0], [7.0, 1.5, 2.5]), "von_mises")


def test_a_fit_in_degrees_is_saved_with_its_period(tmp_path):
    fit = mle.fit(DEGREES, mle.get_family("von_mises", period=360))
    fit.save(tmp_path / "fit.json")
    assert mle.load(tmp_path / "fit.json").family.period == 360


# --- mixtures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", [None, 360])
def test_a_mixture_of_directions_is_one_on_the_circle(period):
    rng, turn = np.random.default_rng(5), TURN if period is None else period
    x = np.concatenate([rng.vonmises(0.3, 8, 200), rng.vonmises(-2.9, 20, 100)]) * turn / TURN
    law = mle.mixture(mle.get_family("von_mises", period=period), 2)
    fit, same = fit_quietly(x, law), fit_quietly(np.mod(x, turn), law)
    assert fit.certificate.verdict == "local"
    assert same.llf == pytest.approx(fit.llf, rel=1e-9)
    mu = np.sort(np.mod(fit.params["mu"] * TURN / turn, TURN))
    assert mu == pytest.approx([0.3, TURN - 2.9], abs=0.15)
    assert np.mean(fit.residuals()) == pytest.approx(0.0, abs=0.1)
    assert np.std(fit.residuals()) == pytest.approx(1.0, abs=0.1)
    p = np.array([0.01, 0.3, 0.6, 0.99])
    assert fit.distribution.cdf(fit.distribution.ppf(p)) == pytest.approx(p, abs=1e-9)
    with pytest.raises(MleError, match="only exact values"):
        mle.fit(mle.Sample.rounded(x, turn / 16), law)
    with pytest.raises(MleError, match="one period"):
        mle.mixture([mle.get_family("von_mises", period=period), "normal"])


def test_a_flat_likelihood_of_arcs_is_climbed_in_steps_of_less_than_a_turn():
    """Sixteen sectors, hardly any direction: no change of mu costs half a nat."""
    sector = 2 * np.pi / 16
    begin = sector * np.array([5.5, 2.5, -6.5, -4.5, -1.5, 0.5, -4.5])
    fit = mle.fit(mle.Sample.intervals(begin, begin + sector), "von_mises")
    assert fit.certificate.ok
    grid = [
        np.sum(np.log([integrate.quad(stats.vonmises(kappa, loc=mu).pdf, a, a + sector)[0] for a in begin]))
        for mu in fit.params["mu"] + np.array([-0.02, 0.0, 0.02])
        for kappa in fit.params["kappa"] + np.array([-0.02, 0.0, 0.02])
    ]
    assert int(np.argmax(grid)) == 4
    assert fit.llf == pytest.approx(grid[4], abs=1e-9)


@pytest.mark.parametrize("name", ["wrapped_cauchy", "cardioid"])
def test_arcs_of_the_other_laws_on_the_circle_are_integrals_of_their_densities(name):
    for rho in (0.0, 0.2, 0.499):
        law = mle.distribution(name, mu=1.0, rho=rho)
        for low, high in ((-2.0, 0.5), (2.9, 4.3), (1.0, 1.0 + 1e-6), (4.1, 4.2)):
            with mp.workdps(25):

                def density(t, rho=rho):
                    c = mp.cos(t - 1)
                    if name == "cardioid":
                        return (1 + 2 * rho * c) / (2 * mp.pi)
                    return (1 - rho**2) / (1 + rho**2 - 2 * rho * c) / (2 * mp.pi)

                expected = float(mp.log(mp.quad(density, [low, (low + high) / 2, high])))
            got = float(law.family.log_mass(np.array([low]), np.array([high]), *law.params.values())[0])
            assert got == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize(("name", "spread"), [("wrapped_cauchy", 0.7), ("cardioid", 1.3)])
def test_the_other_laws_on_the_circle_turn_with_their_data_and_their_unit(name, spread):
    x = np.random.default_rng(3).normal(2.9, spread, 200)
    fit = mle.fit(x, name)

    def nll(u):
        c = np.cos(x - u[0])
        cauchy = (1 - u[1] ** 2) / (1 + u[1] ** 2 - 2 * u[1] * c)
        logs = np.log1p(2 * u[1] * c) if name == "cardioid" else np.log(cauchy)
        return -float(np.sum(logs)) + 200 * math.log(2 * math.pi)

    best = optimize.minimize(nll, list(fit.params.values()), method="Nelder-Mead", options={"xatol": 1e-10})
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-best.fun, abs=1e-9)
    turned = mle.fit(x + 1.0, name)
    assert math.remainder(turned.params["mu"] - fit.params["mu"] - 1.0, 2 * math.pi) == pytest.approx(0, abs=1e-7)
    degrees = mle.fit(np.degrees(x) + 360.0 * (np.arange(200) % 3), mle.get_family(name, period=360))
    assert degrees.params["rho"] == pytest.approx(fit.params["rho"], rel=1e-7)
    assert degrees.llf + 200 * math.log(180 / math.pi) == pytest.approx(fit.llf, rel=1e-11)
    sectors = mle.fit(mle.Sample.rounded(x, 0.05), name)
    assert abs(sectors.params["rho"] - fit.params["rho"]) < 0.1 * fit.bse["rho"]


def test_concentrated_directions_end_the_cardioid_at_its_boundary():
    """The derivative along the circle is 0 there, and outwards the likelihood rises."""
    x = np.random.default_rng(3).normal(2.9, 0.3, 50)
    with pytest.warns(mle.FitWarning, match="boundary"):
        fit = mle.fit(x, "cardioid")
    assert fit.params["rho"] == 0.5
    away = x - fit.params["mu"]
    assert np.sum(np.tan(0.5 * away)) == pytest.approx(0, abs=1e-10)
    assert np.sum(1 - np.tan(0.5 * away) ** 2) > 0
    with pytest.raises(DegenerateDataError, match="half of them or more"):
        mle.fit([0.1, 0.1, 0.1, 2.0], "wrapped_cauchy")


def test_half_of_many_directions_are_seen_to_be_the_same():
    rng = np.random.default_rng(0)
    for same in (10_000, 9_800):
        x = rng.permutation(np.where(np.arange(20_000) < same, 1.0, rng.uniform(-3.0, 3.0, 20_000)))
        sample = mle.Sample(x + TURN * rng.integers(-1, 2, 20_000))
        law = mle.get_family("wrapped_cauchy", period=TURN)
        if same == 10_000:
            with pytest.raises(MleError, match="10000 of 20000"):
                law.check(sample)
        else:
            law.check(sample)


def projected_normal(angle, gamma):
    u = gamma * mp.cos(angle)
    return mp.exp(-(mp.mpf(gamma) ** 2) / 2) * (1 + u * mp.ncdf(u) / mp.npdf(u)) / (2 * mp.pi)


@pytest.mark.parametrize("gamma", [0.5, 3.0, 20.0])
def test_the_projected_normal_law_and_its_arcs(gamma):
    law = mle.get_family("projected_normal")
    with mp.workdps(30):
        for away in (0.01, 1.5, 1.6, 3.14):

            def log_f(m, g, away=away):
                return mp.log(projected_normal(away - m, g))

            expected = [
                log_f(0, gamma),
                *(mp.diff(log_f, (0, gamma), k) for k in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))),
            ]
            x, m, g = np.array(away), np.array(0.0), np.array(gamma)
            got = [law.logpdf(x, m, g), *law.score(x, m, g), *law.hessian(x, m, g)]
            assert [float(v) for v in got] == pytest.approx([float(v) for v in expected], rel=1e-10, abs=1e-11)
        for low, high in ((0.3, 2.0), (-3.0, -2.0), (0.0, 1e-5)):
            points = np.linspace(low, high, 13).tolist()
            expected = mp.log(mp.quad(lambda t: projected_normal(t, gamma), points))
            got = float(law.log_mass(np.array(low), np.array(high), 0.0, gamma))
            assert got == pytest.approx(float(expected), rel=1e-10, abs=1e-12)


def test_a_fit_of_the_projected_normal_law():
    """By another search; in degrees; and balanced directions, which are uniform."""
    x = mle.distribution("projected_normal", mu=1.0, gamma=1.3).rvs(200, rng=1)
    fit = mle.fit(x, "projected_normal")

    def nll(v):
        u = v[0] * np.cos(x) + v[1] * np.sin(x)
        height = np.exp(-0.5 * u * u) / math.sqrt(2 * math.pi)
        return -float(np.sum(np.log(1 + u * special.ndtr(u) / height) - 0.5 * (v @ v) - math.log(2 * math.pi)))

    best = optimize.minimize(nll, [0.5, 0.5], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11})
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-best.fun, abs=1e-8)
    assert fit.params["gamma"] == pytest.approx(math.hypot(*best.x), rel=1e-5)
    degrees = mle.fit(np.degrees(x), mle.get_family("projected_normal", period=360))
    assert degrees.params["gamma"] == pytest.approx(fit.params["gamma"], rel=1e-9)
    assert fit_quietly([0.0, math.pi / 2, math.pi, -math.pi / 2], "projected_normal").params["gamma"] == 0.0
    with pytest.raises(DegenerateDataError, match="all 3 directions are the same"):
        mle.fit([1.0, 1.0, 1.0], "projected_normal")
