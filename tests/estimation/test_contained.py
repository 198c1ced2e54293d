"""A law never ends below a law that it contains: its special cases, and its limits."""

import math

import numpy as np
import pytest
from scipy import optimize, stats
from strategies import DEAR

import mle_toolkit as mle
from mle_toolkit.errors import MleError, NoMaximumError
from mle_toolkit.estimation import solve
from mle_toolkit.estimation.contained import higher_inside
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.base import Family
from mle_toolkit.families.registry import family_class, get_family
from mle_toolkit.families.relations import SpecialCase
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit


def laws():
    found = [family_class(name) for name in mle.families() if name not in DEAR]
    plain = [law() for law in found if not any(value is ... for value in law.constant_defaults.values())]
    return [law for law in plain if not law.multivariate and (law.special_cases or law.limits)]


def awkward(law, seed):
    """A few values, unlike the law's or with one far out; exact, right-censored or in bins."""
    rng = np.random.default_rng([seed, *map(ord, law.name)])
    if law.discrete:
        x = np.append(rng.negative_binomial(0.7, 0.2, size=9), 40) + max(law.support.lower, 0)
        return mle.Sample(x.astype(float))
    x = [rng.gamma(0.4, 2.0, size=7), 5.0 + rng.standard_t(1.5, size=7), np.append(rng.uniform(1, 2, size=6), 6.0)]
    x = np.abs(x[seed % 3]) + 0.01
    if law.support.upper == 1:
        x = (x - x.min() + 0.01) / (np.ptp(x) + 0.02)
    if seed % 3 == 0:
        return mle.Sample(x)
    if seed % 3 == 1:
        return mle.Sample.right_censored(np.minimum(x, np.median(x) + 0.2), x < np.median(x) + 0.2)
    step = np.ptp(x) / 5
    return mle.Sample.intervals(np.floor(x / step) * step, (np.floor(x / step) + 1) * step)


@pytest.mark.parametrize("law", laws(), ids=lambda law: law.name)
def test_a_law_does_not_end_below_a_law_that_it_contains(law):
    """Where it does, it says that this is a local maximum, and of which law it is below."""
    compared = 0
    for seed in (0, 1, 2):
        if seed == 2 and compared and law.n_free > 2 and law.name != "generalized_gamma":
            break  # bins are dear
        sample = awkward(law, seed)
        try:
            own = maximise(law, sample)
        except NoMaximumError:
            continue  # its likelihood has no bound: that of a law inside may have one
        for inner in (*(case.family for case in law.special_cases), *(limit.family for limit in law.limits)):
            try:
                inner.check_support(sample)
                inside = maximise(inner, sample)
            except MleError:
                continue
            if not inside.is_certified:
                continue
            compared += 1
            if not own.loglik >= inside.loglik - 1e-6:
                assert own.certify().verdict == "local"
                assert inner.name in own.certify().message
    assert compared


class TwoHumps(Family):
    """Exponential with a rate that its one parameter has a wrong start for: two maxima, the lower near the start."""

    name = "two humps"
    support = mle.POSITIVE
    parameters = (mle.Parameter("shift", mle.REAL), mle.Parameter("scale", mle.POSITIVE, role="scale"))

    def logpdf(self, x, shift, scale):
        return get_family("exponential").logpdf(x, scale) - np.square(shift) * np.square(shift - 4) - 0.1 * shift

    def start(self, sample):
        return (4.2, sample.mean())

    @property
    def special_cases(self):
        return (SpecialCase(get_family("exponential"), lambda scale: (0.0, scale), at=("shift",)),)


def test_a_search_begins_again_at_the_law_inside_that_is_higher(monkeypatch):
    x = np.array([1.0, 2.0, 4.0])
    monkeypatch.setattr(solve, "higher_inside", lambda found, best: None)
    low = maximise(TwoHumps(), mle.Sample(x))
    monkeypatch.undo()
    high = maximise(TwoHumps(), mle.Sample(x))
    assert low.theta[0] == pytest.approx(4.0, abs=0.1)
    assert abs(high.theta[0]) < 0.1
    assert high.certify().verdict == "interior"
    assert high.loglik >= maximise(get_family("exponential"), mle.Sample(x)).loglik
    assert (high.n_starts, high.n_agreeing) == (low.n_starts + 1, 1)


def test_what_rises_without_bound_beyond_a_law_inside_is_said_of_a_limit_too():
    """Student's t with 3 exact values: from the Cauchy law, which is higher than the normal, a spike is near."""
    x, c = [0.041590156093451736, 0.13917354187567854, 0.07309559108411279], 0.443873795588123
    sample = mle.Sample.right_censored([*x, c, c], [True, True, True, False, False])
    found = maximise(get_family("student_t"), sample)
    assert found.certify().verdict == "local"
    assert "cauchy (-1.8256)" in found.certify().message
    assert math.isclose(found.loglik, maximise(get_family("normal"), sample).loglik, rel_tol=1e-9)


@pytest.mark.parametrize("unit", [1.0, -1e6])
def test_a_climb_does_not_stop_where_every_skew_normal_likelihood_is_level(unit):
    """Newton's method stopped at alpha = -0.003, 3e-6 nats below; the maximum is of a search in 50 digits."""
    lower, upper = np.array([0.0, 1, 1, 2, 3]), np.array([np.inf, 2, np.inf, 3, 4])
    ends = np.sort([unit * lower, unit * upper], axis=0)
    fit = mle.fit(mle.Sample.intervals(*ends, np.array([1.0, 1, 1, 3, 1])), "skew_normal")
    assert fit.llf == pytest.approx(-4.803534213522407, abs=1e-8)
    assert fit.params["alpha"] == pytest.approx(np.sign(unit) * 0.172084, abs=1e-3)


def test_where_windows_show_a_tail_a_skew_normal_law_is_sought_about_the_normal_one():
    """Most of every law is before the entries, so that mean and variance say nothing of where the skewed one begins."""
    x = [7.775, -1.591, 0.928, 1.129, -0.401, 0.878, 0.884, 1.771, 0.228, -0.091, 2.641, 3.423, 0.441, 0.461, 1.371]
    x += [10.623, 3.669, 3.768, 0.304, 6.419, -0.106, -1.918, 0.446, 2.154]
    entry = [6.91, -1.996, -2.177, 0.863, -2.049, 0.795, 0.402, 1.365, -2.466, -0.763, 2.172, 1.245, 0.077, 0.431]
    entry += [0.574, 9.47, 1.544, 3.686, 0.271, 4.708, -0.377, -2.102, -0.027, -0.319]
    fit = mle.fit(mle.Sample(x).truncated(lower=entry), "skew_normal")

    def short(v):
        law = stats.skewnorm(v[0], v[1], np.exp(v[2]))
        with np.errstate(all="ignore"):
            return -np.sum(law.logpdf(x) - law.logsf(entry))

    best = optimize.minimize(
        short, [0.5, -18.0, 1.5], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000}
    )
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-best.fun, abs=1e-7)


def test_the_likelihood_of_intervals_under_a_weibull_law_is_concave_in_the_scale_of_logs():
    """So it has one maximum, and no law inside need be tried."""
    rng = np.random.default_rng(4)
    x = rng.weibull(1.4, 40)
    samples = (
        mle.Sample.right_censored(x, rng.uniform(size=40) < 0.6),
        mle.Sample.left_censored(x, rng.uniform(size=40) < 0.6),
        mle.Sample.intervals(0.8 * x, 1.3 * x),
    )
    assert mle.get_family("weibull").one_maximum_of_intervals
    for sample in samples:
        likelihood = Likelihood(mle.get_family("weibull"), sample, Unit())

        def height(v, likelihood=likelihood):
            return likelihood.mean_loglik(np.array([v[1], np.exp(v[0] / v[1])]))

        for _ in range(50):
            a, b = (np.array([rng.normal(0, 2), rng.uniform(0.2, 5)]) for _ in range(2))
            assert height(0.5 * (a + b)) >= 0.5 * (height(a) + height(b)) - 1e-12
        fit = mle.fit(sample, "weibull")
        assert fit.certificate.verdict == "interior"
        assert fit.llf >= mle.fit(sample, "exponential").llf


def test_no_law_inside_is_sought_where_a_climb_came_to_the_bound_of_all_laws():
    """Three rows in one interval and two in another: many laws give these their shares, and none is higher."""
    sample = mle.Sample.intervals([60.0, 40.0, 60.0, 40.0, 60.0], [80.0, 60.0, 80.0, 60.0, 80.0])
    found = maximise(mle.get_family("student_t"), sample)
    assert found.loglik == pytest.approx(3 * np.log(0.6) + 2 * np.log(0.4), abs=1e-8)

    def best(*_):
        raise AssertionError

    assert higher_inside(found, best) is None
