"""Bad inputs at every door: a result, or one error of ours."""

import contextlib
import warnings

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import MleError, ParameterError

X = [1.1, 0.4, 2.7, 1.9, 0.8, 3.3]

BAD = (
    None, True, "a", b"a", "", -1, 0, 2.5, 1j, 10**400, 2**70, np.nan, np.inf, [], {}, [1, 2], [[1.0], [2.0]], {"a": 1},
    {"shape": "a"}, {"shape": (2, 1)}, {"shape": 1j}, np.array(1.0), np.array(["a"]), np.datetime64("2020-01-01"),
    object(), print, range(0), {1, 2}, [10**400], [None, None], "gamma(", "mixture(normal,1e9)", np.array([1.0, 2.0]),
    pd.Series([1.0, 2.0]), pd.DataFrame({"a": [1.0, 2.0]}), np.ma.array([1, 2], mask=[0, 1]), slice(3), b"a\0",
)  # fmt: skip


FRAME = pd.DataFrame({"y": X, "x": [1.0, 2.0, 3.0, 1.0, 2.0, 4.0], "g": list("ababab")})


@pytest.fixture(scope="module")
def fit():
    return mle.fit(X, "gamma")


@pytest.fixture(scope="module")
def several():
    """A regression, fits of groups, a comparison and replicates, by name."""
    return {
        "regression": mle.regress("y ~ x", FRAME, "gamma"),
        "groups": mle.fit_groups(FRAME, "g", "y", "exponential"),
        "comparison": mle.compare(X, ["gamma", "exponential"]),
        "replicates": mle.fit(X, "exponential").bootstrap(9, rng=1),
    }


def few(bad):
    """What is bad, but no number so large that a right call would not end."""
    return "a" if isinstance(bad, int) and bad > 1000 else bad


DOORS = {
    "fit data": lambda fit, bad: mle.fit(bad, "gamma"),
    "fit family": lambda fit, bad: mle.fit(X, bad),
    "fit weights": lambda fit, bad: mle.fit(X, "gamma", weights=bad),
    "fit fixed": lambda fit, bad: mle.fit(X, "gamma", fixed=bad),
    "fit bounds": lambda fit, bad: mle.fit(X, "gamma", bounds=bad),
    "fit start": lambda fit, bad: mle.fit(X, "gamma", start=bad),
    "fit solver": lambda fit, bad: mle.fit(X, "gamma", solver=bad),
    "fit nan_policy": lambda fit, bad: mle.fit(X, "gamma", nan_policy=bad),
    "fit rng": lambda fit, bad: mle.fit(X, "gamma", rng=bad),
    "constant": lambda fit, bad: mle.fit([1, 2, 0, 1, 2, 1], mle.get_family("binomial", n=bad)),
    "compare families": lambda fit, bad: mle.compare(X, bad if bad is not None else []),
    "sample kind": lambda fit, bad: mle.Sample(X, X, bad),
    "right-censored": lambda fit, bad: mle.Sample.right_censored(X, bad),
    "right-censored kind": lambda fit, bad: mle.Sample.right_censored(X, [1, 0] * 3, X, bad),
    "intervals": lambda fit, bad: mle.Sample.intervals(X, bad),
    "binned": lambda fit, bad: mle.Sample.binned(bad, [0, 1, 2]),
    "table": lambda fit, bad: mle.Sample.table([1, 2], bad),
    "rounded": lambda fit, bad: mle.Sample.rounded(X, bad),
    "truncated": lambda fit, bad: mle.Sample(X).truncated(lower=bad),
    "rows": lambda fit, bad: mle.Sample.rows(bad),
    "conf_int alpha": lambda fit, bad: fit.conf_int(bad),
    "conf_int method": lambda fit, bad: fit.conf_int(method=bad),
    "profile name": lambda fit, bad: fit.profile(bad, points=3),
    "profile points": lambda fit, bad: fit.profile("shape", points=few(bad)),
    "quantile": lambda fit, bad: fit.quantile(bad),
    "return level": lambda fit, bad: fit.return_level(bad),
    "derive": lambda fit, bad: fit.derive(bad),
    "test": lambda fit, bad: fit.test(bad),
    "information": lambda fit, bad: fit.information(bad),
    "summary": lambda fit, bad: fit.summary(bad),
    "bootstrap n": lambda fit, bad: fit.bootstrap(few(bad)),
    "bootstrap rng": lambda fit, bad: fit.bootstrap(5, rng=bad),
    "bootstrap workers": lambda fit, bad: fit.bootstrap(5, workers=few(bad)),
    "goodness": lambda fit, bad: fit.goodness_of_fit(bad, n_resamples=9),
    "residuals": lambda fit, bad: fit.residuals(bad),
    "distribution": lambda fit, bad: mle.distribution("gamma", shape=bad, scale=1.0),
    "mixture": lambda fit, bad: mle.mixture("normal", bad),
    "shifted": lambda fit, bad: mle.shifted(bad),
    "truncated law": lambda fit, bad: mle.truncated("normal", bad),
    "shared": lambda fit, bad: mle.mixture("normal", 2, bad),
    "scan": lambda fit, bad: mle.scan(bad, "x"),
    "density": lambda fit, bad: fit.pdf(bad),
    "cdf": lambda fit, bad: fit.cdf(bad),
    "log of survival": lambda fit, bad: fit.distribution.logsf(bad),
    "quantile of the law": lambda fit, bad: fit.ppf(bad),
    "upper quantile of counts": lambda fit, bad: mle.distribution("poisson", mu=2.0).isf(bad),
    "residual life": lambda fit, bad: fit.distribution.mean_residual_life(bad),
    "draws": lambda fit, bad: fit.rvs(few(bad)),
    "draws rng": lambda fit, bad: fit.rvs(2, rng=bad),
    "covariance": lambda fit, bad: fit.cov_params(bad),
    "bootstrap kind": lambda fit, bad: fit.bootstrap(2, kind=bad),
    "test method": lambda fit, bad: fit.test({"shape": 1.0}, method=bad),
    "test nested": lambda fit, bad: fit.test(nested=bad),
    "loglike": lambda fit, bad: fit.loglike(bad),
    "B life": lambda fit, bad: fit.b_life(10, method=bad),
    "layer": lambda fit, bad: fit.layer(1.0, 2.0, method=bad),
    "save": lambda fit, bad: fit.save(bad) if not isinstance(bad, str) else None,
    "load": lambda fit, bad: mle.load(bad),
    "read": lambda fit, bad: mle.read(bad),
    "read columns": lambda fit, bad: mle.read("@old_faithful", bad),
    "read delimiter": lambda fit, bad: mle.read("@old_faithful", delimiter=bad),
    "read missing": lambda fit, bad: mle.read("@old_faithful", na_values=bad),
    "first of": lambda fit, bad: mle.first_of(bad),
    "another form": lambda fit, bad: mle.get_family("gamma", by=bad),
    "divergence axis": lambda fit, bad: mle.js_divergence([0.5, 0.5], [0.2, 0.8], axis=bad),
    "groups column": lambda fit, bad: mle.fit_groups(FRAME, "g", bad, "exponential"),
    "groups by": lambda fit, bad: mle.fit_groups(FRAME, bad, "y", "exponential"),
    "groups weights": lambda fit, bad: mle.fit_groups(FRAME, "g", "y", "exponential", weights=bad),
    "on_fit": lambda fit, bad: mle.compare(X, ["normal"], on_fit=bad) if not callable(bad) else None,
    "quantile of data": lambda fit, bad: mle.Sample(X).quantile(bad),
    "rows of data": lambda fit, bad: mle.Sample(X).take(bad),
    "multivariate": lambda fit, bad: mle.Sample.of(X, multivariate=bad),
}

DOORS_OF_SEVERAL = {
    "draws of a regression": lambda r, bad: r["regression"].rvs(few(bad)),
    "quantiles of a regression": lambda r, bad: r["regression"].ppf(bad),
    "offset of a prediction": lambda r, bad: r["regression"].predict(FRAME, offset=bad),
    "average prediction": lambda r, bad: r["regression"].average_predictions(bad),
    "one group": lambda r, bad: r["groups"].of(bad),
    "difference": lambda r, bad: r["comparison"].difference(bad, r["comparison"].best),
    "folds": lambda r, bad: r["comparison"].cross_validated(bad),
    "selection": lambda r, bad: r["comparison"].bootstrap(2, function=bad) if callable(bad) else None,
    "weights": lambda r, bad: r["comparison"].weights(bad),
    "function of replicates": lambda r, bad: r["replicates"].derive(bad),
}


def leaks_of(door):
    """What comes of each bad input that is no result and no error of ours."""
    leaks = []
    for bad in BAD:
        try:
            with warnings.catch_warnings(), contextlib.suppress(MleError, OSError):
                warnings.simplefilter("ignore", mle.FitWarning)
                door(bad)
        except Exception as error:
            leaks.append(f"{bad!r:.40}: {type(error).__name__}: {error!s:.80}")
    return leaks


@pytest.mark.parametrize("door", DOORS)
def test_whatever_comes_in_there_is_a_result_or_an_error_of_ours(fit, door):
    leaks = leaks_of(lambda bad: DOORS[door](fit, bad))
    assert not leaks, "\n".join(leaks)


@pytest.mark.parametrize("door", DOORS_OF_SEVERAL)
def test_whatever_comes_in_to_results_of_several_there_is_a_result_or_an_error_of_ours(several, door):
    leaks = leaks_of(lambda bad: DOORS_OF_SEVERAL[door](several, bad))
    assert not leaks, "\n".join(leaks)


def test_a_regression_draws_one_number_a_row_and_says_what_does_not_fit_its_rows(several):
    fit = several["regression"]
    assert fit.rvs(rng=1).shape == (6,)
    assert fit.rvs((2, 6), rng=1).shape == (2, 6)
    assert fit.ppf([[0.1], [0.9]]).shape == (2, 6)
    with pytest.raises(ParameterError, match=r"each of 6 rows has a law of its own, so size is 1, 6, or a shape"):
        fit.rvs(4)
    with pytest.raises(ParameterError, match=r"each of 6 rows has a law of its own, and p has shape \(2,\)"):
        fit.ppf([0.1, 0.9])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mle.entropy(counts=[1, 2], method=["plug-in"]), "method: expected the name of a method"),
        (lambda: mle.entropy(sample=[1.0, 2.0], method=np.ones((1, 2))), "method: expected the name of a method"),
        (lambda: mle.entropy(counts=[1, 2], unit=np.datetime64("2020")), "unknown unit"),
        (lambda: mle.scan(pd.DataFrame({"a": [1.0], "b": [2.0]}), np.ones((1, 2))), "there is no column array"),
        (lambda: mle.datasets.load(np.ones((1, 2))), "unknown data set array"),
    ],
)
def test_what_is_no_name_is_refused_by_name(call, message):
    with pytest.raises(MleError, match=message):
        call()


@pytest.mark.parametrize("whole_folder", [True, False])
def test_a_damaged_file_of_a_regression_is_named(tmp_path, whole_folder):
    pytest.importorskip("pyarrow")
    (tmp_path / "rows.parquet").write_bytes(b"PAR1xxxxPAR1")
    with pytest.raises(MleError, match=r"rows\.parquet: cannot be read"):
        mle.regress("y ~ x", str(tmp_path if whole_folder else tmp_path / "rows.parquet"), "normal")
