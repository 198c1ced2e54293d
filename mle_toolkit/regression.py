"""regress() and what it returns: a fit whose parameters come from designs."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.batches import is_scanned, table_of
from mle_toolkit.data.columns import Columns
from mle_toolkit.data.formulas import Design, learns, missing, of_array, of_formula, read
from mle_toolkit.data.framed import (
    Columned,
    ColumnSums,
    FramedSample,
    Learned,
    Learning,
    Plan,
    Table,
    check_missing,
    in_memory,
    is_small,
    learned,
    not_held,
    with_coefficients,
)
from mle_toolkit.data.frames import as_given, column_of, to_column
from mle_toolkit.data.levels import coded, labels_of
from mle_toolkit.data.responses import Response, read_left
from mle_toolkit.data.rows import column_sums
from mle_toolkit.data.sample import NanPolicy, Sample, WeightKind, policies
from mle_toolkit.errors import (
    ComparisonError,
    DataError,
    DegenerateDataError,
    FitWarning,
    MleError,
    NoMaximumError,
    ParameterError,
    UnknownNameError,
    WeightError,
)
from mle_toolkit.estimation.asked import settled
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.estimation.mixed import model_class
from mle_toolkit.estimation.recorded import Recorded
from mle_toolkit.estimation.separation import check_columns, maximise_model
from mle_toolkit.estimation.solve import Maximum
from mle_toolkit.families.base import Family, get_family
from mle_toolkit.families.combinators.row_mixture import RowMixture, by_row
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.links import Link, get_link, usual_link
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.families.written import constants_of
from mle_toolkit.fitting import Fit, check_interval, warn_if_weaker
from mle_toolkit.inference.covariance import CovKind, cluster_covariance, cov_kind, wald_interval
from mle_toolkit.likelihood.designs import Breaking, Relations, orthonormal, relations
from mle_toolkit.likelihood.model import CheckingSupport, Linear, Model, check_scalar, design_key, offset_key, ready_key
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit
from mle_toolkit.options import by_name, choice, level, number, pair, shown, text, whole

if TYPE_CHECKING:
    import os

    import pandas as pd

    from mle_toolkit.inference.bootstrap import Bootstrap
    from mle_toolkit.inference.margins import Change
    from mle_toolkit.inference.nested import NestedTest
    from mle_toolkit.inference.predictions import Rows
    from mle_toolkit.inference.profile import Profile
    from mle_toolkit.information.estimate import Estimate
    from mle_toolkit.information.report import InformationReport
    from mle_toolkit.report.page.sections import Drawing, Page


class RegressionFit(Fit):
    """A fit of a law whose parameters come from designs.

    Made by `regress`; not by hand. Coefficients are on the scale of their link, for the columns as they were given.

    Attributes
    ----------
    designs : dict of str to Design
        By the parameter that it makes.
    links : dict of str to Link
        By the same.
    known : dict of str to float
        Coefficients that were given.
    pinned : dict of str to float
        Coefficients that are at one of their bounds, beyond which the likelihood rises.
    n_given : int
        Rows of the data that were given.
    rows : ndarray of int
        Which of them the rows of `sample` are: not those with missing values that were left out, nor of weight 0.
    shifted : tuple of str
        Parameters that were given an offset or an exposure.
    recorded : Recorded or None
        Where the maximum was, for a fit that was loaded.
    frame : object
        The data as they were given.
    """

    designs: dict[str, Design]
    links: dict[str, Link]
    known: dict[str, float]
    pinned: dict[str, float]
    n_given: int
    rows: NDArray[np.intp]
    shifted: tuple[str, ...] = ()
    recorded: Recorded | None = None
    frame: Any = None

    @classmethod
    def made(
        cls,
        maximum: Maximum,
        sample: Sample,
        designs: Mapping[str, Design],
        *,
        known: Mapping[str, float] | None = None,
        pinned: Mapping[str, float] | None = None,
    ) -> RegressionFit:
        """The regression that a maximum of the likelihood of a model is, some coefficients of which were held."""
        fit = cls.of(maximum, sample)
        assert isinstance(fit, RegressionFit)
        fit.designs = dict(designs)
        fit.links = {name: term.link for name, term in fit.model.linear.items()}
        fit.known, fit.pinned = dict(known or {}), dict(pinned or {})
        fit.fixed = (*maximum.fixed, *fit.known)
        fit.n_given, fit.rows = sample.n_rows, np.arange(sample.n_rows if sample.in_memory else 0)
        return fit

    @property
    def model(self) -> Model:
        """How the parameters of every row come about."""
        assert isinstance(self.family, Model)
        return self.family

    @cached_property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of all coefficients: ``"mu[x1]"``; a parameter that is one number has its own name."""
        return coefficient_names(self.model.base, self.designs)

    @cached_property
    def _places(self) -> dict[str, slice]:
        """Where the coefficients of each parameter stand among all."""
        places, first = {}, 0
        for p in self.model.base.parameters:
            design = self.designs.get(p.name)
            size = 1 if design is None else len(design.names)
            places[p.name] = slice(first, first + size)
            first += size
        return places

    @cached_property
    def _held(self) -> dict[str, float]:
        """Coefficients that the search did not move."""
        return self.known | self.pinned

    @cached_property
    def _to_data(self) -> Array:
        """The matrix that takes coefficients of the centred designs to those of the designs as given.

        Coefficients that were held have rows of zeros.
        """
        matrix = np.zeros((len(self.coefficient_names), sum(p.size for p in self.model.parameters)))
        for p, place in zip(self.model.parameters, self.model.places, strict=True):
            term = self.model.linear.get(p.name)
            matrix[self._free_places[p.name], place] = 1.0 if term is None else term.map_to_data
        return matrix

    @cached_property
    def coefficients(self) -> Array:
        """All coefficients in one vector, in the order of `coefficient_names`."""
        values = np.array([self._held.get(name, 0.0) for name in self.coefficient_names])
        for p, place in zip(self.model.parameters, self.model.places, strict=True):
            term, at = self.model.linear.get(p.name), self._theta[place]
            values[self._free_places[p.name]] = at if term is None else term.to_data(at)
        return values

    @cached_property
    def _free_places(self) -> dict[str, list[int]]:
        """Where the coefficients of each parameter that the search moved stand among all."""
        names = self.coefficient_names
        return {
            parameter: [k for k in range(place.start, place.stop) if names[k] not in self._held]
            for parameter, place in self._places.items()
        }

    @property
    def df_model(self) -> int:
        """Number of free coefficients and parameters; those at a bound count."""
        return len(self.coefficient_names) - len(self.fixed)

    @property
    def params(self) -> Mapping[str, Any]:
        """By parameter: a Series over the columns of its design, on the scale of its link; else a number."""
        return self._by_parameter(self.coefficients)

    @property
    def bse(self) -> Mapping[str, Any]:
        """Standard errors, as `params`."""
        return self._by_parameter(np.sqrt(np.diag(self._cov(self._default_kind))))

    def _by_parameter(self, values: Array) -> dict[str, Any]:
        import pandas as pd

        found: dict[str, Any] = {}
        for p in self.model.base.parameters:
            design = self.designs.get(p.name)
            at = values[self._places[p.name]]
            found[p.name] = float(at[0]) if design is None else pd.Series(at, index=list(design.names), name=p.name)
        return _gathered(found)

    def cov_params(self, kind: str | None = None, *, cluster: Any = None) -> pd.DataFrame:
        """Covariance of the coefficients.

        Parameters
        ----------
        kind : {"observed", "expected", "opg", "sandwich", "cluster"}, optional
            As for `Fit.cov_params`; or the sandwich of sums of scores by cluster, times G / (G - 1) of G clusters,
            which holds where rows of a cluster depend on each other.
        cluster : str or array_like, optional
            For ``"cluster"``: one label a row, or their column.

        Returns
        -------
        DataFrame of shape (p, p)
        """
        import pandas as pd

        names = list(self.coefficient_names)
        if (kind == "cluster") != (cluster is not None):
            raise ParameterError('cov_params: kind="cluster" needs cluster=, and nothing else takes it.')
        if kind == "cluster":
            values = self._of_inner(cluster_covariance(self._at_maximum, self._clusters(cluster)))
        else:
            values = self._cov(cov_kind(kind or self._default_kind))
        return pd.DataFrame(values, index=names, columns=names)

    def _cov(self, kind: CovKind) -> Array:
        return self._of_inner(super()._cov(kind))

    def _of_inner(self, inner: Array) -> Array:
        """A covariance of coefficients, from that of all parameters of the model; NaN stays where it is needed."""
        unknown = np.isnan(np.diag(inner))
        cov = np.asarray(self._to_data @ np.where(np.isnan(inner), 0.0, inner) @ self._to_data.T)
        lost = np.any(self._to_data[:, unknown] != 0, axis=1)
        cov[lost, :] = cov[:, lost] = np.nan
        pinned = [k for k, name in enumerate(self.coefficient_names) if name in self.pinned]
        cov[pinned, :] = cov[:, pinned] = np.nan
        return cov

    @property
    def certificate(self) -> Certificate:
        """The verdict on the maximum, and its evidence; a coefficient at one of its bounds is a boundary."""
        seen = super().certificate
        if not self.pinned or not seen.ok:
            return seen
        where = ", ".join(f"{name} = {value:g}" for name, value in self.pinned.items())
        return replace(
            seen,
            verdict=Verdict.BOUNDARY,
            boundary=(*seen.boundary, *self.pinned),
            message=f"{Verdict.BOUNDARY.value}: {where}; no standard error there",
        )

    # --- intervals ----------------------------------------------------------------------------------------------------

    def conf_int(
        self, alpha: float = 0.05, method: str = "wald", *, scale: str | None = None, **options: Any
    ) -> pd.DataFrame:
        """Confidence intervals of the coefficients, on the scale of their links, and of the numbers.

        Parameters
        ----------
        alpha, method, scale, **options
            As for `Fit.conf_int`; Wald's are symmetric for a coefficient, and on the scale of its domain for a number.

        Returns
        -------
        DataFrame with columns ``lower`` and ``upper``, one row a coefficient
        """
        import pandas as pd

        alpha = level(alpha)
        plain = check_interval(method, scale, options)
        names = list(self.coefficient_names)
        if method == "wald":
            se = np.sqrt(np.diag(self._cov(self._default_kind)))
            domains = [REAL if plain else self._domain_of(name) for name in names]
            rows = zip(self.coefficients.tolist(), se.tolist(), domains, strict=True)
            ends = np.array([wald_interval(value, error, domain, alpha) for value, error, domain in rows])
            ends[[name in self._held or name in self.fixed for name in names]] = np.nan
        elif method == "profile":
            ends = np.array([self._profile_interval(name, alpha) for name in names])
        else:
            drawn = self.bootstrap(**options)
            ends = np.array([drawn.interval(name, alpha) for name in names])
        return pd.DataFrame(ends, index=names, columns=["lower", "upper"])

    def _domain_of(self, name: str) -> Interval:
        for p in self.model.base.parameters:
            if p.name == name and p.name not in self.designs:
                natural = p.domain if p.natural is None else p.natural
                return natural.intervals[0]
        return REAL

    @property
    def _at_maximum(self) -> Maximum:
        return super()._at_maximum if self.recorded is None else cast("Maximum", self.recorded)

    # --- records ------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Everything but the data, as JSON-ready values: formulas, levels, knots, coefficients, covariances."""
        from mle_toolkit.report.record import regression_to_dict

        return regression_to_dict(self)

    @property
    def tvalues(self) -> Mapping[str, Any]:
        """Estimates in standard errors, as `params`; they are about 0 where a coefficient is 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._by_parameter(self.coefficients / np.sqrt(np.diag(self._cov(self._default_kind))))

    @property
    def pvalues(self) -> Mapping[str, Any]:
        """Two-sided p-values of coefficients that are 0, of Wald's tests; NaN for numbers, to which 0 means nothing."""
        return self._by_parameter(self.coefficient_table()["p_value"].to_numpy())

    def coefficient_table(self, alpha: float = 0.05) -> pd.DataFrame:
        """All coefficients and numbers, one a row: estimate, standard error, z, p-value, interval."""
        import pandas as pd
        from scipy import special

        table = self.conf_int(alpha)
        se = np.sqrt(np.diag(self._cov(self._default_kind)))
        z = self.coefficients / np.where(se > 0, se, np.nan)
        z[[name in self.model.base.param_names for name in self.coefficient_names]] = np.nan
        first = pd.DataFrame(
            {"estimate": self.coefficients, "se": se, "z": z, "p_value": 2 * special.ndtr(-np.abs(z))},
            index=table.index,
        )
        return first.join(table)

    def profile(self, name: str, alpha: float = 0.05, points: int = 41) -> Profile:
        """Profile the likelihood over one coefficient, ``"mu[x1]"``, or a number; see `Fit.profile`."""
        from mle_toolkit.inference.profile import profile_of_combination

        if name not in self.coefficient_names:
            raise ParameterError(f"profile: no coefficient {name!r}; there are {', '.join(self.coefficient_names)}.")
        if name in self._held or name in self.fixed:
            raise ParameterError(f"profile: {name} was given, or is at a bound, so there is nothing to profile.")
        if name in self.model.base.param_names:
            return super().profile(name, alpha, points)
        weights = self._to_data[self.coefficient_names.index(name)]
        return profile_of_combination(self._at_maximum, weights, name, alpha, whole(points, "points", 2))

    def _profile_interval(self, name: str, alpha: float) -> tuple[float, float]:
        from mle_toolkit.inference.profile import profile_of_combination

        if name in self._held or name in self.fixed:
            return math.nan, math.nan
        if name in self.model.base.param_names:
            return super()._profile_interval(name, alpha)
        place = self.coefficient_names.index(name)
        if not math.isfinite(self.coefficients[place]):
            return math.nan, math.nan
        weights = self._to_data[place]
        return profile_of_combination(self._at_maximum, weights, name, alpha).interval

    def bootstrap(
        self,
        n: int = 1000,
        kind: Literal["parametric", "nonparametric"] = "parametric",
        rng: Any = None,
        workers: int | None = None,
        *,
        cluster: Any = None,
    ) -> Bootstrap:
        """Fit replicates: drawn from the law of each row, or of rows of the data, or of clusters of rows.

        Parameters
        ----------
        n, kind, rng, workers
            As for `Fit.bootstrap`.
        cluster : str or array_like, optional
            A column that says which rows belong together; whole clusters are then drawn, so ``kind`` is
            ``"nonparametric"``.
        """
        from mle_toolkit.inference.bootstrap import bootstrap

        groups = None if cluster is None else self._clusters(cluster)
        if groups is not None:
            kind = "nonparametric"
        drawn = bootstrap(self._at_maximum, self.sample, n, kind, rng, workers, clusters=groups)
        return drawn.of_coefficients(self.coefficient_names, self._coefficients_of)

    def _coefficients_of(self, theta: Array, *, change: bool = False) -> Array:
        """Coefficients as they are reported, of parameters of the model, or changes of them; shape (..., p)."""
        found = np.zeros((*theta.shape[:-1], len(self.coefficient_names)))
        if not change:
            found += np.array([self._held.get(name, 0.0) for name in self.coefficient_names])
        for p, place in zip(self.model.parameters, self.model.places, strict=True):
            rows = self._places[p.name]
            found[..., rows] += _moved(self._to_data[rows, place], theta[..., place])
        return found

    def _clusters(self, cluster: Any) -> NDArray[np.intp]:
        """Which cluster each row of the sample is in."""
        labels = self.frame[cluster] if isinstance(cluster, str) and self.frame is not None else cluster
        codes = Columns({"cluster": labels}).labels("cluster").codes
        if len(codes) == self.n_given != self.sample.n_rows:
            codes = codes[self.rows]
        if len(codes) != self.sample.n_rows:
            raise DataError(f"cluster: {len(codes)} labels for {self.sample.n_rows} rows; give one a row.")
        if np.any(codes < 0):
            raise DataError(f"cluster: {np.count_nonzero(codes < 0)} labels are missing.")
        return codes

    # --- what is predicted --------------------------------------------------------------------------------------------

    def _rows(
        self,
        frame: Any = None,
        offset: Any = None,
        exposure: Any = None,
        unseen: Literal["raise", "nan"] = "raise",
        constants: Mapping[str, Any] | None = None,
    ) -> Rows:
        """The laws of the rows of a frame, or of those of the data."""
        from mle_toolkit.inference.predictions import Rows

        return Rows(self._at_maximum, self._known(frame, offset, exposure, unseen, constants or {}), self._default_kind)

    def _known(
        self, frame: Any, offset: Any, exposure: Any, unseen: Literal["raise", "nan"], constants: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the model needs to know of the rows of a frame, or of those of the data."""
        linear = self.model.linear
        if frame is None and isinstance(self.sample, FramedSample):
            raise not_held(str(self.sample))
        if frame is None and offset is None and exposure is None and not constants:
            of_rows = self.sample.known
            ready = [name for name in self.model.ready if name in of_rows]
            return {name: of_rows[name] for name in (*self.model.per_row, *ready)}
        if frame is None:
            raise ParameterError("predict: offset, exposure and constants are of the rows of a frame; give it.")
        apart = isinstance(frame, Mapping) and set(frame) <= set(self.designs)  # one array a parameter
        columns = Columns(frame) if _is_frame(frame) and not apart else None
        known: dict[str, Any] = {}
        law = self.model.base
        given = {} if offset is None else dict(offset) if isinstance(offset, Mapping) else {None: offset}
        whole = {name: column_of(columns, value, "offset") for key, value in given.items() for name in _named(law, key)}
        for main in law.main_parameters if exposure is not None else ():
            size = np.asarray(column_of(columns, exposure, "exposure"), dtype=float)
            whole[main] = whole.get(main, 0.0) + _log_exposure(size, main, self.links[main])
        n_rows = 0
        for name, design in self.designs.items():
            own = frame[name] if apart else frame if columns is None or design.spec is None else columns
            matrix = design.matrix(own, unseen)
            n_rows = len(matrix)
            mine = [f"{name}[{term}]" for term in design.names]
            held = np.array([name in self._held for name in mine])
            shift: Any = 0.0
            if held.any():
                shift = matrix[:, held] @ np.array([self._held[key] for key in mine if key in self._held])
            if name in self.shifted and name not in whole:
                raise ParameterError(
                    f"predict: the fit had an offset, or an exposure, of {name}; give that of the rows of the frame "
                    f"(exposure=1 for rates)."
                )
            if name in whole:
                shift = shift + whole[name]
            known[linear[name].key] = matrix[:, ~held]
            if (key := linear[name].offset) is not None:
                known[key] = np.broadcast_to(np.asarray(shift, dtype=float), n_rows)
            elif name in whole:
                raise ParameterError(f"predict: the fit had no offset of {name}, and no exposure.")
        for name in self.model.base.per_row:
            if name not in constants:
                raise ParameterError(f"predict: each row has its own {name}; give it: predict(frame, {name}=...).")
            value = column_of(columns, constants[name], name)
            known[name] = np.broadcast_to(np.asarray(value, dtype=float), n_rows)
        return known

    def predict(
        self,
        frame: Any = None,
        what: str = "mean",
        p: Any = None,
        alpha: float = 0.05,
        se: bool = False,
        exposure: Any = None,
        offset: Any = None,
        *,
        unseen: Literal["raise", "nan"] = "raise",
        **constants: Any,
    ) -> Any:
        """What the fit says of rows.

        Parameters
        ----------
        frame : DataFrame, table, mapping or array_like, optional
            Of the same columns as the data; by default the rows of the data.
        what : {"mean", "params", "quantile", "interval", "distribution", "linear"}
            The expected value, of levels the probability of each; the parameters; quantiles at ``p``; the interval
            that holds an observation with probability ``1 - alpha``, the parameters being as estimated; the law
            itself, a `Distribution` with arrays for parameters; the predictors, on the scale of their links.
        p : float or sequence of float
            For ``"quantile"``.
        alpha : float
            One minus the level of intervals.
        se : bool
            Add a standard error by the delta method, and a confidence interval: that of the predictor taken through
            the link where the value is a parameter, else on the scale of the support.
        exposure, offset : float, str or array_like, optional
            Of the rows of the frame, or their column; asked for if the fit had them.
        unseen : {"raise", "nan"}
            What to do with a level that the fit has not seen.
        **constants
            Known constants of the law of each row, as ``n=``, or their columns.

        Returns
        -------
        Series, or DataFrame, of the kind of the frame; an array for an array
            One row a row: NaN where a value is missing. Columns ``mean``, ``mean_se``, ``mean_lower``, ``mean_upper``.

        Examples
        --------
        >>> fit = regress("count ~ dose", {"dose": [0, 1, 2, 3, 4, 5], "count": [2, 3, 6, 7, 8, 19]}, "poisson")
        >>> fit.predict({"dose": [2.0, 6.0]}).round(4).tolist()
        [4.7141, 25.9162]
        """
        from mle_toolkit.inference.predictions import predicted

        rows = self._rows(frame, offset, exposure, unseen, constants)
        if what == "distribution":
            return rows.law
        columns: dict[str, Array] = {}
        for quantity in predicted(rows, what, p, alpha, se=se):
            columns[quantity.name] = quantity.value
            if se:
                columns |= {f"{quantity.name}_{end}": getattr(quantity, end) for end in ("se", "lower", "upper")}
        return as_given(columns, frame, alone=what != "params")

    def _distribution(self) -> Distribution:
        return self._rows().law

    def rows_law(self, frame: Any = None, **options: Any) -> Distribution:
        """The law of every row of a frame; of the rows of the data without one: ``predict(what="distribution")``."""
        law: Distribution = self.predict(frame, "distribution", **options)
        return law

    @property
    def _main_of_law(self) -> str:
        """The same parameter of the fitted law, which at a boundary is another."""
        limit = self._at_maximum.limit
        if limit is None:
            return self.main
        return next(own for own, name in self.model.carried(limit.family).items() if name == self.main)

    @property
    def law_name(self) -> str:
        """Name of the law of one row."""
        return self.model.base.name

    @property
    def main(self) -> str:
        """The parameter that the formula models."""
        return self.model.base.main_parameter

    def residuals(self, kind: str = "quantile", rng: Any = None) -> Array:
        """Residuals of the rows of the data: standard normal for ``"quantile"`` if the law is right.

        Parameters
        ----------
        kind : {"quantile", "deviance", "pearson", "response"}
            Randomised quantile residuals, for any law and any form of data; signed roots of what each row adds to the
            deviance; response residuals over standard deviations; observation less mean.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            For quantile residuals of counts and censored values.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        from mle_toolkit.inference.residuals import residuals

        return residuals(self.distribution, self.sample, kind, rng, self._main_of_law)

    def memberships(self) -> pd.DataFrame:
        """Of a mixture: the probability that each row of the data is of each component, given what was observed.

        Returns
        -------
        DataFrame of shape (n_rows, k)
            With columns 1, ..., k; rows sum to 1.

        Raises
        ------
        ParameterError
            If the law is no mixture, or observations are not exact.

        Examples
        --------
        >>> import mle_toolkit as mle
        >>> frame = {"x": [0, 1, 2, 3] * 4, "y": [1, 0, 2, 1, 9, 14, 22, 30, 0, 1, 1, 2, 8, 13, 21, 35]}
        >>> fit = regress("y ~ x", frame, mle.mixture("poisson", 2))
        >>> fit.memberships().round(1).iloc[[0, 4]].to_numpy().tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        import pandas as pd

        law = self.distribution
        if not isinstance(law.family, RowMixture):
            raise ParameterError(f"memberships: {law.family.name} is no mixture.")
        if not np.array_equal(self.sample.lower, self.sample.upper):
            raise ParameterError("memberships: of exact observations only; some are censored, or intervals.")
        found = law.family.shares(self.sample.lower, *law.params.values())
        return pd.DataFrame(found.T, columns=range(1, law.family.k + 1))

    # --- what is not a number here ------------------------------------------------------------------------------------

    def quantile(self, p: Any, alpha: float = 0.05, method: str = "wald", **options: Any) -> Any:
        """Refuse: each row has quantiles of its own; ``predict(frame, what="quantile", p=...)`` has them."""
        raise ParameterError(f'quantile: {_EACH}; use predict(frame, what="quantile", p=..., se=True).')

    def return_level(self, period: Any, alpha: float = 0.05, method: str = "wald", **options: Any) -> Any:
        """Refuse: each row has return levels of its own, quantiles of ``1 - 1 / period``; see `predict`."""
        raise ParameterError(f'return level: {_EACH}; use predict(frame, what="quantile", p=1 - 1/period, se=True).')

    def derive(
        self,
        function: Callable[[Distribution], float],
        alpha: float = 0.05,
        method: str = "wald",
        *,
        domain: Interval = REAL,
        **options: Any,
    ) -> Estimate:
        """Refuse: a function of one law; `predict` has functions of the law of each row, and `margins` their means."""
        raise ParameterError(f"derive: {_EACH}; predict(...) has functions of the law of each row, with se=True.")

    def to_scipy(self) -> Any:
        """Refuse: SciPy has no laws of rows; ``predict(what="distribution")`` has."""
        raise ParameterError(f'to_scipy: {_EACH}; use predict(what="distribution").')

    # --- information --------------------------------------------------------------------------------------------------

    @property
    def deviance(self) -> float:
        """Twice what the log-likelihood lacks to that of the saturated law, one mean a row, all else as fitted; nats.

        Raises
        ------
        ParameterError
            If there is none: of censored rows, and of laws whose rows are not most likely where they are the mean.
        """
        rows = self.residuals("deviance")
        return float(np.sum(rows**2 if self.sample.weight is None else self.sample.weight * rows**2))

    def _information(self) -> InformationReport:
        from mle_toolkit.inference.gain import regression_report, rows_not_held

        base = super()._information()
        if isinstance(self.sample, FramedSample):
            return rows_not_held(base)
        return regression_report(
            base, self._at_maximum, self.sample, self.distribution, self.logpdf_rows(), self._main_of_law
        )

    def summary(self, alpha: float = 0.05) -> Any:
        """Summarise as a statsmodels ``Summary``, one table a parameter."""
        from mle_toolkit.report.summary import regression_summary

        return regression_summary(self, alpha)

    def page(self, drawing: Drawing) -> Page:
        """What stands on the page that `mle_toolkit.report` writes."""
        from mle_toolkit.report.page.sections import of_regression

        return of_regression(self, drawing)

    def plot(self, **options: Any) -> NDArray[Any]:
        """Draw coefficients, residuals against fitted, worm plot and PIT histogram; `mle_toolkit.plot` has others.

        Parameters
        ----------
        **options
            Of `mle_toolkit.plot.regression_panels`: ``axes``, ``alpha``, ``rng``.

        Returns
        -------
        ndarray of matplotlib Axes, of shape (2, 2)
        """
        from mle_toolkit.report.plot import regression_panels

        return regression_panels(self, **options)

    def __repr__(self) -> str:
        return f"RegressionFit({described(self)}; llf={self.llf:.6g}, {self.certificate.verdict})"

    # --- terms and rows -----------------------------------------------------------------------------------------------

    def anova(self, kind: str = "II", test: str = "lr") -> pd.DataFrame:
        """Test each term of each formula, and say what it is worth.

        Parameters
        ----------
        kind : {"II", "III"}
            Against the model without the interactions that contain the term; or against the whole model, which depends
            on how factors are coded.
        test : {"lr", "wald", "score"}

        Returns
        -------
        DataFrame, one row a term, with index (parameter, term) and columns

            df, statistic, p_value
                Of the chi-squared law.
            nats
                statistic / 2 nobs: what the term gains, nats an observation.
            share
                Of the gain of all covariates over the law without any.
        """
        import pandas as pd

        from mle_toolkit.inference.terms import anova

        terms = {
            name: {term: where for term, where in design.terms.items() if term not in ("1", "Intercept")}
            for name, design in self.designs.items()
        }
        found = anova(self._at_maximum, self.sample, terms, self._to_data, self._places, kind, test, self._wald_kind)
        index = pd.MultiIndex.from_tuples([(row.parameter, row.term) for row in found], names=["parameter", "term"])
        columns = ["df", "statistic", "p_value", "nats", "share"]
        return pd.DataFrame([[getattr(row, name) for name in columns] for row in found], index=index, columns=columns)

    @property
    def _wald_kind(self) -> CovKind:
        return self._default_kind

    def test(self, fixed: Any = None, *, nested: Fit | None = None, method: str = "lr") -> NestedTest:
        """Test linear hypotheses about coefficients, values of numbers, or a smaller regression.

        Parameters
        ----------
        fixed : str, mapping of str to float, or RegressionFit
            ``"x1 = x2"``, ``"x1 = 0, sigma[z] = 0"``; coefficients by name, ``{"mu[x1]": 0.0}``; values of numbers,
            ``{"shape": 1.0}``, infinite where the law is then another; or a smaller fit to the same data.
        nested : RegressionFit
            The same.
        method : {"lr", "score", "wald"}

        Returns
        -------
        NestedTest
        """
        from mle_toolkit.inference.terms import compare_with_regression, linear_test, parsed

        if isinstance(fixed, Fit):
            fixed, nested = None, fixed
        if (fixed is None) == (nested is None):
            raise ParameterError("test: give hypotheses, or a smaller fit, and not both.")
        if nested is not None:
            what = self.sample.difference(nested.sample)
            if what is not None:
                raise ComparisonError(f"test: the smaller fit is of other data: {what}.")
            if not isinstance(nested, RegressionFit):
                raise ParameterError("test: the smaller fit is no regression; fit it by regress(...), with ~ 1.")
            if method != "lr":
                raise ParameterError('test: of a smaller fit there is the likelihood ratio only; use method="lr".')
            return compare_with_regression(self._at_maximum, nested._at_maximum, described(nested))
        if isinstance(fixed, Mapping):
            if fixed and set(fixed) <= set(self.model.base.param_names) - set(self.designs):
                return super().test(fixed, method=method)
            fixed = by_name(fixed, "test", self.coefficient_names, self.model.name, '{"mu[x1]": 0.0}')
            matrix = np.array([[float(name == key) for name in self.coefficient_names] for key in fixed])
            values = np.array([number(value, f"test: {key}") for key, value in fixed.items()])
            null = " and ".join(f"{key} = {value:g}" for key, value in zip(fixed, values.tolist(), strict=True))
        else:
            null = text(fixed, "test", 'hypotheses as "x1 = x2"')
            matrix, values = parsed(null, self.coefficient_names, self.main)
        held = np.array([self._held.get(name, 0.0) for name in self.coefficient_names])
        inner, values = matrix @ self._to_data, values - matrix @ held
        idle = ~np.any(inner != 0, axis=1)
        if idle.any():
            raise ParameterError("test: a hypothesis is about coefficients that were given only.")
        return linear_test(self._at_maximum, self.sample, inner, values, null, method, self._wald_kind)

    def influence(self) -> pd.DataFrame:
        """What each row of the data does to the fit.

        Returns
        -------
        DataFrame, one row a row, with columns

            leverage
                Share in the information about the coefficients of the modelled parameter; they sum to their number.
            cooks_distance
                Change of these without the row, squared, in units of their information, per coefficient.
            log_score
                Log-density of the row under the law fitted to the others, nats.
            and one a coefficient
                The coefficient less what it would be without the row, by one step of Newton's method.
        """
        import pandas as pd

        from mle_toolkit.inference.influence import influence

        found = influence(self._at_maximum, self.sample, self.main)
        columns = {"leverage": found.leverage, "cooks_distance": found.cooks_distance, "log_score": found.log_score}
        change = self._coefficients_of(found.change, change=True)
        return pd.DataFrame(columns | dict(zip(self.coefficient_names, change.T, strict=True)))

    def margins(self, frame: Any = None, alpha: float = 0.05) -> pd.DataFrame:
        """Average marginal effects: how the mean, or the probability of each level, changes with each covariate.

        Parameters
        ----------
        frame : DataFrame or the like, optional
            The rows to average over; by default those of the data, with their weights.
        alpha : float
            One minus the level of the intervals.

        Returns
        -------
        DataFrame, one row a covariate, with columns ``effect``, ``se``, ``z``, ``p_value``, ``lower``, ``upper``
            Of a number the mean of the derivative; of a factor that of the change from its base level, ``g[b - a]``;
            averaged over the rows. Of ordinal and categorical levels one row a covariate and level, indexed by both.
        """
        import pandas as pd
        from scipy import special

        from mle_toolkit.inference.margins import average_effect
        from mle_toolkit.inference.predictions import chances, expected_value

        alpha = level(alpha)
        weight = self.sample.weight if frame is None else None
        law = self.model.base
        leveled = isinstance(law, Ordered | Choice)
        functions = chances(law) if isinstance(law, Ordered | Choice) else {"": expected_value}
        rows: list[list[float]] = []
        names: list[tuple[str, str]] = []
        for change in self._changes(frame):
            for of, function in functions.items():
                effect, se = average_effect(self._at_maximum, change, weight, self._default_kind, function)
                z = effect / se if se > 0 else math.nan
                rows.append([effect, se, z, 2 * float(special.ndtr(-abs(z))), *wald_interval(effect, se, REAL, alpha)])
                names.append((change.name, of))
        index: Any = [name for name, _ in names]
        if leveled:
            index = pd.MultiIndex.from_tuples(names, names=["covariate", "level"])
        return pd.DataFrame(rows, index=index, columns=["effect", "se", "z", "p_value", "lower", "upper"])

    def _changes(self, frame: Any) -> Iterator[Change]:
        """Changes of each covariate, with what is known of the rows then."""
        from mle_toolkit.inference.margins import Change, difference_points

        own = self.sample.known
        by_formula = [design for design in self.designs.values() if design.spec is not None]
        names = list(dict.fromkeys(name for design in by_formula for name in design.columns))
        if names:
            whole = Columns(self.frame if frame is None else frame)
            kept = self.rows if frame is None else np.arange(whole.n_rows)
        factors = {
            name: (label, levels)
            for design in by_formula
            for label, levels in design.levels.items()
            for name in names
            if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", label)
        }

        def changed(name: str, values: Any) -> dict[str, Any]:
            columns = {key: _taken(whole, key, kept) for key in names} | {name: values}
            known = {key: own[key] for key in self.model.per_row}
            for parameter, design in self.designs.items():
                if design.spec is None:
                    continue
                matrix = design.matrix(columns)
                held = np.array([f"{parameter}[{term}]" in self._held for term in design.names])
                known[self.model.linear[parameter].key] = matrix[:, ~held]
            return known

        for name in names:
            if name not in factors:
                values = whole.numbers(name)[kept]
                size = float(np.nanstd(values)) or 1.0
                points = difference_points(1e-3 * size)
                yield Change(name, [(factor, changed(name, values + step)) for step, factor in points.items()])
                continue
            label, levels = factors[name]
            base = next((d.base_levels[label] for d in by_formula if label in d.base_levels), levels[0])
            for other in levels:
                if other != base:
                    pair = [(1.0, other), (-1.0, base)]
                    yield Change(
                        f"{name}[{other} - {base}]",
                        [(factor, changed(name, np.full(len(kept), at, dtype=object))) for factor, at in pair],
                    )
        arrays = {parameter: design for parameter, design in self.designs.items() if design.spec is None}
        for name in dict.fromkeys(name for design in arrays.values() for name in design.names):
            free = {k: [n for n in d.names if f"{k}[{n}]" not in self._held] for k, d in arrays.items()}
            places = {k: names.index(name) for k, names in free.items() if name in names}
            spreads = [float(np.std(own[self.model.linear[k].key][:, place])) for k, place in places.items()]
            size = max(spreads, default=0.0)
            if size == 0:
                continue  # a constant column does not change
            rows = []
            for step, factor in difference_points(1e-3 * size).items():
                known = {key: own[key] for key in self.model.per_row}
                for k, place in places.items():
                    matrix = own[self.model.linear[k].key].copy()
                    matrix[:, place] += step
                    known[self.model.linear[k].key] = matrix
                rows.append((factor, known))
            yield Change(name, rows)


_EACH = "each row has a law of its own"


def described(fit: RegressionFit) -> str:
    """A regression in words: its law and its formulas."""
    formulas = [
        f"{name} ~ {' + '.join(design.names) if design.formula is None else design.formula.replace('~', '').strip()}"
        for name, design in fit.designs.items()
    ]
    return f"{fit.model.base.name} with {', '.join(formulas)}"


def _taken(columns: Columns, name: str, rows: NDArray[np.intp]) -> Any:
    """Some rows of a column: numbers, or levels."""
    if columns.is_numeric(name):
        return columns.numbers(name)[rows]
    labels = columns.labels(name)
    found = np.array([*labels.distinct, None], dtype=object)
    return found[labels.codes[rows]]


def _moved(matrix: Array, values: Array) -> Array:
    """Sums ``values @ matrix.T``, to which an entry that is infinite or NaN adds only where its weight is not 0."""
    wild = ~np.all(np.isfinite(values), axis=tuple(range(values.ndim - 1)))
    sums = values[..., ~wild] @ matrix[:, ~wild].T
    for k in np.flatnonzero(wild):
        touched = matrix[:, k] != 0
        sums[..., touched] += values[..., k, None] * matrix[touched, k]
    return np.asarray(sums)


def _gathered(found: dict[str, Any]) -> dict[str, Any]:
    """Parameters with a level to their name, ``cutpoints[a|b]``, as one Series, or a DataFrame of Series."""
    import pandas as pd

    gathered: dict[str, Any] = {}
    for name, value in found.items():
        whole, bracket, level = name.partition("[")
        if bracket:
            gathered.setdefault(whole, {})[level.removesuffix("]")] = value
        else:
            gathered[name] = value
    for name, value in gathered.items():
        if isinstance(value, dict):
            one = next(iter(value.values()))
            gathered[name] = pd.DataFrame(value) if isinstance(one, pd.Series) else pd.Series(value, name=name)
    return gathered


def regress(
    y: Any,
    data: Any,
    family: Any,
    *,
    weights: Any = None,
    weight_kind: WeightKind = "frequency",
    offset: Any = None,
    exposure: Any = None,
    links: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    start: Mapping[str, Any] | None = None,
    solver: str | None = None,
    nan_policy: NanPolicy = "raise",
    collinear: Literal["raise", "drop"] = "raise",
    rng: Any = None,
    **others: Any,
) -> RegressionFit:
    """Fit a law whose parameters depend on covariates, by maximum likelihood, and certify the maximum.

    Parameters
    ----------
    y : str, array_like or Sample
        A formula, ``"y ~ x1 + C(group)"``, whose left side is a column or a form of data over columns:
        ``right_censored(time, event)``, ``left_censored(y, seen)``, ``intervals(lower, upper)``, ``rounded(y, 0.1)``,
        ``truncated(y, lower=entry)``, or truncated of one of the others. Or the observations themselves.
    data : DataFrame, table, mapping of str to array_like; path, scan or Dask table; or array_like of shape (n, k)
        The frame of the formula (pandas, polars, pyarrow, dict of arrays); a file or folder that `scan` reads, what it
        gave, or a Dask table, whose designs are then built batch by batch, and of which no more than a few batches are
        held; or the design of the modelled parameter, as it is: no intercept is added.
    family : str, Family or scipy.stats distribution
        The law of one row.
    weights : str or array_like, optional
        One a row, or their column. Of a mixture also a formula, ``"~ z"``, or a design, which models the log-odds of
        its components, ``weights2``, ``weights3``, ..., against the first.
    weight_kind
        As for `Sample`.
    offset : str or array_like, or mapping of str to these
        Added to the predictor of the modelled parameter, or of those named.
    exposure : str or array_like
        Positive; its log is added to the predictor, whose link must be the log.
    links : mapping of str to link, optional
        By parameter; see `mle_toolkit.families.links`.
    fixed, bounds, start : mapping, optional
        As for `fit`, by coefficient too: ``fixed={"mu[x1]": 0.5}``, ``bounds={"mu[x1]": (0, None)}``,
        ``start={"mu": [1.0, 0.0]}``.
    solver, rng
        As for `fit`.
    levels, reference, link
        Of ``"ordinal"`` and ``"categorical"`` only, whose response is a column of levels: all levels (of ordinal ones
        from the lowest), the level that the others are compared with, and the latent law (``"logit"``, ``"probit"``,
        ``"cloglog"``, ``"loglog"``, ``"cauchit"``; also ``links={"loc": ...}``). ``params`` has ``loc`` and
        ``cutpoints``, without an intercept; or ``p``, terms by levels.
    nan_policy : {"raise", "omit"}
        What to do with rows in which anything that is needed is missing: response, covariates of any formula, weights,
        offsets.
    collinear : {"raise", "drop"}
        What to do with columns of a design that those before them make up: the coefficients of such columns are not
        determined. Dropped ones have the coefficient 0, no standard error, and are named in a warning.
    **others
        Formulas, or designs, of other parameters by name: ``shape="~ x1"``; or known constants of the law, which may be
        columns: ``n="trials"``. Of a mixture, whose formula models the location (or the like) of each component,
        ``sigma=`` is that of all components and ``sigma2=`` that of the second.

    Returns
    -------
    RegressionFit

    Raises
    ------
    DataError
        If data cannot be used: a column that is not there, missing values, fewer rows than coefficients.
    ParameterError
        If a formula, a name or an option cannot be read.
    NoMaximumError
        If the likelihood has no maximum.

    Examples
    --------
    >>> frame = {"dose": [0, 1, 2, 3, 4, 5], "count": [2, 3, 6, 7, 8, 19]}
    >>> fit = regress("count ~ dose", frame, "poisson")
    >>> fit.params["mu"].round(6).to_dict()
    {'Intercept': 0.698418, 'dose': 0.426075}
    """
    options = settled(fixed, bounds, start, solver, rng)
    nan_policy, weight_kind = policies(nan_policy, weight_kind)
    drops = choice(collinear, "collinear", ("raise", "drop")) == "drop"
    leveled = family if isinstance(family, str) and family in _OF_LEVELS else None
    framed: _Framed | None = None
    given_data = data
    if is_scanned(data):
        framed = _Framed.of(
            y, data, family, {"weights": weights, "offset": offset, "exposure": exposure}, others, nan_policy
        )
        data = framed.frame()
        framed = None if framed.is_small else framed
    own = ("levels", "reference", "link") if leveled else ()
    asked: dict[str, Any] = {name: others.pop(name) for name in own if name in others}
    if leveled is not None and not isinstance(y, (str, Sample)):
        y, names = coded(labels_of(y), asked.get("levels"), ordered=leveled == "ordinal")
    given = _Given.of(y, data, nan_policy)
    if leveled is not None:
        if isinstance(y, str):
            names = given.take_levels(y, asked.get("levels"), ordered=leveled == "ordinal")
        elif isinstance(y, Sample):
            raise DataError(f"{leveled}: give the levels themselves, one a row, with weights=, not a Sample.")
        family = _law_of_levels(leveled, names, asked, links, scaled="scale" in others)
        links = None
    if _is_right_side(weights):
        weights, others["weights"] = None, weights
    constants = {name: given.constant(name, others.pop(name)) for name in list(others) if _is_constant(family, name)}
    predictors = {name: given.predictor(name, right) for name, right in others.items()}
    weight = None if weights is None else given.column(weights, "weights")
    if links is not None and not isinstance(links, Mapping):
        raise ParameterError(f'links: expected links by parameter, as {{"mu": "log"}}, got {shown(links)}.')
    raw = {} if offset is None else dict(offset) if isinstance(offset, Mapping) else {None: offset}
    offsets = {
        name: given.column(column, "offset" if name is None else f"offset of {name}") for name, column in raw.items()
    }
    if exposure is None and isinstance(y, Sample):
        exposure = y.known.get("exposure")
    exposed = None if exposure is None else given.column(exposure, "exposure")
    given.settle()

    law = given.law(_law_of(family, {name: given.some(value) for name, value in constants.items()}, predictors))
    predictors = _by_parameter(law, predictors)
    shifts = {name: given.some(column) for key, column in offsets.items() for name in _named(law, key)}
    links = _by_parameter(law, links or {})
    twice = [name for name in law.main_parameters if name in predictors]
    if twice:
        raise ParameterError(
            f"regress: {twice[0]} of {law.name} has two formulas: the one of the left side, which models {twice[0]}, "
            f"and {twice[0]}=; leave one of them out."
        )
    predictors = dict.fromkeys(law.main_parameters, given.main) | predictors
    for name in (*predictors, *shifts, *links):
        if name not in law.param_names:
            raise ParameterError(
                f"regress: {law.name} has no parameter {name!r}; its parameters: {', '.join(law.param_names)}."
            )
    made = {name: given.design(name, right) for name, right in predictors.items()}
    if leveled == "ordinal":
        made = {name: _without_intercept(name, *one) for name, one in made.items()}
    chosen = {name: _link_for(law, name, links.get(name)) for name in made}
    for main in law.main_parameters if exposed is not None else ():
        shifts[main] = shifts.get(main, 0.0) + _log_exposure(given.some(exposed), main, chosen[main])
    for name in shifts:
        if name not in made:
            raise ParameterError(f'offset: {name} has no formula; give one, as {name}="~ 1".')
    if framed is not None:
        if leveled is not None:
            raise ParameterError(f"{leveled}: rows that are read in batches have no levels yet; read them into memory.")
        plan = framed.plan(law, {name: design for name, (design, _) in made.items()}, weights, offset, exposure)
        front = _Front.of_batches(law, framed.sample(plan, weight_kind), made, chosen)
        dropped = front.dropped(options) if drops else {}
        fit = front.fit(**options)
        fit.n_given = framed.found.n_rows
    else:
        sample = given.sample(None if weight is None else given.some(weight), weight_kind)
        front = _Front.of(law, sample, made, shifts, chosen)
        dropped = front.dropped(options) if drops else {}
        _check_rank(front, dropped)
        fit = front.fit(**options)
        fit.n_given, fit.rows = given.n_rows, given.kept(sample)
    fit.shifted, fit.frame = tuple(shifts), given_data if framed is not None else data
    if dropped:
        warnings.warn(
            FitWarning(
                f"{law.name}: {len(dropped)} collinear columns are dropped, with the coefficient 0: "
                f"{'; '.join(list(dropped.values())[:_LISTED])}.",
                fit.certificate,
            ),
            stacklevel=2,
        )
    warn_if_weaker(fit)
    return fit


def _named(law: Family, name: str | None) -> tuple[str, ...]:
    """The parameters that a name means; those that the formula models, of no name."""
    return law.main_parameters if name is None else law.names_of(name)


def _by_parameter(law: Family, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given by names, by the parameters that they mean; one that is named itself comes first."""
    found = {name: value for key, value in given.items() for name in law.names_of(key)}
    return found | {name: value for name, value in given.items() if name in law.param_names}


class _Given:
    """What a caller gave, by formula or arrays, and in which rows nothing of it is missing."""

    def __init__(self, frame: Columns | None, n_rows: int, nan_policy: NanPolicy) -> None:
        self.frame, self.n_rows, self.nan_policy = frame, n_rows, nan_policy
        self.main: Any = None
        self.response: Response | Sample | Array | None = None
        self._absent: list[tuple[str, Mask]] = []
        self._rows: NDArray[np.intp] | None = None

    @classmethod
    def of(cls, y: Any, data: Any, nan_policy: NanPolicy) -> _Given:
        """Read the formula, or take the arrays."""
        if isinstance(y, str):
            left, tilde, right = y.partition("~")
            if not tilde:
                raise ParameterError(f'formula {y!r:.80}: expected "y ~ x1 + x2", with one ~.')
            frame = Columns(data)
            new = cls(frame, frame.n_rows, nan_policy)
            if not frame.n_rows:
                raise DataError("no observations: the data are empty.")
            new.response = read_left(y, left)
            new._note(new.response.incomplete(frame))
            new.main = new.predictor("the modelled parameter", right)
            return new
        design, matrix = of_array(data)
        if isinstance(y, Sample):
            observed: Sample | Array = y
            n_rows = y.n_rows
            if len(matrix) != n_rows and y._rows_given is not None and len(matrix) > y._rows_given[-1]:
                matrix = matrix[y._rows_given]
        else:
            observed, _ = to_column(y, "y")
            n_rows = len(observed)
        if len(matrix) != n_rows:
            raise DataError(f"X: {len(matrix)} rows for {n_rows} observations; give one a row.")
        new = cls(Columns(data) if _is_frame(data) else None, n_rows, nan_policy)
        new.response = observed
        if not isinstance(observed, Sample):
            new._note([("y", np.isnan(observed))])
        new.main = (design, matrix)
        new._note(_missing_of(design, matrix))
        return new

    def predictor(self, name: str, right: Any) -> Any:
        """A right side that is read, or a design of arrays."""
        if isinstance(right, str):
            if self.frame is None:
                raise ParameterError(f"{name}: a formula needs a frame as data, not an array.")
            _, factors = read(right, self.frame.names)
            for column in dict.fromkeys(column for factor in factors.values() for column in factor.columns):
                self._note([(column, missing(self.frame, column))])
            return right
        if right is None or np.isscalar(right):
            raise ParameterError(f'{name}: expected a formula, as {name}="~ x", or a design, got {shown(right)}.')
        design, matrix = of_array(right, what=name)
        if len(matrix) != self.n_rows:
            raise DataError(f"{name}: {len(matrix)} rows for {self.n_rows} observations; give one a row.")
        self._note(_missing_of(design, matrix))
        return design, matrix

    def column(self, value: Any, name: str) -> Array:
        """A column by its name, or an array; all rows that were given."""
        if isinstance(value, str):
            if self.frame is None:
                raise ParameterError(f"{name}: {value!r} names a column, but the data are no frame; give the values.")
            column = self.frame.numbers(value)
            self._note([(value, np.isnan(column))])
            return column
        column, _ = to_column(value, name)
        if len(column) != self.n_rows:
            error = WeightError if name == "weights" else DataError
            raise error(f"{name}: {len(column)} values for {self.n_rows} rows; give one a row.")
        self._note([(name, np.isnan(column))])
        return column

    def constant(self, name: str, value: Any) -> Any:
        """A known constant of the law: one value, a column by its name, or one value a row."""
        if isinstance(value, str):
            return self.column(value, name)
        if np.ndim(value) == 0:
            return value
        return self.column(value, name)

    def take_levels(self, formula: str, levels: Any, *, ordered: bool) -> tuple[str, ...]:
        """Take the codes of a column of levels for the response; the names of the levels."""
        assert isinstance(self.response, Response)
        if self.response.form is not None or self.frame is None:
            raise ParameterError(f"formula {formula!r:.80}: the left side must be a column of levels.")
        codes, names = coded(self.frame.labels(self.response.arguments["x"]), levels, ordered=ordered)
        self.response = codes
        return names

    def _note(self, absent: Iterable[tuple[str, Mask]]) -> None:
        self._absent += [(name, rows) for name, rows in absent if rows.any()]

    def settle(self) -> NDArray[np.intp] | None:
        """Rows in which nothing is missing; None for all.

        Raises
        ------
        DataError
            If something is missing and rows are not to be left out; or if none is left.
        """
        if not self._absent:
            return None
        if self.nan_policy == "raise":
            told = dict(self._absent)
            columns = "; ".join(
                f"{name} in {np.count_nonzero(rows)} of {self.n_rows} rows, the first is row {np.argmax(rows)}"
                for name, rows in list(told.items())[:_LISTED]
            )
            raise DataError(f'missing values: {columns}. Remove them, or pass nan_policy="omit" to leave them out.')
        whole = ~np.any([rows for _, rows in self._absent], axis=0)
        if not whole.any():
            raise DataError(f"no observations: something is missing in each of the {self.n_rows} rows.")
        self._rows = np.flatnonzero(whole)
        return self._rows

    def some(self, value: Any) -> Any:
        """Of a column the rows in which nothing is missing."""
        return value if self._rows is None or np.ndim(value) == 0 else value[self._rows]

    def law(self, law: Family) -> Family:
        """The law, of whose constants of each row, if a caller brought some with it, those of these rows."""
        lengths = {len(column) for column in law.known.values()}
        return law.take(self._rows) if self._rows is not None and lengths == {self.n_rows} else law

    def design(self, name: str, right: Any) -> tuple[Design, Array]:
        """The design of a parameter, for these rows."""
        if isinstance(right, str):
            assert self.frame is not None
            return of_formula(right, self.frame, self._rows)
        design, matrix = right
        return design, self.some(matrix)

    def sample(self, weights: Array | None, weight_kind: WeightKind) -> Sample:
        """The observations of these rows."""
        if isinstance(self.response, Response):
            assert self.frame is not None
            return self.response.sample(self.frame, self._rows, weights, weight_kind)
        if isinstance(self.response, Sample):
            if weights is not None:
                raise WeightError("weights: the Sample has its own weights; give them there, not twice.")
            return self.response if self._rows is None else self.response.take(self._rows)
        return Sample(self.some(self.response), weights, weight_kind)

    def kept(self, sample: Sample) -> NDArray[np.intp]:
        """The rows of the data that the rows of the sample are."""
        rows = np.arange(self.n_rows) if self._rows is None else self._rows
        given = None if isinstance(self.response, Sample) else sample._rows_given
        return rows if given is None else rows[given]


class _Framed:
    """A regression of a table that is read in batches: what one pass over it has found out.

    Attributes
    ----------
    found : Learned
    """

    def __init__(self, table: Table, response: Response, needed: tuple[str, ...], constants: dict[str, str]) -> None:
        self._table, self._response, self._needed, self._constants = table, response, needed, constants
        self.found, self._firsts = Learned(), [0]

    @classmethod
    def of(
        cls,
        y: Any,
        data: Any,
        family: Any,
        columns: Mapping[str, Any],
        others: Mapping[str, Any],
        nan_policy: NanPolicy,
    ) -> _Framed:
        """Read the formulas, and go over the columns that they need."""
        if not isinstance(y, str) or "~" not in y:
            raise ParameterError('regress: of a scan, a file or a Dask table a formula says what to read: "y ~ x1".')
        left, _, right = y.partition("~")
        response = read_left(y, left)
        table = table_of(data, response.columns[0])
        needed = list(response.columns)
        factors: list[str] = []
        constants: dict[str, str] = {}
        rights = [right]
        named = {**columns, **others}
        for name, value in named.items():
            for one in value.values() if isinstance(value, Mapping) else [value]:
                if one is None or (name in others and np.isscalar(one) and not isinstance(one, str)):
                    continue
                if not isinstance(one, str):
                    raise ParameterError(f"{name}: of rows that are read in batches give a column by its name.")
                if (name in others and not _is_constant(family, name)) or one.strip().startswith("~"):
                    rights.append(one)
                else:
                    needed.append(one)
                    if name in others:
                        constants[name] = one
        for text_of in rights:
            _, pieces = read(text_of, table.names)
            for factor in pieces.values():
                needed += factor.columns
                factors += factor.columns if factor.function == "C" else ()
        for name in needed:
            if name not in table.names:
                Columns({key: [] for key in table.names}).native(name)  # which says what there is
        new = cls(table, response, tuple(dict.fromkeys(needed)), constants)
        weights = columns["weights"]
        held = None if weights is None or weights.strip().startswith("~") else weights
        new.found, new._firsts = learned(table, Learning(new._needed, tuple(dict.fromkeys(factors)), held))
        if not new.is_small:
            check_missing(new.found, nan_policy)
            learning = next((found for one in rights if (found := learns(one, table.names)) is not None), None)
            if learning is not None:
                raise ParameterError(
                    f"{learning}: learns from all rows together, which are not held; make it a column of the file, or "
                    f"read the columns into memory."
                )
        return new

    @property
    def is_small(self) -> bool:
        """Whether the rows are held in memory."""
        return is_small(self.found)

    def frame(self) -> dict[str, Any]:
        """The columns, where they are small; else some rows that have every level."""
        return in_memory(self._table, self._needed) if self.is_small else self.found.small()

    def plan(self, law: Family, designs: Mapping[str, Design], weights: Any, offset: Any, exposure: Any) -> Plan:
        """How rows are made of batches."""
        if self._response.form is not None:
            raise ParameterError(
                f"{self._response.text}: rows that are read in batches are exact values; read the columns of other "
                f"forms of data into memory."
            )
        given = {} if offset is None else dict(offset) if isinstance(offset, Mapping) else {None: offset}
        offsets = {name: column for key, column in given.items() for name in _named(law, key)}
        parts = tuple(
            Columned(
                design_key(name),
                offset_key(name),
                design,
                (True,) * len(design.names),
                offset=offsets.get(name),
                exposure=exposure if name in law.main_parameters else None,
            )
            for name, design in designs.items()
        )
        held = weights if isinstance(weights, str) else None
        return Plan(self._response.arguments["x"], held, self._needed, parts, self._constants, (CheckingSupport(law),))

    def sample(self, plan: Plan, weight_kind: WeightKind) -> FramedSample:
        """The rows."""
        return FramedSample(self._table, plan, self._firsts, weight_kind)


_OF_LEVELS = ("ordinal", "categorical")
"""Laws of levels, which are made for the levels that were observed."""


def _law_of_levels(
    kind: str, names: tuple[str, ...], asked: Mapping[str, Any], links: Mapping[str, Any] | None, *, scaled: bool
) -> Family:
    """The law of the levels of a response."""
    if kind == "ordinal":
        if "reference" in asked:
            raise ParameterError("reference: of categorical levels only; ordinal ones have an order.")
        link = (links or {}).get("loc", asked.get("link", "logit"))
        return Ordered(names, link, scaled=scaled)
    if links or "link" in asked:
        raise ParameterError("links: a categorical regression models log-odds, and takes no other link.")
    reference = str(asked.get("reference", names[0]))
    if reference not in names:
        raise ParameterError(f"reference: {reference!r} is no level; levels: {', '.join(names)}.")
    return Choice(names, names.index(reference))


def _without_intercept(name: str, design: Design, matrix: Array) -> tuple[Design, Array]:
    """A design of a law with cutpoints, which an intercept would double."""
    place = design.constant
    if place is not None:
        return design.without_intercept(), np.delete(matrix, place, axis=1)
    constant = [k for k in np.flatnonzero(matrix[0] == matrix[-1]) if np.all(matrix[:, k] == matrix[0, k])]
    if len(constant):
        raise DataError(
            f"{name}: column {design.names[constant[0]]!r} is the same in all rows; the cutpoints are the constants of "
            f"an ordinal regression. Leave it out."
        )
    return design, matrix


def _is_right_side(weights: Any) -> bool:
    """Whether weights are those of the components of a mixture: a formula, or a design, and no column."""
    if isinstance(weights, str):
        return weights.strip().startswith("~")
    return _is_frame(weights) or (not isinstance(weights, (list, tuple)) and np.ndim(weights) == 2)


def _is_frame(data: Any) -> bool:
    return isinstance(data, Mapping) or hasattr(data, "columns") or hasattr(data, "column_names")


def _missing_of(design: Design, matrix: Array) -> Iterator[tuple[str, Mask]]:
    sums = column_sums(matrix).tolist()
    for name, column, total in zip(design.names, matrix.T, sums, strict=True):
        if not math.isfinite(total):
            yield name, np.isnan(column)


_LISTED = 10
"""Columns that an error lists at most."""


def _law_of(family: Any, constants: Mapping[str, Any], others: Iterable[str]) -> Family:
    """The law, in the parameters that a regression models."""
    law = get_family(family, **constants) if constants else get_family(family)
    if "mean" in law.forms and not set(others) & (set(law.param_names) - set(law.by("mean").param_names)):
        law = law.by("mean")
    law = by_row(law)
    check_scalar(law)
    return law


def _is_constant(family: Any, name: str) -> bool:
    if not isinstance(family, str):
        return False
    try:
        return name in constants_of(family)
    except (UnknownNameError, ParameterError):
        return False


def _log_exposure(column: Array, main: str, link: Link) -> Array:
    if link.name != "log":
        raise ParameterError(
            f"exposure: the predictor of {main} has the link {link}; exposure multiplies a mean, so it needs the log "
            f"link. Use offset=, or links={{{main!r}: 'log'}}."
        )
    bad = np.flatnonzero(~(column > 0))
    if len(bad):
        raise DataError(
            f"exposure: {len(bad)} of {len(column)} are not positive; the first is exposure[{bad[0]}] = "
            f"{column[bad[0]]:g}."
        )
    return np.log(column)


def _check_rank(front: _Front, dropped: Collection[str] = ()) -> None:
    """Refuse what can be seen before a search: too few rows, columns of zeros, one value in all rows."""
    sample, law = front.sample, front.law
    size = len(front.names) - len(dropped)
    if size > sample.nobs and sample.weight_kind == "frequency":
        raise DataError(
            f"regress: {size} coefficients and parameters, and {sample.nobs:g} observations; there must be as many "
            f"observations at least. Leave terms out."
        )
    for name, matrix in front.matrices.items():
        sums = column_sums(matrix)
        bad = [k for k in np.flatnonzero(~np.isfinite(sums)) if not np.isfinite(matrix[:, k]).all()]
        if bad:
            column = matrix[:, bad[0]]
            row = int(np.argmax(~np.isfinite(column)))
            raise DataError(
                f"{name}: column {front.designs[name].names[bad[0]]!r} is infinite in "
                f"{np.count_nonzero(~np.isfinite(column))} of {len(column)} rows; the first is row {row}."
            )
        terms = front.designs[name].names
        empty = [terms[k] for k in np.flatnonzero(sums == 0.0) if not matrix[:, k].any()]
        empty = [term for term in empty if f"{name}[{term}]" not in dropped]
        if empty:
            raise DataError(
                f"{name}: {len(empty)} of {matrix.shape[1]} columns are zero in all rows, so their coefficients are "
                f"not identified: {', '.join(empty[:_LISTED])}. Leave them out."
            )
    if (
        sample.is_plain
        and sample.minimum == sample.maximum
        and not law.discrete
        and (law.has_scale or law.has_location)
    ):
        raise DegenerateDataError(
            f"{law.name}: all {sample.n_rows} observations are equal ({sample.minimum:g}), so there is nothing for "
            f"covariates to explain, and the likelihood has no maximum."
        )


class _Front:
    """A law with designs for some rows, and how it is maximised when some coefficients are known or bounded.

    Attributes
    ----------
    law : Family
        The law of one row.
    sample : Sample
        With designs and offsets among what is known of its rows.
    designs : dict of str to Design
    matrices : dict of str to ndarray
        Whole designs of the rows of the sample.
    offsets : dict of str to ndarray
    links : dict of str to Link
    unit : Unit
    """

    def __init__(
        self,
        law: Family,
        sample: Sample,
        designs: Mapping[str, Design],
        matrices: Mapping[str, Array],
        offsets: Mapping[str, Array],
        links: Mapping[str, Link],
    ) -> None:
        self.law, self.sample = law, sample
        self.designs, self.matrices, self.offsets, self.links = designs, matrices, offsets, links
        self.unit = _unit_for(law, sample, links)
        self.names = coefficient_names(law, designs)

    @classmethod
    def of(
        cls,
        law: Family,
        sample: Sample,
        made: Mapping[str, tuple[Design, Array]],
        offsets: Mapping[str, Array],
        links: Mapping[str, Link],
    ) -> _Front:
        """Of designs and offsets of all rows that were given, of which a sample leaves out those of weight 0."""
        columns: dict[str, Any] = {design_key(name): matrix for name, (_, matrix) in made.items()}
        columns |= {offset_key(name): column for name, column in offsets.items()}
        kept = sample._rows_given
        short = {
            name: column[kept] if kept is not None and len(column) != sample.n_rows else column
            for name, column in columns.items()
        }
        return cls(
            law,
            law.with_rows(sample),
            {name: design for name, (design, _) in made.items()},
            {name: short[design_key(name)] for name in made},
            {name: short[offset_key(name)] for name in offsets},
            links,
        )

    @classmethod
    def of_batches(
        cls,
        law: Family,
        sample: FramedSample,
        made: Mapping[str, tuple[Design, Array]],
        links: Mapping[str, Link],
    ) -> _Front:
        """Of rows that are read in batches, whose designs come with them."""
        front = cls(law, sample, {name: design for name, (design, _) in made.items()}, {}, {}, links)
        size = len(front.names)
        if size > sample.nobs and sample.weight_kind == "frequency":
            raise DataError(
                f"regress: {size} coefficients and parameters, and {sample.nobs:g} observations; there must be as many "
                f"observations at least. Leave terms out."
            )
        return front

    def dropped(self, options: dict[str, Any]) -> dict[str, str]:
        """Coefficients of columns that those before them make up, with the relation in words; fixed at 0 in options."""
        fixed = dict(options["fixed"] or {})
        found: dict[str, str] = {}
        for name, design in self.designs.items():
            terms = [k for k, term in enumerate(design.names) if not {name, f"{name}[{term}]"} & set(fixed)]
            key, framed = design_key(name), isinstance(self.sample, FramedSample)
            matrix = self.sample.sketch().known[key] if framed else self.matrices[name]
            is_one = np.all(matrix[:, terms] == 1.0, axis=0)
            constant = int(np.argmax(is_one)) if is_one.any() else None
            seen = relations(matrix[:, terms], constant)
            holds = [True] * len(seen.dropped)
            if isinstance(self.sample, FramedSample) and seen.dropped:  # what a subsample suspects, all rows prove
                kept, lost = ([terms[k] for k in one] for one in (seen.kept, seen.dropped))
                (broken,) = self.sample.sums([Breaking(key, Relations(tuple(kept), tuple(lost), seen.weights))])
                holds = (broken == 0).tolist()
            names = [design.names[k] for k in terms]
            for k, said, proved in zip(seen.dropped, seen.written(names, constant), holds, strict=True):
                if proved:
                    found[f"{name}[{names[k]}]"] = said
        options["fixed"] = {**fixed, **dict.fromkeys(found, 0.0)} or None
        return found

    def _model_of_batches(self, sample: FramedSample, known: Mapping[str, float]) -> tuple[Model, Sample]:
        held = {
            design_key(name): {term: known[key] for term in design.names if (key := f"{name}[{term}]") in known}
            for name, design in self.designs.items()
        }
        if known:
            sample = sample.planned(with_coefficients(sample.plan, held))
        terms = []
        for part, (name, design) in zip(sample.plan.designs, self.designs.items(), strict=True):
            constant = design.constant
            if constant is not None:
                constant = part.free[:constant].count(True) if part.free[constant] else None
            role = self.law.parameters[self.law.param_names.index(name)].role
            term = _term(name, constant, sample, self.links[name], self.unit, role, has_offset=part.is_shifted)
            terms.append(term)
            self._check_columns_of_batches(sample, part, [k for k in design.names if f"{name}[{k}]" not in known], term)
        model = model_class(self.law)(self.law, terms, {}, self.unit)
        return model, sample

    def _check_columns_of_batches(
        self, sample: FramedSample, part: Columned, names: Sequence[str], term: Linear
    ) -> None:
        """Refuse columns that others make up: what a subsample suspects, all rows prove."""
        few = sample.sketch().known[part.key]
        seen = relations(few, term.constant)
        if not seen.dropped:
            return
        (broken,) = sample.sums([Breaking(part.key, seen)])
        false = {k for k, rows in zip(seen.dropped, broken.tolist(), strict=True) if rows}
        left = [k for k in range(few.shape[1]) if k not in false]
        place = None if term.constant is None else left.index(term.constant)
        check_columns(self.law.name, term.parameter, few[:, left], [names[k] for k in left], place)

    def model(self, known: Mapping[str, float]) -> tuple[Model, Sample]:
        """The model in which some coefficients are known: their columns are part of the offset."""
        if isinstance(self.sample, FramedSample):
            return self._model_of_batches(self.sample, known)
        columns: dict[str, Any] = {}
        free: dict[str, NDArray[np.bool_]] = {}
        shifted: list[str] = []
        for name, matrix in self.matrices.items():
            mine = [f"{name}[{term}]" for term in self.designs[name].names]
            free[name] = np.array([coefficient not in known for coefficient in mine], dtype=bool)
            columns[design_key(name)] = matrix if free[name].all() else matrix[:, free[name]]
            offset = self.offsets.get(name)
            if not free[name].all():
                held = matrix[:, ~free[name]] @ np.array([known[k] for k in mine if k in known])
                offset = held if offset is None else offset + held
            if offset is not None:
                columns[offset_key(name)] = offset
                shifted.append(name)
        sample = self.sample.with_known(**columns)
        terms = []
        for name, design in self.designs.items():
            role = self.law.parameters[self.law.param_names.index(name)].role
            constant = design.constant
            if constant is not None:
                constant = int(np.count_nonzero(free[name][:constant])) if free[name][constant] else None
            term = _term(name, constant, sample, self.links[name], self.unit, role, has_offset=name in shifted)
            made = orthonormal((sample.known[term.key] - term.shift) * term.frame, term.constant)
            if made is not None:
                term = replace(term, frame=term.frame[:, None] * made[1])
                sample = sample.with_known(**{ready_key(term.key): made[0]})
            terms.append(term)
        model = model_class(self.law)(self.law.given(sample.known), terms, sample.known, self.unit)
        model.check_support(sample)
        return model, sample

    def fit(self, *, fixed: Any, bounds: Any, start: Any, solver: str | None) -> RegressionFit:
        """Maximise, with bounds of coefficients by the active set at the maximum."""
        known, numbers = self._parted("fixed", fixed)
        limits, of_numbers = self._parted("bounds", bounds)
        begin, begin_numbers = self._parted("start", start)
        limits = {name: pair(value, f"bounds of {name}") for name, value in limits.items()}
        known = {name: number(value, f"fixed: {name}") for name, value in known.items()}
        begin = {name: number(value, f"start: {name}") for name, value in begin.items()}
        for name, (low, high) in limits.items():
            if name in known:
                raise ParameterError(f"{name} is known ({known[name]:g}) and has bounds; leave one of them out.")
            if low is not None and high is not None and not low < high:
                raise ParameterError(f"bounds of {name}: expected the lower below the upper, got ({low:g}, {high:g}).")

        def maximised(pinned: Mapping[str, float]) -> RegressionFit:
            held = {**known, **pinned}
            model, sample = self.model(held)
            at = self._start(model, sample, begin, begin_numbers, held)
            columns = {
                name: [term for term in design.names if f"{name}[{term}]" not in held]
                for name, design in self.designs.items()
            }
            maximum = maximise_model(
                model, sample, columns, fixed=numbers or None, bounds=of_numbers or None, start=at, solver=solver
            )
            return RegressionFit.made(maximum, sample, self.designs, known=known, pinned=pinned)

        return self._within(maximised, limits, known)

    def _within(
        self,
        maximised: Callable[[Mapping[str, float]], RegressionFit],
        limits: Mapping[str, tuple[float | None, float | None]],
        known: Mapping[str, float],
    ) -> RegressionFit:
        """The maximum inside bounds: coefficients are held at a bound while the likelihood rises beyond it."""
        pinned: dict[str, float] = {}
        tried: list[dict[str, float]] = []
        without: list[tuple[dict[str, float], NoMaximumError]] = []
        while True:
            if pinned in tried:
                raise NoMaximumError(
                    f"{self.law.name}: the search for the bounds that the maximum lies on went in circles between "
                    f"{', '.join(limits)}. Bound fewer coefficients, or fix those that matter."
                )
            tried.append(dict(pinned))
            try:
                fit = maximised(pinned)
            except NoMaximumError as error:
                # Without bounds the likelihood may have no maximum, as where a covariate separates; inside it has one.
                ends = {name: [e for e in limits[name] if e is not None] for name in limits if name not in pinned}
                if not any(ends.values()):
                    raise
                without.append((dict(pinned), error))
                pinned |= {name: either[0] for name, either in ends.items() if either}
                continue
            if not limits:
                return fit
            values = dict(zip(self.names, fit.coefficients, strict=True))
            beyond = {}
            for name, (low, high) in limits.items():
                if name not in pinned and low is not None and values[name] < low:
                    beyond[name] = low
                elif name not in pinned and high is not None and values[name] > high:
                    beyond[name] = high
            if beyond:
                pinned |= beyond
                continue
            slopes = self._slopes(fit, known) if pinned else {}
            inward = {name: slope if pinned[name] == limits[name][0] else -slope for name, slope in slopes.items()}
            wrong = max(inward, key=lambda name: inward[name], default=None)
            if wrong is None or inward[wrong] <= _FLAT:
                return fit
            here = pinned.pop(wrong)
            nowhere = next((error for held, error in without if held == pinned), None)
            if nowhere is not None:
                across = [end for end in limits[wrong] if end is not None and end != here]
                if not across:
                    raise nowhere
                pinned[wrong] = across[0]

    def _slopes(self, fit: RegressionFit, known: Mapping[str, float]) -> dict[str, float]:
        """Derivatives of the log-likelihood by coefficients that are held at bounds, in their standard deviations."""
        model, sample = self.model(known)
        whole = RegressionFit.made(_at_point(model, sample, self, fit), sample, self.designs, known=known, pinned={})
        at = whole._at_maximum
        by_inner = np.linalg.lstsq(
            at.objective.coordinates.jacobian(at.coordinates).T, -at.objective.gradient(at.coordinates), rcond=None
        )[0]
        by_data = np.linalg.lstsq(whole._to_data.T, by_inner, rcond=None)[0]
        place = {name: k for k, name in enumerate(self.names)}
        spread = {
            f"{name}[{term}]": size
            for name, design in self.designs.items()
            for term, size in zip(design.names, self._sizes(name), strict=True)
        }
        return {name: float(by_data[place[name]]) / spread[name] for name in fit.pinned}

    def _sizes(self, name: str) -> list[float]:
        """Root mean squares of the columns of a design."""
        sample = self.sample
        if isinstance(sample, FramedSample):
            squares, key = sample.column_sums(design_key(name)), design_key(name)
            (squares,) = sample.sums([ColumnSums(key, (0.0,) * len(squares))])
            found: list[float] = np.sqrt(squares / sample.nobs).tolist()
            return found
        return [float(np.sqrt(np.mean(np.square(column)))) for column in self.matrices[name].T]

    def _parted(self, option: str, values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What an option says of coefficients, and of parameters that are numbers."""
        names = [*self.names, *(name for name in self.designs if name not in self.names)]
        example = f'{{"{self.names[0]}": {"(0, None)" if option == "bounds" else "1.0"}}}'
        asked = by_name(values, option, names, self.law.name, example)
        coefficients: dict[str, Any] = {}
        numbers: dict[str, Any] = {}
        for name, value in asked.items():
            if name in self.designs:
                mine = self.designs[name].names
                if option == "bounds" or np.ndim(value) != 1 or len(value) != len(mine):
                    raise ParameterError(
                        f"{option}: {name} has a formula; give its coefficients by name, as {name}[{mine[0]}]"
                        + ("." if option == "bounds" else f", or all {len(mine)} as a list.")
                    )
                coefficients |= {f"{name}[{term}]": v for term, v in zip(mine, value, strict=True)}
            elif name in self.law.param_names:
                numbers[name] = value
            else:
                coefficients[name] = value
        return coefficients, numbers

    def _start(
        self,
        model: Model,
        sample: Sample,
        coefficients: Mapping[str, float],
        numbers: Mapping[str, Any],
        known: Mapping[str, float],
    ) -> dict[str, Any] | None:
        """Where to begin, in the coordinates of the model: what was given, and its own choice for the others."""
        if not coefficients:
            return dict(numbers) or None
        own = dict(zip(model.param_names, model.start(sample)[0], strict=True))
        begin: dict[str, Any] = dict(numbers)
        for name, term in model.linear.items():
            mine = [f"{name}[{k}]" for k in self.designs[name].names if f"{name}[{k}]" not in known]
            values = term.to_data(np.asarray(own[name]))
            begin[name] = term.to_unit(np.array([coefficients.get(k, v) for k, v in zip(mine, values, strict=True)]))
        return begin


_FLAT = 1e-9
"""Slope, in nats per observation and standard deviation of a column, below which a likelihood is level at a bound."""


def _at_point(model: Model, sample: Sample, front: _Front, fit: RegressionFit) -> Maximum:
    """The point at which a fit is, in a model in which more coefficients are free."""
    values = dict(zip(front.names, fit.coefficients, strict=True))
    inner = fit._at_maximum
    numbers = dict(zip(inner.family.param_names, inner.family.unpack(inner.theta_in_unit), strict=True))
    parts = []
    for p in model.parameters:
        term = model.linear.get(p.name)
        if term is None:
            parts.append(np.atleast_1d(numbers[p.name]))
            continue
        mine = [f"{p.name}[{k}]" for k in front.designs[p.name].names]
        parts.append(term.to_unit(np.array([values[k] for k in mine if k not in fit.known])))
    theta = np.concatenate(parts)
    free = tuple(p.name in model.linear or p.name not in inner.fixed for p in model.parameters)
    return replace(
        inner, family=model, likelihood=Likelihood(model, sample), theta_in_unit=theta, theta=theta, free=free,
        value=None, limit=None, searched=None,
    )  # fmt: skip


def coefficient_names(law: Family, designs: Mapping[str, Design]) -> tuple[str, ...]:
    """Names of all coefficients: ``"mu[x1]"``; a parameter that is one number has its own name."""
    names: list[str] = []
    for p in law.parameters:
        design = designs.get(p.name)
        names += [p.name] if design is None else [f"{p.name}[{term}]" for term in design.names]
    return tuple(names)


def _link_for(law: Family, name: str, wanted: Any) -> Link:
    """The link that was asked for, or the usual one for the domain of the parameter."""
    if wanted is not None:
        return get_link(wanted)
    return usual_link(law.parameters[law.param_names.index(name)].domain)


def _unit_for(law: Family, sample: Sample, links: Mapping[str, Link]) -> Unit:
    """The unit of the observations, as far as the links of their parameters can follow it."""
    if not law.has_location and not law.has_scale:
        return Unit()
    unit = Unit.standard(law, sample.stand_ins())
    if law.in_unit(unit.centre, unit.scale) is not law:
        return Unit()  # its constants, as the ends of a window, are in the unit of the data
    centre, scale = unit.centre, unit.scale
    for p in law.parameters:
        link = links.get(p.name)
        if link is None:
            continue
        if p.role == "location" and link.name != "identity":
            centre = 0.0
        if p.role in ("location", "scale", "rate") and link.rescaled is None:
            return Unit()
        if p.role == "log-scale" and link.name != "identity":
            return Unit()
    # A centre moves a location only where all of them are, or are numbers.
    return Unit(centre, scale)


def _term(
    name: str, constant: int | None, sample: Sample, link: Link, unit: Unit, role: str, *, has_offset: bool
) -> Linear:
    """A predictor in coordinates in which columns are centred and of unit size, in the unit of the likelihood."""
    constant, mean, size = _columns(sample, design_key(name), constant)
    frame = 1 / np.where(size > 0, size, 1.0)
    factor, shift = 1.0, 0.0
    if role == "location":
        if link.name == "identity":
            factor, shift = 1 / unit.scale, -unit.centre / unit.scale
        elif link.rescaled is not None:
            factor, shift = link.rescaled(1 / unit.scale)
    elif role == "scale" and link.rescaled is not None:
        factor, shift = link.rescaled(1 / unit.scale)
    elif role == "rate" and link.rescaled is not None:
        factor, shift = link.rescaled(unit.scale)
    elif role == "log-scale":
        shift = -float(np.log(unit.scale))
    return Linear(
        name, design_key(name), link, mean, frame, offset_key(name) if has_offset else None, factor, shift, constant
    )


def _columns(sample: Sample, key: str, constant: int | None) -> tuple[int | None, Array, Array]:
    """Which column of a design is 1 in every row, the means of the others, and their sizes about them; by blocks."""
    if isinstance(sample, FramedSample):
        return _framed_columns(sample, key, constant)
    if constant is None:
        is_one = np.logical_and.reduce([np.all(block.known[key] == 1.0, axis=0) for block in sample.parts()])
        constant = int(np.argmax(is_one)) if is_one.any() else None
    mean = np.zeros(sample.known[key].shape[1])
    if constant is not None:  # else nothing can take up what is subtracted
        mean = sample.fold(ColumnSums(key)) / sample.nobs
        mean[constant] = 0.0
    squares = sample.fold(ColumnSums(key, tuple(mean.tolist())))
    return constant, mean, np.sqrt(squares / sample.nobs)


def _framed_columns(sample: FramedSample, key: str, constant: int | None) -> tuple[int | None, Array, Array]:
    """The same of rows that are not held."""
    sums = sample.column_sums(key)
    mean = np.zeros(len(sums))
    if constant is None:
        (squares,) = sample.sums([ColumnSums(key, tuple(mean.tolist()))])
        is_one = (sums == sample.nobs) & (squares == sample.nobs)
        constant = int(np.argmax(is_one)) if is_one.any() else None
    if constant is not None:
        mean = sums / sample.nobs
        mean[constant] = 0.0
        (squares,) = sample.sums([ColumnSums(key, tuple(mean.tolist()))])
    return constant, mean, np.sqrt(squares / sample.nobs)


def load(path: str | os.PathLike[str]) -> Fit:
    """Read a fit, or a regression, that ``save`` wrote.

    A regression predicts from it, without the data that it was fitted to.

    Raises
    ------
    MleError
        If the file is not one of ours, or of a newer schema.
    """
    from mle_toolkit.report import record

    found = record.read_json(path)
    if not isinstance(found, dict):
        raise MleError(f"{path}: not a saved fit.")
    if found.get("format") == record.REGRESSION_FORMAT:
        return record.regression_from_dict(found, RegressionFit)
    return record.fit_from_dict(found, Fit)
