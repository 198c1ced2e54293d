"""Doors of a fit into its law, and spellings of statsmodels, for those who come with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from mle_toolkit._typing import IntervalBy, ManyNumbers, OneNumber
from mle_toolkit.errors import ParameterError
from mle_toolkit.options import number

if TYPE_CHECKING:
    import pandas as pd

    from mle_toolkit.families.distribution import Distribution
    from mle_toolkit.information.estimate import Estimate


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

    @overload
    def b_life(
        self, percent: OneNumber, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> Estimate: ...

    @overload
    def b_life(
        self, percent: ManyNumbers, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> pd.Series[Any]: ...

    def b_life(self, percent: Any, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> Any:
        """Estimate the life by which ``percent`` of the units have failed: B10, B50, as reliability engineers call it.

        Parameters
        ----------
        percent : float or array_like of shape (m,)
            Between 0 and 100.
        alpha, method, **options
            As for `quantile`.

        Returns
        -------
        Estimate, or Series of m of them with index ``percent``

        Examples
        --------
        >>> import mle_toolkit as mle
        >>> mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], "exponential").b_life(50)
        Estimate(0.956543 ± 0.43, 95% in (0.3981, 2.298); delta method; few_observations_for_wald)
        """
        fit: Any = self
        if np.ndim(percent) == 0:
            return fit.quantile(number(percent, "percent", above=0.0, below=100.0) / 100, alpha, method, **options)
        shares = [number(p, "percent", above=0.0, below=100.0) / 100 for p in np.asarray(percent).ravel().tolist()]
        found = fit.quantile(shares, alpha, method, **options)
        return found.set_axis(np.ravel(percent).tolist()).rename_axis("percent")

    @overload
    def hazard(self, t: OneNumber, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> Estimate: ...

    @overload
    def hazard(
        self, t: ManyNumbers, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> pd.Series[Any]: ...

    def hazard(self, t: Any, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> Any:
        """Estimate the hazard at t, with its uncertainty.

        Parameters
        ----------
        t : float or array_like of shape (m,)
        alpha, method, **options
            As for `derive`; the interval is on the log scale.

        Returns
        -------
        Estimate, or Series of m of them with index ``t``

        Examples
        --------
        >>> import mle_toolkit as mle
        >>> round(float(mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], "exponential").hazard(2.0)), 6)
        0.724638
        """
        return self._of_lives("hazard", t, alpha, method, options)

    @overload
    def cumulative_hazard(
        self, t: OneNumber, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> Estimate: ...

    @overload
    def cumulative_hazard(
        self, t: ManyNumbers, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> pd.Series[Any]: ...

    def cumulative_hazard(self, t: Any, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> Any:
        """Estimate the hazard added up to t, -log S(t), with its uncertainty; arguments as for `hazard`."""
        return self._of_lives("cumulative_hazard", t, alpha, method, options)

    @overload
    def mean_residual_life(
        self, t: OneNumber, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> Estimate: ...

    @overload
    def mean_residual_life(
        self, t: ManyNumbers, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> pd.Series[Any]: ...

    def mean_residual_life(self, t: Any, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> Any:
        """Estimate the mean of what is left of those above t, with its uncertainty; arguments as for `hazard`."""
        return self._of_lives("mean_residual_life", t, alpha, method, options)

    @overload
    def restricted_mean(
        self, t: OneNumber, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> Estimate: ...

    @overload
    def restricted_mean(
        self, t: ManyNumbers, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> pd.Series[Any]: ...

    def restricted_mean(self, t: Any, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> Any:
        """Estimate the mean of the smaller of an observation and t, with its uncertainty; arguments as for `hazard`."""
        return self._of_lives("restricted_mean", t, alpha, method, options)

    def _of_lives(self, name: str, t: Any, alpha: float, method: IntervalBy, options: Mapping[str, Any]) -> Any:
        from mle_toolkit.families.domain import POSITIVE, REAL

        fit: Any = self
        domain = REAL if name == "restricted_mean" else POSITIVE

        def one(at: float) -> Any:
            return fit.derive(lambda law: float(getattr(law, name)(at)), alpha, method, domain=domain, **options)

        return one_or_each(t, "t", one)

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
        fit: Any = self
        if params is None:
            return float(fit.llf)
        given = params if isinstance(params, Mapping) else {}
        missing = [name for name in fit.params if name not in given]
        if missing:
            raise ParameterError(f"loglike: expected a value for each parameter; there is none for {missing}.")
        from mle_toolkit.estimation.solve import maximise

        return maximise(fit.family, fit.sample, fixed=dict(given)).loglik

    @property
    def df_resid(self) -> float:
        """Observations less estimated parameters."""
        fit: Any = self
        return float(fit.nobs - fit.df_model)

    @property
    def tvalues(self) -> Mapping[str, Any]:
        """Estimates in standard errors, as `params`."""
        fit: Any = self
        with np.errstate(invalid="ignore", divide="ignore"):
            return {name: value / fit.bse[name] for name, value in fit.params.items()}

    @property
    def pvalues(self) -> Mapping[str, Any]:
        """Two-sided p-values of parameters that are 0, of Wald's tests; NaN where 0 is no value of the parameter."""
        from scipy import special

        from mle_toolkit.families.domain import Interval

        fit: Any = self
        free = {
            p.name
            for p in fit.family.parameters
            if isinstance(p.domain, Interval) and p.domain.lower < 0 < p.domain.upper
        }
        return {name: 2 * special.ndtr(-np.abs(t)) if name in free else t * np.nan for name, t in self.tvalues.items()}


def one_or_each(values: Any, name: str, estimate: Callable[[float], Estimate]) -> Any:
    """The estimate at one number, or a Series of those at each of several, with the numbers as index."""
    if np.ndim(values) == 0:
        return estimate(number(values.item() if isinstance(values, np.ndarray) else values, name))
    import pandas as pd

    if np.ndim(values) > 1:
        raise ParameterError(f"{name}: expected a number or one column of them, got {np.ndim(values)} dimensions.")
    each = [number(value, name) for value in np.asarray(values).tolist()]
    return pd.Series([estimate(value) for value in each], index=pd.Index(each, name=name, dtype=float), dtype=object)
