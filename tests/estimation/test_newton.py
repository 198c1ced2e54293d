"""Newton's method: where it ends on the way to a supremum, and on the way of an earlier climb."""

from types import SimpleNamespace

import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.estimation.newton import Trails, at_supremum
from mle_toolkit.likelihood.coordinates import Objective

SEEN = 100 * np.random.default_rng(2).weibull(1.7, 12)
SEEN = SEEN[(SEEN > 30) & (SEEN < 150)]


@pytest.mark.parametrize(("name", "limit"), [("inverse_gamma", -55.711883166), ("cauchy", -55.751589012)])
def test_a_supremum_that_is_approached_exponentially(name, limit):
    fit = fit_quietly(mle.Sample(SEEN).truncated(30.0, 150.0), name)
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.method == "newton"
    assert fit.llf == pytest.approx(limit, abs=1e-8)


def test_many_censored_times_of_a_law_that_tends_to_another():
    rng = np.random.default_rng(9)
    x, end = 100 * rng.weibull(1.7, 5_000), rng.uniform(20, 200, 5_000)
    sample = mle.Sample.right_censored(np.minimum(x, end), x <= end)
    fit, limit = fit_quietly(sample, "lomax"), mle.fit(sample, "exponential")
    assert fit.certificate.limit == "exponential"
    assert fit.certificate.method == "newton"
    assert fit.llf == pytest.approx(limit.llf, abs=1e-9)


@pytest.mark.parametrize("name", ["gamma", "inverse_gaussian", "nakagami", "lomax"])
def test_very_many_censored_times_are_begun_by_fewer_moments_once(name):
    """The subsample of sums has no sums of its own with fewer moments, by which its steps might go wrong."""
    rng = np.random.default_rng([1, 60_000])
    x, end = 100 * rng.weibull(1.7, 60_000), rng.uniform(20, 200, 60_000)
    fit = fit_quietly(mle.Sample.right_censored(np.minimum(x, end), x <= end), name)
    assert fit.certificate.ok
    llf = {
        "gamma": -206866.74047888012,
        "inverse_gaussian": -214664.77437732156,
        "nakagami": -206640.7901163442,
        "lomax": -213306.1013596777,
    }
    assert fit.llf == pytest.approx(llf[name], rel=1e-10)


def test_a_climb_that_comes_upon_a_way_ends_with_it():
    trails, end = Trails(), (np.array([9.0, 9.0]), False)
    trails.add([np.array([0.0, 0.0]), np.array([3.0, 3.0]), np.array([6.0, 6.0])], end)
    assert trails.joined(np.array([1.0, 1.05]), np.array([4.0, 4.0])) is end
    assert trails.joined(np.array([4.0, 4.0]), np.array([1.0, 1.05])) is None  # it comes back
    assert trails.joined(np.array([1.0, 2.0]), np.array([4.0, 4.0])) is None  # it crosses
    assert trails.joined(np.array([7.0, 7.0]), np.array([8.0, 8.0])) is None  # beyond
    assert Trails().joined(np.zeros(2), np.ones(2)) is None


class Falling:
    """A likelihood that rises exponentially to a supremum, of which the slopes are lost far out."""

    likelihood = SimpleNamespace(nobs=1.0)

    def __init__(self, last):
        self.last = last

    def value(self, u):
        return 1e-4 * np.exp(-u[0]) + u[1] ** 2

    def gradient(self, u):
        return np.array([-1e-4 * np.exp(-u[0]) if u[0] < self.last else np.nan, 2 * u[1]])

    def hessian(self, u):
        return np.diag([1e-4 * np.exp(-u[0]), 2.0])


def test_what_has_no_digits_left_far_out_is_not_taken_for_level():
    u, step = np.zeros(2), np.array([1.0, 0.0])
    end = at_supremum(Falling(100.0), u, Falling(100.0).gradient(u), step)
    assert end is not None
    assert end == pytest.approx([25.0, 0.0])
    assert at_supremum(Falling(20.0), u, Falling(20.0).gradient(u), step) is None


class Bent:
    """A likelihood whose way to a supremum is bent: the second coordinate comes to rest as the first runs on."""

    likelihood = SimpleNamespace(nobs=1.0)

    def value(self, u):
        a = np.exp(-2 * u[0])
        return 1e-4 * a * a + (u[1] - a) ** 2

    def gradient(self, u):
        a = np.exp(-2 * u[0])
        off = u[1] - a
        return np.array([-4e-4 * a * a + 4 * a * off, 2 * off])

    def hessian(self, u):
        a = np.exp(-2 * u[0])
        off = u[1] - a
        return np.array([[16e-4 * a * a - 8 * a * off + 8 * a * a, 4 * a], [4 * a, 2.0]])


def test_a_supremum_at_the_end_of_a_bent_way():
    """Straight on, by steps that are alike, it leads off the way."""
    climb = Bent()
    u = np.array([1.0, np.exp(-2.0)])
    before = np.array([0.25, np.exp(-2.0) - np.exp(-1.5)])
    step = np.array([0.25, np.exp(-2.5) - np.exp(-2.0)])
    assert at_supremum(climb, u, climb.gradient(u), step) is None
    end = at_supremum(climb, u, climb.gradient(u), step, step / before)
    assert end is not None
    assert end[0] > 20.0
    assert abs(end[1]) < 1e-9


def test_climbs_on_one_way_to_a_limit_do_not_all_go_it(monkeypatch):
    """Steps to a signal of none, all alike, are thirty; the climbs from other starts leave off where that is seen."""
    rice, looks = type(mle.get_family("rice")), []
    sums = rice.derivative_sums
    monkeypatch.setattr(rice, "derivative_sums", lambda *asked: looks.append(0) or sums(*asked))
    x = np.random.default_rng(0).gamma(2.0, 1.0, 10_000)
    with pytest.warns(mle.FitWarning):
        fit = mle.fit(x, "rice")
    assert fit.params["nu"] == 0.0
    assert fit.certificate.n_starts == fit.certificate.n_agreeing == 3
    assert len(looks) < 40


def test_a_climb_beside_the_law_to_which_its_steps_lead_leaves_off(monkeypatch):
    """Steps that are alike went on to the law of Pareto, three hundred in all, though that is as high."""
    looks = []
    hessian = Objective.hessian
    monkeypatch.setattr(Objective, "hessian", lambda self, u: looks.append(0) or hessian(self, u))
    rng = np.random.default_rng([0, 5, 0])
    time = 100 * rng.weibull(1.7, 5)
    end = rng.uniform(0.2, 2.2, 5) * np.mean(time)
    fit = fit_quietly(mle.Sample.right_censored(np.minimum(time, end), time <= end), "generalized_gamma")
    assert fit.certificate.limit == "pareto"
    assert fit.llf == pytest.approx(-10.689783231, abs=1e-7)
    assert len(looks) < 200
