"""The summary of a fit, as a statsmodels ``Summary``: text, HTML, LaTeX, CSV."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.fits import FitLike
from mle_toolkit.report.content import Content, RegressionLike, Table, fit_content, regression_content

MISSING = "—"
_WIDTH = 78


def fit_summary(fit: FitLike, alpha: float = 0.05) -> Any:
    """Summarise a fit.

    Parameters
    ----------
    fit : Fit
    alpha : float
        One minus the level of the confidence intervals of the parameters.

    Returns
    -------
    statsmodels.iolib.summary.Summary
        A dash stands where there is no number, never a made-up one; the lines below the tables say why.
    """
    from mle_toolkit.report.tables import named_rows

    content = fit_content(fit, alpha)
    (table,) = content["estimates"].tables
    rows = [(name, _shown_row(values, known=k in table.known)) for k, (name, *values) in enumerate(table.rows)]
    headers = ["estimate", "std err", *_ends(content.alpha)]
    named = named_rows([row for _, row in rows], [str(name) for name, _ in rows], headers)
    entropy, kl = (content["information"][name] for name in ("entropy", "kl"))
    last = [("Entropy, nat:", _shown_estimate(entropy)), ("KL, nat:", _shown_estimate(kl))]
    return _summary(content, "Family:", last, [named])


def regression_summary(fit: RegressionLike, alpha: float = 0.05) -> Any:
    """Summarise a regression: one table for each parameter with a formula, and one for those that are numbers.

    Parameters
    ----------
    fit : RegressionFit
    alpha : float
        One minus the level of the confidence intervals.

    Returns
    -------
    statsmodels.iolib.summary.Summary
    """
    from mle_toolkit.report.tables import named_rows

    content = regression_content(fit, alpha)
    by_key = {table.key: table for table in content["estimates"].tables}
    tables = []
    for name in fit.designs:
        table = by_key[name]
        headers = ["coef", "std err", "z", "P>|z|", *_ends(content.alpha)]
        terms = [str(row[0]) for row in table.rows]
        tables.append(named_rows(_shown_coefficients(table), terms, headers, title=table.title))
    numbers = [table for name, table in by_key.items() if name not in fit.designs]
    if numbers:
        rows = [row for table in numbers for row in _shown_coefficients(table)]
        headers = ["estimate", "std err", "", "", *_ends(content.alpha)]
        tables.append(named_rows(rows, [table.key for table in numbers], headers, title="numbers"))
    information = {fact.name: fact.value for fact in content["information"].facts}
    last = [
        ("No covariates, nat:", _shown_estimate(information.get("without covariates"))),
        ("Gain, nat:", _shown_estimate(information.get("gain"))),
    ]
    return _summary(content, "Law:", last, tables)


def _summary(content: Content, law: str, last: list[tuple[str, str]], tables: list[Any]) -> Any:
    from mle_toolkit.report.tables import TextSummary, two_columns

    summary = TextSummary()
    summary.tables = [two_columns(*_header(content, law, last), title=content.title), *tables]
    summary.add_extra_txt([line for note in _notes(content) for line in textwrap.wrap(note, _WIDTH)])
    return summary


def _ends(alpha: float) -> tuple[str, str]:
    return f"[{alpha / 2:.4g}", f"{1 - alpha / 2:.4g}]"


def _header(
    content: Content, law: str, last: list[tuple[str, str]]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    model, criteria = content["model"], content["criteria"]
    cross_entropy = content["information"]["cross entropy"]
    left = [
        (law, str(model["law"])),
        ("No. observations:", shown(model["observations"])),
        ("Free parameters:", str(model["free parameters"])),
        ("Verdict:", str(content["certificate"]["verdict"])),
        ("Method:", str(model["method"])),
        ("Cross-entropy, nat:", shown(cross_entropy.value)),
        ("Cross-entropy, bit:", shown(cross_entropy.to("bit").value)),
    ]
    right = [("Log-likelihood:", shown(criteria["log-likelihood"]))]
    right += [(f"{name}:", shown(criteria[name])) for name in ("AIC", "AICc", "BIC", "TIC")]
    return left, right + last


def _notes(content: Content) -> list[str]:
    certificate = content["certificate"]
    evidence = [note for note in certificate.notes if not note.startswith(("found by", "least eigenvalue"))]
    first = f"Certificate: {certificate['message']}." + (f" ({', '.join(evidence)})" if evidence else "")
    further = [note[0].upper() + note[1:] for note in content["information"].notes]
    return [first, *content["estimates"].notes, *further]


def _shown_row(values: Sequence[Any], *, known: bool) -> list[str]:
    value, *others = values
    if known:
        return [shown(value), "known", MISSING, MISSING]
    return [shown(value), *(shown(v, 4) for v in others)]


def _shown_coefficients(table: Table) -> list[list[str]]:
    rows = []
    for k, (_, value, se, z, p, low, high) in enumerate(table.rows):
        first, error, *ends = _shown_row((value, se, low, high), known=k in table.known)
        middle = ["" if k in table.known or np.isnan(v) else f"{v:.3f}" for v in (z, p)]  # type: ignore[arg-type]
        rows.append([first, error, *middle, *ends])
    return rows


def shown(value: float, digits: int = 6) -> str:
    """A number for a table: a dash for NaN, ``∞`` for infinity."""
    if np.isnan(value):
        return MISSING
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{digits}g}" if abs(value) < 1e5 or digits < 6 else f"{value:.10g}"


def _shown_estimate(estimate: Any) -> str:
    if not isinstance(estimate, Estimate):
        return MISSING
    spread = "" if estimate.se is None else f" ± {estimate.se:.2g}"
    return f"{estimate.value:.5g}{spread}"
