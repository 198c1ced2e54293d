"""Return levels: what is exceeded once in so many observations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from mle_toolkit.errors import ParameterError
from mle_toolkit.report.plots.canvas import BAND, DATA, LAW, axes_or_new, called, drawable, finish, note, title_of
from mle_toolkit.report.plots.seen import Positions, without_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import Drawn

SHORTEST = 1.1
"""Shortest period; below are the levels that nearly all observations exceed."""

PERIODS = 13
"""Periods at which the band is computed."""


def return_levels(
    fit: Drawn,
    ax: Axes | None = None,
    *,
    longest: float | None = None,
    alpha: float = 0.05,
    method: Literal["profile", "wald"] = "profile",
    label: str | None = None,
) -> Axes:
    """Draw the level that is exceeded once in a period, with a band, and the data at their own periods.

    Parameters
    ----------
    fit : Fit
        Of measurements.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    longest : float, optional
        Longest period, in observations; by default ten times their number.
    alpha : float
        One minus the level of the band at each period.
    method : {"profile", "wald"}
        Of the band: profile likelihood, which is lopsided as it should be, or the delta method.
    label : str, optional
        What the observations are, with their unit; by default the name of the column.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If observations are vectors or counts, each has a law of its own, or was seen through a window.

    Notes
    -----
    The band at each of 13 periods is joined by straight lines on the logarithmic axis. The i-th of n values is at the
    period 1 / (1 - (i - 1/2) / n), as on the Q-Q plot.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> fit = mle.fit(mle.datasets.load("port_pirie")["level"], "gev")
    >>> ax = mle.plot.return_levels(fit, method="wald", label="sea level, metres")
    >>> ax.get_ylabel()
    'sea level, metres'
    """
    sample = drawable(fit, "return_levels")
    if fit.family.discrete:
        raise ParameterError("return_levels: of counts they are steps without a band; look at fit.distribution.isf.")
    if sample.window is not None:
        raise ParameterError("return_levels: data seen through a window have no periods of their own.")
    longest = 10.0 * fit.nobs if longest is None else longest
    if not longest > SHORTEST:
        raise ParameterError(f"longest: expected a period above {SHORTEST}, got {longest!r}.")
    ax = axes_or_new(ax)
    periods = np.geomspace(SHORTEST, longest, 301)
    ax.plot(periods, fit.distribution.isf(1 / periods), color=LAW, linewidth=1.6, label="return level", zorder=3)
    some = np.geomspace(SHORTEST, longest, PERIODS)
    found = [fit.return_level(float(period), alpha, method) for period in some]
    known = np.array([one.interval or (np.nan, np.nan) for one in found])
    name = "profile likelihood" if method == "profile" else "delta method"
    if np.all(np.isnan(known)):
        note(ax, f"no band: {found[0].reason}")
    else:
        text = f"{1 - alpha:.0%} by {name}"
        ax.fill_between(some, known[:, 0], known[:, 1], color=BAND, alpha=0.35, linewidth=0, label=text, zorder=0)
    positions = Positions.of(without_model(sample))
    ax.plot(
        1 / (1 - positions.p), positions.x, "o", color=DATA, markersize=4, markeredgewidth=0, label="data", zorder=2
    )
    ax.set_xscale("log")
    ax.set_xlim(SHORTEST, longest)
    ax.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
    return finish(ax, title_of(fit, ", return levels"), "return period, observations", called(label, sample))
