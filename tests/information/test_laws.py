"""Laws of scipy.stats are recognised as ours, and only those that are."""

import pytest
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.families.registry import family_class
from mle_toolkit.information.laws import as_distribution


def both_ways():
    """Laws of numbers that say which law of scipy.stats they are, and which they are of its parameters."""
    found = [family_class(name) for name in mle.families()]
    known = [law(**({"n": 7} if law.constant_defaults.get("n", 0) is ... else {})) for law in found]
    return [law for law in known if law.from_scipy is not None and not law.multivariate]


@pytest.mark.parametrize("law", both_ways(), ids=lambda law: law.name)
def test_a_law_goes_to_scipy_and_comes_back(law):
    params = {p.name: p.typical[0] + 0.4 * (p.typical[1] - p.typical[0]) for p in law.parameters}
    if law.name in ("uniform", "discrete_uniform"):
        params = {"a": 1.0, "b": 6.0}
    back = as_distribution(mle.Distribution(law, params).to_scipy())
    assert back.family.name == law.name
    assert dict(back.params) == pytest.approx(params, rel=1e-12)


@pytest.mark.parametrize(
    "frozen", [stats.wald(), stats.genextreme(1.5), stats.expon(2.0), stats.beta(2, 3, 1, 1), stats.geom(0.3)]
)
def test_a_law_that_is_not_ours_stays_scipys(frozen):
    """Another law of the name of an alias, a parameter beyond our domain, a location that ours has not."""
    law = as_distribution(frozen)
    assert type(law.family).__name__ == "ScipyLaw"
    x = frozen.ppf([0.1, 0.5, 0.9])
    log_density = frozen.logpdf(x) if hasattr(frozen.dist, "pdf") else frozen.logpmf(x)
    assert law.logpdf(x) == pytest.approx(log_density)
