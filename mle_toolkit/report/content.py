"""What a report says, as plain data: sections of facts, tables and notes. Summaries, the terminal and pages draw it.

Numbers are numbers here, unrounded; how many digits are shown, and what stands for one that is missing (NaN or None),
is for those who draw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from mle_toolkit.estimation.certificate import Certificate
from mle_toolkit.families.domain import Interval
from mle_toolkit.inference.covariance import WALD_OBSERVATIONS, intervals_of, too_few_for_wald
from mle_toolkit.information.estimate import Estimate, nats_per
from mle_toolkit.information.fits import FitLike
from mle_toolkit.information.report import InformationReport
from mle_toolkit.options import level

if TYPE_CHECKING:
    import pandas as pd

    from mle_toolkit.data.formulas import Design
    from mle_toolkit.families.base import Family
    from mle_toolkit.families.links import Link

Cell: TypeAlias = float | str | Estimate | None
"""One value: a number, a text, an estimate with its error, or None where there is none."""

IN_NATS = ("cross_entropy", "delta_ce", "delta_ce_se", "kl", "kl_se", "kl_predictive")
"""Columns of the table of a comparison that have the unit of information."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    unit : str
        Empty for texts, counts and shares, and for what has the unit of the data.
    text : bool
        Whether its cells are texts.
    """

    name: str
    unit: str = ""
    text: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    Attributes
    ----------
    columns : tuple of Column
    rows : tuple of tuple
        As many cells each as there are columns.
    key : str
        What it is of: the name of a parameter of a regression.
    title : str
    known : frozenset of int
        Rows of parameters that were given, not estimated.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    key: str = ""
    title: str = ""
    known: frozenset[int] = frozenset()

    def records(self) -> Iterator[dict[str, Any]]:
        """Every row as a mapping from the name of the column."""
        names = [column.name for column in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows)


@dataclass(frozen=True)
class Fact:
    """One value with its name and unit."""

    name: str
    value: Cell
    unit: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a report: facts, tables, and sentences to stand below them."""

    key: str
    title: str
    facts: tuple[Fact, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """The value of one of its facts."""
        return next(fact.value for fact in self.facts if fact.name == name)


@dataclass(frozen=True)
class Content:
    """All that a report says.

    Attributes
    ----------
    kind : {"fit", "regression", "comparison", "groups"}
    title : str
    sections : tuple of Section
    alpha : float
        One minus the level of the intervals in it.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> content = fit_content(mle.fit([1.0, 2.0, 3.0], "exponential"))
    >>> [section.key for section in content.sections]
    ['model', 'estimates', 'criteria', 'information', 'certificate']
    >>> content["estimates"].tables[0].rows[0][:2]
    ('scale', 2.0)
    """

    kind: str
    title: str
    sections: tuple[Section, ...]
    alpha: float = 0.05

    def __getitem__(self, key: str) -> Section:
        """One of its sections."""
        return next(section for section in self.sections if section.key == key)


# --- what it is made of -----------------------------------------------------------------------------------------------


class RegressionLike(FitLike, Protocol):
    """What a report needs of a regression, beside what it needs of a fit."""

    @property
    def designs(self) -> Mapping[str, Design]: ...  # noqa: D102
    @property
    def links(self) -> Mapping[str, Link]: ...  # noqa: D102
    @property
    def law_name(self) -> str: ...  # noqa: D102
    def coefficient_table(self, alpha: float = 0.05) -> pd.DataFrame: ...  # noqa: D102


class ComparisonLike(Protocol):
    """What a report needs of a comparison."""

    @property
    def table(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def uncertified(self) -> Mapping[str, FitLike]: ...  # noqa: D102
    @property
    def not_fitted(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def failures(self) -> Mapping[str, str]: ...  # noqa: D102
    def notes(self) -> list[str]: ...  # noqa: D102


class GroupsLike(Protocol):
    """What a report needs of the fits of groups."""

    @property
    def by(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def families(self) -> tuple[Family, ...]: ...  # noqa: D102
    @property
    def failures(self) -> Mapping[Any, str]: ...  # noqa: D102
    def to_dict(self) -> dict[str, Any]: ...  # noqa: D102
    def notes(self) -> list[str]: ...  # noqa: D102


# --- fits and regressions ---------------------------------------------------------------------------------------------


def fit_content(fit: FitLike, alpha: float = 0.05, unit: str = "nat", title: str = "") -> Content:
    """What a report of a fit says.

    Parameters
    ----------
    fit : Fit
    alpha : float
        One minus the level of the confidence intervals of the parameters.
    unit : {"nat", "bit", "dit"}
        Of information.
    title : str
    """
    alpha = level(alpha)
    columns = (_text("parameter"), Column("estimate"), Column("std. error"), Column("lower"), Column("upper"))
    owners = [p.name for p in fit.family.parameters for _ in range(p.size)]
    known = frozenset(row for row, k in enumerate(fit.family.distinct) if owners[k] in fit.fixed)
    table = Table(columns, _estimates(fit, alpha), known=known)
    estimates = Section("estimates", "Estimates", tables=(table,), notes=tuple(_notes(fit)))
    title = title or f"Maximum likelihood fit: {fit.family.name}"
    return Content("fit", title, (_model(fit, fit.family.name), estimates, *_what_follows(fit, unit)), alpha)


def regression_content(fit: RegressionLike, alpha: float = 0.05, unit: str = "nat", title: str = "") -> Content:
    """What a report of a regression says: a table of estimates for each parameter, in declared order.

    Parameters
    ----------
    fit : RegressionFit
    alpha : float
        One minus the level of the confidence intervals.
    unit : {"nat", "bit", "dit"}
        Of information.
    title : str
    """
    alpha = level(alpha)
    table = fit.coefficient_table(alpha)
    columns = (
        _text("term"), Column("estimate"), Column("std. error"), Column("z"), Column("p-value"), Column("lower"),
        Column("upper"),
    )  # fmt: skip
    tables, left = [], iter(zip(table.index, table.to_numpy().tolist(), strict=True))
    for name in fit.family.param_names:
        design = fit.designs.get(name)
        terms = ("",) if design is None else design.names
        found = [(term, *next(left)) for term in terms]
        known = frozenset(k for k, (_, label, _) in enumerate(found) if label in fit.fixed)
        rows = tuple((term, *values) for term, _, values in found)
        tables.append(Table(columns, rows, name, name if design is None else f"{name}, link {fit.links[name]}", known))
    notes = []
    for name, design in fit.designs.items():
        if design.formula is not None:
            formula = design.formula.replace("~", "").strip()
            bases = ", ".join(f"{factor} {base}" for factor, base in design.base_levels.items())
            notes.append(f"{name} ~ {formula}" + (f". Base levels: {bases}." if bases else "."))
    if fit.weight_kind == "reliability":
        notes.append(_RELIABILITY)
    estimates = Section("estimates", "Estimates", tables=tuple(tables), notes=tuple(notes))
    title = title or f"Maximum likelihood regression: {fit.law_name}"
    sections = _model(fit, fit.law_name), estimates, *_what_follows(fit, unit)
    return Content("regression", title, sections, alpha)


_RELIABILITY = "Reliability weights: standard errors are sandwich ones; AIC and BIC are not defined, TIC is."


def _text(name: str) -> Column:
    return Column(name, text=True)


def _model(fit: FitLike, law: str) -> Section:
    facts = (
        Fact("law", law),
        Fact("observations", fit.nobs),
        Fact("free parameters", fit.df_model),
        Fact("method", fit.certificate.method),
    )
    return Section("model", "Model", facts)


def _what_follows(fit: FitLike, unit: str) -> tuple[Section, ...]:
    """Criteria, information and certificate."""
    criteria = {"AIC": fit.aic, "AICc": fit.aicc, "BIC": fit.bic, "TIC": fit.tic}
    facts = (Fact("log-likelihood", fit.llf, "nat"), *(Fact(name, value) for name, value in criteria.items()))
    return (
        Section("criteria", "Criteria", facts),
        information_section(fit.information().to(unit)),
        certificate_section(fit.certificate),
    )


def _estimates(fit: FitLike, alpha: float) -> tuple[tuple[Cell, ...], ...]:
    values = np.concatenate([np.ravel(value) for value in fit.params.values()]).tolist()
    errors = np.concatenate([np.ravel(value) for value in fit.bse.values()]).tolist()
    ends = fit.conf_int(alpha).to_numpy().tolist()
    names = fit.family.coefficient_names
    return tuple((names[k], values[k], errors[k], *ends[k]) for k in fit.family.distinct)


def _notes(fit: FitLike) -> Iterable[str]:
    for remark in fit.family.remarks:
        yield f"{remark}."
    if scales := wald_scales(fit):
        yield f"Intervals are Wald's, of {scales}."
    if fit.weight_kind == "reliability":
        yield _RELIABILITY
    elif too_few_for_wald(fit.family, fit.nobs, fit.df_model):
        yield (
            f"Fewer than {WALD_OBSERVATIONS} observations per parameter: these intervals may hold the truth less often "
            f'than they say. See conf_int(method="profile").'
        )


def wald_scales(fit: FitLike) -> str:
    """On which scales the intervals of `conf_int` are symmetric, in words; empty without any."""
    names = [p.name for p in fit.family.parameters for _ in range(p.size)]
    errors = np.concatenate([np.ravel(value) for value in fit.bse.values()])
    by_scale: dict[str, list[str]] = {}
    for name, interval, se in zip(names, intervals_of(fit.family), errors, strict=True):
        known = by_scale.setdefault(_scale(interval), [])
        if name not in (*fit.fixed, *known) and not np.isnan(se):
            known.append(name)
    return "; ".join(f"{', '.join(known)} {scale}" for scale, known in by_scale.items() if known)


def _scale(interval: Interval) -> str:
    if interval.is_line:
        return "on the plain scale"
    if np.isfinite(interval.lower) and np.isfinite(interval.upper):
        unit = (interval.lower, interval.upper) == (0, 1)
        return "on the logit scale" + ("" if unit else f" between {interval.lower:g} and {interval.upper:g}")
    end = interval.lower if np.isinf(interval.upper) else interval.upper
    return "on the log scale" if end == 0 else f"on the log scale of the distance from {end:g}"


def information_section(report: InformationReport) -> Section:
    """The one line, with what is known of each term."""
    facts = [Fact(name, value, "" if name == "share" else report.unit) for name, value in report.quantities().items()]
    return Section("information", "Information", tuple(facts), notes=tuple(report.notes()))


def certificate_section(certificate: Certificate) -> Section:
    """The verdict, what it means, and its evidence."""
    evidence = [f"found by {certificate.method}", *certificate.evidence]
    if certificate.eigenvalues:
        evidence.append(f"least eigenvalue of the information {min(certificate.eigenvalues):.2g}")
    if certificate.search:
        evidence.append(certificate.search)
    facts = (
        Fact("verdict", str(certificate.verdict)),
        Fact("message", certificate.message),
        Fact("certified", certificate.ok),
    )
    return Section("certificate", "Certificate", facts, notes=tuple(evidence))


def coefficient_rows(content: Content) -> Iterator[tuple[Cell, ...]]:
    """Parameter, term (none of a number), estimate, standard error and interval of every coefficient."""
    for table in content["estimates"].tables:
        for term, value, se, _, _, low, high in table.rows:
            yield table.key, term, value, se, low, high


# --- comparisons and groups -------------------------------------------------------------------------------------------


def comparison_content(comparison: ComparisonLike, unit: str = "nat", title: str = "") -> Content:
    """What a report of a comparison says: the ranking, and the laws without a place in it, with their reasons."""
    records = comparison_rows(comparison, unit)
    texts = ("family", "verdict")
    names = list(comparison.table.columns)
    columns = tuple(Column(name, unit if name in IN_NATS else "", text=name in texts) for name in names)
    ranking = Table(columns, tuple(tuple(record[name] for name in names) for record in records))
    others = [Section("ranking", "Ranking", tables=(ranking,) if records else (), notes=tuple(comparison.notes()))]
    if comparison.uncertified:
        columns = (
            _text("family"), Column("k"), Column("log-likelihood", "nat"), _text("verdict"), _text("reason"),
        )  # fmt: skip
        rows = tuple(
            (name, fit.df_model, fit.llf, str(fit.certificate.verdict), comparison.failures[name])
            for name, fit in comparison.uncertified.items()
        )
        others.append(Section("uncertified", "Not certified", tables=(Table(columns, rows),)))
    if comparison.not_fitted:
        others.append(_not_fitted(comparison.not_fitted, "family"))
    return Content("comparison", title or "Comparison of laws", tuple(others))


def comparison_rows(comparison: ComparisonLike, unit: str) -> list[dict[str, Any]]:
    """The rows of the table of a comparison, entropies and divergences in a unit."""
    nats = nats_per(unit)
    rows: Any = comparison.table.to_dict("records")
    return [row | {name: row[name] / nats for name in IN_NATS} for row in rows]


def groups_content(fits: GroupsLike, title: str = "") -> Content:
    """What a report of the fits of groups says: one row a group, and what became of all of them."""
    records = fits.to_dict()["groups"]
    texts = (*fits.by, "family", "runner_up", "verdict", "reason")
    names = list(records[0]) if records else []
    rows = tuple(tuple(v if n in texts else _numeric(v) for n, v in record.items()) for record in records)
    table = Table(tuple(Column(name, text=name in texts) for name in names), rows)
    sections = [Section("groups", "Groups", tables=(table,), notes=tuple(fits.notes()))]
    if fits.failures:
        sections.append(_not_fitted({str(key): reason for key, reason in fits.failures.items()}, "group"))
    laws = ", ".join(law.name for law in fits.families)
    return Content("groups", title or f"{laws} fitted by {', '.join(fits.by)}", tuple(sections))


def _numeric(value: Any) -> float | None:
    return None if value is None else float(value)


def _not_fitted(reasons: Mapping[str, str], what: str) -> Section:
    table = Table((_text(what), _text("reason")), tuple(reasons.items()))
    return Section("not fitted", "Not fitted", tables=(table,))
