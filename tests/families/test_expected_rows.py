"""Expected values of a law a row, all rows at once, are those of each law by itself."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import IntegralError
from mle_toolkit.families import expected_rows

N = expected_rows.FEWEST + 2
RNG = np.random.default_rng(5)


def one_by_one(law, name, params):
    return [getattr(mle.distribution(law, **{k: v[i] for k, v in params.items()}), name)() for i in range(N)]


@pytest.mark.parametrize(
    ("law", "params"),
    [
        (mle.truncated("normal", lower=0.0), {"mu": RNG.uniform(-2, 2, N), "sigma": RNG.uniform(0.1, 9, N)}),
        (mle.truncated("gamma", upper=3.0), {"shape": RNG.uniform(0.3, 9, N), "scale": RNG.uniform(0.2, 3, N)}),
        (mle.zero_inflated("negbin"), {p: RNG.uniform(0.2, 0.9, N) for p in ("pi", "size", "mu")}),
    ],
)
@pytest.mark.parametrize("name", ["mean", "var", "entropy"])
def test_all_rows_at_once_give_what_each_law_gives(law, params, name):
    got = getattr(mle.distribution(law, **params), name)()
    np.testing.assert_allclose(got, one_by_one(law, name, params), rtol=1e-8)


def test_a_row_that_does_not_settle_is_left_to_itself():
    """Half a Cauchy law has no mean, whatever its neighbours have."""
    law = mle.truncated("student_t", lower=0.0)
    params = {"df": np.where(np.arange(N) == 3, 1.0, np.arange(N) + 9.0), "loc": np.zeros(N), "scale": np.ones(N)}
    settled = expected_rows.expected_of_rows(mle.distribution(law, **params), N, lambda each, x, rows: x[None])[0]
    assert np.flatnonzero(np.isnan(settled)).tolist() == [3]
    with pytest.raises(IntegralError):
        mle.distribution(law, **params).mean()


@pytest.mark.parametrize("law", ["weibull", "negbin"])
def test_expected_information_of_rows_is_that_of_each(law, monkeypatch):
    x = np.linspace(-1, 1, 14)
    y = np.random.default_rng(2).negative_binomial(2, 0.2, size=14) + 1.0
    design = np.column_stack([np.ones(14), x])
    at_once = mle.regress(y, design, law).cov_params("expected")
    monkeypatch.setattr("mle_toolkit.inference.covariance.FEWEST", 1_000)
    each = mle.regress(y, design, law).cov_params("expected")
    np.testing.assert_allclose(at_once, each, rtol=1e-8, atol=1e-12)
