"""Sums of a regression in one compiled pass are those of NumPy, and where they would not be there are none."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.estimation import climb
from mle_toolkit.likelihood import kernels, passed, surrogate
from mle_toolkit.likelihood.kernels.passes import pass_of
from mle_toolkit.likelihood.passed import has_pass, slope_sums
from mle_toolkit.regression import predictors

pytest.importorskip("numba", reason="compiled passes need numba (extra fast)")

LAWS = ["poisson", "bernoulli", "gamma", "negbin", "normal", "weibull", "lognormal"]
CUT_OFF = ["weibull", "lognormal"]
N = 331  # rows that fill no block


def drawn(law, seed=0):
    """Covariates and responses."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(N), rng.normal(size=(N, 4))])
    eta = x @ [0.4, 0.5, -0.6, 0.2, 0.0]
    mean = np.exp(eta)
    y = {
        "poisson": lambda: rng.poisson(mean),
        "bernoulli": lambda: rng.uniform(size=N) < 1 / (1 + np.exp(-eta)),
        "gamma": lambda: rng.gamma(2.0, mean / 2),
        "negbin": lambda: rng.negative_binomial(1.5, 1.5 / (1.5 + mean)),
        "normal": lambda: eta + rng.normal(size=N),
        "weibull": lambda: mean * rng.weibull(1.3, size=N),
        "lognormal": lambda: mean * np.exp(0.8 * rng.normal(size=N)),
    }[law]()
    return x, np.asarray(y, dtype=float), rng


def likelihood_of(law, monkeypatch, y=None, **options):
    """Likelihood, and a point away from its maximum, of a regression that is treated as a long one."""
    monkeypatch.setattr(predictors, "COMPILED_NUMBERS", 1)
    x, drawn_y, _ = drawn(law)
    found = mle.regress(drawn_y if y is None else y, x, law, **options).at_maximum
    assert has_pass(found.likelihood.family)
    return found.likelihood, found.theta_in_unit + 0.05


def sums_of(likelihood, theta, monkeypatch, *, compiled):
    """Value, derivatives and second derivatives of points, and of what is cut off."""
    with monkeypatch.context() as patched:
        if not compiled:
            patched.setattr("mle_toolkit.likelihood.model.passed_sums", lambda *_: None)
        likelihood._forget()
        parts = [np.asarray(likelihood._derivative_sums(theta, likelihood.family.unpack(theta)))]
        return parts if likelihood.plain else [*parts, likelihood._sum_masses(theta)]


def assert_same(likelihood, theta, monkeypatch):
    wanted = sums_of(likelihood, theta, monkeypatch, compiled=False)
    for got, want in zip(sums_of(likelihood, theta, monkeypatch, compiled=True), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12 * np.max(np.abs(want)))


@pytest.mark.parametrize("law", LAWS)
def test_sums_are_those_of_numpy(law, monkeypatch):
    """Of rows with weights and offsets, and without."""
    _, _, rng = drawn(law)
    assert_same(*likelihood_of(law, monkeypatch), monkeypatch)
    options = {"weights": rng.integers(1, 4, N), "offset": 0.3 * rng.normal(size=N)}
    assert_same(*likelihood_of(law, monkeypatch, **options), monkeypatch)


@pytest.mark.parametrize("law", LAWS)
def test_slopes_alone_are_those_of_all_derivatives(law, monkeypatch):
    """To the last bit: they are summed in the same order."""
    likelihood, theta = likelihood_of(law, monkeypatch)
    family, sample = likelihood.family, likelihood.sample
    whole = family.given(sample.known).derivative_sums(sample.x, None, *family.unpack(theta))
    alone = slope_sums(family.given(sample.known), sample.x, None, family.unpack(theta))
    np.testing.assert_array_equal(alone, whole[: 1 + len(theta)])


def test_a_climb_with_a_pass_for_slopes_alone_ends_where_others_do(monkeypatch):
    """Standard errors to ten millionths, as their second derivatives are; coefficients to less than these."""
    rng = np.random.default_rng(3)
    n = 60_000
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 19))])
    eta = x @ (0.1 * rng.normal(size=20))
    y = (rng.uniform(size=n) < 1 / (1 + np.exp(-eta))).astype(float)
    asked = []
    monkeypatch.setattr(surrogate, "slope_sums", lambda *of: asked.append(len(of[1])) or slope_sums(*of))
    short = mle.regress(y, x, "bernoulli")
    assert sum(asked) == n
    monkeypatch.setattr(climb, "has_slopes", lambda model: False)
    usual = mle.regress(y, x, "bernoulli")
    assert sum(asked) == n
    errors = [np.sqrt(np.diag(fit.cov_params())) for fit in (short, usual)]
    np.testing.assert_allclose(*errors, rtol=1e-7)
    np.testing.assert_allclose(short.coefficients, usual.coefficients, rtol=0, atol=1e-8 * np.min(errors[0]))
    assert short.certificate.ok
    assert short.llf == pytest.approx(usual.llf, rel=1e-14)


@pytest.mark.parametrize("law", CUT_OFF)
def test_sums_of_durations_that_are_cut_off_are_those_of_numpy(law, monkeypatch):
    _, y, rng = drawn(law)
    end = rng.exponential(2.0, size=N)
    cut_off = mle.Sample.right_censored(np.minimum(y, end), y <= end)
    likelihood, theta = likelihood_of(law, monkeypatch, cut_off)
    assert_same(likelihood, theta, monkeypatch)
    assert_same(likelihood, theta - 0.4, monkeypatch)


@pytest.mark.parametrize("law", ["poisson", "bernoulli", "gamma", "negbin", "weibull"])
def test_a_predictor_that_is_far_out_is_left_to_numpy(law, monkeypatch):
    """Where an exponential would leave the range of numbers, as on the way to a limit."""
    likelihood, theta = likelihood_of(law, monkeypatch)
    place = likelihood.family.places[likelihood.family.param_names.index(likelihood.family.base.main_parameter)]
    theta[place] = 400.0
    model = likelihood.family
    assert passed.passed_sums(model, "sums", likelihood.sample.x, None, model.unpack(theta)) is None
    got, want = (sums_of(likelihood, theta, monkeypatch, compiled=compiled) for compiled in (True, False))
    np.testing.assert_array_equal(got[0], want[0])


@pytest.mark.parametrize("law", ["poisson", "negbin"])
def test_large_counts_are_left_to_numpy(law, monkeypatch):
    """Textbook terms of theirs cancel."""
    _, y, _ = drawn(law)
    y[:3] = 300.0
    likelihood, theta = likelihood_of(law, monkeypatch, y)
    model = likelihood.family
    assert passed.passed_sums(model, "sums", likelihood.sample.x, None, model.unpack(theta)) is None


def test_other_links_parameters_and_designs_have_no_pass(monkeypatch):
    monkeypatch.setattr(predictors, "COMPILED_NUMBERS", 1)
    x, y, _ = drawn("poisson")
    assert not has_pass(mle.regress(y, x, "poisson", links={"mu": "sqrt"}).model)
    x, y, _ = drawn("gamma")
    assert not has_pass(mle.regress(y, x, "gamma", shape=x[:, :2]).model)
    assert pass_of(mle.get_family("gamma")) is None
    assert pass_of(mle.get_family("gamma", by="mean")) is not None


def test_without_numba_there_are_none(monkeypatch):
    monkeypatch.setattr("mle_toolkit.likelihood.kernels.passes.has_numba", lambda: False)
    monkeypatch.setattr("mle_toolkit.likelihood.kernels.passes._module", kernels.passes._module.__wrapped__)
    assert pass_of(mle.get_family("poisson")) is None
