"""RegressionFit: a fit whose parameters come from designs.

Over 600 lines, because it is one class, with a door for each question; the work is in the rooms behind them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from mle_toolkit import kept
from mle_toolkit._typing import Array, IntervalBy, OnScale, ResidualKind, TestBy
from mle_toolkit.data.columns import Columns
from mle_toolkit.data.formulas import Design
from mle_toolkit.data.framed import FramedSample, not_held
from mle_toolkit.data.frames import as_given, rows_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ComparisonError, DataError, MleError, ParameterError
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.recorded import Recorded
from mle_toolkit.families.combinators.row_mixture import RowMixture
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import REAL, UNIT, Interval
from mle_toolkit.families.links import Link
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.fitting import Fit, asked_interval
from mle_toolkit.inference.covariance import CovKind, cluster_covariance, cov_kind, wald_interval
from mle_toolkit.likelihood.model import Model
from mle_toolkit.numerics.cached import cached_property
from mle_toolkit.options import by_name, level, number, text, whole
from mle_toolkit.regression.fitted import Fitted
from mle_toolkit.regression.moving import Moving
from mle_toolkit.regression.names import coefficient_names
from mle_toolkit.regression.refined import refined

if TYPE_CHECKING:
    import os

    import pandas as pd

    from mle_toolkit.inference.bootstrap import Bootstrap
    from mle_toolkit.inference.margins import Change
    from mle_toolkit.inference.nested import NestedTest
    from mle_toolkit.inference.predictions import Rows, What
    from mle_toolkit.inference.profile import Profile
    from mle_toolkit.information.report import InformationReport
    from mle_toolkit.report.page.sections import Drawing, Page
    from mle_toolkit.report.plots.canvas import Pictures


class Refitting(Protocol):
    """How a regression was maximised, and may be again."""

    def loglik_at(self, fit: RegressionFit, name: str, value: float) -> float:
        """The highest log-likelihood where one coefficient, or number, more than in a fit has a value, nats."""

    def sizes(self, name: str) -> list[float]:
        """Root mean squares of the columns of the design of a parameter."""


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
    front : Refitting or None
        How it was maximised; None of a fit that was loaded.
    """

    family: Model
    designs: dict[str, Design]
    links: dict[str, Link]
    known: dict[str, float]
    pinned: dict[str, float]
    n_given: int
    rows: NDArray[np.intp]
    shifted: tuple[str, ...] = ()
    recorded: Recorded | None = None
    frame: Any = None
    front: Refitting | None = None

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
        fit.designs = dict(designs)
        fit.links = {name: term.link for name, term in fit.model.linear.items()}
        fit.known, fit.pinned = dict(known or {}), dict(pinned or {})
        fit.fixed = (*maximum.fixed, *fit.known)
        fit.n_given, fit.rows = sample.n_rows, np.arange(sample.n_rows if sample.in_memory else 0)
        return fit

    @property
    def model(self) -> Model:
        """How the parameters of every row come about."""
        return self.family

    @cached_property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of all coefficients: ``"mu[x1]"``; a parameter that is one number has its own name."""
        return coefficient_names(self.model.base, self.designs)

    @cached_property
    def places(self) -> dict[str, slice]:
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
        model, free = self.model, self._free_places if self._held else self.places
        matrix = np.zeros((self.places[model.parameters[-1].name].stop, model.places[-1].stop))
        for p, place in zip(model.parameters, model.places, strict=True):
            term = model.linear.get(p.name)
            matrix[free[p.name], place] = 1.0 if term is None else term.map_to_data
        return matrix

    @cached_property
    def coefficients(self) -> Array:
        """All coefficients in one vector, in the order of `coefficient_names`."""
        values = np.array([self._held.get(name, 0.0) for name in self.coefficient_names])
        for p, place in zip(self.model.parameters, self.model.places, strict=True):
            term, at = self.model.linear.get(p.name), self._theta[place]
            own = at if term is None else term.to_data(at)
            if term is not None and self.recorded is None:
                own = refined(self.model, self.sample, p.name, own)
            values[self._free_places[p.name]] = own
        return values

    @cached_property
    def _free_places(self) -> dict[str, list[int]]:
        """Where the coefficients of each parameter that the search moved stand among all."""
        names = self.coefficient_names
        return {
            parameter: [k for k in range(place.start, place.stop) if names[k] not in self._held]
            for parameter, place in self.places.items()
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
        return self._by_parameter(np.sqrt(self._cov(self._default_kind).diagonal()))

    def _by_parameter(self, values: Array) -> dict[str, Any]:
        import pandas as pd

        found: dict[str, Any] = {}
        for p in self.model.base.parameters:
            design = self.designs.get(p.name)
            at = values[self.places[p.name]]
            if design is None:
                found[p.name] = float(at[0])
            else:
                found[p.name] = pd.Series(at, index=_index_of(design.names), name=p.name)
        return _gathered(found)

    def cov_params(self, kind: CovKind | Literal["cluster"] | None = None, *, cluster: Any = None) -> pd.DataFrame:
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
        by_cluster = isinstance(kind, str) and kind == "cluster"
        if by_cluster != (cluster is not None):
            raise ParameterError('cov_params: kind="cluster" needs cluster=, and nothing else takes it.')
        if by_cluster:
            values = self._of_inner(cluster_covariance(self.at_maximum, self._clusters(cluster)))
        else:
            values = self._cov(self._default_kind if kind is None else cov_kind(kind))
        return pd.DataFrame(values, index=names, columns=names)

    def _cov(self, kind: CovKind) -> Array:
        return self._of_inner(super()._cov(kind))

    def _of_inner(self, inner: Array) -> Array:
        """A covariance of coefficients, from that of all parameters of the model; NaN stays where it is needed."""
        unknown = np.isnan(inner)
        some = unknown.any()
        cov = np.asarray(self._to_data @ (np.where(unknown, 0.0, inner) if some else inner) @ self._to_data.T)
        if some:
            lost = np.any(self._to_data[:, unknown.diagonal()] != 0, axis=1)
            cov[lost, :] = cov[:, lost] = np.nan
        if self.pinned:
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
        self, alpha: float = 0.05, method: IntervalBy = "wald", *, scale: OnScale | None = None, **options: Any
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
        method, plain = asked_interval(method, scale, options)
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
    def at_maximum(self) -> Maximum:
        """Where the search ended; of a loaded fit, what was saved of it."""
        return super().at_maximum if self.recorded is None else cast("Maximum", self.recorded)

    # --- records ------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Everything but the data, as JSON-ready values: formulas, levels, knots, coefficients, covariances."""
        from mle_toolkit.report.regression_record import regression_to_dict

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
        if name not in self.coefficient_names:
            raise ParameterError(f"profile: no coefficient {name!r}; there are {', '.join(self.coefficient_names)}.")
        if name in self._held or name in self.fixed:
            raise ParameterError(f"profile: {name} was given, or is at a bound, so there is nothing to profile.")
        return self._profile(name, alpha, whole(points, "points", 2))

    def _profile(self, name: str, alpha: float, points: int = 0) -> Profile:
        from mle_toolkit.inference.profile import profile_of_combination, profile_of_parameter

        place, at = self.coefficient_names.index(name), self.at_maximum
        if self.model.kinked is not None:
            raise ParameterError(
                f"profile of {name}: every row has a kink of the density at {self.main}, so its profile has corners, "
                f"and is that of the usual theory only if the law is right; use Wald's intervals, by the sandwich, or "
                f"the bootstrap."
            )
        is_number = name in self.model.base.param_names
        separated = at.limit is not None and at.limit.family.name == self.model.name
        if not math.isfinite(self.coefficients[place]) and (not is_number or separated):
            return self._profile_at_end(name, alpha, points)
        if is_number:
            # Where coefficients of others are infinite, over what is left.
            return profile_of_parameter(at.limit if separated and at.limit is not None else at, name, alpha, points)
        if at.limit is not None and any(term.face is not None for term in at.limit.model.linear.values()):
            return self._profile_at_face(name, alpha, points)
        return profile_of_combination(at, self._to_data[place], name, alpha, points)

    def _profile_at_face(self, name: str, alpha: float, points: int) -> Profile:
        """The profile of a coefficient where rows are at ends of their domain, which they leave as it moves."""
        from mle_toolkit.inference.profile_at_end import profile_by_refits

        front, place = self._front_of(name), self.coefficient_names.index(name)
        error = float(np.sqrt(self._cov(self._default_kind)[place, place]))
        value = float(self.coefficients[place])
        width = error if error > 0 else max(abs(value), 1.0)
        return profile_by_refits(
            lambda at: front.loglik_at(self, name, at), name, value, self.llf, width, alpha, points
        )

    def _front_of(self, name: str) -> Refitting:
        if self.front is None:
            raise DataError(f"profile of {name}: this fit was loaded without its data, which it needs; fit them again.")
        return self.front

    def _profile_at_end(self, name: str, alpha: float, points: int) -> Profile:
        """The profile of a coefficient that is infinite."""
        from mle_toolkit.inference.profile_at_end import profile_at_end

        front = self._front_of(name)
        size, place = 1.0, self.coefficient_names.index(name)
        for parameter, where in self.places.items():
            if parameter in self.designs and where.start <= place < where.stop:
                size = front.sizes(parameter)[place - where.start]
        value = float(self.coefficients[place])
        return profile_at_end(lambda at: front.loglik_at(self, name, at), name, value, self.llf, size, alpha, points)

    def _profile_interval(self, name: str, alpha: float) -> tuple[float, float]:
        if name in self._held or name in self.fixed:
            return math.nan, math.nan
        try:
            return self._profile(name, alpha).interval
        except ParameterError:
            # At a limit that lacks it a coefficient has no interval, as it has no standard error.
            place = self.coefficient_names.index(name)
            at_limit = self.at_maximum.limit is not None and np.isnan(self._cov(self._default_kind)[place, place])
            if name not in self.model.base.param_names and not at_limit:
                raise
            return math.nan, math.nan

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
        drawn = bootstrap(self.at_maximum, self.sample, n, kind, rng, workers, clusters=groups)
        return drawn.of_coefficients(self.coefficient_names, self._coefficients_of)

    def _coefficients_of(self, theta: Array, *, change: bool = False) -> Array:
        """Coefficients as they are reported, of parameters of the model, or changes of them; shape (..., p)."""
        found = np.zeros((*theta.shape[:-1], len(self.coefficient_names)))
        if not change:
            found += np.array([self._held.get(name, 0.0) for name in self.coefficient_names])
        for p, place in zip(self.model.parameters, self.model.places, strict=True):
            rows = self.places[p.name]
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

        return Rows(self.at_maximum, self._known(frame, offset, exposure, unseen, constants or {}), self._default_kind)

    def _known(
        self, frame: Any, offset: Any, exposure: Any, unseen: Literal["raise", "nan"], constants: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the model needs to know of the rows of a frame, or of those of the data."""
        if frame is None and isinstance(self.sample, FramedSample):
            raise not_held(str(self.sample))
        if frame is None and offset is None and exposure is None and not constants:
            of_rows = self.sample.known
            ready = [name for name in self.model.ready if name in of_rows]
            return {name: of_rows[name] for name in (*self.model.per_row, *ready)}
        if frame is None:
            raise ParameterError("predict: offset, exposure and constants are of the rows of a frame; give it.")
        fitted = Fitted(self.model, self.designs, self.links, self._held, self.shifted)
        return fitted.known_of(frame, offset, exposure, unseen, constants)

    def predict(
        self,
        frame: Any = None,
        what: What = "mean",
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
        Series, or DataFrame, of the kind of the frame, or of the data; an array for an array
            One row a row, with the index of pandas, also of data some rows of which were left out: NaN where a value
            is missing. Columns ``mean``, ``mean_se``, ``mean_lower``, ``mean_upper``.

        Examples
        --------
        >>> import mle_toolkit as mle
        >>> fit = mle.regress("count ~ dose", {"dose": [0, 1, 2, 3, 4, 5], "count": [2, 3, 6, 7, 8, 19]}, "poisson")
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
        return as_given(columns, self._own_rows if frame is None else frame, alone=what != "params")

    @property
    def _own_rows(self) -> Any:
        """The rows of the data that were fitted, as a frame of their kind, with its index; None without a frame."""
        return None if isinstance(self.sample, FramedSample) else rows_of(self.frame, self.rows, self.n_given)

    def _distribution(self) -> Distribution:
        return self._rows().law

    def rows_law(self, frame: Any = None, **options: Any) -> Distribution:
        """The law of every row of a frame; of the rows of the data without one: ``predict(what="distribution")``."""
        law: Distribution = self.predict(frame, "distribution", **options)
        return law

    @property
    def _main_of_law(self) -> str:
        """The same parameter of the fitted law, which at a boundary is another."""
        limit = self.at_maximum.limit
        return self.main if limit is None else self.model.name_in(limit.family, self.main)

    @property
    def law_name(self) -> str:
        """Name of the law of one row."""
        return self.model.base.name

    @property
    def main(self) -> str:
        """The parameter that the formula models."""
        return self.model.base.main_parameter

    def residuals(self, kind: ResidualKind = "quantile", rng: Any = None) -> Array:
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
        >>> fit = mle.regress("y ~ x", frame, mle.mixture("poisson", 2))
        >>> fit.memberships().round(1).iloc[[0, 4]].to_numpy().tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        import pandas as pd

        law = self.distribution
        if not isinstance(law.family, RowMixture):
            raise ParameterError(f"memberships: {law.family.name} is no mixture.")
        if not np.array_equal(self.sample.lower, self.sample.upper):
            raise ParameterError("memberships: of exact observations only; some are censored, or intervals.")
        found = law.family.shares(self.sample.lower, *law.in_order)
        index = getattr(self._own_rows, "index", None)  # of pandas
        return pd.DataFrame(found.T, columns=range(1, law.family.k + 1), index=index)

    # --- what is not a number here ------------------------------------------------------------------------------------

    def quantile(self, p: Any, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> NoReturn:
        """Refuse: each row has quantiles of its own; ``predict(frame, what="quantile", p=...)`` has them."""
        raise ParameterError(f'quantile: {_EACH}; use predict(frame, what="quantile", p=..., se=True).')

    def return_level(self, period: Any, alpha: float = 0.05, method: IntervalBy = "wald", **options: Any) -> NoReturn:
        """Refuse: each row has return levels of its own, quantiles of ``1 - 1 / period``; see `predict`."""
        raise ParameterError(f'return level: {_EACH}; use predict(frame, what="quantile", p=1 - 1/period, se=True).')

    def derive(
        self,
        function: Callable[[Distribution], float],
        alpha: float = 0.05,
        method: IntervalBy = "wald",
        *,
        domain: Interval = REAL,
        **options: Any,
    ) -> NoReturn:
        """Refuse: a function of one law; `predict` has functions of the law of each row, and `margins` their means."""
        raise ParameterError(f"derive: {_EACH}; predict(...) has functions of the law of each row, with se=True.")

    def to_scipy(self) -> NoReturn:
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
            base, self.at_maximum, self.sample, self.distribution, self.logpdf_rows(), self._main_of_law
        )

    def summary(self, alpha: float = 0.05) -> Any:
        """Summarise as a statsmodels ``Summary``, one table a parameter."""
        from mle_toolkit.report.summary import regression_summary

        return regression_summary(self, alpha)

    def page(self, drawing: Drawing) -> Page:
        """What stands on the page that `mle_toolkit.report` writes."""
        from mle_toolkit.report.page.sections import of_regression

        return of_regression(self, drawing)

    def plot(self, **options: Any) -> Pictures:
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

    def anova(self, kind: Literal["II", "III"] = "II", test: TestBy = "lr") -> pd.DataFrame:
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
        found = anova(self.at_maximum, self.sample, terms, self._to_data, self.places, kind, test, self._wald_kind)
        index = pd.MultiIndex.from_tuples([(row.parameter, row.term) for row in found], names=["parameter", "term"])
        columns = ["df", "statistic", "p_value", "nats", "share"]
        return pd.DataFrame([[getattr(row, name) for name in columns] for row in found], index=index, columns=columns)

    @property
    def _wald_kind(self) -> CovKind:
        return self._default_kind

    @property
    def _default_kind(self) -> CovKind:
        # The law says how dense observations are at its kinks, which is seldom so: the sandwich looks at them.
        return "sandwich" if self.model.kinked is not None else super()._default_kind

    def test(self, fixed: Any = None, *, nested: Fit | None = None, method: TestBy = "lr") -> NestedTest:
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
            return compare_with_regression(self.at_maximum, nested.at_maximum, described(nested))
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
        return linear_test(self.at_maximum, self.sample, inner, values, null, method, self._wald_kind)

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

        found = influence(self.at_maximum, self.sample, self.main)
        columns = {"leverage": found.leverage, "cooks_distance": found.cooks_distance, "log_score": found.log_score}
        change = self._coefficients_of(found.change, change=True)
        index = getattr(self._own_rows, "index", None)  # of pandas
        return pd.DataFrame(columns | dict(zip(self.coefficient_names, change.T, strict=True)), index=index)

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
        from scipy import special

        def shown_of(effect: float, se: float) -> list[float]:
            z = effect / se if se > 0 else math.nan
            return [effect, se, z, 2 * float(special.ndtr(-abs(z))), *wald_interval(effect, se, REAL, size)]

        size, changes = level(alpha), ((change.name, change) for change in self._moving(frame).changes())
        columns = ["effect", "se", "z", "p_value", "lower", "upper"]
        return self._averages(changes, frame is None, shown_of, columns, (None, "covariate"))

    def average_predictions(
        self, covariate: str, values: Any = None, frame: Any = None, alpha: float = 0.05
    ) -> pd.DataFrame:
        """The expected value, or the probability of each level, were a covariate the same in all rows.

        It is averaged over the rows, whose other covariates are as they are: the partial effect of the covariate.

        Parameters
        ----------
        covariate : str
            A column of a formula.
        values : array_like, optional
            Where the covariate is; by default 25 numbers over its range, or all levels.
        frame : DataFrame or the like, optional
            The rows to average over; by default those of the data, with their weights.
        alpha : float
            One minus the level of the intervals.

        Returns
        -------
        DataFrame, one row a value, with columns ``mean``, ``se``, ``lower``, ``upper``
            Of ordinal and categorical levels one row a value and level, indexed by both. Standard errors are by the
            delta method; intervals are on the scale of where the values lie.

        Examples
        --------
        >>> import mle_toolkit as mle
        >>> frame = {"dose": [0, 1, 2, 3, 4, 5], "old": [0, 1, 0, 1, 0, 1], "count": [2, 3, 6, 7, 8, 19]}
        >>> fit = mle.regress("count ~ dose + old", frame, "poisson")
        >>> fit.average_predictions("dose", [0.0, 5.0])["mean"].round(3).to_dict()
        {0.0: 2.124, 5.0: 16.143}
        """
        from mle_toolkit.inference.margins import Change

        moving = self._moving(frame)
        if text(covariate, "covariate", "the name of a column") not in moving.names:
            there = f"there are {', '.join(moving.names)}" if moving.names else "the designs were given as arrays"
            raise ParameterError(f"average_predictions: {covariate} is no column of a formula; {there}.")
        if values is None:
            values = moving.range_of(covariate)
        points = np.atleast_1d(values).tolist()
        size, law = level(alpha), self.model.base
        leveled = isinstance(law, Ordered | Choice)
        domain = UNIT if leveled else Interval(law.support.lower, law.support.upper)

        def shown_of(mean: float, se: float) -> list[float]:
            return [mean, se, *wald_interval(mean, se, domain, size)]

        def at(value: Any) -> Change:
            return Change(covariate, [(1.0, moving.known(covariate, moving.all_at(covariate, value)))])

        changes, columns = ((value, at(value)) for value in points), ["mean", "se", "lower", "upper"]
        return self._averages(changes, frame is None, shown_of, columns, (covariate, covariate))

    def _averages(
        self,
        changes: Iterable[tuple[Any, Change]],
        weighted: bool,
        shown_of: Callable[[float, float], list[float]],
        columns: list[str],
        called: tuple[str | None, str],
    ) -> pd.DataFrame:
        """What changes of covariates, each with its key, do to the mean, or to each probability; averaged over rows."""
        import pandas as pd

        from mle_toolkit.inference.margins import average_effect
        from mle_toolkit.inference.predictions import chances, expected_value

        weight, law = self.sample.weight if weighted else None, self.model.base
        leveled = isinstance(law, Ordered | Choice)
        functions = chances(law) if isinstance(law, Ordered | Choice) else {"": expected_value}
        keys, rows = [], []
        for key, change in changes:
            for of, function in functions.items():
                rows.append(shown_of(*average_effect(self.at_maximum, change, weight, self._default_kind, function)))
                keys.append((key, of))
        index: Any = pd.Index([key for key, _ in keys], name=called[0])
        if leveled:
            index = pd.MultiIndex.from_tuples(keys, names=[called[1], "level"])
        return pd.DataFrame(rows, index=index, columns=columns)

    def _moving(self, frame: Any) -> Moving:
        """Rows, of a frame or of the data, whose covariates may be moved."""
        given = self.frame if frame is None else frame
        kept = self.rows if frame is None else None
        return Moving(self.designs, self.model, self.sample.known, given, kept, self._held)


_EACH = "each row has a law of its own"


def described(fit: RegressionFit) -> str:
    """A regression in words: its law and its formulas."""
    formulas = [
        f"{name} ~ {' + '.join(design.names) if design.formula is None else design.formula.replace('~', '').strip()}"
        for name, design in fit.designs.items()
    ]
    return f"{fit.model.base.name} with {', '.join(formulas)}"


def _moved(matrix: Array, values: Array) -> Array:
    """Sums ``values @ matrix.T``, to which an entry that is infinite or NaN adds only where its weight is not 0."""
    wild = ~np.all(np.isfinite(values), axis=tuple(range(values.ndim - 1)))
    sums = values[..., ~wild] @ matrix[:, ~wild].T
    for k in np.flatnonzero(wild):
        touched = matrix[:, k] != 0
        sums[..., touched] += values[..., k, None] * matrix[touched, k]
    return np.asarray(sums)


def _index_of(names: Sequence[str]) -> pd.Index[str]:
    """The index of columns of these names."""
    return _kept_index(tuple(names)).view()  # an index itself does not change, but may be given a name


@lru_cache(maxsize=64)
def _kept_index(names: tuple[str, ...]) -> pd.Index[str]:
    import pandas as pd

    return pd.Index(list(names))


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


def load(path: str | os.PathLike[str]) -> Fit:
    """Read a fit, or a regression, that ``save`` wrote.

    A regression predicts from it, without the data that it was fitted to.

    Raises
    ------
    MleError
        If the file is not one of ours, or of a newer schema.
    """
    from mle_toolkit.report import record, regression_record

    found = record.read_json(path)
    if not isinstance(found, dict):
        raise MleError(f"{path}: not a saved fit.")
    if found.get("format") == regression_record.REGRESSION_FORMAT:
        return regression_record.regression_from_dict(found, RegressionFit)
    if found.get("format") == kept.FORMAT:
        raise MleError(f"{path}: saved sums, and no fit: mle.Sums.load reads them.")
    fit = record.fit_from_dict(found, Fit)
    if "sums" in found:
        fit.pieces["sums"] = kept.Sums.from_dict(found["sums"])
    return fit
