"""What is summed over a block of rows, by NumPy or compiled: it goes to the data, wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.rows import Block
from mle_toolkit.data.sums import total
from mle_toolkit.data.surveys import Sum
from mle_toolkit.families.base import Family
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import Curved, Scored, Summed, needed
from mle_toolkit.likelihood.kernels import in_chunks, twin_of
from mle_toolkit.likelihood.unit import ColumnUnits, Unit


@dataclass(frozen=True)
class BlockSums:
    """Sums over one block, by NumPy: what goes to the data, wherever they are."""

    of: Callable[..., Array]
    family: Family
    unit: Unit | ColumnUnits
    params: tuple[Any, ...] = ()

    def __call__(self, block: Block) -> Array:
        """The sums of one block."""
        law = self.family.given(block.known)
        # Trial points may lie where a density overflows or does not exist.
        with np.errstate(all="ignore"):
            return self.of(law, self.unit.apply(block.x), block.weight, self.params)


@dataclass(frozen=True)
class CompiledSums:
    """Sums over one block by the compiled twin of a family."""

    law: Family
    unit: Unit
    params: tuple[Any, ...] = ()

    def __call__(self, block: Block) -> Array:
        """The sums of one block."""
        x, weight, *_ = block
        twin = needed(self.law, twin_of(self.law), "a compiled twin")
        unit = self.unit.centre, 1.0 / self.unit.scale
        if not self.params:
            return np.asarray(in_chunks(twin.statistics, x, weight, *unit).sum(axis=0))[2:]  # less the extent
        return np.asarray(in_chunks(twin.sums, x, weight, *unit, *self.params).sum(axis=0))


def statistics_part(law: ExponentialFamily, unit: Unit | ColumnUnits, *, compiled: bool, weighted: bool) -> Sum:
    """What sums the statistics of a block, and the rows of a block."""
    if compiled and isinstance(unit, Unit):
        return Sum(CompiledSums(law, unit))
    length = law.block_rows if unit.is_identity and not weighted else BLOCK_ROWS
    return Sum(BlockSums(_statistics_of, law, unit), length)


def base_part(law: ExponentialFamily, unit: Unit | ColumnUnits) -> Sum:
    """What sums the part of the log-density without parameters over a block, and the rows of a block."""
    return Sum(BlockSums(_base_of, law, unit), BLOCK_ROWS)


def _statistics_of(law: Any, x: Array, weight: Array | None, _: Any) -> Any:
    sums = law.sums(x, weight)
    if not law.multivariate:
        return np.array(sums)
    apart = np.empty(len(sums), dtype=object)  # a vector and a matrix, say: each adds to its own
    for k, value in enumerate(sums):
        apart[k] = value
    return apart


def _base_of(law: Any, x: Array, weight: Array | None, _: Any) -> Array:
    return np.array(law.base_sum(x, weight))


def log_density_of(law: Family, x: Array, weight: Array | None, params: tuple[Any, ...]) -> Array:
    """Sum of the log-density."""
    logpdf = law.logpdf(x, *params)
    return np.array(np.sum(logpdf if weight is None else weight * logpdf))


def scores_of(law: Scored, x: Array, weight: Array | None, params: tuple[Any, ...]) -> Array:
    """Sums of the scores."""
    if law.score_sums is not None:
        return np.asarray(law.score_sums(x, weight, *params))
    return _block_sums(law.score(x, *params), weight, len(x))


def hessians_of(law: Curved, x: Array, weight: Array | None, params: tuple[Any, ...]) -> Array:
    """Sums of the second derivatives."""
    # NumPy's powers and quotients leave the range of numbers without an exception; Python's raise.
    numbers = (np.float64(p) if isinstance(p, float) else p for p in params)
    return _block_sums(law.hessian(x, *numbers), weight, len(x))


def derivative_sums_of(law: Summed, x: Array, weight: Array | None, params: tuple[Any, ...]) -> Array:
    """Sums of which a law makes log-likelihood, score and second derivatives."""
    return np.array(law.derivative_sums(x, weight, *params))


def score_rows_of(law: Scored, x: Array, weight: Array | None, params: tuple[Any, ...]) -> Array:
    """Scores of the rows; shape (n, p)."""
    return np.stack([np.broadcast_to(s, len(x)) for s in law.score(x, *params)], axis=1)


def score_products_of(squared: bool, law: Scored, x: Array, weight: Array | None, params: tuple[Any, ...]) -> Array:
    """Sums of products of scores, with weights or their squares."""
    rows = score_rows_of(law, x, weight, params)
    if weight is None:
        return np.asarray(rows.T @ rows)
    return np.asarray((rows * (np.square(weight) if squared else weight)[:, None]).T @ rows)


def squared_deviations_of(
    mean: float, squared: bool, law: Family, x: Array, weight: Array | None, params: tuple[Any, ...]
) -> Array:
    """Sum of squares of the log-density about a mean, with weights or their squares."""
    squares = np.square(law.logpdf(x, *params) - mean)
    return np.array(total(squares if weight is None else (np.square(weight) if squared else weight) * squares))


def _block_sums(values: tuple[Array, ...], weight: Array | None, length: int) -> Array:
    if weight is None:  # a derivative that is the same for every row may come as one number
        return np.array([total(v) if np.ndim(v) else length * float(v) for v in values])
    return np.array([total(weight * v) for v in values])
