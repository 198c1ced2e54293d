"""The written law: one text means one law, in Python, in the shell and in files; what is none is one sentence."""

import numpy as np
import pytest
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import MleError, ParameterError, UnknownNameError
from mle_toolkit.families.combinators import kinds, makers
from mle_toolkit.families.written import families_of, law_and_values
from mle_toolkit.report.law_record import family_from_dict, family_to_dict

SAME = {
    "Log-Normal": lambda: mle.get_family("lognormal"),
    "student t": lambda: mle.get_family("student_t"),
    "LNORM": lambda: mle.get_family("lognormal"),
    "generalized_pareto": lambda: mle.get_family("gpd"),
    "chi2": lambda: mle.get_family(stats.chi2),
    "binomial(n=12)": lambda: mle.get_family("binomial", n=12),
    "binomial:n=12": lambda: mle.get_family("binomial", n=12),
    "scipy.nakagami": lambda: mle.get_family(stats.nakagami),
    "scipy.nakagami(nu=2, loc=none)": lambda: mle.get_family(stats.nakagami, nu=2, loc=None),
    "Shifted( Weibull )": lambda: mle.shifted("weibull"),
    "zero-inflated(negbin)": lambda: mle.zero_inflated("negbin"),
    "hurdle(gamma)": lambda: mle.hurdle("gamma"),
    "inflated(beta, at=[0, 1])": lambda: mle.inflated("beta", (0, 1)),
    "inflated(beta, at=(0, 1))": lambda: mle.inflated("beta", (0, 1)),
    "spliced(lognormal, pareto, at=2)": lambda: mle.spliced("lognormal", "pareto", at=2),
    "spliced(gamma, gpd, 3, join=continuous)": lambda: mle.spliced("gamma", "gpd", 3, "continuous"),
    "exp_of(logistic)": lambda: mle.exp_of("logistic"),
    "log_of(gamma)": lambda: mle.log_of("gamma"),
    "negated(gumbel)": lambda: mle.negated("gumbel"),
    "folded(normal)": lambda: mle.folded("normal"),
    "exponentiated(weibull)": lambda: mle.exponentiated("weibull"),
    "discretised(gamma)": lambda: mle.discretised("gamma"),
    "defective(weibull)": lambda: mle.defective("weibull"),
    "first_of(weibull, lognormal)": lambda: mle.first_of(["weibull", "lognormal"]),
    "inflated(beta, at=1)": lambda: mle.inflated("beta", 1),
    "hurdle(binomial:n=12)": lambda: mle.hurdle(mle.get_family("binomial", n=12)),
    "mixture(normal, 2, shared=sigma)": lambda: mle.mixture("normal", 2, "sigma"),
    "mixture([normal, logistic])": lambda: mle.mixture(["normal", "logistic"]),
    "mixture(poisson, zero_inflated(negbin))": lambda: mle.mixture(["poisson", mle.zero_inflated("negbin")]),
    "truncated(mixture(normal, 2), -inf, 3)": lambda: mle.truncated(mle.mixture("normal", 2), None, 3),
}


@pytest.mark.parametrize("text", SAME)
def test_a_written_law_is_the_one_that_python_makes(text):
    law, made = mle.get_family(text), SAME[text]()
    assert repr(law) == repr(made)
    assert type(law) is type(made)
    assert repr(family_from_dict(family_to_dict(law))) == repr(made)


WRONG = {
    "mixture(normal, 1e9)": "from 2 to 100, got 1000000000",
    "mixture(normal, nan)": "unknown family 'nan'",
    "mixture(normal, 2.5)": "expected a whole number",
    "categorical(k=1e9)": "from 1 to 10000",
    "dirichlet(dimension=1e9)": "from 1 to 10000",
    "binomial(12)": "known constants are given by name",
    "binomial(n=__import__)": "binomial: n: expected a number",
    "binomial(n=)": "expected NAME=NUMBER",
    "binomial(n=1,n=2)": "n is given twice",
    "gamma, lognormal": "2 laws where one is expected",
    "shifted": r"which stand in brackets behind it: shifted\(...\)",
    "shift(weibull)": "did you mean 'shifted'",
    "shifted(weibull": r"expected \) at the end",
    "shifted(weibull))": "do not match",
    "scipy.foo": "scipy.stats has no distribution 'foo'",
    "scipy.__doc__": "scipy.stats has no distribution",
    "weibul": "did you mean 'weibull'",
    "lognrmal": "did you mean 'lognormal'",
    "": "unknown family ''",
    "a" * 2_000: "a name of 2,000 characters",
    "(" * 2_000: "at most 1,000 characters",
    "shifted(" * 60 + "gamma" + ")" * 60: "8 deep at most",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40])
def test_what_is_no_law_is_one_sentence(text):
    with pytest.raises((ParameterError, UnknownNameError), match=WRONG[text]):
        mle.get_family(text)


def test_arbitrary_texts_are_laws_or_errors_of_ours():
    rng = np.random.default_rng(11)
    words = ["normal", "mixture", "shifted", "scipy.", "gamma", "n", "2", "1e400", "-inf", *"(),:=[] _-.", "π", "\x00"]
    for _ in range(3_000):
        text = "".join(rng.choice(words, size=rng.integers(1, 12)))
        try:
            assert isinstance(mle.get_family(text), mle.Family)
        except MleError:
            continue


def test_several_laws_stand_between_commas():
    laws = families_of("gamma, binomial:n=12, mixture(normal, 2)")
    assert [law.name for law in laws] == ["gamma", "binomial", "mixture of 2 normal"]
    assert set(mle.compare([1.1, 0.4, 2.7, 1.9, 0.8], "gamma, lnorm").fits) == {"gamma", "lognormal"}


def test_a_law_with_its_values():
    law, values = law_and_values("binomial:n=5,p=0.25", "P")
    assert (repr(law), values) == ("binomial(p; n=5)", {"p": 0.25})
    with pytest.raises(ParameterError, match="P: expected a law with its parameters"):
        law_and_values("gamma", "P")


def test_combinators_declare_themselves():
    assert {"shifted", "truncated", "zero_truncated", "zero_inflated", "hurdle", "inflated", "mixture"} <= set(makers())
    assert {"shifted", "truncated", "zero_inflated", "hurdle", "inflated", "mixture", "vector_mixture"} <= set(kinds())


def test_no_two_laws_have_names_that_differ_by_marks_only():
    from mle_toolkit.families.registry import _registry
    from mle_toolkit.options import plainly

    by_plain = {}
    for name, law in _registry.items():
        assert by_plain.setdefault(plainly(name), law) is law, name
