"""regress(): the door."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from mle_toolkit._typing import Array, Solver
from mle_toolkit.data.batches import is_scanned
from mle_toolkit.data.checks import NanPolicy, WeightKind, policies
from mle_toolkit.data.formulas import Design
from mle_toolkit.data.levels import coded, labels_of
from mle_toolkit.data.numbering import numbered_as
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, FitWarning, MleError, ParameterError
from mle_toolkit.estimation.asked import checked_options
from mle_toolkit.families.base import Family
from mle_toolkit.families.links import Link
from mle_toolkit.fitting import warn_if_weaker
from mle_toolkit.options import choice, shown
from mle_toolkit.regression.front import Front, check_rank
from mle_toolkit.regression.given import LISTED, Given, is_right_side, without_intercept
from mle_toolkit.regression.laws import OF_LEVELS, is_constant, law_of, law_of_levels, parameters_of
from mle_toolkit.regression.names import by_parameter, named
from mle_toolkit.regression.predictors import link_for, log_exposure
from mle_toolkit.regression.results import RegressionFit
from mle_toolkit.regression.scanned import Framed


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
    solver: Solver | None = None,
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
    options = checked_options(fixed, bounds, start, solver, rng)
    nan_policy, weight_kind = policies(nan_policy, weight_kind)
    drops = choice(collinear, "collinear", ("raise", "drop")) == "drop"
    leveled = family if isinstance(family, str) and family in OF_LEVELS else None
    framed: Framed | None = None
    given_data = data
    own = ("levels", "reference", "link") if leveled else ()
    asked: dict[str, Any] = {name: others.pop(name) for name in own if name in others}
    if is_scanned(data):
        named_columns = {"weights": weights, "offset": offset, "exposure": exposure}
        try:
            framed = Framed.of(y, data, family, named_columns, others, nan_policy)
        except MleError as error:  # of what was no column, because it was to be something else
            known = parameters_of(family) or tuple(others)
            wrong = [name for name in others if name not in known and not is_constant(family, name)]
            if wrong:
                law = getattr(family, "name", family)
                raise ParameterError(
                    f"regress: {law} has no parameter {wrong[0]!r}; its parameters: {', '.join(known)}."
                ) from error
            raise
        if leveled == "ordinal" and asked.get("levels") is None:
            framed.check_order()
        data = framed.frame()
        framed = None if framed.is_small else framed
    if leveled is not None and not isinstance(y, (str, Sample)):
        y, names = coded(labels_of(y), asked.get("levels"), ordered=leveled == "ordinal")
    given = Given.of(y, data, nan_policy)
    if leveled is not None:
        if isinstance(y, str):
            names = given.take_levels(y, asked.get("levels"), ordered=leveled == "ordinal")
        elif isinstance(y, Sample):
            raise DataError(f"{leveled}: give the levels themselves, one a row, with weights=, not a Sample.")
        family = law_of_levels(leveled, names, asked, links, scaled="scale" in others)
        links = None
    if is_right_side(weights):
        weights, others["weights"] = None, weights
    constants = {name: given.constant(name, others.pop(name)) for name in list(others) if is_constant(family, name)}
    try:
        predictors = {name: given.predictor(name, right) for name, right in others.items()}
    except MleError as error:  # of what was no formula, because it was to be something else
        law = law_of(family, constants, others)
        _check_names(law, by_parameter(law, dict.fromkeys(others)), error)
        raise
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
    with numbered_as(given.whole_rows()):
        law = given.law(law_of(family, {name: given.some(value) for name, value in constants.items()}, predictors))
        predictors = by_parameter(law, predictors)
        shifts = {name: given.some(column) for key, column in offsets.items() for name in named(law, key)}
        made, chosen = _designs(given, law, predictors, by_parameter(law, links or {}), shifts)
        if leveled == "ordinal":
            made = {name: without_intercept(name, *one) for name, one in made.items()}
        for main in law.main_parameters if exposed is not None else ():
            shifts[main] = shifts.get(main, 0.0) + log_exposure(given.some(exposed), main, chosen[main])
        for name in shifts:
            if name not in made:
                raise ParameterError(f'offset: {name} has no formula; give one, as {name}="~ 1".')
        if framed is not None:
            if leveled is not None:
                raise ParameterError(
                    f"{leveled}: rows that are read in batches have no levels yet; read them into memory."
                )
            plan = framed.plan(law, {name: design for name, (design, _) in made.items()}, weights, offset, exposure)
            front = Front.of_batches(law, framed.sample(plan, weight_kind), made, chosen)
            dropped = front.dropped(options) if drops else {}
            fit = front.fit(**options)
            fit.n_given = framed.found.n_rows
        else:
            sample = given.sample(None if weight is None else given.some(weight), weight_kind)
            front = Front.of(law, sample, made, shifts, chosen, given.totals_of)
            dropped = front.dropped(options) if drops else {}
            check_rank(front, dropped)
            fit = front.fit(**options)
            fit.n_given, fit.rows = given.n_rows, given.kept(sample)
    fit.shifted, fit.frame = tuple(shifts), given_data if framed is not None else data
    if dropped:
        columns = "; ".join(list(dropped.values())[:LISTED])
        message = f"{law.name}: {len(dropped)} collinear columns are dropped, with the coefficient 0: {columns}."
        warnings.warn(FitWarning(message, fit.certificate), stacklevel=2)
    warn_if_weaker(fit)
    return fit


def _designs(
    given: Given, law: Family, predictors: dict[str, Any], links: Mapping[str, Any], shifts: Mapping[str, Any]
) -> tuple[dict[str, tuple[Design, Array]], dict[str, Link]]:
    """Designs of the parameters that have formulas, and their links.

    Raises
    ------
    ParameterError
        If a parameter has two formulas, or is none of the law.
    """
    twice = [name for name in law.main_parameters if name in predictors]
    if twice:
        raise ParameterError(
            f"regress: {twice[0]} of {law.name} has two formulas: the one of the left side, which models {twice[0]}, "
            f"and {twice[0]}=; leave one of them out."
        )
    predictors = dict.fromkeys(law.main_parameters, given.main) | predictors
    _check_names(law, (*predictors, *shifts, *links))
    made = {name: given.design(name, right) for name, right in predictors.items()}
    return made, {name: link_for(law, name, links.get(name)) for name in made}


def _check_names(law: Family, names: Iterable[str], error: MleError | None = None) -> None:
    for name in names:
        if name not in law.param_names:
            raise ParameterError(
                f"regress: {law.name} has no parameter {name!r}; its parameters: {', '.join(law.param_names)}."
            ) from error
