"""Expected values under a law a row, all rows at once: where that settles, and NaN where each needs a look of its own.

Observations that can be anything are integrated between quantiles of each row, by two Gauss-Legendre rules that must
agree; counts are summed upwards. In both, what is beyond must fall so fast that nothing is left of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.errors import MleError
from mle_toolkit.families.base import Family

Rows = NDArray[np.intp]


class Laws(Protocol):
    """What is needed of a `Distribution`, of a law a row."""

    family: Family

    def of_rows(self, rows: Rows) -> Any:
        """The laws of some rows."""

    def pdf(self, x: Any) -> Array:
        """Density, or probability of a count."""

    def ppf(self, p: Any) -> Array:
        """Quantile."""

    def isf(self, p: Any) -> Array:
        """Upper quantile."""


Of = Callable[[Any, Array, Rows], Array]
"""Takes laws, an observation of each, of shape (m,), and the rows they are of; gives q values of each, (q, m)."""

FEWEST = 10
"""Rows from which all at once are faster than one after the other."""

_TAILS = np.concatenate([10.0 ** -np.arange(16.0, 3.0, -1.5), [1e-3, 1e-2, 0.05, 0.15, 0.3, 0.5]])
"""Probabilities beyond quantiles between which is integrated; twice the first is left out."""

_FINE, _COARSE = (np.polynomial.legendre.leggauss(n) for n in (21, 10))

_AGREE = 1e-8
"""Share of the integral of the absolute value by which the two rules may differ: the finer is much nearer."""

_LEFT = 1e-10
"""The same that may lie beyond the outermost quantiles, or counts, and what the mass may differ from 1."""

_NUMBERS = 1_000_000
"""Values that are held at a time."""

_BLOCK, _MOST_COUNTS, _MANY_COUNTS = 64, 2**13, 2**11
"""Counts in the first block, and in the last; each is twice as long as that before. And more than most rows need."""


def expected_of_rows(law: Laws, n_rows: int, of: Of) -> Array:
    """Expected values of functions of an observation of each row.

    Parameters
    ----------
    law : Laws
        Of ``n_rows`` rows.
    of : callable

    Returns
    -------
    ndarray of shape (q, n_rows)
        NaN in rows in which the value does not settle to 1e-8 of the expected absolute value.
    """
    if law.family.discrete:
        each, held = (_summed if np.isfinite(law.family.support.lower) else _nothing), _MANY_COUNTS
    else:
        # Quantiles of angles, and SciPy's, may each take a search.
        ready = law.family.ppf is not None and law.family.period is None and not law.family.atoms
        each = _integrated if ready else _nothing
        held = 2 * len(_TAILS) * len(_FINE[0])
    step = max(1, _NUMBERS // held)
    parts = []
    with np.errstate(all="ignore"):  # where a function leaves the range of numbers, the row is left to itself
        for first in range(0, n_rows, step):
            rows = np.arange(first, min(first + step, n_rows))
            parts.append(each(law, rows, of))
    return np.concatenate(parts, axis=1)


def _nothing(law: Laws, rows: Rows, of: Of) -> Array:
    """No value of any row: those without ends, or with atoms, are left to themselves."""
    return np.full((len(of(law.of_rows(rows[:1]), np.full(1, np.nan), rows[:1])), len(rows)), np.nan)


def _integrated(law: Laws, rows: Rows, of: Of) -> Array:
    """Between quantiles of laws with densities."""
    n = len(rows)
    levels = np.repeat(_TAILS, n)
    every = law.of_rows(np.tile(rows, len(_TAILS)))
    try:
        below, above = (quantile(levels).reshape(-1, n) for quantile in (every.ppf, every.isf))
    except MleError:
        return _nothing(law, rows, of)
    edges = np.concatenate([below, above[-2::-1]])
    fine, coarse = (_by_rule(law, rows, of, edges, rule) for rule in (_FINE, _COARSE))
    parts, masses = fine[1:], fine[0]
    size, total = np.sum(np.abs(parts), axis=1), np.sum(parts, axis=1)
    left = _remainder(np.abs(parts[:, 0]), np.abs(parts[:, 1])) + _remainder(np.abs(parts[:, -1]), np.abs(parts[:, -2]))
    doubt = np.sum(np.abs(parts - coarse[1:]), axis=1)
    sound = (doubt <= _AGREE * size) & (left <= _LEFT * size) & (np.abs(np.sum(masses, axis=0) - 1) <= _LEFT)
    return np.where(sound, total, np.nan)


def _by_rule(law: Laws, rows: Rows, of: Of, edges: Array, rule: tuple[Array, Array]) -> Array:
    """The mass, and integrals of functions, between edges of shape (m + 1, n); shape (1 + q, m, n)."""
    nodes, weights = rule
    half = 0.5 * np.diff(edges, axis=0)
    middle = edges[:-1] + half
    x = middle + nodes[:, None, None] * half
    which = np.tile(rows, x.size // len(rows))
    every = law.of_rows(which)
    mass = (every.pdf(x.ravel()).reshape(x.shape) * half) * weights[:, None, None]
    values = np.concatenate([np.ones((1, x.size)), of(every, x.ravel(), which)]).reshape(-1, *x.shape)
    return np.asarray(np.sum(np.where(mass > 0, values * mass, 0.0), axis=1))


def _summed(law: Laws, rows: Rows, of: Of) -> Array:
    """Over counts, upwards from the first."""
    n = len(rows)
    total: Array | None = None
    size = mass = np.zeros(n)
    last: Array | float = np.inf
    last_mass: Array | float = np.inf
    first, length = law.family.support.lower, _BLOCK
    while True:
        k = np.repeat(first + np.arange(float(length)), n)
        which = np.tile(rows, length)
        every = law.of_rows(which)
        p = every.pdf(k)
        terms = (np.where(p > 0, of(every, k, which), 0.0) * p).reshape(-1, length, n)
        here, mass_here = np.sum(np.abs(terms), axis=1), np.sum(p.reshape(length, n), axis=0)
        total = np.sum(terms, axis=1) + (0.0 if total is None else total)
        size, mass = size + here, mass + mass_here
        rest, rest_of_mass = _remainder(here, last), _remainder(mass_here, last_mass)
        settled = (rest <= _LEFT * size) & (rest_of_mass <= _LEFT) & (np.abs(mass - 1) <= _LEFT)
        last, last_mass, first = here, mass_here, first + length
        if settled.all() or length >= _MOST_COUNTS:
            return np.where(settled, total, np.nan)
        length = 2 * length


def _remainder(here: Array, before: Array | float) -> Array:
    """What is still to come after two parts, if the next fall as these did."""
    fallen: Mask = np.asarray(here < before)
    share = here * np.where(fallen, here / np.where(np.isinf(before), np.inf, before - here), np.inf)
    return np.where(here == 0, 0.0, share)
