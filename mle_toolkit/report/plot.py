"""Pictures: ``mle.plot``.

Each takes a fit, a comparison or data, draws on the axes given or on a new figure, and returns the axes:

>>> import mle_toolkit as mle
>>> fit = mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], "gamma")
>>> ax = mle.plot.density(fit, label="hours")
>>> ax.savefig("density.png")  # doctest: +SKIP

In a notebook the axes show themselves. Where pyplot is in use their figure is one of its own, so that ``plt.show()``
shows it; elsewhere no figure of pyplot's is made.
"""

from mle_toolkit.report.plots.comparisons import ranking, ranking_over_densities
from mle_toolkit.report.plots.cumulative import cdf
from mle_toolkit.report.plots.density import density
from mle_toolkit.report.plots.effects import calibration, partial_effect
from mle_toolkit.report.plots.fits import panels
from mle_toolkit.report.plots.hazards import hazard
from mle_toolkit.report.plots.levels import return_levels
from mle_toolkit.report.plots.likelihood import contour, one_line, profile
from mle_toolkit.report.plots.moments import cullen_frey
from mle_toolkit.report.plots.paper import probability_paper
from mle_toolkit.report.plots.quantiles import pp, qq
from mle_toolkit.report.plots.regressions import (
    along,
    coefficients,
    gain,
    pit,
    regression_panels,
    residual_qq,
    residuals_fitted,
    worm,
)
from mle_toolkit.report.plots.thresholds import mean_excess, threshold_stability

__all__ = [
    "along",
    "calibration",
    "cdf",
    "coefficients",
    "contour",
    "cullen_frey",
    "density",
    "gain",
    "hazard",
    "mean_excess",
    "one_line",
    "panels",
    "partial_effect",
    "pit",
    "pp",
    "probability_paper",
    "profile",
    "qq",
    "ranking",
    "ranking_over_densities",
    "regression_panels",
    "residual_qq",
    "residuals_fitted",
    "return_levels",
    "threshold_stability",
    "worm",
]
