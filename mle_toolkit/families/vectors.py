"""What laws of vectors share: their dimension, and covariance matrices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DataError, DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.options import whole

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

LEAST_EIGENVALUE = 1e-12
"""Smallest eigenvalue of a correlation matrix computed from sums that is more than rounding."""


class VectorFamily(Family):
    """A law of vectors, whose dimension is known or that of the data.

    A subclass gives `parameters_in`, and names in ``vector`` the parameter whose last axis has the dimension.
    """

    multivariate = True
    constant_defaults: ClassVar[Mapping[str, Any]] = {"dimension": None}
    vector: ClassVar[str]
    dimension: Any

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        given = self.constants["dimension"]
        if given is None:
            return
        self.dimension = whole(given, f"{self.name}: dimension", 1, 10_000)
        self.parameters = self.parameters_in(self.dimension)

    @staticmethod
    def parameters_in(dimension: int) -> tuple[Parameter, ...]:
        """Give the parameters of the law of vectors of that many numbers."""
        raise NotImplementedError

    def resolve(self, sample: Sample) -> Family:
        """Take the dimension from the data, where it was not given."""
        if self.dimension is None:
            return type(self)(**{**self.constants, "dimension": sample.dimension})
        if self.dimension != sample.dimension:
            raise DataError(
                f"{self.name}: a law of vectors of {self.dimension} numbers; these have {sample.dimension}."
            )
        return self

    def resolve_params(self, params: Mapping[str, Any]) -> Family:
        """Take the dimension from the parameters, where it was not given."""
        if self.dimension is not None or self.vector not in params or np.ndim(params[self.vector]) == 0:
            return self
        return type(self)(**{**self.constants, "dimension": np.shape(params[self.vector])[-1]})


def covariance_of(x: Array, weight: Array | None = None) -> tuple[Array, Array]:
    """Weighted mean and covariance, with the sum of the weights as divisor.

    Parameters
    ----------
    x : ndarray of shape (n, d)
    weight : ndarray of shape (n,), optional

    Returns
    -------
    mean : ndarray of shape (d,)
    cov : ndarray of shape (d, d)
    """
    w = np.ones(len(x)) if weight is None else weight
    mean = (w @ x) / np.sum(w)
    away = x - mean
    cov = (away * w[:, None]).T @ away / np.sum(w)
    return mean, 0.5 * (cov + cov.T)


def check_regular(name: str, cov: Array) -> None:
    """Raise `DegenerateDataError` if a covariance matrix of data is singular, saying which columns are the reason."""
    diagonal = np.diag(cov)
    constant = np.flatnonzero(~(diagonal > 0))
    if len(constant):
        raise DegenerateDataError(
            f"{name}: column {constant[0]} is constant, so the covariance is singular and the likelihood unbounded. "
            f"Leave the column out."
        )
    unit = 1.0 / np.sqrt(diagonal)
    values, axes = np.linalg.eigh(cov * np.outer(unit, unit))
    if values[0] <= LEAST_EIGENVALUE:
        dependent = ", ".join(map(str, np.flatnonzero(np.abs(axes[:, 0]) > 1e-3)))
        raise DegenerateDataError(
            f"{name}: columns {dependent} are linearly dependent, to rounding, so the covariance is singular and the "
            f"likelihood unbounded. Leave one of them out; for shares that sum to 1 use dirichlet."
        )


def check_enough_rows(name: str, sample: Sample) -> None:
    """Raise `DegenerateDataError` if there are no more rows than columns."""
    if sample.n_rows <= sample.dimension:
        raise DegenerateDataError(
            f"{name}: {sample.n_rows} observations of {sample.dimension} numbers (n <= d) span no more than a "
            f"hyperplane, so the covariance is singular and the likelihood unbounded. At least d + 1 are needed."
        )


def cholesky(matrix: Array) -> Array | None:
    """Lower triangular root of a positive definite matrix; None where it is not one."""
    try:
        return np.asarray(np.linalg.cholesky(matrix), dtype=float)
    except np.linalg.LinAlgError:
        return None
