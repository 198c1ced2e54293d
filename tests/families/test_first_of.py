"""Competing failure modes, with causes that are known, partly known, or not."""

import math

import numpy as np
import pandas as pd
import pytest
from references import fit_quietly, flat
from scipy import integrate, optimize, stats

import mle_toolkit as mle

# Device-G, Meeker & Escobar (1998), table 15.1: thousands of cycles, surge (1), wear-out (2) or none until 300.
CYCLES = np.array([275, 13, 147, 23, 181, 30, 65, 10, 300, 173, 106, 300, 300, 212, 300, 300, 300, 2, 261, 293, 88])
CYCLES = np.append(CYCLES, [247, 28, 143, 300, 23, 300, 80, 245, 266]).astype(float)
MODE = np.array([2, 1, 2, 1, 2, 1, 1, 1, 0, 1, 1, 0, 0, 2, 0, 0, 0, 1, 1, 2, 1, 1, 1, 1, 0, 1, 0, 1, 2, 2])
DEVICES = mle.Sample.right_censored(CYCLES, MODE > 0)


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_the_devices_of_meeker_and_escobar(unit):
    sample = mle.Sample.right_censored(unit * CYCLES, MODE > 0)
    fit = mle.fit(sample, mle.first_of(["weibull", "weibull"], cause=MODE))
    p = fit.params
    surge, wear = (math.log(p["scale_1"] / unit), 1 / p["shape_1"]), (math.log(p["scale_2"] / unit), 1 / p["shape_2"])
    assert (*surge, *wear) == pytest.approx((6.11, 1.49, 5.83, 0.23), abs=0.005)
    alone = [mle.fit(mle.Sample.right_censored(unit * CYCLES, k == MODE), "weibull") for k in (1, 2)]
    assert alone[0].llf + 15 * math.log(unit) == pytest.approx(-101.36, abs=0.01)
    assert fit.llf == pytest.approx(sum(one.llf for one in alone), rel=1e-11)
    assert flat(fit.params) == pytest.approx(np.concatenate([flat(one.params) for one in alone]), rel=1e-6)
    assert flat(fit.bse) == pytest.approx(np.concatenate([flat(one.bse) for one in alone]), rel=1e-5)


def loglik(theta: np.ndarray, cause: np.ndarray) -> float:
    a, b = stats.weibull_min(theta[0], scale=theta[1]), stats.weibull_min(theta[2], scale=theta[3])
    first, second = a.pdf(CYCLES) * b.sf(CYCLES), b.pdf(CYCLES) * a.sf(CYCLES)
    failed = np.where(cause == 1, first, np.where(cause == 2, second, first + second))
    return float(np.sum(np.log(np.where(MODE > 0, failed, a.sf(CYCLES) * b.sf(CYCLES)))))


@pytest.mark.parametrize("known", [0, 12])
def test_causes_may_be_missing(known):
    cause = np.where(np.arange(30) < known, MODE, 0)
    law = mle.first_of(["weibull", "weibull"], cause=cause if known else None)
    fit = mle.fit(DEVICES, law)
    theta, se = flat(fit.params), flat(fit.bse)
    assert fit.llf == pytest.approx(loglik(theta, cause), rel=1e-11)
    for step in 0.01 * np.diag(se):
        assert max(loglik(theta + step, cause), loglik(theta - step, cause)) < fit.llf
    if not known:
        medians = [theta[k + 1] * math.log(2) ** (1 / theta[k]) for k in (0, 2)]
        assert medians[0] < medians[1]


def test_intervals_are_of_the_time_alone():
    fit = mle.fit(mle.Sample.rounded(CYCLES[MODE > 0], 1.0), mle.first_of(["weibull", "exponential"]))
    theta = tuple(fit.params.values())
    low, high = CYCLES[MODE > 0] - 0.5, CYCLES[MODE > 0] + 0.5
    survival = [stats.weibull_min(theta[0], scale=theta[1]).sf(x) * np.exp(-x / theta[2]) for x in (low, high)]
    assert fit.llf == pytest.approx(float(np.sum(np.log(survival[0] - survival[1]))), rel=1e-9)


def test_a_mode_of_each_its_own_formula():
    z = np.random.default_rng(2).normal(size=30)
    frame = pd.DataFrame({"t": CYCLES, "z": z, "one": MODE == 1, "two": MODE == 2, "any": MODE > 0})
    law = mle.first_of(["weibull", "weibull"], cause=MODE)
    fit = mle.regress("right_censored(t, any) ~ z", frame, law, scale_2="~ z")
    alone = [mle.regress(f"right_censored(t, {k}) ~ z", frame, "weibull") for k in ("one", "two")]
    assert fit.llf == pytest.approx(sum(one.llf for one in alone), rel=1e-10)
    assert fit.params["scale_2"].to_numpy() == pytest.approx(alone[1].params["scale"].to_numpy(), rel=1e-5)


def test_one_mode_too_many_is_a_limit():
    x = stats.expon(scale=2.0).ppf((np.arange(50) + 0.5) / 50)
    fit = fit_quietly(x, mle.first_of(["exponential", "exponential"]))
    assert (fit.certificate.verdict, fit.certificate.limit) == ("boundary", "exponential")
    assert fit.llf == pytest.approx(mle.fit(x, "exponential").llf, rel=1e-12)


def test_a_mode_on_the_last_time_is_no_maximum():
    """Complete times without causes have a likelihood without a bound; what is reported is the maximum inside."""
    x = np.minimum(
        20 * stats.weibull_min(0.8).rvs(200, random_state=1), 8 * stats.weibull_min(4).rvs(200, random_state=2)
    )
    fit = fit_quietly(x, mle.first_of(["weibull", "weibull"]))
    assert fit.certificate.verdict == "local"
    assert "last time" in fit.certificate.message
    assert 0.5 < fit.params["shape_2"] < 1.2
    assert 2.5 < fit.params["shape_1"] < 6


def test_a_series_system():
    law = mle.distribution("first_of(weibull, lognormal)", shape_1=1.5, scale_1=3.0, meanlog_2=1.0, sdlog_2=0.7)
    a, b = stats.weibull_min(1.5, scale=3.0), stats.lognorm(0.7, scale=math.e)
    x = np.array([0.1, 1.0, 4.0, 20.0])
    assert law.logsf(x) == pytest.approx(a.logsf(x) + b.logsf(x))
    assert law.pdf(x) == pytest.approx(a.pdf(x) * b.sf(x) + b.pdf(x) * a.sf(x))
    assert law.cdf(law.ppf([1e-12, 0.3, 0.9])) == pytest.approx([1e-12, 0.3, 0.9], rel=1e-10)
    assert law.sf(law.isf([1e-40, 0.3, 0.9])) == pytest.approx([1e-40, 0.3, 0.9], rel=1e-10)
    assert law.mean() == pytest.approx(integrate.quad(law.sf, 0, 40)[0], rel=1e-8)
    assert np.mean(law.rvs(20_000, rng=1)) == pytest.approx(law.mean(), rel=0.02)
    theta, h = np.array(list(law.params.values())), 1e-6
    steps = h * np.eye(4)
    for function, slopes in (
        (law.family.logpdf, law.family.score(x, *theta)),
        (law.family.logsf, law.family.tail_scores(x, *theta)[1]),
        (law.family.logcdf, law.family.tail_scores(x, *theta)[0]),
    ):
        by_differences = [(function(x, *(theta + s)) - function(x, *(theta - s))) / (2 * h) for s in steps]
        assert np.array(slopes) == pytest.approx(np.array(by_differences), rel=1e-5, abs=1e-8)


def test_causes_that_stand_beside_the_rows_are_those_of_the_law():
    law = mle.first_of(["weibull", "weibull"])
    beside = DEVICES.with_known(cause=MODE)
    assert mle.fit(beside, law).llf == mle.fit(DEVICES, mle.first_of(["weibull", "weibull"], cause=MODE)).llf
    with pytest.raises(mle.errors.DataError, match="the number of a mode, 1 to 2; 1 of 30"):
        mle.fit(DEVICES.with_known(cause=np.where(np.arange(30) == 4, 3, MODE)), law)
    with pytest.raises(mle.errors.ComparisonError, match="its cause, and weibull of the observation alone"):
        mle.compare(beside, [law, "weibull"])


def test_causes_that_cannot_be():
    law = ["weibull", "weibull"]
    with pytest.raises(mle.errors.DataError, match="the number of a mode, 1 to 2; 1 of 30"):
        mle.fit(DEVICES, mle.first_of(law, cause=np.where(np.arange(30) == 4, 3, MODE)))
    with pytest.raises(mle.errors.DataError, match="a cause but no exact time; the first is row 8"):
        mle.fit(DEVICES, mle.first_of(law, cause=np.where(MODE == 0, 1, MODE)))
    with pytest.raises(mle.errors.ParameterError, match="two laws or more"):
        mle.first_of("weibull")
    with pytest.raises(mle.errors.ParameterError, match="not a continuous law"):
        mle.first_of(["weibull", "geometric"])


def test_a_saved_fit_computes_as_before(tmp_path):
    fit = mle.fit(DEVICES, mle.first_of(["weibull", "weibull"]))
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert loaded.distribution.sf([10.0, 400.0]).tolist() == fit.distribution.sf([10.0, 400.0]).tolist()


def test_causes_may_be_a_column_of_a_regression():
    z = np.random.default_rng(2).normal(size=30)
    frame = pd.DataFrame({"t": CYCLES, "z": z, "mode": MODE, "any": MODE > 0})
    fit = mle.regress("right_censored(t, any) ~ z", frame, "first_of(weibull, weibull)", cause="mode", scale_2="~ z")
    given = mle.first_of(["weibull", "weibull"], cause=MODE)
    assert fit.llf == mle.regress("right_censored(t, any) ~ z", frame, given, scale_2="~ z").llf
    means = fit.predict(frame[:2], cause=0)
    law = mle.distribution(
        "first_of(weibull, weibull)",
        shape_1=fit.params["shape_1"],
        scale_1=math.exp(fit.params["scale_1"].iloc[0] + fit.params["scale_1"].iloc[1] * z[0]),
        shape_2=fit.params["shape_2"],
        scale_2=math.exp(fit.params["scale_2"].iloc[0] + fit.params["scale_2"].iloc[1] * z[0]),
    )
    assert means.iloc[0] == pytest.approx(law.mean(), rel=1e-6)
    assert mle.get_family("first_of(weibull, weibull)", cause=MODE).per_row == ("cause",)
    with pytest.raises(mle.errors.ParameterError, match="lower is a constant of the law inside"):
        mle.get_family("truncated(normal)", lower=0.0)


def test_a_law_of_times_and_causes_does_not_compare_with_one_of_times():
    joint = mle.first_of(["weibull", "weibull"], cause=MODE)
    with pytest.raises(mle.errors.ComparisonError, match="its cause, and weibull of the observation alone"):
        mle.compare(DEVICES, [joint, "weibull"])
    other = mle.first_of(["weibull", "exponential"], cause=MODE)
    assert len(mle.compare(DEVICES, [joint, other]).fits) == 2


def test_a_mode_beyond_an_entry_may_be_a_power_law():
    """Its hazard is then slope / x: of a Weibull law of no shape, whose scale is 0. By the formula of that limit."""
    x = np.array([10.2, 3.2, 0.2, 5.6, 1.15, 3.0, 2.9, 1.9, 0.75, 2.3, 2.55, 2.35, 1.4, 3.0, 2.7, 1.0, 3.3, 2.5])
    entry, unit = 0.18, 1e6

    def loglik(slope, shape, scale):
        hazard = slope / x + shape / x * (x / scale) ** shape
        return float(np.sum(np.log(hazard) - slope * np.log(x / entry) - (x**shape - entry**shape) / scale**shape))

    options = {"fatol": 1e-11, "xatol": 1e-6}
    best = optimize.minimize(lambda t: -loglik(*np.exp(t)), [-4.0, 0.3, 1.0], method="Nelder-Mead", options=options)
    sample = mle.Sample(x * unit).truncated(lower=entry * unit)
    alone, fit = fit_quietly(sample, "weibull"), fit_quietly(sample, "first_of(weibull, weibull)")
    assert fit.llf == pytest.approx(-best.fun - len(x) * np.log(unit), abs=1e-7)
    assert fit.llf > alone.llf + 0.01
    assert "a power of x" in str(fit.certificate)
    assert fit.params["shape_2"] == pytest.approx(np.exp(best.x[1]), rel=1e-4)
