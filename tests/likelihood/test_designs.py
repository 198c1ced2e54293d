"""Products with columns of a design are those of the columns formed, however these are kept."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.data.rows import column_totals
from mle_toolkit.likelihood import designs
from mle_toolkit.likelihood.designs import Columns, orthonormal, totals_of
from mle_toolkit.likelihood.kernels import of_designs
from mle_toolkit.numerics import threads
from mle_toolkit.regression import predictors

RNG = np.random.default_rng(3)
SIXTEENTHS = np.round(RNG.normal(7.0, 2.0, 50) * 16) / 16  # so that sums with whole numbers are exact
X = np.column_stack([np.ones(50), SIXTEENTHS, RNG.normal(size=50)])
BY = np.array([[1.0, -3.5, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 2.0]])
ONE, OTHER = Columns(X, BY), Columns(X[:, :2])
Z = X @ BY


@pytest.mark.parametrize("across", [-1 - X[:, 1] ** 2, X[:, 1] ** 2, X[:, 2]], ids=["below 0", "above 0", "both"])
def test_products_are_those_of_the_columns(across):
    np.testing.assert_allclose(ONE.formed(), Z, rtol=1e-13)
    np.testing.assert_allclose(ONE.times(np.array([0.3, -2.0, 1.0])), Z @ [0.3, -2.0, 1.0], rtol=1e-12)
    np.testing.assert_allclose(ONE.summed(across), Z.T @ across, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(ONE.squared(across), Z.T @ np.diag(across) @ Z, rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(ONE.crossed(OTHER, across), Z.T @ np.diag(across) @ X[:, :2], rtol=1e-11, atol=1e-10)


@pytest.mark.parametrize("order", ["C", "F", "apart"])
@pytest.mark.parametrize("size", [1, 3, 4, 6, 7, 20])
def test_compiled_products_are_those_of_numpy(order, size):
    """Of rows that fill no block, of columns that fill no tile, of slices, in either order of memory or scattered."""
    pytest.importorskip("numba")
    rng = np.random.default_rng(size)
    for n in (1, 63, 64, 200):
        z = rng.normal(size=(n + 5, size))
        z = np.repeat(z, 2, axis=1)[5:, ::2] if order == "apart" else np.asarray(z, order=order)[5:]
        along, across, by = rng.normal(size=n), rng.normal(size=n), np.tril(rng.normal(size=(size, size)))
        plain, compiled = Columns(z, by), Columns(z, by, of_designs())
        np.testing.assert_allclose(compiled.times(by[0]), plain.times(by[0]), rtol=1e-11, atol=1e-11)
        for one, other in zip(compiled.expanded(along, across), plain.expanded(along, across), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-9)
        for this in (plain, compiled):
            itself, scaled = Columns(z.view(), by.copy(), this.twin), Columns(z.view(), 2.0 * by, this.twin)
            wanted = plain.formed().T @ (across[:, None] * plain.formed())
            np.testing.assert_allclose(this.crossed(itself, across), wanted, rtol=1e-10, atol=1e-9)
            np.testing.assert_allclose(this.crossed(scaled, across), 2.0 * wanted, rtol=1e-10, atol=1e-9)
        assert z.flags.writeable


@pytest.mark.parametrize("law", ["poisson", "gamma", "weibull"])
def test_compiled_and_threaded_sums_give_the_same_regression(law, monkeypatch):
    """Whoever sums: the same estimates and errors; and of any number of threads the same bits."""
    pytest.importorskip("numba")
    rng = np.random.default_rng(8)
    n = 45_000
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    y = np.exp(0.2 * x[:, 1] - 0.3 * x[:, 2]) * rng.gamma(2.0, size=n)
    y = np.round(y) if law == "poisson" else y
    response = mle.Sample.right_censored(np.minimum(y, 3.0), y < 3.0) if law == "weibull" else y
    plain = mle.regress(response, x, law)
    monkeypatch.setattr(predictors, "COMPILED_NUMBERS", 1)
    fits = []
    for count in (1, 4):
        monkeypatch.setattr(threads, "workers", lambda count=count: count)
        fits.append(mle.regress(response, x, law))
    assert fits[0].model.in_threads
    assert np.array_equal(fits[0].coefficients, fits[1].coefficients)
    se = np.sqrt(np.diag(plain.cov_params()))
    np.testing.assert_allclose(fits[0].coefficients, plain.coefficients, atol=1e-6 * np.min(se))
    np.testing.assert_allclose(np.sqrt(np.diag(fits[0].cov_params())), se, rtol=1e-7)
    assert fits[0].llf == pytest.approx(plain.llf, rel=1e-11)


@pytest.mark.parametrize("shift", [0.0, 20.0, 40.0, 1e9])
def test_a_column_far_from_zero_is_centred_row_by_row(shift):
    """Near zero it is not copied; wherever it is, the slopes and their standard errors are the same."""
    y = RNG.poisson(np.exp(0.3 * X[:, 2]))
    near = mle.regress(y, X, "poisson")
    far = mle.regress(y, X + shift * np.array([0.0, 2.0, 0.0]), "poisson")
    assert (far.model.linear["mu"].by_raw is None) == (shift > 20.0)
    moved = (far.params["mu"] - near.params["mu"]) / near.bse["mu"]
    np.testing.assert_allclose(moved[1:], 0.0, atol=1e-6)
    np.testing.assert_allclose(far.bse["mu"][1:], near.bse["mu"][1:], rtol=1e-6)
    assert far.llf == pytest.approx(near.llf, rel=1e-12)


@pytest.mark.parametrize("k", [1, 3, 20, 400])
def test_one_look_at_a_long_design_is_that_of_numpy(k, monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(designs, "COMPILED_NUMBERS", 1)
    matrix = np.random.default_rng(1).normal(size=(20_001, k))
    matrix[:, k // 2] = 1.0
    for lost in (None, np.nan, np.inf):
        if lost is not None:
            matrix[17, 0] = lost
        found, wanted = totals_of(matrix), column_totals(matrix)
        np.testing.assert_allclose(found.sums, wanted.sums, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(found.of_blocks, wanted.of_blocks, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(found.squares, wanted.squares, rtol=1e-12)
        np.testing.assert_array_equal(found.is_one, wanted.is_one)


def test_only_designs_with_nearly_collinear_columns_are_made_orthonormal():
    """Whatever stands beside: columns that are far from it alone, or all together, are left as they are."""
    rng = np.random.default_rng(2)
    n = 300
    common, own = rng.normal(size=n), rng.normal(size=(n, 4))
    for share, needed in ((0.0, False), (0.5, False), (0.9, False), (0.99999, True)):
        columns = np.sqrt(share) * common[:, None] + np.sqrt(1.0 - share) * own
        for constant in (None, 0):
            design = columns if constant is None else np.column_stack([np.ones(n), columns])
            shift = np.zeros(design.shape[1]) if constant is None else np.append(0.0, columns.mean(axis=0))
            frame = 1.0 / np.sqrt(np.mean(np.square(design - shift), axis=0))
            made = orthonormal(design, shift, frame, constant)
            assert (made is not None) == needed
            if made is not None:
                np.testing.assert_allclose(made[0].T @ made[0] / n, np.eye(design.shape[1]), atol=1e-9)
