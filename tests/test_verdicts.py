"""Every verdict, each reached on real or classical data."""

import math

import numpy as np
import pytest
import scipy.stats
from references import adversarial, case, column, fit_quietly

import mle_toolkit as mle
from mle_toolkit.errors import DegenerateDataError, NoMaximumError
from mle_toolkit.estimation.certificate import Verdict


def test_verdicts_are_sentences_that_equal_their_names():
    for verdict in Verdict:
        assert verdict == verdict.name.lower()
        assert verdict in {verdict.name.lower()}
        assert {verdict: 1}[verdict.name.lower()] == 1
        assert str(verdict) == verdict.name.lower()
        assert len(verdict.value.split()) > 4
    assert Verdict.INTERIOR != "boundary"
    assert len({hash(verdict) for verdict in Verdict}) == len(Verdict)


# --- interior ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gamma_groundbeef", "t_newcomb", "gev_portpirie", "nbinom_mites", "pois_horsekicks"])
def test_interior(name):
    fit = case(name).fit()
    certificate = fit.certificate
    assert certificate.verdict == "interior"
    assert certificate.ok
    assert certificate.limit is None
    assert certificate.boundary == certificate.irregular == ()
    assert certificate.score_se < 1e-4
    assert 0 <= certificate.decrement < 1e-9
    assert sum(certificate.eigenvalues) == pytest.approx(len(fit.params), rel=1e-9)
    assert min(certificate.eigenvalues) > 0
    assert str(certificate).startswith("interior: ")


# --- boundary: the limiting family is named, its parameters have standard errors --------------------------------------


def weldon() -> mle.Sample:
    return mle.Sample.table(column("weldondice", "x"), column("weldondice", "freq"))


BOUNDARIES = {
    "student_t on faithful": (lambda: column("faithful", "waiting"), "student_t", "normal", ("df",)),
    "negbin on Weldon's dice": (weldon, "negbin", "poisson", ("size",)),
    "lomax on ground beef": (lambda: column("groundbeef", "serving"), "lomax", "exponential", ("shape", "scale")),
}


@pytest.mark.parametrize("which", BOUNDARIES)
def test_boundary(which):
    data, family, limit, at_end = BOUNDARIES[which]
    with pytest.warns(mle.FitWarning, match=f"where {family} is {limit}") as caught:
        fit = mle.fit(data(), family)
    at_limit = mle.fit(data(), limit)
    certificate = fit.certificate
    assert caught[0].message.certificate == certificate
    assert certificate.verdict == "boundary"
    assert certificate.ok
    assert certificate.limit == limit
    assert fit.llf == at_limit.llf
    assert fit.distribution.family.name == limit
    assert dict(fit.distribution.params) == dict(at_limit.params)
    for name in certificate.boundary:
        assert math.isnan(fit.bse[name])
        assert not math.isfinite(fit.params[name])
    assert certificate.boundary == at_end
    others = [se for name, se in fit.bse.items() if name not in at_end]
    if others:
        assert others == pytest.approx(list(at_limit.bse.values()), rel=1e-6)


def test_boundary_of_a_closed_domain():
    with pytest.warns(mle.FitWarning, match="mu = 0"):
        fit = mle.fit([0, 0, 0], "poisson")
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.boundary == ("mu",)
    assert fit.certificate.limit is None


def test_boundary_of_a_bound_given():
    with pytest.warns(mle.FitWarning, match="shape = 3"):
        fit = mle.fit(column("groundbeef", "serving"), "gamma", bounds={"shape": (None, 3.0)})
    assert fit.certificate.verdict == "boundary"
    assert fit.params["shape"] == 3.0


def test_no_boundary_where_the_tails_are_heavy():
    """Newcomb's measurements have two outliers: a finite df, far above the normal law."""
    x = column("newcomb", "x")
    fit = mle.fit(x, "student_t")
    assert fit.certificate.verdict == "interior"
    assert fit.llf > mle.fit(x, "normal").llf + 10


# --- unbounded --------------------------------------------------------------------------------------------------------

UNBOUNDED = {
    "normal, constant": ([3.0, 3.0, 3.0, 3.0], "normal"),
    "gamma, constant": ([2.0, 2.0], "gamma"),
    "weibull, constant": ([2.0, 2.0, 2.0], "weibull"),
    "lognormal, constant": ([5.0, 5.0], "lognormal"),
    "student_t, constant": ([1.0, 1.0, 1.0, 1.0], "student_t"),
    "cauchy, constant": ([1.0, 1.0, 1.0], "cauchy"),
    "gev, two observations": ([1.0, 2.0], "gev"),
    "one observation": ([1.5], "normal"),
    "beta, constant": ([0.5, 0.5, 0.5], "beta"),
}


@pytest.mark.parametrize("which", UNBOUNDED)
def test_unbounded(which):
    data, family = UNBOUNDED[which]
    with pytest.raises(DegenerateDataError) as caught:
        mle.fit(data, family)
    certificate = caught.value.certificate
    assert certificate is not None
    assert certificate.verdict == "unbounded"
    assert not certificate.ok
    assert family in str(caught.value)


def test_unbounded_by_ties():
    """Three of five observations tie: the likelihood of a t law has no bound as scale and df go to 0."""
    with pytest.raises(NoMaximumError) as caught:
        mle.fit([0.0, 0.0, 0.0, 0.0, 1.0, -2.0], "student_t")
    assert caught.value.certificate.verdict == "unbounded"


# --- not identified ---------------------------------------------------------------------------------------------------


def test_not_identified():
    """Only the product of two parameters enters: the air-conditioning failures cannot tell them apart."""
    law = mle.Family.from_logpdf(
        lambda x, a, b: np.log(a * b) - a * b * x,
        {"a": mle.POSITIVE, "b": mle.POSITIVE},
        mle.POSITIVE,
        name="twofold",
    )
    x = column("aircondit", "hours")
    with pytest.warns(mle.FitWarning, match="do not determine"):
        fit = mle.fit(x, law)
    assert fit.certificate.verdict == "not_identified"
    assert not fit.certificate.ok
    assert fit.params["a"] * fit.params["b"] == pytest.approx(1 / x.mean(), rel=1e-6)
    assert fit.llf == pytest.approx(mle.fit(x, "exponential").llf, rel=1e-9)
    assert all(math.isnan(se) for se in fit.bse.values())


def test_not_identified_direction_of_balanced_angles():
    fit = fit_quietly(adversarial()["adv_vm_uniform"]["data"]["rad"], "von_mises")
    assert fit.certificate.verdict in ("not_identified", "boundary")
    assert math.isnan(fit.bse["mu"])


# --- non-regular ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "irregular", "at"),
    [("pareto", ("xm",), (min,)), ("uniform", ("a", "b"), (min, max))],
)
def test_non_regular(family, irregular, at):
    x = column("rivers", "x")
    fit = mle.fit(x, family)
    assert fit.certificate.verdict == "non_regular"
    assert fit.certificate.ok
    assert fit.certificate.irregular == irregular
    for name, end in zip(irregular, at, strict=True):
        assert fit.params[name] == end(x)
        assert math.isnan(fit.bse[name])
        assert name in fit.certificate.message


def test_non_regular_laplace_on_darwin():
    x = column("darwin", "y")
    fit = mle.fit(x, "laplace")
    assert fit.certificate.verdict == "non_regular"
    assert fit.params["loc"] == np.median(x)


def test_a_known_end_makes_it_regular():
    fit = mle.fit(column("rivers", "x"), "pareto", fixed={"xm": 135.0})
    assert fit.certificate.verdict == "interior"
    assert fit.params["alpha"] == pytest.approx(case("pareto1_rivers").params["alpha"], rel=1e-9)


# --- local ------------------------------------------------------------------------------------------------------------


def test_local():
    """Three-parameter Weibull on the Nile: a good maximum inside, and no bound at the smallest observation."""
    known = case("weibull3_nile")
    law = mle.get_family(scipy.stats.weibull_min, loc=None)
    with pytest.warns(mle.FitWarning, match="local maximum"):
        fit = mle.fit(known.x, law)
    certificate = fit.certificate
    assert certificate.verdict == "local"
    assert certificate.ok
    assert fit.llf == pytest.approx(known.expected["loglik"], rel=1e-9)
    for ours, theirs in (("c", "shape"), ("scale", "scale"), ("loc", "threshold")):
        error = known.expected["se"][theirs]
        assert abs(fit.params[ours] - known.expected["params"][theirs]) <= 1e-4 * error
        assert fit.bse[ours] == pytest.approx(error, rel=1e-4)


# --- not converged ----------------------------------------------------------------------------------------------------


def test_not_converged_at_a_kink():
    """A Laplace law that does not say that its location is irregular: the maximum is on a kink, with no curvature."""
    law = mle.Family.from_logpdf(
        lambda x, loc, scale: -np.log(2 * scale) - np.abs(x - loc) / scale,
        (mle.Parameter("loc", mle.REAL, role="location"), mle.Parameter("scale", mle.POSITIVE, role="scale")),
        mle.REAL,
        name="kinked",
    )
    with pytest.warns(mle.FitWarning) as caught:
        fit = mle.fit(column("darwin", "y"), law)
    assert fit.certificate.verdict == "not_converged"
    assert not fit.certificate.ok
    assert any("kinked" in str(warning.message) for warning in caught)


def test_not_converged_on_a_rough_likelihood():
    """Noise of 1e-3 nats in the density: no solver can say where the maximum is, so none is certified."""

    def rough(x, scale):
        noise = 1e-3 * np.sin(1e9 * scale)
        return -np.log(scale) - x / scale + noise

    law = mle.Family.from_logpdf(rough, {"scale": mle.POSITIVE}, mle.POSITIVE, name="rough")
    fit = fit_quietly(column("aircondit", "hours"), law)
    assert fit.certificate.verdict in ("not_converged", "not_identified")
    assert not fit.certificate.ok


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_a_number_that_the_data_leave_open_by_many_orders_of_magnitude_is_not_identified(unit):
    """One component lies in the first bin, whatever its scale; slopes and curvature there are 0 to many digits."""
    sample = mle.Sample.binned([68, 3, 2, 1, 0, 1], np.arange(7.0) * unit)
    law = mle.mixture("exponential", 2)
    fit = fit_quietly(sample, law)
    assert fit.certificate.verdict == "not_identified"
    assert "scale[0]" in fit.certificate.message
    with_less = fit_quietly(sample, law, fixed={"scale": fit.params["scale"] * np.array([1e-3, 1.0])})
    assert with_less.llf == pytest.approx(fit.llf, abs=1e-8)
