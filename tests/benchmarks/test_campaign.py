"""The campaign's judge knows its densities, sees what is wrong, and raises no false alarm."""

import json
import math
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

import mle_toolkit as mle

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import _judge as judge
import _limits
import campaign

LAWS = campaign.laws()
SEED = 7


def drawn(name):
    """A law of the judge's, typical parameters, and a few values of it."""
    law, family = LAWS[name]
    rng = np.random.default_rng(SEED)
    params = campaign.draw_parameters(family, law, rng, False)
    return law, params, np.sort(np.asarray(law.draw(rng, 400, *params), dtype=float))[20::120]


def exact(values):
    return np.array([float(value) for value in values])


@pytest.mark.parametrize("name", LAWS)
def test_doubles_and_fifty_digits_say_the_same(name):
    law, params, x = drawn(name)
    low = x - 1.0 if law.circular else np.full(len(x), -math.inf)
    with np.errstate(divide="ignore"):  # the log of nothing is -inf
        in_doubles = [law.log_density(judge.DOUBLE, x, *params), law.log_mass(judge.DOUBLE, low, x, params)]
    with mpmath.workdps(30):
        values = [judge.EXACT.number(value) for value in params]
        in_digits = [
            exact(law.log_density(judge.EXACT, judge.EXACT.numbers(x), *values)),
            exact(law.log_mass(judge.EXACT, low, x, values)),
        ]
    np.testing.assert_allclose(in_doubles, in_digits, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", LAWS)
def test_a_mass_is_the_integral_of_the_density(name):
    """So that tails and density are of one law, whoever wrote them."""
    law, params, x = drawn(name)
    low, high = float(x[0]), float(x[-1])
    if law.discrete:
        inside = np.arange(low + 1, high + 1)
        total = np.sum(np.exp(law.log_density(judge.DOUBLE, inside, *params)))
    else:
        high = min(high, low + 1.0) if law.circular else high
        total, _ = integrate.quad(
            lambda t: math.exp(law.log_density(judge.DOUBLE, np.array([t]), *params)[0]), low, high
        )
    with np.errstate(divide="ignore"):
        mass = math.exp(law.log_mass(judge.DOUBLE, np.array([low]), np.array([high]), params)[0])
    assert mass == pytest.approx(total, rel=1e-6, abs=1e-9)


def trial_of(name, x, form="exact"):
    law, family = LAWS[name]
    return campaign.Trial(law, family, [], "clean", form, mle.Sample(x), judge.Data(x, x))


def judgement(trial, out):
    return campaign.judged(trial, {"seconds": 0.1} | out, np.random.default_rng(SEED))


@pytest.fixture(scope="module")
def lifetimes():
    """A trial, and its fit as the child tells it."""
    trial = trial_of("weibull", np.random.default_rng(SEED).weibull(2.0, 50))
    return trial, campaign.fitted(trial)


def test_a_right_fit_is_right(lifetimes):
    assert judgement(*lifetimes) == ("right", "")


def test_a_log_likelihood_of_other_parameters_is_wrong(lifetimes):
    trial, out = lifetimes
    result, why = judgement(trial, out | {"llf": out["llf"] + 1e-3})
    assert (result, "that of the parameters" in why) == ("wrong", True)


@pytest.mark.parametrize(
    ("verdict", "result"), [("interior", "wrong"), ("not_converged", "not converged, better point")]
)
def test_a_point_below_the_maximum_is_seen(lifetimes, verdict, result):
    trial, out = lifetimes
    params = [out["params"][0] * 1.02, out["params"][1]]
    llf = trial.data.loglik(trial.law, params)
    assert judgement(trial, out | {"params": params, "llf": llf, "verdict": verdict})[0] == result


def test_standard_errors_that_are_off_are_seen(lifetimes):
    trial, out = lifetimes
    assert judgement(trial, out | {"bse": [out["bse"][0] * 1.01, out["bse"][1]]})[0] == "errors off"


def test_a_refusal_of_data_that_have_a_maximum_is_false(lifetimes):
    trial, _ = lifetimes
    assert judgement(trial, {"raised": "DegenerateDataError", "message": ""})[0] == "false refusal"


def test_a_refusal_is_right_where_the_likelihood_has_no_end():
    trial = trial_of("normal", np.full(5, 3.0))
    assert judgement(trial, {"raised": "DegenerateDataError", "message": ""})[0] == "right"


def test_a_spike_is_no_better_point():
    """Every sample makes this likelihood infinite; the proper maximum is what was asked for."""
    trial = trial_of("mixture(normal, 2)", np.random.default_rng(SEED).normal(np.repeat([0.0, 6.0], 15)))
    assert judgement(trial, campaign.fitted(trial))[0] == "right"


def test_a_hill_of_rounding_is_no_maximum(lifetimes, monkeypatch):
    trial, out = lifetimes
    search = judge.Search(trial.law, trial.data, np.random.default_rng(SEED), 1.0)
    best = search.coordinates(out["params"])
    assert search.is_proper(best)
    monkeypatch.setattr(judge.Data, "exact_loglik", lambda self, law, params: out["llf"] + 0.1)
    assert not search.is_proper(best)


def test_the_end_of_what_is_searched_is_no_better_maximum():
    """Beyond xi = -1 the likelihood of a GEV has no bound; a rise up to there is on the way to it."""
    law, _ = LAWS["gev"]
    search = judge.Search(law, judge.Data([1.0, 2.0, 4.0], [1.0, 2.0, 4.0]), np.random.default_rng(SEED), 1.0)
    assert search.is_at_edge(search.coordinates([2.0, 1.0, -1 + 1e-9]))
    assert not search.is_at_edge(search.coordinates([2.0, 1.0, -0.9]))


def test_a_spike_does_not_make_a_refusal_false(monkeypatch):
    """A maximum that two values of a mixture make by accident is not asked for, of a fit nor of a refusal."""
    trial = trial_of("mixture(normal, 2)", [4.1, 4.9, 5.3, 5.8, 6.2, 7.768, 8.962, 9.082])
    accident = [0.8, 0.2, 5.5, 9.022, 1.2, 0.06]
    monkeypatch.setattr(campaign.Search, "is_proper", lambda self, u: True)
    for other, result in [(accident, "right"), ([0.6, 0.4, 5.4, 8.6, 1.1, 0.6], "false refusal")]:
        ends = [accident, other]
        monkeypatch.setattr(
            campaign.Search, "run", lambda self, given, ends=ends: [(-9.0, self.coordinates(end)) for end in ends]
        )
        assert judgement(trial, {"raised": "DegenerateDataError", "message": ""})[0] == result


def test_crashes_and_hangs_are_counted_not_suffered(lifetimes, monkeypatch):
    def loop(trial):
        while True:
            pass

    trial, _ = lifetimes
    monkeypatch.setattr(campaign, "fitted", lambda trial: 1 / 0)
    assert judgement(trial, campaign.in_a_child(trial)) == ("crash", "ZeroDivisionError: division by zero")
    monkeypatch.setattr(campaign, "MOST_SECONDS", 1)
    monkeypatch.setattr(campaign, "fitted", loop)
    assert judgement(trial, campaign.in_a_child(trial))[0] == "hang"


def test_a_trial_is_made_by_its_number():
    one, again, other = (campaign.make(SEED, k) for k in (3, 3, 4))
    assert (one.law.name, one.kind, one.form) == (again.law.name, again.kind, again.form)
    assert np.array_equal(one.data.points, again.data.points)
    assert not np.array_equal(one.data.points, other.data.points)


@pytest.mark.parametrize("form", [*campaign.EXACT_FORMS, *campaign.COARSE_FORMS])
def test_every_form_of_data_is_the_same_to_the_judge_and_to_us(form):
    law, family = LAWS["gamma"]
    rng = np.random.default_rng(SEED)
    sample, data, _ = campaign.observe(rng.gamma(2.0, 1.0, 40), form, law, rng)
    fit = mle.fit(sample, family, fixed={"shape": 2.0, "scale": 1.0})
    assert data.loglik(law, [2.0, 1.0]) == pytest.approx(fit.llf, rel=1e-9)


def test_chunks_join_and_the_page_counts_them(tmp_path, monkeypatch, capsys):
    def row(k):
        return {"trial": k, "law": "gamma", "result": "hang" if k == 2 else "right", "why": "", "said": "interior"}

    monkeypatch.setattr(campaign, "run", lambda seed, patterns, k: row(k))
    page = tmp_path / "page.md"
    page.write_text(f"Before\n{campaign.BEGIN}old\n{campaign.END}After\n", encoding="utf-8")
    files = [str(tmp_path / f"{first}.json") for first in (0, 2)]
    for first, file in zip(("0", "2"), files, strict=True):
        monkeypatch.setattr(sys, "argv", ["campaign.py", "--first", first, "--count", "2", "--json", file])
        assert campaign.main() == 0
    both = str(tmp_path / "both.json")
    monkeypatch.setattr(sys, "argv", ["campaign.py", "--merge", *files, "--page", str(page), "--json", both])
    assert campaign.main() == 0
    assert [line["trial"] for line in json.loads(Path(both).read_text())["rows"]] == [0, 1, 2, 3]
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before\n<!-- generated -->\n4 fits, ")
    assert "| hang | 1 | 25.00 |" in text
    assert "| hang | gamma | 1 | 2 |" in text


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("a power of x on (0.5, 4)", [-1.5]),
        ("a power of x on (0.5, 4)", [0.0]),
        ("exponential on (0.5, 4)", [0.7]),
        ("1/(x + scale) on (0.5, 4)", [0.3]),
        ("lognormal above a threshold", [1.0, 0.4, 0.5]),
        ("lognormal below a threshold", [1.0, 0.4, 0.5]),
        ("exponential above a threshold", [0.2, 0.4]),
        ("reversed exponential", [5.0, 0.4]),
        ("half-normal above a threshold", [0.2, 1.4]),
        ("half-normal below a threshold", [5.0, 1.4]),
    ],
)
def test_limits_are_laws_in_a_window(name, params):
    """Those that a fit names: the masses are the integrals of the densities, in doubles and in 50 digits."""
    law, own = _limits.law_of(name, params)
    x, ends = np.array([0.7, 1.1]), (np.array([0.5]), np.array([2.0]))
    mass = integrate.quad(lambda t: math.exp(law.log_density(judge.DOUBLE, np.array([t]), *own)[0]), 0.5, 2.0)[0]
    assert law.log_mass(judge.DOUBLE, *ends, own) == pytest.approx(math.log(mass), abs=1e-9)
    values = [judge.EXACT.number(value) for value in own]
    np.testing.assert_allclose(exact(law.log_mass(judge.EXACT, *ends, values)), math.log(mass), atol=1e-9)
    in_digits = exact(law.log_density(judge.EXACT, judge.EXACT.numbers(x), *values))
    np.testing.assert_allclose(law.log_density(judge.DOUBLE, x, *own), in_digits, rtol=1e-12, atol=1e-15)


def test_the_limit_of_counts_as_1_over_x_is_known():
    law, own = _limits.law_of("1/x on the counts from 2 to 4", [])
    masses = law.log_mass(judge.DOUBLE, np.array([1.0, 2.0, 2.0]), np.array([4.0, 3.0, 9.0]), own)
    total = 1 / 2 + 1 / 3 + 1 / 4
    np.testing.assert_allclose(np.exp(masses.astype(float)), [1.0, 1 / 3 / total, (1 / 3 + 1 / 4) / total], rtol=1e-14)
    assert law.log_density(judge.DOUBLE, np.array([3.0]), *own)[0] == pytest.approx(math.log(1 / 3 / total))


def test_the_law_of_levy_is_that_of_the_reciprocal_of_a_gamma_law():
    law, own = _limits.law_of("levy", [2.7])
    x = np.array([0.3, 2.0, 50.0])
    assert law.log_density(judge.DOUBLE, x, *own) == pytest.approx(stats.levy(scale=2.7).logpdf(x), rel=1e-12)
    assert set(_limits.PLAIN) <= set(judge.LAWS)


def test_a_limit_is_seen_only_where_it_can_be():
    """Of positive values, in a window that begins below 0: no power of x is there."""
    law, own = _limits.law_of("a power of x on (0, 4)", [1.5])
    ends = np.array([-3.0]), np.array([4.0])
    with np.errstate(divide="ignore"):  # as the judge does
        assert law.log_mass(judge.DOUBLE, *ends, own) == pytest.approx(math.log(4.0**1.5 / 1.5))
    assert exact(law.log_mass(judge.EXACT, *ends, own)) == pytest.approx(math.log(4.0**1.5 / 1.5))


def test_the_limit_of_a_truncated_law_is_of_mass_one():
    """No window of the data's takes the constant away."""
    name = "truncated(lognormal, 0.1, 20)"
    trial = trial_of(name, np.array([0.2, 4.0]))
    out = {"params": [math.inf, math.inf], "limit": "a power of x on (0.1, 20)", "limit_params": [0.0]}
    right = -math.log(0.2 * 4.0) - 2 * math.log(math.log(200.0))
    assert campaign.llf_of_report(trial, out | {"llf": right}) == pytest.approx(right)


def test_counts_that_are_certain_at_a_limit_are_known():
    """The best that a hurdle can do for a zero and a six: no Poisson law comes near it, but as a limit."""
    sample, rows = mle.Sample([0.0, 6.0]).truncated(-1.0, 6.0), np.array([0.0, 6.0])
    data = judge.Data(rows, rows, None, (np.full(2, -1.0), np.full(2, 6.0)))
    law, family = LAWS["hurdle(poisson)"]
    trial = campaign.Trial(law, family, [], "clean", "window", sample, data)
    out = {"params": [0.0, math.inf], "llf": -2 * math.log(2), "limit": "hurdle a point mass at 6"}
    assert campaign.llf_of_report(trial, {**out, "limit_params": [0.5]}) == pytest.approx(-2 * math.log(2))
    assert campaign.llf_of_report(trial, {**out, "limit_params": [0.4]}) == pytest.approx(math.log(0.24))
    ones = judge.LAWS["zero_truncated_poisson"]
    assert judge.Data([1.0, 1.0], [1.0, 1.0]).loglik(ones, [0.0]) == 0
    assert judge.Data([1.0, 1.0], [2.0, 1.0]).exact_loglik(ones, [0.0]) == -math.inf
    assert judge.Data([1.0], [1.0]).size_of_terms(judge.LAWS["lomax"], [0.0, 0.0]) == math.inf


def test_arrays_of_numbers_beyond_all_text_are_added():
    """An error of mpmath's wrote them out first, and there the judge failed."""
    with mpmath.workdps(30):
        large = np.array([mpmath.mpf(2) ** (10**5000)], dtype=object)
        assert (mpmath.mpf(1) + large)[0] == large[0]


def test_a_sum_without_an_end_says_nothing():
    """A series of mpmath's ran for an hour, and filled the memory."""

    def endless(m, x, *params):
        while True:
            math.sqrt(2.0)

    data = judge.Data(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    law = judge.replace(judge.LAWS["normal"], log_density=endless)
    data.digits_left = 0.01
    assert math.isnan(data.exact_loglik(law, [0.0, 1.0]))
    assert math.isfinite(judge.Data(data.lower, data.upper).exact_loglik(judge.LAWS["normal"], [0.0, 1.0]))
