"""Compiled sums over rows drawn with replacement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import loop


@loop
def add_up(column: Array, counts: NDArray[np.int64], within: NDArray[np.uint8], block: int, sums: Array) -> None:
    """Sum of a column over the draws of each replicate, as `mle_toolkit.inference.draws.Draws` keeps them."""
    for replicate in range(len(counts)):
        total, first = 0.0, 0
        for k in range(counts.shape[1]):
            size = counts[replicate, k]
            rows = column[block * k : block * (k + 1)]
            for row in within[replicate, first : first + size]:
                total += rows[row]
            first += size
        sums[replicate] = total
