"""Covariance of the estimates, and the trace that corrects the log-likelihood for optimism."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.estimation.certificate import SINGULAR, Spectrum, spectrum
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.recorded import Recorded
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.expected_rows import FEWEST, expected_of_rows
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import needed
from mle_toolkit.families.links import OfLogit
from mle_toolkit.inference.curvature import curvature, curvature_in_rows, score_products
from mle_toolkit.likelihood.model import Model
from mle_toolkit.options import choice

CovKind = Literal["observed", "expected", "opg", "sandwich"]
_KINDS = get_args(CovKind)

WALD_OBSERVATIONS = 50
"""Observations per free parameter from which 95 % Wald intervals have held the truth in 92 samples of 100 at least,
for eight families; with fewer, in as few as 73 (``benchmarks/coverage.py``, published in docs/explanation)."""


def cov_kind(kind: str) -> CovKind:
    """A kind of covariance, by its name.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    return choice(kind, "covariance kind", _KINDS)


def covariance(maximum: Maximum | Recorded, kind: CovKind) -> Array:
    """Covariance matrix of all parameters, in the unit of the data.

    Parameters
    ----------
    maximum : Maximum, or Recorded for what was saved of one
    kind : {"observed", "expected", "opg", "sandwich"}
        Inverse of the observed information J; of the expected information at the estimate; of the
        outer product of the scores K; or J⁻¹ K J⁻¹, which holds when the model is wrong too (Huber 1967; White 1982).

    Returns
    -------
    ndarray of shape (p, p)
        0 for known parameters; NaN for those at a boundary, without a standard error, or not identified.
    """
    cov, slopes = _in_unit(maximum, kind)
    with np.errstate(over="ignore"):  # a variance may overflow where its standard error does not
        return np.asarray(cov * slopes * slopes[:, None])


def standard_errors(maximum: Maximum, kind: CovKind) -> Array:
    """Square roots of the diagonal of `covariance`; they neither overflow nor underflow where the data do not."""
    cov, slopes = _in_unit(maximum, kind)
    return np.asarray(np.sqrt(cov.diagonal()) * slopes)


def _in_unit(maximum: Maximum | Recorded, kind: CovKind) -> tuple[Array, Array]:
    """Covariance in the unit of the likelihood, and the slopes that take each parameter to the unit of the data."""
    kind = cov_kind(kind)
    if isinstance(maximum, Recorded):
        return maximum.covariance(kind), np.ones(len(maximum.theta))
    if maximum.limit is not None:
        return _through_limit(maximum, maximum.limit, *_in_unit(maximum.limit, kind))
    u, nobs = maximum.coordinates, maximum.likelihood.nobs
    if kind == "observed":
        bent = curvature(maximum)
        inner = _inverted(maximum.spectrum if bent is maximum.hessian else spectrum(bent), bent) / nobs
    elif kind == "expected":
        inner = inverse(nobs * expected_information(maximum))
    elif kind == "opg":
        inner = inverse(score_products(maximum))
    else:
        bread = inverse(nobs * curvature_in_rows(maximum))
        inner = bread @ score_products(maximum) @ bread
    family, coordinates = maximum.family, maximum.objective.coordinates
    slopes = coordinates.jacobian(u)
    cov = slopes @ inner @ slopes.T
    irregular = family.irregular(*family.unpack(maximum.theta))
    if irregular or not all(coordinates.free):
        first = 0
        for p, free in zip(family.parameters, coordinates.free, strict=True):
            if (not free or p.name in irregular) and p.name not in maximum.fixed:
                cov[first : first + p.size, :] = cov[:, first : first + p.size] = np.nan
            first += p.size
    return np.asarray(cov), maximum.likelihood.unit.slopes(family)


def too_few_for_wald(family: Family, nobs: float, df_model: int) -> bool:
    """Whether Wald's intervals may hold the truth less often than they say: see `WALD_OBSERVATIONS`.

    Of laws of vectors, with their many parameters, nothing was simulated and nothing is said.
    """
    return not family.multivariate and nobs < WALD_OBSERVATIONS * df_model


def wald_interval(value: float, se: float, domain: Interval, alpha: float) -> tuple[float, float]:
    """Interval of a normal estimate on the scale on which its domain has no ends, in the unit of the data.

    That is the log of the distance from the end of a half line, the logit between two ends, and the plain scale on the
    whole line: an interval of a positive number is then positive (Meeker & Escobar 1998, Statistical Methods for
    Reliability Data, sec. 7.3.3 and 8.4.3).

    Parameters
    ----------
    value, se : float
        The estimate and its standard error, both on the plain scale.
    domain : Interval
        Where the true value lies.
    alpha : float
        One minus the level.

    Returns
    -------
    tuple of float
        NaN without a standard error, and for an estimate at an end, whose distance from it has no log.
    """
    reach = -float(special.ndtri(alpha / 2)) * se
    below, above = value - domain.lower, domain.upper - value
    if domain.is_line:
        return value - reach, value + reach
    if not (below > 0 and above > 0):
        return math.nan, math.nan
    with np.errstate(over="ignore"):
        factor = float(np.exp(reach / below + reach / above))  # a distance of infinity adds 0
    if math.isinf(above):
        return domain.lower + below / factor, domain.lower + below * factor
    if math.isinf(below):
        return domain.upper - above * factor, domain.upper - above / factor
    width = domain.upper - domain.lower  # each end from the side of the domain on which it keeps its digits
    from_lower, from_upper = below / (below + above * factor), above / (above + below * factor)
    return domain.lower + width * from_lower, domain.upper - width * from_upper


def intervals_of(family: Family) -> list[Interval]:
    """Where each number of the parameters lies, by itself."""
    return [interval for p in family.parameters for interval in (p.natural or p.domain).intervals]


def wald_intervals(family: Family, theta: Array, se: Array, alpha: float, *, plain: bool = False) -> Array:
    """Intervals of all parameters, each by its domain, or all on the plain scale; shape (p, 2)."""
    domains = [REAL if plain else interval for interval in intervals_of(family)]
    rows = zip(theta.tolist(), se.tolist(), domains, strict=True)
    return np.array([wald_interval(value, error, domain, alpha) for value, error, domain in rows]).reshape(-1, 2)


def cluster_covariance(maximum: Maximum, clusters: NDArray[np.intp]) -> Array:
    """Covariance of all parameters where rows of a cluster depend on each other, in the unit of the data.

    J⁻¹ (Σ S_c S_cᵀ) J⁻¹ G / (G - 1), with the scores S_c of G clusters (Liang & Zeger 1986, Biometrika 73, 13-22).

    Parameters
    ----------
    maximum : Maximum
    clusters : ndarray of int of shape (n_rows,)
        Which cluster each row is in.
    """
    if maximum.limit is not None:
        return _through_limit(maximum, maximum.limit, cluster_covariance(maximum.limit, clusters), np.ones(1))[0]
    u, sample = maximum.coordinates, maximum.likelihood.sample
    scores = maximum.objective.score_rows(u)
    scores = scores if sample.weight is None else scores * sample.weight[:, None]
    _, groups = np.unique(clusters, return_inverse=True)
    count = int(groups.max()) + 1
    if count < 2:
        raise ParameterError("cluster: all rows are in one cluster, so its scores sum to 0 and say nothing.")
    sums = np.zeros((count, len(u)))
    np.add.at(sums, groups, scores)
    bread = inverse(maximum.likelihood.nobs * curvature_in_rows(maximum))
    slopes = maximum.objective.coordinates.jacobian(u)
    cov = slopes @ bread @ (sums.T @ sums * (count / (count - 1))) @ bread @ slopes.T
    unit = maximum.likelihood.unit.slopes(maximum.family)
    return np.asarray(cov * np.outer(unit, unit))


def optimism(maximum: Maximum) -> float:
    """tr(J⁻¹ K): by how much the log-likelihood overstates the fit on new data (Takeuchi 1976).

    It is about the number of parameters where the model is true, and NaN where the information is singular, or where
    the rows were not kept, whose scores it needs.
    """
    if maximum.limit is not None:
        return optimism(maximum.limit)
    if len(maximum.coordinates) == 0:
        return 0.0
    if not maximum.likelihood.data.has_rows:
        return math.nan
    bread = inverse(maximum.likelihood.nobs * curvature_in_rows(maximum))
    with np.errstate(invalid="ignore"):  # scores may be infinite at an end of a support
        return float(np.trace(bread @ score_products(maximum)))


def _is_alike(of_logit: OfLogit) -> bool:
    """Whether second derivatives by the logit do not depend on what was observed."""
    none, one = (of_logit(np.array([x]), np.zeros(1))[2] for x in (0.0, 1.0))
    return bool(np.array_equal(none, one))


def expected_information(maximum: Maximum) -> Array:
    """Fisher information of one observation at the estimate, by coordinates: E[score scoreᵀ]."""
    family, u = maximum.likelihood.family, maximum.coordinates
    if isinstance(family, Model):
        # Of trials second derivatives by the logit are the same whatever was observed: nothing is divided by p (1 - p).
        own = family.base.by_logit
        canonical = own is not None and family.rows_by_logit == own and _is_alike(own)
        by_logit = canonical and maximum.likelihood.plain
        return maximum.objective.hessian(u) if by_logit else _expected_of_rows(maximum, family)
    if family.per_row:
        raise ParameterError(f'{family.name}: cov kind "expected" is not available with constants per row.')
    if family.multivariate:
        # At the maximum of an exponential family, whose scores are linear in its statistics, both are the same.
        if isinstance(family, ExponentialFamily):
            return maximum.objective.hessian(u)
        raise ParameterError(f'{family.name}: cov kind "expected" is not available for vectors; use "observed".')
    if not maximum.likelihood.plain:
        raise ParameterError(
            f'{family.name}: cov kind "expected" needs exact observations without windows: what others can be expected '
            f'to say depends on how each of them came to be censored, or hidden. Use "observed".'
        )
    theta = maximum.theta_in_unit
    law = Distribution(family, dict(zip(family.param_names, family.unpack(theta), strict=True)))
    slopes = maximum.objective.coordinates.jacobian(u)
    if family.score is None:
        raise ParameterError(f'{family.name}: cov kind "expected" needs a score; use "observed".')
    score = family.score

    def by_coordinates(x: Array) -> Array:
        with np.errstate(all="ignore"):
            parts = np.stack([np.broadcast_to(s, np.shape(x)) for s in score(x, *family.unpack(theta))], axis=-1)
        return np.asarray(parts @ slopes)

    def product(j: int, k: int) -> float:
        return law.expect(lambda x: by_coordinates(x)[..., j] * by_coordinates(x)[..., k])

    n = len(u)
    information = np.empty((n, n))
    for j in range(n):
        for k in range(j + 1):
            information[j, k] = information[k, j] = product(j, k)
    return information


def _expected_of_rows(maximum: Maximum, model: Model) -> Array:
    """Fisher information of a model, by coordinates: that of the law of each row, taken through its predictors."""
    likelihood = maximum.likelihood
    if not likelihood.plain or model.base.score is None:
        raise ParameterError(
            f'{model.name}: cov kind "expected" needs exact observations and a law with a score; use "observed".'
        )
    sample = likelihood.sample
    at = model.given(sample.known).at_rows(model.unpack(maximum.theta_in_unit))
    base = model.base.given(sample.known)
    columns = np.column_stack(
        [*(np.broadcast_to(value, sample.n_rows) for value in at.params), *base.known.values()]
    ).astype(float)
    _, first, which = np.unique(columns, axis=0, return_index=True, return_inverse=True)
    count = len(at.params)
    pairs = [(j, k) for j in range(count) for k in range(j, count)]
    found = np.full((len(first), len(pairs)), np.nan)
    if len(first) >= FEWEST:

        def products(law: Distribution, x: Array, rows: Any) -> Array:
            score = needed(law.family, law.family.score, "score")
            with np.errstate(all="ignore"):
                parts = [np.broadcast_to(s, np.shape(x)) for s in score(x, *law.in_order)]
            return np.stack([parts[j] * parts[k] for j, k in pairs])

        laws = Distribution.at(base.take(first), tuple(columns[first, :count].T))
        found = expected_of_rows(laws, len(first), products).T
    for place, row in enumerate(first.tolist()):
        if np.all(np.isfinite(found[place])):
            continue
        law = Distribution.at(base.take(row), tuple(columns[row, :count].tolist()))
        params, score = law.in_order, needed(law.family, law.family.score, "score")
        for m, (j, k) in enumerate(pairs):

            def product(x: Array, j: int = j, k: int = k, params: Any = params, score: Any = score) -> Array:
                with np.errstate(all="ignore"):
                    parts = score(x, *params)
                return np.asarray(parts[j] * parts[k] + 0.0 * x)

            found[place, m] = law.expect(product)
    second = found[which.reshape(-1)].T
    nothing = np.zeros(sample.n_rows)
    sums = model.given(sample.known).summed(at, nothing, [nothing] * count, second, sample.weight, sample.n_rows)
    size = sum(p.size for p in model.parameters)
    information = np.zeros((size, size))
    information[np.triu_indices(size)] = sums[1 + size :]
    information = information + np.triu(information, 1).T
    slopes = maximum.objective.coordinates.jacobian(maximum.coordinates)
    return np.asarray(slopes.T @ information @ slopes / likelihood.nobs)


def _through_limit(maximum: Maximum, at: Maximum, inner: Array, inner_slopes: Array) -> tuple[Array, Array]:
    """Covariance at a limiting law: that of its own parameters, carried over where they are finite."""
    embed, held = maximum.embed, maximum.held
    theta = at.theta
    columns: list[Any] = []
    for k in range(len(theta)):
        step = np.zeros(len(theta))
        step[k] = 1e-6 * max(abs(theta[k]), 1e-300)
        with np.errstate(invalid="ignore"):
            up, down = (
                np.concatenate([np.ravel(v) for v in embed(*at.family.unpack(theta + s))]) for s in (step, -step)
            )
            columns.append((up - down) / (2 * step[k]))
    slopes = np.stack(columns, axis=1) * inner_slopes if columns else np.zeros((len(maximum.theta), 0))
    at_end = np.array([p.name in maximum.boundary for p in maximum.family.parameters for _ in range(p.size)])
    # Of a predictor that runs off by its constant alone, as a scale that takes leave of doubles, the others are known.
    moves = np.isfinite(slopes).all(axis=1) & slopes.any(axis=1)
    at_end &= ~(moves & np.isin(np.arange(len(at_end)), _places_of_predictors(maximum.family)))
    if held is not None:  # what is an observation itself has no standard error from the information
        at_end |= np.isin(maximum.family.param_names, held.solved) & ~slopes.any(axis=1)
    slopes[at_end] = 0.0
    cov = slopes @ inner @ slopes.T
    cov[at_end, :] = cov[:, at_end] = np.nan
    return np.asarray(cov), np.ones(len(cov))


def _places_of_predictors(family: Family) -> list[int]:
    """Where the coefficients of predictors stand among all parameters."""
    if not isinstance(family, Model):
        return []
    places = zip(family.parameters, family.places, strict=True)
    return [k for p, place in places if p.name in family.linear for k in range(place.start, place.stop)]


def inverse(information: Array) -> Array:
    """Inverse of an information matrix; all NaN where it is not positive definite."""
    return _inverted(spectrum(information) if len(information) else None, information)


def _inverted(seen: Spectrum | None, information: Array) -> Array:
    """The same, its spectrum being known."""
    if len(information) == 0:
        return information
    if seen is None or seen.eigenvalues[0] <= SINGULAR:
        return np.full_like(information, np.nan)
    unit, eigenvalues, axes = seen
    return np.asarray((axes / eigenvalues) @ axes.T * (unit * unit[:, None]))
