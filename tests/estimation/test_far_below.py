"""A limiting law that one look shows to be far below is not climbed; one that is near, or above, is."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import FitWarning
from mle_toolkit.estimation import solve
from mle_toolkit.estimation.beside import is_far_below

N = 400
X = np.column_stack([np.ones(N), np.random.default_rng(11).normal(size=(N, 2))])
MEAN = np.exp(0.8 + X[:, 1:] @ [0.3, -0.4])


def overdispersed():
    return np.random.default_rng(12).negative_binomial(1.5, 1.5 / (1.5 + MEAN)).astype(float)


@pytest.fixture
def climbed(monkeypatch):
    """Names of the limiting laws that are climbed."""
    names = []

    def told(law, *args, **options):
        names.append(law.name)
        return maximise(law, *args, **options)

    maximise = solve.maximise
    monkeypatch.setattr(solve, "maximise", told)
    return names


def test_a_law_far_below_is_looked_at_once(climbed):
    fit = mle.regress(overdispersed(), X, "negbin")
    assert fit.certificate.verdict == "interior"
    assert "poisson" not in climbed


def test_a_law_that_is_the_maximum_is_climbed(climbed):
    y = np.random.default_rng(13).binomial(40, np.minimum(MEAN / 40, 1.0)).astype(float)
    with pytest.warns(FitWarning, match="size = ∞"):
        fit = mle.regress(y, X, "negbin")
    assert "poisson" in climbed
    assert fit.llf == pytest.approx(mle.regress(y, X, "poisson").llf, abs=1e-8)


def test_far_below_is_by_more_than_a_climb_can_gain():
    """Far off the step of Newton's method is long, and nothing is said."""
    y = overdispersed()
    found = mle.regress(y, X, "negbin").at_maximum
    law = mle.regress(y, X, "poisson").at_maximum.family
    near = {"mu": found.family.unpack(found.theta)[1]}
    assert is_far_below(law, found, found.likelihood.data, near)
    assert not is_far_below(law, found, found.likelihood.data, {"mu": near["mu"] + 5.0})
    assert not is_far_below(law, found, found.likelihood.data, None)
