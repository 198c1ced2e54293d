"""The information report of a fit: the one line, cross-entropy = entropy + divergence, with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from mle_toolkit import notebook
from mle_toolkit.information.estimate import Estimate, nats_per, unit_name


@dataclass(frozen=True, kw_only=True)
class InformationReport:
    """How far the data are from the fitted law, in one currency.

    ``cross_entropy.value == entropy.value + kl.value`` by construction. For counts all three are exact functions of the
    data, and so they are for binned and rounded measurements, whose cells are the intervals; for measurements the
    cross-entropy is exact, and the entropy, so too the divergence, an estimate. Of censored data only the
    cross-entropy is known.

    Attributes
    ----------
    unit : {"nat", "bit", "dit"}
        Unit of all but the statistics of the test.
    nobs : float
        Number of observations.
    nll : float
        Negative log-likelihood.
    cross_entropy : Estimate
        ``nll / nobs``, per observation.
    entropy : Estimate or None
        Entropy of the data, without a model; one number for all models of the same data.
    kl : Estimate or None
        Divergence of the data from the fitted law, cross-entropy minus entropy; never clipped at zero.
    optimism : float or None
        tr(J⁻¹K) / nobs: by how much the cross-entropy on new data will be higher.
    kl_predictive : Estimate or None
        ``kl + optimism``: the divergence to expect on new data.
    kl_direct : float or None
        For counts and grouped data: the divergence summed as such, Σ p log(p / q). It differs from ``kl`` by
        rounding only; see `identity_gap`.
    g_statistic, g_pvalue : float or None
        For counts and grouped data: likelihood-ratio test of the law against all laws on the same cells, G = 2 n KL
        (in nats) and its p-value from the chi-squared law with ``g_df`` degrees of freedom; without p-value where that
        law is not to be trusted: fewer than five observations a cell, more than a fifth of the cells with fewer than
        five expected, or one with less than one (Cochran 1954, Biometrics 10, 417-451).
    g_df : int or None
        Cells - 1 - free parameters, or 0 where that is negative. Cells are the values in the support where it is
        finite, else the observed ones; for binned and rounded data the distinct intervals.
    flags : tuple of str
        What to beware of: ``indistinguishable_from_zero``; ``below_zero`` (by more than its error, so no bound is
        claimed); ``heavy_tailed_terms`` (standard errors are too small); ``ties``; ``few_observations``; for counts
        ``undersampled`` (less than five observations a cell), ``expected_counts_below_5``, ``cells_from_data``,
        ``few_cells``, ``saturated``; of the fit ``boundary``, ``not_certified``.
    reasons : mapping of str to str
        Why something is None, by its name.
    """

    unit: str = "nat"
    nobs: float
    nll: float
    cross_entropy: Estimate
    entropy: Estimate | None
    kl: Estimate | None
    optimism: float | None
    kl_predictive: Estimate | None
    kl_direct: float | None = None
    g_statistic: float | None = None
    g_df: int | None = None
    g_pvalue: float | None = None
    flags: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def identity_gap(self) -> float | None:
        """Cross-entropy - (entropy + kl_direct): zero up to rounding; None for measurements."""
        if self.kl_direct is None or self.entropy is None:
            return None
        return self.cross_entropy.value - (self.entropy.value + self.kl_direct)

    def to(self, unit: str | float) -> Self:
        """The same report in another unit."""
        unit = unit_name(unit)
        factor = nats_per(self.unit) / nats_per(unit)
        if unit == self.unit:
            return self
        cross_entropy = self.cross_entropy.to(unit)
        entropy = None if self.entropy is None else self.entropy.to(unit)
        kl = None if self.kl is None else self.kl.to(unit)
        if kl is not None and entropy is not None:  # so that the one line holds in every unit to the last digit
            kl = replace(kl, value=cross_entropy.value - entropy.value)
        optimism = None if self.optimism is None else self.optimism * factor
        predictive = None if self.kl_predictive is None else self.kl_predictive.to(unit)
        if predictive is not None and kl is not None and optimism is not None:
            predictive = replace(predictive, value=kl.value + optimism)
        return replace(
            self,
            unit=unit,
            nll=self.nll * factor,
            cross_entropy=cross_entropy,
            entropy=entropy,
            kl=kl,
            optimism=optimism,
            kl_predictive=predictive,
            kl_direct=None if self.kl_direct is None else self.kl_direct * factor,
        )

    def to_dict(self) -> dict[str, Any]:
        """All fields, by name."""
        record: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            record[item.name] = value.to_dict() if isinstance(value, Estimate) else value
        return record | {"flags": list(self.flags), "reasons": dict(self.reasons)}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> InformationReport:
        """The report of which `to_dict` made the record; numbers may be strings such as ``"Infinity"``."""
        values = {item.name: record[item.name] for item in fields(cls)}
        for name in ("cross_entropy", "entropy", "kl", "kl_predictive"):
            values[name] = None if values[name] is None else Estimate.from_dict(values[name])
        for name in ("nobs", "nll", "optimism", "kl_direct", "g_statistic", "g_pvalue"):
            values[name] = None if values[name] is None else float(values[name])
        return cls(**values | {"flags": tuple(values["flags"]), "reasons": dict(values["reasons"])})

    def rows(self) -> list[tuple[str, str, str, str]]:
        """The table as text: quantity, value, standard error, 95 % interval."""
        return [written(name, value) for name, value in self.quantities().items()]

    def quantities(self) -> dict[str, Estimate | float | None]:
        """What stands in the table, by its name; None where there is none."""
        return {
            "nll": self.nll,
            "cross entropy": self.cross_entropy,
            "entropy": self.entropy,
            "kl": self.kl,
            "kl predictive": self.kl_predictive,
            "optimism": self.optimism,
        }

    def notes(self) -> list[str]:
        """What belongs under the table: the test, the flags, the reasons."""
        notes = []
        if self.g_statistic is not None:
            p = "" if self.g_pvalue is None else f", p = {self.g_pvalue:.4g}"
            notes.append(f"G = 2 n KL = {self.g_statistic:.6g} on {self.g_df} degrees of freedom{p}")
        if self.entropy is not None:
            notes.append(f"entropy of the data: {self.entropy.method}")
        if self.flags:
            notes.append(f"flags: {', '.join(self.flags)}")
        for reason in dict.fromkeys(self.reasons.values()):
            names = [name.replace("_", " ") for name, why in self.reasons.items() if why == reason]
            notes.append(f"no {', '.join(names)}: {reason}")
        return notes

    def __str__(self) -> str:
        header = (f"{self.unit}s", "value", "std err", "95% interval")
        table = [header, *self.rows()]
        widths = [max(len(row[k]) for row in table) for k in range(4)]
        lines = [
            "  ".join([row[0].ljust(widths[0])] + [row[k].rjust(widths[k]) for k in (1, 2, 3)]).rstrip()
            for row in table
        ]
        return "\n".join([lines[0], "-" * (sum(widths) + 6), *lines[1:], *self.notes()])

    def _repr_html_(self) -> str:
        return notebook.table((f"{self.unit}s", "value", "std err", "95% interval"), self.rows(), self.notes())


_NUMBERS = {"nll": 8, "optimism": 4, "share": 6}
"""Quantities that are no estimates, with the digits that are shown of them."""


def written(name: str, value: Estimate | float | None) -> tuple[str, str, str, str]:
    """One row of the table as text: name, value, standard error, 95 % interval."""
    if isinstance(value, Estimate):
        return name, f"{value.value:.8g}", shown_number(value.se), shown_interval(value)
    if name in _NUMBERS:
        return name, shown_number(value, _NUMBERS[name]), "", ""
    return name, "—", "—", "—"


def shown_number(value: float | None, digits: int = 4) -> str:
    """A number for a table; a dash where there is none."""
    return "—" if value is None or math.isnan(value) else f"{value:.{digits}g}"


def shown_interval(estimate: Estimate) -> str:
    """An interval for a table; one-sided ones as a bound."""
    if estimate.interval is None:
        return "—"
    low, high = estimate.interval
    return f"below {high:.5g}" if low == -math.inf else f"{low:.5g} to {high:.5g}"
