"""A law of the user's own gives one real number a row, whatever rows it is asked for, or is refused."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import LawError
from mle_toolkit.families.in_scipy import InScipy

RNG = np.random.default_rng(5)
X = RNG.exponential(2.0, 30)
EXPOSURE = RNG.uniform(1.0, 2.0, 30)


def gaps(x, rate):
    return np.log(rate) - rate * x


def law(logpdf, support=mle.NON_NEGATIVE, **others):
    return mle.Family.from_logpdf(logpdf, {"rate": mle.POSITIVE}, support, name="mine", **others)


@pytest.mark.parametrize(
    ("logpdf", "message"),
    [
        (lambda x, rate: np.mean(gaps(x, rate)), "one number a row: for 30 rows .* gives one number"),
        (lambda x, rate: np.full(x.shape, np.mean(gaps(x, rate))), "must not depend on the other rows"),
        (lambda x, rate: gaps(x, rate) - np.log(np.sum(x)), "must not depend on the other rows"),
        (lambda x, rate: gaps(x, rate)[::2], r"and gives shape \(15,\)"),
        (lambda x, rate: gaps(x, rate)[:, None], r"and gives shape \(30, 1\)"),
        (lambda x, rate: 0.0, "gives one number"),
        (lambda x, rate: gaps(x, rate) + 0j, "gives complex numbers"),
        (lambda x, rate: np.array(["a"] * len(x)), "gives texts"),
        (lambda x, rate: None, "gives objects, None"),
        (lambda x, rate: 1 / 0, "logpdf of 30 rows raised ZeroDivisionError: division by zero"),
        (lambda x, rate: np.log(rate * EXPOSURE) - rate * EXPOSURE * x, "is a constant of the law"),
    ],
)
def test_what_is_no_density_of_rows_is_refused(logpdf, message):
    with pytest.raises(LawError, match=message):
        mle.fit(X, law(logpdf))
    assert "mine" in mle.compare(X, [law(logpdf), "exponential"]).failures


@pytest.mark.parametrize("counts", [np.arange(30)[::-1], RNG.poisson(2.0, 30)])
def test_rows_that_a_law_of_counts_holds_meet_tables(counts):
    """Of as many distinct counts as rows, in another order, every one would get the exposure of another."""
    with pytest.raises(LawError, match="is a constant of the law"):
        mle.fit(counts, law(lambda x, rate: x * np.log(rate * EXPOSURE) - rate * EXPOSURE, mle.COUNTS))


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (lambda x, rate: (np.sum(1 / rate - x),), "score gives .* must not depend on the other rows"),
        (lambda x, rate: ((1 / rate - x)[::2],), "an entry of score must give one number a row"),
        (lambda x, rate: 1 / rate - x, "score must give a tuple of 1, and gives a ndarray"),
        (lambda x, rate: (1 / rate - x, 0 * x), "score must give a tuple of 1, and gives 2"),
    ],
)
def test_scores_are_checked_too(score, message):
    with pytest.raises(LawError, match=message):
        mle.fit(X, law(gaps, score=score))


def test_a_class_is_held_to_the_same():
    class Sum(mle.Family):
        name = "sum"
        parameters = (mle.Parameter("rate", mle.POSITIVE),)
        support = mle.POSITIVE

        def logpdf(self, x, rate):
            return gaps(x, rate).sum()

    with pytest.raises(LawError, match="sum: logpdf must give one number a row"):
        mle.fit(X, Sum())


def test_what_is_right_is_left_alone():
    right = law(gaps, score=lambda x, rate: (1 / rate - x,), hessian=lambda x, rate: (-1 / rate**2,))
    fit = mle.fit(X, right)
    assert fit.params["rate"] == pytest.approx(1 / X.mean(), rel=1e-9)
    assert fit.bse["rate"] == pytest.approx(1 / X.mean() / np.sqrt(30), rel=1e-6)
    assert mle.fit(X, law(lambda x, rate: list(gaps(x, rate)))).llf == pytest.approx(fit.llf)
    assert right.logpdf(np.ones((4, 1)), np.ones(3)).shape == (4, 3)


def test_laws_of_the_package_are_not_wrapped():
    for name in mle.families():
        kind = type(mle.get_family(name, **({"n": 3} if name in ("binomial", "betabinomial") else {})))
        assert not kind.is_own()
        assert not hasattr(kind.logpdf, "__wrapped__"), name


class Scale(mle.Family):
    """An exponential law that says which one of SciPy it is."""

    name, support, parameters = "my exponential", mle.NON_NEGATIVE, (mle.Parameter("size", mle.POSITIVE),)
    in_scipy = InScipy("expon", scale="size")

    def logpdf(self, x, size):
        return -np.log(size) - x / size


def test_a_law_says_in_a_line_which_one_of_scipy_it_is():
    frozen = Scale().to_scipy(3.0)
    assert (frozen.dist.name, frozen.kwds) == ("expon", {"scale": 3.0})
    assert Scale.from_scipy(0.0, 3.0) == {"size": 3.0}
    assert Scale.from_scipy(1.0, 3.0) is None
    assert mle.distribution(Scale(), size=3.0).cdf(3.0) == pytest.approx(1 - np.exp(-1), rel=1e-12)


def test_a_line_that_names_other_parameters_is_refused():
    with pytest.raises(LawError, match="in_scipy names rate, but its parameters are size"):
        type("Wrong", (Scale,), {"in_scipy": InScipy("expon", scale="rate")})
    nowhere = type("Nowhere", (Scale,), {"in_scipy": InScipy("expo", scale="size")})
    with pytest.raises(LawError, match="has no law 'expo'"):
        nowhere().to_scipy(3.0)
