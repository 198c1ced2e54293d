"""What is said where a search ran off: no likelihood is called unbounded of which the rise may be finite."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import NoMaximumError, UnboundedLikelihoodError


@pytest.mark.parametrize(("seed", "unit"), [(2, 1.0), (3, 1.0), (3, 1e6)])
def test_a_maximum_beyond_the_doubles_is_not_called_unbounded(seed: int, unit: float) -> None:
    """With shape1 = 9000 the best scale is exp(±900) or so: the likelihood has a maximum, where no double goes."""
    x = unit * np.random.default_rng(seed).lognormal(0, 1, 50)
    with pytest.raises(NoMaximumError) as refused:
        mle.fit(x, "generalized_gamma", fixed={"shape1": 9000.0})
    assert not isinstance(refused.value, UnboundedLikelihoodError)
    assert refused.value.certificate.verdict != "unbounded"


@pytest.mark.parametrize(
    ("sample", "family", "fixed"),
    [
        (mle.Sample(np.full(5, 2.0)), "generalized_gamma", {"shape1": 2.0}),
        (mle.Sample(np.full(6, 2.0)).truncated(0, 5), "normal", {"mu": 2.0}),  # its sigma leaves the doubles
        # The place of the spike is rounded, which ends its rise.
        (mle.Sample(np.full(3, 3.3)).truncated(0, 8), "cauchy", {}),
        (mle.Sample(np.full(3, 3.3)).truncated(lower=0.5), "logistic", {}),
        (mle.Sample(np.full(3, 3.3)).truncated(0, 8), "normal", {}),
    ],
)
def test_a_law_that_concentrates_on_ties_is_unbounded(sample: mle.Sample, family: str, fixed: dict[str, float]) -> None:
    with pytest.raises(UnboundedLikelihoodError, match="runs to the end of its domain"):
        mle.fit(sample, family, fixed=fixed)
