"""What the covariates of a regression are worth, in the currency of the information report.

The cross-entropy falls from that of the law without covariates to that of the regression, and would fall to that of the
saturated law, which has a mean of its own for each row: half the deviance an observation is the divergence between the
data and the model (McCullagh & Nelder 1989, sec. 2.3; Hastie 1987, American Statistician 41, 16-20).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError, ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.residuals import saturated_rows
from mle_toolkit.inference.restrictions import null_of
from mle_toolkit.inference.rows import fitted_law, log_density
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.model_free import around, weighted_se
from mle_toolkit.information.report import InformationReport

_ONE_TRIAL = (
    "each row is one trial, for which the saturated law has probability 1: its cross-entropy is 0, and the divergence "
    "from it is the cross-entropy itself, which says nothing new."
)
_CONTINUOUS = (
    "a continuous law has no saturated likelihood, as the density of a row has no bound; differences of cross-entropy "
    "between regressions are differences of divergence, see gain."
)


@dataclass(frozen=True, kw_only=True)
class RegressionReport(InformationReport):
    """The information report of a regression: ``entropy`` and ``kl`` are those of the saturated law.

    Attributes
    ----------
    null : Estimate or None
        Cross-entropy of the law without covariates, whose every parameter has one predictor (and its offset).
    gain : Estimate or None
        ``null - cross_entropy``: by how much the covariates bring the law nearer to the data.
    share : float or None
        Of counts and events: ``gain / null``, McFadden's 1 - llf / llf_0; of labels, the share of their entropy.
    deviance : float or None
        2 n KL to the saturated law, in nats, where ``kl`` is given.
    """

    null: Estimate | None = None
    gain: Estimate | None = None
    share: float | None = None
    deviance: float | None = None

    def to(self, unit: str | float) -> RegressionReport:
        """The same report in another unit."""
        found = super().to(unit)
        if found.unit == self.unit:
            return found
        return replace(
            found,
            null=None if self.null is None else self.null.to(unit),
            gain=None if self.gain is None else self.gain.to(unit),
        )

    def quantities(self) -> dict[str, Estimate | float | None]:
        """What stands in the table, with what the covariates gain."""
        more = {"without covariates": self.null, "gain": self.gain, "share": self.share}
        return super().quantities() | {name: value for name, value in more.items() if value is not None}


def rows_not_held(base: InformationReport) -> RegressionReport:
    """The report of a regression of rows that are not held: what is a sum over them."""
    values: dict[str, Any] = {name: getattr(base, name) for name in base.__dataclass_fields__}
    why = "the rows are read in batches and not held; read the columns into memory, or fit a smaller formula too."
    reasons = {**base.reasons, **dict.fromkeys(("entropy", "kl", "kl_predictive", "gain"), why)}
    values |= {"entropy": None, "kl": None, "kl_predictive": None, "reasons": reasons}
    return RegressionReport(**values)


def regression_report(
    base: InformationReport, maximum: Maximum, sample: Sample, law: Distribution, rows: Array, main: str
) -> RegressionReport:
    """The report of a regression.

    Parameters
    ----------
    base : InformationReport
        Of the rows as strata of their own.
    maximum : Maximum
    sample : Sample
        What it is the maximum for.
    law : Distribution
        Of each row.
    rows : ndarray of shape (n,)
        Log-density of each row.
    main : str
        The modelled parameter.
    """
    values: dict[str, Any] = {name: getattr(base, name) for name in base.__dataclass_fields__}
    reasons = {name: why for name, why in base.reasons.items() if name not in ("entropy", "kl", "kl_predictive")}
    values |= {"entropy": None, "kl": None, "kl_predictive": None, "reasons": reasons}
    try:
        null = null_of(maximum, sample)
        null_rows = log_density(fitted_law(null), sample)
        ce = -null.loglik / sample.nobs
        se = weighted_se(null_rows, sample)
        gain, gain_se = ce - base.cross_entropy.value, weighted_se(rows - null_rows, sample)
        values["null"] = Estimate(value=ce, se=se, interval=around(ce, se), method="exact: nll / nobs, no covariates")
        values["gain"] = Estimate(
            value=gain,
            se=gain_se,
            interval=around(gain, gain_se),
            method="exact: fall of the cross-entropy",
        )
        values["share"] = gain / ce if law.family.discrete and ce > 0 else None
    except NoMaximumError as error:
        reasons["gain"] = f"the law without covariates has no maximum: {error}"
    why = None
    if not law.family.discrete:
        why = _CONTINUOUS
    elif not sample.is_plain:
        why = "censored, binned or truncated rows have no saturated law."
    else:
        try:
            saturated = saturated_rows(law, sample.x, main)
            if not np.any(saturated):
                why = _ONE_TRIAL
        except ParameterError as error:
            why = str(error)
    if why is not None:
        values["reasons"] = reasons | dict.fromkeys(("entropy", "kl", "kl_predictive"), why)
        return RegressionReport(**values)
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    lacking = saturated - rows
    entropy = -float(np.sum(weight * saturated)) / sample.nobs
    kl = base.cross_entropy.value - entropy
    entropy_se, kl_se = weighted_se(saturated, sample), weighted_se(lacking, sample)
    found = Estimate(
        value=kl, se=kl_se, interval=around(kl, kl_se), method="exact: deviance / 2n, to the saturated law"
    )
    values["entropy"] = Estimate(
        value=entropy,
        se=entropy_se,
        interval=around(entropy, entropy_se),
        method="exact: cross-entropy of the saturated law, one mean a row, all else as fitted",
    )
    values |= {"kl": found, "kl_direct": float(np.sum(weight * lacking)) / sample.nobs}
    values["deviance"] = 2 * float(np.sum(weight * lacking))
    if base.optimism is not None:
        values["kl_predictive"] = replace(
            found,
            value=kl + base.optimism,
            interval=around(kl + base.optimism, kl_se),
            method=f"{found.method}; plus optimism tr(J⁻¹K)/n",
        )
    return RegressionReport(**values)
