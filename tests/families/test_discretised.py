"""Whole parts of measurements."""

import numpy as np
import pytest
from references import fit_quietly, flat
from scipy import optimize, stats

import mle_toolkit as mle

K = np.floor(stats.weibull_min(1.3, scale=3.0).rvs(250, random_state=20_261_205))


def test_the_discretised_exponential_law_is_geometric():
    fit, right = mle.fit(K, mle.discretised("exponential")), mle.fit(K, "geometric")
    assert fit.llf == pytest.approx(right.llf, rel=1e-11)


@pytest.mark.parametrize("base", ["weibull", "gamma", "lognormal"])
def test_it_is_the_law_of_intervals_of_one(base):
    fit = mle.fit(K, mle.discretised(base))
    right = mle.fit(mle.Sample.intervals(K, K + 1), base)
    assert fit.llf == pytest.approx(right.llf, rel=1e-10)
    assert flat(fit.params) == pytest.approx(flat(right.params), rel=1e-5)
    assert flat(fit.bse) == pytest.approx(flat(right.bse), rel=1e-4)


def test_it_compares_with_counts():
    result = mle.compare(K, ["poisson", "geometric", "discretised(weibull)"])
    assert result.best.family.name == "discretised weibull"
    assert float(result.best.information().identity_gap) == pytest.approx(0.0, abs=1e-12)


def test_censored_counts_and_weights():
    top = mle.Sample.right_censored(np.minimum(K, 5.0), K <= 5)
    fit = mle.fit(top, mle.discretised("weibull"))
    law = stats.weibull_min(fit.params["shape"], scale=fit.params["scale"])
    rows = np.where(K <= 5, np.log(law.cdf(K + 1) - law.cdf(K)), law.logsf(6.0))
    assert fit.llf == pytest.approx(rows.sum(), rel=1e-10)
    values, counts = np.unique(K, return_counts=True)
    table = mle.fit(mle.Sample.table(values, counts), mle.discretised("weibull"))
    assert table.llf == pytest.approx(mle.fit(K, mle.discretised("weibull")).llf, rel=1e-12)


def test_it_is_a_law():
    law, base = mle.distribution("discretised(weibull)", shape=1.3, scale=3.0), stats.weibull_min(1.3, scale=3.0)
    k = np.arange(200.0)
    p = law.pdf(k)
    assert p.sum() == pytest.approx(1.0)
    assert p[:10] == pytest.approx(np.diff(base.cdf(np.arange(11.0))))
    assert law.cdf(k[:9]) == pytest.approx(np.cumsum(p)[:9])
    assert law.mean() == pytest.approx(k @ p)
    assert law.ppf(law.cdf(k[:9]) - 1e-9).tolist() == k[:9].tolist()
    assert law.isf([1e-20])[0] == np.ceil(base.isf(1e-20)) - 1
    assert np.mean(law.rvs(20_000, rng=1)) == pytest.approx(law.mean(), abs=0.08)
    line = mle.distribution("discretised(normal)", mu=-1.0, sigma=2.0)
    assert line.pdf(-3.0) == pytest.approx(stats.norm(-1, 2).cdf(-2) - stats.norm(-1, 2).cdf(-3))


def test_what_cannot_be_discretised(tmp_path):
    with pytest.raises(mle.errors.ParameterError, match="not a continuous law"):
        mle.discretised("poisson")
    with pytest.raises(mle.errors.DegenerateDataError, match="all 3 counts are 2"):
        mle.fit([2, 2, 2], mle.discretised("weibull"))
    fit = fit_quietly(K, mle.discretised("weibull"))
    fit.save(tmp_path / "fit.json")
    assert mle.load(tmp_path / "fit.json").distribution.cdf(1.0) == fit.distribution.cdf(1.0)


def test_a_law_seen_beyond_a_count_may_be_a_power_law():
    """Of a Weibull law of no shape, whose scale is 0, the counts k from 1 on have the probabilities k^s - (k + 1)^s."""
    k = np.repeat([1, 2, 3, 6, 7, 12, 17, 35, 66, 103, 211, 234], [22, 5, 3, 1, 1, 1, 1, 2, 1, 1, 1, 1])
    cost = lambda s: -np.sum(np.log(k**s - (k + 1.0) ** s))  # noqa: E731
    best = optimize.minimize_scalar(cost, bounds=(-5.0, -0.01), method="bounded")
    fit = fit_quietly(mle.Sample(k).truncated(lower=0), "discretised(weibull)")
    assert fit.llf == pytest.approx(-best.fun, abs=1e-7)
    assert (fit.certificate.verdict, fit.params["shape"], fit.params["scale"]) == ("boundary", 0.0, 0.0)


def test_tails_of_a_law_whose_scale_is_at_the_end_of_the_doubles():
    """The ratio 235 / scale is no double, but its power is: exp(-116.23)."""
    law = mle.distribution("discretised(weibull)", shape=0.0067, scale=1.3e-306)
    hazard = np.exp(0.0067 * (np.log([234.0, 235.0]) - np.log(1.3e-306)))
    assert law.logpdf(234) == pytest.approx(-hazard[0] + np.log(-np.expm1(hazard[0] - hazard[1])), rel=1e-12)
