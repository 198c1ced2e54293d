"""Entropy, divergence and mutual information of samples: the formulas, known truths, and no number made of ties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from mle_toolkit import Sample
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.information.model_free import spacing_entropy
from mle_toolkit.information.mutual import mutual_information_of_sample
from mle_toolkit.information.samples import kl_of_samples
from mle_toolkit.information.spacings import entropy_of_sample

ONE_DIMENSIONAL = ("spacing", "vasicek", "van-es", "ebrahimi", "nearest-neighbour")

WINDOWED = ("vasicek", "van-es", "ebrahimi")

seeds = st.integers(0, 2**32 - 1)


def draws(law, n, seed):
    return law.rvs(n, random_state=seed)


# --- entropy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", WINDOWED)
@pytest.mark.parametrize(("n", "window"), [(3, 1), (12, 5), (100, None), (500, 7), (2000, None)])
def test_estimators_on_the_scale_of_x_are_those_of_scipy(method, n, window):
    x = draws(stats.gamma(2.0), n, n)
    theirs = stats.differential_entropy(x, method=method.replace("-", " "), window_length=window) if n > 3 else None
    ours = entropy_of_sample(x, method, window=window).value
    if theirs is None:
        theirs = stats.differential_entropy(x, method=method.replace("-", " "), window_length=1)
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_the_default_is_the_estimator_of_the_report():
    x = draws(stats.gamma(2.0), 300, 1)
    assert entropy_of_sample(x) == entropy_of_sample(x, "spacing") == spacing_entropy(Sample(x)).estimate


def test_neighbours_of_single_numbers_follow_the_formula():
    """ψ(n) - ψ(k) + log 2 + mean log of the distance to neighbour k = 5; the scale of whitening cancels."""
    x = draws(stats.norm(), 60, 2)
    distance = np.sort(np.abs(x[:, None] - x), axis=1)[:, 5]
    expected = special.psi(60) - special.psi(5) + math.log(2) + np.mean(np.log(distance))
    assert entropy_of_sample(x, "nearest-neighbour").value == pytest.approx(expected, rel=1e-13)
    assert entropy_of_sample(x.reshape(-1, 1), "nearest-neighbour").value == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("method", ONE_DIMENSIONAL)
@settings(max_examples=20, deadline=None)
@given(seed=seeds, shift=st.floats(-10, 10), log_scale=st.floats(-5, 5))
def test_a_change_of_unit_adds_the_log_of_the_factor(method, seed, shift, log_scale):
    """Of data of both signs; positive ones have another scale, where only a factor is free."""
    x = draws(stats.t(3), 100, seed)
    x -= np.median(x)
    scale = math.exp(log_scale)
    moved = scale * (x + (0.0 if method == "spacing" else shift))
    gain = entropy_of_sample(moved, method).value - entropy_of_sample(x, method).value
    assert gain == pytest.approx(log_scale, abs=1e-8)


def test_a_linear_map_of_vectors_adds_the_log_of_its_determinant():
    x = np.random.default_rng(3).normal(size=(200, 3))
    map_ = np.array([[2.0, 0.0, 1.0], [0.5, 1.0, 0.0], [0.0, 3.0, 1.0]])
    gain = entropy_of_sample(x @ map_ + 7.0).value - entropy_of_sample(x).value
    assert gain == pytest.approx(math.log(np.linalg.det(map_)), abs=1e-9)


@pytest.mark.parametrize(
    ("method", "bias"),
    # At n = 400; the mean of 100 is known to 0.004, and the bias on the scale of x is that of INFORMATION on spacings.
    [("spacing", 0.012), ("vasicek", 0.035), ("van-es", 0.12), ("ebrahimi", 0.03), ("nearest-neighbour", 0.02)],
)
def test_the_entropy_of_a_normal_law_and_the_spread_of_its_estimate(method, bias):
    rng = np.random.default_rng(4)
    found = [entropy_of_sample(rng.normal(size=400), method) for _ in range(100)]
    values = np.array([estimate.value for estimate in found])
    assert abs(values.mean() - stats.norm.entropy()) < bias
    assert np.mean([estimate.se for estimate in found]) == pytest.approx(values.std(), rel=0.25)


def test_the_entropy_of_normal_vectors():
    """Within four standard errors, at n = 5000 in two dimensions, with a correlation of 0.8."""
    cov = np.array([[1.0, 0.8], [0.8, 1.0]])
    x = np.random.default_rng(5).multivariate_normal([0, 0], cov, size=5000)
    estimate = entropy_of_sample(x)
    truth = 0.5 * math.log(np.linalg.det(2 * math.pi * math.e * cov))
    assert abs(estimate.value - truth) < 4 * estimate.se
    assert estimate.value == entropy_of_sample(x.tolist(), "nearest-neighbour").value


@pytest.mark.parametrize("method", ONE_DIMENSIONAL)
def test_rounded_data_have_no_entropy_of_minus_infinity(method):
    """SciPy's differential_entropy of normals rounded to 0.5, n = 200, is -inf."""
    x = np.round(draws(stats.norm(), 200, 1) / 0.5) * 0.5
    with pytest.raises(DataError, match=r"repeat others.*counts") as caught:
        entropy_of_sample(x, method)
    assert "delta_ce" not in str(caught.value)


@pytest.mark.parametrize("method", WINDOWED)
def test_fine_rounding_is_flagged_with_its_effect(method):
    """A step of 0.02 at n = 300, where windows are 34 observations wide: the effect is below the error said."""
    x = draws(stats.norm(), 300, 6)
    exact, rounded = entropy_of_sample(x, method), entropy_of_sample(np.round(x / 0.02) * 0.02, method)
    assert rounded.flags == ("ties",)
    assert 0 < rounded.error < 0.01
    assert abs(rounded.value - exact.value) < 0.01


@pytest.mark.parametrize("method", WINDOWED)
def test_ties_off_a_grid_are_refused(method):
    with pytest.raises(DataError, match="no grid"):
        entropy_of_sample(np.repeat(draws(stats.norm(), 150, 7), 2), method)


def test_frequency_weights_are_repeated_observations():
    x = draws(stats.norm(), 200, 8)
    weights = np.ones(200)
    weights[3] = 2
    repeated = np.append(x, x[3])
    for method in ("spacing", "vasicek", "nearest-neighbour"):
        weighted = entropy_of_sample(Sample(x, weights), method).value
        assert weighted == pytest.approx(entropy_of_sample(repeated, method).value, rel=1e-12)
    with pytest.raises(DataError, match="whole numbers"):
        entropy_of_sample(Sample(x, weights, "reliability"), "vasicek")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: entropy_of_sample(x, "knn"), ParameterError, "unknown method 'knn'.*choose spacing, vasicek"),
        (lambda x: entropy_of_sample(x, window=3), ParameterError, "only vasicek, van-es, ebrahimi"),
        (lambda x: entropy_of_sample(x, "vasicek", window=20), ParameterError, "from 1 to 19 for 40"),
        (lambda x: entropy_of_sample(x, "vasicek", window=0), ParameterError, "got 0"),
        (lambda x: entropy_of_sample(x[:2], "vasicek"), DataError, "three observations"),
        (lambda x: entropy_of_sample(x[:1]), DataError, "one observation"),
        (lambda x: entropy_of_sample(np.full(9, 2.0)), DataError, "equal"),
        (lambda x: entropy_of_sample(x.reshape(-1, 2), "van-es"), ParameterError, "vectors of 2"),
        (lambda x: entropy_of_sample(Sample.right_censored(np.abs(x), x > 0)), DataError, "censored"),
        (lambda x: entropy_of_sample(np.append(x, np.nan)), DataError, "missing"),
    ],
)
def test_what_has_no_entropy_says_why(call, error, message):
    with pytest.raises(error, match=message):
        call(draws(stats.norm(), 40, 9))


# --- divergence -----------------------------------------------------------------------------------------------------


def distances(x, y):
    """All distances between rows, in order."""
    return np.sort(np.sqrt(np.sum(np.square(x[:, None] - y), axis=2)), axis=1)


def whitened(x, y):
    both = np.concatenate([x, y])
    root = np.linalg.cholesky(np.cov(both.T, bias=True).reshape(x.shape[1], x.shape[1]))
    return np.linalg.solve(root, x.T).T, np.linalg.solve(root, y.T).T


@pytest.mark.parametrize("d", [1, 3])
def test_a_fixed_number_of_neighbours_follows_the_formula(d):
    """d/n Σ log(ν_k / ρ_k) + log(m / (n - 1)): Wang, Kulkarni & Verdú (2009)."""
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(40, d)), rng.normal(0.5, 1.5, size=(55, d))
    z_x, z_y = whitened(x, y)
    for k in (1, 4):
        own, other = distances(z_x, z_x)[:, k], distances(z_x, z_y)[:, k - 1]
        expected = d * np.mean(np.log(other / own)) + math.log(55 / 39)
        assert kl_of_samples(x, y, k=k, rng=0).value == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("d", [1, 2])
def test_an_adapted_number_of_neighbours_follows_the_formula(d):
    """Numbers l, k of x and of y, at most 10, in the smallest ball with three of each."""
    rng = np.random.default_rng(11)
    x, y = rng.normal(size=(60, d)), rng.normal(0.5, 1.5, size=(45, d))
    z_x, z_y = whitened(x, y)
    own, other = distances(z_x, z_x)[:, 1:], distances(z_x, z_y)
    total = 0.0
    for i in range(60):
        ball = max(own[i, 2], other[i, 2])
        l = min(int(np.sum(own[i] <= ball)), 10)  # noqa: E741
        k = min(int(np.sum(other[i] <= ball)), 10)
        total += d * math.log(other[i, k - 1] / own[i, l - 1]) + special.psi(l) - special.psi(k)
    assert kl_of_samples(x, y, rng=0).value == pytest.approx(total / 60 + math.log(45 / 59), rel=1e-10)


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        (stats.norm(), stats.norm(1, 2), 0.44314718055995),
        (stats.norm(), stats.norm(1, 1), 0.5),
        (stats.expon(scale=0.5), stats.expon(), 0.19314718055995),
        (stats.laplace(), stats.laplace(1, 2), 0.37708690114567),
        (stats.cauchy(), stats.cauchy(1, 2), 0.22314355131421),
    ],
)
def test_known_divergences(p, q, truth):
    """Within three standard errors and 0.02 nats, for the bias, at n = 2000."""
    estimate = kl_of_samples(draws(p, 2000, 12), draws(q, 2000, 13), rng=0)
    assert abs(estimate.value - truth) < 3 * estimate.se + 0.02
    assert estimate.se < 0.1
    assert "x_outside_y" not in estimate.flags


def test_a_known_divergence_in_three_dimensions():
    """N(0, I) and N((1, 0, 0), I): 1/2, within three standard errors and 0.05 for the bias, at n = 2000."""
    rng = np.random.default_rng(14)
    estimate = kl_of_samples(rng.normal(size=(2000, 3)), rng.normal([1, 0, 0], size=(2000, 3)), rng=0)
    assert abs(estimate.value - 0.5) < 3 * estimate.se + 0.05
    assert estimate.flags == ()


def test_of_one_law_the_divergence_is_zero_on_average_and_negative_ones_stay():
    """60 pairs at n = 200: the mean within four of its errors, its spread within a half of the standard errors."""
    rng = np.random.default_rng(15)
    found = [kl_of_samples(rng.normal(size=200), rng.normal(size=200), rng=0) for _ in range(60)]
    values = np.array([estimate.value for estimate in found])
    assert abs(values.mean()) < 4 * values.std() / math.sqrt(60)
    assert 10 < np.sum(values < 0) < 50
    errors = np.array([estimate.se for estimate in found])
    assert values.std() < errors.mean() < 2 * values.std()
    near = [estimate for estimate in found if "indistinguishable_from_zero" in estimate.flags]
    assert len(near) > 50
    assert all(estimate.interval is None or estimate.interval[0] == -math.inf for estimate in near)


def test_off_zero_the_standard_error_is_the_spread():
    rng = np.random.default_rng(16)
    found = [kl_of_samples(rng.normal(size=400), rng.normal(1, 2, size=400), rng=0) for _ in range(40)]
    spread = np.std([estimate.value for estimate in found])
    assert 0.8 * spread < np.mean([estimate.se for estimate in found]) < 1.6 * spread


def test_where_y_does_not_reach_the_divergence_is_flagged_as_too_low():
    """N(1, 2) from N(0, 1) in three dimensions: 3.92, of which y shows less than half."""
    rng = np.random.default_rng(17)
    estimate = kl_of_samples(rng.normal(1, 2, size=(500, 3)), rng.normal(size=(500, 3)), rng=0)
    assert estimate.value < 2.5
    assert "x_outside_y" in estimate.flags


def test_a_linear_map_of_both_samples_changes_nothing():
    rng = np.random.default_rng(18)
    x, y = rng.normal(size=(150, 2)), rng.normal(0.5, 1.0, size=(120, 2))
    map_ = np.array([[3.0, 1.0], [0.0, 1e-4]])
    before, after = kl_of_samples(x, y, rng=0), kl_of_samples(x @ map_ + 5.0, y @ map_ + 5.0, rng=0)
    assert after.value == pytest.approx(before.value, abs=1e-9)


def test_only_the_standard_error_is_random_and_a_seed_fixes_it():
    x, y = draws(stats.norm(), 100, 19), draws(stats.norm(1), 100, 20)
    assert kl_of_samples(x, y, rng=1) == kl_of_samples(x, y, rng=1)
    assert kl_of_samples(x, y, rng=1).value == kl_of_samples(x, y, rng=2).value
    assert kl_of_samples(x, y, rng=1).se != kl_of_samples(x, y, rng=2).se


def test_few_observations_have_a_reason_instead_of_a_standard_error():
    estimate = kl_of_samples([0.1, 0.5, 0.9], [0.2, 0.4, 0.8], rng=0)
    assert estimate.se is None
    assert "too few" in estimate.reason
    assert "few_observations" in estimate.flags


def test_finely_rounded_samples_are_flagged_and_coarse_ones_refused():
    rng = np.random.default_rng(21)
    x, y = rng.normal(size=(2000, 3)), rng.normal(1, 1, size=(2000, 3))
    exact = kl_of_samples(x, y, rng=0)
    fine = kl_of_samples(np.round(x, 2), np.round(y, 2), rng=0)
    assert "ties" in fine.flags
    assert abs(fine.value - exact.value) < 2 * fine.error < 0.02
    with pytest.raises(DataError, match=r"4.8 % of the rows of x equal another of x.*rounded"):
        kl_of_samples(np.round(x, 1), np.round(y, 1), rng=0)


NORMALS = np.random.default_rng(22).normal(size=(60, 2))


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "message"),
    [
        (NORMALS, NORMALS, {}, DataError, "0 % of the rows of x equal another of x, and 1e[+]02 % one of y"),
        (NORMALS[:, 0], np.repeat(NORMALS[:, 1], 2), {}, DataError, "no grid"),
        (NORMALS[:, 0], NORMALS, {}, DataError, "1 numbers an observation and y 2"),
        (NORMALS[:1], NORMALS, {}, DataError, "two or more"),
        (NORMALS[:, [0, 0]], NORMALS, {}, DataError, "x: 60 rows lie in a hyperplane"),
        (NORMALS[:, 0], np.zeros(10), {}, DataError, "y"),
        (np.round(NORMALS[:, 0]), np.round(NORMALS[:, 1]), {}, DataError, "no ties"),
        (NORMALS[:, 0], NORMALS[:, 1], {"k": 60}, ParameterError, "from 1 to 59"),
        (NORMALS[:, 0], NORMALS[:, 1], {"k": 2.5}, ParameterError, "got 2.5"),
    ],
)
def test_what_has_no_divergence_says_why(x, y, options, error, message):
    with pytest.raises(error, match=message):
        kl_of_samples(x, y, **options)


# --- mutual information ---------------------------------------------------------------------------------------------


def ksg_by_hand(x, y, k, method):
    """Equations 8 and 9 of Kraskov, Stögbauer & Grassberger (2004), by all pairs."""
    n = len(x)
    d_x, d_y = (np.abs(part[:, None] - part).max(axis=2) for part in (x, y))
    joint = np.maximum(d_x, d_y)
    total = 0.0
    for i in range(n):
        others = np.delete(np.arange(n), i)
        nearest = others[np.argsort(joint[i, others])[:k]]
        if method == "ksg1":
            ball = joint[i, nearest[-1]]
            total += sum(special.psi(np.sum(d[i, others] < ball) + 1) for d in (d_x, d_y))
        else:
            total += sum(special.psi(np.sum(d[i, others] <= d[i, nearest].max())) for d in (d_x, d_y)) + 1 / k
    return special.psi(k) + special.psi(n) - total / n


@pytest.mark.parametrize("method", ["ksg1", "ksg2"])
@pytest.mark.parametrize("columns", [(1, 1), (2, 1), (1, 3)])
def test_mutual_information_follows_the_formula(method, columns):
    rng = np.random.default_rng(23)
    x, y = rng.normal(size=(80, columns[0])), rng.exponential(size=(80, columns[1]))
    y[:, 0] += x[:, 0]
    scaled = [(part - part.mean(axis=0)) / part.std(axis=0) for part in (x, y)]
    for k in (1, 3, 5):
        found = mutual_information_of_sample(x, y, k=k, method=method, rng=0)
        assert found.value == pytest.approx(ksg_by_hand(*scaled, k, method), abs=1e-13)
        assert found.flags[-1:] == (("not_root_n",) if sum(columns) == 4 else found.flags[-1:])


@pytest.mark.parametrize("method", ["ksg1", "ksg2"])
@pytest.mark.parametrize("correlation", [0.6, 0.9])
def test_the_mutual_information_of_normals(method, correlation):
    """-log(1 - ρ²) / 2, within four standard errors at n = 2000."""
    cov = [[1, correlation], [correlation, 1]]
    x, y = np.random.default_rng(24).multivariate_normal([0, 0], cov, size=2000).T
    estimate = mutual_information_of_sample(x, y, method=method, rng=0)
    assert abs(estimate.value + 0.5 * math.log(1 - correlation**2)) < 4 * estimate.se
    assert estimate.se < 0.05


@pytest.mark.parametrize("method", ["ksg1", "ksg2"])
def test_of_independent_variables_it_is_zero_on_average_and_negative_ones_stay(method):
    """40 pairs of 200: the mean within five of its errors. A clipped estimate would have no negative value."""
    rng = np.random.default_rng(25)
    found = [mutual_information_of_sample(*rng.normal(size=(2, 200)), method=method, rng=0) for _ in range(40)]
    values = np.array([estimate.value for estimate in found])
    assert abs(values.mean()) < 5 * values.std() / math.sqrt(40)
    assert 5 < np.sum(values < 0) < 35
    assert values.std() < np.mean([estimate.se for estimate in found]) < 2 * values.std()
    assert all("indistinguishable_from_zero" in estimate.flags for estimate in found if estimate.value < 0)


def test_it_is_symmetric_and_keeps_its_value_under_monotone_maps():
    """Exactly so for changes of unit, and within a standard error for exp and cube."""
    rng = np.random.default_rng(26)
    x = rng.normal(size=1000)
    y = 0.8 * x + 0.6 * rng.normal(size=1000)
    before = mutual_information_of_sample(x, y, rng=0)
    assert mutual_information_of_sample(y, x, rng=0).value == pytest.approx(before.value, abs=1e-12)
    assert mutual_information_of_sample(5 - 3 * x, 1e6 * y, rng=0).value == pytest.approx(before.value, abs=1e-3)
    assert abs(mutual_information_of_sample(np.exp(0.5 * x), np.arcsinh(y), rng=0).value - before.value) < before.se


def test_coarse_grids_are_refused_and_fine_ones_flagged():
    x, y = np.random.default_rng(27).normal(size=(2, 400))
    with pytest.raises(DataError, match="rounded"):
        mutual_information_of_sample(np.round(x, 1), y, rng=0)
    fine = mutual_information_of_sample(np.round(x, 3), np.round(y, 3), rng=0)
    assert "ties" in fine.flags
    assert abs(fine.value - mutual_information_of_sample(x, y, rng=0).value) < fine.error


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "message"),
    [
        (NORMALS[:, 0], NORMALS[:50, 1], {}, DataError, "x has 60 observations and y 50"),
        (NORMALS[:, 0], np.ones(60), {}, DataError, "y"),
        (NORMALS[:, 0], np.arange(60) % 3, {}, DataError, "rounded|ties"),
        (NORMALS[:, 0], NORMALS[:, 1], {"method": "ksg"}, ParameterError, "choose ksg1, ksg2"),
        (NORMALS[:, 0], NORMALS[:, 1], {"k": 0}, ParameterError, "from 1 to 59"),
        ([1.0], [2.0], {}, DataError, "one pair"),
    ],
)
def test_what_has_no_mutual_information_says_why(x, y, options, error, message):
    with pytest.raises(error, match=message):
        mutual_information_of_sample(x, y, rng=0, **options)


@pytest.mark.parametrize("n", [100, 500])
@pytest.mark.parametrize("noise", [1e-6, 1e-3, 0.01, 0.1])
def test_mutual_information_near_a_line_does_not_saturate(n, noise):
    """KSG ends near log n there, with an interval of no width; I(x, x + s e) = log(1 + 1/s²) / 2."""
    x, e = np.random.default_rng(0).normal(size=(2, n))
    truth = 0.5 * math.log1p(1 / noise**2)
    for unit in (1.0, 1e6):
        found = mutual_information_of_sample(unit * x, x + noise * e, rng=0)
        assert found.interval[0] <= truth <= found.interval[1]
        assert found.interval[1] - found.interval[0] > 0.05
        assert abs(found.value - truth) < 0.35
    plain = mutual_information_of_sample(x, x + noise * e, method="ksg1", rng=0)
    assert plain.interval[0] <= truth <= plain.interval[1]
    assert ("saturated" in plain.flags) == (plain.interval[1] == math.inf)


def test_what_is_determined_has_no_upper_bound_of_mutual_information():
    x = np.random.default_rng(0).normal(size=500)
    line = mutual_information_of_sample(x, 3 - 2 * x, rng=0)
    assert line.value == math.inf
    assert "determine each other" in line.reason
    for y in (np.sin(x), x**2, np.exp(x)):
        curve = mutual_information_of_sample(x, y, rng=0)
        assert "saturated" in curve.flags
        assert curve.interval[1] == math.inf
