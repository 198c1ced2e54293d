"""Vuong's test of which of two laws is closer to the data, and Shi's version of it that keeps its level.

The difference of two divergences from the truth is the expected difference of two log-densities, whose mean over the
data has a standard error. Vuong's test (1989, Econometrica 57, 307-333) divides by it. Where the two fitted laws are
the same, which those of overlapping families may be, that standard error tends to zero and the statistic is not normal;
Vuong tests for that first. Shi (2015, Quantitative Economics 6, 85-121) corrects the bias of the mean, keeps the
denominator away from zero, and takes a critical value that holds for every distance between the laws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ComparisonError, ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.inference.curvature import curvature
from mle_toolkit.inference.nested import is_limit, is_nested
from mle_toolkit.inference.rows import fitted_law, log_density, score_rows, total

Method = Literal["shi", "vuong"]
Case = Literal["nested", "overlapping", "non-nested"]

LEVEL = 0.05
"""Level at which the constant of Shi's test is chosen, and the words of a result are meant."""

EXCESS = 0.1
"""By how much the critical value of Shi's test may exceed the normal one: her choice."""

DRAWS = 10_000
"""Draws from which the law of Shi's statistic is simulated."""

_DISTANCES = np.concatenate([[0.0], np.geomspace(0.05, 50.0, 40)])
"""Distances between the laws, in units of the noise from estimation, among which the least favourable is sought."""

_SAME = 1e-6
"""Nats below which differences of log-densities are those of two ways to one maximum: the laws are the same."""


@dataclass(frozen=True, kw_only=True)
class VuongTest:
    """Whether one of two laws is closer to the truth than the other.

    Attributes
    ----------
    first, second : str
        The laws.
    method : {"shi", "vuong"}
    case : {"nested", "overlapping", "non-nested", "any"}
        How the families lie to each other: Shi's test holds for any.
    difference : float
        Divergence of the second law from the truth less that of the first, nats per observation: positive where the
        first is closer. With the correction of the method for the number of parameters.
    statistic : float
        The difference in standard errors, positive where the first law is closer. For Vuong's test of nested models
        twice the log-likelihood ratio.
    p_value : float
        Two-sided, of both being as close.
    critical_value : float or None
        What the statistic of Shi's test is held against at the 5 % level.
    constant : float or None
        Shi's constant c, which keeps the denominator away from zero.
    variance_p_value : float or None
        Of the test that the two fitted laws are one; for overlapping families Vuong's test is meant for the rest only,
        and ``p_value`` is the larger of the two.
    """

    first: str
    second: str
    method: str
    case: str
    difference: float
    statistic: float
    p_value: float
    critical_value: float | None = None
    constant: float | None = None
    variance_p_value: float | None = None

    @property
    def closer(self) -> str | None:
        """The law that is closer to the truth, at the 5 % level; None if the data cannot tell."""
        if not self.p_value < LEVEL:
            return None
        return self.first if self.difference > 0 else self.second

    def __str__(self) -> str:
        name = "Shi's non-degenerate Vuong test" if self.method == "shi" else f"Vuong's test, {self.case}"
        verdict = (
            f"the data cannot tell {self.first} from {self.second}"
            if self.closer is None
            else f"{self.closer} is closer to the truth"
        )
        return (
            f"{name} of {self.first} against {self.second}: {self.statistic:.4g}, p = {self.p_value:.4g}; {verdict} "
            f"(difference of KL {self.difference:.4g} nats)"
        )


def vuong(
    first: Maximum,
    second: Maximum,
    sample: Sample,
    names: tuple[str, str],
    method: str = "shi",
    case: str | None = None,
    rng: Any = None,
) -> VuongTest:
    """Test whether one of two laws is closer to the truth.

    Parameters
    ----------
    first, second : Maximum
        Of the same sample.
    sample : Sample
        With its rows in the order given.
    names : tuple of str
    method : {"shi", "vuong"}
    case : {"nested", "overlapping", "non-nested"}, optional
        For Vuong's test: how the families lie to each other. By default nested where that is known, else overlapping.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        For the simulated critical value of Shi's test.

    Raises
    ------
    ComparisonError
        If one law is the other at the boundary of its parameters, as Poisson's of its zero-inflated one, or a maximum
        is at a boundary, where no statistic of this kind has its law (Wilson 2015, Economics Letters 127, 51-53).
    ParameterError
        If an option is unknown, or does not suit these families.
    """
    method = options.choice(method, "test", get_args(Method))
    case = None if case is None else options.choice(case, "case", get_args(Case))
    if case is not None and method != "vuong":
        raise ParameterError(f'case: for method="vuong" only, not for {method!r}.')
    _check(first, second, sample, names)
    terms = log_density(fitted_law(first), sample) - log_density(fitted_law(second), sample)
    mean, variance = moments(terms, sample)
    case = "nested" if case is None and (is_nested(first, second) or is_nested(second, first)) else case
    known: dict[str, Any] = {"first": names[0], "second": names[1], "method": method}
    if np.max(np.abs(terms)) <= _SAME:
        return VuongTest(**known, case=case or "overlapping", difference=0.0, statistic=0.0, p_value=1.0)
    if method == "shi":
        values = eigenvalues(first, second, sample)
        return _shi(mean, variance, values, sample.nobs, known, rng)
    return _vuong(first, second, sample, mean, variance, case or "overlapping", known)


def moments(terms: Array, sample: Sample) -> tuple[float, float]:
    """Weighted mean and variance, with divisor n, of one term a row.

    Vuong's statistic of strictly non-nested models is ``sqrt(n) * mean / sqrt(variance)``.
    """
    mean = float(total(terms, sample)) / sample.nobs
    return mean, float(total(np.square(terms - mean), sample)) / sample.nobs


def _check(first: Maximum, second: Maximum, sample: Sample, names: tuple[str, str]) -> None:
    if sample.weight_kind == "reliability":
        raise ComparisonError(
            "vuong: reliability weights are not numbers of observations, by which the test counts; "
            "the table has the standard error of each difference."
        )
    for one, other, name, other_name in ((first, second, *names), (second, first, *names[::-1])):
        if is_limit(other.family, one.family):
            raise ComparisonError(
                f"vuong: {other_name} is {name} at the boundary of its parameters, for which Vuong's test has the "
                f"wrong level (Wilson 2015). Test the boundary: fit.test(nested=...)."
            )
        certificate = one.certify()
        if one.limit is not None or one.boundary or not certificate.ok:
            raise ComparisonError(f"vuong: {name} is not at an interior maximum: {certificate.message}.")


def eigenvalues(first: Maximum, second: Maximum, sample: Sample) -> Array:
    """Weights of the chi-squared laws in the noise that estimation adds to the difference of log-likelihoods.

    Of B A⁻¹, where A holds the mean second derivatives of both log-densities, the second's negated, and B is the
    covariance of both scores, the second's negated. They sum to the difference of the traces tr(J⁻¹K), second less
    first: k₂ - k₁ where both models are true.
    """
    blocks, scores = [], []
    for maximum, sign in ((first, 1.0), (second, -1.0)):
        family = maximum.family
        irregular = [n for n in family.irregular(*family.unpack(maximum.theta)) if n not in maximum.fixed]
        if irregular:
            raise ParameterError(
                f"vuong: {family.name} has no score by {', '.join(irregular)} (an end of the support, or a kink), "
                f'which this test needs. If the families have no law in common: method="vuong", case="non-nested".'
            )
        blocks.append(-sign * curvature(maximum))
        scores.append(sign * score_rows(maximum, sample))
    score = np.concatenate(scores, axis=1)
    score = score - total(score, sample) / sample.nobs
    weight = 1.0 if sample.weight is None else sample.weight[:, None]
    covariance = (weight * score).T @ score / sample.nobs
    sizes = [len(block) for block in blocks]
    both = np.zeros((sum(sizes), sum(sizes)))
    both[: sizes[0], : sizes[0]], both[sizes[0] :, sizes[0] :] = blocks
    variances, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(variances, 0.0))  # rounding may leave -1e-17 where scores are dependent
    return np.linalg.eigvalsh(root.T @ np.linalg.solve(both, root))


# --- Vuong's test -----------------------------------------------------------------------------------------------------


def _vuong(
    first: Maximum,
    second: Maximum,
    sample: Sample,
    mean: float,
    variance: float,
    case: str,
    known: dict[str, Any],
) -> VuongTest:
    from scipy import special

    nobs = sample.nobs
    if case == "nested":
        larger_is_first = len(first.coordinates) > len(second.coordinates)
        weights = eigenvalues(first, second, sample) * (-1.0 if larger_is_first else 1.0)
        statistic = 2 * nobs * (mean if larger_is_first else -mean)
        p_value = weighted_chi_squared_sf(statistic, weights)
        return VuongTest(**known, case=case, difference=mean, statistic=statistic, p_value=p_value)
    statistic = math.sqrt(nobs) * mean / math.sqrt(variance)
    p_value = 2 * float(special.ndtr(-abs(statistic)))
    of_variance = None
    if case == "overlapping":
        of_variance = weighted_chi_squared_sf(nobs * variance, np.square(eigenvalues(first, second, sample)))
        p_value = max(p_value, of_variance)
    return VuongTest(
        **known, case=case, difference=mean, statistic=statistic, p_value=p_value, variance_p_value=of_variance
    )


def weighted_chi_squared_sf(x: float, weights: Array) -> float:
    """Probability that a weighted sum of independent chi-squared variables with one degree of freedom exceeds ``x``.

    By inversion of the characteristic function (Imhof 1961, Biometrika 48, 419-426), to about 1e-12.

    Examples
    --------
    >>> import numpy as np
    >>> round(weighted_chi_squared_sf(5.991464547107979, np.ones(2)), 9)
    0.05
    """
    from scipy import integrate

    largest = float(np.max(np.abs(weights), initial=0.0))
    if largest == 0.0:
        return 1.0 if x <= 0 else 0.0
    lam = weights[np.abs(weights) > 1e-9 * largest] / largest
    x = x / largest
    if x <= 0 and np.all(lam > 0):
        return 1.0
    if x >= 0 and np.all(lam < 0):
        return 0.0

    def angle(u: float) -> float:
        return 0.5 * float(np.sum(np.arctan(lam * u)))

    def size(u: float) -> float:
        return 1.0 / (u * math.exp(0.25 * float(np.sum(np.log1p(np.square(lam * u))))))

    def whole(u: float) -> float:
        return math.sin(angle(u) - 0.5 * x * u) * size(u) if u > 0 else 0.5 * (float(np.sum(lam)) - x)

    split = 1.0
    near = integrate.quad(whole, 0.0, split, epsabs=1e-12, limit=500)[0]
    frequency = 0.5 * abs(x)
    if frequency == 0.0:
        far = integrate.quad(whole, split, np.inf, epsabs=1e-12, limit=500)[0]
    else:
        # sin(a - xu/2) = sin a cos(xu/2) - cos a sin(xu/2): smooth factors and waves, which QUADPACK takes to infinity.
        options: dict[str, Any] = {"epsabs": 1e-12, "limlst": 500, "limit": 500, "wvar": frequency}
        cosine = integrate.quad(lambda u: math.sin(angle(u)) * size(u), split, np.inf, weight="cos", **options)[0]
        sine = integrate.quad(lambda u: math.cos(angle(u)) * size(u), split, np.inf, weight="sin", **options)[0]
        far = cosine - math.copysign(1.0, x) * sine
    # The error is about 1e-14, so that a probability smaller than that may come out as less than 0.
    return max(0.0, float(0.5 + (near + far) / math.pi))


# --- Shi's test -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Noise:
    """Draws of the joint law of numerator and denominator, for eigenvalues scaled to a sum of squares of one.

    At distance ``s`` the statistic is ``(s A1 - A2) / sqrt(s² - 2 s A3 + A4 + c)``.
    """

    a1: Array
    a2: Array
    a3: Array
    a4: Array

    @classmethod
    def of(cls, values: Array, rng: Any) -> _Noise:
        """Draw; the same for the models in either order."""
        values = values[np.argsort(-np.abs(values), kind="stable")]
        values = values * math.copysign(1.0, values[0])  # exchanging the models turns all signs
        values = values / math.sqrt(float(np.sum(values**2)))
        z = options.generator(rng).standard_normal((DRAWS, len(values)))
        squares = np.square(z)
        # The least favourable correlation is with the direction of the largest eigenvalue alone (Shi 2015, sec. 5).
        return cls(
            z[:, 0],
            0.5 * (squares @ values - float(np.sum(values))),
            values[0] * z[:, 0],
            squares @ np.square(values),
        )

    def statistics(self, distance: float, constant: float) -> Array:
        """Absolute values of the statistic."""
        variance = distance**2 - 2 * distance * self.a3 + self.a4 + constant
        return np.abs(distance * self.a1 - self.a2) / np.sqrt(variance)

    def critical_value(self, constant: float) -> float:
        """The largest upper 5 % point among all distances; the normal one where the laws are far apart."""
        from scipy import special

        found = max(float(np.quantile(self.statistics(s, constant), 1 - LEVEL)) for s in _DISTANCES.tolist())
        return max(found, float(special.ndtri(1 - LEVEL / 2)))

    def p_value(self, statistic: float, constant: float) -> float:
        """The largest probability, among all distances, of a statistic as large: its rank among the draws."""
        from scipy import special

        counts = [int(np.count_nonzero(self.statistics(s, constant) >= abs(statistic))) for s in _DISTANCES.tolist()]
        return max((1 + max(counts)) / (1 + DRAWS), 2 * float(special.ndtr(-abs(statistic))))

    def smallest_constant(self) -> tuple[float, float]:
        """The smallest c at which the critical value is near the normal one, and that critical value."""
        from scipy import special

        goal = float(special.ndtri(1 - LEVEL / 2)) + EXCESS
        low, high = 0.0, 0.0
        value = self.critical_value(0.0)
        if value <= goal:
            return 0.0, value
        high = 1.0
        while self.critical_value(high) > goal:
            low, high = high, 2 * high
        for _ in range(12):
            middle = 0.5 * (low + high)
            if self.critical_value(middle) > goal:
                low = middle
            else:
                high = middle
        return high, self.critical_value(high)


def _shi(mean: float, variance: float, values: Array, nobs: float, known: dict[str, Any], rng: Any) -> VuongTest:
    noise = _Noise.of(values, rng)
    constant, critical = noise.smallest_constant()
    # Half of the correction by which TIC corrects for prediction: this one is for the best law of each family.
    difference = mean + float(np.sum(values)) / (2 * nobs)
    statistic = math.sqrt(nobs) * difference / math.sqrt(variance + constant * float(np.sum(values**2)) / nobs)
    return VuongTest(
        **known,
        case="any",
        difference=difference,
        statistic=statistic,
        p_value=noise.p_value(statistic, constant),
        critical_value=critical,
        constant=constant,
    )
