"""Processes of repairable systems are those of published examples and of brute force."""

import fieldcases
import numpy as np
import pytest
from scipy import optimize

import mle_toolkit as mle
from mle_toolkit.errors import DataError, NoMaximumError, UnboundedLikelihoodError

# NIST/SEMATECH e-Handbook of Statistical Methods, 8.4.5.2: a test of reliability growth, stopped at 1500 hours.
NIST = [5, 40, 43, 175, 389, 712, 747, 795, 1299, 1478]


def _llf(shape, scale, time, end, start):
    """Log-likelihood of independent systems, term by term."""
    total = sum(np.log(shape / scale) + (shape - 1) * np.log(t / scale) for times in time for t in times)
    return total - sum((e / scale) ** shape - (s / scale) ** shape for e, s in zip(end, start, strict=True))


def test_the_field_case():
    case = fieldcases.cases()["crow-amsaa"]
    process = mle.repairable.power_law_process(case["data"]["t"])
    assert process.params["shape"] == pytest.approx(case["right"]["beta"], rel=1e-12)


def test_nist_example():
    process = mle.repairable.power_law_process(NIST, end=1500)
    # The handbook's modified estimate of 1 - shape is 0.5165, with n - 1 for n failures.
    assert 1 - process.params["shape"] * 9 / 10 == pytest.approx(0.5165, abs=5e-5)
    assert process.expected_failures(1500) == pytest.approx(10, rel=1e-12)
    between = process.time_between_failures(1500)
    assert between.value == pytest.approx(1500 / 10 / process.params["shape"], rel=1e-12)
    assert between.interval[0] < between.value < between.interval[1]
    tests = mle.repairable.trend(NIST, end=1500)
    assert tests.loc["mil_hdbk_189", "statistic"] == pytest.approx(2 * np.log(1500 / np.array(NIST)).sum())
    assert set(tests["says"]) == {"failures become rarer"}


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_several_systems_by_brute_force(unit):
    time = [[3.0, 7.0, 20.0], [12.0, 30.0], [5.0, 9.0, 11.0, 40.0]]
    end, start = [25.0, 50.0, 40.0], [0.0, 10.0, 2.0]
    rows = np.concatenate([np.array(t) for t in time]) * unit
    label = np.repeat(["a", "b", "c"], [3, 2, 4])
    process = mle.repairable.power_law_process(rows, np.array(end) * unit, start=np.array(start) * unit, system=label)
    found = optimize.minimize(
        lambda v: -_llf(np.exp(v[0]), np.exp(v[1]), time, end, start), [0.0, 2.0], method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-13},
    )  # fmt: skip
    shape, scale = np.exp(found.x)
    assert process.params["shape"] == pytest.approx(shape, rel=1e-6)
    assert process.params["scale"] == pytest.approx(scale * unit, rel=1e-6)
    assert process.llf == pytest.approx(-found.fun - 9 * np.log(unit), rel=1e-10)
    h = 1e-4
    grid = [[_llf(shape * (1 + i * h), scale * (1 + j * h), time, end, start) for j in (-1, 0, 1)] for i in (-1, 0, 1)]
    second = np.array(
        [[grid[2][1] - 2 * grid[1][1] + grid[0][1], (grid[2][2] - grid[2][0] - grid[0][2] + grid[0][0]) / 4]]
    )
    corner = grid[1][2] - 2 * grid[1][1] + grid[1][0]
    information = -np.array([[second[0, 0], second[0, 1]], [second[0, 1], corner]]) / h**2
    se = np.sqrt(np.diag(np.linalg.inv(information)))
    assert process.bse["shape"] / process.params["shape"] == pytest.approx(se[0], rel=1e-4)
    assert process.bse["scale"] / process.params["scale"] == pytest.approx(se[1], rel=1e-4)
    by_label = mle.repairable.power_law_process(
        rows, {"a": 25 * unit, "b": 50 * unit, "c": 40 * unit}, start=np.array(start) * unit, system=label
    )
    assert by_label.params == process.params


def test_systems_that_did_not_fail_count():
    end = {"a": 25.0, "b": 50.0, "c": 40.0}
    process = mle.repairable.power_law_process([3.0, 20.0, 30.0], end, system=["a", "a", "b"])
    assert process.n_systems == 3
    assert sum((e / process.params["scale"]) ** process.params["shape"] for e in end.values()) == pytest.approx(3)
    found = mle.repairable.mean_cumulative_function([3.0, 20.0, 30.0], end, system=["a", "a", "b"])
    assert found["at_risk"].tolist() == [3, 3, 2]


def test_intervals_of_the_shape_cover():
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(300):
        n = rng.poisson((100 / 5) ** 0.7)
        times = np.sort(100 * rng.random(max(n, 2)) ** (1 / 0.7))
        low, high = mle.repairable.power_law_process(times, end=100).conf_int(0.1).loc["shape"]
        inside += low <= 0.7 <= high
    assert 0.85 < inside / 300 < 0.95


def test_intervals_of_the_shape_cover_where_each_system_ends_with_a_failure():
    """The pivot is the sum of log(end / time), not the pooled estimate; one failure a system says nothing by it."""
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        times = np.cumsum(rng.exponential(size=(3, 3)), axis=1) ** (1 / 1.5)
        process = mle.repairable.power_law_process(times.ravel(), system=np.repeat([0, 1, 2], 3))
        low, high = process.conf_int(0.1).loc["shape"]
        inside += low <= 1.5 <= high
    assert 0.87 < inside / 400 < 0.93
    alone = mle.repairable.power_law_process([100.0, 50.0], system=["a", "b"])
    # By hand: 2 / s - log 2 + 2 (2^-s log 2) / (1 + 2^-s) = 0.
    slope = lambda s: 2 / s - np.log(2) + 2 * np.log(2) / (1 + 2**s)  # noqa: E731
    assert alone.params["shape"] == pytest.approx(optimize.brentq(slope, 0.1, 50), rel=1e-10)
    assert np.isfinite(alone.conf_int()).all().all()


def test_extreme_histories_have_numbers():
    """Times over 600 powers of ten, and a shape that nothing holds, print."""
    far = mle.repairable.power_law_process([1e-300], 1e300)
    assert far.params["shape"] == pytest.approx(1 / (600 * np.log(10)), rel=1e-12)
    late = mle.repairable.power_law_process([1e6 + 1], 1e6 + 2, start=1e6)
    assert late.conf_int().loc["shape", "upper"] == np.inf
    assert "power-law process" in str(far) + str(late)
    assert np.isnan(far.expected_failures(-1.0))


def test_mean_cumulative_function_by_hand():
    found = mle.repairable.mean_cumulative_function([1, 3, 2, 5], end=[4, 6], system=["a", "a", "b", "b"])
    assert found["at_risk"].tolist() == [2, 2, 2, 1]
    assert found["mcf"].tolist() == [0.5, 1.0, 1.5, 2.5]
    # Sums over the systems of their own departures from the mean: after time 1, +1/4 and -1/4.
    assert found["se"].iloc[0] == pytest.approx(np.sqrt(2) / 4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda r: r.power_law_process([1.0, 5.0], end=4.0), DataError, r"time\[1\] = 5"),
        (lambda r: r.power_law_process([3.0]), UnboundedLikelihoodError, "end="),
        (lambda r: r.power_law_process([]), DataError, "expected finite times"),
        (lambda r: r.power_law_process([1.0, 2.0], end=[3.0, 4.0]), DataError, "one for each of 1 systems"),
        (lambda r: r.power_law_process([1.0, 2.0], end={"b": 3}, system=["a", "b"]), DataError, "none for system 'a'"),
        (lambda r: r.trend([3.0]), DataError, "no failure before the ends"),
        (lambda r: r.power_law_process([1.0, 2.0], end=np.array([np.nan])), DataError, "end: expected finite times"),
        (lambda r: r.trend([1.0, 2.0], [4.0, np.inf], system=["a", "b"]), DataError, "end"),
        (lambda r: r.trend([1.0, 2.0], [4.0, None], system=["a", "b"]), DataError, "end"),
        (lambda r: r.power_law_process([1.0, 2.0], 4, start=[0, np.nan], system=["a", "b"]), DataError, "start"),
        (lambda r: r.power_law_process([1.0, 2.0], [4, [1, 2]], system=["a", "b"]), DataError, "end: expected"),
        (lambda r: r.power_law_process([1.0, 2.0], 4, system=["a", None]), DataError, r"the first is system\[1\]"),
        (lambda r: r.mean_cumulative_function([1.0, 2.0], 4, system=["a", [1]]), DataError, "texts or numbers"),
        (lambda r: r.mean_cumulative_function([1.0, 2.0], 4, system=["a", 1]), DataError, "cannot be put in order"),
        (lambda r: r.mean_cumulative_function([1.0], {"a": 4, "b": 0}, system=["a"]), DataError, "which is no time"),
        (lambda r: r.power_law_process([1.1, 1.2, 1.3], 100, start=1), NoMaximumError, "as the shape falls to 0"),
    ],
)
def test_what_is_no_history_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(mle.repairable)
