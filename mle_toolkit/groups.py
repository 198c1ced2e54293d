"""fit_groups(): one family, or the best of several, fitted to every group of a table.

Over 600 lines, because what `fit_groups` returns shares with it how the rows of groups are held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit import notebook
from mle_toolkit._typing import Array
from mle_toolkit.data.checks import NanPolicy, WeightKind, policies
from mle_toolkit.data.columns import Columns
from mle_toolkit.data.frames import to_column
from mle_toolkit.data.grouping import SortedRows, keys_and_codes
from mle_toolkit.data.groups import Groups, rows_of_groups
from mle_toolkit.data.on_dask import on_dask
from mle_toolkit.data.responses import Response, read_left
from mle_toolkit.data.rows import Known
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ComparisonError, DataError, MleError, NoMaximumError, ParameterError, UnknownNameError
from mle_toolkit.estimation.batch import settle_groups
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.estimation.vectorised import is_vectorised, takes_intervals
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.registry import get_family
from mle_toolkit.fitting import Fit, fit_without_warning
from mle_toolkit.likelihood.kernels.groups import AT_LIMIT, OPEN
from mle_toolkit.options import shown, text, texts

if TYPE_CHECKING:
    import narwhals as nw

    from mle_toolkit.report.page.sections import Drawing, Page

INVALID, FAILED = "invalid_data", "failed"
"""What stands for a verdict where there was nothing to judge: data of no use; an error in a law's own code."""

GROUPS_FORMAT, GROUPS_SCHEMA = "mle_toolkit.groups", 1

_USABLE = {str(v) for v in (Verdict.INTERIOR, Verdict.BOUNDARY, Verdict.NON_REGULAR, Verdict.LOCAL)}
_SHOWN_FAILURES, _SHOWN_ROWS = 5, 20


class GroupFits:
    """The fits of all groups of a table. Made by `fit_groups`; not by hand.

    Attributes
    ----------
    families : tuple of Family
        What was fitted; of several, each group has the best.
    by : tuple of str
        The columns that make the groups.
    column : str
        The column of observations, or what was observed over several, as ``"right_censored(time, event)"``.
    """

    def __init__(
        self,
        keys: nw.DataFrame[Any],
        families: tuple[Family, ...],
        column: str,
        groups: SortedRows | _RowsElsewhere,
        outcomes: tuple[_Outcome, ...],
    ) -> None:
        self.families = families
        self.by = tuple(keys.columns)
        self.column = column
        self._keys = keys
        self._groups = groups
        self._outcomes = outcomes

    @cached_property
    def table(self) -> Any:
        """One row a group, ordered by key, in the kind of table that was given.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table with columns

            the keys
                As in the data; a missing key is a group of its own, the last.
            nobs
                Number of observations: rows, or the sum of their weights.
            family
                Only where several were given: the one of smallest AIC, among those with a certified maximum; empty
                where there is none.
            the parameters, and ``se_`` each
                Estimates and standard errors; NaN where there is none, or where the best family has no such parameter.
            llf, cross_entropy
                Log-likelihood, nats; and its negative per observation.
            aic, runner_up, delta_aic
                Only where several families were given: AIC, the next best, and how much larger its AIC is.
            verdict, reason
                As `Fit.certificate` says, or ``"invalid_data"`` or ``"failed"``; and why it is not ``"interior"``.
        """
        import narwhals as nw

        columns = nw.from_dict(self._columns, backend=self._keys.implementation)
        return nw.concat([self._keys, columns], how="horizontal").to_native()

    @cached_property
    def _columns(self) -> dict[str, Any]:
        best = self._best
        nobs = self._groups.nobs
        columns: dict[str, Any] = {"nobs": nobs}
        if len(self.families) > 1:
            columns["family"] = ["" if k < 0 else self.families[k].name for k in best.tolist()]
        names = list(dict.fromkeys(name for law in self.families for name in law.coefficient_names))
        for prefix, field in (("", "theta"), ("se_", "se")):
            for name in names:
                values = np.full(len(best), np.nan)
                for k, (law, outcome) in enumerate(zip(self.families, self._outcomes, strict=True)):
                    if name in law.coefficient_names:
                        place = law.coefficient_names.index(name)
                        values = np.where(best == k, getattr(outcome, field)[:, place], values)
                columns[prefix + name] = values
        rows = np.arange(len(best))
        columns["llf"] = np.where(best < 0, np.nan, np.stack([o.llf for o in self._outcomes])[best, rows])
        with np.errstate(divide="ignore", invalid="ignore"):  # a group without observations has no mean
            columns["cross_entropy"] = (0.0 - columns["llf"]) / nobs
        if len(self.families) > 1:
            columns |= self._comparison(best)
        if len(self.families) == 1:
            columns["verdict"], columns["reason"] = self._outcomes[0].verdict, self._outcomes[0].reason
        else:
            columns["verdict"] = [self._outcomes[max(k, 0)].verdict[g] for g, k in enumerate(best.tolist())]
            columns["reason"] = [self._reason(g, k) for g, k in enumerate(best.tolist())]
        return columns

    @cached_property
    def _aic(self) -> Array:
        """Criterion by family and group; NaN where there is no estimate."""
        return np.stack([2 * law.n_free - 2 * o.llf for law, o in zip(self.families, self._outcomes, strict=True)])

    @cached_property
    def _usable(self) -> NDArray[np.bool_]:
        return np.array([[verdict in _USABLE for verdict in o.verdict] for o in self._outcomes])

    @cached_property
    def _best(self) -> NDArray[np.intp]:
        """Number of the best family of each group, among those whose maximum is certified; -1 where there is none."""
        if len(self.families) == 1:
            return np.zeros(len(self), dtype=np.intp)
        usable = np.where(self._usable & ~np.isnan(self._aic), self._aic, np.inf)
        return np.asarray(np.where(np.isfinite(usable).any(axis=0), usable.argmin(axis=0), -1))

    def _reason(self, group: int, best: int) -> str:
        """Why the best family of a group is not beyond doubt, or why there is none."""
        if best < 0:
            reasons = zip(self.families, (o.reason[group] for o in self._outcomes), strict=True)
            said = (why if why.startswith(f"{law.name}: ") else f"{law.name}: {why}" for law, why in reasons)
            return "no fit is certified. " + " ".join(f"{why.rstrip('.')}." for why in said)
        return self._outcomes[best].reason[group]

    def _comparison(self, best: NDArray[np.intp]) -> dict[str, Any]:
        """AIC, and the next best of the other families with a usable maximum."""
        rows = np.arange(len(best))
        others = np.where(self._usable & ~np.isnan(self._aic), self._aic, np.inf)
        others[best[best >= 0], rows[best >= 0]] = np.inf
        second = others.argmin(axis=0)
        exists = np.isfinite(others[second, rows])
        aic = np.where(best < 0, np.nan, self._aic[best, rows])
        names = [self.families[k].name if there else "" for k, there in zip(second, exists, strict=True)]
        return {
            "aic": aic,
            "runner_up": names,
            "delta_aic": np.where(exists, np.where(exists, others[second, rows], 0.0) - aic, np.nan),
        }

    @property
    def verdicts(self) -> dict[str, int]:
        """How many groups have each verdict, the most frequent first."""
        return dict(Counter(self._columns["verdict"]).most_common())

    @property
    def failures(self) -> dict[Any, str]:
        """Why there is no usable maximum, by key, for the groups that have none."""
        bad = [g for g, verdict in enumerate(self._columns["verdict"]) if verdict not in _USABLE]
        reasons = self._columns["reason"]
        return {self._key(g): reasons[g] for g in bad}

    def of(self, key: Any) -> Fit:
        """The ordinary fit of one group, of its best family: with certificate, intervals, plots and all else.

        Parameters
        ----------
        key : scalar, or tuple of them where several columns make the groups
            None for a missing key.

        Raises
        ------
        UnknownNameError
            If there is no such group.
        MleError
            If the group cannot be fitted: `failures` has the reason.
        """
        wanted = key if len(self.by) > 1 else (key,)
        try:
            group = self._places.get(wanted)
        except TypeError:  # what has no hash is no key
            group = None
        if group is None:
            raise UnknownNameError(f"no group {shown(key)}; there are {len(self)}, from {self._key(0)!r} on.")
        best = int(self._best[group])
        if best < 0:
            raise ComparisonError(f"group {key!r}: {self._columns['reason'][group]}")
        return fit_without_warning(self._groups.sample(group), self.families[best])

    @cached_property
    def _key_rows(self) -> list[tuple[Any, ...]]:
        columns = [[None if v != v else v for v in self._keys[name].to_list()] for name in self.by]  # NaN is missing
        return list(zip(*columns, strict=True))

    @cached_property
    def _places(self) -> dict[tuple[Any, ...], int]:
        return {key: g for g, key in enumerate(self._key_rows)}

    def _key(self, group: int) -> Any:
        key = self._key_rows[group]
        return key if len(self.by) > 1 else key[0]

    def notes(self) -> list[str]:
        """What belongs under the table: the verdicts, and which groups took the slower path."""
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.verdicts.items())
        notes = [f"{len(self)} groups: {counts}"]
        for law, outcome in zip(self.families, self._outcomes, strict=True):
            if outcome.one_by_one:
                notes.append(f"{law.name}: fitted group by group, which is slower: {outcome.one_by_one}")
            elif outcome.n_single:
                notes.append(f"{law.name}: {outcome.n_single} groups near a limit or with doubtful data fitted singly")
        return notes

    def page(self, drawing: Drawing) -> Page:
        """What stands on the page that `mle_toolkit.report` writes."""
        from mle_toolkit.report.page.sections import of_groups

        return of_groups(self, drawing)

    def to_dict(self) -> dict[str, Any]:
        """Rows and notes as JSON-ready values."""
        from mle_toolkit.report.record import jsonable

        columns = self._columns
        plain = {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in columns.items()}
        rows = [
            dict(zip(self.by, map(_plain, key), strict=True)) | dict(zip(plain, values, strict=True))
            for key, values in zip(self._key_rows, zip(*plain.values(), strict=True), strict=True)
        ]
        record: dict[str, Any] = jsonable(
            {
                "format": GROUPS_FORMAT,
                "schema": GROUPS_SCHEMA,
                "by": self.by,
                "column": self.column,
                "families": [law.name for law in self.families],
                "unit": "nat",
                "groups": rows,
                "notes": self.notes(),
            }
        )
        return record

    def __len__(self) -> int:
        return len(self._groups)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.verdicts.items())
        laws = ", ".join(law.name for law in self.families)
        return f"GroupFits({laws} by {', '.join(self.by)}: {len(self)} groups; {counts})"

    def _repr_html_(self) -> str:
        rows = self.to_dict()["groups"][:_SHOWN_ROWS]
        names = [n for n in (rows[0] if rows else ()) if not n.startswith("se_")]
        shown = [
            [f"{v:.6g}" if isinstance(v, float) else "" if v is None else v for v in map(row.get, names)]
            for row in rows
        ]
        more = [f"and {len(self) - len(rows)} more groups"] if len(self) > len(rows) else []
        return notebook.table(names, shown, (*more, *self.notes()))

    def __str__(self) -> str:
        lines = [repr(self)[len("GroupFits(") : -1], *self.notes()[1:]]
        failures = self.failures
        lines += [f"  {key}: {reason}" for key, reason in list(failures.items())[:_SHOWN_FAILURES]]
        if len(failures) > _SHOWN_FAILURES:
            lines.append(f"  and {len(failures) - _SHOWN_FAILURES} more without a maximum: see .failures")
        return "\n".join(lines)


def fit_groups(
    frame: Any,
    by: str | Sequence[str],
    column: str,
    family: Any,
    *,
    weights: str | None = None,
    weight_kind: WeightKind = "frequency",
    exposure: str | None = None,
    nan_policy: NanPolicy = "raise",
) -> GroupFits:
    """Fit a family to every group of a table, or find the best of several families for each.

    Every answer is the one that `fit` gives for that group alone. The groups are sorted once and fitted together, by
    Newton's method with the groups as a leading axis; those in which there is something to judge (nearly degenerate
    data, limiting laws, several maxima) go to `fit` itself.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, pyarrow.Table or dask.dataframe.DataFrame
        Anything else that narwhals takes as a table in memory will do too. The rows of a Dask table are shuffled, so
        that each group comes together on one worker, and fitted there; only the results come back.
    by : str or sequence of str
        Column, or columns, whose values make the groups.
    column : str
        Column of observations; or what was observed, over several columns, as on the left side of a formula of
        `regress`: ``"right_censored(time, event)"``, ``"left_censored(x, observed)"``, ``"intervals(lower, upper)"``,
        ``"rounded(x, 0.1)"``, ``"truncated(x, lower=entry)"``, also ``"truncated(right_censored(...), lower=...)"``.
    family : str, Family, scipy.stats distribution, or a list of them
        As for `fit`. Of several each group gets the one of smallest AIC.
    weights : str, optional
        Column of weights; a row of weight 0 is left out.
    weight_kind : {"frequency", "reliability"}
        What they mean, as for `Sample`.
    exposure : str, optional
        Column of the exposure of counts: the rates of each group are per unit of it, as in `fit`.
    nan_policy : {"raise", "omit"}
        Whether a missing observation makes its group invalid, with that as the reason, or is left out. A missing end
        of an interval, or of a window, is open, and not missing.

    Returns
    -------
    GroupFits
        Its ``table`` has one row a group, also for a group that cannot be fitted.

    Raises
    ------
    DataError
        If the frame is not a table in memory, or the columns are not of numbers.
    UnknownNameError
        If a column or a family is not there.
    ParameterError
        If the family is one of vectors, or has constants given per row, or ``column`` is none and cannot be read.
    ComparisonError
        If probabilities of counts are to be compared with densities.

    Examples
    --------
    >>> import pandas as pd
    >>> rain = pd.DataFrame({"station": list("aaaabbbb"), "mm": [1.0, 3.0, 2.0, 7.0, 4.0, 4.0, 9.0, 5.0]})
    >>> fits = fit_groups(rain, by="station", column="mm", family="gamma")
    >>> fits.table[["station", "nobs", "shape", "se_shape", "verdict"]].round(3)
      station  nobs  shape  se_shape   verdict
    0       a   4.0  2.199     1.453  interior
    1       b   4.0  8.506     5.900  interior
    >>> fits.of("b").conf_int().round(2)
           lower  upper
    shape  2.18  33.13
    scale  0.16   2.62

    Times that are known only to be exceeded where ``event`` is 0:

    >>> parts = pd.DataFrame({"lot": list("aaabbb"), "hours": [5.0, 8, 12, 3, 9, 9], "event": [1, 0, 1, 1, 1, 0]})
    >>> fits = fit_groups(parts, by="lot", column="right_censored(hours, event)", family="exponential")
    >>> fits.table[["lot", "scale", "verdict"]]
      lot  scale   verdict
    0   a   12.5  interior
    1   b   10.5  interior
    """
    import narwhals as nw

    nan_policy, weight_kind = policies(nan_policy, weight_kind)
    column, by = text(column, "column", "the name of a column"), texts(by, "by")
    for option, name in (("weights", weights), ("exposure", exposure)):
        if name is not None:
            text(name, option, "the name of a column")
    laws = _laws(family, exposure)
    if type(frame).__module__.partition(".")[0] == "dask":
        return _fit_groups_of_dask(frame, by, column, laws, weights, weight_kind, exposure, nan_policy)

    table = nw.from_native(frame, pass_through=True)
    if isinstance(table, nw.LazyFrame):
        raise DataError("fit_groups: expected a table in memory, got a lazy one; collect it first.")
    if not isinstance(table, nw.DataFrame):
        raise DataError(f"fit_groups: expected a table with columns, got {type(frame).__name__}.")
    response = _response(column, table.columns)
    used = _used(response, weights, exposure)
    names = _keys_among(table.columns, by, used)
    columns = Columns({name: to_column(table[name].to_native(), f"column {name!r}")[0] for name in used})
    laws = tuple(_with_known_shape(law, response, columns) for law in laws)
    _check_names(names, laws)
    keys, codes = keys_and_codes(table, names)
    groups = SortedRows.of(response, columns, weights, weight_kind, exposure, codes, len(keys), nan_policy)
    return GroupFits(keys, laws, column, groups, tuple(_fit_all(law, groups) for law in laws))


def _response(column: str, names: Sequence[str]) -> Response:
    """What was observed: a column, whatever its name is, or a form of data over columns."""
    if column in names or "(" not in column:
        return Response(column, None, {"x": column})
    return read_left(column, column)


def _used(response: Response, weights: str | None, exposure: str | None) -> list[str]:
    """Columns of numbers, each once."""
    others = [name for name in (weights, exposure) if name is not None]
    return list(dict.fromkeys([*response.columns, *others]))


def _keys_among(columns: Any, by: Sequence[str], others: Sequence[str]) -> list[str]:
    """Names of the columns that make the groups, when they and the others are there."""
    names = list(by)
    for name in [*names, *others]:
        if name not in columns:
            raise UnknownNameError(f"column {name!r} not found; columns: {', '.join(map(str, columns))}.")
    if not names:
        raise ParameterError("by: name at least one column.")
    if len(set(names)) < len(names):
        raise ParameterError(f"by: {', '.join(names)}: name each column once.")
    return names


def _laws(family: Any, exposure: str | None) -> tuple[Family, ...]:
    several = isinstance(family, (list, tuple))
    laws = tuple(get_family(item) for item in (family if several else [family]))
    if not laws:
        raise ComparisonError("nothing to fit: family is empty.")
    names = [law.name for law in laws]
    if len(set(names)) < len(names):
        raise ComparisonError(f"family: {', '.join(names)}: name each once.")
    for law in laws:
        if law.multivariate:
            raise ParameterError(f"{law.name}: a law of vectors, which one column does not hold; fit group by group.")
        if law.per_row:
            raise ParameterError(f"{law.name}: constants given per row ({', '.join(law.per_row)}) have no groups.")
        if exposure is not None:
            law.exposed(1.0)  # refused where the law has no rate
    of_counts = [law.name for law in laws if law.discrete]
    if of_counts and len(of_counts) < len(laws):
        densities = ", ".join(law.name for law in laws if not law.discrete)
        raise ComparisonError(
            f"probabilities of counts ({', '.join(of_counts)}) cannot be compared with densities ({densities}): their "
            f"likelihoods have different units. Compare them apart."
        )
    for value in sorted({a for law in laws for a in law.atoms}):
        dense = [law.name for law in laws if value not in law.atoms and law.support.contains(np.array(value))]
        if dense:
            raise ComparisonError(
                f"where x = {value:g}, {', '.join(dense)} gives a density and another law a probability: their "
                f"likelihoods have different units. Compare them apart."
            )
    return laws


def _with_known_shape(law: Family, response: Response, columns: Columns) -> Family:
    """Settle the size of array parameters (the number of categories) on all groups, so that they share columns."""
    if all(isinstance(p.domain, Interval) for p in law.parameters) or response.form is not None:
        return law
    x = columns.numbers(response.arguments["x"])
    possible = x[law.support.contains(x)]
    return law.resolve(Sample(possible)) if len(possible) else law


def _check_names(by: Sequence[str], laws: Sequence[Family]) -> None:
    taken = {"nobs", "llf", "cross_entropy", "verdict", "reason"}
    if len(laws) > 1:
        taken |= {"family", "aic", "runner_up", "delta_aic"}
    taken |= {prefix + name for law in laws for name in law.coefficient_names for prefix in ("", "se_")}
    for name in by:
        if name in taken:
            raise ParameterError(f"by: the results have a column {name!r} of their own; rename that of the data.")


# --- Dask -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _RowsElsewhere:
    """Groups whose rows stayed on the workers."""

    nobs: Array

    def __len__(self) -> int:
        return len(self.nobs)

    def sample(self, group: int) -> Sample:
        """Refuse: the rows are not here."""
        raise DataError(
            "the rows of a Dask table are not kept; select those of the group, compute() them, and fit them."
        )


def _fit_groups_of_dask(
    frame: Any,
    by: Sequence[str],
    column: str,
    laws: tuple[Family, ...],
    weights: str | None,
    weight_kind: WeightKind,
    exposure: str | None,
    nan_policy: NanPolicy,
) -> GroupFits:
    """Bring the rows of each group together, and fit the groups of every partition where they are."""
    import narwhals as nw
    import pandas as pd

    if not (hasattr(frame, "columns") and hasattr(frame, "shuffle")):
        raise DataError(f"fit_groups: expected a table with columns, got a Dask {type(frame).__name__}.")
    used = _used(_response(column, list(frame.columns)), weights, exposure)
    names = _keys_among(list(frame.columns), by, used)
    for law in laws:
        if not all(isinstance(p.domain, Interval) for p in law.parameters):
            raise ParameterError(
                f"{law.name}: the size of its parameters is not known before all rows are; compute() the table first."
            )
    _check_names(names, laws)
    wanted = list(dict.fromkeys([*names, *used]))
    # Shuffled by tasks, because the other ways leave the rows of a group in an order that changes from run to run.
    together = frame[wanted].shuffle(on=names, shuffle_method="tasks")
    how = names, column, laws, weights, weight_kind, exposure, nan_policy
    done = on_dask("mle-fit-groups", _fit_partition, [(part, *how) for part in together.to_delayed()])
    pieces = [piece for piece in done if piece is not None]
    if not pieces:
        raise DataError("no observations: the table is empty.")
    all_keys = nw.from_native(pd.concat([piece[0] for piece in pieces], ignore_index=True))
    keys, codes = keys_and_codes(all_keys, names)
    order = np.argsort(codes)  # each key comes from one partition, so that its code is its place
    nobs = np.concatenate([piece[1] for piece in pieces])[order]
    outcomes = tuple(_Outcome.joined([piece[2][k] for piece in pieces]).in_order(order) for k in range(len(laws)))
    return GroupFits(keys, laws, column, _RowsElsewhere(nobs), outcomes)


def _fit_partition(
    part: Any,
    names: list[str],
    column: str,
    laws: tuple[Family, ...],
    weights: str | None,
    weight_kind: WeightKind,
    exposure: str | None,
    nan_policy: NanPolicy,
) -> tuple[Any, Array, tuple[_Outcome, ...]] | None:
    """Keys, numbers of observations and outcomes of the groups of a partition; None of an empty one."""
    if len(part) == 0:
        return None
    fits = fit_groups(
        part,
        names,
        column,
        list(laws),
        weights=weights,
        weight_kind=weight_kind,
        exposure=exposure,
        nan_policy=nan_policy,
    )
    return fits._keys.to_native(), fits._groups.nobs, fits._outcomes


# --- fitting ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Outcome:
    """What became of every group with one family."""

    theta: Array
    se: Array
    llf: Array
    verdict: list[str]
    reason: list[str]
    n_single: int
    one_by_one: str = ""
    """Why the groups were not fitted together; empty where they were."""

    @classmethod
    def joined(cls, pieces: Sequence[_Outcome]) -> _Outcome:
        """Outcomes of other groups, one after the other."""
        return cls(
            np.concatenate([piece.theta for piece in pieces]),
            np.concatenate([piece.se for piece in pieces]),
            np.concatenate([piece.llf for piece in pieces]),
            [verdict for piece in pieces for verdict in piece.verdict],
            [reason for piece in pieces for reason in piece.reason],
            sum(piece.n_single for piece in pieces),
            pieces[0].one_by_one,
        )

    def in_order(self, order: NDArray[np.intp]) -> _Outcome:
        """The same outcomes in another order of the groups."""
        return _Outcome(
            self.theta[order],
            self.se[order],
            self.llf[order],
            [self.verdict[k] for k in order],
            [self.reason[k] for k in order],
            self.n_single,
            self.one_by_one,
        )


def _fit_all(law: Family, groups: SortedRows) -> _Outcome:
    """Settle all groups at once as far as that goes, and fit the others one by one."""
    there = np.flatnonzero(groups.counts > 0)
    n, p = len(groups), len(law.coefficient_names)
    theta, se, llf = np.full((n, p), np.nan), np.full((n, p), np.nan), np.full(n, np.nan)
    status = np.full(n, OPEN, dtype=np.int8)
    known: Known = {}
    if groups.exposure is not None:
        law, known = law.exposed(np.ones_like(groups.exposure)), {"exposure": groups.exposure}
    one_by_one = "" if is_vectorised(law) else "the law cannot take all groups at once"
    if groups.weight_kind != "frequency":
        one_by_one = "only groups with frequency weights are taken all at once"
    if len(there) and not one_by_one:
        held, whole, one_by_one = _held(law, groups, there, known)
        if held is not None:
            settled = settle_groups(law, held)
            theta[whole], se[whole], llf[whole], status[whole] = settled.theta, settled.se, settled.llf, settled.status
    verdict: NDArray[Any] = np.full(n, str(Verdict.INTERIOR), dtype=object)
    reason: NDArray[Any] = np.full(n, "", dtype=object)
    for k, limit in enumerate(law.limits):
        at_limit = np.flatnonzero(status == AT_LIMIT + k)
        if len(at_limit):
            ends = zip(law.parameters, theta[at_limit[0]].tolist(), strict=True)
            named = " and ".join(f"{p.name} = {v:g}" for p, v in ends if not p.domain.contains(np.asarray(v)))
            where = named.replace("inf", "∞")
            verdict[at_limit] = str(Verdict.BOUNDARY)
            reason[at_limit] = f"the maximum is at the boundary {where}, where {law.name} is {limit.family.name}"
    single = np.flatnonzero(status == OPEN)
    for g in single:
        try:
            fit = fit_without_warning(groups.sample(int(g)), law)
            certificate = fit.certificate
            theta[g], se[g], llf[g] = fit._theta, fit._bse, fit.llf
            verdict[g] = str(certificate.verdict)
            reason[g] = "" if certificate.verdict is Verdict.INTERIOR else certificate.message
        except NoMaximumError as error:
            verdict[g] = str(Verdict.UNBOUNDED if error.certificate is None else error.certificate.verdict)
            reason[g] = str(error)
        except MleError as error:
            verdict[g], reason[g] = INVALID, str(error)
        except Exception as error:  # a law of the user's own may raise anything, and must not stop the other groups
            verdict[g], reason[g] = FAILED, f"{type(error).__name__}: {error}"
    return _Outcome(theta, se, llf, verdict.tolist(), reason.tolist(), len(single), one_by_one)


def _held(
    law: Family, groups: SortedRows, there: NDArray[np.intp], known: Known
) -> tuple[Groups | None, NDArray[np.intp], str]:
    """The rows of groups, as they are fitted at once, and which groups they are; or why they cannot be."""
    if groups.exact is not None:
        offsets = np.append(groups.offsets[:-1][there], groups.offsets[-1])
        return Groups(groups.exact, groups.weight, offsets, known), there, ""
    missing = np.zeros(groups.offsets[-1], dtype=bool)
    for _, absent in groups.response.incomplete(groups.columns):
        missing |= absent
    whole = there[~np.logical_or.reduceat(missing, groups.offsets[:-1][there])]
    rows, offsets = rows_of_groups(groups.offsets, whole)
    weight = None if groups.weight is None else groups.weight[rows]
    try:
        sample = groups.response.sample(groups.columns, rows, weight, groups.weight_kind)
    except MleError:
        return None, whole, "some rows are not valid"
    held = Groups.of(sample, offsets)
    if known or sample.n_rows != len(rows) or not takes_intervals(law, held):
        return None, whole, "the law takes intervals and windows of one group at a time"
    return held, whole, ""


def _plain(key: Any) -> Any:
    return key if key is None or isinstance(key, (bool, int, float, str)) else str(key)
