"""Laws made of others whose tails are there as logs, and whose quantiles take both probabilities."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.combinators.parts import Combined
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log


class ByBothTails(Combined):
    """A law of which `logcdf`, `logsf` and one function for all quantiles are given; the rest follows."""

    quantiles_of_logs = False
    """Whether that function takes logs of probabilities."""

    @abstractmethod
    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""

    @abstractmethod
    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""

    @abstractmethod
    def _quantile(self, below: Array, above: Array, params: tuple[Any, ...]) -> Array:
        """Where so much is below and so much above, as probabilities or as their logs."""

    cdf, sf = cdf_of_log, sf_of_log

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        here, beyond = self._sides(p)
        return self._quantile(here, beyond, params)

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        here, beyond = self._sides(p)
        return self._quantile(beyond, here, params)

    def _sides(self, p: Array) -> tuple[Array, Array]:
        """A probability and that of all else."""
        p = np.asarray(p, dtype=float)
        if not self.quantiles_of_logs:
            return p, 1 - p
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(p), np.log1p(-p)
