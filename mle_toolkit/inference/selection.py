"""The bootstrap of selection and fit together: what the choice of a model adds to the uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ComparisonError, ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.rows import fitted_law, log_density
from mle_toolkit.inference.scores import refitted_laws, resampled_counts


@dataclass(frozen=True)
class SelectionBootstrap:
    """Models selected in resamples of the data, and what their laws say.

    Attributes
    ----------
    frequencies : dict of str to float
        Share of the resamples in which each model had the lowest AIC, the most frequent first.
    selected : tuple of str
        The model of each resample.
    values : ndarray of shape (n,)
        The function of each selected law; empty without a function.
    estimate : float or None
        The function of the law that was selected on the data.
    interval : tuple of float or None
        Percentiles of the values at ``alpha / 2`` and ``1 - alpha / 2``: an interval that counts the selection too.
    alpha : float
    n_failed : int
        Resamples in which no model could be fitted.
    """

    frequencies: dict[str, float]
    selected: tuple[str, ...]
    values: Array = field(repr=False)
    estimate: float | None
    interval: tuple[float, float] | None
    alpha: float
    n_failed: int = 0

    def __str__(self) -> str:
        shown = ", ".join(f"{name} {share:.0%}" for name, share in self.frequencies.items() if share > 0)
        text = f"selected in {len(self.selected)} resamples: {shown}"
        if self.estimate is not None and self.interval is not None:
            low, high = self.interval
            text += f"\n{self.estimate:.6g}, {1 - self.alpha:.0%} interval with selection ({low:.6g}, {high:.6g})"
        return text + (f"\n{self.n_failed} resamples without a fit" if self.n_failed else "")


def bootstrap_selection(
    models: Mapping[str, Maximum],
    sample: Sample,
    n: int = 200,
    function: Callable[[Distribution], float] | None = None,
    alpha: float = 0.05,
    rng: Any = None,
) -> SelectionBootstrap:
    """Select by AIC and fit, again and again, on resamples of the observations.

    Parameters
    ----------
    models : mapping of str to Maximum
        Of the same sample.
    sample : Sample
    n : int
        Number of resamples.
    function : callable, optional
        Of the selected law: ``lambda law: law.ppf(0.99)``.
    alpha : float
        One minus the level of its interval.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional

    Notes
    -----
    Efron (2014), JASA 109, 991-1007; Davison & Hinkley (1997), Bootstrap Methods and their Application, sec. 3.11.
    """
    alpha = options.level(alpha)
    n = options.whole(n, "n", 1)
    function = None if function is None else options.of_law(function)
    if function is not None and any(maximum.family.per_row for maximum in models.values()):
        raise ParameterError("bootstrap: of laws with constants per row there is no one function.")
    k = {name: _free(maximum) for name, maximum in models.items()}
    selected: list[str] = []
    values: list[float] = []
    failed = 0
    for counts in resampled_counts(sample, n, rng):
        laws = {name: refitted_laws(maximum, sample, counts) for name, maximum in models.items()}
        for row in range(len(counts)):
            drawn = {name: law for name in models if (law := laws[name][row]) is not None}
            if not drawn:
                failed += 1
                continue
            best = min(drawn, key=lambda name: _aic(drawn[name], sample, counts[row], k[name]))
            selected.append(best)
            if function is not None:
                values.append(function(drawn[best]))
    if not selected:
        raise ComparisonError(f"bootstrap: no model could be fitted to any of {n} resamples.")
    share = {name: selected.count(name) / len(selected) for name in models}
    estimate = interval = None
    if function is not None:
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        laws_of_data = {name: fitted_law(maximum) for name, maximum in models.items()}
        first = min(models, key=lambda name: _aic(laws_of_data[name], sample, weight, k[name]))
        estimate = float(function(laws_of_data[first]))
        low, high = np.quantile(values, [alpha / 2, 1 - alpha / 2])
        interval = float(low), float(high)
    return SelectionBootstrap(
        frequencies=dict(sorted(share.items(), key=lambda item: -item[1])),
        selected=tuple(selected),
        values=np.array(values),
        estimate=estimate,
        interval=interval,
        alpha=alpha,
        n_failed=failed,
    )


def _free(maximum: Maximum) -> int:
    return sum(p.domain.n_free for p in maximum.family.parameters if p.name not in maximum.fixed)


def _aic(law: Distribution, sample: Sample, weight: Array, k: int) -> float:
    rows = log_density(law, sample)
    return 2 * k - 2 * float(np.sum(weight * rows, where=weight > 0))
