"""Entropy of counts: published values, standard errors that are the spread, and no number where there is none."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import HERE, column
from scipy import integrate, special

from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.information import counts as module
from mle_toolkit.information.counts import entropy_of_counts

METHODS = (
    "plug-in",
    "miller-madow",
    "jeffreys",
    "laplace",
    "grassberger",
    "chao-shen",
    "chao-wang-jost",
    "james-stein",
    "nsb",
)

Y = [4, 2, 3, 0, 2, 4, 0, 0, 2, 1, 1]
"""The example of the R package entropy 1.3.2: n = 19, K = 11."""

NDD = [4, 12, 4, 5, 3, 1, 5, 1, 2, 2, 2, 2, 11, 3, 4, 12, 12, 1, 2]
"""The counts of the README of the package ndd."""

tables = st.lists(st.integers(0, 30), min_size=2, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # The example of R's entropy 1.3.2, with the formulas of its source.
        ("plug-in", 1.96838240872838),
        ("miller-madow", 2.15259293504417),
        ("jeffreys", 2.17948038272370),
        ("laplace", 2.25787551869304),
        ("chao-shen", 2.20113710127959),
        ("james-stein", 2.37960289530996),
        # R's manual prints 2.187774; more digits by quadrature.
        ("nsb", 2.18777446308974),
        # Grassberger (2003), arXiv:physics/0307138, and Chao, Wang & Jost (2013), from their formulas.
        ("grassberger", 2.14462638603143),
        ("chao-wang-jost", 2.19711603901733),
    ],
)
def test_published_values(method, expected):
    assert entropy_of_counts(Y, method).value == pytest.approx(expected, abs=2e-11 if method == "nsb" else 1e-13)


@pytest.mark.parametrize(
    ("a", "expected"),
    [
        (1 / 11, 2.03688780812372),  # Schürmann & Grassberger
        (math.sqrt(19) / 11, 2.15409118993096),  # minimax
    ],
)
def test_other_pseudo_counts(a, expected):
    """R's entropy.Dirichlet with the two other priors of its manual."""
    estimate = module._with_pseudo_counts(module._Table.of(Y), a, "")
    assert estimate.value == pytest.approx(expected, abs=1e-13)


def test_the_shrinkage_is_that_of_r():
    """R's lambda.shrink for the example."""
    assert "0.766" in entropy_of_counts(Y, "james-stein").method
    n, p = 19, np.array(Y) / 19
    shrinkage = 0.766393442622951
    assert (1 - np.sum(p**2)) / ((n - 1) * np.sum((1 / 11 - p) ** 2)) == pytest.approx(shrinkage, rel=1e-13)
    q = shrinkage / 11 + (1 - shrinkage) * p
    assert entropy_of_counts(Y, "james-stein").value == pytest.approx(-np.sum(q * np.log(q)), rel=1e-13)


def test_the_digamma_estimator_below_grassbergers():
    """It is log n - Σ n ψ(n) / n, without the alternating term."""
    table = module._Table.of(Y)
    assert module._sum_of_terms(module._digamma(table.summary), table) == pytest.approx(2.19709324055920, abs=1e-13)


def test_nsb_with_other_numbers_of_values():
    """K = 8 by quadrature; the README of ndd with K = 100: 2.8060922529931225 ± 0.11945501, which is good to 2e-6."""
    assert entropy_of_counts([c for c in Y if c], "nsb").value == pytest.approx(2.00284354811923, abs=2e-11)
    estimate = entropy_of_counts(NDD + [0] * 81, "nsb")
    assert estimate.value == pytest.approx(2.8060922529931225, rel=1e-5)
    assert estimate.value == pytest.approx(2.806096916, abs=5e-10)  # exact quadrature
    assert estimate.se == pytest.approx(0.119476909, abs=5e-10)


def test_nsb_is_not_the_value_of_infomeasure():
    """The package infomeasure 0.6.3 gives 1.9619 for the example, from a wrong likelihood and a range cut at log K."""
    assert abs(entropy_of_counts(Y, "nsb").value - 1.9619) > 0.2
    assert abs(entropy_of_counts(Y, "nsb").se - 0.14089) < 5e-6


def test_the_posterior_moments_are_those_of_quadrature():
    """For K = 2 the posterior of p given β is a beta law, over which entropy and its square are integrated directly."""
    table = module._Table.of([3, 1])

    def h(p):
        return special.entr(p) + special.entr(1 - p)

    def moment(beta, power):
        a, b = 3 + beta, 1 + beta
        density = lambda p: p ** (a - 1) * (1 - p) ** (b - 1) / special.beta(a, b)  # noqa: E731
        return integrate.quad(lambda p: h(p) ** power * density(p), 0, 1, epsabs=1e-13, epsrel=1e-13)[0]

    for beta in (0.3, 1.0, 40.0):
        mean, variance = module._posterior_moments(np.array([math.log(beta)]), table)
        assert mean == pytest.approx(moment(beta, 1), rel=1e-10)
        assert variance == pytest.approx(moment(beta, 2) - moment(beta, 1) ** 2, rel=1e-7)


def test_the_slope_of_the_prior_entropy_has_no_seam():
    beta = np.array([50 - 1e-9, 50 + 1e-9])
    below, above = module._slope_of_prior_entropy(beta, 7)
    assert above == pytest.approx(below, rel=1e-9)


@pytest.mark.parametrize("name", ["entropy_docvec", "entropy_federalist"])
def test_reference_cases(name):
    """Base R formulas and 40-digit arithmetic; the tolerance is that of the cases."""
    cases = json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))["cases"]
    expected = next(case for case in cases if case["id"] == name)["expected"]
    ours = {
        "ML": "plug-in",
        "miller_madow": "miller-madow",
        "jeffreys_a0_5": "jeffreys",
        "laplace_a1": "laplace",
        "chao_shen": "chao-shen",
        "shrink": "james-stein",
    }
    for theirs, method in ours.items():
        assert entropy_of_counts(expected["counts"], method).value == pytest.approx(
            expected["expected_nats"][theirs], abs=1e-12
        )


def test_the_unseen_part_of_chao_wang_jost_is_its_series():
    """f1/n Σ (1 - A)^(s+1) / (n + s), against direct summation where that is possible."""
    for n, once, twice in [(19.0, 2.0, 3.0), (19.0, 3.0, 0.0), (1000.0, 400.0, 30.0), (50.0, 1.0, 12.0)]:
        pairs = 2 * twice if twice else 2.0
        a = pairs / ((n - 1) * (once if twice else once - 1) + pairs)
        s = np.arange(0, int(60 / a) + 60)
        expected = once / n * math.fsum((1 - a) ** (s + 1) / (n + s))
        assert module._unseen_entropy(module._Summary(n, 9.0, once, twice)) == pytest.approx(expected, rel=1e-12)


def test_the_jackknife_leaves_out_one_observation_at_a_time():
    """The four classes of left-out observations against the estimator on every reduced table."""
    for method in ("miller-madow", "chao-shen", "chao-wang-jost"):
        left_out = []
        for k in np.flatnonzero(Y):
            reduced = [c - (j == k) for j, c in enumerate(Y)]
            left_out += [entropy_of_counts(reduced, method).value] * Y[k]
        n = len(left_out)
        expected = math.sqrt((n - 1) / n * np.sum(np.square(left_out - np.mean(left_out))))
        assert entropy_of_counts(Y, method).se == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_the_standard_error_is_the_spread(method):
    """200 tables of 300 observations; the sample sd is known to 5 % and the error is within 25 % of it."""
    shares = np.array([0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.02])
    drawn = np.random.default_rng(1).multinomial(300, shares, size=200)
    found = [entropy_of_counts(table, method) for table in drawn]
    spread = np.std([estimate.value for estimate in found])
    assert np.mean([estimate.se for estimate in found]) == pytest.approx(spread, rel=0.25)
    # The plug-in is (K - 1) / (2 n) = 0.22 standard errors too low. The mean of 200 is known to 0.07.
    bias = np.mean([estimate.value for estimate in found]) + np.sum(shares * np.log(shares))
    assert abs(bias) < (0.2 if method in ("miller-madow", "grassberger", "chao-wang-jost", "nsb") else 0.6) * spread


@pytest.mark.parametrize("method", ["chao-shen", "chao-wang-jost", "nsb", "grassberger"])
def test_where_most_values_are_unseen_corrections_halve_the_bias_at_least(method):
    """200 observations of 1000 values with shares like 1 / k^1.2: the plug-in is 0.75 nats too low."""
    shares = 1 / np.arange(1, 1001) ** 1.2
    shares /= shares.sum()
    truth = -np.sum(shares * np.log(shares))
    drawn = np.random.default_rng(2).multinomial(200, shares, size=30)
    plain = np.mean([entropy_of_counts(table).value for table in drawn]) - truth
    found = [entropy_of_counts(table, method) for table in drawn]
    assert plain < -0.6
    assert abs(np.mean([estimate.value for estimate in found]) - truth) < 0.55 * abs(plain)
    assert all("undersampled" in estimate.flags for estimate in found)
    assert np.mean(["mostly_unseen" in estimate.flags for estimate in found]) > 0.8  # by an estimate of the unseen


def test_pseudo_counts_that_outweigh_the_data_are_flagged():
    few = [3, 2, 1] + [0] * 97
    assert "prior_dominates" in entropy_of_counts(few, "laplace").flags
    assert "prior_dominates" not in entropy_of_counts([30, 20, 10], "laplace").flags
    assert "mostly_unseen" in entropy_of_counts([300, 200, 100] + [0] * 97, "laplace").flags
    assert entropy_of_counts([300, 200, 100] + [0] * 97, "miller-madow").flags == ()


@pytest.mark.parametrize("method", METHODS)
@given(counts=tables)
def test_the_order_of_values_does_not_matter(method, counts):
    ordered = entropy_of_counts(sorted(counts), method)
    assert entropy_of_counts(counts, method).value == pytest.approx(ordered.value, rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("method", METHODS)
@given(counts=tables)
def test_every_value_is_a_number_with_an_error_or_a_reason(method, counts):
    estimate = entropy_of_counts(counts, method)
    assert math.isfinite(estimate.value)
    assert (estimate.se is None) == (estimate.reason is not None)
    assert estimate.se is None or (math.isfinite(estimate.se) and estimate.se > 0)


@given(counts=tables)
def test_entropies_of_shares_lie_between_zero_and_log_k(counts):
    for method in ("plug-in", "jeffreys", "laplace", "james-stein", "nsb"):
        assert -1e-15 <= entropy_of_counts(counts, method).value <= math.log(len(counts)) * (1 + 1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_with_many_observations_all_methods_agree(method):
    """The Federalist counts a million times over."""
    counts = 1_000_000 * column("federalist", "freq")
    plain = entropy_of_counts(counts)
    estimate = entropy_of_counts(counts, method)
    assert estimate.value == pytest.approx(plain.value, abs=2e-7)
    assert estimate.se == pytest.approx(plain.se, rel=1e-3)


def test_equal_counts_do_not_look_exact():
    """The first-order variance is 0 there; the second-order one, (K - 1) / (2 n²), is what is left."""
    assert entropy_of_counts([50, 50]).se == pytest.approx(math.sqrt(0.5) / 100, rel=1e-12)
    assert "shrunk to 1/K" in entropy_of_counts([50, 50], "james-stein").reason


@pytest.mark.parametrize(
    ("counts", "reason"), [([7, 0, 0], "one value seen"), ([1, 0], "one observation"), ([3], "one value")]
)
def test_what_says_nothing_of_its_spread_has_a_reason_instead(counts, reason):
    estimate = entropy_of_counts(counts, "miller-madow")
    assert estimate.value == 0.0
    assert estimate.se is None
    assert reason in estimate.reason


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([1, 2.5, 3], r"1 of 3 are not whole numbers from 0; the first is counts\[1\] = 2.5"),
        ([0.2, 0.8], r"2 of 2 .* For probabilities use entropy\(p\)"),
        ([4, -1], r"counts\[1\] = -1"),
        ([4, math.nan], r"counts\[1\] = nan"),
        ([4, math.inf], r"counts\[1\] = inf"),
        ([0, 0], "all 2 are 0"),
        ([], "there are none"),
        ([[1, 2], [3, 4]], "shape"),
    ],
)
def test_what_are_no_counts_is_refused(counts, message):
    with pytest.raises(DataError, match=message):
        entropy_of_counts(counts)


def test_unknown_methods_and_a_prior_for_one_value_are_refused():
    with pytest.raises(ParameterError, match="unknown method 'ml' for the entropy of counts; choose plug-in"):
        entropy_of_counts(Y, "ml")
    with pytest.raises(ParameterError, match="two values or more"):
        entropy_of_counts([5], "nsb")
