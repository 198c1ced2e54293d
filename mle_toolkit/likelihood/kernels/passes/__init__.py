"""Compiled passes over the rows of a regression: predictors, terms of the law and products with the design in one.

A pass is a module of the name of its law, whose main parameter is modelled through the link of the name ``LINK``, while
the other parameter, if there is one, is one number for all rows. So a long design is read once, and no value of a row
is ever stored. The same sums by NumPy are those of `mle_toolkit.likelihood.model`, which also serve where a pass gives
None: where a predictor or an observation is so far out that its formulas would lose digits.

``sums(matrix, coefficients, fixed, x, weight, *others)``
    `Passed`, of the log-densities of rows. ``fixed`` is what the predictors have without coefficients; this and the
    weights may be one number, in an array, for all rows.
``slopes(matrix, coefficients, fixed, x, weight, *others)``
    The same as ``sums`` without second derivatives by the coefficients, which are most of the work; zeros stand there.
    Of laws whose second derivatives by the coefficients change so little that a climb can do without new ones for once.
``sf_sums(matrix, coefficients, fixed, x, weight, *others)``
    The same of the log-probabilities of more than x, where a law has them.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import NamedTuple

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.likelihood.kernels import has_numba, twin_name

FARTHEST = 600.0
"""Exponent beyond which exponentials come near the ends of the range of numbers."""

SMALLEST = 1e-300
"""Observation below which its logarithm is that of a number that is hardly normal."""


class Passed(NamedTuple):
    """Sums over rows: of values, and of their derivatives by the k coefficients and by the other parameter, if any.

    Attributes
    ----------
    value : float
    along : ndarray of shape (k,)
    across : ndarray of shape (k, k)
    crossed : ndarray of shape (k,), or None
        Second derivatives by the coefficients and the other parameter.
    by_other : tuple of float, or None
        First and second derivative by the other parameter.
    """

    value: float
    along: Array
    across: Array
    crossed: Array | None = None
    by_other: tuple[float, float] | None = None


def total_of(weight: Array, n_rows: int) -> float:
    """Sum of the weights of rows, or of the one weight of all."""
    return float(np.sum(weight)) * (n_rows if len(weight) == 1 else 1)


def pass_of(law: Family) -> ModuleType | None:
    """The module of the compiled pass of a law; None if there is none, or no numba."""
    return _module(twin_name(law))


@cache
def _module(name: str | None) -> ModuleType | None:
    if name is None or find_spec(f"{__name__}.{name}") is None or not has_numba():
        return None
    return importlib.import_module(f"{__name__}.{name}")
