"""What a search ended in is what is reported, and where there is no maximum the reason is true of the data."""

import fieldcases
import numpy as np
import pytest
from references import fit_quietly
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import NoMaximumError, UnboundedLikelihoodError

DAYS, DIED = [13467, 13760, 12011, 7798, 7928], [0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    "family",
    ["weibull", "lognormal", "gamma", "loglogistic", "pareto", "normal", "frechet", "shifted(exponential)"],
)
@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_an_only_event_after_all_that_is_censored_leaves_no_maximum(family, unit):
    """Lifelines issue 533: a law that puts everything on the only event pays nothing for it."""
    sample = mle.Sample.right_censored(unit * np.array(DAYS), DIED)
    with pytest.raises(
        UnboundedLikelihoodError, match=r"all censored times lie before the only event, [.0]*13"
    ) as caught:
        mle.fit(sample, family)
    assert "Sample.rounded" not in str(caught.value)  # all intervals would hold it
    assert "fixed={" in str(caught.value)
    assert caught.value.certificate.verdict == "unbounded"


def test_the_way_out_leads_out():
    sample = mle.Sample.right_censored(DAYS, DIED)
    assert mle.fit(sample, "exponential").params["scale"] == pytest.approx(
        fieldcases.right("lifelines-533")["exponential"]
    )
    assert mle.fit(sample, "weibull", fixed={"shape": 2.0}).certificate.verdict == "interior"


def test_ties_of_events_lead_to_rounded_times():
    sample = mle.Sample.right_censored([8.0, 8.0, 8.0, 2.0, 9.0, 7.0], [1, 1, 1, 1, 0, 0])
    with pytest.raises(UnboundedLikelihoodError, match=r"Sample\.rounded\(time, step, event=event\)"):
        mle.fit(sample, "student_t", fixed={"df": 0.1})


@pytest.mark.parametrize("family", ["uniform", "pareto", "power", "laplace", "normal"])
def test_intervals_with_points_in_common_leave_no_maximum(family):
    with pytest.raises(NoMaximumError, match=r"all (intervals|of them) have points in common"):
        mle.fit(mle.Sample.rounded([1.0, 1.0], 1.0), family)


def test_an_end_of_the_support_is_reported_where_it_was_found():
    """In the unit of the search and back, rounding must not move it past an observation."""
    for seed in (0, 3):
        x = stats.weibull_min(1.5).rvs(18, random_state=seed)
        fit = fit_quietly(mle.Sample(x).truncated(lower=x.min() - 0.1, upper=1.2 * x.max()), "uniform")
        assert np.isfinite(fit.distribution.logpdf(x)).all()
        assert fit.llf == pytest.approx(-18 * np.log(np.ptp(x)), rel=1e-12)


@pytest.mark.parametrize("family", ["weibull", "normal", "frechet"])
def test_a_supremum_that_is_only_approached_is_told(family):
    """Of (19, 20] and what is above 20, a law that jumps at 20 has the shares exactly, and none that is smooth."""
    sample = mle.Sample.intervals([19.0, 20.0], [20.0, np.inf], [3, 5])
    fit = fit_quietly(sample, family)
    assert fit.llf == pytest.approx(3 * np.log(3 / 8) + 5 * np.log(5 / 8), abs=1e-5)
    assert not fit.certificate.ok
    assert "only approaches its supremum, -5.2925" in fit.certificate.message


def test_rounded_times_may_be_censored():
    sample = mle.Sample.rounded([5.0, 8.0, 12.0], 1.0, event=[1, 0, 1])
    np.testing.assert_array_equal(sample.lower, [4.5, 8.0, 11.5])
    np.testing.assert_array_equal(sample.upper, [5.5, np.inf, 12.5])
    low = mle.Sample.rounded([5.0, 8.0, 12.0], 2.0, observed=[0, 1, 1])
    np.testing.assert_array_equal(low.lower, [-np.inf, 7.0, 11.0])
    np.testing.assert_array_equal(low.upper, [5.0, 9.0, 13.0])
    with pytest.raises(mle.MleError, match="1 of 2 observations are censored on both sides; the first is row 1"):
        mle.Sample.rounded([1.0, 2.0], 1.0, event=[1, 0], observed=[1, 0])


@pytest.mark.parametrize("far", [[3848.0, 4729.0], [1e9]])
def test_a_few_far_observations_do_not_move_a_maximum_to_the_boundary(far):
    """The logistic log-likelihood is concave in loc/scale and 1/scale; its maximum is many spreads from the median."""
    x = np.concatenate([3.0 + 0.05 * np.arange(40), far])
    fit = fit_quietly(x, "logistic")
    assert fit.certificate.verdict == "interior"
    loc, scale = fit.params["loc"], fit.params["scale"]
    tanh = np.tanh((x - loc) / (2 * scale))
    assert abs(np.sum(tanh)) < 1e-6
    assert np.sum((x - loc) / scale * tanh) == pytest.approx(len(x), rel=1e-6)
    slope = 0.5 * (1 - tanh**2)  # of tanh, by z
    z = (x - loc) / scale
    mixed = np.sum(tanh + z * slope)
    information = np.array([[np.sum(slope), mixed], [mixed, np.sum(2 * z * tanh + z * z * slope) - len(x)]])
    errors = scale * np.sqrt(np.diag(np.linalg.inv(information)))
    assert [fit.bse[name] for name in ("loc", "scale")] == pytest.approx(errors.tolist(), rel=1e-5)


def test_a_closed_form_near_the_end_of_its_domain_is_a_maximum():
    x = np.concatenate([np.full(38, 1e5), [3.1e6, 7.7e6]])
    fit = fit_quietly(x, "borel_tanner")
    assert fit.certificate.verdict == "interior"
    assert fit.params["mu"] == pytest.approx(1 - len(x) / np.sum(x), rel=1e-12)


@pytest.mark.parametrize("seed", [17, 21, 29])
def test_standard_errors_beside_the_normal_limit_keep_their_digits(seed: int) -> None:
    # Short differences of the scores of rounded data gave up to three times the errors. By a law that has other scores.
    x = np.round(np.random.default_rng(seed).gamma(400.0, 0.2, 60) - 80, 1)
    sample = mle.Sample.intervals(x - 0.05, x + 0.05)
    shifted, other = mle.fit(sample, "shifted(gamma)"), mle.fit(sample, "pearson3")
    skew = other.params["skew"]
    assert shifted.certificate.verdict == "interior"
    assert shifted.bse["shape"] == pytest.approx(8 / abs(skew) ** 3 * other.bse["skew"], rel=1e-4)
