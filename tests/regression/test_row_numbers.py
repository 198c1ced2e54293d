"""Rows in messages are numbered as the caller gave them, whatever was left out before."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle

N, MISSING, BAD = 40, 5, 10


def frame(**changed):
    rng = np.random.default_rng(0)
    y = np.abs(rng.normal(size=N)) + 0.5
    x = rng.normal(size=N)
    x[:MISSING] = np.nan
    found = pd.DataFrame({"x": x, "y": y, "t": 5.0, "w": 0.1, "lower": y, "upper": y + 1, "seen": 1.0, "g": "a"})
    for name, value in changed.items():
        found.loc[BAD, name] = value
    return found


@pytest.mark.parametrize("weightless", [False, True])
@pytest.mark.parametrize(
    ("formula", "law", "changed", "options", "said"),
    [
        ("y ~ x", "gamma", {"y": -1.0}, {}, "x[10] = -1"),
        ("y ~ x", "gamma", {"y": np.inf}, {}, "x[10] = inf"),
        ("y ~ x", "poisson", {"y": 0.5}, {}, "x[10] = 0.5"),
        ("y ~ x", "exponential", {"t": -1.0}, {"exposure": "t"}, "exposure[10] = -1"),
        ("y ~ x", "gamma", {"w": -1.0}, {"weights": "w"}, "weights[10] = -1"),
        ("y ~ x", "gamma", {"t": np.inf}, {"offset": "t"}, "[10]"),
        ("intervals(lower, upper) ~ x", "gamma", {"upper": 0.0}, {}, "row 10:"),
        ("right_censored(y, seen) ~ x", "gamma", {"seen": 3.0}, {}, "event[10] = 3"),
        ("truncated(y, lower=w) ~ x", "gamma", {"w": 99.0}, {}, "row 10:"),
        ("y ~ x + g", "normal", {"g": "z"}, {"sigma": "~ g"}, "row 10 alone"),
        ("y ~ x", "binomial", {"y": 2.0, "t": 1.0}, {"n": "t"}, "x[10] = 2 of n[10] = 1"),
    ],
)
def test_messages_number_the_rows_that_were_given(formula, law, changed, options, said, weightless):
    """Five rows with a missing covariate, and in turn rows of weight 0, stand before the one that is wrong."""
    data = frame(**changed)
    if law in ("poisson", "binomial"):
        data["y"] = np.where(np.arange(N) == BAD, data["y"], 2.0)
    if weightless and "weights" not in options:
        options = options | {"weights": np.where(np.arange(N) == 7, 0.0, 1.0)}
    with pytest.raises(mle.MleError) as raised:
        mle.regress(formula, data, law, nan_policy="omit", **options)
    assert said in str(raised.value)
    if isinstance(raised.value, mle.errors.SupportError):
        assert raised.value.outside == (BAD,)


def test_a_face_names_the_rows_that_were_given():
    x = np.r_[np.nan, np.nan, np.arange(12.0)]
    y = np.r_[1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = mle.regress("y ~ x", {"x": x, "y": y}, "bernoulli", links={"p": "log"}, nan_policy="omit")
    assert "p = 1 in row 13" in fit.certificate.message


def test_what_a_law_of_zeros_refuses_is_numbered_so_too():
    x = np.r_[np.nan, np.linspace(0, 1, 11)]
    y = np.r_[1.0, 0.0, 2.0, 0.0, 1.0, 4.0, -3.0, 1.0, 2.0, 0.0, 5.0, 1.0]
    with pytest.raises(mle.errors.SupportError, match=r"x\[6\] = -3") as raised:
        mle.regress("y ~ x", {"x": x, "y": y}, mle.zero_inflated("gamma"), nan_policy="omit")
    assert raised.value.outside == (6,)
