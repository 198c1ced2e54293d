"""Divergences between two laws: published values, every closed form against quadrature, and what others get wrong."""

import itertools
import json
import math

import mpmath as mp
import numpy as np
import pytest
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.excess import log_excess
from mle_toolkit.information import (
    chi2_divergence,
    cross_entropy,
    entropy,
    hellinger_distance,
    jeffreys_divergence,
    js_divergence,
    kl_divergence,
    power_divergence,
    renyi_divergence,
    total_variation,
    wasserstein_distance,
)
from mle_toolkit.information.between import closed_form, divergence, why_singular
from mle_toolkit.information.pointwise import KL
from mle_toolkit.information.same_law import in_unit_of, mapped
from tests.references import HERE, PARAMETER
from tests.strategies import LAWS, draw

law = mle.distribution


def normal(mu, sigma):
    return law("normal", mu=mu, sigma=sigma)


# --- published values -------------------------------------------------------------------------------------------------

PUBLISHED = [
    (normal(0, 1), normal(1, 2), 0.44314718055995),
    (normal(1, 2), normal(0, 1), 1.3068528194401),
    (law("exponential", scale=1), law("exponential", scale=0.5), 0.30685281944005),
    (law("gamma", shape=2, scale=1), law("gamma", shape=3, scale=0.5), 0.19092130378164),
    (law("beta", a=2, b=3), law("beta", a=3, b=2), 0.5),
    (law("weibull", shape=2, scale=1), law("weibull", shape=1.5, scale=2), 0.50803659960096),  # TFP agrees
    (law("weibull", shape=2, scale=1), law("gamma", shape=3, scale=0.5), 0.36791450279634),  # TFP agrees
    (law("gumbel", loc=0, scale=1), law("gumbel", loc=1, scale=2), 0.36568053077032),  # TFP agrees
    (law("laplace", loc=0, scale=1), law("laplace", loc=1, scale=2), 0.37708690114567),
    (law("logistic", loc=0, scale=1), law("logistic", loc=1, scale=1), 0.16395341373865),  # δ coth(δ/2) - 2
    (law("cauchy", loc=0, scale=1), law("cauchy", loc=1, scale=2), math.log(1.25)),  # Chyzak & Nielsen 2019
    (law("pareto", alpha=3, xm=2), law("pareto", alpha=2, xm=1), 1.4584261358947),
    (law("inverse_gaussian", mu=1, lam=2), law("inverse_gaussian", mu=2, lam=3), 0.42226744594592),
    (law("von_mises", mu=0, kappa=2), law("von_mises", mu=1, kappa=3), 1.0258356262356),  # TFP agrees
    (law("rayleigh", sigma=1), law("rayleigh", sigma=2), 0.63629436111989),
    (law("poisson", mu=3), law("poisson", mu=5), 0.46752312870203),
    (law("geometric", prob=0.5), law("geometric", prob=0.25), 0.28768207245178),
    (law("binomial", n=10, p=0.3), law("binomial", n=10, p=0.5), 0.82282878505052),
    (law("negbin", size=3, mu=3), law("negbin", size=3, mu=9), 0.86304621735534),  # p = 0.5 and 0.25
    (law("logseries", p=0.5), law("logseries", p=0.7), 0.066712852273788),
    (law("zeta", alpha=3), law("zeta", alpha=2), 0.14884344492098),
    (law("dirichlet", alpha=[1, 2, 3]), law("dirichlet", alpha=[2, 2, 2]), 0.806852819440055),
    (
        law("multivariate_normal", mean=[0, 0], cov=[[1, 0.5], [0.5, 2]]),
        law("multivariate_normal", mean=[1, -1], cov=[[2, 0], [0, 1]]),
        1.06676569631226,
    ),
    (law("student_t", df=5, loc=0, scale=1), normal(0, 1), 0.12476919412361),
    (law("laplace", loc=0, scale=1), normal(0, math.sqrt(2)), 0.0723649429247),
]
"""Closed forms that were compared with independent quadrature or summation when they were collected; nats, 14 digits.

Sources: Gil, Alajaji & Linder (2013), Information Sciences 249; those of which TFP 0.25 has the pair, as marked.
"""


@pytest.mark.parametrize(("p", "q", "value"), PUBLISHED, ids=lambda x: x.family.name if hasattr(x, "family") else None)
def test_published_divergences(p, q, value):
    found = kl_divergence(p, q)
    assert found.value == pytest.approx(value, abs=2e-13)
    assert found.method in ("closed form", "quadrature")
    assert found.se is None


def test_a_law_of_the_user_has_its_divergences():
    """Lindley 1 ‖ 2: 0.519170747, by quadrature and by mpmath."""

    def logpdf(x, theta):
        return 2 * np.log(theta) - np.log1p(theta) + np.log1p(x) - theta * x

    lindley = mle.Family.from_logpdf(logpdf, {"theta": mle.POSITIVE}, mle.POSITIVE, name="lindley")
    p, q = (mle.Distribution(lindley, {"theta": theta}) for theta in (1.0, 2.0))
    found = kl_divergence(p, q)
    assert found.value == pytest.approx(0.51917074698827, abs=1e-13)
    assert found.method == "quadrature"
    assert found.error < 1e-12


def test_other_divergences_of_two_normal_laws():
    """N(0,1) and N(1,2): closed forms of Hellinger, Rényi, χ²; quadrature elsewhere for JS and TV."""
    p, q = normal(0, 1), normal(1, 2)
    assert hellinger_distance(p, q).value ** 2 == pytest.approx(0.14919453784736, abs=1e-13)
    assert js_divergence(p, q).value == pytest.approx(0.1281749730544, abs=1e-12)
    assert total_variation(p, q).value == pytest.approx(0.3900656601210556, abs=1e-12)
    assert renyi_divergence(p, q, 0.5).value == pytest.approx(0.32314355131421, abs=1e-13)
    assert chi2_divergence(p, q).value == pytest.approx(0.74402634150969, abs=1e-12)
    assert power_divergence(p, q, 1).value == pytest.approx(0.5 * 0.74402634150969, abs=1e-12)
    assert jeffreys_divergence(p, q).value == pytest.approx(0.44314718055995 + 1.3068528194401, abs=1e-12)


def information_cases(name):
    cases = json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))["cases"]
    return next(case["expected"] for case in cases if case["id"] == name)


def reference_law(family, names, values):
    family = {"pareto1": "pareto"}.get(family, family)
    ours = [
        PARAMETER.get((family, name), "lam" if name == "lambda" and family == "inverse_gaussian" else name)
        for name in names
    ]
    return law(family, **dict(zip(ours, map(float, values), strict=True)))


@pytest.mark.parametrize("item", information_cases("kl_closed_forms_dev")["items"], ids=lambda item: item["family"])
def test_reference_cases(item):
    p, q = (reference_law(item["family"], item["params"], item[which]) for which in "pq")
    assert kl_divergence(p, q).value == pytest.approx(item["kl_nats"], rel=1e-13)
    assert kl_divergence(p, q, unit="bit").value == pytest.approx(item["kl_bits"], rel=1e-13)


def test_reference_case_of_lognormal_against_weibull():
    expected = information_cases("kl_cross_lognormal_weibull_dev")
    p, q = law("lognormal", meanlog=4.17, sdlog=0.53), law("weibull", shape=2.2, scale=83)
    assert kl_divergence(p, q).value == pytest.approx(expected["kl_nats"], rel=1e-13)
    assert cross_entropy(p, q).value == pytest.approx(expected["cross_entropy_nats"], rel=1e-13)
    assert entropy(p).value == pytest.approx(expected["entropy_p_nats"], rel=1e-13)


def test_reference_cases_of_vectors():
    gauss, shares = information_cases("kl_multivariate_dev")["items"]
    p, q = (law("multivariate_normal", **gauss[which]) for which in "pq")
    assert kl_divergence(p, q).value == pytest.approx(gauss["kl_nats"], rel=1e-13)
    p, q = (law("dirichlet", alpha=shares[which]) for which in "pq")
    assert kl_divergence(p, q).value == pytest.approx(shares["kl_nats"], rel=1e-13)


# --- closed forms against quadrature ----------------------------------------------------------------------------------

DRAWN = {family.name: draw(family, seed=k)[0] for k, family in enumerate(LAWS)}
DRAWN["kumaraswamy"] = law("kumaraswamy", a=2.0, b=3.0)  # a pole at 1, where doubles are coarse, takes seconds
AGAIN = {family.name: draw(family, seed=1000 + k)[0] for k, family in enumerate(LAWS)}

SLOW_SUMS = {"zeta"}
"""Laws of which sums converge like a power of their length."""


def comparable(p, q):
    """Whether a divergence is defined: not of a law of counts from one of measurements, or of circle and line."""
    return p.family.discrete == q.family.discrete and p.family.period == q.family.period


def closed_pairs():
    for first, second in itertools.product(DRAWN.values(), AGAIN.values()):
        fast = SLOW_SUMS.isdisjoint((first.family.name, second.family.name))
        if fast and comparable(first, second) and why_singular(first, second) is None:
            found = closed_form(*mapped(*in_unit_of(first, second)))
            if found is not None and found.method == "closed form":
                yield first, second, found


def test_closed_forms_agree_with_quadrature():
    """All pairs of registered laws that have one, each at drawn parameters: two routes with nothing in common."""
    wrong, n_pairs = [], 0
    for p, q, found in closed_pairs():
        numeric = divergence(KL, *in_unit_of(p, q), rng=0)
        n_pairs += 1
        if (
            not abs(found.value - numeric.value) <= 1e-9 * found.value + 2 * (numeric.error or 0)
            or numeric.se is not None
        ):
            wrong.append((p, q, found, numeric))
    assert wrong == []
    assert n_pairs >= 150


def test_the_closed_form_of_zeta_agrees_with_its_sum():
    p, q = law("zeta", alpha=4.5), law("zeta", alpha=3.5)
    numeric = divergence(KL, p, q)
    assert kl_divergence(p, q).value == pytest.approx(numeric.value, abs=numeric.error + 1e-12)


def test_infinite_expectations_agree_with_tails():
    """What a table says to be infinite, the tail check of the quadrature finds too."""
    pairs = [
        (law("cauchy", loc=0, scale=1), normal(0, 1)),
        (law("student_t", df=2, loc=0, scale=1), normal(0, 1)),
        (law("pareto", alpha=1.5, xm=1), law("rayleigh", sigma=1)),
        (law("exponential", scale=1), law("inverse_gamma", shape=2, scale=1)),
        (law("exponential", scale=1), law("birnbaum_saunders", shape=0.5, scale=4)),
        (law("lomax", shape=1.0, scale=1), law("gamma", shape=2, scale=1)),
    ]
    for p, q in pairs:
        assert divergence(KL, p, q).value == math.inf, (p, q)
        found = kl_divergence(p, q)
        assert found.value == math.inf, (p, q)
        assert found.reason


def test_bijections_leave_a_divergence():
    for p, q in ((DRAWN["lognormal"], AGAIN["frechet"]), (DRAWN["nakagami"], AGAIN["rayleigh"]),
                 (DRAWN["power"], AGAIN["power"]), (DRAWN["inverse_gamma"], AGAIN["inverse_gamma"])):  # fmt: skip
        images = mapped(p, q)
        assert images[0].family.name != p.family.name
        assert images != (p, q)
        if why_singular(p, q) is None:
            assert divergence(KL, *images).value == pytest.approx(divergence(KL, p, q).value, rel=1e-11)


# --- close to each other ----------------------------------------------------------------------------------------------

mp.mp.dps = 50


def exact_gamma(p, q):
    (a, s), (b, t) = p, q
    return (a - b) * mp.digamma(a) - mp.loggamma(a) + mp.loggamma(b) + b * mp.log(t / s) + a * (s / t - 1)


def exact_weibull(p, q):
    (k, s), (m, t) = p, q
    return (
        mp.log(k / s**k) - mp.log(m / t**m) + (k - m) * (mp.log(s) - mp.euler / k)
        + (s / t) ** m * mp.gamma(m / k + 1) - 1
    )  # fmt: skip


def exact_gumbel(p, q):
    (m, s), (n, t) = p, q
    return mp.log(t / s) + mp.euler * (s / t - 1) + mp.exp((n - m) / t) * mp.gamma(s / t + 1) - 1 + (m - n) / t


def exact_beta(p, q):
    (a, b), (c, d) = p, q
    return (
        mp.log(mp.beta(c, d) / mp.beta(a, b)) + (a - c) * mp.digamma(a) + (b - d) * mp.digamma(b)
        + (c - a + d - b) * mp.digamma(a + b)
    )  # fmt: skip


def exact_normal(p, q):
    (m, s), (n, t) = p, q
    return mp.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - mp.mpf(1) / 2


def exact_logistic(p, q):
    delta = abs(p[0] - q[0]) / p[1]
    return delta * mp.coth(delta / 2) - 2


CLOSE = [
    ("normal", (1.0, 2.0), (1.000002, 2.000001), exact_normal),
    ("normal", (1e8, 2.0), (1e8 + 2**-20, 2.0), exact_normal),
    ("lognormal", (1.0, 2.0), (1.000002, 2.000001), exact_normal),
    ("gamma", (2.5, 3.0), (2.500002, 2.999999), exact_gamma),
    ("gamma", (1e8, 1.0), (1e8 + 1, 1.0), exact_gamma),
    ("inverse_gamma", (2.5, 3.0), (2.500002, 2.999999), lambda p, q: exact_gamma((p[0], 1 / p[1]), (q[0], 1 / q[1]))),
    ("weibull", (1.5, 2.0), (1.500001, 2.000002), exact_weibull),
    ("gumbel", (1.0, 2.0), (1.000002, 2.000002), exact_gumbel),
    ("beta", (2.0, 0.3), (2.000002, 0.300001), exact_beta),
    ("logistic", (1.0, 2.0), (1.000005, 2.0), exact_logistic),
    ("poisson", (3.0,), (3.000003,), lambda p, q: p[0] * mp.log(p[0] / q[0]) - p[0] + q[0]),
    ("poisson", (1e14,), (1e14 + 16,), lambda p, q: p[0] * mp.log(p[0] / q[0]) - p[0] + q[0]),
    ("geometric", (0.3,), (0.3000003,),
     lambda p, q: mp.log(p[0] / q[0]) + (1 - p[0]) / p[0] * mp.log((1 - p[0]) / (1 - q[0]))),
    ("inverse_gaussian", (1.0, 2.0), (1.000001, 2.000002),
     lambda p, q: (mp.log(p[1] / q[1]) + q[1] / p[1] + q[1] * (p[0] - q[0]) ** 2 / (p[0] * q[0] ** 2) - 1) / 2),
    ("laplace", (0.0, 1.0), (1e-6, 1.000002),
     lambda p, q: mp.log(q[1] / p[1]) + abs(p[0] - q[0]) / q[1]
     + p[1] / q[1] * mp.exp(-abs(p[0] - q[0]) / p[1]) - 1),
    ("pareto", (3.0, 1.0), (3.000003, 1.0), lambda p, q: mp.log(p[0] / q[0]) + q[0] / p[0] - 1),
    ("cauchy", (0.0, 1.0), (1e-6, 1.000002),
     lambda p, q: mp.log(((p[1] + q[1]) ** 2 + (p[0] - q[0]) ** 2) / (4 * p[1] * q[1]))),
    ("von_mises", (0.5, 2.0), (0.500002, 2.000002),
     lambda p, q: mp.log(mp.besseli(0, q[1]) / mp.besseli(0, p[1]))
     + mp.besseli(1, p[1]) / mp.besseli(0, p[1]) * (p[1] - q[1] * mp.cos(p[0] - q[0]))),
]  # fmt: skip
"""Formulas in 50 digits: INFORMATION (Gil, Alajaji & Linder 2013), at divergences of 1e-13 to 1e-8."""


@pytest.mark.parametrize(("name", "p", "q", "exact"), CLOSE, ids=lambda x: x if isinstance(x, str) else None)
def test_close_laws_keep_eight_digits(name, p, q, exact):
    family = mle.get_family(name)
    found = kl_divergence(*(mle.Distribution(family, dict(zip(family.param_names, v, strict=True))) for v in (p, q)))
    value = float(exact(*(tuple(map(mp.mpf, v)) for v in (p, q))))
    assert 0 < value < 1e-7
    assert found.value == pytest.approx(value, rel=1e-8)


def test_excess_of_the_logarithm():
    for t in (-0.999, -0.5, -0.3, -1e-9, 1e-12, 0.2, 0.5, 0.51, 7.0):
        assert float(log_excess(t)) == pytest.approx(float(mp.mpf(t) - mp.log1p(t)), rel=4e-15)


@pytest.mark.parametrize("name", ["student_t", "johnson_su", "negbin", "loglogistic"])
def test_close_laws_without_a_formula_have_half_of_the_information(name):
    """KL = ½ δᵀ I δ + O(δ³), and the third order is odd in δ: twice the step is four times the mean over signs."""
    p = DRAWN[name]

    def mean_over_signs(step):
        moved = [{k: v * (1 + sign * step) for k, v in p.params.items()} for sign in (1, -1)]
        return np.mean([kl_divergence(p, mle.Distribution(p.family, params)).value for params in moved])

    small, twice = mean_over_signs(1e-6), mean_over_signs(2e-6)
    assert 0 < small < 1e-8
    assert twice / small == pytest.approx(4.0, rel=1e-7)


# --- infinite, with the reason ----------------------------------------------------------------------------------------


def test_infinite_divergences_say_why():
    for p, q, reason in (
        (normal(0, 1), law("gamma", shape=2, scale=1), "gamma has no mass below 0"),
        (law("uniform", a=0, b=2), law("uniform", a=0, b=1), "uniform has no mass above 1"),
        (law("binomial", n=6, p=0.5), law("binomial", n=5, p=0.5), "binomial has no mass above 5"),
        (law("poisson", mu=2), law("zeta", alpha=2), "zeta has no mass below 1"),
        (law("poisson", mu=2), normal(2, 1), "law of counts"),
        (law("cauchy", loc=0, scale=1), normal(0, 1), "expected value of x^2 is infinite"),
        (law("categorical", probs=[0.5, 0.2, 0.3]), law("categorical", probs=[0.5, 0, 0.5]), ""),
        (law("multinomial", n=3, probs=[0.5, 0.5]), law("multinomial", n=4, probs=[0.5, 0.5]), "trials differ"),
    ):
        found = kl_divergence(p, q)
        assert found.value == math.inf
        assert reason in (found.reason or ""), (p, q)
        if p.family.discrete == q.family.discrete:
            assert cross_entropy(p, q).value == math.inf


def test_a_zero_probability_in_the_middle_is_named():
    found = kl_divergence(law("categorical", probs=[0.5, 0.2, 0.3]), law("categorical", probs=[0.5, 0, 0.5]))
    assert (found.value, bool(found.reason)) == (math.inf, True)


def test_laws_that_cannot_be_compared_are_refused():
    with pytest.raises(ParameterError, match="different dimension"):
        kl_divergence(law("dirichlet", alpha=[1, 2]), law("dirichlet", alpha=[1, 2, 3]))
    with pytest.raises(ParameterError, match="circle"):
        kl_divergence(law("von_mises", mu=0, kappa=1), normal(0, 1))
    with pytest.raises(ParameterError, match="no common unit"):
        cross_entropy(law("poisson", mu=2), normal(2, 1))
    with pytest.raises(ParameterError, match="of which the parameters are open"):
        kl_divergence("gamma", normal(0, 1))
    with pytest.raises(ParameterError, match="probs=q"):
        kl_divergence(law("poisson", mu=2), [0.5, 0.5])


def test_divergences_that_are_bounded_stay_so():
    counts, measures = law("poisson", mu=2), normal(2, 1)
    assert js_divergence(counts, measures).value == math.log(2)
    assert total_variation(counts, measures).value == 1
    apart = law("uniform", a=0, b=1), law("uniform", a=2, b=3)
    assert js_divergence(*apart, unit="bit").value == pytest.approx(1, abs=1e-12)
    assert hellinger_distance(*apart).value == pytest.approx(1, abs=1e-12)
    assert total_variation(*apart).value == pytest.approx(1, abs=1e-12)
    assert renyi_divergence(*apart, 0.5).value == math.inf
    assert kl_divergence(*apart).value == math.inf


def test_heavier_tails_make_powers_infinite():
    assert chi2_divergence(normal(0, 2), normal(0, 1)).value == math.inf
    assert renyi_divergence(normal(0, 2), normal(0, 1), 3).value == math.inf
    assert math.isfinite(renyi_divergence(normal(0, 2), normal(0, 1), 1.2).value)


# --- what other packages get wrong ------------------------------------------------------------------------------------


def test_certain_successes_against_even_chances():
    """Torch 2.15 gives -inf for KL(Binomial(5, 1) ‖ Binomial(5, 0.5))."""
    found = kl_divergence(law("binomial", n=5, p=1.0), law("binomial", n=5, p=0.5))
    assert found.value == pytest.approx(5 * math.log(2), rel=1e-15)


def test_poisson_of_mean_zero():
    """Torch 2.15 gives NaN for KL(Poisson(0) ‖ Poisson(1))."""
    assert kl_divergence(law("poisson", mu=0.0), law("poisson", mu=1.0)).value == 1.0
    assert kl_divergence(law("poisson", mu=1.0), law("poisson", mu=0.0)).value == math.inf


def test_gamma_laws_of_large_shape():
    """Torch 2.15 gives 2.2e-8 for KL(Gamma(1e8, 1) ‖ Gamma(1e8 + 1, 1)), which is 5.0e-9."""
    found = kl_divergence(law("gamma", shape=1e8, scale=1.0), law("gamma", shape=1e8 + 1, scale=1.0))
    exact = float(exact_gamma((mp.mpf(10) ** 8, mp.mpf(1)), (mp.mpf(10) ** 8 + 1, mp.mpf(1))))
    assert found.value == pytest.approx(exact, rel=1e-10)


def test_cauchy_against_normal_is_infinite():
    """Distributions.jl#1443 raises a DomainError with NaN."""
    found = kl_divergence(law("cauchy", loc=0, scale=1), normal(0, 1))
    assert (found.value, found.reason) == (math.inf, "the expected value of x^2 is infinite under cauchy")


def test_uniform_against_beta_is_finite():
    """See torch#144279 gave NaN; ContinuousBernoulli against Uniform, was infinite by a wrong test."""
    found = kl_divergence(law("uniform", a=0, b=1), law("beta", a=2, b=3))
    assert found.value == pytest.approx(3 - math.log(12), rel=1e-14)
    assert kl_divergence(law("beta", a=2, b=3), law("uniform", a=0, b=1)).value == pytest.approx(
        -entropy(law("beta", a=2, b=3)).value, rel=1e-13
    )


def test_a_divergence_is_never_negative():
    """See torch#72525 and TFP#1511: tiny negative values for laws that are equal up to rounding."""
    for name, p in DRAWN.items():
        if p.family.entropy is None:
            continue  # those with are enough
        moved = {k: np.nextafter(v, 2 * v) if np.ndim(v) == 0 and v > 1e-3 else v for k, v in p.params.items()}
        if name in ("uniform", "discrete_uniform", "categorical", "pareto", "power"):
            continue  # their supports move with their parameters
        found = kl_divergence(p, mle.Distribution(p.family, moved))
        assert found.value == math.inf or 0 <= found.value < 1e-20, (name, found)


# --- SciPy ------------------------------------------------------------------------------------------------------------


def same_laws():
    return [
        (stats.norm(1, 2), normal(1, 2)),
        (stats.Normal(mu=1.0, sigma=2.0), normal(1, 2)),
        (stats.gamma(2, scale=3), law("gamma", shape=2, scale=3)),
        (stats.make_distribution(stats.gamma)(a=2.0), law("gamma", shape=2, scale=1)),
        (stats.lognorm(0.5, scale=math.exp(1)), law("lognormal", meanlog=1, sdlog=0.5)),
        (stats.weibull_min(2, scale=3), law("weibull", shape=2, scale=3)),
        (stats.invgauss(0.5, scale=2), law("inverse_gaussian", mu=1, lam=2)),
        (stats.nakagami(2, scale=3), law("nakagami", shape=2, scale=3)),
        (stats.t(4, 1, 2), law("student_t", df=4, loc=1, scale=2)),
        (stats.beta(2, 3), law("beta", a=2, b=3)),
        (stats.poisson(3), law("poisson", mu=3)),
        (stats.geom(0.3, -1), law("geometric", prob=0.3)),
        (stats.binom(7, 0.3), law("binomial", n=7, p=0.3)),
        (stats.Binomial(n=7, p=0.3), law("binomial", n=7, p=0.3)),
        (stats.nbinom(3, 0.5), law("negbin", size=3, mu=3)),
        (stats.rv_discrete(values=([0, 1, 3], [0.2, 0.3, 0.5]))(), law("categorical", probs=[0.2, 0.3, 0, 0.5])),
        (stats.dirichlet([1, 2, 3]), law("dirichlet", alpha=[1, 2, 3])),
        (stats.multivariate_normal([0, 1], [[1, 0.5], [0.5, 2]]),
         law("multivariate_normal", mean=[0, 1], cov=[[1, 0.5], [0.5, 2]])),
    ]  # fmt: skip


@pytest.mark.parametrize(("theirs", "ours"), same_laws(), ids=lambda x: type(x).__name__)
def test_laws_of_scipy_are_laws(theirs, ours):
    assert kl_divergence(theirs, ours).value == pytest.approx(0, abs=1e-13)
    assert entropy(theirs).value == pytest.approx(entropy(ours).value, abs=1e-11)
    if not ours.family.multivariate:
        other = law("geometric", prob=0.2) if ours.family.discrete else law("laplace", loc=0.5, scale=3)
        assert kl_divergence(theirs, other).value == pytest.approx(kl_divergence(ours, other).value, rel=1e-10)


def test_shifted_laws_of_scipy():
    p, q = stats.gamma(2, loc=1, scale=3), stats.gamma(3, loc=1, scale=2)
    expected = kl_divergence(stats.gamma(2, scale=3), stats.gamma(3, scale=2)).value
    assert kl_divergence(p, q).value == pytest.approx(expected, rel=1e-11)
    assert kl_divergence(q, stats.gamma(2, loc=2)).value == math.inf


def test_a_histogram_of_scipy_has_a_divergence():
    histogram = stats.rv_histogram((np.array([1, 3]), np.array([0.0, 1.0, 2.0])), density=False)()
    found = kl_divergence(histogram, law("uniform", a=0, b=2))
    assert found.value == pytest.approx(math.log(2) + 0.25 * math.log(0.25) + 0.75 * math.log(0.75), rel=1e-9)


def test_batches_of_scipy_are_refused():
    for batch in (stats.norm([0, 1], 1), stats.Normal(mu=[0.0, 1.0], sigma=1.0)):
        with pytest.raises(ParameterError, match="batch of laws"):
            entropy(batch)


def test_a_law_of_the_same_name_is_not_taken_for_ours():
    """A user's "gamma" with other parameters goes by its own density."""
    mine = mle.Family.from_logpdf(lambda x, r: np.log(r) - r * x, {"rate": mle.POSITIVE}, mle.POSITIVE, name="gamma")
    p = mle.Distribution(mine, {"rate": 2.0})
    assert kl_divergence(p, law("exponential", scale=0.5)).value == pytest.approx(0, abs=1e-13)


def test_a_fit_stands_for_its_law():
    fit = mle.fit([1.0, 2.0, 4.0, 3.0], "gamma")
    assert kl_divergence(fit, fit.distribution).value == 0
    assert entropy(fit).value == pytest.approx(fit.cross_entropy, rel=1e-12)  # an exponential family at its maximum


# --- random numbers, and distances ------------------------------------------------------------------------------------


def test_vectors_without_a_formula_are_averaged_over_draws():
    p = law("multivariate_normal", mean=[0, 0], cov=[[1, 0.5], [0.5, 2]])
    q = law("multivariate_t", df=5, mean=[0, 0], shape=[[1, 0.5], [0.5, 2]])
    found = kl_divergence(p, q, rng=1)
    assert found.method.startswith("Monte Carlo")
    assert found == kl_divergence(p, q, rng=1)
    assert found.interval[0] < found.value < found.interval[1]
    # By rotation the divergence is an integral over the squared radius, exponential of mean 2 under p.
    log_norm = math.lgamma(3.5) - math.lgamma(2.5) - math.log(2.5)
    expected = -1 - log_norm + 3.5 * law("exponential", scale=2.0).expect(lambda s: np.log1p(s / 5))
    assert abs(found.value - expected) < 5 * found.se < 0.01


def test_random_numbers_agree_with_the_formula():
    p = law("dirichlet", alpha=[1, 2, 3])
    q = law("dirichlet", alpha=[2, 2, 2])
    found = divergence(KL, p, q, rng=3)
    assert abs(found.value - 0.806852819440055) < 5 * found.se
    bounded = js_divergence(p, q, rng=3)
    assert 0 < bounded.value < math.log(2)
    assert bounded.se < 0.01


def test_distance_by_transport():
    """A shift moves all mass by its length; of two exponential laws the distance is that of their means."""
    assert wasserstein_distance(normal(0, 1), normal(3, 1)).value == pytest.approx(3, rel=1e-12)
    p, q = law("exponential", scale=1), law("exponential", scale=2.5)
    assert wasserstein_distance(p, q).value == pytest.approx(1.5, rel=1e-11)
    assert wasserstein_distance(law("poisson", mu=2), law("poisson", mu=3.5)).value == pytest.approx(1.5, rel=1e-12)
    heavy = wasserstein_distance(law("cauchy", loc=0, scale=1), normal(0, 1))
    assert (heavy.value, bool(heavy.reason)) == (math.inf, True)


def test_a_slow_tail_is_flagged_with_its_error():
    p, q = law("student_t", df=2.02, loc=0, scale=1), law("skew_normal", loc=0, scale=2, alpha=0.5)
    found = kl_divergence(p, q)
    assert "slowly converging" in found.flags
    assert found.error > 1e-6 * found.value
