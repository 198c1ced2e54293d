"""Laws that are known by their cumulative hazard."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.special import hazard_at_cdf, hazard_at_sf, log1mexp_exp, log_or_minus_inf


class HazardFamily(Family):
    """A law on the positive numbers whose survival function is ``exp(-H(x))``, with H and its inverse in closed form.

    Probabilities and quantiles follow from H, each by the form that keeps its digits in its tail.
    """

    @abstractmethod
    def cumulative_hazard(self, x: Array, *params: Any) -> Array:
        """H at x: -log of the survival function; 0 below the support."""

    @abstractmethod
    def at_hazard(self, hazard: Array, *params: Any) -> Array:
        """Find the x at which H has this value; the inverse of `cumulative_hazard`."""

    def tail_scores_of(self, hazard: Array, slopes: tuple[Array, ...]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """`tail_scores` from the cumulative hazard and its derivatives by each parameter."""
        with np.errstate(over="ignore"):
            odds = 1.0 / np.expm1(hazard)  # S/F
        return tuple(slope * odds for slope in slopes), tuple(-slope for slope in slopes)

    def tail_scores_of_log(
        self, hazard: Array, slopes: tuple[Array, ...]
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """The same from the derivatives of log H, which are numbers where H underflows."""
        odds = 1.0 / special.exprel(hazard)  # H S/F
        return tuple(slope * odds for slope in slopes), tuple(-slope * hazard for slope in slopes)

    def log_hazard(self, x: Array, *params: Any) -> Array:
        """Log of H; a law whose H underflows next to 0 gives its own."""
        return log_or_minus_inf(self.cumulative_hazard(x, *params))

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return np.asarray(-np.expm1(-self.cumulative_hazard(x, *params)))

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return np.asarray(np.exp(-self.cumulative_hazard(x, *params)))

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return log1mexp_exp(self.log_hazard(x, *params))

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return np.asarray(-self.cumulative_hazard(x, *params))

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        return np.asarray(self.at_hazard(hazard_at_cdf(p), *params))

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        return np.asarray(self.at_hazard(hazard_at_sf(p), *params))
