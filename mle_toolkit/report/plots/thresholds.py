"""Choice of a threshold: mean excesses, and the parameters of what is above, threshold by threshold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit.errors import ParameterError
from mle_toolkit.options import shown
from mle_toolkit.report.plots.canvas import BAND, LAW, Pictures, axes_or_new, finish, grid_or_new

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def mean_excess(table: pd.DataFrame, ax: Axes | None = None, *, label: str | None = None) -> Axes:
    """Draw the mean excess over each threshold with its interval: the mean residual life plot.

    Parameters
    ----------
    table : DataFrame
        Of `mle_toolkit.extremes.mean_excess`.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    label : str, optional
        What the observations are, with their unit.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If the table is another one.

    Notes
    -----
    Above a threshold from which on a generalised Pareto law holds, the mean excess is a straight line of the slope
    ξ / (1 - ξ) (Davison & Smith 1990, JRSS B 52, 393-442; Coles 2001, section 4.3.1).

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> losses = mle.datasets.load("danish_fire")["loss"]
    >>> ax = mle.plot.mean_excess(mle.extremes.mean_excess(losses), label="million kroner")
    >>> ax.get_xlabel()
    'threshold, million kroner'
    """
    _check(table, "mean_excess", ["mean", "lower", "upper"], "mle.extremes.mean_excess(x)")
    ax = axes_or_new(ax)
    _draw(ax, table, "mean", "lower", "upper")
    return finish(ax, "mean excess over a threshold", _threshold(label), "mean excess")


def threshold_stability(table: pd.DataFrame, axes: Any = None, *, label: str | None = None) -> Pictures:
    """Draw the parameters of the law of the excesses, which should not change above a good threshold.

    Parameters
    ----------
    table : DataFrame
        Of `mle_toolkit.extremes.threshold_stability`.
    axes : array of two matplotlib Axes, optional
        Where to draw; by default on a new figure of 10 by 4 inches.
    label : str, optional
        What the observations are, with their unit.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (1, 2)
        The shape ξ, and the scale less ξ times the threshold (Coles 2001, section 4.3.4), with their intervals.

    Raises
    ------
    ParameterError
        If the table is another one.
    """
    ends = ["lower", "upper"]
    needed = [f"{name}{end}" for name in ("xi", "scale_star") for end in ("", *(f"_{e}" for e in ends))]
    _check(table, "threshold_stability", needed, "mle.extremes.threshold_stability(x)")
    grid = grid_or_new(axes, 1, 2, 10.0, 4.0)
    for ax, name, what in zip(grid.flat, ("xi", "scale_star"), ("shape ξ", "scale - ξ threshold"), strict=True):
        _draw(ax, table, name, f"{name}_lower", f"{name}_upper")
        finish(ax, "", _threshold(label), what)
    return grid


def _threshold(label: str | None) -> str:
    return "threshold" if label is None else f"threshold, {label}"


def _check(table: Any, picture: str, columns: Iterable[str], made_by: str) -> None:
    found = getattr(table, "columns", ())
    if not all(name in found for name in columns):
        raise ParameterError(f"{picture}: expected the table of {made_by}, got {shown(table)}.")


def _draw(ax: Axes, table: pd.DataFrame, value: str, lower: str, upper: str) -> None:
    at, values = table.index.to_numpy(float), table[value].to_numpy(float)
    known = np.isfinite(values)
    low, high = table[lower].to_numpy(float), table[upper].to_numpy(float)
    if np.any(np.isfinite(low)):
        ax.fill_between(at, low, high, color=BAND, alpha=0.35, linewidth=0, label="interval at each threshold")
    ax.plot(at[known], values[known], "o-", color=LAW, markersize=3.5, linewidth=1.2, label="estimate")
