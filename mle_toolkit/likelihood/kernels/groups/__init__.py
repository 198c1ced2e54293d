"""Compiled fits of a family to many groups: one serial Newton a group, threads over ranges of groups.

A module of the name of its law has one compiled function,

``fit(x, weight, offsets, result, status)``
    Group g is the rows from ``offsets[g]`` to ``offsets[g + 1]``. Its row of ``result`` gets the parameters, their
    standard errors and the log-likelihood; its ``status`` is `SETTLED` for a maximum in the interior, `AT_LIMIT` for
    the one limiting law of the family, and `OPEN` where the ordinary fit has to decide: invalid or nearly degenerate
    data, maxima that are hard to tell apart, numbers near the ends of the doubles.

No result depends on another group, so none depends on threads.
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
from mle_toolkit.data.groups import ranges
from mle_toolkit.families.base import Family
from mle_toolkit.likelihood.kernels import CHUNK_ROWS, has_numba
from mle_toolkit.numerics.threads import pool, workers

OPEN, SETTLED, AT_LIMIT = 0, 1, 2
"""What became of a group: nothing yet; a maximum in the interior; the limiting law."""

COMPILED_GROUP_ROWS = 50_000
"""Rows, of all groups, from which numba's start is soon won back."""


@cache
def has_compiled_groups(law: type[Family]) -> bool:
    """Whether there are compiled fits of a family, for those who have numba."""
    name = law.__module__.rpartition(".")[2]
    return law.__module__ == f"mle_toolkit.families.{name}" and find_spec(f"{__name__}.{name}") is not None


def compiled_groups(law: type[Family]) -> ModuleType | None:
    """The module of compiled fits of a family; None if there is none, or no numba."""
    if not (has_compiled_groups(law) and has_numba()):
        return None
    return importlib.import_module(f"{__name__}.{law.__module__.rpartition('.')[2]}")


def fit_ranges(
    module: ModuleType, x: Array, weight: Array | None, offsets: np.ndarray[Any, Any], n_params: int
) -> tuple[Array, np.ndarray[Any, Any]]:
    """Run the compiled fit over ranges of groups of some `CHUNK_ROWS` rows.

    Returns
    -------
    result : ndarray of shape (n_groups, 2 * n_params + 1)
    status : ndarray of int8 of shape (n_groups,)
    """
    n_groups = len(offsets) - 1
    result = np.full((n_groups, 2 * n_params + 1), np.nan)
    status = np.zeros(n_groups, dtype=np.int8)

    def one(groups: slice) -> None:
        ends = offsets[groups.start : groups.stop + 1]
        module.fit(x, weight, ends, result[groups], status[groups])

    each(one, ranges(offsets, CHUNK_ROWS))
    return result, status


def each(work: Callable[[slice], None], parts: list[slice]) -> None:
    """Do the work on every range of groups, in threads where there are several."""
    if len(parts) == 1 or workers() == 1:
        for groups in parts:
            work(groups)
        return
    for _ in pool().map(work, parts):
        pass
