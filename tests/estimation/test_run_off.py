"""What is said where a search ran off: no likelihood is called unbounded of which the rise may be finite."""

import math

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import NoMaximumError, UnboundedLikelihoodError


@pytest.mark.parametrize(("seed", "unit"), [(2, 1.0), (3, 1.0), (3, 1e6)])
def test_a_maximum_beyond_the_doubles_is_not_called_unbounded(seed: int, unit: float) -> None:
    """With shape1 = 9000 the best scale is exp(±900) or so: the likelihood has a maximum, where no double goes."""
    x = unit * np.random.default_rng(seed).lognormal(0, 1, 50)
    with pytest.raises(NoMaximumError) as refused:
        mle.fit(x, "generalized_gamma", fixed={"shape1": 9000.0})
    assert not isinstance(refused.value, UnboundedLikelihoodError)
    assert refused.value.certificate.verdict != "unbounded"


@pytest.mark.parametrize(
    ("sample", "family", "fixed"),
    [
        (mle.Sample(np.full(5, 2.0)), "generalized_gamma", {"shape1": 2.0}),
        (mle.Sample(np.full(6, 2.0)).truncated(0, 5), "normal", {"mu": 2.0}),  # its sigma leaves the doubles
        # The place of the spike is rounded, which ends its rise.
        (mle.Sample(np.full(3, 3.3)).truncated(0, 8), "cauchy", {}),
        (mle.Sample(np.full(3, 3.3)).truncated(lower=0.5), "logistic", {}),
        (mle.Sample(np.full(3, 3.3)).truncated(0, 8), "normal", {}),
    ],
)
def test_a_law_that_concentrates_on_ties_is_unbounded(sample: mle.Sample, family: str, fixed: dict[str, float]) -> None:
    with pytest.raises(UnboundedLikelihoodError, match="runs to the end of its domain"):
        mle.fit(sample, family, fixed=fixed)


BEYOND_DOUBLES = {
    "a count of 0 and two above 189": (
        "negbin",
        mle.Sample.intervals([-1.0, 189.0, 189.0], [0.0, math.inf, math.inf]),
        -math.log(27 / 4),
    ),
    "five in an interval and two far above": (
        "gev",
        mle.Sample.intervals([18.0, 18.8, 33.9], [19.8, math.inf, math.inf], [5.0, 1.0, 2.0]),
        5 * math.log(5 / 7) + 2 * math.log(2 / 7),
    ),
}


@pytest.mark.parametrize(("law", "sample", "supremum"), BEYOND_DOUBLES.values(), ids=BEYOND_DOUBLES)
def test_a_likelihood_that_rises_until_the_doubles_end_has_no_maximum(law, sample, supremum):
    """It was not converged: the supremum is a share at one place and the rest at infinity, which no double is near."""
    with pytest.warns(mle.FitWarning, match="leaves the range of floating-point numbers"):
        fit = mle.fit(sample, law)
    assert fit.certificate.verdict == "not_identified"
    assert supremum - 0.02 < fit.llf < supremum


@pytest.mark.parametrize("form", ["window", "right-censored", "intervals beside"])
def test_ties_of_a_cauchy_law_are_named_where_rows_are_not_all_exact(form):
    """As scale → 0 the likelihood rises as a power of 1 / scale: not converged, 1,800 nats below where it was left."""
    x = np.append(np.zeros(20), [-630.0, -3.0])
    samples = {
        "window": lambda: mle.Sample(x).truncated(-684.0, 0.0),
        "right-censored": lambda: mle.Sample.right_censored(x, np.append(np.ones(20), [1, 0])),
        "intervals beside": lambda: mle.Sample.intervals(np.append(x[:20], [1.0, 2.0]), np.append(x[:20], [3.0, 9.0])),
    }
    with pytest.raises(UnboundedLikelihoodError, match=r"% of the observations equal 0|are there ties"):
        mle.fit(samples[form](), "cauchy")
    few = mle.fit(mle.Sample(np.append(x[14:], [-5.0, -2.0, -7.0, -1.0, -2.5])).truncated(-684.0, 684.0), "cauchy")
    assert few.certificate.verdict == "interior"


FLAT_IN_A_WINDOW = [-1.913, -1.619, -1.556, -1.546, -1.267, -1.25, -1.013, -0.937, -0.845, -0.789, -0.597, -0.593]
FLAT_IN_A_WINDOW += [-0.514, -0.27, 0.457, 0.486, 0.762]


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_a_limit_whose_parameters_lose_its_likelihood_is_no_answer(unit):
    """A GEV law at xi = -1 that runs off to a uniform law was certified, with parameters 1.4 nats lower than it."""
    sample = mle.Sample(unit * np.array(FLAT_IN_A_WINDOW)).truncated(-1.924 * unit, 1.677 * unit)
    with pytest.warns(mle.FitWarning, match="scale runs off, and no parameters of gev are as high"):
        fit = mle.fit(sample, "gev")
    assert not fit.certificate.ok
    assert fit.certificate.verdict == "not_identified"
    assert fit.llf == pytest.approx(-17 * math.log((0.762 + 1.924) * unit), abs=1e-4)
