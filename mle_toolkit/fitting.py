"""fit() and what it returns."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.blocks import BlockedSample
from mle_toolkit.data.sample import NanPolicy, Sample
from mle_toolkit.errors import (
    DataError,
    DegenerateDataError,
    FitWarning,
    MleError,
    NoMaximumError,
    ParameterError,
    UnboundedLikelihoodError,
)
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.estimation.solve import Maximum, maximise
from mle_toolkit.families.base import ExponentialFamily, Family, get_family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.covariance import CovKind, covariance, optimism, standard_errors
from mle_toolkit.likelihood.sums import FirstPass, sums_ahead

if TYPE_CHECKING:
    import os

    import pandas as pd

    from mle_toolkit.information.estimate import Estimate
    from mle_toolkit.information.report import InformationReport

T = TypeVar("T")

_WEAKER = (Verdict.BOUNDARY, Verdict.NOT_IDENTIFIED, Verdict.LOCAL, Verdict.NOT_CONVERGED)


class Fit:
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
        self._maximum = maximum
        self._sample = sample
        self._pieces: dict[str, Any] = {} if pieces is None else pieces

    @classmethod
    def of(cls, maximum: Maximum, sample: Sample) -> Fit:
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
        return self._piece("certificate", lambda: self._at_maximum.certify())

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
        """
        import pandas as pd

        names = list(self.family.coefficient_names)
        return pd.DataFrame(self._cov(kind or self._default_kind), index=names, columns=names)

    def conf_int(self, alpha: float = 0.05, method: str = "wald") -> pd.DataFrame:
        """Confidence intervals of the parameters.

        Parameters
        ----------
        alpha : float
            One minus the confidence level.
        method : {"wald"}
            Estimate ± normal quantile × standard error.

        Returns
        -------
        DataFrame with columns ``lower`` and ``upper``
            NaN where there is no standard error.
        """
        import pandas as pd
        from scipy import special

        if not 0 < alpha < 1:
            raise ParameterError(f"alpha: expected a number between 0 and 1, got {alpha!r}.")
        if method != "wald":
            raise ParameterError(f'unknown interval method {method!r}; "wald" is available.')
        reach = float(special.ndtri(1 - alpha / 2)) * self._bse
        bounds = {"lower": self._theta - reach, "upper": self._theta + reach}
        return pd.DataFrame(bounds, index=list(self.family.coefficient_names))

    @property
    def llf(self) -> float:
        """Log-likelihood at the estimates, nats."""
        return self._at_maximum.loglik if self._llf is None else self._llf

    # --- likelihood and information -----------------------------------------------------------------------------------

    @property
    def nll(self) -> float:
        """Negative log-likelihood, nats."""
        return -self.llf

    @property
    def cross_entropy(self) -> float:
        """Mean code length of the data under the fitted law: nll / nobs, nats per observation."""
        return -self.llf / self.nobs

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
        return self._piece("optimism", lambda: optimism(self._at_maximum))

    @property
    def kl(self) -> Estimate | None:
        """Divergence of the empirical distribution from the model: cross-entropy minus entropy of the data."""
        return self.information().kl

    def information(self, unit: str = "nat") -> InformationReport:
        """Report cross-entropy, entropy of the data, and the divergence between data and model.

        Parameters
        ----------
        unit : {"nat", "bit", "dit"}
        """
        report = self._piece("information", self._information)
        return report.to(unit)

    def logpdf_rows(self) -> Array:
        """Log-density of every row of the data at the estimates, in the order given; shape (n_rows,), nats."""
        sample = self.sample
        if not sample.is_plain:
            return self._coarse_rows()
        law = self._at_maximum.family
        params = law.unpack(self._at_maximum.theta)
        if self._at_maximum.limit is not None:
            limit = self._at_maximum.limit
            law, params = limit.family, limit.family.unpack(limit.theta)
        with np.errstate(all="ignore"):
            return np.broadcast_to(law.logpdf(sample.x, *params), sample.n_rows)

    def se_of_cross_entropy(self) -> float:
        """Standard error of `cross_entropy` as a mean over the rows of the data, by blocks; nats."""
        at = self._at_maximum if self._at_maximum.limit is None else self._at_maximum.limit
        theta, squared = at.theta_in_unit, self.weight_kind == "reliability"
        squares = at.likelihood.squared_deviations(theta, at.likelihood.mean_loglik(theta), squared=squared)
        return math.sqrt(squares) / self.nobs

    def _coarse_rows(self) -> Array:
        at = self._at_maximum if self._at_maximum.limit is None else self._at_maximum.limit
        rows = at.likelihood.rows(at.theta_in_unit)
        point = self.sample.lower == self.sample.upper
        return np.where(point, rows + at.likelihood.unit.log_jacobian(at.family), rows)

    @property
    def distribution(self) -> Distribution:
        """The fitted law; at a boundary that is another law, that law."""
        return self._piece("distribution", self._distribution)

    def to_scipy(self) -> Any:
        """The frozen scipy.stats distribution of the fitted law."""
        return self.distribution.to_scipy()

    # --- presentation -----------------------------------------------------------------------------------------------

    def summary(self, alpha: float = 0.05) -> Any:
        """Summarise as a statsmodels ``Summary``: ``as_text()``, ``as_html()``, ``as_latex()``, ``as_csv()``."""
        from mle_toolkit.report.summary import fit_summary

        return fit_summary(self, alpha)

    def __str__(self) -> str:
        return str(self.summary().as_text())

    def __repr__(self) -> str:
        texts = {name: np.array2string(np.asarray(value), precision=6) for name, value in self.params.items()}
        shown = ", ".join(f"{name}={' '.join(text.split())}" for name, text in texts.items())
        return f"Fit({self.family.name}: {shown}; llf={self.llf:.6g}, {self.certificate.verdict})"

    def _repr_html_(self) -> str:
        return str(self.summary().as_html())

    def to_dict(self) -> dict[str, Any]:
        """Everything but the data, as JSON-ready values with a schema version."""
        from mle_toolkit.report.record import fit_to_dict

        return fit_to_dict(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `to_dict` as JSON; `load` reads it back, bit for bit."""
        from mle_toolkit.report.record import write_json

        write_json(self.to_dict(), path)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _named(self, values: Array) -> Mapping[str, Any]:
        return MappingProxyType(dict(zip(self.family.param_names, self.family.unpack(values), strict=True)))

    def _piece(self, name: str, compute: Callable[[], T]) -> T:
        if name not in self._pieces:
            self._pieces[name] = compute()
        value: T = self._pieces[name]
        return value

    @property
    def _default_kind(self) -> CovKind:
        return "observed" if self.weight_kind == "frequency" else "sandwich"

    @property
    def _bse(self) -> Array:
        return self._piece("bse", lambda: standard_errors(self._at_maximum, self._default_kind))

    def _cov(self, kind: CovKind) -> Array:
        return self._piece(f"cov_{kind}", lambda: covariance(self._at_maximum, kind))

    def _information(self) -> InformationReport:
        from mle_toolkit.information.report import information_report

        return information_report(self)

    def _distribution(self) -> Distribution:
        limit = None if self._maximum is None else self._maximum.limit
        if limit is not None:
            return Distribution(
                limit.family,
                dict(zip(limit.family.param_names, limit.family.unpack(limit.theta), strict=True)),
            )
        return Distribution(self.family, self.params)

    @property
    def _at_maximum(self) -> Maximum:
        if self._maximum is None:
            raise DataError("this fit was loaded without its data, and this was not saved with it; fit the data again.")
        return self._maximum

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


def fit(
    data: Any,
    family: Any,
    *,
    weights: Any = None,
    fixed: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    start: Mapping[str, Any] | None = None,
    solver: str | None = None,
    nan_policy: NanPolicy = "raise",
    rng: Any = None,
) -> Fit:
    """Fit a family to data by maximum likelihood, and certify the maximum.

    Parameters
    ----------
    data : array_like, Series or Sample
        One column of observations; for a family of vectors a table of shape (n, d), one observation a row.
    family : str, Family or scipy.stats distribution
        A name (`families` lists them), a family of yours, or any SciPy distribution, whose location is
        then 0 unless it is freed: ``get_family(dist, loc=None)``.
    weights : array_like, optional
        Frequency weights, one a row; for reliability weights pass ``Sample(x, w, "reliability")``.
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
        If the data, or the weights, are not usable; `SupportError` if the law excludes some of them.
    NoMaximumError
        If the likelihood has no maximum: `DegenerateDataError`, `UnboundedLikelihoodError`.
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
    """
    law = get_family(family)
    along = FirstPass(law) if isinstance(law, ExponentialFamily) and not law.multivariate and not law.per_row else None
    result = _fit(
        Sample.of(data, weights, nan_policy=nan_policy, multivariate=law.multivariate, along=along),
        law,
        fixed=fixed,
        bounds=bounds,
        start=start,
        solver=solver,
    )
    warn_if_weaker(result)
    return result


def _fit(sample: Sample, family: Family, **options: Any) -> Fit:
    """Fit without warning: what `compare` calls, which shows verdicts in its table."""
    if family.multivariate != sample.is_multivariate:
        wanted, given = ("vectors: Sample.rows(x)", "numbers") if family.multivariate else ("numbers", "vectors")
        raise DataError(f"{family.name}: a law of {wanted}; these observations are {given}.")
    if isinstance(sample, BlockedSample):
        sample.read(partial(sums_ahead, family))
    law = family.resolve(sample)
    for name in law.per_row:
        if len(law.constants[name]) != sample.n_rows:
            raise ParameterError(
                f"{law.name}: {name} has {len(law.constants[name])} values for {sample.n_rows} rows; "
                f"give one per row with positive weight."
            )
    law.check_support(sample)
    if law.discrete and not law.per_row and not sample.in_memory:
        sample = sample.tabulated()
    try:
        return Fit.of(maximise(law, sample, **options), sample)
    except NoMaximumError as error:
        if error.certificate is None:  # raised by a family, which knows the data but not the search
            searched = not isinstance(error, DegenerateDataError | UnboundedLikelihoodError)
            verdict = Verdict.NOT_CONVERGED if searched else Verdict.UNBOUNDED
            error.certificate = Certificate(verdict=verdict, message=str(error), method="none")
        raise


def warn_if_weaker(result: Fit) -> None:
    """Warn if the verdict is one whose estimate is weaker than an interior maximum."""
    if result._maximum is not None and result._maximum.is_plain:
        return
    certificate = result.certificate
    if certificate.verdict in _WEAKER:
        message = f"{result.family.name}: {certificate.message}."
        warnings.warn(FitWarning(message, certificate), stacklevel=3)


def load(path: str | os.PathLike[str]) -> Fit:
    """Read a fit that `Fit.save` wrote.

    Raises
    ------
    MleError
        If the file is not one of ours, or of a newer schema.
    """
    from mle_toolkit.report.record import fit_from_dict, read_json

    record = read_json(path)
    if not isinstance(record, dict):
        raise MleError(f"{path}: not a saved fit.")
    return fit_from_dict(record, Fit)
