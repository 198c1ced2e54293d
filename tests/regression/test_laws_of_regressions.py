"""Laws that hold for a regression on any law, stated once and drawn over the families."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError

N = 60
seeds = st.integers(0, 3)


def _is_drawn(law):
    """Laws of one number with up to three parameters, whose derivatives are written out: quick, and regular."""
    plain = (
        len(law.parameters) <= 3 and law.all_scalar and not law.multivariate and not law.per_row and law.period is None
    )
    written = law.score is not None and law.hessian is not None
    return plain and written and all(p.regular for p in law.parameters) and not law.has_kinks()


def _families():
    for name in mle.families():
        try:
            yield mle.get_family(name)
        except ParameterError:  # it needs a known constant
            continue


LAWS = sorted({law.name for law in _families() if _is_drawn(law)})
laws = st.sampled_from(LAWS)


@cache
def rows(name, seed):
    """Observations of the law, whatever its covariates are."""
    law = mle.get_family(name)
    truth = {p.name: 0.5 * sum(p.typical) for p in law.parameters}
    rng = np.random.default_rng([seed, len(name)])
    y = np.asarray(mle.distribution(name, **truth).rvs(N, rng=rng), dtype=float)
    return {"y": y, "x": rng.normal(size=N), "g": rng.integers(0, 2, size=N), "w": rng.integers(1, 4, size=N)}


@cache
def regression(name, seed):
    return fitted("y ~ x", rows(name, seed), name)


def fitted(*data, **options):
    """A fit whose verdict is not what is tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mle.regress(*data, **options)


def llf_of(fit):
    return pytest.approx(fit.llf, rel=1e-9, abs=1e-7)


def test_many_laws_are_drawn():
    assert len(LAWS) > 30


@given(laws, seeds)
def test_a_design_of_ones_is_the_fit_of_the_law(name, seed):
    data = rows(name, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = mle.fit(data["y"], name)
    assert fitted("y ~ 1", data, name).llf == llf_of(alone)


@given(laws, seeds)
def test_a_full_set_of_dummies_is_a_fit_of_each_group(name, seed):
    data = rows(name, seed)
    main = regression(name, seed).main
    others = {p: "~ 0 + C(g)" for p in regression(name, seed).model.base.param_names if p != main}
    frame = pd.DataFrame({"y": data["y"], "g": data["g"]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        apart = mle.fit_groups(frame, by="g", column="y", family=name).table
    if set(apart["verdict"]) != {"interior"}:
        return  # the group that is at a limit has its own law there, which is none of the other group
    whole = fitted("y ~ 0 + C(g)", data, name, **others)
    best = apart["llf"].sum()
    if whole.certificate.ok:
        assert whole.llf == pytest.approx(best, rel=1e-8, abs=1e-6)
    else:  # two flat likelihoods at once may stop a search, which says so
        assert whole.llf <= best + 1e-6


@given(laws, seeds)
def test_rows_repeated_are_weights(name, seed):
    data = rows(name, seed)
    repeated = {key: np.repeat(column, data["w"]) for key, column in data.items()}
    assert fitted("y ~ x", data, name, weights="w").llf == llf_of(fitted("y ~ x", repeated, name))


@given(laws, seeds, st.sampled_from([1e-6, -3.0, 1e6]), st.sampled_from([0.0, 50.0]))
def test_recoding_a_covariate_moves_nothing_else(name, seed, factor, shift):
    data, fit = rows(name, seed), regression(name, seed)
    moved = fitted("y ~ x", data | {"x": factor * (data["x"] + shift)}, name)
    assert moved.llf == llf_of(fit)
    assert moved.params[fit.main]["x"] * factor == pytest.approx(fit.params[fit.main]["x"], rel=1e-4, abs=1e-5)


@given(laws, seeds)
def test_the_order_of_the_rows_does_not_matter(name, seed):
    data = {key: column[::-1] for key, column in rows(name, seed).items()}
    assert fitted("y ~ x", data, name).llf == llf_of(regression(name, seed))


@given(laws, seeds)
def test_predictions_of_the_data_are_the_fitted_parameters_and_their_density_the_likelihood(name, seed):
    data, fit = rows(name, seed), regression(name, seed)
    np.testing.assert_allclose(fit.predict(data, "params"), fit.predict(what="params"), rtol=1e-12)
    assert np.sum(fit.predict(data, "distribution").logpdf(data["y"])) == llf_of(fit)


@given(laws, seeds)
def test_the_score_is_zero_at_a_maximum_by_differences_of_densities(name, seed):
    """In standard errors; of what `predict` says of covariates that are moved, which is no sum of the fit's own."""
    data, fit = rows(name, seed), regression(name, seed)
    if fit.certificate.verdict.name != "INTERIOR":
        return
    error = float(fit.bse[fit.main]["x"])
    law, term = fit.model.base, fit.model.linear[fit.main]
    eta = np.asarray(fit.predict(data, "linear")).reshape(N, -1)[:, 0]
    params = dict(zip(law.param_names, np.asarray(fit.predict(data, "params")).T, strict=True))

    def loglik(step):
        moved = params | {fit.main: term.link.inverse(eta + step * data["x"])[0]}
        return float(np.sum(law.logpdf(data["y"], *moved.values())))

    step = 1e-3 * error
    slope = (8 * (loglik(step) - loglik(-step)) - (loglik(2 * step) - loglik(-2 * step))) / (12 * step)
    assert abs(slope * error) < 1e-5


@given(laws, seeds)
def test_to_censor_nothing_is_to_see_all(name, seed):
    data = rows(name, seed) | {"seen": np.ones(N)}
    fit = fitted("right_censored(y, seen) ~ x", data, name)
    assert fit.llf == llf_of(regression(name, seed))


@given(laws, seeds)
def test_formulas_are_arrays(name, seed):
    data = rows(name, seed)
    design = np.column_stack([np.ones(N), data["x"]])
    assert fitted(data["y"], design, name).llf == llf_of(regression(name, seed))
