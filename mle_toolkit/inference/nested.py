"""Tests of nested models: likelihood ratio, score and Wald.

All three ask how far the data are from a law with some parameters known, and agree for large samples (Engle 1984,
Handbook of Econometrics 2, ch. 13). In exponential families the likelihood-ratio statistic is twice the number of
observations times the divergence between the two fitted laws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import ComparisonError, ParameterError
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.mixture import Mixture
from mle_toolkit.families.combinators.vector_mixture import VectorMixture
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.nesting import special_values
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit
from mle_toolkit.inference.covariance import CovKind, covariance, expected_information, inverse
from mle_toolkit.inference.curvature import curvature
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.spans import outside
from mle_toolkit.options import choice, numbers, shown

Method = Literal["lr", "score", "wald"]

ROUNDING = 1e-6
"""Log-likelihood, in nats, by which a restricted maximum may be above the full one before one of them is wrong."""

_FARTHER = 1e-3
"""Share of its distance from the null by which the estimate is moved to see where Wald's statistic goes."""

_BOUNDARY_LAW = "half chi-squared({0}), half chi-squared({1})"


@dataclass(frozen=True, kw_only=True)
class NestedTest:
    """What a test of a smaller model within a larger one found.

    Attributes
    ----------
    method : {"lr", "score", "wald"}
    null : str
        The smaller model.
    statistic : float
        Twice a log-likelihood difference, or what is about that for large samples.
    df : int
        By how many free parameters the models differ.
    p_value : float
        Probability of a statistic as large under the smaller model.
    reference : str
        The law from which the p-value comes.
    notes : tuple of str
        What to beware of.
    """

    method: str
    null: str
    statistic: float
    df: int
    p_value: float
    reference: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        name = {"lr": "likelihood-ratio", "score": "score", "wald": "Wald"}[self.method]
        text = f"{name} test of {self.null}: {self.statistic:.6g}, {self.reference}, p = {self.p_value:.4g}"
        return "\n".join((text, *(f"  {note}" for note in self.notes)))


def compare_with_values(full: Maximum, values: Mapping[str, Any], method: str = "lr") -> NestedTest:
    """Test whether parameters have given values.

    Parameters
    ----------
    full : Maximum
        The fit in which they are free.
    values : mapping of str to value
        What they are under the smaller model. A value at an end of its domain is a boundary, and so is one at which the
        family is another law: ``{"size": inf}`` of the negative binomial, which then is Poisson's.
    method : {"lr", "score", "wald"}

    Raises
    ------
    ParameterError
        If the statistic has no known law, or the parameters were not free.
    """
    method = checked(full, method)
    family = full.family
    if not isinstance(values, Mapping):
        raise ParameterError(f"test: expected values by the name of a parameter, got {shown(values)}.")
    if not values:
        raise ParameterError("test: no parameter is given a value, so the models are the same.")
    for name in values:
        if name not in family.param_names:
            raise ParameterError(
                f"test: {family.name} has no parameter {name!r}; its parameters: {', '.join(family.param_names)}."
            )
        if name in full.fixed:
            raise ParameterError(f"test: {name} was given in the larger model, so there is nothing to test.")
    values = {name: numbers(value, f"test: {name}") for name, value in values.items()}
    if any(np.any(np.isinf(value)) for value in values.values()):
        if isinstance(family, Mixture | VectorMixture):
            raise ParameterError(_of_mixtures(family))
        return _against_limit(full, _limit_at(family, values), method)
    tested = [p for p in family.parameters if p.name in values]
    _check_regular(full, tested)
    ends = [p.name for p in tested if any(np.any(np.asarray(values[p.name]) == e) for e in p.domain.endpoints)]
    bounds = {name: limits for name, limits in full.bounds.items() if name not in values}
    restricted = maximise(family, full.likelihood.data, fixed={**full.known, **values}, bounds=bounds)
    return _compared(full, restricted, tested, ends, method)


def compare_with_fit(full: Maximum, restricted: Maximum, method: str = "lr") -> NestedTest:
    """Test a smaller fit to the same data.

    Parameters
    ----------
    full, restricted : Maximum
        The smaller model is the same family with more parameters known, or a law that is declared as a special case
        of the larger, or as its limit.
    method : {"lr", "score", "wald"}

    Raises
    ------
    ParameterError
        If the smaller model is not known to be nested in the larger, or the statistic has no known law.
    """
    method = checked(full, method)
    check_verdict(restricted, "smaller")
    family = full.family
    if restricted.family.name == family.name and restricted.family.param_names == family.param_names:
        same = all(np.array_equal(restricted.known.get(name, np.nan), value) for name, value in full.known.items())
        more = {name: value for name, value in restricted.known.items() if name not in full.fixed}
        if not same or not more:
            raise ParameterError(
                "test: of one family, the smaller model must know all that the larger knows, and more: "
                f"{sorted(restricted.fixed)} against {sorted(full.fixed)}."
            )
        return compare_with_values(full, more, method)
    values = special_values(family, restricted.family)
    if values and not restricted.fixed and not full.fixed:
        return compare_with_values(full, values, method)
    for limit in family.limits:
        if limit.family.name == restricted.family.name:
            if restricted.fixed or full.fixed:
                raise ParameterError("test: against a limiting law, with nothing known in either model.")
            return _against_limit(full, limit, method)
    if is_limit(restricted.family, family):
        raise ParameterError(
            f"test: {restricted.family.name} is {family.name} with several parameters at the boundary, and the law of "
            f"the statistic depends on the angle between them (Self & Liang 1987); test one step at a time."
        )
    raise ParameterError(
        f"test: {restricted.family.name} is not known to be nested in {family.name}. If it is, give the values at "
        f'which it is: fit.test({{"{family.param_names[0]}": ...}}); if not, see compare(...).vuong().'
    )


# --- what may be tested -----------------------------------------------------------------------------------------------


def checked(full: Maximum, method: str) -> Method:
    """The test that is meant; raise if it has no known law for the weights, or the fit is not at a maximum."""
    asked: Method = choice(method, "test", get_args(Method))
    if full.likelihood.data.weight_kind == "reliability" and asked != "wald":
        raise ParameterError(
            f'test: with reliability weights the statistic of "{asked}" is not chi-squared; '
            f'use method="wald", which then takes the sandwich covariance.'
        )
    check_verdict(full, "larger")
    return asked


def check_verdict(maximum: Maximum, which: str) -> None:
    """Raise if a model is not at a maximum."""
    certificate = maximum.certify()
    if not certificate.ok:
        raise ParameterError(f"test: the {which} model is not at a maximum: {certificate.message}.")


def _check_regular(full: Maximum, tested: list[Parameter]) -> None:
    family = full.family
    irregular = family.irregular(*family.unpack(full.theta))
    names = [p.name for p in tested if p.name in irregular]
    if names:
        raise ParameterError(
            f"test: {', '.join(names)} is an end of the support or a kink of the density, for which the likelihood "
            f"ratio is not chi-squared; use the bootstrap."
        )
    if isinstance(family, Mixture | VectorMixture) and any(p.name == "weights" for p in tested):
        raise ParameterError(_of_mixtures(family))


def _of_mixtures(family: Family) -> str:
    return (
        f"test: without a component of {family.name} its own parameters are not identified, so no statistic is "
        f"chi-squared (McLachlan & Peel 2000, Finite Mixture Models, sec. 6.4). Compare by BIC, or simulate the "
        f"likelihood ratio under the smaller model."
    )


def _limit_at(family: Family, values: Mapping[str, Any]) -> Limit:
    """The limiting law at which parameters have given values, some of them infinite."""
    for limit in family.limits:
        embedded = dict(zip(family.param_names, limit.embed(*(np.pi for _ in limit.family.param_names)), strict=True))
        at_end = {k: v for k, v in embedded.items() if np.ndim(v) == 0 and v != np.pi}
        if {k: float(v) for k, v in values.items() if np.ndim(v) == 0} == at_end and len(values) == len(at_end):
            return limit
    known = [limit.family.name for limit in family.limits]
    raise ParameterError(
        f"test: {family.name} is no law that is known where {', '.join(f'{k} = {v}' for k, v in values.items())}"
        + (f"; its limits are {', '.join(known)}." if known else ".")
    )


def is_nested(small: Maximum, large: Maximum) -> bool:
    """Whether a model is known to be a special case of another, inside its parameter space or at its boundary."""
    if isinstance(large.family, Model) and isinstance(small.family, Model):
        if large.known or large.bounds or outside(large.family, small.family) is not None:
            return False
        same = small.family.name == large.family.name
        fewer = small.family.n_free < large.family.n_free
        return fewer and (same or is_limit(small.family, large.family))
    if small.family.name == large.family.name:
        shared = all(np.array_equal(small.known.get(k, np.nan), v) for k, v in large.known.items())
        return shared and set(large.fixed) < set(small.fixed)
    if large.fixed or large.bounds:
        return False
    return bool(special_values(large.family, small.family)) or is_limit(small.family, large.family)


def is_limit(small: Family, large: Family) -> bool:
    """Whether a law is another at the boundary of its parameters, in one step or several."""
    if isinstance(large, Model) and isinstance(small, Model) and outside(large, small) is not None:
        return False
    return any(law.name == small.name for law in limits_below(large))


def limits_below(family: Family) -> Iterator[Family]:
    """Laws that a family tends to at an end of its parameter space, and those that these tend to."""
    for limit in family.limits:
        yield limit.family
        yield from limits_below(limit.family)


# --- statistics -------------------------------------------------------------------------------------------------------


def _against_limit(full: Maximum, limit: Limit, method: str) -> NestedTest:
    """Test a law at an end of the parameter space, by the likelihood ratio."""
    family, law = full.family, limit.family
    if isinstance(family, Mixture | VectorMixture):
        raise ParameterError(_of_mixtures(family))
    df = family.n_free - law.n_free
    irregular = (*family.irregular(*family.unpack(full.theta)), *(p.name for p in law.parameters if not p.regular))
    if df != 1 or irregular:
        reason = f"{df} parameters vanish there" if df != 1 else f"{', '.join(irregular)} has no standard error"
        raise ParameterError(
            f"test: {law.name} is {family.name} at the boundary of its parameters, but {reason}, and the law of the "
            f"likelihood ratio is not known; simulate it under {law.name}."
        )
    if full.fixed or full.bounds:
        raise ParameterError("test: against a limiting law, with nothing known and no bounds in the larger model.")
    if method != "lr":
        raise ParameterError(f'test: {law.name} is {family.name} at the boundary of its parameters; use method="lr".')
    restricted = maximise(law, full.likelihood.data)
    _check_nuisance(restricted)
    return likelihood_ratio(full, restricted, law.name, 1, 1)


def _compared(full: Maximum, restricted: Maximum, tested: list[Parameter], ends: list[str], method: str) -> NestedTest:
    df = sum(p.domain.n_free for p in tested)
    null = " and ".join(
        f"{name} = {_shown(value)}" for name, value in restricted.known.items() if name not in full.fixed
    )
    if len(ends) > 1:
        raise ParameterError(
            f"test: {', '.join(ends)} are at the ends of their domains together, and the law of the statistic then "
            f"depends on the angle between them (Self & Liang 1987); simulate it under the smaller model."
        )
    check_verdict(restricted, "smaller")
    _check_nuisance(restricted)
    if method == "lr":
        return likelihood_ratio(full, restricted, null, df, len(ends))
    if ends:
        raise ParameterError(f'test: {null} is at the boundary of the parameters; use method="lr".')
    if method == "score":
        statistic, notes = _score(full, restricted)
    else:
        statistic, notes = _wald(full, restricted, tested)
    return test_result(method, null, statistic, df, 0, notes)


def _check_nuisance(restricted: Maximum) -> None:
    names = [name for name in restricted.boundary if name not in restricted.fixed]
    if names:
        raise ParameterError(
            f"test: under the smaller model {', '.join(names)} is at the boundary, so no statistic has its usual law; "
            f"simulate it under the smaller model."
        )


def likelihood_ratio(full: Maximum, restricted: Maximum, null: str, df: int, at_boundary: int) -> NestedTest:
    """Twice the fall of the log-likelihood, of ``df`` parameters of which one, or none, is at a boundary."""
    gain = full.loglik - restricted.loglik
    if gain < -ROUNDING * max(1.0, 1e-6 * abs(full.loglik)):
        raise ComparisonError(
            f"test: the smaller model has the higher log-likelihood, by {-gain:.3g} nats, so the fit of the larger is "
            f"not its maximum; fit it again from another start."
        )
    notes = []
    if full.certify().verdict is Verdict.LOCAL:
        notes.append("the likelihood of the larger model is unbounded; its local maximum was compared")
    return test_result("lr", null, 2 * gain, df, at_boundary, tuple(notes))


def _score(full: Maximum, restricted: Maximum) -> tuple[float, tuple[str, ...]]:
    """Slope of the log-likelihood at the smaller model, in units of its standard deviation, squared."""
    family = full.family
    irregular = family.irregular(*family.unpack(restricted.theta))
    free = tuple(p.name not in full.fixed and p.name not in irregular for p in family.parameters)
    at_null = replace(restricted, free=free, fixed=full.fixed)
    u, nobs = at_null.coordinates, at_null.likelihood.nobs
    slope = nobs * at_null.objective.gradient(u)
    if at_null.likelihood.plain and family.score is not None and not family.multivariate and not family.per_row:
        information, note = nobs * expected_information(at_null), "with the expected information"
    else:
        information, note = nobs * curvature(at_null), "with the observed information"
    statistic = float(slope @ inverse(information) @ slope)
    if not math.isfinite(statistic):
        raise ParameterError('test: the information at the smaller model is not positive definite; use method="lr".')
    return statistic, (note,)


def _wald(full: Maximum, restricted: Maximum, tested: list[Parameter]) -> tuple[float, tuple[str, ...]]:
    """Distance of the estimates from their values under the smaller model, in standard errors, squared."""
    family = full.family
    if any(p.domain.n_free != p.size for p in tested):
        raise ParameterError(
            'test: the numbers of a tested parameter depend on one another (weights, a covariance); use method="lr".'
        )
    names = {p.name for p in tested}
    places = np.array([k for k, owner in enumerate(_owners(family)) if owner in names])
    kind: CovKind = "observed" if full.likelihood.data.weight_kind == "frequency" else "sandwich"
    cov = covariance(full, kind)[np.ix_(places, places)]
    distance = full.theta[places] - restricted.theta[places]
    if not np.all(np.isfinite(cov)):
        raise ParameterError(f'test: {", ".join(sorted(names))} has no standard error; use method="lr".')
    unit = 1 / np.sqrt(np.diag(cov))
    scaled = distance * unit
    statistic = float(scaled @ np.linalg.solve(cov * np.outer(unit, unit), scaled))
    return statistic, _hauck_donner(full, int(places[0]), float(distance[0])) if len(places) == 1 else ()


def _hauck_donner(full: Maximum, place: int, distance: float) -> tuple[str, ...]:
    """A note if Wald's statistic would be smaller for an estimate that is farther from the null.

    The standard error at the farther estimate comes from the expected information there (Hauck & Donner 1977, JASA 72,
    851-853; Yee 2022, JASA 117, 1763-1774).
    """
    family = full.family
    if not full.likelihood.plain or family.score is None or family.multivariate or family.per_row:
        return ("not checked for the Hauck-Donner effect, which needs exact observations and a score",)
    if distance == 0.0:
        return ()

    def wald(share: float) -> float:
        theta = full.theta.copy()
        theta[place] += share * distance
        inner = full.likelihood.unit.params_to_unit(family, theta)
        there = replace(full, theta=theta, theta_in_unit=inner, value=None)
        variance = float(covariance(there, "expected")[place, place])
        return abs((1 + share) * distance) / math.sqrt(variance) if variance > 0 else math.nan

    domain = next(
        p.domain
        for p, owner in zip(family.parameters, family.param_names, strict=True)
        if owner == _owners(family)[place]
    )
    beyond = full.theta[place] + _FARTHER * distance
    if isinstance(domain, Interval) and not domain.contains(np.asarray(beyond)):
        return ()
    here, farther = wald(0.0), wald(_FARTHER)
    if farther < here:
        return (
            "Hauck-Donner effect: Wald's statistic falls as the estimate moves away from the null, so it understates "
            'the evidence; use method="lr"',
        )
    return ()


def _owners(family: Family) -> list[str]:
    """The parameter of each coefficient."""
    return [p.name for p in family.parameters for _ in range(p.size)]


def test_result(
    method: str, null: str, statistic: float, df: int, at_boundary: int, notes: tuple[str, ...]
) -> NestedTest:
    """The result of a statistic that is chi-squared, or half that of one degree of freedom less."""
    p_value = chi_bar_squared_sf(statistic, df) if at_boundary else _chi_squared_sf(statistic, df)
    reference = _BOUNDARY_LAW.format(df - 1, df) if at_boundary else f"chi-squared({df})"
    if at_boundary:
        notes = (*notes, "the smaller model is at the boundary of the larger (Self & Liang 1987)")
    return NestedTest(
        method=method, null=null, statistic=statistic, df=df, p_value=p_value, reference=reference, notes=notes
    )


def chi_bar_squared_sf(statistic: float, df: int) -> float:
    """Upper tail of the even mixture of chi-squared laws with ``df - 1`` and ``df`` degrees of freedom.

    Of the likelihood ratio where one of the tested parameters is at the end of its domain: half of the time its
    estimate stays there. With no degree of freedom the law is a point at 0.

    Source: Self & Liang (1987), JASA 82, 605-610, cases 5 and 6.

    Examples
    --------
    >>> round(chi_bar_squared_sf(2.7055434540954, 1), 12)
    0.05
    """
    return 0.5 * (_chi_squared_sf(statistic, df - 1) + _chi_squared_sf(statistic, df))


def _chi_squared_sf(statistic: float, df: int) -> float:
    from scipy import special

    if statistic <= 0:  # a likelihood ratio of -1e-12 is 0 up to rounding
        return 1.0
    return float(special.chdtrc(df, statistic)) if df else 0.0


def _shown(value: Any) -> str:
    numbers: Array = np.ravel(value)
    text = ", ".join(f"{v:g}" for v in numbers)
    return f"[{text}]" if np.ndim(value) else text
