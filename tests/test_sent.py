"""What a fit established goes to other processes: every fit can be pickled, wherever its maximum is."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.errors import FitWarning, MleError
from mle_toolkit.families.registry import family_class

_X = np.random.default_rng(1).uniform(-1, 1, size=60)
_NOISE = np.random.default_rng(2).uniform(-1, 1, size=60)
_COUNTS = np.random.default_rng(3).poisson(2.0, size=60)
_HIGH = _X > 0.2

FRAME = {
    "x": _X,
    "y": _X + _NOISE,
    "positive": np.exp(_X + _NOISE),
    "zeros": np.maximum(_X + _NOISE, 0.0),
    "low": np.exp(_X + _NOISE) * 0.9,
    "narrow": np.tile([1, 2], 30),
    "group": _HIGH.astype(int),
    "none": np.where(_HIGH, 0, _COUNTS),
    "level": np.where(_HIGH, 2, (_COUNTS > 1).astype(int)),
}

REGRESSIONS = {
    "a limit": ("y ~ x", "student_t", {}),
    "a limit of counts": ("narrow ~ x", "negbin", {}),
    "by the mean": ("positive ~ x", "gamma", {}),
    "intervals": ("intervals(low, positive) ~ x", "gamma", {}),
    "inflated": ("zeros ~ x", "hurdle(gamma)", {"pi": "~ x"}),
    "separated": ("none ~ C(group)", "poisson", {}),
    "separated with a second formula": ("none ~ C(group)", "zip", {"pi": "~ x"}),
    "ordered": ("narrow ~ x", "ordinal", {}),
    "separated levels": ("level ~ C(group)", "categorical", {}),
    "a mixture": ("y ~ x", "mixture(normal, 2)", {}),
}


@pytest.mark.parametrize("case", REGRESSIONS)
def test_regressions_arrive_as_they_are_sent(case):
    formula, law, options = REGRESSIONS[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        fit = mle.regress(formula, FRAME, law, **options)
    sent = pickle.loads(pickle.dumps(fit))
    assert sent.llf == fit.llf
    assert sent.certificate.message == fit.certificate.message
    np.testing.assert_array_equal(sent.predict(FRAME, "params"), fit.predict(FRAME, "params"))
    np.testing.assert_array_equal(sent.cov_params(), fit.cov_params())


FITS = {
    "a limit": (FRAME["y"], "student_t", {}),
    "a form": (FRAME["positive"], mle.get_family("gamma", by="mean"), {}),
    "exposure": (_COUNTS, "poisson", {"exposure": np.exp(_X)}),
    "a mapped law": (-FRAME["positive"], mle.negated("gamma"), {}),
    "an inflated mixture": (FRAME["zeros"], mle.hurdle(mle.mixture("lognormal", 2)), {}),
}


@pytest.mark.parametrize("case", FITS)
def test_fits_arrive_as_they_are_sent(case):
    data, law, options = FITS[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        fit = mle.fit(data, law, **options)
    sent = pickle.loads(pickle.dumps(fit))
    assert sent.llf == fit.llf
    assert sent.certificate.message == fit.certificate.message
    for name, value in fit.params.items():
        np.testing.assert_array_equal(sent.params[name], value)


def test_comparisons_arrive_as_they_are_sent():
    found = mle.compare(FRAME["y"], ["normal", "student_t", "logistic"])
    assert pickle.loads(pickle.dumps(found)).table.equals(found.table)


def test_laws_arrive_as_they_are_sent():
    for name in mle.families():
        try:
            law = mle.get_family(name)
            forms = [law, *map(law.by, law.forms)]
        except MleError:
            continue  # a law that needs to be told more
        for form in forms:
            assert pickle.loads(pickle.dumps(form)).name == form.name


def _rate_law():
    return mle.Family.from_logpdf(
        lambda x, rate: np.log(rate) - rate * x,
        {"rate": mle.POSITIVE},
        mle.NON_NEGATIVE,
        name="poisson gap",
        score=lambda x, rate: (1 / rate - x,),
    )


@pytest.mark.parametrize("made", [_rate_law, lambda: mle.exp_of(_rate_law()), lambda: mle.mixture(_rate_law(), 2)])
def test_laws_of_functions_go_to_other_processes(made):
    """Their class has no name that pickle could look up, nor have the functions, nor the parts made of these."""
    law = made()
    other = pickle.loads(pickle.dumps(law))
    x, params = np.array([0.5, 2.0, 7.0]), [0.4 if p.domain.shape == () else [0.4, 0.6] for p in law.parameters]
    assert other.param_names == law.param_names
    assert np.array_equal(other.logpdf(x, *params), law.logpdf(x, *params))
    if law.score is not None:
        for mine, theirs in zip(law.score(x, *params), other.score(x, *params), strict=True):
            assert np.array_equal(mine, theirs)


def test_limits_of_all_laws_go_to_other_processes():
    for name in mle.families():
        law = family_class(name)
        if any(value is ... for value in law.constant_defaults.values()):
            continue
        for limit in law().limits:
            other = pickle.loads(pickle.dumps(limit.family))
            assert (other.name, other.param_names) == (limit.family.name, limit.family.param_names)


def test_a_fit_at_a_limit_whose_law_is_one_of_functions_goes_to_other_processes():
    fit = fit_quietly(np.array([1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0]), "generalized_logistic")
    other = pickle.loads(pickle.dumps(fit))
    assert other.certificate.verdict == "boundary"
    assert other.params == fit.params
    assert other.quantile(0.9).value == fit.quantile(0.9).value
