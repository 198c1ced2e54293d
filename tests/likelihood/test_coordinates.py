"""The objective in unconstrained coordinates, and its derivatives, against formulas."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import column

import mle_toolkit as mle
from mle_toolkit.families.domain import POSITIVE, REAL, Interval, Simplex, Space, Vector
from mle_toolkit.likelihood.coordinates import Coordinates, Objective
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit

DOMAINS = (mle.REAL, mle.POSITIVE, mle.UNIT, Interval(-2.0, 3.0))
THETA = np.array([1.5, 0.2, 0.7, 2.5])


def coordinates(free=(True, True, True, True), natural=(0.5, 1.0, 1.0, 1.0)) -> Coordinates:
    return Coordinates(DOMAINS, THETA, free, np.array(natural))


@given(st.lists(st.floats(-8, 8), min_size=4, max_size=4))
def test_there_and_back(u):
    c = coordinates()
    theta = c.to_theta(np.array(u))
    assert all(domain.contains(np.asarray(value)) for domain, value in zip(DOMAINS, theta, strict=True))
    assert c.from_theta(theta) == pytest.approx(np.array(u), abs=1e-9)


def test_a_parameter_on_the_whole_line_is_measured_from_where_it_is():
    c = coordinates()
    assert c.from_theta(THETA)[0] == 0.0
    assert c.to_theta(np.array([2.0, 0, 0, 0]))[0] == 1.5 + 2 * 0.5


def test_fixed_parameters_stay():
    c = coordinates(free=(False, True, False, True))
    assert c.n_free == 2
    theta = c.to_theta(np.array([0.3, -0.4]))
    assert theta[[0, 2]].tolist() == [1.5, 0.7]
    assert c.jacobian(np.array([0.3, -0.4])).shape == (4, 2)
    assert np.all(c.jacobian(np.array([0.3, -0.4]))[[0, 2]] == 0)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_jacobian_and_curvature_are_derivatives(u):
    c, u = coordinates(), np.array(u)
    slopes, (own, bend) = c.jacobian(u), c.slopes_and_bends(u)
    assert slopes.diagonal() == pytest.approx(own, rel=1e-15)
    for k in range(4):
        h = np.zeros(4)
        h[k] = 1e-4
        first = (c.to_theta(u + h) - c.to_theta(u - h)) / 2e-4
        assert slopes[:, k] == pytest.approx(first, rel=1e-7, abs=1e-7)
        second = (c.to_theta(u + h) - 2 * c.to_theta(u) + c.to_theta(u - h))[k] / 1e-8
        assert bend[k] == pytest.approx(second, rel=1e-4, abs=1e-5 * (1 + abs(c.to_theta(u)[k])))


def test_a_probability_vector_has_one_coordinate_less():
    c = Coordinates([Simplex(3), mle.POSITIVE], np.array([0.2, 0.3, 0.5, 2.0]), [True, True], np.ones(4))
    assert c.n_free == 3
    assert not c.intervals_only
    u = c.from_theta(np.array([0.2, 0.3, 0.5, 2.0]))
    assert c.to_theta(u) == pytest.approx([0.2, 0.3, 0.5, 2.0], rel=1e-15)
    assert c.jacobian(u).shape == (4, 3)


@pytest.mark.parametrize(
    "domain",
    [Simplex(3), Vector(mle.POSITIVE, 2), Vector(mle.UNIT, 2), Space(2, np.ones(2), np.diag([2.0, 3.0])), mle.POSITIVE],
    ids=str,
)
def test_the_bend_is_the_slope_of_the_slope(domain):
    slopes, u, step = np.array([1.0, -2.0, 3.0])[: domain.size], np.array([0.4, -0.7])[: domain.n_free], 1e-5
    got = domain.bend(slopes, u)
    for k, h in enumerate(step * np.eye(domain.n_free)):
        slope = (slopes @ domain.jacobian(u + h) - slopes @ domain.jacobian(u - h)) / (2 * step)
        assert got[k] == pytest.approx(slope, abs=1e-8)


def test_second_derivatives_of_a_mixture_by_coordinates_are_slopes_of_the_gradient():
    law = mle.mixture("normal", 2)
    x = column("faithful", "waiting") / 50
    theta = np.array([0.3, 0.7, 1.1, 1.7, 0.1, 0.2])
    coordinates = Coordinates([Simplex(2), Space(2), Vector(mle.POSITIVE, 2)], theta, [True] * 3, np.ones(6))
    objective = Objective(Likelihood(law, mle.Sample(x), Unit()), coordinates)
    assert objective.at_once
    u, step = coordinates.from_theta(theta), 1e-5
    for k, h in enumerate(step * np.eye(5)):
        slope = (objective.gradient(u + h) - objective.gradient(u - h)) / (2 * step)
        assert objective.hessian(u)[k] == pytest.approx(slope, rel=1e-7, abs=1e-8)


# --- the objective: an exponential law, whose derivatives are one line each -------------------------------------------


def exponential(**hooks):
    """Density of rate r; in u = log r the mean NLL is r * mean - u, its derivatives r * mean - 1 and r * mean."""
    return mle.Family.from_logpdf(
        lambda x, rate: np.log(rate) - rate * x, {"rate": mle.POSITIVE}, mle.POSITIVE, name="exponential rate", **hooks
    )


HOOKS = {
    "values alone": {},
    "with a score": {"score": lambda x, rate: (1 / rate - x,)},
    "with a score and second derivatives": {
        "score": lambda x, rate: (1 / rate - x,),
        "hessian": lambda x, rate: (np.full_like(x, -1 / rate**2),),
    },
}
PRECISION = {
    "values alone": (1e-11, 1e-8),
    "with a score": (1e-15, 1e-9),
    "with a score and second derivatives": (1e-15, 1e-14),
}


@pytest.mark.parametrize("u", [-3.0, 0.0, 1.5])
@pytest.mark.parametrize("hooks", HOOKS)
def test_derivatives_of_the_objective(hooks, u):
    x = column("aircondit", "hours") / 50
    law = exponential(**HOOKS[hooks])
    likelihood = Likelihood(law, mle.Sample(x), Unit())
    objective = Objective(likelihood, Coordinates([mle.POSITIVE], np.array([1.0]), [True], np.ones(1)))
    at, rate = np.array([u]), math.exp(u)
    scale = 1 + rate * x.mean()
    first, second = PRECISION[hooks]
    assert objective.value(at) == pytest.approx(rate * x.mean() - u, rel=1e-14)
    assert objective.gradient(at)[0] == pytest.approx(rate * x.mean() - 1, abs=first * scale)
    assert objective.hessian(at)[0, 0] == pytest.approx(rate * x.mean(), abs=second * scale)
    assert objective.score_rows(at)[:, 0] == pytest.approx(1 - rate * x, abs=max(first, 1e-15) * scale * 10)


@pytest.mark.parametrize("family", ["gamma", "weibull", "student_t", "gev", "beta", "negbin", "logistic", "lomax"])
def test_every_route_to_the_derivatives_is_the_same(family):
    """With what the family gives, and stripped to its log-density: two parameters and more, with their cross terms."""
    own = mle.get_family(family)
    bare = mle.Family.from_logpdf(own.logpdf, own.parameters, own.support, name="bare")
    other_data = {"beta": column("rock_shape", "shape"), "negbin": np.arange(12.0)}
    x = other_data.get(family, column("aircondit", "hours") / 50)
    by_role = {"location": 1.0, "scale": 1.2}
    theta = np.array([by_role.get(p.role, 0.3 if p.name == "xi" else 2.0) for p in own.parameters])
    natural = np.ones(len(theta))
    objectives = [
        Objective(
            Likelihood(law, mle.Sample(x), Unit()),
            Coordinates([p.domain for p in own.parameters], theta, [True] * len(theta), natural),
        )
        for law in (own, bare)
    ]
    u = objectives[0].coordinates.from_theta(theta)
    values = [o.value(u) for o in objectives]
    assert values[0] == pytest.approx(values[1], rel=1e-13)
    gradients = [o.gradient(u) for o in objectives]
    assert gradients[0] == pytest.approx(gradients[1], abs=1e-9 * (1 + np.abs(gradients[1]).max()))
    hessians = [o.hessian(u) for o in objectives]
    assert np.array_equal(hessians[0], hessians[0].T)
    assert hessians[0] == pytest.approx(hessians[1], abs=1e-6 * np.abs(hessians[1]).max())
    rows = [o.score_rows(u) for o in objectives]
    assert rows[0] == pytest.approx(rows[1], abs=1e-8 * (1 + np.abs(rows[1]).max()))
    # The gradient of the mean is the mean of the rows, with the other sign.
    weight = objectives[0].likelihood.sample.weight
    mean = np.average(rows[0], axis=0, weights=weight)
    assert gradients[0] == pytest.approx(-mean, abs=1e-10 * (1 + np.abs(rows[0]).max()))


def test_an_impossible_point_has_an_infinite_objective():
    law = mle.get_family("gpd")
    likelihood = Likelihood(law, mle.Sample([1.0, 5.0]), Unit())
    objective = Objective(
        likelihood, Coordinates([p.domain for p in law.parameters], np.array([1.0, -0.5]), [True, True], np.ones(2))
    )
    assert objective.value(objective.coordinates.from_theta(np.array([1.0, -0.5]))) == math.inf


def test_nothing_free_has_no_derivatives():
    likelihood = Likelihood(mle.get_family("gamma"), mle.Sample([1.0, 2.0]))
    objective = Objective(likelihood, Coordinates([mle.POSITIVE, mle.POSITIVE], np.ones(2), [False, False], np.ones(2)))
    nothing = np.empty(0)
    assert objective.value(nothing) == pytest.approx(1.5)
    assert objective.gradient(nothing).shape == (0,)
    assert objective.hessian(nothing).shape == (0, 0)


# --- units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["normal", "student_t", "gamma", "lognormal", "gev", "uniform", "pareto"])
@given(centre=st.floats(-1e3, 1e3), exponent=st.integers(-30, 30))
def test_parameters_move_between_units_and_back(family, centre, exponent):
    law = mle.get_family(family)
    unit = Unit(centre if law.has_location else 0.0, 2.0**exponent)
    theta = np.array([2.5, 0.75, 1.25][: law.n_free])
    there = unit.params_to_data(law, theta)
    back = unit.params_to_unit(law, there)
    lost = 4e-16 * (1 + abs(unit.centre) / unit.scale)
    assert back == pytest.approx(theta, rel=1e-14, abs=8 * lost)


@pytest.mark.parametrize("family", ["normal", "student_t", "gamma", "lognormal", "gev", "gumbel", "nakagami"])
def test_the_likelihood_is_that_of_the_data_in_any_unit(family):
    law = mle.get_family(family)
    x = column("aircondit", "hours")
    theta = np.array([{"location": 60.0, "scale": 80.0}.get(p.role, 0.4) for p in law.parameters])
    plain = Likelihood(law, mle.Sample(x), Unit())
    for unit in (Unit(0.0, 64.0), Unit(50.0 if law.has_location else 0.0, 2.0**-9)):
        other = Likelihood(law, mle.Sample(x), unit)
        value = other.mean_loglik(unit.params_to_unit(law, theta)) + unit.log_jacobian(law)
        assert value == pytest.approx(plain.mean_loglik(theta), rel=1e-12)


def test_the_unit_of_a_count_is_one():
    likelihood = Likelihood(mle.get_family("poisson"), mle.Sample([1e6, 2e6]))
    assert likelihood.unit == Unit()


def test_parameters_about_a_point_are_those_of_coordinates_moved_one_by_one():
    domains = (REAL, POSITIVE, Interval(0.0, 1.0))
    natural = np.array([2.5, 1.0, 1.0])
    coordinates = Coordinates(domains, np.array([3.0, 2.0, 0.2]), (True, False, True), natural)
    u = np.array([0.4, -1.3])
    thetas, slopes = coordinates.about(u, 1e-2)
    unit = 1e-2 * np.eye(2)
    points = [u, *(u + unit), *(u - unit)]
    np.testing.assert_array_equal(thetas, [coordinates.to_theta(v) for v in points])
    np.testing.assert_array_equal(slopes, [coordinates.jacobian(v)[[0, 2], [0, 1]] for v in points])


def many_censored(n=3_000, law="beta_prime", *theta):
    """The objective of durations of which many are censored, so that open intervals are summed by moments."""
    rng = np.random.default_rng(4)
    x, end = rng.weibull(1.7, n), rng.uniform(0.2, 2.0, n)
    own = mle.get_family(law)
    likelihood = Likelihood(own, mle.Sample.right_censored(np.minimum(x, end), x <= end), Unit())
    domains = [p.domain for p in own.parameters]
    return Objective(likelihood, Coordinates(domains, np.array(theta), [True] * len(theta), np.ones(len(theta))))


@pytest.mark.parametrize(
    ("law", "theta"), [("beta_prime", (2.0, 6.0, 3.0)), ("rice", (0.4, 0.7)), ("log_pearson3", (-0.2, 0.7, -0.6))]
)
def test_fewer_moments_tell_second_derivatives_to_some_digits(law, theta):
    whole = many_censored(3_000, law, *theta)
    u = whole.coordinates.from_theta(np.array(theta))
    assert whole.rough is not None
    exact = whole.hessian(u)
    assert whole.rough.hessian(u) == pytest.approx(exact, abs=1e-3 * np.abs(np.diag(exact)).max())


def test_moments_that_are_fewer_already_are_left_as_they_are():
    rough = many_censored(3_000, "gamma", 2.0, 0.5).rough
    assert rough is not None
    assert rough.rough is None
    assert rough.likelihood.for_start is rough.likelihood


def test_few_rows_and_exact_ones_have_no_rougher_objective():
    assert many_censored(300, "rice", 0.4, 0.7).rough is None
    law = mle.get_family("rice")
    exact = Objective(
        Likelihood(law, mle.Sample(np.arange(1.0, 3_000.0)), Unit()),
        Coordinates([p.domain for p in law.parameters], np.array([400.0, 900.0]), [True, True], np.ones(2)),
    )
    assert exact.rough is None


def test_scores_of_intervals_beside_the_end_of_a_support_against_mpmath():
    """Differences of the log-probability reach across the end of the support, and are wrong in the third digit."""
    law, theta = mle.get_family("gpd"), np.array([0.91505987, -0.37431185])
    lower, upper = 2.41796875, 2.42578125
    sample = mle.Sample.intervals([0.1, lower, 0.5], [0.2, upper, np.inf])
    found = Likelihood(law, sample, Unit()).score_rows(theta)
    with mpmath.workdps(40):

        def above(x, scale, xi):
            return (1 + xi * mpmath.mpf(x) / scale) ** (-1 / xi)

        def log_mass(k):
            return lambda scale, xi: mpmath.log(
                above(sample.lower[k], scale, xi) - (above(sample.upper[k], scale, xi) if k < 2 else 0)
            )

        at = tuple(map(mpmath.mpf, theta.tolist()))
        for k in range(3):
            expected = [float(mpmath.diff(log_mass(k), at, order)) for order in ((1, 0), (0, 1))]
            assert found[k] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("family", ["burr12", "johnson_su", "beta_prime", "gamma", "gpd"])
@pytest.mark.parametrize(
    "sample",
    [
        mle.Sample.intervals([60.0, 40.0, 60.0, 40.0, 60.0], [80.0, 60.0, 80.0, 60.0, 80.0]),
        mle.Sample.right_censored([74.0, 49.0, 33.0, 45.0, 62.0], [True, False, True, True, False]),
    ],
)
def test_gradients_at_several_points_are_those_at_each(family: str, sample: mle.Sample) -> None:
    """What longer differences ask for: of few rows all from one call."""
    law = mle.get_family(family)
    likelihood, domains = Likelihood(law, sample), [p.domain for p in law.parameters]
    theta = np.array([1.0 if p.domain == POSITIVE else 0.1 for p in law.parameters])
    objective = Objective(likelihood, Coordinates(domains, theta, [True] * len(theta), np.ones(len(theta))))
    points = objective.coordinates.from_theta(theta) + 1e-2 * np.arange(4.0)[:, None]
    expected = [objective.gradient(u) for u in points]
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(objective.gradients(points), expected, rtol=1e-12)
