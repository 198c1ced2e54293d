"""A search that is on its way to a limiting law, with which its end will be compared."""

import numpy as np
import pytest
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.estimation import climb, solve
from mle_toolkit.estimation.local import local_inside
from mle_toolkit.families.registry import get_family
from mle_toolkit.likelihood.coordinates import Objective
from mle_toolkit.likelihood.sums import Likelihood

FLAT = mle.Sample.rounded(np.arange(1.0, 9.0), 1.0)
"""Lighter in its tails than any Student t law, so that the normal law is the best of them."""

HEAVY = mle.Sample.rounded(np.array([-40.0, -3.0, -1.0, 0.0, 0.0, 1.0, 2.0, 60.0]), 1.0)
"""Heavier in its tails than the normal law."""


def stands(sample: mle.Sample, df: float) -> bool:
    """Whether Student's t with location and scale of the best normal law stands at its limit."""
    normal = mle.fit(sample, "normal").params
    family = get_family("student_t")
    named = {"df": df, "loc": normal["mu"], "scale": normal["sigma"]}
    likelihood = Likelihood(family, sample)
    theta = np.array([named[name] for name in family.param_names])
    return solve._stands_at_limit(likelihood, likelihood.unit.params_to_unit(family, theta))


def test_a_climb_stands_at_a_limit_only_below_it_and_where_the_laws_are_alike() -> None:
    assert stands(FLAT, 1e4)
    assert not stands(FLAT, 2.0)  # another law altogether
    assert not stands(HEAVY, 1e2)  # alike, and higher than the limit: the maximum is in the inside


def test_a_climb_that_is_stuck_at_a_limit_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """No search without derivatives takes over, as the end is compared with the limit."""
    family = get_family("student_t")
    likelihood = Likelihood(family, FLAT)
    methods: list[str] = []

    def stuck(objective, u, hessian=None, **options):  # type: ignore[no-untyped-def]
        return u, False

    def within(objective, u, *options):  # type: ignore[no-untyped-def]
        methods.append("trust region")
        return u, pinned

    def stepped(objective, u, method, **options):  # type: ignore[no-untyped-def]
        methods.append(method)
        return u

    pinned = True
    monkeypatch.setattr(climb, "newton", stuck)
    monkeypatch.setattr(climb, "by_trust", within)
    monkeypatch.setattr(climb, "_by_scipy", stepped)
    objective = solve.maximum_at(family, likelihood, np.array([30.0, 0.0, 1.0]), (True,) * 3, "start").objective
    start = [np.zeros(objective.coordinates.n_free)]
    (end,) = climb.climb(objective, start, "newton", at_limit=lambda u: True)
    assert end.at_limit
    assert methods == ["trust region"]
    (end,) = climb.climb(objective, start, "newton", at_limit=lambda u: False)
    assert not end.at_limit
    assert methods == ["trust region", "trust region", "Nelder-Mead"]
    pinned = False  # it went on as derivatives said, so that they are right
    climb.climb(objective, start, "newton")
    assert methods[3:] == ["trust region"]


def test_a_search_ends_at_the_bound_that_no_law_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three cells with 2, 2 and 1 rows none is above 2 log(2/5) + 2 log(2/5) + log(1/5)."""
    family, lower = get_family("burr12"), np.array([0.0, 0.0, 20.0, 20.0, 40.0])
    likelihood = Likelihood(family, mle.Sample.intervals(lower, np.where(lower == 40.0, np.inf, lower + 20.0)))
    free = (True,) * 3
    objective = solve.maximum_at(family, likelihood, np.array([1.0, 1.0, 1.0]), free, "start").objective
    looks: list[float] = []
    value = objective.value_alone
    monkeypatch.setattr(objective, "value_alone", lambda u: looks.append(value(u)) or looks[-1])
    end = climb._by_scipy(objective, np.zeros(3), "Nelder-Mead", maxfev=5_000)
    bound = 4 * np.log(0.4) + np.log(0.2)
    assert -5 * value(end) == pytest.approx(bound, abs=1e-9)
    assert looks[-1] == min(looks)  # it is where it is low enough
    looks.clear()
    beyond = climb.value_beyond(objective, end, 0, enough=-0.2 * bound + 0.1)
    assert beyond == looks[-1] <= -0.2 * bound + 0.1 < min(looks[:-1], default=np.inf)


def test_no_more_is_looked_for_beyond_a_saturated_fit_than_its_verdict_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two cells that are neighbours a law narrows to their border: c of burr12 runs off, and its scale does not."""
    lower = np.array([60.0, 40.0, 60.0, 40.0, 60.0])
    least_beyond, seen = climb._value_beyond, []

    def counted(objective: Objective, u: np.ndarray, *asked: float) -> float:
        looks: list[float] = []
        value = objective.value_alone
        with monkeypatch.context() as patch:
            patch.setattr(objective, "value_alone", lambda v: looks.append(value(v)) or looks[-1])
            least = least_beyond(objective, u, *asked)
        if objective.likelihood.family.name == "burr12":  # and not a law that it contains
            seen.append((5 * (least - objective.value(u)), len(looks)))
        return least

    monkeypatch.setattr(climb, "_value_beyond", counted)
    found = solve.maximise(get_family("burr12"), mle.Sample.intervals(lower, lower + 20.0))
    assert "as c runs off" in found.certify().message
    assert found.loglik == pytest.approx(2 * np.log(0.4) + 3 * np.log(0.6), abs=1e-8)
    (runs, few), (stays, more) = sorted(seen)
    assert 1e-8 < runs < 3.4e-7  # so little is no loss, and there is nothing to gain
    assert stays > 1.0
    assert few < 50
    assert more <= 120  # a simplex that hardly falls is not followed for all of its 900 looks


@pytest.mark.parametrize("n", [60, 150])
def test_a_maximum_just_above_the_limit_that_a_climb_is_stuck_beside_is_found(n: int) -> None:
    """The lognormal law is 0.001 higher than the power of x that is its limit in the window."""
    x = mle.distribution(mle.truncated("lognormal", 0.4, 6.7), meanlog=-20.0, sdlog=8.0).ppf((np.arange(n) + 0.5) / n)
    fit = mle.fit(mle.Sample(x).truncated(0.4, 6.7), "lognormal")
    at_truth = mle.distribution(mle.truncated("lognormal", 0.4, 6.7), meanlog=-20.0, sdlog=8.0).logpdf(x).sum()
    assert fit.certificate.verdict == "interior"
    assert fit.llf >= at_truth


@pytest.mark.parametrize("family", ["poisson", "zip", "logseries"])
def test_counts_of_which_a_window_shows_one_only_say_nothing_of_a_law(family: str) -> None:
    """All laws are alike there: a limit of the law in that window was named as where its maximum is."""
    sample = mle.Sample(np.full(22, 3.0)).truncated(2.0, 3.0)
    with pytest.warns(mle.FitWarning):
        fit = mle.fit(sample, family)
    assert fit.certificate.verdict == "not_identified"


def test_a_window_of_counts_may_have_no_upper_end():
    """A zero-truncated Poisson law has the mean of the counts: its mu / (1 - exp(-mu)) is that."""
    counts = np.array([1, 2, 2, 3, 5, 1, 4, 2])
    mu = mle.fit(mle.Sample(counts).truncated(lower=0), "poisson").params["mu"]
    assert mu / -np.expm1(-mu) == pytest.approx(2.5, rel=1e-9)
    assert mle.fit(mle.Sample(counts).truncated(upper=9), "poisson").certificate.ok


def test_a_local_maximum_beside_a_law_inside_is_found_where_a_search_runs_off():
    """A generalised normal law in a window, of which the first search ran to a spike: it was refused."""
    x = np.random.default_rng(1).normal(-3.9, 2.6, 400)
    x = x[(x > -6.8) & (x < -3.3)][:150]
    sample = mle.Sample(x).truncated(-6.8, -3.3)
    local = local_inside(mle.get_family("generalized_normal"), sample, solve.maximise)
    assert local is not None
    assert local.certify().verdict == "local"
    theta = local.theta

    def loglik(theta):
        law = stats.gennorm(theta[2], theta[0], theta[1])
        return np.sum(law.logpdf(x)) - len(x) * np.log(law.cdf(-3.3) - law.cdf(-6.8))

    assert local.loglik == pytest.approx(loglik(theta), abs=1e-8)
    for k in range(3):
        for step in (-1e-3, 1e-3):
            assert loglik(theta + step * np.abs(theta) * (np.arange(3) == k)) < local.loglik
    assert local_inside(mle.get_family("exponential"), mle.Sample([1.0, 2.0]), solve.maximise) is None
