"""The summary of a fit, as a statsmodels ``Summary``: text, HTML, LaTeX, CSV."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mle_toolkit.estimation.certificate import Certificate
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Interval
from mle_toolkit.inference.covariance import WALD_OBSERVATIONS, intervals_of, too_few_for_wald
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.report import InformationReport
from mle_toolkit.options import level

if TYPE_CHECKING:
    import pandas as pd

    from mle_toolkit.data.formulas import Design
    from mle_toolkit.families.links import Link

MISSING = "—"
_WIDTH = 78


class FitLike(Protocol):
    """What a summary needs of a fit."""

    @property
    def family(self) -> Family: ...  # noqa: D102
    @property
    def params(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def bse(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def fixed(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def weight_kind(self) -> str: ...  # noqa: D102
    @property
    def llf(self) -> float: ...  # noqa: D102
    @property
    def nobs(self) -> float: ...  # noqa: D102
    @property
    def df_model(self) -> int: ...  # noqa: D102
    @property
    def aic(self) -> float: ...  # noqa: D102
    @property
    def aicc(self) -> float: ...  # noqa: D102
    @property
    def bic(self) -> float: ...  # noqa: D102
    @property
    def tic(self) -> float: ...  # noqa: D102
    @property
    def certificate(self) -> Certificate: ...  # noqa: D102
    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame: ...  # noqa: D102
    def information(self, unit: str = "nat") -> InformationReport: ...  # noqa: D102


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
    from mle_toolkit.report.tables import TextSummary, named_rows, two_columns

    alpha = level(alpha)
    summary = TextSummary()
    low, high = f"[{alpha / 2:.4g}", f"{1 - alpha / 2:.4g}]"
    names = [fit.family.coefficient_names[k] for k in fit.family.distinct]
    coefficients = named_rows(_coefficients(fit, alpha), names, ["estimate", "std err", low, high])
    header = two_columns(*_header(fit), title=f"Maximum likelihood fit: {fit.family.name}")
    summary.tables = [header, coefficients]
    summary.add_extra_txt([line for note in _notes(fit) for line in textwrap.wrap(note, _WIDTH)])
    return summary


class RegressionLike(FitLike, Protocol):
    """What a summary needs of a regression, beside that."""

    @property
    def designs(self) -> Mapping[str, Design]: ...  # noqa: D102
    @property
    def links(self) -> Mapping[str, Link]: ...  # noqa: D102
    def coefficient_table(self, alpha: float = 0.05) -> pd.DataFrame: ...  # noqa: D102
    @property
    def law_name(self) -> str: ...  # noqa: D102


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
    from mle_toolkit.report.tables import TextSummary, named_rows, two_columns

    alpha = level(alpha)
    low, high = f"[{alpha / 2:.4g}", f"{1 - alpha / 2:.4g}]"
    table = fit.coefficient_table(alpha)
    summary = TextSummary()
    left, right = _header(fit)
    report = fit.information()
    left[0] = ("Law:", fit.law_name)
    right[5:] = [
        ("No covariates, nat:", _shown_estimate(getattr(report, "null", None))),
        ("Gain, nat:", _shown_estimate(getattr(report, "gain", None))),
    ]
    summary.tables = [two_columns(left, right, title=f"Maximum likelihood regression: {fit.law_name}")]
    for name, design in fit.designs.items():
        rows = [_shown_coefficient(f"{name}[{term}]", fit.fixed, table) for term in design.names]
        headers = ["coef", "std err", "z", "P>|z|", low, high]
        summary.tables.append(named_rows(rows, design.names, headers, title=f"{name}, link {fit.links[name]}"))
    of_designs = {f"{name}[{term}]" for name, design in fit.designs.items() for term in design.names}
    numbers = [name for name in table.index if name not in of_designs]
    if numbers:
        rows = [_shown_coefficient(name, fit.fixed, table) for name in numbers]
        summary.tables.append(named_rows(rows, numbers, ["estimate", "std err", "", "", low, high], title="numbers"))
    summary.add_extra_txt([line for note in _notes_of_regression(fit) for line in textwrap.wrap(note, _WIDTH)])
    return summary


def _shown_coefficient(name: str, fixed: tuple[str, ...], table: pd.DataFrame) -> list[str]:
    value, se, z, p, low, high = (float(v) for v in np.asarray(table.loc[name]))
    if name in fixed:
        return [shown(value), "known", "", "", MISSING, MISSING]
    z_text = "" if np.isnan(z) else f"{z:.3f}"
    return [shown(value), shown(se, 4), z_text, "" if np.isnan(p) else f"{p:.3f}", shown(low, 4), shown(high, 4)]


def _notes_of_regression(fit: RegressionLike) -> list[str]:
    notes = [_certificate_line(fit.certificate)]
    for name, design in fit.designs.items():
        if design.formula is not None:
            formula = design.formula.replace("~", "").strip()
            bases = ", ".join(f"{factor} {base}" for factor, base in design.base_levels.items())
            notes.append(f"{name} ~ {formula}" + (f". Base levels: {bases}." if bases else "."))
    if fit.weight_kind == "reliability":
        notes.append("Reliability weights: standard errors are sandwich ones; AIC and BIC are not defined, TIC is.")
    return [*notes, *(note[0].upper() + note[1:] for note in fit.information().notes())]


def _header(fit: FitLike) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    information = fit.information()
    bits = information.to("bit")
    left = [
        ("Family:", str(fit.family.name)),
        ("No. observations:", shown(fit.nobs)),
        ("Free parameters:", str(fit.df_model)),
        ("Verdict:", str(fit.certificate.verdict)),
        ("Method:", fit.certificate.method),
        ("Cross-entropy, nat:", shown(information.cross_entropy.value)),
        ("Cross-entropy, bit:", shown(bits.cross_entropy.value)),
    ]
    right = [
        ("Log-likelihood:", shown(fit.llf)),
        ("AIC:", shown(fit.aic)),
        ("AICc:", shown(fit.aicc)),
        ("BIC:", shown(fit.bic)),
        ("TIC:", shown(fit.tic)),
        ("Entropy, nat:", _shown_estimate(information.entropy)),
        ("KL, nat:", _shown_estimate(information.kl)),
    ]
    return left, right


def _coefficients(fit: FitLike, alpha: float) -> list[list[str]]:
    estimates = np.concatenate([np.ravel(value) for value in fit.params.values()])
    errors = np.concatenate([np.ravel(value) for value in fit.bse.values()])
    names = [p.name for p in fit.family.parameters for _ in range(p.size)]
    table = []
    for name, value, se, bounds in zip(names, estimates, errors, fit.conf_int(alpha).to_numpy(), strict=True):
        if name in fit.fixed:
            table.append([shown(value), "known", MISSING, MISSING])
        else:
            table.append([shown(value), *(shown(v, 4) for v in (se, *bounds))])
    return [table[k] for k in fit.family.distinct]


def _notes(fit: FitLike) -> list[str]:
    information = fit.information()
    notes = [_certificate_line(fit.certificate)]
    notes += [f"{remark}." for remark in fit.family.remarks]
    if scales := wald_scales(fit):
        notes.append(f"Intervals are Wald's, of {scales}.")
    if fit.weight_kind == "reliability":
        notes.append("Reliability weights: standard errors are sandwich ones; AIC and BIC are not defined, TIC is.")
    elif too_few_for_wald(fit.family, fit.nobs, fit.df_model):
        notes.append(
            f"Fewer than {WALD_OBSERVATIONS} observations per parameter: these intervals may hold the truth less often "
            f'than they say. See conf_int(method="profile").'
        )
    notes += [note[0].upper() + note[1:] for note in information.notes()]
    return notes


def _certificate_line(certificate: Certificate) -> str:
    evidence = [*certificate.evidence]
    if certificate.search:
        evidence.append(certificate.search)
    return f"Certificate: {certificate.message}." + (f" ({', '.join(evidence)})" if evidence else "")


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


def shown(value: float, digits: int = 6) -> str:
    """A number for a table: a dash for NaN, ``∞`` for infinity."""
    if np.isnan(value):
        return MISSING
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{digits}g}" if abs(value) < 1e5 or digits < 6 else f"{value:.10g}"


def _shown_estimate(estimate: Estimate | None) -> str:
    if estimate is None:
        return MISSING
    spread = "" if estimate.se is None else f" ± {estimate.se:.2g}"
    return f"{estimate.value:.5g}{spread}"
