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
    certificate, information = fit.certificate, fit.information()
    evidence = [*certificate.evidence]
    if certificate.search:
        evidence.append(certificate.search)
    notes = [f"Certificate: {certificate.message}." + (f" ({', '.join(evidence)})" if evidence else "")]
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
