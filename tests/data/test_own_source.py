"""Rows from where the user says: the same fit, and nothing of another kind gets in."""

import numpy as np
import pytest

import mle_toolkit as mle

X = np.random.default_rng(3).gamma(2.0, 3.0, 700_000)
CUTS = (100_000, 450_000, 450_001)


class Days(mle.Source):
    description = "the days"

    def pieces(self, *, again):
        for day, x in enumerate(np.split(X, CUTS)):
            yield mle.Rows(x, None, f"day {day}", 0)


class Weighed(Days):
    weighted = True

    def pieces(self, *, again):
        for rows in super().pieces(again=again):
            yield mle.Rows(rows.x, np.full(len(rows.x), 2.0), rows.origin, rows.first)


class AtOnce(Days):
    expected_rows = len(X)

    def runs(self):
        return [mle.Run(len(x), [mle.Rows(x, None, "a run", 0)]) for x in np.split(X, [350_000])]


@pytest.mark.parametrize("law", ["gamma", "weibull"])
@pytest.mark.parametrize("source", [Days(), AtOnce()])
def test_a_source_of_the_user_s_gives_the_fit_of_its_rows(source, law):
    assert mle.fit(mle.scan(source), law).llf == mle.fit(mle.scan(X), law).llf


def test_its_weights_count():
    assert mle.fit(mle.scan(Weighed()), "gamma").nobs == 2 * len(X)


def of(*pieces, weighted=False, runs=None):
    return type(
        "Odd",
        (mle.Source,),
        {
            "description": "odd rows",
            "weighted": weighted,
            "pieces": lambda self, *, again: iter(pieces),
            "runs": lambda self: runs,
        },
    )()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (of([1.0, 2.0]), r"odd rows: expected mle.Rows in its pieces, got \[1.0, 2.0\]"),
        (of(mle.Rows(np.array(["a", "b"]), None, "a", 0)), "one column of real numbers, got dtype <U1"),
        (of(mle.Rows(np.ones((2, 2)), None, "a", 0)), r"shape \(2, 2\)"),
        (of(mle.Rows(np.ones(2), np.ones(2), "a", 7)), "says weighted=False, and rows from 7 on have weights"),
        (of(mle.Rows(np.ones(2), None, "a", 0), weighted=True), "have no weights"),
        (of(mle.Rows(np.ones(2), np.ones(3), "a", 0), weighted=True), "2 observations and 3 weights"),
        (of(mle.Rows(np.array([1.0, np.nan]), None, "here", 0)), "here"),
    ],
)
def test_rows_of_another_kind_are_refused(source, said):
    with pytest.raises(mle.MleError, match=said):
        mle.fit(mle.scan(source), "normal")


def test_a_run_keeps_its_promise():
    class Short(AtOnce):
        def runs(self):
            return [mle.Run(350_000, [mle.Rows(X[:340_000], None, "a run", 0)]), *super().runs()[1:]]

    with pytest.raises(mle.MleError, match="a run of 350000 rows was promised, and 340000 came"):
        mle.fit(mle.scan(Short()), "gamma")


def test_a_source_that_changes_is_found_out():
    class Moving(Days):
        def pieces(self, *, again):
            for rows in super().pieces(again=again):
                yield mle.Rows(rows.x * (1.5 if again else 1.0), None, rows.origin, 0)

    with pytest.raises(mle.MleError, match="Was it written to meanwhile"):
        mle.fit(mle.scan(Moving()), "weibull")


def test_its_columns_are_its_own_affair():
    with pytest.raises(mle.MleError, match="give no column or weights"):
        mle.scan(Days(), "x")
