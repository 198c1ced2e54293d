"""Profiles over ends of supports: where theory knows the end, and looks from the nearest."""

import math

import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, stats
from strategies import CONTINUOUS

import mle_toolkit as mle
from mle_toolkit.families.gev import exponential_beyond
from mle_toolkit.families.pert import Pert
from mle_toolkit.families.skew_normal import half_normal_beyond

TIMES = np.array([3.1, 4.7, 5.2, 6.0, 6.6, 7.9, 8.4, 9.9, 12.5, 15.0])
EVENT = np.array([0, 1, 1, 0, 1, 1, 0, 1, 1, 0], dtype=bool)


def rising_laws():
    """Every law that says of an end that its likelihood rises towards the observations."""
    laws = [family for family in CONTINUOUS if family.rising_ends]
    beyond = [of(sign) for of in (exponential_beyond, half_normal_beyond) for sign in (1.0, -1.0)]
    return laws + beyond + [limit.family for limit in Pert().limits]


@pytest.mark.parametrize("law", rising_laws(), ids=lambda law: law.name)
def test_an_end_that_rises_is_as_likely_nowhere_else(law):
    """Of exact and censored rows, with the others as they are, at random: the density and the tails beyond say so."""
    rng = np.random.default_rng(7)
    for name, side in law.rising_ends.items():
        at = law.param_names.index(name)
        for _ in range(50):
            x = np.exp(rng.normal(0, 1, 8))
            event = rng.random(8) < 0.6
            event[0] = True
            first = float(np.min(x[event]) if side > 0 else np.max(x[event]))
            params = [float(np.exp(rng.normal())) for _ in law.parameters]
            if law.name == "uniform":
                params = [-50.0, 60.0]
            if "mode" in law.name:
                params[1] += 2 * float(np.ptp(x)) + 20.0

            def loglik(end, at=at, x=x, event=event, params=params, side=side):
                values = [*params[:at], end, *params[at + 1 :]]
                own = mle.Distribution(law, dict(zip(law.param_names, values, strict=True)))
                tail = own.logsf if side > 0 else own.logcdf
                return float(np.sum(own.logpdf(x[event])) + np.sum(tail(x[~event])))

            best = loglik(first)
            away = first - side * np.exp(rng.normal(-2, 2, 5)) if name != "xm" and law.name != "power" else None
            ends = first * np.exp(-side * np.exp(rng.normal(-2, 2, 5))) if away is None else away
            assert all(loglik(float(end)) <= best + 1e-12 * abs(best) for end in ends)


@pytest.mark.parametrize(
    ("law", "dist", "start"),
    [
        ("pareto", lambda u, end: stats.pareto(math.exp(u), scale=end), 0.0),
        (exponential_beyond(1.0), lambda u, end: stats.expon(end, math.exp(u)), 1.0),
        (half_normal_beyond(1.0), lambda u, end: stats.halfnorm(end, math.exp(u)), 1.0),
    ],
    ids=["pareto", "exponential", "half-normal"],
)
def test_the_least_event_is_the_threshold_of_censored_times(law, dist, start):
    """By SciPy's densities, over both parameters on a grid of thresholds."""
    fit = fit_quietly(mle.Sample.right_censored(TIMES, EVENT), law)

    def cost(u, end):
        own = dist(float(u), end)
        return -float(np.sum(own.logpdf(TIMES[EVENT])) + np.sum(own.logsf(TIMES[~EVENT])))

    ends = [4.7, *np.linspace(0.5, 4.699, 40)]
    others = [optimize.minimize_scalar(cost, (start - 1, start + 1), args=(end,)).fun for end in ends]
    assert min(others) == others[0]
    assert fit.llf == pytest.approx(-others[0], rel=1e-9)


def test_an_end_of_intervals_is_looked_for():
    """Raising the threshold of a Pareto law into an interval loses a part of it."""
    lower, upper = np.floor(TIMES), np.where(EVENT, np.floor(TIMES) + 1, np.inf)
    fit = fit_quietly(mle.Sample.intervals(lower, upper), "pareto")

    def cost(u, end):
        with np.errstate(all="ignore"):
            below, beyond = (np.minimum(end / x, 1.0) ** math.exp(u) for x in (lower, upper))
            return -float(np.sum(np.log(below - beyond)))

    grid = [optimize.minimize_scalar(cost, (-1, 1), args=(end,)).fun for end in np.linspace(0.5, 4.99, 800)]
    assert fit.llf >= -min(grid) - 1e-9
