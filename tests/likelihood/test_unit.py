"""Data over the whole range of numbers are fitted as exactly as any, or refused."""

import mpmath as mp
import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.likelihood.unit import GroupUnits, Unit

RANGES = [(1e-200, 1e200), (1e-160, 1e160), (1e-300, 1e300), (5e-324, 1.7e308), (1e-308, 1e-300), (1e300, 1.5e308)]


@pytest.mark.parametrize("ends", RANGES, ids=str)
def test_logs_however_far_apart_neither_overflow_nor_cancel(ends):
    x = [ends[0], ends[1], ends[0], ends[1], ends[1]]
    logs = [mp.log(mp.mpf(value)) for value in x]
    mean = mp.fsum(logs) / 5
    sd = mp.sqrt(mp.fsum((value - mean) ** 2 for value in logs) / 5)
    fit = mle.fit(x, "lognormal")
    assert fit.params["meanlog"] == pytest.approx(float(mean), rel=1e-12)
    assert fit.params["sdlog"] == pytest.approx(float(sd), rel=1e-12)
    assert fit.llf == pytest.approx(float(-5 * (mp.log(sd) + mp.log(2 * mp.pi) / 2 + mean) - mp.mpf(5) / 2), abs=1e-9)


LOG_DENSITIES = {
    "gamma": lambda x, k, s: (k - 1) * mp.log(x) - x / s - mp.loggamma(k) - k * mp.log(s),
    "weibull": lambda x, k, s: mp.log(k / s) + (k - 1) * mp.log(x / s) - (x / s) ** k,
    "frechet": lambda x, a, s: mp.log(a / s) - (a + 1) * mp.log(x / s) - (x / s) ** -a,
}


@pytest.mark.parametrize("name", LOG_DENSITIES)
@pytest.mark.parametrize("ends", [(1e-200, 1e200), (1e290, 1e307), (1e-300, 1e-290)], ids=str)
def test_positive_laws_over_the_whole_range_are_at_their_maximum(name, ends):
    x = [ends[0], ends[1], 3 * ends[0], ends[1] / 7, ends[1]]
    fit = mle.fit(x, name)
    params = [mp.mpf(value) for value in fit.params.values()]

    def loglik(at):
        return mp.fsum(LOG_DENSITIES[name](mp.mpf(value), *at) for value in x)

    assert fit.llf == pytest.approx(float(loglik(params)), abs=1e-8)
    for k in range(len(params)):
        for change in (1 - 1e-4, 1 + 1e-4):
            moved = [p * change if j == k else p for j, p in enumerate(params)]
            assert loglik(moved) <= loglik(params) + 1e-9


@pytest.mark.parametrize("ends", [(1e-140, 1e140), (1e-45, 1e45), (1e-250, 1e-20)], ids=str)
@pytest.mark.parametrize("name", ["pareto", "levy", "inverse_exponential", "inverse_gamma", "exponential"])
def test_closed_forms_of_data_over_many_powers_of_ten_are_maxima(name, ends):
    x = [ends[0], ends[1], np.sqrt(ends[0]) * np.sqrt(ends[1]), 5 * ends[0]]
    fit = mle.fit(x, name)
    assert fit.certificate.ok
    assert fit.certificate.decrement < 1e-9
    if name == "levy":  # its scale is the harmonic mean
        assert fit.params["scale"] == pytest.approx(float(4 / mp.fsum(1 / mp.mpf(v) for v in x)), rel=1e-13)
        assert fit.bse["scale"] == pytest.approx(fit.params["scale"] / np.sqrt(2), rel=1e-9)
    if name == "pareto":
        alpha = 4 / mp.fsum(mp.log(mp.mpf(v) / mp.mpf(min(x))) for v in x)
        assert fit.params["alpha"] == pytest.approx(float(alpha), rel=1e-12)


@pytest.mark.parametrize("weight", [5e-324, 1e-200, 1e200, 1e308])
def test_weights_whose_sums_leave_the_range_of_numbers_are_refused(weight):
    for make in (mle.Sample, lambda x, w: mle.Sample.intervals(x, np.add(x, 1), w)):
        with pytest.raises(mle.errors.WeightError, match="Multiply all of them by one number"):
            make([1.0, 2.0, 3.0], [weight] * 3)


def test_small_weights_beside_others_count_as_little_as_they_are():
    x, weight = [1.0, 2.0, 7.0], [1.0, 1.0, 1e-300]
    assert mle.fit(x, "normal", weights=weight).params["mu"] == pytest.approx(1.5, rel=1e-15)


@pytest.mark.parametrize("name", ["gev", "gamma", "gompertz_makeham", "lognormal", "poisson"])
def test_units_of_groups_are_units_of_each(name):
    """A location, a scale, a rate, a log-scale, and none."""
    law = mle.get_family(name)
    units = GroupUnits(np.array([1.5, -3.0]), np.array([4.0, 0.125]))
    theta = np.array([[0.5 * sum(p.typical) for p in law.parameters]] * 2) * [[1.0], [1.3]]
    for g in range(2):
        one = Unit(float(units.centre[g]), float(units.scale[g]))
        assert units.params_to_data(law, theta)[g] == pytest.approx(one.params_to_data(law, theta[g]), rel=1e-15)
        assert units.slopes(law)[g].tolist() == one.slopes(law).tolist()
        assert np.broadcast_to(units.log_jacobian(law), 2)[g] == pytest.approx(one.log_jacobian(law), rel=1e-15)
    there_and_back = units.inverse.params_to_data(law, units.params_to_data(law, theta))
    assert there_and_back == pytest.approx(theta, rel=1e-14)
