"""What laws say of their log-densities, and expect of functions of x, for divergences."""

import contextlib
import math

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import IntegralError
from mle_toolkit.families.expectations import BetaPower, by_log_moments, by_moments
from mle_toolkit.families.registry import family_class
from mle_toolkit.information.between import divergence, expected, log_density_terms
from mle_toolkit.information.pointwise import KL
from mle_toolkit.information.same_law import divergence_within

CONSTANTS = {"n": 7, "dimension": 3}

STATISTICS = (
    ("log",), ("log squared",), ("power", 1.0), ("power", 2.0), ("power", -1.0), ("power", 0.3), ("exp", 0.04),
    ("exp", -0.03), ("abs", 1.3),
)  # fmt: skip

FUNCTIONS = {
    "one": lambda x: np.ones_like(x),
    "log": lambda x: np.log(x),
    "log squared": lambda x: np.square(np.log(x)),
    "power": lambda x, c: x**c,
    "rest": lambda x, s, b: np.log1p(-((x / s) ** b)),
    "exp": lambda x, t: np.exp(t * x),
    "abs": lambda x, a: np.abs(x - a),
    "cos": lambda x, a: np.cos(x - a),
}


def laws():
    found = []
    for name in mle.families():
        law = family_class(name)
        needed = {key: CONSTANTS[key] for key, value in law.constant_defaults.items() if value is ...}
        made = law(**needed)
        if made.all_scalar and not made.multivariate:
            found.append(made)
    return found


def ordinary(law, share):
    if law.name in ("uniform", "discrete_uniform"):  # a < b
        return mle.Distribution(law, {"a": 1.0, "b": 6.0})
    low_high = {p.name: p.typical for p in law.parameters}
    return mle.Distribution(law, {name: low + share * (high - low) for name, (low, high) in low_high.items()})


LAWS = laws()
SAYS = [law for law in LAWS if law.terms is not None or law.power_of is not None]
EXPECTS = [law for law in LAWS if law.expected is not None or law.power_of is not None]
DIVERGES = [law for law in LAWS if law.divergence is not None]


@pytest.mark.parametrize("law", SAYS, ids=lambda law: law.name)
def test_the_terms_of_a_log_density_add_to_it(law):
    p = ordinary(law, 0.4)
    terms = log_density_terms(p)
    if terms is None:
        assert law.power_of is not None
        return
    x = np.unique(p.ppf(np.linspace(0.05, 0.95, 7)))
    angle = 1.0 if law.period is None else 2 * math.pi / law.period
    total = sum(c * FUNCTIONS[kind](angle * x if kind == "cos" else x, *at) for (kind, *at), c in terms.items())
    np.testing.assert_allclose(total, p.logpdf(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("law", EXPECTS, ids=lambda law: law.name)
def test_an_expected_value_is_that_of_quadrature(law):
    """Where both are finite; the tails of quadrature tell nothing of an infinite one."""
    p = ordinary(law, 0.4)
    own = log_density_terms(p) if law.power_of is not None else None
    checked = 0
    for statistic in {*STATISTICS, *(own or {})}:
        kind, *at = statistic
        value = expected(p, statistic)
        if value is None or math.isinf(value):
            continue
        with np.errstate(all="ignore"), contextlib.suppress(IntegralError):
            numeric = math.nan  # a series of a heavy tail does not settle
            numeric = float(p.expect(lambda x, kind=kind, at=at: FUNCTIONS[kind](x, *at)))
        if math.isfinite(numeric):
            checked += 1
            assert value == pytest.approx(numeric, rel=1e-6, abs=1e-7), statistic
    assert checked or law.name in ("cauchy", "von_mises", "zeta")


@pytest.mark.parametrize("law", DIVERGES, ids=lambda law: law.name)
def test_a_divergence_is_that_of_quadrature(law):
    p, q = ordinary(law, 0.35), ordinary(law, 0.55)
    if law.name == "negbin":
        q = mle.Distribution(law, dict(p.params) | {"mu": 3.0})
    if law.name in ("uniform", "discrete_uniform"):
        q = mle.Distribution(law, {"a": 0.0, "b": 9.0})
    if law.name == "pareto":
        q = mle.Distribution(law, {"alpha": 1.3, "xm": 0.5 * p.params["xm"]})
    assert divergence_within(p, q) == pytest.approx(divergence(KL, p, q).value, rel=1e-8)
    assert divergence_within(p, p) == 0.0


def test_what_moments_say():
    assert by_moments(("power", 1.0), 2.0, 3.0) == 2.0
    assert by_moments(("power", 2.0), 2.0, 3.0) == 7.0
    assert by_moments(("exp", 1.0), 2.0, 3.0) is None
    assert by_log_moments(("log squared",), 2.0, 3.0) == 7.0
    assert by_log_moments(("power", 1.0), 2.0, 3.0) is None


def test_beta_knows_the_logs_of_its_own_complement_only():
    law = BetaPower(2.0, 3.0, 1.0, 1.0)
    assert law.expected(("rest", 1.0, 1.0)) == pytest.approx(-7 / 12)  # ψ(3) - ψ(5) = -1/3 - 1/4
    assert law.expected(("rest", 2.0, 1.0)) is None
