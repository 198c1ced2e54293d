"""Doors of a fit into its law, and spellings of statsmodels, for those who come with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mle_toolkit.errors import ParameterError

if TYPE_CHECKING:
    from mle_toolkit.families.distribution import Distribution
    from mle_toolkit.fitting import Fit


class Doors:
    """What the fitted law says, asked of the fit itself: ``fit.cdf(x)`` is ``fit.distribution.cdf(x)``."""

    if TYPE_CHECKING:

        @property
        def distribution(self) -> Distribution: ...  # noqa: D102

    def pdf(self, x: Any) -> Any:
        """Density, or probability of a count; shape of ``x``."""
        return self.distribution.pdf(x)

    def logpdf(self, x: Any) -> Any:
        """Log-density, nats; shape of ``x``."""
        return self.distribution.logpdf(x)

    def cdf(self, x: Any) -> Any:
        """Probability of at most ``x``; shape of ``x``."""
        return self.distribution.cdf(x)

    def sf(self, x: Any) -> Any:
        """Probability of more than ``x``; shape of ``x``."""
        return self.distribution.sf(x)

    def ppf(self, p: Any) -> Any:
        """Quantiles of probabilities ``p``; shape of ``p``. `quantile` gives their uncertainty."""
        return self.distribution.ppf(p)

    def isf(self, p: Any) -> Any:
        """Values that are exceeded with probability ``p``; shape of ``p``."""
        return self.distribution.isf(p)

    def rvs(self, size: int | tuple[int, ...] = 1, rng: Any = None) -> Any:
        """Draw from the fitted law; ``rng`` as SPEC 7 says."""
        return self.distribution.rvs(size, rng)

    def loglike(self, params: Mapping[str, Any] | None = None) -> float:
        """Log-likelihood of the data, nats: at the estimates, or at other parameters.

        Parameters
        ----------
        params : mapping of str to float, optional
            All parameters that the fit estimates.

        Raises
        ------
        ParameterError
            If one is missing or outside its domain.

        Examples
        --------
        >>> import mle_toolkit as mle
        >>> fit = mle.fit([1.0, 2.0, 6.0], "exponential")
        >>> round(fit.loglike(), 6), round(fit.loglike({"scale": 2.0}), 6)
        (-6.295837, -6.579442)
        """
        fit = cast("Fit", self)
        if params is None:
            return fit.llf
        missing = [name for name in fit.params if name not in params]
        if missing or not isinstance(params, Mapping):
            raise ParameterError(f"loglike: expected a value for each parameter; there is none for {missing}.")
        from mle_toolkit.fitting import fit as fitted

        return fitted(fit.sample, fit.family, fixed=dict(params)).llf

    @property
    def df_resid(self) -> float:
        """Observations less estimated parameters."""
        fit = cast("Fit", self)
        return fit.nobs - fit.df_model

    @property
    def tvalues(self) -> Mapping[str, Any]:
        """Estimates in standard errors, as `params`."""
        fit = cast("Fit", self)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {name: value / fit.bse[name] for name, value in fit.params.items()}

    @property
    def pvalues(self) -> Mapping[str, Any]:
        """Two-sided p-values of parameters that are 0, of Wald's tests; NaN where 0 is no value of the parameter."""
        from scipy import special

        from mle_toolkit.families.domain import Interval

        fit = cast("Fit", self)
        free = {
            p.name
            for p in fit.family.parameters
            if isinstance(p.domain, Interval) and p.domain.lower < 0 < p.domain.upper
        }
        return {name: 2 * special.ndtr(-np.abs(t)) if name in free else t * np.nan for name, t in self.tvalues.items()}
