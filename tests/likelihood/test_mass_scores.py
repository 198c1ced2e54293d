"""Scores of intervals that a law gives are the slopes of the log-probabilities of the intervals."""

import mpmath
import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.families.gev import exponential_beyond
from mle_toolkit.families.registry import family_class
from mle_toolkit.likelihood.intervals import log_mass, mass_scores


def laws_with_scores():
    return [name for name in mle.families() if family_class(name).tail_scores is not None]


def has_ends(family):
    """Whether there are several locations: the ends of a support among them."""
    return sum(p.role == "location" for p in family.parameters) > 1


def middle(family):
    """Ordinary values; a shape between two ends, which puts an end to the support, is small; locations in order."""
    if has_ends(family):
        return tuple(float(np.mean(p.typical)) for p in family.parameters)
    some = [0.2 if np.isfinite(p.domain.upper) else 0.7 for p in family.parameters]
    pairs = zip(family.parameters, some, strict=True)
    return tuple(float(np.sqrt(p.typical[0] * p.typical[1])) if p.typical[0] > 0 else v for p, v in pairs)


def test_the_usual_lifetime_laws_give_scores_of_intervals():
    assert {"exponential", "weibull", "lognormal", "loglogistic", "normal", "logistic", "gumbel"} <= set(
        laws_with_scores()
    )


@pytest.mark.parametrize("name", laws_with_scores())
def test_scores_of_intervals_are_slopes_of_their_log_mass(name):
    family = mle.get_family(name)
    params = middle(family)
    law = mle.Distribution(family, dict(zip(family.param_names, params, strict=True)))
    # Beside a support that ends at a parameter no difference is a slope.
    smooth = all(p.regular for p in family.parameters) and not (family.irregular(*params) or has_ends(family))
    cuts = law.ppf(np.array([*((1e-9, 1e-3) if smooth else (0.05, 0.1)), 0.2, 0.21, 0.52, 0.9, 0.95]))
    tail = law.isf(np.array([1e-6, 1e-12] if smooth else [0.03, 0.02]))
    lower = np.concatenate([cuts[:-1], [-np.inf, -np.inf], cuts[[0, 3, 6]], tail[:1], tail])
    upper = np.concatenate([cuts[1:], cuts[[0, 5]], np.full(3, np.inf), tail[1:], [np.inf, np.inf]])
    lower, upper = lower[lower < upper], upper[lower < upper]  # cuts of counts may be the same
    scores = mass_scores(family, params, lower, upper)
    for k, value in enumerate(params):
        step = 1e-4 * abs(value)  # short of the end of a support that moves with the parameters

        def at(change, k=k):
            moved = tuple(v + (change if j == k else 0.0) for j, v in enumerate(params))
            return log_mass(family, moved, lower, upper)

        near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
        slopes = (8 * near - far) / (12 * step)
        np.testing.assert_allclose(scores[k], slopes, rtol=1e-6, atol=1e-8 * np.abs(scores[k]).max())


@pytest.mark.parametrize(("name", "params"), [("poisson", (3.4,)), ("geometric", (0.2,))])
def test_an_interval_from_the_first_count_on_leaves_that_out(name, params):
    """``(0, 4]`` is 1 to 4, ``(-1, 4]`` and ``(-0.5, 4.5]`` are 0 to 4: scores are means of those of the counts."""
    family = mle.get_family(name)
    counts = np.arange(5.0)
    share, score = np.exp(family.logpdf(counts, *params)), family.score(counts, *params)[0]
    from_zero = np.sum(share * score) / np.sum(share)
    from_one = np.sum((share * score)[1:]) / np.sum(share[1:])
    lower, upper = np.array([0.0, -1.0, -0.5]), np.array([4.0, 4.0, 4.5])
    (scores,) = mass_scores(family, params, lower, upper)
    assert scores == pytest.approx([from_one, from_zero, from_zero], rel=1e-9)


@pytest.mark.parametrize(
    ("law", "params", "lower", "upper"),
    [
        (mle.get_family("pareto"), (1.3, 2.0), [0.5, 3.0], [4.0, np.inf]),
        (mle.get_family("power"), (1.3, 2.0), [0.5, -np.inf], [4.0, 1.5]),
        (exponential_beyond(1.0), (0.3, 1.7), [-5.0, 1.0], [2.0, np.inf]),
        (exponential_beyond(-1.0), (0.3, 1.7), [-5.0, -np.inf], [2.0, -1.0]),
    ],
    ids=["pareto", "power", "above", "below"],
)
def test_intervals_about_the_end_of_a_support_have_scores(law, params, lower, upper):
    lower, upper = np.array(lower), np.array(upper)
    scores = mass_scores(law, params, lower, upper)
    for k, value in enumerate(params):
        up, down = (
            log_mass(law, tuple(v + (change if j == k else 0.0) for j, v in enumerate(params)), lower, upper)
            for change in (1e-5 * value, -1e-5 * value)
        )
        np.testing.assert_allclose(scores[k], (up - down) / (2e-5 * value), rtol=1e-8, atol=1e-8)


def test_far_tails_keep_their_scores():
    """At 40 standard deviations the slope of log S is phi(z) / S(z), by mpmath."""
    normal = mle.get_family("normal")
    by_mu, _ = mass_scores(normal, (0.0, 1.0), np.array([40.0]), np.array([np.inf]))
    with mpmath.workdps(40):
        hazard = mpmath.npdf(40) / (mpmath.erfc(40 / mpmath.sqrt(2)) / 2)
    np.testing.assert_allclose(by_mu, float(hazard), rtol=1e-12)


@pytest.mark.parametrize("name", ["exponential", "gpd", "lomax", "half_normal"])
def test_an_interval_from_the_end_of_a_closed_support_has_the_score_of_the_tail(name):
    """(0, u] under a law of measurements is all up to u: the end itself has no probability."""
    family = mle.get_family(name)
    params = middle(family)
    found = mass_scores(family, params, np.array([0.0, 0.0]), np.array([0.7, 2.0]))
    assert found == pytest.approx(np.array(family.tail_scores(np.array([0.7, 2.0]), *params)[0]), rel=1e-12)
