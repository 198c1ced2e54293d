"""fit() and what it returns.

Over 600 lines, because `Fit` is one class, with a door for each question; the work is in the rooms behind them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, get_args, overload

import numpy as np

from mle_toolkit._typing import (
    Array,
    InformationUnit,
    IntervalBy,
    ManyNumbers,
    OneNumber,
    OnScale,
    ResidualKind,
    Solver,
    TestBy,
)
from mle_toolkit.data.blocks import BlockedSample
from mle_toolkit.data.checks import NanPolicy
from mle_toolkit.data.exposure import with_exposure
from mle_toolkit.data.sample import Sample
from mle_toolkit.doors import Doors, one_or_each
from mle_toolkit.errors import (
    ComparisonError,
    DataError,
    DegenerateDataError,
    FitWarning,
    InexactLikelihoodError,
    NoMaximumError,
    ParameterError,
    UnboundedLikelihoodError,
)
from mle_toolkit.estimation.asked import checked_options
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.estimation.tails import power_law_beyond
from mle_toolkit.estimation.update import step_from
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import REAL, UNIT, Interval
from mle_toolkit.families.exponential_family import within_range
from mle_toolkit.families.own import check_rows_apart
from mle_toolkit.families.registry import get_family
from mle_toolkit.inference.covariance import (
    CovKind,
    cov_kind,
    covariance,
    optimism,
    standard_errors,
    too_few_for_wald,
    wald_interval,
    wald_intervals,
)
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.report import InformationReport
from mle_toolkit.kept import KeptSample, Sums, can_be_kept
from mle_toolkit.likelihood.first_pass import FirstPass
from mle_toolkit.notebook import Named
from mle_toolkit.options import choice, level, of_law, plainly, probability, shown, whole

if TYPE_CHECKING:
    import os

    import pandas as pd

    from mle_toolkit.inference.bootstrap import Bootstrap
    from mle_toolkit.inference.goodness import GoodnessOfFit
    from mle_toolkit.inference.nested import NestedTest
    from mle_toolkit.inference.profile import Profile
    from mle_toolkit.report.page.sections import Drawing, Page
    from mle_toolkit.report.plots.canvas import Pictures

T = TypeVar("T")

_FROM_ZERO = Interval(0.0, math.inf, closed="lower")

_KEPT_VALUES = 1000
"""Values of a table of counts up to which it is saved with a fit."""

_WEAKER = (Verdict.BOUNDARY, Verdict.NOT_IDENTIFIED, Verdict.LOCAL, Verdict.NOT_CONVERGED)


class Fit(Doors):
    """What one maximisation established.

    Made by `fit`; not by hand. What costs a pass over the data is computed when it is first asked for.

    Attributes
    ----------
    family : Family
        The law, with its constants.
    params : mapping of str to float (array for vector parameters)
        Estimates, in declared order, in the unit of the data.
    llf : float
        Log-likelihood at the estimates: sum of w_i log f(x_i | params), nats.
    nobs : float
        Number of observations: the sum of the weights.
    df_model : int
        Number of free parameters; known ones do not count, those at a boundary do.
    fixed : tuple of str
        Parameters that were given.
    """

    def __init__(
        self,
        family: Family,
        theta: Array,
        llf: float | None,
        nobs: float,
        fixed: tuple[str, ...],
        weight_kind: str,
        maximum: Maximum | None,
        sample: Sample | None,
        pieces: dict[str, Any] | None = None,
    ) -> None:
        self.family = family
        self._llf = llf
        self.nobs = nobs
        self.fixed = fixed
        self.weight_kind = weight_kind
        self._theta = theta
        self.maximum = maximum
        self._sample = sample
        self.pieces: dict[str, Any] = {} if pieces is None else pieces

    @classmethod
    def of(cls, maximum: Maximum, sample: Sample) -> Self:
        """The fit that a maximum of the likelihood of a sample is."""
        return cls(
            maximum.family,
            maximum.theta,
            None,
            sample.nobs,
            maximum.fixed,
            sample.weight_kind,
            maximum,
            sample,
        )

    # --- estimates --------------------------------------------------------------------------------------------------

    @property
    def params(self) -> Mapping[str, Any]:
        """Estimates by name, in declared order."""
        return self._named(self._theta)

    @property
    def df_model(self) -> int:
        """Number of free parameters."""
        return sum(p.domain.n_free for p in self.family.parameters if p.name not in self.fixed)

    @property
    def certificate(self) -> Certificate:
        """The verdict on the maximum, and its evidence."""
        return self.once("certificate", lambda: self.at_maximum.certify())

    @property
    def bse(self) -> Mapping[str, Any]:
        """Standard errors by name, from `cov_params` of the default kind; NaN where there is none."""
        return self._named(self._bse)

    def cov_params(self, kind: CovKind | None = None) -> pd.DataFrame:
        """Covariance of the estimates.

        Parameters
        ----------
        kind : {"observed", "expected", "opg", "sandwich"}, optional
            Inverse observed or expected information, inverse outer product of scores, or the sandwich of both, which is
            valid when the model is wrong. By default ``"observed"``, and ``"sandwich"`` for reliability weights.

        Returns
        -------
        DataFrame of shape (p, p)
            0 for known parameters, NaN where there is no standard error.

        Raises
        ------
        ParameterError
            If the expected information is asked for of rows that are censored, or seen through windows.
        """
        import pandas as pd

        names = list(self.family.coefficient_names)
        values = self._cov(self._default_kind if kind is None else cov_kind(kind))
        return pd.DataFrame(values, index=names, columns=names)

    def conf_int(
        self, alpha: float = 0.05, method: IntervalBy = "wald", *, scale: OnScale | None = None, **options: Any
    ) -> pd.DataFrame:
        """Confidence intervals of the parameters.

        Parameters
        ----------
        alpha : float
            One minus the confidence level.
        method : {"wald", "profile", "bootstrap"}
            ``"wald"``: estimate ± normal quantile × standard error, see ``scale``. ``"profile"``: the values that the
            likelihood ratio does not reject, see `profile`; right where Wald's are not, and open where the data set no
            bound. ``"bootstrap"``: from replicates, see `bootstrap`, whose intervals by BCa they are; basic ones where
            there is no BCa interval.
        scale : {"domain", "plain"}, optional
            Of Wald's intervals. ``"domain"``, the default: the logarithm of a positive parameter (of the distance from
            the end of any half line), the logit of a probability (between any two ends), the parameter itself on the
            whole line; so they keep inside. ``"plain"``: all of them on the scale of the parameter.
        **options
            Of `bootstrap`: ``n``, ``kind``, ``rng``, ``workers``.

        Returns
        -------
        DataFrame with columns ``lower`` and ``upper``
            NaN where there is no interval: a known parameter, or one without a standard error.
        """
        import pandas as pd

        alpha = level(alpha)
        method, plain = asked_interval(method, scale, options)
        names = list(self.family.coefficient_names)
        if method == "wald":
            ends = wald_intervals(self.family, self._theta, self._bse, alpha, plain=plain)
            ends[[p.name in self.fixed for p in self.family.parameters for _ in range(p.size)]] = np.nan
        elif method == "profile":
            ends = np.array([self._profile_interval(name, alpha) for name in names])
        else:
            drawn = self.bootstrap(**options)
            ends = np.array([drawn.interval(name, alpha) for name in names])
        return pd.DataFrame(ends, index=names, columns=["lower", "upper"])

    def profile(self, name: str, alpha: float = 0.05, points: int = 41) -> Profile:
        """Profile the likelihood over one parameter: the curve, its signed root, and its interval.

        Parameters
        ----------
        name : str
            A parameter that is a number, or one entry of an array: ``"mean[0]"``.
        alpha : float
            One minus the confidence level.
        points : int
            How many values of the curve to compute, two or more; the interval alone is that of `conf_int`.

        Raises
        ------
        ParameterError
            If the parameter was given, or the likelihood ratio has no chi-squared law for it (ends of supports, kinks).

        Examples
        --------
        >>> fit([1.1, 0.4, 2.7, 1.9, 0.8], "exponential").profile("scale").interval
        (0.6420..., 3.8482...)
        """
        from mle_toolkit.inference.profile import profile_of_parameter

        return profile_of_parameter(self.at_maximum, name, alpha, whole(points, "points", 2))

    def bootstrap(
        self,
        n: int = 1000,
        kind: Literal["parametric", "nonparametric"] = "parametric",
        rng: Any = None,
        workers: int | None = None,
    ) -> Bootstrap:
        """Fit replicates of the sample: standard errors, bias and intervals without asymptotics.

        Parameters
        ----------
        n : int
            Number of replicates.
        kind : {"parametric", "nonparametric"}
            Draw from the fitted law, observed as the data were (windows, bins, rounding, censoring times), or draw rows
            of the data.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            Source of randomness (SPEC 7).
        workers : int, optional
            Processes for families whose fits are slow, -1 for all; by default this one. The result is the same for any
            number.

        Raises
        ------
        ParameterError
            If the form of the data does not say how to draw from the law: intervals that are no cells.

        Examples
        --------
        >>> drawn = fit([1.1, 0.4, 2.7, 1.9, 0.8], "exponential").bootstrap(n=500, rng=1)
        >>> drawn.replicates.shape, drawn.n_failed
        ((500, 1), 0)
        """
        from mle_toolkit.inference.bootstrap import bootstrap

        return bootstrap(self.at_maximum, self.sample, n, kind, rng, workers)

    def goodness_of_fit(
        self,
        statistic: Literal["ad", "ks", "cvm", "chi2", "g"] = "ad",
        n_resamples: int = 999,
        rng: Any = None,
        *,
        stop_after: int | None = None,
        workers: int | None = None,
    ) -> GoodnessOfFit:
        """Test whether the data may come from the fitted law; valid although it was fitted to them.

        Parameters
        ----------
        statistic : {"ad", "ks", "cvm", "chi2", "g"}
            Anderson-Darling, Kolmogorov-Smirnov or Cramer-von Mises, in their forms for counts, bins and censored
            values where these are the data; Pearson's chi-squared or the likelihood-ratio statistic G on cells.
        n_resamples : int
            How many replicates to draw from the law and fit.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            Source of randomness (SPEC 7).
        stop_after : int, optional
            Stop once so many replicates have reached the statistic (Besag & Clifford 1991).
        workers : int, optional
            As for `bootstrap`.

        Examples
        --------
        >>> test = fit([1.1, 0.4, 2.7, 1.9, 0.8], "gamma").goodness_of_fit(n_resamples=199, rng=1)
        >>> round(test.statistic, 6), test.p_value > 0.5, test.p_error < 0.04
        (0.187344, True, True)
        """
        from mle_toolkit.inference.goodness import goodness_of_fit

        return goodness_of_fit(self.at_maximum, self.sample, statistic, n_resamples, rng, stop_after, workers)

    def residuals(self, kind: ResidualKind = "quantile", rng: Any = None) -> Array:
        """Residuals; randomised quantile residuals (Dunn & Smyth 1996) are standard normal if the law is right.

        Parameters
        ----------
        kind : {"quantile", "deviance", "pearson", "response"}
            The first are of any data; the others, from the mean of the law, of exact numbers.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            Source of randomness (SPEC 7) for counts, bins and censored values, which are drawn within their cells.

        Returns
        -------
        ndarray of shape (n_rows,)

        Examples
        --------
        >>> fit([1.0, 2.0, 3.0], "normal").residuals().round(4).tolist()
        [-1.2247, 0.0, 1.2247]
        """
        from mle_toolkit.inference.residuals import residuals

        return residuals(self.distribution, self.sample, kind, rng)

    @overload
    def quantile(self, p: OneNumber, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> Estimate: ...

    @overload
    def quantile(
        self, p: ManyNumbers, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> pd.Series[Any]: ...

    def quantile(self, p: Any, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> Any:
        """Estimate the quantile that the law does not exceed with probability ``p``.

        Parameters
        ----------
        p : float or array_like of shape (m,)
            Between 0 and 1.
        alpha : float
            One minus the confidence level.
        method : {"wald", "profile", "bootstrap"}
            Of the interval: delta method, profile likelihood, or replicates of the sample. That of the delta method is
            on the scale of the support: of a positive law the interval of the log of the quantile, taken back.
        **options
            Of `bootstrap`: ``n``, ``kind``, ``rng``, ``workers``.

        Returns
        -------
        Estimate, or Series of m of them with index ``p``
            With its standard error by the delta method, or that of the replicates, and its interval of level
            ``1 - alpha``; of counts, whose quantiles move in steps, by replicates only. Flagged
            ``few_observations_for_wald`` where the interval of the delta method may hold the truth less often than it
            says: fewer than 50 observations a free parameter.

        Examples
        --------
        >>> fit([1.1, 0.4, 2.7, 1.9, 0.8], "exponential").quantile(0.5)
        Estimate(0.956543 ± 0.43, 95% in (0.3981, 2.298); delta method; few_observations_for_wald)
        >>> fit([1.1, 0.4, 2.7, 1.9, 0.8], "exponential").quantile([0.1, 0.9]).map(float).round(4).to_dict()
        {0.1: 0.1454, 0.9: 3.1776}
        """
        self._check_one_law("quantile")

        def one(p: float) -> Estimate:
            at = probability(p, "p")
            return self._quantile(lambda law: float(law.ppf(at)), alpha, method, options)

        return one_or_each(p, "p", one)

    @overload
    def return_level(
        self, period: OneNumber, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> Estimate: ...

    @overload
    def return_level(
        self, period: ManyNumbers, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> pd.Series[Any]: ...

    def return_level(self, period: Any, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> Any:
        """Estimate the level that is exceeded once in ``period`` observations on average.

        Parameters
        ----------
        period : float or array_like of shape (m,)
            Above 1; the level is the quantile of ``1 - 1/period``.
        alpha, method, **options
            As for `quantile`; for long periods the profile interval is the honest one.

        Returns
        -------
        Estimate, or Series of m of them with index ``period``
        """
        self._check_one_law("return level")

        def one(period: float) -> Estimate:
            if not 1 < period < math.inf:
                raise ParameterError(f"period: expected a number above 1, got {period:g}.")
            return self._quantile(lambda law: float(law.isf(1 / period)), alpha, method, options)

        return one_or_each(period, "period", one)

    def _quantile(
        self, quantile: Callable[[Distribution], float], alpha: float, method: IntervalBy, options: Mapping[str, Any]
    ) -> Estimate:
        method = _interval_by(method, options)
        if not self.family.discrete or method == "bootstrap":
            return self.derive(quantile, alpha, method, domain=self._values_of_law, **options)
        why = f"quantiles of counts move in steps, which have no slope and no {method} interval"
        return Estimate(
            value=quantile(self.distribution),
            method="of the fitted law",
            unit="",
            level=1 - level(alpha),
            reason=f'{why}; method="bootstrap" has one',
        )

    def _check_one_law(self, what: str) -> None:
        if self.family.per_row:
            raise ParameterError(
                f"{what}: each row has a law of its own, by its {', '.join(self.family.per_row)}; "
                f"derive(...) takes a function of the parameters."
            )

    def derive(
        self,
        function: Callable[[Distribution], float],
        alpha: float = 0.05,
        method: IntervalBy = "wald",
        *,
        domain: Interval = REAL,
        **options: Any,
    ) -> Estimate:
        """Estimate a smooth function of the fitted law, with its uncertainty.

        Parameters
        ----------
        function : callable
            Takes a `Distribution`, returns a number: ``lambda law: law.mean()``.
        alpha : float
            One minus the confidence level.
        method : {"wald", "profile", "bootstrap"}
            Of the interval: delta method, profile likelihood, or replicates of the sample.
        domain : Interval
            Where its values lie: the delta method then works on the log of the distance from one end, or the logit
            between two, and the profile keeps inside. By default the whole line.
        **options
            Of `bootstrap`: ``n``, ``kind``, ``rng``, ``workers``.

        Examples
        --------
        >>> fit([1.1, 0.4, 2.7, 1.9, 0.8], "gamma").derive(lambda law: law.mean())
        Estimate(1.38 ± 0.38, 95% in (0.6308, 2.129); delta method; few_observations_for_wald)
        """
        from mle_toolkit.inference.profile import delta_se, profile_of_function

        alpha, method, function = level(alpha), _interval_by(method, options), of_law(function)
        if not isinstance(domain, Interval):
            raise ParameterError(f"domain: expected an Interval, as mle.UNIT or mle.Interval(0, inf); got {domain!r}.")
        if method == "bootstrap":
            return self.bootstrap(**options).derive(function, alpha)
        value = function(self.distribution)
        if math.isfinite(value) and not domain.lower <= value <= domain.upper:
            raise ParameterError(f"domain: {domain} does not hold the value of the function, {value:g}.")
        se = delta_se(self.at_maximum, function)
        usable = math.isfinite(se)
        reason = None if usable else "a parameter has no standard error"
        if method == "profile":
            curve = profile_of_function(self.at_maximum, function, "quantity", alpha, domain=domain)
            interval, flags = curve.interval, curve.notes
        else:
            interval = wald_interval(value, se, domain, alpha)
            if usable and math.isnan(interval[0]):
                usable, reason = False, "the value is at the end of its domain, where the delta method does not hold"
            few = usable and self.weight_kind == "frequency" and too_few_for_wald(self.family, self.nobs, self.df_model)
            flags = ("few_observations_for_wald",) if few else ()
        return Estimate(
            value=value,
            se=se if usable else None,
            interval=interval if usable or method == "profile" else None,
            method="delta method" if method == "wald" else "profile likelihood",
            unit="",
            level=1 - alpha,
            flags=flags,
            reason=reason,
        )

    def layer(
        self,
        attachment: float,
        limit: float | None = None,
        alpha: float = 0.05,
        method: IntervalBy = "wald",
        **options: Any,
    ) -> Estimate:
        """Expected loss in a layer; see `Distribution.layer`, and `derive` for its standard error and interval.

        Parameters
        ----------
        attachment, limit : float
            Where the layer begins, and how much it holds; without a limit it is the excess of loss.
        alpha, method, **options
            As for `derive`.

        Examples
        --------
        >>> fit([1.1, 0.4, 2.7, 1.9, 0.8], "exponential").layer(2.0)
        Estimate(0.323942 ± 0.35, 95% in (0.03785, 2.772); delta method; few_observations_for_wald)
        """
        self._check_one_law("layer")
        return self.derive(lambda law: law.layer(attachment, limit), alpha, method, domain=_FROM_ZERO, **options)

    def limited_expected_value(
        self, limit: float, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> Estimate:
        """Expected value of a loss that is covered up to a limit; see `Distribution.limited_expected_value`."""
        self._check_one_law("limited expected value")
        domain = _FROM_ZERO if self.distribution.family.support.lower >= 0 else REAL
        return self.derive(lambda law: law.limited_expected_value(limit), alpha, method, domain=domain, **options)

    def loss_elimination_ratio(
        self, deductible: float, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any
    ) -> Estimate:
        """Share of the expected loss that a deductible takes away; see `Distribution.loss_elimination_ratio`."""
        self._check_one_law("loss elimination ratio")
        return self.derive(lambda law: law.loss_elimination_ratio(deductible), alpha, method, domain=UNIT, **options)

    def test(
        self, fixed: Mapping[str, Any] | None = None, *, nested: Fit | None = None, method: TestBy = "lr"
    ) -> NestedTest:
        """Test a smaller model within this one.

        Parameters
        ----------
        fixed : mapping of str to value
            What parameters are under the smaller model; infinite where the family is then another law.
        nested : Fit
            Or a smaller fit to the same data: this family with more parameters known, or a law that is its limit.
        method : {"lr", "score", "wald"}
            Likelihood ratio, Rao's score, or Wald. The first is the most trustworthy; Wald's depends on the parameters
            chosen, and says so where it misleads.

        Returns
        -------
        NestedTest
            ``statistic``, ``df``, ``p_value``, ``reference`` and ``notes``.

        Raises
        ------
        ParameterError
            If the statistic has no known law: an end of a support, components of mixtures, several boundaries.
        ComparisonError
            If the smaller fit is of other data.

        Examples
        --------
        >>> test = fit([1.1, 0.4, 2.7, 1.9, 0.8], "gamma").test({"shape": 1.0})
        >>> round(test.statistic, 4), test.df, round(test.p_value, 4)
        (2.007, 1, 0.1566)
        """
        from mle_toolkit.inference.nested import compare_with_fit, compare_with_values

        if (fixed is None) == (nested is None):
            raise ParameterError("test: give the values of parameters, or a nested fit, and not both.")
        if nested is None:
            return compare_with_values(self.at_maximum, {} if fixed is None else fixed, method)
        if not isinstance(nested, Fit):
            raise ParameterError(f"nested: expected a fit, got {shown(nested)}.")
        what = self.sample.difference(nested.sample)
        if what is not None:
            raise ComparisonError(f"test: the smaller fit is of other data: {what}.")
        return compare_with_fit(self.at_maximum, nested.at_maximum, method)

    @property
    def llf(self) -> float:
        """Log-likelihood at the estimates, nats."""
        return self.at_maximum.loglik if self._llf is None else self._llf

    # --- likelihood and information -----------------------------------------------------------------------------------

    @property
    def nll(self) -> float:
        """Negative log-likelihood, nats."""
        return 0.0 - self.llf  # of certain data 0, not -0

    @property
    def cross_entropy(self) -> float:
        """Mean code length of the data under the fitted law: nll / nobs, nats per observation."""
        return self.nll / self.nobs

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2 llf + 2 df_model; NaN for reliability weights, where only `tic` is valid."""
        return -2 * self.llf + 2 * self.df_model if self.weight_kind == "frequency" else np.nan

    @property
    def aicc(self) -> float:
        """AIC with the small-sample correction of Hurvich & Tsai (1989); inf if nobs <= df_model + 1."""
        k, spare = self.df_model, self.nobs - self.df_model - 1
        return self.aic + (2 * k * (k + 1) / spare if spare > 0 else np.inf)

    @property
    def bic(self) -> float:
        """Schwarz's criterion, -2 llf + df_model log(nobs); NaN for reliability weights."""
        return -2 * self.llf + self.df_model * math.log(self.nobs) if self.weight_kind == "frequency" else np.nan

    @property
    def tic(self) -> float:
        """Takeuchi's criterion, -2 llf + 2 tr(J⁻¹K): AIC for a model that may be wrong."""
        return -2 * self.llf + 2 * self.optimism

    @property
    def optimism(self) -> float:
        """tr(J⁻¹K), nats: by how much `llf` overstates the fit on new data of the same size."""
        return self.once("optimism", lambda: optimism(self.at_maximum))

    @property
    def kl(self) -> Estimate | None:
        """Divergence of the empirical distribution from the model: cross-entropy minus entropy of the data."""
        return self.information().kl

    def information(self, unit: InformationUnit = "nat") -> InformationReport:
        """Report cross-entropy, entropy of the data, and the divergence between data and model.

        Parameters
        ----------
        unit : {"nat", "bit", "dit"} or float
        """
        report = self.once("information", self._information)
        return report.to(unit)

    def logpdf_rows(self) -> Array:
        """Log-density of every row of the data at the estimates, in the order given; shape (n_rows,), nats."""
        sample = self.sample
        if not sample.is_plain:
            return self._interval_rows()
        at = self.at_maximum.innermost
        law = at.family.law_at(at.theta)
        with np.errstate(all="ignore"):
            rows = within_range(law.family.logpdf, sample.x, *law.in_order)
            return np.broadcast_to(rows, sample.n_rows)

    def se_of_cross_entropy(self) -> float:
        """Standard error of `cross_entropy` as a mean over the rows of the data, by blocks; nats."""
        at = self.at_maximum.innermost
        theta, squared = at.theta_in_unit, self.weight_kind == "reliability"
        squares = at.likelihood.squared_deviations(theta, at.likelihood.mean_loglik(theta), squared=squared)
        return math.sqrt(squares) / self.nobs

    def _interval_rows(self) -> Array:
        at = self.at_maximum.innermost
        rows = at.likelihood.rows(at.theta_in_unit)
        point = self.sample.lower == self.sample.upper
        point &= ~np.isin(self.sample.lower, at.family.atoms)  # of probabilities, no unit is lost
        return np.where(point, rows + at.likelihood.unit.log_jacobian(at.family), rows)

    @property
    def distribution(self) -> Distribution:
        """The fitted law; at a boundary that is another law, that law."""
        return self.once("distribution", self._distribution)

    def to_scipy(self) -> Any:
        """The frozen scipy.stats distribution of the fitted law."""
        return self.distribution.to_scipy()

    # --- presentation -----------------------------------------------------------------------------------------------

    def summary(self, alpha: float = 0.05) -> Any:
        """Summarise as a statsmodels ``Summary``: ``as_text()``, ``as_html()``, ``as_latex()``, ``as_csv()``."""
        from mle_toolkit.report.summary import fit_summary

        return fit_summary(self, alpha)

    def plot(self, **options: Any) -> Pictures:
        """Draw density, Q-Q, P-P and distribution function; `mle_toolkit.plot` has these and others one by one.

        Parameters
        ----------
        **options
            Of `mle_toolkit.plot.panels`: ``axes``, ``n_resamples``, ``alpha``, ``rng``, ``refit``, ``label``.

        Returns
        -------
        ndarray of matplotlib Axes, of shape (2, 2)
            A notebook shows them; ``axes.savefig("fit.png")`` writes them.
        """
        from mle_toolkit.report.plot import panels

        return panels(self, **options)

    def page(self, drawing: Drawing) -> Page:
        """What stands on the page that `mle_toolkit.report` writes."""
        from mle_toolkit.report.page.sections import of_fit

        return of_fit(self, drawing)

    def __str__(self) -> str:
        return str(self.summary().as_text())

    def __repr__(self) -> str:
        texts = {name: np.array2string(np.asarray(value), precision=6) for name, value in self.params.items()}
        shown = ", ".join(f"{name}={' '.join(text.split())}" for name, text in texts.items())
        return f"Fit({self.family.name}: {shown}; llf={self.llf:.6g}, {self.certificate.verdict})"

    def _repr_html_(self) -> str:
        return str(self.summary().as_html())

    def update(self, rows: Any, weights: Any = None, *, nan_policy: NanPolicy = "raise") -> Fit:
        """Fit the rows that were fitted and new ones together.

        Parameters
        ----------
        rows : array_like, Series, Sample or Sums
            The new observations, in any form of data.
        weights : array_like, optional
            Frequency weights of the new rows.
        nan_policy : {"raise", "omit"}
            What to do with missing values among them.

        Returns
        -------
        Fit
            For a law on sums (see `Sums`) the fit of all rows, exact, also where the old ones are long gone: a saved
            fit keeps their sums. For other laws the fit of all rows, from the old estimates on, where the old rows are
            held; where they are not, one Newton step on them and the new ones, whose verdict is ``updated``: right to
            the second order in how far it moved, and not certified as a maximum of all rows.

        Raises
        ------
        DataError
            If the new rows cannot join the old ones, or nothing is left of these to step from.
        NoMaximumError
            As `fit`; or if the step leads nowhere.

        Examples
        --------
        >>> first = fit([1.1, 0.4, 2.7], "gamma")
        >>> both = first.update([1.9, 0.8])
        >>> round(both.params["shape"], 6), both.nobs
        (2.606953, 5.0)
        """
        law, kept = self.family, self.sums
        known = {name: self.params[name] for name in self.fixed}
        bounds = dict(self.maximum.bounds) if isinstance(self.maximum, Maximum) else {}
        if kept is not None and not isinstance(rows, Sums):
            new = Sample.of(rows, weights, nan_policy=nan_policy)
            if can_be_kept(law, new):
                rows, weights = Sums.of(new, law), None
        if isinstance(rows, Sums):
            if kept is None:
                raise DataError(f"{law.name}: the rows of this fit were no sums, so new sums do not add to them.")
            return fit(kept + rows, law, fixed=known, bounds=bounds)
        sample = Sample.of(rows, weights, nan_policy=nan_policy, multivariate=law.multivariate)
        if self._sample is not None and self._sample.in_memory and sample.in_memory:
            inside = self.certificate.verdict == "interior"
            start = {name: value for name, value in self.params.items() if name not in known} if inside else None
            return fit(self._sample.joined(sample), law, fixed=known, bounds=bounds, start=start)
        if self.certificate.verdict not in ("interior", "updated"):
            raise DataError(f"{law.name}: the saved fit is {self.certificate.verdict}; fit all rows again.")
        if sample.weight_kind != self.weight_kind:
            raise DataError(f"{self.weight_kind} and {sample.weight_kind} weights do not join.")
        sample = law.with_rows(sample)
        law.check_support(sample)
        step = step_from(law.given(sample.known), self._theta, self.llf, self._cov("observed"), self.fixed, sample)
        nobs, reason = self.nobs + sample.nobs, "the rows of the saved fit were not kept."
        report = InformationReport(
            nobs=nobs,
            nll=-step.llf,
            cross_entropy=Estimate(value=-step.llf / nobs, method="exact", reason=reason),
            entropy=None,
            kl=None,
            optimism=None,
            kl_predictive=None,
            flags=("not_certified",),
            reasons=dict.fromkeys(("entropy", "kl", "optimism", "kl_predictive"), reason),
        )
        pieces = {
            "bse": np.sqrt(np.diag(step.covariance)),
            "cov_observed": step.covariance,
            "optimism": math.nan,
            "certificate": step.certificate,
            "information": report,
        }
        return type(self)(law, step.theta, step.llf, nobs, self.fixed, self.weight_kind, None, None, pieces)

    @property
    def sums(self) -> Sums | None:
        """The sums that stand for the rows: they merge with those of other rows, and are kept by `save`.

        None where none do: for laws that need all rows, and for censored, binned or truncated data.
        """
        return self.once("sums", self._sums)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the data, as JSON-ready values with a schema version."""
        from mle_toolkit.report.record import fit_to_dict

        record, sums = fit_to_dict(self), self.sums
        if sums is not None and len(sums.values) <= _KEPT_VALUES:
            record["sums"] = sums.to_dict()
        return record

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `to_dict` as JSON; `load` reads it back, bit for bit."""
        from mle_toolkit.report.record import write_json

        write_json(self.to_dict(), path)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _sums(self) -> Sums | None:
        sample, law = self._sample, self.family
        if isinstance(sample, KeptSample):
            return sample.sums
        return Sums.of(sample, law) if sample is not None and can_be_kept(law, sample) else None

    def _named(self, values: Array) -> Mapping[str, Any]:
        return Named(dict(zip(self.family.param_names, self.family.unpack(values), strict=True)))

    def once(self, name: str, compute: Callable[[], T]) -> T:
        """What a function computes, which is kept under this name."""
        if name not in self.pieces:
            self.pieces[name] = compute()
        value: T = self.pieces[name]
        return value

    @property
    def _default_kind(self) -> CovKind:
        return "observed" if self.weight_kind == "frequency" else "sandwich"

    def _profile_interval(self, name: str, alpha: float) -> tuple[float, float]:
        from mle_toolkit.inference.profile import profile_of_parameter

        try:
            return profile_of_parameter(self.at_maximum, name, alpha).interval
        except ParameterError:
            return math.nan, math.nan

    @property
    def _values_of_law(self) -> Interval:
        """Where quantiles lie, as a continuum."""
        support = self.distribution.family.support
        return Interval(support.lower, support.upper)

    @property
    def _bse(self) -> Array:
        return self.once("bse", lambda: standard_errors(self.at_maximum, self._default_kind))

    def _cov(self, kind: CovKind) -> Array:
        return self.once(f"cov_{kind}", lambda: covariance(self.at_maximum, kind))

    def _information(self) -> InformationReport:
        from mle_toolkit.information.fits import information_report

        return information_report(self)

    def _distribution(self) -> Distribution:
        limit = None if self.maximum is None else self.maximum.limit
        if limit is not None and self.at_maximum.held is None:
            return Distribution(
                limit.family,
                dict(zip(limit.family.param_names, limit.family.unpack(limit.theta), strict=True)),
            )
        return Distribution(self.family, self.params)

    @property
    def at_maximum(self) -> Maximum:
        """Where the search ended, in its own coordinates: what inference and reports start from.

        Raises
        ------
        DataError
            If the fit was loaded.
        """
        if self.maximum is None:
            raise DataError("this fit was loaded without its data, and this was not saved with it; fit the data again.")
        return self.maximum

    @property
    def sample(self) -> Sample:
        """The data; a fit that was loaded has none.

        Raises
        ------
        DataError
            If the fit was loaded.
        """
        if self._sample is None:
            raise DataError("this fit was loaded without its data; fit the data again.")
        return self._sample


_POWER_LAWS = {"power_law": None, "pareto": False, "zeta": True}
"""Names that may begin at ``xmin``, and whether they are of whole numbers."""


def fit(
    data: Any,
    family: Any,
    *,
    weights: Any = None,
    exposure: Any = None,
    xmin: float | Literal["estimate"] | None = None,
    fixed: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    start: Mapping[str, Any] | None = None,
    solver: Solver | None = None,
    nan_policy: NanPolicy = "raise",
    rng: Any = None,
) -> Fit:
    """Fit a family to data by maximum likelihood, and certify the maximum.

    Parameters
    ----------
    data : array_like, Series, Sample or Sums
        One column of observations, or the `Sums` that were kept of them; for a family of vectors a table of shape
        (n, d), one observation a row.
    family : str, Family or scipy.stats distribution
        A name (`families` lists them), a family of yours, or any SciPy distribution, whose ``loc``
        is 0 where it is an end of its support, unless it is freed: ``get_family(dist, loc=None)``.
    weights : array_like, optional
        Frequency weights, one a row; for reliability weights pass ``Sample(x, w, "reliability")``.
    exposure : float or array_like, optional
        Of counts: how long, or how much, each row was watched (years, persons, square kilometres); one number, or one a
        row. The rates of the law, as ``mu``, are then per unit of exposure. A `Sample` may bring it with its rows, as
        ``sample.with_known(exposure=...)``.
    xmin : float or "estimate", optional
        Of ``"power_law"``: where the law begins, and what is below is left out; or that is estimated (Clauset, Shalizi
        & Newman 2009). The fit is that of the tail, by the zeta law for whole numbers, else Pareto's; ``"pareto"`` and
        ``"zeta"`` ask for one. `extremes.power_law_test` has the p-value and the uncertainty of ``xmin``.
    fixed : mapping, optional
        Known parameters: ``{"scale": 1.0}``.
    bounds : mapping, optional
        Further limits on parameters: ``{"shape": (0.5, None)}``.
    start : mapping, optional
        Where to start the search, instead of the family's own choice.
    solver : str, optional
        ``"closed-form"``, ``"newton"`` or a method of `scipy.optimize.minimize`; all reach the same maximum. By default
        the closed form where there is one, else Newton's method with a trust region behind it.
    nan_policy : {"raise", "omit"}
        What to do with missing values.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        Source of randomness (SPEC 7) for routes that need any; none of the present ones does.

    Returns
    -------
    Fit

    Raises
    ------
    DataError
        If the data, the weights, or the exposure are not usable; `SupportError` if the law excludes some of them.
    NoMaximumError
        If the likelihood has no maximum: `DegenerateDataError`, `UnboundedLikelihoodError`; or cannot be computed to
        the digits that a maximum needs: `InexactLikelihoodError`.
    ParameterError
        If names or values of parameters are wrong.

    Warns
    -----
    FitWarning
        If the fit is usable but weaker than an interior maximum, or did not converge.

    Examples
    --------
    >>> result = fit([1.1, 0.4, 2.7, 1.9, 0.8], "gamma")
    >>> round(result.params["shape"], 6), round(result.cross_entropy, 6)
    (2.606953, 1.121383)

    Three claims in two years and none in half a year, a rate of 1.2 a year:

    >>> fit([3, 0], "poisson", exposure=[2.0, 0.5]).params["mu"]
    1.2
    """
    if xmin is not None:
        asked = plainly(family) if isinstance(family, str) else ""
        if asked not in map(plainly, _POWER_LAWS) or exposure is not None:
            raise ParameterError('xmin: it is for power laws: fit(x, "power_law", xmin="estimate").')
        discrete = {plainly(name): kind for name, kind in _POWER_LAWS.items()}[asked]
        sample = Sample.of(data, weights, nan_policy=nan_policy)
        data, family, known = power_law_beyond(sample, xmin, discrete=discrete)
        weights, fixed = None, {**(fixed or {}), **known}
    options = checked_options(fixed, bounds, start, solver, rng)
    law = get_family(family)
    if isinstance(data, Sums):
        sample = data.given_for(law, weights, exposure)
    elif exposure is not None:
        sample = with_exposure(data, weights, exposure, nan_policy)
    else:
        look = FirstPass(law)
        sample = Sample.of(data, weights, nan_policy=nan_policy, multivariate=law.multivariate, first_pass=look)
    result = fit_without_warning(sample, law, **options)
    warn_if_weaker(result)
    return result


def fit_without_warning(sample: Sample, family: Family, **options: Any) -> Fit:
    """Fit without warning: what `compare` calls, which shows verdicts in its table."""
    if family.multivariate != sample.is_multivariate:
        wanted, given = ("vectors: Sample.rows(x)", "numbers") if family.multivariate else ("numbers", "vectors")
        raise DataError(f"{family.name}: a law of {wanted}; these observations are {given}.")
    if isinstance(sample, BlockedSample):
        sample.read(FirstPass(family).ahead)
    if "exposure" in sample.known and "exposure" not in family.constant_defaults:
        family = family.exposed(sample.known["exposure"])
    sample = family.with_rows(sample)
    law = family.resolve(sample).given(sample.known)
    law.check_support(sample)
    if law.is_own():
        check_rows_apart(law, sample)
    if law.discrete and not law.per_row and not sample.in_memory:
        sample = sample.tabulated()
    try:
        return Fit.of(maximise(law, sample, **options), sample)
    except ArithmeticError as error:
        raise NoMaximumError(f"{law.name}: the search left the range of numbers: {error}.") from error
    except NoMaximumError as error:
        if error.certificate is None:  # raised by a family, which knows the data but not the search
            searched = not isinstance(error, DegenerateDataError | UnboundedLikelihoodError)
            verdict = Verdict.NOT_CONVERGED if searched else Verdict.UNBOUNDED
            error.certificate = Certificate(verdict=verdict, message=str(error), method="none")
        raise


def warn_if_weaker(result: Fit) -> None:
    """Warn if the verdict is one whose estimate is weaker than an interior maximum; raise where no number is right."""
    if result.maximum is not None and result.maximum.is_plain:
        return
    certificate = result.certificate
    message = f"{result.family.name}: {certificate.message}."
    if certificate.verdict is Verdict.INEXACT:
        raise InexactLikelihoodError(message, certificate)
    if certificate.verdict in _WEAKER:
        warnings.warn(FitWarning(message, certificate), stacklevel=3)


def _interval_by(method: IntervalBy, options: Mapping[str, Any]) -> IntervalBy:
    method = choice(method, "interval method", get_args(IntervalBy))
    if options and method != "bootstrap":
        raise ParameterError(f'{", ".join(options)}: for method="bootstrap" only, not for {method!r}.')
    return method


def asked_interval(method: IntervalBy, scale: str | None, options: Mapping[str, Any]) -> tuple[IntervalBy, bool]:
    """The method that is meant, and whether Wald's intervals are wanted on the plain scale.

    Raises
    ------
    ParameterError
        For options that do not go together.
    """
    method = _interval_by(method, options)
    if scale is not None and method != "wald":
        raise ParameterError(f'scale: for method="wald" only, not for {method!r}, which has the same on any scale.')
    return method, scale is not None and choice(scale, "scale", ("domain", "plain")) == "plain"
