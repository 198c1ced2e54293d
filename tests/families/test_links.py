"""Links and their derivatives, against mpmath and against each other."""

import mpmath
import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.families.links import get_link, links

ETA = {
    "inverse": [0.02, 0.7, 3.0, 40.0],
    "inverse_squared": [0.02, 0.7, 3.0, 40.0],
    "sqrt": [0.02, 0.7, 3.0, 40.0],
}
DEFAULT = [-30.0, -3.0, -0.4, 0.0, 0.7, 2.5, 5.0]

BY_MPMATH = {
    "identity": lambda t: t,
    "log": mpmath.exp,
    "logit": lambda t: 1 / (1 + mpmath.exp(-t)),
    "probit": mpmath.ncdf,
    "cloglog": lambda t: 1 - mpmath.exp(-mpmath.exp(t)),
    "loglog": lambda t: mpmath.exp(-mpmath.exp(-t)),
    "cauchit": lambda t: mpmath.mpf(1) / 2 + mpmath.atan(t) / mpmath.pi,
    "inverse": lambda t: 1 / t,
    "inverse_squared": lambda t: 1 / mpmath.sqrt(t),
    "sqrt": lambda t: t * t,
    "softplus": lambda t: mpmath.log(1 + mpmath.exp(t)),
}


@pytest.mark.parametrize("name", links())
def test_value_slope_and_bend_are_those_of_mpmath(name):
    eta = np.array(ETA.get(name, DEFAULT))
    got = get_link(name).inverse(eta)
    with mpmath.workdps(150):
        for order, values in enumerate(got):
            expected = [float(mpmath.diff(BY_MPMATH[name], mpmath.mpf(t), order)) for t in eta.tolist()]
            np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-40)


@pytest.mark.parametrize("name", links())
def test_the_predictor_is_the_inverse(name):
    link = get_link(name)
    eta = np.array(ETA.get(name, [-3.0, -0.4, 0.7, 1.5]))
    np.testing.assert_allclose(link.predictor(link.value(eta)), eta, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in links() if get_link(name).rescaled is not None])
def test_a_change_of_unit_is_a_change_of_the_predictor(name):
    link = get_link(name)
    eta, c = np.array(ETA.get(name, [-3.0, -0.4, 0.7, 1.5])), 1e6
    factor, shift = link.rescaled(c)
    np.testing.assert_allclose(link.value(factor * eta + shift), c * link.value(eta), rtol=1e-12)


def test_links_of_statsmodels_are_taken():
    from statsmodels.genmod.families import links as theirs

    ours, other = get_link("cloglog"), get_link(theirs.CLogLog())
    eta = np.array([-2.0, 0.1, 1.0])
    for got, expected in zip(other.inverse(eta), ours.inverse(eta), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-8)


def test_what_is_no_link_is_refused():
    with pytest.raises(mle.errors.UnknownNameError, match="unknown link 'logic'"):
        get_link("logic")
    with pytest.raises(mle.errors.ParameterError, match="expected a name"):
        get_link(3)


def test_a_missing_predictor_is_missing_without_a_warning():
    for name in links():
        assert np.isnan(get_link(name).inverse(np.array([np.nan]))[0]).all()


OF_PROBABILITIES = [name for name in links() if get_link(name).logit is not None]


@pytest.mark.parametrize("name", OF_PROBABILITIES)
def test_the_logit_of_a_probability_keeps_digits_where_it_rounds_to_one(name):
    eta = np.array([-12.0, -5.5, -1.25, -0.1, 0.0, 0.3, 1.0, 2.5, 6.0])
    with mpmath.workdps(400):  # 1 - p of "cloglog" at 6 is exp(-403)
        of = BY_MPMATH[name]
        logit = lambda t: mpmath.log(of(t)) - mpmath.log(1 - of(t))  # noqa: E731
        expected = [[float(mpmath.diff(logit, mpmath.mpf(t), order)) for t in eta.tolist()] for order in range(3)]
    with np.errstate(over="ignore"):
        found = get_link(name).logit(eta)
    for values, exact in zip(found, expected, strict=True):
        np.testing.assert_allclose(values, exact, rtol=1e-10, atol=1e-12)
    assert set(OF_PROBABILITIES) == {"logit", "probit", "cloglog", "loglog", "cauchit"}
