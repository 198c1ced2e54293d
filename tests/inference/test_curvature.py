"""How well a location at a cusp is known: over a standard error, and not by the few observations nearest to it."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

import mle_toolkit as mle


def cusp(n=400, shape=1.2, seed=4):
    return stats.gennorm.rvs(shape, size=n, random_state=np.random.default_rng(seed))


def own_errors(x, loc, scale, shape):
    """Second derivatives by formulas; those by loc as the change of the score over its standard error."""

    def score(m):
        z = (x - m) / scale
        power = np.abs(z) ** shape
        by_shape = special.psi(1 + 1 / shape) / shape**2 - power * np.log(np.abs(z))
        return np.array(
            [np.sum(s) for s in (shape * np.sign(z) * power / np.abs(z) / scale, (shape * power - 1) / scale, by_shape)]
        )

    def change(h):
        return (score(loc - h) - score(loc + h)) / (2 * h)

    h = optimize.brentq(lambda h: change(h)[0] * h * h - 1, 1e-3 * scale, scale)
    z = np.abs((x - loc) / scale)
    power, log = z**shape, np.log(z)
    psi, psi1 = special.psi(1 + 1 / shape), special.polygamma(1, 1 + 1 / shape)
    scales = np.sum((shape * power * (1 + shape) - 1) / scale**2)
    both = -np.sum(power + shape * power * log) / scale
    shapes = np.sum(power * log**2 + (2 * shape * psi + psi1) / shape**4)
    row = change(h)
    information = np.array([row, [row[1], scales, both], [row[2], both, shapes]])
    return np.sqrt(np.diag(np.linalg.inv(information)))


@pytest.mark.parametrize("seed", [1, 4])
def test_errors_at_a_cusp_are_those_of_the_score_over_a_standard_error(seed):
    x = cusp(seed=seed)
    fit = mle.fit(x, "generalized_normal")
    assert 1.1 < fit.params["shape"] < 1.5
    errors = np.array(list(fit.bse.values()))
    np.testing.assert_allclose(errors, own_errors(x, *fit.params.values()), rtol=1e-5)
    # And about those expected.
    assert errors[0] == pytest.approx(np.sqrt(fit.cov_params("expected").loc["loc", "loc"]), rel=0.25)
    assert fit.certificate.verdict == "interior"
    assert "how well loc is known is seen over a standard error" in fit.certificate.message


def test_errors_at_a_cusp_are_the_same_in_every_form():
    x = cusp(300, seed=6)
    fit = mle.fit(x, "generalized_normal")
    moved = mle.fit(1e6 * x - 3e5, "generalized_normal")
    assert moved.bse["loc"] == pytest.approx(1e6 * fit.bse["loc"], rel=1e-6)
    of_logs = mle.fit(np.exp(x), mle.exp_of("generalized_normal"))
    assert of_logs.bse["loc"] == pytest.approx(fit.bse["loc"], rel=1e-6)
    assert mle.fit(x, stats.gennorm).bse["loc"] == pytest.approx(fit.bse["loc"], rel=3e-3)  # by differences alone
    windowed = mle.fit(mle.Sample(x).truncated(-1e3, 1e3), "generalized_normal")
    assert windowed.bse["loc"] == pytest.approx(fit.bse["loc"], rel=1e-5)
    twice = mle.fit(x, "generalized_normal", weights=np.full(300, 2))
    assert twice.bse["loc"] == pytest.approx(mle.fit(np.tile(x, 2), "generalized_normal").bse["loc"], rel=1e-6)
    rounded = mle.fit(mle.Sample.rounded(np.round(x, 6), 1e-6), "generalized_normal")
    assert rounded.bse["loc"] == pytest.approx(fit.bse["loc"], rel=1e-3)
    groups = mle.fit_groups(pd.DataFrame({"g": np.zeros(300), "x": x}), by="g", column="x", family="generalized_normal")
    assert groups.table["se_loc"].iloc[0] == pytest.approx(fit.bse["loc"], rel=1e-6)


def test_errors_of_coefficients_at_a_cusp_do_not_depend_on_where_a_column_begins():
    x = cusp(300, seed=6)
    z = np.random.default_rng(5).normal(size=300)
    near = mle.regress(x + z, np.column_stack([np.ones(300), z]), "generalized_normal")
    far = mle.regress(x + z, np.column_stack([np.ones(300), z + 50]), "generalized_normal")
    assert "how well loc is known" in near.certificate.message
    assert far.bse["loc"].iloc[1] == pytest.approx(near.bse["loc"].iloc[1], rel=1e-4)
    # About the share of it that the spread of the column leaves.
    alone = mle.fit(x, "generalized_normal").bse["loc"]
    assert near.bse["loc"].iloc[1] == pytest.approx(alone / z.std(), rel=0.1)


CUSP = (0.0, 1.0, 1.2)


@pytest.mark.parametrize(
    ("law", "params", "names"),
    [
        ("generalized_normal", CUSP, ("loc",)),
        ("generalized_normal", (0.0, 1.0, 1.5), ()),
        ("variance_gamma", (0.0, 1.0, 0.5, 1.2), ("loc",)),
        ("variance_gamma", (0.0, 1.0, 0.5, 1.3), ()),
        (mle.truncated("generalized_normal", -2, 2), CUSP, ("loc",)),
        (mle.hurdle("generalized_normal"), (0.2, *CUSP), ("loc",)),
        (mle.negated("generalized_normal"), CUSP, ("loc",)),
        (mle.mixture("generalized_normal", 2), ([0.5, 0.5], [0.0, 3.0], [1.0, 1.0], [2.0, 1.2]), ("loc",)),
        (
            mle.mixture(["normal", "generalized_normal"]),
            ([0.5, 0.5], 0.0, 1.0, *CUSP),
            ("generalized_normal.loc",),
        ),
        (mle.first_of(["normal", "generalized_normal"]), (0.0, 1.0, *CUSP), ("loc_2",)),
        (stats.gennorm, (1.2, 0.0, 1.0), ("loc",)),
        ("normal", (0.0, 1.0), ()),
    ],
)
def test_laws_made_of_one_with_a_cusp_have_it_too(law, params, names):
    assert mle.get_family(law).rough(*params) == names
