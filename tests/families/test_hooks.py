"""Parts of laws that are made with those of other laws."""

import pickle

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import LawError
from mle_toolkit.families.hooks import all_of, made_with, needed


def test_a_part_is_there_where_all_that_it_is_made_with_are():
    """One that is missing leaves none; the others are handed on in front of what is asked."""
    assert made_with(lambda a, b, x: (a, b, x), 1, 2)(3) == (1, 2, 3)
    assert made_with(lambda a, b, x: x, 1, None) is None
    assert all_of(iter([1, 2])) == (1, 2)
    assert all_of([1, None]) is None
    assert all_of([]) == ()


@pytest.mark.parametrize("make", [mle.mixture, mle.defective, mle.exponentiated, mle.negated], ids=lambda f: f.__name__)
def test_a_law_made_of_one_without_a_score_has_none(make):
    """The score of a law that is made of another is there where that of the other is."""
    gamma = mle.get_family("gamma")
    bare = mle.Family.from_logpdf(gamma.logpdf, gamma.parameters, gamma.support)
    k = (2,) if make is mle.mixture else ()
    assert make(gamma, *k).score is not None
    assert make(bare, *k).score is None


def test_parts_of_a_law_go_with_it_to_another_process():
    """A law is sent as it is; its score is that of the copy."""
    law = mle.get_family("defective(weibull)")
    sent = pickle.loads(pickle.dumps(law))
    x = np.array([0.5, 2.0, np.inf])
    for one, other in zip(law.score(x, 0.7, 1.5, 2.0), sent.score(x, 0.7, 1.5, 2.0), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_part_that_a_law_cannot_be_without_is_named_where_it_is_missing():
    law = mle.get_family("gamma")
    assert needed(law, law.score, "score") == law.score
    with pytest.raises(LawError, match=r"gamma: hessian is needed here, and the law has none"):
        needed(law, None, "hessian")
