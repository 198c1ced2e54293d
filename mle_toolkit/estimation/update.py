"""One Newton step from a maximum whose rows are gone, for rows that came later."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, NoMaximumError
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.estimation.starts import domains_of, natural_changes
from mle_toolkit.families.base import Family
from mle_toolkit.likelihood.coordinates import Coordinates, Objective
from mle_toolkit.likelihood.sums import Likelihood

_MOST_HALVINGS = 60


@dataclass(frozen=True)
class Step:
    """Where the step led.

    Attributes
    ----------
    theta : ndarray of shape (p,)
        Parameters, in the unit of the data.
    llf : float
        Log-likelihood of all rows there, nats; that of the old ones by its expansion to the second order.
    covariance : ndarray of shape (p, p)
        From the observed information of all rows.
    certificate : Certificate
        What is known of the point: verdict `Verdict.UPDATED`.
    """

    theta: Array
    llf: float
    covariance: Array
    certificate: Certificate


def step_from(law: Family, theta: Array, llf: float, covariance: Array, fixed: Sequence[str], rows: Sample) -> Step:
    """Take one Newton step from the maximum of rows that are gone, on their expansion and the new rows together.

    To the second order about their maximum the log-likelihood of the old rows is known without them: the score is
    zero, and the observed information the inverse of the covariance. The error of the estimate is that of the
    expansion, of the order of the square of the distance moved (van der Vaart 1998, Asymptotic Statistics, sec. 5.7).

    Parameters
    ----------
    law : Family
        With its constants.
    theta : ndarray of shape (p,)
        The maximum of the old rows, in the unit of the data.
    llf : float
        The log-likelihood there.
    covariance : ndarray of shape (p, p)
        Inverse of the observed information of the old rows.
    fixed : sequence of str
        Known parameters.
    rows : Sample
        The new rows, of any form.

    Raises
    ------
    DataError
        If the old maximum is not a regular one in the interior.
    NoMaximumError
        If the new rows are impossible under the old estimates, or the step leads nowhere higher.
    """
    free = np.repeat([p.name not in fixed for p in law.parameters], [p.size for p in law.parameters])
    known = covariance[np.ix_(free, free)]
    if not np.all(np.isfinite(known)) or not np.any(free):
        raise DataError(
            f"{law.name}: the saved fit has no covariance of all its parameters to step from; fit all rows again."
        )
    likelihood = Likelihood(law, rows)
    at = likelihood.unit.params_to_unit(law, theta)
    of_each = [p.name not in fixed for p in law.parameters]
    coordinates = Coordinates(domains_of(law), at, of_each, natural_changes(likelihood, at, of_each))
    objective, start, nobs = Objective(likelihood, coordinates), coordinates.from_theta(at), likelihood.nobs
    to_data = likelihood.unit.slopes(law)[:, None]
    slopes = (to_data * coordinates.jacobian(start))[free]
    old = slopes.T @ np.linalg.solve(known, slopes)  # the information of the old rows, by coordinates

    def height(u: Array) -> float:
        moved = u - start
        return -0.5 * float(moved @ old @ moved) - nobs * objective.value(u)

    before = height(start)
    if not math.isfinite(before):
        raise NoMaximumError(f"{law.name}: the new rows are impossible under the saved estimates; fit all rows again.")
    score, information = -nobs * objective.gradient(start), old + nobs * objective.hessian(start)
    # One step and no loop: of the old rows no more is known than their information at the saved estimates.
    change, halvings = np.linalg.solve(information, score), 0
    while not height(start + change) >= before and halvings < _MOST_HALVINGS:
        change, halvings = 0.5 * change, halvings + 1
    u = start + change
    rest = -old @ change - nobs * objective.gradient(u)
    information = old + nobs * objective.hessian(u)
    if not height(u) >= before or not np.all(np.linalg.eigvalsh(information) > 0):
        raise NoMaximumError(f"{law.name}: the step from the saved estimates leads nowhere; fit all rows again.")
    errors = np.linalg.inv(information)
    theta_in_unit = coordinates.to_theta(u)
    slopes = to_data * coordinates.jacobian(u)
    size = np.sqrt(np.diag(information))
    distance = math.sqrt(float(change @ old @ change))
    certificate = Certificate(
        verdict=Verdict.UPDATED,
        message=f"{Verdict.UPDATED.value}; it is {distance:.2g} standard errors long. Fit all rows for a maximum",
        method="update",
        score_se=float(np.max(np.abs(rest) * np.sqrt(np.diag(errors)))),
        decrement=0.5 * float(rest @ errors @ rest),
        eigenvalues=tuple(np.linalg.eigvalsh(information / np.outer(size, size)).tolist()),
    )
    new_llf = llf + height(u) + nobs * likelihood.log_jacobian
    theta = likelihood.unit.params_to_data(law, theta_in_unit)
    return Step(theta, new_llf, slopes @ errors @ slopes.T, certificate)
