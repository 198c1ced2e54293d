"""Compiled twins of a family's sums: the same numbers as its NumPy code, close to the memory limit.

A twin is a module of the name of its law, or of the name that a family made of others says. It needs numba (extra
``fast``) and is loaded only for samples so large that loading pays; without it, and for every other law, the NumPy sums
of `mle_toolkit.likelihood.sums` are used. A twin has one of two compiled functions, each of them a loop over rows that
makes no temporary of the size of the data, and takes the observations, their weights or None, and the unit (``centre``
and ``inverse`` of the scale) of what it computes:

``statistics(x, weight, centre, inverse)``
    For an `ExponentialFamily`: smallest and largest observation, in the unit of the data, then what its ``sums`` give.
    Observations that no sum can take (NaN, infinite, outside the support) show in the smallest or the largest.
``sums(x, weight, centre, inverse, *params)``
    For any other: what the law's ``derivative_sums`` give, from which its ``derivatives`` make the log-likelihood, its
    score and its second derivatives.

Beside ``sums`` there may be ``group_sums(x, weight, offsets, chosen, centre, inverse, theta, out)``, which fills a row
of ``out`` with the sums of each of the groups ``chosen``: those from ``offsets[g]`` to ``offsets[g + 1]``, whose
unit and parameters are a row of the others. So groups are fitted by the same sums as the data of one. And beside that
``group_terms``, with ``nobs`` before ``theta``, which fills it with what the law's ``derivatives`` make of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import LONG_BLOCK_ROWS, CountWhole
from mle_toolkit.families.base import Family
from mle_toolkit.numerics.threads import in_order

COMPILED_ROWS = 250_000
"""Rows from which a compiled loop is used: from about there half a second, numba's own start, is soon won back."""

COMPILED_NUMBERS = 1_000_000
"""Numbers in a design from which compiled products with it are used: a fit takes some twenty operations with each."""

CHUNK_ROWS = LONG_BLOCK_ROWS
"""Rows a call: sums of chunks are added in their order, so that the result depends neither on the number of threads nor
on whether the data are held in memory or read in blocks."""

_FEWEST_CHUNKS = 4
"""Chunks from which threads are worth waking, for loops that compute more than they read."""


def has_numba() -> bool:
    """Whether numba is there; without it NumPy's sums serve."""
    return find_spec("numba") is not None


def twin_name(family: Family) -> str | None:
    """What its compiled sums are called: as the law itself, whose file has that name too, or as it says.

    Of other laws in that file those are no sums.
    """
    own = family.name if type(family).__module__ == f"mle_toolkit.families.{family.name}" else None
    return family.twin or own


def twin_of(family: Family) -> ModuleType | None:
    """The module of compiled sums of a family; None if there is none, or no numba."""
    return _module(twin_name(family))


def group_twin(family: Family) -> ModuleType | None:
    """The module of compiled sums that has those of groups too; None where there are none, or no numba."""
    twin = None if family.derivatives is None or family.per_row else twin_of(family)
    return twin if hasattr(twin, "group_sums") else None


@cache
def _module(name: str | None) -> ModuleType | None:
    if name is None or find_spec(f"{__name__}.{name}") is None or not has_numba():
        return None
    return importlib.import_module(f"{__name__}.{name}")


@cache
def of_designs() -> ModuleType | None:
    """Compiled products of designs with values of rows; None without numba."""
    return _module("designs")


@cache
def of_steps() -> ModuleType:
    """Compiled expansions and steps of many groups, for those who have numba."""
    return importlib.import_module(f"{__name__}.steps")


def counter(rows: int) -> CountWhole | None:
    """What counts whole numbers in so many rows, compiled; None where NumPy's `count_whole` serves."""
    if rows < COMPILED_ROWS or not has_numba():
        return None
    count: CountWhole = importlib.import_module(f"{__name__}.counts").table_of
    return count


def in_chunks(
    loop: Callable[..., Any], x: Array, weight: Array | None, *arguments: float, threads_from: int = _FEWEST_CHUNKS
) -> Array:
    """Results of a compiled loop, one row for each chunk of the data; threads take chunks where there are several."""

    def of_chunk(first: int) -> Any:
        rows = slice(first, first + CHUNK_ROWS)
        return loop(uniform(x[rows]), None if weight is None else uniform(weight[rows]), *arguments)

    return np.array(in_order(of_chunk, range(0, len(x), CHUNK_ROWS), threads_from))


def uniform(rows: Array) -> Array:
    """Rows as loops take them, contiguous and read-only: for any other kind of array they would be compiled again."""
    return read_only(np.ascontiguousarray(rows))


def read_only(rows: Array) -> Array:
    """A view that cannot be written to."""
    view = rows.view()
    view.flags.writeable = False
    return view
