"""Several laws of the same data: the ranking by divergence, alone and beside the densities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit.errors import ParameterError
from mle_toolkit.information.estimate import Z95
from mle_toolkit.report.plots.canvas import BELOW, BLUE, DATA, GREEN, Pictures, axes_or_new, finish, grid_or_new, note
from mle_toolkit.report.plots.density import density

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import DrawnComparison

MOST_RANKED = 12
"""Laws that are drawn; the others are counted."""

FARTHEST = 12.0
"""How many times the third quartile of the differences, or their errors, the axis is long."""


def ranking(comparison: DrawnComparison, ax: Axes | None = None, *, most: int = MOST_RANKED) -> Axes:
    """Draw how much farther from the data each law is than the first, with 95 % intervals of the paired differences.

    Differences of cross-entropy are differences of divergence. The order is that of what is shown, the nearest law on
    top; one that is nearer than the first of the ranking has more parameters, for which the criterion charges. Laws
    that the data cannot tell from the first of their group have its colour and marker.

    Parameters
    ----------
    comparison : Comparison
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    most : int
        How many laws, best first.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If no family could be fitted.
    """
    fits = list(comparison.fits.items())
    if not fits:
        raise ParameterError("ranking: no family could be fitted.")
    if most < 1:
        raise ParameterError(f"most: expected a number above 0, got {most!r}.")
    ax = axes_or_new(ax)
    best, first = fits[0]
    pairs = [(one, comparison.difference(fit, first)) for one, fit in fits[:most]]
    pairs.sort(key=lambda pair: pair[1][0])  # stable: of equal ones the better by the criterion is above
    shown = [name for name, _ in pairs]
    found = np.array([difference for _, difference in pairs])
    delta, reach = found[:, 0], Z95 * np.where(np.isfinite(found[:, 1]), found[:, 1], 0.0)
    group = {name: number for number, names in enumerate(comparison.groups) for name in names}
    numbers = np.array([group[name] for name in shown])
    place = np.arange(len(shown))
    for number in np.unique(numbers):
        rows = numbers == number
        colour, marker = ((GREEN, "o"), (BLUE, "s"), (DATA, "D"))[min(int(number), 2)]
        alike = int(np.sum(rows)) > 1
        text = "first" if number == 0 else "group 2" if number == 1 else "farther groups"
        if number == 0 and alike:
            text = "not to be told from the first"
        label = text if number < 2 or number == numbers[numbers >= 2].min() else None
        ax.errorbar(
            delta[rows], place[rows], xerr=reach[rows], fmt=marker, color=colour, markersize=5, capsize=3,
            linewidth=1.2, label=label,
        )  # fmt: skip
    ax.axvline(0.0, color=DATA, linewidth=0.8, linestyle=":")
    ends = np.concatenate([delta - reach, delta + reach])
    longest = FARTHEST * float(np.quantile(np.abs(ends), 0.6))
    if 0 < 2 * longest < float(ends.max()):
        ax.set_xlim(right=longest)
        for row in np.flatnonzero(delta > longest):
            ax.annotate(f"{delta[row]:.3g} →", (longest, place[row]), ha="right", va="center", fontsize=8)
    if len(shown) < len(fits):
        note(ax, f"{len(fits) - len(shown)} more rank behind")
    ax.set_yticks(place, shown)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    title = f"KL ranking, n = {comparison.sample.nobs:,.6g}"
    below: dict[str, Any] = {**BELOW, "loc": "upper right", "bbox_to_anchor": (1.0, BELOW["bbox_to_anchor"][1])}
    finish(ax, title, "", "", **below)
    # Names at the side take room: what is as long as the picture is wide ends where the axis does.
    ax.set_xlabel(f"divergence above that of {best}, nats per observation", loc="right")
    return ax


def ranking_over_densities(comparison: DrawnComparison, axes: Any = None, *, label: str | None = None) -> Pictures:
    """Draw the ranking beside the densities; of vectors, which have no picture of theirs, the ranking alone.

    Parameters
    ----------
    comparison : Comparison
    axes : array of matplotlib Axes, optional
        Where to draw; by default on a new figure of 11 by 4.2 inches.
    label : str, optional
        What the observations are, with their unit; by default the name of the column.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (2,), or (1,)
        They show themselves in a notebook; ``savefig`` writes their figure.
    """
    alone = comparison.sample.is_multivariate or any(fit.family.per_row for fit in comparison.fits.values())
    count = 1 if alone else 2
    row: Pictures = grid_or_new(axes, 1, count, 5.5 * count, 4.2)[0]
    ranking(comparison, row[0])
    if not alone:
        density(comparison, row[1], label=label)
    return row
