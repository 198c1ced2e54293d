"""Simulation envelopes: where the points of a Q-Q or P-P plot would lie if the fitted law were the truth.

Atkinson (1985), Plots, Transformations and Regression, sec. 4.2; Davison & Hinkley (1997), Bootstrap Methods and their
Application, sec. 4.2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.circular import Circular, laid_out
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.resampling import FAILED, Replicator
from mle_toolkit.report.plots.canvas import drawable
from mle_toolkit.report.plots.seen import Positions, Visible, beyond_collapse, without_model

if TYPE_CHECKING:
    from mle_toolkit.report.drawn import Drawn

MOST_POINTS = 1000
"""Points of a plot, about: more cannot be told apart."""

MOST_TOGETHER, MOST_ONE_BY_ONE = 20_000, 2_000
"""Observations up to which replicates are fitted again unasked, where they are fitted together and where one by one."""

MOST_PARAMETERS = 2
"""Free parameters up to which replicates are fitted unasked one by one, or though they have few observations."""

FEWEST_TOGETHER = 32
"""Observations below which most fits of laws of more parameters end at limits, one by one, and all take 10 s."""


@dataclass(frozen=True)
class Envelope:
    """Points of a P-P plot with a pointwise band.

    Attributes
    ----------
    law : Visible
        The fitted law.
    positions : Positions
        Of the data.
    under : ndarray of shape (m,)
        Probability of each under the fitted law.
    lower, upper : ndarray of shape (m,), or None
        Ends of the band on the scale of ``under``; None where replicates cannot be drawn.
    label : str
        How the band was made, or why there is none.
    """

    law: Visible
    positions: Positions
    under: Array
    lower: Array | None
    upper: Array | None
    label: str


def envelope(
    fit: Drawn, n_resamples: int = 199, alpha: float = 0.05, rng: Any = None, refit: bool | None = None
) -> Envelope:
    """Simulate the points of a P-P plot.

    Parameters
    ----------
    fit : Fit
    n_resamples : int
        Replicates, drawn from the fitted law and observed as the data were; 0 for no band.
    alpha : float
        One minus the level of the band at each point.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        Source of randomness (SPEC 7).
    refit : bool, optional
        Whether the law is fitted to each replicate again, as it was to the data, without which the band is too wide. By
        default where that takes a moment; the label says which.

    Raises
    ------
    ParameterError
        If the level needs more replicates, or the observations do not share one law of numbers.
    DataError
        If the rows are not held.
    """
    sample = drawable(fit, "plot")
    alpha, n_resamples = options.level(alpha), options.whole(n_resamples, "n_resamples", 0)
    if n_resamples and n_resamples + 1 < 2 / alpha:
        raise ParameterError(
            f"n_resamples: a band of level {1 - alpha:g} needs {2 / alpha - 1:.0f}, got {n_resamples}."
        )
    line, seen = laid_out(fit.distribution, beyond_collapse(sample))
    law = Visible.of(line, seen)
    positions = Positions.of(without_model(seen)).thinned(MOST_POINTS)
    under = positions.under(law)
    if not n_resamples:
        return Envelope(law, positions, under, None, None, "")
    try:
        replicator = Replicator(fit.at_maximum, sample, "parametric")
    except ParameterError:
        return Envelope(
            law, positions, under, None, None, "no band: the data do not say\nhow a replicate would be seen"
        )
    if refit is None:
        few = fit.df_model <= MOST_PARAMETERS and sample.nobs <= MOST_ONE_BY_ONE
        one_by_one = few and sample.window is None  # laws that a window hardly determines take long to fit
        told = fit.df_model <= MOST_PARAMETERS or sample.nobs >= FEWEST_TOGETHER
        refit = told and sample.nobs <= MOST_TOGETHER if replicator.together else one_by_one
    level = f"{1 - alpha:.0%} at each point"
    if not refit and sample.is_plain and sample.weight_kind == "frequency" and not fit.family.discrete:
        # Order statistics of uniform numbers: no simulation is as exact.
        from scipy import special

        a, b = sample.nobs * positions.p + 0.5, sample.nobs * (1 - positions.p) + 0.5
        lower: Array = np.asarray(special.betaincinv(a, b, alpha / 2), dtype=np.float64)
        upper: Array = np.asarray(special.betainccinv(a, b, alpha / 2), dtype=np.float64)
        return Envelope(law, positions, under, lower, upper, f"{level}, not refitted: order statistics")
    ends = [_chunk(replicator, positions.p, law, refit, *chunk) for chunk in replicator.chunks(n_resamples, rng)]
    low, high = (np.sort(np.concatenate(side), axis=0) for side in zip(*ends, strict=True))
    used = len(low)
    k = int(alpha / 2 * (used + 1) + 1e-9)
    if k < 1:
        return Envelope(law, positions, under, None, None, f"no band: only {used} replicates have a maximum")
    how = "refitted" if refit else "not refitted"
    return Envelope(law, positions, under, low[k - 1], high[-k], f"{level}, {used} samples {how}")


def _chunk(
    replicator: Replicator, p: Array, law: Visible, refit: bool, count: int, seed: np.random.SeedSequence
) -> tuple[Array, Array]:
    """Ends of what replicates have at the positions of the data; shape (used, m) each."""
    rng = np.random.default_rng(seed)
    family = replicator.maximum.family
    if replicator.grouped:
        groups = replicator.draw_groups(count, rng)
        draws = [(family, groups.sample(k)) for k in range(count)]
        with np.errstate(all="ignore"):
            fitted = replicator.fit_groups(groups) if refit else None
    else:
        draws = [replicator.draw(rng) for _ in range(count)]
        with np.errstate(all="ignore"):
            fitted = replicator.fit_one_by_one(draws) if refit else None
    used: NDArray[np.intp] = np.arange(count) if fitted is None else np.flatnonzero(fitted.status != FAILED)
    low, high = np.empty((len(used), len(p))), np.empty((len(used), len(p)))
    for row, k in enumerate(used.tolist()):
        drawn = _after(draws[k][1], law.low)
        found = law.law if fitted is None else fitted.law(draws[k][0], k)
        if isinstance(family, Circular):
            origin = law.law.family.support.lower
            at = found if fitted is not None else Distribution.at(family, tuple(found.params.values()))
            found, drawn = laid_out(at, drawn, origin)
        own = Visible(found, law.low, law.high)
        seen = Positions.of(without_model(drawn))
        with np.errstate(all="ignore"):  # a replicate may be best fitted by a law that has nothing in the window
            low[row], high[row] = seen.bounds(p, seen.under(own))
    known = np.isfinite(low + high).all(axis=1)
    return low[known], high[known]


def _after(sample: Sample, start: float) -> Sample:
    """The rows of a sample that are seen after a time at which its windows may begin."""
    if sample.window is None or sample.has_one_window or not start > float(np.min(sample.window[0])):
        return sample
    rows = np.flatnonzero(sample.lower > start)
    return sample.take(rows).truncated(np.maximum(sample.window[0][rows], start))
