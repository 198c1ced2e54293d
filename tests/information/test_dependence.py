"""Mutual information from tables of counts: corrected values, and intervals that hold near independence too."""

import math

import fieldcases
import numpy as np
import pytest

from mle_toolkit.errors import ParameterError
from mle_toolkit.information import entropy, mutual_information

UNDER = (
    ("independent 3 x 3", np.full((3, 3), 1 / 9), 30),
    ("independent, unequal margins", np.outer([0.7, 0.2, 0.1], [0.5, 0.3, 0.2]), 60),
    ("dependent 2 x 2", np.array([[0.4, 0.1], [0.1, 0.4]]), 30),
)


@pytest.mark.parametrize(("law", "n"), [case[1:] for case in UNDER], ids=[case[0] for case in UNDER])
def test_the_interval_holds_the_truth(law, n):
    """60 tables; of intervals that hold it in 95 of 100, fewer than 50 do so once in 10,000 times."""
    truth = float(np.sum(law * np.log(law / np.outer(law.sum(axis=1), law.sum(axis=0)))))
    tables = np.random.default_rng(1).multinomial(n, law.ravel(), size=60).reshape(60, *law.shape)
    ends = [mutual_information(counts=table).interval for table in tables]
    assert sum(low - 1e-12 <= truth <= high + 1e-12 for low, high in ends) >= 50


@pytest.mark.parametrize("table", [[[5, 5], [5, 5]], [[500, 500], [500, 500]], [[10, 0], [0, 10]], np.diag([20] * 5)])
def test_the_interval_does_not_collapse(table):
    assert "0 +- 0" in fieldcases.cases()["F2-09-MI-counts-interval"]["got"]["[[5,5],[5,5]]"]
    found = mutual_information(counts=table)
    low, high = found.interval
    assert 0 <= low <= found.value + 1e-12 <= high + 2e-12 <= math.log(len(table)) + 3e-12
    assert high - low > 2 / np.sum(table)
    assert found.se > 0.5 / np.sum(table)
    assert found.value == pytest.approx(0.0 if table[0][1] else math.log(len(table)), abs=1e-15)


def test_most_intervals_of_an_undersampled_table_begin_at_0():
    """Of 10 x 10 independent values and 200 observations the plug-in is near 0.2, far above 0 by its own spread."""
    tables = np.random.default_rng(2).multinomial(200, np.full(100, 0.01), size=10).reshape(-1, 10, 10)
    found = [mutual_information(counts=table) for table in tables]
    assert min(one.value for one in found) > 0.1
    assert sum(one.interval[0] == 0 for one in found) >= 7
    assert all("undersampled" in one.flags for one in found)


@pytest.mark.parametrize("n", [1_000, 30_000])
def test_the_interval_of_a_large_table_holds_the_truth_and_no_more_than_it_needs(n):
    """50 x 50: few tables are drawn for each law. A plug-in of so many cells is nearly normal (delta method)."""
    law = np.full((50, 50), 1e-4) + np.diag(np.full(50, 0.015))
    terms = np.log(law * 2500)
    truth = float(np.sum(law * terms))
    low, high = mutual_information(
        counts=np.random.default_rng(3).multinomial(n, law.ravel()).reshape(law.shape)
    ).interval
    spread = math.sqrt((float(np.sum(law * terms**2)) - truth**2) / n)
    assert low < truth < high
    assert (high - low) / (2 * 1.96 * spread) == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize("method", ["miller-madow", "grassberger", "chao-shen", "nsb", "jeffreys"])
def test_a_corrected_estimate_is_of_three_entropies(method):
    table = np.array([[10, 3, 1], [2, 15, 4]])
    parts = [
        entropy(counts=part, method=method).value for part in (table.sum(axis=1), table.sum(axis=0), table.ravel())
    ]
    found = mutual_information(counts=table, method=method, unit="bit")
    assert found.value == pytest.approx((parts[0] + parts[1] - parts[2]) / math.log(2), rel=1e-12)
    assert found.interval == mutual_information(counts=table, unit="bit").interval


def test_what_cannot_be_estimated_says_why():
    with pytest.raises(ParameterError, match="unknown method"):
        mutual_information(counts=[[1, 2], [3, 4]], method="magic")
    with pytest.raises(ParameterError, match="exact"):
        mutual_information([[0.5, 0.0], [0.0, 0.5]], method="nsb")
    assert mutual_information(counts=[[3, 4]]).interval is None
    assert "one value" in mutual_information(counts=[[3, 4], [0, 0]]).reason
