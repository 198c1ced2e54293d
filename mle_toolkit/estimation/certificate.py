"""The certificate of a maximum: what we found when we looked at the point that the solver returned."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np

from mle_toolkit import notebook
from mle_toolkit._typing import Array

DECREMENT_TOLERANCE = 1e-9
"""Largest Newton decrement, in log-likelihood units, at which a point counts as the maximum: 5e-5 standard errors."""

SCORE_ROUNDING = 1e-5
"""Standard errors below which the digits of a score say how a solver stopped, and no more."""

SINGULAR = 1e-9
"""Smallest eigenvalue of the information of one observation, and of the same scaled to a unit diagonal, that still
determines all parameters: the
differences from which an information may come are good to about this."""


class Verdict(Enum):
    """What a maximisation established; the values are sentences."""

    INTERIOR = "a maximum in the interior: estimates and standard errors follow the usual theory"
    BOUNDARY = "the maximum is at the boundary of the parameter space"
    UNBOUNDED = "the likelihood is unbounded: there is no maximum"
    NOT_IDENTIFIED = "the data do not determine all parameters: the likelihood is flat along some direction"
    NON_REGULAR = "the maximum is right, but standard errors by the usual theory are not"
    LOCAL = "a good local maximum of a likelihood without a global one"
    NOT_CONVERGED = "the solver stopped before a maximum"
    UPDATED = "one Newton step from a saved maximum, whose rows are known to the second order only"
    INEXACT = "the log-likelihood is not that of the estimates to the digits that a certificate needs"

    def __str__(self) -> str:
        return self.name.lower()

    def __eq__(self, other: object) -> bool:
        """Equal to itself and to its name: ``verdict == "interior"``, ``verdict in {"interior", "boundary"}``."""
        if isinstance(other, str):
            return self.name.lower() == other.lower()
        return self is other

    def __hash__(self) -> int:
        return hash(self.name.lower())


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Evidence for, or against, a maximum.

    Attributes
    ----------
    verdict : Verdict
        What was established.
    message : str
        The verdict in a sentence, with the names of what it concerns.
    method : str
        The route to the maximum: ``"closed-form"``, ``"newton"``, ``"trust region"`` or a SciPy method.
    score_se : float
        Largest component of the score, in units of standard errors: how far, to first order, the maximum is away.
        NaN where no parameter is free and regular.
    decrement : float
        Newton decrement: how much log-likelihood, to second order, the maximum is above this point; nats.
    eigenvalues : tuple of float
        Eigenvalues of the observed information, scaled to a unit diagonal; all positive at a maximum, one
        near zero where a direction is not identified.
    boundary : tuple of str
        Parameters at the end of their domain.
    limit : str or None
        The limiting family, where the maximum is one.
    irregular : tuple of str
        Parameters without a standard error from the information.
    n_starts : int
        From how many starting points the solver ran; 0 for a closed form.
    n_agreeing : int
        How many of them ended in this maximum.
    search : str
        How it was looked for, in words: the profile that was scanned, the starts and how many agree; empty for a
        formula and for one start.
    """

    verdict: Verdict
    message: str
    method: str
    score_se: float = np.nan
    decrement: float = np.nan
    eigenvalues: tuple[float, ...] = ()
    boundary: tuple[str, ...] = ()
    limit: str | None = None
    irregular: tuple[str, ...] = ()
    n_starts: int = 0
    n_agreeing: int = 0
    search: str = ""

    @property
    def ok(self) -> bool:
        """Whether the estimate is a maximum that may be used, though perhaps without standard errors."""
        return self.verdict in (Verdict.INTERIOR, Verdict.BOUNDARY, Verdict.NON_REGULAR, Verdict.LOCAL)

    @property
    def evidence(self) -> tuple[str, ...]:
        """What was measured at the point, in phrases.

        Of what is so small that its digits are rounding, which differs between machines, only the bound is said.
        """
        phrases = []
        if not math.isnan(self.score_se):
            phrases.append(f"score {_shown(self.score_se, SCORE_ROUNDING)} standard errors")
        if not math.isnan(self.decrement):
            phrases.append(f"Newton decrement {_shown(self.decrement, DECREMENT_TOLERANCE)} nats")
        return tuple(phrases)

    def __str__(self) -> str:
        return f"{self.verdict}: {self.message}"

    def _repr_html_(self) -> str:
        rows = [("verdict", self.verdict), ("certified", "yes" if self.ok else "no"), ("found by", self.method)]
        rows += [(label, value) for label, value in (("limit", self.limit), ("search", self.search)) if value]
        return notebook.table((), rows, (f"{self.message}.", *self.evidence))


def _shown(value: float, bound: float) -> str:
    return f"below {bound:.0e}" if value < bound else f"{value:.1e}"


@dataclass(frozen=True)
class Measured:
    """Score, decrement and eigenvalues at a point; what a certificate is judged by."""

    score_se: float
    decrement: float
    eigenvalues: tuple[float, ...]
    errors: tuple[float, ...] = ()
    """Standard errors of the coordinates, in natural changes."""


def measure(gradient: Array, hessian: Array, nobs: float, seen: Spectrum | None = None) -> Measured:
    """Measure how far a point is from a maximum.

    Parameters
    ----------
    gradient, hessian : ndarray of shape (q,), (q, q)
        Derivatives of the mean negative log-likelihood by the free coordinates.
    nobs : float
        Number of observations.
    seen : Spectrum, optional
        Of the second derivatives, where it is known.
    """
    if len(gradient) == 0:
        return Measured(np.nan, 0.0, ())
    seen, diagonal = seen or spectrum(hessian), hessian.diagonal().tolist()
    if seen is None or not min(diagonal) > SINGULAR:
        return Measured(np.inf, np.inf, tuple(sorted(d if math.isfinite(d) else math.nan for d in diagonal)))
    unit, eigenvalues, axes = seen
    known = tuple(eigenvalues.tolist())
    if known[0] <= 0:
        return Measured(np.inf, np.inf, known)
    pull = gradient * unit
    along = pull @ axes
    decrement = 0.5 * nobs * float(along @ (along / eigenvalues))
    # Standard errors in these coordinates are sqrt(diag(inverse) / nobs), so a score times one has no unit.
    variances = (axes * axes) @ (1.0 / eigenvalues)
    score_se = max(map(abs, (pull * np.sqrt(variances * nobs)).tolist()))
    errors = (np.abs(unit) * np.sqrt(variances / nobs)).tolist()
    return Measured(score_se, decrement, known, tuple(errors))


@dataclass(frozen=True)
class MeasuredEach:
    """The same at a point of each of many groups.

    Attributes
    ----------
    decrement : ndarray of shape (n,)
        Infinite where the second derivatives are not those of a maximum.
    least : ndarray of shape (n,)
        The smallest eigenvalue; 0 where no scale gives a unit diagonal.
    roots : ndarray of shape (n, q, q)
        Matrices of which each, times its transpose, is the covariance of the coordinates.
    """

    decrement: Array
    least: Array
    roots: Array

    @property
    def errors(self) -> Array:
        """Standard errors of the coordinates; shape (n, q)."""
        return np.asarray(np.sqrt(np.sum(np.square(self.roots), axis=2)))


@np.errstate(all="ignore")  # where there is no maximum nothing is measured
def measure_each(
    gradient: Array, hessian: Array, nobs: Array, spectra: Callable[[Array], tuple[Array, Array]] = np.linalg.eigh
) -> MeasuredEach:
    """Measure how far a point of each of many groups is from a maximum; as `measure`, with groups as the first axis.

    ``spectra`` finds the eigenvalues, ascending, and the eigenvectors of symmetric matrices.
    """
    diagonal = np.diagonal(hessian, axis1=1, axis2=2)
    seen = np.all(np.isfinite(hessian), axis=(1, 2)) & np.all(diagonal > SINGULAR, axis=1)
    unit = 1.0 / np.sqrt(np.where(seen[:, None], diagonal, 1.0))
    scaled = np.where(seen[:, None, None], hessian * unit[:, :, None] * unit[:, None, :], np.eye(hessian.shape[1]))
    eigenvalues, axes = spectra(scaled)
    along = np.einsum("ij,ijk->ik", gradient * unit, axes)
    decrement = 0.5 * nobs * np.sum(along * along / eigenvalues, axis=1)
    least = np.where(seen, eigenvalues[:, 0], 0.0)
    roots = unit[:, :, None] * axes / np.sqrt(eigenvalues * nobs[:, None])[:, None, :]
    return MeasuredEach(np.where(least > 0, decrement, np.inf), least, roots)


class Spectrum(NamedTuple):
    """Eigenvalues, ascending, and eigenvectors, the columns of ``axes``, of a matrix times ``outer(unit, unit)``."""

    unit: Array
    eigenvalues: Array
    axes: Array


_DIAGONAL = math.sqrt(0.5)


def spectrum(matrix: Array) -> Spectrum | None:
    """Eigenvalues and eigenvectors of a symmetric matrix that is scaled to a unit diagonal.

    None where an entry is not finite, or one of the diagonal not positive.
    """
    diagonal = matrix.diagonal()
    # Plain numbers: of so few, each reduction of an array costs more than all of the rest.
    if not all(map(math.isfinite, matrix.ravel().tolist())) or not min(diagonal.tolist()) > 0:
        return None
    unit = 1.0 / np.sqrt(diagonal)
    if len(unit) > 2:
        return Spectrum(unit, *np.linalg.eigh(matrix * (unit * unit[:, None])))
    if len(unit) == 1:
        return Spectrum(unit, np.ones(1), np.ones((1, 1)))
    # Of a correlation matrix of two, they are known: the diagonals of the square.
    rho = float(matrix[0, 1] * unit[0] * unit[1])
    other = -math.copysign(_DIAGONAL, rho)
    axes = np.array([[_DIAGONAL, _DIAGONAL], [other, -other]])
    return Spectrum(unit, np.array([1.0 - abs(rho), 1.0 + abs(rho)]), axes)
