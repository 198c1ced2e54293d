"""Payments of an insurer are losses seen through a window that begins at the deductible, and capped at the limit."""

from dataclasses import replace

import fieldcases
import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import mle_toolkit as mle
from mle_toolkit.data.form import Form
from mle_toolkit.errors import DataError, IntegralError, ParameterError


def data_set_b():
    """Klugman, Panjer & Willmot (2012), Loss Models, Data Set B, with a deductible of 50 and a limit of 1000."""
    columns = fieldcases.columns("kpw_b50_1000.csv")
    return columns["loss"], columns["open"] == 1


def nll(law, loss, seen, low):
    return -float(np.sum(np.where(seen, law.logpdf(loss), law.logsf(loss)) - law.logsf(low)))


def test_data_set_b_by_what_was_paid():
    loss, seen = data_set_b()
    sample = mle.Sample.insured(loss - 50, deductible=50, limit=1000)
    assert np.array_equal(sample.lower == sample.upper, seen)
    fit = mle.fit(sample, "exponential")
    # Without memory: what was paid over the number of losses below the limit.
    assert fit.params["scale"] == pytest.approx(np.sum(loss - 50) / np.sum(seen), rel=1e-9)
    gamma = mle.fit(sample, "gamma")
    assert gamma.llf == pytest.approx(-nll(gamma.to_scipy(), loss, seen, 50.0), rel=1e-11)


def test_terms_of_each_policy():
    """Coinsurance and inflation are undone; the law is that of losses before inflation."""
    rng = np.random.default_rng(4)
    x = stats.lognorm(0.9, scale=700).rvs(400, random_state=rng)
    deductible, share, growth = rng.choice([0.0, 100.0, 250.0], 400), rng.choice([0.8, 1.0], 400), 1.06
    limit = np.where(deductible == 100, np.nan, 2500.0)
    paid = share * (np.minimum(growth * x, np.where(np.isnan(limit), np.inf, limit)) - deductible)
    heard = paid > 0
    terms = {"deductible": deductible[heard], "limit": limit[heard], "coinsurance": share[heard], "inflation": 0.06}
    fit = mle.fit(mle.Sample.insured(paid[heard], **terms), "lognormal")
    top = np.where(np.isnan(limit), np.inf, limit / growth)[heard]
    loss = np.minimum(x[heard], top)
    assert fit.llf == pytest.approx(-nll(fit.to_scipy(), loss, loss < top, deductible[heard] / growth), rel=1e-10)
    assert abs(fit.params["sdlog"] - 0.9) < 4 * fit.bse["sdlog"]
    weights = np.arange(heard.sum()) % 3
    some = mle.fit(mle.Sample.insured(paid[heard], **terms, weights=weights), "lognormal")
    rows = np.repeat(np.arange(heard.sum()), weights)
    longer = {name: value if np.ndim(value) == 0 else value[rows] for name, value in terms.items()}
    repeated = mle.fit(mle.Sample.insured(paid[heard][rows], **longer), "lognormal")
    assert some.llf == pytest.approx(repeated.llf, rel=1e-11)


def test_a_formula_takes_payments():
    loss, _ = data_set_b()
    frame = pd.DataFrame({"paid": loss - 50, "d": 50.0})
    by_formula = mle.regress("insured(paid, d, 1000) ~ 1", frame, "weibull")
    assert by_formula.llf == pytest.approx(mle.fit(mle.Sample.insured(loss - 50, 50, 1000), "weibull").llf, rel=1e-10)


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"payment": [0, 1], "deductible": 5}, r"1 of 2 values of payment are no payments.*payment\[0\] = 0"),
        ({"payment": [10, 960], "deductible": 50, "limit": 1000}, r"most that is paid; .*payment\[1\] = 960"),
        ({"payment": [1, 2], "deductible": 50, "limit": 40}, "not above the deductible"),
        ({"payment": [1, np.nan]}, "1 of 2 values of payment are missing"),
        ({"payment": [1, 2], "coinsurance": 1.5}, "coinsurance are not shares"),
        ({"payment": [1, 2], "inflation": -1}, "inflation are not rates"),
        ({"payment": [1, 2], "deductible": [1, 2, 3]}, "3 values of deductible for 2 payments"),
        ({"payment": [1, 2], "deductible": "fifty"}, "deductible must be a number"),
    ],
)
def test_what_is_no_policy_is_refused(terms, problem):
    with pytest.raises(DataError, match=problem):
        mle.Sample.insured(**terms)


def test_layers_are_integrals_of_the_survival_function():
    law = stats.lognorm(1.2, scale=400)
    ours = mle.distribution("lognormal", meanlog=np.log(400), sdlog=1.2)
    for low, size in ((0.0, 50.0), (1000.0, 500.0), (2e4, 3e4)):
        expected = integrate.quad(law.sf, low, low + size, epsabs=0, epsrel=1e-11)[0]
        assert ours.layer(low, size) == pytest.approx(expected, rel=1e-9)
    assert ours.limited_expected_value(1000) == pytest.approx(integrate.quad(law.sf, 0, 1000)[0], rel=1e-9)
    assert ours.loss_elimination_ratio(50) == pytest.approx(integrate.quad(law.sf, 0, 50)[0] / law.mean(), rel=1e-9)
    heavy = mle.distribution("pareto", alpha=0.8, xm=1.0)
    assert heavy.limited_expected_value(10) == pytest.approx(1 + 5 * (10**0.2 - 1), rel=1e-9)
    with pytest.raises(IntegralError):
        heavy.layer(10.0)
    counts = mle.distribution("poisson", mu=3.0)
    assert counts.layer(2.0) == pytest.approx(3 - 2 + np.exp(-3) * (2 + 3), rel=1e-10)
    with pytest.raises(ParameterError, match="not negative"):
        mle.distribution("normal", mu=0, sigma=1).loss_elimination_ratio(1.0)


def test_layers_of_a_fit_have_intervals():
    """By the delta method: the excess of loss of an exponential law is scale * exp(-a / scale)."""
    loss, _ = data_set_b()
    fit = mle.fit(mle.Sample.insured(loss - 50, deductible=50, limit=1000), "exponential")
    scale, se = fit.params["scale"], fit.bse["scale"]
    found = fit.layer(500.0)
    assert found.value == pytest.approx(scale * np.exp(-500 / scale), rel=1e-9)
    assert found.se == pytest.approx(se * (1 + 500 / scale) * np.exp(-500 / scale), rel=1e-5)
    assert 0 < found.interval[0] < found.value < found.interval[1]
    assert fit.loss_elimination_ratio(50.0).value == pytest.approx(1 - np.exp(-50 / scale), rel=1e-9)
    assert fit.limited_expected_value(1000.0, method="profile").interval[1] < scale * 2


# --- in files and in the shell ----------------------------------------------------------------------------------------


def test_a_file_of_payments_by_its_columns():
    columns = {
        "paid": [120.0, 300.0, 900.0, 40.0, np.nan],
        "own": [100.0, 100.0, 100.0, 50.0, 50.0],
        "w": [1.0, 2, 1, 1, 1],
    }
    form = Form(payment="paid", deductible="own", limit="1000", weights="w")
    assert set(form.names) == {"paid", "own", "w"}
    sample = form.sample(columns.__getitem__, "omit")
    by_hand = mle.Sample.insured(
        [120.0, 300.0, 900.0, 40.0], deductible=[100.0, 100.0, 100.0, 50.0], limit=1000.0, weights=[1.0, 2, 1, 1]
    )
    assert sample.same_data(by_hand)
    assert form.label == "paid"
    assert replace(form, weights=None).left == "insured(paid, deductible=own, limit=1000.0)"
    frame = pd.DataFrame(columns).iloc[:4]
    regressed = mle.regress(f"{replace(form, weights=None).left} ~ 1", frame, "exponential")
    alone = mle.fit(replace(form, weights=None).sample(frame.__getitem__), "exponential")
    assert regressed.llf == pytest.approx(alone.llf, rel=1e-10)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"column": "x", "deductible": "5"}, "--deductible needs --payment"),
        ({"payment": "x", "time": "t", "event": "e"}, "contradict"),
        ({"payment": "x", "rounded_to": 1.0}, "contradict"),
    ],
)
def test_parts_that_contradict_payments_are_refused(parts, says):
    with pytest.raises(ParameterError, match=says):
        Form(**parts)
