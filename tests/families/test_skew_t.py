"""Azzalini's skew-t law: formulas and tails against mpmath, and maxima where it runs off to a limit."""

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import stats

import mle_toolkit as mle

LAW = mle.get_family("skew_t")
PAIRS = [(j, k) for j in range(4) for k in range(j, 4)]
POINTS = [((1.0, 0.5, 2.0, 3.0), (-19.0, 0.4, 1.2, 11.0)), ((0.0, 2.0, -6.0, 0.8), (-90.0, -0.3, 0.2, 8.0))]


def log_student(z, v):
    return mp.loggamma((v + 1) / 2) - mp.loggamma(v / 2) - mp.log(mp.pi * v) / 2 - (v + 1) / 2 * mp.log1p(z * z / v)


def logpdf(x, m, s, a, v):
    """Azzalini & Capitanio (2003), equation 26 in one dimension."""
    z = (x - m) / s
    w = a * z * mp.sqrt((v + 1) / (v + z * z))
    tail = mp.betainc((v + 1) / 2, mp.mpf(1) / 2, 0, (v + 1) / (v + 1 + w * w), regularized=True) / 2
    return mp.log(2 / s) + log_student(z, v) + mp.log(tail if w < 0 else 1 - tail)


@pytest.mark.parametrize(("params", "points"), POINTS)
def test_density_score_and_second_derivatives(params, points):
    x = np.array(points)
    score, hessian = LAW.score(x, *params), LAW.hessian(x, *params)
    with mp.workdps(40):
        at = tuple(map(mp.mpf, params))
        for i, v in enumerate(points):
            assert LAW.logpdf(x, *params)[i] == pytest.approx(float(logpdf(v, *at)), rel=1e-13)
            for j in range(4):
                slope = float(mp.diff(lambda *p, v=v: logpdf(v, *p), at, [int(j == k) for k in range(4)]))
                assert score[j][i] == pytest.approx(slope, rel=1e-10, abs=1e-12), (v, j)
            for (j, k), got in zip(PAIRS, hessian, strict=True):
                orders = [int(c == j) + int(c == k) for c in range(4)]
                bend = float(mp.diff(lambda *p, v=v: logpdf(v, *p), at, orders))
                assert got[i] == pytest.approx(bend, rel=1e-9, abs=1e-11), (v, j, k)


@pytest.mark.parametrize(
    ("params", "x"), [((0, 1, 2.0, 3.0), -30.0), ((0, 1, -2.0, 3.0), -0.3), ((0, 1, 3.0, 60.0), -2.5)]
)
def test_tails_are_integrals_of_the_density(params, x):
    """In 20 digits, over the log of the distance; and the other tail is that of the law mirrored."""
    with mp.workdps(20):
        below = mp.quad(
            lambda t: mp.exp(logpdf(x * mp.exp(t), *map(mp.mpf, params)) + t) * -x, [0, 0.1, 0.5, 1, 2, 4, 8, 16, 40]
        )
    mirrored = (0, 1, -params[2], params[3])
    assert LAW.logcdf(x, *params) == pytest.approx(float(mp.log(below)), rel=1e-10)
    assert LAW.logsf(-x, *mirrored) == LAW.logcdf(x, *params)
    assert LAW.logsf(x, *params) == pytest.approx(float(mp.log1p(-below)), rel=1e-10)


def test_tails_stay_finite_and_tell_small_shapes_apart():
    """Far out they fall as powers; near 0 they are those of an angle; with no slant they are Student's."""
    x = np.array([-1e90, -1e8, -1.0, 0.0, 1.0, 1e8, 1e90])
    assert LAW.logcdf(x, 0, 1, 0.0, 4.0) == pytest.approx(mle.get_family("student_t").logcdf(x, 4.0, 0, 1), rel=1e-12)
    assert LAW.cdf(0.0, 0, 1, [-1e6, 1.0, 50.0], 3.0) == pytest.approx(0.5 - np.arctan([-1e6, 1.0, 50.0]) / np.pi)
    # A slant that leaves next to nothing above 0: what is there is summed by itself.
    normal = stats.skewnorm(-1e4)
    assert LAW.sf(-1e-5, 0, 1, -1e4, 1e9) == pytest.approx(1 - normal.cdf(-1e-5), rel=1e-7)
    assert LAW.sf(1e-5, 0, 1, -1e4, 1e9) == pytest.approx(normal.sf(1e-5), rel=1e-7)


def test_few_rows_of_a_sharp_edge_give_half_of_students_law():
    """Where the slant runs off the maximum is that of Student's law of the distances from the last observation."""
    x = np.array([0.0, 0.2, 0.5, 0.7, 1.1, 1.3, 2.2, 3.9, 14.0, 60.0])
    fit = fit_quietly(x, "skew_t")
    assert str(fit.certificate.verdict) == "boundary"
    assert fit.certificate.boundary == ("alpha",)
    df, scale = fit.params["df"], fit.params["scale"]
    assert fit.llf == pytest.approx(np.sum(np.log(2) + stats.t.logpdf(x, df, 0, scale)), rel=1e-9)
    for wider, heavier in ((1.02, 1.0), (0.98, 1.0), (1.0, 1.02), (1.0, 0.98)):
        assert np.sum(np.log(2) + stats.t.logpdf(x, df * heavier, 0, scale * wider)) < fit.llf
    mirrored = fit_quietly(-x, "skew_t")
    assert (mirrored.params["alpha"], mirrored.llf) == (-np.inf, pytest.approx(fit.llf, rel=1e-9))


def test_light_tails_give_the_skew_normal_law():
    x = stats.skewnorm(4).ppf((np.arange(200) + 0.5) / 200)
    fit = fit_quietly(x, "skew_t")
    assert fit.certificate.boundary == ("df",)
    assert fit.llf == pytest.approx(fit_quietly(x, "skew_normal").llf, rel=1e-9)
    assert fit.params["df"] == np.inf


def test_a_search_far_out_comes_back():
    """Of few rows alpha and df run off together, where tails are those of a law of 1e30 degrees of freedom."""
    x = [2.0260271, 4.48850437, 1.57270179, 1.18306111, 4.0353451]
    fit = fit_quietly(x, "skew_t")
    assert fit.certificate.boundary == ("alpha", "df")
    away = np.array(x) - min(x)
    assert fit.llf == pytest.approx(np.sum(stats.halfnorm.logpdf(away, 0, np.sqrt(np.mean(away**2)))), rel=1e-9)
    tails = mle.get_family("student_t").logcdf(np.array([-60.0, -1e3]), [1e20, 1e300], 0.0, 1.0)
    assert tails == pytest.approx(stats.norm.logcdf([-60.0, -1e3]), rel=1e-9)
    near = mle.get_family("student_t").logcdf(-1e-3, 4.0, 0.0, 1.0)
    assert near == pytest.approx(np.log(stats.t.cdf(-1e-3, 4)), rel=1e-13)  # and near 0 no law is normal
