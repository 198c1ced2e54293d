"""Linear restrictions of the coefficients of a regression: smaller models, and the maxima under them.

What satisfies ``R c = r`` is a point and a plane: ``c = c0 + N g``. So the smaller model is a regression again, whose
design is ``Z N`` and whose offset grows by ``Z c0`` (Seber & Lee 2003, Linear Regression Analysis, sec. 3.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import MleError, NoMaximumError, ParameterError
from mle_toolkit.estimation.faces import maximise_within
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.inference.covariance import CovKind, covariance, expected_information, inverse
from mle_toolkit.inference.curvature import score_products
from mle_toolkit.likelihood.linear import Linear
from mle_toolkit.likelihood.model import Model

_RANK = 1e-9
"""Relative size of a singular value below which a restriction says nothing new."""


@dataclass(frozen=True)
class Restricted:
    """A smaller regression within a larger.

    Attributes
    ----------
    maximum : Maximum
        Of the smaller one.
    sample : Sample
        With the designs of the smaller one.
    point : ndarray of shape (p,)
    plane : ndarray of shape (p, q)
        Parameters of the larger one are ``point + plane @ theta``, of those of the smaller.
    """

    maximum: Maximum
    sample: Sample
    point: Array
    plane: Array

    @property
    def theta(self) -> Array:
        """The smaller maximum, as parameters of the larger one."""
        return np.asarray(self.point + self.plane @ self.maximum.theta)


def restricted(maximum: Maximum, sample: Sample, matrix: Array, values: Array) -> Restricted:
    """The maximum where ``matrix @ theta = values``.

    Parameters
    ----------
    maximum : Maximum
        Without restrictions.
    sample : Sample
        What it is the maximum for.
    matrix : ndarray of shape (r, p)
        Of all parameters as `Maximum.theta` has them. Each row is about one parameter.
    values : ndarray of shape (r,)

    Raises
    ------
    ParameterError
        If a row is about several parameters, or the rows contradict each other.
    """
    model = maximum.model
    known: dict[str, Array] = {}
    terms: list[Linear] = []
    fixed: dict[str, Any] = dict(maximum.known)
    start: dict[str, Any] = {}
    points: list[Array] = []
    planes: list[Array] = []
    for p, place in zip(model.parameters, model.places, strict=True):
        rows = np.flatnonzero(np.any(matrix[:, place] != 0, axis=1))
        term, at = model.linear.get(p.name), maximum.theta[place]
        point, plane = np.zeros(p.size), np.eye(p.size)
        if len(rows):
            _check_apart(matrix[rows], place, p.name)
            point, plane = _solutions(matrix[rows][:, place], values[rows])
        if term is None:
            if len(rows):
                fixed[p.name], point, plane = float(point[0]), np.zeros(1), np.eye(1)
            else:
                start[p.name] = float(at[0])
        elif plane.shape[1] == 0:
            terms.append(term)
            fixed[p.name], point, plane = point, np.zeros(p.size), np.eye(p.size)
        elif not len(rows):
            terms.append(term)
            if np.all(np.isfinite(at)):
                start[p.name] = at
        else:
            offset = sample.known[term.offset] if term.offset is not None else 0.0
            key, offset_key = f"{term.key}, restricted", f"offset of {p.name}, restricted"
            columns = term.columns(sample.known)
            known[offset_key] = offset + columns.times(point) / term.factor
            kept = np.flatnonzero(plane.any(axis=1))
            if len(kept) == plane.shape[1] and term.frame.ndim == 1 and term.ended is None:  # columns that are left out
                known[key] = sample.known[term.key][:, kept]
                places = {place: k for k, place in enumerate(kept.tolist())}
                constant = None if term.constant is None else places.get(term.constant)
                fewer: dict[str, Any] = {"shift": term.shift[kept], "frame": term.frame[kept], "constant": constant}
            else:
                known[key] = columns.formed() @ plane
                size = plane.shape[1]
                fewer = {"shift": np.zeros(size), "frame": np.ones(size), "constant": None, "ended": None}
            terms.append(replace(term, key=key, offset=offset_key, **fewer))
            if np.all(np.isfinite(at)):  # not where covariates separate outcomes
                start[p.name] = plane.T @ (at - point)
        points.append(point)
        planes.append(plane)
    sample = sample.with_known(**known)
    found = _maximum(maximum, model, sample, terms, fixed, start)
    return Restricted(found, sample, np.concatenate(points), _diagonal(planes))


def null_of(maximum: Maximum, sample: Sample) -> Maximum:
    """The maximum of the law whose parameters depend on no covariate: one predictor for all rows, and the offsets."""
    model = maximum.model
    ones = {f"{term.key}, null": np.ones((sample.n_rows, 1)) for term in model.linear.values()}
    terms = [
        replace(term, key=f"{term.key}, null", shift=np.zeros(1), frame=np.ones(1), constant=0)
        for term in model.linear.values()
    ]
    fixed = {name: value for name, value in maximum.known.items() if name not in model.linear}
    sample = sample.with_known(**ones)
    smaller = type(model)(model.base.given(sample.known), terms, sample.known, model.own_unit)
    return maximise_within(smaller, sample, fixed=fixed)


def _check_apart(matrix: Array, place: slice, name: str) -> None:
    elsewhere = matrix.copy()
    elsewhere[:, place] = 0.0
    if np.any(elsewhere != 0):
        raise ParameterError(
            f'test: a hypothesis about {name} and another parameter together is no smaller regression; use "wald".'
        )


def _diagonal(blocks: list[Array]) -> Array:
    whole = np.zeros((sum(len(b) for b in blocks), sum(b.shape[1] for b in blocks)))
    row = column = 0
    for block in blocks:
        whole[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return whole


def _solutions(matrix: Array, values: Array) -> tuple[Array, Array]:
    """The least point with ``matrix @ point = values``, and an orthonormal basis of the plane through it."""
    if np.all(np.count_nonzero(matrix, axis=1) == 1) and np.all(np.count_nonzero(matrix, axis=0) <= 1):
        point, held = np.zeros(matrix.shape[1]), np.argmax(matrix != 0, axis=1)  # each is about one coefficient
        point[held] = values / matrix[np.arange(len(held)), held]
        return point, np.delete(np.eye(len(point)), held, axis=1)
    scale = np.linalg.norm(matrix, axis=1)
    matrix, values = matrix / scale[:, None], values / scale
    left, sizes, right = np.linalg.svd(matrix)
    rank = int(np.sum(sizes > _RANK * sizes[0]))
    point = right[:rank].T @ ((left[:, :rank].T @ values) / sizes[:rank])
    if np.max(np.abs(matrix @ point - values)) > _RANK * max(1.0, float(np.max(np.abs(values)))):
        raise ParameterError("test: the hypotheses contradict each other.")
    return point, right[rank:].T


def _maximum(
    full: Maximum,
    model: Model,
    sample: Sample,
    terms: list[Linear],
    fixed: Mapping[str, Any],
    start: Mapping[str, Any],
) -> Maximum:
    smaller = type(model)(model.base.given(sample.known), terms, sample.known, model.own_unit)
    bounds = {name: limits for name, limits in full.bounds.items() if name not in fixed}
    begin = {name: value for name, value in start.items() if name not in fixed}
    if full.limit is not None or full.boundary:
        return maximise_within(smaller, sample, fixed=fixed, bounds=bounds)
    try:
        return maximise_within(smaller, sample, fixed=fixed, bounds=bounds, start=begin)
    except NoMaximumError:  # the nearest point of the plane may be no law, as where a link needs a positive predictor
        return maximise_within(smaller, sample, fixed=fixed, bounds=bounds)


def rank_of(matrix: Array) -> int:
    """How many restrictions differ."""
    scale = np.linalg.norm(matrix, axis=1)
    return int(np.linalg.matrix_rank(matrix / scale[:, None], tol=_RANK)) if len(matrix) else 0


def wald_statistic(maximum: Maximum, matrix: Array, values: Array, kind: CovKind) -> float:
    """Squared distance of the estimates from the restrictions, in standard errors; NaN where there are none."""
    cov = covariance(maximum, kind)
    lost = np.isnan(np.diag(cov))
    if np.any(matrix[:, lost] != 0):
        return float("nan")
    distance = matrix @ np.where(lost, 0.0, maximum.theta) - values
    between = matrix @ np.where(np.isnan(cov), 0.0, cov) @ matrix.T
    unit = 1 / np.sqrt(np.diag(between))
    scaled = distance * unit
    return float(scaled @ np.linalg.pinv(between * np.outer(unit, unit), rcond=_RANK, hermitian=True) @ scaled)


def score_statistic(full: Maximum, smaller: Restricted) -> float:
    """Slope of the full log-likelihood at the smaller maximum, in units of its standard deviation, squared."""
    theta = smaller.theta
    at = replace(
        full,
        theta=theta,
        theta_in_unit=full.likelihood.unit.params_to_unit(full.family, theta),
        value=None,
        searched=None,
    )
    u, nobs = at.coordinates, at.likelihood.nobs
    slope = nobs * at.objective.gradient(u)
    cov = inverse(nobs * at.objective.hessian(u))
    if not np.all(np.isfinite(cov)):
        # Away from its maximum a log-likelihood may bend upwards: there by what its second derivatives are expected to
        # be, or by the products of its scores, which are the same where the smaller model is true.
        try:
            cov = inverse(nobs * expected_information(at))
        except MleError:
            cov = inverse(score_products(at))
    if not np.all(np.isfinite(cov)):
        raise ParameterError('test: the information at the smaller model is singular; use method="lr".')
    return float(slope @ cov @ slope)
