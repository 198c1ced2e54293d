"""Several laws of the same data: the ranking by divergence, alone and beside the densities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit.errors import ParameterError
from mle_toolkit.information.estimate import Z95
from mle_toolkit.report.plots.canvas import BLUE, DATA, GREEN, axes_or_new, finish, note
from mle_toolkit.report.plots.fits import density

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mle_toolkit.report.drawn import DrawnComparison

MOST_RANKED = 12
"""Laws that are drawn; the others are counted."""

FARTHEST = 12.0
"""How many times the third quartile of the differences, or their errors, the axis is long."""


BELOW: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17), "ncols": 2}


def ranking(comparison: DrawnComparison, ax: Axes | None = None, *, most: int = MOST_RANKED) -> Axes:
    """Draw how much farther from the data each law is than the first, with 95 % intervals of the paired differences.

    Differences of cross-entropy are differences of divergence. Laws that the data cannot tell from the first of their
    group have its colour and marker. A law that ranks behind one with a higher cross-entropy has more parameters.

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
    shown = fits[:most]
    first = shown[0][1]
    found = np.array([comparison.difference(one, first) for _, one in shown])
    delta, reach = found[:, 0], Z95 * np.where(np.isfinite(found[:, 1]), found[:, 1], 0.0)
    group = {name: number for number, names in enumerate(comparison.groups) for name in names}
    numbers = np.array([group[name] for name, _ in shown])
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
    ax.set_yticks(place, [name for name, _ in shown])
    ax.set_ylim(len(shown) - 0.4, -0.6)
    title = f"KL ranking, n = {comparison.sample.nobs:,.6g}"
    return finish(ax, title, f"divergence above that of {shown[0][0]}, nats per observation", "", **BELOW)


def ranking_over_densities(comparison: DrawnComparison, axes: Any = None, *, label: str = "x") -> NDArray[Any]:
    """Draw the ranking beside the densities; of vectors, which have no picture of theirs, the ranking alone.

    Parameters
    ----------
    comparison : Comparison
    axes : array of matplotlib Axes, optional
        Where to draw; by default on a new figure of 11 by 4.2 inches.
    label : str
        What the observations are, with their unit.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (2,), or (1,)
        Their figure is ``axes[0].figure``.
    """
    alone = comparison.sample.is_multivariate or any(fit.family.per_row for fit in comparison.fits.values())
    if axes is None:
        from matplotlib.figure import Figure

        count = 1 if alone else 2
        axes = Figure(figsize=(5.5 * count, 4.2), layout="constrained").subplots(1, count, squeeze=False)
    row: NDArray[Any] = np.asarray(axes, dtype=object).ravel()
    ranking(comparison, row[0])
    if not alone:
        density(comparison, row[1], label=label)
    return row
