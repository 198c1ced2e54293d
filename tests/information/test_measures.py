"""Measures of arrays, counts, tables and samples: published values, shapes, units, and errors."""

import csv
import json
import math

import numpy as np
import pytest
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.information import (
    chi2_divergence,
    conditional_entropy,
    cross_entropy,
    entropy,
    hellinger_distance,
    jeffreys_divergence,
    joint_entropy,
    js_divergence,
    kl_divergence,
    mutual_information,
    power_divergence,
    renyi_divergence,
    self_information,
    total_variation,
    wasserstein_distance,
)
from tests.references import HERE

P, Q = [0.36, 0.48, 0.16], [1 / 3, 1 / 3, 1 / 3]

# --- published values -------------------------------------------------------------------------------------------------


def test_wikipedia_example():
    """Binomial(2, 0.4) against the uniform law on {0, 1, 2}; torchmetrics documents 0.0853."""
    assert kl_divergence(P, Q).value == pytest.approx(0.0852996, abs=5e-8)
    assert kl_divergence(Q, P).value == pytest.approx(0.0974550, abs=5e-8)
    assert jeffreys_divergence(P, Q).value == pytest.approx(0.0852996 + 0.0974550, abs=1e-7)


def test_examples_of_dit():
    """Documentation of dit 2.3, bits."""
    assert kl_divergence([0.75, 0.25], [0.5, 0.5], unit="bit").value == pytest.approx(0.18872187554086717, rel=1e-14)
    assert cross_entropy([0.5, 0.5], [0.75, 0.25], unit="bit").value == pytest.approx(1.207518749639422, rel=1e-14)


def test_examples_of_the_r_package_entropy():
    """Manual of R entropy 1.3.2: KL.plugin; n = 30 Pearson statistic; counts against a model."""
    p, q = [0.2, 0.2, 0.6], [0.1, 0.4, 0.5]
    assert kl_divergence(p, q).value == pytest.approx(0.10939293407637, abs=1e-14)
    assert 30 * chi2_divergence(p, q).value == pytest.approx(6.6, rel=1e-14)
    counts, model = np.array([4, 2, 3, 1, 6, 4]), [0.10, 0.15, 0.35, 0.05, 0.20, 0.15]
    found = kl_divergence(counts=counts, q=model)
    assert found.value == pytest.approx(0.15016419316590, abs=1e-13)
    assert 2 * counts.sum() * found.value == pytest.approx(6.0065677266359, abs=1e-12)
    assert counts.sum() * chi2_divergence(counts / counts.sum(), model).value == pytest.approx(5.95238, abs=5e-6)
    table = [[4, 2], [5, 4], [1, 4]]
    assert mutual_information(counts=table).value == pytest.approx(0.06795961471816, abs=1e-14)
    assert 2 * 20 * mutual_information(counts=table).value == pytest.approx(2.7183845887264, abs=1e-12)


def test_entropy_of_the_counts_of_the_r_package_entropy():
    counts = [4, 2, 3, 0, 2, 4, 0, 0, 2, 1, 1]
    assert entropy(counts=counts).value == pytest.approx(1.96838240872838, abs=1e-14)
    assert entropy(counts=counts, method="chao-shen").value == pytest.approx(2.20113710127959, abs=1e-13)
    assert entropy(np.array(counts) / 19).value == pytest.approx(1.96838240872838, abs=1e-14)


def hair_and_eyes():
    cases = json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))["cases"]
    expected = next(case["expected"] for case in cases if case["id"] == "mi_haireye")
    with (HERE / "data" / "dev" / "haireye.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    hair, eye = (sorted({row[name] for row in rows}) for name in ("Hair", "Eye"))
    table = np.zeros((len(hair), len(eye)))
    for row in rows:
        table[hair.index(row["Hair"]), eye.index(row["Eye"])] += float(row["Freq"])
    return table, expected


def test_reference_case_of_hair_and_eyes():
    table, expected = hair_and_eyes()
    n = table.sum()
    found = mutual_information(counts=table)
    assert found.value == pytest.approx(expected["mutual_information"], abs=1e-9)
    assert 2 * n * found.value == pytest.approx(expected["G_statistic"], abs=1e-6)
    assert mutual_information(table / n).value == pytest.approx(found.value, rel=1e-12)
    assert joint_entropy(counts=table).value == pytest.approx(expected["H_joint"], abs=1e-9)
    assert joint_entropy(table / n).value == pytest.approx(expected["H_joint"], abs=1e-9)
    given_row = conditional_entropy(counts=table, given=0)
    assert given_row.value == pytest.approx(expected["cond_entropy_col_given_row"], abs=1e-9)
    assert entropy(counts=table.sum(axis=1)).value == pytest.approx(expected["H_row"], abs=1e-9)
    assert entropy(counts=table.sum(axis=0)).value == pytest.approx(expected["H_col"], abs=1e-9)


def test_scipy_agrees_where_it_does_not_renormalise():
    rng = np.random.default_rng(5)
    p, q = rng.dirichlet(np.ones(7), (3, 4)), rng.dirichlet(np.ones(7), 4)
    assert kl_divergence(p, q, axis=-1) == pytest.approx(stats.entropy(p, q, axis=-1), rel=1e-12)
    assert entropy(p, axis=2, unit="bit") == pytest.approx(stats.entropy(p, axis=2, base=2), rel=1e-12)
    assert js_divergence(p, q, axis=-1).shape == (3, 4)


def test_shares_that_do_not_sum_to_one_are_refused():
    """scipy.stats.entropy([.5, .5], [.3, .3]) is 0: it renormalises in silence (scipy#12553)."""
    with pytest.raises(DataError, match=r"q sums to 0\.6, not to 1.*not renormalised"):
        kl_divergence([0.5, 0.5], [0.3, 0.3])


def test_an_impossible_event_costs_infinity():
    """The log_loss of sklearn clips to the smallest float (36 nats), torch's BCELoss at 100."""
    assert cross_entropy([0.5, 0.5], [1.0, 0.0]).value == math.inf
    assert self_information(0.0).value == math.inf
    assert kl_divergence([1.0, 0.0], [0.5, 0.5]).value == pytest.approx(math.log(2), rel=1e-15)
    # torchmetrics takes exp(-inf) * -inf for NaN; an outcome impossible under both costs nothing.
    assert kl_divergence([1.0, 0.0], [1.0, 0.0]).value == 0


# --- accuracy ---------------------------------------------------------------------------------------------------------


def test_close_arrays_keep_eight_digits():
    """At a divergence of 1e-12, where sum p log(p/q) keeps four."""
    delta = 2.0**-20
    p, q = np.array([0.5, 0.5]), np.array([0.5 + delta, 0.5 - delta])
    exact = -0.5 * math.log1p(-((2 * delta) ** 2))
    assert 1e-12 < exact < 1e-11
    assert kl_divergence(p, q).value == pytest.approx(exact, rel=1e-12)


def test_cross_entropy_is_entropy_plus_divergence():
    rng = np.random.default_rng(0)
    for size in (2, 10, 1000):
        p, q = rng.dirichlet(np.ones(size), 2)
        gap = cross_entropy(p, q).value - entropy(p).value - kl_divergence(p, q).value
        assert abs(gap) <= 4e-15 * cross_entropy(p, q).value


def test_orders_of_renyi():
    p, q = [0.5, 0.3, 0.2], [0.2, 0.5, 0.3]
    assert renyi_divergence(p, q, 1).value == kl_divergence(p, q).value
    assert renyi_divergence(p, q, 1 + 1e-7).value == pytest.approx(kl_divergence(p, q).value, rel=1e-6)
    assert renyi_divergence(p, q, 0.5).value == pytest.approx(
        -2 * math.log(1 - hellinger_distance(p, q).value ** 2), rel=1e-13
    )
    assert renyi_divergence(p, q, 2).value == pytest.approx(math.log1p(chi2_divergence(p, q).value), rel=1e-13)
    assert renyi_divergence([0.5, 0.5, 0.0], [0.25, 0.25, 0.5], 0).value == pytest.approx(math.log(2), rel=1e-14)
    far = [1 - 1e-9, 1e-9], [1e-9, 1 - 1e-9]
    assert renyi_divergence(*far, 0.5).value == pytest.approx(
        -2 * math.log(2 * math.sqrt(1e-9 * (1 - 1e-9))), rel=1e-12
    )
    with pytest.raises(ParameterError, match="alpha must be"):
        renyi_divergence(p, q, -1)


def test_power_divergences_by_their_parameter():
    p, q = [0.5, 0.3, 0.2], [0.2, 0.5, 0.3]
    assert power_divergence(p, q, 0).value == kl_divergence(p, q).value
    assert power_divergence(p, q, -1).value == kl_divergence(q, p).value
    assert power_divergence(p, q, 1).value == pytest.approx(0.5 * chi2_divergence(p, q).value, rel=1e-13)
    assert power_divergence(p, q, -0.5).value == pytest.approx(4 * hellinger_distance(p, q).value ** 2, rel=1e-13)
    # scipy's statistic of n observations is 2 n times ours
    n = 10
    statistic = stats.power_divergence(np.array(p) * n, np.array(q) * n, lambda_=2 / 3).statistic
    assert 2 * n * power_divergence(p, q, 2 / 3).value == pytest.approx(statistic, rel=1e-12)


def test_transport():
    p, q = [0.5, 0.2, 0.3], [0.2, 0.5, 0.3]
    expected = stats.wasserstein_distance([1, 2, 5], [1, 2, 5], p, q)
    assert wasserstein_distance(p, q, values=[1, 2, 5]).value == pytest.approx(expected, rel=1e-13)
    x, y = [1.0, 3.0, 4.0], [2.0, 2.5]
    assert wasserstein_distance(sample=(x, y)).value == pytest.approx(stats.wasserstein_distance(x, y), rel=1e-14)
    with pytest.raises(DataError, match="ascending"):
        wasserstein_distance(p, q, values=[1, 5, 2])


# --- units and shapes -------------------------------------------------------------------------------------------------


def test_units():
    assert entropy([0.5, 0.5], unit="bit").value == pytest.approx(1, rel=1e-15)
    assert entropy([0.1] * 10, unit="dit").value == pytest.approx(1, rel=1e-14)
    assert entropy([1 / 3] * 3, unit=3).value == pytest.approx(1, rel=1e-14)
    assert entropy([0.5, 0.5], unit=2).unit == "bit"
    assert entropy([0.5, 0.5], unit=3).to("nat").value == pytest.approx(math.log(2), rel=1e-15)
    assert total_variation([1, 0], [0, 1]).unit == ""
    for unit in ("byte", 1, -2, 0.5):
        with pytest.raises(ParameterError, match="unknown unit"):
            entropy([0.5, 0.5], unit=unit)


def test_a_batch_gives_values():
    p = np.array([[0.5, 0.2], [0.5, 0.8]])
    values = entropy(p, axis=0)
    assert isinstance(values, np.ndarray)
    assert values == pytest.approx([math.log(2), entropy([0.2, 0.8]).value])
    assert isinstance(entropy(p[:, 0]), mle.Estimate)
    assert self_information(p).shape == (2, 2)


def test_arrays_broadcast_along_other_axes():
    p = np.full((4, 3), 1 / 3)
    assert kl_divergence(p, [0.2, 0.3, 0.5], axis=1).shape == (4,)
    with pytest.raises(DataError, match="outcomes"):
        kl_divergence([0.5, 0.5], [0.2, 0.3, 0.5])
    with pytest.raises(DataError, match="do not broadcast"):
        kl_divergence(np.full((4, 2), 0.5), np.full((3, 2), 0.5), axis=1)


def test_single_precision_is_taken_at_its_word():
    p = np.full(1000, np.float32(1e-3))
    assert entropy(p).value == pytest.approx(math.log(1000), rel=1e-6)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([4, 2, 3], "p sums to 9, not to 1.*counts="),
        ([0.333, 0.333, 0.333], "p sums to 0.999, not to 1"),
        ([1.5, -0.5], "2 of 2 are not probabilities"),
        ([0.5, math.nan], r"missing \(NaN\); the first is p\[1\]"),
        ([], "is empty"),
        (["a", "b"], "expected numbers"),
        (np.ma.masked_array([0.5, 0.5], [True, False]), "is masked"),
    ],
)
def test_what_is_no_law_is_refused(p, message):
    with pytest.raises(DataError, match=message):
        entropy(p)


def test_one_thing_at_a_time():
    for call in (
        lambda: entropy(),
        lambda: entropy([0.5, 0.5], counts=[1, 2]),
        lambda: kl_divergence([0.5, 0.5]),
        lambda: entropy([0.5, 0.5], method="nsb"),
        lambda: conditional_entropy([[1.0]], given=2),
        lambda: mutual_information(sample=[1, 2]),
        lambda: wasserstein_distance([1.0], [1.0], sample=([1], [2])),
    ):
        with pytest.raises(ParameterError):
            call()


def test_counts_must_be_counts():
    for counts, message in (([1.5, 2], "not whole numbers"), ([0, 0], "all are 0"), ([[1, 2]], "one dimension")):
        with pytest.raises(DataError, match=message):
            kl_divergence(counts=counts, q=[0.5, 0.5])
    with pytest.raises(DataError, match="of 3 outcomes"):
        kl_divergence(counts=[1, 2, 3], q=[0.5, 0.5])
    with pytest.raises(DataError, match="table of joint probabilities"):
        mutual_information([0.5, 0.5])


# --- data -------------------------------------------------------------------------------------------------------------


def test_counts_have_a_standard_error():
    """SE² = (Σ p̂ log²(p̂/q) - KL²) / n; simulated with 4000 samples of 200."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    rng = np.random.default_rng(7)
    samples = rng.multinomial(200, p, size=4000)
    simulated = np.std(kl_divergence(samples / 200, q, axis=1))
    assert kl_divergence(counts=200 * p, q=q).se == pytest.approx(simulated, rel=0.05)
    mutual = np.array([[0.4, 0.1], [0.1, 0.4]])
    tables = rng.multinomial(200, mutual.ravel(), size=2000).reshape(-1, 2, 2)
    simulated = np.std([mutual_information(table / 200).value for table in tables])
    assert mutual_information(counts=200 * mutual).se == pytest.approx(simulated, rel=0.05)


def test_counts_that_the_model_forbids():
    found = kl_divergence(counts=[1, 3], q=[0.0, 1.0])
    assert (found.value, found.reason) == (math.inf, "q is 0 at [0], which was seen 1 times")


def test_a_sample_against_a_law_is_the_report_of_its_fit():
    x = np.random.default_rng(3).gamma(2.0, 3.0, 300)
    fit = mle.fit(x, "gamma")
    report = fit.information()
    assert cross_entropy(sample=x, q=fit).value == pytest.approx(report.cross_entropy.value, rel=1e-13)
    found = kl_divergence(sample=x, q=fit)
    assert found.value == pytest.approx(report.kl.value, abs=1e-12)
    assert found.se == pytest.approx(report.kl.se, rel=1e-9)
    counts = np.random.default_rng(3).poisson(3.0, 300)
    fit = mle.fit(counts, "poisson")
    assert kl_divergence(sample=counts, q=fit).value == pytest.approx(fit.kl.value, abs=1e-12)


def test_an_observation_outside_the_model():
    found = kl_divergence(sample=[-1.0, 2.0], q=mle.distribution("gamma", shape=2, scale=1))
    assert found.value == math.inf
    assert "no density to 1 of 2 observations; the first is in row 0" in found.reason


def test_two_samples():
    rng = np.random.default_rng(11)
    x, y = rng.normal(0, 1, 2000), rng.normal(1, 2, 2000)
    found = kl_divergence(sample=(x, y))
    assert abs(found.value - 0.44314718055995) < 0.15
    pairs = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 2000)
    mutual = mutual_information(sample=(pairs[:, 0], pairs[:, 1]))
    assert abs(mutual.value - -0.5 * math.log(1 - 0.64)) < 0.1
