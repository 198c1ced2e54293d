"""Cross-entropy of classifiers: against published values, mpmath, statsmodels, scikit-learn, and its own laws."""

import math

import mpmath
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special
from statsmodels.datasets import anes96, spector
from statsmodels.discrete.discrete_model import Logit, MNLogit

import mle_toolkit as mle
from mle_toolkit.errors import DataError, ParameterError, WeightError
from mle_toolkit.information.classifiers import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    categorical_cross_entropy,
    categorical_cross_entropy_gradient,
    information_report,
)

HEART = mle.datasets.load("heart")
"""Who died after a heart transplant, by age (Miller 1976): 0 and 1 with one covariate."""


def logistic(design, y):
    """Coefficients of the logistic regression that minimises the cross-entropy."""
    result = optimize.minimize(
        lambda beta: binary_cross_entropy(y, logits=design @ beta).value,
        np.zeros(design.shape[1]),
        jac=lambda beta: design.T @ binary_cross_entropy_gradient(y, design @ beta),
        method="BFGS",
        options={"gtol": 1e-11},
    )
    return result.x


def softmax_logits(design, beta):
    """Logits of a softmax regression, the first class at 0."""
    return np.column_stack([np.zeros(len(design)), design @ beta.reshape(design.shape[1], -1)])


def softmax_regression(design, y, k):
    """Coefficients, of shape (p, k - 1), that minimise the categorical cross-entropy."""

    def gradient(beta):
        return (design.T @ categorical_cross_entropy_gradient(y, softmax_logits(design, beta))[:, 1:]).ravel()

    result = optimize.minimize(
        lambda beta: categorical_cross_entropy(y, logits=softmax_logits(design, beta)).value,
        np.zeros(design.shape[1] * (k - 1)),
        jac=gradient,
        method="BFGS",
        options={"gtol": 1e-11, "maxiter": 1000},
    )
    return result.x.reshape(design.shape[1], k - 1)


# --- values -----------------------------------------------------------------------------------------------------------


def test_log_loss_of_the_scikit_learn_documentation():
    """The example of sklearn.metrics.log_loss, whose documented value is 0.21616."""
    y, p = [1, 0, 0, 1], [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.35, 0.65]]
    assert float(categorical_cross_entropy(y, p)) == pytest.approx(0.21616, abs=5e-6)
    assert float(binary_cross_entropy(y, [row[1] for row in p])) == pytest.approx(0.21616, abs=5e-6)


def test_cross_entropy_of_two_coins_in_the_documentation_of_dit():
    """dit: the cross-entropy of (1/2, 1/2) under (3/4, 1/4) is 1.207518749639422 bits."""
    assert binary_cross_entropy([0.5], [0.25], unit="bit").value == pytest.approx(1.207518749639422, rel=1e-15)
    assert categorical_cross_entropy([[0.5, 0.5]], [[0.75, 0.25]], unit="bit").value == pytest.approx(
        1.207518749639422, rel=1e-15
    )


def test_divergence_of_a_binomial_law_in_wikipedia():
    """KL of binomial(2, 0.4) from the uniform law on three values is 0.0852996: the price of a soft label."""
    label = [[0.36, 0.48, 0.16]]
    excess = categorical_cross_entropy(label, [[1 / 3] * 3]).value - categorical_cross_entropy(label, label).value
    assert excess == pytest.approx(0.0852996, abs=5e-8)


@pytest.mark.parametrize("z", [-745.0, -40.0, -1.5, -1e-9, 0.0, 1e-9, 0.3, 40.0, 745.0])
@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_loss_and_gradient_keep_their_digits_at_any_logit(y, z):
    with mpmath.workdps(60):
        e, share = mpmath.e ** mpmath.mpf(-z), mpmath.mpf(y)
        loss = share * mpmath.log1p(e) + (1 - share) * (mpmath.log1p(e) + z)
        slope = 1 / (1 + e) - share
    assert binary_cross_entropy([y], logits=[z]).value == pytest.approx(float(loss), rel=1e-14)
    assert binary_cross_entropy_gradient([y], [z])[0] == pytest.approx(float(slope), rel=1e-14, abs=1e-16)
    if y in (0.0, 1.0):  # then there is nothing to cancel
        assert binary_cross_entropy_gradient([y], [z])[0] == pytest.approx(float(slope), rel=1e-14)
    rows, label = [[0.0, z]], [[1 - y, y]]
    assert categorical_cross_entropy(label, logits=rows).value == pytest.approx(float(loss), rel=1e-14)
    assert categorical_cross_entropy_gradient(label, rows)[0, 1] == pytest.approx(float(slope), rel=1e-14, abs=1e-16)


def test_infinite_logits_are_certain():
    assert binary_cross_entropy([0, 1], logits=[-np.inf, np.inf]).value == 0.0
    assert binary_cross_entropy([1], logits=[-np.inf]).value == np.inf
    assert binary_cross_entropy_gradient([0, 1], [np.inf, np.inf]).tolist() == [0.5, 0.0]
    assert categorical_cross_entropy([0, 1], logits=[[0, -np.inf], [-np.inf, 3]]).value == 0.0


def test_an_impossible_event_costs_infinitely_much_and_says_so():
    """Not 36 nats as where forecasts are clipped to machine epsilon, nor 100 as where logarithms are (BCELoss)."""
    loss = binary_cross_entropy([1, 0, 1], [0.5, 0.1, 0.0])
    assert loss.value == np.inf
    assert loss.se is None
    assert loss.flags == ("impossible_event",)
    assert "1 of 3" in loss.reason
    assert "row 2" in loss.reason
    assert categorical_cross_entropy([2, 0], [[0.5, 0.5, 0.0], [1, 0, 0]]).value == np.inf


def test_an_impossible_event_that_does_not_happen_costs_nothing():
    """0 log 0 = 0; exp(-inf) times -inf is NaN elsewhere (log_prob=True in torchmetrics)."""
    assert binary_cross_entropy([0, 1], [0.0, 1.0]).value == 0.0
    with_impossible = np.column_stack([np.log([[0.25, 0.75], [0.5, 0.5]]), [-np.inf, -np.inf]])
    assert categorical_cross_entropy([0, 1], logits=with_impossible).value == pytest.approx(math.log(8) / 2, rel=1e-15)
    assert np.all(np.isfinite(categorical_cross_entropy_gradient([0, 1], with_impossible)))


def test_a_row_of_weight_zero_does_not_count_even_if_impossible():
    loss = binary_cross_entropy([1, 0, 1], [0.0, 0.5, 0.5], weights=[0, 1, 3])
    assert loss.value == pytest.approx(math.log(2), rel=1e-15)
    assert binary_cross_entropy_gradient([1, 0, 1], [-9.0, 0.0, 0.0], weights=[0, 1, 3]).tolist() == [0, 0.125, -0.375]


def test_standard_error_is_that_of_the_mean():
    y, p = np.array([1, 0, 1, 1]), np.array([0.9, 0.3, 0.4, 0.8])
    terms = -np.log(np.where(y == 1, p, 1 - p))
    loss = binary_cross_entropy(y, p)
    assert loss.value == pytest.approx(terms.mean(), rel=1e-15)
    assert loss.se == pytest.approx(terms.std() / 2, rel=1e-14)


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series, pl.Series])
def test_any_column_will_do(kind):
    expected = -math.log(0.9 * 0.8) / 2
    assert binary_cross_entropy(kind([1, 0]), kind([0.9, 0.2])).value == pytest.approx(expected, rel=1e-15)
    assert information_report(kind([1, 0]), kind([0.9, 0.2])).log_loss.value == pytest.approx(expected, rel=1e-15)


def test_tables_and_booleans_and_one_number_for_all():
    p = [[0.9, 0.1], [0.2, 0.8]]
    expected = -math.log(0.9 * 0.8) / 2
    for table in (np.array(p), pd.DataFrame(p), pl.DataFrame(p, orient="row")):
        assert categorical_cross_entropy([0, 1], table).value == pytest.approx(expected, rel=1e-15)
    assert binary_cross_entropy(np.array([False, True]), 0.25).value == pytest.approx(-math.log(0.75 * 0.25) / 2)


def test_probabilities_of_single_precision_may_sum_to_one_in_single_precision():
    z = np.random.default_rng(3).normal(size=(50, 7)).astype(np.float32)
    p = special.softmax(z, axis=1).astype(np.float32)
    assert np.abs(p.astype(float).sum(axis=1) - 1).max() > 1e-8
    y = np.arange(50) % 7
    assert categorical_cross_entropy(y, p).value == pytest.approx(
        categorical_cross_entropy(y, logits=z).value, rel=1e-6
    )


# --- laws -------------------------------------------------------------------------------------------------------------

shares = st.floats(0.0, 1.0)
logits = st.floats(-30.0, 30.0)


@given(st.lists(st.tuples(shares, logits), min_size=1, max_size=8))
def test_binary_is_categorical_with_two_classes(rows):
    y, z = (np.array(column) for column in zip(*rows, strict=True))
    two, soft = np.column_stack([np.zeros_like(z), z]), np.column_stack([1 - y, y])
    assert binary_cross_entropy(y, logits=z).value == pytest.approx(
        categorical_cross_entropy(soft, logits=two).value, rel=1e-13
    )
    assert binary_cross_entropy_gradient(y, z) == pytest.approx(
        categorical_cross_entropy_gradient(soft, two)[:, 1], rel=1e-12, abs=1e-17
    )


@given(st.lists(st.tuples(shares, st.floats(1e-6, 1 - 1e-6)), min_size=1, max_size=8))
def test_soft_labels_cost_their_entropy_and_the_divergence(rows):
    """BCE - h(y) = KL(Bern y ‖ Bern p) >= 0: the minimum is h(y), not 0."""
    y, p = (np.array(column) for column in zip(*rows, strict=True))
    entropy = np.mean(special.entr(y) + special.entr(1 - y))
    divergence = np.mean(special.rel_entr(y, p) + special.rel_entr(1 - y, 1 - p))
    assert binary_cross_entropy(y, p).value - entropy == pytest.approx(divergence, rel=1e-9, abs=1e-14)
    assert binary_cross_entropy(y, y).value == pytest.approx(entropy, rel=1e-13, abs=1e-300)


@given(st.lists(st.tuples(st.integers(0, 1), logits, st.integers(1, 4)), min_size=1, max_size=8))
def test_a_weight_is_a_number_of_equal_rows(rows):
    y, z, w = (np.array(column) for column in zip(*rows, strict=True))
    whole = binary_cross_entropy(np.repeat(y, w), logits=np.repeat(z, w))
    weighed = binary_cross_entropy(y, logits=z, weights=w)
    assert weighed.value == pytest.approx(whole.value, rel=1e-13)
    assert (weighed.se is None) == (whole.se is None)
    if whole.se is not None:
        assert weighed.se == pytest.approx(whole.se, rel=1e-9, abs=1e-14)
    p = special.expit(z)
    one, other = information_report(np.repeat(y, w), np.repeat(p, w)), information_report(y, p, weights=w)
    assert other.by_forecast.miscalibration == pytest.approx(one.by_forecast.miscalibration, rel=1e-12, abs=1e-15)
    assert other.calibration[1].recalibrated == pytest.approx(one.calibration[1].recalibrated)


@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_gradients_are_the_slopes(k, seed):
    rng = np.random.default_rng(seed)
    z, y, w = rng.normal(scale=3, size=(6, k)), rng.dirichlet(np.ones(k), size=6), rng.integers(1, 4, size=6)
    slope = optimize.approx_fprime(
        z.ravel(), lambda v: categorical_cross_entropy(y, logits=v.reshape(z.shape), weights=w).value, 1e-7
    )
    assert categorical_cross_entropy_gradient(y, z, weights=w).ravel() == pytest.approx(slope, abs=1e-6)
    slope = optimize.approx_fprime(z[:, 0], lambda v: binary_cross_entropy(y[:, 0], logits=v, weights=w).value, 1e-7)
    assert binary_cross_entropy_gradient(y[:, 0], z[:, 0], weights=w) == pytest.approx(slope, abs=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_decompositions_add_up_to_the_log_loss(seed, digits):
    """Log loss = H(ȳ) - RES + REL over equal forecasts, and UNC - DSC + MCB over isotonic ones; all >= 0."""
    rng = np.random.default_rng(seed)
    p = rng.random(60).round(digits).clip(0.01, 0.99)
    y = (rng.random(60) < p**1.5).astype(float)
    report = information_report(y, p)
    for parts in (report.by_forecast, report.calibration[1].decomposition):
        assert parts.score == pytest.approx(report.log_loss.value, abs=1e-14)
        assert parts.uncertainty == pytest.approx(report.label_entropy, abs=1e-15)
        assert parts.miscalibration >= -1e-15
        assert parts.discrimination >= -1e-15
    assert report.information_gained.value == pytest.approx(report.label_entropy - report.log_loss.value, abs=1e-14)
    # Pooling groups loses resolution: isotonic groups are unions of equal forecasts.
    assert report.calibration[1].decomposition.discrimination <= report.by_forecast.discrimination + 1e-14


@given(st.integers(0, 2**32 - 1))
def test_recalibration_is_final_and_does_not_see_a_change_of_scale(seed):
    rng = np.random.default_rng(seed)
    p = rng.random(80)
    y = (rng.random(80) < p).astype(float)
    at = information_report(y, p).calibration[1]
    stretched = information_report(y, p**3).calibration[1]
    assert stretched.decomposition.discrimination == pytest.approx(at.decomposition.discrimination, abs=1e-15)
    assert np.all(np.diff(at.recalibrated) >= 0)
    again = information_report(y, at.recalibrated[np.searchsorted(at.forecast, p)])
    assert again.calibration[1].decomposition.miscalibration == pytest.approx(0, abs=1e-15)
    assert again.log_loss.value == pytest.approx(at.decomposition.refinement, abs=1e-14)


# --- the report -------------------------------------------------------------------------------------------------------


def test_report_of_two_forecasts_by_hand():
    """Half the forecasts 0.2 with 1 event of 4, half 0.8 with 3 of 4."""
    report = information_report([0, 0, 1, 0, 1, 1, 1, 0], [0.2] * 4 + [0.8] * 4)
    h = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    kl = 0.25 * math.log(0.25 / 0.2) + 0.75 * math.log(0.75 / 0.8)
    for parts in (report.by_forecast, report.calibration[1].decomposition):
        assert parts.uncertainty == pytest.approx(math.log(2), rel=1e-15)
        assert parts.discrimination == pytest.approx(math.log(2) - h, rel=1e-14)
        assert parts.miscalibration == pytest.approx(kl, rel=1e-13)
        assert parts.n_groups == 2
    assert report.base_rates == (0.5, 0.5)
    assert report.log_loss.to("bit").value == pytest.approx((h + kl) / math.log(2), rel=1e-15)
    assert report.kl_to_base_rate == pytest.approx(math.log(2) + 0.2 * math.log(0.2) + 0.8 * math.log(0.8), rel=1e-14)
    assert report.calibration[1].recalibrated.tolist() == [0.25, 0.75]
    assert report.calibration[1].weight.tolist() == [4.0, 4.0]


def test_pooling_agrees_with_scikit_learn():
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(8)
    p = rng.random(300).round(2)
    y = (rng.random(300) < p**2).astype(float)
    at = information_report(y, p).calibration[1]
    theirs = IsotonicRegression().fit(p, y).predict(at.forecast)
    assert at.recalibrated == pytest.approx(theirs, abs=1e-12)


def test_two_columns_are_the_second():
    p, y = np.array([0.2, 0.7, 0.9, 0.4]), [0, 1, 1, 1]
    one, two = information_report(y, p), information_report(y, np.column_stack([1 - p, p]))
    assert str(one) == str(two)
    assert list(two.calibration) == [1]


def test_small_probabilities_beside_a_rounded_one_are_not_lost():
    """Where p rounds to 1 the other column still knows that the event is not certain."""
    report = information_report([0, 1, 1], [[1e-20, 1.0], [0.5, 0.5], [0.4, 0.6]])
    assert math.isfinite(report.log_loss.value)
    for parts in (report.by_forecast, report.calibration[1].decomposition):
        assert parts.score == pytest.approx(report.log_loss.value, rel=1e-14)


def test_more_than_two_classes_are_recalibrated_one_against_the_rest():
    rng = np.random.default_rng(5)
    p = rng.dirichlet([1.0, 2.0, 3.0], size=400)
    y = (rng.random(400)[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
    report = information_report(y, p)
    assert report.by_forecast.score == pytest.approx(report.log_loss.value, abs=1e-13)
    assert sorted(report.calibration) == [0, 1, 2]
    for k, at in report.calibration.items():
        assert at.decomposition.score == pytest.approx(binary_cross_entropy(y == k, p[:, k]).value, abs=1e-14)
    assert "few_observations_per_forecast" in report.flags
    assert "isotonic, class 2 against the rest" in str(report)
    # The forecasts are the truth here, so on average they gain what they claim.
    assert report.information_gained.value == pytest.approx(
        report.kl_to_base_rate, abs=4 * report.information_gained.se
    )


def test_overconfident_forecasts_claim_more_than_they_gain():
    rng = np.random.default_rng(6)
    z = rng.normal(size=2000)
    y = rng.random(2000) < special.expit(z)
    honest, loud = information_report(y, special.expit(z)), information_report(y, special.expit(3 * z))
    assert loud.kl_to_base_rate > 2 * honest.kl_to_base_rate
    assert loud.information_gained.value < honest.information_gained.value
    assert loud.calibration[1].decomposition.miscalibration > 0.1 > honest.calibration[1].decomposition.miscalibration


def test_infinite_terms_say_why():
    report = information_report([1, 0, 0, 1], [0.0, 0.0, 0.5, 0.5])
    assert report.log_loss.value == math.inf
    assert report.information_gained.value == -math.inf
    assert report.by_forecast.miscalibration == report.calibration[1].decomposition.miscalibration == math.inf
    assert math.isfinite(report.by_forecast.refinement)
    assert "impossible" in report.reasons["log_loss"]
    assert report.flags[0] == "impossible_event"
    absent = information_report([0, 0], [0.1, 0.2])
    assert absent.kl_to_base_rate == math.inf
    assert "class 1" in absent.reasons["kl_to_base_rate"]
    assert absent.label_entropy == 0.0
    assert "absent_class" in absent.flags


def test_reliability_diagram_is_drawn():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    report = information_report([0, 1, 1, 0, 1], [0.1, 0.6, 0.9, 0.4, 0.5])
    assert report.plot(ax) is ax
    _, curve = ax.get_lines()
    assert curve.get_xdata() == pytest.approx(report.calibration[1].forecast)
    assert curve.get_ydata() == pytest.approx(report.calibration[1].recalibrated)
    assert ax.get_xlabel() == "stated probability"


def test_reliability_diagram_makes_its_own_axes():
    ax = information_report([0, 1, 2], np.eye(3)).plot()
    assert len(ax.get_lines()) == 4


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: binary_cross_entropy([0, 1]), ParameterError, "either as probabilities"),
        (lambda: binary_cross_entropy([0, 1], [0.1, 0.2], logits=[0, 0]), ParameterError, "either as probabilities"),
        (lambda: binary_cross_entropy([0, 1], [0.1, 0.2], unit="bits"), ParameterError, "unknown unit"),
        (lambda: binary_cross_entropy([0, 2], [0.1, 0.2]), DataError, "1 of 2 values lie outside [0, 1]"),
        (lambda: binary_cross_entropy([0, 1], [0.1, 1.2]), DataError, "the first is 1.2 in row 1"),
        (lambda: binary_cross_entropy([0, 1], [0.1]), DataError, "expected one a label, 2; got 1"),
        (lambda: binary_cross_entropy([0, 1], [[0.9, 0.1], [0.5, 0.5]]), DataError, "column of class 1"),
        (lambda: binary_cross_entropy([0, math.nan], [0.1, 0.2]), DataError, "missing"),
        (lambda: binary_cross_entropy([0, 1], logits=[0.1, math.nan]), DataError, "missing"),
        (lambda: binary_cross_entropy([], []), DataError, "no observations"),
        (lambda: binary_cross_entropy([0, 1], [0.1, 0.2], weights=[1, -1]), WeightError, "negative"),
        (lambda: binary_cross_entropy_gradient([0, 1], [0.1]), DataError, "expected one a label"),
        (lambda: categorical_cross_entropy([0, 1], [[0.5, 0.6], [0.5, 0.5]]), DataError, "p sums to 1.1, not to 1"),
        (lambda: categorical_cross_entropy([[0.5, 0.4]], [[0.5, 0.5]]), DataError, "y sums to 0.9, not to 1"),
        (lambda: categorical_cross_entropy([0, 2], [[0.5, 0.5], [0.5, 0.5]]), DataError, "class numbers from 0 to 1"),
        (lambda: categorical_cross_entropy([0, 0.5], [[0.5, 0.5], [0.5, 0.5]]), DataError, "the first is 0.5 in row 1"),
        (lambda: categorical_cross_entropy([0], [[0.5, 0.5], [0.5, 0.5]]), DataError, "expected one label a forecast"),
        (lambda: categorical_cross_entropy([[1, 0, 0]], [[0.5, 0.5]]), DataError, "shape"),
        (lambda: categorical_cross_entropy([0], logits=[[math.inf, 0]]), DataError, "no distribution"),
        (lambda: categorical_cross_entropy([0], [[0.5, 0.5], [0.5]]), DataError, "equal length"),
        (lambda: categorical_cross_entropy(["a"], [[0.5, 0.5]]), DataError, "expected real numbers"),
        (lambda: information_report([0, 1], [0.1, 1.1]), DataError, "expected probabilities"),
        (lambda: information_report([0, 2], [0.1, 0.9]), DataError, "labels of two classes"),
    ],
)
def test_what_is_wrong_is_said(call, error, says):
    with pytest.raises(error) as caught:
        call()
    assert says in str(caught.value)


# --- maximum likelihood -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["spector", "heart"])
def test_logistic_regression_is_the_minimum_of_binary_cross_entropy(data):
    """Spector & Mazzeo (1980) as distributed with statsmodels, and survival of heart transplants by age."""
    if data == "spector":
        loaded = spector.load_pandas()
        y, covariates = loaded.endog.to_numpy(), loaded.exog.to_numpy()
    else:
        y, covariates = HEART["died"], HEART["age"][:, None]
    centre, scale = covariates.mean(axis=0), covariates.std(axis=0)
    standard = np.column_stack([np.ones(len(y)), (covariates - centre) / scale])
    beta = logistic(standard, y)
    slopes = beta[1:] / scale
    ours = np.array([beta[0] - centre @ slopes, *slopes])
    theirs = Logit(y, np.column_stack([np.ones(len(y)), covariates])).fit(disp=0, tol=1e-14)
    assert ours == pytest.approx(theirs.params, rel=1e-6)
    loss = binary_cross_entropy(y, logits=standard @ beta)
    assert -len(y) * loss.value == pytest.approx(theirs.llf, rel=1e-8)
    assert information_report(y, theirs.predict()).log_loss.value == pytest.approx(loss.value, rel=1e-8)


def test_softmax_regression_is_the_minimum_of_categorical_cross_entropy():
    """Party identification in seven classes, American National Election Study 1996, as distributed with statsmodels."""
    loaded = anes96.load_pandas()
    y, covariates = loaded.endog.to_numpy().astype(int), loaded.exog.to_numpy()
    centre, scale = covariates.mean(axis=0), covariates.std(axis=0)
    standard = np.column_stack([np.ones(len(y)), (covariates - centre) / scale])
    beta = softmax_regression(standard, y, 7)
    slopes = beta[1:] / scale[:, None]
    ours = np.vstack([beta[0] - centre @ slopes, slopes])
    theirs = MNLogit(y, np.column_stack([np.ones(len(y)), covariates])).fit(method="newton", disp=0, tol=1e-14)
    # Each stops by a rule of its own: they agree to a part of a standard error.
    assert np.max(np.abs(ours - theirs.params) / theirs.bse) < 1e-5
    loss = categorical_cross_entropy(y, logits=softmax_logits(standard, beta))
    assert -len(y) * loss.value == pytest.approx(theirs.llf, rel=1e-8)
    # A maximum with an intercept states the base rates on average, so the report's terms agree with those of the fit.
    report = information_report(y, theirs.predict())
    assert 2 * len(y) * report.information_gained.value == pytest.approx(theirs.llr, rel=1e-8)


def test_constant_logits_are_the_categorical_law():
    counts = np.array([13, 4, 26])
    y = np.repeat(np.arange(3), counts)
    fit = mle.fit(y.astype(float), mle.get_family("categorical", k=3))
    loss = categorical_cross_entropy(y, logits=np.tile(np.log(counts), (len(y), 1)))
    assert loss.value == pytest.approx(fit.cross_entropy, rel=1e-15)


def test_a_neural_network_is_judged_by_the_same_report():
    """Breast cancer data of Wolberg et al. (1995), as distributed with scikit-learn; every third row is held out."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    x, y = load_breast_cancer(return_X_y=True)
    held_out = np.arange(len(y)) % 3 == 0
    x = (x - x[~held_out].mean(axis=0)) / x[~held_out].std(axis=0)
    nets = {
        alpha: MLPClassifier((8,), solver="lbfgs", alpha=alpha, max_iter=2000, random_state=0).fit(
            x[~held_out], y[~held_out]
        )
        for alpha in (1e-3, 3.0)
    }
    loud, calm = (information_report(y[held_out], net.predict_proba(x[held_out])) for net in nets.values())
    theirs = log_loss(y[held_out], nets[3.0].predict_proba(x[held_out]))
    assert calm.log_loss.value == pytest.approx(theirs, rel=1e-12)
    assert calm.by_forecast.score == pytest.approx(calm.log_loss.value, abs=1e-14)
    assert 0.8 * calm.label_entropy < calm.information_gained.value < calm.label_entropy
    # Without a penalty the network is sure of itself, and pays for it.
    assert loud.kl_to_base_rate > loud.information_gained.value
    assert loud.calibration[1].decomposition.miscalibration > calm.calibration[1].decomposition.miscalibration
