"""What is asked of a search is checked against the family, and against itself."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError

X = [1.1, 0.4, 2.7, 1.9, 0.8]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"fixed": {"shape": 2.0}, "bounds": {"shape": (3.0, None)}}, "shape = 2.0 lies outside its bounds"),
        ({"fixed": {"shape": 2.0}, "bounds": {"shape": (1.0, None)}}, "shape is known .* and has bounds"),
        ({"fixed": {"shape": 2.0}, "start": {"shape": 3.0}}, "shape is known .* and has a start"),
        ({"start": {"shape": 2.0}, "bounds": {"shape": (3.0, None)}}, "start: gamma: shape = 2.0 lies outside"),
        ({"bounds": 3}, "bounds: expected values by the name"),
        ({"bounds": {"shape": 3}}, r"bounds of shape: expected \(lower, upper\)"),
        ({"bounds": {"shape": (3, 1)}}, "bounds of shape leave no value"),
        ({"fixed": ["shape"]}, "fixed: expected values by the name"),
        ({"fixed": {"shape": 1j}}, "fixed: shape of gamma: expected a number"),
        ({"fixed": {"shape": 10**400}}, "fixed: shape of gamma: expected a number"),
        ({"start": {"shape": "a"}}, "start: shape of gamma: expected a number"),
        ({"start": {"shape": [1.0, 2.0]}}, r"start: shape of gamma is one number, got an array of shape \(2,\)"),
        ({"solver": 3}, "unknown solver 3"),
        ({"solver": "bfgz"}, "did you mean 'BFGS'"),
        ({"rng": "a"}, "rng: expected None"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(options, reason):
    for ask in (mle.fit, mle.compare):
        with pytest.raises(ParameterError, match=reason) if ask is mle.fit or not _of_one_law(options) else no_error():
            ask(X, "gamma", **options)


def _of_one_law(options):
    """Whether the option could suit another law: `compare` then says why this one was not fitted."""
    return any(isinstance(value, dict) for value in options.values())


def no_error():
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize("solver", ["nelder-mead", "Nelder Mead", "bfgs", "l-bfgs-b", "NEWTON", "closed form"])
def test_names_of_solvers_forgive_case(solver):
    law = "normal" if solver == "closed form" else "gamma"
    assert mle.fit(X, law, solver=solver).llf == pytest.approx(mle.fit(X, law).llf, abs=1e-8)


def test_a_parameter_may_be_known_while_another_has_bounds():
    fit = mle.fit(X, "gamma", fixed={"shape": np.float32(2)}, bounds={"scale": (0.1, np.inf)})
    assert fit.params["scale"] == pytest.approx(np.mean(X) / 2, rel=1e-7)


def test_a_known_value_under_test_needs_no_bounds():
    fit = mle.fit(X, "gamma", bounds={"shape": (0.1, 100)})
    assert fit.test({"shape": 1.0}).statistic == pytest.approx(
        mle.fit(X, "gamma").test({"shape": 1.0}).statistic, rel=1e-6
    )
