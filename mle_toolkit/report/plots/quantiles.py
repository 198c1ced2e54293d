"""Q-Q and P-P plots of fitted laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.report.plots.canvas import (
    BAND,
    DATA,
    LAW,
    LAWS,
    axes_or_new,
    called,
    finish,
    note,
    several,
    title_of,
)
from mle_toolkit.report.plots.density import MOST_LAWS
from mle_toolkit.report.plots.envelope import Envelope, envelope
from mle_toolkit.report.plots.seen import all_seen, without_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import Drawn, DrawnComparison

LONGEST = 60.0
"""Interquartile ranges beyond which the axes of a Q-Q plot are bent by asinh, which leaves the line straight."""

_MARKERS = ("o", "s", "^", "D", "v")


def qq(
    fit: Drawn | DrawnComparison | Sequence[Drawn],
    ax: Axes | None = None,
    *,
    n_resamples: int = 199,
    alpha: float = 0.05,
    rng: Any = None,
    refit: bool | None = None,
    label: str | None = None,
) -> Axes:
    """Draw quantiles of the data against those of the fitted law, with a simulation envelope.

    Parameters
    ----------
    fit : Fit, list of Fit, or Comparison
        Of several the first five laws are drawn, without envelopes.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    n_resamples : int
        Replicates for the envelope, drawn from the fitted law and observed as the data were; 0 for none.
    alpha : float
        One minus the level of the envelope, which is pointwise: of many points some lie outside.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        Source of randomness (SPEC 7).
    refit : bool, optional
        Whether each replicate is fitted again, without which the envelope is too wide. By default where that takes a
        moment; the legend says which.
    label : str, optional
        What the observations are, with their unit; by default the name of the column.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If observations are vectors, or each has a law of its own.
    DataError
        If the rows are not held.

    Notes
    -----
    The i-th of n values is at (i - 1/2) / n (Hazen 1914); equal ones are one point in the middle of their step,
    censored data are at the steps of the Kaplan-Meier or Turnbull estimate, bins at their ends. Counts are drawn
    against mid-quantiles (Parzen 2004), so that they lie on the line where the law is right.
    """
    fits = several(fit, "qq")
    return draw_qq(fits, axes_or_new(ax), _envelopes(fits, n_resamples, alpha, rng, refit), label)


def pp(
    fit: Drawn | DrawnComparison | Sequence[Drawn],
    ax: Axes | None = None,
    *,
    n_resamples: int = 199,
    alpha: float = 0.05,
    rng: Any = None,
    refit: bool | None = None,
) -> Axes:
    """Draw probabilities under the fitted law against those of the data, with a simulation envelope.

    Parameters
    ----------
    fit, ax, n_resamples, alpha, rng, refit
        As for `qq`, with the same plotting positions.

    Returns
    -------
    matplotlib Axes
    """
    fits = several(fit, "pp")
    return draw_pp(fits, axes_or_new(ax), _envelopes(fits, n_resamples, alpha, rng, refit))


def _envelopes(fits: dict[str, Drawn], n_resamples: int, alpha: float, rng: Any, refit: bool | None) -> list[Envelope]:
    """The points of each law that is drawn; with a band where it is one."""
    count = n_resamples if len(fits) == 1 else 0
    return [envelope(one, count, alpha, rng, refit) for one in list(fits.values())[:MOST_LAWS]]


def draw_qq(fits: dict[str, Drawn], ax: Axes, every: list[Envelope], label: str | None) -> Axes:
    """Draw the points of laws, and the band of one."""
    # A position at the end of an interval of counts is a value of the distribution function, not of its middle.
    theories = [found.law.quantile(found.positions.p) for found in every]
    first, found = next(iter(fits.values())), every[0]
    if len(found.positions.x) == 0:
        raise ParameterError("qq: nothing is known of where any observation lies but that it is censored.")
    ends = np.concatenate([*theories, *(one.positions.x for one in every)])
    margin = 0.04 * (float(np.ptp(ends)) or 1.0)
    low, high = float(ends.min()) - margin, float(ends.max()) + margin
    quartiles = np.quantile(ends, [0.25, 0.75])
    spread = float(quartiles[1] - quartiles[0])
    bent = high - low > LONGEST * spread > 0
    if bent:
        low = max(low, min(one.law.law.family.support.lower for one in every))
        ticks = _bent_ticks(low, high, spread)
        ax.set_xscale("asinh", linear_width=spread)
        ax.set_yscale("asinh", linear_width=spread)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.set_ticks([], minor=True)
    if found.lower is not None and found.upper is not None:
        band = [np.clip(found.law.quantile(side), low - margin, high + margin) for side in (found.lower, found.upper)]
        _draw_band(ax, theories[0], band[0], band[1], found.label)
    ax.plot([low, high], [low, high], color=LAW if len(every) == 1 else DATA, linewidth=1.2, zorder=2)
    _draw_points(ax, fits, every, list(zip(theories, (one.positions.x for one in every), strict=True)))
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    what = "mid-quantile" if first.family.discrete else "quantile"
    scale = " (both axes bent: asinh)" if bent else ""
    return finish(ax, _title(fits, "Q-Q"), f"{what} of the law{scale}", f"{called(label, first.sample)}, data")


def _title(fits: dict[str, Drawn], what: str) -> str:
    first, count = next(iter(fits.values())), min(len(fits), MOST_LAWS)
    if len(fits) == 1:
        return title_of(first, f", {what}")
    return f"{what}, {count} of {len(fits)} laws, n = {first.nobs:,.6g}"


def _bent_ticks(low: float, high: float, spread: float) -> list[float]:
    """Zero, and powers of ten beyond the bulk, at most three on a side."""
    ticks = [0.0] if low <= 0 <= high else []
    for sign, end in ((1.0, high), (-1.0, -low)):
        if end <= 0:
            continue
        powers = np.arange(np.ceil(np.log10(2 * spread)), np.log10(end))
        ticks += [sign * 10.0**k for k in powers[:: max(1, -(-len(powers) // 3))]]
    return sorted(ticks)


def draw_pp(fits: dict[str, Drawn], ax: Axes, every: list[Envelope]) -> Axes:
    """Draw the points of laws, and the band of one."""
    found, sample = every[0], next(iter(fits.values())).sample
    if found.lower is not None and found.upper is not None:
        _draw_band(ax, found.positions.p, found.lower, found.upper, found.label)
    ax.plot([0, 1], [0, 1], color=LAW if len(every) == 1 else DATA, linewidth=1.2, zorder=2)
    _draw_points(ax, fits, every, [(one.positions.p, one.under) for one in every])
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    known = without_model(sample).method if not all_seen(sample) else ""
    how = known or ("ends of bins" if not sample.is_exact else "(i − ½) / n")
    return finish(ax, _title(fits, "P-P"), f"probability, data: {how}", "probability, law")


def _draw_band(ax: Axes, x: Array, lower: Array, upper: Array, label: str) -> None:
    ax.fill_between(x, lower, upper, color=BAND, alpha=0.35, linewidth=0, label=label, zorder=0)


def _draw_points(ax: Axes, fits: dict[str, Drawn], every: list[Envelope], points: list[tuple[Array, Array]]) -> None:
    """Draw the points of one law, or of several in colours and markers of their own."""
    size = 4.0 if len(points[0][0]) <= 300 else 2.5
    if len(every) == 1:
        ax.plot(*points[0], "o", color=DATA, markersize=size, markeredgewidth=0, alpha=0.85, zorder=3)
        if every[0].lower is None and every[0].label:
            note(ax, every[0].label)
        return
    for name, (x, y), colour, marker in zip(fits, points, LAWS, _MARKERS, strict=False):
        ax.plot(x, y, marker, color=colour, markersize=size, markeredgewidth=0, alpha=0.8, label=name, zorder=3)
