"""Rows drawn with replacement, for several replicates of a sample at once, and sums over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.likelihood.kernels import has_numba, uniform

BLOCK = 1 << 8
"""Rows a block: one byte says which of them."""

COMPILED_DRAWS = 50_000
"""Rows from which sums are compiled: by a thousand replicates half of numba's start, half a second, is won back."""

_AT_ONCE = 1 << 16
"""Draws whose values NumPy takes at once: they stay in cache."""


@dataclass(frozen=True)
class Draws:
    """For each replicate of a sample, as many of its rows as there are, drawn with replacement.

    A draw from all rows is one of a block, then one of its rows. How many draws fall in each block is multinomial; then
    bytes as they come from the generator are rows of a full block, without the rejection that another range needs.
    Draws are kept in the order of their blocks, so that memory is read in order.

    Attributes
    ----------
    counts : ndarray of int64 of shape (n_replicates, n_blocks)
        Draws from each block of `BLOCK` rows, of which the last may have fewer.
    within : ndarray of uint8 of shape (n_replicates, n_rows)
        For each draw, the row within its block.

    Examples
    --------
    >>> import numpy as np
    >>> from mle_toolkit.inference.draws import Draws
    >>> draws = Draws.of(2, 300, np.random.default_rng(1))
    >>> draws.counts.sum(axis=1)
    array([300, 300])
    >>> draws.sums([np.ones(300)])
    array([[300., 300.]])
    """

    counts: NDArray[np.int64]
    within: NDArray[np.uint8]

    @classmethod
    def of(cls, n_replicates: int, n_rows: int, rng: np.random.Generator) -> Draws:
        """Draw the rows of all replicates."""
        first = np.arange(0, n_rows, BLOCK)
        sizes = np.minimum(BLOCK, n_rows - first)
        counts = rng.multinomial(n_rows, sizes / n_rows, size=n_replicates)
        words = rng.integers(0, 1 << 64, -(-n_replicates * n_rows // 8), dtype=np.uint64).astype("<u8", copy=False)
        within = words.view(np.uint8)[: n_replicates * n_rows].reshape(n_replicates, n_rows)
        in_last = counts[:, -1:]
        place = np.arange(n_rows - in_last.max(), n_rows)
        rows = rng.integers(0, sizes[-1], in_last.sum(), dtype=np.uint8)
        within[:, place[0] :][place >= n_rows - in_last] = rows
        return cls(counts, within)

    def places(self, replicates: slice = slice(None)) -> NDArray[np.int64]:
        """Rows that were drawn for some of the replicates; shape (n_replicates, n_rows)."""
        counts, within = self.counts[replicates], self.within[replicates]
        first = np.arange(0, within.shape[1], BLOCK)
        return np.repeat(np.tile(first, len(counts)), counts.ravel()).reshape(within.shape) + within

    def sums(self, columns: Sequence[Array]) -> Array:
        """Sums of columns, each of shape (n_rows,), over the draws; shape (n_columns, n_replicates)."""
        n_replicates, n_rows = self.within.shape
        sums = np.empty((len(columns), n_replicates))
        if n_rows >= COMPILED_DRAWS and has_numba():
            from mle_toolkit.likelihood.kernels.draws import add_up

            for column, total in zip(columns, sums, strict=True):
                add_up(uniform(column), self.counts, self.within, BLOCK, total)
            return sums
        for part in self._parts():
            places = self.places(part)
            for column, total in zip(columns, sums, strict=True):
                total[part] = column.take(places).sum(axis=1)
        return sums

    def smallest(self, column: Array) -> Array:
        """Smallest value of a column of shape (n_rows,) among the draws; shape (n_replicates,)."""
        return np.concatenate([column.take(self.places(part)).min(axis=1) for part in self._parts()])

    def constant(self, column: Array) -> Mask:
        """Whether a column of shape (n_rows,) has one value in all draws; shape (n_replicates,)."""
        drawn = self.counts > 0
        first = np.argmax(drawn, axis=1) * BLOCK + self.within[:, 0]
        last = (drawn.shape[1] - 1 - np.argmax(drawn[:, ::-1], axis=1)) * BLOCK + self.within[:, -1]
        constant = np.asarray(column[first] == column[last])
        for k in np.flatnonzero(constant).tolist():  # they are few, unless many rows are equal
            values = column.take(self.places(slice(k, k + 1)))
            constant[k] = np.all(values == values[0, 0])
        return constant

    def _parts(self) -> list[slice]:
        """Replicates whose values NumPy takes at once."""
        n_replicates, n_rows = self.within.shape
        step = max(1, _AT_ONCE // n_rows)
        return [slice(first, first + step) for first in range(0, n_replicates, step)]
