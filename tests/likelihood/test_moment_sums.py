"""Sums over many points from moments: equal to the sums over the points, or refused."""

import numpy as np
import pytest
from references import flat

import mle_toolkit as mle
from mle_toolkit.likelihood import sums
from mle_toolkit.likelihood.kinds import Kinds
from mle_toolkit.likelihood.moment_sums import MANY, MomentSum


def total(moments, values, nobs):
    (one,) = moments.sum(values[None], nobs)
    return one


POINTS = np.random.default_rng(1).gamma(2.0, 1.5, MANY + 1)


SMOOTH = [
    (np.sqrt, True),
    (np.log, True),
    (np.sin, False),
    (lambda x: np.exp(-x), False),
    (lambda x: np.arctan(x / 5), False),
]


@pytest.mark.parametrize("weight", [None, np.random.default_rng(2).uniform(-1, 2, MANY + 1)])
@pytest.mark.parametrize(("function", "positive"), SMOOTH)
def test_sum_of_a_smooth_function(function, positive, weight):
    moments = MomentSum.of(POINTS, weight, positive=positive)
    exact = np.sum(function(POINTS) if weight is None else weight * function(POINTS))
    assert len(moments.nodes) < 1_000
    assert total(moments, function(moments.nodes), len(POINTS)) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    "function", [lambda x: np.abs(x - 2), lambda x: np.floor(x), lambda x: np.where(x > 1, 0, -np.inf)]
)
def test_kinks_steps_and_impossible_points_are_refused(function):
    moments = MomentSum.of(POINTS, None, positive=True)
    assert moments.sum(function(moments.nodes)[None], len(POINTS)) is None


@pytest.mark.parametrize("positive", [True, False])
def test_a_kink_near_the_end_of_a_stretch_is_seen(positive):
    moments = MomentSum.of(POINTS, None, positive=positive)
    points = np.log(POINTS) if positive else POINTS
    seen = 0
    for at in np.linspace(points.min(), points.max(), 49)[1:]:
        for top in at - np.geomspace(1e-6, 0.02, 9) * (np.ptp(points) / 48):
            nodes = np.log(moments.nodes) if positive else moments.nodes
            found = moments.sum(np.minimum(nodes, top)[None], len(points))
            seen += found is None
            if found is not None:  # so little is left out
                exact = float(np.sum(np.minimum(points, top)))
                assert found[0] == pytest.approx(exact, abs=1e-11 * len(points))
    assert seen > 100


def test_an_impossible_point_at_the_end_is_seen():
    moments = MomentSum.of(POINTS, None, positive=True)
    top = np.nextafter(POINTS.max(), 0.0)
    assert moments.sum(np.where(moments.nodes > top, -np.inf, 1.0)[None], len(POINTS)) is None


@pytest.mark.parametrize(("function", "positive"), SMOOTH)
def test_a_start_needs_a_third_of_the_values(function, positive):
    moments = MomentSum.of(POINTS, None, positive=positive)
    rough = moments.for_start
    assert set(rough.nodes) < set(moments.nodes)
    assert len(moments.nodes) > 2.5 * len(rough.nodes)
    assert total(rough, function(rough.nodes), len(POINTS)) == pytest.approx(np.sum(function(POINTS)), rel=1e-5)


def test_several_functions_at_once():
    moments = MomentSum.of(POINTS, None, positive=True)
    both = moments.sum(np.array([np.sqrt(moments.nodes), np.log(moments.nodes)]), len(POINTS))
    assert both == pytest.approx([np.sum(np.sqrt(POINTS)), np.sum(np.log(POINTS))], rel=1e-12)
    assert moments.sum(np.array([np.sqrt(moments.nodes), np.floor(moments.nodes)]), len(POINTS)) is None


def test_wide_spread_is_stretched_and_units_move():
    x = np.random.default_rng(3).standard_t(2.0, MANY + 1)
    moments = MomentSum.of(x, None, positive=False).moved(1.0, 4.0)
    z = (x - 1.0) / 4.0
    got = total(moments, np.arctan(moments.nodes), len(x))
    assert got == pytest.approx(float(np.sum(np.arctan(z))), rel=1e-11)


def test_equal_points():
    moments = MomentSum.of(np.full(MANY, 2.0), None, positive=True)
    assert total(moments, np.log(moments.nodes), MANY) == pytest.approx(MANY * np.log(2.0), rel=1e-14)


LAWS = {
    "weibull": {"shape": 1.7, "scale": 2.0},
    "gamma": {"shape": 2.0, "scale": 1.5},
    "normal": {"mu": 3.0, "sigma": 2.0},
    "lognormal": {"meanlog": 0.5, "sdlog": 0.8},
    "student_t": {"df": 4.0, "loc": 1.0, "scale": 2.0},
    "laplace": {"loc": 1.0, "scale": 2.0},
}


@pytest.mark.parametrize("side", ["right", "left", "entry"])
@pytest.mark.parametrize("name", LAWS)
def test_a_large_fit_is_that_of_its_rows(name, side, monkeypatch):
    monkeypatch.setattr(sums, "MANY_WITH_KINKS", MANY)
    law = mle.distribution(name, **LAWS[name])
    x, other = law.rvs((2, 2 * MANY + 9_000), rng=4)
    if side == "right":
        sample = mle.Sample.right_censored(np.minimum(x, other), x <= other)
    elif side == "left":
        sample = mle.Sample.left_censored(np.maximum(x, other), x >= other)
    else:
        seen = other < x
        sample = mle.Sample(x[seen]).truncated(lower=other[seen])
    options = {"fixed": {"loc": 1.1}} if name == "laplace" else {}  # a kink among the points: sums of rows
    fit = mle.fit(sample, name, **options)
    assert float(np.sum(fit.logpdf_rows())) == pytest.approx(fit.llf, rel=1e-11)
    for many in ("MANY", "MANY_BY_DIFFERENCES", "MANY_WITH_KINKS"):
        monkeypatch.setattr(sums, many, 10**9)
    slow = mle.fit(sample, name, **options)
    se = flat(slow.bse)
    assert np.all(np.abs(flat(fit.params) - flat(slow.params)) <= 1e-4 * se)
    assert fit.llf == pytest.approx(slow.llf, rel=1e-11)
    assert flat(fit.bse) == pytest.approx(se, rel=1e-5)
    assert fit.certificate.verdict == slow.certificate.verdict


def test_a_law_of_which_the_slopes_of_masses_alone_are_known(monkeypatch):
    monkeypatch.setattr(sums, "MANY_BY_DIFFERENCES", 500)
    x, other = np.abs(np.random.default_rng(5).normal(0.5, 1.0, (2, 1_500)))
    fit = mle.fit(mle.Sample.right_censored(np.minimum(x, other), x <= other), "folded(normal)")
    assert fit.certificate.ok
    assert float(np.sum(fit.logpdf_rows())) == pytest.approx(fit.llf, rel=1e-11)


@pytest.mark.parametrize("weight", [None, np.random.default_rng(2).uniform(-1, 2, 60_000)])
@pytest.mark.parametrize(("shift", "positive"), [(0.0, True), (-3.0, False), (0.0, False)])
def test_compiled_moments_are_those_of_numpy(monkeypatch, weight, shift, positive):
    pytest.importorskip("numba")
    x = np.random.default_rng(3).lognormal(0.0, 1.5 if shift else 0.5, 60_000) + shift
    compiled = MomentSum.of(x, weight, positive=positive)
    monkeypatch.setattr("mle_toolkit.likelihood.moment_sums.COMPILED_MOMENTS", 1_000_000)
    by_numpy = MomentSum.of(x, weight, positive=positive)
    assert compiled.nodes == pytest.approx(by_numpy.nodes, rel=1e-15)
    assert compiled.moments == pytest.approx(by_numpy.moments, abs=1e-12 * by_numpy.mass.sum())
    assert compiled.mass == pytest.approx(by_numpy.mass, rel=1e-12)


@pytest.mark.parametrize("kinds", ["right", "left", "mixed", "windows", "points", "bounded"])
def test_a_compiled_split_is_that_of_numpy(monkeypatch, kinds):
    pytest.importorskip("numba")
    rng = np.random.default_rng(4)
    lower = rng.uniform(0, 1, 1_000)
    upper = lower + 1 if kinds == "bounded" else lower.copy()
    if kinds in ("mixed", "windows"):
        upper[rng.uniform(size=1_000) < 0.5] += 1
    if kinds in ("right", "mixed", "windows"):
        upper[rng.uniform(size=1_000) < 0.2] = np.inf
    if kinds in ("left", "mixed", "windows"):
        lower[(rng.uniform(size=1_000) < 0.2) & ((kinds == "windows") | np.isfinite(upper))] = -np.inf
    by_numpy = Kinds.split(lower, upper, None)
    monkeypatch.setattr("mle_toolkit.likelihood.kinds.COMPILED_ROWS", 10)
    compiled = Kinds.split(lower, upper, None)
    assert np.array_equal(compiled.points[0], by_numpy.points[0])
    assert len(compiled.intervals) == len(by_numpy.intervals)
    for ours, theirs in zip(compiled.intervals, by_numpy.intervals, strict=True):
        assert np.array_equal(ours[0], theirs[0])
        assert np.array_equal(ours[1], theirs[1])
