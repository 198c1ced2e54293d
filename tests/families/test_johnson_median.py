"""Johnson's law by its median, and the lognormal law that it tends to, as many groups need them."""

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.data.groups import Groups
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.families.johnson_median import JohnsonByMedian, LognormalBeside, LognormalByThreshold
from mle_toolkit.families.johnson_su import _lognormal
from mle_toolkit.families.johnson_window import JohnsonInWindow
from mle_toolkit.families.mass import log_mass, mass_scores
from mle_toolkit.likelihood.kernels import group_twin, uniform
from mle_toolkit.numerics.differences import AROUND, fourth_order

X = np.array([-1.4, -0.2, 0.1, 0.7, 1.9, 4.0])


def johnson(x, lean, delta, median, spread):
    """The log-density, of numbers of mpmath."""
    t = (x - median) / spread
    z = mp.cosh(lean) / delta * t - mp.sinh(lean)
    y = delta * (lean + mp.asinh(z))
    return mp.log(mp.cosh(lean) / spread) - mp.log(2 * mp.pi) / 2 - mp.log1p(z * z) / 2 - y * y / 2


def lognormal(x, shape, median, spread):
    """The log-density, of numbers of mpmath."""
    w = shape * (x - median) / spread
    return -mp.log(spread * (1 + w)) - mp.log(2 * mp.pi) / 2 - (mp.log1p(w) / shape) ** 2 / 2


LAWS = [
    (JohnsonByMedian(), johnson, (-0.7, 1.3, 0.3, 0.8)),
    (JohnsonByMedian(), johnson, (3.5, 0.9, 0.3, 0.8)),
    (LognormalBeside(), lognormal, (0.3, 0.4, 1.2)),
    (LognormalBeside(), lognormal, (-0.02, 0.4, 1.2)),
    (LognormalBeside(), lognormal, (1e-5, 0.4, 1.2)),
]


@pytest.mark.parametrize(("law", "exact", "theta"), LAWS)
def test_derivatives_are_those_of_the_density(law, exact, theta):
    """By mpmath, whose differences are taken with sixty digits."""
    p = len(theta)
    with mp.workdps(60):
        step = mp.mpf(10) ** -15

        def at(x, **moved):
            return exact(mp.mpf(x), *(mp.mpf(v) + step * moved.get(str(k), 0) for k, v in enumerate(theta)))

        values = [float(at(x)) for x in X]
        first = [[float((at(x, **{str(k): 1}) - at(x, **{str(k): -1})) / (2 * step)) for x in X] for k in range(p)]
        second = []
        for j in range(p):
            for k in range(j, p):
                row = []
                for x in X:
                    corners = 0
                    for a in (1, -1):
                        for b in (1, -1):
                            moved = {str(j): a + b} if j == k else {str(j): a, str(k): b}
                            corners += a * b * at(x, **moved)
                    row.append(float(corners / (4 * step * step)))
                second.append(row)
    assert law.logpdf(X, *theta) == pytest.approx(values, rel=1e-13)
    for got, right in zip(law.score(X, *theta), first, strict=True):
        assert got == pytest.approx(right, rel=1e-10, abs=1e-11)
    for got, right in zip(law.hessian(X, *theta), second, strict=True):
        assert got == pytest.approx(right, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("law", "exact", "theta"), LAWS)
def test_sums_give_what_rows_give_and_compiled_ones_too(law, exact, theta):
    weight = np.array([1.0, 2.0, 1.0, 3.0, 1.0, 2.0])
    for w in (None, weight):
        each = np.ones(6) if w is None else w
        rows = [law.logpdf(X, *theta), *law.score(X, *theta), *law.hessian(X, *theta)]
        right = [np.sum(each * row) for row in rows]
        sums = law.derivative_sums(X, w, *theta)
        assert law.derivatives(each.sum(), sums, *theta) == pytest.approx(right, rel=1e-12, abs=1e-12)
        twin = group_twin(law)
        if twin is not None:
            out = np.empty((1, twin.GROUP_SUMS))
            held = None if w is None else uniform(w)
            one = np.ones(1)
            there = 2.0 * X + 5.0, np.array([5.0]), np.array([0.5])
            twin.group_sums(uniform(there[0]), held, np.array([0, 6]), np.array([0]), *there[1:], one * [theta], out)
            assert out[0] == pytest.approx(sums, rel=1e-12, abs=1e-13)
            made, rows = np.empty((1, len(right))), (uniform(there[0]), held, np.array([0, 6]), np.array([0]))
            twin.group_terms(*rows, *there[1:], one * each.sum(), one * [theta], made)
            assert made[0] == pytest.approx(right, rel=1e-12, abs=1e-12)


def test_beyond_the_threshold_there_is_no_density():
    law = LognormalBeside()
    theta = (-0.5, 0.4, 1.0)  # the threshold is 2.4
    assert np.isneginf(law.logpdf(X, *theta)).tolist() == [False] * 5 + [True]
    twin = group_twin(law)
    if twin is not None:
        out = np.empty((1, twin.GROUP_SUMS))
        one = np.ones(1)
        twin.group_sums(uniform(X), None, np.array([0, 6]), np.array([0]), 0.0 * one, one, one * [theta], out)
        assert out[0, 0] == np.inf


def test_by_its_threshold_the_law_is_scipy_s_lognormal():
    law = LognormalByThreshold()
    x = np.array([0.3, 1.0, 2.5])
    delta, threshold, spread = 2.5, -0.4, 0.6
    scale = spread * delta  # of the median from the threshold
    right = stats.lognorm.logpdf(x, 1 / delta, threshold, scale)
    assert law.logpdf(x, delta, threshold, spread) == pytest.approx(right)
    assert law.logpdf(-x, -delta, -threshold, spread) == pytest.approx(right)


def test_starts_are_laws_of_quantiles_and_of_moments():
    """Slifker and Shapiro's estimates are the law itself where the quantiles are its own; moments likewise."""
    n = 4001
    u = (np.arange(n) + 0.5) / n
    own = mle.distribution("johnson_su", gamma=-0.9, delta=1.4, loc=2.0, scale=3.0)
    x = np.concatenate([np.asarray(own.ppf(u), dtype=float), X])
    groups = Groups(x, None, np.array([0, n, n + 6]))
    starts = JohnsonByMedian().starts_of_groups(groups)
    lean, delta, median, spread = (v[0] for v in starts[0])
    assert [lean, delta] == pytest.approx([-0.9 / 1.4, 1.4], rel=1e-3)
    assert median == pytest.approx(float(own.ppf(0.5)), rel=1e-3)
    assert spread == pytest.approx(3.0 * np.cosh(0.9 / 1.4) / 1.4, rel=1e-3)
    assert all(np.isnan(start[0][1]) for start in starts)  # six rows may have several peaks
    x = np.asarray(stats.lognorm.ppf(u, 0.3, loc=-1.0, scale=2.0))
    shape, median, spread = (v[0] for v in LognormalBeside().starts_of_groups(Groups(x, None, np.array([0, n])))[0])
    assert [shape, median - spread / shape] == pytest.approx([0.3, -1.0], rel=0.05)
    law = stats.lognorm(shape, loc=median - spread / shape, scale=spread / shape)
    assert [law.mean(), law.var()] == pytest.approx([x.mean(), x.var()])


def test_at_a_lognormal_limit_whose_threshold_is_far_below_most_rows_there_is_a_maximum():
    """It was refused, as a quadrature for its quartiles failed: its sigma is 5.5. The value is that of a search."""
    lower = np.array([0.0] * 16 + [1, 1, 19, 44])
    fit = fit_quietly(mle.Sample.intervals(lower, lower + 1), "johnson_su")
    assert fit.certificate.verdict is Verdict.BOUNDARY
    law = stats.lognorm(5.486527, loc=0.8727065, scale=np.exp(-3.1726564) / 31.48641775)
    assert fit.llf == pytest.approx(np.sum(np.log(law.cdf(lower + 1) - law.cdf(lower))), abs=1e-8)


def test_a_lognormal_limit_that_is_normal_is_the_normal_one():
    """A division by zero refused the sample."""
    normal, *lognormal = mle.get_family("johnson_su").limits
    assert [limit.embed(2.0, 3.0, 0.0) for limit in lognormal] == [normal.embed(2.0, 3.0)] * 2


@pytest.mark.parametrize("at", [1, 2])
def test_quantiles_of_the_lognormal_limits_are_where_their_tails_are_so_much(at):
    law, params = mle.get_family("johnson_su").limits[at].family, (2.0, 3.0, 0.4)
    for p in (1e-9, 0.3, 0.9):
        assert law.cdf(law.ppf(p, *params), *params) == pytest.approx(p, rel=1e-12)
        assert law.sf(law.isf(p, *params), *params) == pytest.approx(p, rel=1e-12)


def test_where_entries_show_a_tail_alone_the_maximum_is_found():
    """It was refused: the median of the law is far from all that is seen, and the likelihood bends sharply there."""
    rng = np.random.default_rng(3)
    x = np.round(stats.johnsonsu(1.3, 1.86, 1.9, 2.25).rvs(50, random_state=rng))
    entry = x - 1.5 * rng.exponential(0.5, 50)
    fit = mle.fit(mle.Sample(x).truncated(lower=entry), "johnson_su")
    assert fit.certificate.verdict is Verdict.INTERIOR
    best = stats.johnsonsu(6.5680159, 0.68288115, 2.6787681, 0.47221272)
    assert fit.llf == pytest.approx(np.sum(best.logpdf(x) - best.logsf(entry)), abs=1e-8)
    assert fit.params["scale"] == pytest.approx(0.47221272, rel=1e-5)


IN_WINDOW = (-0.7, 2.5), (0.8, 0.4, 0.5)


def in_window(x, slope, loc, scale):
    """The log-density of the law of a window, of numbers of mpmath."""
    r = [mp.asinh((mp.mpf(v) - loc) / scale) for v in (*IN_WINDOW[0], x)]
    integral = (mp.exp(-slope * r[0]) - mp.exp(-slope * r[1])) / slope
    return -slope * r[2] - mp.log(integral) - mp.log(scale**2 + (mp.mpf(x) - loc) ** 2) / 2


def test_the_law_of_a_window_is_what_it_says():
    law, params, x = JohnsonInWindow(*IN_WINDOW[0]), IN_WINDOW[1], 0.9
    assert law.logpdf(np.array([x]), *params)[0] == pytest.approx(float(in_window(x, *params)), rel=1e-14)
    slopes = [mp.diff(lambda v, k=k: in_window(x, *params[:k], v, *params[k + 1 :]), params[k]) for k in range(3)]
    assert [float(s) for s in law.score(x, *params)] == pytest.approx([float(s) for s in slopes], rel=1e-12)
    below = mp.quad(lambda v: mp.exp(in_window(v, *params)), [IN_WINDOW[0][0], params[1], x])
    assert float(law.cdf(x, *params)) == pytest.approx(float(below), rel=1e-12)
    assert float(law.sf(x, *params)) == pytest.approx(float(1 - below), rel=1e-12)


def test_in_the_limit_of_gamma_and_delta_johnson_s_law_is_that_of_its_window():
    (low, high), (slope, loc, scale) = IN_WINDOW
    delta = 1e-3
    low, high, *y = slope / delta + delta * np.arcsinh((np.array([low, high, *X[1:4]]) - loc) / scale)
    mass = special.log_ndtr(-low) + np.log1p(-np.exp(special.log_ndtr(-high) - special.log_ndtr(-low)))
    wide = stats.norm.logpdf(y) + np.log(delta / np.hypot(scale, X[1:4] - loc)) - mass
    ours = JohnsonInWindow(*IN_WINDOW[0]).logpdf(X[1:4], slope, loc, scale)
    assert wide == pytest.approx(ours, abs=1e-5)


@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_a_window_on_johnson_s_law_may_leave_its_limit_there(unit):
    """It was refused as unbounded, or the normal law certified. The value is that of a search with other formulas."""
    x = stats.johnsonsu(-1.28, 0.16, 0, 0.2).rvs(600, random_state=np.random.default_rng(2))
    x = x[(x > -1) & (x < 1)][:60]
    fit = fit_quietly(mle.Sample(unit * x).truncated(-unit, unit), "johnson_su")
    assert fit.certificate.verdict is Verdict.BOUNDARY
    assert fit.params["delta"] == 0.0

    def cost(u):
        r = [np.arcsinh((v - u[1]) / np.exp(u[2])) for v in (-1.0, 1.0, x)]
        integral = (np.exp(-u[0] * r[0]) - np.exp(-u[0] * r[1])) / u[0]
        return np.sum(u[0] * r[2] + np.log(integral) + np.log(np.hypot(np.exp(u[2]), x - u[1])))

    end = optimize.minimize(cost, [0.1, fit.params["loc"] / unit, np.log(fit.params["scale"] / unit)])
    assert fit.llf + 60 * np.log(unit) == pytest.approx(-end.fun, abs=1e-7)


@pytest.mark.parametrize("theta", [(-0.7, 1.3, 0.3, 0.8), (3.5, 0.9, 0.3, 0.8), (-12.0, 2.0, 0.3, 0.8)])
def test_tails_and_their_derivatives_are_those_of_the_normal_deviate(theta):
    """By mpmath; also far out, and where the law leans until it is lognormal."""
    law, x = JohnsonByMedian(), np.array([-1.0, -0.2, 0.1, 0.7, 1.9, 4.0])

    def log_tail(side, x, *params):
        lean, delta, median, spread = params
        z = mp.cosh(lean) / delta * (mp.mpf(x) - median) / spread - mp.sinh(lean)
        return mp.log(mp.ncdf(side * delta * (lean + mp.asinh(z))))

    with mp.workdps(50):
        params = [mp.mpf(v) for v in theta]
        for side, tail, scores in zip((1, -1), (law.logcdf, law.logsf), law.tail_scores(x, *theta), strict=True):
            assert tail(x, *theta) == pytest.approx([float(log_tail(side, v, *params)) for v in x], rel=1e-11)
            for k, score in enumerate(scores):
                order = tuple(int(j == k) for j in range(4))
                slopes = [mp.diff(lambda *p, v=v: log_tail(side, v, *p), tuple(params), order) for v in x]  # noqa: B023
                assert score == pytest.approx([float(s) for s in slopes], rel=1e-9, abs=1e-12)
    assert law.cdf(x, *theta) + law.sf(x, *theta) == pytest.approx(np.ones(6))


@pytest.mark.parametrize(("side", "params"), [(1.0, (80.0, 40.0, 3.0)), (-1.0, (100.0, 40.0, 3.0))])
def test_a_lognormal_limit_has_slopes_in_a_window_that_holds_its_threshold(side, params):
    """Beyond the threshold nothing moves a tail: what is infinite there times 0 is no slope."""
    law, ends = _lognormal(side), (np.array([30.0]), np.array([150.0]))
    with np.errstate(all="raise"):
        got = mass_scores(law, params, *ends)[:, 0]
    for k, slope in enumerate(got):
        moved = [log_mass(law, tuple(v + m * 1e-3 * (j == k) for j, v in enumerate(params)), *ends) for m in AROUND]
        assert slope == pytest.approx(fourth_order(moved, 1e-3)[0], rel=1e-8)


def test_a_lognormal_limit_on_its_way_to_a_spike_is_known():
    """Five rows in a window: climbs went on to the observation nearest to the threshold, for a second."""
    law, sample = _lognormal(1.0), mle.Sample([32.77, 122.68, 69.07, 49.57, 102.68])
    assert law.spurious(sample, 320.2, 1093.0, 3.8)
    assert not law.spurious(sample, 70.0, 30.0, 0.8)
    assert law.spikes(sample.truncated(30.0, 150.0)) is not None
    censored = mle.Sample.intervals([32.77, 69.07, -np.inf], [32.77, 69.07, 10.0])
    assert law.spikes(censored) is None  # the threshold is known to be below another
    assert _lognormal(-1.0).spikes(censored) is not None
