"""Every reference case of exact data, to 1e-5 standard errors."""

import math

import numpy as np
import pytest
from references import EXACT_KINDS, Case, case, case_ids, flat, moved

import mle_toolkit as mle

CASES = case_ids(*EXACT_KINDS)
NON_REGULAR = {"laplace_darwin": "loc", "pareto1_rivers": "xm"}

STRETCHABLE = [
    name
    for name in case_ids("uncensored_continuous", "weighted")
    if name not in ("beta_rock", "vm_fisherB3")  # laws on a fixed interval
]
SHIFTABLE = [
    "cauchy_darwin", "gev_lisbon", "gev_portpirie", "gumbel_portpirie", "laplace_darwin", "logis_nile", "norm_morley",
    "norm_newcomb", "norm_numacc1", "norm_numacc3", "sn_ais_bmi", "t_newcomb", "weighted_norm_caschools",
]  # fmt: skip

IN_STANDARD_ERRORS = 1e-5
LOGLIK = 1e-8
STANDARD_ERROR = 1e-5

REPRESENTATIVE = (
    "gamma_groundbeef",
    "weibull_groundbeef",
    "t_newcomb",
    "gev_portpirie",
    "beta_rock",
    "sn_ais_bmi",
    "nbinom_mites",
    "zip_biochemists",
    "pois_horsekicks",
)
SOLVERS = (
    "newton", "Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "COBYQA", "SLSQP",
    "trust-constr", "dogleg", "trust-ncg", "trust-exact", "trust-krylov",
)  # fmt: skip


def test_all_cases_are_here():
    assert len(case_ids("uncensored_continuous", "discrete")) == 38
    assert len(case_ids("weighted")) == 2


def check_estimates(fit: mle.Fit, known: Case, theta: np.ndarray, se: np.ndarray, loglik: float) -> None:
    """Parameters to 1e-5 standard errors, and log-likelihood, at the tight grade."""
    got = flat(fit.params)
    for name, value, expected, error in zip(fit.params, got, theta, se, strict=True):
        if math.isnan(error):
            assert value == pytest.approx(expected, rel=known.closed_form_rel[name]), name
        else:
            assert abs(value - expected) <= IN_STANDARD_ERRORS * error, name
    assert abs(fit.llf - loglik) <= LOGLIK * max(1.0, abs(loglik))


@pytest.mark.parametrize("name", CASES)
def test_estimates_and_criteria(name):
    known = case(name)
    fit = known.fit()
    theta = np.array(list(known.params.values()))
    se = np.array(list(known.se.values()))
    assert list(fit.params) == list(known.params)
    check_estimates(fit, known, theta, se, known.expected["loglik"])
    for parameter, rel in known.closed_form_rel.items():
        assert fit.params[parameter] == pytest.approx(known.params[parameter], rel=rel)

    scale = max(1.0, abs(known.expected["loglik"]))
    assert fit.nobs == known.n
    assert fit.df_model == len(theta)
    assert abs(fit.aic - known.expected["aic"]) <= 2 * LOGLIK * scale
    assert abs(fit.bic - known.expected["bic"]) <= 2 * LOGLIK * scale
    assert fit.cross_entropy == pytest.approx(known.expected["cross_entropy_nats"], rel=LOGLIK)
    assert fit.cross_entropy / math.log(2) == pytest.approx(known.expected["cross_entropy_bits"], rel=LOGLIK)


@pytest.mark.parametrize("name", CASES)
def test_cross_entropy_is_reported_in_bits(name):
    known = case(name)
    report = known.fit().information(unit="bit")
    assert float(report.cross_entropy) == pytest.approx(known.expected["cross_entropy_bits"], rel=LOGLIK)


@pytest.mark.parametrize("name", [name for name in CASES if name not in NON_REGULAR])
def test_standard_errors_and_covariance(name):
    known = case(name)
    fit = known.fit()
    se = np.array(list(known.se.values()))
    assert np.all(np.isfinite(se)), "every regular case has standard errors"
    assert flat(fit.bse) == pytest.approx(se, rel=STANDARD_ERROR)
    correlation_like = (fit.cov_params().to_numpy() - known.cov) / np.outer(se, se)
    assert np.abs(correlation_like).max() <= 2 * STANDARD_ERROR


@pytest.mark.parametrize(("name", "irregular"), NON_REGULAR.items())
def test_an_irregular_parameter_has_no_standard_error(name, irregular):
    known = case(name)
    fit = known.fit()
    assert math.isnan(fit.bse[irregular])
    assert fit.conf_int().loc[irregular].isna().all()
    (regular,) = (p for p in known.params if p != irregular)
    # Pareto: alpha / sqrt(n); Laplace: scale / sqrt(n).
    assert fit.bse[regular] == pytest.approx(fit.params[regular] / math.sqrt(known.n), rel=STANDARD_ERROR)
    if not math.isnan(known.se[regular]):
        assert fit.bse[regular] == pytest.approx(known.se[regular], rel=STANDARD_ERROR)


@pytest.mark.parametrize("name", CASES)
def test_verdict(name):
    certificate = case(name).fit().certificate
    assert certificate.ok
    if name in NON_REGULAR:
        assert certificate.verdict == "non_regular"
        assert certificate.irregular == (NON_REGULAR[name],)
    else:
        assert certificate.verdict == "interior"
        assert certificate.score_se <= 1e-4
        assert certificate.decrement <= 1e-9
        assert min(certificate.eigenvalues) > 0


@pytest.mark.parametrize("unit", [1e6, 1e-6])
@pytest.mark.parametrize("name", STRETCHABLE)
def test_another_unit_moves_the_answer_exactly_so(name, unit):
    known = case(name)
    fit = mle.fit(known.x * unit, known.family, weights=known.weights)
    theta = moved(known.family, np.array(list(known.params.values())), 0.0, unit)
    slope = moved(known.family, np.full(len(theta), 2.0), 0.0, unit) - moved(
        known.family, np.full(len(theta), 1.0), 0.0, unit
    )
    se = slope * np.array(list(known.se.values()))
    check_estimates(fit, known, theta, se, known.expected["loglik"] - known.n * math.log(unit))
    regular = ~np.isnan(se)
    assert flat(fit.bse)[regular] == pytest.approx(se[regular], rel=STANDARD_ERROR)


@pytest.mark.parametrize("shift", [1e4, -1e4])
@pytest.mark.parametrize("name", SHIFTABLE)
def test_a_shift_moves_the_answer_exactly_so(name, shift):
    known = case(name)
    fit = mle.fit(known.x + shift, known.family, weights=known.weights)
    theta = moved(known.family, np.array(list(known.params.values())), shift, 1.0)
    se = np.array(list(known.se.values()))
    check_estimates(fit, known, theta, se, known.expected["loglik"])
    regular = ~np.isnan(se)
    assert flat(fit.bse)[regular] == pytest.approx(se[regular], rel=STANDARD_ERROR)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_every_solver_reaches_the_same_maximum(name, solver):
    known = case(name)
    fit = known.fit(solver=solver)
    theta, se = (np.array(list(values.values())) for values in (known.params, known.se))
    check_estimates(fit, known, theta, se, known.expected["loglik"])
    assert fit.certificate.verdict == "interior"
    assert flat(fit.bse) == pytest.approx(se, rel=STANDARD_ERROR)


@pytest.mark.parametrize("name", ["gamma_groundbeef", "weibull_groundbeef", "pois_horsekicks", "norm_morley"])
def test_the_closed_form_can_be_asked_for(name):
    known = case(name)
    fit = known.fit(solver="closed-form")
    assert fit.certificate.method == "closed-form"
    theta, se = (np.array(list(values.values())) for values in (known.params, known.se))
    check_estimates(fit, known, theta, se, known.expected["loglik"])
