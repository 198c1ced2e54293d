"""The certificate measures, at the point that a solver returned, how far from a maximum it is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import case, column, fit_quietly

import mle_toolkit as mle
from mle_toolkit.estimation.certificate import (
    DECREMENT_TOLERANCE,
    Certificate,
    Verdict,
    measure,
    measure_each,
    spectrum,
)

# --- measure, where the answer is a formula ---------------------------------------------------------------------------


def test_what_is_measured_of_many_groups_is_that_of_each():
    rng = np.random.default_rng(2)
    roots = rng.normal(size=(5, 3, 3))
    hessian = roots @ roots.transpose(0, 2, 1)
    hessian[1, 0, 0] = -1.0
    hessian[2, 0, 1] = np.nan
    hessian[3] -= 0.9 * np.diag(np.diagonal(hessian[3]))  # no maximum, though every curvature is positive
    gradient, nobs = 1e-3 * rng.normal(size=(5, 3)), np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    each = measure_each(gradient, hessian, nobs)
    for k in range(5):
        one = measure(gradient[k], hessian[k], nobs[k])
        assert each.decrement[k] == pytest.approx(one.decrement, rel=1e-9)
        if one.errors:
            assert each.errors[k] == pytest.approx(one.errors, rel=1e-9)
            assert each.least[k] == pytest.approx(one.eigenvalues[0], rel=1e-9)
    assert np.isfinite(each.decrement).tolist() == [True, False, False, False, True]


def test_one_parameter():
    """NLL/n = h d²/2 at a distance d: the decrement is n h d²/2, and the score in standard errors d sqrt(n h)."""
    n, h, d = 50.0, 3.0, 0.01
    seen = measure(np.array([h * d]), np.array([[h]]), n)
    assert seen.decrement == pytest.approx(0.5 * n * h * d * d, rel=1e-14)
    assert seen.score_se == pytest.approx(d * math.sqrt(n * h), rel=1e-14)
    assert seen.eigenvalues == pytest.approx((1.0,), rel=1e-15)


@given(
    st.floats(-0.95, 0.95),
    st.floats(-12, 12),
    st.floats(-12, 12),
    st.floats(-0.1, 0.1),
    st.floats(-0.1, 0.1),
)
def test_nothing_depends_on_the_unit_of_a_parameter(rho, one, other, d1, d2):
    """Stretching a coordinate leaves decrement, eigenvalues and score in standard errors."""
    hessian = np.array([[2.0, rho * math.sqrt(2 * 5.0)], [rho * math.sqrt(2 * 5.0), 5.0]])
    gradient = hessian @ np.array([d1, d2])
    unit = np.exp([one, other])
    plain = measure(gradient, hessian, 100.0)
    stretched = measure(gradient * unit, hessian * np.outer(unit, unit), 100.0)
    assert plain.decrement == pytest.approx(
        50 * np.array([d1, d2]) @ hessian @ np.array([d1, d2]), rel=1e-9, abs=1e-300
    )
    assert stretched.decrement == pytest.approx(plain.decrement, rel=1e-9, abs=1e-300)
    assert stretched.score_se == pytest.approx(plain.score_se, rel=1e-9, abs=1e-300)
    assert stretched.eigenvalues == pytest.approx(plain.eigenvalues, rel=1e-9)
    assert plain.eigenvalues == pytest.approx((1 - abs(rho), 1 + abs(rho)), abs=1e-12)


@pytest.mark.parametrize(
    "hessian",
    [
        [[1.0, 2.0], [2.0, 1.0]],  # a saddle
        [[-1.0, 0.0], [0.0, 1.0]],
        [[0.0, 0.0], [0.0, 1.0]],
        [[math.nan, 0.0], [0.0, 1.0]],
        [[math.inf, 0.0], [0.0, 1.0]],
    ],
)
def test_what_is_no_maximum_has_an_infinite_decrement(hessian):
    seen = measure(np.zeros(2), np.array(hessian), 10.0)
    assert seen.decrement == math.inf
    assert seen.score_se == math.inf


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_a_spectrum_takes_the_matrix_apart(size, seed):
    """Eigenvalues in order, orthonormal axes, and the matrix back, scaled to a unit diagonal, whatever its size."""
    root = np.random.default_rng(seed).normal(size=(size, size + 2))
    matrix = root @ root.T
    unit, eigenvalues, axes = spectrum(matrix)
    scaled = matrix * np.outer(unit, unit)
    assert scaled.diagonal() == pytest.approx(np.ones(size), rel=1e-14)
    assert eigenvalues == pytest.approx(np.linalg.eigvalsh(scaled), rel=1e-12, abs=1e-14)
    assert axes.T @ axes == pytest.approx(np.eye(size), abs=1e-14)
    assert axes @ np.diag(eigenvalues) @ axes.T == pytest.approx(scaled, abs=1e-14)


def test_nothing_free():
    seen = measure(np.empty(0), np.empty((0, 0)), 10.0)
    assert seen.decrement == 0.0
    assert math.isnan(seen.score_se)
    assert seen.eigenvalues == ()


# --- certificates of fits ---------------------------------------------------------------------------------------------


def test_the_decrement_is_the_log_likelihood_that_is_missing():
    """Fix a parameter beside the maximum: measured there, the decrement says how much the free maximum is above."""
    known = case("gamma_groundbeef")
    best = known.fit()
    for shift in (1e-2, -1e-2, 1e-3):
        objective = best.maximum.objective
        u = best.maximum.coordinates + shift * np.array([1.0, -0.5])
        seen = measure(objective.gradient(u), objective.hessian(u), best.nobs)
        missing = best.nobs * (objective.value(u) - objective.value(best.maximum.coordinates))
        assert seen.decrement == pytest.approx(missing, rel=10 * abs(shift))


@pytest.mark.parametrize("solver", ["Nelder-Mead", "L-BFGS-B", "newton", "trust-exact"])
def test_the_certificate_does_not_take_the_solver_s_word(solver):
    fit = case("t_newcomb").fit(solver=solver)
    certificate = fit.certificate
    assert certificate.verdict == "interior"
    assert certificate.decrement <= DECREMENT_TOLERANCE
    assert certificate.method == solver
    assert 1 <= certificate.n_agreeing <= certificate.n_starts


def test_a_closed_form_needs_no_start():
    certificate = mle.fit(column("morley", "Speed"), "normal").certificate
    assert (certificate.method, certificate.n_starts, certificate.n_agreeing) == ("closed-form", 0, 0)
    assert certificate.eigenvalues == pytest.approx((1.0, 1.0), abs=1e-8)


def test_several_starts_are_counted():
    certificate = case("t_newcomb").fit().certificate
    assert certificate.n_starts >= 2
    assert 1 <= certificate.n_agreeing <= certificate.n_starts


def test_one_start_is_enough_where_a_theorem_says_that_there_is_one_maximum():
    """Copas (1975): with both parameters free. With a known scale there may be more."""
    x = case("cauchy_darwin").x
    assert mle.fit(x, "cauchy").certificate.n_starts == 1
    assert mle.fit(x, "cauchy", fixed={"scale": 10.0}).certificate.n_starts > 1


def test_a_start_that_leads_to_a_lower_maximum_does_not_win():
    """Three maxima: -20 and 20 are local, 0 is the highest."""
    fit = mle.fit([-20.0, 0.0, 20.0], "cauchy", fixed={"scale": 1.0})
    assert fit.params["loc"] == pytest.approx(0.0, abs=1e-9)


def test_with_every_parameter_fixed_there_is_nothing_to_find():
    fit = mle.fit([1.0, 2.0, 3.0], "gamma", fixed={"shape": 2.0, "scale": 1.0})
    assert fit.df_model == 0
    assert fit.certificate.decrement == 0.0
    assert fit.certificate.ok
    assert fit.llf == pytest.approx(float(mle.distribution("gamma", shape=2.0, scale=1.0).logpdf([1, 2, 3]).sum()))


@pytest.mark.parametrize(
    ("verdict", "ok"),
    [
        (Verdict.INTERIOR, True),
        (Verdict.BOUNDARY, True),
        (Verdict.NON_REGULAR, True),
        (Verdict.LOCAL, True),
        (Verdict.UNBOUNDED, False),
        (Verdict.NOT_IDENTIFIED, False),
        (Verdict.NOT_CONVERGED, False),
    ],
)
def test_which_verdicts_may_be_used(verdict, ok):
    certificate = Certificate(verdict=verdict, message="because", method="newton")
    assert certificate.ok is ok
    assert str(certificate) == f"{verdict.name.lower()}: because"


def test_a_certificate_is_a_frozen_record():
    certificate = mle.fit([1.0, 2.0, 4.0], "exponential").certificate
    with pytest.raises(AttributeError):
        certificate.verdict = Verdict.LOCAL  # type: ignore[misc]


def test_a_direction_that_is_nearly_flat_shows_in_the_eigenvalues():
    """With light tails df is poorly known beside the scale, and the smallest eigenvalue says so."""
    x = mle.distribution("student_t", df=8.0, loc=0.0, scale=1.0).rvs(400, rng=3)
    fit = fit_quietly(x, "student_t")
    assert fit.certificate.verdict == "interior"
    assert fit.certificate.eigenvalues[0] < 0.5
    assert sum(fit.certificate.eigenvalues) == pytest.approx(3.0, rel=1e-9)
