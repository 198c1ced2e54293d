"""The four pictures of a fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mle_toolkit.report.plots.canvas import Pictures, grid_or_new, law_name
from mle_toolkit.report.plots.cumulative import cdf
from mle_toolkit.report.plots.density import density
from mle_toolkit.report.plots.envelope import envelope
from mle_toolkit.report.plots.quantiles import draw_pp, draw_qq

if TYPE_CHECKING:
    from mle_toolkit.report.drawn import Drawn


def panels(
    fit: Drawn,
    axes: Any = None,
    *,
    n_resamples: int = 199,
    alpha: float = 0.05,
    rng: Any = None,
    refit: bool | None = None,
    label: str | None = None,
) -> Pictures:
    """Draw `density`, `qq`, `pp` and `cdf` side by side, with one simulation for both envelopes.

    Parameters
    ----------
    fit : Fit
    axes : array of four matplotlib Axes, optional
        Where to draw; by default on a new figure of 10 by 8 inches.
    n_resamples, alpha, rng, refit, label
        As for `qq`.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (2, 2)
        They show themselves in a notebook; ``savefig`` writes their figure.
    """
    found = envelope(fit, n_resamples, alpha, rng, refit)
    grid = grid_or_new(axes, 2, 2, 10.0, 8.0)
    density(fit, grid[0, 0], label=label)
    draw_qq({law_name(fit): fit}, grid[0, 1], [found], label)
    draw_pp({law_name(fit): fit}, grid[1, 0], [found])
    cdf(fit, grid[1, 1], alpha=alpha, label=label)
    return grid
