"""Bad inputs at every door: a result, or one error of ours."""

import contextlib
import warnings

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import MleError

X = [1.1, 0.4, 2.7, 1.9, 0.8, 3.3]

BAD = (
    None, True, "a", b"a", "", -1, 0, 2.5, 1j, 10**400, 2**70, np.nan, np.inf, [], {}, [1, 2], [[1.0], [2.0]], {"a": 1},
    {"shape": "a"}, {"shape": (2, 1)}, {"shape": 1j}, np.array(1.0), np.array(["a"]), np.datetime64("2020-01-01"),
    object(), print, range(0), {1, 2}, [10**400], [None, None], "gamma(", "mixture(normal,1e9)",
)  # fmt: skip


@pytest.fixture(scope="module")
def fit():
    return mle.fit(X, "gamma")


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
    "profile points": lambda fit, bad: fit.profile("shape", points=bad if bad != 2**70 else "a"),
    "quantile": lambda fit, bad: fit.quantile(bad),
    "return level": lambda fit, bad: fit.return_level(bad),
    "derive": lambda fit, bad: fit.derive(bad),
    "test": lambda fit, bad: fit.test(bad),
    "information": lambda fit, bad: fit.information(bad),
    "summary": lambda fit, bad: fit.summary(bad),
    "bootstrap n": lambda fit, bad: fit.bootstrap(bad if bad != 2**70 else "a"),
    "bootstrap rng": lambda fit, bad: fit.bootstrap(5, rng=bad),
    "bootstrap workers": lambda fit, bad: fit.bootstrap(5, workers=bad if bad != 2**70 else "a"),
    "goodness": lambda fit, bad: fit.goodness_of_fit(bad, n_resamples=9),
    "residuals": lambda fit, bad: fit.residuals(bad),
    "distribution": lambda fit, bad: mle.distribution("gamma", shape=bad, scale=1.0),
    "mixture": lambda fit, bad: mle.mixture("normal", bad),
    "shifted": lambda fit, bad: mle.shifted(bad),
    "truncated law": lambda fit, bad: mle.truncated("normal", bad),
    "shared": lambda fit, bad: mle.mixture("normal", 2, bad),
    "scan": lambda fit, bad: mle.scan(bad, "x"),
}


@pytest.mark.parametrize("door", DOORS)
def test_whatever_comes_in_there_is_a_result_or_an_error_of_ours(fit, door):
    leaks = []
    for bad in BAD:
        try:
            with warnings.catch_warnings(), contextlib.suppress(MleError, OSError):
                warnings.simplefilter("ignore", mle.FitWarning)
                DOORS[door](fit, bad)
        except Exception as error:
            leaks.append(f"{bad!r:.40}: {type(error).__name__}: {error!s:.80}")
    assert not leaks, "\n".join(leaks)
