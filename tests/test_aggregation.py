"""The law of an aggregate loss against Panjer's recursion, closed forms, and the brackets of its grid."""

import math

import numpy as np
import pytest
from references import fit_quietly
from scipy import integrate, optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import IntegralError, ParameterError

POISSON = mle.distribution("poisson", mu=3.0)
NEGBIN = mle.distribution("negbin", size=2.0, mu=5.0)
BINOMIAL = mle.distribution("binomial", n=12, p=0.3)
EXPONENTIAL = mle.distribution("exponential", scale=1.0)

# Of the class (a, b, 0): p_k = (a + b / k) p_{k-1}, with the generating function at the mass at 0.
CLASS = {
    "poisson": (POISSON, 0.0, 3.0, lambda f0: math.exp(3.0 * (f0 - 1))),
    "negbin": (NEGBIN, 5 / 7, 5 / 7, lambda f0: (1 - 2.5 * (f0 - 1)) ** -2.0),
    "binomial": (BINOMIAL, -3 / 7, 13 * 3 / 7, lambda f0: (1 + 0.3 * (f0 - 1)) ** 12),
}


def panjer(a, b, zero, masses, count):
    """Panjer (1981), ASTIN Bulletin 12, 22-26."""
    found = np.zeros(count)
    found[0] = zero(masses[0])
    for j in range(1, count):
        k = np.arange(1, j + 1)
        found[j] = np.sum((a + b * k / j) * masses[1 : j + 1] * found[j - 1 :: -1][:j]) / (1 - a * masses[0])
    return found


def rounded(law, step, count):
    return np.diff(law.cdf((np.arange(count + 1) - 0.5) * step))


def mean_kept(shape, scale, step, count):
    """Klugman, Panjer & Willmot (2012), section 9.6.5.2, from the limited means of a gamma law."""
    x = step * np.arange(count + 1)
    limited = shape * scale * special.gammainc(shape + 1, x / scale) + x * special.gammaincc(shape, x / scale)
    inner = (2 * limited[1:-1] - limited[:-2] - limited[2:]) / step
    return np.concatenate([[1 - limited[1] / step], inner])


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("method", ["rounding", "mean"])
@pytest.mark.parametrize("name", CLASS)
def test_panjers_recursion_agrees(name, method, unit):
    counts, a, b, zero = CLASS[name]
    step, scale, m = 0.1 * unit, 1.5 * unit, 800
    found = mle.aggregate(
        counts, mle.distribution("gamma", shape=2.0, scale=scale), step=step, upto=80.0 * unit, method=method
    )
    masses = rounded(stats.gamma(2.0, scale=scale), step, m) if method == "rounding" else mean_kept(2.0, scale, step, m)
    assert found.pmf[:m] == pytest.approx(panjer(a, b, zero, masses, m), abs=1e-11)
    assert found.mean == pytest.approx(float(counts.mean()) * 2 * scale, rel=1e-12)


def test_exponential_losses_in_closed_form():
    """Of a geometric number: P(S > x) = q exp(-p x), and E(S - d)+ = q / p exp(-p d)."""
    counts, p = mle.distribution("negbin", size=1.0, mu=4.0), 0.2
    found = mle.aggregate(counts, EXPONENTIAL, step=0.002)
    x = np.array([0.0, 0.1, 1.0, 5.0, 30.0])
    low, high = found.bounds(x)
    exact = 1 - 0.8 * np.exp(-p * x)
    assert np.all(low - found.error <= exact)
    assert np.all(exact <= high + found.error)
    assert found.stop_loss(7.001) == pytest.approx(4 * math.exp(-p * 7.001), abs=2e-6)
    assert found.stop_loss(0.0) == pytest.approx(4.0, rel=1e-12)
    assert found.quantile(0.9) == pytest.approx(math.log(8.0) / p, abs=0.004)
    assert found.cdf(np.array([-1.0, np.inf])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("counts", [POISSON, NEGBIN, BINOMIAL], ids=lambda law: law.family.name)
def test_moments_are_those_of_the_sum(counts):
    law = mle.distribution("weibull", shape=0.7, scale=2.0)
    found = mle.aggregate(counts, law, step=0.02)
    x = found.step * np.arange(len(found.pmf))
    mean = float(np.sum(x * found.pmf))
    variance = float(np.sum((x - mean) ** 2 * found.pmf))
    wanted = float(counts.mean()) * law.var() + float(counts.var()) * law.mean() ** 2
    assert mean == pytest.approx(float(counts.mean()) * law.mean(), rel=1e-8)
    # Sharing a loss between neighbours adds less than step^2 / 4 to its second moment.
    assert wanted < variance < wanted + float(counts.mean()) * found.step**2 / 4


def test_a_range_that_ends_in_the_bulk_is_not_folded_into():
    """What is beyond comes back by the transform; tilted, it is below the error that is stated."""
    law = mle.distribution("lomax", shape=1.2, scale=1.0)
    short, wide = (mle.aggregate(NEGBIN, law, step=0.05, upto=upto) for upto in (10.0, 2000.0))
    assert short.tail > 0.1
    m = len(short.pmf)
    assert np.max(np.abs(np.cumsum(short.pmf) - np.cumsum(wide.pmf[:m]))) <= short.error + wide.error
    assert short.error < 1e-8
    with pytest.raises(ParameterError, match="is left there; choose a larger upto"):
        short.cdf([1.0, 11.0])
    with pytest.raises(ParameterError, match="choose a larger upto"):
        short.quantile(0.99)
    with pytest.raises(ParameterError, match="choose a larger upto"):
        short.stop_loss(11.0)
    assert "left beyond" in repr(short)


def test_whole_losses_on_their_own_grid_cost_nothing():
    """Neyman's law, of Poisson many Poisson numbers; both ways to put them there are exact."""
    number = np.arange(60)
    exact = [float(np.sum(stats.poisson(3.0).pmf(number) * stats.poisson.pmf(k, 2.0 * number))) for k in range(20)]
    for method in ("mean", "rounding"):
        found = mle.aggregate(POISSON, mle.distribution("poisson", mu=2.0), step=1.0, method=method)
        assert found.pmf[:20] == pytest.approx(exact, abs=1e-12)
        low, high = found.bounds(np.arange(20.0))
        assert low == pytest.approx(np.cumsum(exact), abs=1e-12)
        assert high == pytest.approx(np.cumsum(exact), abs=1e-12)
    halves = mle.aggregate(POISSON, mle.distribution("poisson", mu=2.0), step=0.5)
    assert halves.pmf[:40:2] == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("method", ["mean", "rounding"])
def test_a_layer_is_a_thinned_number_of_capped_losses(method):
    """Without memory: what is above 0.7 is exponential again, capped at a limit that is no point of the grid."""
    step, limit = 0.01, 1.234
    found = mle.aggregate(POISSON, EXPONENTIAL, step=step, method=method, attachment=0.7, limit=limit)
    rate = 3.0 * math.exp(-0.7)
    assert found.mean == pytest.approx(rate * -math.expm1(-limit), rel=1e-10)
    thinned = mle.aggregate(mle.distribution("poisson", mu=rate), EXPONENTIAL, step=step, method=method, limit=limit)
    assert found.pmf[: 1 << 10] == pytest.approx(thinned.pmf[: 1 << 10], abs=1e-9)
    if method == "mean":
        x = step * np.arange(len(found.pmf))
        assert float(np.sum(x * found.pmf)) == pytest.approx(found.mean, rel=1e-9)


@pytest.mark.parametrize("method", ["mean", "rounding"])
def test_losses_that_may_be_zero(method):
    zeros = mle.Distribution(mle.hurdle("gamma"), {"pi": 0.4, "shape": 2.0, "scale": 1.0})
    found = mle.aggregate(POISSON, zeros, step=0.05, method=method)
    thinned = mle.aggregate(
        mle.distribution("poisson", mu=1.8), mle.distribution("gamma", shape=2.0, scale=1.0), step=0.05, method=method
    )
    assert found.pmf[:500] == pytest.approx(thinned.pmf[:500], abs=1e-12)
    assert found.mean == pytest.approx(3.6, rel=1e-10)


def test_ends_and_steep_places_inside_cells():
    """A law that begins in a cell, one that is infinite at 0, and one that is nearly a point."""
    laws = (
        mle.distribution("pareto", alpha=3.0, xm=1.03),
        mle.distribution("weibull", shape=0.3, scale=1.0),
        mle.distribution("normal", mu=50.0, sigma=1e-3),
    )
    for law in laws[:2]:
        found = mle.aggregate(mle.distribution("binomial", n=1, p=1.0 - 1e-12), law, step=0.1, upto=50.0)
        edges = [(0.1 * k, 0.1 * (k + 1), [1.03] if k == 10 else None) for k in range(30)]
        hat = [integrate.quad(law.sf, low, high, points=kink, epsabs=1e-12)[0] / 0.1 for low, high, kink in edges]
        assert found.pmf[1:30] == pytest.approx(-np.diff(hat), abs=1e-8)
    with pytest.raises(ParameterError, match="values below 0"):
        mle.aggregate(POISSON, laws[2], step=1.0)


def test_many_losses():
    """A hundred thousand of them: only the numbers that matter are computed with, and the sum is nearly normal."""
    counts = mle.distribution("poisson", mu=1e5)
    found = mle.aggregate(counts, mle.distribution("gamma", shape=2.0, scale=1.0), step=10.0, upto=220_000.0)
    x = found.step * np.arange(len(found.pmf))
    mean = float(np.sum(x * found.pmf))
    assert found.is_whole
    assert abs(float(np.sum(found.pmf)) - 1) <= found.error < 1e-6
    assert mean == pytest.approx(2e5, rel=1e-9)
    assert 6e5 < float(np.sum((x - mean) ** 2 * found.pmf)) < 6e5 + 1e5 * found.step**2 / 4
    with pytest.raises(ParameterError, match="too long to be summed"):
        mle.aggregate(mle.distribution("zeta", alpha=1.5), EXPONENTIAL, step=1.0)


def test_fits_go_in_as_they_are():
    frequency = mle.fit([2, 0, 3, 1, 4, 2, 1, 1], "poisson")
    severity = mle.fit([1.2, 0.4, 3.3, 2.1, 0.9, 5.0], "lognormal")
    found = mle.aggregate(frequency, severity, step=0.05)
    assert found.mean == pytest.approx(1.75 * float(severity.distribution.mean()), rel=1e-12)
    assert float(found.cdf(0.0)) == pytest.approx(math.exp(-1.75), abs=1e-3)


def test_a_mean_that_is_infinite():
    found = mle.aggregate(POISSON, mle.distribution("pareto", alpha=0.9, xm=1.0), step=0.1, upto=100.0)
    assert math.isinf(found.mean)
    assert math.isinf(found.stop_loss(10.0))
    assert 0.5 < float(found.cdf(20.0)) < 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frequency": "poisson"}, "frequency: expected a law or a fit"),
        ({"frequency": EXPONENTIAL}, "frequency: expected a law of counts"),
        ({"frequency": mle.distribution("poisson", mu=[1.0, 2.0])}, "a law a row"),
        ({"frequency": mle.distribution("skellam", mu1=1.0, mu2=2.0)}, "values below 0"),
        ({"severity": mle.distribution("normal", mu=5.0, sigma=1.0)}, "severity: normal has values below 0"),
        ({"step": 0.0}, "step: expected a number above 0"),
        ({"step": 1e-9, "upto": 1.0}, "choose a larger step"),
        ({"method": "panjer"}, "choose mean or rounding"),
        ({"limit": 0.0}, "limit: expected a number above 0"),
        ({"attachment": -1.0}, "attachment: expected a number"),
    ],
)
def test_what_has_no_answer_is_told(change, said):
    given = {"frequency": POISSON, "severity": EXPONENTIAL, "step": 0.1} | change
    with pytest.raises(ParameterError, match=said):
        mle.aggregate(given.pop("frequency"), given.pop("severity"), **given)


class Steps(mle.Family):
    """Losses of which the survival function has steps of a width, which no rule for smooth ones takes."""

    name = "steps"
    support = mle.POSITIVE
    parameters = (mle.Parameter("width", mle.POSITIVE),)

    def logpdf(self, x, width):
        return -x

    def cdf(self, x, width):
        return 1 - self.sf(x, width)

    def sf(self, x, width):
        return np.exp(-width * np.floor(np.asarray(x) / width))


def test_steps_are_found_wherever_they_are(monkeypatch):
    found = mle.aggregate(POISSON, mle.Distribution(Steps(), {"width": 0.37}), step=1.0, upto=200.0)
    mean = float(np.sum(found.step * np.arange(len(found.pmf)) * found.pmf))
    assert mean == pytest.approx(3 * 0.37 / -math.expm1(-0.37), rel=1e-8)
    monkeypatch.setattr("mle_toolkit.aggregation._MOST_HARD", 10)
    with pytest.raises(IntegralError, match='choose a smaller step, or method="rounding"'):
        mle.aggregate(POISSON, mle.Distribution(Steps(), {"width": 0.37}), step=1.0, upto=200.0)


@pytest.mark.parametrize("size", [1e-5, 1e-3, 0.3])
@pytest.mark.parametrize("law", ["exponential", "half_normal", "weibull"])
def test_losses_that_are_small_beside_the_step(law, size):
    """No node of a rule need see them, and yet their mean is kept."""
    shape = {"shape": 0.5} if law == "weibull" else {}
    name = "sigma" if law == "half_normal" else "scale"
    severity = mle.distribution(law, **shape, **{name: size})
    found = mle.aggregate(POISSON, severity, step=1.0)
    masses = found._layer.masses(1.0, "mean", 200)
    assert float(np.sum(np.arange(200) * masses)) == pytest.approx(severity.mean(), rel=1e-7, abs=1e-13)


def test_a_density_that_is_steep_at_zero():
    severity = mle.distribution("gamma", shape=0.01, scale=1.0)
    found = mle.aggregate(POISSON, severity, step=0.01)
    assert float(np.sum(found.step * np.arange(len(found.pmf)) * found.pmf)) == pytest.approx(0.03, rel=1e-7)


COUNTS = [2, 0, 3, 1, 4, 2, 1, 1, 0, 3, 2, 2]
SIZES = [1.2, 0.4, 3.3, 2.1, 0.9, 5.0, 0.2, 1.7, 2.6, 0.8]


def sum_cdf(t, mu, scale):
    """Of a Poisson number of exponential losses, the series over their number, by gamma laws."""
    n = np.arange(1, 80)
    return stats.poisson.pmf(0, mu) + float(np.sum(stats.poisson.pmf(n, mu) * stats.gamma.cdf(t, n, scale=scale)))


def beyond(p, mu, scale):
    """Quantile and tail value at risk."""
    q = optimize.brentq(lambda t: sum_cdf(t, mu, scale) - p, 0.1, 200.0, xtol=1e-12)
    return q, q + integrate.quad(lambda t: 1 - sum_cdf(t, mu, scale), q, 300.0, limit=200)[0] / (1 - p)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_uncertainty_of_both_fits_is_that_of_the_sum(unit):
    frequency, severity = mle.fit(COUNTS, "poisson"), mle.fit(unit * np.array(SIZES), "exponential")
    year = mle.aggregate(frequency, severity, step=0.02 * unit)
    mu, scale = np.mean(COUNTS), np.mean(SIZES)
    errors = np.array([math.sqrt(mu / len(COUNTS)), scale / math.sqrt(len(SIZES))])
    mean = year.derive(lambda total: total.mean)
    assert mean.se == pytest.approx(unit * math.hypot(scale * errors[0], mu * errors[1]), rel=1e-7)
    assert mean.interval[0] * mean.interval[1] == pytest.approx(mean.value**2, rel=1e-9)  # on the log scale
    h = 1e-4
    up = np.array([beyond(0.95, mu + h, scale), beyond(0.95, mu, scale + h)])
    down = np.array([beyond(0.95, mu - h, scale), beyond(0.95, mu, scale - h)])
    expected = unit * np.sqrt(np.sum(((up - down) / (2 * h) * errors[:, None]) ** 2, axis=0))
    assert year.derive(lambda total: total.quantile(0.95)).se == pytest.approx(expected[0], rel=1e-3)
    found = year.derive(lambda total: total.tvar(0.95))
    assert found.se == pytest.approx(expected[1], rel=1e-3)
    assert found.value == year.tvar(0.95) == pytest.approx(unit * beyond(0.95, mu, scale)[1], rel=1e-3)


def test_a_known_law_adds_no_uncertainty():
    severity = mle.fit(SIZES, "exponential")
    year = mle.aggregate(POISSON, severity, step=0.05, attachment=2.0, limit=5.0)
    assert year.derive(lambda total: total.mean).se == pytest.approx(3 * severity.layer(2.0, 5.0).se, rel=1e-5)
    with pytest.raises(ParameterError, match="both laws are known"):
        mle.aggregate(POISSON, EXPONENTIAL, step=0.1).derive(lambda total: total.mean)


def test_replicates_of_both_samples():
    frequency, severity = mle.fit(COUNTS, "poisson"), mle.fit(SIZES, "exponential")
    year = mle.aggregate(frequency, severity, step=0.1)
    found = year.derive(lambda total: total.mean, method="bootstrap", n=199, rng=1)
    again = year.derive(lambda total: total.mean, method="bootstrap", n=199, rng=1)
    assert (found.value, found.interval) == (year.mean, again.interval)
    assert found.se == pytest.approx(year.derive(lambda total: total.mean).se, rel=0.2)
    seeds = np.random.default_rng(1).spawn(2)
    means = np.prod(
        [fit.bootstrap(199, rng=seed).replicates[:, 0] for fit, seed in zip((frequency, severity), seeds, strict=True)],
        axis=0,
    )
    assert found.interval == pytest.approx(np.quantile(means, [0.025, 0.975]), rel=1e-9)


@pytest.mark.parametrize("law", ["poisson", "negbin", "zip", "hurdle(poisson)"])
def test_rates_are_for_as_much_as_is_said(law):
    exposure = np.array([1.0, 2.0, 0.5, 1.0, 3.0, 2.0, 1.0, 2.0, 1.0, 0.25, 1.0, 1.0])
    fit = fit_quietly(COUNTS, law, exposure=exposure)
    year = mle.aggregate(fit, EXPONENTIAL, step=0.1, exposure=4.0)
    assert year.mean == pytest.approx(float(mle.distribution(fit.family.exposed(4.0), **fit.params).mean()), rel=1e-12)
    assert year.derive(lambda total: total.mean).se > 0
    with pytest.raises(ParameterError, match=r"say of how much: exposure=1\.0"):
        mle.aggregate(fit, EXPONENTIAL, step=0.1)


def test_nothing_but_one_number_is_derived():
    year = mle.aggregate(mle.fit(COUNTS, "poisson"), EXPONENTIAL, step=0.1)
    with pytest.raises(ParameterError, match="one number"):
        year.derive(lambda total: total.pmf)
    with pytest.raises(ParameterError, match="expected a function"):
        year.derive(3)
    with pytest.raises(ParameterError, match="choose wald or bootstrap"):
        year.derive(lambda total: total.mean, method="profile")
    with pytest.raises(ParameterError, match="exposure multiplies a rate"):
        mle.aggregate(mle.fit(COUNTS, "geometric"), EXPONENTIAL, step=0.1, exposure=2.0)
