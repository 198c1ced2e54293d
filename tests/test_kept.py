"""Sums that stand for rows: they merge, are saved, and give the fit of all rows."""

import json

import numpy as np
import pytest
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.errors import DataError, MleError, NoMaximumError
from mle_toolkit.families.exponential_family import ExponentialFamily

PARTS = (slice(0, 7), slice(7, 150), slice(150, 400))


def data_for(law):
    rng = np.random.default_rng(5)
    if law.name == "bernoulli":
        return (rng.random(400) < 0.3).astype(float)
    if law.discrete:
        return rng.negative_binomial(2, 0.3, 400) + law.support.lower
    x = rng.gamma(3.0, 2.0, 400)
    return x / 40 if law.support.upper == 1 else x + max(law.support.lower, 0.0)


def laws():
    for name in mle.families():
        try:
            law = mle.get_family(name)
        except MleError:  # it needs a constant
            continue
        if isinstance(law, ExponentialFamily) and law.from_means is not None and not law.multivariate:
            yield name


@pytest.mark.parametrize("name", [*laws(), "poisson", "negbin", "zip"])
def test_sums_of_parts_give_the_fit_of_all_rows(name):
    law = mle.get_family(name)
    x = data_for(law)
    kept = sum(mle.Sums.of(x[part], law) for part in PARTS)
    kept = mle.Sums.from_dict(json.loads(json.dumps(kept.to_dict())))
    ours, whole = mle.fit(kept, name), mle.fit(x, name)
    assert (kept.n_rows, kept.nobs, kept.minimum, kept.maximum) == (400, 400.0, x.min(), x.max())
    assert ours.llf == pytest.approx(whole.llf, rel=1e-12)
    assert ours.certificate.verdict == whole.certificate.verdict
    for each, value in whole.params.items():
        assert ours.params[each] == pytest.approx(value, rel=1e-9)
        assert ours.bse[each] == pytest.approx(whole.bse[each], rel=1e-7, nan_ok=True)
    assert str(ours.certificate.verdict) in str(ours)
    assert ours.to_dict()["params"].keys() == whole.params.keys()


def test_parts_far_from_each_other_keep_their_digits():
    rng = np.random.default_rng(1)
    early, late = rng.normal(1e6, 1.0, 50), rng.normal(1e6 + 3, 1.0, 500)
    both = np.concatenate([early, late])
    ours = mle.fit(mle.Sums.of(early, "normal") + mle.Sums.of(late, "normal"), "normal")
    mean = float(np.mean(both - 1e6)) + 1e6
    assert ours.params["mu"] == pytest.approx(mean, rel=1e-15)
    assert ours.params["sigma"] == pytest.approx(float(np.std(both - 1e6)), rel=1e-10)
    logs = mle.Sums.of(np.exp(early - 1e6), "lognormal") + mle.Sums.of(np.exp(late - 1e6), "lognormal")
    assert mle.fit(logs, "lognormal").params["meanlog"] == pytest.approx(mean - 1e6, rel=1e-9)


def test_weights_and_files_and_scans(tmp_path):
    x, w = np.array([1.0, 2.0, 5.0]), np.array([2.0, 1.0, 3.0])
    kept = mle.Sums.of(x, "gamma", weights=w)
    kept.save(tmp_path / "sums.json")
    back = mle.Sums.load(tmp_path / "sums.json")
    assert mle.fit(back, "gamma").params == mle.fit(x, "gamma", weights=w).params
    assert "6 observations" in repr(back)
    with pytest.raises(MleError, match=r"Sums\.load"):
        mle.load(tmp_path / "sums.json")
    long = np.random.default_rng(2).gamma(2.0, 1.0, 900_000)
    np.save(tmp_path / "x.npy", long)
    scanned = mle.Sums.of(mle.scan(np.load(tmp_path / "x.npy", mmap_mode="r")), "gamma")
    assert mle.fit(scanned, "gamma").llf == pytest.approx(mle.fit(long, "gamma").llf, rel=1e-13)


def test_a_table_of_counts_serves_every_law_of_counts():
    x = np.random.default_rng(3).negative_binomial(2, 0.3, 200)
    kept = mle.Sums.of(x[:80], "poisson") + mle.Sums.of(x[80:], "poisson")
    assert mle.fit(kept, "negbin").params == mle.fit(x, "negbin").params
    ranked = mle.compare(kept.sample, ["poisson", "negbin", "geometric"])
    assert list(ranked.table.index) == list(mle.compare(x, ["poisson", "negbin", "geometric"]).table.index)


@pytest.mark.parametrize(
    ("data", "law", "says"),
    [
        (mle.Sample.right_censored([1.0, 2.0], [True, False]), "exponential", "censored"),
        (mle.Sample([1.0, 2.0], [1.0, 2.0], "reliability"), "gamma", "reliability"),
        ([1.0, 2.0, 4.0], "weibull", "needs them all"),
        ([1.0, 1e200], "half_normal", "another unit"),
        ([[1.0, 2.0], [2.0, 4.5]], "multivariate_normal", "vectors"),
        ([1.0, -2.0], "gamma", "support"),
    ],
)
def test_what_cannot_be_kept_is_refused(data, law, says):
    with pytest.raises(DataError, match=says):
        mle.Sums.of(data, law)


def test_what_needs_rows_says_so():
    kept = mle.Sums.of([1.0, 2.0, 4.0, 3.0], "gamma")
    fit = mle.fit(kept, "gamma")
    for ask in (fit.residuals, fit.logpdf_rows, lambda: fit.cov_params("opg"), lambda: fit.bootstrap(10)):
        with pytest.raises(DataError, match="rows"):
            ask()
    with pytest.raises(DataError, match="sums of gamma"):
        mle.fit(kept, "weibull")
    with pytest.raises(DataError, match="weights"):
        mle.fit(kept, "gamma", weights=[1.0])
    with pytest.raises(DataError, match="sums of gamma"):
        _ = kept + mle.Sums.of([1.0, 2.0], "lognormal")
    with pytest.raises(TypeError):
        _ = kept + 1.5


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("statistics", [1.0]),
        ("statistics", ["x", 1.0]),
        ("nobs", 0),
        ("unit", {"centre": 0.0, "scale": -1.0}),
        ("counts", [1.0]),
        ("schema", 99),
        ("family", {"kind": "registered", "name": "weibull", "constants": {}}),
    ],
)
def test_a_damaged_record_is_refused(path, value):
    record = mle.Sums.of([1.0, 2.0, 4.0], "gamma").to_dict()
    with pytest.raises(MleError):
        mle.Sums.from_dict(record | {path: value})


# --- Fit.update -------------------------------------------------------------------------------------------------------


X = stats.weibull_min.rvs(1.7, scale=3.0, size=500, random_state=np.random.default_rng(8))


@pytest.mark.parametrize("name", ["gamma", "lognormal", "normal", "pareto", "weibull", "gumbel"])
def test_an_update_is_the_fit_of_all_rows(name):
    ours, whole = mle.fit(X[:300], name).update(X[300:]), mle.fit(X, name)
    assert ours.nobs == 500
    assert ours.llf == pytest.approx(whole.llf, abs=1e-8)
    assert ours.certificate.verdict == whole.certificate.verdict
    for each, se in whole.bse.items():
        assert abs(ours.params[each] - whole.params[each]) <= (1e-5 * se if se > 0 else 1e-12 * whole.params[each])


def test_a_saved_fit_on_sums_is_updated_exactly(tmp_path):
    mle.fit(X[:300], "gamma").save(tmp_path / "fit.json")
    ours = mle.load(tmp_path / "fit.json").update(X[300:400]).update(X[400:])
    assert ours.certificate.verdict == "interior"
    assert ours.params["shape"] == pytest.approx(mle.fit(X, "gamma").params["shape"], rel=1e-12)
    counts = np.round(X)
    mle.fit(counts[:300], "negbin", fixed={"size": 4.0}).save(tmp_path / "counts.json")
    both = mle.load(tmp_path / "counts.json").update(counts[300:])
    assert both.params == mle.fit(counts, "negbin", fixed={"size": 4.0}).params


def test_censored_rows_join_those_that_were_fitted():
    time = np.minimum(X, 4.0)
    event = X <= 4.0
    first = mle.Sample.right_censored(time[:300], event[:300])
    ours = mle.fit(first, "weibull").update(mle.Sample.right_censored(time[300:], event[300:]))
    whole = mle.fit(mle.Sample.right_censored(time, event), "weibull")
    assert ours.llf == pytest.approx(whole.llf, abs=1e-8)
    late = mle.Sample(X[300:] + 1).truncated(lower=1.0)
    joined = mle.fit(first, "weibull").update(late)
    assert joined.nobs == 500
    assert joined.sample.window[0][[0, 499]].tolist() == [-np.inf, 1.0]


def test_a_saved_fit_without_rows_takes_one_step(tmp_path):
    """Right to the second order: the step of a quadratic about the old maximum, found here by a search of its own."""
    mle.fit(X[:400], "weibull").save(tmp_path / "fit.json")
    old = mle.load(tmp_path / "fit.json")
    ours, whole = old.update(X[400:]), mle.fit(X, "weibull")
    assert ours.certificate.verdict == "updated"
    assert not ours.certificate.ok
    for each, se in whole.bse.items():
        assert abs(ours.params[each] - whole.params[each]) < 0.05 * se
        assert ours.bse[each] == pytest.approx(se, rel=0.02)
    assert ours.llf == pytest.approx(whole.llf, abs=0.05)

    log_old = np.log(list(old.params.values()))
    scale = np.diag(np.exp(log_old))
    information = scale @ np.linalg.inv(old.cov_params().to_numpy()) @ scale

    def cost(u):
        moved = u - log_old
        return moved @ information @ moved / 2 - np.sum(
            stats.weibull_min.logpdf(X[400:], np.exp(u[0]), 0, np.exp(u[1]))
        )

    best = optimize.minimize(cost, log_old, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12}).x
    for value, wanted, se in zip(ours.params.values(), np.exp(best), whole.bse.values(), strict=True):
        assert abs(value - wanted) < 0.01 * se
    assert ours.certificate.decrement < 1e-3
    again = ours.update(X[:50])
    assert again.nobs == 550
    assert "no entropy" in str(ours.information())
    ours.save(tmp_path / "step.json")
    assert mle.load(tmp_path / "step.json").params == ours.params


def test_the_step_does_not_depend_on_the_unit(tmp_path):
    steps = []
    for unit in (1e-6, 1.0, 1e6):
        mle.fit(unit * X[:400], "weibull").save(tmp_path / "fit.json")
        steps.append(mle.load(tmp_path / "fit.json").update(unit * X[400:]))
    for step, unit in zip(steps, (1e-6, 1.0, 1e6), strict=True):
        assert step.params["shape"] == pytest.approx(steps[1].params["shape"], rel=1e-9)
        assert step.params["scale"] == pytest.approx(unit * steps[1].params["scale"], rel=1e-9)
        assert step.llf == pytest.approx(steps[1].llf - 500 * np.log(unit), abs=1e-6)


def test_a_step_that_cannot_be_taken_is_refused(tmp_path):
    mle.fit(X, "gpd").save(tmp_path / "fit.json")
    saved = mle.load(tmp_path / "fit.json")
    beyond = 10 * X.max() if saved.params["xi"] < 0 else -1.0
    with pytest.raises((NoMaximumError, DataError)):
        saved.update([beyond])
    with pytest.raises(DataError, match="were no sums"):
        mle.fit(X, "weibull").update(mle.Sums.of(X, "gamma"))
