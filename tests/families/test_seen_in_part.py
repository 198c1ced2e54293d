"""Laws of which a window, or censoring, shows so little that their parameters run off: the limits they tend to."""

import math

import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.families.johnson_window import JohnsonInWindow


def highest(loglik, low, high):
    """The highest value of a function of one parameter, by its log."""
    found = optimize.minimize_scalar(lambda u: -loglik(math.exp(u)), bounds=(math.log(low), math.log(high)))
    return -found.fun


def cases(unit):
    """Law, sample, its log-likelihood in one parameter but for the unit, and what runs off."""
    rng = np.random.default_rng(1)
    rising = 3 * rng.uniform(size=60) ** 0.5
    rising = rising[(rising > 1) & (rising < 2.5)]
    heavy = rng.pareto(1.5, 80) + 1
    heavy = heavy[heavy < 30]
    heavier = 1 / rng.normal(size=80) ** 2
    some = heavier[(heavier > 0.2) & (heavier < 20)]

    def power(k):
        return np.sum(np.log(k) + (k - 1) * np.log(rising) - math.log(2.5**k - 1))

    def inverse(scale):
        mass = special.exp1(1 / scale) - special.exp1(30 / scale)
        return np.sum(-np.log(heavy) - heavy / scale - math.log(mass))

    def steeper(scale):
        mass = 2 * math.exp(-1 / scale) - 2 * math.sqrt(math.pi / scale) * special.erfc(math.sqrt(1 / scale))
        return np.sum(-1.5 * np.log(heavy) - heavy / scale - math.log(mass))

    def levy(x, scale):
        return 0.5 * np.log(scale / (2 * math.pi)) - 1.5 * np.log(x) - scale / (2 * x)

    def in_part(scale):
        below = special.erfc(np.sqrt(scale / (2 * np.array([0.2, 20]))))
        return np.sum(levy(some, scale) - math.log(below[1] - below[0]))

    def censored(scale):
        beyond = special.erf(math.sqrt(scale / 10))
        return np.sum(np.where(heavier > 5, math.log(beyond), levy(heavier, scale)))

    def window(x, low, high):
        return mle.Sample(unit * x).truncated(unit * low, unit * high)

    late = mle.Sample.right_censored(unit * np.minimum(heavier, 5), heavier <= 5)
    beyond = mle.Sample(unit * heavy).truncated(unit)
    return {
        "gamma rises": ("gamma", window(rising, 1, 2.5), power, ("scale",)),
        "gamma falls": ("gamma", window(heavy, 1, 30), inverse, ("shape",)),
        "inverse_gaussian falls": ("inverse_gaussian", beyond, steeper, ("mu", "lam")),
        "inverse_gaussian is Lévy's": ("inverse_gaussian", window(some, 0.2, 20), in_part, ("mu",)),
        "inverse_gaussian censored": ("inverse_gaussian", late, censored, ("mu",)),
    }


@pytest.mark.parametrize("case", cases(1.0))
@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_limits_of_positive_laws_that_are_seen_in_part(case, unit):
    """Where the parameters run off the fit is the limiting law's, by that law's own likelihood in one parameter."""
    law, sample, loglik, ends = cases(unit)[case]
    fit = fit_quietly(sample, law)
    events = float(np.count_nonzero(sample.lower == sample.upper))
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.boundary == ends
    assert fit.llf + events * math.log(unit) == pytest.approx(highest(loglik, 1e-3, 1e3), abs=1e-7)


def test_a_limit_above_a_maximum_in_the_interior_is_preferred():
    """A Birnbaum-Saunders law is highest where it becomes Lévy's, not at the maximum that Newton's method finds."""
    x = [1.6627, 5.6676, 4.8722, 6.4828, 13.0248, 27.7066, 5.9445, 5.7537, 4.8413, 53.2413, 6.8666, 16.8514, 47.924]
    x += [3.7973, 7.4839, 6.7226, 4.4406, 4.1306, 7.3392, 17.8677, 2.0724, 66.2836]
    sample = mle.Sample(x).truncated(1.3571, 96.5107)
    fit, levy = fit_quietly(sample, "birnbaum_saunders"), mle.fit(sample, "levy")
    assert fit.certificate.limit == "levy"
    assert fit.llf == pytest.approx(levy.llf, abs=1e-9)
    assert fit.llf == pytest.approx(-76.80, abs=0.01)  # that maximum is at -76.99
    turned = fit_quietly(mle.Sample(1 / np.array(x)).truncated(1 / 96.5107, 1 / 1.3571), "birnbaum_saunders")
    assert turned.certificate.limit == "gamma of shape 1/2"
    assert turned.llf == pytest.approx(fit.llf + 2 * np.sum(np.log(x)), abs=1e-7)


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_a_limit_that_loses_half_of_its_probability_is_none(turn, unit):
    """Lévy's law was said of intervals without windows: half of a Birnbaum-Saunders law goes to infinity there."""
    lower = np.array([0.0] * 21 + [610.65, 1373.96, 2289.93, 0, 0, 0, 0]) / 152.66
    upper = np.array([152.66] * 21 + [np.inf, 1526.62, 2442.59] + [np.inf] * 4) / 152.66
    with np.errstate(divide="ignore"):
        ends = (1 / upper, 1 / lower) if turn else (lower, upper)
    sample = mle.Sample.intervals(*(unit * end for end in ends))

    def half_at_the_end(c):  # the law of shape and scale -> infinity, or of scale -> 0, turned about
        with np.errstate(divide="ignore"):
            return np.sum(np.log(special.ndtr(-np.sqrt(c / upper)) - special.ndtr(-np.sqrt(c / lower))))

    def half_at_the_beginning(c):
        return np.sum(np.log(special.ndtr(np.sqrt(c * upper)) - special.ndtr(np.sqrt(c * lower)) + 0.5 * (lower == 0)))

    supremum = max(highest(half_at_the_end, 1e-3, 30), highest(half_at_the_beginning, 1e-3, 30))
    fit = fit_quietly(sample, "birnbaum_saunders")
    assert fit.certificate.limit is None
    assert fit.llf == pytest.approx(supremum, abs=1e-4)  # which is only approached


def test_a_cusp_is_looked_for_from_where_climbs_came():
    """At an observation, of late entries: starts of the law's own led nowhere, and "not converged" was said."""
    x = np.array([0.845, 6.543, 4.588, 1.875, 6.267, 2.371, 1.696, 4.899, 6.433, 6.219, 3.939, 6.337])
    entry = np.array([0.683, 5.838, 3.796, 0.009, 4.791, 2.115, 1.575, 4.782, 4.914, 5.958, 3.884, 6.059])
    fit = fit_quietly(mle.Sample(x).truncated(lower=entry), "generalized_normal")
    loc, scale, shape = fit.params.values()
    tails = [0.5 * special.gammaincc(1 / shape, (abs(at - loc) / scale) ** shape) for at in entry]
    beyond = np.where(entry > loc, tails, 1 - np.array(tails))
    rows = math.log(shape / (2 * scale)) - special.gammaln(1 / shape) - (abs(x - loc) / scale) ** shape
    assert fit.certificate.verdict == "non_regular"
    assert loc in x
    assert fit.llf == pytest.approx(float(np.sum(rows - np.log(beyond))), rel=1e-10)
    assert fit.llf > -5.38259079


def test_a_cusp_is_found_through_a_window():
    """Climbs end in a spike, of which the verdict was that the likelihood is unbounded, or not converged."""
    x = np.random.default_rng(0).laplace(size=40)
    x = x[abs(x) < 2.2]
    fit = fit_quietly(mle.Sample(x).truncated(-2.2, 2.2), "generalized_normal")

    def loglik(loc, scale, shape):
        power = (abs(x - loc) / scale) ** shape
        share = 0.5 * np.sum(special.gammainc(1 / shape, ((2.2 + np.array([-loc, loc])) / scale) ** shape))
        return np.sum(math.log(shape / (2 * scale)) - special.gammaln(1 / shape) - power - math.log(share))

    at = np.array([fit.params["scale"], fit.params["shape"]])
    assert fit.certificate.verdict == "non_regular"
    assert fit.params["loc"] in x
    assert fit.llf == pytest.approx(loglik(fit.params["loc"], *at), abs=1e-9)
    for aside in (1.001, 0.999):
        assert loglik(fit.params["loc"], at[0] * aside, at[1]) < fit.llf
        assert loglik(fit.params["loc"], at[0], at[1] * aside) < fit.llf


def test_zeros_go_with_a_mean_that_runs_off_beyond_a_window():
    """As the mean of the rest runs off, pi tends to 0 with it, faster: the mean stopped before it counted as far."""
    counts = np.array([575, 0, 0, 1, 0, 2, 2, 1, 1, 6, 10, 17, 17, 19])
    k = np.arange(1, 14)
    fit = fit_quietly(mle.Sample(np.repeat(np.arange(14.0), counts)).truncated(-1, 13), mle.zero_inflated("negbin"))

    def loglik(size):
        log_weight = special.gammaln(k + size) - special.gammaln(k + 1)
        return np.sum(counts[1:] * (log_weight - special.logsumexp(log_weight)))

    zeros, rest, all_ = counts[0], counts[1:].sum(), counts.sum()
    supremum = zeros * math.log(zeros / all_) + rest * math.log(rest / all_) + highest(loglik, 0.1, 100)
    assert fit.certificate.verdict == "boundary"
    assert set(fit.certificate.boundary) == {"pi", "mu"}
    assert fit.llf == pytest.approx(supremum, abs=1e-8)


@pytest.mark.parametrize(("law", "unit"), [("two_piece_normal", 1.0), ("skew_normal", 1e-6), ("moyal", 1e6)])
def test_laws_with_half_normal_or_other_limits_become_exponential_where_entries_show_no_more(law, unit):
    """Their limit has none, as a threshold of its own runs off: 5e-3 nats above what was said to be the maximum."""
    x = np.array([104.2, 50.1, 268.9, 55.4, 28.1])
    entry = np.array([32.3, 19.8, 47.3, 18.2, 27.2])
    fit = fit_quietly(mle.Sample(unit * x).truncated(lower=unit * entry), law)
    assert fit.certificate.verdict == "boundary"
    assert "exponential" in fit.certificate.limit
    by_hand = -len(x) * (math.log(unit * np.mean(x - entry)) + 1)  # it has no memory
    assert fit.llf == pytest.approx(by_hand, abs=1e-8)


@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_a_density_that_falls_begins_at_the_smallest_of_the_values_seen_through_windows(unit):
    """The maximum has its threshold on the data, whatever the windows that end below it; it is not only approached."""
    x, entry = np.array([28.07, 40.0, 60.0, 99.0, 120.0]), np.array([18.0, 19.0, 20.0, 21.0, 22.0])
    fit = fit_quietly(mle.Sample(unit * x).truncated(lower=unit * entry), mle.shifted("exponential"))
    assert fit.certificate.verdict == "non_regular"
    assert fit.params["threshold"] == unit * x[0]
    assert fit.params["scale"] == pytest.approx(unit * np.mean(x - x[0]), rel=1e-7)


@pytest.mark.parametrize(("law", "ends"), [("weibull", ("scale",)), ("burr12", ("k", "scale"))])
def test_limits_in_a_window_whose_end_is_an_observation(law, ends):
    """A window holds its upper end; and the Weibull limit of a Burr law is at a limit of its own, which is named."""
    x = np.linspace(0.1004, 0.5, 20)  # a power, as a Weibull law is whose scale runs off, and no law from 0.1004 on
    fit = fit_quietly(mle.Sample(x).truncated(0.1, 0.5), law)

    def power(slope):
        return (slope - 1) * np.sum(np.log(x)) - 20 * np.log((0.5**slope - 0.1**slope) / slope)

    assert fit.certificate.limit == "a power of x on (0.1, 0.5)"
    assert fit.certificate.boundary == ends
    assert fit.llf == pytest.approx(highest(power, 0.1, 10), abs=1e-9)
    assert fit.distribution.cdf(0.5) == pytest.approx(1.0)
    assert np.sum(fit.distribution.logpdf(x)) == pytest.approx(fit.llf, abs=1e-9)


@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_limits_of_the_lomax_law_in_a_window(unit):
    """A power where its scale runs to 0, 1/(x + scale) where its shape does: a lower maximum was said to be highest."""
    x = np.array([0.0878, 0.0935, 0.21, 0.252, 0.293, 0.375, 0.389, 0.414, 0.557, 0.608, 1.012, 1.176])
    steep = np.append(0.0867 / (1 - (np.arange(10) + 0.5) / 12.5), [2.0, 4.0])
    late = np.append(x, 1.348)  # the end of the window

    def seen(x, upper):
        fit = fit_quietly(mle.Sample(unit * x).truncated(unit * 0.0867, unit * upper), "lomax")
        assert fit.certificate.verdict == "boundary"
        return fit.llf + len(x) * math.log(unit), fit.certificate.limit, fit.certificate.boundary

    def power(a):
        return np.sum(math.log(a) - (a + 1) * np.log(steep) - math.log(0.0867**-a - 10.0**-a))

    def reciprocal(s):
        return -np.sum(np.log(late + s) + math.log(math.log((1.348 + s) / (0.0867 + s))))

    llf, limit, ends = seen(steep, 10.0)
    assert limit.startswith("a power of x")
    assert ends == ("scale",)
    assert llf == pytest.approx(highest(power, 0.1, 10), abs=1e-8)
    llf, limit, ends = seen(late, 1.348)
    assert limit.startswith("1/(x + scale)")
    assert "shape" in ends
    assert llf == pytest.approx(highest(reciprocal, 1e-3, 1e3), abs=1e-7)
    llf, _, _ = seen(x, 1.348)
    assert llf >= -np.sum(np.log(x) + math.log(math.log(1.348 / 0.0867))) - 1e-9


@pytest.mark.parametrize(("xi", "unit"), [(0.4, 1.0), (0.4, 1e6), (-0.25, 1e-6)])
def test_a_gev_law_of_which_entries_show_the_upper_tail_alone_is_pareto_s(xi, unit):
    """It was not converged on its way there. The limit by SciPy's density, for either sign of xi."""
    rng = np.random.default_rng(1)
    x = 1 + stats.genpareto(xi).rvs(60, random_state=rng)
    entry = 1 + rng.uniform(0, 0.3, 60)
    x, entry = x[x > entry], entry[x > entry]
    fit = fit_quietly(mle.Sample(unit * x).truncated(lower=unit * entry), "gev")
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit.startswith("gpd above")
    assert xi * fit.params["xi"] > 0
    first = entry.min()

    def cost(u):
        with np.errstate(all="ignore"):
            law = stats.genpareto(u[1], first, math.exp(u[0]))
            value = -np.sum(law.logpdf(x) - law.logsf(entry))
        return value if np.isfinite(value) else 1e9

    options = {"fatol": 1e-11, "xatol": 1e-9, "maxiter": 2000}
    right = optimize.minimize(cost, [0.5, -0.05], method="Nelder-Mead", options=options)
    assert fit.llf + len(x) * math.log(unit) == pytest.approx(-right.fun, abs=1e-7)


@pytest.mark.parametrize("turn", [False, True])
def test_a_wide_law_in_a_window_is_looked_for_beside_a_narrow_one(turn):
    """A Birnbaum-Saunders law has a maximum at each, here: the lower was certified, whichever way time runs."""
    u = np.random.default_rng([102, 1]).random(60)
    x = (0.3**0.2 + u * (3**0.2 - 0.3**0.2)) ** 5
    x, ends = (1 / x, (1 / 3, 1 / 0.3)) if turn else (x, (0.3, 3.0))

    def loglik(shape, scale):
        z = [np.sqrt(at / scale) - np.sqrt(scale / at) for at in (x, *ends)]
        rows = np.log(np.sqrt(x / scale) + np.sqrt(scale / x)) - np.log(2 * x * shape * math.sqrt(2 * math.pi))
        mass = special.ndtr(z[2] / shape) - special.ndtr(z[1] / shape)
        return np.sum(rows - 0.5 * (z[0] / shape) ** 2) - len(x) * math.log(mass)

    fit = fit_quietly(mle.Sample(x).truncated(*ends), "birnbaum_saunders")
    assert fit.llf == pytest.approx(loglik(3.01858, 1 / 9.39696 if turn else 9.39696), abs=1e-7)
    assert fit.llf == pytest.approx(loglik(*fit.params.values()), abs=1e-8)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_two_intervals_hold_a_heavy_tail_though_the_law_has_three_parameters(unit):
    """Midpoints are fewer than parameters, so starts are from points inside; by Nelder-Mead on SciPy's law."""
    low = np.array([-3.77309572, 7.83642957])
    high = low + 0.29023815
    fit = mle.fit(mle.Sample.intervals(unit * low, unit * high), "gev")
    assert fit.certificate.verdict == "interior"

    def cost(v):
        law = stats.genextreme(-v[2], v[0], np.exp(v[1]))
        return -np.sum(np.log(law.cdf(high) - law.cdf(low)))

    found = optimize.minimize(cost, [-3.6, -0.9, 2.9], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12})
    assert fit.llf == pytest.approx(-found.fun, abs=1e-7)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_a_search_that_finds_nothing_says_why_the_likelihood_has_no_bound(unit):
    """A GEV law with its lower end at the smallest observation, where no maximum is: exact data were told so alone."""
    x = unit * np.array([-4.266, -3.475, -3.006, *[-2.6] * 5])
    with pytest.raises(UnboundedLikelihoodError, match="xi → ∞ with the lower end") as raised:
        mle.fit(mle.Sample.right_censored(x, x < -2.9 * unit), "gev")
    assert raised.value.certificate.verdict == "unbounded"
    assert "Sample.rounded(time, step, event=event)" in str(raised.value)


@pytest.mark.parametrize(("counts", "jump", "unit"), [((2, 1, 1, 2), 1, 1e6), ((40, 24, 15, 8, 5, 20), 0, 1e-6)])
def test_a_hazard_may_rise_to_a_wall_in_the_last_interval(counts, jump, unit):
    """Makeham's law was certified at its exponential limit, up to 20 nats below. The wall: a share p dies in each bin.

    With a jump at the lower end of the last bin all that come to the bin before it have shares of their own.
    """
    alive = np.cumsum(counts[::-1])[::-1]
    bins = len(counts) - 1 - jump
    deaths, trials = sum(counts[:bins]), sum(alive[:bins])
    p = deaths / trials
    llf = deaths * math.log(p) + (trials - deaths) * math.log1p(-p)
    if jump:
        llf += sum(n * math.log(n / alive[bins]) for n in counts[bins:])
    fit = fit_quietly(mle.Sample.binned(counts, unit * np.arange(len(counts) + 1.0)), "gompertz_makeham")
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == pytest.approx(llf, abs=1e-8)
    assert (fit.params["shape"], fit.params["scale"]) == (0, 0)
    assert fit.params["makeham"] == pytest.approx(-math.log1p(-p) / unit, rel=1e-6)


def power_beyond_a_threshold(y):
    """Highest log-likelihood, the power and the threshold of a power of y - t on (0, 1], by Nelder-Mead."""

    def cost(v):
        order, threshold = 1 + math.exp(v[0]), y.min() - math.exp(v[1])
        near = max(-threshold, 0.0) / (1 - threshold)
        rows = (order - 1) * np.log((y - threshold) / (1 - threshold)) + math.log(order / (1 - threshold))
        return -np.sum(rows - math.log1p(-(near**order)))

    found = optimize.minimize(cost, [-0.4, -7.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    return -found.fun, math.exp(found.x[0]), y.min() - math.exp(found.x[1])


@pytest.mark.parametrize(
    ("name", "sign", "unit"), [("pearson3", 1, 1e6), ("pearson3", -1, 1.0), ("log_pearson3", 1, 1e-6)]
)
def test_a_window_may_show_no_more_of_a_gamma_law_than_a_power_beyond_a_threshold(name, sign, unit):
    """A lower maximum was certified."""
    y = np.random.default_rng(3).beta(2.5, 1, 40)
    llf, power, _ = power_beyond_a_threshold(y)
    logs = name == "log_pearson3"
    x, ends = (np.exp(y), (1.0, math.e)) if logs else (sign * (1 + y), tuple(sorted((sign * 1.0, sign * 2.0))))
    change = math.log(unit) * len(y) + (np.sum(y) if logs else 0.0)
    fit = fit_quietly(mle.Sample(unit * x).truncated(unit * ends[0], unit * ends[1]), name)
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == pytest.approx(llf - change, abs=1e-7)
    assert fit.params["skew"] == pytest.approx(sign * 2 / math.sqrt(1 + power), rel=1e-4)


@pytest.mark.parametrize(("name", "unit"), [("gamma", 1e6), ("weibull", 1e-6), ("lognormal", 1.0), ("frechet", 1.0)])
def test_or_of_a_law_with_a_threshold(name, unit):
    """The search was refused as flat, or not converged."""
    y = np.random.default_rng(3).beta(2.5, 1, 40)
    llf, _, threshold = power_beyond_a_threshold(y)
    fit = fit_quietly(mle.Sample(unit * (1 + y)).truncated(unit, 2 * unit), mle.shifted(name))
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == pytest.approx(llf - math.log(unit) * len(y), abs=1e-7)
    assert fit.params["threshold"] == pytest.approx(unit * (1 + threshold), rel=1e-4)


@pytest.mark.parametrize("slope", [-40.0, -0.3, 0.0, 0.3, 40.0])
def test_the_law_of_johnson_in_a_window_has_quantiles(slope):
    """They were sought by quadrature, which a peak at an end of the window broke: fits were refused."""
    law, p = JohnsonInWindow(1.0, 2.0), np.array([0.01, 0.5, 0.99])
    for params in [(slope, 1.4, 0.2), (slope, 0.99, 1e-3), (slope, 2.5, 5.0)]:
        assert law.cdf(law.ppf(p, *params), *params) == pytest.approx(p, rel=1e-9)
        assert law.sf(law.isf(p, *params), *params) == pytest.approx(p, rel=1e-9)


def test_a_law_of_johnson_in_a_window_may_be_a_power_beyond_a_threshold():
    y = np.random.default_rng(3).beta(2.5, 1, 40)
    fit = fit_quietly(mle.Sample(1 + y).truncated(1, 2), "johnson_su")
    assert fit.llf > power_beyond_a_threshold(y)[0] - 1e-6
