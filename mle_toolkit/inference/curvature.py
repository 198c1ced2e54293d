"""Second derivatives of the log-likelihood from which standard errors are taken, and products of its scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.errors import DataError
from mle_toolkit.estimation.certificate import SINGULAR, spectrum
from mle_toolkit.estimation.maximum import Maximum

_ROUNDS, _AT_ONCE, _SETTLED = 60, 5, 1e-6
"""Times at most that the standard errors over which a score is seen are found anew, from those of its products; how
many of these are done by steps of one length, before halves of it, as where ties make a score steep; and the relative
change of an information that is none."""


def curvature(maximum: Maximum) -> Array:
    """Mean negative second derivatives by the coordinates; shape (q, q).

    Parameters of which that of a row has no finite variance, as a location at a cusp (`Family.rough`), are known by
    how the score changes over one standard error to either side. At the point itself the few observations nearest to it
    drown all others: of a generalised normal law of shape 1.15 and 500 observations the standard errors that they
    foretell range over a factor of 200, and 95 % intervals hold the truth in 77 % of samples; these in 96 %.

    Source: Pakes & Pollard (1989), Econometrica 57, 1027-1057 (derivatives of limits of sums that are not smooth).
    """
    hessian = maximum.hessian
    names, family = maximum.rough, maximum.family
    if not names:
        return hessian
    rough = np.repeat([p.name in names for p in family.parameters], [p.size for p in family.parameters])
    slopes = maximum.objective.coordinates.jacobian(maximum.coordinates)
    own = np.flatnonzero(np.any(slopes[rough] != 0, axis=0))
    hessian = hessian.copy()
    hessian[own] = _over_errors(maximum, own)
    hessian[:, own] = hessian[own].T
    return hessian


def _over_errors(maximum: Maximum, own: NDArray[np.intp]) -> Array:
    """The rows of some coordinates: changes of the score over their standard errors, the others being known."""
    u, nobs, gradient = maximum.coordinates, maximum.likelihood.nobs, maximum.objective.gradient
    directions, rows = np.eye(len(u))[own], np.full((len(own), len(u)), np.nan)
    block = score_products(maximum)[np.ix_(own, own)] / nobs
    seen = spectrum(block)
    if seen is None or not seen.eigenvalues[0] > SINGULAR:
        return rows
    for k in range(_ROUNDS):
        root = np.linalg.cholesky(block)
        # Rows of one standard error each, which are independent, whatever the design.
        steps = np.linalg.inv(root) / np.sqrt(nobs)
        changes = np.array([gradient(u + step @ directions) - gradient(u - step @ directions) for step in steps])
        rows = np.linalg.solve(steps, 0.5 * changes)
        found = 0.5 * nobs * steps @ (rows[:, own] + rows[:, own].T) @ steps.T
        if spectrum(found) is None or not np.linalg.eigvalsh(found)[0] > 0:  # it does not fall on all sides
            return np.full_like(rows, np.nan)
        ratios, axes = np.linalg.eigh(found)
        # The length is what settles: where it ends at a tie, the change of the score there may be any.
        rows[:, own] = block
        if np.max(np.abs(ratios - 1.0)) <= _SETTLED:
            break
        block = root @ (axes * ratios**0.5 ** (k // _AT_ONCE)) @ axes.T @ root.T
    return rows


def curvature_in_rows(maximum: Maximum) -> Array:
    """Mean negative second derivatives by the coordinates, as they are whether or not the law is right.

    At a kink that every row has they are those of its density there, which is seen in the rows and not in the law.
    """
    hessian, kinked = curvature(maximum), maximum.kinked
    if kinked is None:
        return hessian
    model, term, exact = kinked
    place, nobs = model.places[model.param_names.index(term.parameter)], maximum.likelihood.nobs
    kinks = model.kinks(term, exact, maximum.theta_in_unit)
    slopes = maximum.objective.coordinates.jacobian(maximum.coordinates)[place]
    return np.asarray(hessian + slopes.T @ kinks.excess(maximum.theta_in_unit[place], exact.nobs) @ slopes / nobs)


def score_products(maximum: Maximum) -> Array:
    """K: sum of outer products of the scores of the rows, by coordinates.

    A row of frequency weight w stands for w observations, one of reliability weight w for one that counts w times.
    """
    if not maximum.likelihood.data.in_memory:
        return _score_products_by_blocks(maximum)
    rows = maximum.objective.score_rows(maximum.coordinates)
    sample = maximum.likelihood.sample
    if sample.weight is None:
        return np.asarray(rows.T @ rows)
    weight = sample.weight if sample.weight_kind == "frequency" else np.square(sample.weight)
    return np.asarray((rows * weight[:, None]).T @ rows)


def _score_products_by_blocks(maximum: Maximum) -> Array:
    """K, where rows are not held."""
    likelihood, objective = maximum.likelihood, maximum.objective
    if not objective.has_score:
        raise DataError(
            f"{maximum.family.name}: the outer product of scores needs all rows at once for a law without a score, and "
            f'they are not held in memory. Use cov_params("observed"), or pass the column as an array.'
        )
    squared = likelihood.data.weight_kind == "reliability"
    products = likelihood.score_products(maximum.theta_in_unit, squared=squared)
    slopes = objective.coordinates.jacobian(maximum.coordinates)
    return np.asarray(slopes.T @ products @ slopes)
