"""The data sets hold what their publications print."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit import datasets
from mle_toolkit.errors import DataError, UnknownNameError

# Sizes, means and extremes: from the publications, or computed by the packages that print the same data.
PUBLISHED = {
    ("air_conditioning", "hours"): (12, 1297 / 12, 3, 487),
    ("blackouts", "customers"): (211, 53566.292 / 211, 1, 7500),
    ("compensation", "paid"): (20, 1424.4, 27, 15743),
    ("danish_fire", "loss"): (2492, 3.062698885914928, 0.313404, 263.250366),
    ("doctor_visits", "visits"): (20190, 57752 / 20190, 0, 77),
    ("engel", "income"): (235, 982.4730439931191, 377.058368850099, 4957.81302447901),
    ("engel", "food"): (235, 624.1501113133555, 242.32020192074, 2032.67919020832),
    ("faithful", "eruptions"): (272, 3.48778308823529, 1.6, 5.1),
    ("faithful", "waiting"): (272, 70.8970588235294, 43, 96),
    ("federalist", "may"): (262, 172 / 262, 0, 6),
    ("group_sizes", "size"): (2423, 3663 / 2423, 1, 6),
    ("horse_kicks", "deaths"): (200, 122 / 200, 0, 4),
    ("mites", "mites"): (150, 172 / 150, 0, 7),
    ("newcomb", "deviation"): (66, 26.2121212121212, -44, 40),
    ("nile", "volume"): (100, 919.35, 456, 1370),
    ("port_pirie", "level"): (65, 3.98061538461538, 3.57, 4.69),
    ("rivers", "length"): (141, 591.184397163121, 135, 3710),
    ("venice", "year"): (506, 989820 / 506, 1931, 1981),
    ("venice", "level"): (506, 50232 / 506, 69, 194),
}


@pytest.mark.parametrize(("name", "column"), PUBLISHED)
def test_columns_are_those_published(name, column):
    n, mean, smallest, largest = PUBLISHED[name, column]
    sample = datasets.load(name).sample(column)
    assert sample.nobs == n
    np.testing.assert_allclose(sample.mean(), mean, rtol=1e-13)
    np.testing.assert_allclose([sample.minimum, sample.maximum], [smallest, largest], rtol=1e-14)


# What the publications say of the whole: numbers of events, limits, bands.
FORMS = {
    "arsenic": "24 observations: 11 exact, 13 left-censored",
    "channing": "96 observations: 46 exact, 50 right-censored; a window per row",
    "circuits": "4156 observations in 22 weighted rows: 28 exact, 4128 right-censored",
    "cosmesis": "46 observations: 25 right-censored, 21 in intervals",
    "dental_claims": "378 observations in 10 weighted rows: 378 in intervals",
    "heart": "69 observations: 45 exact, 24 right-censored",
    "liability_claims": "227 observations in 7 weighted rows: 3 right-censored, 224 in intervals",
    "term_insurance": "40 observations: 8 exact, 32 right-censored; a window per row",
    "leukaemia": "42 observations: 30 exact, 12 right-censored",
}


@pytest.mark.parametrize("name", FORMS)
def test_samples_have_the_form_published(name):
    assert str(datasets.load(name).sample()) == FORMS[name]


def test_fits_of_the_forms_are_those_published():
    """Time at risk per event, a closed form (Gehan 1965: 359 weeks for 9 relapses under 6-MP, 182 for 21 without)."""
    data = datasets.load("leukaemia")
    for treated, scale in ((1, 359 / 9), (0, 182 / 21)):
        rows = data["mercaptopurine"] == treated
        sample = mle.Sample.right_censored(data["weeks"][rows], data["relapsed"][rows])
        np.testing.assert_allclose(mle.fit(sample, "exponential").params["scale"], scale, rtol=1e-8)


def test_fits_of_the_data_of_loss_models_are_those_it_prints():
    """Klugman, Panjer & Willmot (2012), Data Sets B, C and D2: to the digits that the book has."""
    paid = datasets.load("compensation")["paid"]
    gamma = mle.fit(paid, "gamma").params
    assert (round(gamma["shape"], 5), round(gamma["scale"], 1)) == (0.55616, 2561.1)
    to_250 = mle.Sample.right_censored(np.minimum(paid, 250.0), paid <= 250)
    assert round(mle.fit(to_250, "exponential").params["scale"], 2) == 594.14
    assert round(mle.fit(datasets.load("liability_claims").sample(), "exponential").params["scale"]) == 29721
    policies = mle.nonparametric.kaplan_meier(datasets.load("term_insurance").sample())
    assert policies.time.tolist() == [0.8, 2.9, 3.1, 4.0, 4.1, 4.8]
    product = np.cumprod([29 / 30, 24 / 26, 25 / 26, 24 / 26, 22 / 23, 20 / 21])
    np.testing.assert_allclose(policies.survival, product, rtol=1e-13)
    assert policies.survival[[0, 1, 2, 3, 5]].round(4).tolist() == [0.9667, 0.8923, 0.858, 0.792, 0.7215]


def test_every_variable_is_checked_above():
    """A data set that is added here must be checked too."""
    assert {(name, c) for name in datasets.names() for c in datasets.load(name).variables} == set(PUBLISHED)
    assert {name for name in datasets.names() if not datasets.load(name).variables} == set(FORMS)


@pytest.mark.parametrize("name", datasets.names())
def test_a_data_set_says_what_it_is(name):
    data = datasets.load(name)
    assert all([data.name == name, data.title, data.source, data.licence, data.unit, data.description])
    assert {values.dtype for values in data.columns.values()} == {np.dtype(np.float64)}
    assert len({len(values) for values in data.columns.values()}) == 1


@pytest.mark.parametrize("name", datasets.names())
def test_frame_holds_the_columns(name):
    data = datasets.load(name)
    frame = data.frame()
    assert list(frame.columns) == list(data.columns)
    for column in data.columns:
        np.testing.assert_array_equal(frame[column], data[column])


def test_data_sets_cannot_be_changed():
    data = datasets.load("faithful")
    with pytest.raises(ValueError, match="read-only"):
        data["waiting"][0] = 0.0
    with pytest.raises(FrozenInstanceError):
        data.title = "other"
    with pytest.raises(TypeError):
        data.columns["waiting"] = np.zeros(3)
    frame = data.frame()
    frame.loc[0, "waiting"] = 0.0
    assert data["waiting"][0] == 79.0


def test_frequencies_become_weights():
    sample = mle.datasets.load("horse_kicks").sample()
    np.testing.assert_array_equal(sample.x, [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(sample.weight, [109, 65, 22, 3, 1])


def test_an_unknown_data_set_is_answered_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="unknown data set 'fathful'; did you mean 'faithful'"):
        datasets.load("fathful")
    with pytest.raises(UnknownNameError, match="known: air_conditioning, arsenic"):
        datasets.load("???")


def test_an_unknown_column_is_answered_with_the_columns():
    with pytest.raises(UnknownNameError, match="column 'wait' not found; its columns: eruptions, waiting"):
        datasets.load("faithful")["wait"]
    with pytest.raises(DataError, match="name one of its columns: eruptions, waiting"):
        datasets.load("faithful").sample()


def test_a_data_set_is_data():
    """In the form that it has: nobody needs to know that it has a sample inside."""
    fit = mle.fit(datasets.load("circuits"), "defective(weibull)")
    assert [round(v, 5) for v in fit.params.values()] == [0.00674, 0.49598, 28.3672]  # Meeker: .00674, .496, 28.37
    assert mle.compare(datasets.load("port_pirie"), ["gev", "gumbel"]).best.family.name == "gumbel"
    with pytest.raises(DataError, match="name one of its columns: income, food"):
        mle.fit(datasets.load("engel"), "gamma")
